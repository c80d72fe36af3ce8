# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of vertices: repeated ones, spikes, and arcs."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import shapely

from ...geometry.arcs import UnknownCurveError, count_arcs, straighten_arcs
from ...geometry.corners import find_near_vertices, find_sharp_corners
from ...model.findings import Finding
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import replace_arcs, require_shape, reshape_row, snap_new_vertices
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
    # Vertices of all other rows of the plan in the bounding box of the row.
    vertices_of_others: set[tuple[float, float]] = set()
    xmin, ymin, xmax, ymax = row.plane_shape.bounds
    for other in _iterate_other_rows(state, row, row.plane_shape, limit):
        xy = shapely.get_coordinates(other.plane_shape)
        # By column: much faster than by row, and a zone has many vertices.
        x, y = xy.T
        inside = (x >= xmin) & (x <= xmax) & (y >= ymin) & (y <= ymax)
        vertices_of_others |= set(map(tuple, xy[inside].tolist()))
    while True:
        if not len(find_near_vertices(np.array([shape], dtype=object), limit).polygon_row):
            break
        if removed_count >= MAX_PAIRS:
            raise FixRefused("not_solved")
        shape = _remove_one_vertex(shape, limit, vertices_of_others, row)
        removed_count += 1
    if not removed_count:
        raise FixRefused("stale")
    return Edits(reshape_row(state, row, shape), params={"count": removed_count})


def _iterate_other_rows(state: EditingState, row: Row, shape: Any, reach_m: float) -> Iterator[Row]:
    """Yield the rows of all polygon layers within ``reach_m`` of a shape in the plane, without ``row``."""
    for role, layer in state.plan.layers.items():
        if layer.template.geometry == "polygon":
            yield from state.find_rows_meeting(
                role, shape, without=(row.fid,) if role == row.role else (), reach_m=reach_m
            )


def _change_rings(shape: Any, change_ring: Callable[[np.ndarray], np.ndarray]) -> Any:
    """Return a polygon or multipolygon with changed rings; None if no polygon remains.

    ``change_ring``: (v, 2) vertices without the closing one → new vertices. A ring with fewer than three is left out,
    and with an outer ring its polygon.
    """
    polygons = []
    for polygon in shapely.get_parts([shape]):
        rings = [change_ring(shapely.get_coordinates(ring)[:-1]) for ring in (polygon.exterior, *polygon.interiors)]
        shell, *holes = [shapely.linearrings(xy) if len(xy) >= 3 else None for xy in rings]
        if shell is not None:
            polygons.append(shapely.Polygon(shell, [hole for hole in holes if hole is not None]))
    if not polygons:
        return None
    return polygons[0] if shape.geom_type == "Polygon" else shapely.multipolygons(polygons)


def _remove_one_vertex(shape: Any, limit: float, vertices_of_others: set[tuple[float, float]], row: Row) -> Any:
    """Return a polygon without the first vertex that repeats its neighbour."""
    is_removed = False

    def remove_from_ring(xy: np.ndarray) -> np.ndarray:
        """Return the vertices of a ring without the one to remove, unless another ring has lost it."""
        nonlocal is_removed
        position = None if is_removed else _find_removable_vertex(xy, limit, vertices_of_others, row)
        is_removed |= position is not None
        return xy if position is None else np.delete(xy, position, axis=0)

    changed_shape = _change_rings(shape, remove_from_ring)
    if not is_removed or changed_shape is None:
        raise FixRefused("not_solved")
    return changed_shape


def _find_removable_vertex(
    xy: np.ndarray, limit: float, vertices_of_others: set[tuple[float, float]], row: Row
) -> int | None:
    """Return the position in a ring of the first vertex to remove; None if no two vertices are too near.

    Of two consecutive vertices nearer than ``limit`` (m) it is the second, if both are equal or no other row has it,
    else the first. Raise FixRefused if other rows have both.
    """
    for position in np.flatnonzero(np.hypot(*(np.roll(xy, -1, axis=0) - xy).T) < limit).tolist():
        next_position = (position + 1) % len(xy)
        first, second = tuple(xy[position].tolist()), tuple(xy[next_position].tolist())
        if first == second or second not in vertices_of_others:
            return next_position
        if first not in vertices_of_others:
            return position
        raise FixRefused("vertex_shared", role=row.role, key=row.key)
    return None


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
    for other in _iterate_other_rows(state, row, shapely.Point(point), state.tolerance.cluster_m):
        if _mask_vertex(shapely.get_coordinates(other.plane_shape), point).any():
            raise FixRefused("vertex_shared", role=row.role, key=row.key)
    changed_shape = _change_rings(shape, lambda xy: xy[~_mask_vertex(xy, point)])
    if changed_shape is None:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    return changed_shape


def _mask_vertex(xy: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Return (n,) bool: the vertices at a point. By column: much faster than by row."""
    return np.asarray((xy[:, 0] == point[0]) & (xy[:, 1] == point[1]))


#: A flat arc (height 2 cm) on a square.
FLAT_WKT = "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 50 -0.02, 100 0), (100 0, 100 80, 0 80, 0 0)))"
ROUND_WKT = "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 50 -50, 100 0), (100 0, 100 80, 0 80, 0 0)))"


@fix(
    "FIX017",
    "densify-arcs",
    title="Replace arcs by vertices",
    solves={"GEO004": (), "GEO002": ("curve",)},
    safety=Safety.SLIVER,
    messages={"": "Replace {arcs} arc(s) by edges at most {tolerance} m away from them; {vertices} vertices"},
    examples=[
        FixExample("a flat arc", "GEO004", {"layer": [FLAT_WKT]}, {"layer": ["POLYGON ((0 0, 50 -0.02, 100 0, 100 80, 0 80, 0 0))"]}, safe=True),
        FixExample("without GEO004, GEO002 reports the arc", "GEO002", {"layer": [FLAT_WKT]}, {"layer": ["POLYGON ((0 0, 50 -0.02, 100 0, 100 80, 0 80, 0 0))"]}, safe=True),
        FixExample("a coarse tolerance moves land", "GEO004", {"layer": [ROUND_WKT]}, {"layer": ["POLYGON ((0 0, 50 -50, 100 0, 100 80, 0 80, 0 0))"]}, parameters={"tolerance_m": 15.0}),
        FixExample("a circle keeps at least four vertices", "GEO004", {"layer": ["MULTISURFACE (CURVEPOLYGON (CIRCULARSTRING (0 50, 100 50, 0 50)))"]}, {"layer": ["POLYGON ((0 50, 50 0, 100 50, 50 100, 0 50))"]}, parameters={"tolerance_m": 99.0}),
        FixExample("areas follow", "GEO004", {"layer": [{"wkt": ROUND_WKT, "gross_area": 20000.0, "deduction_rate": 0.1, "deduction_area": 2000.0, "net_area": 18000.0}]},
                   {"layer": [{"wkt": "POLYGON ((0 0, 50 -50, 100 0, 100 80, 0 80, 0 0))", "deduction_rate": 0.1}]}, rules=("ATT003",), roles={"layer": "GDBHMB"}, parameters={"tolerance_m": 15.0}),
        FixExample("a curve of another kind", "GEO004", {"layer": [{"wkt": "POLYGON ((0 0, 100 0, 100 80, 0 80, 0 0))", "curve": True}]}, refused="curve_unknown"),
        FixExample("a sealed layer is only explained", "GEO004", {"farmland": [FLAT_WKT]}, refused="sealed"),
    ],
)  # fmt: skip
def densify_arcs(finding: Finding, *, state: EditingState, tolerance_m: float = 0.0) -> Edits:
    """Replace arcs by vertices.

    What it does
        Divides each arc of the source into equal chords that are at most tolerance_m away from it (0: the setting
        quality.arc_tolerance_m). Its ends and its middle point stay exactly where they are, and the same arc of a
        neighbour gets the same vertices, whichever way it runs. Area fields follow.
    When it is safe
        If the land between the new edges and those that the check read is below the limits for slivers, and no gap or
        overlap with a neighbour appears. A neighbour that shares the arc is fixed as well: one after the other.
    Limits
        Circular arcs only. A Bézier curve or a part of an ellipse in a geodatabase is refused; next to circular arcs in
        one feature it cannot be recognised, and has the vertices of the driver. Layers with heights or in another
        coordinate system than the plan's are refused.
    """
    row = state.get_finding_row(finding)
    if not row.curve_text:
        raise FixRefused("stale")
    tolerance = max(tolerance_m or float(state.norm.get("quality.arc_tolerance_m")), state.tolerance.cluster_m)
    arcs = count_arcs(row.curve_text)
    try:
        shape = straighten_arcs(row.curve_text, tolerance)
    except UnknownCurveError as error:
        raise FixRefused("curve_unknown", role=row.role, key=row.key) from error
    if not arcs:
        raise FixRefused("curve_unknown", role=row.role, key=row.key)
    # The polygon takes the vertices of its straight neighbours where both differ by rounding only.
    if shapely.get_dimensions(shape) < 2 or row.plane_shape is None:
        edit = replace_arcs(state, row, shape)
    else:
        neighbours = [
            other.stored_shape
            for other in _iterate_other_rows(state, row, row.plane_shape, state.tolerance.edge_match_m)
            if not other.curve_text and state.plan.layers[other.role].known_crs == state.plan.plane_crs
        ]
        edit = replace_arcs(state, row, snap_new_vertices(shape, neighbours) if neighbours else shape)
    return Edits(
        [edit],
        params={"arcs": arcs, "tolerance": f"{tolerance:g}", "vertices": int(shapely.get_num_coordinates(shape))},
    )
