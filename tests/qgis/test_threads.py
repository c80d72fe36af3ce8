# SPDX-License-Identifier: GPL-2.0-or-later
"""Work runs in a thread that Python made, also when one of Qt's asks for it."""

import subprocess
import sys
import threading

import pytest
from qgis.core import QgsApplication, QgsTask

from plugin.bridge.threads import steady
from tests.qgis.gui_helpers import work
from tests.qgis.helpers import ROOT


def on_a_thread_of_qt(application, function):
    heard = []
    task = QgsTask.fromFunction("test", lambda task: heard.append(function()))
    QgsApplication.taskManager().addTask(task)
    assert work(application, lambda: heard, 10)
    return heard[0]


def test_a_thread_of_qt_is_left(qgis_app):
    assert isinstance(on_a_thread_of_qt(qgis_app, threading.current_thread), threading._DummyThread)
    found = on_a_thread_of_qt(qgis_app, steady(threading.current_thread))
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

    assert on_a_thread_of_qt(qgis_app, lambda: halve(4, by=2)) == 2
    assert on_a_thread_of_qt(qgis_app, failing) == "division by zero"


TWICE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from qgis.core import QgsApplication, QgsTask
application = QgsApplication([], False)
application.initQgis()
from plugin.bridge.threads import steady
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
    """Without `steady` the second round ends the process."""
    done = subprocess.run([sys.executable, "-c", TWICE, str(ROOT)], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "4", done.stderr
