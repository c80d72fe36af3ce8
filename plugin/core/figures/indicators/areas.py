# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of a plan that have targets, each measured as its target counts it, such as net area for farmland.

Net areas and reserves are checked here too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.errors import require_value
from ...engine.context import RuleContext
from ...model.indicator import (
    AREA_FIGURES,
    MISSED_BY_ROUNDING,
    STATED_FIGURES,
    TARGET_MISSED,
    UNCONFIRMED_STATE,
    Indicator,
    compare_area_with_target,
    convert_area,
)
from ...plan.layer import Layer
from ...standard.indicator_catalogue import CatalogueIndicator, load_catalogue
from ...standard.messages.numbers import format_number, format_square_metres
from ...standard.profile import IndicatorTarget, Norm
from ..heritage_sites import split_part_word
from ..supplied_tables import parse_unit
from .area_backing import compute_net_area_by_geometry, is_sum_confirmed_by_geometry

PART_WORDS_SETTING = "reserves.part_words"
#: The remaining share of a target below which a figure is an early warning (C; 0: never).
WARNING_SHARE_SETTING = "indicators.warning_share"
#: The input with the area by geometry, where only the field meets the target.
LAND_AREA_INPUT_KEY = "land_net_m2"
MISSED_STATES = (TARGET_MISSED, MISSED_BY_ROUNDING)
#: Rounding error of two decimals in gross and net area of one row, m².
ROUNDING_M2 = 0.01

# Checks whether deduction and net area follow from the gross area. The rule ATT003, which reports the rows, and the
# figures of LAW002 share the result.


#: Wrong value of a row → meaning of its field, in the order in which the values are compared.
_FIELD_BY_CASE = {
    "gross": "gross_area",
    "rate": "deduction_rate",
    "deduction": "deduction_area",
    "missing": "net_area",
    "net": "net_area",
}


class NetAreaContradiction(NamedTuple):
    """A row whose areas contradict each other, with the first wrong field.

    ``case``: the wrong value: gross, rate, deduction, net, or missing (no net area); ``actual_value``: the value of the
    field in m² (a rate as it is), None when empty; ``expected_value``: the value that follows from the other fields,
    None if it does not follow; ``calculation``: the figures that ``expected_value`` follows from, as text.
    """

    row: int
    case: str
    field_meaning: str
    actual_value: float | None
    expected_value: float | None
    calculation: str = ""


def find_net_area_contradictions(layer: Layer, cultivated: NDArray, allowance_m2: float) -> list[NetAreaContradiction]:
    """Return rows whose net area does not follow from the gross area.

    Conditions: KCXS (deduction rate) is in [0, 1), KCMJ (deduction) = gross × KCXS, net = gross − KCMJ, each within
    ``allowance_m2``. A missing rate counts as 0, a missing deduction is computed. Where the template has no deduction
    (XZYDYH), the net area must not exceed the gross area. ``cultivated``: (n,) bool, rows that must have a net area.

    References
    ----------
    永久基本农田数据库标准; quality rule A7.
    """
    gross, net = layer.numbers("gross_area"), layer.numbers("net_area")
    has_rate = layer.has_field("deduction_rate")
    without_deduction = layer.template.find_field("deduction_area") is None and not has_rate
    rate = np.nan_to_num(layer.numbers("deduction_rate"), nan=0.0)
    deduction = layer.numbers("deduction_area")
    expected_deduction = gross * rate
    deducted = np.where(np.isnan(deduction), np.round(expected_deduction, 2), deduction)
    # Ignore the rounding error of a double.
    slack = allowance_m2 + 1e-6
    net_difference = net - gross if without_deduction else np.abs(net - (gross - deducted))
    # Comparisons with NaN are False.
    wrong_rows_by_case = {
        "gross": ~(gross > 0),
        "rate": has_rate & ~((rate >= 0) & (rate < 1)),
        "deduction": has_rate & (np.abs(deduction - expected_deduction) > slack),
        "missing": np.isnan(net) & cultivated,
        "net": net_difference > slack,
    }
    actual_values = {"gross_area": gross, "deduction_rate": rate, "deduction_area": deduction, "net_area": net}
    case_of_row = np.select([*wrong_rows_by_case.values()], [*wrong_rows_by_case], "")
    contradictions = []
    for row in np.flatnonzero(case_of_row != "").tolist():
        case = str(case_of_row[row])
        meaning, gross_m2 = _FIELD_BY_CASE[case], float(gross[row])
        actual = float(actual_values[meaning][row])
        expected, calculation = derive_expected_area(case, gross_m2, float(rate[row]), float(deducted[row]))
        contradictions.append(
            NetAreaContradiction(row, case, meaning, None if math.isnan(actual) else actual, expected, calculation)
        )
    return contradictions


def derive_expected_area(
    case: str, gross_m2: float, rate: float, deduction_m2: float | None = None
) -> tuple[float | None, str]:
    """Return what the wrong field of a case of ``NetAreaContradiction`` should be, and the calculation as text.

    ``gross_m2``: the gross area, or the measured area that replaces a wrong one; ``deduction_m2``: None if it follows
    from the rate. A wrong rate or gross area does not follow from other fields.
    """
    product = gross_m2 * rate
    if case == "deduction":
        return round(product, 2), f"{format_square_metres(gross_m2)} × {rate:.10g}"
    if _FIELD_BY_CASE[case] != "net_area":
        return None, ""
    deducted = round(product, 2) if deduction_m2 is None else deduction_m2
    return round(gross_m2 - deducted, 2), f"{format_number(gross_m2, 2)} − {format_square_metres(deducted)}"


def find_reserve_parts_and_names(reserves: Layer, ctx: RuleContext) -> tuple[NDArray, NDArray]:
    """Return rows that are parts of a nature reserve, and each reserve's name.

    Returns
    -------
    (n,) bool
        True where the name ends with a word for a part.
    (n,) str
        Name of the reserve without that word.
    """
    part_words = list(ctx.norm.get(PART_WORDS_SETTING))
    words_and_sites = [split_part_word(name, part_words) for name in reserves.text("feature_name")]
    return np.array([bool(w) for w, _ in words_and_sites], dtype=bool), np.array(
        [site for _, site in words_and_sites], dtype=object
    )


def find_countable_reserve_rows(is_part: NDArray, site: NDArray) -> NDArray:
    """Return (n,) bool: rows of nature reserves whose areas may be summed without counting land twice.

    ``is_part``, ``site`` (n,): the row is a part (core zone) of a reserve; the reserve's name. Parts of a reserve
    that has a row for the whole are left out.
    """
    return ~is_part | ~np.isin(site, site[~is_part & (site != "")])


def find_counted_reserve_rows(reserves: Layer, ctx: RuleContext) -> NDArray:
    """Return (n,) bool: rows of nature reserves that count towards their total area.

    A part of a reserve does not count if the reserve has a row for the whole.
    """
    return find_countable_reserve_rows(*find_reserve_parts_and_names(reserves, ctx))


@dataclass
class AreaFigure:
    """An area of the plan in m², and how certain it is.

    With ``basis`` count it is a number of features. ``layer``: None when no layer of the plan gives the area.
    ``is_confirmed``: False for an uncertain figure; ``formula_inputs``: the figures that it was computed from;
    ``is_confirmed_by_geometry``: the geometry confirms it. ``land_m2``: the area by geometry of the same rows instead
    of an area field, within ``rounding_m2``.
    """

    layer: Layer | None
    area_m2: float = 0.0
    basis: str = ""
    is_confirmed: bool = True
    formula_inputs: dict[str, Any] = field(default_factory=dict)
    is_confirmed_by_geometry: bool = True
    land_m2: float | None = None
    rounding_m2: float = 0.0

    def __post_init__(self) -> None:
        self.is_confirmed = self.is_confirmed and self.is_confirmed_by_geometry

    def make_indicator(self, name: str, unit: str = "m2") -> Indicator:
        """Return the area as an indicator without a target.

        Without a layer it has no value.
        """
        return Indicator(
            name,
            None if self.layer is None else convert_area(self.area_m2, unit),
            unit,
            self.basis,
            inputs=self.formula_inputs,
            confirmed=self.is_confirmed,
            backed=self.is_confirmed_by_geometry,
        )

    def make_indicator_with_target(self, name: str, target: IndicatorTarget, warning_share: float) -> Indicator:
        """Return the area as an indicator compared with a target, in its unit.

        ``warning_share``: distance from the target below which a met target gets a warning.
        """
        indicator = self.make_indicator(name, target.unit)
        set_target(indicator, target, warning_share)
        if indicator.value is not None and self.land_m2 is not None:
            mark_indicator_met_only_by_field(indicator, self.land_m2, self.rounding_m2)
        return indicator


def list_targets_of_indicator(entry: CatalogueIndicator, norm: Norm, area_code: str) -> list[IndicatorTarget]:
    """Return the profile's targets for an indicator of an area.

    For an indicator that statistics may give they include the bounds (≥, ≤) among the stated figures of the profile.
    """
    targets = [one for one in norm.find_targets(area_code) if one.indicator == entry.id]
    catalogue = load_catalogue(norm.standard)
    for stated in norm.profile.stated_figures if entry.missing else ():
        if stated.area_code != area_code or stated.comparison == "=" or catalogue.find_indicator(stated.name) != entry:
            continue
        value, unit = stated.value, parse_unit(stated.unit) or stated.unit
        if factor := catalogue.unit_factors.get(entry.unit, {}).get(stated.unit):
            value, unit = f"{Decimal(value) * Decimal(str(factor)).normalize():f}", entry.unit
        targets.append(
            IndicatorTarget(
                area_code, entry.id, stated.comparison, value, unit, stated.year, stated.binding, stated.source
            )
        )
    return targets


def set_target(indicator: Indicator, target: IndicatorTarget, warning_share: float) -> None:
    """Compare an indicator with a target of the same unit, in place.

    ``warning_share``: distance from a target below which a met one gets a warning, unless the target has its own.
    """
    indicator.comparison, indicator.target = target.comparison, target.numeric_value
    indicator.target_decimals, indicator.target_source = target.printed_decimals, target.source
    indicator.target_year = target.year
    if indicator.value is not None:
        indicator.set_state(
            compare_area_with_target(
                indicator.value,
                indicator.comparison,
                indicator.target,
                indicator.target_decimals,
                target.get_warning_share(warning_share),
            )
        )


def mark_indicator_met_only_by_field(indicator: Indicator, land_m2: float, rounding_m2: float) -> None:
    """Mark a figure as not confirmed if only its area field meets the target.

    That is the case where the area by geometry of the same rows, within the allowance for sums, does not meet it.
    """
    value = require_value(indicator.value, "the value of a figure with a target")
    target = (indicator.comparison, require_value(indicator.target, "the target"), indicator.target_decimals)
    land = [
        compare_area_with_target(convert_area(land_m2 + slack, indicator.unit), *target)
        for slack in (-rounding_m2, rounding_m2)
    ]
    if compare_area_with_target(value, *target) not in MISSED_STATES and all(state in MISSED_STATES for state in land):
        indicator.inputs = {**indicator.inputs, LAND_AREA_INPUT_KEY: land_m2}
        indicator.mark_unconfirmed()


def is_met_only_by_field(indicator: Indicator) -> bool:
    """Return True if only the area field, not the geometry, meets the target."""
    return LAND_AREA_INPUT_KEY in indicator.inputs and indicator.state == UNCONFIRMED_STATE


def compute_area_with_target(name: str, ctx: RuleContext) -> AreaFigure:
    """Compute one of ``AREA_FIGURES`` (areas with a target) from the plan's layers.

    KeyError for another name. 耕地 and 永久基本农田 use the net area (TBDLMJ, YJJBNTMJ), 红线 and 开发边界 the
    statutory area. Without a layer of 耕地 the survey's parcels replace it; without a net field the statutory area
    replaces it. In both cases the figure is not confirmed.
    """
    concept, basis = AREA_FIGURES[name]
    return _compute_figure(
        ctx.plan.find_layer_of_concept(concept), concept, basis, ctx.plan.find_layer_of_concept("parcels"), ctx
    )


def compute_stated_figure(name: str, ctx: RuleContext) -> AreaFigure:
    """Compute one of ``STATED_FIGURES``: a statutory area or a number of features.

    KeyError for another name.
    """
    concept, basis = STATED_FIGURES[name]
    layer = ctx.plan.find_layer_of_concept(concept)
    if layer is not None and concept == "reserves" and not layer.has_no_geometry:
        rows = find_counted_reserve_rows(layer, ctx)
        area = float(layer.statutory[rows].sum())
        return AreaFigure(
            layer,
            area,
            basis,
            ctx.norm.is_confirmed(PART_WORDS_SETTING),
            {"layer": layer.role, "features": int(rows.sum()), "statutory_m2": area},
        )
    if layer is None or basis == "statutory":
        return _compute_figure(layer, concept, basis, None, ctx)
    return AreaFigure(layer, float(len(layer)), basis, formula_inputs={"layer": layer.role, "features": len(layer)})


def _compute_figure(
    layer: Layer | None, concept: str, basis: str, parcels: Layer | None, ctx: RuleContext
) -> AreaFigure:
    """Return the net or statutory area of a layer; without a layer, a figure without a value.

    ``parcels``: the survey's parcels, which replace a missing layer of 耕地.
    """
    if layer is not None and layer.has_no_geometry:
        # A layer without any shape counts as missing, as in the rules.
        layer = None
    if layer is None and concept == "cultivated" and parcels is not None and parcels.has_values("net_area"):
        # A delivery has a separate layer of 耕地; the survey's parcels replace it, and the result names them.
        rows = ctx.find_cultivated_rows(parcels)
        net = parcels.numbers("net_area")[rows]
        inputs = {"layer": parcels.role, "field": parcels.get_field_name("net_area"), "features": int(rows.sum())}
        is_confirmed = is_sum_confirmed_by_geometry(parcels, "net_area", ctx, rows)
        return AreaFigure(
            parcels,
            float(np.nansum(net)),
            "net",
            is_confirmed=False,
            formula_inputs=inputs,
            is_confirmed_by_geometry=is_confirmed,
        )
    if layer is None:
        return AreaFigure(None)
    statutory_area = float(layer.statutory.sum())
    if basis == "statutory":
        inputs = {"layer": layer.role, "features": len(layer), "statutory_m2": statutory_area}
        return AreaFigure(layer, statutory_area, "statutory", formula_inputs=inputs)
    if not layer.has_values("net_area"):
        # Without a net area the statutory area is used, and the figure is not confirmed.
        return AreaFigure(
            layer,
            statutory_area,
            "statutory",
            is_confirmed=False,
            formula_inputs={"layer": layer.role, "statutory_m2": statutory_area},
        )
    net, gross = layer.numbers("net_area"), layer.numbers("gross_area")
    net_area = float(np.nansum(net))
    inputs = {
        "layer": layer.role,
        "field": layer.get_field_name("net_area"),
        "features": len(layer),
        "gross_m2": float(np.nansum(gross)),
        "statutory_m2": statutory_area,
        "difference_m2": net_area - statutory_area,
    }
    is_confirmed = is_sum_confirmed_by_geometry(layer, "net_area", ctx)
    allowance = float(ctx.norm.get_settings_section("rules.ATT003").get("allowance_m2", 0.01))
    figure = AreaFigure(
        layer,
        net_area,
        "net",
        is_confirmed=(
            not layer.empty_rows.any()
            and not find_net_area_contradictions(layer, ctx.find_cultivated_rows(layer), allowance)
        ),
        formula_inputs=inputs,
        is_confirmed_by_geometry=is_confirmed,
    )
    land = compute_net_area_by_geometry(layer, ctx) if is_confirmed else None
    if land is not None:
        figure.land_m2, figure.rounding_m2 = float(land.sum()), ROUNDING_M2 * len(layer)
    return figure
