# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer groups (图层组) and map themes (地图主题) of a standard in a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..files.data import check_keys, expect

if TYPE_CHECKING:
    from . import Standard

#: Constraints of a layer in a delivery, the strictest first: 必选, 有则必选, 可选.
CONSTRAINTS = ("M", "C", "O")
#: Concepts that every theme may show as context.
_FRAME = ("townships", "county")


@dataclass(frozen=True)
class MapTheme:
    """A map theme (地图主题): the layers it shows, by role or concept, from the top down.

    For a concept it shows the layer of that concept.
    """

    id: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class TreeBranch:
    """A branch of the layer tree, and a row of the wizard.

    ``roles``: layers that are made with it; ``also``: layers of other editions that it contains if a project has
    them; ``chosen``: made unless the user deselects it; ``shown``: visible at first.
    """

    id: str
    name: str
    roles: tuple[str, ...]
    also: tuple[str, ...] = ()
    chosen: bool = False
    shown: bool = True


def read_theme(key: str, row: Any, path: Path) -> MapTheme:
    """Return the theme of a ``[themes.<key>]`` table.

    Raise DataError with file and key.
    """
    where = f"themes.{key}"
    _check(row, where, path, ())
    return MapTheme(key, row["name"], tuple(row["roles"]))


def read_branch(key: str, row: Any, path: Path) -> TreeBranch:
    """Return the branch of a ``[tree.<key>]`` table.

    Raise DataError with file and key.
    """
    where = f"tree.{key}"
    _check(row, where, path, ("also", "chosen", "shown"))
    for value in expect(row.get("also", []), list, file=path, key=f"{where}.also"):
        expect(value, str, file=path, key=f"{where}.also")
    chosen, shown = (
        expect(row.get(flag, usual), bool, file=path, key=f"{where}.{flag}")
        for flag, usual in (("chosen", False), ("shown", True))
    )
    return TreeBranch(key, row["name"], tuple(row["roles"]), tuple(row.get("also", ())), chosen, shown)


def _check(row: Any, where: str, path: Path, allowed: tuple[str, ...]) -> None:
    expect(row, dict, file=path, key=where)
    check_keys(row, required=("name", "roles"), allowed=allowed, file=path, where=where)
    expect(row["name"], str, file=path, key=f"{where}.name")
    for value in expect(row["roles"], list, file=path, key=f"{where}.roles"):
        expect(value, str, file=path, key=f"{where}.roles")


def check_layer_tree(standard: Standard, themes: Iterable[MapTheme], tree: Iterable[TreeBranch], path: Path) -> None:
    """Raise DataError for an invalid layer tree.

    An entry has no template, two themes have one name, or a layer is in two branches.
    """
    names = [t.name for t in standard.themes.values()]
    for theme in themes:
        for role in theme.roles:
            if role not in standard.concepts and not standard.has_template(role):
                raise DataError("data_group_role", file=str(path), key=f"themes.{theme.id}.roles", value=role)
        if names.count(theme.name) > 1:
            raise DataError("data_duplicate", file=str(path), key=f"themes.{theme.id}", value=theme.name)
    placed: set[str] = set()
    for branch in tree:
        for role in branch.roles + branch.also:
            if not standard.has_template(role):
                raise DataError("data_group_role", file=str(path), key=f"tree.{branch.id}.roles", value=role)
            if role in placed:
                raise DataError("data_duplicate", file=str(path), key=f"tree.{branch.id}", value=role)
            placed.add(role)


def branches(standard: Standard) -> list[TreeBranch]:
    """Return the layer tree of a standard from the top down.

    A standard without a tree uses the county's tree with the layers that it has; layers without a branch are in the
    last one (id ``others``).
    """
    found = list(standard.tree.values())
    if not found:
        borrowed = (_only(branch, standard) for branch in _county().tree.values())
        found = [branch for branch in borrowed if branch.roles]
    placed = {role for b in found for role in b.roles + b.also}
    rest = tuple(role for role in standard.templates if role not in placed)
    if rest:
        found.append(TreeBranch("others", "其他图层", rest, chosen=not found))
    return found


def themes(standard: Standard) -> list[MapTheme]:
    """Return the map themes of a standard, by default those of the county."""
    return list((standard.themes or _county().themes).values())


def _county() -> Standard:
    from . import load_standard

    return load_standard()


def _only(branch: TreeBranch, standard: Standard) -> TreeBranch:
    """Return a branch with the layers that a standard has.

    A layer of another edition becomes the standard's own if its groups name it, or if the branch would otherwise be
    empty.
    """
    roles, also = (tuple(r for r in part if standard.has_template(r)) for part in (branch.roles, branch.also))
    named = {role for group in standard.groups.values() for role in group.roles}
    own = tuple(r for r in also if r in named or not roles)
    return TreeBranch(
        branch.id, branch.name, roles + own, tuple(r for r in also if r not in own), branch.chosen, branch.shown
    )


def branch_of(role: str, standard: Standard) -> TreeBranch:
    """Return the branch that contains a layer of the standard."""
    return next(b for b in branches(standard) if role in b.roles + b.also)


def delivery_constraint(role: str, standard: Standard) -> str:
    """Return the constraint of a layer in the widest delivery (`CONSTRAINTS`).

    The concept decides if the delivery requires it, else the layer's template.
    """
    scope = max(standard.scopes.values(), key=lambda s: len(s.mandatory), default=None)
    asked = {role, *(concept for concept, roles in standard.concepts.items() if role in roles)}
    if scope is not None and asked & set(scope.mandatory):
        return "M"
    if scope is not None and asked & set(scope.conditional):
        return "C"
    return standard.templates[role].constraint


def strictest_constraint(branch: TreeBranch, standard: Standard) -> str:
    """Return the strictest constraint of a branch's layers."""
    return min((delivery_constraint(role, standard) for role in branch.roles), key=CONSTRAINTS.index)


def theme_roles(theme: MapTheme, standard: Standard, there: Iterable[str]) -> list[str]:
    """Return the available roles that a theme shows, from the top down.

    The result is empty if only the context of the theme is available.
    """
    have = set(there)
    answered = {e: next((r for r in standard.concepts.get(e, (e,)) if r in have), "") for e in theme.roles}
    if not any(role for entry, role in answered.items() if entry not in _FRAME):
        return []
    return list(dict.fromkeys(role for role in answered.values() if role))
