# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare pauses of the desktop's main thread: a batch of fixes with the plugin, the same edits without it.

Run ``python -m tests.benchmarks.batch_pauses --parcels 150000 --fixes 2000`` (one command with
``make benchmark BENCH="--parcels 150000 --fixes 2000"`` makes the county). QGIS starts on a virtual screen for each
run; the same edits follow in the same project after the plugin was unloaded. On a busy machine run it with
``chrt -f 50``: the verdict uses the CPU time of the main thread, since the time on the clock also has the waits for
other programs and threads.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.desktop import start

from .batch_fixes import ADDITIONAL_RULES, plant_in_file
from .measure import HEADER, Row

#: A pause without the plugin plus this is the same pause: the noise of repeated runs, in seconds.
SAME_PAUSE_S = 0.02
#: Seconds in which one run ends.
TIMEOUT_S = 2400


def measure_run(county: Path, profile: Path, rounds: int, folder: Path) -> dict[str, Any]:
    """Run tests/desktop/batch_pauses.py on a copy of the county; return its facts."""
    folder.mkdir()
    copy = folder / "county.gpkg"
    shutil.copy(county, copy)
    os.environ.update(
        SANXIAN_PAUSES_COUNTY=str(copy),
        SANXIAN_PAUSES_PROFILE=str(profile),
        SANXIAN_PAUSES_ROUNDS=str(rounds),
    )
    return start.run("batch_pauses", folder / "desktop", folder / "screenshots", timeout=TIMEOUT_S)


def write_profile(path: Path) -> None:
    """Write a county's profile whose rules also find the planted defects."""
    rules = ", ".join(f'"{code}"' for code in ADDITIONAL_RULES)
    head = 'id = "pauses"\nname = "浑源县"\narea_code = "140225"\nbase = "hunyuan"\n'
    path.write_text(f"{head}rules_extra = [{rules}]\n", encoding="utf-8")


def compare_pauses(parcels: int, vertices: int, count: int, runs: int, rounds: int) -> list[Row]:
    """Return the rows of the table: longest pauses of trial, writing and undo, with the plugin and without it."""
    county, _ = plant_in_file(parcels, vertices, count)
    pauses: dict[str, list[list[float]]] = defaultdict(list)
    with TemporaryDirectory() as name:
        folder = Path(name)
        profile = folder / "pauses.toml"
        write_profile(profile)
        for run in range(runs):
            desktop_folder = folder / str(run)
            facts = measure_run(county, profile, rounds, desktop_folder)
            print({key: value for key, value in facts.items() if key != "folder"}, file=sys.stderr)
            for step in ("trial", "first_apply", "apply", "write", "undo", "plain_apply", "plain_write", "plain_undo"):
                pauses[step] += facts.get(step, [])
            shutil.rmtree(desktop_folder)
    return [
        make_pause_row("试算（不写入）", pauses["trial"], None),
        make_pause_row("首次应用（另含首次开始编辑）", pauses["first_apply"], None),
        make_pause_row("开始编辑、应用、登记、复检", pauses["apply"], pauses["plain_apply"]),
        make_pause_row("写入、登记、复检", pauses["write"], pauses["plain_write"]),
        make_pause_row("撤销、复检", pauses["undo"], pauses["plain_undo"]),
    ]


def make_pause_row(subject: str, with_plugin: list[list[float]], without: list[list[float]] | None) -> Row:
    """Return a row of medians (with the range) of the longest pauses.

    A pause is a pair of wall-clock and CPU seconds of the main thread. ``without``: pauses without the plugin, if any.
    """
    if without is None:
        return Row(subject, format_pauses(with_plugin), "", "")
    own, plain = (statistics.median(cpu for _, cpu in one) for one in (with_plugin, without))
    return Row(subject, format_pauses(with_plugin), format_pauses(without), f"{own - plain:+.3f} s",
               f"处理器相差 ≤ {SAME_PAUSE_S:g} s", own <= plain + SAME_PAUSE_S)  # fmt: skip


def format_pauses(pauses: list[list[float]]) -> str:
    """Return median and range of wall-clock seconds, and the median of CPU seconds, as text."""
    walls, processor = [wall for wall, _ in pauses], statistics.median(cpu for _, cpu in pauses)
    return f"{statistics.median(walls):.3f}（{min(walls):.3f}–{max(walls):.3f}）s，处理器 {processor:.3f} s"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=20_000)
    options.add_argument("--vertices", type=int, default=7)
    options.add_argument("--fixes", type=int, default=200)
    options.add_argument("--runs", type=int, default=3, help="starts of QGIS")
    options.add_argument("--rounds", type=int, default=3, help="repeated steps in each run")
    given = options.parse_args()
    rows = compare_pauses(given.parcels, given.vertices, given.fixes, given.runs, given.rounds)
    print("\n".join([HEADER, *(row.markdown() for row in rows)]))


if __name__ == "__main__":
    main()
