# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests of files (SHA-256), and the manifest of a package: its own digest beside it, and what it says when it can be believed."""

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
#: Digests of every file, the manifest's too, for receivers without this plugin: `sha256sum -c SHA256SUMS`.
SUMS = "SHA256SUMS"
#: What other programs call such a list.
LISTS = (SUMS, "sha256sums.txt", "sha256sum.txt", "checksums.sha256", "checksum.sha256")
#: Files that no manifest lists: itself and its digests.
UNLISTED = (MANIFEST, DIGEST, SUMS)
#: What a manifest says it is.
SCHEMA = "sanxian-package/1"
#: A line: the digest, then two signs (a star for a binary file) and the path.
_SUM = re.compile(r"([0-9A-Fa-f]{64})[ \t][ *]?(.+)")
#: Bytes read at a time.
_CHUNK = 2**20
#: The tag of a junction (IO_REPARSE_TAG_MOUNT_POINT).
_JUNCTION = 0xA0000003


def is_later(schema: object) -> bool:
    """Is it the schema of a manifest that a later version of the plugin wrote?"""
    name, _, version = str(schema).partition("/")
    own, _, known = SCHEMA.partition("/")
    return name == own and version.isdecimal() and int(version) > int(known)


def sha256(path: Path, cancellation: Cancellation = NEVER) -> str:
    """A file's SHA-256 as 64 small hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            cancellation.raise_if_cancelled()
            found.update(chunk)
    return found.hexdigest()


def is_link(path: Path) -> bool:
    """A symbolic link, or a junction of Windows: what it leads to lies elsewhere."""
    try:
        told = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(told.st_mode) or getattr(told, "st_reparse_tag", 0) == _JUNCTION


def is_special(path: Path) -> bool:
    """Return True for a pipe, a device or a socket: whoever opens one may wait for ever."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a folder with its path there, with ``/``, in order. A link to a folder is told as if it were a file; none
    is gone down into."""
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if is_link(Path(place) / name)]
        folders[:] = sorted(name for name in folders if name not in links)
        for name in sorted([*names, *links]):
            path = Path(place) / name
            yield path.relative_to(folder).as_posix(), path


def write_digest(folder: Path) -> str:
    """Put the manifest's digest beside it, last of all: a folder that has it is whole."""
    found = sha256(folder / MANIFEST)
    with (folder / DIGEST).open("w", encoding="ascii", newline="\n") as handle:
        handle.write(f"{found}  {MANIFEST}\n")
        handle.flush()
        os.fsync(handle.fileno())
    return found


def write_sums(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    """The list of (path, SHA-256) with the manifest's own, as sha256sum writes and checks it."""
    rows = [*files, (MANIFEST, sha256(folder / MANIFEST))]
    text = "".join(f"{digest}  {path}\n" for path, digest in rows)
    (folder / SUMS).write_text(text, encoding="utf-8", newline="\n")


def read_sums(data: bytes) -> dict[str, str] | None:
    """Path → SHA-256 of such a list, of whatever program; None for what is none."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = data.decode("gb18030", errors="replace").splitlines()
    found = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        told = _SUM.fullmatch(line.rstrip())
        if told is None:
            return None
        found[told[2].replace("\\", "/").removeprefix("./")] = told[1].lower()
    return found or None


def told_digest(folder: Path) -> str:
    """What the digest's file says; empty when there is none that can be read."""
    if is_link(folder / DIGEST) or is_special(folder / DIGEST):
        return ""
    try:
        text = (folder / DIGEST).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
    # Other programs write large digits.
    return text.split(" ")[0].strip().lower()


def is_whole(folder: Path) -> bool:
    """Was the folder written to its end? Its manifest then has the digest that stands beside it."""
    try:
        return bool(told := told_digest(folder)) and told == sha256(folder / MANIFEST)
    except OSError:
        return False


#: What becomes of a manifest: as it was written, not there, none that can be read, altered since, of a later version; with a
#: name twice, which only who looks for it is told (`doubled_manifest`): for others it is damaged.
OK, MISSING, DAMAGED, CHANGED, LATER, DOUBLED = "ok", "missing", "damaged", "changed", "later", "doubled"
#: What is asked of its rows. Maps came later than the rest; a manifest without them is whole.
_ROWS: dict[str, dict[str, type]] = {
    "files": {"path": str, "sha256": str},
    "layers": {"layer": str, "file": str, "features": int},
    "maps": {"file": str, "origin": str},
}


def told_manifest(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """The manifest of a package's folder and its state; None in a state other than OK and CHANGED."""
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
    return manifest, OK if told_digest(folder) == sha256(path) else CHANGED


def doubled_manifest(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """A manifest in which a name stands twice, with the last value as most programs read it, and the name; None for another."""
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
