# SPDX-License-Identifier: GPL-2.0-or-later
"""``make benchmark`` or ``python -m tests.benchmarks``: a table of figures measured on this machine.

Repeated measures give the minimum of several runs; geopandas and QGIS, which take minutes, run once.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import shapely

from plugin.core.check import CheckResult, Options, check_plan
from plugin.core.geometry.coverage import find_gaps, find_mismatched_edges
from plugin.core.geometry.crs import make_lonlat_transformer
from plugin.core.geometry.overlay import find_shared_parts
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.statutory_area import statutory_area
from plugin.core.model.report import Outcome
from plugin.paths import RESOURCES

from . import edits, exchange, overlays
from .measure import (
    HEADER,
    Row,
    check_in_process,
    county,
    least,
    n_log_n,
    read_all,
    read_bytes,
    vertices_of,
)

#: Size for the comparison with QGIS, whose overlay does not finish at 150 000 parcels, and base of the growth.
SMALL = 20_000
_MB = 1_000_000
SAMPLE = RESOURCES / "sample"


def checked(path: Path, *rules: str) -> CheckResult:
    return check_plan(path, Options(profile="hunyuan", rules=rules))


def rules_rows(path: Path, runs: int) -> tuple[list[Row], float, CheckResult, dict]:
    reading, frames = least(lambda: read_all(path), runs)
    seconds, result = least(lambda: checked(path), runs)
    times = seconds / reading
    row = Row(f"默认 {len(result.report.rules)} 条规则，含读取", f"{seconds:.2f} s", f"只读取并判有效 {reading:.2f} s",
              f"{times:.1f} ×", "≤ 5 ×", times <= 5)  # fmt: skip
    return [row], seconds, result, frames


def book_rows(path: Path, runs: int) -> list[Row]:
    """Measure all rules on a county with data for each of them and with the side inputs."""
    reading, frames = least(lambda: read_all(path), runs)
    side = {"figures": str(SAMPLE / "figures.csv"), "targets": str(SAMPLE / "township_tasks.csv")}
    seconds, result = least(lambda: check_plan(path, Options(profile="hunyuan", rules=("all",), **side)), 1)
    rules = result.report.rules
    applicable = sum(rule.outcome != Outcome.NOT_APPLICABLE for rule in rules)
    times = seconds / reading
    row = Row(f"全部 {len(rules)} 条规则（{len(frames)} 个图层，{applicable} 条有内容可查），含读取", f"{seconds:.2f} s",
              f"只读取并判有效 {reading:.2f} s", f"{times:.1f} ×", "≤ 10 ×", times <= 10)  # fmt: skip
    return [row, memory_row("全部规则的内存峰值", path, read_bytes(frames), "all")]


def memory_row(what: str, path: Path, read: int, *rules: str, most: float = 0.0) -> Row:
    memory = check_in_process(path, *rules)
    used = (memory["peak"] - memory["loaded"]) * 1.048576 * _MB
    times = used / read
    asked = f"< {most:g} ×，< 4 GB" if most else "< 4 GB"
    return Row(what, f"{used / _MB:,.0f} MB", f"读入 {read / _MB:,.0f} MB", f"{times:.2f} ×", asked,
               (not most or times < most) and memory["peak"] < 4000)  # fmt: skip


def layer_rows(result: CheckResult, runs: int) -> list[Row]:
    """Measure operations on one layer, each time without cached geometry."""
    plan = result.plan
    parcels, zones = plan.layers["DLTB"].plane, plan.layers["YDYHGHFQ"].plane
    own, _ = least(lambda: find_shared_parts(Polygons(parcels), tolerance=overlays.EVERYTHING), runs)
    limits = plan.norm.tolerance()

    def coverage() -> None:
        layer = Polygons(zones)
        find_shared_parts(layer, tolerance=limits)
        find_gaps(layer, tolerance=limits)
        find_mismatched_edges(layer, tolerance=limits)

    tiled, _ = least(coverage, runs)
    to_lonlat = make_lonlat_transformer(plan.plane)
    areas, _ = least(lambda: statutory_area(parcels, to_lonlat), runs)
    count = int(shapely.get_num_coordinates(parcels).sum())
    return [
        Row("地类图斑自身重叠", f"{own:.2f} s", f"{count:,} 顶点", ""),
        Row(
            "规划分区覆盖（重叠、缝隙、节点）",
            f"{tiled:.2f} s",
            f"{int(shapely.get_num_coordinates(zones).sum()):,} 顶点",
            "",
        ),
        Row("地类图斑图斑椭球面积", f"{areas:.2f} s", f"每百万顶点 {areas / count * 1e6:.2f} s", ""),
    ]


def growth_row(small: tuple[float, int], large: tuple[float, int]) -> Row:
    grown = large[0] / small[0]
    expected = n_log_n(large[1]) / n_log_n(small[1])
    share = grown / expected
    return Row("规则时间的增长", f"{small[0]:.2f} → {large[0]:.2f} s（{grown:.1f} ×）", f"顶点 n·log n {expected:.1f} ×",
               f"{share:.2f}", "≤ 1.2", share <= 1.2)  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=SMALL)
    options.add_argument("--vertices", type=int, default=7, help="vertices put on each edge")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--exchange", action="store_true", help="only what is exchanged: VCT and the package")
    options.add_argument("--no-qgis", action="store_true", help="leave QGIS's own overlay out")
    options.add_argument("--checks", action="store_true", help="only the rules and the re-check of an edit")
    given = options.parse_args()
    path = county(given.parcels, given.vertices)
    if given.checks:
        table, _, result, _ = rules_rows(path, given.runs)
        table += book_rows(county(given.parcels, given.vertices, full=True), given.runs)
        print("\n".join([HEADER, *(row.markdown() for row in table + edits.rows(result.plan))]))
        return
    if given.exchange:
        print("\n".join([HEADER, *(row.markdown() for row in exchange.rows(path, given.runs))]))
        return
    table, seconds, result, frames = rules_rows(path, given.runs)
    count = vertices_of(frames)
    table.append(memory_row("检查的内存峰值（不计载入的库）", path, read_bytes(frames), most=3))
    table += book_rows(county(given.parcels, given.vertices, full=True), given.runs)
    table += layer_rows(result, given.runs)
    polygons = overlays.sound(frames)
    mine = overlays.ours(polygons, given.runs)
    table += overlays.rows(mine, overlays.theirs(polygons), "geopandas.overlay", 30)
    if given.parcels > SMALL:
        small, fewer, _, few_frames = rules_rows(county(SMALL, given.vertices), given.runs)
        table.append(growth_row((fewer, vertices_of(few_frames)), (seconds, count)))
        polygons = overlays.sound(few_frames)
        mine = overlays.ours(polygons, given.runs)
        del small
    if not given.no_qgis:
        with TemporaryDirectory() as folder:
            theirs = overlays.qgis(polygons, Path(folder))
        table.append(overlays.rows(mine, theirs, f"QGIS native:intersection（{SMALL:,} 图斑）", 50)[-1])
    table += edits.rows(result.plan)
    table += exchange.rows(path, given.runs)
    print(f"图斑 {len(frames['DLTB']):,}，顶点 {count:,}；发现 {len(result.report.findings)} 处\n\n{HEADER}")
    print("\n".join(row.markdown() for row in table))


if __name__ == "__main__":
    main()
