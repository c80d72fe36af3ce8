# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots of layers as the core's tables, and features as the core's rows."""

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

#: Features between two looks at the cancel button.
_BATCH = 2000


def read_all(
    snapshots: Iterable[Snapshot],
    *,
    progress: Callable[[float, str], None],
    cancellation: Cancellation,
    wanted: Callable[[SourceLayer], bool | frozenset[str]] = lambda layer: True,
) -> Iterator[SourceLayer]:
    """Read layers in turn. Raises Cancelled.

    ``wanted`` is asked with name and fields before the rows of a layer are read: True, False (the layer stays empty) or
    the names of the fields to read, in capitals.
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
    """A snapshot's name, fields and origin as a layer without rows."""
    import geopandas as gpd

    from ...core.geometry.crs import parse_crs
    from ...core.plan.layer import SourceLayer

    crs = parse_crs(crs_text(shot.crs))
    return SourceLayer(
        name=shot.name,
        frame=gpd.GeoDataFrame(geometry=[], crs=crs),
        fields=_described(shot, tuple(field_info(shot.fields.at(n)) for n in _kept(shot))),
        crs=crs,
        source=shot.path,
        encoding=shot.encoding,
        template_id=shot.template_id,
        unsaved=shot.unsaved,
        kind=QgsWkbTypes.displayString(shot.geometry),
        rows=shot.count if shot.counted else None,
        filter=shot.filter,
    )


def _described(shot: Snapshot, fields: tuple[FieldInfo, ...]) -> tuple[FieldInfo, ...]:
    """The fields with what their database says of them: the aliases that QGIS shows may be those of a form."""
    from ...core.io.field_types import KEEPING

    path = Path(shot.path)
    if path.suffix.lower() not in KEEPING:
        return fields
    tables = _tables(shot.path, _stamp(path))
    table = tables.get(shot.table) if shot.table else next(iter(tables.values()), None)
    return table.describe_fields(fields) if table else fields


@lru_cache(maxsize=8)
def _tables(path: str, stamp: tuple[Any, ...]) -> dict[str, DeclaredTable]:
    """A database is asked once, not for each of its layers; again when a file of it was written."""
    from ...core.io.field_types import read_declared_tables

    return read_declared_tables(path)


def _stamp(path: Path) -> tuple[Any, ...]:
    files = sorted(path.iterdir()) if path.is_dir() else [path, path.with_name(f"{path.name}-wal")]
    return tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files if f.exists())


def read_snapshot(
    shot: Snapshot, *, cancellation: Cancellation = NEVER, only: frozenset[str] | None = None
) -> SourceLayer:
    """The table of a snapshot: attributes by column, geometries as WKB, in one pass over the features.

    ``only``: the fields that are read, in capitals; default all.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    from ...core.io.shape_crs import other_shape_crs

    drawn = make_outline(shot)
    kept, crs = _kept(shot), drawn.crs
    if only is not None:
        kept = [n for n in kept if shot.fields.at(n).name().upper() in only]
    read = _rows(shot, kept, cancellation)
    stored = _expected(shot)
    if stored is not None and stored != len(read.fids):
        counts = {"read": len(read.fids), "stored": stored}
        return replace(drawn, problem=("rows_disagree", counts), rows=stored)
    shape_crs = other_shape_crs(Path(shot.path), shot.table or Path(shot.path).stem)
    columns = list(zip(*read.attributes, strict=True)) if read.attributes else [()] * shot.fields.count()
    index = pd.Index(read.fids, dtype="int64")
    table = {shot.fields.at(n).name(): column_of(columns[n], shot.fields.at(n), index) for n in kept}
    cancellation.raise_if_cancelled()
    # A ring that GEOS cannot hold comes back as missing, as when a file is read; GEO002 reports it.
    geometries = shapely.from_wkb(np.array(read.shapes, dtype=object), on_invalid="ignore")
    together = zip(read.fids, read.shapes, geometries, strict=True)
    broken = [fid for fid, wkb, shape in together if wkb is not None and shape is None]
    # A field may be called geometry, too: the shapes then take another name beside it.
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
    )


def _expected(shot: Snapshot) -> int | None:
    """How many features are to come: by the file itself where it shows them all, else by the layer; None where a part was
    asked for, or no count is exact."""
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
    """By feature: id, all attributes (those not asked for are empty), WKB; ``curves``: those drawn with arcs."""

    fids: list[int] = field(default_factory=list)
    attributes: list[list[Any]] = field(default_factory=list)
    shapes: list[bytes | None] = field(default_factory=list)
    curves: list[int] = field(default_factory=list)


def _rows(shot: Snapshot, kept: list[int], cancellation: Cancellation) -> _Rows:
    """One pass over the features, for the fields at these positions."""
    request, found = QgsFeatureRequest(shot.request), _Rows()
    if len(kept) < shot.fields.count() and request.filterExpression() is None:
        # An expression may ask for any field.
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
    """Features of a layer as they stand now, as `read_snapshot` reads them; None for one that is not there (any more).

    On the main thread, and quick: nothing of pandas or shapely.
    """
    from ...core.live.session import FeatureState

    found: dict[int, FeatureState | None] = dict.fromkeys(fids)
    fields = layer.fields()
    kept = [(n, fields.at(n).name(), type_of(fields.at(n))) for n in _positions(fields)]
    for feature in layer.getFeatures(QgsFeatureRequest().setFilterFids(list(found))):
        values = feature.attributes()
        attributes = {name: to_plain(values[n], kind) for n, name, kind in kept}
        wkb = as_wkb(feature.geometry())[0] if feature.hasGeometry() else None
        found[feature.id()] = FeatureState(wkb, attributes)
    return found


def _kept(shot: Snapshot) -> list[int]:
    """Positions of the fields that are read."""
    return _positions(shot.fields)


def _positions(fields: QgsFields) -> list[int]:
    """Those of all fields but blobs."""
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
