# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of attribute structures read into layer templates, without guessing."""

import openpyxl
import pytest

from plugin.core.__main__ import main
from plugin.core.base.errors import DataError
from plugin.core.exchange.structure_table import read_structure, write_template_files
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.template import load_template

STANDARD = load_standard("county_db")
COLUMN_HEADS = ["图层代码", "字段代码", "字段名称", "字段类型", "字段长度", "小数位数", "值域", "约束条件"]
STRUCTURE_ROWS = [
    ["DLTB", "BSM", "标识码", "Char", 18, None, None, "M"],
    ["DLTB", "DLBM", "地类编码", "Char", "5", None, "三调地类代码表", "M"],
    ["DLTB", "TBMJ", '图斑"面积"', "Double", "15,2", None, ">0", "O"],
    ["DLTB", "SJNF", "数据年份", "Int", 4.0, None, "—", None],
    ["STBHHX", "HDRQ", "划定日期", "日期型", None, None, None, "C"],
]


def write_structure_workbook(path, rows, head=COLUMN_HEADS, title="表 1", above=(), merge=()):
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = title
    for row in [*above, head, *rows]:
        sheet.append(list(row))
    for cells in merge:
        sheet.merge_cells(cells)
    made.create_sheet("说明").append(["这一页不是表"])
    made.save(path)
    return path


@pytest.fixture
def structure_workbook_path(tmp_path):
    return tmp_path / "属性 结构.xlsx"


def test_templates_made_from_a_structure_table_have_its_fields_and_load_from_their_files(
    structure_workbook_path, tmp_path
):
    title = [["属性结构描述表"], []]
    found = read_structure(
        write_structure_workbook(structure_workbook_path, STRUCTURE_ROWS, above=title, merge=["A1:H1"]), STANDARD
    )
    assert list(found.template_by_layer_code) == ["DLTB", "STBHHX"]
    dltb = found.template_by_layer_code["DLTB"]
    assert (dltb.name, dltb.geometry, dltb.overlap, dltb.fields_mark) == ("地类图斑", "polygon", "never", "C")
    properties = [
        (f.name, f.alias, f.type, f.length, f.decimals, f.codes, f.constraint, f.meaning) for f in dltb.fields
    ]
    assert properties == [
        ("BSM", "标识码", "text", 18, None, "", "M", "key"),
        ("DLBM", "地类编码", "text", 5, None, "sandiao", "M", "land_use"),
        ("TBMJ", '图斑"面积"', "real", 15, 2, "", "O", "gross_area"),
        ("SJNF", "数据年份", "integer", 4, None, "", "", "data_year"),
    ]
    assert [(n.sheet_name, n.row_number, n.domain_name) for n in found.unknown_domains] == [("表 1", 6, ">0")]
    written = write_template_files(found, tmp_path / "模板")
    assert [load_template(p, STANDARD.id) for p in written] == list(found.template_by_layer_code.values())


def test_type_column_of_a_structure_table_may_contain_lengths(structure_workbook_path):
    head = ["图层", "字段", "名称", "类型", "短名"]
    rows = [
        ["DLTB", "BSM", "标识码", "Char(18)", None],
        ["DLTB", "GUIHUAFENQUMC", "分区名称", "VARCHAR2（100）", "GHFQMINGCH"],
        ["DLTB", "MJ", "面积", "Double(15,2)", None],
    ]
    template = read_structure(
        write_structure_workbook(structure_workbook_path, rows, head=head), STANDARD
    ).template_by_layer_code["DLTB"]
    assert [(f.type, f.length, f.decimals) for f in template.fields] == [
        ("text", 18, None),
        ("text", 100, None),
        ("real", 15, 2),
    ]
    assert list(template.shapefile_name_by_field.values()) == ["BSM", "GHFQMINGCH", "MJ"]
    # The group of the layer in a FileGDB comes from the standard.
    assert template.group == STANDARD.templates["DLTB"].group != ""


def test_sheet_name_is_the_layer_name_when_there_is_no_layer_column(structure_workbook_path):
    rows = [["BSM", "标识码", "text"]]
    found = read_structure(
        write_structure_workbook(structure_workbook_path, rows, head=["field", "name", "type"], title="czkfbj"),
        STANDARD,
    )
    assert found.template_by_layer_code["CZKFBJ"].fields[0].length is None


def test_layer_outside_the_standard_needs_a_geometry_type(structure_workbook_path):
    head = [*COLUMN_HEADS, "几何特征", "图层名称"]
    row = ["XJTC", "BSM", "标识码", "Char", 18, None, None, "M"]
    made = read_structure(
        write_structure_workbook(structure_workbook_path, [[*row, "线（Line）", "新图层"]], head=head), STANDARD
    ).template_by_layer_code["XJTC"]
    assert (made.name, made.geometry, made.overlap) == ("新图层", "line", "allowed")
    with pytest.raises(DataError) as error:
        read_structure(write_structure_workbook(structure_workbook_path, [row]), STANDARD)
    assert error.value.key == "structure_geometry"


VALID_ROW = STRUCTURE_ROWS[0]
INVALID_WORKBOOKS = [
    ({"rows": [VALID_ROW], "merge": ["A2:A3"]}, "structure_merged", 2),
    ({"rows": [VALID_ROW], "merge": ["B1:C1"]}, "structure_no_column", 1),
    ({"rows": [VALID_ROW], "merge": ["G1:H1"]}, "structure_merged", 1),
    ({"rows": [["DLTB", "BSM", "标识码"]], "head": ["图层代码", "字段代码", "字段名称"]}, "structure_no_column", 1),
    ({"rows": [VALID_ROW, [None, *VALID_ROW[1:]]]}, "structure_blank", 3),
    ({"rows": [["DLTB", "BSM", None, "Char"]]}, "structure_blank", 2),
    ({"rows": [["DLTB", "BSM", "标识码", "Blob"]]}, "structure_value", 2),
    ({"rows": [["DLTB", "BSM", "标识码", "Char", 15.2]]}, "structure_value", 2),
    ({"rows": [["../X", "BSM", "标识码", "Char", 15]]}, "structure_value", 2),
    ({"rows": [["DLTB", "B SM", "标识码", "Char", 15]]}, "structure_value", 2),
    ({"rows": [VALID_ROW, ["DLTB", "bsm", "又一个", "Char"]]}, "structure_repeated", 3),
    ({"rows": [VALID_ROW, ["DLTB", "BM", "标识码", "Char"]]}, "structure_repeated", 3),
    ({"rows": [["DLTB", "BSM", "标识码", "Char", 18, None, None, "必须"]]}, "structure_value", 2),
    ({"rows": []}, "structure_empty", None),
    ({"rows": [VALID_ROW], "head": ["甲", "乙"]}, "structure_no_head", None),
]


@pytest.mark.parametrize(
    ("made", "key", "row"), INVALID_WORKBOOKS, ids=[f"{k}-{n}" for n, (_, k, _) in enumerate(INVALID_WORKBOOKS)]
)
def test_structure_table_error_states_file_sheet_and_row(made, key, row, structure_workbook_path):
    with pytest.raises(DataError) as error:
        read_structure(write_structure_workbook(structure_workbook_path, **made), STANDARD)
    assert (error.value.key, error.value.params.get("row")) == (key, row)
    for lang in ("zh", "en"):
        message = Texts(lang).explain_error(error.value)
        assert structure_workbook_path.name in message and (row is None or ("表 1" in message and str(row) in message))


def test_structure_command_writes_all_templates_or_none_if_one_of_their_files_exists(
    structure_workbook_path, tmp_path, capsys
):
    write_structure_workbook(structure_workbook_path, STRUCTURE_ROWS)
    folder = tmp_path / "模板"
    assert main(["structure", str(structure_workbook_path), "--output", str(folder)]) == 0
    assert sorted(p.name for p in folder.iterdir()) == ["DLTB.toml", "STBHHX.toml"]
    assert "值域“>0”" in capsys.readouterr().out
    (folder / "DLTB.toml").unlink()
    assert main(["structure", str(structure_workbook_path), "--output", str(folder)]) == 2
    assert "STBHHX.toml" in capsys.readouterr().err
    assert [p.name for p in folder.iterdir()] == ["STBHHX.toml"]
