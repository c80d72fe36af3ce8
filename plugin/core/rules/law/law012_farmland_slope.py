# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...base.invariants import require_value
from ...engine.context import RuleContext, trim_code_padding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import format_code_with_name

#: Code of terraces (梯田) in the list of kinds of cultivated land.
TERRACE_CODE = "TT"
SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "LAW012",
    "farmland-slope",
    problem="Permanent basic farmland is steeper than 25°",
    severity=Severity.WARNING,
    local=True,
    basis=["pbf-defects"],
    needs={"farmland": LayerNeed("farmland", fields=("slope_class",))},
    uses=["farmland.steep_classes"],
    messages={
        "": "{layer} ({key}): {field} = “{value}”, the land is steeper than 25° ({area}, {net}) and not suitable as "
        "permanent basic farmland. {terrace}First compare the class with the slope map and correct a wrong one. If it "
        "is right, compare with the approved result: if it keeps the parcel, waive the finding and give the reason; "
        "otherwise apply for an adjustment, remove the parcel and supplement it.",
    },
    fails=[
        RuleExample("steep", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "5"}]}, finds=1, areas=(10000.0,)),
        RuleExample("a county is stricter", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "4"}]}, finds=1,
                settings={"farmland.steep_classes": ["4", "5"]}),
    ],
    passes=[
        RuleExample("15° to 25°", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "4"}]}),
        RuleExample("no value", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": None}]}),
    ],
)  # fmt: skip
def farmland_slope(farmland: Layer, *, ctx: RuleContext) -> RuleResult:
    """Permanent basic farmland is not steeper than 25°.

    What it checks
        耕地坡度级别 (GDPDJB) of each 永久基本农田 parcel: class 5 is steeper than 25°.
    Why
        Ploughed steep land erodes; it is a defect of 永久基本农田 that is corrected when lines are adjusted.
    How to fix
        Correct a wrong class by the slope map. If it is right and the approved result keeps the land, waive the
        finding and give the reason; otherwise remove the land and supplement it with equal net area and quality.
    Limits
        A setting ([farmland] steep_classes), C, lists the classes: the wording was not read. ATT018 and ATT002 check
        that the class is filled in and is in the list. Terraces (GDLX = TT) are reported too. Runs by default for a
        whole county (scope county), else if the rule or its group farmland is selected.
    """
    template_field = require_value(farmland.template.find_field("slope_class"), "the field of slope classes")
    steep_classes = set(ctx.norm.get("farmland.steep_classes"))
    classes, net = farmland.text("slope_class"), farmland.numbers("net_area")
    terraces = farmland.text("terrace") if farmland.has_field("terrace") else [""] * len(farmland)
    result = RuleResult()
    for row in np.flatnonzero(
        [trim_code_padding(value, template_field.code_pad) in steep_classes for value in classes]
    ).tolist():
        shape, shown = farmland.plane_shapes[row], {}
        if terraces[row] == TERRACE_CODE:
            shown = {"terrace_label": format_code_with_name(farmland, "terrace", TERRACE_CODE, ctx)}
        result.findings.append(
            ctx.finding_maker.make_row_finding(
                farmland,
                row,
                field=template_field.name,
                params={"value": classes[row], "shown": shown},
                geometry=shape,
                area_m2=float(farmland.statutory[row]) if shape is not None else None,
                net_area_m2=float(net[row]) if np.isfinite(net[row]) else None,
            )
        )
    return result
