# SPDX-License-Identifier: GPL-2.0-or-later
"""Test work of the main thread that is divided into portions."""

import time

import pytest
from qgis.PyQt.QtCore import QEventLoop, QTimer

from plugin.bridge.running.portions import PORTION_SECONDS, WAITING, PortionedWork
from tests.qgis.waiting import process_events, wait_until


@pytest.fixture
def log(qgis_app):
    """Return a log of calls; “-” marks turns of the event loop."""
    calls = []
    timer = QTimer()
    timer.timeout.connect(lambda: calls.append("-"))
    timer.start(0)
    yield calls
    timer.stop()


def test_portion_ends_when_its_time_is_used_up(log):
    def take():
        for _ in range(40):
            log.append("a")
            time.sleep(PORTION_SECONDS / 10)
            yield

    work = PortionedWork(take(), lambda _result: None, pytest.fail)
    assert wait_until(lambda: not work.is_running)
    portions = [part for part in "".join(log).split("-") if part]
    assert len(portions) >= 4
    assert max(map(len, portions)) <= 11


def test_error_of_a_portioned_work_does_not_stop_another(log):
    def fail():
        yield
        raise ValueError("broken")

    def take():
        for _ in range(3):
            log.append("b")
            yield WAITING
        return "done"

    answers = []
    failing = PortionedWork(fail(), pytest.fail, lambda error: answers.append(str(error)))
    other = PortionedWork(take(), answers.append, pytest.fail)
    assert wait_until(lambda: not other.is_running)
    assert not failing.is_running
    assert answers == ["broken", "done"] and "".join(log).replace("-", "") == "bbb"


def test_cancelled_work_takes_no_further_step_and_calls_nothing(log):
    def take():
        while True:
            log.append("a")
            yield WAITING

    work = PortionedWork(take(), pytest.fail, pytest.fail)
    assert wait_until(lambda: "a" in log)
    work.cancel()
    count = log.count("a")
    process_events(0.05)
    assert log.count("a") == count and not work.is_running


def test_other_works_go_on_during_a_dialog_that_a_step_opens(log):
    loop = QEventLoop()

    def open_dialog():
        log.append("a")
        yield WAITING
        log.append("o")
        loop.exec()
        log.append("c")

    def take():
        for _ in range(4):
            yield WAITING
        log.append("b")

    opening = PortionedWork(open_dialog(), lambda _result: None, pytest.fail)
    other = PortionedWork(take(), lambda _result: loop.quit(), pytest.fail)
    assert wait_until(lambda: not (opening.is_running or other.is_running))
    assert "".join(log).replace("-", "") == "aobc"
