# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes of a batch that end, lack memory or are cancelled."""

import shutil
import sys
from dataclasses import replace

import pytest

from plugin.core.cancellation import Cancellation
from plugin.core.counties.check_county import check_county, read_record
from plugin.core.counties.model import BatchOptions, CountyState
from plugin.core.counties.processes import check_in_processes
from plugin.core.counties.run import check_counties, check_in_sequence, plan_batch
from plugin.core.errors import Cancelled, OutputError
from plugin.core.options import RunOptions
from tests.core.counties.county_files import (
    RULES,
    copy_counties,
    read_json_files,
    write_county,
)


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

    monkeypatch.setattr("plugin.core.check.check_plan", fail)
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
