# SPDX-License-Identifier: GPL-2.0-or-later
"""From a table of attribute structures to an empty database, and to a standard of the user's own with its templates."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cancellation import NEVER, Cancellation
from ..errors import InputError, OutputError
from ..files.writing import os_reason
from ..geometry import crs as crs_care
from ..standard import Standard, divisions, load_standard
from .create import Created, create_database
from .structure_table import Structure

if TYPE_CHECKING:
    from pyproj import CRS

#: The standard's id, and that of its one group.
OWN = "own"


def create_from_structure(
    structure: Structure,
    standard: Standard,
    target: str | Path,
    crs: CRS,
    *,
    existing: str = "stop",
    folder: str | Path = "",
    cancellation: Cancellation = NEVER,
) -> Created:
    """An empty database of the table's layers; with ``folder`` also a standard of them, which can be chosen by its path.

    ``existing`` as for `create_database`; a folder that is there and not empty is always an error, for it may have been
    edited. Both are made or neither is. Raises InputError, OutputError or DataError.
    """
    templates = list(structure.templates.values())
    with _new_folder(folder) as made:
        if made is not None:
            _write_standard(structure, standard, made)
        return create_database(
            target, templates, crs, code_lists=standard.code_lists, existing=existing, cancellation=cancellation
        )


def plan_crs(crs: str, county: str) -> tuple[CRS, tuple[str, dict[str, Any]] | None]:
    """The CRS that was given (EPSG code or WKT), else the county's zone, with a notice where the two are far apart.

    InputError when neither is given, or the county or the CRS is none that a plan can be drawn in.
    """
    given = divisions.check_crs(crs_care.parse(crs), crs) if crs else None
    if not county:
        if given is None:
            raise InputError("structure_no_crs")
        return given, None
    lists = load_standard().code_lists
    code = divisions.told_county(county, lists["provinces"], lists["divisions"]).code
    system = given or divisions.default_crs(code, lists["divisions"])
    return system, divisions.check_place(system, code, lists["divisions"])


def _write_standard(structure: Structure, standard: Standard, folder: Path) -> None:
    """A folder that `load_standard` takes: the table's templates before those of the standard it stands on."""
    names = {n for g in standard.groups.values() if g.id != OWN for n in (g.id, g.name, *g.aliases)}
    title = next(n for n in ("本表图层", "本表的图层", "属性结构表图层") if n not in names)
    roles = ", ".join(_quoted(role) for role in structure.texts)
    lines = [
        "# 由属性结构描述表转成 · made from a table of attribute structures; to be edited by hand.",
        f"id = {_quoted(OWN)}",
        f"edition = {_quoted(standard.edition)}",
        f"name = {_quoted(f'{standard.name}（另加属性结构表）')}",
        f"includes = [{_quoted(standard.key)}]",
        "",
        f"[groups.{OWN}]",
        f"name = {_quoted(title)}",
        f"roles = [{roles}]",
        "",
    ]
    (folder / "templates").mkdir()
    (folder / "standard.toml").write_text("\n".join(lines), encoding="utf-8", newline="\n")
    for role, text in structure.texts.items():
        (folder / "templates" / f"{role}.toml").write_text(text, encoding="utf-8", newline="\n")
    # What was written is what will be read: better an error now than one at the next check.
    _ = load_standard.__wrapped__(str(folder)).templates


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@contextmanager
def _new_folder(folder: str | Path) -> Iterator[Path | None]:
    """A folder beside the target that takes its place when the block ends well; None when no folder is wanted."""
    if not folder:
        yield None
        return
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError("structure_folder_exists", target=str(target))
    try:
        target.parent.mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".sanxian-", dir=target.parent))
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
    try:
        yield work
        _take_place(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _take_place(work: Path, target: Path) -> None:
    try:
        if target.exists():
            target.rmdir()
        # A folder for one's own use only is what a temporary one is.
        work.chmod(0o755)
        work.rename(target)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
