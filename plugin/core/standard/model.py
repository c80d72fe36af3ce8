# SPDX-License-Identifier: GPL-2.0-or-later
"""One edition of a standard; templates and code lists are read when first used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...paths import STANDARDS
from ..errors import InputError
from .citations import Citation, Source
from .conflicts import Conflict
from .editions import find_editions, key_of
from .layer_tree import MapTheme, TreeBranch
from .maintenance import Maintenance, check_maintenance
from .template import CodeList, Field, Template, check_code_lists, load_code_list, load_template

#: The file of a standard that defines the layers maintained each year.
MAINTENANCE = "maintenance.toml"
#: Group of all layers of the standard that are written to files.
ALL_LAYERS = "all"


@dataclass(frozen=True)
class Scope:
    """Mandatory, conditional and optional concepts of a delivery.

    ``rules``: rules and groups that check such a delivery in addition to the usual ones; ``without``: usual rules
    that do not apply to it.
    """

    id: str
    mandatory: tuple[str, ...]
    conditional: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """A group of layers that are made together, with id, Chinese name and synonyms."""

    id: str
    name: str
    roles: tuple[str, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standard:
    """One edition of a standard.

    ``settings`` and ``marks`` are flat: ``ratio.limit`` → value. ``rule_groups``: rules that run in addition to the
    default ones if a profile or a run names the group; ``severity``: code → severity that differs from the rule's
    default; ``phases``: phase → the same in that phase; ``own``: settings and severities of this edition's own files.
    """

    id: str
    edition: str
    name: str
    folder: Path
    includes: tuple[Standard, ...]
    rules: tuple[str, ...]
    concepts: dict[str, tuple[str, ...]]
    scopes: dict[str, Scope]
    settings: dict[str, Any]
    marks: dict[str, str]
    confirmed: frozenset[str]
    citations: dict[str, Citation]
    sources: dict[str, Source]
    groups: dict[str, Group] = field(default_factory=dict)
    themes: dict[str, MapTheme] = field(default_factory=dict)
    tree: dict[str, TreeBranch] = field(default_factory=dict)
    maintenance: Maintenance | None = None
    conflicts: tuple[Conflict, ...] = ()
    rule_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    phases: dict[str, dict[str, str]] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    mark_sources: dict[str, str] = field(default_factory=dict)

    def is_maintenance(self, concept: str) -> bool:
        """Return True for the concept of all change classes of yearly maintenance."""
        return self.maintenance is not None and concept == self.maintenance.id

    @cached_property
    def templates(self) -> dict[str, Template]:
        """Return role → template.

        Own templates precede those of included editions, in order; templates made from others are last.
        """
        found: dict[str, Template] = {}
        for path in sorted((self.folder / "templates").glob("*.toml")):
            template = self._own_template(path.stem)
            if template is not None:
                found[path.stem] = template
        for other in self.includes:
            for role, template in other.templates.items():
                found.setdefault(role, template)
        if self.maintenance is not None:
            own = self.folder / MAINTENANCE
            if own.exists():
                check_maintenance(self.maintenance, found, own)
            found |= self.maintenance.templates(found)
        check_code_lists(found.values(), self.code_lists)
        return found

    @cached_property
    def code_lists(self) -> dict[str, CodeList]:
        """Return the code lists by name, own ones first."""
        found = {p.stem: load_code_list(p) for p in sorted((self.folder / "codelists").glob("*.csv"))}
        for other in self.includes:
            for name, codes in other.code_lists.items():
                found.setdefault(name, codes)
        return found

    @property
    def key(self) -> str:
        """Return the argument of `load_standard`: the id, or the path of a custom folder."""
        return key_of(self.id, self.folder)

    def edition_of(self, template: Template) -> Standard:
        """Return the standard of a template: this one or one that it includes."""
        return next((s for s in self._all() if s.id == template.standard), self)

    @property
    def is_shipped(self) -> bool:
        """Return True for a standard that comes with the plugin."""
        return self.folder.resolve().parent == STANDARDS.resolve()

    def shipped(self) -> tuple[Standard, ...]:
        """Return the shipped standards that a custom standard is based on.

        They are those that it includes, else the one of its id, else the usual one. The result is empty for a shipped
        standard.
        """
        if self.is_shipped:
            return ()
        found = {one.folder: one for one in self._all() if one.is_shipped and one.rules}
        # A standard that one of them includes has been compared there.
        below = {inner.folder for one in found.values() for inner in one._all() if inner is not one}
        top = tuple(one for folder, one in found.items() if folder not in below)
        return top or (self._usual(),)

    def _usual(self) -> Standard:
        from .load import load_standard

        known = find_editions(name=self.id).get(self.id)
        return load_standard(self.id) if known and load_standard(self.id).rules else load_standard()

    def _all(self) -> Iterator[Standard]:
        yield self
        for other in self.includes:
            yield from other._all()

    def all_templates(self, role: str) -> list[Template]:
        """Return the templates of a role in all editions, own first.

        A layer may follow any of them.
        """
        origin = self.maintenance.origin(role) if self.maintenance else None
        if origin is not None and self.maintenance is not None:
            stage, layer = origin
            # The fields of a change are the same in every edition.
            made = [stage.template(t, self.maintenance.name) for t in self.all_templates(layer.role)]
            return made[:1] if stage.fields else made
        own = self._own_template(role)
        found = [own] if own is not None else []
        return found + [t for other in self.includes for t in other.all_templates(role)]

    @cached_property
    def _read(self) -> dict[str, Template | None]:
        """Return role → this edition's own template, None without one.

        Only requested templates are included.
        """
        return {}

    def _own_template(self, role: str) -> Template | None:
        if role not in self._read:
            path = self.folder / "templates" / f"{role}.toml"
            self._read[role] = load_template(path, self.id) if path.exists() else None
        return self._read[role]

    def has_template(self, role: str) -> bool:
        """Return True if a role has a template."""
        if self.maintenance is not None and self.maintenance.origin(role):
            return True
        own = self.folder / "templates" / f"{role}.toml"
        return own.exists() or any(other.has_template(role) for other in self.includes)

    def personal_fields(self) -> dict[str, tuple[Field, ...]]:
        """Return role → fields with personal data, for the layers that have such fields."""
        return {role: t.personal for role, t in self.templates.items() if t.personal}

    def templates_of(self, groups: Iterable[str]) -> list[Template]:
        """Return the templates of groups, each once, in the groups' order.

        Groups are named by id or Chinese name. Raise InputError for an unknown one.
        """
        names = {n: g for g in self.groups.values() for n in (g.id, g.name, *g.aliases)}
        roles: dict[str, None] = {}
        for text in groups:
            if text in (ALL_LAYERS, "全部"):
                # A layer made from another one belongs to that layer's package, not to a plan.
                roles |= dict.fromkeys(r for r, t in self.templates.items() if not t.base)
            elif text in names:
                roles |= dict.fromkeys(names[text].roles)
            else:
                known = [f"{g.id}（{g.name}）" for g in self.groups.values()]
                raise InputError("group_unknown", value=text, known="、".join([*known, f"{ALL_LAYERS}（全部）"]))
        return [self.templates[role] for role in roles]
