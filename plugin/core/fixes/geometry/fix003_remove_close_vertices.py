# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np
import shapely

from ...geometry.corners import find_near_vertices
from ...model.findings import Finding
from ..dividing import require_shape, reshape_row
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState, Row

#: Pairs of vertices that one fix removes at most.
MAX_PAIRS = 10_000


@fix(
    "FIX003",
    "remove-close-vertices",
    title="Remove repeated vertices",
    solves={"GEO009": ()},
    safety=Safety.SLIVER,
    messages={"": "Remove {count} repeated or too close vertices; those of neighbours stay"},
    examples=[
        FixExample("twice the same", "GEO009", {"layer": ["POLYGON ((0 0, 100 0, 100 0, 100 100, 0 100, 0 0))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}, safe=True),
        FixExample("five millimetres apart", "GEO009", {"layer": ["POLYGON ((0 0, 100 0, 100 0.005, 100 100, 0 100, 0 0))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}, safe=True),
        FixExample("the neighbour's vertex stays", "GEO009",
                   {"layer": ["POLYGON ((0 0, 100 0, 100 0.005, 100 100, 0 100, 0 0))", "POLYGON ((100 0.005, 200 0, 200 100, 100 100, 100 0.005))"]},
                   {"layer": ["POLYGON ((0 0, 100 0.005, 100 100, 0 100, 0 0))", "POLYGON ((100 0.005, 200 0, 200 100, 100 100, 100 0.005))"]}, safe=True),
        FixExample("both are the neighbour's too", "GEO009",
                   {"layer": ["POLYGON ((0 0, 100 0, 100 50, 100 50.005, 100 100, 0 100, 0 0))", "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 50.005, 100 50, 100 0))"]}, refused="vertex_shared"),
    ],
)  # fmt: skip
def remove_close_vertices(finding: Finding, *, state: EditingState, within_m: float = 0.01) -> Edits:
    """Remove repeated vertices.

    What it does
        Of two consecutive vertices that are equal or closer than within_m, removes the one that no other feature has.
        The edge then runs on straight.
    When it is safe
        If the land between the former and the new edge is below the limits for slivers.
    Limits
        A pair of which both vertices belong to another feature as well is refused: both features must be changed
        together.
    """
    row = state.get_finding_row(finding)
    require_shape(row)
    state.require_geometry_in_plane(row)
    limit = max(within_m, state.tolerance.cluster_m)
    shape, removed_count = row.stored_shape, 0
    vertices_of_others = _collect_vertices_of_other_rows(state, row, limit)
    while True:
        pairs = find_near_vertices(np.array([shape], dtype=object), limit)
        if not len(pairs.polygon_row):
            break
        if removed_count >= MAX_PAIRS:
            raise FixRefused("not_solved")
        shape = _remove_one_vertex(shape, limit, vertices_of_others, row)
        removed_count += 1
    if not removed_count:
        raise FixRefused("stale")
    return Edits(reshape_row(state, row, shape), params={"count": removed_count})


def _collect_vertices_of_other_rows(state: EditingState, row: Row, reach_m: float) -> set[tuple[float, float]]:
    """Return the vertices of all other rows of the plan in the bounding box of a row."""
    foreign_vertices: set[tuple[float, float]] = set()
    xmin, ymin, xmax, ymax = row.plane_shape.bounds
    for role, layer in state.plan.layers.items():
        if layer.template.geometry != "polygon":
            continue
        without = (row.fid,) if role == row.role else ()
        for other in state.find_rows_meeting(role, row.plane_shape, without=without, reach_m=reach_m):
            xy = shapely.get_coordinates(other.plane_shape)
            # By column: much faster than by row, and a zone has many vertices.
            x, y = xy.T
            inside = (x >= xmin) & (x <= xmax) & (y >= ymin) & (y <= ymax)
            foreign_vertices |= set(map(tuple, xy[inside].tolist()))
    return foreign_vertices


def _remove_one_vertex(shape: Any, limit: float, vertices_of_others: set[tuple[float, float]], row: Row) -> Any:
    """Return a polygon without the first vertex that repeats its neighbour."""
    polygons = []
    is_removed = False
    for polygon in shapely.get_parts([shape]):
        rings = []
        for ring in (polygon.exterior, *polygon.interiors):
            xy = shapely.get_coordinates(ring)[:-1]
            if not is_removed:
                position = _find_removable_vertex(xy, limit, vertices_of_others, row)
                if position is not None:
                    xy, is_removed = np.delete(xy, position, axis=0), True
            if len(xy) >= 3:
                rings.append(shapely.linearrings(xy))
        if rings:
            polygons.append(shapely.Polygon(rings[0], rings[1:]))
    if not is_removed or not polygons:
        raise FixRefused("not_solved")
    return polygons[0] if shape.geom_type == "Polygon" else shapely.multipolygons(polygons)


def _find_removable_vertex(
    xy: np.ndarray, limit: float, vertices_of_others: set[tuple[float, float]], row: Row
) -> int | None:
    """Return the position in a ring of the first vertex to remove; None if no two vertices are too near.

    Of two consecutive vertices nearer than ``limit`` (m) it is the second, if both are equal or no other row has it,
    else the first. Raise FixRefused if other rows have both.
    """
    next_vertices = np.roll(xy, -1, axis=0)
    for position in np.flatnonzero(np.hypot(*(next_vertices - xy).T) < limit).tolist():
        next_position = (position + 1) % len(xy)
        first, second = tuple(xy[position].tolist()), tuple(xy[next_position].tolist())
        if first == second or second not in vertices_of_others:
            return next_position
        if first not in vertices_of_others:
            return position
        raise FixRefused("vertex_shared", role=row.role, key=row.key)
    return None
