# SPDX-License-Identifier: GPL-2.0-or-later
"""Safe writing: results are made beside their target and take its place as a whole. Imports nothing of the GIS stack."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError

#: What a findings layer can be written as.
LAYER_FORMATS = (".gpkg", ".gdb", ".shp", ".geojson")
#: Files that belong to a target and would spoil a new one: a shapefile's other parts, SQLite's logs.
_COMPANIONS = {
    ".gpkg": (".gpkg-wal", ".gpkg-shm", ".gpkg-journal"),
    ".shp": (".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".shp.xml", ".qmd", ".idm", ".ind"),
}


@contextmanager
def atomic_output(target: str | Path) -> Iterator[Path]:
    """A path beside the target to write to; all files made there take the place of the target's when the block ends.

    The name stays, so drivers know the format; formats of several files (.shp) and folders (.gdb) are served. When a
    file cannot be replaced, those replaced before are put back: the old output is whole or the new one is. Raises
    OutputError, also when writing in the block finds the disk full.
    """
    target = Path(target)
    _check_replaceable(target)
    folder = _folder_beside(target)
    new, old = folder / "new", folder / "old"
    done = False
    try:
        try:
            new.mkdir()
            old.mkdir()
            yield new / target.name
        except OSError as error:
            if not is_about_writing(error, folder):
                raise
            raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
        _check_replaceable(target)
        _swap(sorted(new.iterdir()), old, target)
        done = True
    finally:
        # Where old files could not even be put back, they stay to be found.
        stranded = not done and old.is_dir() and any(old.iterdir())
        shutil.rmtree(new if stranded else folder, ignore_errors=True)


def write_text(target: str | Path, text: str) -> None:
    """UTF-8, ``\\n`` line ends, safely beside and moved."""
    with atomic_output(target) as path, path.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def check_writable(target: str | Path, inputs: list[str]) -> None:
    """Say before a long run that an output cannot be written: OutputError, with what to do."""
    target = Path(target)
    check_not_input(target, inputs)
    _check_replaceable(target)
    there = os.path.exists(target.parent)
    folder = _folder_beside(target)
    shutil.rmtree(folder if there else target.parent, ignore_errors=True)
    if target.exists():
        try:
            # To itself: nothing on most systems, an error on Windows while another program has it open.
            os.rename(target, target)
        except OSError as error:
            raise OutputError("output_open_elsewhere", target=str(target)) from error


def check_not_input(target: str | Path, inputs: list[str]) -> None:
    """OutputError when a target is one of the files that are read, or lies within one (FileGDB)."""
    for path in inputs:
        within = path.lower().endswith(".gdb") and Path(path).absolute() in Path(target).absolute().parents
        if target and (within or same_file(path, target)):
            raise OutputError("output_is_input", target=str(target))


def same_file(first: str | Path, second: str | Path) -> bool:
    """Do two paths name one file, through any link and on systems where case does not count?"""
    if not first or not second:
        return False
    try:
        return os.path.samefile(first, second)
    except OSError:
        return os.path.normcase(os.path.abspath(first)) == os.path.normcase(os.path.abspath(second))


def _check_replaceable(target: Path) -> None:
    if target.is_dir() and target.suffix.lower() != ".gdb":
        raise OutputError("output_is_folder", target=str(target))
    try:
        mode = target.stat().st_mode
    except OSError:
        # Not there yet; a folder that cannot be entered is told by the attempt to write.
        return
    # Most systems would replace a file that somebody set read-only; Windows would not, and nobody asked for it.
    if stat.S_ISREG(mode) and not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise OutputError("output_unwritable", target=str(target), detail="read_only")


def is_about_writing(error: OSError, folder: Path) -> bool:
    """Did the writing fail, and not something else that happened meanwhile?"""
    return _no_space(error) or error.errno in (errno.EIO, errno.EROFS) or str(folder) in str(error.filename or "")


def _no_space(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def _folder_beside(target: Path) -> Path:
    _check_folder(target)
    try:
        target.parent.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".sanxian-", dir=target.parent))
    except OSError as error:
        # The folder is there by now: a system that says it is not takes no files in it (/proc).
        detail = "no_new_files" if isinstance(error, FileNotFoundError) else os_reason(error)
        raise OutputError("output_unwritable", target=str(target), detail=detail) from error


def _check_folder(target: Path) -> None:
    """OutputError unless the target's folder is there or only it is to be made: deeper ones are a slip of the hand."""
    lost = []
    for folder in target.parents:
        try:
            mode = folder.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            lost.append(folder)
            continue
        except OSError as error:
            raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
        if not stat.S_ISDIR(mode):
            raise OutputError("output_below_file", target=str(target), file=str(folder))
        break
    if len(lost) > 1:
        raise OutputError("output_no_folder", target=str(target), folder=str(lost[-1]))


def os_reason(error: OSError) -> str:
    """Why the system refused, as a name that texts has words for."""
    if _no_space(error):
        return "no_space"
    names = {
        errno.EROFS: "read_only",
        errno.ENAMETOOLONG: "name_too_long",
        errno.ENOTDIR: "not_a_folder",
        errno.EEXIST: "not_a_folder",
    }
    if error.errno in names:
        return names[error.errno]
    if isinstance(error, FileNotFoundError):
        return "no_folder"
    return "no_permission" if isinstance(error, PermissionError) else "refused"


def _swap(made: list[Path], old: Path, target: Path) -> None:
    """Old files of the target out of the way, new ones in; on an error all back as it was.

    A single file takes its place in one step: there is no moment without it.
    """
    stem = target.with_suffix("").name
    names = {p.name for p in made} | {target.name}
    names |= {f"{stem}{tail}" for tail in _COMPANIONS.get(target.suffix.lower(), ())}
    moved: list[tuple[Path, Path]] = []
    try:
        alone = len(made) == 1 and made[0].is_file() and made[0].name == target.name
        for name in sorted(names):
            if (target.parent / name).exists() and not (alone and name == target.name):
                _move(target.parent / name, old / name, moved)
        for path in made:
            _move(path, target.parent / path.name, moved)
    except OSError as error:
        for source, destination in reversed(moved):
            os.replace(destination, source)
        if isinstance(error, PermissionError):
            raise OutputError("output_open_elsewhere", target=str(target)) from error
        raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error


def _move(source: Path, destination: Path, moved: list[tuple[Path, Path]]) -> None:
    os.replace(source, destination)
    moved.append((source, destination))


@dataclass(frozen=True)
class Outputs:
    """Paths of the files to write; an empty one is not written."""

    findings: str = ""
    json: str = ""
    html: str = ""

    def paths(self) -> list[str]:
        return [p for p in (self.findings, self.json, self.html) if p]


def check_outputs(outputs: Outputs, inputs: list[str], databases: list[str] | None = None) -> None:
    """Before a long run: can every output be written, is none an input, no two the same? Raises OutputError.

    ``databases``: files that a sink will put a table into; they stay, but may not be an input either.
    """
    for path in databases or []:
        check_not_input(path, inputs)
    paths = outputs.paths()
    for position, path in enumerate(paths):
        check_writable(path, inputs)
        if any(same_file(path, other) for other in paths[:position]):
            raise OutputError("output_twice", target=path)
    if outputs.findings and Path(outputs.findings).suffix.lower() not in LAYER_FORMATS:
        raise OutputError("output_format", target=outputs.findings, known=" ".join(LAYER_FORMATS))
