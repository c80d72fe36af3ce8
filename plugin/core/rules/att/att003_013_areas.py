# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the areas that a row states: the net area of a parcel, and the area of the shape."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.indicators.area_backing import ROW_ALLOWANCE_SETTING, find_rows_surely_matching_area
from ...figures.indicators.areas import NetAreaContradiction, derive_expected_area, find_net_area_contradictions
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import format_plain_number
from .._attributes import make_row_list_params
from .._places import SQUARE_M2, SQUARE_WKT

#: Precision of a double and rounding to two decimals, m²: no difference of an area field.
_ROUNDING_M2 = 0.005

CONSISTENT_ROW = {
    "wkt": SQUARE_WKT,
    "land_use": "0103",
    "gross_area": 10000.0,
    "deduction_rate": 0.1,
    "deduction_area": 1000.0,
    "net_area": 9000.0,
}


@rule(
    "ATT003",
    "net-area",
    problem="Net area does not follow from its fields",
    refuses_fix="net_area_sum",
    local=True,
    partly_local=True,
    severity=Severity.WARNING,
    basis=["A7", "pbf-db-2021"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("gross_area", "net_area", "deduction_rate", "deduction_area"))},
    messages={
        "rate": "{layer} ({key}): {field} = {actual} is below 0, or is 1 or more. Correct the rate from the survey "
        "(as a decimal, not in percent), then compute deduction and net area again.",
        "deduction": "{layer} ({key}): {field} = {actual} m², but gross area × deduction rate{facts} gives {expected} "
        "m². First compare gross area and rate with the survey, and correct wrong ones; then compute the field and "
        "the net area again.",
        "net": "{layer} ({key}): {field} = {actual} m², but gross area − deduction{facts} gives {expected} m². First "
        "compare gross area and deduction with the survey, and correct wrong ones; then compute the field again.",
        "missing": "{layer} ({key}): {field} is empty on cultivated land, although tasks are counted in net area. "
        "Check gross area and deduction first, then fill in the net area: gross area − deduction{facts}, {expected} "
        "m².",
        "empty": "{layer}: {field} is empty on all {count} features of cultivated land, although tasks are counted in "
        "net area. Check gross areas and deductions first, then fill the field of all of them with the field "
        "calculator: gross area − deduction.",
        "deduction_area_first": "{layer} ({key}): the gross area {written} m² differs from the shape’s statutory area "
        "{measured} m², and {field} = {actual} m² does not follow from either. First compare the shape with the survey, "
        "and correct it if it is wrong. If it is right, set the gross area to {measured} m² and the field to gross area "
        "× deduction rate{facts}, {expected} m²; then compute the net area again.",
        "net_area_first": "{layer} ({key}): the gross area {written} m² differs from the shape’s statutory area "
        "{measured} m², so {field} = {actual} m² cannot be checked with it. First compare the shape with the survey, and "
        "correct it if it is wrong. If it is right, set the gross area to {measured} m² and compute the deduction "
        "again; {field} is then gross area − deduction{facts}, {expected} m².",
        "missing_area_first": "{layer} ({key}): {field} is empty on cultivated land, and the gross area {written} m² "
        "differs from the shape’s statutory area {measured} m². First compare the shape with the survey, and correct it "
        "if it is wrong. If it is right, set the gross area to {measured} m² and compute the deduction again; then fill "
        "in the net area: gross area − deduction{facts}, {expected} m².",
        "net_undeducted_area_first": "{layer} ({key}): {field} = {actual} m² is more than the gross area {written} m², "
        "but the shape’s statutory area is {measured} m². First compare shape and gross area with the survey, and "
        "correct wrong ones; the field must not exceed the corrected gross area.",
        "gross": "{layer} ({key}): {field} is empty or not a positive number, so the net area cannot be checked. "
        "Compute it with “Statutory area”, then check the net area.",
    },
    fails=[
        RuleExample(
            "net is gross", {"layer": [{**CONSISTENT_ROW, "net_area": 10000.0}]}, finds=1, roles={"layer": "DLTB"}
        ),
        RuleExample(
            "rate of one", {"layer": [{**CONSISTENT_ROW, "deduction_rate": 1.0}]}, finds=1, roles={"layer": "DLTB"}
        ),
        RuleExample(
            "wrong deduction",
            {"layer": [{**CONSISTENT_ROW, "deduction_area": 900.0, "net_area": 9100.0}]},
            finds=1,
            roles={"layer": "DLTB"},
        ),
        RuleExample(
            "no net area on 旱地", {"layer": [{**CONSISTENT_ROW, "net_area": None}]}, finds=1, roles={"layer": "DLTB"}
        ),
        RuleExample(
            "no net area in the layer",
            {"layer": [{**CONSISTENT_ROW, "net_area": None}] * 2},
            finds=1,
            roles={"layer": "DLTB"},
        ),
        RuleExample(
            "more net than gross",
            {"layer": [{"wkt": CONSISTENT_ROW["wkt"], "gross_area": 100.0, "net_area": 101.0}]},
            finds=1,
            roles={"layer": "XZYDYH"},
        ),
        RuleExample(
            "no gross area", {"layer": [{**CONSISTENT_ROW, "gross_area": None}]}, finds=1, roles={"layer": "DLTB"}
        ),
    ],
    passes=[
        RuleExample(
            "a layer that knows no deduction",
            {"layer": [{"wkt": CONSISTENT_ROW["wkt"], "gross_area": 100.0, "net_area": 90.0}]},
            roles={"layer": "XZYDYH"},
        ),
        RuleExample("agrees", {"layer": [CONSISTENT_ROW]}, roles={"layer": "DLTB"}),
        RuleExample(
            "no deduction",
            {"layer": [{**CONSISTENT_ROW, "deduction_rate": None, "deduction_area": None, "net_area": 10000.0}]},
            roles={"layer": "DLTB"},
        ),
        RuleExample(
            "no net area on a road",
            {"layer": [{**CONSISTENT_ROW, "land_use": "1003", "net_area": None}]},
            roles={"layer": "DLTB"},
        ),
    ],
)
def net_area(layer: Layer, *, ctx: RuleContext, allowance_m2: float = 0.01) -> RuleResult | None:
    """Deduction and net area agree with the gross area.

    What it checks
        In layers that have the fields: KCXS in [0, 1); KCMJ = gross × KCXS; net area (TBDLMJ, YJJBNTMJ) = gross −
        KCMJ; a net area on every row of cultivated land. A missing rate or deduction counts as 0.
    Why
        Targets for 耕地 and 永久基本农田 use net area, without field ridges (田坎).
    How to fix
        Compute the fields again from the gross area and the rate, rounded to 0.01 m². Where a layer has no net areas,
        check the deductions, then fill them all with the field calculator (gross area − deduction).
    Limits
        Compares the gross area with the shape only in rows with a finding: where they differ by more than the
        allowance of ATT013, the value that the field should have follows from the shape. One finding for each row, on
        the first wrong field; one for the layer if no row of cultivated land has a net area.
    """
    if not layer.has_field("gross_area") or not layer.has_field("net_area"):
        return None
    result = RuleResult()
    cultivated = ctx.find_cultivated_rows(layer)
    contradictions = find_net_area_contradictions(layer, cultivated, allowance_m2)
    empty = [one.row for one in contradictions if one.case == "missing"]
    if len(empty) > 1 and not ctx.is_edit_check and np.isnan(layer.numbers("net_area")[cultivated]).all():
        field, params = layer.get_field_name("net_area"), make_row_list_params(layer, layer.sort_rows(np.array(empty)))
        result.findings.append(Finding(layer.role, field=field, case="empty", params=params))
        contradictions = [one for one in contradictions if one.case != "missing"]
    shape_params = _derive_from_shapes(layer, contradictions, ctx)
    for difference in contradictions:
        result.findings.append(
            ctx.make_row_finding(
                layer,
                difference.row,
                field=layer.get_field_name(difference.field_meaning),
                case=difference.case,
                params={
                    "problem": difference.case,
                    "actual": difference.actual_value,
                    "expected": difference.expected_value,
                    "shown": {"facts": [difference.calculation] if difference.calculation else []},
                    **shape_params.get(difference.row, {}),
                },
                geometry=layer.plane_shapes[difference.row],
            )
        )
    return result


def _derive_from_shapes(
    layer: Layer, contradictions: list[NetAreaContradiction], ctx: RuleContext
) -> dict[int, dict[str, Any]]:
    """Return row → parameters of its finding, for rows with a gross area that does not fit the shape.

    What such a field should be follows from the statutory area instead of the gross area.
    """
    case_by_row = {one.row: one.case for one in contradictions if one.expected_value is not None}
    if not case_by_row or layer.template.geometry != "polygon":
        return {}
    rows = np.array([row for row in case_by_row if _find_measurable_rows(layer, ctx)[row]], dtype=int)
    written, areas = layer.numbers("gross_area")[rows], layer.measure_rows(rows)
    is_wrong = np.abs(written - areas) > float(ctx.norm.get(ROW_ALLOWANCE_SETTING)) + _ROUNDING_M2
    rates, deductions = (np.nan_to_num(layer.numbers(one)) for one in ("deduction_rate", "deduction_area"))
    has_rate = layer.has_field("deduction_rate")
    is_deducted = has_rate or layer.template.find_field("deduction_area") is not None
    params = {}
    for row, gross_m2, area_m2 in zip(rows[is_wrong].tolist(), written[is_wrong], areas[is_wrong], strict=True):
        given = None if has_rate else float(deductions[row])
        expected, calculation = derive_expected_area(case_by_row[row], float(area_m2), float(rates[row]), given)
        figures = {"expected": expected, "written": round(float(gross_m2), 2), "measured": round(float(area_m2), 2)}
        variant = "area_first" if is_deducted else "undeducted_area_first"
        params[row] = {"shown": {"facts": [calculation], "variant": variant, "figures": figures}}
    return params


def _find_measurable_rows(layer: Layer, ctx: RuleContext) -> NDArray:
    """Return (n,) bool: rows of polygons with a valid shape that is not flat."""
    return ~(layer.invalid_rows | ~layer.has_shape | layer.find_flat_rows(ctx.tolerance.cluster_m))


#: Fields with the area of the whole shape.
AREA_MEANINGS = ("area", "gross_area")
#: Unit of a field with the length of a line, and the rounding that does not count, in metres.
LENGTH_UNIT, LENGTH_ALLOWANCE_M = "m", 1.0


@rule(
    "ATT013",
    "area-field",
    problem="An area or length field differs from the shape",
    local=True,
    severity=Severity.WARNING,
    basis=["A10"],
    uses=["rules.ATT013"],
    needs={"layer": LayerNeed(EVERY_LAYER, reads=AREA_MEANINGS)},
    messages={
        "": "{layer} ({key}): {field} = {actual} m², but the shape's statutory area is {expected} m² (difference "
        "{difference} m²{allowed_fact}). First compare the shape with {authority}, and correct it if it is wrong; "
        "then compute the field again with “Statutory area”, and deduction and net area that follow from it.",
        "length": "{layer} ({key}): {field} = {actual} m, but the line is {expected} m long (difference {difference} "
        "m). First compare the line with {authority}, and correct it if it is wrong; then compute the field again "
        "from the line.",
    },
    fails=[
        RuleExample("the plane's area", {"layer": [{"wkt": SQUARE_WKT, "area": 10000.0}]}, finds=1),
        RuleExample("before it was cut", {"layer": [{"wkt": SQUARE_WKT, "gross_area": 20000.0}]}, finds=1, roles={"layer": "DLTB"}),
        RuleExample("ten times as long", {"layer": [{"wkt": "LINESTRING (0 0, 100 0)", "CD": 1000.0}]}, finds=1, roles={"layer": "ZDJTJCSSX"}),
    ],
    passes=[
        RuleExample("the line's length", {"layer": [{"wkt": "LINESTRING (0 0, 100 0)", "CD": 100.0}]}, roles={"layer": "ZDJTJCSSX"}),
        RuleExample("statutory area", {"layer": [{"wkt": SQUARE_WKT, "area": SQUARE_M2}]}),
        RuleExample("a line has no area", {"layer": [{"wkt": "LINESTRING (0 0, 100 0)", "area": 10000.0}]}),
        RuleExample("blank is another rule's", {"layer": [{"wkt": SQUARE_WKT, "area": None}]}),
        RuleExample("a wider allowance", {"layer": [{"wkt": SQUARE_WKT, "area": 10000.0}]}, parameters={"allowance_m2": 20.0}),
    ],
)  # fmt: skip
def area_field(
    layer: Layer, *, ctx: RuleContext, allowance_m2: float = 1.0, allowance_length_share: float = 0.01
) -> RuleResult:
    """The area field equals the statutory area, the length field the length of the line.

    What it checks
        面积 (MJ) and 图斑面积 (TBMJ), compared with the shape's statutory ellipsoidal area (图斑椭球面积), within
        `allowance_m2`. 长度 (CD) of line layers, compared with the length of the line, within
        `allowance_length_share` of it and one metre.
    Why
        Tables sum the field, maps show the shape; reviewers reject figures that differ.
    How to fix
        Compute the field again with the statutory area (field calculator, or “statutory area”), rounded to 0.01 m².
    Limits
        Sources give 0.01 to 1 m² for a parcel (mark C), so the allowance is a setting. Survey areas adjusted to the
        county's control area (平差) may differ by more on large parcels. Lengths are of the plan's plane, without
        heights. Blank values, points and shapes that GEO002 reports are not checked. Runs by default for a whole county
        (scope county), else if the rule or its group attributes is selected.
    """
    fields = [m for m in AREA_MEANINGS if layer.has_field(m)] if layer.template.geometry == "polygon" else []
    result = RuleResult(is_applicable=bool(fields))
    measurable = _find_measurable_rows(layer, ctx)
    for meaning in fields:
        template_field = layer.template.find_field(meaning)
        if template_field is None or template_field.unit != "m2":
            continue
        stored_areas = layer.numbers(meaning)
        max_difference = allowance_m2 + _ROUNDING_M2
        measurable_rows = np.isfinite(stored_areas) & measurable
        rows = np.flatnonzero(
            measurable_rows & ~find_rows_surely_matching_area(layer, stored_areas, max_difference, ctx)
        )
        areas = layer.measure_rows(rows)
        difference = stored_areas[rows] - areas
        for n in np.flatnonzero(np.abs(difference) > max_difference).tolist():
            result.findings.append(
                ctx.make_row_finding(
                    layer,
                    int(rows[n]),
                    field=template_field.name,
                    params={
                        "actual": round(float(stored_areas[rows[n]]), 4),
                        "expected": round(float(areas[n]), 2),
                        "difference": round(float(difference[n]), 2),
                        "shown": {"noted": {"allowed_fact": {"limit": format_plain_number(allowance_m2)}}},
                    },
                    geometry=layer.plane_shapes[rows[n]],
                    area_m2=float(areas[n]),
                )
            )
    if layer.template.geometry == "line":
        for template_field in layer.template.fields:
            if template_field.unit != LENGTH_UNIT or layer.get_column_by_name(template_field.name) is None:
                continue
            result.is_applicable = True
            stored_lengths, lengths = layer.get_numbers_by_name(template_field.name), shapely.length(layer.plane_shapes)
            measurable_rows = np.isfinite(stored_lengths) & ~layer.invalid_rows & layer.has_shape
            is_different = np.abs(stored_lengths - lengths) > allowance_length_share * lengths + LENGTH_ALLOWANCE_M
            for row in np.flatnonzero(measurable_rows & is_different).tolist():
                result.findings.append(
                    ctx.make_row_finding(
                        layer,
                        row,
                        case="length",
                        field=template_field.name,
                        params={
                            "actual": round(float(stored_lengths[row]), 2),
                            "expected": round(float(lengths[row]), 2),
                            "difference": round(float(stored_lengths[row] - lengths[row]), 2),
                        },
                        geometry=layer.plane_shapes[row],
                    )
                )
    return result
