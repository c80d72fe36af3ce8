# SPDX-License-Identifier: GPL-2.0-or-later
"""No project is 符合 by the order of rows, by a word that approves nothing, or by one of two fields that contradict."""

import pytest
import shapely

from plugin.core.errors import InputError
from plugin.core.messages.texts import Texts
from plugin.core.options import RunOptions
from plugin.core.projects.model import Outcome
from plugin.core.projects.read_projects import read_project_layer
from plugin.core.projects.run import review_projects
from tests.core.projects.written_county import (
    COUNTY_ADMISSION,
    ROWS_BY_ROLE,
    box,
    place,
    write_county,
    write_profile,
    write_projects,
)
from tests.parametrize import for_each

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


@for_each("place_text, is_known", PLACES, ids=lambda case: case[0])
def test_unknown_part_of_a_line_or_zone_is_refused_with_file_and_line(place_text, is_known, county, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    table = COUNTY_ADMISSION + f"{place_text},1506,允许,无条件,某县规划,A\n"
    rows = [{"项目名称": "店", "用途": "0901", "geometry": SHOP}]
    if is_known:
        assert len(review_rows(rows, county, folder, table).results) == 1
        return
    with pytest.raises(InputError) as caught:
        review_rows(rows, county, folder, table)
    text = Texts("zh").explain_error(caught.value)
    assert "准入.csv" in text and "第 13 行" in text and place_text in text


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


@for_each("name, fields, words", CONTRADICTIONS, ids=[one[0] for one in CONTRADICTIONS])
def test_fields_that_contradict_each_other_are_undetermined_and_both_named(name, fields, words, county, tmp_path):
    row = {
        "项目名称": "店",
        **({} if {"规划用途", "YDYHFLDM"} & set(fields) else {"用途": "0901"}),
        **fields,
        "geometry": SHOP,
    }
    one = review_rows([row], county, tmp_path).results[0]
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


@for_each(
    "fields",
    [
        {"规划用途": "0901", "用途": ""},
        {"规划用途": "0901", "用途": "商业用地"},
        {"规划用途": "0901", "用途": "商业服务业用地"},
        {"规划用途": "090100", "YDYHFLMC": "商业用地"},
        {"用途": "0901", "申报面积": "12345", "申报面积（公顷）": "1.23"},
        {"用途": "0901", "供地方式": "挂牌出让", "GDFS": "出让"},
        {"用途": "0901", "GDFS": "—", "供地方式": "出让"},
    ],
    ids=lambda fields: "-".join(fields.values()),
)
def test_fields_that_agree_are_no_contradiction(fields, county, tmp_path):
    one = review_rows([{"项目名称": "店", **fields, "geometry": SHOP}], county, tmp_path).results[0]
    assert one.verdict is Outcome.CONFORMS and one.project.use_code == "0901"


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
