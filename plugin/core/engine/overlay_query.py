# SPDX-License-Identifier: GPL-2.0-or-later
"""An overlay of rows of layers, described so that it can be computed for all rows or for some of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..geometry.overlay_pieces import OverlayPieces
from ..geometry.polygons import Polygons
from ..plan.layer import Layer

#: Overlays selected rows of two layers: polygons and rows ((n,), (m,) bool, None for all) of both; without a second
#: layer None, and the rows ((n,) bool) of which each pair has one.
Overlay = Callable[[Polygons, NDArray | None, Polygons | None, NDArray | None, NDArray | None], OverlayPieces]


class QueriedRows(NamedTuple):
    """Rows of a layer that are overlaid.

    ``polygons``: of the layer, or made from it; ``rows`` (n,) bool: the rows to use, None for all.
    """

    layer: Layer
    polygons: Polygons
    rows: NDArray | None

    def get_mask_of_rows(self, numbers: NDArray) -> NDArray | None:
        """Return ``rows`` for the rows with these numbers."""
        return None if self.rows is None else self.rows[numbers]


@dataclass(frozen=True)
class OverlayQuery:
    """An overlay of rows of two layers, or of one layer if ``right`` is None.

    ``settings``: all else that determines the pieces, as plain data and arrays. ``recomputes_right``: a piece depends
    only on rows whose boxes meet the box of its right row; otherwise, of its left row.
    """

    name: str
    left: QueriedRows
    right: QueriedRows | None
    settings: Any
    overlay: Overlay
    recomputes_right: bool = False

    @property
    def sides(self) -> tuple[QueriedRows, ...]:
        """Return the one or two layers."""
        return (self.left,) if self.right is None else (self.left, self.right)

    @property
    def recomputed_side(self) -> QueriedRows:
        """Return the layer for whose rows ``recomputes_right`` holds."""
        return self.right if self.right is not None and self.recomputes_right else self.left

    def compute(self) -> OverlayPieces:
        """Return the pieces of all rows. Raise Cancelled."""
        right_polygons, right_rows = (None, None) if self.right is None else (self.right.polygons, self.right.rows)
        return self.overlay(self.left.polygons, self.left.rows, right_polygons, right_rows, None)
