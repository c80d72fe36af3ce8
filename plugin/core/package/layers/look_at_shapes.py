# SPDX-License-Identifier: GPL-2.0-or-later
"""Before a layer is written: can its shapes go into the package as they are drawn?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...cancellation import Cancellation
from ...exchange.vct.settings import load_settings
from ...geometry.rings import rings
from ..form.model import FORMAT_NAMES
from ..problems import Level, Problem
from . import printed
from .content import Content
from .telling import on_rows, told

if TYPE_CHECKING:
    from ..form.model import VectorSet

_KINDS = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}
#: A point layer holds one point a row.
_MULTIPOINT = 4
#: Formats that keep rings, not which of them are parts and which are holes.
_RINGS = (".gdb", ".shp")
#: Shapes that are in another CRS at a time, too.
_AT_ONCE = 20_000


def look_at_shapes(content: Content, vectors: VectorSet, cancellation: Cancellation) -> Iterator[Problem]:
    """Shapes of another kind, broken, nowhere, missing, stray, with arcs or heights. Raises Cancelled."""
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
    yield from _nested(content, vectors)
    yield from _crossing(content, vectors, nowhere, cancellation)
    curved = np.flatnonzero(np.isin(layer.frame.index.to_numpy(), layer.source.curves))
    yield from on_rows(content, Level.GATE, "shape_curved", curved, step=layer.source.curve_step)
    high = np.flatnonzero(shapely.has_z(layer.frame.geometry.to_numpy()))
    yield from on_rows(content, Level.NOTE, "heights_left_out", high)


def _nested(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """Formats that keep rings alone tell parts and holes by what lies in what (FileGDB, Shapefile)."""
    if content.template.geometry != "polygon" or vectors.suffix not in _RINGS:
        return
    drawn = content.layer.drawn
    areas = content.layer.invalid & np.isin(shapely.get_type_id(drawn), _KINDS["polygon"])
    rows = nested(drawn, areas, overlaps=vectors.suffix == ".shp")
    yield from on_rows(content, Level.STOP, "shape_nested", rows, format=FORMAT_NAMES[vectors.suffix])


def _crossing(content: Content, vectors: VectorSet, nowhere: NDArray, cancellation: Cancellation) -> Iterator[Problem]:
    """Areas that are valid as drawn and cross themselves as they are written: what is straight here is none in another CRS, and
    digits of a file have their end. Those that are not valid as drawn are the check's to tell (GEO002)."""
    if content.template.geometry != "polygon":
        return
    layer, plane = content.layer, CRS.from_user_input(vectors.crs)
    printing = vectors.suffix == ".vct"
    if layer.crs == plane and not printing:
        return
    sound = ~layer.invalid & ~layer.empty & np.isin(shapely.get_type_id(layer.drawn), _KINDS["polygon"])
    sound[nowhere] = False
    rows = np.flatnonzero(sound)
    crossing = []
    for first in range(0, len(layer), _AT_ONCE):
        cancellation.raise_if_cancelled()
        some = rows[(rows >= first) & (rows < first + _AT_ONCE)]
        shapes = content.shapes(plane, slice(first, first + _AT_ONCE))[some - first]
        wrong = ~shapely.is_valid(printed.in_digits(shapes, plane.is_geographic) if printing else shapes)
        if printing:
            # A ring of one place is told as that.
            wrong[printed.changed(shapes, plane.is_geographic).gone] = False
        crossing += some[wrong].tolist()
    yield from on_rows(content, Level.GATE, "shape_crossing", np.array(crossing, dtype=int), target=vectors.crs)


def nested(shapes: NDArray, invalid: NDArray, *, overlaps: bool) -> NDArray:
    """(k,) positions of (n,) polygons and multipolygons in which a ring does not lie where its role says: a part in another,
    a hole outside of its shell, or in another hole. ``invalid`` (n,) bool: no other can be one. ``overlaps``: those, too, in
    which two parts, or two holes, have land in common."""
    several = (shapely.get_num_geometries(shapes) > 1) | (shapely.get_num_interior_rings(shapes) > 0)
    rows = np.flatnonzero(invalid & several)
    xy, of = shapely.get_coordinates(shapes[rows], return_index=True)
    # What is nowhere is told as that.
    rows = np.delete(rows, np.unique(of[~np.isfinite(xy).all(axis=1)]))
    if not len(rows):
        return rows
    found = rings(shapes[rows])
    lines = shapely.linearrings(found.xy, indices=np.repeat(np.arange(len(found.hole)), np.diff(found.at)))
    areas = shapely.polygons(lines)
    # Other features' rings are near, too, where a layer overlaps itself.
    one, other = shapely.STRtree(areas).query(areas)
    pair = (one != other) & (found.shape[one] == found.shape[other])
    one, other = one[pair], other[pair]
    same, alike = shapely.equals(areas[one], areas[other]), found.hole[one] == found.hole[other]
    # A part that is there twice lies in no other.
    around = shapely.covers(areas[one], areas[other]) & ~(same & alike)
    depth = np.bincount(other[around], minlength=len(areas))
    wrong = (depth % 2 == 1) != found.hole
    if overlaps:
        wrong[one[alike & ~around & shapely.relate_pattern(areas[one], areas[other], "T********")]] = True
    return rows[np.unique(found.shape[wrong])]


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
