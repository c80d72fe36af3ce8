# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents, maps and tables that come with the data, found by their names.

A slot is the entry of such a file in the package specification.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import InputError
from ..base.files.digests import compute_sha256, iterate_files_below, read_manifest
from ..base.files.names import find_name_problem
from ..base.files.writing import make_access_error
from ..standard.messages.texts import Texts
from .jpeg import has_jpeg_suffix, inspect_jpeg, make_world_file_name
from .names import fill_placeholders, make_name_matcher
from .package_spec.spec import MIN_DPI, FileSlot, PackageSpec
from .problems import ExportProblem, ProblemLevel, make_names_problem

#: Origin of a map in the manifest.
ORIGIN_MADE, ORIGIN_GIVEN, ORIGIN_NONE = "made", "given", "none"
#: Files that systems and programs leave in folders; never a part of a package.
STRAY_NAMES = ("thumbs.db", "desktop.ini", ".ds_store", "ehthumbs.db")
STRAY_SUFFIXES = (".lock", ".tmp", ".bak", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal", ".qmd", ".aux.xml")
#: A PDF ends with the position of its table of objects and an end mark, perhaps followed by bytes that a mail program
#: added (ISO 32000-1, 7.5.5; readers search the last kilobyte for the mark, Adobe's note to 3.4.4 of the PDF Reference
#: 1.7).
BYTES_READ_AT_EACH_END = 2048
_PDF_END_MARK_PATTERN = re.compile(rb"startxref\s+\d+\s+%%EOF")
#: First bytes of files by suffix.
SIGNATURE_BY_SUFFIX = {"pdf": b"%PDF-", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff", "xlsx": b"PK\x03\x04"}


def is_stray_file(name: str) -> bool:
    """Return True for names of files that systems and programs leave in folders."""
    lower_name = name.lower()
    return lower_name in STRAY_NAMES or lower_name.endswith(STRAY_SUFFIXES) or lower_name.startswith(("~$", "._"))


@dataclass(frozen=True)
class FilledSlot:
    """A slot of the specification with the files that fill it.

    ``file_name``: the file name that the specification requires in this county.
    """

    slot: FileSlot
    file_name: str
    file_paths: tuple[Path, ...]


def fill_slots(
    package_spec: PackageSpec,
    placeholder_values: Mapping[str, str],
    documents_folder: Path | None,
    former_package: Path | None = None,
    lang: str = "zh",
) -> tuple[list[FilledSlot], list[ExportProblem]]:
    """Return the specification's slots with the files that fill them, and problems of these files.

    A file in ``documents_folder`` takes precedence over the file of this name in ``former_package``.

    Parameters
    ----------
    placeholder_values
        Values of the placeholders ``code`` and ``name``.
    lang
        Language of the words in parts of a file name that are not fixed.

    Raises
    ------
    InputError
        If the folder of documents does not exist, or a file cannot be read.
    """
    if documents_folder is not None and not documents_folder.is_dir():
        raise InputError("package_no_documents", folder=str(documents_folder))
    given_files = _list_files_by_name(documents_folder)
    former_files = _find_reusable_former_files(former_package) if former_package is not None else {}
    file_of_name = {name: paths[0] for name, paths in {**former_files, **given_files}.items()}
    texts = Texts(lang)
    open_parts = {key: texts.get("words", f"any_{key}") for key in ("code", "name", "number", "title", "year")}
    used_names: set[str] = set()
    filled_slots: list[FilledSlot] = []
    problems: list[ExportProblem] = []
    can_make_maps = any(one.layout for one in package_spec.files)
    for slot in package_spec.files:
        name_pattern = make_name_matcher(slot.file, {**placeholder_values, **slot.placeholder_values})
        fitting_names = [name for name in sorted(file_of_name) if name_pattern.fullmatch(file_of_name[name].name)]
        # A name that matches several slots fills the first one.
        filling_names = [name for name in fitting_names if name not in used_names]
        if slot.kind == "map" and package_spec.maps.world_file:
            filling_names += [name for name in map(make_world_file_name, filling_names) if name in file_of_name]
        used_names.update(filling_names)
        file_name = fill_placeholders(slot.file, {**open_parts, **placeholder_values, **slot.placeholder_values})
        filled_slot = FilledSlot(slot, file_name, tuple(file_of_name[name] for name in filling_names))
        filled_slots.append(filled_slot)
        # `map_slots` and `export` report a missing map or document that the plugin may make.
        can_be_made = slot.generated or slot.layout or (slot.kind == "map" and not slot.number and can_make_maps)
        if fitting_names or not can_be_made:
            problems += _find_content_problems(
                slot, file_name, filled_slot.file_paths or [file_of_name[name] for name in fitting_names]
            )
            problems += _find_name_problems(filled_slot, [given_files.get(name, []) for name in filling_names])
    unmatched_names = [given_files[name][0].name for name in sorted(given_files) if name not in used_names]
    if unmatched_names:
        problems.append(make_names_problem(ProblemLevel.NOTE, "files_left_out", unmatched_names))
    return filled_slots, problems


def _find_name_problems(filled_slot: FilledSlot, files_of_same_name: list[list[Path]]) -> Iterator[ExportProblem]:
    """Yield problems of unportable names, and of different files with one name (``files_of_same_name``)."""
    slot = filled_slot.slot
    names_by_problem: dict[str, list[str]] = {}
    for path in filled_slot.file_paths:
        if problem := find_name_problem(path.name):
            names_by_problem.setdefault(problem, []).append(path.name)
    yield from (
        make_names_problem(ProblemLevel.GATE, "file_name", file_names, title=slot.title, detail=problem)
        for problem, file_names in names_by_problem.items()
    )
    duplicate_names = [
        same_name[0].name
        for same_name in files_of_same_name
        if len(same_name) > 1 and len(set(map(compute_sha256, same_name))) > 1
    ]
    if duplicate_names:
        yield make_names_problem(ProblemLevel.GATE, "file_twice", duplicate_names, title=slot.title)


def _find_reusable_former_files(former_package: Path) -> dict[str, list[Path]]:
    """Return name in small letters → files of a former package that are used again.

    Maps and documents that the plugin made, and that were not changed since, show the plan at that time and are made
    again. A signed copy differs, and is used like any other file.
    """
    manifest, _ = read_manifest(former_package)
    if manifest is None:
        # `gate` reports a folder that is not a package of this plugin.
        return _list_files_by_name(former_package)
    digests = {row["path"]: row["sha256"] for row in manifest["files"]}
    made_maps = {row["file"] for row in manifest.get("maps", ()) if row["origin"] == ORIGIN_MADE}
    made_documents = {path for row in manifest.get("slots", ()) if row.get("generated") for path in row["files"]}
    unmodified = {
        name
        for name in made_maps | made_documents
        if (former_package / name).is_file() and compute_sha256(former_package / name) == digests.get(name)
    }
    return _list_files_by_name(
        former_package, unmodified | {make_world_file_name(name) for name in unmodified & made_maps}
    )


def _list_files_by_name(folder: Path | None, skipped_paths: Container[str] = ()) -> dict[str, list[Path]]:
    """Return name in small letters → files of this name in a folder and its subfolders.

    Windows does not distinguish 图.JPG and 图.jpg. ``skipped_paths``: paths of files to skip.
    """
    files_by_name: dict[str, list[Path]] = {}
    for path_in_folder, path in iterate_files_below(folder) if folder is not None else ():
        if not is_stray_file(path.name) and not path.name.startswith(".") and path_in_folder not in skipped_paths:
            files_by_name.setdefault(path.name.lower(), []).append(path)
    return files_by_name


def _find_content_problems(slot: FileSlot, pattern: str, paths: Sequence[Path]) -> list[ExportProblem]:
    """Return problems of files that are missing, unreadable or incomplete, and of maps with a low resolution."""
    if not paths:
        level, key = (ProblemLevel.GATE, "file_missing") if slot.need == "M" else (ProblemLevel.NOTE, "file_absent")
        return [] if slot.need == "O" else [ExportProblem(level, key, params={"title": slot.title, "name": pattern})]
    broken_names, cut_names, coarse_names = [], [], []
    for path in paths:
        try:
            start, tail = read_file_ends(path)
            picture = inspect_jpeg(path) if has_jpeg_suffix(path.name) else None
        except OSError as error:
            raise make_access_error(path, error) from error
        if not (has_valid_start(path.name, start) if picture is None else picture.is_complete):
            broken_names.append(path.name)
        elif not has_valid_end(path.name, tail):
            cut_names.append(path.name)
        elif slot.kind == "map" and picture is not None and picture.dpi is not None and round(picture.dpi) < MIN_DPI:
            coarse_names.append(path.name)
    problems = [
        make_names_problem(ProblemLevel.GATE, "file_broken", broken_names, title=slot.title),
        # Many programs repair such a file and show its readable part.
        make_names_problem(ProblemLevel.NOTE, "file_cut", cut_names, title=slot.title),
        make_names_problem(ProblemLevel.GATE, "map_coarse", coarse_names, title=slot.title, least=MIN_DPI),
    ]
    return [problem for problem in problems if problem.count]


def read_file_ends(path: Path) -> tuple[bytes, bytes]:
    """Return the first and the last bytes of a file, at most `BYTES_READ_AT_EACH_END` of each.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as handle:
        start = handle.read(BYTES_READ_AT_EACH_END)
        handle.seek(max(path.stat().st_size - BYTES_READ_AT_EACH_END, 0))
        return start, handle.read(BYTES_READ_AT_EACH_END)


def has_valid_start(name: str, start: bytes) -> bool:
    """Return True if a file's first bytes match its suffix; False for an empty file."""
    return bool(start) and start.startswith(SIGNATURE_BY_SUFFIX.get(name.lower().rpartition(".")[2], b""))


def has_valid_end(name: str, tail: bytes) -> bool:
    """Return False if the file is a PDF without an end mark in its last bytes, else True.

    ``tail``: the last `BYTES_READ_AT_EACH_END` bytes.
    """
    return not name.lower().endswith(".pdf") or _PDF_END_MARK_PATTERN.search(tail) is not None
