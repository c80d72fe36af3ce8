# SPDX-License-Identifier: GPL-2.0-or-later
"""SHA-256 digests of files, and the manifest of a package, which lists these digests."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import NEVER_CANCELLED, Cancellation, SanxianError
from .data import parse_json, read_json, read_value
from .open_datasource import DATABASE_ERRORS, open_database
from .writing import write_to_disk

MANIFEST_FILE_NAME, MANIFEST_PAGE_FILE_NAME, MANIFEST_DIGEST_FILE_NAME = (
    "manifest.json",
    "manifest.html",
    "manifest.json.sha256",
)
#: Digests of every file including the manifest, for receivers without this plugin: `sha256sum -c SHA256SUMS`.
DIGEST_LIST = "SHA256SUMS"
#: Names that other programs give to such a list.
DIGEST_LIST_NAMES = (DIGEST_LIST, "sha256sums.txt", "sha256sum.txt", "checksums.sha256", "checksum.sha256")
#: Files that no manifest lists: itself and its digests.
UNLISTED_FILES = (MANIFEST_FILE_NAME, MANIFEST_DIGEST_FILE_NAME, DIGEST_LIST)
#: The schema of a manifest.
MANIFEST_SCHEMA = "sanxian-package/1"
#: A line: the digest, two characters (a star for a binary file) and the path.
_SUM_LINE_PATTERN = re.compile(r"([0-9A-Fa-f]{64})[ \t][ *]?(.+)")
_JSON_DIGEST_PATTERN = re.compile(r'\{"digest": "([0-9a-f]{64})",')
#: Bytes read at a time.
_BYTES_PER_READ = 2**20
#: The reparse tag of a junction (IO_REPARSE_TAG_MOUNT_POINT).
_JUNCTION_TAG = 0xA0000003
#: States of a manifest: unchanged, missing, unreadable, changed since, of a later version.
MANIFEST_OK, MANIFEST_MISSING, MANIFEST_DAMAGED, MANIFEST_CHANGED, MANIFEST_OF_LATER_VERSION = (
    "ok",
    "missing",
    "damaged",
    "changed",
    "later",
)
#: What rules and exports read of a manifest, for `read_value`. Early manifests have no maps and are valid without them.
_MANIFEST_TYPES: dict[str, Any] = {
    "schema": str,
    "check": dict,
    "files": [{"path": str, "sha256": str}],
    "layers": [
        {
            "layer": str,
            "file": str,
            "features": int,
            "fields?": int,
            "read_back?": dict,
            "extent?": list[float] | None,
        }
    ],
    "maps?": [{"file": str, "origin": str}],
    "slots?": [{"id": str, "files": [str], "generated?": str}],
    "tables?": [{"file": str}],
    **dict.fromkeys(("root?", "made?", "secrecy?"), str),
    "form?": {"id?": str},
    "profile?": {"id?": str},
    "area?": {"code?": str, "name?": str},
    "document?": {"date?": str, "lowered?": [{"secrecy?": str, "reason?": str}]},
    "gathered?": dict,
    "standard?": {"id?": str, "edition?": str},
    "tool?": {"name?": str, "versions?": {"sanxian?": str}},
}


def is_from_later_version(schema: object) -> bool:
    """Return True if a later version of the plugin wrote a manifest.

    ``schema``: the name of the manifest's format, with its version.
    """
    name, _, version = str(schema).partition("/")
    own_version, _, known_version = MANIFEST_SCHEMA.partition("/")
    return name == own_version and version.isdecimal() and int(version) > int(known_version)


def compute_sha256(path: Path, cancellation: Cancellation = NEVER_CANCELLED) -> str:
    """Return a file's SHA-256 as 64 lower-case hexadecimal digits."""
    file_hash = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_BYTES_PER_READ):
            cancellation.raise_if_cancelled()
            file_hash.update(chunk)
    return file_hash.hexdigest()


def add_digest(text: str) -> str:
    """Return a JSON object's text with its own SHA-256 as the first value."""
    return f'{{"digest": "{hashlib.sha256(text.encode()).hexdigest()}",{text[1:]}'


def read_json_with_digest(file: Path) -> Any:
    """Return the object of a file whose text `add_digest` made.

    Raise ValueError if the text was changed since, OSError, and DataError as `read_json`.
    """
    text = file.read_text(encoding="utf-8")
    match = _JSON_DIGEST_PATTERN.match(text)
    if match is None or hashlib.sha256(f"{{{text[match.end() :]}".encode()).hexdigest() != match[1]:
        raise ValueError("the text differs from its digest")
    return parse_json(text, file=file)


def is_complete_file(path: Path) -> bool:
    """Return True if a document, workbook or database is readable to its end.

    Workbooks are zip files; databases are SQLite files.
    """
    if path.suffix.lower() != ".gpkg":
        return zipfile.is_zipfile(path)
    try:
        with open_database(path) as database:
            return bool(database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except DATABASE_ERRORS:
        return False


def is_link(path: Path) -> bool:
    """Return True for a symbolic link or a junction of Windows."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION_TAG


def is_special_file(path: Path) -> bool:
    """Return True for a pipe, a device or a socket.

    Opening one may block for ever.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def iterate_files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (relative path with ``/``, path) of each file in a folder and its subfolders, sorted.

    A link to a folder is yielded like a file; its content is not visited.
    """
    for relative_path, folders, file_names in os.walk(folder):
        links = [name for name in folders if is_link(Path(relative_path) / name)]
        folders[:] = sorted(name for name in folders if name not in links)
        for name in sorted([*file_names, *links]):
            path = Path(relative_path) / name
            yield path.relative_to(folder).as_posix(), path


def write_manifest_digest(folder: Path) -> str:
    """Write the file with the manifest's digest into a package's folder, and return the digest.

    It must be written last: a folder that has this file is complete.
    """
    manifest_digest = compute_sha256(folder / MANIFEST_FILE_NAME)
    write_to_disk(folder / MANIFEST_DIGEST_FILE_NAME, f"{manifest_digest}  {MANIFEST_FILE_NAME}\n".encode())
    return manifest_digest


def write_digest_list(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    """Write the file SHA256SUMS of a package, in the format of the program sha256sum.

    ``files``: (path, SHA-256) of each file. The file also lists the manifest's digest.
    """
    rows = [*files, (MANIFEST_FILE_NAME, compute_sha256(folder / MANIFEST_FILE_NAME))]
    text = "".join(f"{digest}  {path}\n" for path, digest in rows)
    (folder / DIGEST_LIST).write_text(text, encoding="utf-8", newline="\n")


def read_digest_list(data: bytes) -> dict[str, str] | None:
    """Return path → SHA-256 from the content of a list of digests, made by any program.

    None for a text that is not such a list.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = data.decode("gb18030", errors="replace").splitlines()
    digest_by_path = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            match = _SUM_LINE_PATTERN.fullmatch(line.rstrip())
            if match is None:
                return None
            digest_by_path[match[2].replace("\\", "/").removeprefix("./")] = match[1].lower()
    return digest_by_path or None


def read_manifest_digest(folder: Path) -> str:
    """Return the manifest's digest that the digest file of a package states.

    Empty if the digest file is missing or unreadable.
    """
    if is_link(folder / MANIFEST_DIGEST_FILE_NAME) or is_special_file(folder / MANIFEST_DIGEST_FILE_NAME):
        return ""
    try:
        text = (folder / MANIFEST_DIGEST_FILE_NAME).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
    # Other programs write upper-case digits.
    return text.split(" ")[0].strip().lower()


def is_complete_package(folder: Path) -> bool:
    """Return True if the folder of a package was written completely.

    Then the manifest has the digest that the digest file states.
    """
    try:
        return bool(digest := read_manifest_digest(folder)) and digest == compute_sha256(folder / MANIFEST_FILE_NAME)
    except OSError:
        return False


def read_manifest(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """Return the manifest in a package's folder, and its state, one of the constants ``MANIFEST_…``.

    The manifest is None unless the state is `MANIFEST_OK` or `MANIFEST_CHANGED`.
    """
    path = folder / MANIFEST_FILE_NAME
    if not path.is_file() or is_link(path):
        return None, MANIFEST_MISSING
    try:
        manifest = read_json(path)
        if isinstance(manifest, dict) and is_from_later_version(manifest.get("schema")):
            return None, MANIFEST_OF_LATER_VERSION
        read_value(manifest, _MANIFEST_TYPES, file=path)
    except SanxianError:
        return None, MANIFEST_DAMAGED
    if manifest["schema"] != MANIFEST_SCHEMA or not manifest["check"]:
        return None, MANIFEST_DAMAGED
    return manifest, MANIFEST_OK if read_manifest_digest(folder) == compute_sha256(path) else MANIFEST_CHANGED
