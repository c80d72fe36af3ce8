# SPDX-License-Identifier: GPL-2.0-or-later
"""Line charts of series that Excel and Word draw themselves, each from figures next to it.

A missing value is a gap. Values that cannot be compared with their neighbour begin a new line.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ...render.tables.workbook import (
    HEAD_FILL,
    WORKBOOK_FONT,
    apply_cell_style,
    set_cell_value,
    set_up_printing,
    write_merged_text_line,
    write_title_line,
)
from ...standard.messages.texts import Texts
from .charts import describe_target
from .evaluated_editions import EVALUATION_SECTION, Evaluation, IndicatorSeries
from .series import compute_change

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.chart import LineChart
    from openpyxl.worksheet.worksheet import Worksheet

_LINE_COLOUR, _TARGET_COLOUR = "005A9C", "B35C00"
#: Size of a chart (cm), rows of the sheet that it covers, charts in a row of the sheet.
_WIDTH_CM, _HEIGHT_CM, _ROWS, _IN_A_ROW = 8.8, 5.2, 11, 2
#: Widths of the columns (characters): name, unit, value.
_NAME_WIDTH, _UNIT_WIDTH, _VALUE_WIDTH = 36, 12, 12
_CM_PER_CHARACTER = 0.19
#: Share of the range of values that stays free above and below them.
_PADDING_SHARE = 0.18
_LINE_EMU, _HEADING_ROWS = 22_000, 3
#: Letters of a title and of an axis (hundredths of a point); steps of an axis about, and factors of round ones.
_TITLE_SIZE, _LABEL_SIZE, _STEPS, _ROUND_FACTORS = 1000, 900, 4, (1.0, 2.0, 5.0, 10.0)
#: Scale of the printed sheet, with the characters and the rows of charts that a page of A4 then has, also where a
#: program takes another font, with wider columns.
_SCALE_PERCENT, _CHARACTERS_ON_A_PAGE, _ROWS_ON_A_PAGE = 70, 104, 5


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
        if point.value is None:
            continue
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
    from openpyxl.utils import get_column_letter
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
    from openpyxl.chart import Reference, Series
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    if not result.shown_series:
        return
    sheet = book.create_sheet(texts.get(EVALUATION_SECTION, "charts"), 1)
    labels = [one.label for one in result.editions]
    width = 2 + len(labels)
    title = texts.get("sheet_titles", "evaluation_charts", area=result.area_name)
    characters = _NAME_WIDTH + _UNIT_WIDTH + _VALUE_WIDTH * len(labels)
    write_title_line(sheet, width, title, characters)
    write_merged_text_line(sheet, 2, width, "", Font(WORKBOOK_FONT, size=10), "right", 8)
    styles: dict[Any, Any] = {}
    heads = [texts.get("columns", "indicator"), texts.get("columns", "unit"), *labels]
    for column, head in enumerate(heads, 1):
        column_width = _NAME_WIDTH if column == 1 else _UNIT_WIDTH if column == 2 else _VALUE_WIDTH
        sheet.column_dimensions[get_column_letter(column)].width = column_width
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
                side = "right" if is_value else "left" if column == 1 else "center"
                apply_cell_style(
                    cell, styles, side, wrap=not is_value, indent=int(line.is_target and column == 1), bold=False,
                    fill="", number_format=number_format if is_value else "",
                )  # fmt: skip
            values = Reference(sheet, min_col=3, max_col=width, min_row=row)
            chart.series.append(_style_line(Series(values, title=line.name), line))
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
        points = [NumVal(idx=n, v=repr(value)) for n, value in enumerate(line.values) if value is not None]
        figures = NumData(formatCode=number_format, ptCount=len(labels), pt=points)
        drawn = Series(idx=number, order=number, tx=SeriesLabel(v=line.name))
        drawn.cat, drawn.val = AxDataSource(strLit=names), NumDataSource(numLit=figures)
        if not line.is_target:
            drawn.dLbls = DataLabelList(showVal=True, dLblPos="t", numFmt=number_format)
            drawn.dLbls.showSerName = drawn.dLbls.showCatName = drawn.dLbls.showLegendKey = False
        chart.series.append(_style_line(drawn, line))
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + tostring(chart._write())


def _make_chart(series: IndicatorSeries, lines: list[ChartLine], texts: Texts) -> LineChart:
    """Return a chart without lines: title, size, axes and the range of values."""
    from openpyxl.chart import LineChart
    from openpyxl.chart.text import RichText
    from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RichTextProperties

    chart = LineChart()
    chart.title = _make_title(
        texts.get(EVALUATION_SECTION, "native_chart_title", name=series.name, unit=texts.get("unit_names", series.unit))
    )
    chart.width, chart.height = _WIDTH_CM, _HEIGHT_CM
    chart.legend, chart.display_blanks = None, "gap"
    known = [value for line in lines for value in line.values if value is not None]
    low, high, step = choose_scale(min(known), max(known))
    chart.y_axis.scaling.min, chart.y_axis.scaling.max, chart.y_axis.majorUnit = low, high, step
    # Values that differ little need more decimals at the axis than in the table.
    decimals = max(series.decimals, -math.floor(math.log10(step) + 1e-9))
    chart.y_axis.number_format = _make_number_format(decimals)
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


def _make_title(text: str) -> Any:
    """Return the title of a chart in small bold letters."""
    from openpyxl.chart.text import RichText, Text
    from openpyxl.chart.title import Title
    from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RegularTextRun

    letters = CharacterProperties(sz=_TITLE_SIZE, b=True)
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=letters), r=[RegularTextRun(rPr=letters, t=text)])
    return Title(tx=Text(rich=RichText(p=[paragraph])), overlay=False)


def _style_line(line: Any, content: ChartLine) -> Any:
    """Return a line with colour and marks; the target is dashed, without marks."""
    line.smooth = False
    properties = line.graphicalProperties
    properties.line.solidFill = _TARGET_COLOUR if content.is_target else _LINE_COLOUR
    properties.line.width = _LINE_EMU
    if content.is_target:
        properties.line.dashStyle = "dash"
        line.marker.symbol = "none"
    else:
        line.marker.symbol, line.marker.size = "circle", 6
        line.marker.graphicalProperties.solidFill = _LINE_COLOUR
        line.marker.graphicalProperties.line.solidFill = _LINE_COLOUR
    return line
