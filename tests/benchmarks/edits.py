# SPDX-License-Identifier: GPL-2.0-or-later
"""Time the live check after an edit of one parcel or one red line vertex."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import shapely

from plugin.core.checks.live.checker import IncrementalChecker
from plugin.core.engine.evaluate import choose_rules
from plugin.core.plan.plan import Plan

from .measure import Row, median, read_peak_memory_mb

MOVED_PARCELS, MOVED_VERTICES = 200, 20


def move_one_vertex(shape: Any, chance: np.random.Generator, distance_m: float) -> Any:
    """Return the polygon with one vertex of its outer ring moved at random."""
    ring = np.array(shapely.get_exterior_ring(shapely.get_parts([shape])[0]).coords)
    place = 1 + chance.integers(len(ring) - 2)
    spot = ring[place].copy()

    def move(xy: np.ndarray) -> np.ndarray:
        xy = xy.copy()
        xy[(xy == spot).all(axis=1)] += distance_m
        return xy

    return shapely.transform(shape, move)


def measure_edits(plan: Plan, county: str = "") -> list[Row]:
    """Return the rows on edits of a checked plan; ``county``: what distinguishes it from the plan of other rows."""
    chance = np.random.default_rng(20)
    before = read_peak_memory_mb()
    started = time.perf_counter()
    live = IncrementalChecker(plan, choose_rules(plan.norm.standard.rules))
    live.prepare()
    ready = time.perf_counter() - started
    parcels, line = plan.layers["DLTB"], plan.layers["STBHHX"]
    seconds = []
    for row in chance.integers(len(parcels), size=MOVED_PARCELS * 2).tolist():
        if parcels.plane_shapes[row] is not None and len(seconds) < MOVED_PARCELS:
            seconds.append(_time_one_edit(live, "DLTB", row, move_one_vertex(parcels.plane_shapes[row], chance, 5.0)))
    largest = int(np.argmax(shapely.get_num_coordinates(line.plane_shapes)))
    size = int(shapely.get_num_coordinates(line.plane_shapes[largest]))
    vertices = []
    shape = line.plane_shapes[largest]
    for _ in range(MOVED_VERTICES):
        # Each vertex is moved in addition to the previous ones, as while drawing.
        shape = move_one_vertex(shape, chance, 0.5)
        vertices.append(_time_one_edit(live, "STBHHX", largest, shape))
    return [
        Row(f"{county}改一个图斑后复检（{len(seconds)} 次中位数）", f"{median(seconds) * 1000:.0f} ms", f"最长 {max(seconds) * 1000:.0f} ms", "",
            "≤ 100 ms", median(seconds) <= 0.1),
        Row(f"{county}红线（{size:,} 顶点）移一个顶点后复检（{len(vertices)} 次中位数）", f"{median(vertices) * 1000:.0f} ms",
            f"最长 {max(vertices) * 1000:.0f} ms", "", "≤ 300 ms", median(vertices) <= 0.3),
        Row(f"{county}复检用的索引就绪", f"{ready:.2f} s", f"内存峰值增 {read_peak_memory_mb() - before:.0f} MB", "", "≤ 10 s", ready <= 10),
    ]  # fmt: skip


def _time_one_edit(live: IncrementalChecker, role: str, row: int, shape: Any) -> float:
    started = time.perf_counter()
    live.recheck_change(live.edit_row(role, row, shape))
    return time.perf_counter() - started
