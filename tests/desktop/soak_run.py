# SPDX-License-Identifier: GPL-2.0-or-later
"""Edit a generated county at the desktop for hours (soak.py), and compare the records with the limits.

``python -m tests.desktop.soak_run --minutes 120 --parcels 150000``. Records stay in the folder of the run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from tests.county import make_county
from tests.county.write import write_geopackage
from tests.desktop import start

#: Megabytes an hour by which memory may grow after some minutes, and seconds of a pause.
MAX_GROWTH_MB, WARM_MINUTES, MAX_PAUSE = 5.0, 10, 0.3


def summarise(rows: list[dict]) -> tuple[dict[str, object], list[str]]:
    """Return figures of a run, and which limits they break."""
    warm = [row for row in rows if row["seconds"] >= 60 * WARM_MINUTES and row["kind"] == "edit"]
    hours, memory = ([row[key] for row in warm] for key in ("seconds", "memory_mb"))
    slope = float(np.polyfit(np.array(hours) / 3600, memory, 1)[0]) if len(warm) > 2 else float("nan")
    pauses = sorted((min(row["pause"], row["pause_cpu"]) for row in rows if "pause" in row), reverse=True)
    figures: dict[str, object] = {
        "hours": round(rows[-1]["seconds"] / 3600, 2),
        "records": dict(Counter(row["kind"] for row in rows)),
        "fixes": dict(Counter(row["done"] for row in rows if row["kind"] == "fix")),
        "memory_mb": [rows[0]["memory_mb"], rows[-1]["memory_mb"]],
        "memory_mb_per_hour": round(slope, 2),
        "handles": [f([row["handles"] for row in warm]) for f in (min, max)] if warm else [],
        "threads": [f([row["threads"] for row in warm]) for f in (min, max)] if warm else [],
        "longest_pauses": pauses[:5],
        "differences": [row for row in rows if row["kind"] == "check" and (row["only_live"] or row["only_whole"])],
    }
    broken = [f"memory grows by {slope:.1f} MB/h"] if not slope <= MAX_GROWTH_MB else []
    broken += [f"a pause of {pauses[0]} s"] if pauses and pauses[0] > MAX_PAUSE else []
    broken += [f"live and whole checks differ {len(figures['differences'])} times"] if figures["differences"] else []
    broken += [f"a dialog opened: {row['title']}" for row in rows if row["kind"] == "dialog"]
    return figures, broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.desktop.soak_run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--parcels", type=int, default=150_000)
    parser.add_argument("--folder", type=Path, default=Path("build/soak"), help="a new folder")
    args = parser.parse_args()
    folder = args.folder.absolute()
    folder.mkdir(parents=True)
    write_geopackage(folder / "county.gpkg", make_county(args.parcels)[0])
    facts = start.run(
        "soak",
        folder / "run",
        folder / "shots",
        timeout=60 * args.minutes + 1800,
        settings={"SANXIAN_SOAK_COUNTY": str(folder / "county.gpkg"), "SANXIAN_SOAK_MINUTES": str(args.minutes)},
    )
    rows = [json.loads(line) for line in (folder / "run/soak.jsonl").read_text("utf-8").splitlines()]
    figures, broken = summarise(rows)
    broken += [f"logged: {line}" for line in facts["log"]] + [
        f"waited in vain: {one}" for one in facts["waits_in_vain"]
    ]
    print(json.dumps(figures, ensure_ascii=False, indent=1), *broken, sep="\n")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
