# SPDX-License-Identifier: GPL-2.0-or-later
"""Clauses of messages state what the rule knows about the place of a finding."""

import pytest

from plugin.core.base.placeholders import find_placeholders
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.model.findings import Finding
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from plugin.core.standard.messages.clauses import FACT_SUFFIX, make_clauses
from plugin.core.standard.messages.finding_message import format_message
from plugin.core.standard.messages.texts import Texts
from tests.parametrize import for_each

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
TEMPLATES = load_standard("county_db").templates


def format_finding(code, case="", lang="zh", params=None, **fields):
    """Return the message of a finding made by hand."""
    finding = Finding("YJJBNTBHTB", "1", code=code, case=case, params=params or {}, **fields)
    return format_message(Texts(lang), finding, TEMPLATES)


def find_message(code, layers, **more):
    """Return the message of the only finding of a rule on some layers."""
    plan = make_example_plan(layers, **more)
    (finding,) = [one for one in run_check(plan, [load_all_rules()[code]]).findings if one.code == code]
    return finding.message


PATCH = {"count": 1, "limit": 2000.0}
ONE_ROW = {"row_names": [["1", None]]}
LEFT_OUT = {"count": 2, "percent": 1.0, "fillers": [], "shown": {"row_names": [["1", None], ["2", None]]}}
STATED = {
    "area": "某省",
    "year": "2025",
    "source": "甲",
    "value": "2",
    "other": "乙",
    "said": "3",
    "unit": "%",
    "figure": "率",
}
LINE_ROWS = {**ONE_ROW, "line_rows": {"names": [["7", None], ["8", None]], "count": 3}}
SITES = {"rows": [["1", None, "甲街区"], ["4", None, "乙塔"]], "count": 2}
FACILITY = {"name": "工业用地", "value": 4.8, "unit": "ha", "site": "甲街区、乙塔"}
SITES_TEXT = "（1“甲街区”、4“乙塔”）内"
TOLERANCES = {"limit_area_m2": 0.5, "limit_width_m": 0.1, "overlaps": []}
RESTORED = "边线有偏差的，恢复为批准的边线"
COPIED = {"count": 9, "percent": 5.58, "value": "0701", "expected": "0103", "more": ""}
PAIRS = [["070100 城镇住宅用地", "0103 旱地", 8], ["0301 乔木林地", "0103 旱地", 1]]
INSIDE = {"count": 1, "fids": [1], "more": "", "remaining": 74.5, "unit": "wan_mu"}
TARGET_FACT = {"comparison": "≥", "amount": "73.39", "unit": "wan_mu"}
REGISTER = {
    "county": "浑源县",
    "site": "甲街区",
    "value": "3.2/—/— ha",
    "target": "2",
    "source": "文本",
    "parent": "上级",
    "above_source": "规划",
}
SITE_VALUES = {"value_of_site": {"areas": {"core_area": "3.2"}, "unit": "ha"}, "target_of_site": {"count": 2}}
FORMS = {"county": "浑源县", "parent": "大同市", "setting": "ratio.form", "value": "n3", "target": "n1"}
SMALL_MARGIN = {
    "indicator": "red_line_area",
    "value": 1.0,
    "unit": "km2",
    "comparison": "≥",
    "target": "0.98",
    "left": 0.02,
}
MARGIN = {"amount": "0.0490", "unit": "km2", "share": 0.05, "origin": "share"}


def with_shown(params, **shown):
    """Return parameters with facts of the place; without facts as of an old report."""
    return {**params, "shown": {**params.get("shown", {}), **shown}}


def give_core_zones(**zones):
    return {"params": with_shown({"group": "耕地", "count": 1, "shown": LINE_ROWS}, **zones), "area_m2": 1.0}


#: What the message states → rule, case, values of the finding, texts of the message, texts that it lacks.
MESSAGE_CASES = {
    "equal net area": ("REL001", "", {"area_m2": 1e4, "net_area_m2": 1e4, "width_m": 20.0}, ["重叠 1.00 公顷（净面积相同，"], []),
    "another net area": ("REL001", "", {"area_m2": 1e4, "net_area_m2": 9e3, "width_m": 20.0}, ["（净面积 0.9000 公顷，"], []),
    "no net area": ("REL001", "", {"area_m2": 1e4, "net_area_m2": None, "width_m": 20.0}, ["（净面积未填写，"], []),
    "isolated patch of one parcel": ("LAW013", "", {"params": PATCH, "area_m2": 900.0}, ["该图斑孤立"], ["GEO002"]),
    "isolated patch of several": ("LAW013", "", {"params": {**PATCH, "count": 2}, "area_m2": 900.0}, ["所在的一片（图斑 2 个）"], []),
    "patch of an invalid shape": ("LAW013", "", {"params": with_shown(PATCH, has_invalid_shape=True), "area_m2": 900.0}, ["GEO002"], []),
    "list of all rows": ("LAW026", "left_out", {"params": {**LEFT_OUT, "more": ""}, "area_m2": 2e4, "net_area_m2": 2e4}, ["涉及 2 个图斑，即 1、2）"], []),
    "list of the largest rows": (
        "LAW026", "left_out", {"params": {**LEFT_OUT, "more": " …"}, "area_m2": 2e4, "net_area_m2": 2e4}, ["涉及 2 个图斑，面积较大的为 1、2 …）"], [],
    ),
    "documents, use of figures not known": ("LAW006", "stated", {"params": STATED}, ["采用的，先核对"], []),
    "documents, figures not used": ("LAW006", "stated", {"params": with_shown(STATED, used=[])}, ["本县的目标未采用"], []),
    "documents, printed figures": (
        "LAW006", "stated", {"params": with_shown(STATED, used=[], has_printed_figures=True)}, ["和“文本和附表的数”均未采用"], [],
    ),
    "documents, figures used": ("LAW006", "stated", {"params": with_shown(STATED, used=["文本第3条"])}, ["本县采用了其中的数（文本第3条）"], []),
    "documents of the county": ("LAW006", "stated", {"params": with_shown(STATED, used="own")}, ["一般以后批准的、上级的为准"], []),
    "red line, no layer of core zones": (
        "REL042", "red_line", give_core_zones(core_zones={"role": "", "known": False}),
        ["（7、8 等 3 个）内有耕地", "数据中没有自然保护地图层，其中可能有位于核心保护区内的", "“图层角色”中指定该图层", "按以下办法处理"], [],
    ),
    "red line, unknown core zones": (
        "REL042", "red_line", give_core_zones(core_zones={"role": "ZRBHD", "known": False}),
        ["（7、8 等 3 个）内有耕地", "自然保护地中未识别出核心保护区，其中可能有", "要素的名称中写明", "按以下办法处理"], [],
    ),
    "red line, known core zones": (
        "REL042", "red_line", give_core_zones(core_zones={"role": "ZRBHD", "known": True}),
        ["（7、8 等 3 个）内有耕地", "自然保护地中的核心保护区不计在内"], ["按以下办法处理"],
    ),
    "red line of an old report": (
        "REL042", "red_line", give_core_zones(), ["（7、8 等 3 个）内有耕地", "不含数据所列的核心保护区"], ["按以下办法处理"],
    ),
    "facility of a land use": (
        "REL043", "place", {"params": with_shown(FACILITY, sites=SITES, kind="use")}, [SITES_TEXT, "改变此处的用途或调整到别处"], ["隧道"],
    ),
    "polygon of a facility": ("REL043", "place", {"params": with_shown(FACILITY, sites=SITES, kind="polygon")}, [SITES_TEXT, "调整范围，避开此处"], ["隧道"]),
    "line of a facility": (
        "REL043", "place", {"params": with_shown(FACILITY, sites=SITES, kind="line")}, [SITES_TEXT, "以隧道穿越或线位只作示意"], ["另行选址"],
    ),
    "point of a facility": ("REL043", "place", {"params": with_shown(FACILITY, sites=SITES, kind="point")}, [SITES_TEXT, "点位只作示意"], ["隧道"]),
    "overlap as wide as the tolerance": (
        "REL010", "information", {"params": with_shown({}, **TOLERANCES), "area_m2": 0.36, "width_m": 0.3}, ["此处宽度不小于容差，故列出", RESTORED], [],
    ),
    "overlap as large as the tolerance": (
        "REL010", "information", {"params": with_shown({}, **TOLERANCES), "area_m2": 0.9, "width_m": 0.05}, ["此处面积不小于容差，故列出", RESTORED], [],
    ),
    "overlap as wide and large": (
        "REL010", "information", {"params": with_shown({}, **TOLERANCES), "area_m2": 2.0, "width_m": 0.3}, ["此处均不小于容差，故列出", RESTORED], [],
    ),
    "overlap just below the tolerance": (
        "REL010", "information", {"params": with_shown({}, **TOLERANCES), "area_m2": 0.4999, "width_m": 0.0999}, ["容差为 0.50 m²、0.10 m）", RESTORED], [],
    ),
    "building at the edge of farmland": (
        "REL038", "farmland", {"params": {"value": "120700"}, "area_m2": 2.04, "width_m": 0.44},
        ["将该建设用地的边线退至永久基本农田的边线，捕捉到一起，不需要补划"], ["调整到别处"],
    ),
    "building in farmland": ("REL038", "farmland", {"params": {"value": "120700"}, "area_m2": 2.04, "width_m": 4.4}, ["将该建设用地调整到别处"], []),
    "building at the edge of a red line": (
        "REL038", "red_line", {"params": {"value": "120700"}, "area_m2": 2.04, "width_m": 0.44}, ["将该建设用地的边线退至红线的边线，捕捉到一起"], ["调整到别处"],
    ),
    "building in a red line": ("REL038", "red_line", {"params": {"value": "120700"}, "area_m2": 2.04, "width_m": 4.4}, ["将该建设用地调整到别处"], []),
    "copied values of an old report": (
        "ATT023", "centre", {"params": with_shown(COPIED, **ONE_ROW), "area_m2": 1.0}, ["占参与比对的要素面积的 5.58%（"], [],
    ),
    "copied values with the compared area": (
        "ATT023", "centre", {"params": with_shown(COPIED, **ONE_ROW, compared_m2=2e5), "area_m2": 1.0}, ["占参与比对的要素面积 20.00 公顷的 5.58%（"], [],
    ),
    "pairs of land use, the most frequent first": (
        "ATT023", "centre", {"params": with_shown(COPIED, **ONE_ROW, compared_m2=2e5, class_pairs=PAIRS), "area_m2": 1.0},
        ["：“070100 城镇住宅用地”与“0103 旱地”8 个、“0301 乔木林地”与“0103 旱地”1 个。"], [],
    ),
    "share of zero": ("REL039", "line", {"params": {"percent": 0.0, "limit": 50.0, "expected": "绿地", "value": "100100"}}, ["均不是绿地，"], []),
    "share below its limit": (
        "REL039", "line", {"params": {"percent": 12.857, "limit": 50.0, "expected": "绿地", "value": "100100"}}, ["只有 12.86% 为绿地，"], [],
    ),
    "share just below its limit": (
        "REL039", "line", {"params": {"percent": 49.9999, "limit": 50.0, "expected": "绿地", "value": "100100"}}, ["只有 49.9999% 为绿地，"], [],
    ),
    **{
        f"{code} with a source {is_verified}": (
            code, "none", {"params": {"count": 7, "list": "terrace"} | ({} if is_verified is None else {"shown": {"is_verified": is_verified}})}, texts, absent,
        )
        for code in ("SCH006", "SCH007")
        for is_verified, texts, absent in ((True, ["有标准依据"], ["可不处理"]), (False, ["未核对标准原文", "可不处理"], []), (None, ["可不处理"], []))
    },
    **{
        f"limit of scattered plots, {origin}": (
            "REL006", "large", {"params": {"kind": "large", "limit": 1e5} | ({"shown": {"limit_origin": origin}} if origin else {}), "area_m2": 818_700.0}, [text], [],
        )
        for origin, text in (("default", "是插件的默认值（"), ("profile", "是县配置的设定（"), ("", "是插件的默认值或县配置的设定（"))
    },
    "target not recorded": ("LAW026", "inside", {"params": with_shown(INSIDE, row_names=[["1", 1]]), "area_m2": 1e4}, ["扣除后为 74.5 万亩。"], []),
    "recorded target": (
        "LAW026", "inside", {"params": with_shown(INSIDE, row_names=[["1", 1]], noted={"task_fact": TARGET_FACT}), "area_m2": 1e4},
        ["扣除后为 74.5 万亩（任务 ≥ 73.39 万亩）。"], [],
    ),
    "vertex distance of zero": ("TOP005", "", {"params": {"count": 1, "distance": 0.0}}, ["间距不足 0.0001 m"], []),
    "vertex distance": ("TOP005", "", {"params": {"count": 1, "distance": 0.0076}}, ["（最大间距 0.0076 m）"], []),
    "heritage registers of an old report": ("LAW005", "register", {"params": REGISTER}, ["所用县配置写为3.2/—/— ha（"], []),
    "heritage registers": ("LAW005", "register", {"params": with_shown(REGISTER, **SITE_VALUES)}, ["写为核心保护范围 3.2 公顷（", "的 2 处（"], []),
    "formulas of the expansion ratio": (
        "LAW005", "measure", {"params": FORMS}, ["为 N3：基期城镇建设用地与新增用地面积之和 ÷ 基期城镇建设用地面积，上级大同市为 N1："], [],
    ),
    "small margin of an old report": ("LAW008", "", {"params": SMALL_MARGIN}, ["少于设定的预警余量。"], []),
    "small margin of the profile": (
        "LAW008", "", {"params": with_shown(SMALL_MARGIN, margin=MARGIN)}, ["少于预警余量 0.0490 km²（目标的 5.00%，县配置的设定）。"], [],
    ),
}  # fmt: skip


@for_each("code, case, values, texts, absent", MESSAGE_CASES.values(), ids=MESSAGE_CASES)
def test_message_states_what_is_known_about_its_place_and_no_more(code, case, values, texts, absent):
    message = format_finding(code, case, **values)
    assert all(text in message for text in texts) and not any(text in message for text in absent), message


COUNTY = {"wkt": "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"}
SITES_OF_COUNTY = {"settings": {"register": [("历史建筑", "历史建筑", "", 2)]}}
#: What the message states → rule, layers, other inputs, texts of the message, texts that it lacks.
MESSAGES_OF_LAYERS = {
    "letter K of restorable land": (
        "LAW010", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0201K"}]}, {}, ["“0201K 可调整果园”", "编码带 K"], [],
    ),
    "other land": ("LAW010", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0301"}]}, {}, ["“0301 乔木林地”"], ["编码带 K"]),
    **{
        f"kind of terrace {kind}": (
            "LAW012", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "5", "terrace": kind}]}, {}, [f"净面积未填写），不宜保留为永久基本农田。{text}"], [],
        )
        for kind, text in (("TT", "该图斑的耕地类型为“TT 梯田”；梯田同样列出，"), ("PD", "请先对照坡度图"), ("", "请先对照坡度图"))
    },
    **{
        f"compared areas, county of {area}": (
            "LAW021", {"county": [{**COUNTY, "area": area}], "zones": [{**COUNTY, "area": 900_000.0}]}, {}, [text, "超过允许的 10\u202f000.00 m²"], [],
        )
        for area, text in ((1_000_000.0, "的面积字段（MJ）为"), (None, "的图斑椭球面积为"))
    },
    "sites of a line, layers missing": (
        "LAW023", {"LSWHBHX": [{"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围", "feature_kind": "61"}]}, SITES_OF_COUNTY,
        [
            "历史文化保护线中类型（LX）为“70 历史建筑”或其细分代码的要素",
            "历史建筑（面）图层（数据中没有该图层）、历史建筑（点）图层（数据中没有该图层）",
        ],
        [],
    ),
    "sites of a layer of points": (
        "LAW023", {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, SITES_OF_COUNTY, ["统计范围为历史建筑（点）图层的全部要素；"], ["没有该图层"],
    ),
}  # fmt: skip


@for_each("code, layers, more, texts, absent", MESSAGES_OF_LAYERS.values(), ids=MESSAGES_OF_LAYERS)
def test_message_of_a_check_states_codes_terraces_compared_areas_and_counted_layers(code, layers, more, texts, absent):
    message = find_message(code, layers, **more)
    assert all(text in message for text in texts) and not any(text in message for text in absent), message


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


def test_message_on_copied_values_names_features_beyond_the_twenty_listed_in_the_finding():
    squares = [f"POLYGON (({n}00 0, {n}90 0, {n}90 90, {n}00 90, {n}00 0))" for n in range(10, 39)]
    copies, parcels = ([{"wkt": wkt, "land_use": "0103", "GDLX": kind} for wkt in squares] for kind in ("PD", "TT"))
    plan = make_example_plan({"farmland": copies, "parcels": parcels})
    (finding,) = run_check(plan, [load_all_rules()["ATT023"]]).findings
    assert (finding.params["count"], len(finding.params["fids"]), finding.params["more"]) == (29, 20, " …")
    assert "000029）" in finding.message and "其余" not in finding.message and "…）" not in finding.message


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
