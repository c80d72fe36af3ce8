# SPDX-License-Identifier: GPL-2.0-or-later
"""One edition of a standard; templates and code lists are read when first used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...paths import STANDARDS_FOLDER
from ..base.errors import InputError
from ..base.files.data import NOT_IN_FILE
from .citations import Citation, CitedDocument
from .conflicts import ConflictMatrixEntry
from .editions import make_standard_key
from .layer_tree import MapTheme, TreeBranch
from .maintenance import MaintenanceSpec, check_maintenance
from .template import CodeList, Template, check_code_lists, load_code_list, load_template

if TYPE_CHECKING:
    from .declared_check import DeclaredCheck

#: The file of a standard that defines the layers maintained each year.
MAINTENANCE_FILE_NAME = "maintenance.toml"
#: Group of all layers of the standard that are written to files.
ALL_LAYERS = "all"


@dataclass(frozen=True)
class DeliveryScope:
    """A kind of delivery, with its mandatory, conditional and optional concepts.

    ``additional_rules``: rules and groups that check such a delivery in addition to the default ones;
    ``excluded_rules``: default rules that do not apply to it.
    """

    id: str = field(metadata=NOT_IN_FILE)
    mandatory_concepts: tuple[str, ...] = field(metadata={"key": "mandatory"})
    conditional_concepts: tuple[str, ...] = field(default=(), metadata={"key": "conditional"})
    optional_concepts: tuple[str, ...] = field(default=(), metadata={"key": "optional"})
    additional_rules: tuple[str, ...] = field(default=(), metadata={"key": "rules"})
    excluded_rules: tuple[str, ...] = field(default=(), metadata={"key": "without"})


@dataclass(frozen=True)
class TemplateGroup:
    """A group of layers that are made together, with id, Chinese name and synonyms."""

    id: str = field(metadata=NOT_IN_FILE)
    name: str
    roles: tuple[str, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standard:
    """One edition of a standard.

    ``settings`` and ``marks`` are flat: ``ratio.limit`` → value. ``rule_groups``: group → rules that run in addition
    to the default ones if a profile or a run names the group. ``severity``: rule code → severity that differs from the
    rule's default; ``phases``: phase → the same in that phase. ``own_keys``: keys of settings and severities in this
    edition's own files. ``concepts``: name → layer codes. ``checks``: the checks of included standards and of its file.
    """

    id: str
    edition: str
    name: str
    folder: Path
    included_standards: tuple[Standard, ...]
    rules: tuple[str, ...]
    concepts: dict[str, tuple[str, ...]]
    scopes: dict[str, DeliveryScope]
    settings: dict[str, Any]
    marks: dict[str, str]
    confirmed: frozenset[str]
    citations: dict[str, Citation]
    sources: dict[str, CitedDocument]
    groups: dict[str, TemplateGroup] = field(default_factory=dict)
    themes: dict[str, MapTheme] = field(default_factory=dict)
    layer_tree: dict[str, TreeBranch] = field(default_factory=dict)
    maintenance: MaintenanceSpec | None = None
    conflicts: tuple[ConflictMatrixEntry, ...] = ()
    rule_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    phases: dict[str, dict[str, str]] = field(default_factory=dict)
    own_keys: frozenset[str] = frozenset()
    mark_sources: dict[str, str] = field(default_factory=dict)
    checks: tuple[DeclaredCheck, ...] = ()

    def is_maintenance(self, concept: str) -> bool:
        """Return True for the concept that means all changes of yearly maintenance."""
        return self.maintenance is not None and concept == self.maintenance.id

    @cached_property
    def templates(self) -> dict[str, Template]:
        """Return layer code → template.

        Own templates come first, then those of included editions. Templates of yearly maintenance, which are derived
        from them, are last.
        """
        templates = dict(self._own_templates)
        for included_standard in self.included_standards:
            for role, template in included_standard.templates.items():
                templates.setdefault(role, template)
        if self.maintenance is not None:
            own_role = self.folder / MAINTENANCE_FILE_NAME
            if own_role.exists():
                check_maintenance(self.maintenance, templates, own_role)
            templates |= self.maintenance.make_templates(templates)
        check_code_lists(templates.values(), self.code_lists)
        return templates

    @cached_property
    def code_lists(self) -> dict[str, CodeList]:
        """Return the code lists by name, own ones first."""
        lists = {path.stem: load_code_list(path) for path in sorted((self.folder / "codelists").glob("*.csv"))}
        for included_standard in self.included_standards:
            for name, codes in included_standard.code_lists.items():
                lists.setdefault(name, codes)
        return lists

    def find_code_list_path(self, name: str) -> Path | None:
        """Return the CSV of a code list; None for an unknown list.

        It is in the folder ``codelists`` of this standard, or of the included one that the list comes from.
        """
        path = self.folder / "codelists" / f"{name}.csv"
        if path.is_file():
            return path
        included_paths = (included_standard.find_code_list_path(name) for included_standard in self.included_standards)
        return next((path for path in included_paths if path is not None), None)

    @property
    def standard_key(self) -> str:
        """Return the name by which `load_standard` finds this standard.

        It is the id, or the path of a custom folder.
        """
        return make_standard_key(self.id, self.folder)

    def find_standard_of_template(self, template: Template) -> Standard:
        """Return the standard of a template: this one or one that it includes."""
        return next(
            (candidate for candidate in self.list_with_included_standards() if candidate.id == template.standard),
            self,
        )

    @property
    def is_shipped(self) -> bool:
        """Return True for a standard that comes with the plugin."""
        return self.folder.resolve().parent == STANDARDS_FOLDER.resolve()

    def list_with_included_standards(self) -> list[Standard]:
        """Return this standard and all that it includes, each folder once, depth first."""
        by_folder: dict[Path, Standard] = {}
        self._collect_by_folder(by_folder)
        return list(by_folder.values())

    def _collect_by_folder(self, by_folder: dict[Path, Standard]) -> None:
        """Add this standard and all that it includes to ``by_folder``, unless their folder is there."""
        if self.folder not in by_folder:
            by_folder[self.folder] = self
            for included_standard in self.included_standards:
                included_standard._collect_by_folder(by_folder)

    def list_templates_of_role(self, role: str) -> list[Template]:
        """Return the templates of a role in all editions, own first.

        A layer may follow any of them.
        """
        origin = self.maintenance.find_class_of_role(role) if self.maintenance else None
        if origin is not None and self.maintenance is not None:
            stage, layer = origin
            # The fields of a change are the same in every edition.
            derived = [
                stage.make_template(template, self.maintenance.name)
                for template in self.list_templates_of_role(layer.role)
            ]
            return derived[:1] if stage.fields else derived
        templates = [self._own_templates[role]] if role in self._own_templates else []
        return templates + [
            template for edition in self.included_standards for template in edition.list_templates_of_role(role)
        ]

    @cached_property
    def _own_templates(self) -> dict[str, Template]:
        """Return layer code → template in this edition's own folder."""
        paths = sorted((self.folder / "templates").glob("*.toml"))
        return {path.stem: load_template(path, self.id) for path in paths}

    def has_template(self, role: str) -> bool:
        """Return True if this standard or one that it includes has a template for the layer code."""
        if self.maintenance is not None and self.maintenance.find_class_of_role(role):
            return True
        own_template = self.folder / "templates" / f"{role}.toml"
        return own_template.exists() or any(
            included_standard.has_template(role) for included_standard in self.included_standards
        )

    def list_templates_of_groups(self, groups: Iterable[str]) -> list[Template]:
        """Return the templates of groups, each once, in the groups' order.

        Groups are named by id or Chinese name. Raise InputError for an unknown one.
        """
        group_by_name = {n: group for group in self.groups.values() for n in (group.id, group.name, *group.aliases)}
        roles: dict[str, None] = {}
        for text in groups:
            if text in (ALL_LAYERS, "全部"):
                # A layer made from another one belongs to that layer's package, not to a plan.
                roles |= dict.fromkeys(r for r, template in self.templates.items() if not template.base)
            elif text in group_by_name:
                roles |= dict.fromkeys(group_by_name[text].roles)
            else:
                known_groups = [f"{group.id}（{group.name}）" for group in self.groups.values()]
                raise InputError("group_unknown", value=text, known="、".join([*known_groups, f"{ALL_LAYERS}（全部）"]))
        return [self.templates[role] for role in roles]
