# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of the words in the plugin's workbook in a package.

The workbook is made again and compared if version, build, profile, standard and layers are equal to those of the
package. Otherwise the states of indicators and the sheet on the data are compared with the report, and a finding
names the reason why the other cells were not compared.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...base.errors import DataError
from ...base.placeholders import join_first
from ...checks.tabulate import make_about_table
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.indicator import Indicator
from ...model.rule import Severity
from ...render import figures as shown
from ...render.tables.report_table import HEADING_ROWS, ReportTable, TableNumber, write_tables_workbook
from ...render.words import ReportTexts
from ...standard.indicator_catalogue import load_catalogue
from ...standard.messages.numbers import drop_final_zeros
from ...standard.messages.texts import Texts
from ..inspection.facts import PackageFacts
from ..problems import MAX_NAMED_FEATURES
from ..tables.compare import do_texts_agree_within_tolerance
from ..tables.known_tables import KnownTables
from ..tables.sheets import PrintedCell, PrintedSheet, PrintedWorkbook, read_workbook
from ._package import explain_not_rebuilt, is_of_other_version, make_file_finding
from ._tables import make_cell_name

#: Maximum number of characters of a cell in a message.
_MAX_SHOWN_CELL_CHARACTERS = 60
_EMPTY_CELL = PrintedCell("")
#: Errors from records of a report that lack an item or have an item of another type.
_INCOMPLETE_REPORT_ERRORS = (LookupError, TypeError, ValueError, AttributeError)


#: A cell of a sheet that differs from the sheet made again: row, column, actual and expected text.
CellChange = tuple[int, int, str, str]


@dataclass(frozen=True)
class InspectedWorkbook:
    """The plugin's workbook in a package, with the data for its comparison.

    ``expected_tables`` are computed from the layers, in the language of the workbook. ``lang``: language of the
    workbook.
    """

    workbook: PrintedWorkbook
    expected_tables: list[ReportTable]
    package: PackageFacts
    ctx: RuleContext
    lang: str


def compare_plugin_workbook_texts(inspected_book: InspectedWorkbook) -> Iterator[Finding]:
    """Yield findings on changed words in the plugin's workbook, and on figures that are stored as text."""
    reason = _explain_no_rebuild(inspected_book)
    rebuilt_sheets = {} if reason else _write_and_read_sheets(inspected_book.expected_tables, inspected_book)
    about = Texts(inspected_book.lang).get("sheets", "about")
    for sheet in inspected_book.workbook.sheets:
        if sheet.name == about:
            yield from _compare_provenance_sheet(sheet, inspected_book)
        elif sheet.name in rebuilt_sheets:
            # The notes name layers by their titles, which are the same in project and package.
            remade_sheet = rebuilt_sheets[sheet.name]
            changed_texts: list[CellChange] = []
            names_of_text_figures: list[str] = []
            other_rows = _find_rows_without_figure(sheet, inspected_book)
            for position in sorted(sheet.cell_by_position.keys() | remade_sheet.cell_by_position.keys()):
                if position[0] in other_rows:
                    continue
                cell, expected_cell = (one.cell_by_position.get(position, _EMPTY_CELL) for one in (sheet, remade_sheet))
                are_merged = cell.state == expected_cell.state == "merged"
                if not (
                    expected_cell.is_number
                    or are_merged
                    or do_texts_agree_within_tolerance(cell.text, expected_cell.text)
                ):
                    changed_texts.append((*position, cell.text, expected_cell.text))
                if cell.text and expected_cell.is_number and not (cell.is_number or cell.state):
                    names_of_text_figures.append(make_cell_name(*position))
            if changed_texts:
                yield _make_changed_texts_finding(sheet, changed_texts, inspected_book)
            if names_of_text_figures:
                yield make_file_finding(
                    inspected_book.workbook.file,
                    "stored_text",
                    Severity.WARNING,
                    part=sheet.name,
                    sheet=sheet.name,
                    count=len(names_of_text_figures),
                    cells=join_first(
                        names_of_text_figures, Texts(inspected_book.ctx.lang).get("words", "between_names")
                    ),
                )
        else:
            yield from _compare_states(sheet, inspected_book)
    if reason:
        yield make_file_finding(
            inspected_book.workbook.file,
            "unbuilt",
            Severity.WARNING if reason in ("version", "templates") else Severity.INFO,
            reason=Texts(inspected_book.ctx.lang).get("not_rebuilt", reason),
        )


def _find_rows_without_figure(sheet: PrintedSheet, inspected_book: InspectedWorkbook) -> set[int]:
    """Return the rows of indicators that the layers do not give: the receiver may lack the county's statistics."""
    entries = load_catalogue(inspected_book.ctx.norm.standard).indicator_by_id
    texts = Texts(inspected_book.lang)
    return {
        HEADING_ROWS + number
        for table in inspected_book.expected_tables
        if table.id == "indicators" and texts.get("sheets", table.id) == sheet.name
        for number, row in enumerate(table.rows, 1)
        if row.code in entries and entries[row.code].missing and not any(isinstance(v, TableNumber) for v in row.values)
    }


def _explain_no_rebuild(inspected_book: InspectedWorkbook) -> str:
    """Return why the workbook cannot be made again, as a key of texts; empty if it can be."""
    provenance, norm = inspected_book.package.report_data.get("provenance", {}), inspected_book.ctx.norm
    if not provenance or "versions" not in provenance or "standard" not in provenance:
        return "data"
    if reason := explain_not_rebuilt(inspected_book.package, provenance["versions"].get("sanxian", "")):
        return reason
    standard, roles = provenance["standard"], {row["role"] for row in provenance["layers"]}
    comparisons = {
        "profile": (provenance["profile"]["id"], norm.profile.id),
        "standard": ((standard.get("id"), standard.get("edition")), (norm.standard.id, norm.standard.edition)),
        "layers": (roles, inspected_book.ctx.plan.layers.keys()),
    }
    return next((reason for reason, (stated, own) in comparisons.items() if stated != own), "")


def _write_and_read_sheets(tables: list[ReportTable], inspected_book: InspectedWorkbook) -> dict[str, PrintedSheet]:
    """Write tables to a temporary workbook; return name → sheet as read."""
    # Imported here, because the toolbox loads rules without the libraries for files.
    from ...engine.provenance import find_county_name

    texts = Texts(inspected_book.lang)
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "a.xlsx"
        write_tables_workbook(path, tables, find_county_name(inspected_book.ctx.plan), texts)
        return {sheet.name: sheet for sheet in read_workbook(path, path.name).sheets}


def _make_changed_texts_finding(
    sheet: PrintedSheet, text_changes: list[CellChange], inspected_book: InspectedWorkbook
) -> Finding:
    """Return a finding that lists the cells with other texts than the sheet made again."""
    texts = Texts(inspected_book.ctx.lang)
    cell_descriptions = [
        texts.get(
            "words",
            "printed_and_expected",
            cell=make_cell_name(row, column),
            printed=_shorten_text(printed_text) or texts.get("words", "blank"),
            expected=_shorten_text(expected_text) or texts.get("words", "blank"),
        )
        for row, column, printed_text, expected_text in text_changes[: MAX_NAMED_FEATURES + 1]
    ]
    return make_file_finding(
        inspected_book.workbook.file,
        "words",
        part=sheet.name,
        sheet=sheet.name,
        count=len(text_changes),
        cells=join_first(cell_descriptions, texts.get("words", "between_cells")),
    )


def _compare_provenance_sheet(sheet: PrintedSheet, inspected_book: InspectedWorkbook) -> Iterator[Finding]:
    """Yield findings on the sheet about the data, compared with the same sheet made from the report's provenance.

    The time is not compared. In a workbook of another version, the words of earlier versions are accepted, too.
    """
    own_texts, provenance = Texts(inspected_book.lang), inspected_book.package.report_data.get("provenance", {})
    try:
        table = make_about_table(provenance, own_texts, "", [])
        time = next(HEADING_ROWS + n for n, row in enumerate(table.rows, 1) if row.code == "time")
        table = make_about_table(provenance, own_texts, sheet.get_cell_text(time, 2), [])
    except _INCOMPLETE_REPORT_ERRORS:
        # DOC013 reports an unreadable report.
        return
    (remade_sheet,) = _write_and_read_sheets([table], inspected_book).values()
    wrong_cells = [
        (*place, sheet.get_cell_text(*place), cell.text)
        for place, cell in remade_sheet.cell_by_position.items()
        if cell.state != "merged"
        and sheet.cell_by_position.get(place, _EMPTY_CELL).state != "merged"
        and sheet.get_cell_text(*place).strip() != cell.text.strip()
    ]
    if is_of_other_version(inspected_book.package):
        current_texts, former_texts = own_texts.get_section("about"), own_texts.get_section("about_former")
        renamed_texts = {(former_texts[key], current_texts[key]) for key in former_texts}
        wrong_cells = [one for one in wrong_cells if one[2:] not in renamed_texts]
    if wrong_cells:
        yield _make_changed_texts_finding(sheet, wrong_cells, inspected_book)


def _compare_states(sheet: PrintedSheet, inspected_book: InspectedWorkbook) -> Iterator[Finding]:
    """Yield findings on states, targets and confirmations of indicators that differ from the report.

    Workbooks of every version have them.
    """
    report_texts, texts = ReportTexts(inspected_book.lang), Texts(inspected_book.lang)
    # Id of an indicator → for each of its records, column → text that the workbook should show.
    expected_texts: dict[str, list[dict[str, str]]] = defaultdict(list)
    try:
        for record in inspected_book.package.report_data.get("indicators", ()):
            one = Indicator.from_dict(record)
            target = shown.format_target(one, report_texts).replace("\u202f", " ")
            expected_texts[one.id].append(
                {
                    "state": shown.format_state(one, report_texts),
                    "target": unify_target(target),
                    "confirmed": texts.get("tables", "yes" if one.confirmed else "no"),
                }
            )
    except DataError:
        return
    wrong_cells = []
    for block in KnownTables(inspected_book.expected_tables, inspected_book.lang).find_sheet_tables(sheet):
        if block.table.id != "indicators":
            continue
        for line, row in block.row_by_line.items():
            for place in block.matched_columns:
                column = place.table_column.id
                allowed_texts = {one[column] for one in expected_texts[row.code] if column in one}
                printed_text = sheet.get_cell_text(line, place.sheet_column)
                if allowed_texts and unify_target(printed_text) not in allowed_texts:
                    wrong_cells.append((line, place.sheet_column, printed_text, "/".join(sorted(allowed_texts))))
    if wrong_cells:
        yield _make_changed_texts_finding(sheet, wrong_cells, inspected_book)


def unify_target(text: str) -> str:
    """Return the text of a target in one form: earlier versions have “≤ 1.3” or “≤ 66.68 %”, not “≤ 1.30”, “≤ 66.68%”."""
    return drop_final_zeros(re.sub(r"\s+%", "%", text))


def _shorten_text(text: str) -> str:
    """Return a cell's text on one line, cut if it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _MAX_SHOWN_CELL_CHARACTERS else flat[:_MAX_SHOWN_CELL_CHARACTERS] + "…"
