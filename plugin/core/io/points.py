# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of coordinates (界址点, 拐点): a boundary may lie in a text or a workbook, point by point.

A list of places (a register of monuments with 经度 and 纬度) holds no boundary. What tells one: the official head, numbers of
points, a ring that closes, or lines of numbers and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

#: Points that draw a polygon.
_LEAST = 3
#: Share of lines that hold points in a list of nothing else.
_MOSTLY = 0.8
#: Degrees and metres that the points of one county lie apart at most.
_APART = {"degrees": 5.0, "zone": 500_000.0, "plane": 500_000.0}
#: Where the country lies: longitude and latitude; northing, easting, and the numbers of zones (of 6° and of 3°).
_LONGITUDE, _LATITUDE = (73.0, 136.0), (3.0, 54.0)
_NORTHING, _EASTING, _ZONES = (380_000.0, 6_000_000.0), (150_000.0, 850_000.0), (13, 45)
#: Decimals of a degree that a boundary has (0.0001° is 10 m).
_DECIMALS = 4
_WORDS = re.compile(r"地块坐标|界址|拐点|圈号|点号")
_HEADS = re.compile(r"坐标|(?<![A-Za-z])X(?![A-Za-z]).*(?<![A-Za-z])Y(?![A-Za-z])", re.IGNORECASE)
_LABEL = re.compile(r"[A-Za-z]{0,4}\d*")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_SPLIT = re.compile(r"[,;\s，；、|]+")
_NAMED = re.compile(r"[A-Za-z]+\s*[=:：]\s*")
_SEXAGESIMAL = re.compile(r"(\d{1,3})\s*[°度]\s*(\d{1,2})\s*['′’分]\s*(\d{1,2}(?:\.\d+)?)\s*(?:[\"″”秒]|'')?")


class _Point(NamedTuple):
    """``system``: ``degrees``, ``zone`` (an easting with the number of its zone), or ``plane``."""

    system: str
    x: float
    y: float
    exact: bool


def text_lists_points(text: str) -> bool:
    """Is it a list of coordinates, in lines or in one line?"""
    text = _SEXAGESIMAL.sub(_in_degrees, text)
    rows = [_SPLIT.split(_NAMED.sub(" ", line).strip()) for line in text.splitlines() if line.strip()]
    return rows_list_points(rows, text)


def rows_list_points(rows: Iterable[list[str]], words: str) -> bool:
    """The same of cells; ``words``: the text where the heads of columns are."""
    points: list[_Point] = []
    lines = drawn = pure = 0
    for cells in rows:
        cells = [cell for cell in cells if cell]
        found = _points(cells)
        lines += bool(cells)
        drawn += bool(found)
        pure += bool(found) and all(_NUMBER.fullmatch(cell) or _LABEL.fullmatch(cell) for cell in cells)
        points += found
    systems = {point.system for point in points}
    if len(points) < _LEAST or len(systems) != 1:
        return False
    (system,) = systems
    if any(max(values) - min(values) > _APART[system] for values in ([p.x for p in points], [p.y for p in points])):
        return False
    if _WORDS.search(words) or _closes(points):
        return True
    exact = all(point.exact for point in points)
    return exact and pure >= _MOSTLY * lines and (system != "plane" or bool(_HEADS.search(words)))


def _points(cells: list[str]) -> list[_Point]:
    """The points in a line: two numbers beside each other."""
    found, skip = [], False
    for first, second in pairwise(cells):
        if skip:
            skip = False
            continue
        if _NUMBER.fullmatch(first) and _NUMBER.fullmatch(second):
            point = _point(first, second) or _point(second, first)
            if point is not None:
                found.append(point)
                skip = True
    return found


def _point(first: str, second: str) -> _Point | None:
    """A point of x before y."""
    x, y = float(first), float(second)
    if min(_decimals(first), _decimals(second)) >= _DECIMALS and _within(x, _LONGITUDE) and _within(y, _LATITUDE):
        return _Point("degrees", x, y, True)
    exact = max(_decimals(first), _decimals(second)) > 0
    if not _within(y, _NORTHING):
        return None
    zone, easting = divmod(x, 1e6)
    if _within(easting, _EASTING) and (zone == 0 or _within(zone, _ZONES)):
        return _Point("zone" if zone else "plane", x, y, exact)
    return None


def _closes(points: list[_Point]) -> bool:
    """Does the first point come again after two others at least?"""
    return points[0] in points[_LEAST:] and len(set(points)) >= _LEAST


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def _in_degrees(found: re.Match[str]) -> str:
    degrees, minutes, seconds = map(float, found.groups())
    return f" {degrees + minutes / 60 + seconds / 3600:.7f} "
