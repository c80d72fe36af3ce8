# SPDX-License-Identifier: GPL-2.0-or-later
"""Collect what fixes changed in the layers of a plan; the layers as read are not changed."""

from __future__ import annotations

from ..base.files.json_text import convert_to_plain_value
from ..checks.live.session import are_equal_values
from ..exchange.layer_changes import UNCHANGED, LayerChanges
from .edits import is_same_shape
from .state import EditingState


def collect_changes(state: EditingState) -> list[LayerChanges]:
    """Return the changes of each layer that fixes changed in a state."""
    import pandas as pd

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
            values = {
                str(column): None if pd.isna(value) else convert_to_plain_value(value)
                for column, value in current.layer.frame.iloc[0].items()
                if column != layer.frame.geometry.name and not are_equal_values(former_row[column], value)
            }
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
