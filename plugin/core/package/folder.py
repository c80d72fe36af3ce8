# SPDX-License-Identifier: GPL-2.0-or-later
"""A package takes its place as a whole: made in a sibling, the old one put aside, the new one moved in, the old one deleted.

After a kill at any moment one whole package is there, under its own name or one of the siblings'; the next run puts it back
in its place (`finish_interrupted`).
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

#: Nobody else calls a folder so: what has such a name is ours to clear away.
NEW, OLD = ".sanxian-new", ".sanxian-old"


def sibling_folders(target: Path) -> tuple[Path, Path]:
    return target.with_name(target.name + NEW), target.with_name(target.name + OLD)


@contextmanager
def replace_folder(target: Path, cancellation: Cancellation = NEVER) -> Iterator[Path]:
    """A new folder to fill; it becomes the target when the block ends, and is gone when the block raises.

    The block leaves a manifest with its digest. Raises Cancelled up to the last moment, and OutputError when the target
    cannot be replaced: then it stands as it was.
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
        _clear(new)
    # A file of the old one that somebody has open keeps a part of it here: the next run clears it away.
    _clear(old)


def finish_interrupted(target: Path) -> None:
    """Finish or roll back what an earlier run left when it was killed. OutputError when that is refused."""
    new, old = sibling_folders(target)
    try:
        if not target.exists():
            if is_whole(new):
                os.replace(new, target)
            elif old.exists():
                os.replace(old, target)
    except OSError as error:
        raise _refused(old if old.exists() else new, target, error) from error
    for rest in (new, old):
        if rest.exists() and (target.exists() or not is_whole(rest)):
            _clear(rest)
        if rest.exists():
            raise OutputError("package_rest", target=str(rest), holders=_named(rest) or "—")


def _clear(path: Path) -> None:
    """Take a folder away, as far as that is possible; of a link to one, the link."""
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
        raise _refused(target, target, error) from error
    try:
        os.replace(new, target)
    except OSError as error:
        if there:
            os.replace(old, target)
        raise _refused(new, target, error) from error


def _refused(path: Path, target: Path, error: OSError) -> OutputError:
    who = _named(path)
    if who:
        return OutputError("package_held", target=str(target), holders=who)
    if isinstance(error, PermissionError):
        return OutputError("package_open_elsewhere", target=str(target))
    return OutputError("output_unwritable", target=str(target), detail=os_reason(error))


def _named(path: Path) -> str:
    return ", ".join(find_open_file_owners(path))


# One export at a time into one target, and none while somebody inspects what stands there.
#
# The lock is the system's own on a file beside the package, so one that a killed process left holds nobody up. On Linux and macOS
# it is `flock`, on network shares as well; Windows has only exclusive locks of bytes here, so who reads takes one byte and who
# writes takes all of them. Both belong to the open file: two tasks of one QGIS are kept apart, too.

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
def lock_for_writing(target: Path) -> Iterator[None]:
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
def lock_for_reading(target: Path) -> Iterator[None]:
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
