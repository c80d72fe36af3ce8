# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of plan layers and findings: .qml files by tools/make_styles.py.

The file of a role (code of the plan layer) is found by its name, by `also` of another role's entry, or, as the
edition of a base layer (DLTB2009, WHCGHFQ), by that layer's. A role without an entry gets the default of its
geometry: no layer has a random colour.
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

from ...core.base.files.data import read_toml
from ...paths import STYLES_FOLDER

FINDINGS_STYLE, COUNTIES_STYLE = "findings", "counties"
_GEOMETRY_NAMES = {
    Qgis.GeometryType.Polygon: "polygon",
    Qgis.GeometryType.Line: "line",
    Qgis.GeometryType.Point: "point",
}
_EDITION_SUFFIX_PATTERN = re.compile(r"_?(19|20)\d\d$")


def apply_role_style(layer: QgsVectorLayer, role: str) -> bool:
    """Set the symbols and labels of a layer by its role (code of the plan layer).

    Return False for a table without geometry, which is unchanged.
    """
    if not (geometry := get_geometry_kind(layer)):
        return False
    styled = apply_style_file(layer, get_style_name(role, geometry))
    layer.triggerRepaint()
    return styled


def apply_style_file(layer: QgsVectorLayer, name: str) -> bool:
    """Set symbols, labels and opacity from a .qml file.

    The parts are read one by one, because loadNamedStyle reads paths from the project, and clears default values and
    constraints of the layer. May be called from any thread.
    """
    document = QDomDocument()
    document.setContent(_read_style_file(name))
    root, context = document.documentElement(), QgsReadWriteContext()
    if (renderer := QgsFeatureRenderer.load(root.firstChildElement("renderer-v2"), context)) is None:
        return False
    layer.setRenderer(renderer)
    opacity = root.firstChildElement("layerOpacity").text()
    layer.setOpacity(float(opacity) if opacity else 1.0)
    labels = root.firstChildElement("labeling")
    has_labels = not labels.isNull() and root.attribute("labelsEnabled") == "1"
    layer.setLabeling(QgsAbstractVectorLayerLabeling.create(labels, context) if has_labels else None)
    layer.setLabelsEnabled(has_labels)
    return True


@cache
def _read_style_file(name: str) -> str:
    return (STYLES_FOLDER / f"{name}.qml").read_text(encoding="utf-8")


def apply_styles_to_project(project: QgsProject, layer_id_by_role: dict[str, str], former_style_name: str) -> list[str]:
    """Set the symbols of layers (role → layer id); return names of changed layers.

    The former style remains in the layer's list of styles under the name ``former_style_name``, with a number if that
    name exists.
    """
    styled_layer_names = []
    for role, layer_id in layer_id_by_role.items():
        if isinstance(layer := project.mapLayer(layer_id), QgsVectorLayer) and get_geometry_kind(layer):
            former_renderer = layer.renderer().clone() if layer.renderer() is not None else None
            manager, name, number = layer.styleManager(), former_style_name, 2
            while name in manager.styles():
                name, number = f"{former_style_name} {number}", number + 1
            style = QgsMapLayerStyle()
            style.readFromLayer(layer)
            manager.addStyle(name, style)
            if apply_role_style(layer, role):
                styled_layer_names.append(layer.name())
            if former_renderer is not None and _has_same_symbols(former_renderer, layer):
                layer.styleManager().removeStyle(name)
    return styled_layer_names


def _has_same_symbols(former_renderer: QgsFeatureRenderer, layer: QgsVectorLayer) -> bool:
    """Return True if the symbols are unchanged, so that nothing needs to be saved."""
    texts = []
    for renderer in (former_renderer, layer.renderer()):
        document = QDomDocument()
        document.appendChild(renderer.save(document, QgsReadWriteContext()))
        texts.append(document.toString())
    return texts[0] == texts[1]


def get_geometry_kind(layer: QgsVectorLayer) -> str:
    """Return the geometry kind of a layer: ``polygon``, ``line`` or ``point``.

    Empty for tables and mixed geometries.
    """
    return _GEOMETRY_NAMES.get(layer.geometryType(), "")


def get_style_name(role: str, geometry: str) -> str:
    """Return the name of the .qml file for a role (code of the plan layer) and a kind of geometry.

    ``geometry``: ``polygon``, ``line`` or ``point``.
    """
    style_entry = _find_style_entry(role)
    if style_entry and (
        style_entry == FINDINGS_STYLE
        or read_style_table()["layers"][style_entry].get("geometry", "polygon") == geometry
    ):
        return style_entry
    return f"default_{geometry}"


def has_style_entry(role: str) -> bool:
    """Return True if the style table has an entry for this role or its base layer."""
    return bool(_find_style_entry(role))


def _find_style_entry(role: str) -> str:
    """Return the name of the style for a role (code of the plan layer), or for its base layer; empty without one."""
    entry_by_role = _read_entry_by_role()
    base = _EDITION_SUFFIX_PATTERN.sub("", role)
    for prefix in ("", *read_style_table()["names"]["prefixes"]):
        for name in (role, base):
            if name.startswith(prefix) and name[len(prefix) :] in entry_by_role:
                return entry_by_role[name[len(prefix) :]]
    return ""


@cache
def _read_entry_by_role() -> dict[str, str]:
    """Return role (code of the plan layer) → name of the style that it uses."""
    entry_by_role = {FINDINGS_STYLE: FINDINGS_STYLE}
    for name, spec in read_style_table()["layers"].items():
        entry_by_role |= dict.fromkeys((name, *spec.get("also", ())), name)
    return entry_by_role


@cache
def read_style_table() -> dict[str, dict[str, Any]]:
    """Return section → (entry → settings), merged from all .toml files in resources/styles.

    In the section ``layers``, the entries are style names.
    """
    style_table: dict[str, dict[str, Any]] = {}
    for path in sorted(STYLES_FOLDER.glob("*.toml")):
        for section, entries in read_toml(path).items():
            style_table.setdefault(section, {}).update(entries)
    return style_table
