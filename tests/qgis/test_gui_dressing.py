# SPDX-License-Identifier: GPL-2.0-or-later
"""Data that come with raw forms and symbols: offered once a project, applied by one click."""

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtWidgets import QPushButton

from plugin.bridge import settings
from plugin.bridge.editing import attribute_forms
from plugin.bridge.new_project import sample
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_desk import make_desk
from tests.qgis.waiting import process_events, wait_until

ROLES = ("CZKFBJ", "DLTB", "STBHHX", "YJJBNTBHTB")
#: Longer than the panel waits for layers to settle.
SETTLED = 0.7
OFFER = "识别出 4 个规划图层，尚未应用模板的表单和符号。"


@pytest.fixture
def desk(chinese, qgis_app, project, tmp_path):
    settings.put("show_findings_layer", True)
    made = make_desk()
    yield made
    made.unload()
    made.iface.window.deleteLater()
    process_events(0.02)


@pytest.fixture
def raw(project, tmp_path):
    """Four layers as QGIS opens them, in a group with the file's name, and a draft."""
    path = write_small(tmp_path / "小县.gpkg")

    def load():
        group = project.layerTreeRoot().addGroup("小县")
        for role in ROLES:
            layer = QgsVectorLayer(f"{path}|layername={role}", role, "ogr")
            project.addMapLayer(layer, False)
            group.addLayer(layer)
        project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "草图", "memory"))

    return load


def messages(desk):
    return [item.text() for item in desk.iface.bar.items()]


def click(desk, label):
    buttons = [b for item in desk.iface.bar.items() for b in item.findChildren(QPushButton)]
    next(b for b in buttons if b.text() == label).click()


def tree(project):
    return {
        group.name(): [node.name() for node in group.children()]
        for group in project.layerTreeRoot().children()
        if not hasattr(group, "layerId")
    }


def test_one_click_applies_forms_symbols_and_groups(desk, raw, project):
    raw()
    layers = {v.name(): v for v in project.mapLayers().values()}
    hidden = project.layerTreeRoot().findLayer(layers["CZKFBJ"].id())
    hidden.setItemVisibilityChecked(False)
    assert wait_until(lambda: messages(desk) == [OFFER])
    before = {role: layers[role].renderer().dump() for role in ROLES}
    click(desk, "应用表单、符号和图层组")
    assert wait_until(lambda: any("已应用于 4 个图层：" in text for text in messages(desk)))
    assert OFFER not in messages(desk)
    for role in ROLES:
        assert attribute_forms.role_of_form(layers[role]) == role and layers[role].renderer().dump() != before[role]
        assert "原样式" in layers[role].styleManager().styles() and not layers[role].isEditable()
    assert attribute_forms.role_of_form(layers["草图"]) == ""
    assert tree(project) == {"三条控制线": ["CZKFBJ", "STBHHX", "YJJBNTBHTB"], "基础数据": ["DLTB"]}, (
        "the empty group went"
    )
    nodes = {n.name(): n.itemVisibilityChecked() for n in project.layerTreeRoot().findLayers()}
    assert not nodes["CZKFBJ"] and nodes["STBHHX"], "seen and hidden as they were"
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory"))
    process_events(SETTLED)
    assert not any("尚未应用" in text for text in messages(desk)), "once a project"


def test_no_is_remembered_with_the_project(desk, raw, project, tmp_path):
    raw()
    assert wait_until(lambda: messages(desk) == [OFFER])
    click(desk, "不再提示")
    assert not messages(desk) and project.isDirty()
    file = tmp_path / "县.qgz"
    assert project.write(str(file))
    project.clear()
    project.read(str(file))
    assert len(project.mapLayers()) == 5
    process_events(SETTLED)
    assert not messages(desk)
    project.clear()
    raw()
    assert wait_until(lambda: messages(desk) == [OFFER]), "another project is asked again"


def test_a_closed_message_does_not_come_again_until_the_project_does(desk, raw, project):
    raw()
    assert wait_until(lambda: messages(desk) == [OFFER])
    desk.iface.bar.clearWidgets()
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory"))
    process_events(SETTLED)
    assert not messages(desk)


def test_it_is_offered_with_the_panel_closed_and_goes_with_the_project(desk, raw, project):
    desk.dock.hide()
    raw()
    assert wait_until(lambda: messages(desk) == [OFFER])
    project.clear()
    assert not messages(desk)


def test_the_sample_and_drafts_are_left_alone(desk, project, tmp_path):
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "草图", "memory"))
    sample.load_sample(project, sample.copy_sample(tmp_path / "县"))
    process_events(SETTLED)
    assert not messages(desk)


def test_nothing_is_offered_while_a_layer_is_edited(desk, raw, project):
    raw()
    layer = project.mapLayersByName("CZKFBJ")[0]
    layer.startEditing()
    assert not desk.styling.may_offer(project)
    layer.rollBack()
    assert desk.styling.may_offer(project)
