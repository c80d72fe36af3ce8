# SPDX-License-Identifier: GPL-2.0-or-later
"""Package tables as .mdb files, with sqlite3 in place of the Access driver."""

import json
import sqlite3
import sys
import types
from dataclasses import replace

import pytest

from plugin.core.base.errors import NEVER_CANCELLED, OutputError
from plugin.core.checks.tabulate import tabulate_plan
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.package.export_order import ExportContext
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.slot_files import FilledSlot
from plugin.core.package.tables import access_database
from plugin.core.package.tables.access_database import (
    ACCESS_DRIVERS,
    AccessDriver,
    convert_to_plain_cell,
    find_access_driver,
    make_column_names,
    make_pyodbc_driver,
    verify_written_tables,
    write_database_tables,
)
from plugin.core.package.tables.compare import find_differences
from plugin.core.package.tables.known_tables import KnownTables
from plugin.core.package.tables.sheets import read_workbook
from plugin.core.package.tables.write_tables import write_access_tables
from plugin.core.render.tables.report_table import ReportTable, ReportTableRow, TableColumn, TableNumber
from plugin.core.standard.messages.texts import Texts

CHINESE_TEXTS = Texts("zh")
COUNTY_SPEC = load_package_spec("county")
SQUARE, QUARTER = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))", "POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"
MDB_SLOT = next(slot for slot in COUNTY_SPEC.files if slot.file.endswith(".mdb"))


@pytest.fixture(scope="module")
def plan_tables():
    return tabulate_plan(make_example_plan({"county": [SQUARE], "red_line": [QUARTER], "boundary": [QUARTER]}), "zh")


def list_tables(connection):
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]


@pytest.fixture
def fake_access_driver():
    """Return an Access driver that writes SQLite files."""
    return AccessDriver("sqlite", lambda path: path.touch(), sqlite3.connect, list_tables, (sqlite3.Error, OSError))


def test_column_names_for_access_lose_invalid_characters_and_are_shortened_and_made_unique():
    table = ReportTable(
        "lines",
        [TableColumn("a", title="面积[1].x!"), TableColumn("b", title="面积[1]x"), TableColumn("c", title="长" * 90)],
    )
    heads = make_column_names(table, CHINESE_TEXTS)
    assert heads == ["面积1x", "面积1x1", "长" * 64]
    table.rows.append(ReportTableRow(["'); DROP TABLE a; --", "x" * 400, None]))
    connection = sqlite3.connect(":memory:")
    write_database_tables(connection, [table], CHINESE_TEXTS)
    assert verify_written_tables(connection, [table], CHINESE_TEXTS, "a.mdb") == 0
    kinds = {row[1]: row[2] for row in connection.execute("PRAGMA table_info([三条控制线])")}
    assert kinds == {"行号": "INTEGER", "面积1x": "VARCHAR(255)", "面积1x1": "MEMO", "长" * 64: "VARCHAR(255)"}
    assert convert_to_plain_cell(TableNumber(12.345678, 2)) == 12.35 and convert_to_plain_cell("") is None


def make_export_context(tmp_path, filled=()):
    checked = types.SimpleNamespace(plan=None, report=types.SimpleNamespace(lang="zh"))
    values = {"code": "140225", "name": "浑源县"}
    pattern = MDB_SLOT.file.format(**values)
    slot = {"id": MDB_SLOT.id, "kind": "table", "pattern": pattern, "files": []}
    manifest = {"tables": [], "slots": [slot]}
    filled_slot = FilledSlot(MDB_SLOT, pattern, filled)
    given = {
        "planned_maps": None,
        "documents": (),
        "print_pdf": None,
        "draw_pictures": None,
        "resolved_document": None,
        "row_progress": None,
        "cancellation": NEVER_CANCELLED,
    }
    return ExportContext(checked, COUNTY_SPEC, tmp_path, values, manifest, [filled_slot], **given)


def test_mdb_with_the_tables_is_written_into_the_package(tmp_path, plan_tables, fake_access_driver):
    context = make_export_context(tmp_path)
    assert write_access_tables(plan_tables, context, fake_access_driver) == []
    (row,) = context.manifest["tables"]
    path = tmp_path / row["file"]
    assert path.name == "140225浑源县国土空间规划表格.mdb" and path.is_file()
    assert row["read_back"]["same"] and row["read_back"]["library"] == "sqlite" and json.dumps(row)
    assert context.manifest["slots"][0]["files"] == [row["file"]]
    # Read like any workbook: the written figures agree with the layers.
    book = read_workbook(path, row["file"], fake_access_driver)
    known = KnownTables(plan_tables.tables, "zh")
    found = {b.table.id: find_differences(b) for sheet in book.sheets for b in known.find_sheet_tables(sheet)}
    assert {"indicators", "lines"} <= found.keys()
    assert all(
        not [d for d in differences if d.case == "cell"] and compared for differences, compared in found.values()
    )


def test_mdb_given_by_the_planner_is_not_replaced(tmp_path, plan_tables, fake_access_driver):
    context = make_export_context(tmp_path, filled=(tmp_path / "own.mdb",))
    assert write_access_tables(plan_tables, context, fake_access_driver) == [] and context.manifest["tables"] == []


@pytest.mark.parametrize("reason", ["mdb_no_windows", "mdb_no_pyodbc", "mdb_no_driver"])
def test_missing_access_driver_is_reported_with_its_reason(tmp_path, plan_tables, reason):
    (problem,) = write_access_tables(plan_tables, make_export_context(tmp_path), reason)
    for lang, where in (("zh", "文档文件夹"), ("en", "folder of documents")):
        message = problem.format_as_sentence(Texts(lang))
        assert (
            "140225浑源县国土空间规划表格.mdb" in message
            and where in message
            and "DOCUMENTS" not in message
            and "xlsx" in message
        )
        assert Texts(lang).get_section("causes")[reason] in message
    assert not list(tmp_path.rglob("*.mdb"))


def test_failing_access_driver_leaves_no_mdb_file(tmp_path, plan_tables, fake_access_driver):
    def refuse_to_create(path):
        path.write_bytes(b"half")
        raise OSError(f"ODBC 11: {path}")

    context = make_export_context(tmp_path)
    (problem,) = write_access_tables(
        plan_tables, context, replace(fake_access_driver, create_database=refuse_to_create)
    )
    message = problem.format_as_sentence(Texts("zh"))
    assert "ODBC 11" in message and str(tmp_path) not in message
    assert not list(tmp_path.rglob("*.mdb")) and context.manifest["tables"] == []


def test_mdb_that_reads_back_different_stops_the_export(tmp_path, plan_tables, fake_access_driver):
    class Forgetful(sqlite3.Connection):
        def commit(self):
            self.execute("UPDATE [三条控制线] SET [图斑数] = 9")
            super().commit()

    def connect_to_sqlite(path):
        return sqlite3.connect(path, factory=Forgetful)

    with pytest.raises(OutputError) as caught:
        write_access_tables(
            plan_tables, make_export_context(tmp_path), replace(fake_access_driver, open_connection=connect_to_sqlite)
        )
    assert caught.value.key == "package_table_not_the_same" and "三条控制线" in caught.value.params["place"]


def test_damaged_mdb_is_reported(tmp_path, fake_access_driver):
    (tmp_path / "a.mdb").write_bytes(b"no database at all, whatever it is called")
    assert read_workbook(tmp_path / "a.mdb", "a.mdb", fake_access_driver).unreadable_reason == "table_damaged"
    assert read_workbook(tmp_path / "a.mdb", "a.mdb", "mdb_no_driver").unreadable_reason == "mdb_no_driver"


def fake_pyodbc(drivers):
    module = types.ModuleType("pyodbc")
    module.drivers = lambda: drivers
    module.Error = type("Error", (Exception,), {})
    module.connect = lambda text, autocommit: text
    return module


def test_find_access_driver_prefers_the_newer_driver(monkeypatch, tmp_path):
    monkeypatch.setattr(access_database.sys, "platform", "linux")
    assert find_access_driver() == "mdb_no_windows"
    monkeypatch.setattr(access_database.sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    assert find_access_driver() == "mdb_no_pyodbc"
    monkeypatch.setitem(sys.modules, "pyodbc", fake_pyodbc(["SQL Server"]))
    assert find_access_driver() == "mdb_no_driver"
    monkeypatch.setitem(sys.modules, "pyodbc", fake_pyodbc(["SQL Server", ACCESS_DRIVERS[1], ACCESS_DRIVERS[0]]))
    found = find_access_driver()
    assert found.odbc_name == ACCESS_DRIVERS[0]
    path = tmp_path / "表 格.mdb"
    assert found.open_connection(path) == f"DRIVER={{{ACCESS_DRIVERS[0]}}};DBQ={path};"


def test_odbc_installer_gets_the_quoted_path_with_two_final_zeros_to_create_an_mdb(monkeypatch, tmp_path):
    """Require the quoted path and two final zeros that Microsoft documents."""
    import ctypes

    calls = []

    class Installer:
        def SQLConfigDataSourceW(self, window, request, driver, wanted):
            # ctypes would refuse a plain text that contains zeros.
            assert isinstance(wanted, ctypes.Array)
            calls.append((window, request, driver, wanted[:].rstrip("\0")))
            path.touch()
            return 1

    path = tmp_path / "表 格.mdb"
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: Installer(), raising=False)
    make_pyodbc_driver(fake_pyodbc([]), ACCESS_DRIVERS[0]).create_database(path)
    assert calls == [(None, 1, ACCESS_DRIVERS[0], f'CREATE_DB="{path}" General')]


def test_odbc_installer_failure_raises_an_os_error(monkeypatch, tmp_path):
    import ctypes

    class Installer:
        def SQLConfigDataSourceW(self, *_):
            return 0

        def SQLInstallerErrorW(self, number, code, text, room, length):
            text.value = "路径无效"
            return 0

    monkeypatch.setattr(ctypes, "WinDLL", lambda name: Installer(), raising=False)
    with pytest.raises(OSError, match="路径无效"):
        make_pyodbc_driver(fake_pyodbc([]), ACCESS_DRIVERS[0]).create_database(tmp_path / "a.mdb")
