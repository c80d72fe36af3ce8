# SPDX-License-Identifier: GPL-2.0-or-later
"""One export at a time into one target, and none while somebody inspects what stands there.

The lock is the system's own on a file beside the package, so one that a killed process left holds nobody up. On Linux and macOS
it is `flock`, on network shares as well; Windows has only exclusive locks of bytes here, so who reads takes one byte and who
writes takes all of them. Both belong to the open file: two tasks of one QGIS are kept apart, too.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ...errors import InputError, OutputError
from ...files.writing import os_reason

LOCK = ".sanxian-lock"
#: Where the bytes lie that Windows locks: behind what is written, for nobody can read a locked byte; and how many there are.
_AT, _READERS = 2**30, 64
#: Room for the words that say who holds it.
_WORDS = 200
#: How often a lock file that its holder deleted meanwhile is made anew.
_TRIES = 20
#: What a system says when the lock is taken; anything else it says of a disk that knows no locks.
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class _Held(NamedTuple):
    """An open lock file; for Windows the first byte that is locked, and how many are."""

    handle: int
    first: int = 0
    bytes: int = 0


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Nobody else exports to the target or inspects it while the block runs. OutputError when somebody does already."""
    lock = _beside(target)
    try:
        held = _take(lock, alone=True)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
    if held is None:
        raise OutputError("package_busy", target=str(target), who=_who(lock))
    try:
        yield
    finally:
        _leave(held, lock)


@contextmanager
def reading(target: Path) -> Iterator[None]:
    """Nobody exports to the target while the block runs; others may read as well. InputError when somebody exports to it.

    Where no file can be made beside the package (a disc, a share that is only for reading), nothing is locked.
    """
    lock = _beside(target)
    try:
        held = _take(lock, alone=False)
    except OSError:
        yield
        return
    if held is None:
        raise InputError("package_busy", target=str(target), who=_who(lock))
    try:
        yield
    finally:
        _leave(held, lock)


def _beside(target: Path) -> Path:
    """One file for a folder, whatever link leads there."""
    real = Path(os.path.realpath(target))
    return real.parent / f"{real.name}{LOCK}"


def _take(lock: Path, *, alone: bool) -> _Held | None:
    """The lock, or None when somebody else has it. OSError when the file cannot be made."""
    for _ in range(_TRIES):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOINHERIT", 0), 0o666)
        held = _lock(handle, alone)
        if held is not None and _is_there(handle, lock):
            _say_who(handle)
            return held
        os.close(handle)
        if held is None:
            return None
        # Its holder deleted the file between the opening and the locking: this one is nobody's.
    return None


def _lock(handle: int, alone: bool) -> _Held | None:
    return _lock_bytes(handle, alone) if sys.platform == "win32" else _lock_file(handle, alone)


def _lock_file(handle: int, alone: bool) -> _Held | None:
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _TAKEN else _Held(handle)
    return _Held(handle)


def _lock_bytes(handle: int, alone: bool) -> _Held | None:
    """Windows: all bytes for who writes, the first free one for who reads."""
    import msvcrt

    for first, count in [(0, _READERS)] if alone else [(n, 1) for n in range(_READERS)]:
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


def _leave(held: _Held, lock: Path) -> None:
    """Let go; the last one takes the file away. What cannot be deleted (another has it open) is no harm."""
    if sys.platform == "win32":
        _leave_bytes(held)
        os.close(held.handle)
        with suppress(OSError):
            os.unlink(lock)
        return
    # Deleted while nobody else can have it; who opened it before sees that it is gone.
    if _lock_file(held.handle, alone=True) is not None:
        with suppress(OSError):
            os.unlink(lock)
    os.close(held.handle)


def _leave_bytes(held: _Held) -> None:
    import msvcrt

    if held.bytes:
        os.lseek(held.handle, _AT + held.first, os.SEEK_SET)
        with suppress(OSError):
            msvcrt.locking(held.handle, msvcrt.LK_UNLCK, held.bytes)  # type: ignore[attr-defined]


def _say_who(handle: int) -> None:
    words = f"{Path(sys.executable).stem} ({os.getpid()}), {socket.gethostname()}".encode()[:_WORDS]
    with suppress(OSError):
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, words.ljust(_WORDS))


def _who(lock: Path) -> str:
    try:
        with lock.open("rb") as handle:
            words = handle.read(_WORDS).decode("utf-8", errors="replace").strip("\0 ")
    except OSError:
        words = ""
    return words or "?"
