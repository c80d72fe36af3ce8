# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, rule
from ...plan.layer import Layer

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "GEO001",
    "empty-geometry",
    problem="A feature has no geometry",
    local=True,
    basis=["county-db"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}) has attributes but no shape. Restore its shape from the approved result; if the approved "
        "result has no shape, draw it. Delete the row only if it is a duplicate or was entered by mistake."
    },
    fails=[
        RuleExample("null", {"layer": [SQUARE_WKT, None]}, finds=1),
        RuleExample("empty polygon", {"layer": ["POLYGON EMPTY"]}, finds=1),
    ],
    passes=[RuleExample("a square", {"layer": [SQUARE_WKT]})],
)
def empty_geometry(layer: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Every row has a shape.

    What it checks
        Rows whose geometry is null or empty.
    Why
        Tables count such a row, the map does not show it: text, table and map no longer agree.
    How to fix
        Restore the shape from the approved result. If the approved result has no shape, draw it. Delete the row only if
        it is a duplicate or was entered by mistake.
    Limits
        None known.
    """
    return [ctx.finding_maker.make_row_finding(layer, position) for position in np.flatnonzero(layer.empty).tolist()]
