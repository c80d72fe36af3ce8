# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of what fixes change: shapes on two linked maps, land that moves hatched, and areas of each layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsMapToolPan, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QBrush, QColor, QIcon, QPainter, QPen, QPixmap
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge.checking.findings_layer import is_temporary_findings_layer
from ...bridge.layers.properties import read_wkb
from ...bridge.texts import tr
from ..widgets import BorderedFrame, ElidedLabel, FittedWidget, fill_layout, make_faint_label, make_row, set_bold, theme
from ..widgets.map_items import (
    NEAREST_SCALE,
    SHARE_OF_VIEW,
    compute_zoom_extent,
    convert_to_edges,
    make_rubber_band,
    remove_items,
    transform_to_map,
)

#: Widths in font heights of the canvas, so that they scale with the resolution of the screen.
_LINE_WIDTH_EM, _HALO_WIDTH_EM, _HATCH_WIDTH_EM = 0.16, 0.34, 0.07
_BEFORE_COLOUR, _AFTER_COLOUR, _HALO_COLOUR = QColor("#555555"), QColor("#00694E"), QColor(255, 255, 255, 210)
#: Land that a row loses and gains; colour and direction of the hatching differ.
OUT_COLOUR, IN_COLOUR = QColor("#B0004A"), QColor("#0057A8")
OUT_PATTERN, IN_PATTERN = Qt.BrushStyle.BDiagPattern, Qt.BrushStyle.FDiagPattern
#: Dashes of a small sample and their gaps, in widths of the line.
_SAMPLE_DASHES = (1.5, 1.0)
#: Rows are shown whole if they are at most as many times as wide or high as the land that moves.
_MAX_ROWS_TO_LAND = 4
#: Share of the map that whole rows take.
_SHARE_OF_ROWS = 0.6
#: Minimum width of the column of names.
_MIN_NAME_DIGITS = 9


@dataclass
class FixShapes:
    """Shapes that a fix changes, to be drawn on a map.

    ``crs``: CRS of all shapes; ``before``, ``after``: shapes of the edited rows before and after the fix;
    ``moved_out``, ``moved_in``: land that rows lose and gain; ``place``: location of the finding.
    """

    crs: QgsCoordinateReferenceSystem
    before: list[QgsGeometry] = field(default_factory=list)
    after: list[QgsGeometry] = field(default_factory=list)
    moved_out: list[QgsGeometry] = field(default_factory=list)
    moved_in: list[QgsGeometry] = field(default_factory=list)
    place: list[QgsGeometry] = field(default_factory=list)

    def compute_extent(self) -> QgsRectangle:
        """Return the box that is to take `SHARE_OF_VIEW` of a map.

        It has the land that rows lose and gain; without any, the finding, else the rows. If the rows are not much
        larger than that land, the map shows them whole.
        """
        moved, place, rows = (
            _compute_bounds(shapes)
            for shapes in ([*self.moved_out, *self.moved_in], self.place, [*self.before, *self.after])
        )
        box = next((one for one in (moved, place) if not one.isNull()), rows)
        whole = QgsRectangle(rows)
        whole.combineExtentWith(box)
        size, whole_size = (max(one.width(), one.height()) for one in (box, whole))
        if size < whole_size <= _MAX_ROWS_TO_LAND * size:
            box = whole
            box.scale(SHARE_OF_VIEW / _SHARE_OF_ROWS)
        return box


def _compute_bounds(shapes: Iterable[QgsGeometry]) -> QgsRectangle:
    box = QgsRectangle()
    for shape in shapes:
        box.combineExtentWith(shape.boundingBox())
    return box


@dataclass
class FixMapPreview:
    """Draws the shapes of a fix on a map canvas until `clear`; it references no layer.

    ``shows_after``: whether this canvas shows the shapes after the fix, too.
    """

    canvas: QgsMapCanvas
    shows_after: bool = True
    _bands: list[QgsRubberBand] = field(default_factory=list, init=False)

    def show_shapes(self, shapes: FixShapes) -> None:
        """Draw the shapes of a fix, in place of those of the former fix."""
        self.clear()
        if self.shows_after:
            self._draw_hatched(shapes.moved_out, shapes.crs, OUT_COLOUR, OUT_PATTERN)
            self._draw_hatched(shapes.moved_in, shapes.crs, IN_COLOUR, IN_PATTERN)
        else:
            self._draw_hatched(shapes.moved_out, shapes.crs, OUT_COLOUR, Qt.BrushStyle.Dense5Pattern)
            self._draw_hatched(shapes.moved_in, shapes.crs, IN_COLOUR, Qt.BrushStyle.Dense5Pattern)
        if not shapes.before and not shapes.after:
            self._draw_outlines(shapes.place, shapes.crs, OUT_COLOUR, Qt.PenStyle.SolidLine)
        self._draw_outlines(shapes.before, shapes.crs, _BEFORE_COLOUR, Qt.PenStyle.DashLine)
        if self.shows_after:
            self._draw_outlines(shapes.after, shapes.crs, _AFTER_COLOUR, Qt.PenStyle.SolidLine)

    def clear(self) -> None:
        """Remove the preview from the canvas."""
        remove_items(self.canvas, self._bands)
        self._bands = []

    def _draw_hatched(
        self,
        shapes: Iterable[QgsGeometry],
        crs: QgsCoordinateReferenceSystem,
        colour: QColor,
        pattern: Qt.BrushStyle,
    ) -> None:
        for shape in shapes:
            band = self._add_rubber_band(shape, crs, colour, _HATCH_WIDTH_EM)
            if band is not None:
                band.setFillColor(colour)
                band.setBrushStyle(pattern)

    def _draw_outlines(
        self, shapes: Iterable[QgsGeometry], crs: QgsCoordinateReferenceSystem, colour: QColor, style: Qt.PenStyle
    ) -> None:
        for shape in shapes:
            edge = convert_to_edges(shape)
            self._add_rubber_band(edge, crs, _HALO_COLOUR, _HALO_WIDTH_EM)
            band = self._add_rubber_band(edge, crs, colour, _LINE_WIDTH_EM)
            if band is not None:
                band.setLineStyle(style)

    def _add_rubber_band(
        self, shape: QgsGeometry, crs: QgsCoordinateReferenceSystem, colour: QColor, width_em: float
    ) -> QgsRubberBand | None:
        map_geometry = transform_to_map(self.canvas, shape, crs)
        if map_geometry is None:
            return None
        band = make_rubber_band(self.canvas, map_geometry, colour, width_em)
        self._bands.append(band)
        return band


def make_fix_shapes(
    proposals: Iterable[Any], rows_before: Mapping[Any, Any], crs: QgsCoordinateReferenceSystem
) -> FixShapes:
    """Return the shapes that proposals (`core.fixes.proposal.Proposal`) change, for the maps.

    ``rows_before``: (layer code, feature id) → row before the fixes; ``crs``: CRS of the check, which all layers have
    whose shapes a fix may change.
    """
    from ...core.exchange.edited_copy import UNCHANGED

    shapes = FixShapes(crs)
    for proposal in proposals:
        for edit in proposal.edits:
            row_before = rows_before.get((edit.role, edit.fid))
            if edit.shape is UNCHANGED and not edit.is_deleted:
                continue
            if not edit.is_new and row_before is not None and row_before.feature.wkb is not None:
                shapes.before.append(read_wkb(row_before.feature.wkb))
            if edit.shape is not UNCHANGED and edit.shape is not None:
                shapes.after.append(read_wkb(edit.shape.wkb))
        for area in proposal.areas:
            shapes.moved_out += [read_wkb(area.moved_out.wkb)] if area.moved_out is not None else []
            shapes.moved_in += [read_wkb(area.moved_in.wkb)] if area.moved_in is not None else []
        if proposal.finding.geom_kind != "none":
            shapes.place.append(read_wkb(proposal.finding.geometry.wkb))
    return shapes


def make_finding_shapes(finding: Any, crs: QgsCoordinateReferenceSystem) -> FixShapes:
    """Return the location of a finding as shapes for the maps, without a fix."""
    place = [] if finding.geom_kind == "none" else [read_wkb(finding.geometry.wkb)]
    return FixShapes(crs, place=place)


class LinkedMaps(QWidget):
    """Maps 修复前 and 修复后 with the layers of the main map; nothing on them is written anywhere.

    ``orientation``: side by side, or one above the other; ``titles``: other headings than those of a fix.
    """

    def __init__(
        self,
        main_canvas: QgsMapCanvas,
        orientation: Qt.Orientation = Qt.Orientation.Horizontal,
        titles: tuple[str, str] | None = None,
    ):
        super().__init__()
        self._main_canvas = main_canvas
        self._is_moving = False
        row = QHBoxLayout(self) if orientation == Qt.Orientation.Horizontal else QVBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        # Two maps one above the other must fit a screen of 540 px above its task bar.
        min_lines = 7 if orientation == Qt.Orientation.Horizontal else 5
        self.before, self.after = QgsMapCanvas(), QgsMapCanvas()
        self._tools, self._nothing_labels = [], []
        self.scale_label = make_faint_label()
        # A long remark must not make one map wider than the other.
        linked_label = theme.set_faint(ElidedLabel(tr("Both maps move together"), hides_cut_text=True))
        before_title, after_title = titles or (tr("Before"), tr("After (preview, nothing written yet)"))
        sides = ((self.before, before_title, self.scale_label), (self.after, after_title, linked_label))
        for canvas, title, remark_label in sides:
            frame = BorderedFrame()
            margin = self.fontMetrics().height() // 3
            name = QLabel(title)
            set_bold(name)
            remark_label.setAlignment(Qt.AlignmentFlag.AlignRight)
            head = make_row(name, (remark_label, 1))
            head.setContentsMargins(margin, margin // 2, margin, margin // 2)
            nothing = make_faint_label(
                tr("Nothing to see on the map: attributes only, or a feature without a shape."),
                wordWrap=True,
                alignment=Qt.AlignmentFlag.AlignCenter,
                visible=False,
            )
            self._nothing_labels.append(nothing)
            fill_layout(QVBoxLayout(frame, spacing=0), head, (canvas, 1), (nothing, 1), has_margins=False)
            # Keys such as Escape belong to the dialog.
            canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            canvas.setCanvasColor(self._main_canvas.canvasColor())
            canvas.setMinimumSize(self.fontMetrics().height() * 10, self.fontMetrics().height() * min_lines)
            tool = QgsMapToolPan(canvas)
            canvas.setMapTool(tool)
            self._tools.append(tool)
            row.addWidget(frame, 1)
        self.marks = [
            FixMapPreview(self.before, shows_after=False),
            FixMapPreview(self.after),
        ]
        #: Outlines of the selected part of a fix.
        self._part_marks = [FixMapPreview(self.before), FixMapPreview(self.after)]
        self.before.extentsChanged.connect(lambda: self._copy_extent_to_other_map(self.before, self.after))
        self.after.extentsChanged.connect(lambda: self._copy_extent_to_other_map(self.after, self.before))
        self.refresh_layers()

    def refresh_layers(self) -> None:
        """Show the layers of the main map; without findings on the map after the fix, which may end them."""
        layers = self._main_canvas.layers()
        for canvas in (self.before, self.after):
            canvas.setDestinationCrs(self._main_canvas.mapSettings().destinationCrs())
        self.before.setLayers(layers)
        self.after.setLayers([layer for layer in layers if not is_temporary_findings_layer(layer)])

    def show_shapes(self, shapes: FixShapes, *, has_fix: bool = True) -> None:
        """Show a fix on both maps and zoom to what it changes; without a fix only the map before shows the place."""
        for mark in self._part_marks:
            mark.clear()
        for mark in self.marks:
            mark.show_shapes(shapes)
        box = shapes.compute_extent()
        # The place of the former fix would pass for that of this one.
        has_place = not box.isNull()
        shown = zip((self.before, self.after), self._nothing_labels, (has_place, has_place and has_fix), strict=True)
        for canvas, nothing, is_shown in shown:
            canvas.setVisible(is_shown)
            nothing.setVisible(not is_shown)
        self._nothing_labels[1].setText(self._nothing_labels[0].text() if has_fix else tr("Nothing is proposed."))
        self.zoom_to(box, shapes.crs)

    def show_part(self, shape: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> None:
        """Outline a part of what is shown on both maps, in place of the former one, and zoom to it."""
        for mark in self._part_marks:
            mark.show_shapes(FixShapes(crs, place=[shape]))
        self.zoom_to(shape.boundingBox(), crs)

    def zoom_to(self, box: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> None:
        """Zoom both maps to a box in a CRS; do nothing for an empty one."""
        if box.isNull():
            return
        target = self.before.mapSettings().destinationCrs()
        try:
            box = QgsCoordinateTransform(crs, target, QgsProject.instance()).transformBoundingBox(box)
        except QgsCsException:
            return
        size = self.before.size()
        is_point = not box.width() and not box.height()
        if is_point:
            # A map that was never drawn has no scale: it needs an extent before it can zoom.
            box.grow(1)
        self.before.setExtent(compute_zoom_extent(box, size.width() / max(size.height(), 1)))
        if is_point or self.before.scale() < NEAREST_SCALE:
            self.before.zoomScale(NEAREST_SCALE)
        self._copy_extent_to_other_map(self.before, self.after)
        self.before.refresh()
        self.after.refresh()

    def release(self) -> None:
        """Stop drawing and drop the layers, before the maps are deleted."""
        for mark in (*self.marks, *self._part_marks):
            mark.clear()
        for canvas in (self.before, self.after):
            canvas.stopRendering()
            canvas.setLayers([])

    def _copy_extent_to_other_map(self, moved_map: QgsMapCanvas, other_map: QgsMapCanvas) -> None:
        if self._is_moving:
            return
        self._is_moving = True
        other_map.setExtent(moved_map.extent())
        other_map.refresh()
        self._is_moving = False
        # A map without layers and shapes has no scale.
        self.scale_label.setText(
            "" if moved_map.extent().isEmpty() else f"1:{round(moved_map.scale()):,}".replace(",", "\u2009")
        )


@dataclass(frozen=True)
class AreaRow:
    """Row of the table: areas of one layer in m².

    ``figures``: areas before the fix, moved out, moved in, and after the fix; None for a layer whose shapes do not
    change. ``remark``: text shown instead of missing areas; ``tip``: the layer's name with its code.
    """

    name: str
    figures: tuple[float, float, float, float] | None
    remark: str = ""
    tip: str = ""


def make_area_rows(proposals: Sequence[Any], texts: Any, plane_crs: Any) -> list[AreaRow]:
    """Return a row of areas for each layer whose shapes the proposals change.

    Each feature counts once. Rows with a remark follow, for the other layers of the proposals and of their findings.
    ``texts``: `core.fixes.proposal.FixTexts`; ``plane_crs``: the CRS in which the proposals were judged.
    """
    from ...core.fixes.proposal import sum_area_changes

    figures_by_role = {
        one.role: (one.ellipsoid_before_m2, one.ellipsoid_out_m2, one.ellipsoid_in_m2, one.ellipsoid_after_m2)
        for one in sum_area_changes(proposals, plane_crs)
    }
    involved_roles: dict[str, None] = {}
    edited_roles: set[str] = set()
    for proposal in proposals:
        edited_roles |= proposal.edits.roles
        involved_roles |= dict.fromkeys(
            role
            for role in (*sorted(proposal.edits.roles), proposal.finding.role, proposal.finding.related_role)
            if role
        )
    rows = []
    for role in dict.fromkeys([*figures_by_role, *involved_roles]):
        figures, remark = figures_by_role.get(role), ""
        if figures is None:
            remark = tr("attributes only") if role in edited_roles else tr("unchanged")
        rows.append(AreaRow(texts.get_short_layer_name(role), figures, remark, texts.get_layer_name(role)))
    return rows


def round_to_balance(figures: tuple[float, float, float, float]) -> list[float]:
    """Round areas (m²) before, moved out, moved in and after so that before − out + in = after (docs/adr/077).

    The areas before and after are those printed elsewhere; the larger of the moved areas takes the rest.
    """
    before, out, moved_in, after = rounded = [round(figure, 2) for figure in figures]
    rest = before - out + moved_in - after
    rounded[1 if out >= moved_in else 2] += rest if out >= moved_in else -rest
    return rounded


def _draw_sample(color: QColor, pattern: Qt.BrushStyle, size: int, ratio: float, *, is_dashed: bool = False) -> QIcon:
    """Return a square as the maps draw it, in a colour that is visible on the heading of the theme.

    ``ratio``: device pixels per device-independent pixel.
    """
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    color = theme.make_readable(color, theme.get_background_color())
    pen = QPen(color, 1 if pattern != Qt.BrushStyle.NoBrush else 2)
    if is_dashed:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setDashPattern(_SAMPLE_DASHES)
    painter = QPainter(image)
    painter.setPen(pen)
    painter.setBrush(QBrush(color, pattern))
    painter.drawRect(1, 1, size - 3, size - 3)
    painter.end()
    return QIcon(image)


class AreaTable(FittedWidget, QTableWidget):
    """Read-only table of areas in m² with two decimals."""

    def __init__(self):
        super().__init__(
            0,
            5,
            objectName="SanxianFixAreas",
            accessibleName=tr("Area change"),
            toolTip=tr("Rounded to 0.01 m² so that before − out + in = after: what moves may differ by a last digit."),
            editTriggers=QAbstractItemView.EditTrigger.NoEditTriggers,
            selectionMode=QAbstractItemView.SelectionMode.NoSelection,
            focusPolicy=Qt.FocusPolicy.NoFocus,
            showGrid=False,
        )
        #: Texts of the cells by row.
        self.texts: list[list[str]] = []
        self.setHorizontalHeaderLabels([tr("Layer"), tr("Before m²"), tr("Out m²"), tr("In m²"), tr("After m²")])
        self._draw_legend()
        theme.call_after_theme_change(self, self._draw_legend)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        # A narrower column of names wraps them. In Qt 6 the last of these signals may come before the new width.
        header.sectionResized.connect(self.fit_contents)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, 5):
            self.horizontalHeaderItem(column).setTextAlignment(Qt.AlignmentFlag.AlignRight)

    def _draw_legend(self) -> None:
        """Show in the headings what the lines and hatchings of the maps mean."""
        size, no_brush = (self.fontMetrics().height(), self.devicePixelRatioF()), Qt.BrushStyle.NoBrush
        samples = (
            _draw_sample(_BEFORE_COLOUR, no_brush, *size, is_dashed=True),
            _draw_sample(OUT_COLOUR, OUT_PATTERN, *size),
            _draw_sample(IN_COLOUR, IN_PATTERN, *size),
            _draw_sample(_AFTER_COLOUR, no_brush, *size),
        )
        for column, sample in enumerate(samples, 1):
            self.horizontalHeaderItem(column).setIcon(sample)

    def show_rows(self, rows: list[AreaRow]) -> None:
        """Show these rows in place of the former ones."""
        from ...core.standard.messages.numbers import format_number

        self.clearSpans()
        self.texts = []
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            texts = [row.name]
            if row.figures is None:
                # The remark is in the last column: the name may use the empty ones.
                texts += ["", "", "", row.remark]
                self.setSpan(number, 0, 1, len(texts) - 1)
            else:
                texts += [format_number(figure, 2) for figure in round_to_balance(row.figures)]
            self.texts.append(texts)
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(theme.make_plain_tip(text if column else row.tip))
                if column:
                    item.setTextAlignment(int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
                self.setItem(number, column, item)
        # The columns of areas are wide enough for their figures; the column of names wraps its texts.
        header = self.horizontalHeader()
        figures = sum(
            max(self.sizeHintForColumn(column), header.sectionSizeHint(column))
            for column in range(1, self.columnCount())
        )
        names = self.fontMetrics().horizontalAdvance("0") * _MIN_NAME_DIGITS
        self.setMinimumWidth(figures + names + 2 * self.frameWidth())
        self.fit_contents()

    def fit_contents(self, *_section: int) -> None:
        self.resizeRowsToContents()
        for row in range(self.rowCount()):
            if self.columnSpan(row, 0) > 1:
                # Qt wraps the text of a cell that spans columns in the width of the first of them.
                last_cell = self.model().index(row, self.columnCount() - 1)
                self.setRowHeight(row, self.sizeHintForIndex(last_cell).height())
