# SPDX-License-Identifier: GPL-2.0-or-later
"""Move land between planning zones (规划分区) so that together they still cover the county."""

from __future__ import annotations

from typing import Any

import shapely

from ..engine.context import trim_code_padding
from ..geometry.validity import extract_polygons
from ..plan.layer import Layer
from .dividing import reshape_row
from .edits import Edits, FixRefused, RowEdit
from .shapes import drop_slivers, join_shapes, measure_shared_edge, subtract_shapes
from .state import EditingState, Row

#: Control line → setting with the codes of its zone.
ZONE_SETTING_BY_LINE = {"farmland": "zones.farmland", "red_line": "zones.protection", "boundary": "zones.urban"}


def require_planning_zone_layer(state: EditingState) -> Layer:
    """Return the layer of planning zones. Raise FixRefused if no fix can change it."""
    zones = state.plan.find_layer_of_concept("zones")
    if zones is None or not zones.has_field("zone_code"):
        raise FixRefused("stale")
    if state.is_sealed(zones.role):
        raise FixRefused("sealed", role=zones.role)
    state.require_layer_in_plane(zones.role)
    return zones


def list_zone_codes(state: EditingState, setting: str) -> frozenset[str]:
    """Return the zone codes that a setting lists, with all codes below them in the code list."""
    template_field = require_planning_zone_layer(state).template.find_field("zone_code")
    members: list[str] = list(state.norm.get(setting))
    if template_field is None or not template_field.codes:
        return frozenset(members)
    return frozenset(state.norm.standard.code_lists[template_field.codes].collect_members(members))


def get_zone_code(row: Row) -> str:
    """Return the zone code of a row without the zeros that pad it."""
    template_field = row.home_layer.template.find_field("zone_code")
    return trim_code_padding(row.get_text("zone_code"), template_field.code_pad if template_field is not None else 0)


def move_land_into_zone(state: EditingState, land: Any, setting: str) -> Edits:
    """Return the edits that take land out of other zones and add it to a zone of the setting's codes.

    The adjacent zone with the longest common edge gets the land. Without an adjacent one, the land becomes a new row
    with the first code of the setting and the other attributes of the zone that it leaves. Raise FixRefused if no other
    zone has land there.
    """
    zones, codes = require_planning_zone_layer(state), list_zone_codes(state, setting)
    rows = state.find_rows_meeting(zones.role, land, reach_m=state.tolerance.cluster_m)
    others = [
        row for row in rows if get_zone_code(row) not in codes and shapely.intersection(row.plane_shape, land).area > 0
    ]
    taken_land = drop_slivers(
        extract_polygons(shapely.intersection(land, shapely.union_all([row.plane_shape for row in others]))),
        state.tolerance,
    )
    if taken_land is None:
        raise FixRefused("stale")
    edits: list[RowEdit] = []
    for row in others:
        remaining_shape = subtract_shapes(row.plane_shape, [taken_land], state.tolerance)
        if remaining_shape is None:
            edits.append(RowEdit(row.role, row.fid, is_deleted=True))
        else:
            edits += reshape_row(state, row, remaining_shape)
    lengths = measure_shared_edges([row for row in rows if get_zone_code(row) in codes], taken_land, state)
    target = max(lengths, key=lambda pair: pair[1])[0] if lengths else None
    edits += (
        _make_zone(state, others[0], taken_land, state.norm.get(setting)[0])
        if target is None
        else reshape_row(state, target, join_shapes(target.plane_shape, taken_land, state.tolerance))
    )
    params = {
        "area_m2": state.measure_drawn_area_m2(taken_land),
        "count": len(others),
        "key": "" if target is None else target.key,
    }
    return Edits(edits, params=params, keeps_union=True)


def measure_shared_edges(rows: list[Row], land: Any, state: EditingState) -> list[tuple[Row, float]]:
    """Return (row, length in m) for each row that has an edge in common with land."""
    pairs = [(row, measure_shared_edge(land, row.plane_shape, state.tolerance.cluster_m)) for row in rows]
    return [(row, length) for row, length in pairs if length > state.tolerance.edge_match_m]


def _make_zone(state: EditingState, like: Row, land: Any, code: str) -> list[RowEdit]:
    """Return edits that make land new rows of a zone; ``code``: the zone code of the rows.

    Their other attributes are those of ``like``, the zone that the land leaves.
    """
    template_field = like.layer.template.find_field("zone_code")
    attributes: dict[str, Any] = {}
    if template_field is not None:
        attributes[template_field.name] = code
        name_field, code_list = template_field.code_name, template_field.codes
        # A layer may lack the field of the name.
        if name_field and code_list and like.layer.get_column_by_name(name_field) is not None:
            attributes[name_field] = state.norm.standard.code_lists[code_list].entry_by_code[code].name
    new_rows = []
    for edit in reshape_row(state, like, land):
        values = {**edit.attributes, **attributes}
        if like.layer.has_field("key") and not edit.is_new:
            values[like.layer.get_field_name("key")] = state.reserve_new_key(like.role)
        fid = edit.fid if edit.is_new else state.reserve_new_fid(like.role)
        new_rows.append(RowEdit(like.role, fid, edit.shape, values, is_new=True, attribute_source_fid=like.fid))
    return new_rows
