# SPDX-License-Identifier: GPL-2.0-or-later
"""Sheets of tables show whole titles, heads and notes: their rows are as high as the lines that they need."""

import openpyxl
import pytest

from plugin.core.render.tables.report_table import (
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    list_rounding_notes,
    write_tables_workbook,
)
from plugin.core.standard.messages.texts import Texts

#: Height (points) of a line of letters of 16, 10 and 9 points.
TITLE_LINE, HEAD_LINE, NOTE_LINE = 19.0, 12.5, 11.0


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    """Write a table of three narrow columns with long texts; return its sheet."""
    heads = ["Land class", "permanent basic farmland taken, net", "in"]
    columns = [TableColumn("land_use", "", heads[0], 30), *(TableColumn(one, "m2", one, 14) for one in heads[1:])]
    table = ReportTable("adjustment_land", columns, unit="m2")
    table.rows.append(ReportTableRow(["0701", TableNumber(1.0, 2), TableNumber(2.0, 2)], "row"))
    table.notes = [
        "A note of fifty letters has room in a single line.",
        "这条说明共有三十个汉字，宽度正好超过表宽，所以要占两行位置。",
    ]
    path = tmp_path_factory.mktemp("sheet") / "a.xlsx"
    write_tables_workbook(path, [table], "the urban development boundary", Texts("en"))
    return openpyxl.load_workbook(path).worksheets[0]


def test_a_sheet_without_rows_has_words_in_place_of_them_before_its_notes(tmp_path):
    table = ReportTable("adjustment_land", [TableColumn("land_use", "", "地类", 30)], notes=["面积为图斑椭球面积。"])
    write_tables_workbook(tmp_path / "a.xlsx", [table], "甲", Texts("zh"))
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert [sheet.cell(row, 1).value for row in (4, 5)] == ["没有数据。", "面积为图斑椭球面积。"]


@pytest.mark.parametrize(
    ("areas", "total", "has_note"),
    [([0.004, 0.004, 0.004], 0.012, True), ([0.01, 0.02, 0.03], 0.06, False), ([1.0, 2.0, 3.0], 7.0, False)],
)
def test_rows_that_round_to_another_sum_have_a_note_and_unequal_figures_have_none(areas, total, has_note):
    """The rows of a kind belong to the sum of that kind; the other kind has one row, which is its sum."""
    columns = [
        TableColumn("township", title="乡镇"),
        TableColumn("kind", title="增减"),
        TableColumn("area", "m2", "面积"),
    ]
    rows = [ReportTableRow([name, "减少", TableNumber(area, 2)]) for name, area in zip("甲乙丙", areas, strict=True)]
    rows += [ReportTableRow(["甲", "增加", TableNumber(5.0, 2)])]
    rows += [
        ReportTableRow(["合计", kind, TableNumber(area, 2)], "sum") for kind, area in (("减少", total), ("增加", 5.0))
    ]
    notes = list_rounding_notes(ReportTable("cultivated_causes", columns, rows), Texts("zh"))
    assert notes == ["各数分别四舍五入，各行印出的数之和与合计有末位尾差。"] * has_note
