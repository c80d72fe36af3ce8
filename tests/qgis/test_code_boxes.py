# SPDX-License-Identifier: GPL-2.0-or-later
"""Test searchable code lists in feature forms.

Typing searches codes and names, a menu offers them by level. A text that is not a code stays visible and cannot be
saved.
"""

import gc

import pytest
from qgis.core import NULL, QgsApplication, QgsFeature, QgsProject, QgsVectorLayer
from qgis.gui import QgsAttributeForm, QgsGui
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtGui import QInputMethodEvent
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QLabel, QScrollArea, QWidget

from plugin.bridge.editing.attribute_forms import apply_template_form
from plugin.core.standard import load_standard
from plugin.core.standard.profile import Norm, load_profile
from plugin.gui.editing.open_forms import (
    SearchableCodeLists,
    add_field_tooltips,
    attach_form_help,
    make_code_lists_searchable,
)
from plugin.gui.widgets import theme
from tests.qgis.waiting import process_events, wait_until

NORM = Norm(load_standard(), load_profile("hunyuan"))


@pytest.fixture
def layer(chinese, qgis_app, project):
    """Yield a layer of present land use in edit mode, with the template's form and one feature."""
    if not QgsGui.editorWidgetRegistry().factories():
        QgsGui.editorWidgetRegistry().initEditors()
    template = NORM.standard.templates["XZYDYH"]
    fields = "".join(f"&field={f.name}:{'string' if f.type == 'text' else 'double'}" for f in template.fields)
    made = QgsVectorLayer(f"Polygon?crs=EPSG:4526{fields}", "现状", "memory")
    apply_template_form(made, template, NORM)
    project.addMapLayer(made)
    feature = QgsFeature(made.fields())
    feature["BSM"], feature["YDYHFLDM"] = "140225000000000001", "010300"
    made.startEditing()
    made.addFeature(feature)
    yield made
    made.rollBack()


@pytest.fixture
def form(layer):
    """Yield the attribute form of the layer's feature."""
    made = QgsAttributeForm(layer, next(layer.getFeatures()))
    yield made
    made.deleteLater()


def find_box(form, name="YDYHFLDM"):
    return next(b for b in form.findChildren(QComboBox) if b.objectName() == name)


def send_input_method_text(box, text):
    """Send text to a widget as an input method (for Chinese characters) does."""
    event = QInputMethodEvent("", [])
    event.setCommitString(text)
    box.lineEdit().selectAll()
    QApplication.sendEvent(box.lineEdit(), event)
    return box.lineEdit()


@pytest.mark.parametrize(
    ("typed", "code"),
    [("020100", "020100"), ("果园", "020100"), ("020100 果园", "020100"), ("红树", "050700"), ("（空）", None)],
)
def test_code_box_finds_an_entry_by_typed_code_or_name(form, typed, code):
    make_code_lists_searchable(form)
    box = find_box(form)
    send_input_method_text(box, typed).editingFinished.emit()
    assert form.currentFormFeature()["YDYHFLDM"] == (NULL if code is None else code)
    assert box.lineEdit().text() == box.currentText().strip()


def find_ok_button(form):
    return form.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)


def find_reasons(form):
    return form.findChild(QLabel, "SanxianFormReasons")


@pytest.mark.parametrize("typed", ["9999", "地", "无此地类"])
def test_code_box_keeps_an_invalid_text_visible_and_disables_ok_with_the_reason(form, typed):
    make_code_lists_searchable(form)
    attach_form_help(form)
    box = find_box(form)
    assert box.lineEdit().text() == "010300 旱地", "without the indent of its level"
    assert find_ok_button(form).isEnabled() and find_reasons(form).text() == ""
    send_input_method_text(box, typed).editingFinished.emit()
    assert box.lineEdit().text() == f"{typed}（不在代码表中）"
    assert form.currentFormFeature()["YDYHFLDM"] == typed
    assert not find_ok_button(form).isEnabled()
    assert "用地用海分类代码 YDYHFLDM" in find_reasons(form).text() and "请从下拉表中选择" in find_reasons(form).text()
    box.lineEdit().editingFinished.emit()
    assert form.currentFormFeature()["YDYHFLDM"] == typed, "left once more it is not another value"
    send_input_method_text(box, "水田").editingFinished.emit()
    assert (
        find_ok_button(form).isEnabled()
        and find_reasons(form).text() == ""
        and not find_reasons(form).isVisibleTo(form)
    )


def test_form_explains_an_invalid_code_after_garbage_collection_and_frees_its_helpers_when_deleted(layer):
    earlier_helpers = set(theme._kept_alive)
    form = QgsAttributeForm(layer, next(layer.getFeatures()))
    make_code_lists_searchable(form)
    attach_form_help(form)
    helpers = set(theme._kept_alive) - earlier_helpers
    assert helpers
    gc.collect()
    send_input_method_text(find_box(form), "999").editingFinished.emit()
    assert find_reasons(form).text() and find_box(form).lineEdit().text() == "999（不在代码表中）"
    sip.delete(form)
    theme.keep_alive(QObject())
    # Helpers of deleted widgets are released with the next one.
    assert not helpers & theme._kept_alive


def test_code_box_shows_and_stores_the_last_of_several_invalid_codes_typed_in_turn(form):
    make_code_lists_searchable(form)
    box = find_box(form)
    rows = box.count()
    for typed in ("998", "999", "997"):
        send_input_method_text(box, typed).editingFinished.emit()
        assert form.currentFormFeature()["YDYHFLDM"] == typed and box.count() <= rows + 2
    assert box.lineEdit().text() == "997（不在代码表中）"


def test_emptied_code_box_of_a_required_field_disables_ok(form):
    make_code_lists_searchable(form)
    attach_form_help(form)
    box = find_box(form)
    box.lineEdit().clear()
    box.lineEdit().editingFinished.emit()
    assert box.lineEdit().text() == "（空）" and form.currentFormFeature()["YDYHFLDM"] == NULL
    assert not find_ok_button(form).isEnabled() and "必填" in find_reasons(form).text()


def test_code_box_shows_an_invalid_stored_code_and_disables_ok(layer):
    (row,) = layer.getFeatures()
    index = layer.fields().lookupField("YDYHFLDM")
    layer.changeAttributeValue(row.id(), index, "999999")
    form = QgsAttributeForm(layer, layer.getFeature(row.id()))
    make_code_lists_searchable(form)
    attach_form_help(form)
    assert find_box(form).lineEdit().text() == "999999（不在代码表中）"
    assert "YDYHFLDM" in find_reasons(form).text() and not find_ok_button(form).isEnabled()
    form.deleteLater()


def test_name_field_updates_when_the_code_changes_in_the_open_form(form):
    make_code_lists_searchable(form)
    attach_form_help(form)
    send_input_method_text(find_box(form), "水田").editingFinished.emit()
    assert form.currentFormFeature()["YDYHFLMC"] == "水田"


def make_layer_with_form(role, project):
    """Return an editable layer without features that has the template's form."""
    template = NORM.standard.templates[role]
    kinds = {"text": "string", "integer": "integer", "real": "double", "date": "date"}
    fields = "".join(f"&field={f.name}:{kinds[f.type]}" for f in template.fields)
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:4526{fields}", template.name, "memory")
    apply_template_form(layer, template, NORM)
    project.addMapLayer(layer)
    layer.startEditing()
    return layer


def test_empty_field_shorter_than_the_text_that_qgis_shows_for_null_has_no_length_error(chinese, qgis_app, project):
    layer = make_layer_with_form("DLTB", project)
    lengths = {f.name: f.length for f in NORM.standard.templates["DLTB"].fields}
    assert lengths["FRDBS"] < len(QgsApplication.nullRepresentation())
    form = QgsAttributeForm(layer, QgsFeature(layer.fields()))
    attach_form_help(form)
    assert "必填" in find_reasons(form).text() and "最多" not in find_reasons(form).text()
    form.changeAttribute("FRDBS", "12")
    assert "FRDBS”最多 1 个字符" in find_reasons(form).text()
    layer.rollBack()
    form.deleteLater()


def test_emptying_a_required_text_field_disables_ok_and_adds_a_reason_to_the_form(chinese, qgis_app, project):
    layer = make_layer_with_form("ZXCQGHFQ", project)
    form = QgsAttributeForm(layer, QgsFeature(layer.fields()))
    attach_form_help(form)
    form.changeAttribute("GKZY", "控制建设强度")
    assert "GKZY" not in find_reasons(form).text()
    others = find_reasons(form).text()
    form.changeAttribute("GKZY", NULL)
    assert not find_ok_button(form).isEnabled() and find_reasons(form).text() != others
    layer.rollBack()
    form.deleteLater()


def test_feature_form_scrolls_vertically_but_not_horizontally(qgis_app, project):
    layer = make_layer_with_form("YJJBNTBHTB", project)
    form = QgsAttributeForm(layer, QgsFeature(layer.fields()))
    form.show()
    make_code_lists_searchable(form)
    attach_form_help(form)
    process_events(0.2)
    areas = [area for area in form.findChildren(QScrollArea) if area.widget() is not None]
    assert areas
    for area in areas:
        if area.isVisible():
            assert not area.horizontalScrollBar().isVisible()
            assert area.viewport().width() >= area.widget().minimumSizeHint().width()
            inner = [other for other in areas if other is not area and area.isAncestorOf(other)]
            assert not any(other.verticalScrollBar().isVisible() for other in inner)
    layer.rollBack()
    form.deleteLater()


def test_code_box_offers_every_entry_that_contains_the_typed_text(form):
    make_code_lists_searchable(form)
    box = find_box(form)
    send_input_method_text(box, "园地")
    completer = box.completer()
    found = [completer.completionModel().index(n, 0).data().strip() for n in range(completer.completionCount())]
    names = NORM.standard.code_lists["land_use_2023"].entry_by_code
    assert found == [f"{c.ljust(6, '0')} {row.name}" for c, row in sorted(names.items()) if "园地" in row.name]


def test_menu_of_code_levels_does_not_take_the_warning_colour_of_the_code_box(form):
    make_code_lists_searchable(form)
    box = find_box(form)
    box.setStyleSheet("background-color: #ff9800")
    menu = next(c for c in box.children() if hasattr(c, "make_levels_menu")).make_levels_menu()
    menu.popup(box.mapToGlobal(box.rect().bottomLeft()))
    process_events(0.1)
    colours = {menu.grab().toImage().pixelColor(x, menu.height() // 2).name() for x in range(menu.width())}
    menu.close()
    assert "#ff9800" not in colours


def test_menu_of_the_code_box_leads_from_main_classes_to_subclasses(form):
    make_code_lists_searchable(form)
    box = find_box(form)
    menu = next(c for c in box.children() if hasattr(c, "make_levels_menu")).make_levels_menu()
    top = [a.text() for a in menu.actions()]
    codes = NORM.standard.code_lists["land_use_2023"].entry_by_code
    assert len(top) == 1 + sum(not c.parent for c in codes.values())
    traffic = next(a.menu() for a in menu.actions() if a.text() == "120000 交通运输用地")
    below = [a for a in traffic.actions() if not a.isSeparator()]
    assert next(a.text() for a in below) == "120000 交通运输用地" and any(a.text().startswith("1202") for a in below)
    third = next(a.menu() for a in below if a.menu())
    chosen = [a for a in third.actions() if not a.isSeparator()][-1]
    chosen.trigger()
    assert form.currentFormFeature()["YDYHFLDM"] == chosen.text().split()[0]


def test_code_box_becomes_searchable_when_its_form_gets_the_focus(qgis_app, layer):
    watch = SearchableCodeLists()
    window = QWidget()
    form = QgsAttributeForm(layer, next(layer.getFeatures()), parent=window)
    window.show()
    window.activateWindow()
    box = find_box(form)
    box.setFocus()
    assert wait_until(box.isEditable)
    watch.stop()
    other = QgsAttributeForm(layer, next(layer.getFeatures()), parent=window)
    other.show()
    find_box(other).setFocus()
    process_events(0.3)
    assert not find_box(other).isEditable()
    window.deleteLater()


def test_code_box_of_a_layer_without_plugin_form_stays_unchanged(qgis_app, layer, project):
    setup = layer.editorWidgetSetup(layer.fields().lookupField("YDYHFLDM"))
    other = QgsVectorLayer("Polygon?crs=EPSG:4526&field=YDYHFLDM:string", "他的", "memory")
    other.setEditorWidgetSetup(0, setup)
    project.addMapLayer(other)
    form = QgsAttributeForm(other, QgsFeature(other.fields()))
    make_code_lists_searchable(form)
    assert not find_box(form).isEditable()
    form.deleteLater()


def test_code_lists_of_forms_are_stored_in_the_project_and_offered_without_the_plugin(layer, project, tmp_path):
    path = str(tmp_path / "工程.qgz")
    assert project.write(path)
    again = QgsProject()
    assert again.read(path)
    (read,) = again.mapLayers().values()
    setup = read.editorWidgetSetup(read.fields().lookupField("YDYHFLDM"))
    shown = [next(iter(row)) for row in setup.config()["map"]]
    assert setup.type() == "ValueMap" and "\u3000010300 旱地" in shown


def test_form_tooltips_show_the_field_definition_of_the_data_dictionary(form):
    add_field_tooltips(form)
    box = find_box(form)
    assert "YDYHFLDM" in box.toolTip() and "用地用海分类代码表" in box.toolTip()
    labels = [label.toolTip() for label in form.findChildren(QLabel) if label.buddy() is not None]
    assert sum("用地用海分类代码表" in tip for tip in labels) == 1
    before = box.toolTip()
    add_field_tooltips(form)
    assert box.toolTip() == before
