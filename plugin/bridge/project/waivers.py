# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the waivers of a project's layers stand."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer

from ...core.waivers import SUFFIX, default_waiver_path
from ..layers.properties import file_of
from . import saved_paths

_KEY = "waivers"


def chosen(project: QgsProject) -> str:
    """The file that 县配置 names, as it stands there; empty when it names none."""
    return saved_paths.kept(project, _KEY)


def choose(project: QgsProject, path: str) -> None:
    """Name a file, or none."""
    saved_paths.keep(project, _KEY, path)


def place(project: QgsProject, layers: Iterable[QgsVectorLayer]) -> Path | None:
    """As `place_of`, for layers of the project."""
    return place_of(project, map(file_of, layers))


def place_of(project: QgsProject, files: Iterable[str]) -> Path | None:
    """The file of 县配置; else beside the one file that all layers are in, or in the one folder of their files, where a
    check of that file or folder looks, too; else beside the project's file. None when there is none of these."""
    named = saved_paths.full(project, _KEY)
    if named:
        return Path(named)
    # What a layer in memory says of itself may be longer than any path; Path.exists raises then.
    there = {Path(path) for path in files if path and os.path.exists(path)}
    if len(there) == 1:
        return default_waiver_path(there.pop())
    folders = {path.parent for path in there}
    if len(folders) == 1:
        return default_waiver_path(folders.pop())
    home = project.absoluteFilePath()
    return Path(home).with_name(f"{Path(home).stem}{SUFFIX}") if home else None


def of(project: QgsProject, files: Iterable[str]) -> str:
    """What a check of layers from these files is told: the file of waivers where it is there, or was named; else nothing."""
    path = place_of(project, files)
    return str(path) if path is not None and (path.is_file() or chosen(project)) else ""
