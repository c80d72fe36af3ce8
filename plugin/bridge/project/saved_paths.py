# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths of files that belong to a project, stored in it or next to its data; also that of the waivers.

A stored path is relative if the file is in the project's folder, so that both can be moved together.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QStandardPaths

from ...core.base.files import make_path_next_to_data
from ...core.engine.waivers import WAIVER_SUFFIX
from ..layers.properties import get_file_path

_PROJECT_SCOPE = "sanxian"
WAIVERS_KEY = "waivers"


def read_stored_path(project: QgsProject, key: str) -> str:
    """Return a path as stored in the project under a key; empty without a stored path."""
    return str(project.readEntry(_PROJECT_SCOPE, key, "")[0])


def store_text(project: QgsProject, key: str, text: str) -> None:
    """Store a text in the project under a key; an empty text removes it."""
    if text:
        project.writeEntry(_PROJECT_SCOPE, key, text)
    else:
        project.removeEntry(_PROJECT_SCOPE, key)


def store_path(project: QgsProject, key: str, path: str) -> None:
    """Store a path in the project under a key, relative to the project if possible; an empty path removes it."""
    project_folder = project.homePath()
    if project_folder and Path(path).is_absolute() and Path(path).is_relative_to(project_folder):
        path = Path(path).relative_to(project_folder).as_posix()
    store_text(project, key, path)


def read_absolute_path(project: QgsProject, key: str) -> str:
    """Return the absolute form of a path stored in the project; empty without one."""
    path = read_stored_path(project, key)
    return str(Path(project.homePath() or ".") / path) if path else ""


def get_start_folder(project: QgsProject | None = None) -> str:
    """Return the folder where file dialogs begin: that of the project, else the user's documents."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    folders = (project.homePath() if project is not None else "", documents, str(Path.home()))
    return next((one for one in folders if one and os.path.isdir(one)), "")


def find_path_next_to_layers(project: QgsProject, files: Iterable[str], suffix: str) -> Path | None:
    """Return the path of a file for layers in these files; the file need not exist.

    It is next to the file that contains all layers, or in their common folder, else next to the project file. None
    without any of these. ``suffix``: end of its name, after the name of the data.
    """
    # The source of a memory layer may be longer than any path; Path.exists then raises.
    existing_files = {Path(path) for path in files if path and os.path.exists(path)}
    if len(existing_files) == 1:
        return make_path_next_to_data(existing_files.pop(), suffix)
    folders = {path.parent for path in existing_files}
    if len(folders) == 1:
        return make_path_next_to_data(folders.pop(), suffix)
    project_file = project.absoluteFilePath()
    return make_path_next_to_data(project_file, suffix) if project_file else None


def find_waiver_file_of_layers(project: QgsProject, layers: Iterable[QgsVectorLayer]) -> Path | None:
    """Return the path of the waiver file for layers of the project (see `find_waiver_file`)."""
    return find_waiver_file(project, map(get_file_path, layers))


def find_waiver_file(project: QgsProject, files: Iterable[str]) -> Path | None:
    """Return the path of the waiver file for layers in these files; the file need not exist.

    It is the file set in 县配置. Else it is next to the file that contains all layers, or in their common folder, else
    next to the project file. None without any of these.
    """
    stored_path = read_absolute_path(project, WAIVERS_KEY)
    return Path(stored_path) if stored_path else find_path_next_to_layers(project, files, WAIVER_SUFFIX)


def find_waiver_file_to_apply(project: QgsProject, files: Iterable[str]) -> str:
    """Return the path of the waiver file for a check of these files; empty if it was not set and does not exist."""
    path = find_waiver_file(project, files)
    return str(path) if path is not None and (path.is_file() or read_stored_path(project, WAIVERS_KEY)) else ""
