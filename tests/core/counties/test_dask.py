# SPDX-License-Identifier: GPL-2.0-or-later
"""A batch through Dask: equal results, workers that are killed or lack memory, cancelling and resuming."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.core.__main__ import main
from plugin.core.base.errors import Cancellation, Cancelled, InputError
from plugin.core.counties.check_county import check_county, read_record
from plugin.core.counties.county_record import BatchOptions
from plugin.core.counties.dask_runner import CountyOrder, DaskRunner, check_on_worker, compute_memory_limits
from plugin.core.counties.processes import check_in_processes
from plugin.core.counties.run_batch import check_counties, plan_batch
from plugin.core.engine.provenance import collect_versions, compute_program_digest
from plugin.core.standard.options import RunOptions
from tests.core.counties.county_files import (
    RULES,
    check_or_exceed,
    check_or_wait,
    read_cells,
    read_json_files,
    write_county,
)

#: Memory limit of a worker (GB): a small county needs less than half of it.
LIMIT_GB = 0.6
LOST = "140214云冈区"


@pytest.fixture(scope="module")
def dask_library():
    """Return the library distributed; skip the test where Dask is not installed."""
    return pytest.importorskip("distributed", reason="Dask is not installed (requirements-dev.txt)")


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Write four counties, one of them damaged; return the options and the JSON of a run with processes."""
    folder = tmp_path_factory.mktemp("大同 市")
    for number, name in enumerate(("140213平城区", LOST, "140215云州区")):
        write_county(folder / "数据" / f"{name}.gpkg", name[:6], number)
    whole = (folder / "数据" / "140213平城区.gpkg").read_bytes()
    (folder / "数据" / "140226左云县.gpkg").write_bytes(whole[: len(whole) // 3])
    options = BatchOptions(folder / "数据", folder / "进程", RunOptions(rules=RULES))
    check_counties(options, check_in_processes)
    return options


@pytest.fixture(scope="module")
def cluster(dask_library):
    """Start a scheduler with two workers, as a planning office would; yield its address."""
    with dask_library.LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=int(LIMIT_GB * 1e9), dashboard_address=None, silence_logs=50
    ) as started:
        yield started.scheduler_address


@pytest.mark.exhaustive
def test_a_killed_worker_is_replaced_and_a_county_without_memory_is_a_row(dask_library, batch, tmp_path, monkeypatch):
    temporary = tmp_path / "system"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    records = []
    options = replace(batch, output=tmp_path / "结果 Dask", jobs=2)
    check_counties(options, DaskRunner("local", 2, LIMIT_GB, check=check_or_exceed), on_record=records.append)
    found, expected = read_json_files(options.output), read_json_files(batch.output)
    lost = found.pop(f"counties/{LOST}/county.json")
    # The county was checked alone with the memory of both workers.
    assert lost["state"] == "lost" and "1.20 GB" in lost["reason"] and "内存限额" in lost["reason"]
    assert len(records) == 4 and records[-1].name == LOST
    assert expected.pop(f"counties/{LOST}/county.json")["state"] == "checked"
    assert expected.pop(f"counties/{LOST}/report.json") and f"counties/{LOST}/report.json" not in found
    summaries = found.pop("summary.json"), expected.pop("summary.json")
    rows = [[row for row in summary["counties"] if row["name"] != LOST] for summary in summaries]
    assert rows[0] == rows[1] and {row["state"] for row in rows[0]} == {"checked", "unread"}
    assert found == expected and (options.output / "counties" / "killed").exists()
    assert {path.name for path in options.output.iterdir() if path.name.startswith(".")} == set()
    # Dask, too, leaves nothing outside the folder of results.
    assert list(temporary.iterdir()) == []


@pytest.mark.exhaustive
def test_a_cancelled_run_leaves_the_workers_and_is_resumed_to_equal_results(cluster, batch, tmp_path):
    options = replace(batch, output=tmp_path / "结果")
    waiting = options.output / "counties" / "waiting"
    shares = []
    runner = DaskRunner(cluster, check=check_or_wait)
    with pytest.raises(Cancelled):
        check_counties(
            options,
            runner,
            progress=lambda share, text: shares.append(share),
            cancellation=Cancellation(lambda: waiting.exists() and count_records(options) == 3 and shares[-1] > 0.3),
        )
    # The worker that had the county has left it, and what is complete remains.
    assert waiting.with_name("left").exists() and count_records(options) == 3
    assert shares == sorted(shares) and 0.3 < shares[-1] < 1
    assert [path.name for path in options.output.iterdir()] == ["counties"]
    assert [one.name for one in plan_batch(replace(options, only_changed=True)).counties if one.needs_check] == [
        "140215云州区"
    ]
    check_counties(options, runner)
    assert read_json_files(options.output) == read_json_files(batch.output)
    assert read_cells(options.output / "summary.xlsx") == read_cells(batch.output / "summary.xlsx")


def count_records(options):
    """Return the number of counties that are complete."""
    return sum(read_record(folder) is not None for folder in (options.output / "counties").glob("*/"))


def make_order(options, folder: Path, **changes) -> CountyOrder:
    """Return the order of the first county, whose results go below a new folder."""
    task = plan_batch(replace(options, output=folder / "out")).counties[0].task
    mark = folder / "mark"
    mark.touch()
    order = CountyOrder(task, compute_program_digest(), collect_versions(), (mark,), mark, 1, check_county)
    return replace(order, **changes)


def test_a_worker_with_another_program_or_without_the_data_checks_nothing(batch, tmp_path):
    other = {**collect_versions(), "geos": "3.0.0"}
    problem = check_on_worker(make_order(batch, tmp_path, program_digest="other", versions=other))
    assert problem.key == "counties_worker_program" and problem.params["versions"].startswith("geos ")
    missing = tmp_path / "missing.gpkg"
    problem = check_on_worker(make_order(batch, tmp_path, needed_paths=(missing,)))
    assert problem.key == "counties_worker_path" and problem.params["path"] == str(missing)
    order = make_order(batch, tmp_path, run_mark=missing)
    assert check_on_worker(order) is None and not order.task.folder.exists()
    assert "数据" not in repr(order)


def raise_memory_error(task, cancellation):
    raise MemoryError


def test_a_lack_of_memory_on_a_worker_is_no_record(batch, tmp_path):
    assert check_on_worker(make_order(batch, tmp_path, check=raise_memory_error)) is None


@pytest.mark.exhaustive
def test_a_problem_of_a_worker_ends_the_run_with_its_text(cluster, batch, tmp_path, monkeypatch):
    monkeypatch.setattr("plugin.core.counties.dask_runner.compute_program_digest", lambda: "other")
    options = replace(batch, output=tmp_path / "out")
    with pytest.raises(InputError) as raised:
        check_counties(options, DaskRunner(cluster))
    assert raised.value.key == "counties_worker_program"
    assert list((options.output / "counties").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("localhost",), "counties_scheduler"),
        (("tcp://127.0.0.1:8786", 1, 4.0), "counties_memory_not_local"),
        (("local", 1, 0.0), "counties_memory_limit"),
        (("local", 1, float("nan")), "counties_memory_limit"),
    ],
)
def test_wrong_options_are_errors(arguments, key):
    with pytest.raises(InputError) as raised:
        DaskRunner(*arguments)
    assert raised.value.key == key


@pytest.mark.parametrize(
    ("workers", "limit_gb", "expected"),
    [(4, None, (6, 24)), (1, None, (24, 24)), (4, 2.0, (2, 8)), (1, 2.0, (2, 8)), (4, 30.0, (24, 24)), (3, 10.0, (10, 24))],
)  # fmt: skip
def test_memory_is_shared_among_the_workers_that_start(workers, limit_gb, expected):
    limits = compute_memory_limits(24 * 10**9, 4, workers, limit_gb)
    assert limits == tuple(gb * 10**9 for gb in expected)


def test_an_unreachable_scheduler_is_an_error(dask_library, batch, tmp_path, monkeypatch):
    monkeypatch.setattr("plugin.core.counties.dask_runner._CONNECTION_SECONDS", 0.5)
    with pytest.raises(InputError) as raised:
        check_counties(replace(batch, output=tmp_path / "out"), DaskRunner("tcp://127.0.0.1:9"))
    assert raised.value.key == "counties_scheduler_unreachable"


def test_a_scheduler_without_dask_is_an_error_that_names_the_library(batch, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    output = tmp_path / "out"
    assert main(["batch", str(batch.source), "--output", str(output), "--scheduler", "local"]) == 2
    error = capsys.readouterr().err
    assert "distributed" in error and "pip install dask distributed" in error and not output.exists()
