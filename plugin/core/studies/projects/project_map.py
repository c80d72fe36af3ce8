# SPDX-License-Identifier: GPL-2.0-or-later
"""The map of a project: its frame, the layers around it, its numbered places, and the drawing with its legend as SVG.

Shapes are in px of the map, y down. No coordinate of the plan is printed. Hatches are lines, and texts have a white
field below them: Qt and Word draw neither patterns nor outlined texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from itertools import pairwise, product
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ....paths import CONFORMITY_PAGE_SETTINGS
from ...base.errors import NEVER_CANCELLED, Cancellation
from ...base.files.data import read_toml_record
from ...engine.context import RuleContext
from ...geometry.validity import extract_polygons
from ...render.map_shapes import draw_text, has_room, make_path, make_svg, measure_text
from ...render.words import ReportTexts
from ...standard.messages.numbers import format_hectare_number, format_number
from ...standard.messages.texts import Message, MessagePart, Texts
from .review_sentences import COUNTY, COUNTY_NAME
from .review_settings import find_row_parts, load_review_settings
from .reviewed_project import SECTION, BilingualText, ConformityResult, LineItem, Outcome, ProjectResult

#: px of the map for each mm on paper.
PX_PER_MM = 5.76
#: Land around the frame (share of its size) that is drawn too, so that no edge of a clip is seen.
_MARGIN_SHARE = 0.03
#: Distance (px) between two numbers, so that they do not touch.
_NUMBER_GAP_PX = 26.0


@dataclass(frozen=True)
class MapSymbol:
    """The symbol of a layer.

    ``id``: a line, a line with a part, or a concept; ``fill``, ``line``, ``text``: colours, empty for none; ``width``:
    px; ``dash``, ``hatch_dash``: SVG; ``hatch``: angles in degrees of lines ``distance`` px apart; ``is_numbered``:
    land of a project in the line gets a number.
    """

    id: str
    fill: str
    line: str
    width: float
    is_numbered: bool = field(metadata={"key": "numbered"})
    dash: str = ""
    hatch: tuple[float, ...] = ()
    distance: float = 6.0
    hatch_dash: str = ""
    text: str = ""


@dataclass(frozen=True)
class MapSettings:
    """The settings of page and map; ``symbols`` are ordered from the lowest layer to the topmost. Lengths are mm.

    A project that is narrower than ``thin_mm`` on its map has up to ``max_details`` maps of its deciding places, on
    which it is about ``detail_mm`` wide.
    """

    max_projects: float
    opinion_mm: float
    width_mm: float
    height_mm: float
    legend_mm: float
    project_share: float
    min_scale: float
    thin_mm: float
    detail_mm: float
    max_details: float
    max_features: float
    scales: tuple[float, ...]
    symbols: tuple[MapSymbol, ...] = field(metadata={"key": "layer"})


#: Returns the settings; raises DataError with file and key for an unknown, missing or wrong one.
load_map_settings = cache(partial(read_toml_record, MapSettings, CONFORMITY_PAGE_SETTINGS))


@dataclass(frozen=True)
class MapFrame:
    """The frame of a map: centre (m), scale as its denominator, size in px."""

    x: float
    y: float
    scale: int
    width: float
    height: float

    @property
    def m_per_px(self) -> float:
        """Return the length of a px on the ground (m)."""
        return self.scale / 1000 / PX_PER_MM

    def shows(self, point: Any) -> bool:
        """Return True if a point of the plane is within the frame."""
        half = self.m_per_px / 2
        return bool(abs(point.x - self.x) <= half * self.width and abs(point.y - self.y) <= half * self.height)

    def convert_to_px(self, shape: Any) -> Any:
        """Return a shape of the plane in px of the map."""
        scale, centre = np.array([1, -1]) / self.m_per_px, [self.width / 2, self.height / 2]
        return shapely.transform(shape, lambda points: (points - [self.x, self.y]) * scale + centre)


@dataclass(frozen=True)
class MapLayer:
    """A layer of the map: its symbol, shapes and outline, and its name; ``outline`` is its line within the frame."""

    symbol: MapSymbol
    name: str
    shapes: tuple[Any, ...]
    outline: Any


@dataclass(frozen=True)
class MapPlace:
    """Land of the project in a line: its number, the line, the part, and the place of the number."""

    number: int
    line: LineItem
    shape: Any
    x: float
    y: float


@dataclass(frozen=True)
class MapScene:
    """The content of the map of a project."""

    frame: MapFrame
    layers: tuple[MapLayer, ...]
    project: Any
    places: tuple[MapPlace, ...]


def choose_frame(shape: Any, settings: MapSettings) -> MapFrame:
    """Return the frame around a project, at the largest round scale at which it takes the settings' share."""
    west, south, east, north = shape.bounds
    needed = (
        1000 * max((east - west) / settings.width_mm, (north - south) / settings.height_mm) / settings.project_share
    )
    return _make_frame((west + east) / 2, (south + north) / 2, needed, settings)


def _make_frame(x: float, y: float, least_scale: float, settings: MapSettings) -> MapFrame:
    """Return the frame around a point (m), at the smallest round denominator that is not less than ``least_scale``."""
    least = max(least_scale, settings.min_scale)
    power = 10 ** int(np.floor(np.log10(least)))
    # The digits are for every power of ten.
    scale = int(next(power * digit for digit in (*settings.scales, 10) if power * digit >= least - 1e-6))
    return MapFrame(x, y, scale, settings.width_mm * PX_PER_MM, settings.height_mm * PX_PER_MM)


def list_detail_frames(one: ProjectResult, overview: MapFrame, settings: MapSettings) -> list[MapFrame]:
    """Return frames of the places that decide, or of the middle, of a project too thin to be seen on its overview.

    One frame for each line: around the land of its largest part that no earlier frame shows. Empty for other projects.
    """
    width_m = 2 * shapely.area(one.project.shape) / shapely.length(one.project.shape)
    if width_m / overview.m_per_px >= settings.thin_mm * PX_PER_MM:
        return []
    shapes = [line.shape for _, line in list_numbered_lines(one)] or [one.project.shape]
    frames: list[MapFrame] = []
    for shape in shapes:
        parts = sorted(shapely.get_parts(shape).tolist(), key=shapely.area, reverse=True)
        points = [_find_middle(part) for part in parts]
        point = next((point for point in points if not any(one.shows(point) for one in frames)), None)
        if point is not None and len(frames) < settings.max_details:
            frames.append(_make_frame(point.x, point.y, 1000 * width_m / settings.detail_mm, settings))
    return frames


def _find_middle(shape: Any) -> Any:
    """Return a point of a shape near the middle of its box, also where the shape is bent."""
    west, south, east, north = shape.bounds
    middle = shapely.Point((west + east) / 2, (south + north) / 2)
    return shapely.get_point(shapely.shortest_line(shape, middle), 0)


def list_numbered_lines(one: ProjectResult) -> list[tuple[int, LineItem]]:
    """Return the lines with a number on the map: those whose land decides, the first line first."""
    with_numbers = {symbol.id for symbol in load_map_settings().symbols if symbol.is_numbered}
    deciding = (
        line
        for line in one.lines
        if line.id in with_numbers and line.area_m2 and line.outcome not in (Outcome.CONFORMS, Outcome.LISTED)
    )
    return list(enumerate((line for line in deciding if line.shape is not None), 1))


class ProjectMapper:
    """Makes the maps of the projects of one result; the indexes of layers are made once."""

    def __init__(self, result: ConformityResult, cancellation: Cancellation = NEVER_CANCELLED):
        self.result, self.plan, self.cancellation = result, result.plan, cancellation
        self.settings = load_map_settings()
        self._specs = {spec.id: spec for spec in load_review_settings(self.plan.norm).lines}
        self._trees: dict[str, shapely.STRtree] = {}

    @cached_property
    def _parts(self) -> dict[str, NDArray]:
        """Return the part of each row of the lines that have symbols by part."""
        lines = {symbol.id.partition(":")[0] for symbol in self.settings.symbols if ":" in symbol.id}
        found = {}
        context = RuleContext(self.plan, self.plan.norm, self.result.tolerance, cancellation=self.cancellation)
        for line in lines & self._specs.keys():
            layer = self.plan.find_layer_of_concept(self._specs[line].concept)
            if layer is not None:
                found[line] = find_row_parts(self._specs[line], layer, context).part_of_row
        return found

    def make_scenes(self, one: ProjectResult) -> list[MapScene]:
        """Return the contents of a project's map, then of those of details. Raise Cancelled."""
        overview = choose_frame(one.project.shape, self.settings)
        frames = [overview, *list_detail_frames(one, overview, self.settings)]
        return [self._make_scene(one, frame) for frame in frames]

    def _make_scene(self, one: ProjectResult, frame: MapFrame) -> MapScene:
        edge = _MARGIN_SHARE * frame.width
        box = (-edge, -edge, frame.width + edge, frame.height + edge)
        layers = (self._make_layer(symbol, frame) for symbol in self.settings.symbols)
        places: list[MapPlace] = []
        for number, line in list_numbered_lines(one):
            shape = extract_polygons(shapely.clip_by_rect(frame.convert_to_px(line.shape), *box))
            if shape is None:
                continue
            x, y = _find_free_point(shape, [(place.x, place.y) for place in places])
            places.append(MapPlace(number, line, shape, x, y))
        project = extract_polygons(shapely.clip_by_rect(frame.convert_to_px(one.project.shape), *box))
        return MapScene(frame, tuple(filter(None, layers)), project, tuple(places))

    def _make_layer(self, symbol: MapSymbol, frame: MapFrame) -> MapLayer | None:
        """Return the rows of a layer within the frame; None without any. Raise Cancelled."""
        self.cancellation.raise_if_cancelled()
        line_id, _, part = symbol.id.partition(":")
        spec = self._specs.get(line_id)
        layer = self.plan.find_layer_of_concept(spec.concept if spec else line_id)
        if layer is None or layer.has_no_geometry or layer.has_wrong_geometry_type:
            return None
        if layer.role not in self._trees:
            self._trees[layer.role] = shapely.STRtree(layer.plane_shapes)
        half = np.array([frame.width, frame.height]) / 2 * frame.m_per_px * (1 + 2 * _MARGIN_SHARE)
        box = shapely.box(frame.x - half[0], frame.y - half[1], frame.x + half[0], frame.y + half[1])
        rows = np.sort(self._trees[layer.role].query(box, predicate="intersects"))
        if line_id in self._parts:
            others = [one.id.partition(":")[2] for one in self.settings.symbols if one.id.startswith(f"{line_id}:")]
            parts = self._parts[line_id][rows]
            rows = rows[parts == part] if part else rows[~np.isin(parts, others)]
        if not len(rows) or len(rows) > self.settings.max_features:
            return None
        shapes = layer.plane_shapes[rows]
        outlines = shapely.boundary(shapes if line_id == "parcels" else shapely.union_all(shapes))
        clipped = [extract_polygons(shape) for shape in shapely.clip_by_rect(shapes, *box.bounds)]
        outline = shapely.clip_by_rect(shapely.union_all(outlines), *box.bounds)
        if outline.is_empty and not symbol.fill and not symbol.hatch:
            return None
        name: MessagePart = spec.name if spec else COUNTY_NAME if line_id == COUNTY else BilingualText("", "")
        if part:
            name = Message(SECTION, f"part_{part}")
        return MapLayer(
            symbol,
            name.render(Texts(self.result.lang)),
            tuple(frame.convert_to_px(shape) for shape in clipped if shape is not None),
            frame.convert_to_px(outline),
        )


def _find_free_point(shape: Any, taken: list[tuple[float, float]]) -> tuple[float, float]:
    """Return a point inside a shape, for a number, away from the points that are taken."""
    parts = sorted(shapely.get_parts(shape).tolist(), key=shapely.area, reverse=True)
    candidates: list[Any] = []
    for part in parts[:3]:
        west, south, east, north = part.bounds
        edges = np.linspace(west, east, 4).tolist()
        strips = [shapely.clip_by_rect(part, left, south, right, north) for left, right in pairwise(edges)]
        candidates += [shapely.point_on_surface(one) for one in (part, *strips) if shapely.area(one)]
    points = [(one.x, one.y) for one in candidates]

    def measure_gap(point: tuple[float, float]) -> float:
        return min((np.hypot(point[0] - x, point[1] - y) for x, y in taken), default=np.inf)

    return next((point for point in points if measure_gap(point) > _NUMBER_GAP_PX), max(points, key=measure_gap))


#: Layers that are a line on the map: their names are on it.
_LINES = ("boundary", "county")
_FAILED_COLOUR, _PLACE_COLOUR = "#D50058", "#333333"
#: Sizes of texts (px), and of the number of a place.
_NAME_PX, _SMALL_PX, _NUMBER_RADIUS_PX = 13.5, 12.0, 10.5
#: Width (px) of a letter of a bold text of that size; a Chinese character is as wide as high.
_NARROW_PX = 0.62 * _NAME_PX
#: Bends below this (px) are not drawn.
_DETAIL_PX = 0.4
#: Distance (px) of the lines by which the project's land is hatched.
_PROJECT_HATCH = MapSymbol("project", "", "#111111", 2.8, is_numbered=False, hatch=(0.0,), distance=8.0)
#: Length of a scale bar: at most this share of the map's width.
_SCALE_BAR_SHARE = 0.22
_SHORT_BAR_PX = 60.0
_LEGEND_ROW_PX, _LEGEND_SYMBOL = 20.0, (30.0, 15.0)


def draw_map(scene: MapScene, area_m2: float, report_texts: ReportTexts) -> str:
    """Return the map as SVG. ``area_m2``: statutory area of the project, written on it."""
    frame = scene.frame
    pieces = [f'<rect width="{frame.width:.1f}" height="{frame.height:.1f}" fill="#FFFFFF"/>']
    for layer in scene.layers:
        pieces += _draw_layer(layer)
    project = shapely.simplify(scene.project, _DETAIL_PX)
    pieces += [
        f'<path d="{make_path(project)}" fill="none" stroke="#FFFFFF" stroke-width="7"/>',
        draw_hatch([project], _PROJECT_HATCH, opacity=0.45),
        *[
            (
                f'<path d="{make_path(place.shape)}" fill="{_FAILED_COLOUR}" fill-opacity="0.55" '
                f'fill-rule="evenodd" stroke="{_FAILED_COLOUR}" stroke-width="1"/>'
            )
            for place in scene.places
            if place.line.outcome is Outcome.FAILS
        ],
        f'<path d="{make_path(project)}" fill="none" stroke="#000000" stroke-width="2.8" stroke-linejoin="round"/>',
    ]
    labels = _LabelPlacer(scene)
    pieces += [
        f'<circle cx="{place.x:.1f}" cy="{place.y:.1f}" r="{_NUMBER_RADIUS_PX}" '
        f'fill="{_FAILED_COLOUR if place.line.outcome is Outcome.FAILS else _PLACE_COLOUR}" stroke="#FFFFFF" '
        f'stroke-width="2"/>{draw_text(str(place.number), place.x, place.y + 4.7, 13, "#FFFFFF", bold=True)}'
        for place in scene.places
    ]
    lines = [
        report_texts.get("conformity", "map_project"),
        report_texts.get("text", "hectares", amount=format_hectare_number(area_m2)),
    ]
    spot = labels.find_place(lines, _list_area_places([project]))
    if spot is not None:
        pieces += [
            draw_text(lines[0], spot[0], spot[1] + 4, 15, "#000000", bold=True, halo=True),
            draw_text(lines[1], spot[0], spot[1] + 21, _NAME_PX, "#000000", halo=True),
        ]
    for layer in reversed(scene.layers):
        if layer.symbol.text:
            places = _list_outline_places(layer) if layer.symbol.id in _LINES else _list_area_places(layer.shapes)
            spot = labels.find_place([layer.name], places, avoids_project=True)
            if spot is not None:
                pieces.append(draw_text(layer.name, *spot, _NAME_PX, layer.symbol.text, bold=True, halo=True))
    pieces += [draw_scale_bar(frame), *draw_north_arrow(frame, report_texts)]
    return make_svg(frame.width, frame.height, pieces)


def draw_north_arrow(frame: MapFrame, report_texts: ReportTexts) -> tuple[str, str]:
    """Return the north arrow at the upper right, and the edge of the map."""
    x, y = frame.width - 22, 28.0
    arrow = f"M{x:.1f},{y - 18:.1f}L{x + 6.5:.1f},{y + 8:.1f}L{x:.1f},{y + 3:.1f}L{x - 6.5:.1f},{y + 8:.1f}Z"
    return (
        f'<path d="{arrow}" fill="#000000" stroke="#FFFFFF" stroke-width="1"/>'
        + draw_text(report_texts.get("text", "north"), x, y + 23, _SMALL_PX, "#000000", halo=True),
        (
            f'<rect x="0.5" y="0.5" width="{frame.width - 1:.1f}" height="{frame.height - 1:.1f}" fill="none" '
            'stroke="#000000" stroke-width="1"/>'
        ),
    )


def draw_legend(scene: MapScene, report_texts: ReportTexts) -> str:
    """Return the symbols of the map with their names as SVG, as wide as the settings give."""
    width, size = load_map_settings().legend_mm * PX_PER_MM, _LEGEND_SYMBOL
    box = shapely.box(1.5, 1.5, size[0] - 1.5, size[1] - 1.5)
    rows = [(_draw_symbol(_PROJECT_HATCH, box, 3.4), report_texts.get("conformity", "map_project"))]
    if any(place.line.outcome is Outcome.FAILS for place in scene.places):
        symbol = f'<path d="{make_path(box)}" fill="{_FAILED_COLOUR}" fill-opacity="0.65" stroke="{_FAILED_COLOUR}"/>'
        rows.append((symbol, report_texts.get("conformity", "map_occupied")))
    for layer in scene.layers:
        if not layer.symbol.fill and not layer.symbol.hatch:
            line = f"M0,{size[1] / 2:.1f}H{size[0]:.0f}"
            rows.append((f'<path d="{line}" {make_stroke(layer.symbol, 0.6)}/>', layer.name))
        elif layer.name:
            rows.append((_draw_symbol(layer.symbol, box, layer.symbol.distance * 0.8), layer.name))
    pieces = []
    for number, (symbol, name) in enumerate(rows):
        top = number * _LEGEND_ROW_PX + 4
        pieces += [
            f'<g transform="translate(2,{top:.1f})">{symbol}</g>',
            draw_text(name, size[0] + 12, top + 12, 13.0, "#000000", anchor="start"),
        ]
    return make_svg(width, len(rows) * _LEGEND_ROW_PX + 4, pieces)


def _draw_symbol(symbol: MapSymbol, box: Any, distance: float) -> str:
    """Return a sample of a symbol."""
    outline = f'<path d="{make_path(box)}" fill="{symbol.fill or "#FFFFFF"}" {make_stroke(symbol, 0.8)}/>'
    return outline + draw_hatch([box], replace(symbol, distance=distance))


def _draw_layer(layer: MapLayer) -> Iterable[str]:
    """Yield fill, hatch and outline of a layer."""
    symbol = layer.symbol
    simple = shapely.simplify(np.array(layer.shapes, dtype=object), _DETAIL_PX)
    shapes = simple[~shapely.is_empty(simple)].tolist()
    if symbol.fill:
        paths = "".join(map(make_path, shapes))
        yield f'<path d="{paths}" fill="{symbol.fill}" fill-rule="evenodd" stroke="none"/>'
    if symbol.hatch:
        yield draw_hatch(shapes, symbol)
    yield f'<path d="{make_path(shapely.simplify(layer.outline, _DETAIL_PX))}" fill="none" {make_stroke(symbol)}/>'


def make_stroke(symbol: MapSymbol, factor: float = 1.0) -> str:
    """Return the attributes of a line."""
    dash = f' stroke-dasharray="{symbol.dash}"' if symbol.dash else ""
    return f'stroke="{symbol.line}" stroke-width="{symbol.width * factor:.2f}"{dash}'


def draw_hatch(shapes: list[Any], symbol: MapSymbol, opacity: float = 1.0) -> str:
    """Return parallel lines inside shapes as a path."""
    paths = []
    for angle in symbol.hatch:
        for shape in shapes:
            west, south, east, north = shape.bounds
            middle = np.array([(west + east) / 2, (south + north) / 2])
            reach = math.hypot(east - west, north - south) / 2 + symbol.distance
            direction = np.array([math.cos(math.radians(angle)), -math.sin(math.radians(angle))])
            across = np.array([-direction[1], direction[0]])
            # Lines of all shapes are on one grid, so that they continue from one shape into the next.
            start = math.floor((middle @ across - reach) / symbol.distance)
            end = math.ceil((middle @ across + reach) / symbol.distance)
            along = middle @ direction
            ends = [
                (
                    across * k * symbol.distance + direction * (along - reach),
                    across * k * symbol.distance + direction * (along + reach),
                )
                for k in range(start, end + 1)
            ]
            paths.append(make_path(shapely.intersection(shapely.multilinestrings(ends), shape)))
    dash = f' stroke-dasharray="{symbol.hatch_dash}"' if symbol.hatch_dash else ""
    width = 1.1 if symbol.hatch_dash else 0.75
    return (
        f'<path d="{"".join(paths)}" fill="none" stroke="{symbol.line}" stroke-width="{width}" '
        f'stroke-opacity="{opacity:g}"{dash}/>'
    )


def draw_scale_bar(frame: MapFrame) -> str:
    """Return a scale bar of a round length at the lower left."""
    most = frame.width * frame.m_per_px * _SCALE_BAR_SHARE
    power = 10 ** math.floor(math.log10(most))
    length = next(power * digit for digit in (5, 2, 1) if power * digit <= most)
    px = length / frame.m_per_px
    left, base = 22.0, frame.height - 16
    ticks = "".join(f"M{left + px * share:.1f},{base - 4:.1f}V{base + 4:.1f}" for share in (0, 0.5, 1))
    unit, decimals = ("km", 0 if length >= 2000 else 1) if length >= 1000 else ("m", 0)
    shown = length / 1000 if unit == "km" else length
    labels = "".join(
        draw_text(label, left + px * share, base - 8, _SMALL_PX, "#000000")
        for label, share in (
            ("0", 0.0),
            # On a short bar the texts would touch.
            (format_number(shown / 2, decimals) if px > _SHORT_BAR_PX else "", 0.5),
            (f"{format_number(shown, decimals)} {unit}", 1.0),
        )
    )
    return (
        f'<rect x="{left - 12:.1f}" y="{base - 24:.1f}" width="{px + 42:.1f}" height="34" fill="#FFFFFF" '
        f'fill-opacity="0.9"/><path d="M{left:.1f},{base:.1f}H{left + px:.1f}{ticks}" stroke="#000000" '
        f'stroke-width="1.5" fill="none"/><rect x="{left:.1f}" y="{base - 2:.1f}" width="{px / 2:.1f}" height="4" '
        f'fill="#000000"/>{labels}'
    )


def _list_area_places(shapes: Iterable[Any]) -> list[tuple[float, float]]:
    """Return points inside areas for a name, in the largest area first."""
    places = []
    for shape in sorted(shapes, key=shapely.area, reverse=True)[:4]:
        west, south, east, north = shape.bounds
        columns, rows = pairwise(np.linspace(west, east, 5).tolist()), pairwise(np.linspace(south, north, 4).tolist())
        boxes = [(left, bottom, right, top) for (bottom, top), (left, right) in product(rows, columns)]
        parts = [shapely.clip_by_rect(shape, *box) for box in (shape.bounds, *boxes)]
        points = [shapely.point_on_surface(part) for part in parts if shapely.area(part)]
        places += [(point.x, point.y) for point in points]
    return places


def _list_outline_places(layer: MapLayer) -> list[tuple[float, float]]:
    """Return points on the outline of a layer for its name."""
    merged = shapely.line_merge(layer.outline) if layer.outline.geom_type == "MultiLineString" else layer.outline
    lines = sorted(shapely.get_parts(merged).tolist(), key=shapely.length, reverse=True)[:3]
    points = [
        line.interpolate(share, normalized=True)
        for line in lines
        for share in (0.06, 0.94, 0.25, 0.5, 0.75, 0.15, 0.85)
    ]
    return [(point.x, point.y) for point in points]


class _LabelPlacer:
    """Finds room for texts: within the map, away from numbers, other texts, scale bar and north arrow."""

    def __init__(self, scene: MapScene):
        width, height = scene.frame.width, scene.frame.height
        self._frame = shapely.box(4, 4, width - 4, height - 4)
        self._project = shapely.buffer(scene.project, 6)
        self._taken = [shapely.box(0, height - 46, 0.32 * width, height), shapely.box(width - 46, 0, width, 60)]
        radius = _NUMBER_RADIUS_PX + 2
        self._taken += [
            shapely.box(place.x - radius, place.y - radius, place.x + radius, place.y + radius)
            for place in scene.places
        ]

    def find_place(
        self, lines: list[str], places: list[tuple[float, float]], *, avoids_project: bool = False
    ) -> tuple[float, float] | None:
        """Return the first place with room for lines of text, and take it; None if all are taken."""
        half = max(measure_text(line, _NAME_PX, _NARROW_PX) for line in lines) / 2 + 4
        for x, y in places:
            box = shapely.box(x - half, y - 15, x + half, y + 6 + 18 * (len(lines) - 1))
            taken = [*self._taken, self._project] if avoids_project else self._taken
            if has_room(box, self._frame, taken):
                self._taken.append(box)
                return x, y
        return None
