# SPDX-License-Identifier: GPL-2.0-or-later
import shapely

from ...model.findings import Finding
from ..dividing import require_shape, reshape_row
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import is_below_sliver_limits, join_shapes, measure_width
from ..state import EditingState

SQUARE_WITH_HOLE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), ({hole}))"


@fix(
    "FIX005",
    "fill-pin-hole",
    title="Fill a pin hole",
    solves={"GEO006": ("hole",), "TOP004": ("hole",)},
    safety=Safety.SLIVER,
    messages={"": "Fill the hole of {area} in {key}"},
    examples=[
        FixExample("a hole of a third of a square metre", "GEO006", {"layer": [SQUARE_WITH_HOLE.format(hole="40 40, 40.6 40, 40.6 40.6, 40 40.6, 40 40")]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}, safe=True),
        FixExample("a slit", "TOP004", {"layer": [SQUARE_WITH_HOLE.format(hole="10 10, 10.05 10, 10.05 90, 10 90, 10 10")]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}, safe=True),
        FixExample("a real hole is never filled", "GEO006", {"layer": [SQUARE_WITH_HOLE.format(hole="40 40, 60 40, 60 60, 40 60, 40 40")]}, refused="hole_too_large"),
        FixExample("a window is never filled", "TOP004", {"boundary": [SQUARE_WITH_HOLE.format(hole="10 10, 10.09 10, 10.09 90, 10 90, 10 10")], "farmland": ["POLYGON ((10 10, 10.09 10, 10.09 90, 10 90, 10 10))"]},
                   refused="is_window"),
    ],
)  # fmt: skip
def fill_pin_hole(finding: Finding, *, state: EditingState) -> Edits:
    """Fill a pin hole.

    What it does
        Removes a hole of a feature that is below a limit for slivers.
    When it is safe
        Always, unless another problem appears.
    Limits
        A larger hole is refused, because only a person knows whether it is intended; so is a window (开天窗).
    """
    row = state.get_finding_row(finding)
    state.require_geometry_in_plane(row)
    shape, hole = require_shape(row), state.get_finding_shape(finding)
    if hole is None or shapely.intersection(shape, hole).area > state.tolerance.min_area_m2 / 100:
        raise FixRefused("stale")
    if not is_below_sliver_limits(hole.area, measure_width(hole), state.tolerance):
        raise FixRefused("hole_too_large", role=row.role, key=row.key, area_m2=state.measure_drawn_area_m2(hole))
    if state.find_window_filler(row.role, hole) is not None:
        raise FixRefused("is_window", role=row.role, key=row.key)
    filled_shape = join_shapes(shape, hole, state.tolerance)
    return Edits(
        reshape_row(state, row, filled_shape), params={"area_m2": state.measure_drawn_area_m2(hole), "key": row.key}
    )
