# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the warning before editing a FileGDB that this QGIS can damage."""

import geopandas as gpd
import pytest
import shapely
from qgis.core import QgsVectorLayer

from plugin.core.base.files import filegdb_driver
from plugin.gui.editing.filegdb_warning import FileGdbWarning
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_controller import ControllerInterface
from tests.qgis.waiting import process_events


def read_messages(iface):
    item = iface.messageBar().currentItem()
    return item.text() if item is not None else ""


@pytest.fixture
def followed_layers(chinese, qgis_app, project, tmp_path, monkeypatch):
    """Return window, warning, and three layers: of a GeoPackage, and two of a FileGDB, one opened before the warning."""
    monkeypatch.setattr(filegdb_driver, "read_gdal_version", lambda: "3.6.2")
    database, package = tmp_path / "县.gdb", write_small(tmp_path / "小县.gpkg")
    frame = gpd.GeoDataFrame({"BSM": ["1"]}, geometry=[shapely.box(0, 0, 9, 9)], crs=4526)
    for name in ("CZKFBJ", "STBHHX"):
        frame.to_file(database, layer=name, driver="OpenFileGDB")
    sources = (f"{package}|layername=CZKFBJ", f"{database}|layername=CZKFBJ", f"{database}|layername=STBHHX")
    layers = [QgsVectorLayer(source, source.rpartition("=")[2], "ogr") for source in sources]
    iface = ControllerInterface()
    project.addMapLayers(layers[:2])
    warning = FileGdbWarning(iface)
    project.addMapLayer(layers[2])
    yield iface, warning, *layers
    for layer in layers:
        layer.rollBack()
    iface.window.deleteLater()
    process_events(0.02)


def test_editing_a_file_geodatabase_with_an_old_driver_shows_one_warning(followed_layers):
    iface, warning, of_package, first, second = followed_layers
    assert of_package.startEditing() and read_messages(iface) == ""
    assert second.startEditing()
    text = read_messages(iface)
    assert "GDAL 3.6.2" in text and "“县.gdb”" in text and "STBHHX" in text and "转为 GeoPackage" in text
    iface.messageBar().clearWidgets()
    assert first.startEditing() and read_messages(iface) == ""
    warning.stop()


def test_stopped_warning_or_a_new_driver_shows_none(followed_layers, monkeypatch):
    iface, warning, _, first, second = followed_layers
    monkeypatch.setattr(filegdb_driver, "read_gdal_version", lambda: "3.9.0")
    assert first.startEditing() and read_messages(iface) == ""
    monkeypatch.undo()
    warning.stop()
    assert second.startEditing() and read_messages(iface) == ""
