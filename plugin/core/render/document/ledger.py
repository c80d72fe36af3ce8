# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings ledger (问题台账): a workbook with one row for each finding, to be filtered and filled in.

The rows are written as a stream, so that memory does not grow with their number. The first sheet sums the findings by
rule. From a ledger that people filled in, only state, assignee and remark are read; rows are found by their
fingerprint, in whatever order they are.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from ...base.errors import NEVER_CANCELLED, Cancellation, DataError, InputError, OutputError
from ...base.files import read_bytes
from ...base.files.document_text import make_document_text
from ...base.files.encoding import WORKBOOK_SIGNATURE
from ...base.files.tables import display_value
from ...base.files.workbooks import iterate_values, open_workbook
from ...model.findings import Finding
from ...model.indicator import SQUARE_METRES
from ...model.report import Report
from ...model.rule import Severity
from ...standard.messages.texts import TEXT_LANGUAGES, Texts
from ..finding_lists import get_rule_titles, sum_findings_by_rule
from ..sections import make_head_section
from ..tables.plain_sheets import LINE_POINTS, add_choices, make_head_cell, make_sheet_cell
from ..tables.report_table import (
    ReportTable,
    TableColumn,
    TableNumber,
    convert_to_plain_value,
    count_head_lines,
    count_text_lines,
    make_column_heading,
    make_number_format,
    save_workbook,
    set_column_widths,
    set_up_pages,
)
from ..words import ReportTexts, load_report_settings
from ..worklist.merge import NamedPart, mark_for_split
from ..worklist.worklist_row import (
    CHOSEN_STATES,
    UnreadState,
    WorkItem,
    Worklist,
    WorkState,
    clean_text,
    format_time,
    parse_state,
    read_part,
)
from .blocks import ReportChapter

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


#: Rows of one sheet: Excel has 1 048 576, WPS opens as many.
MAX_SHEET_ROWS = 1_000_000
_ROWS_PER_BATCH = 5_000
#: Columns that people fill in, and those by which their rows are found again.
_EDITED_COLUMNS, _IDENTIFYING_COLUMNS = ("state", "assignee", "remark"), ("fingerprint", "split")
#: A place below half of the last digit is not printed as 0. Excel takes two conditions.
_AREA_FORMAT = '[>=1]#,##0.00;[>=0.00005]0.0000;"< 0.0001"'
#: A table of more columns keeps its first two in view.
_MIN_COLUMNS_WITH_FROZEN_NAMES = 6
#: Rows above the headings that a person may have inserted.
_MAX_LINES_ABOVE_HEADING = 10


def write_ledger(
    path: Path,
    report: Report,
    *,
    lang: str = "",
    worklist: Mapping[str, WorkItem] | None = None,
    further_sheet: tuple[str, list[tuple[str, str]], list[str]] | None = None,
    chapter: ReportChapter | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> None:
    """Write the findings of a report to a new workbook; each row links to its rule in the sheet of rules.

    ``worklist``: fingerprint → row of the work list, which gives state, assignee and note; `read_ledger` reads these
    columns again. ``further_sheet``: title, rows (the first is the head) and notes of a last sheet. ``chapter``: a
    further chapter of the report, which adds a sheet for each of its tables. `write_atomically` provides the path.
    Raise OutputError without the package that writes workbooks, and Cancelled.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise OutputError("output_openpyxl", target=path.name) from error
    report_texts = ReportTexts(lang or report.lang)
    book = openpyxl.Workbook(write_only=True)
    head = make_head_section(report, report_texts)
    rows_by_code = _write_summary(
        book.create_sheet(report_texts.get("ledger", "summary_sheet")), report, head, report_texts
    )
    rows = _iterate_rows(report, rows_by_code, worklist or {}, report_texts, cancellation)
    for start in range(0, max(len(report.findings), 1), MAX_SHEET_ROWS):
        number = start // MAX_SHEET_ROWS + 1
        sheet = book.create_sheet(report_texts.get("ledger", "findings_sheet") + (f" {number}" if start else ""))
        row_count = min(len(report.findings) - start, MAX_SHEET_ROWS)
        _write_findings(sheet, islice(rows, row_count), row_count, report_texts)
    for table in chapter.tables if chapter is not None else ():
        _write_table_sheet(book, table, Texts(report_texts.lang))
    if further_sheet is not None:
        title, (heading, *lines), notes = further_sheet
        sheet = book.create_sheet(title)
        set_column_widths(sheet, (60, 16))
        set_up_pages(sheet, "1:1")
        sheet.append([make_head_cell(sheet, text) for text in heading])
        for line in (*lines, *((note,) for note in notes)):
            sheet.append([make_sheet_cell(sheet, text, wraps=True) for text in line])
    save_workbook(book, path, report_texts.get("ledger", "title", title=head["title"]), Texts(report_texts.lang))


def _write_table_sheet(book: Any, table: ReportTable, texts: Texts) -> None:
    """Write a table of a chapter as a sheet: headings, rows, and notes below them."""
    sheet = book.create_sheet(texts.get("sheets", table.id))
    widths = [column.width_in_characters for column in table.columns]
    set_column_widths(sheet, widths)
    sheet.freeze_panes = "C2" if len(table.columns) > _MIN_COLUMNS_WITH_FROZEN_NAMES else "A2"
    set_up_pages(sheet, "1:1")
    headings = [make_column_heading(column, table, texts) for column in table.columns]
    # Programs other than Excel cut texts of several lines in a row without a height.
    sheet.row_dimensions[1].height = LINE_POINTS * max(map(count_head_lines, headings, widths), default=1)
    sheet.append([make_head_cell(sheet, heading) for heading in headings])
    for number, row in enumerate(table.rows, 2):
        is_bold = row.kind in ("sum", "head")
        if row.kind != "head":
            lines = (count_text_lines(v, w) for v, w in zip(row.values, widths, strict=True) if isinstance(v, str))
            sheet.row_dimensions[number].height = LINE_POINTS * max(lines, default=1)
        sheet.append(
            [
                make_sheet_cell(sheet, convert_to_plain_value(value), make_number_format(value.decimals), bold=is_bold)
                if isinstance(value, TableNumber)
                else make_sheet_cell(sheet, value or "", bold=is_bold, wraps=row.kind != "head")
                for value in row.values
            ]
        )
    for note in table.notes:
        sheet.append([make_sheet_cell(sheet, note)])


class _LedgerRow(NamedTuple):
    """A finding in the ledger.

    ``number``: from 1; ``rule``: its code, as a link to the sheet of rules; ``title``: of the rule; ``item``: its row
    of the work list; ``x``, ``y``: a point in it, None without a place; ``texts``: of the report; ``layers``: code of
    a layer → its name.
    """

    number: int
    finding: Finding
    rule: str
    title: str
    item: WorkItem
    x: float | None
    y: float | None
    texts: ReportTexts
    layers: Mapping[str, str]

    def name_layer(self, role: str) -> str:
        """Return the name of a layer with its code; English texts have the code alone."""
        title = self.layers.get(role, "") if self.texts.lang == "zh" else ""
        return f"{title} {role}".strip()


def _iterate_rows(
    report: Report,
    rows_by_code: Mapping[str, int],
    worklist: Mapping[str, WorkItem],
    report_texts: ReportTexts,
    cancellation: Cancellation,
) -> Iterator[_LedgerRow]:
    """Yield the rows of all findings. Raise Cancelled.

    ``rows_by_code``: rule code → its row in the sheet of rules; ``worklist``: fingerprint → row of the work list.
    """
    titles, token = get_rule_titles(report, report_texts), secrets.token_hex(4)
    layers = {layer["role"]: layer.get("title", "") for layer in report.provenance.get("layers", [])}
    summary = report_texts.get("ledger", "summary_sheet")
    links = {code: f'=HYPERLINK("#\'{summary}\'!A{row}","{code}")' for code, row in rows_by_code.items()}
    # As in the report: errors first, then in the statutory order, large areas first.
    severities, make_rank = [str(severity) for severity in Severity], cache(load_report_settings().make_sort_key)
    findings = sorted(
        report.findings,
        key=lambda f: (severities.index(str(f.severity)), make_rank(f.code), f.code, -(f.area_m2 or 0.0)),
    )
    for start in range(0, len(findings), _ROWS_PER_BATCH):
        cancellation.raise_if_cancelled()
        batch = findings[start : start + _ROWS_PER_BATCH]
        points = shapely.point_on_surface(np.array([finding.geometry for finding in batch], dtype=object))
        is_known = ~(shapely.is_missing(points) | shapely.is_empty(points))
        coordinates = np.column_stack([shapely.get_x(points), shapely.get_y(points)]).tolist()
        for number, (finding, place, has_place) in enumerate(zip(batch, coordinates, is_known, strict=True), start + 1):
            x, y = place if has_place else (None, None)
            state = WorkState.WAIVED if finding.state == "waived" else WorkState.OPEN
            item = worklist.get(finding.fingerprint) or WorkItem(finding.fingerprint, state=state)
            rule, title = links.get(finding.code, finding.code), titles.get(finding.code, finding.code)
            yield _LedgerRow(number, finding, rule, title, mark_for_split(item, token), x, y, report_texts, layers)


def _name_feature(row: _LedgerRow) -> str:
    fid = row.finding.params.get("fid")
    return row.finding.key or (row.texts.get("text", "fid", fid=fid) if fid is not None else "")


def _to_hectares(area_m2: float | None) -> float | None:
    return None if area_m2 is None else area_m2 / SQUARE_METRES["ha"]


#: The columns of findings; their ids are keys of the texts.
_COLUMNS = (
    TableColumn("number", width_in_characters=8, value=lambda row: row.number),
    TableColumn(
        "severity",
        width_in_characters=8,
        value=lambda row: row.texts.get(
            "severity", "WAIVED" if row.finding.state == "waived" else str(row.finding.severity)
        ),
    ),
    TableColumn("rule", width_in_characters=10, value=lambda row: row.rule),
    TableColumn("problem", width_in_characters=20, value=lambda row: row.title, wraps=True),
    TableColumn("layer", width_in_characters=18, value=lambda row: row.name_layer(row.finding.role), wraps=True),
    TableColumn("key", width_in_characters=22, value=_name_feature),
    TableColumn(
        "related_layer",
        width_in_characters=18,
        value=lambda row: row.name_layer(row.finding.related_role),
        wraps=True,
    ),
    TableColumn(
        "related_key",
        width_in_characters=22,
        value=lambda row: row.texts.join_parts(key for key in row.finding.related_keys if key),
        wraps=True,
    ),
    TableColumn("township", width_in_characters=12, value=lambda row: row.finding.township),
    TableColumn("area", "ha", width_in_characters=12, value=lambda row: _to_hectares(row.finding.area_m2)),
    TableColumn("net_area", "ha", width_in_characters=12, value=lambda row: _to_hectares(row.finding.net_area_m2)),
    TableColumn("width", "m", width_in_characters=10, value=lambda row: row.finding.width_m),
    TableColumn("state", width_in_characters=10, value=lambda row: row.texts.get("state", row.item.state.name.lower())),
    TableColumn("assignee", width_in_characters=12, value=lambda row: row.item.assignee),
    TableColumn("remark", width_in_characters=16, value=lambda row: row.item.note, wraps=True),
    TableColumn("message", width_in_characters=60, value=lambda row: row.finding.message, wraps=True),
    TableColumn("x", "m", width_in_characters=14, value=lambda row: row.x),
    TableColumn("y", "m", width_in_characters=14, value=lambda row: row.y),
    TableColumn("fingerprint", width_in_characters=12, value=lambda row: row.item.fingerprint),
    TableColumn("split", width_in_characters=6, value=lambda row: row.item.split),
)


def _write_summary(sheet: Worksheet, report: Report, head: dict[str, Any], report_texts: ReportTexts) -> dict[str, int]:
    """Write the sheet of rules; return rule code → its row."""
    set_column_widths(sheet, (10, 10, 40, 10, 16, 60))
    sheet.freeze_panes = "A4"
    set_up_pages(sheet, "3:3")
    title = report_texts.get("ledger", "title", title=head["title"])
    sheet.append([make_sheet_cell(sheet, title, bold=True, size=14)])
    sheet.append([make_sheet_cell(sheet, report_texts.get("page", "gap").join((head["area"], head["time"])))])
    keys = ("severity", "rule", "problem", "places", "area", "townships")
    sheet.append([make_head_cell(sheet, report_texts.get("ledger_column", key)) for key in keys])
    rows_by_code: dict[str, int] = {}
    for number, row in enumerate(sum_findings_by_rule(report, report_texts), 4):
        rows_by_code.setdefault(row["code"], number)
        sheet.append(
            [
                make_sheet_cell(sheet, report_texts.get("severity", row["severity"])),
                make_sheet_cell(sheet, row["code"]),
                make_sheet_cell(sheet, row["title"], wraps=True),
                make_sheet_cell(sheet, row["count"]),
                make_sheet_cell(sheet, _to_hectares(row["area_m2"] or None), _AREA_FORMAT),
                make_sheet_cell(sheet, row["townships"], wraps=True),
            ]
        )
    return rows_by_code


def _write_findings(sheet: Worksheet, rows: Iterable[_LedgerRow], row_count: int, report_texts: ReportTexts) -> None:
    """Write ``row_count`` rows of findings to a sheet."""
    from openpyxl.utils import get_column_letter

    set_column_widths(sheet, [column.width_in_characters for column in _COLUMNS])
    for number, column in enumerate(_COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(number)].hidden = column.id in _IDENTIFYING_COLUMNS
    sheet.freeze_panes = "D2"
    set_up_pages(sheet, "1:1")
    sheet.append([make_head_cell(sheet, report_texts.get("ledger_column", column.id)) for column in _COLUMNS])
    # A cell is written when its row is appended, so one cell object per column, with its style, serves all rows.
    formats = {"ha": _AREA_FORMAT, "m": "0.00"}
    cells = [make_sheet_cell(sheet, None, formats.get(column.unit, ""), wraps=column.wraps) for column in _COLUMNS]
    for number, row in enumerate(rows, 2):
        values = [column.get_value(row) for column in _COLUMNS]
        # Not every program makes rows as high as their wrapped texts.
        lines = (
            count_text_lines(str(value), column.width_in_characters)
            for value, column in zip(values, _COLUMNS, strict=True)
            if column.wraps and value
        )
        sheet.row_dimensions[number].height = LINE_POINTS * max(lines, default=1)
        filled = zip(cells, values, _COLUMNS, strict=True)
        sheet.append([_fill_cell(cell, value, column.id == "rule") for cell, value, column in filled])
        # It is written with its row; many rows would fill the memory.
        del sheet.row_dimensions[number]
    # The columns after the message are for programs, which find a row again by them.
    last_printed = get_column_letter([column.id for column in _COLUMNS].index("message") + 1)
    sheet.print_area = f"A1:{last_printed}{row_count + 1}"
    words = (report_texts.get("state", state.name.lower()) for state in CHOSEN_STATES)
    add_choices(sheet, [column.id for column in _COLUMNS].index("state") + 1, row_count, words)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(_COLUMNS))}{row_count + 1}"


def _fill_cell(cell: Any, value: Any, is_formula: bool) -> Any:
    """Set the value of a cell and return the cell; None for no value. Only a formula may begin with =."""
    if value is None or value == "":
        return None
    cell.value = make_document_text(value) if isinstance(value, str) else value
    if cell.data_type == "f" and not is_formula:
        cell.data_type = "s"
    return cell


def read_ledger(path: str | Path, when: datetime, by: str = "") -> Worklist:
    """Return the rows of a ledger (xlsx) as a part of a work list, for `merge_part`.

    ``when``, ``by``: time and author of the rows that will be taken, by default the ledger.

    Rows with an unknown state are set aside. Raises InputError if the file is missing, is not a ledger with
    fingerprints, or has a fingerprint twice with different values.
    """
    path = Path(path)
    workbook = open_workbook(path, reads_once=True)
    items: dict[str, WorkItem] = {}
    unread_states: list[UnreadState] = []
    change = (format_time(when), by or "台账")
    has_findings = False
    headings = {
        ReportTexts(lang).get("ledger_column", key): key
        for lang in TEXT_LANGUAGES
        for key in (*_EDITED_COLUMNS, *_IDENTIFYING_COLUMNS)
    }
    for sheet in workbook.worksheets:
        positions: dict[str, int] = {}
        for line, values in iterate_values(sheet, path.name):
            if positions:
                _add_item(items, unread_states, values, positions, change, path.name, line, f" [{sheet.title}]")
            elif line <= _MAX_LINES_ABOVE_HEADING:
                for position, value in enumerate(values):
                    if (key := headings.get(str(value or "").strip())) is not None:
                        positions.setdefault(key, position)
                positions = positions if {"fingerprint", *_EDITED_COLUMNS} <= positions.keys() else {}
                has_findings = has_findings or bool(positions)
            else:
                break
    workbook.close()
    if not has_findings:
        raise InputError("ledger_without_fingerprints", file=path.name)
    return Worklist(items, unread_states=tuple(unread_states))


def read_part_or_ledger(path: str | Path, when: datetime) -> NamedPart:
    """Return a part of a work list (xlsx, CSV) or a ledger (xlsx); its headings decide, not its name.

    ``when`` as of `read_ledger`. Raise InputError and DataError as `read_ledger` and `read_part`.
    """
    path = Path(path)
    if read_bytes(path, "worklist", DataError).startswith(WORKBOOK_SIGNATURE):
        try:
            return NamedPart(path.name, read_ledger(path, when), is_ledger=True)
        except InputError as error:
            if error.key != "ledger_without_fingerprints":
                raise
    return NamedPart(path.name, read_part(path))


def _add_item(
    items: dict[str, WorkItem],
    unread_states: list[UnreadState],
    values: Sequence[Any],
    positions: dict[str, int],
    change: tuple[str, str],
    file: str,
    line: int,
    sheet: str,
) -> None:
    """Add the row of a ledger to the items, or to those with an unknown state.

    A row without a fingerprint, such as a sum, is left out. ``change``: time and author; ``file``, ``line``, ``sheet``:
    where the row is.
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
    except ValueError:
        unread_states.append(UnreadState(WorkItem(fingerprint), texts["state"], line, sheet))
        return
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
        raise InputError("ledger_twice", file=f"{file}{sheet}", line=line, value=fingerprint)
