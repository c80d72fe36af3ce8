# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that another program stores by name: their parameters pass to libpq and nowhere else."""

import pytest

from plugin.core.base.connection_text import has_password, is_connection, make_source, parse_connection, replace_schema
from plugin.core.base.errors import InputError
from plugin.core.base.stored_connections import connection_finders
from plugin.core.counties.sources import list_counties
from plugin.core.plan.io.postgis import open_schema
from plugin.core.standard.messages.texts import Texts

NAME, SECRET = "市局 数据库", "hun7er"
SOURCE = f"connection={NAME}&schema=hunyuan"


@pytest.fixture
def finder(monkeypatch):
    """Add a finder that knows one name."""

    def find(name):
        return f"dbname='plan' host=db.example user='wang' password='{SECRET}'" if name == NAME else None

    monkeypatch.setitem(connection_finders, "QGIS", find)


@pytest.fixture
def given(monkeypatch):
    """Return the parameters with which libpq is called; the server is not reached."""
    psycopg2 = pytest.importorskip("psycopg2")
    parameters = {}

    def connect(**values):
        parameters.update(values)
        raise psycopg2.OperationalError(f"no route to db.example for wang with {SECRET}")

    monkeypatch.setattr(psycopg2, "connect", connect)
    return parameters


def test_name_is_a_connection_and_a_path_is_not():
    assert is_connection(SOURCE) and make_source(SOURCE) == SOURCE and not has_password(SOURCE)
    assert has_password(f"{SOURCE}&password={SECRET}")
    connection = parse_connection(replace_schema(SOURCE, "阳高"))
    assert (connection.name, connection.schema, connection.parameters) == (NAME, "阳高", {})
    assert not is_connection("connections/a.gpkg")


def test_parameters_of_the_name_reach_libpq_and_no_message(finder, given):
    with pytest.raises(InputError) as raised, open_schema(parse_connection(f"{SOURCE}&sslmode=require")):
        pass
    assert raised.value.key == "postgis_unreachable"
    assert {name: given[name] for name in ("host", "dbname", "user", "password", "sslmode")} == {
        "host": "db.example", "dbname": "plan", "user": "wang", "password": SECRET, "sslmode": "require"
    }  # fmt: skip
    assert "connection" not in given and "schema" not in given
    for lang in ("zh", "en"):
        text = Texts(lang).explain_error(raised.value)
        assert NAME in text and SECRET not in text and "wang" not in text


def test_unknown_name_is_named(finder, given):
    with pytest.raises(InputError) as raised, open_schema(parse_connection("connection=省厅&schema=a")):
        pass
    assert raised.value.key == "postgis_name_unknown" and "省厅" in Texts("zh").explain_error(raised.value)
    assert given == {}


def test_without_qgis_the_error_gives_the_other_forms(given, monkeypatch):
    # A test of the plugin in this process may have registered QGIS's connections.
    monkeypatch.setattr("plugin.core.base.stored_connections.connection_finders", {})
    with pytest.raises(InputError) as raised, open_schema(parse_connection(SOURCE)):
        pass
    assert raised.value.key == "postgis_name_needs_qgis"
    assert "service=" in Texts("zh").explain_error(raised.value)


def test_schemas_of_a_name_are_counties(tmp_path):
    found = list_counties(f"connection={NAME}&schema=a,b", tmp_path)
    assert [(one.name, parse_connection(one.source).name) for one in found.counties] == [("a", NAME), ("b", NAME)]
