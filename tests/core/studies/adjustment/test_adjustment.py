# SPDX-License-Identifier: GPL-2.0-or-later
"""A control line before and after planted moves: areas, parcels and criteria."""

import json
from itertools import pairwise
from types import SimpleNamespace

import geopandas as gpd
import pytest
import shapely
from pyproj import Transformer

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError
from plugin.core.standard.options import RunOptions
from plugin.core.studies.adjustment.adjustment_result import AdjustmentOptions, Outcome
from plugin.core.studies.adjustment.compare_lines import compare_line
from tests.core.printed_tables import find_table, normalise, normalise_lines, run_in_both_languages
from tests.core.small_plan import make_county_box, make_table
from tests.core.studies.office_tables.table_county import compute_ellipsoid_area

TO_DEGREES = Transformer.from_crs(4526, 4490, always_xy=True)
#: Edges are as long as those of survey parcels (m): the formula takes the mean longitude of an edge.
EDGE_M = 10.0
#: The line before: one square of 400 m.
OLD_TOWN = shapely.segmentize(make_county_box(300, 300, 400, 400), EDGE_M)


def measure_with_short_edges(shape):
    """Return the area of a shape with divided edges."""
    return 0.0 if shape.is_empty else compute_ellipsoid_area(shapely.segmentize(shape, EDGE_M))


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


def test_land_that_leaves_a_line_drawn_twice_counts_once(tmp_path):
    after = OLD_TOWN.difference(BOX_OUT_WEST)
    old, new = write_editions(tmp_path, shapely.segmentize(after, EDGE_M))
    twice = [OLD_TOWN, shapely.segmentize(BOX_OUT_WEST, EDGE_M)]
    make_table(twice, GHFQDM=["410", "410"]).to_file(old, layer="CZKFBJ")
    result = compare_line(new, AdjustmentOptions(str(old)))
    (parcel,) = result.list_parcels("out")
    expected = measure_with_short_edges(BOX_OUT_WEST)
    assert (
        parcel.area_m2
        == pytest.approx(expected, abs=0.01)
        == pytest.approx(sum(one.area_m2 for one in parcel.land_uses))
    )
    (criterion,) = [one for one in result.criteria if one.id == "area_not_increased"]
    assert criterion.value == pytest.approx(-expected, abs=0.01)


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
    taken = result.sum_land("cultivated", "in")
    assert taken.area_m2 == pytest.approx(measure_with_short_edges(make_county_box(200, 400, 100, 100)), abs=0.01)
    # 270 000 of 300 000 m² are net.
    assert taken.net_m2 == pytest.approx(9000.0, rel=1e-4)
    assert get_outcomes(result)["cultivated_not_increased"] is Outcome.FAILS


def test_slivers_are_counted_and_not_listed(tmp_path):
    result = compare(tmp_path, shapely.union(OLD_TOWN, make_county_box(700, 400, 0.004, 100)))
    assert result.parcels == [] and result.count_slivers("in")[0] == 1
    assert result.count_slivers("in")[1] == pytest.approx(0.4, rel=1e-2)


def test_a_parcel_over_two_townships_is_one_parcel(tmp_path):
    (parcel,) = compare(tmp_path, shapely.union(OLD_TOWN, make_county_box(400, 700, 200, 80))).parcels
    assert set(parcel.area_by_township) == {"甲镇", "乙镇"}


def test_small_and_detached_parcels_fail(tmp_path):
    outcomes = get_outcomes(compare(tmp_path, shapely.union_all([OLD_TOWN, make_county_box(900, 400, 10, 10)])))
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


FORMS = ("docx", "xlsx", "html")
KINDS = {"in": "调入", "out": "调出", "changed": "属性变更"}
CRITERIA = {
    "area_not_increased": "面积不增加",
    "ratio_not_increased": "扩展倍数不增加",
    "no_farmland_taken": "不占用永久基本农田",
    "no_red_line_taken": "不占用生态保护红线",
    "cultivated_not_increased": "占用耕地净面积不增加",
    "parcels_large_enough": "调入地块不零碎",
    "parcels_adjoin": "调入地块与原界线相接",
}
OUTCOMES = {"conforms": "符合", "conditional": "有条件（未确认）", "fails": "不符合", "undetermined": "未能判定"}
UNITS = {"m2": ("平方米", 2), "ratio": ("倍", 6), "count": ("个", 0)}
TERMS = {
    "before": "变更前",
    "moved_out": "减：调出",
    "moved_in": "加：调入",
    "revalued": "加：未动地块的面积差",
    "after": "变更后",
}
#: Strips of 20 m with land of five classes, where land moves in.
CLASSES = {"0101": "20", "0201": "30", "0301": "30", "0401": "20", "0103": "30"}


def write_rich_editions(folder):
    """Write editions with swapped land, another zone, slivers, five classes in a parcel, zones and lines in both."""
    sliver, far = make_county_box(700, 550, 0.004, 100), make_county_box(900, 400, 15, 15)
    over_two = make_county_box(250, 700, 450, 80)
    after = shapely.union_all([OLD_TOWN, BOX_IN_EAST, over_two, far, sliver]).difference(BOX_OUT_WEST)
    farmland = [make_county_box(750, 400, 100, 100), make_county_box(0, 900, 50, 50)]
    old, new = write_editions(folder, after, farmland=farmland, red_line=[make_county_box(790, 390, 50, 50)])
    west = make_county_box(0, 0, 500, 1000)
    make_table(
        [after.intersection(west), after.difference(west)],
        GHFQDM=["410", "420"],
        GHFQMC=["城镇集中建设区", "城镇弹性发展区"],
    ).to_file(new, layer="CZKFBJ")
    strips = [make_county_box(700 + 20 * n, 0, 20, 1000) for n in range(len(CLASSES))]
    areas = [20_000.0] * len(CLASSES)
    survey = make_table(
        [make_county_box(0, 0, 300, 1000), make_county_box(300, 0, 400, 1000), *strips],
        DLBM=["0103", "0701", *CLASSES],
        QSXZ=["30", "20", *CLASSES.values()],
        ZLDWMC=["一村", "二村", *["三村"] * len(strips)],
        TBMJ=[300_000.0, 400_000.0, *areas],
        TBDLMJ=[270_000.0, 400_000.0, *[0.9 * area for area in areas]],
        CZCSXM=[None, "202", *[None] * len(strips)],
        SJNF=[2020] * (2 + len(strips)),
    )
    survey.to_file(new, layer="DLTB")
    for path, codes in ((old, ["300", "300"]), (new, ["300", "410"])):
        names = {"300": "农田保护区", "410": "城镇集中建设区"}
        make_table(
            [make_county_box(0, 0, 600, 1000), make_county_box(600, 0, 1400, 1000)],
            GHFQDM=codes,
            GHFQMC=[names[code] for code in codes],
        ).to_file(path, layer="YDYHGHFQ")
    return old, new


@pytest.fixture(scope="module")
def dossiers(tmp_path_factory):
    """Run the command in both languages; return language → JSON, and tables and lines by form."""
    folder = tmp_path_factory.mktemp("论证 a")
    old, new = write_rich_editions(folder)
    return run_in_both_languages(["adjustment", str(old), str(new)], folder / "论证 表", FORMS)


@pytest.fixture(params=FORMS)
def printed(request, dossiers):
    """Return JSON, lines and tables of one form of the Chinese dossier."""
    written = dossiers["zh"]
    tables = written.tables[request.param]
    heads = {
        "criteria": ["判定项", "判定"],
        "totals": ["项目", "图斑椭球面积"],
        "townships": ["乡镇", "变更前"],
        "parcels": ["序号", "变化类型"],
        "land": ["地类", "调入"],
    }
    found = {name: find_table(tables, two) for name, two in heads.items()}
    return SimpleNamespace(form=request.param, data=written.data, lines=written.lines[request.param], **found)


def show(value, decimals=2):
    """Return a figure as printed, without separators."""
    if value is None:
        return ""
    text = f"{value:.{decimals}f}"
    return text if text.strip("-0.") else text.removeprefix("-")


def show_lines(shares):
    """Return the three largest shares of a parcel as they are named in a cell."""
    return "".join(normalise(f"{one['name']}{show(one['area_m2'])}") for one in shares[:3]) + "…" * (len(shares) > 3)


def test_criteria_have_value_threshold_and_outcome(printed):
    table, criteria = printed.criteria, printed.data["criteria"]
    assert len(criteria) == len(CRITERIA)
    for one in criteria:
        name, (unit, decimals) = CRITERIA[one["id"]], UNITS[one["unit"]]
        assert table.get("判定", name) == OUTCOMES[one["outcome"]]
        assert table.get("计算值", name) == f"{show(one['value'], decimals)}{unit}"
        assert table.get("阈值", name) == f"{show(one['limit'], decimals)}{unit}"
        assert one["setting"] in table.get("依据", name) and one["mark"] in table.get("依据", name)
        if one["parcels"]:
            assert f"涉及地块：{'、'.join(map(str, one['parcels']))}。" in table.get("说明", name)
    ratio = next(one["params"] for one in criteria if one["id"] == "ratio_not_increased")
    expected = f"由{show(ratio['before'], 4)}变为{show(ratio['after'], 4)}"
    assert expected in table.get("说明", CRITERIA["ratio_not_increased"])
    assert table.get("判定", "综合判定") == OUTCOMES[printed.data["verdict"]]


def test_totals_are_those_of_the_balance_and_of_the_parcels(printed):
    data, table, checked = printed.data, printed.totals, 0
    balance = data["balance"]
    for term, name in TERMS.items():
        assert table.get("图斑椭球面积", name) == show(balance[term])
    change = balance["after"] - balance["before"] - balance["doubled"]
    assert table.get("图斑椭球面积", "面积变化（重叠的土地只计一次）") == show(change)
    for kind in ("in", "out"):
        part = table.select_below(KINDS[kind])
        parcels = [one for one in data["parcels"] if one["kind"] == kind]
        assert part.get("图斑椭球面积", "地块合计") == show(sum(one["area_m2"] for one in parcels))
        assert part.get("图斑椭球面积", "碎图斑合计") == show(data["slivers"][kind]["area_m2"])
        lands = {"永久基本农田": "farmland", "生态保护红线": "red_line", "耕地": ""}
        for name, concept in lands.items():
            taken = [one["taken"][concept] if concept else one["cultivated"] for one in parcels]
            for head, key in (("图斑椭球面积", "area_m2"), ("净面积", "net_m2")):
                values = [one[key] for one in taken]
                expected = "" if None in values else show(sum(values))
                assert part.get(head, f"其中{name}") == expected, (kind, name, head)
                checked += bool(expected.strip("0."))
    assert checked >= 5, "the editions have too little land in common"
    assert data["slivers"]["in"]["area_m2"] > 0.1


def test_townships_sum_to_the_line_and_have_the_parcels_areas(printed):
    data, table, names = printed.data, printed.townships, ("甲镇", "乙镇")
    balance = data["balance"]
    for term, head in TERMS.items():
        total = float(table.get(head, "合计"))
        assert show(total) == show(balance[term])
        # Each of the two figures is rounded by itself.
        assert sum(float(table.get(head, name)) for name in names) == pytest.approx(total, abs=0.015)
    for name in names:
        for kind, term in (("in", "moved_in"), ("out", "moved_out")):
            parcels = [one["area_by_township"].get(name, 0) for one in data["parcels"] if one["kind"] == kind]
            slivers = data["slivers"][kind]["area_m2"] if name == "乙镇" else 0
            assert float(table.get(TERMS[term], name)) == pytest.approx(sum(parcels) + slivers, abs=0.0051)
        printed_terms = {term: float(table.get(head, name)) for term, head in TERMS.items()}
        assert printed_terms == {term: float(show(data["townships"][name][term])) for term in TERMS}
        before, out, moved_in, revalued, after = printed_terms.values()
        assert before - out + moved_in + revalued == pytest.approx(after, abs=0.026)
    assert len(table.heads) == 6 and any(data["townships"][name]["revalued"] < -0.03 for name in names)


def test_parcels_have_area_land_ownership_zones_and_what_they_take(printed):
    data, table = printed.data, printed.parcels
    assert {one["kind"] for one in data["parcels"]} == set(KINDS)
    assert max(len(one["land_uses"]) for one in data["parcels"]) == len(CLASSES)
    for one in data["parcels"]:
        key = (str(one["number"]), KINDS[one["kind"]])
        taken, cultivated = one["taken"], one["cultivated"]
        expected = {
            "乡镇": "、".join(one["area_by_township"]),
            "坐落": one["location"],
            "图斑椭球面积": show(one["area_m2"]),
            "地类": show_lines(one["land_uses"]),
            "权属性质": show_lines(one["ownership"]),
            "占用永久基本农田": show(taken["farmland"]["area_m2"]),
            "占用永久基本农田净面积": show(taken["farmland"]["net_m2"]),
            "占用生态保护红线": show(taken["red_line"]["area_m2"]),
            "占用耕地": show(cultivated["area_m2"]),
            "占用耕地净面积": show(cultivated["net_m2"]),
            "变更前分区": "".join(one["zones_before"]),
            "变更后分区": "".join(one["zones_after"]),
        }
        assert {head: table.get(head, *key) for head in table.heads[2:]} == expected
    for kind, name in KINDS.items():
        parcels = [one["area_m2"] for one in data["parcels"] if one["kind"] == kind]
        total = table.get("图斑椭球面积", "合计", name)
        assert total == show(sum(parcels))
        listed = [float(row[4]) for row in table.rows if len(row) > 4 and row[0].isdecimal() and row[1] == name]
        assert len(listed) == len(parcels) and sum(listed) == pytest.approx(
            float(total), abs=0.005 * len(listed) + 0.006
        )


def test_land_classes_are_sums_over_the_parcels(printed):
    data, table = printed.data, printed.land
    shares = [(one["kind"], share) for one in data["parcels"] for share in one["land_uses"]]
    names = {share["name"] for kind, share in shares if kind in ("in", "out")}
    assert len(names) > len(CLASSES)
    for kind in ("in", "out"):
        for name in names:
            area = sum(share["area_m2"] for of, share in shares if of == kind and share["name"] == name)
            assert table.get(KINDS[kind], normalise(name)) == show(area)
        total = sum(share["area_m2"] for of, share in shares if of == kind)
        assert table.get(KINDS[kind], "合计") == show(total)
    gap = sum(one["area_m2"] for one in data["parcels"]) - sum(share["area_m2"] for _, share in shares)
    assert gap > 100 and any(f"未覆盖的地块面积{show(gap)}平方米" in normalise(note) for note in data["notes"])


def test_notes_and_summary_are_printed(printed):
    data = printed.data
    notes = set(map(normalise, data["notes"]))
    assert len(notes) >= 3 and notes <= printed.lines
    moved = [show(data["balance"][term]) for term in ("moved_in", "moved_out")]
    counts = [sum(one["kind"] == kind for one in data["parcels"]) for kind in ("in", "out")]
    summary = f"不符合。调入{counts[0]}块，合计{moved[0]}平方米；调出{counts[1]}块，合计{moved[1]}平方米"
    assert printed.form == "xlsx" or any(summary in line for line in printed.lines)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_forms_have_equal_tables(dossiers, lang):
    """Compare cell by cell and line by line; the head of a group of rows is alone in its row, at another place in the workbook."""
    compared = 0
    grids = {form: [grid for grid in tables if len(grid) > 2] for form, tables in dossiers[lang].tables.items()}
    for first, other in pairwise(FORMS):
        for left, right in zip(map(drop_around_table, grids[first]), map(drop_around_table, grids[other]), strict=True):
            # The workbook has notes below the table.
            for ours, theirs in zip(left, right, strict=False):
                if sum(map(bool, ours)) == 1:
                    ours, theirs = list(filter(None, ours)), list(filter(None, theirs))
                assert ours == theirs
                compared += len(ours)
    assert compared > 400


def drop_around_table(grid):
    """Return the normalised rows from the head on; a sheet has a title and a line for the unit above it."""
    rows = [list(map(normalise_lines, row)) for row in grid]
    return rows[next(n for n, row in enumerate(rows) if all(row)) :]
