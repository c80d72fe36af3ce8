# SPDX-License-Identifier: GPL-2.0-or-later
"""Shapes as coordinates and parts; batches of rows of one VCT table, with multipart features merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from ...base.errors import OutputError
from ...plan.layer import SourceLayer
from ..schema import GEOMETRY_BY_TYPE_ID
from .structure import VctTable
from .values import check_gbk, convert_to_series, put_on_one_line

#: Additional fields of a layer of annotation.
TEXT_FIELD, ANGLE_FIELD = "VCT_TEXT", "VCT_ANGLE"
#: Text and angle of a row that is no annotation.
NO_TEXT: tuple[str, float | None] = ("", None)
#: The field that names a feature.
KEY_FIELD = "BSM"


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
    kinds = [GEOMETRY_BY_TYPE_ID.get(t, "") for t in shapely.get_type_id(shapes[has_shape]).tolist()]
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
    is_anticlockwise = np.zeros(0, dtype=bool)
    if len(part):
        local = xy - np.repeat(xy[at[:-1]], counts, axis=0)
        following = np.arange(1, len(xy) + 1)
        following[at[1:] - 1] = at[:-1]
        doubled_areas = local[:, 0] * local[following, 1] - local[following, 0] * local[:, 1]
        is_anticlockwise = np.add.reduceat(doubled_areas, at[:-1]) > 0
    # Each ring still begins at the same vertex.
    is_reversed = is_anticlockwise != hole
    place = np.arange(int(at[-1])) - np.repeat(at[:-1], counts)
    length = np.repeat(counts, counts)
    back = np.where(place > 0, length - place, 0)
    return OpenPolygonRings(
        xy[(np.repeat(at[:-1], counts) + np.where(np.repeat(is_reversed, counts), back, place))], at, part
    )


def round_xy(xy: NDArray, decimals: int) -> NDArray:
    """Return positions rounded to ``decimals``; −0.0 becomes 0.0."""
    return np.round(xy, decimals) + 0.0


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


@dataclass(slots=True)
class VctRow:
    """A row of a table: its id, its values by field, its WKB shape (``None`` if missing) and its line number.

    ``annotation_text``: text and angle of annotation. ``further_parts``: rows of the feature's other parts, which are
    not merged yet.
    """

    record_id: int
    values: list[Any]
    shape: bytes | None
    annotation_text: tuple[str, float | None] = NO_TEXT
    line_number: int = 0
    further_parts: list[VctRow] = field(default_factory=list)

    def continues(self, last: VctRow, key_column: int) -> bool:
        """Return True if this row is another part of the multipart feature in the row before.

        It is if its id follows the id of that feature's last part, and all values are equal. ``key_column``: index of
        the column of keys.
        """
        last_id = last.further_parts[-1].record_id if last.further_parts else last.record_id
        have_shapes = self.shape is not None and last.shape is not None
        is_equal = self.values[key_column] is not None and self.values == last.values
        return have_shapes and is_equal and self.record_id == last_id + 1


@dataclass
class VctRowBatch:
    """Some thousand rows of one table; ``shape_bytes``: size of all their shapes in bytes."""

    table: VctTable
    rows: list[VctRow] = field(default_factory=list)
    shape_bytes: int = 0

    def make_frame(self, crs: CRS) -> gpd.GeoDataFrame:
        """Return the rows as a GeoDataFrame with all fields.

        The geometry column is ``geometry``, with ``_`` added if a field has that name.
        """
        columns = {
            c.name: convert_to_series([row.values[k] for row in self.rows], c.type)
            for k, c in enumerate(self.table.columns)
        }
        if self.table.shape_kind == "annotation":
            columns[TEXT_FIELD] = pd.Series([row.annotation_text[0] for row in self.rows], dtype="object")
            columns[ANGLE_FIELD] = pd.Series([row.annotation_text[1] for row in self.rows], dtype="float64")
        name = "geometry"
        while name in columns:
            name += "_"
        shapes = shapely.from_wkb(np.array([row.shape for row in self.rows], dtype=object))
        columns[name] = gpd.GeoSeries(shapes, crs=crs)
        return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=name, crs=crs)


def merge_into_multipart(shapes: NDArray) -> BaseGeometry:
    """Merge (n,) points, lines or polygons into one multipart shape.

    Raises KeyError for another geometry type.
    """
    parts = shapely.get_parts(shapes)
    constructors = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}
    return constructors[int(shapely.get_type_id(parts[0]))](parts)


def merge_feature_parts(batch: VctRowBatch, key_column: int | None) -> list[str]:
    """Merge the parts of each feature into one shape; return line and key of each.

    A file has a record and a row for each part, with successive ids and equal values. Parts that would form an invalid
    multipolygon remain separate rows.
    """
    merged_features: list[str] = []
    rows: list[VctRow] = []
    for row in batch.rows:
        rows.append(row)
        if not row.further_parts:
            continue
        pieces = [row.shape, *(part.shape for part in row.further_parts)]
        merged_shape = merge_into_multipart(shapely.from_wkb(np.array(pieces, dtype=object)))
        if batch.table.shape_kind == "line" or shapely.is_valid(merged_shape):
            row.shape = shapely.to_wkb(merged_shape)
            key = "" if key_column is None else row.values[key_column]
            merged_features.append(f"{row.line_number} ({key})")
        else:
            rows += row.further_parts
    batch.rows = rows
    return merged_features
