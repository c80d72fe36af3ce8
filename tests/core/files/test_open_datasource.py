# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the copies of files that are unsafe to open."""

import sqlite3
from contextlib import closing
from threading import Thread

from plugin.core.files.open_datasource import provide_safe_path


def test_database_that_another_program_locks_is_copied_without_waiting_for_it(tmp_path):
    path, values = tmp_path / "county.gpkg", []

    def read_copy():
        with provide_safe_path(path) as copy, closing(sqlite3.connect(copy)) as database:
            values.extend(database.execute("SELECT value FROM numbers").fetchall())

    with closing(sqlite3.connect(path, isolation_level=None)) as editor:
        editor.execute("CREATE TABLE numbers AS SELECT 1 AS value")
        editor.execute("BEGIN EXCLUSIVE")
        editor.execute("UPDATE numbers SET value = 2")
        reader = Thread(target=read_copy, daemon=True)
        reader.start()
        reader.join(timeout=10)
        is_finished = not reader.is_alive()
        editor.execute("COMMIT")
    reader.join()
    assert is_finished and values == [(1,)]
