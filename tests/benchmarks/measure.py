# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure time and memory, and generate the county to be measured."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely

from tests.county import SEED, make_county
from tests.county.write import write_geopackage

FOLDER = Path("build") / "benchmarks"


@dataclass
class Row:
    """A row of the benchmark table: subject, values, ratio and requirement.

    ``reference_value``: the value of the tool that the plugin is compared with.
    """

    subject: str
    plugin_value: str
    reference_value: str
    ratio: str
    requirement: str = ""
    is_met: bool | None = None

    def markdown(self) -> str:
        mark = {None: "", True: "✓", False: "✗"}[self.is_met]
        return f"| {self.subject} | {self.plugin_value} | {self.reference_value} | {self.ratio} | {self.requirement} {mark} |"


HEADER = "| 项目 | 本插件 | 对照 | 倍数 | 要求 |\n|---|---|---|---|---|"


def time_fastest_run(action: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Return the seconds of the fastest of several runs, and its result."""
    best, result = float("inf"), None
    for _ in range(runs):
        started = time.perf_counter()
        result = action()
        best = min(best, time.perf_counter() - started)
    return best, result


def median(seconds: list[float]) -> float:
    return statistics.median(seconds)


def generate_county_file(
    parcels: int, vertices: int, full: bool = False, seed: int = SEED, *, defects: bool = True
) -> Path:
    """Return the GeoPackage of a generated county; write it if missing.

    ``full``: with the layers that any rule checks; ``seed``: different ones give different counties; ``defects``: with
    planted defects, for which the parcels of a very large county are too small.
    """
    suffix = ("" if seed == SEED else f"_{seed}") + ("" if defects else "_clean")
    path = FOLDER / f"{'full' if full else 'county'}_{parcels}_{vertices}{suffix}.gpkg"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        layers, _ = make_county(parcels=parcels, seed=seed, defects=defects, full=full, vertices_per_edge=vertices)
        write_geopackage(path, layers)
    return path


def read_all(path: Path) -> dict[str, gpd.GeoDataFrame]:
    """Read every layer and validate every geometry, the least work of any check."""
    frames = {}
    for name, _ in pyogrio.list_layers(path):
        frames[name] = pyogrio.read_dataframe(path, layer=name, fid_as_index=True)
        shapely.is_valid(frames[name].geometry.to_numpy())
    return frames


def count_bytes(frames: dict[str, gpd.GeoDataFrame]) -> int:
    """Return the size, bytes, of geometries as WKB and of attribute columns."""
    total = 0
    for frame in frames.values():
        total += sum(len(wkb) for wkb in shapely.to_wkb(frame.geometry.to_numpy()) if wkb is not None)
        total += int(frame.drop(columns=frame.geometry.name).memory_usage(deep=True).sum())
    return total


def count_vertices(frames: dict[str, gpd.GeoDataFrame]) -> int:
    return sum(int(shapely.get_num_coordinates(f.geometry.to_numpy()).sum()) for f in frames.values())


def read_peak_memory_mb() -> float:
    """Return the peak memory of this process, MB, without that of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def check_in_process(path: Path, *rules: str) -> dict[str, float]:
    """Return the memory, MB, of a full check in a separate process.

    The two values are the memory after loading libraries and the peak.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.memory", str(path), *rules], capture_output=True, text=True, check=True
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer
