# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard in one edition, as data: which rules run, which concepts and scopes there are, every threshold with its
mark, and the citations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from .arrangement import Branch, Theme, check_arrangement, read_branch, read_theme
from .citations import Citation, Source, load_citations, load_sources
from .conflicts import CONFLICTS, Conflict, load_conflicts, merged
from .data import check_keys, expect, read_toml
from .editions import FILE, check_circle, find_standard, key_of
from .editions import standard_folders as standard_folders
from .editions import standard_ids as standard_ids
from .errors import DataError, InputError
from .maintenance import Maintenance, check_maintenance, load_maintenance
from .phases import read_phases, read_severities
from .template import CodeList, Field, Template, check_lists, load_code_list, load_template

#: In place of a group of rules: every rule there is. No standard writes a group of this name.
EVERY_RULE = "all"
#: Sections of settings that a profile may override, with their keys checked against the standard's own.
SETTING_SECTIONS = (
    "ratio",
    "zones",
    "three_zones",
    "land_use",
    "tolerance",
    "closure",
    "sealed",
    "farmland",
    "quality",
    CONFLICTS,
    "attributes",
    "heritage",
    "reserves",
    "main_function",
    "indicators",
    "waivers",
    "rules",
)


@dataclass(frozen=True)
class Scope:
    """What a delivery must, may have to, and may hold; lists of concepts."""

    id: str
    mandatory: tuple[str, ...]
    conditional: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Layers that are made together, by an id and a Chinese name (with others that people use for it)."""

    id: str
    name: str
    roles: tuple[str, ...]
    aliases: tuple[str, ...] = ()


#: The file of a standard that says which layers are maintained each year.
MAINTENANCE = "maintenance.toml"
#: Every layer of the standard that is written out, as a group.
ALL_LAYERS = "all"


@dataclass(frozen=True)
class Standard:
    """One edition of a standard. ``settings`` are flat: ``ratio.limit`` → value; ``marks`` likewise. ``rule_groups`` name
    rules that run together beside the default ones, when a profile or a run asks for them. ``severity``: code → severity, where
    it is not the rule's own; ``phases``: phase → the same, in that phase. ``own``: the settings and severities
    that this edition's own files say."""

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
    themes: dict[str, Theme] = field(default_factory=dict)
    tree: dict[str, Branch] = field(default_factory=dict)
    maintenance: Maintenance | None = None
    conflicts: tuple[Conflict, ...] = ()
    rule_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    phases: dict[str, dict[str, str]] = field(default_factory=dict)
    own: frozenset[str] = frozenset()

    @cached_property
    def templates(self) -> dict[str, Template]:
        """Role → template: this edition's own first, then those it includes, in order; last what is made from them."""
        found: dict[str, Template] = {}
        for path in sorted((self.folder / "templates").glob("*.toml")):
            found[path.stem] = load_template(path, self.id)
        for other in self.includes:
            for role, template in other.templates.items():
                found.setdefault(role, template)
        if self.maintenance is not None:
            own = self.folder / MAINTENANCE
            if own.exists():
                check_maintenance(self.maintenance, found, own)
            found |= self.maintenance.templates(found)
        check_lists(found.values(), self.code_lists)
        return found

    @cached_property
    def code_lists(self) -> dict[str, CodeList]:
        found = {p.stem: load_code_list(p) for p in sorted((self.folder / "codelists").glob("*.csv"))}
        for other in self.includes:
            for name, codes in other.code_lists.items():
                found.setdefault(name, codes)
        return found

    @property
    def key(self) -> str:
        """What `load_standard` takes: the id, or the path of a folder that is none of ours."""
        return key_of(self.id, self.folder)

    def edition_of(self, template: Template) -> Standard:
        """The standard, this one or one that it includes, that a template comes from."""
        return next((s for s in self._all() if s.id == template.standard), self)

    def _all(self) -> Iterator[Standard]:
        yield self
        for other in self.includes:
            yield from other._all()

    def all_templates(self, role: str) -> list[Template]:
        """Every edition's template of a role, own first: a layer may follow any of them."""
        origin = self.maintenance.origin(role) if self.maintenance else None
        if origin is not None and self.maintenance is not None:
            stage, layer = origin
            # The fields of a change are the same in every edition.
            made = [stage.template(t, self.maintenance.name) for t in self.all_templates(layer.role)]
            return made[:1] if stage.fields else made
        own = self.folder / "templates" / f"{role}.toml"
        found = [load_template(own, self.id)] if own.exists() else []
        return found + [t for other in self.includes for t in other.all_templates(role)]

    def has_template(self, role: str) -> bool:
        if self.maintenance is not None and self.maintenance.origin(role):
            return True
        own = self.folder / "templates" / f"{role}.toml"
        return own.exists() or any(other.has_template(role) for other in self.includes)

    def personal_fields(self) -> dict[str, tuple[Field, ...]]:
        """Role → the fields that tell of persons, for the layers that have such."""
        return {role: t.personal for role, t in self.templates.items() if t.personal}

    def templates_of(self, groups: Iterable[str]) -> list[Template]:
        """The templates of groups (by id or Chinese name), each once, in the groups' order. InputError for an unknown one."""
        names = {n: g for g in self.groups.values() for n in (g.id, g.name, *g.aliases)}
        roles: dict[str, None] = {}
        for text in groups:
            if text in (ALL_LAYERS, "全部"):
                # What is made of another layer is made with it for a package of its own, not for a plan.
                roles |= dict.fromkeys(r for r, t in self.templates.items() if not t.base)
            elif text in names:
                roles |= dict.fromkeys(names[text].roles)
            else:
                known = [f"{g.id}（{g.name}）" for g in self.groups.values()]
                raise InputError("group_unknown", value=text, known="、".join([*known, f"{ALL_LAYERS}（全部）"]))
        return [self.templates[role] for role in roles]


def flatten(table: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Nested tables as dotted keys: ``{ratio: {limit: 1.3}}`` → ``ratio.limit``."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


@cache
def load_standard(name: str = "county_db", edition: str = "") -> Standard:
    """A standard by id, or by the path of its folder; without an edition the newest one.

    DataError names file and key, or the ids or editions there are.
    """
    folder = find_standard(name, edition)
    path = folder / FILE
    check_circle(folder)
    table = read_toml(path)
    check_keys(
        table,
        required=("id", "edition", "name"),
        allowed=(
            *(
                "includes",
                "default_rules",
                "rule_groups",
                "concepts",
                "scopes",
                "groups",
                "themes",
                "tree",
                "marks",
                "confirmed",
                "severity",
                "phase",
            ),
            *SETTING_SECTIONS,
        ),
        file=path,
    )
    scopes = {}
    for key, row in table.get("scopes", {}).items():
        check_keys(row, required=("mandatory",), allowed=("conditional", "optional"), file=path, where=f"scopes.{key}")
        scopes[key] = Scope(key, *(tuple(row.get(k, ())) for k in ("mandatory", "conditional", "optional")))
    settings: dict[str, Any] = {}
    for section in SETTING_SECTIONS:
        settings.update(flatten(table.get(section, {}), f"{section}."))
    conflicts = load_conflicts(folder)
    settings |= {c.key: c.meaning for c in conflicts}
    severity = read_severities(table.get("severity", {}), "severity", path)
    phases = read_phases(table.get("phase", {}), path)
    in_phases = (f"phase.{p}.severity.{code}" for p, said in phases.items() for code in said)
    own = frozenset([*settings, *(f"severity.{code}" for code in severity), *in_phases])
    includes = tuple(load_standard(str(find_standard(other, beside=folder))) for other in table.get("includes", ()))
    sources = {**{k: v for other in includes for k, v in other.sources.items()}, **load_sources(folder)}
    citations = load_citations(folder, sources)
    rules = tuple(table.get("default_rules", ()))
    confirmed = set(table.get("confirmed", {}).get("items", ()))
    concepts = {k: tuple(v) for k, v in table.get("concepts", {}).items()}
    rule_groups = {k: tuple(v) for k, v in table.get("rule_groups", {}).items()}
    if EVERY_RULE in rule_groups:
        known = ", ".join(k for k in rule_groups if k != EVERY_RULE)
        raise DataError("data_key_unknown", file=str(path), key=f"rule_groups.{EVERY_RULE}", known=known)
    marks = dict(table.get("marks", {}))
    groups = {key: _group(key, row, path) for key, row in table.get("groups", {}).items()}
    maintenance = load_maintenance(folder / MAINTENANCE) if (folder / MAINTENANCE).exists() else None
    if maintenance is not None:
        groups[maintenance.id] = Group(maintenance.id, maintenance.name, maintenance.roles, maintenance.aliases)
        concepts[maintenance.id] = maintenance.changes
    own_groups = list(groups.values())
    own_themes = themes = {key: read_theme(key, row, path) for key, row in table.get("themes", {}).items()}
    own_tree = tree = {key: read_branch(key, row, path) for key, row in table.get("tree", {}).items()}
    # What an edition does not say itself, it takes from those it includes, the first that says it.
    for other in includes:
        rules = rules or other.rules
        confirmed |= other.confirmed
        concepts = {**other.concepts, **concepts}
        rule_groups = {**other.rule_groups, **rule_groups}
        scopes = {**other.scopes, **scopes}
        # Its own come first where they are picked from a list.
        groups = {**groups, **{k: g for k, g in other.groups.items() if k not in groups}}
        themes = {**other.themes, **themes}
        # A tree is whole or not at all: two of them would have a layer twice.
        tree = tree or other.tree
        maintenance = maintenance or other.maintenance
        settings = {**other.settings, **settings}
        conflicts = merged(conflicts, other.conflicts)
        marks = {**other.marks, **marks}
        severity = {**other.severity, **severity}
        phases = {p: {**other.phases.get(p, {}), **phases.get(p, {})} for p in dict.fromkeys((*other.phases, *phases))}
        citations = {**other.citations, **citations}
    standard = Standard(
        id=table["id"],
        edition=str(table["edition"]),
        name=table["name"],
        folder=folder,
        includes=includes,
        rules=rules,
        concepts=concepts,
        scopes=scopes,
        settings=settings,
        marks=marks,
        confirmed=frozenset(confirmed),
        citations=citations,
        sources=sources,
        groups=groups,
        themes=themes,
        tree=tree,
        maintenance=maintenance,
        conflicts=conflicts,
        rule_groups=rule_groups,
        severity=severity,
        phases=phases,
        own=own,
    )
    _check_groups(standard, own_groups, path)
    check_arrangement(standard, own_themes.values(), own_tree.values(), path)
    return standard


def _group(key: str, row: dict[str, Any], path: Path) -> Group:
    where = f"groups.{key}"
    expect(row, dict, file=path, key=where)
    check_keys(row, required=("name", "roles"), allowed=("aliases",), file=path, where=where)
    expect(row["name"], str, file=path, key=f"{where}.name")
    for part in ("roles", "aliases"):
        for value in expect(row.get(part, []), list, file=path, key=f"{where}.{part}"):
            expect(value, str, file=path, key=f"{where}.{part}")
    return Group(key, row["name"], tuple(row["roles"]), tuple(row.get("aliases", ())))


def _check_groups(standard: Standard, own: list[Group], path: Path) -> None:
    """Every role has a template, and no name means two groups."""
    for group in own:
        for role in group.roles:
            if not standard.has_template(role):
                raise DataError("data_group_role", file=str(path), key=f"groups.{group.id}.roles", value=role)
    names = [n for g in standard.groups.values() for n in (g.id, g.name, *g.aliases)] + [ALL_LAYERS, "全部"]
    for group in own:
        for name in (group.id, group.name, *group.aliases):
            if names.count(name) > 1:
                raise DataError("data_duplicate", file=str(path), key=f"groups.{group.id}", value=name)
