# SPDX-License-Identifier: GPL-2.0-or-later
"""A county with layers that do not share their edges; areas of its pairs compared with the loop of `overlays`.

From separate surveys, plan layers have other vertices than the parcels, up to 0.5 m away.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from plugin.core.geometry.intersection_areas import compute_intersection_areas
from plugin.core.geometry.polygons import Polygons

from .measure import Row, read_all
from .overlays import OVERLAYS, find_shared_land, overlay_by_loop

#: Distance (m) between vertices of the plan layers, and amplitude (m) of their shift along each axis.
_VERTEX_DISTANCE_M, _SHIFT_M = 60.0, 0.35
#: Largest difference of a pair's area: m², and share of the area.
_MAX_DIFFERENCE_M2, _MAX_DIFFERENCE_SHARE = 0.01, 1e-6
#: How many times faster than the loop the six overlays must be together.
_REQUIRED_RATIO = 1.0


def redraw_shapes(shapes: NDArray) -> NDArray:
    """Return (n,) shapes with other vertices, moved by up to 0.5 m; some may be invalid."""

    def move(xy: NDArray) -> NDArray:
        x, y = xy.T
        return xy + _SHIFT_M * np.stack([np.sin(x / 311 + y / 177), np.cos(y / 271 - x / 419)], axis=1)

    redrawn: NDArray = shapely.transform(shapely.segmentize(shapes, _VERTEX_DISTANCE_M), move)
    return redrawn


def redraw_plan_layers(frames: dict[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers with redrawn shapes in all of them but the parcels; invalid shapes are left out."""
    redrawn = {}
    for role, frame in frames.items():
        shapes = frame.geometry.to_numpy()
        if role != "DLTB":
            shapes = redraw_shapes(shapes)
            shapes = shapes[shapely.is_valid(shapes)]
        redrawn[role] = gpd.GeoDataFrame(geometry=shapes, crs=frame.crs)
    return redrawn


def write_shifted_county(path: Path) -> Path:
    """Return a copy of a county's GeoPackage with redrawn shapes in all layers but the parcels; write it if missing."""
    shifted_path = path.with_name(f"{path.stem}_shifted{path.suffix}")
    if not shifted_path.exists():
        for role, frame in read_all(path).items():
            if role != "DLTB":
                frame = frame.set_geometry(
                    gpd.GeoSeries(redraw_shapes(frame.geometry.to_numpy()), index=frame.index, crs=frame.crs)
                )
            pyogrio.write_dataframe(frame, shifted_path, layer=role, append=shifted_path.exists())
    return shifted_path


def measure_shifted_overlays(frames: dict[str, gpd.GeoDataFrame], runs: int) -> list[Row]:
    """Return rows with the median seconds of alternating runs of the plugin and of the loop, of the processor."""
    own_seconds: dict[str, list[float]] = {name: [] for name, *_ in OVERLAYS}
    other_seconds: dict[str, list[float]] = {name: [] for name, *_ in OVERLAYS}
    shape_seconds: list[float] = []
    worst: dict[str, tuple[float, bool]] = {}
    for _ in range(runs):
        layers = {role: Polygons(frame.geometry.to_numpy()) for role, frame in frames.items()}
        begun = time.process_time()
        for _, left, right in OVERLAYS:
            find_shared_land(layers[left], layers[right])
        shape_seconds.append(time.process_time() - begun)
        layers = {role: Polygons(frame.geometry.to_numpy()) for role, frame in frames.items()}
        for name, left, right in OVERLAYS:
            begun = time.process_time()
            shared = compute_intersection_areas(layers[left], layers[right])
            own_seconds[name].append(time.process_time() - begun)
            begun = time.process_time()
            pairs, shapes = overlay_by_loop(frames[left].geometry.to_numpy(), frames[right].geometry.to_numpy())
            other_seconds[name].append(time.process_time() - begun)
            own = dict(zip(zip(shared.left.tolist(), shared.right.tolist(), strict=True), shared.area, strict=True))
            worst[name] = _compare_areas(
                own, dict(zip(map(tuple, pairs.tolist()), shapely.area(shapes).tolist(), strict=True))
            )
    rows = []
    for name in own_seconds:
        mine, theirs = statistics.median(own_seconds[name]), statistics.median(other_seconds[name])
        difference, is_equal = worst[name]
        rows.append(
            Row(name, f"{mine:.2f} s", f"二十行循环 {theirs:.2f} s",
                f"快 {theirs / mine:.1f} ×，每对面积最大差 {difference:.0e} m²", "不慢于，面积差 ≤ 0.01 m² 或 1e-6",
                is_equal and mine <= theirs)
        )  # fmt: skip
    mine, theirs = (sum(map(statistics.median, seconds.values())) for seconds in (own_seconds, other_seconds))
    rows.append(
        Row("六个叠加合计（边界不一致），只求面积", f"{mine:.2f} s", f"二十行循环 {theirs:.1f} s", f"快 {theirs / mine:.0f} ×",
            f"≥ {_REQUIRED_RATIO:.0f} ×", theirs >= _REQUIRED_RATIO * mine)
    )  # fmt: skip
    shapes_mine = statistics.median(shape_seconds)
    rows.append(
        Row("六个叠加合计（边界不一致），图形和面积", f"{shapes_mine:.2f} s", f"二十行循环 {theirs:.1f} s",
            f"{theirs / shapes_mine:.2f} ×", "不慢于", shapes_mine <= theirs)
    )  # fmt: skip
    return rows


def _compare_areas(own: dict[tuple[int, int], float], expected: dict[tuple[int, int], float]) -> tuple[float, bool]:
    """Return the largest difference of areas by pair (m²), and whether all differences are within the limits."""
    pairs = own.keys() | expected.keys()
    differences = np.array([abs(own.get(pair, 0.0) - expected.get(pair, 0.0)) for pair in pairs])
    limits = np.array([max(_MAX_DIFFERENCE_M2, _MAX_DIFFERENCE_SHARE * expected.get(pair, 0.0)) for pair in pairs])
    return float(differences.max(initial=0.0)), bool((differences <= limits).all())
