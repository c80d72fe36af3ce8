# SPDX-License-Identifier: GPL-2.0-or-later
"""The tolerance of a run (容差), which every report prints, and arc resolution."""

from dataclasses import asdict, dataclass
from typing import Any

#: Degrees of arc per segment; OGR's default.
CURVE_STEP_DEGREES = 4.0


@dataclass(frozen=True)
class Tolerance:
    """Tolerances in metres and square metres.

    ``cluster_m``: two vertices this near are one. ``edge_match_m``: two edges this near should be one. ``min_area_m2``
    and ``min_width_m`` (2 × area ÷ perimeter) define slivers (碎图斑): a part is an ignored sliver only if it is below
    both. Ignored slivers between two layers may add up to ``ignored_pair_m2``, on one feature to
    ``ignored_feature_m2``: beyond that they are a finding (`engine.ignored`).
    """

    cluster_m: float = 0.0001
    edge_match_m: float = 0.01
    min_area_m2: float = 0.5
    min_width_m: float = 0.1
    ignored_pair_m2: float = 1000.0
    ignored_feature_m2: float = 50.0

    def is_sliver(self, area: Any, width: Any) -> Any:
        """Return True where a part is below both minimums, or has no area.

        Scalars or arrays.
        """
        return (area <= 0) | ((area < self.min_area_m2) & (width < self.min_width_m))

    def to_dict(self) -> dict[str, float]:
        """Return the tolerances as plain data."""
        return asdict(self)
