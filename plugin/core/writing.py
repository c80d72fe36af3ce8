# SPDX-License-Identifier: GPL-2.0-or-later
"""Safe writing: results are made beside their target and take its place as a whole. Imports nothing of the GIS stack."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import OutputError

#: Files that belong to a target and would spoil a new one: a shapefile's other parts, SQLite's logs.
_COMPANIONS = {
    ".gpkg": (".gpkg-wal", ".gpkg-shm", ".gpkg-journal"),
    ".shp": (".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".shp.xml", ".qmd", ".idm", ".ind"),
}


@contextmanager
def beside(target: str | Path) -> Iterator[Path]:
    """A path beside the target to write to; all files made there take the place of the target's when the block ends.

    The name stays, so drivers know the format; formats of several files (.shp) and folders (.gdb) are served. When a
    file cannot be replaced, those replaced before are put back: the old output is whole or the new one is. Raises
    OutputError.
    """
    target = Path(target)
    folder = _folder_beside(target)
    try:
        new, old = folder / "new", folder / "old"
        new.mkdir()
        old.mkdir()
        yield new / target.name
        if _is_plain_folder(target):
            raise OutputError("output_is_folder", target=str(target))
        _swap(sorted(new.iterdir()), old, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_writable(target: str | Path, inputs: list[str]) -> None:
    """Say before a long run that an output cannot be written: OutputError, with what to do."""
    target = Path(target)
    check_not_input(target, inputs)
    if _is_plain_folder(target):
        raise OutputError("output_is_folder", target=str(target))
    made = next((p for p in reversed(target.parents) if not p.exists()), None)
    folder = _folder_beside(target)
    shutil.rmtree(made or folder, ignore_errors=True)
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


def _is_plain_folder(target: Path) -> bool:
    return target.is_dir() and target.suffix.lower() != ".gdb"


def _folder_beside(target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".sanxian-", dir=target.parent))
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=_reason(error)) from error


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _swap(made: list[Path], old: Path, target: Path) -> None:
    """Old files of the target out of the way, new ones in; on an error all back as it was."""
    stem = target.with_suffix("").name
    names = {p.name for p in made} | {target.name}
    names |= {f"{stem}{tail}" for tail in _COMPANIONS.get(target.suffix.lower(), ())}
    moved: list[tuple[Path, Path]] = []
    try:
        for name in sorted(names):
            if (target.parent / name).exists():
                _move(target.parent / name, old / name, moved)
        for path in made:
            _move(path, target.parent / path.name, moved)
    except OSError as error:
        for source, destination in reversed(moved):
            os.replace(destination, source)
        if isinstance(error, PermissionError):
            raise OutputError("output_open_elsewhere", target=str(target)) from error
        raise OutputError("output_unwritable", target=str(target), detail=_reason(error)) from error


def _move(source: Path, destination: Path, moved: list[tuple[Path, Path]]) -> None:
    os.replace(source, destination)
    moved.append((source, destination))
