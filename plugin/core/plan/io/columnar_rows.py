# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the rows of a GeoPackage layer by columns.

The driver hands over whole columns (an Arrow stream), which takes a third of the time of handing over each cell. What
differs between both ways is left to the latter: other formats, layers without a column of ids, arcs, M values,
geometries that GEOS cannot represent, and fields that are neither texts nor numbers.

The structures of the stream are those of the Arrow C data interface, which is stable. pyarrow, the usual reader, is
missing in most installations of QGIS.

References
----------
https://arrow.apache.org/docs/format/CDataInterface.html, CStreamInterface.html
"""

from __future__ import annotations

import ctypes
import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from ...base.parallel.threads import map_in_threads
from ...geometry.shape_comparison import hash_wkb

#: Bytes that are compared at a time.
_WORD_SIZE = 8
#: An odd number that distributes the bits of a product.
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_ALL_BITS = np.uint64(2**64 - 1)
#: Texts that need more bytes, each filled up to the longest, are not compared here: memory is limited.
_MAX_FILLED_BYTES = 2**28
#: Type of a field's array → the format of the column in the stream. Bytes have arrays of objects, but another format.
_FORMAT_BY_DTYPE = {"object": "u", "float64": "g", "int32": "i", "int64": "l"}
#: Bytes of such a head.
_HEAD_SIZE = 5
#: A layer with more geometries that the driver must convert is left to it completely.
_MAX_DRIVER_SHAPES = 1000
#: Rows that the driver hands over at a time, so that each batch reuses the memory of the one before.
_ROWS_PER_BATCH = 4096


def decode_texts(data: NDArray, offsets: NDArray, is_present: NDArray | None) -> tuple[NDArray, list[str]] | None:
    """Return (n,) texts, None where one is missing, and the distinct texts; equal texts are one object.

    ``data`` (m,) uint8: UTF-8 of all texts; ``offsets`` (n + 1,): where each text starts; ``is_present`` (n,) bool,
    None if no text is missing. Return None if a text contains NUL, with which texts are filled up here, for two texts
    with one hash, and if a text is very long. Raise UnicodeDecodeError.
    """
    texts = np.full(len(offsets) - 1, None, dtype=object)
    rows = np.arange(len(texts)) if is_present is None else np.flatnonzero(is_present)
    if not len(rows):
        return texts, []
    if not data.all():
        return None
    starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    if len(rows) * int(lengths.max()) > _MAX_FILLED_BYTES:
        return None
    padded_data = np.concatenate([data, np.zeros(_WORD_SIZE, dtype=np.uint8)])
    # The bytes of texts as numbers of 8 bytes, filled up with zeros; a number at each byte.
    word_at = np.ndarray(shape=(len(data) + 1,), dtype="<u8", buffer=padded_data, strides=(1,))
    words = []
    for position in range(0, int(lengths.max()), _WORD_SIZE):
        bytes_left = np.clip(lengths - position, 0, _WORD_SIZE)
        word = word_at[np.minimum(starts + position, len(data))]
        if (bytes_left < _WORD_SIZE).any():
            # A shift by 64 bits is undefined, so texts that have ended are set to zero.
            surplus_bits = ((_WORD_SIZE - bytes_left) * 8).astype(np.uint64)
            mask = _ALL_BITS >> np.minimum(surplus_bits, np.uint64(63))
            word = np.where(bytes_left == 0, np.uint64(0), word & mask)
        words.append(word)
    # Texts with equal hashes are compared below.
    hashes = np.zeros(len(rows), dtype=np.uint64)
    for words_of_texts in words:
        hashes = (hashes ^ words_of_texts) * _MULTIPLIER
        hashes ^= hashes >> np.uint64(32)
    codes, _ = pd.factorize(hashes)
    first_rows = np.empty(int(codes.max()) + 1, dtype=np.int64)
    # Of equal codes the last assignment counts.
    first_rows[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    if any((one[first_rows][codes] != one).any() for one in words):
        return None
    buffer, firsts = data.tobytes(), starts[first_rows]
    places = zip(firsts.tolist(), (firsts + lengths[first_rows]).tolist(), strict=True)
    # One call decodes all texts.
    distinct_texts = b"\x00".join([buffer[start:end] for start, end in places]).decode("utf-8").split("\x00")
    texts[rows] = np.array(distinct_texts, dtype=object)[codes]
    return texts, distinct_texts


#: Byte order (little) and type of the geometries that are converted here: points to multipolygons, and those with Z.
_USUAL_HEADS = tuple(1 + ((number + height) << 8) for height in (0, 1000) for number in range(1, 7))


class _UnusualLayerError(Exception):
    """Raised for a layer that must be read cell by cell, also because its stream reports an error."""


@dataclass(frozen=True)
class ColumnarRows:
    """The n rows of a layer in the order of the driver.

    ``fids`` (n,); ``shapes`` (n,): geometries; ``has_shape`` (n,) bool: the file has a geometry, even one that GEOS
    cannot represent. ``columns``: one array of values (n,) for each field read, in file order.
    ``distinct_texts_by_position``: position of a field of texts → its distinct texts. ``digest_by_position``: position
    of a field → digest of the bytes from which its values were made. ``shape_hashes`` (n,): as of `hash_shapes`, None
    if unknown.
    ``has_unusual_shapes``: a geometry is empty or damaged, or of another type than points to multipolygons.
    """

    fids: NDArray
    shapes: NDArray
    has_shape: NDArray
    columns: list[NDArray]
    distinct_texts_by_position: dict[int, list[str]]
    digest_by_position: dict[int, bytes]
    shape_hashes: NDArray | None
    has_unusual_shapes: bool


class _ConvertedColumn(NamedTuple):
    """Values (n,) of a column, its distinct texts (None for numbers), and the digest of the bytes that were read."""

    values: NDArray
    distinct_texts: list[str] | None
    digest: bytes


def read_columnar_rows(
    path: Path, name: str, info: dict[str, Any], positions: list[int], row_count: int | None
) -> ColumnarRows | None:
    """Return the rows of a layer of a GeoPackage; None if they must be read cell by cell.

    ``info``: pyogrio's description of the layer; ``positions``: of the fields to read; ``row_count``: the number of
    rows that the file has, None if it is unknown.
    """
    # Before version 0.8 pyogrio gives no stream without pyarrow.
    has_streams = "use_pyarrow" in inspect.signature(pyogrio.raw.open_arrow).parameters
    if path.suffix.lower() != ".gpkg" or not row_count or not has_streams:
        return None
    try:
        return _read_rows(path, name, info, positions, row_count)
    except (_UnusualLayerError, UnicodeDecodeError, OverflowError, RuntimeError,
            pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError):  # fmt: skip
        # Reading cell by cell follows: it reports the cause of an error, and decodes texts of another encoding.
        return None


def _read_rows(path: Path, name: str, info: dict[str, Any], positions: list[int], row_count: int) -> ColumnarRows:
    """Return the rows of a layer. Raise _UnusualLayerError, UnicodeDecodeError and errors of the driver."""
    names = [str(info["fields"][position]) for position in positions]
    dtypes = [str(info["dtypes"][position]) for position in positions]
    format_by_name = {n: _FORMAT_BY_DTYPE[t] for n, t in zip(names, dtypes, strict=True) if t in _FORMAT_BY_DTYPE}
    parts: dict[str, list[ArrowColumn]] = {field_name: [] for field_name in format_by_name}
    # Ids, shapes, their presence and hashes of each batch.
    row_parts: list[tuple[NDArray, NDArray, NDArray, NDArray]] = []
    with pyogrio.raw.open_arrow(
        path, layer=name, columns=list(format_by_name), return_fids=True, batch_size=_ROWS_PER_BATCH, use_pyarrow=False
    ) as (meta, stream):
        fid_name, shape_name = meta.get("fid_column") or "OGC_FID", meta["geometry_name"] or "wkb_geometry"
        for batch in read_batches(stream):
            if batch.keys() != {fid_name, shape_name, *format_by_name} or batch[fid_name].kind != "l":
                raise _UnusualLayerError
            row_parts.append((batch[fid_name].values, *_convert_shapes(batch[shape_name])))
            for field_name, kind in format_by_name.items():
                if batch[field_name].kind == kind:
                    parts[field_name].append(batch[field_name])
    if sum(len(part[0]) for part in row_parts) != row_count:
        raise _UnusualLayerError
    fids, shapes, has_shape, shape_hashes = map(np.concatenate, zip(*row_parts, strict=True))
    if not fids.all():
        # Of a view or a table without a column of ids, the stream gives each row the id 0.
        raise _UnusualLayerError
    has_unusual_shapes = _read_unusual_shapes(path, name, fids, shapes, has_shape, shape_hashes)
    # The memory of the stream's values is released column by column.
    converted = map_in_threads(lambda field_name: _convert_column(parts.pop(field_name, [])), names)
    values_by_name = {n: column.values for n, column in zip(names, converted, strict=True) if column is not None}
    distinct_texts = {
        position: column.distinct_texts
        for position, column in enumerate(converted)
        if column is not None and column.distinct_texts is not None
    }
    digests = {position: column.digest for position, column in enumerate(converted) if column is not None}
    other_names = [field_name for field_name in names if field_name not in values_by_name]
    if other_names:
        other_meta, other_fids, _, other_columns = pyogrio.raw.read(
            path, layer=name, columns=other_names, read_geometry=False, return_fids=True
        )
        if not np.array_equal(other_fids, fids):
            raise _UnusualLayerError
        values_by_name |= dict(zip(map(str, other_meta["fields"]), other_columns, strict=True))
    return ColumnarRows(
        fids,
        shapes,
        has_shape,
        [values_by_name[n] for n in names],
        distinct_texts,
        digests,
        shape_hashes,
        has_unusual_shapes,
    )


def _convert_column(batches: list[ArrowColumn]) -> _ConvertedColumn | None:
    """Return the values of a column; None if it must be read cell by cell. Raise UnicodeDecodeError."""
    if not batches:
        return None
    if batches[0].kind != "u":
        numbers, is_present = np.concatenate([batch.values for batch in batches]), _join_presence(batches)
        if is_present is not None and not is_present.all():
            # With gaps they are doubles, NaN where one is missing.
            numbers = np.where(is_present, numbers.astype(np.float64), np.nan)
        return _ConvertedColumn(numbers, None, _compute_digest(numbers))
    ends = np.cumsum([len(batch.values) for batch in batches])
    offsets = [batch.offsets[:-1] + first for batch, first in zip(batches, [0, *ends[:-1].tolist()], strict=True)]
    data = np.concatenate([batch.values for batch in batches])
    texts = data, np.concatenate([*offsets, ends[-1:]]), _join_presence(batches)
    decoded = decode_texts(*texts)
    return None if decoded is None else _ConvertedColumn(*decoded, _compute_digest(*texts))


def _compute_digest(*arrays: NDArray | None) -> bytes:
    """Return a digest of the types, sizes and bytes of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(b"None" if array is None else f"{array.dtype} {array.shape}".encode())
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def _convert_shapes(column: ArrowColumn) -> tuple[NDArray, NDArray, NDArray]:
    """Return (n,) geometries of a batch, (n,) bool: there is one, and (n,) their hashes.

    Geometries that the driver must convert are None.
    """
    if column.kind not in ("z", "Z"):
        raise _UnusualLayerError
    starts, lengths = column.offsets[:-1], np.diff(column.offsets)
    has_shape = np.ones(column.row_count, dtype=bool) if column.is_present is None else column.is_present
    long_rows = np.flatnonzero(has_shape & (lengths >= _HEAD_SIZE))
    head_bytes = column.values[starts[long_rows, None] + np.arange(_HEAD_SIZE)].astype(np.int64)
    heads = head_bytes @ (1 << 8 * np.arange(_HEAD_SIZE, dtype=np.int64))
    usual_rows = long_rows[np.isin(heads, _USUAL_HEADS)]
    if np.count_nonzero(has_shape) - len(usual_rows) > _MAX_DRIVER_SHAPES:
        raise _UnusualLayerError
    data = column.values.data
    ends = (starts[usual_rows] + lengths[usual_rows]).tolist()
    wkb = np.full(column.row_count, None, dtype=object)
    wkb[usual_rows] = [bytes(data[start:end]) for start, end in zip(starts[usual_rows].tolist(), ends, strict=True)]
    return shapely.from_wkb(wkb, on_invalid="ignore"), has_shape, hash_wkb(wkb)


def _read_unusual_shapes(
    path: Path, name: str, fids: NDArray, shapes: NDArray, has_shape: NDArray, shape_hashes: NDArray
) -> bool:
    """Replace missing and empty geometries and their hashes, where the file has one, by those that the driver reads.

    Return True if the file has any.
    """
    rows = np.flatnonzero(has_shape & (shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    if not len(rows):
        return False
    if len(rows) > _MAX_DRIVER_SHAPES:
        raise _UnusualLayerError
    _, fids_read, wkb, _ = pyogrio.raw.read(path, layer=name, columns=[], fids=fids[rows], return_fids=True)
    if not np.array_equal(fids_read, fids[rows]):
        raise _UnusualLayerError
    shapes[rows], shape_hashes[rows] = shapely.from_wkb(wkb, on_invalid="ignore"), hash_wkb(wkb)
    has_shape[rows] = [one is not None for one in wkb]
    return True


def _join_presence(batches: list[ArrowColumn]) -> NDArray | None:
    """Return (n,) bool: rows of all batches with a value; None if no value is missing."""
    if all(batch.is_present is None for batch in batches):
        return None
    return np.concatenate(
        [np.ones(one.row_count, dtype=bool) if one.is_present is None else one.is_present for one in batches]
    )


#: Formats of columns of numbers → type of their values.
_NUMBER_TYPES: dict[str, np.dtype] = {"l": np.dtype(np.int64), "i": np.dtype(np.int32), "g": np.dtype(np.float64)}
#: Formats of columns of texts and bytes → type of their offsets.
_OFFSET_TYPES: dict[str, np.dtype] = {
    "u": np.dtype(np.int32),
    "z": np.dtype(np.int32),
    "U": np.dtype(np.int64),
    "Z": np.dtype(np.int64),
}


class ArrowSchema(ctypes.Structure):
    """Name and type of a column, or of the table with its columns as children."""


class ArrowArray(ctypes.Structure):
    """Values of a column, or the table with its columns as children."""


class ArrowStream(ctypes.Structure):
    """A stream of tables."""


ArrowSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowSchema))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(ArrowSchema))),
    ("private_data", ctypes.c_void_p),
]
ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowArray))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(ArrowArray))),
    ("private_data", ctypes.c_void_p),
]
ArrowStream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ArrowStream), ctypes.POINTER(ArrowSchema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ArrowStream), ctypes.POINTER(ArrowArray))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(ArrowStream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(ArrowStream))),
    ("private_data", ctypes.c_void_p),
]


@dataclass(frozen=True)
class ArrowColumn:
    """Values of a column in one batch of n rows; the arrays are copies.

    ``kind``: the format of the interface (u: text, z: bytes, l, i: integers, g: doubles); ``is_present`` (n,) bool,
    None if no value is missing. ``values``: (n,) numbers, undefined where one is missing, or (m,) uint8 bytes of all
    texts; ``offsets`` (n + 1,): where each text starts in them, empty for numbers. Columns of other formats have no
    values.
    """

    kind: str
    row_count: int
    is_present: NDArray | None
    values: NDArray
    offsets: NDArray


def read_batches(stream: Any) -> Iterator[dict[str, ArrowColumn]]:
    """Yield column name → column of each batch of a stream (an object with ``__arrow_c_stream__``).

    Raise _UnusualLayerError, and UnicodeDecodeError for a name that is not UTF-8.
    """
    capsule = stream.__arrow_c_stream__()
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    # The capsule releases the stream when it is deleted.
    source = ArrowStream.from_address(get_pointer(capsule, b"arrow_array_stream"))
    schema = ArrowSchema()
    _raise_if_failed(source, source.get_schema(source, schema))
    try:
        children = [schema.children[n].contents for n in range(schema.n_children)]
        columns = [(child.name.decode("utf-8"), child.format.decode("ascii")) for child in children]
    finally:
        schema.release(schema)
    while True:
        table = ArrowArray()
        _raise_if_failed(source, source.get_next(source, table))
        if not table.release:
            # The end of the stream.
            return
        try:
            if table.n_children != len(columns) or table.offset:
                raise _UnusualLayerError("unexpected structure of a batch")
            batch = {name: _copy_column(kind, table.children[n].contents) for n, (name, kind) in enumerate(columns)}
        finally:
            table.release(table)
        yield batch


def _raise_if_failed(source: ArrowStream, code: int) -> None:
    """Raise _UnusualLayerError for an error code of a stream."""
    if code:
        address = source.get_last_error(source)
        message = ctypes.string_at(address).decode("utf-8", "replace") if address else ""
        raise _UnusualLayerError(message or f"error {code}")


def _copy_column(kind: str, array: ArrowArray) -> ArrowColumn:
    """Return a copy of a column, whose memory belongs to the stream. Raise _UnusualLayerError."""
    count = array.length
    if array.offset:
        raise _UnusualLayerError("a column starts within its memory")
    is_present = None
    if array.null_count and array.buffers[0]:
        bits = _copy_buffer(array, 0, np.dtype(np.uint8), (count + 7) // 8)
        is_present = np.unpackbits(bits, count=count, bitorder="little").astype(bool)
    no_offsets = np.zeros(0, dtype=np.int64)
    if kind in _NUMBER_TYPES:
        return ArrowColumn(kind, count, is_present, _copy_buffer(array, 1, _NUMBER_TYPES[kind], count), no_offsets)
    if kind in _OFFSET_TYPES:
        offsets = _copy_buffer(array, 1, _OFFSET_TYPES[kind], count + 1).astype(np.int64)
        return ArrowColumn(
            kind, count, is_present, _copy_buffer(array, 2, np.dtype(np.uint8), int(offsets[-1])), offsets
        )
    return ArrowColumn(kind, count, is_present, np.zeros(0), no_offsets)


def _copy_buffer(array: ArrowArray, number: int, dtype: np.dtype, count: int) -> NDArray:
    """Return (count,) a copy of one memory block of a column."""
    address = array.buffers[number] if number < array.n_buffers else None
    if not count:
        return np.zeros(0, dtype=dtype)
    if not address:
        raise _UnusualLayerError("a column has no memory")
    return np.frombuffer(ctypes.string_at(address, count * dtype.itemsize), dtype=dtype)
