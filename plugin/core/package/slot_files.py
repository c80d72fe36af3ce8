# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents, maps and tables that come with the data, found by their names."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..files.digests import files_below, sha256
from ..files.writing import os_reason
from ..messages.texts import Texts
from .maps.jpeg import inspect_jpeg, is_jpeg, world_file_of
from .maps.slots import find_former_maps, has_low_resolution
from .names import FIELD_NAMES, fill_placeholders, make_name_matcher, name_problem
from .package_spec.model import LEAST_DPI, FileSlot, PackageSpec
from .problems import NAMED, Level, Problem

#: Files that systems and programs leave in folders; never a part of a package.
STRAYS = ("thumbs.db", "desktop.ini", ".ds_store", "ehthumbs.db")
STRAY_SUFFIXES = (".lock", ".tmp", ".bak", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal", ".qmd", ".aux.xml")
#: A PDF ends with the position of its table of objects and an end mark, perhaps followed by bytes that a mail program
#: added (ISO 32000-1, 7.5.5; readers search the last kilobyte for the mark, Adobe's note to 3.4.4 of the PDF Reference
#: 1.7).
TAIL = 2048
_PDF_END = re.compile(rb"startxref\s+\d+\s+%%EOF")
#: First bytes of files by suffix.
BEGINNINGS = {"pdf": b"%PDF-", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff", "xlsx": b"PK\x03\x04"}


#: Files of a FileGDB and of a shapefile (names by Esri and GDAL). Other files next to them do not belong to the data
#: set.
_OF_DATABASE = re.compile(
    r"a[0-9a-f]{8}\.(?:gdbtable|gdbtablx|gdbindexes|freelist|horizon|cdf|(?:[^/]+\.)?(?:atx|spx))|gdb|timestamps",
    re.IGNORECASE,
)
_OF_SHAPEFILE = (
    ".shp", ".shx", ".dbf", ".prj", ".cpg", ".cst", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih", ".atx", ".ixs", ".mxs", ".qix",  # noqa: E501 - a table
    ".qpj", ".xml",
)  # fmt: skip


def is_part(name: str, place: str) -> bool:
    """Return True if a file name can belong to the data set at ``place``.

    ``place`` is a .gdb or a folder of shapefiles.
    """
    if place.lower().endswith(".gdb"):
        return _OF_DATABASE.fullmatch(name) is not None
    return name == FIELD_NAMES or name.lower().endswith(_OF_SHAPEFILE)


def is_stray(name: str) -> bool:
    """Return True for names of files that systems and programs leave in folders."""
    low = name.lower()
    return low in STRAYS or low.endswith(STRAY_SUFFIXES) or low.startswith(("~$", "._"))


@dataclass(frozen=True)
class FilledSlot:
    """A slot with the files that fill it; ``pattern`` is their name in this county."""

    slot: FileSlot
    pattern: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _Match:
    """A slot with the lower-case names that match it.

    ``fitting`` are all names that match the pattern; ``names`` are those that fill the slot. A name that matches
    several slots fills the first one.
    """

    slot: FileSlot
    pattern: str
    fitting: list[str]
    names: list[str]


def fill_slots(
    package_spec: PackageSpec,
    values: Mapping[str, str],
    documents: Path | None,
    former: Path | None = None,
    lang: str = "zh",
) -> tuple[list[FilledSlot], list[Problem]]:
    """Match files to slots; report missing, damaged and unmatched files.

    Files of ``documents`` precede those of the ``former`` package.

    Parameters
    ----------
    lang
        Language of the words for open parts of a name.

    Raises
    ------
    InputError
        If the folder of documents does not exist, or a file cannot be read.
    """
    if documents is not None and not documents.is_dir():
        raise InputError("package_no_documents", folder=str(documents))
    given = _files(documents)
    kept = _files(former, find_former_maps(former)) if former is not None else {}
    there = {name: paths[0] for name, paths in {**kept, **given}.items()}
    matches = _match_slots(package_spec, values, there, lang)
    filled = [FilledSlot(match.slot, match.pattern, tuple(there[name] for name in match.names)) for match in matches]
    problems = [problem for match in matches for problem in _validate(match, package_spec, there, given)]
    return filled, [*problems, *_left_out(matches, given)]


def _match_slots(
    package_spec: PackageSpec, values: Mapping[str, str], there: Mapping[str, Path], lang: str
) -> list[_Match]:
    """Match the files ``there``, by name, with the slots in the specification's order."""
    words = Texts(lang)
    open_parts = {key: words.get("words", f"any_{key}") for key in ("code", "name", "number", "title", "year")}
    used: set[str] = set()
    matches = []
    for slot in package_spec.files:
        recognised = make_name_matcher(slot.file, {**values, **slot.own})
        fitting = [name for name in sorted(there) if recognised.fullmatch(there[name].name)]
        names = [name for name in fitting if name not in used]
        if slot.kind == "map" and package_spec.maps.world_file:
            names += [name for name in map(world_file_of, names) if name in there]
        used.update(names)
        matches.append(_Match(slot, fill_placeholders(slot.file, {**open_parts, **values, **slot.own}), fitting, names))
    return matches


def _validate(
    match: _Match, package_spec: PackageSpec, there: Mapping[str, Path], given: Mapping[str, list[Path]]
) -> Iterator[Problem]:
    """Yield the problems of a slot's files.

    A missing map that the plugin may make is reported by `maps`.
    """
    slot = match.slot
    drawn = slot.layout or (slot.kind == "map" and not slot.number and any(one.layout for one in package_spec.files))
    if not match.fitting and drawn:
        return
    yield from _content_problems(slot, match.pattern, [there[name] for name in match.names or match.fitting])
    paths = [there[name] for name in match.names]
    yield from _name_problems(slot, paths, [given.get(name, []) for name in match.names])


def _left_out(matches: Iterable[_Match], given: Mapping[str, list[Path]]) -> list[Problem]:
    """Report the given files that fill no slot."""
    used = {name for match in matches for name in match.names}
    strange = [given[name][0].name for name in sorted(given) if name not in used]
    if not strange:
        return []
    return [Problem(Level.NOTE, "files_left_out", count=len(strange), features=tuple(strange[:NAMED]))]


def _files(folder: Path | None, skipped: Container[str] = ()) -> dict[str, list[Path]]:
    """Return the files of a folder and its subfolders by lower-case name.

    Windows does not distinguish 图.JPG and 图.jpg. ``skipped`` lists paths to skip.
    """
    found: dict[str, list[Path]] = {}
    for place, path in files_below(folder) if folder is not None else ():
        if not is_stray(path.name) and not path.name.startswith(".") and place not in skipped:
            found.setdefault(path.name.lower(), []).append(path)
    return found


def _name_problems(slot: FileSlot, paths: Sequence[Path], alike: list[list[Path]]) -> Iterator[Problem]:
    """Report non-portable names, and different files with one name."""
    bad: dict[str, list[str]] = {}
    for path in paths:
        if problem := name_problem(path.name):
            bad.setdefault(problem, []).append(path.name)
    for problem, names in bad.items():
        named, params = tuple(names[:NAMED]), {"title": slot.title, "detail": problem}
        yield Problem(Level.GATE, "file_name", count=len(names), features=named, params=params)
    twice = [several[0].name for several in alike if len(several) > 1 and len({sha256(p) for p in several}) > 1]
    if twice:
        params = {"title": slot.title}
        yield Problem(Level.GATE, "file_twice", count=len(twice), features=tuple(twice[:NAMED]), params=params)


def _content_problems(slot: FileSlot, pattern: str, paths: Sequence[Path]) -> list[Problem]:
    if not paths:
        level, key = (Level.GATE, "file_missing") if slot.need == "M" else (Level.NOTE, "file_absent")
        return [] if slot.need == "O" else [Problem(level, key, params={"title": slot.title, "name": pattern})]
    broken = [p.name for p in paths if not _opens(p)]
    cut = [p.name for p in paths if p.name not in broken and not _is_whole(p)]
    coarse = [p.name for p in paths if slot.kind == "map" and p.name not in broken and has_low_resolution(p)]
    return [
        Problem(level, key, count=len(names), features=tuple(names[:NAMED]), params={"title": slot.title, **more})
        for level, key, names, more in (
            (Level.GATE, "file_broken", broken, {}),
            # Many programs repair such a file and show its readable part.
            (Level.NOTE, "file_cut", cut, {}),
            (Level.GATE, "map_coarse", coarse, {"least": LEAST_DPI}),
        )
        if names
    ]


def _opens(path: Path) -> bool:
    """Return True if the first bytes match the suffix and a jpg is complete."""
    try:
        return inspect_jpeg(path).whole if is_jpeg(path.name) else has_valid_start(path.name, read_ends(path)[0])
    except OSError as error:
        raise unreadable_file_error(path, error) from error


def _is_whole(path: Path) -> bool:
    try:
        return has_valid_end(path.name, read_ends(path)[1])
    except OSError as error:
        raise unreadable_file_error(path, error) from error


def read_ends(path: Path) -> tuple[bytes, bytes]:
    """Return the first and the last bytes of a file, at most `TAIL` of each.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as handle:
        start = handle.read(TAIL)
        handle.seek(max(path.stat().st_size - TAIL, 0))
        return start, handle.read(TAIL)


def has_valid_start(name: str, start: bytes) -> bool:
    """Return True if a file's first bytes match its suffix; False for an empty file."""
    return bool(start) and start.startswith(BEGINNINGS.get(name.lower().rpartition(".")[2], b""))


def has_valid_end(name: str, tail: bytes) -> bool:
    """Return True unless a PDF has no end mark in its last bytes (`TAIL`)."""
    return not name.lower().endswith(".pdf") or _PDF_END.search(tail) is not None


def unreadable_file_error(path: Path, error: OSError) -> InputError:
    """Return the error for a file that the system does not allow to read."""
    return InputError("source_no_access", source=str(path), detail=os_reason(error))
