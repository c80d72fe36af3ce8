# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten generated counties, two of them broken, one enormous, and functions that kill a batch of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.counties import generate_counties
from tests.benchmarks.measure import generate_county_file
from tests.core.counties.county_files import start_batch

#: Parcels of a small county and of the enormous one, and its vertices on an edge.
SMALL_PARCELS, ENORMOUS_PARCELS, ENORMOUS_VERTICES = 700, 30_000, 7
NAMES = ("县1", "残县", "县2", "大县", "县3", "坏库县", "县4", "县5", "县6", "县7")
ENORMOUS, BROKEN = "大县", ("残县", "坏库县")
#: Seconds until a run must have reached a point, and between two queries of its files.
_MAX_SECONDS, _POLL_SECONDS = 600, 0.002


def write_ten_counties(folder: Path) -> dict[str, Path]:
    """Write the broken counties and the list of all; return name → data. Generated files are kept for other runs."""
    small = iter(generate_counties(SMALL_PARCELS, 1, len(NAMES) - len(BROKEN) - 1))
    folder.mkdir()
    sources = {
        name: generate_county_file(ENORMOUS_PARCELS, ENORMOUS_VERTICES) if name == ENORMOUS else next(small)
        for name in NAMES
        if name not in BROKEN
    }
    sources = {name: path.absolute() for name, path in sources.items()}
    sources["残县"], sources["坏库县"] = folder / "残县.gpkg", folder / "坏库县.gdb"
    whole = sources["县1"].read_bytes()
    sources["残县"].write_bytes(whole[: len(whole) * 2 // 5])
    sources["坏库县"].mkdir()
    for name in ("a00000001.gdbtable", "a00000001.gdbtablx", "gdb", "timestamps"):
        (sources["坏库县"] / name).write_bytes(b"\x03\x00damaged" * 50)
    rows = [f"{name},{sources[name]}" for name in NAMES]
    (folder / "清单.csv").write_text("\n".join(["县,数据", *rows]), encoding="utf-8")
    return sources


def list_complete(output: Path) -> set[str]:
    """Return the names of the counties that are complete in a folder of results."""
    return {path.parent.name for path in output.glob("counties/*/county.json")}


def list_begun(output: Path) -> set[str]:
    """Return the names of the counties that were begun and are not complete."""
    return {path.name for path in output.glob("counties/*")} - list_complete(output)


def wait_until(is_reached: Callable[[], bool], process) -> None:
    """Wait until a run has reached a point; raise RuntimeError if it ends before, or takes too long."""
    deadline = time.monotonic() + _MAX_SECONDS
    while not is_reached():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the run ended before: {process.poll()} {process.communicate()}")
        time.sleep(_POLL_SECONDS)


def run_ten(folder: Path, output: Path, *arguments: str) -> str:
    """Check the counties of a folder with two processes; return what the command printed."""
    process = start_ten(folder, output, *arguments)
    out, err = process.communicate(timeout=_MAX_SECONDS)
    # 1: some counties fail, and two have no verdict.
    assert (process.returncode, err) == (1, "")
    return out


def start_ten(folder: Path, output: Path, *arguments: str):
    """Start the command on the counties of a folder; return its process."""
    forms = ["--profile", "hunyuan", "--xlsx"]
    jobs = [] if "--jobs" in arguments else ["--jobs", "2"]
    return start_batch(folder / "清单.csv", output, *forms, *jobs, *arguments, rules=())
