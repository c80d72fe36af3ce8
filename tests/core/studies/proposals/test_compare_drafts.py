# SPDX-License-Identifier: GPL-2.0-or-later
"""Compared drafts of a line of a county drawn by hand: figures worked with shapely, equal drafts, bad input, outputs."""

import hashlib
import json

import geopandas as gpd
import pytest
import shapely
from docx import Document
from openpyxl import load_workbook

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.proposals.compare_drafts import DraftsOrder, compare_drafts
from plugin.core.studies.proposals.draft_tables import DraftTables
from tests.core.printed_tables import normalise
from tests.core.small_plan import explain_error, make_county_box, make_table, write_gpkg
from tests.core.studies.proposals.test_propose_boundary import CORNER, EAST, SHARE, TOWN, WEST, WINDOW, write_town

#: Two parcels of the last column, which are cultivated; a parcel outside the town, next to it, which is not.
SOUTH_EAST, OUTER = make_county_box(900, 0, 100, 200), make_county_box(1000, 0)
#: Gives back both overlaps and the two parcels; takes in the parcel outside and gives back nothing.
BETTER, WORSE = TOWN.difference(shapely.union_all([WINDOW, CORNER, SOUTH_EAST])), TOWN.union(OUTER)
TARGET = '[[targets]]\nindicator = "boundary_area"\ncomparison = "<="\nvalue = "48.00"\nunit = "ha"\nyear = 2035\n'


def write_draft(folder, name, shape, layer="CZKFBJ", **columns):
    """Write a draft with the zones of the town: 410 in the west, 420 in the east."""
    parts = [shape.intersection(WEST), shape.difference(WEST)]
    (folder / name).unlink(missing_ok=True)
    return str(write_gpkg(folder / name, {layer: make_table(parts, **{"GHFQDM": ["410", "420"], **columns})}))


def compare(folder, *drafts, line="", county=None):
    profile = folder / "县配置.toml"
    text = 'binding = "约束性"\nsource = "某县总体规划"\n'
    head = 'id = "x"\nname = "县"\narea_code = "140225"\n'
    profile.write_text(head + TARGET + text, encoding="utf-8")
    county = county or write_town(folder)
    return compare_drafts(county, DraftsOrder(drafts, line), RunOptions(profile=str(profile)))


def get_values(edition):
    return {name: one.value for name, one in edition.figures.items()}


def list_equals(result, edition):
    return [one.number for one in result.list_equals(edition)]


def measure_outline(shape):
    return shapely.length(shape) / shape.area**0.5


def test_figures_of_a_better_and_a_worse_draft_are_those_worked_by_hand(tmp_path):
    """Base 40 ha, all in the town: N1 = 50 ÷ 40; new land is its north, 10 ha, which no draft changes: N3 = 50 ÷ 40."""
    drafts = write_draft(tmp_path, "好.gpkg", BETTER), write_draft(tmp_path, "差.gpkg", WORSE)
    result = compare(tmp_path, *drafts)
    present, better, worse = map(get_values, result.editions)
    expected = {
        "area": 500_000.0,
        "repeated": 0.0,
        "margin": -2.0,
        "expansion_ratio_n1": 1.25,
        "expansion_ratio_n2": 1.25,
        "expansion_ratio_n3": 1.25,
        "overlap_farmland": 3600.0,
        "overlap_red_line": 2500.0,
        "pieces": 1,
        "smallest": 500_000.0,
        "holes": 0,
        "outline": measure_outline(TOWN),
    }
    assert {name: present[name] for name in expected} == pytest.approx(expected, rel=2e-3)
    changes = {"out", "in", "cultivated_out", "cultivated_in", "townships"}
    assert {name for name, value in present.items() if value is None} == changes and result.is_complete
    findings = {"findings_error", "findings_warning", "findings_info"}
    assert present.keys() == better.keys() == expected.keys() | changes | findings
    assert BETTER.area == 473_900.0 and len(BETTER.interiors) == 1
    expected = {
        "area": BETTER.area,
        "out": TOWN.difference(BETTER).area,
        "in": 0.0,
        "margin": 0.61,
        "expansion_ratio_n1": 1.18475,
        "expansion_ratio_n2": 1.18475,
        "expansion_ratio_n3": 1.25,
        "overlap_farmland": 0.0,
        "overlap_red_line": 0.0,
        "cultivated_out": 20_000.0,
        "cultivated_in": 0.0,
        "townships": 2,
        "pieces": 1,
        "smallest": BETTER.area,
        "holes": 1,
        "outline": measure_outline(BETTER),
    }
    assert {name: better[name] for name in expected} == pytest.approx(expected, rel=2e-3, abs=0.01)
    expected = {
        "area": 510_000.0,
        "out": 0.0,
        "in": 10_000.0,
        "expansion_ratio_n1": 1.275,
        "margin": -3.0,
        "overlap_farmland": 3600.0,
        "overlap_red_line": 2500.0,
        "cultivated_out": 0.0,
        "cultivated_in": 0.0,
        "townships": 1,
        "pieces": 1,
        "holes": 0,
        "outline": measure_outline(WORSE),
    }
    assert {name: worse[name] for name in expected} == pytest.approx(expected, rel=2e-3)
    # REL002 and REL003 end, and LAW002, whose target is 48 ha.
    counts = [{one.code: one.findings for one in edition.outcomes} for edition in result.editions]
    ended = {code: [count[code] for count in counts] for code in ("REL002", "REL003", "LAW002")}
    assert ended == {"REL002": [1, 0, 1], "REL003": [1, 0, 1], "LAW002": [1, 0, 1]} and "REL001" not in counts[0]
    assert better["findings_error"] < present["findings_error"] <= worse["findings_error"]


def test_land_on_which_drafts_differ_has_a_column_for_each(tmp_path):
    """Both give back the corner; only one gives back the window, only the other takes in the parcel outside."""
    first, second = TOWN.difference(shapely.union(WINDOW, CORNER)), TOWN.difference(CORNER).union(OUTER)
    result = compare(tmp_path, write_draft(tmp_path, "一.gpkg", first), write_draft(tmp_path, "二.gpkg", second))
    assert result.land.areas_m2 == pytest.approx([10_000.0, 3600.0, 2500.0], rel=SHARE)
    assert result.land.inside.tolist() == [[False, False, True], [True, False, True], [True, False, False]]
    assert result.land.is_disputed.tolist() == [True, True, False] and result.land.townships == [
        ["乙镇"],
        ["甲镇"],
        ["甲镇"],
    ]
    for shape, expected in zip(result.land.shapes, (OUTER, WINDOW, CORNER.intersection(TOWN)), strict=True):
        assert shape.symmetric_difference(expected).area < 0.01
    assert any("2处城镇开发边界范围不同，共13599." in normalise(one) for one in summarise(result))


def summarise(result):
    return DraftTables(result, Texts("zh")).summarise()


def test_land_that_leaves_a_line_drawn_twice_counts_once(tmp_path):
    """The south-east is in two features of the present line, and leaves both."""
    county = write_town(tmp_path, CZKFBJ=make_table([WEST, EAST, SOUTH_EAST], GHFQDM=["410", "420", "420"]))
    drafts = [write_draft(tmp_path, f"{name}.gpkg", shape) for name, shape in (("好", BETTER), ("全", TOWN))]
    present, better, whole = map(get_values, compare(tmp_path, *drafts, county=county).editions)
    assert (present["area"], present["repeated"]) == pytest.approx((520_000.0, 20_000.0), rel=SHARE)
    assert (better["out"], better["cultivated_out"]) == pytest.approx((26_100.0, 20_000.0), rel=SHARE)
    assert better["area"] == pytest.approx(present["area"] - present["repeated"] - better["out"], abs=1)
    assert whole["out"] == 0.0 and whole["area"] == pytest.approx(500_000.0, rel=SHARE)


def test_equal_drafts_are_named(tmp_path):
    same = write_draft(tmp_path, "同.gpkg", TOWN)
    first, second = (write_draft(tmp_path, f"{name}.gpkg", BETTER) for name in ("一", "二"))
    result = compare(tmp_path, same, first, second)
    assert [list_equals(result, one) for one in result.editions[1:]] == [[0], [], [2]]
    sentences = summarise(result)
    assert sentences[0] == "方案1（同.gpkg）范围与现状相同。" and sentences[2] == "方案3（二.gpkg）范围与方案2相同。"
    equal = compare(tmp_path, same, write_draft(tmp_path, "又.gpkg", TOWN))
    assert not len(equal.land.shapes) and "没有差异" in summarise(equal)[-1]
    assert "没有差异图" in str(DraftTables(equal, Texts("zh")).make_document())


def test_a_draft_in_another_crs_is_reprojected_with_a_note(tmp_path):
    draft = write_draft(tmp_path, "好.gpkg", BETTER)
    other = tmp_path / "不带带号.gpkg"
    gpd.read_file(draft).to_crs(4547).to_file(other, layer="CZKFBJ")
    result = compare(tmp_path, draft, str(other))
    assert list_equals(result, result.editions[2]) == [1]
    values = map(get_values, result.editions[1:])
    assert next(values) == pytest.approx(next(values), rel=1e-9)
    notes = DraftTables(result, Texts("zh")).list_notes()
    assert [one for one in notes if "EPSG:4547" in one] == [
        "方案2：坐标系为 EPSG:4547，已转换为现状图层的坐标系 EPSG:4526 后比较。"
    ]


def test_an_edition_and_a_layer_of_unknown_name_are_drafts(tmp_path):
    edition = write_town(tmp_path / "新版", CZKFBJ=make_table([WEST], GHFQDM=["410"]), YJJBNTBHTB=None)
    unknown = write_draft(tmp_path, "甲.gpkg", BETTER, layer="咨询稿")
    result = compare(tmp_path, str(edition), unknown)
    assert result.line == "boundary" and [one.name for one in result.editions[1:]] == ["县.gpkg", "甲.gpkg"]
    assert {one.role for one in result.editions[1].layers} == {"CZKFBJ", "STBHHX", "XZQXZ"}
    assert get_values(result.editions[1])["out"] == pytest.approx(EAST.area, rel=SHARE)
    with pytest.raises(InputError) as caught:
        compare(tmp_path, unknown, write_draft(tmp_path, "乙.gpkg", TOWN, layer="另一稿"))
    assert "LINE" in explain_error(caught.value)
    assert compare(tmp_path, unknown, str(edition), line="boundary").line == "boundary"


def write_farmland(folder, name, shapes, **columns):
    return str(write_gpkg(folder / name, {"YJJBNTBHTB": make_farmland(shapes, **columns)}))


def make_farmland(shapes, **columns):
    net = [0.9 * one.area for one in shapes]
    return make_table(
        shapes, DLBM=["0103"] * len(shapes), YJJBNTMJ=net, YJJBNTTBMJ=[one.area for one in shapes], **columns
    )


def test_drafts_of_farmland_have_net_area_and_means(tmp_path):
    """9 000 m² of grade 8 and 18 000 m² of grade 11 are 10 on average; the second draft lacks a slope."""
    west, east = make_county_box(-200, 300), make_county_box(-400, 300, 200)
    county = write_town(tmp_path, YJJBNTBHTB=make_farmland([west], GDDB=[8], GDPDJB=["2"]))
    both = write_farmland(tmp_path, "二.gpkg", [west, east], GDDB=[8, 11], GDPDJB=["2", "4"])
    open_ = write_farmland(tmp_path, "缺.gpkg", [west, east], GDDB=[8, 11], GDPDJB=["2", None])
    result = compare(tmp_path, both, open_, county=county)
    assert result.line == "farmland"
    first, second = map(get_values, result.editions[1:])
    assert first["farmland_net"] == pytest.approx(27_000.0) and first["in"] == pytest.approx(20_000.0, rel=SHARE)
    grade, slope = (first[one] for one in ("yield_grade", "slope_class"))
    assert (grade, slope) == (pytest.approx(10.0), pytest.approx(10 / 3))
    assert second["slope_class"] is None and "GDPDJB" in result.editions[2].figures["slope_class"].reason
    assert not result.is_complete


def test_proposed_supplements_are_added_to_the_farmland(tmp_path):
    west, added = make_county_box(-200, 300), make_county_box(-400, 300)
    county = write_town(tmp_path, YJJBNTBHTB=make_farmland([west], GDDB=[8]))
    columns = {"key": ["R1"], "net_m2": [8000.0], "area_m2": [10_000.0], "yield_grade": [10], "land_use": ["0103"]}
    paths = [
        str(write_gpkg(tmp_path / name, {"supplement_draft": make_table([shape], **columns).drop(columns="BSM")}))
        for name, shape in (("补一.gpkg", added), ("补二.gpkg", make_county_box(-400, 100)))
    ]
    result = compare(tmp_path, *paths, county=county)
    values = get_values(result.editions[1])
    assert result.line == "farmland" and values["farmland_net"] == pytest.approx(17_000.0)
    assert values["yield_grade"] == pytest.approx((9000 * 8 + 8000 * 10) / 17_000)
    assert values["in"] == pytest.approx(10_000.0, rel=SHARE) and values["out"] == 0.0
    assert any("补划地块加入" in one for one in DraftTables(result, Texts("zh")).list_notes())


def test_what_cannot_be_had_is_undetermined_with_its_reason(tmp_path):
    """Without survey, townships and farmland; a boundary without codes has no N2."""
    county = write_town(tmp_path, DLTB=None, XZQXZ=None, YJJBNTBHTB=None)
    drafts = [write_draft(tmp_path, f"{n}.gpkg", shape, GHFQDM=["410", None]) for n, shape in ((1, BETTER), (2, WORSE))]
    result = compare(tmp_path, *drafts, county=county)
    figures = result.editions[1].figures
    open_names = ("expansion_ratio_n1", "overlap_farmland", "cultivated_out", "townships")
    assert all(figures[one].value is None and figures[one].reason for one in open_names)
    # No land comes in, so no cultivated land does.
    assert not result.is_complete and figures["overlap_red_line"].value == figures["cultivated_in"].value == 0.0
    text = " ".join(DraftTables(result, Texts("zh")).list_notes())
    assert "方案1“扩展倍数 N1”未能判定：" in text and "DLTB" in text and "XZQXZ" in text
    coded = compare(tmp_path, *drafts)
    assert (
        coded.editions[1].figures["expansion_ratio_n1"].value
        and "GHFQDM" in coded.editions[1].figures["expansion_ratio_n2"].reason
    )


def test_cultivated_land_is_unknown_where_the_survey_has_a_gap(tmp_path):
    """The survey ends at the town and its eastern neighbours: half of the land taken in lies west of it."""
    drafts = [write_draft(tmp_path, f"{n}.gpkg", TOWN.union(make_county_box(x, 400))) for n, x in ((1, -50), (2, 1000))]
    west, east = (edition.figures["cultivated_in"] for edition in compare(tmp_path, *drafts).editions[1:])
    assert west.value is None and "没有覆盖" in west.reason and east.value == 0.0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["one"], ("1 个方案", "2 至 5")),
        (["one"] * 6, ("6 个方案",)),
        (["one", "empty"], ("空.gpkg", "没有图形")),
        (["one", "lines"], ("线.gpkg", "不是面图层")),
        (["one", "damaged"], ("坏.gpkg",)),
        (["one", "missing"], ("没有.gpkg",)),
        (["one", "elsewhere"], ("CZKFBJ", "坐标")),
        (["one", "county"], ("县级数据本身",)),
        (["supplement", "supplement"], ("supplement_draft", "没有坐标系")),
    ],
    ids=lambda one: "-".join(one) if isinstance(one, list) else "",
)
def test_bad_drafts_are_refused_with_their_name(tmp_path, given, words):
    county = write_town(tmp_path)
    files = {"one": write_draft(tmp_path, "一.gpkg", BETTER), "county": str(county)}
    files["empty"] = str(write_gpkg(tmp_path / "空.gpkg", {"CZKFBJ": make_table([None], GHFQDM=["410"])}))
    make_table([shapely.LineString(TOWN.exterior)], GHFQDM=["410"]).to_file(tmp_path / "线.gpkg", layer="CZKFBJ")
    files["lines"] = str(tmp_path / "线.gpkg")
    far = make_table([shapely.transform(TOWN, lambda points: points - [3_000_000, 0])], GHFQDM=["410"])
    files["elsewhere"] = str(write_gpkg(tmp_path / "远.gpkg", {"CZKFBJ": far}))
    added = gpd.GeoDataFrame({"key": ["R1"]}, geometry=[make_county_box(-400, 300)])
    if "supplement" in given:
        added.to_file(tmp_path / "补.gpkg", layer="supplement_draft")
    files["supplement"] = str(tmp_path / "补.gpkg")
    (tmp_path / "坏.gpkg").write_bytes(b"not a database")
    files |= {"damaged": str(tmp_path / "坏.gpkg"), "missing": str(tmp_path / "没有.gpkg")}
    with pytest.raises(InputError) as caught:
        compare(tmp_path, *(files[one] for one in given), county=county)
    assert all(one in explain_error(caught.value) for one in words)


def test_outputs_of_the_command(tmp_path, capsys):
    county = write_town(tmp_path)
    inputs = [str(county), write_draft(tmp_path, "好.gpkg", BETTER), write_draft(tmp_path, "差.gpkg", WORSE)]
    before = [hashlib.sha256(open(one, "rb").read()).hexdigest() for one in inputs]
    paths = {name: tmp_path / f"对比.{name}" for name in ("gpkg", "xlsx", "docx", "json")}
    arguments = [f"--{'output' if name == 'gpkg' else name}={path}" for name, path in paths.items()]
    assert main(["compare-drafts", *inputs, *arguments]) == 1
    printed = capsys.readouterr()
    assert "方案1（好.gpkg）：城镇开发边界面积" in printed.out and "与面积任务相比”未能判定" in printed.err
    assert "不推荐方案" in printed.err
    land = gpd.read_file(paths["gpkg"], layer="draft_differences")
    assert land.area_m2.tolist() == pytest.approx([20_000.0, 10_000.0, 3600.0, 2500.0], rel=SHARE)
    assert land[["present", "draft_1", "draft_2"]].values.tolist()[1] == ["外", "外", "内"]
    assert land.area.sum() == pytest.approx(land.area_m2.sum(), rel=SHARE)
    book = load_workbook(paths["xlsx"])
    assert book.sheetnames == ["方案", "方案指标", "方案差异", "方案检查"]
    rows = {row[1]: row[3:] for row in book["方案指标"].iter_rows(values_only=True)}
    assert rows["城镇开发边界面积"] == pytest.approx((500_000, BETTER.area, 510_000), rel=SHARE)
    assert rows["与面积任务相比"] == ("未能判定",) * 3 and rows["较现状调出"][0] == "—"
    data = json.loads(paths["json"].read_text(encoding="utf-8"))
    assert data["schema"] == "sanxian-drafts/1" and [one["name"] for one in data["editions"]][1] == "好.gpkg"
    assert data["editions"][1]["figures"]["holes"]["value"] == 1 and "REL002" in data["rules"]
    assert sum(shapely.from_wkt(one["geometry"]).area for one in data["differences"]) == pytest.approx(36_100, abs=1)
    document = Document(paths["docx"])
    # All differences, the legend, and a map of each draft: the land is within a kilometre, which is one place.
    assert len(document.inline_shapes) == 2 + 2
    assert [hashlib.sha256(open(one, "rb").read()).hexdigest() for one in inputs] == before
    assert main(["compare-drafts", *inputs, "--lang", "en", "--line", "coast"]) == 2
    assert main(["compare-drafts", *inputs, "--lang", "en"]) == 1
    assert "Draft 1 (好.gpkg): area of the urban" in capsys.readouterr().out
