# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators as rows of the page: value and target in one unit, room left, state in words, inputs, marks."""

from __future__ import annotations

from typing import Any

from ..messages.texts import format_area, format_number
from ..model.indicator import BROKEN, CLOSE, MET, SIGNS, SQUARE_METRES, UNCONFIRMED, WARNING, Indicator
from ..model.report import Report
from ..profile import Norm
from ..profile.space_map import SPACE_FIGURES, THREE_ZONES
from .words import Words

#: Decimals that the offices write.
DECIMALS = {"m2": 2, "ha": 2, "km2": 2, "mu": 2, "wan_mu": 4, "ratio": 4, "share": 2, "count": 0, "km_km2": 2}
_MOST_DECIMALS = 6
ICONS = {MET: "ok", WARNING: "INFO", CLOSE: "warning", BROKEN: "error", UNCONFIRMED: "warning"}
#: Inputs of a ratio that differ between its forms.
_OWN_INPUTS = ("numerator_m2", "land_ratio")


def figure_rows(report: Report, norm: Norm | None, words: Words) -> list[dict[str, Any]]:
    """Areas first, then the ratio made of them. Those of single townships have a table of their own."""
    whole = [i for i in report.indicators if not is_township_figure(i)]
    return [_row(i, norm, words) for i in sorted(whole, key=lambda i: i.unit == "ratio")]


def is_township_figure(indicator: Indicator) -> bool:
    """Is it a township's figure against its task (LAW004)?"""
    return indicator.id.startswith("township_")


def _row(indicator: Indicator, norm: Norm | None, words: Words) -> dict[str, Any]:
    left, decimals = indicator.margin, decimals_of(indicator)
    state = format_state(indicator, words)
    return {
        "id": indicator.id,
        "name": indicator.name or indicator.id,
        "target": format_target(indicator, words),
        "value": format_number(indicator.value, decimals),
        "unit": "" if indicator.unit == "ratio" else words.named("unit", indicator.unit),
        "room": signed(left, decimals),
        "state": state,
        "icon": ICONS.get(indicator.state, "") if indicator.value is not None else "",
        # A ratio has one basis above and another below the line: the note says them.
        "basis": "" if indicator.unit == "ratio" else format_basis(indicator, words),
        "inputs": format_inputs(indicator, words),
        "decides": indicator.unit == "ratio" and indicator.target is not None,
        "marks": _marks(indicator, norm),
        "source": indicator.target_source,
        "confirmed": indicator.confirmed,
    }


def format_basis(indicator: Indicator, words: Words) -> str:
    """The basis in words; of a ratio the numerator's and the denominator's."""
    return " ÷ ".join(words.named("basis", part) for part in indicator.basis.split("/") if part)


def decimals_of(indicator: Indicator) -> int:
    """The usual decimals of the unit, more where they would hide which side of the target a value lies on."""
    left = indicator.margin
    decimals = max(DECIMALS.get(indicator.unit, 2), indicator.target_decimals if left is not None else 0)
    if decimals == 0 and indicator.value is not None and float(indicator.value).is_integer():
        # A count near its target is as whole as any other.
        return decimals
    while left and decimals < _MOST_DECIMALS and abs(left) < 10.0 ** (1 - decimals):
        decimals += 1
    return decimals


def signed(value: float | None, decimals: int) -> str:
    if value is None:
        return ""
    text = format_number(abs(value), decimals)
    if not any(c in "123456789" for c in text):
        return text
    return ("+" if value > 0 else "−") + text


def format_target(indicator: Indicator, words: Words) -> str:
    if indicator.target is None:
        return ""
    sign = SIGNS.get(indicator.comparison, indicator.comparison)
    figure = f"{sign} {format_number(indicator.target, indicator.target_decimals)}"
    # A ratio is written bare: ≤ 1.25.
    return figure if indicator.unit == "ratio" else f"{figure} {words.named('unit', indicator.unit)}"


def format_state(indicator: Indicator, words: Words) -> str:
    """Never 合格: a limit that is kept reads 未超限, and what nobody confirmed carries a star."""
    side = "ceiling" if indicator.comparison == "<=" else "floor"
    key = indicator.state if indicator.state not in (MET, BROKEN) else f"{indicator.state}_{side}"
    if indicator.value is None:
        key = "not_computed"
    return words.named("indicator_state", key) + ("" if indicator.confirmed else "*")


def format_value(indicator: Indicator, words: Words) -> str:
    """Value with unit, for a line of text."""
    figure = format_number(indicator.value, decimals_of(indicator))
    return figure if indicator.unit == "ratio" else f"{figure} {words.named('unit', indicator.unit)}"


def format_inputs(indicator: Indicator, words: Words) -> str:
    """What was put in, in one line: the sum over a layer, or numerator ÷ denominator; all inputs for any other."""
    given = indicator.inputs
    if "denominator_m2" in given:
        form = indicator.id.rsplit("_", 1)[-1]
        figures = {k: format_number(v, 2) for k, v in given.items() if k.endswith("_m2")}
        if form in ("n1", "n2", "n3"):
            land = [format_input("land_ratio", given["land_ratio"], words)] if "land_ratio" in given else []
            return words.get("page", "clause").join([words.get("formula", form, **figures), *land])
    if "layer" in given and indicator.unit in SQUARE_METRES and indicator.value is not None:
        area = format_area(indicator.value * SQUARE_METRES[indicator.unit])
        field = given.get("field", "")
        said = [words.get("formula", "sum" if field else "drawn", layer=given["layer"], field=field, area=area)]
        for key, name in (("within", "within"), ("land_classes", "classes"), ("urban_codes", "urban")):
            if key in given:
                codes = words.join(given[key]) if isinstance(given[key], list) else given[key]
                said.append(words.get("formula", name, codes=codes, within=codes))
        if "difference_m2" in given:
            said.append(words.get("formula", "difference", area=signed(given["difference_m2"], 2)))
        if "county_share" in given:
            said.append(words.get("formula", "share", share=format_number(given["county_share"], 2)))
        if "zone_codes" in given:
            said.append(words.get("formula", "codes", codes=words.join(given["zone_codes"])))
        return words.get("page", "clause").join(said)
    return all_inputs(indicator, words)


def all_inputs(indicator: Indicator, words: Words) -> str:
    return words.get("page", "clause").join(format_input(k, v, words) for k, v in indicator.inputs.items())


def format_input(name: str, value: Any, words: Words) -> str:
    label = words.named("input", name)
    if isinstance(value, list | tuple | set):
        return f"{label} {words.join(map(str, value))}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{label} {_measure(name, float(value), words)}"
    return f"{label} {words.named('input_value', str(value))}"


def _measure(name: str, value: float, words: Words) -> str:
    for tail in SQUARE_METRES:
        if name.endswith(f"_{tail}"):
            # A difference of nothing must not read −0.00.
            figure = format_number(round(value, DECIMALS[tail]) + 0.0, DECIMALS[tail]).replace("-", "−")
            return f"{figure} {words.named('unit', tail)}"
    if name.endswith("_m"):
        return f"{format_number(value, 2)} m"
    # A year or a count: no groups below five digits.
    return format_number(value, 0) if value.is_integer() and value >= 10_000 else f"{value:.10g}"


def figure_notes(report: Report, words: Words) -> list[str]:
    """Below the table: sources of the targets, every input of the ratio, what the star means."""
    said = []
    whole = [i for i in report.indicators if not is_township_figure(i)]
    sources = dict.fromkeys(i.target_source for i in whole if i.target_source and i.unit != "ratio")
    if sources:
        said.append(words.get("text", "target_source", sources=words.join(sources)))
    said += _notes_of_ratio(report, words)
    if any(i.state == WARNING for i in report.indicators):
        said.append(words.get("text", "margin_note"))
    if any(not i.confirmed for i in report.indicators):
        said.append(words.get("text", "unconfirmed_note"))
    return said


def _notes_of_ratio(report: Report, words: Words) -> list[str]:
    said = []
    ratios = [i for i in report.indicators if i.unit == "ratio" and i.inputs]
    if ratios:
        shared = Indicator("", None, "", "", inputs={k: v for k, v in ratios[0].inputs.items() if k not in _OWN_INPUTS})
        limits = dict.fromkeys(i.target_source for i in ratios if i.target_source)
        limit = words.get("text", "limit_source", sources=words.join(limits)) if limits else ""
        said.append(words.get("text", "ratio_inputs", limit=limit, inputs=all_inputs(shared, words)))
    numerator, _, denominator = (ratios[0].basis if ratios else "").partition("/")
    if denominator:
        above, below = words.named("basis", numerator), words.named("basis", denominator)
        said.append(words.get("text", "ratio_basis", numerator=above, denominator=below))
    return said


def _marks(indicator: Indicator, norm: Norm | None) -> list[str]:
    """The target's mark, and that of the working definition behind a ratio or a space. What is in doubt carries the star."""
    found = []
    ratio = indicator.unit == "ratio"
    if norm is not None and indicator.target is not None:
        found.append(norm.mark("ratio.limit") if ratio else "A" if indicator.target_source else "C")
    if norm is not None and ratio:
        found.append(norm.mark("ratio.form"))
    if norm is not None and indicator.id in SPACE_FIGURES:
        found.append(norm.mark(THREE_ZONES))
    return list(dict.fromkeys(found))
