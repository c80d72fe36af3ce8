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

#: Minutes after which growth counts, and what may be added in an hour.
WARM_MINUTES, MAX_GROWTH = 10, {"memory_mb": 5.0, "in_use_mb": 5.0, "handles": 5.0, "threads": 1.0}
#: Seconds.
MAX_PAUSE = 0.3


def summarise(rows: list[dict]) -> tuple[dict[str, object], list[str]]:
    """Return figures of a run, and which limits they break."""
    warm = [row for row in rows if row["seconds"] >= 60 * WARM_MINUTES]
    # A whole check ends with the return of freed memory: what is resident between checks is partly free.
    kinds = {key: "check" if key == "memory_mb" else "edit" for key in MAX_GROWTH}
    rows_by_key = {key: [row for row in warm if row["kind"] == kind] for key, kind in kinds.items()}
    growth = {
        key: round(float(np.polyfit([row["seconds"] / 3600 for row in ones], [row[key] for row in ones], 1)[0]), 2)
        for key, ones in rows_by_key.items()
        if len(ones) > 2
    }
    # When QGIS saves, it waits for the disk.
    pauses = sorted(
        (
            (row["pause_cpu"] if row["kind"] == "save" else row["pause"], row["kind"], row.get("role"), row.get("done"))
            for row in rows
            if "pause" in row
        ),
        key=lambda one: -one[0],
    )
    differences = [row for row in rows if row["kind"] == "check" and (row["only_live"] or row["only_whole"])]
    figures: dict[str, object] = {
        "hours": round(rows[-1]["seconds"] / 3600, 2),
        "records": dict(Counter(row["kind"] for row in rows)),
        "done": dict(Counter(f"{row['kind']}: {row['done']}" for row in rows if "done" in row)),
        "first_and_last": {key: [rows[0][key], rows[-1][key]] for key in MAX_GROWTH},
        "after_checks": [[row["memory_mb"], row["in_use_mb"]] for row in rows if row["kind"] == "check"],
        "growth_per_hour": growth,
        "longest_pauses": pauses[:5],
        "differences": differences,
    }
    broken = [] if len(growth) == len(MAX_GROWTH) else [f"too short to measure growth after {WARM_MINUTES} minutes"]
    broken += [f"{key} grows by {value} in an hour" for key, value in growth.items() if value > MAX_GROWTH[key]]
    broken += [f"a pause of {seconds} s: {names}" for seconds, *names in pauses if seconds > MAX_PAUSE]
    broken += [f"live and whole checks differ {len(differences)} times"] if differences else []
    broken += [f"a dialog opened: {row['title']}" for row in rows if row["kind"] == "dialog"]
    broken += [f"a layer was not saved at {row['seconds']} s" for row in rows if not all(row.get("saved", ()))]
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
        settings={
            "SANXIAN_SOAK_COUNTY": str(folder / "county.gpkg"),
            "SANXIAN_SOAK_MINUTES": str(args.minutes),
            # The C library keeps freed memory in a heap for each thread, which would pass for memory in use.
            "MALLOC_ARENA_MAX": "1",
        },
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
