# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure how time grows with the vertices of a county: the default rules, and six overlays.

The overlays are measured where layers share their edges, and where plan layers have other vertices than the parcels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.geometry.intersection_areas import compute_intersection_areas
from plugin.core.geometry.overlay import find_shared_pieces
from plugin.core.geometry.polygons import Polygons

from .measure import Row, count_vertices, generate_county_file, read_all, time_fastest_run
from .overlays import OVERLAYS, ZERO_TOLERANCE, repair_polygons
from .shifted import redraw_plan_layers

#: Parcels of the counties.
SIZES = (20_000, 150_000, 400_000)
#: Time must grow at most as this power of the number of vertices.
_MAX_EXPONENT = 1.1


def measure_growth(vertices_per_edge: int, runs: int) -> list[Row]:
    """Return the rows of the table: seconds at each size and the power of the vertices that they follow."""
    vertices: list[int] = []
    seconds: dict[str, list[float]] = {}
    for parcels in SIZES:
        path = generate_county_file(parcels, vertices_per_edge, defects=False)
        frames = read_all(path)
        vertices.append(count_vertices(frames))
        matched = repair_polygons(frames)
        del frames
        for title, action in _list_actions(path, matched, redraw_plan_layers(matched)):
            seconds.setdefault(title, []).append(time_fastest_run(action, runs)[0])
    rows = []
    for title, times in seconds.items():
        powers = [
            math.log(times[n] / times[n - 1]) / math.log(vertices[n] / vertices[n - 1]) for n in range(1, len(times))
        ]
        rows.append(
            Row(title, " → ".join(f"{one:.2f}" for one in times) + " s",
                "顶点 " + " → ".join(f"{count / 1e6:.1f}" for count in vertices) + " 百万",
                "指数 " + "、".join(f"{power:.2f}" for power in powers), f"≤ {_MAX_EXPONENT}", max(powers) <= _MAX_EXPONENT)
        )  # fmt: skip
    return rows


def _list_actions(
    path: Path, matched: dict[str, gpd.GeoDataFrame], shifted: dict[str, gpd.GeoDataFrame]
) -> list[tuple[str, Callable[[], Any]]]:
    """Return what is timed for one county: title and action."""
    return [
        ("默认规则，含读取", lambda: check_plan(path, RunOptions(profile="hunyuan"))),
        ("六个叠加，边界一致", lambda: _overlay_all(matched, find_shared_pieces)),
        ("六个叠加的面积，边界不一致", lambda: _overlay_all(shifted, compute_intersection_areas)),
    ]


def _overlay_all(frames: dict[str, gpd.GeoDataFrame], overlay: Callable[..., Any]) -> None:
    """Compute the six overlays of a county, which share the caches of their layers."""
    layers = {role: Polygons(frame.geometry.to_numpy()) for role, frame in frames.items()}
    for _, left, right in OVERLAYS:
        overlay(layers[left], layers[right], tolerance=ZERO_TOLERANCE)
