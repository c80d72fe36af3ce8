# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure the time from a move of the mouse until the panel of conformity shows the figures of the drawn project.

Run ``python -m tests.benchmarks.conformity_panel --parcels 150000 --moves 200``. QGIS starts on a virtual screen with a
generated county; polygons of 3 to 80 ha are drawn in all parts of it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.desktop import start

from .measure import HEADER, Row, generate_county_file

#: Median and longest time in which the figures follow, in seconds.
MEDIAN_LIMIT_S, LONGEST_LIMIT_S = 0.1, 0.3
#: Seconds in which the run ends.
TIMEOUT_S = 1500


def main() -> int:
    """Print the times; return 1 if the median or the longest time is above its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=150_000)
    parser.add_argument("--vertices", type=int, default=7, help="vertices put on each edge")
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--file", type=Path, help="county file, instead of a generated one")
    parser.add_argument("--screenshots", type=Path, help="folder for pictures of the screen")
    given = parser.parse_args()
    path = given.file or generate_county_file(given.parcels, given.vertices)
    os.environ |= {"SANXIAN_MOVES_COUNTY": str(Path(path).resolve()), "SANXIAN_MOVES": str(given.moves)}
    with TemporaryDirectory() as name:
        folder = Path(name)
        screenshots = given.screenshots or folder / "screenshots"
        facts = start.run("conformity_moves", folder / "desktop", screenshots, timeout=TIMEOUT_S)
    wall, cpu = ([times[position] for times in facts["seconds"]] for position in (0, 1))
    print("\n".join([HEADER, make_row("移动鼠标至数字更新（墙钟）", wall).markdown()]))
    print(make_row("移动鼠标至数字更新（墙钟与处理器时间的较小者）", cpu).markdown())
    for radius in sorted({times[2] for times in facts["seconds"]}):
        print(make_row(f"半径 {radius:.0f} m", [one for one, _, size in facts["seconds"] if size == radius]).markdown())
    print(
        f"{facts['parcels']} parcels, check {facts['check_s']:.0f} s, first figures after {facts['first_s']:.1f} s, "
        f"without an area {facts['without_area']}; moving mouse: {facts['moving']}",
        file=sys.stderr,
    )
    return int(statistics.median(wall) > MEDIAN_LIMIT_S or max(wall) > LONGEST_LIMIT_S)


def make_row(subject: str, seconds: list[float]) -> Row:
    """Return the row on the times of moves."""
    median, longest = statistics.median(seconds), max(seconds)
    return Row(
        f"{subject}（{len(seconds)} 次）",
        f"中位数 {1000 * median:.0f} ms",
        f"最长 {1000 * longest:.0f} ms",
        "",
        "≤ 100 ms，最长 ≤ 300 ms",
        median <= MEDIAN_LIMIT_S and longest <= LONGEST_LIMIT_S,
    )


if __name__ == "__main__":
    sys.exit(main())
