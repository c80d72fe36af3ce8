# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of a plan with fixes applied, as tables; the layers as read are not changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..plan.layer import FieldInfo, SourceLayer
from .state import EditingState


@dataclass
class LayerChanges:
    """All changes of one layer, for a writer.

    ``changed``: feature id → shape as stored (None: without) and values by column, for rows that were there before;
    ``added``: the same for new rows; ``deleted``: feature ids. ``new_fields``: names of fields of the template that
    are added.
    """

    role: str
    source: SourceLayer
    changed: dict[int, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    added: dict[int, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    new_fields: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.deleted or self.new_fields)


def collect_changes(state: EditingState) -> list[LayerChanges]:
    """Return the changes of each layer that fixes changed."""
    collected = []
    rows = state.session.checker.rows
    for role, layer in state.plan.layers.items():
        changes = LayerChanges(role, layer.source, new_fields=state.new_fields.get(role, ()))
        for number in sorted(rows.list_edited_rows(role)):
            current = state.row(role, number)
            was_read = number < len(layer)
            if current is None:
                if was_read:
                    changes.deleted.append(layer.fids[number])
                continue
            name = current.layer.frame.geometry.name
            values = {str(c): current.layer.frame[c].iloc[0] for c in current.layer.frame.columns if c != name}
            (changes.changed if was_read else changes.added)[current.fid] = (current.raw, values)
        for fid, values in state.new_values.get(role, {}).items():
            row = state.get_row(role, fid)
            if fid in changes.added:
                changes.added[fid][1].update(values)
            else:
                changes.changed.setdefault(fid, (row.raw, {}))[1].update(values)
        if changes:
            collected.append(changes)
    return collected


def make_edited_layers(state: EditingState) -> list[SourceLayer]:
    """Return all layers of the plan as tables with the fixes applied."""
    changes_by_role = {changes.role: changes for changes in collect_changes(state)}
    return [
        _apply(layer.source, changes_by_role[role], state) if role in changes_by_role else layer.source
        for role, layer in state.plan.layers.items()
    ]


def _apply(source: SourceLayer, changes: LayerChanges, state: EditingState) -> SourceLayer:
    import geopandas as gpd
    import pandas as pd

    frame = source.frame.drop(index=changes.deleted)
    template = state.plan.layers[changes.role].template
    declared = [one for name in changes.new_fields if (one := template.find_field_by_name(name)) is not None]
    columns = {str(c): c for c in frame.columns if c != frame.geometry.name}
    values = {name: frame[column].astype(object).to_numpy().copy() for name, column in columns.items()}
    values |= {one.name: np.full(len(frame), None, dtype=object) for one in declared}
    shapes = frame.geometry.to_numpy().copy()
    position = {int(fid): n for n, fid in enumerate(frame.index)}
    for fid, (shape, row_values) in changes.changed.items():
        shapes[position[fid]] = shape
        for name, value in row_values.items():
            values[name][position[fid]] = value
    types = {name: frame[column].dtype for name, column in columns.items()}
    edited = pd.DataFrame(values, index=frame.index)
    if changes.added:
        new_rows = pd.DataFrame([row for _, row in changes.added.values()], index=list(changes.added), dtype=object)
        edited = pd.concat([edited, new_rows.reindex(columns=edited.columns)])
        shapes = np.concatenate([shapes, _make_array([shape for shape, _ in changes.added.values()])])
    for name, kind in types.items():
        if not edited[name].isna().any() or kind.kind in "fOM":
            edited[name] = edited[name].astype(kind)
    table = gpd.GeoDataFrame(edited, geometry=gpd.GeoSeries(shapes, index=edited.index, crs=frame.crs))
    infos = tuple(FieldInfo(one.name, one.type, one.length) for one in declared)
    return replace(source, frame=table, fields=(*source.fields, *infos))


def _make_array(shapes: list[Any]) -> Any:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array
