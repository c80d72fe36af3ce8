# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts are data; an error in one names file, line and key. Outputs are checked before a long run."""

import openpyxl
import pytest

from plugin.core.__main__ import main
from plugin.core.errors import DataError, InputError, OutputError
from plugin.core.messages.texts import Texts
from plugin.core.office_tables.layouts import list_layout_ids, load_layout, load_layouts
from plugin.core.office_tables.run import TableOrder, make_office_tables
from plugin.paths import OFFICE_TABLES_FOLDER
from tests.core.office_tables.table_county import make_layers, sum_hectares, write_table_county

LAYOUT = """\
name = "红线表"
title = "{area}红线表"
prefix = "红线"
unit = "ha"
mark = "C"
source = "某市通知"

[[columns]]
head = ["控制线"]
content = "name"

[[columns]]
head = ["面积", "公顷"]
content = "statutory"
word = "面积"

[[columns]]
head = ["面积", "亩"]
content = "statutory"
unit = "mu"
word = "面积_亩"

[[rows]]
figures = "lines"
names = { red_line = "红线" }
"""
#: Replacement in the layout, line of the error, word of the message.
ERRORS = {
    "no TOML": ('mark = "C"', 'mark = "C', 5, "TOML"),
    "missing key": ('title = "{area}红线表"\n', "", 1, "title"),
    "unknown key": ('unit = "ha"', 'unti = "ha"', 4, "unti"),
    "unknown unit": ('unit = "mu"', 'unit = "acre"', 20, "acre"),
    "wrong type": ('head = ["面积", "亩"]', 'head = "面积"', 18, "columns[3].head"),
    "unknown mark": ('mark = "C"', 'mark = "D"', 5, "mark"),
    "unknown figures": ('figures = "lines"', 'figures = "line"', 24, "townships"),
    "unknown content": ('content = "statutory"\nword', 'content = "area"\nword', 14, "net_wan_mu"),
    "unknown column key": ('content = "name"', 'content = "name"\nwidht = 3', 11, "widht"),
    "sum of nothing": ('content = "name"', 'content = "name"\nsum_of = ["x"]', 11, "x"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_in_a_layout_names_file_and_line(case, tmp_path):
    old, new, line, word = ERRORS[case]
    assert old in LAYOUT
    path = tmp_path / "red.toml"
    path.write_text(LAYOUT.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_layout(str(path))
    for lang in ("zh", "en"):
        sentence = Texts(lang).explain_error(error.value)
        assert "red.toml" in sentence and word in sentence
        assert f"第 {line} 行" in sentence or f"line {line}" in sentence


def test_a_custom_table_is_made(tmp_path, capsys):
    path, output = tmp_path / "red.toml", tmp_path / "out.xlsx"
    path.write_text(LAYOUT, encoding="utf-8")
    data = write_table_county(tmp_path / "county.gpkg")
    assert main(["tables", str(data), "--tables", str(path), "--output", str(output), "--profile", "hunyuan"]) == 0
    assert "红线表" in capsys.readouterr().out
    sheet = openpyxl.load_workbook(output)["红线表"]
    hectares = sum_hectares(make_layers()["STBHHX"])
    assert [sheet["A5"].value, sheet["B5"].value] == ["红线", pytest.approx(hectares, abs=0.005 + 1e-6)]
    assert sheet["C5"].value == pytest.approx(hectares * 15, abs=0.005 + 1e-6)
    assert {str(one) for one in sheet.merged_cells.ranges} >= {"A3:A4", "B3:C3", "A1:C1"}


def test_layouts_are_found_by_id_name_file_and_folder(tmp_path):
    (tmp_path / "red.toml").write_text(LAYOUT, encoding="utf-8")
    assert [one.id for one in load_layouts("")] == list_layout_ids()
    assert [one.id for one in load_layouts("township_lines，控制线冲突清单")] == ["township_lines", "line_conflicts"]
    assert [one.id for one in load_layouts(str(tmp_path))] == ["red"]
    assert [one.id for one in load_layouts(str(OFFICE_TABLES_FOLDER))] == list_layout_ids()
    for text, key in (("nothing", "office_table_unknown"), (f"red.toml;{tmp_path / 'x.toml'}", "office_table_unknown")):
        with pytest.raises(DataError) as error:
            load_layouts(text)
        assert error.value.key == key
    (tmp_path / "same.toml").write_text(LAYOUT, encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_layouts(str(tmp_path))
    assert error.value.key == "office_table_twice"


def test_orders_are_refused_before_a_run(tmp_path):
    data = tmp_path / "county.gpkg"
    data.write_bytes(b"")
    for order, error_type, key in (
        (TableOrder(), InputError, "output_missing"),
        (TableOrder(output=str(tmp_path / "a.pdf")), OutputError, "output_format"),
        (TableOrder(output=str(tmp_path / "a.xlsx"), docx=str(tmp_path / "a.doc")), OutputError, "output_format"),
        (TableOrder(output=str(tmp_path / "a.docx"), docx=str(tmp_path / "a.docx")), OutputError, "output_twice"),
        (TableOrder(template="x.xlsx", output=str(tmp_path / "a.xlsx")), InputError, "office_template_without_copy"),
        (TableOrder(template="x.xlsx", filled=str(tmp_path / "a.xlsx")), InputError, "source_missing"),
    ):
        with pytest.raises(error_type) as error:
            make_office_tables(data, order)
        assert error.value.key == key
    assert [path.name for path in tmp_path.iterdir()] == ["county.gpkg"]


def test_the_template_is_not_overwritten(tmp_path):
    template = tmp_path / "a.xlsx"
    openpyxl.Workbook().save(template)
    before = template.read_bytes()
    with pytest.raises(OutputError) as error:
        make_office_tables(tmp_path / "x.gpkg", TableOrder(template=str(template), filled=str(template)))
    assert error.value.key == "output_is_input"
    assert template.read_bytes() == before


def test_tables_are_listed_without_data(capsys):
    assert main(["tables", "--lang", "en"]) == 0
    printed = capsys.readouterr().out
    assert "township_lines" in printed and "Conflicts of control lines" in printed
