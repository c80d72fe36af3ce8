# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of tables of any origin: damaged, hostile, with distant cells, with formulas that no program computed."""

import time
import zipfile

import openpyxl
import pytest

from plugin.core.base.errors import InputError
from plugin.core.base.files import workbooks
from plugin.core.base.files.tables import SearchedColumn, read_table
from plugin.core.base.files.workbooks import iterate_rows, iterate_values, open_workbook
from plugin.core.exchange.boundary_points.import_points import is_boundary_point_file
from plugin.core.figures.supplied_tables import read_printed_figures
from plugin.core.package.tables.sheets import read_workbook
from plugin.core.standard.messages.texts import Texts

COLUMNS = [SearchedColumn("name", ("名称",)), SearchedColumn("area", ("面积",))]
ENTITY = '<!DOCTYPE a [<!ENTITY b "b">]><worksheet'


def save_workbook(path, *changes, merged=(), **value_by_cell):
    """Write a workbook; ``changes``: (old, new) bytes of its first sheet, cut in the middle for an empty old."""
    book = openpyxl.Workbook()
    for cell, value in {"A1": "名称", "B1": "面积", "A2": "甲", "B2": 3, **value_by_cell}.items():
        book.active[cell] = value
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    sheet = contents["xl/worksheets/sheet1.xml"]
    for old, new in changes:
        assert old in sheet
        sheet = sheet.replace(old, new, 1) if old else sheet[: len(sheet) // 2]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**contents, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, content)
    return path


def assert_refused(read, key, *words):
    with pytest.raises(InputError) as caught:
        read()
    messages = [Texts(lang).explain_error(caught.value) for lang in ("zh", "en")]
    assert caught.value.key == key and all(word in message for message in messages for word in words), messages


def test_cell_in_the_last_row_costs_no_more_than_another(tmp_path):
    path = save_workbook(tmp_path / "表.xlsx", A1048576="乙", XFD1048576=1)
    start = time.process_time()
    rows = list(iterate_rows(open_workbook(path).active))
    assert [row.number for row in rows] == [1, 2, 1048575, 1048576] and not rows[2].cells
    assert_refused(lambda: read_table(path, COLUMNS), "table_stray", "1048576")
    (sheet,) = read_workbook(path, "表.xlsx").sheets
    assert sheet.is_truncated and (sheet.last_row, sheet.last_column) == (2, 2)
    assert time.process_time() - start < 2


def test_merged_cell_counts_for_each_row_that_it_spans_also_below_the_last_value(tmp_path):
    path = save_workbook(tmp_path / "a.xlsx", merged=["A2:A4", "C1:D1"])
    rows = list(iterate_rows(open_workbook(path).active))
    assert [[cell.value for cell in row.cells] for row in rows] == [["名称", "面积"], ["甲", 3], ["甲"], ["甲"]]
    assert [row.merged_columns for row in rows] == [set(), set(), {0}, {0}]


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        (b"", b"", "table_unreadable", "table_damaged"),
        (b"<v>3</v>", b"<v>three</v>", "table_unreadable", "table_damaged"),
        (b'r="B2"', b'r="?"', "table_unreadable", "table_damaged"),
        (b"<worksheet", ENTITY.encode(), "table_entities", "xml_entities"),
        (b"<worksheet", ENTITY.encode("utf-16"), "table_entities", "xml_entities"),
    ],
)
def test_damaged_or_hostile_workbook_is_refused_by_all_readers(tmp_path, old, new, key, reason):
    path = save_workbook(tmp_path / "表.xlsx", (old, new))
    assert_refused(lambda: open_workbook(path), key, "表.xlsx")
    assert_refused(lambda: list(iterate_values(open_workbook(path, reads_once=True).worksheets[0], "表.xlsx")), key)
    assert not is_boundary_point_file(path) and read_workbook(path, "a").unreadable_reason == reason


@pytest.mark.parametrize(
    ("name", "data", "key"),
    [
        ("a.xlsx", b"PK\x03\x04broken", "table_unreadable"),
        ("a.xlsx", b"", "table_unreadable"),
        ("a.csv", b"\xd0\xcf\x11\xe0old", "table_old_workbook"),
        ("a.csv", b"a\0b", "table_unreadable"),
        ("a.csv", b"\x81\x00\x81\xff", "table_encoding"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "figures_no_head"),
        ("a.csv", None, "table_missing"),
    ],
)
def test_file_that_is_no_table_is_refused(tmp_path, name, data, key):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    assert_refused(lambda: read_printed_figures(path), key, name)


def test_workbook_with_more_cells_than_can_be_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "_MAX_CELLS", 20)
    link = b'</sheetData><hyperlinks><hyperlink ref="A1:A1048576" r:id="a"/></hyperlinks>'
    for changes, merged, cells in (
        ([], [], {f"A{row}": 0 for row in range(3, 20)}),
        ([(b'ref="A2:B2"', b'ref="A1:XFD1048576"')], ["A2:B2"], {}),
        ([(b"</sheetData>", link)], [], {}),
    ):
        path = save_workbook(tmp_path / "a.xlsx", *changes, merged=merged, **cells)
        assert_refused(lambda path=path: open_workbook(path), "table_large", "20")
        assert open_workbook(path, reads_once=True).worksheets


def test_formula_without_a_saved_value_is_named_and_a_saved_empty_text_is_not(tmp_path):
    path = save_workbook(tmp_path / "a.xlsx", A3="乙", B3="=1+2")
    assert_refused(lambda: read_table(path, COLUMNS), "table_formula", "B3", "Sheet")
    save_workbook(path, (b'<c r="B3"', b'<c r="B3" t="str"'), A3="乙", B3="=1+2")
    assert read_table(path, COLUMNS).rows[1].text_by_column == {"name": "乙", "area": ""}
