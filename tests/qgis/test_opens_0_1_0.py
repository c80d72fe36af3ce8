# SPDX-License-Identifier: GPL-2.0-or-later
"""Projects and settings of version 0.1.0 are read by this version.

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
from plugin.bridge.layers import recognise
from plugin.bridge.layers.properties import name_of, template_id
from plugin.bridge.layouts import saved_layouts
from plugin.bridge.new_project import assemble, bookmarks
from plugin.bridge.project import county, waivers
from plugin.core.profile import DocumentInfo
from plugin.core.standard import map_set
from tests.qgis.helpers import ROOT, draw_feature, make_square

OLD = ROOT / "tests" / "upgrade" / "0.1.0"
ROLES = {"YJJBNTBHTB", "STBHHX", "CZKFBJ", "XZQX", "XZQXZ"}
KEY = "140225000000000{:03d}"


@pytest.fixture
def folder(tmp_path):
    with zipfile.ZipFile(OLD / "projects.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


@pytest.fixture
def wizard(functions, project, folder):
    assert project.read(str(folder / "wizard.qgz")), project.error()
    return project


@pytest.fixture
def by_hand(functions, project, folder):
    assert project.read(str(folder / "layers.qgs")), project.error()
    return project


def by_role(project):
    return {template_id(layer): layer for layer in project.mapLayers().values() if template_id(layer)}


def test_the_layers_of_a_wizard_project_are_known(wizard):
    layers = by_role(wizard)
    assert set(layers) == ROLES and all(layer.isValid() for layer in layers.values())
    assert {role: attribute_forms.role_of_form(layer) for role, layer in layers.items()} == {
        role: role for role in ROLES
    }
    assert set(recognise.recognise_layers(recognise.take_outlines(wizard), county.options(wizard)).roles) == ROLES
    assert all(layer.customProperty("sanxian/county") == "140225" for layer in layers.values())


def test_every_function_that_its_forms_call_is_there(wizard):
    calls = set()
    for layer in by_role(wizard).values():
        for index in range(layer.fields().count()):
            calls |= set(re.findall(r"(sanxian_\w+)\(", layer.defaultValueDefinition(index).expression()))
    assert len(calls) >= 3 and calls <= {f.name() for f in QgsExpression.Functions()}


def test_what_is_drawn_has_values_and_no_number_that_was_used(wizard):
    """Continue numbers of version 0.1.0.

    Three were given in this layer and the third was deleted; other layers have separate numbers.
    """
    layers = by_role(wizard)
    boundary = layers["CZKFBJ"]
    assert sorted(f["BSM"] for f in boundary.getFeatures()) == [KEY.format(1), KEY.format(2)]
    assert boundary.startEditing()
    drawn = draw_feature(boundary, make_square(0, 2000), GHFQDM="410")
    assert drawn["BSM"] > KEY.format(3) and drawn["BSM"].startswith(KEY[:14])
    assert (drawn["GHFQMC"], drawn["XZQDM"], drawn["XZQMC"]) == ("城镇集中建设区", "140225", "浑源县")
    assert boundary.commitChanges(), boundary.commitErrors()


def test_every_setting_of_the_county_is_read(wizard, folder):
    assert county.of(wizard) == county.County(
        profile="hunyuan", standard="county_db", scope="three_lines", base_year="2020", phase="approval", targets="targets.csv",
        rules="quality", baseline="baseline.gpkg", register="register.xlsx",
    )  # fmt: skip
    options = county.options(wizard)
    assert (options.baseline, options.register) == (str(folder / "baseline.gpkg"), str(folder / "register.xlsx"))
    assert (options.rules, options.base_year, options.phase) == (("quality",), 2020, "approval")
    # Values that version 0.1.0 did not have are empty, so profile and form apply.
    assert options.document_info == DocumentInfo()
    assert waivers.chosen(wizard) == "accepted.csv" and options.waivers == str(folder / "accepted.csv")


def test_the_way_of_drawing_is_kept(wizard):
    modes, layers = Qgis.AvoidIntersectionsMode, by_role(wizard)
    assemble.follow_layer(wizard, layers["CZKFBJ"])
    assert wizard.avoidIntersectionsMode() == modes.AvoidIntersectionsCurrentLayer
    assemble.follow_layer(wizard, layers["STBHHX"])
    never = {"CZKFBJ", "STBHHX"} & set(wizard.readEntry("sanxian", "avoid_overlaps")[0].split(","))
    assert ("STBHHX" in never) == (wizard.avoidIntersectionsMode() == modes.AvoidIntersectionsCurrentLayer)
    assert wizard.topologicalEditing() and wizard.snappingConfig().enabled()
    assert "三条控制线" in wizard.mapThemeCollection().mapThemes()


def test_bookmarks_follow_the_townships_as_before(wizard):
    assert [b.name() for b in wizard.bookmarkManager().bookmarks()] == ["永安镇"]
    follower = bookmarks.BookmarkUpdater()
    follower.start(wizard)
    layer = by_role(wizard)["XZQXZ"]
    assert layer.startEditing()
    (feature,) = layer.getFeatures()
    layer.changeAttributeValue(feature.id(), layer.fields().lookupField("XZQMC"), "新镇")
    assert layer.commitChanges()
    follower.stop()
    assert [b.name() for b in wizard.bookmarkManager().bookmarks()] == ["新镇"]


def test_a_sheet_is_the_project_s_own(wizard):
    maps = map_set.load_map_set()
    first = next(m for m in maps.maps.values() if m.scope == "county")
    sheet = saved_layouts.find_layout(wizard, first, maps.sheets["A3"], False)
    assert sheet is not None and len(wizard.layoutManager().printLayouts()) == 1


def test_roles_that_a_planner_chose_are_kept(by_hand):
    names = {role: name_of(by_hand.mapLayer(layer)) for role, layer in recognise.chosen_roles(by_hand).items()}
    assert names == {"YJJBNTBHTB": "农田", "STBHHX": "红线", "CZKFBJ": "边界", "DLTB": "地类"}
    assert (
        dict(county.options(by_hand).roles) == recognise.chosen_roles(by_hand)
        and county.of(by_hand).profile == "hunyuan"
    )
    assert {attribute_forms.role_of_form(layer) for layer in by_role(by_hand).values()} == set(names)


def test_a_findings_layer_is_recognised_and_not_checked(by_hand):
    layer = findings_layer.find_findings_layer(by_hand)
    assert layer is not None and recognise.is_findings(layer)
    assert layer not in recognise.plan_layers(by_hand)
    findings_layer.remove_findings_layer(by_hand)
    assert findings_layer.find_findings_layer(by_hand) is None


def old_settings():
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(OLD / "settings.ini", encoding="utf-8")
    return {key.replace("\\", "/"): value for key, value in parser["sanxian"].items()}


def list_literals():
    """Return every string literal of the plugin's code."""
    return {
        node.value
        for path in (ROOT / "plugin").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_no_key_of_the_settings_was_renamed():
    """Find every stored key in the code: a renamed key loses the user's choice."""
    assert len(old_settings()) == 16 and set(old_settings()) - list_literals() == set()


def test_settings_are_read_as_they_were_written(qgis_app, tmp_path):
    """Read settings from an ini file of QGIS, whose values are all texts."""
    former = {key: QgsSettings().value(f"sanxian/{key}") for key in old_settings()}
    path = tmp_path / "old.ini"
    path.write_bytes((OLD / "settings.ini").read_bytes())
    kept = QSettings(str(path), QSettings.Format.IniFormat)
    try:
        for key in old_settings():
            QgsSettings().setValue(f"sanxian/{key}", kept.value(f"sanxian/{key}"))
        assert settings.language() == "en"
        assert settings.get("waiver_author") == "王工" and settings.get("maps/maker") == "浑源县人民政府"
        assert settings.get("check_while_editing", True) is False and settings.get("dock_sized", False) is True
    finally:
        for key, value in former.items():
            if value is None:
                QgsSettings().remove(f"sanxian/{key}")
            else:
                QgsSettings().setValue(f"sanxian/{key}", value)
