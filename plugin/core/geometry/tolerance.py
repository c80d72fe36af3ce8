# SPDX-License-Identifier: GPL-2.0-or-later
"""The tolerance of a run (容差), which every report prints; resolution of arcs."""

from dataclasses import dataclass
from typing import Any

#: Degrees of arc per segment; OGR's default.
CURVE_STEP_DEGREES = 4.0


@dataclass(frozen=True)
class Tolerance:
    """Distances (m) and areas (m²) below which differences are ignored.

    ``cluster_m``: two vertices this near are one. ``edge_match_m``: two edges this near should be one. ``min_area_m2``
    and ``min_width_m`` (2 × area ÷ perimeter) define slivers (碎图斑): an area is an ignored sliver only if it is below
    both. ``ignored_pair_m2``, ``ignored_feature_m2``: limits for the sum of ignored slivers between two layers and on
    one feature; a larger sum is a finding (`engine.ignored`).
    """

    cluster_m: float = 0.0001
    edge_match_m: float = 0.01
    min_area_m2: float = 0.5
    min_width_m: float = 0.1
    ignored_pair_m2: float = 1000.0
    ignored_feature_m2: float = 50.0

    def is_sliver(self, area: Any, width: Any) -> Any:
        """Return True for an area below both minimums of a sliver, or of 0.

        ``area`` in m² and ``width`` in m are scalars or arrays; arrays give arrays.
        """
        return (area <= 0) | ((area < self.min_area_m2) & (width < self.min_width_m))
