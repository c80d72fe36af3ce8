# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that projects, results and settings of the development version 0.2.0-dev are read by this version.

See tests/upgrade/0.2.0-dev/README.md.
"""

import configparser
import json
import zipfile

import pytest
from qgis.PyQt.QtCore import QSettings

from plugin.bridge import settings
from plugin.bridge.layers import role_recognition
from plugin.bridge.layers.properties import get_assigned_role
from plugin.bridge.project import county
from plugin.core.standard.profile import DocumentInfo
from tests.qgis.helpers import ROOT
from tests.qgis.test_gui_controller import make_controller
from tests.qgis.test_opens_0_1_0 import list_literals
from tests.qgis.waiting import process_events, wait_until

FILES_OF_0_2_0 = ROOT / "tests" / "upgrade" / "0.2.0-dev"
NAME_BY_ROLE = {"YJJBNTBHTB": "农田", "STBHHX": "红线", "CZKFBJ": "边界", "DLTB": "地类"}


@pytest.fixture
def folder(tmp_path):
    with zipfile.ZipFile(FILES_OF_0_2_0 / "project.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_project_of_version_0_2_0_keeps_county_document_survey_and_roles(functions, project, folder):
    assert project.read(str(folder / "county.qgz")), project.error()
    assert county.read_county_settings(project) == county.ProjectCountySettings(
        profile="hunyuan", phase="approval", base_year="2020"
    )
    assert county.read_document_info(project) == DocumentInfo(
        secrecy="内部", compiler="某县人民政府", cartographer="测试院", date="2026年11月"
    )
    assert county.read_confirmed_surveys(project) == {("CZKFBJ", "DLTB")}
    layers = role_recognition.list_plan_layers(project)
    assert {get_assigned_role(layer): layer.name() for layer in layers} == NAME_BY_ROLE
    assert project.read(str(folder / "profiled.qgz")), project.error()
    assert county.make_check_options(project).profile == str(folder / "county.profile.toml")


def test_saved_result_of_version_0_2_0_is_shown_with_its_project(chinese, qgis_app, project, folder):
    stored = json.loads((folder / "county.result.json").read_text(encoding="utf-8"))["report"]["findings"]
    controller = make_controller()
    try:
        assert project.read(str(folder / "county.qgz")), project.error()
        assert wait_until(lambda: not controller.saved_results.is_reading and controller.dock.result is not None)
        shown = [(one.code, one.fingerprint) for one in controller.dock.result.findings]
        assert sorted(shown) == sorted((one["code"], one["fingerprint"]) for one in stored) and shown
    finally:
        controller.unload()
        controller.iface.window.deleteLater()
        process_events(0.02)


def test_settings_of_version_0_2_0_have_readers_and_are_read_from_a_qgis_ini_file(qgis_app, monkeypatch, tmp_path):
    path = tmp_path / "old.ini"
    path.write_bytes((FILES_OF_0_2_0 / "settings.ini").read_bytes())
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path, encoding="utf-8")
    keys = {key.replace("\\", "/") for key in parser["sanxian"]}
    literals = list_literals()
    # The window of several counties makes its keys of one text.
    assert len(keys) == 25 and "counties/{name}" in literals
    counties = {key for key in keys if key.startswith("counties/")}
    assert keys - counties <= literals and {key.partition("/")[2] for key in counties} <= literals
    kept = QSettings(str(path), QSettings.Format.IniFormat)
    monkeypatch.setattr(settings, "QgsSettings", lambda: kept)
    assert settings.get_report_language() == "en"
    assert (settings.read_setting("ask_on_drop", True), settings.read_setting("dock_width", 0)) == (False, 480)
    assert settings.read_setting("worklist_person") == "李工" and settings.read_setting("maps/maker") == "某县人民政府"
