# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the editions of a standard by their ``standard.toml``; phases of a plan.

Each edition is a folder.
"""

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
    """Return id → edition → folder of the standards in a folder, or of one of them.

    The newest edition is last. Raise DataError for a repeated edition.
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
    """Return the head of a ``standard.toml``, cached while the file is unchanged."""
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
    """Return the ids of all shipped standards with the folder of the newest edition.

    An older edition has the key ``id-edition``.
    """
    found: dict[str, Path] = {}
    for name, of_name in find_editions().items():
        *older, (_, newest) = of_name.items()
        found |= {name: newest, **{f"{name}-{edition}": folder for edition, folder in reversed(older)}}
    return found


def standard_ids() -> list[str]:
    """Return the standards that a user can choose: those that describe layers."""
    return [name for name, folder in standard_folders().items() if (folder / "templates").is_dir()]


def find_standard(name: str, edition: str = "", including: Path | None = None) -> Path:
    """Return the folder of a standard by id, ``id-edition`` or path.

    Without an edition it is the newest. ``including``: the folder of a standard that includes it and is never the
    result; standards that are not shipped are searched next to it, and paths are relative to it. Raise DataError with
    the known ids or editions.
    """
    known: dict[str, Path] = {}
    for place in (STANDARDS, including.parent) if including is not None else (STANDARDS,):
        for one, of_one in find_editions(place, name).items():
            known |= {
                key: folder for key, folder in of_one.items() if folder != including and not (one != name and edition)
            }
        if known and not edition:
            return list(known.values())[-1]
        if edition in known:
            return known[edition]
    folder = Path(name) if including is None else including / name
    if not known and (folder / FILE).exists():
        found = str(read_toml(folder / FILE).get("edition", ""))
        if edition in ("", found):
            return folder
        known = {found: folder}
    if known:
        raise DataError("edition_unknown", standard=name, value=edition, known=", ".join(known))
    raise DataError("standard_unknown", value=name, known=", ".join(sorted(standard_ids())))


def key_of(name: str, folder: Path) -> str:
    """Return the argument of `find_standard` for a standard in a folder.

    It is the id, with the edition if a newer one exists, or the path of a custom folder.
    """
    if folder.parent != STANDARDS:
        return str(folder.absolute())
    return next(key for key, where in standard_folders().items() if where == folder)


def check_circle(folder: Path, below: tuple[Path, ...] = ()) -> None:
    """Raise DataError if a standard includes itself, directly or indirectly."""
    if folder in below:
        raise DataError("standard_circle", file=str(folder / FILE))
    for other in _head(folder / FILE)["includes"] or ():
        check_circle(find_standard(other, including=folder), (*below, folder))


# The phase (阶段) of a plan: 编制, 公示 or 报批. Standard and profile may give a rule another severity in it.
#
# The severity of a rule is the first one found in this order: the profile for the phase, its base …, the standard for
# the phase; the profile, its base …, the standard; the rule itself.

#: Ids, which are public, and the official terms.
PHASES = {"drafting": "编制", "publicity": "公示", "approval": "报批"}


def phase_of(text: str) -> str:
    """Return the id of a phase by id or Chinese name (编制, 编制阶段); empty for none.

    Raise InputError with the known phases.
    """
    wanted = text.strip().removesuffix("阶段")
    for phase, name in PHASES.items():
        if wanted.lower() == phase or wanted == name:
            return phase
    if wanted:
        known = "、".join(f"{phase}（{name}）" for phase, name in PHASES.items())
        raise InputError("phase_unknown", value=text, known=known)
    return ""


def read_severities(table: Any, where: str, path: Path) -> dict[str, str]:
    """Return code → severity.

    A test verifies the codes, because rules load later than standards.
    """
    for code, value in expect(table, dict, file=path, key=where).items():
        if value not in list(Severity):
            raise DataError(
                "data_value_unknown", file=str(path), key=f"{where}.{code}", value=str(value), known=", ".join(Severity)
            )
    return dict(table)


def read_phases(table: Any, path: Path) -> dict[str, dict[str, str]]:
    """Return phase → code → severity (``[phase.drafting.severity]``)."""
    found = {}
    for phase, rows in expect(table, dict, file=path, key="phase").items():
        check_keys({phase: rows}, required=(), allowed=PHASES, file=path, where="phase")
        where = f"phase.{phase}"
        expect(rows, dict, file=path, key=where)
        check_keys(rows, required=("severity",), allowed=(), file=path, where=where)
        found[phase] = read_severities(rows["severity"], f"{where}.severity", path)
    return found
