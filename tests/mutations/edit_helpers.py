# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits that several mutations share; each returns the shape that changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county import attributes, measure, source
from tests.county.landscape import AREA_CODE, AREA_NAME
from tests.mutations.mutation import CountyDraft


def make_speck(draft: CountyDraft, chosen: np.ndarray, size: float = 30) -> Any:
    """Return a small square within one of the chosen parcels."""
    parcel, _ = draft.choose(chosen)
    x, y = np.round(draft.fabric.sites[parcel], 3)
    return shapely.box(x, y, x + size, y + size)


def draw_shape(draft: CountyDraft, role: str, shape: Any, **values: Any) -> Any:
    """Add a row with a shape to a layer; return the shape."""
    draft.add(role, shape, **values)
    return shape


def remove_row(draft: CountyDraft, role: str, row: int) -> Any:
    """Remove a row; return its shape."""
    shape = draft.shape(role, row)
    draft.drop_row(role, row)
    return shape


def resize_shape(draft: CountyDraft, role: str, row: int, metres: float) -> Any:
    """Buffer the shape of a row by metres; return what was added or removed."""
    before = draft.shape(role, row)
    draft.reshape(role, row, shapely.set_precision(before.buffer(metres, join_style="mitre"), 0.001))
    return shapely.symmetric_difference(before, draft.shape(role, row))


def add_layer(draft: CountyDraft, role: str, shape: Any, **values: Any) -> None:
    """Add a layer with one feature that the clean county lacks, with its area field if the shape has an area."""
    columns = {"XZQDM": [AREA_CODE], "XZQMC": [AREA_NAME], **{name: [value] for name, value in values.items()}}
    if shape.area:
        columns["MJ"] = np.round(measure.statutory_area([shape]), 2).tolist()
    draft.layers[role] = attributes.make_layer_table(role, [shape], columns)
    draft.schema[role] = source.make_declared_fields(role)
