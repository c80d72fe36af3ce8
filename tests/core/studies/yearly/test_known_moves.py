# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护) of known moves, compared with hand results.

Every polygon is read from the written geodatabase. Areas are compared with an independent formula. The plans are in
metres, in degrees and in another zone.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
import shapely

from plugin.core.cli.examples.plans import make_example_norm
from plugin.core.studies.yearly.make import compute_update_from_files
from plugin.core.studies.yearly.write_maintenance import write_update
from tests.county.measure import statutory_area
from tests.parametrize import first_daily

fiona = pytest.importorskip("fiona")

WEST, SOUTH = 38_540_000.0, 4_390_000.0
#: Metres between two cases of one layer.
CASE_SPACING_M = 1000.0
DELIVERY_NAME = "140225浑源县2026年度县级国土空间总体规划动态维护"
LAND_USE_LAYER, HERITAGE_LINE_LAYER = "ZXCQGHYDYH", "LSWHBHX"
MOVED_IN, CHANGED, MOVED_OUT = "1", "2", "3"


def make_box(west, east, south=0.0, north=100.0):
    return shapely.box(west, south, east, north)


def cut_hole(outer, inner):
    return shapely.Polygon(outer.exterior.coords, [inner.exterior.coords])


def join_parts(*shapes):
    return shapely.MultiPolygon(shapes)


@dataclass
class MoveCase:
    """One move of land and the results worked out by hand.

    ``filed`` and ``current``: rows (key, shape, code) of both editions. ``before``: keys in 维护前; ``changes``: (kind,
    shape); ``after``: (code, shape); ``left``: square metres that no kind of change covers.
    """

    filed: list[tuple[int, Any, str]]
    current: list[tuple[int, Any, str]]
    before: list[int] = field(default_factory=list)
    changes: list[tuple[str, Any]] = field(default_factory=list)
    after: list[tuple[str, Any]] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)


SQUARE, ADJACENT_SQUARE = make_box(0, 100), make_box(100, 200)
SQUARE_HOLE, WIDER_HOLE = make_box(40, 60, 40, 60), make_box(30, 70, 30, 70)
HOUSING_CODE, FOREST_CODE, CROPLAND_CODE = "0701", "0301", "0101"
LAND_USE_CASES = {
    "edge moved into the neighbour": MoveCase(
        [(1, SQUARE, HOUSING_CODE), (2, ADJACENT_SQUARE, FOREST_CODE)],
        [(1, make_box(0, 120), HOUSING_CODE), (2, make_box(120, 200), FOREST_CODE)],
        [2],
        [(CHANGED, make_box(100, 120))],
        [(HOUSING_CODE, make_box(100, 120)), (FOREST_CODE, make_box(120, 200))],
    ),
    "changed code": MoveCase(
        [(1, SQUARE, HOUSING_CODE), (2, ADJACENT_SQUARE, FOREST_CODE)],
        [(1, SQUARE, CROPLAND_CODE), (2, ADJACENT_SQUARE, FOREST_CODE)],
        [1],
        [(CHANGED, SQUARE)],
        [(CROPLAND_CODE, SQUARE)],
    ),
    "split with one code": MoveCase(
        [(1, SQUARE, HOUSING_CODE)], [(1, make_box(0, 50), HOUSING_CODE), (2, make_box(50, 100), HOUSING_CODE)]
    ),
    "split, one half with another code": MoveCase(
        [(1, SQUARE, HOUSING_CODE)],
        [(1, make_box(0, 30), HOUSING_CODE), (2, make_box(30, 100), FOREST_CODE)],
        [1],
        [(CHANGED, make_box(30, 100))],
        [(HOUSING_CODE, make_box(0, 30)), (FOREST_CODE, make_box(30, 100))],
    ),
    "two merged under one code": MoveCase(
        [(1, SQUARE, HOUSING_CODE), (2, ADJACENT_SQUARE, FOREST_CODE)],
        [(1, make_box(0, 200), HOUSING_CODE)],
        [2],
        [(CHANGED, ADJACENT_SQUARE)],
        [(HOUSING_CODE, ADJACENT_SQUARE)],
    ),
    "hole enlarged": MoveCase(
        [(1, cut_hole(SQUARE, SQUARE_HOLE), HOUSING_CODE), (2, SQUARE_HOLE, FOREST_CODE)],
        [(1, cut_hole(SQUARE, WIDER_HOLE), HOUSING_CODE), (2, WIDER_HOLE, FOREST_CODE)],
        [1],
        [(CHANGED, cut_hole(WIDER_HOLE, SQUARE_HOLE))],
        [(HOUSING_CODE, cut_hole(SQUARE, WIDER_HOLE)), (FOREST_CODE, cut_hole(WIDER_HOLE, SQUARE_HOLE))],
    ),
    "island in a hole with another code": MoveCase(
        [
            (1, cut_hole(SQUARE, WIDER_HOLE), HOUSING_CODE),
            (2, cut_hole(WIDER_HOLE, SQUARE_HOLE), CROPLAND_CODE),
            (3, SQUARE_HOLE, FOREST_CODE),
        ],
        [
            (1, cut_hole(SQUARE, WIDER_HOLE), HOUSING_CODE),
            (2, cut_hole(WIDER_HOLE, SQUARE_HOLE), CROPLAND_CODE),
            (3, SQUARE_HOLE, CROPLAND_CODE),
        ],
        [3],
        [(CHANGED, SQUARE_HOLE)],
        [(CROPLAND_CODE, SQUARE_HOLE)],
    ),
    "touching at an edge and at a corner": MoveCase(
        [
            (1, SQUARE, HOUSING_CODE),
            (2, ADJACENT_SQUARE, FOREST_CODE),
            (3, make_box(200, 300, 100, 200), CROPLAND_CODE),
        ],
        [(1, SQUARE, FOREST_CODE), (2, ADJACENT_SQUARE, FOREST_CODE), (3, make_box(200, 300, 100, 200), CROPLAND_CODE)],
        [1],
        [(CHANGED, SQUARE)],
        [(FOREST_CODE, SQUARE)],
    ),
    "move below the tolerance": MoveCase([(1, SQUARE, HOUSING_CODE)], [(1, make_box(5e-5, 100 + 5e-5), HOUSING_CODE)]),
    "parts of one row": MoveCase(
        [(1, join_parts(SQUARE, make_box(300, 400)), HOUSING_CODE), (2, ADJACENT_SQUARE, FOREST_CODE)],
        [(1, join_parts(SQUARE, make_box(300, 400)), CROPLAND_CODE), (2, ADJACENT_SQUARE, FOREST_CODE)],
        [1],
        [(CHANGED, SQUARE), (CHANGED, make_box(300, 400))],
        [(CROPLAND_CODE, SQUARE), (CROPLAND_CODE, make_box(300, 400))],
    ),
    "removed": MoveCase([(1, SQUARE, HOUSING_CODE)], [], left={"out": 10_000.0}),
    "new": MoveCase([], [(1, SQUARE, HOUSING_CODE)], left={"in": 10_000.0}),
}
LINE_CASES = {
    "an edge moved": MoveCase(
        [(1, SQUARE, "")],
        [(1, make_box(30, 120), "")],
        [1],
        [(MOVED_OUT, make_box(0, 30)), (MOVED_IN, make_box(100, 120))],
        [("", make_box(30, 100)), ("", make_box(100, 120))],
    ),
    "new": MoveCase([], [(1, SQUARE, "")], [], [(MOVED_IN, SQUARE)], [("", SQUARE)]),
    "removed": MoveCase([(1, SQUARE, "")], [], [1], [(MOVED_OUT, SQUARE)]),
    "a hole": MoveCase([(1, SQUARE, "")], [(1, cut_hole(SQUARE, SQUARE_HOLE), "")], [1], [(MOVED_OUT, SQUARE_HOLE)], [("", cut_hole(SQUARE, SQUARE_HOLE))]),
    "an island in a hole": MoveCase(
        [(1, cut_hole(SQUARE, WIDER_HOLE), "")],
        [(1, join_parts(cut_hole(SQUARE, WIDER_HOLE), SQUARE_HOLE), "")],
        [],
        [(MOVED_IN, SQUARE_HOLE)],
        [("", SQUARE_HOLE)],
    ),
    "split and merged": MoveCase(
        [(1, SQUARE, ""), (2, make_box(300, 400), ""), (3, make_box(400, 500), "")],
        [(1, make_box(0, 50), ""), (4, make_box(50, 100), ""), (2, make_box(300, 500), "")],
    ),
    "cut in two": MoveCase(
        [(1, make_box(0, 300), "")],
        [(1, join_parts(SQUARE, make_box(200, 300)), "")],
        [1],
        [(MOVED_OUT, ADJACENT_SQUARE)],
        [("", SQUARE), ("", make_box(200, 300))],
    ),
    "part removed": MoveCase(
        [(1, join_parts(SQUARE, make_box(300, 400)), "")], [(1, SQUARE, "")], [1], [(MOVED_OUT, make_box(300, 400))], [("", SQUARE)]
    ),
    "touching neighbour": MoveCase(
        [(1, SQUARE, ""), (2, ADJACENT_SQUARE, "")], [(1, SQUARE, "")], [2], [(MOVED_OUT, ADJACENT_SQUARE)]
    ),
    "move below the tolerance": MoveCase([(1, SQUARE, "")], [(1, make_box(5e-5, 100 + 5e-5), "")]),
    "two overlapping ranges, one removed": MoveCase(
        [(1, SQUARE, ""), (2, make_box(20, 60, 20, 60), "")], [(1, SQUARE, "")]
    ),
}  # fmt: skip
CASES_BY_LAYER = {LAND_USE_LAYER: LAND_USE_CASES, HERITAGE_LINE_LAYER: LINE_CASES}


def list_case_origins(cases):
    """Return the position (m) of each case by its name."""
    return {name: (WEST + n * CASE_SPACING_M, SOUTH) for n, name in enumerate(cases)}


def move_shape_to_case(shape, place):
    return shapely.transform(shape, lambda xy: xy + place)


def make_frame(role, cases, side, crs):
    """Return the rows of all cases of a layer in an edition (``side``: filed or current) as a table."""
    rows = [
        (f"1402250000{n:04d}{key:04d}", move_shape_to_case(shape, place), code)
        for n, ((name, place), case) in enumerate(zip(list_case_origins(cases).items(), cases.values(), strict=True))
        for key, shape, code in getattr(case, side)
    ]
    keys, shapes, codes = zip(*rows, strict=True)
    values = {"BSM": keys, "YDYHFLDM": codes, "TBMJ": [0.0] * len(rows)} if role == LAND_USE_LAYER else {"BSM": keys}
    return gpd.GeoDataFrame(values, geometry=list(shapes), crs=4526).to_crs(crs)


def make_townships(crs):
    """Return two townships with a border through the middle of every case."""
    length = CASE_SPACING_M * 20
    shapes = [shapely.box(WEST - 500, SOUTH + a, WEST + length, SOUTH + b) for a, b in ((-500, 50), (50, 900))]
    rows = {"BSM": ["140225000000000001", "140225000000000002"], "XZQMC": ["南乡", "北镇"], "XZQDM": ["140225001", "140225002"]}  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry=shapely.segmentize(shapes, 100.0), crs=4526).to_crs(crs)


def write_edition(path, side, crs):
    for role, cases in CASES_BY_LAYER.items():
        pyogrio.write_dataframe(make_frame(role, cases, side, crs), path, layer=role)
    pyogrio.write_dataframe(make_townships(crs), path, layer="XZQXZ")
    return path


EDITION_CRS_PAIRS = [(4526, 4526), (4490, 4490), (4490, 4526), (4525, 4526)]


@pytest.fixture(
    scope="module", params=first_daily(map(list, EDITION_CRS_PAIRS)), ids=[str(pair) for pair in EDITION_CRS_PAIRS]
)
def written_update(request, tmp_path_factory):
    """Return geodatabase path and result of yearly maintenance, once for each CRS pair.

    EPSG:4525 is the zone of 111°, three degrees to the west.
    """
    folder = tmp_path_factory.mktemp("moves")
    filed, current = (
        write_edition(folder / f"{side}.gpkg", side, crs)
        for side, crs in zip(("filed", "current"), request.param, strict=True)
    )
    done = compute_update_from_files(filed, current, 2026, make_example_norm())
    write_update(done, folder / "维护")
    return folder / "维护" / f"{DELIVERY_NAME}.gdb", done


def read_rows(database, name):
    """Return the rows of a layer read by fiona: values, and the shape in metres."""
    with fiona.open(database, layer=name) as layer:
        rows = [dict(one["properties"]) for one in layer]
        shapes = [shapely.geometry.shape(one["geometry"]) for one in layer]
    shapes = list(gpd.GeoSeries(shapes, crs=4490).to_crs(4526)) if shapes else []
    return list(zip(rows, shapes, strict=True))


def select_case(rows, place):
    """Return the rows that lie at a case, with shapes moved to the origin."""
    near = [(row, shape) for row, shape in rows if place[0] - 400 < shapely.bounds(shape)[0] < place[0] + 600]
    return [(row, shapely.transform(shape, lambda xy: xy - place)) for row, shape in near]


def assert_same_parts(found, wanted):
    """Require equal (label, shape) pairs, each exactly once.

    The tolerance is 0.3 m²: an edge of 300 m that is straight in degrees is not straight in metres.
    """
    assert Counter(label for label, _ in found) == Counter(label for label, _ in wanted)
    left = list(wanted)
    for label, shape in found:
        fits = [w for w in left if w[0] == label and shapely.symmetric_difference(w[1], shape).area < 0.3]
        assert fits, (label, shape.wkt)
        left.remove(fits[0])


LAYER_AND_CASE_NAMES = [(role, name) for role, cases in CASES_BY_LAYER.items() for name in cases]


@pytest.mark.parametrize(
    ("role", "name"), LAYER_AND_CASE_NAMES, ids=[f"{role}: {name}" for role, name in LAYER_AND_CASE_NAMES]
)
def test_every_written_polygon_matches_the_table_worked_out_by_hand(written_update, role, name):
    database, _ = written_update
    case, place = CASES_BY_LAYER[role][name], list_case_origins(CASES_BY_LAYER[role])[name]
    number = list(CASES_BY_LAYER[role]).index(name)
    before, change, after = (select_case(read_rows(database, prefix + role), place) for prefix in ("WHQ", "WHC", "WHH"))
    filed = {f"1402250000{number:04d}{key:04d}": shape for key, shape, _ in case.filed}
    keys = [f"1402250000{number:04d}{key:04d}" for key in case.before]
    assert_same_parts([(row["BSM"], shape) for row, shape in before], [(key, filed[key]) for key in keys])
    assert_same_parts([(row["WHLX"], shape) for row, shape in change], case.changes)
    assert_same_parts([(row.get("YDYHFLDM") or "", shape) for row, shape in after], case.after)
    assert {shape.geom_type for _, shape in (*change, *after)} <= {"Polygon", "MultiPolygon"}
    assert all(shapely.get_num_geometries(shape) == 1 for _, shape in (*change, *after))
    sums = [sum(shape.area for _, shape in rows) for rows in (change, after)]
    assert sums == pytest.approx([sum(s.area for _, s in rows) for rows in (case.changes, case.after)], abs=0.3)


def sum_expected_changes(role, kind):
    """Return number and area (m²) of one kind of change in a layer, by hand."""
    cases = CASES_BY_LAYER[role]
    shapes = [
        move_shape_to_case(s, list_case_origins(cases)[name])
        for name, case in cases.items()
        for k, s in case.changes
        if k == kind
    ]
    return len(shapes), float(statutory_area(shapes).sum()) if shapes else 0.0


def test_counts_and_areas_of_changes_match_the_table_worked_out_by_hand(written_update):
    database, _ = written_update
    record = json.loads(database.with_name(f"{DELIVERY_NAME}面积平衡表.json").read_text(encoding="utf-8"))
    for one in record["layers"]:
        for kind, code in (("in", MOVED_IN), ("changed", CHANGED), ("out", MOVED_OUT)):
            count, area = sum_expected_changes(one["layer"], code)
            assert one["kinds"][kind]["count"] == count
            assert one["kinds"][kind]["area_m2"] == pytest.approx(area, abs=0.03 * count)
        left = Counter()
        for case in CASES_BY_LAYER[one["layer"]].values():
            left.update(case.left)
        assert one["not_maintained_m2"] == pytest.approx(dict(left), rel=1e-2)


def test_area_balances_of_zones_and_townships_add_up_to_the_balance_of_their_layer(written_update):
    """Require rows to add up to the total, and before − out + in to equal after.

    Only rounding is tolerated.
    """
    database, _ = written_update
    record = json.loads(database.with_name(f"{DELIVERY_NAME}面积平衡表.json").read_text(encoding="utf-8"))
    for one in record["layers"]:
        whole = one["balance"]
        rows = [*one["townships"].values(), one["outside_townships"]]
        assert set(one["townships"]) == {"南乡", "北镇"}
        for balance in (whole, *rows):
            after = balance["before"] - balance["moved_out"] + balance["moved_in"] + balance["revalued"]
            assert after + balance["doubled"] == pytest.approx(balance["after"], abs=1e-6)
        for term in ("before", "moved_out", "moved_in", "changed", "after"):
            assert sum(row[term] for row in rows) == pytest.approx(whole[term], abs=1e-6), term
        cases = CASES_BY_LAYER[one["layer"]]
        for side, term in (("filed", "before"), ("current", "after")):
            shapes = [
                move_shape_to_case(s, list_case_origins(cases)[n])
                for n, c in cases.items()
                for _, s, _ in getattr(c, side)
            ]
            assert whole[term] == pytest.approx(statutory_area(shapes).sum(), abs=0.02 * len(shapes))
    zones = next(one for one in record["layers"] if one["layer"] == LAND_USE_LAYER)["zones"]
    whole = next(one for one in record["layers"] if one["layer"] == LAND_USE_LAYER)["balance"]
    for term in ("before", "after", "moved_out", "moved_in"):
        assert sum(zone[term] for zone in zones.values()) == pytest.approx(whole[term], abs=1e-6)
    assert sum(zone["changed_from"] for zone in zones.values()) == pytest.approx(
        sum(zone["changed_to"] for zone in zones.values()), abs=1e-6
    )
    assert sum(zone["changed_to"] for zone in zones.values()) == pytest.approx(whole["changed"], abs=1e-6)
