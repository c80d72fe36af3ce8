# SPDX-License-Identifier: GPL-2.0-or-later
"""A package takes its place as a whole: made in a sibling, the old one put aside, the new one moved in, the old one deleted.

After a kill at any moment one whole package is there, under its own name or one of the siblings'; the next run puts it back
in its place (`settle`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...cancellation import NEVER, Cancellation
from ...errors import OutputError
from ...files.digests import is_whole
from ...files.holders import holders
from ...files.writing import is_about_writing, os_reason

#: Nobody else calls a folder so: what has such a name is ours to clear away.
NEW, OLD = ".sanxian-new", ".sanxian-old"


def siblings(target: Path) -> tuple[Path, Path]:
    return target.with_name(target.name + NEW), target.with_name(target.name + OLD)


@contextmanager
def whole_folder(target: Path, cancellation: Cancellation = NEVER) -> Iterator[Path]:
    """A new folder to fill; it becomes the target when the block ends, and is gone when the block raises.

    The block leaves a manifest with its digest. Raises Cancelled up to the last moment, and OutputError when the target
    cannot be replaced: then it stands as it was.
    """
    new, old = siblings(target)
    settle(target)
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


def settle(target: Path) -> None:
    """Finish or roll back what an earlier run left when it was killed. OutputError when that is refused."""
    new, old = siblings(target)
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
    return ", ".join(holders(path))
