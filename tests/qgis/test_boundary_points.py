# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithms `import_boundary_points` and `export_boundary_points` read and write files and leave their inputs."""

import pytest
from qgis.core import QgsProcessingException, QgsProcessingFeatureSourceDefinition, QgsProject, QgsVectorLayer

from tests.core.boundary_point_files import HEADER, OUTER, FileWriter, place_ring, write_two_parcels
from tests.qgis.helpers import run_algorithm


@pytest.fixture
def point_file(tmp_path):
    return write_two_parcels(tmp_path / "项目.txt")


def test_import_and_export_return_the_same_file(provider, point_file, tmp_path):
    before = point_file.read_bytes()
    layer = str(tmp_path / "层.gpkg")
    results = run_algorithm("import_boundary_points", {"INPUT": str(point_file), "OUTPUT": layer})
    assert (results["PARCELS"], results["POINTS"], results["LEFT_OUT"], results["REMARKS"]) == (2, 11, 0, "")
    assert results["OUTPUT"] == layer
    copy = tmp_path / "出.txt"
    results = run_algorithm("export_boundary_points", {"INPUT": layer, "OUTPUT": str(copy)})
    assert (results["PARCELS"], results["POINTS"], results["LEFT_OUT"]) == (2, 11, 0)
    assert copy.read_bytes() == point_file.read_bytes() == before


def test_selected_and_edited_parcels_of_the_project_are_exported(provider, point_file, tmp_path):
    path = str(tmp_path / "层.gpkg")
    run_algorithm("import_boundary_points", {"INPUT": str(point_file), "OUTPUT": path})
    layer = QgsVectorLayer(path, "地块", "ogr")
    QgsProject.instance().addMapLayer(layer)
    layer.selectByExpression("DKMC = '乙'")
    layer.startEditing()
    layer.changeAttributeValue(layer.selectedFeatureIds()[0], layer.fields().indexOf("DKMC"), "丙")
    source = QgsProcessingFeatureSourceDefinition(layer.id(), selectedFeaturesOnly=True)
    results = run_algorithm("export_boundary_points", {"INPUT": source, "OUTPUT": str(tmp_path / "出.txt")})
    layer.rollBack()
    text = (tmp_path / "出.txt").read_bytes().decode("gbk")
    assert results["PARCELS"] == 1 and ",2,丙,面," in text and "甲" not in text


def test_import_asks_for_an_unknown_crs_and_takes_the_given_one(provider, tmp_path):
    writer = FileWriter(header=tuple(line for line in HEADER if not line.startswith("坐标系")))
    writer.add_parcel("甲", place_ring(OUTER))
    path, layer = writer.write(tmp_path / "a.txt"), tmp_path / "a.gpkg"
    parameters = {"INPUT": str(path), "OUTPUT": str(layer)}
    with pytest.raises(QgsProcessingException, match="EPSG:4526"):
        run_algorithm("import_boundary_points", parameters)
    assert not layer.exists()
    assert run_algorithm("import_boundary_points", parameters | {"CRS": "EPSG:4526"})["PARCELS"] == 1


def test_remarks_name_file_line_parcel_and_remedy(provider, point_file, tmp_path):
    lines = point_file.read_bytes().split(b"\r\n")
    lines[11] = b"J2,1,38472290.065,4397562.228"
    point_file.write_bytes(b"\r\n".join(lines))
    parameters = {"INPUT": str(point_file), "FORMAT": "txt", "OUTPUT": str(tmp_path / "a.gpkg")}
    results = run_algorithm("import_boundary_points", parameters)
    assert results["PARCELS"] == 1 and results["LEFT_OUT"] == 1 and "项目.txt" in results["REMARKS"]
    assert any(word in results["REMARKS"] for word in ("第 12 行", "line 12"))


def test_import_into_a_temporary_layer_is_possible(provider, point_file):
    results = run_algorithm("import_boundary_points", {"INPUT": str(point_file), "OUTPUT": "TEMPORARY_OUTPUT"})
    layer = QgsVectorLayer(results["OUTPUT"], "a", "ogr")
    assert layer.isValid() and layer.featureCount() == 2 and layer.crs().authid() == "EPSG:4526"
