# SPDX-License-Identifier: GPL-2.0-or-later
"""Empty databases created from templates, read back by fiona and osgeo.

Existing files are never damaged.
"""

import dataclasses
import hashlib
import os
import sqlite3

import pytest
from pyproj import CRS

from plugin.core.base.errors import Cancellation, Cancelled, DataError, InputError, OutputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.exchange import create, gdal_setup, schema
from plugin.core.standard import list_standard_ids, load_standard
from plugin.core.standard.divisions import check_county_in_crs_zone, find_county, find_default_crs, require_drawable_crs
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.template import CodeList
from tests.core.file_permissions import enforce_file_permissions
from tests.core.gdal_switch import gdal_raises

pytestmark = pytest.mark.slow  # it writes and reads whole databases

gdal = pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
ogr = pytest.importorskip("osgeo.ogr")
fiona = pytest.importorskip("fiona")

ZONE_38 = CRS.from_epsg(4526)
STANDARD = load_standard()
ALL_TEMPLATES = STANDARD.list_templates_of_groups(["all", "maintenance"])
DATABASE_SUFFIXES = (".gpkg", ".gdb")
#: What fiona calls the types of the stated type maps.
FIONA_TYPE_BY_OGR_TYPE = {
    "String": "str",
    "Integer": "int32",
    "Integer64": "int",
    "Real": "float",
    "Date": "date",
    "DateTime": "datetime",
}
EXAMPLE_TEMPLATES = [STANDARD.templates[role] for role in ("YDYHGHFQ", "DLTB", "STBHHX")]


def create_layers(path, templates=ALL_TEMPLATES, crs=ZONE_38, lists=None, **more):
    """Create a database of some templates, by default of all."""
    return create.create_database(path, templates, crs, code_lists=lists or STANDARD.code_lists, **more)


def digest_files(path):
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [(p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files]


def has_only_files(folder, *names):
    """Return True if a folder has exactly these entries."""
    return {p.name for p in folder.iterdir()} == set(names)


@pytest.fixture(scope="module", params=DATABASE_SUFFIXES)
def database_of_all_layers(request, tmp_path_factory):
    """Return the path of a new database of every layer, once in each file format."""
    path = tmp_path_factory.mktemp("浑源 县") / f"规划 库{request.param}"
    made = create_layers(path)
    assert list(made.created_names) == [t.role for t in ALL_TEMPLATES] and not made.existing_names
    return path


def open_with_osgeo(path, update=False):
    return gdal.OpenEx(str(path), gdal.OF_VECTOR | (gdal.OF_UPDATE if update else 0))


@pytest.mark.parametrize("suffix", DATABASE_SUFFIXES)
def test_each_layer_of_a_new_database_has_the_geometry_fields_and_types_of_its_template(tmp_path, suffix):
    """Compare fields with the template for a few layers per file.

    Opening one layer makes the driver read all layers, which is slow.
    """
    for first in range(0, len(ALL_TEMPLATES), 16):
        path = tmp_path / f"库{first}{suffix}"
        create_layers(path, ALL_TEMPLATES[first : first + 16])
        for template in ALL_TEMPLATES[first : first + 16]:
            assert_layer_matches_template(path, template)


def assert_layer_matches_template(path, template):
    form = schema.find_database_format(path)
    with fiona.open(path, layer=template.role) as layer:
        assert layer.crs.to_epsg() == 4526 and len(layer) == 0
        assert layer.schema["geometry"] == schema.OGR_GEOMETRY_TYPES[template.geometry]
        wanted = {}
        for declared in template.fields:
            long = declared.type == "integer" and (declared.length or 0) > 9
            kind = FIONA_TYPE_BY_OGR_TYPE[form.ogr_types["long" if long else declared.type]]
            wanted[declared.name] = f"str:{declared.length}" if kind == "str" and declared.length else kind
        assert dict(layer.schema["properties"]) == wanted, template.role
        assert list(layer.schema["properties"]) == [f.name for f in template.fields]


def test_new_database_has_every_layer_in_one_file(database_of_all_layers):
    assert set(fiona.listlayers(database_of_all_layers)) == set(STANDARD.templates)
    assert_layer_matches_template(database_of_all_layers, EXAMPLE_TEMPLATES[0])


def test_new_database_has_code_domains_and_field_constraints(database_of_all_layers):
    database = open_with_osgeo(database_of_all_layers)
    seen = 0
    for template in ALL_TEMPLATES:
        definition = database.GetLayerByName(template.role).GetLayerDefn()
        for declared in template.fields:
            column = definition.GetFieldDefn(definition.GetFieldIndex(declared.name))
            assert column.IsNullable() == (declared.constraint != "M")
            if declared.meaning == "feature_code" and template.feature_code:
                assert column.GetDefault() == f"'{template.feature_code}'"
            if not declared.codes:
                assert not column.GetDomainName()
                continue
            seen += 1
            domain = database.GetFieldDomain(column.GetDomainName()).GetEnumeration()
            codes = STANDARD.code_lists[declared.codes].entry_by_code
            # GDAL returns the codes of a GeoPackage in a different order.
            assert sorted(domain.values()) == sorted(c.name for c in codes.values())
            assert all(len(code) <= declared.length for code in domain), (template.role, declared.name)
            if declared.code_pad:
                assert {len(code) for code in domain} == {declared.code_pad}
    assert seen > 20


def test_new_database_has_chinese_layer_and_field_names(database_of_all_layers):
    database = open_with_osgeo(database_of_all_layers)
    for template in ALL_TEMPLATES:
        layer = database.GetLayerByName(template.role)
        if database_of_all_layers.suffix == ".gpkg":
            # Identifiers must be unique; the description is always the name itself.
            assert layer.GetMetadataItem("IDENTIFIER") in (template.name, f"{template.name} {template.role}")
            assert layer.GetMetadataItem("DESCRIPTION") == template.name
        else:
            definition = layer.GetLayerDefn()
            aliases = [definition.GetFieldDefn(n).GetAlternativeName() for n in range(definition.GetFieldCount())]
            assert aliases == [f.alias for f in template.fields]
    if database_of_all_layers.suffix == ".gpkg":
        with sqlite3.connect(database_of_all_layers) as reader:
            titles = reader.execute("SELECT table_name, column_name, title FROM gpkg_data_columns").fetchall()
            rtrees = reader.execute("SELECT COUNT(*) FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'")
            assert rtrees.fetchone() == (len(ALL_TEMPLATES),)
            assert reader.execute("PRAGMA user_version").fetchone() == (10200,)
        assert set(titles) == {(t.role, f.name, f.alias) for t in ALL_TEMPLATES for f in t.fields}


def test_new_filegdb_has_feature_datasets_and_layer_aliases(tmp_path):
    path = tmp_path / "库.gdb"
    create_layers(path)
    database = open_with_osgeo(path)
    root = database.GetRootGroup()
    datasets = {name: set(root.OpenGroup(name).GetVectorLayerNames()) for name in root.GetGroupNames()}
    assert datasets["中心城区"] == {t.role for t in ALL_TEMPLATES if t.group == "中心城区"}
    assert datasets["三区三线封库_下发数据"] == {t.role for t in ALL_TEMPLATES if t.group == "三区三线封库/下发数据"}
    import pyogrio

    assert pyogrio.read_info(path, layer="YDYHGHFQ")["layer_metadata"]["ALIAS_NAME"] == "用地用海规划分区"


@pytest.mark.parametrize("suffix", DATABASE_SUFFIXES)
@pytest.mark.parametrize("code", [4490, 4526, 4547], ids=["degrees", "prefixed", "without prefix"])
def test_database_can_be_created_in_every_crs_that_plans_may_use(tmp_path, suffix, code):
    path = tmp_path / f"库{suffix}"
    create_layers(path, EXAMPLE_TEMPLATES, CRS.from_epsg(code))
    for name in fiona.listlayers(path):
        with fiona.open(path, layer=name) as layer:
            assert layer.crs.to_epsg() == code


STRUCTURE_RULES = ("SCH001", "SCH002", "SCH003", "SCH004", "SCH005", "SCH006", "SCH007", "SCH008")


def test_new_database_of_all_layers_passes_every_structure_rule(database_of_all_layers):
    """Run every structure rule, including rules that are disabled by default."""
    checked = check_plan(database_of_all_layers, RunOptions(rules=STRUCTURE_RULES, scope="county"))
    assert not checked.report.findings, [(f.code, f.case, f.role, f.field) for f in checked.report.findings]
    assert set(checked.plan.layers) == set(STANDARD.templates)
    outcomes = {r.code: (str(r.outcome), r.reason) for r in checked.report.rules}
    # The missing features are reported; lengths, aliases and domains were all read.
    assert outcomes.pop("SCH001") == (
        "skipped",
        Texts("zh").format_reason("nothing_drawn", {"count": len(ALL_TEMPLATES)}),
    )
    assert outcomes.pop("SCH005")[0] == "not_applicable"
    assert {state for state, _ in outcomes.values()} == {"passed"}, outcomes


@pytest.mark.parametrize("suffix", DATABASE_SUFFIXES)
@pytest.mark.parametrize(
    ("error", "words", "more"),
    [
        (OutputError, ("已存在", "add", "replace"), {}),
        (InputError, ("YDYHGHFQ", "EPSG:4526", "EPSG:4525"), {"crs": CRS.from_epsg(4525), "existing": "add"}),
    ],
    ids=["without add or replace", "in another crs"],
)
def test_existing_database_is_refused_and_unchanged(tmp_path, suffix, error, words, more):
    path = tmp_path / f"库{suffix}"
    create_layers(path, EXAMPLE_TEMPLATES[:1])
    before = digest_files(path)
    with pytest.raises(error) as caught:
        create_layers(path, EXAMPLE_TEMPLATES, **more)
    message = Texts("zh").explain_error(caught.value)
    assert all(word in message for word in words)
    assert digest_files(path) == before and has_only_files(tmp_path, path.name)


def write_one_row(path, name):
    layer = (database := open_with_osgeo(path, update=True)).GetLayerByName(name)
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(
        ogr.CreateGeometryFromWkt(
            "MULTIPOLYGON (((38600000 4380000, 38600100 4380000, 38600100 4380100, 38600000 4380000)))"
        )
    )
    feature["BSM"] = "140225000000000001"
    assert layer.CreateFeature(feature) == 0
    del feature, layer, database


def read_rows(path, name):
    """Return the attributes of a layer's rows, read by fiona."""
    with fiona.open(path, layer=name) as layer:
        return [dict(row["properties"]) for row in layer]


@pytest.mark.parametrize("suffix", DATABASE_SUFFIXES)
def test_adding_layers_to_a_database_creates_only_the_missing_ones(tmp_path, suffix):
    path, more = tmp_path / f"库{suffix}", STANDARD.list_templates_of_groups(["zones", "heritage"])
    create_layers(path, EXAMPLE_TEMPLATES[:1])
    write_one_row(path, "YDYHGHFQ")
    before = read_rows(path, "YDYHGHFQ")
    made = create_layers(path, more, existing="add")
    assert made.existing_names == ("YDYHGHFQ",) and set(made.created_names) == {t.role for t in more} - {"YDYHGHFQ"}
    assert set(fiona.listlayers(path)) == {t.role for t in more}
    assert read_rows(path, "YDYHGHFQ") == before and len(before) == 1
    assert has_only_files(tmp_path, path.name)
    state = digest_files(path)
    assert not create_layers(path, more, existing="add").created_names and digest_files(path) == state


@pytest.mark.parametrize("suffix", DATABASE_SUFFIXES)
def test_adding_layers_with_a_longer_code_list_leaves_the_domain_of_the_database_unchanged(tmp_path, suffix):
    path = tmp_path / f"库{suffix}"
    create_layers(path, EXAMPLE_TEMPLATES[:1])
    zones = STANDARD.code_lists["planning_zones"]
    longer = CodeList(
        zones.id,
        {**zones.entry_by_code, "990": dataclasses.replace(zones.entry_by_code["100"], code="990", name="新区")},
    )
    create_layers(
        path,
        [*EXAMPLE_TEMPLATES[:1], STANDARD.templates["GHFQ"]],
        existing="add",
        lists={**STANDARD.code_lists, zones.id: longer},
    )
    database = open_with_osgeo(path)
    domains = {}
    for role in ("YDYHGHFQ", "GHFQ"):
        definition = database.GetLayerByName(role).GetLayerDefn()
        name = definition.GetFieldDefn(definition.GetFieldIndex("GHFQDM")).GetDomainName()
        domains[role] = database.GetFieldDomain(name).GetEnumeration()
    assert "990" in domains["GHFQ"] and "990" not in domains["YDYHGHFQ"]


@pytest.mark.parametrize("suffix", DATABASE_SUFFIXES)
def test_replacing_a_database_keeps_no_old_layers_or_rows(tmp_path, suffix):
    path = tmp_path / f"库{suffix}"
    create_layers(path, EXAMPLE_TEMPLATES)
    write_one_row(path, "DLTB")
    create_layers(path, EXAMPLE_TEMPLATES[1:], existing="replace")
    assert set(fiona.listlayers(path)) == {"DLTB", "STBHHX"} and not read_rows(path, "DLTB")
    assert has_only_files(tmp_path, path.name)


@pytest.mark.parametrize("existing", ["add", "replace"])
def test_locked_filegdb_is_refused_and_unchanged(tmp_path, existing):
    path = tmp_path / "库.gdb"
    create_layers(path, EXAMPLE_TEMPLATES[:1])
    (path / "_gdb.PC.1234.5678.sr.lock").touch()
    before = digest_files(path)
    with pytest.raises(OutputError) as caught:
        create_layers(path, EXAMPLE_TEMPLATES, existing=existing)
    message = Texts("zh").explain_error(caught.value)
    assert "sr.lock" in message and "未改动" in message
    assert digest_files(path) == before and has_only_files(tmp_path, path.name)


@pytest.mark.parametrize("existing", ["add", "replace"])
def test_geopackage_being_written_by_another_program_is_unchanged(tmp_path, existing):
    path = tmp_path / "库.gpkg"
    create_layers(path, EXAMPLE_TEMPLATES[:1])
    before = digest_files(path)
    other = sqlite3.connect(path)
    try:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OutputError) as caught:
            create_layers(path, EXAMPLE_TEMPLATES, existing=existing)
    finally:
        other.rollback()
        other.close()
    assert caught.value.key == "output_open_elsewhere"
    assert digest_files(path) == before and has_only_files(tmp_path, path.name)


def test_adding_to_an_invalid_database_is_refused(tmp_path):
    path = tmp_path / "库.gpkg"
    path.write_text("这不是数据库")
    with pytest.raises(InputError) as caught:
        create_layers(path, EXAMPLE_TEMPLATES, existing="add")
    assert caught.value.key == "source_not_gis" and path.read_text() == "这不是数据库"
    create_layers(path, EXAMPLE_TEMPLATES, existing="replace")
    assert len(fiona.listlayers(path)) == 3


def test_unsupported_database_format_is_refused(tmp_path):
    with pytest.raises(OutputError) as caught:
        create_layers(tmp_path / "库.shp", EXAMPLE_TEMPLATES)
    assert ".gpkg .gdb" in Texts("zh").explain_error(caught.value) and has_only_files(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="permissions differ on Windows")
def test_creating_a_database_in_an_unwritable_folder_raises_an_output_error(tmp_path):
    folder = tmp_path / "只读"
    folder.mkdir(mode=0o500)
    with enforce_file_permissions(), pytest.raises(OutputError):
        create_layers(folder / "库.gpkg", EXAMPLE_TEMPLATES)


@pytest.mark.parametrize("suffix", DATABASE_SUFFIXES)
def test_cancelled_or_failed_database_creation_leaves_no_files(tmp_path, suffix, monkeypatch):
    with pytest.raises(Cancelled):
        create_layers(tmp_path / f"库{suffix}", EXAMPLE_TEMPLATES, cancellation=Cancellation(lambda: True))
    assert has_only_files(tmp_path)
    monkeypatch.setattr(create, "_check_layers_written", lambda *a: (_ for _ in ()).throw(RuntimeError("disk")))
    with pytest.raises(OutputError):
        create_layers(tmp_path / f"库{suffix}", EXAMPLE_TEMPLATES)
    assert has_only_files(tmp_path)


def test_template_with_a_missing_code_list_is_refused(tmp_path):
    template = STANDARD.templates["YDYHGHFQ"]
    fields = tuple(dataclasses.replace(f, codes="zonen") if f.codes else f for f in template.fields)
    with pytest.raises(DataError) as caught:
        create_layers(tmp_path / "库.gpkg", [EXAMPLE_TEMPLATES[1], dataclasses.replace(template, fields=fields)])
    message = Texts("zh").explain_error(caught.value)
    assert "YDYHGHFQ" in message and "GHFQDM" in message and "zonen" in message and "planning_zones" in message
    assert has_only_files(tmp_path)


@pytest.mark.parametrize("raising", [True, False])
def test_gdal_failure_raises_an_output_error_with_gdal_exceptions_on_or_off(tmp_path, raising, monkeypatch):
    """Try both settings of GDAL exceptions, because other plugins may change them."""
    monkeypatch.setitem(create._DATABASE_OPTIONS, "GPKG", ["VERSION=nonsense", "ADD_GPKG_OGR_CONTENTS=NO"])
    monkeypatch.setattr(create, "create_layer", lambda *a: gdal_setup.create_layer(*a[:5], ["IDENTIFIER=twice"]))
    with gdal_raises(raising):
        with pytest.raises(OutputError):
            create_layers(tmp_path / "库.gpkg", EXAMPLE_TEMPLATES)
        assert bool(gdal.GetUseExceptions()) == raising
    assert has_only_files(tmp_path)


# Groups


def test_templates_are_selected_by_group_id_or_chinese_group_name():
    for group in STANDARD.groups.values():
        assert STANDARD.list_templates_of_groups([group.id]) == STANDARD.list_templates_of_groups([group.name])
    assert list(STANDARD.groups)[:4] == ["three_lines", "zones", "heritage", "centre"]
    assert len(STANDARD.list_templates_of_groups(["centre"])) == 33
    both = [t.role for t in STANDARD.list_templates_of_groups(["规划分区", "three_lines", "zones"])]
    assert both[0] == "YDYHGHFQ" and len(both) == len(set(both))
    assert {t.role for t in STANDARD.list_templates_of_groups(["全部"])} == {
        r for r, t in STANDARD.templates.items() if not t.base
    }
    assert {t.role for t in STANDARD.list_templates_of_groups(["年度动态维护"])} == {
        r for r, t in STANDARD.templates.items() if t.base
    }
    with pytest.raises(InputError) as caught:
        STANDARD.list_templates_of_groups(["四线"])
    assert "three_lines（三区三线）" in Texts("zh").explain_error(caught.value)


@pytest.mark.parametrize("name", ["county_db", "city_db", "township_db", "three_lines_2022"])
def test_every_layer_of_the_standard_has_a_group_and_a_feature_dataset(name):
    """Require a group for each layer, because users choose layers by group."""
    standard = load_standard(name)
    picked = {t.role for t in standard.list_templates_of_groups(standard.groups)}
    own_roles = {p.stem for p in (standard.folder / "templates").glob("*.toml")}
    assert own_roles <= picked
    assert all(standard.templates[role].group for role in own_roles)


def test_three_lines_group_has_a_layer_for_each_mandatory_concept():
    roles = {t.role for t in STANDARD.list_templates_of_groups(["three_lines"])}
    for concept in STANDARD.scopes["three_lines"].mandatory_concepts:
        assert roles & set(STANDARD.concepts[concept]), concept


@pytest.mark.parametrize("name", list_standard_ids())
def test_every_layer_group_of_every_standard_contains_at_least_one_template(name):
    standard = load_standard(name)
    for group in standard.groups:
        assert standard.list_templates_of_groups([group])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[groups.lines]\nname = "线"\nroles = ["STBHHX", "NIEMALS"]', "NIEMALS"),
        ('[groups.lines]\nname = "线"', "groups.lines.roles"),
        ('[groups.lines]\nname = "线"\nroles = ["STBHHX"]\ncolour = "red"', "groups.lines.colour"),
        ('[groups.lines]\nname = "线"\nroles = "STBHHX"', "groups.lines.roles"),
        ('[groups.lines]\nname = "规划分区"\nroles = ["STBHHX"]', "规划分区"),
        ('[groups.all]\nname = "线"\nroles = ["STBHHX"]', "all"),
    ],
)
def test_invalid_layer_group_definition_is_refused(tmp_path, text, expected):
    (tmp_path / "standard.toml").write_text(
        f'id = "x"\nedition = "1"\nname = "x"\nincludes = ["county_db"]\n{text}\n', encoding="utf-8"
    )
    with pytest.raises(DataError) as caught:
        load_standard(str(tmp_path))
    message = Texts("zh").explain_error(caught.value)
    assert "standard.toml" in message and expected in message


# Counties and coordinate systems

DIVISIONS = STANDARD.code_lists["divisions"]


@pytest.mark.parametrize("text", ["140225", "浑源县", "浑源", "大同市浑源县", " 浑源县 "])
def test_find_county_accepts_a_county_code_or_name(text):
    assert find_county(text, DIVISIONS).code == "140225"


@pytest.mark.parametrize(
    ("text", "near"),
    [("浑原县", "140225 浑源县"), ("140252", "140225"), ("大同市", "140225 浑源县"), ("", "县"), ("XYZ", "区")],
)
def test_unknown_county_name_suggests_a_similar_county(text, near):
    with pytest.raises(InputError) as caught:
        find_county(text, DIVISIONS)
    assert caught.value.key == "county_unknown" and near in Texts("zh").explain_error(caught.value)


def test_default_crs_of_a_county_across_two_crs_zones_is_refused_with_the_crs_of_both_zones():
    with pytest.raises(InputError) as caught:
        find_default_crs("140727", DIVISIONS)
    message = Texts("zh").explain_error(caught.value)
    assert "祁县" in message and "EPSG:4525（111°E）" in message and "EPSG:4526（114°E）" in message


@pytest.mark.parametrize(("county", "epsg"), [("140225", 4526), ("140729", 4525), ("140213", 4526)])
def test_default_crs_is_the_3_degree_zone_of_the_county_or_its_city(county, epsg):
    """Take the zone of the city for 平城区, which has no longitudes in the list."""
    assert find_default_crs(county, DIVISIONS).to_epsg() == epsg


@pytest.mark.parametrize("code", [4490, 4526, 4547, 4497])
def test_every_crs_of_the_3_degree_zone_of_the_county_is_accepted(code):
    assert check_county_in_crs_zone(require_drawable_crs(CRS.from_epsg(code)), "140225", DIVISIONS) is None


@pytest.mark.parametrize("code", [4525, 4546])
def test_crs_of_another_crs_zone_of_the_province_is_accepted_with_a_note(code):
    key, params = check_county_in_crs_zone(require_drawable_crs(CRS.from_epsg(code)), "140225", DIVISIONS)
    message = Texts("zh").format_notice(key, params)
    assert "浑源县" in message and "111°E" in message and "EPSG:4526（114°E）" in message


@pytest.mark.parametrize("code", [4513, 4528, 4549, 4500])
def test_crs_of_a_crs_zone_outside_the_province_is_refused(code):
    with pytest.raises(InputError) as caught:
        check_county_in_crs_zone(require_drawable_crs(CRS.from_epsg(code)), "140225", DIVISIONS)
    message = Texts("zh").explain_error(caught.value)
    assert "浑源县" in message and "山西省" in message and "EPSG:4526（114°E）" in message


@pytest.mark.parametrize("code", [4326, 3857, 32649, 2380, None])
def test_crs_unsuitable_for_a_plan_is_refused(code):
    with pytest.raises(InputError) as caught:
        require_drawable_crs(CRS.from_epsg(code) if code else None)
    assert "EPSG:4490" in Texts("zh").explain_error(caught.value)
