# SPDX-License-Identifier: GPL-2.0-or-later
"""Read layers that show what their file has, but for unsaved edits, from the file.

QGIS gives a layer feature by feature, each value as an object: the core's reader of columns is several times faster,
and other threads of Python, such as the window's, can run meanwhile.
"""

from __future__ import annotations

from collections.abc import Container
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from qgis.core import QgsWkbTypes

from ...core.base.cancellation import Cancellation
from ...core.base.errors import InputError
from .snapshots import BufferedEdits, LayerSnapshot
from .values import get_field_type

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


class StoredFiles:
    """The files that one reading of several layers opens; a context manager that removes temporary copies.

    A GeoPackage that is being edited is copied once, with what its log has (`provide_safe_path`).
    """

    def __init__(self, cancellation: Cancellation):
        self._cancellation = cancellation
        self._stack = ExitStack()
        self._copies: dict[Path, Path] = {}

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
        self._cancellation.raise_if_cancelled()
        path = Path(snapshot.file_path)
        try:
            opened_path = self.open(path)
            names = frozenset(name.upper() for name in kinds)
            layer = read_layer_by_columns(path, opened_path, snapshot.table_name, names)
        except InputError:
            # QGIS may still read it, or report why not.
            return None
        self._cancellation.raise_if_cancelled()
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
    import geopandas as gpd
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
    geometry_name = "geometry"
    while geometry_name in columns:
        geometry_name = f"_{geometry_name}"
    columns[geometry_name] = gpd.GeoSeries(frame.geometry.to_numpy(), index=frame.index, crs=crs)
    layer.frame = gpd.GeoDataFrame(columns, geometry=geometry_name, crs=crs)
    return True


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

    replaced_fids = edits.changed_fids | edits.deleted_fids
    kept_frame = stored_frame.loc[~stored_frame.index.isin(list(replaced_fids))]
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
    """Return a column with the type that it has when it is read through QGIS (`values.make_column`)."""
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
