# SPDX-License-Identifier: GPL-2.0-or-later
"""Test two layer groups with the same plan layers, as after a VCT import.

A dialog asks which group is checked, and the answer is stored.
"""

import pytest
from qgis.core import QgsProcessingContext, QgsVectorLayer

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer
from plugin.bridge.layers import role_recognition
from plugin.bridge.layers.properties import IMPORTED_PROPERTY, get_assigned_role, set_assigned_role
from plugin.bridge.project import county
from plugin.gui.project.roles_dialog import GroupDialog, RolesDialog
from tests.core.vct_files import TWO_SQUARES_TEXT, write_vct_text
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_controller import make_controller
from tests.qgis.test_vct import Log, run_algorithm
from tests.qgis.waiting import process_events, wait_until

ROLES = ("CZKFBJ", "DLTB", "STBHHX", "YJJBNTBHTB")


@pytest.fixture
def controller(chinese, qgis_app, project, tmp_path):
    settings.store_setting("show_findings_layer", True)
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    made = make_controller()
    yield made
    made.unload()
    made.iface.window.deleteLater()
    process_events(0.02)


@pytest.fixture
def layers_of_two_groups(project, tmp_path):
    """Load the county's layers twice, in two groups: recognised by name, and by role."""
    own, other = (write_small(tmp_path / name) for name in ("小县.gpkg", "导入.gpkg"))
    found = {}
    for title, path, imported in (("现行库", own, False), ("VCT 小县", other, True)):
        group = project.layerTreeRoot().insertGroup(0, title)
        for role in ROLES:
            layer = QgsVectorLayer(f"{path}|layername={role}", role, "ogr")
            if imported:
                set_assigned_role(layer, role)
                layer.setCustomProperty(IMPORTED_PROPERTY, 1)
            project.addMapLayer(layer, False)
            group.addLayer(layer)
            found[title, role] = layer
    return found


class GroupAnswers:
    """Answers to each dialog that asks for the group to be checked.

    ``asked``: the labels of its choices.
    """

    def __init__(self, monkeypatch, *chosen):
        self.asked, self._chosen = [], list(chosen)
        monkeypatch.setattr(GroupDialog, "exec", self._exec_of())

    def _exec_of(self):
        def answer(dialog):
            self.asked.append([button.text() for button in dialog.buttons])
            wanted = self._chosen.pop(0)
            if wanted is not None:
                next(b for b in dialog.buttons if b.text().startswith(wanted)).setChecked(True)
            return wanted is not None

        return answer


def list_checked_layers(controller):
    return {
        layer.source.source.rsplit("/", 1)[-1] for layer in controller.dock.result.check_result.plan.layers.values()
    }


def wait_for_check(controller):
    assert wait_until(lambda: not controller.is_check_running)


def test_check_with_two_layer_groups_asks_once_and_checks_the_other_group_when_the_chosen_one_is_removed(
    controller, layers_of_two_groups, project, monkeypatch
):
    answer = GroupAnswers(monkeypatch, "VCT 小县")
    controller.start_check()
    wait_for_check(controller)
    assert answer.asked == [["现行库（小县.gpkg，4 个图层）", "VCT 小县（导入.gpkg，4 个图层）"]]
    assert list_checked_layers(controller) == {"导入.gpkg"}
    assert {v.id() for v in role_recognition.list_plan_layers(project)} == {
        layers_of_two_groups["VCT 小县", role].id() for role in ROLES
    }
    controller.start_check()
    wait_for_check(controller)
    assert len(answer.asked) == 1 and list_checked_layers(controller) == {"导入.gpkg"}
    project.removeMapLayers([layers_of_two_groups["VCT 小县", role].id() for role in ROLES])
    assert not role_recognition.find_excluded_layers(project)
    controller.start_check()
    wait_for_check(controller)
    assert len(answer.asked) == 1 and list_checked_layers(controller) == {"小县.gpkg"}


def test_choice_of_the_checked_layer_group_is_restored_with_the_project(
    controller, layers_of_two_groups, project, monkeypatch, tmp_path
):
    answer = GroupAnswers(monkeypatch, "现行库")
    controller.start_check()
    wait_for_check(controller)
    assert list_checked_layers(controller) == {"小县.gpkg"}
    assert project.write(str(tmp_path / "县.qgz"))
    project.clear()
    project.read(str(tmp_path / "县.qgz"))
    assert wait_until(lambda: not controller.saved_results.is_reading)
    controller.start_check()
    wait_for_check(controller)
    assert len(answer.asked) == 1 and list_checked_layers(controller) == {"小县.gpkg"}


def test_layer_group_of_memory_layers_is_labelled_as_in_memory_in_chinese(controller, project, monkeypatch, tmp_path):
    path = write_small(tmp_path / "小县.gpkg")
    for role in ROLES:
        project.addMapLayer(QgsVectorLayer(f"{path}|layername={role}", role, "ogr"))
    copy = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "DLTB", "memory")
    project.layerTreeRoot().insertGroup(0, "映射").addLayer(project.addMapLayer(copy, False))
    answer = GroupAnswers(monkeypatch, None)
    controller.start_check()
    assert answer.asked == [["小县.gpkg（4 个图层）", "映射（内存，1 个图层）"]]


def test_cancelling_the_layer_group_question_starts_no_check_and_stores_nothing(
    controller, layers_of_two_groups, project, monkeypatch
):
    answer = GroupAnswers(monkeypatch, None)
    controller.start_check()
    assert not controller.is_check_running and controller.dock.result is None and len(answer.asked) == 1
    assert not role_recognition.find_excluded_layers(project)


def test_layers_with_a_role_that_occurs_once_are_checked_with_either_layer_group(
    controller, layers_of_two_groups, project, monkeypatch, tmp_path
):
    county_layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory")
    project.addMapLayer(county_layer)
    GroupAnswers(monkeypatch, "现行库")
    controller.start_check()
    wait_for_check(controller)
    assert (
        county_layer in role_recognition.list_plan_layers(project)
        and len(role_recognition.list_plan_layers(project)) == 5
    )


def test_check_asks_no_layer_group_if_the_user_assigned_the_roles(
    controller, layers_of_two_groups, project, monkeypatch
):
    answer = GroupAnswers(monkeypatch)
    for role in ROLES:
        role_recognition.assign_role(project, role, layers_of_two_groups["现行库", role])
    controller.start_check()
    wait_for_check(controller)
    assert not answer.asked and list_checked_layers(controller) == {"小县.gpkg"}


def test_layer_roles_dialog_offers_the_layer_group_choice_again(controller, layers_of_two_groups, project, monkeypatch):
    answer = GroupAnswers(monkeypatch, "VCT 小县", None, "现行库")
    controller.start_check()
    wait_for_check(controller)
    dialog = RolesDialog(project)
    assert dialog.choose.isVisibleTo(dialog) and "CZKFBJ、DLTB" in dialog.aside.text()
    dialog.choose.click()
    assert len(role_recognition.find_excluded_layers(project)) == 4 and len(answer.asked) == 2, "cancelled: as it was"
    assert get_assigned_role(layers_of_two_groups["VCT 小县", "CZKFBJ"]) == "CZKFBJ"
    dialog.choose.click()
    assert {v.id() for v in role_recognition.find_excluded_layers(project)} == {
        layers_of_two_groups["VCT 小县", role].id() for role in ROLES
    }
    dialog.reject()
    controller.start_check()
    wait_for_check(controller)
    assert list_checked_layers(controller) == {"小县.gpkg"}


def test_layer_roles_dialog_has_no_group_button_without_two_groups(controller, project):
    dialog = RolesDialog(project)
    assert not dialog.choose.isVisibleTo(dialog) and not dialog.aside.isVisibleTo(dialog)
    dialog.reject()


def test_layer_group_of_a_vct_import_is_placed_below_the_findings_layer(
    controller, provider, project, tmp_path, monkeypatch
):
    path = write_small(tmp_path / "小县.gpkg")
    for role in ROLES:
        project.addMapLayer(QgsVectorLayer(f"{path}|layername={role}", role, "ogr"))
    controller.start_check()
    wait_for_check(controller)
    root, shown = project.layerTreeRoot(), findings_layer.find_findings_layer(project).id()
    assert root.children()[0].name() == "检查结果"
    context = QgsProcessingContext()
    context.setProject(project)
    given = {"INPUT": str(write_vct_text(tmp_path / "a.vct", TWO_SQUARES_TEXT)), "OUTPUT": str(tmp_path / "a.gpkg")}
    run_algorithm("import_vct", given, context=context)
    ((source, details),) = context.layersToLoadOnCompletion().items()
    layer = QgsVectorLayer(source, details.name, "ogr")
    project.addMapLayer(layer, False)
    # As Processing does: add the group on top, then run the post-processors.
    root.insertGroup(0, details.groupName).addLayer(layer)
    details.postProcessor().postProcessLayer(layer, context, Log())
    assert [node.name() for node in root.children()][:2] == ["检查结果", "VCT a"]
    process_events(0.05)
    assert findings_layer.find_findings_layer(project).id() == shown and root.findLayer(shown) is not None
    assert layer.customProperty(IMPORTED_PROPERTY)
