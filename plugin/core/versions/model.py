# SPDX-License-Identifier: GPL-2.0-or-later
"""One edition as it is compared, and what a comparison gives: parts that moved or changed, the balance, and the one
word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry.edge_densification import added_vertex_codes, without_added_vertices
from ..geometry.validity import is_missing
from ..plan.layer import Layer
from .attributes import ComparedFields


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
    def repaired_rows(self) -> list[str]:
        """The rows that are compared by a repaired copy, by key (#feature id where that does not tell them apart)."""
        return self._called(np.flatnonzero(self.layer.invalid & ~is_missing(self.shapes)).tolist())

    @property
    def rows_without_shape(self) -> list[str]:
        """The rows without a shape that could be compared, likewise: empty, broken, or where the CRS says they cannot lie."""
        return self._called(np.flatnonzero(is_missing(self.shapes)).tolist())

    def _called(self, rows: Iterable[int]) -> list[str]:
        layer = self.layer
        return [f"#{layer.fids[n]}" if n in layer.repeated_keys else layer.keys[n] for n in rows]


def make_edition(layer: Layer) -> Edition:
    """A layer of a plan as an edition."""
    shapes = layer.plane
    return Edition(
        layer, without_added_vertices(shapes, added_vertex_codes(layer.added)) if len(layer.added) else shapes
    )


#: Kinds of parts, as in 年度动态维护: 调入, 调出, 属性变更.
IN, OUT, CHANGED = "in", "out", "changed"
KINDS = (IN, OUT, CHANGED)
STATUTORY, NET = "statutory", "net"


@dataclass
class ChangedPart:
    """A piece of land that moved in, moved out or changed its attributes.

    ``before``, ``after``: rows of the editions, −1 where there is none; ``area_m2`` statutory, of a changed part as it is
    now; ``net_before_m2``, ``net_after_m2`` its share of the rows' net areas (NaN where the layer has none); ``changes``
    field, old and new value.
    """

    kind: str
    before: int
    after: int
    geometry: Any
    township: str
    area_m2: float
    net_before_m2: float
    net_after_m2: float
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    cause: str = ""

    @property
    def net_m2(self) -> float:
        return self.net_before_m2 if self.kind == OUT else self.net_after_m2


@dataclass
class Balance:
    """Areas in m²: before − moved_out + moved_in + revalued + doubled = after.

    ``moved_in``, ``moved_out`` hold slivers too; ``changed`` is the land with other attributes; ``revalued``: what land
    that stayed has gained, because its net area or the vertices on its edges are others now; ``reshaped``: what of that parcels
    gained that lost land or changed; ``doubled``: land that
    several features of one edition claim.
    """

    before: float = 0.0
    moved_out: float = 0.0
    moved_in: float = 0.0
    changed: float = 0.0
    revalued: float = 0.0
    doubled: float = 0.0
    after: float = 0.0
    reshaped: float = 0.0

    @property
    def land_after(self) -> float:
        """What the later edition has, land that it claims anew twice (or without a shape) left out: it makes up for no loss."""
        return self.after - max(self.doubled, 0.0)

    @property
    def rest(self) -> float:
        """What the sides differ by: a double's own error."""
        return self.before - self.moved_out + self.moved_in + self.revalued + self.doubled - self.after


@dataclass
class Comparison:
    """``balance`` by basis (statutory, and net where both editions have it) and township, the whole under ``""`` in
    ``total``. ``renumbered``: rows (before, after) of one shape with another key; ``reused``: keys that name land elsewhere
    now; ``redrawn``: rows of both editions without an equal, ``slivers`` and ``sliver_m2``: parts below both minimums, in the
    sums but not in ``parts``; ``failed``: pairs of rows that could not be computed."""

    before: Edition
    after: Edition
    fields: ComparedFields
    parts: list[ChangedPart] = field(default_factory=list)
    total: dict[str, Balance] = field(default_factory=dict)
    townships: dict[str, dict[str, Balance]] = field(default_factory=dict)
    equal: int = 0
    renumbered: list[tuple[int, int]] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    redrawn: tuple[int, int] = (0, 0)
    changed_rows: int = 0
    slivers: list[Any] = field(default_factory=list)
    #: Of each sliver its kind, its rows in the two editions (−1 for none) and its statutory m².
    sliver_rows: list[tuple[str, int, int, float]] = field(default_factory=list)
    sliver_m2: float = 0.0
    #: Of each earlier row that lost land or changed what its land that stayed has gained (statutory m²).
    reshaped: dict[int, float] = field(default_factory=dict)
    failed: list[tuple[int, int]] = field(default_factory=list)
    #: Rows whose net area is missing, of both editions.
    without_net: tuple[int, int] = (0, 0)

    @property
    def identical(self) -> bool:
        """Every row has its equal: shape to the cluster tolerance, key, and each field that both editions have."""
        return not (any(self.redrawn) or self.changed_rows or self.renumbered or self.failed)

    def of_kind(self, kind: str) -> list[ChangedPart]:
        return [part for part in self.parts if part.kind == kind]

    def area(self, kind: str) -> float:
        """Statutory area (m²) of a kind, slivers and all."""
        balance = self.total[STATUTORY]
        return {IN: balance.moved_in, OUT: balance.moved_out, CHANGED: balance.changed}[kind]
