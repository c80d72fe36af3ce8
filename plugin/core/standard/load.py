# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a standard from its folder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ..base.errors import DataError
from ..base.files.data import ErrorCollector, check_keys, check_known, check_type, read_toml
from .citations import load_citations, load_cited_documents
from .conflicts import CONFLICTS_SECTION, add_missing_conflicts, load_conflicts
from .declared_check import CHECK_SECTION
from .edition import ALL_LAYERS, MAINTENANCE_FILE_NAME, DeliveryScope, Standard, TemplateGroup
from .editions import (
    STANDARD_FILE,
    check_no_circular_include,
    find_edition_folders,
    find_standard_folder,
    read_phase_severities,
    read_severities,
)
from .layer_tree import check_entry, check_layer_tree, read_branch, read_theme
from .maintenance import load_maintenance
from .template import SOURCE_MARKS

#: Name that means all rules in place of a group. No standard defines a group of this name.
EVERY_RULE = "all"
#: Further keys of a scope next to its mandatory concepts, in the order of `DeliveryScope`.
_SCOPE_KEYS = ("conditional", "optional", "rules", "without")
#: Sections of settings that a profile may override; their keys are compared with the standard's own.
SETTING_SECTIONS = (
    "ratio",
    "zones",
    "three_zones",
    "land_use",
    "tolerance",
    "closure",
    "editions",
    "sealed",
    "sea",
    "seams",
    "projects",
    "public_edition",
    "adjustment",
    "evaluation",
    "farmland",
    "quality",
    CONFLICTS_SECTION,
    "attributes",
    "heritage",
    "reserves",
    "main_function",
    "protected",
    "indicators",
    "waivers",
    "package",
    "yearly",
    "rules",
)
#: The other sections of a ``standard.toml``.
_OTHER_SECTIONS = (
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
    CHECK_SECTION,
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

    It is completed with data of the standards that it includes. Raise DataError with file and key, or with the known
    ids or editions.
    """
    folder = find_standard_folder(name, edition)
    path = folder / STANDARD_FILE
    check_no_circular_include(folder)
    table = read_toml(path)
    check_keys(table, required=("id", "edition", "name"), allowed=(*_OTHER_SECTIONS, *SETTING_SECTIONS), file=path)
    includes = tuple(
        load_standard(str(find_standard_folder(included_standard, including=folder)))
        for included_standard in table.get("includes", ())
    )
    own_data = _read_own_data(table, includes, folder)
    standard = own_data
    for included_standard in includes:
        standard = _complete_with_included_standard(standard, included_standard)
    _check_groups(standard, list(own_data.groups.values()), path)
    check_layer_tree(standard, own_data.themes.values(), own_data.layer_tree.values(), path)
    return _add_declared_checks(standard, table, path)


def _add_declared_checks(standard: Standard, table: dict[str, Any], path: Path) -> Standard:
    """Return a standard with the checks that its file and the included standards declare."""
    inherited_checks = {one.code: one for included in standard.included_standards for one in included.checks}
    if CHECK_SECTION not in table:
        return replace(standard, checks=tuple(inherited_checks.values()))
    # Most standards declare no checks.
    from .declared_checks.read import read_declared_checks

    rows = table[CHECK_SECTION]
    own_checks = read_declared_checks(rows, standard.id, standard, path, ErrorCollector(), inherited_checks)
    return replace(standard, checks=(*inherited_checks.values(), *own_checks))


def _read_own_data(table: dict[str, Any], includes: tuple[Standard, ...], folder: Path) -> Standard:
    """Return the data of an edition's own files.

    A citation may name a source of an included edition.
    """
    path = folder / STANDARD_FILE
    conflicts = load_conflicts(folder)
    settings = flatten_settings(table) | {conflict.setting_key: conflict.meaning for conflict in conflicts}
    severity = read_severities(table.get("severity", {}), "severity", path)
    phases = read_phase_severities(table.get("phase", {}), path)
    in_phases = (f"phase.{phase}.severity.{code}" for phase, severities in phases.items() for code in severities)
    sources = {
        **{k: value for included_standard in includes for k, value in included_standard.sources.items()},
        **load_cited_documents(folder),
    }
    concepts = {k: tuple(value) for k, value in table.get("concepts", {}).items()}
    groups = {key: _read_group(key, row, path) for key, row in table.get("groups", {}).items()}
    maintenance = (
        load_maintenance(folder / MAINTENANCE_FILE_NAME) if (folder / MAINTENANCE_FILE_NAME).exists() else None
    )
    if maintenance is not None:
        groups[maintenance.id] = TemplateGroup(
            maintenance.id, maintenance.name, maintenance.class_roles, maintenance.aliases
        )
        concepts[maintenance.id] = maintenance.change_roles
    return Standard(
        id=table["id"],
        edition=str(table["edition"]),
        name=table["name"],
        folder=folder,
        included_standards=includes,
        rules=tuple(table.get("default_rules", ())),
        concepts=concepts,
        scopes=_read_scopes(table, path),
        settings=settings,
        marks=_read_marks(table, settings, path),
        mark_sources=dict(table.get("mark_sources", {})),
        confirmed=frozenset(table.get("confirmed", {}).get("items", ())),
        citations=load_citations(folder, sources),
        sources=sources,
        groups=groups,
        themes={key: read_theme(key, row, path) for key, row in table.get("themes", {}).items()},
        layer_tree={key: read_branch(key, row, path) for key, row in table.get("tree", {}).items()},
        maintenance=maintenance,
        conflicts=conflicts,
        rule_groups=_read_rule_groups(table, path),
        severity=severity,
        phases=phases,
        own_keys=frozenset([*settings, *(f"severity.{code}" for code in severity), *in_phases]),
    )


def _complete_with_included_standard(standard: Standard, included_standard: Standard) -> Standard:
    """Return a standard in which missing data are taken from a standard that it includes."""
    all_phases = dict.fromkeys((*included_standard.phases, *standard.phases))
    return replace(
        standard,
        rules=standard.rules or included_standard.rules,
        confirmed=standard.confirmed | included_standard.confirmed,
        concepts={**included_standard.concepts, **standard.concepts},
        rule_groups={**included_standard.rule_groups, **standard.rule_groups},
        scopes={**included_standard.scopes, **standard.scopes},
        # Own groups come first in a list.
        groups={
            **standard.groups,
            **{k: group for k, group in included_standard.groups.items() if k not in standard.groups},
        },
        themes={**included_standard.themes, **standard.themes},
        # Trees are not merged: a layer would be in both.
        layer_tree=standard.layer_tree or included_standard.layer_tree,
        maintenance=standard.maintenance or included_standard.maintenance,
        settings={**included_standard.settings, **standard.settings},
        conflicts=add_missing_conflicts(standard.conflicts, included_standard.conflicts),
        marks={**included_standard.marks, **standard.marks},
        mark_sources={**included_standard.mark_sources, **dict.fromkeys(standard.marks, ""), **standard.mark_sources},
        severity={**included_standard.severity, **standard.severity},
        phases={
            phase: {**included_standard.phases.get(phase, {}), **standard.phases.get(phase, {})} for phase in all_phases
        },
        citations={**included_standard.citations, **standard.citations},
    )


def _read_scopes(table: dict[str, Any], path: Path) -> dict[str, DeliveryScope]:
    """Return the kinds of delivery under ``[scopes]`` by id."""
    scopes = {}
    for key, row in table.get("scopes", {}).items():
        check_keys(row, required=("mandatory",), allowed=_SCOPE_KEYS, file=path, where=f"scopes.{key}")
        scopes[key] = DeliveryScope(key, *(tuple(row.get(k, ())) for k in ("mandatory", *_SCOPE_KEYS)))
    return scopes


def flatten_settings(table: dict[str, Any]) -> dict[str, Any]:
    """Return dotted key → value of all sections of settings in the file of a standard or profile."""
    settings: dict[str, Any] = {}
    for section in SETTING_SECTIONS:
        settings.update(flatten_table(table.get(section, {}), f"{section}."))
    return settings


def _read_marks(table: dict[str, Any], settings: dict[str, Any], path: Path) -> dict[str, str]:
    """Return the marks (A, B or C: how well sourced) that an edition's own files give.

    An own setting without a mark is C, whatever mark an included edition has for it.
    """
    marks = dict(check_type(table.get("marks", {}), dict, file=path, key="marks"))
    for key, mark in marks.items():
        check_known(mark, SOURCE_MARKS, path, f"marks.{key}")
    if not table.get("includes"):
        return marks
    headings = tuple(f"{key}." for key in marks)
    # Each pair of control lines has a separate mark.
    marked = (*headings, f"{CONFLICTS_SECTION}.")
    return marks | {key: "C" for key in settings if key not in marks and not key.startswith(marked)}


def _read_rule_groups(table: dict[str, Any], path: Path) -> dict[str, tuple[str, ...]]:
    """Return rule group → codes or groups of rules; raise DataError for a group with the reserved name ``all``."""
    groups = {name: tuple(codes) for name, codes in table.get("rule_groups", {}).items()}
    if EVERY_RULE in groups:
        known_names = ", ".join(name for name in groups if name != EVERY_RULE)
        raise DataError("data_key_unknown", file=str(path), key=f"rule_groups.{EVERY_RULE}", known=known_names)
    return groups


def _read_group(key: str, row: dict[str, Any], path: Path) -> TemplateGroup:
    """Return the group of layers in a table ``[groups.<key>]``; raise DataError if invalid."""
    check_entry(row, f"groups.{key}", path, aliases=list[str])
    return TemplateGroup(key, row["name"], tuple(row["roles"]), tuple(row.get("aliases", ())))


def _check_groups(standard: Standard, own_groups: list[TemplateGroup], path: Path) -> None:
    """Raise DataError if a layer of a group has no template, or if two groups share a name."""
    for group in own_groups:
        for role in group.roles:
            if not standard.has_template(role):
                raise DataError("data_group_role", file=str(path), key=f"groups.{group.id}.roles", value=role)
    group_names = [n for g in standard.groups.values() for n in (g.id, g.name, *g.aliases)] + [ALL_LAYERS, "全部"]
    for group in own_groups:
        for name in (group.id, group.name, *group.aliases):
            if group_names.count(name) > 1:
                raise DataError("data_duplicate", file=str(path), key=f"groups.{group.id}", value=name)


def find_shipped_base_standards(standard: Standard) -> tuple[Standard, ...]:
    """Return the shipped standards that a custom standard is based on.

    They are those that it includes, else the shipped standard of the same id, else the county database standard.
    The result is empty for a shipped standard.
    """
    if standard.is_shipped:
        return ()
    shipped_standards = {
        base_standard.folder: base_standard
        for base_standard in standard.list_with_included_standards()
        if base_standard.is_shipped and base_standard.rules
    }
    # A standard that one of them includes has been compared there.
    included_below = {
        nested.folder
        for base_standard in shipped_standards.values()
        for nested in base_standard.list_with_included_standards()
        if nested is not base_standard
    }
    top = tuple(base_standard for folder, base_standard in shipped_standards.items() if folder not in included_below)
    return top or (_load_usual_standard(standard),)


def _load_usual_standard(standard: Standard) -> Standard:
    """Return the shipped standard of the same id, else the county database standard."""
    standards = find_edition_folders(name=standard.id).get(standard.id)
    return load_standard(standard.id) if standards and load_standard(standard.id).rules else load_standard()
