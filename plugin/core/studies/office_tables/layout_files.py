# SPDX-License-Identifier: GPL-2.0-or-later
"""Load layouts from their files, and compare their contents with the figure tables."""

from __future__ import annotations

import re
from pathlib import Path

from ....paths import OFFICE_TABLES_FOLDER
from ...base.errors import DataError
from ...base.files.data import (
    check_known,
    find_data_file,
    list_data_ids,
    make_unknown_value_error,
    read_record,
    read_toml,
)
from ...base.files.toml_text import find_line, parse_key
from .office_table import ALL_TABLES, MINUS, NAME_CONTENT, NUMBER_CONTENT, TableLayout


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
            names = sorted(list_data_ids(OFFICE_TABLES_FOLDER), key=lambda name: load_layout(name).position)
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
    # The toolbox lists the layouts when QGIS starts, also without the GIS libraries that figure tables need.
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
