# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators as rows of the report page.

Columns are value, target, margin, state, inputs and marks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..model.indicator import (
    COMPARISON_SIGNS,
    LITTLE_MARGIN_LEFT,
    MISSED_BY_ROUNDING,
    SQUARE_METRES,
    STATISTICS_BASIS,
    TARGET_MET,
    TARGET_MISSED,
    UNCONFIRMED_STATE,
    Indicator,
)
from ..model.report import Report
from ..standard.messages.numbers import (
    DECIMALS_BY_UNIT,
    choose_figure_decimals,
    choose_target_decimals,
    format_hectare_number,
    format_number,
    format_signed_number,
    format_square_metres,
)
from .words import ReportTexts

STATE_ICONS = {
    TARGET_MET: "ok",
    LITTLE_MARGIN_LEFT: "INFO",
    MISSED_BY_ROUNDING: "warning",
    TARGET_MISSED: "error",
    UNCONFIRMED_STATE: "warning",
}
#: Inputs of a ratio that differ between its forms.
_INPUTS_SHOWN_ELSEWHERE = ("numerator_m2", "land_ratio")


def make_figure_rows(report: Report, report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return the indicators of a report as rows of the page: areas, then the ratio.

    Figures of townships have a separate table.
    """
    county_indicators = [i for i in report.indicators if not is_township_figure(i)]
    rows = []
    for indicator in sorted(county_indicators, key=lambda i: i.unit == "ratio"):
        ratio = indicator.unit == "ratio"
        rows.append(
            {
                "id": indicator.id,
                "name": indicator.name or indicator.id,
                "target": format_target(indicator, report_texts),
                "value": format_indicator_value(indicator, report_texts),
                "margin": format_margin(indicator, report_texts),
                "state": format_state(indicator, report_texts),
                "icon": STATE_ICONS.get(indicator.state, "") if indicator.value is not None else "",
                # A ratio has different bases in numerator and denominator; the note lists them.
                "basis": "" if ratio else format_basis(indicator, report_texts),
                "inputs": format_inputs(indicator, report_texts),
                "decides": ratio and indicator.target is not None,
            }
        )
    return rows


def is_township_figure(indicator: Indicator) -> bool:
    """Return True for the area of a township compared with its target (LAW004)."""
    return indicator.id.startswith("township_")


def format_basis(indicator: Indicator, report_texts: ReportTexts) -> str:
    """Return the basis of an indicator in words, such as statutory area.

    For a ratio those of numerator and denominator.
    """
    return " ÷ ".join(report_texts.get_text_or_key("basis", part) for part in indicator.basis.split("/") if part)


def choose_decimals(indicator: Indicator) -> int:
    """Return the number of decimals to print for an indicator.

    At least those usual for its unit and those of its target; more where rounding would hide on which side of the
    target the value is.
    """
    target_decimals = indicator.target_decimals if indicator.margin is not None else 0
    return choose_figure_decimals(indicator.unit, target_decimals, indicator.margin, indicator.value)


def format_hectares(area_m2: float | None, report_texts: ReportTexts) -> str:
    """Return an area in hectares with its unit; a dash without an area."""
    return "—" if area_m2 is None else report_texts.get("text", "hectares", amount=format_hectare_number(area_m2))


def format_target_without_unit(indicator: Indicator) -> str:
    """Return the target of an indicator with ≥ or ≤, for a column whose head has the unit; empty without one."""
    if indicator.target is None:
        return ""
    comparison_sign = COMPARISON_SIGNS.get(indicator.comparison, indicator.comparison)
    decimals = choose_target_decimals(indicator.unit, indicator.target_decimals)
    return f"{comparison_sign} {format_number(indicator.target, decimals)}"


def format_target(indicator: Indicator, report_texts: ReportTexts) -> str:
    """Return the target of an indicator with ≥ or ≤ and unit; empty without one."""
    figure = format_target_without_unit(indicator)
    return append_unit(figure, indicator.unit, report_texts) if figure else ""


def format_state(indicator: Indicator, report_texts: ReportTexts) -> str:
    """Return the state of an indicator in words; a star marks an unconfirmed figure.

    The word 合格 is not used: a limit that is kept reads 未超限.
    """
    side = "ceiling" if indicator.comparison == "<=" else "floor"
    state = "not_computed" if indicator.value is None else indicator.state
    key = f"{state}_{side}" if state in (TARGET_MET, TARGET_MISSED) else state
    return report_texts.get_text_or_key("indicator_state", key) + ("" if indicator.confirmed else "*")


def format_margin(indicator: Indicator, report_texts: ReportTexts, has_unit: bool = True) -> str:
    """Return how far an indicator is from its target, as 超出 or 缺 (ceiling, floor), or 余 if it is met."""
    margin = indicator.margin
    if margin is None:
        return ""
    key = "left" if margin >= 0 else "above" if indicator.comparison == "<=" else "short"
    figure = format_number(abs(margin), choose_decimals(indicator))
    # The difference of two percentages is in percentage points.
    unit = "points" if indicator.unit == "share" else indicator.unit
    return report_texts.get("signed", key, amount=append_unit(figure, unit, report_texts) if has_unit else figure)


def format_indicator_value(indicator: Indicator, report_texts: ReportTexts) -> str:
    """Return the value of an indicator with its unit, for a line of text; a dash without a value.

    A value from statistics has their year and source behind it.
    """
    if indicator.value is None:
        return format_number(None, 0)
    text = append_unit(format_number(indicator.value, choose_decimals(indicator)), indicator.unit, report_texts)
    if indicator.basis != STATISTICS_BASIS:
        return text
    return report_texts.get("text", "statistics_value", value=text, **indicator.inputs)


def append_unit(figure: str, unit: str, report_texts: ReportTexts) -> str:
    """Return a figure with its unit: 17.43 km², 94.71%; a ratio has no unit."""
    if unit == "ratio":
        return figure
    name = report_texts.get_text_or_key("unit", unit)
    return f"{figure}{name}" if name == "%" else f"{figure} {name}".strip()


def format_inputs(indicator: Indicator, report_texts: ReportTexts) -> str:
    """Return the inputs of an indicator in one line, shortened.

    The line is the sum over a layer, numerator ÷ denominator, or a list of all inputs.
    """
    indicator_inputs = indicator.inputs
    if "denominator_m2" in indicator_inputs:
        form = indicator.id.rsplit("_", 1)[-1]
        if form in ("n1", "n2", "n3"):
            figures = {k: format_number(v, 2) for k, v in indicator_inputs.items() if k.endswith("_m2")}
            clauses = [report_texts.get("formula", form, **figures)]
            if "land_ratio" in indicator_inputs:
                clauses.append(format_input("land_ratio", indicator_inputs["land_ratio"], report_texts))
            return report_texts.get("page", "clause").join(clauses)
    if "layer" in indicator_inputs and indicator.unit in SQUARE_METRES and indicator.value is not None:
        area = format_square_metres(indicator.value * SQUARE_METRES[indicator.unit])
        field = indicator_inputs.get("field", "")
        clauses = [
            report_texts.get(
                "formula", "sum" if field else "drawn", layer=indicator_inputs["layer"], field=field, area=area
            )
        ]
        for key, name in (("within", "within"), ("land_classes", "classes"), ("urban_codes", "urban")):
            if key in indicator_inputs:
                codes = (
                    report_texts.join_parts(indicator_inputs[key])
                    if isinstance(indicator_inputs[key], list)
                    else indicator_inputs[key]
                )
                clauses.append(report_texts.get("formula", name, codes=codes, within=codes))
        formats: tuple[tuple[str, str, str, Callable[[Any], str]], ...] = (
            ("difference_m2", "difference", "area", partial(format_signed_number, decimals=2)),
            ("county_share", "share", "share", partial(format_number, decimals=2)),
            ("zone_codes", "codes", "codes", report_texts.join_parts),
        )
        clauses += [
            report_texts.get("formula", key, **{param: format_value(indicator_inputs[name])})
            for name, key, param, format_value in formats
            if name in indicator_inputs
        ]
        return report_texts.get("page", "clause").join(clauses)
    return _format_all_inputs(indicator_inputs, report_texts)


def _format_all_inputs(inputs: Mapping[str, Any], report_texts: ReportTexts) -> str:
    """Return inputs of an indicator in one line."""
    return report_texts.get("page", "clause").join(format_input(k, v, report_texts) for k, v in inputs.items())


def format_input(name: str, value: Any, report_texts: ReportTexts) -> str:
    """Return one input of an indicator with its label."""
    label = report_texts.get_text_or_key("input", name)
    if isinstance(value, list | tuple | set):
        return f"{label} {report_texts.join_parts(map(str, value))}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        # The unit ends the name of an input, such as m for ``length_m``.
        unit = next((unit for unit in SQUARE_METRES if name.endswith(f"_{unit}")), "")
        if unit:
            return (
                f"{label} {format_number(value, DECIMALS_BY_UNIT[unit])} {report_texts.get_text_or_key('unit', unit)}"
            )
        if name.endswith("_m"):
            return f"{label} {format_number(value, 2)} m"
        # Years and counts below five digits are written without thousands separators.
        is_large_count = float(value).is_integer() and value >= 10_000
        return f"{label} {format_number(value, 0) if is_large_count else f'{value:.10g}'}"
    return f"{label} {report_texts.get_text_or_key('input_value', str(value))}"


def make_figure_notes(report: Report, report_texts: ReportTexts) -> list[str]:
    """Return the notes below the table of indicators.

    They are sources, inputs of the ratio, and the meaning of the star.
    """
    county_indicators = [i for i in report.indicators if not is_township_figure(i)]
    sources = dict.fromkeys(i.target_source for i in county_indicators if i.target_source and i.unit != "ratio")
    ratios = [i for i in report.indicators if i.unit == "ratio" and i.inputs]
    limits = dict.fromkeys(i.target_source for i in ratios if i.target_source)
    limit = report_texts.get("text", "limit_source", sources=report_texts.join_parts(limits)) if limits else ""
    shared_inputs = {k: v for i in ratios[:1] for k, v in i.inputs.items() if k not in _INPUTS_SHOWN_ELSEWHERE}
    inputs = _format_all_inputs(shared_inputs, report_texts)
    numerator, _, denominator = (ratios[0].basis if ratios else "").partition("/")
    bases = {"numerator": numerator, "denominator": denominator}
    params = {name: report_texts.get_text_or_key("basis", basis) for name, basis in bases.items()}
    notes = [
        report_texts.get("text", "target_source", sources=report_texts.join_parts(sources)) if sources else "",
        report_texts.get("text", "ratio_inputs", limit=limit, inputs=inputs) if ratios else "",
        report_texts.get("text", "ratio_basis", **params) if denominator else "",
        report_texts.get("text", "margin_note")
        if any(i.state == LITTLE_MARGIN_LEFT for i in report.indicators)
        else "",
        report_texts.get("text", "unconfirmed_note") if not all(i.confirmed for i in report.indicators) else "",
    ]
    return list(filter(None, notes))
