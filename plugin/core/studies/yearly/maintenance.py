# SPDX-License-Identifier: GPL-2.0-or-later
"""A year's maintenance of each layer: parcels before, changes, parcels after."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...plan.layer import Layer
from ...plan.plan import Plan
from ...render.versions.edition_comparison import (
    CHANGED_KIND,
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    AreaBalance,
    VersionComparison,
)
from ...standard.maintenance import MaintainedLayerSpec

#: Kind of a part → 维护类型 (WHLX): 调入, 属性变更, 调出.
KIND_CODES = {MOVED_IN_KIND: "1", CHANGED_KIND: "2", MOVED_OUT_KIND: "3"}


class LandChange(NamedTuple):
    """A change of land: one polygon of a layer's class of changes, in metres.

    ``kind``: in, out or changed; ``before_row`` and ``after_row``: row of the land in the earlier and in the later
    edition, −1 without a row; ``area_m2``: statutory area.
    """

    kind: str
    before_row: int
    after_row: int
    shape: Any
    area_m2: float


class ParcelAfterChange(NamedTuple):
    """A parcel after the change: one polygon of the class 维护后, in metres.

    ``current_row``: its row in the current edition; ``area_m2``: statutory area; ``share_of_row``: the polygon's share
    of that row, 1 for the whole row.
    """

    current_row: int
    shape: Any
    area_m2: float
    share_of_row: float


@dataclass
class MaintainedLayer:
    """A layer in yearly maintenance: its comparison and its three classes.

    Attributes
    ----------
    filed_rows
        (q,) rows of the filed (earlier) edition that lose land or change.
    filed_layer
        These rows as a layer, with added vertices: those that the other classes have on their edges (`nodes`).
    left_out
        Kind → statutory m² of changes that are in no class, because the layer does not have the kind.
    balance_by_township
        Name of the township → statutory balance; ``""`` for land outside townships. Empty without townships.
    """

    layer_spec: MaintainedLayerSpec
    comparison: VersionComparison
    filed_rows: NDArray = field(default_factory=lambda: np.zeros(0, dtype=int))
    filed_layer: Layer | None = None
    changes: list[LandChange] = field(default_factory=list)
    parcels_after_change: list[ParcelAfterChange] = field(default_factory=list)
    left_out: dict[str, float] = field(default_factory=dict)
    balance_by_township: dict[str, AreaBalance] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """Return the layer's code in the standard."""
        return self.layer_spec.role

    @property
    def area_before_m2(self) -> float:
        """Return the statutory area (m²) of the parcels before the change (维护前)."""
        return 0.0 if self.filed_layer is None else float(np.nansum(self.filed_layer.statutory))

    @property
    def stored_area_before_m2(self) -> float:
        """Return the statutory area (m²) of the parcels before the change as stored, without added vertices."""
        return float(np.nansum(self.comparison.earlier_edition.layer.statutory[self.filed_rows]))

    @property
    def added_vertex_count_before(self) -> int:
        """Return the number of vertices added to the parcels before the change (维护前)."""
        if self.filed_layer is None:
            return 0
        vertex_counts, filed_vertex_counts = (
            shapely.get_num_coordinates(s)
            for s in (self.filed_layer.raw_shapes, self.comparison.earlier_edition.layer.raw_shapes[self.filed_rows])
        )
        return int((vertex_counts - filed_vertex_counts).sum())

    def sum_area_m2(self, kind: str) -> float:
        """Return the statutory area (m²) of the changes of a kind: in, out or changed."""
        return sum(one.area_m2 for one in self.changes if one.kind == kind)

    def count_changes(self, kind: str) -> int:
        """Return the number of changes of a kind: in, out or changed."""
        return sum(one.kind == kind for one in self.changes)


@dataclass
class YearlyUpdate:
    """The year's maintenance of all layers that both editions have.

    ``filed_plan`` and ``current_plan``: the earlier and the later edition; ``skip_reason_by_role``: layer code → text
    key of the reason; ``highest_running_number``: the county's highest running number of keys in layers that were not
    read for the comparison.
    """

    filed_plan: Plan
    current_plan: Plan
    year: int
    update_date: date
    maintained_layers: list[MaintainedLayer] = field(default_factory=list)
    skip_reason_by_role: dict[str, str] = field(default_factory=dict)
    highest_running_number: int = 0

    @property
    def changed_layers(self) -> list[MaintainedLayer]:
        """Return the layers with changes."""
        return [layer for layer in self.maintained_layers if layer.changes]

    @property
    def change_counts(self) -> dict[str, int]:
        """Return kind of change → number of its polygons in all layers."""
        counts: Counter[str] = Counter(one.kind for layer in self.maintained_layers for one in layer.changes)
        return {kind: counts[kind] for kind in KIND_CODES}
