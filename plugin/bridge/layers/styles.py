# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of the official layers and of findings: the .qml files that tools/make_styles.py writes.

A role finds its file by its name, by `also` of another role's entry, or, as the edition of a base layer (DLTB2009,
WHCGHFQ), by that layer's. One that no entry names gets the default of its geometry: no layer has a random colour.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from qgis.core import (
    Qgis,
    QgsAbstractVectorLayerLabeling,
    QgsFeatureRenderer,
    QgsMapLayerStyle,
    QgsProject,
    QgsReadWriteContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtXml import QDomDocument

from ...core.files.data import read_toml
from ...paths import STYLES

FINDINGS = "findings"
_GEOMETRIES = {
    Qgis.GeometryType.Polygon: "polygon",
    Qgis.GeometryType.Line: "line",
    Qgis.GeometryType.Point: "point",
}
_YEAR = re.compile(r"_?(19|20)\d\d$")


def apply_style(layer: QgsVectorLayer, role: str) -> bool:
    """Give a layer the symbols and labels of its role. False for a table; it then stays as it was."""
    geometry = geometry_of(layer)
    if not geometry:
        return False
    dressed = apply_style_file(layer, style_name(role, geometry))
    layer.triggerRepaint()
    return dressed


def apply_style_file(layer: QgsVectorLayer, look: str) -> bool:
    """Symbols, labels and opacity of a .qml file and nothing else, in any thread. Read piece by piece: loadNamedStyle
    asks the project for paths, and sets default values and constraints of the layer to nothing."""
    document = QDomDocument()
    document.setContent(_style_text(look))
    root, context = document.documentElement(), QgsReadWriteContext()
    renderer = QgsFeatureRenderer.load(root.firstChildElement("renderer-v2"), context)
    if renderer is None:
        return False
    layer.setRenderer(renderer)
    opacity = root.firstChildElement("layerOpacity").text()
    layer.setOpacity(float(opacity) if opacity else 1.0)
    labels = root.firstChildElement("labeling")
    shown = not labels.isNull() and root.attribute("labelsEnabled") == "1"
    layer.setLabeling(QgsAbstractVectorLayerLabeling.create(labels, context) if shown else None)
    layer.setLabelsEnabled(shown)
    return True


@cache
def _style_text(look: str) -> str:
    return (STYLES / f"{look}.qml").read_text(encoding="utf-8")


def apply_to_project(project: QgsProject, roles: dict[str, str], kept: str) -> list[str]:
    """Symbols for the layers that play a role (role → layer id); answers their names. What a layer looked like before
    stays in its list of styles as ``kept``, with a number where there is one already."""
    done = []
    for role, layer_id in roles.items():
        layer = project.mapLayer(layer_id)
        if isinstance(layer, QgsVectorLayer) and geometry_of(layer):
            before = layer.renderer().clone() if layer.renderer() is not None else None
            name = _keep(layer, kept)
            if apply_style(layer, role):
                done.append(layer.name())
            if before is not None and _same(before, layer):
                layer.styleManager().removeStyle(name)
    return done


def _keep(layer: QgsVectorLayer, kept: str) -> str:
    manager, name, number = layer.styleManager(), kept, 2
    while name in manager.styles():
        name, number = f"{kept} {number}", number + 1
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    manager.addStyle(name, style)
    return name


def _same(before: QgsFeatureRenderer, layer: QgsVectorLayer) -> bool:
    """Are the symbols those that were there? Then there is nothing to keep."""
    texts = []
    for renderer in (before, layer.renderer()):
        document = QDomDocument()
        document.appendChild(renderer.save(document, QgsReadWriteContext()))
        texts.append(document.toString())
    return texts[0] == texts[1]


def geometry_of(layer: QgsVectorLayer) -> str:
    """``polygon``, ``line`` or ``point``; empty for a table or a layer of mixed shapes."""
    return _GEOMETRIES.get(layer.geometryType(), "")


def style_name(role: str, geometry: str) -> str:
    """The name of the .qml file for a role's layer of this geometry."""
    found = _own(role)
    if found and (found == FINDINGS or read_style_table()["layers"][found].get("geometry", "polygon") == geometry):
        return found
    return f"default_{geometry}"


def has_own_style(role: str) -> bool:
    """Does an entry name this role, or is it an edition of one that does?"""
    return bool(_own(role))


def _own(role: str) -> str:
    known = _names()
    bare = _YEAR.sub("", role)
    for prefix in ("", *read_style_table()["names"]["prefixes"]):
        for name in (role, bare):
            if name.startswith(prefix) and name[len(prefix) :] in known:
                return known[name[len(prefix) :]]
    return ""


@cache
def _names() -> dict[str, str]:
    """Role → the entry that describes its symbols."""
    found = {FINDINGS: FINDINGS}
    for name, spec in read_style_table()["layers"].items():
        found |= dict.fromkeys((name, *spec.get("also", ())), name)
    return found


@cache
def read_style_table() -> dict[str, dict[str, Any]]:
    """All .toml files of resources/styles as one."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(STYLES.glob("*.toml")):
        for section, entries in read_toml(path).items():
            found.setdefault(section, {}).update(entries)
    return found
