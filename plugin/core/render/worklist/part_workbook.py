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
from ..tables.report_table import HEAD_FILL, count_text_lines, save_workbook, set_column_widths, set_up_pages
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
#: Columns that people fill in, and their colour.
_ENTRY_COLUMNS, _ENTRY_FILL = ("state", "note", "assignee"), "FFF2CC"
#: Columns that programs need; they are hidden, and neither printed nor seen.
_HIDDEN_COLUMNS = ("updated", "by", "related_role", "fingerprint", "split")
#: The second sheet, for people who fill in the first one.
_GUIDE_TITLE, _GUIDE_WIDTH = "填写说明", 100
_GUIDE = (
    "本清单共 {count} 个问题，待处理的在前，错误在警告之前。每行一个问题：说明写明问题和整改建议。",
    "只填写底色为浅黄的三列：状态、备注、负责人。其他列由程序填写，请勿改动；请勿删除行。",
    "状态从下拉列表中选择。已改：数据已经改正；误报：核实后不是问题，在备注中写明理由；待处理：尚未处理。豁免由县里登记。",
    "查找要素：在 QGIS 状态栏的坐标框中粘贴“位置”一格，按回车，地图移到该处；也可以在图层中按标识码查找。",
    "填好后保存本文件（xlsx），交回县里；县里在检查结果面板的“工作清单”中用“合并清单…”读入，再次检查时核对已改的问题。",
)


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
    # The columns to fill in are the first ones, and stay visible.
    sheet.freeze_panes = f"{get_column_letter(len(_ENTRY_COLUMNS) + 1)}2"
    # The names in hidden headings distinguish a part from a ledger.
    headings = [f"{title} ({name})" if name in _HIDDEN_COLUMNS else title for name, title in PART_TITLES.items()]
    headings += worklist.other_headings
    wrapped_headings = [PART_TITLES[name] for name in _WRAPPED_COLUMNS]
    fills = [_ENTRY_FILL if name in _ENTRY_COLUMNS else "" for name in (*PART_TITLES, *worklist.other_headings)]
    sheet.append(
        [make_head_cell(sheet, one, fill=fill or HEAD_FILL) for one, fill in zip(headings, fills, strict=True)]
    )
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
                make_sheet_cell(
                    sheet, None if value == "" else value, _AREA_FORMAT, wraps=heading in wrapped_headings, fill=fill
                )
                for heading, value, fill in zip(headings, values, fills, strict=True)
            ]
        )
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{len(worklist.items) + 1}"
    guide = book.create_sheet(_GUIDE_TITLE)
    set_column_widths(guide, [_GUIDE_WIDTH])
    set_up_pages(guide, "1:1", is_a3=False)
    guide.append([make_head_cell(guide, _GUIDE_TITLE)])
    for number, text in enumerate((one.format(count=len(worklist.items)) for one in _GUIDE), 2):
        guide.row_dimensions[number].height = LINE_POINTS * count_text_lines(text, _GUIDE_WIDTH)
        guide.append([make_sheet_cell(guide, text, wraps=True)])
    add_choices(sheet, [*PART_TITLES].index("state") + 1, len(worklist.items), map(str, CHOSEN_STATES))
    save_workbook(book, path, sheet.title, texts)
