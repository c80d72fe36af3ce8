# SPDX-License-Identifier: GPL-2.0-or-later
"""QGIS layers as the core's tables, read through the layer: unsaved edits and filters count.

`snapshot` is taken on the main thread; `read` may then run anywhere, while the user goes on editing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    NULL,
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsFields,
    QgsProviderRegistry,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate, QDateTime

from ..core.tolerance import CURVE_STEP_DEGREES
from .threads import steady

if TYPE_CHECKING:
    from ..core.declared import Table
    from ..core.edits import State
    from ..core.layer import FieldInfo, SourceLayer

#: The layer's template, kept in the project: the id of its role (``CZKFBJ``).
TEMPLATE_PROPERTY = "sanxian/template"
#: Features between two looks at the cancel button.
_BATCH = 2000
_NULL_TYPE = type(NULL)
# Numbers of QMetaType, the same in Qt 5 and 6.
_INTEGERS = {1, 2, 3, 4, 5, 32, 33, 34, 35, 36, 37, 40}
_REALS = {6, 38}
_DATES = {14, 16}
_BINARY = 12


@dataclass
class Snapshot:
    """A layer as it stood at one moment. Holds no layer: the user may close it meanwhile."""

    name: str
    source: QgsVectorLayerFeatureSource
    fields: QgsFields
    crs: QgsCoordinateReferenceSystem
    request: QgsFeatureRequest
    count: int = 0
    path: str = ""
    encoding: str = ""
    template_id: str = ""
    filter: str = ""
    unsaved: int = 0
    layer_id: str = ""
    table: str = ""
    geometry: Qgis.WkbType = Qgis.WkbType.Unknown


def snapshot(layer: QgsVectorLayer, request: QgsFeatureRequest | None = None) -> Snapshot:
    """The layer now, with its unsaved edits. On the main thread only.

    ``request`` narrows the features (a selection, an expression); by default all that the layer's filter shows.
    """
    provider = layer.dataProvider()
    return Snapshot(
        name=name_of(layer),
        source=QgsVectorLayerFeatureSource(layer),
        fields=layer.fields(),
        crs=layer.crs(),
        request=request or QgsFeatureRequest(),
        count=max(int(layer.featureCount()), 0),
        path=file_of(layer),
        encoding=provider.encoding() if provider and layer.providerType() == "ogr" else "",
        template_id=template_id(layer),
        filter=layer.subsetString(),
        unsaved=unsaved_edits(layer),
        layer_id=layer.id(),
        table=table_of(layer),
        geometry=layer.wkbType(),
    )


def name_of(layer: QgsVectorLayer) -> str:
    """The layer's name; its table's where QGIS only named it after the file (``county.gpkg|layername=DLTB``)."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    table, path = str(parts.get("layerName") or ""), str(parts.get("path") or "")
    return table if table and layer.name() in ("", Path(path).stem) else layer.name()


def table_of(layer: QgsVectorLayer) -> str:
    """The layer's table in its database; empty where there is none, or only one."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get("layerName") or "")


def file_of(layer: QgsVectorLayer) -> str:
    """The file behind a layer, or what its provider says of it without passwords."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get("path") or "") or layer.publicSource(True)


def template_id(layer: QgsVectorLayer) -> str:
    """The role that the user or `create_layers` gave the layer; an edition in front of it does not matter."""
    return str(layer.customProperty(TEMPLATE_PROPERTY, "") or "").rsplit("/", 1)[-1]


def set_template(layer: QgsVectorLayer, role: str) -> None:
    """Remember the layer's role with the project; an empty one forgets it."""
    if role:
        layer.setCustomProperty(TEMPLATE_PROPERTY, role)
    else:
        layer.removeCustomProperty(TEMPLATE_PROPERTY)


def unsaved_edits(layer: QgsVectorLayer) -> int:
    """How many features were added, changed or deleted and not saved."""
    buffer = layer.editBuffer()
    if buffer is None:
        return 0
    changed = {*buffer.changedAttributeValues(), *buffer.changedGeometries()}
    return len(buffer.addedFeatures()) + len(changed) + len(buffer.deletedFeatureIds())


def unique_names(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """Layers of one name are told apart by a number: a project may hold several, a plan may not."""
    found = list(snapshots)
    taken: set[str] = set()
    for one in found:
        name, number = one.name, 2
        while name in taken:
            name, number = f"{one.name} ({number})", number + 1
        taken.add(name)
        one.name = name
    return found


def read_all(
    snapshots: Iterable[Snapshot],
    *,
    progress: Callable[[float, str], None],
    check: Callable[[], None],
    wanted: Callable[[SourceLayer], bool | frozenset[str]] = lambda layer: True,
) -> Iterator[SourceLayer]:
    """Read layers in turn. ``check`` raises when the user wants to stop.

    ``wanted`` is asked with name and fields before the rows of a layer are read: True, False (the layer stays empty) or
    the names of the fields to read, in capitals.
    """
    sketches = [(one, sketch(one)) for one in snapshots]
    asked = [(one, drawn, wanted(drawn)) for one, drawn in sketches]
    total = sum(one.count for one, _, counts in asked if counts) or 1
    done = 0
    for one, drawn, counts in asked:
        if not counts:
            yield drawn
            continue
        progress(done / total, one.name)
        yield read(one, check=check, only=None if counts is True else counts)
        done += one.count


def sketch(shot: Snapshot) -> SourceLayer:
    """A snapshot's name, fields and origin as a layer without rows."""
    import geopandas as gpd

    from ..core.geometry.crs import parse
    from ..core.layer import SourceLayer

    crs = parse(crs_text(shot.crs))
    return SourceLayer(
        name=shot.name,
        frame=gpd.GeoDataFrame(geometry=[], crs=crs),
        fields=_described(shot, tuple(_field_info(shot.fields.at(n)) for n in _kept(shot))),
        crs=crs,
        source=shot.path,
        encoding=shot.encoding,
        template_id=shot.template_id,
        unsaved=shot.unsaved,
    )


def _described(shot: Snapshot, fields: tuple[FieldInfo, ...]) -> tuple[FieldInfo, ...]:
    """The fields with what their database says of them: the aliases that QGIS shows may be those of a form."""
    from ..core.declared import KEEPING

    path = Path(shot.path)
    if path.suffix.lower() not in KEEPING:
        return fields
    tables = _tables(shot.path, _stamp(path))
    table = tables.get(shot.table) if shot.table else next(iter(tables.values()), None)
    return table.described(fields) if table else fields


@lru_cache(maxsize=8)
def _tables(path: str, stamp: tuple[Any, ...]) -> dict[str, Table]:
    """A database is asked once, not for each of its layers; again when a file of it was written."""
    from ..core.declared import read_tables

    return read_tables(path)


def _stamp(path: Path) -> tuple[Any, ...]:
    files = sorted(path.iterdir()) if path.is_dir() else [path, path.with_name(f"{path.name}-wal")]
    return tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files if f.exists())


def read(
    shot: Snapshot, *, check: Callable[[], None] = lambda: None, only: frozenset[str] | None = None
) -> SourceLayer:
    """The table of a snapshot: attributes by column, geometries as WKB, in one pass over the features.

    ``only``: the fields that are read, in capitals; default all.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    drawn = sketch(shot)
    kept, crs = _kept(shot), drawn.crs
    request = QgsFeatureRequest(shot.request)
    if only is not None:
        kept = [n for n in kept if shot.fields.at(n).name().upper() in only]
        if request.filterExpression() is None:
            # An expression may ask for any field.
            request.setSubsetOfAttributes(kept)
    rows: list[list[Any]] = []
    shapes: list[bytes | None] = []
    fids: list[int] = []
    curves: list[int] = []
    for number, feature in enumerate(shot.source.getFeatures(request)):
        if number % _BATCH == 0:
            check()
        fids.append(feature.id())
        rows.append(feature.attributes())
        wkb, curved = as_wkb(feature.geometry()) if feature.hasGeometry() else (None, False)
        shapes.append(wkb)
        if curved:
            curves.append(feature.id())
    check()
    columns = list(zip(*rows, strict=True)) if rows else [()] * shot.fields.count()
    index = pd.Index(fids, dtype="int64")
    table = {shot.fields.at(n).name(): _column(columns[n], shot.fields.at(n), index) for n in kept}
    check()
    # A ring that GEOS cannot hold comes back as missing, as when a file is read; GEO002 reports it.
    geometries = shapely.from_wkb(np.array(shapes, dtype=object), on_invalid="ignore")
    broken = [
        fid for fid, wkb, shape in zip(fids, shapes, geometries, strict=True) if wkb is not None and shape is None
    ]
    # A field may be called geometry, too: the shapes then take another name beside it.
    name = "geometry"
    while name in table:
        name = f"_{name}"
    table[name] = gpd.GeoSeries(geometries, index=index, crs=crs)
    frame = gpd.GeoDataFrame(table, index=index, geometry=name, crs=crs)
    return replace(
        drawn,
        frame=frame,
        curves=tuple(curves),
        curve_step=CURVE_STEP_DEGREES if curves else 0.0,
        notices=_notices(shot, len(curves)),
        broken=tuple(broken),
    )


def states(layer: QgsVectorLayer, fids: Iterable[int]) -> dict[int, State | None]:
    """Features of a layer as they stand now, as `read` reads them; None for one that is not there (any more).

    On the main thread, and quick: nothing of pandas or shapely.
    """
    from ..core.edits import State

    found: dict[int, State | None] = dict.fromkeys(fids)
    fields = layer.fields()
    kept = [(n, fields.at(n).name(), _type(fields.at(n))) for n in _positions(fields)]
    for feature in layer.getFeatures(QgsFeatureRequest().setFilterFids(list(found))):
        values = feature.attributes()
        attributes = {name: _plain(values[n], kind) for n, name, kind in kept}
        wkb = as_wkb(feature.geometry())[0] if feature.hasGeometry() else None
        found[feature.id()] = State(wkb, attributes)
    return found


def _kept(shot: Snapshot) -> list[int]:
    """Positions of the fields that are read."""
    return _positions(shot.fields)


def _positions(fields: QgsFields) -> list[int]:
    """Those of all fields but blobs."""
    return [n for n in range(fields.count()) if _type(fields.at(n)) != _BINARY]


def crs_text(crs: QgsCoordinateReferenceSystem) -> str:
    """A CRS for pyproj: its code, or its WKT where the code is QGIS's own; empty when the layer has none."""
    if not crs.isValid():
        return ""
    if crs.authid().startswith("EPSG:"):
        return crs.authid()
    return crs.toWkt(Qgis.CrsWktVariant.Preferred)


@steady
def to_qgis_crs(crs: Any) -> QgsCoordinateReferenceSystem:
    """pyproj's CRS as QGIS's."""
    code = crs.to_epsg()
    found = QgsCoordinateReferenceSystem(f"EPSG:{code}") if code else QgsCoordinateReferenceSystem()
    return found if found.isValid() else QgsCoordinateReferenceSystem.fromWkt(crs.to_wkt())


def as_wkb(geometry: Any) -> tuple[bytes, bool]:
    """WKB that GEOS reads (no arcs, no M), and whether there were arcs."""
    kind = geometry.wkbType()
    curved = False
    if QgsWkbTypes.isCurvedType(kind):
        shape = geometry.constGet()
        curved = shape.hasCurvedSegments()
        shape = shape.segmentize(math.radians(CURVE_STEP_DEGREES))
        shape.dropMValue()
        return bytes(shape.asWkb()), curved
    if QgsWkbTypes.hasM(kind):
        geometry.get().dropMValue()
    return bytes(geometry.asWkb()), curved


def _type(field: Any) -> int:
    kind = field.type()
    return int(getattr(kind, "value", kind))


def _field_info(field: Any) -> FieldInfo:
    from ..core.layer import FieldInfo

    number = _type(field)
    kinds = (("integer", _INTEGERS), ("real", _REALS), ("date", _DATES))
    kind = next((name for name, numbers in kinds if number in numbers), "text")
    length = field.length() if kind == "text" and 0 < field.length() < 2**16 else None
    return FieldInfo(field.name(), kind, length)


def _column(values: Iterable[Any], field: Any, index: Any) -> Any:
    """One column with real missing values, of the type that reading the file would give."""
    import pandas as pd

    number = _type(field)
    plain = [_plain(v, number) for v in values]
    if number in _DATES:
        return pd.Series(plain, index=index, dtype="datetime64[ms]")
    if number in _REALS:
        return pd.Series(plain, index=index, dtype="float64")
    if number in _INTEGERS and None not in plain:
        return pd.Series(plain, index=index, dtype="int64")
    # Whole numbers beside missing ones stay as they are: a float has no room for the 18 digits of a BSM.
    return pd.Series(plain, index=index, dtype=object)


def _plain(value: Any, number: int) -> Any:
    """A value of a field of this type, None where it is missing."""
    if number in _DATES:
        return _moment(value)
    # What the database will number when a drawn feature is saved reads “Autogenerate” until then.
    unset = isinstance(value, str) and number in _INTEGERS | _REALS
    return None if unset or type(value) is _NULL_TYPE else value


def _moment(value: Any) -> Any:
    if isinstance(value, QDateTime):
        return value.toPyDateTime().replace(tzinfo=None)
    return value.toPyDate() if isinstance(value, QDate) else None


def _notices(shot: Snapshot, curves: int) -> list[tuple[str, dict[str, Any]]]:
    notices: list[tuple[str, dict[str, Any]]] = []
    if curves:
        step = CURVE_STEP_DEGREES
        notices.append(("notice_curves", {"layer": shot.name, "count": curves, "step": step}))
    if shot.filter:
        notices.append(("notice_filter", {"layer": shot.name, "filter": shot.filter}))
    if shot.unsaved:
        notices.append(("notice_unsaved", {"layer": shot.name, "count": shot.unsaved}))
    return notices
