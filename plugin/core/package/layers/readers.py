# SPDX-License-Identifier: GPL-2.0-or-later
"""Reader of written layers: pyogrio, which did not write them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from ...errors import InputError
from ...io import DRIVER_ERRORS


@dataclass(frozen=True)
class ReadField:
    """A field of a written layer, as read.

    ``type`` is one of the templates' types; ``length`` is that of a text, None if the library does not report it.
    """

    name: str
    type: str
    length: int | None


class ReadRows(NamedTuple):
    """Rows as a library read them.

    ``shapes`` are (k,) geometries, None where missing; ``values`` maps field → k values of the library's types.
    """

    shapes: NDArray
    values: dict[str, list[Any]]


class OpenLayer(Protocol):
    """Interface of a layer that is open for reading."""

    fields: list[ReadField]
    crs: str
    feature_count: int

    def iterate_batches(self, size: int) -> Iterator[ReadRows]:
        """Yield the rows in batches of ``size``."""
        ...


#: Name and version of the reading library and of its GDAL.
READER_LIBRARY = f"pyogrio {pyogrio.__version__} (GDAL {pyogrio.__gdal_version_string__})"


class FileLayer:
    """A layer of a .gdb or .gpkg, found by its name, or a .shp; rows before ``first_row`` are left out."""

    def __init__(self, path: Path, name: str, first_row: int = 0):
        self._options: dict[str, Any] = {} if path.suffix.lower() == ".shp" else {"layer": name}
        self._path, self._first_row = path, first_row
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                info = pyogrio.read_info(path, force_feature_count=True, **self._options)
        except (*DRIVER_ERRORS, ValueError) as error:
            raise InputError("layer_unreadable", source=path.name, layer=name, detail="damaged") from error
        self.fields = [
            ReadField(str(field), _convert_dtype_to_field_type(str(dtype)), None)
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


def _convert_dtype_to_field_type(dtype: str) -> str:
    """Return the templates' type of a field from the dtype that pyogrio states."""
    kinds = (("int", "integer"), ("uint", "integer"), ("float", "real"), ("datetime", "date"))
    return next((kind for start, kind in kinds if dtype.startswith(start)), "text")


def _convert_column(column: NDArray) -> list[Any]:
    """Return a column as Python values, None for missing ones."""
    if column.dtype.kind == "M":
        return [None if np.isnat(v) else v.astype("datetime64[s]").item() for v in column]
    return [None if isinstance(v, float) and np.isnan(v) else v for v in column.tolist()]
