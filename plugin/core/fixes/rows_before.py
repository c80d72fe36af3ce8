# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows on which a proposal was judged, to detect that they changed before the proposal is applied."""

from __future__ import annotations

from dataclasses import dataclass

import shapely

from ..checks.live.session import FeatureKey, FeatureState, are_equal_values
from .edits import Edits
from .state import EditingState


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
        wkb = None if row.stored_shape is None else shapely.to_wkb(row.stored_shape)
        rows[edit.role, fid] = RowBefore(row.key, FeatureState(wkb, row.values, row.curve_text))
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
