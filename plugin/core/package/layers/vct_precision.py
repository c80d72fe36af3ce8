# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of data by a VCT file, which stores coordinates and numbers with limited digits."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...exchange.vct.records import round_xy
from ...exchange.vct.settings import load_settings
from ...standard.template import TemplateField

#: Rounding of a number's text: absolute (the last of twelve decimals) and relative (the last bits of a double).
_TEXT_PRECISION, _TEXT_PRECISION_SHARE = 1e-12, 2e-14
#: Shapely's type of a ring.
_RING_TYPE_ID = 2
#: Maximum metres of a degree of latitude.
_METRES_PER_DEGREE = 111_700.0


def find_too_wide_numbers(values: NDArray, template_field: TemplateField) -> NDArray:
    """Return (k,) positions of numbers with too many digits before the point.

    The template's length determines the number of digits.
    """
    is_real, decimals = template_field.type == "real", template_field.decimals
    max_digits = (template_field.length or np.inf) - (decimals + 1 if is_real and decimals else 0)
    texts = {n: f"{value:.0f}" if is_real else str(value) for n, value in enumerate(values) if value is not None}
    return np.array([n for n, text in texts.items() if len(text) > max_digits], dtype=int)


def find_too_precise_numbers(values: NDArray, template_field: TemplateField) -> NDArray:
    """Return (k,) positions of real numbers with more decimals than the template has.

    A field with such numbers is declared with more decimals.
    """
    if template_field.type != "real" or template_field.decimals is None:
        return np.zeros(0, dtype=int)
    numbers = np.array([np.nan if v is None else v for v in values], dtype=float)
    rounding = np.abs(numbers - np.round(numbers, template_field.decimals))
    return np.flatnonzero(rounding > np.maximum(_TEXT_PRECISION, _TEXT_PRECISION_SHARE * np.abs(numbers)))


class PrecisionChanges(NamedTuple):
    """(k,) positions of shapes that a VCT file changes.

    ``collapsed``: a ring collapses to a line or point; ``with_merged_vertices``: consecutive vertices become equal;
    ``multipart``: several parts become several records.
    """

    collapsed: NDArray
    with_merged_vertices: NDArray
    multipart: NDArray


def find_precision_changes(shapes: NDArray, is_geographic: bool) -> PrecisionChanges:
    """Return the positions of shapes that a VCT file changes, by kind of change.

    The (n,) shapes are in the CRS of the file; ``is_geographic``: this CRS is in degrees.
    """
    collapsed_positions, merged_positions = _find_repeated_vertices(round_coordinates(shapes, is_geographic))
    return PrecisionChanges(
        collapsed_positions, merged_positions, np.flatnonzero(shapely.get_num_geometries(shapes) > 1)
    )


def is_same_number(written_value: Any, read_value: Any) -> bool:
    """Return True if a number was read as written, but for the rounding of its text."""
    return abs(float(read_value) - float(written_value)) <= max(
        _TEXT_PRECISION, _TEXT_PRECISION_SHARE * abs(float(written_value))
    )


def remove_vertices_merged_by_rounding(shapes: NDArray, is_geographic: bool) -> NDArray:
    """Return (n,) shapes as they are after writing to a VCT file and reading.

    Shapes in which consecutive vertices become equal are rounded and lose these vertices; all other shapes are returned
    unchanged.
    """
    rounded_shapes = round_coordinates(shapes, is_geographic)
    merged_positions = _find_repeated_vertices(rounded_shapes)[1]
    result = shapes.copy()
    result[merged_positions] = shapely.remove_repeated_points(rounded_shapes[merged_positions])
    return result


def _find_repeated_vertices(rounded_shapes: NDArray) -> tuple[NDArray, NDArray]:
    """Return the positions of shapes with a collapsed ring, and of shapes with repeated vertices.

    ``rounded_shapes``: shapes rounded to the digits of a VCT file.
    """
    pieces, shape_of_piece = shapely.get_rings(rounded_shapes, return_index=True)
    if not len(pieces):
        pieces, shape_of_piece = shapely.get_parts(rounded_shapes, return_index=True)
    xy, piece_of_vertex = shapely.get_coordinates(pieces, return_index=True)
    is_repeated = (xy[1:] == xy[:-1]).all(axis=1) & (piece_of_vertex[1:] == piece_of_vertex[:-1])
    repeats = np.bincount(piece_of_vertex[1:][is_repeated], minlength=len(pieces))
    counts = np.bincount(piece_of_vertex, minlength=len(pieces))
    collapsed_positions = np.unique(
        shape_of_piece[(repeats == counts - 1) & (shapely.get_type_id(pieces) == _RING_TYPE_ID)]
    )
    return collapsed_positions, np.setdiff1d(shape_of_piece[repeats > 0], collapsed_positions)


def round_coordinates(shapes: NDArray, is_geographic: bool) -> NDArray:
    """Return (n,) shapes with coordinates rounded to the digits of a VCT file.

    ``is_geographic``: coordinates are in degrees, else in metres.
    """
    return shapely.transform(shapes, lambda xy: round_xy(xy, load_settings().get_coordinate_decimals(is_geographic)))


def compute_area_tolerance(shapes: NDArray, horizontal_crs: CRS) -> NDArray:
    """Return (n,) areas in m² by which rounding may change each shape.

    Each vertex moves by up to half of the last digit in both directions; the change is at most this distance times the
    perimeter.
    """
    unit = _METRES_PER_DEGREE if horizontal_crs.is_geographic else 1.0
    last_digit_m = unit * 10.0 ** -load_settings().get_coordinate_decimals(horizontal_crs.is_geographic)
    return 0.5 * np.sqrt(2) * last_digit_m * unit * shapely.length(shapes)
