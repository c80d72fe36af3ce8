# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast, as ratios measured in one run on one machine: ``make benchmark`` or ``python -m tests.benchmarks``.

A ratio outlives the machine it was measured on; seconds do not. Each figure is the least of several runs.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from plugin.core.check import Options, check
from plugin.core.geometry.overlay import shared_parts
from plugin.core.tolerance import Tolerance
from tests.county import make_county
from tests.county.write import write_geopackage

FOLDER = Path("build") / "benchmarks"
#: Name, left layer, right layer, filter on the right: the six overlays a county is judged by.
OVERLAYS = (
    ("永久基本农田 × 生态保护红线", "YJJBNTBHTB", "STBHHX"),
    ("永久基本农田 × 城镇开发边界", "YJJBNTBHTB", "CZKFBJ"),
    ("生态保护红线 × 城镇开发边界", "STBHHX", "CZKFBJ"),
    ("永久基本农田 × 规划分区", "YJJBNTBHTB", "YDYHGHFQ"),
    ("地类图斑 × 永久基本农田", "DLTB", "YJJBNTBHTB"),
    ("地类图斑 × 规划分区", "DLTB", "YDYHGHFQ"),
)


def least(action: Callable[[], object], runs: int) -> tuple[float, object]:
    """Seconds of the fastest run, and its result."""
    best, result = float("inf"), None
    for _ in range(runs):
        started = time.perf_counter()
        result = action()
        best = min(best, time.perf_counter() - started)
    return best, result


def county(parcels: int, vertices: int) -> Path:
    path = FOLDER / f"county_{parcels}_{vertices}.gpkg"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        layers, _ = make_county(parcels=parcels, defects=True, vertices_per_edge=vertices)
        write_geopackage(path, layers)
    return path


def read_all(path: Path) -> dict[str, gpd.GeoDataFrame]:
    """What any check has to do at least: every layer read, every geometry looked at once."""
    frames = {}
    for name, _ in pyogrio.list_layers(path):
        frames[name] = pyogrio.read_dataframe(path, layer=name, fid_as_index=True)
        shapely.is_valid(frames[name].geometry.to_numpy())
    return frames


def sound(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Both sides of a comparison get the same polygons: repaired, without missing ones."""
    geometry = frame.geometry[frame.geometry.notna() & ~frame.geometry.is_empty].make_valid()
    return gpd.GeoDataFrame(geometry=geometry[geometry.geom_type.isin(["Polygon", "MultiPolygon"])], crs=frame.crs)


def overlay_rows(frames: dict[str, gpd.GeoDataFrame], runs: int) -> list[tuple[str, float, float, float]]:
    """Name, our seconds, geopandas' seconds, relative difference of the areas found."""
    everything = Tolerance(min_area_m2=0.0, min_width_m=0.0)
    rows = []
    for name, left, right in OVERLAYS:
        a, b = sound(frames[left]), sound(frames[right])
        ours, parts = least(
            lambda a=a, b=b: shared_parts(a.geometry.to_numpy(), b.geometry.to_numpy(), tolerance=everything), runs
        )
        theirs, frame = least(lambda a=a, b=b: gpd.overlay(a, b, how="intersection", keep_geom_type=True), 1)
        areas = float(np.sum(parts.area)), float(frame.area.sum())
        rows.append((name, ours, theirs, abs(areas[0] - areas[1]) / max(areas[1], 1.0)))
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=20_000)
    options.add_argument("--vertices", type=int, default=3, help="vertices put on each edge")
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    path = county(given.parcels, given.vertices)
    reading, frames = least(lambda: read_all(path), given.runs)
    vertices = sum(int(shapely.get_num_coordinates(f.geometry.to_numpy()).sum()) for f in frames.values())
    checking, checked = least(lambda: check(path, Options(profile="hunyuan")), given.runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"图斑 {len(frames['DLTB']):,}，顶点 {vertices:,}；规则 {len(checked.report.rules)} 条，发现 {len(checked.report.findings)} 处"
    )
    print("\n| 项目 | 本插件 | 对照 | 倍数 | 面积相对差 |\n|---|---|---|---|---|")
    print(
        f"| 全部规则（含读取）÷ 只读取并判断有效 | {checking:.2f} s | {reading:.2f} s | {checking / reading:.1f} × | |"
    )
    ours = theirs = 0.0
    for name, mine, geopandas_seconds, difference in overlay_rows(frames, given.runs):
        ours, theirs = ours + mine, theirs + geopandas_seconds
        print(
            f"| {name} | {mine:.2f} s | geopandas.overlay {geopandas_seconds:.2f} s | 快 {geopandas_seconds / mine:.1f} × | {difference:.1e} |"
        )
    print(f"| 六个叠加合计 | {ours:.2f} s | {theirs:.2f} s | 快 {theirs / ours:.1f} × | |")
    print(f"\n检查的内存峰值（含对照的读取）：{peak:,.0f} MB")


if __name__ == "__main__":
    main()
