# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings of the rule on tables (DOC011) on one sheet.

Differing cells are grouped by row or column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from openpyxl.utils import get_column_letter

from ...base.errors import require_value
from ...base.placeholders import join_first
from ...model.findings import Finding
from ...model.rule import Severity
from ...standard.messages.texts import TEXT_LANGUAGES, Texts, format_number
from ..tables.compare import (
    DIFFERENCE_CASES,
    CellDifference,
    find_differences,
    find_lost_rows,
    find_renamed_rows,
    is_slight_difference,
)
from ..tables.known_tables import (
    KEY_COLUMNS,
    KnownTables,
    SheetTable,
    normalise_word,
    parse_printed_number,
)
from ..tables.sheets import PrintedSheet, PrintedWorkbook
from ._package import make_file_finding

# Differing cells are grouped by row. If many rows differ in a single column, they are grouped by this column; for
# example, shares differ in all rows if the area of one row changed.

#: Minimum number of rows that differ in one column only for a finding on the column.
_MIN_COLUMN_CELLS = 3
#: Most cells that one sentence names; `params.cells` of the finding has all.
_MAX_LISTED_FIGURES = 12
#: Additional decimals of the layers' figure in a message.
_ADDITIONAL_DIGITS = 2


@dataclass(frozen=True)
class CellGroup:
    """Differing cells that form one finding.

    ``case`` selects the rule's message, ``cell_reference`` identifies the finding (the cell E9, the row 9, the column
    E), ``cells`` are in the order of rows.
    """

    case: str
    cell_reference: str
    cells: tuple[CellDifference, ...]


def group_differing_cells(differences: Iterable[CellDifference]) -> list[CellGroup]:
    """Return the differing cells of one table, grouped by row or column.

    Groups are in the order of the sheet.
    """
    # Imported here, because the toolbox loads rules without the libraries for files.

    rows: dict[tuple[str, int], list[CellDifference]] = defaultdict(list)
    for difference in differences:
        rows[difference.case, difference.line_number].append(difference)
    columns: dict[tuple[str, int], list[CellDifference]] = defaultdict(list)
    for (case, _), cells in rows.items():
        if len(cells) == 1:
            columns[case, cells[0].column_number].append(cells[0])
    column_groups = {key: cells for key, cells in columns.items() if len(cells) >= _MIN_COLUMN_CELLS}
    groups = [
        CellGroup(f"{case}s_column", get_column_letter(column), tuple(cells))
        for (case, column), cells in column_groups.items()
    ]
    for (case, line), cells in rows.items():
        if len(cells) > 1:
            groups.append(CellGroup(f"{case}s_row", str(line), tuple(cells)))
        elif (case, cells[0].column_number) not in column_groups:
            groups.append(CellGroup(case, _name_cell(cells[0]), tuple(cells)))
    return sorted(groups, key=lambda group: (group.cells[0].line_number, group.cells[0].column_number))


def make_group_params(group: CellGroup, texts: Texts) -> dict[str, Any]:
    """Return the message parameters of a group of cells; ``cells`` has each cell with details."""
    description_by_cell: dict[str, dict[str, Any]] = {}
    for cell in group.cells:
        layer_figure = require_value(cell.expected_figure, "the figure of the layers")
        unit = cell.unit_word or (texts.get("units", cell.unit) if cell.unit else "")
        # The figure from the layers has more digits.
        digits = cell.decimals + (0 if cell.unit == "count" else _ADDITIONAL_DIGITS)
        # Use the printed digits with separators; texts around a figure are unchanged.
        printed = parse_printed_number(cell.printed_text) if cell.unit else None
        table_figure = cell.printed_text if printed is None else format_number(printed.value, printed.decimals)
        description_by_cell[_name_cell(cell)] = {
            "row": cell.row_name,
            "line": cell.line_number,
            "column": cell.column_heading,
            "told": f"{table_figure} {unit}".strip(),
            "given": f"{format_number(layer_figure, digits)} {unit}".strip(),
            "apart": f"{format_number(cell.difference, digits)} {unit}".strip(),
        }
    first = group.cells[0]
    params: dict[str, Any] = {"row": first.row_name, "line": first.line_number, "column": first.column_heading}
    if len(group.cells) == 1:
        params |= {key: description_by_cell[group.cell_reference][key] for key in ("told", "given", "apart")}
    else:
        listed_cells = list(group.cells)
        if group.case.endswith("column"):
            # The largest share of the right value first; the others follow from it.
            listed_cells.sort(key=lambda cell: -cell.difference / max(abs(cell.expected_figure or 0.0), 1e-9))
        sentences = [
            texts.get("words", group.case, **description_by_cell[_name_cell(cell)])
            for cell in listed_cells[:_MAX_LISTED_FIGURES]
        ]
        if len(listed_cells) > _MAX_LISTED_FIGURES:
            sentences.append(texts.get("words", "and_more", count=len(listed_cells) - _MAX_LISTED_FIGURES))
        params |= {"count": len(listed_cells), "figures": texts.get("words", "between_cells").join(sentences)}
    return {**params, "cells": [{"cell": name, **cell} for name, cell in description_by_cell.items()]}


def make_cell_name(row: int, column: int) -> str:
    """Return the name of a cell in a spreadsheet, such as E9."""

    return f"{get_column_letter(column)}{row}"


def _name_cell(cell: CellDifference) -> str:
    """Return the name of a cell that differs."""
    return make_cell_name(cell.line_number, cell.column_number)


#: Maximum characters of a name from a sheet in a message.
_MAX_NAME_CHARACTERS = 40


def detect_language(workbooks: Iterable[PrintedWorkbook]) -> str:
    """Return the language of most sheet names; Chinese if none is known."""
    sheet_names = [normalise_word(sheet.name) for book in workbooks for sheet in book.sheets]
    known_names_by_language = {
        lang: {normalise_word(text) for text in Texts(lang).get_section("sheets").values()} for lang in TEXT_LANGUAGES
    }
    return max(TEXT_LANGUAGES, key=lambda lang: sum(name in known_names_by_language[lang] for name in sheet_names))


def inspect_sheet(
    file: str,
    sheet: PrintedSheet,
    sheet_tables: Sequence[SheetTable],
    known_tables: KnownTables,
    texts: Texts,
    *,
    is_other_version: bool = False,
    is_drawing_crs_unknown: bool = False,
) -> Iterator[Finding]:
    """Yield the findings on one sheet: figures that differ from the layers, and cells that were not compared.

    ``sheet_tables``: the tables recognised in it.
    ``is_other_version``: another version of the plugin made the sheet; slight differences are then warnings.
    ``is_drawing_crs_unknown``: the layers may have been drawn in another CRS than they are stored in.
    """
    make_finding = partial(_make_sheet_finding, file, sheet, texts)
    if sheet.is_truncated:
        yield make_finding("cut")
    for sheet_table in sheet_tables:
        yield from _inspect_sheet_table(sheet_table, make_finding, texts, is_other_version, is_drawing_crs_unknown)
    about_names = {normalise_word(Texts(lang).get("sheets", "about")) for lang in TEXT_LANGUAGES}
    has_figures = any(parse_printed_number(cell.text) is not None for cell in sheet.cell_by_position.values())
    if has_figures and not sheet_tables and normalise_word(sheet.name) not in about_names:
        # Tables without layers are recognised by the name of the sheet, or by a title in its first row.
        first_row = (sheet.get_cell_text(1, column) for column in range(1, min(sheet.last_column, 12) + 1))
        heads = [head for head in map(normalise_word, first_row) if head]
        name = next(
            (
                table
                for table in KEY_COLUMNS
                for words in map(Texts, TEXT_LANGUAGES)
                if table not in known_tables.tables
                and (
                    normalise_word(words.get("sheets", table)) == normalise_word(sheet.name)
                    or any(normalise_word(words.get("sheet_titles", table, area="")) in head for head in heads)
                )
            ),
            "",
        )
        yield make_finding("no_layers", table=texts.get("sheets", name)) if name else make_finding("sheet")


def _make_sheet_finding(
    file: str,
    sheet: PrintedSheet,
    texts: Texts,
    case: str,
    place: str = "",
    severity: Severity | None = Severity.WARNING,
    **params: Any,
) -> Finding:
    """Return a finding on a sheet; its key contains sheet and ``place``, so that later checks recognise it."""
    if "table" in params:
        # Omit the table's name if the sheet has the same name.
        is_sheet_name = normalise_word(params["table"]) == normalise_word(sheet.name)
        params["called"] = "" if is_sheet_name else texts.get("words", "in_brackets", text=params["table"])
    return make_file_finding(
        file, case, severity, part=f"{sheet.name}/{place}" if place else sheet.name, sheet=sheet.name, **params
    )


def _inspect_sheet_table(
    sheet_table: SheetTable,
    make_finding: Callable[..., Finding],
    texts: Texts,
    is_other_version: bool,
    is_drawing_crs_unknown: bool,
) -> Iterator[Finding]:
    """Yield the findings on one table of a sheet."""
    table: dict[str, Any] = {"table": texts.get("sheets", sheet_table.table.id)}
    differences, _ = find_differences(sheet_table, is_drawing_crs_unknown=is_drawing_crs_unknown)
    for group in group_differing_cells(one for one in differences if one.case in DIFFERENCE_CASES):
        is_slight = is_other_version and all(
            is_slight_difference(cell.difference, cell.expected_figure, cell.unit) for cell in group.cells
        )
        more_params = (
            {} if group.case.startswith("blank") else {"other": texts.get("words", "slight") if is_slight else ""}
        )
        yield make_finding(
            group.case,
            group.cell_reference,
            Severity.WARNING if is_slight else None,
            **make_group_params(group, texts),
            **more_params,
        )
    renamed_rows = [
        texts.get("words", "printed_and_computed", line=line, printed=printed_name, computed=layer_name)
        for line, printed_name, layer_name in find_renamed_rows(sheet_table)
    ]
    sheet = sheet_table.sheet
    unknown_rows = []
    for line in sheet_table.unknown_figure_lines:
        # The first text that is not a number, or the number of the row.
        row_texts = (sheet.get_cell_text(line, n) for n in range(1, sheet.last_column + 1))
        unknown_rows.append(next((text for text in row_texts if text and not text.isdigit()), str(line)))
    yield from (
        make_finding(case, sheet_table.table.id, count=len(rows), **{key: _join_names(rows, texts)}, **table)
        for case, key, rows in (
            ("names", "names", renamed_rows),
            ("lost", "rows", find_lost_rows(sheet_table)),
            ("rows", "rows", unknown_rows),
        )
        if rows
    )
    if sheet_table.foreign_columns:
        columns = _join_names(list(sheet_table.foreign_columns.values()), texts)
        yield make_finding("columns", sheet_table.table.id, columns=columns, **table)
    for case in ("text", "formula", "error", "merged"):
        if cells := _list_cell_names(differences, case):
            detail, place = texts.get("causes", f"cell_{case}"), f"{sheet_table.table.id}/{case}"
            yield make_finding("text", place, count=len(cells), cells=_join_names(cells, texts), detail=detail)
    if cells := _list_cell_names(differences, "target"):
        # Waivers compare the names of the cells, not the figures.
        described_cells = join_first(describe_target_cells(differences, texts), texts.get("words", "between_names"))
        yield make_finding(
            "target",
            sheet_table.table.id,
            count=len(cells),
            cells=_join_names(cells, texts),
            shown={"cells": described_cells},
            **table,
        )
    if cells := _list_cell_names(differences, "no_figure", "words"):
        yield make_finding(
            "no_figure", sheet_table.table.id, Severity.INFO, count=len(cells), cells=_join_names(cells, texts), **table
        )


def _list_cell_names(differences: Iterable[CellDifference], *cases: str) -> list[str]:
    """Return the names of the cells whose difference has one of these cases."""
    return [_name_cell(one) for one in differences if one.case in cases]


def describe_target_cells(differences: Iterable[CellDifference], texts: Texts) -> list[str]:
    """Return texts of the cells with a wrong target or remainder: each with its figure and the computed one."""
    return [
        _name_cell(one)
        if one.expected_figure is None
        else texts.get(
            "words",
            "cell_printed_and_computed",
            cell=_name_cell(one),
            printed=one.printed_text[:_MAX_NAME_CHARACTERS] or texts.get("words", "blank"),
            computed=format_number(one.expected_figure, one.decimals + _ADDITIONAL_DIGITS),
        )
        for one in differences
        if one.case == "target"
    ]


def _join_names(item_names: list[str], texts: Texts) -> str:
    """Return the first names, each shortened, as one text."""
    return join_first([name[:_MAX_NAME_CHARACTERS] for name in item_names], texts.get("words", "between_names"))
