# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests of files (SHA-256), and the one of a manifest beside it, as sha256sum writes and checks it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

MANIFEST, PAGE, DIGEST = "manifest.json", "manifest.html", "manifest.json.sha256"
#: Files that no manifest lists: itself and its digest.
UNLISTED = (MANIFEST, DIGEST)
#: What a manifest says it is.
SCHEMA = "sanxian-package/1"
#: Bytes read at a time.
_CHUNK = 2**20


def sha256(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """A file's SHA-256 as 64 small hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            check()
            found.update(chunk)
    return found.hexdigest()


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a folder with its path there, with ``/``, in order. Links are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
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


def told_digest(folder: Path) -> str:
    """What the digest's file says; empty when there is none that can be read."""
    try:
        text = (folder / DIGEST).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
    return text.split(" ")[0].strip()


def is_whole(folder: Path) -> bool:
    """Was the folder written to its end? Its manifest then has the digest that stands beside it."""
    try:
        return bool(told := told_digest(folder)) and told == sha256(folder / MANIFEST)
    except OSError:
        return False
