# SPDX-License-Identifier: GPL-2.0-or-later
"""A field changed in one template changes all outputs of the plugin.

The attribute form is tested in tests/qgis/test_one_field.py.
"""

import csv
import re
import shutil
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from pyproj import CRS

from plugin.core.__main__ import main
from plugin.core.base.errors import DataError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.render.dictionary import render_dictionary
from plugin.core.standard import list_standard_ids, load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.template import load_code_list, load_template
from plugin.paths import STANDARDS_FOLDER
from tests.core import small_plan

OLD_FIELD_TEXT = 'name = "GHFQMC"\nalias = "规划分区名称"\ntype = "text"\nlength = 50\n'
NEW_FIELD_TEXT = 'name = "GUIHUAFENQUMINGCHENG"\nshort = "GHFQMINGCH"\nalias = "分区的名称"\ntype = "text"\nlength = 66\ncodes = "terrace"\n'
STRUCTURE_RULES = ("SCH002", "SCH004", "SCH006", "SCH007", "SCH008")


@pytest.fixture
def changed_standard(tmp_path):
    """Return a folder with a copy of the county standard in which a field is changed."""
    folder = tmp_path / "县 标准"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    file = folder / "templates" / "YDYHGHFQ.toml"
    text = file.read_text(encoding="utf-8").replace('code_name = "GHFQMC"\n', "")
    assert OLD_FIELD_TEXT in text
    file.write_text(text.replace(OLD_FIELD_TEXT, NEW_FIELD_TEXT), encoding="utf-8")
    return folder


def test_field_changed_in_a_template_changes_in_new_databases_rules_dictionary_and_export_names(
    changed_standard, tmp_path
):
    fiona = pytest.importorskip("fiona")
    create = pytest.importorskip("plugin.core.exchange.create")
    pytest.importorskip("osgeo.gdal")
    standard, ours = load_standard(str(changed_standard)), load_standard()
    other = {r for r in ours.templates if standard.templates[r].fields != ours.templates[r].fields}
    # The layer and the classes of yearly maintenance derived from it.
    assert "YDYHGHFQ" in other and {standard.templates[r].base for r in other} == {"", "YDYHGHFQ"} and len(other) == 3
    for suffix in (".gpkg", ".gdb"):
        path = tmp_path / f"库{suffix}"
        create.create_database(
            path, standard.list_templates_of_groups(["zones"]), CRS.from_epsg(4526), code_lists=standard.code_lists
        )
        # Creation.
        with fiona.open(path) as layer:
            properties = dict(layer.schema["properties"])
        assert properties["GUIHUAFENQUMINGCHENG"] == "str:66" and "GHFQMC" not in properties
        # Rules: no finding by this standard, all findings by the unchanged one.
        assert not check_plan(path, RunOptions(standard=str(changed_standard), rules=STRUCTURE_RULES)).report.findings
        found = {(f.code, f.case, f.field) for f in check_plan(path, RunOptions(rules=STRUCTURE_RULES)).report.findings}
        assert found == {("SCH008", "missing", "GHFQMC")}
    path = tmp_path / "旧库.gpkg"
    create.create_database(
        path, ours.list_templates_of_groups(["zones"]), CRS.from_epsg(4526), code_lists=ours.code_lists
    )
    found = {
        (f.code, f.field)
        for f in check_plan(path, RunOptions(standard=str(changed_standard), rules=STRUCTURE_RULES)).report.findings
    }
    assert found == {("SCH008", "GUIHUAFENQUMINGCHENG")}
    # Dictionary.
    book = render_dictionary(standard)
    own = book.split('<section id="layer-YDYHGHFQ">')[1].split("</section>")[0]
    row = next(r for r in own.split("<tr>") if "GUIHUAFENQUMINGCHENG" in r)
    assert all(word in row for word in ("分区的名称", ">66<", "codes-terrace", "GHFQMINGCH")) and "GHFQMC" not in own
    # Export name.
    names = standard.templates["YDYHGHFQ"].shapefile_name_by_field
    assert list(names.values()) == ["BSM", "YSDM", "XZQDM", "XZQMC", "GHFQDM", "GHFQMINGCH", "MJ", "BZ"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ('alias = "分区名"', [("SCH006", "分区名")]),
        ("length = 51", [("SCH004", "51")]),
        ('codes = "terrace"', [("SCH007", "梯田类型代码表")]),
    ],
)
def test_database_that_differs_from_a_changed_template_key_is_reported(tmp_path, change, found):
    """Check a database made before the template changed."""
    create = pytest.importorskip("plugin.core.exchange.create")
    pytest.importorskip("osgeo.gdal")
    folder = tmp_path / "标准"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    ours = load_standard()
    path = tmp_path / "库.gdb"
    create.create_database(
        path, ours.list_templates_of_groups(["zones"]), CRS.from_epsg(4526), code_lists=ours.code_lists
    )
    file = folder / "templates" / "YDYHGHFQ.toml"
    key = change.split(" = ")[0]
    lines = [line for line in OLD_FIELD_TEXT.splitlines() if not line.startswith(f"{key} = ")]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(OLD_FIELD_TEXT, "\n".join([*lines, change, ""])), encoding="utf-8")
    findings = check_plan(path, RunOptions(standard=str(folder), rules=STRUCTURE_RULES)).report.findings
    assert [f.code for f in findings] == [code for code, _ in found]
    assert all(word in f.message and f.field == "GHFQMC" for f, (_, word) in zip(findings, found, strict=True))


TEMPLATE_HEAD = (
    'role = "TEST"\nname = "试"\nname_mark = "B"\ngeometry = "polygon"\noverlap = "never"\nconstraint = "O"\n'
    'fields_mark = "B"\nsource = "S"\n'
)


def format_template_fields(*rows):
    return TEMPLATE_HEAD + "".join(f'[[field]]\ntype = "text"\nmark = "B"\n{row}\n' for row in rows)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (format_template_fields('name = "BSM"\nalias = "标识码"\nlength = "18"'), ["field[1].length", "'18'", "int"]),
        (format_template_fields('name = "BSM"\nalias = "标识码"\npersonal = 1'), ["field[1].personal", "bool"]),
        (
            format_template_fields('name = "BSM"\nalias = "标识码"\nconstraint = "必选"'),
            ["field[1].constraint", "必选", "M, C, O"],
        ),
        (
            format_template_fields('name = "BSM"\nalias = "标识码"\nshort = "BIAOSHIMA_18"'),
            ["field[1].short", "BIAOSHIMA_18", "10"],
        ),
        (format_template_fields('name = "BSM"\nalias = "标识码"\nshort = "1 号"'), ["field[1].short", "1 号"]),
        (
            format_template_fields(
                'name = "A"\nalias = "甲"\nshort = "GHFQ"', 'name = "B"\nalias = "乙"\nshort = "ghfq"'
            ),
            ["field.short", "GHFQ"],
        ),
        (format_template_fields('name = "BSM"\nalias = "甲"', 'name = "bsm"\nalias = "乙"'), ["field.name", "BSM"]),
        (
            TEMPLATE_HEAD + '[[field]]\nname = "MJ"\nalias = "面积"\ntype = "real"\nmark = "B"\ndefault = "无"',
            ["default", "real"],
        ),
        (TEMPLATE_HEAD + '[field]\nname = "MJ"\n', ["field", "list"]),
        (TEMPLATE_HEAD + '[[field]\nname = "MJ"\n', ["第 9 行"]),
        (TEMPLATE_HEAD + 'name = "二"\n', ["第 9 行"]),
        (TEMPLATE_HEAD.replace('"S"', '"S'), ["第 8 行"]),
        (TEMPLATE_HEAD + "[[field", ["第 9 行"]),
        (TEMPLATE_HEAD.encode("gbk"), ["UTF-8"]),
    ],
)
def test_template_with_an_invalid_field_is_refused(tmp_path, text, words):
    path = tmp_path / "TEST.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        load_template(path)
    message = Texts("zh").explain_error(caught.value)
    assert "TEST.toml" in message and all(word in message for word in words), message


random_field_names = st.text("ABcd_1永久基本", min_size=1, max_size=14).map(lambda text: f"A{text}")


@given(st.lists(st.tuples(random_field_names, st.booleans()), max_size=30, unique_by=lambda row: row[0].upper()))
def test_shapefile_field_names_of_random_fields_are_unique_and_stable(rows):
    """Require names of at most ten bytes, unique, and unchanged if they fit."""
    template = load_standard().templates["DLTB"]
    shorts = {name: f"S{n}" for n, (name, short) in enumerate(rows) if short}
    made = tuple(replace(template.fields[0], name=name, short=shorts.get(name, "")) for name, _ in rows)
    found = replace(template, fields=made).shapefile_name_by_field
    assert list(found) == [name for name, _ in rows]
    assert all(0 < len(short.encode()) <= 10 for short in found.values())
    assert len({short.upper() for short in found.values()}) == len(found)
    for name, short in found.items():
        assert short == shorts.get(name, short)
        assert len(name.encode()) > 10 or name in shorts or short == name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('codes = "planning_zones"', 'codes = "zonen"'), ["YDYHGHFQ", "GHFQDM", "zonen", "planning_zones"]),
        (('code_name = "GHFQMC"', 'code_name = "FQMC"'), ["YDYHGHFQ", "GHFQDM", "FQMC"]),
        (('code_name = "GHFQMC"', 'code_name = "GHFQMC"\ndefault = "999"'), ["GHFQDM", "999", "planning_zones"]),
    ],
)
def test_template_that_refers_to_unknown_names_is_refused(tmp_path, change, words):
    folder = tmp_path / "标准"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    file = folder / "templates" / "YDYHGHFQ.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        _ = load_standard(str(folder)).templates
    message = Texts("zh").explain_error(caught.value)
    assert all(word in message for word in words), message


def test_default_value_of_a_template_field_is_written_to_the_database(tmp_path):
    create = pytest.importorskip("plugin.core.exchange.create")
    gdal = pytest.importorskip("osgeo.gdal")
    folder = tmp_path / "标准"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    file = folder / "templates" / "YDYHGHFQ.toml"
    text = file.read_text(encoding="utf-8").replace('code_name = "GHFQMC"', 'code_name = "GHFQMC"\ndefault = "300"')
    file.write_text(text.replace('meaning = "area"', 'meaning = "area"\ndefault = "0.5"'), encoding="utf-8")
    standard = load_standard(str(folder))
    path = tmp_path / "库.gpkg"
    create.create_database(
        path, standard.list_templates_of_groups(["zones"]), CRS.from_epsg(4526), code_lists=standard.code_lists
    )
    opened = gdal.OpenEx(str(path))
    definition = opened.GetLayer(0).GetLayerDefn()
    held = {definition.GetFieldDefn(n).GetName(): definition.GetFieldDefn(n).GetDefault() for n in range(8)}
    assert held["GHFQDM"] == "'300'" and held["MJ"] == "0.5" and held["YSDM"] == "'2090020610'" and held["BZ"] is None


TEMPLATE_FILE, CODE_LIST_FILE, STANDARD_FILE = "templates/YDYHGHFQ.toml", "codelists/land_use_2023.csv", "standard.toml"
STANDARD_ERRORS = [
    pytest.param(
        TEMPLATE_FILE, ('role = "YDYHGHFQ"', 'role = "YDYHGHFQ'), ["YDYHGHFQ.toml", "第 1 行"], id="quote not closed"
    ),
    pytest.param(TEMPLATE_FILE, ("[[field]]", "[[field]"), ["YDYHGHFQ.toml", "第 "], id="bracket not closed"),
    pytest.param(
        TEMPLATE_FILE, ('type = "text"', 'type = "Char"'), ["YDYHGHFQ.toml", "field[1].type", "Char"], id="type"
    ),
    pytest.param(
        TEMPLATE_FILE, ("length = 18", 'lenght = "18"'), ["YDYHGHFQ.toml", "field[1].lenght"], id="key misspelt"
    ),
    pytest.param(
        TEMPLATE_FILE, ("length = 18", 'length = "18"'), ["YDYHGHFQ.toml", "field[1].length", "int"], id="kind"
    ),
    pytest.param(TEMPLATE_FILE, ('"planning_zones"', '"zonen"'), ["YDYHGHFQ", "GHFQDM", "zonen"], id="list missing"),
    pytest.param(
        CODE_LIST_FILE,
        ("0102,水浇地,01,2", "0101,水浇地,01,2"),
        ["land_use_2023.csv", "第 4 行", "水田"],
        id="two names",
    ),
    pytest.param(
        CODE_LIST_FILE, ("0102,水浇地,01,2", "0102,水浇地,99,2"), ["land_use_2023.csv", "第 4 行", "99"], id="no parent"
    ),
    pytest.param(CODE_LIST_FILE, ("0102,水浇地", "0102,"), ["land_use_2023.csv", "第 4 行", "name"], id="blank name"),
    pytest.param(CODE_LIST_FILE, ("code,name", "code,title"), ["land_use_2023.csv", "第 1 行", "name"], id="head"),
    pytest.param(CODE_LIST_FILE, ("0102,水浇地", '"0102,水浇地'), ["land_use_2023.csv", "引号"], id="quotes"),
    pytest.param(STANDARD_FILE, ("[groups.zones]", "[groups.zones"), ["standard.toml", "第 "], id="standard"),
    pytest.param(
        STANDARD_FILE, ('"YDYHGHFQ",', '"YDYHGHF",'), ["standard.toml", "groups.zones.roles", "YDYHGHF"], id="group"
    ),
]


@pytest.mark.parametrize(("file", "error", "words"), STANDARD_ERRORS)
def test_error_in_a_file_of_a_standard_is_printed_in_one_line_and_the_check_exits_with_code_two(
    tmp_path, capsys, file, error, words
):
    folder = tmp_path / "标准"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    path = folder / file
    # A list that all editions share may be replaced.
    original = path if path.exists() else STANDARDS_FOLDER / "common-2021" / file
    text = original.read_text(encoding="utf-8")
    assert error[0] in text
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(*error, 1), encoding="utf-8")
    source = small_plan.write_gpkg(tmp_path / "县.gpkg", {"DLTB": small_plan.make_small_plan_layers()["DLTB"]})
    before = small_plan.hash_files(tmp_path)
    report = tmp_path / "r.json"
    assert main(["check", str(source), "--standard", str(folder), "--json", str(report)]) == 2
    out, err = capsys.readouterr()
    assert not out and len(err.strip().splitlines()) == 1 and "Traceback" not in err
    assert all(word in err for word in words), err
    assert small_plan.hash_files(tmp_path) == before


def test_code_list_of_a_custom_standard_replaces_the_shipped_one(tmp_path):
    """Use a standard that has only a longer code list, saved by Excel as GBK."""
    ours = load_standard()
    folder = tmp_path / "本县"
    (folder / "codelists").mkdir(parents=True)
    (folder / "standard.toml").write_text(
        'id = "own"\nedition = "1"\nname = "本县"\nincludes = ["county_db"]\n', encoding="utf-8"
    )
    path = next(STANDARDS_FOLDER.glob("*/codelists/planning_zones.csv"))
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n") + "710,能源基地,700,2,C\r\n"
    (folder / "codelists" / "planning_zones.csv").write_bytes(text.encode("gbk"))
    standard = load_standard(str(folder))
    assert standard.code_lists["planning_zones"].list_code_and_parents("710") == ("710", "700")
    assert "710" not in ours.code_lists["planning_zones"].entry_by_code
    assert standard.templates["YDYHGHFQ"] == ours.templates["YDYHGHFQ"]
    create = pytest.importorskip("plugin.core.exchange.create")
    pytest.importorskip("osgeo.gdal")
    from pyproj import CRS

    from plugin.core.plan.io.declarations import read_declared_tables

    target = tmp_path / "库.gdb"
    create.create_database(
        target, standard.list_templates_of_groups(["zones"]), CRS.from_epsg(4526), code_lists=standard.code_lists
    )
    codes = {c.name: c.codes for c in read_declared_tables(target)["YDYHGHFQ"].columns}["GHFQDM"]
    assert codes["710"] == "能源基地" and len(codes) == len(ours.code_lists["planning_zones"].entry_by_code) + 1


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
    assert sum(c.level == 3 for c in lists["divisions"].entry_by_code.values()) == 2851
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
