# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a standard from its folder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ..base.errors import DataError
from ..base.files.data import (
    ErrorCollector,
    check_keys,
    check_known,
    list_record_items,
    read_record,
    read_toml,
    read_toml_record,
    read_value,
)
from .conflicts import CONFLICTS_SECTION, add_missing_conflicts, load_conflicts
from .edition import (
    ALL_LAYERS,
    MAINTENANCE_FILE_NAME,
    STANDARD_FILE,
    Citation,
    CitedDocument,
    LegalDocument,
    Standard,
    StandardFile,
    TemplateGroup,
    check_no_circular_include,
    find_edition_folders,
    find_standard_folder,
)
from .layer_tree import check_layer_tree
from .maintenance import MaintenanceSpec

#: Name that means all rules in place of a group. No standard defines a group of this name.
EVERY_RULE = "all"
#: Section with the 要素代码 of layers that no standard gives: layer code → code.
FEATURE_CODES_SECTION = "ysdm"
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
    "use_structure",
    "adjustment",
    "supplement",
    "tuning",
    "lower_plan",
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
    "cultivated",
    FEATURE_CODES_SECTION,
    "rules",
)


def flatten_table(table: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return nested tables as dotted keys.

    ``{ratio: {limit: 1.3}}`` gives ``ratio.limit``.
    """
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= flatten_table(value, f"{prefix}{key}.")
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
    check_keys(
        table,
        required=("id", "edition", "name"),
        allowed=(*list_record_items(StandardFile), *SETTING_SECTIONS),
        file=path,
    )
    file = read_record(StandardFile, {k: v for k, v in table.items() if k not in SETTING_SECTIONS}, file=path)
    includes = tuple(load_standard(str(find_standard_folder(one, including=folder))) for one in file.includes)
    own_data = _read_own_data(file, flatten_settings(table), includes, folder)
    standard = own_data
    for included_standard in includes:
        standard = replace(
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
            equivalent_layers={**included_standard.equivalent_layers, **standard.equivalent_layers},
            # Trees are not merged: a layer would be in both.
            layer_tree=standard.layer_tree or included_standard.layer_tree,
            maintenance=standard.maintenance or included_standard.maintenance,
            settings={**included_standard.settings, **standard.settings},
            conflicts=add_missing_conflicts(standard.conflicts, included_standard.conflicts),
            marks={**included_standard.marks, **standard.marks},
            mark_sources={
                **included_standard.mark_sources,
                **dict.fromkeys(standard.marks, ""),
                **standard.mark_sources,
            },
            severity={**included_standard.severity, **standard.severity},
            phases={
                phase: {**included_standard.phases.get(phase, {}), **standard.phases.get(phase, {})}
                for phase in (*included_standard.phases, *standard.phases)
            },
            citations={**included_standard.citations, **standard.citations},
        )
    _check_groups(standard, list(own_data.groups.values()), path)
    check_layer_tree(standard, own_data.themes.values(), own_data.layer_tree.values(), path)
    inherited_checks = {one.code: one for included in standard.included_standards for one in included.checks}
    if file.check is None:
        return replace(standard, checks=tuple(inherited_checks.values()))
    # Most standards declare no checks.
    from .declared_reader import read_declared_checks

    own_checks = read_declared_checks(file.check, standard.id, standard, path, ErrorCollector(), inherited_checks)
    return replace(standard, checks=(*inherited_checks.values(), *own_checks))


def _read_own_data(
    file: StandardFile, settings: dict[str, Any], includes: tuple[Standard, ...], folder: Path
) -> Standard:
    """Return the data of an edition's own files.

    A citation may name a source of an included edition.
    """
    path = folder / STANDARD_FILE
    conflicts = load_conflicts(folder)
    settings = settings | {conflict.setting_key: conflict.meaning for conflict in conflicts}
    phases = {phase: dict(table.severity) for phase, table in file.phase_tables.items()}
    in_phases = (f"phase.{phase}.severity.{code}" for phase, severities in phases.items() for code in severities)
    sources = {
        **{k: value for included_standard in includes for k, value in included_standard.sources.items()},
        **_read_table(folder / "sources.toml", dict[str, CitedDocument]),
    }
    legal_documents = {
        **{k: value for included_standard in includes for k, value in included_standard.legal_documents.items()},
        **_read_table(folder / "legal_documents.toml", dict[str, LegalDocument]),
    }
    citations: dict[str, Citation] = _read_table(folder / "citations.toml", dict[str, Citation])
    for citation in citations.values():
        for source in citation.sources:
            check_known(source, sources, folder / "citations.toml", f"{citation.key}.sources")
        for document in citation.legal_documents:
            check_known(document, legal_documents, folder / "citations.toml", f"{citation.key}.legal_documents")
    concepts, groups = dict(file.concepts), dict(file.groups)
    maintenance_path = folder / MAINTENANCE_FILE_NAME
    maintenance = read_toml_record(MaintenanceSpec, maintenance_path) if maintenance_path.exists() else None
    if maintenance is not None:
        groups[maintenance.id] = TemplateGroup(
            maintenance.id, maintenance.name, tuple(maintenance.class_by_role), maintenance.aliases
        )
        concepts[maintenance.id] = maintenance.change_roles
    if EVERY_RULE in file.rule_groups:
        known_names = ", ".join(name for name in file.rule_groups if name != EVERY_RULE)
        raise DataError("data_key_unknown", file=str(path), key=f"rule_groups.{EVERY_RULE}", known=known_names)
    completed: dict[str, Any] = {"edition": str(file.edition), "concepts": concepts, "groups": groups}
    return Standard(
        **vars(file) | completed | {"marks": _complete_marks(file, settings)},
        folder=folder,
        included_standards=includes,
        settings=settings,
        confirmed=frozenset(file.confirmed_items.items),
        citations=citations,
        sources=sources,
        legal_documents=legal_documents,
        maintenance=maintenance,
        conflicts=conflicts,
        phases=phases,
        own_keys=frozenset([*settings, *(f"severity.{code}" for code in file.severity), *in_phases]),
    )


def _read_table(path: Path, kind: Any) -> Any:
    """Return the table of a file of a standard as its type requires; empty without the file."""
    return read_value(read_toml(path) if path.exists() else {}, kind, file=path)


def flatten_settings(table: dict[str, Any]) -> dict[str, Any]:
    """Return dotted key → value of all sections of settings in the file of a standard or profile."""
    return flatten_table({section: table.get(section, {}) for section in SETTING_SECTIONS}, "")


def _complete_marks(file: StandardFile, settings: dict[str, Any]) -> dict[str, str]:
    """Return the marks (A, B or C: how well sourced) that an edition's own files give.

    An own setting without a mark is C, whatever mark an included edition has for it.
    """
    if not file.includes:
        return file.marks
    # Each pair of control lines has a separate mark.
    marked = (*(f"{key}." for key in file.marks), f"{CONFLICTS_SECTION}.")
    return file.marks | {key: "C" for key in settings if key not in file.marks and not key.startswith(marked)}


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
    if top:
        return top
    standards = find_edition_folders(name=standard.id).get(standard.id)
    return (load_standard(standard.id) if standards and load_standard(standard.id).rules else load_standard(),)
