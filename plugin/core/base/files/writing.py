# SPDX-License-Identifier: GPL-2.0-or-later
"""Atomic output: results are written next to the target, then replace it.

The module imports neither QGIS nor any GIS library.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..errors import NEVER_CANCELLED, Cancellation, Cancelled, InputError, OutputError, SanxianError

#: Formats of a findings layer.
LAYER_FORMATS = (".gpkg", ".gdb", ".shp", ".geojson")
#: Files that belong to a target and would corrupt a new one: a shapefile's other parts, SQLite's logs.
_SIBLING_SUFFIXES = {
    ".gpkg": (".gpkg-wal", ".gpkg-shm", ".gpkg-journal"),
    ".shp": (".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".shp.xml", ".qmd", ".idm", ".ind"),
}


@contextmanager
def write_atomically(target: str | Path) -> Iterator[Path]:
    """Yield a temporary path whose files replace the target when the block ends.

    The temporary file has the target's name, so that drivers know the format. Formats of several files (.shp) and
    folders (.gdb) work too. If a file cannot be replaced, the files replaced before are restored: either the old or the
    new output is complete. Raise OutputError, also if writing in the block finds the disk full.
    """
    with stage_file(target) as file:
        yield file.path
        file.put_in_place()


class StagedFile(NamedTuple):
    """A new file in a temporary folder, and the function that moves it and the files beside it to their target."""

    path: Path
    put_in_place: Callable[[], None]


@contextmanager
def stage_file(target: str | Path, *, is_undoable: bool = False) -> Iterator[StagedFile]:
    """Yield a file that replaces the target when the block asks for it, otherwise as `write_atomically`.

    ``is_undoable``: a later error in the block restores the former file, so that several files can replace theirs
    together; without it, one file replaces another in one step, so that the target always exists.
    """
    target = Path(target)
    _check_replaceable(target)
    folder, is_parent_new = _make_temporary_folder(target)
    new, old_folder = folder / "new", folder / "old"
    moved_files: list[tuple[Path, Path]] = []
    is_in_place = False

    def put_in_place() -> None:
        nonlocal is_in_place
        _check_replaceable(target)
        _swap_files(new, old_folder, target, moved_files, is_undoable=is_undoable)
        is_in_place = True

    try:
        new.mkdir()
        old_folder.mkdir()
        yield StagedFile(new / target.name, put_in_place)
    except BaseException as error:
        _restore_files(moved_files)
        is_in_place = False
        if isinstance(error, OSError) and is_write_error(error, folder):
            raise OutputError("output_unwritable", target=str(target), detail=explain_os_error(error)) from error
        if isinstance(error, OutputError) and new in (written := Path(error.params.get("target", ""))).parents:
            # The temporary file of another writer: name the file that it becomes.
            final = str(target.parent / written.relative_to(new).parts[0])
            raise OutputError(error.key, **{**error.params, "target": final}) from error
        raise
    finally:
        # Keep old files that could not be restored, so that the user can find them.
        shutil.rmtree(folder if is_in_place or not moved_files else new, ignore_errors=True)
        if is_parent_new:
            _remove_if_empty(target.parent)


def write_files(
    writers: Iterable[tuple[str | Path, Callable[[Path], object]]],
    cancellation: Cancellation = NEVER_CANCELLED,
    *,
    is_all_or_none: bool = False,
) -> None:
    """Write several files, each of which replaces its target; one that fails does not stop the others.

    Parameters
    ----------
    writers
        Target, and the function that writes a file to the path it gets; an empty target is left out.
    is_all_or_none
        The first failure stops all: every target is then unchanged.

    Raises
    ------
    SanxianError
        The error of the only file; of several files OutputError, which names those that failed and those written.
    Cancelled
        Every target is then unchanged.
    """
    complete: list[tuple[str, StagedFile]] = []
    written: list[str] = []
    failures: list[Exception] = []
    with ExitStack() as unfinished:
        for target, write in writers:
            if not target:
                continue
            try:
                with ExitStack() as stack:
                    file = stack.enter_context(stage_file(target, is_undoable=is_all_or_none))
                    write(file.path)
                    complete.append((str(target), file))
                    unfinished.push(stack.pop_all())
            except Cancelled:
                raise
            except Exception as error:
                if is_all_or_none:
                    raise
                error.add_note(str(target))
                failures.append(error)
            cancellation.raise_if_cancelled()
        for name, file in complete:
            try:
                file.put_in_place()
                written.append(name)
            except OutputError as error:
                if is_all_or_none:
                    raise
                failures.append(error)
    reasons = tuple(error for error in failures if isinstance(error, SanxianError))
    if failures and (len(reasons) < len(failures) or (not written and len(failures) == 1)):
        # An error of the program itself is reported as it is.
        raise next((error for error in failures if error not in reasons), failures[0])
    if failures:
        raise OutputError("outputs_failed", errors=reasons, written="、".join(written) or "—")


def write_text(target: str | Path, text: str) -> None:
    r"""Write a UTF-8 text with line ends ``\n`` to a file, atomically."""
    with write_atomically(target) as path:
        write_to_disk(path, text.encode())


def copy_path(source: Path, target: Path, *, left_out: str = "", cancellation: Cancellation = NEVER_CANCELLED) -> None:
    """Copy the content of a file, or of a folder with all that is in it; owner and times are not copied.

    Unlike shutil.copytree, the first error ends the copy, and is the one that the system reports. ``left_out``: suffix
    of files that are not copied. Raise OSError and Cancelled.
    """
    cancellation.raise_if_cancelled()
    if not source.is_dir():
        shutil.copyfile(source, target)
        return
    target.mkdir()
    for path in sorted(source.iterdir()):
        if not left_out or path.suffix.lower() != left_out:
            copy_path(path, target / path.name, left_out=left_out, cancellation=cancellation)


def write_to_disk(path: Path, content: bytes) -> None:
    """Write a file, and wait until it is on the disk."""
    with path.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


class _WrittenMeanwhile(Exception):
    """Raised if another program changed a file since it was read."""


def replace_if_unchanged(path: Path, expected_content: bytes, content: bytes) -> bool:
    """Replace a file, if it still has ``expected_content``, which is empty for a missing file.

    Return False, without writing, if another program changed the file. Raise OutputError, and InputError if the file
    cannot be read.
    """
    try:
        with name_refused_file(), write_atomically(path) as target:
            write_to_disk(target, content)
            if (path.read_bytes() if path.exists() else b"") != expected_content:
                raise _WrittenMeanwhile
    except _WrittenMeanwhile:
        return False
    return True


def check_writable(target: str | Path, inputs: list[str]) -> None:
    """Raise OutputError, with the remedy, if a file cannot be written to a path.

    Called before a long run. ``inputs``: files that the output must not replace.
    """
    target = Path(target)
    check_not_input(target, inputs)
    _check_replaceable(target)
    folder, is_parent_new = _make_temporary_folder(target)
    shutil.rmtree(folder, ignore_errors=True)
    if is_parent_new:
        _remove_if_empty(target.parent)
    if os.path.exists(target):
        try:
            # Renaming a file to itself does nothing on most systems; Windows refuses it while another program has the
            # file open.
            os.rename(target, target)
        except OSError as error:
            raise OutputError("output_open_elsewhere", target=str(target)) from error


def check_not_input(target: str | Path, inputs: list[str]) -> None:
    """Raise OutputError if a target is one of the input files, or is inside one (FileGDB)."""
    for path in inputs:
        within = path.lower().endswith(".gdb") and Path(path).absolute() in Path(target).absolute().parents
        if target and (within or is_same_file(path, target)):
            raise OutputError("output_is_input", target=str(target))


def is_same_file(first: str | Path, second: str | Path) -> bool:
    """Return True if two paths lead to one file.

    Links, and systems that ignore case, are considered.
    """
    if not first or not second:
        return False
    try:
        return os.path.samefile(first, second)
    except OSError:
        return os.path.normcase(os.path.abspath(first)) == os.path.normcase(os.path.abspath(second))


def _check_replaceable(target: Path) -> None:
    """Raise OutputError if a target is a folder other than a .gdb, or a read-only file."""
    if os.path.isdir(target) and target.suffix.lower() != ".gdb":
        raise OutputError("output_is_folder", target=str(target))
    try:
        mode = target.stat().st_mode
    except OSError:
        # Not there yet; the attempt to write reports a folder without access.
        return
    # Most systems would replace a file that a user has set read-only; Windows would not, and it is not intended.
    if stat.S_ISREG(mode) and not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise OutputError("output_unwritable", target=str(target), detail="read_only")


def is_write_error(error: OSError, folder: Path) -> bool:
    """Return True if an OSError comes from writing into a folder, not from another operation."""
    paths = f"{error.filename or ''}|{error.filename2 or ''}"
    return _is_disk_full(error) or error.errno in (errno.EIO, errno.EROFS) or str(folder) in paths


def _is_disk_full(error: OSError) -> bool:
    """Return True if an OSError means that the disk is full."""
    return error.errno in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _make_temporary_folder(target: Path) -> tuple[Path, bool]:
    """Create a folder next to the target for its new files; return it, and whether the target's folder is new too.

    Raise OutputError if the folder of the target and its parent are both missing: more than one missing folder is
    probably a typing error.
    """
    missing_folders = []
    for folder in target.parents:
        try:
            mode = folder.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            missing_folders.append(folder)
            continue
        except OSError as error:
            raise OutputError("output_unwritable", target=str(target), detail=explain_os_error(error)) from error
        if not stat.S_ISDIR(mode):
            raise OutputError("output_below_file", target=str(target), file=str(folder))
        break
    if len(missing_folders) > 1:
        raise OutputError("output_no_folder", target=str(target), folder=str(missing_folders[-1]))
    is_parent_new = False
    try:
        # An inspection of the folder that fails would take it for a new one.
        with suppress(FileExistsError):
            target.parent.mkdir()
            is_parent_new = True
        return Path(tempfile.mkdtemp(prefix=".sanxian-", dir=target.parent)), is_parent_new
    except OSError as error:
        if is_parent_new:
            _remove_if_empty(target.parent)
        # The folder exists by now: a system that reports it as missing accepts no files in it (/proc).
        detail = "no_new_files" if isinstance(error, FileNotFoundError) else explain_os_error(error)
        raise OutputError("output_unwritable", target=str(target), detail=detail) from error


def check_result_folder(folder: Path, name: str) -> None:
    """Raise OutputError if a folder of results cannot be made; ``name``: of something in it."""
    if folder.exists() and not folder.is_dir():
        raise OutputError("output_below_file", target=str(folder / name), file=str(folder))
    if not folder.exists() and not folder.absolute().parent.is_dir():
        raise OutputError("output_no_folder", target=str(folder), folder=str(folder.absolute().parent))


def explain_os_error(error: OSError) -> str:
    """Return the key of the message text on why the system refused an operation."""
    if _is_disk_full(error):
        return "no_space"
    reason_by_errno = {
        errno.EROFS: "read_only",
        errno.ENAMETOOLONG: "name_too_long",
        errno.ENOTDIR: "not_a_folder",
        errno.EEXIST: "not_a_folder",
    }
    if error.errno in reason_by_errno:
        return reason_by_errno[error.errno]
    if isinstance(error, FileNotFoundError):
        return "no_folder"
    return "no_permission" if isinstance(error, PermissionError) else "refused"


def make_access_error(source: str | Path, error: OSError) -> InputError:
    """Return the error for a file or folder that the system does not allow to read."""
    return InputError("source_no_access", source=str(source), detail=explain_os_error(error))


@contextmanager
def name_refused_file(path: str | Path = "") -> Iterator[None]:
    """Raise InputError for an error of the system in the block, if it names a file.

    Used where work begins, for errors that nothing within reports. ``path``: file or folder to name if the system names
    none, as for a part of an open file that cannot be read.
    """
    try:
        yield
    except OSError as error:
        if not (name := error.filename or path):
            raise
        raise make_access_error(name, error) from error


def _swap_files(
    new_folder: Path, old_folder: Path, target: Path, moved_files: list[tuple[Path, Path]], *, is_undoable: bool
) -> None:
    """Move the target's old files away and the new ones in; restore the old ones on an error.

    ``moved_files``: gets each move that can be undone, and keeps those of which this fails. ``is_undoable``: as of
    `stage_file`.
    """
    try:
        new_files = sorted(new_folder.iterdir())
        is_one_step = (
            not is_undoable and len(new_files) == 1 and new_files[0].is_file() and new_files[0].name == target.name
        )
        for name in sorted({p.name for p in new_files} | {target.name, *_list_sibling_names(target)}):
            if (target.parent / name).exists() and not (is_one_step and name == target.name):
                _move_file(target.parent / name, old_folder / name, moved_files)
        for path in new_files:
            _move_file(path, target.parent / path.name, [] if is_one_step else moved_files)
    except OSError as error:
        _restore_files(moved_files)
        raise make_replacement_error(target, error) from error


@contextmanager
def replace_until_error(new_paths: Sequence[Path], folder: Path, old_folder: Path) -> Iterator[None]:
    """Move files and folders into a folder in place of those of the same names, and back if the block raises.

    Former ones, with files that belong to them such as SQLite's logs, are in ``old_folder`` until all are in place and
    the block has ended; if a move or the block fails, they are restored. Former ones leave in the order of
    ``new_paths``, new ones arrive in the reverse order: after a kill, the last one is there whenever another one is.
    All paths are on one file system. Raise OutputError.
    """
    for path in new_paths:
        if path.is_file():
            check_writable(folder / path.name, [])
    moved_files: list[tuple[Path, Path]] = []
    target = folder
    try:
        try:
            shutil.rmtree(old_folder, ignore_errors=True)
            old_folder.mkdir(exist_ok=True)
            for path in new_paths:
                target = folder / path.name
                for name in (path.name, *_list_sibling_names(target)):
                    if os.path.lexists(folder / name):
                        _move_file(folder / name, old_folder / name, moved_files)
            for path in reversed(new_paths):
                target = folder / path.name
                _move_file(path, target, moved_files)
        except OSError as error:
            raise make_replacement_error(target, error) from error
        yield
        moved_files.clear()
    finally:
        _restore_files(moved_files)
        # Keep former files that could not be restored, so that the user can find them.
        if not moved_files:
            shutil.rmtree(old_folder, ignore_errors=True)


def _list_sibling_names(target: Path) -> list[str]:
    """Return names of files that belong to a target and would corrupt a new one."""
    stem = target.with_suffix("").name
    return [f"{stem}{suffix}" for suffix in _SIBLING_SUFFIXES.get(target.suffix.lower(), ())]


def make_replacement_error(target: Path, error: OSError, *, key_if_open: str = "output_open_elsewhere") -> OutputError:
    """Return the error for a target that could not be replaced; ``key_if_open``: text if a program has it open."""
    if isinstance(error, PermissionError):
        return OutputError(key_if_open, target=str(target))
    return OutputError("output_unwritable", target=str(target), detail=explain_os_error(error))


def _restore_files(moved_files: list[tuple[Path, Path]]) -> None:
    """Move files back, the last one first; ``moved_files`` keeps those of which this fails."""
    for moved in reversed(moved_files.copy()):
        with suppress(OSError):
            os.replace(moved[1], moved[0])
            moved_files.remove(moved)


def _move_file(source: Path, destination: Path, moved_files: list[tuple[Path, Path]]) -> None:
    """Move a file and add (source, destination) to ``moved_files``."""
    os.replace(source, destination)
    moved_files.append((source, destination))


@dataclass(frozen=True)
class OutputPaths:
    """Paths of the files that a check writes; an empty path means that the file is not written."""

    findings: str = ""
    json: str = ""
    html: str = ""
    docx: str = ""
    pdf: str = ""
    xlsx: str = ""

    def list_paths(self) -> list[str]:
        """Return the paths that are not empty."""
        return [p for p in (self.findings, self.json, self.html, self.docx, self.pdf, self.xlsx) if p]


def check_outputs(outputs: OutputPaths, inputs: list[str], databases: list[str] | None = None) -> None:
    """Raise OutputError unless all outputs of a check can be written.

    They must differ from each other and from the inputs. ``databases``: files to which a table will be added; these
    files remain, but may not be an input either.
    """
    for path in databases or []:
        check_not_input(path, inputs)
    paths = outputs.list_paths()
    for position, path in enumerate(paths):
        check_writable(path, inputs)
        if any(is_same_file(path, other) for other in paths[:position]):
            raise OutputError("output_twice", target=path)
    if outputs.findings and Path(outputs.findings).suffix.lower() not in LAYER_FORMATS:
        raise OutputError("output_format", target=outputs.findings, known=" ".join(LAYER_FORMATS))
