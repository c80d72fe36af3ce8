# SPDX-License-Identifier: GPL-2.0-or-later
"""Time six overlays of a county and compare them with a short loop of shapely, with geopandas and with QGIS."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from plugin.core.geometry.overlay import find_shared_pieces
from plugin.core.geometry.overlay_pieces import OverlayPieces
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.geometry.validity import extract_polygons, repair_polygon

from .measure import Row, time_fastest_run

#: Name, left layer, right layer.
OVERLAYS = (
    ("永久基本农田 × 生态保护红线", "YJJBNTBHTB", "STBHHX"),
    ("永久基本农田 × 城镇开发边界", "YJJBNTBHTB", "CZKFBJ"),
    ("生态保护红线 × 城镇开发边界", "STBHHX", "CZKFBJ"),
    ("永久基本农田 × 规划分区", "YJJBNTBHTB", "YDYHGHFQ"),
    ("地类图斑 × 永久基本农田", "DLTB", "YJJBNTBHTB"),
    ("地类图斑 × 规划分区", "DLTB", "YDYHGHFQ"),
)
#: Vertices of a polygon that the loop divides no further.
_MAX_PART_VERTICES = 64
ZERO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)


@dataclass
class OverlayTimes:
    """Seconds and areas (m²) by overlay.

    ``together``: seconds of the plugin for all six overlays, which share caches of layers.
    """

    names: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    areas: list[float] = field(default_factory=list)
    together: float = 0.0


def repair_polygons(frames: dict[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of the overlays with repaired polygons and without missing ones, as every tool gets them."""
    found = {}
    for role in {r for _, *roles in OVERLAYS for r in roles}:
        shapes = frames[role].geometry.to_numpy()
        shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
        mended = [
            extract_polygons(s if valid else repair_polygon(s))
            for s, valid in zip(shapes, shapely.is_valid(shapes), strict=True)
        ]
        found[role] = gpd.GeoDataFrame(geometry=[s for s in mended if s is not None], crs=frames[role].crs)
    return found


def find_shared_land(left: Polygons, right: Polygons) -> OverlayPieces:
    """Return the land that polygons share; slivers stay, as in the results of the other tools, so no width is needed."""
    return find_shared_pieces(left, right, tolerance=ZERO_TOLERANCE, keep_slivers=True)


def measure_plugin_overlays(frames: dict[str, gpd.GeoDataFrame], runs: int) -> OverlayTimes:
    """Time the plugin's overlays.

    Each run begins without caches; later overlays of the run share them.
    """
    best = OverlayTimes(together=float("inf"))
    for _ in range(runs):
        layers = {role: Polygons(frame.geometry.to_numpy()) for role, frame in frames.items()}
        run = OverlayTimes()
        for name, left, right in OVERLAYS:
            a, b = layers[left], layers[right]
            seconds, parts = time_fastest_run(lambda a=a, b=b: find_shared_land(a, b), 1)
            run.names.append(name)
            run.seconds.append(seconds)
            run.areas.append(float(parts.area.sum()))
        run.together = sum(run.seconds)
        best = min(best, run, key=lambda m: m.together)
    return best


def divide_polygons(shapes: NDArray) -> tuple[NDArray, NDArray]:
    """Return the parts of (n,) polygons, each halved until it has few vertices, and (k,) the polygon of each part."""
    rows, parts = np.arange(len(shapes)), []
    while len(shapes):
        is_large = shapely.get_num_coordinates(shapes) > _MAX_PART_VERTICES
        parts.append((shapes[~is_large], rows[~is_large]))
        shapes, rows = shapes[is_large], np.tile(rows[is_large], 2)
        xmin, ymin, xmax, ymax = shapely.bounds(shapes).reshape(-1, 4).T
        is_wide = xmax - xmin > ymax - ymin
        x, y = np.where(is_wide, (xmin + xmax) / 2, xmax), np.where(is_wide, ymax, (ymin + ymax) / 2)
        halves = (shapely.box(xmin, ymin, x, y),
                  shapely.box(np.where(is_wide, x, xmin), np.where(is_wide, ymin, y), xmax, ymax))  # fmt: skip
        shapes = np.concatenate([shapely.intersection(shapes, half) for half in halves])
        has_land = shapely.area(shapes) > 0
        shapes, rows = shapes[has_land], rows[has_land]
    return np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts])


def overlay_by_loop(left: NDArray, right: NDArray) -> tuple[NDArray, NDArray]:
    """Return the (k, 2) pairs of polygons that share land, and (k,) the land of each: the best of twenty lines."""
    (a, a_rows), (b, b_rows) = divide_polygons(left), divide_polygons(right)
    i, j = shapely.STRtree(b).query(a, predicate="intersects")
    pieces = shapely.intersection(a[i], b[j])
    has_land = shapely.area(pieces) > 0
    pairs, number = np.unique(np.column_stack([a_rows[i], b_rows[j]])[has_land], axis=0, return_inverse=True)
    pieces, number = pieces[has_land], number.ravel()
    merged = pieces[np.unique(number, return_index=True)[1]]
    order = np.argsort(number, kind="stable")
    counts = np.bincount(number, minlength=len(pairs))
    groups = np.split(pieces[order], np.cumsum(counts)[:-1])
    for n in np.flatnonzero(counts > 1).tolist():
        merged[n] = shapely.union_all(groups[n])
    return pairs, merged


def measure_loop_overlays(frames: dict[str, gpd.GeoDataFrame]) -> OverlayTimes:
    """Time the loop and return the areas of its results."""
    found = OverlayTimes()
    for name, left, right in OVERLAYS:
        a, b = frames[left].geometry.to_numpy(), frames[right].geometry.to_numpy()
        seconds, (_, shapes) = time_fastest_run(lambda a=a, b=b: overlay_by_loop(a, b), 1)
        found.names.append(name)
        found.seconds.append(seconds)
        found.areas.append(float(shapely.area(shapes).sum()))
    found.together = sum(found.seconds)
    return found


def measure_geopandas_overlays(frames: dict[str, gpd.GeoDataFrame]) -> OverlayTimes:
    """Time geopandas.overlay and return the areas of its results."""
    found = OverlayTimes()
    for name, left, right in OVERLAYS:
        seconds, area = time_fastest_run(
            lambda a=left, b=right: gpd.overlay(
                frames[a], frames[b], how="intersection", keep_geom_type=True
            ).area.sum(),
            1,
        )
        found.names.append(name)
        found.seconds.append(seconds)
        found.areas.append(float(area))
    found.together = sum(found.seconds)
    return found


def measure_qgis_overlays(frames: dict[str, gpd.GeoDataFrame], folder: Path) -> OverlayTimes:
    """Time native:intersection of QGIS.

    Its layers are in a GeoPackage with spatial index, its results in memory.
    """
    from qgis.core import QgsApplication, QgsProcessingContext, QgsVectorLayer

    application = QgsApplication.instance() or QgsApplication([], False)
    application.initQgis()
    import processing
    from processing.core.Processing import Processing

    Processing.initialize()
    for role, frame in frames.items():
        frame.to_file(folder / f"{role}.gpkg", driver="GPKG")
    found = OverlayTimes()
    for name, left, right in OVERLAYS:
        layers = [QgsVectorLayer(str(folder / f"{role}.gpkg"), role, "ogr") for role in (left, right)]
        context = QgsProcessingContext()
        given = {"INPUT": layers[0], "OVERLAY": layers[1], "OUTPUT": "memory:"}
        seconds, result = time_fastest_run(
            lambda g=given, c=context: processing.run("native:intersection", g, context=c), 1
        )
        shapes = [shapely.from_wkb(bytes(f.geometry().asWkb())) for f in result["OUTPUT"].getFeatures()]
        found.names.append(name)
        found.seconds.append(seconds)
        found.areas.append(float(np.sum(shapely.area(np.array(shapes, dtype=object)))))
    found.together = sum(found.seconds)
    return found


def make_overlay_rows(
    plugin_times: OverlayTimes, other_times: OverlayTimes, other_tool: str, required_ratio: float
) -> list[Row]:
    """Return a row for each overlay and one for their total.

    ``required_ratio``: how many times faster than the other tool the total must be.
    """
    lines = []
    for name, seconds, area, slow, other_area in zip(
        plugin_times.names,
        plugin_times.seconds,
        plugin_times.areas,
        other_times.seconds,
        other_times.areas,
        strict=True,
    ):
        difference = abs(area - other_area) / max(other_area, 1.0)
        ratio = f"快 {slow / seconds:.0f} ×，面积差 {difference:.0e}"
        lines.append(
            Row(name, f"{seconds:.3f} s", f"{other_tool} {slow:.2f} s", ratio, "面积差 ≤ 1e-6", difference <= 1e-6)
        )
    times = other_times.together / plugin_times.together
    lines.append(
        Row("六个叠加合计", f"{plugin_times.together:.2f} s", f"{other_tool} {other_times.together:.1f} s", f"快 {times:.0f} ×",
            f"≥ {required_ratio:.0f} ×", times >= required_ratio)
    )  # fmt: skip
    return lines
