# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np
import shapely

from ...geometry.corners import find_sharp_corners
from ...model.findings import Finding
from ..dividing import require_shape, reshape_row
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState, Row


@fix(
    "FIX004",
    "remove-spikes",
    title="Remove spikes",
    solves={"GEO005": ("spike",)},
    safety=Safety.SLIVER,
    messages={"": "Remove the tip of {count} spike(s)"},
    examples=[
        FixExample("a spike of three square decimetres", "GEO005", {"layer": ["POLYGON ((0 0, 100 0, 100 50, 105 50.005, 100 50.01, 100 100, 0 100, 0 0))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 50, 100 50.01, 100 100, 0 100, 0 0))"]}, safe=True),
        FixExample("a large one is confirmed by a person", "GEO005", {"layer": ["POLYGON ((0 0, 100 0, 100 50, 500 50.5, 100 51, 100 100, 0 100, 0 0))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 50, 100 51, 100 100, 0 100, 0 0))"]}),
        FixExample("the tip is another feature's vertex", "GEO005",
                   {"layer": ["POLYGON ((0 0, 100 0, 100 50, 105 50.005, 100 50.01, 100 100, 0 100, 0 0))", "POLYGON ((105 50.005, 200 0, 200 100, 105 50.005))"]}, refused="vertex_shared"),
    ],
)  # fmt: skip
def remove_spikes(finding: Finding, *, state: EditingState, spike_degrees: float = 1.0) -> Edits:
    """Remove spikes.

    What it does
        Deletes the vertex at the tip of each spike: a corner below spike_degrees, at which the edge runs out and back.
    When it is safe
        If the land of the spikes is below the limits for slivers.
    Limits
        A tip that is a vertex of another feature is refused: both features must be changed together.
    """
    row = state.get_finding_row(finding)
    require_shape(row)
    state.require_geometry_in_plane(row)
    shape, removed_count = row.stored_shape, 0
    while True:
        corners = find_sharp_corners(np.array([shape], dtype=object), spike_degrees)
        if not len(corners.polygon_row):
            break
        shape = _remove_vertex(shape, corners.vertex_xy[0], state, row)
        removed_count += 1
    if not removed_count:
        raise FixRefused("stale")
    return Edits(reshape_row(state, row, shape), params={"count": removed_count})


def _remove_vertex(shape: Any, point: np.ndarray, state: EditingState, row: Row) -> Any:
    """Return a polygon without a vertex. Raise FixRefused if another row has it too, or if no ring remains."""
    tip = shapely.Point(point)
    for role, layer in state.plan.layers.items():
        if layer.template.geometry != "polygon":
            continue
        without = (row.fid,) if role == row.role else ()
        for other in state.find_rows_meeting(role, tip, without=without, reach_m=state.tolerance.cluster_m):
            if _mask_vertex(shapely.get_coordinates(other.plane_shape), point).any():
                raise FixRefused("vertex_shared", role=row.role, key=row.key)
    polygons = []
    for polygon in shapely.get_parts([shape]):
        rings = []
        for ring in (polygon.exterior, *polygon.interiors):
            xy = shapely.get_coordinates(ring)[:-1]
            remaining_vertices = xy[~_mask_vertex(xy, point)]
            if len(remaining_vertices) >= 3:
                rings.append(shapely.linearrings(remaining_vertices))
            elif ring is polygon.exterior:
                rings = []
                break
        if rings:
            polygons.append(shapely.Polygon(rings[0], rings[1:]))
    if not polygons:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    return polygons[0] if shape.geom_type == "Polygon" else shapely.multipolygons(polygons)


def _mask_vertex(xy: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Return (n,) bool: the vertices at a point. By column: much faster than by row."""
    is_there: np.ndarray = (xy[:, 0] == point[0]) & (xy[:, 1] == point[1])
    return is_there
