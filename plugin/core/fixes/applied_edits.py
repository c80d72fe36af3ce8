# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits that were applied: their net effect, the rows on which they were judged, and what changed in the layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import shapely

from ..base.files.json_text import convert_to_plain_value
from ..checks.live.edited_rows import are_equal_values
from ..checks.live.session import FeatureKey, FeatureState
from ..exchange.edited_copy import UNCHANGED, LayerChanges
from .edits import Edits, RowEdit, is_same_shape
from .state import EditingState


def collect_changes(state: EditingState) -> list[LayerChanges]:
    """Return the changes of each layer that fixes changed in a state."""
    import pandas as pd

    layer_changes = []
    for role, layer in state.plan.layers.items():
        changes = LayerChanges(
            role,
            layer.source,
            new_fields=tuple(filter(None, map(layer.template.find_field_by_name, state.new_fields.get(role, ())))),
        )
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


def merge_edits(applied: Iterable[Edits]) -> Edits:
    """Return the net edits of several fixes: each row once, with its last shape and all its last values.

    A row that was added and deleted again is left out.
    """
    rows: dict[FeatureKey, RowEdit] = {}
    net_edits = Edits()
    for edits in applied:
        net_edits.new_fields += [new for new in edits.new_fields if new not in net_edits.new_fields]
        # A new row takes the values that its source row had before this fix: the fix may change or delete that row.
        sources = {(one.role, one.attribute_source_fid) for one in edits if one.is_new}
        rows_before = {key: rows[key] for key in sources if key in rows}
        for one in edits:
            edit, source_fid = one, one.attribute_source_fid
            like = rows_before.get((one.role, source_fid)) if one.is_new and source_fid is not None else None
            if like is not None:
                # The attributes are copied from a row that existed before all fixes.
                edit = replace(
                    one,
                    attribute_source_fid=like.attribute_source_fid if like.is_new else source_fid,
                    attributes=like.attributes | one.attributes,
                )
            former_edit = rows.get((edit.role, edit.fid))
            if former_edit is None or (edit.is_deleted and not former_edit.is_new):
                rows[edit.role, edit.fid] = edit
            elif edit.is_deleted:
                del rows[edit.role, edit.fid]
            else:
                rows[edit.role, edit.fid] = replace(
                    former_edit,
                    shape=former_edit.shape if edit.shape is UNCHANGED else edit.shape,
                    attributes=former_edit.attributes | edit.attributes,
                )
    net_edits.rows = list(rows.values())
    return net_edits


@dataclass(frozen=True)
class RowBefore:
    """A row as it was when a proposal was judged: its key (BSM), shape and values."""

    key: str
    feature: FeatureState


def read_rows_before(state: EditingState, edits: Edits) -> dict[FeatureKey, RowBefore]:
    """Return (layer code, feature id) → row, for present rows that edits change, delete or take values from."""
    rows: dict[FeatureKey, RowBefore] = {}
    for edit in edits:
        fid = edit.fid if edit.attribute_source_fid is None else edit.attribute_source_fid
        if edit.is_new and edit.attribute_source_fid is None:
            continue
        row = state.get_row(edit.role, fid)
        rows[edit.role, fid] = RowBefore(
            row.key,
            FeatureState(
                None if row.stored_shape is None else shapely.to_wkb(row.stored_shape), row.values, row.curve_text
            ),
        )
    return rows


def is_same_row(before: RowBefore, present: FeatureState | None) -> bool:
    """Return True if a row still has the shape and the values with which a proposal was judged."""
    judged = before.feature
    if present is None or (judged.wkb is None) != (present.wkb is None) or judged.curve_text != present.curve_text:
        return False
    if judged.wkb is not None and present.wkb is not None:
        shape = shapely.from_wkb(present.wkb, on_invalid="ignore")
        if shape is None or shapely.to_wkb(shape) != judged.wkb:
            return False
    return all(
        name not in present.attributes or are_equal_values(value, present.attributes[name])
        for name, value in judged.attributes.items()
    )
