# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a package as one VCT file: writing, and reading the whole file again.

A feature with several parts has a record and a row for each part, with consecutive ids and equal values, because the
format allows only single parts. Reading merges them (`vct.parts`), and the comparison compares features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...cancellation import Cancellation
from ...exchange.vct.batch import merge_shapes
from ...exchange.vct.read import open_vct
from ...exchange.vct.structure import Table
from ...exchange.vct.write import Exported, write_vct
from ...plan.layer import FieldInfo, SourceLayer
from .content import Content
from .read_back import ReadBack, compare_layer
from .readers import ReadField, ReadRows

if TYPE_CHECKING:
    from pyproj import CRS

#: Name of the reader in a report.
READER = "sanxian VCT 3.0"

Progress = Callable[[int], None]


def write_set(
    path: Path, contents: Iterable[Content], plane: CRS, *, progress: Progress, cancellation: Cancellation
) -> Exported:
    """Write layers as a new file, one in memory at a time.

    `layer_validation` has validated the contents.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    contents = list(contents)

    def layers() -> Iterator[SourceLayer]:
        for content in contents:
            yield _layer(content, plane, cancellation)
            progress(len(content))

    return write_vct(
        path, layers(), templates={c.name.upper(): c.template for c in contents}, cancellation=cancellation
    )


def _layer(content: Content, plane: CRS, cancellation: Cancellation) -> SourceLayer:
    """Return a layer for the writer: in the package's CRS, only template fields."""
    shapes: list[NDArray] = []
    columns: dict[str, list[NDArray]] = {f.name: [] for f in content.template.fields}
    for rows in content.batches(plane):
        cancellation.raise_if_cancelled()
        shapes.append(rows.shapes)
        for name, values in rows.values.items():
            columns[name].append(values)
    taken = "geometry"
    while taken in columns:
        taken += "_"
    table = pd.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()}, dtype=object)
    table[taken] = gpd.GeoSeries(np.concatenate(shapes), crs=plane)
    infos = tuple(FieldInfo(f.name, f.type, f.length) for f in content.template.fields)
    return SourceLayer(content.name, gpd.GeoDataFrame(table, geometry=taken, crs=plane), infos, plane)


def read_set(
    path: Path,
    contents: Iterable[Content],
    plane: CRS,
    written: Exported,
    *,
    progress: Progress,
    cancellation: Cancellation,
) -> Iterator[tuple[Content, ReadBack]]:
    """Read the whole file again and compare every layer with the plan's.

    Layers are in the order of the file.

    Raises
    ------
    InputError
        If the file cannot be read, with the line.
    """
    contents = list(contents)
    rest = {c.name.upper(): c for c in contents}
    done: dict[str, ReadBack] = {}
    with open_vct(path, cancellation, placed=False) as vct:
        crs = vct.head.crs.to_wkt()
        for name, batches in groupby(vct.batches(), key=lambda one: one[0].name.upper()):
            content = rest.pop(name, None)
            frames = (frame for _, frame in batches)
            if content is None:
                # Shapes without a row are read again, after all rows.
                done[name].differs("count", count=sum(map(len, frames)))
                continue
            table = vct.structure.tables[name]
            layer = VctLayer(table, crs, frames, written.row_of[table.name])
            one = compare_layer(
                layer, content, plane, path.suffix.lower(), READER, progress=progress, cancellation=cancellation
            )
            for field, count in layer.unlike.items():
                one.differs("value", field, count=count)
            done[name] = one
    for content in contents:
        yield content, done[content.name.upper()]


class VctLayer:
    """A table of a VCT file with the interface of `OpenLayer`.

    ``row_of`` is the feature of each row; ``unlike`` maps field → number of features whose parts differ in it.
    ``features`` grows while the table is read, because the file does not store the number.
    """

    def __init__(self, table: Table, crs: str, frames: Iterator[gpd.GeoDataFrame], row_of: NDArray):
        self.fields = [ReadField(c.name, c.type, c.length if c.type == "text" else None) for c in table.columns]
        self.crs, self.features = crs, 0
        self.unlike: dict[str, int] = {}
        self._frames, self._row_of, self._at = frames, row_of, 0

    def batches(self, size: int) -> Iterator[ReadRows]:
        """Yield the features in batches."""
        rest: pd.DataFrame | None = None
        for frame in chain(self._frames, [None]):
            if frame is not None:
                parts = self._assign_features(frame)
                rest = parts if rest is None else pd.concat([rest, parts], ignore_index=True)
            if rest is None:
                return
            begins = _find_feature_starts(rest["row"].to_numpy())
            cuts, at = [*begins.tolist(), len(rest)], 0
            # The last feature may continue in the next rows.
            whole = len(begins) - (frame is not None)
            while whole - at >= size or (frame is None and at < whole):
                stop = min(at + size, whole)
                yield self._rows(rest.iloc[cuts[at] : cuts[stop]])
                at = stop
            rest = rest.iloc[cuts[at] :]

    def _assign_features(self, frame: gpd.GeoDataFrame) -> pd.DataFrame:
        """Return columns by position, shapes under ``shape``, the feature under ``row``.

        Rows beyond those written get further numbers.
        """
        columns: dict[Any, Any] = {n: _to_python(frame[f.name]) for n, f in enumerate(self.fields)}
        known = self._row_of[self._at : self._at + len(frame)]
        beyond = len(self._row_of) + self._at + np.arange(len(frame) - len(known))
        self._at += len(frame)
        shapes = frame.geometry.to_numpy()
        return pd.DataFrame(
            {**columns, "shape": np.array(shapes, dtype=object), "row": np.r_[known, beyond]}, dtype=object
        )

    def _rows(self, parts: pd.DataFrame) -> ReadRows:
        row = parts["row"].to_numpy()
        begins = _find_feature_starts(row)
        self.features += len(begins)
        shapes = np.array(parts["shape"], dtype=object)
        several = np.flatnonzero(np.diff(np.r_[begins, len(row)]) > 1)
        whole = shapes[begins]
        ends = np.r_[begins[1:], len(row)]
        for k in several.tolist():
            whole[k] = merge_shapes(shapes[begins[k] : ends[k]])
        values = {}
        for n, declared in enumerate(self.fields):
            cells = parts[n].to_numpy()
            for k in several.tolist():
                own = cells[begins[k] : ends[k]]
                if any(cell != own[0] for cell in own[1:]):
                    self.unlike[declared.name] = self.unlike.get(declared.name, 0) + 1
            values[declared.name] = cells[begins].tolist()
        return ReadRows(whole, values)


def _find_feature_starts(row: NDArray) -> NDArray:
    return np.flatnonzero(np.r_[len(row) > 0, row[1:] != row[:-1]])


def _to_python(column: pd.Series) -> NDArray:
    """Return (n,) Python values, None for missing ones."""
    missing = column.isna().to_numpy()
    values = np.empty(len(column), dtype=object)
    values[:] = [v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in column.tolist()]
    values[missing] = None
    return values
