# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells of a table that differ, put together as a planner looks for them: those of a row; and those of a column where many
rows differ in it alone, as shares do when another row's area has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...invariants import require
from ...messages.texts import Texts, number
from ..tables.compare import Difference
from ..tables.words import number_in

#: Rows that differ in the same column and in no other, from which on they are told of the column.
_COLUMN_ROWS = 3
#: Cells that one sentence names; `params.cells` of the finding has all.
_NAMED = 12
#: Decimals beyond the table's own with which the layers' figure is told.
_MORE = 2


@dataclass(frozen=True)
class Group:
    """``case`` of the rule's sentence, ``place`` what the finding is known by (E9, a row 9, a column E); ``cells`` from above."""

    case: str
    place: str
    cells: tuple[Difference, ...]


def groups(found: Iterable[Difference]) -> list[Group]:
    """Differing cells of one table (cases ``cell`` and ``blank``) by row or column, in the order of the sheet."""
    rows: dict[tuple[str, int], list[Difference]] = defaultdict(list)
    for one in found:
        rows[one.case, one.line].append(one)
    columns: dict[tuple[str, int], list[Difference]] = defaultdict(list)
    for (case, _), cells in rows.items():
        if len(cells) == 1:
            columns[case, cells[0].column].append(cells[0])
    many = {key: cells for key, cells in columns.items() if len(cells) >= _COLUMN_ROWS}
    made = [Group(f"{case}s_column", letters(column), tuple(cells)) for (case, column), cells in many.items()]
    for (case, line), cells in rows.items():
        if len(cells) > 1:
            made.append(Group(f"{case}s_row", str(line), tuple(cells)))
        elif (case, cells[0].column) not in many:
            made.append(Group(case, name_of(cells[0]), tuple(cells)))
    return sorted(made, key=lambda group: (group.cells[0].line, group.cells[0].column))


def params_of(group: Group, texts: Texts) -> dict[str, Any]:
    """What a group's sentence is filled with; ``cells``: each of its cells, whole."""
    told = {name_of(one): _told(one, texts) for one in group.cells}
    first = group.cells[0]
    params: dict[str, Any] = {"row": first.row, "line": first.line, "column": first.head}
    if len(group.cells) == 1:
        params |= {key: told[group.place][key] for key in ("told", "given", "apart")}
    else:
        named = group.cells
        if group.case.endswith("column"):
            # The largest first, as a share of what is right: the others follow from it.
            named = tuple(sorted(named, key=lambda one: -one.apart / max(abs(one.given or 0.0), 1e-9)))
        sentences = [texts.get("words", group.case, **told[name_of(one)]) for one in named[:_NAMED]]
        more = [texts.get("words", "and_more", count=len(named) - _NAMED)] if len(named) > _NAMED else []
        params |= {"count": len(named), "figures": texts.get("words", "between_cells").join([*sentences, *more])}
    return {**params, "cells": [{"cell": name, **one} for name, one in told.items()]}


def _told(one: Difference, texts: Texts) -> dict[str, Any]:
    """A cell in words: both figures in the same writing, the layers' with more digits."""
    given = require(one.given, "the figure of the layers")
    unit = one.word or (texts.get("units", one.unit) if one.unit else "")
    digits = one.decimals + (0 if one.unit == "count" else _MORE)
    # Its own digits, in groups; words around a figure stay as they are.
    printed = number_in(one.told) if one.unit else None
    told = one.told if printed is None else number(printed.value, printed.decimals)
    return {
        "row": one.row,
        "line": one.line,
        "column": one.head,
        "told": f"{told} {unit}".strip(),
        "given": f"{number(given, digits)} {unit}".strip(),
        "apart": f"{number(one.apart, digits)} {unit}".strip(),
    }


def name_of(one: Difference) -> str:
    """A cell as a spreadsheet names it."""
    return f"{letters(one.column)}{one.line}"


def letters(column: int) -> str:
    """A column as a spreadsheet names it: 28 is AB."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
