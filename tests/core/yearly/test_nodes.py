# SPDX-License-Identifier: GPL-2.0-or-later
"""A node put on an edge that is straight in the plane lies beside that edge in degrees: before, change and after have it all
three, so that a geodatabase fresh from its making passes its own check, and a real shift of that size is found."""

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
from tests.core.yearly.test_check import edit, looked
from tests.core.yearly.test_write import NAME
from tests.core.yearly.test_yearly import only, row, update, zone
from tests.county.measure import statutory_area

#: A zone 700 m wide that a slanting line cuts in two, and one to the south of it that stays.
FILED = "POLYGON ((0 0, 700 0, 700 400, 0 400, 0 0))"
WEST = "POLYGON ((0 0, 340 0, 340.4 400, 0 400, 0 0))"
EAST = "POLYGON ((340 0, 700 0, 700 400, 340.4 400, 340 0))"
PEAK = "POLYGON ((0 0, 700 0, 700 400, 340.4 400, 0 400, 0 0))"
SOUTH = "POLYGON ((0 0, 0 -300, 700 -300, 700 0, 0 0))"
TO_DEGREES = pyproj.Transformer.from_crs(4526, 4490, always_xy=True)
TO_PLANE = pyproj.Transformer.from_crs(4490, 4526, always_xy=True)


def cut_in_two():
    south = zone(shapely.from_wkt(SOUTH), 2, "300")
    halves = [zone(shapely.from_wkt(WEST), 1, "200"), zone(shapely.from_wkt(EAST), 3, "400")]
    return update({"GHFQ": [zone(shapely.from_wkt(FILED), 1, "200"), south]}, {"GHFQ": [*halves, south]})


@pytest.fixture
def made(tmp_path):
    write_update(cut_in_two(), tmp_path)
    return tmp_path / f"{NAME}.gdb"


def read(path, stage):
    return pyogrio.read_dataframe(path, layer=f"WH{stage}GHFQ").geometry.to_numpy()


def degrees(x, y):
    return np.array(TO_DEGREES.transform(ORIGIN[0] + x, ORIGIN[1] + y))


def beside(x, y, width):
    """How far (m) a point of a west–east edge of a length from x = 0 lies beside the straight line in degrees, by pyproj alone."""
    a, b, p = degrees(0, y), degrees(width, y), degrees(x, y)
    chord = a + (b - a) * (p[0] - a[0]) / (b[0] - a[0])
    return float(np.subtract(TO_PLANE.transform(*p), TO_PLANE.transform(*chord))[1])


def test_the_example_is_one_that_bends():
    """L²·tan φ / 8R at the middle; and what the two edges enclose with their chords is more than a sliver's 0.5 m²."""
    latitude, radius = math.radians(degrees(350, 0)[1]), 6_390_000
    sag = 700**2 * math.tan(latitude) / (8 * radius)
    assert abs(beside(350, 0, 700)) == pytest.approx(sag, rel=0.02) and 0.007 < sag < 0.009
    assert abs(beside(340, 0, 700)) * 700 / 2 > 2.5


def test_fresh_from_its_making_it_has_nothing_against_itself(made, tmp_path):
    assert {f.code for f in check_plan(made, Options(profile="hunyuan")).report.findings} == {"DOC020"}
    fill_zones(made)
    report = looked(made, tmp_path)
    assert report.verdict == "pass", [f.message for f in report.findings]


def fill_zones(path):
    def causes(row):
        for name in ("WHLY", "JDZBLY", "KZBSHSLX"):
            row[name] = "01"

    edit(path, "WHCGHFQ", causes)


def test_before_change_and_after_share_every_node(made):
    """The same land in degrees, to the geodatabase's own digits, by plain shapely; and areas add up by another hand's formula."""
    before, change, after = (read(made, stage) for stage in "QCH")
    (filed,), halves = shapely.get_parts(before).tolist(), shapely.get_parts(after)
    assert len(filed.exterior.coords) == 7 and len(halves) == 2
    grid = 2e-9  # degrees: half a millimetre's tenth
    ring = shapely.get_coordinates(filed)
    for xy in shapely.get_coordinates(halves):
        assert np.abs(ring - xy).max(axis=1).min() < grid
    assert shapely.symmetric_difference(shapely.union_all(halves), filed).area * 8.6e9 < 1e-3
    assert statutory_area(halves, 4490).sum() == pytest.approx(statutory_area([filed], 4490)[0], abs=2e-4)
    assert shapely.symmetric_difference(change[0], halves[1]).area * 8.6e9 < 1e-3


def test_in_the_crs_of_drawing_nothing_has_moved(made):
    """What was before is the filed shape, straight where it was drawn straight, to a tenth of a millimetre."""
    in_plane = shapely.transform(read(made, "Q")[0], lambda xy: np.column_stack(TO_PLANE.transform(*xy.T)) - ORIGIN)
    assert shapely.hausdorff_distance(in_plane, shapely.from_wkt(FILED)) < 2e-4


def test_a_real_shift_of_that_size_is_found(made):
    """The node on the northern edge is moved in 维护后 alone, by as much as it lies beside the chord."""
    move = beside(340.4, 400, 700)
    node = degrees(340.4, 400)

    def moved(row):
        shape = shapely.from_wkb(bytes(row.GetGeometryRef().ExportToWkb()))
        step = np.array(TO_DEGREES.transform(ORIGIN[0] + 340.4, ORIGIN[1] + 400 - 1.5 * abs(move))) - node
        near = shapely.transform(shape, lambda xy: np.where(np.hypot(*(xy - node).T)[:, None] < 1e-8, xy + step, xy))
        from osgeo import ogr

        row.SetGeometry(ogr.CreateGeometryFromWkb(shapely.to_wkb(near)))

    edit(made, "WHHGHFQ", moved)
    found = [f for f in check_plan(made, Options(profile="hunyuan")).report.findings if f.code == "DOC022"]
    assert {f.case for f in found} & {"untold", "lost", "not_after"}


def test_the_balance_books_the_difference_with_the_parcels_that_were_touched():
    """The filed parcel's own area, its stored corners alone, is what the balance begins with."""
    # With a corner in the north only the southern edge bends: nothing makes up for it.
    filed_wkt, west_wkt, east_wkt = (wkt.replace("340.4 400", "340.4 420") for wkt in (PEAK, WEST, EAST))
    south = zone(shapely.from_wkt(SOUTH), 2, "300")
    halves = [zone(shapely.from_wkt(west_wkt), 1, "200"), zone(shapely.from_wkt(east_wkt), 3, "400")]
    done = update({"GHFQ": [zone(shapely.from_wkt(filed_wkt), 1, "200"), south]}, {"GHFQ": [*halves, south]})
    layer = only(done)
    told = to_dict(done)["layers"][0]
    placed = [
        shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + ORIGIN) for wkt in (filed_wkt, west_wkt, east_wkt)
    ]
    filed, west, east = statutory_area(placed)
    gain = west + east - filed
    assert abs(gain) > 1
    assert told["balance"]["reshaped"] == pytest.approx(gain, abs=1e-3)
    assert told["balance"]["revalued"] == pytest.approx(gain, abs=1e-3)
    assert told["zones"]["200"]["reshaped"] == pytest.approx(gain, abs=1e-3) and told["zones"]["300"]["reshaped"] == 0
    assert told["before_m2"] == pytest.approx(west + east, abs=1e-3) == told["after_m2"]
    assert told["kinds"]["changed"]["area_m2"] == pytest.approx(east, abs=1e-3)
    assert layer.found.total["statutory"].before == pytest.approx(filed + statutory_area([placed_south()])[0], abs=1e-3)
    texts = Texts("zh")
    for table in all_tables(done, texts)[:2]:
        columns = {column.id: n for n, column in enumerate(table.columns)}
        for line in table.rows:
            untouched = "revalued" if "revalued" in columns else "rest"
            assert abs(line.values[columns[untouched]].value) < 1e-3, line
    assert any("维护前" in said and f"{gain:.2f}" in said for said in list_notes(done, texts))
    json.dumps(told, allow_nan=False)


def placed_south():
    return shapely.transform(shapely.from_wkt(SOUTH), lambda xy: xy + ORIGIN)


def test_a_node_some_millimetres_off_the_edge_leaves_the_edge_where_it_is(tmp_path):
    """Drawn without snapping: in the plane a sliver that nobody counts. 维护前 gets the foot of it, and stays straight."""
    west = "POLYGON ((0 0, 340 0, 340.4 399.999, 0 400, 0 0))"
    east = "POLYGON ((340 0, 700 0, 700 400, 340.4 399.999, 340 0))"
    filed = zone(shapely.from_wkt(FILED), 1, "200")
    halves = [zone(shapely.from_wkt(west), 1, "200"), zone(shapely.from_wkt(east), 3, "400")]
    done = update({"GHFQ": [filed]}, {"GHFQ": halves})
    write_update(done, tmp_path)
    path = tmp_path / f"{NAME}.gdb"
    assert {f.code for f in check_plan(path, Options(profile="hunyuan")).report.findings} == {"DOC020"}
    in_plane = shapely.transform(read(path, "Q")[0], lambda xy: np.column_stack(TO_PLANE.transform(*xy.T)) - ORIGIN)
    assert shapely.hausdorff_distance(in_plane, shapely.from_wkt(FILED)) < 2e-4


def test_a_moved_line_shares_its_nodes_too(tmp_path):
    """调出 from the middle of a long edge, and an island that stays an island."""
    before = "POLYGON ((0 0, 900 0, 900 300, 0 300, 0 0), (100 100, 100 200, 800 200, 800 100, 100 100))"
    after = "POLYGON ((0 0, 400 0, 400 50, 500 50, 500 0, 900 0, 900 300, 0 300, 0 0), (100 100, 100 200, 800 200, 800 100, 100 100))"
    done = update({"ZXCQCSLX": [row(shapely.from_wkt(before), 1)]}, {"ZXCQCSLX": [row(shapely.from_wkt(after), 1)]})
    write_update(done, tmp_path)
    path = tmp_path / f"{NAME}.gdb"
    assert {f.code for f in check_plan(path, Options(profile="hunyuan")).report.findings} == {"DOC020"}
    out, stays, was = (pyogrio.read_dataframe(path, layer=f"WH{stage}ZXCQCSLX").geometry.to_numpy() for stage in "CHQ")
    sizes = [statutory_area(shapes, 4490).sum() for shapes in (was, out, stays)]
    assert sizes[0] - sizes[1] == pytest.approx(sizes[2], abs=2e-4)


@pytest.mark.parametrize("turn", range(5))
def test_a_spike_of_no_width_that_cutting_left_falls_away(tmp_path, turn):
    """The east half runs along the edge to an old node and back, as a cut by difference leaves it: no land in the plane, but a
    sliver in degrees. Wherever its ring begins."""
    filed = "POLYGON ((0 0, 700 0, 700 400, 100 400, 0 400, 0 0))"
    west = "POLYGON ((0 0, 340 0, 340.4 400, 100 400, 0 400, 0 0))"
    corners = ["700 0", "700 400", "100 400.00001", "340.4 400", "340 0"]
    turned = [*corners[turn:], *corners[:turn]]
    half = shapely.from_wkt(f"POLYGON (({', '.join([*turned, turned[0]])}))")
    assert half.is_valid
    done = update(
        {"GHFQ": [zone(shapely.from_wkt(filed), 1, "200")]},
        {"GHFQ": [zone(shapely.from_wkt(west), 1, "200"), zone(half, 3, "400")]},
    )
    write_update(done, tmp_path)
    path = tmp_path / f"{NAME}.gdb"
    assert {f.code for f in check_plan(path, Options(profile="hunyuan")).report.findings} == {"DOC020"}
    after = read(path, "H")
    assert sorted(len(shapely.get_coordinates(shape)) for shape in after) == [5, 6]


def test_areas_that_were_filed_hold_although_vertices_came_on_their_edges(tmp_path):
    """MJ of the shape as it was filed is off by what the vertices make, and by no more: two square metres more are told."""
    shapes = {name: shapely.from_wkt(wkt) for name, wkt in (("filed", PEAK), ("west", WEST), ("east", EAST))}
    shapes = {name: shapely.from_wkt(s.wkt.replace("340.4 400", "340.4 420")) for name, s in shapes.items()}
    own = {
        name: round(float(statutory_area([shapely.transform(s, lambda xy: xy + ORIGIN)])[0]), 2)
        for name, s in shapes.items()
    }
    for more, told in ((0.0, set()), (4.0, {"filed_field"})):
        folder = tmp_path / f"{more:.0f}"
        folder.mkdir()
        done = update(
            {"GHFQ": [zone(shapes["filed"], 1, "200", MJ=own["filed"] + more)]},
            {"GHFQ": [zone(shapes["west"], 1, "200", MJ=own["west"]), zone(shapes["east"], 3, "400", MJ=own["east"])]},
        )
        write_update(done, folder)
        assert abs(only(done).before_m2 - own["filed"]) > 1.1
        report = check_plan(folder / f"{NAME}.gdb", Options(profile="hunyuan")).report
        assert {f.case for f in report.findings if f.code == "DOC023"} == told
