# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of fixes on a map canvas: shapes before and after, and the land that moves, hatched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from ..widgets.map_items import convert_to_edges, make_rubber_band, read_wkb, remove_items, transform_to_map

#: Widths in font heights of the canvas, so that they scale with the resolution of the screen.
_LINE_WIDTH_EM, _HALO_WIDTH_EM, _HATCH_WIDTH_EM = 0.16, 0.34, 0.07
_BEFORE_COLOUR, _AFTER_COLOUR, _HALO_COLOUR = QColor("#555555"), QColor("#00694E"), QColor(255, 255, 255, 210)
#: Land that a row loses and gains; colour and direction of the hatching differ.
OUT_COLOUR, IN_COLOUR = QColor("#B0004A"), QColor("#0057A8")
OUT_PATTERN, IN_PATTERN = Qt.BrushStyle.BDiagPattern, Qt.BrushStyle.FDiagPattern


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
        """Return the bounds of the land that rows lose and gain; without any, of the finding, else of the rows."""
        for shapes in ([*self.moved_out, *self.moved_in], self.place, [*self.before, *self.after]):
            box = QgsRectangle()
            for shape in shapes:
                box.combineExtentWith(shape.boundingBox())
            if not box.isNull():
                return box
        return QgsRectangle()


class FixMapPreview:
    """Draws the shapes of a fix on a map canvas until `clear`; it references no layer.

    ``shows_before``, ``shows_after``: whether this canvas shows the shapes before and after the fix.
    """

    def __init__(self, canvas: QgsMapCanvas, *, shows_before: bool = True, shows_after: bool = True):
        self._canvas = canvas
        self._shows_before, self._shows_after = shows_before, shows_after
        self._bands: list[QgsRubberBand] = []

    def show_shapes(self, shapes: FixShapes) -> None:
        """Draw the shapes of a fix, in place of those of the former fix."""
        self.clear()
        if self._shows_after:
            self._draw_hatched(shapes.moved_out, shapes.crs, OUT_COLOUR, OUT_PATTERN)
            self._draw_hatched(shapes.moved_in, shapes.crs, IN_COLOUR, IN_PATTERN)
        else:
            self._draw_hatched(
                [*shapes.moved_out, *shapes.moved_in], shapes.crs, OUT_COLOUR, Qt.BrushStyle.Dense5Pattern
            )
        if not shapes.before and not shapes.after:
            self._draw_outlines(shapes.place, shapes.crs, OUT_COLOUR, Qt.PenStyle.SolidLine)
        if self._shows_before:
            self._draw_outlines(shapes.before, shapes.crs, _BEFORE_COLOUR, Qt.PenStyle.DashLine)
        if self._shows_after:
            self._draw_outlines(shapes.after, shapes.crs, _AFTER_COLOUR, Qt.PenStyle.SolidLine)

    def clear(self) -> None:
        """Remove the preview from the canvas."""
        remove_items(self._canvas, self._bands)
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
        map_geometry = transform_to_map(self._canvas, shape, crs)
        if map_geometry is None:
            return None
        band = make_rubber_band(self._canvas, map_geometry, colour, width_em)
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
