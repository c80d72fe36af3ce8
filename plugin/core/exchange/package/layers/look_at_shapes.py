# SPDX-License-Identifier: GPL-2.0-or-later
"""Before a layer is written: can its shapes go into the package as they are drawn?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS

from ...vct.settings import load_settings
from ..problems import Level, Problem
from . import printed
from .content import Content
from .telling import on_rows, told

if TYPE_CHECKING:
    from ..form.model import VectorSet

_KINDS = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}
#: A point layer holds one point a row.
_MULTIPOINT = 4


def look_at_shapes(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """Shapes of another kind, broken, nowhere, missing, stray, with arcs or heights."""
    layer = content.layer
    drawn = layer.drawn
    kinds = shapely.get_type_id(drawn)
    there = (kinds >= 0) & ~layer.empty
    wrong = there & ~np.isin(kinds, _KINDS[content.template.geometry])
    yield from on_rows(content, Level.STOP, "shape_kind", np.flatnonzero(wrong), kind=content.template.geometry)
    yield from on_rows(content, Level.STOP, "shape_broken", np.flatnonzero(layer.broken))
    nowhere = content.nowhere(CRS.from_user_input(vectors.crs))
    yield from on_rows(content, Level.STOP, "shape_nowhere", nowhere, target=vectors.crs)
    if content.template.geometry == "point":
        many = (kinds == _MULTIPOINT) & (shapely.get_num_geometries(drawn) != 1)
        yield from on_rows(content, Level.STOP, "points_many", np.flatnonzero(many & there))
    yield from on_rows(content, Level.GATE, "shape_missing", np.flatnonzero(layer.empty))
    yield from on_rows(content, Level.GATE, "shape_stray", np.array(sorted(layer.stray), dtype=int))
    curved = np.flatnonzero(np.isin(layer.frame.index.to_numpy(), layer.source.curves))
    yield from on_rows(content, Level.GATE, "shape_curved", curved, step=layer.source.curve_step)
    high = np.flatnonzero(shapely.has_z(layer.frame.geometry.to_numpy()))
    yield from on_rows(content, Level.NOTE, "heights_left_out", high)


def look_at_printing(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """What a VCT file does to shapes: digits, single parts, a feature code for every layer."""
    plane = CRS.from_user_input(vectors.crs)
    what = printed.changed(content.shapes(plane), plane.is_geographic)
    decimals = load_settings().decimals(plane.is_geographic)
    yield from on_rows(content, Level.STOP, "vct_collapsed", what.gone, decimals=decimals)
    yield from on_rows(content, Level.NOTE, "vct_merged", what.merged, decimals=decimals)
    yield from on_rows(content, Level.NOTE, "vct_parts", what.split)
    if not content.template.feature_code and content.columns.get("YSDM") is None:
        yield told(content, Level.NOTE, "vct_no_code", code=load_settings().spare_code)
