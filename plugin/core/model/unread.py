# SPDX-License-Identifier: GPL-2.0-or-later
"""Data in the source that was not read (RUN905). The report names it; it prevents a plain 通过."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .findings import Finding
from .rule import Severity

CODE = "RUN905"


@dataclass(frozen=True)
class Unread:
    """``case`` picks the sentence, ``params`` fill it; ``incomplete``: it may hold a layer of the plan, so that the
    verdict is at best 未完成 (else 有条件通过)."""

    case: str
    params: dict[str, Any] = field(default_factory=dict, hash=False)
    incomplete: bool = True

    def finding(self) -> Finding:
        """The finding without its sentence."""
        made = Finding(role=str(self.params.get("role", "")), params={**self.params, "incomplete": self.incomplete})
        made.code, made.case, made.severity = CODE, self.case, Severity.WARNING
        name = "|".join(str(self.params.get(key, "")) for key in ("layer_name", "name", "file", "folder"))
        made.fingerprint = hashlib.sha256(f"{CODE}|{self.case}|{made.role}|{name}".encode()).hexdigest()[:20]
        return made


def report_unread(findings: list[Finding], unread: Iterable[Unread], say: Callable[[Finding], str]) -> None:
    """Add a finding for each; one and the same is named once."""
    known = {f.fingerprint for f in findings if f.code == CODE}
    for one in unread:
        finding = one.finding()
        if finding.fingerprint not in known:
            known.add(finding.fingerprint)
            finding.message = say(finding)
            findings.append(finding)


def leaves_unread(finding: Finding) -> bool:
    """Return True if the finding names data that may hold a layer of the plan."""
    return finding.code == CODE and finding.params.get("incomplete") is not False
