# SPDX-License-Identifier: GPL-2.0-or-later
"""Risks of editing a file: network drives and other programs that have it open."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys

import pytest

from plugin.core.files import edit_risks
from plugin.core.files.edit_risks import (
    DAMAGING_DRIVER,
    LOCKED_FILE,
    ON_NETWORK_DRIVE,
    OPEN_ELSEWHERE,
    EditRisk,
    find_mount_source,
    find_windows_share,
    parse_linux_mounts,
    parse_mac_mounts,
)
from plugin.paths import RESOURCES_FOLDER

LINUX_MOUNT_TABLE = """\
22 1 253:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:35 / /mnt/规划\\040成果 rw,relatime shared:2 - cifs //10.0.0.8/规划\\040成果 rw,vers=3.1.1
41 22 0:36 / /data rw shared:3 - nfs4 nas:/export/data rw
42 41 253:2 / /data/local rw shared:4 - xfs /dev/vdb1 rw
43 22 0:40 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw
"""
MAC_MOUNT_LIST = """\
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
def test_network_paths_are_identified_in_the_linux_mount_table(path, place):
    assert find_mount_source(path, parse_linux_mounts(LINUX_MOUNT_TABLE)) == place


@pytest.mark.parametrize(("path", "place"), [("/Volumes/规划/县.gpkg", "//wang@nas/规划"), ("/Users/wang/县.gpkg", "")])
def test_network_paths_are_identified_in_the_mac_mount_list(path, place):
    assert find_mount_source(path, parse_mac_mounts(MAC_MOUNT_LIST)) == place


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
def test_windows_shares_and_mapped_drives_are_identified_as_network_paths(monkeypatch, path, place):
    # DRIVE_REMOTE, DRIVE_FIXED
    monkeypatch.setattr(edit_risks, "get_drive_type", lambda root: 4 if root.upper() == "Z:\\" else 3)
    assert find_windows_share(path) == place


def test_path_on_a_local_disk_is_not_reported_as_a_network_path(tmp_path):
    assert edit_risks.find_network_drive(tmp_path / "县.gpkg") == ""


WRITER_SCRIPT = """
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
def county_geopackage(tmp_path):
    return shutil.copyfile(RESOURCES_FOLDER / "sample" / "county.gpkg", tmp_path / "县.gpkg")


@pytest.fixture
def start_other_program(county_geopackage):
    """Return a function that starts a process which reads or writes the GeoPackage."""
    started = []

    def start_program(journal, mode):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER_SCRIPT, str(county_geopackage), journal, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start_program
    for process in started:
        process.communicate("\n", timeout=30)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not report open files")
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_program_reading_a_geopackage_is_reported_as_having_it_open_and_one_writing_it_as_locking_it(
    county_geopackage, start_other_program, journal
):
    assert edit_risks.find_edit_risks(county_geopackage) == []
    reader = start_other_program(journal, "read")
    (found,) = edit_risks.find_edit_risks(county_geopackage)
    assert found.kind == OPEN_ELSEWHERE and str(reader.pid) in found.detail
    writer = start_other_program(journal, "write")
    (found,) = edit_risks.find_edit_risks(county_geopackage)
    assert found.kind == LOCKED_FILE and str(writer.pid) in found.detail
    # The lock that our edits hold must not be reported as another program's.
    assert [risk.kind for risk in edit_risks.find_edit_risks(county_geopackage, own_edits=True)] == [OPEN_ELSEWHERE]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_write_transaction_on_a_geopackage_is_refused_only_while_another_program_writes_it(
    county_geopackage, start_other_program, journal
):
    assert not edit_risks.is_write_transaction_refused(county_geopackage)
    start_other_program(journal, "write")
    assert edit_risks.is_write_transaction_refused(county_geopackage)


def test_file_open_in_this_process_is_not_an_edit_risk(county_geopackage):
    before = hashlib.sha256(county_geopackage.read_bytes()).hexdigest()
    database = sqlite3.connect(county_geopackage)
    database.execute("SELECT count(*) FROM gpkg_contents").fetchall()
    assert edit_risks.find_edit_risks(county_geopackage) == []
    database.close()
    assert hashlib.sha256(county_geopackage.read_bytes()).hexdigest() == before


def test_network_drive_is_listed_first_among_edit_risks(county_geopackage, monkeypatch):
    monkeypatch.setattr(edit_risks, "find_network_drive", lambda path: "//nas/规划")
    monkeypatch.setattr(edit_risks, "find_open_file_owners", lambda path: ["qgis-bin.exe (4312)"])
    assert edit_risks.find_edit_risks(county_geopackage) == [
        EditRisk(ON_NETWORK_DRIVE, "//nas/规划"),
        EditRisk(OPEN_ELSEWHERE, "qgis-bin.exe (4312)"),
    ]


def test_file_that_is_no_database_is_never_reported_as_locked(tmp_path):
    (tmp_path / "坏.gpkg").write_bytes(b"no database, longer than a header " * 40)
    assert not edit_risks.is_write_transaction_refused(tmp_path / "坏.gpkg")


@pytest.mark.parametrize(
    ("version", "is_damaging"), [("3.6.2", True), ("3.8.5", True), ("3.9.0", False), ("3.10.3", False), ("", False)]
)
def test_file_geodatabase_is_a_risk_with_a_driver_that_damages_rows(tmp_path, monkeypatch, version, is_damaging):
    monkeypatch.setattr(edit_risks, "read_gdal_version", lambda: version)
    database, other = tmp_path / "县.gdb", tmp_path / "县.gpkg"
    database.mkdir()
    other.write_bytes(b"")
    risks = [EditRisk(DAMAGING_DRIVER, f"GDAL {version}")] if is_damaging else []
    assert edit_risks.find_edit_risks(database) == risks
    assert edit_risks.find_edit_risks(other) == []
