# SPDX-License-Identifier: GPL-2.0-or-later
"""A report made by hand, for tests of pages and pictures without a check."""

from __future__ import annotations

import shapely

from plugin.core.model.findings import Finding
from plugin.core.model.indicator import MISSED_BY_ROUNDING, TARGET_MET, TARGET_MISSED, Indicator
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity

ORIGIN = (38_560_000.0, 4_390_000.0)
TOWNSHIPS = ("永安镇", "蔡村镇", "西坊城镇", "王庄堡镇", "沙圪坨镇", "青磁窑镇", "千佛岭乡", "官儿乡")
#: code, title, severity, findings, mean area (None: no area)
FINDINGS_BY_RULE = (
    ("REL002", "永久基本农田压占城镇开发边界", Severity.ERROR, 7, 5970.0),
    ("REL001", "永久基本农田与生态保护红线重叠", Severity.ERROR, 3, 5400.0),
    ("TOP002", "规划分区有空隙", Severity.ERROR, 2, 1756.2),
    ("TOP001", "图层内部重叠", Severity.ERROR, 4, 225.915),
    ("ATT001", "标识码（BSM）重复", Severity.ERROR, 6, None),
    ("LAW010", "永久基本农田图斑不是耕地", Severity.WARNING, 9, 3391.8667),
    ("REL004", "生态保护区与生态保护红线不一致", Severity.WARNING, 5, 1483.65),
)
RULES_WITHOUT_FINDINGS = (
    ("SCH001", "图层不全", Outcome.PASSED, ""),
    ("SCH002", "缺字段", Outcome.PASSED, ""),
    ("GEO001", "空几何", Outcome.PASSED, ""),
    ("GEO002", "几何无效", Outcome.PASSED, ""),
    (
        "ATT003",
        "净面积",
        Outcome.SKIPPED,
        "图层“DLTB”（DLTB）缺字段 KCXS, TBDLMJ。请补字段，或在“图层角色”里换一个图层。",
    ),
    ("REL006", "农田保护区外的永久基本农田", Outcome.NOT_APPLICABLE, "数据里没有规划分区图层（YDYHGHFQ / GHFQ）。"),
    ("LAW001", "扩展倍数", Outcome.PASSED, ""),
    ("LAW002", "面积目标", Outcome.PASSED, ""),
)


def make_report_square(x: float, y: float, area: float) -> shapely.Polygon:
    side = area**0.5
    return shapely.box(ORIGIN[0] + x, ORIGIN[1] + y, ORIGIN[0] + x + side, ORIGIN[1] + y + side)


def make_report_finding(code: str, severity: Severity, n: int, area: float | None, **more: object) -> Finding:
    shape = None if area is None else make_report_square(613.0 * n % 9000, 977.0 * n % 9000, area)
    size = None if area is None else area * (1.5 - n / 50) if n < 40 else area
    values: dict = {
        "role": "YJJBNTBHTB",
        "key": f"1402250000{n:08d}",
        "related_role": "CZKFBJ",
        "related_keys": ["140225000000000003"],
        "area_m2": size,
        "net_area_m2": None if size is None or code != "REL002" else size * 0.93,
        "width_m": None if size is None else size**0.5 / 2,
        "geometry": shape,
        "severity": severity,
        "code": code,
        "message": f"城镇开发边界（…000003）压占永久基本农田（…{n:06d}）。请退到图斑边线，或登记豁免。",
        "township": TOWNSHIPS[n % len(TOWNSHIPS)] if area is not None else "",
        "fingerprint": f"{code}-{n}",
    }
    return Finding(**{**values, **more})


def make_ratio_indicator(form: str, value: float, target: float | None = None, **more: object) -> Indicator:
    inputs = {
        "numerator_m2": 16_450_900.0,
        "denominator_m2": 13_186_200.0,
        "denominator_layer": "DLTB",
        "classes": ["201", "201A", "202", "202A"],
        "base_year": 2020,
        "base_year_source": "SJNF",
        "concentrated_m2": 14_986_900.0,
        "flexible_m2": 500_000.0,
        "special_m2": 964_000.0,
        "new_land_m2": 2_819_000.0,
        "windows": 3,
        "uncoded_m2": 0.0,
    }
    state = {} if target is None else {"state": TARGET_MET if value <= target else TARGET_MISSED}
    values: dict = {
        "comparison": "<=" if target else "",
        "target": target,
        "target_decimals": 2,
        "target_source": "浑源县" if target else "",
        "inputs": inputs,
        "confirmed": False,
        "name": f"扩展倍数 {form.upper()}",
        **state,
    }
    return Indicator(f"expansion_ratio_{form}", value, "ratio", "statutory/survey", **{**values, **more})


def make_report_indicators() -> list[Indicator]:
    source = "浑源县国土空间总体规划（2021—2035年）"

    def area(name: str, label: str, value: float, unit: str, sign: str, target: float, state: str, **inputs: object):
        basis = "net" if unit == "wan_mu" else "statutory"
        return Indicator(name, value, unit, basis, sign, target, 2, source, dict(inputs), state, True, label)

    farmland = {"layer": "YJJBNTBHTB", "field": "YJJBNTMJ", "features": 18426, "difference_m2": -1_234.5}
    return [
        area(
            "cultivated_area",
            "耕地保有量",
            73.3864,
            "wan_mu",
            ">=",
            73.39,
            MISSED_BY_ROUNDING,
            layer="GDBHMB",
            field="GDMJ",
        ),
        area("farmland_area", "永久基本农田保护面积", 63.4062, "wan_mu", ">=", 63.25, TARGET_MET, **farmland),
        area("red_line_area", "生态保护红线面积", 539.02, "km2", ">=", 538.87, TARGET_MET, layer="STBHHX"),
        area("boundary_area", "城镇开发边界面积", 16.4691, "km2", "<=", 16.46, TARGET_MISSED, layer="CZKFBJ"),
        make_ratio_indicator("n1", 1.24758, 1.25),
        make_ratio_indicator("n2", 1.1745),
        make_ratio_indicator("n3", 1.2138),
    ]


def make_provenance(**more: object) -> dict:
    def layer(role: str, title: str, features: int, **other: object) -> dict:
        values = {
            "role": role, "concept": role.lower(), "name": role, "title": title, "template": f"county_db/{role}",
            "fields_mark": "B", "chosen_by": "name", "features": features, "invalid": 0, "empty": 0,
            "crs": "EPSG:4526", "encoding": "UTF-8", "unsaved": 0, "repaired_area_m2": 0.0,
        }  # fmt: skip
        return {**values, **other}

    values = {
        "source": "浑源县三区三线.gpkg",
        "area_code": "140225",
        "area_name": "浑源县",
        "layers": [
            layer("YJJBNTBHTB", "永久基本农田保护图斑", 18426),
            layer("STBHHX", "生态保护红线", 214),
            layer("CZKFBJ", "城镇开发边界", 37, unsaved=1),
            layer(
                "DLTB", "地类图斑", 148207, name="地类图斑2020", chosen_by="chosen", invalid=2, repaired_area_m2=0.12
            ),
        ],
        "notices": ["图层“DLTB”没有 .cpg 文件，按内容判断编码为 GB18030。"],
        "scope": "three_lines",
        "crs": "EPSG:4526",
        "standard": {"id": "county_db", "edition": "2021", "name": "县级国土空间总体规划数据库规范（试行）"},
        "profile": {"id": "hunyuan", "name": "浑源县", "confirmed": {}},
        "settings": {},
        "versions": {"sanxian": "0.1.0", "python": "3.11.2", "geos": "3.11.1", "proj": "9.1.1", "qgis": "3.40.6"},
        "started": "2026-11-20T14:32:07+08:00",
        "seconds": 21.4,
    }
    return {**values, **more}


def make_report(lang: str = "zh") -> Report:
    rules = [RuleOutcome(c, c.lower(), str(s), Outcome.FAILED, k, 0.8, "", t) for c, t, s, k, _ in FINDINGS_BY_RULE]
    rules += [RuleOutcome(c, c.lower(), "ERROR", o, 0, 0.01, r, t) for c, t, o, r in RULES_WITHOUT_FINDINGS]
    next(r for r in rules if r.code == "LAW001").unconfirmed = ["ratio.classes", "ratio.form"]
    next(r for r in rules if r.code == "TOP001").unconfirmed = ["tolerance"]
    findings, n = [], 0
    for code, _, severity, count, area in FINDINGS_BY_RULE:
        for _ in range(count):
            n += 1
            findings.append(make_report_finding(code, severity, n, area))
    findings[4].state = "false_alarm"
    rules.sort(key=lambda r: ("SCH", "GEO", "ATT", "TOP", "REL", "LAW").index(r.code[:3]) * 1000 + int(r.code[3:]))
    tolerance = {
        "cluster_m": 0.0001, "edge_match_m": 0.01, "min_area_m2": 0.5, "min_width_m": 0.1,
        "ignored_slivers": 128, "ignored_area_m2": 96.4, "ignored_by_rule": {}, "steps": {"fixed_precision": 3, "repaired": 1}, "steps_taken": [{"rule": "REL001", "step": "fixed_precision", "role": "YJJBNTBHTB", "key": "140225000000000017", "related_role": "STBHHX", "related_key": "140225000000000003", "area_m2": 0.02}],
    }  # fmt: skip
    return Report(rules, findings, make_report_indicators(), tolerance, make_provenance(), lang)
