# SPDX-License-Identifier: GPL-2.0-or-later
"""Time six overlays of a county and compare them with geopandas and QGIS."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from plugin.core.geometry.overlay import find_shared_pieces
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
            seconds, parts = time_fastest_run(lambda a=a, b=b: find_shared_pieces(a, b, tolerance=ZERO_TOLERANCE), 1)
            run.names.append(name)
            run.seconds.append(seconds)
            run.areas.append(float(parts.area.sum()))
        run.together = sum(run.seconds)
        best = min(best, run, key=lambda m: m.together)
    return best


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
