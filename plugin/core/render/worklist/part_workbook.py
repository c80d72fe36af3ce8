# SPDX-License-Identifier: GPL-2.0-or-later
"""The workbook of a part of the work list, which a township or person fills in."""

import re
from pathlib import Path

import openpyxl
from openpyxl.utils import get_column_letter

from ...model.rule import load_all_rules
from ...model.verdict import Severity
from ...standard import load_standard
from ...standard.messages.texts import Texts
from ..tables.plain_sheets import LINE_POINTS, add_choices, make_head_cell, make_sheet_cell
from ..tables.report_table import count_text_lines, save_workbook, set_column_widths, set_up_pages
from .worklist_row import CHOSEN_STATES, PART_TITLES, ROLE_COLUMNS, WorkItem, Worklist, WorkState

_WIDTHS = {
    "state": 12, "severity": 16, "code": 40, "role": 28, "key": 22, "description": 60, "place": 24, "note": 30,
    "updated": 18, "related_role": 28, "fingerprint": 24, "split": 36,
}  # fmt: skip
#: Columns with texts of several lines.
_WRAPPED_COLUMNS = ("description", "note")
_USUAL_WIDTH = 17
#: A number leaves a space before the text of the next column.
_AREA_FORMAT = "#,##0.00_ "
#: Columns that programs need; they are hidden, and neither printed nor seen.
_HIDDEN_COLUMNS = ("updated", "by", "related_role", "fingerprint", "split")


def _get_urgency(item: WorkItem) -> tuple[bool, int]:
    severities = [*map(str, Severity)]
    rank = severities.index(item.severity) if item.severity in severities else len(severities)
    return item.state is not WorkState.OPEN, rank


def write_part(path: Path, worklist: Worklist) -> None:
    """Write the rows of a part to a new workbook, which `read_worklist` reads again.

    Headings are as “标识码”, layers as “永久基本农田 (YJJBNT)”, rules likewise. What is to be done comes first, errors
    before warnings.
    """
    templates, rules, texts = load_standard().templates, load_all_rules(), Texts("zh")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("工作清单")
    set_column_widths(sheet, [_WIDTHS.get(name, _USUAL_WIDTH) for name in PART_TITLES])
    for number, name in enumerate(PART_TITLES, 1):
        sheet.column_dimensions[get_column_letter(number)].hidden = name in _HIDDEN_COLUMNS
    set_up_pages(sheet, "1:1")
    sheet.freeze_panes = "A2"
    # The names in hidden headings distinguish a part from a ledger.
    headings = [f"{title} ({name})" if name in _HIDDEN_COLUMNS else title for name, title in PART_TITLES.items()]
    headings += worklist.other_headings
    wrapped_headings = [PART_TITLES[name] for name in _WRAPPED_COLUMNS]
    sheet.append([make_head_cell(sheet, heading) for heading in headings])
    for number, item in enumerate(sorted(worklist.items.values(), key=_get_urgency), 2):
        others = dict(item.other_cells)
        cells: dict[str, str | float] = {name: str(getattr(item, name)) for name in PART_TITLES}
        if re.fullmatch(r"\d+(\.\d+)?", item.area_m2):
            cells["area_m2"] = float(item.area_m2)
        if rule := rules.get(item.code):
            cells["code"] = f"{texts.get_rule_problem(rule)} ({item.code})"
        if item.severity:
            cells["severity"] = texts.get("severities", item.severity)
        for name in ROLE_COLUMNS:
            if template := templates.get(getattr(item, name)):
                cells[name] = f"{template.name} ({template.role})"
        values = [*cells.values(), *(others.get(heading, "") for heading in worklist.other_headings)]
        # Programs other than Excel cut texts of several lines in a row without a height.
        lines = (count_text_lines(getattr(item, name), _WIDTHS[name]) for name in _WRAPPED_COLUMNS)
        sheet.row_dimensions[number].height = LINE_POINTS * max(lines, default=1)
        sheet.append(
            [
                make_sheet_cell(sheet, None if value == "" else value, _AREA_FORMAT, wraps=heading in wrapped_headings)
                for heading, value in zip(headings, values, strict=True)
            ]
        )
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{len(worklist.items) + 1}"
    add_choices(sheet, [*PART_TITLES].index("state") + 1, len(worklist.items), map(str, CHOSEN_STATES))
    save_workbook(book, path, sheet.title, texts)
