# SPDX-License-Identifier: GPL-2.0-or-later
from ...geometry.validity import repair_polygon
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@fix(
    "FIX025",
    "delete-row-without-shape",
    title="Delete a row without a shape",
    solves={"GEO001": (), "GEO002": ("invalid",)},
    safety=Safety.NEVER,
    messages={"": "Delete {key}, which has no land"},
    examples=[
        FixExample("no shape", "GEO001", {"layer": [SQUARE_WKT, None]}, {"layer": [SQUARE_WKT]}),
        FixExample("a polygon without area", "GEO002", {"layer": [SQUARE_WKT, "POLYGON ((0 0, 30 10, 60 20, 0 0))"]}, {"layer": [SQUARE_WKT]}),
        FixExample("a shape that can be repaired", "GEO002", {"layer": ["POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"]}, refused="has_shape"),
    ],
)  # fmt: skip
def delete_row_without_shape(finding: Finding, *, state: EditingState) -> Edits:
    """Delete a row without a shape.

    What it does
        Deletes a row that has no shape, or a polygon without any area.
    When it is safe
        Never, because a feature is deleted: it may be the only trace of land that was lost.
    Limits
        Restore the shape from the approved result first. If the approved result has no shape, draw it. Delete the row
        only if it is a duplicate or was entered by mistake.
    """
    row = state.get_finding_row(finding)
    has_raw = row.stored_shape is not None and not row.stored_shape.is_empty
    if has_raw and (row.layer.template.geometry != "polygon" or repair_polygon(row.stored_shape) is not None):
        raise FixRefused("has_shape", role=row.role, key=row.key)
    return Edits([RowEdit(row.role, row.fid, is_deleted=True)], params={"key": row.key})
