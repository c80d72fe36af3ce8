# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes between the three control lines, by their statutory precedence."""

from __future__ import annotations

import shapely

from ...base.errors import InputError
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit, WindowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import list_parts, require_shape, reshape_row, subtract_shapes
from ..state import EditingState, Row

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
    remaining_shape = subtract_shapes(shape, [obstacle], state.tolerance)
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
    if subtract_shapes(require_shape(yields), [require_shape(stays)], state.tolerance) is not None:
        raise FixRefused("not_covered", role=yields.role, key=yields.key)
    return Edits(
        [RowEdit(yields.role, yields.fid, is_deleted=True)],
        params={"role": yields.role, "key": yields.key, "other_role": stays.role, "other_key": stays.key},
    )
