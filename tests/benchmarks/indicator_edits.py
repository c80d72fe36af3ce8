# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure the time from an edit until the panel of indicators shows the figures after it.

Run ``python -m tests.benchmarks.indicator_edits --parcels 150000 --edits 200``. QGIS starts on a virtual screen with a
generated county; the figures at the end are compared with those of a whole check.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
from collections import defaultdict
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.desktop import start

from .measure import HEADER, Row, generate_county_file

#: Median time in which the panel follows, in seconds.
LIMIT_S = 0.1
#: Seconds in which the run ends.
TIMEOUT_S = 1800


def main() -> int:
    """Print a row for each layer and one for all edits; return 1 if figures differ from those of the whole check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=20_000)
    parser.add_argument("--vertices", type=int, default=7, help="vertices put on each edge")
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--screenshots", type=Path, help="folder for pictures of the screen")
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SANXIAN_INDICATOR_COUNTY"] = str(generate_county_file(given.parcels, given.vertices))
        os.environ["SANXIAN_INDICATOR_EDITS"] = str(given.edits)
        screenshots = given.screenshots or folder / "screenshots"
        facts = start.run("indicator_edits", folder / "desktop", screenshots, timeout=TIMEOUT_S)
    until_figures, until_findings = defaultdict(list), defaultdict(list)
    for role, figures, findings in facts["seconds"]:
        if figures is not None:
            until_figures[role].append(figures)
        until_findings[role].append(findings)
    rows = [make_row(f"{role}：编辑至指标更新", values) for role, values in until_figures.items()]
    rows.append(make_row("编辑至指标更新", list(chain.from_iterable(until_figures.values())), LIMIT_S))
    rows += [make_row(f"{role}：编辑至复检完成", values) for role, values in until_findings.items()]
    print("\n".join([HEADER, *(row.markdown() for row in rows)]))
    edited, checked = facts["figures_edited"], facts["figures_checked"]
    compared = [key for key in checked if key.split()[0] not in facts["stale_ids"]]
    different = [key for key in compared if not is_equal(edited[key], checked[key])]
    print(f"{len(compared)} figures compared with a whole check, {len(different)} different: {different}")
    print(f"dial: {facts['dial_before']} → {facts['dial_after']} after a drawn polygon", file=sys.stderr)
    return int(bool(different))


def make_row(subject: str, seconds: list[float], limit: float | None = None) -> Row:
    """Return the row of the median and the longest time from an edit until the panel shows its figures."""
    middle = statistics.median(seconds)
    asked = "" if limit is None else f"≤ {1000 * limit:.0f} ms"
    return Row(f"{subject}（{len(seconds)} 次中位数）", f"{1000 * middle:.0f} ms", f"最长 {1000 * max(seconds):.0f} ms", "",
               asked, None if limit is None else middle <= limit)  # fmt: skip


def is_equal(one: float | None, other: float | None) -> bool:
    """Return True if two figures are equal up to rounding of sums, or both are unknown."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


if __name__ == "__main__":
    sys.exit(main())
