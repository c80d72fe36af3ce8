# SPDX-License-Identifier: GPL-2.0-or-later
"""Random small counties with planted defects, for property tests of fixes."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
import shapely.affinity

WIDTH, HEIGHT = 400.0, 300.0
COUNTY = shapely.box(0, 0, WIDTH, HEIGHT)
KEY = "1402250000{:08d}"
ZONE_CODES = ("300", "410", "500", "100")


def draw_tiles(rng: random.Random, count: int) -> list[Any]:
    """Return polygons that tile the county, with common vertices in whole millimetres."""
    points = shapely.MultiPoint([(rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)) for _ in range(count)])
    cells = shapely.get_parts([shapely.voronoi_polygons(points, extend_to=COUNTY)])
    clipped = shapely.intersection(cells, COUNTY)
    rounded = shapely.transform(clipped, lambda xy: np.round(xy, 3))
    union = shapely.union_all(shapely.boundary(rounded))
    tiles = [tile for tile in shapely.get_parts([shapely.polygonize([union])]) if tile.area > 1.0]
    return [shapely.transform(tile, lambda xy: np.round(xy, 3)) for tile in tiles]


def _move_vertex(polygon: Any, rng: random.Random, distance: float) -> Any:
    """Return a polygon with one vertex moved, inwards or outwards."""
    xy = shapely.get_coordinates(polygon.exterior)[:-1]
    n = rng.randrange(len(xy))
    angle = rng.uniform(0, 2 * np.pi)
    xy[n] += np.round([distance * np.cos(angle), distance * np.sin(angle)], 3)
    moved = shapely.Polygon(xy, polygon.interiors)
    return moved if moved.is_valid else polygon


def _buffer_polygon(polygon: Any, rng: random.Random, distance: float) -> Any:
    """Return a polygon buffered by a distance (m), in whole millimetres."""
    return shapely.transform(shapely.buffer(polygon, distance, join_style="mitre"), lambda xy: np.round(xy, 3))


def _add_spike(polygon: Any, rng: random.Random, length: float) -> Any:
    """Return a polygon with a thin spike of a length (m) on one of its edges."""
    xy = shapely.get_coordinates(polygon.exterior)[:-1]
    n = rng.randrange(len(xy))
    start, end = xy[n], xy[(n + 1) % len(xy)]
    middle = (start + end) / 2
    along = (end - start) / max(np.hypot(*(end - start)), 1e-9)
    spike = [middle - along * 0.002, middle + np.array([-along[1], along[0]]) * length, middle + along * 0.002]
    made = shapely.Polygon(np.insert(xy, n + 1, np.round(spike, 4), axis=0), polygon.interiors)
    return made if made.is_valid else polygon


def _add_hole(polygon: Any, rng: random.Random, size: float) -> Any:
    """Return a polygon with a hole of a size (m), or unchanged if it has no room."""
    point = polygon.representative_point()
    hole = shapely.box(point.x, point.y, point.x + size, point.y + size * rng.choice([1, 0.1]))
    return shapely.difference(polygon, hole) if polygon.contains(hole) else polygon


def _repeat_vertex(polygon: Any, rng: random.Random, distance: float) -> Any:
    """Return a polygon with one more vertex at a distance (m) from another one."""
    xy = shapely.get_coordinates(polygon.exterior)[:-1]
    n = rng.randrange(len(xy))
    near = xy[n] + (xy[(n + 1) % len(xy)] - xy[n]) * (distance / max(np.hypot(*(xy[(n + 1) % len(xy)] - xy[n])), 1e-9))
    return shapely.Polygon(np.insert(xy, n + 1, near, axis=0), polygon.interiors)


def _add_vertex_to_edge(polygon: Any, rng: random.Random, distance: float) -> Any:
    """Return a polygon with one more vertex on an edge, at most 8 mm beside it, which its neighbour lacks."""
    xy = shapely.get_coordinates(polygon.exterior)[:-1]
    n = rng.randrange(len(xy))
    along = xy[(n + 1) % len(xy)] - xy[n]
    length = max(np.hypot(*along), 1e-9)
    across = np.array([-along[1], along[0]]) / length
    vertex = xy[n] + along * rng.uniform(0.2, 0.8) + across * np.clip(distance, -0.008, 0.008)
    made = shapely.Polygon(np.insert(xy, n + 1, np.round(vertex, 3), axis=0), polygon.interiors)
    return made if made.is_valid else polygon


def _make_ring_cross_itself(polygon: Any, rng: random.Random, distance: float) -> Any:
    """Return a polygon whose ring runs out and back, or crosses itself."""
    xy = shapely.get_coordinates(polygon.exterior)[:-1]
    n = rng.randrange(len(xy))
    if rng.random() < 0.5:
        return shapely.Polygon(np.insert(xy, n + 1, [xy[n] + distance, xy[n]], axis=0))
    xy[[n, (n + 1) % len(xy)]] = xy[[(n + 1) % len(xy), n]]
    return shapely.Polygon(xy)


DEFECTS = (
    _move_vertex,
    _buffer_polygon,
    _add_spike,
    _add_hole,
    _repeat_vertex,
    _add_vertex_to_edge,
    _make_ring_cross_itself,
)
SIZES = (0.004, 0.03, 0.08, 0.3, 3.0, 20.0)


def draw_layout(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return the layers of a random county as rows for `make_example_plan`."""
    rng = random.Random(seed)
    layers: dict[str, list[dict[str, Any]]] = {"county": [{"wkt": COUNTY.wkt, "key": KEY.format(1)}]}
    zones = draw_tiles(rng, rng.randint(2, 7))
    layers["zones"] = _make_rows(_plant_defects(zones, rng), rng, lambda n, shape: {"zone_code": ZONE_CODES[n % 4]})
    tiles = draw_tiles(rng, rng.randint(4, 9))
    rng.shuffle(tiles)
    taken = max(1, len(tiles) // 3)
    layers["farmland"] = _make_rows(tiles[:taken], rng, lambda n, shape: {"land_use": "0103"})
    layers["red_line"] = _make_rows(tiles[taken : taken + 1], rng, lambda n, shape: {})
    layers["boundary"] = _make_rows(_plant_defects(tiles[taken + 1 : 2 * taken + 2], rng), rng, lambda n, shape: {})
    cultivated = _plant_defects(draw_tiles(rng, rng.randint(2, 5)), rng)
    if len(cultivated) > 2 and rng.random() < 0.5:
        last = cultivated.pop()
        if last is not None and cultivated[0] is not None and last.is_valid and cultivated[0].is_valid:
            joined = shapely.union(last, cultivated[0])
            cultivated[0] = joined if joined.is_valid else cultivated[0]
    layers["GDBHMB"] = _make_rows(cultivated, rng, _make_cultivated_values)
    return layers


def draw_row_of_layouts(seeds: Iterable[int], distance_m: float = 1000.0) -> dict[str, list[dict[str, Any]]]:
    """Return one county of several random ones next to each other, with land in between."""
    layers: dict[str, list[dict[str, Any]]] = {}
    for place, seed in enumerate(seeds):
        for name, rows in draw_layout(seed).items():
            for row in rows:
                key = row["key"] and str(int(row["key"]) + 100 * place)
                wkt = row["wkt"] and shapely.affinity.translate(shapely.from_wkt(row["wkt"]), distance_m * place).wkt
                layers.setdefault(name, []).append({**row, "key": key, "wkt": wkt})
    return layers


def _plant_defects(shapes: list[Any], rng: random.Random) -> list[Any]:
    """Return shapes with a few defects, a duplicate and a missing shape."""
    planted = list(shapes)
    for _ in range(rng.randint(0, 3)):
        n = rng.randrange(len(planted)) if planted else 0
        if planted and planted[n] is not None and planted[n].geom_type == "Polygon" and planted[n].is_valid:
            planted[n] = rng.choice(DEFECTS)(planted[n], rng, rng.choice(SIZES) * rng.choice((1, -1)))
            if planted[n].is_empty or planted[n].geom_type not in ("Polygon", "MultiPolygon"):
                planted[n] = shapes[n]
    if planted and rng.random() < 0.2:
        planted.append(planted[0])
    if planted and rng.random() < 0.2:
        planted.append(None)
    return planted


def _make_rows(shapes: list[Any], rng: random.Random, make_values: Any) -> list[dict[str, Any]]:
    """Return rows with WKT, keys (some missing or repeated) and values for `make_example_plan`.

    ``make_values``: function of row number and shape that returns the other values.
    """
    rows = []
    for n, shape in enumerate(shapes):
        key = KEY.format(n + 1)
        if rng.random() < 0.05:
            key = rng.choice([None, KEY.format(1)])
        rows.append({"wkt": None if shape is None else shapely.to_wkt(shape, rounding_precision=6), "key": key})
        rows[-1] |= make_values(n, shape)
    return rows


def _make_cultivated_values(n: int, shape: Any) -> dict[str, Any]:
    """Return areas, deduction and land use of a row of cultivated land; some names are wrong."""
    # About the statutory area where examples are drawn.
    gross = round((0.0 if shape is None else shape.area) * 0.999755, 2)
    deduction = round(gross * 0.1, 2)
    name = "旱地" if n % 4 else "旱田"
    return {
        "gross_area": gross, "deduction_rate": 0.1, "deduction_area": deduction, "net_area": round(gross - deduction, 2),
        "land_use": "0103" if n % 5 else "0999", "land_use_name": name,
    }  # fmt: skip
