# SPDX-License-Identifier: GPL-2.0-or-later
"""What a shapefile has room for: bytes of texts, digits of numbers, and of its files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...standard.template import Field

#: Python's codec for an encoding of a package.
CODECS = {"GBK": "gbk", "UTF-8": "utf-8"}
#: Bytes of the widest text.
_WIDEST = 254
#: Digits of a whole number, and form of a real one, where the template does not say.
_DIGITS = 9
_REAL = (24, 11)
#: A share of a value that rounding may change: what a double itself does not hold.
_ROUNDING = 1e-12
#: Bytes of a file at most: many programs count in 32 bits with a sign.
MOST_BYTES = 2**31 - 1
#: Width of a date.
DATE = 8


class NumberForm(NamedTuple):
    """``width`` counts sign, point and decimals."""

    width: int
    decimals: int


def text_width(declared: Field) -> int:
    """Bytes of a text field. The template's length: receiving sides compare it, whatever a character takes."""
    return min(declared.length or _WIDEST, _WIDEST)


def number_form(declared: Field) -> NumberForm:
    if declared.type == "integer":
        return NumberForm(min(declared.length or _DIGITS, 18), 0)
    if declared.length and declared.decimals is not None:
        return NumberForm(declared.length, declared.decimals)
    return NumberForm(_REAL[0], _REAL[1] if declared.decimals is None else declared.decimals)


def losses(values: NDArray, declared: Field) -> tuple[NDArray, NDArray]:
    """Positions of numbers that are too wide for their field, and of those that its decimals would round."""
    form = number_form(declared)
    there = [n for n, v in enumerate(values) if v is not None]
    wide = [n for n in there if len(f"{values[n]:.{form.decimals}f}") > form.width]
    rounded = [
        n for n in there if abs(float(f"{values[n]:.{form.decimals}f}") - values[n]) > _ROUNDING * abs(values[n])
    ]
    return np.array(wide, dtype=int), np.array(rounded, dtype=int)


def sizes(shapes: NDArray, fields: Iterable[Field]) -> tuple[int, int]:
    """Bytes of .shp and .dbf for (n,) shapes and as many rows (ESRI Shapefile Technical Description, 1998; dBASE III)."""
    there = shapes[~shapely.is_missing(shapes)]
    vertices = shapely.get_num_coordinates(there)
    points = np.isin(shapely.get_type_id(there), (0, 4))
    parts, of = shapely.get_parts(there, return_index=True)
    rings = np.where(shapely.get_type_id(parts) == 3, shapely.get_num_interior_rings(parts) + 1, 1)
    pieces = np.bincount(of, weights=rings, minlength=len(there))
    bodies = np.where(points, 20, 44 + 4 * pieces + 16 * vertices)
    declared = list(fields)
    row = 1 + sum(_width(one) for one in declared)
    return (
        100 + 12 * len(shapes) + int((bodies - 4).sum()),
        33 + 32 * len(declared) + row * len(shapes) + 1,
    )


def _width(declared: Field) -> int:
    if declared.type == "text":
        return text_width(declared)
    return DATE if declared.type == "date" else number_form(declared).width
