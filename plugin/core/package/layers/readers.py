# SPDX-License-Identifier: GPL-2.0-or-later
"""Readers of written layers; the reading library is not the one that wrote them.

It is fiona, which has a separate GDAL, or pyogrio if fiona is missing.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...plan.io import DRIVER_ERRORS
from ...plan.layer import FieldInfo


class ReadRows(NamedTuple):
    """Rows as a library read them.

    ``shapes`` are (k,) geometries, None where missing; ``values`` maps field → k values of the library's types.
    """

    shapes: NDArray
    values: dict[str, list[Any]]


class OpenLayer(Protocol):
    """Interface of a layer that is open for reading.

    ``library`` is the reading library with its version. Fields have the templates' types, and the length of a text if
    the library reports it.
    """

    library: str
    fields: list[FieldInfo]
    crs: str
    feature_count: int

    def iterate_batches(self, size: int) -> Iterator[ReadRows]:
        """Yield the rows in batches of ``size``."""


@contextmanager
def open_layer(path: Path, name: str, first_row: int = 0) -> Iterator[_FionaLayer | _PyogrioLayer]:
    """Open a layer of a .gdb or .gpkg by its name, or a .shp; rows before ``first_row`` are left out.

    Raises
    ------
    InputError
        If the layer cannot be read.
    """
    try:
        import fiona
        from fiona.errors import FionaError
    except ImportError:
        yield _PyogrioLayer(path, name, first_row)
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = fiona.open(path, layer=path.stem if path.suffix.lower() == ".shp" else name)
    except (FionaError, ValueError) as error:
        raise InputError("layer_unreadable", source=path.name, layer=name, detail="damaged") from error
    with source:
        # The library has a separate GDAL.
        yield _FionaLayer(source, f"fiona {fiona.__version__} (GDAL {fiona.__gdal_version__})", first_row)


class _FionaLayer:
    """A layer that is open in fiona."""

    def __init__(self, source: Any, library: str, first_row: int = 0):
        self.library, self._source, self._first_row = library, source, first_row
        self.fields: list[FieldInfo] = []
        kinds = {"str": "text", "float": "real", "date": "date", "datetime": "date"}
        for name, fiona_type in source.schema["properties"].items():
            # A type such as ``str:20``.
            word, _, width = fiona_type.partition(":")
            kind = kinds.get(word) or ("integer" if re.fullmatch(r"int\d*", word) else word)
            self.fields.append(FieldInfo(name, kind, int(width) if kind == "text" and width.isdigit() else None))
        self.crs = source.crs_wkt or ""
        self.feature_count = len(source) - first_row

    def iterate_batches(self, size: int) -> Iterator[ReadRows]:
        """Yield the rows in batches of ``size``."""
        # Without a start fiona does not ask the layer whether it can jump to a row.
        features = iter(self._source.filter(self._first_row, None) if self._first_row else self._source)
        while rows := list(islice(features, size)):
            shapes = np.full(len(rows), None, dtype=object)
            shapes[:] = [None if row["geometry"] is None else shapely.geometry.shape(row["geometry"]) for row in rows]
            values = {f.name: [row["properties"][f.name] for row in rows] for f in self.fields}
            dates = {f.name: list(map(_parse_moment, values[f.name])) for f in self.fields if f.type == "date"}
            yield ReadRows(shapes, {**values, **dates})


def _parse_moment(value: str | None) -> datetime | str | None:
    """Return a date or time as fiona reads it, a text of ISO format; another text is returned unchanged."""
    try:
        return datetime.fromisoformat(value) if value else None
    except ValueError:
        return value


class _PyogrioLayer:
    """A layer that pyogrio reads."""

    def __init__(self, path: Path, name: str, first_row: int = 0):
        self.library = f"pyogrio {pyogrio.__version__} (GDAL {pyogrio.__gdal_version_string__})"
        self._options: dict[str, Any] = {} if path.suffix.lower() == ".shp" else {"layer": name}
        self._path, self._first_row = path, first_row
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                info = pyogrio.read_info(path, force_feature_count=True, **self._options)
        except (*DRIVER_ERRORS, ValueError) as error:
            raise InputError("layer_unreadable", source=path.name, layer=name, detail="damaged") from error
        kinds = (("int", "integer"), ("uint", "integer"), ("float", "real"), ("datetime", "date"))
        self.fields = [
            FieldInfo(str(field), next((kind for start, kind in kinds if str(dtype).startswith(start)), "text"))
            for field, dtype in zip(info["fields"], info["dtypes"], strict=True)
        ]
        self.crs, self.feature_count = info["crs"] or "", int(info["features"]) - first_row

    def iterate_batches(self, size: int) -> Iterator[ReadRows]:
        """Yield the rows in batches of ``size``."""
        for first in range(0, self.feature_count, size):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                meta, _, wkb, columns = pyogrio.raw.read(
                    self._path, skip_features=self._first_row + first, max_features=size, **self._options
                )
            values = {str(f): _convert_column(c) for f, c in zip(meta["fields"], columns, strict=True)}
            yield ReadRows(shapely.from_wkb(np.array(wkb, dtype=object)), values)


def _convert_column(column: NDArray) -> list[Any]:
    """Return a column as Python values, None for missing ones."""
    if column.dtype.kind == "M":
        return [None if np.isnat(v) else v.astype("datetime64[s]").item() for v in column]
    return [None if isinstance(v, float) and np.isnan(v) else v for v in column.tolist()]
