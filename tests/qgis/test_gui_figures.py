# SPDX-License-Identifier: GPL-2.0-or-later
"""指标计算… from the menu: the message with the result opens the workbook."""

import pytest
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtWidgets import QPushButton

from plugin.gui.toolbox.exchange import FiguresDialog
from plugin.gui.widgets import messages

DONE = {"COMPUTED": 20, "NOT_COMPUTED": 29, "MET": 3, "LITTLE_LEFT": 1, "BROKEN": 2, "ROUNDING": 1}


class Iface:
    def __init__(self):
        self.bar = QgsMessageBar()

    def messageBar(self):
        return self.bar


@pytest.fixture
def answer(qgis_app, monkeypatch):
    """Return the result of the toolbox's dialog."""
    import processing

    given = {}
    monkeypatch.setattr(processing, "execAlgorithmDialog", lambda name, parameters: given.get(name), raising=False)
    return given


def test_the_message_stays_and_opens_the_workbook(answer, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(messages.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    answer["sanxian:compute_indicators"] = {**DONE, "OUTPUT_XLSX": str(tmp_path / "指标.xlsx")}
    iface = Iface()
    FiguresDialog(iface).show()
    item = iface.bar.currentItem()
    assert item.duration() == 0
    for part in ("20", "29", "3"):
        assert part in item.text()
    (button,) = item.findChildren(QPushButton)
    button.click()
    assert opened == [str(tmp_path / "指标.xlsx")]


@pytest.mark.parametrize("results", [None, {}, {"OUTPUT": "x"}])
def test_a_cancelled_dialog_shows_no_message(answer, results):
    answer["sanxian:compute_indicators"] = results
    iface = Iface()
    FiguresDialog(iface).show()
    assert iface.bar.currentItem() is None


def test_without_a_workbook_there_is_no_button(answer):
    answer["sanxian:compute_indicators"] = DONE
    iface = Iface()
    FiguresDialog(iface).show()
    assert not iface.bar.currentItem().findChildren(QPushButton)
