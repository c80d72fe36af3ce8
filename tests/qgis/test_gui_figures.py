# SPDX-License-Identifier: GPL-2.0-or-later
"""指标计算… from the menu: what came of it stays in the message bar, with a way to the workbook."""

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
    """What the toolbox's dialog comes back with."""
    import processing

    given = {}
    monkeypatch.setattr(processing, "execAlgorithmDialog", lambda name, parameters: given.get(name), raising=False)
    return given


def test_counts_stay_and_the_workbook_opens(answer, monkeypatch, tmp_path):
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
def test_a_dialog_that_was_closed_says_nothing(answer, results):
    answer["sanxian:compute_indicators"] = results
    iface = Iface()
    FiguresDialog(iface).show()
    assert iface.bar.currentItem() is None


def test_without_a_workbook_there_is_no_button(answer):
    answer["sanxian:compute_indicators"] = DONE
    iface = Iface()
    FiguresDialog(iface).show()
    assert not iface.bar.currentItem().findChildren(QPushButton)
