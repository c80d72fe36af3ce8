# SPDX-License-Identifier: GPL-2.0-or-later
"""Code lists saved by spreadsheets: read, or refused with file, line and remedy."""

import csv
import re

import pytest

from plugin.core.errors import DataError
from plugin.core.messages.texts import Texts
from plugin.core.standard import list_standard_ids, load_standard
from plugin.core.standard.codes import load_code_list
from plugin.paths import STANDARDS_FOLDER

CODE_LIST_HEAD = "code,name,parent,level,mark"
CODE_LIST_TEXT = f"{CODE_LIST_HEAD}\n10,甲类,,1,C\n11,甲一,10,2,B\n20,乙类,,1,C\n"
SHIPPED_CODE_LISTS = {p.stem: p for p in sorted(STANDARDS_FOLDER.glob("*/codelists/*.csv"))}


def write_and_load_code_list(tmp_path, content, name="代码 表.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_code_list(path)


def load_invalid_code_list(tmp_path, content):
    with pytest.raises(DataError) as caught:
        write_and_load_code_list(tmp_path, content)
    sentence = Texts("zh").explain_error(caught.value)
    assert "代码 表.csv" in sentence and "代码 表.csv" in Texts("en").explain_error(caught.value)
    return caught.value, sentence


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(CODE_LIST_TEXT.encode(), id="UTF-8"),
        pytest.param(CODE_LIST_TEXT.encode("utf-8-sig"), id="UTF-8 with a mark"),
        pytest.param(CODE_LIST_TEXT.encode("gbk"), id="GBK"),
        pytest.param(CODE_LIST_TEXT.replace("\n", "\r\n").encode("gbk"), id="GBK of Windows"),
        pytest.param(CODE_LIST_TEXT.replace("\n", "\r").encode(), id="line ends of old Macs"),
        pytest.param(CODE_LIST_TEXT.replace("\n", ",,,\r\n").encode("utf-8-sig"), id="empty columns at the end"),
        pytest.param((CODE_LIST_TEXT + ",,,,\n\n ,,,,\n").encode(), id="empty rows at the end"),
        pytest.param(CODE_LIST_TEXT.replace("\n20", "\n,,,,\n20").encode(), id="empty row between"),
        pytest.param(CODE_LIST_TEXT.replace(",", "\t").encode("utf-16"), id="Unicode text"),
        pytest.param(CODE_LIST_TEXT.replace(",", ";").encode(), id="semicolons"),
        pytest.param(
            CODE_LIST_TEXT.replace(CODE_LIST_HEAD, " Code , NAME,parent,Level,mark").encode(),
            id="head in other letters",
        ),
        pytest.param(
            CODE_LIST_TEXT.replace(CODE_LIST_HEAD, "代码,名称,上级代码,级别,来源级别").encode("gbk"),
            id="head in Chinese",
        ),
        pytest.param(CODE_LIST_TEXT.replace("甲类", ' "甲类"').replace(' "', '"').encode(), id="quoted"),
    ],
)
def test_code_list_saved_by_a_spreadsheet_program_is_read(tmp_path, content):
    codes = write_and_load_code_list(tmp_path, content)
    assert [(c.code, c.name, c.parent, c.level, c.mark) for c in codes.entry_by_code.values()] == [
        ("10", "甲类", "", 1, "C"),
        ("11", "甲一", "10", 2, "B"),
        ("20", "乙类", "", 1, "C"),
    ]
    assert codes.id == "代码 表" and codes.mark == "C"


def test_additional_columns_of_a_code_list_are_kept(tmp_path):
    codes = write_and_load_code_list(tmp_path, f'{CODE_LIST_HEAD},code_2023\n10,"甲, 类",,1,C,0101|0102\n')
    assert codes.entry_by_code["10"].name == "甲, 类" and codes.entry_by_code["10"].other_columns == {
        "code_2023": "0101|0102"
    }


@pytest.mark.parametrize(
    ("content", "key", "words"),
    [
        (f"{CODE_LIST_HEAD}\n10,甲,,1,C\n\n10,甲,,1,C\n", "data_code_repeated", ["第 4 行", "第 2 行", "10"]),
        (f"{CODE_LIST_HEAD}\n10,甲,,1,C\n10,乙,,1,C\n", "data_code_two_names", ["第 3 行", "第 2 行", "甲", "乙"]),
        (f"{CODE_LIST_HEAD}\n,甲,,1,C\n", "data_code_blank", ["第 2 行", "code"]),
        (f"{CODE_LIST_HEAD}\n10, ,,1,C\n", "data_code_blank", ["第 2 行", "name", "10"]),
        (f"{CODE_LIST_HEAD}\n10,甲,,一,C\n", "data_code_row", ["第 2 行", "level"]),
        (f"{CODE_LIST_HEAD}\n10,甲,,1,\n", "data_code_row", ["第 2 行", "mark"]),
        (f"{CODE_LIST_HEAD}\n10,甲\n", "data_code_row", ["第 2 行"]),
        (f"{CODE_LIST_HEAD}\n11,甲,10,2,C\n", "data_code_parent", ["第 2 行", "11", "10"]),
        (f"{CODE_LIST_HEAD}\n10,甲,20,2,C\n20,乙,10,1,C\n", "data_code_circle", ["第 2 行", "10 → 20 → 10"]),
        (f"{CODE_LIST_HEAD}\n10,甲,10,1,C\n", "data_code_circle", ["10 → 10"]),
        (f"{CODE_LIST_HEAD}\n10,甲,,1,C\n11,乙,10,1,C\n", "data_code_level", ["第 3 行", "11", "第 1 级"]),
        ("code,name,parent,level\n10,甲,,1\n", "data_list_column", ["第 1 行", "mark", CODE_LIST_HEAD]),
        ("\n\n10,甲,,1,C\n", "data_list_column", ["第 3 行", "code"]),
        (f"{CODE_LIST_HEAD},name\n10,甲,,1,C,x\n", "data_list_column_twice", ["第 1 行", "name"]),
        (f"{CODE_LIST_HEAD}\n10,甲,,1,C,多出来的\n", "data_list_stray", ["第 2 行", "第 6 列", "多出来的"]),
        (f"{CODE_LIST_HEAD},\n10,甲,乙,,1,C\n", "data_list_stray", ["第 2 行", "双引号"]),
        ("", "data_list_empty", [CODE_LIST_HEAD]),
        ("\ufeff,,,\r\n", "data_list_empty", [CODE_LIST_HEAD]),
        (f'{CODE_LIST_HEAD}\n10,"甲,,1,C\n20,乙,,1,C\n', "data_list_quotes", ["第 2 行"]),
        (CODE_LIST_TEXT.encode() + b"30,\xff\xff,,1,C\n", "data_list_encoding", ["第 5 行", "CSV UTF-8"]),
        (CODE_LIST_TEXT.encode().replace("一".encode(), "一".encode()[:2]), "data_list_encoding", ["第 3 行"]),
        (b"PK\x03\x04rest of a workbook", "data_list_workbook", ["CSV UTF-8"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "data_list_workbook", ["CSV UTF-8"]),
    ],
)
def test_invalid_code_list_is_refused_with_its_line(tmp_path, content, key, words):
    error, sentence = load_invalid_code_list(tmp_path, content)
    assert error.key == key and all(word in sentence for word in words), sentence


def test_missing_code_list_file_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        load_code_list(tmp_path / "没有.csv")
    assert caught.value.key == "data_file_missing"


@pytest.mark.parametrize("name", ["land_use_2023", "sandiao"])
def test_codes_that_lost_their_leading_zeros_in_a_spreadsheet_are_reported(tmp_path, name):
    """Change 0101 to 101, as spreadsheets do; the rest of the file stays valid."""
    rows = list(csv.reader(SHIPPED_CODE_LISTS[name].read_text(encoding="utf-8").splitlines()))
    numbers = [[str(int(c)) if c.isdigit() else c for c in row] for row in rows]
    error, sentence = load_invalid_code_list(tmp_path, "\n".join(",".join(row) for row in numbers))
    assert error.key == "data_code_zeros" and re.search(r"第 \d+ 行", sentence) and "文本格式" in sentence


@pytest.mark.parametrize("name", SHIPPED_CODE_LISTS)
def test_every_shipped_code_list_survives_saving_by_a_spreadsheet_program(tmp_path, name):
    """Save each list as GBK with line ends of Windows and read it again."""
    text = SHIPPED_CODE_LISTS[name].read_text(encoding="utf-8").replace("\n", ",,\r\n")
    again = write_and_load_code_list(tmp_path, text.encode("gb18030"))
    assert again.entry_by_code == load_code_list(SHIPPED_CODE_LISTS[name]).entry_by_code


@pytest.mark.parametrize("standard", list_standard_ids())
def test_templates_name_existing_code_lists_that_fit_their_fields(standard):
    """Require that each named list exists and its codes fit the field length."""
    loaded = load_standard(standard)
    for template in loaded.templates.values():
        for declared in template.fields:
            if declared.codes:
                longest = max(
                    len(c.ljust(declared.code_pad, "0")) for c in loaded.code_lists[declared.codes].entry_by_code
                )
                assert declared.length is None or longest <= declared.length, (template.role, declared.name)
            if declared.code_name:
                assert template.find_field_by_name(declared.code_name), (template.role, declared.name)


def test_code_lists_of_the_county_standard_have_the_expected_numbers_of_codes():
    lists = load_standard().code_lists
    assert {k: len(lists[k].entry_by_code) for k in ("land_use_2023", "planning_zones", "urban_rural", "terrace")} == {
        "land_use_2023": 175,
        "planning_zones": 28,
        "urban_rural": 8,
        "terrace": 2,
    }
    assert {c.code: c.name for c in lists["maintenance_kind"].entry_by_code.values()} == {
        "1": "调入",
        "2": "属性变更",
        "3": "调出",
    }
    assert sum(c.level == 3 for c in lists["divisions"].entry_by_code.values()) == 117
    # These codes are settings without a standard as source, and marked as such.
    for name in ("planning_zones", "heritage_kind", "heritage_level", "control_line_kind", "ownership"):
        assert {c.mark for c in lists[name].entry_by_code.values()} == {"C"}
    assert lists["heritage_kind"].list_code_and_parents("21") == ("21", "20")


@pytest.mark.parametrize(
    ("role", "field", "name"),
    [
        ("LSWHBHX", "LX", "heritage_kind"),
        ("LSWHBHX", "JB", "heritage_level"),
        ("HLFXKZX", "LX", "control_line_kind"),
        ("KCZYKCBHX", "LX", "control_line_kind"),
        ("DLTB", "QSXZ", "ownership"),
        ("DLTB", "GDLX", "terrace"),
        ("DLTB", "GDPDJB", "slope_class"),
        ("XZYDYH", "CZCSXM", "urban_rural"),
    ],
)
def test_template_fields_name_their_code_lists(role, field, name):
    assert load_standard().templates[role].find_field_by_name(field).codes == name
