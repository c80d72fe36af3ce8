# SPDX-License-Identifier: GPL-2.0-or-later
"""Lengths, aliases and domains that files declare, compared with the templates.

Formats without such declarations are reported as not compared.
"""

import builtins
import dataclasses
import sqlite3
from contextlib import closing

import pytest
from pyproj import CRS

from plugin.core.exchange.create import create_database
from plugin.core.plan.io import read_source
from plugin.core.plan.io.declarations import read_declared_tables
from plugin.core.standard import load_standard
from tests.core import small_plan

gdal = pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
ogr = pytest.importorskip("osgeo.ogr")

STANDARD = load_standard()
TEMPLATES = [STANDARD.templates[role] for role in ("YDYHGHFQ", "DLTB", "YJJBNTBHTB")]
STRUCTURE_RULES = ("SCH004", "SCH006", "SCH007", "SCH008")
SQUARE = "MULTIPOLYGON (((38600000 4380000, 38600100 4380000, 38600100 4380100, 38600000 4380000)))"


@pytest.fixture(params=[".gpkg", ".gdb"])
def database_with_rows(request, tmp_path):
    """Return the path of a database of three layers, each with one row.

    The layers are made from the templates; layers without rows are read differently.
    """
    path = tmp_path / f"规划 库{request.param}"
    create_database(path, TEMPLATES, CRS.from_epsg(4526), code_lists=STANDARD.code_lists)
    opened = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
    for template in TEMPLATES:
        layer = opened.GetLayerByName(template.role)
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(SQUARE))
        feature["BSM"] = "140225000000000001"
        assert layer.CreateFeature(feature) == 0
    del feature, layer, opened
    return path


def check_declarations(path, *rules):
    report = small_plan.check_data(path, rules or STRUCTURE_RULES).report
    incomplete = {r.code: r.reason for r in report.rules if r.incomplete}
    return [(f.code, f.case, f.role, f.field) for f in report.findings], incomplete, report


def test_read_source_returns_declared_lengths_aliases_and_domains(database_with_rows):
    layers = {layer.name: layer for layer in read_source(database_with_rows)}
    for template in TEMPLATES:
        found = {f.name: f for f in layers[template.role].fields}
        assert list(found) == [f.name for f in template.fields]
        for declared in template.fields:
            field = found[declared.name]
            assert field.alias == declared.alias
            assert field.length == (declared.length if declared.type == "text" else None)
            codes = (
                STANDARD.code_lists[declared.codes].get_names_by_written_code(declared.code_pad)
                if declared.codes
                else {}
            )
            assert field.codes == codes, (template.role, declared.name)


def test_database_created_from_templates_passes_the_structure_rules(database_with_rows):
    before = small_plan.hash_files(database_with_rows.parent)
    findings, incomplete, report = check_declarations(database_with_rows)
    assert not findings and not incomplete
    assert {str(r.outcome) for r in report.rules} == {"passed"}
    assert small_plan.hash_files(database_with_rows.parent) == before


ZONE_CODE_LIST = STANDARD.code_lists["planning_zones"]
SHORTER_CODE_LIST = dataclasses.replace(
    ZONE_CODE_LIST, entry_by_code={"300": dataclasses.replace(ZONE_CODE_LIST.entry_by_code["300"], name="农田区")}
)


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
@pytest.mark.parametrize(
    ("field", "change", "found", "words"),
    [
        ("BSM", {"alias": "编号"}, [("SCH006", "")], ["编号", "标识码"]),
        ("BSM", {"alias": ""}, [("SCH006", "empty")], ["BSM", "标识码"]),
        ("BSM", {"length": 16}, [("SCH004", "")], ["16", "18"]),
        ("GHFQDM", {"codes": ""}, [("SCH007", "none")], ["规划分区代码表"]),
        ("GHFQDM", {}, [("SCH007", "lacks"), ("SCH007", "names")], ["27", "300"]),
        ("MJ", {"type": "integer"}, [], []),
        ("MJ", {"type": "text", "length": 15}, [("SCH008", "type")], ["文本", "小数"]),
        ("GHFQMC", {"name": "MINGCHENG"}, [("SCH008", "missing")], ["GHFQMC", "规划分区名称"]),
    ],
)
def test_field_declaration_that_differs_from_the_template_is_reported(tmp_path, suffix, field, change, found, words):
    """Create a database from a changed template; compare it with the original one."""
    path, template = tmp_path / f"库{suffix}", STANDARD.templates["YDYHGHFQ"]
    fields = tuple(dataclasses.replace(f, **change) if f.name == field else f for f in template.fields)
    lists = STANDARD.code_lists | ({} if change else {"planning_zones": SHORTER_CODE_LIST})
    create_database(path, [dataclasses.replace(template, fields=fields)], CRS.from_epsg(4526), code_lists=lists)
    findings, incomplete, report = check_declarations(path)
    assert not incomplete
    assert findings == [(code, case, "YDYHGHFQ", field) for code, case in found]
    sentences = "\n".join(f.message for f in report.findings)
    assert all(word in sentences for word in words), sentences
    # The fields of 用地用海规划分区 and the codes of its zones were not read in a standard.
    assert {str(f.severity) for f in report.findings} <= {"INFO"}


def test_changed_field_order_is_reported(tmp_path):
    path, template = tmp_path / "库.gpkg", STANDARD.templates["DLTB"]
    first, second, *others = template.fields
    create_database(
        path,
        [dataclasses.replace(template, fields=(second, first, *others))],
        CRS.from_epsg(4526),
        code_lists=STANDARD.code_lists,
    )
    findings, incomplete, report = check_declarations(path)
    assert findings == [("SCH008", "order", "DLTB", "YSDM")] and not incomplete
    assert (
        "应为 BSM 的位置为要素代码（YSDM）" in report.findings[0].message
        and str(report.findings[0].severity) == "WARNING"
    )


def test_code_that_the_standard_lists_but_the_database_domain_lacks_gives_a_warning(database_with_rows):
    """Add a code to the county's list that the database does not have yet."""
    from plugin.core.checks.run_check import run_check
    from plugin.core.model.rule import load_all_rules
    from plugin.core.plan.loading.assembly import assemble_plan
    from plugin.core.standard.profile import Norm, Profile
    from plugin.core.standard.template import CodeEntry

    terrace = STANDARD.code_lists["terrace"]
    longer = dataclasses.replace(
        terrace, entry_by_code={**terrace.entry_by_code, "QT": CodeEntry("QT", "其他", "", 1, "B")}
    )
    standard = dataclasses.replace(STANDARD)
    standard.__dict__["code_lists"] = {**STANDARD.code_lists, "terrace": longer}
    norm = Norm(standard, Profile("x", "某县", "140225", "county_db"))
    report = run_check(assemble_plan(read_source(database_with_rows), norm), [load_all_rules()["SCH007"]])
    found = [(f.role, f.field, f.case, f.params["codes"], str(f.severity)) for f in report.findings]
    assert found == [(role, "GDLX", "lacks", "QT", "WARNING") for role in ("DLTB", "YJJBNTBHTB")]


def test_missing_field_aliases_of_a_layer_are_reported_once(tmp_path):
    """Check a file as other programs write it: no aliases, no domains, other lengths."""
    path = small_plan.write_gpkg(tmp_path / "别处.gpkg")
    findings, incomplete, _ = check_declarations(path, "SCH006", "SCH007")
    assert not incomplete
    aliases = [f for f in findings if f[0] == "SCH006"]
    assert len(aliases) == len(small_plan.make_small_plan_layers()) and {case for _, case, _, _ in aliases} == {"none"}
    assert ("SCH007", "none", "DLTB", "DLBM") in findings


def test_shapefile_without_declared_aliases_and_domains_gets_the_verdict_incomplete(tmp_path):
    folder = small_plan.write_shapefiles(tmp_path / "shp", "GBK", {"DLTB": small_plan.make_small_plan_layers()["DLTB"]})
    findings, incomplete, report = check_declarations(folder)
    assert set(incomplete) == {"SCH004", "SCH006", "SCH007"}
    assert {code for code, *_ in findings} <= {"SCH008"}
    assert "shapefile" in small_plan.CHINESE_MESSAGE_TEXTS.get_rule_help(get_rule_outcome("SCH006"))["适用限制"]
    assert all("未比对" in reason and "DLTB" in reason for reason in incomplete.values())
    assert report.summary["verdict"] == "incomplete"


def get_rule_outcome(code):
    from plugin.core.model.rule import load_all_rules

    return load_all_rules()[code]


def test_filegdb_is_reported_as_not_compared_when_osgeo_is_missing(database_with_rows, monkeypatch):
    real = builtins.__import__

    def import_without_osgeo(name, *more, **named):
        if name == "osgeo":
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", import_without_osgeo)
    findings, incomplete, _ = check_declarations(database_with_rows)
    assert not findings
    # A GeoPackage needs no osgeo; a FileGDB is reported as not compared.
    assert set(incomplete) == (set() if database_with_rows.suffix == ".gpkg" else {"SCH004", "SCH006", "SCH007"})


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 and then nothing", "这不是数据库".encode()])
def test_invalid_database_has_no_declarations_and_raises_no_error(tmp_path, content):
    path = tmp_path / "库.gpkg"
    path.write_bytes(content)
    assert read_declared_tables(path) == {} and read_declared_tables(tmp_path / "没有.gpkg") == {}
    folder = tmp_path / "空.gdb"
    folder.mkdir()
    assert read_declared_tables(folder) == {}


def test_geopackage_columns_without_titles_and_codes_without_names_are_read_with_empty_texts(tmp_path):
    """Read columns with a name and no title, and code lists without names.

    The GeoPackage standard allows both.
    """
    path = small_plan.write_gpkg(tmp_path / "别处.gpkg", {"DLTB": small_plan.make_small_plan_layers()["DLTB"]})
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE gpkg_data_columns (table_name, column_name, name, title, constraint_name)")
        base.execute("INSERT INTO gpkg_data_columns VALUES ('DLTB', 'DLBM', '地类编码', NULL, 'kinds')")
        base.execute("CREATE TABLE gpkg_data_column_constraints (constraint_name, constraint_type, value, description)")
        base.execute("INSERT INTO gpkg_data_column_constraints VALUES ('kinds', 'enum', '0103', NULL)")
        base.execute("INSERT INTO gpkg_data_column_constraints VALUES ('kinds', 'glob', '01*', NULL)")
    columns = {c.name: c for c in read_declared_tables(path)["DLTB"].columns}
    assert columns["DLBM"].alias == "地类编码" and columns["DLBM"].codes == {"0103": ""}
    assert columns["BSM"].alias == "" and columns["BSM"].codes == {}
