# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows as a data set stores them: values, geometry bytes and digests; how rows that were handed out are found again.

Rows are read with GDAL, because tables without shape and arcs count too, and no value may change by reading.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...base.files.open_datasource import check_content
from ...exchange.gdal_setup import raise_if_refused
from ...plan.io.formats import INTERNAL_TABLE_PREFIXES
from ...plan.io.rows import KEY_FIELD
from ...plan.row_pairs import pair_equal_rows

_DIGEST_BYTES = 10
ROWS_PER_CANCEL_CHECK = 500
#: Separators in the digested text: between values, and in place of a missing one.
_VALUE_END, _MISSING = "\x1f", "\x00"
#: A cell as text; None for a missing value.
Cells = dict[str, "str | None"]


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row: feature id, key (BSM, empty without one), digest of values and geometry."""

    fid: int
    key: str
    digest: str


def open_dataset(gdal: Any, path: Path, encoding: str = "") -> Any:
    """Open a data set to read it. Raise RuntimeError if the driver refuses, InputError as `check_content`.

    ``encoding``: that of the texts of a shapefile, if it is known.
    """
    return raise_if_refused(
        gdal.OpenEx(
            str(path),
            gdal.OF_VECTOR,
            check_content(path),
            [f"ENCODING={encoding}"] if encoding and path.suffix.lower() == ".shp" else [],
        )
    )


def list_layers(dataset: Any) -> list[Any]:
    """Return the layers of an open data set, without tables of drivers and of QGIS."""
    return [
        one
        for one in [dataset.GetLayer(number) for number in range(dataset.GetLayerCount())]
        if not one.GetName().lower().startswith(INTERNAL_TABLE_PREFIXES)
    ]


def list_fields(layer: Any) -> dict[str, tuple[int, int]]:
    """Return name → position and GDAL type of the fields of a GDAL layer or feature."""
    # A layer and a feature name their definition differently.
    definition = layer.GetDefnRef() if hasattr(layer, "GetDefnRef") else layer.GetLayerDefn()
    fields = [definition.GetFieldDefn(number) for number in range(definition.GetFieldCount())]
    return {field.GetName(): (number, field.GetType()) for number, field in enumerate(fields)}


def find_key_field(names: Sequence[str]) -> str:
    """Return the name of the key field (BSM) in any case; empty without one."""
    return next((name for name in names if name.upper() == KEY_FIELD), "")


def read_cell(feature: Any, index: int, kind: int) -> str | None:
    """Return a value of a GDAL feature as text that does not depend on the format; None for a missing value."""
    from osgeo import ogr

    if not feature.IsFieldSetAndNotNull(index):
        return None
    if kind in (ogr.OFTInteger, ogr.OFTInteger64):
        return str(feature.GetFieldAsInteger64(index))
    if kind == ogr.OFTReal:
        number = feature.GetFieldAsDouble(index)
        return str(int(number)) if number.is_integer() else repr(number)
    if kind in (ogr.OFTDate, ogr.OFTTime, ogr.OFTDateTime):
        year, month, day, hour, minute, second, _ = feature.GetFieldAsDateTime(index)
        # A FileGDB stores a date with the time 0:00.
        time = f"T{hour:02}:{minute:02}:{second:g}" if hour or minute or second else ""
        return f"{year:04}-{month:02}-{day:02}{time}"
    return (
        bytes(feature.GetFieldAsBinary(index)).hex() if kind == ogr.OFTBinary else str(feature.GetFieldAsString(index))
    )


def read_cells(feature: Any, fields: Mapping[str, tuple[int, int]]) -> Cells:
    """Return name → value as text of a GDAL feature."""
    return {name: read_cell(feature, index, kind) for name, (index, kind) in fields.items()}


def read_shape_bytes(feature: Any) -> bytes:
    """Return the geometry of a GDAL feature as ISO WKB; empty without one."""
    geometry = feature.GetGeometryRef()
    return b"" if geometry is None else bytes(geometry.ExportToIsoWkb())


def compute_row_digest(cells: Mapping[str, str | None], shape_bytes: bytes) -> str:
    """Return a digest of values and geometry; the order of the fields has no effect."""
    digest = hashlib.blake2b(
        _VALUE_END.join(
            [f"{name}={_MISSING if cells[name] is None else cells[name]}" for name in sorted(cells)]
        ).encode("utf-8", "surrogatepass"),
        digest_size=_DIGEST_BYTES,
    )
    digest.update(b"\x1e" + shape_bytes)
    return digest.hexdigest()


def read_rows(
    layer: Any,
    field_names: Sequence[str],
    cancellation: Cancellation = NEVER_CANCELLED,
    find_missing_cells: Callable[[int, str], Cells] | None = None,
) -> list[StoredRow]:
    """Return all rows of a GDAL layer with their digests.

    Parameters
    ----------
    field_names
        The fields that the digest covers; further fields of the layer have no effect.
    find_missing_cells
        Returns the values of fields that the layer lacks, for a feature id and a key.
    """
    all_fields = list_fields(layer)
    fields = {name: all_fields[name] for name in field_names if name in all_fields}
    key_field = find_key_field(tuple(fields))
    rows = []
    for feature in cancellation.watch(layer, ROWS_PER_CANCEL_CHECK):
        cells = read_cells(feature, fields)
        fid, key = feature.GetFID(), (cells.get(key_field) or "").strip()
        if find_missing_cells is not None:
            cells |= find_missing_cells(fid, key)
        rows.append(StoredRow(fid, key, compute_row_digest(cells, read_shape_bytes(feature))))
    return rows


def match_rows(
    former: Sequence[StoredRow], present: Sequence[StoredRow]
) -> tuple[list[StoredRow | None], list[StoredRow]]:
    """Return the present row that each former row has become, None if it was deleted, and the added rows.

    A key that occurs once on both sides decides. Of several present rows with the key, as after a division of a
    feature, the one with the former feature id continues the row, else an unchanged one. Rows without such a key are
    found by feature id, unless the file was written anew with other ids, else by equal content.
    """
    found: dict[int, int] = {}
    present_by_key: dict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(present):
        present_by_key[row.key].append(position)
    key_counts = Counter(row.key for row in former)
    for number, row in enumerate(former):
        if row.key and key_counts[row.key] == 1 and present_by_key.get(row.key):
            found[number] = min(
                present_by_key[row.key], key=lambda n: (present[n].fid != row.fid, present[n].digest != row.digest, n)
            )
    same_id = sum(former[number].fid == present[position].fid for number, position in found.items())
    for names in ([("fid",)] if 2 * same_id >= len(found) else []) + [("key", "digest")]:
        left = np.setdiff1d(np.arange(len(former)), list(found))
        right = np.setdiff1d(np.arange(len(present)), list(found.values()))
        pairs = pair_equal_rows(
            *(
                [np.array([getattr(rows[n], name) for n in free], dtype=object) for name in names]
                for rows, free in ((former, left), (present, right))
            )
        )
        found |= zip(left[pairs[0]].tolist(), right[pairs[1]].tolist(), strict=True)
    added = np.setdiff1d(np.arange(len(present)), list(found.values()))
    return (
        [present[found[number]] if number in found else None for number in range(len(former))],
        [present[n] for n in added.tolist()],
    )
