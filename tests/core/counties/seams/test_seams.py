# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted seams are found once from either side; nothing else is found; order and zones have no effect."""

import errno
import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely
from hypothesis import given, strategies as st

from plugin.core.__main__ import main
from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.counties.county_record import County
from plugin.core.counties.seams.check_seams import check_seams, compare_counties, make_counties
from plugin.core.counties.seams.placing import place_counties, read_county_borders
from plugin.core.counties.seams.seam_result import (
    BorderState,
    ChildFigure,
    CountyBorders,
    SeamOptions,
    SeamResult,
    SeamSettings,
)
from plugin.core.counties.seams.seam_sentences import describe_sum, name_sum
from plugin.core.counties.seams.seam_tables import make_sum_columns
from plugin.core.counties.seams.sums import read_parent_targets, sum_counties
from plugin.core.counties.seams.write_seams import SEAMS_FILES, write_result
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from tests.core.counties.county_files import list_files
from tests.core.counties.seams.seam_counties import (
    FEATURES,
    NAMES,
    NE,
    NW,
    OUTLINES,
    PLANTED,
    SE,
    SW,
    count_land,
    write_counties,
    write_county,
)
from tests.core.small_plan import move_wkt_to_county

SETTINGS = SeamSettings.from_norm(RunOptions().resolve_norm())
#: Two counties of 1 km next to each other, for single cases.
LEFT, RIGHT = "140221", "140222"
LEFT_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
RIGHT_WKT = "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 0))"


def read(paths, seam_settings=SETTINGS, options=None):
    """Return the borders of counties."""
    return [
        read_county_borders(one, options or RunOptions(), "county", seam_settings, with_figures=False)
        for one in make_counties(paths)
    ]


def compare(paths, seam_settings=SETTINGS):
    """Return the pairs of the counties of files."""
    placed = place_counties(read(paths, seam_settings), seam_settings.layers, seam_settings.tolerance)
    return compare_counties(placed, seam_settings)


def identify(pairs):
    """Return kind, layer and codes of both counties of each finding."""
    return [(str(one.kind), one.concept, *(s.identity for s in one.sides)) for pair in pairs for one in pair.findings]


def compare_two(folder, features=None, left=LEFT_WKT, right=RIGHT_WKT, right_crs=4526):
    """Return the findings of two counties; ``features``: (layer, county) → WKT and code."""
    outlines = {LEFT: left, RIGHT: right}
    features = features or {}
    paths = [
        write_county(folder, LEFT, outlines=outlines, features=features),
        write_county(folder, RIGHT, outlines=outlines, features=features, crs=right_crs),
    ]
    return [one for pair in compare(paths) for one in pair.findings]


@pytest.fixture(scope="module")
def county_paths(tmp_path_factory):
    return write_counties(tmp_path_factory.mktemp("大同市"))


@pytest.fixture(scope="module")
def pairs(county_paths):
    return compare(county_paths)


def test_each_planted_seam_is_found_once_and_nothing_else(pairs):
    found = identify(pairs)
    assert len(found) == len(PLANTED) and set(found) == PLANTED
    # Counties that meet in a corner are not a pair.
    assert {pair.counties for pair in pairs} == {
        tuple(f"{code}{NAMES[code]}" for code in codes) for codes in ((SW, SE), (SW, NW), (SE, NE), (NW, NE))
    }


def test_measures_of_the_seams_are_those_of_plain_shapely(pairs):
    by_kind = {str(one.kind): one for pair in pairs for one in pair.findings}
    gap, overlap = count_land(move_wkt_to_county(wkt) for wkt in OUTLINES.values())
    assert (gap, overlap) == pytest.approx((50.0, 200.0))
    # Areas on the ellipsoid differ from those in the plane by less than 0.1 ‰ here.
    assert by_kind["gap"].area_m2 == pytest.approx(gap, rel=1e-4)
    assert by_kind["overlap"].area_m2 == pytest.approx(overlap, rel=1e-4)
    assert by_kind["gap"].deviation_m == pytest.approx(0.5) and by_kind["overlap"].deviation_m == pytest.approx(2.0)
    assert by_kind["gap"].length_m == pytest.approx(100.0, abs=0.01)
    border = shapely.intersection(*(move_wkt_to_county(OUTLINES[code]).boundary for code in (SW, NW)))
    red_line, zone, neighbour = (
        move_wkt_to_county(FEATURES[layer, county][row][0])
        for layer, county, row in (("STBHHX", SW, 0), ("YDYHGHFQ", SW, 1), ("YDYHGHFQ", NW, 1))
    )
    assert by_kind["stop"].length_m == pytest.approx(red_line.intersection(border).length)
    jump = zone.intersection(border).difference(neighbour.intersection(border))
    assert by_kind["shift"].deviation_m == pytest.approx(jump.length)


def test_both_sides_name_their_features_and_those_of_the_neighbour(pairs):
    by_kind = {str(one.kind): one for pair in pairs for one in pair.findings}
    assert [(side.keys, side.code) for side in by_kind["code"].sides] == [
        ((f"{SE}000300000002",), "300"),
        ((f"{NE}000300000002",), "520"),
    ]
    assert [side.keys for side in by_kind["stop"].sides] == [(f"{SW}000200000001",), ()]
    assert [side.keys for side in by_kind["gap"].sides] == [(f"{SW}000100000001",), (f"{SE}000100000001",)]


@given(
    order=st.permutations([LEFT, RIGHT, SW]),
    depth=st.floats(0.1, 20.0),
    start=st.integers(50, 400),
    length=st.integers(100, 400),
)
def test_a_gap_of_any_size_is_found_once_in_any_order(tmp_path_factory, order, depth, start, length):
    depth, end = round(depth, 3), start + length
    outlines = {
        LEFT: LEFT_WKT,
        RIGHT: f"POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 {end}, {1000 + depth} {end}, {1000 + depth} {start}, "
        f"1000 {start}, 1000 0))",
        SW: "POLYGON ((0 1000, 2000 1000, 2000 1500, 0 1500, 0 1000))",
    }
    folder = tmp_path_factory.mktemp("order")
    found = [
        one
        for pair in compare([write_county(folder, code, outlines=outlines, features={}) for code in order])
        for one in pair.findings
    ]
    assert [(str(one.kind), *(side.identity for side in one.sides)) for one in found] == [("gap", LEFT, RIGHT)]
    gap, _ = count_land(move_wkt_to_county(wkt) for wkt in outlines.values())
    assert found[0].area_m2 == pytest.approx(gap, rel=2e-4) and found[0].deviation_m == pytest.approx(depth, rel=1e-3)


def test_counties_in_different_zones_have_the_same_findings(tmp_path, pairs):
    paths = [write_county(tmp_path, code, crs=4526 if code in (SW, NE) else 4525) for code in NAMES]
    found = compare(paths)
    assert set(identify(found)) == PLANTED and len(identify(found)) == len(PLANTED)
    lengths = {(str(one.kind)): one.length_m for pair in found for one in pair.findings}
    for pair in pairs:
        for one in pair.findings:
            assert lengths[str(one.kind)] == pytest.approx(one.length_m, abs=0.02)


@pytest.mark.parametrize("right_crs", [4526, 4525, 4490])
def test_a_long_border_stored_in_another_zone_is_no_gap(tmp_path, right_crs):
    # Reprojected by its ends, an edge of 20 km is 0.3 m off in the middle.
    left = "POLYGON ((0 0, 20000 0, 20000 20000, 0 20000, 0 0))"
    right = "POLYGON ((20000 0, 40000 0, 40000 20000, 20000 20000, 20000 0))"
    assert compare_two(tmp_path, left=left, right=right, right_crs=right_crs) == []


def test_a_border_with_other_vertices_is_no_gap(tmp_path):
    right = "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 700, 1000.004 400, 1000 0))"
    assert compare_two(tmp_path, right=right) == []


def test_a_gap_that_is_open_at_both_ends_is_found(tmp_path):
    (gap,) = compare_two(tmp_path, right="POLYGON ((1000.3 0, 2000 0, 2000 1000, 1000.3 1000, 1000.3 0))")
    assert str(gap.kind) == "gap" and gap.area_m2 == pytest.approx(300, rel=1e-3)


def test_a_corner_between_two_counties_and_a_wide_distance_are_no_gap(tmp_path):
    right = "POLYGON ((1000 0, 2000 0, 2000 1000, 1500 1000, 1000 500, 1000 0))"
    assert compare_two(tmp_path / "corner", right=right) == []
    right = "POLYGON ((1060 0, 2000 0, 2000 1000, 1060 1000, 1060 0))"
    assert compare_two(tmp_path / "distance", right=right) == []


def test_an_enclave_is_compared_along_its_whole_border(tmp_path):
    left = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0), (400 400, 600 400, 600 600, 400 600, 400 400))"
    right = "POLYGON ((400 400, 600 400, 600 600, 400 600, 400 400))"
    # The lines continue at the corner where the ring of the enclave begins; the second one stops.
    features = {
        ("STBHHX", LEFT): [
            ("POLYGON ((350 350, 450 350, 450 400, 400 400, 400 450, 350 450, 350 350))", "水源涵养"),
            ("POLYGON ((600 480, 650 480, 650 520, 600 520, 600 480))", "水源涵养"),
        ],
        ("STBHHX", RIGHT): [("POLYGON ((400 400, 450 400, 450 450, 400 450, 400 400))", "水源涵养")],
    }
    (stop,) = compare_two(tmp_path, features, left, right)
    assert (str(stop.kind), stop.length_m) == ("stop", pytest.approx(40))


LEFT_LINE, RIGHT_LINE = (("STBHHX", LEFT), ("STBHHX", RIGHT))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param("POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))", "POLYGON ((1000 100, 1200 100, 1200 300, 1000 300, 1000 100))", [], id="continues"),
        pytest.param("POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))", "POLYGON ((1000 100.005, 1200 100, 1200 300, 1000 300, 1000 100.005))", [], id="within the tolerance"),
        pytest.param("POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))", "POLYGON ((1000 100.02, 1200 100, 1200 300, 1000 300, 1000 100.02))", [("shift", 0.02)], id="beyond the tolerance"),
        pytest.param("POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))", "POLYGON ((1000 105, 1200 105, 1200 305, 1000 305, 1000 105))", [("shift", 5), ("shift", 5)], id="shifted along the border"),
        pytest.param("POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))", "POLYGON ((1000 100, 1200 100, 1200 200, 1000 200, 1000 100))", [("stop", 100)], id="half of it stops"),
        pytest.param("POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))", "POLYGON ((1001 100, 1200 100, 1200 300, 1001 300, 1001 100))", [("stop", 200)], id="ends 1 m before the border"),
        pytest.param("POLYGON ((800 100, 1000 200, 800 300, 800 100))", "POLYGON ((1400 100, 1600 100, 1600 300, 1400 300, 1400 100))", [], id="touches in a point"),
        pytest.param("POLYGON ((800 100, 990 100, 990 300, 800 300, 800 100))", "POLYGON ((1400 100, 1600 100, 1600 300, 1400 300, 1400 100))", [], id="far from the border"),
        pytest.param("POLYGON ((800 0, 1000 0, 1000 1000, 800 1000, 800 0))", "POLYGON ((1000 0, 1200 0, 1200 1000, 1000 1000, 1000 0))", [], id="along the whole border"),
        # The sides leave the border in opposite directions, so that their ends near the border are apart.
        pytest.param("POLYGON ((900 0, 1000 100, 1000 300, 900 400, 900 0))", "POLYGON ((1000 100, 1100 105, 1100 200, 1000 300, 1000 100))", [], id="meets obliquely at a corner"),
    ],
)  # fmt: skip
def test_a_line_at_a_border(tmp_path, left, right, expected):
    found = compare_two(tmp_path, {LEFT_LINE: [(left, "水源涵养")], RIGHT_LINE: [(right, "水源涵养")]})
    assert [(str(one.kind), round(one.length_m, 3)) for one in found] == expected


def test_a_line_that_continues_beyond_a_gap_is_no_stop(tmp_path):
    right = "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 900, 1003 900, 1003 50, 1000 50, 1000 0))"
    features = {
        LEFT_LINE: [("POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))", "水源涵养")],
        RIGHT_LINE: [("POLYGON ((1003 100, 1200 100, 1200 300, 1003 300, 1003 100))", "水源涵养")],
    }
    assert [str(one.kind) for one in compare_two(tmp_path, features, right=right)] == ["gap"]


def test_features_along_a_winding_border_with_a_gap_are_compared_across_the_gap(tmp_path):
    xy = [(1000 + 40 * (n % 2), 50 * n) for n in range(21)]
    moved = [(x + 1.5, y) if 5 < n < 15 else (x, y) for n, (x, y) in enumerate(xy)]

    def make_wkt(line, x):
        ring = [*line, (x, line[-1][1]), (x, line[0][1]), line[0]]
        return f"POLYGON (({', '.join(f'{one} {other}' for one, other in ring)}))"

    features = {}
    for county, line, x in ((LEFT, xy, 700), (RIGHT, moved, 1300)):
        # A zone for each four edges; all continue across the border.
        features["YDYHGHFQ", county] = [(make_wkt(line[n : n + 5], x), f"{n + 100}") for n in range(0, 20, 4)]
    found = compare_two(tmp_path, features, make_wkt(xy, 0), make_wkt(moved, 2000))
    assert [str(one.kind) for one in found] == ["gap"]


def test_a_stop_of_farmland_or_boundary_is_a_note(tmp_path):
    boundary = "POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))"
    elsewhere = "POLYGON ((1400 100, 1600 100, 1600 300, 1400 300, 1400 100))"
    features = {("CZKFBJ", LEFT): [(boundary, "410")], ("CZKFBJ", RIGHT): [(elsewhere, "410")]}
    (stop,) = compare_two(tmp_path, features)
    assert (str(stop.kind), str(stop.severity)) == ("stop", "INFO")


def test_different_zones_divided_by_the_border_are_legal(tmp_path):
    features = {("YDYHGHFQ", LEFT): [(LEFT_WKT, "300")], ("YDYHGHFQ", RIGHT): [(RIGHT_WKT, "410")]}
    assert compare_two(tmp_path, features) == []


def test_a_layer_that_one_county_lacks_is_named_and_not_compared(tmp_path):
    outlines = {LEFT: LEFT_WKT, RIGHT: RIGHT_WKT}
    features = {LEFT_LINE: [("POLYGON ((800 100, 1000 100, 1000 300, 800 300, 800 100))", "水源涵养")]}
    (pair,) = compare([write_county(tmp_path, code, outlines=outlines, features=features) for code in outlines])
    assert pair.findings == () and pair.missing_layers == (("red_line", RIGHT),)


def test_three_counties_at_a_gap_have_one_finding(tmp_path):
    outlines = {
        LEFT: "POLYGON ((0 0, 1000 0, 1000 990, 995 1000, 0 1000, 0 0))",
        RIGHT: "POLYGON ((1000 0, 2000 0, 2000 1000, 1005 1000, 1000 990, 1000 0))",
        SW: "POLYGON ((0 1000, 2000 1000, 2000 2000, 0 2000, 0 1000))",
    }
    found = [
        one
        for pair in compare([write_county(tmp_path, code, outlines=outlines, features={}) for code in outlines])
        for one in pair.findings
    ]
    assert [str(one.kind) for one in found] == ["gap"] and len(found[0].other_counties) == 1
    assert found[0].area_m2 == pytest.approx(50, rel=1e-3)


def test_a_county_without_a_border_has_the_reason(tmp_path):
    frame = gpd.GeoDataFrame({"BSM": ["1"]}, geometry=[move_wkt_to_county(LEFT_WKT)], crs=4526)
    pyogrio.write_dataframe(frame, tmp_path / "a.gpkg", layer="STBHHX")
    county = County("a", str(tmp_path / "a.gpkg"))
    borders = read_county_borders(county, RunOptions(), "county", SETTINGS, with_figures=False)
    assert not borders.is_read and "XZQX" in borders.reason and str(tmp_path) not in borders.reason


TARGETS = "行政区代码,行政区,指标,关系,数值,单位\n"


def run_check(tmp_path, rows=(), sources=None):
    targets = tmp_path / "上级目标.csv"
    targets.write_text(TARGETS + "\n".join(rows), encoding="utf-8")
    sources = sources or (tmp_path / "数据",)
    if not sources[0].exists():
        write_counties(sources[0])
    options = SeamOptions(tuple(sources), tmp_path / "结果", targets=str(targets) if rows else "")
    return check_seams(options)[0], tmp_path / "结果"


def test_the_sum_of_the_counties_can_pass_while_one_fails(tmp_path):
    area_km2 = sum(
        move_wkt_to_county(wkt).area for (layer, _), rows in FEATURES.items() if layer == "STBHHX" for wkt, _ in rows
    ) / 1e6  # fmt: skip
    result, output = run_check(
        tmp_path,
        [
            f"140200,大同市,生态保护红线,≥,{area_km2 * 0.99:.4f},平方千米",
            f"140200,大同市,城镇开发边界,≤,{1.0},公顷",
            f"140200,大同市,耕地,≥,{1.0},万亩",
            f"{SW},新荣区,生态保护红线,≥,1.00,平方千米",
            f"{SE},平城区,生态保护红线,≥,0.01,平方千米",
        ],
    )
    red_line, boundary, cultivated = result.sums
    assert red_line.sum_value == pytest.approx(area_km2, rel=1e-4) and red_line.state == "met"
    assert [one.county for one in red_line.misses] == [f"{SW}新荣区"] and red_line.hides_misses
    assert red_line.targets_sum is None
    assert boundary.state == "broken" and boundary.margin < 0 and not boundary.hides_misses
    assert cultivated.state == "" and len(cultivated.missing) == 4
    rows = json.loads((output / "seams.json").read_text("utf-8"))["sums"]
    assert [row["hides_misses"] for row in rows] == [True, False, False]
    page = (output / "seams.html").read_text("utf-8")
    assert page.count("data-hides") == 1 and "新荣区缺" in page


def read_targets(tmp_path, heading, *rows):
    path = tmp_path / "targets.csv"
    path.write_text("\n".join((heading, *rows)), encoding="utf-8")
    return read_parent_targets(path)


NAMED_TARGETS = "行政区,指标,数值,单位,年份"


def test_rows_without_a_code_are_of_the_division_with_their_name(tmp_path):
    targets = read_targets(
        tmp_path, NAMED_TARGETS, *(
            f"{name},生态保护红线,{value},平方千米,2035"
            for value, name in enumerate(("大同市", "山西省", "新荣区", "大同市平城区", "山西省大同市云州区"), 1)
        ),
    )  # fmt: skip
    assert [(one.area_code, one.value) for one in targets.parent] == [("140200", "1"), ("140000", "2")]
    assert [(one.area_code, one.value) for one in targets.children] == [
        ("140212", "3"),
        ("140213", "4"),
        ("140215", "5"),
    ]


@pytest.mark.parametrize("name", ["西京市", "城区", "大同"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_name_without_a_code_that_is_not_one_division_is_an_error_of_its_row(tmp_path, name, lang):
    with pytest.raises(InputError) as raised:
        read_targets(tmp_path, NAMED_TARGETS, "大同市,耕地,1,万亩,", f"{name},耕地,1,万亩,")
    text = Texts(lang).explain_error(raised.value)
    assert raised.value.key == "seams_area_unknown" and f"“{name}”" in text and ("第 3 行" in text or "row 3" in text)


@pytest.mark.parametrize(
    ("heading", "rows", "is_wrong"),
    [
        ("指标,数值,单位,年份", ("耕地,1,万亩,2035", "耕地,2,万亩,2035"), True),
        ("指标,数值,单位", ("耕地,1,万亩", "耕地,2,万亩"), True),
        (NAMED_TARGETS, ("大同市,耕地,1,万亩,", "大同市,耕地,2,万亩,"), True),
        (f"行政区代码,{NAMED_TARGETS}", ("140200,,耕地,1,万亩,", ",大同市,耕地,2,万亩,"), True),
        ("指标,数值,单位,年份", ("耕地,1,万亩,2025", "耕地,2,万亩,2035", "生态保护红线,2,公顷,2035"), False),
        (NAMED_TARGETS, ("大同市,耕地,1,万亩,", "阳泉市,耕地,2,万亩,"), False),
    ],
)
def test_two_targets_without_a_code_for_one_indicator_and_year_are_an_error(tmp_path, heading, rows, is_wrong):
    if not is_wrong:
        assert len(read_targets(tmp_path, heading, *rows).parent) == len(rows)
        return
    with pytest.raises(InputError) as raised:
        read_targets(tmp_path, heading, *rows)
    assert raised.value.key == "seams_target_twice" and raised.value.params["line"] == 3


@pytest.mark.parametrize(
    ("text", "year"), [("2035年", 2035), ("2035", 2035), ("", 0), ("到2035年末", 2035), ("2035年12月31日", 2035)]
)
def test_the_year_of_a_target_is_its_four_digits(tmp_path, text, year):
    (target,) = read_targets(tmp_path, NAMED_TARGETS, f"大同市,耕地,1,万亩,{text}").parent
    assert target.year == year


@pytest.mark.parametrize("text", ["近期", "35年", "20355", "2021-2035"])
def test_another_year_is_an_error_of_its_cell(tmp_path, text):
    with pytest.raises(InputError) as raised:
        read_targets(tmp_path, NAMED_TARGETS, f"大同市,耕地,1,万亩,{text}")
    assert (raised.value.key, raised.value.params["value"]) == ("table_cell", text)


def make_borders(code, value_m2, name=""):
    figures = {} if value_m2 is None else {"red_line_area": ChildFigure(value_m2, True)}
    state = BorderState.UNREAD if value_m2 is None else BorderState.READ
    return CountyBorders(name or code or "无代码", state, area_code=code, figures=figures)


def test_counties_count_for_the_parent_that_they_are_in(tmp_path):
    targets = read_targets(
        tmp_path, "行政区代码,指标,关系,数值,单位",
        *(f"{code},生态保护红线,≥,{value},平方千米" for code, value in (
            ("140200", 3), ("140300", 5), ("140000", 10), ("140212", 1), ("140213", 2), ("140302", 6), ("140303", 1)
        )),
    )  # fmt: skip
    counties = [make_borders("140212", 1e6), make_borders("140213", 2e6), make_borders("140302", 5e6)]
    datong, yangquan, shanxi = sum_counties(targets, counties)
    assert (datong.sum_value, datong.counted, datong.missing) == (3, ("140212", "140213"), ())
    assert (datong.state, datong.targets_sum, datong.misses) == ("met", 3, ())
    assert (yangquan.sum_value, yangquan.counted, yangquan.missing) == (5, ("140302",), ("140303",))
    assert (yangquan.state, yangquan.targets_sum, [one.county for one in yangquan.misses]) == ("", 7, ["140302"])
    assert (shanxi.sum_value, shanxi.missing, shanxi.targets_sum) == (8, ("140303",), 10)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_sums_of_several_parents_name_the_parent(tmp_path, lang):
    rows = [f"{code},生态保护红线,≥,1,平方千米" for code in ("140200", "140300")]
    names = []
    for count in (1, 2):
        targets = read_targets(tmp_path, "行政区代码,指标,关系,数值,单位", *rows[:count])
        sums = sum_counties(targets, [make_borders("140212", 2e6)])
        result = SeamResult((), (), sums, SETTINGS, "", lang, datetime.now())
        names += [name_sum(one, result) for one in sums]
        shown = [make_sum_columns(result)[0].make_cell(one) for one in sums]
        assert shown == names[-count:] and names[-1] in describe_sum(sums[-1], result)
    assert ["大同市" in name for name in names] == [False, True, False] and "阳泉市" in names[2]


def test_a_county_without_a_known_code_prevents_the_sums_of_several_parents(tmp_path):
    rows = [f"{code},生态保护红线,≥,1,平方千米" for code in ("140200", "140300")]
    counties = [make_borders("140212", 2e6), make_borders("140302", 2e6), make_borders("", 1e6)]
    one_parent, several = (read_targets(tmp_path, "行政区代码,指标,关系,数值,单位", *rows[:count]) for count in (1, 2))
    assert [(one.sum_value, one.missing) for one in sum_counties(one_parent, counties)] == [(3, ())]
    assert [(one.sum_value, one.missing) for one in sum_counties(several, counties)] == [(2, ("无代码",))] * 2
    # A county that was not read has the code that its name begins with.
    counties[2] = make_borders("", None, "140303矿区")
    assert [one.missing for one in sum_counties(several, counties)] == [(), ("140303矿区",)]


@pytest.mark.parametrize("comparison", ["≥", "≤"])
def test_the_sum_of_a_parent_without_a_county_is_not_judged(tmp_path, comparison):
    row = f"140400,城镇开发边界,{comparison},1,公顷" if comparison == "≤" else "140400,生态保护红线,≥,1,公顷"
    (only,) = sum_counties(read_targets(tmp_path, "行政区代码,指标,关系,数值,单位", row), [make_borders("140212", 2e6)])
    assert (only.state, only.counted, only.missing) == ("", (), ("140400",))


def test_a_list_gives_profiles_with_the_targets_of_the_counties(tmp_path):
    paths = write_counties(tmp_path / "数据")
    lines = ["县,数据,县配置"]
    for path, code, value in zip(paths, NAMES, ("0.20", "0.01", "0.001", "0.001"), strict=True):
        (tmp_path / f"{code}.toml").write_text(
            f'id = "p{code}"\nname = "{NAMES[code]}"\narea_code = "{code}"\nbase = "shanxi"\n[[targets]]\n'
            f'indicator = "red_line_area"\ncomparison = ">="\nvalue = "{value}"\nunit = "km2"\nyear = 2035\n'
            'binding = "约束性"\nsource = "规划文本"\n',
            encoding="utf-8",
        )
        lines.append(f"{NAMES[code]},数据/{path.name},{code}.toml")
    listed = tmp_path / "清单.csv"
    listed.write_text("\n".join(lines), encoding="utf-8")
    result, _ = run_check(tmp_path, ["140200,大同市,生态保护红线,≥,0.10,平方千米"], (listed,))
    (red_line,) = result.sums
    assert red_line.targets_sum == pytest.approx(0.212) and red_line.hides_misses
    assert [(one.county, one.state) for one in red_line.misses] == [("新荣区", "broken")]


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ("1402,大同市,生态保护红线,≥,1,平方千米", "table_cell"),
        ("140200,大同市,生态保护红线,≤,1,平方千米", "table_cell"),
        ("140200,大同市,生态保护红线,≥,约 1,平方千米", "table_cell"),
        (f"{SW},新荣区,生态保护红线,≥,1,平方千米", "seams_no_parent_target"),
        ("140200,大同市,扩展倍数,≤,1.3,倍", "seams_no_parent_target"),
    ],
)
def test_an_unusable_table_of_targets_is_an_error_before_any_county_is_read(tmp_path, row, key):
    with pytest.raises(InputError) as raised:
        run_check(tmp_path, [row])
    assert raised.value.key == key and not (tmp_path / "结果").exists()


def test_results_are_files_for_both_counties_and_a_damaged_county_is_a_row(tmp_path):
    write_counties(tmp_path / "数据")
    (tmp_path / "数据" / "140226左云县.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    result, output = run_check(tmp_path)
    assert {path.name for path in output.iterdir()} == {*SEAMS_FILES, "pairs"}
    assert len(list((output / "pairs").glob("*.html"))) == len(list((output / "pairs").glob("*.json"))) == 4
    data = json.loads((output / "seams.json").read_text("utf-8"))
    states = {row["name"]: row["state"] for row in data["counties"]}
    assert states["140226左云县"] == "unread" and sum(state == "read" for state in states.values()) == 4
    layer = pyogrio.read_dataframe(output / "seams.gpkg")
    assert layer.crs.to_epsg() == 4490 and layer.geometry.is_valid.all() and not layer.geometry.is_empty.any()
    # From either side once: each fingerprint has a row of each county, which names the other one.
    views = {(row.county, row.neighbour, row.fingerprint) for row in layer.itertuples()}
    assert len(views) == len(layer) == 2 * len(PLANTED)
    assert {(b, a, mark) for a, b, mark in views} == views
    assert set(layer.fingerprint) == {one.fingerprint for one in result.findings}
    assert layer.set_index(["county", "kind"]).loc[(SE, "code"), "neighbour_keys"] == f"{NE}000300000002"
    book = openpyxl.load_workbook(output / "seams.xlsx")
    assert book.sheetnames == ["接边汇总", "接边问题", "县区"]
    assert [row[4].value for row in book["接边汇总"].iter_rows(min_row=4)][:4].count(1) == 1
    pair_page = (output / "pairs" / "新荣区—云冈区.html").read_text("utf-8")
    assert pair_page.count("data-finding") == 2 and pair_page.count(f"{SW}000200000001") == 2
    page = (output / "seams.html").read_text("utf-8")
    assert "左云县" in page and "http" not in page and str(tmp_path) not in page
    # A second run replaces the reports.
    (output / "pairs" / "old.html").write_text("", encoding="utf-8")
    again, _ = run_check(tmp_path)
    assert [one.fingerprint for one in again.findings] == [one.fingerprint for one in result.findings]
    assert not (output / "pairs" / "old.html").exists()


def fail_for(monkeypatch, name, path):
    """Let a function of `os` fail for a path, as Windows does while another program has the file open."""
    function = getattr(os, name)

    def refuse(source, destination):
        if path in (Path(source), Path(destination)):
            raise PermissionError(errno.EACCES, "in use", str(source), None, str(destination))
        function(source, destination)

    monkeypatch.setattr(os, name, refuse)


@pytest.fixture(scope="module")
def checked_counties(tmp_path_factory):
    return run_check(tmp_path_factory.mktemp("市"))


@pytest.fixture
def former_result(checked_counties, tmp_path):
    """Return a result and a copy of its folder."""
    result, output = checked_counties
    shutil.copytree(output, tmp_path / "结果")
    return result, tmp_path / "结果"


@pytest.mark.parametrize(
    ("function", "name"),
    [*(("rename", name) for name in SEAMS_FILES), *(("replace", name) for name in (*SEAMS_FILES, "pairs"))],
)
def test_a_file_of_former_results_that_is_open_elsewhere_leaves_them_complete(
    former_result, monkeypatch, function, name
):
    result, output = former_result
    (output / "seams.gpkg-wal").write_bytes(b"log")
    (output / "pairs" / "former.html").write_text("former", encoding="utf-8")
    before = list_files(output)
    fail_for(monkeypatch, function, output / name)
    with pytest.raises(OutputError) as raised:
        write_result(result, output)
    assert raised.value.key == "output_open_elsewhere" and raised.value.params["target"] == str(output / name)
    assert list_files(output) == before


def test_logs_of_a_replaced_layer_are_removed(former_result):
    result, output = former_result
    for suffix in ("-wal", "-shm", "-journal"):
        (output / f"seams.gpkg{suffix}").write_bytes(b"log")
    write_result(result, output)
    assert {path.name for path in output.iterdir()} == {*SEAMS_FILES, "pairs"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_command_prints_counts_and_returns_1_for_findings(tmp_path, capsys, lang):
    paths = [str(path) for path in write_counties(tmp_path / "数据")]
    assert main(["seams", *paths, "--output", str(tmp_path / "out"), "--lang", lang]) == 1
    out = capsys.readouterr().out
    assert ("5 处" if lang == "zh" else "warnings: 5") in out and str(tmp_path / "out" / "seams.html") in out
    # Counties that do not meet have no seams.
    assert main(["seams", paths[0], paths[3], "--output", str(tmp_path / "out"), "--lang", lang]) == 0


def test_tolerance_and_layers_are_settings_of_the_profile(tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text(
        'id = "p"\nname = "p"\narea_code = "140200"\nbase = "shanxi"\n'
        '[seams]\ntolerance_m = 3.5\nlayers = ["zones GHFQDM"]\n',
        encoding="utf-8",
    )
    own = SeamSettings.from_norm(RunOptions(profile=str(profile)).resolve_norm())
    assert own.tolerance_m == 3.5 and [one.concept for one in own.layers] == ["zones"]
    assert {kind for kind, *_ in identify(compare(write_counties(tmp_path / "d"), own))} == {"code"}


@pytest.mark.parametrize("layer", ["moon", "zones GHFQ"])
def test_an_unknown_layer_or_field_of_the_profile_is_an_error(tmp_path, layer):
    profile = tmp_path / "p.toml"
    text = f'id = "p"\nname = "p"\narea_code = "140200"\nbase = "shanxi"\n[seams]\nlayers = ["{layer}"]\n'
    profile.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        SeamSettings.from_norm(RunOptions(profile=str(profile)).resolve_norm())
    assert raised.value.params["value"] == layer


def test_wrong_sources_and_outputs_are_errors(tmp_path):
    (path, *_) = write_counties(tmp_path / "数据")
    for sources, key in (
        ((path,), "counties_source"),
        ((path, path), "seams_twice"),
        ((path, tmp_path / "missing.gpkg"), "source_missing"),
    ):
        with pytest.raises(InputError) as raised:
            check_seams(SeamOptions(sources, tmp_path / "out"))
        assert raised.value.key == key
    folder = tmp_path / "one"
    folder.mkdir()
    write_county(folder, SW)
    with pytest.raises(InputError) as raised:
        check_seams(SeamOptions((folder,), tmp_path / "out"))
    assert raised.value.key == "seams_one_county"


def test_results_are_not_written_into_the_data(tmp_path):
    first, second, *_ = write_counties(tmp_path / "数据")
    folder = tmp_path / "shapes"
    folder.mkdir()
    before = list_files(tmp_path)
    for sources, output in (
        ((tmp_path / "数据",), tmp_path / "数据"),
        ((tmp_path / "数据",), first),
        ((first, second, folder), first),
        ((first, second, folder), folder),
        ((first, second, folder), folder / "结果"),
    ):
        with pytest.raises(OutputError) as raised:
            check_seams(SeamOptions(sources, output))
        assert raised.value.key == "counties_output" and list_files(tmp_path) == before


@pytest.mark.parametrize("seams_json", [None, "{}", "not JSON", '{"schema": "other/1"}'])
def test_a_folder_of_pairs_of_another_program_is_kept(tmp_path, seams_json):
    output = tmp_path / "结果"
    (output / "pairs").mkdir(parents=True)
    (output / "pairs" / "照片.jpg").write_bytes(b"x")
    if seams_json is not None:
        (output / "seams.json").write_text(seams_json, encoding="utf-8")
    before = list_files(output)
    with pytest.raises(OutputError) as raised:
        run_check(tmp_path)
    assert raised.value.key == "seams_foreign_pairs" and list_files(output) == before
