# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base.files.cells import mask_texts
from ...engine.context import RuleContext
from ...figures.indicators.survey_deductions import find_containing_rows
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.texts import Texts
from ...standard.template import Template
from .._attributes import (
    PARCEL_LAYER,
    SMALL_SQUARE_WKT,
    ValueProblem,
    format_code_with_name,
    make_example,
    make_row_list_params,
    make_value_finding,
    read_setting_words,
)
from .._places import is_reported_elsewhere

#: 扣除地类编码: the deducted class.
DEDUCTED_CLASS_FIELD = "KCDLBM"
#: Rates of the survey that a message names.
_MAX_SURVEY_RATES = 5


def _make_ridged_row(slope_class: str, rate: float) -> dict[str, object]:
    """Return a terraced parcel with a deduction for ridges, for an example."""
    values = {"land_use": "0103", "deduction_rate": rate, DEDUCTED_CLASS_FIELD: "1203"}
    return {"wkt": SMALL_SQUARE_WKT, **values, "terrace": "TT", "slope_class": slope_class}


def _describe_deduction_rate(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the field of the deduction rate in brackets, and the rates of the same parcels in the survey.

    Both are empty in a result of an earlier version.
    """
    shown = finding.params.get("shown", {})
    field = shown.get("rate_field_name", "")
    rates = texts.get("words", "between_names").join(
        texts.get("words", "survey_rate", key=texts.make_key_label(key, None), rate=f"{rate:g}")
        for key, rate in shown.get("survey_rates") or ()
    )
    has_no_rates = shown.get("survey_rates") == []
    return {
        "rate_field": texts.get("words", "in_brackets", text=field) if field else "",
        "survey_fact": texts.get("words", "survey_fact", rates=rates)
        if rates
        else texts.get("words", "survey_fact_none")
        if has_no_rates
        else "",
    }


@rule(
    "ATT019",
    "deduction-class",
    problem="A ridge deduction is wrong",
    severity=Severity.INFO,
    basis=["attribute-habits", "A7"],
    uses=[
        "attributes.deduction_classes", "attributes.ridged_kinds", "attributes.ridged_slopes", "attributes.level_slopes",
        "attributes.least_rows_of_one_rate", "attributes.least_rates", "attributes.empty_words",
    ],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    clauses=_describe_deduction_rate,
    messages={
        "land": "{layer} ({key}): {field} = {value}, but {code} is not cultivated land; field ridges are deducted "
        "from cultivated land only, so the net area is too small. First compare the land use with the survey, and "
        "correct a wrong one; if it is right, set the rate to 0 and compute the net area again.",
        "none": "{layer}: {field} is 0 or empty on terraces or steep cultivated land; rows: {count} ({rows}{more}). "
        "Such land has field ridges, which must be deducted. {survey_fact}Enter the deduction rate (the ridge "
        "coefficient) of the same parcel in the survey; where the survey has none, the province's ridge coefficient "
        "for the same slope class and kind of farmland. Then compute deduction and net areas again. If the parcel is "
        "also listed as not cultivated, settle that first.",
        "level": "{layer}: ridges are deducted from cultivated land of slope class {classes}, which is level; rows: "
        "{count} ({rows}{more}). Compare slope class and coefficient with the survey, and correct the wrong one.",
        "one_rate": "{layer}: all {count} rows with ridges have {field} = {value}, although their slope classes are "
        "{classes} and their kinds {kinds}. The survey measures a coefficient for each slope class and kind. Copy the "
        "coefficients of the survey, and compute the net areas again.",
        "small": "{layer}: {field} is below the smallest plausible coefficient of its slope class ({limits}; the "
        "default of the plugin or a setting of the county); rows: {count} ({rows}{more}); the smallest is {value}. "
        "Compare with the coefficients of the survey, correct wrong ones, and compute the net areas again; if they "
        "are right, lower the limits under “smallest plausible ridge coefficients” [attributes.least_rates] in the "
        "county's profile file.",
        "blank": "{layer} ({key}): a rate{rate_field} of {value} is deducted, but {field} is empty, so the table of classes "
        "misses it. First compare the rate with the survey: if it is above 0, enter {expected} in {field}; if it must "
        "be 0, correct it, compute the net area again, and leave {field} empty.",
        "unused": "{layer}: {field} names a class that is not deducted, such as “{kind}”, although no rate is given; "
        "rows: {count} ({rows}{more}). Clear the field, or enter class and rate of the survey.",
        "kind": "{layer} ({key}): {field} = “{kind}”, but the deducted class must be {expected}; the table of "
        "classes misses it. Compare with the survey: enter {expected} if ridges are deducted; other land must not be "
        "deducted: set the rate to 0 and compute the net area again.",
        "blank_large_rate": "{layer} ({key}): a rate{rate_field} of {value} is deducted, but it must be below 1 (ATT003); {field} "
        "is empty, too. First correct the rate from the survey; if it is then above 0, enter {expected} in {field}; "
        "if it is 0, leave {field} empty.",
    },
    fails=[
        RuleExample("ridges in a forest", make_example(land_use="0301", deduction_rate=0.1, KCDLBM="1203"), finds=1, roles=PARCEL_LAYER),
        RuleExample("terraces without ridges", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "deduction_rate": 0.0, "terrace": "TT",
                "slope_class": "3"}]}, finds=1, roles=PARCEL_LAYER),
        RuleExample("a steep slope without ridges", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "deduction_rate": None, "terrace": "PD",
                "slope_class": "4"}]}, finds=1, roles=PARCEL_LAYER),
        RuleExample("of what?", make_example(land_use="0103", deduction_rate=0.1, KCDLBM=None), finds=1, roles=PARCEL_LAYER),
        RuleExample("roads taken off", make_example(land_use="0103", deduction_rate=0.1, KCDLBM="1003"), finds=1, roles=PARCEL_LAYER),
        RuleExample("a class of another deduction, at a rate of 0", make_example(land_use="0103", deduction_rate=0.0, KCDLBM="1003"), finds=1, roles=PARCEL_LAYER),
        RuleExample("terraces called level land", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "deduction_rate": 0.1, DEDUCTED_CLASS_FIELD: "1203",
                "terrace": "PD", "slope_class": "1"}]}, finds=1, roles=PARCEL_LAYER),
        RuleExample("one rate for all slopes", {"layer": [_make_ridged_row("3", 0.1), _make_ridged_row("4", 0.1)]}, finds=1, roles=PARCEL_LAYER,
                settings={"attributes.least_rows_of_one_rate": 2}),
        RuleExample("ridges of half a percent on slopes", {"layer": [_make_ridged_row("3", 0.004), _make_ridged_row("4", 0.005)]}, finds=1, roles=PARCEL_LAYER),
    ],
    passes=[
        RuleExample("ridges", make_example(land_use="0103", deduction_rate=0.1, KCDLBM="1203"), roles=PARCEL_LAYER),
        RuleExample("a rate for each slope class", {"layer": [_make_ridged_row("3", 0.1), _make_ridged_row("4", 0.15)]}, roles=PARCEL_LAYER,
                settings={"attributes.least_rows_of_one_rate": 2}),
        RuleExample("small ridges, as the county's survey measured", {"layer": [_make_ridged_row("3", 0.004)]}, roles=PARCEL_LAYER,
                settings={"attributes.least_rates": ["3 0.003"]}),
        RuleExample("few rows of one rate", {"layer": [_make_ridged_row("3", 0.1), _make_ridged_row("4", 0.1)]}, roles=PARCEL_LAYER),
        RuleExample("nothing is taken off", make_example(land_use="0301", deduction_rate=0.0, KCDLBM=None), roles=PARCEL_LAYER),
        RuleExample("level land has no ridges", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "deduction_rate": 0.0, "terrace": "PD",
                "slope_class": "1"}]}, roles=PARCEL_LAYER),
    ],
)  # fmt: skip
def deduction_class(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Only field ridges are deducted, and only from cultivated land.

    What it checks
        Rows with a 扣除地类系数 (KCXS) above 0: they are 耕地, and 扣除地类编码 (KCDLBM) names the deducted class
        (`attributes.deduction_classes`: 田坎 1203); rows without a rate name no other class. As warnings, one for each
        layer: 耕地 of a kind or slope class with ridges (`attributes.ridged_kinds`: 梯田; `attributes.ridged_slopes`)
        without a coefficient; level land (`attributes.level_slopes`) with one; one coefficient for all slope classes or
        kinds, from `attributes.least_rows_of_one_rate` rows on; coefficients below the limit of their slope class
        (`attributes.least_rates`).
    Why
        A deduction on other land makes its net area too small; one without a class is missing in the table of
        classes.
    How to fix
        Set the rate to 0 and compute the net area again, or fill in the class.
    Limits
        Kinds, slope classes and smallest coefficients of ridges are settings of mark C. No clause was found that only
        田坎 is deducted, and only from 耕地 (mark C). ATT003 checks the arithmetic, LAW010 slope classes of permanent basic
        farmland.
    """
    needed_meanings = ("deduction_rate", "land_use")
    result = RuleResult(is_applicable=all(layer.has_field(meaning) for meaning in needed_meanings))
    if not result.is_applicable:
        return result
    template_field = layer.template.find_field_by_name(DEDUCTED_CLASS_FIELD)
    has_kind_field, kinds = (
        layer.get_column_by_name(DEDUCTED_CLASS_FIELD) is not None,
        layer.get_texts_by_name(DEDUCTED_CLASS_FIELD),
    )
    codes, rates, cultivated = layer.text("land_use"), layer.numbers("deduction_rate"), ctx.find_cultivated_rows(layer)
    allowed_classes = ctx.norm.get("attributes.deduction_classes")
    for position in np.flatnonzero(rates > 0).tolist():
        if not cultivated[position]:
            field, case = layer.get_field_name("deduction_rate"), "land"
        elif template_field is None or not has_kind_field or kinds[position] in allowed_classes:
            continue
        else:
            field, case = DEDUCTED_CLASS_FIELD, "kind" if kinds[position] else "blank"
        params = {
            "value": float(rates[position]),
            "code": codes[position],
            "expected": " / ".join(allowed_classes),
            **({} if case == "land" else {"kind": kinds[position]}),
            "shown": {
                "code": format_code_with_name(layer, "land_use", codes[position], ctx),
                "expected": " / ".join(format_code_with_name(layer, "land_use", code, ctx) for code in allowed_classes),
                "kind": format_code_with_name(layer, "land_use", kinds[position], ctx) if has_kind_field else "",
                "rate_field_name": layer.get_field_name("deduction_rate"),
                **({"variant": "large_rate"} if rates[position] >= 1 else {}),
            },
        }
        result.findings.append(make_value_finding(ctx, layer, position, field, ValueProblem(case, params)))
    result.findings += _report_missing_deductions(layer, cultivated & ~(rates > 0), ctx)
    if has_kind_field and template_field is not None:
        result.findings += _report_unused_classes(layer, kinds, ~(rates > 0), ctx)
    for report in (_report_deductions_of_level_land, _report_single_rate, _report_small_rates):
        result.findings += report(layer, cultivated & (rates > 0), ctx)
    return result


def _report_unused_classes(layer: Layer, kinds: list[str], rows: NDArray, ctx: RuleContext) -> Iterator[Finding]:
    """Yield one finding on rows that name another deducted class, although nothing is deducted.

    ``rows`` is (n,) bool: rows without a deduction rate.
    """
    accepted_classes = ["", *ctx.norm.get("attributes.deduction_classes"), *ctx.norm.get("attributes.empty_words")]
    positions = layer.sort_rows(np.flatnonzero(rows & ~mask_texts(kinds, accepted_classes)))
    if positions:
        yield ctx.make_row_finding(
            layer,
            positions[0],
            field=DEDUCTED_CLASS_FIELD,
            case="unused",
            params={"kind": kinds[positions[0]], **make_row_list_params(layer, positions)},
            geometry=layer.plane_shapes[positions[0]],
        )


def _report_deductions_of_level_land(layer: Layer, rows: NDArray, ctx: RuleContext) -> Iterator[Finding]:
    """Yield one warning on rows of level land that have a deduction.

    Permanent basic farmland is left to LAW010 if that rule runs, because it compares the slope classes with the survey.
    ``rows`` is (n,) bool: cultivated rows with a deduction rate.
    """
    level_classes = ctx.norm.get("attributes.level_slopes")
    level_rows = layer.sort_rows(np.flatnonzero(rows & mask_texts(layer.text("slope_class"), level_classes)))
    is_farmland = layer is ctx.plan.find_layer_of_concept("farmland")
    if level_rows and not (is_farmland and is_reported_elsewhere(ctx, "LAW010")):
        params = {"classes": " / ".join(level_classes), **make_row_list_params(layer, level_rows)}
        yield _make_layer_finding(layer, level_rows, "level", params, ctx)


def _report_single_rate(layer: Layer, rows: NDArray, ctx: RuleContext) -> Iterator[Finding]:
    """Yield one warning if rows of several slope classes or kinds all have the same deduction rate.

    ``rows`` is (n,) bool: cultivated rows with a deduction rate.
    """
    positions = layer.sort_rows(np.flatnonzero(rows))
    rates = np.unique(layer.numbers("deduction_rate")[positions])
    if len(rates) != 1 or len(positions) < int(ctx.norm.get("attributes.least_rows_of_one_rate")):
        return
    classes, kinds = (
        sorted({value for value in np.array(layer.text(meaning), dtype=object)[positions].tolist() if value})
        for meaning in ("slope_class", "terrace")
    )
    if max(len(classes), len(kinds)) > 1:
        params = {
            "value": float(rates[0]),
            "classes": " / ".join(classes) or "—",
            "kinds": " / ".join(kinds) or "—",
            **make_row_list_params(layer, positions),
        }
        yield _make_layer_finding(layer, positions, "one_rate", params, ctx)


def _report_small_rates(layer: Layer, rows: NDArray, ctx: RuleContext) -> Iterator[Finding]:
    """Yield one warning on rows whose deduction rate is below the limit of their slope class.

    ``rows`` is (n,) bool: cultivated rows with a deduction rate.
    """
    rates, classes = layer.numbers("deduction_rate"), layer.text("slope_class")
    is_small = np.zeros(len(layer), dtype=bool)
    limit_by_label = {}
    for slope_class, limit in read_setting_words(ctx.norm, "attributes.least_rates", 2, 2, number_at=1):
        is_below_limit = rows & (rates < float(limit)) & mask_texts(classes, [slope_class])
        if is_below_limit.any():
            limit_by_label[format_code_with_name(layer, "slope_class", slope_class, ctx)] = limit
            is_small |= is_below_limit
    positions = layer.sort_rows(np.flatnonzero(is_small))
    if positions:
        params = {
            "limits": "; ".join(f"{label}: {limit}" for label, limit in limit_by_label.items()),
            "value": float(rates[positions].min()),
            **make_row_list_params(layer, positions),
        }
        params["shown"]["limits"] = [f"“{label}” ≥ {limit}" for label, limit in limit_by_label.items()]
        yield _make_layer_finding(layer, positions, "small", params, ctx)


def _make_layer_finding(
    layer: Layer, positions: list[int], case: str, params: dict[str, Any], ctx: RuleContext
) -> Finding:
    """Return the warning on several rows of a layer, with the shape of the first."""
    return ctx.make_row_finding(
        layer,
        positions[0],
        field=layer.get_field_name("deduction_rate"),
        case=case,
        severity=Severity.WARNING,
        params=params,
        geometry=layer.plane_shapes[positions[0]],
    )


def _report_missing_deductions(layer: Layer, rows: NDArray, ctx: RuleContext) -> Iterator[Finding]:
    """Yield one warning on rows that have field ridges but no deduction.

    ``rows`` is (n,) bool: cultivated rows without a deduction rate. Kind of farmland or slope class show that a row
    has ridges.
    """
    kinds, slopes = ctx.norm.get("attributes.ridged_kinds"), ctx.norm.get("attributes.ridged_slopes")
    has_ridges = mask_texts(layer.text("terrace"), kinds) | mask_texts(layer.text("slope_class"), slopes)
    ridged_rows = layer.sort_rows(np.flatnonzero(rows & has_ridges))
    if not ridged_rows:
        return
    params = make_row_list_params(layer, ridged_rows)
    parcels = ctx.plan.find_layer_of_concept("parcels")
    if ctx.is_edit_check or parcels is None or parcels is layer or not parcels.has_field("deduction_rate"):
        params["shown"]["survey_rates"] = None
    else:
        parcel_rows = find_containing_rows(layer, parcels, ctx)
        rates = parcels.numbers("deduction_rate")
        rate_by_key = [
            (layer.keys[row], float(rates[parcel_rows[row]])) for row in ridged_rows if parcel_rows[row] >= 0
        ]
        params["shown"]["survey_rates"] = [(key, rate) for key, rate in rate_by_key if rate > 0][:_MAX_SURVEY_RATES]
    yield _make_layer_finding(layer, ridged_rows, "none", params, ctx)
