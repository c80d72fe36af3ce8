# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts of tables as data: one TOML file for each table, which an office can copy and change.

An error in a layout is reported with file, line and key.
"""

from __future__ import annotations

from pathlib import Path

from ....paths import OFFICE_TABLES_FOLDER
from ...base.errors import DataError
from ...base.files.data import check_known, make_unknown_value_error, read_record, read_toml
from ...base.files.toml_text import find_line, parse_key
from .office_table import MINUS, NAME_CONTENT, NUMBER_CONTENT, WILDCARD, TableLayout

#: Words between the names of tables.
_SEPARATORS = ";；,，、\n"
ALL_TABLES = "all"


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
    from .figure_tables import FIGURE_TABLES, may_have_column

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
