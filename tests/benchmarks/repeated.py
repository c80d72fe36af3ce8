# SPDX-License-Identifier: GPL-2.0-or-later
"""Time a second check of a county, with the results of rules that the first one kept."""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import shapely

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.engine.rule_memory import RuleMemory
from plugin.core.plan.io import read_source
from plugin.core.plan.io.stored_shapes import find_wkb_start
from plugin.core.plan.layer import SourceLayer
from plugin.core.plan.loading.reading import make_plan_layer_selector

from .measure import Row

#: Layer that changes between two checks → what it is called in the table.
CHANGED_LAYERS = {"": "图层未改动", "CZKFBJ": "城镇开发边界改动一个要素", "DLTB": "地类图斑改动一个要素"}
OPTIONS = RunOptions(profile="hunyuan")


def read_county(path: Path) -> list[SourceLayer]:
    """Return the layers of a county as a check reads them."""
    return list(read_source(path, select_layer=make_plan_layer_selector(OPTIONS.resolve_norm(), {})))


def move_one_feature(path: Path, name: str) -> None:
    """Move the first feature of a layer of a GeoPackage by 1 m in x and y, in place, as an edit that was saved."""
    with closing(sqlite3.connect(path)) as database, database:
        # Triggers of the spatial index need functions that sqlite3 lacks; the reader does not use that index.
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (name,))
        for (trigger,) in triggers.fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        fid, blob = database.execute(f'SELECT fid, geom FROM "{name}" ORDER BY fid LIMIT 1').fetchone()
        start = find_wkb_start(blob)
        moved = shapely.transform(shapely.from_wkb(blob[start:]), lambda xy: xy + 1.0)
        moved_blob = blob[:start] + shapely.to_wkb(moved, flavor="iso")
        database.execute(f'UPDATE "{name}" SET geom = ? WHERE fid = ?', (moved_blob, fid))


def measure_repeated_checks(path: Path, runs: int) -> list[Row]:
    """Time reading and check together, fresh and with the results that the desktop keeps, in alternation."""
    rows = []
    for name, title in CHANGED_LAYERS.items():
        fresh, repeated = [], []
        for _ in range(runs):
            with TemporaryDirectory() as folder:
                edited_path = Path(shutil.copy(path, folder))
                memory = RuleMemory()
                check_plan(read_county(edited_path), OPTIONS, memory=memory)
                if name:
                    move_one_feature(edited_path, name)
                fresh.append(time_check(edited_path, None))
                repeated.append(time_check(edited_path, memory))
        rows.append(make_row(f"再次检查，{title}，含读取", fresh, repeated, 0.5 if name else 0.3))
    return rows


def time_check(path: Path, memory: RuleMemory | None) -> tuple[float, float]:
    """Return wall and processor seconds of reading and checking a county."""
    return time_call(lambda: check_plan(read_county(path), OPTIONS, memory=memory))


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
