# SPDX-License-Identifier: GPL-2.0-or-later
import shapely

from ...model.findings import Finding
from ..dividing import require_shape, reshape_row
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import subtract_shapes
from ..state import EditingState

WEST_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@fix(
    "FIX007",
    "remove-overlap",
    title="Remove the overlap of two features of a layer",
    solves={"TOP001": ("",)},
    safety=Safety.SLIVER,
    messages={"": "Cut {key} back to the edge of {other_key}"},
    examples=[
        FixExample("a narrow overlap", "TOP001", {"layer": [WEST_WKT, "POLYGON ((99.95 0, 190 0, 190 100, 99.95 100, 99.95 0))"]},
                   {"layer": [WEST_WKT, "POLYGON ((100 0, 190 0, 190 100, 100 100, 100 0))"]}, safe=True),
        FixExample("a wide one is confirmed by a person", "TOP001", {"layer": [WEST_WKT, "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]},
                   {"layer": [WEST_WKT, "POLYGON ((100 0, 190 0, 190 100, 100 100, 100 0))"]}),
        FixExample("the later feature lies in the earlier one", "TOP001", {"layer": [WEST_WKT, "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]},
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
    if state.is_sealed(finding.role):
        raise FixRefused("sealed", role=finding.role)
    rows = [state.get_finding_row(finding), state.get_related_row(finding)]
    shapes = [require_shape(row) for row in rows]
    if shapely.intersection(*shapes).area <= 0:
        raise FixRefused("stale")
    results = [
        subtract_shapes(shapes[0], [shapes[1]], state.tolerance),
        subtract_shapes(shapes[1], [shapes[0]], state.tolerance),
    ]
    # The finding names the smaller key first.
    loser = next((n for n in (1, 0) if (rows[n].key == cut if cut else results[n] is not None)), None)
    if loser is None or results[loser] is None:
        raise FixRefused("would_be_empty", role=finding.role, key=rows[1].key)
    edits = reshape_row(state, rows[loser], results[loser])
    return Edits(edits, params={"key": rows[loser].key, "other_key": rows[1 - loser].key})
