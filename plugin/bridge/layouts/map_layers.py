# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers for maps: those of the project, the county, and its surroundings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)

from ...core.base.errors import InputError
from ...core.standard.map_set import (
    ConceptLayer,
    LayerSpec,
    MapSpec,
    MissingMapReason,
    expand_concepts_to_roles,
    find_missing_input,
)
from ..layers import role_recognition
from ..layers.properties import convert_to_qgis_crs
from ..running.threads import run_in_python_thread

if TYPE_CHECKING:
    from ...core.checks.check import RunOptions
    from ...core.standard.profile import Norm
    from ...core.standard.template import CodeList


COUNTY_ROLE, TOWNSHIPS_CONCEPT, CENTRAL_AREA_ROLE = "XZQX", "townships", "ZXCQFW"
_COUNTY_CODE_PATTERN = re.compile(r"^\d{6}$")
#: A layer with more rows lists villages or parcels, not counties.
_MAX_NEIGHBOUR_ROWS = 3000
#: Distance around the county that the locator shows, as a share of the county's longer side.
_NEIGHBOUR_DISTANCE_SHARE = 0.8


@dataclass(frozen=True)
class DivisionName:
    """Code and name of a township, or of the county."""

    code: str
    name: str


def find_division_codes(norm: Norm) -> CodeList:
    """Return the code list of provinces, cities and counties of a norm's standard, else of the default standard."""
    from ...core.standard import load_standard

    return norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]


@dataclass
class MapLayers:
    """The layers of a project that maps can show, by role. Main thread only.

    ``roles``: role (code of the plan layer) → layer; ``known_county``: code and name of the county, None to read them
    from the layers.
    """

    project: QgsProject
    roles: dict[str, QgsVectorLayer]
    norm: Norm
    known_county: DivisionName | None = None

    def find_role_and_layer(self, concepts_or_roles: Iterable[str]) -> tuple[str, QgsVectorLayer] | None:
        """Return role and layer of the first of the concepts or roles that the project has.

        A layer without features is returned only if no other has features.
        """
        roles = expand_concepts_to_roles(concepts_or_roles, self.norm.standard.concepts)
        available_layers = [(role, self.roles[role]) for role in roles if role in self.roles]
        return next(
            (one for one in available_layers if has_features(one[1])), available_layers[0] if available_layers else None
        )

    def find_drawn_role_and_layer(self, spec: LayerSpec) -> tuple[str, QgsVectorLayer] | None:
        """Return (role, layer) that an entry of a map's definition draws; None without a layer that has features."""
        role_and_layer = self.find_role_and_layer(spec.of)
        return role_and_layer if role_and_layer and has_features(role_and_layer[1]) else None

    def find_missing_input(self, map_spec: MapSpec) -> MissingMapReason | None:
        """Return which layer or data a map lacks; None if the map can be drawn."""

        def find_concept_layer(concepts_or_roles: tuple[str, ...]) -> ConceptLayer | None:
            role_and_layer = self.find_role_and_layer(concepts_or_roles)
            return (
                ConceptLayer(role_and_layer[0], role_and_layer[1].name(), has_features(role_and_layer[1]))
                if role_and_layer
                else None
            )

        return find_missing_input(map_spec, find_concept_layer, self.norm.standard.concepts)

    def get_field_name(self, role: str, layer: QgsVectorLayer, meaning: str) -> str:
        """Return the name of the field with a meaning in the layer of a role; else empty.

        A meaning is what a field holds, such as ``net_area``, whatever its name.
        """
        for template in self.norm.standard.list_templates_of_role(role):
            template_field = template.find_field(meaning)
            index = layer.fields().lookupField(template_field.name) if template_field else -1
            if index >= 0:
                return layer.fields().at(index).name()
        return ""

    @cached_property
    def county(self) -> DivisionName:
        """Return code (six digits) and name of the county; raise InputError if unknown."""
        if self.known_county is not None:
            return self.known_county
        if (row := self._read_division_names(COUNTY_ROLE)[:1]) and _COUNTY_CODE_PATTERN.match(row[0].code):
            return DivisionName(row[0].code, row[0].name or self._find_division_name(row[0].code))
        votes = Counter(one.code[:6] for one in self.townships if _COUNTY_CODE_PATTERN.match(one.code[:6]))
        code = self.norm.profile.area_code
        if not _COUNTY_CODE_PATTERN.match(code):
            code = votes.most_common(1)[0][0] if votes else ""
        name = self._find_division_name(code)
        if not (code and name):
            raise InputError("map_county_unknown")
        return DivisionName(code, name)

    @cached_property
    def townships(self) -> list[DivisionName]:
        """Return code and name of each township, sorted by code.

        Empty without a layer of townships, or without codes and names in it.
        """
        role_and_layer = self.find_role_and_layer((TOWNSHIPS_CONCEPT,))
        rows = self._read_division_names(role_and_layer[0]) if role_and_layer else []
        return sorted({one.code: one for one in rows if one.code and one.name}.values(), key=lambda one: one.code)

    def _read_division_names(self, role: str) -> list[DivisionName]:
        """Return code and name from each row of the layer of a role; empty without the layer or its fields."""
        layer = self.roles.get(role)
        if layer is None:
            return []
        fields = self._get_division_fields(role, layer)
        if not all(fields):
            return []
        rows = layer.getFeatures(QgsFeatureRequest().setSubsetOfAttributes(fields, layer.fields()))
        return [
            DivisionName(*(str(row[name]).strip() if isinstance(row[name], str | int) else "" for name in fields))
            for row in rows
        ]

    def _get_division_fields(self, role: str, layer: QgsVectorLayer) -> list[str]:
        return [self.get_field_name(role, layer, meaning) for meaning in ("division_code", "division_name")]

    @cached_property
    def division_codes(self) -> CodeList:
        """Return the code list of provinces, cities and counties."""
        return find_division_codes(self.norm)

    def _find_division_name(self, code: str) -> str:
        """Return the name of a province, city or county by its code; empty if unknown."""
        entry = self.division_codes.entry_by_code.get(code)
        return entry.name if entry else ""

    @cached_property
    def crs(self) -> QgsCoordinateReferenceSystem:
        """Return the projected CRS of the maps: that of a plan layer, of the project, or of the county's 3° zone."""
        first = [self.roles[COUNTY_ROLE]] if COUNTY_ROLE in self.roles else []
        for crs in [*(v.crs() for v in (*first, *self.roles.values())), self.project.crs()]:
            if crs.isValid() and not crs.isGeographic():
                return crs
        from ...core.standard.divisions import find_default_crs

        return convert_to_qgis_crs(run_in_python_thread(find_default_crs)(self.county.code, self.division_codes))

    def get_layer_extent(self, layer: QgsVectorLayer) -> QgsRectangle:
        """Return a layer's extent in the CRS of the maps."""
        return self.transform_box_to_map_crs(layer, layer.extent())

    def transform_box_to_map_crs(self, layer: QgsVectorLayer, box: QgsRectangle) -> QgsRectangle:
        """Return a box in a layer's CRS, transformed to the CRS of the maps."""
        return QgsCoordinateTransform(layer.crs(), self.crs, self.project).transformBoundingBox(box)

    def compute_county_extent(self) -> QgsRectangle:
        """Return the county's extent in the CRS of the maps.

        It is measured on the layer of the county, else of the townships, else on all layers.
        """
        outlines = [self.roles.get(COUNTY_ROLE), (self.find_role_and_layer((TOWNSHIPS_CONCEPT,)) or ("", None))[1]]
        outline_layer = next((v for v in outlines if v is not None and has_features(v)), None)
        return (
            self.get_layer_extent(outline_layer)
            if outline_layer is not None
            else self.compute_common_extent(list(self.roles.values()))
        )

    def compute_common_extent(self, layers: list[QgsVectorLayer]) -> QgsRectangle:
        """Return the extent that contains all given layers, in the CRS of the maps."""
        total = QgsRectangle()
        for layer in layers:
            if has_features(layer):
                total.combineExtentWith(self.get_layer_extent(layer))
        return total

    # Surroundings of the county: adjoining counties from a project layer, else names of the other counties of its city.
    # Boundaries of other counties come only from the planner's data: those of web maps are shifted and may not be
    # printed.

    @cached_property
    def neighbours(self) -> NeighbourLayer | None:
        """Return the project layer that contains adjoining counties, or None.

        Layers of counties are preferred to layers of cities.
        """
        neighbour_candidates: list[tuple[bool, str, NeighbourLayer]] = []
        for layer in role_recognition.list_plan_layers(self.project):
            if layer.geometryType() == Qgis.GeometryType.Polygon:
                fields = self._get_division_fields(COUNTY_ROLE, layer)
                if all(fields) and (codes := _find_other_codes(layer, fields[0], self.county.code)):
                    only_cities = all(code.endswith("00") for code in codes)
                    neighbour_candidates.append((only_cities, layer.name(), NeighbourLayer(layer, *fields)))
        return min(neighbour_candidates, key=lambda one: one[:2])[2] if neighbour_candidates else None

    def compute_locator_extent(self, county: QgsRectangle) -> QgsRectangle:
        """Return the extent of the locator map, in the CRS of the maps.

        It is the county's extent plus a margin of 0.8 of its longer side, limited to the layer of adjoining counties.
        """
        wide_extent = QgsRectangle(county)
        wide_extent.grow(_NEIGHBOUR_DISTANCE_SHARE * max(county.width(), county.height()))
        locator_extent = wide_extent.intersect(self.get_layer_extent(self.neighbours.layer))
        locator_extent.combineExtentWith(county)
        return locator_extent

    def find_city_name(self) -> str:
        """Return the name of the city that the county belongs to; empty if unknown."""
        rows = self.division_codes.entry_by_code
        county_row = rows.get(self.county.code)
        return rows[county_row.parent].name if county_row and county_row.parent in rows else ""

    @cached_property
    def sister_counties(self) -> list[NamedPoint]:
        """Return the other counties of the same city that have bounds in the code list."""
        from ...core.standard.divisions import find_extent

        rows = self.division_codes.entry_by_code
        county_row = rows.get(self.county.code)
        if county_row is None:
            return []
        transform = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4490"), self.crs, self.project)
        sister_counties = []
        for code, row in rows.items():
            if row.parent != county_row.parent or row is county_row:
                continue
            bounds = find_extent(code, self.division_codes)
            if bounds is not None and bounds.division is row and bounds.middle_latitude is not None:
                middle = QgsPointXY((bounds.west + bounds.east) / 2, bounds.middle_latitude)
                sister_counties.append(NamedPoint(row.name, transform.transform(middle)))
        return sister_counties


def collect_from_layers(project: QgsProject, layers: list[QgsVectorLayer], options: RunOptions) -> MapLayers:
    """Return the map layers among the given layers, by their roles.

    Raise InputError without layers, if none is recognised, or if two have the same role.
    """
    if not (outlines := [role_recognition.read_layer_schema(layer) for layer in layers]):
        raise InputError("no_layers")
    recognised_layers, norm = run_in_python_thread(
        lambda: (role_recognition.recognise_layers(outlines, options), options.resolve_norm())
    )()
    return collect_from_recognition(project, layers, recognised_layers, norm)


def collect_from_recognition(
    project: QgsProject, layers: list[QgsVectorLayer], recognised_layers: role_recognition.RecognisedLayers, norm: Norm
) -> MapLayers:
    """Return the map layers of a project from ``recognised_layers``, which another thread has determined."""
    outlines = [role_recognition.read_layer_schema(layer) for layer in layers]
    if recognised_layers.repeated_roles:
        from ...core.plan.loading.recognition import find_role

        role = recognised_layers.repeated_roles[0]
        layer_names = [
            one.name
            for one in outlines
            if one.id == recognised_layers.layer_id_by_role[role]
            or run_in_python_thread(find_role)(one, norm)[0] == role
        ]
        raise InputError("two_layers_one_role", role=role, first=layer_names[0], second=layer_names[-1])
    by_id = {layer.id(): layer for layer in layers}
    roles = {role: by_id[key] for role, key in recognised_layers.layer_id_by_role.items() if key in by_id}
    if not roles:
        raise InputError("map_no_layers", layers="、".join(one.name for one in outlines))
    return MapLayers(project, roles, norm)


def has_features(layer: QgsVectorLayer) -> bool:
    """Return True if a layer has at least one feature.

    The features are queried, because a data provider may not know their number.
    """
    return next(layer.getFeatures(QgsFeatureRequest().setLimit(1).setNoAttributes()), None) is not None


@dataclass(frozen=True)
class NeighbourLayer:
    """A layer with several counties, and the names of its code and name fields."""

    layer: QgsVectorLayer
    code_field: str
    name_field: str


@dataclass(frozen=True)
class NamedPoint:
    """Name and approximate centre of a county whose boundary is unknown.

    ``centre``: centre of its bounding box in the CRS of the maps.
    """

    name: str
    centre: QgsPointXY


def _find_other_codes(layer: QgsVectorLayer, field: str, county_code: str) -> set[str]:
    """Return the six-digit codes of other counties in a layer's field.

    Empty if any row has another kind of code.
    """
    if layer.featureCount() > _MAX_NEIGHBOUR_ROWS:
        return set()
    request = QgsFeatureRequest().setSubsetOfAttributes([field], layer.fields())
    request.setFlags(Qgis.FeatureRequestFlag.NoGeometry).setLimit(_MAX_NEIGHBOUR_ROWS)
    codes = {str(row[field]).strip() for row in layer.getFeatures(request)}
    return codes - {county_code} if all(_COUNTY_CODE_PATTERN.fullmatch(code) for code in codes) else set()
