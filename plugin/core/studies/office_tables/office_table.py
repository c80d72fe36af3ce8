# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of a table that an office hands in: its layout, and the table filled with figures; layouts from data files.

There is one TOML file for each table, which an office can copy and change. An error in it is reported with file, line
and key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ...base.errors import DataError
from ...base.files.data import (
    NOT_IN_FILE,
    SourceMark,
    between,
    one_of,
)
from ...model.indicator import SQUARE_METRES
from ...standard.messages.numbers import DECIMALS_BY_UNIT

if TYPE_CHECKING:
    # The toolbox lists the layouts when QGIS starts, also without the GIS libraries that the tables of figures need.
    from ...render.tables.report_table import CellValue

#: Content of a column that numbers the rows, and of one with their names.
NUMBER_CONTENT, NAME_CONTENT = "number", "name"
#: Before a part of a sum that is subtracted.
MINUS = "-"
#: A subtotal sums the rows above it, up to the subtotal before.
ROW_KINDS = ("row", "part", "subtotal", "sum")
#: In place of a field: the Chinese name of the layer of a feature.
LAYER_NAME_FIELD = "@layer"
#: The field of 城镇村属性码, which planned layers have without being described by the standard.
URBAN_FIELD = "CZCSXM"
_UNITS = tuple(dict.fromkeys([*SQUARE_METRES, *DECIMALS_BY_UNIT]))
_Unit = Annotated[str, one_of(*_UNITS, "", known=_UNITS)]
#: Cases that blocks of rows may depend on: 占补平衡 and 进出平衡 separate, or unified.
_CASES = ("separate", "unified")
#: Printed for a figure that the data do not have.
NO_FIGURE = "—"


@dataclass(frozen=True)
class LayoutColumn:
    """A column of a layout.

    ``head``: words from top to bottom, equal neighbours are merged; ``content``: ``number``, ``name``, or the column of
    a figure table, as ``statutory`` (of the table of the row), ``lines.net`` (of another table, row of the same code)
    or ``use_*``; ``unit``: printed unit, by default that of the figures; ``decimals``: None for those usual for the
    unit; ``width``: in characters; ``word``: last part of names of cells; ``layer``: concept of the layer that the
    figures need; ``fields``: of a list of features, names of the fields that may have the value (with a unit, ``A+B``
    is a sum), `LAYER_NAME_FIELD` for the name of the layer; ``sum_of``: contents of the columns that sum to this one,
    with ``-`` before those that are subtracted; ``difference_of``: contents of the two columns whose printed difference
    this one is.
    """

    head: tuple[str, ...]
    content: str
    unit: _Unit = ""
    decimals: Annotated[int, between(0, 6, known="0—6")] | None = None
    width: Annotated[int, between(0, 80, known="0—80")] = 14
    word: str = ""
    layer: str = ""
    fields: tuple[str, ...] = ()
    sum_of: tuple[str, ...] = ()
    difference_of: tuple[str, ...] = ()

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for an empty head, and for a difference of other than two columns."""
        if not self.head:
            raise DataError("data_value_kind", file=str(file), key=f"{where}.head", value="[]", expected="list")
        if len(self.difference_of) not in (0, 2):
            raise DataError(
                "data_value_kind",
                file=str(file),
                key=f"{where}.difference_of",
                value=str(list(self.difference_of)),
                expected="2",
            )


@dataclass(frozen=True)
class LayoutRows:
    """A block of rows of a layout.

    ``figures``: id of the figure table; ``names``: code of a row → printed name, empty for all rows with the names of
    the figure table; ``kinds``: kinds of rows that are printed; ``title``: line above the block; ``case``: the block is
    printed only in this case of the table (such as ``unified``), empty for always. Of a list of features ``layers``:
    concepts or codes of its layers, ``is_merged``: features with one name, apart from a word for a part, are one row,
    ``group_by``: content of the column with subtotals.
    """

    figures: str
    names: dict[str, str] = field(default_factory=dict, hash=False)
    kinds: tuple[Annotated[str, one_of(*ROW_KINDS)], ...] = ROW_KINDS
    title: str = ""
    case: Annotated[str, one_of(*_CASES, "", known=_CASES)] = ""
    layers: tuple[str, ...] = ()
    is_merged: bool = field(default=False, metadata={"key": "merged"})
    group_by: str = ""


@dataclass(frozen=True)
class RowSum:
    """A row that sums others: codes of the total and of its parts, with ``-`` before those that are subtracted.

    ``is_fixed``: the total is printed as usual and the parts are rounded to it; else it is the sum of printed parts.
    """

    total: str
    parts: tuple[str, ...]
    is_fixed: bool = field(default=False, metadata={"key": "fixed"})


@dataclass(frozen=True)
class TableLayout:
    """The layout of a table, from a data file.

    ``id``: stem of the file; ``name``: of table and sheet; ``title``: printed title with the placeholder {area};
    ``prefix``: first part of names of cells; ``unit``: of most figures, in the line below the title; ``sums``: rows
    that sum others, in the order in which they are rounded; ``notes``: fixed notes; ``rules``: codes of the rules with
    the findings that the table lists; ``mark``, ``source``: of the layout; ``position``: among all tables, in the
    order of the annexes of a plan.
    """

    id: str = field(metadata=NOT_IN_FILE)
    path: Path = field(metadata=NOT_IN_FILE)
    name: str
    title: str
    prefix: str
    mark: SourceMark
    source: str
    columns: tuple[LayoutColumn, ...]
    blocks: tuple[LayoutRows, ...] = field(metadata={"key": "rows"})
    unit: _Unit = ""
    orientation: Annotated[str, one_of("portrait", "landscape")] = "portrait"
    sums: tuple[RowSum, ...] = ()
    notes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    name_en: str = ""
    position: int = 0

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for a blank text, and for a table without columns or rows."""
        for key, value in (("columns", self.columns), ("rows", self.blocks)):
            if not value:
                raise DataError("data_value_kind", file=str(file), key=key, value="[]", expected=f"[[{key}]]")
        for key in ("name", "title", "prefix", "source"):
            if not getattr(self, key).strip():
                raise DataError("data_value_kind", file=str(file), key=key, value="''", expected="str")

    def get_name(self, lang: str) -> str:
        """Return the name of the table in a language; an office's layout may have only the Chinese one."""
        return (self.name_en if lang == "en" else "") or self.name


@dataclass(frozen=True)
class FilledColumn:
    """A column of a filled table: ``head`` from top to bottom, ``unit`` of its numbers (empty for texts)."""

    head: tuple[str, ...]
    content: str
    unit: str
    decimals: int
    width: int
    word: str


@dataclass
class FilledRow:
    """A row of a filled table: printed values; ``kind`` as of `ReportTableRow`.

    ``exact_by_column``: position of a column → figure before rounding.
    """

    values: list[CellValue]
    kind: str
    code: str
    name: str
    exact_by_column: dict[int, float] = field(default_factory=dict)


@dataclass
class FilledTable:
    """A table filled with the figures of a county; ``notes`` are printed below it.

    ``missing``: the notes on data that the plan lacks, each once, as keys in their order.
    """

    layout: TableLayout
    title: str
    columns: list[FilledColumn]
    rows: list[FilledRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: dict[str, None] = field(default_factory=dict)
    adjusted_count: int = 0


ALL_TABLES = "all"


def list_further_fields(layouts: Iterable[TableLayout]) -> tuple[str, ...]:
    """Return the names of the fields that layouts read, which no template needs to have."""
    texts = (text for layout in layouts for column in layout.columns for text in column.fields)
    return tuple(sorted({term for text in texts for term in text.split("+")} - {LAYER_NAME_FIELD} | {URBAN_FIELD}))
