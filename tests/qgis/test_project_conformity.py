# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm `project_conformity` reviews layers of projects and leaves its inputs."""

import json

import geopandas as gpd
import pytest
import shapely
from qgis.core import QgsProcessingException, QgsProcessingFeatureSourceDefinition, QgsVectorLayer

from tests.qgis.helpers import SAMPLE, Log, digest_files, run_algorithm

COUNTY = SAMPLE


@pytest.fixture
def project_file(tmp_path):
    """Write two projects in the middle of the sample county; return the path."""
    bounds = gpd.read_file(COUNTY, layer="XZQX").total_bounds
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    shapes = [shapely.box(x, y, x + 200, y + 100), shapely.box(x + 5000, y, x + 5100, y + 100)]
    frame = gpd.GeoDataFrame({"项目名称": ["甲", "乙"], "用途": ["0901", "1202"]}, geometry=shapes, crs="EPSG:4526")
    path = tmp_path / "项目" / "项目.gpkg"
    path.parent.mkdir()
    frame.to_file(path, layer="项目")
    return path


def test_review_writes_layer_workbook_and_json(provider, project_file, tmp_path):
    before = digest_files(project_file.parent), digest_files(COUNTY.parent)
    outputs = {
        "OUTPUT": str(tmp_path / "占用.gpkg"),
        "OUTPUT_XLSX": str(tmp_path / "审查.xlsx"),
        "OUTPUT_JSON": str(tmp_path / "审查.json"),
    }
    results = run_algorithm("project_conformity", {"PROJECTS": str(project_file), "SOURCE": str(COUNTY), **outputs})
    assert {name: results[name] for name in outputs} == outputs
    data = json.loads((tmp_path / "审查.json").read_text(encoding="utf-8"))
    names = {"CONFORM": "conforms", "CONDITIONAL": "conditional", "FAIL": "fails", "UNDETERMINED": "undetermined"}
    assert {name: results[name] for name in names} == {name: data["counts"][key] for name, key in names.items()}
    assert (results["PROJECT_COUNT"], results["LEFT_OUT"]) == (2, 0)
    layer = QgsVectorLayer(outputs["OUTPUT"], "a", "ogr")
    assert layer.isValid() and layer.crs().authid() == "EPSG:4526"
    assert {feature["project"] for feature in layer.getFeatures()} == {"甲", "乙"}
    assert (digest_files(project_file.parent), digest_files(COUNTY.parent)) == before


def test_selected_projects_of_the_project_are_reviewed_against_its_layers(provider, project, project_file, tmp_path):
    projects = QgsVectorLayer(str(project_file), "项目", "ogr")
    zones = QgsVectorLayer(f"{COUNTY}|layername=YDYHGHFQ", "YDYHGHFQ", "ogr")
    project.addMapLayers([projects, zones])
    projects.selectByExpression("项目名称 = '乙'")
    source = QgsProcessingFeatureSourceDefinition(projects.id(), selectedFeaturesOnly=True)
    path = tmp_path / "审查.json"
    results = run_algorithm("project_conformity", {"PROJECTS": source, "OUTPUT_JSON": str(path)})
    data = json.loads(path.read_text(encoding="utf-8"))
    assert [one["name"] for one in data["results"]] == ["乙"] and results["PROJECT_COUNT"] == 1
    lines = {line["id"]: line for line in data["results"][0]["lines"]}
    assert not lines["farmland"]["present"] and lines["farmland"]["outcome"] == "undetermined"
    assert results["UNDETERMINED"] == 1 and "YJJBNTBHTB" in json.dumps(data, ensure_ascii=False)


def test_width_makes_land_of_lines(provider, tmp_path):
    bounds = gpd.read_file(COUNTY, layer="XZQX").total_bounds
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    line = gpd.GeoDataFrame({"名称": ["路"]}, geometry=[shapely.LineString([(x, y), (x + 1000, y)])], crs="EPSG:4526")
    line.to_file(tmp_path / "路.gpkg")
    parameters = {"PROJECTS": str(tmp_path / "路.gpkg"), "SOURCE": str(COUNTY), "USE": "公路用地"}
    results = run_algorithm("project_conformity", parameters)
    assert (results["PROJECT_COUNT"], results["LEFT_OUT"]) == (0, 1)
    assert any(word in results["REMARKS"] for word in ("宽度", "width"))
    path = tmp_path / "审查.json"
    run_algorithm("project_conformity", {**parameters, "WIDTH": 12, "OUTPUT_JSON": str(path)})
    one = json.loads(path.read_text(encoding="utf-8"))["results"][0]
    assert one["use"] == "1202" and one["statutory_m2"] == pytest.approx(12_000, rel=1e-3)


def test_outputs_are_checked_before_the_review(provider, project_file, tmp_path):
    parameters = {"PROJECTS": str(project_file), "SOURCE": str(COUNTY)}
    for output in ({"OUTPUT": str(project_file)}, {"OUTPUT_XLSX": str(tmp_path / "a.txt")}):
        with pytest.raises(QgsProcessingException):
            run_algorithm("project_conformity", {**parameters, **output})


def test_cancelled_review_writes_nothing(provider, project_file, tmp_path):
    feedback = Log()
    feedback.progressChanged.connect(lambda share: feedback.cancel() if share > 30 else None)
    path = tmp_path / "审查.json"
    parameters = {"PROJECTS": str(project_file), "SOURCE": str(COUNTY), "OUTPUT_JSON": str(path)}
    assert run_algorithm("project_conformity", parameters, feedback) == {}
    assert not path.exists()


def test_list_of_projects_gets_each_project_once(provider, project_file, tmp_path):
    listed = tmp_path / "县.projects.gpkg"
    parameters = {"PROJECTS": str(project_file), "SOURCE": str(COUNTY), "PROJECT_LIST": str(listed)}
    for _ in range(2):
        results = run_algorithm("project_conformity", parameters)
        assert results["PROJECT_LIST"] == str(listed)
        assert gpd.read_file(listed)["XMMC"].tolist() == ["甲", "乙"]
