# SPDX-License-Identifier: GPL-2.0-or-later
"""The command `batch`: results, kills, resumption; broken counties affect no others."""

import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from datetime import datetime

import pyogrio
import pytest

from plugin.core.base.errors import Cancellation, Cancelled, OutputError
from plugin.core.counties.check_county import check_county, read_record
from plugin.core.counties.county_record import SUMMARY_FILES, BatchOptions, CountyRecord, CountyState
from plugin.core.counties.processes import check_in_processes
from plugin.core.counties.run_batch import check_counties, check_in_sequence, plan_batch
from plugin.core.counties.summary import BatchSummary, list_remarks
from plugin.core.render.words import ReportTexts
from plugin.core.standard.options import RunOptions
from tests.core.counties.county_files import (
    CODES,
    EXCEEDING,
    RULES,
    SHORT,
    copy_counties,
    list_files,
    read_cells,
    read_json_files,
    run_batch,
    start_batch,
    write_counties,
    write_county,
)
from tests.parametrize import first_daily


@pytest.fixture(scope="module")
def counties(tmp_path_factory):
    """Write ten counties, two broken; return the list and the result of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("大同 市")
    listed = write_counties(folder / "数据")
    before = list_files(folder)
    output = folder / "结果"
    code, out, err = run_batch(listed, output, "--jobs", "2", "--html")
    assert {name: data for name, data in list_files(folder).items() if not name.startswith("结果/")} == before
    return listed, output, (code, out, err)


def test_batch_writes_a_report_for_each_county_and_one_summary(counties):
    _, output, (code, out, err) = counties
    assert code == 1, err
    assert {path.name for path in output.iterdir()} == {*SUMMARY_FILES, "counties"}
    summary = read_json_files(output)["summary.json"]
    verdicts = {row["area_code"]: row["verdict"] for row in summary["counties"] if row["state"] == "checked"}
    assert set(verdicts) == set(CODES)
    assert verdicts[SHORT] == verdicts[EXCEEDING] == "fail"
    assert {verdict for code, verdict in verdicts.items() if code not in (SHORT, EXCEEDING)} == {"conditional"}
    assert summary["summary"] | {"verdict": "", "counties": 0} == {
        "verdict": "", "counties": 0, "fail": 2, "incomplete": 0, "conditional": 6, "pass": 0, "without_verdict": 2
    }  # fmt: skip
    for name in CODES.values():
        assert {path.name for path in (output / "counties" / name).iterdir()} == {
            "county.json", "report.json", "report.html"
        }  # fmt: skip
    assert "批量检查完成：10 个县区" in out and "汇总结论：不通过" in out


def test_a_county_that_cannot_be_read_is_a_row_with_the_reason(counties):
    _, output, (_, out, _) = counties
    rows = {row["name"]: row for row in read_json_files(output)["summary.json"]["counties"]}
    assert rows["左云县"]["state"] == rows["广灵县"]["state"] == "unread"
    assert "左云县" in rows["左云县"]["reason"] and "没有可读取的图层" in rows["广灵县"]["reason"]
    assert {path.name for path in (output / "counties" / "广灵县").iterdir()} == {"county.json"}
    assert "广灵县：未读取。" in out and rows["广灵县"]["area_code"] == "140223"
    # No folder of this machine is in a file that is passed on.
    assert all(str(output.parent) not in path.read_text("utf-8") for path in output.rglob("*.json"))


def test_workbook_and_layer_agree_with_the_reports(counties):
    _, output, _ = counties
    cells = read_cells(output / "summary.xlsx")
    rows = {row[1]: row for row in cells["各县结论"][3:]}
    assert rows["云冈区"][2] == "不通过" and rows["阳高县"][2] == "有条件通过" and rows["左云县"][2] == "未读取"
    figures = {row[1]: row for row in cells["各县指标"][3:] if row[2] == "永久基本农田保护面积"}
    assert figures["云冈区"][7] == pytest.approx(-0.25, abs=1e-6)
    layer = pyogrio.read_dataframe(output / "summary.gpkg").set_index("name")
    assert len(layer) == 10 and layer.crs.to_epsg() == 4490
    assert layer.loc["左云县"].geometry is None and layer.loc["灵丘县", "verdict"] == "fail"
    assert layer.loc["灵丘县", "boundary_area_margin"] == pytest.approx(16.46 - 17.2, abs=1e-4)
    page = (output / "summary.html").read_text("utf-8")
    assert page.count('<path class="c-fail" data-county') == 2 and page.count("data-county") == 8 + 10
    assert 'href="counties/云冈区/report.html"' in page and "http" not in page


def count_records(output):
    """Return the number of counties that are complete in a folder of results."""
    return len(list(output.glob("counties/*/county.json")))


# A kill before any county is complete, and one when all are, while the summary is written. At one complete county it is
# an interrupt on the keyboard, which all processes get.
@pytest.mark.parametrize("complete_counts", first_daily([[1], [0, 1, 4, 7, 10]]))
def test_a_killed_batch_is_resumed_to_equal_results(counties, complete_counts, tmp_path):
    listed, output, _ = counties
    resumed = tmp_path / "续查"
    for complete_count in complete_counts:
        # A county more than before: the interrupt then comes when the command runs, not while Python starts.
        least_count = complete_count and max(complete_count, count_records(resumed) + (complete_count == 1))
        process = start_batch(listed, resumed, "--jobs", "2", "--html")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if resumed.is_dir() and count_records(resumed) >= least_count:
                break
            time.sleep(0.01)
        if complete_count == 1:
            os.killpg(process.pid, signal.SIGINT)
            _, err = process.communicate()
            assert (
                process.returncode == 2 and err == "已取消。已检查完的县区的报告保留，汇总未更新；再次运行即可续查。\n"
            )
        else:
            process.kill()
            process.communicate()
        for record in resumed.glob("counties/*/county.json"):
            assert read_record(record.parent) is not None
    code, out, _ = run_batch(listed, resumed, "--jobs", "2", "--html")
    assert code == 1
    assert read_json_files(resumed) == read_json_files(output)
    assert read_cells(resumed / "summary.xlsx") == read_cells(output / "summary.xlsx")
    assert set(list_files(resumed)) == set(list_files(output))
    assert "沿用上次结果的县区" in out


def test_data_of_one_county_that_the_totals_count_twice_are_named():
    records = [
        CountyRecord(name, CountyState.CHECKED, "", area_code="140225", area_name="浑源县") for name in ("甲", "乙")
    ]
    summary = BatchSummary(
        (*records, CountyRecord("丙", CountyState.CHECKED, "")), {}, frozenset(), ("x.shp",), "zh", datetime.now()
    )
    ignored, repeated = list_remarks(summary, ReportTexts("zh"))
    assert "x.shp" in ignored and "140225" in repeated and "2 次" in repeated and "甲" in repeated and "乙" in repeated
    assert "一个县" not in "".join(list_remarks(replace(summary, records=tuple(records[1:])), ReportTexts("zh")))


def test_dry_run_without_earlier_counties_reports_an_unknown_time_and_writes_nothing(counties, tmp_path):
    listed, _, _ = counties
    code, out, _ = run_batch(listed.parent, tmp_path / "新", "--dry-run", "--profile", "shanxi")
    assert code == 0 and "用时未知" in out and "将检查 10 个县区" in out
    assert not (tmp_path / "新").exists()


def test_only_what_changed_is_checked_again(counties, tmp_path):
    listed, output, _ = counties
    records = {path: path.stat().st_mtime_ns for path in output.glob("counties/*/county.json")}
    profile = listed.parent / "140221.toml"
    profile.write_text(profile.read_text("utf-8").replace("16.46", "16.47"), encoding="utf-8")
    code, out, _ = run_batch(listed, output, "--html", "--dry-run")
    assert code == 0 and "阳高县：检查（数据、设定或版本已变）" in out and "左云县：再次检查（上次没有结论）" in out
    assert "将检查 3 个县区，沿用上次结果 7 个" in out and "总用时约" in out
    assert {path: path.stat().st_mtime_ns for path in records} == records
    run_batch(listed, output, "--html", "--only", "changed")
    assert {path.parent.name for path, when in records.items() if path.stat().st_mtime_ns != when} == {"阳高县"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write three counties; return their folder."""
    path = tmp_path_factory.mktemp("counties")
    for number, name in enumerate(("140213平城区", "140214云冈区", "140215云州区")):
        write_county(path / f"{name}.gpkg", name[:6], number)
    return path


@pytest.fixture
def options(folder, tmp_path):
    return BatchOptions(folder, tmp_path / "out", RunOptions(rules=RULES))


def list_tasks(options):
    return [one.task for one in plan_batch(options).counties]


def write_program(path, check):
    """Write a Python program that checks counties with a function of `county_files`, and lists its starts."""
    code = f"""
import sys
from plugin.core import __main__
from plugin.core.counties import processes
from tests.core.counties import county_files
processes.check_county = county_files.{check}
sys.exit(__main__.main(sys.argv[3:]))
"""
    path.write_text(
        f"#!/bin/sh\necho >> '{path}.starts'\nexec '{sys.executable}' -c '{code}' \"$@\"\n", encoding="utf-8"
    )
    path.chmod(0o755)
    return str(path)


def test_a_county_that_ends_its_process_twice_is_a_row_and_the_others_are_complete(options, tmp_path):
    records, started, shares = [], [], []
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    check_in_processes(
        list_tasks(options),
        temporary,
        records.append,
        lambda share, text: shares.append(share),
        jobs=2,
        on_start=lambda task: started.append(task.county.name),
        python=write_program(tmp_path / "python 程序", "check_or_die"),
    )
    assert len((tmp_path / "python 程序.starts").read_text().splitlines()) == 5 and shares[-1] == 1
    # Those that ended their process were started again, alone.
    assert sorted(started) == ["140213平城区", "140214云冈区", "140214云冈区", "140215云州区", "140215云州区"]
    by_name = {record.name: record for record in records}
    assert len(records) == 3
    # One county was killed twice, one lacked memory once and was checked alone.
    assert by_name["140214云冈区"].state is CountyState.LOST and "信号 9" in by_name["140214云冈区"].reason
    assert by_name["140215云州区"].is_checked and by_name["140213平城区"].is_checked
    for task in list_tasks(options):
        assert read_record(task.folder) == by_name[task.county.name]
    assert list(temporary.iterdir()) == []


def test_a_cancelled_batch_keeps_what_is_complete_and_no_temporary_file(options, tmp_path):
    done = []

    def run_two(tasks, temporary_folder, on_record, progress, cancellation):
        check_in_processes(
            tasks,
            temporary_folder,
            lambda record: (done.append(record), on_record(record)),
            progress,
            Cancellation(lambda: bool(done)),
            python=write_program(tmp_path / "python", "check_first_and_wait"),
        )

    with pytest.raises(Cancelled):
        check_counties(options, run_two)
    assert [path.name for path in options.output.iterdir()] == ["counties"]
    assert read_record(options.output / "counties" / done[0].name) == done[0]
    need_check = [one.name for one in plan_batch(options).counties if one.needs_check]
    assert len(need_check) == 2 and done[0].name not in need_check


def test_checks_in_sequence_give_the_results_of_processes(options, folder, tmp_path):
    one_county = copy_counties(folder, tmp_path / "copy", ["140213平城区.gpkg"])
    results = []
    for name, run in (("a", check_in_sequence), ("b", check_in_processes)):
        output = tmp_path / name
        result = check_counties(replace(options, source=one_county, output=output), run)
        assert [record.name for record in result.summary.records] == ["140213平城区"]
        results.append(read_json_files(output))
    assert results[0] == results[1]


def test_an_unexpected_error_is_a_row_with_its_place_in_the_code(options, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("defect in /home/somebody/plan.gpkg")

    monkeypatch.setattr("plugin.core.counties.check_county.check_plan", fail)
    record = check_county(list_tasks(options)[0])
    assert record.state is CountyState.CRASHED and record.reason == "RuntimeError: defect in plan.gpkg"
    assert record.trace[-1].endswith(" fail") and read_record(list_tasks(options)[0].folder) == record


def test_a_county_without_a_writable_folder_is_a_row_and_is_repeated(options):
    task = list_tasks(options)[0]
    task.folder.parent.mkdir(parents=True)
    task.folder.write_text("a file", encoding="utf-8")
    record = check_county(task)
    assert record.state is CountyState.UNWRITTEN and record.area_name == "平城区"
    assert plan_batch(options).counties[0].needs_check and task.folder.read_text("utf-8") == "a file"


def test_two_batches_do_not_write_into_one_folder(options):
    def start_another(tasks, temporary_folder, on_record, progress, cancellation):
        with pytest.raises(OutputError) as raised:
            check_counties(options, check_in_sequence)
        assert raised.value.key == "counties_busy"
        raise Cancelled

    with pytest.raises(Cancelled):
        check_counties(options, start_another)


def test_parts_checked_on_two_machines_are_summarised_without_another_check(options, folder, tmp_path):
    names = [path.stem for path in sorted(folder.iterdir())]
    for number, part in enumerate((names[:2], names[2:])):
        copied = copy_counties(folder, tmp_path / f"machine{number}", [f"{name}.gpkg" for name in part])
        output = tmp_path / f"out{number}"
        check_counties(replace(options, source=copied, output=output), check_in_sequence)
        shutil.copytree(output / "counties", options.output / "counties", dirs_exist_ok=True)
    result = check_counties(options, check_in_sequence)
    assert [record.name for record in result.summary.records] == names
    assert result.summary.new_names == frozenset()
