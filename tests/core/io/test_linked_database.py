# SPDX-License-Identifier: GPL-2.0-or-later
"""A GeoPackage that is read through a link, while another program has changes in its log."""

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from plugin.core.io import read_source
from plugin.core.loading.unread_files import find_write_ahead_logs
from plugin.paths import SAMPLE_FOLDER


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_rows_in_the_log_of_a_linked_geopackage_are_read_and_its_files_stay_unchanged(tmp_path):
    live, crashed = tmp_path / "live", tmp_path / "crashed"
    live.mkdir()
    shutil.copy(SAMPLE_FOLDER / "county.gpkg", live / "a.gpkg")
    with closing(sqlite3.connect(live / "a.gpkg")) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute("DELETE FROM CZKFBJ WHERE fid = 1")
        database.commit()
        (row_count,) = database.execute("SELECT COUNT(*) FROM CZKFBJ").fetchone()
        shutil.copytree(live, crashed)
    (tmp_path / "county.gpkg").symlink_to(crashed / "a.gpkg")
    content = {path.name: path.read_bytes() for path in crashed.iterdir() if not path.name.endswith("-shm")}
    (layer,) = [one for one in read_source(tmp_path / "county.gpkg") if one.name == "CZKFBJ"]
    assert len(layer.frame) == row_count
    assert {path.name: path.read_bytes() for path in crashed.iterdir() if path.name in content} == content
    (notice,) = find_write_ahead_logs(tmp_path / "county.gpkg")
    assert notice[0] == "notice_uncommitted"
