# SPDX-License-Identifier: GPL-2.0-or-later
"""What all pictures of one report share: the plan, its conflicts, and what was made for one and serves another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from ...core.cancellation import Cancellation
from ...core.geometry.validity import missing, polygons_only
from ...core.render.pictures import largest
from ...core.render.words import Words
from ..layers import painting
from ..layers.crs import to_qgis_crs
from ..layers.painting import Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...core.model.report import Report
    from ...core.plan.layer import Layer
    from ...core.plan.plan import Plan

#: A polygon with more vertices is cut to the picture first.
_MANY_VERTICES = 5_000


class Scene:
    """``chosen`` are the findings that get a close-up, ``placed`` all that lie somewhere; ``outlines`` are layers as the
    overview generalised them, by concept and role."""

    def __init__(self, plan: Plan, report: Report, words: Words, cancellation: Cancellation):
        self.plan, self.words, self.cancellation = plan, words, cancellation
        self.crs = to_qgis_crs(plan.crs)
        self.chosen = largest(report)
        self.placed = [f for f in report.findings if f.geom_kind != "none"]
        self.outlines: dict[tuple[str, str], NDArray] = {}
        self._trees: dict[str, shapely.STRtree] = {}
        self._shapes: dict[str, NDArray] = {}

    def shapes(self, layer: Layer) -> NDArray:
        """A layer's shapes where the findings are."""
        if layer.role not in self._shapes:
            self._shapes[layer.role] = self.plan.shown(layer.plane)
        return self._shapes[layer.role]

    def tree(self, layer: Layer) -> shapely.STRtree:
        """The index of a layer's present shapes."""
        if layer.role not in self._trees:
            self._trees[layer.role] = shapely.STRtree(self.shapes(layer)[~missing(layer.plane)])
        return self._trees[layer.role]


def style_of(layer: Layer, concept: str) -> str:
    """The style of the layer's role, else of the first role that answers its concept and has one."""
    if concept == "county":
        return "XZQX"
    if concept == "townships":
        return "XZQXZ"
    if painting.has_style(layer.role):
        return layer.role
    return {"farmland": "YJJBNTBHTB", "zones": "YDYHGHFQ"}.get(concept, layer.role)


def widened(sheet: Sheet, share: float = 0.1) -> tuple[float, float, float, float]:
    west, south, east, north = sheet.extent
    margin = (east - west) * share
    return west - margin, south - margin, east + margin, north + margin


def cut(shape: Any, sheet: Sheet) -> Any:
    """A huge polygon cut to the picture and a margin, where the cut is not seen."""
    if shape is None or shapely.get_num_coordinates(shape) <= _MANY_VERTICES:
        return shape
    return polygons_only(shapely.clip_by_rect(shape, *widened(sheet, 0.3)))
