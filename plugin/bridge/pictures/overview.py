# SPDX-License-Identifier: GPL-2.0-or-later
"""Data and frames of the pictures of a report, and the overview map of a county: control lines, conflicts, legend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QPainter

from ...core.base.errors import Cancellation
from ...core.base.files.cells import format_cell
from ...core.geometry.generalise import dissolve_for_picture
from ...core.geometry.validity import extract_polygons, mask_missing_shapes
from ...core.model.rule import Severity
from ...core.render.finding_lists import LegendEntry, list_mark_labels, select_largest_conflicts
from ...core.render.words import ReportTexts
from ..layers import painting, styles
from ..layers.properties import convert_to_qgis_crs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...core.model.findings import Finding
    from ...core.model.report import Report
    from ...core.plan.layer import Layer
    from ...core.plan.plan import Plan

#: A polygon with more vertices is clipped to the picture first.
_MANY_VERTICES = 5_000
#: Width and height on paper, and the width in pixels: two for each of the page on the screen.
CLOSE_UP_MM, CLOSE_UP_PIXELS = (60.0, 34.0), 452
#: A conflict's share of its picture, and the largest scale (1:500).
CONFLICT_SHARE_OF_VIEW, MIN_VIEW_WIDTH_M = 0.3, 500
#: Concepts by drawing order, the topmost first.
CLOSE_UP_CONCEPTS = ("county", "townships", "boundary", "red_line", "heritage", "farmland")
#: The picture of a symbol in a legend, and the place of the symbol in it (m).
SYMBOL_FRAME, SYMBOL_SHAPE = (
    painting.ImageFrame((0.0, 0.0, 1200.0, 600.0), 120, 60, 12.0),
    shapely.box(70, 70, 1130, 530),
)
#: In a wider picture (m) parcels would be a grey area: it shows generalised lines only.
_MAX_SCENE_WIDTH_WITH_PARCELS_M = 12_000.0


class PictureData:
    """Data that all pictures of a report share.

    ``close_up_findings``: findings that get a close-up picture; ``located_findings``: all findings with a location;
    ``outlines``: cache of generalised layers by concept and role.
    """

    def __init__(self, plan: Plan, report: Report, report_texts: ReportTexts, cancellation: Cancellation):
        self.plan, self.report, self.words, self.cancellation = plan, report, report_texts, cancellation
        self.crs = convert_to_qgis_crs(plan.crs)
        self.close_up_findings = select_largest_conflicts(report)
        self.located_findings = [f for f in report.findings if f.geom_kind != "none"]
        self.outlines: dict[tuple[str, str], NDArray] = {}
        self._trees: dict[str, shapely.STRtree] = {}
        self._shapes: dict[str, NDArray] = {}

    def get_layer_shapes(self, layer: Layer) -> NDArray:
        """Return a layer's geometries in the CRS of the findings."""
        if layer.role not in self._shapes:
            self._shapes[layer.role] = self.plan.reproject_for_findings(layer.plane_shapes)
        return self._shapes[layer.role]

    def get_layer_index(self, layer: Layer) -> shapely.STRtree:
        """Return the spatial index of a layer's geometries that are not empty."""
        if layer.role not in self._trees:
            self._trees[layer.role] = shapely.STRtree(
                self.get_layer_shapes(layer)[~mask_missing_shapes(layer.plane_shapes)]
            )
        return self._trees[layer.role]


def choose_style(layer: Layer, concept: str) -> str:
    """Return the name of the style for a layer's role (code of the plan layer).

    If the role has no style, return the style of another role of the same concept.
    """
    if concept == "county":
        return "XZQX"
    if concept == "townships":
        return "XZQXZ"
    if styles.has_style_entry(layer.role):
        return layer.role
    return {"farmland": "YJJBNTBHTB", "zones": "YDYHGHFQ"}.get(concept, layer.role)


def widen_bounds(frame: painting.ImageFrame, share: float = 0.1) -> tuple[float, float, float, float]:
    """Return the bounds of a picture in metres, widened by a share of its size."""
    west, south, east, north = frame.extent
    margin = (east - west) * share
    return west - margin, south - margin, east + margin, north + margin


def clip_to_picture(shape: Any, frame: painting.ImageFrame) -> Any:
    """Clip a polygon with very many vertices to the picture; return others unchanged.

    A margin around the picture hides the cut.
    """
    if shape is None or shapely.get_num_coordinates(shape) <= _MANY_VERTICES:
        return shape
    return extract_polygons(shapely.clip_by_rect(shape, *widen_bounds(frame, 0.3)))


def draw_close_up(picture_data: PictureData, finding: Finding) -> str:
    """Return the picture of one conflict and its surroundings as a data URI."""
    from ...core.model.findings import make_layer_geometries

    sheet = choose_close_up_frame(finding)
    shape = clip_to_picture(make_layer_geometries([finding])[0], sheet)
    values = [str(finding.severity), finding.state]
    layers = [painting.make_styled_layer("findings", picture_data.crs, ["severity", "state"], [(shape, values)])]
    found = [(concept, picture_data.plan.find_layer_of_concept(concept)) for concept in CLOSE_UP_CONCEPTS]
    roles = [(concept, layer) for concept, layer in found if layer is not None]
    drawn_roles = {layer.role for _, layer in roles}
    parcels = picture_data.plan.find_layer_of_concept("parcels")
    is_near = sheet.extent[2] - sheet.extent[0] <= _MAX_SCENE_WIDTH_WITH_PARCELS_M
    for role in (finding.role, finding.related_role):
        layer = picture_data.plan.layers.get(role)
        if layer is not None and role not in drawn_roles and layer is not parcels and is_near:
            roles.append((role, layer))
            drawn_roles.add(role)
    if parcels is not None and is_near:
        roles.append(("parcels", parcels))
    layers += [
        _make_visible_rows_layer(picture_data, concept, plan_layer, sheet, is_near) for concept, plan_layer in roles
    ]
    image = painting.draw_layers(
        sheet, [drawn_layer for drawn_layer in layers if drawn_layer is not None], picture_data.crs
    )
    with painting.paint_on(image) as painter:
        painting.draw_scale_bar(painter, sheet)
    return painting.encode_data_uri(image)


def _make_visible_rows_layer(
    picture_data: PictureData, concept: str, layer: Layer, frame: painting.ImageFrame, is_near: bool
) -> QgsVectorLayer | None:
    """Return the rows of a layer inside the picture, with the values for its symbols."""
    if not is_near and (concept, layer.role) in picture_data.outlines:
        # Available from the overview, and coarser than this picture could show.
        shapes = picture_data.outlines[concept, layer.role]
        return painting.make_styled_layer(choose_style(layer, concept), picture_data.crs, [], [(s, []) for s in shapes])
    index_hits = picture_data.get_layer_index(layer).query(shapely.box(*widen_bounds(frame)))
    positions = np.flatnonzero(~mask_missing_shapes(layer.plane_shapes))[np.sort(index_hits)]
    columns = [str(c) for c in layer.frame.columns if c != layer.frame.geometry.name]
    values = layer.frame.iloc[positions][columns].itertuples(index=False, name=None)
    shapes = picture_data.get_layer_shapes(layer)
    rows = [
        (clip_to_picture(shapes[n], frame), [format_cell(v) for v in row])
        for n, row in zip(positions, values, strict=True)
    ]
    picture_layer = painting.make_styled_layer(
        choose_style(layer, concept), picture_data.crs, columns, [(s, v) for s, v in rows if s is not None]
    )
    # Names of townships would hide the conflict.
    picture_layer.setLabelsEnabled(False)
    return picture_layer


def choose_close_up_frame(finding: Finding) -> painting.ImageFrame:
    """Return extent and size of a close-up, of which the conflict takes a third."""
    width_mm, height_mm = CLOSE_UP_MM
    west, south, east, north = finding.geometry.bounds
    width = max(
        (east - west) / CONFLICT_SHARE_OF_VIEW,
        (north - south) / CONFLICT_SHARE_OF_VIEW * width_mm / height_mm,
        width_mm / 1000 * MIN_VIEW_WIDTH_M,
    )
    x, y = (west + east) / 2, (south + north) / 2
    half = width / 2, width * height_mm / width_mm / 2
    extent = (x - half[0], y - half[1], x + half[0], y + half[1])
    return painting.ImageFrame(extent, CLOSE_UP_PIXELS, round(CLOSE_UP_PIXELS * height_mm / width_mm), width_mm)


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
    small_radius = 0.8 * mark_radius
    boxes = [(x - mark_radius, y - mark_radius, x + 2.2 * mark_radius, y + mark_radius) for x, y in numbered]
    boxes += [(x - small_radius, y - small_radius, x + small_radius, y + small_radius) for _, (x, y) in others]
    # Names of townships avoid the marks.
    polygons = [frame.convert_box_to_ground_polygon(*box) for box in boxes]
    layers.append(painting.make_label_obstacle_layer(picture_data.crs, polygons))
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
    if (layer := picture_data.plan.find_layer_of_concept(concept)) is None:
        return None
    if concept == "townships":
        rows = [n for n, shape in enumerate(layer.plane_shapes) if shape is not None]
        simple = shapely.simplify(picture_data.get_layer_shapes(layer)[rows], frame.pixel_size_m / 2)
        division_names = layer.text("division_name")
        parts = [(shape, [division_names[n]]) for n, shape in zip(rows, simple, strict=True)]
        return painting.make_styled_layer(
            choose_style(layer, concept), picture_data.crs, [layer.get_field_name("division_name")], parts
        )
    plan, county = picture_data.plan, None
    if concept == "county" and layer.role != "XZQX" and layer is plan.find_layer_of_concept("townships"):
        county = plan.compute_county_shape()
    is_county = county is not None and county[0] is layer
    shapes = plan.reproject_for_findings(county[1].shapes) if is_county else picture_data.get_layer_shapes(layer)
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
