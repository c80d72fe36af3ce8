# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents, maps and tables that come with the data: found by their names in a folder of the planner's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from .hashes import files_below
from .names import fill, recogniser
from .problems import NAMED, Level, Problem
from .profile import FileSlot, PackageProfile

#: What systems and programs leave in folders; never a part of a package.
STRAYS = ("thumbs.db", "desktop.ini", ".ds_store", "ehthumbs.db")
STRAY_SUFFIXES = (".lock", ".tmp", ".bak", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal", ".qmd", ".aux.xml")
#: How files of a kind begin, by suffix.
BEGINNINGS = {"pdf": b"%PDF-", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff", "xlsx": b"PK\x03\x04"}


def is_stray(name: str) -> bool:
    low = name.lower()
    return low in STRAYS or low.endswith(STRAY_SUFFIXES) or low.startswith(("~$", "._"))


@dataclass(frozen=True)
class Filled:
    """A slot with the files that fill it; ``pattern``: how such a file is called in this county."""

    slot: FileSlot
    pattern: str
    files: tuple[Path, ...]


def fill_slots(
    form: PackageProfile, values: Mapping[str, str], documents: Path | None, former: Path | None = None
) -> tuple[list[Filled], list[Problem]]:
    """Which files fill which slots, those of ``documents`` before those of the ``former`` package; what is missing, damaged,
    or of no slot.

    InputError for a folder of documents that is not there.
    """
    if documents is not None and not documents.is_dir():
        raise InputError("package_no_documents", folder=str(documents))
    there: dict[str, Path] = {}
    for folder in [f for f in (documents, former) if f is not None]:
        for _, path in files_below(folder):
            if not is_stray(path.name) and not path.name.startswith("."):
                there.setdefault(path.name, path)
    filled, problems = [], []
    used: set[str] = set()
    for slot in form.files:
        told = recogniser(slot.file, values)
        names = [name for name in sorted(there) if name not in used and told.fullmatch(name)]
        used.update(names)
        pattern = fill(slot.file, {"number": "01", "title": "…", "year": "…", **values})
        filled.append(Filled(slot, pattern, tuple(there[name] for name in names)))
        problems += _look(slot, pattern, [there[name] for name in names])
    strange = [name for name, path in sorted(there.items()) if name not in used and documents in path.parents]
    if strange:
        named = tuple(strange[:NAMED])
        problems.append(Problem(Level.NOTE, "files_left_out", count=len(strange), features=named))
    return filled, problems


def _look(slot: FileSlot, pattern: str, paths: list[Path]) -> list[Problem]:
    if not paths:
        level, key = (Level.GATE, "file_missing") if slot.need == "M" else (Level.NOTE, "file_absent")
        return [] if slot.need == "O" else [Problem(level, key, params={"title": slot.title, "name": pattern})]
    broken = [p.name for p in paths if not _begins_well(p)]
    if not broken:
        return []
    return [
        Problem(
            Level.GATE, "file_broken", count=len(broken), features=tuple(broken[:NAMED]), params={"title": slot.title}
        )
    ]


def _begins_well(path: Path) -> bool:
    """Is the file what its suffix says, by its first bytes?"""
    head = BEGINNINGS.get(path.suffix.lower().removeprefix("."), b"")
    with path.open("rb") as handle:
        start = handle.read(max(len(head), 1))
    return bool(start) and start.startswith(head)
