# SPDX-License-Identifier: GPL-2.0-or-later
"""The map of an adjustment (局部优化): the lines, and numbered parcels moved in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from qgis.core import QgsFillSymbol, QgsSingleSymbolRenderer, QgsVectorLayer

from ...core.geometry.generalise import dissolve_for_picture
from ...core.render.document.blocks import Legend, Picture
from ...core.render.document.check_report import decode_data_uri
from ...core.render.versions.edition_comparison import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND
from ...core.standard.messages.texts import Texts
from ..layers import painting
from ..layers.properties import convert_to_qgis_crs
from .overview import SYMBOL_FRAME, SYMBOL_SHAPE, choose_style, find_free_box, is_far_from_marker

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qgis.PyQt.QtGui import QPainter

    from ...core.base.errors import Cancellation
    from ...core.plan.layer import Layer
    from ...core.studies.adjustment.adjustment_result import AdjustmentResult

#: Size of the map on paper and in pixels.
_MAP_MM, _MAP_PIXELS = (170.0, 105.0), 1360
#: Concepts by drawing order, the topmost first.
_CONCEPTS = ("townships", "boundary", "red_line", "farmland")
#: Fill and outline of the parcels by kind.
_PARCEL_COLORS = {
    MOVED_IN_KIND: ("214,39,40,150", "#a01516"),
    MOVED_OUT_KIND: ("31,119,180,150", "#114a73"),
    CHANGED_KIND: ("148,103,189,150", "#5d3a7d"),
}
#: Smallest width of the map on the ground (m), and the share of it that the parcels may take.
_MIN_WIDTH_M, _PARCELS_SHARE = 1000.0, 0.8
#: Numbers are drawn for at most this many parcels, the largest of each kind first.
_MAX_NUMBERS = 60


def draw_adjustment_map(result: AdjustmentResult, cancellation: Cancellation) -> tuple[Picture, Legend] | None:
    """Return the map with its legend; None without parcels. Raise Cancelled."""
    if not result.parcels:
        return None
    texts, crs = Texts(result.lang), convert_to_qgis_crs(result.plan.plane_crs)
    shapes = {
        kind: np.array([one.geometry for one in result.list_parcels(kind)], dtype=object) for kind in _PARCEL_COLORS
    }
    west, south, east, north = shapely.total_bounds(np.concatenate(list(shapes.values())))
    aspect = _MAP_MM[0] / _MAP_MM[1]
    width = max((east - west) / _PARCELS_SHARE, (north - south) / _PARCELS_SHARE * aspect, _MIN_WIDTH_M)
    x, y, half = (west + east) / 2, (south + north) / 2, np.array([width, width / aspect]) / 2
    extent = (x - half[0], y - half[1], x + half[0], y + half[1])
    frame = painting.ImageFrame(extent, _MAP_PIXELS, round(_MAP_PIXELS / aspect), _MAP_MM[0], 0.8)
    drawn = [(kind, _make_parcel_layer(kind, shapes[kind], crs)) for kind in _PARCEL_COLORS if len(shapes[kind])]
    symbol = np.array([SYMBOL_SHAPE], dtype=object)
    entries = [
        (_draw_legend_image(_make_parcel_layer(kind, symbol, crs), crs), texts.get("adjustment", f"map_{kind}"))
        for kind, _ in drawn
    ]
    layers = [layer for _, layer in drawn]
    for concept in _CONCEPTS:
        cancellation.raise_if_cancelled()
        if (plan_layer := result.plan.find_layer_of_concept(concept)) is not None:
            layers.append(_make_line_layer(plan_layer, concept, frame, crs, cancellation))
            if concept != "townships":
                layer = painting.make_styled_layer(choose_style(plan_layer, concept), crs, [], [(SYMBOL_SHAPE, [])])
                layer.setLabelsEnabled(False)
                entries.append((_draw_legend_image(layer, crs), texts.get_concept_name(concept)))
    image = painting.draw_layers(frame, layers, crs)
    with painting.paint_on(image) as painter:
        painting.draw_scale_bar(painter, frame)
        painting.draw_north_arrow(painter, frame, texts.get("adjustment", "north"))
        _draw_numbers(result, painter, frame)
        painting.draw_map_frame(painter, frame)
    return Picture(decode_data_uri(painting.encode_data_uri(image)), _MAP_MM[0]), Legend(tuple(entries))


def _make_parcel_layer(kind: str, shapes: NDArray, crs) -> QgsVectorLayer:
    """Return the parcels of a kind as a layer in its colours."""
    layer = painting.make_styled_layer("adjustment", crs, [], [(shape, []) for shape in shapes])
    fill, outline = _PARCEL_COLORS[kind]
    symbol = QgsFillSymbol.createSimple({"color": fill, "outline_color": outline, "outline_width": "0.4"})
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    return layer


def _make_line_layer(
    layer: Layer, concept: str, frame: painting.ImageFrame, crs, cancellation: Cancellation
) -> QgsVectorLayer:
    """Return the rows of a layer in the map, generalised to its scale; townships keep their names."""
    window = shapely.box(*frame.extent)
    rows = [n for n, shape in enumerate(layer.plane_shapes) if shape is not None and shapely.intersects(shape, window)]
    shapes = layer.plane_shapes[rows]
    if concept == "townships":
        names = layer.text("division_name")
        parts = [(shape, [names[n]]) for n, shape in zip(rows, shapes, strict=True)]
        return painting.make_styled_layer(
            choose_style(layer, concept), crs, [layer.get_field_name("division_name")], parts
        )
    outlines = dissolve_for_picture(shapes, frame.pixel_size_m, cancellation, keep_small=True)
    return painting.make_styled_layer(choose_style(layer, concept), crs, [], [(shape, []) for shape in outlines])


def _draw_numbers(result: AdjustmentResult, painter: QPainter, frame: painting.ImageFrame) -> None:
    """Draw the numbers of the largest parcels on a point inside each, or near it, with a line if they are far.

    A line to a number next to the point would read as a minus sign.
    """
    from qgis.PyQt.QtCore import QRectF

    sheet = QRectF(0.0, 0.0, float(frame.width_px), float(frame.height_px))
    occupied: list[QRectF] = []
    for parcel in sorted(result.parcels, key=lambda one: -one.area_m2)[:_MAX_NUMBERS]:
        point = shapely.point_on_surface(parcel.geometry)
        position = frame.convert_to_pixels(point.x, point.y)
        box = find_free_box(position, len(str(parcel.number)), frame.dots_per_mm, occupied, sheet)
        centred = QRectF(position[0] - box.width() / 2, position[1] - box.height() / 2, box.width(), box.height())
        if sheet.contains(centred) and not any(centred.intersects(one) for one in occupied):
            box = centred
        occupied.append(box)
        if is_far_from_marker(box, position, frame.dots_per_mm):
            painting.draw_leader_line(painter, frame, position, (box.center().x(), box.center().y()))
        painting.draw_text(painter, frame, str(parcel.number), box.left(), box.center().y(), 3.2, bold=True)


def _draw_legend_image(layer: QgsVectorLayer, crs) -> bytes:
    """Return an image of the legend that shows a layer."""
    return decode_data_uri(painting.encode_data_uri(painting.draw_layers(SYMBOL_FRAME, [layer], crs)))
