# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of yearly maintenance (年度动态维护), derived from layer templates.

Each maintained layer has three classes (feature classes of a geodatabase): the features before, the changes, and the
features after. Their templates are derived from the layer's template and never written to files. ``maintenance.toml``
defines the layers and the fields of a change.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..base.files.data import NOT_IN_FILE, SourceMark, check_unique, join_key
from .template import Template, TemplateField, check_field_names

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

    ``prefix``: put before the layer's code (``WHQ``); ``suffix``: put after its name (维护前). ``fields`` replace those
    of the layer, if any; ``source`` and ``fields_mark``: their source and its mark.
    """

    prefix: str
    suffix: str
    fields: tuple[TemplateField, ...] = field(default=(), metadata=NOT_IN_FILE)
    source: str = field(default="", metadata=NOT_IN_FILE)
    fields_mark: str = field(default="", metadata=NOT_IN_FILE)

    def make_template(self, base: Template, group: str) -> Template:
        """Return the template of a layer for this class.

        Its fields are those of the class if it declares some, else those of the layer (``base``); code lists, source
        marks (A, B, C) and feature code are the layer's. ``group``: the group of the new template.
        """
        base_names = dict.fromkeys((base.name, *base.aliases))
        own_values: dict[str, Any] = {"fields": self.fields, "source": self.source, "fields_mark": self.fields_mark}
        return replace(
            base,
            role=self.prefix + base.role,
            name=f"{base.name}（{self.suffix}）",
            aliases=tuple(
                text for n in base_names for text in (f"{n}（{self.suffix}）", f"{n}{self.suffix}", f"{self.suffix}{n}")
            ),
            constraint="O",
            group=group,
            base=base.role,
            **(own_values if self.fields else {}),
        )


@dataclass(frozen=True)
class ChangeClassSpec(MaintenanceClassSpec):
    """The class of the changes, which has fields of its file."""

    fields: tuple[TemplateField, ...] = field(metadata={"key": "field"})
    source: str = field()
    fields_mark: SourceMark = field()

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for two fields with one name."""
        check_field_names(self.fields, file, join_key(where, "field"))


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

    ``id``, ``name`` and ``aliases`` are those of the group of all its layers; ``before``, ``change``, ``after``: the
    classes of each layer.
    """

    id: str
    name: str
    before: MaintenanceClassSpec
    change: ChangeClassSpec
    after: MaintenanceClassSpec
    layers: tuple[MaintainedLayerSpec, ...] = field(metadata={"key": "layer"})
    delivery: DeliverySpec
    aliases: tuple[str, ...] = ()

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for a layer that is there twice."""
        check_unique([layer.role for layer in self.layers], file, "layer.role")

    @property
    def class_by_stage(self) -> dict[str, MaintenanceClassSpec]:
        """Return `BEFORE_STAGE`, `CHANGE_STAGE` and `AFTER_STAGE` with their classes."""
        return {BEFORE_STAGE: self.before, CHANGE_STAGE: self.change, AFTER_STAGE: self.after}

    @cached_property
    def class_by_role(self) -> dict[str, tuple[MaintenanceClassSpec, MaintainedLayerSpec]]:
        """Return layer code → class (before, change or after) and maintained layer that it means."""
        return {one.prefix + layer.role: (one, layer) for layer in self.layers for one in self.class_by_stage.values()}

    @property
    def change_roles(self) -> tuple[str, ...]:
        """Return the layer codes of the classes of changes.

        A yearly delivery has at least one of them, a plan has none.
        """
        return tuple(self.change.prefix + layer.role for layer in self.layers)
