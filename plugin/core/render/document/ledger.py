# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings ledger (问题台账): a workbook with one row for each finding, to be filtered and filled in.

The rows are written as a stream, so that memory does not grow with their number. The first sheet sums the findings by
rule. From a ledger that people filled in, only state, assignee and remark are read; rows are found by their
fingerprint, in whatever order they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.errors import InputError, OutputError
from ...base.files.document_text import make_document_text
from ...base.files.tables import display_value
from ...base.files.workbooks import iterate_values, open_workbook
from ...model.findings import Finding
from ...model.report import Report
from ...standard.messages.texts import TEXT_LANGUAGES, Texts
from ...standard.profile import Norm
from ..finding_lists import get_rule_titles, sum_findings_by_rule
from ..sections import make_head_section
from ..tables.report_table import ReportTable, TableNumber, make_column_heading, make_sheet_name
from ..tables.workbook import (
    convert_to_plain_value,
    count_head_lines,
    count_text_lines,
    make_number_format,
    save_workbook,
)
from ..words import ReportTexts
from ..worklist.merge import make_token, mark_for_split
from ..worklist.worklist_row import WorkItem, Worklist, WorkState, clean_text, format_time, parse_state
from .blocks import ReplacementReport, ReportChapter

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


#: Rows of one sheet: Excel has 1 048 576, WPS opens as many.
MAX_SHEET_ROWS = 1_000_000
_ROWS_PER_BATCH = 5_000
_FONT, _HEAD_FILL = "宋体", "DCE6F1"
_M2_PER_HA = 10_000.0
#: Height of a line of the usual font of a workbook, also where a program takes another font.
_LINE_POINTS = 15.5
#: Columns of a finding (keys of the texts) with their widths in characters. Areas are in hectares.
_COLUMN_WIDTHS = (
    ("number", 8), ("severity", 8), ("rule", 10), ("problem", 28), ("layer", 14), ("key", 22), ("related_layer", 14),
    ("related_key", 22), ("township", 12), ("area", 14), ("net_area", 14), ("width", 10), ("state", 10),
    ("assignee", 12), ("remark", 24), ("message", 60), ("x", 14), ("y", 14), ("fingerprint", 12), ("split", 6),
)  # fmt: skip
#: Columns that people fill in, and those by which their rows are found again.
EDITED_COLUMNS, IDENTIFYING_COLUMNS = ("state", "assignee", "remark"), ("fingerprint", "split")
#: States that people may choose; 豁免 follows the waivers.
_CHOSEN_STATES = (WorkState.OPEN, WorkState.FIXED, WorkState.FALSE_ALARM)
_NUMBER_FORMATS = {
    "area": "[>=1]#,##0.00;0.0000",
    "net_area": "[>=1]#,##0.00;0.0000",
    "width": "0.00",
    "x": "0.00",
    "y": "0.00",
}
#: A table of more columns keeps its first two in view.
_MIN_COLUMNS_WITH_FROZEN_NAMES = 6
#: Number of the paper size A3 in a workbook: on A4 the letters of all columns would be too small.
_A3_PAPER = 8
#: Columns whose texts have several lines.
_WRAPPED_COLUMNS = ("problem", "related_key", "message", "remark")
_LINK_FORMULA = '=HYPERLINK("#\'{sheet}\'!A{row}","{code}")'
#: Entry of the column ``by`` for a change whose author is unknown.
LEDGER_AUTHOR = "台账"
#: Rows above the headings that a person may have inserted.
_MAX_LINES_ABOVE_HEADING = 10


def write_ledger(
    path: Path,
    report: Report,
    norm: Norm | None,
    *,
    lang: str = "",
    worklist: Mapping[str, WorkItem] | None = None,
    public: ReplacementReport | None = None,
    chapter: ReportChapter | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> None:
    """Write the findings of a report to a new workbook; each row links to its rule in the sheet of rules.

    ``worklist``: fingerprint → row of the work list, which gives state, assignee and note; `read_ledger` reads these
    columns again. ``public``: the public edition, which adds a sheet with what was taken out. ``chapter``: a further
    chapter of the report, which adds a sheet for each of its tables. `write_atomically` provides the path. Raise
    OutputError without the package that writes workbooks, and Cancelled.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise OutputError("output_openpyxl", target=path.name) from error
    report_texts = ReportTexts(lang or report.lang)
    book = openpyxl.Workbook(write_only=True)
    head = make_head_section(report, norm, report_texts)
    rows_by_code = _write_summary(
        book.create_sheet(report_texts.get("ledger", "summary_sheet")), report, head, report_texts
    )
    titles = get_rule_titles(report, report_texts)
    findings = report.findings
    work_columns = _WorkColumns(worklist or {}, report_texts)
    for start in range(0, max(len(findings), 1), MAX_SHEET_ROWS):
        number = start // MAX_SHEET_ROWS + 1
        name = report_texts.get("ledger", "findings_sheet") + (f" {number}" if start else "")
        _write_findings(
            book.create_sheet(name),
            findings[start : start + MAX_SHEET_ROWS],
            start,
            titles,
            rows_by_code,
            work_columns,
            report_texts,
            cancellation,
        )
    for table in chapter.tables if chapter is not None else ():
        _write_table_sheet(book, table, Texts(report_texts.lang))
    if public is not None:
        title, (columns, *rows), notes = public.list_sheet_rows()
        sheet = book.create_sheet(title)
        sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 60, 16
        _set_up_printing(sheet, "1:1")
        sheet.append([_make_head_cell(sheet, text) for text in columns])
        for row in rows:
            sheet.append([_make_cell(sheet, text, wraps=True) for text in row])
        for note in notes:
            sheet.append([_make_cell(sheet, note, wraps=True)])
    save_workbook(book, path, report_texts.get("ledger", "title", title=head["title"]), Texts(report_texts.lang))


def _write_table_sheet(book: Any, table: ReportTable, texts: Texts) -> None:
    """Write a table of a chapter as a sheet: headings, rows, and notes below them."""
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(make_sheet_name(table, texts))
    for place, column in enumerate(table.columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width_in_characters
    sheet.freeze_panes = "C2" if len(table.columns) > _MIN_COLUMNS_WITH_FROZEN_NAMES else "A2"
    _set_up_printing(sheet, "1:1")
    widths = [column.width_in_characters for column in table.columns]
    headings = [make_column_heading(column, table, texts) for column in table.columns]
    # Programs other than Excel cut texts of several lines in a row without a height.
    head_lines = max(map(count_head_lines, headings, widths), default=1)
    sheet.row_dimensions[1].height = _LINE_POINTS * head_lines
    sheet.append([_make_head_cell(sheet, heading) for heading in headings])
    for number, row in enumerate(table.rows, 2):
        is_bold = row.kind in ("sum", "head")
        if row.kind != "head":
            lines = (count_text_lines(v, w) for v, w in zip(row.values, widths, strict=True) if isinstance(v, str))
            sheet.row_dimensions[number].height = _LINE_POINTS * max(lines, default=1)
        sheet.append(
            [
                _make_cell(sheet, convert_to_plain_value(value), make_number_format(value.decimals), bold=is_bold)
                if isinstance(value, TableNumber)
                else _make_cell(sheet, value or "", bold=is_bold, wraps=row.kind != "head")
                for value in row.values
            ]
        )
    for note in table.notes:
        sheet.append([_make_cell(sheet, note)])


class _WorkColumns:
    """The columns of the work list in the ledger, for each finding."""

    def __init__(self, worklist: Mapping[str, WorkItem], report_texts: ReportTexts):
        self._worklist, self._texts, self._token = worklist, report_texts, make_token()

    def make_values(self, finding: Finding) -> dict[str, Any]:
        """Return column → value of the columns that come back with the ledger."""
        item = self._worklist.get(finding.fingerprint)
        if item is None:
            item = WorkItem(
                finding.fingerprint, state=WorkState.WAIVED if finding.state == "waived" else WorkState.OPEN
            )
        return {
            "state": get_state_text(item.state, self._texts),
            "assignee": item.assignee,
            "remark": item.note,
            "fingerprint": item.fingerprint,
            "split": mark_for_split(item, self._token).split,
        }

    def add_state_choices(self, sheet: Worksheet, row_count: int) -> None:
        """Let the cells of states offer the states that a person may choose."""
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation

        letter = get_column_letter([key for key, _ in _COLUMN_WIDTHS].index("state") + 1)
        words = ",".join(get_state_text(state, self._texts) for state in _CHOSEN_STATES)
        # Other words, such as 豁免, are not refused here: the import names them.
        choices = DataValidation("list", f'"{words}"', showErrorMessage=False, allow_blank=True)
        choices.add(f"{letter}2:{letter}{row_count + 1}")
        sheet.data_validations.append(choices)


def get_state_text(state: WorkState, report_texts: ReportTexts) -> str:
    """Return the name of a state of the work list in the report's language."""
    return report_texts.get("state", state.name.lower())


def _write_summary(sheet: Worksheet, report: Report, head: dict[str, Any], report_texts: ReportTexts) -> dict[str, int]:
    """Write the sheet of rules; return rule code → its row."""
    for letter, width in zip("ABCDEF", (10, 10, 40, 10, 16, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A4"
    _set_up_printing(sheet, "3:3")
    title = report_texts.get("ledger", "title", title=head["title"])
    sheet.append([_make_cell(sheet, title, bold=True, size=14)])
    sheet.append([_make_cell(sheet, report_texts.get("page", "gap").join((head["area"], head["time"])))])
    keys = ("severity", "rule", "problem", "places", "area", "townships")
    sheet.append([_make_head_cell(sheet, report_texts.get("ledger_column", key)) for key in keys])
    rows_by_code: dict[str, int] = {}
    for number, row in enumerate(sum_findings_by_rule(report, report_texts), 4):
        rows_by_code.setdefault(row["code"], number)
        area = row["area_m2"] / _M2_PER_HA if row["area_m2"] else None
        sheet.append(
            [
                _make_cell(sheet, report_texts.get("severity", row["severity"])),
                _make_cell(sheet, row["code"]),
                _make_cell(sheet, row["title"], wraps=True),
                _make_cell(sheet, row["count"]),
                _make_cell(sheet, area, _NUMBER_FORMATS["area"]),
                _make_cell(sheet, row["townships"], wraps=True),
            ]
        )
    return rows_by_code


def _write_findings(
    sheet: Worksheet,
    findings: Sequence[Finding],
    start: int,
    titles: dict[str, str],
    rows_by_code: dict[str, int],
    work_columns: _WorkColumns,
    report_texts: ReportTexts,
    cancellation: Cancellation,
) -> None:
    """Write one row for each finding to a sheet.

    ``start``: number of findings on earlier sheets; ``titles``: rule code → title; ``rows_by_code``: rule code → its
    row in the sheet of rules.
    """
    from openpyxl.utils import get_column_letter

    for place, (_, width) in enumerate(_COLUMN_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "D2"
    _set_up_printing(sheet, "1:1")
    sheet.append([_make_head_cell(sheet, report_texts.get("ledger_column", key)) for key, _ in _COLUMN_WIDTHS])
    summary = report_texts.get("ledger", "summary_sheet")
    # A cell is written when its row is appended, so one cell object per column, with its style, serves all rows.
    cells = {
        key: _make_cell(sheet, None, _NUMBER_FORMATS.get(key, ""), wraps=key in _WRAPPED_COLUMNS)
        for key, _ in _COLUMN_WIDTHS
    }
    for first in range(0, len(findings), _ROWS_PER_BATCH):
        cancellation.raise_if_cancelled()
        batch = findings[first : first + _ROWS_PER_BATCH]
        shapes = np.array([finding.geometry for finding in batch], dtype=object)
        points = shapely.point_on_surface(shapes)
        is_known = ~(shapely.is_missing(points) | shapely.is_empty(points))
        coordinates = np.column_stack([shapely.get_x(points), shapely.get_y(points)]).tolist()
        places = [
            {"x": x, "y": y} if has_place else {"x": None, "y": None}
            for (x, y), has_place in zip(coordinates, is_known, strict=True)
        ]
        for n, (finding, xy) in enumerate(zip(batch, places, strict=True)):
            is_waived = finding.state == "waived"
            fid = finding.params.get("fid")
            values = {
                "number": start + first + n + 1,
                "severity": report_texts.get("severity", "WAIVED" if is_waived else str(finding.severity)),
                "rule": finding.code,
                "problem": titles.get(finding.code, finding.code),
                "layer": finding.role,
                "key": finding.key or (report_texts.get("text", "fid", fid=fid) if fid is not None else ""),
                "related_layer": finding.related_role,
                "related_key": report_texts.join_parts(key for key in finding.related_keys if key),
                "township": finding.township,
                "area": None if finding.area_m2 is None else finding.area_m2 / _M2_PER_HA,
                "net_area": None if finding.net_area_m2 is None else finding.net_area_m2 / _M2_PER_HA,
                "width": finding.width_m,
                "message": finding.message,
                **xy,
                **work_columns.make_values(finding),
            }
            if finding.code in rows_by_code:
                values["rule"] = _LINK_FORMULA.format(sheet=summary, row=rows_by_code[finding.code], code=finding.code)
            sheet.append([_fill_cell(cell, values[key], key == "rule") for key, cell in cells.items()])
    if findings:
        work_columns.add_state_choices(sheet, len(findings))
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(_COLUMN_WIDTHS))}{len(findings) + 1}"


def _fill_cell(cell: Any, value: Any, is_formula: bool) -> Any:
    """Set the value of a cell and return the cell; None for no value. Only a formula may begin with =."""
    if value is None or value == "":
        return None
    cell.value = make_document_text(value) if isinstance(value, str) else value
    if cell.data_type == "f" and not is_formula:
        cell.data_type = "s"
    return cell


def _set_up_printing(sheet: Worksheet, head_rows: str) -> None:
    """Set up printing in landscape, fitted to the width of a page, with the rows of the head on every page."""
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.paperSize = _A3_PAPER
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = head_rows
    sheet.oddFooter.center.text = "&P / &N"


def _make_cell(
    sheet: Worksheet, value: Any, number_format: str = "", *, bold: bool = False, size: int = 10, wraps: bool = False
) -> Any:
    """Return a cell for a sheet that is written as a stream; ``size``: size of the font in points.

    Control characters of a text are left out. ``wraps``: break long texts into lines.
    """
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    cell = WriteOnlyCell(sheet, make_document_text(value) if isinstance(value, str) else value)
    if cell.data_type == "f":
        cell.data_type = "s"
    cell.alignment = Alignment(vertical="top", wrap_text=wraps or None)
    if number_format:
        cell.number_format = number_format
    if bold or size != 10:
        cell.font = Font(_FONT, size=size, bold=bold)
    return cell


def _make_head_cell(sheet: Worksheet, text: str) -> Any:
    """Return a bold cell with the colour of headings."""
    from openpyxl.styles import PatternFill

    cell = _make_cell(sheet, text, bold=True, wraps=True)
    cell.fill = PatternFill("solid", start_color=_HEAD_FILL)
    return cell


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
    headings = {
        ReportTexts(lang).get("ledger_column", key): key
        for lang in TEXT_LANGUAGES
        for key in (*EDITED_COLUMNS, *IDENTIFYING_COLUMNS)
    }
    for sheet in workbook.worksheets:
        positions: dict[str, int] = {}
        for line, values in iterate_values(sheet, path.name):
            if positions:
                _add_item(items, values, positions, change, f"{path.name} [{sheet.title}]", line)
            elif line <= _MAX_LINES_ABOVE_HEADING:
                for position, value in enumerate(values):
                    if (key := headings.get(str(value or "").strip())) is not None:
                        positions.setdefault(key, position)
                positions = positions if {"fingerprint", *EDITED_COLUMNS} <= positions.keys() else {}
                has_findings = has_findings or bool(positions)
            else:
                break
    workbook.close()
    if not has_findings:
        raise InputError("ledger_without_fingerprints", file=path.name)
    return Worklist(items)


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
