# SPDX-License-Identifier: GPL-2.0-or-later
"""Move land between planning zones (规划分区), which go on covering the county."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import shapely

from ..engine.context import trim_code_padding
from ..geometry.validity import extract_polygons
from ..plan.layer import Layer
from .edits import Edits, FixRefused, RowEdit
from .shapes import (
    compute_area_fields,
    drop_slivers,
    list_parts,
    make_new_row,
    measure_shared_edges,
    overlay_shapes,
    reshape_row,
)
from .state import EditingState, Row


class ZoneLand(NamedTuple):
    """Land of the plane, and the codes of the zone that it moves into; a new zone has the first code."""

    land: Any
    codes: Sequence[str]


def require_planning_zone_layer(state: EditingState) -> Layer:
    """Return the layer of planning zones. Raise FixRefused if no fix can change it."""
    zones = state.plan.find_layer_of_concept("zones")
    if zones is None or not zones.has_field("zone_code"):
        raise FixRefused("stale")
    state.require_unsealed(zones.role)
    state.require_layer_in_plane(zones.role)
    return zones


def list_zone_codes(state: EditingState, codes: Sequence[str]) -> frozenset[str]:
    """Return zone codes with all codes below them in the code list."""
    template_field = require_planning_zone_layer(state).template.find_field("zone_code")
    if template_field is None or not template_field.codes:
        return frozenset(codes)
    return frozenset(state.norm.standard.code_lists[template_field.codes].collect_members(list(codes)))


def get_zone_code(row: Row) -> str:
    """Return the zone code of a row without the zeros that pad it."""
    template_field = row.home_layer.template.find_field("zone_code")
    return trim_code_padding(row.get_text("zone_code"), template_field.code_pad if template_field is not None else 0)


def move_land_into_zones(state: EditingState, lands: Iterable[ZoneLand]) -> Edits:
    """Return the edits that take lands, one after another, out of other zones and add them to zones of their codes.

    The adjacent zone with the longest common edge gets the land. Without an adjacent one, the land becomes a new row
    with the first of its codes and the other attributes of the zone that it leaves. A row that loses all land is
    removed. Empty if no other zone has land there.
    """
    zones = require_planning_zone_layer(state)
    shapes: dict[int, Any] = {}
    rows_by_fid: dict[int, Row] = {}
    new_zones: list[RowEdit] = []
    params: dict[str, Any] = {"area_m2": 0.0, "count": 0, "key": ""}
    for land, first_codes in lands:
        codes = list_zone_codes(state, first_codes)
        rows = state.find_rows_meeting(zones.role, land, reach_m=state.tolerance.cluster_m)
        present = {row.fid: shapes.get(row.fid, row.plane_shape) for row in rows}
        others = [
            row
            for row in rows
            if get_zone_code(row) not in codes
            and present[row.fid] is not None
            and shapely.intersection(present[row.fid], land).area > 0
        ]
        taken_land = drop_slivers(
            extract_polygons(shapely.intersection(land, shapely.union_all([present[row.fid] for row in others]))),
            state.tolerance,
        )
        if taken_land is None:
            continue
        for row in others:
            shapes[row.fid] = overlay_shapes(shapely.difference, present[row.fid], taken_land, state.tolerance)
        targets = [row for row in rows if get_zone_code(row) in codes and present[row.fid] is not None]
        lengths = measure_shared_edges(targets, taken_land, state)
        target = max(lengths, key=lambda pair: pair[1])[0] if lengths else None
        if target is None:
            new_zones += _make_zone(state, others[0], taken_land, first_codes[0])
        else:
            shapes[target.fid] = overlay_shapes(shapely.union, present[target.fid], taken_land, state.tolerance)
        rows_by_fid |= {row.fid: row for row in (*others, *([target] if target is not None else []))}
        params["area_m2"] += state.measure_drawn_area_m2(taken_land)
        params["count"] += len(others)
        params["key"] = "" if target is None else target.key
    edits: list[RowEdit] = []
    for fid, shape in shapes.items():
        row = rows_by_fid[fid]
        edits += [RowEdit(row.role, fid, is_deleted=True)] if shape is None else reshape_row(state, row, shape)
    return Edits([*edits, *new_zones], params=params, keeps_union=True)


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
    return [
        make_new_row(state, like, part, {**compute_area_fields(state, like, part), **attributes}, is_part=False)
        for part in list_parts(land)
    ]
