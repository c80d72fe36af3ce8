# SPDX-License-Identifier: GPL-2.0-or-later
"""A schema of a PostGIS database gives the findings of the GeoPackage with the same layers.

`make postgis` starts the server; without it these tests are skipped.
"""

import json
import os
import zipfile
from urllib.parse import urlsplit

import pytest

from plugin.core.__main__ import main
from plugin.core.base.connection_text import replace_schema
from plugin.core.base.errors import Cancellation, Cancelled, InputError
from plugin.core.base.stored_connections import connection_finders
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.counties.county_record import County
from plugin.core.counties.sources import compute_data_digest as compute_county_digest, list_counties
from plugin.core.plan.io import postgis, read_source
from plugin.core.plan.loading.unread_files import describe_unread_files
from plugin.core.render.outputs import compute_data_digest
from plugin.core.standard.messages.texts import Texts
from plugin.core.studies.yearly.make import read_source_keys
from plugin.paths import SAMPLE_FOLDER
from tests.core.plan.io.postgis_schema import write_schema
from tests.core.small_plan import check_data, explain_error, make_small_plan_layers, write_gpkg
from tests.county.other import write_other_county

SERVER = os.environ.get("SANXIAN_POSTGIS", "")
pytestmark = [
    pytest.mark.postgis,
    pytest.mark.skipif(not SERVER, reason="needs the PostGIS server of `make postgis`"),
]
PASSWORD = urlsplit(SERVER).password or "-"


@pytest.fixture(scope="module")
def admin():
    """Yield a connection that may change the database."""
    database = pytest.importorskip("psycopg2").connect(SERVER)
    database.autocommit = True
    with database.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    yield database
    database.close()


@pytest.fixture
def run_sql(admin):
    """Return a function that runs a statement."""

    def run(sql, *values):
        with admin.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def small_schema(admin, run_sql, tmp_path):
    """Return the source of a schema with a small plan; the schema is dropped afterwards."""
    write_schema(admin, "small", write_gpkg(tmp_path / "small.gpkg"))
    yield replace_schema(SERVER, "small")
    run_sql('DROP SCHEMA IF EXISTS "small" CASCADE')


def list_findings(report):
    """Return what identifies each finding, its area and its message."""
    return sorted((f.code, f.fingerprint, str(f.severity), f.area_m2, f.message) for f in report.findings)


def list_figures(report):
    return [(one.id, one.value, one.state) for one in report.indicators]


@pytest.mark.parametrize("county", ["hunyuan", "other"])
def test_schema_of_a_county_gives_the_findings_of_its_file(admin, run_sql, tmp_path, county):
    path = SAMPLE_FOLDER / "county.gpkg" if county == "hunyuan" else write_other_county(tmp_path / "other.gpkg")
    options = RunOptions(profile="hunyuan" if county == "hunyuan" else "shanxi")
    write_schema(admin, county, path)
    try:
        result = check_plan(replace_schema(SERVER, county), options)
    finally:
        run_sql(f'DROP SCHEMA "{county}" CASCADE')
    expected = check_plan(path, options)
    assert list_findings(result.report) == list_findings(expected.report)
    assert list_figures(result.report) == list_figures(expected.report)
    assert result.report.summary == expected.report.summary
    assert compute_data_digest(result.plan) == compute_data_digest(expected.plan)
    assert county != "hunyuan" or len(result.report.findings) > 10


def test_fields_of_a_schema_are_those_of_its_file(small_schema, tmp_path, run_sql):
    run_sql("""COMMENT ON COLUMN small."CZKFBJ"."BSM" IS '标识码'""")
    run_sql('ALTER TABLE small."CZKFBJ" ADD a varchar(7), ADD b numeric(12,0), ADD c numeric(8,2), ADD d date, ADD e bool,'
            "ADD f uuid, ADD g int8, ADD h timestamp, ADD i char(3)")  # fmt: skip
    run_sql('UPDATE small."CZKFBJ" SET a = %s, b = 123456789012, c = 1.25, d = %s, e = true, g = %s, h = %s, i = %s',
            "甲", "infinity", 2**60 + 1, "2026-11-26 08:09:10", "x")  # fmt: skip
    layer = next(one for one in read_source(small_schema) if one.name == "CZKFBJ")
    fields = {one.name: (one.type, one.length, one.alias, one.codes) for one in layer.fields}
    assert fields["BSM"][2] == "标识码" and "fid" not in fields
    assert [fields[name][:2] for name in "abcdefghi"] == [
        ("text", 7), ("integer", None), ("real", None), ("date", None), ("integer", None), ("text", None),
        ("integer", None), ("date", None), ("text", 3),
    ]  # fmt: skip
    assert {codes for *_, codes in fields.values()} == {None}
    row = layer.frame.iloc[0]
    assert (row.a, row.b, row.c, bool(row.e), int(row.g), row.i) == ("甲", 123456789012, 1.25, True, 2**60 + 1, "x")
    assert row.isna().d and str(row.h)[:19] == "2026-11-26 08:09:10"


def test_arcs_and_mixed_systems_are_reported_as_for_a_file(small_schema, run_sql):
    run_sql('DROP TABLE small."XZQX"')
    run_sql('CREATE TABLE small."XZQX" (fid serial PRIMARY KEY, "BSM" text, g geometry)')
    curve = "CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING(500000 4000000,500100 4000100,500200 4000000),(500200 4000000,500000 4000000)))"
    run_sql('INSERT INTO small."XZQX" ("BSM", g) VALUES (%s, ST_GeomFromText(%s, 4547)), (%s, %s), (%s, %s)',
            "a", curve, "b", "SRID=4547;POLYGON((0 0,1 0,1 1,0 0))", "c", "SRID=4490;POLYGON((0 0,1 0,1 1,0 0))")  # fmt: skip
    layer = next(one for one in read_source(small_schema) if one.name == "XZQX")
    assert layer.crs.to_epsg() == 4547 and layer.shape_crs == {"EPSG:4490": 1} and layer.shape_crs_fids == (3,)
    assert layer.fids_with_arcs == (1,) and "CIRCULARSTRING" in layer.curve_texts[1]
    # A half circle of radius 100 m, divided into short segments.
    assert layer.frame.geometry.loc[1].area == pytest.approx(3.14159265 * 100**2 / 2, rel=1e-3)


def test_table_without_shapes_and_forbidden_table_are_reported(small_schema, run_sql):
    run_sql('CREATE TABLE small."GHFQ" AS SELECT "BSM", ST_AsText(geom) AS wkt FROM small."CZKFBJ"')
    run_sql("CREATE ROLE reader LOGIN PASSWORD 'only-reads'")
    try:
        run_sql("GRANT USAGE ON SCHEMA small TO reader")
        run_sql("GRANT SELECT ON ALL TABLES IN SCHEMA small TO reader")
        run_sql('REVOKE SELECT ON small."STBHHX" FROM reader')
        address = urlsplit(SERVER)
        source = f"postgresql://reader:only-reads@{address.hostname}:{address.port}{address.path}?schema=small"
        problems = {one.name: one.problem and one.problem[0] for one in read_source(source)}
    finally:
        run_sql("DROP OWNED BY reader; DROP ROLE reader")
    assert problems["GHFQ"] == "table" and problems["STBHHX"] == "postgis_no_privilege" and problems["CZKFBJ"] is None


def test_reading_writes_nothing(small_schema):
    with postgis.open_schema(postgis.parse_connection(small_schema)) as database, database.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("on",)
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("repeatable read",)


def test_connection_dropped_while_reading_is_an_error_and_leaves_nothing(
    small_schema, run_sql, temporary_folder, monkeypatch
):
    run_sql('INSERT INTO small."CZKFBJ" (fid, geom) SELECT n, (SELECT geom FROM small."CZKFBJ" LIMIT 1) FROM '
            "generate_series(1000, 3000) n")  # fmt: skip
    monkeypatch.setattr(postgis, "_ROWS_PER_BATCH", 100)
    asked = []

    def drop():
        asked.append(1)
        if len(asked) == 5:
            run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sanxian'")
        return False

    with pytest.raises(InputError) as raised:
        check_data_cancellable(small_schema, Cancellation(drop))
    assert raised.value.key == "postgis_connection_lost" and len(asked) >= 5
    text = explain_error(raised.value)
    assert f"{urlsplit(SERVER).hostname}:{urlsplit(SERVER).port}/" in text and PASSWORD not in text + str(raised.value)
    assert f"{urlsplit(SERVER).username}:" not in text and f"{urlsplit(SERVER).username}@" not in text
    assert not list(temporary_folder.iterdir())


def check_data_cancellable(source, cancellation):
    return check_plan(source, RunOptions(), cancellation=cancellation)


def test_cancelled_reading_closes_the_connection(small_schema, run_sql, temporary_folder):
    with pytest.raises(Cancelled):
        check_data_cancellable(small_schema, Cancellation(lambda: True))
    assert run_sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sanxian'") == [(0,)]
    assert not list(temporary_folder.iterdir())


UNUSABLE = {
    "postgis_schema_missing": SERVER,
    "postgis_schema_unknown": f"{SERVER}?schema=nowhere",
    "postgis_schema_empty": f"{SERVER}?schema=vacant",
    "postgis_unreachable": f"postgresql://wang:{PASSWORD}@127.0.0.1:1/plan?schema=a&connect_timeout=3",
}


@pytest.mark.parametrize(("key", "source"), UNUSABLE.items())
def test_unusable_connection_is_an_error_without_password(run_sql, admin, key, source):
    run_sql("CREATE SCHEMA IF NOT EXISTS vacant")
    with pytest.raises(InputError) as raised:
        check_data(source)
    assert raised.value.key == key
    assert PASSWORD not in explain_error(raised.value) + repr(raised.value) and raised.value.__cause__ is None


def test_database_without_postgis_is_an_error(run_sql):
    run_sql("CREATE DATABASE plain")
    try:
        with pytest.raises(InputError) as raised:
            check_data(f"{SERVER.rpartition('/')[0]}/plain?schema=public")
        assert raised.value.key == "postgis_extension_missing"
    finally:
        run_sql("DROP DATABASE plain WITH (FORCE)")


def test_service_name_is_a_source(small_schema, tmp_path, monkeypatch):
    address = urlsplit(SERVER)
    (tmp_path / "pg_service.conf").write_text(
        f"[county]\nhost={address.hostname}\nport={address.port}\nuser={address.username}\n"
        f"password={address.password}\ndbname={address.path[1:]}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "pg_service.conf"))
    layers = read_source("service=county&schema=small")
    assert {one.name for one in layers} == set(make_small_plan_layers())
    assert {one.source for one in layers} == {"service=county&schema=small"}


def run_command(*arguments):
    return main([str(one) for one in arguments])


def list_contents(folder):
    """Yield name and bytes of each file below a folder, and of each entry of an Office document."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    yield from ((f"{path}/{name}", archive.read(name)) for name in archive.namelist())


def test_no_output_of_any_command_has_the_password(small_schema, run_sql, admin, tmp_path, capfd):
    write_schema(admin, "second", write_gpkg(tmp_path / "in" / "second.gpkg"))
    out = tmp_path / "out"
    out.mkdir()
    (out / "counties.csv").write_text(f"county,source\n甲,{small_schema}\n", encoding="utf-8")
    listed = tmp_path / "counties.csv"
    (out / "counties.csv").rename(listed)
    try:
        run_command(
            "check", small_schema, "--json", out / "a.json", "--html", out / "a.html", "--findings", out / "a.gpkg",
            "--xlsx", out / "a.xlsx", "--cache", out / "cache",
        )  # fmt: skip
        run_command("indicators", small_schema, "--xlsx", out / "b.xlsx")
        run_command("batch", listed, "--output", out / "batch", "--html", "--xlsx")
        run_command("batch", replace_schema(SERVER, "small,second"), "--output", out / "schemas")
        run_command("seams", small_schema, replace_schema(SERVER, "second"), "--output", out / "seams")
        run_command("check", replace_schema(SERVER, "nowhere"))
        run_command("batch", replace_schema(SERVER, "nowhere"), "--output", out / "none")
        run_command("fix", small_schema, "--output", out / "copy.gpkg")
    finally:
        run_sql("DROP SCHEMA second CASCADE")
    captured = capfd.readouterr()
    contents = dict(list_contents(out))
    assert len(contents) > 20 and any("batch" in name for name in contents)
    assert PASSWORD not in captured.out + captured.err
    assert [name for name, content in contents.items() if PASSWORD.encode() in content] == []
    report = json.loads((out / "a.json").read_text(encoding="utf-8"))
    assert report["provenance"]["source"].endswith("?schema=small")
    summary = json.loads((out / "schemas" / "summary.json").read_text(encoding="utf-8"))
    assert "small" in json.dumps(summary) and "second" in json.dumps(summary)


def test_schemas_of_a_database_are_counties(small_schema, tmp_path):
    found = list_counties(replace_schema(SERVER, "*"), tmp_path / "out")
    assert [one.name for one in found.counties] == ["small"] and not found.counties[0].is_package
    assert PASSWORD not in compute_county_digest(found.counties[0], "")


def test_digest_of_a_county_follows_its_rows(small_schema, run_sql):
    county = County("small", small_schema)
    first = compute_county_digest(county, "")
    assert compute_county_digest(county, "") == first
    run_sql("""UPDATE small."CZKFBJ" SET "BSM" = '140225000000009999' WHERE fid = 1""")
    assert compute_county_digest(county, "") != first


def test_keys_of_a_schema_are_read_for_a_yearly_update(small_schema):
    keys = set(read_source_keys(small_schema))
    assert keys == {str(key) for frame in make_small_plan_layers().values() for key in frame.get("BSM", [])}


def test_schema_has_no_unread_files(small_schema):
    assert describe_unread_files(small_schema, Texts("zh")) == []


def test_stored_connection_gives_the_layers_of_its_schema(small_schema, monkeypatch):
    def find(name):
        return SERVER if name == "市局 数据库" else None

    monkeypatch.setitem(connection_finders, "QGIS", find)
    named = read_source("connection=市局 数据库&schema=small")
    direct = read_source(small_schema)
    assert [(one.name, len(one.frame)) for one in named] == [(one.name, len(one.frame)) for one in direct]
    assert {one.source for one in named} == {"connection=市局 数据库&schema=small"}
