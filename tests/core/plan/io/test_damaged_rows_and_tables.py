# SPDX-License-Identifier: GPL-2.0-or-later
"""One damaged row or table of a database does not stop the check of the others."""

import json
import sqlite3

import pyogrio
import pytest

from plugin.core.plan.io import read_source
from plugin.core.plan.io.records import count_geodatabase_rows
from tests.core.plan.io.test_io import make_disc_wkb
from tests.core.small_plan import (
    X,
    Y,
    check_data,
    list_findings_of_rules,
    make_county_box,
    make_small_plan_layers,
    make_table,
    write_gdb,
    write_gpkg,
    write_wkb_shapes,
)

ROLE, OTHER_ROLE = "CZKFBJ", "STBHHX"
#: Values in the column of shapes that are not a shape; SQLite stores any value.
NO_SHAPES = {
    "cut off": "substr(geom, 1, length(geom) - 20)",
    "empty": "x''",
    "header only": "substr(geom, 1, 8)",
    "two bytes": "x'4750'",
    "WKT as bytes": "CAST('POLYGON((0 0,1 0,1 1,0 0))' AS BLOB)",
    "WKT": "'POLYGON((0 0,1 0,1 1,0 0))'",
    "number": "5",
    "another signature": "CAST(x'5858' || substr(geom, 3) AS BLOB)",
    "a ring of 4 billion points": "CAST(substr(geom, 1, 49) || x'FFFFFFFF' || substr(geom, 54) AS BLOB)",
}


def make_tables(count=3):
    return {
        ROLE: make_table([make_county_box(200 * n, 0) for n in range(count)]),
        OTHER_ROLE: make_small_plan_layers()[OTHER_ROLE],
    }


def run_sql(path, *statements):
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path


def test_each_value_that_is_not_a_shape_is_a_damaged_row_and_arcs_of_other_rows_are_read(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", make_tables(len(NO_SHAPES) + 3))
    write_wkb_shapes(path, ROLE, {len(NO_SHAPES) + 2: make_disc_wkb(X, Y)})
    run_sql(path, *(f"UPDATE {ROLE} SET geom = {sql} WHERE fid = {n}" for n, sql in enumerate(NO_SHAPES.values(), 1)))
    run_sql(path, f"UPDATE {ROLE} SET geom = NULL WHERE fid = {len(NO_SHAPES) + 1}")
    layer = next(one for one in read_source(path) if one.name == ROLE)
    assert layer.broken_fids == tuple(range(1, len(NO_SHAPES) + 1)) and layer.fids_with_arcs == (len(NO_SHAPES) + 2,)
    report = check_data(path, ["GEO001", "GEO002", "SCH003"]).report
    damaged = [one for one in list_findings_of_rules(report, "GEO002") if one.case != "curve"]
    assert {one.key[-4:] for one in damaged} == {f"{fid:04d}" for fid in layer.broken_fids}
    assert [one.key[-4:] for one in list_findings_of_rules(report, "GEO001")] == [f"{len(NO_SHAPES) + 1:04d}"]
    assert not list_findings_of_rules(report, "SCH003", "RUN900", "RUN905")


SECOND_COLUMN = (
    # The table that a driver makes refuses a second column.
    "CREATE TABLE copied AS SELECT * FROM gpkg_geometry_columns",
    "DROP TABLE gpkg_geometry_columns",
    "ALTER TABLE copied RENAME TO gpkg_geometry_columns",
    f"ALTER TABLE {ROLE} ADD COLUMN point BLOB",
    f"INSERT INTO gpkg_geometry_columns VALUES ('{ROLE}', 'point', 'POINT', 4526, 0, 0)",
)


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([f"DROP TABLE {ROLE}"], "数据表缺失"),
        ([f"DROP TABLE {ROLE}", f"CREATE VIEW {ROLE} AS SELECT * FROM gone"], "无法读取"),
        ([f"ALTER TABLE {ROLE} DROP COLUMN geom"], "无法读取"),
        (SECOND_COLUMN, "有 2 个图形字段（geom、point）"),
    ],
    ids=["missing", "view of a missing table", "no column of shapes", "two columns of shapes"],
)
def test_damaged_or_ambiguous_table_is_one_finding_and_the_other_layers_are_checked(tmp_path, statements, words):
    result = check_data(run_sql(write_gpkg(tmp_path / "a.gpkg", make_tables()), *statements), ["SCH003"])
    (finding,) = list_findings_of_rules(result.report, "SCH003")
    assert finding.role == ROLE and words in finding.message and str(tmp_path) not in finding.message
    assert list(result.plan.layers) == [OTHER_ROLE] and not list_findings_of_rules(result.report, "RUN905")


@pytest.mark.parametrize("change", ["missing", "zeros", "cut off"])
def test_damaged_table_of_a_filegdb_is_one_finding_and_the_other_layers_are_checked(tmp_path, change):
    path = write_gdb(tmp_path / "a.gdb", make_tables())
    rows = pyogrio.raw.read(path, layer="GDB_SystemCatalog", columns=["Name"], read_geometry=False, return_fids=True)
    number = dict(zip(rows[3][0].tolist(), rows[1].tolist(), strict=True))[ROLE]
    table = path / f"a{number:08x}.gdbtable"
    content = table.read_bytes()
    changed = {"missing": b"", "zeros": bytes(100) + content[100:], "cut off": content[: len(content) * 2 // 3]}
    table.write_bytes(changed[change])
    assert (count_geodatabase_rows(path)[ROLE] is None) is (change != "cut off")
    result = check_data(path, ["SCH003"])
    assert [one.role for one in list_findings_of_rules(result.report, "SCH003")] == [ROLE]
    assert list(result.plan.layers) == [OTHER_ROLE]


def test_table_that_a_registered_view_reads_is_no_unread_data(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", make_tables())
    renamed = f"ALTER TABLE {ROLE} RENAME TO base"
    run_sql(path, renamed, f"CREATE VIEW {ROLE} AS SELECT fid AS OGC_FID, * FROM base")
    (finding,) = list_findings_of_rules(check_data(path, ["SCH003"]).report, "RUN905")
    assert finding.case == "filter"
    run_sql(path, f"DROP VIEW {ROLE}", f"CREATE VIEW {ROLE} AS SELECT * FROM {OTHER_ROLE}")
    assert "base" in {layer.name for layer in read_source(path) if layer.problem}


@pytest.mark.parametrize("change", [{"type": "feature"}, {"type": None}, {"type": "FeatureCollection"}])
def test_feature_that_a_driver_leaves_out_of_a_geojson_makes_its_layer_unusable(tmp_path, change):
    path = tmp_path / f"{ROLE}.geojson"
    make_tables()[ROLE].to_crs(4490).to_file(path, driver="GeoJSON")
    content = json.loads(path.read_text("utf-8"))
    content["features"][1] |= change
    path.write_text(json.dumps(content), "utf-8")
    assert [one.problem for one in read_source(path)] == [("rows_disagree", {"read": 2, "stored": 3})]
