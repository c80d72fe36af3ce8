# SPDX-License-Identifier: GPL-2.0-or-later
"""A field changed in one template changes all outputs of the plugin.

The attribute form is tested in tests/qgis/test_one_field.py.
"""

import shutil
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from plugin.core.check import RunOptions, check_plan
from plugin.core.errors import DataError
from plugin.core.messages.texts import Texts
from plugin.core.render.dictionary import render_dictionary
from plugin.core.standard import load_standard
from plugin.core.standard.template import load_template
from plugin.paths import STANDARDS_FOLDER

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
    ],
)
def test_template_with_an_invalid_field_is_refused(tmp_path, text, words):
    path = tmp_path / "TEST.toml"
    path.write_text(text, encoding="utf-8")
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


def test_template_saved_in_gbk_is_refused(tmp_path):
    path = tmp_path / "TEST.toml"
    path.write_bytes(TEMPLATE_HEAD.encode("gbk"))
    with pytest.raises(DataError) as caught:
        load_template(path)
    message = Texts("zh").explain_error(caught.value)
    assert "TEST.toml" in message and "UTF-8" in message


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
