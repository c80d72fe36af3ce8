# SPDX-License-Identifier: GPL-2.0-or-later
"""Values that are not of their column's type are read as they are stored, and SCH002 names the column."""

import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest

from plugin.core.errors import InputError
from plugin.core.io import read_source
from plugin.core.plan.layer import MistypedColumn
from tests.core.small_plan import (
    check_data,
    hash_files,
    list_findings_of_rules,
    make_county_box,
    make_small_plan_layers,
    write_gpkg,
)


def write_typed_table(path, driver="GPKG"):
    """Write three rows with a column of each type; the declared types of SQLite follow from them."""
    frame = gpd.GeoDataFrame(
        {
            "area": np.arange(3) + 0.5,
            "number": np.arange(3, dtype="int32"),
            "small": np.arange(3, dtype="int16"),
            "large": np.arange(3, dtype="int64"),
            "name": ["甲", "乙", "丙"],
            "day": pd.to_datetime(["2020-01-01"] * 3),
        },
        geometry=[make_county_box(100 * n, 0, 50, 50) for n in range(3)],
        crs=4526,
    )
    options = {"SPATIAL_INDEX": "NO"} if driver == "GPKG" else {}
    pyogrio.write_dataframe(frame, path, layer="DLTB", driver=driver, **options)
    return path


def store_value(path, column, value, table="DLTB"):
    """Store an SQL value in the second row."""
    database = sqlite3.connect(path)
    with database:
        database.execute(f"UPDATE {table} SET {column} = {value} WHERE rowid = 2")
    database.close()
    return path


#: Column and SQL value → its text as stored, and the declared type.
STORED_VALUES = {
    ("area", "'12,5'"): ("12,5", "real"),
    ("area", "'—'"): ("—", "real"),
    ("area", "x'3132'"): ("X'3132'", "real"),
    ("number", "5000000000"): ("5000000000", "integer"),
    ("number", "-2147483649"): ("-2147483649", "integer"),
    ("number", "12.5"): ("12.5", "integer"),
    ("number", "'12,5'"): ("12,5", "integer"),
    ("large", "1e30"): ("1e+30", "integer"),
    ("name", "'a' || char(0) || 'b'"): ("a\0b", "text"),
    ("name", "x'FF00'"): ("X'FF00'", "text"),
    ("day", "20200101"): ("20200101", "date"),
    ("day", "'未知'"): ("未知", "date"),
}


@pytest.mark.parametrize("by_columns", [True, False], ids=["columns", "cells"])
@pytest.mark.parametrize(("column", "value"), STORED_VALUES)
def test_value_of_another_type_is_read_as_stored(tmp_path, monkeypatch, column, value, by_columns):
    path = store_value(write_typed_table(tmp_path / "a.gpkg"), column, value)
    before = hash_files(path)
    if not by_columns:
        monkeypatch.setattr("plugin.core.io.file.read_columnar_rows", lambda *_: None)
    (layer,) = read_source(path)
    text, declared_type = STORED_VALUES[column, value]
    assert layer.mistyped_columns == {column: MistypedColumn(declared_type, 1, text, (2,))}
    values = list(layer.frame[column])
    assert values[1] == text and all(isinstance(one, str) for one in values)
    assert {field.name: field.type for field in layer.fields}[column] == "text"
    assert hash_files(path) == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("area", "12"),
        ("area", "NULL"),
        ("number", "2147483647"),
        ("number", "NULL"),
        ("large", "-9223372036854775808"),
        ("name", "''"),
        ("name", "'12,5'"),
        ("day", "NULL"),
        ("day", "'2020/01/05'"),
    ],
)
def test_value_that_its_column_holds_is_no_finding(tmp_path, column, value):
    (layer,) = read_source(store_value(write_typed_table(tmp_path / "a.gpkg"), column, value))
    assert layer.mistyped_columns == {}


@pytest.mark.parametrize("is_locked", [False, True])
def test_values_of_a_database_that_is_open_elsewhere_are_read_as_stored(tmp_path, monkeypatch, is_locked):
    path = write_typed_table(tmp_path / "a.gpkg")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        with database:
            database.execute("UPDATE DLTB SET area = '12,5' WHERE fid = 2")
        if is_locked:
            monkeypatch.setattr("plugin.core.files.open_datasource._try_to_copy_database", lambda *_: False)
        (layer,) = read_source(path)
    assert list(layer.frame["area"]) == ["0.5", "12,5", "2.5"] and layer.mistyped_columns["area"].count == 1


def test_number_that_the_driver_refuses_is_never_read_as_another(tmp_path):
    with pytest.raises(InputError):
        read_source(store_value(write_typed_table(tmp_path / "a.gpkg"), "small", "40000"))


def test_text_in_a_column_of_numbers_of_spatialite_is_read_as_stored(tmp_path):
    path = store_value(write_typed_table(tmp_path / "a.sqlite", "SQLite"), "area", "'12,5'", "dltb")
    (layer,) = read_source(path)
    assert list(layer.frame["area"]) == ["0.5", "12,5", "2.5"] and layer.mistyped_columns["area"].count == 1


@pytest.mark.parametrize("key", ["fid, ", ""], ids=["ids", "no ids"])
def test_view_of_a_table_is_read_as_stored(tmp_path, key):
    path = store_value(write_typed_table(tmp_path / "a.gpkg"), "area", "'12,5'")
    database = sqlite3.connect(path)
    with database:
        database.execute(f"CREATE VIEW CZKFBJ AS SELECT {key}area, geom FROM DLTB")
        for table in ("gpkg_contents", "gpkg_geometry_columns"):
            names = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})") if name != "identifier"]
            columns = ", ".join("'CZKFBJ'" if name == "table_name" else name for name in names)
            database.execute(f"INSERT INTO {table} ({', '.join(names)}) SELECT {columns} FROM {table}")
    database.close()
    layer = next(one for one in read_source(path) if one.name == "CZKFBJ")
    assert list(layer.frame["area"]) == ["0.5", "12,5", "2.5"] and layer.mistyped_columns["area"].count == 1


@pytest.mark.parametrize(("value", "text"), [("'12,5'", "“12,5”"), ("'—'", "“—”")])
def test_column_with_another_type_is_named_once_and_its_value_is_no_number(tmp_path, value, text):
    path = store_value(write_gpkg(tmp_path / "a.gpkg"), "TBMJ", value)
    assert len(make_small_plan_layers()["DLTB"]) > 1
    checked = check_data(path)
    findings = [f for f in list_findings_of_rules(checked.report, "SCH002") if f.field == "TBMJ"]
    assert [f.case for f in findings] == ["stored"] and text in findings[0].message and findings[0].params["count"] == 1
    assert np.isnan(checked.plan.layers["DLTB"].get_numbers_by_name("TBMJ")[1])
