# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots of layers with unsaved edits and filters; stored rows are read from the file.

They are taken on the main thread; any thread may read them (module `reading`).

QGIS gives a layer feature by feature, each value as an object: the core's reader of columns is several times faster,
and other threads of Python, such as the window's, can run meanwhile.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsFields,
    QgsProviderRegistry,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
    QgsWkbTypes,
)

from ...core.base.errors import Cancellation, InputError
from .properties import (
    count_unsaved_edits,
    find_row_condition,
    get_assigned_role,
    get_field_type,
    get_file_path,
    get_layer_name,
    get_table_name,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from pyproj import CRS

    from ...core.plan.layer import SourceLayer

# Numbers of QMetaType, the same in Qt 5 and 6. The core reads fields of other types (lists, times of day) in another
# way than QGIS.
_TEXT_TYPE, _REAL_TYPE = 10, 6
_BOOLEAN_TYPE, _DATE_TYPES, _INTEGER_TYPES = 1, (14, 16), (1, 2, 4)
_READABLE_TYPES = (_TEXT_TYPE, _REAL_TYPE, *_DATE_TYPES, *_INTEGER_TYPES)


@dataclass(frozen=True)
class BufferedEdits:
    """Ids of the features that a layer's edit buffer has added, in the order of the layer, changed and deleted."""

    added_fids: tuple[int, ...] = ()
    changed_fids: frozenset[int] = frozenset()
    deleted_fids: frozenset[int] = frozenset()


@dataclass
class LayerSnapshot:
    """State of a layer at one moment, to be read in another thread.

    It does not refer to the layer, because the user may remove the layer meanwhile. ``template_id``: assigned role;
    ``row_condition``: a condition that may hide rows of the source (`find_row_condition`); ``is_count_known``,
    ``is_count_exact``: ``feature_count`` is known, is exact.
    """

    name: str
    feature_source: QgsVectorLayerFeatureSource
    fields: QgsFields
    crs: QgsCoordinateReferenceSystem
    feature_request: QgsFeatureRequest
    feature_count: int = 0
    file_path: str = ""
    encoding: str = ""
    template_id: str = ""
    row_condition: str = ""
    unsaved_change_count: int = 0
    layer_id: str = ""
    table_name: str = ""
    geometry_type: Qgis.WkbType = Qgis.WkbType.Unknown
    #: True if ``feature_count`` is the provider's and exact. A GeoPackage's may be outdated, a server's an estimate.
    is_count_known: bool = True
    is_count_exact: bool = False
    #: The layer shows the rows of its table as the file has them, except for ``edits``.
    shows_stored_rows: bool = False
    edits: BufferedEdits = field(default_factory=BufferedEdits)


def take_snapshot(layer: QgsVectorLayer, request: QgsFeatureRequest | None = None) -> LayerSnapshot:
    """Return a layer's current state with unsaved edits. On the main thread only.

    ``request`` restricts the features (a selection, an expression); by default all features that pass the layer's
    filter are read.
    """
    provider, edits = layer.dataProvider(), BufferedEdits()
    if (buffer := layer.editBuffer()) is not None:
        # QGIS gives added features before the stored ones, the first added one first; its id is the largest.
        added_fids = tuple(sorted(buffer.addedFeatures(), reverse=True))
        changed_fids = frozenset({*buffer.changedAttributeValues(), *buffer.changedGeometries()})
        edits = BufferedEdits(added_fids, changed_fids - set(added_fids), frozenset(buffer.deletedFeatureIds()))
    return LayerSnapshot(
        name=get_layer_name(layer),
        feature_source=QgsVectorLayerFeatureSource(layer),
        fields=layer.fields(),
        crs=layer.crs(),
        feature_request=request or QgsFeatureRequest(),
        feature_count=max(int(layer.featureCount()), 0),
        file_path=get_file_path(layer),
        encoding=provider.encoding() if provider and layer.providerType() == "ogr" else "",
        template_id=get_assigned_role(layer),
        row_condition=find_row_condition(layer),
        unsaved_change_count=count_unsaved_edits(layer),
        layer_id=layer.id(),
        table_name=get_table_name(layer),
        geometry_type=layer.wkbType(),
        is_count_known=layer.featureCount() >= 0,
        is_count_exact=layer.providerType() in ("memory", "ogr") and not get_file_path(layer).lower().endswith(".gpkg"),
        shows_stored_rows=request is None and _shows_stored_rows(layer),
        edits=edits,
    )


def _shows_stored_rows(layer: QgsVectorLayer) -> bool:
    """Return True if a layer shows all rows of a table of a GeoPackage, but for the edits in its buffer.

    False in a transaction, where edits are in no buffer.
    """
    provider, fields, buffer = layer.dataProvider(), layer.fields(), layer.editBuffer()
    if layer.providerType() != "ogr" or layer.subsetString() or provider.transaction() is not None:
        return False
    if fields.names() != provider.fields().names():
        # Joined or virtual fields, or unsaved changes of fields.
        return False
    if buffer is not None and (buffer.addedAttributes() or buffer.deletedAttributeIds()):
        # A new field may have the name of a deleted one, but not its values.
        return False
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path, table = str(parts.pop("path", "") or ""), str(parts.pop("layerName", "") or "")
    # No open options, packed file, password or the like.
    return bool(table) and Path(path).suffix.lower() == ".gpkg" and not any(parts.values())


def make_snapshot_names_unique(snapshots: Iterable[LayerSnapshot]) -> list[LayerSnapshot]:
    """Return snapshots with unique layer names, made by appending numbers.

    A project may have several layers of one name, a plan may not.
    """
    renamed_snapshots = list(snapshots)
    taken_names: set[str] = set()
    for one in renamed_snapshots:
        name, number = one.name, 2
        while name in taken_names:
            name, number = f"{one.name} ({number})", number + 1
        taken_names.add(name)
        one.name = name
    return renamed_snapshots


@dataclass
class StoredFiles:
    """The files that one reading of several layers opens; a context manager that removes temporary copies.

    A GeoPackage that is being edited is copied once, with what its log has (`provide_safe_path`).
    """

    cancellation: Cancellation
    _stack: ExitStack = field(default_factory=ExitStack, init=False)
    _copies: dict[Path, Path] = field(default_factory=dict, init=False)

    def __enter__(self) -> StoredFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def read_layer(self, snapshot: LayerSnapshot, field_positions: list[int], crs: CRS | None) -> SourceLayer | None:
        """Return the stored rows of a snapshot as `reading.read_snapshot` does, with the fields at these positions.

        None if the rows must be read through QGIS: the layer shows other rows than its file has, it has arcs or fields
        that the core reads otherwise, or the file cannot be read. ``crs``: that of the layer in QGIS, which may differ
        from that in the file. Raise Cancelled.
        """
        from ...core.plan.io.file import read_layer_by_columns

        kinds = {snapshot.fields.at(n).name(): get_field_type(snapshot.fields.at(n)) for n in field_positions}
        if (
            not snapshot.shows_stored_rows
            or QgsWkbTypes.geometryType(snapshot.geometry_type) == QgsWkbTypes.GeometryType.NullGeometry
            or QgsWkbTypes.isCurvedType(snapshot.geometry_type)
            or any(kind not in _READABLE_TYPES for kind in kinds.values())
        ):
            return None
        self.cancellation.raise_if_cancelled()
        path = Path(snapshot.file_path)
        names = frozenset(name.upper() for name in kinds)
        try:
            layer = read_layer_by_columns(path, self.open(path), snapshot.table_name, names)
        except InputError:
            # QGIS may still read it, or report why not.
            return None
        self.cancellation.raise_if_cancelled()
        if layer is None or layer.curve_texts or layer.broken_fids:
            # QGIS closes rings that GEOS cannot represent.
            return None
        if layer.problem is not None or _give_columns_of_snapshot(layer, snapshot, kinds, crs):
            return layer
        return None

    def open(self, path: Path) -> Path:
        """Return the path that a driver may open. Raise InputError."""
        from ...core.base.files.open_datasource import provide_safe_path

        if path in self._copies:
            return self._copies[path]
        opened_path = self._stack.enter_context(provide_safe_path(path))
        # Editing may begin after this layer: a file that was not copied is examined again for the next one.
        if opened_path != path and not opened_path.is_symlink():
            self._copies[path] = opened_path
        return opened_path


def _give_columns_of_snapshot(
    layer: SourceLayer, snapshot: LayerSnapshot, kinds: dict[str, int], crs: CRS | None
) -> bool:
    """Give a layer the columns that QGIS shows, in their order and with their types.

    Return False if one is missing, or if the driver has rounded its numbers to single precision; QGIS does not.
    ``kinds``: field name → QMetaType number.
    """
    import pandas as pd

    frame, geometry_name = layer.frame, layer.frame.geometry.name
    missing_names = [name for name in kinds if name not in frame.columns or name == geometry_name]
    # QGIS shows the feature id, which the driver does not count among the fields, as the first field.
    if missing_names and (
        missing_names != [snapshot.fields.at(0).name()] or kinds[missing_names[0]] != _INTEGER_TYPES[2]
    ):
        return False
    if any(dtype == "float32" for dtype in frame.dtypes[[name for name in kinds if name not in missing_names]]):
        return False
    columns = {
        name: pd.Series(frame.index, index=frame.index, dtype="int64")
        if name in missing_names
        else frame[name]
        if name in layer.mistyped_columns
        else _convert_column(frame[name], kind)
        for name, kind in kinds.items()
    }
    layer.frame = make_geometry_frame(columns, frame.geometry.to_numpy(), frame.index, crs)
    return True


def make_geometry_frame(columns: dict[str, Any], shapes: Any, index: pd.Index, crs: CRS | None) -> gpd.GeoDataFrame:
    """Return columns with shapes as a table; the columns get that of the shapes."""
    import geopandas as gpd

    # A field may be named geometry too: then the geometry column gets another name.
    name = "geometry"
    while name in columns:
        name = f"_{name}"
    columns[name] = gpd.GeoSeries(shapes, index=index, crs=crs)
    return gpd.GeoDataFrame(columns, index=index, geometry=name, crs=crs)


def merge_edited_rows(
    stored_frame: gpd.GeoDataFrame,
    edited_frame: gpd.GeoDataFrame,
    edits: BufferedEdits,
    text_names: Container[str] = (),
) -> gpd.GeoDataFrame:
    """Return stored rows with unsaved edits, in the order of features in QGIS.

    ``edited_frame``: the added and changed features, in any order, with the same columns; ``text_names``: columns of
    stored texts, in which edited values of other types may be.
    """
    import geopandas as gpd
    import pandas as pd

    kept_frame = stored_frame.loc[~stored_frame.index.isin(list(edits.changed_fids | edits.deleted_fids))]
    # A changed feature may have been deleted in the file since the stored rows were read.
    missing_fids = edits.deleted_fids | (edits.changed_fids - set(edited_frame.index.tolist()))
    remaining_fids = [fid for fid in stored_frame.index.tolist() if fid not in missing_fids]
    fids = pd.Index([*edits.added_fids, *remaining_fids], dtype="int64")
    columns = {}
    for name in stored_frame.columns:
        stored_column, edited_column = kept_frame[name], edited_frame[name]
        if stored_column.dtype == edited_column.dtype or name in text_names:
            columns[name] = pd.concat([stored_column, edited_column]).loc[fids]
            continue
        # Integers of which some are missing, or were missing before the edits.
        column = pd.concat([stored_column.astype(object), edited_column.astype(object)]).loc[fids]
        columns[name] = column.astype("int64") if column.notna().all() else column
    return gpd.GeoDataFrame(columns, geometry=stored_frame.geometry.name, crs=stored_frame.crs)


def _convert_column(column: pd.Series, kind: int) -> Any:
    """Return a column with the type that it has when it is read through QGIS (`properties.make_column`)."""
    import pandas as pd

    if kind in _DATE_TYPES:
        return column.astype("datetime64[ms]")
    if kind == _REAL_TYPE:
        return column.astype("float64")
    if kind in _INTEGER_TYPES:
        if column.notna().all():
            return column.astype("int64")
        # Gaps have turned integers into doubles or digits.
        convert = bool if kind == _BOOLEAN_TYPE else int
        values = [None if pd.isna(value) else convert(value) for value in column.tolist()]
        return pd.Series(values, index=column.index, dtype=object)
    return column
