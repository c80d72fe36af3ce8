# SPDX-License-Identifier: GPL-2.0-or-later
"""A control line before and after planted moves: areas, parcels and criteria."""

import json
from math import cos, radians, sin

import geopandas as gpd
import pytest
import shapely
from pyproj import Transformer

from plugin.core.__main__ import main
from plugin.core.adjustment.model import AdjustmentOptions, Outcome
from plugin.core.adjustment.run import compare_line
from plugin.core.errors import InputError
from plugin.core.options import RunOptions
from tests.core.small_plan import make_county_box, make_table

TO_DEGREES = Transformer.from_crs(4526, 4490, always_xy=True)
#: Edges are as long as those of survey parcels (m): the formula takes the mean longitude of an edge.
EDGE_M = 10.0
#: The line before: one square of 400 m.
OLD_TOWN = shapely.segmentize(make_county_box(300, 300, 400, 400), EDGE_M)


def compute_ellipsoid_area(shape):
    """Sum the trapezoids below the edges by the survey's formula, written from its text."""
    a, f = 6378137.0, 1 / 298.257222101
    b = a * (1 - f)
    e2 = (a * a - b * b) / (a * a)
    e4, e6, e8 = e2**2, e2**3, e2**4
    terms = (
        1 + 3 / 6 * e2 + 30 / 80 * e4 + 35 / 112 * e6 + 630 / 2304 * e8,
        1 / 6 * e2 + 15 / 80 * e4 + 21 / 112 * e6 + 420 / 2304 * e8,
        3 / 80 * e4 + 7 / 112 * e6 + 180 / 2304 * e8,
        1 / 112 * e6 + 45 / 2304 * e8,
        5 / 2304 * e8,
    )
    total = 0.0
    for part in shapely.get_parts(shape):
        if part.is_empty:
            continue
        for ring, sign in [(part.exterior, 1), *((ring, -1) for ring in part.interiors)]:
            lon, lat = TO_DEGREES.transform(*zip(*ring.coords, strict=True))
            area = 0.0
            for i in range(len(lon) - 1):
                width = radians((lon[i] + lon[i + 1]) / 2 - lon[0])
                half, middle = radians(lat[i + 1] - lat[i]) / 2, radians(lat[i] + lat[i + 1]) / 2
                bracket = sum(
                    (-1) ** k * term * sin((2 * k + 1) * half) * cos((2 * k + 1) * middle)
                    for k, term in enumerate(terms)
                )
                area += 2 * b * b * width * bracket
            total += sign * abs(area)
    return total


def measure_with_short_edges(shape):
    """Return the area of a shape with divided edges."""
    return compute_ellipsoid_area(shapely.segmentize(shape, EDGE_M))


def write_editions(folder, after, *, farmland=(), red_line=(), before=OLD_TOWN, without=()):
    """Write the earlier edition of the line and the later county; return both paths."""
    county = {
        "XZQXZ": make_table(
            [make_county_box(0, 0, 500, 1000), make_county_box(500, 0, 1500, 1000)],
            XZQDM=["140225100", "140225101"],
            XZQMC=["甲镇", "乙镇"],
        ),
        "DLTB": make_table(
            [make_county_box(0, 0, 300, 1000), make_county_box(300, 0, 400, 1000), make_county_box(700, 0, 1300, 1000)],
            DLBM=["0103", "0701", "0301"],
            QSXZ=["30", "20", "30"],
            ZLDWMC=["一村", "二村", "三村"],
            TBMJ=[300_000.0, 400_000.0, 1_300_000.0],
            TBDLMJ=[270_000.0, 400_000.0, 1_300_000.0],
            CZCSXM=[None, "202", None],
            SJNF=[2020, 2020, 2020],
        ),
        "YJJBNTBHTB": make_table(
            farmland or [make_county_box(0, 900, 50, 50)], YJJBNTMJ=[2000.0] * max(len(farmland), 1)
        ),
        "STBHHX": make_table(red_line or [make_county_box(1900, 900, 50, 50)]),
        "CZKFBJ": make_table([after], GHFQDM=["410"], GHFQMC=["城镇集中建设区"]),
    }
    new, old = folder / "后.gpkg", folder / "前.gpkg"
    for name, table in county.items():
        if name not in without:
            table.to_file(new, layer=name)
    make_table([before], GHFQDM=["410"], GHFQMC=["城镇集中建设区"]).to_file(old, layer="CZKFBJ")
    return old, new


def compare(folder, after, *, profile="", **given):
    """Return the result for a later edition of the line."""
    old, new = write_editions(folder, after, **given)
    return compare_line(new, AdjustmentOptions(str(old), run=RunOptions(profile=profile)))


def get_outcomes(result):
    """Return criterion → outcome."""
    return {one.id: one.outcome for one in result.criteria}


BOX_IN_EAST, BOX_OUT_WEST = make_county_box(700, 400, 100, 100), make_county_box(300, 400, 100, 100)


def swap_land(moved_in, moved_out):
    """Return the line after a swap."""
    return shapely.union_all([OLD_TOWN, moved_in]).difference(moved_out)


MOVES = {
    "in": (shapely.union(OLD_TOWN, BOX_IN_EAST), 1, 0),
    "out": (OLD_TOWN.difference(BOX_OUT_WEST), 0, 1),
    "swap": (swap_land(BOX_IN_EAST, BOX_OUT_WEST), 1, 1),
    "hole": (OLD_TOWN.difference(make_county_box(450, 450, 60, 60)), 0, 1),
    "several": (shapely.union_all([OLD_TOWN, BOX_IN_EAST, make_county_box(400, 700, 200, 80)]), 2, 0),
}


@pytest.mark.parametrize("move", MOVES)
def test_areas_equal_plain_shapely_and_the_written_formula(tmp_path, move):
    after, count_in, count_out = MOVES[move]
    after = shapely.segmentize(after, EDGE_M)
    result = compare(tmp_path, after)
    assert (len(result.list_parcels("in")), len(result.list_parcels("out"))) == (count_in, count_out)
    for kind, land in (("in", after.difference(OLD_TOWN)), ("out", OLD_TOWN.difference(after))):
        parcels = result.list_parcels(kind)
        assert sum(one.geometry.area for one in parcels) == pytest.approx(land.area, abs=1e-4)
        assert sum(one.area_m2 for one in parcels) == pytest.approx(measure_with_short_edges(land), abs=0.01)
        assert all(sum(one.area_by_township.values()) == pytest.approx(one.area_m2, abs=1e-6) for one in parcels)
        assert all(sum(use.area_m2 for use in one.land_uses) == pytest.approx(one.area_m2, abs=0.01) for one in parcels)
    balance = result.comparison.balance_by_basis["statutory"]
    assert balance.before - balance.moved_out + balance.moved_in == pytest.approx(balance.after, abs=0.01)
    assert balance.after == pytest.approx(compute_ellipsoid_area(after), abs=0.01)


def test_swap_of_equal_area_is_conditional_and_an_increase_fails(tmp_path):
    # The ellipsoid area of the box in the east is below that of a wider box in the west.
    result = compare(tmp_path, swap_land(BOX_IN_EAST, make_county_box(300, 400, 101, 100)))
    outcomes = get_outcomes(result)
    assert outcomes["area_not_increased"] is Outcome.CONDITIONAL
    # The removed land is built up, the added one is forest.
    assert outcomes["cultivated_not_increased"] is Outcome.CONDITIONAL
    assert Outcome.CONFORMS not in outcomes.values()
    second = tmp_path / "second"
    second.mkdir()
    grown = get_outcomes(compare(second, MOVES["in"][0]))
    assert grown["area_not_increased"] is grown["ratio_not_increased"] is Outcome.FAILS


def test_land_taken_is_named_with_net_area(tmp_path):
    # Half of the farmland feature (100 × 100 m) moves in.
    farmland = [make_county_box(750, 400, 100, 100)]
    result = compare(tmp_path, MOVES["in"][0], farmland=farmland, red_line=[make_county_box(790, 390, 50, 50)])
    (parcel,) = result.list_parcels("in")
    half = farmland[0].intersection(BOX_IN_EAST)
    assert parcel.taken["farmland"].area_m2 == pytest.approx(measure_with_short_edges(half), abs=0.01)
    assert parcel.taken["farmland"].net_m2 == pytest.approx(1000.0, abs=0.1)
    corner = make_county_box(790, 400, 10, 40)
    assert parcel.taken["red_line"].area_m2 == pytest.approx(measure_with_short_edges(corner), abs=0.01)
    outcomes = get_outcomes(result)
    assert outcomes["no_farmland_taken"] is outcomes["no_red_line_taken"] is Outcome.FAILS
    assert parcel.location == "三村" and parcel.ownership[0].name.startswith("30")


def test_cultivated_land_that_moves_in_is_counted_net(tmp_path):
    result = compare(tmp_path, shapely.union(OLD_TOWN, make_county_box(200, 400, 100, 100)))
    taken = result.sum_cultivated("in")
    assert taken.area_m2 == pytest.approx(measure_with_short_edges(make_county_box(200, 400, 100, 100)), abs=0.01)
    # 270 000 of 300 000 m² are net.
    assert taken.net_m2 == pytest.approx(9000.0, rel=1e-4)
    assert get_outcomes(result)["cultivated_not_increased"] is Outcome.FAILS


def test_slivers_are_counted_and_not_listed(tmp_path):
    shifted = shapely.union(OLD_TOWN, make_county_box(700, 400, 0.004, 100))
    result = compare(tmp_path, shifted)
    assert result.parcels == [] and result.count_slivers("in")[0] == 1
    assert result.count_slivers("in")[1] == pytest.approx(0.4, rel=1e-2)


def test_a_parcel_over_two_townships_is_one_parcel(tmp_path):
    result = compare(tmp_path, shapely.union(OLD_TOWN, make_county_box(400, 700, 200, 80)))
    (parcel,) = result.parcels
    assert set(parcel.area_by_township) == {"甲镇", "乙镇"}


def test_small_and_detached_parcels_fail(tmp_path):
    far = shapely.union_all([OLD_TOWN, make_county_box(900, 400, 10, 10)])
    outcomes = get_outcomes(compare(tmp_path, far))
    assert outcomes["parcels_large_enough"] is outcomes["parcels_adjoin"] is Outcome.FAILS


def test_missing_layers_leave_criteria_undetermined(tmp_path):
    result = compare(tmp_path, MOVES["swap"][0], without=("DLTB", "YJJBNTBHTB", "STBHHX"))
    outcomes = get_outcomes(result)
    names = ("ratio_not_increased", "no_farmland_taken", "no_red_line_taken", "cultivated_not_increased")
    assert {outcomes[name] for name in names} == {Outcome.UNDETERMINED}
    assert {"no_survey", "no_line"} <= {key for key, _ in result.missing}


def test_an_edition_without_the_line_is_refused(tmp_path):
    old, new = write_editions(tmp_path, OLD_TOWN)
    for line, before in (("boundary", new), ("farmland", old), ("road", old)):
        with pytest.raises(InputError):
            compare_line(new, AdjustmentOptions(str(before), line=line))


def test_the_command_writes_json_and_page_and_returns_found(tmp_path, capsys):
    old, new = write_editions(tmp_path, MOVES["in"][0])
    digests = [path.read_bytes() for path in (old, new)]
    page, data = tmp_path / "a.html", tmp_path / "a.json"
    assert main(["adjustment", str(old), str(new), "--html", str(page), "--json", str(data)]) == 1
    assert "不符合" in capsys.readouterr().out
    assert "@page{size:A4 landscape" in page.read_text(encoding="utf-8"), "printed upright, columns are too narrow"
    assert '<tr class="kn"><td><b>调入' in page.read_text(encoding="utf-8"), "a page may end with a heading of rows"
    written = json.loads(data.read_text(encoding="utf-8"))
    assert written["verdict"] == "fails" and (written["before"], written["after"]) == (old.name, new.name)
    assert str(tmp_path) not in page.read_text(encoding="utf-8"), "a dossier has no folders of this machine"
    assert gpd.read_file(old).shape[0] == 1 and [path.read_bytes() for path in (old, new)] == digests
