# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...model.rule import LayerNeed, RuleExample, RuleResult, rule
from ...plan.layer import Layer
from .._attributes import format_code_with_name
from .._farmland import find_construction_land_rows

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
CONSTRUCTION_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


@rule(
    "LAW014",
    "farmland-occupied",
    problem="Permanent basic farmland is built upon",
    local=True,
    basis=["order-17", "A8"],
    needs={"farmland": LayerNeed("farmland"), "parcels": LayerNeed("parcels", fields=("land_use",))},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}): parcel {related_key} of construction land “{value}” occupies {area} ({net}, width {width} "
        "m) of permanent basic farmland. First compare the parcel with the survey and correct a wrong code. If the "
        "code is right: with an approval document, supplement the land and correct the line by that document; "
        "without one, this is a matter of law enforcement and the land must be restored.",
    },
    fails=[
        RuleExample("a yard on the field", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": CONSTRUCTION_WKT, "land_use": "0702"}]}, finds=1, areas=(1000.0,)),
        RuleExample("planned codes", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": CONSTRUCTION_WKT, "land_use": "070100"}]}, finds=1, areas=(1000.0,),
                roles={"parcels": "XZYDYH"}),
        RuleExample("road and yard", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": CONSTRUCTION_WKT, "land_use": "0601"}, {"wkt":
                "POLYGON ((0 0, 10 0, 10 100, 0 100, 0 0))", "land_use": "1003"}]}, finds=2, areas=(1000.0, 1000.0)),
    ],
    passes=[
        RuleExample("next to it", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": EAST_SQUARE_WKT, "land_use": "0702"}]}),
        RuleExample("a forest is no building", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": CONSTRUCTION_WKT, "land_use": "0301"}]}),
        RuleExample("a farm road is no building", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": CONSTRUCTION_WKT, "land_use": "1006"}]}),
    ],
)  # fmt: skip
def farmland_occupied(farmland: Layer, parcels: Layer, *, ctx: RuleContext) -> RuleResult:
    """Permanent basic farmland is not built upon.

    What it checks
        Every part of 永久基本农田 on a parcel of construction land (建设用地), with the occupied net area: shared
        area ÷ area of the farmland parcel × its net area.
    Why
        永久基本农田 may not be occupied or change its use without approval; the occupied net area must be
        supplemented.
    How to fix
        With an approval: supplement equal net area and quality, and correct the line by the document. Without one:
        refer the case to enforcement and restore the land. Otherwise correct the parcel's code.
    Limits
        The survey's code list gives the classes of construction land (major class), for planned land use [farmland]
        construction_classes (mark C). When this rule runs, LAW010 does not report such parcels. REL002 reports planned
        building (开发边界). Runs by default for a whole county (scope county), else if the rule or its group farmland is
        selected.
    """
    is_construction = find_construction_land_rows(ctx, parcels)
    pieces = ctx.geometry.find_shared_pieces(farmland, parcels, right_rows=is_construction)
    findings = ctx.finding_maker.make_pair_findings(
        farmland, parcels, pieces, with_net_area=True, field=parcels.get_field_name("land_use")
    )
    codes = np.array(parcels.text("land_use"), dtype=object)
    for finding, row in zip(findings, pieces.right.tolist(), strict=True):
        finding.params |= {
            "value": codes[row],
            "shown": {"value": format_code_with_name(parcels, "land_use", codes[row], ctx)},
        }
    unconfirmed = ["farmland.construction_classes"] if parcels.template.role != "DLTB" else []
    return RuleResult(findings=findings, unconfirmed=unconfirmed)
