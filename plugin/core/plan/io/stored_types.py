# SPDX-License-Identifier: GPL-2.0-or-later
"""Read values of a SQLite database that are not of their column's type.

They are read as they are stored. SQLite stores any value in any column. A driver converts it: the text “12,5” in a
column of numbers is read as 12, a number that is too large as the largest one, a text with NUL is cut there.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...base.files.open_datasource import DATABASE_ERRORS
from ..layer import FieldInfo, MistypedColumn
from .records import open_if_database
from .sql_names import quote_sql_name

#: Features of a column that are listed.
_MAX_LISTED_FIDS = 20


def find_mistyped_fields(path: Path, name: str, info: dict[str, Any], positions: Iterable[int]) -> list[str]:
    """Return the fields that may have stored values which the driver converts.

    One pass over the table finds them. ``info``: pyogrio's description of the layer; ``positions``: of the fields to
    search. Empty for other formats.
    """
    conditions = {str(info["fields"][n]): _make_condition(info, n) for n in positions}
    database = open_if_database(path)
    if database is None or not conditions:
        return []
    sql = f"SELECT 1 FROM {quote_sql_name(name)} WHERE {' OR '.join(conditions.values())} LIMIT 1"  # nosec B608 # names are quoted
    try:
        with closing(database):
            return list(conditions) if database.execute(sql).fetchone() else []
    except DATABASE_ERRORS:
        # Too many columns for one condition: each is searched alone. Of a damaged file reading reports the cause.
        return list(conditions)


def read_mistyped_columns(
    path: Path, name: str, info: dict[str, Any], fields: list[str], values_by_field: dict[str, NDArray], fids: NDArray
) -> dict[str, tuple[NDArray, MistypedColumn]]:
    """Return field → (n,) texts as stored, and what is wrong, of mistyped columns.

    ``fields``: the fields to search (`find_mistyped_fields`); fields of dates of which the driver lost a value are
    added. ``values_by_field``: the driver's values (n,) of the rows ``fids`` (n,). Empty if the database cannot be
    read, since reading the rows reports that.
    """
    searched = [f for f, v in values_by_field.items() if f in fields or (v.dtype.kind == "M" and pd.isna(v).any())]
    database = open_if_database(path) if searched else None
    if database is None:
        return {}
    position_by_field = {str(field): n for n, field in enumerate(info["fields"])}
    type_by_field = {field.name: field.type for field in make_fields(info, list(position_by_field))}
    table, key = quote_sql_name(name), info.get("fid_column")
    mistyped = {}
    with closing(database):
        database.text_factory = lambda content: content.decode("utf-8", "replace")
        for field in searched:
            column, condition = quote_sql_name(field), _make_condition(info, position_by_field[field])
            sql = f"SELECT {quote_sql_name(key) if key else 'NULL'}, {column}, {condition} FROM {table}"  # nosec B608 # names are quoted
            rows = database.execute(sql).fetchall()
            # Rows of a view without ids are in the order in which the driver reads them.
            ids = [fid for fid, _, _ in rows] if key else fids.tolist()
            stored_by_fid = {fid: row[1:] for fid, row in zip(ids, rows, strict=False) if row[1] is not None}
            lost_fids = set(fids[pd.isna(values_by_field[field])].tolist())
            wrong_fids = [fid for fid, (_, is_wrong) in stored_by_fid.items() if is_wrong or fid in lost_fids]
            if wrong_fids:
                # Bytes as SQL writes them.
                text_by_fid = {
                    fid: f"X'{value.hex().upper()}'" if isinstance(value, bytes) else str(value)
                    for fid, (value, _) in stored_by_fid.items()
                }
                texts = np.array([text_by_fid.get(fid) for fid in fids.tolist()], dtype=object)
                listed = tuple(wrong_fids[:_MAX_LISTED_FIDS])
                example = text_by_fid[wrong_fids[0]]
                mistyped[field] = texts, MistypedColumn(type_by_field[field], len(wrong_fids), example, listed)
    return mistyped


def _make_condition(info: dict[str, Any], position: int) -> str:
    """Return the SQL condition of values of a field that the driver converts.

    Numbers are less than texts, and texts less than bytes: comparisons take less time than asking for the type.
    """
    column, dtype = quote_sql_name(str(info["fields"][position])), str(info["dtypes"][position])
    if info["ogr_types"][position] == "OFTBinary":
        return "0"
    if dtype.startswith("float"):
        return f"{column} >= ''"
    if dtype.startswith("datetime"):
        return f"{column} < '' OR {column} >= x''"
    if dtype == "object":
        return f"{column} >= x'' OR instr({column}, char(0))"
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return f"{column} NOT BETWEEN {low} AND {high} OR {column} <> CAST({column} AS INTEGER)"


def make_fields(info: dict[str, Any], names: list[str]) -> tuple[FieldInfo, ...]:
    """Return the fields of a layer with types of templates (text, integer, …).

    ``info``: pyogrio's description; ``names``: names to use for the fields.
    """
    fields = []
    for name, dtype in zip(names, map(str, info["dtypes"]), strict=True):
        kinds = (("int", "integer"), ("uint", "integer"), ("bool", "integer"), ("float", "real"), ("datetime", "date"))
        fields.append(FieldInfo(name, next((kind for start, kind in kinds if dtype.startswith(start)), "text")))
    return tuple(fields)
