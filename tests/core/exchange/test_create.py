# SPDX-License-Identifier: GPL-2.0-or-later
"""Empty databases from templates: every layer, read back by fiona and osgeo; and what is there is never harmed."""

import dataclasses
import hashlib
import os
import sqlite3
from pathlib import Path

import pytest
from pyproj import CRS

from plugin.core.cancellation import Cancellation
from plugin.core.check import Options, check_plan
from plugin.core.errors import Cancelled, DataError, InputError, OutputError
from plugin.core.exchange import create, schema
from plugin.core.messages.texts import Texts
from plugin.core.standard import load_standard, standard_ids
from plugin.core.standard.divisions import check_crs, check_place, default_crs, find_county
from plugin.core.standard.template import CodeList
from tests.core.gdal_switch import gdal_raises
from tests.core.rights import bound_by_rights

pytestmark = pytest.mark.slow  # it writes and reads whole databases

gdal = pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
ogr = pytest.importorskip("osgeo.ogr")
fiona = pytest.importorskip("fiona")

ZONE_38 = CRS.from_epsg(4526)
STANDARD = load_standard()
ALL = STANDARD.templates_of(["all", "maintenance"])
FORMATS = (".gpkg", ".gdb")
#: What fiona calls the types of the stated type maps.
FIONA = {
    "String": "str",
    "Integer": "int32",
    "Integer64": "int",
    "Real": "float",
    "Date": "date",
    "DateTime": "datetime",
}
TELLING = [STANDARD.templates[role] for role in ("YDYHGHFQ", "DLTB", "STBHHX")]


def make(path, templates=ALL, crs=ZONE_38, lists=None, **more):
    return create.create_database(path, templates, crs, code_lists=lists or STANDARD.code_lists, **more)


def digest(path):
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [(p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files]


def nothing_left(folder, *but):
    return {p.name for p in folder.iterdir()} == set(but)


@pytest.fixture(scope="module", params=FORMATS)
def whole(request, tmp_path_factory):
    """A database of every layer, in each format."""
    path = tmp_path_factory.mktemp("浑源 县") / f"规划 库{request.param}"
    made = make(path)
    assert list(made.made) == [t.role for t in ALL] and not made.existing
    return path


def opened(path, update=False):
    return gdal.OpenEx(str(path), gdal.OF_VECTOR | (gdal.OF_UPDATE if update else 0))


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_layer_is_as_its_template_by_the_type_map(tmp_path, suffix):
    """Some layers at a time: each time fiona opens one, the driver looks at all that are in the file."""
    for first in range(0, len(ALL), 16):
        path = tmp_path / f"库{first}{suffix}"
        make(path, ALL[first : first + 16])
        for template in ALL[first : first + 16]:
            check_layer(path, template)


def check_layer(path, template):
    form = schema.database_format(path)
    with fiona.open(path, layer=template.role) as layer:
        assert layer.crs.to_epsg() == 4526 and len(layer) == 0
        assert layer.schema["geometry"] == schema.SHAPES[template.geometry]
        wanted = {}
        for declared in template.fields:
            long = declared.type == "integer" and (declared.length or 0) > 9
            kind = FIONA[form.types["long" if long else declared.type].ogr]
            wanted[declared.name] = f"str:{declared.length}" if kind == "str" and declared.length else kind
        assert dict(layer.schema["properties"]) == wanted, template.role
        assert list(layer.schema["properties"]) == [f.name for f in template.fields]


def test_every_layer_is_in_one_database(whole):
    assert set(fiona.listlayers(whole)) == set(STANDARD.templates)
    check_layer(whole, TELLING[0])


def test_domains_and_obligations_are_in_the_database(whole):
    database = opened(whole)
    seen = 0
    for template in ALL:
        layer = database.GetLayerByName(template.role)
        definition = layer.GetLayerDefn()
        for declared in template.fields:
            column = definition.GetFieldDefn(definition.GetFieldIndex(declared.name))
            assert column.IsNullable() == (declared.constraint != "M")
            if declared.meaning == "feature_code" and template.feature_code:
                assert column.GetDefault() == f"'{template.feature_code}'"
            if not declared.codes:
                assert not column.GetDomainName()
                continue
            seen += 1
            held = database.GetFieldDomain(column.GetDomainName()).GetEnumeration()
            codes = STANDARD.code_lists[declared.codes].codes
            # GDAL reads those of a GeoPackage in an order of its own.
            assert sorted(held.values()) == sorted(c.name for c in codes.values())
            assert all(len(code) <= declared.length for code in held), (template.role, declared.name)
            if declared.code_pad:
                assert {len(code) for code in held} == {declared.code_pad}
    assert seen > 20


def test_chinese_names_are_in_the_database(whole):
    database = opened(whole)
    for template in ALL:
        layer = database.GetLayerByName(template.role)
        if whole.suffix == ".gpkg":
            # Twice the same is not allowed there; the description is always the name itself.
            assert layer.GetMetadataItem("IDENTIFIER") in (template.name, f"{template.name} {template.role}")
            assert layer.GetMetadataItem("DESCRIPTION") == template.name
        else:
            definition = layer.GetLayerDefn()
            aliases = [definition.GetFieldDefn(n).GetAlternativeName() for n in range(definition.GetFieldCount())]
            assert aliases == [f.alias for f in template.fields]
    if whole.suffix == ".gpkg":
        with sqlite3.connect(whole) as reader:
            titles = reader.execute("SELECT table_name, column_name, title FROM gpkg_data_columns").fetchall()
            rtrees = reader.execute("SELECT COUNT(*) FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'")
            assert rtrees.fetchone() == (len(ALL),)
            assert reader.execute("PRAGMA user_version").fetchone() == (10200,)
        assert set(titles) == {(t.role, f.name, f.alias) for t in ALL for f in t.fields}


def test_a_filegdb_has_feature_datasets_and_layer_aliases(tmp_path):
    path = tmp_path / "库.gdb"
    make(path)
    database = opened(path)
    root = database.GetRootGroup()
    datasets = {name: set(root.OpenGroup(name).GetVectorLayerNames()) for name in root.GetGroupNames()}
    assert datasets["中心城区"] == {t.role for t in ALL if t.group == "中心城区"}
    assert datasets["三区三线封库_下发数据"] == {t.role for t in ALL if t.group == "三区三线封库/下发数据"}
    import pyogrio

    assert pyogrio.read_info(path, layer="YDYHGHFQ")["layer_metadata"]["ALIAS_NAME"] == "用地用海规划分区"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("code", [4490, 4526, 4547], ids=["degrees", "prefixed", "without prefix"])
def test_every_crs_of_a_plan(tmp_path, suffix, code):
    path = tmp_path / f"库{suffix}"
    make(path, TELLING, CRS.from_epsg(code))
    for name in fiona.listlayers(path):
        with fiona.open(path, layer=name) as layer:
            assert layer.crs.to_epsg() == code


def test_degrees_in_a_filegdb_keep_areas(tmp_path):
    """With GDAL's default grid this ring's area moves by square decimetres."""
    import math

    import geopandas as gpd
    import shapely

    path = tmp_path / "库.gdb"
    make(path, [STANDARD.templates["STBHHX"]], CRS.from_epsg(4490))
    turns = [2 * math.pi * n / 31_000 for n in range(31_000)]
    ring = [(113.7 + 0.2 * math.cos(t) + 1e-4 * math.sin(997 * t), 39.7 + 0.2 * math.sin(t)) for t in turns]
    shape = shapely.MultiPolygon([shapely.Polygon(ring)])
    layer = (database := opened(path, update=True)).GetLayerByName("STBHHX")
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkb(shape.wkb))
    feature["BSM"] = "140225000000000001"
    assert layer.CreateFeature(feature) == 0
    del feature, layer, database
    from plugin.core.geometry.statutory_area import statutory_area

    read = gpd.read_file(path, layer="STBHHX").geometry.to_numpy()
    before, after = statutory_area([shape])[0], statutory_area(read)[0]
    assert abs(after - before) < 0.001


STRUCTURE = ("SCH001", "SCH002", "SCH003", "SCH004", "SCH005", "SCH006", "SCH007", "SCH008")


def test_no_structure_rule_finds_anything_on_it(whole):
    """Every layer, every structure rule, also those that run by name only."""
    checked = check_plan(whole, Options(rules=STRUCTURE, scope="county"))
    assert not checked.report.findings, [(f.code, f.case, f.role, f.field) for f in checked.report.findings]
    assert set(checked.plan.layers) == set(STANDARD.templates)
    outcomes = {r.code: (str(r.outcome), r.reason) for r in checked.report.rules}
    # Nothing is drawn, and that is said; lengths, aliases and domains were all read.
    assert outcomes.pop("SCH001") == ("skipped", Texts("zh").reason("nothing_drawn", {"count": len(ALL)}))
    assert outcomes.pop("SCH005")[0] == "not_applicable"
    assert {state for state, _ in outcomes.values()} == {"passed"}, outcomes


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("group", STANDARD.groups)
def test_every_group_is_as_its_templates(tmp_path, group, suffix):
    path = tmp_path / f"库{suffix}"
    templates = STANDARD.templates_of([group])
    assert make(path, templates).made == tuple(t.role for t in templates)
    assert set(fiona.listlayers(path)) == {t.role for t in templates}
    checked = check_plan(path, Options(rules=STRUCTURE[1:]))
    assert not checked.report.findings, [(f.code, f.case, f.role, f.field) for f in checked.report.findings]
    assert {r.code for r in checked.report.rules if r.incomplete} == set()


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_exists_stops_the_run(tmp_path, suffix):
    path = tmp_path / f"库{suffix}"
    make(path, TELLING[:1])
    before = digest(path)
    with pytest.raises(OutputError) as caught:
        make(path, TELLING)
    said = Texts("zh").explain(caught.value)
    assert "已存在" in said and "add" in said and "replace" in said
    assert digest(path) == before and nothing_left(tmp_path, path.name)


def put_row(path, name):
    layer = (database := opened(path, update=True)).GetLayerByName(name)
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(
        ogr.CreateGeometryFromWkt(
            "MULTIPOLYGON (((38600000 4380000, 38600100 4380000, 38600100 4380100, 38600000 4380000)))"
        )
    )
    feature["BSM"] = "140225000000000001"
    assert layer.CreateFeature(feature) == 0
    del feature, layer, database


def rows_of(path, name):
    with fiona.open(path, layer=name) as layer:
        return [dict(row["properties"]) for row in layer]


@pytest.mark.parametrize("suffix", FORMATS)
def test_add_makes_only_what_is_missing(tmp_path, suffix):
    path, more = tmp_path / f"库{suffix}", STANDARD.templates_of(["zones", "heritage"])
    make(path, TELLING[:1])
    put_row(path, "YDYHGHFQ")
    before = rows_of(path, "YDYHGHFQ")
    made = make(path, more, existing="add")
    assert made.existing == ("YDYHGHFQ",) and set(made.made) == {t.role for t in more} - {"YDYHGHFQ"}
    assert set(fiona.listlayers(path)) == {t.role for t in more}
    assert rows_of(path, "YDYHGHFQ") == before and len(before) == 1
    assert nothing_left(tmp_path, path.name)
    state = digest(path)
    again = make(path, more, existing="add")
    assert not again.made and digest(path) == state


@pytest.mark.parametrize("suffix", FORMATS)
def test_add_with_a_longer_code_list_leaves_the_earlier_domain(tmp_path, suffix):
    path = tmp_path / f"库{suffix}"
    make(path, TELLING[:1])
    zones = STANDARD.code_lists["planning_zones"]
    longer = CodeList(
        zones.id, {**zones.codes, "990": dataclasses.replace(zones.codes["100"], code="990", name="新区")}
    )
    make(
        path,
        [*TELLING[:1], STANDARD.templates["GHFQ"]],
        existing="add",
        lists={**STANDARD.code_lists, zones.id: longer},
    )
    database = opened(path)
    held = {}
    for role in ("YDYHGHFQ", "GHFQ"):
        definition = database.GetLayerByName(role).GetLayerDefn()
        name = definition.GetFieldDefn(definition.GetFieldIndex("GHFQDM")).GetDomainName()
        held[role] = database.GetFieldDomain(name).GetEnumeration()
    assert "990" in held["GHFQ"] and "990" not in held["YDYHGHFQ"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_add_in_another_crs_is_refused(tmp_path, suffix):
    path = tmp_path / f"库{suffix}"
    make(path, TELLING[:1])
    before = digest(path)
    with pytest.raises(InputError) as caught:
        make(path, TELLING, CRS.from_epsg(4525), existing="add")
    said = Texts("zh").explain(caught.value)
    assert "YDYHGHFQ" in said and "EPSG:4526" in said and "EPSG:4525" in said
    assert digest(path) == before and nothing_left(tmp_path, path.name)


@pytest.mark.parametrize("suffix", FORMATS)
def test_replace_puts_a_whole_new_one(tmp_path, suffix):
    path = tmp_path / f"库{suffix}"
    make(path, TELLING)
    put_row(path, "DLTB")
    make(path, TELLING[1:], existing="replace")
    assert set(fiona.listlayers(path)) == {"DLTB", "STBHHX"} and not rows_of(path, "DLTB")
    assert nothing_left(tmp_path, path.name)


@pytest.mark.parametrize("existing", ["add", "replace"])
def test_a_locked_filegdb_is_left_alone(tmp_path, existing):
    path = tmp_path / "库.gdb"
    make(path, TELLING[:1])
    (path / "_gdb.PC.1234.5678.sr.lock").touch()
    before = digest(path)
    with pytest.raises(OutputError) as caught:
        make(path, TELLING, existing=existing)
    said = Texts("zh").explain(caught.value)
    assert "sr.lock" in said and "未改动" in said
    assert digest(path) == before and nothing_left(tmp_path, path.name)


@pytest.mark.parametrize("existing", ["add", "replace"])
def test_a_geopackage_that_someone_writes_to_is_left_alone(tmp_path, existing):
    path = tmp_path / "库.gpkg"
    make(path, TELLING[:1])
    before = digest(path)
    other = sqlite3.connect(path)
    try:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OutputError) as caught:
            make(path, TELLING, existing=existing)
    finally:
        other.rollback()
        other.close()
    assert caught.value.key == "output_open_elsewhere"
    assert digest(path) == before and nothing_left(tmp_path, path.name)


def test_add_to_what_is_no_database(tmp_path):
    path = tmp_path / "库.gpkg"
    path.write_text("这不是数据库")
    with pytest.raises(InputError) as caught:
        make(path, TELLING, existing="add")
    assert caught.value.key == "source_not_gis" and path.read_text() == "这不是数据库"
    make(path, TELLING, existing="replace")
    assert len(fiona.listlayers(path)) == 3


def test_a_format_of_no_database(tmp_path):
    with pytest.raises(OutputError) as caught:
        make(tmp_path / "库.shp", TELLING)
    assert ".gpkg .gdb" in Texts("zh").explain(caught.value) and nothing_left(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="rights work otherwise on Windows")
def test_a_folder_nobody_may_write_to(tmp_path):
    folder = tmp_path / "只读"
    folder.mkdir(mode=0o500)
    with bound_by_rights(), pytest.raises(OutputError):
        make(folder / "库.gpkg", TELLING)


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "文件").write_text("")
    with pytest.raises(OutputError):
        make(tmp_path / "文件" / "库.gpkg", TELLING)
    assert nothing_left(tmp_path, "文件")


@pytest.mark.parametrize("suffix", FORMATS)
def test_cancelled_or_refused_halfway_leaves_nothing(tmp_path, suffix, monkeypatch):
    with pytest.raises(Cancelled):
        make(tmp_path / f"库{suffix}", TELLING, cancellation=Cancellation(lambda: True))
    assert nothing_left(tmp_path)
    monkeypatch.setattr(create, "_check_whole", lambda *a: (_ for _ in ()).throw(RuntimeError("disk")))
    with pytest.raises(OutputError):
        make(tmp_path / f"库{suffix}", TELLING)
    assert nothing_left(tmp_path)


def test_a_template_that_names_a_missing_list(tmp_path):
    template = STANDARD.templates["YDYHGHFQ"]
    fields = tuple(dataclasses.replace(f, codes="zonen") if f.codes else f for f in template.fields)
    with pytest.raises(DataError) as caught:
        make(tmp_path / "库.gpkg", [TELLING[1], dataclasses.replace(template, fields=fields)])
    said = Texts("zh").explain(caught.value)
    assert "YDYHGHFQ" in said and "GHFQDM" in said and "zonen" in said and "planning_zones" in said
    assert nothing_left(tmp_path)


def test_one_changed_field_changes_the_database(tmp_path):
    """The template is the only source: another length, alias and type, and nothing else edited."""
    template = STANDARD.templates["STBHHX"]
    first = dataclasses.replace(template.fields[0], length=24, alias="另一个名字")
    more = dataclasses.replace(template.fields[1], name="XZD", type="integer", length=12, meaning="")
    changed = dataclasses.replace(template, geometry="line", fields=(first, more))
    for suffix, kind in ((".gpkg", "int"), (".gdb", "float")):
        make(tmp_path / f"库{suffix}", [changed])
        with fiona.open(tmp_path / f"库{suffix}") as layer:
            assert layer.schema == {"geometry": "MultiLineString", "properties": {"BSM": "str:24", "XZD": kind}}


@pytest.mark.parametrize("raising", [True, False])
def test_gdal_refuses_whether_or_not_it_raises(tmp_path, raising, monkeypatch):
    """Other plugins choose whether GDAL raises; a refusal is an error of ours in both cases."""
    monkeypatch.setitem(create._DATABASE_OPTIONS, "GPKG", ["VERSION=nonsense", "ADD_GPKG_OGR_CONTENTS=NO"])
    monkeypatch.setattr(create, "_layer_options", lambda *a: ["IDENTIFIER=twice"])
    with gdal_raises(raising):
        with pytest.raises(OutputError):
            make(tmp_path / "库.gpkg", TELLING)
        assert bool(gdal.GetUseExceptions()) == raising
    assert nothing_left(tmp_path)


# Groups


def test_groups_by_id_and_by_chinese_name():
    for group in STANDARD.groups.values():
        assert STANDARD.templates_of([group.id]) == STANDARD.templates_of([group.name])
    assert list(STANDARD.groups)[:4] == ["three_lines", "zones", "heritage", "centre"]
    assert len(STANDARD.templates_of(["centre"])) == 33
    both = [t.role for t in STANDARD.templates_of(["规划分区", "three_lines", "zones"])]
    assert both[0] == "YDYHGHFQ" and len(both) == len(set(both))
    assert {t.role for t in STANDARD.templates_of(["全部"])} == {r for r, t in STANDARD.templates.items() if not t.base}
    assert {t.role for t in STANDARD.templates_of(["年度动态维护"])} == {
        r for r, t in STANDARD.templates.items() if t.base
    }
    with pytest.raises(InputError) as caught:
        STANDARD.templates_of(["四线"])
    assert "three_lines（三区三线）" in Texts("zh").explain(caught.value)


@pytest.mark.parametrize("name", ["county_db", "city_db", "township_db", "three_lines_2022"])
def test_every_layer_can_be_picked_by_a_group_and_has_its_dataset(name):
    """As the table of layers sorts them: what no group holds, nobody would find but under “all”."""
    standard = load_standard(name)
    picked = {t.role for t in standard.templates_of(standard.groups)}
    own = {p.stem for p in (standard.folder / "templates").glob("*.toml")}
    assert own <= picked
    assert all(standard.templates[role].group for role in own)


def test_the_three_lines_group_holds_what_its_scope_asks_for():
    roles = {t.role for t in STANDARD.templates_of(["three_lines"])}
    for concept in STANDARD.scopes["three_lines"].mandatory:
        assert roles & set(STANDARD.concepts[concept]), concept


@pytest.mark.parametrize("name", standard_ids())
def test_groups_of_every_standard_have_their_templates(name):
    standard = load_standard(name)
    for group in standard.groups:
        assert standard.templates_of([group])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[groups.lines]\nname = "线"\nroles = ["STBHHX", "NIEMALS"]', "NIEMALS"),
        ('[groups.lines]\nname = "线"', "groups.lines.roles"),
        ('[groups.lines]\nname = "线"\nroles = ["STBHHX"]\ncolour = "red"', "groups.lines.colour"),
        ('[groups.lines]\nname = "线"\nroles = "STBHHX"', "groups.lines.roles"),
        ('[groups.lines]\nname = "规划分区"\nroles = ["STBHHX"]', "规划分区"),
        ('[groups.all]\nname = "线"\nroles = ["STBHHX"]', "all"),
    ],
)
def test_groups_that_are_wrong(tmp_path, text, says):
    (tmp_path / "standard.toml").write_text(
        f'id = "x"\nedition = "1"\nname = "x"\nincludes = ["county_db"]\n{text}\n', encoding="utf-8"
    )
    with pytest.raises(DataError) as caught:
        load_standard(str(tmp_path))
    said = Texts("zh").explain(caught.value)
    assert "standard.toml" in said and says in said


# Counties and coordinate systems

DIVISIONS = STANDARD.code_lists["divisions"]


@pytest.mark.parametrize("text", ["140225", "浑源县", "浑源", "大同市浑源县", " 浑源县 "])
def test_a_county_by_code_or_name(text):
    assert find_county(text, DIVISIONS).code == "140225"


@pytest.mark.parametrize(
    ("text", "near"),
    [("浑原县", "140225 浑源县"), ("140252", "140225"), ("大同市", "140225 浑源县"), ("", "县"), ("XYZ", "区")],
)
def test_a_county_that_does_not_exist(text, near):
    with pytest.raises(InputError) as caught:
        find_county(text, DIVISIONS)
    assert caught.value.key == "county_unknown" and near in Texts("zh").explain(caught.value)


def test_every_county_is_found_by_its_code():
    counties = [c for c in DIVISIONS.codes.values() if c.level == 3]
    assert len(counties) == 117
    assert all(find_county(c.code, DIVISIONS) is c for c in counties)


def test_without_a_crs_the_zones_are_named():
    with pytest.raises(InputError) as caught:
        default_crs("140727", DIVISIONS)
    said = Texts("zh").explain(caught.value)
    assert "祁县" in said and "EPSG:4525（111°E）" in said and "EPSG:4526（114°E）" in said


@pytest.mark.parametrize(("county", "epsg"), [("140225", 4526), ("140729", 4525), ("140213", 4526)])
def test_where_the_list_tells_the_zone_it_is_taken(county, epsg):
    """平城区 has no longitudes of its own, but its city lies in one zone."""
    assert default_crs(county, DIVISIONS).to_epsg() == epsg


@pytest.mark.parametrize("code", [4490, 4526, 4547, 4497])
def test_crs_of_hunyuan(code):
    assert check_place(check_crs(CRS.from_epsg(code)), "140225", DIVISIONS) is None


@pytest.mark.parametrize("code", [4525, 4546])
def test_crs_of_the_provinces_other_zone_is_said(code):
    key, params = check_place(check_crs(CRS.from_epsg(code)), "140225", DIVISIONS)
    said = Texts("zh").notice(key, params)
    assert "浑源县" in said and "111°E" in said and "EPSG:4526（114°E）" in said


@pytest.mark.parametrize("code", [4513, 4528, 4549, 4500])
def test_crs_of_another_province_is_refused(code):
    with pytest.raises(InputError) as caught:
        check_place(check_crs(CRS.from_epsg(code)), "140225", DIVISIONS)
    said = Texts("zh").explain(caught.value)
    assert "浑源县" in said and "山西省" in said and "EPSG:4526（114°E）" in said


@pytest.mark.parametrize("code", [4326, 3857, 32649, 2380, None])
def test_crs_that_no_plan_is_drawn_in(code):
    with pytest.raises(InputError) as caught:
        check_crs(CRS.from_epsg(code) if code else None)
    assert "EPSG:4490" in Texts("zh").explain(caught.value)


def test_nothing_of_osgeo_is_imported_before_it_is_needed():
    source = Path(create.__file__).read_text(encoding="utf-8")
    assert not [line for line in source.splitlines() if line.startswith(("import osgeo", "from osgeo"))]


def test_lengths_are_compared_where_they_are_told():
    from plugin.core.loading.assembly import assemble_plan
    from plugin.core.model.rule import all_rules
    from plugin.core.results.run import run_check
    from tests.core.examples import norm_of, source_layer

    norm = norm_of()
    square = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
    rule = all_rules()["SCH004"]

    def outcome(**row):
        plan = assemble_plan([source_layer("DLTB", [{"wkt": square, **row}], norm)], norm, scope="three_lines")
        report = run_check(plan, [rule])
        return report.rules[0], [finding for finding in report.findings if finding.code == rule.code]

    told, findings = outcome(key="1", lengths={"key": 18})
    assert told.outcome == "passed" and not findings
    _, (finding,) = outcome(key="1", lengths={"key": 17})
    assert (
        finding.severity == "WARNING" and finding.field == "BSM" and "17" in finding.message and "18" in finding.message
    )
    untold, findings = outcome(key="1")
    assert untold.outcome == "skipped" and "BSM" in untold.reason and not findings
