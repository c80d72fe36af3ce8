# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer's features with additional columns for areas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.core import Qgis, QgsFeature, QgsField, QgsFields, QgsWkbTypes
from qgis.PyQt.QtCore import QMetaType

from ..layers.snapshots import Snapshot
from ..layers.tables import OutputTable

if TYPE_CHECKING:
    from ...core.indicators.layer_areas import AdjustedAreas, Areas, Compared
    from ...core.messages.texts import Texts

#: Added columns in order; users rely on them. The last two exist only for adjusted areas.
PLANAR, GEODESIC, STATUTORY = "planar_m2", "geodesic_m2", "statutory_m2"
STORED, DIFFERENCE = "stored_m2", "diff_m2"
CONTROL, CLOSED = "control", "closed_m2"
COLUMNS = (PLANAR, GEODESIC, STATUTORY, STORED, DIFFERENCE, CONTROL, CLOSED)
_TEXTS = dict(
    zip(COLUMNS, ("planar", "geodesic", "statutory", "stored", "difference", "control", "closed"), strict=True)
)


@dataclass
class Written:
    """The field and rows that receive areas.

    ``field``: the area field, filled with rounded statutory areas if ``fill``; ``only``: positions of the rows to
    write, None for all.
    """

    field: str
    fill: bool
    alias: str = ""
    decimals: int = 2
    only: set[int] | None = None


def area_table(
    shot: Snapshot,
    fids: list[int],
    areas: Areas,
    compared: Compared,
    levelled: AdjustedAreas | None,
    written: Written,
    texts: Texts,
) -> OutputTable:
    """Return the snapshot's rows with attributes and geometries as drawn (arcs too).

    ``fids``: the feature of each position.
    """
    values: dict[str, Any] = {
        PLANAR: areas.planar,
        GEODESIC: areas.geodesic,
        STATUTORY: areas.statutory,
        STORED: compared.stored,
        DIFFERENCE: compared.difference,
    }
    if levelled is not None:
        values |= {CONTROL: levelled.unit_of, CLOSED: levelled.proposal}
    kept = [n for n in range(shot.fields.count()) if shot.fields.at(n).name() not in COLUMNS]
    fields = _make_fields([shot.fields.at(n) for n in kept], written, list(values), texts)
    at = fields.lookupField(written.field)
    columns = [list(c) if isinstance(c, list) else c.tolist() for c in values.values()]
    rounded, position = compared.rounded.tolist(), {fid: n for n, fid in enumerate(fids)}

    def rows() -> Iterator[QgsFeature]:
        for feature in shot.source.getFeatures(shot.request):
            n = position[feature.id()]
            if written.only is not None and n not in written.only:
                continue
            given = feature.attributes()
            attributes = [given[k] for k in kept]
            if written.fill:
                attributes += [None] * (at + 1 - len(attributes))
                # A row without an area keeps its value.
                attributes[at] = attributes[at] if rounded[n] != rounded[n] else rounded[n]
            attributes += [None if c[n] != c[n] else c[n] for c in columns]
            made = QgsFeature(fields, feature.id())
            made.setAttributes(attributes)
            geometry = feature.geometry()
            if not geometry.isNull():
                geometry.convertToMultiType()
                made.setGeometry(geometry)
            yield made

    count = len(fids) if written.only is None else len(written.only)
    return OutputTable(shot.name, fields, multi(shot.geometry), shot.crs, rows, count)


def _make_fields(own: list[QgsField], written: Written, columns: list[str], texts: Texts) -> QgsFields:
    """Return the layer's fields, the area field if it is added, and the area columns."""
    fields = QgsFields()
    for field in own:
        fields.append(field)
    if written.fill and fields.lookupField(written.field) < 0:
        field = QgsField(written.field, QMetaType.Type.Double, "", 15, written.decimals)
        field.setAlias(written.alias or texts.get("areas", "new_field"))
        fields.append(field)
    for name in columns:
        field = QgsField(name, QMetaType.Type.QString if name == CONTROL else QMetaType.Type.Double)
        field.setAlias(texts.get("areas", _TEXTS[name]))
        fields.append(field)
    return fields


def multi(kind: Qgis.WkbType) -> Qgis.WkbType:
    """Return the multi-part type of a geometry type."""
    return QgsWkbTypes.multiType(kind)
