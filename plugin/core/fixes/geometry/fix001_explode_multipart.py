# SPDX-License-Identifier: GPL-2.0-or-later
import shapely

from ...model.findings import Finding
from ..dividing import divide_row, require_shape
from ..edits import Edits, FixRefused
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import list_parts
from ..state import EditingState

TWO_SQUARES_WKT = "MULTIPOLYGON (((0 0, 30 0, 30 10, 0 10, 0 0)), ((50 0, 60 0, 60 10, 50 10, 50 0)))"


@fix(
    "FIX001",
    "explode-multipart",
    title="Divide a feature into its parts",
    solves={"GEO003": ()},
    safety=Safety.NEVER,
    messages={"": "Divide into {parts} features; the largest part keeps the key, areas are shared out by size"},
    examples=[
        FixExample("two squares", "GEO003", {"layer": [TWO_SQUARES_WKT]}, {"layer": ["POLYGON ((0 0, 30 0, 30 10, 0 10, 0 0))", "POLYGON ((50 0, 60 0, 60 10, 50 10, 50 0))"]}),
        FixExample("net areas keep their sum", "GEO003", {"layer": [{"wkt": TWO_SQUARES_WKT, "gross_area": 400.0, "deduction_rate": 0.1, "deduction_area": 40.0, "net_area": 360.0}]},
                   {"layer": [{"wkt": "POLYGON ((0 0, 30 0, 30 10, 0 10, 0 0))", "gross_area": 300.0, "net_area": 270.0}, {"wkt": "POLYGON ((50 0, 60 0, 60 10, 50 10, 50 0))", "gross_area": 100.0, "net_area": 90.0}]},
                   rules=("ATT003",), roles={"layer": "GDBHMB"}),
        FixExample("a part in another township", "GEO003",
                   {"layer": [{"wkt": TWO_SQUARES_WKT, "location_code": "1402251002000000000"}], "townships": [{"wkt": "POLYGON ((0 0, 40 0, 40 10, 0 10, 0 0))", "division_code": "140225100"}, {"wkt": "POLYGON ((40 0, 80 0, 80 10, 40 10, 40 0))", "division_code": "140225101"}]},
                   {"layer": ["POLYGON ((0 0, 30 0, 30 10, 0 10, 0 0))", "POLYGON ((50 0, 60 0, 60 10, 50 10, 50 0))"]}, roles={"layer": "GDBHMB"}),
        FixExample("a sealed layer is only explained", "GEO003", {"farmland": [TWO_SQUARES_WKT]}, refused="sealed"),
    ],
)  # fmt: skip
def explode_multipart(finding: Finding, *, state: EditingState) -> Edits:
    """Divide a feature into its parts.

    What it does
        The largest part stays in the row; each other part becomes a new row with the next free BSM and the same
        attributes. Area fields are shared out by the parts' areas, so that their sums stay the same.
    When it is safe
        Never, because features are added.
    Limits
        Layers with heights or in another coordinate system than the plan's are refused.
    """
    row = state.get_finding_row(finding)
    shape = require_shape(row)
    # Lines and points have parts too.
    parts = list_parts(shape) or sorted(shapely.get_parts([shape]), key=lambda part: (-part.length, part.bounds))
    if len(parts) < 2:
        raise FixRefused("stale")
    return Edits(divide_row(state, row, parts), params={"parts": len(parts)}, keeps_union=True)
