# SPDX-License-Identifier: GPL-2.0-or-later
"""Print a table of benchmark figures, measured on this machine.

Run ``make benchmark`` or ``python -m tests.benchmarks``. Ratios to other tools are medians of several runs in
alternation, other repeated measurements the fastest of several runs. Where geopandas and QGIS take minutes they run once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import shapely

from plugin.core.checks.check import CheckResult, RunOptions, check_plan
from plugin.core.geometry.coverage import find_gaps, find_vertices_missing_on_edges
from plugin.core.geometry.crs import make_lonlat_transformer
from plugin.core.geometry.overlay import find_shared_pieces
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.statutory_area import measure_statutory_area

from . import batch_fixes, counties, edits, exchange, growth, overlays, repeated, shifted, whole_check
from .measure import (
    HEADER,
    Row,
    check_in_process,
    count_bytes,
    count_vertices,
    generate_county_file,
    read_all,
    time_fastest_run,
)

#: Size for the comparison with QGIS, whose overlay does not finish at 150 000 parcels.
SMALL_COUNTY_PARCELS = 20_000
#: Parcels of each county of a batch, so that 1 to 16 counties are measured three times in minutes.
BATCH_COUNTY_PARCELS = 5_000
BYTES_PER_MB = 1_000_000


def check_county_file(path: Path, *rules: str) -> CheckResult:
    """Check a county file with the given rules (none: the default ones)."""
    return check_plan(path, RunOptions(profile="hunyuan", rules=rules))


def make_memory_row(subject: str, path: Path, read_size: int, *rules: str, max_ratio: float = 0.0) -> Row:
    """Return the row on the peak memory of a check.

    ``read_size``: bytes of the data read. ``max_ratio``: allowed memory in multiples of them, 0: no such limit.
    """
    memory = check_in_process(path, *rules)
    used = (memory["peak"] - memory["loaded"]) * 1.048576 * BYTES_PER_MB
    times = used / read_size
    asked = f"< {max_ratio:g} ×，< 4 GB" if max_ratio else "< 4 GB"
    return Row(subject, f"{used / BYTES_PER_MB:,.0f} MB", f"读入 {read_size / BYTES_PER_MB:,.0f} MB", f"{times:.2f} ×", asked,
               (not max_ratio or times < max_ratio) and memory["peak"] < 4000)  # fmt: skip


def measure_layer_operations(result: CheckResult, runs: int) -> list[Row]:
    """Time operations on one layer, each time without cached geometry."""
    plan = result.plan
    parcels, zones = plan.layers["DLTB"].plane_shapes, plan.layers["YDYHGHFQ"].plane_shapes
    own, _ = time_fastest_run(lambda: find_shared_pieces(Polygons(parcels), tolerance=overlays.ZERO_TOLERANCE), runs)
    limits = plan.norm.make_tolerance()

    def measure_coverage() -> None:
        layer = Polygons(zones)
        find_shared_pieces(layer, tolerance=limits)
        find_gaps(layer, tolerance=limits)
        find_vertices_missing_on_edges(layer, tolerance=limits)

    tiled, _ = time_fastest_run(measure_coverage, runs)
    to_lonlat = make_lonlat_transformer(plan.plane_crs)
    areas, _ = time_fastest_run(lambda: measure_statutory_area(parcels, to_lonlat), runs)
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


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, help="parcels of a county; by default 20,000, in a batch 5,000")
    options.add_argument("--vertices", type=int, default=7, help="vertices put on each edge")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--exchange", action="store_true", help="only what is exchanged: VCT and the package")
    options.add_argument("--counties", action="store_true", help="only batches of 1 to 16 counties")
    options.add_argument(
        "--most-counties", type=int, choices=counties.COUNTS, default=max(counties.COUNTS), help="counties of a batch"
    )
    options.add_argument("--no-qgis", action="store_true", help="leave QGIS's own overlay out")
    options.add_argument("--checks", action="store_true", help="only the rules and the re-check of an edit")
    options.add_argument("--growth", action="store_true", help="only the growth of time up to 400,000 parcels")
    options.add_argument("--shifted", action="store_true", help="only overlays of layers whose edges do not match")
    options.add_argument("--repeated", action="store_true", help="only a second check, with the results of the first")
    options.add_argument(
        "--fixes", type=int, default=0, help="only a batch of fixes for this number of planted defects"
    )
    given = options.parse_args()
    given.parcels = given.parcels or (BATCH_COUNTY_PARCELS if given.counties else SMALL_COUNTY_PARCELS)
    if given.fixes:
        batch_fixes.print_batch(given.parcels, given.vertices, given.fixes)
        return
    if given.counties:
        rows = counties.measure_counties(given.parcels, given.vertices, given.runs, given.most_counties)
        print("\n".join([HEADER, *(row.markdown() for row in rows)]))
        return
    path = generate_county_file(given.parcels, given.vertices)
    if given.checks:
        full_path = generate_county_file(given.parcels, given.vertices, full=True)
        table = whole_check.measure_whole_checks(path, full_path, given.runs)
        table += edits.measure_edits(check_county_file(path).plan)
        table += edits.measure_edits(check_county_file(shifted.write_shifted_county(path)).plan, "边界不一致的县，")
        print("\n".join([HEADER, *(row.markdown() for row in table)]))
        return
    measure_by_option: dict[str, Callable[[], list[Row]]] = {
        "growth": lambda: growth.measure_growth(given.vertices, given.runs),
        "shifted": lambda: shifted.measure_shifted_overlays(
            shifted.redraw_plan_layers(overlays.repair_polygons(read_all(path))), given.runs
        ),
        "repeated": lambda: repeated.measure_repeated_checks(path, given.runs),
        "exchange": lambda: exchange.measure_exchange(path, given.runs),
    }
    for option, measure in measure_by_option.items():
        if getattr(given, option):
            print("\n".join([HEADER, *(row.markdown() for row in measure())]))
            return
    full_path = generate_county_file(given.parcels, given.vertices, full=True)
    table = whole_check.measure_whole_checks(path, full_path, given.runs)
    frames, result = read_all(path), check_county_file(path)
    table.append(make_memory_row("检查的内存峰值（不计载入的库）", path, count_bytes(frames), max_ratio=3))
    table.append(make_memory_row("全部规则的内存峰值", full_path, count_bytes(read_all(full_path)), "all"))
    table += measure_layer_operations(result, given.runs)
    polygons = overlays.repair_polygons(frames)
    mine = overlays.measure_plugin_overlays(polygons, given.runs)
    table += overlays.make_overlay_rows(mine, overlays.measure_loop_overlays(polygons), "shapely，二十行循环", 3)
    table.append(
        overlays.make_overlay_rows(mine, overlays.measure_geopandas_overlays(polygons), "geopandas.overlay", 100)[-1]
    )
    if not given.no_qgis:
        if given.parcels > SMALL_COUNTY_PARCELS:
            small_path = generate_county_file(SMALL_COUNTY_PARCELS, given.vertices)
            polygons = overlays.repair_polygons(read_all(small_path))
            mine = overlays.measure_plugin_overlays(polygons, given.runs)
        with TemporaryDirectory() as folder:
            theirs = overlays.measure_qgis_overlays(polygons, Path(folder))
        table.append(
            overlays.make_overlay_rows(mine, theirs, f"QGIS native:intersection（{SMALL_COUNTY_PARCELS:,} 图斑）", 50)[
                -1
            ]
        )
    table += edits.measure_edits(result.plan)
    table += exchange.measure_exchange(path, given.runs)
    print(
        f"图斑 {len(frames['DLTB']):,}，顶点 {count_vertices(frames):,}；发现 {len(result.report.findings)} 处\n\n{HEADER}"
    )
    print("\n".join(row.markdown() for row in table))


if __name__ == "__main__":
    main()
