# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of the shape of one feature: several parts, invalid rings, pin holes, repeated vertices, spikes, and arcs."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import shapely

from ...geometry.arcs import UnknownCurveError, count_arcs, straighten_arcs
from ...geometry.corners import find_near_vertices, find_sharp_corners
from ...geometry.polygon_rings import mask_equal_points
from ...geometry.validity import extract_polygons, find_invalidity_reason, repair_polygon
from ...model.findings import Finding
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import (
    divide_row,
    drop_slivers,
    is_below_sliver_limits,
    list_parts,
    measure_width,
    overlay_shapes,
    replace_shape,
    require_shape,
    reshape_row,
    snap_new_vertices,
)
from ..state import EditingState, Row

TWO_SQUARES_WKT = "MULTIPOLYGON (((0 0, 30 0, 30 10, 0 10, 0 0)), ((50 0, 60 0, 60 10, 50 10, 50 0)))"


@fix(
    "FIX001",
    "explode-multipart",
    title="Divide a feature into its parts",
    solves={"GEO003": ()},
    safety=Safety.NEVER,
    messages={"": "Divide into {parts} features; the largest part keeps the key, areas are shared out by size"},
    examples=[
        FixExample("two squares", "GEO003", {"layer": [TWO_SQUARES_WKT]}, {"layer": ["POLYGON ((0 0, 30 0, 30 10, 0 10, 0 0))", "POLYGON ((50 0, 60 0, 60 10, 50 10, 50 0))"]}),
        FixExample("net areas keep their sum", "GEO003", {"layer": [{"wkt": TWO_SQUARES_WKT, "gross_area": 400.0, "deduction_rate": 0.1, "deduction_area": 40.0, "net_area": 360.0}]},
                   {"layer": [{"wkt": "POLYGON ((0 0, 30 0, 30 10, 0 10, 0 0))", "gross_area": 300.0, "net_area": 270.0}, {"wkt": "POLYGON ((50 0, 60 0, 60 10, 50 10, 50 0))", "gross_area": 100.0, "net_area": 90.0}]},
                   rules=("ATT003",), roles={"layer": "GDBHMB"}),
        FixExample("a part in another township", "GEO003",
                   {"layer": [{"wkt": TWO_SQUARES_WKT, "location_code": "1402251002000000000"}], "townships": [{"wkt": "POLYGON ((0 0, 40 0, 40 10, 0 10, 0 0))", "division_code": "140225100"}, {"wkt": "POLYGON ((40 0, 80 0, 80 10, 40 10, 40 0))", "division_code": "140225101"}]},
                   {"layer": ["POLYGON ((0 0, 30 0, 30 10, 0 10, 0 0))", "POLYGON ((50 0, 60 0, 60 10, 50 10, 50 0))"]}, roles={"layer": "GDBHMB"}),
        FixExample("a sealed layer is only explained", "GEO003", {"farmland": [TWO_SQUARES_WKT]}, refused="sealed"),
    ],
)  # fmt: skip
def explode_multipart(finding: Finding, *, state: EditingState) -> Edits:
    """Divide a feature into its parts.

    What it does
        The largest part stays in the row; each other part becomes a new row with the next free BSM and the same
        attributes. Area fields are shared out by the parts' areas, so that their sums stay the same.
    When it is safe
        Never, because features are added.
    Limits
        Layers with heights or in another coordinate system than the plan's are refused.
    """
    row = state.get_finding_row(finding)
    shape = require_shape(row)
    # Lines and points have parts too.
    parts = list_parts(shape) or sorted(shapely.get_parts([shape]), key=lambda part: (-part.length, part.bounds))
    if len(parts) < 2:
        raise FixRefused("stale")
    return Edits(divide_row(state, row, parts), params={"parts": len(parts)}, keeps_union=True)


@fix(
    "FIX002",
    "repair-geometry",
    title="Repair an invalid shape",
    solves={"GEO002": ("invalid",)},
    safety=Safety.FORMAL,
    messages={
        "": "Draw the rings again without crossings; {parts} feature(s), {doubtful_area} on which methods of repair differ",
    },
    examples=[
        FixExample("a bow-tie becomes two triangles", "GEO002", {"layer": ["POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"]},
                   {"layer": ["POLYGON ((0 0, 50 50, 0 100, 0 0))", "POLYGON ((100 0, 100 100, 50 50, 100 0))"]}),
        FixExample("an edge that runs out and back", "GEO002", {"layer": ["POLYGON ((0 0, 100 0, 100 100, 100 200, 100 100, 0 100, 0 0))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}, safe=True),
        FixExample("land that the ring encloses twice is decided by a person", "GEO002", {"layer": ["POLYGON ((0 0, 100 0, 100 60, 40 60, 40 40, 60 40, 60 100, 0 100, 0 0))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 60, 60 60, 60 100, 0 100, 0 0))"]}),
    ],
)  # fmt: skip
def repair_geometry(finding: Finding, *, state: EditingState) -> Edits:
    """Repair an invalid shape.

    What it does
        Draws the rings again so that they do not cross (GEOS, method “structure”), as the checks do with their copy.
        Loops below both limits for slivers are dropped. If several parts result, each becomes a feature; area fields
        are shared out.
    When it is safe
        If another method (“linework”: land that is enclosed an odd number of times) gives the same land, up to the
        limits for slivers, and no further feature results.
    Limits
        Polygons only. What the shape was meant to be is not known: compare it with the survey if a loop is large.
    """
    row = state.get_finding_row(finding)
    if row.stored_shape is None or row.stored_shape.is_empty or row.stored_shape.is_valid:
        raise FixRefused("stale")
    state.require_geometry_in_plane(row)
    repaired_shape = repair_polygon(row.stored_shape)
    parts = list_parts(drop_slivers(repaired_shape, state.tolerance))
    if not parts:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    other = extract_polygons(shapely.make_valid(row.stored_shape))
    doubtful = repaired_shape if other is None else shapely.symmetric_difference(repaired_shape, other)
    is_doubtful = any(
        not is_below_sliver_limits(part.area, measure_width(part), state.tolerance) for part in list_parts(doubtful)
    )
    return Edits(
        divide_row(state, row, parts),
        params={
            "parts": len(parts),
            "doubtful_area_m2": float(doubtful.area),
            "reason": find_invalidity_reason(row.stored_shape)[0],
        },
        review_reasons=["repair_methods"] if is_doubtful else [],
    )


SQUARE_WITH_HOLE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), ({hole}))"


@fix(
    "FIX005",
    "fill-pin-hole",
    title="Fill a pin hole",
    solves={"GEO006": ("hole",), "TOP004": ("hole",)},
    safety=Safety.SLIVER,
    messages={"": "Fill the hole of {area} in {key}"},
    examples=[
        FixExample("a hole of a third of a square metre", "GEO006", {"layer": [SQUARE_WITH_HOLE.format(hole="40 40, 40.6 40, 40.6 40.6, 40 40.6, 40 40")]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}, safe=True),
        FixExample("a slit", "TOP004", {"layer": [SQUARE_WITH_HOLE.format(hole="10 10, 10.05 10, 10.05 90, 10 90, 10 10")]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}, safe=True),
        FixExample("a real hole is never filled", "GEO006", {"layer": [SQUARE_WITH_HOLE.format(hole="40 40, 60 40, 60 60, 40 60, 40 40")]}, refused="hole_too_large"),
        FixExample("a window is never filled", "TOP004", {"boundary": [SQUARE_WITH_HOLE.format(hole="10 10, 10.09 10, 10.09 90, 10 90, 10 10")], "farmland": ["POLYGON ((10 10, 10.09 10, 10.09 90, 10 90, 10 10))"]},
                   refused="is_window"),
    ],
)  # fmt: skip
def fill_pin_hole(finding: Finding, *, state: EditingState) -> Edits:
    """Fill a pin hole.

    What it does
        Removes a hole of a feature that is below a limit for slivers.
    When it is safe
        Always, unless another problem appears.
    Limits
        A larger hole is refused, because only a person knows whether it is intended; so is a window (开天窗).
    """
    row = state.get_finding_row(finding)
    state.require_geometry_in_plane(row)
    shape, hole = require_shape(row), state.get_finding_shape(finding)
    if hole is None or shapely.intersection(shape, hole).area > state.tolerance.min_area_m2 / 100:
        raise FixRefused("stale")
    if not is_below_sliver_limits(hole.area, measure_width(hole), state.tolerance):
        raise FixRefused("hole_too_large", role=row.role, key=row.key, area_m2=state.measure_drawn_area_m2(hole))
    if state.find_window_filler(row.role, hole) is not None:
        raise FixRefused("is_window", role=row.role, key=row.key)
    return Edits(
        reshape_row(state, row, overlay_shapes(shapely.union, shape, hole, state.tolerance)),
        params={"area_m2": state.measure_drawn_area_m2(hole), "key": row.key},
    )


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
    while len(find_near_vertices(np.array([shape], dtype=object), limit).polygon_row):
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
        corners = find_sharp_corners(np.array([shape], dtype=object), spike_degrees, state.tolerance.cluster_m)
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
        if mask_equal_points(shapely.get_coordinates(other.plane_shape), point[np.newaxis]).any():
            raise FixRefused("vertex_shared", role=row.role, key=row.key)
    changed_shape = _change_rings(shape, lambda xy: xy[~mask_equal_points(xy, point[np.newaxis])])
    if changed_shape is None:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    return changed_shape


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
    neighbours = []
    if shapely.get_dimensions(shape) == 2 and row.plane_shape is not None:
        neighbours = [
            other.stored_shape
            for other in _iterate_other_rows(state, row, row.plane_shape, state.tolerance.edge_match_m)
            if not other.curve_text and state.plan.layers[other.role].known_crs == state.plan.plane_crs
        ]
    if neighbours:
        shape = snap_new_vertices(shape, neighbours)
    return Edits(
        [replace_shape(state, row, shape, straightens_arcs=True)],
        params={"arcs": arcs, "tolerance": f"{tolerance:g}", "vertices": int(shapely.get_num_coordinates(shape))},
    )
