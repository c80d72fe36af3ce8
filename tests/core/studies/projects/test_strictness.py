# SPDX-License-Identifier: GPL-2.0-or-later
"""Projects as they come: bad rows and tables are named, and no doubt makes a project 符合."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from plugin.core.base.errors import Cancellation, Cancelled, DataError, InputError
from plugin.core.base.files.writing import OutputPaths
from plugin.core.plan.loading.reading import read_plan
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.projects.page import make_conformity_document
from plugin.core.studies.projects.prepared import DrawnProject, PreparedReview, read_drawn_projects
from plugin.core.studies.projects.read_projects import read_project_layer
from plugin.core.studies.projects.review import ProjectReview
from plugin.core.studies.projects.review_sentences import describe_result
from plugin.core.studies.projects.review_settings import load_admission, load_review_settings
from plugin.core.studies.projects.reviewed_project import NoteLevel, Outcome, SupplyMode
from plugin.core.studies.projects.run_review import make_plan_near, review_projects
from plugin.core.studies.projects.write_review import write_conformity_outputs
from tests.core.studies.projects.test_known_answers import review
from tests.core.studies.projects.test_outputs import list_document_texts
from tests.core.studies.projects.written_county import (
    COUNTY_ADMISSION,
    CRS,
    EAST,
    NORTH,
    ROWS_BY_ROLE,
    box,
    place,
    write_county,
    write_profile,
    write_projects,
)
from tests.parametrize import first_daily, for_each

SHOP = box(2100, 100, 2200, 200)
ON_FARMLAND = box(100, 100, 200, 200)


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write the county; return its path."""
    return write_county(tmp_path_factory.mktemp("county") / "county.gpkg")


def review_rows(rows, county, folder, admission=COUNTY_ADMISSION, **more):
    """Return the results of rows of projects."""
    path = write_projects(folder / "项目.gpkg", rows)
    profile = write_profile(folder, admission)
    return review_projects(read_project_layer(path), county, RunOptions(profile=str(profile)), **more)


def render(messages):
    """Return messages in Chinese as one text."""
    texts = Texts("zh")
    return "\n".join(message.render(texts).replace("\u202f", " ") for message in messages)


def change_county(path, role, added, *, is_first):
    """Write the county with a further row of a layer before or after the others."""
    rows = [added, *ROWS_BY_ROLE[role]] if is_first else [*ROWS_BY_ROLE[role], added]
    return write_county(path / "county.gpkg", changed={role: rows})


@for_each("is_first", (True, False), ids=("first", "last"))
def test_overlapping_zones_all_count_and_the_strictest_decides(is_first, tmp_path):
    # In zone 700 industry is 允许, in zone 410 禁止; a shop is 允许 in 410 and has no row in 700.
    added = {"GHFQDM": "700", "geometry": box(2050, 50, 2250, 250)}
    county = change_county(tmp_path, "YDYHGHFQ", added, is_first=is_first)
    rows = [{"项目名称": "厂", "用途": "1001", "geometry": SHOP}, {"项目名称": "店", "用途": "0901", "geometry": SHOP}]
    factory, shop = review_rows(rows, county, tmp_path).results
    assert {zone.code: zone.outcome for zone in factory.zones} == {"410": Outcome.FAILS, "700": Outcome.CONFORMS}
    assert factory.verdict is Outcome.FAILS
    assert {zone.code: zone.outcome for zone in shop.zones} == {"410": Outcome.CONFORMS, "700": Outcome.UNDETERMINED}
    assert shop.verdict is Outcome.UNDETERMINED
    assert [zone.area_m2 for zone in shop.zones] == pytest.approx([shop.project.statutory_m2] * 2, rel=1e-9)
    assert "规划分区相互重叠" in render(note.message for note in shop.notes)


def test_land_without_a_zone_is_found_where_others_overlap(tmp_path):
    half = {"GHFQDM": "410", "geometry": box(2100, 0, 2150, 1000)}
    others = [{"GHFQDM": code, "geometry": half["geometry"]} for code in ("411", "412")]
    county = write_county(tmp_path / "county.gpkg", changed={"YDYHGHFQ": [half, *others]})
    one = review_rows([{"项目名称": "店", "用途": "0901", "geometry": SHOP}], county, tmp_path).results[0]
    assert {zone.code for zone in one.zones} == {"410", "411", "412", ""}
    assert one.verdict is Outcome.UNDETERMINED
    rest = next(zone for zone in one.zones if not zone.code)
    assert rest.area_m2 == pytest.approx(one.project.statutory_m2 / 2, rel=1e-6)


def test_rows_of_one_zone_that_overlap_count_once(tmp_path):
    added = {"GHFQDM": "410", "geometry": box(2050, 50, 2150, 250)}
    county = change_county(tmp_path, "YDYHGHFQ", added, is_first=True)
    one = review_rows([{"项目名称": "店", "用途": "0901", "geometry": SHOP}], county, tmp_path).results[0]
    (zone,) = one.zones
    assert one.verdict is Outcome.CONFORMS and not one.notes
    assert zone.area_m2 == pytest.approx(one.project.statutory_m2, rel=1e-9)


@for_each("is_first", (True, False), ids=("first", "last"))
def test_overlapping_heritage_ranges_of_one_rank_are_judged_by_the_stricter_kind(is_first, tmp_path):
    # A road is 有条件 in the core of a district, 禁止 in the range of a heritage unit.
    added = {"MC": "永安寺", "LX": "61", "geometry": box(2600, 400, 2800, 600)}
    county = change_county(tmp_path, "LSWHBHX", added, is_first=is_first)
    one = review_rows(
        [{"项目名称": "路", "用途": "1207", "geometry": box(2650, 450, 2700, 500)}], county, tmp_path
    ).results[0]
    line = one.find_line("heritage")
    assert line.outcome is Outcome.FAILS and line.rule.zone == "heritage:61"
    assert line.area_m2 == pytest.approx(2500, rel=1e-3)


#: (place of an added row of the table, whether it is read)
PLACES = [
    ("heritage:Core", False),
    ("heritage:核心区", False),
    ("heritage:", False),
    ("heritage:99", False),
    ("reserves:control", False),
    ("boundary:outer", False),
    ("farmland:core", False),
    ("400:全部", False),
    ("城镇发展区:全部", False),
    ("heritage:61", True),
    ("LSWHBHX：control", True),
    ("历史文化保护线 : core", True),
    ("reserves:core", True),
    ("CZKFBJ:partly", True),
]


@for_each("place_text", [text for text, is_known in PLACES if not is_known], ids=str)
def test_unknown_part_of_a_line_or_zone_is_refused_with_file_and_line(place_text, county, tmp_path):
    table = COUNTY_ADMISSION + f"{place_text},1506,允许,无条件,某县规划,A\n"
    with pytest.raises(InputError) as caught:
        review_rows([{"项目名称": "店", "用途": "0901", "geometry": SHOP}], county, tmp_path, table)
    text = Texts("zh").explain_error(caught.value)
    assert "准入.csv" in text and "第 13 行" in text and place_text in text


def test_known_parts_of_lines_and_zones_are_read(county, tmp_path):
    lines = [f"{text},1506,允许,无条件,某县规划,A\n" for text, is_known in PLACES if is_known]
    rows = [{"项目名称": "店", "用途": "0901", "geometry": SHOP}]
    assert len(review_rows(rows, county, tmp_path, COUNTY_ADMISSION + "".join(lines)).results) == 1


def test_part_of_a_use_is_refused(county, tmp_path):
    with pytest.raises(InputError, match="0902"):
        review_rows([{"geometry": SHOP}], county, tmp_path, COUNTY_ADMISSION + "410,0902:全部,允许,,某县规划,A\n")


NO_APPROVALS = [
    "申请中", "正在办理", "办理中", "已过期", "?", "？", "N/A", "NA", "n/a", "否", "无", "none", "TBD", "待批", "拟报批", "未取得",
    "申请中〔2026〕1号", "未取得国土资函〔2026〕1号", "国土资函〔2026〕1号（已过期）", "国土资函〔2026〕1号已失效", "2026", "123", "号", "〔2026〕",
    "国土资函〔2026〕号", "同意上报", "已申请", "已批准？", "不需要", "批准文号", "见附件", "已受理〔2026〕1号", "原则同意", "0", "False",
    "国土资函〔2026〕1号；申请中", "拟批准", "未批准", "已撤销", "xx〔2026〕1号作废", "办理中（国土资函〔2026〕1号）",
]  # fmt: skip
APPROVALS = [
    "国土资函〔2026〕1号", "国土资函[2026]1号", "国土资函（2026）12 号", "晋政地字〔2026〕第12号", "自然资函【2026】3号文", "1号", "第12号",
    "(2026)晋地字第12号", "是", "已批准", "已取得", "国土资函〔2026〕1号、晋政地〔2026〕2号", "Yes", "地字第140225202600012号",
]  # fmt: skip


@pytest.fixture(scope="module")
def by_approval(county, tmp_path_factory):
    """Review one project on farmland with each text; return text → result."""
    texts = [*NO_APPROVALS, *APPROVALS]
    rows = [{"项目名称": text, "用途": "1202", "批准文号": text, "geometry": ON_FARMLAND} for text in texts]
    result = review_rows(rows, county, tmp_path_factory.mktemp("approvals"))
    return dict(zip(texts, result.results, strict=True))


@for_each("text", NO_APPROVALS, ids=str)
def test_text_that_is_no_approval_leaves_farmland_unapproved(by_approval, text):
    one = by_approval[text]
    assert one.project.approval == "" and one.find_line("farmland").outcome is Outcome.FAILS
    assert one.verdict is Outcome.FAILS


@for_each("text", APPROVALS, ids=str)
def test_number_or_word_of_an_approval_makes_farmland_conditional(by_approval, text):
    one = by_approval[text]
    assert one.project.approval == text and one.find_line("farmland").outcome is Outcome.CONDITIONAL


def test_text_that_is_no_approval_is_noted_with_field_and_remedy(by_approval):
    text = render(note.message for note in by_approval["申请中"].notes)
    assert "字段 批准文号 的“申请中”不是批准文号" in text and "未取得批准" in text


#: (name, fields, words of the reason)
CONTRADICTIONS = [
    ("uses", {"规划用途": "0901", "用途": "1001"}, ("规划用途", "0901", "用途", "1001")),
    ("code and name", {"YDYHFLDM": "0901", "YDYHFLMC": "工业用地"}, ("YDYHFLDM", "YDYHFLMC", "工业用地")),
    ("known and unknown use", {"规划用途": "0901", "地块用途": "养殖"}, ("地块用途", "养殖")),
    ("supply", {"供地方式": "出让", "GDFS": "划拨"}, ("供地方式", "出让", "GDFS", "划拨")),
    ("areas", {"申报面积": "10000", "申报面积（公顷）": "2.0"}, ("申报面积", "10000", "申报面积（公顷）", "2.0")),
    ("approvals", {"批准文号": "国土资函〔2026〕1号", "PZWH": "申请中"}, ("批准文号", "PZWH", "申请中")),
]


@pytest.fixture(scope="module")
def by_contradiction(county, tmp_path_factory):
    """Review a shop with each pair of fields; return its name → result."""
    rows = [
        {
            "项目名称": name,
            **({} if {"规划用途", "YDYHFLDM"} & set(fields) else {"用途": "0901"}),
            **fields,
            "geometry": SHOP,
        }
        for name, fields, _ in CONTRADICTIONS
    ]
    results = review_rows(rows, county, tmp_path_factory.mktemp("contradictions")).results
    return {one.project.name: one for one in results}


@for_each("name, words", [(name, words) for name, _, words in CONTRADICTIONS], ids=[one[0] for one in CONTRADICTIONS])
def test_fields_that_contradict_each_other_are_undetermined_and_both_named(name, words, by_contradiction):
    one = by_contradiction[name]
    assert one.verdict is Outcome.UNDETERMINED
    text = render(one.reasons)
    assert all(word in text for word in words), text
    assert any(all(word in render([item.missing]) for word in words) for item in one.missing)


def test_widths_that_contradict_each_other_are_undetermined_with_the_larger_one(county, tmp_path):
    line = place(shapely.LineString([(2100, 800), (2400, 800)]))
    row = {"项目名称": "路", "用途": "0901", "KD": "8", "宽度": "20", "geometry": line}
    one = review_rows([row], county, tmp_path).results[0]
    assert one.verdict is Outcome.UNDETERMINED and one.project.width_m == 20
    assert "KD" in render(one.reasons) and "宽度" in render(one.reasons)


def test_approval_that_another_field_contradicts_leaves_farmland_undetermined(county, tmp_path):
    row = {"用途": "1202", "批准文号": "国土资函〔2026〕1号", "PZWH": "申请中", "geometry": ON_FARMLAND}
    one = review_rows([row], county, tmp_path).results[0]
    assert one.find_line("farmland").outcome is Outcome.UNDETERMINED and one.verdict is Outcome.UNDETERMINED


AGREEMENTS = [
    {"规划用途": "0901", "用途": ""},
    {"规划用途": "0901", "用途": "商业用地"},
    {"规划用途": "0901", "用途": "商业服务业用地"},
    {"规划用途": "090100", "YDYHFLMC": "商业用地"},
    {"用途": "0901", "申报面积": "12345", "申报面积（公顷）": "1.23"},
    {"用途": "0901", "供地方式": "挂牌出让", "GDFS": "出让"},
    {"用途": "0901", "GDFS": "—", "供地方式": "出让"},
]


def test_fields_that_agree_are_no_contradiction(county, tmp_path):
    rows = [{"项目名称": "-".join(fields), **fields, "geometry": SHOP} for fields in AGREEMENTS]
    results = review_rows(rows, county, tmp_path).results
    assert len(results) == len(AGREEMENTS)
    for one in results:
        assert one.verdict is Outcome.CONFORMS and one.project.use_code == "0901", one.project.name


INNER_LINE = shapely.LineString([(2110, 150), (2190, 150)])
FARM_LINE = shapely.LineString([(100, 300), (400, 300)])
FARM_POINT = shapely.Point(300, 700)


def collect(*others):
    """Return the shop and further shapes as one collection."""
    return place(shapely.GeometryCollection([shapely.box(2100, 100, 2200, 200), *others]))


def test_lines_and_points_of_a_collection_in_farmland_are_named(county, tmp_path):
    rows = [{"项目名称": "店", "用途": "0901", "geometry": collect(FARM_LINE, FARM_POINT)}]
    one = review_rows(rows, county, tmp_path).results[0]
    assert one.verdict is Outcome.UNDETERMINED
    farmland = one.find_line("farmland")
    assert farmland.outcome is Outcome.UNDETERMINED
    assert "1 条线" in render([farmland.reason]) and "1 个点" in render([farmland.reason])
    assert "未计入" in render(one.reasons) and one.find_line("reserves").outcome is Outcome.CONFORMS


def test_lines_of_a_collection_with_a_width_are_land_of_the_project(county, tmp_path):
    rows = [{"项目名称": "店", "用途": "0901", "geometry": collect(FARM_LINE, FARM_POINT)}]
    one = review_rows(rows, county, tmp_path, width_m=10.0).results[0]
    assert one.verdict is Outcome.FAILS
    assert one.find_line("farmland").area_m2 == pytest.approx(300 * 10 + 3.14159 * 25, rel=1e-2)
    assert one.project.statutory_m2 == pytest.approx(10_000 + 3_000 + 78.5, rel=2e-3)


def test_lines_within_the_polygon_of_a_collection_change_nothing(county, tmp_path):
    rows = [{"项目名称": "店", "用途": "0901", "geometry": collect(INNER_LINE)}]
    one = review_rows(rows, county, tmp_path).results[0]
    assert one.verdict is Outcome.CONFORMS and one.project.statutory_m2 == pytest.approx(10_000, rel=1e-3)


def test_points_among_lines_of_a_collection_have_land_too(county, tmp_path):
    shape = place(shapely.GeometryCollection([shapely.LineString([(2100, 800), (2400, 800)]), FARM_POINT]))
    one = review_rows([{"用途": "0901", "geometry": shape}], county, tmp_path, width_m=10.0).results[0]
    assert one.find_line("farmland").outcome is Outcome.FAILS


@for_each("width", (0.0, 0.01, 0.0999, float("nan"), float("inf"), -5.0))
def test_width_below_a_tenth_of_a_metre_is_refused(width, county, tmp_path):
    line = place(shapely.LineString([(2100, 800), (2400, 800)]))
    with pytest.raises(InputError, match="projects_width"):
        review_rows([{"用途": "0901", "geometry": line}], county, tmp_path, width_m=width)


def test_width_of_a_field_below_a_tenth_of_a_metre_is_left_out(county, tmp_path):
    line = place(shapely.LineString([(2100, 800), (2400, 800)]))
    rows = [{"用途": "0901", "宽度": text, "geometry": line} for text in ("0.05", "0.1")]
    result = review_rows(rows, county, tmp_path)
    assert [one.project.row for one in result.results] == [2]
    assert "0.05" in render(note.message for note in result.notes if note.row == 1)


#: Zone 410 of the written county allows 0901; each line lies at its own place there.
TABLE = """zone,use,outcome,condition,source,mark
410,*,允许,应符合详细规划,某县规划第三章,A
"""
CONFORMS, LISTED = Outcome.CONFORMS, Outcome.LISTED
CONDITIONAL, UNDETERMINED, FAILS = Outcome.CONDITIONAL, Outcome.UNDETERMINED, Outcome.FAILS


def lie(number):
    """Return the place of a line and of the projects in it."""
    return box(
        2050 + 100 * (number % 4), 50 + 100 * (number // 4), 2100 + 100 * (number % 4), 100 + 100 * (number // 4)
    )


#: (layer, row, id of the line, use, outcome)
CASES = [
    ("ZXCQCSLVX", {}, "green_line", "0701", FAILS),
    ("ZXCQCSLVX", {}, "green_line", "1401", CONDITIONAL),
    ("ZXCQCSLVX", {}, "green_line", "1207", CONDITIONAL),
    ("ZXCQCSLX", {}, "blue_line", "070102", FAILS),
    ("ZXCQCSLX", {}, "blue_line", "1311", CONDITIONAL),
    ("ZXCQCSHX", {}, "yellow_line", "0701", FAILS),
    ("ZXCQCSHX", {}, "yellow_line", "1303", CONDITIONAL),
    ("ZXCQCSZX", {}, "purple_line", "0701", CONDITIONAL),
    ("ZXCQGHYDYH", {"YDYHFLDM": "070100"}, "centre_use", "0701", CONFORMS),
    ("ZXCQGHYDYH", {"YDYHFLDM": "070100"}, "centre_use", "070102", CONFORMS),
    ("ZXCQGHYDYH", {"YDYHFLDM": "070100"}, "centre_use", "1001", CONDITIONAL),
    ("ZXCQGHYDYH", {"YDYHFLDM": "070100"}, "centre_use", "07", CONDITIONAL),
    ("GHYDYH", {"YDYHFLDM": "0703"}, "county_use", "0701", CONDITIONAL),
    ("GHYDYH", {"YDYHFLDM": ""}, "county_use", "0701", UNDETERMINED),
    ("ZXCQXXGHBZDY", {}, "detail_units", "0701", LISTED),
    ("SD", {}, "wetland", "0701", CONDITIONAL),
    ("STGYL", {}, "welfare_forest", "0701", CONDITIONAL),
    ("TRL", {}, "natural_forest", "0701", CONDITIONAL),
    ("JBCY", {}, "grassland", "0701", CONDITIONAL),
    ("YJJBNTCBQ", {}, "reserve_land", "0701", CONDITIONAL),
    ("YYSSYBHQ", {"JB": "一级保护区"}, "water_source", "0701", FAILS),
    ("YYSSYBHQ", {"JB": "一级保护区"}, "water_source", "1301", CONDITIONAL),
    ("YYSSYBHQ", {"MC": "城东水源地二级保护区"}, "water_source", "0701", CONDITIONAL),
    ("YYSSYBHQ", {"JB": "二级"}, "water_source", "1001", FAILS),
    ("YYSSYBHQ", {"JB": "准保护区"}, "water_source", "0701", CONDITIONAL),
    ("YYSSYBHQ", {"MC": "城东水源地"}, "water_source", "0701", UNDETERMINED),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Review a project in each line, each in another place."""
    folder = tmp_path_factory.mktemp("lines")
    changed, rows = {}, []
    for number, (role, fields, _, use, _) in enumerate(CASES):
        changed.setdefault(role, []).append({"MC": "", "JB": "", **fields, "geometry": lie(number)})
        rows.append({"项目名称": str(number), "用途": use, "geometry": lie(number)})
    rows.append({"项目名称": "outside", "用途": "0701", "geometry": box(2800, 800, 2850, 850)})
    county = write_county(folder / "county.gpkg", changed=changed)
    return review(write_projects(folder / "p.gpkg", rows), county, write_profile(folder, TABLE))


@for_each("number", range(len(CASES)), ids=[f"{case[2]}-{case[3]}-{case[4]}" for case in CASES])
def test_project_in_a_further_line_has_the_outcome_of_its_rules(results, number):
    role, _, line_id, _, outcome = CASES[number]
    one = results.results[number]
    line = one.find_line(line_id)
    assert line.outcome is outcome and line.role == role
    assert one.verdict is (CONFORMS if outcome is LISTED else outcome), [
        reason.render(Texts("zh")) for reason in one.reasons
    ]
    if outcome not in (UNDETERMINED, CONFORMS, LISTED):
        assert line.name[0] in one.reasons[0].render(Texts("zh")) and line.rule.source


def test_project_outside_all_further_lines_conforms(results):
    assert results.results[-1].verdict is CONFORMS


ROWS = [{"项目名称": "店", "用途": "0901", "geometry": box(2100, 100, 2200, 200)}]


def test_lines_without_a_layer_are_listed_as_not_judged_and_lower_no_verdict(tmp_path):
    result = review(
        write_projects(tmp_path / "p.gpkg", ROWS), write_county(tmp_path / "c.gpkg"), write_profile(tmp_path)
    )
    (one,) = result.results
    assert one.verdict is CONFORMS
    line = one.find_line("green_line")
    assert line.outcome is UNDETERMINED and not line.is_present
    (item,) = [item for item in one.missing if item.id == "lines_lacking"]
    text = item.missing.render(Texts("zh"))
    assert all(f"{name} {role}" in text for name, role in (("城市绿线", "ZXCQCSLVX"), ("湿地", "SD")))
    page = "\n".join(list_document_texts(make_conformity_document(result)))
    assert "城市黄线 ZXCQCSHX" in page and "未能判定 0 项" in page


def test_layer_that_the_county_has_and_that_cannot_be_used_lowers_the_verdict(tmp_path):
    import shapely

    rows = [{"MC": "公园", "geometry": place(shapely.Point(2150, 150))}]
    county = write_county(tmp_path / "c.gpkg", changed={"ZXCQCSLVX": rows})
    one = review(write_projects(tmp_path / "p.gpkg", ROWS), county, write_profile(tmp_path)).results[0]
    assert one.verdict is UNDETERMINED and one.find_line("green_line").outcome is UNDETERMINED


def test_layer_that_no_line_reads_is_listed_everywhere(tmp_path):
    green = [{"MC": "公园", "geometry": box(0, 0, 100, 100)}]
    county = write_county(tmp_path / "c.gpkg", changed={"CTCL": green, "甲图层": green})
    result = review(write_projects(tmp_path / "p.gpkg", ROWS), county, write_profile(tmp_path))
    assert result.unread_layers == ("传统村落 CTCL", "甲图层")
    write_conformity_outputs(result, OutputPaths(json=str(tmp_path / "r.json")))
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["unread_layers"] == list(result.unread_layers)
    assert "未比对的图层：传统村落 CTCL、甲图层。" in "\n".join(list_document_texts(make_conformity_document(result)))


OWN_LINES = """[[line]]
id = "villages"
concept = "{concept}"
zh = "传统村落"
en = "Traditional villages"
basis = "statutory"
parts = "none"
absent = "listed"
"""


def write_own_profile(folder, lines, off):
    """Write a profile with own lines and with lines switched off; return its path."""
    profile = write_profile(folder, TABLE + ("villages,*,禁止,不得建设,某县规划,A\n" if "CTCL" in lines else ""))
    text = profile.read_text(encoding="utf-8").replace(
        'admission = "准入.csv"', f'admission = "准入.csv"\nlines = "控制线.toml"\nlines_off = {off}'
    )
    profile.write_text(text, encoding="utf-8")
    (folder / "控制线.toml").write_text(lines, encoding="utf-8")
    return profile


def test_county_adds_a_line_and_switches_one_off(tmp_path):
    rows = [{"MC": "村", "geometry": ROWS[0]["geometry"]}]
    county = write_county(tmp_path / "c.gpkg", changed={"CTCL": rows, "ZXCQCSLVX": rows})
    profile = write_own_profile(tmp_path, OWN_LINES.format(concept="CTCL"), '["green_line"]')
    result = review(write_projects(tmp_path / "p.gpkg", ROWS), county, profile)
    (one,) = result.results
    assert one.find_line("villages").outcome is FAILS and one.find_line("green_line") is None
    assert result.unread_layers == ("城市绿线 ZXCQCSLVX",)


@for_each(
    "lines, off, value",
    [
        (OWN_LINES.format(concept="CTCL"), '["farmland"]', "farmland"),
        (OWN_LINES.format(concept="CTCL"), '["绿线"]', "绿线"),
        (OWN_LINES.format(concept="NOLAYER"), "[]", "NOLAYER"),
    ],
    ids=lambda case: case[2],
)
def test_unknown_line_or_layer_and_the_three_lines_are_refused(lines, off, value, tmp_path_factory):
    folder = tmp_path_factory.mktemp("refused")
    profile = write_own_profile(folder, lines, off)
    with pytest.raises(DataError) as caught:
        review(write_projects(folder / "p.gpkg", ROWS), write_county(folder / "c.gpkg"), profile)
    assert value in Texts("zh").explain_error(caught.value)


#: (place, use, code of the zone, outcome, mark)
HUNYUAN = [
    (box(100, 2500, 200, 2600), "0701", "100", FAILS, "A"),
    (box(100, 2500, 200, 2600), "0901", "100", FAILS, "A"),
    (box(1200, 100, 1300, 200), "1202", "510", CONDITIONAL, "A"),
    (box(1200, 100, 1300, 200), "1001", "510", CONDITIONAL, "A"),
    (box(600, 100, 700, 200), "1202", "520", CONDITIONAL, "A"),
    (box(600, 100, 700, 200), "1001", "520", UNDETERMINED, ""),
    (box(1200, 1100, 1300, 1200), "1207", "530", CONDITIONAL, "A"),
    (box(1200, 1100, 1300, 1200), "1001", "530", UNDETERMINED, ""),
]


@pytest.mark.parametrize("profile", ("hunyuan", ""), ids=("hunyuan", "default"))
def test_housing_in_the_protection_zone_fails_and_rural_roads_are_conditional(profile, tmp_path):
    """浑源 (004:98, 123–126, 205–207): 严禁 in 生态保护区; roads and village industry as the text has them."""
    rows = [{"项目名称": f"{use}-{code}", "用途": use, "geometry": shape} for shape, use, code, _, _ in HUNYUAN]
    result = review_projects(
        read_project_layer(write_projects(tmp_path / "p.gpkg", rows)),
        write_county(tmp_path / "c.gpkg"),
        RunOptions(profile=profile),
    )
    for one, (_, _, code, outcome, mark) in zip(result.results, HUNYUAN, strict=True):
        zone = next(zone for zone in one.zones if zone.code == code)
        if code == "100":
            assert zone.outcome is FAILS and one.verdict is FAILS
        elif profile:
            assert (zone.outcome, zone.mark) == (outcome, mark), one.project.name


GOOD = box(2100, 100, 2200, 200)
BOWTIE = place(shapely.Polygon([(2100, 100), (2200, 200), (2200, 100), (2100, 200)]))
LINE = place(shapely.LineString([(2100, 800), (2400, 800)]))


#: (name, row, whether it is left out, words of the note)
BAD_ROWS = [
    ("no shape", {"geometry": None}, True, "没有图形"),
    ("empty shape", {"geometry": shapely.Polygon()}, True, "没有图形"),
    ("invalid ring", {"geometry": BOWTIE}, True, "图形无效（自相交）"),
    ("line without width", {"geometry": LINE, "宽度": None}, True, "线没有宽度（字段 宽度）"),
    ("width of zero", {"geometry": LINE, "宽度": "0"}, True, "字段 宽度 的宽度“0”无效，应为不小于 0.1"),
    ("width in words", {"geometry": LINE, "宽度": "很宽"}, True, "“很宽”无效，应为不小于 0.1"),
    ("point without diameter", {"geometry": place(shapely.Point(2300, 300))}, True, "点没有占地直径"),
    ("outside the county", {"geometry": box(9000, 100, 9100, 200)}, True, "项目不在县域内，未审查"),
    ("no name", {"项目名称": None}, False, "没有项目名称（字段 项目名称），按“#10”列出"),
    ("no use", {"用途": None}, False, "没有规划用途（字段 用途）"),
    ("unknown use", {"用途": "9999"}, False, "规划用途“9999”（字段 用途）不在用地用海分类中"),
    ("use with the code of another", {"用途": "工业用地（0901）"}, False, "不在用地用海分类中"),
    ("unknown supply", {"供地方式": "租"}, False, "字段 供地方式 的“租”不是供地方式"),
    ("declared area in words", {"申报面积": "约一公顷"}, False, "字段 申报面积 的“约一公顷”不是面积"),
    ("over two townships", {"geometry": box(1900, 1200, 2100, 1300)}, False, "面积已按乡镇分列"),
    ("partly outside", {"geometry": box(3950, 1200, 4050, 1300)}, False, "在县域外，这部分未核对"),
]


@pytest.fixture(scope="module")
def reviewed(county, tmp_path_factory):
    """Review a good project, each bad row, and another good project."""
    usual = {"项目名称": "甲", "用途": "0901", "宽度": None, "供地方式": None, "申报面积": None, "geometry": GOOD}
    rows = [usual, *({**usual, **change} for _, change, _, _ in BAD_ROWS), {**usual, "项目名称": "丙"}]
    return review_rows(rows, county, tmp_path_factory.mktemp("bad"))


@for_each("number", range(len(BAD_ROWS)), ids=[one[0] for one in BAD_ROWS])
def test_bad_row_has_a_note_with_row_field_and_remedy(reviewed, number):
    _, _, is_left_out, words = BAD_ROWS[number]
    # The first row is good, and rows count from 1.
    row, texts = number + 2, Texts("zh")
    notes = [note for note in reviewed.notes if note.row == row]
    sentences = [note.message.render(texts) for note in notes]
    assert len([text for text in sentences if words in text]) == 1, sentences
    note = next(note for note in notes if words in note.message.render(texts))
    text = note.message.render(texts)
    assert f"第 {row} 行" in text and "项目.gpkg" in text and f"row {row}" in note.message.render(Texts("en"))
    assert (note.level is NoteLevel.ERROR) == is_left_out
    assert (row not in [one.project.row for one in reviewed.results]) == is_left_out


def test_good_rows_among_bad_ones_are_reviewed(reviewed):
    assert reviewed.left_out_count == sum(is_left_out for _, _, is_left_out, _ in BAD_ROWS)
    assert reviewed.results[0].verdict is Outcome.CONFORMS and not reviewed.results[0].notes
    assert reviewed.results[-1].project.name == "丙" and reviewed.results[-1].verdict is Outcome.CONFORMS


def test_fields_are_found_by_name_and_values_read(county, tmp_path):
    row = {
        "DKMC": "地块一", "DKBH": "7", "DKYT": "090100", "SBMJ": 9_950.0, "申请单位": "某公司", "GDFS": "划拨",
        "PZWH": "国函〔2026〕2号", "BHFA": "方案", "geometry": GOOD,
    }  # fmt: skip
    project = review_rows([row], county, tmp_path).results[0].project
    assert (project.name, project.number, project.use_code, project.declared_m2) == ("地块一", "7", "0901", 9_950.0)
    assert (project.applicant, project.supply) == ("某公司", SupplyMode.ALLOCATION)
    assert (project.approval, project.supplement_plan) == ("国函〔2026〕2号", "方案")
    assert project.declared_difference_m2 == pytest.approx(project.statutory_m2 - 9_950.0)


def test_approval_makes_the_prohibition_of_a_farmland_zone_a_condition(county, tmp_path):
    rows = [
        {"项目名称": "甲", "用途": "0901", "批准文号": text, "geometry": box(100, 100, 200, 200)}
        for text in (None, "1号")
    ]
    path = write_projects(tmp_path / "p.gpkg", rows)
    results = review_projects(read_project_layer(path), county, RunOptions(profile="hunyuan")).results
    assert [one.zones[0].outcome for one in results] == [Outcome.FAILS, Outcome.CONDITIONAL]
    assert [one.verdict for one in results] == [Outcome.FAILS, Outcome.CONDITIONAL]
    assert "批准文号 1号" in results[1].zones[0].reason.render(Texts("zh"))


def test_layer_of_bad_rows_alone_has_no_results(county, tmp_path):
    result = review_rows(
        [{"项目名称": "甲", "geometry": None}, {"项目名称": "乙", "geometry": BOWTIE}], county, tmp_path
    )
    assert result.results == () and result.left_out_count == 2 and len(result.notes) == 2 and result.has_problems


@for_each("role", ("DYZ", "DXWWMCQ", "KNCZDXWWQY"), ids=str)
def test_archaeology_is_noted_before_any_supply_of_land(role, tmp_path):
    rows = [{"MC": "遗址甲", "geometry": box(2100, 100, 2300, 300)}]
    county = write_county(tmp_path / "county.gpkg", without=("LSWHBHX",), changed={role: rows})
    project = {"项目名称": "甲", "用途": "0901", "geometry": GOOD}
    projects = [{**project, "供地方式": supply} for supply in ("出让", "划拨", "协议出让", "")]
    for one in review_rows(projects, county, tmp_path).results:
        text = one.heritage.message.render(Texts("zh"))
        assert "遗址甲" in text and "出让或者划拨前" in text and "第四十三条" in text and one.heritage.mark == "A"
        assert ("可能存在地下文物的区域（遗址甲）" in text) == (role == "KNCZDXWWQY")
        assert not any(word in text for word in ("费用", "承担", "经费", "项目预算"))


def test_areas_of_relics_under_ground_are_asked_for_and_lower_no_verdict(county, tmp_path):
    row = {"项目名称": "甲", "用途": "0901", "供地方式": "划拨", "geometry": GOOD}
    one = review_rows([row], county, tmp_path).results[0]
    item = next(item for item in one.missing if item.id == "KNCZDXWWQY")
    assert one.verdict is Outcome.CONFORMS and one.heritage is None
    assert "KNCZDXWWQY" in item.missing.render(Texts("zh")) and "省级文物主管部门" in item.remedy.render(Texts("zh"))
    profile = write_profile(tmp_path)
    text = profile.read_text(encoding="utf-8") + '\n[absent]\nconcepts = ["KNCZDXWWQY"]\n'
    profile.write_text(text, encoding="utf-8")
    path = tmp_path / "项目.gpkg"
    one = review_projects(read_project_layer(path), county, RunOptions(profile=str(profile))).results[0]
    assert not [item for item in one.missing if item.id == "KNCZDXWWQY"]


def test_declared_area_has_the_unit_of_its_field(county, tmp_path):
    fields = ("申报面积（公顷）", "申报面积（亩）", "申报面积")
    values = ("1.25", "3", "12,500.5")
    rows = [
        {"名称": field, **dict.fromkeys(fields), field: value, "geometry": GOOD}
        for field, value in zip(fields, values, strict=True)
    ]
    declared = [one.project.declared_m2 for one in review_rows(rows, county, tmp_path).results]
    assert declared == pytest.approx([12_500, 2_000, 12_500.5])


def test_use_and_width_may_be_given_for_all_rows(county, tmp_path):
    rows = [{"项目名称": "路", "用途": None, "宽度": None, "geometry": LINE}]
    one = review_rows(rows, county, tmp_path, width_m=8.0, use="城镇村道路用地").results[0]
    assert one.project.use_code == "1207" and one.project.width_m == 8.0
    with pytest.raises(InputError, match="projects_width"):
        review_rows(rows, county, tmp_path, width_m=-1.0)


def test_layer_without_crs_or_in_wrong_coordinates_is_refused(county, tmp_path):
    gpd.GeoDataFrame({"name": ["甲"]}, geometry=[GOOD]).to_file(tmp_path / "无坐标系.shp", encoding="utf-8")
    with pytest.raises(InputError, match="projects_no_crs") as caught:
        review_projects(read_project_layer(tmp_path / "无坐标系.shp"), county)
    assert "请先定义坐标系" in Texts("zh").explain_error(caught.value)
    far = gpd.GeoDataFrame({"项目名称": ["甲"]}, geometry=[shapely.box(10, 10, 20, 20)], crs=CRS)
    far.to_file(tmp_path / "远.gpkg")
    with pytest.raises(InputError, match="projects_coordinates"):
        review_projects(read_project_layer(tmp_path / "远.gpkg"), county)


def test_empty_layer_and_choice_of_layers(county, tmp_path):
    gpd.GeoDataFrame({"项目名称": []}, geometry=[], crs=CRS).to_file(tmp_path / "空.gpkg", layer="a")
    with pytest.raises(InputError, match="projects_empty"):
        review_projects(read_project_layer(tmp_path / "空.gpkg"), county)
    two = tmp_path / "two.gpkg"
    for name in ("a", "b"):
        gpd.GeoDataFrame({"项目名称": [name]}, geometry=[GOOD], crs=CRS).to_file(two, layer=name)
    with pytest.raises(InputError, match="projects_layer_choice"):
        read_project_layer(two)
    with pytest.raises(InputError, match="projects_layer_missing"):
        read_project_layer(two, "c")
    assert review_projects(read_project_layer(two, "b"), county).results[0].project.name == "b"


#: (name, table, error, words of the message)
BAD_TABLES = [
    ("unknown zone", COUNTY_ADMISSION + "999,09,允许,,某县规划,A\n", "第 13 行"),
    ("unknown use", COUNTY_ADMISSION + "530,9901,允许,,某县规划,A\n", "第 13 行"),
    ("unknown outcome", COUNTY_ADMISSION + "540,09,可以,,某县规划,A\n", "可以"),
    ("unknown mark", COUNTY_ADMISSION + "540,09,允许,,某县规划,D\n", "第 13 行"),
    ("no source", COUNTY_ADMISSION + "540,09,允许,,,A\n", "第 13 行"),
    ("repeated row", COUNTY_ADMISSION + "城镇集中建设区,09,禁止,,某县规划,A\n", "第 13 行与第 2 行重复"),
    ("no heading", "分区甲,用途乙\n1,2\n", "准入.csv"),
]


@for_each("name, table, words", BAD_TABLES, ids=[one[0] for one in BAD_TABLES])
def test_bad_admission_table_is_refused_with_its_line(county, tmp_path_factory, name, table, words):
    folder = tmp_path_factory.mktemp("table")
    path = write_projects(folder / "p.gpkg", [{"项目名称": "甲", "用途": "0901", "geometry": GOOD}])
    options = RunOptions(profile=str(write_profile(folder, table)))
    with pytest.raises(InputError) as caught:
        review_projects(read_project_layer(path), county, options)
    text = Texts("zh").explain_error(caught.value)
    assert words in text and "准入.csv" in text


def test_missing_admission_table_is_refused(county, tmp_path):
    profile = write_profile(tmp_path)
    (tmp_path / "准入.csv").unlink()
    path = write_projects(tmp_path / "p.gpkg", [{"项目名称": "甲", "geometry": GOOD}])
    with pytest.raises(DataError) as caught:
        review_projects(read_project_layer(path), county, RunOptions(profile=str(profile)))
    text = Texts("zh").explain_error(caught.value)
    assert profile.name in text and "准入.csv" in text and "projects.admission" in text


def test_table_of_the_shipped_county_is_used(county, tmp_path):
    """浑源县's plan reads: 农田保护区 is for grain, major projects need approval; 城镇发展区 detailed plan and permission."""
    rows = [
        {"项目名称": "田", "用途": "0901", "geometry": box(100, 100, 200, 200)},
        {"项目名称": "店", "用途": "0901", "geometry": GOOD},
        {"项目名称": "村", "用途": "0901", "geometry": box(1200, 100, 1300, 200)},
    ]
    path = write_projects(tmp_path / "p.gpkg", rows)
    result = review_projects(read_project_layer(path), county, RunOptions(profile="hunyuan"))
    assert result.admission_file == "hunyuan_admission.csv"
    zones = [one.zones[0] for one in result.results]
    assert [zone.outcome for zone in zones] == [Outcome.FAILS, Outcome.CONDITIONAL, Outcome.UNDETERMINED]
    assert [zone.mark for zone in zones] == ["A", "A", ""]


def test_finest_zone_and_use_apply(county, tmp_path):
    table = COUNTY_ADMISSION + "400,0901,禁止,总则,某县规划,A\n410,0901,禁止,细则,某县规划第九章,A\n"
    path = write_projects(tmp_path / "p.gpkg", [{"项目名称": "甲", "用途": "090101", "geometry": GOOD}])
    result = review_projects(read_project_layer(path), county, RunOptions(profile=str(write_profile(tmp_path, table))))
    (zone,) = result.results[0].zones
    assert zone.rule.use == "0901" and zone.rule.zone == "410" and zone.outcome is Outcome.FAILS


TEXTS = Texts("zh")
#: A project that conforms in the clean county: commerce inside the boundary.
PROJECT = box(2200, 750, 2300, 850)
STRAY = shapely.box(0, 0, 10, 10)


def swap_axes(shape):
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


def shift(shape, dx, dy=0.0):
    return shapely.transform(shape, lambda xy: xy + np.array([dx, dy]))


def set_vertex(shape, x, y):
    xy = shapely.get_coordinates(shape)
    xy[1] = x, y
    return shapely.Polygon(xy)


#: Shapes that cannot be used, or only in part, of a row whose land is that of the project.
SHAPES = {
    "no shape": None,
    "empty": shapely.Polygon(),
    "line": PROJECT.exterior,
    "point": PROJECT.centroid,
    "collection of a line": shapely.GeometryCollection([PROJECT.exterior]),
    "empty collection": shapely.GeometryCollection(),
    "not a number": set_vertex(PROJECT, np.nan, np.nan),
    "infinite": set_vertex(PROJECT, np.inf, NORTH),
    "no area": shapely.Polygon([(EAST, NORTH), (EAST + 9, NORTH), (EAST + 18, NORTH), (EAST, NORTH)]),
    "swapped axes": swap_axes(PROJECT),
    "no zone prefix": shift(PROJECT, -38e6),
    "another zone prefix": shift(PROJECT, 1e6),
    "degrees": shapely.box(113.7, 39.7, 113.71, 39.71),
    "outside every frame": shift(PROJECT, 5e8, 5e8),
    "far, in the same zone": shift(PROJECT, 0, -4.39e6),
    "southern hemisphere": shapely.transform(PROJECT, lambda xy: xy * np.array([1, -1])),
}
PARTIAL = {
    "part at the origin": shapely.MultiPolygon([box(3900, 2900, 3910, 2910), STRAY]),
    "part on the equator": shapely.MultiPolygon([box(3900, 2900, 3910, 2910), shift(PROJECT, 0, -4.39e6)]),
    "collection with a line": shapely.GeometryCollection([box(3900, 2900, 3910, 2910), PROJECT.exterior]),
}
ROLES = ["YJJBNTBHTB", "GDBHMB", "STBHHX", "CZKFBJ", "YDYHGHFQ", "LSWHBHX", "ZRBHD", "XZQX", "XZQXZ", "DLTB"]


def write_bad_county(folder, role, shape, **more):
    """Write the clean county with another row of a layer; return the path of the county."""
    row = {**ROWS_BY_ROLE[role][0], **more, "geometry": shape}
    return write_county(folder / "county.gpkg", changed={role: [*ROWS_BY_ROLE[role], row]})


def read_county(folder, county):
    profile = write_profile(folder)
    text = profile.read_text(encoding="utf-8")
    absent = '[absent]\nconcepts = ["hazards", "mineral_line", "flood_line"]\n'
    profile.write_text(text.replace("[projects]", absent + "\n[projects]"), encoding="utf-8")
    options = RunOptions(profile=str(profile))
    return read_plan(county, options.resolve_norm(), options)


def review_bad_county(plan, shape=PROJECT, use="09"):
    """Return the result of a project on the rows near it, after comparing it with that on the whole plan."""
    settings = load_review_settings(plan.norm)
    table, tolerance = load_admission(plan.norm, settings), plan.norm.make_tolerance()
    drawn = [DrawnProject(shape, plan.plane_crs, {"name": "项目", "use": use})]
    read = read_drawn_projects(drawn, plan, settings, "图")
    near = make_plan_near(plan, np.array([shape], dtype=object), settings)
    (result,) = ProjectReview(near, read.projects, settings, table, tolerance).review().results
    prepared = PreparedReview(plan, settings, table, tolerance)
    prepared.prepare()
    (quick,) = prepared.review(read.projects).results
    assert quick.verdict is result.verdict
    assert [one.render(TEXTS) for one in quick.reasons] == [one.render(TEXTS) for one in result.reasons]
    return result


def test_project_conforms_where_every_row_was_used(tmp_path):
    result = review_bad_county(read_county(tmp_path, write_county(tmp_path / "county.gpkg")))
    assert result.verdict is Outcome.CONFORMS, [one.render(TEXTS) for one in result.reasons]


#: Shapes of every day: none, of another kind, without extent, in another frame.
DAILY_SHAPES = ["no shape", "line", "not a number", "no area", "swapped axes", "degrees", "far, in the same zone"]
UNUSABLE_ROWS = [
    *(("YJJBNTBHTB", name) for name in dict.fromkeys([*DAILY_SHAPES, *SHAPES])),
    *((role, name) for role in ROLES[1:] for name in ("no shape", "line")),
]


@pytest.mark.parametrize("role, name", first_daily(UNUSABLE_ROWS, len(DAILY_SHAPES)))
def test_row_without_usable_shape_leaves_the_project_undetermined(role, name, tmp_path):
    county = write_bad_county(tmp_path, role, SHAPES[name], BSM="140225999999999999")
    result = review_bad_county(read_county(tmp_path, county))
    assert result.verdict is Outcome.UNDETERMINED
    texts = " ".join(one.render(TEXTS) for one in (*result.reasons, *(one.missing for one in result.missing)))
    assert "140225999999999999" in texts and role in texts
    missing = render([one.missing for one in result.missing])
    assert "140225999999999999" in missing and not any(word in missing for word in ("占用", "请改正", "重新")), missing
    line = next((line for line in result.lines if line.role == role), None)
    if line is not None and role != "CZKFBJ":
        assert line.outcome is Outcome.UNDETERMINED and line.distance_m is None and line.area_m2 is None
        assert "未占用" not in line.reason.render(TEXTS)


@pytest.mark.parametrize("name", PARTIAL)
def test_row_with_a_stray_part_is_used_for_occupied_land_only(tmp_path, name):
    plan = read_county(tmp_path, write_bad_county(tmp_path, "YJJBNTBHTB", PARTIAL[name]))
    assert review_bad_county(plan).verdict is Outcome.UNDETERMINED
    result = review_bad_county(plan, box(3880, 2880, 3930, 2930))
    line = result.find_line("farmland")
    assert line.outcome is Outcome.FAILS and result.verdict is Outcome.FAILS
    assert line.area_m2 == pytest.approx(100.0, rel=1e-3)


def test_invalid_polygon_that_was_repaired_counts_as_used(tmp_path):
    bow_tie = shapely.Polygon([(EAST + x, NORTH + y) for x, y in ((100, 0), (200, 100), (200, 0), (100, 100))])
    plan = read_county(tmp_path, write_bad_county(tmp_path, "YJJBNTBHTB", bow_tie))
    assert not plan.layers["YJJBNTBHTB"].gaps
    assert review_bad_county(plan).verdict is Outcome.CONFORMS


def test_one_row_among_many_is_named_though_it_is_far_from_the_project(tmp_path):
    rows = [{**ROWS_BY_ROLE["YJJBNTBHTB"][0], "geometry": box(n, 0, n + 1, 1)} for n in range(600)]
    rows.append({**rows[0], "geometry": None})
    plan = read_county(tmp_path, write_county(tmp_path / "county.gpkg", changed={"YJJBNTBHTB": rows}))
    result = review_bad_county(plan)
    assert result.verdict is Outcome.UNDETERMINED
    assert "140225000000000601（无图形）" in result.find_line("farmland").reason.render(TEXTS)


def test_layer_in_other_coordinates_leaves_the_project_undetermined(tmp_path):
    rows = [{**row, "geometry": swap_axes(row["geometry"])} for row in ROWS_BY_ROLE["LSWHBHX"]]
    plan = read_county(tmp_path, write_county(tmp_path / "county.gpkg", changed={"LSWHBHX": rows}))
    assert "LSWHBHX" in plan.unusable_layers
    assert review_bad_county(plan).verdict is Outcome.UNDETERMINED


def test_command_names_the_row_and_prints_no_distance(tmp_path):
    county = write_bad_county(tmp_path, "STBHHX", None, BSM="140225999999999999")
    projects = write_projects(tmp_path / "p.gpkg", [{"XMMC": "甲", "YDYHFLDM": "0901", "geometry": PROJECT}])
    options = RunOptions(profile=str(write_profile(tmp_path)))
    result = review_projects(read_project_layer(projects, ""), county, options)
    assert result.has_problems
    text = "\n".join(text for _, text in describe_result(result, "zh"))
    line = result.results[0].find_line("red_line")
    assert line.distance_m is None and "140225999999999999" in line.reason.render(TEXTS), text


def test_filtered_layer_leaves_the_project_undetermined(tmp_path):
    from plugin.core.plan.io import read_source

    layers = list(read_source(write_county(tmp_path / "county.gpkg")))
    next(layer for layer in layers if layer.name == "YJJBNTBHTB").row_filter = "fid > 1"
    result = review_bad_county(read_county(tmp_path, layers))
    assert result.verdict is Outcome.UNDETERMINED
    assert "fid > 1" in result.find_line("farmland").reason.render(TEXTS)


def test_review_can_be_cancelled(county, tmp_path):
    path = write_projects(tmp_path / "p.gpkg", [{"项目名称": "甲", "geometry": GOOD}])
    with pytest.raises(Cancelled):
        review_projects(read_project_layer(path), county, cancellation=Cancellation(lambda: True))
