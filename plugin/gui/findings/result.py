# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of one check as the panel shows it; it references no QGIS layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from qgis.core import QgsCoordinateReferenceSystem

from ...bridge.layers.properties import to_qgis_crs
from ...core.results.kept_result import Changes, Outdated


class Source(NamedTuple):
    """A source with mark A (read in the text), B (quoted elsewhere) or C (unverified)."""

    mark: str
    text: str
    confirmed: bool = True


@dataclass
class Result:
    """The result of a check and the changes since.

    ``checked``: plan and report of the core; ``finished``: time of the check; ``findings``: current findings after
    edits, while the report remains that of the full check; ``edited``: features that were re-checked; ``kept``: read
    from the file next to the project; ``outdated``: determines the findings that may be outdated.
    """

    checked: Any
    finished: datetime
    crs: QgsCoordinateReferenceSystem
    texts: Any
    findings: list[Any] = field(default_factory=list)
    edited: set[Any] = field(default_factory=set)
    kept: bool = False
    outdated: Outdated | None = None

    def __post_init__(self) -> None:
        self.findings = list(self.report.findings)

    @classmethod
    def of(cls, checked: Any) -> Result:
        from ...core.messages.texts import Texts

        lang = checked.report.lang
        crs = to_qgis_crs(checked.plan.crs)
        return cls(checked, datetime.now(), crs, Texts(lang))

    @property
    def report(self) -> Any:
        return self.checked.report

    def change(self, change: Any) -> None:
        """Apply the change of a re-check (`core.live.session.Change`)."""
        gone, renewed = {id(f) for f in change.gone}, {id(old): new for old, new in change.renewed}
        self.findings = [renewed.get(id(f), f) for f in self.findings if id(f) not in gone] + change.found
        self.edited |= change.places

    def counts(self) -> dict[str, int]:
        """Return the number of current findings by kind, and of skipped rules."""
        kinds = Counter("waived" if f.state == "waived" else str(f.severity) for f in self.findings)
        summary = self.report.summary
        found = {kind: kinds[kind] for kind in ("ERROR", "WARNING", "INFO", "waived")}
        return {**found, "skipped": summary["skipped"] + summary["crashed"]}

    @property
    def time(self) -> str:
        """Return the time of the check; with the date for a restored result."""
        return f"{self.finished:%Y-%m-%d %H:%M}" if self.kept else f"{self.finished:%H:%M}"

    def set_changes(self, changes: Changes) -> None:
        """Record the changes since the check."""
        self.outdated = Outdated(changes, self.checked.plan.norm.standard.concepts)

    @property
    def changes(self) -> Changes:
        return self.outdated.changes if self.outdated is not None else Changes()

    def outcome(self, code: str) -> Any:
        return next((r for r in self.report.rules if r.code == code), None)

    def help(self, code: str) -> dict[str, str]:
        """Return heading → text of a rule's help; empty for other codes."""
        from ...core.model.rule import all_rules

        rule = all_rules().get(code)
        return self.texts.rule_help(rule) if rule else {}

    def why_and_fix(self, code: str) -> tuple[str, str]:
        texts = list(self.help(code).values())
        return (texts[1], texts[2]) if len(texts) == 4 else ("", "")

    def parameters(self, code: str) -> list[str]:
        """Return the rule's own parameters with the values used, one per line.

        Parameters that several rules share are on the help page.
        """
        from ...core.engine.explanation import InForce, lines

        outcome = self.outcome(code)
        given = [InForce(**one) for one in (outcome.parameters if outcome else ()) if not one["setting"]]
        return lines(given, self.texts)

    def sources(self, code: str) -> list[Source]:
        """Return the citations of a rule, then the unconfirmed settings that it used."""
        from ...core.model.rule import all_rules

        rule = all_rules().get(code)
        norm = self.checked.plan.norm
        found = []
        for key in rule.basis if rule else ():
            citation = norm.standard.citations.get(key)
            if citation is not None:
                found.append(Source(citation.mark, citation.zh if self.texts.lang == "zh" else citation.en))
        outcome = self.outcome(code)
        found += [Source("C", self.texts.setting(key), False) for key in (outcome.unconfirmed if outcome else ())]
        return found
