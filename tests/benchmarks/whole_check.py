# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a whole check with reading its file, on one core and on all, with and without outputs.

Reading is pyogrio with all columns, and the validity of all geometries: independent of the plugin's reader. Everything
alternates, so that other programs on the machine slow all of it down alike; ratios are medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from plugin.core.base.parallel.process_state import get_available_cores, get_thread_count, set_thread_count
from plugin.core.checks.check import RunOptions, check_plan
from plugin.paths import RESOURCES_FOLDER

from .measure import Row, read_all, time_fastest_run

_SAMPLE = RESOURCES_FOLDER / "sample"
#: Side tables for the rules that compare with figures and targets.
_SIDE_TABLES = {"figures": str(_SAMPLE / "figures.csv"), "targets": str(_SAMPLE / "township_tasks.csv")}
_DEFAULT_RULES = RunOptions(profile="hunyuan")
_ALL_RULES = RunOptions(profile="hunyuan", rules=("all",), **_SIDE_TABLES)


def measure_whole_checks(path: Path, full_path: Path, runs: int) -> list[Row]:
    """Return the rows of the table.

    ``path``: a county with the layers of the default rules; ``full_path``: one with layers for all rules.
    """
    default_actions: list[tuple[str, float, Callable[[], Any]]] = [
        ("默认规则，一个线程", 2.8, lambda: _check_with_threads(path, _DEFAULT_RULES, 1)),
        (f"默认规则，{get_available_cores()} 核", 2.0, lambda: check_plan(path, _DEFAULT_RULES)),
        ("命令 check，写 JSON、HTML、问题图层", 4.0, lambda: _run_command(path)),
    ]
    all_rules_action = [("全部规则", 7.0, lambda: check_plan(full_path, _ALL_RULES))]
    return _compare_with_reading(path, default_actions, runs) + _compare_with_reading(full_path, all_rules_action, runs)


def _compare_with_reading(path: Path, actions: list[tuple[str, float, Callable[[], Any]]], runs: int) -> list[Row]:
    """Return a row for each action: its title, its largest accepted ratio to reading the file, and what it does."""
    reading: list[float] = []
    seconds: dict[str, list[float]] = {title: [] for title, *_ in actions}
    for _ in range(runs):
        reading.append(time_fastest_run(lambda: read_all(path), 1)[0])
        for title, _, action in actions:
            seconds[title].append(time_fastest_run(action, 1)[0])
    rows = []
    for title, limit, _ in actions:
        ratio = statistics.median(whole / read for whole, read in zip(seconds[title], reading, strict=True))
        rows.append(
            Row(f"{title}，含读取", f"{statistics.median(seconds[title]):.2f} s",
                f"只读取并判有效 {statistics.median(reading):.2f} s", f"{ratio:.1f} ×", f"≤ {limit:g} ×", ratio <= limit)
        )  # fmt: skip
    return rows


def _check_with_threads(path: Path, options: RunOptions, thread_count: int) -> None:
    """Check a file with at most ``thread_count`` threads."""
    former_count = get_thread_count()
    set_thread_count(thread_count)
    try:
        check_plan(path, options)
    finally:
        set_thread_count(former_count)


def _run_command(path: Path) -> None:
    """Run the command ``check`` with three outputs in another process, which exits with 1 for a county with errors."""
    with TemporaryDirectory() as folder:
        outputs = [("--json", "report.json"), ("--html", "report.html"), ("--findings", "findings.gpkg")]
        arguments = [text for option, name in outputs for text in (option, str(Path(folder) / name))]
        command = [sys.executable, "-m", "plugin.core", "check", str(path), "--profile", "hunyuan", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode > 1:
            raise RuntimeError(f"{command}: exit code {done.returncode}\n{done.stderr}")
