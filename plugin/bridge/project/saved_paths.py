# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths stored in a project, relative if the file is in the project's folder.

Project and file can then be moved together.
"""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject

_PROJECT_SCOPE = "sanxian"


def read_stored_path(project: QgsProject, key: str) -> str:
    """Return a path as stored in the project under a key; empty without a stored path."""
    return str(project.readEntry(_PROJECT_SCOPE, key, "")[0])


def store_path(project: QgsProject, key: str, path: str) -> None:
    """Store a path in the project under a key, relative to the project if possible."""
    if not path:
        project.removeEntry(_PROJECT_SCOPE, key)
        return
    project_folder = project.homePath()
    if project_folder and Path(path).is_absolute() and Path(path).is_relative_to(project_folder):
        path = Path(path).relative_to(project_folder).as_posix()
    project.writeEntry(_PROJECT_SCOPE, key, path)


def read_absolute_path(project: QgsProject, key: str) -> str:
    """Return the absolute form of a path stored in the project; empty without one."""
    path = read_stored_path(project, key)
    return str(Path(project.homePath() or ".") / path) if path else ""
