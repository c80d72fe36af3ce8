# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that belong to the layers of a project and are next to their data."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from qgis.core import QgsProject

from ...core.files import make_path_next_to_data


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
