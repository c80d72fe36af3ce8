# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten counties, two broken, one enormous: the summary, five kills, and Dask. Runs on demand, for about a quarter hour.

SANXIAN_TEN_COUNTIES=1 bash tools/run.sh pytest tests/core/counties/test_ten_counties.py
"""

import json
import os
import signal
import time
from collections import Counter
from types import MappingProxyType

import pyogrio
import pytest

from plugin.core.counties.model import STAGING_FOLDER
from tests.core.counties.county_files import (
    drop_times,
    list_files,
    read_cells,
    read_cells_without_run,
    read_json_files,
)
from tests.core.counties.ten_counties import (
    BROKEN,
    ENORMOUS,
    NAMES,
    kill_group,
    list_begun,
    list_complete,
    run_ten,
    start_ten,
    wait_until,
    write_ten_counties,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        os.environ.get("SANXIAN_TEN_COUNTIES") != "1" or os.name == "nt",
        reason="takes a quarter hour: SANXIAN_TEN_COUNTIES=1 runs it (not on Windows)",
    ),
]
READABLE = tuple(name for name in NAMES if name not in BROKEN)
SEVERITIES = {"errors": "ERROR", "warnings": "WARNING", "infos": "INFO"}
#: Memory limit of a worker (GB): more than a small county takes, less than the enormous one.
LIMIT_GB = 0.36
#: Rows above the table of a workbook.
HEAD_ROWS = 3


@pytest.fixture(scope="module")
def ten(tmp_path_factory):
    """Write the counties and check them without a kill; return their folder, their data and the results."""
    folder = tmp_path_factory.mktemp("大同 市") / "数据"
    sources = write_ten_counties(folder)
    sizes = [sources[name].stat().st_size for name in READABLE if name != ENORMOUS]
    assert sources[ENORMOUS].stat().st_size >= 30 * max(sizes)
    output = folder.parent / "结果"
    run_ten(folder, output)
    return folder, sources, output


def read_results(output):
    """Return JSON without times, cells without the time of the report, and the names of all files of a batch."""
    return read_json_files(output), read_cells_without_run(output), set(list_files(output))


def read_layer(output):
    """Return the rows of the summary's layer, geometry as WKB."""
    return pyogrio.read_dataframe(output / "summary.gpkg").to_wkb()


def assert_equal_results(output, expected):
    assert read_results(output) == read_results(expected)
    assert read_layer(output).equals(read_layer(expected))
    assert list(output.rglob(".*")) == []


def test_each_report_is_that_of_a_single_check(ten, tmp_path, run_main):
    _, sources, output = ten
    for name in READABLE:
        report, workbook = tmp_path / name / "report.json", tmp_path / name / "report.xlsx"
        arguments = ["--profile", "hunyuan", "--json", str(report), "--xlsx", str(workbook)]
        assert run_main(["check", str(sources[name]), *arguments]) == 1
        found = json.loads((output / "counties" / name / "report.json").read_text(encoding="utf-8"))
        assert drop_times(json.loads(report.read_text(encoding="utf-8"))) == drop_times(found)
        cells = read_cells_without_run(output / "counties" / name)
        assert read_cells_without_run(report.parent) == cells and list(cells) == ["report.xlsx"]


@pytest.fixture
def run_main():
    from plugin.core.__main__ import main

    return main


def test_the_summary_has_the_counts_of_the_reports(ten):
    _, _, output = ten
    reports = {
        name: json.loads((output / "counties" / name / "report.json").read_text(encoding="utf-8")) for name in READABLE
    }
    summary = json.loads((output / "summary.json").read_text(encoding="utf-8"))
    verdicts = Counter(report["summary"]["verdict"] for report in reports.values())
    assert summary["summary"] == {
        "verdict": "fail", "counties": 10, "without_verdict": 2,
        **{verdict: verdicts[verdict] for verdict in ("fail", "incomplete", "conditional", "pass")},
    }  # fmt: skip
    rows = {row["name"]: row for row in summary["counties"]}
    layer = read_layer(output).set_index("source")
    sheets = {title: cells[HEAD_ROWS:] for title, cells in read_cells(output / "summary.xlsx").items()}
    cells = dict(zip(NAMES, sheets["各县结论"], strict=False))
    assert set(rows) == set(layer.index) == set(NAMES) and len(sheets["各县结论"]) == 11
    assert all(rows[name]["state"] == layer.loc[name, "state"] == "unread" for name in BROKEN)
    assert all(cells[name][2] == "未读取" and rows[name]["reason"] in cells[name] for name in BROKEN)
    totals = Counter()
    for name, report in reports.items():
        open_findings = [finding for finding in report["findings"] if finding["state"] == "open"]
        severities = Counter(finding["severity"] for finding in open_findings)
        totals += severities
        counts = [severities[severity] for severity in SEVERITIES.values()]
        assert counts == [rows[name]["counts"][key] for key in SEVERITIES]
        assert counts == [int(layer.loc[name, key]) for key in SEVERITIES] == list(cells[name][3:6])
        problems = Counter()
        for row in sheets["各县问题"]:
            if row[1] == cells[name][1]:
                problems[row[3]] += row[5]
        assert problems == Counter(finding["code"] for finding in open_findings)
    assert [totals[severity] for severity in SEVERITIES.values()] == list(sheets["各县结论"][-1][3:6])


#: Point → (whether the run has reached it, seconds from then until the kill).
POINTS = MappingProxyType({
    "the first county": (lambda output: list_begun(output) and not list_complete(output), 0.4),
    "after two counties": (lambda output: len(list_complete(output)) >= 2, 0),
    "the enormous county": (lambda output: ENORMOUS in list_begun(output), 3),
    "the summary": (lambda output: (output / STAGING_FOLDER / "summary.json").exists(), 0.3),
    "just before the end": (lambda output: (output / "summary.json").exists(), 0),
})  # fmt: skip


@pytest.mark.parametrize("scheduler", [(), ("--scheduler", "local")], ids=["processes", "dask"])
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_batch_is_resumed_to_equal_results(ten, tmp_path, point, scheduler):
    if scheduler:
        pytest.importorskip("distributed", reason="Dask is not installed (requirements-dev.txt)")
    folder, _, expected = ten
    output = tmp_path / "续查"
    is_reached, delay = POINTS[point]
    process = start_ten(folder, output, *scheduler)
    wait_until(lambda: is_reached(output), process)
    time.sleep(delay)
    kill_group(process)
    assert process.returncode == -signal.SIGKILL, "the run ended before the kill"
    complete = list_complete(output) - set(BROKEN)
    # A county may be complete before its temporary folder is removed.
    files = [path for name in complete for path in (output / "counties" / name).glob("[!.]*")]
    times = {path: path.stat().st_mtime_ns for path in files}
    print(f"{point}: {len(list_complete(output))} complete, begun {sorted(list_begun(output))}")
    out = run_ten(folder, output, *scheduler)
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert (f"沿用上次结果的县区 {len(complete)} 个" in out) == bool(complete)
    assert_equal_results(output, expected)


def list_dask_workers(process):
    """Return the workers of a run with Dask: descendants that check counties."""
    import psutil

    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def test_a_killed_worker_of_dask_changes_no_result(ten, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed (requirements-dev.txt)")
    folder, _, expected = ten
    output = tmp_path / "结果"
    process = start_ten(folder, output, "--scheduler", "local")
    wait_until(lambda: ENORMOUS in list_begun(output), process)
    time.sleep(3)
    # The worker with the enormous county has the most memory.
    max(list_dask_workers(process), key=lambda one: one.memory_info().rss).send_signal(signal.SIGKILL)
    assert ENORMOUS in list_begun(output)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (1, "")
    # It was given out again, after the others.
    assert out.index(f"{ENORMOUS}：不通过") > out.index("县4：不通过")
    assert_equal_results(output, expected)


def test_a_county_without_memory_is_a_row_and_is_checked_by_the_next_run(ten, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed (requirements-dev.txt)")
    folder, _, expected = ten
    output = tmp_path / "结果"
    out = run_ten(folder, output, "--scheduler", "local", "--memory-limit", str(LIMIT_GB), "--jobs", "1")
    # The last one, after an attempt alone.
    lines = [line for line in out.splitlines() if line.startswith(NAMES)]
    assert len(lines) == 10 and lines[-1].startswith(f"{ENORMOUS}：检查中断") and f"{LIMIT_GB} GB" in lines[-1]
    results, expected_results = read_results(output), read_results(expected)
    for found, wanted in zip(results[:2], expected_results[:2], strict=True):
        others = {path for path in wanted if ENORMOUS not in path and not path.startswith("summary")}
        assert {path: found[path] for path in others} == {path: wanted[path] for path in others}
    rows, expected_rows = (one[0]["summary.json"]["counties"] for one in (results, expected_results))
    assert [row["name"] for row in rows] == list(NAMES)
    assert [one["name"] for one, other in zip(rows, expected_rows, strict=True) if one != other] == [ENORMOUS]
    assert results[0]["summary.json"]["summary"]["without_verdict"] == 3
    assert list(output.rglob(".*")) == []
    # With enough memory only this county, and the broken ones, are checked.
    assert "沿用上次结果的县区 7 个" in run_ten(folder, output)
    assert_equal_results(output, expected)
