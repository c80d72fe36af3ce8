# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes of yearly maintenance (年度动态维护), made from layer templates.

Each maintained layer has three classes: before, change, after. They are made from the layer's template and are never
written to files; ``maintenance.toml`` defines the layers and the fields of a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..files.data import MARKS, check_keys, expect, read_toml
from .template import Field, Template, read_fields

BEFORE, CHANGE, AFTER = "before", "change", "after"


@dataclass(frozen=True)
class MaintainedLayerSpec:
    """A layer that is maintained each year.

    It has its kinds of change (维护类型) and the compared field.
    """

    role: str
    kinds: tuple[str, ...]
    compare: str = ""


@dataclass(frozen=True)
class Stage:
    """One of the three classes of a layer.

    Its code is ``WHQ`` + the layer's code, its name ends with 维护前. ``fields`` replace those of the layer.
    """

    id: str
    prefix: str
    suffix: str
    fields: tuple[Field, ...] = ()
    source: str = ""
    fields_mark: str = ""

    def template(self, base: Template, group: str) -> Template:
        """Return the template of a class: the layer's schema or the stage's, renamed.

        Code list, marks and feature code are the layer's.
        """
        names = dict.fromkeys((base.name, *base.aliases))
        made = replace(
            base,
            role=self.prefix + base.role,
            name=f"{base.name}（{self.suffix}）",
            aliases=tuple(
                text for n in names for text in (f"{n}（{self.suffix}）", f"{n}{self.suffix}", f"{self.suffix}{n}")
            ),
            constraint="O",
            group=group,
            base=base.role,
        )
        if not self.fields:
            return made
        return replace(made, fields=self.fields, source=self.source, fields_mark=self.fields_mark)


@dataclass(frozen=True)
class DeliverySpec:
    """The yearly delivery.

    ``file``: name of its geodatabase, with {code}, {name}, {year}; the horizontal and vertical CRS; ``balance``:
    suffix of the name for the balance.
    """

    file: str
    crs: str
    vertical: str
    balance: str


@dataclass(frozen=True)
class Maintenance:
    """Yearly maintenance in a standard.

    ``id`` and ``name`` are those of the group of layers.
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    stages: tuple[Stage, ...]
    layers: tuple[MaintainedLayerSpec, ...]
    delivery: DeliverySpec

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles of all classes."""
        return tuple(stage.prefix + layer.role for layer in self.layers for stage in self.stages)

    @property
    def changes(self) -> tuple[str, ...]:
        """Return the classes of changes.

        A yearly delivery has at least one of them, a plan has none.
        """
        return tuple(self.stage(CHANGE).prefix + layer.role for layer in self.layers)

    def stage(self, stage: str) -> Stage:
        """Return one of `BEFORE`, `CHANGE`, `AFTER`."""
        return next(s for s in self.stages if s.id == stage)

    def origin(self, role: str) -> tuple[Stage, MaintainedLayerSpec] | None:
        """Return stage and layer that a role was made from; None for another role."""
        for stage in self.stages:
            for layer in self.layers:
                if role == stage.prefix + layer.role:
                    return stage, layer
        return None

    def templates(self, known: Mapping[str, Template]) -> dict[str, Template]:
        """Return role → template of every class, from the templates of the layers."""
        return {
            stage.prefix + layer.role: stage.template(known[layer.role], self.name)
            for layer in self.layers
            for stage in self.stages
        }


def load_maintenance(path: Path) -> Maintenance:
    """Read ``maintenance.toml``. DataError names file and key."""
    table = read_toml(path)
    check_keys(
        table, required=("id", "name", "delivery", BEFORE, CHANGE, AFTER, "layer"), allowed=("aliases",), file=path
    )
    layers = []
    for position, row in enumerate(expect(table["layer"], list, file=path, key="layer"), start=1):
        where = f"layer[{position}]"
        check_keys(row, required=("role", "kinds"), allowed=("compare",), file=path, where=where)
        kinds = expect(row["kinds"], list, file=path, key=f"{where}.kinds")
        layers.append(MaintainedLayerSpec(row["role"], tuple(kinds), row.get("compare", "")))
    roles = [layer.role for layer in layers]
    for role in roles:
        if roles.count(role) > 1:
            raise DataError("data_duplicate", file=str(path), key="layer.role", value=role)
    stages = tuple(_stage(key, table[key], path) for key in (BEFORE, CHANGE, AFTER))
    delivery = _delivery(table["delivery"], path)
    return Maintenance(table["id"], table["name"], tuple(table.get("aliases", ())), stages, tuple(layers), delivery)


def _delivery(row: Any, path: Path) -> DeliverySpec:
    names = tuple(DeliverySpec.__dataclass_fields__)
    expect(row, dict, file=path, key="delivery")
    check_keys(row, required=names, allowed=(), file=path, where="delivery")
    return DeliverySpec(**{name: expect(row[name], str, file=path, key=f"delivery.{name}") for name in names})


def _stage(key: str, row: dict[str, Any], path: Path) -> Stage:
    expect(row, dict, file=path, key=key)
    fields: tuple[Field, ...] = ()
    more = ("field", "source", "fields_mark") if key == CHANGE else ()
    check_keys(row, required=("prefix", "suffix", *more), allowed=(), file=path, where=key)
    if more:
        fields = read_fields(row["field"], path, f"{key}.field")
        if row["fields_mark"] not in MARKS:
            raise DataError(
                "data_value_unknown",
                file=str(path),
                key=f"{key}.fields_mark",
                value=row["fields_mark"],
                known=", ".join(MARKS),
            )
    return Stage(key, row["prefix"], row["suffix"], fields, row.get("source", ""), row.get("fields_mark", ""))


def check_maintenance(found: Maintenance, known: Mapping[str, Template], path: Path) -> None:
    """Raise DataError for a layer without a template or without the compared field."""
    for layer in found.layers:
        if layer.role not in known:
            raise DataError("data_group_role", file=str(path), key="layer.role", value=layer.role)
        if layer.compare and known[layer.role].field_named(layer.compare) is None:
            names = ", ".join(f.name for f in known[layer.role].fields)
            raise DataError("data_value_unknown", file=str(path), key="layer.compare", value=layer.compare, known=names)
