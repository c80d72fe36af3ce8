# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes, targets and early warnings of series with figures worked by hand."""

import itertools
from types import SimpleNamespace

import pytest

from plugin.core.evaluation.levels import judge_series
from plugin.core.evaluation.model import (
    Change,
    Edition,
    EditionFigures,
    EvaluationSettings,
    IndicatorSeries,
    Level,
    SeriesPoint,
    Target,
)
from plugin.core.evaluation.series import compute_change
from plugin.core.model.indicator import compare_with_target

SETTINGS = EvaluationSettings(
    margin_share=0.02, adverse_share=0.005, steep_share=0.2, steep_points=5.0, trend_min_editions=3
)


def change(before, after, unit="km2", **given):
    """Return the change between two values, with the basis of the later one on request."""
    return compute_change(SeriesPoint(before), SeriesPoint(after, **given), unit)


@pytest.mark.parametrize(
    ("before", "after", "unit", "value", "share"),
    [
        (80.0, 100.0, "km2", 20.0, 0.25),
        (80.0, 0.0, "km2", -80.0, -1.0),
        (0.0, 5.0, "km2", 5.0, None),
        (-2.0, 3.0, "ratio", 5.0, None),
        (-4.0, -3.0, "ratio", 1.0, 0.25),
        (40.0, 42.0, "share", 2.0, None),
        (0.1 + 0.2, 0.3, "ha", 0.0, 0.0),
    ],
)
def test_changes_worked_by_hand(before, after, unit, value, share):
    assert change(before, after, unit) == Change(value, pytest.approx(share) if share is not None else None)


def test_a_change_without_comparable_values_states_the_obstacle():
    assert change(None, 1.0).obstacle == "earlier_unknown"
    assert change(1.0, None).obstacle == "later_unknown"
    assert change(1.0, 2.0, basis="net").obstacle == "other_basis"
    assert change(1.0, 2.0, definition=("share",)).obstacle == "other_definition"
    assert change(1.0, 2.0, basis="net").value is None


def judge(values, target=None, *, years=None, comparison="", unit="km2", confirmed=False):
    """Return a judged series of yearly values; None: no value. ``confirmed``: the thresholds are confirmed."""
    years = years or range(2020, 2020 + len(values))
    columns = [EditionFigures(Edition(year, "a.gpkg"), str(year)) for year in years]
    half = 0.005
    points = [
        SeriesPoint(
            one,
            state=compare_with_target(one, target.comparison, target.value, allowance=half) if target and one else "",
        )
        for one in values
    ]
    series = IndicatorSeries("x", "x", "", unit, target.comparison if target else comparison, points, target)
    series.changes = [Change(), *(compute_change(a, b, unit) for a, b in itertools.pairwise(points))]
    judge_series(series, columns, SETTINGS, SimpleNamespace(is_confirmed=lambda key: confirmed))
    return series


def keys(series):
    return [one.key for one in series.warnings]


def test_a_missed_target_is_an_alert_if_binding_and_needs_no_threshold():
    floor = Target(">=", 100.0, 2, "规划", 2035)
    missed = judge([101.0, 99.0], floor)
    assert (missed.level, missed.is_unconfirmed) == (Level.ALERT, False)
    assert keys(missed) == ["missed", "adverse"]
    expected = judge([101.0, 99.0], Target(">=", 100.0, 2, "规划", 2035, must_be_met=False))
    assert expected.level is Level.WATCH
    assert keys(judge([101.0, 99.996], floor))[0] == "rounding"
    assert keys(judge([16.0, 17.0], Target("<=", 16.46, 2, "规划", 2035)))[0] == "exceeded"
    assert keys(judge([8.0], Target("=", 7.0, 0, "规划", 2035))) == ["differs"]


def test_margin_change_and_trend_are_watched_at_their_thresholds():
    floor = Target(">=", 100.0, 2, "规划", 2035)
    # 2% of 100: a margin of 2 is not below it, 1.9 is.
    assert judge([102.0, 102.0], floor).level is Level.NORMAL
    assert keys(judge([101.9, 101.9], floor)) == ["margin"]
    # 0.5% of 120 is 0.6.
    assert judge([120.0, 119.4], floor).level is Level.NORMAL
    assert keys(judge([120.0, 119.3], floor)) == ["adverse"]
    assert keys(judge([100.0, 121.0])) == ["steep"] and keys(judge([100.0, 120.0])) == []
    assert keys(judge([40.0, 45.5], unit="share")) == ["steep_points"]
    # From 120 to 119 in 2 years: −0.5 a year, 11 years to 2033 give 113.5; from 120 to 116: −2 a year give 94.
    held = Target(">=", 100.0, 2, "规划", 2033)
    assert keys(judge([120.0, 119.5, 119.0], held)) == []
    trend = judge([120.0, 116.4, 116.0], held)
    assert keys(trend) == ["trend"]
    assert trend.warnings[0].params["projected"] == pytest.approx(94.0)
    assert trend.warnings[0].params["yearly"] == pytest.approx(-2.0)
    assert keys(judge([120.0, 116.0], held, years=(2020, 2022))) == ["adverse"], "two editions give no projection"


def test_the_star_depends_on_the_confirmation_of_the_thresholds():
    floor = Target(">=", 100.0, 2, "规划", 2035)
    assert (
        judge([101.0, 101.0], floor).is_unconfirmed and not judge([101.0, 101.0], floor, confirmed=True).is_unconfirmed
    )
    assert judge([120.0, 120.0], floor).is_unconfirmed


def test_without_value_or_without_target_and_change_nothing_is_judged():
    floor = Target(">=", 100.0, 2, "规划", 2035)
    assert judge([120.0, None], floor).level is Level.UNDETERMINED
    assert judge([120.0]).level is Level.UNDETERMINED
    assert judge([None, 120.0]).level is Level.UNDETERMINED
    assert judge([120.0], floor).level is Level.NORMAL
