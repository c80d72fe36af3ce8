# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of the official layers and of findings: the .qml files that tools/make_styles.py writes.

A role finds its file by its name, by `also` of another role's entry, or, as the edition of a base layer (DLTB2009,
WHCGHFQ), by that layer's. One that no entry names gets the default of its geometry: no layer has a random colour.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from qgis.core import Qgis, QgsVectorLayer

from ..core.data import read_toml
from ..paths import STYLES

FINDINGS = "findings"
_GEOMETRIES = {
    Qgis.GeometryType.Polygon: "polygon",
    Qgis.GeometryType.Line: "line",
    Qgis.GeometryType.Point: "point",
}
_YEAR = re.compile(r"_?(19|20)\d\d$")


def apply(layer: QgsVectorLayer, role: str) -> bool:
    """Give a layer the symbols and labels of its role. False for a table; it then stays as it was."""
    geometry = geometry_of(layer)
    if not geometry:
        return False
    _, ok = layer.loadNamedStyle(str(STYLES / f"{look_of(role, geometry)}.qml"))
    layer.triggerRepaint()
    return bool(ok)


def geometry_of(layer: QgsVectorLayer) -> str:
    """``polygon``, ``line`` or ``point``; empty for a table or a layer of mixed shapes."""
    return _GEOMETRIES.get(layer.geometryType(), "")


def look_of(role: str, geometry: str) -> str:
    """The name of the .qml file for a role's layer of this geometry."""
    found = _own(role)
    if found and (found == FINDINGS or table()["layers"][found].get("geometry", "polygon") == geometry):
        return found
    return f"default_{geometry}"


def has_own(role: str) -> bool:
    """Does an entry name this role, or is it an edition of one that does?"""
    return bool(_own(role))


def _own(role: str) -> str:
    known = _names()
    bare = _YEAR.sub("", role)
    for prefix in ("", *table()["names"]["prefixes"]):
        for name in (role, bare):
            if name.startswith(prefix) and name[len(prefix) :] in known:
                return known[name[len(prefix) :]]
    return ""


@cache
def _names() -> dict[str, str]:
    """Role → the entry that describes its symbols."""
    found = {FINDINGS: FINDINGS}
    for name, spec in table()["layers"].items():
        found |= dict.fromkeys((name, *spec.get("also", ())), name)
    return found


@cache
def table() -> dict[str, dict[str, Any]]:
    """All .toml files of resources/styles as one."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(STYLES.glob("*.toml")):
        for section, entries in read_toml(path).items():
            found.setdefault(section, {}).update(entries)
    return found
