# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of the shape of one feature: several parts, invalid rings, pin holes."""

import shapely

from ...geometry.validity import extract_polygons, find_invalidity_reason, repair_polygon
from ...model.findings import Finding
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import (
    divide_row,
    drop_slivers,
    is_below_sliver_limits,
    join_shapes,
    list_parts,
    measure_width,
    require_shape,
    reshape_row,
)
from ..state import EditingState

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
    edits = Edits(
        divide_row(state, row, parts),
        params={
            "parts": len(parts),
            "doubtful_area_m2": float(doubtful.area),
            "reason": find_invalidity_reason(row.stored_shape)[0],
        },
    )
    if any(
        not is_below_sliver_limits(part.area, measure_width(part), state.tolerance) for part in list_parts(doubtful)
    ):
        edits.review_reasons.append("repair_methods")
    return edits


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
        reshape_row(state, row, join_shapes(shape, hole, state.tolerance)),
        params={"area_m2": state.measure_drawn_area_m2(hole), "key": row.key},
    )
