# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure pauses of the desktop's main thread with a work list of many findings in the panel.

Run ``python -m tests.benchmarks.worklist --findings 100000``. QGIS starts on a virtual screen; the panel is filled,
searched, grouped, sorted, filtered and stepped through, and rows are edited and written.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.desktop import start

#: Steps that are measured only: a choice for most of the county at once.
UNLIMITED_STEPS = ("assign 75 000 rows",)
#: Longest pause that needs no work in portions, in seconds.
LONGEST_PAUSE_S = 0.15
#: Seconds in which the run ends.
TIMEOUT_S = 900


def main() -> int:
    """Print the longest pauses; return 1 if one is too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=100_000)
    os.environ["SANXIAN_WORKLIST_FINDINGS"] = str(parser.parse_args().findings)
    with TemporaryDirectory() as name:
        folder = Path(name)
        facts = start.run("worklist_pauses", folder / "desktop", folder / "screenshots", timeout=TIMEOUT_S)
    pauses = facts["pauses"]
    for step, (wall, cpu, total) in pauses.items():
        print(f"{step:<24} {1000 * wall:7.1f} ms  {1000 * cpu:7.1f} ms CPU  {total:7.2f} s in all")
    print(json.dumps(pauses), file=sys.stderr)
    return int(max(cpu for step, (_, cpu, _) in pauses.items() if step not in UNLIMITED_STEPS) > LONGEST_PAUSE_S)


if __name__ == "__main__":
    sys.exit(main())
