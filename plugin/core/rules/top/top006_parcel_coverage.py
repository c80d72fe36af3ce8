# SPDX-License-Identifier: GPL-2.0-or-later
import shapely

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, rule
from ...plan.layer import Layer

WEST_HALF_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST_HALF_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
COUNTY_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "TOP006",
    "parcel-coverage",
    problem="Parcels do not cover the township or county",
    surroundings="gaps",
    concurrent=True,
    basis=["G11"],
    needs={"parcels": LayerNeed("parcels"), "townships": LayerNeed("townships", optional=True), "county": LayerNeed("county", optional=True)},
    uses=["tolerance"],
    messages={
        "": "No parcel of {related_layer} covers {area} of {layer} ({key}; width {width} m); parcels must cover the "
        "whole county. First check the outline of {layer}, and correct a wrong one; if it is right, restore the "
        "missing parcel from the survey or extend the neighbouring one.",
        "beyond_county": "No parcel of {related_layer} covers {area} of {layer} ({key}; width {width} m); the place "
        "is outside the county (TOP003). First correct the outline of {layer} or of the county, and check again; do "
        "not extend parcels beyond the county.",
    },
    fails=[
        RuleExample("a township with half its parcels", {"parcels": [WEST_HALF_WKT], "townships": [WEST_HALF_WKT, EAST_HALF_WKT]}, finds=1, areas=(5000.0,)),
        RuleExample("a gap across two townships", {"parcels": ["POLYGON ((0 10, 100 10, 100 100, 0 100, 0 10))"], "townships": [WEST_HALF_WKT, EAST_HALF_WKT]},
                finds=2, areas=(500.0, 500.0)),
        RuleExample("no townships: the county", {"parcels": [WEST_HALF_WKT], "county": [COUNTY_WKT]}, finds=1, areas=(5000.0,),
                roles={"county": "XZQX"}),
    ],
    passes=[
        RuleExample("parcels tile the townships", {"parcels": [WEST_HALF_WKT, EAST_HALF_WKT], "townships": [WEST_HALF_WKT, EAST_HALF_WKT]}),
        RuleExample("nothing to hold them against", {"parcels": [WEST_HALF_WKT]}),
        RuleExample("a sliver", {"parcels": ["POLYGON ((0 0.001, 100 0.001, 100 100, 0 100, 0 0.001))"], "townships": [COUNTY_WKT]}),
    ],
)  # fmt: skip
def parcel_coverage(
    parcels: Layer, townships: Layer | None, county: Layer | None, *, ctx: RuleContext
) -> list[Finding] | None:
    """Parcels cover townships and county without gaps.

    What it checks
        Every connected part of a township, or of the county without a layer of townships, that no parcel covers.
    Why
        The survey assigns a use to every piece of land; a gap is in no balance and no total.
    How to fix
        Extend the neighbouring parcel to the gap, with identical vertices, or restore the lost parcel.
    Limits
        TOP003 reports parcels outside the county, TOP001 overlaps. If parcels are delivered for a part of the county
        only, the rest is reported as a gap. Gaps below both minimums are slivers.
    """
    divisions = townships or county
    if divisions is None or divisions is parcels:
        return None
    rows = ctx.geometry.find_uncovered_candidates(divisions, parcels)
    findings = ctx.finding_maker.make_pair_findings(
        divisions, parcels, ctx.geometry.find_uncovered_pieces(divisions, parcels, rows=rows)
    )
    if county is not None and county is not divisions:
        _note_places_beyond_county(findings, county, ctx)
    return ctx.finding_maker.mark_findings_by_location(findings)


def _note_places_beyond_county(findings: list[Finding], county: Layer, ctx: RuleContext) -> None:
    """Note in each finding if most of its place is outside the county, where parcels must not be drawn."""
    extent = ctx.plan.compute_county_shape()
    if extent is None or extent[0] is not county or extent[1].shapes[0] is None:
        return
    outline = extent[1].shapes[0]
    for finding in findings:
        if shapely.area(shapely.intersection(finding.geometry, outline)) < shapely.area(finding.geometry) / 2:
            finding.params["shown"] = {"variant": "beyond_county"}
