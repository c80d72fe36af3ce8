# SPDX-License-Identifier: GPL-2.0-or-later
"""Read tables of renumbered keys (新旧标识码对照表): layer, old key (BSM), new key."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

from ...base.errors import DataError
from ...base.files.encoding import OLD_WORKBOOK_SIGNATURE, WORKBOOK_SIGNATURE, is_garbled

#: A key that a spreadsheet stored as a number, such as 1.40225E+17.
_CHANGED_BY_SPREADSHEET = re.compile(r"\d+(\.\d+)?[eE]\+?\d+")
#: The suffix of the table next to the copy whose keys it explains, after the name of the data.
KEY_TABLE_SUFFIX = ".renumbered.csv"
_COLUMN_BY_HEADING = {"layer": "role", "图层": "role", "old": "old", "旧标识码": "old", "new": "new", "新标识码": "new"}


def read_renumbered_keys(path: str | Path) -> dict[tuple[str, str], str]:
    """Return (role, old key) → new key of a CSV in UTF-8 or GBK.

    Columns: 图层 (may be missing or empty: any layer; the role is then empty), 旧标识码, 新标识码.

    Raises
    ------
    DataError
        With file and line: the file or a column is missing, a line is damaged, a key is missing or was changed by a
        spreadsheet, an old key has two new ones, or two old keys of a layer have one new key.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError("renumbered_missing", file=str(path)) from error
    if data.startswith((WORKBOOK_SIGNATURE, OLD_WORKBOOK_SIGNATURE)):
        raise DataError("renumbered_workbook", file=str(path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = data.decode("gb18030", errors="replace")
        if is_garbled(text):
            raise DataError("renumbered_row", file=str(path), line=1) from error
    text = text.lstrip("\r\n")
    first_line = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=first_line.count))
    columns = [_COLUMN_BY_HEADING.get(cell.strip().lower(), "") for cell in next(reader, [])]
    missing = [heading for column, heading in (("old", "旧标识码"), ("new", "新标识码")) if column not in columns]
    if missing:
        raise DataError("renumbered_column", file=str(path), column=missing[0])
    new_keys: dict[tuple[str, str], str] = {}
    old_key_by_new: dict[tuple[str, str], str] = {}
    try:
        for cells in reader:
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            if not any(row.values()):
                continue
            if not row.get("old") or not row.get("new") or any(map(_CHANGED_BY_SPREADSHEET.fullmatch, row.values())):
                raise DataError("renumbered_row", file=str(path), line=reader.line_num)
            old_key = (row.get("role", "").upper(), row["old"])
            if new_keys.setdefault(old_key, row["new"]) != row["new"]:
                raise DataError("renumbered_twice", file=str(path), line=reader.line_num, value=row["old"])
            if old_key_by_new.setdefault((old_key[0], row["new"]), row["old"]) != row["old"]:
                raise DataError("renumbered_same", file=str(path), line=reader.line_num, value=row["new"])
    except csv.Error as error:
        raise DataError("renumbered_row", file=str(path), line=reader.line_num) from error
    return new_keys


def get_other_key(role: str, key: str, other_by_key: Mapping[tuple[str, str], str]) -> str:
    """Return the new key of a row by its old one, or the reverse; the given key if the row was not renumbered."""
    return other_by_key.get((role, key)) or other_by_key.get(("", key)) or key
