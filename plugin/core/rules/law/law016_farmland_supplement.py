# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...figures.indicators.area_backing import ROW_ALLOWANCE_SETTING, SUM_ALLOWANCE_SETTING
from ...figures.indicators.survey_deductions import DEDUCTION_ALLOWANCE_SETTING
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...render.versions.edition_comparison import (
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    ChangedPiece,
    LayerEdition,
    VersionComparison,
)
from .._places import is_reported_elsewhere
from .._sealed import compare_with_sealed_edition, find_net_area_doubts, record_moved_slivers

WEST_SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
HALF_EAST_WKT = "POLYGON ((100 0, 150 0, 150 100, 100 100, 100 0))"
#: Meanings whose average may not get worse; for all three, a smaller number is better land.
GRADE_MEANINGS = ("slope_class", "yield_grade", "quality_grade")


@rule(
    "LAW016",
    "farmland-supplement",
    problem="Supplemented farmland is less or poorer",
    severity=Severity.WARNING,
    basis=["T2", "pbf-supplement"],
    side=["baseline"],
    needs={
        # Grades are compared where they exist: their fields are not required.
        "farmland": LayerNeed("farmland"),
        "reserve_land": LayerNeed("reserve_land", optional=True),
    },
    uses=["tolerance", "editions", SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING, DEDUCTION_ALLOWANCE_SETTING],
    messages={
        "net": "{layer}: compared with the sealed edition, {lost} m² were removed and {gained} m² were added (net "
        "area), {missing} m² too little. Supplement from the reserve as much net area as was removed.",
        "slope_class": "{layer}: the supplement is steeper than the removed land: average slope class ({field}) {gained} instead of {lost}. Choose flatter land from the reserve.",
        "yield_grade": "{layer}: the supplement is worse than the removed land: average grade ({field}) {gained} instead of {lost}; a smaller number is better. Choose better land from the reserve.",
        "quality_grade": "{layer}: the supplement is worse than the removed land: average class ({field}) {gained} instead of {lost}; a smaller number is better. Choose better land from the reserve.",
        "source": "{layer} ({key}): the added {area} ({net}) is not in {related_layer}, the main source of supplements. "
        "Choose land from the reserve, or give the reason in the report on the supplement.",
    },
    fails=[
        RuleExample("too little", {"farmland": [HALF_EAST_WKT]}, side={"baseline": {"farmland": [WEST_SQUARE_WKT]}}, finds=1),
        RuleExample("steeper", {"farmland": [{"wkt": EAST_SQUARE_WKT, "slope_class": "3"}]}, side={"baseline": {"farmland": [{"wkt": WEST_SQUARE_WKT, "slope_class": "2"}]}},
                finds=1),
        RuleExample("worse in both ways", {"farmland": [{"wkt": EAST_SQUARE_WKT, "GDDB": 9, "GDDJ": 6}]},
                side={"baseline": {"farmland": [{"wkt": WEST_SQUARE_WKT, "GDDB": 8, "GDDJ": 5}]}}, finds=2),
        RuleExample("half of it not from the reserve", {"farmland": [EAST_SQUARE_WKT], "reserve_land": [HALF_EAST_WKT]}, side={"baseline": {"farmland": [WEST_SQUARE_WKT]}}, finds=1,
                areas=(5000.0,)),
    ],
    passes=[
        RuleExample("equal and from the reserve", {"farmland": [{"wkt": EAST_SQUARE_WKT, "slope_class": "2"}], "reserve_land": [EAST_SQUARE_WKT]},
                side={"baseline": {"farmland": [{"wkt": WEST_SQUARE_WKT, "slope_class": "2"}]}}),
        RuleExample("nothing went out", {"farmland": [WEST_SQUARE_WKT, EAST_SQUARE_WKT]}, side={"baseline": {"farmland": [WEST_SQUARE_WKT]}}),
        RuleExample("too little is reported as a loss", {"farmland": [HALF_EAST_WKT]}, side={"baseline": {"farmland": [WEST_SQUARE_WKT]}}, parameters={"rules": ["LAW015"]}),
        RuleExample("no sealed edition", {"farmland": [WEST_SQUARE_WKT]}),
    ],
)  # fmt: skip
def farmland_supplement(
    farmland: Layer, reserve_land: Layer | None, *, ctx: RuleContext, allowance_m2: float = 1.0
) -> RuleResult:
    """Removed farmland is supplemented with equal or better land.

    What it checks
        If 永久基本农田 was removed since the sealed edition (BASELINE): at least as much net area was added; the
        averages (by net area) of slope class (GDPDJB), grade (GDDB) and class (GDDJ) of the added land are not worse
        than those of the removed land; the added land is from the reserve (YJJBNTCBQ).
    Why
        补划 preserves quantity and does not lower quality; the reserve is its main source (优进劣出).
    How to fix
        Choose flatter or better land from the reserve, as much as is missing.
    Limits
        Quality was read in no text of a norm (mark C). A field that is not filled in on both sides is not compared.
        When LAW015 runs, it reports missing quantity. REL001 and REL002 report overlap with red line and boundary,
        LAW010 land that is not cultivated. If the layer is shifted as a whole (settings `editions`), it is compared
        without the shift, which LAW017 reports.
    """
    result = RuleResult(is_applicable=False)
    comparison = compare_with_sealed_edition(ctx, "farmland", result)
    if comparison is None:
        return result
    record_moved_slivers(ctx, comparison)
    result.doubts += find_net_area_doubts(comparison, ctx)
    removed_parts, added_parts = (
        comparison.list_pieces_of_kind(MOVED_OUT_KIND),
        comparison.list_pieces_of_kind(MOVED_IN_KIND),
    )
    if not removed_parts:
        return result
    if rows_without_net := comparison.without_net[0]:
        # The required supplement is unknown. Land added without a figure supplements nothing.
        result.not_checked.append(
            ("net_missing", {"layer": comparison.earlier_edition.layer.name, "count": rows_without_net})
        )
        return result
    removed_areas, added_areas = (
        _compute_part_areas(removed_parts, comparison),
        _compute_part_areas(added_parts, comparison),
    )
    if removed_areas.sum() - added_areas.sum() > allowance_m2 and not is_reported_elsewhere(ctx, "LAW015"):
        params = {
            "lost": removed_areas.sum(),
            "gained": added_areas.sum(),
            "missing": removed_areas.sum() - added_areas.sum(),
        }
        rounded_params = {name: round(float(value), 2) for name, value in params.items()}
        result.findings.append(Finding(farmland.role, case="net", params=rounded_params))
    if added_parts:
        result.findings += [
            finding
            for meaning in GRADE_MEANINGS
            if (
                finding := _report_worse_grade(
                    meaning, removed_parts, added_parts, removed_areas, added_areas, comparison
                )
            )
            is not None
        ]
        if reserve_land is not None:
            result.findings += _report_land_outside_reserve(farmland, reserve_land, added_parts, ctx)
    return result


def _compute_part_areas(parts: list[ChangedPiece], comparison: VersionComparison) -> np.ndarray:
    """Return the (k,) areas of parts in m²: net area if both editions have it."""
    return np.array([part.net_m2 if "net" in comparison.balance_by_basis else part.area_m2 for part in parts])


def _report_worse_grade(
    meaning: str,
    removed_parts: list[ChangedPiece],
    added_parts: list[ChangedPiece],
    removed_areas: np.ndarray,
    added_areas: np.ndarray,
    comparison: VersionComparison,
) -> Finding | None:
    """Return a finding if the average grade of the added land is worse, else None."""
    grade_before = _compute_area_weighted_average(
        comparison.earlier_edition, meaning, [part.before_row for part in removed_parts], removed_areas
    )
    grade_after = _compute_area_weighted_average(
        comparison.later_edition, meaning, [part.after_row for part in added_parts], added_areas
    )
    if grade_before is None or grade_after is None or grade_after <= grade_before + 1e-9:
        return None
    layer = comparison.later_edition.layer
    params = {"lost": round(grade_before, 2), "gained": round(grade_after, 2)}
    return Finding(layer.role, case=meaning, field=layer.get_field_name(meaning), params=params)


def _compute_area_weighted_average(
    edition: LayerEdition, meaning: str, rows: list[int], areas: np.ndarray
) -> float | None:
    """Return the area-weighted average of a field; None if a part has no value."""
    values = edition.layer.numbers(meaning)[rows]
    if not np.isfinite(values).all() or not areas.sum() > 0:
        return None
    return float((values * areas).sum() / areas.sum())


def _report_land_outside_reserve(
    farmland: Layer, reserve: Layer, added_parts: list[ChangedPiece], ctx: RuleContext
) -> list[Finding]:
    """Return findings on added land outside the reserve land (储备区)."""
    shapes = np.array([part.geometry for part in added_parts], dtype=object)
    rows = np.array([part.after_row for part in added_parts])
    pieces = ctx.geometry.find_uncovered_pieces_of_shapes(farmland, rows, shapes, reserve, severity=Severity.INFO)
    shares = ctx.geometry.measure_drawn_areas(pieces.geometry) / ctx.geometry.measure_drawn_areas(shapes)[pieces.left]
    findings = []
    for n, position in enumerate(pieces.left.tolist()):
        changed_part = added_parts[position]
        net = float(shares[n] * changed_part.net_after_m2)
        findings.append(
            ctx.finding_maker.make_row_finding(
                farmland,
                int(rows[position]),
                case="source",
                severity=Severity.INFO,
                related_role=reserve.role,
                geometry=pieces.geometry[n],
                width_m=float(pieces.width[n]),
                area_m2=float(shares[n] * changed_part.area_m2),
                net_area_m2=net if np.isfinite(net) else None,
            )
        )
    return ctx.finding_maker.mark_findings_by_location(findings)
