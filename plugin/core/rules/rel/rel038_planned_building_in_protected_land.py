# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._farmland import is_construction_land

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
OVERLAPPING_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


@rule(
    "REL038",
    "planned-building-in-protected-land",
    problem="Planned building land is in permanent basic farmland or in the red line",
    local=True,
    basis=["order-17", "three-line-rules-2022"],
    needs={
        "planned_use": LayerNeed("planned_use", fields=("land_use",)),
        "farmland": LayerNeed("farmland", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
    },
    uses=["tolerance"],
    messages={
        "farmland": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} "
        "(net {net_area}, width {width} m). Plan the building elsewhere; for a project whose occupation is approved, "
        "first correct the farmland's line by the document.",
        "red_line": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} "
        "(width {width} m), where only the listed limited activities are allowed. Plan the building elsewhere; for a "
        "listed activity, waive the finding and give the document.",
    },
    fails=[
        RuleExample("a planned yard on the field", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT]},
                finds=1, areas=(1000.0,)),
        RuleExample("in both lines", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT], "red_line": [EAST_SQUARE_WKT]},
                finds=2, areas=(1000.0, 9000.0)),
    ],
    passes=[
        RuleExample("a field remains a field", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "010300"}], "farmland": [SQUARE_WKT]}),
        RuleExample("next to it", {"planned_use": [{"wkt": EAST_SQUARE_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT]}),
        RuleExample("no control line", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "070100"}]}),
    ],
)  # fmt: skip
def planned_building_in_protected_land(
    planned_use: Layer, farmland: Layer | None = None, red_line: Layer | None = None, *, ctx: RuleContext
) -> RuleResult:
    """Planned construction land keeps off permanent basic farmland and the red line.

    What it checks
        Every part of planned construction land (规划用地用海) that is in 永久基本农田, an error, or in
        生态保护红线, a warning.
    Why
        A plan must not provide for building on land that its own control lines protect; the detailed plans follow the
        planned land use.
    How to fix
        Plan the building elsewhere, or correct the wrong code of land use. For an approved occupation, first correct
        the line by the document.
    Limits
        [farmland] construction_classes (C) gives the classes of construction land. Existing buildings are compared by
        LAW014, the development boundary by REL002 and REL003.
    """
    is_construction = is_construction_land(ctx, planned_use)
    result = RuleResult(is_applicable=farmland is not None or red_line is not None)
    for case, line, severity in (("farmland", farmland, Severity.ERROR), ("red_line", red_line, Severity.WARNING)):
        if line is not None:
            result.findings += _find_planned_building(case, planned_use, line, is_construction, severity, ctx)
    if not ctx.norm.is_confirmed("farmland.construction_classes"):
        result.unconfirmed.append("farmland.construction_classes")
    return result


def _find_planned_building(
    case: str, planned_use: Layer, line: Layer, is_construction: NDArray, severity: Severity, ctx: RuleContext
) -> list[Finding]:
    """Return the parts of a control line that are planned as construction land ((n,) bool rows)."""
    parts = ctx.geometry.find_shared_parts(line, planned_use, rows_b=is_construction)
    field = planned_use.get_field_name("land_use")
    findings = ctx.finding_maker.make_pair_findings(
        line, planned_use, parts, net=case == "farmland", case=case, severity=severity, field=field
    )
    codes = np.array(planned_use.text("land_use"), dtype=object)
    for finding, row in zip(findings, parts.right.tolist(), strict=True):
        finding.params["value"] = codes[row]
    return findings
