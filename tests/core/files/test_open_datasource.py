# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the copies of files that are unsafe to open."""

import sqlite3
from contextlib import closing
from threading import Thread

import pytest

from plugin.core.errors import OutputError
from plugin.core.exchange.edited_copy import write_edited_copy
from plugin.core.files.open_datasource import provide_safe_path


def run_while_locked(path, action):
    """Create a database, lock it, and run an action in a thread; return whether it ended before the lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as editor:
        editor.execute("CREATE TABLE numbers AS SELECT 1 AS value")
        editor.execute("BEGIN EXCLUSIVE")
        editor.execute("UPDATE numbers SET value = 2")
        thread = Thread(target=action, daemon=True)
        thread.start()
        thread.join(timeout=10)
        has_ended = not thread.is_alive()
        editor.execute("COMMIT")
    thread.join()
    return has_ended


def test_database_that_another_program_locks_is_copied_without_waiting_for_it(tmp_path):
    path, values = tmp_path / "county.gpkg", []

    def read_copy():
        with provide_safe_path(path) as copy, closing(sqlite3.connect(copy)) as database:
            values.extend(database.execute("SELECT value FROM numbers").fetchall())

    assert run_while_locked(path, read_copy) and values == [(1,)]


def test_edited_copy_of_a_locked_database_is_refused_without_waiting(tmp_path):
    path, errors = tmp_path / "county.gpkg", []

    def copy():
        with pytest.raises(OutputError) as raised:
            write_edited_copy(path, tmp_path / "copy.gpkg", lambda copies: None)
        errors.append(raised.value)

    assert run_while_locked(path, copy) and len(errors) == 1
    assert not (tmp_path / "copy.gpkg").exists()
