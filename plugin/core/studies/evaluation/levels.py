# SPDX-License-Identifier: GPL-2.0-or-later
"""Early warnings (预警) on a series: the target, the margin, the change, and the projection to the target year."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...model.indicator import (
    LITTLE_MARGIN_LEFT,
    MISSED_BY_ROUNDING,
    TARGET_MISSED,
    UNCONFIRMED_STATE,
    compare_with_target,
    compute_margin,
)
from .evaluated_editions import (
    EVALUATION_SECTION,
    EarlyWarning,
    EditionFigures,
    EvaluationSettings,
    IndicatorSeries,
    Level,
)
from .series import PERCENT_UNIT, compute_change

if TYPE_CHECKING:
    from ...standard.profile import Norm

#: Levels from the gravest on.
LEVELS = (Level.ALERT, Level.WATCH, Level.UNDETERMINED, Level.NORMAL)
_PERCENT = 100.0
#: Text key of a missed target by its comparison.
_MISSED_KEYS = {">=": "missed", "<=": "exceeded", "=": "differs"}


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
        level = Level.ALERT if target.must_be_met else Level.WATCH
        yield EarlyWarning(level, _MISSED_KEYS[target.comparison])
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
    first, year = usable[0], columns[last].edition.year
    first_value, years = series.points[first].value, year - columns[usable[0]].edition.year
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
        params = {
            "first": columns[first].edition.year,
            "last": year,
            "yearly": yearly,
            "year": target.year,
            "projected": projected,
        }
        yield EarlyWarning(Level.WATCH, "trend", params, f"{EVALUATION_SECTION}.trend_min_editions")
