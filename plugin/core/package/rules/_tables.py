# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings of the rule on tables in one sheet; cells grouped by row or column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...invariants import require_value
from ...messages.texts import LANGUAGES, Texts, format_number
from ...model.findings import Finding
from ...model.indicator import COUNT
from ...model.rule import Severity
from ..problems import NAMED
from ..tables.compare import DIFFER, CellDifference, find_differences, find_lost_rows, find_renamed_rows
from ..tables.known_tables import KEYS, KnownTables, TableBlock, has_figures, normalise_word, parse_printed_number
from ..tables.model import Sheet, Workbook, load_style_limits

# Differing cells are grouped by row. If many rows differ in a single column, they are grouped by this column; for
# example, shares differ in all rows if the area of one row changed.

#: Minimum number of rows that differ in one column only for a finding on the column.
_COLUMN_ROWS = 3
#: Most cells that one sentence names; `params.cells` of the finding has all.
_NAMED = 12
#: Additional decimals of the layers' figure in a message.
_MORE = 2


@dataclass(frozen=True)
class CellGroup:
    """Cells of one finding.

    ``case`` is the case of the rule's message, ``place`` identifies the finding (E9, a row 9, a column E), ``cells``
    are in the order of rows.
    """

    case: str
    place: str
    cells: tuple[CellDifference, ...]


def group_cells(found: Iterable[CellDifference]) -> list[CellGroup]:
    """Group differing cells (``cell`` and ``blank``) of one table by row or column.

    Groups are in the order of the sheet.
    """
    rows: dict[tuple[str, int], list[CellDifference]] = defaultdict(list)
    for one in found:
        rows[one.case, one.line].append(one)
    columns: dict[tuple[str, int], list[CellDifference]] = defaultdict(list)
    for (case, _), cells in rows.items():
        if len(cells) == 1:
            columns[case, cells[0].column].append(cells[0])
    many = {key: cells for key, cells in columns.items() if len(cells) >= _COLUMN_ROWS}
    made = [
        CellGroup(f"{case}s_column", column_letters(column), tuple(cells)) for (case, column), cells in many.items()
    ]
    for (case, line), cells in rows.items():
        if len(cells) > 1:
            made.append(CellGroup(f"{case}s_row", str(line), tuple(cells)))
        elif (case, cells[0].column) not in many:
            made.append(CellGroup(case, cell_name(cells[0]), tuple(cells)))
    return sorted(made, key=lambda group: (group.cells[0].line, group.cells[0].column))


def group_params(group: CellGroup, texts: Texts) -> dict[str, Any]:
    """Return the parameters of a group's message; ``cells`` has all details."""
    described = {cell_name(one): _describe(one, texts) for one in group.cells}
    first = group.cells[0]
    params: dict[str, Any] = {"row": first.row, "line": first.line, "column": first.head}
    if len(group.cells) == 1:
        params |= {key: described[group.place][key] for key in ("told", "given", "apart")}
    else:
        named = group.cells
        if group.case.endswith("column"):
            # The largest share of the right value first; the others follow from it.
            named = tuple(sorted(named, key=lambda one: -one.difference / max(abs(one.expected or 0.0), 1e-9)))
        sentences = [texts.get("words", group.case, **described[cell_name(one)]) for one in named[:_NAMED]]
        more = [texts.get("words", "and_more", count=len(named) - _NAMED)] if len(named) > _NAMED else []
        params |= {"count": len(named), "figures": texts.get("words", "between_cells").join([*sentences, *more])}
    return {**params, "cells": [{"cell": name, **one} for name, one in described.items()]}


def _describe(one: CellDifference, texts: Texts) -> dict[str, Any]:
    """Return a cell as texts: figures in one format, the layers' with more digits."""
    given = require_value(one.expected, "the figure of the layers")
    unit = one.word or (texts.get("units", one.unit) if one.unit else "")
    digits = one.decimals + (0 if one.unit == "count" else _MORE)
    # Use the printed digits with separators; texts around a figure are unchanged.
    printed = parse_printed_number(one.printed) if one.unit else None
    stated = one.printed if printed is None else format_number(printed.value, printed.decimals)
    return {
        "row": one.row,
        "line": one.line,
        "column": one.head,
        "told": f"{stated} {unit}".strip(),
        "given": f"{format_number(given, digits)} {unit}".strip(),
        "apart": f"{format_number(one.difference, digits)} {unit}".strip(),
    }


def cell_name(one: CellDifference) -> str:
    """Return a cell's name in a spreadsheet."""
    return f"{column_letters(one.column)}{one.line}"


def column_letters(column: int) -> str:
    """Return a column's name in a spreadsheet: 28 is AB."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


#: Maximum characters of a name from a sheet in a message.
_LONGEST = 40


@dataclass
class Seen:
    """Result of one sheet: ids of the recognised tables, and findings."""

    tables: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def language_of(books: Iterable[Workbook]) -> str:
    """Return the language of most sheet names; Chinese if they are unknown."""
    names = [normalise_word(sheet.name) for book in books for sheet in book.sheets]
    known = {lang: {normalise_word(text) for text in Texts(lang).section("sheets").values()} for lang in LANGUAGES}
    return max(LANGUAGES, key=lambda lang: sum(name in known[lang] for name in names))


def table_name(table: str, texts: Texts) -> str:
    """Return the name of a table's sheet."""
    return texts.get("sheets", table)


def inspect_sheet(file: str, sheet: Sheet, known: KnownTables, texts: Texts, *, elsewhere: bool = False) -> Seen:
    """Return findings on one sheet: differing figures, uncompared cells."""
    seen = Seen()
    make_finding = _FindingMaker(file, sheet, texts)
    if sheet.cut:
        seen.findings.append(make_finding("cut"))
    blocks = known.blocks(sheet)
    if not blocks:
        about = {normalise_word(Texts(lang).get("sheets", "about")) for lang in LANGUAGES}
        if has_figures(sheet) and normalise_word(sheet.name) not in about:
            name = next((t for t in KEYS if t not in known.tables and _has_title(sheet, t)), "")
            found = make_finding("no_layers", table=table_name(name, texts)) if name else make_finding("sheet")
            seen.findings.append(found)
        return seen
    for block in blocks:
        seen.tables.add(block.table.id)
        seen.findings += _inspect_block(block, make_finding, texts, elsewhere)
    return seen


def _has_title(sheet: Sheet, table: str) -> bool:
    """Return True if a sheet has the name or title of a table without layers."""
    heads = [normalise_word(sheet.text(1, column)) for column in range(1, min(sheet.last_column, 12) + 1)]
    for texts in map(Texts, LANGUAGES):
        title = normalise_word(texts.get("sheet_titles", table, area=""))
        if normalise_word(texts.get("sheets", table)) == normalise_word(sheet.name) or any(
            title in head for head in heads if head
        ):
            return True
    return False


@dataclass(frozen=True)
class _FindingMaker:
    """Makes findings on a sheet; their key contains the place for later runs."""

    file: str
    sheet: Sheet
    texts: Texts

    def __call__(
        self, case: str, place: str = "", severity: Severity | None = Severity.WARNING, **params: Any
    ) -> Finding:
        params = {"file": self.file, "sheet": self.sheet.name, **params}
        if "table" in params:
            # Omit the table's name if the sheet has the same name.
            same = normalise_word(params["table"]) == normalise_word(self.sheet.name)
            params["called"] = "" if same else self.texts.get("words", "in_brackets", text=params["table"])
        key = f"{self.file}/{self.sheet.name}" + (f"/{place}" if place else "")
        return Finding("", key=key, case=case, severity=severity, params=params)


def _inspect_block(block: TableBlock, make_finding: _FindingMaker, texts: Texts, elsewhere: bool) -> Iterator[Finding]:
    table: dict[str, Any] = {"table": table_name(block.table.id, texts)}
    found, _ = find_differences(block)
    for group in group_cells(one for one in found if one.case in DIFFER):
        slight = elsewhere and all(_is_slight(cell) for cell in group.cells)
        more = {} if group.case.startswith("blank") else {"other": texts.get("words", "slight") if slight else ""}
        yield make_finding(
            group.case, group.place, Severity.WARNING if slight else None, **group_params(group, texts), **more
        )
    if renamed := find_renamed_rows(block):
        names = [texts.get("words", "told_and_own", line=line, told=printed, own=own) for line, printed, own in renamed]
        yield make_finding("names", block.table.id, count=len(names), names=_list_names(names, texts), **table)
    if lost := find_lost_rows(block):
        yield make_finding("lost", block.table.id, count=len(lost), rows=_list_names(lost, texts), **table)
    if block.unknown:
        rows = [_row_words(block, line) for line in block.unknown]
        yield make_finding("rows", block.table.id, count=len(rows), rows=_list_names(rows, texts), **table)
    if block.strange:
        yield make_finding("columns", block.table.id, columns=_list_names(list(block.strange.values()), texts), **table)
    for case in ("text", "formula", "error", "merged"):
        if cells := _cell_names(found, case):
            detail = texts.get("causes", f"cell_{case}")
            yield make_finding(
                "text", f"{block.table.id}/{case}", count=len(cells), cells=_list_names(cells, texts), detail=detail
            )
    if cells := _cell_names(found, "target"):
        yield make_finding("target", block.table.id, count=len(cells), cells=_list_names(cells, texts), **table)
    if cells := _cell_names(found, "no_figure", "words"):
        yield make_finding(
            "no_figure", block.table.id, Severity.INFO, count=len(cells), cells=_list_names(cells, texts), **table
        )


def _cell_names(found: Iterable[CellDifference], *cases: str) -> list[str]:
    return [cell_name(one) for one in found if one.case in cases]


def _is_slight(one: CellDifference) -> bool:
    """Return True if another version may have measured the figure; never for counts."""
    return (
        bool(one.expected)
        and one.unit != COUNT
        and one.difference <= load_style_limits().slight_share * abs(one.expected or 0.0)
    )


def _list_names(names: list[str], texts: Texts) -> str:
    return texts.get("words", "between_names").join(name[:_LONGEST] for name in names[:NAMED]) + (
        " …" if len(names) > NAMED else ""
    )


def _row_words(block: TableBlock, line: int) -> str:
    for column in range(1, block.sheet.last_column + 1):
        text = block.sheet.text(line, column)
        if text and not text.isdigit():
            return text
    return str(line)
