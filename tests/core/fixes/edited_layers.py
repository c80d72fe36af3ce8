# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a plan with fixes applied, as tables, to be checked as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from plugin.core.exchange.edited_copy import UNCHANGED, LayerChanges
from plugin.core.fixes.applied_edits import collect_changes
from plugin.core.fixes.state import EditingState
from plugin.core.plan.layer import FieldInfo, SourceLayer


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
