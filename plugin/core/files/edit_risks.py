# SPDX-License-Identifier: GPL-2.0-or-later
"""Risks of editing a file: it is on a network drive, another program uses it, or the driver damages it."""

from __future__ import annotations

import ctypes
import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .open_file_owners import find_open_file_owners

#: DRIVE_REMOTE of GetDriveTypeW (winbase.h).
_REMOTE_DRIVE = 4
#: Network file system types, as named by Linux and macOS.
_NETWORK_TYPES = frozenset(
    "nfs nfs4 cifs smb smb3 smbfs afpfs afs ncpfs webdav davfs davfs2 ceph glusterfs lustre beegfs "
    "fuse.sshfs fuse.gvfsd-fuse fuse.rclone fuse.davfs fuse.davfs2 fuse.glusterfs fuse.ceph macfuse osxfuse".split()
)
_MOUNTS_FILE = Path("/proc/self/mountinfo")
#: Octal escapes for spaces and other characters in a mount point.
_OCTAL_ESCAPE_PATTERN = re.compile(r"\\([0-7]{3})")
#: A line of macOS's mount: //user@server/share on /Volumes/share (smbfs, nodev)
_MAC_MOUNT_LINE_PATTERN = re.compile(r"(?P<source>.+) on (?P<point>/.*) \((?P<kind>\w+)[,)]")
#: The first version of GDAL that edits a FileGDB without damage.
_SAFE_GDAL_VERSION = (3, 9)
#: Timeout of ``mount`` on macOS, in seconds.
_TIMEOUT_S = 5.0


def find_network_drive(path: str | Path) -> str:
    r"""Return the network drive or share that a path is on; empty for a local disk.

    It is a share (``\\server\share``), a drive (``Z:``), or the source of a mount. Empty also if the system provides no
    list of mounts.
    """
    if sys.platform == "win32":
        return find_windows_share(str(path))
    mounts = (
        parse_mac_mounts(_read_mac_mounts()) if sys.platform == "darwin" else parse_linux_mounts(_read_linux_mounts())
    )
    return find_mount_source(os.path.realpath(path), mounts)


def find_windows_share(path: str) -> str:
    r"""Return the share of a UNC path, or the drive letter of a mapped drive; empty for another path.

    UNC paths may have the form ``\\?\UNC\…``.
    """
    path = path.replace("/", "\\")
    if path.upper().startswith("\\\\?\\UNC\\"):
        path = "\\\\" + path[8:]
    elif path.startswith(("\\\\?\\", "\\\\.\\")):
        path = path[4:]
    if path.startswith("\\\\"):
        server, _, path_on_server = path[2:].partition("\\")
        return "\\\\" + "\\".join(part for part in (server, path_on_server.partition("\\")[0]) if part)
    drive = path[:2] if path[1:2] == ":" else ""
    return drive.upper() if drive and get_drive_type(f"{drive}\\") == _REMOTE_DRIVE else ""


def get_drive_type(root: str) -> int:
    """Return the number that Windows' GetDriveTypeW gives a drive; 0 (unknown) on other systems."""
    if sys.platform != "win32":
        return 0
    return int(ctypes.windll.kernel32.GetDriveTypeW(ctypes.c_wchar_p(root)))


def find_mount_source(path: str, mounts: list[tuple[str, str, str]]) -> str:
    """Return the source of the network mount that contains a path; empty if the path is on a local mount.

    ``mounts``: (mount point, type, source) of each mount; of two mounts at one point the later one is used.
    """
    best = ("", "", "")
    for point, kind, source in mounts:
        within = path == point or path.startswith(point.rstrip("/") + "/")
        if within and len(point) >= len(best[0]):
            best = (point, kind, source)
    return (best[2] or best[0]) if best[1] in _NETWORK_TYPES else ""


def parse_linux_mounts(table: str) -> list[tuple[str, str, str]]:
    """Return (mount point, type, source) of each line of /proc/self/mountinfo."""
    mounts = []
    for line in table.splitlines():
        mount_fields, dash, source_fields = line.partition(" - ")
        left, right = mount_fields.split(" "), source_fields.split(" ")
        if dash and len(left) > 4 and len(right) > 1:
            mounts.append((_unescape_octal(left[4]), right[0], _unescape_octal(right[1])))
    return mounts


def parse_mac_mounts(table: str) -> list[tuple[str, str, str]]:
    """Return (mount point, type, source) of each line printed by ``mount`` on macOS."""
    lines = [_MAC_MOUNT_LINE_PATTERN.match(line) for line in table.splitlines()]
    return [(mount["point"], mount["kind"], mount["source"]) for mount in lines if mount]


def _unescape_octal(text: str) -> str:
    """Return a text with octal escapes (three digits) replaced by their characters."""
    return _OCTAL_ESCAPE_PATTERN.sub(lambda escape_match: chr(int(escape_match[1], 8)), text)


def _read_linux_mounts() -> str:
    """Return the text of /proc/self/mountinfo; empty if it cannot be read."""
    try:
        return _MOUNTS_FILE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # Without /proc the mounts are unknown; no file counts as being on the network.
        return ""


def _read_mac_mounts() -> str:
    """Return the output of the command ``mount``; empty if it fails."""
    try:
        command = ["/sbin/mount"]
        finished_process = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_S)  # nosec B603 # a fixed path
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return finished_process.stdout


ON_NETWORK_DRIVE, LOCKED_FILE, OPEN_ELSEWHERE, DAMAGING_DRIVER = "network", "locked", "open_elsewhere", "driver"
_LOCKS_FILE = Path("/proc/locks")
#: 12: POSIX  ADVISORY  WRITE 4312 fd:01:131 1073741825 1073741825
_LOCK_LINE_PATTERN = re.compile(r"^\d+: (?:POSIX|OFDLCK)\s+\S+\s+WRITE\s+(-?\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s")
#: Files that SQLite creates next to a database while it is in use.
_SQLITE_LOGS = ("-wal", "-shm", "-journal")
_PROCESS_ID_PATTERN = re.compile(r"\((\d+)\)$")


@dataclass(frozen=True)
class EditRisk:
    """A risk of editing a file.

    ``kind``: `ON_NETWORK_DRIVE`, `LOCKED_FILE`, `OPEN_ELSEWHERE` or `DAMAGING_DRIVER`; ``detail``: the network share,
    names and process ids of the programs that have the file open, or the version of the driver.
    """

    kind: str
    detail: str


def find_edit_risks(path: str | Path, *, own_edits: bool = False) -> list[EditRisk]:
    """Return the risks of editing a file; a network drive comes first.

    No content is read and nothing is written. ``own_edits``: this QGIS already edits another layer of the file, so a
    write lock is its own and is ignored.
    """
    path = Path(path)
    network_place = find_network_drive(path)
    edit_risks = [EditRisk(ON_NETWORK_DRIVE, network_place)] if network_place else []
    if path.suffix.lower() == ".gdb" and does_driver_damage_rows():
        edit_risks.append(EditRisk(DAMAGING_DRIVER, f"GDAL {read_gdal_version()}"))
    if not path.is_file():
        return edit_risks
    programs = [name for name in _find_programs(path) if not _is_own_process(name)]
    if path.suffix.lower() == ".gpkg" and not own_edits and is_write_locked(path):
        return [*edit_risks, EditRisk(LOCKED_FILE, ", ".join(programs))]
    return [*edit_risks, EditRisk(OPEN_ELSEWHERE, ", ".join(programs))] if programs else edit_risks


def does_driver_damage_rows() -> bool:
    """Return True if saving an edited row of a FileGDB can damage it or other rows.

    GDAL 3.6 writes over other rows when an updated row needs more space (GDAL issue 7504; reproduced with 3.6.2, but
    not with 3.10.3). Before 3.9, other programs cannot read such a row (issue 9388).
    """
    numbers = re.match(r"(\d+)\.(\d+)", read_gdal_version())
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < _SAFE_GDAL_VERSION


def read_gdal_version() -> str:
    """Return the version of GDAL that QGIS uses, as in ``3.9.2``; empty without its Python bindings."""
    try:
        from osgeo import gdal
    except ImportError:
        return ""
    return str(gdal.VersionInfo("RELEASE_NAME"))


def _find_programs(path: Path) -> list[str]:
    """Return the programs that have a file, or one of its SQLite logs, open; each once."""
    files = [path, *(Path(f"{path}{log_suffix}") for log_suffix in _SQLITE_LOGS)]
    program_names = (name for file in files if file.exists() for name in find_open_file_owners(file))
    return list(dict.fromkeys(program_names))


def _is_own_process(name: str) -> bool:
    """Return True if the name of a program ends with the id of this process."""
    match = _PROCESS_ID_PATTERN.search(name)
    return match is not None and int(match[1]) == os.getpid()


def is_write_locked(path: Path) -> bool:
    """Return True if another process holds SQLite's write lock on a file.

    False if the system provides no information.
    """
    if sys.platform == "linux":
        return _has_linux_lock(path)
    # Locks of Windows belong to a handle; elsewhere (macOS) closing a second handle would release QGIS's own.
    return sys.platform == "win32" and is_write_transaction_refused(path)


def _has_linux_lock(path: Path) -> bool:
    """Return True if the Linux kernel lists a write lock of SQLite on a file.

    SQLite locks bytes of the database, in WAL mode bytes of its index (-shm).
    """
    file_identities = set()
    for file in (path, Path(f"{path}-shm")):
        try:
            state = file.stat()
        except OSError:
            continue
        file_identities.add((os.major(state.st_dev), os.minor(state.st_dev), state.st_ino))
    try:
        lines = _LOCKS_FILE.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        match = _LOCK_LINE_PATTERN.match(line)
        if match is None or int(match[1]) == os.getpid():
            continue
        if (int(match[2], 16), int(match[3], 16), int(match[4])) in file_identities:
            return True
    return False


def is_write_transaction_refused(path: Path) -> bool:
    """Return True if SQLite cannot begin a write transaction on a database.

    The trial transaction is rolled back; the file is unchanged.
    """
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        # Not a database, or read-only: not a lock.
        return "locked" in str(error)
    except sqlite3.DatabaseError:
        return False
    finally:
        database.close()
    return False
