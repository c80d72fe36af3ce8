# SPDX-License-Identifier: GPL-2.0-or-later
"""Editions of standards: find their folders, and one edition with its templates and code lists; plan phases.

Templates and code lists are read when they are first used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any

from ...paths import STANDARDS_FOLDER
from ..base.errors import DataError, InputError
from ..base.files.data import (
    NOT_IN_FILE,
    SourceMark,
    check_known,
    check_type,
    make_unknown_value_error,
    one_of,
    read_toml,
    read_value,
)
from ..model.rule import Severity
from .conflicts import ConflictMatrixEntry
from .declared_operators import DeclaredCheck
from .layer_tree import MapTheme, TreeBranch
from .maintenance import MaintenanceSpec
from .template import CodeList, Template, check_code_lists, load_code_list, load_template

#: The file that makes a folder a standard.
STANDARD_FILE = "standard.toml"
#: Ids, which are public, and the official terms.
PLANNING_PHASES = {"drafting": "编制", "publicity": "公示", "approval": "报批"}
#: The file of a standard that defines the layers maintained each year.
MAINTENANCE_FILE_NAME = "maintenance.toml"
#: Group of all layers of the standard that are written to files.
ALL_LAYERS = "all"


def find_edition_folders(within: Path | None = None, name: str = "") -> dict[str, dict[str, Path]]:
    """Return standard id → edition → folder, the newest edition last.

    ``within``: folder to search, by default the shipped standards. ``name``: only this id or ``id-edition``. Raise
    DataError for a repeated edition.
    """
    editions_by_id: dict[str, dict[str, Path]] = {}
    for path in sorted((within or STANDARDS_FOLDER).glob(f"*/{STANDARD_FILE}")):
        table = _read_cached_head(path)
        standard_id, edition = (str(check_type(table[key], str, file=path, key=key)) for key in ("id", "edition"))
        if name and name not in (standard_id, f"{standard_id}-{edition}"):
            continue
        its_editions = editions_by_id.setdefault(standard_id, {})
        if edition in its_editions:
            raise DataError("data_duplicate", file=str(path), key="edition", value=f"{standard_id} {edition}")
        its_editions[edition] = path.parent
    return {standard_id: dict(sorted(its_editions.items())) for standard_id, its_editions in editions_by_id.items()}


def _read_cached_head(path: Path) -> dict[str, Any]:
    """Return id, edition and includes of a ``standard.toml``, cached until it changes."""
    file_state = path.stat()
    return _read_head(path, file_state.st_mtime_ns, file_state.st_size)


@lru_cache(maxsize=256)
def _read_head(path: Path, _changed: int, _size: int) -> dict[str, Any]:
    """Return id, edition and includes of a ``standard.toml``.

    Time and size of the file make the cache read a changed file again.
    """
    table = read_toml(path)
    includes = read_value(table.get("includes", []), list[str], file=path, key="includes")
    return {"id": table.get("id"), "edition": table.get("edition"), "includes": includes}


def get_shipped_standard_folders() -> dict[str, Path]:
    """Return the folder of each shipped standard.

    The id is the key of the newest edition; an older edition has the key ``id-edition``.
    """
    return {
        f"{name}-{edition}" if number else name: folder
        for name, its_editions in find_edition_folders().items()
        for number, (edition, folder) in enumerate(reversed(its_editions.items()))
    }


def list_standard_ids() -> list[str]:
    """Return the standards that a user can choose: those that describe layers."""
    return [name for name, folder in get_shipped_standard_folders().items() if (folder / "templates").is_dir()]


def find_standard_folder(name: str, edition: str = "", including: Path | None = None) -> Path:
    """Return the folder of a standard by id, ``id-edition`` or path.

    Without an edition it is the newest. ``including``: the folder of a standard that includes it and is never the
    result; standards that are not shipped are searched next to it, and paths are relative to it. Raise DataError with
    the known ids or editions.
    """
    candidates: dict[str, Path] = {}
    for search_folder in (STANDARDS_FOLDER, including.parent) if including is not None else (STANDARDS_FOLDER,):
        for standard_id, its_editions in find_edition_folders(search_folder, name).items():
            candidates |= {
                key: folder
                for key, folder in its_editions.items()
                if folder != including and not (standard_id != name and edition)
            }
        if candidates and not edition:
            return list(candidates.values())[-1]
        if edition in candidates:
            return candidates[edition]
    folder = Path(name) if including is None else including / name
    if not candidates and (folder / STANDARD_FILE).exists():
        own_edition = str(read_toml(folder / STANDARD_FILE).get("edition", ""))
        if edition in ("", own_edition):
            return folder
        candidates = {own_edition: folder}
    if candidates:
        raise DataError("edition_unknown", standard=name, value=edition, known=", ".join(candidates))
    known = sorted(list_standard_ids())
    if including is not None:
        raise make_unknown_value_error(including / STANDARD_FILE, "includes", name, known)
    raise DataError("standard_unknown", value=name, known=", ".join(known))


def check_no_circular_include(folder: Path, below: tuple[Path, ...] = ()) -> None:
    """Raise DataError if a standard includes itself, directly or indirectly.

    ``below``: folders of the standards that include this one.
    """
    if folder in below:
        raise DataError("standard_circle", file=str(folder / STANDARD_FILE))
    for other in _read_cached_head(folder / STANDARD_FILE)["includes"]:
        check_no_circular_include(find_standard_folder(other, including=folder), (*below, folder))


# The phase (阶段) of a plan: 编制, 公示 or 报批. Standard and profile may give a rule another severity in it.
#
# The severity of a rule is the first one found in this order: the profile for the phase, its base …, the standard for
# the phase; the profile, its base …, the standard; the rule itself.


def parse_phase(text: str) -> str:
    """Return the id of a planning phase from an id or a Chinese name (编制, 编制阶段).

    Empty text gives empty. Raise InputError with the known phases for another text.
    """
    phase_text = text.strip().removesuffix("阶段")
    for phase, name in PLANNING_PHASES.items():
        if phase_text.lower() == phase or phase_text == name:
            return phase
    if phase_text:
        known_phases = "、".join(f"{phase}（{name}）" for phase, name in PLANNING_PHASES.items())
        raise InputError("phase_unknown", value=text, known=known_phases)
    return ""


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
class CitedDocument:
    """A document that citations refer to.

    ``best``: the best mark (A, B or C) that a statement read in it can have.
    """

    id: str = field(metadata=NOT_IN_FILE)
    best: SourceMark
    zh: str
    en: str


@dataclass(frozen=True)
class LegalDocument:
    """A law, regulation, notice, standard or plan that citations quote.

    ``in_force``: since when; ``repealed_by``: the document that repealed it; ``reviewed``: when someone last read
    it, or searched for what changes it. None or empty: unknown.
    """

    id: str = field(metadata=NOT_IN_FILE)
    zh: str
    en: str
    in_force: date | None = None
    repealed_by: str = ""
    reviewed: date | None = None


@dataclass(frozen=True)
class Citation:
    """A legal or technical basis of a rule.

    ``mark``: A (read in the text), B (quoted elsewhere), C (unverified). ``sources``: ids of the documents in which it
    was read. ``area``: code of the county whose plan it is; for other counties it is only an example.
    ``legal_documents``: ids of the legal documents that it quotes.
    """

    key: str = field(metadata=NOT_IN_FILE)
    mark: SourceMark
    zh: str
    en: str
    sources: tuple[str, ...] = ()
    area: str = ""
    legal_documents: tuple[str, ...] = ()


@dataclass(frozen=True)
class PhaseTable:
    """The severities of rules in a phase. Rules load after standards; a test validates the codes."""

    severity: dict[str, Severity] = field(default_factory=dict)


@dataclass(frozen=True)
class ConfirmedItems:
    """The settings and citations that a standard confirms."""

    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class StandardFile:
    """The content of ``standard.toml``, apart from the sections of settings.

    ``rule_groups``: group → rules that run in addition to the default ones if a profile or a run names the group.
    ``concepts``: name → layer codes. ``marks`` are flat: ``ratio.limit`` → mark. ``severity``: rule code → severity
    that differs from the rule's default. ``equivalent_layers``: id of another standard → its layer code → the code here
    of the same layer; a layer may have the name and the fields of that standard.
    """

    id: str
    edition: str | int
    name: str
    includes: tuple[str, ...] = ()
    rules: tuple[str, ...] = field(default=(), metadata={"key": "default_rules"})
    rule_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    concepts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scopes: dict[str, DeliveryScope] = field(default_factory=dict)
    groups: dict[str, TemplateGroup] = field(default_factory=dict)
    themes: dict[str, MapTheme] = field(default_factory=dict)
    layer_tree: dict[str, TreeBranch] = field(default_factory=dict, metadata={"key": "tree"})
    marks: dict[str, SourceMark] = field(default_factory=dict)
    mark_sources: dict[str, str] = field(default_factory=dict)
    confirmed_items: ConfirmedItems = field(default=ConfirmedItems(), metadata={"key": "confirmed"})
    severity: dict[str, Severity] = field(default_factory=dict)
    equivalent_layers: dict[str, dict[str, str]] = field(default_factory=dict)
    phase_tables: dict[Annotated[str, one_of(*PLANNING_PHASES)], PhaseTable] = field(
        default_factory=dict, metadata={"key": "phase"}
    )
    check: Any = None


@dataclass(frozen=True, kw_only=True)
class Standard(StandardFile):
    """One edition of a standard: the content of its file, completed from other files and included standards.

    ``settings`` are flat: ``ratio.limit`` → value. ``phases``: phase → rule code → severity in that phase.
    ``own_keys``: keys of settings and severities in this edition's own files. ``checks``: the checks of included
    standards and of its file.
    """

    edition: str
    folder: Path
    included_standards: tuple[Standard, ...]
    settings: dict[str, Any]
    confirmed: frozenset[str]
    citations: dict[str, Citation]
    sources: dict[str, CitedDocument]
    legal_documents: dict[str, LegalDocument]
    maintenance: MaintenanceSpec | None = None
    conflicts: tuple[ConflictMatrixEntry, ...] = ()
    phases: dict[str, dict[str, Severity]] = field(default_factory=dict)
    own_keys: frozenset[str] = frozenset()
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
                for layer in self.maintenance.layers:
                    if layer.role not in templates:
                        raise DataError("data_group_role", file=str(own_role), key="layer.role", value=layer.role)
                    if layer.compared_field:
                        field_names = [f.name for f in templates[layer.role].fields]
                        check_known(layer.compared_field, field_names, own_role, "layer.compare")
            templates |= {
                role: stage.make_template(templates[layer.role], self.maintenance.name)
                for role, (stage, layer) in self.maintenance.class_by_role.items()
            }
        check_code_lists(templates.values(), self.code_lists)
        return templates

    def replace_feature_codes(self, code_by_role: Mapping[str, str]) -> Standard:
        """Return the standard with another 要素代码 in the templates of these layers."""
        standard = replace(self)
        # The cached properties need not be read from their files again.
        vars(standard).update(
            code_lists=self.code_lists,
            templates=self.templates
            | {role: replace(self.templates[role], feature_code=code) for role, code in code_by_role.items()},
        )
        return standard

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
        paths = (one.folder / "codelists" / f"{name}.csv" for one in self.list_with_included_standards())
        return next((path for path in paths if path.is_file()), None)

    @property
    def standard_key(self) -> str:
        """Return the name by which `load_standard` finds this standard.

        It is the id, followed by the edition if a newer one exists, or the path of a custom folder.
        """
        keys = (key for key, folder in get_shipped_standard_folders().items() if folder == self.folder)
        return next(keys, str(self.folder.absolute()))

    @property
    def is_shipped(self) -> bool:
        """Return True for a standard that comes with the plugin."""
        return self.folder.resolve().parent == STANDARDS_FOLDER.resolve()

    def list_with_included_standards(self) -> list[Standard]:
        """Return this standard and all that it includes, each folder once, depth first."""
        by_folder = {self.folder: self}
        for included_standard in self.included_standards:
            for standard in included_standard.list_with_included_standards():
                by_folder.setdefault(standard.folder, standard)
        return list(by_folder.values())

    def list_templates_of_role(self, role: str) -> list[Template]:
        """Return the templates of a role in all editions, own first.

        A layer may follow any of them.
        """
        origin = self.maintenance.class_by_role.get(role) if self.maintenance else None
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

    def is_other_schema(self, template: Template) -> bool:
        """Return True if a template describes a layer as another standard does (`equivalent_layers`)."""
        roles = self.equivalent_layers.get(template.standard, {})
        return template.standard != self.id and template.role in roles.values()

    @cached_property
    def _own_templates(self) -> dict[str, Template]:
        """Return layer code → template in this edition's own folder."""
        paths = sorted((self.folder / "templates").glob("*.toml"))
        return {path.stem: load_template(path, self.id) for path in paths}

    def has_template(self, role: str) -> bool:
        """Return True if this standard or one that it includes has a template for the layer code."""
        return any(
            (one.maintenance is not None and role in one.maintenance.class_by_role)
            or (one.folder / "templates" / f"{role}.toml").exists()
            for one in self.list_with_included_standards()
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
