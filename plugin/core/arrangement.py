# SPDX-License-Identifier: GPL-2.0-or-later
"""How the layers of a standard are laid out in a project: branches of the layer tree (图层组) and map themes (地图主题)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .data import check_keys, expect
from .errors import DataError

if TYPE_CHECKING:
    from .standard import Standard

#: What a delivery asks of a layer, from the strictest down: 必选, 有则必选, 可选.
CONSTRAINTS = ("M", "C", "O")


@dataclass(frozen=True)
class Theme:
    """A map theme (地图主题): the layers it shows, by role or concept, from the top down. Of a concept it shows the layer
    that answers it."""

    id: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Branch:
    """A branch of the layer tree, and a row of the wizard. ``roles`` are the layers that are made with it; ``also``
    those of other editions that stand there when a project has them. ``chosen``: made unless the user says otherwise;
    ``shown``: seen at first."""

    id: str
    name: str
    roles: tuple[str, ...]
    also: tuple[str, ...] = ()
    chosen: bool = False
    shown: bool = True


def read_theme(key: str, row: Any, path: Path) -> Theme:
    """A ``[themes.<key>]`` table. DataError names file and key."""
    where = f"themes.{key}"
    _check(row, where, path, ())
    return Theme(key, row["name"], tuple(row["roles"]))


def read_branch(key: str, row: Any, path: Path) -> Branch:
    """A ``[tree.<key>]`` table. DataError names file and key."""
    where = f"tree.{key}"
    _check(row, where, path, ("also", "chosen", "shown"))
    for value in expect(row.get("also", []), list, file=path, key=f"{where}.also"):
        expect(value, str, file=path, key=f"{where}.also")
    chosen, shown = (
        expect(row.get(flag, usual), bool, file=path, key=f"{where}.{flag}")
        for flag, usual in (("chosen", False), ("shown", True))
    )
    return Branch(key, row["name"], tuple(row["roles"]), tuple(row.get("also", ())), chosen, shown)


def _check(row: Any, where: str, path: Path, allowed: tuple[str, ...]) -> None:
    expect(row, dict, file=path, key=where)
    check_keys(row, required=("name", "roles"), allowed=allowed, file=path, where=where)
    expect(row["name"], str, file=path, key=f"{where}.name")
    for value in expect(row["roles"], list, file=path, key=f"{where}.roles"):
        expect(value, str, file=path, key=f"{where}.roles")


def check_arrangement(standard: Standard, themes: Iterable[Theme], tree: Iterable[Branch], path: Path) -> None:
    """DataError where an entry has no template, a theme has another's name, or a layer stands in two branches."""
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


def branches(standard: Standard) -> list[Branch]:
    """The tree of a standard from the top down. One that does not say it has its groups for branches, each layer once;
    layers that no branch names stand in a last one (id ``others``)."""
    found = list(standard.tree.values())
    placed = {role for b in found for role in b.roles + b.also}
    if not found:
        for group in standard.groups.values():
            roles = tuple(r for r in group.roles if r not in placed)
            placed |= set(roles)
            if roles:
                found.append(Branch(group.id, group.name, roles, chosen=True))
    if standard.maintenance is not None:
        kept = tuple(role for role in standard.maintenance.roles if role not in placed)
        placed |= set(kept)
        if kept:
            found.append(Branch(standard.maintenance.id, standard.maintenance.name, kept))
    rest = tuple(role for role in standard.templates if role not in placed)
    if rest:
        found.append(Branch("others", "其他图层", rest, chosen=not found))
    return found


def branch_of(role: str, standard: Standard) -> Branch:
    """The branch that a layer of the standard stands in."""
    return next(b for b in branches(standard) if role in b.roles + b.also)


def constraint(role: str, standard: Standard) -> str:
    """What the widest delivery asks of a layer (`CONSTRAINTS`): by its concept where that is asked for, else by the
    layer's own template."""
    scope = max(standard.scopes.values(), key=lambda s: len(s.mandatory), default=None)
    asked = {role, *(concept for concept, roles in standard.concepts.items() if role in roles)}
    if scope is not None and asked & set(scope.mandatory):
        return "M"
    if scope is not None and asked & set(scope.conditional):
        return "C"
    return standard.templates[role].constraint


def strictest(branch: Branch, standard: Standard) -> str:
    """What a delivery asks of a branch: the strictest of its layers."""
    return min((constraint(role, standard) for role in branch.roles), key=CONSTRAINTS.index)


def theme_roles(theme: Theme, standard: Standard, there: Iterable[str]) -> list[str]:
    """The roles that a theme shows, of those that are there, from the top down."""
    have = set(there)
    answered = (next((r for r in standard.concepts.get(e, (e,)) if r in have), "") for e in theme.roles)
    return list(dict.fromkeys(role for role in answered if role))
