# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.indicators.area_backing import (
    AREA_MEANINGS,
    GROSS_FIELDS,
    NET_FIELD,
    ROW_ALLOWANCE_SETTING,
    SUM_ALLOWANCE_SETTING,
    AreaFieldComparison,
    compare_area_field_with_shapes,
    find_county_excess,
    read_area_field_m2,
)
from ...figures.indicators.survey_deductions import DEDUCTION_ALLOWANCE_SETTING, SurveyDeductions, compare_with_survey
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import make_row_list_params, read_setting_words
from .._places import EAST_SQUARE_WKT, FAR_EAST_SQUARE_WKT, SQUARE_M2, SQUARE_WKT, find_equal_shapes

#: Rounding error of gross and net area in two layers, m².
RIDGE_ROUNDING_M2 = 0.04
#: Features that a message on a sum names.
_MAX_NAMED_ROWS = 5
#: Places that are not townships; `Texts` has their names.
AREA_OF_WHOLE_COUNTY, AREA_OUTSIDE_TOWNSHIPS = "whole_county", "outside_townships"
COUNTY_ROW = {"wkt": "POLYGON ((0 0, 300 0, 300 100, 0 100, 0 0))", "division_code": "140225", "division_name": "甲县"}
TOWNSHIP_ROWS = [
    {"wkt": SQUARE_WKT, "division_code": "140225100", "division_name": "甲镇"},
    {
        "wkt": "POLYGON ((100 0, 300 0, 300 100, 100 100, 100 0))",
        "division_code": "140225101",
        "division_name": "乙乡",
    },
]


def _make_area_row(wkt: str, gross: float | None, net: float | None = None) -> dict[str, object]:
    """Return a row with gross and net area (m²) for an example."""
    return {"wkt": wkt, "gross_area": gross, "net_area": net}


SURVEY_ROWS = [
    {**_make_area_row(wkt, SQUARE_M2, 0.9 * SQUARE_M2), "land_use": "0103", "deduction_rate": 0.1}
    for wkt in (SQUARE_WKT, EAST_SQUARE_WKT)
]


@rule(
    "ATT022",
    "area-field-sums",
    problem="Area fields sum to another area than the shapes",
    severity=Severity.WARNING,
    basis=["A10"],
    uses=[SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING, DEDUCTION_ALLOWANCE_SETTING, "attributes.graded_fields", "tolerance"],
    needs={
        # A layer without area fields has no sums; SCH002 reports missing fields.
        "layer": LayerNeed(EVERY_LAYER),
        "townships": LayerNeed("townships", optional=True),
        "county": LayerNeed("county", optional=True),
        "parcels": LayerNeed("parcels", optional=True),
    },
    messages={
        "": "{layer}, {place}: {field} sums to {actual} m², the statutory areas of the same features to {expected} m²: difference {difference} m² ({share} %), features that differ: {count}{listed_rows}. {reason}Compute the field again from the shapes; figures summed from it are not confirmed.",
        "net": "{layer}, {place}: {field} exceeds the gross area by {difference} m² in total (net {actual} m², gross {expected} m²); features: {count}{listed_rows}. {reason}Correct gross area, deduction and net area; figures summed from it are not confirmed.",
        "unit": "{layer}, {place}: {field} sums to {actual} m², the gross area to {expected} m². {reason}Enter the field in m²; figures summed from it are not confirmed.",
        "partial": "{layer} has {actual} m², less than the county ({related_layer}, {expected} m²) by {difference} "
        "m², but this layer divides the whole county into grades. Add the missing features from the results of the "
        "evaluation.",
        "county": "{layer}: {field} sums to {actual} m², which exceeds the county's area ({related_layer}, {expected} m²) by {difference} m². Find features that repeat another shape and remove them, then compute the field from the shapes; figures summed from it are not confirmed.",
        "deduction": "{layer}, {place}: {field} sums to {actual} m²; with the deductions of {related_layer} on the same land it would be {expected} m²: {difference} m² ({share} %) too much, features: {count}{listed_rows}. Copy deduction rate and area from the survey's parcels and compute the net area again; figures summed from it are not confirmed.",
        "base": "{layer}: the gross area of fields less {field} gives {actual} m² of ridges, in {related_layer} {expected} m² on the same parcels: {difference} m² differ ({share} % of the net area), features: {count} ({rows}{more}). Compare deduction rate and deducted area with the land survey, correct the layer that is wrong, and compute its net areas and those of layers derived from it again.",
        "blank": "{layer}: {field} is empty on some features ({count} of {rows}) with a statutory area of {expected} m² in total; sums of the field omit that land. Compute the field from the shapes.",
    },
    fails=[
        RuleExample("twelve times the land", {"layer": [_make_area_row(SQUARE_WKT, 12 * SQUARE_M2), _make_area_row(EAST_SQUARE_WKT, 12 * SQUARE_M2)]}, finds=1,
                roles={"layer": "GDBHMB"}),
        RuleExample("a tenth of the land", {"layer": [_make_area_row(SQUARE_WKT, SQUARE_M2 / 10)]}, finds=1, roles={"layer": "GDBHMB"}),
        RuleExample("errors of two townships that cancel out", {"layer": [_make_area_row(SQUARE_WKT, SQUARE_M2 + 500),
                {**_make_area_row("POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", 5300)}, _make_area_row(EAST_SQUARE_WKT, SQUARE_M2 - 500), _make_area_row(FAR_EAST_SQUARE_WKT, SQUARE_M2 - 300)],
                "townships": TOWNSHIP_ROWS}, finds=2, roles={"layer": "GDBHMB"}),
        RuleExample("net above gross", {"layer": [_make_area_row(SQUARE_WKT, SQUARE_M2, 1.5 * SQUARE_M2)]}, finds=1, roles={"layer": "GDBHMB"}),
        RuleExample("net in 亩", {"layer": [_make_area_row(SQUARE_WKT, SQUARE_M2, 14.99), _make_area_row(EAST_SQUARE_WKT, SQUARE_M2, 14.98)]}, finds=1,
                roles={"layer": "XZYDYH"}),
        RuleExample("an evaluation of a part of the county", {"layer": [{"wkt": SQUARE_WKT, "area": SQUARE_M2}], "county": [COUNTY_ROW]}, finds=1,
                roles={"layer": "NYSCSYXPJJG", "county": "XZQX"}),
        RuleExample("more than the county", {"layer": [_make_area_row(COUNTY_ROW["wkt"], 3 * SQUARE_M2), _make_area_row(SQUARE_WKT, SQUARE_M2)], "county": [COUNTY_ROW]},
                finds=1, roles={"layer": "GDBHMB"}),
        RuleExample("deductions of the survey left out", {"layer": [_make_area_row(SQUARE_WKT, SQUARE_M2, SQUARE_M2), _make_area_row(EAST_SQUARE_WKT, SQUARE_M2, SQUARE_M2)],
                "parcels": SURVEY_ROWS}, finds=1, roles={"layer": "GDBHMB", "parcels": "DLTB"}),
        RuleExample("more ridges in the base than in the survey", {"layer": [{**_make_area_row(wkt, SQUARE_M2, 0.8 * SQUARE_M2), "land_use": "010300"} for wkt in (SQUARE_WKT, EAST_SQUARE_WKT)],
                "parcels": SURVEY_ROWS}, finds=1, roles={"layer": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("a row without an area", {"layer": [{"wkt": SQUARE_WKT, "area": None}, {"wkt": EAST_SQUARE_WKT, "area": SQUARE_M2}]}, finds=1,
                roles={"layer": "STBHHX"}),
        RuleExample("no area at all", {"layer": [{"wkt": SQUARE_WKT, "area": None}]}, finds=1, roles={"layer": "STBHHX"}),
    ],
    passes=[
        RuleExample("deductions as in the survey", {"layer": [_make_area_row(SQUARE_WKT, SQUARE_M2, 0.9 * SQUARE_M2), _make_area_row(EAST_SQUARE_WKT, SQUARE_M2, 0.9 * SQUARE_M2)],
                "parcels": SURVEY_ROWS}, roles={"layer": "GDBHMB", "parcels": "DLTB"}),
        RuleExample("a base with the survey's ridges", {"layer": [{**_make_area_row(wkt, SQUARE_M2, 0.9 * SQUARE_M2), "land_use": "010300"} for wkt in (SQUARE_WKT, EAST_SQUARE_WKT)],
                "parcels": SURVEY_ROWS}, roles={"layer": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("as drawn", {"layer": [_make_area_row(SQUARE_WKT, SQUARE_M2, 9000.0), _make_area_row(EAST_SQUARE_WKT, SQUARE_M2, 9100.0)]}, roles={"layer": "GDBHMB"}),
        RuleExample("one row of many: ATT013's", {"layer": [_make_area_row(SQUARE_WKT, SQUARE_M2 + 8), _make_area_row(EAST_SQUARE_WKT, SQUARE_M2), _make_area_row(FAR_EAST_SQUARE_WKT, SQUARE_M2)],
                "townships": TOWNSHIP_ROWS}, roles={"layer": "GDBHMB"}),
        RuleExample("blank next to a net area is reported by ATT003", {"layer": [_make_area_row(SQUARE_WKT, None), _make_area_row(EAST_SQUARE_WKT, SQUARE_M2)]}, roles={"layer": "GDBHMB"}),
        RuleExample("no shape, no area", {"layer": [{"wkt": "POLYGON EMPTY", "area": None}]}, roles={"layer": "STBHHX"}),
        RuleExample("a wider allowance", {"layer": [_make_area_row(SQUARE_WKT, 10_500.0)]}, roles={"layer": "GDBHMB"},
                settings={"rules.ATT022.allowance_share": 0.1}),
    ],
)  # fmt: skip
def area_field_sums(
    layer: Layer,
    townships: Layer | None,
    county: Layer | None,
    parcels: Layer | None,
    *,
    ctx: RuleContext,
    allowance_share: float = 0.001,
    allowance_deduction_share: float = 0.001,
    allowance_gap_share: float = 0.05,
) -> RuleResult:
    """Sums of area fields equal the land.

    What it checks
        By layer, township and county: the sum of 面积, 图斑面积 and 调查面积, compared with the statutory area of the same
        shapes, within `allowance_share`; net area (图斑地类面积, 永久基本农田面积) never exceeds gross area; no layer sums to more
        than the county. A layer of grades (`attributes.graded_fields`: evaluations) lacks at most `allowance_gap_share`
        of the county. Net area of 永久基本农田 and 耕地保护目标 is compared with the deductions of the survey (地类图斑) on the same
        land, within `allowance_deduction_share`. So are the ridges (田坎: gross less net area of fields) of the base
        parcels (基期用地用海) with the shape of a survey parcel, in either direction. Polygons of a layer without net area
        have a value in the area field.
    Why
        Targets, indicators and tables are sums of these fields. Fields multiplied by the same factor agree with each
        other and show land that does not exist: such figures are not confirmed, and no target counts as met by them.
    How to fix
        Compute the field again from the shapes (“Statutory area”), then deduction and net area; check the unit of
        imported tables.
    Limits
        The allowance is a setting (mark C). ATT013 compares rows: one wrong row is a finding here only if it changes
        the layer's sum. GEO002 reports shapes that are invalid or enclose no area. ATT003 reports net areas that are
        too small, and blank gross areas of layers with a net area. A feature has the deduction of the cultivated parcel
        at a point on it. The county is compared with layers that never overlap and with the layers that targets are
        read from. DOC023 compares the classes of yearly maintenance feature by feature.
    """
    result = RuleResult(is_applicable=False)
    is_usable = ~(layer.invalid_rows | ~layer.has_shape | layer.find_flat_rows(ctx.tolerance.cluster_m))
    for meaning in AREA_MEANINGS:
        backing = compare_area_field_with_shapes(layer, meaning, ctx, exact=False)
        rows = is_usable & backing.has_value if backing is not None else is_usable
        if backing is None or not rows.any():
            continue
        result.is_applicable = True
        if replace(backing, allowed_share=allowance_share / 2).confirms_sums(
            rows
        ):  # so clear that estimates are enough
            continue
        backing = compare_area_field_with_shapes(layer, meaning, ctx)
        if backing is not None:
            # There is one finding on the layer if all townships differ, else one on each township that does.
            comparison = replace(backing, allowed_share=allowance_share)
            if meaning == NET_FIELD and comparison.apparent_unit:
                result.findings.append(_make_sum_finding(layer, "unit", comparison, rows))
                continue
            condition, case = (1, "net") if meaning == NET_FIELD else (0, "")
            differs_in_total = comparison.compare_field_sums(partial(_sum_rows, rows))[condition][0]
            add = comparison.make_township_sum_function(rows)
            is_different = comparison.compare_field_sums(add)[condition]
            has_rows = add(comparison.has_value.astype(float)) > 0
            if differs_in_total and (not is_different.any() or bool((is_different == has_rows).all())):
                result.findings.append(_make_sum_finding(layer, case, comparison, rows))
                continue
            is_differing = is_different if differs_in_total else comparison.find_differing_townships(rows)[condition]
            for township_number in np.flatnonzero(is_differing).tolist():
                is_township = township_number < len(comparison.township_names)
                own_rows = rows & (comparison.township_number == (township_number if is_township else -1))
                name = comparison.township_names[township_number] if is_township else AREA_OUTSIDE_TOWNSHIPS
                result.findings.append(_make_sum_finding(layer, case, comparison, own_rows, name))
    blanks = list(_report_blank_areas(layer, is_usable, ctx))
    result.is_applicable |= bool(blanks)
    result.findings += blanks
    if county is not None and not ctx.is_edit_check:
        result.findings += _report_partial_grades(layer, county, allowance_gap_share, ctx)
    county_excess = find_county_excess(layer, ctx)
    if county_excess is not None and county is not None and not any(f.case == "" for f in result.findings):
        meaning, total, county_area = county_excess
        result.findings.append(
            Finding(
                layer.role,
                case="county",
                field=layer.get_field_name(meaning),
                params={
                    "actual": round(total, 2),
                    "expected": round(county_area, 2),
                    "difference": round(total - county_area, 2),
                },
                related_role=county.role,
            )
        )
    if not any(f.field == layer.get_field_name(NET_FIELD) for f in result.findings):
        result.findings += _report_survey_excess(layer, allowance_deduction_share, ctx)
        if parcels is not None and not ctx.is_edit_check and layer is ctx.plan.find_layer_of_concept("base_parcels"):
            result.findings += _compare_ridges_with_survey(layer, parcels, allowance_deduction_share, ctx)
    return result


def _sum_rows(rows: NDArray, values: NDArray) -> NDArray:
    """Return (1,) the sum of the (n,) values of some rows."""
    return np.array([values[rows].sum()])


def _report_partial_grades(layer: Layer, county: Layer, share: float, ctx: RuleContext) -> Iterator[Finding]:
    """Yield a finding if a layer of grades lacks more than ``share`` of the county's area."""
    if layer.role not in [role for role, _ in read_setting_words(ctx.norm, "attributes.graded_fields", 2, 2)]:
        return
    for one in (layer, county):
        one.measure_statutory(ctx.cancellation)
    graded_area, county_area = (float(np.nansum(one.statutory)) for one in (layer, county))
    if graded_area < (1 - share) * county_area:
        yield Finding(
            layer.role,
            case="partial",
            severity=Severity.WARNING,
            params={
                "actual": round(graded_area, 2),
                "expected": round(county_area, 2),
                "difference": round(county_area - graded_area, 2),
            },
            related_role=county.role,
        )


def _report_blank_areas(layer: Layer, is_usable: NDArray, ctx: RuleContext) -> Iterator[Finding]:
    """Yield a finding if polygons have no value in any gross area field of the layer.

    ATT003 reports them for layers that also have a net area.
    """
    maintenance = ctx.norm.standard.maintenance
    if maintenance is not None and layer.role in maintenance.class_by_role:
        # Their area fields are as filed, or computed on writing; DOC023 compares them feature by feature.
        return
    gross_meanings = [meaning for meaning in GROSS_FIELDS if layer.has_field(meaning)]
    if (
        layer.template.geometry != "polygon"
        or not gross_meanings
        or (layer.has_field("gross_area") and layer.has_field(NET_FIELD))
    ):
        return
    is_blank = is_usable & np.logical_and.reduce(
        [np.isnan(read_area_field_m2(layer, meaning)) for meaning in gross_meanings]
    )
    if not is_blank.any():
        return
    layer.measure_statutory(ctx.cancellation)
    yield Finding(
        layer.role,
        case="blank",
        field=layer.get_field_name(gross_meanings[0]),
        params={
            "count": int(is_blank.sum()),
            "rows": len(layer),
            "expected": round(float(np.nan_to_num(layer.statutory)[is_blank].sum()), 2),
        },
    )


def _report_survey_excess(layer: Layer, share: float, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings where a layer's net area exceeds that of the land survey.

    There is one finding on the layer if its total exceeds, else one on each township. ``share`` is the allowed excess
    as a share of the expected net area.
    """
    survey = compare_with_survey(layer, ctx)
    if survey is None:
        return
    survey = replace(survey, allowed_share=share)
    if survey.find_sums_exceeding_survey(lambda values: np.array([values.sum()])).any():
        yield _make_survey_finding(layer, survey, survey.is_compared, AREA_OF_WHOLE_COUNTY)
        return
    for township_number in np.flatnonzero(
        survey.find_sums_exceeding_survey(survey.make_township_sum_function(survey.is_compared))
    ).tolist():
        is_township = township_number < len(survey.township_names)
        rows = survey.is_compared & (survey.township_number == (township_number if is_township else -1))
        yield _make_survey_finding(
            layer, survey, rows, survey.township_names[township_number] if is_township else AREA_OUTSIDE_TOWNSHIPS
        )


def _compare_ridges_with_survey(layer: Layer, parcels: Layer, share: float, ctx: RuleContext) -> Iterator[Finding]:
    """Yield a finding if base parcels and survey differ in the total area of field ridges on the same fields.

    ``share`` is the allowed difference as a share of the net area. A total with a single wrong row does not count.
    """
    has_areas = all(one.has_values(meaning) for one in (layer, parcels) for meaning in ("gross_area", NET_FIELD))
    if layer is parcels or not has_areas or parcels.template.find_field("deduction_rate") is None:
        return
    survey_rows = find_equal_shapes(layer, parcels, ctx.tolerance.edge_match_m)
    rows = np.flatnonzero((survey_rows >= 0) & ctx.find_cultivated_rows(layer))
    rows = rows[ctx.find_cultivated_rows(parcels)[survey_rows[rows]]]
    ridges, survey_ridges = (
        one.numbers("gross_area")[own_rows] - one.numbers(NET_FIELD)[own_rows]
        for one, own_rows in ((layer, rows), (parcels, survey_rows[rows]))
    )
    net = parcels.numbers(NET_FIELD)[survey_rows[rows]]
    is_compared = np.isfinite(ridges) & np.isfinite(survey_ridges) & (net > 0)
    differences = np.where(is_compared, ridges - survey_ridges, 0.0)
    difference = abs(float(differences.sum()))
    is_wrong = np.abs(differences) > share * np.nan_to_num(net) + RIDGE_ROUNDING_M2
    if difference <= share * float(net[is_compared].sum()) or is_wrong.sum() < 2:
        return
    yield Finding(
        layer.role,
        case="base",
        field=layer.get_field_name(NET_FIELD),
        params={
            "actual": round(float(ridges[is_compared].sum()), 2),
            "expected": round(float(survey_ridges[is_compared].sum()), 2),
            "difference": round(difference, 2),
            "share": round(100 * difference / float(net[is_compared].sum()), 2),
            **make_row_list_params(layer, layer.sort_rows(rows[is_wrong])),
        },
        related_role=parcels.role,
    )


def _list_rows(layer: Layer, rows: NDArray) -> dict[str, object]:
    """Return the parameters of a message that names the first of some rows (n,) bool."""
    return make_row_list_params(layer, layer.sort_rows(np.flatnonzero(rows)), max_named_rows=_MAX_NAMED_ROWS)


def _make_survey_finding(layer: Layer, survey: SurveyDeductions, rows: NDArray, area_name: str) -> Finding:
    """Return the finding that the net area of some rows exceeds that of the survey."""
    actual, expected = float(survey.net_in_field_m2[rows].sum()), float(survey.expected_m2[rows].sum())
    return Finding(
        layer.role,
        case="deduction",
        field=layer.get_field_name(NET_FIELD),
        params={
            "place": area_name,
            "actual": round(actual, 2),
            "expected": round(expected, 2),
            "difference": round(actual - expected, 2),
            "share": round(100 * (actual - expected) / expected, 2) if expected else 0.0,
            **_list_rows(layer, rows & survey.excessive_rows),
        },
        related_role=survey.survey_parcels.role,
        township="" if area_name in (AREA_OF_WHOLE_COUNTY, AREA_OUTSIDE_TOWNSHIPS) else area_name,
    )


def _make_sum_finding(
    layer: Layer, case: str, comparison: AreaFieldComparison, rows: NDArray, area_name: str = AREA_OF_WHOLE_COUNTY
) -> Finding:
    """Return the finding that the field's sum over some rows differs from the shapes."""
    gross = comparison.field_meaning in GROSS_FIELDS
    actual = float(comparison.gross_values[rows].sum() if gross else comparison.field_values_m2[rows].sum())
    expected = float((comparison.land_areas if gross else comparison.gross_values)[rows].sum())
    difference = actual - expected if case != "net" else float(comparison.net_excess[rows].sum())
    return Finding(
        layer.role,
        case=case,
        field=layer.get_field_name(comparison.field_meaning),
        params={
            "place": area_name,
            "actual": round(actual, 2),
            "expected": round(expected, 2),
            "difference": round(difference, 2),
            "share": round(100 * difference / expected, 2) if expected else 0.0,
            **_list_rows(layer, rows & comparison.wrong_rows),
            "reason": f"area_unit_{comparison.apparent_unit}" if comparison.apparent_unit else "",
        },
        township="" if area_name in (AREA_OF_WHOLE_COUNTY, AREA_OUTSIDE_TOWNSHIPS) else area_name,
    )
