# SPDX-License-Identifier: GPL-2.0-or-later
"""Code lists in forms: found by typing, walked down level by level, and never left with a text that is no code."""

import pytest
from qgis.core import NULL, QgsFeature, QgsProject, QgsVectorLayer
from qgis.gui import QgsAttributeForm, QgsGui
from qgis.PyQt.QtGui import QInputMethodEvent
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QLabel, QWidget

from plugin.bridge.forms import apply_template
from plugin.core.profile import Norm, load_profile
from plugin.core.standard import load_standard
from plugin.gui.code_boxes import CodeBoxes, make_searchable
from plugin.gui.field_tips import add_tips
from tests.qgis.waiting import let_work, wait

NORM = Norm(load_standard(), load_profile("hunyuan"))


@pytest.fixture
def layer(qgis_app, project):
    if not QgsGui.editorWidgetRegistry().factories():
        QgsGui.editorWidgetRegistry().initEditors()
    template = NORM.standard.templates["XZYDYH"]
    fields = "".join(f"&field={f.name}:{'string' if f.type == 'text' else 'double'}" for f in template.fields)
    made = QgsVectorLayer(f"Polygon?crs=EPSG:4526{fields}", "现状", "memory")
    apply_template(made, template, NORM)
    project.addMapLayer(made)
    feature = QgsFeature(made.fields())
    feature["BSM"], feature["YDYHFLDM"] = "140225000000000001", "010300"
    made.startEditing()
    made.addFeature(feature)
    yield made
    made.rollBack()


@pytest.fixture
def form(layer):
    made = QgsAttributeForm(layer, next(layer.getFeatures()))
    yield made
    made.deleteLater()


def box_of(form, name="YDYHFLDM"):
    return next(b for b in form.findChildren(QComboBox) if b.objectName() == name)


def type_in(box, text):
    """As an input method does."""
    event = QInputMethodEvent("", [])
    event.setCommitString(text)
    box.lineEdit().selectAll()
    QApplication.sendEvent(box.lineEdit(), event)
    return box.lineEdit()


@pytest.mark.parametrize(
    ("typed", "code"),
    [("020100", "020100"), ("果园", "020100"), ("020100 果园", "020100"), ("红树", "050700"), ("（空）", None)],
)
def test_a_code_or_a_name_is_found(form, typed, code):
    make_searchable(form)
    box = box_of(form)
    type_in(box, typed).editingFinished.emit()
    assert form.currentFormFeature()["YDYHFLDM"] == (NULL if code is None else code)
    assert box.lineEdit().text() == box.currentText().strip()


@pytest.mark.parametrize("typed", ["9999", "地", "无此地类", ""])
def test_what_is_no_row_goes_back_to_what_it_was(form, typed):
    make_searchable(form)
    box = box_of(form)
    shown = box.lineEdit().text()
    assert shown == "010300 旱地", "without the indent of its level"
    type_in(box, typed).editingFinished.emit()
    assert box.lineEdit().text() == shown and form.currentFormFeature()["YDYHFLDM"] == "010300"


def test_typing_offers_every_row_that_holds_it(form):
    make_searchable(form)
    box = box_of(form)
    type_in(box, "园地")
    completer = box.completer()
    found = [completer.completionModel().index(n, 0).data().strip() for n in range(completer.completionCount())]
    names = NORM.standard.code_lists["land_use_2023"].codes
    assert found == [f"{c.ljust(6, '0')} {row.name}" for c, row in sorted(names.items()) if "园地" in row.name]


def test_levels_lead_from_class_to_class(form):
    make_searchable(form)
    box = box_of(form)
    menu = next(c for c in box.children() if hasattr(c, "levels_menu")).levels_menu()
    top = [a.text() for a in menu.actions()]
    codes = NORM.standard.code_lists["land_use_2023"].codes
    assert len(top) == 1 + sum(not c.parent for c in codes.values())
    traffic = next(a.menu() for a in menu.actions() if a.text() == "120000 交通运输用地")
    below = [a for a in traffic.actions() if not a.isSeparator()]
    assert next(a.text() for a in below) == "120000 交通运输用地" and any(a.text().startswith("1202") for a in below)
    third = next(a.menu() for a in below if a.menu())
    chosen = [a for a in third.actions() if not a.isSeparator()][-1]
    chosen.trigger()
    assert form.currentFormFeature()["YDYHFLDM"] == chosen.text().split()[0]


def test_a_form_is_made_searchable_when_it_gets_the_focus(qgis_app, layer):
    watch = CodeBoxes()
    window = QWidget()
    form = QgsAttributeForm(layer, next(layer.getFeatures()), parent=window)
    window.show()
    window.activateWindow()
    box = box_of(form)
    box.setFocus()
    assert wait(box.isEditable)
    watch.stop()
    other = QgsAttributeForm(layer, next(layer.getFeatures()), parent=window)
    other.show()
    box_of(other).setFocus()
    let_work(0.3)
    assert not box_of(other).isEditable()
    window.deleteLater()


def test_lists_of_other_layers_are_left_alone(qgis_app, layer, project):
    setup = layer.editorWidgetSetup(layer.fields().lookupField("YDYHFLDM"))
    other = QgsVectorLayer("Polygon?crs=EPSG:4526&field=YDYHFLDM:string", "他的", "memory")
    other.setEditorWidgetSetup(0, setup)
    project.addMapLayer(other)
    form = QgsAttributeForm(other, QgsFeature(other.fields()))
    make_searchable(form)
    assert not box_of(form).isEditable()
    form.deleteLater()


def test_a_project_opens_with_its_lists_where_the_plugin_is_missing(layer, project, tmp_path):
    path = str(tmp_path / "工程.qgz")
    assert project.write(path)
    again = QgsProject()
    assert again.read(path)
    (read,) = again.mapLayers().values()
    setup = read.editorWidgetSetup(read.fields().lookupField("YDYHFLDM"))
    shown = [next(iter(row)) for row in setup.config()["map"]]
    assert setup.type() == "ValueMap" and "\u3000010300 旱地" in shown


def test_tips_say_what_the_dictionary_says(form):
    add_tips(form)
    box = box_of(form)
    assert "YDYHFLDM" in box.toolTip() and "用地用海分类代码表" in box.toolTip()
    labels = [label.toolTip() for label in form.findChildren(QLabel) if label.buddy() is not None]
    assert sum("用地用海分类代码表" in tip for tip in labels) == 1
    before = box.toolTip()
    add_tips(form)
    assert box.toolTip() == before
