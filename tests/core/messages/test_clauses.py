# SPDX-License-Identifier: GPL-2.0-or-later
"""Clauses of messages state what the rule knows about the place of a finding."""

import pytest

from plugin.core.examples.plans import make_example_plan
from plugin.core.messages.clauses import FACT_SUFFIX, make_clauses
from plugin.core.messages.placeholders import find_placeholders
from plugin.core.messages.texts import Texts
from plugin.core.model.findings import Finding
from plugin.core.model.rule import load_all_rules
from plugin.core.results.run import run_check
from plugin.core.standard import load_standard
from tests.parametrize import for_each

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
TEMPLATES = load_standard("county_db").templates


def format_finding(code, case="", lang="zh", params=None, **fields):
    """Return the message of a finding made by hand."""
    finding = Finding("YJJBNTBHTB", "1", code=code, case=case, params=params or {}, **fields)
    return Texts(lang).format_message(finding, TEMPLATES)


def find_message(code, layers, **more):
    """Return the message of the only finding of a rule on some layers."""
    plan = make_example_plan(layers, **more)
    (finding,) = [one for one in run_check(plan, [load_all_rules()[code]]).findings if one.code == code]
    return finding.message


@for_each(
    "net_area_m2, text",
    [(10_000.0, "重叠 1.00 公顷（净面积相同，"), (9_000.0, "（净面积 0.9000 公顷，"), (None, "（净面积未填写，")],
)
def test_overlap_message_calls_a_net_area_equal_to_the_area_the_same_and_prints_a_different_one(net_area_m2, text):
    message = format_finding("REL001", area_m2=10_000.0, net_area_m2=net_area_m2, width_m=20.0)
    assert text in message


@for_each(
    "code, label, has_remark",
    [("0201K", "“0201K 可调整果园”", True), ("0301", "“0301 乔木林地”", False)],
)
def test_farmland_message_explains_the_letter_k_of_restorable_land_codes_only(code, label, has_remark):
    message = find_message("LAW010", {"farmland": [{"wkt": SQUARE_WKT, "land_use": code}]})
    assert label in message and ("编码带 K" in message) is has_remark


@for_each(
    "kind_of_land, text",
    [("TT", "该图斑的耕地类型为“TT 梯田”；梯田同样列出，"), ("PD", "请先对照坡度图"), ("", "请先对照坡度图")],
)
def test_message_on_steep_farmland_states_the_kind_of_terrace(kind_of_land, text):
    row = {"wkt": SQUARE_WKT, "slope_class": "5", "terrace": kind_of_land}
    message = find_message("LAW012", {"farmland": [row]})
    assert f"净面积未填写），不宜保留为永久基本农田。{text}" in message


def test_message_on_an_isolated_patch_counts_its_parcels_if_there_are_several():
    params = {"count": 1, "limit": 2000.0}
    assert "该图斑孤立" in format_finding("LAW013", params=params, area_m2=900.0)
    assert "所在的一片（图斑 2 个）" in format_finding("LAW013", params={**params, "count": 2}, area_m2=900.0)
    invalid = {**params, "shown": {"has_invalid_shape": True}}
    assert "GEO002" in format_finding("LAW013", params=invalid, area_m2=900.0)
    assert "GEO002" not in format_finding("LAW013", params=params, area_m2=900.0)


@for_each("more, text", [("", "涉及 2 个图斑，即 1、2）"), (" …", "涉及 2 个图斑，面积较大的为 1、2 …）")])
def test_message_limits_its_list_to_the_largest_rows_only_if_there_are_more(more, text):
    params = {
        "count": 2,
        "more": more,
        "percent": 1.0,
        "fillers": [],
        "shown": {"row_names": [["1", None], ["2", None]]},
    }
    message = format_finding("LAW026", "left_out", params=params, area_m2=20_000.0, net_area_m2=20_000.0)
    assert text in message


@pytest.mark.parametrize(
    ("county_area", "text"),
    [(1_000_000.0, "的面积字段（MJ）为"), (None, "的图斑椭球面积为")],
)
def test_message_states_compared_areas_with_the_allowed_difference(county_area, text):
    county = {"wkt": "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))", "area": county_area}
    message = find_message("LAW021", {"county": [county], "zones": [{**county, "area": 900_000.0}]})
    assert text in message and "超过允许的 10\u202f000.00 m²" in message


def test_message_on_a_row_with_the_code_of_another_township_states_place_and_both_codes():
    towns = [
        {"wkt": SQUARE_WKT, "division_code": "140225100", "division_name": "甲镇"},
        {
            "wkt": "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))",
            "division_code": "140225101",
            "division_name": "乙乡",
        },
    ]
    row = {"wkt": "POLYGON ((20 0, 102 0, 102 100, 20 100, 20 0))", "location_code": "1402251010000000000"}
    plan = make_example_plan({"townships": towns, "farmland": [row]})
    (finding,) = run_check(plan, [load_all_rules()["LAW004"]]).findings
    assert (finding.case, finding.geom_kind, finding.township) == ("misplaced", "area", "甲镇")
    assert "乙乡（140225101），图形在该乡镇内的部分不超过 2.44%，主要位于甲镇（140225100）" in finding.message


def test_advice_on_contradicting_documents_states_which_texts_of_the_county_use_their_figures_or_none():
    params = {
        "area": "某省",
        "year": "2025",
        "source": "甲",
        "value": "2",
        "other": "乙",
        "said": "3",
        "unit": "%",
        "figure": "率",
    }

    def advise(shown):
        return format_finding("LAW006", "stated", params={**params, **shown})

    assert "采用的，先核对" in advise({})
    assert "本县的目标未采用" in advise({"shown": {"used": []}})
    assert "和“文本和附表的数”均未采用" in advise({"shown": {"used": [], "has_printed_figures": True}})
    assert "本县采用了其中的数（文本第3条）" in advise({"shown": {"used": ["文本第3条"]}})
    assert "一般以后批准的、上级的为准" in advise({"shown": {"used": "own"}})


def test_message_on_a_site_count_states_the_counted_and_the_missing_layers():
    register = {"register": [("历史建筑", "历史建筑", "", 2)]}
    line = {"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围", "feature_kind": "61"}
    message = find_message("LAW023", {"LSWHBHX": [line]}, settings=register)
    assert "历史文化保护线中类型（LX）为“70 历史建筑”或其细分代码的要素" in message
    assert "历史建筑（面）图层（数据中没有该图层）、历史建筑（点）图层（数据中没有该图层）" in message
    message = find_message("LAW023", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, settings=register)
    assert "统计范围为历史建筑（点）图层的全部要素；" in message and "没有该图层" not in message


ZONE_ROW = {"wkt": SQUARE_WKT, "zone_code": "300"}


def test_message_on_contradicting_zones_names_both_codes_and_the_boundary_finding_to_correct_first():
    layers = {
        "YDYHGHFQ": [{"wkt": SQUARE_WKT, "zone_code": "410"}],
        "ZXCQGHFQ": [ZONE_ROW],
        "boundary": ["POLYGON ((3000 0, 3100 0, 3100 100, 3000 100, 3000 0))"],
        "red_line": ["POLYGON ((6000 0, 6100 0, 6100 100, 6000 100, 6000 0))"],
    }
    plan = make_example_plan(layers)
    report = run_check(plan, [load_all_rules()[code] for code in ("REL004", "REL005", "REL011")])
    (message,) = [one.message for one in report.findings if (one.code, one.case) == ("REL011", "code")]
    assert "为“410 城镇集中建设区”" in message and "为“300 农田保护区”" in message
    assert "此处有城镇发展区与城镇开发边界不一致（REL005，…000001），请先处理并重新检查。" in message
    assert "批准的用地用海规划分区图和中心城区规划分区图" in message


@for_each(
    "core_zones, text, advice",
    [
        (
            {"role": "", "known": False},
            "数据中没有自然保护地图层，其中可能有位于核心保护区内的",
            "“图层角色”中指定该图层",
        ),
        ({"role": "ZRBHD", "known": False}, "自然保护地中未识别出核心保护区，其中可能有", "要素的名称中写明"),
        ({"role": "ZRBHD", "known": True}, "自然保护地中的核心保护区不计在内", ""),
        (None, "不含数据所列的核心保护区", ""),
    ],
)
def test_message_on_the_red_line_states_which_layer_has_the_core_zones(core_zones, text, advice):
    shown = {"row_names": [["1", None]], "line_rows": {"names": [["7", None], ["8", None]], "count": 3}}
    shown |= {"core_zones": core_zones} if core_zones is not None else {}
    message = format_finding("REL042", "red_line", params={"group": "耕地", "count": 1, "shown": shown}, area_m2=1.0)
    assert "（7、8 等 3 个）内有耕地" in message and text in message
    assert advice in message and ("按以下办法处理" in message) is bool(advice)


@for_each(
    "kind, has, lacks",
    [
        ("use", "改变此处的用途或调整到别处", "隧道"),
        ("polygon", "调整范围，避开此处", "隧道"),
        ("line", "以隧道穿越或线位只作示意", "另行选址"),
        ("point", "点位只作示意", "隧道"),
    ],
)
def test_remedy_for_a_facility_is_to_move_a_polygon_tunnel_a_line_or_mark_a_point_as_schematic(kind, has, lacks):
    sites = {"rows": [["1", None, "甲街区"], ["4", None, "乙塔"]], "count": 2}
    params = {"name": "工业用地", "value": 4.8, "unit": "ha", "site": "甲街区、乙塔"}
    message = format_finding("REL043", "place", params={**params, "shown": {"sites": sites, "kind": kind}})
    assert "（1“甲街区”、4“乙塔”）内" in message and has in message and lacks not in message


@for_each(
    "area_m2, width_m, text",
    [
        (0.36, 0.3, "此处宽度不小于容差，故列出"),
        (0.9, 0.05, "此处面积不小于容差，故列出"),
        (2.0, 0.3, "此处均不小于容差，故列出"),
        (0.4999, 0.0999, "容差为 0.50 m²、0.10 m）"),
    ],
)
def test_message_on_a_narrow_overlap_states_which_tolerance_it_exceeds(area_m2, width_m, text):
    shown = {"limit_area_m2": 0.5, "limit_width_m": 0.1, "overlaps": []}
    message = format_finding("REL010", "information", params={"shown": shown}, area_m2=area_m2, width_m=width_m)
    assert text in message and "边线有偏差的，恢复为批准的边线" in message


@for_each(
    "case, width_m, text",
    [
        ("farmland", 0.44, "将该建设用地的边线退至永久基本农田的边线，捕捉到一起，不需要补划"),
        ("farmland", 4.4, "将该建设用地调整到别处"),
        ("red_line", 0.44, "将该建设用地的边线退至红线的边线，捕捉到一起"),
        ("red_line", 4.4, "将该建设用地调整到别处"),
    ],
)
def test_message_on_planned_building_in_a_control_line_moves_a_narrow_edge_and_else_the_building(case, width_m, text):
    message = format_finding("REL038", case, params={"value": "120700"}, area_m2=2.04, width_m=width_m)
    assert text in message and ("调整到别处" in message) is (width_m > 1)


def test_message_on_copied_values_states_the_compared_area_unless_an_old_report_lacks_it():
    params = {"count": 1, "percent": 5.58, "value": "0701", "expected": "0103", "more": ""}
    shown = {"row_names": [["1", None]]}
    stored = format_finding("ATT023", "centre", params={**params, "shown": shown}, area_m2=1.0)
    assert "占参与比对的要素面积的 5.58%（" in stored
    message = format_finding("ATT023", "centre", params={**params, "shown": {**shown, "compared_m2": 2e5}}, area_m2=1.0)
    assert "占参与比对的要素面积 20.00 公顷的 5.58%（" in message


def test_message_on_copied_values_names_features_beyond_the_twenty_listed_in_the_finding():
    squares = [f"POLYGON (({n}00 0, {n}90 0, {n}90 90, {n}00 90, {n}00 0))" for n in range(10, 39)]
    copies, parcels = ([{"wkt": wkt, "land_use": "0103", "GDLX": kind} for wkt in squares] for kind in ("PD", "TT"))
    plan = make_example_plan({"farmland": copies, "parcels": parcels})
    (finding,) = run_check(plan, [load_all_rules()["ATT023"]]).findings
    assert (finding.params["count"], len(finding.params["fids"]), finding.params["more"]) == (29, 20, " …")
    assert "000029）" in finding.message and "其余" not in finding.message and "…）" not in finding.message


@for_each(
    "percent, text", [(0.0, "均不是绿地，"), (12.857, "只有 12.86% 为绿地，"), (49.9999, "只有 49.9999% 为绿地，")]
)
def test_share_of_land_of_zero_is_printed_in_words_and_one_just_below_its_limit_with_more_decimals(percent, text):
    params = {"percent": percent, "limit": 50.0, "expected": "绿地", "value": "100100"}
    assert text in format_finding("REL039", "line", params=params)


@for_each(
    "code, is_verified, text",
    [
        ("SCH006", True, "有标准依据"), ("SCH006", False, "未核对标准原文"), ("SCH006", None, "可不处理"),
        ("SCH007", True, "有标准依据"), ("SCH007", False, "未核对标准原文"), ("SCH007", None, "可不处理"),
    ],
)  # fmt: skip
def test_message_on_missing_aliases_or_domains_requires_them_only_if_their_source_is_verified(code, is_verified, text):
    shown = {} if is_verified is None else {"shown": {"is_verified": is_verified}}
    message = format_finding(code, "none", params={"count": 7, "list": "terrace", **shown})
    assert text in message and ("可不处理" in message) is (is_verified is not True)


@for_each(
    "origin, text",
    [("default", "是插件的默认值（"), ("profile", "是县配置的设定（"), (None, "是插件的默认值或县配置的设定（")],
)
def test_message_on_scattered_plots_states_whether_the_limit_is_a_default_or_from_the_profile(origin, text):
    shown = {} if origin is None else {"shown": {"limit_origin": origin}}
    params = {"kind": "large", "limit": 100_000.0, **shown}
    assert text in format_finding("REL006", "large", params=params, area_m2=818_700.0)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_clause_on_a_fact_that_an_old_report_lacks_is_rendered_without_an_open_placeholder(lang):
    texts, count = Texts(lang), 0
    for rule in load_all_rules().values():
        for case in rule.messages:
            wanted = find_placeholders(texts.get_message_template(rule, case))
            for name in filter(lambda one: one.endswith(FACT_SUFFIX), wanted):
                clauses = make_clauses(Finding("STBHHX", code=rule.code, case=case), texts, {}, wanted)
                assert "{" not in clauses[name], (rule.code, case)
                count += 1
    assert count > 10


def test_message_states_a_recorded_target_with_comparison_and_unit_and_omits_one_not_recorded():
    noted = {"task_fact": {"comparison": "≥", "amount": "73.39", "unit": "wan_mu"}}
    params = {
        "count": 1,
        "fids": [1],
        "more": "",
        "remaining": 74.5,
        "unit": "wan_mu",
        "shown": {"row_names": [["1", 1]]},
    }
    message = format_finding("LAW026", "inside", params=params, area_m2=1e4)
    assert "扣除后为 74.5 万亩。" in message
    params["shown"]["noted"] = noted
    message = format_finding("LAW026", "inside", params=params, area_m2=1e4)
    assert "扣除后为 74.5 万亩（任务 ≥ 73.39 万亩）。" in message


def test_vertex_distance_of_zero_is_printed_as_less_than_a_tenth_of_a_millimetre():
    for distance, text in ((0.0, "间距不足 0.0001 m"), (0.0076, "（最大间距 0.0076 m）")):
        assert text in format_finding("TOP005", "", params={"count": 1, "distance": distance})


def test_message_on_copied_values_lists_pairs_of_land_use_classes_the_most_frequent_first():
    params = {"count": 9, "percent": 5.58, "value": "0701", "expected": "0103", "more": ""}
    pairs = [["070100 城镇住宅用地", "0103 旱地", 8], ["0301 乔木林地", "0103 旱地", 1]]
    shown = {"row_names": [["1", None]], "compared_m2": 2e5, "class_pairs": pairs}
    message = format_finding("ATT023", "centre", params={**params, "shown": shown}, area_m2=1.0)
    assert "：“070100 城镇住宅用地”与“0103 旱地”8 个、“0301 乔木林地”与“0103 旱地”1 个。" in message


def test_message_on_contradicting_heritage_registers_names_each_area_and_count_of_a_site():
    params = {
        "county": "浑源县",
        "site": "甲街区",
        "value": "3.2/—/— ha",
        "target": "2",
        "source": "文本",
        "parent": "上级",
    }
    params |= {"above_source": "规划"}
    assert "所用县配置写为3.2/—/— ha（" in format_finding("LAW005", "register", params=params)
    shown = {"value_of_site": {"areas": {"core_area": "3.2"}, "unit": "ha"}, "target_of_site": {"count": 2}}
    message = format_finding("LAW005", "register", params={**params, "shown": shown})
    assert "写为核心保护范围 3.2 公顷（" in message and "的 2 处（" in message


def test_message_on_contradicting_forms_of_the_expansion_ratio_writes_out_their_formulas():
    params = {"county": "浑源县", "parent": "大同市", "setting": "ratio.form", "value": "n3", "target": "n1"}
    message = format_finding("LAW005", "measure", params=params)
    assert "为 N3：基期城镇建设用地与新增用地面积之和 ÷ 基期城镇建设用地面积，上级大同市为 N1：" in message


def test_message_on_a_small_margin_states_the_warning_margin_its_share_and_that_the_profile_set_it():
    params = {
        "indicator": "red_line_area",
        "value": 1.0,
        "unit": "km2",
        "comparison": "≥",
        "target": "0.98",
        "left": 0.02,
    }
    assert "少于设定的预警余量。" in format_finding("LAW008", "", params=params)
    shown = {"margin": {"amount": "0.0490", "unit": "km2", "share": 0.05, "origin": "share"}}
    message = format_finding("LAW008", "", params={**params, "shown": shown})
    assert "少于预警余量 0.0490 km²（目标的 5.00%，县配置的设定）。" in message
