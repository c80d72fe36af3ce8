# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a standard from its folder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..files.data import check_keys, expect, read_toml
from .citations import load_citations, load_sources
from .conflicts import CONFLICTS, load_conflicts, merge_conflicts
from .editions import FILE, check_circle, find_standard, read_phases, read_severities
from .layer_tree import check_layer_tree, read_branch, read_theme
from .maintenance import load_maintenance
from .model import ALL_LAYERS, MAINTENANCE, Group, Scope, Standard
from .template import MARKS

#: Name that means all rules in place of a group. No standard defines a group of this name.
EVERY_RULE = "all"
#: Sections of settings that a profile may override, with their keys checked against the standard's own. Further keys of
#: a scope next to its mandatory concepts, in the order of `Scope`.
_SCOPE = ("conditional", "optional", "rules", "without")
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
    "package",
    "yearly",
    "rules",
)
#: The other sections of a ``standard.toml``.
_SECTIONS = (
    "includes",
    "default_rules",
    "rule_groups",
    "concepts",
    "scopes",
    "groups",
    "themes",
    "tree",
    "marks",
    "mark_sources",
    "confirmed",
    "severity",
    "phase",
)


def flatten_table(table: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return nested tables as dotted keys.

    ``{ratio: {limit: 1.3}}`` gives ``ratio.limit``.
    """
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(flatten_table(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


@cache
def load_standard(name: str = "county_db", edition: str = "") -> Standard:
    """Return a standard by id or folder, by default in its newest edition.

    Raise DataError with file and key, or with the known ids or editions.
    """
    folder = find_standard(name, edition)
    path = folder / FILE
    check_circle(folder)
    table = read_toml(path)
    check_keys(table, required=("id", "edition", "name"), allowed=(*_SECTIONS, *SETTING_SECTIONS), file=path)
    includes = tuple(load_standard(str(find_standard(other, including=folder))) for other in table.get("includes", ()))
    own = _own(table, includes, folder)
    standard = own
    for other in includes:
        standard = _completed(standard, other)
    _check_groups(standard, list(own.groups.values()), path)
    check_layer_tree(standard, own.themes.values(), own.tree.values(), path)
    return standard


def _own(table: dict[str, Any], includes: tuple[Standard, ...], folder: Path) -> Standard:
    """Return the data of an edition's own files.

    A citation may name a source of an included edition.
    """
    path = folder / FILE
    conflicts = load_conflicts(folder)
    settings = _settings(table) | {c.key: c.meaning for c in conflicts}
    severity = read_severities(table.get("severity", {}), "severity", path)
    phases = read_phases(table.get("phase", {}), path)
    in_phases = (f"phase.{p}.severity.{code}" for p, severities in phases.items() for code in severities)
    sources = {**{k: v for other in includes for k, v in other.sources.items()}, **load_sources(folder)}
    concepts = {k: tuple(v) for k, v in table.get("concepts", {}).items()}
    groups = {key: _group(key, row, path) for key, row in table.get("groups", {}).items()}
    maintenance = load_maintenance(folder / MAINTENANCE) if (folder / MAINTENANCE).exists() else None
    if maintenance is not None:
        groups[maintenance.id] = Group(maintenance.id, maintenance.name, maintenance.roles, maintenance.aliases)
        concepts[maintenance.id] = maintenance.changes
    return Standard(
        id=table["id"],
        edition=str(table["edition"]),
        name=table["name"],
        folder=folder,
        includes=includes,
        rules=tuple(table.get("default_rules", ())),
        concepts=concepts,
        scopes=_scopes(table, path),
        settings=settings,
        marks=_marks(table, settings, path),
        mark_sources=dict(table.get("mark_sources", {})),
        confirmed=frozenset(table.get("confirmed", {}).get("items", ())),
        citations=load_citations(folder, sources),
        sources=sources,
        groups=groups,
        themes={key: read_theme(key, row, path) for key, row in table.get("themes", {}).items()},
        tree={key: read_branch(key, row, path) for key, row in table.get("tree", {}).items()},
        maintenance=maintenance,
        conflicts=conflicts,
        rule_groups=_rule_groups(table, path),
        severity=severity,
        phases=phases,
        own=frozenset([*settings, *(f"severity.{code}" for code in severity), *in_phases]),
    )


def _completed(one: Standard, other: Standard) -> Standard:
    """Return an edition completed with data of one that it includes."""
    both = dict.fromkeys((*other.phases, *one.phases))
    return replace(
        one,
        rules=one.rules or other.rules,
        confirmed=one.confirmed | other.confirmed,
        concepts={**other.concepts, **one.concepts},
        rule_groups={**other.rule_groups, **one.rule_groups},
        scopes={**other.scopes, **one.scopes},
        # Own groups come first in a list.
        groups={**one.groups, **{k: g for k, g in other.groups.items() if k not in one.groups}},
        themes={**other.themes, **one.themes},
        # Trees are not merged: a layer would be in both.
        tree=one.tree or other.tree,
        maintenance=one.maintenance or other.maintenance,
        settings={**other.settings, **one.settings},
        conflicts=merge_conflicts(one.conflicts, other.conflicts),
        marks={**other.marks, **one.marks},
        mark_sources={**other.mark_sources, **dict.fromkeys(one.marks, ""), **one.mark_sources},
        severity={**other.severity, **one.severity},
        phases={p: {**other.phases.get(p, {}), **one.phases.get(p, {})} for p in both},
        citations={**other.citations, **one.citations},
    )


def _scopes(table: dict[str, Any], path: Path) -> dict[str, Scope]:
    scopes = {}
    for key, row in table.get("scopes", {}).items():
        check_keys(row, required=("mandatory",), allowed=_SCOPE, file=path, where=f"scopes.{key}")
        scopes[key] = Scope(key, *(tuple(row.get(k, ())) for k in ("mandatory", *_SCOPE)))
    return scopes


def _settings(table: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for section in SETTING_SECTIONS:
        settings.update(flatten_table(table.get(section, {}), f"{section}."))
    return settings


def _marks(table: dict[str, Any], settings: dict[str, Any], path: Path) -> dict[str, str]:
    """Return the marks of an edition.

    An own setting without a mark is C, whatever mark an included edition gives its value.
    """
    marks = dict(expect(table.get("marks", {}), dict, file=path, key="marks"))
    for key, mark in marks.items():
        if mark not in MARKS:
            known = ", ".join(MARKS)
            raise DataError("data_value_unknown", file=str(path), key=f"marks.{key}", value=str(mark), known=known)
    if not table.get("includes"):
        return marks
    headings = tuple(f"{key}." for key in marks)
    # Each pair of control lines has a separate mark.
    marked = (*headings, f"{CONFLICTS}.")
    return marks | {key: "C" for key in settings if key not in marks and not key.startswith(marked)}


def _rule_groups(table: dict[str, Any], path: Path) -> dict[str, tuple[str, ...]]:
    groups = {k: tuple(v) for k, v in table.get("rule_groups", {}).items()}
    if EVERY_RULE in groups:
        known = ", ".join(k for k in groups if k != EVERY_RULE)
        raise DataError("data_key_unknown", file=str(path), key=f"rule_groups.{EVERY_RULE}", known=known)
    return groups


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
    """Verify that every role has a template and no name means two groups."""
    for group in own:
        for role in group.roles:
            if not standard.has_template(role):
                raise DataError("data_group_role", file=str(path), key=f"groups.{group.id}.roles", value=role)
    names = [n for g in standard.groups.values() for n in (g.id, g.name, *g.aliases)] + [ALL_LAYERS, "全部"]
    for group in own:
        for name in (group.id, group.name, *group.aliases):
            if names.count(name) > 1:
                raise DataError("data_duplicate", file=str(path), key=f"groups.{group.id}", value=name)
