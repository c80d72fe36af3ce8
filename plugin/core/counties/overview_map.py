# SPDX-License-Identifier: GPL-2.0-or-later
"""The outlines of counties, and a map of them as vector paths of a page, with places of their labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.crs import reproject_to_lonlat
from ..geometry.polygons import union_polygon_rows
from ..plan.plan import Plan
from ..render.map_shapes import has_room, make_path, measure_text

#: Detail (px) below which outlines are simplified, and the margin around the map.
_DETAIL_PX, _MARGIN_PX = 0.4, 6.0
#: Height of a line of a label, and widths of its characters (px): Chinese ones, others.
_LINE_PX, _WIDE_PX, _NARROW_PX = 13.0, 11.0, 6.0
#: Distances (px) at which a label is placed if its county's centre is taken, and the number of directions.
_LABEL_DISTANCES_PX, _LABEL_DIRECTIONS = (26.0, 40.0, 56.0, 74.0), 12
#: Distance (m) by which the outline may differ from the county's border: invisible on a page.
_SIMPLIFICATION_M = 20.0
#: Decimals of degrees: about 0.1 m.
_DEGREE_DECIMALS = 6
#: Where an outline comes from: the county layer, the townships, or the extent of the layers.
FROM_COUNTY, FROM_TOWNSHIPS, FROM_EXTENT = "county", "townships", "extent"


@dataclass(frozen=True)
class MapLabel:
    """The label of a county: its lines, the centre of the first one, and the point that a leader line leads to.

    Coordinates are px of the map; ``leader`` is None for a label inside its county.
    """

    lines: tuple[str, ...]
    x: float
    y: float
    leader: tuple[float, float] | None = None


@dataclass(frozen=True)
class CountyMap:
    """A map of ``width`` × ``height`` px.

    ``paths``: name of a county → path of its outline, in the syntax of SVG; ``labels``: name → label.
    """

    width: float
    height: float
    paths: dict[str, str]
    labels: dict[str, MapLabel]


def make_county_map(
    outlines: Mapping[str, str],
    label_lines: Mapping[str, tuple[str, ...]],
    width: float,
    max_height: float,
    *,
    moves_labels: bool = True,
) -> CountyMap | None:
    """Return the map of counties, drawn in degrees with the scale of their middle latitude; None without outlines.

    Parameters
    ----------
    outlines
        Name of a county → WKT in degrees on CGCS2000; empty ones are left out.
    label_lines
        Name → lines of its label; counties without lines have no label.
    width, max_height
        Size in px; the height follows from the outlines.
    moves_labels
        Place a label that would cover another one next to its county, with a leader line; False omits it.
    """
    shapes = {name: shapely.from_wkt(wkt) for name, wkt in outlines.items() if wkt}
    if not shapes:
        return None
    west, south, east, north = shapely.total_bounds(list(shapes.values()))
    stretch = math.cos(math.radians((south + north) / 2))
    extent_x, extent_y = max((east - west) * stretch, 1e-9), max(north - south, 1e-9)
    scale = min((width - 2 * _MARGIN_PX) / extent_x, (max_height - 2 * _MARGIN_PX) / extent_y)
    left = (width - scale * extent_x) / 2

    def project(lonlat: NDArray) -> NDArray:
        return np.column_stack(
            [left + (lonlat[:, 0] - west) * stretch * scale, _MARGIN_PX + (north - lonlat[:, 1]) * scale]
        )

    height = scale * extent_y + 2 * _MARGIN_PX
    drawn = {name: shapely.simplify(shapely.transform(shape, project), _DETAIL_PX) for name, shape in shapes.items()}
    labels: dict[str, MapLabel] = {}
    boxes: list[Any] = []
    frame = shapely.box(0, 0, width, height)
    angles = [2 * math.pi * step / _LABEL_DIRECTIONS - math.pi / 2 for step in range(_LABEL_DIRECTIONS)]
    for name in sorted(drawn, key=lambda one: -shapely.area(drawn[one])):
        lines = label_lines.get(name, ())
        if not lines:
            continue
        x, y = centre = tuple(shapely.get_coordinates(shapely.point_on_surface(drawn[name]))[0].tolist())
        places = [
            centre,
            *(
                (x + distance * math.cos(angle), y + distance * math.sin(angle))
                for distance in (_LABEL_DISTANCES_PX if moves_labels else ())
                for angle in angles
            ),
        ]
        free = (place for place in places if has_room(_make_box(lines, *place), frame, boxes))
        place = next(free, centre if moves_labels else None)
        if place is None:
            continue
        boxes.append(_make_box(lines, *place))
        labels[name] = MapLabel(
            lines,
            round(place[0], 1),
            round(place[1], 1),
            None if place == centre else (round(centre[0], 1), round(centre[1], 1)),
        )
    return CountyMap(width, round(height, 1), {name: make_path(shape) for name, shape in drawn.items()}, labels)


def _make_box(lines: tuple[str, ...], x: float, y: float) -> Any:
    """Return the box of a label with the centre of its first line at a point."""
    half_width = max(measure_text(line, _WIDE_PX, _NARROW_PX) for line in lines) / 2
    return shapely.box(x - half_width, y - _LINE_PX / 2, x + half_width, y + _LINE_PX * (len(lines) - 0.5))


def make_outline(plan: Plan) -> tuple[str, str]:
    """Return the outline of a plan's county as WKT in degrees on CGCS2000, simplified, and where it comes from.

    Without a county layer it is the union of the townships, else the convex hull of the boxes around all features. Both
    texts are empty for a plan without geometries.
    """
    county = plan.compute_county_shape()
    shape, basis = (None, "") if county is None else (county[1].shapes[0], FROM_COUNTY)
    townships = plan.find_layer_of_concept("townships")
    if shape is None and townships is not None:
        shape, basis = union_polygon_rows(townships.polygons, tolerance=plan.norm.make_tolerance()), FROM_TOWNSHIPS
    if shape is None:
        boxes = np.concatenate(
            [np.empty((0, 4)), *(shapely.bounds(layer.plane_shapes) for layer in plan.layers.values() if len(layer))]
        )
        boxes = boxes[np.isfinite(boxes).all(axis=1)]
        corners = np.concatenate([boxes[:, :2], boxes[:, 2:], boxes[:, [0, 3]], boxes[:, [2, 1]]])
        shape, basis = shapely.convex_hull(shapely.multipoints(corners)), FROM_EXTENT
    if shapely.is_empty(shape):
        return "", ""
    outline = np.array([shapely.simplify(shape, _SIMPLIFICATION_M)], dtype=object)
    return shapely.to_wkt(reproject_to_lonlat(outline, plan.plane_crs)[0], rounding_precision=_DEGREE_DECIMALS), basis
