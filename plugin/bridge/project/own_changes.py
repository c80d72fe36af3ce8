# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of a project by the plugin itself, which the user need not save."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer


@contextmanager
def keep_unchanged(project: QgsProject) -> Iterator[None]:
    """Let the plugin change layers or what is shown, without a project that has unsaved changes because of it.

    The map canvas takes over the layers in the next turn of the event loop, and QGIS counts that as a change, too.
    """
    is_dirty = project.isDirty()
    try:
        yield
    finally:
        project.setDirty(is_dirty)
        if not is_dirty:
            QTimer.singleShot(0, lambda: project.setDirty(False))
