# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that long messages in the message bar can be read completely."""

import gc

import pytest
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDockWidget, QMainWindow, QPushButton, QSizePolicy, QTextBrowser, QVBoxLayout, QWidget

from plugin.gui.widgets import fill_layout
from plugin.gui.widgets.messages import MessageBarMessages, push_message
from tests.qgis.waiting import process_events, wait_until

LONG_TEXT = "图层“城镇开发边界”的数据位于网络位置：请先将“县.gpkg”复制到本机磁盘，编辑副本，完成后再放回原处。" * 2


@pytest.fixture
def message_bar(chinese, qgis_app):
    window = QWidget()
    window.resize(600, 300)
    message_bar = QgsMessageBar()
    layout = QVBoxLayout(window)
    layout.addWidget(message_bar)
    layout.addStretch()
    window.show()
    yield message_bar
    window.deleteLater()
    process_events(0.02)


def find_text_browser(message_bar):
    return message_bar.currentItem().findChild(QTextBrowser)


def is_fully_visible(message_bar):
    return find_text_browser(message_bar).height() >= find_text_browser(message_bar).document().size().height()


@pytest.mark.parametrize("way", ["one at a time", "pushed"])
def test_long_message_in_the_message_bar_is_fully_visible(message_bar, way):
    if way == "pushed":
        push_message(message_bar, "warning", "生成布局", LONG_TEXT)
    else:
        iface = type("Iface", (), {"messageBar": lambda self: message_bar})()
        MessageBarMessages(iface, "编辑前提示").show_warning(LONG_TEXT)
    assert (
        wait_until(lambda: is_fully_visible(message_bar), 20)
        and find_text_browser(message_bar).document().size().height() > 60
    )
    message_bar.window().resize(450, 300)
    assert wait_until(lambda: is_fully_visible(message_bar), 20), "also in a narrow window"


def test_message_ends_with_its_project(message_bar, project):
    messages = MessageBarMessages(type("Iface", (), {"messageBar": lambda self: message_bar})(), "新建县级规划项目")
    messages.show_message("13 个图层已建立", "success")
    assert message_bar.currentItem().duration() == 0
    project.clear()
    assert message_bar.currentItem() is None


def test_height_of_a_very_long_message_is_limited(message_bar):
    push_message(message_bar, "info", "生成布局", LONG_TEXT * 20)
    assert wait_until(lambda: find_text_browser(message_bar).height() > 60)
    assert find_text_browser(message_bar).height() < 12 * find_text_browser(message_bar).fontMetrics().lineSpacing()


def test_message_follows_the_width_of_the_bar_after_a_garbage_collection(message_bar):
    push_message(message_bar, "warning", "生成布局", LONG_TEXT)
    assert wait_until(lambda: is_fully_visible(message_bar), 20)
    gc.collect()
    message_bar.window().resize(450, 300)
    assert wait_until(lambda: is_fully_visible(message_bar), 20)
    message_bar.clearWidgets()
    process_events(0.05)
    gc.collect()


def test_text_of_a_message_does_not_cover_its_buttons_on_a_small_screen(message_bar):
    iface = type("Iface", (), {"messageBar": lambda self: message_bar})()
    buttons = [(text, lambda: None) for text in ("缩放", "修复…", "撤销这步编辑")]
    MessageBarMessages(iface, "实时检查").show_message(LONG_TEXT, "warning", *buttons)
    widgets = message_bar.currentItem().findChildren(QPushButton)
    process_events(0.05)
    assert sum(button.sizeHint().width() for button in widgets) < message_bar.sizeHint().width() < 500
    assert all(button.width() <= button.sizeHint().width() + 1 for button in widgets)
    assert find_text_browser(message_bar).width() > 400, "the text takes what the buttons leave"


def test_buttons_are_below_the_text_where_it_would_become_narrow(message_bar):
    iface = type("Iface", (), {"messageBar": lambda self: message_bar})()
    push_message(message_bar, "info", "新建县级规划项目", "尚无乡镇级行政区。")
    buttons = [(text, lambda: None) for text in ("缩放", "修复…", "撤销这步编辑")]
    MessageBarMessages(iface, "实时检查").show_message(LONG_TEXT[: len(LONG_TEXT) // 2], "warning", *buttons)
    message_bar.window().resize(520, 300)
    widgets = message_bar.currentItem().findChildren(QPushButton)

    def is_below():
        browser = find_text_browser(message_bar)
        tops = {button.mapTo(message_bar, button.rect().topLeft()).y() for button in widgets}
        bottom = browser.mapTo(message_bar, browser.rect().bottomLeft()).y()
        return len(tops) == 1 and min(tops) >= bottom and is_fully_visible(message_bar)

    assert wait_until(is_below, 20)
    assert find_text_browser(message_bar).width() > 300, "the text has the whole width beside icon and counter"
    message_bar.window().resize(1200, 300)
    assert wait_until(lambda: not is_below() and is_fully_visible(message_bar), 20)


@pytest.mark.parametrize("has_button", [False, True])
def test_message_with_a_button_of_later_is_as_high_as_its_text(message_bar, has_button):
    message_bar.window().resize(400, 300)
    messages = MessageBarMessages(type("Iface", (), {"messageBar": lambda self: message_bar})(), "修复")
    messages.show_message(LONG_TEXT[:60], "success")
    if has_button:
        messages.add_button(QPushButton("撤销修复"))
    process_events(0.05)
    assert is_fully_visible(message_bar) and find_text_browser(message_bar).height() > 60


@pytest.mark.parametrize("has_button", [False, True])
def test_message_on_a_narrow_map_does_not_make_panels_narrower(chinese, qgis_app, has_button):
    window, page, bar = QMainWindow(), QWidget(), QgsMessageBar()
    fill_layout(QVBoxLayout(page), bar, None, has_margins=False)
    window.setCentralWidget(page)
    panel = QDockWidget("图层")
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, panel)
    # As in QGIS.
    bar.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
    bar.hide()
    # As on the whole screen: the window cannot grow.
    window.setFixedSize(540, 300)
    window.show()
    window.resizeDocks([panel], [300], Qt.Orientation.Horizontal)
    assert wait_until(lambda: panel.width() == 300)
    if has_button:
        iface = type("Iface", (), {"messageBar": lambda self: bar})()
        MessageBarMessages(iface, "修复").show_message(LONG_TEXT, "success", ("撤销修复", lambda: None))
    else:
        push_message(bar, "success", "修复", LONG_TEXT)
    process_events(0.1)
    assert bar.isVisible() and panel.width() == 300
    window.deleteLater()
    process_events(0.02)
