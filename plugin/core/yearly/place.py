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

from ..errors import OutputError
from ..files.holders import holders
from ..files.writing import is_about_writing, os_reason

#: Nobody else calls a folder so.
NEW = ".sanxian-new"
#: Stands in the folder once all that is in it is whole.
_WHOLE = ".whole"


@contextmanager
def together(places: list[Path]) -> Iterator[Path]:
    """A folder to make files in, each under the name of its place, in the folder of the first place; when the block ends all
    are moved, the first place's last. On any error nothing stays. OutputError when something cannot be written or a place is
    taken. The caller keeps other runs away (`package.folder.lock`)."""
    new = _beside(places[0])
    try:
        try:
            new.mkdir()
            yield new
            _say_whole(new)
        except OSError as error:
            if not is_about_writing(error, new):
                raise
            raise OutputError("output_unwritable", target=str(places[0]), detail=os_reason(error)) from error
        _move(new, places)
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def in_folder(folder: Path) -> Iterator[None]:
    """The folder is there while the block runs; where it was made for this and nothing came into it, it is gone again.
    OutputError when it cannot be made."""
    there = folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(folder), detail=os_reason(error)) from error
    try:
        yield
    finally:
        if not there and not any(folder.iterdir()):
            folder.rmdir()


def settle(places: list[Path]) -> None:
    """Finish what a run that was killed had made whole, clear away what it had not. OutputError when that is refused."""
    new = _beside(places[0])
    if not new.exists():
        return
    # A place that was taken meanwhile keeps what it has.
    rest = [place for place in places if (new / place.name).exists() and not place.exists()]
    if (new / _WHOLE).exists() and rest:
        _move(new, rest)
    shutil.rmtree(new, ignore_errors=True)
    if new.exists():
        raise OutputError("package_rest", target=str(new), holders=", ".join(holders(new)) or "—")


def _beside(place: Path) -> Path:
    return place.with_name(place.name + NEW)


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
