# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of the official layers and of findings: the .qml files that tools/make_styles.py writes."""

from __future__ import annotations

from qgis.core import QgsVectorLayer

from ..paths import STYLES

FINDINGS = "findings"


def apply(layer: QgsVectorLayer, role: str) -> bool:
    """Give a layer the symbols of its role. False when there are none for it; the layer then stays as it was."""
    path = STYLES / f"{role}.qml"
    if not path.exists():
        return False
    _, ok = layer.loadNamedStyle(str(path))
    layer.triggerRepaint()
    return bool(ok)
