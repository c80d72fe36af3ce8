# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of points, lines and polygons, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import numpy as np
import shapely
from numpy.typing import NDArray

from ...cancellation import Cancellation
from .printing import numbers, records
from .shapes import labels, rings_of
from .shared import share

if TYPE_CHECKING:
    from .annotation import Labels

#: Types of features and of their geometry.
PLAIN, POLYLINE, POLYGON, INDIRECT = 1, 11, 100, 21
#: Items of a polygon in one row.
ITEMS_A_ROW = 8
#: Digits of a label point.
_LABEL_DECIMALS = 6
#: Records between two questions whether the user cancelled.
_CHECK_EVERY = 5_000


@dataclass(frozen=True)
class Form:
    """``code`` 要素代码, ``style`` 图形表现编码, ``bounding`` the code of lines that only bound polygons."""

    code: str
    style: str
    decimals: int
    bounding: str
    cancellation: Cancellation


def write_points(out: TextIO, points: NDArray, first: int, form: Form) -> None:
    """(p,) single points, their ids from ``first`` on."""
    heads = [f"{first + number}\n{form.code}\n{form.style}\n{PLAIN}\n1\n" for number in range(len(points))]
    _write(out, shapely.get_coordinates(points), list(range(len(points) + 1)), heads, form)


def _write(out: TextIO, xy: NDArray, at: list[int], heads: list[str], form: Form) -> None:
    for block in records(xy, at, heads, "0\n", form.decimals):
        form.cancellation.raise_if_cancelled()
        out.write(block)


def write_annotation(out: TextIO, points: NDArray, labels: Labels, first: int, form: Form) -> None:
    """(p,) single points with what is written there, their ids from ``first`` on."""
    places = zip(shapely.get_coordinates(points), labels.texts, labels.angles, strict=True)
    for number, (xy, text, angle) in enumerate(places):
        _now_and_then(number, form)
        turn = np.format_float_positional(angle + 0.0, trim="-")
        where = ",".join([*numbers(xy, form.decimals), turn])
        out.write(f"{first + number}\n{form.code}\n{form.style}\n{PLAIN}\n{text}\n{where}\n0\n")


def write_lines(out: TextIO, lines: NDArray, first: int, form: Form) -> None:
    """(p,) single lines, their ids from ``first`` on."""
    xy, of = shapely.get_coordinates(lines, return_index=True)
    at = np.searchsorted(of, np.arange(len(lines) + 1))
    _write_lines(out, xy, at, first, form.code, form)


def _write_lines(out: TextIO, xy: NDArray, at: NDArray, first: int, code: str, form: Form) -> None:
    counts = np.diff(at).tolist()
    kind = f"{code}\n{form.style}\n{PLAIN}\n1\n{POLYLINE}"
    heads = [f"{ident}\n{kind}\n{count}\n" for ident, count in enumerate(counts, first)]
    _write(out, xy, at.tolist(), heads, form)


def write_polygons(
    lines: TextIO, out: TextIO, polygons: NDArray, first: int, form: Form, layer: str, names: NDArray
) -> int:
    """(p,) single polygons and the lines that they share, which get the ids from ``first`` on; the polygons' follow.

    Returns how many lines there are. OutputError names the polygon ((p,) ``names``) that vanishes in the printed digits.
    """
    rings = rings_of(polygons, form.decimals, layer, names)
    form.cancellation.raise_if_cancelled()
    shared = share(rings.xy, rings.at)
    form.cancellation.raise_if_cancelled()
    count = len(shared.at) - 1
    _write_lines(lines, shared.xy, shared.at, first, form.bounding, form)
    label = numbers_fixed(labels(polygons))
    item = np.sign(shared.item) * (np.abs(shared.item) - 1 + first)
    begins = shared.item_at.tolist()
    ring_at = np.searchsorted(rings.part, np.arange(len(polygons) + 1)).tolist()
    for number in range(len(polygons)):
        _now_and_then(number, form)
        items: list[int] = []
        for ring in range(ring_at[number], ring_at[number + 1]):
            items += ([0] if items else []) + item[begins[ring] : begins[ring + 1]].tolist()
        rows = (items[k : k + ITEMS_A_ROW] for k in range(0, len(items), ITEMS_A_ROW))
        out.write(
            f"{first + count + number}\n{form.code}\n{form.style}\n{POLYGON}\n{label[number]}\n{INDIRECT}\n{len(items)}\n"
        )
        out.writelines(",".join(map(str, row)) + "\n" for row in rows)
        out.write("0\n")
    return count


def numbers_fixed(xy: NDArray) -> list[str]:
    """Label points."""
    return [f"{x:.{_LABEL_DECIMALS}f},{y:.{_LABEL_DECIMALS}f}" for x, y in xy.tolist()]


def _now_and_then(number: int, form: Form) -> None:
    if number % _CHECK_EVERY == 0:
        form.cancellation.raise_if_cancelled()
