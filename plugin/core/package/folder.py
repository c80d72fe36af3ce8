# SPDX-License-Identifier: GPL-2.0-or-later
"""Replacement of a package's folder as a whole, and locks on it.

The new package is made in a sibling folder. The old one is renamed, the new one moved in, the old one deleted. After
a kill one complete package exists, under its name or the name of a sibling; the next run restores its name
(`finish_interrupted_export`).
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError
from ..base.files.digests import is_complete_package
from ..base.files.writing import explain_os_error, is_write_error, make_replacement_error

#: Suffixes of the siblings. Other programs do not use them, so folders with such names may be deleted.
NEW_SUFFIX, OLD_SUFFIX = ".sanxian-new", ".sanxian-old"
LOCK_SUFFIX = ".sanxian-lock"
#: Offset of the bytes that Windows locks, after the text, because locked bytes cannot be read; and their number.
_LOCK_OFFSET, _MAX_READERS = 2**30, 64
#: Bytes for the text that names the owner.
_OWNER_BYTES = 200
#: Attempts with a new lock file if the owner deletes the old one meanwhile.
_MAX_TRIES = 20
#: Errors of a taken lock; other errors mean that the file system does not support locks.
_LOCKED_ERRNOS = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


def make_sibling_folder_paths(target: Path) -> tuple[Path, Path]:
    """Return the paths of two folders next to the target: for its new and for its old version."""
    return target.with_name(target.name + NEW_SUFFIX), target.with_name(target.name + OLD_SUFFIX)


@contextmanager
def replace_folder(target: Path, cancellation: Cancellation = NEVER_CANCELLED) -> Iterator[Path]:
    """Yield a new folder that replaces the target when the block ends.

    If the block raises, the folder is deleted. The block must write a manifest with its digest. Raises Cancelled
    before the replacement.

    Raises
    ------
    OutputError
        If the target cannot be replaced; it is then unchanged.
    """
    new, old = make_sibling_folder_paths(target)
    finish_interrupted_export(target)
    try:
        new.mkdir(parents=False)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=explain_os_error(error)) from error
    try:
        try:
            yield new
        except OSError as error:
            if not is_write_error(error, new):
                raise
            raise OutputError("output_unwritable", target=str(target), detail=explain_os_error(error)) from error
        cancellation.raise_if_cancelled()
        _move_into_place(target, new, old)
    finally:
        _delete_folder(new)
    # A file that is open elsewhere keeps a part of the old package here; the next run deletes it.
    _delete_folder(old)


def finish_interrupted_export(target: Path) -> None:
    """Finish or undo an earlier export that was killed.

    Raises
    ------
    OutputError
        If the system does not allow to move or delete a folder.
    """
    new, old = make_sibling_folder_paths(target)
    try:
        if not target.exists():
            if is_complete_package(new):
                os.replace(new, target)
            elif old.exists():
                os.replace(old, target)
        for sibling in (new, old):
            if sibling.exists() and (target.exists() or not is_complete_package(sibling)):
                _delete_folder(sibling)
            if sibling.exists():
                raise OutputError("package_rest", target=str(sibling))
    except OSError as error:
        raise make_replacement_error(target, error, key_if_open="package_open_elsewhere") from error


def _delete_folder(path: Path) -> None:
    """Delete a folder, leaving files that the system does not allow to delete.

    Of a link, delete only the link.
    """
    if os.path.islink(path):
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def _move_into_place(target: Path, new_folder: Path, old_folder: Path) -> None:
    """Rename the old package to ``old_folder``, then ``new_folder`` to the target.

    Undo this on an error.
    """
    try:
        target_exists = target.exists()
        if target_exists:
            os.replace(target, old_folder)
        try:
            os.replace(new_folder, target)
        except OSError:
            if target_exists:
                os.replace(old_folder, target)
            raise
    except OSError as error:
        raise make_replacement_error(target, error, key_if_open="package_open_elsewhere") from error


# One export at a time into one target, and none while the target is inspected.
#
# The lock is the system's lock on a file next to the package, so the lock of a killed process does not remain. On Linux
# and macOS it is `flock`, which also works on network shares. Windows has only exclusive locks of bytes here, so a
# reader locks one byte and a writer locks all of them. Both belong to the open file: two tasks of one QGIS also exclude
# each other.


class _HeldLock(NamedTuple):
    """A lock: the handle of its open lock file.

    On Windows also its first locked byte and the number of locked bytes.
    """

    lock_file_handle: int
    first_byte: int = 0
    byte_count: int = 0


@contextmanager
def lock_for_writing(target: Path) -> Iterator[None]:
    """Lock the target against other exports and inspections for the duration of the block.

    Raises
    ------
    OutputError
        If another process has a lock.
    """
    with ExitStack() as locks:
        try:
            locks.enter_context(_hold_lock(target, OutputError, is_exclusive=True))
        except OSError as error:
            raise OutputError("output_unwritable", target=str(target), detail=explain_os_error(error)) from error
        yield


@contextmanager
def lock_for_reading(target: Path) -> Iterator[None]:
    """Lock the target against exports for the duration of the block; other readers are allowed.

    If no file can be made next to the package (a disc, a read-only share), nothing is locked.

    Raises
    ------
    InputError
        If another process exports to the target.
    """
    with ExitStack() as locks:
        with suppress(OSError):
            locks.enter_context(_hold_lock(target, InputError, is_exclusive=False))
        yield


@contextmanager
def _hold_lock(target: Path, error_type: type[InputError | OutputError], *, is_exclusive: bool) -> Iterator[None]:
    """Lock the target for the duration of the block.

    Raise ``error_type`` if another process has a conflicting lock, OSError if the lock file cannot be made.
    """
    lock_file = _get_lock_file_path(target)
    held_lock = _acquire_lock(lock_file, is_exclusive=is_exclusive)
    if held_lock is None:
        owner = b""
        with suppress(OSError):
            owner = lock_file.read_bytes()[:_OWNER_BYTES]
        who = owner.decode("utf-8", errors="replace").strip("\0 ") or "?"
        raise error_type("package_busy", target=str(target), who=who)
    try:
        yield
    finally:
        _release_lock(held_lock, lock_file)


def _get_lock_file_path(target: Path) -> Path:
    """Return the lock file of a folder, the same for all links to it."""
    real = Path(os.path.realpath(target))
    return real.parent / f"{real.name}{LOCK_SUFFIX}"


def _acquire_lock(lock_file: Path, *, is_exclusive: bool) -> _HeldLock | None:
    """Lock a file and return the lock; None if another process has a conflicting one.

    Raises
    ------
    OSError
        If the lock file cannot be made.
    """
    for _ in range(_MAX_TRIES):
        handle = os.open(lock_file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOINHERIT", 0), 0o666)
        held_lock = _lock_handle(handle, is_exclusive)
        if held_lock is not None and _is_same_file(handle, lock_file):
            owner = f"{Path(sys.executable).stem} ({os.getpid()}), {socket.gethostname()}".encode()[:_OWNER_BYTES]
            with suppress(OSError):
                os.lseek(handle, 0, os.SEEK_SET)
                os.write(handle, owner.ljust(_OWNER_BYTES))
            return held_lock
        os.close(handle)
        if held_lock is None:
            return None
        # The owner deleted the file after it was opened here, so this handle does not exclude other processes.
    return None


def _lock_handle(handle: int, is_exclusive: bool) -> _HeldLock | None:
    """Lock an open file; return the lock, None if another process has a conflicting one."""
    lock = _lock_bytes_on_windows if sys.platform == "win32" else _lock_by_flock
    return lock(handle, is_exclusive)


def _lock_by_flock(handle: int, is_exclusive: bool) -> _HeldLock | None:
    """Lock an open file on Linux or macOS.

    Return the lock, None if another process has a conflicting one.
    """
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if is_exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _LOCKED_ERRNOS else _HeldLock(handle)
    return _HeldLock(handle)


def _lock_bytes_on_windows(handle: int, is_exclusive: bool) -> _HeldLock | None:
    """Lock bytes of an open file on Windows.

    Return the lock, None if another process has a conflicting one. A writer locks all bytes, a reader one byte that is
    free.
    """
    import msvcrt

    for first_byte, count in [(0, _MAX_READERS)] if is_exclusive else [(n, 1) for n in range(_MAX_READERS)]:
        os.lseek(handle, _LOCK_OFFSET + first_byte, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, count)  # type: ignore[attr-defined]
        except OSError as error:
            if error.errno in _LOCKED_ERRNOS:
                continue
            return _HeldLock(handle)
        return _HeldLock(handle, first_byte, count)
    return None


def _is_same_file(handle: int, lock_file: Path) -> bool:
    """Return True if the open file is still the one at the path of the lock file."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(lock_file))
    except FileNotFoundError:
        return False


def _release_lock(held_lock: _HeldLock, lock_file: Path) -> None:
    """Release a lock; the last owner deletes the lock file."""
    if sys.platform == "win32":
        import msvcrt

        if held_lock.byte_count:
            os.lseek(held_lock.lock_file_handle, _LOCK_OFFSET + held_lock.first_byte, os.SEEK_SET)
            with suppress(OSError):
                msvcrt.locking(held_lock.lock_file_handle, msvcrt.LK_UNLCK, held_lock.byte_count)  # type: ignore[attr-defined]
        os.close(held_lock.lock_file_handle)
        with suppress(OSError):
            os.unlink(lock_file)
        return
    # Delete the file while it is locked; a process that opened it before detects the deletion.
    if _lock_by_flock(held_lock.lock_file_handle, is_exclusive=True) is not None:
        with suppress(OSError):
            os.unlink(lock_file)
    os.close(held_lock.lock_file_handle)
