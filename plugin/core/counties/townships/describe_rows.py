# SPDX-License-Identifier: GPL-2.0-or-later
"""Values, geometry and area of single rows of the county and of packages, for tables and layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from ...exchange.gdal_setup import raise_if_refused
from ...geometry.crs import make_lonlat_transformer, parse_crs
from ...geometry.statutory_area import measure_statutory_area
from .apply import find_dataset_of_layer
from .decide import Version
from .stored_rows import Cells, list_fields, open_dataset, read_cells, read_shape_bytes
from .work_package import LayerRecord


@dataclass(frozen=True)
class RowContent:
    """A row: values as text, geometry as WKB, statutory area (m²; None without a polygon or CRS)."""

    cells: Cells
    shape_bytes: bytes
    area_m2: float | None


class RowContents:
    """Reads rows of the county and of packages by feature id, while the data sets are open."""

    def __init__(self, gdal: Any, datasets: Sequence[Path], encodings: Mapping[tuple[str, str], str]):
        self._gdal, self._datasets, self._encodings = gdal, tuple(datasets), encodings
        self._open: dict[tuple[str, str], Any] = {}

    def close(self) -> None:
        """Close all data sets."""
        self._open.clear()

    def read_county(self, layer: LayerRecord, fid: int | None) -> RowContent | None:
        """Return a row of the county; None without an id, or if it is not there."""
        return self._read(
            find_dataset_of_layer(layer.file, self._datasets),
            self._encodings.get((layer.file, layer.name), ""),
            layer.name,
            layer,
            fid,
        )

    def read_version(self, layer: LayerRecord, version: Version) -> RowContent | None:
        """Return a version of a row; None if it was deleted."""
        if version.package is None:
            return self.read_county(layer, version.fid)
        path = version.package.neighbours if version.is_neighbour else version.package.data
        return None if path is None else self._read(path, "", layer.package_name, layer, version.fid)

    def get_layer(self, layer: LayerRecord, version: Version) -> Any:
        """Return the open GDAL layer of a version; None if it is missing."""
        if version.package is None:
            return self._open_layer(
                find_dataset_of_layer(layer.file, self._datasets),
                self._encodings.get((layer.file, layer.name), ""),
                layer.name,
            )
        path_of_package = version.package.neighbours if version.is_neighbour else version.package.data
        return None if path_of_package is None else self._open_layer(path_of_package, "", layer.package_name)

    def _open_layer(self, path: Path, encoding: str, name: str) -> Any:
        """Return a layer of a data set, which is opened once."""
        key = (str(path), encoding)
        if key not in self._open:
            self._open[key] = open_dataset(self._gdal, path, encoding)
        return self._open[key].GetLayerByName(name)

    def _read(self, path: Path, encoding: str, name: str, record: LayerRecord, fid: int | None) -> RowContent | None:
        """Return a row of a layer, with the fields that were handed out."""
        if fid is None:
            return None
        layer = raise_if_refused(self._open_layer(path, encoding, name))
        feature = layer.GetFeature(fid)
        if feature is None:
            return None
        fields = {one: place for one, place in list_fields(layer).items() if one in record.fields}
        shape_bytes = read_shape_bytes(feature)
        reference, area = layer.GetSpatialRef(), None
        crs = parse_crs(reference.ExportToWkt()) if reference is not None else None
        shape = shapely.from_wkb(shape_bytes, on_invalid="ignore") if shape_bytes else None
        if crs is not None and shape is not None and shapely.get_dimensions(shape) == 2:
            area = float(measure_statutory_area(np.array([shape], dtype=object), make_lonlat_transformer(crs))[0])
        return RowContent(read_cells(feature, fields), shape_bytes, area)
