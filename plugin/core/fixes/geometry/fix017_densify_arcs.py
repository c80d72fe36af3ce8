# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import shapely

from ...geometry.arcs import UnknownCurveError, count_arcs, straighten_arcs
from ...model.findings import Finding
from ..dividing import replace_arcs
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import snap_new_vertices
from ..state import EditingState, Row

#: A flat arc (height 2 cm) on a square.
FLAT_WKT = "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 50 -0.02, 100 0), (100 0, 100 80, 0 80, 0 0)))"
ROUND_WKT = "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 50 -50, 100 0), (100 0, 100 80, 0 80, 0 0)))"
DISC_WKT = "MULTISURFACE (CURVEPOLYGON (CIRCULARSTRING (0 50, 100 50, 0 50)))"


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
        FixExample("a circle keeps at least four vertices", "GEO004", {"layer": [DISC_WKT]}, {"layer": ["POLYGON ((0 50, 50 0, 100 50, 50 100, 0 50))"]}, parameters={"tolerance_m": 99.0}),
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
    edit = replace_arcs(state, row, _take_over_vertices(state, row, shape))
    vertices = int(shapely.get_num_coordinates(shape))
    return Edits([edit], params={"arcs": arcs, "tolerance": f"{tolerance:g}", "vertices": vertices})


def _take_over_vertices(state: EditingState, row: Row, shape: Any) -> Any:
    """Return a polygon with the vertices of its straight neighbours where both differ by rounding only."""
    if shapely.get_dimensions(shape) < 2 or row.plane_shape is None:
        return shape
    neighbours = [
        other.stored_shape
        for role, layer in state.plan.layers.items()
        if layer.template.geometry == "polygon" and layer.known_crs == state.plan.plane_crs
        for other in state.find_rows_meeting(
            role, row.plane_shape, without=(row.fid,) if role == row.role else (), reach_m=state.tolerance.edge_match_m
        )
        if not other.curve_text
    ]
    return snap_new_vertices(shape, neighbours) if neighbours else shape
