# SPDX-License-Identifier: GPL-2.0-or-later
"""Equal figures have equal digits and state in all outputs of the sample: report, workbooks, tables, evaluation, opinion.

A figure is known by its name, its scope (county, township, project) and its basis. The texts are those of
`test_golden`, which compares them with what the commands write.
"""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from tests.plans import outputs

#: Outputs with figures of the whole county, and the column of the last edition's value in the evaluation.
COUNTY_OUTPUTS = ("check", "indicators", "package", "tables", "evaluation")
EVALUATED_COLUMN = 4
STATES = ("达到", "未达到", "未超限", "超出", "取整差", "余量不足", "未确认", "参考", "无法计算")
UNITS = {"平方千米": "km²", "%": "%", "倍": "", "万亩": "万亩", "个": "个"}
#: Titles of columns that are one figure in two outputs, by layer and basis.
SAME_NAMES = {"永久基本农田保护图斑": "永久基本农田", "土地总面积": "土地面积"}
#: A table states how many figures it rounds so that parts sum to totals: these differ by one in the last digit.
ROUNDED = 0.01


@pytest.fixture(scope="module")
def rows():
    """Return output → sheet → rows of cells."""
    sheets = defaultdict(lambda: defaultdict(list))
    for name, text in outputs.read_goldens().items():
        sheet = ""
        for line in text.splitlines():
            sheet = line[1:-1] if re.fullmatch(r"\[.+\]", line) else sheet
            sheets[name][sheet].append([SAME_NAMES.get(cell, cell) for cell in line.split(" | ")])
    return sheets


def list_county_rows(rows):
    """Yield output and row of all outputs on the whole county."""
    for name, sheets in rows.items():
        if name.startswith(COUNTY_OUTPUTS) and not name.endswith((".json", ".xml")):
            for sheet in sheets.values():
                yield from ((name, row) for row in sheet)


def read_number(text):
    """Return the number of a cell; None for another text."""
    number = re.sub(r"[\s\u202f\u2009]", "", text).replace("−", "-")
    return float(number) if re.fullmatch(r"-?\d+(\.\d+)?", number) else None


def find_state(row):
    """Return the state in a row; empty without one."""
    return next((cell for cell in row if cell.removesuffix("*") in STATES), "")


def list_indicator_names(rows):
    """Return the names of the indicators of the workbook."""
    return {row[1] for row in rows["indicators~i.xlsx"]["指标表"] if len(row) > 7 and row[0].isdigit()}


def test_an_indicator_has_the_same_value_in_all_outputs(rows):
    found = defaultdict(lambda: defaultdict(set))
    for output, row in list_county_rows(rows):
        place = next((n for n in (0, 1) if row[n : n + 1] and row[n] in list_indicator_names(rows)), None)
        if place is None or not find_state(row):
            continue
        name, rest = row[place], row[place + 1 :]
        unit = next((UNITS[cell] for cell in rest if cell in UNITS), "")
        cells = [row[EVALUATED_COLUMN]] if output.startswith("evaluation") else rest
        value = next((cell for cell in cells if re.match(r"−?\d", cell)), "")
        # A spreadsheet shows zeros that openpyxl does not keep.
        value = re.sub(r"[\s\u202f]+", "", f"{value}{unit}").replace("%%", "%")
        found[name][re.sub(r"^0\.0+(?=\D)", "0", value) if value != unit else "—"].add(output)
    assert len(found) > 15 and max(len(set().union(*values.values())) for values in found.values()) >= 5
    differing = {name: dict(values) for name, values in found.items() if len(values) > 1}
    assert not differing


def test_a_target_has_the_same_state_in_all_outputs(rows):
    found = defaultdict(lambda: defaultdict(set))
    for output, row in list_county_rows(rows):
        target = next((cell for cell in row if re.match(r"[≥≤=] \d", cell)), "")
        if not target or not find_state(row):
            continue
        unit = next((UNITS[cell] for cell in row if cell in UNITS), "")
        target = re.sub(r"（\d+年）", f" {unit}", target) if "年）" in target else target
        found[re.sub(r"[\s\u202f]+", "", target)][find_state(row)].add(output)
    outputs_of_line = found["≥538.87km²"]
    assert len(set().union(*outputs_of_line.values())) >= 6
    assert not {target: dict(states) for target, states in found.items() if len(states) > 1}


def test_a_township_has_the_same_areas_in_workbook_and_office_table(rows):
    workbook = rows["indicators~i.xlsx"]["乡镇"]
    office = rows["tables~t.xlsx"]["乡镇三线面积汇总表"]
    heads = next(row for row in workbook if row[0] == "行政区代码")
    columns = {"土地面积": 3, "耕地保护目标（净面积）": 4, "永久基本农田保护图斑（净面积）": 5}
    columns |= {
        "永久基本农田保护图斑（图斑椭球面积）": 6,
        "生态保护红线（图斑椭球面积）": 7,
        "城镇开发边界（图斑椭球面积）": 8,
    }
    towns = {row[1]: row for row in workbook if row[0].startswith("140225")}
    assert len(towns) == 16
    notes = " ".join(" ".join(row) for row in office)
    for row in office:
        for head, place in columns.items() if row[1:] and row[1] in towns else ():
            ours, theirs = read_number(towns[row[1]][heads.index(head)]), read_number(row[place])
            is_rounded = f"{row[1]}“" in notes and abs(ours - theirs) < ROUNDED * 1.5
            assert ours == theirs or is_rounded, (row[1], head)


def test_an_opinion_has_one_figure_for_each_line_and_basis(rows):
    """The line, the supplement, the land classes and the summary state the same land."""
    sheets = rows["opinion~o.xlsx"]
    heads = next(row for row in sheets["项目"] if row[0] == "行号")
    lines = [row for row in sheets["控制线"] if row[0].isdigit()]
    # All areas are hectares.
    net = {(row[0], row[2]): read_number(row[4]) for row in lines if row[5] == "净面积"}
    assert {name for _, name in net} >= {"耕地", "耕地保护目标", "永久基本农田"}
    projects = [row for row in sheets["项目"] if row[0].isdigit()]
    assert len(projects) == 7
    for row in projects:
        cells = dict(zip(heads, row, strict=False))
        for name, due in (("永久基本农田", "应补划永农（净）"), ("耕地", "应补充耕地（净）")):
            figures = [read_number(cells[head] or "0") for head in (f"{name}（净）", due)]
            occupied = net[row[0], name]
            # What is not known is empty, never 0.
            assert occupied is not None or cells[f"{name}（净）"] == cells[due] == "", (row[1], name)
            assert figures[0] == figures[1] == pytest.approx(occupied or 0.0, abs=0.00006), (row[1], name)
    # The page prints the figures of the workbook, rounded.
    page = rows["opinion~o.docx"][""]
    summary = {row[1]: row for row in page if len(row) == 8 and row[0].isdigit()}
    for row in projects:
        cells = dict(zip(heads, row, strict=False))
        for name, place in (("永久基本农田（净）", 3), ("耕地（净）", 4), ("生态保护红线", 5)):
            assert read_number(summary[row[1]][place]) == pytest.approx(read_number(cells[name]), abs=0.00501)
