# SPDX-License-Identifier: GPL-2.0-or-later
"""Contrast of texts in QGIS's themes, computed from the colours that the plugin gives them."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from qgis.core import QgsApplication
from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import (
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QTableWidget,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

import plugin.gui
from plugin.gui.fixing.dialog import ChoiceList
from plugin.gui.widgets import add_menu_section, keep_figures_whole, theme
from plugin.gui.widgets.lists import WholeRows
from plugin.gui.widgets.sections import FieldMessage, make_faint_label
from tests.parametrize import first_daily
from tests.qgis.waiting import process_events

GUI_FOLDER = Path(plugin.gui.__file__).parent
THEMES = ("default", "Night Mapping", "Blend of Gray")


@pytest.fixture(params=first_daily(THEMES, 2))
def ui_theme(qgis_app, request):
    palette, sheet = QgsApplication.palette(), qgis_app.styleSheet()
    if request.param not in QgsApplication.uiThemes():
        pytest.skip(f"QGIS lacks the theme {request.param}")
    QgsApplication.setUITheme(request.param)
    process_events(0.05)
    yield request.param
    QgsApplication.setUITheme("default")
    QgsApplication.setPalette(palette)
    qgis_app.setStyleSheet(sheet)
    process_events(0.05)


def find_drawn_colors(widget):
    """Return the ground of a widget and the colours of its pixels."""
    image = widget.grab().toImage()
    pixels = [image.pixel(x, y) for x in range(3, image.width() - 3) for y in range(3, image.height() - 3)]
    return QColor(max(set(pixels), key=pixels.count)), {QColor(pixel).name() for pixel in set(pixels)}


@pytest.mark.parametrize("make_view", [QListWidget, QTreeWidget, QTableWidget])
def test_lists_trees_and_tables_show_only_whole_rows_at_every_window_height(qgis_app, make_view):
    view = make_view()
    view.setVerticalScrollMode(view.ScrollMode.ScrollPerItem)
    if isinstance(view, QListWidget):
        view.addItems([f"行 {number}" for number in range(40)])
    elif isinstance(view, QTreeWidget):
        view.addTopLevelItems([QTreeWidgetItem([f"行 {number}"]) for number in range(40)])
    else:
        view.setColumnCount(1)
        view.setRowCount(40)
    window = make_window(WholeRows(view))
    for height in range(200, 240, 3):
        window.resize(400, height)
        process_events(0.02)
        row = view.rowHeight(0) if isinstance(view, QTableWidget) else view.visualItemRect(get_item(view, 0)).height()
        assert row > 0 and view.viewport().height() % row == 0
        assert view.height() <= view.parentWidget().height() < view.height() + row
    if isinstance(view, QTableWidget):
        view.setRowHeight(1, 3 * row)
        process_events(0.02)
        shown = view.viewport().height() - 3 * row
        assert shown % row == 0 and view.parentWidget().height() < view.height() + row
    # A list that does not scroll takes the whole height.
    view.clear() if not isinstance(view, QTableWidget) else view.setRowCount(2)
    process_events(0.02)
    assert view.height() == view.parentWidget().height()
    window.close()


def get_item(view, row):
    return view.item(row) if isinstance(view, QListWidget) else view.topLevelItem(row)


def make_window(*widgets):
    window = QWidget()
    layout = QVBoxLayout(window)
    for widget in widgets:
        layout.addWidget(widget)
    window.resize(400, 300)
    window.show()
    process_events(0.1)
    return window


@pytest.mark.parametrize("kind", ["error", "warning", "info", "ok"])
def test_coloured_texts_have_the_minimum_contrast_on_dialogs_and_in_fields_of_every_theme(ui_theme, kind):
    assert theme.compute_contrast(theme.get_text_color(kind), theme.get_background_color()) >= theme.MIN_CONTRAST
    for in_field in (False, True):
        color, ground = theme.get_faint_color(in_field), theme.get_background_color(in_field)
        assert theme.compute_contrast(color, ground) >= theme.MIN_CONTRAST


def test_placeholders_of_fields_are_drawn_with_the_minimum_contrast_in_every_theme(ui_theme):
    fields = [QLineEdit(), QgsFilterLineEdit(), QPlainTextEdit()]
    if ui_theme != "Blend of Gray":
        # The disabled fields of that theme have another ground; WCAG exempts disabled fields.
        fields.append(QLineEdit())
        fields[-1].setEnabled(False)
    for field in fields:
        theme.set_placeholder(field, "未设定 not set")
    window = make_window(QLineEdit(), *fields)
    for field in fields:
        ground, drawn = find_drawn_colors(field)
        color = field.palette().color(QPalette.ColorRole.PlaceholderText)
        assert theme.compute_contrast(color, ground) >= theme.MIN_CONTRAST, (type(field), field.isEnabled())
        assert max(theme.compute_contrast(QColor(name), ground) for name in drawn) >= theme.MIN_CONTRAST
    window.close()


def test_messages_below_fields_have_the_minimum_contrast_and_errors_the_error_colour_in_every_theme(ui_theme):
    messages = {kind: FieldMessage() for kind in ("error", "warning", "ok", "")}
    for kind, message in messages.items():
        message.show_text("请填写 six digits", kind)
    faint = make_faint_label("次要文字 secondary")
    window = make_window(*messages.values(), faint)
    for label in (*(message.message for message in messages.values()), faint):
        ground, drawn = find_drawn_colors(label)
        assert max(theme.compute_contrast(QColor(name), ground) for name in drawn) >= theme.MIN_CONTRAST
    _, drawn = find_drawn_colors(messages["error"].message)
    assert theme.get_text_color("error").name() in drawn, "style sheets of themes must not override the colour"
    window.close()


def test_title_of_a_fix_that_does_not_apply_is_drawn_in_the_faint_text_colour_of_the_theme(ui_theme):
    texts = SimpleNamespace(get_title=lambda _fix: "████", explain_refusal=lambda _refusal: "sealed")
    choices = ChoiceList()
    choices.show_choices([SimpleNamespace(fix=None, proposal=None, refusal=None)], texts)
    window = make_window(choices)
    (button,) = choices.buttons
    assert not button.isEnabled()
    _ground, colors = find_drawn_colors(button)
    assert theme.get_faint_color().name() in colors
    window.close()


def test_link_colour_contrasts_with_the_background_of_labels_and_pages(ui_theme):
    label, browser = QLabel(theme.make_link("0", "县 county & county")), QTextBrowser()
    theme.set_page_colors(browser)
    browser.setHtml("<p>规则说明 rule</p><a href='#a'>REL001</a>")
    window = make_window(label, browser)
    for widget in (label, browser.viewport()):
        _, drawn = find_drawn_colors(widget)
        assert theme._get_link_color().name() in drawn
    # The notices with links have the ground of fields.
    assert (
        theme.compute_contrast(theme._get_link_color(), theme.get_background_color(in_field=True)) >= theme.MIN_CONTRAST
    )
    ground, drawn = find_drawn_colors(browser.viewport())
    assert max(theme.compute_contrast(QColor(name), ground) for name in drawn) >= theme.MIN_CONTRAST
    window.close()


def test_open_placeholders_and_faint_labels_have_the_minimum_contrast_after_a_change_of_theme(qgis_app):
    if "Night Mapping" not in QgsApplication.uiThemes():
        pytest.skip("QGIS lacks the theme Night Mapping")
    palette = QgsApplication.palette()
    field, faint = QLineEdit(), make_faint_label("次要文字")
    theme.set_placeholder(field, "未设定")
    window = make_window(QLineEdit(), field, faint)
    before = faint.styleSheet()
    QgsApplication.setUITheme("Night Mapping")
    process_events(0.2)
    assert faint.styleSheet() != before
    for widget in (field, faint):
        ground, drawn = find_drawn_colors(widget)
        assert max(theme.compute_contrast(QColor(name), ground) for name in drawn) >= theme.MIN_CONTRAST
    QgsApplication.setUITheme("default")
    QgsApplication.setPalette(palette)
    process_events(0.1)
    window.close()


def test_gui_code_sets_placeholders_and_page_colours_only_through_the_theme_module():
    direct = []
    for path in GUI_FOLDER.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "theme.py" and re.search(r"\.setPlaceholderText\(", text):
            direct.append(path.name)
        if text.count("QTextBrowser(") != text.count("theme.set_page_colors("):
            direct.append(f"{path.name}: page")
        if re.search(r"<a href=", text) and path.name != "theme.py" and "set_page_colors(" not in text:
            direct.append(f"{path.name}: link")
    assert not direct


def test_wrapped_text_breaks_at_spaces_but_not_between_a_figure_and_its_unit(qgis_app):
    assert keep_figures_whole("合计 24\u202f355.18 m²，共 3 ha and 2 more") == (
        "合计 24\u202f355.18\u00a0m²，共 3\u00a0ha and 2 more"
    )


def test_title_of_a_menu_is_not_the_last_of_a_column(qgis_app):
    """On a low screen a high menu has columns."""
    divided = 0
    for count in range(80):
        menu = QMenu()
        for number in range(count):
            menu.addAction(f"图层 {number}")
        add_menu_section(menu, "设置与帮助")
        title, entry = menu.actions()[-1], menu.addAction("使用手册")
        divided += menu.actionGeometry(title).x() != menu.actionGeometry(entry).x()
        heights = []
        for _ in range(2):
            menu.aboutToShow.emit()
            assert menu.actionGeometry(title).x() == menu.actionGeometry(entry).x()
            heights.append(menu.actionGeometry(title).height())
        assert heights[0] == heights[1]
        menu.deleteLater()
    assert divided, "the screen of the tests has a number of entries that would divide them"
