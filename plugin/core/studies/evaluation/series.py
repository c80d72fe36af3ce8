# SPDX-License-Identifier: GPL-2.0-or-later
"""Series of indicators: values in one unit, target, state and changes. Nothing is interpolated."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from ...figures.indicators.ratio import DEFINING_SETTINGS_OF_RATIO
from ...model.indicator import (
    REFERENCE_ONLY,
    SQUARE_METRES,
    UNCONFIRMED_STATE,
    Indicator,
    compare_with_target,
    compute_margin,
    convert_area,
)
from ...standard.indicator_catalogue import CatalogueIndicator
from ...standard.messages.numbers import choose_figure_decimals
from ...standard.messages.texts import Texts
from .evaluated_editions import Change, EditionFigures, IndicatorSeries, SeriesPoint, Target

#: Unit of percentages, whose changes are in percentage points.
PERCENT_UNIT = "share"
_RATIO_UNIT = "ratio"
#: A difference below this share of the values is the error of a double.
_ROUNDING_SHARE = 1e-12


def make_series(columns: list[EditionFigures], lang: str) -> list[IndicatorSeries]:
    """Return the series of every indicator that an edition defines, in the order of the last edition's list."""
    read = [one for one in columns if one.is_read]
    entries: dict[str, CatalogueIndicator] = {}
    for column in reversed(read):
        for name, computed in column.indicators.items():
            entries.setdefault(name, computed.definition)
    return [_make_one_series(entry, columns, lang) for entry in entries.values()]


def _make_one_series(entry: CatalogueIndicator, columns: list[EditionFigures], lang: str) -> IndicatorSeries:
    """Return the series of an indicator with target, states and changes, but without its level."""
    texts = Texts(lang)
    target, unit, notes = _choose_target(entry, columns, [column for column in columns if column.is_read][-1])
    points = [_make_point(entry.id, column, unit, target, texts) for column in columns]
    comparison = target.comparison if target is not None else entry.comparison
    series = IndicatorSeries(entry.id, entry.name(lang), entry.group, unit, comparison, points, target, notes=notes)
    # Enough decimals for each value to be on the right side of the target.
    series.decimals = max(
        choose_figure_decimals(
            unit,
            target.decimals if target is not None else 0,
            compute_margin(one.value, target.comparison, target.value) if target is not None else None,
            one.value,
        )
        for one in points
    )
    read = [n for n, column in enumerate(columns) if column.is_read]
    series.changes = [Change() for _ in points]
    for before, after in pairwise(read):
        series.changes[after] = compute_change(points[before], points[after], unit)
    if len(read) > 1:
        series.change_to_first = compute_change(points[read[0]], points[read[-1]], unit)
    return series


def _choose_target(
    entry: CatalogueIndicator, columns: list[EditionFigures], last: EditionFigures
) -> tuple[Target | None, str, list[tuple[str, dict[str, Any]]]]:
    """Return the target in force, the unit of the series, and notes (text key, parameters) on other targets.

    Of several target years the next one from the last edition's year on is in force, else the latest one.
    """
    norm = last.norm
    targets = [one for one in norm.find_targets(last.area_code) if one.indicator == entry.id] if norm else []
    usable = [one for one in targets if _are_convertible(one.unit, entry.unit)]
    notes: list[tuple[str, dict[str, Any]]] = [
        ("target_unit", {"unit": one.unit, "target": one.value}) for one in targets if one not in usable
    ]
    if usable:
        chosen = min(usable, key=lambda one: (one.year < last.edition.year, abs(one.year - last.edition.year)))
        notes += [
            (
                "other_target",
                {"year": one.year, "comparison": one.comparison, "target": one.value, "unit": one.unit},
            )
            for one in usable
            if one is not chosen
        ]
        return (
            Target(
                chosen.comparison,
                chosen.numeric_value,
                chosen.printed_decimals,
                chosen.source,
                chosen.year,
                chosen.must_be_met,
            ),
            chosen.unit,
            notes,
        )
    if targets:
        return None, entry.unit, notes
    # A limit that a rule sets, such as that of the expansion ratio, is not among the targets of the profile.
    figures = last.indicators[entry.id].figures if entry.id in last.indicators else []
    figure = next((one for one in figures if one.target is not None), None)
    if figure is None or figure.target is None:
        return None, entry.unit, notes
    limit = Target(figure.comparison, figure.target, figure.target_decimals, figure.target_source)
    return limit, figure.unit, notes


def _are_convertible(first: str, second: str) -> bool:
    """Return True if figures of one unit can be converted to the other."""
    return first == second or {first, second} <= SQUARE_METRES.keys()


def _make_point(name: str, column: EditionFigures, unit: str, target: Target | None, texts: Texts) -> SeriesPoint:
    """Return the value of an indicator in an edition, in ``unit``, or why it has none."""
    if not column.is_read:
        return SeriesPoint(reason=texts.get("evaluation", "edition_not_read"))
    computed = column.indicators.get(name)
    if computed is None:
        return SeriesPoint(reason=texts.get("evaluation", "not_defined"))
    # The figures of an edition differ in their targets only.
    figure = next((one for one in computed.figures if one.value is not None and math.isfinite(one.value)), None)
    if figure is None or figure.value is None:
        reason = computed.missing_reason or texts.get("evaluation", "no_figure")
        return SeriesPoint(reason=reason, definition=_make_definition(computed.definition, column))
    if not _are_convertible(figure.unit, unit):
        reason = texts.get("evaluation", "other_unit", unit=texts.get("unit_names", figure.unit))
        return SeriesPoint(reason=reason, definition=_make_definition(computed.definition, column))
    value = figure.value
    if figure.unit != unit:
        value = convert_area(value * SQUARE_METRES[figure.unit], unit)
    return SeriesPoint(
        value,
        basis=figure.basis,
        layer=str(figure.inputs.get("layer", figure.inputs.get("denominator_layer", ""))),
        definition=_make_definition(computed.definition, column),
        confirmed=figure.confirmed,
        backed=figure.backed,
        is_known=computed.is_known,
        state=_compare(value, unit, target, computed.figures, figure.backed),
    )


def _make_definition(entry: CatalogueIndicator, column: EditionFigures) -> tuple[Any, ...]:
    """Return what defines an indicator in an edition; figures with equal definitions can be compared."""
    parts: tuple[Any, ...] = (
        *(entry.method, entry.rule, entry.within, entry.part, entry.whole, entry.formula_zh),
        *(entry.inputs, entry.classes, entry.urban_codes),
    )
    if entry.unit == _RATIO_UNIT and column.norm is not None:
        settings = {**column.norm.standard.settings, **column.norm.profile.settings}
        parts += (column.base_year,)
        parts += tuple(
            (key, str(value)) for key, value in sorted(settings.items()) if key.startswith(DEFINING_SETTINGS_OF_RATIO)
        )
    return parts


def _compare(value: float, unit: str, target: Target | None, figures: list[Indicator], is_backed: bool) -> str:
    """Return the state of a value compared with the target in force.

    The edition's figure with the same target has its state, which also considers the measured area.
    """
    if target is None:
        return REFERENCE_ONLY
    wanted = (target.comparison, target.value, unit)
    same = next((one for one in figures if (one.comparison, one.target, one.unit) == wanted), None)
    if same is not None:
        return same.state
    half_digit = 0.0 if unit == _RATIO_UNIT else 10.0**-target.decimals / 2
    state = compare_with_target(value, target.comparison, target.value, allowance=half_digit)
    return state if is_backed or state not in ("met", "warning") else UNCONFIRMED_STATE


def compute_change(before: SeriesPoint, after: SeriesPoint, unit: str) -> Change:
    """Return the change between two editions: difference, and share of the earlier value.

    The change is unknown if a value is, or if basis or definition differ. A change from or through zero has no share,
    and neither has that of a percentage, which is in percentage points.
    """
    obstacle = _find_obstacle(before, after)
    if obstacle or before.value is None or after.value is None:
        return Change(obstacle=obstacle)
    value = after.value - before.value
    if abs(value) <= _ROUNDING_SHARE * max(abs(before.value), abs(after.value)):
        value = 0.0
    has_share = unit != PERCENT_UNIT and before.value != 0 and before.value * after.value >= 0
    return Change(value, value / abs(before.value) if has_share else None)


def _find_obstacle(before: SeriesPoint, after: SeriesPoint) -> str:
    """Return the text key of the reason why two values cannot be compared; empty if they can."""
    if before.value is None:
        return "earlier_unknown"
    if after.value is None:
        return "later_unknown"
    if before.basis != after.basis:
        return "other_basis"
    return "other_definition" if before.definition != after.definition else ""
