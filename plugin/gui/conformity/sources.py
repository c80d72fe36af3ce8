# SPDX-License-Identifier: GPL-2.0-or-later
"""Projects from selected features of a layer, and from a file."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProviderRegistry, QgsProviderSublayerDetails, QgsVectorLayer
from qgis.PyQt.QtWidgets import QInputDialog, QWidget

from ...bridge.checking.drawn_projects import ProjectShape, read_features
from ...bridge.texts import tr

#: Files of boundary points, which the toolbox imports first; other files are layers.
POINT_SUFFIXES = (".txt", ".csv", ".xlsx", ".xls")
FILE_FILTER = "*.gpkg *.shp *.geojson *.txt *.csv *.xlsx *.xls"
#: More features at once are reviewed by the toolbox.
MAX_PROJECTS = 500


class NoProjects(Exception):
    """Raised with a message for the user when a source has no project."""


def read_selected_features(
    layer: object, names_by_meaning: dict[str, tuple[str, ...]]
) -> tuple[list[ProjectShape], str]:
    """Return the selected features of a layer as projects, and the layer's name. Raise NoProjects."""
    if not isinstance(layer, QgsVectorLayer) or not layer.isSpatial():
        raise NoProjects(tr("The current layer has no shapes. Choose a layer of projects and select features."))
    if not layer.selectedFeatureCount():
        raise NoProjects(tr("No feature of “{layer}” is selected. Select the projects.").format(layer=layer.name()))
    _check_count(layer.selectedFeatureCount())
    if not layer.crs().isValid():
        raise NoProjects(tr("“{layer}” has no CRS. Assign one.").format(layer=layer.name()))
    shapes = read_features(layer, list(layer.getSelectedFeatures()), names_by_meaning)
    if not shapes:
        raise NoProjects(tr("The selected features of “{layer}” have no shapes.").format(layer=layer.name()))
    return shapes, layer.name()


def read_file(
    path: str, names_by_meaning: dict[str, tuple[str, ...]], parent: QWidget
) -> tuple[list[ProjectShape], str]:
    """Return the features of a layer of a file as projects, and its name; the user chooses between several layers.

    The result is empty if the user cancels. The file is not added to the project. Raise NoProjects.
    """
    name = Path(path).stem
    sublayers = [one for one in QgsProviderRegistry.instance().querySublayers(path) if _is_vector(one)]
    if not sublayers:
        raise NoProjects(tr("“{name}” has no layer with shapes.").format(name=Path(path).name))
    chosen = sublayers[0]
    if len(sublayers) > 1:
        names = [one.name() for one in sublayers]
        text, is_accepted = QInputDialog.getItem(parent, tr("Projects"), tr("Layer of projects"), names, 0, False)
        if not is_accepted:
            return [], name
        chosen, name = sublayers[names.index(text)], text
    layer = QgsVectorLayer(chosen.uri(), name, chosen.providerKey())
    if not layer.isValid() or not layer.crs().isValid():
        raise NoProjects(tr("“{name}” cannot be read, or has no CRS. Assign one.").format(name=Path(path).name))
    _check_count(layer.featureCount())
    shapes = read_features(layer, list(layer.getFeatures()), names_by_meaning)
    if not shapes:
        raise NoProjects(tr("“{name}” has no features with shapes.").format(name=Path(path).name))
    return shapes, name


def _is_vector(sublayer: QgsProviderSublayerDetails) -> bool:
    layer = sublayer.toLayer(QgsProviderSublayerDetails.LayerOptions(QgsVectorLayer.LayerOptions().transformContext))
    return isinstance(layer, QgsVectorLayer) and layer.isSpatial()


def _check_count(count: int) -> None:
    if count > MAX_PROJECTS:
        text = tr("{count} projects are too many for the panel, which takes {limit}. Use the tool Review projects.")
        raise NoProjects(text.format(count=count, limit=MAX_PROJECTS))
