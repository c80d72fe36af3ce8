# SPDX-License-Identifier: GPL-2.0-or-later
"""What a shapefile's table (.dbf) has room for: bytes of texts, digits of numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...template import Field

#: Python's codec for an encoding of a package.
CODECS = {"GBK": "gbk", "UTF-8": "utf-8"}
#: Bytes of the widest text.
_WIDEST = 254
#: Digits of a whole number, and form of a real one, where the template does not say.
_DIGITS = 9
_REAL = (24, 11)
#: A share of a value that rounding may change: what a double itself does not hold.
_ROUNDING = 1e-12


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
