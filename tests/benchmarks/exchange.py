# SPDX-License-Identifier: GPL-2.0-or-later
"""Time the export formats: VCT compared with a shapefile, and the package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pyogrio
import shapely

from plugin.core.exchange.vct.read import open_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.plan.io import read_source
from plugin.core.plan.layer import SourceLayer
from plugin.core.standard import load_standard
from tests.core.vct_files import read_vct
from tests.core.vct_verification import assert_every_edge_once, count_differing_values, list_polygon_edges

from .measure import Row, time_fastest_run

LAYER = "DLTB"
_MAX_VERTEX_SHIFT_M = 1e-4


def read_parcel_layer(path: Path) -> SourceLayer:
    found = read_source(path, select_layer=lambda layer: layer.name == LAYER)
    return next(layer for layer in found if layer.name == LAYER)


def write_layer(layer: SourceLayer, target: Path) -> None:
    """Write VCT, or a shapefile by GDAL."""
    if target.suffix == ".vct":
        write_vct(target, [layer], templates=load_standard().templates)
    else:
        pyogrio.write_dataframe(layer.frame, target, encoding="GBK")


def read_layer(path: Path) -> int:
    """Read a VCT file row by row without storing rows; a shapefile at once."""
    if path.suffix != ".vct":
        return len(pyogrio.read_dataframe(path))
    with open_vct(path) as vct:
        return sum(len(frame) for _, frame in vct.read_batches())


def run_in_process(what: str, *paths: Path) -> dict[str, float]:
    """Return memory (MB) and seconds of one export step in a separate process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.exchange_memory", what, *map(str, paths)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure_exchange(path: Path, runs: int) -> list[Row]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        return [*_measure_vct(path, folder, runs), *_measure_package(path, folder)]


def _measure_vct(path: Path, folder: Path, runs: int) -> list[Row]:
    layer, vct, shp = read_parcel_layer(path), folder / "a.vct", folder / "a.shp"
    shapes = layer.frame.geometry.to_numpy()
    count = int(shapely.get_num_coordinates(shapes).sum())
    table = []
    for what, ours, theirs in (
        (
            "写成",
            time_fastest_run(lambda: write_layer(layer, vct), runs)[0],
            time_fastest_run(lambda: write_layer(layer, shp), runs)[0],
        ),
        (
            "读回",
            time_fastest_run(lambda: read_layer(vct), runs)[0],
            time_fastest_run(lambda: read_layer(shp), runs)[0],
        ),
    ):
        size = f"，{vct.stat().st_size / 1e6:.0f} MB" if what == "写成" else ""
        other = f"shapefile（GDAL）{theirs:.2f} s"
        table.append(Row(f"地类图斑{what} VCT", f"{ours:.2f} s{size}", other, f"{ours / theirs:.1f} ×"))
    for what, word in (("write", "写"), ("read", "读")):
        mine = run_in_process(what, path, vct)["grown"]
        other = run_in_process(what, path, shp)["grown"]
        each = mine * 1.048576e6 / count
        table.append(
            Row(
                f"{word} VCT 的内存峰值增",
                f"{mine:,.0f} MB",
                f"shapefile（GDAL）{other:,.0f} MB",
                f"每顶点 {each:.0f} 字节",
            )
        )
    once = assert_every_edge_once(shapes, vct)
    table.append(
        Row(
            "VCT 里每条边只写一次",
            f"{once:,} 段",
            f"图上 {len(list_polygon_edges(shapes)):,} 段",
            "逐段相同",
            "相同",
            True,
        )
    )
    (back,) = read_vct(vct, merges_parts=True)
    differ = count_differing_values(layer.frame, back.frame)
    sound = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    moved = float(shapely.hausdorff_distance(back.frame.geometry.to_numpy()[sound], shapes[sound]).max())
    cells = len(back.frame) * (back.frame.shape[1] - 1)
    met = differ == 0 and moved <= _MAX_VERTEX_SHIFT_M
    table.append(
        Row(
            "VCT 读回与原图层比",
            f"{cells:,} 个属性值",
            f"不同 {differ} 个",
            f"节点最多移 {moved:.5f} m",
            "0 个，≤ 0.0001 m",
            met,
        )
    )
    return table


def _measure_package(path: Path, folder: Path) -> list[Row]:
    made = run_in_process("package", path, folder)
    (package,) = folder.glob("成果/*")
    seen = run_in_process("inspect", package)
    table = [
        Row("成果包导出（检查之后，含读回核对）", f"{made['seconds']:.1f} s", f"检查 {made['before']:.1f} s",
            f"{made['seconds'] / made['before']:.1f} ×", "≤ 10 分钟", made["seconds"] <= 600),
        Row("成果包检查", f"{seen['seconds']:.1f} s", f"检查 {made['before']:.1f} s",
            f"{seen['seconds'] / made['before']:.1f} ×", "≤ 10 分钟", seen["seconds"] <= 600),
    ]  # fmt: skip
    for what, measured in (("导出", made), ("检查", seen)):
        peak = measured["peak"]
        table.append(Row(f"成果包{what}的内存峰值", f"{peak:,.0f} MB", "", "", "< 4 GB", peak < 4000))
    return table
