# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of compared drafts as SVG: where they differ, and each draft beside the plan as it is.

Hatches differ by direction and distance, so that grey prints show the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.polygons import find_connected_components
from ...geometry.validity import extract_polygons
from ...render.map_shapes import draw_text, has_room, make_path, make_svg, measure_text
from ...render.words import ReportTexts
from ..projects.project_map import (
    PX_PER_MM,
    MapFrame,
    MapSymbol,
    choose_frame,
    draw_hatch,
    draw_north_arrow,
    draw_scale_bar,
    load_map_settings,
    make_stroke,
)

if TYPE_CHECKING:
    from .compare_drafts import DraftsResult

#: Width and height (mm) of the map of all differences; height of that of a draft as the share of its width.
WHOLE_MM, _HEIGHT_SHARE = (170.0, 98.0), 0.8
#: Land up to this distance (m) apart is in one place, which has a map of each draft.
_PLACE_GAP_M = 1000.0
#: Width (mm) of the legend.
LEGEND_MM = 170.0
#: Land that the drafts have in different ways, or all alike; land that a draft gives back or takes in; lines.
_SYMBOLS = {
    one.id: one
    for one in (
        MapSymbol("disputed", "", "#A01516", 1.2, is_numbered=True, hatch=(45.0, 135.0), distance=6.0),
        MapSymbol("alike", "", "#333333", 1.2, is_numbered=True, hatch=(0.0,), distance=9.0),
        MapSymbol("out", "", "#114A73", 1.2, is_numbered=True, hatch=(45.0,), distance=7.0),
        MapSymbol("in", "", "#A01516", 1.2, is_numbered=True, hatch=(0.0, 90.0), distance=5.0),
        MapSymbol("present", "#ECECEC", "#777777", 1.2, is_numbered=False, dash="5 3"),
        MapSymbol("draft_line", "", "#000000", 2.2, is_numbered=False),
    )
}
_TOWNSHIPS = MapSymbol("townships", "", "#999999", 0.8, is_numbered=False, dash="2 3")
#: Numbers are drawn for at most this many pieces of land, the largest first.
_MAX_NUMBERS = 40
#: Land around differences, as the share of the map that they take; bends below a length (px) are not drawn.
_SHARE, _DETAIL_PX, _NUMBER_PX = 0.7, 0.4, 12.0
#: Room of a sample of the legend, and of a row (px).
_SAMPLE_PX, _ROW_PX = (30.0, 15.0), 22.0


class DraftMapper:
    """Draws the maps of a result; those of a place have one scale."""

    def __init__(self, result: DraftsResult, words: ReportTexts):
        self.result, self.words = result, words
        self._lines = [shapely.union_all(one.layer.plane_shapes) for one in result.editions]
        townships = result.plan.find_layer_of_concept("townships")
        self._townships = shapely.union_all(shapely.boundary(townships.plane_shapes if townships is not None else []))

    def draw_differences(self) -> str:
        """Return the map of all land on which editions differ, numbered as in the table."""
        shapes, disputed = self.result.land.shapes, self.result.land.is_disputed
        groups = {"present": self._lines[:1], "alike": shapes[~disputed], "disputed": shapes[disputed]}
        return self._draw(WHOLE_MM, shapes, groups)

    def list_places(self) -> list[NDArray]:
        """Return the positions of land in each place, that with most land first; land further apart is another place.

        Only places where drafts differ from each other, if there are any.
        """
        shapes, disputed = self.result.land.shapes, self.result.land.is_disputed
        left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=_PLACE_GAP_M)
        group = find_connected_components(len(shapes), left, right)
        weight = self.result.land.areas_m2 * (disputed if disputed.any() else 1)
        places = [np.flatnonzero(group == one) for one in np.unique(group[weight > 0])]
        return sorted(places, key=lambda one: -float(weight[one].sum()))

    def draw_draft(self, number: int, place: NDArray, width_mm: float) -> str:
        """Return the map of a draft in a place: its line, and the land that it gives back and takes in."""
        land = self.result.land
        moved = {kind: land.shapes[rows] for kind, rows in land.find_moved(number).items()}
        groups = {"present": self._lines[:1], **moved, "draft_line": [self._lines[number]]}
        return self._draw((width_mm, width_mm * _HEIGHT_SHARE), land.shapes[place], groups)

    def draw_legend(self, name: Callable[[str], str]) -> str:
        """Return the symbols of all maps with their names; ``name``: returns that of a symbol by its id."""
        box = shapely.box(1.5, 1.5, _SAMPLE_PX[0] - 1.5, _SAMPLE_PX[1] - 1.5)
        pieces, width = [], LEGEND_MM * PX_PER_MM
        for place, symbol in enumerate(_SYMBOLS.values()):
            left, top = (place % 3) * width / 3 + 2, (place // 3) * _ROW_PX + 4
            text = draw_text(name(symbol.id), left + _SAMPLE_PX[0] + 8, top + 12, 13.0, "#000000", anchor="start")
            sample = _draw_shapes(symbol, [box])
            pieces.append(f'<g transform="translate({left:.1f},{top:.1f})">{sample}</g>{text}')
        return make_svg(width, _ROW_PX * 2 + 4, pieces)

    def _draw(self, size_mm: tuple[float, float], shown: NDArray, groups: Mapping[str, Any]) -> str:
        """Return a map that shows some shapes of the plane; ``groups``: symbol → shapes, the lowest first."""
        settings = replace(load_map_settings(), width_mm=size_mm[0], height_mm=size_mm[1], project_share=_SHARE)
        frame = choose_frame(shapely.union_all(shown), settings)
        pieces = [f'<rect width="{frame.width:.1f}" height="{frame.height:.1f}" fill="#FFFFFF"/>']
        for symbol, shapes in groups.items():
            drawn = [extract_polygons(_clip(one, frame)) for one in shapes]
            pieces.append(_draw_shapes(_SYMBOLS[symbol], [one for one in drawn if one is not None]))
        borders = make_path(_clip(self._townships, frame))
        pieces.append(f'<path d="{borders}" fill="none" {make_stroke(_TOWNSHIPS)}/>')
        pieces += [*self._draw_numbers(frame), draw_scale_bar(frame), *draw_north_arrow(frame, self.words)]
        return make_svg(frame.width, frame.height, pieces)

    def _draw_numbers(self, frame: MapFrame) -> Iterator[str]:
        """Yield the numbers of the largest pieces of land that have room."""
        sheet = shapely.box(4, 4, frame.width - 4, frame.height - 4)
        taken: list[Any] = []
        for number, shape in enumerate(self.result.land.shapes[:_MAX_NUMBERS], 1):
            point = frame.convert_to_px(shapely.point_on_surface(shape))
            half = measure_text(str(number), _NUMBER_PX, 0.62 * _NUMBER_PX) / 2 + 4
            box = shapely.box(point.x - half, point.y - _NUMBER_PX, point.x + half, point.y + _NUMBER_PX / 2)
            if has_room(box, sheet, taken):
                taken.append(box)
                yield draw_text(str(number), point.x, point.y + 4, _NUMBER_PX, "#000000", bold=True, halo=True)


def _clip(shape: Any, frame: MapFrame) -> Any:
    """Return what the frame shows of a shape of the plane, in px; the cut edges are outside."""
    drawn = shapely.clip_by_rect(frame.convert_to_px(shape), -4, -4, frame.width + 4, frame.height + 4)
    return shapely.simplify(drawn, _DETAIL_PX)


def _draw_shapes(symbol: MapSymbol, shapes: list[Any]) -> str:
    """Return fill, hatch and outline of polygons (px)."""
    paths = "".join(map(make_path, shapes))
    fill = symbol.fill or "none"
    hatch = draw_hatch(shapes, symbol) if symbol.hatch else ""
    return f'<path d="{paths}" fill="{fill}" fill-rule="evenodd" {make_stroke(symbol)}/>{hatch}'
