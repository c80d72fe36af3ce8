# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a findings ledger (问题台账) that people filled in with a spreadsheet program.

Only state, assignee and remark are taken; rows are found by their fingerprint, in whatever order they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ...base.errors import InputError
from ...base.files.tables import display_value
from ...base.files.workbooks import iterate_values, open_workbook
from ...standard.messages.texts import TEXT_LANGUAGES
from ..words import ReportTexts
from ..worklist.worklist_row import WorkItem, Worklist, WorkState, clean_text, format_time, parse_state
from .ledger import EDITED_COLUMNS, IDENTIFYING_COLUMNS

#: Entry of the column ``by`` for a change whose author is unknown.
LEDGER_AUTHOR = "台账"
#: Rows above the headings that a person may have inserted.
_MAX_LINES_ABOVE_HEADING = 10


def read_ledger(path: str | Path, when: datetime, by: str = "") -> Worklist:
    """Return the rows of a ledger (xlsx) as a part of a work list, for `merge_part`.

    ``when``, ``by``: time and author of the rows that will be taken.

    Raises InputError if the file is missing, is not a ledger with fingerprints, has an unknown state, or has a
    fingerprint twice with different values.
    """
    path = Path(path)
    workbook = open_workbook(path, reads_once=True)
    items: dict[str, WorkItem] = {}
    change = (format_time(when), by or LEDGER_AUTHOR)
    has_findings = False
    for sheet in workbook.worksheets:
        positions: dict[str, int] = {}
        for line, values in iterate_values(sheet, path.name):
            if positions:
                _add_item(items, values, positions, change, f"{path.name} [{sheet.title}]", line)
            elif line <= _MAX_LINES_ABOVE_HEADING:
                positions = _find_columns(values)
                has_findings = has_findings or bool(positions)
            else:
                break
    workbook.close()
    if not has_findings:
        raise InputError("ledger_without_fingerprints", file=path.name)
    return Worklist(items)


def _find_columns(values: Sequence[Any]) -> dict[str, int]:
    """Return column → its position if a row has the headings of a ledger, in any language; empty if not."""
    positions: dict[str, int] = {}
    headings = {
        ReportTexts(lang).get("ledger_column", key): key
        for lang in TEXT_LANGUAGES
        for key in (*EDITED_COLUMNS, *IDENTIFYING_COLUMNS)
    }
    for position, value in enumerate(values):
        if (key := headings.get(str(value or "").strip())) is not None:
            positions.setdefault(key, position)
    return positions if {"fingerprint", *EDITED_COLUMNS} <= positions.keys() else {}


def _add_item(
    items: dict[str, WorkItem],
    values: Sequence[Any],
    positions: dict[str, int],
    change: tuple[str, str],
    file: str,
    line: int,
) -> None:
    """Add the row of a ledger to the items; a row without a fingerprint, such as a sum, is left out.

    ``change``: time and author; ``file``, ``line``: for errors.
    """
    texts = {
        key: clean_text(display_value(values[position]))
        for key, position in positions.items()
        if position < len(values) and values[position] is not None
    }
    fingerprint = texts.get("fingerprint", "")
    if not fingerprint:
        return
    try:
        state = parse_state(texts.get("state", ""))
    except ValueError as error:
        params = {"line": line, "value": str(error), "known": "、".join(WorkState)}
        raise InputError("worklist_state", file=file, **params) from error
    item = WorkItem(
        fingerprint,
        state=state,
        assignee=texts.get("assignee", ""),
        note=texts.get("remark", ""),
        updated=change[0],
        by=change[1],
        split=texts.get("split", ""),
    )
    if items.setdefault(fingerprint, item).content != item.content:
        raise InputError("ledger_twice", file=file, line=line, value=fingerprint)
