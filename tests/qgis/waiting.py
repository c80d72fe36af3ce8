# SPDX-License-Identifier: GPL-2.0-or-later
"""Wait with the running event loop, for a condition or a short fixed time."""

import time

from qgis.core import QgsApplication

#: Upper limit of a wait in seconds, also on a busy machine; a fulfilled condition ends it at once.
PATIENCE_SECONDS = 120.0
_PAUSE = 0.002


def wait_until(condition, seconds=PATIENCE_SECONDS):
    """Process events until a condition is true; return False at the time limit."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        QgsApplication.processEvents()
        time.sleep(_PAUSE)
    return True


def process_events(seconds):
    """Process events for a time (seconds), at least all pending ones.

    Afterwards a test can assert that something did not happen.
    """
    wait_until(lambda: False, seconds)
    QgsApplication.processEvents()


def measure_time(action, clock=time.process_time):
    """Return the CPU seconds of a call; wall time would include other programs."""
    began = clock()
    action()
    return clock() - began


def run_task(task):
    """Start a QGIS task and wait for its end; return True if it completed.

    The end is received by signals, because QGIS deletes an ended task.
    """
    ended = []
    task.taskCompleted.connect(lambda: ended.append(True))
    task.taskTerminated.connect(lambda: ended.append(False))
    QgsApplication.taskManager().addTask(task)
    assert wait_until(lambda: ended), "the task never ended"
    return ended[0]
