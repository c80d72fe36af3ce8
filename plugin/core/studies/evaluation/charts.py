# SPDX-License-Identifier: GPL-2.0-or-later
"""Small charts of series: a line over the years, the target as a dashed line; readable without colour.

As SVG, with attributes that Qt, Word and browsers draw alike; and as charts that Excel and Word draw themselves, each
from figures next to it. There a missing value is a gap, and a value that cannot be compared begins a new line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from openpyxl.chart import LineChart, Reference, Series
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from ...render.map_shapes import draw_text, make_svg, measure_text
from ...render.tables.report_table import (
    HEAD_FILL,
    WORKBOOK_FONT,
    apply_cell_style,
    set_cell_value,
    set_up_printing,
    write_merged_text_line,
    write_title_line,
)
from ...standard.messages.texts import Texts, format_number
from .evaluated_editions import EVALUATION_SECTION, EditionFigures, Evaluation, IndicatorSeries, Level
from .evaluation_tables import describe_level, format_target_value
from .series import compute_change

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


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
#: Size of a chart (cm), rows of the sheet that it covers, charts in a row of the sheet.
_WIDTH_CM, _HEIGHT_CM, _ROWS, _IN_A_ROW = 8.8, 5.2, 11, 2
#: Widths of the columns (characters): name, unit, value.
_NAME_WIDTH, _UNIT_WIDTH, _VALUE_WIDTH = 36, 12, 12
_CM_PER_CHARACTER = 0.19
#: Share of the range of values that stays free above and below them.
_LINE_EMU, _HEADING_ROWS = 22_000, 3
#: Letters of a title and of an axis (hundredths of a point); steps of an axis about, and factors of round ones.
_TITLE_SIZE, _LABEL_SIZE, _STEPS, _ROUND_FACTORS = 1000, 900, 4, (1.0, 2.0, 5.0, 10.0)
#: Scale of the printed sheet, with the characters and the rows of charts that a page of A4 then has, also where a
#: program takes another font, with wider columns.
_SCALE_PERCENT, _CHARACTERS_ON_A_PAGE, _ROWS_ON_A_PAGE = 70, 104, 5


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
    years = [one.edition.year for one in result.editions]
    places = [float(year) for year in years] if len(set(years)) == len(years) else [float(n) for n in range(len(years))]
    span = places[-1] - places[0]
    room = WIDTH_PX - _LEFT - _RIGHT - 40.0
    xs = [_LEFT + 20.0 + room * ((place - places[0]) / span if span else 0.5) for place in places]
    values = [one.value for one in series.points if one.value is not None]
    if series.target is not None:
        values.append(series.target.value)
    low, high = min(values), max(values)
    padding = (high - low) * _PADDING_SHARE or abs(high) * 0.05 or 1.0
    frame = _Frame(xs, low - padding, high + padding)
    unit = texts.get("unit_names", series.unit)
    size = min(_TITLE_PX, _TITLE_PX * _MAX_TITLE_PX / max(measure_text(series.name, _TITLE_PX, 0.56 * _TITLE_PX), 1.0))
    sign, colour = _LEVEL_SIGNS[series.level]
    pieces = [
        f'<rect width="{WIDTH_PX:.0f}" height="{HEIGHT_PX:.0f}" fill="#FFFFFF"/>',
        draw_text(series.name, 8.0, 18.0, size, _BLACK, anchor="start", bold=True),
        draw_text(texts.get("evaluation", "chart_unit", unit=unit), 8.0, 33.0, _TEXT_PX, _GREY, anchor="start"),
        draw_text(
            f"{sign} {describe_level(series, texts)}", WIDTH_PX - 8.0, 18.0, _TEXT_PX, colour, anchor="end", bold=True
        ),
    ]
    base = HEIGHT_PX - _BOTTOM
    pieces += [
        (
            f'<path d="M{_LEFT - 6:.1f},{base:.1f}H{WIDTH_PX - _RIGHT + 6:.1f}" stroke="{_BLACK}" stroke-width="1" '
            'fill="none"/>'
        ),
        *_draw_target(series, frame, texts),
        *_draw_years(series, result.editions, frame),
        # Only neighbouring values that can be compared are joined.
        *[
            (
                f'<path d="M{frame.xs[n]:.1f},{frame.get_y(before.value):.1f}L{frame.xs[n + 1]:.1f},'
                f'{frame.get_y(after.value):.1f}" stroke="{_LINE_COLOUR}" stroke-width="2" fill="none"/>'
            )
            for n, (before, after) in enumerate(pairwise(series.points))
            if before.value is not None
            and after.value is not None
            and not compute_change(before, after, series.unit).obstacle
        ],
        *_draw_values(series, frame),
        (
            f'<rect x="0.5" y="0.5" width="{WIDTH_PX - 1:.0f}" height="{HEIGHT_PX - 1:.0f}" fill="none" '
            'stroke="#B0B0B0" stroke-width="1"/>'
        ),
    ]
    return make_svg(WIDTH_PX, HEIGHT_PX, pieces)


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
    return texts.get(
        "evaluation",
        "target" if target.year is None else "target_of_year",
        target=format_target_value(target),
        year=target.year,
    )


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
        if middle - half >= last_end + 2:
            # The number is not written across the target's line.
            is_above = target_y is None or not y - 20.0 < target_y <= y
            yield draw_text(text, middle, y - 8.0 if is_above else y + 16.0, _VALUE_PX, _BLACK)
            last_end = middle + half


class ChartLine(NamedTuple):
    """A line of a chart: ``values`` by edition, None for a gap; ``is_target`` for the dashed line of the target."""

    name: str
    values: list[float | None]
    is_target: bool = False


def list_chart_lines(series: IndicatorSeries, result: Evaluation, texts: Texts) -> list[ChartLine]:
    """Return the lines of a series, one for each run of comparable values, and that of the target."""
    lines: list[ChartLine] = []
    known = None
    for place, point in enumerate(series.points):
        if point.value is not None:
            if known is None or compute_change(known, point, series.unit).obstacle:
                lines.append(ChartLine(series.name, [None] * len(series.points)))
            lines[-1].values[place] = point.value
            known = point
    target = series.target
    if target is not None:
        lines.append(ChartLine(describe_target(series, texts), [target.value] * len(result.editions), is_target=True))
    return lines


def _place_charts(sheet: Worksheet, charts: list[LineChart], first_row: int, width: int) -> None:
    """Add charts from a row on, below a table of ``width`` columns, and set up the pages."""
    from openpyxl.worksheet.pagebreak import Break

    # The second chart of a row begins right of the first one: the name column is as wide as two others.
    for number, chart in enumerate(charts):
        letter = "A" if number % _IN_A_ROW == 0 else "C"
        sheet.add_chart(chart, f"{letter}{first_row + number // _IN_A_ROW * _ROWS}")
    last_row = first_row + -(-len(charts) // _IN_A_ROW) * _ROWS
    print_width = max(width, 2 + math.ceil(_WIDTH_CM / _CM_PER_CHARACTER / _VALUE_WIDTH))
    for column in range(width + 1, print_width + 1):
        sheet.column_dimensions[get_column_letter(column)].width = _VALUE_WIDTH
    set_up_printing(sheet, last_row, print_width, is_landscape=False, heading_rows=_HEADING_ROWS)
    # Excel ignores page breaks in a sheet that is fitted to pages; a chart would be divided between two.
    sheet.sheet_properties.pageSetUpPr.fitToPage = False
    characters = _NAME_WIDTH + _UNIT_WIDTH + _VALUE_WIDTH * (print_width - 2)
    sheet.page_setup.scale = min(_SCALE_PERCENT, _SCALE_PERCENT * _CHARACTERS_ON_A_PAGE // characters)
    for first in range(first_row, last_row, _ROWS_ON_A_PAGE * _ROWS):
        sheet.row_breaks.append(Break(id=first - 1))


def add_chart_sheet(book: Workbook, result: Evaluation, texts: Texts) -> None:
    """Add a sheet with the figures of all series and a line chart of each."""
    if not result.shown_series:
        return
    sheet = book.create_sheet(texts.get(EVALUATION_SECTION, "charts"), 1)
    labels = [one.label for one in result.editions]
    width = 2 + len(labels)
    write_title_line(
        sheet,
        width,
        texts.get("sheet_titles", "evaluation_charts", area=result.area_name),
        _NAME_WIDTH + _UNIT_WIDTH + _VALUE_WIDTH * len(labels),
    )
    write_merged_text_line(sheet, 2, width, "", Font(WORKBOOK_FONT, size=10), "right", 8)
    styles: dict[Any, Any] = {}
    for column, head in enumerate([texts.get("columns", "indicator"), texts.get("columns", "unit"), *labels], 1):
        sheet.column_dimensions[get_column_letter(column)].width = (
            _NAME_WIDTH if column == 1 else _UNIT_WIDTH if column == 2 else _VALUE_WIDTH
        )
        set_cell_value(sheet.cell(_HEADING_ROWS, column), head)
        apply_cell_style(sheet.cell(_HEADING_ROWS, column), styles, "center", wrap=True, bold=True, fill=HEAD_FILL)
    row = _HEADING_ROWS
    charts: list[LineChart] = []
    categories = Reference(sheet, min_col=3, max_col=width, min_row=_HEADING_ROWS)
    for series in result.shown_series:
        lines = list_chart_lines(series, result, texts)
        chart = _make_chart(series, lines, texts)
        for line in lines:
            row += 1
            number_format = _make_number_format(series.decimals)
            cells: list[str | float | None] = [line.name, texts.get("unit_names", series.unit), *line.values]
            for column, content in enumerate(cells, 1):
                cell = sheet.cell(row, column)
                set_cell_value(cell, content)
                is_value = column > 2
                apply_cell_style(
                    cell, styles, "right" if is_value else "left" if column == 1 else "center", wrap=not is_value,
                    indent=int(line.is_target and column == 1), bold=False, fill="",
                    number_format=number_format if is_value else "",
                )  # fmt: skip
            chart.series.append(
                _style_line(Series(Reference(sheet, min_col=3, max_col=width, min_row=row), title=line.name), line)
            )
        chart.set_categories(categories)
        charts.append(chart)
    note_row = row + 1
    write_merged_text_line(
        sheet,
        note_row,
        width,
        texts.get(EVALUATION_SECTION, "native_charts_note"),
        Font(WORKBOOK_FONT, size=9),
        "left",
        28,
    )
    _place_charts(sheet, charts, note_row + 2, width)


def make_chart_xml(series: IndicatorSeries, result: Evaluation, texts: Texts) -> bytes:
    """Return a line chart of a series with its figures as a part of a Word file; empty without openpyxl."""
    try:
        from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumVal, StrData, StrVal
        from openpyxl.chart.label import DataLabelList
        from openpyxl.chart.series import Series, SeriesLabel
        from openpyxl.xml.functions import tostring
    except ImportError:
        return b""
    # Labels show the digits of the table, also in programs that ignore their format.
    lines = [
        one._replace(values=[None if value is None else round(value, series.decimals) for value in one.values])
        for one in list_chart_lines(series, result, texts)
    ]
    chart = _make_chart(series, lines, texts)
    number_format = _make_number_format(series.decimals)
    years = [one.edition.year for one in result.editions]
    # A name of an edition would leave the chart no room, where the year alone identifies it.
    labels = [str(one.edition.year) if years.count(one.edition.year) == 1 else one.label for one in result.editions]
    names = StrData(ptCount=len(labels), pt=[StrVal(idx=n, v=label) for n, label in enumerate(labels)])
    for number, line in enumerate(lines):
        figures = NumData(
            formatCode=number_format,
            ptCount=len(labels),
            pt=[NumVal(idx=n, v=repr(value)) for n, value in enumerate(line.values) if value is not None],
        )
        drawn = Series(idx=number, order=number, tx=SeriesLabel(v=line.name))
        drawn.cat, drawn.val = AxDataSource(strLit=names), NumDataSource(numLit=figures)
        if not line.is_target:
            drawn.dLbls = DataLabelList(showVal=True, dLblPos="t", numFmt=number_format)
            drawn.dLbls.showSerName = drawn.dLbls.showCatName = drawn.dLbls.showLegendKey = False
        chart.series.append(_style_line(drawn, line))
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + tostring(chart._write())


def _make_chart(series: IndicatorSeries, lines: list[ChartLine], texts: Texts) -> LineChart:
    """Return a chart without lines: title, size, axes and the range of values."""
    from openpyxl.chart.text import RichText, Text
    from openpyxl.chart.title import Title
    from openpyxl.drawing.text import (
        CharacterProperties,
        Paragraph,
        ParagraphProperties,
        RegularTextRun,
        RichTextProperties,
    )

    chart = LineChart()
    run = RegularTextRun(
        rPr=CharacterProperties(sz=_TITLE_SIZE, b=True),
        t=texts.get(
            EVALUATION_SECTION, "native_chart_title", name=series.name, unit=texts.get("unit_names", series.unit)
        ),
    )
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=run.rPr), r=[run])
    chart.title = Title(tx=Text(rich=RichText(p=[paragraph])), overlay=False)
    chart.width, chart.height = _WIDTH_CM, _HEIGHT_CM
    chart.legend, chart.display_blanks = None, "gap"
    known = [value for line in lines for value in line.values if value is not None]
    low, high, step = choose_scale(min(known), max(known))
    chart.y_axis.scaling.min, chart.y_axis.scaling.max, chart.y_axis.majorUnit = low, high, step
    # Values that differ little need more decimals at the axis than in the table.
    chart.y_axis.number_format = _make_number_format(max(series.decimals, -math.floor(math.log10(step) + 1e-9)))
    chart.y_axis.majorGridlines = None
    # Labels of an axis that are turned leave no room for the lines.
    letters = CharacterProperties(sz=_LABEL_SIZE)
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=letters), endParaRPr=letters)
    chart.x_axis.txPr = RichText(bodyPr=RichTextProperties(rot=0, vert="horz"), p=[paragraph])
    # openpyxl leaves out the axes by default since 3.1.
    chart.x_axis.delete = chart.y_axis.delete = False
    return chart


def _make_number_format(decimals: int) -> str:
    """Return Excel's format of numbers with so many decimals."""
    return "#,##0" + (f".{'0' * decimals}" if decimals else "")


def choose_scale(low: float, high: float) -> tuple[float, float, float]:
    """Return lower end, upper end and step of an axis with room around the values, all of them round numbers.

    Zero bounds the axis of values of one sign: a negative area would mean nothing.
    """
    padding = (high - low) * _PADDING_SHARE or abs(high) * 0.05 or 1.0
    rough = (high - low + 2 * padding) / _STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor for factor in _ROUND_FACTORS if factor * power >= rough * (1 - 1e-9)) * power
    # Rounded once more: multiples of 0.1 are not exact.
    low_end, high_end = math.floor((low - padding) / step) * step, math.ceil((high + padding) / step) * step
    low_end = max(low_end, 0.0) if low >= 0 else low_end
    high_end = min(high_end, 0.0) if high <= 0 and low < 0 else high_end
    return round(low_end, 9), round(high_end, 9), step


def _style_line(line: Any, content: ChartLine) -> Any:
    """Return a line with colour and marks; the target is dashed, without marks."""
    line.smooth = False
    properties = line.graphicalProperties
    properties.line.solidFill = (_TARGET_COLOUR if content.is_target else _LINE_COLOUR)[1:]
    properties.line.width = _LINE_EMU
    if content.is_target:
        properties.line.dashStyle = "dash"
        line.marker.symbol = "none"
    else:
        line.marker.symbol, line.marker.size = "circle", 6
        line.marker.graphicalProperties.solidFill = _LINE_COLOUR[1:]
        line.marker.graphicalProperties.line.solidFill = _LINE_COLOUR[1:]
    return line
