# SPDX-License-Identifier: GPL-2.0-or-later
"""Several files that belong together, put into places where nothing stands yet: all of them, or none.

They are made in a folder beside, and moved one by one, the one that all wait for last. After a kill at any moment that one is
whole or not there; what lies beside is finished or cleared away by the next run (`settle`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import OutputError
from ..holders import holders
from ..writing import is_about_writing, os_reason

#: Nobody else calls a folder so.
NEW = ".sanxian-new"
#: Stands in the folder while somebody works in it, and once all that is in it is whole.
_LOCK, _WHOLE = ".lock", ".whole"


@contextmanager
def together(places: list[Path]) -> Iterator[Path]:
    """A folder to make files in, each under the name of its place, in the folder of the first place; when the block ends all
    are moved, the first place's last. On any error nothing stays. OutputError when something cannot be written, when a place
    is taken, and when another run is at work there."""
    parent = places[0].parent
    there = parent.exists()
    try:
        with _folder(places[0]) as new:
            try:
                yield new
                _say_whole(new)
            except OSError as error:
                if not is_about_writing(error, new):
                    raise
                raise OutputError("output_unwritable", target=str(places[0]), detail=os_reason(error)) from error
            _move(new, places)
    finally:
        if not there:
            _remove_empty(parent)


def settle(places: list[Path]) -> None:
    """Finish what a run that was killed had made whole, clear away what it had not. OutputError when that is refused, or when
    the run is still at work."""
    new = _beside(places[0])
    if not new.exists():
        return
    with _locked(new, places[0]):
        # A place that was taken meanwhile keeps what it has.
        rest = [place for place in places if (new / place.name).exists() and not place.exists()]
        if (new / _WHOLE).exists() and rest:
            _move(new, rest)
    shutil.rmtree(new, ignore_errors=True)
    if new.exists():
        raise OutputError("package_rest", target=str(new), holders=", ".join(holders(new)))


def _beside(place: Path) -> Path:
    return place.with_name(place.name + NEW)


@contextmanager
def _folder(place: Path) -> Iterator[Path]:
    new = _beside(place)
    try:
        place.parent.mkdir(exist_ok=True)
        new.mkdir()
    except FileExistsError as error:
        raise OutputError("output_busy", target=str(place), folder=str(new)) from error
    except OSError as error:
        raise OutputError("output_unwritable", target=str(place), detail=os_reason(error)) from error
    try:
        with _locked(new, place):
            yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def _locked(new: Path, place: Path) -> Iterator[None]:
    """While this lasts nobody else takes the folder for a rest of a run that is gone."""
    try:
        handle = (new / _LOCK).open("a")
    except OSError as error:
        raise OutputError("output_unwritable", target=str(place), detail=os_reason(error)) from error
    with handle:
        if not _lock(handle):
            raise OutputError("output_busy", target=str(place), folder=str(new))
        yield


def _lock(handle: IO[str]) -> bool:
    """False when another process has it; it ends with the handle, also when the process is killed."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A network drive that knows no locks: the folder's name alone keeps others away.
        return True
    return True


def _say_whole(new: Path) -> None:
    with (new / _WHOLE).open("w") as handle:
        handle.flush()
        os.fsync(handle.fileno())


def _move(new: Path, places: list[Path]) -> None:
    """The first place's last: whoever sees it has all. On an error all back as it was."""
    moved: list[Path] = []
    try:
        for place in reversed(places):
            if place.exists():
                raise OutputError("yearly_exists", target=str(place))
            os.replace(new / place.name, place)
            moved.append(place)
    except (OSError, OutputError) as error:
        for place in moved:
            os.replace(place, new / place.name)
        if isinstance(error, OutputError):
            raise
        raise _refused(new, places[0], error) from error


def _refused(new: Path, target: Path, error: OSError) -> OutputError:
    if who := ", ".join(holders(new)):
        return OutputError("package_held", target=str(target), holders=who)
    return OutputError("output_unwritable", target=str(target), detail=os_reason(error))


def _remove_empty(folder: Path) -> None:
    """The folder that was made for this, where nothing came into it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
