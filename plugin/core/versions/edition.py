# SPDX-License-Identifier: GPL-2.0-or-later
"""One edition of a layer as it is compared: its rows and their shapes in the plane, by stored vertices alone."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import NDArray

from ..geometry.straight import codes, stored_only
from ..layer import Layer


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


def edition_of(layer: Layer) -> Edition:
    """A layer of a plan as an edition."""
    shapes = layer.plane
    return Edition(layer, stored_only(shapes, codes(layer.added)) if len(layer.added) else shapes)
