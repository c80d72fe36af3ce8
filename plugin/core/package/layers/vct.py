# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing of layers as one VCT file, and comparison of the file with the plan.

A feature with several parts has a record and a row for each part, with consecutive ids and equal values, because the
format allows only single parts. Reading merges the parts (`exchange.vct.batch`); whole features are compared.
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
from ...exchange.vct.batch import merge_into_multipart
from ...exchange.vct.read import open_vct
from ...exchange.vct.structure import VctTable
from ...exchange.vct.write import VctExport, write_vct
from ...plan.layer import FieldInfo, SourceLayer
from .content import PackageLayer
from .read_back import ReadBackResult, compare_layer
from .readers import ReadField, ReadRows

if TYPE_CHECKING:
    from pyproj import CRS

#: Name of the reader in a report.
READER_NAME = "sanxian VCT 3.0"

RowCallback = Callable[[int], None]


def write_vct_set(
    path: Path,
    package_layers: Iterable[PackageLayer],
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
    package_layers = list(package_layers)

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
    """Return a package layer as a source layer for the VCT writer, in the package's CRS."""
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
    package_layers: Iterable[PackageLayer],
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
    package_layers = list(package_layers)
    unread_contents = {c.name.upper(): c for c in package_layers}
    results: dict[str, ReadBackResult] = {}
    with open_vct(path, cancellation, checks_county=False) as vct:
        crs = vct.header.crs.to_wkt()
        for name, batches in groupby(vct.read_batches(), key=lambda result: result[0].name.upper()):
            content = unread_contents.pop(name, None)
            frames = (frame for _, frame in batches)
            if content is None:
                # Shapes without a row are read again, after all rows.
                results[name].add_difference("count", count=sum(map(len, frames)))
                continue
            table = vct.structure.tables[name]
            layer = VctLayer(table, crs, frames, vct_export.source_rows[table.name])
            result = compare_layer(
                layer,
                content,
                horizontal_crs,
                path.suffix.lower(),
                READER_NAME,
                progress=progress,
                cancellation=cancellation,
            )
            for field, count in layer.fields_with_differing_parts.items():
                result.add_difference("value", field, count=count)
            results[name] = result
    for content in package_layers:
        yield content, results[content.name.upper()]


class VctLayer:
    """A table of a VCT file with the interface of `OpenLayer`.

    ``row_of``: for each row of the table the index of its feature; ``fields_with_differing_parts``: field → number of
    features whose parts have different values. ``feature_count`` grows while the table is read, because the file does
    not store the number.
    """

    def __init__(self, table: VctTable, crs: str, row_batches: Iterator[gpd.GeoDataFrame], row_of: NDArray):
        self.fields = [ReadField(c.name, c.type, c.length if c.type == "text" else None) for c in table.columns]
        self.crs, self.feature_count = crs, 0
        self.fields_with_differing_parts: dict[str, int] = {}
        self._frames, self._row_of, self._next_row = row_batches, row_of, 0

    def iterate_batches(self, size: int) -> Iterator[ReadRows]:
        """Yield the features in batches of ``size``, their parts merged."""
        pending_rows: pd.DataFrame | None = None
        for frame in chain(self._frames, [None]):
            if frame is not None:
                parts = self._make_table_with_feature_numbers(frame)
                pending_rows = parts if pending_rows is None else pd.concat([pending_rows, parts], ignore_index=True)
            if pending_rows is None:
                return
            feature_starts = _find_feature_starts(pending_rows["row"].to_numpy())
            cuts, position = [*feature_starts.tolist(), len(pending_rows)], 0
            # The last feature may continue in the next rows.
            complete_features = len(feature_starts) - (frame is not None)
            while complete_features - position >= size or (frame is None and position < complete_features):
                end_position = min(position + size, complete_features)
                yield self._merge_feature_parts(pending_rows.iloc[cuts[position] : cuts[end_position]])
                position = end_position
            pending_rows = pending_rows.iloc[cuts[position] :]

    def _make_table_with_feature_numbers(self, row_batch: gpd.GeoDataFrame) -> pd.DataFrame:
        """Return the rows of a batch as a table with the feature number of each row.

        Columns: each field by its position (0, 1, …), ``shape``, and ``row``, the number of the feature. Features that
        are not in the VCT file get the numbers after those that are.
        """
        columns: dict[Any, Any] = {n: _convert_column(row_batch[f.name]) for n, f in enumerate(self.fields)}
        known_rows = self._row_of[self._next_row : self._next_row + len(row_batch)]
        further_rows = len(self._row_of) + self._next_row + np.arange(len(row_batch) - len(known_rows))
        self._next_row += len(row_batch)
        shapes = row_batch.geometry.to_numpy()
        return pd.DataFrame(
            {**columns, "shape": np.array(shapes, dtype=object), "row": np.r_[known_rows, further_rows]}, dtype=object
        )

    def _merge_feature_parts(self, parts: pd.DataFrame) -> ReadRows:
        """Return one row for each feature, with its parts merged.

        Fields in which the parts of a feature differ are counted in ``fields_with_differing_parts``.
        """
        row = parts["row"].to_numpy()
        feature_starts = _find_feature_starts(row)
        self.feature_count += len(feature_starts)
        shapes = np.array(parts["shape"], dtype=object)
        multipart = np.flatnonzero(np.diff(np.r_[feature_starts, len(row)]) > 1)
        merged_shapes = shapes[feature_starts]
        ends = np.r_[feature_starts[1:], len(row)]
        for k in multipart.tolist():
            merged_shapes[k] = merge_into_multipart(shapes[feature_starts[k] : ends[k]])
        values = {}
        for n, read_field in enumerate(self.fields):
            cells = parts[n].to_numpy()
            for k in multipart.tolist():
                part_values = cells[feature_starts[k] : ends[k]]
                if any(cell != part_values[0] for cell in part_values[1:]):
                    self.fields_with_differing_parts[read_field.name] = (
                        self.fields_with_differing_parts.get(read_field.name, 0) + 1
                    )
            values[read_field.name] = cells[feature_starts].tolist()
        return ReadRows(merged_shapes, values)


def _find_feature_starts(feature_numbers: NDArray) -> NDArray:
    """Return the positions at which the rows of a new feature begin."""
    return np.flatnonzero(np.r_[len(feature_numbers) > 0, feature_numbers[1:] != feature_numbers[:-1]])


def _convert_column(column: pd.Series) -> NDArray:
    """Return (n,) Python values, None for missing ones."""
    is_missing_value = column.isna().to_numpy()
    values = np.empty(len(column), dtype=object)
    values[:] = [v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in column.tolist()]
    values[is_missing_value] = None
    return values
