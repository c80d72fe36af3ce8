# SPDX-License-Identifier: GPL-2.0-or-later
"""Named cells of an office's workbook are filled in a copy; everything else of the workbook remains."""

import hashlib
import zipfile
from types import SimpleNamespace

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font
from openpyxl.workbook.defined_name import DefinedName

from plugin.core.errors import InputError
from plugin.core.office_tables.run import TableOrder, fill_office_tables
from plugin.core.office_tables.template import fill_template
from plugin.core.options import RunOptions
from tests.core.office_tables.table_county import (
    M2_PER_HECTARE,
    OCCUPIED,
    make_layers,
    sum_hectares,
    write_table_county,
)

NAMES = {
    "三线占用_生态保护红线_面积": "表 一!$B$2",
    "三线占用_永久基本农田_净面积_亩": "表 一!$B$3",
    "三线占用_城镇开发边界_净面积": "表 一!$B$4",
    "三线占用_城镇开发边界_面积": "表 一!$C$6",
    "三线占用_耕地保护目标_面积": "表 一!$B$8",
    "三线占用_面积": "表 一!$E$2:$E$5",
    "三线占用_净面积": "表 一!$F$2:$F$4",
    "三线占用_生态保护红线_图斑数_亩": "表 一!$B$9",
    "税率": "表 一!$B$1",
    "三线占用_永久基本农田_面积": "0.5",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Return the filled table of the lines."""
    data = write_table_county(tmp_path_factory.mktemp("template") / "county.gpkg")
    return fill_office_tables(data, TableOrder("three_lines_use"), RunOptions(profile="hunyuan")).tables


def make_template(path):
    """Write a workbook with named cells, formulas, formats, a merged cell and a chart."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "表 一"
    sheet["A1"], sheet["B1"] = "本单位的表", 0.06
    sheet["B2"].number_format, sheet["B2"].font = "0.0000", Font("黑体", bold=True)
    sheet["B8"] = "=B2*2"
    sheet["C2"] = "=B2+1"
    sheet["B4"] = 99
    sheet.merge_cells("B6:D7")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3))
    sheet.add_chart(chart, "H2")
    for name, text in NAMES.items():
        book.defined_names[name] = DefinedName(name, attr_text=text.replace("表 一", "'表 一'"))
    book.save(path)
    return path


@pytest.fixture
def filled(tables, tmp_path):
    """Fill the workbook; return source, copy, result, and the sheet of the copy."""
    source = make_template(tmp_path / "本单位.xlsx")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    result = fill_template(source, tmp_path / "copy.xlsx", tables)
    assert hashlib.sha256(source.read_bytes()).hexdigest() == digest
    sheet = openpyxl.load_workbook(tmp_path / "copy.xlsx")["表 一"]
    return SimpleNamespace(source=source, copy=tmp_path / "copy.xlsx", result=result, sheet=sheet)


def test_named_cells_have_the_figures(filled):
    layers, sheet = make_layers(), filled.sheet
    assert sheet["B2"].value == pytest.approx(sum_hectares(layers["STBHHX"]), abs=0.005 + 1e-6)
    net_m2 = layers["YJJBNTBHTB"].iloc[:-OCCUPIED]["YJJBNTMJ"].sum()
    assert sheet["B3"].value == pytest.approx(net_m2 * 15 / M2_PER_HECTARE, abs=0.005 + 1e-6)
    assert sheet["B4"].value == "—"
    lines = [layers["YJJBNTBHTB"].iloc[:-OCCUPIED], *(layers[role] for role in ("STBHHX", "CZKFBJ", "GDBHMB"))]
    for row, frame in enumerate(lines, 2):
        assert sheet.cell(row, 5).value == pytest.approx(sum_hectares(frame), abs=0.005 + 1e-6)


def test_a_merged_cell_is_filled_where_it_shows(filled):
    expected = sum_hectares(make_layers()["CZKFBJ"])
    assert filled.sheet["B6"].value == pytest.approx(expected, abs=0.005 + 1e-6)


def test_formats_formulas_and_charts_remain(filled):
    sheet = filled.sheet
    assert (sheet["B2"].number_format, sheet["B2"].font.name, sheet["B2"].font.b) == ("0.0000", "黑体", True)
    assert (sheet["B8"].value, sheet["C2"].value, sheet["A1"].value, sheet["B1"].value) == (
        "=B2*2", "=B2+1", "本单位的表", 0.06,
    )  # fmt: skip
    with zipfile.ZipFile(filled.source) as old, zipfile.ZipFile(filled.copy) as new:
        assert old.namelist() == new.namelist()
        changed = {name for name in old.namelist() if old.read(name) != new.read(name)}
        assert changed <= {"xl/workbook.xml", "xl/worksheets/sheet1.xml"}
        assert any("chart" in name for name in new.namelist())


def test_names_that_are_not_filled_are_reported(filled):
    result = filled.result
    assert result.unknown == ["税率"]
    assert result.dashes == ["三线占用_城镇开发边界_净面积"]
    problems = {params["name"]: key for key, params in result.problems}
    assert problems == {
        "三线占用_耕地保护目标_面积": "template_formula",
        "三线占用_净面积": "template_size",
        "三线占用_生态保护红线_图斑数_亩": "template_unit",
        "三线占用_永久基本农田_面积": "template_no_cells",
    }
    assert {name for name, _ in result.filled} == set(NAMES) - set(problems) - {"税率"}


def test_unusable_workbooks_are_refused(tables, tmp_path):
    damaged, empty = tmp_path / "damaged.xlsx", tmp_path / "empty.xlsx"
    damaged.write_bytes(b"PK\x03\x04 damaged")
    openpyxl.Workbook().save(empty)
    for path, key in ((damaged, "office_template_unreadable"), (empty, "office_template_no_names")):
        with pytest.raises(InputError) as error:
            fill_template(path, tmp_path / "copy.xlsx", tables)
        assert error.value.key == key
