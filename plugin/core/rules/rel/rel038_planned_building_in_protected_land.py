# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.indicators.land_use import find_rows_of_classes
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import format_code_with_name
from .._farmland import find_construction_land_rows
from .._places import CONTROL_LINE_OVERLAPS

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
OVERLAPPING_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


@rule(
    "REL038",
    "planned-building-in-protected-land",
    problem="Planned building land is in permanent basic farmland, in the red line or on a river or lake",
    overlaps_first=dict.fromkeys(("farmland", "red_line"), CONTROL_LINE_OVERLAPS),
    local=True,
    basis=["order-17", "three-line-rules-2022", "water-management"],
    needs={
        "planned_use": LayerNeed("planned_use", fields=("land_use",), optional=True),
        "county_use": LayerNeed("county_use", fields=("land_use",), optional=True),
        "farmland": LayerNeed("farmland", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "parcels": LayerNeed("parcels", fields=("land_use",), optional=True),
    },
    uses=[
        "tolerance", "protected.water_classes", "protected.water_building_classes", "protected.min_water_m2",
        "protected.min_water_width_m",
    ],
    messages={
        "farmland": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} ({net}, "
        "width {width} m). {overlaps_first}First compare the farmland with the approved result, and restore an edge that is drawn "
        "wrongly. If it is right, plan the building elsewhere, or correct the code of land use if it is wrong. If the "
        "occupation is approved, remove the occupied land from the farmland by the document, supplement it, and check "
        "again.",
        "red_line": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} "
        "(width {width} m), where only the listed limited activities are allowed. {overlaps_first}First compare the line with the "
        "approved result, and restore an edge that is drawn wrongly. If it is right, plan the building elsewhere, or "
        "correct the code of land use if it is wrong; for a listed activity, waive the finding and give the document that approved it.",
        "farmland_narrow_place": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} ({net}) "
        "in a strip {width} m wide. {overlaps_first}The edges are probably not snapped. First compare the farmland with the "
        "approved result, and restore an edge that differs. If it is right, move the edge of the planned land back to it and snap "
        "it there; no farmland needs to be supplemented. If the occupation is approved, remove the occupied land from the "
        "farmland by the document, supplement it, and check again.",
        "red_line_narrow_place": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} "
        "in a strip {width} m wide, where only the listed limited activities are allowed. {overlaps_first}The edges are probably "
        "not snapped. First compare the line with the approved result, and restore an edge that differs. If it is right, move the "
        "edge of the planned land back to it and snap it there; for a listed activity, waive the finding and give the document "
        "that approved it.",
        "water": "{layer} ({key}), planned as “{value}”, has {area} (width {width} m) on water: {related_layer} "
        "{related_key} is “{present}”. First compare class and outline with the survey, and correct them if they are "
        "wrong; if they are right, plan the building elsewhere; if the water is to be moved with approval, waive the "
        "finding and give the document of that approval.",
    },
    fails=[
        RuleExample("a planned yard on the field", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT]},
                finds=1, areas=(1000.0,)),
        RuleExample("in both lines", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT], "red_line": [EAST_SQUARE_WKT]},
                finds=2, areas=(1000.0, 9000.0)),
        RuleExample("houses in the river", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "1101"}]},
                finds=1, areas=(1000.0,)),
        RuleExample("a factory in a reservoir, in the county's planned land use", {"county_use": [{"wkt": OVERLAPPING_WKT, "land_use": "100100"}],
                "parcels": [{"wkt": SQUARE_WKT, "land_use": "170300"}]}, finds=1, areas=(1000.0,), roles={"parcels": "XZYDYH"}),
    ],
    passes=[
        RuleExample("a field remains a field", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "010300"}], "farmland": [SQUARE_WKT]}),
        RuleExample("a road on the field, in the county's planned land use", {"county_use": [{"wkt": OVERLAPPING_WKT, "land_use": "120200"}], "farmland": [SQUARE_WKT]}),
        RuleExample("next to it", {"planned_use": [{"wkt": EAST_SQUARE_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT]}),
        RuleExample("no control line", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "070100"}]}),
        RuleExample("a street across the river", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "120700"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "1101"}]}),
        RuleExample("a fish pond that will be built on", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "1104"}]}),
        RuleExample("a bank drawn three metres off", {"planned_use": [{"wkt": "POLYGON ((97 0, 197 0, 197 300, 97 300, 97 0))", "land_use": "070100"}],
                "parcels": [{"wkt": "POLYGON ((0 0, 100 0, 100 300, 0 300, 0 0))", "land_use": "1101"}]}),
    ],
)  # fmt: skip
def planned_building_in_protected_land(
    planned_use: Layer | None = None,
    county_use: Layer | None = None,
    farmland: Layer | None = None,
    red_line: Layer | None = None,
    parcels: Layer | None = None,
    *,
    ctx: RuleContext,
) -> RuleResult:
    """Planned construction land keeps off permanent basic farmland, the red line, rivers and lakes.

    What it checks
        Every part of planned construction land of the centre (规划用地用海) that is in 永久基本农田, an error, or in
        生态保护红线, a warning. Every part of planned building land of the county in 永久基本农田, a warning. Every part
        of planned building land, of the centre or the county, on survey parcels of rivers, lakes and reservoirs
        (`protected.water_classes`): a warning.
    Why
        A plan must not provide for building on land that its own control lines protect, or in water; the detailed
        plans follow the planned land use.
    How to fix
        First compare the line with the approved result. If it is right, plan the building elsewhere, or correct the
        wrong code of land use; where the overlap is a narrow strip, move the edge of the planned land back to the line
        and snap it there. For an approved occupation, remove the land from the farmland by the document, supplement it,
        and check again.
    Limits
        [farmland] construction_classes (mark C) gives the classes of construction land,
        `protected.water_building_classes` (mark C) those compared with water: not streets, utilities and open space,
        which may cross it. Parts on water below `protected.min_water_m2` or narrower than
        `protected.min_water_width_m`, and ponds, are not reported. Existing buildings are compared by LAW014 and
        REL042, the development boundary by REL002 and REL003. Runs by default for a whole county (scope county), else
        if the rule or its group control_lines is selected.
    """
    result = RuleResult(is_applicable=False)
    if planned_use is not None and (farmland is not None or red_line is not None):
        result.is_applicable = True
        is_construction = find_construction_land_rows(ctx, planned_use)
        for case, line, severity in (("farmland", farmland, Severity.ERROR), ("red_line", red_line, Severity.WARNING)):
            if line is not None:
                result.findings += _find_planned_building(case, planned_use, line, is_construction, severity, ctx)
        if not ctx.norm.is_confirmed("farmland.construction_classes"):
            result.unconfirmed.append("farmland.construction_classes")
    if county_use is not None and farmland is not None:
        result.is_applicable = True
        is_building = ctx.find_rows_with_code(county_use, "land_use", ctx.norm.get("protected.water_building_classes"))
        result.findings += _find_planned_building("farmland", county_use, farmland, is_building, Severity.WARNING, ctx)
    for layer in (planned_use, county_use):
        if layer is not None and parcels is not None:
            result.add_applicable(_find_building_on_water(layer, parcels, ctx))
    return result


def _find_building_on_water(planned_use: Layer, parcels: Layer, ctx: RuleContext) -> list[Finding]:
    """Return findings on planned building land on parcels of water, without thin and small parts."""
    is_building = ctx.find_rows_with_code(planned_use, "land_use", ctx.norm.get("protected.water_building_classes"))
    is_water = find_rows_of_classes(parcels, ctx.norm.get("protected.water_classes"), ctx)
    pieces = ctx.geometry.find_shared_pieces(
        planned_use, parcels, left_rows=is_building, right_rows=is_water, keep_slivers=True
    )
    pieces = pieces.select_pieces(
        (pieces.area >= float(ctx.norm.get("protected.min_water_m2")))
        & (pieces.width >= float(ctx.norm.get("protected.min_water_width_m")))
    )
    findings = ctx.finding_maker.make_pair_findings(
        planned_use,
        parcels,
        pieces,
        case="water",
        severity=Severity.WARNING,
        field=planned_use.get_field_name("land_use"),
    )
    uses, classes = planned_use.text("land_use"), parcels.text("land_use")
    for finding, row, parcel in zip(findings, pieces.left.tolist(), pieces.right.tolist(), strict=True):
        finding.params |= {
            "value": uses[row],
            "present": classes[parcel],
            "shown": {
                "value": format_code_with_name(planned_use, "land_use", uses[row], ctx),
                "present": format_code_with_name(parcels, "land_use", classes[parcel], ctx),
            },
        }
    return findings


def _find_planned_building(
    case: str, planned_use: Layer, line: Layer, is_construction: NDArray, severity: Severity, ctx: RuleContext
) -> list[Finding]:
    """Return findings on the parts of a control line that are planned as construction land.

    ``is_construction``: (n,) bool, rows of ``planned_use``.
    """
    pieces = ctx.geometry.find_shared_pieces(line, planned_use, right_rows=is_construction)
    field = planned_use.get_field_name("land_use")
    findings = ctx.finding_maker.make_pair_findings(
        line, planned_use, pieces, with_net_area=case == "farmland", case=case, severity=severity, field=field
    )
    codes = np.array(planned_use.text("land_use"), dtype=object)
    for finding, row in zip(findings, pieces.right.tolist(), strict=True):
        finding.params |= {
            "value": codes[row],
            "shown": {"value": format_code_with_name(planned_use, "land_use", codes[row], ctx)},
        }
    return findings
