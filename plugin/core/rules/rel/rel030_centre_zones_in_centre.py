# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._farmland import compare_zones_with_line

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"


@rule(
    "REL030",
    "centre-zones-in-centre",
    problem="Zones of the central urban area do not fill it",
    severity=Severity.WARNING,
    local=True,
    basis=["centre-checks"],
    needs={"centre_zones": LayerNeed("centre_zones", covers=True), "centre": LayerNeed("centre", covers=True)},
    uses=["tolerance"],
    messages={
        "zone_outside_line": "{layer} ({key}) reaches {area} beyond the central urban area in {related_layer} (width "
        "{width} m). {there} Compare with the approved central urban area: cut a wrong zone back to it, or correct "
        "the area's layer if it differs from the document.",
        "line_outside_zone": "{area} of the central urban area in {related_layer} ({related_key}) is in no zone of "
        "{layer} (width {width} m); zones must cover all of it. {there} Compare with the approved map of these "
        "zones: extend the neighbouring zone to which the land belongs, draw a missing zone, or correct an area that "
        "was drawn too large.",
    },
    fails=[
        RuleExample("zone beyond", {"centre_zones": [WIDER_WKT], "centre": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("gap", {"centre_zones": ["POLYGON ((0 0, 100 0, 100 90, 0 90, 0 0))"], "centre": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
    ],
    passes=[
        RuleExample("two zones fill it", {"centre_zones": ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))",
                                                       "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"], "centre": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def zones_fill_central_area(centre_zones: Layer, centre: Layer, *, ctx: RuleContext) -> list[Finding]:
    """The zones of the central urban area fill its extent.

    What it checks
        In both directions: parts of 中心城区规划分区 outside 中心城区范围, and parts of that extent in none of its
        zones.
    Why
        The detailed zones apply in the central urban area only, and everywhere in it: the county's zones apply
        outside.
    How to fix
        Use the edge of the extent for the outermost zones; close gaps by extending the neighbouring zone. If a
        larger area was approved, extend the central urban area by that document.
    Limits
        TOP001 reports overlaps of zones. No norm that was read states this: it is inferred (mark C). Does not run by
        default: select the rule or its group centre.
    """
    return compare_zones_with_line(centre_zones, np.ones(len(centre_zones), dtype=bool), centre, ctx)
