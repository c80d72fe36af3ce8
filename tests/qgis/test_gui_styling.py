# SPDX-License-Identifier: GPL-2.0-or-later
"""Forms and symbols for unstyled layers: offered once a project, one click."""

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtWidgets import QPushButton

from plugin.bridge import settings
from plugin.bridge.editing import attribute_forms
from plugin.bridge.new_project import sample
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_controller import make_controller
from tests.qgis.waiting import process_events, wait_until

ROLES = ("CZKFBJ", "DLTB", "STBHHX", "YJJBNTBHTB")
#: Longer than the panel waits after the last added layer.
AFTER_DELAY = 0.7
OFFER = "识别出 4 个规划图层，尚未应用模板的表单和符号。"


@pytest.fixture
def controller(chinese, qgis_app, project, tmp_path):
    settings.put("show_findings_layer", True)
    made = make_controller()
    yield made
    made.unload()
    made.iface.window.deleteLater()
    process_events(0.02)


@pytest.fixture
def raw(project, tmp_path):
    """Load four unstyled layers in a group with the file's name, and a draft."""
    path = write_small(tmp_path / "小县.gpkg")

    def load():
        group = project.layerTreeRoot().addGroup("小县")
        for role in ROLES:
            layer = QgsVectorLayer(f"{path}|layername={role}", role, "ogr")
            project.addMapLayer(layer, False)
            group.addLayer(layer)
        project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "草图", "memory"))

    return load


def list_messages(controller):
    return [item.text() for item in controller.iface.bar.items()]


def click(controller, label):
    buttons = [b for item in controller.iface.bar.items() for b in item.findChildren(QPushButton)]
    next(b for b in buttons if b.text() == label).click()


def list_tree(project):
    return {
        group.name(): [node.name() for node in group.children()]
        for group in project.layerTreeRoot().children()
        if not hasattr(group, "layerId")
    }


def test_one_click_applies_forms_symbols_and_groups(controller, raw, project):
    raw()
    layers = {v.name(): v for v in project.mapLayers().values()}
    hidden = project.layerTreeRoot().findLayer(layers["CZKFBJ"].id())
    hidden.setItemVisibilityChecked(False)
    assert wait_until(lambda: list_messages(controller) == [OFFER])
    before = {role: layers[role].renderer().dump() for role in ROLES}
    click(controller, "应用表单、符号和图层组")
    assert wait_until(lambda: any("已应用于 4 个图层：" in text for text in list_messages(controller)))
    assert OFFER not in list_messages(controller)
    for role in ROLES:
        assert attribute_forms.role_of_form(layers[role]) == role and layers[role].renderer().dump() != before[role]
        assert "原样式" in layers[role].styleManager().styles() and not layers[role].isEditable()
    assert attribute_forms.role_of_form(layers["草图"]) == ""
    assert list_tree(project) == {"三条控制线": ["CZKFBJ", "STBHHX", "YJJBNTBHTB"], "基础数据": ["DLTB"]}, (
        "the empty group went"
    )
    nodes = {n.name(): n.itemVisibilityChecked() for n in project.layerTreeRoot().findLayers()}
    assert not nodes["CZKFBJ"] and nodes["STBHHX"], "seen and hidden as they were"
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory"))
    process_events(AFTER_DELAY)
    assert not any("尚未应用" in text for text in list_messages(controller)), "once a project"


def test_a_refusal_is_stored_in_the_project(controller, raw, project, tmp_path):
    raw()
    assert wait_until(lambda: list_messages(controller) == [OFFER])
    click(controller, "不再提示")
    assert not list_messages(controller) and project.isDirty()
    file = tmp_path / "县.qgz"
    assert project.write(str(file))
    project.clear()
    project.read(str(file))
    assert len(project.mapLayers()) == 5
    process_events(AFTER_DELAY)
    assert not list_messages(controller)
    project.clear()
    raw()
    assert wait_until(lambda: list_messages(controller) == [OFFER]), "another project is asked again"


def test_a_closed_message_returns_only_after_reopening_the_project(controller, raw, project):
    raw()
    assert wait_until(lambda: list_messages(controller) == [OFFER])
    controller.iface.bar.clearWidgets()
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory"))
    process_events(AFTER_DELAY)
    assert not list_messages(controller)


def test_the_offer_appears_without_the_panel_and_closes_with_the_project(controller, raw, project):
    controller.dock.hide()
    raw()
    assert wait_until(lambda: list_messages(controller) == [OFFER])
    project.clear()
    assert not list_messages(controller)


def test_the_sample_and_drafts_are_left_alone(controller, project, tmp_path):
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "草图", "memory"))
    sample.load_sample(project, sample.copy_sample(tmp_path / "县"))
    process_events(AFTER_DELAY)
    assert not list_messages(controller)


def test_nothing_is_offered_while_a_layer_is_edited(controller, raw, project):
    raw()
    layer = project.mapLayersByName("CZKFBJ")[0]
    layer.startEditing()
    assert not controller.styling.may_offer(project)
    layer.rollBack()
    assert controller.styling.may_offer(project)
