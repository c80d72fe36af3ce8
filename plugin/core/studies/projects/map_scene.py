# SPDX-License-Identifier: GPL-2.0-or-later
"""What the map of a project shows: its frame, the layers around it, its numbered places, and their symbols.

Shapes are in px of the map, y down. No coordinate of the plan is printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ....paths import CONFORMITY_PAGE_SETTINGS
from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.files.data import read_record, read_toml
from ...engine.context import RuleContext
from ...geometry.validity import extract_polygons
from .review_sentences import COUNTY, COUNTY_NAME
from .review_settings import LineSpec, find_row_parts, load_review_settings
from .reviewed_project import ConformityResult, LineItem, Outcome, ProjectResult

#: px of the map for each mm on paper.
PX_PER_MM = 5.76
#: Land around the frame (share of its size) that is drawn too, so that no edge of a clip is seen.
_MARGIN_SHARE = 0.03
_PARCELS = "parcels"
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
    """The settings of page and map; ``symbols`` are ordered from the lowest layer to the topmost. Lengths are mm."""

    max_projects: float
    opinion_mm: float
    width_mm: float
    height_mm: float
    legend_mm: float
    project_share: float
    min_scale: float
    max_features: float
    scales: tuple[float, ...]
    symbols: tuple[MapSymbol, ...] = field(metadata={"key": "layer"})


@cache
def load_map_settings() -> MapSettings:
    """Return the settings. Raise DataError with file and key for an unknown, missing or wrong one."""
    path = CONFORMITY_PAGE_SETTINGS
    return read_record(MapSettings, read_toml(path), file=path)


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

    def make_box(self, share: float = 0.0) -> Any:
        """Return the frame as a polygon in the plane, widened by a share of its size."""
        half = np.array([self.width, self.height]) / 2 * self.m_per_px * (1 + 2 * share)
        return shapely.box(self.x - half[0], self.y - half[1], self.x + half[0], self.y + half[1])

    def convert_to_px(self, shape: Any) -> Any:
        """Return a shape of the plane in px of the map."""

        def move(points: NDArray) -> NDArray:
            return np.column_stack(
                [
                    (points[:, 0] - self.x) / self.m_per_px + self.width / 2,
                    (self.y - points[:, 1]) / self.m_per_px + self.height / 2,
                ]
            )

        return shapely.transform(shape, move)


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

    @property
    def is_failed(self) -> bool:
        """Return True if the line is a reason for 不符合."""
        return self.line.outcome is Outcome.FAILS


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
    scale = round_up_scale(max(needed, settings.min_scale), settings.scales)
    size = settings.width_mm * PX_PER_MM, settings.height_mm * PX_PER_MM
    return MapFrame((west + east) / 2, (south + north) / 2, scale, *size)


def round_up_scale(least: float, digits: tuple[float, ...]) -> int:
    """Return the smallest round denominator from ``least`` on; ``digits``: for every power of ten."""
    power = 10 ** int(np.floor(np.log10(least)))
    return int(next(power * digit for digit in (*digits, 10) if power * digit >= least - 1e-6))


def list_numbered_lines(one: ProjectResult) -> list[tuple[int, LineItem]]:
    """Return the lines with a number on the map: those whose land decides, the first line first."""
    symbol_by_id = {one.id: one for one in load_map_settings().symbols}
    occupied = [
        line
        for line in one.lines
        if line.is_occupied and line.shape is not None and line.outcome not in (Outcome.CONFORMS, Outcome.LISTED)
    ]
    symbols = [(line, symbol_by_id.get(line.id) or symbol_by_id.get(line.id.partition(":")[0])) for line in occupied]
    return list(enumerate((line for line, symbol in symbols if symbol and symbol.is_numbered), 1))


class ProjectMapper:
    """Makes the maps of the projects of one result; the indexes of layers are made once."""

    def __init__(self, result: ConformityResult, cancellation: Cancellation = NEVER_CANCELLED):
        self.result, self.plan, self.cancellation = result, result.plan, cancellation
        self.settings = load_map_settings()
        self._trees: dict[str, shapely.STRtree] = {}

    @cached_property
    def _specs(self) -> dict[str, LineSpec]:
        """Return the lines of the review by id."""
        return {spec.id: spec for spec in load_review_settings(self.plan.norm).lines}

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

    def make_scene(self, one: ProjectResult) -> MapScene:
        """Return the content of a project's map. Raise Cancelled."""
        frame = choose_frame(one.project.shape, self.settings)
        layers = [layer for symbol in self.settings.symbols if (layer := self._make_layer(symbol, frame, one))]
        project = frame.convert_to_px(one.project.shape)
        places: list[MapPlace] = []
        for number, line in list_numbered_lines(one):
            shape = frame.convert_to_px(line.shape)
            x, y = _find_free_point(shape, [(place.x, place.y) for place in places])
            places.append(MapPlace(number, line, shape, x, y))
        return MapScene(frame, tuple(layers), project, tuple(places))

    def _make_layer(self, symbol: MapSymbol, frame: MapFrame, one: ProjectResult) -> MapLayer | None:
        """Return the rows of a layer within the frame; None without any. Raise Cancelled."""
        self.cancellation.raise_if_cancelled()
        line_id, _, part = symbol.id.partition(":")
        spec = self._specs.get(line_id)
        layer = self.plan.find_layer_of_concept(spec.concept if spec else line_id)
        if layer is None or layer.has_no_geometry or layer.has_wrong_geometry_type:
            return None
        if layer.role not in self._trees:
            self._trees[layer.role] = shapely.STRtree(layer.plane_shapes)
        box = frame.make_box(_MARGIN_SHARE)
        rows = np.sort(self._trees[layer.role].query(box, predicate="intersects"))
        if line_id in self._parts:
            with_symbol = {
                one.id.partition(":")[2] for one in self.settings.symbols if one.id.startswith(f"{line_id}:")
            }
            parts = self._parts[line_id][rows]
            rows = rows[parts == part] if part else rows[~np.isin(parts, list(with_symbol))]
        if not len(rows) or len(rows) > self.settings.max_features:
            return None
        shapes = layer.plane_shapes[rows]
        outlines = shapely.boundary(shapes if line_id == _PARCELS else shapely.union_all(shapes))
        clipped = [extract_polygons(shape) for shape in shapely.clip_by_rect(shapes, *box.bounds)]
        outline = shapely.clip_by_rect(shapely.union_all(outlines), *box.bounds)
        if outline.is_empty and not symbol.fill and not symbol.hatch:
            return None
        names = spec.name if spec else COUNTY_NAME if line_id == COUNTY else ("", "")
        return MapLayer(
            symbol,
            # The id of a name in the texts, or the name.
            f"part_{part}" if ":" in symbol.id else names[self.result.lang == "en"],
            tuple(frame.convert_to_px(shape) for shape in clipped if shape is not None),
            frame.convert_to_px(outline),
        )


def _find_free_point(shape: Any, taken: list[tuple[float, float]]) -> tuple[float, float]:
    """Return a point inside a shape, for a number, away from the points that are taken."""
    parts = sorted(shapely.get_parts(shape).tolist(), key=shapely.area, reverse=True)
    candidates: list[Any] = []
    for part in parts[:3]:
        west, south, east, north = part.bounds
        candidates.append(shapely.point_on_surface(part))
        for column in range(3):
            step = (east - west) / 3
            strip = shapely.clip_by_rect(part, west + column * step, south, west + (column + 1) * step, north)
            if shapely.area(strip):
                candidates.append(shapely.point_on_surface(strip))
    points = [(float(shapely.get_x(one)), float(shapely.get_y(one))) for one in candidates]

    def measure_gap(point: tuple[float, float]) -> float:
        return min((np.hypot(point[0] - x, point[1] - y) for x, y in taken), default=np.inf)

    return next((point for point in points if measure_gap(point) > _NUMBER_GAP_PX), max(points, key=measure_gap))
