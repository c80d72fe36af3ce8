# SPDX-License-Identifier: GPL-2.0-or-later
"""Series of indicators: values in one unit, target, state, changes, early warnings (预警), and what differs.

Nothing is interpolated. Early warnings come from the target, the margin, the change, and the projection to the target
year. Differences between editions affect comparisons: county, CRS, profile, standard, settings, base year.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ...figures.indicators.areas import list_targets_of_indicator
from ...figures.indicators.ratio import DEFINING_SETTINGS_OF_RATIO
from ...model.indicator import (
    COMPARISON_SIGNS,
    LITTLE_MARGIN_LEFT,
    MISSED_BY_ROUNDING,
    REFERENCE_ONLY,
    SQUARE_METRES,
    STATISTICS_BASIS,
    TARGET_MISSED,
    UNCONFIRMED_STATE,
    are_convertible,
    compare_with_target,
    compute_margin,
    convert_area,
)
from ...render.words import ReportTexts
from ...standard.indicator_catalogue import INDICATOR_UNITS, CatalogueIndicator
from ...standard.messages.numbers import choose_figure_decimals, choose_target_decimals, format_number
from ...standard.messages.texts import Message, Texts
from ...standard.profile import Norm
from .evaluated_editions import (
    EVALUATION_SECTION,
    Change,
    EarlyWarning,
    EditionFigures,
    EvaluationSettings,
    IndicatorSeries,
    Level,
    SeriesPoint,
    Target,
)

#: Unit of percentages, whose changes are in percentage points.
PERCENT_UNIT = "share"
_RATIO_UNIT = "ratio"
#: A difference below this share of the values is the error of a double.
_ROUNDING_SHARE = 1e-12
#: Levels from the gravest on.
LEVELS = (Level.ALERT, Level.WATCH, Level.UNDETERMINED, Level.NORMAL)
_PERCENT = 100.0
#: Loss of an area (m²) that is printed as 0.01 m² or more.
_LEAST_LOSS_M2 = 0.005
#: Settings, and sections of settings, from which figures are computed; limits are compared as targets.
_COMPUTING_SETTINGS = (
    *DEFINING_SETTINGS_OF_RATIO,
    *("three_zones.", "zones.", "land_use.", "reserves.", "tolerance."),
)
#: Settings named in full; further ones are counted.
_MAX_SETTINGS = 5


def make_series(columns: list[EditionFigures], lang: str) -> list[IndicatorSeries]:
    """Return the series of every indicator that an edition defines, in the order of the last edition's list.

    They have target, states and changes, but no level.
    """
    read = [one for one in columns if one.is_read]
    entries: dict[str, CatalogueIndicator] = {}
    for column in reversed(read):
        for name, computed in column.indicators.items():
            entries.setdefault(name, computed.definition)
    texts = Texts(lang)
    made = []
    for entry in entries.values():
        target, unit, notes = _choose_target(entry, columns, read[-1])
        points = [_make_point(entry.id, column, unit, target, texts) for column in columns]
        comparison = target.comparison if target is not None else entry.comparison
        statistics = [(column, one.statistics) for column, one in zip(columns, points, strict=True) if one.statistics]
        notes += [("from_statistics", {"edition": column.label, **origin}) for column, origin in statistics]
        name = entry.get_name(lang)
        series = IndicatorSeries(
            entry.id,
            texts.get(EVALUATION_SECTION, "statistics_name", name=name) if statistics else name,
            entry.group,
            unit,
            comparison,
            points,
            target,
            may_shrink=entry.may_shrink,
            notes=notes,
        )
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
        places = [n for n, column in enumerate(columns) if column.is_read]
        series.changes = [Change() for _ in points]
        for before, after in pairwise(places):
            series.changes[after] = compute_change(points[before], points[after], unit)
        if len(places) > 1:
            series.change_to_first = compute_change(points[places[0]], points[places[-1]], unit)
        made.append(series)
    return made


def _choose_target(
    entry: CatalogueIndicator, columns: list[EditionFigures], last: EditionFigures
) -> tuple[Target | None, str, list[tuple[str, dict[str, Any]]]]:
    """Return the target in force, the unit of the series, and notes (text key, parameters) on other targets.

    Of several target years the next one from the last edition's year on is in force, else the latest one.
    """
    norm = last.norm
    targets = list_targets_of_indicator(entry, norm, last.area_code) if norm else []
    usable = [one for one in targets if are_convertible(one.unit, entry.unit)]
    notes: list[tuple[str, dict[str, Any]]] = [
        (
            "target_unit",
            {"unit": Message("unit_names", one.unit) if one.unit in INDICATOR_UNITS else one.unit, "target": one.value},
        )
        for one in targets
        if one not in usable
    ]
    if usable:
        chosen = min(usable, key=lambda one: (one.year < last.edition.year, abs(one.year - last.edition.year)))
        notes += [
            (
                "other_target",
                {
                    "year": one.year,
                    "comparison": COMPARISON_SIGNS[one.comparison],
                    "target": one.value,
                    "unit": Message("unit_names", one.unit),
                },
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
    decimals = choose_target_decimals(figure.unit, figure.target_decimals)
    return Target(figure.comparison, figure.target, decimals, figure.target_source), figure.unit, notes


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
    if not are_convertible(figure.unit, unit):
        reason = texts.get("evaluation", "other_unit", unit=texts.get("unit_names", figure.unit))
        return SeriesPoint(reason=reason, definition=_make_definition(computed.definition, column))
    value = figure.value
    if figure.unit != unit:
        value = convert_area(value * SQUARE_METRES[figure.unit], unit)
    state = REFERENCE_ONLY
    if target is not None:
        # The edition's figure with the same target has its state, which also considers the measured area.
        wanted = (target.comparison, target.value, unit)
        same = next((one for one in computed.figures if (one.comparison, one.target, one.unit) == wanted), None)
        half_digit = 0.0 if unit == _RATIO_UNIT else 10.0**-target.decimals / 2
        state = compare_with_target(value, target.comparison, target.value, allowance=half_digit)
        if same is not None:
            state = same.state
        elif not figure.backed and state in ("met", "warning"):
            state = UNCONFIRMED_STATE
    return SeriesPoint(
        value,
        basis=figure.basis,
        layer=str(figure.inputs.get("layer", figure.inputs.get("denominator_layer", ""))),
        definition=_make_definition(computed.definition, column),
        confirmed=figure.confirmed,
        backed=figure.backed,
        is_known=computed.is_known,
        state=state,
        statistics=figure.inputs if figure.basis == STATISTICS_BASIS else {},
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


def compute_change(before: SeriesPoint, after: SeriesPoint, unit: str) -> Change:
    """Return the change between two editions: difference, and share of the earlier value.

    The change is unknown if a value is, if basis or definition differ, or if one year of statistics gives both values.
    A change from or through zero has no share, and neither has that of a percentage, which is in percentage points.
    """
    if before.value is None or after.value is None:
        return Change(obstacle="earlier_unknown" if before.value is None else "later_unknown")
    if bool(before.statistics) != bool(after.statistics):
        return Change(obstacle="other_origin")
    if before.basis != after.basis or before.definition != after.definition:
        return Change(obstacle="other_basis" if before.basis != after.basis else "other_definition")
    if before.statistics_year and before.statistics_year == after.statistics_year:
        return Change(obstacle="same_statistics")
    value = after.value - before.value
    if abs(value) <= _ROUNDING_SHARE * max(abs(before.value), abs(after.value)):
        value = 0.0
    has_share = unit != PERCENT_UNIT and before.value != 0 and before.value * after.value >= 0
    return Change(value, value / abs(before.value) if has_share else None)


def judge_series(
    series: IndicatorSeries, columns: list[EditionFigures], settings: EvaluationSettings, norm: Norm
) -> None:
    """Set level and warnings of a series, in place.

    The last edition that was read decides. Without its value, and with neither a target nor a change, the level is
    未能判定.
    """
    last = max(n for n, one in enumerate(columns) if one.is_read)
    point = series.points[last]
    if point.value is None:
        return
    if not point.is_known:
        series.warnings = [EarlyWarning(Level.UNDETERMINED, "unknown_land")]
        return
    series.warnings = [
        *_warn_of_target(series, last, settings),
        *_warn_of_change(series, last, settings),
        *_warn_of_trend(series, columns, last, settings),
    ]
    has_basis = series.target is not None or series.changes[last].value is not None
    levels = [one.level for one in series.warnings] or [Level.NORMAL if has_basis else Level.UNDETERMINED]
    series.level = min(levels, key=LEVELS.index)
    used = {one.setting for one in series.warnings if one.level is series.level}
    if series.level is Level.NORMAL:
        used = {f"{EVALUATION_SECTION}.{name}" for name in EvaluationSettings.__dataclass_fields__}
    # A level that a target alone decides does not depend on a threshold.
    series.is_unconfirmed = "" not in used and any(not norm.is_confirmed(key) for key in used)


def _warn_of_target(series: IndicatorSeries, last: int, settings: EvaluationSettings) -> Iterator[EarlyWarning]:
    """Yield the warning on the target of the last edition: missed, or met with a small margin."""
    target, point = series.target, series.points[last]
    if target is None or point.value is None:
        return
    if point.state == TARGET_MISSED:
        yield EarlyWarning(
            Level.ALERT if target.must_be_met else Level.WATCH,
            {">=": "missed", "<=": "exceeded", "=": "differs"}[target.comparison],
        )
    elif point.state == MISSED_BY_ROUNDING:
        yield EarlyWarning(Level.WATCH, "rounding")
    elif point.state == UNCONFIRMED_STATE:
        yield EarlyWarning(Level.WATCH, "met_unconfirmed")
    elif point.state == LITTLE_MARGIN_LEFT:
        yield EarlyWarning(Level.WATCH, "margin_of_profile")
    elif target.comparison != "=":
        margin = compute_margin(point.value, target.comparison, target.value)
        if margin is not None and margin < settings.margin_share * abs(target.value):
            yield EarlyWarning(
                Level.WATCH, "margin", {"limit": _PERCENT * settings.margin_share}, f"{EVALUATION_SECTION}.margin_share"
            )


def _warn_of_change(series: IndicatorSeries, last: int, settings: EvaluationSettings) -> Iterator[EarlyWarning]:
    """Yield warnings on the change since the edition before: away from the target, and steep in any direction."""
    change = series.changes[last]
    if change.value is None:
        return
    if not series.may_shrink and (loss_m2 := -change.value * SQUARE_METRES[series.unit]) > _LEAST_LOSS_M2:
        yield EarlyWarning(Level.ALERT, "shrunk", {"loss": format_number(loss_m2, 2)})
        return
    if series.unit == PERCENT_UNIT:
        if abs(change.value) > settings.steep_points:
            params = {"limit": settings.steep_points}
            yield EarlyWarning(Level.WATCH, "steep_points", params, f"{EVALUATION_SECTION}.steep_points")
        return
    if change.share is None:
        return
    is_adverse = (series.comparison == ">=" and change.share < 0) or (series.comparison == "<=" and change.share > 0)
    if is_adverse and abs(change.share) > settings.adverse_share:
        params = {"limit": _PERCENT * settings.adverse_share}
        yield EarlyWarning(Level.WATCH, "adverse", params, f"{EVALUATION_SECTION}.adverse_share")
    if abs(change.share) > settings.steep_share:
        params = {"limit": _PERCENT * settings.steep_share}
        yield EarlyWarning(Level.WATCH, "steep", params, f"{EVALUATION_SECTION}.steep_share")


def _warn_of_trend(
    series: IndicatorSeries, columns: list[EditionFigures], last: int, settings: EvaluationSettings
) -> Iterator[EarlyWarning]:
    """Yield a warning if the target, met now, will be missed in its year at the mean yearly change so far.

    The projection begins with the first edition that the last one can be compared with. It is a straight line through
    both: value + (value − first) ÷ years × years to the target.
    """
    target, point = series.target, series.points[last]
    if target is None or target.year is None or target.comparison == "=" or point.value is None:
        return
    usable = [n for n in range(last + 1) if compute_change(series.points[n], point, series.unit).value is not None]
    if len(usable) < settings.trend_min_editions:
        return
    first, year = usable[0], point.statistics_year or columns[last].edition.year
    first_year = series.points[first].statistics_year or columns[first].edition.year
    first_value, years = series.points[first].value, year - first_year
    if (
        first_value is None
        or years <= 0
        or target.year <= year
        or compare_with_target(point.value, target.comparison, target.value) == TARGET_MISSED
    ):
        return
    yearly = (point.value - first_value) / years
    projected = point.value + yearly * (target.year - year)
    if compare_with_target(projected, target.comparison, target.value) == TARGET_MISSED:
        yield EarlyWarning(
            Level.WATCH,
            "trend",
            {
                "first": first_year,
                "last": year,
                "yearly": yearly,
                "year": target.year,
                "projected": projected,
            },
            f"{EVALUATION_SECTION}.trend_min_editions",
        )


Note = tuple[str, dict[str, Any]]


def list_differences(columns: list[EditionFigures], texts: Texts) -> list[Note]:
    """Return notes (text key, parameters) on what differs between the editions that were read, and what failed."""
    read = [one for one in columns if one.is_read]
    settings = [
        {**one.norm.standard.settings, **one.norm.profile.settings} if one.norm is not None else {} for one in read
    ]
    keys = sorted(
        key
        for key in set().union(*settings)
        if key.startswith(_COMPUTING_SETTINGS) and len({str(one.get(key, "")) for one in settings}) > 1
    )
    comma = texts.get("words", "between_names")

    def join(key: str) -> str:
        values = [one.get(key, "—") for one in settings]
        return _join(read, [comma.join(map(str, v)) if isinstance(v, list | tuple) else str(v) for v in values], texts)

    notes: list[Note] = [
        *[
            ((key, {"values": _join(read, values, texts)}))
            for key, values in (
                ("other_county", [f"{one.area_name} {one.area_code}".strip() for one in read]),
                ("other_crs", [one.crs for one in read]),
                (
                    "other_standard",
                    [f"{one.norm.standard.name} {one.norm.standard.edition}" if one.norm else "" for one in read],
                ),
                ("other_profile", [(one.norm.profile.name if one.norm else "") or "—" for one in read]),
                ("other_base_year", [str(one.base_year or "—") for one in read]),
            )
            if len(set(values)) > 1
        ],
        *[
            ("other_setting", {"setting": texts.get_setting_name(key), "key": key, "values": join(key)})
            for key in keys[:_MAX_SETTINGS]
        ],
        *([("more_settings", {"count": len(keys) - _MAX_SETTINGS})] if len(keys) > _MAX_SETTINGS else []),
        *[("unread_edition", {"edition": one.label, "reason": one.problem}) for one in columns if not one.is_read],
    ]
    for one in read:
        failed = one.list_failed_indicators(texts.lang)
        if failed:
            notes.append(
                ("failed_indicators", {"edition": one.label, "count": len(failed), "names": comma.join(failed)})
            )
    return notes


def _join(read: list[EditionFigures], values: list[str], texts: Texts) -> str:
    """Return values with the editions that have them: 2021, 2022: EPSG:4526; 2023: EPSG:4527."""
    labels: dict[str, list[str]] = {}
    for one, value in zip(read, values, strict=True):
        labels.setdefault(value, []).append(one.label)
    comma = texts.get("words", "between_names")
    return texts.get("evaluation", "between_values").join(
        texts.get("evaluation", "value_of", editions=comma.join(names), value=value) for value, names in labels.items()
    )


def list_series_differences(series: IndicatorSeries, columns: list[EditionFigures], texts: Texts) -> list[str]:
    """Return sentences on what differs between the values of a series: basis, definition, layer, certainty."""
    known = [(column, one) for column, one in zip(columns, series.points, strict=True) if one.value is not None]
    read = [column for column, _ in known]
    sentences: list[str] = []
    report_texts = ReportTexts(texts.lang)
    # A ratio has the bases of numerator and denominator.
    bases = [
        " ÷ ".join(report_texts.get_text_or_key("basis", part) for part in one.basis.split("/") if part) or "—"
        for _, one in known
    ]
    sentences += [
        texts.get("evaluation", key, values=_join(read, values, texts))
        for key, values in (
            ("basis_differs", bases),
            ("layer_differs", [one.layer or "—" for _, one in known]),
        )
        if len(set(values)) > 1
    ]
    if len({one.definition for _, one in known}) > 1:
        sentences.append(texts.get("evaluation", "definition_differs"))
    uncertain = [column.label for column, one in known if not one.confirmed]
    if uncertain:
        sentences.append(
            texts.get(
                "evaluation",
                "value_unconfirmed",
                editions=texts.get("evaluation", "all_editions")
                if 1 < len(uncertain) == len(known)
                else texts.get("words", "between_names").join(uncertain),
            )
        )
    return sentences
