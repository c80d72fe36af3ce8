# SPDX-License-Identifier: GPL-2.0-or-later
from ...model.findings import Finding
from ..dividing import require_shape
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..precedence import find_staying_and_yielding_row
from ..shapes import subtract_shapes
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


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
