# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the editions of a standard are, a folder each, found by what their ``standard.toml`` says; and the phase of a
plan."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ...paths import STANDARDS
from ..errors import DataError, InputError
from ..files.data import check_keys, expect, read_toml
from ..model.rule import Severity

#: The file that makes a folder a standard.
FILE = "standard.toml"


def find_editions(within: Path | None = None, name: str = "") -> dict[str, dict[str, Path]]:
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
    for name, of_name in find_editions().items():
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
        for one, of_one in find_editions(place, name).items():
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


# The phase (阶段) of a plan: 编制, 公示 or 报批. Standard and profile may give a rule another severity in it.
#
# The severity of a rule is the first that is said: by the profile for the phase, by its base …, by the standard for the phase;
# by the profile, by its base …, by the standard; by the rule itself.

#: Ids, a promise to users, and the words of the offices.
PHASES = {"drafting": "编制", "publicity": "公示", "approval": "报批"}


def phase_of(text: str) -> str:
    """The id of a phase by id or Chinese name (编制, 编制阶段); empty for none. InputError names those there are."""
    wanted = text.strip().removesuffix("阶段")
    for phase, name in PHASES.items():
        if wanted.lower() == phase or wanted == name:
            return phase
    if wanted:
        known = "、".join(f"{phase}（{name}）" for phase, name in PHASES.items())
        raise InputError("phase_unknown", value=text, known=known)
    return ""


def read_severities(table: Any, where: str, path: Path) -> dict[str, str]:
    """Code → severity. (Which codes there are, a test of ours asks: rules load later than standards.)"""
    for code, value in expect(table, dict, file=path, key=where).items():
        if value not in list(Severity):
            raise DataError(
                "data_value_unknown", file=str(path), key=f"{where}.{code}", value=str(value), known=", ".join(Severity)
            )
    return dict(table)


def read_phases(table: Any, path: Path) -> dict[str, dict[str, str]]:
    """Phase → code → severity (``[phase.drafting.severity]``)."""
    found = {}
    for phase, rows in expect(table, dict, file=path, key="phase").items():
        check_keys({phase: rows}, required=(), allowed=PHASES, file=path, where="phase")
        where = f"phase.{phase}"
        expect(rows, dict, file=path, key=where)
        check_keys(rows, required=("severity",), allowed=(), file=path, where=where)
        found[phase] = read_severities(rows["severity"], f"{where}.severity", path)
    return found
