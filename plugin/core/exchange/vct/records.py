# SPDX-License-Identifier: GPL-2.0-or-later
"""Format the shapes of a layer as records of a VCT file: points, lines, polygons, annotation.

Shapes are split into single parts. Positions are formatted in blocks. Rings are split into lines that neighbours share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ...base.errors import Cancellation, OutputError
from ...plan.layer import SourceLayer
from ..schema import GEOMETRY_BY_TYPE_ID
from .values import LINE_REPLACEMENTS, check_gbk

#: Additional fields of a layer of annotation.
TEXT_FIELD, ANGLE_FIELD = "VCT_TEXT", "VCT_ANGLE"
#: The field that names a feature.
KEY_FIELD = "BSM"
#: Number of positions formatted at once.
_VERTICES_PER_BLOCK = 50_000
#: Type for numbers of vertices, rings and segments; no layer has two thousand million vertices.
_INDEX_TYPE = np.int32
#: Types of features and of their geometry.
PLAIN_FEATURE, POLYLINE_SEGMENT, POLYGON_FEATURE, INDIRECT_COORDINATES = 1, 11, 100, 21
#: Number of items of a polygon in one row.
ITEMS_PER_ROW = 8
#: Number of decimals of a label point.
_LABEL_DECIMALS = 6
#: The user's cancellation is noticed once in so many records.
_RECORDS_PER_CANCEL_CHECK = 5_000


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
    if counts.min() < 2:
        collapsed_polygon = int(part[int(np.argmin(counts))])
        raise OutputError(
            "vct_collapsed", layer=layer, feature=str(feature_names[collapsed_polygon]), decimals=decimals
        )
    at = np.r_[0, np.cumsum(counts)]
    # The caller has at least one polygon.
    hole = np.r_[False, part[1:] == part[:-1]]
    local = xy - np.repeat(xy[at[:-1]], counts, axis=0)
    following = np.arange(1, len(xy) + 1)
    following[at[1:] - 1] = at[:-1]
    doubled_areas = local[:, 0] * local[following, 1] - local[following, 0] * local[:, 1]
    is_anticlockwise = np.add.reduceat(doubled_areas, at[:-1]) > 0
    # Each ring still begins at the same vertex.
    is_reversed = is_anticlockwise != hole
    place = np.arange(int(at[-1])) - np.repeat(at[:-1], counts)
    back = np.where(place > 0, np.repeat(counts, counts) - place, 0)
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


def read_annotation(
    layer: SourceLayer, parts: SingleParts, feature_names: NDArray, notes: list[tuple[str, dict[str, Any]]]
) -> tuple[list[str], list[float]]:
    """Return the texts and angles (degrees, 0 if missing) of the (p,) points of an annotation layer.

    OutputError names a feature (``feature_names``, (n,)) without text or position, with a character outside GBK, or
    with an invalid angle.
    """
    original_texts = ["" if pd.isna(v) else str(v) for v in layer.frame[TEXT_FIELD].tolist()]
    texts = [text.translate(LINE_REPLACEMENTS) for text in original_texts]
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
    return [texts[row] for row in rows], angles[rows].tolist()


def format_numbers(values: NDArray, decimals: int) -> list[str]:
    """Return (n,) numbers as texts with a fixed number of decimals."""
    texts = [f"{value:.{decimals}f}" for value in round_xy(values, decimals).ravel().tolist()]
    return [text.rstrip("0").rstrip(".") for text in texts] if decimals else texts


def format_records(xy: NDArray, starts: Sequence[int], heads: Sequence[str], tail: str, decimals: int) -> Iterator[str]:
    """Yield the text of n records in blocks of several records.

    Record k is ``heads[k]``, its positions ``xy[starts[k]:starts[k + 1]]`` with ``decimals`` decimals, and ``tail``,
    which all records share. ``starts`` has n + 1 elements.
    """
    first = 0
    while first < len(heads):
        last = first + 1
        while last < len(heads) and starts[last + 1] - starts[first] <= _VERTICES_PER_BLOCK:
            last += 1
        ends = [end - starts[first] for end in starts[first : last + 1]]
        yield _format_block(xy[starts[first] : starts[last]], ends, heads[first:last], tail, decimals)
        first = last


def _format_block(xy: NDArray, starts: Sequence[int], heads: Sequence[str], record_tail: str, decimals: int) -> str:
    """Return the text of a few records, formatted with one format string.

    This is three times as fast as number by number. Arguments as in `format_records`.
    """
    scaled = np.rint(xy * 10.0**decimals).astype(np.int64)
    if (scaled < 0).any():
        rows = ["{},{}\n".format(*format_numbers(pair, decimals)) for pair in xy]
        return "".join(f"{head}{''.join(rows[starts[k] : starts[k + 1]])}{record_tail}" for k, head in enumerate(heads))
    integer_part, part = np.divmod(scaled, 10**decimals)
    left = np.full(part.shape, decimals)
    while (zero := (left > 0) & (part % 10 == 0)).any():
        part[zero] //= 10
        left[zero] -= 1
    # A number without decimals consumes its second value, too, and prints an empty text for it.
    one = ["%d%.0s", *(f"%d.%0{k}d" for k in range(1, decimals + 1))]
    pairs = [f"{x},{y}\n" for x in one for y in one]
    forms = [pairs[k] for k in (left[:, 0] * len(one) + left[:, 1]).tolist()]
    marks = (head.replace("%", "%%") for head in heads)
    record_format = "".join(
        f"{head}{''.join(forms[starts[k] : starts[k + 1]])}{record_tail}" for k, head in enumerate(marks)
    )
    return record_format % tuple(np.stack([integer_part, part], axis=2).ravel().tolist())


# Rings are split into lines that neighbours share: each line occurs once, and every ring has the list of its lines.


@dataclass(frozen=True)
class SharedLines:
    """Boundary lines of polygons; neighbouring polygons share a line.

    ``xy``: (v, 2) vertices line by line; ``line_starts``: (k + 1,) first vertex of each line; ``signed_lines``: (m,)
    ±(1 + line number) ring by ring, negative against the line's direction; ``ring_starts``: (r + 1,) first item of each
    ring in ``signed_lines``.
    """

    xy: NDArray
    line_starts: NDArray
    signed_lines: NDArray
    ring_starts: NDArray


def split_into_shared_lines(xy: NDArray, ring_starts: NDArray) -> SharedLines:
    """Split (r,) open rings into lines, so that neighbours share a line.

    Parameters
    ----------
    xy : (v, 2) array
        Vertices without the closing one, no two successive ones equal.
    ring_starts : (r + 1,) array
        Start of each ring, which has at least two vertices.
    """
    lengths = np.diff(ring_starts)
    # A layer has some million vertices, so every array of that length needs memory.
    ring = np.repeat(np.arange(len(lengths), dtype=_INDEX_TYPE), lengths)
    next_vertex = np.arange(1, len(xy) + 1, dtype=_INDEX_TYPE)
    next_vertex[ring_starts[1:] - 1] = ring_starts[:-1]
    previous_vertex = np.empty(len(xy), dtype=_INDEX_TYPE)
    previous_vertex[next_vertex] = np.arange(len(xy), dtype=_INDEX_TYPE)
    places = np.ascontiguousarray(xy).view(np.complex128).ravel()
    vertex = np.unique(places, return_inverse=True)[1].astype(_INDEX_TYPE)
    end_vertex = vertex[next_vertex]
    # A segment has the same number in both directions; ``along``: it leads to a higher vertex number.
    segment_key = np.minimum(vertex, end_vertex) * np.int64(len(xy)) + np.maximum(vertex, end_vertex)
    segment, along = np.unique(segment_key, return_inverse=True)[1].astype(_INDEX_TYPE), vertex < end_vertex
    del end_vertex, segment_key
    node = _mask_ends_of_shared_lines(vertex, segment[previous_vertex], segment, ring_starts)
    # Every ring begins at its first cut; one without a cut keeps its first vertex.
    is_cut = node[vertex]
    begins, ring_lengths = ring_starts[:-1].astype(_INDEX_TYPE), np.diff(ring_starts).astype(_INDEX_TYPE)
    order = np.arange(len(is_cut), dtype=_INDEX_TYPE) - begins[ring]
    order += np.minimum.reduceat(np.where(is_cut, order, _INDEX_TYPE(len(is_cut))), ring_starts[:-1])[ring]
    order %= ring_lengths[ring]
    order += begins[ring]
    cut = np.flatnonzero(node[vertex[order]])
    # Every segment occurs once in a line, so the smallest one identifies line and direction.
    mark = np.minimum.reduceat(segment[order] * np.int64(2) + along[order], cut)
    least, first, piece_group = np.unique(mark // 2, return_index=True, return_inverse=True)
    # Number lines in order of appearance, so that neighbours in the file are neighbours on the ground.
    number = np.empty(len(least), dtype=np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(least))
    first.sort()
    line = number[piece_group]
    item = np.where(mark % 2 == (mark % 2)[first][line], 1, -1) * (line + 1)
    item_at = np.searchsorted(ring[order][cut], np.arange(len(lengths) + 1))
    # Each line includes its last vertex.
    counts = (np.r_[cut[1:], len(order)] - cut)[first]
    line_at = np.r_[0, np.cumsum(counts + 1)]
    place = np.arange(line_at[-1]) - np.repeat(line_at[:-1], counts + 1)
    is_last = place == np.repeat(counts, counts + 1)
    line_vertex = order[np.repeat(cut[first], counts + 1) + place - is_last]
    return SharedLines(xy[np.where(is_last, next_vertex[line_vertex], line_vertex)], line_at, item, item_at)


def _mask_ends_of_shared_lines(vertex: NDArray, coming: NDArray, going: NDArray, ring_starts: NDArray) -> NDArray:
    """Return for each vertex number True if a shared line begins or ends at the vertex.

    ``vertex``: (v,) vertex numbers along the rings; ``coming`` and ``going``: (v,) numbers of the segments that end and
    begin at each of them.
    """
    low, high = np.minimum(coming, going), np.maximum(coming, going)
    _, one = np.unique(vertex, return_index=True)
    # A ring that turns back on itself ends a line at the tip.
    other = (low != low[one][vertex]) | (high != high[one][vertex]) | (low == high)
    node = np.zeros(len(one), dtype=bool)
    node[vertex[other]] = True
    without_nodes = ~np.logical_or.reduceat(node[vertex], ring_starts[:-1])
    # A ring without nodes is isolated, or an island that fills a hole exactly: both start where the first one does.
    ring_lowest_vertex = np.minimum.reduceat(vertex, ring_starts[:-1])[without_nodes]
    first_rings = np.unique(ring_lowest_vertex, return_index=True)[1]
    node[vertex[ring_starts[:-1]][without_nodes][first_rings]] = True
    return node


@dataclass(frozen=True)
class RecordFormat:
    """Values that all records of a layer share.

    ``class_code``: 要素代码 (feature class code); ``symbol_code``: 图形表现编码 (symbol code);
    ``coordinate_decimals``: number of decimals of coordinates; ``boundary_code``: class code of boundary lines.
    """

    class_code: str
    symbol_code: str
    coordinate_decimals: int
    boundary_code: str
    cancellation: Cancellation


def write_points(section_file: TextIO, points: NDArray, first_id: int, record_format: RecordFormat) -> None:
    """Write (p,) single points; their ids begin at ``first_id``."""
    heads = [
        f"{first_id + number}\n{record_format.class_code}\n{record_format.symbol_code}\n{PLAIN_FEATURE}\n1\n"
        for number in range(len(points))
    ]
    _write_records(section_file, shapely.get_coordinates(points), list(range(len(points) + 1)), heads, record_format)


def _write_records(
    section_file: TextIO, xy: NDArray, starts: list[int], heads: list[str], record_format: RecordFormat
) -> None:
    """Write records to the file of their section, block by block; arguments as in `format_records`."""
    for block in record_format.cancellation.watch(
        format_records(xy, starts, heads, "0\n", record_format.coordinate_decimals)
    ):
        section_file.write(block)


def write_annotation(
    section_file: TextIO,
    points: NDArray,
    labels: tuple[list[str], list[float]],
    first_id: int,
    record_format: RecordFormat,
) -> None:
    """Write (p,) single points with annotation text; their ids begin at ``first_id``. ``labels``: texts and angles."""
    places = zip(range(first_id, first_id + len(points)), shapely.get_coordinates(points), *labels, strict=True)
    for record_id, xy, text, angle in record_format.cancellation.watch(places, _RECORDS_PER_CANCEL_CHECK):
        turn = np.format_float_positional(angle + 0.0, trim="-")
        position_text = ",".join([*format_numbers(xy, record_format.coordinate_decimals), turn])
        section_file.write(
            f"{record_id}\n{record_format.class_code}\n{record_format.symbol_code}\n"
            f"{PLAIN_FEATURE}\n{text}\n{position_text}\n0\n"
        )


def write_line_features(section_file: TextIO, lines: NDArray, first_id: int, record_format: RecordFormat) -> None:
    """Write (p,) single lines; their ids begin at ``first_id``."""
    xy, of = shapely.get_coordinates(lines, return_index=True)
    at = np.searchsorted(of, np.arange(len(lines) + 1))
    _write_line_records(section_file, xy, at, first_id, record_format.class_code, record_format)


def _write_line_records(
    section_file: TextIO, xy: NDArray, starts: NDArray, first_id: int, code: str, record_format: RecordFormat
) -> None:
    """Write lines to the file of the section Line; their ids begin at ``first_id``.

    ``starts``: (k + 1,) first vertex of each line in ``xy``; ``code``: their feature class code.
    """
    counts = np.diff(starts).tolist()
    kind = f"{code}\n{record_format.symbol_code}\n{PLAIN_FEATURE}\n1\n{POLYLINE_SEGMENT}"
    heads = [f"{ident}\n{kind}\n{count}\n" for ident, count in enumerate(counts, first_id)]
    _write_records(section_file, xy, starts.tolist(), heads, record_format)


def write_polygons(
    line_section_file: TextIO,
    polygon_section_file: TextIO,
    polygons: NDArray,
    first_id: int,
    record_format: RecordFormat,
    layer: str,
    feature_names: NDArray,
) -> int:
    """Write (p,) single polygons, and the boundary lines that they share; return the number of lines.

    Lines get ids from ``first_id`` on, polygons the ids after these. OutputError names a polygon (``feature_names``,
    (p,)) that has no width after rounding.
    """
    rings = extract_open_rings(polygons, record_format.coordinate_decimals, layer, feature_names)
    record_format.cancellation.raise_if_cancelled()
    shared_lines = split_into_shared_lines(rings.xy, rings.ring_starts)
    record_format.cancellation.raise_if_cancelled()
    count = len(shared_lines.line_starts) - 1
    _write_line_records(
        line_section_file,
        shared_lines.xy,
        shared_lines.line_starts,
        first_id,
        record_format.boundary_code,
        record_format,
    )
    label = [f"{x:.{_LABEL_DECIMALS}f},{y:.{_LABEL_DECIMALS}f}" for x, y in compute_label_points(polygons).tolist()]
    item = np.sign(shared_lines.signed_lines) * (np.abs(shared_lines.signed_lines) - 1 + first_id)
    begins = shared_lines.ring_starts.tolist()
    ring_at = np.searchsorted(rings.polygon_of_ring, np.arange(len(polygons) + 1)).tolist()
    for number in record_format.cancellation.watch(range(len(polygons)), _RECORDS_PER_CANCEL_CHECK):
        items: list[int] = []
        for ring in range(ring_at[number], ring_at[number + 1]):
            items += ([0] if items else []) + item[begins[ring] : begins[ring + 1]].tolist()
        rows = (items[k : k + ITEMS_PER_ROW] for k in range(0, len(items), ITEMS_PER_ROW))
        polygon_section_file.write(
            f"{first_id + count + number}\n{record_format.class_code}\n{record_format.symbol_code}\n{POLYGON_FEATURE}\n{label[number]}\n{INDIRECT_COORDINATES}\n{len(items)}\n"  # noqa: E501 - a table
        )
        polygon_section_file.writelines(",".join(map(str, row)) + "\n" for row in rows)
        polygon_section_file.write("0\n")
    return count
