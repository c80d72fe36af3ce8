# SPDX-License-Identifier: GPL-2.0-or-later
"""Small charts of series as SVG: a line over the years, the target as a dashed line; readable without colour.

Attributes are those that Qt, Word and browsers draw alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from ...render.map_shapes import draw_text, make_svg, measure_text
from ...standard.messages.numbers import format_number
from ...standard.messages.texts import Texts
from .evaluated_editions import EditionFigures, Evaluation, IndicatorSeries, Level
from .evaluation_tables import describe_level, format_target_value
from .series import compute_change

#: Size of a chart (px) and its width in a document (mm).
WIDTH_PX, HEIGHT_PX, CHART_MM = 330.0, 150.0, 84.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 16.0, 14.0, 50.0, 24.0
_LINE_COLOUR, _TARGET_COLOUR, _GREY, _BLACK = "#005A9C", "#B35C00", "#666666", "#000000"
#: Sign before the level, so that it does not depend on the colour.
_LEVEL_SIGNS = {
    Level.ALERT: ("×", "#D50058"),
    Level.WATCH: ("▲", "#B35C00"),
    Level.UNDETERMINED: ("？", "#444444"),
    Level.NORMAL: ("√", "#00694E"),
}
#: Share of the range of values that stays free above and below them.
_PADDING_SHARE = 0.18
#: Up to this number of editions every value is written, else the first, the last, the smallest and the largest.
_MAX_LABELLED = 6
_TITLE_PX, _TEXT_PX, _VALUE_PX, _MAX_TITLE_PX = 13.0, 11.0, 10.5, 250.0


class _Frame(NamedTuple):
    """Places of editions and values on a chart (px); ``low``, ``high``: values at its lower and upper edge."""

    xs: list[float]
    low: float
    high: float

    def get_y(self, value: float) -> float:
        """Return the height of a value on the chart."""
        return HEIGHT_PX - _BOTTOM - ((value - self.low) / (self.high - self.low)) * (HEIGHT_PX - _TOP - _BOTTOM)


def draw_chart(series: IndicatorSeries, result: Evaluation) -> str:
    """Return the chart of a series as SVG.

    Neighbouring values are joined by a line only if they can be compared; an edition without a value has an open mark
    on the axis. The scale does not begin at zero.
    """
    texts = Texts(result.lang)
    frame = _make_frame(series, result.editions)
    pieces = [
        f'<rect width="{WIDTH_PX:.0f}" height="{HEIGHT_PX:.0f}" fill="#FFFFFF"/>',
        *_draw_heading(series, texts),
    ]
    base = HEIGHT_PX - _BOTTOM
    pieces += [
        (
            f'<path d="M{_LEFT - 6:.1f},{base:.1f}H{WIDTH_PX - _RIGHT + 6:.1f}" stroke="{_BLACK}" stroke-width="1" '
            'fill="none"/>'
        ),
        *_draw_target(series, frame, texts),
        *_draw_years(series, result.editions, frame),
        *_draw_line(series, frame),
        *_draw_values(series, frame),
        (
            f'<rect x="0.5" y="0.5" width="{WIDTH_PX - 1:.0f}" height="{HEIGHT_PX - 1:.0f}" fill="none" '
            'stroke="#B0B0B0" stroke-width="1"/>'
        ),
    ]
    return make_svg(WIDTH_PX, HEIGHT_PX, pieces)


def _make_frame(series: IndicatorSeries, editions: list[EditionFigures]) -> _Frame:
    """Return the places of editions, by year unless a year repeats, and the range of values and target."""
    years = [one.edition.year for one in editions]
    places = [float(year) for year in years] if len(set(years)) == len(years) else [float(n) for n in range(len(years))]
    span = places[-1] - places[0]
    room = WIDTH_PX - _LEFT - _RIGHT - 40.0
    xs = [_LEFT + 20.0 + room * ((place - places[0]) / span if span else 0.5) for place in places]
    values = [one.value for one in series.points if one.value is not None]
    if series.target is not None:
        values.append(series.target.value)
    low, high = min(values), max(values)
    padding = (high - low) * _PADDING_SHARE or abs(high) * 0.05 or 1.0
    return _Frame(xs, low - padding, high + padding)


def _draw_heading(series: IndicatorSeries, texts: Texts) -> Iterator[str]:
    """Yield name and unit of the indicator, and its level with a sign."""
    unit = texts.get("unit_names", series.unit)
    size = min(_TITLE_PX, _TITLE_PX * _MAX_TITLE_PX / max(measure_text(series.name, _TITLE_PX, 0.56 * _TITLE_PX), 1.0))
    yield from (
        draw_text(series.name, 8.0, 18.0, size, _BLACK, anchor="start", bold=True),
        draw_text(texts.get("evaluation", "chart_unit", unit=unit), 8.0, 33.0, _TEXT_PX, _GREY, anchor="start"),
    )
    sign, colour = _LEVEL_SIGNS[series.level]
    yield draw_text(
        f"{sign} {describe_level(series, texts)}", WIDTH_PX - 8.0, 18.0, _TEXT_PX, colour, anchor="end", bold=True
    )


def _draw_target(series: IndicatorSeries, frame: _Frame, texts: Texts) -> Iterator[str]:
    """Yield the target as a dashed line, with its value in the heading."""
    target = series.target
    if target is None:
        return
    y = frame.get_y(target.value)
    yield (
        f'<path d="M{_LEFT - 6:.1f},{y:.1f}H{WIDTH_PX - _RIGHT + 6:.1f}" stroke="{_TARGET_COLOUR}" stroke-width="1.4" '
        'stroke-dasharray="6 4" fill="none"/>'
    )
    label = describe_target(series, texts)
    right, width = WIDTH_PX - 8.0, measure_text(label, _TEXT_PX, 0.56 * _TEXT_PX)
    yield from (
        (
            f'<path d="M{right - width - 30:.1f},29.0h24" stroke="{_TARGET_COLOUR}" stroke-width="1.4" '
            'stroke-dasharray="6 3" fill="none"/>'
        ),
        draw_text(label, right, 33.0, _TEXT_PX, _TARGET_COLOUR, anchor="end"),
    )


def describe_target(series: IndicatorSeries, texts: Texts) -> str:
    """Return the target with its sign and year: 目标 ≥ 73.39（2035年）; empty without a target."""
    target = series.target
    if target is None:
        return ""
    key = "target" if target.year is None else "target_of_year"
    return texts.get("evaluation", key, target=format_target_value(target), year=target.year)


def _draw_years(series: IndicatorSeries, editions: list[EditionFigures], frame: _Frame) -> Iterator[str]:
    """Yield ticks and labels of the editions below the axis; one without a value has an open mark there."""
    base, last_end = HEIGHT_PX - _BOTTOM, -math.inf
    for x, column, point in zip(frame.xs, editions, series.points, strict=True):
        yield f'<path d="M{x:.1f},{base:.1f}v4" stroke="{_BLACK}" stroke-width="1" fill="none"/>'
        if point.value is None:
            yield (
                f'<path d="M{x - 4:.1f},{base - 11:.1f}l8,8m0,-8l-8,8" stroke="{_GREY}" stroke-width="1.4" '
                'fill="none"/>'
            )
        half = measure_text(column.label, _VALUE_PX, 0.56 * _VALUE_PX) / 2
        middle = min(max(x, half + 4.0), WIDTH_PX - half - 4.0)
        if middle - half > last_end + 3:
            yield draw_text(column.label, middle, base + 16.0, _VALUE_PX, _BLACK)
            last_end = middle + half


def _draw_line(series: IndicatorSeries, frame: _Frame) -> Iterator[str]:
    """Yield the lines between neighbouring values that can be compared."""
    for n in range(1, len(series.points)):
        before, after = series.points[n - 1], series.points[n]
        if before.value is None or after.value is None or compute_change(before, after, series.unit).obstacle:
            continue
        yield (
            f'<path d="M{frame.xs[n - 1]:.1f},{frame.get_y(before.value):.1f}L{frame.xs[n]:.1f},'
            f'{frame.get_y(after.value):.1f}" stroke="{_LINE_COLOUR}" stroke-width="2" fill="none"/>'
        )


def _draw_values(series: IndicatorSeries, frame: _Frame) -> Iterator[str]:
    """Yield a mark for each value, filled if the figure is confirmed, and the numbers that have room."""
    known = [(n, one.value, one.confirmed) for n, one in enumerate(series.points) if one.value is not None]
    values = [value for _, value, _ in known]
    chosen = {0, len(known) - 1, values.index(min(values)), values.index(max(values))} if known else set()
    target_y = frame.get_y(series.target.value) if series.target is not None else None
    last_end = -math.inf
    for place, (n, value, is_confirmed) in enumerate(known):
        x, y = frame.xs[n], frame.get_y(value)
        fill = _LINE_COLOUR if is_confirmed else "#FFFFFF"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="{fill}" stroke="{_LINE_COLOUR}" stroke-width="1.6"/>'
        if len(known) > _MAX_LABELLED and place not in chosen:
            continue
        text = format_number(value, series.decimals)
        half = measure_text(text, _VALUE_PX, 0.56 * _VALUE_PX) / 2
        middle = min(max(x, half + 4.0), WIDTH_PX - half - 4.0)
        if middle - half < last_end + 2:
            continue
        # The number is not written across the target's line.
        is_above = target_y is None or not y - 20.0 < target_y <= y
        height = y - 8.0 if is_above else y + 16.0
        yield draw_text(text, middle, height, _VALUE_PX, _BLACK)
        last_end = middle + half
