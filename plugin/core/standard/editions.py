# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the editions of standards (folders with ``standard.toml``); plan phases."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ...paths import STANDARDS_FOLDER
from ..base.errors import DataError, InputError
from ..base.files.data import check_type, read_toml, read_value

#: The file that makes a folder a standard.
STANDARD_FILE = "standard.toml"


def find_edition_folders(within: Path | None = None, name: str = "") -> dict[str, dict[str, Path]]:
    """Return standard id → edition → folder, the newest edition last.

    ``within``: folder to search, by default the shipped standards. ``name``: only this id or ``id-edition``. Raise
    DataError for a repeated edition.
    """
    editions_by_id: dict[str, dict[str, Path]] = {}
    for path in sorted((within or STANDARDS_FOLDER).glob(f"*/{STANDARD_FILE}")):
        table = _read_cached_head(path)
        standard_id, edition = (str(check_type(table[key], str, file=path, key=key)) for key in ("id", "edition"))
        if name and name not in (standard_id, f"{standard_id}-{edition}"):
            continue
        its_editions = editions_by_id.setdefault(standard_id, {})
        if edition in its_editions:
            raise DataError("data_duplicate", file=str(path), key="edition", value=f"{standard_id} {edition}")
        its_editions[edition] = path.parent
    return {standard_id: dict(sorted(its_editions.items())) for standard_id, its_editions in editions_by_id.items()}


def _read_cached_head(path: Path) -> dict[str, Any]:
    """Return id, edition and includes of a ``standard.toml``, cached until it changes."""
    file_state = path.stat()
    return _read_head(path, file_state.st_mtime_ns, file_state.st_size)


@lru_cache(maxsize=256)
def _read_head(path: Path, _changed: int, _size: int) -> dict[str, Any]:
    """Return id, edition and includes of a ``standard.toml``.

    Time and size of the file make the cache read a changed file again.
    """
    table = read_toml(path)
    includes = read_value(table.get("includes", []), list[str], file=path, key="includes")
    return {"id": table.get("id"), "edition": table.get("edition"), "includes": includes}


def get_shipped_standard_folders() -> dict[str, Path]:
    """Return the folder of each shipped standard.

    The id is the key of the newest edition; an older edition has the key ``id-edition``.
    """
    folders: dict[str, Path] = {}
    for name, of_name in find_edition_folders().items():
        *older, (_, newest) = of_name.items()
        folders |= {name: newest, **{f"{name}-{edition}": folder for edition, folder in reversed(older)}}
    return folders


def list_standard_ids() -> list[str]:
    """Return the standards that a user can choose: those that describe layers."""
    return [name for name, folder in get_shipped_standard_folders().items() if (folder / "templates").is_dir()]


def find_standard_folder(name: str, edition: str = "", including: Path | None = None) -> Path:
    """Return the folder of a standard by id, ``id-edition`` or path.

    Without an edition it is the newest. ``including``: the folder of a standard that includes it and is never the
    result; standards that are not shipped are searched next to it, and paths are relative to it. Raise DataError with
    the known ids or editions.
    """
    candidates: dict[str, Path] = {}
    for search_folder in (STANDARDS_FOLDER, including.parent) if including is not None else (STANDARDS_FOLDER,):
        for standard_id, its_editions in find_edition_folders(search_folder, name).items():
            candidates |= {
                key: folder
                for key, folder in its_editions.items()
                if folder != including and not (standard_id != name and edition)
            }
        if candidates and not edition:
            return list(candidates.values())[-1]
        if edition in candidates:
            return candidates[edition]
    folder = Path(name) if including is None else including / name
    if not candidates and (folder / STANDARD_FILE).exists():
        own_edition = str(read_toml(folder / STANDARD_FILE).get("edition", ""))
        if edition in ("", own_edition):
            return folder
        candidates = {own_edition: folder}
    if candidates:
        raise DataError("edition_unknown", standard=name, value=edition, known=", ".join(candidates))
    raise DataError("standard_unknown", value=name, known=", ".join(sorted(list_standard_ids())))


def make_standard_key(name: str, folder: Path) -> str:
    """Return the name by which `find_standard_folder` finds the standard in ``folder``.

    It is the id, followed by the edition if a newer one exists, or the path of a custom folder.
    """
    if folder.parent != STANDARDS_FOLDER:
        return str(folder.absolute())
    return next(key for key, standard_folder in get_shipped_standard_folders().items() if standard_folder == folder)


def check_no_circular_include(folder: Path, below: tuple[Path, ...] = ()) -> None:
    """Raise DataError if a standard includes itself, directly or indirectly.

    ``below``: folders of the standards that include this one.
    """
    if folder in below:
        raise DataError("standard_circle", file=str(folder / STANDARD_FILE))
    for other in _read_cached_head(folder / STANDARD_FILE)["includes"]:
        check_no_circular_include(find_standard_folder(other, including=folder), (*below, folder))


# The phase (阶段) of a plan: 编制, 公示 or 报批. Standard and profile may give a rule another severity in it.
#
# The severity of a rule is the first one found in this order: the profile for the phase, its base …, the standard for
# the phase; the profile, its base …, the standard; the rule itself.

#: Ids, which are public, and the official terms.
PLANNING_PHASES = {"drafting": "编制", "publicity": "公示", "approval": "报批"}


def parse_phase(text: str) -> str:
    """Return the id of a planning phase from an id or a Chinese name (编制, 编制阶段).

    Empty text gives empty. Raise InputError with the known phases for another text.
    """
    phase_text = text.strip().removesuffix("阶段")
    for phase, name in PLANNING_PHASES.items():
        if phase_text.lower() == phase or phase_text == name:
            return phase
    if phase_text:
        known_phases = "、".join(f"{phase}（{name}）" for phase, name in PLANNING_PHASES.items())
        raise InputError("phase_unknown", value=text, known=known_phases)
    return ""
