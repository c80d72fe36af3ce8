# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that work runs in Python threads, even if a Qt thread starts it."""

import gc
import subprocess
import sys
import threading
import time

import pytest
from qgis.core import QgsTask
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt

from plugin.bridge.printing.pdf import LaidOutText
from plugin.bridge.running.tasks import BackgroundJob, JobRunner
from plugin.bridge.running.threads import BackgroundMode, call_on_main, post_to_main, run_in_python_thread
from plugin.core.base.errors import Cancelled
from tests.qgis.helpers import ROOT
from tests.qgis.waiting import PATIENCE_SECONDS, run_task, wait_until


def run_on_thread_of_qt(function):
    results = []
    task = QgsTask.fromFunction("test", lambda task: results.append(function()))
    run_task(task)
    return results[0]


def test_run_in_python_thread_moves_work_from_a_qt_thread_to_a_python_thread(qgis_app):
    assert isinstance(run_on_thread_of_qt(threading.current_thread), threading._DummyThread)
    found = run_on_thread_of_qt(run_in_python_thread(threading.current_thread))
    assert not isinstance(found, threading._DummyThread) and found is not threading.main_thread()


def test_run_in_python_thread_runs_work_of_the_main_thread_there():
    assert run_in_python_thread(threading.current_thread)() is threading.main_thread()


def test_run_in_python_thread_returns_results_and_raises_errors_to_the_caller(qgis_app):
    @run_in_python_thread
    def halve(number, *, by):
        return number / by

    def failing():
        try:
            halve(4, by=0)
        except ZeroDivisionError as error:
            return str(error)

    assert run_on_thread_of_qt(lambda: halve(4, by=2)) == 2
    assert run_on_thread_of_qt(failing) == "division by zero"


class FreeingRecorder:
    """An object that records the thread in which Python frees it."""

    def __init__(self, gone):
        self.gone = gone

    def __del__(self):
        self.gone.append(threading.current_thread())


def test_objects_of_a_failed_call_on_main_are_freed_on_the_main_thread(qgis_app):
    gone = []

    def fails():
        thing = FreeingRecorder(gone)
        raise ValueError(str(thing is None))

    def work():
        with pytest.raises(ValueError, match="False"):
            call_on_main(fails)
        return len(gone)

    assert run_on_thread_of_qt(run_in_python_thread(work)) == 1
    assert gone == [threading.main_thread()]


def test_error_of_a_call_that_is_not_awaited_is_shown_by_qgis(qgis_app, monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, _error, _trace: shown.append(kind))
    run_on_thread_of_qt(run_in_python_thread(lambda: post_to_main({}.popitem)))
    assert wait_until(lambda: shown) and shown == [KeyError]


def test_stopping_all_jobs_runs_their_pending_main_thread_calls(qgis_app):
    """Stop a job that waits for a call on the main thread.

    Maps of a package are closed by such calls.
    """
    begun, threads = threading.Event(), []

    def work(progress, cancellation):
        begun.set()
        while not cancellation.cancelled():
            time.sleep(0.005)
        call_on_main(lambda: threads.append(threading.current_thread()), timeout_seconds=PATIENCE_SECONDS)
        raise Cancelled

    runner = JobRunner()
    job = runner.start(BackgroundJob("test", work, on_done=threads.append, on_error=threads.append))
    assert begun.wait(PATIENCE_SECONDS)
    runner.stop_all()
    assert threads == [threading.main_thread()] and job.wait(0)


def test_text_laid_out_in_a_worker_is_deleted_on_the_main_thread(qgis_app):
    threads = []

    def lay_out():
        text = LaidOutText()
        text.setHtml("<table><tr><td>A</td></tr></table>")
        text.destroyed.connect(lambda: threads.append(threading.current_thread()), Qt.ConnectionType.DirectConnection)
        assert text.documentLayout().documentSize().height() > 0

    run_on_thread_of_qt(run_in_python_thread(lay_out))
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # as QGIS's event loop does
    assert threads == [threading.main_thread()]


class ReferenceCycle(FreeingRecorder):
    """A reference cycle that only the garbage collection frees.

    Dialogs and their slots form such cycles.
    """

    def __init__(self, gone):
        super().__init__(gone)
        self.me = self


def allocate_objects(*_arguments):
    """Allocate many objects, so that the garbage collection would run."""
    assert len([[n] for n in range(100_000)]) == 100_000


def test_garbage_collection_in_a_worker_frees_no_main_thread_objects(qgis_app):
    gone = []
    run_on_thread_of_qt(run_in_python_thread(lambda: (ReferenceCycle(gone), allocate_objects()) and None))
    ReferenceCycle(gone)
    runner = JobRunner()
    ReferenceCycle(gone)
    ended = []
    runner.start(BackgroundJob("test", allocate_objects, on_done=ended.append, on_error=ended.append))
    assert wait_until(lambda: ended) and ended == [None]
    assert wait_until(gc.isenabled)
    allocate_objects()
    gc.collect()
    assert gone == [threading.main_thread()] * 3


def test_garbage_collection_resumes_after_a_job_failed_or_was_stopped(qgis_app):
    def fails(*_arguments):
        raise ValueError("no")

    runner, errors = JobRunner(), []
    runner.start(BackgroundJob("test", fails, on_done=errors.append, on_error=errors.append))
    assert not gc.isenabled()
    assert wait_until(lambda: errors) and wait_until(gc.isenabled)
    runner.start(
        BackgroundJob(
            "test",
            lambda progress, cancellation: wait_for_cancellation(cancellation),
            on_done=errors.append,
            on_error=errors.append,
        )
    )
    runner.stop_all()
    assert wait_until(gc.isenabled)


def test_garbage_collection_resumes_when_the_background_mode_is_deleted(qgis_app):
    """Delete the hold, as when QGIS deletes a task without a signal."""
    hold, other = BackgroundMode(), BackgroundMode()
    assert not gc.isenabled()
    other.release()
    other.release()
    assert not gc.isenabled()
    del hold
    assert gc.isenabled()


def test_threads_alternate_quickly_while_a_job_runs(qgis_app):
    usual_seconds = sys.getswitchinterval()
    runner, seconds = JobRunner(), []
    runner.start(
        BackgroundJob(
            "test",
            lambda progress, cancellation: sys.getswitchinterval(),
            on_done=seconds.append,
            on_error=seconds.append,
        )
    )
    assert wait_until(lambda: seconds)
    assert seconds[0] < usual_seconds / 5
    assert wait_until(lambda: sys.getswitchinterval() == usual_seconds)


def wait_for_cancellation(cancellation):
    while True:
        cancellation.raise_if_cancelled()
        time.sleep(0.005)


PYPROJ_TWICE_SCRIPT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from qgis.core import QgsApplication, QgsTask
application = QgsApplication([], False)
application.initQgis()
from plugin.bridge.running.threads import call_on_main
from plugin.bridge.running.tasks import BackgroundJob, JobRunner
from plugin.bridge.running.threads import run_in_python_thread
from plugin.core.base.errors import Cancelled
done = []
@run_in_python_thread
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
def test_pyproj_can_be_used_repeatedly_on_pooled_threads():
    """Use pyproj on pooled Qt threads twice.

    Without `run_in_python_thread` the second round crashes.
    """
    done = subprocess.run(
        [sys.executable, "-c", PYPROJ_TWICE_SCRIPT, str(ROOT)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "4", done.stderr


def test_end_of_a_task_calls_nothing_after_python_has_freed_its_job(qgis_app):
    job = BackgroundJob("x", lambda *_: 1, on_done=pytest.fail, on_error=pytest.fail, on_cancelled=pytest.fail)
    # Python clears the attributes of an object in a cycle before QGIS ends its task.
    vars(job).clear()
    job.finished(True)


def test_stopped_job_is_kept_until_its_task_has_ended(qgis_app):
    runner, ended, started = JobRunner(), [], threading.Event()

    def work(_progress, cancellation):
        started.set()
        while True:
            cancellation.raise_if_cancelled()
            time.sleep(0.01)

    job = runner.start(BackgroundJob("x", work, on_done=ended.append, on_error=ended.append))
    assert wait_until(started.is_set)
    runner.stop_all()
    assert job in runner._running_jobs
    assert wait_until(lambda: job not in runner._running_jobs) and ended == []
