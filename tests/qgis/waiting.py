# SPDX-License-Identifier: GPL-2.0-or-later
"""Letting Qt work: until something holds, or for a moment in which nothing is to happen. The tests' one way to wait."""

import time

from qgis.core import QgsApplication

#: For this long nobody waits, however busy the machine is; what is there is seen at once.
PATIENCE = 120.0
_PAUSE = 0.002


def wait_until(until, seconds=PATIENCE):
    """Let events through until something holds; False when it never does."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            return False
        QgsApplication.processEvents()
        time.sleep(_PAUSE)
    return True


def process_events(seconds):
    """Let events through for a moment, and those that are there in any case: what must not happen has had its chance."""
    wait_until(lambda: False, seconds)
    QgsApplication.processEvents()


def measure_time(action, clock=time.process_time):
    """Seconds of computing that something takes. Not those on the wall, which are the neighbours' as well."""
    began = clock()
    action()
    return clock() - began


def run_task(task):
    """Hand a task to QGIS and wait for its end; did it complete?

    It is told to us, not asked for: QGIS deletes a task that has ended, and only Python's name of it is left.
    """
    ended = []
    task.taskCompleted.connect(lambda: ended.append(True))
    task.taskTerminated.connect(lambda: ended.append(False))
    QgsApplication.taskManager().addTask(task)
    assert wait_until(lambda: ended), "the task never ended"
    return ended[0]
