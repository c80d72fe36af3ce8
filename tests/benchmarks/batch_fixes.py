# SPDX-License-Identifier: GPL-2.0-or-later
"""Plant thousands of defects in a generated county, fix them in one batch, and compare the result with the truth.

Run ``python -m tests.benchmarks --fixes 2000 --parcels 150000``. Check, batch and check of the copy run in a separate
process, so that their memory is measured alone. The truth is made by the planting, not by a rule.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyogrio
import shapely

from plugin.core.checks.check import CheckResult, RunOptions, check_plan
from plugin.core.exchange.edited_copy import write_copy
from plugin.core.fixes.applied_edits import collect_changes
from plugin.core.fixes.batch import BatchEntry, BatchResult, choose_fixes, run_batch
from plugin.core.fixes.differences import is_same_problem
from plugin.core.fixes.run_fixes import list_findings_to_fix
from plugin.core.fixes.state import EditingState
from plugin.core.model.findings import Finding
from plugin.core.model.rule import Severity
from tests.county import make_county
from tests.county.many_defects import Answer, PlantedDefect, plant_many_defects
from tests.county.write import write_geopackage

from .measure import FOLDER, HEADER, Row, read_peak_memory_mb

#: Rules that find planted defects beside the default ones.
ADDITIONAL_RULES = ("GEO005", "GEO006", "GEO009", "TOP004", "ATT013")
#: Distance (m) between a planted defect and its finding.
NEAR_M = 0.5
MAX_BATCH_SECONDS = 60
#: Reasons for which no layer is changed without a document.
_SEALED_REASONS = ("sealed", "both_sealed")


def make_options() -> RunOptions:
    """Return the options of the benchmark's checks: the county's default rules and those of planted defects."""
    default = RunOptions(profile="hunyuan").resolve_norm().rules
    return RunOptions(profile="hunyuan", rules=(*default, *ADDITIONAL_RULES))


def plant_in_file(parcels: int, vertices: int, count: int) -> tuple[Path, Path]:
    """Return the GeoPackage of a county with planted defects, and the truth (JSON); write them if missing."""
    path = FOLDER / f"planted_{parcels}_{vertices}_{count}.gpkg"
    truth_path = path.with_suffix(".json")
    if not truth_path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        clean = FOLDER / f"clean_{parcels}_{vertices}.gpkg"
        if not clean.exists():
            write_geopackage(clean, make_county(parcels=parcels, defects=False, vertices_per_edge=vertices)[0])
        layers = {name: pyogrio.read_dataframe(clean, layer=name) for name, _ in pyogrio.list_layers(clean)}
        planted_layers, truth = plant_many_defects(layers, count)
        write_geopackage(path, planted_layers)
        rows = [{**asdict(one), "point": list(one.point.coords[0])} for one in truth]
        truth_path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path, truth_path


def read_truth(path: Path) -> list[PlantedDefect]:
    """Return the planted defects of a truth file."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [
        PlantedDefect(**{**row, "answer": Answer(row["answer"]), "point": shapely.Point(row["point"])}) for row in rows
    ]


@dataclass
class Comparison:
    """A batch of fixes compared with the planted defects.

    ``counts``: kind of defect → numbers of planted defects, of those found, and of those treated as required.
    ``unplanted``: rule → findings before the batch that no planted defect explains. ``appearing``: findings after the
    batch that were not there before. ``remaining``: findings after the batch although it fixed them.
    """

    counts: dict[str, list[int]] = field(default_factory=dict)
    unplanted: dict[str, int] = field(default_factory=dict)
    appearing: list[str] = field(default_factory=list)
    remaining: list[str] = field(default_factory=list)
    new_errors: int = 0

    @property
    def agrees(self) -> bool:
        """Return True if every planted defect was found and treated as required, and no finding is new or remains."""
        is_equal = all(planted == found == answered for planted, found, answered in self.counts.values())
        return is_equal and not self.appearing and not self.remaining


def compare_with_truth(
    truth: list[PlantedDefect], batch: BatchResult, before: list[Finding], after: list[Finding]
) -> Comparison:
    """Compare the findings before and after a batch, and what the batch did, with the planted defects."""
    entries: dict[tuple[str, str], list[tuple[Finding, BatchEntry]]] = defaultdict(list)
    for entry in batch.entries:
        entries[entry.finding.code, entry.finding.role].append((entry.finding, entry))
    comparison = Comparison()
    explained: set[int] = set()
    for one in truth:
        counts = comparison.counts.setdefault(one.kind, [0, 0, 0])
        counts[0] += 1
        found = [
            (finding, entry)
            for finding, entry in entries[one.rule, one.role]
            if finding.geom_kind != "none" and shapely.dwithin(finding.geometry, one.point, NEAR_M)
            and (not one.key or one.key in (finding.key, *finding.related_keys))
        ]  # fmt: skip
        if len(found) != 1 or id(found[0][1]) in explained:
            continue
        explained.add(id(found[0][1]))
        counts[1] += 1
        counts[2] += get_answer(found[0][1]) == one.answer
    comparison.unplanted = dict(Counter(one.finding.code for one in batch.entries if id(one) not in explained))
    for one in _list_unmatched(after, before):
        comparison.appearing.append(f"{one.code} {one.role} {one.key}")
        comparison.new_errors += one.severity is Severity.ERROR
    fixed = [entry.finding for entry in batch.entries if entry.is_applied or entry.ended_by is not None]
    remaining = {id(one) for one in fixed} - {id(one) for one in _list_unmatched(fixed, after)}
    comparison.remaining = [f"{one.code} {one.role} {one.key}" for one in fixed if id(one) in remaining]
    return comparison


def get_answer(entry: BatchEntry) -> Answer:
    """Return what a batch of safe fixes did with a finding."""
    if entry.is_applied or entry.ended_by is not None:
        return Answer.SAFE
    is_sealed = entry.refusal is not None and entry.refusal.reason in _SEALED_REASONS
    return Answer.SEALED if is_sealed else Answer.CONFIRM


def _list_unmatched(findings: list[Finding], others: list[Finding]) -> list[Finding]:
    """Return the findings whose problem is that of no finding in ``others``."""
    by_name: dict[Any, list[Finding]] = defaultdict(list)
    for other in others:
        by_name[other.problem_name].append(other)
    return [one for one in findings if not any(is_same_problem(one, other) for other in by_name[one.problem_name])]


def run_and_compare(path: Path, truth: list[PlantedDefect], folder: Path) -> dict[str, Any]:
    """Check a file, fix it in a batch, check the copy; return seconds, memory (MB) and the fields of `Comparison`."""
    options, measured = make_options(), {}
    clock = _Clock()
    checked: CheckResult = check_plan(path, options)
    measured["check"] = clock.stop() | {"peak": read_peak_memory_mb()}
    fixes = choose_fixes(())
    findings = list_findings_to_fix(checked.report.findings, fixes)
    batch = run_batch(EditingState(checked, options), findings, fixes)
    measured["batch"] = clock.stop() | {"peak": read_peak_memory_mb()}
    copy = write_copy(collect_changes(batch.state), str(path), str(folder / "copy.gpkg"))
    measured["copy"] = clock.stop()
    after = check_plan(copy, options).report.findings
    measured["check of the copy"] = clock.stop()
    comparison = compare_with_truth(truth, batch, checked.report.findings, after)
    measured |= {"findings": [len(findings), len(after)], "applied": len(batch.applied)}
    return measured | {"agrees": comparison.agrees, **asdict(comparison)}


class _Clock:
    """Measure wall-clock and CPU seconds from one stop to the next."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def stop(self) -> dict[str, float]:
        now = time.perf_counter(), time.process_time()
        seconds, cpu = (end - start for start, end in zip(self._started, now, strict=True))
        self._started = now
        return {"seconds": round(seconds, 2), "cpu": round(cpu, 2)}


def measure_batch(parcels: int, vertices: int, count: int) -> list[Row]:
    """Return the rows of the benchmark; print how the batch differs from the truth."""
    path, truth_path = plant_in_file(parcels, vertices, count)
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.batch_fixes", str(path), str(truth_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    measured = json.loads(done.stdout.splitlines()[-1])
    for kind, counts in measured["counts"].items():
        print(f"{kind}: planted {counts[0]}, found {counts[1]}, answered as planted {counts[2]}")
    for name in ("unplanted", "appearing", "remaining"):
        print(f"{name}: {measured[name]}")
    before, after = measured["findings"]
    check, batch = measured["check"], measured["batch"]
    again = measured["check of the copy"]
    memory = batch["peak"] / check["peak"]
    return [
        Row(f"检查（{before} 处待修复问题）", f"{check['seconds']:.1f} s（处理器 {check['cpu']:.1f} s）", "", ""),
        Row(f"批量修复，应用 {measured['applied']} 处", f"{batch['seconds']:.1f} s（处理器 {batch['cpu']:.1f} s）",
            f"每处 {1000 * batch['cpu'] / max(before, 1):.0f} ms", "", f"≤ {MAX_BATCH_SECONDS} s",
            batch["seconds"] <= MAX_BATCH_SECONDS),
        Row("写出副本、全面检查副本", f"{measured['copy']['seconds'] + again['seconds']:.1f} s", f"余 {after} 处问题", ""),
        Row("内存峰值", f"{batch['peak']:,.0f} MB", f"检查 {check['peak']:,.0f} MB", f"{memory:.2f} ×", "< 4 GB",
            batch["peak"] < 4000),
        Row("与埋设清单一致，无新增问题", "一致" if measured["agrees"] else "不一致", f"埋设 {count} 处",
            f"新增错误 {measured['new_errors']} 处", "一致", measured["agrees"]),
    ]  # fmt: skip


def print_batch(parcels: int, vertices: int, count: int) -> None:
    """Measure a batch of ``count`` fixes and print the table of the benchmark."""
    print("\n".join([HEADER, *(row.markdown() for row in measure_batch(parcels, vertices, count))]))


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        print(
            json.dumps(
                run_and_compare(Path(sys.argv[1]), read_truth(Path(sys.argv[2])), Path(name)), ensure_ascii=False
            )
        )
