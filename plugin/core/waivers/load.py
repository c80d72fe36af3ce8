# SPDX-License-Identifier: GPL-2.0-or-later
"""The waivers of a run: which file they stand in, and what the report says of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..renumbering import read_renumbered
from .file import beside_source, read_waivers
from .model import Limits, Waiver, Waivers

if TYPE_CHECKING:
    from ..profile import Norm

#: What a run is told that is to be judged as if nobody had accepted anything.
NO_WAIVERS = ("none", "无")
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
    entries = read_waivers(path)
    notice = "notice_waivers" if given else "notice_waivers_beside"
    said: list[Notice] = [(notice, {"file": path.name, "count": len(entries)})]
    said += [("notice_waiver_attachment", params) for params in _lost(entries, path.parent)]
    return Waivers(entries, path, True, limits, keys), said


def _lost(entries: Iterable[Waiver], folder: Path) -> list[dict[str, Any]]:
    """Attachments that are not where the waiver says."""
    lost = []
    for entry in entries:
        if entry.attachment and not (folder / entry.attachment).exists():
            lost.append({"number": entry.id, "attachment": entry.told()["attachment"]})
    return lost
