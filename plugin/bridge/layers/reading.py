# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversion of layer snapshots to the core's tables, and of features to its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsFeatureRequest, QgsFields, QgsVectorLayer, QgsWkbTypes

from ...core.cancellation import NEVER, Cancellation
from ...core.geometry.tolerance import CURVE_STEP_DEGREES
from .properties import crs_text
from .snapshots import Snapshot
from .values import BINARY, as_wkb, column_of, field_info, to_plain, type_of

if TYPE_CHECKING:
    from ...core.io.field_types import DeclaredTable
    from ...core.live.session import FeatureState
    from ...core.plan.layer import FieldInfo, SourceLayer

#: Features between two checks for cancellation.
_BATCH = 2000


def read_all(
    snapshots: Iterable[Snapshot],
    *,
    progress: Callable[[float, str], None],
    cancellation: Cancellation,
    wanted: Callable[[SourceLayer], bool | frozenset[str]] = lambda layer: True,
) -> Iterator[SourceLayer]:
    """Read layers in turn. Raises Cancelled.

    ``wanted`` is called with name and fields before the rows of a layer are read. It returns True, False (the layer
    remains empty) or the names of the fields to read, in capitals.
    """
    sketches = [(one, make_outline(one)) for one in snapshots]
    asked = [(one, drawn, wanted(drawn)) for one, drawn in sketches]
    total = sum(one.count for one, _, counts in asked if counts) or 1
    done = 0
    for one, drawn, counts in asked:
        if not counts:
            yield drawn
            continue
        progress(done / total, one.name)
        yield read_snapshot(one, cancellation=cancellation, only=None if counts is True else counts)
        done += one.count


def make_outline(shot: Snapshot) -> SourceLayer:
    """Return a snapshot's name, fields and origin as a layer without rows."""
    import geopandas as gpd

    from ...core.geometry.crs import parse_crs
    from ...core.plan.layer import SourceLayer

    crs = parse_crs(crs_text(shot.crs))
    return SourceLayer(
        name=shot.name,
        frame=gpd.GeoDataFrame(geometry=[], crs=crs),
        fields=_describe_fields(shot, tuple(field_info(shot.fields.at(n)) for n in _find_positions(shot))),
        crs=crs,
        source=shot.path,
        encoding=shot.encoding,
        template_id=shot.template_id,
        unsaved=shot.unsaved,
        kind=QgsWkbTypes.displayString(shot.geometry),
        rows=shot.count if shot.counted else None,
        filter=shot.filter,
    )


def _describe_fields(shot: Snapshot, fields: tuple[FieldInfo, ...]) -> tuple[FieldInfo, ...]:
    """Return the fields with the declarations of their database.

    The aliases that QGIS shows may be those of a form.
    """
    from ...core.io.field_types import KEEPING

    path = Path(shot.path)
    if path.suffix.lower() not in KEEPING:
        return fields
    tables = _tables(shot.path, _make_stamp(path))
    table = tables.get(shot.table) if shot.table else next(iter(tables.values()), None)
    return table.describe_fields(fields) if table else fields


@lru_cache(maxsize=8)
def _tables(path: str, stamp: tuple[Any, ...]) -> dict[str, DeclaredTable]:
    """Return the declarations of a database, read once for all its layers.

    They are read again after a file of it was written.
    """
    from ...core.io.field_types import read_declared_tables

    return read_declared_tables(path)


def _make_stamp(path: Path) -> tuple[Any, ...]:
    files = sorted(path.iterdir()) if path.is_dir() else [path, path.with_name(f"{path.name}-wal")]
    return tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files if f.exists())


def read_snapshot(
    shot: Snapshot, *, cancellation: Cancellation = NEVER, only: frozenset[str] | None = None
) -> SourceLayer:
    """Return the table of a snapshot, in one pass over the features.

    Attributes by column, geometries as WKB. ``only``: the fields to read, in capitals; default all.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    from ...core.io.crs_definition import find_contradicting_crs
    from ...core.io.shape_headers import read_shape_headers

    drawn = make_outline(shot)
    kept, crs = _find_positions(shot), drawn.crs
    if only is not None:
        kept = [n for n in kept if shot.fields.at(n).name().upper() in only]
    read = _read_rows(shot, kept, cancellation)
    stored = _count_expected(shot)
    if stored is not None and stored != len(read.fids):
        counts = {"read": len(read.fids), "stored": stored}
        return replace(drawn, problem=("rows_disagree", counts), rows=stored)
    file, table_name = Path(shot.path), shot.table or Path(shot.path).stem
    shape_crs = read_shape_headers(file, table_name).other_crs
    described_crs = find_contradicting_crs(file, table_name)
    columns = list(zip(*read.attributes, strict=True)) if read.attributes else [()] * shot.fields.count()
    index = pd.Index(read.fids, dtype="int64")
    table = {shot.fields.at(n).name(): column_of(columns[n], shot.fields.at(n), index) for n in kept}
    cancellation.raise_if_cancelled()
    # A ring that GEOS cannot represent is returned as missing, as for a file; GEO002 reports it.
    geometries = shapely.from_wkb(np.array(read.shapes, dtype=object), on_invalid="ignore")
    together = zip(read.fids, read.shapes, geometries, strict=True)
    broken = [fid for fid, wkb, shape in together if wkb is not None and shape is None]
    # A field may be named geometry too: then the geometry column gets another name.
    name = "geometry"
    while name in table:
        name = f"_{name}"
    table[name] = gpd.GeoSeries(geometries, index=index, crs=crs)
    frame = gpd.GeoDataFrame(table, index=index, geometry=name, crs=crs)
    return replace(
        drawn,
        frame=frame,
        curves=tuple(read.curves),
        curve_step=CURVE_STEP_DEGREES if read.curves else 0.0,
        notices=_notices(shot, len(read.curves)),
        broken=tuple(broken),
        shape_crs=shape_crs,
        described_crs=described_crs,
    )


def _count_expected(shot: Snapshot) -> int | None:
    """Return the expected number of features; None if unknown.

    The file's count if it shows all features, else the layer's. None for a part of the features, or if no count is
    exact.
    """
    from ...core.io.records import stored_rows

    if shot.request.filterType() != QgsFeatureRequest.FilterType.FilterNone or shot.request.limit() >= 0:
        return None
    if not shot.filter and not shot.unsaved and Path(shot.path).suffix.lower() in (".gdb", ".gpkg", ".shp"):
        stored = stored_rows(Path(shot.path), shot.table or Path(shot.path).stem)
        if stored is not None:
            return stored
    return shot.count if shot.exact and shot.counted else None


@dataclass
class _Rows:
    """Rows by feature: id, all attributes (unread ones are empty), WKB.

    ``curves``: with arcs.
    """

    fids: list[int] = field(default_factory=list)
    attributes: list[list[Any]] = field(default_factory=list)
    shapes: list[bytes | None] = field(default_factory=list)
    curves: list[int] = field(default_factory=list)


def _read_rows(shot: Snapshot, kept: list[int], cancellation: Cancellation) -> _Rows:
    """Read the features in one pass, with the fields at these positions."""
    request, found = QgsFeatureRequest(shot.request), _Rows()
    if len(kept) < shot.fields.count() and request.filterExpression() is None:
        # An expression may use any field.
        request.setSubsetOfAttributes(kept)
    for number, feature in enumerate(shot.source.getFeatures(request)):
        if number % _BATCH == 0:
            cancellation.raise_if_cancelled()
        wkb, curved = as_wkb(feature.geometry()) if feature.hasGeometry() else (None, False)
        found.fids.append(feature.id())
        found.attributes.append(feature.attributes())
        found.shapes.append(wkb)
        if curved:
            found.curves.append(feature.id())
    cancellation.raise_if_cancelled()
    return found


def read_states(layer: QgsVectorLayer, fids: Iterable[int]) -> dict[int, FeatureState | None]:
    """Return the current state of features, as `read_snapshot` reads them.

    None for one that does not exist (any more). On the main thread, and fast: without pandas and shapely.
    """
    from ...core.live.session import FeatureState

    found: dict[int, FeatureState | None] = dict.fromkeys(fids)
    fields = layer.fields()
    kept = [(n, fields.at(n).name(), type_of(fields.at(n))) for n in _list_positions(fields)]
    for feature in layer.getFeatures(QgsFeatureRequest().setFilterFids(list(found))):
        values = feature.attributes()
        attributes = {name: to_plain(values[n], kind) for n, name, kind in kept}
        wkb = as_wkb(feature.geometry())[0] if feature.hasGeometry() else None
        found[feature.id()] = FeatureState(wkb, attributes)
    return found


def _find_positions(shot: Snapshot) -> list[int]:
    """Return the positions of the fields to read."""
    return _list_positions(shot.fields)


def _list_positions(fields: QgsFields) -> list[int]:
    """Return the positions of all fields but blobs."""
    return [n for n in range(fields.count()) if type_of(fields.at(n)) != BINARY]


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
