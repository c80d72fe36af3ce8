# SPDX-License-Identifier: GPL-2.0-or-later
"""Projects on a written county have the verdict, the reason and the source that the rules give them."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import shapely

from plugin.core.plan.io import read_source
from plugin.core.render.words import ReportTexts
from plugin.core.standard.messages.texts import Message, Texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.projects.page_tables import PageTables
from plugin.core.studies.projects.read_projects import read_project_layer
from plugin.core.studies.projects.review_sentences import explain_verdict, rank_item, shorten_reason
from plugin.core.studies.projects.reviewed_project import Outcome, SupplyMode
from plugin.core.studies.projects.run_review import review_projects
from tests.core.studies.projects.written_county import (
    COUNTY_ADMISSION,
    NET_SHARE,
    ROWS_BY_ROLE,
    box,
    place,
    write_county,
    write_profile,
    write_projects,
)
from tests.parametrize import for_each

CONFORMS, CONDITIONAL, UNDETERMINED, FAILS = (
    Outcome.CONFORMS,
    Outcome.CONDITIONAL,
    Outcome.UNDETERMINED,
    Outcome.FAILS,
)
ORDER_17 = "《永久基本农田保护红线管理办法》（令第17号）"
HERITAGE_RULES = "《历史文化名城名镇名村保护条例》第二十六至二十八条"
SHANXI_PLAN = "《山西省国土空间规划（2021—2035年）》"
P14_5 = "《山西省“十四五”自然资源保护和利用规划》"


@dataclass
class Case:
    """A project with its expected verdict.

    ``items``: id of a line, or code of a zone → (outcome, words of the reason, source or None without a rule).
    """

    name: str
    shape: object
    use: str
    verdict: Outcome
    items: dict = field(default_factory=dict)
    fields: dict = field(default_factory=dict)


_DONUT = shapely.difference(shapely.box(2400, 200, 2990, 800), shapely.box(2490, 290, 2910, 710))
CASES = [
    Case(
        "shop inside the boundary",
        box(2100, 100, 2200, 200),
        "0901",
        CONFORMS,
        {
            "boundary": (CONFORMS, "位于城镇开发边界内 1.0000 公顷", P14_5),
            "410": (CONFORMS, "允许商业用地（0901）：应符合详细规划", "某县规划第三章"),
            "farmland": (CONFORMS, "未占用永久基本农田，最近距离 1 600 m", None),
        },
    ),
    Case(
        "farmland without approval",
        box(100, 100, 200, 200),
        "0901",
        FAILS,
        {
            "farmland": (FAILS, "占用永久基本农田 0.9000 公顷（净面积），没有批准占用的文号", ORDER_17),
            "cultivated": (CONDITIONAL, "应落实耕地占补平衡", "自然资发〔2024〕204号（转引）"),
            "300": (CONDITIONAL, "重点项目经批准方可占用", "某县规划第二章"),
        },
    ),
    Case(
        "farmland with approval",
        box(100, 100, 200, 200),
        "1202",
        CONDITIONAL,
        {"farmland": (CONDITIONAL, "批准文号 国土资函〔2026〕1号", ORDER_17)},
        {"批准文号": "国土资函〔2026〕1号"},
    ),
    Case(
        "road through farmland by field of the width",
        place(shapely.LineString([(0, 400), (1800, 400)])),
        "公路用地",
        FAILS,
        {"farmland": (FAILS, "占用永久基本农田 0.9000 公顷（净面积）", ORDER_17)},
        {"宽度": 20.0},
    ),
    Case(
        "core of a reserve",
        box(100, 2500, 200, 2600),
        "0901",
        FAILS,
        {
            "reserves": (FAILS, "恒山自然保护区核心保护区）：自然保护地核心保护区原则上禁止人为活动", SHANXI_PLAN),
            "red_line": (UNDETERMINED, "准入条目为默认设置，未经本县确认", "未见原文"),
            "100": (UNDETERMINED, "按红线管理。“生态保护区”为生态保护红线的范围", "某县规划第二章"),
        },
    ),
    Case(
        "general zone of a reserve",
        box(600, 2500, 700, 2600),
        "1202",
        CONDITIONAL,
        {
            "reserves": (CONDITIONAL, "应符合自然保护地管理规定", "自然保护地管理的通行做法（未见条文）"),
            "red_line": (CONDITIONAL, "线性基础设施确实无法避让的", "某省红线清单"),
            "100": (CONDITIONAL, "有条件准入：按红线管理", "某县规划第二章"),
        },
    ),
    Case(
        "red line with a use that only a default row names",
        box(850, 2500, 950, 2600),
        "0901",
        UNDETERMINED,
        {
            "red_line": (UNDETERMINED, "占用生态保护红线 1.0000 公顷（图斑椭球面积）：有限人为活动清单", "未见原文"),
            "reserves": (CONFORMS, "未占用自然保护地，最近距离 50 m", None),
            "100": (UNDETERMINED, "同一土地的生态保护红线审查为未能判定，本分区从其结论", "某县规划第二章"),
        },
    ),
    Case(
        "shop in the core of heritage",
        box(2650, 450, 2700, 500),
        "商业用地（0901）",
        FAILS,
        {"heritage": (FAILS, "古城）：核心保护范围内不得新建、扩建", HERITAGE_RULES)},
    ),
    Case(
        "power station in the core of heritage",
        box(2650, 450, 2700, 500),
        "1303",
        CONDITIONAL,
        {"heritage": (CONDITIONAL, "必要的基础设施和公共服务设施除外", HERITAGE_RULES)},
    ),
    Case(
        "heritage control belt",
        box(2520, 320, 2580, 380),
        "0901",
        CONDITIONAL,
        {"heritage": (CONDITIONAL, "位于建设控制地带，新建应符合保护规划要求", HERITAGE_RULES)},
        {"供地方式": "出让（拟）"},
    ),
    Case(
        "on the border of two zones",
        box(1950, 100, 2050, 200),
        "0901",
        UNDETERMINED,
        {
            "410": (CONFORMS, "允许商业用地", "某县规划第三章"),
            "510": (UNDETERMINED, "准入表没有“村庄建设区、商业用地（0901）”条目", None),
            "boundary": (CONDITIONAL, "内 0.5000 公顷，界外 0.5000 公顷", P14_5),
        },
    ),
    Case(
        "zone without a row",
        box(1200, 100, 1300, 200),
        "1001",
        UNDETERMINED,
        {"510": (UNDETERMINED, "准入表没有“村庄建设区、工业用地（1001）”条目", None)},
    ),
    Case(
        "over two townships, outside the boundary",
        box(1900, 1200, 2100, 1300),
        "1202",
        CONFORMS,
        {
            "530": (CONFORMS, "允许公路用地", "某县规划第五章"),
            "boundary": (Outcome.LISTED, "位于城镇开发边界外 2.00 公顷", P14_5),
        },
    ),
    Case(
        "with a hole around heritage",
        place(_DONUT),
        "0901",
        CONFORMS,
        {"heritage": (CONFORMS, "未占用历史文化保护线，最近距离 10 m", None)},
    ),
    Case(
        "touching farmland",
        box(500, 100, 550, 200),
        "设施农用地",
        CONDITIONAL,
        {
            "farmland": (CONFORMS, "仅边界相接，占用面积为 0，按未占用计", None),
            "520": (CONFORMS, "鼓励农业设施", "某县规划第五章"),
        },
    ),
    Case(
        "sliver on farmland",
        box(499.999, 100, 550, 200),
        "设施农用地",
        CONDITIONAL,
        {"farmland": (CONFORMS, "重叠 0.10 m²，面积和宽度都小于容差，按未占用计", None)},
    ),
    Case(
        "point with a diameter",
        place(shapely.Point(2300, 300)),
        "0901",
        CONFORMS,
        {"410": (CONFORMS, "允许商业用地", "某县规划第三章")},
        {"宽度": 30.0},
    ),
    Case(
        "line with a width",
        place(shapely.LineString([(2100, 800), (2400, 800)])),
        "0901",
        CONFORMS,
        {"boundary": (CONFORMS, "位于城镇开发边界内 0.2400 公顷", P14_5)},
        {"宽度": "8"},
    ),
    Case(
        "prohibited use",
        box(2100, 100, 2200, 200),
        "1001",
        FAILS,
        {"410": (FAILS, "“城镇集中建设区”禁止工业用地（1001）：工业项目应进入园区", "某县规划第四章")},
    ),
    Case(
        "flood line by a default row",
        box(3100, 1450, 3200, 1500),
        "1202",
        CONDITIONAL,
        {"flood_line": (CONDITIONAL, "应取得水行政主管部门意见", "《中华人民共和国防洪法》")},
    ),
    Case(
        "minerals by a default row",
        box(3600, 100, 3700, 200),
        "1002",
        CONDITIONAL,
        {
            "mineral_line": (CONDITIONAL, "应说明压覆重要矿产资源情况", "压覆矿产审批的通行做法（未见条文）"),
            "700": (CONFORMS, "允许采矿", "某县规划第六章"),
        },
    ),
    Case(
        "hazards by a default row",
        box(3050, 2050, 3100, 2100),
        "1202",
        CONDITIONAL,
        {"hazards": (CONDITIONAL, "应进行地质灾害危险性评估", "地质灾害危险性评估的通行做法（未见条文）")},
    ),
    Case(
        "partly outside the county",
        box(3950, 1200, 4050, 1300),
        "1202",
        UNDETERMINED,
        {"county": (UNDETERMINED, "项目有 0.5000 公顷 在县域外，这部分未核对", None)},
    ),
    Case(
        "without a use",
        box(2100, 100, 2200, 200),
        "",
        UNDETERMINED,
        {"410": (UNDETERMINED, "未填写规划用途", None)},
    ),
]


def make_rows(cases=CASES):
    """Return the cases as rows of a layer of projects."""
    empty = {"宽度": None, "批准文号": None, "供地方式": None}
    return [{"项目名称": one.name, "用途": one.use, **empty, **one.fields, "geometry": one.shape} for one in cases]


def write_case_projects(path):
    """Write all cases as projects."""
    rows = make_rows()
    for row in rows:
        row["宽度"] = None if row["宽度"] is None else str(row["宽度"])
    return write_projects(path, rows)


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write the county; return its path."""
    return write_county(tmp_path_factory.mktemp("county") / "county.gpkg")


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """Write the projects; return their path."""
    return write_case_projects(tmp_path_factory.mktemp("projects") / "projects.gpkg")


def review(projects, county, profile="", **more):
    """Return the review of a file of projects."""
    return review_projects(read_project_layer(projects), county, RunOptions(profile=str(profile)), **more)


@pytest.fixture(scope="module")
def layers(county):
    """Read the county's layers."""
    return read_source(county)


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    """Write the profile with the county's admission table; return its path."""
    return write_profile(tmp_path_factory.mktemp("profile"))


def select_layers(layers, role):
    """Return all layers but one."""
    return [layer for layer in layers if layer.name != role]


@pytest.fixture(scope="module")
def result(county, projects, profile):
    """Review all cases with the county's admission table."""
    return review(projects, county, profile)


@pytest.fixture(scope="module")
def by_name(result):
    """Return name → result of each project."""
    return {one.project.name: one for one in result.results}


def find_item(one, item_id):
    """Return the item of a line or a planning zone."""
    return one.find_line(item_id) or next(zone for zone in one.zones if zone.code == item_id)


@for_each("case", CASES, ids=lambda case: case.name)
def test_project_has_the_verdict_reason_and_source_of_the_rules(by_name, case):
    one, texts = by_name[case.name], Texts("zh")
    assert one.verdict is case.verdict, [reason.render(texts) for reason in one.reasons]
    for item_id, (outcome, words, source) in case.items.items():
        item = find_item(one, item_id)
        reason = item.reason.render(texts).replace("\u202f", " ")
        assert item.outcome is outcome and words in reason, (item_id, item.outcome, reason)
        if source is None:
            assert item.rule is None, item.rule
        else:
            assert item.rule is not None and item.rule.source.zh.startswith(source)


@for_each("lang", ("zh", "en"))
def test_every_sentence_can_be_rendered(by_name, lang):
    texts = Texts(lang)
    for one in by_name.values():
        items = [*one.lines, *one.zones]
        sentences = [item.reason.render(texts) for item in items]
        sentences += [message.render(texts) for message in (*one.reasons, *one.conditions)]
        sentences += [message.render(texts) for item in one.missing for message in (item.missing, item.remedy)]
        sentences += [note.message.render(texts) for note in one.notes]
        assert all(sentences) and not any("{" in text or "}" in text for text in sentences)


def test_gravest_reason_comes_first(by_name):
    texts = Texts("zh")
    one = by_name["farmland without approval"]
    assert one.reasons[0].render(texts).startswith("占用永久基本农田")
    assert by_name["on the border of two zones"].reasons[0].render(texts).startswith("准入表没有")


@for_each(
    "lang, words",
    [("zh", "应附批准文件。“农田保护区”禁止商业用地。"), ("en", "to be attached. 农田保护区 prohibits 商业用地.")],
)
def test_principal_reasons_are_all_causes_of_a_failure_in_the_words_of_an_opinion(lang, words, by_name):
    one = by_name["farmland without approval"]
    params = {"zone": "农田保护区", "use": "商业用地", "condition": "应严格保护"}
    prohibition = Message("conformity", "zone_prohibited", params)
    zone = replace(one.zones[0], outcome=FAILS, own_reason=prohibition)
    # A zone that follows a line repeats its reason.
    follower = replace(zone, follows=prohibition)
    text = explain_verdict(replace(one, zones=(follower, zone)), Texts(lang))
    assert text.endswith(words) and text.count("农田保护区") == 1
    # In English the name of the line precedes a colon.
    assert "0.9000" in shorten_reason(one.reasons[0].render(Texts(lang)), Texts(lang))


@for_each(
    "name, item_id, words",
    [
        ("zone without a row", "zone_510", "“村庄建设区、工业用地”的准入条目"),
        ("red line with a use that only a default row names", "red_line", "本县对“生态保护红线”准入条目的确认"),
    ],
)
def test_what_is_missing_is_named_without_the_land_that_a_reason_states(name, item_id, words, by_name):
    assert [item.missing.render(Texts("zh")) for item in by_name[name].missing if item.id == item_id] == [words]


def test_lines_that_the_project_occupies_precede_undetermined_ones_that_it_does_not(by_name):
    line = replace(by_name["farmland without approval"].find_line("farmland"), outcome=Outcome.UNDETERMINED)
    lines = [replace(line, area_m2=area, has_gaps=True) for area in (0.0, None, 5.0)]
    assert [one.area_m2 for one in sorted(lines, key=rank_item)] == [5.0, 0.0, None]


def test_areas_follow_the_drawing(by_name):
    farmland = by_name["road through farmland by field of the width"].find_line("farmland")
    assert farmland.area_m2 == pytest.approx(500 * 20, rel=1e-3)
    assert farmland.net_m2 == pytest.approx(NET_SHARE * 500 * 20, rel=1e-6)
    donut = by_name["with a hole around heritage"].project
    assert donut.statutory_m2 == pytest.approx(590 * 600 - 420 * 420, rel=1e-3)
    point = by_name["point with a diameter"].project
    assert point.kind == "point" and point.statutory_m2 == pytest.approx(3.14159 * 15**2, rel=2e-2)
    line = by_name["line with a width"].project
    assert line.kind == "line" and line.width_m == 8 and line.statutory_m2 == pytest.approx(2400, rel=1e-3)


def test_supplements_are_net_and_name_the_documents(by_name):
    farmland, cultivated = by_name["farmland with approval"].supplements
    assert (farmland.id, farmland.document) == ("farmland", "国土资函〔2026〕1号")
    assert farmland.occupied_m2 == pytest.approx(9000, rel=1e-6)
    assert cultivated.occupied_m2 == pytest.approx(9000, rel=1e-6) and cultivated.rule.mark == "B"
    assert by_name["shop inside the boundary"].supplements == ()
    # A sliver of farmland is not occupied, so nothing is to be made up for on it.
    assert [item.id for item in by_name["sliver on farmland"].supplements] == ["cultivated"]
    assert by_name["sliver on farmland"].find_line("farmland").net_m2 == 0


def test_classes_have_ownership_and_major_class(by_name):
    (item,) = by_name["shop inside the boundary"].classes
    assert (item.code, item.major_class, item.ownership) == ("0701", "建设用地", "国有")
    two = by_name["road through farmland by field of the width"].classes
    assert [(one.code, one.is_cultivated) for one in two] == [("0103", True), ("0702", False)]
    assert two[0].area_m2 == pytest.approx(1000 * 20, rel=1e-3)


def test_archaeology_in_heritage_ranges_is_noted_whatever_the_mode_of_supply(by_name):
    texts = Texts("zh")
    belt, core = by_name["heritage control belt"], by_name["shop in the core of heritage"]
    assert (belt.project.supply, core.project.supply) == (SupplyMode.GRANT, SupplyMode.UNKNOWN)
    for one in (belt, core):
        text = one.heritage.message.render(texts)
        assert "古城" in text and "考古调查、勘探" in text and "第四十三条" in text and one.heritage.mark == "A"
    assert by_name["with a hole around heritage"].heritage is None


def test_townships_and_functions_are_listed_and_noted(by_name):
    texts = Texts("zh")
    one = by_name["over two townships, outside the boundary"]
    assert {item.name for item in one.townships} == {"甲镇", "乙镇"}
    assert [item.area_m2 for item in one.townships] == pytest.approx([10_000, 10_000], rel=1e-3)
    assert {item.name for item in one.functions} == {"农产品主产区", "重点开发乡镇"}
    assert any(words in one.notes[0].message.render(texts) for words in ("项目跨 甲镇、乙镇", "项目跨 乙镇、甲镇"))


def test_with_default_rows_alone_no_project_conforms(county, projects, tmp_path):
    only_c = "\n".join(
        line if n == 0 else line[: line.rindex(",")] + ",C" for n, line in enumerate(COUNTY_ADMISSION.splitlines())
    )
    for profile in (write_profile(tmp_path, only_c), ""):
        result = review(projects, county, profile)
        assert len(result.results) == len(CASES) and result.count(CONFORMS) == 0
        allowed = [z for one in result.results for z in one.zones if z.rule and str(z.rule.outcome) == "allowed"]
        assert all(zone.outcome is CONDITIONAL and not zone.is_confirmed for zone in allowed)
        assert result.count(CONDITIONAL) > 0


@for_each(
    "role, line, verdict",
    [
        ("STBHHX", "red_line", UNDETERMINED),
        ("YJJBNTBHTB", "farmland", UNDETERMINED),
        ("CZKFBJ", "boundary", UNDETERMINED),
        ("HLFXKZX", "flood_line", CONDITIONAL),
        ("XZZRZHFXFBM", "hazards", CONDITIONAL),
        ("LSWHBHX", "heritage", CONDITIONAL),
    ],
    ids=lambda case: case[0],
)
def test_missing_layer_is_undetermined_and_never_conforms(projects, layers, profile, role, line, verdict):
    texts = Texts("zh")
    result = review(projects, select_layers(layers, role), profile)
    assert result.count(CONFORMS) == 0
    one = result.results[0]
    item = one.find_line(line)
    assert item.outcome is UNDETERMINED and item.area_m2 is None and not item.is_present
    assert role in item.reason.render(texts)
    assert one.verdict is verdict
    assert any(missing.id == line and role in missing.remedy.render(texts) for missing in one.missing)


@pytest.mark.parametrize("is_range", [True, False])
def test_zone_of_the_red_line_follows_the_line_if_its_land_is_unknown(projects, layers, tmp_path, is_range):
    profile = write_profile(tmp_path)
    switch = f"\n[zones]\nprotection_is_red_line = {str(is_range).lower()}\n"
    profile.write_text(profile.read_text(encoding="utf-8") + switch, encoding="utf-8")
    result = review(projects, select_layers(layers, "STBHHX"), profile)
    (one,) = [one for one in result.results if one.project.name == "general zone of a reserve"]
    (zone,) = one.zones
    assert (one.verdict, zone.outcome) == (UNDETERMINED, UNDETERMINED if is_range else CONDITIONAL)
    cells = [cell.text for row in PageTables(one, ReportTexts("zh")).make_zone_table().rows for cell in row]
    assert ("未能判定" in cells) == is_range and any("本分区从其结论" in text for text in cells) == is_range
    # The remedy is to hand in the line, not to extend the table of admission.
    assert not [missing for missing in one.missing if missing.id.startswith("zone")]


def test_layer_that_the_county_declares_absent_conforms(projects, layers, tmp_path):
    county = select_layers(layers, "HLFXKZX")
    profile = write_profile(tmp_path)
    text = profile.read_text(encoding="utf-8") + '\n[absent]\nconcepts = ["flood_line"]\n'
    profile.write_text(text, encoding="utf-8")
    one = review(projects, county, profile).results[0]
    assert one.find_line("flood_line").outcome is CONFORMS and one.verdict is CONFORMS


def test_missing_zones_are_undetermined(projects, layers, profile):
    one = review(projects, select_layers(layers, "YDYHGHFQ"), profile).results[0]
    assert one.verdict is UNDETERMINED and one.zones[0].outcome is UNDETERMINED
    assert "缺规划分区图层" in one.zones[0].reason.render(Texts("zh"))


def test_land_outside_all_zones_is_undetermined(projects, tmp_path):
    zones = [row for row in ROWS_BY_ROLE["YDYHGHFQ"] if row["GHFQDM"] != "510"]
    county = write_county(tmp_path / "county.gpkg", changed={"YDYHGHFQ": zones})
    result = review(projects, county, write_profile(tmp_path))
    one = next(one for one in result.results if one.project.name == "on the border of two zones")
    assert [zone.code for zone in one.zones] == ["410", ""]
    assert [zone.area_m2 for zone in one.zones] == pytest.approx([5000, 5000], rel=1e-3)
    assert one.verdict is UNDETERMINED


def test_overlapping_rows_count_once_and_the_stricter_part_applies(projects, tmp_path):
    whole = {"MC": "古城", "LX": "22", "geometry": box(2500, 300, 2900, 700)}
    county = write_county(tmp_path / "county.gpkg", changed={"LSWHBHX": [whole, *ROWS_BY_ROLE["LSWHBHX"]]})
    result = review(projects, county, write_profile(tmp_path))
    one = next(one for one in result.results if one.project.name == "shop in the core of heritage")
    line = one.find_line("heritage")
    # Each part has all its land; the land counts once, under the stricter part.
    assert line.outcome is FAILS and line.rule.zone == "heritage:core"
    assert {part.part: round(part.area_m2) for part in line.parts} == {"core": 2500, "control": 2500}
    assert line.area_m2 == pytest.approx(2500, rel=1e-3)


@pytest.mark.parametrize("role", ["XZQX", "DLTB", "XZQXZ", "LSWHBHX"])
def test_failed_overlay_is_undetermined_and_drops_neither_project_nor_compensation(
    role, county, projects, profile, monkeypatch
):
    """Let the overlay with one layer fail for all projects, as GEOS does for damaged shapes."""
    from dataclasses import replace

    from plugin.core.studies.projects import review as review_module

    def overlay_layer(shapes, layer, groups=None):
        found = original(shapes, layer, groups)
        if layer.role != role:
            return found
        nothing = found.pieces.select(np.zeros(0, dtype=int))
        return replace(found, pieces=nothing, failed=frozenset(range(len(shapes.shapes))))

    original = review_module.overlay_layer
    whole = review(projects, county, profile)
    monkeypatch.setattr(review_module, "overlay_layer", overlay_layer)
    result = review(projects, county, profile)
    assert [
        one.project.name for one in result.results if one.project.name in {w.project.name for w in whole.results}
    ] == [one.project.name for one in whole.results]
    one = next(one for one in result.results if one.project.name == "farmland without approval")
    texts = Texts("zh")
    assert [item for item in one.missing if "失败" in item.missing.render(texts) and role in item.remedy.render(texts)]
    # Without parcels the cultivated land to be made up for is unknown.
    assert [item.id for item in one.supplements] == ["farmland"] + ["cultivated"] * (role != "DLTB")
    assert one.find_line("cultivated").outcome == (UNDETERMINED if role == "DLTB" else CONDITIONAL)
    assert one.unclassified_m2 == 0 and one.outside_townships_m2 == 0


def test_cultivated_land_is_that_of_the_survey_and_its_target_another_line(projects, profile, tmp_path):
    """Half of the project on cultivated parcels is among 耕地保护目标; line, supplement and classes have all of it."""
    target = [row | {"geometry": box(0, 0, 1000, 150)} for row in ROWS_BY_ROLE["GDBHMB"][:1]]
    county = write_county(tmp_path / "county.gpkg", changed={"GDBHMB": target})
    one = next(one for one in review(projects, county, profile).results if one.project.name == "farmland with approval")
    line, supplement = one.find_line("cultivated"), one.supplements[1]
    assert (line.name[0], line.role) == ("耕地", "DLTB")
    assert line.area_m2 == pytest.approx(10_000, rel=1e-3)
    assert line.area_m2 == supplement.statutory_m2 == sum(item.area_m2 for item in one.classes if item.is_cultivated)
    assert line.net_m2 == supplement.occupied_m2 == pytest.approx(9000, rel=1e-6)
    wanted = one.find_line("cultivated_target")
    assert (wanted.name[0], wanted.role) == ("耕地保护目标", "GDBHMB")
    assert wanted.area_m2 == pytest.approx(5000, rel=1e-3)


@pytest.mark.parametrize("parcel", [{"DLBM": ""}, {"geometry": box(0, 0, 1, 1)}])
def test_land_without_a_parcel_or_a_code_is_not_free_of_cultivated_land(parcel, projects, profile, tmp_path):
    rows = [row | parcel for row in ROWS_BY_ROLE["DLTB"]]
    county = write_county(tmp_path / "county.gpkg", changed={"DLTB": rows})
    one = next(one for one in review(projects, county, profile).results if one.project.name == "farmland with approval")
    line = one.find_line("cultivated")
    assert line.outcome == UNDETERMINED and line.leading_m2 is None
    assert "未能判定" in line.reason.render(Texts("zh")) and "cultivated" in [item.id for item in one.missing]
