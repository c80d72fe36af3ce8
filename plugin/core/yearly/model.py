# SPDX-License-Identifier: GPL-2.0-or-later
"""What a year's maintenance comes to: for each layer rows and shapes of the three classes, and the comparison behind them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..plan.layer import Layer
from ..plan.plan import Plan
from ..standard.maintenance import MaintainedLayerSpec
from ..versions.model import CHANGED, IN, OUT, Balance, Comparison

#: Kind of a part → 维护类型 (WHLX): 调入, 属性变更, 调出.
KIND_CODES = {IN: "1", CHANGED: "2", OUT: "3"}


class Change(NamedTuple):
    """One polygon of the class of changes, in the plane (metres): its ``kind``, and its rows in the two editions, −1 for none."""

    kind: str
    before: int
    after: int
    shape: Any
    area_m2: float


class After(NamedTuple):
    """One polygon of the class 维护后, in the plane: land of a row of the current edition; ``area_m2`` statutory; ``share`` of
    the row, 1 when it is the whole of it."""

    row: int
    shape: Any
    area_m2: float
    share: float


@dataclass
class MaintainedLayer:
    """``before`` (q,) rows of the filed edition that lose land or change; ``filed`` they as a layer, with the vertices that changes
    and what is after have on their edges (`nodes`); ``left_out``: kind → statutory m² that the layer's
    kinds of maintenance do not know, and that is in no class; ``townships``: name → its balance (statutory), ``""`` for land in
    none; empty where there are no townships."""

    maintained: MaintainedLayerSpec
    found: Comparison
    before: NDArray = field(default_factory=lambda: np.zeros(0, dtype=int))
    filed: Layer | None = None
    changes: list[Change] = field(default_factory=list)
    after: list[After] = field(default_factory=list)
    left_out: dict[str, float] = field(default_factory=dict)
    townships: dict[str, Balance] = field(default_factory=dict)

    @property
    def role(self) -> str:
        return self.maintained.role

    @property
    def before_m2(self) -> float:
        """Statutory m² of the class 维护前."""
        return 0.0 if self.filed is None else float(np.nansum(self.filed.statutory))

    @property
    def filed_m2(self) -> float:
        """Statutory m² of the parcels of that class by the vertices that were filed."""
        return float(np.nansum(self.found.before.layer.statutory[self.before]))

    @property
    def filed_nodes(self) -> int:
        """Vertices that the class 维护前 has beyond those filed."""
        if self.filed is None:
            return 0
        there, own = (
            shapely.get_num_coordinates(s)
            for s in (self.filed.raw_shapes, self.found.before.layer.raw_shapes[self.before])
        )
        return int((there - own).sum())

    def area(self, kind: str) -> float:
        """Statutory m² of the changes of a kind."""
        return sum(one.area_m2 for one in self.changes if one.kind == kind)

    def count(self, kind: str) -> int:
        return sum(one.kind == kind for one in self.changes)


@dataclass
class YearlyUpdate:
    """``layers`` that both editions have, in the standard's order; ``skipped``: role → why, as a key of texts; ``highest``: the
    highest running number of the county in layers of both sources that were not read for the comparison."""

    filed: Plan
    current: Plan
    year: int
    day: date
    layers: list[MaintainedLayer] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    highest: int = 0

    @property
    def changed(self) -> list[MaintainedLayer]:
        return [layer for layer in self.layers if layer.changes]

    @property
    def counts(self) -> dict[str, int]:
        """Kind → polygons of changes in all layers."""
        told: Counter[str] = Counter(one.kind for layer in self.layers for one in layer.changes)
        return {kind: told[kind] for kind in KIND_CODES}
