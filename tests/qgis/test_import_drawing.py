# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm `import_drawing` writes polygons, names what it left out, and leaves the drawing unchanged."""

import math

import pytest
from qgis.core import QgsProcessingException, QgsVectorLayer

from plugin.algorithms.points_and_drawings import _MAPPINGS, DEFAULT_CLOSING_M, DEFAULT_TOLERANCE_M
from plugin.core.base.choices import DRAWING_UNITS
from plugin.core.base.files.data import list_data_ids
from plugin.core.exchange.drawings.mapping import load_settings
from plugin.paths import DRAWINGS_FOLDER
from tests.core.drawing_files import DrawingWriter
from tests.qgis.helpers import run_algorithm


def test_outlines_become_layers_and_the_rest_is_named(provider, tmp_path):
    writer = DrawingWriter()
    writer.add_circle((0, 0), 50)
    writer.add_polyline([(100, 0), (150, 0), (150, 50), (100, 50)], layer="CZKFBJ")
    handle = writer.add_line((200, 0), (250, 0))
    path = writer.write(tmp_path / "红线.dxf")
    before = path.read_bytes()
    target, table = tmp_path / "红线.gpkg", tmp_path / "未采用.xlsx"
    parameters = {"INPUT": str(path), "TOLERANCE": 0.00001, "OUTPUT": str(target), "OUTPUT_TABLE": str(table)}
    results = run_algorithm("import_drawing", parameters)
    assert (results["LAYERS"], results["POLYGONS"], results["LEFT_OUT"]) == (2, 2, 1)
    assert handle in results["REMARKS"] and table.is_file() and path.read_bytes() == before
    layer = QgsVectorLayer(f"{target}|layername=XMFW", "a", "ogr")
    (feature,) = layer.getFeatures()
    assert feature.geometry().area() == pytest.approx(math.pi * 2500, abs=0.01)
    assert layer.crs().authid() == "EPSG:4526"


def test_unit_and_crs_are_asked_for_and_taken(provider, tmp_path):
    writer = DrawingWriter(insunits=4, scale=1000.0, statement="")
    writer.add_circle((0, 0), 50)
    parameters = {"INPUT": str(writer.write(tmp_path / "a.dxf")), "OUTPUT": str(tmp_path / "a.gpkg")}
    with pytest.raises(QgsProcessingException, match="UNITS"):
        run_algorithm("import_drawing", parameters)
    with pytest.raises(QgsProcessingException, match="EPSG:4526"):
        run_algorithm("import_drawing", parameters | {"UNITS": "mm"})
    assert not (tmp_path / "a.gpkg").exists()
    assert run_algorithm("import_drawing", parameters | {"UNITS": "mm", "CRS": "EPSG:4526"})["POLYGONS"] == 1


def test_choices_and_defaults_of_the_dialog_are_those_of_the_core():
    settings = load_settings()
    assert (settings.tolerance_m, settings.closing_m) == (DEFAULT_TOLERANCE_M, DEFAULT_CLOSING_M)
    assert set(DRAWING_UNITS) == set(settings.metres_by_unit)
    assert list_data_ids(DRAWINGS_FOLDER) == _MAPPINGS
