# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np
import shapely

from ...engine.context import trim_code_padding
from ...geometry.validity import extract_polygons
from ...model.findings import Finding
from ..dividing import require_shape, reshape_row
from ..edits import Edits, FixRefused, RowEdit
from ..model import FixExample, Safety, fix
from ..shapes import drop_slivers, join, measure_shared_edge, subtract
from ..state import EditingState, Row

FIELD_WKT = "POLYGON ((40 0, 60 0, 60 100, 40 100, 40 0))"


@fix(
    "FIX013",
    "extend-farmland-zone",
    title="Extend the farmland protection zone under permanent basic farmland",
    solves={"REL006": ("urban", "large")},
    safety=Safety.NEVER,
    messages={"": "Add {area} of {count} zone(s) to the farmland protection zone {key}"},
    examples=[
        FixExample("farmland in the urban zone", "REL006",
                   {"farmland": [FIELD_WKT], "zones": [{"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "zone_code": "410"}]},
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
    zones = state.plan.find_layer_of_concept("zones")
    if zones is None or not zones.has("zone_code"):
        raise FixRefused("stale")
    if state.is_sealed(zones.role):
        raise FixRefused("sealed", role=zones.role)
    state.require_layer_in_plane(zones.role)
    land = require_shape(state.get_finding_row(finding))
    if finding.case == "large":
        # One of several parts outside the zone.
        land = state.get_place(finding)
    codes = _list_farmland_codes(state)
    rows = state.find_rows_meeting(zones.role, land, reach_m=state.tolerance.cluster_m)
    others = [row for row in rows if _get_code(row) not in codes and shapely.intersection(row.plane, land).area > 0]
    taken = drop_slivers(
        extract_polygons(shapely.intersection(land, shapely.union_all([row.plane for row in others]))), state.tolerance
    )
    if taken is None:
        raise FixRefused("stale")
    edits = []
    for row in others:
        remaining = subtract(row.plane, [taken], state.tolerance)
        if remaining is None:
            edits.append(RowEdit(row.role, row.fid, is_deleted=True))
        else:
            edits += reshape_row(state, row, remaining)
    target = _find_target([row for row in rows if _get_code(row) in codes], taken, state)
    edits += (
        _make_zone(state, others[0], taken)
        if target is None
        else reshape_row(state, target, join(target.plane, taken, state.tolerance))
    )
    params = {"area_m2": float(taken.area), "count": len(others), "key": "" if target is None else target.key}
    return Edits(edits, params=params, keeps_union=True)


def _list_farmland_codes(state: EditingState) -> frozenset[str]:
    zones = state.plan.find_layer_of_concept("zones")
    declared = zones.template.find_field("zone_code") if zones is not None else None
    members: list[str] = list(state.norm.get("zones.farmland"))
    if declared is None or not declared.codes:
        return frozenset(members)
    return frozenset(state.norm.standard.code_lists[declared.codes].collect_members(members))


def _get_code(row: Row) -> str:
    declared = row.layer.template.find_field("zone_code")
    text = row.layer.text("zone_code")[0]
    return trim_code_padding(text, declared.code_pad if declared is not None else 0)


def _find_target(rows: list[Row], land: Any, state: EditingState) -> Row | None:
    """Return the zone that has the longest edge in common with the land; None if none is adjacent."""
    lengths = np.array([measure_shared_edge(land, row.plane, state.tolerance.cluster_m) for row in rows])
    if not len(lengths) or lengths.max() <= state.tolerance.edge_match_m:
        return None
    return rows[int(lengths.argmax())]


def _make_zone(state: EditingState, like: Row, land: Any) -> list[RowEdit]:
    """Return new rows of the farmland zone; other attributes are those of the zone that the land leaves."""
    code = state.norm.get("zones.farmland")[0]
    declared = like.layer.template.find_field("zone_code")
    attributes: dict[str, Any] = {}
    if declared is not None:
        attributes[declared.name] = code
        if declared.code_name and declared.codes:
            attributes[declared.code_name] = state.norm.standard.code_lists[declared.codes].entry_by_code[code].name
    edits = reshape_row(state, like, land)
    made = []
    for edit in edits:
        values = {**edit.attributes, **attributes}
        if like.layer.has("key") and not edit.is_new:
            values[like.layer.get_field_name("key")] = state.issue_key(like.role)
        fid = edit.fid if edit.is_new else state.issue_fid(like.role)
        made.append(RowEdit(like.role, fid, edit.shape, values, is_new=True, like_fid=like.fid))
    return made
