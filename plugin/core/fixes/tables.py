# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of a batch, and the log of changes, as CSV that a spreadsheet opens."""

from __future__ import annotations

import csv
import getpass
import io
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ..files.writing import write_atomically
from ..messages.texts import Texts
from ..model.rule import load_all_rules
from .batch import BatchEntry, BatchResult
from .proposal import Proposal
from .texts import FixTexts

#: Columns of the table and of the log: keys of the texts (``column_…``).
TABLE_COLUMNS = (
    "rule", "problem", "layer", "key", "related_layer", "related_keys", "township", "group", "fix", "what", "moved_out",
    "moved_in", "new", "reason", "state",
)  # fmt: skip
LOG_COLUMNS = ("time", "user", "fix", "rule", "layer", "keys", "before", "after", "document")


def get_group(entry: BatchEntry) -> str:
    """Return the group of an entry: safe, confirm, refused or ended (keys of the texts)."""
    if entry.proposal is not None:
        return "safe" if entry.proposal.is_safe else "confirm"
    return "ended" if entry.ended_by is not None else "refused"


def count_groups(result: BatchResult) -> dict[str, int]:
    """Return the number of findings, of each group, and of applied proposals."""
    counts = dict.fromkeys(("safe", "confirm", "refused", "ended"), 0)
    for entry in result.entries:
        counts[get_group(entry)] += 1
    return {"findings": len(result.entries), **counts, "applied": len(result.applied)}


def make_table_rows(result: BatchResult, texts: FixTexts) -> list[list[str]]:
    """Return the heading and a row for each finding of a batch."""
    rows = [[texts.get(f"column_{name}") for name in TABLE_COLUMNS]]
    rows += [_make_table_row(entry, texts) for entry in result.entries]
    return rows


def _make_table_row(entry: BatchEntry, texts: FixTexts) -> list[str]:
    finding, proposal = entry.finding, entry.proposal
    known = load_all_rules()
    problem = Texts(texts.lang).get_rule_problem(known[finding.code]) if finding.code in known else finding.message
    fix = what = out = into = new = ""
    if proposal is not None:
        fix, what = f"{proposal.fix.code} {texts.title(proposal.fix)}", texts.message(proposal)
        out = f"{sum(one.ellipsoid_out_m2 for one in proposal.areas):.2f}"
        into = f"{sum(one.ellipsoid_in_m2 for one in proposal.areas):.2f}"
        new = str(len(proposal.appearing))
    return [
        finding.code,
        problem,
        texts.layer(finding.role) if finding.role else "",
        finding.key,
        texts.layer(finding.related_role) if finding.related_role else "",
        ";".join(finding.related_keys),
        finding.township,
        texts.get(get_group(entry)),
        fix,
        what,
        out,
        into,
        new,
        _explain(entry, texts),
        texts.get("applied" if entry.is_applied else "not_applied"),
    ]


def _explain(entry: BatchEntry, texts: FixTexts) -> str:
    if entry.proposal is not None:
        return "; ".join(texts.doubts(entry.proposal))
    if entry.ended_by is not None:
        return f"{entry.ended_by.fix.code} {texts.message(entry.ended_by)}"
    return texts.reason(entry.refusal) if entry.refusal is not None else ""


def make_log_rows(proposals: Iterable[Proposal], texts: FixTexts, time: datetime, user: str) -> list[list[str]]:
    """Return the rows of the log: one for each layer that an applied proposal changed."""
    rows = []
    for proposal in proposals:
        areas = {one.role: one for one in proposal.areas}
        for role in sorted(proposal.edits.roles):
            keys = _list_keys(proposal, role)
            area = areas.get(role)
            rows.append(
                [
                    time.isoformat(sep=" ", timespec="seconds"),
                    user,
                    f"{proposal.fix.code} {texts.title(proposal.fix)}",
                    proposal.finding.code,
                    texts.layer(role),
                    ";".join(keys),
                    "" if area is None else f"{area.ellipsoid_before_m2:.2f}",
                    "" if area is None else f"{area.ellipsoid_after_m2:.2f}",
                    proposal.documents.get(role, ""),
                ]
            )
    return rows


def _list_keys(proposal: Proposal, role: str) -> list[str]:
    """Return the keys of the changed rows, with the feature id where a row has none."""
    fids = [edit.fid for edit in proposal.edits if edit.role == role]
    return [proposal.row_keys.get((role, fid)) or f"fid={fid}" for fid in fids]


def write_table(path: str | Path, rows: list[list[str]]) -> None:
    """Write rows to a CSV file that spreadsheets open as UTF-8, atomically."""
    with write_atomically(path) as target:
        target.write_bytes(_encode(rows).encode("utf-8-sig"))


def append_log(path: str | Path, rows: list[list[str]], texts: FixTexts) -> None:
    """Append rows to a log of changes; a new log gets a heading. Former rows stay."""
    path = Path(path)
    former = path.read_bytes() if path.exists() else b""
    heading = [] if former else [[texts.get(f"column_{name}") for name in LOG_COLUMNS]]
    with write_atomically(path) as target:
        target.write_bytes((former or "\ufeff".encode()) + _encode([*heading, *rows]).encode())


def get_user() -> str:
    """Return the name of the system's user, empty if it is unknown."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _encode(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([[_guard(cell) for cell in row] for row in rows])
    return buffer.getvalue()


def _guard(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "@") else cell
