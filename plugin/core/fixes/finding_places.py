# SPDX-License-Identifier: GPL-2.0-or-later
"""The places of findings, so that an evaluation of the land around an edit cuts none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import shapely

from ..live.rows import RowBounds, compute_common_bounds, join_bounds

if TYPE_CHECKING:
    from ..model.findings import Finding


class FindingPlaces:
    """The shapes (m, in the plane) of findings; they are computed when they are first needed.

    ``get_shape``: from a finding to its shape in the plane, None without one.
    """

    def __init__(self, findings: Iterable[Finding], get_shape: Callable[[Finding], Any]):
        self._findings, self._get_shape = list(findings), get_shape

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree([shape for one in self._findings if (shape := self._get_shape(one)) is not None])

    def list_boxes_near(self, shape: Any, distance_m: float) -> list[RowBounds]:
        """Return the box of each finding within a distance (m) of a shape in the plane."""
        near_findings = self._tree.geometries[self._tree.query(shape, predicate="dwithin", distance=distance_m)]
        return [box for one in near_findings if (box := compute_common_bounds(one)) is not None]

    def add_findings(self, findings: Iterable[Finding]) -> FindingPlaces:
        """Return the places of these findings and of further ones."""
        return FindingPlaces([*self._findings, *findings], self._get_shape)

    def extend_box_to_findings(self, box: RowBounds) -> RowBounds:
        """Return a box around ``box`` and the findings that it meets."""
        nearby_boxes = self._tree.geometries[self._tree.query(shapely.box(*box), predicate="intersects")]
        return join_bounds([box, compute_common_bounds(*nearby_boxes)]) or box
