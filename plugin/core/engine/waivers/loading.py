# SPDX-License-Identifier: GPL-2.0-or-later
"""Load the waivers of a check: which file is read, and notices on it and its attachments."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import make_default_waiver_path
from .waiver import WaiverLimits, Waivers

if TYPE_CHECKING:
    from ...model.report import Report
    from ...standard.messages.texts import Texts
    from ...standard.profile import Norm

#: Option value of a run that ignores all waivers.
NO_WAIVERS_WORDS = ("none", "无")
#: Waivers that a notice names.
_MAX_NAMED = 3
WaiverNotice = tuple[str, dict[str, Any]]


def load_waivers(
    waiver_file: str, norm: Norm, source: str | Path | None = None, key_table_path: str = ""
) -> tuple[Waivers, list[WaiverNotice]]:
    """Return the waivers for a check, with notices on them.

    ``waiver_file``: the path of a waiver file, or “none”; if it is empty, the default file next to ``source`` is read.
    ``key_table_path``: path of a table of old and new keys, or empty. Raises DataError for a named file that is
    missing, and for any damaged file: an unreadable file must neither restore accepted findings nor accept new ones.
    """
    limits = WaiverLimits(**{name: float(value) for name, value in norm.get_settings_section("waivers").items()})
    if waiver_file.strip().lower() in NO_WAIVERS_WORDS:
        return Waivers(limits=limits), [("notice_no_waivers", {})]
    path = Path(waiver_file) if waiver_file else make_default_waiver_path(source) if source else None
    keys = {}
    if key_table_path:
        from ...plan.loading.key_table import read_renumbered_keys

        keys = read_renumbered_keys(key_table_path)
    if path is None or not (waiver_file or path.is_file()):
        return Waivers(path=path, limits=limits, new_key_by_old_key=keys), []
    # Most counties have no waivers: what reads the file is imported where there is one.
    from .file import read_waivers

    waivers = Waivers(read_waivers(path, limits), path, True, limits, keys, is_default_file=not waiver_file)
    return waivers, make_waiver_notices(waivers) + _find_changed_attachments(waivers)


def make_waiver_notices(waivers: Waivers) -> list[WaiverNotice]:
    """Return notices on the waiver file that was used, and on missing attachments."""
    if not waivers.file_exists or waivers.path is None:
        return []
    key = "notice_waivers_beside" if waivers.is_default_file else "notice_waivers"
    notices: list[WaiverNotice] = [(key, {"file": waivers.path.name, "count": len(waivers.entries)})]
    waivers_by_missing_file: dict[str, list[str]] = {}
    for entry in waivers.entries:
        if entry.attachment and not (waivers.path.parent / entry.attachment).exists():
            waivers_by_missing_file.setdefault(entry.get_report_values()["attachment"], []).append(entry.id)
    return notices + _make_attachment_notices("notice_waiver_attachment", waivers_by_missing_file)


def _find_changed_attachments(waivers: Waivers) -> list[WaiverNotice]:
    """Return notices on attachments whose SHA-256 differs from that in the waiver.

    Each file is read once.
    """
    if waivers.path is None:
        return []
    digest_by_path: dict[Path, str] = {}
    waivers_by_changed_file: dict[str, list[str]] = {}
    for entry in waivers.entries:
        path = waivers.path.parent / entry.attachment
        if not (entry.attachment and entry.digest):
            continue
        if path not in digest_by_path:
            digest_by_path[path] = _compute_file_digest(path)
        if digest_by_path[path] and digest_by_path[path] != entry.digest:
            waivers_by_changed_file.setdefault(entry.get_report_values()["attachment"], []).append(entry.id)
    return _make_attachment_notices("notice_waiver_attachment_changed", waivers_by_changed_file)


def _compute_file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; empty if it cannot be read.

    `make_waiver_notices` reports missing attachments.
    """
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


def _make_attachment_notices(key: str, by_attachment: dict[str, list[str]]) -> list[WaiverNotice]:
    """Return a notice with text key ``key`` for each attachment.

    ``by_attachment``: file name → numbers of the waivers that name it.
    """
    notices: list[WaiverNotice] = []
    for attachment, numbers in by_attachment.items():
        remaining_count_text = f" … ({len(numbers)})" if len(numbers) > _MAX_NAMED else ""
        notices.append(
            (key, {"number": ", ".join(numbers[:_MAX_NAMED]) + remaining_count_text, "attachment": attachment})
        )
    return notices


def renew_waiver_notices(report: Report, old_waivers: Waivers, new_waivers: Waivers, texts: Texts) -> None:
    """Replace the notices on waivers in the provenance of a report, after the waivers changed.

    ``old_waivers``: the waivers to which the present notices belong.
    """
    old = {texts.format_notice(*notice) for notice in make_waiver_notices(old_waivers)}
    other_notices = [text for text in report.provenance.get("notices", []) if text not in old]
    report.provenance["notices"] = other_notices + [
        texts.format_notice(*notice) for notice in make_waiver_notices(new_waivers)
    ]
