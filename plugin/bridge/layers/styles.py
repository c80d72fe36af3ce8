# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of official layers and findings: .qml files by tools/make_styles.py.

The file of a role is found by its name, by `also` of another role's entry, or, as the edition of a base layer
(DLTB2009, WHCGHFQ), by that layer's. A role without an entry gets the default of its geometry: no layer has a random
colour.
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
    """Set the symbols and labels of a layer's role.

    False for a table, which is unchanged.
    """
    geometry = geometry_of(layer)
    if not geometry:
        return False
    styled = apply_style_file(layer, style_name(role, geometry))
    layer.triggerRepaint()
    return styled


def apply_style_file(layer: QgsVectorLayer, name: str) -> bool:
    """Set only symbols, labels and opacity of a .qml file, in any thread.

    The parts are read one by one, because loadNamedStyle reads paths from the project, and clears default values and
    constraints of the layer.
    """
    document = QDomDocument()
    document.setContent(_read_style_file(name))
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
def _read_style_file(name: str) -> str:
    return (STYLES / f"{name}.qml").read_text(encoding="utf-8")


def apply_to_project(project: QgsProject, roles: dict[str, str], kept: str) -> list[str]:
    """Set the symbols of layers (role → layer id); return their names.

    The former style remains in the layer's list of styles as ``kept``, with a number if that name exists.
    """
    done = []
    for role, layer_id in roles.items():
        layer = project.mapLayer(layer_id)
        if isinstance(layer, QgsVectorLayer) and geometry_of(layer):
            before = layer.renderer().clone() if layer.renderer() is not None else None
            name = _keep_style(layer, kept)
            if apply_style(layer, role):
                done.append(layer.name())
            if before is not None and _same(before, layer):
                layer.styleManager().removeStyle(name)
    return done


def _keep_style(layer: QgsVectorLayer, kept: str) -> str:
    manager, name, number = layer.styleManager(), kept, 2
    while name in manager.styles():
        name, number = f"{kept} {number}", number + 1
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    manager.addStyle(name, style)
    return name


def _same(before: QgsFeatureRenderer, layer: QgsVectorLayer) -> bool:
    """Return True if the symbols are unchanged, so that nothing needs to be saved."""
    texts = []
    for renderer in (before, layer.renderer()):
        document = QDomDocument()
        document.appendChild(renderer.save(document, QgsReadWriteContext()))
        texts.append(document.toString())
    return texts[0] == texts[1]


def geometry_of(layer: QgsVectorLayer) -> str:
    """Return ``polygon``, ``line`` or ``point``.

    Empty for tables and mixed geometries.
    """
    return _GEOMETRIES.get(layer.geometryType(), "")


def style_name(role: str, geometry: str) -> str:
    """Return the name of the .qml file for a role's layer of this geometry."""
    found = _find_entry(role)
    if found and (found == FINDINGS or read_style_table()["layers"][found].get("geometry", "polygon") == geometry):
        return found
    return f"default_{geometry}"


def has_own_style(role: str) -> bool:
    """Return True if an entry names this role or the base layer of this edition."""
    return bool(_find_entry(role))


def _find_entry(role: str) -> str:
    known = _read_names()
    base = _YEAR.sub("", role)
    for prefix in ("", *read_style_table()["names"]["prefixes"]):
        for name in (role, base):
            if name.startswith(prefix) and name[len(prefix) :] in known:
                return known[name[len(prefix) :]]
    return ""


@cache
def _read_names() -> dict[str, str]:
    """Return role → the entry that describes its symbols."""
    found = {FINDINGS: FINDINGS}
    for name, spec in read_style_table()["layers"].items():
        found |= dict.fromkeys((name, *spec.get("also", ())), name)
    return found


@cache
def read_style_table() -> dict[str, dict[str, Any]]:
    """Return all .toml files of resources/styles as one table."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(STYLES.glob("*.toml")):
        for section, entries in read_toml(path).items():
            found.setdefault(section, {}).update(entries)
    return found
