# SPDX-License-Identifier: GPL-2.0-or-later
"""Replacement of a package as a whole, and locks on it.

The new package is made in a sibling folder. The old one is renamed, the new one moved in, the old one deleted. After
a kill one complete package exists, under its name or the name of a sibling; the next run restores its name
(`finish_interrupted`).
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..cancellation import NEVER, Cancellation
from ..errors import InputError, OutputError
from ..files.digests import is_whole
from ..files.open_file_owners import find_open_file_owners
from ..files.writing import is_about_writing, os_reason

#: Suffixes of the siblings. Other programs do not use them, so folders with such names may be deleted.
NEW, OLD = ".sanxian-new", ".sanxian-old"


def sibling_folders(target: Path) -> tuple[Path, Path]:
    """Return the sibling folders of the new and of the old package."""
    return target.with_name(target.name + NEW), target.with_name(target.name + OLD)


@contextmanager
def replace_folder(target: Path, cancellation: Cancellation = NEVER) -> Iterator[Path]:
    """Yield a new folder that replaces the target when the block ends.

    If the block raises, the folder is deleted. The block must write a manifest with its digest. Raises Cancelled
    before the replacement.

    Raises
    ------
    OutputError
        If the target cannot be replaced; it is then unchanged.
    """
    new, old = sibling_folders(target)
    finish_interrupted(target)
    try:
        new.mkdir(parents=False)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
    try:
        try:
            yield new
        except OSError as error:
            if not is_about_writing(error, new):
                raise
            raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
        cancellation.raise_if_cancelled()
        _swap(target, new, old)
    finally:
        _delete_folder(new)
    # A file that is open elsewhere keeps a part of the old package here; the next run deletes it.
    _delete_folder(old)


def finish_interrupted(target: Path) -> None:
    """Finish or roll back an earlier run that was killed.

    Raises
    ------
    OutputError
        If the system refuses it.
    """
    new, old = sibling_folders(target)
    try:
        if not target.exists():
            if is_whole(new):
                os.replace(new, target)
            elif old.exists():
                os.replace(old, target)
    except OSError as error:
        raise _make_refusal(old if old.exists() else new, target, error) from error
    for rest in (new, old):
        if rest.exists() and (target.exists() or not is_whole(rest)):
            _delete_folder(rest)
        if rest.exists():
            raise OutputError("package_rest", target=str(rest), holders=_list_owners(rest) or "—")


def _delete_folder(path: Path) -> None:
    """Delete a folder as far as possible; of a link, delete only the link."""
    if path.is_symlink():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def _swap(target: Path, new: Path, old: Path) -> None:
    there = target.exists()
    try:
        if there:
            os.replace(target, old)
    except OSError as error:
        raise _make_refusal(target, target, error) from error
    try:
        os.replace(new, target)
    except OSError as error:
        if there:
            os.replace(old, target)
        raise _make_refusal(new, target, error) from error


def _make_refusal(path: Path, target: Path, error: OSError) -> OutputError:
    who = _list_owners(path)
    if who:
        return OutputError("package_held", target=str(target), holders=who)
    if isinstance(error, PermissionError):
        return OutputError("package_open_elsewhere", target=str(target))
    return OutputError("output_unwritable", target=str(target), detail=os_reason(error))


def _list_owners(path: Path) -> str:
    return ", ".join(find_open_file_owners(path))


# One export at a time into one target, and none while the target is inspected.
#
# The lock is the system's lock on a file next to the package, so the lock of a killed process does not remain. On Linux
# and macOS it is `flock`, which also works on network shares. Windows has only exclusive locks of bytes here, so a
# reader locks one byte and a writer locks all of them. Both belong to the open file: two tasks of one QGIS also exclude
# each other.

LOCK = ".sanxian-lock"
#: Offset of the bytes that Windows locks, after the text, because locked bytes cannot be read; and their number.
_AT, _READERS = 2**30, 64
#: Bytes for the text that names the owner.
_OWNER_BYTES = 200
#: Attempts with a new lock file if the owner deletes the old one meanwhile.
_TRIES = 20
#: Errors of a taken lock; other errors mean that the file system does not support locks.
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class _Held(NamedTuple):
    """An open lock file; on Windows also the first locked byte and the number of them."""

    handle: int
    first: int = 0
    bytes: int = 0


@contextmanager
def lock_for_writing(target: Path) -> Iterator[None]:
    """Lock the target against exports and inspections for the block.

    Raises
    ------
    OutputError
        If another process has a lock.
    """
    lock = _lock_path(target)
    try:
        held = _acquire(lock, exclusive=True)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
    if held is None:
        raise OutputError("package_busy", target=str(target), who=_read_owner(lock))
    try:
        yield
    finally:
        _release(held, lock)


@contextmanager
def lock_for_reading(target: Path) -> Iterator[None]:
    """Lock the target against exports for the block; other readers are allowed.

    If no file can be made next to the package (a disc, a read-only share), nothing is locked.

    Raises
    ------
    InputError
        If another process exports to the target.
    """
    lock = _lock_path(target)
    try:
        held = _acquire(lock, exclusive=False)
    except OSError:
        yield
        return
    if held is None:
        raise InputError("package_busy", target=str(target), who=_read_owner(lock))
    try:
        yield
    finally:
        _release(held, lock)


def _lock_path(target: Path) -> Path:
    """Return the lock file of a folder, the same for all links to it."""
    real = Path(os.path.realpath(target))
    return real.parent / f"{real.name}{LOCK}"


def _acquire(lock: Path, *, exclusive: bool) -> _Held | None:
    """Return the lock, None if another process has it; OSError without a lock file."""
    for _ in range(_TRIES):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOINHERIT", 0), 0o666)
        held = _lock(handle, exclusive)
        if held is not None and _is_there(handle, lock):
            _write_owner(handle)
            return held
        os.close(handle)
        if held is None:
            return None
        # The owner deleted the file after it was opened here, so this handle does not exclude other processes.
    return None


def _lock(handle: int, exclusive: bool) -> _Held | None:
    return _lock_bytes(handle, exclusive) if sys.platform == "win32" else _lock_file(handle, exclusive)


def _lock_file(handle: int, exclusive: bool) -> _Held | None:
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _TAKEN else _Held(handle)
    return _Held(handle)


def _lock_bytes(handle: int, exclusive: bool) -> _Held | None:
    """Lock on Windows: all bytes for a writer, the first free byte for a reader."""
    import msvcrt

    for first, count in [(0, _READERS)] if exclusive else [(n, 1) for n in range(_READERS)]:
        os.lseek(handle, _AT + first, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, count)  # type: ignore[attr-defined]
        except OSError as error:
            if error.errno in _TAKEN:
                continue
            return _Held(handle)
        return _Held(handle, first, count)
    return None


def _is_there(handle: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(lock))
    except FileNotFoundError:
        return False


def _release(held: _Held, lock: Path) -> None:
    """Release a lock; the last owner deletes the file, unless it is open elsewhere."""
    if sys.platform == "win32":
        _release_bytes(held)
        os.close(held.handle)
        with suppress(OSError):
            os.unlink(lock)
        return
    # Delete the file while it is locked; a process that opened it before detects the deletion.
    if _lock_file(held.handle, exclusive=True) is not None:
        with suppress(OSError):
            os.unlink(lock)
    os.close(held.handle)


def _release_bytes(held: _Held) -> None:
    import msvcrt

    if held.bytes:
        os.lseek(held.handle, _AT + held.first, os.SEEK_SET)
        with suppress(OSError):
            msvcrt.locking(held.handle, msvcrt.LK_UNLCK, held.bytes)  # type: ignore[attr-defined]


def _write_owner(handle: int) -> None:
    owner = f"{Path(sys.executable).stem} ({os.getpid()}), {socket.gethostname()}".encode()[:_OWNER_BYTES]
    with suppress(OSError):
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, owner.ljust(_OWNER_BYTES))


def _read_owner(lock: Path) -> str:
    try:
        with lock.open("rb") as handle:
            owner = handle.read(_OWNER_BYTES).decode("utf-8", errors="replace").strip("\0 ")
    except OSError:
        owner = ""
    return owner or "?"
