# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely

from ...geometry.shape_hashes import normalize_shapes
from ...model.findings import Finding
from ..dividing import require_shape
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


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
