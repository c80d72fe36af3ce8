# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten counties, two broken, one enormous: the summary, five kills, and Dask. Runs on demand, for about a quarter hour.

SANXIAN_TEN_COUNTIES=1 bash tools/run.sh pytest tests/core/counties/test_ten_counties.py
"""

import json
import os
from collections import Counter
from types import MappingProxyType

import pyogrio
import pytest

from plugin.core.counties.model import STAGING_FOLDER
from tests.core.counties.county_files import (
    drop_times,
    read_cells,
    read_cells_without_run,
)
from tests.core.counties.ten_counties import (
    BROKEN,
    ENORMOUS,
    NAMES,
    list_begun,
    list_complete,
    run_ten,
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


def read_layer(output):
    """Return the rows of the summary's layer, geometry as WKB."""
    return pyogrio.read_dataframe(output / "summary.gpkg").to_wkb()


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
