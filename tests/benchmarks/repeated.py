# SPDX-License-Identifier: GPL-2.0-or-later
"""Time a second check of a county, with the results of rules that the first one kept."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import shapely

from plugin.core.check import RunOptions, check_plan
from plugin.core.engine.memory_folder import FolderMemory
from plugin.core.engine.rule_memory import RuleMemory
from plugin.core.io import read_source
from plugin.core.loading.reading import make_plan_layer_selector
from plugin.core.plan.layer import SourceLayer

from .measure import Row

#: Layer that changes between two checks → what it is called in the table.
CHANGED_LAYERS = {"": "图层未改动", "CZKFBJ": "城镇开发边界改动一个要素", "DLTB": "地类图斑改动一个要素"}
OPTIONS = RunOptions(profile="hunyuan")


def read_county(path: Path) -> list[SourceLayer]:
    """Return the layers of a county as a check reads them."""
    return list(read_source(path, select_layer=make_plan_layer_selector(OPTIONS.resolve_norm(), {})))


def move_one_feature(layers: list[SourceLayer], name: str) -> list[SourceLayer]:
    """Return the layers with the first feature of one of them moved by 1 m; of an empty name, the same layers."""

    def move(layer: SourceLayer) -> SourceLayer:
        frame = layer.frame.copy()
        shapes = frame.geometry.to_numpy().copy()
        shapes[0] = shapely.transform(shapes[0], lambda xy: xy + 1.0)
        return replace(layer, frame=frame.set_geometry(shapes, crs=frame.crs))

    return [move(layer) if layer.name == name else layer for layer in layers]


def measure_repeated_checks(path: Path, runs: int) -> list[Row]:
    """Time reading and check together, fresh and with kept results, in alternation.

    The memory is the desktop's. A last row has the folder of the command line, from which nothing is in memory.
    """
    rows = []
    for name, title in CHANGED_LAYERS.items():
        fresh, repeated = [], []
        for _ in range(runs):
            memory = RuleMemory()
            check_plan(read_county(path), OPTIONS, memory=memory)
            fresh.append(time_check(path, name, None))
            repeated.append(time_check(path, name, memory))
        rows.append(make_row(f"再次检查，{title}，含读取", fresh, repeated, 0.5 if name else 0.3))
    with TemporaryDirectory() as folder:
        check_plan(path, OPTIONS, memory=FolderMemory(folder, path))
        fresh = [time_call(lambda: check_plan(path, OPTIONS)) for _ in range(runs)]
        repeated = [
            time_call(lambda: check_plan(path, OPTIONS, memory=FolderMemory(folder, path))) for _ in range(runs)
        ]
    rows.append(make_row("命令行再次检查（--cache），图层未改动，含读取", fresh, repeated, 0.3))
    return rows


def time_check(path: Path, changed_layer: str, memory: RuleMemory | None) -> tuple[float, float]:
    """Return wall and processor seconds of reading and checking a county of which one layer has changed."""
    return time_call(lambda: check_plan(move_one_feature(read_county(path), changed_layer), OPTIONS, memory=memory))


def time_call(action: Callable[[], Any]) -> tuple[float, float]:
    """Return wall and processor seconds of a call."""
    wall, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - processor


def make_row(subject: str, fresh: list[tuple[float, float]], repeated: list[tuple[float, float]], limit: float) -> Row:
    """Return the row of the median ratio of wall seconds; the processor's ratio is in brackets."""
    wall, processor = (
        statistics.median(second[n] / first[n] for first, second in zip(fresh, repeated, strict=True)) for n in (0, 1)
    )
    first, second = (statistics.median(one[0] for one in times) for times in (fresh, repeated))
    return Row(subject, f"{second:.2f} s", f"无保存的结果 {first:.2f} s", f"{wall:.2f} ×（处理器 {processor:.2f} ×）",
               f"≤ {limit} ×", wall <= limit)  # fmt: skip
