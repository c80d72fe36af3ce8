# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures that count land twice, because rows of their layer overlap (TOP001)."""

from __future__ import annotations

import numpy as np
import shapely

from ...base.errors import Cancellation
from ...engine.context import RuleContext
from ...engine.kept_results import KeptResults
from ...engine.outcome import find_township_names_of_points
from ...geometry import crs as crs_care
from ...geometry.overlay_pieces import OverlayPieces
from ...geometry.polygon_rings import find_inner_points
from ...geometry.statutory_area import compute_drawn_area
from ...geometry.tolerance import Tolerance
from ...model.indicator import SQUARE_METRES, Indicator, compute_margin
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.indicator_catalogue import load_catalogue

_TOWNSHIP_PREFIX = "township_"
#: Decimals of printed areas and of printed ratios.
_AREA_DECIMALS, _RATIO_DECIMALS = 2, 4


class RepeatedLand:
    """Land that rows of a plan's layers cover more than once.

    Its area is that of the rows less that of their union. Layers whose rows may overlap by their template count none.
    ``kept_results``: results of earlier checks.
    """

    def __init__(
        self,
        plan: Plan,
        tolerance: Tolerance,
        cancellation: Cancellation,
        kept_results: KeptResults | None = None,
    ):
        self._plan = plan
        # What the overlays leave out is reported by TOP001, not once more by the figures.
        self._ctx = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation)
        self._ctx.geometry.kept_results = kept_results
        self._pieces: dict[str, OverlayPieces] = {}
        self._areas: dict[tuple[str, str], float] = {}

    def mark(self, indicator: Indicator) -> None:
        """Mark a figure that counts land twice, in place.

        It is not confirmed if it would be printed otherwise without that land. A target that is met only by such land
        is not met: the state becomes unconfirmed. Net area is at most gross area, so that the gross area of overlaps is
        a bound. Either term of a ratio may have the land: an upper limit is tested with the smaller denominator, a
        lower limit with the smaller numerator.
        """
        for role in list_summed_roles(indicator.id.removeprefix(_TOWNSHIP_PREFIX), self._plan):
            area_m2 = self.measure_overlap_area(role, indicator.place)
            if self.changes_figure(role, area_m2, indicator.value, indicator.unit):
                indicator.confirmed = False
            if area_m2 > 0 and indicator.value is not None:
                share, square_metres = self._get_share(role, area_m2), SQUARE_METRES.get(indicator.unit)
                if square_metres is not None:
                    without = indicator.value - area_m2 / square_metres
                elif indicator.comparison == "<=":
                    without = indicator.value / (1 - share) if share < 1 else np.inf
                else:
                    without = indicator.value * (1 - share)
                margin = compute_margin(without, indicator.comparison, indicator.target)
                if margin is not None and margin < 0:
                    indicator.mark_unconfirmed()

    def measure_overlap_area(self, role: str, township: str) -> float:
        """Return the area (m²) that rows of a layer cover more than once.

        ``township``: code of a township; empty for all.
        """
        if (role, township) not in self._areas:
            self._areas[role, township] = self._measure(self._plan.layers[role], township)
        return self._areas[role, township]

    def changes_figure(self, role: str, area_m2: float, value: float | None, unit: str) -> bool:
        """Return True if subtracting an area would change a figure as printed.

        ``value``: the figure in ``unit``; a ratio changes by the area's share of the layer.
        """
        if area_m2 <= 0 or value is None:
            return False
        square_metres = SQUARE_METRES.get(unit)
        decimals = _RATIO_DECIMALS if square_metres is None else _AREA_DECIMALS
        without = (
            value * (1 - self._get_share(role, area_m2)) if square_metres is None else value - area_m2 / square_metres
        )
        return round(without, decimals) != round(value, decimals)

    def _get_share(self, role: str, area_m2: float) -> float:
        """Return an area as a share of the sum of the layer's rows in the plane."""
        return area_m2 / max(float(self._plan.layers[role].plane_areas.sum()), area_m2) if area_m2 > 0 else 0.0

    def _measure(self, layer: Layer, township: str) -> float:
        """Measure the area (m²) that rows of a layer cover more than once.

        ``township``: code of a township; empty for all.
        """
        if layer.template.geometry != "polygon" or layer.template.overlap != "never":
            return 0.0
        if layer.role not in self._pieces:
            self._pieces[layer.role] = self._ctx.geometry.find_shared_pieces(layer)
        pieces = self._pieces[layer.role]
        if township:
            names = find_township_names_of_points(self._plan, find_inner_points(pieces.geometry))
            pieces = pieces.select(np.array([name == township for name in names], dtype=bool))
        if not len(pieces):
            return 0.0
        shapes = layer.plane_shapes[np.union1d(pieces.left, pieces.right)]
        to_lonlat = crs_care.make_lonlat_transformer(layer.plane_crs)
        return max(
            float(
                compute_drawn_area(shapes, to_lonlat).sum()
                - compute_drawn_area(np.array([shapely.union_all(shapes)], dtype=object), to_lonlat)[0]
            ),
            0.0,
        )


def list_summed_roles(indicator_id: str, plan: Plan) -> list[str]:
    """Return the codes of the layers of which an indicator sums all rows.

    Parcels are not among them: an indicator sums them by their class.
    """
    entry = load_catalogue(plan.norm.standard).indicator_by_id.get(indicator_id)
    if entry is None or entry.method not in ("rule", "layer_area", "stated"):
        return []
    layers = [plan.find_layer_of_concept(name) for name in entry.inputs if name != "base_parcels"]
    return [layer.role for layer in layers if layer is not None]
