# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.indicators.land_use import get_row_areas
from ...figures.indicators.survey_deductions import find_containing_rows
from ...geometry.overlay_pieces import OverlayPieces, make_row_pieces
from ...model.findings import Finding
from ...model.indicator import COMPARISON_SIGNS, SQUARE_METRES
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import MAX_SHOWN_FIDS, make_row_list_params, read_setting_words
from .._places import find_usable_layer_or_note_reason

WEST_WKT = "POLYGON ((0 0, 1000 0, 1000 2000, 0 2000, 0 0))"
EAST_WKT = "POLYGON ((1000 0, 2000 0, 2000 2000, 1000 2000, 1000 0))"
WEST_FIELD = {"wkt": WEST_WKT, "land_use": "0103", "slope_class": "4"}
EAST_FIELD = {"wkt": EAST_WKT, "land_use": "0103", "slope_class": "1"}
#: The target of cultivated land to be retained.
TASK_INDICATOR = "cultivated_area"
OPEN_LINES_SETTING, QUALITY_SETTING = "farmland.open_lines", "farmland.compared_quality"
LEFT_OUT_SETTING, INSIDE_SETTING = "farmland.min_left_out_m2", "farmland.min_inside_m2"


@rule(
    "LAW026",
    "farmland-choice",
    problem="The choice of cultivated land to be retained deserves comparison",
    overlaps_first={"inside": ("REL002",)},
    severity=Severity.INFO,
    basis=["pbf-priority"],
    needs={
        "cultivated": LayerNeed("cultivated", optional=True),
        "farmland": LayerNeed("farmland", optional=True),
        "parcels": LayerNeed("parcels", reads=("land_use",), optional=True),
        "boundary": LayerNeed("boundary", optional=True),
    },
    uses=[OPEN_LINES_SETTING, LEFT_OUT_SETTING, INSIDE_SETTING, QUALITY_SETTING, "farmland.steep_classes"],
    messages={
        "left_out": "{related_layer}: {area} of cultivated land ({net}; parcels: {count}, {which_rows}) is not in {layer}. That "
        "is {percent} % of the cultivated land outside {fillers} that is not steeper than 25°. Compare with the "
        "approved result: add land left out by mistake to {layer}; for land left out with reason, waive the finding "
        "and give the document.",
        "inside": "{layer}: {area} ({net}; parcels: {count}, {which_rows}) is inside {related_layer}. It counts "
        "towards the task of cultivated land; without it the layer has {remaining} {unit}{task_fact}. "
        "{overlaps_first}Compare with the approved plan: where it keeps fields, change nothing, waive the finding "
        "and give the document of approval. Remove from {layer} land that the plan builds on and that is not "
        "permanent basic farmland; first make up any shortfall.",
        "quality": "{layer}: the average {field} by area (larger numbers are worse) is {value}, that of cultivated "
        "land outside it ({related_layer}) {other}: worse by {miss}, at most {limit} is usual (the default of the "
        "plugin or a setting of the county). Parcels left out that are better than the average: {count} ({area}), "
        "{which_rows}. Compare the choice of {layer} with the approved result: adjust it if it takes the worse land; "
        "if it is as approved, waive the finding and give the document.",
    },
    approval_cases=("left_out", "inside", "quality"),
    fails=[
        RuleExample("fields that are not protected", {"parcels": [WEST_FIELD, EAST_FIELD], "cultivated": [EAST_WKT]}, finds=1, roles={"parcels": "DLTB"},
                settings={QUALITY_SETTING: [], "farmland.steep_classes": ["5"]}, areas=(2000000.0,)),
        RuleExample("a part of a field that is not protected", {"parcels": [WEST_FIELD, EAST_FIELD], "cultivated": [EAST_WKT, "POLYGON ((600 0, 1000 0, 1000 2000, 600 2000, 600 0))"]},
                finds=1, roles={"parcels": "DLTB"}, areas=(1200000.0,)),
        RuleExample("protected fields in the town", {"cultivated": [EAST_WKT], "boundary": [EAST_WKT]}, finds=1, areas=(2000000.0,)),
        RuleExample("slopes instead of level fields", {"parcels": [WEST_FIELD, EAST_FIELD], "cultivated": [WEST_WKT, EAST_WKT], "farmland": [WEST_WKT]}, finds=1,
                roles={"parcels": "DLTB"}, areas=(2000000.0,)),
    ],
    passes=[
        RuleExample("all fields are protected, and the red line is elsewhere", {"parcels": [EAST_FIELD], "cultivated": [EAST_WKT], "red_line": [WEST_WKT]}, roles={"parcels": "DLTB"}),
        RuleExample("all fields are protected", {"parcels": [WEST_FIELD, EAST_FIELD], "cultivated": [WEST_WKT, EAST_WKT], "farmland": [EAST_WKT]}, roles={"parcels": "DLTB"}),
        RuleExample("fields in the town are not protected", {"parcels": [WEST_FIELD, EAST_FIELD], "cultivated": [EAST_WKT], "boundary": [WEST_WKT]}, roles={"parcels": "DLTB"}),
        RuleExample("steep fields are not protected", {"parcels": [{**WEST_FIELD, "slope_class": "5"}, EAST_FIELD], "cultivated": [EAST_WKT]}, roles={"parcels": "DLTB"}),
        RuleExample("woods are not protected", {"parcels": [{"wkt": WEST_WKT, "land_use": "0301"}, EAST_FIELD], "cultivated": [EAST_WKT]}, roles={"parcels": "DLTB"}),
    ],
)  # fmt: skip
def farmland_choice(
    cultivated: Layer | None,
    farmland: Layer | None,
    parcels: Layer | None,
    boundary: Layer | None,
    *,
    ctx: RuleContext,
) -> RuleResult:
    """The choice of cultivated land to be retained is compared with the survey.

    What it checks
        Three sums, each one finding of information: cultivated land of the survey outside the lines of
        `farmland.open_lines` that is not in 耕地保护目标, from `farmland.min_left_out_m2` on; land of 耕地保护目标
        inside 城镇开发边界, from `farmland.min_inside_m2` on, which counts towards the task; and the average slope class
        (GDPDJB) and grade (GDDB) of 永久基本农田, weighted by area, if it is worse than that of the other cultivated
        land by more than the limit in `farmland.compared_quality`.
    Why
        Good cultivated land is protected first. Sums and tasks are met as well by a choice that leaves out level
        fields near the town for slopes far from it.
    How to fix
        Compare the largest parcels with the approved result; add land left out by mistake, or exchange land.
        If the choice is as approved, waive the finding and give the document.
    Limits
        The land left out and the land inside are measured by their outlines; qualities are compared by whole parcels,
        each where a point inside it is. Net areas are used if the survey has them. Plans may leave out cultivated land
        with reason (unstable land, land for projects), so nothing here is a defect in itself. Larger numbers are worse
        classes and grades. Land of `farmland.steep_classes` is not expected in 耕地保护目标. Limits are settings (mark C).
        Runs by default for a whole county (scope county), else if the rule or its group farmland is selected.
    """
    result = RuleResult(is_applicable=False)
    line_names = ctx.norm.get(OPEN_LINES_SETTING)
    lines = [line for name in line_names if (line := find_usable_layer_or_note_reason(name, ctx, result)) is not None]
    if parcels is not None and (cultivated is not None or farmland is not None):
        result.is_applicable = True
        fields = ctx.find_cultivated_rows(parcels) & parcels.has_shape
        if cultivated is not None:
            result.findings += _find_fields_left_out(cultivated, parcels, fields, lines, ctx)
        if farmland is not None:
            for line in lines:
                fields &= find_containing_rows(parcels, line, ctx) < 0
            findings = []
            _, areas = get_row_areas(parcels).best_basis_and_areas
            is_farmland = find_containing_rows(parcels, farmland, ctx) >= 0
            for name, limit in read_setting_words(ctx.norm, QUALITY_SETTING, 2, 2, number_at=1):
                values = parcels.get_numbers_by_name(name)
                is_compared = ctx.find_cultivated_rows(parcels) & np.isfinite(values) & (np.nan_to_num(areas) > 0)
                is_kept, is_left_out = is_compared & is_farmland, is_compared & fields & ~is_farmland
                if not is_kept.any() or float(areas[is_left_out].sum()) < float(ctx.norm.get(LEFT_OUT_SETTING)):
                    continue
                kept_average, left_out_average = (
                    float(np.average(values[rows], weights=areas[rows])) for rows in (is_kept, is_left_out)
                )
                if kept_average - left_out_average <= float(limit):
                    continue
                better = np.flatnonzero(is_left_out & (values < kept_average))
                finding = _make_finding(
                    farmland, parcels, make_row_pieces(better, parcels.plane_shapes[better]), parcels, "quality", ctx
                )
                finding.field = name
                finding.params |= {
                    "value": round(kept_average, 2),
                    "other": round(left_out_average, 2),
                    "miss": round(kept_average - left_out_average, 2),
                    "limit": float(limit),
                }
                findings.append(finding)
            result.findings += findings
    if cultivated is not None and boundary is not None:
        result.add_applicable(_find_targets_inside(cultivated, boundary, ctx))
    return result


def _find_fields_left_out(
    cultivated: Layer, parcels: Layer, fields: NDArray, lines: list[Layer], ctx: RuleContext
) -> list[Finding]:
    """Return a finding on cultivated fields outside the protection target (耕地保护目标).

    ``fields``: (n,) bool, rows of ``parcels``. Land inside ``lines`` may be left out of the target. The finding has the
    percentage of the fields' land that is left out.
    """
    rows = fields & ~np.isin(parcels.text("slope_class"), ctx.norm.get("farmland.steep_classes"))
    uncovered_pieces = ctx.geometry.find_uncovered_pieces(parcels, cultivated, rows=rows)
    pieces = ctx.geometry.remove_repeated_land(uncovered_pieces, parcels)
    protected_m2 = float(parcels.plane_areas[rows].sum() - pieces.area.sum())
    for line in lines:
        parts = pieces
        pieces = ctx.geometry.find_uncovered_pieces_of_shapes(parcels, parts.left, parts.geometry, line)
        pieces.left = parts.left[pieces.left]
    left_out_m2 = float(pieces.area.sum())
    if not len(pieces) or float(ctx.geometry.compute_piece_areas(pieces, parcels).sum()) < float(
        ctx.norm.get(LEFT_OUT_SETTING)
    ):
        return []
    finding = _make_finding(cultivated, parcels, pieces, parcels, "left_out", ctx)
    finding.params["percent"] = round(100 * left_out_m2 / (left_out_m2 + protected_m2), 2)
    finding.params["fillers"] = [ctx.plan.list_roles_of_concept(name)[0] for name in ctx.norm.get(OPEN_LINES_SETTING)]
    return [finding]


def _find_targets_inside(cultivated: Layer, boundary: Layer, ctx: RuleContext) -> list[Finding]:
    """Return a finding on land of the protection target (耕地保护目标) inside the boundary."""
    shared_pieces = ctx.geometry.find_shared_pieces(cultivated, boundary)
    pieces = ctx.geometry.remove_repeated_land(shared_pieces, cultivated, boundary)
    if not len(pieces) or float(ctx.geometry.compute_piece_areas(pieces, cultivated, boundary).sum()) < float(
        ctx.norm.get(INSIDE_SETTING)
    ):
        return []
    _, areas = get_row_areas(cultivated).best_basis_and_areas
    counted_areas = np.nan_to_num(areas)
    inside = float((ctx.geometry.compute_piece_shares_of_rows(pieces, cultivated) * counted_areas[pieces.left]).sum())
    finding = _make_finding(cultivated, boundary, pieces, cultivated, "inside", ctx)
    finding.params["remaining"] = round((float(counted_areas.sum()) - inside) / SQUARE_METRES["wan_mu"], 4)
    finding.params["unit"] = "wan_mu"
    for target in ctx.norm.find_targets(ctx.plan.area_code):
        if target.indicator == TASK_INDICATOR:
            noted = {
                "comparison": COMPARISON_SIGNS[target.comparison],
                "amount": target.value,
                "unit": target.unit,
            }
            finding.params["shown"]["noted"] = {"task_fact": noted}
    return [finding]


def _make_finding(
    layer: Layer, related_layer: Layer, pieces: OverlayPieces, owner: Layer, case: str, ctx: RuleContext
) -> Finding:
    """Return a finding on parts of rows of the layer ``owner``; it names the rows with the most land."""
    areas = ctx.geometry.compute_piece_areas(pieces, owner)
    area_of_row = np.bincount(pieces.left, areas, minlength=len(owner))
    rows_with_parts = np.array(owner.sort_rows(np.unique(pieces.left)), dtype=int)
    largest_first = rows_with_parts[np.argsort(-area_of_row[rows_with_parts], kind="stable")].tolist()
    net = owner.numbers("net_area")[pieces.left] * ctx.geometry.compute_piece_shares_of_rows(pieces, owner)
    return Finding(
        layer.role,
        case=case,
        params=make_row_list_params(owner, largest_first),
        related_role=related_layer.role,
        area_m2=float(areas.sum()),
        net_area_m2=float(np.nansum(net)) if np.isfinite(net).any() else None,
        geometry=ctx.geometry.unite_shapes(pieces.geometry[np.isin(pieces.left, largest_first[:MAX_SHOWN_FIDS])]),
    )
