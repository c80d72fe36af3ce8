# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that the mapping dialog asks for; all from the folder that was used last."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from ...bridge import settings
from ...bridge.texts import tr

_FOLDER = "mapping_folder"


def ask_layer(parent: QWidget, project: QgsProject) -> str:
    """A file with a layer; empty when nothing was chosen."""
    files = tr("Layers (*.shp *.gpkg *.geojson *.json);;All files (*)")
    return _remembered(QFileDialog.getOpenFileName(parent, tr("Layer"), _folder(project), files)[0])


def ask_mapping(parent: QWidget, project: QgsProject) -> str:
    """A mapping that is there; empty when nothing was chosen."""
    title, files = tr("Open Mapping"), tr("Mapping (*.toml)")
    return _remembered(QFileDialog.getOpenFileName(parent, title, _folder(project), files)[0])


def ask_where(parent: QWidget, project: QgsProject, role: str) -> str:
    """Where the mapping of a layer is to be saved; empty when nothing was chosen."""
    name = str(Path(_folder(project)) / f"{role}.mapping.toml")
    return _remembered(QFileDialog.getSaveFileName(parent, tr("Save Mapping"), name, tr("Mapping (*.toml)"))[0])


def _folder(project: QgsProject) -> str:
    return settings.get(_FOLDER, "") or project.homePath() or str(Path.home())


def _remembered(path: str) -> str:
    if path:
        settings.put(_FOLDER, str(Path(path).parent))
    return path
