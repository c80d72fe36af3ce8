# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes between the three control lines by their statutory precedence, and of planning zones (规划分区).

Fixes of zones move land between zones, so that these still cover the county.
"""

from __future__ import annotations

from typing import Any

import shapely

from ...base.errors import InputError
from ...geometry.validity import extract_polygons
from ...model.findings import Finding
from ...plan.layer import Layer
from ..edits import Edits, FixRefused, RowEdit, WindowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import (
    drop_slivers,
    list_parts,
    measure_shared_edges,
    overlay_shapes,
    require_shape,
    reshape_row,
)
from ..state import EditingState, Row
from ..zone_land import ZoneLand, get_zone_code, list_zone_codes, move_land_into_zones, require_planning_zone_layer

#: The three lines: an earlier one stays, a later one gives way.
PRECEDENCE = ("farmland", "red_line", "boundary")


def parse_order(text: str) -> tuple[str, ...]:
    """Return the three control lines in the order of a text such as ``farmland,red_line,boundary``.

    An empty text gives the statutory order. Raise InputError unless the text names each of the three lines once.
    """
    order = tuple(one.strip().lower() for one in text.replace("，", ",").split(",") if one.strip())
    if order and sorted(order) != sorted(PRECEDENCE):
        raise InputError("fix_order", text=text, known=",".join(PRECEDENCE))
    return order or PRECEDENCE


def find_staying_and_yielding_row(finding: Finding, state: EditingState, order: str = "") -> tuple[Row, Row]:
    """Return the row that stays and the row that is cut back, for a finding on two control lines.

    ``order``: as for `parse_order`. Raise FixRefused if the layer of the row to be cut is sealed.
    """
    row, related_row = state.get_finding_row(finding), state.get_related_row(finding)
    yielding_role, _staying_role = find_yielding_role(finding, state, order)
    return (related_row, row) if row.role == yielding_role else (row, related_row)


def find_yielding_role(finding: Finding, state: EditingState, order: str = "") -> tuple[str, str]:
    """Return the role that is cut back and the role that stays, for a finding on two control lines.

    ``order``: as for `parse_order`. Raise FixRefused if the layer to be cut is sealed.
    """
    ranks = {
        role: rank for rank, line in enumerate(parse_order(order)) for role in state.plan.list_roles_of_concept(line)
    }
    stays, yields = sorted((finding.role, finding.related_role), key=lambda role: ranks[role])
    if state.is_sealed(yields):
        if state.is_sealed(stays):
            raise FixRefused("both_sealed", role=yields, other_role=stays)
        raise FixRefused("sealed", role=yields)
    return yields, stays


#: Share of a hole that the feature covered before, so that the hole is a new window and no longer edge of an old one.
_LEAST_NEW_SHARE = 0.5
SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@fix(
    "FIX010",
    "cut-by-precedence",
    title="Cut a control line back by statutory precedence",
    solves={"REL001": (), "REL002": (), "REL003": ()},
    safety=Safety.SLIVER,
    messages={
        "": "Cut {role} {key} back to the edge of {other_role} {other_key}",
        "window": "Leave {other_role} {other_key} out of {role} {key} as a window",
    },
    examples=[
        FixExample("the boundary leaves the farmland", "REL002", {"farmland": [SQUARE_WKT], "boundary": ["POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]},
                   {"farmland": [SQUARE_WKT], "boundary": ["POLYGON ((100 0, 190 0, 190 100, 100 100, 100 0))"]}),
        FixExample("the new edge has the farmland's vertices", "REL002", {"farmland": ["POLYGON ((0 0, 100 0, 101 33, 100 100, 0 100, 0 0))"], "boundary": ["POLYGON ((90 10, 190 10, 190 90, 90 90, 90 10))"]},
                   {"boundary": ["POLYGON ((100.3030303030303 10, 190 10, 190 90, 100.149253731343 90, 101 33, 100.3030303030303 10))"]}),
        FixExample("a narrow overlap", "REL003", {"red_line": [SQUARE_WKT], "boundary": ["POLYGON ((99.95 0, 190 0, 190 100, 99.95 100, 99.95 0))"]},
                   {"red_line": [SQUARE_WKT], "boundary": ["POLYGON ((100 0, 190 0, 190 100, 100 100, 100 0))"]}, safe=True),
        FixExample("a window is never safe", "REL002", {"farmland": ["POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"], "boundary": [SQUARE_WKT]},
                   {"boundary": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"]}),
        FixExample("a boundary that falls apart", "REL002", {"farmland": ["POLYGON ((40 -10, 60 -10, 60 110, 40 110, 40 -10))"], "boundary": [SQUARE_WKT]},
                   {"boundary": ["POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))", "POLYGON ((60 0, 100 0, 100 100, 60 100, 60 0))"]}),
        FixExample("both sides are sealed", "REL001", {"farmland": [SQUARE_WKT], "red_line": [SQUARE_WKT]}, refused="both_sealed"),
        FixExample("nothing of the boundary would remain", "REL002", {"farmland": [SQUARE_WKT], "boundary": ["POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]}, refused="would_be_empty"),
    ],
)  # fmt: skip
def cut_by_precedence(finding: Finding, *, state: EditingState, order: str = "") -> Edits:
    """Cut a control line back by statutory precedence.

    What it does
        永久基本农田 takes precedence over 生态保护红线, and both over 城镇开发边界. The line that gives way is cut back to the edge of
        the other, whose vertices the new edge takes over. Where the other is inside, a window (开天窗) results. Another
        ``order`` can be given. A line that falls apart is divided into several features. Area fields follow.
    When it is safe
        If the overlap is below a limit for slivers and no window results.
    Limits
        Sealed lines stay: 永久基本农田 × 红线 is only explained. Planning zones are not cut; if they follow the line,
        REL004 or REL005 reports the difference.
    """
    staying_row, yielding_row = find_staying_and_yielding_row(finding, state, order)
    shape, obstacle = require_shape(yielding_row), require_shape(staying_row)
    if shapely.intersection(shape, obstacle).area <= 0:
        raise FixRefused("stale")
    remaining_shape = overlay_shapes(shapely.difference, shape, obstacle, state.tolerance)
    if remaining_shape is None:
        raise FixRefused("would_be_empty", role=yielding_row.role, key=yielding_row.key)
    edits = reshape_row(state, yielding_row, remaining_shape)
    # Holes that were not open before; each window has the key of the part that it is in. Parts are in the order of edits.
    windows = []
    for edit, part in zip(edits, list_parts(remaining_shape), strict=True):
        key = edit.attributes.get(yielding_row.layer.get_field_name("key"), "") if edit.is_new else yielding_row.key
        for ring in part.interiors:
            hole = shapely.Polygon(ring)
            if shapely.intersection(hole, yielding_row.plane_shape).area > _LEAST_NEW_SHARE * hole.area:
                windows.append(WindowEdit(yielding_row.role, str(key), staying_row.role, staying_row.key, hole))
    return Edits(
        edits,
        case="window" if windows else "",
        params={
            "role": yielding_row.role,
            "key": yielding_row.key,
            "other_role": staying_row.role,
            "other_key": staying_row.key,
        },
        review_reasons=["window"] if windows else [],
        windows=windows,
    )


@fix(
    "FIX012",
    "delete-covered-line",
    title="Delete a control line wholly inside one that takes precedence",
    solves={"REL001": (), "REL002": (), "REL003": ()},
    safety=Safety.NEVER,
    messages={"": "Delete {role} {key}: all of it is inside {other_role} {other_key}, which takes precedence"},
    examples=[
        FixExample("a boundary inside the red line", "REL003", {"red_line": [SQUARE_WKT], "boundary": ["POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]}, {"boundary": []}),
        FixExample("a part is outside", "REL003", {"red_line": [SQUARE_WKT], "boundary": ["POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]}, refused="not_covered"),
        FixExample("both sides are sealed", "REL001", {"farmland": [SQUARE_WKT], "red_line": [SQUARE_WKT]}, refused="both_sealed"),
    ],
)  # fmt: skip
def delete_covered_line(finding: Finding, *, state: EditingState) -> Edits:
    """Delete a control line wholly inside one that takes precedence.

    What it does
        Deletes a feature of the line that gives way (FIX010) if cutting it back would leave no land of it.
    When it is safe
        Never, because a feature is deleted.
    Limits
        Sealed lines stay.
    """
    stays, yields = find_staying_and_yielding_row(finding, state)
    if overlay_shapes(shapely.difference, require_shape(yields), require_shape(stays), state.tolerance) is not None:
        raise FixRefused("not_covered", role=yields.role, key=yields.key)
    return Edits(
        [RowEdit(yields.role, yields.fid, is_deleted=True)],
        params={"role": yields.role, "key": yields.key, "other_role": stays.role, "other_key": stays.key},
    )


#: Control line → setting with the codes of its zone.
ZONE_SETTING_BY_LINE = {"farmland": "zones.farmland", "red_line": "zones.protection", "boundary": "zones.urban"}


def _move_land_into_zone(state: EditingState, land: Any, setting: str) -> Edits:
    """Return the edits of `move_land_into_zones` for one land. Raise FixRefused if no other zone has land there."""
    edits = move_land_into_zones(state, [ZoneLand(land, state.norm.get(setting))])
    if not edits.rows:
        raise FixRefused("stale")
    return edits


@fix(
    "FIX013",
    "extend-farmland-zone",
    title="Extend the farmland protection zone under permanent basic farmland",
    solves={"REL006": ("urban", "large")},
    safety=Safety.NEVER,
    messages={"": "Add {area} of {count} zone(s) to the farmland protection zone {key}"},
    examples=[
        FixExample("farmland in the urban zone", "REL006",
                   {"farmland": ["POLYGON ((40 0, 60 0, 60 100, 40 100, 40 0))"], "zones": [{"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "zone_code": "410"}]},
                   {"zones": [{"wkt": "POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((60 0, 100 0, 100 100, 60 100, 60 0))", "zone_code": "410"}]}),
        FixExample("no farmland zone is next to it", "REL006",
                   {"farmland": ["POLYGON ((70 10, 80 10, 80 20, 70 20, 70 10))"], "zones": [{"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "zone_code": "410"}]},
                   {"zones": [{"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((70 10, 80 10, 80 20, 70 20, 70 10))", "zone_code": "300"},
                              {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0), (70 10, 80 10, 80 20, 70 20, 70 10))", "zone_code": "410"}]}),
    ],
)  # fmt: skip
def extend_farmland_zone(finding: Finding, *, state: EditingState) -> Edits:
    """Extend the farmland protection zone under permanent basic farmland.

    What it does
        Cuts the farmland out of the other zones, and adds it to the 农田保护区 that has the longest edge in common
        with it; where none is adjacent, the land becomes a new row of that zone. The zones go on covering the county.
    When it is safe
        Never, because the purpose of land changes.
    Limits
        The farmland itself stays. Whether the land should leave 永久基本农田 instead is for the authority to decide.
    """
    require_planning_zone_layer(state)
    land = require_shape(state.get_finding_row(finding))
    if finding.case == "large":
        # One of several parts outside the zone.
        land = state.get_finding_shape(finding)
    return _move_land_into_zone(state, land, ZONE_SETTING_BY_LINE["farmland"])


WEST_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
#: Five centimetres wider than `WEST_WKT`, and narrower.
WIDER_WKT = "POLYGON ((0 0, 50.05 0, 50.05 100, 0 100, 0 0))"
NARROWER_WKT = "POLYGON ((0 0, 49.95 0, 49.95 100, 0 100, 0 0))"
EXAMPLE_ZONES = [{"wkt": WEST_WKT, "zone_code": "410"}, {"wkt": EAST_WKT, "zone_code": "300"}]


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
    line = {"REL004": "red_line", "REL005": "boundary"}[finding.code]
    setting = ZONE_SETTING_BY_LINE[line]
    if finding.case == "line_outside_zone":
        for other in PRECEDENCE[: PRECEDENCE.index(line)]:
            layer = state.plan.find_layer_of_concept(other)
            if layer is None:
                continue
            shared_land = shapely.intersection(_unite_rows_meeting_land(state, layer, land), land)
            if drop_slivers(extract_polygons(shared_land), state.tolerance) is not None:
                raise FixRefused("line_of_precedence", other_role=layer.role)
        return _move_land_into_zone(state, land, setting)
    row = state.get_finding_row(finding)
    leaving = drop_slivers(extract_polygons(shapely.intersection(require_shape(row), land)), state.tolerance)
    if leaving is None:
        raise FixRefused("stale")
    remaining_shape = overlay_shapes(shapely.difference, row.plane_shape, leaving, state.tolerance)
    if remaining_shape is None:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    adjacent_rows = state.find_rows_meeting(zones.role, leaving, without=[row.fid], reach_m=state.tolerance.cluster_m)
    line_codes = _list_zone_codes_of_covering_line(state, leaving)
    # A zone that must equal its line (REL004, REL005) gets no land beyond the line.
    switches = {"red_line": "zones.protection_is_red_line", "boundary": "zones.urban_is_boundary"}
    closed_settings = [ZONE_SETTING_BY_LINE[name] for name, switch in switches.items() if state.norm.get(switch)]
    closed_codes = {code for one in closed_settings for code in list_zone_codes(state, state.norm.get(one))}
    open_rows = [one for one in adjacent_rows if (code := get_zone_code(one)) in line_codes or code not in closed_codes]
    candidates = measure_shared_edges(open_rows, leaving, state, neighbour)
    if not candidates:
        raise FixRefused("no_neighbour", role=zones.role)
    target = max(candidates, key=lambda pair: (get_zone_code(pair[0]) in line_codes, round(pair[1], 3)))[0]
    params: dict[str, Any] = {
        "area_m2": state.measure_drawn_area_m2(leaving), "key": row.key, "other_key": target.key,
        "candidates": [one.key for one, _length in candidates],
    }  # fmt: skip
    return Edits(
        [
            *reshape_row(state, row, remaining_shape),
            *reshape_row(state, target, overlay_shapes(shapely.union, target.plane_shape, leaving, state.tolerance)),
        ],
        case="leaves",
        params=params,
        keeps_union=True,
    )


def _list_zone_codes_of_covering_line(state: EditingState, land: Any) -> frozenset[str]:
    """Return the zone codes that belong to the first control line, by precedence, that covers most of the land."""
    for line in PRECEDENCE:
        layer = state.plan.find_layer_of_concept(line)
        if (
            layer is not None
            and 2 * shapely.intersection(_unite_rows_meeting_land(state, layer, land), land).area > land.area
        ):
            return list_zone_codes(state, state.norm.get(ZONE_SETTING_BY_LINE[line]))
    return frozenset()


def _unite_rows_meeting_land(state: EditingState, layer: Layer, land: Any) -> Any:
    """Return the union of the rows of a layer that meet land, in the plane."""
    return shapely.union_all([one.plane_shape for one in state.find_rows_meeting(layer.role, land)])
