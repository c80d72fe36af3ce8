# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that projects and settings of version 0.1.0 are read by this version.

See tests/upgrade/0.1.0/README.md.
"""

import ast
import configparser
import re
import zipfile

import pytest
from qgis.core import Qgis, QgsExpression, QgsSettings
from qgis.PyQt.QtCore import QSettings

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer
from plugin.bridge.editing import attribute_forms
from plugin.bridge.layers import role_recognition
from plugin.bridge.layers.properties import get_assigned_role, get_layer_name
from plugin.bridge.layouts import saved_layouts
from plugin.bridge.new_project import assemble, layer_extent
from plugin.bridge.project import county, saved_paths
from plugin.core.standard import map_set
from plugin.core.standard.profile import DocumentInfo
from tests.qgis.helpers import ROOT, draw_feature, make_square

FILES_OF_0_1_0 = ROOT / "tests" / "upgrade" / "0.1.0"
LAYER_ROLES = {"YJJBNTBHTB", "STBHHX", "CZKFBJ", "XZQX", "XZQXZ"}
FEATURE_NUMBER = "140225000000000{:03d}"


@pytest.fixture
def unpacked_projects(tmp_path):
    with zipfile.ZipFile(FILES_OF_0_1_0 / "projects.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


@pytest.fixture
def wizard_project(functions, project, unpacked_projects):
    assert project.read(str(unpacked_projects / "wizard.qgz")), project.error()
    return project


@pytest.fixture
def manual_project(functions, project, unpacked_projects):
    assert project.read(str(unpacked_projects / "layers.qgs")), project.error()
    return project


def map_layers_by_role(project):
    return {get_assigned_role(layer): layer for layer in project.mapLayers().values() if get_assigned_role(layer)}


def test_layers_of_a_wizard_project_of_version_0_1_0_are_recognised(wizard_project):
    layers = map_layers_by_role(wizard_project)
    assert set(layers) == LAYER_ROLES and all(layer.isValid() for layer in layers.values())
    assert {role: attribute_forms.get_role_of_form(layer) for role, layer in layers.items()} == {
        role: role for role in LAYER_ROLES
    }
    assert (
        set(
            role_recognition.recognise_layers(
                role_recognition.read_layer_schemas(wizard_project), county.make_check_options(wizard_project)
            ).layer_id_by_role
        )
        == LAYER_ROLES
    )
    assert all(layer.customProperty("sanxian/county") == "140225" for layer in layers.values())


def test_expression_functions_in_forms_of_version_0_1_0_still_exist(wizard_project):
    calls = set()
    for layer in map_layers_by_role(wizard_project).values():
        for index in range(layer.fields().count()):
            calls |= set(re.findall(r"(sanxian_\w+)\(", layer.defaultValueDefinition(index).expression()))
    assert len(calls) >= 3 and calls <= {f.name() for f in QgsExpression.Functions()}


def test_feature_drawn_in_a_0_1_0_project_gets_defaults_and_an_unused_number(wizard_project):
    """Draw in a layer where version 0.1.0 gave three numbers.

    The third was deleted; other layers have separate numbers.
    """
    layers = map_layers_by_role(wizard_project)
    boundary = layers["CZKFBJ"]
    assert sorted(f["BSM"] for f in boundary.getFeatures()) == [FEATURE_NUMBER.format(1), FEATURE_NUMBER.format(2)]
    assert boundary.startEditing()
    drawn = draw_feature(boundary, make_square(0, 2000), GHFQDM="410")
    assert drawn["BSM"] > FEATURE_NUMBER.format(3) and drawn["BSM"].startswith(FEATURE_NUMBER[:14])
    assert (drawn["GHFQMC"], drawn["XZQDM"], drawn["XZQMC"]) == ("城镇集中建设区", "140225", "浑源县")
    assert boundary.commitChanges(), boundary.commitErrors()


def test_county_settings_of_a_0_1_0_project_are_all_read(wizard_project, unpacked_projects):
    assert county.read_county_settings(wizard_project) == county.ProjectCountySettings(
        profile="hunyuan", standard="county_db", scope="three_lines", base_year="2020", phase="approval", targets="targets.csv",
        rules="quality", baseline="baseline.gpkg", register="register.xlsx",
    )  # fmt: skip
    options = county.make_check_options(wizard_project)
    assert (options.baseline, options.register) == (
        str(unpacked_projects / "baseline.gpkg"),
        str(unpacked_projects / "register.xlsx"),
    )
    assert (options.rules, options.base_year, options.phase) == (("quality",), 2020, "approval")
    # Values that version 0.1.0 did not have are empty, so profile and form apply.
    assert options.document_info == DocumentInfo()
    assert saved_paths.read_stored_path(
        wizard_project, saved_paths.WAIVERS_KEY
    ) == "accepted.csv" and options.waivers == str(unpacked_projects / "accepted.csv")


def test_snapping_and_overlap_avoidance_of_a_0_1_0_project_are_kept(wizard_project):
    modes, layers = Qgis.AvoidIntersectionsMode, map_layers_by_role(wizard_project)
    assemble.apply_overlap_setting(wizard_project, layers["CZKFBJ"])
    assert wizard_project.avoidIntersectionsMode() == modes.AvoidIntersectionsCurrentLayer
    assemble.apply_overlap_setting(wizard_project, layers["STBHHX"])
    never = {"CZKFBJ", "STBHHX"} & set(wizard_project.readEntry("sanxian", "avoid_overlaps")[0].split(","))
    assert ("STBHHX" in never) == (wizard_project.avoidIntersectionsMode() == modes.AvoidIntersectionsCurrentLayer)
    assert wizard_project.topologicalEditing() and wizard_project.snappingConfig().enabled()
    assert "三条控制线" in wizard_project.mapThemeCollection().mapThemes()


def test_bookmarks_of_a_0_1_0_project_still_follow_renamed_townships(wizard_project):
    assert [b.name() for b in wizard_project.bookmarkManager().bookmarks()] == ["永安镇"]
    follower = layer_extent.BookmarkUpdater()
    follower.start(wizard_project)
    layer = map_layers_by_role(wizard_project)["XZQXZ"]
    assert layer.startEditing()
    (feature,) = layer.getFeatures()
    layer.changeAttributeValue(feature.id(), layer.fields().lookupField("XZQMC"), "新镇")
    assert layer.commitChanges()
    follower.stop()
    assert [b.name() for b in wizard_project.bookmarkManager().bookmarks()] == ["新镇"]


def test_layout_of_a_0_1_0_project_is_found_as_its_saved_layout(wizard_project):
    maps = map_set.load_map_set()
    first = next(m for m in maps.map_by_id.values() if m.scope == "county")
    sheet = saved_layouts.find_layout(wizard_project, first, maps.page_size_by_id["A3"], False)
    assert sheet is not None and len(wizard_project.layoutManager().printLayouts()) == 1


def test_layer_roles_chosen_in_a_0_1_0_project_are_kept(manual_project):
    names = {
        role: get_layer_name(manual_project.mapLayer(layer))
        for role, layer in role_recognition.get_layer_id_by_assigned_role(manual_project).items()
    }
    assert names == {"YJJBNTBHTB": "农田", "STBHHX": "红线", "CZKFBJ": "边界", "DLTB": "地类"}
    assert (
        dict(county.make_check_options(manual_project).roles)
        == role_recognition.get_layer_id_by_assigned_role(manual_project)
        and county.read_county_settings(manual_project).profile == "hunyuan"
    )
    assert {attribute_forms.get_role_of_form(layer) for layer in map_layers_by_role(manual_project).values()} == set(
        names
    )


def test_findings_layer_of_a_0_1_0_project_is_recognised_and_not_checked(manual_project):
    layer = findings_layer.find_findings_layer(manual_project)
    assert layer is not None and role_recognition.is_findings_layer(layer)
    assert layer not in role_recognition.list_plan_layers(manual_project)
    findings_layer.remove_findings_layer(manual_project)
    assert findings_layer.find_findings_layer(manual_project) is None


def read_old_settings():
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(FILES_OF_0_1_0 / "settings.ini", encoding="utf-8")
    return {key.replace("\\", "/"): value for key, value in parser["sanxian"].items()}


def list_literals():
    """Return every string literal of the plugin's code."""
    return {
        node.value
        for path in (ROOT / "plugin").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_settings_keys_of_version_0_1_0_still_occur_in_the_code():
    """Search the code for each stored key.

    A renamed key would lose the user's choice.
    """
    assert len(read_old_settings()) == 16 and set(read_old_settings()) - list_literals() == set()


def test_settings_of_version_0_1_0_are_read_from_a_qgis_ini_file(qgis_app, tmp_path):
    """Read settings from an ini file, in which all values are texts."""
    former = {key: QgsSettings().value(f"sanxian/{key}") for key in read_old_settings()}
    path = tmp_path / "old.ini"
    path.write_bytes((FILES_OF_0_1_0 / "settings.ini").read_bytes())
    kept = QSettings(str(path), QSettings.Format.IniFormat)
    try:
        for key in read_old_settings():
            QgsSettings().setValue(f"sanxian/{key}", kept.value(f"sanxian/{key}"))
        assert settings.get_report_language() == "en"
        assert (
            settings.read_setting("waiver_author") == "王工" and settings.read_setting("maps/maker") == "浑源县人民政府"
        )
        assert (
            settings.read_setting("check_while_editing", True) is False
            and settings.read_setting("dock_sized", False) is True
        )
    finally:
        for key, value in former.items():
            if value is None:
                QgsSettings().remove(f"sanxian/{key}")
            else:
                QgsSettings().setValue(f"sanxian/{key}", value)
