# SPDX-License-Identifier: GPL-2.0-or-later
"""The overview map of a county: control lines, numbered conflicts, legend."""

from __future__ import annotations

import numpy as np
import shapely
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QPainter

from ...core.geometry.generalise import dissolve_for_picture
from ...core.geometry.validity import mask_missing_shapes
from ...core.model.rule import Severity
from ...core.render.finding_lists import LegendEntry, list_mark_labels
from ..layers import painting
from .scene import SYMBOL_FRAME, SYMBOL_SHAPE, PictureData, choose_style

#: The width on paper, and in pixels: two for each of the page on the screen, 280 dpi in the signed report.
OVERVIEW_MM, OVERVIEW_PIXELS = 98.0, 744
#: Concepts by drawing order, the topmost first: lines above the areas that they cut.
OVERVIEW_CONCEPTS = ("county", "townships", "boundary", "red_line", "farmland")
#: Distance between marks without a number (mm), so that they do not overlap.
_MARK_SPACING_MM = 4.0
#: Size (mm) of marks with and without a number.
_NUMBERED_MARK_MM, _UNNUMBERED_MARK_MM = 3.4, 2.6
#: A number farther than this from its mark (mm) gets a line to it.
_LEADER_MM = 2.6
#: Rings of places around a mark where its number may be.
_MAX_RINGS = 9
#: Directions (right, down) from a mark to its number, in the order in which they are tried.
_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))

MarkerPosition = tuple[float, float]


def choose_overview_frame(picture_data: PictureData) -> painting.ImageFrame | None:
    """Return extent and size of the overview map; None if all layers are empty.

    It shows the county, or all layers if the plan has no layer of the county.
    """
    roles = [picture_data.plan.find_layer_of_concept(c) for c in ("county", *OVERVIEW_CONCEPTS)]
    layers = [layer for layer in roles if layer is not None and not mask_missing_shapes(layer.plane_shapes).all()]
    framed_layers = (
        layers[:1]
        if layers and layers[0] is picture_data.plan.find_layer_of_concept("county")
        else layers or picture_data.plan.layers.values()
    )
    shapes = [picture_data.get_layer_shapes(layer) for layer in framed_layers]
    shapes += [np.array([f.geometry for f in picture_data.located_findings], dtype=object)]
    bounds = np.array([shapely.total_bounds(s) for s in shapes if len(s)])
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return None
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    size = np.maximum(high - low, 100.0) * 1.08
    centre = (low + high) / 2
    # Nearly square, as the page has space for it; a long county gets margins, not a thin strip.
    height = float(np.clip(size[1], 0.75 * size[0], 1.25 * size[0]))
    width = max(float(size[0]), float(size[1]) / 1.25)
    half = np.array([width, height]) / 2
    extent = (*(centre - half).tolist(), *(centre + half).tolist())
    return painting.ImageFrame(extent, OVERVIEW_PIXELS, round(OVERVIEW_PIXELS * height / width), OVERVIEW_MM, 0.72)


def draw_overview(picture_data: PictureData, frame: painting.ImageFrame) -> str:
    """Return the overview map of the county as a data URI."""
    layers = [_make_outline_layer(picture_data, c, frame) for c in OVERVIEW_CONCEPTS]
    points = [shapely.point_on_surface(finding.geometry) for finding in picture_data.close_up_findings]
    numbered = [frame.convert_to_pixels(point.x, point.y) for point in points]
    others = _place_unnumbered_markers(picture_data, frame, numbered)
    mark_radius = 2.0 * frame.dots_per_mm
    boxes = [(x - mark_radius, y - mark_radius, x + 2.2 * mark_radius, y + mark_radius) for x, y in numbered]
    boxes += [
        (x - 0.8 * mark_radius, y - 0.8 * mark_radius, x + 0.8 * mark_radius, y + 0.8 * mark_radius)
        for _, (x, y) in others
    ]
    # Names of townships avoid the marks.
    layers.append(
        painting.make_label_obstacle_layer(
            picture_data.crs, [frame.convert_box_to_ground_polygon(*box) for box in boxes]
        )
    )
    image = painting.draw_layers(frame, [layer for layer in layers if layer is not None], picture_data.crs)
    with painting.paint_on(image) as painter:
        painting.draw_scale_bar(painter, frame)
        painting.draw_north_arrow(painter, frame, picture_data.words.get("text", "north"))
        for severity, mark_position in reversed(others):
            painting.draw_severity_marker(painter, frame, str(severity), *mark_position, _UNNUMBERED_MARK_MM)
        _draw_numbers(picture_data, painter, frame, numbered, [position for _, position in others])
    return painting.encode_data_uri(image)


def _place_unnumbered_markers(
    picture_data: PictureData, frame: painting.ImageFrame, numbered_positions: list[MarkerPosition]
) -> list[tuple[Severity, MarkerPosition]]:
    """Return the positions of markers for findings without a number, errors first.

    Markers that would overlap others are left out.
    """
    pixels_per_mm = frame.dots_per_mm
    taken_cells = {_find_grid_cell(mark_position, pixels_per_mm) for mark_position in numbered_positions}
    marks = []
    for severity in (Severity.ERROR, Severity.WARNING):
        finding_shapes = [
            f.geometry for f in picture_data.located_findings if f.severity is severity and f.state != "waived"
        ]
        # The centre of the extent is accurate enough for a mark of two millimetres, and fast for 10⁵ of them.
        bounds = shapely.bounds(np.array(finding_shapes, dtype=object)).reshape(-1, 4)
        for x, y in ((bounds[:, :2] + bounds[:, 2:]) / 2).tolist():
            mark_position = frame.convert_to_pixels(x, y)
            if _find_grid_cell(mark_position, pixels_per_mm) not in taken_cells:
                taken_cells.add(_find_grid_cell(mark_position, pixels_per_mm))
                marks.append((severity, mark_position))
    return marks


def _draw_numbers(
    picture_data: PictureData,
    painter: QPainter,
    frame: painting.ImageFrame,
    marker_positions: list[MarkerPosition],
    unnumbered_positions: list[MarkerPosition],
) -> None:
    """Draw the numbered markers with their numbers.

    A line leads from a marker to a number that is not next to it.
    """
    pixels_per_mm = frame.dots_per_mm
    occupied_boxes: list[QRectF] = []
    for mark_spots, size_mm in ((marker_positions, _NUMBERED_MARK_MM), (unnumbered_positions, _UNNUMBERED_MARK_MM)):
        size = size_mm * pixels_per_mm
        occupied_boxes += [QRectF(x - size / 2, y - size / 2, size, size) for x, y in mark_spots]
    sheet_box = QRectF(0.0, 0.0, float(frame.width_px), float(frame.height_px))
    boxes = []
    for number, spot in enumerate(marker_positions, start=1):
        boxes.append(find_free_box(spot, len(str(number)), pixels_per_mm, occupied_boxes, sheet_box))
        occupied_boxes.append(boxes[-1])
    for (x, y), box in zip(marker_positions, boxes, strict=True):
        if is_far_from_marker(box, (x, y), pixels_per_mm):
            painting.draw_leader_line(painter, frame, (x, y), (box.center().x(), box.center().y()))
    for finding, (x, y) in zip(picture_data.close_up_findings, marker_positions, strict=True):
        painting.draw_severity_marker(painter, frame, str(finding.severity), x, y, _NUMBERED_MARK_MM)
    for number, box in enumerate(boxes, start=1):
        painting.draw_text(painter, frame, str(number), box.left(), box.center().y(), 2.7, bold=True)


def _make_outline_layer(picture_data: PictureData, concept: str, frame: painting.ImageFrame) -> QgsVectorLayer | None:
    """Return a layer for one concept (such as 永久基本农田), generalised to this scale.

    Areas with names remain separate, all others are merged.
    """
    picture_data.cancellation.raise_if_cancelled()
    layer = picture_data.plan.find_layer_of_concept(concept)
    if layer is None:
        return None
    if concept == "townships":
        rows = [n for n, shape in enumerate(layer.plane_shapes) if shape is not None]
        simple = shapely.simplify(picture_data.get_layer_shapes(layer)[rows], frame.pixel_size_m / 2)
        division_names = layer.text("division_name")
        parts = [(shape, [division_names[n]]) for n, shape in zip(rows, simple, strict=True)]
        return painting.make_styled_layer(
            choose_style(layer, concept), picture_data.crs, [layer.get_field_name("division_name")], parts
        )
    if concept == "county" and layer.role != "XZQX" and layer is picture_data.plan.find_layer_of_concept("townships"):
        county = picture_data.plan.compute_county_shape()
        shapes = (
            picture_data.plan.reproject_for_findings(county[1].shapes)
            if county and county[0] is layer
            else picture_data.get_layer_shapes(layer)
        )
    else:
        shapes = picture_data.get_layer_shapes(layer)
    outlines = dissolve_for_picture(
        shapes, frame.pixel_size_m, picture_data.cancellation, keep_small=concept != "farmland"
    )
    picture_data.outlines[concept, layer.role] = outlines
    return painting.make_styled_layer(choose_style(layer, concept), picture_data.crs, [], [(s, []) for s in outlines])


def make_legend_entries(picture_data: PictureData) -> list[LegendEntry]:
    """Return the entries of the overview's legend: severities with the number of findings, then the drawn layers.

    Each entry has a picture of its symbol. The layers are listed from the lowest to the topmost.
    """
    entries = []
    for severity, label in list_mark_labels(picture_data.report, picture_data.words):
        image = painting.make_white_image(SYMBOL_FRAME)
        with painting.paint_on(image) as painter:
            painting.draw_severity_marker(painter, SYMBOL_FRAME, str(severity), 60.0, 30.0, 4.4)
        entries.append(LegendEntry(label, painting.encode_data_uri(image)))
    for concept in reversed(OVERVIEW_CONCEPTS):
        layer = picture_data.plan.find_layer_of_concept(concept)
        if layer is not None and (concept, layer.role) != ("townships", "XZQX"):
            style, crs = choose_style(layer, concept), picture_data.crs
            symbol_layer = painting.make_styled_layer(style, crs, [], [(SYMBOL_SHAPE, [])])
            symbol_layer.setLabelsEnabled(False)
            image = painting.draw_layers(SYMBOL_FRAME, [symbol_layer], crs)
            title = picture_data.words.get_text_or_key("concept", concept)
            entries.append(LegendEntry(title, painting.encode_data_uri(image)))
    return entries


def _find_grid_cell(marker_position: MarkerPosition, pixels_per_mm: float) -> tuple[int, int]:
    """Return column and row of the grid cell in which a marker is; markers in one cell would overlap."""
    return int(marker_position[0] // (_MARK_SPACING_MM * pixels_per_mm)), int(
        marker_position[1] // (_MARK_SPACING_MM * pixels_per_mm)
    )


def is_far_from_marker(box: QRectF, marker_position: MarkerPosition, pixels_per_mm: float) -> bool:
    """Return True if the box (pixels) of a number is not next to its marker, so that a line must lead to it."""
    gap = _LEADER_MM * pixels_per_mm
    return not box.adjusted(-gap, -gap, gap, gap).contains(*marker_position)


def find_free_box(
    marker_position: MarkerPosition,
    digit_count: int,
    pixels_per_mm: float,
    occupied_boxes: list[QRectF],
    sheet_box: QRectF,
) -> QRectF:
    """Return the box (pixels) for a number near its marker that overlaps no occupied box.

    The box is on the sheet. Positions right, left, above and below the marker are tried first, then others farther and
    farther away. If all are occupied, the box on the right is returned. ``digit_count``: number of digits.
    """
    width, height = (1.7 * digit_count + 0.4) * pixels_per_mm, 3.0 * pixels_per_mm
    boxes = []
    for ring in range(1, _MAX_RINGS + 1):
        gap = 2.1 * pixels_per_mm * ring
        # Farther away the diagonals come first: a line to the number would cross a nearer number otherwise.
        for right, down in _DIRECTIONS if ring == 1 else _DIRECTIONS[4:] + _DIRECTIONS[:4]:
            x = marker_position[0] + right * (gap + (width if right < 0 else 0.0)) - (width / 2 if right == 0 else 0.0)
            y = marker_position[1] + down * 1.6 * gap - height / 2
            # A place beyond the edge of the sheet is moved to the edge.
            x = min(max(x, sheet_box.left()), sheet_box.right() - width)
            y = min(max(y, sheet_box.top()), sheet_box.bottom() - height)
            boxes.append(QRectF(x, y, width, height))
    return next((box for box in boxes if not any(box.intersects(one) for one in occupied_boxes)), boxes[0])
