# SPDX-License-Identifier: GPL-2.0-or-later
"""The file with the waivers (accepted findings) of a project's layers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer

from ...core.engine.waivers import WAIVER_SUFFIX
from ..layers.properties import get_file_path
from . import saved_paths
from .saved_paths import find_path_next_to_layers

_FILE_KEY = "waivers"


def read_chosen_waiver_path(project: QgsProject) -> str:
    """Return the waiver file set in 县配置, as stored in the project; empty without one."""
    return saved_paths.read_stored_path(project, _FILE_KEY)


def store_chosen_waiver_path(project: QgsProject, path: str) -> None:
    """Store the waiver file in the project; an empty path removes it."""
    saved_paths.store_path(project, _FILE_KEY, path)


def find_waiver_file_of_layers(project: QgsProject, layers: Iterable[QgsVectorLayer]) -> Path | None:
    """Return the path of the waiver file for layers of the project (see `find_waiver_file`)."""
    return find_waiver_file(project, map(get_file_path, layers))


def find_waiver_file(project: QgsProject, files: Iterable[str]) -> Path | None:
    """Return the path of the waiver file for layers in these files; the file need not exist.

    It is the file set in 县配置. Else it is next to the file that contains all layers, or in their common folder, else
    next to the project file. None without any of these.
    """
    stored_path = saved_paths.read_absolute_path(project, _FILE_KEY)
    if stored_path:
        return Path(stored_path)
    return find_path_next_to_layers(project, files, WAIVER_SUFFIX)


def find_waiver_file_to_apply(project: QgsProject, files: Iterable[str]) -> str:
    """Return the path of the waiver file for a check of these files; empty if it was not set and does not exist."""
    path = find_waiver_file(project, files)
    return str(path) if path is not None and (path.is_file() or read_chosen_waiver_path(project)) else ""
