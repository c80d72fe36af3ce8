# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer groups (图层组) and map themes (地图主题) that a standard gives a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import DataError
from ..base.files.data import NOT_IN_FILE

if TYPE_CHECKING:
    from . import Standard

#: Constraints of a layer in a delivery, the strictest first: 必选, 有则必选, 可选.
LAYER_CONSTRAINTS = ("M", "C", "O")
#: Concepts that every theme may show as context.
_CONTEXT_CONCEPTS = ("townships", "county")


@dataclass(frozen=True)
class MapTheme:
    """A map theme (地图主题) and the layers that it shows, from the top down.

    ``roles``: layer codes, or concepts, which mean the layer that has their role.
    """

    id: str = field(metadata=NOT_IN_FILE)
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class TreeBranch:
    """A branch of the layer tree, which is also a row of the wizard for new projects.

    ``roles``: codes of the layers that are made with the branch. ``roles_of_other_editions``: layers of other editions
    that it contains if a project has them. ``is_chosen``: made unless the user deselects it. ``is_shown``: visible at
    first.
    """

    id: str = field(metadata=NOT_IN_FILE)
    name: str
    roles: tuple[str, ...]
    roles_of_other_editions: tuple[str, ...] = field(default=(), metadata={"key": "also"})
    is_chosen: bool = field(default=False, metadata={"key": "chosen"})
    is_shown: bool = field(default=True, metadata={"key": "shown"})


def check_layer_tree(standard: Standard, themes: Iterable[MapTheme], tree: Iterable[TreeBranch], path: Path) -> None:
    """Raise DataError for an invalid layer tree or theme.

    Errors are a layer without a template, two themes of one name, and a layer in two branches. ``themes``, ``tree``:
    those of the file ``path``; names are compared with all themes of the standard.
    """
    theme_names = [t.name for t in standard.themes.values()]
    for theme in themes:
        for role in theme.roles:
            if role not in standard.concepts and not standard.has_template(role):
                raise DataError("data_group_role", file=str(path), key=f"themes.{theme.id}.roles", value=role)
        if theme_names.count(theme.name) > 1:
            raise DataError("data_duplicate", file=str(path), key=f"themes.{theme.id}", value=theme.name)
    placed: set[str] = set()
    for branch in tree:
        for role in branch.roles + branch.roles_of_other_editions:
            if not standard.has_template(role):
                raise DataError("data_group_role", file=str(path), key=f"tree.{branch.id}.roles", value=role)
            if role in placed:
                raise DataError("data_duplicate", file=str(path), key=f"tree.{branch.id}", value=role)
            placed.add(role)


def list_branches(standard: Standard) -> list[TreeBranch]:
    """Return the layer tree of a standard from the top down.

    A standard without a tree uses the county's tree with the layers that it has; layers without a branch are in the
    last one (id ``others``).
    """
    tree = list(standard.layer_tree.values())
    if not tree:
        group_roles = {role for group in standard.groups.values() for role in group.roles}
        for branch in _load_default_standard().layer_tree.values():
            roles, also = (
                tuple(r for r in branch_roles if standard.has_template(r))
                for branch_roles in (branch.roles, branch.roles_of_other_editions)
            )
            # A layer of another edition is made with the branch if the standard's groups name it, or if the branch
            # would otherwise be empty.
            roles += tuple(r for r in also if r in group_roles or not roles)
            if roles:
                others = tuple(r for r in also if r not in roles)
                tree.append(replace(branch, roles=roles, roles_of_other_editions=others))
    placed = {role for b in tree for role in b.roles + b.roles_of_other_editions}
    unplaced = tuple(role for role in standard.templates if role not in placed)
    if unplaced:
        tree.append(TreeBranch("others", "其他图层", unplaced, is_chosen=not tree))
    return tree


def list_themes(standard: Standard) -> list[MapTheme]:
    """Return the map themes of a standard, by default those of the county."""
    return list((standard.themes or _load_default_standard().themes).values())


def _load_default_standard() -> Standard:
    """Return the county database standard."""
    from . import load_standard

    return load_standard()


def find_branch(role: str, standard: Standard) -> TreeBranch:
    """Return the branch that contains a layer of the standard."""
    return next(b for b in list_branches(standard) if role in b.roles + b.roles_of_other_editions)


def find_delivery_constraint(role: str, standard: Standard) -> str:
    """Return how strictly the delivery with most mandatory layers requires a layer (`LAYER_CONSTRAINTS`).

    The delivery's lists of mandatory and conditional concepts decide, else the layer's template.
    """
    scope = max(standard.scopes.values(), key=lambda s: len(s.mandatory_concepts), default=None)
    role_and_concepts = {role, *(concept for concept, roles in standard.concepts.items() if role in roles)}
    if scope is not None and role_and_concepts & set(scope.mandatory_concepts):
        return "M"
    if scope is not None and role_and_concepts & set(scope.conditional_concepts):
        return "C"
    return standard.templates[role].constraint


def list_theme_roles(theme: MapTheme, standard: Standard, available_roles: Iterable[str]) -> list[str]:
    """Return the available layers that a theme shows, from the top down.

    ``available_roles``: codes of the layers of the project. The result is empty if only context layers (townships,
    county) of the theme are available.
    """
    available = set(available_roles)
    role_by_concept = {
        concept: next((r for r in standard.concepts.get(concept, (concept,)) if r in available), "")
        for concept in theme.roles
    }
    if not any(role for concept_name, role in role_by_concept.items() if concept_name not in _CONTEXT_CONCEPTS):
        return []
    return list(dict.fromkeys(role for role in role_by_concept.values() if role))
