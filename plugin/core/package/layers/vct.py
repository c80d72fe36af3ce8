# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing of layers as one VCT file, and comparison of the file with the plan.

A feature with several parts has a record and a row for each part, with consecutive ids and equal values, because the
format allows only single parts. Reading merges the parts (`exchange.vct.read`); whole features are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import Cancellation
from ...exchange.vct.read import merge_into_multipart, open_vct
from ...exchange.vct.structure import VctTable
from ...exchange.vct.write import VctExport, write_vct
from ...plan.layer import FieldInfo, SourceLayer
from .content import PackageLayer
from .read_back import ReadBackResult, compare_layer
from .readers import ReadRows

RowCallback = Callable[[int], None]


def write_vct_set(
    path: Path,
    package_layers: Sequence[PackageLayer],
    horizontal_crs: CRS,
    *,
    progress: RowCallback,
    cancellation: Cancellation,
) -> VctExport:
    """Write layers as a new VCT file, one in memory at a time.

    `layer_validation` has validated the layers.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """

    def iterate_source_layers() -> Iterator[SourceLayer]:
        """Yield the layers for the VCT writer, and report the progress after each."""
        for content in package_layers:
            yield _make_source_layer(content, horizontal_crs, cancellation)
            progress(len(content))

    return write_vct(
        path,
        iterate_source_layers(),
        templates={c.name.upper(): c.template for c in package_layers},
        cancellation=cancellation,
    )


def _make_source_layer(package_layer: PackageLayer, horizontal_crs: CRS, cancellation: Cancellation) -> SourceLayer:
    """Return a package layer as a source layer for the VCT writer, in the package's CRS.

    As a function, so that its batches are released before the layer is written.
    """
    shapes: list[NDArray] = []
    columns: dict[str, list[NDArray]] = {f.name: [] for f in package_layer.template.fields}
    for rows in package_layer.iterate_batches(horizontal_crs):
        cancellation.raise_if_cancelled()
        shapes.append(rows.shapes)
        for name, values in rows.values.items():
            columns[name].append(values)
    geometry_column = "geometry"
    while geometry_column in columns:
        geometry_column += "_"
    table = pd.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()}, dtype=object)
    table[geometry_column] = gpd.GeoSeries(np.concatenate(shapes), crs=horizontal_crs)
    infos = tuple(FieldInfo(f.name, f.type, f.length) for f in package_layer.template.fields)
    return SourceLayer(
        package_layer.name, gpd.GeoDataFrame(table, geometry=geometry_column, crs=horizontal_crs), infos, horizontal_crs
    )


def read_back_vct_set(
    path: Path,
    package_layers: Sequence[PackageLayer],
    horizontal_crs: CRS,
    vct_export: VctExport,
    *,
    progress: RowCallback,
    cancellation: Cancellation,
) -> Iterator[tuple[PackageLayer, ReadBackResult]]:
    """Read the whole VCT file again.

    Yield each layer with the result of comparing it with the plan's layer.

    ``vct_export`` is the result of writing. Layers are yielded in the order of ``package_layers``.

    Raises
    ------
    InputError
        If the file cannot be read, with the line.
    """
    unread_contents = {c.name.upper(): c for c in package_layers}
    results: dict[str, ReadBackResult] = {}
    with open_vct(path, cancellation) as vct:
        crs = vct.header.crs.to_wkt()
        for name, batches in groupby(vct.read_batches(), key=lambda result: result[0].name.upper()):
            content = unread_contents.pop(name, None)
            frame = pd.concat([frame for _, frame in batches], ignore_index=True)
            if content is None:
                # Shapes without a row are read again, after all rows.
                results[name].add_difference("count", count=len(frame))
                continue
            table = vct.structure.tables[name]
            layer = VctLayer(table, crs, frame, vct_export.source_rows[table.name])
            result = compare_layer(
                layer, content, horizontal_crs, path.suffix.lower(), progress=progress, cancellation=cancellation
            )
            for field, count in layer.differing_parts.items():
                result.add_difference("value", field, count=count)
            results[name] = result
    yield from ((content, results[content.name.upper()]) for content in package_layers)


class VctLayer:
    """A table of a VCT file with the interface of `OpenLayer`, the parts of its features merged.

    ``source_rows``: for each row of the table the index of its feature. ``differing_parts``: field → number of parts
    whose value is not that of their feature's first part.
    """

    library = "sanxian VCT 3.0"

    def __init__(self, table: VctTable, crs: str, frame: pd.DataFrame, source_rows: NDArray):
        self.fields = [FieldInfo(c.name, c.type, c.length if c.type == "text" else None) for c in table.columns]
        self.crs = crs
        # Rows that were not written count as further features.
        further_rows = len(source_rows) + np.arange(len(frame) - len(source_rows))
        rows = np.r_[source_rows[: len(frame)], further_rows]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        part_counts = np.diff(np.r_[starts, len(rows)])
        self.feature_count = len(starts)
        shapes = np.array(frame.geometry.to_numpy(), dtype=object)
        self._shapes = shapes[starts]
        for k in np.flatnonzero(part_counts > 1).tolist():
            self._shapes[k] = merge_into_multipart(shapes[starts[k] : starts[k] + part_counts[k]])
        self._values: dict[str, NDArray] = {}
        self.differing_parts: dict[str, int] = {}
        for read_field in self.fields:
            column = frame[read_field.name]
            cells = np.empty(len(column), dtype=object)
            cells[:] = [v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in column.tolist()]
            cells[column.isna().to_numpy()] = None
            self._values[read_field.name] = cells[starts]
            if count := int((cells != np.repeat(cells[starts], part_counts)).sum()):
                self.differing_parts[read_field.name] = count

    def iterate_batches(self, size: int) -> Iterator[ReadRows]:
        """Yield the features in batches of ``size``."""
        for first in range(0, self.feature_count, size):
            rows = slice(first, first + size)
            yield ReadRows(self._shapes[rows], {name: cells[rows].tolist() for name, cells in self._values.items()})
