# SPDX-License-Identifier: GPL-2.0-or-later
"""年度动态维护 between two plans with known moves, compared with a table worked out by hand.

Every polygon is read from the written geodatabase and compared by plain shapely; areas are compared with the
independent formula of `tests.county.measure`. The two plans are in metres, in degrees and in another zone.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely
from osgeo import gdal

from plugin.core.yearly.make import update_from_files
from plugin.core.yearly.write import write_update
from tests.core.examples import norm_of
from tests.county.measure import statutory_area

fiona = pytest.importorskip("fiona")

WEST, SOUTH = 38_540_000.0, 4_390_000.0
#: Metres between two cases of one layer.
SPACING = 1000.0
NAME = "140225浑源县2026年度县级国土空间总体规划动态维护"
USES, LINE = "ZXCQGHYDYH", "LSWHBHX"
IN, CHANGED, OUT = "1", "2", "3"


def make_box(west, east, south=0.0, north=100.0):
    return shapely.box(west, south, east, north)


def cut_hole(outer, inner):
    return shapely.Polygon(outer.exterior.coords, [inner.exterior.coords])


def join_parts(*shapes):
    return shapely.MultiPolygon(shapes)


@dataclass
class Case:
    """One move and its results.

    ``filed`` and ``current``: rows as (key, shape, code). Worked out by hand: ``before``, the keys in 维护前;
    ``changes`` as (kind, shape); ``after`` as (code, shape); ``left``, square metres that no kind of the layer
    covers.
    """

    filed: list[tuple[int, Any, str]]
    current: list[tuple[int, Any, str]]
    before: list[int] = field(default_factory=list)
    changes: list[tuple[str, Any]] = field(default_factory=list)
    after: list[tuple[str, Any]] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)


SQUARE, NEXT = make_box(0, 100), make_box(100, 200)
HOLE, WIDER = make_box(40, 60, 40, 60), make_box(30, 70, 30, 70)
HOUSES, WOODS, FIELD = "0701", "0301", "0101"
USE_CASES = {
    "edge moved into the neighbour": Case(
        [(1, SQUARE, HOUSES), (2, NEXT, WOODS)],
        [(1, make_box(0, 120), HOUSES), (2, make_box(120, 200), WOODS)],
        [2],
        [(CHANGED, make_box(100, 120))],
        [(HOUSES, make_box(100, 120)), (WOODS, make_box(120, 200))],
    ),
    "changed code": Case(
        [(1, SQUARE, HOUSES), (2, NEXT, WOODS)],
        [(1, SQUARE, FIELD), (2, NEXT, WOODS)],
        [1],
        [(CHANGED, SQUARE)],
        [(FIELD, SQUARE)],
    ),
    "split with one code": Case([(1, SQUARE, HOUSES)], [(1, make_box(0, 50), HOUSES), (2, make_box(50, 100), HOUSES)]),
    "split, one half with another code": Case(
        [(1, SQUARE, HOUSES)],
        [(1, make_box(0, 30), HOUSES), (2, make_box(30, 100), WOODS)],
        [1],
        [(CHANGED, make_box(30, 100))],
        [(HOUSES, make_box(0, 30)), (WOODS, make_box(30, 100))],
    ),
    "two merged under one code": Case(
        [(1, SQUARE, HOUSES), (2, NEXT, WOODS)],
        [(1, make_box(0, 200), HOUSES)],
        [2],
        [(CHANGED, NEXT)],
        [(HOUSES, NEXT)],
    ),
    "hole enlarged": Case(
        [(1, cut_hole(SQUARE, HOLE), HOUSES), (2, HOLE, WOODS)],
        [(1, cut_hole(SQUARE, WIDER), HOUSES), (2, WIDER, WOODS)],
        [1],
        [(CHANGED, cut_hole(WIDER, HOLE))],
        [(HOUSES, cut_hole(SQUARE, WIDER)), (WOODS, cut_hole(WIDER, HOLE))],
    ),
    "island in a hole with another code": Case(
        [(1, cut_hole(SQUARE, WIDER), HOUSES), (2, cut_hole(WIDER, HOLE), FIELD), (3, HOLE, WOODS)],
        [(1, cut_hole(SQUARE, WIDER), HOUSES), (2, cut_hole(WIDER, HOLE), FIELD), (3, HOLE, FIELD)],
        [3],
        [(CHANGED, HOLE)],
        [(FIELD, HOLE)],
    ),
    "touching at an edge and at a corner": Case(
        [(1, SQUARE, HOUSES), (2, NEXT, WOODS), (3, make_box(200, 300, 100, 200), FIELD)],
        [(1, SQUARE, WOODS), (2, NEXT, WOODS), (3, make_box(200, 300, 100, 200), FIELD)],
        [1],
        [(CHANGED, SQUARE)],
        [(WOODS, SQUARE)],
    ),
    "move below the tolerance": Case([(1, SQUARE, HOUSES)], [(1, make_box(5e-5, 100 + 5e-5), HOUSES)]),
    "parts of one row": Case(
        [(1, join_parts(SQUARE, make_box(300, 400)), HOUSES), (2, NEXT, WOODS)],
        [(1, join_parts(SQUARE, make_box(300, 400)), FIELD), (2, NEXT, WOODS)],
        [1],
        [(CHANGED, SQUARE), (CHANGED, make_box(300, 400))],
        [(FIELD, SQUARE), (FIELD, make_box(300, 400))],
    ),
    "removed": Case([(1, SQUARE, HOUSES)], [], left={"out": 10_000.0}),
    "new": Case([], [(1, SQUARE, HOUSES)], left={"in": 10_000.0}),
}
LINE_CASES = {
    "an edge moved": Case(
        [(1, SQUARE, "")],
        [(1, make_box(30, 120), "")],
        [1],
        [(OUT, make_box(0, 30)), (IN, make_box(100, 120))],
        [("", make_box(30, 100)), ("", make_box(100, 120))],
    ),
    "new": Case([], [(1, SQUARE, "")], [], [(IN, SQUARE)], [("", SQUARE)]),
    "removed": Case([(1, SQUARE, "")], [], [1], [(OUT, SQUARE)]),
    "a hole": Case([(1, SQUARE, "")], [(1, cut_hole(SQUARE, HOLE), "")], [1], [(OUT, HOLE)], [("", cut_hole(SQUARE, HOLE))]),
    "an island in a hole": Case(
        [(1, cut_hole(SQUARE, WIDER), "")],
        [(1, join_parts(cut_hole(SQUARE, WIDER), HOLE), "")],
        [],
        [(IN, HOLE)],
        [("", HOLE)],
    ),
    "split and merged": Case(
        [(1, SQUARE, ""), (2, make_box(300, 400), ""), (3, make_box(400, 500), "")],
        [(1, make_box(0, 50), ""), (4, make_box(50, 100), ""), (2, make_box(300, 500), "")],
    ),
    "cut in two": Case(
        [(1, make_box(0, 300), "")],
        [(1, join_parts(SQUARE, make_box(200, 300)), "")],
        [1],
        [(OUT, NEXT)],
        [("", SQUARE), ("", make_box(200, 300))],
    ),
    "part removed": Case(
        [(1, join_parts(SQUARE, make_box(300, 400)), "")], [(1, SQUARE, "")], [1], [(OUT, make_box(300, 400))], [("", SQUARE)]
    ),
    "touching neighbour": Case(
        [(1, SQUARE, ""), (2, NEXT, "")], [(1, SQUARE, "")], [2], [(OUT, NEXT)]
    ),
    "move below the tolerance": Case([(1, SQUARE, "")], [(1, make_box(5e-5, 100 + 5e-5), "")]),
    "two overlapping ranges, one removed": Case(
        [(1, SQUARE, ""), (2, make_box(20, 60, 20, 60), "")], [(1, SQUARE, "")]
    ),
}  # fmt: skip
LAYERS = {USES: USE_CASES, LINE: LINE_CASES}


def case_origins(cases):
    return {name: (WEST + n * SPACING, SOUTH) for n, name in enumerate(cases)}


def place_shape(shape, place):
    return shapely.transform(shape, lambda xy: xy + place)


def make_frame(role, cases, side, crs):
    rows = [
        (f"1402250000{n:04d}{key:04d}", place_shape(shape, place), code)
        for n, ((name, place), case) in enumerate(zip(case_origins(cases).items(), cases.values(), strict=True))
        for key, shape, code in getattr(case, side)
    ]
    keys, shapes, codes = zip(*rows, strict=True)
    values = {"BSM": keys, "YDYHFLDM": codes, "TBMJ": [0.0] * len(rows)} if role == USES else {"BSM": keys}
    return gpd.GeoDataFrame(values, geometry=list(shapes), crs=4526).to_crs(crs)


def make_townships(crs):
    """Return two townships whose border runs through the middle of every case."""
    length = SPACING * 20
    shapes = [shapely.box(WEST - 500, SOUTH + a, WEST + length, SOUTH + b) for a, b in ((-500, 50), (50, 900))]
    rows = {"BSM": ["140225000000000001", "140225000000000002"], "XZQMC": ["南乡", "北镇"], "XZQDM": ["140225001", "140225002"]}  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry=shapely.segmentize(shapes, 100.0), crs=4526).to_crs(crs)


def write_edition(path, side, crs):
    for role, cases in LAYERS.items():
        pyogrio.write_dataframe(make_frame(role, cases, side, crs), path, layer=role)
    pyogrio.write_dataframe(make_townships(crs), path, layer="XZQXZ")
    return path


SIDES = [
    (4526, 4526),
    *(pytest.param(pair, marks=pytest.mark.slow) for pair in ((4490, 4490), (4490, 4526), (4525, 4526))),
]


@pytest.fixture(scope="module", params=SIDES, ids=str)
def written_update(request, tmp_path_factory):
    """Return geodatabase and update of editions in these coordinates.

    EPSG:4525 is the zone of 111°, three degrees to the west.
    """
    folder = tmp_path_factory.mktemp("moves")
    filed, current = (
        write_edition(folder / f"{side}.gpkg", side, crs)
        for side, crs in zip(("filed", "current"), request.param, strict=True)
    )
    done = update_from_files(filed, current, 2026, norm_of())
    write_update(done, folder / "维护")
    return folder / "维护" / f"{NAME}.gdb", done


def read_rows(database, name):
    """Return rows read by fiona: values, and the shape in metres."""
    with fiona.open(database, layer=name) as layer:
        rows = [dict(one["properties"]) for one in layer]
        shapes = [shapely.geometry.shape(one["geometry"]) for one in layer]
    shapes = list(gpd.GeoSeries(shapes, crs=4490).to_crs(4526)) if shapes else []
    return list(zip(rows, shapes, strict=True))


def select_case(rows, place):
    """Return the rows at the place of a case, with shapes moved to the origin."""
    near = [(row, shape) for row, shape in rows if place[0] - 400 < shapely.bounds(shape)[0] < place[0] + 600]
    return [(row, shapely.transform(shape, lambda xy: xy - place)) for row, shape in near]


def assert_same_parts(found, wanted):
    """Compare (label, shape) pairs with those worked out by hand, each exactly once.

    The tolerance is 0.3 m²: an edge of 300 m that is a straight line in degrees is not straight in metres.
    """
    assert Counter(label for label, _ in found) == Counter(label for label, _ in wanted)
    left = list(wanted)
    for label, shape in found:
        fits = [w for w in left if w[0] == label and shapely.symmetric_difference(w[1], shape).area < 0.3]
        assert fits, (label, shape.wkt)
        left.remove(fits[0])


CASES = [(role, name) for role, cases in LAYERS.items() for name in cases]


@pytest.mark.parametrize(("role", "name"), CASES, ids=[f"{role}: {name}" for role, name in CASES])
def test_every_polygon_matches_the_hand_table(written_update, role, name):
    database, _ = written_update
    case, place = LAYERS[role][name], case_origins(LAYERS[role])[name]
    number = list(LAYERS[role]).index(name)
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


def expected_kind(role, kind):
    """Return count and area (m²) of a kind in a layer, from the hand table and the independent formula."""
    cases = LAYERS[role]
    shapes = [
        place_shape(s, case_origins(cases)[name]) for name, case in cases.items() for k, s in case.changes if k == kind
    ]
    return len(shapes), float(statutory_area(shapes).sum()) if shapes else 0.0


def test_counts_and_areas_match_the_hand_table(written_update):
    database, _ = written_update
    record = json.loads(database.with_name(f"{NAME}面积平衡表.json").read_text(encoding="utf-8"))
    for one in record["layers"]:
        for kind, code in (("in", IN), ("changed", CHANGED), ("out", OUT)):
            count, area = expected_kind(one["layer"], code)
            assert one["kinds"][kind]["count"] == count
            assert one["kinds"][kind]["area_m2"] == pytest.approx(area, abs=0.03 * count)
        left = Counter()
        for case in LAYERS[one["layer"]].values():
            left.update(case.left)
        assert one["not_maintained_m2"] == pytest.approx(dict(left), rel=1e-2)


def test_balance_adds_up_by_layer_zone_and_township(written_update):
    """Require rows to add up to the total and before − out + in (with changed codes) to equal after.

    The tolerance is rounding of doubles.
    """
    database, _ = written_update
    record = json.loads(database.with_name(f"{NAME}面积平衡表.json").read_text(encoding="utf-8"))
    for one in record["layers"]:
        whole = one["balance"]
        rows = [*one["townships"].values(), one["outside_townships"]]
        assert set(one["townships"]) == {"南乡", "北镇"}
        for balance in (whole, *rows):
            after = balance["before"] - balance["moved_out"] + balance["moved_in"] + balance["revalued"]
            assert after + balance["doubled"] == pytest.approx(balance["after"], abs=1e-6)
        for term in ("before", "moved_out", "moved_in", "changed", "after"):
            assert sum(row[term] for row in rows) == pytest.approx(whole[term], abs=1e-6), term
        cases = LAYERS[one["layer"]]
        for side, term in (("filed", "before"), ("current", "after")):
            shapes = [place_shape(s, case_origins(cases)[n]) for n, c in cases.items() for _, s, _ in getattr(c, side)]
            assert whole[term] == pytest.approx(statutory_area(shapes).sum(), abs=0.02 * len(shapes))
    zones = next(one for one in record["layers"] if one["layer"] == USES)["zones"]
    whole = next(one for one in record["layers"] if one["layer"] == USES)["balance"]
    for term in ("before", "after", "moved_out", "moved_in"):
        assert sum(zone[term] for zone in zones.values()) == pytest.approx(whole[term], abs=1e-6)
    assert sum(zone["changed_from"] for zone in zones.values()) == pytest.approx(
        sum(zone["changed_to"] for zone in zones.values()), abs=1e-6
    )
    assert sum(zone["changed_to"] for zone in zones.values()) == pytest.approx(whole["changed"], abs=1e-6)


def test_geodatabase_is_readable_by_other_libraries(written_update):
    """Inspect order, names, types and lengths by fiona, aliases and domains by osgeo.

    The compound CRS has degrees and heights; stored areas equal measured areas.
    """
    database, done = written_update
    templates = done.current.norm.standard.templates
    for name in fiona.listlayers(database):
        declared = templates[name].fields
        with fiona.open(database, layer=name) as layer:
            fields = layer.schema["properties"]
            assert [f for f in fields if f not in ("SHAPE_Length", "SHAPE_Area")] == [one.name for one in declared]
            for one in declared:
                wanted = f"str:{one.length}" if one.type == "text" else {"real": "float", "integer": "int"}[one.type]
                assert fields[one.name].startswith(wanted), one.name
            assert layer.crs.to_epsg() == 4490 or "4490" in layer.crs_wkt
            assert "5737" in layer.crs_wkt
    source = gdal.OpenEx(str(database))
    for name in fiona.listlayers(database):
        definition = source.GetLayerByName(name).GetLayerDefn()
        aliases = {
            definition.GetFieldDefn(n).GetName(): definition.GetFieldDefn(n).GetAlternativeName()
            for n in range(definition.GetFieldCount())
        }
        assert {one.name: one.alias for one in templates[name].fields}.items() <= aliases.items()
    kind = source.GetLayerByName(f"WHC{USES}").GetLayerDefn()
    domain = kind.GetFieldDefn(kind.GetFieldIndex("WHLX")).GetDomainName()
    assert source.GetFieldDomain(domain).GetEnumeration() == {"1": "调入", "2": "属性变更", "3": "调出"}
    for row, shape in read_rows(database, f"WHH{LINE}"):
        assert row["MJ"] == pytest.approx(float(statutory_area([shape])[0]), abs=0.011)
        assert round(row["MJ"], 2) == row["MJ"]
    numbers = [int(row["BSM"][-8:]) for row, _ in read_rows(database, f"WHH{LINE}")]
    highest = max(int(row["BSM"][-8:]) for _, row in make_frame(LINE, LINE_CASES, "filed", 4526).iterrows())
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] > highest
    given = [
        row["BSM"] for name in (LINE, USES) for p in ("WHC", "WHH") for row, _ in read_rows(database, f"{p}{name}")
    ]
    assert len(given) == len(set(given))


def test_workbook_matches_the_json_record(written_update):
    database, _ = written_update
    record = json.loads(database.with_name(f"{NAME}面积平衡表.json").read_text(encoding="utf-8"))
    book = openpyxl.load_workbook(database.with_name(f"{NAME}面积平衡表.xlsx"))
    sheet = book["分图层平衡"]
    cells = {row[1]: row for row in sheet.iter_rows(values_only=True) if row[1] in LAYERS}
    for one in record["layers"]:
        terms = [round(one["balance"][term], 2) for term in ("before", "moved_out", "moved_in", "changed")]
        assert [round(float(v), 2) for v in cells[one["layer"]][2:6]] == pytest.approx(terms, abs=0.011)
    zones = [row for row in book["分用途平衡"].iter_rows(values_only=True) if row[0] == "中心城区规划用地用海"]
    assert [row[1] for row in zones] == [FIELD, WOODS, HOUSES, "合计"] and zones[1][2] == "乔木林地"
    township_rows = [row for row in book["分乡镇平衡"].iter_rows(values_only=True) if row[0] == "历史文化保护线"]
    # The inner one of two nested ranges has no separate land.
    assert [row[1] for row in township_rows] == ["（不在任何乡镇内，或被同图层其他要素覆盖）", "南乡", "北镇", "合计"]
    for rows, first in ((zones, 3), (township_rows, 2)):
        for column in range(first, len(rows[0])):
            *parts, total = [float(row[column]) for row in rows]
            assert sum(parts) == pytest.approx(total, abs=1e-6)
