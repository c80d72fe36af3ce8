# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a package as one VCT file: what stands against it, written layer by layer, and the file read again as a whole.

A feature of several parts has a record and a row for each, with ids one after the other and the same values: the format has
no other way. Reading puts them together again (`vct.parts`), and the comparison holds feature against feature.
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

#: What reads the file again.
READER = "sanxian VCT 3.0"

Progress = Callable[[int], None]


def write_set(
    path: Path, contents: Iterable[Content], plane: CRS, *, progress: Progress, cancellation: Cancellation
) -> Exported:
    """Write layers as a new file, one in memory at a time. What cannot be written is known before (`look`). OutputError."""
    contents = list(contents)

    def layers() -> Iterator[SourceLayer]:
        for content in contents:
            yield _layer(content, plane, cancellation)
            progress(len(content))

    return write_vct(
        path, layers(), templates={c.name.upper(): c.template for c in contents}, cancellation=cancellation
    )


def _layer(content: Content, plane: CRS, cancellation: Cancellation) -> SourceLayer:
    """A layer as the writer takes it: in the package's CRS, with the template's fields and no others."""
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
    """Read the whole file again and hold every layer against the plan's, in the order of the file. InputError with the
    line when it cannot be read."""
    contents = list(contents)
    rest = {c.name.upper(): c for c in contents}
    done: dict[str, ReadBack] = {}
    with open_vct(path, cancellation, placed=False) as vct:
        crs = vct.head.crs.to_wkt()
        for name, batches in groupby(vct.batches(), key=lambda one: one[0].name.upper()):
            content = rest.pop(name, None)
            frames = (frame for _, frame in batches)
            if content is None:
                # Shapes that no row belongs to come once more, after all rows.
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
    """A table of a file as the comparison takes a layer. ``row_of``: the feature that each row is of; ``unlike``: field →
    features whose parts differ in it. ``features`` grows while it is read: the file itself says nothing of it."""

    def __init__(self, table: Table, crs: str, frames: Iterator[gpd.GeoDataFrame], row_of: NDArray):
        self.fields = [ReadField(c.name, c.type, c.length if c.type == "text" else None) for c in table.columns]
        self.crs, self.features = crs, 0
        self.unlike: dict[str, int] = {}
        self._frames, self._row_of, self._at = frames, row_of, 0

    def batches(self, size: int) -> Iterator[ReadRows]:
        rest: pd.DataFrame | None = None
        for frame in chain(self._frames, [None]):
            if frame is not None:
                parts = self._numbered(frame)
                rest = parts if rest is None else pd.concat([rest, parts], ignore_index=True)
            if rest is None:
                return
            begins = _begins(rest["row"].to_numpy())
            cuts, at = [*begins.tolist(), len(rest)], 0
            # The last feature may go on in the next rows.
            whole = len(begins) - (frame is not None)
            while whole - at >= size or (frame is None and at < whole):
                stop = min(at + size, whole)
                yield self._rows(rest.iloc[cuts[at] : cuts[stop]])
                at = stop
            rest = rest.iloc[cuts[at] :]

    def _numbered(self, frame: gpd.GeoDataFrame) -> pd.DataFrame:
        """Columns by position, shapes under ``shape``, the feature under ``row``; more rows than were written count on."""
        columns: dict[Any, Any] = {n: _plain(frame[f.name]) for n, f in enumerate(self.fields)}
        known = self._row_of[self._at : self._at + len(frame)]
        beyond = len(self._row_of) + self._at + np.arange(len(frame) - len(known))
        self._at += len(frame)
        shapes = frame.geometry.to_numpy()
        return pd.DataFrame(
            {**columns, "shape": np.array(shapes, dtype=object), "row": np.r_[known, beyond]}, dtype=object
        )

    def _rows(self, parts: pd.DataFrame) -> ReadRows:
        row = parts["row"].to_numpy()
        begins = _begins(row)
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


def _begins(row: NDArray) -> NDArray:
    return np.flatnonzero(np.r_[len(row) > 0, row[1:] != row[:-1]])


def _plain(column: pd.Series) -> NDArray:
    """(n,) Python's values, None for missing ones."""
    missing = column.isna().to_numpy()
    values = np.empty(len(column), dtype=object)
    values[:] = [v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in column.tolist()]
    values[missing] = None
    return values
