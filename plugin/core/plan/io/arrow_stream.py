# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns of an Arrow stream as numpy arrays.

The structures are those of the Arrow C data interface, which is stable. pyarrow, the usual reader, is missing in most
installations of QGIS.

References
----------
https://arrow.apache.org/docs/format/CDataInterface.html, CStreamInterface.html
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Formats of columns of numbers → type of their values.
_NUMBER_TYPES: dict[str, np.dtype] = {"l": np.dtype(np.int64), "i": np.dtype(np.int32), "g": np.dtype(np.float64)}
#: Formats of columns of texts and bytes → type of their offsets.
_OFFSET_TYPES: dict[str, np.dtype] = {
    "u": np.dtype(np.int32),
    "z": np.dtype(np.int32),
    "U": np.dtype(np.int64),
    "Z": np.dtype(np.int64),
}


class ArrowStreamError(ValueError):
    """Raised for a stream that reports an error, or that has an unexpected structure."""


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

    Raise ArrowStreamError, and UnicodeDecodeError for a name that is not UTF-8.
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
                raise ArrowStreamError("unexpected structure of a batch")
            batch = {name: _copy_column(kind, table.children[n].contents) for n, (name, kind) in enumerate(columns)}
        finally:
            table.release(table)
        yield batch


def _raise_if_failed(source: ArrowStream, code: int) -> None:
    """Raise ArrowStreamError for an error code of a stream."""
    if code:
        address = source.get_last_error(source)
        message = ctypes.string_at(address).decode("utf-8", "replace") if address else ""
        raise ArrowStreamError(message or f"error {code}")


def _copy_column(kind: str, array: ArrowArray) -> ArrowColumn:
    """Return a copy of a column, whose memory belongs to the stream. Raise ArrowStreamError."""
    count = array.length
    if array.offset:
        raise ArrowStreamError("a column starts within its memory")
    is_present = None
    if array.null_count and array.buffers[0]:
        bits = _copy_buffer(array, 0, np.dtype(np.uint8), (count + 7) // 8)
        is_present = np.unpackbits(bits, count=count, bitorder="little").astype(bool)
    no_offsets = np.zeros(0, dtype=np.int64)
    if kind in _NUMBER_TYPES:
        return ArrowColumn(kind, count, is_present, _copy_buffer(array, 1, _NUMBER_TYPES[kind], count), no_offsets)
    if kind in _OFFSET_TYPES:
        offsets = _copy_buffer(array, 1, _OFFSET_TYPES[kind], count + 1).astype(np.int64)
        data = _copy_buffer(array, 2, np.dtype(np.uint8), int(offsets[-1]))
        return ArrowColumn(kind, count, is_present, data, offsets)
    return ArrowColumn(kind, count, is_present, np.zeros(0), no_offsets)


def _copy_buffer(array: ArrowArray, number: int, dtype: np.dtype, count: int) -> NDArray:
    """Return (count,) a copy of one memory block of a column."""
    address = array.buffers[number] if number < array.n_buffers else None
    if not count:
        return np.zeros(0, dtype=dtype)
    if not address:
        raise ArrowStreamError("a column has no memory")
    return np.frombuffer(ctypes.string_at(address, count * dtype.itemsize), dtype=dtype)
