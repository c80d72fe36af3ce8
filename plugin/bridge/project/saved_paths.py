# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths that a project remembers: relative where the file lies with the project, so that both may move."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject

_SCOPE = "sanxian"


def kept(project: QgsProject, key: str) -> str:
    """A path as it stands in the project; empty when there is none."""
    return str(project.readEntry(_SCOPE, key, "")[0])


def keep(project: QgsProject, key: str, path: str) -> None:
    if not path:
        project.removeEntry(_SCOPE, key)
        return
    home = project.homePath()
    if home and Path(path).is_absolute() and Path(path).is_relative_to(home):
        path = Path(path).relative_to(home).as_posix()
    project.writeEntry(_SCOPE, key, path)


def full(project: QgsProject, key: str) -> str:
    """The path in full; empty when there is none."""
    path = kept(project, key)
    return str(Path(project.homePath() or ".") / path) if path else ""
