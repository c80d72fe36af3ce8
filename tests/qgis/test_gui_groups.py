# SPDX-License-Identifier: GPL-2.0-or-later
"""Two groups with the same plan layers: a box asks which group is checked.

This is the state after a VCT import; the answer is stored.
"""

import pytest
from qgis.core import QgsProcessingContext, QgsVectorLayer

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer
from plugin.bridge.layers import layer_groups, recognise
from plugin.bridge.layers.properties import IMPORTED_PROPERTY, set_template, template_id
from plugin.bridge.project import county
from plugin.gui.project.roles_dialog import GroupDialog, RolesDialog
from tests.core.vct_files import SQUARES, write_file
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_controller import make_controller
from tests.qgis.test_vct import Log, run_algorithm
from tests.qgis.waiting import process_events, wait_until

ROLES = ("CZKFBJ", "DLTB", "STBHHX", "YJJBNTBHTB")


@pytest.fixture
def controller(chinese, qgis_app, project, tmp_path):
    settings.put("show_findings_layer", True)
    county.keep(project, county.County(profile="hunyuan"))
    made = make_controller()
    yield made
    made.unload()
    made.iface.window.deleteLater()
    process_events(0.02)


@pytest.fixture
def two(project, tmp_path):
    """Load the county's layers, recognised by name, and imported ones with roles."""
    own, other = (write_small(tmp_path / name) for name in ("小县.gpkg", "导入.gpkg"))
    found = {}
    for title, path, imported in (("现行库", own, False), ("VCT 小县", other, True)):
        group = project.layerTreeRoot().insertGroup(0, title)
        for role in ROLES:
            layer = QgsVectorLayer(f"{path}|layername={role}", role, "ogr")
            if imported:
                set_template(layer, role)
                layer.setCustomProperty(IMPORTED_PROPERTY, 1)
            project.addMapLayer(layer, False)
            group.addLayer(layer)
            found[title, role] = layer
    return found


class Answer:
    """Answers to each box that opens; ``asked``: the labels of its choices."""

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
    return {layer.source.source.rsplit("/", 1)[-1] for layer in controller.dock.result.checked.plan.layers.values()}


def finish(controller):
    assert wait_until(lambda: not controller.busy)


def test_one_box_asks_which_group_is_checked_and_is_not_asked_again(controller, two, project, monkeypatch):
    answer = Answer(monkeypatch, "VCT 小县")
    controller.run()
    finish(controller)
    assert answer.asked == [["现行库（小县.gpkg，4 个图层）", "VCT 小县（导入.gpkg，4 个图层）"]]
    assert list_checked_layers(controller) == {"导入.gpkg"}
    assert {v.id() for v in recognise.plan_layers(project)} == {two["VCT 小县", role].id() for role in ROLES}
    controller.run()
    finish(controller)
    assert len(answer.asked) == 1 and list_checked_layers(controller) == {"导入.gpkg"}


def test_the_choice_is_cleared_with_the_project(controller, two, project, monkeypatch, tmp_path):
    answer = Answer(monkeypatch, "现行库")
    controller.run()
    finish(controller)
    assert list_checked_layers(controller) == {"小县.gpkg"}
    assert project.write(str(tmp_path / "县.qgz"))
    project.clear()
    project.read(str(tmp_path / "县.qgz"))
    assert wait_until(lambda: not controller.saved_results.reading)
    controller.run()
    finish(controller)
    assert len(answer.asked) == 1 and list_checked_layers(controller) == {"小县.gpkg"}


def test_cancelling_checks_and_stores_nothing(controller, two, project, monkeypatch):
    answer = Answer(monkeypatch, None)
    controller.run()
    assert not controller.busy and controller.dock.result is None and len(answer.asked) == 1
    assert not layer_groups.find_excluded_layers(project)


def test_removing_the_chosen_group_restores_the_others(controller, two, project, monkeypatch):
    answer = Answer(monkeypatch, "VCT 小县")
    controller.run()
    finish(controller)
    project.removeMapLayers([two["VCT 小县", role].id() for role in ROLES])
    assert not layer_groups.find_excluded_layers(project)
    controller.run()
    finish(controller)
    assert len(answer.asked) == 1 and list_checked_layers(controller) == {"小县.gpkg"}


def test_a_third_database_with_other_roles_stays_in_the_check(controller, two, project, monkeypatch, tmp_path):
    county_layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory")
    project.addMapLayer(county_layer)
    Answer(monkeypatch, "现行库")
    controller.run()
    finish(controller)
    assert county_layer in recognise.plan_layers(project) and len(recognise.plan_layers(project)) == 5


def test_roles_given_by_the_user_are_not_asked_about(controller, two, project, monkeypatch):
    answer = Answer(monkeypatch)
    for role in ROLES:
        recognise.choose_role(project, role, two["现行库", role])
    controller.run()
    finish(controller)
    assert not answer.asked and list_checked_layers(controller) == {"小县.gpkg"}


def test_layer_roles_offer_the_choice_again(controller, two, project, monkeypatch):
    answer = Answer(monkeypatch, "VCT 小县", None, "现行库")
    controller.run()
    finish(controller)
    dialog = RolesDialog(project)
    assert dialog.choose.isVisibleTo(dialog) and "CZKFBJ、DLTB" in dialog.aside.text()
    dialog.choose.click()
    assert len(layer_groups.find_excluded_layers(project)) == 4 and len(answer.asked) == 2, "cancelled: as it was"
    assert template_id(two["VCT 小县", "CZKFBJ"]) == "CZKFBJ"
    dialog.choose.click()
    assert {v.id() for v in layer_groups.find_excluded_layers(project)} == {
        two["VCT 小县", role].id() for role in ROLES
    }
    dialog.reject()
    controller.run()
    finish(controller)
    assert list_checked_layers(controller) == {"小县.gpkg"}


def test_without_a_choice_made_layer_roles_show_no_button(controller, project):
    dialog = RolesDialog(project)
    assert not dialog.choose.isVisibleTo(dialog) and not dialog.aside.isVisibleTo(dialog)
    dialog.reject()


def test_an_imported_group_comes_below_the_findings(controller, provider, project, tmp_path, monkeypatch):
    path = write_small(tmp_path / "小县.gpkg")
    for role in ROLES:
        project.addMapLayer(QgsVectorLayer(f"{path}|layername={role}", role, "ogr"))
    controller.run()
    finish(controller)
    root, shown = project.layerTreeRoot(), findings_layer.find_findings_layer(project).id()
    assert root.children()[0].name() == "检查结果"
    context = QgsProcessingContext()
    context.setProject(project)
    given = {"INPUT": str(write_file(tmp_path / "a.vct", SQUARES)), "OUTPUT": str(tmp_path / "a.gpkg")}
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
