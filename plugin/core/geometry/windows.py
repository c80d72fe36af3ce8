# SPDX-License-Identifier: GPL-2.0-or-later
"""Large polygons seen through windows: the part around a small shape, the same inside it as the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .local import moved, moved_back, origins
from .validity import polygons_only

#: A polygon with more vertices than this is looked at through a window.
LARGE_VERTICES = 512
#: A window reaches this far (m) beyond what is looked at: the vertices that clipping adds lie outside it.
MARGIN_M = 10.0
#: Windows are halved no further than this often.
_DEEPEST = 12


class Windows:
    """Windows on (n,) polygons. A window is twice as wide as its cell, so that a shape no larger than a cell always
    lies in the window of the cell where its lower left corner is; each is cut from the one a level above and kept.
    """

    def __init__(self, shapes: NDArray):
        self._shapes = shapes
        self.large = shapely.get_num_coordinates(shapes) > LARGE_VERTICES
        self._cut: dict[tuple[int, int, int, int], Any] = {}

    def around(self, row: int, bounds: NDArray) -> Any:
        """What is to be seen of polygon ``row`` around ``bounds`` (xmin, ymin, xmax, ymax in m); None for nothing."""
        shape = self._shapes[row]
        xmin, ymin, xmax, ymax = shape.bounds
        side = max(xmax - xmin, ymax - ymin)
        reach = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
        level = int(min(np.floor(np.log2(side / reach)), _DEEPEST)) if 0 < reach < side else 0
        if level < 1:
            return shape
        cell = side / 2**level
        column, line = int((bounds[0] - xmin) // cell), int((bounds[1] - ymin) // cell)
        # A shape that begins left of or below the polygon is seen from its first cell.
        return self._window(row, (xmin, ymin, side), level, max(column, 0), max(line, 0))

    def _window(self, row: int, frame: tuple[float, float, float], level: int, column: int, line: int) -> Any:
        if level < 1:
            return self._shapes[row]
        name = (row, level, column, line)
        if name not in self._cut:
            above = self._window(row, frame, level - 1, column // 2, line // 2)
            self._cut[name] = _clip(above, _box(frame, level, column, line))
        return self._cut[name]


def _box(frame: tuple[float, float, float], level: int, column: int, line: int) -> Any:
    xmin, ymin, side = frame
    cell = side / 2**level
    x, y = xmin + column * cell, ymin + line * cell
    # The margin grows with the cell, so that a window lies inside the one it is cut from.
    margin = MARGIN_M + cell / 64
    return shapely.box(x - margin, y - margin, x + 2 * cell + margin, y + 2 * cell + margin)


def _clip(shape: Any, box: Any) -> Any:
    if shape is None or shapely.get_num_coordinates(shape) <= LARGE_VERTICES:
        return shape
    both = np.array([shape, box], dtype=object)
    # What lies off by a hair's breadth must not be snapped before it is looked at.
    origin = origins(both[1:])
    shape_there, box_there = moved(both, -origin[0])
    try:
        seen = np.array([polygons_only(shapely.intersection(shape_there, box_there))], dtype=object)
        return moved_back(seen, origin)[0]
    except shapely.GEOSException:
        # The whole shape is slower, not wrong.
        return shape
