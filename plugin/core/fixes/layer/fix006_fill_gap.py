# SPDX-License-Identifier: GPL-2.0-or-later
import shapely

from ...model.findings import Finding
from ..dividing import reshape_row
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import join_shapes, measure_shared_edge
from ..state import EditingState

COUNTY_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WEST_WKT = "POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))"


@fix(
    "FIX006",
    "fill-gap",
    title="Fill a gap from the neighbour with the longest common edge",
    solves={"TOP002": (), "TOP004": ("",), "TOP006": ()},
    safety=Safety.SLIVER,
    messages={"": "Add the gap to {key}, with which it has {length} m of edge in common"},
    examples=[
        FixExample("a narrow gap between zones", "TOP002", {"zones": [WEST_WKT, "POLYGON ((40.004 0, 100 0, 100 100, 40.004 100, 40.004 0))"], "county": [COUNTY_WKT]},
                   {"zones": [WEST_WKT, "POLYGON ((40 0, 100 0, 100 100, 40 100, 40 0))"]}, safe=True, settings={"tolerance.min_area_m2": 0.1}),
        FixExample("a wide one is confirmed by a person", "TOP002", {"zones": [WEST_WKT, "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 60, 60 60, 60 40, 50 40, 50 0))"], "county": [COUNTY_WKT]},
                   {"zones": [WEST_WKT, "POLYGON ((50 0, 40 0, 40 100, 50 100, 100 100, 100 0, 50 0))"]}),
        FixExample("a gap between features of a layer", "TOP004",
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 90, 100.05 90, 100.05 10, 100 10, 100 0))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 90, 100 10, 100 0))"]}, safe=True),
        FixExample("parcels of the survey are only explained", "TOP006", {"parcels": [WEST_WKT], "county": [COUNTY_WKT]}, refused="sealed"),
    ],
)  # fmt: skip
def fill_gap(finding: Finding, *, state: EditingState, neighbour: str = "") -> Edits:
    """Fill a gap from the neighbour with the longest common edge.

    What it does
        Adds the gap to the adjacent feature of the layer that has the longest edge in common with it, or to a chosen
        one (``neighbour``: its key). The new edge takes over the vertices of the other neighbours and of the county.
    When it is safe
        If the gap is below a limit for slivers.
    Limits
        Layers whose features may have gaps are not filled, nor windows (开天窗). Which neighbour a wide gap belongs to
        is for a person to decide.
    """
    role = finding.related_role if finding.code == "TOP006" else finding.role
    if state.is_sealed(role):
        raise FixRefused("sealed", role=role)
    state.require_layer_in_plane(role)
    gap = state.get_finding_shape(finding)
    if gap is None:
        raise FixRefused("stale")
    rows = state.find_rows_meeting(role, gap, reach_m=state.tolerance.cluster_m)
    if any(shapely.intersection(row.plane_shape, gap).area > state.tolerance.min_area_m2 / 100 for row in rows):
        raise FixRefused("stale")
    if state.find_window_filler(role, gap) is not None:
        raise FixRefused("is_window", role=role, key=finding.key)
    lengths = {row.fid: measure_shared_edge(gap, row.plane_shape, state.tolerance.cluster_m) for row in rows}
    candidates = [row for row in rows if lengths[row.fid] > state.tolerance.edge_match_m]
    if neighbour:
        candidates = [row for row in candidates if row.key == neighbour]
    if not candidates:
        raise FixRefused("no_neighbour", role=role)
    chosen_row = max(candidates, key=lambda row: (round(lengths[row.fid], 3), row.plane_shape.area))
    filled_shape = join_shapes(chosen_row.plane_shape, gap, state.tolerance)
    params = {
        "key": chosen_row.key,
        "length": round(lengths[chosen_row.fid], 2),
        "candidates": [row.key for row in candidates],
    }
    return Edits(reshape_row(state, chosen_row, filled_shape), params=params)
