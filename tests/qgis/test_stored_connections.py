# SPDX-License-Identifier: GPL-2.0-or-later
"""PostgreSQL connections of QGIS as sources: found by name, and user and password never in a text."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsDataSourceUri,
    QgsProcessingException,
    QgsProviderRegistry,
    QgsSettings,
)

from plugin.bridge.settings import find_stored_connection
from plugin.core.base.errors import InputError
from tests.qgis.helpers import Log, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")
NAME, USER, PASSWORD = "市局 数据库", "wang", "hun7er"


@pytest.fixture
def store(qgis_app):
    """Return a function that stores a connection with a user or an entry of the authentication database."""
    metadata = QgsProviderRegistry.instance().providerMetadata("postgres")
    names = []

    def store_connection(name, user="", password="", entry=""):
        uri = QgsDataSourceUri()
        # Nothing listens at this port.
        uri.setConnection("127.0.0.1", "1", "plan", user, password, QgsDataSourceUri.SslMode.SslDisable, entry)
        metadata.saveConnection(
            metadata.createConnection(uri.uri(False), {"saveUsername": True, "savePassword": True}), name
        )
        names.append(name)

    yield store_connection
    for name in names:
        metadata.deleteConnection(name)


def read_parameters(name):
    psycopg2 = pytest.importorskip("psycopg2")
    return psycopg2.extensions.parse_dsn(find_stored_connection(name))


def test_stored_connection_gives_parameters_of_libpq(store):
    store(NAME, USER, PASSWORD)
    found = read_parameters(NAME)
    assert (found["host"], found["port"], found["dbname"]) == ("127.0.0.1", "1", "plan")
    assert (found["user"], found["password"]) == (USER, PASSWORD)
    assert find_stored_connection("省厅") is None


def test_threads_find_connections_and_the_shared_map_of_qgis_is_left(store, request):
    names = [f"{NAME} {number}" for number in range(4)]
    for name in names:
        store(name, name, PASSWORD)
    metadata = QgsProviderRegistry.instance().providerMetadata("postgres")
    # Another QGIS stores one that the map of this one, which is not safe in threads, lacks until it is filled again.
    shared = set(metadata.connections(False))
    settings = QgsSettings()
    request.addfinalizer(lambda: settings.remove("PostgreSQL/connections/other"))
    for key, value in {"host": "127.0.0.1", "port": "1", "database": "plan", "username": "other"}.items():
        settings.setValue(f"PostgreSQL/connections/other/{key}", value)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(find_stored_connection, names * 50))
    assert all(f"user='{name}'" in text for name, text in zip(names * 50, found, strict=True))
    assert "127.0.0.1" in find_stored_connection("other")
    assert find_stored_connection("") is None and find_stored_connection(NAME) is None
    assert set(metadata.connections(True)) == shared


def test_entry_of_the_authentication_database_gives_user_and_password(store):
    manager = QgsApplication.authManager()
    if manager.isDisabled() or not manager.setMasterPassword("master", False):
        pytest.skip("this QGIS has no authentication database")
    config = QgsAuthMethodConfig("Basic")
    config.setName("plan")
    config.setConfig("username", USER)
    config.setConfig("password", PASSWORD)
    assert manager.storeAuthenticationConfig(config)
    store(NAME, entry=config.id())
    found = read_parameters(NAME)
    assert (found["user"], found["password"]) == (USER, PASSWORD) and "authcfg" not in found
    manager.clearMasterPassword()
    errors = []

    def find():
        try:
            find_stored_connection(NAME)
        except InputError as error:
            errors.append(error.key)

    thread = threading.Thread(target=find)
    thread.start()
    thread.join()
    # A thread cannot ask for the master password.
    assert errors == ["postgis_name_locked"]
    assert manager.setMasterPassword("master", False)
    assert manager.removeAuthenticationConfig(config.id())
    with pytest.raises(InputError, match="postgis_name_locked"):
        find_stored_connection(NAME)


@pytest.mark.parametrize(
    ("algorithm", "parameters"),
    [("check_plan", {"SOURCE": f"connection={NAME}&schema=a"}), ("check_counties", {"FOLDER": f"connection={NAME}&schema=*"})],
)  # fmt: skip
def test_tools_use_the_name_and_no_output_has_user_or_password(store, tmp_path, qgis_log, algorithm, parameters):
    pytest.importorskip("psycopg2")
    outputs = {"OUTPUT": str(tmp_path / "out")} if algorithm == "check_counties" else {}
    with pytest.raises(QgsProcessingException, match="QGIS"):
        run_algorithm(algorithm, {**parameters, **outputs})
    store(NAME, USER, PASSWORD)
    log = Log()
    with pytest.raises(QgsProcessingException) as raised:
        run_algorithm(algorithm, {**parameters, **outputs}, log)
    text = "\n".join([str(raised.value), *qgis_log, *log.lines, *log.errors])
    assert NAME in str(raised.value) and PASSWORD not in text and USER not in text
