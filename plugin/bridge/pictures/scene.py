# SPDX-License-Identifier: GPL-2.0-or-later
"""Common data of all pictures of a report: the plan, its conflicts, and caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from qgis.core import QgsVectorLayer

from ...core.base.cancellation import Cancellation
from ...core.base.files.cells import format_cell
from ...core.geometry.validity import extract_polygons, mask_missing_shapes
from ...core.render.finding_lists import select_largest_conflicts
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
    sheet = choose_close_up_frame(finding)
    shape = clip_to_picture(finding.make_layer_geometry(), sheet)
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
