# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests of files (SHA-256), and reading a package's manifest with its digest."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeGuard

from ..cancellation import NEVER, Cancellation
from .data import DoubledNameError, strict_json

MANIFEST, PAGE, DIGEST = "manifest.json", "manifest.html", "manifest.json.sha256"
#: Digests of every file including the manifest, for receivers without this plugin: `sha256sum -c SHA256SUMS`.
SUMS = "SHA256SUMS"
#: Names that other programs give to such a list.
LISTS = (SUMS, "sha256sums.txt", "sha256sum.txt", "checksums.sha256", "checksum.sha256")
#: Files that no manifest lists: itself and its digests.
UNLISTED = (MANIFEST, DIGEST, SUMS)
#: The schema of a manifest.
SCHEMA = "sanxian-package/1"
#: A line: the digest, two characters (a star for a binary file) and the path.
_SUM = re.compile(r"([0-9A-Fa-f]{64})[ \t][ *]?(.+)")
#: Bytes read at a time.
_CHUNK = 2**20
#: The reparse tag of a junction (IO_REPARSE_TAG_MOUNT_POINT).
_JUNCTION = 0xA0000003


def is_later(schema: object) -> bool:
    """Return True if a later version of the plugin wrote a manifest with this schema."""
    name, _, version = str(schema).partition("/")
    own, _, known = SCHEMA.partition("/")
    return name == own and version.isdecimal() and int(version) > int(known)


def sha256(path: Path, cancellation: Cancellation = NEVER) -> str:
    """Return a file's SHA-256 as 64 lower-case hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            cancellation.raise_if_cancelled()
            found.update(chunk)
    return found.hexdigest()


def is_link(path: Path) -> bool:
    """Return True for a symbolic link or a junction of Windows."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def is_special(path: Path) -> bool:
    """Return True for a pipe, a device or a socket: opening one may block for ever."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file of a folder as (relative path with ``/``, path), sorted.

    A link to a folder is yielded like a file; its content is not visited.
    """
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if is_link(Path(place) / name)]
        folders[:] = sorted(name for name in folders if name not in links)
        for name in sorted([*names, *links]):
            path = Path(place) / name
            yield path.relative_to(folder).as_posix(), path


def write_digest(folder: Path) -> str:
    """Write the manifest's digest as the last file: a folder that has it is complete."""
    found = sha256(folder / MANIFEST)
    with (folder / DIGEST).open("w", encoding="ascii", newline="\n") as handle:
        handle.write(f"{found}  {MANIFEST}\n")
        handle.flush()
        os.fsync(handle.fileno())
    return found


def write_sums(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    """Write the list of (path, SHA-256) and the manifest's digest, as sha256sum does."""
    rows = [*files, (MANIFEST, sha256(folder / MANIFEST))]
    text = "".join(f"{digest}  {path}\n" for path, digest in rows)
    (folder / SUMS).write_text(text, encoding="utf-8", newline="\n")


def read_sums(data: bytes) -> dict[str, str] | None:
    """Return path → SHA-256 of a list of digests by any program.

    None for another text.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = data.decode("gb18030", errors="replace").splitlines()
    found = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        match = _SUM.fullmatch(line.rstrip())
        if match is None:
            return None
        found[match[2].replace("\\", "/").removeprefix("./")] = match[1].lower()
    return found or None


def read_digest(folder: Path) -> str:
    """Return the digest in the digest file.

    Empty if the file is missing or unreadable.
    """
    if is_link(folder / DIGEST) or is_special(folder / DIGEST):
        return ""
    try:
        text = (folder / DIGEST).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
    # Other programs write upper-case digits.
    return text.split(" ")[0].strip().lower()


def is_whole(folder: Path) -> bool:
    """Return True if the folder was written completely.

    Its manifest then has the stored digest.
    """
    try:
        return bool(digest := read_digest(folder)) and digest == sha256(folder / MANIFEST)
    except OSError:
        return False


#: States of a manifest: unchanged, missing, unreadable, changed since, of a later version, with a duplicate name. Only
#: `read_duplicate_manifest` reports DOUBLED; for other callers such a manifest is DAMAGED.
OK, MISSING, DAMAGED, CHANGED, LATER, DOUBLED = "ok", "missing", "damaged", "changed", "later", "doubled"
#: Required keys of the rows. Early manifests have no maps and are valid without them.
_ROWS: dict[str, dict[str, type]] = {
    "files": {"path": str, "sha256": str},
    "layers": {"layer": str, "file": str, "features": int},
    "maps": {"file": str, "origin": str},
}


def read_manifest(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """Return the manifest of a package's folder and its state.

    None unless OK or CHANGED.
    """
    path = folder / MANIFEST
    if not path.is_file() or is_link(path):
        return None, MISSING
    try:
        manifest = strict_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None, DAMAGED
    if isinstance(manifest, dict) and is_later(manifest.get("schema")):
        return None, LATER
    if not _is_whole(manifest):
        return None, DAMAGED
    return manifest, OK if read_digest(folder) == sha256(path) else CHANGED


def read_duplicate_manifest(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """Return a manifest with a duplicate name, and that name; (None, "") for another.

    The last value of the name is used, as most programs do.
    """
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        strict_json(text)
    except DoubledNameError as error:
        manifest = json.loads(text)
        return (manifest, error.name) if _is_whole(manifest) else (None, "")
    except (OSError, ValueError, RecursionError):
        return None, ""
    return None, ""


def _is_whole(manifest: object) -> bool:
    if not _has(manifest, {"schema": str, "check": dict, "files": list, "layers": list}):
        return False
    manifest = {"maps": [], **manifest}
    if manifest["schema"] != SCHEMA or not manifest["check"] or not isinstance(manifest["maps"], list):
        return False
    return all(_has(row, kinds) for part, kinds in _ROWS.items() for row in manifest[part])


def _has(row: object, kinds: dict[str, type]) -> TypeGuard[dict[str, Any]]:
    return isinstance(row, dict) and all(isinstance(row.get(key), kind) for key, kind in kinds.items())
