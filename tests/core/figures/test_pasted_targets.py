# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets read from a pasted table or text, and the reasons why other rows are not."""

import pytest

from plugin.core.figures.pasted_targets import read_pasted_targets

CULTIVATED, FARMLAND, RED_LINE, BOUNDARY = "cultivated_area", "farmland_area", "red_line_area", "boundary_area"


@pytest.mark.parametrize(
    ("text", "targets"),
    {
        "table of Excel": (
            "指标\t目标值\t单位\t年份\n耕地保有量\t73.39\t万亩\t2025年\n\n生态保护红线\t538.870\t平方千米\t\n",
            [(2, CULTIVATED, "73.39", "wan_mu", 2025, ""), (4, RED_LINE, "538.870", "km2", 2035, "")],
        ),
        "rows without headings, with the number of the row": (
            "1\t耕地保有量\t≥48 926.67\t公顷\n2\t城镇开发边界\t≤１６４６hm²\n3\t永久基本农田\t2000\t亩",
            [
                (1, CULTIVATED, "48926.67", "ha", 2035, ">="),
                (2, BOUNDARY, "1646", "ha", 2035, "<="),
                (3, FARMLAND, "2000", "mu", 2035, ""),
            ],
        ),
        "table of Word with the present state and two target years": (
            "表1 规划指标（单位：万亩）\n指标项\t2020年现状\t2025年\t2035年\t属性\n耕地保有量\t70\t72.00\t73.39\t约束性\n"
            "生态保护红线面积\t500\t\t538.87平方千米\t约束性",
            [
                (3, CULTIVATED, "72.00", "wan_mu", 2025, ""),
                (3, CULTIVATED, "73.39", "wan_mu", 2035, ""),
                (4, RED_LINE, "538.87", "km2", 2035, ""),
            ],
        ),
        "townships in rows: only their total is the county's": (
            "乡镇\t耕地保有量（亩）\t永久基本农田（公顷）\n永安镇\t1000.5\t900\n合 计\t3000.5\t2400",
            [(3, CULTIVATED, "3000.5", "mu", 2035, ""), (3, FARMLAND, "2400", "ha", 2035, "")],
        ),
        "units behind the names": (
            "指标\t2025年\t2035年\n耕地保有量（万亩）\t73\t74",
            [(2, CULTIVATED, "73", "wan_mu", 2025, ""), (2, CULTIVATED, "74", "wan_mu", 2035, "")],
        ),
        "lines of text": (
            "耕地保有量 12,345.67 公顷\n永久基本农田保护面积（万亩）：63.25\n中心城区详规单元数 7 个",
            [
                (1, CULTIVATED, "12345.67", "ha", 2035, ""),
                (2, FARMLAND, "63.25", "wan_mu", 2035, ""),
                (3, "detail_units_count", "7", "count", 2035, ""),
            ],
        ),
        "headings without figures": ("第三章　目标\n\n\t\t\n指标\t目标值\t单位\n约束性指标", []),
        "sentence of the plan": (
            "到2025年，耕地保有量不低于73.39万亩以上，生态红线为538.87平方公里；城镇开发边界控制在16.46km²以内。",
            [
                (1, CULTIVATED, "73.39", "wan_mu", 2025, ">="),
                (1, RED_LINE, "538.87", "km2", 2025, ""),
                (1, BOUNDARY, "16.46", "km2", 2025, "<="),
            ],
        ),
    }.values(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pasted_targets_keep_their_printed_value_unit_year_and_bound(text, targets):
    found = [one for one in read_pasted_targets(text, 2035) if not one.problem]
    assert [(t.line_number, t.indicator, t.value, t.unit, t.year, t.comparison) for t in found] == targets


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("森林覆盖率 14.17 %", "unknown"),
        ("城镇开发边界扩展倍数\t1.25\t倍", "unknown"),
        ("耕地保有量 约七十万亩", "number"),
        ("耕地保有量\t\t万亩", "number"),
        ("耕地保有量\t70\t73.39\t万亩", "several"),
        ("耕地保有量 73.39", "unit"),
        ("生态保护红线 27.37 %", "unit"),
        ("中心城区详规单元数 7 公里", "unit"),
        ("乡镇\t耕地保有量（亩）\n永安镇\t2000", "township"),
        ("指标\t单位\t2035年\n永安镇 永久基本农田\t万亩\t3.2", "township"),
        ("永安镇\t3.2\t3.1", "township"),
        ("其中永安镇耕地（万亩）\t3.2", "township"),
        ("耕地保有量 73.39 万亩，其中永安镇耕地保有量 3.2 万亩", "township"),
        ("耕地保有量 1 公顷\n耕地面积 2 公顷", "twice"),
    ],
)
def test_pasted_row_without_a_target_of_the_county_has_its_reason(text, problem):
    last = read_pasted_targets(text, 2035)[-1]
    assert last.problem == problem and last.text
