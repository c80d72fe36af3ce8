# SPDX-License-Identifier: GPL-2.0-or-later
"""Network drives by path and mount table, and other programs that have a file open or write it."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys

import pytest

from plugin.core.files import edit_risks
from plugin.core.files.edit_risks import (
    LOCKED,
    NETWORK,
    OPEN,
    Risk,
    find_mount_source,
    find_windows_share,
    parse_linux_mounts,
    parse_mac_mounts,
)
from plugin.paths import RESOURCES

LINUX = """\
22 1 253:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:35 / /mnt/规划\\040成果 rw,relatime shared:2 - cifs //10.0.0.8/规划\\040成果 rw,vers=3.1.1
41 22 0:36 / /data rw shared:3 - nfs4 nas:/export/data rw
42 41 253:2 / /data/local rw shared:4 - xfs /dev/vdb1 rw
43 22 0:40 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw
"""
MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//wang@nas/规划 on /Volumes/规划 (smbfs, nodev, nosuid, mounted by wang)
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/mnt/规划 成果/县.gpkg", "//10.0.0.8/规划 成果"),
        ("/data/县.gpkg", "nas:/export/data"),
        ("/data/local/县.gpkg", ""),
        ("/database/县.gpkg", ""),
        ("/home/wang/县.gpkg", ""),
        ("/run/user/1000/gvfs/smb-share:server=nas/县.gpkg", "gvfsd-fuse"),
    ],
)
def test_a_mount_of_the_network_on_linux(path, place):
    assert find_mount_source(path, parse_linux_mounts(LINUX)) == place


@pytest.mark.parametrize(("path", "place"), [("/Volumes/规划/县.gpkg", "//wang@nas/规划"), ("/Users/wang/县.gpkg", "")])
def test_a_mount_of_the_network_on_a_mac(path, place):
    assert find_mount_source(path, parse_mac_mounts(MAC)) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (r"\\nas\规划\浑源\县.gpkg", r"\\nas\规划"),
        ("//nas/规划/县.gpkg", r"\\nas\规划"),
        (r"\\?\UNC\nas\规划\县.gpkg", r"\\nas\规划"),
        (r"z:\县.gpkg", "Z:"),
        (r"\\?\Z:\县.gpkg", "Z:"),
        (r"D:\规划\县.gpkg", ""),
        ("县.gpkg", ""),
    ],
)
def test_a_share_or_mapped_drive_of_windows(monkeypatch, path, place):
    # DRIVE_REMOTE, DRIVE_FIXED
    monkeypatch.setattr(edit_risks, "get_drive_type", lambda root: 4 if root.upper() == "Z:\\" else 3)
    assert find_windows_share(path) == place


def test_the_disk_of_this_machine_is_no_network(tmp_path):
    assert edit_risks.find_network_place(tmp_path / "县.gpkg") == ""


WRITER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute(f"PRAGMA journal_mode={sys.argv[2]}")
database.execute("SELECT count(*) FROM gpkg_contents").fetchall()
if sys.argv[3] == "write":
    database.execute("BEGIN IMMEDIATE")
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def county(tmp_path):
    return shutil.copyfile(RESOURCES / "sample" / "county.gpkg", tmp_path / "县.gpkg")


@pytest.fixture
def other_program(county):
    """Another process with the GeoPackage open, which reads it or is writing it."""
    begun = []

    def begin(journal, does):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(county), journal, does],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for process in begun:
        process.communicate("\n", timeout=30)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not tell")
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_writer_is_told_from_a_reader(county, other_program, journal):
    assert edit_risks.find_edit_risks(county) == []
    reader = other_program(journal, "read")
    (found,) = edit_risks.find_edit_risks(county)
    assert found.kind == OPEN and str(reader.pid) in found.detail
    writer = other_program(journal, "write")
    (found,) = edit_risks.find_edit_risks(county)
    assert found.kind == LOCKED and str(writer.pid) in found.detail
    # A lock of one's own edits is none of another program's.
    assert [risk.kind for risk in edit_risks.find_edit_risks(county, own_edits=True)] == [OPEN]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_sqlite_refuses_a_second_writer(county, other_program, journal):
    assert not edit_risks.refuses_writers(county)
    other_program(journal, "write")
    assert edit_risks.refuses_writers(county)


def test_what_is_open_in_this_program_is_no_risk(county):
    before = hashlib.sha256(county.read_bytes()).hexdigest()
    database = sqlite3.connect(county)
    database.execute("SELECT count(*) FROM gpkg_contents").fetchall()
    assert edit_risks.find_edit_risks(county) == []
    database.close()
    assert hashlib.sha256(county.read_bytes()).hexdigest() == before


def test_the_network_is_named_first(county, monkeypatch):
    monkeypatch.setattr(edit_risks, "find_network_place", lambda path: "//nas/规划")
    monkeypatch.setattr(edit_risks, "find_open_file_owners", lambda path: ["qgis-bin.exe (4312)"])
    assert edit_risks.find_edit_risks(county) == [Risk(NETWORK, "//nas/规划"), Risk(OPEN, "qgis-bin.exe (4312)")]


def test_a_file_that_is_no_database_is_not_locked(tmp_path):
    (tmp_path / "坏.gpkg").write_bytes(b"no database, longer than a header " * 40)
    assert not edit_risks.refuses_writers(tmp_path / "坏.gpkg")
