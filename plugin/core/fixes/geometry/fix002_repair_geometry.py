# SPDX-License-Identifier: GPL-2.0-or-later

import shapely

from ...geometry.validity import extract_polygons, find_invalidity_reason, repair_polygon
from ...model.findings import Finding
from ..dividing import divide_row
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import drop_slivers, is_below_sliver_limits, list_parts, measure_width
from ..state import EditingState


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
