# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes inserted on long edges, which are straight in the plane but not in degrees.

Before, change and after must all contain each node. Then a freshly written geodatabase passes its check, and a real
shift of that size is still found.
"""

import json
import math

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from plugin.core.check import Options, check_plan
from plugin.core.messages.texts import Texts
from plugin.core.yearly.balance import all_tables, list_notes, to_dict
from plugin.core.yearly.write import write_update
from tests.core.examples import ORIGIN
from tests.core.yearly.test_check import check_update, edit_rows
from tests.core.yearly.test_write import NAME
from tests.core.yearly.test_yearly import make_row, make_zone, run_update, single_layer
from tests.county.measure import statutory_area

#: A zone 700 m wide that a slanting line cuts in two, and one to the south of it that stays.
FILED = "POLYGON ((0 0, 700 0, 700 400, 0 400, 0 0))"
WEST = "POLYGON ((0 0, 340 0, 340.4 400, 0 400, 0 0))"
EAST = "POLYGON ((340 0, 700 0, 700 400, 340.4 400, 340 0))"
PEAK = "POLYGON ((0 0, 700 0, 700 400, 340.4 400, 0 400, 0 0))"
SOUTH = "POLYGON ((0 0, 0 -300, 700 -300, 700 0, 0 0))"
TO_DEGREES = pyproj.Transformer.from_crs(4526, 4490, always_xy=True)
TO_PLANE = pyproj.Transformer.from_crs(4490, 4526, always_xy=True)


def split_zone():
    south = make_zone(shapely.from_wkt(SOUTH), 2, "300")
    halves = [make_zone(shapely.from_wkt(WEST), 1, "200"), make_zone(shapely.from_wkt(EAST), 3, "400")]
    return run_update({"GHFQ": [make_zone(shapely.from_wkt(FILED), 1, "200"), south]}, {"GHFQ": [*halves, south]})


@pytest.fixture
def geodatabase(tmp_path):
    write_update(split_zone(), tmp_path)
    return tmp_path / f"{NAME}.gdb"


def read_shapes(path, stage):
    return pyogrio.read_dataframe(path, layer=f"WH{stage}GHFQ").geometry.to_numpy()


def to_degrees(x, y):
    return np.array(TO_DEGREES.transform(ORIGIN[0] + x, ORIGIN[1] + y))


def sagitta_m(x, y, width):
    """Return the distance (m) of a point on a west–east edge from the straight line in degrees.

    The edge begins at x = 0 and has the given width; only pyproj is used.
    """
    a, b, p = to_degrees(0, y), to_degrees(width, y), to_degrees(x, y)
    chord = a + (b - a) * (p[0] - a[0]) / (b[0] - a[0])
    return float(np.subtract(TO_PLANE.transform(*p), TO_PLANE.transform(*chord))[1])


def test_example_edge_bends_by_more_than_the_sliver_limit():
    """Compare with L²·tan φ / 8R at the middle of the edge.

    The area between the two edges and their chords exceeds the sliver limit of 0.5 m².
    """
    latitude, radius = math.radians(to_degrees(350, 0)[1]), 6_390_000
    sag = 700**2 * math.tan(latitude) / (8 * radius)
    assert abs(sagitta_m(350, 0, 700)) == pytest.approx(sag, rel=0.02) and 0.007 < sag < 0.009
    assert abs(sagitta_m(340, 0, 700)) * 700 / 2 > 2.5


def test_new_geodatabase_passes_its_own_check(geodatabase, tmp_path):
    assert {f.code for f in check_plan(geodatabase, Options(profile="hunyuan")).report.findings} == {"DOC020"}
    fill_zones(geodatabase)
    report = check_update(geodatabase, tmp_path)
    assert report.verdict == "pass", [f.message for f in report.findings]


def fill_zones(path):
    def causes(feature):
        for name in ("WHLY", "JDZBLY", "KZBSHSLX"):
            feature[name] = "01"

    edit_rows(path, "WHCGHFQ", causes)


def test_before_change_and_after_share_every_node(geodatabase):
    """Compare land in degrees at the geodatabase resolution by plain shapely.

    Areas must add up by the independent formula.
    """
    before, change, after = (read_shapes(geodatabase, stage) for stage in "QCH")
    (filed,), halves = shapely.get_parts(before).tolist(), shapely.get_parts(after)
    assert len(filed.exterior.coords) == 7 and len(halves) == 2
    grid = 2e-9  # degrees: half a millimetre's tenth
    ring = shapely.get_coordinates(filed)
    for xy in shapely.get_coordinates(halves):
        assert np.abs(ring - xy).max(axis=1).min() < grid
    assert shapely.symmetric_difference(shapely.union_all(halves), filed).area * 8.6e9 < 1e-3
    assert statutory_area(halves, 4490).sum() == pytest.approx(statutory_area([filed], 4490)[0], abs=2e-4)
    assert shapely.symmetric_difference(change[0], halves[1]).area * 8.6e9 < 1e-3


def test_filed_shape_is_unchanged_in_its_original_crs(geodatabase):
    """Compare the land of 维护前 with the filed shape to a tenth of a millimetre."""
    in_plane = shapely.transform(
        read_shapes(geodatabase, "Q")[0], lambda xy: np.column_stack(TO_PLANE.transform(*xy.T)) - ORIGIN
    )
    assert shapely.hausdorff_distance(in_plane, shapely.from_wkt(FILED)) < 2e-4


def test_shift_as_large_as_the_sagitta_is_reported(geodatabase):
    """Move the node on the northern edge in 维护后 only, by its distance from the chord."""
    move = sagitta_m(340.4, 400, 700)
    node = to_degrees(340.4, 400)

    def moved(feature):
        shape = shapely.from_wkb(bytes(feature.GetGeometryRef().ExportToWkb()))
        step = np.array(TO_DEGREES.transform(ORIGIN[0] + 340.4, ORIGIN[1] + 400 - 1.5 * abs(move))) - node
        near = shapely.transform(shape, lambda xy: np.where(np.hypot(*(xy - node).T)[:, None] < 1e-8, xy + step, xy))
        from osgeo import ogr

        feature.SetGeometry(ogr.CreateGeometryFromWkb(shapely.to_wkb(near)))

    edit_rows(geodatabase, "WHHGHFQ", moved)
    found = [f for f in check_plan(geodatabase, Options(profile="hunyuan")).report.findings if f.code == "DOC022"]
    assert {f.case for f in found} & {"untold", "lost", "not_after"}


def test_balance_assigns_the_area_difference_to_the_changed_parcels():
    """Begin the balance with the area of the filed parcel as its stored corners give it."""
    # With a corner in the north only the southern edge bends, so the difference is not cancelled out.
    filed_wkt, west_wkt, east_wkt = (wkt.replace("340.4 400", "340.4 420") for wkt in (PEAK, WEST, EAST))
    south = make_zone(shapely.from_wkt(SOUTH), 2, "300")
    halves = [make_zone(shapely.from_wkt(west_wkt), 1, "200"), make_zone(shapely.from_wkt(east_wkt), 3, "400")]
    done = run_update({"GHFQ": [make_zone(shapely.from_wkt(filed_wkt), 1, "200"), south]}, {"GHFQ": [*halves, south]})
    layer = single_layer(done)
    record = to_dict(done)["layers"][0]
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
    assert layer.found.total["statutory"].before == pytest.approx(filed + statutory_area([place_south()])[0], abs=1e-3)
    texts = Texts("zh")
    for table in all_tables(done, texts)[:2]:
        columns = {column.id: n for n, column in enumerate(table.columns)}
        for line in table.rows:
            untouched = "revalued" if "revalued" in columns else "rest"
            assert abs(line.values[columns[untouched]].value) < 1e-3, line
    assert any("维护前" in note and f"{gain:.2f}" in note for note in list_notes(done, texts))
    json.dumps(record, allow_nan=False)


def place_south():
    return shapely.transform(shapely.from_wkt(SOUTH), lambda xy: xy + ORIGIN)


def test_node_near_the_edge_does_not_bend_the_filed_edge(tmp_path):
    """Draw the new node without snapping, one millimetre off the edge.

    In the plane this is a sliver below the limit. 维护前 gets the foot of the perpendicular and its edge does not move.
    """
    west = "POLYGON ((0 0, 340 0, 340.4 399.999, 0 400, 0 0))"
    east = "POLYGON ((340 0, 700 0, 700 400, 340.4 399.999, 340 0))"
    filed = make_zone(shapely.from_wkt(FILED), 1, "200")
    halves = [make_zone(shapely.from_wkt(west), 1, "200"), make_zone(shapely.from_wkt(east), 3, "400")]
    done = run_update({"GHFQ": [filed]}, {"GHFQ": halves})
    write_update(done, tmp_path)
    path = tmp_path / f"{NAME}.gdb"
    assert {f.code for f in check_plan(path, Options(profile="hunyuan")).report.findings} == {"DOC020"}
    in_plane = shapely.transform(
        read_shapes(path, "Q")[0], lambda xy: np.column_stack(TO_PLANE.transform(*xy.T)) - ORIGIN
    )
    assert shapely.hausdorff_distance(in_plane, shapely.from_wkt(FILED)) < 2e-4


def test_moved_line_shares_its_nodes_in_all_classes(tmp_path):
    """Remove land from the middle of a long edge and keep an island unchanged."""
    before = "POLYGON ((0 0, 900 0, 900 300, 0 300, 0 0), (100 100, 100 200, 800 200, 800 100, 100 100))"
    after = "POLYGON ((0 0, 400 0, 400 50, 500 50, 500 0, 900 0, 900 300, 0 300, 0 0), (100 100, 100 200, 800 200, 800 100, 100 100))"
    done = run_update(
        {"ZXCQCSLX": [make_row(shapely.from_wkt(before), 1)]}, {"ZXCQCSLX": [make_row(shapely.from_wkt(after), 1)]}
    )
    write_update(done, tmp_path)
    path = tmp_path / f"{NAME}.gdb"
    assert {f.code for f in check_plan(path, Options(profile="hunyuan")).report.findings} == {"DOC020"}
    out, stays, was = (pyogrio.read_dataframe(path, layer=f"WH{stage}ZXCQCSLX").geometry.to_numpy() for stage in "CHQ")
    sizes = [statutory_area(shapes, 4490).sum() for shapes in (was, out, stays)]
    assert sizes[0] - sizes[1] == pytest.approx(sizes[2], abs=2e-4)


@pytest.mark.parametrize("turn", range(5))
def test_zero_width_spike_is_removed(tmp_path, turn):
    """Run the east half along the edge to an old node and back, as a difference operation leaves it.

    The spike has no area in the plane but is a sliver in degrees, wherever the ring begins.
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
    path = tmp_path / f"{NAME}.gdb"
    assert {f.code for f in check_plan(path, Options(profile="hunyuan")).report.findings} == {"DOC020"}
    after = read_shapes(path, "H")
    assert sorted(len(shapely.get_coordinates(shape)) for shape in after) == [5, 6]


def test_filed_areas_stay_valid_after_vertices_are_inserted(tmp_path):
    """Accept MJ that differs only by the inserted vertices; report a difference of 4 m² more."""
    shapes = {name: shapely.from_wkt(wkt) for name, wkt in (("filed", PEAK), ("west", WEST), ("east", EAST))}
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
        assert abs(single_layer(done).before_m2 - own["filed"]) > 1.1
        report = check_plan(folder / f"{NAME}.gdb", Options(profile="hunyuan")).report
        assert {f.case for f in report.findings if f.code == "DOC023"} == expected
