# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.rule import RuleExample, RuleResult, Severity, rule
from .._attributes import explain_missing_fields
from .._places import find_usable_layer_or_note_reason

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"
#: 村庄建设边界 of township and village plans.
VILLAGE_BOUNDARY_ROLE = "CZJSBJ"


@rule(
    "REL032",
    "village-zone-in-boundary",
    problem="A village building zone exceeds its boundary",
    severity=Severity.WARNING,
    basis=["centre-checks", "zoning-guide"],
    needs={},
    uses=["tolerance", "zones.codes"],
    messages={
        "": "The village construction zone of {layer} ({key}) reaches {area} beyond {related_layer} (width {width} "
        "m). Compare with the approved results: cut a wrong zone back to the boundary; correct a boundary that was "
        "drawn wrongly or enlarged with approval, by that document."
    },
    fails=[
        RuleExample("zone beyond the boundary", {"YDYHGHFQ": [{"wkt": WIDER_WKT, "zone_code": "510"}], "CZJSBJ": [SQUARE_WKT]}, finds=1,
                areas=(1000.0,), standard="township_db"),
    ],
    passes=[
        RuleExample("within", {"YDYHGHFQ": [{"wkt": SQUARE_WKT, "zone_code": "510"}], "CZJSBJ": [WIDER_WKT]}, standard="township_db"),
        RuleExample("other zones lie where they do", {"YDYHGHFQ": [{"wkt": WIDER_WKT, "zone_code": "520"}], "CZJSBJ": [SQUARE_WKT]},
                standard="township_db"),
        RuleExample("the county's plan has no such boundary", {"YDYHGHFQ": [{"wkt": WIDER_WKT, "zone_code": "510"}]}),
    ],
)  # fmt: skip
def village_zone_in_boundary(*, ctx: RuleContext) -> RuleResult:
    """Village construction zones are within the village construction boundary.

    What it checks
        Connected parts of 村庄建设区 (by the zone's code) that no 村庄建设边界 (CZJSBJ) covers.
    Why
        A village may build inside the boundary only; a zone beyond it plans for land that cannot be granted.
    How to fix
        Cut the zone back to the boundary, or extend the boundary with its document.
    Limits
        Township and village plans only: the county's tables have no such boundary. Zone codes (`[zones]
        village_building`) are marked C. A boundary larger than the zones is valid. Does not run by default: select the
        rule or its group centre.
    """
    result = RuleResult(is_applicable=False)
    zones, boundary = (
        find_usable_layer_or_note_reason("zones", ctx, result),
        find_usable_layer_or_note_reason(VILLAGE_BOUNDARY_ROLE, ctx, result),
    )
    if zones is None or boundary is None:
        return result
    if not zones.has_field("zone_code"):
        result.not_checked.append(explain_missing_fields(zones, "zone_code"))
        return result
    village_rows = ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get("zones.village_building"))
    pieces = ctx.geometry.find_uncovered_pieces(zones, boundary, rows=village_rows)
    findings = ctx.finding_maker.make_pair_findings(zones, boundary, pieces)
    result.findings = ctx.finding_maker.mark_findings_by_location(findings)
    result.is_applicable = bool(village_rows.any())
    return result
