# SPDX-License-Identifier: GPL-2.0-or-later
"""A year's maintenance of each layer: parcels before, changes, parcels after.

The rules on yearly maintenance share the classes of a layer, and the areas between bent edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...engine.context import RuleContext
from ...geometry import crs as crs_care
from ...geometry.ring_sums import compute_cross_products
from ...geometry.statutory_area import SEMI_MAJOR_M
from ...model.findings import Finding
from ...model.rule import RuleResult
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...render.versions.edition_comparison import (
    CHANGED_KIND,
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    AreaBalance,
    VersionComparison,
)
from ...standard.maintenance import AFTER_STAGE, BEFORE_STAGE, CHANGE_STAGE, MaintainedLayerSpec

#: Kind of a part → 维护类型 (WHLX): 调入, 属性变更, 调出.
KIND_CODES = {MOVED_IN_KIND: "1", CHANGED_KIND: "2", MOVED_OUT_KIND: "3"}
#: Margin of the formula: a Gauss–Krüger zone adds up to a fortieth at its edge, and the edge may be slanted.
_BEND_ALLOWANCE = 1.1


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


@dataclass(frozen=True)
class MaintenanceClasses:
    """The three classes of one maintained layer.

    ``before_layer`` (WHQ…): parcels before the change; ``change_layer`` (WHC…); ``after_layer`` (WHH…): parcels after
    it. A class that is missing is None.
    """

    layer_spec: MaintainedLayerSpec
    before_layer: Layer | None
    change_layer: Layer
    after_layer: Layer | None

    @property
    def existing_layers(self) -> list[Layer]:
        """Return the classes that exist, as layers."""
        return [layer for layer in (self.before_layer, self.change_layer, self.after_layer) if layer is not None]


def find_maintenance_classes(ctx: RuleContext) -> list[MaintenanceClasses]:
    """Return the three classes of each maintained layer, in the standard's order."""
    rules, layers = ctx.norm.standard.maintenance, ctx.plan.layers
    if rules is None:
        return []
    prefix = {stage: rules.class_by_stage[stage].prefix for stage in (BEFORE_STAGE, CHANGE_STAGE, AFTER_STAGE)}
    return [
        MaintenanceClasses(
            one,
            layers.get(prefix[BEFORE_STAGE] + one.role),
            layers[prefix[CHANGE_STAGE] + one.role],
            layers.get(prefix[AFTER_STAGE] + one.role),
        )
        for one in rules.layers
        if prefix[CHANGE_STAGE] + one.role in layers
    ]


def check_each_layer(ctx: RuleContext, find_problems: Callable[[MaintenanceClasses], Iterable[Finding]]) -> RuleResult:
    """Run a rule's search on the classes of each maintained layer and return all findings.

    The result is not applicable if the plan has no such classes.
    """
    maintained_layers = find_maintenance_classes(ctx)
    if not maintained_layers:
        return RuleResult(is_applicable=False, notes=[("maintenance_not_there", {})])
    return RuleResult(findings=[finding for one in maintained_layers for finding in find_problems(one)])


def compute_bend_area_allowance(shape: Any, plane_crs: CRS, cluster_m: float) -> float:
    """Return the area (m²) that vertices inserted on long edges may have added to or removed from a polygon.

    A chord of length L that is straight in a plane of metres is at most s = L²·tan φ / 8R away from the chord that is
    straight in degrees (see `nodes`). Successive vertices that are all within s of the chord of their ends may
    therefore have been inserted on it. The absolute areas between such vertices and their chords are summed over the
    polygon.

    Parameters
    ----------
    shape
        Polygon in ``plane_crs``, metres.
    cluster_m
        Cluster tolerance, metres.
    """
    lonlat = crs_care.make_lonlat_transformer(plane_crs)(shapely.get_coordinates(shapely.point_on_surface(shape)))
    # s = L² · bend
    bend = _BEND_ALLOWANCE * abs(math.tan(math.radians(float(lonlat[0, 1])))) / (8 * SEMI_MAJOR_M)
    area_m2 = 0.0
    for line in (ring for part in shapely.get_parts([shape]) for ring in (part.exterior, *part.interiors)):
        xy = shapely.get_coordinates(line)[:-1]
        previous_xy, next_xy = np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0)
        chord = next_xy - previous_xy
        with np.errstate(invalid="ignore", divide="ignore"):
            turn = np.abs(compute_cross_products(xy - previous_xy, chord)) / (chord**2).sum(axis=1) ** 1.5
        # The ring starts at a corner, so that no row of vertices continues over its end.
        xy = np.roll(xy, -int(np.argmax(np.nan_to_num(turn, posinf=np.inf))), axis=0)
        xy = np.concatenate([xy, xy[:1]])
        first = 0
        while first < len(xy) - 1:
            last = first + 1
            while last + 1 < len(xy) and _is_on_chord(xy[first : last + 2], bend, cluster_m):
                last += 1
            run = xy[first : last + 1] - xy[first]
            area_m2 += abs(float(compute_cross_products(run[:-1], run[1:]).sum())) / 2
            first = last
    return area_m2


def _is_on_chord(vertices: NDArray, bend_m: float, cluster_m: float) -> bool:
    """Return True if all vertices lie along the chord of the first and the last one, within the bend (m)."""
    chord = vertices[-1] - vertices[0]
    length = float(np.hypot(*chord))
    if not length:
        return False
    along = (vertices - vertices[0]) @ chord
    off = np.abs(compute_cross_products(vertices[1:-1] - vertices[0], chord[None, :])) / length
    return bool((np.diff(along) > 0).all() and (off <= length**2 * bend_m + cluster_m).all())
