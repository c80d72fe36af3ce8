# SPDX-License-Identifier: GPL-2.0-or-later
"""Output table of area calculation: a layer's features with area columns added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.core import QgsFeature, QgsField, QgsFields, QgsWkbTypes
from qgis.PyQt.QtCore import QMetaType

from ..layers.snapshots import LayerSnapshot
from ..layers.tables import OutputTable

if TYPE_CHECKING:
    from ...core.figures.indicators.layer_areas import AdjustedAreas, LayerAreas, StoredAreaComparison
    from ...core.standard.messages.texts import Texts

#: Added columns in order; users rely on them. The last two exist only for adjusted areas.
PLANAR_AREA_FIELD, GEODESIC_AREA_FIELD, STATUTORY_AREA_FIELD = "planar_m2", "geodesic_m2", "statutory_m2"
STORED_AREA_FIELD, AREA_DIFFERENCE_FIELD = "stored_m2", "diff_m2"
CONTROL_AREA_FIELD, ADJUSTED_AREA_FIELD = "control", "closed_m2"
AREA_COLUMNS = (
    PLANAR_AREA_FIELD,
    GEODESIC_AREA_FIELD,
    STATUTORY_AREA_FIELD,
    STORED_AREA_FIELD,
    AREA_DIFFERENCE_FIELD,
    CONTROL_AREA_FIELD,
    ADJUSTED_AREA_FIELD,
)
_COLUMN_TITLE_KEYS = dict(
    zip(AREA_COLUMNS, ("planar", "geodesic", "statutory", "stored", "difference", "control", "closed"), strict=True)
)


@dataclass
class AreaFieldSpec:
    """The area field of the output table and the rows whose area it receives.

    ``field_name``: name of the area field; ``fills_field``: the field receives rounded statutory areas (by the formula
    of the Ministry of Natural Resources, m²); ``alias``: its title; ``decimals``: number of decimals;
    ``filled_row_positions``: positions of the rows to fill, None for all.
    """

    field_name: str
    fills_field: bool
    alias: str = ""
    decimals: int = 2
    filled_row_positions: set[int] | None = None


def make_area_table(
    snapshot: LayerSnapshot,
    fids: list[int],
    areas: LayerAreas,
    compared: StoredAreaComparison,
    adjusted: AdjustedAreas | None,
    area_field: AreaFieldSpec,
    texts: Texts,
) -> OutputTable:
    """Return a layer's features with added area columns (m²) as an output table.

    Attributes and geometries are those of ``snapshot``; arcs stay arcs. ``fids``: feature id of each position in
    ``areas``, ``compared`` and ``adjusted``; ``areas``: computed areas; ``compared``: their comparison with the stored
    areas; ``adjusted``: areas adjusted to control areas, or None; ``area_field``: the field that receives the areas.
    """
    values: dict[str, Any] = {
        PLANAR_AREA_FIELD: areas.planar,
        GEODESIC_AREA_FIELD: areas.geodesic,
        STATUTORY_AREA_FIELD: areas.statutory,
        STORED_AREA_FIELD: compared.stored_m2,
        AREA_DIFFERENCE_FIELD: compared.difference_m2,
    }
    if adjusted is not None:
        values |= {CONTROL_AREA_FIELD: adjusted.control_name_of_part, ADJUSTED_AREA_FIELD: adjusted.proposed_m2}
    own_positions = [n for n in range(snapshot.fields.count()) if snapshot.fields.at(n).name() not in AREA_COLUMNS]
    fields = _make_fields([snapshot.fields.at(n) for n in own_positions], area_field, list(values), texts)
    area_field_index = fields.lookupField(area_field.field_name)
    columns = [list(c) if isinstance(c, list) else c.tolist() for c in values.values()]
    rounded_areas_m2, position = compared.rounded_m2.tolist(), {fid: n for n, fid in enumerate(fids)}

    def iterate_rows() -> Iterator[QgsFeature]:
        for feature in snapshot.feature_source.getFeatures(snapshot.feature_request):
            n = position[feature.id()]
            if area_field.filled_row_positions is not None and n not in area_field.filled_row_positions:
                continue
            source_attributes = feature.attributes()
            attributes = [source_attributes[k] for k in own_positions]
            if area_field.fills_field:
                attributes += [None] * (area_field_index + 1 - len(attributes))
                # A row without an area keeps its value.
                attributes[area_field_index] = (
                    attributes[area_field_index] if rounded_areas_m2[n] != rounded_areas_m2[n] else rounded_areas_m2[n]
                )
            attributes += [None if c[n] != c[n] else c[n] for c in columns]
            area_feature = QgsFeature(fields, feature.id())
            area_feature.setAttributes(attributes)
            geometry = feature.geometry()
            if not geometry.isNull():
                geometry.convertToMultiType()
                area_feature.setGeometry(geometry)
            yield area_feature

    count = len(fids) if area_field.filled_row_positions is None else len(area_field.filled_row_positions)
    return OutputTable(
        snapshot.name, fields, QgsWkbTypes.multiType(snapshot.geometry_type), snapshot.crs, iterate_rows, count
    )


def _make_fields(
    layer_fields: list[QgsField], area_field_spec: AreaFieldSpec, columns: list[str], texts: Texts
) -> QgsFields:
    """Return the layer's fields, the area field if missing, and the area columns."""
    fields = QgsFields()
    for field in layer_fields:
        fields.append(field)
    if area_field_spec.fills_field and fields.lookupField(area_field_spec.field_name) < 0:
        field = QgsField(area_field_spec.field_name, QMetaType.Type.Double, "", 15, area_field_spec.decimals)
        field.setAlias(area_field_spec.alias or texts.get("areas", "new_field"))
        fields.append(field)
    for name in columns:
        field = QgsField(name, QMetaType.Type.QString if name == CONTROL_AREA_FIELD else QMetaType.Type.Double)
        field.setAlias(texts.get("areas", _COLUMN_TITLE_KEYS[name]))
        fields.append(field)
    return fields
