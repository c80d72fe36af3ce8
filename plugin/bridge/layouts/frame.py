# SPDX-License-Identifier: GPL-2.0-or-later
"""The empty print layout that tools/make_layouts.py saves to .qpt.

It has title, map, locator, legend, scale and title block (图签), in millimetres of A3, landscape; larger sizes are
enlarged. Texts are expressions with the layout's variables (``sanxian_…``), so that an edited layout of a planning
office works as well: only the ids of its items matter.
"""

from __future__ import annotations

import base64

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFillSymbol,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemMapGrid,
    QgsLayoutItemMapOverview,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutMeasurement,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLegendStyle,
    QgsLineSymbol,
    QgsPrintLayout,
    QgsProject,
    QgsTextFormat,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import QSizeF, Qt
from qgis.PyQt.QtGui import QColor, QFont

from ...core.standard.map_set import PageSize
from ...paths import ICONS_FOLDER

#: The font in the .qpt: that of a Windows with Chinese. An available font is chosen when a layout is filled.
LAYOUT_FONT = "Microsoft YaHei"
TEXT_COLOUR, SECONDARY_TEXT_COLOUR, FRAME_LINE_COLOUR = "#1A1A1A", "#555555", "#333333"
MILLIMETRES = Qgis.LayoutUnit.Millimeters
#: Item ids; an external layout needs `map`, the others are optional.
MAP_ITEM_ID, LOCATOR_ITEM_ID, LEGEND_ITEM_ID, LEGEND_FRAME_ITEM_ID, SCALE_BAR_ITEM_ID = (
    "map",
    "locator",
    "legend",
    "legend_frame",
    "scale_bar",
)
APPROVAL_ITEM_ID = "approval"
#: The width of the scale bar's box, in mm of A3.
SCALE_BAR_WIDTH_MM = 85.0
#: Labels with a single line, and those that may wrap.
ONE_LINE_LABELS = (
    "plan",
    "title",
    "number",
    "secrecy",
    "approval",
    "scale",
    "maker",
    "drawer",
    "date",
    "locator_title",
)
WRAPPED_LABELS = ("crs", "note")

_RIGHT_COLUMN_X, _RIGHT_COLUMN_WIDTH = 320.0, 91.0
_TITLE_EXPRESSION = "coalesce(@sanxian_county || @atlas_pagename || @sanxian_short, @sanxian_title)"
_LOCATOR_TITLE_EXPRESSION = "'位置示意' || if(coalesce(@sanxian_city, '') = '', '', '（' || @sanxian_city || '）')"
_SCALE_EXPRESSION = "'1:' || replace(format_number(map_get(item_variables('map'), 'map_scale'), 0, 'en'), ',', ' ')"
#: 图签: id, label, expression, height.
_TITLE_BLOCK_ROWS = (
    ("maker", "编制单位", "@sanxian_maker", 9.0),
    ("drawer", "制图单位", "@sanxian_drawer", 9.0),
    ("crs", "坐标系统", "@sanxian_crs", 11.0),
    ("date", "制图日期", "@sanxian_date", 9.0),
)


def make_layout_template(page_size: PageSize, project: QgsProject | None = None) -> QgsPrintLayout:
    """Return an empty layout of a page size; positions in mm."""
    layout = QgsPrintLayout(project or QgsProject.instance())
    layout.initializeDefaults()
    layout.setName(page_size.id)
    layout.renderContext().setDpi(300)
    page = layout.pageCollection().page(0)
    page.setPageSize(QgsLayoutSize(page_size.width, page_size.height, MILLIMETRES))
    pen = _LayoutItemWriter(layout, page_size.factor)
    pen.add_box("border", 6, 6, 408, 285, 0.8)
    pen.add_label("number", "[% '图号 ' || @sanxian_number %]", 9, 9, 60, 7, 11, "left")
    pen.add_label(
        "secrecy", "[% '密级：' || coalesce(nullif(@sanxian_secrecy, ''), '　　　　') %]", 351, 9, 60, 7, 11, "right"
    )
    pen.add_label("plan", "[% @sanxian_plan %]", 70, 8.5, 280, 7, 12, color=SECONDARY_TEXT_COLOUR)
    pen.add_label("title", f"[% {_TITLE_EXPRESSION} %]", 70, 15, 280, 13, 25, bold=True)
    pen.add_map(MAP_ITEM_ID, 9, 30, 308, 258, 0.4)
    pen.add_label("north_name", "北", 299, 32, 15, 6, 11, bold=True)
    north = pen.add_item(QgsLayoutItemPicture(layout), "north", 299, 38, 15, 18)
    north.setPicturePath(
        "base64:" + base64.b64encode((ICONS_FOLDER / "north.svg").read_bytes()).decode("ascii"), Qgis.PictureFormat.SVG
    )
    pen.add_label(
        "locator_title",
        f"[% {_LOCATOR_TITLE_EXPRESSION} %]",
        _RIGHT_COLUMN_X,
        30,
        _RIGHT_COLUMN_WIDTH,
        7,
        10,
        bold=True,
    )
    locator = pen.add_map(LOCATOR_ITEM_ID, _RIGHT_COLUMN_X, 37, _RIGHT_COLUMN_WIDTH, 60, 0.25)
    _add_overview(locator, page_size.factor)
    _add_graticule(locator, pen)
    _add_legend(pen, _RIGHT_COLUMN_X, 99, _RIGHT_COLUMN_WIDTH, 118)
    _add_scale_bar(pen, _RIGHT_COLUMN_X + 3, 226, SCALE_BAR_WIDTH_MM)
    pen.add_label(
        "scale", f"[% '比例尺 ' || {_SCALE_EXPRESSION} %]", _RIGHT_COLUMN_X, 219, _RIGHT_COLUMN_WIDTH, 7, 11, bold=True
    )
    y = 240.0
    for identifier, label, expression, height in _TITLE_BLOCK_ROWS:
        pen.add_label(f"{identifier}_label", label, _RIGHT_COLUMN_X, y, 22, height, 9, frame=0.2)
        size = 8 if identifier in WRAPPED_LABELS else 9
        pen.add_label(
            identifier,
            f"[% {expression} %]",
            _RIGHT_COLUMN_X + 22,
            y,
            _RIGHT_COLUMN_WIDTH - 22,
            height,
            size,
            frame=0.2,
        )
        y += height
    pen.add_label(
        "note",
        "[% @sanxian_note %]",
        _RIGHT_COLUMN_X,
        y + 1,
        _RIGHT_COLUMN_WIDTH,
        288 - y - 1,
        7.5,
        "left",
        color=SECONDARY_TEXT_COLOUR,
    )
    approval = "[% if(coalesce(@sanxian_approval, '') = '', '', '审图号：' || @sanxian_approval) %]"
    pen.add_label(APPROVAL_ITEM_ID, approval, 351, 17, 60, 7, 11, "right")
    return layout


class _LayoutItemWriter:
    """Adds items to a layout, enlarged from A3 to the page size.

    Positions, sizes and line widths are in mm of A3, texts in points; all are multiplied by ``factor``.
    """

    def __init__(self, layout: QgsPrintLayout, factor: float):
        self.layout, self.factor = layout, factor

    def add_item(self, item: QgsLayoutItem, identifier: str, x: float, y: float, width: float, height: float):
        """Add an item to the layout with an id, at position and size in mm of A3; return it."""
        item.setId(identifier)
        f = self.factor
        item.attemptMove(QgsLayoutPoint(round(x * f, 2), round(y * f, 2), MILLIMETRES))
        item.attemptResize(QgsLayoutSize(round(width * f, 2), round(height * f, 2), MILLIMETRES))
        self.layout.addLayoutItem(item)
        return item

    def set_item_frame(self, item: QgsLayoutItem, width: float) -> None:
        item.setFrameEnabled(True)
        item.setFrameStrokeColor(QColor(FRAME_LINE_COLOUR))
        item.setFrameStrokeWidth(QgsLayoutMeasurement(round(width * self.factor, 2), MILLIMETRES))

    def add_box(self, identifier, x, y, width, height, line):
        """Add an empty rectangle; ``line``: width of its outline in mm, 0 for none."""
        shape = self.add_item(QgsLayoutItemShape(self.layout), identifier, x, y, width, height)
        shape.setShapeType(QgsLayoutItemShape.Shape.Rectangle)
        outline = {"color": "255,255,255,0", "style": "no", "outline_color": FRAME_LINE_COLOUR}
        outline |= {"outline_width": f"{line * self.factor:.2f}"} if line else {"outline_style": "no"}
        shape.setSymbol(QgsFillSymbol.createSimple(outline))

    def add_map(self, identifier, x, y, width, height, line) -> QgsLayoutItemMap:
        item = self.add_item(QgsLayoutItemMap(self.layout), identifier, x, y, width, height)
        item.setBackgroundColor(QColor("#FFFFFF"))
        self.set_item_frame(item, line)
        return item

    def add_label(
        self, identifier, text, x, y, width, height, size, align="centre", bold=False, color=TEXT_COLOUR, frame=0.0
    ) -> QgsLayoutItemLabel:
        """Add a label with a text; ``size``: font size in points; ``frame``: width of its frame in mm, 0 for none."""
        label = self.add_item(QgsLayoutItemLabel(self.layout), identifier, x, y, width, height)
        label.setText(text)
        label.setTextFormat(self.make_text_format(size, bold, color))
        sides = {
            "left": Qt.AlignmentFlag.AlignLeft,
            "right": Qt.AlignmentFlag.AlignRight,
            "centre": Qt.AlignmentFlag.AlignHCenter,
        }
        label.setHAlign(sides[align])
        label.setVAlign(Qt.AlignmentFlag.AlignTop if identifier == "note" else Qt.AlignmentFlag.AlignVCenter)
        label.setMarginX(0.0 if align != "centre" else self.factor)
        label.setMarginY(0.0)
        if frame:
            self.set_item_frame(label, frame)
        return label

    def make_text_format(self, size: float, bold: bool = False, color: str = TEXT_COLOUR) -> QgsTextFormat:
        text = QgsTextFormat()
        font = QFont(LAYOUT_FONT)
        font.setBold(bold)
        text.setFont(font)
        text.setSize(round(size * self.factor, 2))
        text.setSizeUnit(Qgis.RenderUnit.Points)
        text.setColor(QColor(color))
        return text


def _add_overview(locator: QgsLayoutItemMap, factor: float) -> None:
    """Draw the main map's frame on the locator; filling the layout links the two maps."""
    overview = QgsLayoutItemMapOverview("extent", locator)
    red = {"color": "200,30,40,25", "outline_color": "#C81E28", "outline_width": f"{0.6 * factor:.2f}"}
    overview.setFrameSymbol(QgsFillSymbol.createSimple(red))
    locator.overviews().addOverview(overview)


def _add_graticule(locator: QgsLayoutItemMap, item_writer: _LayoutItemWriter) -> None:
    """Add a graticule to the locator, too coarse to disclose positions."""
    grid = QgsLayoutItemMapGrid("graticule", locator)
    grid.setCrs(QgsCoordinateReferenceSystem("EPSG:4490"))
    grid.setStyle(QgsLayoutItemMapGrid.GridStyle.Solid)
    quiet = QgsLineSymbol.createSimple({"color": "#B9C4CE", "width": f"{0.15 * item_writer.factor:.2f}"})
    grid.setLineSymbol(quiet)
    set_graticule_interval(grid, 0.25)
    grid.setAnnotationEnabled(True)
    grid.setAnnotationFormat(QgsLayoutItemMapGrid.AnnotationFormat.DegreeMinute)
    grid.setAnnotationPrecision(0)
    grid.setAnnotationTextFormat(item_writer.make_text_format(6, color=SECONDARY_TEXT_COLOUR))
    grid.setAnnotationFrameDistance(0.6 * item_writer.factor)
    side, show = QgsLayoutItemMapGrid.BorderSide, QgsLayoutItemMapGrid.DisplayMode
    for border, display in (
        (side.Left, show.LatitudeOnly),
        (side.Bottom, show.LongitudeOnly),
        (side.Right, show.HideAll),
        (side.Top, show.HideAll),
    ):
        grid.setAnnotationDisplay(display, border)
        grid.setAnnotationPosition(QgsLayoutItemMapGrid.AnnotationPosition.InsideMapFrame, border)
    grid.setAnnotationDirection(QgsLayoutItemMapGrid.AnnotationDirection.Vertical, side.Left)
    locator.grids().addGrid(grid)


def set_graticule_interval(grid: QgsLayoutItemMapGrid, extent_degrees: float) -> None:
    """Set a graticule interval that suits an extent of ``extent_degrees`` degrees."""
    grid.setIntervalX(extent_degrees)
    grid.setIntervalY(extent_degrees)


def _add_legend(item_writer: _LayoutItemWriter, x: float, y: float, width: float, height: float) -> None:
    """Add the legend and an invisible frame that reserves its space."""
    item_writer.add_box("legend_border", x, y, width, height, 0.25)
    item_writer.add_label("legend_title", "图例", x, y + 2, width, 7, 13, bold=True)
    item_writer.add_box(LEGEND_FRAME_ITEM_ID, x, y + 8, width, height - 9, 0.0)
    legend = item_writer.add_item(QgsLayoutItemLegend(item_writer.layout), LEGEND_ITEM_ID, x, y + 8, width, height - 9)
    legend.setBackgroundEnabled(False)
    styles = QgsLegendStyle.Style
    for style, size, bold in (
        (styles.Group, 9.5, True),
        (styles.Subgroup, 9.5, True),
        (styles.SymbolLabel, 9, False),
    ):
        legend_style = legend.style(style)
        legend_style.setTextFormat(item_writer.make_text_format(size, bold))
        legend.setStyle(style, legend_style)
    f = item_writer.factor
    legend.setSymbolWidth(9 * f)
    legend.setSymbolHeight(4.6 * f)
    legend.setBoxSpace(2.5 * f)
    legend.setColumnSpace(3 * f)
    for style, side, margin_mm in (
        (styles.Subgroup, QgsLegendStyle.Side.Top, 2.0),
        (styles.Subgroup, QgsLegendStyle.Side.Bottom, 0.8),
        (styles.Symbol, QgsLegendStyle.Side.Top, 1.3),
        (styles.SymbolLabel, QgsLegendStyle.Side.Left, 2.0),
        (styles.SymbolLabel, QgsLegendStyle.Side.Top, 1.3),
    ):
        legend.rstyle(style).setMargin(side, margin_mm * f)
    legend.setResizeToContents(True)
    legend.setReferencePoint(QgsLayoutItem.ReferencePoint.UpperLeft)


def _add_scale_bar(item_writer: _LayoutItemWriter, x: float, y: float, width: float) -> None:
    bar = item_writer.add_item(QgsLayoutItemScaleBar(item_writer.layout), SCALE_BAR_ITEM_ID, x, y, width, 11)
    bar.setStyle("Double Box")
    bar.setUnits(QgsUnitTypes.DistanceUnit.DistanceKilometers)
    bar.setUnitLabel("km")
    bar.setMapUnitsPerScaleBarUnit(1.0)
    bar.setNumberOfSegmentsLeft(0)
    bar.setNumberOfSegments(4)
    bar.setTextFormat(item_writer.make_text_format(8.5))
    bar.setHeight(1.6 * item_writer.factor)
    bar.setLabelBarSpace(1.0 * item_writer.factor)
    bar.setBoxContentSpace(1.0 * item_writer.factor)
    stroke = QgsLineSymbol.createSimple({"color": TEXT_COLOUR, "width": f"{0.25 * item_writer.factor:.2f}"})
    bar.setLineSymbol(stroke)


def get_item_size(item: QgsLayoutItem) -> QSizeF:
    """Return width and height of a layout item in mm."""
    return item.rect().size()
