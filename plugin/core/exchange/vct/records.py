# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of points, lines and polygons, as text: positions printed in blocks, rings cut into lines that neighbours
share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import numpy as np
import shapely
from numpy.typing import NDArray

from ...cancellation import Cancellation
from .shapes import extract_rings, label_points, round_xy

if TYPE_CHECKING:
    from .shapes import Labels


#: Positions that are printed at a time.
_BLOCK = 50_000


def format_numbers(values: NDArray, decimals: int) -> list[str]:
    """(n,) numbers one by one."""
    texts = [f"{value:.{decimals}f}" for value in round_xy(values, decimals).ravel().tolist()]
    return [text.rstrip("0").rstrip(".") for text in texts] if decimals else texts


def format_records(xy: NDArray, at: Sequence[int], heads: Sequence[str], tail: str, decimals: int) -> Iterator[str]:
    """Blocks of records: a head, the positions ``xy[at[k]:at[k + 1]]`` as a line each, the tail.

    ``xy`` (v, 2), ``at`` (r + 1,), ``heads`` (r,).
    """
    first = 0
    while first < len(heads):
        last = first + 1
        while last < len(heads) and at[last + 1] - at[first] <= _BLOCK:
            last += 1
        ends = [end - at[first] for end in at[first : last + 1]]
        yield _block(xy[at[first] : at[last]], ends, heads[first:last], tail, decimals)
        first = last


def _block(xy: NDArray, at: Sequence[int], heads: Sequence[str], tail: str, decimals: int) -> str:
    """One form for the whole block, filled at once: three times as fast as number by number."""
    scaled = np.rint(xy * 10.0**decimals).astype(np.int64)
    if (scaled < 0).any():
        rows = ["{},{}\n".format(*format_numbers(pair, decimals)) for pair in xy]
        return "".join(f"{head}{''.join(rows[at[k] : at[k + 1]])}{tail}" for k, head in enumerate(heads))
    whole, part = np.divmod(scaled, 10**decimals)
    left = np.full(part.shape, decimals)
    while (zero := (left > 0) & (part % 10 == 0)).any():
        part[zero] //= 10
        left[zero] -= 1
    # A number without decimals takes its second value, too, and prints nothing of it.
    one = ["%d%.0s", *(f"%d.%0{k}d" for k in range(1, decimals + 1))]
    pairs = [f"{x},{y}\n" for x in one for y in one]
    forms = [pairs[k] for k in (left[:, 0] * len(one) + left[:, 1]).tolist()]
    marks = (head.replace("%", "%%") for head in heads)
    form = "".join(f"{head}{''.join(forms[at[k] : at[k + 1]])}{tail}" for k, head in enumerate(marks))
    return form % tuple(np.stack([whole, part], axis=2).ravel().tolist())


# Rings cut into lines that neighbours share: each line once, and for every ring the lines that it runs along.
#
# Two rings share where their segments are equal to the last printed digit. A vertex is a node where rings come or go on
# other segments than each other; between nodes all rings that have a segment have its whole line.

#: Numbers of vertices, rings and segments: a layer of two thousand million vertices fits nowhere anyway.
_WHOLE = np.int32


@dataclass(frozen=True)
class SharedLines:
    """``xy`` (v, 2) the vertices line after line, ``at`` (k + 1,) where each begins; ``item`` (m,) ±(1 + line) ring after
    ring, negative against the line's direction; ``item_at`` (r + 1,) where each ring's begin."""

    xy: NDArray
    at: NDArray
    item: NDArray
    item_at: NDArray


def split_into_shared_lines(xy: NDArray, at: NDArray) -> SharedLines:
    """Lines of (r,) open rings: ``xy`` (v, 2) their vertices without the closing one, no two in succession alike;
    ``at`` (r + 1,) where each ring begins. Every ring has at least two vertices."""
    if not len(xy):
        return SharedLines(np.zeros((0, 2)), np.zeros(1, int), np.zeros(0, int), np.zeros(len(at), int))
    lengths = np.diff(at)
    # A layer has some million vertices: every array of them counts.
    ring = np.repeat(np.arange(len(lengths), dtype=_WHOLE), lengths)
    after = np.arange(1, len(xy) + 1, dtype=_WHOLE)
    after[at[1:] - 1] = at[:-1]
    before = np.empty(len(xy), dtype=_WHOLE)
    before[after] = np.arange(len(xy), dtype=_WHOLE)
    places = np.ascontiguousarray(xy).view(np.complex128).ravel()
    vertex = np.unique(places, return_inverse=True)[1].astype(_WHOLE)
    segment, along = _segments(vertex, vertex[after])
    node = _nodes(vertex, segment[before], segment, at)
    order = _from_first_cut(node[vertex], ring, at)
    cut = np.flatnonzero(node[vertex[order]])
    # Within a line every segment comes once, so its least one tells line and direction.
    mark = np.minimum.reduceat(segment[order] * np.int64(2) + along[order], cut)
    least, first, same = np.unique(mark // 2, return_index=True, return_inverse=True)
    # Lines are numbered as they come, so that neighbours in the file are neighbours on the ground.
    number = np.empty(len(least), dtype=np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(least))
    first.sort()
    line = number[same]
    item = np.where(mark % 2 == (mark % 2)[first][line], 1, -1) * (line + 1)
    item_at = np.searchsorted(ring[order][cut], np.arange(len(lengths) + 1))
    line_xy, line_at = _lines(xy, order, after, cut, first)
    return SharedLines(line_xy, line_at, item, item_at)


def _segments(start: NDArray, end: NDArray) -> tuple[NDArray, NDArray]:
    """(v,) the number of the segment that begins at each vertex, whatever its direction, and 1 where it runs upwards."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    key = low * np.int64(int(high.max()) + 1) + high
    del low, high
    return np.unique(key, return_inverse=True)[1].astype(_WHOLE), start < end


def _nodes(vertex: NDArray, coming: NDArray, going: NDArray, at: NDArray) -> NDArray:
    """bool by vertex number: where lines begin and end."""
    low, high = np.minimum(coming, going), np.maximum(coming, going)
    _, one = np.unique(vertex, return_index=True)
    # A ring that turns back on itself ends its line at the tip.
    other = (low != low[one][vertex]) | (high != high[one][vertex]) | (low == high)
    node = np.zeros(len(one), dtype=bool)
    node[vertex[other]] = True
    bare = ~np.logical_or.reduceat(node[vertex], at[:-1])
    # A ring without nodes is alone, or an island that fills a hole to the last vertex: both begin where the first does.
    alike = np.minimum.reduceat(vertex, at[:-1])[bare]
    begins = vertex[at[:-1]][bare]
    node[begins[np.unique(alike, return_index=True)[1]]] = True
    return node


def _from_first_cut(cut: NDArray, ring: NDArray, at: NDArray) -> NDArray:
    """(v,) the vertices in an order in which every ring begins with its first cut."""
    begins, lengths = at[:-1].astype(_WHOLE), np.diff(at).astype(_WHOLE)
    place = np.arange(len(cut), dtype=_WHOLE) - begins[ring]
    shift = np.minimum.reduceat(np.where(cut, place, _WHOLE(len(cut))), at[:-1])
    place += shift[ring]
    place %= lengths[ring]
    place += begins[ring]
    return place


def _lines(xy: NDArray, order: NDArray, after: NDArray, cut: NDArray, first: NDArray) -> tuple[NDArray, NDArray]:
    """The vertices of the lines that begin at the ``first`` of the ``cut`` places, the last one of each included."""
    ends = np.r_[cut[1:], len(order)]
    counts = (ends - cut)[first]
    at = np.r_[0, np.cumsum(counts + 1)]
    place = np.arange(at[-1]) - np.repeat(at[:-1], counts + 1)
    last = place == np.repeat(counts, counts + 1)
    position = np.repeat(cut[first], counts + 1) + place - last
    taken = order[position]
    return xy[np.where(last, after[taken], taken)], at


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
    for block in format_records(xy, at, heads, "0\n", form.decimals):
        form.cancellation.raise_if_cancelled()
        out.write(block)


def write_annotation(out: TextIO, points: NDArray, labels: Labels, first: int, form: Form) -> None:
    """(p,) single points with what is written there, their ids from ``first`` on."""
    places = zip(shapely.get_coordinates(points), labels.texts, labels.angles, strict=True)
    for number, (xy, text, angle) in enumerate(places):
        _now_and_then(number, form)
        turn = np.format_float_positional(angle + 0.0, trim="-")
        where = ",".join([*format_numbers(xy, form.decimals), turn])
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
    rings = extract_rings(polygons, form.decimals, layer, names)
    form.cancellation.raise_if_cancelled()
    shared = split_into_shared_lines(rings.xy, rings.at)
    form.cancellation.raise_if_cancelled()
    count = len(shared.at) - 1
    _write_lines(lines, shared.xy, shared.at, first, form.bounding, form)
    label = numbers_fixed(label_points(polygons))
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
