# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the change log's thread: actions are written in their order, and an edit is logged when it is written."""

import threading

import pytest

from plugin.bridge.fixes.apply import LogWriter
from plugin.core.base.errors import OutputError
from plugin.core.fixes.change_log import PreparedRows, RowsToAppend, append_rows
from tests.qgis.waiting import wait_until

COLUMNS = ("时间", "步骤", "操作")


class FakeLog:
    """A log with one column of actions; `gate` delays the writing."""

    def __init__(self, path):
        self.path, self.gate, self.threads = path, threading.Event(), set()
        self.gate.set()

    def _make_rows(self, action):
        self.gate.wait(10)
        self.threads.add(threading.current_thread())
        return [RowsToAppend(self.path, COLUMNS, [["", "", action]], "changes_unreadable")]

    def append_action(self, order, action, when):
        append_rows(self._make_rows(action))

    def prepare(self, order, action, when):
        return PreparedRows(self._make_rows(action))

    def read_actions(self):
        lines = self.path.read_text(encoding="utf-8-sig").splitlines()[1:] if self.path.exists() else []
        return [line.split(",")[2] for line in lines]


@pytest.fixture
def writer(qgis_app):
    writer = LogWriter()
    yield writer
    writer.stop()


def test_actions_are_written_to_the_change_log_in_their_order_by_another_thread(writer, tmp_path):
    log = FakeLog(tmp_path / "县.changes.csv")
    for number in range(20):
        writer.write(log, None, f"撤销{number}")
    writer.stop()
    assert log.read_actions() == [f"撤销{number}" for number in range(20)]
    assert threading.current_thread() not in log.threads


def test_prepared_action_is_written_to_the_change_log_only_when_it_is_committed(writer, tmp_path):
    log = FakeLog(tmp_path / "县.changes.csv")
    prepared = writer.prepare(log, None, "应用")
    assert wait_until(prepared.future.done) and log.read_actions() == []
    prepared.commit(pytest.fail)
    prepared.discard()
    assert log.read_actions() == ["应用"]


def test_change_log_written_while_an_action_is_prepared_loses_no_row(writer, tmp_path):
    log = FakeLog(tmp_path / "县.changes.csv")
    prepared = writer.prepare(log, None, "应用")
    writer.write(log, None, "撤销")
    writer.stop()
    prepared.commit(lambda: log.append_action(None, "应用", None))
    assert log.read_actions() == ["撤销", "应用"]


def test_action_discarded_before_its_preparation_ends_leaves_no_change_log_file(writer, tmp_path):
    log = FakeLog(tmp_path / "县.changes.csv")
    log.gate.clear()
    prepared = writer.prepare(log, None, "应用")
    prepared.discard()
    log.gate.set()
    writer.stop()
    assert list(tmp_path.iterdir()) == []


def test_unrelated_file_in_place_of_the_change_log_is_reported_as_an_error_and_left_unchanged(writer, tmp_path):
    errors = []
    writer.failed.connect(errors.append)
    path = tmp_path / "县.changes.csv"
    path.write_text("another table", encoding="utf-8")
    writer.write(FakeLog(path), None, "撤销")
    assert wait_until(lambda: errors) and isinstance(errors[0], OutputError)
    prepared = writer.prepare(FakeLog(path), None, "应用")
    with pytest.raises(OutputError):
        prepared.commit(pytest.fail)
    assert path.read_text(encoding="utf-8") == "another table"
