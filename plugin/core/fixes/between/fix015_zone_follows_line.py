# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import shapely

from ...geometry.validity import extract_polygons
from ...model.findings import Finding
from ...plan.layer import Layer
from ..dividing import require_shape, reshape_row
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..precedence import PRECEDENCE
from ..shapes import drop_slivers, join_shapes, subtract_shapes
from ..state import EditingState
from ..zones import (
    ZONE_SETTING_BY_LINE,
    get_zone_code,
    list_zone_codes,
    measure_shared_edges,
    move_land_into_zone,
    require_planning_zone_layer,
)

WEST_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
#: Five centimetres wider than `WEST_WKT`, and narrower.
WIDER_WKT = "POLYGON ((0 0, 50.05 0, 50.05 100, 0 100, 0 0))"
NARROWER_WKT = "POLYGON ((0 0, 49.95 0, 49.95 100, 0 100, 0 0))"
EXAMPLE_ZONES = [{"wkt": WEST_WKT, "zone_code": "410"}, {"wkt": EAST_WKT, "zone_code": "300"}]

_LINE_BY_RULE = {"REL004": "red_line", "REL005": "boundary"}


@fix(
    "FIX015",
    "zone-follows-line",
    title="Give a planning zone the edge of its control line",
    solves={"REL004": (), "REL005": ()},
    safety=Safety.SLIVER,
    messages={
        "": "Add {area} of {count} zone(s) to the zone {key}",
        "leaves": "Move {area} from the zone {key} to the zone {other_key}",
    },
    examples=[
        FixExample("a boundary wider than its zone", "REL005", {"boundary": ["POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))"], "zones": EXAMPLE_ZONES},
                   {"zones": [{"wkt": "POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))", "zone_code": "410"}, {"wkt": "POLYGON ((60 0, 100 0, 100 100, 60 100, 60 0))", "zone_code": "300"}]}),
        FixExample("a few centimetres", "REL005", {"boundary": [WIDER_WKT], "zones": EXAMPLE_ZONES},
                   {"zones": [{"wkt": WIDER_WKT, "zone_code": "410"}, {"wkt": "POLYGON ((50.05 0, 100 0, 100 100, 50.05 100, 50.05 0))", "zone_code": "300"}]}, safe=True),
        FixExample("a boundary cut back", "REL005", {"boundary": ["POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))"], "zones": EXAMPLE_ZONES},
                   {"zones": [{"wkt": "POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))", "zone_code": "410"}, {"wkt": "POLYGON ((40 0, 100 0, 100 100, 40 100, 40 0))", "zone_code": "300"}]}),
        FixExample("a red line drawn back by centimetres", "REL004", {"red_line": [NARROWER_WKT], "zones": [{"wkt": WEST_WKT, "zone_code": "100"}, {"wkt": EAST_WKT, "zone_code": "300"}]},
                   {"zones": [{"wkt": NARROWER_WKT, "zone_code": "100"}, {"wkt": "POLYGON ((49.95 0, 100 0, 100 100, 49.95 100, 49.95 0))", "zone_code": "300"}]}, safe=True),
        FixExample("land under farmland goes to the farmland zone", "REL005",
                   {"boundary": ["POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))"], "farmland": ["POLYGON ((40 0, 50 0, 50 100, 40 100, 40 0))"],
                    "zones": [{"wkt": WEST_WKT, "zone_code": "410"}, {"wkt": "POLYGON ((50 0, 100 0, 100 60, 50 60, 50 0))", "zone_code": "510"}, {"wkt": "POLYGON ((50 60, 100 60, 100 100, 50 100, 50 60))", "zone_code": "300"}]},
                   {"zones": [{"wkt": "POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))", "zone_code": "410"}, {"wkt": "POLYGON ((50 0, 100 0, 100 60, 50 60, 50 0))", "zone_code": "510"},
                              {"wkt": "POLYGON ((40 0, 40 100, 50 100, 100 100, 100 60, 50 60, 50 0, 40 0))", "zone_code": "300"}]}),
        FixExample("a zone that must equal another line gets no land beyond it", "REL005",
                   {"boundary": ["POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))"], "red_line": ["POLYGON ((50 0, 100 0, 100 60, 50 60, 50 0))"],
                    "zones": [{"wkt": WEST_WKT, "zone_code": "410"}, {"wkt": "POLYGON ((50 0, 100 0, 100 60, 50 60, 50 0))", "zone_code": "100"}, {"wkt": "POLYGON ((50 60, 100 60, 100 100, 50 100, 50 60))", "zone_code": "500"}]},
                   {"zones": [{"wkt": "POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))", "zone_code": "410"}, {"wkt": "POLYGON ((50 0, 100 0, 100 60, 50 60, 50 0))", "zone_code": "100"},
                              {"wkt": "POLYGON ((40 0, 40 100, 50 100, 100 100, 100 60, 50 60, 50 0, 40 0))", "zone_code": "500"}]}, rules=("REL004",)),
        FixExample("farmland under the boundary comes first", "REL005", {"boundary": ["POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))"], "farmland": [EAST_WKT], "zones": EXAMPLE_ZONES}, refused="line_of_precedence"),
        FixExample("no other zone is adjacent", "REL005", {"boundary": ["POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))"], "zones": [{"wkt": WEST_WKT, "zone_code": "410"}]}, refused="no_neighbour"),
        FixExample("a zone without any line", "REL005", {"boundary": [WEST_WKT], "zones": [*EXAMPLE_ZONES, {"wkt": "POLYGON ((100 0, 150 0, 150 100, 100 100, 100 0))", "zone_code": "420"}]}, refused="would_be_empty"),
    ],
)  # fmt: skip
def make_zone_follow_line(finding: Finding, *, state: EditingState, neighbour: str = "") -> Edits:
    """Give a planning zone the edge of its control line.

    What it does
        Land of the line that is in other zones is added to the adjacent zone of the line (生态保护区 of the red line,
        城镇发展区 of the boundary); where none is adjacent, it becomes a new row of that zone. Land of the zone beyond
        the line goes to an adjacent zone: to the one of the control line that the land is on, else to the one with
        the longest common edge that need not equal another line, or to a chosen one of these (``neighbour``: its
        key). A zone of which no land remains is removed. The zones go on covering the county.
    When it is safe
        If the land that changes its zone is below a limit for slivers.
    Limits
        The control line stays as it is. Where a line that comes before it covers the same land, their overlap has to
        be removed first (REL001 to REL003). A zone without any land of the line is not removed: whether the zone or the
        line is missing is for a person to decide.
    """
    zones = require_planning_zone_layer(state)
    land = state.get_finding_shape(finding)
    if land is None:
        raise FixRefused("stale")
    line = _LINE_BY_RULE[finding.code]
    setting = ZONE_SETTING_BY_LINE[line]
    if finding.case == "line_outside_zone":
        _require_no_line_of_precedence(state, line, land)
        return move_land_into_zone(state, land, setting)
    row = state.get_finding_row(finding)
    leaving = drop_slivers(extract_polygons(shapely.intersection(require_shape(row), land)), state.tolerance)
    if leaving is None:
        raise FixRefused("stale")
    remaining_shape = subtract_shapes(row.plane_shape, [leaving], state.tolerance)
    if remaining_shape is None:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    adjacent_rows = state.find_rows_meeting(zones.role, leaving, without=[row.fid], reach_m=state.tolerance.cluster_m)
    line_codes, closed_codes = _list_zone_codes_of_covering_line(state, leaving), _list_zone_codes_equal_to_lines(state)
    # A zone that must equal its line gets no land beyond the line.
    open_rows = [one for one in adjacent_rows if (code := get_zone_code(one)) in line_codes or code not in closed_codes]
    candidates = measure_shared_edges(open_rows, leaving, state)
    if neighbour:
        candidates = [(one, length) for one, length in candidates if one.key == neighbour]
    if not candidates:
        raise FixRefused("no_neighbour", role=zones.role)
    target = max(candidates, key=lambda pair: (get_zone_code(pair[0]) in line_codes, round(pair[1], 3)))[0]
    params: dict[str, Any] = {
        "area_m2": state.measure_drawn_area_m2(leaving), "key": row.key, "other_key": target.key,
        "candidates": [one.key for one, _length in candidates],
    }  # fmt: skip
    edits = [
        *reshape_row(state, row, remaining_shape),
        *reshape_row(state, target, join_shapes(target.plane_shape, leaving, state.tolerance)),
    ]
    return Edits(edits, case="leaves", params=params, keeps_union=True)


def _require_no_line_of_precedence(state: EditingState, line: str, land: Any) -> None:
    """Raise FixRefused if a control line with precedence over ``line`` covers any of the land."""
    for other in PRECEDENCE[: PRECEDENCE.index(line)]:
        layer = state.plan.find_layer_of_concept(other)
        if layer is None:
            continue
        shared_land = shapely.intersection(_unite_rows_meeting_land(state, layer, land), land)
        if drop_slivers(extract_polygons(shared_land), state.tolerance) is not None:
            raise FixRefused("line_of_precedence", other_role=layer.role)


def _list_zone_codes_of_covering_line(state: EditingState, land: Any) -> frozenset[str]:
    """Return the zone codes that belong to the first control line, by precedence, that covers most of the land."""
    for line in PRECEDENCE:
        layer = state.plan.find_layer_of_concept(line)
        if (
            layer is not None
            and 2 * shapely.intersection(_unite_rows_meeting_land(state, layer, land), land).area > land.area
        ):
            return list_zone_codes(state, ZONE_SETTING_BY_LINE[line])
    return frozenset()


def _list_zone_codes_equal_to_lines(state: EditingState) -> frozenset[str]:
    """Return the codes of the zones that a county draws equal to a control line (REL004, REL005)."""
    settings = [
        ZONE_SETTING_BY_LINE[line]
        for line, switch in (("red_line", "zones.protection_is_red_line"), ("boundary", "zones.urban_is_boundary"))
        if state.norm.get(switch)
    ]
    return frozenset().union(*(list_zone_codes(state, setting) for setting in settings))


def _unite_rows_meeting_land(state: EditingState, layer: Layer, land: Any) -> Any:
    """Return the union of the rows of a layer that meet land, in the plane."""
    return shapely.union_all([one.plane_shape for one in state.find_rows_meeting(layer.role, land)])
