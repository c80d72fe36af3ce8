# SPDX-License-Identifier: GPL-2.0-or-later
"""Work runs in threads of Python, also when a thread of Qt starts it."""

import gc
import subprocess
import sys
import threading
import time

import pytest
from qgis.core import QgsTask

from plugin.bridge.running.main_thread import on_main
from plugin.bridge.running.tasks import Job, Runner
from plugin.bridge.running.threads import Hold, steady
from plugin.core.errors import Cancelled
from tests.qgis.helpers import ROOT
from tests.qgis.waiting import PATIENCE, run_task, wait_until


def run_on_thread_of_qt(function):
    results = []
    task = QgsTask.fromFunction("test", lambda task: results.append(function()))
    run_task(task)
    return results[0]


def test_a_thread_of_qt_is_left(qgis_app):
    assert isinstance(run_on_thread_of_qt(threading.current_thread), threading._DummyThread)
    found = run_on_thread_of_qt(steady(threading.current_thread))
    assert not isinstance(found, threading._DummyThread) and found is not threading.main_thread()


def test_elsewhere_nothing_changes():
    assert steady(threading.current_thread)() is threading.main_thread()


def test_results_and_errors_come_back(qgis_app):
    @steady
    def halve(number, *, by):
        return number / by

    def failing():
        try:
            halve(4, by=0)
        except ZeroDivisionError as error:
            return str(error)

    assert run_on_thread_of_qt(lambda: halve(4, by=2)) == 2
    assert run_on_thread_of_qt(failing) == "division by zero"


class Thing:
    """An object that records the thread in which it is freed."""

    def __init__(self, gone):
        self.gone = gone

    def __del__(self):
        self.gone.append(threading.current_thread())


def test_objects_of_a_failed_call_are_freed_on_the_main_thread(qgis_app):
    gone = []

    def fails():
        thing = Thing(gone)
        raise ValueError(str(thing is None))

    def work():
        with pytest.raises(ValueError, match="False"):
            on_main(fails)
        return len(gone)

    assert run_on_thread_of_qt(steady(work)) == 1
    assert gone == [threading.main_thread()]


def test_stopping_all_work_runs_the_calls_it_waits_for(qgis_app):
    """Run pending calls when work is stopped, as for the maps of a package.

    Their project is closed on the main thread.
    """
    begun, threads = threading.Event(), []

    def work(progress, cancellation):
        begun.set()
        while not cancellation.is_cancelled:
            time.sleep(0.005)
        on_main(lambda: threads.append(threading.current_thread()), patience=PATIENCE)
        raise Cancelled

    runner = Runner()
    job = runner.start(Job("test", work, on_done=threads.append, on_error=threads.append))
    assert begun.wait(PATIENCE)
    runner.stop_all()
    assert threads == [threading.main_thread()] and job.wait(0)


class Cycle(Thing):
    """A reference cycle, as of a dialog and its slots; only the collection frees it."""

    def __init__(self, gone):
        super().__init__(gone)
        self.me = self


def allocate(*_arguments):
    """Allocate objects so that the garbage collection runs many times."""
    assert len([[n] for n in range(100_000)]) == 100_000


def test_a_worker_frees_no_cycle_of_the_main_thread(qgis_app):
    gone = []
    run_on_thread_of_qt(steady(lambda: (Cycle(gone), allocate()) and None))
    Cycle(gone)
    runner = Runner()
    Cycle(gone)
    ended = []
    runner.start(Job("test", allocate, on_done=ended.append, on_error=ended.append))
    assert wait_until(lambda: ended) and ended == [None]
    assert wait_until(gc.isenabled)
    allocate()
    gc.collect()
    assert gone == [threading.main_thread()] * 3


def test_the_collection_resumes_after_failure_and_stop(qgis_app):
    def fails(*_arguments):
        raise ValueError("no")

    runner, errors = Runner(), []
    runner.start(Job("test", fails, on_done=errors.append, on_error=errors.append))
    assert not gc.isenabled()
    assert wait_until(lambda: errors) and wait_until(gc.isenabled)
    runner.start(
        Job(
            "test", lambda progress, cancellation: wait_for(cancellation), on_done=errors.append, on_error=errors.append
        )
    )
    runner.stop_all()
    assert wait_until(gc.isenabled)


def test_a_lost_suspension_ends(qgis_app):
    """Resume the collection if QGIS deletes a task without a signal."""
    hold, other = Hold(), Hold()
    assert not gc.isenabled()
    other.release()
    other.release()
    assert not gc.isenabled()
    del hold
    assert gc.isenabled()


def wait_for(cancellation):
    while True:
        cancellation.raise_if_cancelled()
        time.sleep(0.005)


TWICE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from qgis.core import QgsApplication, QgsTask
application = QgsApplication([], False)
application.initQgis()
from plugin.bridge.running.main_thread import on_main
from plugin.bridge.running.tasks import Job, Runner
from plugin.bridge.running.threads import steady
from plugin.core.errors import Cancelled
done = []
@steady
def project():
    from pyproj import CRS
    return [CRS.from_epsg(n).to_wkt() for n in (4526, 4490, 4527)]
def run(task):
    done.append(project())
tasks = []
for n in range(4):
    tasks.append(QgsTask.fromFunction("x", run))
    QgsApplication.taskManager().addTask(tasks[-1])
    while len(done) <= n:
        application.processEvents()
        time.sleep(0.01)
print(len(done), flush=True)
import os
os._exit(0)
"""


@pytest.mark.slow
def test_pyproj_again_and_again_on_pooled_threads():
    """Use pyproj on pooled threads: without `steady` the second round crashes."""
    done = subprocess.run([sys.executable, "-c", TWICE, str(ROOT)], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "4", done.stderr
