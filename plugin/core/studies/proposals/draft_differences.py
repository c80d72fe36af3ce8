# SPDX-License-Identifier: GPL-2.0-or-later
"""The land on which drafts of a line and the plan as it is differ (方案对比), with its areas, townships and survey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...engine.context import RuleContext
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons, union_polygon_rows
from ...plan.layer import Layer
from ...render.versions.baseline import get_township_polygons
from ...standard.messages.texts import Message
from .boundary_parts import Parts
from .supplement_demand import NO_TOLERANCE, divide_by_township

#: Land (m²) up to which a gap of the survey is an inaccuracy of edges.
_LEAST_GAP_M2 = 1.0


@dataclass
class Differences:
    """Land that some but not all editions have, the largest part first; land drawn twice counts once.

    ``shapes`` (k,): connected polygons in the plane; ``inside`` (k, editions) bool: whether the line of an edition has
    them; ``cultivated_m2`` (k,): their cultivated land, NaN where the survey does not cover them; ``townships``: names
    of those that each lies in, None without townships; ``sliver_m2``: land that is left out as slivers; ``gaps``: what
    is unknown of the line of the plan as it is.
    """

    shapes: NDArray
    inside: NDArray
    areas_m2: NDArray
    cultivated_m2: NDArray
    townships: list[list[str]] | None
    sliver_m2: float
    gaps: tuple[Message, ...]

    @property
    def is_disputed(self) -> NDArray:
        """Return (k,) bool: the drafts differ from each other, not only from the plan as it is."""
        return np.ptp(self.inside[:, 1:].astype(int), axis=1) > 0

    def find_moved(self, edition: int) -> dict[str, NDArray]:
        """Return (k,) bool by kind, out and in: the land that an edition has less or more than the plan as it is."""
        before, after = self.inside[:, 0], self.inside[:, edition]
        return {"out": before & ~after, "in": after & ~before}


def find_differences(line: str, layers: Sequence[Layer], ctx: RuleContext) -> Differences:
    """Return the land on which layers of a line differ. Raise InputError if an overlay fails."""
    unions = [union_polygon_rows(one.polygons, tolerance=ctx.tolerance) for one in layers]
    for union, layer in zip(unions, layers, strict=True):
        if union is None:
            raise InputError("boundary_overlay", layer=layer.name, count=1)
    land = shapely.difference(shapely.union_all(unions), shapely.intersection_all(unions))
    parts = Parts(shapely.get_parts(land), {})
    for number, layer in enumerate(layers):
        parts = parts.divide(str(number), layer.polygons, ctx)
    area = ctx.geometry.measure_drawn_areas(parts.shape)
    is_sliver = ctx.tolerance.is_sliver(area, 2 * area / np.maximum(shapely.length(parts.shape), 1e-9))
    order = np.flatnonzero(~is_sliver)[np.argsort(-area[~is_sliver], kind="stable")]
    inside = np.column_stack([parts.source[str(n)][order] >= 0 for n in range(len(layers))])
    shapes = parts.shape[order]
    return Differences(
        shapes,
        inside,
        area[order],
        _measure_cultivated(shapes, area[order], ctx),
        _list_townships(shapes, ctx),
        float(area[is_sliver].sum()),
        ctx.plan.list_gaps(line),
    )


def _measure_cultivated(shapes: NDArray, areas_m2: NDArray, ctx: RuleContext) -> NDArray:
    """Return the (k,) cultivated land (m²) of the plan's survey in shapes; NaN where the survey does not cover them."""
    survey = ctx.plan.find_drawn_layer("parcels", "base_parcels")
    if survey is None:
        return np.full(len(shapes), np.nan)
    pieces = find_shared_pieces(
        survey.polygons,
        Polygons(shapes),
        tolerance=NO_TOLERANCE,
        keep_slivers=True,
        cancellation=ctx.cancellation,
    )
    pieces = ctx.geometry.remove_repeated_land(pieces, survey)
    areas = ctx.geometry.measure_drawn_areas(pieces.geometry)
    is_cultivated = ctx.find_cultivated_rows(survey)[pieces.left]
    has_gap = areas_m2 - np.bincount(pieces.right, areas, len(shapes)) > _LEAST_GAP_M2
    return np.where(has_gap, np.nan, np.bincount(pieces.right, areas * is_cultivated, len(shapes)))


def _list_townships(shapes: NDArray, ctx: RuleContext) -> list[list[str]] | None:
    """Return the townships of each shape, that with most of its land first; None without townships."""
    if not get_township_polygons(ctx.plan).names:
        return None
    names: list[list[str]] = [[] for _ in shapes]
    if len(shapes):
        owner, township, share = divide_by_township(shapes, ctx)
        for n in np.argsort(-share, kind="stable").tolist():
            names[owner[n]] += [township[n]] if township[n] else []
    return names
