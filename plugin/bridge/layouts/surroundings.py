# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the surroundings of a county: adjoining counties from a project layer, else names of the other counties of its city.

Boundaries of other counties come only from the planner's data: those of web maps are shifted and may not be printed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsPointXY,
    QgsRectangle,
    QgsVectorLayer,
)

from ..layers import recognise
from .material import COUNTY, Material

#: A layer with more rows lists villages or parcels, not counties.
_MAX_ROWS = 3000
#: How far around the county the locator shows its neighbours, as a share of the county's longer side.
_MARGIN_SHARE = 0.8
_COUNTY_CODE = re.compile(r"\d{6}")


@dataclass(frozen=True)
class Neighbours:
    """A layer with several counties, and its code and name fields."""

    layer: QgsVectorLayer
    code_field: str
    name_field: str


@dataclass(frozen=True)
class Place:
    """A county's name and the centre of its bounding box, in the CRS of the maps; the boundary is unknown."""

    name: str
    at: QgsPointXY


def find_neighbours(material: Material) -> Neighbours | None:
    """Return the project layer with several counties, or None; layers of counties are preferred to layers of cities."""
    found: list[tuple[bool, str, Neighbours]] = []
    for layer in recognise.plan_layers(material.project):
        if layer.geometryType() != Qgis.GeometryType.Polygon:
            continue
        fields = [material.field(COUNTY, layer, meaning) for meaning in ("division_code", "division_name")]
        if not all(fields):
            continue
        codes = _find_other_codes(layer, fields[0], material.county.code)
        if codes:
            only_cities = all(code.endswith("00") for code in codes)
            found.append((only_cities, layer.name(), Neighbours(layer, *fields)))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _find_other_codes(layer: QgsVectorLayer, field: str, own: str) -> set[str]:
    """Return the six-digit codes of other counties; empty if any row has a different kind of code."""
    if layer.featureCount() > _MAX_ROWS:
        return set()
    request = QgsFeatureRequest().setSubsetOfAttributes([field], layer.fields())
    request.setFlags(Qgis.FeatureRequestFlag.NoGeometry).setLimit(_MAX_ROWS)
    codes = {str(row[field]).strip() for row in layer.getFeatures(request)}
    return codes - {own} if all(_COUNTY_CODE.fullmatch(code) for code in codes) else set()


def compute_locator_extent(material: Material, beside: Neighbours, county: QgsRectangle) -> QgsRectangle:
    """Return the extent of the county plus a margin of 0.8 of its longer side, limited to the layer, in the CRS of the maps."""
    wide = QgsRectangle(county)
    wide.grow(_MARGIN_SHARE * max(county.width(), county.height()))
    whole = wide.intersect(material.extent(beside.layer))
    whole.combineExtentWith(county)
    return whole


def find_city_name(material: Material) -> str:
    """Return the name of the county's city; empty if the code list of divisions does not have it."""
    rows = material.divisions.codes
    own = rows.get(material.county.code)
    return rows[own.parent].name if own and own.parent in rows else ""


def find_sister_counties(material: Material) -> list[Place]:
    """Return the other counties of the same city whose bounds are in the code list of divisions."""
    from ...core.standard.divisions import extent

    known = material.divisions
    own = known.codes.get(material.county.code)
    transform = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4490"), material.crs, material.project)
    found = []
    for code, row in known.codes.items():
        bounds = extent(code, known)
        if own is None or code == own.code or row.parent != own.parent or bounds is None or bounds.whose is not row:
            continue
        if bounds.latitude is not None:
            middle = QgsPointXY((bounds.west + bounds.east) / 2, bounds.latitude)
            found.append(Place(row.name, transform.transform(middle)))
    return found
