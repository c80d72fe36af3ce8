# SPDX-License-Identifier: GPL-2.0-or-later
"""Prepare the shapes of a layer for a VCT file.

Shapes become single parts in two dimensions, rounded to the printed digits, with the prescribed direction of rings.
Annotation (注记) gets text and angle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ...base.errors import OutputError
from ...plan.layer import SourceLayer
from .values import check_gbk, put_on_one_line

#: Shapely's type ids → kind of geometry.
_KIND_BY_GEOMETRY_TYPE = {0: "point", 4: "point", 1: "line", 2: "line", 5: "line", 3: "polygon", 6: "polygon"}


@dataclass(frozen=True)
class SingleParts:
    """The single parts of a layer's shapes.

    ``part_shapes``: (p,) single shapes; ``row_of_part``: (p,) row of each; ``without_shape``: (b,) rows without a
    shape; ``multipart_count``: number of rows with several parts.
    """

    shape_kind: str
    part_shapes: NDArray
    row_of_part: NDArray
    without_shape: NDArray
    multipart_count: int


def split_parts(shapes: NDArray, layer: str, feature_names: NDArray) -> SingleParts:
    """Split (n,) shapes into single parts.

    ``feature_names``: (n,) names for error messages. Raises OutputError for a layer with shapes of two kinds.
    """
    has_shape = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    kinds = [_KIND_BY_GEOMETRY_TYPE.get(t, "") for t in shapely.get_type_id(shapes[has_shape]).tolist()]
    for position, kind in zip(has_shape.tolist(), kinds, strict=True):
        if kind != kinds[0] or not kind:
            raise OutputError("vct_mixed_shapes", layer=layer, feature=str(feature_names[position]))
    single_parts, of = shapely.get_parts(shapes[has_shape], return_index=True)
    is_nonempty = ~shapely.is_empty(single_parts)
    single_parts, row = shapely.force_2d(single_parts[is_nonempty]), has_shape[of[is_nonempty]]
    without_shape = np.setdiff1d(np.arange(len(shapes)), row)
    split = int((np.bincount(row, minlength=len(shapes)) > 1).sum()) if len(row) else 0
    return SingleParts(kinds[0] if kinds else "", single_parts, row, without_shape, split)


@dataclass(frozen=True)
class OpenPolygonRings:
    """The rings of polygons, without the closing vertex.

    ``xy``: (v, 2) vertices; ``ring_starts``: (r + 1,) first vertex of each ring; ``polygon_of_ring``: (r,) polygon of
    each ring, its shell before its holes.
    """

    xy: NDArray
    ring_starts: NDArray
    polygon_of_ring: NDArray


def extract_open_rings(polygons: NDArray, decimals: int, layer: str, feature_names: NDArray) -> OpenPolygonRings:
    """Return the rings of (p,) single polygons.

    Shells are clockwise, holes anticlockwise. OutputError names a polygon (``feature_names``, (p,)) that has no width
    after rounding to ``decimals``.
    """
    ring, part = shapely.get_rings(polygons, return_index=True)
    xy, of = shapely.get_coordinates(ring, return_index=True)
    xy = round_xy(xy, decimals)
    # Remove the closing vertex and repeated vertices.
    keep = np.r_[(xy[1:] != xy[:-1]).any(axis=1) & (of[1:] == of[:-1]), False]
    xy, of = xy[keep], of[keep]
    counts = np.bincount(of, minlength=len(ring))
    if len(ring) and counts.min() < 2:
        collapsed_polygon = int(part[int(np.argmin(counts))])
        raise OutputError(
            "vct_collapsed", layer=layer, feature=str(feature_names[collapsed_polygon]), decimals=decimals
        )
    at = np.r_[0, np.cumsum(counts)]
    hole = np.r_[False, part[1:] == part[:-1]] if len(part) else np.zeros(0, dtype=bool)
    is_anticlockwise = _compute_ring_areas(xy, at) > 0
    return OpenPolygonRings(xy[_reverse_rings(at, is_anticlockwise != hole)], at, part)


def round_xy(xy: NDArray, decimals: int) -> NDArray:
    """Return positions rounded to ``decimals``; −0.0 becomes 0.0."""
    return np.round(xy, decimals) + 0.0


def _compute_ring_areas(xy: NDArray, ring_starts: NDArray) -> NDArray:
    """Return (r,) twice the signed area of rings; anticlockwise is positive."""
    if len(ring_starts) < 2:
        return np.zeros(0)
    local = xy - np.repeat(xy[ring_starts[:-1]], np.diff(ring_starts), axis=0)
    next_vertex = np.arange(1, len(xy) + 1)
    next_vertex[ring_starts[1:] - 1] = ring_starts[:-1]
    return np.add.reduceat(local[:, 0] * local[next_vertex, 1] - local[next_vertex, 0] * local[:, 1], ring_starts[:-1])


def _reverse_rings(ring_starts: NDArray, is_reversed: NDArray) -> NDArray:
    """Return (v,) the order of vertices that reverses the rings where ``is_reversed``, (r,), is True.

    Each ring still begins at the same vertex.
    """
    counts = np.diff(ring_starts)
    place = np.arange(int(ring_starts[-1])) - np.repeat(ring_starts[:-1], counts)
    length = np.repeat(counts, counts)
    back = np.where(place > 0, length - place, 0)
    return np.repeat(ring_starts[:-1], counts) + np.where(np.repeat(is_reversed, counts), back, place)


def compute_label_points(polygons: NDArray) -> NDArray:
    """Return (p, 2) a point inside each polygon; the first vertex of an invalid polygon."""
    valid = shapely.is_valid(polygons)
    points = np.empty((len(polygons), 2))
    points[valid] = shapely.get_coordinates(shapely.point_on_surface(polygons[valid]))
    others = np.flatnonzero(~valid)
    if len(others):
        xy, of = shapely.get_coordinates(polygons[others], return_index=True)
        points[others] = xy[np.searchsorted(of, np.arange(len(others)))]
    return points


#: Additional fields of a layer of annotation.
TEXT_FIELD, ANGLE_FIELD = "VCT_TEXT", "VCT_ANGLE"


class AnnotationLabels(NamedTuple):
    """Annotation: ``texts`` and ``angles`` (degrees, 0 if missing) of (p,) points."""

    texts: list[str]
    angles: list[float]


def read_annotation(
    layer: SourceLayer, parts: SingleParts, feature_names: NDArray, notes: list[tuple[str, dict[str, Any]]]
) -> AnnotationLabels:
    """Return the texts and angles of an annotation layer.

    OutputError names a feature (``feature_names``, (n,)) without text or position, with a character outside GBK, or
    with an invalid angle.
    """
    original_texts = ["" if pd.isna(v) else str(v) for v in layer.frame[TEXT_FIELD].tolist()]
    texts = [put_on_one_line(text) for text in original_texts]
    without_shape = set(parts.without_shape.tolist())
    for row, text in enumerate(texts):
        if (row in without_shape) == bool(text.strip()):
            raise OutputError("vct_annotation", layer=layer.name, feature=str(feature_names[row]), field=TEXT_FIELD)
    check_gbk(texts, layer.name, TEXT_FIELD, feature_names)
    if changed_count := sum(a != b for a, b in zip(original_texts, texts, strict=True)):
        notes.append(("vct_note_commas", {"layer": layer.name, "field": TEXT_FIELD, "count": changed_count}))
    angles = np.zeros(len(texts))
    if ANGLE_FIELD in layer.frame:
        try:
            given_angles = pd.to_numeric(layer.frame[ANGLE_FIELD]).to_numpy(dtype=float, na_value=np.nan)
        except (ValueError, TypeError) as error:
            raise OutputError("vct_no_value", layer=layer.name, field=ANGLE_FIELD, of_type="real") from error
        if np.isinf(given_angles).any():
            raise OutputError("vct_no_value", layer=layer.name, field=ANGLE_FIELD, of_type="real")
        angles = np.where(np.isnan(given_angles), 0.0, given_angles)
    rows = parts.row_of_part.tolist()
    return AnnotationLabels([texts[row] for row in rows], angles[rows].tolist())
