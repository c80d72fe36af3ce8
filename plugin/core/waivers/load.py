# SPDX-License-Identifier: GPL-2.0-or-later
"""The waivers of a run: which file they stand in, and what the report says of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..loading.renumbering import read_renumbered
from .beside import beside_source
from .file import read_waivers
from .model import Limits, Waivers

if TYPE_CHECKING:
    from ..messages.texts import Texts
    from ..model.report import Report
    from ..profile import Norm

#: What a run is told that is to be judged as if nobody had accepted anything.
NO_WAIVERS = ("none", "无")
#: Waivers that one notice names.
_NAMED = 3
Notice = tuple[str, dict[str, Any]]


def load_waivers(
    given: str, norm: Norm, source: str | Path | None = None, renumbered: str = ""
) -> tuple[Waivers, list[Notice]]:
    """The waivers of a file, or of the one beside ``source``; with what is to be noticed of them.

    DataError for a file that was named and is not there, and for a damaged one: findings that were accepted must not come
    back, nor new ones pass, because a file could not be read.
    """
    limits = Limits(**{name: float(value) for name, value in norm.section("waivers").items()})
    if given.strip().lower() in NO_WAIVERS:
        return Waivers(limits=limits), [("notice_no_waivers", {})]
    path = Path(given) if given else beside_source(source) if source else None
    keys = read_renumbered(renumbered) if renumbered else {}
    if path is None or not (given or path.is_file()):
        return Waivers(path=path, limits=limits, renumbered=keys), []
    waivers = Waivers(read_waivers(path, limits), path, True, limits, keys, beside=not given)
    return waivers, notices(waivers) + _changed_attachments(waivers)


def notices(waivers: Waivers) -> list[Notice]:
    """Where the waivers come from, and attachments that are not where they are said to be."""
    if not waivers.there or waivers.path is None:
        return []
    key = "notice_waivers_beside" if waivers.beside else "notice_waivers"
    said: list[Notice] = [(key, {"file": waivers.path.name, "count": len(waivers.entries)})]
    lost: dict[str, list[str]] = {}
    for entry in waivers.entries:
        if entry.attachment and not (waivers.path.parent / entry.attachment).exists():
            lost.setdefault(entry.told()["attachment"], []).append(entry.id)
    return said + _named("notice_waiver_attachment", lost)


def _changed_attachments(waivers: Waivers) -> list[Notice]:
    """Return notices on attachments whose digest differs from the registered one. Each file is read once."""
    if waivers.path is None:
        return []
    found: dict[Path, str] = {}
    changed: dict[str, list[str]] = {}
    for entry in waivers.entries:
        path = waivers.path.parent / entry.attachment
        if not (entry.attachment and entry.digest):
            continue
        if path not in found:
            found[path] = _digest_of(path)
        if found[path] and found[path] != entry.digest:
            changed.setdefault(entry.told()["attachment"], []).append(entry.id)
    return _named("notice_waiver_attachment_changed", changed)


def _digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; empty if it cannot be read. `notices` reports missing attachments."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


def _named(key: str, by_attachment: dict[str, list[str]]) -> list[Notice]:
    said: list[Notice] = []
    for attachment, numbers in by_attachment.items():
        more = f" … ({len(numbers)})" if len(numbers) > _NAMED else ""
        said.append((key, {"number": ", ".join(numbers[:_NAMED]) + more, "attachment": attachment}))
    return said


def renew_notices(report: Report, before: Waivers, now: Waivers, texts: Texts) -> None:
    """Of a report whose waivers have changed, the notices in its provenance."""
    old = {texts.notice(*said) for said in notices(before)}
    kept = [said for said in report.provenance.get("notices", []) if said not in old]
    report.provenance["notices"] = kept + [texts.notice(*said) for said in notices(now)]
