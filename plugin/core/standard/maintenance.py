# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of yearly maintenance (年度动态维护), derived from layer templates.

Each maintained layer has three classes (feature classes of a geodatabase): the features before, the changes, and the
features after. Their templates are derived from the layer's template and never written to files. ``maintenance.toml``
defines the layers and the fields of a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..base.errors import DataError
from ..base.files.data import SOURCE_MARKS, check_keys, check_known, check_type, read_record, read_toml, read_value
from .template import Template, TemplateField, read_fields

BEFORE_STAGE, CHANGE_STAGE, AFTER_STAGE = "before", "change", "after"


@dataclass(frozen=True)
class MaintainedLayerSpec:
    """A layer that is maintained each year.

    ``role``: its code; ``change_kinds``: kinds of change (维护类型); ``compared_field``: the field whose values are
    compared.
    """

    role: str
    change_kinds: tuple[str, ...] = field(metadata={"key": "kinds"})
    compared_field: str = field(default="", metadata={"key": "compare"})


@dataclass(frozen=True)
class MaintenanceClassSpec:
    """One of the three classes of a maintained layer: before, change or after.

    ``id``: its stage, such as `BEFORE_STAGE`; ``prefix``: put before the layer's code (``WHQ``); ``suffix``: put after
    its name (维护前). ``fields`` replace those of the layer, if any; ``source`` and ``fields_mark``: their source and
    its mark.
    """

    id: str
    prefix: str
    suffix: str
    fields: tuple[TemplateField, ...] = ()
    source: str = ""
    fields_mark: str = ""

    def make_template(self, base: Template, group: str) -> Template:
        """Return the template of a layer for this class.

        Its fields are those of the class if it declares some, else those of the layer (``base``); code lists, source
        marks (A, B, C) and feature code are the layer's. ``group``: the group of the new template.
        """
        base_names = dict.fromkeys((base.name, *base.aliases))
        renamed_template = replace(
            base,
            role=self.prefix + base.role,
            name=f"{base.name}（{self.suffix}）",
            aliases=tuple(
                text for n in base_names for text in (f"{n}（{self.suffix}）", f"{n}{self.suffix}", f"{self.suffix}{n}")
            ),
            constraint="O",
            group=group,
            base=base.role,
        )
        if not self.fields:
            return renamed_template
        return replace(renamed_template, fields=self.fields, source=self.source, fields_mark=self.fields_mark)


@dataclass(frozen=True)
class DeliverySpec:
    """Files of the yearly delivery.

    ``file``: name of the geodatabase, with {code}, {name}, {year}; ``crs``, ``vertical``: horizontal and vertical CRS;
    ``balance``: suffix of the file with the balance of changes.
    """

    file: str
    crs: str
    vertical: str
    balance: str


@dataclass(frozen=True)
class MaintenanceSpec:
    """Yearly maintenance as a standard defines it.

    ``id``, ``name`` and ``aliases`` are those of the group of all its layers. ``stages``: the classes before, change
    and after.
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    stages: tuple[MaintenanceClassSpec, ...]
    layers: tuple[MaintainedLayerSpec, ...]
    delivery: DeliverySpec

    @property
    def class_roles(self) -> tuple[str, ...]:
        """Return the layer codes of all classes of all maintained layers."""
        return tuple(stage.prefix + layer.role for layer in self.layers for stage in self.stages)

    @property
    def change_roles(self) -> tuple[str, ...]:
        """Return the layer codes of the classes of changes.

        A yearly delivery has at least one of them, a plan has none.
        """
        return tuple(self.get_class_of_stage(CHANGE_STAGE).prefix + layer.role for layer in self.layers)

    def get_class_of_stage(self, stage: str) -> MaintenanceClassSpec:
        """Return the maintenance class of a stage: `BEFORE_STAGE`, `CHANGE_STAGE` or `AFTER_STAGE`."""
        return next(candidate for candidate in self.stages if candidate.id == stage)

    def find_class_of_role(self, role: str) -> tuple[MaintenanceClassSpec, MaintainedLayerSpec] | None:
        """Return the class (before, change or after) and the maintained layer that a layer code means.

        None for a code of another layer.
        """
        for stage in self.stages:
            for layer in self.layers:
                if role == stage.prefix + layer.role:
                    return stage, layer
        return None

    def make_templates(self, known: Mapping[str, Template]) -> dict[str, Template]:
        """Return layer code → template of every class.

        ``known``: templates of the maintained layers, by code.
        """
        return {
            stage.prefix + layer.role: stage.make_template(known[layer.role], self.name)
            for layer in self.layers
            for stage in self.stages
        }


def load_maintenance(path: Path) -> MaintenanceSpec:
    """Read ``maintenance.toml``. DataError names file and key."""
    table = read_toml(path)
    check_keys(
        table,
        required=("id", "name", "delivery", BEFORE_STAGE, CHANGE_STAGE, AFTER_STAGE, "layer"),
        allowed=("aliases",),
        file=path,
    )
    layers: tuple[MaintainedLayerSpec, ...] = read_value(
        table["layer"], tuple[MaintainedLayerSpec, ...], file=path, key="layer"
    )
    roles = [layer.role for layer in layers]
    for role in roles:
        if roles.count(role) > 1:
            raise DataError("data_duplicate", file=str(path), key="layer.role", value=role)
    stages = tuple(_read_class_spec(key, table[key], path) for key in (BEFORE_STAGE, CHANGE_STAGE, AFTER_STAGE))
    delivery = read_record(DeliverySpec, table["delivery"], file=path, where="delivery")
    return MaintenanceSpec(table["id"], table["name"], tuple(table.get("aliases", ())), stages, layers, delivery)


def _read_class_spec(key: str, row: dict[str, Any], path: Path) -> MaintenanceClassSpec:
    """Return a class (before, change or after) from its table; raise DataError if invalid."""
    check_type(row, dict, file=path, key=key)
    fields: tuple[TemplateField, ...] = ()
    change_keys = ("field", "source", "fields_mark") if key == CHANGE_STAGE else ()
    check_keys(row, required=("prefix", "suffix", *change_keys), allowed=(), file=path, where=key)
    if change_keys:
        fields = read_fields(row["field"], path, f"{key}.field")
        check_known(row["fields_mark"], SOURCE_MARKS, path, f"{key}.fields_mark")
    return MaintenanceClassSpec(
        key, row["prefix"], row["suffix"], fields, row.get("source", ""), row.get("fields_mark", "")
    )


def check_maintenance(spec: MaintenanceSpec, known: Mapping[str, Template], path: Path) -> None:
    """Raise DataError for a maintained layer without a template or without its compared field.

    ``known``: templates by layer code. ``path``: the file to name in errors.
    """
    for layer in spec.layers:
        if layer.role not in known:
            raise DataError("data_group_role", file=str(path), key="layer.role", value=layer.role)
        if layer.compared_field:
            check_known(layer.compared_field, [f.name for f in known[layer.role].fields], path, "layer.compare")
