# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...geometry.shape_comparison import find_groups_of_equal_shapes
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import is_reported_elsewhere, must_not_overlap

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
REVERSED_SQUARE_WKT = "POLYGON ((100 100, 100 0, 0 0, 0 100, 100 100))"


@rule(
    "TOP007",
    "duplicate-shapes",
    problem="Shapes are repeated",
    surroundings="shapes",
    checks_one_layer=True,
    severity=Severity.WARNING,
    basis=["usual-practice"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer}: {key} has the same shape as other features ({related_key}): {count}; they are counted several "
        "times. Compare with {authority}, keep the one with the right attributes, and delete the others.",
    },
    fails=[
        RuleExample("twice in a layer that may overlap", {"layer": [SQUARE_WKT, SQUARE_WKT]}, finds=1, roles={"layer": "LSWHBHX"}),
        RuleExample("drawn from another corner, the other way round", {"layer": [SQUARE_WKT, REVERSED_SQUARE_WKT]}, finds=1, roles={"layer": "LSWHBHX"}),
        RuleExample("three times is one finding", {"layer": [SQUARE_WKT, REVERSED_SQUARE_WKT, SQUARE_WKT]}, finds=1, roles={"layer": "LSWHBHX"}),
        RuleExample("points", {"layer": ["POINT (1 1)", "POINT (2 2)", "POINT (1 1)"]}, finds=1, roles={"layer": "BKYDWWD"}),
        RuleExample("parcels, where overlaps are not checked", {"layer": [SQUARE_WKT, SQUARE_WKT]}, finds=1),
        RuleExample("another start and a vertex on an edge", {"layer": [SQUARE_WKT, "POLYGON ((100 100, 100 0, 50 0, 0 0, 0 100, 100 100))"]}, finds=1,
                roles={"layer": "LSWHBHX"}),
    ],
    passes=[
        RuleExample("other shapes with the same extent", {"layer": [SQUARE_WKT, "POLYGON ((0 0, 100 0, 100 100, 0 0))"]}, roles={"layer": "LSWHBHX"}),
        RuleExample("two rows without a shape", {"layer": [None, None, SQUARE_WKT]}, roles={"layer": "LSWHBHX"}),
        RuleExample("reported already as an overlap", {"layer": [SQUARE_WKT, SQUARE_WKT]}, parameters={"rules": ["TOP001"]}),
    ],
)  # fmt: skip
def duplicate_shapes(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """No shape is repeated.

    What it checks
        Features of one layer, of any geometry type, with the same shape, whatever its start, direction and vertices on
        straight edges.
    Why
        A duplicate shape is counted twice, and one of its two rows of attributes is wrong.
    How to fix
        Compare the attributes, keep the right row, delete the others; never reuse their BSM.
    Limits
        When TOP001 also runs, it reports the duplicates in layers that must not overlap. One finding for all
        equal shapes. Runs by default for a whole county (scope county), else if the rule or its group quality is
        selected.
    """
    if must_not_overlap(layer) and is_reported_elsewhere(ctx, "TOP001"):
        return None
    return [
        ctx.finding_maker.make_row_finding(
            layer,
            rows[0],
            params={"count": len(rows) - 1},
            geometry=layer.unrepaired_shapes[rows[0]],
            related_role=layer.role,
            related_keys=[layer.keys[row] for row in rows[1:]],
        )
        for rows in map(layer.sort_rows, find_groups_of_equal_shapes(layer.unrepaired_shapes))
    ]
