# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators of counties are added by basis: areas and counts, neither ratios nor figures of townships."""

import json
from datetime import datetime

import openpyxl
import pytest

from plugin.core.counties.gathering.gathered_counties import (
    GatheredCounty,
    GatherResult,
    LayerAmount,
    list_figures_to_add,
    sum_figures,
)
from plugin.core.counties.gathering.write_gathering import write_result_files
from plugin.core.model.indicator import Indicator


def make_county(name, *indicators):
    county = GatheredCounty(name, area_code=name[:6], area_name=name[6:], summary={"verdict": "pass"})
    county.figures = list_figures_to_add(indicators)
    return county


@pytest.fixture
def counties():
    """Return three counties; figures in several units and on two bases."""
    return [
        make_county(
            "140223广灵县",
            Indicator("cultivated_area", 10_000.0, "m2", "net", name="耕地保有量"),
            Indicator("red_line_area", 2.0, "km2", "statutory", name="生态保护红线面积"),
            Indicator("detail_units_count", 3.0, "count", "count", name="单元数"),
            Indicator("expansion_ratio_n1", 1.2, "ratio", "statutory/survey"),
            Indicator("cultivated_area", 4_000.0, "m2", "net", place="甲乡"),
        ),
        make_county(
            "140224灵丘县",
            # One for each target year.
            Indicator("cultivated_area", 1.5, "ha", "net", name="耕地保有量"),
            Indicator("cultivated_area", 1.5, "ha", "net", name="耕地保有量"),
            Indicator("red_line_area", None, "km2", "statutory", name="生态保护红线面积"),
            Indicator("detail_units_count", 4.0, "count", "count", name="单元数"),
        ),
        make_county(
            "140225浑源县",
            Indicator("cultivated_area", 3.0, "mu", "net", name="耕地保有量", backed=False),
            Indicator("red_line_area", 1.0, "km2", "survey", name="生态保护红线面积"),
        ),
    ]


def test_areas_and_counts_are_added_by_basis(counties):
    sums = {(one.id, one.basis): one for one in sum_figures(counties)}
    assert set(sums) == {
        ("cultivated_area", "net"),
        ("red_line_area", "statutory"),
        ("red_line_area", "survey"),
        ("detail_units_count", "count"),
    }
    # 1 ha + 1.5 ha + 3 mu of 2000 / 3 m².
    cultivated = sums["cultivated_area", "net"]
    assert cultivated.value == pytest.approx(27_000.0) and cultivated.unit == "m2"
    assert cultivated.unconfirmed == ["浑源县"] and cultivated.missing == []
    red_line = sums["red_line_area", "statutory"]
    assert red_line.value == pytest.approx(2e6) and red_line.missing == ["灵丘县", "浑源县"]
    assert sums["detail_units_count", "count"].value == 7.0


@pytest.mark.parametrize(("lang", "sheet", "total"), [("zh", "指标合计", "合计"), ("en", "Sums of indicators", "Sum")])
def test_the_workbook_has_the_sums_and_the_figures_of_each_county(counties, tmp_path, lang, sheet, total):
    result = GatherResult("140200", "大同市", counties, lang, datetime.now().astimezone())
    result.amounts = {"DLTB": LayerAmount("地类图斑", 1)}
    write_result_files(result, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "gathering.xlsx")
    rows = [row for row in book[sheet].iter_rows(values_only=True) if row[0] == "耕地保有量"]
    assert [(row[3], row[4], row[6]) for row in rows] == [(2.7, 3, "浑源县")]
    by_county = book[book.sheetnames[book.sheetnames.index(sheet) + 1]]
    rows = [row for row in by_county.iter_rows(values_only=True) if row[0] == "耕地保有量"]
    assert [row[4] for row in rows] == ["广灵县", "灵丘县", "浑源县", total]
    assert sum(row[3] for row in rows[:-1]) == pytest.approx(rows[-1][3]) == 2.7
    data = json.loads((tmp_path / "gathering.json").read_text(encoding="utf-8"))
    red_line = next(one for one in data["figures"] if (one["id"], one["basis"]) == ("red_line_area", "statutory"))
    assert red_line["value"] == 2e6 and red_line["missing"] == ["灵丘县", "浑源县"]
