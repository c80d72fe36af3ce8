# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the geodatabase of yearly maintenance (年度动态维护)."""

import json
import math

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from osgeo import gdal, ogr

from plugin.core.__main__ import main
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import ORIGIN
from plugin.core.standard.messages.texts import Texts
from plugin.core.studies.yearly.balance import convert_balance_to_dict, list_notes, make_balance_tables
from plugin.core.studies.yearly.write_maintenance import write_update
from tests.core.gdal_switch import gdal_raises
from tests.core.studies.yearly.test_write import CURRENT_ROWS, DELIVERY_NAME, FILED_ROWS
from tests.core.studies.yearly.test_yearly import get_single_layer, make_row, make_zone, measure_area, run_update
from tests.county.measure import statutory_area
from tests.parametrize import first_daily

CAUSE_FIELDS = ("WHLY", "JDZBLY", "KZBSHSLX")
MAINTENANCE_RULES = {"DOC020", "DOC021", "DOC022", "DOC023"}
CONFIRMED_PROFILE = """
id = "x"
name = "浑源县"
area_code = "140225"
base = "hunyuan"
[confirmed]
by = "县自然资源局"
document = "测试〔2026〕1号"
date = "2026-01-01"
items = ["all"]
"""


def add_measured_areas(edition):
    """Return rows with the measured area of each shape in the field MJ."""
    return {
        role: [
            {**one, "MJ": round(measure_area(shapely.from_wkt(one["wkt"])), 2)} if "MJ" in one else one for one in rows
        ]
        for role, rows in edition.items()
    }


@pytest.fixture
def maintenance_geodatabase(tmp_path):
    write_update(run_update(add_measured_areas(FILED_ROWS), add_measured_areas(CURRENT_ROWS)), tmp_path)
    return tmp_path / f"{DELIVERY_NAME}.gdb"


def edit_rows(path, layer, change):
    """Apply a function to every row of a layer by osgeo, as an editor would."""
    with gdal_raises(True):
        database = gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR)
        table = database.GetLayerByName(layer)
        for row in list(table):
            change(row)
            table.SetFeature(row)
        del table, database


def fill_causes(path):
    def set_causes(row):
        for name, value in zip(CAUSE_FIELDS, ("01", "无", "01"), strict=True):
            row[name] = value

    for name in ("WHCGHFQ", "WHCZXCQCSLX"):
        edit_rows(path, name, set_causes)


def check_maintenance_geodatabase(path, tmp_path):
    profile = tmp_path / "x.toml"
    profile.write_text(CONFIRMED_PROFILE, encoding="utf-8")
    return check_plan(path, RunOptions(profile=str(profile))).report


def list_maintenance_findings(report):
    return {(f.code, f.case, f.role, f.field) for f in report.findings if f.code in MAINTENANCE_RULES}


def test_check_of_a_new_maintenance_geodatabase_reports_only_missing_causes(maintenance_geodatabase, tmp_path):
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    assert report.provenance["scope"] == "maintenance"
    assert {r.code for r in report.rules} >= MAINTENANCE_RULES and not report.left_out
    # The single zone change is reported by its number; the two line changes are reported together.
    assert list_maintenance_findings(report) == {
        *(("DOC020", "", "WHCGHFQ", name) for name in CAUSE_FIELDS),
        *(("DOC020", "all", "WHCZXCQCSLX", name) for name in CAUSE_FIELDS),
    }
    assert {f.code for f in report.findings} == {"DOC020"} and report.verdict == "conditional"
    message = next(f.message for f in report.findings if (f.role, f.field) == ("WHCGHFQ", "WHLY"))
    assert "规划分区（维护）" in message and "20260309000001" in message and "WHLY" in message and "请填写" in message


def test_maintenance_geodatabase_with_causes_passes_the_check(maintenance_geodatabase, tmp_path):
    fill_causes(maintenance_geodatabase)
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    assert report.verdict == "pass", [f.message for f in report.findings] + [r.reason for r in report.rules]


@pytest.mark.parametrize(
    ("layer", "change", "wanted"),
    first_daily([
        ("WHCZXCQCSLX", lambda row: row.SetField("WHLX", "2"), {("DOC022", "kind"), ("DOC022", "untold"), ("DOC023", "count")}),
        ("WHCGHFQ", lambda row: row.SetField("WHLX", "1"), {("DOC022", "kind"), ("DOC022", "untold_code"), ("DOC023", "count")}),
        ("WHCZXCQCSLX", lambda row: row.SetField("WHBH", "20260309000009"), {("DOC021", "repeated")}),
        ("WHHZXCQCSLX", lambda row: row.SetField("BSM", "140225000000000001"), {("DOC021", "key")}),
        ("WHHGHFQ", lambda row: row.SetField("GHFQDM", "200"), {("DOC022", "same")}),
        ("WHCZXCQCSLX", lambda row: row.SetField("XZQDM", "140226"), {("DOC021", "county")}),
        ("WHHZXCQCSLX", lambda row: row.SetField("MJ", 1.0), {("DOC023", "field")}),
        ("WHQZXCQCSLX", lambda row: row.SetField("MJ", 1.0), {("DOC023", "filed_field")}),
    ], 2),
    ids=["line kind", "zone kind", "repeated number", "old key", "code", "division", "area", "filed area"],
)  # fmt: skip
def test_value_edited_in_the_maintenance_geodatabase_is_reported(
    maintenance_geodatabase, tmp_path, layer, change, wanted
):
    fill_causes(maintenance_geodatabase)
    edit_rows(maintenance_geodatabase, layer, change)
    assert {
        (code, case)
        for code, case, *_ in list_maintenance_findings(
            check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
        )
    } == wanted


def test_shape_edited_in_the_maintenance_geodatabase_is_reported(maintenance_geodatabase, tmp_path):
    """Shrink a change by a quarter; its land then lacks a record, the balance differs."""
    fill_causes(maintenance_geodatabase)

    def shrink(row):
        west, south, east, north = shapely.from_wkb(bytes(row.GetGeometryRef().ExportToWkb())).bounds
        box = shapely.box(west, south, east - (east - west) / 4, north)
        row.SetGeometry(ogr.ForceToMultiPolygon(ogr.CreateGeometryFromWkb(shapely.to_wkb(box))))

    edit_rows(maintenance_geodatabase, "WHCGHFQ", shrink)
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    assert {("DOC022", "untold_code"), ("DOC023", "area")} <= {
        (c, case) for c, case, *_ in list_maintenance_findings(report)
    }
    (found,) = [f for f in report.findings if f.case == "untold_code"]
    assert found.area_m2 == pytest.approx(2000, rel=0.05) and report.verdict == "fail"


def test_missing_area_balance_makes_its_rule_not_applicable(maintenance_geodatabase, tmp_path):
    fill_causes(maintenance_geodatabase)
    maintenance_geodatabase.with_name(f"{DELIVERY_NAME}面积平衡表.json").unlink()
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    (rule,) = [r for r in report.rules if r.code == "DOC023"]
    assert rule.outcome == "not_applicable" and "平衡表" in rule.reason and report.verdict == "pass"


@pytest.mark.parametrize("text", first_daily(["", "{", "[]", '{"layers": [{}]}', '{"layers": 3}']))
def test_unreadable_area_balance_makes_its_rule_not_applicable(maintenance_geodatabase, tmp_path, text):
    maintenance_geodatabase.with_name(f"{DELIVERY_NAME}面积平衡表.json").write_text(text, encoding="utf-8")
    (rule,) = [r for r in check_maintenance_geodatabase(maintenance_geodatabase, tmp_path).rules if r.code == "DOC023"]
    assert rule.outcome == "not_applicable"


def test_ordinary_plan_is_not_checked_by_yearly_maintenance_rules(tmp_path, maintenance_geodatabase):
    pyogrio.write_dataframe(
        pyogrio.read_dataframe(maintenance_geodatabase, layer="WHHGHFQ").to_crs(4526),
        tmp_path / "库.gpkg",
        layer="GHFQ",
    )
    assert not MAINTENANCE_RULES & {r.code for r in check_maintenance_geodatabase(tmp_path / "库.gpkg", tmp_path).rules}


def test_strict_check_command_fails_on_missing_causes_of_changes(maintenance_geodatabase, capsys):
    assert main(["check", str(maintenance_geodatabase), "--strict"]) == 1
    assert "DOC020" in capsys.readouterr().out


def test_change_layers_of_two_plan_layers_of_one_concept_are_both_read(maintenance_geodatabase, tmp_path):
    """Read change layers of two layers of one concept; none replaces another."""
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    assert not [notice for notice in report.provenance["notices"] if "WHCZXCQCSLX" in notice]
    assert not check_plan(maintenance_geodatabase, RunOptions(profile="hunyuan", rules=("REL011",))).report.findings


#: A zone 700 m wide that a slanting line cuts in two, and one to the south of it that stays.
FILED_PARCEL = "POLYGON ((0 0, 700 0, 700 400, 0 400, 0 0))"
WEST_HALF = "POLYGON ((0 0, 340 0, 340.4 400, 0 400, 0 0))"
EAST_HALF = "POLYGON ((340 0, 700 0, 700 400, 340.4 400, 340 0))"
PARCEL_WITH_PEAK = "POLYGON ((0 0, 700 0, 700 400, 340.4 400, 0 400, 0 0))"
SOUTHERN_NEIGHBOUR = "POLYGON ((0 0, 0 -300, 700 -300, 700 0, 0 0))"
TO_DEGREES = pyproj.Transformer.from_crs(4526, 4490, always_xy=True)
TO_PLANE = pyproj.Transformer.from_crs(4490, 4526, always_xy=True)


def run_update_of_split_zone():
    south = make_zone(shapely.from_wkt(SOUTHERN_NEIGHBOUR), 2, "300")
    halves = [make_zone(shapely.from_wkt(WEST_HALF), 1, "200"), make_zone(shapely.from_wkt(EAST_HALF), 3, "400")]
    return run_update(
        {"GHFQ": [make_zone(shapely.from_wkt(FILED_PARCEL), 1, "200"), south]}, {"GHFQ": [*halves, south]}
    )


@pytest.fixture
def geodatabase_of_a_split_zone(tmp_path):
    write_update(run_update_of_split_zone(), tmp_path)
    return tmp_path / f"{DELIVERY_NAME}.gdb"


def read_stage_shapes(path, stage):
    return pyogrio.read_dataframe(path, layer=f"WH{stage}GHFQ").geometry.to_numpy()


def to_degrees(x, y):
    return np.array(TO_DEGREES.transform(ORIGIN[0] + x, ORIGIN[1] + y))


def sagitta_m(x, y, width):
    """Return the distance (m) between an edge straight in metres and one in degrees.

    The west–east edge begins at x = 0 and has the given width; y is its northing. Only pyproj is used.
    """
    a, b, p = to_degrees(0, y), to_degrees(width, y), to_degrees(x, y)
    chord = a + (b - a) * (p[0] - a[0]) / (b[0] - a[0])
    return float(np.subtract(TO_PLANE.transform(*p), TO_PLANE.transform(*chord))[1])


def test_area_between_the_long_example_edge_and_its_chord_exceeds_the_sliver_limit():
    """Compare with L²·tan φ / 8R at the middle of the edge.

    The area between the edges and their chords exceeds the sliver limit of 0.5 m².
    """
    latitude, radius = math.radians(to_degrees(350, 0)[1]), 6_390_000
    sag = 700**2 * math.tan(latitude) / (8 * radius)
    assert abs(sagitta_m(350, 0, 700)) == pytest.approx(sag, rel=0.02) and 0.007 < sag < 0.009
    assert abs(sagitta_m(340, 0, 700)) * 700 / 2 > 2.5


def test_new_maintenance_geodatabase_lacks_only_causes_and_passes_the_check_once_they_are_filled(
    geodatabase_of_a_split_zone, tmp_path
):
    assert {f.code for f in check_plan(geodatabase_of_a_split_zone, RunOptions(profile="hunyuan")).report.findings} == {
        "DOC020"
    }
    fill_zones(geodatabase_of_a_split_zone)
    report = check_maintenance_geodatabase(geodatabase_of_a_split_zone, tmp_path)
    assert report.verdict == "pass", [f.message for f in report.findings]


def fill_zones(path):
    def set_causes(feature):
        for name in ("WHLY", "JDZBLY", "KZBSHSLX"):
            feature[name] = "01"

    edit_rows(path, "WHCGHFQ", set_causes)


def test_layers_before_of_and_after_a_change_share_every_vertex(geodatabase_of_a_split_zone):
    """Compare the land of the three layers in degrees by plain shapely.

    Areas must add up by the independent formula.
    """
    before, change, after = (read_stage_shapes(geodatabase_of_a_split_zone, stage) for stage in "QCH")
    (filed,), halves = shapely.get_parts(before).tolist(), shapely.get_parts(after)
    assert len(filed.exterior.coords) == 7 and len(halves) == 2
    grid = 2e-9  # degrees: half a millimetre's tenth
    ring = shapely.get_coordinates(filed)
    for xy in shapely.get_coordinates(halves):
        assert np.abs(ring - xy).max(axis=1).min() < grid
    assert shapely.symmetric_difference(shapely.union_all(halves), filed).area * 8.6e9 < 1e-3
    assert statutory_area(halves, 4490).sum() == pytest.approx(statutory_area([filed], 4490)[0], abs=2e-4)
    assert shapely.symmetric_difference(change[0], halves[1]).area * 8.6e9 < 1e-3


def test_before_change_layer_keeps_the_filed_shape_in_its_original_crs(geodatabase_of_a_split_zone):
    """Compare 维护前 with the filed shape to a tenth of a millimetre."""
    in_plane = shapely.transform(
        read_stage_shapes(geodatabase_of_a_split_zone, "Q")[0],
        lambda xy: np.column_stack(TO_PLANE.transform(*xy.T)) - ORIGIN,
    )
    assert shapely.hausdorff_distance(in_plane, shapely.from_wkt(FILED_PARCEL)) < 2e-4


def test_vertex_shifted_off_the_straight_edge_in_one_layer_is_reported(geodatabase_of_a_split_zone):
    """Move one vertex of the layer 维护后 by the distance of edge and chord."""
    move = sagitta_m(340.4, 400, 700)
    node = to_degrees(340.4, 400)

    def move_vertex(feature):
        shape = shapely.from_wkb(bytes(feature.GetGeometryRef().ExportToWkb()))
        step = np.array(TO_DEGREES.transform(ORIGIN[0] + 340.4, ORIGIN[1] + 400 - 1.5 * abs(move))) - node
        near = shapely.transform(shape, lambda xy: np.where(np.hypot(*(xy - node).T)[:, None] < 1e-8, xy + step, xy))
        from osgeo import ogr

        feature.SetGeometry(ogr.CreateGeometryFromWkb(shapely.to_wkb(near)))

    edit_rows(geodatabase_of_a_split_zone, "WHHGHFQ", move_vertex)
    found = [
        f
        for f in check_plan(geodatabase_of_a_split_zone, RunOptions(profile="hunyuan")).report.findings
        if f.code == "DOC022"
    ]
    assert {f.case for f in found} & {"untold", "lost", "not_after"}


def test_area_difference_of_inserted_vertices_is_attributed_to_the_changed_parcels():
    """Begin the balance with the area of the filed parcel by its stored corners."""
    # With a corner in the north only the southern edge bends, so the difference is not cancelled out.
    filed_wkt, west_wkt, east_wkt = (
        wkt.replace("340.4 400", "340.4 420") for wkt in (PARCEL_WITH_PEAK, WEST_HALF, EAST_HALF)
    )
    south = make_zone(shapely.from_wkt(SOUTHERN_NEIGHBOUR), 2, "300")
    halves = [make_zone(shapely.from_wkt(west_wkt), 1, "200"), make_zone(shapely.from_wkt(east_wkt), 3, "400")]
    done = run_update({"GHFQ": [make_zone(shapely.from_wkt(filed_wkt), 1, "200"), south]}, {"GHFQ": [*halves, south]})
    layer = get_single_layer(done)
    record = convert_balance_to_dict(done)["layers"][0]
    placed = [
        shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + ORIGIN) for wkt in (filed_wkt, west_wkt, east_wkt)
    ]
    filed, west, east = statutory_area(placed)
    gain = west + east - filed
    assert abs(gain) > 1
    assert record["balance"]["reshaped"] == pytest.approx(gain, abs=1e-3)
    assert record["balance"]["revalued"] == pytest.approx(gain, abs=1e-3)
    assert (
        record["zones"]["200"]["reshaped"] == pytest.approx(gain, abs=1e-3) and record["zones"]["300"]["reshaped"] == 0
    )
    assert record["before_m2"] == pytest.approx(west + east, abs=1e-3) == record["after_m2"]
    assert record["kinds"]["changed"]["area_m2"] == pytest.approx(east, abs=1e-3)
    assert layer.comparison.balance_by_basis["statutory"].before == pytest.approx(
        filed + statutory_area([make_southern_neighbour()])[0], abs=1e-3
    )
    texts = Texts("zh")
    for table in make_balance_tables(done, texts)[:2]:
        columns = {column.id: n for n, column in enumerate(table.columns)}
        for line in table.rows:
            untouched = "revalued" if "revalued" in columns else "rest"
            assert abs(line.values[columns[untouched]].value) < 1e-3, line
    assert any("维护前" in note and f"{gain:.2f}" in note for note in list_notes(done, texts))
    json.dumps(record, allow_nan=False)


def make_southern_neighbour():
    return shapely.transform(shapely.from_wkt(SOUTHERN_NEIGHBOUR), lambda xy: xy + ORIGIN)


def test_vertex_drawn_a_millimetre_off_an_edge_of_the_filed_edition_does_not_bend_that_edge(tmp_path):
    """Draw a new vertex one millimetre off the edge, without snapping.

    In metres the difference is a sliver below the limit. 维护前 gets the nearest point on the edge, which does not move.
    """
    west = "POLYGON ((0 0, 340 0, 340.4 399.999, 0 400, 0 0))"
    east = "POLYGON ((340 0, 700 0, 700 400, 340.4 399.999, 340 0))"
    filed = make_zone(shapely.from_wkt(FILED_PARCEL), 1, "200")
    halves = [make_zone(shapely.from_wkt(west), 1, "200"), make_zone(shapely.from_wkt(east), 3, "400")]
    write_update(run_update({"GHFQ": [filed]}, {"GHFQ": halves}), tmp_path)
    path = tmp_path / f"{DELIVERY_NAME}.gdb"
    assert {f.code for f in check_plan(path, RunOptions(profile="hunyuan")).report.findings} == {"DOC020"}
    in_plane = shapely.transform(
        read_stage_shapes(path, "Q")[0], lambda xy: np.column_stack(TO_PLANE.transform(*xy.T)) - ORIGIN
    )
    assert shapely.hausdorff_distance(in_plane, shapely.from_wkt(FILED_PARCEL)) < 2e-4


def test_moved_control_line_has_the_same_vertices_in_all_three_layers(tmp_path):
    """Remove land from the middle of a long edge and keep an island unchanged."""
    before = "POLYGON ((0 0, 900 0, 900 300, 0 300, 0 0), (100 100, 100 200, 800 200, 800 100, 100 100))"
    after = "POLYGON ((0 0, 400 0, 400 50, 500 50, 500 0, 900 0, 900 300, 0 300, 0 0), (100 100, 100 200, 800 200, 800 100, 100 100))"
    done = run_update(
        {"ZXCQCSLX": [make_row(shapely.from_wkt(before), 1)]}, {"ZXCQCSLX": [make_row(shapely.from_wkt(after), 1)]}
    )
    write_update(done, tmp_path)
    path = tmp_path / f"{DELIVERY_NAME}.gdb"
    assert {f.code for f in check_plan(path, RunOptions(profile="hunyuan")).report.findings} == {"DOC020"}
    out, stays, was = (pyogrio.read_dataframe(path, layer=f"WH{stage}ZXCQCSLX").geometry.to_numpy() for stage in "CHQ")
    sizes = [statutory_area(shapes, 4490).sum() for shapes in (was, out, stays)]
    assert sizes[0] - sizes[1] == pytest.approx(sizes[2], abs=2e-4)


@pytest.mark.parametrize("turn", range(5))
def test_zero_width_spike_is_removed_from_a_changed_zone(tmp_path, turn):
    """Draw a ring that runs along an edge to a vertex and back.

    The spike has no area in metres but is a sliver in degrees, wherever the ring begins.
    """
    filed = "POLYGON ((0 0, 700 0, 700 400, 100 400, 0 400, 0 0))"
    west = "POLYGON ((0 0, 340 0, 340.4 400, 100 400, 0 400, 0 0))"
    corners = ["700 0", "700 400", "100 400.00001", "340.4 400", "340 0"]
    turned = [*corners[turn:], *corners[:turn]]
    half = shapely.from_wkt(f"POLYGON (({', '.join([*turned, turned[0]])}))")
    assert half.is_valid
    done = run_update(
        {"GHFQ": [make_zone(shapely.from_wkt(filed), 1, "200")]},
        {"GHFQ": [make_zone(shapely.from_wkt(west), 1, "200"), make_zone(half, 3, "400")]},
    )
    write_update(done, tmp_path)
    path = tmp_path / f"{DELIVERY_NAME}.gdb"
    assert {f.code for f in check_plan(path, RunOptions(profile="hunyuan")).report.findings} == {"DOC020"}
    after = read_stage_shapes(path, "H")
    assert sorted(len(shapely.get_coordinates(shape)) for shape in after) == [5, 6]


def test_filed_area_that_differs_only_by_inserted_vertices_is_accepted_and_4_m2_more_are_reported(tmp_path):
    """Accept areas (MJ) that differ by inserted vertices; report 4 m² more."""
    shapes = {
        name: shapely.from_wkt(wkt)
        for name, wkt in (("filed", PARCEL_WITH_PEAK), ("west", WEST_HALF), ("east", EAST_HALF))
    }
    shapes = {name: shapely.from_wkt(s.wkt.replace("340.4 400", "340.4 420")) for name, s in shapes.items()}
    own = {
        name: round(float(statutory_area([shapely.transform(s, lambda xy: xy + ORIGIN)])[0]), 2)
        for name, s in shapes.items()
    }
    for more, expected in ((0.0, set()), (4.0, {"filed_field"})):
        folder = tmp_path / f"{more:.0f}"
        folder.mkdir()
        done = run_update(
            {"GHFQ": [make_zone(shapes["filed"], 1, "200", MJ=own["filed"] + more)]},
            {
                "GHFQ": [
                    make_zone(shapes["west"], 1, "200", MJ=own["west"]),
                    make_zone(shapes["east"], 3, "400", MJ=own["east"]),
                ]
            },
        )
        write_update(done, folder)
        assert abs(get_single_layer(done).area_before_m2 - own["filed"]) > 1.1
        report = check_plan(folder / f"{DELIVERY_NAME}.gdb", RunOptions(profile="hunyuan")).report
        assert {f.case for f in report.findings if f.code == "DOC023"} == expected
