# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of a GeoPackage read by columns are those that the driver reads cell by cell."""

import sqlite3
import struct
import warnings
from contextlib import closing
from unittest.mock import Mock

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, strategies as st

from plugin.core.base.errors import InputError
from plugin.core.geometry.shape_comparison import hash_shapes
from plugin.core.plan.io import columnar_rows, read_source
from plugin.core.plan.io.columnar_rows import decode_texts, read_columnar_rows
from plugin.core.plan.layer import MistypedColumn
from tests.core.small_plan import (
    check_data,
    hash_files,
    list_findings_of_rules,
    make_county_box,
    make_small_plan_layers,
    write_gpkg,
)
from tests.parametrize import first_daily

LAYER = "CZKFBJ"
ROWS = 9


def write_rows(path):
    """Write a layer with a field of each type; the index of fids has a gap."""
    boxes = [shapely.box(400_000 + 20 * n, 4_000_000, 400_010 + 20 * n, 4_000_010) for n in range(ROWS)]
    boxes[3] = shapely.MultiPolygon([boxes[3], shapely.box(400_000, 4_000_100, 400_010, 4_000_110)])
    boxes[4] = boxes[4].difference(shapely.box(400_083, 4_000_003, 400_086, 4_000_006))
    frame = gpd.GeoDataFrame(
        {
            "BSM": [f"14022500000000{n:04}" for n in range(ROWS)],
            "XZQMC": [None, "", "东村", "东村", " 西 村", "A" * 30, "𠮷", "中a", "a中"],
            "MJ": [1.5, None, 0.1, 1e300, -0.0, 3.0, 4.0, 5.0, 6.0],
            "NUMBER": np.arange(ROWS, dtype=np.int32),
            "BIG": np.arange(ROWS, dtype=np.int64) + 2**40,
            "DAY": pd.to_datetime(pd.Series(["2024-02-29"] * ROWS)).dt.date,
            "TIME": pd.to_datetime(["2024-02-29 10:11:12"] * ROWS),
            "FLAG": [True, False] * (ROWS // 2) + [True],
            "EMPTY": pd.Series([None] * ROWS, dtype=object),
        },
        geometry=boxes,
        crs="EPSG:4526",
    )
    frame.to_file(path, layer=LAYER, driver="GPKG", engine="pyogrio", SPATIAL_INDEX="NO")
    return path


def change(path, *statements):
    with sqlite3.connect(path) as database:
        for sql, *parameters in statements:
            database.execute(sql, parameters)
    database.close()
    return path


def read_layer(path):
    """Return the layer, or the error of reading it."""
    with warnings.catch_warnings():
        # They are notices of the layer.
        warnings.simplefilter("always")
        try:
            return {layer.name: layer for layer in read_source(path)}[LAYER]
        except InputError as error:
            return error


def make_blob(wkb, flags=1, srs=4526):
    return b"GP\x00" + struct.pack("<Bi", flags, srs) + wkb


RING = b"".join(struct.pack("<2d", *xy) for xy in ((0, 0), (1, 0), (1, 1), (0, 0)))
ARC = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 8, 5)
ARC += b"".join(struct.pack("<2d", *xy) for xy in ((0, 0), (1, 1), (2, 0), (1, -1), (0, 0)))
NOT_CLOSED = struct.pack("<BIII", 1, 3, 1, 3) + RING[:48]
MEASURED = struct.pack("<BIII", 1, 2003, 1, 4) + b"".join(
    struct.pack("<3d", *xym) for xym in ((0, 0, 7), (1, 0, 7), (1, 1, 7), (0, 0, 7))
)


def set_value(column, value, row=3):
    return (f'UPDATE "{LAYER}" SET "{column}" = ? WHERE fid = ?', value, row)


#: Name of a case → changes of the file; whether its rows are read by columns.
CASES = {
    "plain": ((), True),
    "deleted row": (((f"DELETE FROM {LAYER} WHERE fid = 2",),), True),
    "moved row": (((f"UPDATE {LAYER} SET fid = 100 WHERE fid = 2",),), True),
    "outdated count": ((("UPDATE gpkg_ogr_contents SET feature_count = 3",),), False),
    "no geometry": ((set_value("geom", None),), True),
    "empty geometry": ((set_value("geom", make_blob(shapely.to_wkb(shapely.Polygon()), 0x11)),), True),
    "truncated geometry": ((set_value("geom", make_blob(shapely.to_wkb(shapely.box(0, 0, 1, 1))[:40])),), True),
    "open ring": ((set_value("geom", make_blob(NOT_CLOSED)),), True),
    "no blob": ((set_value("geom", "text"),), True),
    "heights": ((set_value("geom", make_blob(shapely.to_wkb(shapely.force_3d(shapely.box(0, 0, 1, 1), 5), flavor="iso"))),), True),
    "measures": ((set_value("geom", make_blob(MEASURED)),), True),
    "arcs": ((set_value("geom", make_blob(ARC)),), True),
    "collection": ((set_value("geom", make_blob(shapely.to_wkb(shapely.GeometryCollection([shapely.box(0, 0, 1, 1)])))),), True),
    "big-endian": ((set_value("geom", make_blob(shapely.to_wkb(shapely.box(0, 0, 1, 1), byte_order=0))),), True),
    "other coordinate system": ((set_value("geom", make_blob(shapely.to_wkb(shapely.box(0, 0, 1, 1)), srs=4490)),), True),
    "NUL in text": ((set_value("XZQMC", "a\x00b"), set_value("BSM", "x\x00")), True),
    "number in text": ((set_value("XZQMC", 12), set_value("BSM", 1.5)), True),
    "bytes in text": ((set_value("XZQMC", b"abc"),), True),
    "invalid UTF-8": (((f"UPDATE {LAYER} SET XZQMC = CAST(x'B6ABB4E5' AS TEXT) WHERE fid = 3",),), False),
    "text in numbers": ((set_value("NUMBER", "abc"), set_value("BIG", "12x"), set_value("MJ", "x1")), True),
    "gaps in integers": ((set_value("NUMBER", None), set_value("BIG", None)), True),
    "gap and digits": ((set_value("BIG", None), set_value("BIG", 2**60 + 1, 4)), True),
    "too large integer": ((set_value("NUMBER", 2**40),), True),
    "double in integers": ((set_value("NUMBER", 1.5), set_value("BIG", 2.5)), True),
    "infinite": ((set_value("MJ", float("inf")),), True),
    "gap in dates": ((set_value("DAY", None), set_value("TIME", None), set_value("FLAG", None)), True),
    "unusual date": ((set_value("DAY", "2024/02/29"),), True),
}  # fmt: skip


def compare_layers(first, second):
    if isinstance(first, InputError):
        assert str(first) == str(second)
        return
    assert list(first.frame.columns) == list(second.frame.columns)
    assert (first.frame.dtypes == second.frame.dtypes).all()
    assert first.frame.index.equals(second.frame.index)
    for name in first.frame.columns.drop("geometry"):
        for one, other in zip(first.frame[name].tolist(), second.frame[name].tolist(), strict=True):
            assert type(one) is type(other) and (one == other or (pd.isna(one) and pd.isna(other)))
    assert (
        shapely.to_wkb(first.frame.geometry.to_numpy()).tolist()
        == shapely.to_wkb(second.frame.geometry.to_numpy()).tolist()
    )
    for attribute in ("crs", "fields", "encoding", "broken_fids", "curve_texts", "notices", "problem", "shape_crs"):
        assert getattr(first, attribute) == getattr(second, attribute), attribute


@pytest.mark.parametrize("batch", first_daily([2, 1000]))
@pytest.mark.parametrize("case", CASES)
def test_rows_read_by_columns_equal_those_read_cell_by_cell(tmp_path, monkeypatch, case, batch):
    changes, is_columnar = CASES[case]
    path = change(write_rows(tmp_path / "a.gpkg"), *changes)
    results = []

    def read_and_record(*arguments):
        results.append(read_columnar_rows(*arguments))
        return results[-1]

    monkeypatch.setattr("plugin.core.plan.io.file.read_columnar_rows", read_and_record)
    monkeypatch.setattr(columnar_rows, "_ROWS_PER_BATCH", batch)
    by_columns = read_layer(path)
    assert any(one is not None for one in results) == is_columnar
    monkeypatch.setattr("plugin.core.plan.io.file.read_columnar_rows", lambda *_: None)
    compare_layers(by_columns, read_layer(path))


def test_many_geometries_that_the_driver_must_convert_are_left_to_it(tmp_path, monkeypatch):
    path = change(write_rows(tmp_path / "a.gpkg"), *(set_value("geom", make_blob(ARC), n) for n in (1, 2, 3)))
    monkeypatch.setattr(columnar_rows, "_MAX_DRIVER_SHAPES", 2)
    assert read_columnar_rows(path, LAYER, pyogrio.read_info(path, layer=LAYER), [0], ROWS) is None
    assert read_layer(path).fids_with_arcs == (1, 2, 3)


def test_rows_without_a_column_of_ids_have_different_ids(tmp_path):
    path = change(
        write_rows(tmp_path / "a.gpkg"),
        (f"CREATE TABLE copied AS SELECT geom, BSM FROM {LAYER}",),
        (f"DROP TABLE {LAYER}",),
        (f"ALTER TABLE copied RENAME TO {LAYER}",),
    )
    assert read_layer(path).frame.index.tolist() == list(range(1, ROWS + 1))


def test_rows_are_read_by_columns_without_names_of_field_types(tmp_path):
    # pyogrio describes them since version 0.12 only.
    photo = (f"ALTER TABLE {LAYER} ADD COLUMN PHOTO BLOB",), set_value("PHOTO", b"\x01")
    path = change(write_rows(tmp_path / "a.gpkg"), *photo)
    info = pyogrio.read_info(path, layer=LAYER)
    info.pop("ogr_types", None)
    rows = read_columnar_rows(path, LAYER, info, list(range(len(info["fields"]))), ROWS)
    for values, expected_values in zip(rows.columns, pyogrio.raw.read(path, layer=LAYER)[3], strict=True):
        assert values.dtype == expected_values.dtype
        assert pd.Series(values).equals(pd.Series(expected_values))


def test_distinct_texts_are_those_of_the_frame_as_read(tmp_path):
    layer = read_layer(write_rows(tmp_path / "a.gpkg"))
    assert sorted(layer.find_distinct_texts("XZQMC")) == sorted(set(layer.frame["XZQMC"].dropna()))
    assert layer.find_distinct_texts("EMPTY") == [] and layer.find_distinct_texts("MJ") is None
    layer.frame = layer.frame.iloc[:2]
    assert layer.find_distinct_texts("XZQMC") is None


#: Changes that CASES does not have: an order, a limit between texts, the last digit of a coordinate.
SMALL_CHANGES = {
    "texts exchanged": (set_value("BSM", "140225000000000001", 1), set_value("BSM", "140225000000000000", 2)),
    "limit between texts": (set_value("XZQMC", "𠮷中", 7), set_value("XZQMC", "a", 8)),
    "empty instead of missing": (set_value("XZQMC", "", 1),),
    "shapes exchanged": (
        set_value("geom", make_blob(shapely.to_wkb(shapely.box(400_020, 4_000_000, 400_030, 4_000_010))), 1),
        set_value("geom", make_blob(shapely.to_wkb(shapely.box(400_000, 4_000_000, 400_010, 4_000_010))), 2),
    ),
    "last digit of a coordinate": (
        set_value("geom", make_blob(shapely.to_wkb(shapely.box(400_000, 4_000_000, np.nextafter(400_010, 5e5), 4_000_010)))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [*CASES, *SMALL_CHANGES])
def test_digests_of_columns_as_read_differ_where_the_columns_differ(tmp_path, case):
    path = write_rows(tmp_path / "a.gpkg")
    before, equal = read_layer(path), read_layer(path)
    changed = read_layer(change(path, *(SMALL_CHANGES.get(case) or CASES[case][0])))
    if isinstance(changed, InputError):
        return
    assert before.find_column_digest("BSM")
    for layer in (before, changed):
        # The file has bytes of geometries that GEOS cannot represent.
        rows = ~np.isin(layer.frame.index, layer.broken_fids)
        hashes = hash_shapes(layer.frame.geometry.to_numpy())
        assert layer.compute_shape_hashes()[rows].tolist() == hashes[rows].tolist()
    for column in before.frame.columns.drop("geometry"):
        digest = before.find_column_digest(column)
        assert equal.find_column_digest(column) == digest
        if digest is not None and column in changed.frame:
            values, new_values = (list(map(repr, one.frame[column].tolist())) for one in (before, changed))
            # The ids of the rows have a separate digest.
            assert (values != new_values) <= (changed.find_column_digest(column) != digest), column


def test_layer_with_another_frame_has_no_digests_as_read(tmp_path):
    layer = read_layer(write_rows(tmp_path / "a.gpkg"))
    layer.frame = layer.frame.copy()
    assert layer.find_column_digest("BSM") is None
    layer.frame = layer.frame.iloc[:2]
    assert layer.compute_shape_hashes().tolist() == hash_shapes(layer.frame.geometry.to_numpy()).tolist()


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))))
def test_texts_are_decoded_once_for_each_distinct_text(texts):
    encoded = [b"" if text is None else text.encode() for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in encoded])]).astype(np.int64)
    is_present = np.array([text is not None for text in texts], dtype=bool)
    decoded, distinct_texts = decode_texts(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets, is_present)
    assert decoded.tolist() == texts
    assert distinct_texts == list(dict.fromkeys(text for text in texts if text is not None))
    assert len(set(map(id, decoded[is_present]))) <= len(distinct_texts)


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
        monkeypatch.setattr("plugin.core.plan.io.file.read_columnar_rows", lambda *_: None)
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
            locked = Mock(side_effect=sqlite3.OperationalError("locked"))
            monkeypatch.setattr("plugin.core.base.files.open_datasource.copy_database", locked)
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
