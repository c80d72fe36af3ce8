# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts of tables as data: one TOML file for each table, which an office can copy and change.

An error in a layout is reported with file, line and key.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from ....paths import OFFICE_TABLES_FOLDER
from ...base.errors import DataError
from ...base.files.data import SOURCE_MARKS, check_keys, check_type, read_toml
from ...base.files.toml_text import find_line
from ...model.indicator import SQUARE_METRES
from ...standard.messages.numbers import DECIMALS_BY_UNIT
from .office_table import MINUS, NAME_CONTENT, NUMBER_CONTENT, WILDCARD, LayoutColumn, LayoutRows, RowSum, TableLayout

#: Words between the names of tables.
_SEPARATORS = ";；,，、\n"
ALL_TABLES = "all"
ROW_KINDS = ("row", "part", "sum")
#: Cases that blocks of rows may depend on: 占补平衡 and 进出平衡 separate, or unified.
CASES = ("separate", "unified")
_ORIENTATIONS = ("portrait", "landscape")
_REQUIRED = ("name", "title", "prefix", "mark", "source", "columns", "rows")
_OPTIONAL = ("name_en", "unit", "orientation", "notes", "rules", "sums")
_COLUMN_OPTIONS = ("unit", "decimals", "width", "word", "layer", "sum_of", "difference_of")
_MAX_DECIMALS, _MAX_WIDTH = 6, 80


def list_layout_ids() -> list[str]:
    """Return the ids of the layouts that the plugin has."""
    return sorted(path.stem for path in OFFICE_TABLES_FOLDER.glob("*.toml"))


def load_layouts(tables: str) -> list[TableLayout]:
    """Return the layouts of a list: ids, names, paths of .toml files or of folders with such files.

    Empty or `ALL_TABLES`: all layouts of the plugin. Each layout is returned once, in the order of the list.

    Raises
    ------
    DataError
        A layout does not exist (the error lists those available), or its file has an error.
    """
    layouts: list[TableLayout] = []
    for text in _split_list(tables) or [ALL_TABLES]:
        layouts += [layout for layout in _find_layouts(text) if layout not in layouts]
    names: set[str] = set()
    for layout in layouts:
        if layout.name in names:
            raise DataError("office_table_twice", file=str(layout.path), name=layout.name)
        names.add(layout.name)
    return layouts


def _split_list(tables: str) -> list[str]:
    """Return the items of a list; a path with a separator in it must exist."""
    if tables.strip() and Path(tables.strip()).exists():
        return [tables.strip()]
    for separator in _SEPARATORS[1:]:
        tables = tables.replace(separator, _SEPARATORS[0])
    return [item.strip() for item in tables.split(_SEPARATORS[0]) if item.strip()]


def _find_layouts(text: str) -> list[TableLayout]:
    """Return the layouts that one item of a list means."""
    if text == ALL_TABLES:
        return [load_layout(name) for name in list_layout_ids()]
    path = Path(text)
    if path.is_dir():
        files = sorted(path.glob("*.toml"))
        if not files:
            raise DataError("office_table_folder_empty", file=text)
        return [load_layout(str(file)) for file in files]
    return [load_layout(text)]


def load_layout(name: str) -> TableLayout:
    """Return a layout by its id, its Chinese name, or the path of a .toml file.

    Raises
    ------
    DataError
        The layout does not exist, or its file has an error (with file, line and key).
    """
    if name in list_layout_ids():
        path = OFFICE_TABLES_FOLDER / f"{name}.toml"
    else:
        path = Path(name)
        if path.suffix.lower() != ".toml" or not path.is_file():
            named = [one for one in map(load_layout, list_layout_ids()) if one.name == name]
            if named:
                return named[0]
            raise DataError("office_table_unknown", value=name, known=", ".join([ALL_TABLES, *list_layout_ids()]))
    return _LayoutReader(path).read()


class _LayoutReader:
    """Reads the layout in one file; each error has the line of its key."""

    def __init__(self, path: Path):
        self._path = path
        self._table = read_toml(path)

    def read(self) -> TableLayout:
        """Return the layout."""
        table = self._table
        self._check_keys((), table, _REQUIRED, _OPTIONAL)
        columns = tuple(self._read_column(number) for number in range(self._count("columns")))
        layout = TableLayout(
            id=self._path.stem,
            path=self._path,
            name=self._read_text((), "name"),
            title=self._read_text((), "title"),
            prefix=self._read_text((), "prefix"),
            unit=self._read_unit((), "unit"),
            is_landscape=self._read_choice((), "orientation", _ORIENTATIONS, "portrait") == "landscape",
            mark=self._read_choice((), "mark", SOURCE_MARKS),
            source=self._read_text((), "source"),
            columns=columns,
            blocks=tuple(self._read_block(number) for number in range(self._count("rows"))),
            sums=tuple(self._read_sum(number) for number in range(self._count("sums"))) if "sums" in table else (),
            notes=self._read_texts((), "notes"),
            rules=self._read_texts((), "rules"),
            name_en=self._read_text((), "name_en", ""),
        )
        self._check_references(layout)
        return layout

    def _read_column(self, number: int) -> LayoutColumn:
        """Return one column."""
        place = ("columns", number)
        self._check_keys(place, self._get(place), ("head", "content"), _COLUMN_OPTIONS)
        decimals = self._read_number(place, "decimals", _MAX_DECIMALS)
        head = self._read_texts(place, "head")
        if not head:
            self._fail((*place, "head"), "data_value_kind", value="[]", expected="list")
        return LayoutColumn(
            head,
            self._read_text(place, "content"),
            self._read_unit(place, "unit"),
            decimals,
            self._read_number(place, "width", _MAX_WIDTH) or LayoutColumn.width,
            self._read_text(place, "word", ""),
            self._read_text(place, "layer", ""),
            self._read_texts(place, "sum_of"),
            self._read_texts(place, "difference_of"),
        )

    def _read_block(self, number: int) -> LayoutRows:
        """Return one block of rows."""
        from .figure_tables import FIGURE_TABLES

        place = ("rows", number)
        self._check_keys(place, self._get(place), ("figures",), ("names", "kinds", "title", "case"))
        kinds = self._read_texts(place, "kinds") or ROW_KINDS
        for kind in kinds:
            self._check_known((*place, "kinds"), kind, ROW_KINDS)
        names = self._check_type((*place, "names"), self._get(place).get("names", {}), dict)
        for code, name in names.items():
            self._check_type((*place, "names", code), name, str)
        return LayoutRows(
            self._read_choice(place, "figures", tuple(FIGURE_TABLES)),
            names,
            kinds,
            self._read_text(place, "title", ""),
            self._read_choice(place, "case", CASES, ""),
        )

    def _read_sum(self, number: int) -> RowSum:
        """Return a row that sums others."""
        place = ("sums", number)
        table = self._get(place)
        self._check_keys(place, table, ("total", "parts"), ("fixed",))
        is_fixed = bool(self._check_type((*place, "fixed"), table.get("fixed", False), bool))
        return RowSum(self._read_text(place, "total"), self._read_texts(place, "parts"), is_fixed)

    def _check_references(self, layout: TableLayout) -> None:
        """Raise DataError for a content that no figure table has, and for sums of columns that do not exist."""
        from .figure_tables import FIGURE_TABLES, may_have_column

        contents = [column.content for column in layout.columns]
        ids = [block.figures for block in layout.blocks]
        for number, column in enumerate(layout.columns):
            place = ("columns", number, "content")
            table_id, dot, column_id = column.content.rpartition(".")
            if dot:
                self._check_known(place, table_id, tuple(FIGURE_TABLES))
            known = {name for one in ([table_id] if dot else ids) for name in FIGURE_TABLES[one].columns}
            if column.content not in (NUMBER_CONTENT, NAME_CONTENT) and not any(
                may_have_column(one, column_id) for one in ([table_id] if dot else ids)
            ):
                self._fail(
                    place,
                    "data_value_unknown",
                    value=column.content,
                    known=", ".join([NUMBER_CONTENT, NAME_CONTENT, *sorted(known)]),
                )
            for key in ("sum_of", "difference_of"):
                for content in getattr(column, key):
                    name = content.removeprefix(MINUS) if key == "sum_of" else content
                    self._check_known(("columns", number, key), name, tuple(contents))
            if column.difference_of and len(column.difference_of) != 2:
                self._fail(
                    ("columns", number, "difference_of"), "data_value_kind", value=str(list(column.difference_of)),
                    expected="2",
                )  # fmt: skip
            if column.head[-1] == WILDCARD and not column.content.endswith(WILDCARD):
                self._fail(("columns", number, "head"), "data_value_unknown", value=WILDCARD, known=column.content)

    # --- values
    def _get(self, place: tuple[str | int, ...]) -> dict[str, Any]:
        """Return the table at a place of the file."""
        value: Any = self._table
        for key in place:
            value = value[key]
        return self._check_type(place, value, dict)

    def _count(self, key: str) -> int:
        """Return the number of entries of a list of tables, at least one."""
        entries = self._check_type((key,), self._table[key], list)
        if not entries:
            self._fail((key,), "data_value_kind", value="[]", expected=f"[[{key}]]")
        return len(entries)

    def _read_text(self, place: tuple[str | int, ...], key: str, default: str | None = None) -> str:
        """Return a text; without a default it must not be empty."""
        table = self._get(place)
        if default is not None and key not in table:
            return default
        text = str(self._check_type((*place, key), table[key], str)).strip()
        if default is None and not text:
            self._fail((*place, key), "data_value_kind", value="''", expected="str")
        return text

    def _read_texts(self, place: tuple[str | int, ...], key: str) -> tuple[str, ...]:
        """Return a list of texts, empty if it is missing."""
        values = self._check_type((*place, key), self._get(place).get(key, []), list)
        return tuple(str(self._check_type((*place, key), value, str)) for value in values)

    def _read_choice(
        self, place: tuple[str | int, ...], key: str, known: tuple[str, ...], default: str | None = None
    ) -> str:
        """Return a text that must be one of the known ones."""
        text = self._read_text(place, key, default)
        if text != default:
            self._check_known((*place, key), text, known)
        return text

    def _read_unit(self, place: tuple[str | int, ...], key: str) -> str:
        """Return a unit, empty if it is missing."""
        return self._read_choice(place, key, tuple(dict.fromkeys([*SQUARE_METRES, *DECIMALS_BY_UNIT])), "")

    def _read_number(self, place: tuple[str | int, ...], key: str, largest: int) -> int | None:
        """Return a whole number from 0 to ``largest``, None if it is missing."""
        table = self._get(place)
        if key not in table:
            return None
        value = int(self._check_type((*place, key), table[key], int))
        if not 0 <= value <= largest:
            self._fail((*place, key), "data_value_unknown", value=str(value), known=f"0—{largest}")
        return value

    # --- errors
    def _check_keys(
        self, place: tuple[str | int, ...], table: dict[str, Any], required: Iterable[str], allowed: Iterable[str]
    ) -> None:
        """Raise DataError for a missing or an unknown key."""
        try:
            check_keys(table, required=required, allowed=allowed, file=self._path)
        except DataError as error:
            key = str(error.params["key"])
            self._fail((*place, key) if key in table else place, error.key, **{**error.params, "key": key})

    def _check_type(self, place: tuple[str | int, ...], value: Any, kind: type) -> Any:
        """Return a value of a type. Raise DataError for another type."""
        try:
            return check_type(value, kind, file=self._path, key=_format_place(place))
        except DataError as error:
            self._fail(place, error.key, **error.params)

    def _check_known(self, place: tuple[str | int, ...], value: str, known: tuple[str, ...]) -> None:
        """Raise DataError for an unknown value."""
        if value not in known:
            self._fail(place, "data_value_unknown", value=value, known=", ".join(known))

    def _fail(self, place: tuple[str | int, ...], error_key: str, /, **params: Any) -> NoReturn:
        """Raise DataError with file, line and key; ``error_key``: of the text that explains what is wrong."""
        line = find_line(self._path.read_text(encoding="utf-8-sig"), place)
        params = {"key": _format_place(place), **params, "file": self._path.name}
        raise DataError("office_table_wrong", file=str(self._path), line=str(line), unusable=(error_key, params))


def _format_place(place: tuple[str | int, ...]) -> str:
    """Return the place of a value as text, such as columns[2].head; lists count from 1."""
    text = ""
    for key in place:
        text += f"[{key + 1}]" if isinstance(key, int) else f".{key}" if text else key
    return text
