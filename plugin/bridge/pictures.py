# SPDX-License-Identifier: GPL-2.0-or-later
"""The report's pictures: an overview of the county and the largest conflicts close up.

Everything is drawn from the plan's own tables, so this runs in the toolbox's thread, in a task and without a display.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QPainter

from ..core.errors import Cancelled
from ..core.geometry.validity import missing, polygons_only
from ..core.plan import as_text
from ..core.render.pictures import LegendEntry, Pictures, largest
from ..core.render.words import Words
from ..core.rule import Severity
from . import painting
from .layers import to_qgis_crs
from .painting import Sheet
from .tasks import log_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..core.findings import Finding
    from ..core.plan import Layer, Plan
    from ..core.report import Report

#: On paper: the overview's width, and a close-up's width and height.
OVERVIEW_MM, CLOSE_UP_MM = 98.0, (60.0, 34.0)
OVERVIEW_PIXELS, CLOSE_UP_PIXELS = 980, 600
#: A conflict takes this share of its picture; closer than 1:500 nothing more is to be seen.
SHARE, CLOSEST = 0.3, 500
#: Concepts by height, the topmost first: the lines above what they cut.
ON_OVERVIEW = ("county", "townships", "boundary", "red_line", "farmland")
CLOSE_UP = ("county", "townships", "boundary", "red_line", "heritage", "farmland")
#: Wider than this (m), parcels would be a grey mass: the close-up shows lines only, generalised.
_PARCELS_UNTIL = 12_000.0
#: A polygon with more vertices is cut to the picture first.
_MANY_VERTICES = 5_000
#: A mark without a number takes this much room (mm): marks do not pile up.
_MARK_ROOM_MM = 4.0
#: Holes below this many pixels are closed on the overview.
_SMALL_PIXELS = 60
_UNION_BATCH = 2_000


Spot = tuple[float, float]


def draw(plan: Plan, report: Report, *, check: Callable[[], None] = lambda: None) -> Pictures:
    """All pictures of a report. Only Cancelled is raised: a report without pictures is better than none."""
    words = Words(report.lang)
    try:
        return _Album(plan, report, words, check).pictures()
    except Cancelled:
        raise
    except Exception as error:
        log_error(error)
        return Pictures(problem=words.get("text", "picture_failed", detail=type(error).__name__))


class _Album:
    def __init__(self, plan: Plan, report: Report, words: Words, check: Callable[[], None]):
        self.plan, self.report, self.words, self.check = plan, report, words, check
        self.crs = to_qgis_crs(plan.crs)
        self.chosen = largest(report)
        self.placed = [f for f in report.findings if f.geom_kind != "none"]
        self._trees: dict[str, shapely.STRtree] = {}
        self._outlines: dict[tuple[str, str], NDArray] = {}

    def pictures(self) -> Pictures:
        sheet = self._overview_sheet()
        if sheet is None:
            return Pictures()
        drawn = Pictures(overview=self._overview(sheet), legend=self._legend())
        for finding in self.chosen:
            self.check()
            drawn.conflicts.append(self._close_up(finding))
        return drawn

    # -- overview

    def _overview_sheet(self) -> Sheet | None:
        roles = [self.plan.concept(c) for c in ("county", *ON_OVERVIEW)]
        layers = [lay for lay in roles if lay is not None and not missing(lay.plane).all()]
        shapes = (
            [layers[0].plane] if layers and layers[0] is self.plan.concept("county") else [lay.plane for lay in layers]
        )
        shapes = shapes or [lay.plane for lay in self.plan.layers.values()]
        shapes += [np.array([f.geometry for f in self.placed], dtype=object)]
        bounds = np.array([shapely.total_bounds(s) for s in shapes if len(s)])
        bounds = bounds[np.isfinite(bounds).all(axis=1)]
        if not len(bounds):
            return None
        low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        size = np.maximum(high - low, 100.0) * 1.08
        centre = (low + high) / 2
        # Nearly square, as the page has room for it; a long county gets margins, not a thin strip.
        height = float(np.clip(size[1], 0.75 * size[0], 1.25 * size[0]))
        width = max(float(size[0]), float(size[1]) / 1.25)
        half = np.array([width, height]) / 2
        extent = (*(centre - half).tolist(), *(centre + half).tolist())
        return Sheet(extent, OVERVIEW_PIXELS, round(OVERVIEW_PIXELS * height / width), OVERVIEW_MM, 0.72)

    def _overview(self, sheet: Sheet) -> str:
        layers = [self._outline_layer(c, sheet) for c in ON_OVERVIEW]
        numbered = [_spot(f, sheet) for f in self.chosen]
        others = self._other_marks(sheet, numbered)
        room = 2.0 * sheet.dots_per_mm
        boxes = [(x - room, y - room, x + 2.2 * room, y + room) for x, y in numbered]
        boxes += [(x - 0.8 * room, y - 0.8 * room, x + 0.8 * room, y + 0.8 * room) for _, (x, y) in others]
        # Names of townships keep off the marks.
        layers.append(painting.obstacle_layer(self.crs, [sheet.ground(*box) for box in boxes]))
        image = painting.draw(sheet, [lay for lay in layers if lay is not None], self.crs)
        painter = painting.pen_on(image)
        try:
            painting.scale_bar(painter, sheet)
            painting.north_arrow(painter, sheet, self.words.get("text", "north"))
            for severity, spot in reversed(others):
                painting.mark(painter, sheet, str(severity), *spot, 2.6)
            self._numbers(painter, sheet, numbered)
        finally:
            painter.end()
        return painting.data_uri(image)

    def _other_marks(self, sheet: Sheet, numbered: list[Spot]) -> list[tuple[Severity, Spot]]:
        """Bare marks for what is not numbered, errors first, thinned so that each can be seen."""
        dot = sheet.dots_per_mm
        taken = {_cell(spot, dot) for spot in numbered}
        marks = []
        for severity in (Severity.ERROR, Severity.WARNING):
            found = [f.geometry for f in self.placed if f.severity is severity and f.state != "waived"]
            # The middle of the extent will do for a mark of two millimetres, and is quick for 10⁵ of them.
            bounds = shapely.bounds(np.array(found, dtype=object)).reshape(-1, 4)
            for x, y in ((bounds[:, :2] + bounds[:, 2:]) / 2).tolist():
                spot = sheet.place(x, y)
                if _cell(spot, dot) not in taken:
                    taken.add(_cell(spot, dot))
                    marks.append((severity, spot))
        return marks

    def _numbers(self, painter: QPainter, sheet: Sheet, spots: list[Spot]) -> None:
        dot = sheet.dots_per_mm
        written: list[QRectF] = []
        for finding, (x, y) in zip(self.chosen, spots, strict=True):
            painting.mark(painter, sheet, str(finding.severity), x, y, 3.4)
            written.append(QRectF(x - 1.7 * dot, y - 1.7 * dot, 3.4 * dot, 3.4 * dot))
        for number, spot in enumerate(spots, start=1):
            x, y = _free_place(spot, len(str(number)), dot, written)
            painting.write(painter, sheet, str(number), x, y, 2.7, bold=True)

    def _outline_layer(self, concept: str, sheet: Sheet) -> QgsVectorLayer | None:
        """A concept's layer as it reads at this scale. Named areas stay apart, all others become one."""
        self.check()
        layer = self.plan.concept(concept)
        if layer is None:
            return None
        if concept == "townships":
            rows = [n for n, shape in enumerate(layer.plane) if shape is not None]
            simple = shapely.simplify(layer.plane[rows], sheet.pixel_m / 2)
            names = layer.text("division_name")
            parts = [(shape, [names[n]]) for n, shape in zip(rows, simple, strict=True)]
            return painting.memory_layer(_style(layer, concept), self.crs, [layer.field_name("division_name")], parts)
        if concept == "county" and layer.role != "XZQX" and layer is self.plan.concept("townships"):
            county = self.plan.county_shape()
            shapes = county[1].shapes if county is not None and county[0] is layer else layer.plane
        else:
            shapes = layer.plane
        outlines = dissolve(shapes, sheet.pixel_m, self.check, keep_small=concept != "farmland")
        self._outlines[concept, layer.role] = outlines
        return painting.memory_layer(_style(layer, concept), self.crs, [], [(s, []) for s in outlines])

    def _legend(self) -> list[LegendEntry]:
        entries = []
        for concept in reversed(ON_OVERVIEW):
            layer = self.plan.concept(concept)
            if layer is not None and (concept, layer.role) != ("townships", "XZQX"):
                entries.append(LegendEntry(self.words.named("concept", concept), self._symbol(_style(layer, concept))))
        return entries

    def _symbol(self, style: str) -> str:
        """A small patch drawn as the map is drawn."""
        sheet = Sheet((0.0, 0.0, 1200.0, 600.0), 120, 60, 12.0)
        shape = shapely.box(70, 70, 1130, 530)
        layer = painting.memory_layer(style, self.crs, [], [(shape, [])])
        layer.setLabelsEnabled(False)
        return painting.data_uri(painting.draw(sheet, [layer], self.crs))

    # -- close-ups

    def _close_up(self, finding: Finding) -> str:
        sheet = close_up_sheet(finding)
        layers = [self._finding_layer(finding, sheet)]
        roles: list[tuple[str, Layer]] = []
        for concept in CLOSE_UP:
            layer = self.plan.concept(concept)
            if layer is not None:
                roles.append((concept, layer))
        drawn = {layer.role for _, layer in roles}
        parcels = self.plan.concept("parcels")
        near = sheet.extent[2] - sheet.extent[0] <= _PARCELS_UNTIL
        for role in (finding.role, finding.related_role):
            layer = self.plan.layers.get(role)
            if layer is not None and role not in drawn and layer is not parcels and near:
                roles.append((role, layer))
                drawn.add(role)
        if parcels is not None and near:
            roles.append(("parcels", parcels))
        layers += [self._window_layer(c, lay, sheet, near) for c, lay in roles]
        image = painting.draw(sheet, [lay for lay in layers if lay is not None], self.crs)
        painter = painting.pen_on(image)
        try:
            painting.scale_bar(painter, sheet)
        finally:
            painter.end()
        return painting.data_uri(image)

    def _finding_layer(self, finding: Finding, sheet: Sheet) -> QgsVectorLayer:
        shape = _cut(finding.layer_geometry(), sheet)
        values = [str(finding.severity), finding.state]
        return painting.memory_layer("findings", self.crs, ["severity", "state"], [(shape, values)])

    def _window_layer(self, concept: str, layer: Layer, sheet: Sheet, near: bool) -> QgsVectorLayer | None:
        """The rows of a layer that the picture shows, with the values its symbols ask for."""
        if not near and (concept, layer.role) in self._outlines:
            # As on the overview: coarser than this picture could show, and there already.
            shapes = self._outlines[concept, layer.role]
            return painting.memory_layer(_style(layer, concept), self.crs, [], [(s, []) for s in shapes])
        found = self._tree(layer).query(shapely.box(*_widened(sheet)))
        positions = np.flatnonzero(~missing(layer.plane))[np.sort(found)]
        columns = [str(c) for c in layer.frame.columns if c != layer.frame.geometry.name]
        values = layer.frame.iloc[positions][columns].itertuples(index=False, name=None)
        rows = [
            (_cut(layer.plane[n], sheet), [as_text(v) for v in row]) for n, row in zip(positions, values, strict=True)
        ]
        made = painting.memory_layer(
            _style(layer, concept), self.crs, columns, [(s, v) for s, v in rows if s is not None]
        )
        # Names of townships would hide what is looked at.
        made.setLabelsEnabled(False)
        return made

    def _tree(self, layer: Layer) -> shapely.STRtree:
        if layer.role not in self._trees:
            self._trees[layer.role] = shapely.STRtree(layer.plane[~missing(layer.plane)])
        return self._trees[layer.role]


def dissolve(
    shapes: NDArray, pixel_m: float, check: Callable[[], None] = lambda: None, keep_small: bool = True
) -> NDArray:
    """The polygons of all shapes together, for a picture with pixels of that size: gaps and bends nobody could see go.

    ``keep_small`` False drops parts of few pixels as well; small holes always go, they would only be a blot.
    """
    real = shapes[~missing(shapes)]
    if not len(real):
        return np.array([], dtype=object)
    # Simplified apart from each other, neighbours no longer meet: grown by more than that error they do again.
    coarse = shapely.simplify(real, pixel_m / 2, preserve_topology=False)
    gone = shapely.is_empty(coarse)
    coarse[gone] = shapely.envelope(real[gone])
    check()
    grown = shapely.buffer(coarse, pixel_m * 1.2, quad_segs=1, join_style="mitre")
    joined = _union(grown, check)
    joined = shapely.simplify(shapely.buffer(joined, -pixel_m * 1.2, join_style="mitre"), pixel_m / 2)
    parts = shapely.get_parts(np.array([polygons_only(joined)], dtype=object))
    least = _SMALL_PIXELS * pixel_m**2
    parts = np.array([_without_holes(p, least) for p in parts if p is not None], dtype=object)
    return parts if keep_small or not len(parts) else parts[shapely.area(parts) >= least / 4]


def _union(shapes: NDArray, check: Callable[[], None]) -> Any:
    """The union, by neighbourhoods first: faster, and the user can stop in between."""
    x, y = shapely.get_coordinates(shapely.centroid(shapes)).T
    strip = np.argsort(np.argsort(x)) // max(int((len(shapes) * _UNION_BATCH) ** 0.5), 1)
    order = np.lexsort((y, strip))
    pieces = []
    for start in range(0, len(order), _UNION_BATCH):
        check()
        pieces.append(shapely.union_all(shapes[order[start : start + _UNION_BATCH]]))
    check()
    return shapely.union_all(np.array(pieces, dtype=object))


def _without_holes(polygon: Any, least_m2: float) -> Any:
    if not shapely.get_num_interior_rings(polygon):
        return polygon
    rings = [r for r in polygon.interiors if shapely.area(shapely.polygons(r)) >= least_m2]
    return shapely.Polygon(polygon.exterior, rings)


def close_up_sheet(finding: Finding) -> Sheet:
    """The view of a conflict: it takes a third, and land around it shows where it is."""
    width_mm, height_mm = CLOSE_UP_MM
    west, south, east, north = finding.geometry.bounds
    width = max((east - west) / SHARE, (north - south) / SHARE * width_mm / height_mm, width_mm / 1000 * CLOSEST)
    x, y = (west + east) / 2, (south + north) / 2
    half = width / 2, width * height_mm / width_mm / 2
    extent = (x - half[0], y - half[1], x + half[0], y + half[1])
    return Sheet(extent, CLOSE_UP_PIXELS, round(CLOSE_UP_PIXELS * height_mm / width_mm), width_mm)


def _style(layer: Layer, concept: str) -> str:
    """The style of the layer's role, else of the first role that answers its concept and has one."""
    if concept == "county":
        return "XZQX"
    if concept == "townships":
        return "XZQXZ"
    if painting.has_style(layer.role):
        return layer.role
    return {"farmland": "YJJBNTBHTB", "zones": "YDYHGHFQ"}.get(concept, layer.role)


def _widened(sheet: Sheet, share: float = 0.1) -> tuple[float, float, float, float]:
    west, south, east, north = sheet.extent
    margin = (east - west) * share
    return west - margin, south - margin, east + margin, north + margin


def _cut(shape: Any, sheet: Sheet) -> Any:
    """A huge polygon cut to the picture and a margin, where the cut is not seen."""
    if shape is None or shapely.get_num_coordinates(shape) <= _MANY_VERTICES:
        return shape
    return polygons_only(shapely.clip_by_rect(shape, *_widened(sheet, 0.3)))


def _spot(finding: Finding, sheet: Sheet) -> Spot:
    point = shapely.point_on_surface(finding.geometry)
    return sheet.place(point.x, point.y)


def _cell(spot: Spot, dot: float) -> tuple[int, int]:
    return int(spot[0] // (_MARK_ROOM_MM * dot)), int(spot[1] // (_MARK_ROOM_MM * dot))


def _free_place(spot: Spot, digits: int, dot: float, written: list[QRectF]) -> Spot:
    """Where a number disturbs nothing written before: right, left, above or below its mark; right when all are taken."""
    width, height = (1.7 * digits + 0.4) * dot, 3.0 * dot
    gap = 2.1 * dot
    places = [
        (spot[0] + gap, spot[1]),
        (spot[0] - gap - width, spot[1]),
        (spot[0] - width / 2, spot[1] - 1.4 * gap),
        (spot[0] - width / 2, spot[1] + 1.4 * gap),
    ]
    boxes = [QRectF(x, y - height / 2, width, height) for x, y in places]
    best = next((n for n, box in enumerate(boxes) if not any(box.intersects(w) for w in written)), 0)
    written.append(boxes[best])
    return places[best]
