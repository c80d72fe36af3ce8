# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that portions of several works share the turns of the event loop: one portion a turn, in rotation."""

import gc
import sys
import time

import pytest
from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEventLoop, QObject, QTimer

from plugin.bridge.running import turns
from plugin.bridge.running.portions import WAITING, PortionedWork
from plugin.bridge.running.turns import PORTION_SECONDS, RepeatedPortion, has_portion_used_its_time
from tests.qgis.waiting import process_events, wait_until


class Recorder(QObject):
    """Writes its name into a log each time it is called; stops after ``count`` calls."""

    def __init__(self, name, log, count=3, action=lambda: None):
        super().__init__()
        self.name, self.log, self.count, self.action = name, log, count, action
        self.portion = RepeatedPortion(self.run)

    def run(self):
        self.log.append(self.name)
        self.count -= 1
        if self.count == 0:
            self.portion.stop()
        self.action()


@pytest.fixture
def log(qgis_app):
    """Return a log of calls; “-” marks turns of the event loop. No portion may be left behind."""
    calls = []
    timer = QTimer()
    timer.timeout.connect(lambda: calls.append("-"))
    timer.start(0)
    yield calls
    timer.stop()
    assert not turns._turns.portions


def read_order(log):
    return "".join(log).replace("-", "")


def test_two_ready_portions_run_in_alternate_turns(log):
    first, second = Recorder("a", log), Recorder("b", log)
    first.portion.start()
    second.portion.start()
    assert wait_until(lambda: not first.portion.is_active and not second.portion.is_active)
    assert read_order(log) == "ababab"
    text = "".join(log)
    assert "ab" not in text and "ba" not in text, "two portions ran in one turn"


def test_portioned_works_that_are_both_ready_run_in_alternate_turns(log):
    def take(name):
        for _ in range(3):
            log.append(name)
            # Longer than a portion: one step is all of it.
            time.sleep(1.1 * PORTION_SECONDS)
            yield

    results = []
    works = [PortionedWork(take(name), results.append, results.append) for name in "ab"]
    assert wait_until(lambda: not any(work.is_running for work in works))
    assert results == [None, None]
    assert read_order(log) == "ababab"
    assert "ab" not in "".join(log)


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


def test_error_of_a_portion_stops_it_and_not_the_others(log, monkeypatch):
    errors = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: errors.append(str(error)))

    def fail():
        raise ValueError("broken")

    failing, other = Recorder("a", log, action=fail), Recorder("b", log)
    failing.portion.start()
    other.portion.start()
    assert wait_until(lambda: not other.portion.is_active)
    assert errors == ["broken"] and not failing.portion.is_active
    assert read_order(log) == "abbb"


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
    assert answers == ["broken", "done"] and read_order(log) == "bbb"


def test_stopped_portion_is_not_called_any_more(log):
    first, second = Recorder("a", log, count=100), Recorder("b", log, count=3)
    second.action = first.portion.stop
    first.portion.start()
    second.portion.start()
    assert wait_until(lambda: not second.portion.is_active)
    process_events(0.05)
    assert read_order(log) == "abbb"
    # It can start again.
    first.count = 2
    first.portion.start()
    assert wait_until(lambda: not first.portion.is_active)
    assert read_order(log) == "abbbaa"


def test_delayed_portion_waits_while_others_go_on(log):
    delayed, other = Recorder("a", log, count=1), Recorder("b", log, count=5)
    began = time.perf_counter()
    delayed.action = lambda: log.append(f"{time.perf_counter() - began >= 0.05}")
    delayed.portion.start(0.05)
    other.portion.start()
    assert wait_until(lambda: not delayed.portion.is_active)
    assert read_order(log) == "bbbbbaTrue"


def test_portions_go_on_during_a_dialog_that_a_portion_opens(log):
    loop = QEventLoop()
    opening, other = Recorder("a", log, count=2), Recorder("b", log, count=4)

    def open_dialog():
        if opening.count == 1:
            # The dialog stays open until the other portion has ended; the one that opened it is not called again.
            ended = QTimer()
            ended.timeout.connect(lambda: loop.quit() if not other.portion.is_active else None)
            ended.start(1)
            loop.exec()

    opening.action = open_dialog
    opening.portion.start()
    other.portion.start()
    assert wait_until(lambda: not opening.portion.is_active)
    assert read_order(log) == "abbbba"


def test_portion_ends_with_its_object(log):
    by_python, by_qt, other = Recorder("a", log, 100), Recorder("b", log, 100), Recorder("c", log, 3)
    for one in (by_python, by_qt, other):
        one.portion.start()
    sip.delete(by_qt)
    del one, by_python
    gc.collect()
    assert wait_until(lambda: not other.portion.is_active)
    process_events(0.05)
    assert read_order(log) == "ccc"


def test_timer_rests_without_portions(log):
    only = Recorder("a", log, count=1)
    only.portion.start()
    assert wait_until(lambda: not only.portion.is_active)
    QgsApplication.processEvents()
    assert not turns._turns._timer.isActive()


def test_work_is_put_off_only_in_a_portion_that_has_used_its_time(log):
    answers = [has_portion_used_its_time()]

    def ask():
        answers.append(has_portion_used_its_time())
        time.sleep(1.1 * PORTION_SECONDS)
        answers.append(has_portion_used_its_time())

    only = Recorder("a", log, count=2, action=ask)
    only.portion.start()
    assert wait_until(lambda: not only.portion.is_active)
    answers.append(has_portion_used_its_time())
    assert answers == [False, False, True, False, True, False]
