# SPDX-License-Identifier: GPL-2.0-or-later
import shapely

from ...model.findings import Finding
from ..dividing import require_shape, reshape_row
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import clip_to_outline
from ..state import EditingState

COUNTY_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@fix(
    "FIX011",
    "clip-to-county",
    title="Cut a feature back to the county's edge",
    solves={"TOP003": ("",)},
    safety=Safety.SLIVER,
    messages={"": "Cut {key} back to the county's edge ({area} outside)"},
    examples=[
        FixExample("across the edge", "TOP003", {"layer": ["POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"], "county": [COUNTY_WKT]},
                   {"layer": ["POLYGON ((90 0, 100 0, 100 10, 90 10, 90 0))"]}),
        FixExample("a narrow strip outside", "TOP003", {"layer": ["POLYGON ((90 10, 100.05 10, 100.05 90, 90 90, 90 10))"], "county": [COUNTY_WKT]},
                   {"layer": ["POLYGON ((90 10, 100 10, 100 90, 90 90, 90 10))"]}, safe=True),
        FixExample("wholly outside", "TOP003", {"layer": ["POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))", COUNTY_WKT], "county": [COUNTY_WKT]}, refused="would_be_empty"),
        FixExample("a parcel of the survey is only explained", "TOP003", {"parcels": ["POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"], "county": [COUNTY_WKT]}, refused="sealed"),
    ],
)  # fmt: skip
def clip_to_county(finding: Finding, *, state: EditingState) -> Edits:
    """Cut a feature back to the county's edge.

    What it does
        Removes the parts of a feature outside the county's outline; the new edge takes over the outline's vertices.
    When it is safe
        If the land outside is below a limit for slivers.
    Limits
        The outline itself is never changed. A feature wholly outside is refused: check its coordinates.
    """
    if state.is_sealed(finding.role):
        raise FixRefused("sealed", role=finding.role)
    row, outline = state.get_finding_row(finding), state.county_shape
    if outline is None:
        raise FixRefused("no_county")
    shape = require_shape(row)
    if shapely.difference(shape, outline).area <= 0:
        raise FixRefused("stale")
    inside = clip_to_outline(shape, outline, state.tolerance)
    if inside is None:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    removed_m2 = state.measure_drawn_area_m2(shapely.difference(shape, inside))
    return Edits(reshape_row(state, row, inside), params={"key": row.key, "area_m2": removed_m2})
