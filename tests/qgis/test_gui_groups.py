# SPDX-License-Identifier: GPL-2.0-or-later
"""Two groups with the same layers of a plan, as after a VCT import: one box asks which is checked, and the answer is kept."""

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
from tests.qgis.test_gui_desk import make_desk
from tests.qgis.test_vct import Log, run_algorithm
from tests.qgis.waiting import process_events, wait_until

ROLES = ("CZKFBJ", "DLTB", "STBHHX", "YJJBNTBHTB")


@pytest.fixture
def desk(chinese, qgis_app, project, tmp_path):
    settings.put("show_findings_layer", True)
    county.keep(project, county.County(profile="hunyuan"))
    made = make_desk()
    yield made
    made.unload()
    made.iface.window.deleteLater()
    process_events(0.02)


@pytest.fixture
def two(project, tmp_path):
    """The county's own layers, recognised by their names, and those of an import, with roles given by it."""
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
    """Answers each box that opens; ``asked``: the labels of its choices."""

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


def checked_layers(desk):
    return {layer.source.source.rsplit("/", 1)[-1] for layer in desk.dock.result.checked.plan.layers.values()}


def finish(desk):
    assert wait_until(lambda: not desk.busy)


def test_one_box_asks_which_group_is_checked_and_is_not_asked_again(desk, two, project, monkeypatch):
    answer = Answer(monkeypatch, "VCT 小县")
    desk.run()
    finish(desk)
    assert answer.asked == [["现行库（小县.gpkg，4 个图层）", "VCT 小县（导入.gpkg，4 个图层）"]]
    assert checked_layers(desk) == {"导入.gpkg"}
    assert {v.id() for v in recognise.plan_layers(project)} == {two["VCT 小县", role].id() for role in ROLES}
    desk.run()
    finish(desk)
    assert len(answer.asked) == 1 and checked_layers(desk) == {"导入.gpkg"}


def test_the_choice_goes_with_the_project(desk, two, project, monkeypatch, tmp_path):
    answer = Answer(monkeypatch, "现行库")
    desk.run()
    finish(desk)
    assert checked_layers(desk) == {"小县.gpkg"}
    assert project.write(str(tmp_path / "县.qgz"))
    project.clear()
    project.read(str(tmp_path / "县.qgz"))
    assert wait_until(lambda: not desk.saved_results.reading)
    desk.run()
    finish(desk)
    assert len(answer.asked) == 1 and checked_layers(desk) == {"小县.gpkg"}


def test_cancelled_nothing_is_checked_or_kept(desk, two, project, monkeypatch):
    answer = Answer(monkeypatch, None)
    desk.run()
    assert not desk.busy and desk.dock.result is None and len(answer.asked) == 1
    assert not layer_groups.find_excluded_layers(project)


def test_the_others_come_back_when_the_chosen_group_goes(desk, two, project, monkeypatch):
    answer = Answer(monkeypatch, "VCT 小县")
    desk.run()
    finish(desk)
    project.removeMapLayers([two["VCT 小县", role].id() for role in ROLES])
    assert not layer_groups.find_excluded_layers(project)
    desk.run()
    finish(desk)
    assert len(answer.asked) == 1 and checked_layers(desk) == {"小县.gpkg"}


def test_a_third_database_with_other_roles_stays_in_the_check(desk, two, project, monkeypatch, tmp_path):
    county_layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory")
    project.addMapLayer(county_layer)
    Answer(monkeypatch, "现行库")
    desk.run()
    finish(desk)
    assert county_layer in recognise.plan_layers(project) and len(recognise.plan_layers(project)) == 5


def test_roles_that_the_user_gave_are_no_question(desk, two, project, monkeypatch):
    answer = Answer(monkeypatch)
    for role in ROLES:
        recognise.choose_role(project, role, two["现行库", role])
    desk.run()
    finish(desk)
    assert not answer.asked and checked_layers(desk) == {"小县.gpkg"}


def test_layer_roles_offer_the_choice_again(desk, two, project, monkeypatch):
    answer = Answer(monkeypatch, "VCT 小县", None, "现行库")
    desk.run()
    finish(desk)
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
    desk.run()
    finish(desk)
    assert checked_layers(desk) == {"小县.gpkg"}


def test_without_a_choice_made_layer_roles_show_no_button(desk, project):
    dialog = RolesDialog(project)
    assert not dialog.choose.isVisibleTo(dialog) and not dialog.aside.isVisibleTo(dialog)
    dialog.reject()


def test_an_imported_group_comes_below_the_findings(desk, provider, project, tmp_path, monkeypatch):
    path = write_small(tmp_path / "小县.gpkg")
    for role in ROLES:
        project.addMapLayer(QgsVectorLayer(f"{path}|layername={role}", role, "ogr"))
    desk.run()
    finish(desk)
    root, shown = project.layerTreeRoot(), findings_layer.find_findings_layer(project).id()
    assert root.children()[0].name() == "检查结果"
    context = QgsProcessingContext()
    context.setProject(project)
    given = {"INPUT": str(write_file(tmp_path / "a.vct", SQUARES)), "OUTPUT": str(tmp_path / "a.gpkg")}
    run_algorithm("import_vct", given, context=context)
    ((source, details),) = context.layersToLoadOnCompletion().items()
    layer = QgsVectorLayer(source, details.name, "ogr")
    project.addMapLayer(layer, False)
    # As Processing does it: the group on top, then what was asked for after loading.
    root.insertGroup(0, details.groupName).addLayer(layer)
    details.postProcessor().postProcessLayer(layer, context, Log())
    assert [node.name() for node in root.children()][:2] == ["检查结果", "VCT a"]
    process_events(0.05)
    assert findings_layer.find_findings_layer(project).id() == shown and root.findLayer(shown) is not None
    assert layer.customProperty(IMPORTED_PROPERTY)
