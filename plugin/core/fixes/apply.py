# SPDX-License-Identifier: GPL-2.0-or-later
"""Return the layers of a plan with fixes applied, as tables; the layers as read are not changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..exchange.layer_changes import UNCHANGED, LayerChanges
from ..files.json_text import convert_to_plain_value
from ..plan.layer import FieldInfo, SourceLayer
from .edits import is_same_shape
from .state import EditingState


def collect_changes(state: EditingState) -> list[LayerChanges]:
    """Return the changes of each layer that fixes changed in a state."""
    layer_changes = []
    for role, layer in state.plan.layers.items():
        new_fields = map(layer.template.find_field_by_name, state.new_fields.get(role, ()))
        changes = LayerChanges(role, layer.source, new_fields=tuple(filter(None, new_fields)))
        for number in sorted(state.session.checker.rows.list_edited_rows(role)):
            current, was_read = state.get_row_by_number(role, number), number < len(layer)
            if current is None:
                changes.deleted += [layer.fids[number]] if was_read else []
                continue
            origin = current.fid if was_read else state.origins[role, current.fid]
            former_row = layer.frame.loc[origin]
            values = _find_changed_values(former_row, current.layer.frame.iloc[0], layer.frame.geometry.name)
            if not was_read:
                changes.added[current.fid] = origin, current.stored_shape, values
                continue
            has_lost_arcs = origin in layer.source.curve_texts and not current.curve_text
            is_same = not has_lost_arcs and is_same_shape(former_row[layer.frame.geometry.name], current.stored_shape)
            shape = UNCHANGED if is_same else current.stored_shape
            if shape is not UNCHANGED or values:
                changes.changed[current.fid] = shape, values
        deleted = set(changes.deleted)
        for fid, new_values in state.new_values.get(role, {}).items():
            if fid in changes.added:
                changes.added[fid][2].update(new_values)
            elif fid not in deleted:
                changes.changed.setdefault(fid, (UNCHANGED, {}))[1].update(new_values)
        if changes:
            layer_changes.append(changes)
    return layer_changes


def _find_changed_values(former_row: Any, present_row: Any, geometry_name: str) -> dict[str, Any]:
    """Return column → present value, for values of a row that differ from its former values."""
    import pandas as pd

    changed_values = {}
    for column, value in present_row.items():
        if column == geometry_name:
            continue
        is_missing = [bool(pd.isna(one)) for one in (former_row[column], value)]
        if not all(is_missing) and (any(is_missing) or former_row[column] != value):
            changed_values[str(column)] = None if is_missing[1] else convert_to_plain_value(value)
    return changed_values


def make_edited_layers(state: EditingState) -> list[SourceLayer]:
    """Return all layers of the plan as tables with the fixes applied."""
    changes_by_role = {changes.role: changes for changes in collect_changes(state)}
    return [
        _apply(layer.source, changes_by_role[role], state) if role in changes_by_role else layer.source
        for role, layer in state.plan.layers.items()
    ]


def _apply(source: SourceLayer, changes: LayerChanges, state: EditingState) -> SourceLayer:
    """Return a layer as a table with its changes applied."""
    import geopandas as gpd
    import pandas as pd

    frame = source.frame.drop(index=changes.deleted)
    added_fields = changes.new_fields
    columns = {str(c): c for c in frame.columns if c != frame.geometry.name}
    values = {name: frame[column].astype(object).to_numpy().copy() for name, column in columns.items()}
    values |= {one.name: np.full(len(frame), None, dtype=object) for one in added_fields}
    shapes = frame.geometry.to_numpy().copy()
    position = {int(fid): n for n, fid in enumerate(frame.index)}
    for fid, (shape, row_values) in changes.changed.items():
        if shape is not UNCHANGED:
            shapes[position[fid]] = shape
        for name, value in row_values.items():
            values[name][position[fid]] = value
    types = {name: frame[column].dtype for name, column in columns.items()}
    edited_table = pd.DataFrame(values, index=frame.index)
    if changes.added:
        new_rows = [
            {name: source.frame.loc[origin, column] for name, column in columns.items()} | values
            for origin, _, values in changes.added.values()
        ]
        new_table = pd.DataFrame(new_rows, index=list(changes.added), dtype=object)
        edited_table = pd.concat([edited_table, new_table.reindex(columns=edited_table.columns)])
        shapes = np.concatenate([shapes, _make_array([shape for _, shape, _ in changes.added.values()])])
    for name, kind in types.items():
        if not edited_table[name].isna().any() or kind.kind in "fOM":
            edited_table[name] = edited_table[name].astype(kind)
    table = gpd.GeoDataFrame(edited_table, geometry=gpd.GeoSeries(shapes, index=edited_table.index, crs=frame.crs))
    infos = tuple(FieldInfo(one.name, one.type, one.length) for one in added_fields)
    with_new_shape = {fid for fid, (shape, _) in changes.changed.items() if shape is not UNCHANGED}
    replaced_fids = with_new_shape.union(changes.deleted)
    curve_texts = {fid: text for fid, text in source.curve_texts.items() if fid not in replaced_fids}
    return replace(source, frame=table, fields=(*source.fields, *infos), curve_texts=curve_texts)


def _make_array(shapes: list[Any]) -> Any:
    """Return shapes as a (k,) object array; a multi-part shape is one element."""
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array
