# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the offer to apply forms and symbols to unstyled plan layers.

It appears once per project and needs one click.
"""

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtWidgets import QPushButton

from plugin.bridge import settings
from plugin.bridge.editing import attribute_forms
from plugin.bridge.layers import role_recognition
from plugin.bridge.new_project import sample
from plugin.bridge.project import county
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_controller import make_controller
from tests.qgis.waiting import process_events, wait_until

ROLES = ("CZKFBJ", "DLTB", "STBHHX", "YJJBNTBHTB")
#: Longer than the panel waits after the last added layer.
SECONDS_AFTER_DELAY = 0.7
OFFER_TEXT = "识别出 4 个规划图层，尚未应用模板的表单和符号。"


@pytest.fixture
def controller(chinese, qgis_app, project, tmp_path):
    settings.store_setting("show_findings_layer", True)
    made = make_controller()
    yield made
    made.unload()
    made.iface.window.deleteLater()
    process_events(0.02)


@pytest.fixture
def load_unstyled_layers(project, tmp_path):
    """Return a function that loads four unstyled plan layers and a draft layer."""
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


def click_message_button(controller, label):
    buttons = [b for item in controller.iface.bar.items() for b in item.findChildren(QPushButton)]
    next(b for b in buttons if b.text() == label).click()


def list_tree(project):
    return {
        group.name(): [node.name() for node in group.children()]
        for group in project.layerTreeRoot().children()
        if not hasattr(group, "layerId")
    }


def test_one_click_applies_template_forms_symbols_and_groups_to_plan_layers(controller, load_unstyled_layers, project):
    load_unstyled_layers()
    layers = {v.name(): v for v in project.mapLayers().values()}
    hidden = project.layerTreeRoot().findLayer(layers["CZKFBJ"].id())
    hidden.setItemVisibilityChecked(False)
    assert wait_until(lambda: list_messages(controller) == [OFFER_TEXT])
    before = {role: layers[role].renderer().dump() for role in ROLES}
    click_message_button(controller, "应用表单、符号和图层组")
    assert wait_until(lambda: any("已应用于 4 个图层：" in text for text in list_messages(controller)))
    assert OFFER_TEXT not in list_messages(controller)
    for role in ROLES:
        assert attribute_forms.get_role_of_form(layers[role]) == role and layers[role].renderer().dump() != before[role]
        assert "原样式" in layers[role].styleManager().styles() and not layers[role].isEditable()
    assert attribute_forms.get_role_of_form(layers["草图"]) == ""
    lines = ["城镇开发边界", "生态保护红线", "永久基本农田保护图斑"]
    recognised = role_recognition.recognise_layers(
        role_recognition.read_layer_schemas(project), county.make_check_options(project)
    )
    assert set(ROLES) <= recognised.layer_id_by_role.keys(), "the names of templates are recognised, too"
    assert list_tree(project) == {"三条控制线": lines, "基础数据": ["地类图斑"]}, "the empty group went"
    nodes = {n.name(): n.itemVisibilityChecked() for n in project.layerTreeRoot().findLayers()}
    assert not nodes["城镇开发边界"] and nodes["生态保护红线"], "seen and hidden as they were"
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory"))
    process_events(SECONDS_AFTER_DELAY)
    assert not any("尚未应用" in text for text in list_messages(controller)), "once a project"


def test_refusing_the_styling_offer_is_stored_in_the_project(controller, load_unstyled_layers, project, tmp_path):
    load_unstyled_layers()
    assert wait_until(lambda: list_messages(controller) == [OFFER_TEXT])
    click_message_button(controller, "不再提示")
    assert not list_messages(controller) and project.isDirty()
    file = tmp_path / "县.qgz"
    assert project.write(str(file))
    project.clear()
    project.read(str(file))
    assert len(project.mapLayers()) == 5
    process_events(SECONDS_AFTER_DELAY)
    assert not list_messages(controller)
    project.clear()
    load_unstyled_layers()
    assert wait_until(lambda: list_messages(controller) == [OFFER_TEXT]), "another project is asked again"


def test_styling_offer_that_was_closed_does_not_return_when_a_layer_is_added(controller, load_unstyled_layers, project):
    load_unstyled_layers()
    assert wait_until(lambda: list_messages(controller) == [OFFER_TEXT])
    controller.iface.bar.clearWidgets()
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory"))
    process_events(SECONDS_AFTER_DELAY)
    assert not list_messages(controller)


def test_styling_offer_appears_without_the_panel_and_closes_with_the_project(controller, load_unstyled_layers, project):
    controller.dock.hide()
    load_unstyled_layers()
    assert wait_until(lambda: list_messages(controller) == [OFFER_TEXT])
    project.clear()
    assert not list_messages(controller)


def test_styling_is_not_offered_for_the_sample_and_draft_layers(controller, project, tmp_path):
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "草图", "memory"))
    sample.load_sample(project, sample.copy_sample(tmp_path / "县"))
    process_events(SECONDS_AFTER_DELAY)
    assert not list_messages(controller)


def test_styling_is_not_offered_while_a_layer_is_edited(controller, load_unstyled_layers, project):
    load_unstyled_layers()
    layer = project.mapLayersByName("CZKFBJ")[0]
    layer.startEditing()
    assert not controller.styling.may_offer_styling(project)
    layer.rollBack()
    assert controller.styling.may_offer_styling(project)
