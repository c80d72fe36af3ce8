# SPDX-License-Identifier: GPL-2.0-or-later
"""A sheet of the plugin's own workbook against the same sheet made again: words, forms of numbers, and how cells are written.

Figures are compared by `compare`, with the allowance that they need; here are the cells that hold none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .compare import same_words
from .forms import GENERAL, is_ours, misleads
from .looks import load_looks
from .model import Cell, Sheet


class Other(NamedTuple):
    """A cell at ``row`` and ``column`` that differs: its content (``told``) and the expected content (``given``)."""

    row: int
    column: int
    told: str
    given: str


@dataclass(frozen=True)
class Changed:
    """``words``: cells with other words; ``forms``: with another number format (``told`` and ``given`` are formats);
    ``looks``: with another font, colour or size; ``sizes``: rows and columns of another height or width."""

    words: list[Other] = field(default_factory=list)
    forms: list[Other] = field(default_factory=list)
    looks: list[Other] = field(default_factory=list)
    sizes: list[int | str] = field(default_factory=list)


_NONE = Cell("")


def compare_sheet(sheet: Sheet, made: Sheet, names: Mapping[str, str]) -> Changed:
    """Compare a sheet with the one made again. ``names``: what the report calls a layer → what it is called here."""
    changed = Changed()
    for place in sorted(sheet.cells.keys() | made.cells.keys()):
        told, given = sheet.cells.get(place, _NONE), made.cells.get(place, _NONE)
        merged = told.state == given.state == "merged"
        if not (given.number or merged or same_words(renamed(told.text, names), given.text)):
            changed.words.append(Other(*place, told.text, given.text))
        if not told.text or not given.text:
            continue
        if told.form != given.form:
            changed.forms.append(Other(*place, told.form, given.form))
        elif told.look != given.look:
            changed.looks.append(Other(*place, told.look, given.look))
    # What another program saves again may round sizes.
    looks = load_looks()
    changed.sizes.extend(
        key
        for key, size in made.sizes.items()
        if abs(sheet.sizes.get(key, size) - size) > max(looks.size_differs, size * looks.size_differs_share)
    )
    return changed


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Words with the names that layers have here."""
    for name, here in names.items():
        text = text.replace(f"“{name}”", f"“{here}”") if name != here else text
    return text


def forms_of_others(sheet: Sheet) -> list[Other]:
    """Return cells of any sheet whose number format shows another figure than they hold."""
    cells = [(place, cell) for place, cell in sorted(sheet.cells.items()) if cell.state != "merged"]
    return [
        Other(*place, cell.form, GENERAL) for place, cell in cells if cell.form and misleads(cell.form, cell.number)
    ]


def forms_not_ours(sheet: Sheet) -> list[Other]:
    """Return cells whose number format no version of this plugin writes."""
    cells = [(place, cell) for place, cell in sorted(sheet.cells.items()) if cell.state != "merged"]
    return [
        Other(*place, cell.form, GENERAL) for place, cell in cells if cell.form and not is_ours(cell.form, cell.number)
    ]
