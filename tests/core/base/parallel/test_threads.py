# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads for operations of GEOS: the same results, in the same order, with any number of threads."""

import ctypes
import gc
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import shapely

from plugin.core.base.errors import Cancellation, Cancelled
from plugin.core.base.parallel import process_state, python_program, threads
from plugin.core.base.parallel.python_program import find_python_program
from plugin.core.base.parallel.threads import get_lock, shared_property
from plugin.core.geometry.corners import find_narrow_places
from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.tolerance import Tolerance


@pytest.fixture(params=[1, 2, 5])
def several_threads(request):
    former = process_state.get_thread_count()
    process_state.set_thread_count(request.param)
    yield request.param
    process_state.set_thread_count(former)


def test_thread_results_are_in_the_order_of_their_items(several_threads):
    def wait_and_return(n):
        time.sleep(0.002 * (n % 3))
        return n

    assert threads.map_in_threads(wait_and_return, list(range(40))) == list(range(40))


def test_several_threads_compute_at_the_same_time():
    former = process_state.get_thread_count()
    process_state.set_thread_count(3)
    try:
        meeting = threading.Barrier(3, timeout=20)
        assert len(threads.map_in_threads(lambda _: meeting.wait(), [0, 1, 2])) == 3
    finally:
        process_state.set_thread_count(former)


def test_work_for_one_thread_runs_in_the_thread_of_the_caller():
    former = process_state.get_thread_count()
    process_state.set_thread_count(0)
    try:
        assert process_state.get_thread_count() == 1
        assert set(threads.map_in_threads(lambda _: threading.get_ident(), [0] * 9)) == {threading.get_ident()}
    finally:
        process_state.set_thread_count(former)


def test_cancellation_during_work_in_threads_raises_an_error_and_starts_no_further_items(several_threads):
    done = []
    with pytest.raises(Cancelled):
        threads.map_in_threads(done.append, list(range(1000)), Cancellation(lambda: len(done) >= 7))
    assert len(done) < 7 + several_threads


def test_error_in_a_thread_reaches_the_caller_and_ends_the_work(several_threads):
    done = []

    def fail_at_five(n):
        if n == 5:
            raise shapely.GEOSException("five")
        time.sleep(0.002)
        done.append(n)

    with pytest.raises(shapely.GEOSException, match="five"):
        threads.map_in_threads(fail_at_five, list(range(5000)))
    assert len(done) < 4000


def test_worker_threads_use_the_floating_point_error_settings_of_the_caller(several_threads):
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        threads.map_in_threads(lambda n: np.ones(1) / np.zeros(1), [1, 2, 3])
    with np.errstate(divide="ignore"):
        assert np.isinf(threads.map_in_threads(lambda n: np.ones(1) / np.zeros(1), [1, 2, 3])).all()


def test_garbage_collection_pauses_while_threads_run_and_then_resumes():
    former = process_state.get_thread_count()
    process_state.set_thread_count(2)
    assert gc.isenabled()
    try:
        assert threads.map_in_threads(lambda _: gc.isenabled(), [0] * 8) == [False] * 8
        assert gc.isenabled()
        gc.disable()
        threads.map_in_threads(lambda _: None, [0] * 8)
        assert not gc.isenabled()
    finally:
        gc.enable()
        process_state.set_thread_count(former)


def make_shifted_grids(side=24, shift=0.37):
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(side) * 20.0, np.arange(side) * 20.0))
    circles = shapely.buffer(shapely.points(x + 10, y + 10), 11.0, quad_segs=16)
    return circles, shapely.box(x + shift, y + shift, x + 20 + shift, y + 20 + shift)


@pytest.mark.parametrize("count", [2, 5])
def test_geometry_results_are_equal_with_any_number_of_threads(count, monkeypatch):
    circles, squares = make_shifted_grids()
    necks = np.array([shapely.union_all([a, shapely.box(0, 9.9, 480, 10.1)]) for a in circles[:60]], dtype=object)
    monkeypatch.setattr(threads, "MIN_VERTICES", 10)
    former = process_state.get_thread_count()

    def compute(number):
        process_state.set_thread_count(number)
        shared = find_shared_pieces(circles, squares, tolerance=Tolerance())
        uncovered = find_uncovered_pieces(circles, squares[::2], tolerance=Tolerance())
        rows, parts = find_narrow_places(necks, 2.0)
        return [
            *((p.left.tolist(), p.right.tolist(), shapely.to_wkb(p.geometry).tolist()) for p in (shared, uncovered)),
            (rows.tolist(), shapely.to_wkb(parts).tolist()),
        ]

    try:
        alone = compute(1)
        assert all(len(result[0]) for result in alone)
        assert compute(count) == alone
    finally:
        process_state.set_thread_count(former)


class Table:
    """An object with a value that takes a while, and one that uses it."""

    def __init__(self):
        self.computations = 0

    @shared_property
    def total(self):
        """Return a new object."""
        self.computations += 1
        time.sleep(0.05)
        return object()

    @shared_property
    def totals(self):
        """Return the total twice."""
        return self.total, self.total


def test_value_that_several_threads_ask_for_is_computed_once():
    table = Table()
    with ThreadPoolExecutor(8) as pool:
        totals = list(pool.map(lambda _: table.totals, range(8)))
    assert table.computations == 1
    assert {id(one) for pair in totals for one in pair} == {id(table.total)}


def test_value_of_one_object_is_computed_while_another_object_computes_its_value():
    tables = [Table() for _ in range(8)]
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda table: table.total, tables))
    assert time.monotonic() - started < 8 * 0.05


def test_value_that_is_removed_is_computed_again():
    table = Table()
    first = table.total
    del table.__dict__["total"]
    assert table.total is not first


def test_objects_and_their_values_have_separate_locks_and_each_keeps_its_lock():
    first, second = Table(), Table()
    assert get_lock(first, "total") is get_lock(first, "total")
    assert len({id(get_lock(table, name)) for table in (first, second) for name in ("total", "totals")}) == 4


MODULES = ("csv", "plugin.core.base.errors")


@pytest.fixture
def candidates(monkeypatch, tmp_path):
    """Offer no program; return a function that makes a shell script a candidate."""
    paths = []
    monkeypatch.setattr(python_program, "_list_candidates", lambda: tuple(paths))

    def add(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        paths.append(str(path))
        return str(path)

    return add


def test_the_running_python_is_found():
    assert find_python_program(MODULES) == sys.executable


def test_the_first_program_that_imports_the_modules_is_found_and_tried_once(candidates, tmp_path):
    candidates("broken", "exit 3")
    wanted = candidates("python 程序", f'echo >> "{tmp_path}/starts"; exec "{sys.executable}" "$@"')
    candidates("never tried", f'echo >> "{tmp_path}/starts"; exit 0')
    assert find_python_program(MODULES) == find_python_program(MODULES) == wanted
    assert len((tmp_path / "starts").read_text().splitlines()) == 1


def test_no_program_is_found_without_one_that_imports_the_modules(candidates):
    candidates("python", f'exec "{sys.executable}" "$@"')
    candidates("other version", "exit 1")
    assert find_python_program(("no.such.module",)) == ""


def test_search_can_be_cancelled_and_ends_the_program(candidates, tmp_path):
    candidates("slow", f'echo $$ > "{tmp_path}/pid"; exec sleep 60')
    with pytest.raises(Cancelled):
        find_python_program(MODULES, Cancellation((tmp_path / "pid").exists))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert not [program for program, _modules in python_program._results if program.endswith("slow")]


def test_a_program_that_took_too_long_is_tried_again(candidates, tmp_path, monkeypatch):
    monkeypatch.setattr(python_program, "_TRIAL_SECONDS", 0.3)
    first = f'[ -e "{tmp_path}/begun" ] || {{ touch "{tmp_path}/begun"; exec sleep 60; }}'
    wanted = candidates("busy", f"{first}; exit 0")
    assert find_python_program(MODULES) == ""
    monkeypatch.setattr(python_program, "_TRIAL_SECONDS", 20.0)
    assert (tmp_path / "begun").exists() and find_python_program(MODULES) == wanted


def read_resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="the C library returns memory itself",
)
def test_memory_that_a_thread_has_freed_is_returned_to_the_system():
    kept = []

    def fill():
        # The library returns large blocks at once, and the free end of the memory: the last small block stays in use.
        blocks = [np.ones(8_000) for _ in range(3_000)]
        kept.append(blocks[-1])

    thread = threading.Thread(target=fill)
    thread.start()
    thread.join()
    before = read_resident_bytes()
    process_state.return_free_memory()
    assert before - read_resident_bytes() > 100e6
