# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely

from ...engine.context import RuleContext
from ...figures.indicators.area_backing import ROW_ALLOWANCE_SETTING, SUM_ALLOWANCE_SETTING
from ...figures.indicators.survey_deductions import DEDUCTION_ALLOWANCE_SETTING
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...render.versions.baseline import get_sealed_edition, get_township_polygons
from ...render.versions.edition_comparison import (
    MOVED_OUT_KIND,
    NET_BASIS,
    STATUTORY_BASIS,
    AreaBalance,
    VersionComparison,
)
from .._sealed import compare_with_sealed_edition, find_net_area_doubts, get_sealed_severity

WEST_SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
REDUCED_WEST_WKT = "POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))"
FAR_WKT = "POLYGON ((500 0, 540 0, 540 100, 500 100, 500 0))"
TOWNSHIP_ROWS = [
    {"wkt": "POLYGON ((0 0, 300 0, 300 100, 0 100, 0 0))", "division_name": "甲镇"},
    {"wkt": "POLYGON ((300 0, 900 0, 900 100, 300 100, 300 0))", "division_name": "乙镇"},
]


@rule(
    "LAW015",
    "farmland-loss",
    problem="Permanent basic farmland is less than in the sealed edition",
    severity=Severity.WARNING,
    basis=["T2", "order-17"],
    side=["baseline"],
    needs={"farmland": LayerNeed("farmland"), "townships": LayerNeed("townships", optional=True)},
    uses=["tolerance", "editions", SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING, DEDUCTION_ALLOWANCE_SETTING],
    messages={
        "": "{township}: {layer} had {before} m² ({measure}) in the sealed edition and has {now} m² now, {loss} m² "
        "less: {moved_out} m² were removed, {moved_in} m² were added. First compare the removed land with the sealed "
        "edition and the approval document: restore land removed by mistake; if the loss was approved, waive the "
        "finding and give the document; supplement the rest in the same township.",
        "county": "{layer} had {before} m² ({measure}) in the sealed edition and has {now} m² now, {loss} m² less: "
        "{moved_out} m² were removed, {moved_in} m² were added. First compare the removed land with the sealed "
        "edition and the approval document: restore land removed by mistake; if the loss was approved, waive the "
        "finding and give the document; supplement the rest.",
    },
    fails=[
        RuleExample("less than was sealed", {"farmland": [REDUCED_WEST_WKT]}, side={"baseline": {"farmland": [WEST_SQUARE_WKT]}}, finds=1, areas=(4000.0,)),
        RuleExample("supplemented in another township", {"farmland": [REDUCED_WEST_WKT, FAR_WKT], "townships": TOWNSHIP_ROWS}, side={"baseline": {"farmland": [WEST_SQUARE_WKT]}},
                finds=1, areas=(4000.0,)),
        RuleExample("net area less on the same land", {"farmland": [{"wkt": WEST_SQUARE_WKT, "net_area": 8000.0}]},
                side={"baseline": {"farmland": [{"wkt": WEST_SQUARE_WKT, "net_area": 9000.0}]}}, finds=1),
        RuleExample("net area less in a township of which only the code is filled in",
                {"farmland": [{"wkt": WEST_SQUARE_WKT, "net_area": 8000.0}], "townships": [{**TOWNSHIP_ROWS[0], "division_name": None}]},
                side={"baseline": {"farmland": [{"wkt": WEST_SQUARE_WKT, "net_area": 9000.0}]}}, finds=1),
    ],
    passes=[
        RuleExample("as sealed", {"farmland": [EAST_SQUARE_WKT, WEST_SQUARE_WKT]}, side={"baseline": {"farmland": [WEST_SQUARE_WKT, EAST_SQUARE_WKT]}}),
        RuleExample("supplemented", {"farmland": [REDUCED_WEST_WKT, EAST_SQUARE_WKT], "townships": TOWNSHIP_ROWS}, side={"baseline": {"farmland": [WEST_SQUARE_WKT]}}),
        RuleExample("no sealed edition", {"farmland": [WEST_SQUARE_WKT]}),
    ],
)  # fmt: skip
def farmland_loss(
    farmland: Layer, townships: Layer | None, *, ctx: RuleContext, allowance_m2: float = 1.0
) -> RuleResult:
    """Permanent basic farmland is not less than in the sealed edition.

    What it checks
        永久基本农田, compared with its sealed edition (BASELINE) by township: net area (statutory area if one edition
        has no net area) that decreased by more than `allowance_m2`, with the removed and added areas.
    Why
        The target was allocated with the sealed edition, down to the townships; a loss must be supplemented or
        approved.
    How to fix
        Restore land that was removed by mistake; supplement the rest in the same township, or register the document
        that approves it.
    Limits
        A warning, unless the county's profile seals the layer ([sealed] roles): then an error. Without a layer of
        townships, the whole county is compared. Net areas that the shapes do not support (ATT022) prove nothing.
        If the layer is shifted as a whole (settings `editions`), it is compared without the shift, which LAW017
        reports. LAW017 reports where the land is, LAW016 the quality of the supplement.
    """
    result = RuleResult(is_applicable=False)
    comparison = compare_with_sealed_edition(ctx, "farmland", result)
    if comparison is None:
        return result
    result.doubts += find_net_area_doubts(comparison, ctx)
    basis = NET_BASIS if NET_BASIS in comparison.balance_by_basis else STATUTORY_BASIS
    for count, edition, is_sealed in zip(
        comparison.without_net, (comparison.earlier_edition, comparison.later_edition), (True, False), strict=True
    ):
        if basis == NET_BASIS and count:
            # Land sealed without a figure may be lost unnoticed; land without a figure now is reported as a loss.
            target = result.not_checked if is_sealed else result.notes
            target.append(("net_missing", {"layer": edition.layer.name, "count": count}))
    for township, balance in comparison.balance_by_township[basis].items():
        if balance.before - balance.land_after > allowance_m2:
            result.findings.append(_make_loss_finding(comparison, basis, township, balance, ctx))
    return result


def _make_loss_finding(
    comparison: VersionComparison, basis: str, township: str, balance: AreaBalance, ctx: RuleContext
) -> Finding:
    """Return the finding that a township has less farmland than in the sealed edition.

    Its geometry is the removed land, or the township if only the net area of the same land decreased.
    """
    layer, loss = comparison.later_edition.layer, balance.before - balance.land_after
    figures = {"before": balance.before, "now": balance.land_after, "loss": loss}
    figures |= {"moved_out": balance.moved_out, "moved_in": balance.moved_in}
    params = {name: round(value, 2) for name, value in figures.items()} | {"measure": basis, "township": township}
    removed_parts = [part for part in comparison.list_pieces_of_kind(MOVED_OUT_KIND) if part.township == township]
    finding = Finding(
        layer.role,
        case="" if township else "county",
        severity=get_sealed_severity(ctx, layer),
        params=params,
        net_area_m2=loss if basis == NET_BASIS else None,
    )
    if removed_parts:
        finding.area_m2 = sum(part.area_m2 for part in removed_parts)
        finding.geometry = shapely.multipolygons(shapely.get_parts([part.geometry for part in removed_parts]))
    elif township:
        # The same land has less net area: the township is the place.
        township_polygons = get_township_polygons(ctx.plan, get_sealed_edition(ctx.side_inputs))
        finding.geometry = ctx.geometry.unite_shapes(
            township_polygons.polygons.shapes[np.array(township_polygons.names) == township]
        )
    return finding
