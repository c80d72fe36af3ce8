# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections as sources: what is one, its parts, and the form without user and password."""

from pathlib import Path

import pytest

from plugin.core.base.connection_text import (
    has_password,
    is_connection,
    make_source,
    mask_connections,
    mask_source,
    name_source,
    parse_connection,
    replace_schema,
    strip_folders,
)
from plugin.core.base.errors import InputError

SECRET = "hun7er"
MASKED = {
    f"postgresql://wang:{SECRET}@db.example:5433/plan?schema=hunyuan": "postgresql://db.example:5433/plan?schema=hunyuan",
    f"postgres://wang:{SECRET}@db/plan?schema=a&sslmode=require": "postgresql://db/plan?schema=a",
    f"postgresql://db/plan?user=wang&password={SECRET}&schema=a": "postgresql://db/plan?schema=a",
    f"postgresql://wang:{SECRET}@/plan?host=/run/postgresql&schema=a": "postgresql:///plan?host=/run/postgresql&schema=a",
    f"postgresql://wang:a/b?{SECRET}#@{SECRET}@db/plan?schema=a": "postgresql://db/plan?schema=a",
    f"service=county&schema=hunyuan&password={SECRET}&user=wang": "service=county&schema=hunyuan",
    f"connection=市局库&schema=hunyuan&password={SECRET}&user=wang": "connection=市局库&schema=hunyuan",
    f"postgresql://db/plan?user=wang&password=a@{SECRET}&schema=a": "postgresql://…",
    f"postgresql://wang:a?b=@{SECRET}@db/plan?schema=a": "postgresql://…",
    f"postgresql://wang:a?b@{SECRET}@db/plan?schema=a": "postgresql://db/plan?schema=a",
    f"postgresql:/wang:{SECRET}@db/plan?schema=a": "postgresql://db/plan?schema=a",
    f"postgresql:\\wang:{SECRET}@db\\plan?schema=a": "postgresql://db\\plan?schema=a",
}


@pytest.mark.parametrize(("text", "masked"), MASKED.items())
def test_masked_connection_has_host_database_and_schema_only(text, masked):
    assert mask_source(text) == masked
    assert mask_connections(text) == masked
    embedded = mask_connections(f"“{text}” 无法读取")
    assert SECRET not in embedded and "wang" not in embedded


#: Forms of other programs, in which only user and password are hidden.
FOREIGN = [
    one.replace("SECRET", SECRET)
    for one in (
        "PG:host=db dbname=plan user=wang password=SECRET", "PG:\"host=db user='wang' password='SECRET x\\'y'\"",
        "dbname='plan' host=db user='wang' password='SECRET' key='id' table=\"a\".\"b\" (geom)",
        "user=wang password=SECRET;a,b\\ c host=db", "postgresql+psycopg2://wang:a/b@SECRET@db/plan", "PGPASSWORD=SECRET",
        "MYSQL:plan,host=db,user=wang,password=SECRET,port=3306", "OCI:wang/SECRET@db:1521/plan", "ODBC:wang/SECRET@dsn",
        "MSSQL:server=db;uid=wang;pwd=SECRET;", "Driver={ODBC 17};Uid=wang;Pwd={SECRET;}", "SDE:db,5151,plan,wang,SECRET",
        "/vsicurl/https://wang:SECRET@host/a.gpkg", "https://host/wfs?user=wang&password=SECRET", "https://host?token=SECRET",
        "sqlite:///x.db?key=SECRET", "jdbc:oracle:thin:wang/SECRET@db:1521:x", "ＰＧ：host=db user＝wang password＝SECRET",
    )
]  # fmt: skip


@pytest.mark.parametrize("text", FOREIGN)
def test_forms_of_other_programs_lose_user_and_password(text):
    assert has_password(text)
    error = InputError("source_missing", source=Path(text), names=[text])
    shown = [mask_source(text), name_source(text), strip_folders(f"OSError: “{text}” 无法读取"), repr(error.params)]
    assert not any(SECRET in one or "wang" in one for one in shown), shown
    assert all("无法读取" in one or "“" not in one for one in shown)


@pytest.mark.parametrize(
    "path", ["/data/county.gpkg", "C:\\data\\服务.gdb", "postgresql.gpkg", "a@b.shp", "in?schema=a"]
)
def test_path_is_no_connection_and_stays_unchanged(path):
    assert not is_connection(path) and not has_password(path)
    assert mask_source(path) == mask_connections(path) == path
    assert make_source(path) == Path(path)


def test_error_has_no_password_in_parameters_and_text():
    source = f"postgresql://wang:{SECRET}@db/plan?schema=a"
    error = InputError("source_missing", source=source, detail=f"at {Path(source)}")
    assert SECRET not in str(error) + repr(error.params) and "wang" not in str(error)


def test_connection_is_divided_into_dsn_and_schema():
    connection = parse_connection(f"postgresql://wang:{SECRET}@db:5433/plan?sslmode=require&schema=%E6%B5%91%E6%BA%90")
    assert connection.dsn == f"postgresql://wang:{SECRET}@db:5433/plan?sslmode=require"
    assert connection.schema == "浑源" and SECRET not in repr(connection)
    service = parse_connection("service=county&schema=hunyuan")
    assert (service.dsn, service.parameters, service.schema) == ("", {"service": "county"}, "hunyuan")


def test_schema_is_replaced():
    assert replace_schema("postgresql://u:p@db/plan?schema=*&sslmode=require", "a b") == (
        "postgresql://u:p@db/plan?sslmode=require&schema=a%20b"
    )
    assert parse_connection(replace_schema("service=county&schema=*", "浑源")).schema == "浑源"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:p@db/x?schema=a", True),
        ("postgresql://u@db/x?schema=a", False),
        ("postgresql://db:5432/x?schema=a", False),
        ("postgresql://db/x?password=p&schema=a", True),
        ("postgresql://u:p?q@db/x?schema=a", True),
        ("service=n&schema=a", False),
        ("service=n&password=p&schema=a", True),
    ],
)
def test_password_in_a_connection_is_found(text, expected):
    assert has_password(text) is expected


def test_plus_sign_of_a_password_stays():
    connection = parse_connection("postgresql://db/plan?user=u&password=a+b&schema=a")
    assert connection.dsn == "postgresql://db/plan?user=u&password=a%2Bb"
    assert parse_connection("service=n&schema=a&password=a+b").parameters["password"] == "a+b"


@pytest.mark.parametrize(
    ("source", "is_stored"),
    [
        ("connection=市局&schema=a", True), (' "Connection=市局&schema=*" ', True), ("service=plan&schema=a", False),
        ("postgresql://host/plan?schema=a&connection=x", False), ("connection 市局.gpkg", False), ("", False),
    ],
)  # fmt: skip
def test_connections_that_qgis_stores_are_known_by_their_text(source, is_stored):
    assert bool(is_connection(source) and parse_connection(source).name) is is_stored


def test_a_folder_has_its_name_also_as_a_relative_path(tmp_path, monkeypatch):
    folder = tmp_path / "浑源 2024"
    (folder / "子").mkdir(parents=True)
    monkeypatch.chdir(folder)
    names = [name_source(one) for one in (".", "./", "子/..", str(folder) + "/", "a.gpkg", "县级库", "")]
    assert names == [*["浑源 2024"] * 4, "a.gpkg", "县级库", ""]
    assert SECRET not in name_source(f"postgresql://wang:{SECRET}@db/plan?schema=a")
