# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents, maps and tables that come with the data: found by their names in a folder of the planner's."""

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

#: What systems and programs leave in folders; never a part of a package.
STRAYS = ("thumbs.db", "desktop.ini", ".ds_store", "ehthumbs.db")
STRAY_SUFFIXES = (".lock", ".tmp", ".bak", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal", ".qmd", ".aux.xml")
#: A pdf ends in where its table of objects is and the mark of its end, perhaps with bytes of a mailer's behind them (ISO 32000-1, 7.5.5;
#: readers look for the mark in the last kilobyte, Adobe's note to 3.4.4 of the PDF Reference 1.7).
TAIL = 2048
_PDF_END = re.compile(rb"startxref\s+\d+\s+%%EOF")
#: How files of a kind begin, by suffix.
BEGINNINGS = {"pdf": b"%PDF-", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff", "xlsx": b"PK\x03\x04"}


#: What a FileGDB and a shapefile are made of (Esri's and GDAL's file names). A file of another kind beside them is none of it.
_OF_DATABASE = re.compile(
    r"a[0-9a-f]{8}\.(?:gdbtable|gdbtablx|gdbindexes|freelist|horizon|cdf|(?:[^/]+\.)?(?:atx|spx))|gdb|timestamps",
    re.IGNORECASE,
)
_OF_SHAPEFILE = (
    ".shp", ".shx", ".dbf", ".prj", ".cpg", ".cst", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih", ".atx", ".ixs", ".mxs", ".qix",
    ".qpj", ".xml",
)  # fmt: skip


def is_part(name: str, place: str) -> bool:
    """Can a file be a part of the data set at ``place`` (a .gdb or a folder of shapefiles), by its name?"""
    if place.lower().endswith(".gdb"):
        return _OF_DATABASE.fullmatch(name) is not None
    return name == FIELD_NAMES or name.lower().endswith(_OF_SHAPEFILE)


def is_stray(name: str) -> bool:
    low = name.lower()
    return low in STRAYS or low.endswith(STRAY_SUFFIXES) or low.startswith(("~$", "._"))


@dataclass(frozen=True)
class FilledSlot:
    """A slot with the files that fill it; ``pattern``: how such a file is called in this county."""

    slot: FileSlot
    pattern: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _Match:
    """A slot with the names, in small letters, that fit its pattern (``fitting``), and those that fill it (``names``): a
    name that fits several slots fills the first."""

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
    """Which files fill which slots, those of ``documents`` before those of the ``former`` package; what is missing, damaged,
    or of no slot. ``lang`` of the words that stand for what a name leaves open.

    InputError for a folder of documents that is not there, or a file that cannot be read.
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
    """Match the files ``there``, by name, with the slots in the order of the form."""
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
    """Yield what is wrong with the files of a slot. A map that the plugin may draw is not missing: `maps` reports it if
    it is not drawn."""
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


def _files(folder: Path | None, but: Container[str] = ()) -> dict[str, list[Path]]:
    """Files of a folder and below by name, in small letters: Windows takes 图.JPG and 图.jpg for one. ``but``: paths there
    that are passed over."""
    found: dict[str, list[Path]] = {}
    for place, path in files_below(folder) if folder is not None else ():
        if not is_stray(path.name) and not path.name.startswith(".") and place not in but:
            found.setdefault(path.name.lower(), []).append(path)
    return found


def _name_problems(slot: FileSlot, paths: Sequence[Path], alike: list[list[Path]]) -> Iterator[Problem]:
    """Names that some system does not take, and files of one name of which nobody can tell the right one."""
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
            # Many programs repair it, and show what is there.
            (Level.NOTE, "file_cut", cut, {}),
            (Level.GATE, "map_coarse", coarse, {"least": LEAST_DPI}),
        )
        if names
    ]


def _opens(path: Path) -> bool:
    """Is the file what its suffix says, by its first bytes, and a jpg whole?"""
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
    """The first and the last bytes of a file, `TAIL` of them at most. Raises OSError."""
    with path.open("rb") as handle:
        start = handle.read(TAIL)
        handle.seek(max(path.stat().st_size - TAIL, 0))
        return start, handle.read(TAIL)


def has_valid_start(name: str, start: bytes) -> bool:
    """Do a file's first bytes say what its suffix does? Nothing does not."""
    return bool(start) and start.startswith(BEGINNINGS.get(name.lower().rpartition(".")[2], b""))


def has_valid_end(name: str, tail: bytes) -> bool:
    """Has a pdf its end among its last bytes (`TAIL`)? Other files may end as they like."""
    return not name.lower().endswith(".pdf") or _PDF_END.search(tail) is not None


def unreadable_file_error(path: Path, error: OSError) -> InputError:
    """The error for a file of the planner's that the system does not let us read."""
    return InputError("source_no_access", source=str(path), detail=os_reason(error))
