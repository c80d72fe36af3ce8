# SPDX-License-Identifier: GPL-2.0-or-later
"""The one tolerance of a run (容差): printed in every report, used by every rule; and how finely arcs are drawn."""

from dataclasses import asdict, dataclass
from typing import Any

#: Arcs become segments of this many degrees, which is OGR's own step where none is given.
CURVE_STEP_DEGREES = 4.0


@dataclass(frozen=True)
class Tolerance:
    """Lengths in metres, areas in square metres.

    ``cluster_m`` two vertices this near are one; ``edge_match_m`` two edges this near should be one;
    ``min_area_m2`` and ``min_width_m`` (2 × area ÷ perimeter) tell slivers (碎图斑): a part is an ignored
    sliver only when it is below both. What is ignored between two layers may add up to ``ignored_pair_m2``, on one
    feature to ``ignored_feature_m2``: beyond that the slivers are a finding (`engine.ignored`).
    """

    cluster_m: float = 0.0001
    edge_match_m: float = 0.01
    min_area_m2: float = 0.5
    min_width_m: float = 0.1
    ignored_pair_m2: float = 1000.0
    ignored_feature_m2: float = 50.0

    def is_sliver(self, area: Any, width: Any) -> Any:
        """True where the part is below both minimums. Scalars or arrays; a part of no area is always one."""
        return (area <= 0) | ((area < self.min_area_m2) & (width < self.min_width_m))

    def to_dict(self) -> dict[str, float]:
        return asdict(self)
