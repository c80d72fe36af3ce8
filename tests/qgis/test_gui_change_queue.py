# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the order in which changes of findings are shown: small ones at once, large ones in turns of the event loop."""

from functools import partial

import pytest

from plugin.bridge.running.portions import WAITING
from plugin.core.checks.live.session import FindingsChange
from plugin.gui.findings.result import MAX_FINDINGS_SHOWN_AT_ONCE, ChangeQueue
from tests.qgis.waiting import process_events, wait_until

SMALL = FindingsChange(new_findings=[None] * MAX_FINDINGS_SHOWN_AT_ONCE)
LARGE = FindingsChange(new_findings=[None] * (MAX_FINDINGS_SHOWN_AT_ONCE + 1))


@pytest.fixture
def queue(qgis_app):
    queue = ChangeQueue()
    queue.shown = []
    yield queue
    queue.cancel()


def add(queue, change, name):
    def show():
        queue.shown.append(f"{name} list")
        yield WAITING
        queue.shown.append(f"{name} map")

    queue.add(change, partial(show))


def test_small_change_of_findings_is_shown_at_once(queue):
    add(queue, SMALL, "small")
    assert queue.shown == ["small list", "small map"]


def test_large_change_of_findings_is_shown_later_but_before_the_changes_after_it(queue):
    add(queue, LARGE, "large")
    add(queue, SMALL, "small")
    assert queue.shown == []
    assert wait_until(lambda: len(queue.shown) == 4)
    assert queue.shown == ["large list", "large map", "small list", "small map"]
    process_events(0.05)
    add(queue, SMALL, "last")
    assert queue.shown[4:] == ["last list", "last map"]


def test_queued_changes_of_findings_are_shown_at_once_on_request(queue):
    add(queue, LARGE, "first")
    add(queue, LARGE, "second")
    queue.finish()
    assert queue.shown == ["first list", "first map", "second list", "second map"]
    process_events(0.05)
    assert len(queue.shown) == 4


def test_cancelled_changes_of_findings_are_not_shown(queue):
    add(queue, LARGE, "former")
    queue.cancel()
    process_events(0.05)
    assert queue.shown == []
    add(queue, SMALL, "new")
    assert queue.shown == ["new list", "new map"]


def test_changes_behind_one_that_raises_are_shown_and_the_error_is_logged(queue, monkeypatch):
    errors = []
    monkeypatch.setattr("plugin.bridge.running.portions.log_error", errors.append)

    def fail():
        raise ValueError("planned")
        yield

    queue.add(LARGE, fail)
    add(queue, LARGE, "next")
    assert wait_until(lambda: len(queue.shown) == 2)
    assert queue.shown == ["next list", "next map"] and [str(error) for error in errors] == ["planned"]
