# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure how a batch of counties scales: CPU a county, two workers against one, memory and results.

The command ``python -m plugin.core batch`` is run as a user would. Each county has a different seed. CPU seconds are
those of the command and of all its processes, so that they are comparable on a machine with other load; times by the
clock are not, and are given with that load.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from plugin.core.counties.county_record import COUNTIES_FOLDER, RECORD_FILE, SUMMARY_JSON
from tests.county import SEED

from .measure import Row, generate_county_file, median
from .process_monitor import MeasuredRun, run_and_measure

#: Numbers of counties; the ratio compares the last with the second.
COUNTS = (1, 2, 4, 8, 16)
#: Counties for the comparison of workers: each worker has half of them.
COUNTIES_OF_COMPARISON = 8
MAX_CPU_RATIO, MAX_WALL_RATIO = 1.25, 0.65
_MB = 1e6
#: Libraries below the plugin use one thread; those of the plugin follow from JOBS and the cores of the process.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GDAL_NUM_THREADS", "OGR_GPKG_NUM_THREADS"), "1"
)


@dataclass(frozen=True)
class CountySet:
    """Generated counties, and the folder for lists and results."""

    paths: list[Path]
    folder: Path

    def run(self, count: int, jobs: int, cores: set[int], *, pins_workers: bool = False) -> MeasuredRun:
        """Check the first counties into an empty folder; raise RuntimeError unless each has a verdict."""
        shutil.rmtree(self.get_output(count), ignore_errors=True)
        return self.run_again(count, jobs, cores, pins_workers=pins_workers)

    def run_again(self, count: int, jobs: int, cores: set[int], *, pins_workers: bool = False) -> MeasuredRun:
        """Check the first counties and keep results of an earlier run."""
        rows = [f"县{number:02d},{path.absolute()}" for number, path in enumerate(self.paths[:count], 1)]
        table = self.folder / f"counties{count}.csv"
        table.write_text("\n".join(["县,数据", *rows]), encoding="utf-8")
        return run_batch(str(table), self.get_output(count), count, jobs, cores, pins_workers=pins_workers)

    def get_output(self, count: int) -> Path:
        """Return the folder of the results of a number of counties."""
        return self.folder / f"results{count}"


def run_batch(
    source: str, output: Path, count: int, jobs: int, cores: set[int], *, pins_workers: bool = False
) -> MeasuredRun:
    """Run the command on ``count`` counties; raise RuntimeError unless each has a verdict."""
    command = [sys.executable, "-m", "plugin.core", "batch", source, "--output", str(output)]
    command += ["--profile", "hunyuan", "--jobs", str(jobs)]
    measured = run_and_measure(command, cores, pins_workers=pins_workers, env=ONE_THREAD)
    found = json.loads((output / SUMMARY_JSON).read_text(encoding="utf-8"))["summary"]
    if found["counties"] != count or found["without_verdict"]:
        raise RuntimeError(f"{count} counties: {found}")
    load = os.getloadavg()[0]
    print(
        f"{count} counties, --jobs {jobs}, {len(cores)} cores: CPU {measured.cpu_seconds:.2f} s, "
        f"wall {measured.wall_seconds:.1f} s, waiting {measured.waiting_seconds:.1f} s, "
        f"others {measured.other_cores:.1f} cores, load {load:.1f}",
        file=sys.stderr,
        flush=True,
    )
    return measured


def measure_counties(parcels: int, vertices: int, runs: int, most: int) -> list[Row]:
    """Return the rows on batches of counties of a size.

    ``most``: number of counties of the largest batch; workers and growth are compared if it is that of `COUNTS`.
    """
    print(describe_load(), flush=True)
    with TemporaryDirectory() as name:
        counties = CountySet(generate_counties(parcels, vertices, most), Path(name))
        table = measure_growth(counties, runs, [count for count in COUNTS if count <= most])
        table += measure_continuation(counties)
        if most >= COUNTIES_OF_COMPARISON:
            table += measure_workers(counties, runs)
    print(describe_load(), flush=True)
    return table


def generate_counties(parcels: int, vertices: int, count: int) -> list[Path]:
    """Return the files of different counties. Seeds of which no county of this size can be made are left out."""
    paths: list[Path] = []
    for seed in range(SEED, SEED + 4 * count):
        try:
            paths.append(generate_county_file(parcels, vertices, seed=seed))
        except ValueError as error:
            print(f"{seed}: {error}", flush=True)
        if len(paths) == count:
            return paths
    raise RuntimeError(f"only {len(paths)} of {count} counties of {parcels} parcels can be made")


def describe_load() -> str:
    """Return cores and load averages of the machine."""
    return f"核 {len(os.sched_getaffinity(0))}，平均负载 {'、'.join(f'{one:.1f}' for one in os.getloadavg())}"


def measure_growth(counties: CountySet, runs: int, counts: list[int]) -> list[Row]:
    """Return the rows on CPU and memory by number of counties, on up to two cores."""
    cores = set(sorted(os.sched_getaffinity(0))[:2])
    # One round after the other, so that a change of the load affects all numbers of counties.
    rounds = [{count: counties.run(count, len(cores), cores) for count in counts} for _ in range(runs)]
    table = []
    for count in counts:
        measured = [one[count] for one in rounds]
        peaks = [peak for one in measured for peak in one.worker_peaks_mb.values()]
        table.append(
            Row(
                f"{count} 县，--jobs {len(cores)}，每县处理器时间",
                f"{median([one.cpu_seconds / count for one in measured]):.2f} s",
                f"钟表时间 {median([one.wall_seconds for one in measured]):.1f} s，其他程序占 {_describe_others(measured)} 核",
                f"内存峰值：检查进程 {max(peaks):,.0f} MB，主进程 {max(one.main_peak_mb for one in measured):,.0f} MB",
            )
        )
    if len(counts) < len(COUNTS):
        return table
    few, many = COUNTS[1], COUNTS[-1]
    ratios = [one[many].cpu_seconds / many / (one[few].cpu_seconds / few) for one in rounds]
    totals = [median([one[count].cpu_seconds for one in rounds]) for count in COUNTS]
    slope, start = np.polyfit(COUNTS, totals, 1)
    size = statistics.mean(path.stat().st_size for path in counties.paths) / _MB
    table.append(
        Row(f"{many} 县与 {few} 县的每县处理器时间", f"{median(ratios):.2f} ×", "、".join(f"{one:.2f}" for one in ratios), "中位数",
            f"≤ {MAX_CPU_RATIO} ×", median(ratios) <= MAX_CPU_RATIO)
    )  # fmt: skip
    table.append(
        Row(
            "处理器时间随县数的增长",
            f"每县 {slope:.2f} s",
            f"启动和汇总 {start:.2f} s",
            f"每县 {size:.1f} MB，{slope / size:.3f} s/MB",
        )
    )
    return table


def measure_continuation(counties: CountySet) -> list[Row]:
    """Return the rows on a run that keeps all results, and on the size of the results, of the most counties."""
    count = len(counties.paths)
    output = counties.get_output(count)
    before = _list_record_times(output)
    measured = counties.run_again(count, 1, set(os.sched_getaffinity(0)))
    if _list_record_times(output) != before:
        raise RuntimeError("A county without changes was checked again.")
    data = sum(path.stat().st_size for path in counties.paths[:count])
    results = sum(path.stat().st_size for path in (output / COUNTIES_FOLDER).rglob("*") if path.is_file())
    return [
        Row(
            f"续查 {count} 县，均未改动",
            f"处理器 {measured.cpu_seconds:.2f} s，钟表 {measured.wall_seconds:.2f} s",
            f"数据 {data / _MB:,.0f} MB",
            f"{data / _MB / measured.cpu_seconds:,.0f} MB/s（处理器，含启动和汇总）",
        ),
        Row(
            "每县结果（JSON）",
            f"{results / count / _MB:.2f} MB",
            f"数据 {data / count / _MB:.1f} MB",
            f"{results / data:.1%}",
        ),
    ]


def _list_record_times(output: Path) -> dict[str, int]:
    """Return path → time of change (ns) of the records in a folder of results."""
    return {str(path): path.stat().st_mtime_ns for path in (output / COUNTIES_FOLDER).glob(f"*/{RECORD_FILE}")}


def measure_workers(counties: CountySet, runs: int) -> list[Row]:
    """Return the row that compares two workers on a core each with one worker on one core, by the clock."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        return [Row("两个单核进程与一个", "未测", "本机只有一个核", "")]
    pairs = []
    for _ in range(runs):
        single = counties.run(COUNTIES_OF_COMPARISON, 1, {cores[0]}, pins_workers=True)
        double = counties.run(COUNTIES_OF_COMPARISON, 2, set(cores), pins_workers=True)
        pairs.append((single, double))
    ratios = [double.wall_seconds / single.wall_seconds for single, double in pairs]
    singles, doubles = [one for one, _ in pairs], [one for _, one in pairs]
    table = [
        Row(f"{COUNTIES_OF_COMPARISON} 县，两个单核进程与一个，钟表时间", f"{median([one.wall_seconds for one in doubles]):.1f} s",
            f"一个 {median([one.wall_seconds for one in singles]):.1f} s", f"{median(ratios):.2f} ×（{'、'.join(f'{one:.2f}' for one in ratios)}）",
            f"≤ {MAX_WALL_RATIO} ×", median(ratios) <= MAX_WALL_RATIO)
    ]  # fmt: skip
    paths = [double.path_seconds / single.path_seconds for single, double in pairs]
    table.append(
        Row("同上，按处理器时间（主进程和较忙的核），不计其他负载", f"{median([one.path_seconds for one in doubles]):.1f} s",
            f"一个 {median([one.path_seconds for one in singles]):.1f} s", f"{median(paths):.2f} ×（{'、'.join(f'{one:.2f}' for one in paths)}）",
            f"≤ {MAX_WALL_RATIO} ×", median(paths) <= MAX_WALL_RATIO)
    )  # fmt: skip
    for label, measured in (("一个", singles), ("两个", doubles)):
        table.append(
            Row(
                f"同上，{label}：处理器时间",
                f"{median([one.cpu_seconds for one in measured]):.1f} s",
                f"进程等待处理器 {median([one.waiting_seconds for one in measured]):.1f} s",
                f"其他程序占 {_describe_others(measured)} 核",
            )
        )
    return table


def _describe_others(measured: list[MeasuredRun]) -> str:
    """Return the fewest and most cores that other programs used in runs."""
    others = [one.other_cores for one in measured]
    return f"{min(others):.1f}–{max(others):.1f}"
