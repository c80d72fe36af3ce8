# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that compare farmland and control lines with the sealed edition."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from ...base.placeholders import join_first
from ...engine.context import RuleContext
from ...figures.indicators.area_backing import (
    AREA_FIELDS_SETTING,
    ROW_ALLOWANCE_SETTING,
    SUM_ALLOWANCE_SETTING,
    is_sum_confirmed_by_geometry,
)
from ...figures.indicators.survey_deductions import DEDUCTION_ALLOWANCE_SETTING
from ...geometry.overlay_pieces import Slivers
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...render.versions.baseline import compare_with_baseline, get_sealed_edition, get_township_polygons
from ...render.versions.edition_comparison import (
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    NET_BASIS,
    STATUTORY_BASIS,
    ChangedPiece,
    VersionComparison,
)
from ...standard.profile.norm import is_sealed_by_profile
from .._attributes import MAX_NAMED_ROWS, make_row_list_params
from .._places import EAST_SQUARE_WKT, SQUARE_WKT, is_reported_elsewhere


def compare_with_sealed_edition(ctx: RuleContext, concept: str, result: RuleResult) -> VersionComparison | None:
    """Return the comparison of a layer of the plan with the sealed edition.

    ``concept`` names the layer (such as ``farmland``). If one of the two layers is missing or unusable, return None
    and add the reason to ``result.not_checked``.
    """
    comparison = compare_with_baseline(ctx, concept)
    if comparison is None:
        edition = get_sealed_edition(ctx.side_inputs)
        unusable_layer = edition.find_unusable_layer(concept) if edition is not None else None
        sealed_layer = edition.find_layer_of_concept(concept) if edition is not None else None
        if unusable_layer is not None:
            result.not_checked.append(("layer_unusable", {"layer": unusable_layer.name, "role": unusable_layer.role}))
        elif sealed_layer is not None:
            # A sealed layer without shapes cannot be compared with anything.
            result.not_checked.append(("layer_bare", {"layer": sealed_layer.name, "role": sealed_layer.role}))
        else:
            # A line that the sealed edition lacks was not compared, so the rule does not pass.
            result.not_checked.append(("baseline_lacks", {"concept": concept}))
        return None
    result.is_applicable = True
    if comparison.failed_pairs:
        result.not_checked.append(("versions_failed", {"count": len(comparison.failed_pairs)}))
    shift = comparison.shift
    if shift is not None:
        key = "sealed_shifted" if shift.is_removed else "sealed_shift_kept"
        result.notes.append((key, {"layer": comparison.later_edition.layer.name, **shift.make_texts()}))
    # GEO001 and GEO002 report shapes of the plan; no other rule reports those of the sealed edition.
    sealed_edition = comparison.earlier_edition
    for rows, note in (
        (sealed_edition.rows_without_shape, "sealed_shapeless"),
        (sealed_edition.repaired_rows, "sealed_mended"),
    ):
        if rows:
            result.notes.append(
                (note, {"layer": sealed_edition.layer.name, "count": len(rows), "keys": join_first(rows)})
            )
    return comparison


def find_net_area_doubts(comparison: VersionComparison, ctx: RuleContext) -> list[str]:
    """Return the key of a doubt, in a list, if the geometry does not confirm the compared net areas.

    The list is empty without a doubt.
    """
    compared_layers = (comparison.earlier_edition.layer, comparison.later_edition.layer)
    is_backed = NET_BASIS not in comparison.balance_by_basis or all(
        is_sum_confirmed_by_geometry(layer, "net_area", ctx) for layer in compared_layers
    )
    return [] if is_backed else [AREA_FIELDS_SETTING]


def record_moved_slivers(ctx: RuleContext, comparison: VersionComparison) -> None:
    """Record in the log the slivers of land added or removed since the sealed edition.

    Slivers are parts below the tolerance; they have no finding.
    """
    moved_slivers = [
        n for n, (kind, *_) in enumerate(comparison.sliver_rows) if kind in (MOVED_IN_KIND, MOVED_OUT_KIND)
    ]
    rows_before, rows_after = (
        np.array([comparison.sliver_rows[n][side] for n in moved_slivers], dtype=int) for side in (1, 2)
    )
    slivers = Slivers([comparison.slivers[n] for n in moved_slivers], rows_after, rows_before)
    ctx.run_log.record_ignored_slivers(
        slivers, comparison.later_edition.layer, comparison.earlier_edition.layer, is_sealed_edition=True
    )


def get_sealed_severity(ctx: RuleContext, layer: Layer) -> Severity | None:
    """Return ERROR for a layer that the county's own profile seals.

    Return None, for the rule's severity, for any other layer.
    """
    return Severity.ERROR if is_sealed_by_profile(layer.role, ctx.norm) else None


REDUCED_WEST_WKT = "POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))"
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
        RuleExample("less than was sealed", {"farmland": [REDUCED_WEST_WKT]}, side={"baseline": {"farmland": [SQUARE_WKT]}}, finds=1, areas=(4000.0,)),
        RuleExample("supplemented in another township", {"farmland": [REDUCED_WEST_WKT, "POLYGON ((500 0, 540 0, 540 100, 500 100, 500 0))"], "townships": TOWNSHIP_ROWS}, side={"baseline": {"farmland": [SQUARE_WKT]}},
                finds=1, areas=(4000.0,)),
        RuleExample("net area less on the same land", {"farmland": [{"wkt": SQUARE_WKT, "net_area": 8000.0}]},
                side={"baseline": {"farmland": [{"wkt": SQUARE_WKT, "net_area": 9000.0}]}}, finds=1),
        RuleExample("net area less in a township of which only the code is filled in",
                {"farmland": [{"wkt": SQUARE_WKT, "net_area": 8000.0}], "townships": [{**TOWNSHIP_ROWS[0], "division_name": None}]},
                side={"baseline": {"farmland": [{"wkt": SQUARE_WKT, "net_area": 9000.0}]}}, finds=1),
    ],
    passes=[
        RuleExample("as sealed", {"farmland": [EAST_SQUARE_WKT, SQUARE_WKT]}, side={"baseline": {"farmland": [SQUARE_WKT, EAST_SQUARE_WKT]}}),
        RuleExample("supplemented", {"farmland": [REDUCED_WEST_WKT, EAST_SQUARE_WKT], "townships": TOWNSHIP_ROWS}, side={"baseline": {"farmland": [SQUARE_WKT]}}),
        RuleExample("no sealed edition", {"farmland": [SQUARE_WKT]}),
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
        Restore land that was removed by mistake; supplement the rest in the same township (“Propose Supplements…”
        drafts the parcels), or register the document that approves it.
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
        loss = balance.before - balance.land_after
        if loss > allowance_m2:
            # Its geometry is the removed land, or the township if only the net area of the same land decreased.
            layer = comparison.later_edition.layer
            figures = {
                "before": balance.before,
                "now": balance.land_after,
                "loss": loss,
                "moved_out": balance.moved_out,
                "moved_in": balance.moved_in,
            }
            removed_parts = [
                part for part in comparison.list_pieces_of_kind(MOVED_OUT_KIND) if part.township == township
            ]
            finding = Finding(
                layer.role,
                case="" if township else "county",
                severity=get_sealed_severity(ctx, layer),
                params={name: round(value, 2) for name, value in figures.items()}
                | {"measure": basis, "township": township},
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
            result.findings.append(finding)
    return result


HALF_EAST_WKT = "POLYGON ((100 0, 150 0, 150 100, 100 100, 100 0))"


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
        RuleExample("too little", {"farmland": [HALF_EAST_WKT]}, side={"baseline": {"farmland": [SQUARE_WKT]}}, finds=1),
        RuleExample("steeper", {"farmland": [{"wkt": EAST_SQUARE_WKT, "slope_class": "3"}]}, side={"baseline": {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "2"}]}},
                finds=1),
        RuleExample("worse in both ways", {"farmland": [{"wkt": EAST_SQUARE_WKT, "GDDB": 9, "GDDJ": 6}]},
                side={"baseline": {"farmland": [{"wkt": SQUARE_WKT, "GDDB": 8, "GDDJ": 5}]}}, finds=2),
        RuleExample("half of it not from the reserve", {"farmland": [EAST_SQUARE_WKT], "reserve_land": [HALF_EAST_WKT]}, side={"baseline": {"farmland": [SQUARE_WKT]}}, finds=1,
                areas=(5000.0,)),
    ],
    passes=[
        RuleExample("equal and from the reserve", {"farmland": [{"wkt": EAST_SQUARE_WKT, "slope_class": "2"}], "reserve_land": [EAST_SQUARE_WKT]},
                side={"baseline": {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "2"}]}}),
        RuleExample("from the reserve of the sealed edition, which it left", {"farmland": [EAST_SQUARE_WKT], "reserve_land": [SQUARE_WKT]},
                side={"baseline": {"farmland": [SQUARE_WKT], "reserve_land": [EAST_SQUARE_WKT]}}),
        RuleExample("nothing went out", {"farmland": [SQUARE_WKT, EAST_SQUARE_WKT]}, side={"baseline": {"farmland": [SQUARE_WKT]}}),
        RuleExample("too little is reported as a loss", {"farmland": [HALF_EAST_WKT]}, side={"baseline": {"farmland": [SQUARE_WKT]}}, parameters={"rules": ["LAW015"]}),
        RuleExample("no sealed edition", {"farmland": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def farmland_supplement(
    farmland: Layer, reserve_land: Layer | None, *, ctx: RuleContext, allowance_m2: float = 1.0
) -> RuleResult:
    """Removed farmland is supplemented with equal or better land.

    What it checks
        If 永久基本农田 was removed since the sealed edition (BASELINE): at least as much net area was added; the
        averages (by net area) of slope class (GDPDJB), grade (GDDB) and class (GDDJ) of the added land are not worse
        than those of the removed land; the added land is from the reserve (YJJBNTCBQ), of the plan or of the sealed
        edition, because land leaves the reserve when it becomes farmland.
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
    removed_parts = comparison.list_pieces_of_kind(MOVED_OUT_KIND)
    added_parts = comparison.list_pieces_of_kind(MOVED_IN_KIND)
    if not removed_parts:
        return result
    if rows_without_net := comparison.without_net[0]:
        # The required supplement is unknown. Land added without a figure supplements nothing.
        result.not_checked.append(
            ("net_missing", {"layer": comparison.earlier_edition.layer.name, "count": rows_without_net})
        )
        return result
    # Net area if both editions have it.
    removed_areas, added_areas = (
        np.array([part.net_m2 if "net" in comparison.balance_by_basis else part.area_m2 for part in parts])
        for parts in (removed_parts, added_parts)
    )
    if removed_areas.sum() - added_areas.sum() > allowance_m2 and not is_reported_elsewhere(ctx, "LAW015"):
        params = {
            "lost": removed_areas.sum(),
            "gained": added_areas.sum(),
            "missing": removed_areas.sum() - added_areas.sum(),
        }
        result.findings.append(
            Finding(farmland.role, case="net", params={name: round(float(value), 2) for name, value in params.items()})
        )
    if added_parts:
        result.findings += _report_worse_grades(removed_parts, added_parts, removed_areas, added_areas, comparison)
        # Land that became farmland leaves the reserve: it was in that of the sealed edition.
        edition = get_sealed_edition(ctx.side_inputs)
        reserves = [reserve_land, edition.find_layer_of_concept("reserve_land") if edition is not None else None]
        present = [one for one in reserves if one is not None and not one.has_no_geometry]
        if present:
            result.findings += _report_land_outside_reserves(farmland, present, added_parts, ctx)
    return result


def _report_worse_grades(
    removed_parts: list[ChangedPiece],
    added_parts: list[ChangedPiece],
    removed_areas: np.ndarray,
    added_areas: np.ndarray,
    comparison: VersionComparison,
) -> Iterator[Finding]:
    """Yield a finding for each grade whose average is worse on the added land."""
    layer = comparison.later_edition.layer
    # A smaller number is better land for all three.
    for meaning in ("slope_class", "yield_grade", "quality_grade"):
        grade_before = compute_area_weighted_average(
            comparison.earlier_edition.layer, meaning, [part.before_row for part in removed_parts], removed_areas
        )
        grade_after = compute_area_weighted_average(
            comparison.later_edition.layer, meaning, [part.after_row for part in added_parts], added_areas
        )
        if grade_before is not None and grade_after is not None and grade_after > grade_before + 1e-9:
            yield Finding(
                layer.role,
                case=meaning,
                field=layer.get_field_name(meaning),
                params={"lost": round(grade_before, 2), "gained": round(grade_after, 2)},
            )


def compute_area_weighted_average(layer: Layer, meaning: str, rows: list[int], areas: np.ndarray) -> float | None:
    """Return the area-weighted average of a field in some rows; None if a row has no value."""
    values = layer.numbers(meaning)[rows]
    if not np.isfinite(values).all() or not areas.sum() > 0:
        return None
    return float((values * areas).sum() / areas.sum())


def _report_land_outside_reserves(
    farmland: Layer, reserves: list[Layer], added_parts: list[ChangedPiece], ctx: RuleContext
) -> Iterator[Finding]:
    """Yield findings on added land outside all layers of reserve land (储备区)."""
    parts = shapes = np.array([part.geometry for part in added_parts], dtype=object)
    rows = np.array([part.after_row for part in added_parts])
    positions = np.arange(len(parts))
    widths = np.zeros(len(parts))
    for reserve in reserves:
        pieces = ctx.geometry.find_uncovered_pieces_of_shapes(
            farmland, rows[positions], shapes, reserve, severity=Severity.INFO
        )
        positions, shapes, widths = positions[pieces.left], pieces.geometry, pieces.width
    shares = ctx.geometry.measure_drawn_areas(shapes) / ctx.geometry.measure_drawn_areas(parts)[positions]
    for n, position in enumerate(positions.tolist()):
        net = float(shares[n] * added_parts[position].net_after_m2)
        yield ctx.make_row_finding(
            farmland,
            int(rows[position]),
            case="source",
            severity=Severity.INFO,
            related_role=reserves[0].role,
            geometry=shapes[n],
            width_m=float(widths[n]),
            area_m2=float(shares[n] * added_parts[position].area_m2),
            net_area_m2=net if np.isfinite(net) else None,
            by_place=True,
        )


#: Ten fields in a row, and the same 0.3 m farther east.
ROW_WKTS, SHIFTED_ROW_WKTS = (
    [
        f"POLYGON (({x + step} 0, {x + 40 + step} 0, {x + 40 + step} 100, {x + step} 100, {x + step} 0))"
        for x in range(0, 500, 50)
    ]
    for step in (0, 0.3)
)


@rule(
    "LAW017",
    "sealed-lines-unchanged",
    problem="Control lines differ from the sealed edition",
    severity=Severity.WARNING,
    basis=["T2"],
    side=["baseline"],
    needs={
        "farmland": LayerNeed("farmland", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "boundary": LayerNeed("boundary", optional=True),
    },
    uses=["tolerance", "editions"],
    messages={
        "added": "{layer} ({key}): {area} is not in the sealed edition; sealed lines must not be changed without "
        "approval. Restore the sealed edge; if the change was approved, waive the finding and give the approval "
        "document.",
        "removed": "{layer} ({key} in the sealed edition): {area} is missing in the present data; sealed lines must "
        "not be changed without approval. Restore the sealed land; if the change was approved, waive the finding and "
        "give the approval document.",
        "shifted": "{layer} is shifted as a whole against the sealed edition: {east} m east and {north} m north "
        "(negative: west, south). {count} features ({share}%) differ by the shift only, with no vertex more than "
        "{deviation} m off; {moved_in} m² are outside the sealed land, and {moved_out} m² of it are left bare. Sealed "
        "lines must not be changed without approval: review the coordinate transformation and the digitising, and "
        "copy the sealed features unchanged. Other changes are compared without the shift and listed separately.",
        "other": "{layer} covers the sealed land (a shift of the whole line removed), but is not identical to the sealed edition{listed_rows}. Features with other attributes ({fields}): {changed}; with other keys: {renumbered}; with other vertices: {redrawn}. Copy the sealed features unchanged.",
    },
    fails=[
        RuleExample("more boundary", {"boundary": ["POLYGON ((0 0, 130 0, 130 100, 0 100, 0 0))"]}, side={"baseline": {"boundary": [SQUARE_WKT]}}, finds=1, areas=(3000.0,)),
        RuleExample("red line and farmland moved", {"red_line": [EAST_SQUARE_WKT], "farmland": [SQUARE_WKT]}, side={"baseline": {"red_line": [SQUARE_WKT], "farmland": [EAST_SQUARE_WKT]}},
                finds=4, areas=(10000.0, 10000.0, 10000.0, 10000.0)),
        RuleExample("a vertex more", {"red_line": ["POLYGON ((0 0, 50 0, 100 0, 100 100, 0 100, 0 0))"]}, side={"baseline": {"red_line": [SQUARE_WKT]}}, finds=1),
        RuleExample("shifted as a whole", {"red_line": SHIFTED_ROW_WKTS}, side={"baseline": {"red_line": ROW_WKTS}}, finds=1),
        RuleExample("another land use", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0101"}]},
                side={"baseline": {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}}, finds=1),
    ],
    passes=[
        RuleExample("identical, drawn from another corner", {"red_line": ["POLYGON ((100 100, 100 0, 0 0, 0 100, 100 100))"], "boundary": [EAST_SQUARE_WKT]},
                side={"baseline": {"red_line": [SQUARE_WKT], "boundary": [EAST_SQUARE_WKT]}}),
        RuleExample("no sealed edition", {"red_line": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def sealed_lines_unchanged(
    farmland: Layer | None, red_line: Layer | None, boundary: Layer | None, *, ctx: RuleContext
) -> RuleResult:
    """The three control lines equal those of the sealed edition.

    What it checks
        永久基本农田, 生态保护红线 and 城镇开发边界, compared with the sealed edition (BASELINE): each added or
        removed part, with its area; and features with other keys, attributes or vertices although no land moved. If
        a line is shifted as a whole (settings `editions`), one finding states the shift, and the rest is compared
        without it. A line that only one of the two has is not compared: the rule is then incomplete.
    Why
        A plan is submitted with the three lines as issued; the receiving side compares them.
    How to fix
        Copy the sealed features unchanged; or register the document that approves the change.
    Limits
        Order of features, start and direction of rings, another coordinate system and noise below the cluster
        tolerance are ignored. A warning, unless the county's profile seals the layer ([sealed] roles): then an error.
        Other attributes are a warning, other keys or vertices alone are information. LAW015 compares sums of farmland.
    """
    result = RuleResult(is_applicable=False)
    for concept, layer in (("farmland", farmland), ("red_line", red_line), ("boundary", boundary)):
        if layer is None:
            # The plan may declare the line absent (本县无), or it was not delivered.
            edition = get_sealed_edition(ctx.side_inputs)
            sealed_layer = edition.find_layer_of_concept(concept) if edition is not None else None
            if sealed_layer is not None and len(sealed_layer):
                result.not_checked.append(
                    ("baseline_only", {"concept": concept, "layer": sealed_layer.name, "count": len(sealed_layer)})
                )
            continue
        comparison = compare_with_sealed_edition(ctx, concept, result)
        if comparison is None:
            continue
        record_moved_slivers(ctx, comparison)
        parts = comparison.list_pieces_of_kind(MOVED_IN_KIND) + comparison.list_pieces_of_kind(MOVED_OUT_KIND)
        result.findings += [_make_moved_land_finding(comparison, part, layer, ctx) for part in parts]
        shift = comparison.shift
        if shift is not None and shift.is_removed:
            result.findings.append(
                Finding(
                    layer.role,
                    case="shifted",
                    severity=get_sealed_severity(ctx, layer),
                    params={
                        "east": round(shift.east_m, 4),
                        "north": round(shift.north_m, 4),
                        "count": shift.row_count,
                        "share": round(100 * shift.share, 2),
                        "deviation": round(shift.deviation_m, 4),
                        "moved_in": round(shift.moved_in_m2, 2),
                        "moved_out": round(shift.moved_out_m2, 2),
                        "shown": shift.make_texts(),
                    },
                )
            )
        if not parts and comparison.has_other_changes:
            # The covered land is unchanged. The message names the rows with other attributes, else those with other
            # keys. The finding is on the layer and has no place: earlier waivers of it have none.
            changed_rows = {part.after_row for part in comparison.changed_pieces if part.value_changes}
            rows = sorted(changed_rows or {after_row for _, after_row in comparison.renumbered_rows})
            fields = sorted({name for part in comparison.changed_pieces for name, _, _ in part.value_changes})
            change_params: dict[str, Any] = {
                "changed": comparison.changed_row_count,
                "fields": ", ".join(fields) or "-",
                "renumbered": len(comparison.renumbered_rows),
                "redrawn": comparison.unmatched_counts[1],
            }
            row_params = make_row_list_params(layer, rows, MAX_NAMED_ROWS)
            change_params |= {name: row_params[name] for name in ("shown", "more") if row_params[name]}
            result.findings.append(
                Finding(
                    layer.role,
                    case="other",
                    severity=None if comparison.changed_row_count else Severity.INFO,
                    params=change_params,
                )
            )
    return result


def _make_moved_land_finding(
    comparison: VersionComparison, part: ChangedPiece, layer: Layer, ctx: RuleContext
) -> Finding:
    """Return the finding on land that was added to or removed from a sealed line."""
    is_added, shape = part.kind == MOVED_IN_KIND, part.geometry
    return Finding(
        layer.role,
        key=layer.keys[part.after_row] if is_added else comparison.earlier_edition.layer.keys[part.before_row],
        by_place=True,
        case="added" if is_added else "removed",
        severity=get_sealed_severity(ctx, layer),
        area_m2=part.area_m2,
        net_area_m2=part.net_m2 if part.net_m2 == part.net_m2 else None,
        width_m=2 * shapely.area(shape) / shapely.length(shape),
        geometry=shape,
    )
