# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes by a VCT file, which stores coordinates and numbers with few digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...exchange.vct.settings import load_settings
from ...exchange.vct.shapes import round_xy
from ...exchange.vct.values import clean_text
from ...standard.template import Field

if TYPE_CHECKING:
    from pyproj import CRS

#: Rounding of a number's text: absolute (the last of twelve decimals) and relative (the last bits of a double).
_NUMBER, _SHARE = 1e-12, 2e-14
#: Shapely's type of a ring.
_RING = 2
#: Maximum metres of a degree of latitude.
_DEGREE_M = 111_700.0


def has_separator(text: str) -> bool:
    """Return True if a text contains a character that ends the value or the row."""
    return clean_text(text) != text


def find_too_wide(values: NDArray, declared: Field) -> NDArray:
    """Return (k,) positions of numbers with too many digits before the point.

    The template's length determines the number of digits.
    """
    if not declared.length:
        return np.zeros(0, dtype=int)
    room = declared.length - ((declared.decimals or 0) + 1 if declared.type == "real" and declared.decimals else 0)
    there = (n for n, v in enumerate(values) if v is not None)
    return np.array(
        [n for n in there if len(f"{values[n]:.0f}" if declared.type == "real" else str(values[n])) > room], int
    )


def find_too_precise(values: NDArray, declared: Field) -> NDArray:
    """Return (k,) positions of real numbers with more decimals than the template has.

    Their field is declared with more decimals.
    """
    if declared.type != "real" or declared.decimals is None:
        return np.zeros(0, dtype=int)
    numbers = np.array([np.nan if v is None else v for v in values], dtype=float)
    off = np.abs(numbers - np.round(numbers, declared.decimals))
    return np.flatnonzero(off > np.maximum(_NUMBER, _SHARE * np.abs(numbers)))


class PrecisionChanges(NamedTuple):
    """(k,) positions of shapes that a VCT file changes.

    ``gone``: a ring loses its width; ``merged``: consecutive vertices become equal; ``split``: several parts become
    several records.
    """

    gone: NDArray
    merged: NDArray
    split: NDArray


def find_precision_changes(shapes: NDArray, geographic: bool) -> PrecisionChanges:
    """Find the changes of (n,) shapes in the CRS of the file."""
    gone, merged = _find_repeats(round_coordinates(shapes, geographic))
    return PrecisionChanges(gone, merged, np.flatnonzero(shapely.get_num_geometries(shapes) > 1))


def is_same_number(given: Any, read: Any) -> bool:
    """Return True if two numbers are equal within the rounding of a text."""
    return abs(float(read) - float(given)) <= max(_NUMBER, _SHARE * abs(float(given)))


def round_shapes(shapes: NDArray, geographic: bool) -> NDArray:
    """Return (n,) shapes as they are after reading.

    Shapes in which consecutive vertices become equal are rounded and lose these vertices; the others are returned
    unchanged.
    """
    flat = round_coordinates(shapes, geographic)
    merged = _find_repeats(flat)[1]
    if not len(merged):
        return shapes
    found = shapes.copy()
    found[merged] = shapely.remove_repeated_points(flat[merged])
    return found


def _find_repeats(flat: NDArray) -> tuple[NDArray, NDArray]:
    """Return positions of shapes with a collapsed ring, and with repeated vertices."""
    pieces, of = shapely.get_rings(flat, return_index=True)
    if not len(pieces):
        pieces, of = shapely.get_parts(flat, return_index=True)
    xy, at = shapely.get_coordinates(pieces, return_index=True)
    same = (xy[1:] == xy[:-1]).all(axis=1) & (at[1:] == at[:-1])
    repeats = np.bincount(at[1:][same], minlength=len(pieces))
    counts = np.bincount(at, minlength=len(pieces))
    gone = np.unique(of[(repeats == counts - 1) & (shapely.get_type_id(pieces) == _RING)])
    return gone, np.setdiff1d(of[repeats > 0], gone)


def round_coordinates(shapes: NDArray, geographic: bool) -> NDArray:
    """Return (n,) shapes with coordinates rounded to the digits of a file in its CRS."""
    return shapely.transform(shapes, lambda xy: round_xy(xy, load_settings().decimals(geographic)))


def area_tolerance(shapes: NDArray, plane: CRS) -> NDArray:
    """Return the (n,) m² by which areas may change through rounding.

    Each vertex moves by up to half of the last digit in both directions; the change is at most this distance times
    the perimeter.
    """
    unit = _DEGREE_M if plane.is_geographic else 1.0
    half = 0.5 * 10.0 ** -load_settings().decimals(plane.is_geographic) * unit * np.sqrt(2)
    return half * unit * shapely.length(shapes)
