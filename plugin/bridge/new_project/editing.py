# SPDX-License-Identifier: GPL-2.0-or-later
"""How a county project is drawn in: snapping, topological editing, no overlaps where the layer has none."""

from __future__ import annotations

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsSnappingConfig, QgsVectorLayer

from ..layers.properties import template_id

#: Pixels on the screen: near enough to mean a vertex, far enough to draw beside one.
TOLERANCE_PX = 10.0
_SCOPE, _AVOID = "sanxian", "avoid_overlaps"
#: Roles whose features may not overlap, kept with the project: their layers switch avoiding on.
_SEPARATOR = ","


def set_up(project: QgsProject, never_overlap: list[str]) -> None:
    """Snapping to vertices and segments of all layers, shared borders move together; ``never_overlap``: roles in whose
    layers a new feature is cut along those that are there (`follow`)."""
    config = QgsSnappingConfig(project)
    config.setEnabled(True)
    config.setMode(Qgis.SnappingMode.AllLayers)
    config.setTypeFlag(Qgis.SnappingType.Vertex | Qgis.SnappingType.Segment)
    config.setTolerance(TOLERANCE_PX)
    config.setUnits(Qgis.MapToolUnit.Pixels)
    config.setIntersectionSnapping(True)
    project.setSnappingConfig(config)
    project.setTopologicalEditing(True)
    # QGIS has one setting for all layers; heritage ranges do overlap and must not be cut without a word.
    project.setAvoidIntersectionsMode(Qgis.AvoidIntersectionsMode.AllowIntersections)
    project.writeEntry(_SCOPE, _AVOID, _SEPARATOR.join(sorted(never_overlap)))


def follow(project: QgsProject, layer: QgsMapLayer | None) -> None:
    """The layer in use has changed: new features avoid overlaps within it, or may overlap, as its template says.

    Only in a project that was set up so, and for layers with a role; else the user's own setting stays.
    """
    roles = project.readEntry(_SCOPE, _AVOID, "")[0]
    if not roles or not isinstance(layer, QgsVectorLayer) or not template_id(layer):
        return
    modes = Qgis.AvoidIntersectionsMode
    never = template_id(layer) in roles.split(_SEPARATOR)
    project.setAvoidIntersectionsMode(modes.AvoidIntersectionsCurrentLayer if never else modes.AllowIntersections)
