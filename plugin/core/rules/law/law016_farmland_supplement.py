# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import Context
from ...indicators.area_backing import ALLOWANCE_SHARE, ROW_ALLOWANCE
from ...indicators.survey_deductions import DEDUCTION_ALLOWANCE
from ...model.findings import Finding
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...versions.model import IN, OUT, ChangedPart, Comparison, Edition
from .._places import is_reported_elsewhere
from .._sealed import compare_with_sealed, find_net_area_doubts, ignore_moved

WEST = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EAST = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
HALF = "POLYGON ((100 0, 150 0, 150 100, 100 100, 100 0))"
#: Meanings whose average may not get worse; for all three, a smaller number is better land.
GRADES = ("slope_class", "yield_grade", "quality_grade")


@rule(
    "LAW016",
    "farmland-supplement",
    problem="Supplemented farmland is less or poorer",
    severity=Severity.WARNING,
    basis=["T2", "pbf-supplement"],
    side=["baseline"],
    needs={
        # Grades are compared where they exist: their fields are not required.
        "farmland": Need("farmland"),
        "reserve_land": Need("reserve_land", optional=True),
    },
    uses=["tolerance", ALLOWANCE_SHARE, ROW_ALLOWANCE, DEDUCTION_ALLOWANCE],
    messages={
        "net": "{layer}: compared with the sealed edition, {lost} m² were removed and {gained} m² were added, {missing} m² too little. Supplement as much net area as was removed.",
        "slope_class": "{layer}: the supplement is steeper than the removed land: average slope class ({field}) {gained} instead of {lost}. Choose flatter land from the reserve.",
        "yield_grade": "{layer}: the supplement is worse than the removed land: average grade ({field}) {gained} instead of {lost}; a smaller number is better. Choose better land from the reserve.",
        "quality_grade": "{layer}: the supplement is worse than the removed land: average class ({field}) {gained} instead of {lost}; a smaller number is better. Choose better land from the reserve.",
        "source": "{layer} ({key}): the added {area} (net {net_area}) is not in {related_layer}, the main source of supplements. Choose land from the reserve, or give the reason in the report on the supplement.",
    },
    fails=[
        Example("too little", {"farmland": [HALF]}, side={"baseline": {"farmland": [WEST]}}, finds=1),
        Example("steeper", {"farmland": [{"wkt": EAST, "slope_class": "3"}]}, side={"baseline": {"farmland": [{"wkt": WEST, "slope_class": "2"}]}},
                finds=1),
        Example("worse in both ways", {"farmland": [{"wkt": EAST, "GDDB": 9, "GDDJ": 6}]},
                side={"baseline": {"farmland": [{"wkt": WEST, "GDDB": 8, "GDDJ": 5}]}}, finds=2),
        Example("half of it not from the reserve", {"farmland": [EAST], "reserve_land": [HALF]}, side={"baseline": {"farmland": [WEST]}}, finds=1,
                areas=(5000.0,)),
    ],
    passes=[
        Example("equal and from the reserve", {"farmland": [{"wkt": EAST, "slope_class": "2"}], "reserve_land": [EAST]},
                side={"baseline": {"farmland": [{"wkt": WEST, "slope_class": "2"}]}}),
        Example("nothing went out", {"farmland": [WEST, EAST]}, side={"baseline": {"farmland": [WEST]}}),
        Example("too little is reported as a loss", {"farmland": [HALF]}, side={"baseline": {"farmland": [WEST]}}, parameters={"rules": ["LAW015"]}),
        Example("no sealed edition", {"farmland": [WEST]}),
    ],
)  # fmt: skip
def farmland_supplement(
    farmland: Layer, reserve_land: Layer | None, *, ctx: Context, allowance_m2: float = 1.0
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
        Quality was read in no text of a norm (C). A field that is not filled in on both sides is not compared. When
        LAW015 runs, it reports missing quantity. REL001 and REL002 report overlap with red line and boundary, LAW010
        land that is not cultivated.
    """
    result = RuleResult(applicable=False)
    found = compare_with_sealed(ctx, "farmland", result)
    if found is None:
        return result
    ignore_moved(ctx, found)
    result.doubts += find_net_area_doubts(found, ctx)
    gone, come = found.of_kind(OUT), found.of_kind(IN)
    if not gone:
        return result
    if unknown := found.without_net[0]:
        # The required supplement is unknown. Land added without a figure supplements nothing.
        result.not_checked.append(("net_missing", {"layer": found.before.layer.name, "count": unknown}))
        return result
    lost, gained = _areas(gone, found), _areas(come, found)
    if lost.sum() - gained.sum() > allowance_m2 and not is_reported_elsewhere(ctx, "LAW015"):
        params = {"lost": lost.sum(), "gained": gained.sum(), "missing": lost.sum() - gained.sum()}
        rounded = {name: round(float(value), 2) for name, value in params.items()}
        result.findings.append(Finding(farmland.role, case="net", params=rounded))
    if come:
        result.findings += [f for g in GRADES if (f := _worse(g, gone, come, lost, gained, found)) is not None]
        if reserve_land is not None:
            result.findings += _elsewhere(farmland, reserve_land, come, gained, ctx)
    return result


def _areas(parts: list[ChangedPart], found: Comparison) -> np.ndarray:
    """Return the (k,) areas of parts in m²: net area if both editions have it."""
    return np.array([part.net_m2 if "net" in found.total else part.area_m2 for part in parts])


def _worse(
    meaning: str,
    gone: list[ChangedPart],
    come: list[ChangedPart],
    lost: np.ndarray,
    gained: np.ndarray,
    found: Comparison,
) -> Finding | None:
    """Return a finding if the average of a grade is worse in the added land."""
    before = _average(found.before, meaning, [part.before for part in gone], lost)
    after = _average(found.after, meaning, [part.after for part in come], gained)
    if before is None or after is None or after <= before + 1e-9:
        return None
    layer = found.after.layer
    params = {"lost": round(before, 2), "gained": round(after, 2)}
    return Finding(layer.role, case=meaning, field=layer.field_name(meaning), params=params)


def _average(edition: Edition, meaning: str, rows: list[int], areas: np.ndarray) -> float | None:
    """Return the average by area; None if a part has no value."""
    values = edition.layer.numbers(meaning)[rows]
    if not np.isfinite(values).all() or not areas.sum() > 0:
        return None
    return float((values * areas).sum() / areas.sum())


def _elsewhere(
    farmland: Layer, reserve: Layer, come: list[ChangedPart], gained: np.ndarray, ctx: Context
) -> list[Finding]:
    """Return findings on added land outside the reserve."""
    shapes = np.array([part.geometry for part in come], dtype=object)
    rows = np.array([part.after for part in come])
    parts = ctx.geometry.uncovered_in(farmland, rows, shapes, reserve, severity=Severity.INFO)
    shares = ctx.geometry.statutory(parts.geometry) / ctx.geometry.statutory(shapes)[parts.left]
    findings = []
    for n, position in enumerate(parts.left.tolist()):
        whole = come[position]
        finding = ctx.make.row(farmland, int(rows[position]), case="source", severity=Severity.INFO)
        finding.related_role = reserve.role
        finding.geometry, finding.width_m = parts.geometry[n], float(parts.width[n])
        finding.area_m2 = float(shares[n] * whole.area_m2)
        if np.isfinite(whole.net_after_m2):
            finding.net_area_m2 = float(shares[n] * whole.net_after_m2)
        findings.append(finding)
    return ctx.make.by_place(findings)
