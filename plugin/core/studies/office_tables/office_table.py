# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of a table that an office hands in: its layout, and the table filled with figures; layouts from data files.

There is one TOML file for each table, which an office can copy and change. An error in it is reported with file, line
and key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ....paths import OFFICE_TABLES_FOLDER
from ...base.errors import DataError
from ...base.files.data import (
    NOT_IN_FILE,
    SourceMark,
    between,
    check_known,
    find_data_file,
    list_data_ids,
    make_unknown_value_error,
    one_of,
    read_record,
    read_toml,
)
from ...base.files.toml_text import find_line, parse_key
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
    the findings that the table lists; ``mark``, ``source``: of the layout.
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


def load_layouts(tables: str) -> list[TableLayout]:
    """Return the layouts of a list: ids, names, paths of .toml files or of folders with such files.

    Empty or `ALL_TABLES`: all layouts of the plugin. Each layout is returned once, in the order of the list.

    Raises
    ------
    DataError
        A layout does not exist (the error lists those available), or its file has an error.
    """
    # A path with a separator in it must exist.
    tables = tables.strip()
    items = [tables] if tables and Path(tables).exists() else re.split(r"[;；,，、\n]", tables)
    layouts: list[TableLayout] = []
    for text in [item.strip() for item in items if item.strip()] or [ALL_TABLES]:
        names = [text]
        if text == ALL_TABLES:
            names = list_data_ids(OFFICE_TABLES_FOLDER)
        elif Path(text).is_dir():
            names = [str(file) for file in sorted(Path(text).glob("*.toml"))]
            if not names:
                raise DataError("office_table_folder_empty", file=text)
        layouts += [layout for layout in map(load_layout, names) if layout not in layouts]
    for position, layout in enumerate(layouts):
        if any(layout.name == other.name for other in layouts[:position]):
            raise DataError("office_table_twice", file=str(layout.path), name=layout.name)
    return layouts


def load_layout(name: str) -> TableLayout:
    """Return a layout by its id, its Chinese name, or the path of a .toml file.

    Raises
    ------
    DataError
        The layout does not exist, or its file has an error (with file, line and key).
    """
    ids = list_data_ids(OFFICE_TABLES_FOLDER)
    if name not in ids and not name.lower().endswith(".toml"):
        named = [one for one in map(load_layout, ids) if one.name == name]
        if named:
            return named[0]
    path = find_data_file(name, OFFICE_TABLES_FOLDER, "office_table_unknown", other_names=[ALL_TABLES])
    table = read_toml(path)
    try:
        layout = read_record(TableLayout, table, file=path, given={"id": path.stem, "path": path})
        _check_references(layout)
    except DataError as error:
        line = find_line(path.read_text(encoding="utf-8-sig"), parse_key(str(error.params["key"])))
        detail = (error.key, {**error.params, "file": path.name})
        raise DataError("office_table_wrong", file=str(path), line=str(line), unusable=detail) from error
    return layout


def _check_references(layout: TableLayout) -> None:
    """Raise DataError for a content that no figure table has, and for sums of columns that do not exist."""
    from .figure_tables import FIGURE_TABLES, WILDCARD, may_have_column

    path, contents = layout.path, [column.content for column in layout.columns]
    ids = [block.figures for block in layout.blocks]
    for number, table_id in enumerate(ids, 1):
        check_known(table_id, FIGURE_TABLES, path, f"rows[{number}].figures")
    for number, column in enumerate(layout.columns, 1):
        place = f"columns[{number}]"
        table_id, dot, column_id = column.content.rpartition(".")
        if dot:
            check_known(table_id, FIGURE_TABLES, path, f"{place}.content")
        table_ids = [table_id] if dot else ids
        fixed_contents = (NUMBER_CONTENT, NAME_CONTENT)
        if column.content not in fixed_contents and not any(may_have_column(one, column_id) for one in table_ids):
            known = sorted({name for one in table_ids for name in FIGURE_TABLES[one].columns})
            raise make_unknown_value_error(path, f"{place}.content", column.content, (*fixed_contents, *known))
        for content in column.sum_of:
            check_known(content.removeprefix(MINUS), contents, path, f"{place}.sum_of")
        for content in column.difference_of:
            check_known(content, contents, path, f"{place}.difference_of")
        if column.head[-1] == WILDCARD and not column.content.endswith(WILDCARD):
            raise make_unknown_value_error(path, f"{place}.head", WILDCARD, (column.content,))
