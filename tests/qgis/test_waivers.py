# SPDX-License-Identifier: GPL-2.0-or-later
"""Test waivers (accepted findings) in check_plan and in projects."""

import json
from datetime import date

import pytest
from qgis.core import QgsProcessingException, QgsProject, QgsVectorLayer

from plugin.bridge.project import county, saved_paths
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.engine.waivers.file import change_waivers
from plugin.core.engine.waivers.waiver import WaiverEntry, make_waivers
from tests.qgis.helpers import Log, run_algorithm, write_small

pytestmark = pytest.mark.usefixtures("provider", "project")
WAIVER_ENTRY = WaiverEntry("防洪堤已批复", "〔2026〕12号", "王工", date(2026, 11, 20))


@pytest.fixture
def plan_file(tmp_path):
    return write_small(tmp_path / "county.gpkg")


def write_waiver(plan_file, code="REL001"):
    checked = check_plan(plan_file, RunOptions(rules=(code,)))
    entries = make_waivers(checked.report.findings, WAIVER_ENTRY, checked.waivers.limits)
    change_waivers(checked.waivers.path, added_waivers=entries)
    return checked.waivers.path


def load_layers(plan_file, *roles):
    for role in roles or ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB"):
        layer = QgsVectorLayer(f"{plan_file}|layername={role}", role, "ogr")
        assert layer.isValid()
        QgsProject.instance().addMapLayer(layer)
    return list(QgsProject.instance().mapLayers().values())


def run_check_plan(**parameters):
    log = Log()
    return run_algorithm("check_plan", {"RULES": "REL001", **parameters}, feedback=log), "\n".join(log.lines)


def test_check_plan_reads_the_waiver_file_next_to_the_data_or_the_given_one(plan_file, tmp_path):
    assert run_check_plan(SOURCE=str(plan_file))[0]["ERRORS"] == 1
    path = write_waiver(plan_file)
    result, lines = run_check_plan(
        SOURCE=str(plan_file), OUTPUT_JSON=str(tmp_path / "r.json"), OUTPUT_FINDINGS=str(tmp_path / "f.gpkg")
    )
    assert (result["ERRORS"], result["VERDICT"]) == (0, "conditional")
    assert "数据所在文件夹的“county.waivers.csv”" in lines and "豁免 1 处" in lines
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["rules"][0]["outcome"] == "waived" and report["findings"][0]["state"] == "waived"
    row = next(QgsVectorLayer(str(tmp_path / "f.gpkg"), "f", "ogr").getFeatures())
    assert row["state"] == "waived" and "防洪堤已批复" in row["params"]
    assert run_check_plan(SOURCE=str(plan_file), WAIVERS="none")[0]["ERRORS"] == 1
    elsewhere = tmp_path / "别处.csv"
    path.rename(elsewhere)
    assert run_check_plan(SOURCE=str(plan_file))[0]["ERRORS"] == 1
    assert run_check_plan(SOURCE=str(plan_file), WAIVERS=str(elsewhere))[0]["ERRORS"] == 0


def test_check_plan_stops_at_a_damaged_waiver_file_and_names_the_row(plan_file):
    path = write_waiver(plan_file)
    path.write_bytes(path.read_bytes().replace("王工".encode(), b""))
    with pytest.raises(QgsProcessingException) as error:
        run_check_plan(SOURCE=str(plan_file))
    assert "第 2 行" in str(error.value) and "登记人" in str(error.value)


def test_check_of_project_layers_uses_the_waiver_file_next_to_their_data(plan_file, tmp_path):
    write_waiver(plan_file)
    load_layers(plan_file)
    assert run_check_plan()[0]["ERRORS"] == 0
    named = tmp_path / "没有.csv"
    saved_paths.store_path(QgsProject.instance(), saved_paths.WAIVERS_KEY, str(named))
    with pytest.raises(QgsProcessingException) as error:
        run_check_plan()
    assert "没有.csv" in str(error.value), "one that was named and is not there is no slip to be passed over"


def test_check_of_chosen_layers_uses_the_waiver_file_next_to_their_data(plan_file, tmp_path):
    write_waiver(plan_file)
    layers = load_layers(plan_file)
    (tmp_path / "远").mkdir()
    load_layers(write_small(tmp_path / "远" / "other.gpkg"), "CZKFBJ")
    assert (
        saved_paths.find_waiver_file_of_layers(QgsProject.instance(), QgsProject.instance().mapLayers().values())
        is None
    )
    assert run_check_plan(LAYERS=[layer.id() for layer in layers])[0]["ERRORS"] == 0


def test_waiver_file_of_a_project_is_located_next_to_its_data_or_project_file(plan_file, tmp_path):
    project = QgsProject.instance()
    assert saved_paths.find_waiver_file_of_layers(project, []) is None
    layers = load_layers(plan_file)
    assert saved_paths.find_waiver_file_of_layers(project, layers) == tmp_path / "county.waivers.csv"
    other = write_small(tmp_path / "other.gpkg")
    layers += load_layers(other, "DLTB")
    assert saved_paths.find_waiver_file_of_layers(project, layers) == tmp_path / f"{tmp_path.name}.waivers.csv"
    (tmp_path / "远").mkdir()
    layers += load_layers(write_small(tmp_path / "远" / "third.gpkg"), "DLTB")
    assert saved_paths.find_waiver_file_of_layers(project, layers) is None
    assert project.write(str(tmp_path / "规划.qgz"))
    assert saved_paths.find_waiver_file_of_layers(project, layers) == tmp_path / "规划.waivers.csv"
    saved_paths.store_path(project, saved_paths.WAIVERS_KEY, str(tmp_path / "远" / "mine.csv"))
    assert saved_paths.read_stored_path(project, saved_paths.WAIVERS_KEY) == "远/mine.csv", "moves with the project"
    assert saved_paths.find_waiver_file_of_layers(project, layers) == tmp_path / "远" / "mine.csv"
    assert county.make_check_options(project).waivers == str(tmp_path / "远" / "mine.csv")
    saved_paths.store_path(project, saved_paths.WAIVERS_KEY, "")
    assert county.make_check_options(project).waivers == "", "none is there yet"
