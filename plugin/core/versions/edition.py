# SPDX-License-Identifier: GPL-2.0-or-later
"""One edition of a layer as it is compared: its rows and their shapes in the plane, by stored vertices alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry.straight import codes, stored_only
from ..geometry.validity import missing
from ..plan.layer import Layer


@dataclass(frozen=True)
class Edition:
    """``shapes`` (n,) valid polygons or None in the layer's plane (metres).

    Vertices that only the plane has are left out: an edge whose ends both editions have is one edge, whichever
    coordinate system either was stored in. What is drawn anew on long edges of another zone is off by a few millimetres.
    """

    layer: Layer
    shapes: NDArray

    def __len__(self) -> int:
        return len(self.layer)

    @property
    def mended(self) -> list[str]:
        """The rows that are compared by a repaired copy, by key (#feature id where that does not tell them apart)."""
        return self._called(np.flatnonzero(self.layer.invalid & ~missing(self.shapes)).tolist())

    @property
    def shapeless(self) -> list[str]:
        """The rows without a shape that could be compared, likewise: empty, broken, or where the CRS says they cannot lie."""
        return self._called(np.flatnonzero(missing(self.shapes)).tolist())

    def _called(self, rows: Iterable[int]) -> list[str]:
        layer = self.layer
        return [f"#{layer.fids[n]}" if n in layer.unsure_keys else layer.keys[n] for n in rows]


def edition_of(layer: Layer) -> Edition:
    """A layer of a plan as an edition."""
    shapes = layer.plane
    return Edition(layer, stored_only(shapes, codes(layer.added)) if len(layer.added) else shapes)
