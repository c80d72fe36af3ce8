# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the editions of a standard are: a folder each, ours or a county's, found by what their ``standard.toml`` says."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ...paths import STANDARDS
from ..errors import DataError
from ..files.data import expect, read_toml

#: The file that makes a folder a standard.
FILE = "standard.toml"


def editions(within: Path | None = None, name: str = "") -> dict[str, dict[str, Path]]:
    """Id → edition → folder, of the standards in a folder (ours), or only of one of them; the newest edition last.

    DataError for an edition that is there twice.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted((within or STANDARDS).glob(f"*/{FILE}")):
        table = _head(path)
        one, edition = (str(expect(table[k], str, file=path, key=k)) for k in ("id", "edition"))
        if name and name not in (one, f"{one}-{edition}"):
            continue
        of_one = found.setdefault(one, {})
        if edition in of_one:
            raise DataError("data_duplicate", file=str(path), key="edition", value=f"{one} {edition}")
        of_one[edition] = path.parent
    return {one: dict(sorted(of_one.items())) for one, of_one in found.items()}


def _head(path: Path) -> dict[str, Any]:
    """What a ``standard.toml`` says of itself, read once for as long as the file stays as it is."""
    try:
        state = path.stat()
    except OSError:
        return _read_head(path, 0, 0)
    return _read_head(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _read_head(path: Path, _changed: int, _size: int) -> dict[str, Any]:
    table = read_toml(path)
    return {key: table.get(key) for key in ("id", "edition", "includes")}


def standard_folders() -> dict[str, Path]:
    """Ids of all our standards, each with the folder of its newest edition; an older one as ``id-edition``."""
    found: dict[str, Path] = {}
    for name, of_name in editions().items():
        *older, (_, newest) = of_name.items()
        found |= {name: newest, **{f"{name}-{edition}": folder for edition, folder in reversed(older)}}
    return found


def standard_ids() -> list[str]:
    """The standards a user can choose: those that describe layers of their own."""
    return [name for name, folder in standard_folders().items() if (folder / "templates").is_dir()]


def find_standard(name: str, edition: str = "", beside: Path | None = None) -> Path:
    """The folder of a standard by id, by ``id-edition`` or by path; without an edition the newest.

    ``beside``: the folder of a standard that includes it, which is never meant itself; what is none of ours is looked for
    among its neighbours, and a path is seen from it. DataError names the ids or editions there are.
    """
    known: dict[str, Path] = {}
    for place in (STANDARDS, beside.parent) if beside is not None else (STANDARDS,):
        for one, of_one in editions(place, name).items():
            known |= {
                key: folder for key, folder in of_one.items() if folder != beside and not (one != name and edition)
            }
        if known and not edition:
            return list(known.values())[-1]
        if edition in known:
            return known[edition]
    folder = Path(name) if beside is None else beside / name
    if not known and (folder / FILE).exists():
        said = str(read_toml(folder / FILE).get("edition", ""))
        if edition in ("", said):
            return folder
        known = {said: folder}
    if known:
        raise DataError("edition_unknown", standard=name, value=edition, known=", ".join(known))
    raise DataError("standard_unknown", value=name, known=", ".join(sorted(standard_ids())))


def key_of(name: str, folder: Path) -> str:
    """What `find_standard` takes for a standard in a folder: the id, with its edition where there is a newer one, or
    the path of a folder that is none of ours."""
    if folder.parent != STANDARDS:
        return str(folder.absolute())
    return next(key for key, where in standard_folders().items() if where == folder)


def check_circle(folder: Path, below: tuple[Path, ...] = ()) -> None:
    """DataError when a standard includes itself, by whatever way round."""
    if folder in below:
        raise DataError("standard_circle", file=str(folder / FILE))
    for other in _head(folder / FILE)["includes"] or ():
        check_circle(find_standard(other, beside=folder), (*below, folder))
