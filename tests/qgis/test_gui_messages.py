# SPDX-License-Identifier: GPL-2.0-or-later
"""A message in the bar is readable to its end."""

import pytest
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtWidgets import QTextBrowser, QVBoxLayout, QWidget

from plugin.gui.widgets.messages import Messages, push
from tests.qgis.waiting import process_events, wait_until

LONG = "图层“城镇开发边界”的数据位于网络位置：请先将“县.gpkg”复制到本机磁盘，编辑副本，完成后再放回原处。" * 2


@pytest.fixture
def bar(chinese, qgis_app):
    window = QWidget()
    window.resize(900, 300)
    bar = QgsMessageBar()
    layout = QVBoxLayout(window)
    layout.addWidget(bar)
    layout.addStretch()
    window.show()
    yield bar
    window.deleteLater()
    process_events(0.02)


def browser(bar):
    return bar.currentItem().findChild(QTextBrowser)


def is_fully_visible(bar):
    return browser(bar).height() >= browser(bar).document().size().height()


@pytest.mark.parametrize("way", ["one at a time", "pushed"])
def test_a_long_message_is_not_cut(bar, way):
    if way == "pushed":
        push(bar, "warning", "生成布局", LONG)
    else:
        iface = type("Iface", (), {"messageBar": lambda self: bar})()
        Messages(iface, "编辑前提示").warn(LONG)
    assert wait_until(lambda: is_fully_visible(bar), 20) and browser(bar).document().size().height() > 60
    bar.window().resize(700, 300)
    assert wait_until(lambda: is_fully_visible(bar), 20), "also in a narrow window"


def test_a_very_long_message_leaves_room_for_the_map(bar):
    push(bar, "info", "生成布局", LONG * 20)
    assert wait_until(lambda: browser(bar).height() > 60)
    assert browser(bar).height() < 10 * browser(bar).fontMetrics().lineSpacing()
