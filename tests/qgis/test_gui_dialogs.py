# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialogs: layer roles, county profile, environment, help."""

import pytest
from qgis.core import QgsVectorLayer

from plugin.bridge import county, health, roles, texts
from plugin.bridge.layers import template_id
from plugin.core.rule import all_rules
from plugin.gui import help_dialog
from plugin.gui.doctor_dialog import DoctorDialog
from plugin.gui.help_dialog import HelpDialog
from plugin.gui.profile_dialog import ProfileDialog
from plugin.gui.roles_dialog import RolesDialog


@pytest.fixture(autouse=True, scope="module")
def chinese(qgis_app):
    translator = texts.install_translator()
    yield
    texts.remove_translator(translator)


@pytest.fixture
def layers(project):
    made = {}
    for name in ("CZKFBJ", "我的红线"):
        made[name] = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", name, "memory")
        project.addMapLayer(made[name])
    return made


def test_roles_show_what_was_recognised_and_keep_a_choice(project, layers):
    dialog = RolesDialog(project)
    assert "CZKFBJ" in dialog._combos["CZKFBJ"].currentText()
    assert dialog.choices()["CZKFBJ"] is None
    dialog._combos["STBHHX"].setLayer(layers["我的红线"])
    dialog.accept()
    assert template_id(layers["我的红线"]) == "STBHHX" and project.isDirty()
    again = RolesDialog(project)
    assert again.choices()["STBHHX"].id() == layers["我的红线"].id()
    again._combos["STBHHX"].setCurrentIndex(0)
    again.accept()
    assert roles.chosen(project) == {}


def test_one_layer_plays_one_role(project, layers):
    dialog = RolesDialog(project)
    for role in ("STBHHX", "CZKFBJ"):
        dialog._combos[role].setLayer(layers["我的红线"])
    dialog.accept()
    assert "我的红线" in dialog.problem.text() and dialog.result() == 0
    assert roles.chosen(project) == {}


def test_cancel_changes_nothing(project, layers):
    dialog = RolesDialog(project)
    dialog._combos["STBHHX"].setLayer(layers["我的红线"])
    dialog.reject()
    assert roles.chosen(project) == {}


def test_profile_shows_limits_and_targets_and_is_kept(project):
    dialog = ProfileDialog(project)
    dialog.profile.setCurrentIndex(dialog.profile.findData("hunyuan"))
    assert "1.25" in dialog.summary.text() and "16.46" in dialog.summary.text()
    dialog.base_year.setText("20")
    dialog.accept()
    assert county.of(project) == county.County(), "a year of two digits is not kept"
    dialog.base_year.setText("2020")
    dialog.accept()
    assert county.of(project) == county.County(profile="hunyuan", base_year="2020")
    assert ProfileDialog(project).profile.currentData() == "hunyuan"


def test_a_broken_profile_is_told_and_cannot_be_chosen(project, tmp_path):
    path = tmp_path / "县.toml"
    path.write_text('id = "x"\n', encoding="utf-8")
    county.keep(project, county.County(profile=str(path)))
    dialog = ProfileDialog(project)
    assert "县.toml" in dialog.summary.text() and not dialog._ok.isEnabled()


def test_environment_opens_where_a_library_is_missing(qgis_app, monkeypatch):
    assert "geopandas" in DoctorDialog().text()
    monkeypatch.setitem(health.NEEDED, "geopandas_of_tomorrow", "1.0")
    text = DoctorDialog().text()
    assert "geopandas_of_tomorrow" in text and text.index("geopandas") < text.index("\n"), "the remedy comes first"


@pytest.mark.parametrize("code", [*all_rules(), "RUN900", ""])
def test_help_has_a_page_for_everything(qgis_app, code):
    dialog = HelpDialog(code)
    assert code in dialog.browser.toPlainText() or code.startswith("RUN")
    assert dialog.browser.toPlainText().strip()


def test_help_without_the_libraries(qgis_app, monkeypatch):
    def broken(code):
        raise ImportError("shapely")

    monkeypatch.setattr(help_dialog, "rule_page", broken)
    assert HelpDialog("REL002").browser.toPlainText().strip()
