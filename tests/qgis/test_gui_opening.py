# SPDX-License-Identifier: GPL-2.0-or-later
"""Test opening files with other programs, and the button that copies a text."""

import pytest
from qgis.PyQt.QtGui import QGuiApplication

from plugin.gui.widgets import paths
from plugin.gui.widgets.labels_and_buttons import CopyButton


@pytest.fixture
def shown_messages(qgis_app, monkeypatch):
    """Return the texts of the message boxes that were shown."""
    texts = []
    monkeypatch.setattr(paths.QMessageBox, "exec", lambda self: texts.append(self.text()))
    return texts


def test_successfully_opened_file_shows_no_message(shown_messages, monkeypatch, tmp_path):
    monkeypatch.setattr(paths.QDesktopServices, "openUrl", lambda url: True)
    assert paths.open_path(str(tmp_path))
    assert shown_messages == []


def test_file_that_no_program_opens_gives_a_message_with_its_path(shown_messages, monkeypatch, tmp_path):
    monkeypatch.setattr(paths.QDesktopServices, "openUrl", lambda url: False)
    assert not paths.open_path(str(tmp_path))
    assert [text.splitlines()[-1] for text in shown_messages] == [str(tmp_path)]


def test_deleted_file_is_reported_before_a_program_is_started(shown_messages, monkeypatch, tmp_path):
    monkeypatch.setattr(paths.QDesktopServices, "openUrl", lambda url: pytest.fail("a program was started"))
    assert not paths.open_path(str(tmp_path / "清单.html"))
    assert [text.splitlines()[-1] for text in shown_messages] == [str(tmp_path / "清单.html")]


def test_copy_button_copies_its_text_and_confirms_it(qgis_app, chinese):
    button = CopyButton("复制校验值", lambda: "abc")
    button.click()
    assert (QGuiApplication.clipboard().text(), button.text()) == ("abc", "已复制")
    button._timer.timeout.emit()
    assert button.text() == "复制校验值"
