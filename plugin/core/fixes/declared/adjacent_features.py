# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of gaps, overlaps and fragments between features of one layer, and of land outside the county."""

import numpy as np
import shapely

from ...geometry.shape_comparison import normalize_shapes
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import measure_shared_edges, overlay_shapes, require_shape, reshape_row
from ..state import EditingState, Row

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WEST_WKT = "POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))"


@fix(
    "FIX006",
    "fill-gap",
    title="Fill a gap from the neighbour with the longest common edge",
    solves={"TOP002": (), "TOP004": ("",), "TOP006": ()},
    safety=Safety.SLIVER,
    messages={"": "Add the gap to {key}, with which it has {length} m of edge in common"},
    examples=[
        FixExample("a narrow gap between zones", "TOP002", {"zones": [WEST_WKT, "POLYGON ((40.004 0, 100 0, 100 100, 40.004 100, 40.004 0))"], "county": [SQUARE_WKT]},
                   {"zones": [WEST_WKT, "POLYGON ((40 0, 100 0, 100 100, 40 100, 40 0))"]}, safe=True, settings={"tolerance.min_area_m2": 0.1}),
        FixExample("a wide one is confirmed by a person", "TOP002", {"zones": [WEST_WKT, "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 60, 60 60, 60 40, 50 40, 50 0))"], "county": [SQUARE_WKT]},
                   {"zones": [WEST_WKT, "POLYGON ((50 0, 40 0, 40 100, 50 100, 100 100, 100 0, 50 0))"]}),
        FixExample("a gap between features of a layer", "TOP004",
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 90, 100.05 90, 100.05 10, 100 10, 100 0))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 90, 100 10, 100 0))"]}, safe=True),
        FixExample("parcels of the survey are only explained", "TOP006", {"parcels": [WEST_WKT], "county": [SQUARE_WKT]}, refused="sealed"),
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
    state.require_unsealed(role)
    state.require_layer_in_plane(role)
    gap = state.get_finding_shape(finding)
    if gap is None:
        raise FixRefused("stale")
    rows = state.find_rows_meeting(role, gap, reach_m=state.tolerance.cluster_m)
    if any(shapely.intersection(row.plane_shape, gap).area > state.tolerance.min_area_m2 / 100 for row in rows):
        raise FixRefused("stale")
    if state.find_window_filler(role, gap) is not None:
        raise FixRefused("is_window", role=role, key=finding.key)
    candidates = measure_shared_edges(rows, gap, state, neighbour)
    if not candidates:
        raise FixRefused("no_neighbour", role=role)
    chosen_row, length = max(candidates, key=lambda pair: (round(pair[1], 3), pair[0].plane_shape.area))
    return Edits(
        reshape_row(state, chosen_row, overlay_shapes(shapely.union, chosen_row.plane_shape, gap, state.tolerance)),
        params={
            "key": chosen_row.key,
            "length": round(length, 2),
            "candidates": [row.key for row, _ in candidates],
        },
    )


@fix(
    "FIX007",
    "remove-overlap",
    title="Remove the overlap of two features of a layer",
    solves={"TOP001": ("",)},
    safety=Safety.SLIVER,
    messages={"": "Cut {key} back to the edge of {other_key}"},
    examples=[
        FixExample("a narrow overlap", "TOP001", {"layer": [SQUARE_WKT, "POLYGON ((99.95 0, 190 0, 190 100, 99.95 100, 99.95 0))"]},
                   {"layer": [SQUARE_WKT, "POLYGON ((100 0, 190 0, 190 100, 100 100, 100 0))"]}, safe=True),
        FixExample("a wide one is confirmed by a person", "TOP001", {"layer": [SQUARE_WKT, "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]},
                   {"layer": [SQUARE_WKT, "POLYGON ((100 0, 190 0, 190 100, 100 100, 100 0))"]}),
        FixExample("the later feature lies in the earlier one", "TOP001", {"layer": [SQUARE_WKT, "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (10 10, 20 10, 20 20, 10 20, 10 10))", "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]}),
    ],
)  # fmt: skip
def remove_overlap(finding: Finding, *, state: EditingState, cut: str = "") -> Edits:
    """Remove the overlap of two features of a layer.

    What it does
        Cuts one feature back to the edge of the other, whose vertices the new edge takes over: the later one (the
        greater key), unless it is within the other, or the chosen one (``cut``: its key).
    When it is safe
        If the overlap is below a limit for slivers.
    Limits
        Which of the two is right is not known. A feature that falls apart is divided into several.
    """
    state.require_unsealed(finding.role)
    rows = [state.get_finding_row(finding), state.get_related_row(finding)]
    shapes = [require_shape(row) for row in rows]
    if shapely.intersection(*shapes).area <= 0:
        raise FixRefused("stale")
    results = [overlay_shapes(shapely.difference, shapes[n], shapes[1 - n], state.tolerance) for n in (0, 1)]
    # The finding names the smaller key first.
    loser = next((n for n in (1, 0) if (rows[n].key == cut if cut else results[n] is not None)), None)
    if loser is None or results[loser] is None:
        raise FixRefused("would_be_empty", role=finding.role, key=rows[1].key)
    return Edits(
        reshape_row(state, rows[loser], results[loser]),
        params={"key": rows[loser].key, "other_key": rows[1 - loser].key},
    )


@fix(
    "FIX008",
    "delete-duplicate",
    title="Delete an exact duplicate",
    solves={"TOP001": ("duplicate",), "TOP007": ()},
    safety=Safety.NEVER,
    messages={"": "Delete {keys}; {other_key} with the same shape stays"},
    examples=[
        FixExample("two alike", "TOP001", {"layer": [SQUARE_WKT, SQUARE_WKT]}, {"layer": [SQUARE_WKT]}),
        FixExample("three alike in a layer that may overlap", "TOP007", {"layer": [SQUARE_WKT, SQUARE_WKT, SQUARE_WKT]}, {"layer": [SQUARE_WKT]}, roles={"layer": "LSWHBHX"}),
    ],
)  # fmt: skip
def delete_duplicate(finding: Finding, *, state: EditingState) -> Edits:
    """Delete an exact duplicate.

    What it does
        Deletes the features that have exactly the shape of an earlier one; the one with the smallest key stays.
    When it is safe
        Never, because a feature is deleted: compare the attributes first, and keep the right ones.
    Limits
        Shapes that differ in one corner do not count as duplicates; vertices on straight edges do not matter.
    """
    row = state.get_finding_row(finding)
    others = [state.find_row(*related_row) for related_row in finding.list_rows()[1:]]
    shape, *other_shapes = normalize_shapes(np.array([require_shape(one) for one in (row, *others)], dtype=object))
    if not others or not shapely.equals_exact(other_shapes, shape, 0.0).all():
        raise FixRefused("stale")
    return Edits(
        [RowEdit(other.role, other.fid, is_deleted=True) for other in others],
        params={"keys": [other.key for other in others], "other_key": row.key},
    )


BLOCK_WKT = "POLYGON ((0 0, 100 0, 100 90, 0 90, 0 0))"


@fix(
    "FIX009",
    "dissolve-fragment",
    title="Dissolve a fragment into the neighbour with the longest common edge",
    solves={"GEO007": ()},
    safety=Safety.NEVER,
    messages={"": "Add {key} to {other_key}, with which it has {length} m of edge in common, and delete it"},
    examples=[
        FixExample("the longest common edge", "GEO007", {"layer": [BLOCK_WKT, "POLYGON ((0 90, 20 90, 20 95, 0 95, 0 90))", "POLYGON ((20 90, 100 90, 100 100, 20 100, 20 95, 20 90))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 90, 20 90, 20 95, 0 95, 0 90, 0 0))", "POLYGON ((20 90, 100 90, 100 100, 20 100, 20 95, 20 90))"]}, settings={"quality.min_area_m2.CZKFBJ": 200.0}),
        FixExample("a neighbour of the same use comes first", "GEO007",
                   {"zones": [{"wkt": BLOCK_WKT, "zone_code": "410"}, {"wkt": "POLYGON ((0 90, 20 90, 20 95, 0 95, 0 90))", "zone_code": "300"}, {"wkt": "POLYGON ((20 90, 100 90, 100 100, 20 100, 20 95, 20 90))", "zone_code": "300"}]},
                   {"zones": [{"wkt": BLOCK_WKT, "zone_code": "410"}, {"wkt": "POLYGON ((0 90, 20 90, 100 90, 100 100, 20 100, 20 95, 0 95, 0 90))", "zone_code": "300"}]}, settings={"quality.min_area_m2.YDYHGHFQ": 200.0}),
        FixExample("no neighbour", "GEO007", {"layer": ["POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"]}, refused="no_neighbour", settings={"quality.min_area_m2.CZKFBJ": 200.0}),
    ],
)  # fmt: skip
def dissolve_fragment(finding: Finding, *, state: EditingState) -> Edits:
    """Dissolve a fragment into the neighbour with the longest common edge.

    What it does
        Adds a feature below the minimum area to the adjacent feature of its layer that has the longest edge in common
        with it, first among those of the same use, and deletes its row. Area fields follow.
    When it is safe
        Never, because a feature is deleted.
    Limits
        A fragment without an adjacent feature is refused. Its other attributes are lost.
    """
    state.require_unsealed(finding.role)
    row = state.get_finding_row(finding)
    shape = require_shape(row)
    adjacent = measure_shared_edges(
        state.find_rows_meeting(row.role, shape, without=(row.fid,), reach_m=state.tolerance.cluster_m), shape, state
    )
    if not adjacent:
        raise FixRefused("no_neighbour", role=row.role)
    target, length = max(adjacent, key=lambda pair: (_get_use(pair[0]) == _get_use(row), pair[1]))
    return Edits(
        [
            *reshape_row(state, target, overlay_shapes(shapely.union, target.plane_shape, shape, state.tolerance)),
            RowEdit(row.role, row.fid, is_deleted=True),
        ],
        params={"key": row.key, "other_key": target.key, "length": round(length, 2)},
        keeps_union=True,
    )


def _get_use(row: Row) -> tuple[str, ...]:
    """Return the land use of a row: the values of all its fields that have one."""
    return tuple(row.get_text(meaning) for meaning in ("land_use", "zone_code", "feature_kind"))


@fix(
    "FIX011",
    "clip-to-county",
    title="Cut a feature back to the county's edge",
    solves={"TOP003": ("",)},
    safety=Safety.SLIVER,
    messages={"": "Cut {key} back to the county's edge ({area} outside)"},
    examples=[
        FixExample("across the edge", "TOP003", {"layer": ["POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"], "county": [SQUARE_WKT]},
                   {"layer": ["POLYGON ((90 0, 100 0, 100 10, 90 10, 90 0))"]}),
        FixExample("a narrow strip outside", "TOP003", {"layer": ["POLYGON ((90 10, 100.05 10, 100.05 90, 90 90, 90 10))"], "county": [SQUARE_WKT]},
                   {"layer": ["POLYGON ((90 10, 100 10, 100 90, 90 90, 90 10))"]}, safe=True),
        FixExample("wholly outside", "TOP003", {"layer": ["POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))", SQUARE_WKT], "county": [SQUARE_WKT]}, refused="would_be_empty"),
        FixExample("a parcel of the survey is only explained", "TOP003", {"parcels": ["POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"], "county": [SQUARE_WKT]}, refused="sealed"),
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
    state.require_unsealed(finding.role)
    row, outline = state.get_finding_row(finding), state.county_shape
    if outline is None:
        raise FixRefused("no_county")
    shape = require_shape(row)
    if shapely.difference(shape, outline).area <= 0:
        raise FixRefused("stale")
    inside = overlay_shapes(shapely.intersection, shape, outline, state.tolerance)
    if inside is None:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    return Edits(
        reshape_row(state, row, inside),
        params={"key": row.key, "area_m2": state.measure_drawn_area_m2(shapely.difference(shape, inside))},
    )
