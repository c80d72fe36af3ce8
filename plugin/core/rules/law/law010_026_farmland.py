# SPDX-License-Identifier: GPL-2.0-or-later

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext, has_cultivated_rows
from ...figures.indicators.land_use import get_row_areas
from ...figures.indicators.survey_deductions import find_containing_rows, find_rows_cut_differently
from ...geometry.overlay_pieces import OverlayPieces, make_row_pieces
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.indicator import COMPARISON_SIGNS, SQUARE_METRES
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import (
    MAX_SHOWN_FIDS,
    explain_missing_fields,
    format_code_with_name,
    list_largest_rows_first,
    make_row_list_params,
    read_setting_words,
)
from .._places import (
    EAST_HALF_WKT,
    EAST_SQUARE_WKT,
    SQUARE_WKT,
    WEST_HALF_WKT,
    find_construction_land_rows,
    find_usable_layers,
    is_reported_elsewhere,
    record_codes,
)

#: End of the codes of land that can be restored to cultivated land (可调整地类).
_RESTORABLE_SUFFIX = "K"


@rule(
    "LAW010",
    "farmland-not-cultivated",
    problem="Permanent basic farmland is not cultivated land",
    local=True,
    partly_local=True,
    concurrent=True,
    basis=["T5", "order-17"],
    needs={
        "farmland": LayerNeed("farmland", reads=("land_use",), covers=True),
        "parcels": LayerNeed("parcels", reads=("land_use",), optional=True, covers=True),
        "cultivated": LayerNeed("cultivated", reads=("land_use",), optional=True, covers=True),
        "reserve_land": LayerNeed("reserve_land", optional=True),
    },
    uses=["tolerance"],
    messages={
        "blank": "{layer} ({key}): {field} is empty, so it does not count as cultivated land ({area}, {net}). Fill in the "
        "land-use code of the survey; if it is not cultivated land, the next check states what to do.",
        "code": "{layer} ({key}): {field} = “{value}” is not cultivated land ({area}, {net}), but permanent basic farmland "
        "must be{restorable}. First compare the code with the survey and correct a wrong one. If it is right and "
        "the land can be cultivated again, restore it and change its land use; otherwise apply for an adjustment, "
        "remove the parcel and supplement it.",
        "parcel": "{layer} ({key}) has {area} ({net}, width {width} m) on parcel {related_key} of {related_layer}, whose land "
        "use “{value}” is not cultivated land, but permanent basic farmland must be. First compare with the "
        "approved result and restore an edge that is drawn wrongly; if it is right, compare the land use with the "
        "survey and correct a wrong one. If both are right and the land can be cultivated again, restore it and "
        "change its land use; otherwise apply for an adjustment, remove this part and supplement it.",
        "protected_code": "{layer} ({key}): {field} = “{value}” is not cultivated land ({area}, {net}), but this layer must have "
        "cultivated land only. First compare the code with the survey and correct a wrong one; if it is right, "
        "remove the feature from the layer.",
        "protected": "{layer} ({key}) has {area} ({net}, width {width} m) on parcel {related_key} of land use “{value}”, which "
        "is not cultivated land, but this layer must have cultivated land only. First compare the land use with the "
        "survey and correct a wrong one; if it is right, remove this part from the layer.",
        "unprotected": "{layer} ({key}) has {area} ({net}, width {width} m) outside {related_layer}, which must contain all "
        "permanent basic farmland. First compare with the approved result and restore a farmland edge that is drawn "
        "wrongly; if it is right, add the land to {related_layer}.",
        "unsurveyed": "{layer} ({key}) has {area} ({net}, width {width} m) where {related_layer} has no parcel, so the land use "
        "is unknown. Restore the missing parcel from the survey; if the survey has none there, correct the farmland "
        "edge by the approved result.",
        "slope": "{layer} ({key}): {field} = “{value}”, but the survey's parcel {related_key} on the same land has "
        "“{related}” ({area}). Copy the slope class from the survey's parcel.",
    },
    fails=[
        RuleExample("restorable orchard", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0201K"}]}, finds=1, areas=(10000.0,)),
        RuleExample("forest below", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0301"}]},
                finds=1, areas=(5000.0,)),
        RuleExample("forest in cultivated land to be retained", {"farmland": [{"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0301"},
                {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE_WKT, "land_use": "0103"}, {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}]}, finds=1, areas=(5000.0,)),
        RuleExample("half of it unprotected", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "0103"}],
                "cultivated": [{"wkt": WEST_HALF_WKT, "land_use": "0103"}]}, finds=1, areas=(5000.0,)),
        RuleExample("half of it without a parcel", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0103"}]},
                finds=1, areas=(5000.0,)),
        RuleExample("forest in one half and no parcel in the other", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [
                {"wkt": WEST_HALF_WKT, "land_use": "0301"}, {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}]}, finds=2, areas=(5000.0, 5000.0)),
        RuleExample("forest in one half, which is not also unprotected", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}],
                "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0301"}, {"wkt": EAST_HALF_WKT, "land_use": "0103"}],
                "cultivated": [{"wkt": EAST_HALF_WKT, "land_use": "0103"}]}, finds=1, areas=(5000.0,)),
        RuleExample("flatter than its parcel", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103", "slope_class": "1"}],
                "parcels": [{"wkt": SQUARE_WKT, "land_use": "0103", "slope_class": "5"}]}, finds=1, areas=(10000.0,)),
        RuleExample("protected grass", {"farmland": [{"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE_WKT, "land_use": "0404"},
                {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}]}, finds=1,
                areas=(10000.0,)),
    ],
    passes=[
        RuleExample("protected land is cultivated", {"farmland": [{"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "0102"},
                {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE_WKT, "land_use": "0103"}, {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}]}),
        RuleExample("cultivated", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0102"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}),
        RuleExample("a yard is reported as occupied", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0702"},
                {"wkt": EAST_HALF_WKT, "land_use": "0103"}]}, parameters={"rules": ["LAW014"]}),
        RuleExample("forest next door", {"farmland": [{"wkt": WEST_HALF_WKT, "land_use": "0103"}], "parcels": [
            {"wkt": WEST_HALF_WKT, "land_use": "0103"}, {"wkt": EAST_HALF_WKT, "land_use": "0301"}]}),
        RuleExample("the slope class of its parcel", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103", "slope_class": "2"}],
                "parcels": [{"wkt": SQUARE_WKT, "land_use": "0103", "slope_class": "2"}]}),
    ],
)  # fmt: skip
def farmland_not_cultivated(
    farmland: Layer, parcels: Layer | None, cultivated: Layer | None, reserve_land: Layer | None, *, ctx: RuleContext
) -> RuleResult:
    """Permanent basic farmland is cultivated land.

    What it checks
        The land-use code of each 永久基本农田 parcel (0101, 0102, 0103; 可调整 …K codes are not cultivated land);
        and, if parcels exist, every part on a parcel of another land use, with its area. The same for 耕地保护目标
        and 永久基本农田储备区, as a warning. Also as warnings: parts of 永久基本农田 outside 耕地保护目标, parts on
        no parcel, and rows whose slope class differs from that of the parcel on the same land.
    Why
        永久基本农田 must be 耕地; it must not become forest, grass, orchard or facility land.
    How to fix
        Correct the code, or remove the land and supplement it with equal net area and quality. Add land that the
        protected farmland lacks, and restore missing parcels.
    Limits
        The overlay does not report again a row found by its code. LAW014 reports parcels of construction land when it
        runs. A row reported for its code is not compared with 耕地保护目标, gaps of parcels and slope classes. The
        slope class is that of the parcel at a point inside the row. A row of 耕地保护目标 or a parcel without a shape
        (GEO001) covers no land. Land is reported once: on a parcel of another use it is not also outside 耕地保护目标,
        and that of 耕地保护目标 and 储备区 inside 永久基本农田 is judged as 永久基本农田.
    """
    result = RuleResult(is_applicable=False)
    by_code = np.zeros(len(farmland), dtype=bool)
    if farmland.has_field("land_use"):
        result.is_applicable = True
        by_code = ~ctx.find_cultivated_rows(farmland, whole_class=False)
        result.findings += _report_rows_by_code(farmland, by_code, ctx)
    elif farmland.template.find_field("land_use"):
        result.is_applicable = True
        result.not_checked.append(explain_missing_fields(farmland, "land_use"))
    uncultivated = reported_land = None
    if parcels is not None and not parcels.has_field("land_use"):
        result.is_applicable = True
        result.not_checked.append(explain_missing_fields(parcels, "land_use"))
    elif parcels is not None:
        result.is_applicable = True
        uncultivated = ~ctx.find_cultivated_rows(parcels)
        reported_parcels = uncultivated
        if is_reported_elsewhere(ctx, "LAW014"):
            reported_parcels = uncultivated & ~find_construction_land_rows(ctx, parcels)
        result.findings += _report_parts_on_parcels(farmland, ~by_code, parcels, reported_parcels, "parcel", [], ctx)
        reported_land = parcels.polygons.select_rows(np.flatnonzero(reported_parcels))
        # Parcels without any cultivated land (built land alone) are not a survey of farmland.
        if has_cultivated_rows(ctx.plan, parcels) and not parcels.has_no_geometry:
            unsurveyed = _report_uncovered_parts(farmland, ~by_code, parcels, "unsurveyed", ctx)
            result.findings += [*unsurveyed, *_report_slope_differences(farmland, ~by_code, parcels, ctx)]
    if cultivated is not None and cultivated is not parcels and not cultivated.has_no_geometry:
        result.findings += _report_uncovered_parts(farmland, ~by_code, cultivated, "unprotected", ctx, reported_land)
    earlier_layers = [farmland]
    for layer in (cultivated, reserve_land):
        if layer is not None and layer is not parcels:
            result.findings += _check_protected_layer(layer, parcels, uncultivated, earlier_layers, ctx)
            earlier_layers.append(layer)
    return result


def _check_protected_layer(
    layer: Layer, parcels: Layer | None, uncultivated: NDArray | None, earlier_layers: list[Layer], ctx: RuleContext
) -> list[Finding]:
    """Return warnings on protected land that is not cultivated.

    The row's own land-use code decides; for a row with a code of cultivated land the overlay with parcels decides,
    without the land of ``earlier_layers``. ``uncultivated`` is (n,) bool: the parcels of other land; None without
    parcels.
    """
    by_code = np.zeros(len(layer), dtype=bool)
    if layer.has_field("land_use"):
        # Another rule reports a blank code: a feature of this layer counts as cultivated land. 可调整 land does too
        # when ATT017 runs.
        counts_restorable = is_reported_elsewhere(ctx, "ATT017")
        is_judged = [
            bool(code) and not (counts_restorable and code.endswith(_RESTORABLE_SUFFIX))
            for code in layer.text("land_use")
        ]
        by_code = ~ctx.find_cultivated_rows(layer) & np.array(is_judged, dtype=bool)
    findings = list(_report_rows_by_code(layer, by_code, ctx, "protected_code"))
    if parcels is not None and uncultivated is not None:
        findings += _report_parts_on_parcels(layer, ~by_code, parcels, uncultivated, "protected", earlier_layers, ctx)
    for finding in findings:
        finding.severity = Severity.WARNING
    return findings


def _report_rows_by_code(layer: Layer, rows: NDArray, ctx: RuleContext, case: str = "") -> Iterator[Finding]:
    """Yield findings on the rows whose own code is not cultivated land."""
    codes, net = layer.text("land_use"), layer.numbers("net_area")
    positions = np.flatnonzero(rows)
    for position, area in zip(positions.tolist(), layer.measure_rows(positions).tolist(), strict=True):
        shape = layer.plane_shapes[position]
        yield ctx.make_row_finding(
            layer,
            position,
            field=layer.get_field_name("land_use"),
            case=case or ("code" if codes[position] else "blank"),
            params={
                "value": codes[position],
                "shown": {
                    "value": format_code_with_name(layer, "land_use", codes[position], ctx),
                    "is_restorable": codes[position].endswith(_RESTORABLE_SUFFIX),
                },
            },
            geometry=shape,
            area_m2=area if shape is not None else None,
            net_area_m2=float(net[position]) if np.isfinite(net[position]) else None,
            width_m=2 * shape.area / shape.length if shape is not None else None,
        )


def _report_parts_on_parcels(
    layer: Layer,
    rows: NDArray,
    parcels: Layer,
    uncultivated: NDArray,
    case: str,
    earlier_layers: list[Layer],
    ctx: RuleContext,
) -> list[Finding]:
    """Return findings on parts of a layer on uncultivated parcels, without the land of ``earlier_layers``.

    ``rows`` and ``uncultivated`` are bool arrays of the rows of layer and parcels.
    """
    pieces = ctx.geometry.find_shared_pieces(
        layer, parcels, left_rows=rows, right_rows=uncultivated, severity=None if case == "parcel" else Severity.WARNING
    )
    for earlier in earlier_layers:
        pieces = ctx.geometry.subtract_land(pieces, layer, earlier, severity=Severity.WARNING)
    findings = ctx.make_pair_findings(
        layer, parcels, pieces, with_net_area=True, case=case, field=parcels.get_field_name("land_use")
    )
    record_codes(findings, pieces.right, parcels, "land_use", ctx)
    return findings


def _report_uncovered_parts(
    layer: Layer,
    rows: NDArray,
    covering_layer: Layer,
    case: str,
    ctx: RuleContext,
    reported_land: Polygons | None = None,
) -> list[Finding]:
    """Return warnings on connected parts of some rows ((n,) bool) outside another layer and outside reported land."""
    rows = rows & find_rows_cut_differently(layer, covering_layer, ctx)
    if not rows.any():
        return []
    pieces = ctx.geometry.find_uncovered_pieces(layer, covering_layer, rows=rows, severity=Severity.WARNING)
    if reported_land is not None:
        pieces = ctx.geometry.subtract_land(pieces, layer, covering_layer, reported_land, severity=Severity.WARNING)
    return ctx.make_pair_findings(
        layer, covering_layer, pieces, with_net_area=True, case=case, severity=Severity.WARNING, by_place=True
    )


def _report_slope_differences(farmland: Layer, rows: NDArray, parcels: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield warnings on rows whose slope class differs from that of their parcel.

    ``rows`` is (n,) bool. Blank and unknown classes are not compared.
    """
    if not (farmland.has_values("slope_class") and parcels.has_values("slope_class")):
        return
    parcel_of_row = find_containing_rows(farmland, parcels, ctx)
    farmland_classes, parcel_classes = farmland.text("slope_class"), parcels.text("slope_class")
    template_field = farmland.template.find_field("slope_class")
    known_classes = (
        ctx.get_code_list(template_field.codes).entry_by_code
        if template_field is not None and template_field.codes
        else {}
    )
    # ATT002 reports an unknown class.
    differing_rows = [
        row
        for row in np.flatnonzero(rows & (parcel_of_row >= 0)).tolist()
        if farmland_classes[row] != parcel_classes[parcel_of_row[row]]
        and {farmland_classes[row], parcel_classes[parcel_of_row[row]]} <= known_classes.keys()
    ]
    for row, area in zip(differing_rows, farmland.measure_rows(differing_rows).tolist(), strict=True):
        parcel = int(parcel_of_row[row])
        yield ctx.make_row_finding(
            farmland,
            row,
            case="slope",
            severity=Severity.WARNING,
            field=farmland.get_field_name("slope_class"),
            params={
                "value": farmland_classes[row],
                "related": parcel_classes[parcel],
                "shown": {
                    "value": format_code_with_name(farmland, "slope_class", farmland_classes[row], ctx),
                    "related": format_code_with_name(parcels, "slope_class", parcel_classes[parcel], ctx),
                },
            },
            geometry=farmland.plane_shapes[row],
            area_m2=area,
            related_role=parcels.role,
            related_keys=[parcels.keys[parcel]],
        )


WEST_WKT = "POLYGON ((0 0, 1000 0, 1000 2000, 0 2000, 0 0))"
EAST_WKT = "POLYGON ((1000 0, 2000 0, 2000 2000, 1000 2000, 1000 0))"
WEST_FIELD = {"wkt": WEST_WKT, "land_use": "0103", "slope_class": "4"}
EAST_FIELD = {"wkt": EAST_WKT, "land_use": "0103", "slope_class": "1"}
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
    lines = find_usable_layers(ctx.norm.get(OPEN_LINES_SETTING), ctx, result)
    if parcels is not None and (cultivated is not None or farmland is not None):
        result.is_applicable = True
        fields = ctx.find_cultivated_rows(parcels) & parcels.has_shape
        if cultivated is not None:
            result.findings += _find_fields_left_out(cultivated, parcels, fields, lines, ctx)
        if farmland is not None:
            for line in lines:
                fields &= find_containing_rows(parcels, line, ctx) < 0
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
                averages = {"value": round(kept_average, 2), "other": round(left_out_average, 2)}
                difference = {"miss": round(kept_average - left_out_average, 2), "limit": float(limit)}
                result.findings.append(replace(finding, field=name, params=finding.params | averages | difference))
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
    pieces = ctx.geometry.find_uncovered_pieces(parcels, cultivated, rows=rows)
    pieces = ctx.geometry.remove_repeated_land(pieces, parcels)
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
    pieces = ctx.geometry.find_shared_pieces(cultivated, boundary)
    pieces = ctx.geometry.remove_repeated_land(pieces, cultivated, boundary)
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
        if target.indicator == "cultivated_area":
            finding.params["shown"]["noted"] = {
                "task_fact": {
                    "comparison": COMPARISON_SIGNS[target.comparison],
                    "amount": target.value,
                    "unit": target.unit,
                }
            }
    return [finding]


def _make_finding(
    layer: Layer, related_layer: Layer, pieces: OverlayPieces, owner: Layer, case: str, ctx: RuleContext
) -> Finding:
    """Return a finding on parts of rows of the layer ``owner``; it names the rows with the most land."""
    areas = ctx.geometry.compute_piece_areas(pieces, owner)
    area_of_row = np.bincount(pieces.left, areas, minlength=len(owner))
    has_parts = np.isin(np.arange(len(owner)), pieces.left)
    largest_first = list_largest_rows_first(owner, has_parts, area_of_row)
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
