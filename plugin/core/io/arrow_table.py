# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns as an Arrow stream, from which GDAL writes a layer without a Python call for each value.

References
----------
https://arrow.apache.org/docs/format/CDataInterface.html, CStreamInterface.html
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrow_stream import ArrowArray, ArrowSchema, ArrowStream

#: Rows that the stream gives together.
_ROWS_PER_BATCH = 10_000
#: Formats of the interface: a table, texts and bytes with offsets of 64 bits, doubles.
_TABLE, _TEXTS, _BYTES, _DOUBLES = b"+s", b"U", b"Z", b"g"
_NULLABLE_FLAG = 2
_STREAM_NAME = b"arrow_array_stream"
_INPUT_OUTPUT_ERROR = 5
#: A column: texts or bytes, with None for a missing value, or (n,) doubles, in which NaN is a missing value.
ArrowValues = Sequence[Any] | NDArray


class ArrowTable:
    """Columns of n rows that can be read once as an Arrow stream (``__arrow_c_stream__``).

    The table has to exist as long as what is read from it. ``error``: the exception that ended the stream, such as that
    for a text that has no UTF-8; None without one. The reader gets only its text.
    """

    def __init__(self, columns: Mapping[str, ArrowValues], shape_column: str):
        """Make a stream of columns; the one named ``shape_column`` has bytes, the other ones texts or doubles."""
        self.error: BaseException | None = None
        #: Text of the exception that ended the stream, with a zero byte at its end as the interface requires.
        self._error_text = ctypes.create_string_buffer(1)
        self._columns = list(columns.values())
        self._row_count = len(self._columns[0])
        self._next_row = 0
        self._formats = [
            _BYTES if name == shape_column else _DOUBLES if isinstance(values, np.ndarray) else _TEXTS
            for name, values in columns.items()
        ]
        self._release_schema = _make_callback(ArrowSchema, "release", _mark_released)
        self._release_column = _make_callback(ArrowArray, "release", _mark_released)
        self._release_batch = _make_callback(ArrowArray, "release", self._forget_batch)
        self._fields = [
            ArrowSchema(format=kind, name=name.encode("utf-8"), flags=_NULLABLE_FLAG, release=self._release_schema)
            for name, kind in zip(columns, self._formats, strict=True)
        ]
        self._field_pointers = _make_pointers(self._fields)
        #: The memory of the batches that the reader has not released, by the row after their last.
        self._batches: dict[int, Any] = {}
        self._stream = ArrowStream(
            get_schema=_make_callback(ArrowStream, "get_schema", self._give_schema),
            get_next=_make_callback(ArrowStream, "get_next", self._give_next_batch),
            get_last_error=_make_callback(ArrowStream, "get_last_error", self._give_error_text),
            release=_make_callback(ArrowStream, "release", _mark_released),
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """Return the capsule of the stream."""
        make_capsule = ctypes.pythonapi.PyCapsule_New
        make_capsule.restype = ctypes.py_object
        make_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        return make_capsule(ctypes.addressof(self._stream), _STREAM_NAME, None)

    def close(self) -> None:
        """Free the columns, after the stream was read. The table refers to itself, so it is freed later."""
        self._columns.clear()
        self._batches.clear()

    def _give_schema(self, _stream: Any, target: Any) -> int:
        """Write the schema of the table to a reader's memory."""
        target[0] = ArrowSchema(
            format=_TABLE,
            name=b"",
            n_children=len(self._fields),
            children=self._field_pointers,
            release=self._release_schema,
        )
        return 0

    def _give_next_batch(self, _stream: Any, target: Any) -> int:
        """Write the next rows to a reader's memory; after the last rows an array without ``release``."""
        first_row, end_row = self._next_row, min(self._next_row + _ROWS_PER_BATCH, self._row_count)
        if first_row >= end_row:
            target[0] = ArrowArray()
            return 0
        try:
            columns = [
                self._make_column(kind, values[first_row:end_row])
                for kind, values in zip(self._formats, self._columns, strict=True)
            ]
            pointers, buffers = _make_pointers([array for array, _ in columns]), (ctypes.c_void_p * 1)(None)
            batch = ArrowArray(
                length=end_row - first_row,
                n_buffers=1,
                buffers=buffers,
                n_children=len(columns),
                children=pointers,
                release=self._release_batch,
                private_data=end_row,
            )
        except BaseException as error:
            # No exception may leave a function that C calls, not even that of a cancelled program.
            self.error = error
            self._error_text = ctypes.create_string_buffer(str(error).encode("utf-8", "replace"))
            target[0] = ArrowArray()
            return _INPUT_OUTPUT_ERROR
        self._batches[end_row] = columns, pointers, buffers
        target[0] = batch
        self._next_row = end_row
        return 0

    def _forget_batch(self, batch: Any) -> None:
        """Free the memory of a batch that its reader releases."""
        memory = self._batches.pop(batch.contents.private_data, None)
        if memory is not None:
            for n in range(batch.contents.n_children):
                _mark_released(batch.contents.children[n])
        _mark_released(batch)

    def _give_error_text(self, _stream: Any) -> int:
        """Return the address of the text of the error that ended the stream."""
        return ctypes.addressof(self._error_text)

    def _make_column(self, kind: bytes, values: ArrowValues) -> tuple[ArrowArray, Any]:
        """Return the values of a column as an array of the interface, and the memory that it points to."""
        if kind == _DOUBLES:
            numbers = np.ascontiguousarray(values, dtype=np.float64)
            memory: list[NDArray] = [numbers]
            is_missing = np.isnan(numbers)
        else:
            items = _encode_items(kind, list(values))
            offsets = np.zeros(len(items) + 1, dtype=np.int64)
            np.cumsum(np.fromiter(map(len, items), dtype=np.int64, count=len(items)), out=offsets[1:])
            # An array without items would have no memory.
            memory = [offsets, np.frombuffer(b"".join(items) or b"\0", dtype=np.uint8)]
            is_missing = np.fromiter((value is None for value in values), dtype=bool, count=len(values))
        missing_count = int(is_missing.sum())
        presence = np.packbits(~is_missing, bitorder="little") if missing_count else None
        addresses = [None if presence is None else presence.ctypes.data, *(block.ctypes.data for block in memory)]
        buffers = (ctypes.c_void_p * len(addresses))(*addresses)
        array = ArrowArray(
            length=len(values),
            null_count=missing_count,
            n_buffers=len(addresses),
            buffers=buffers,
            release=self._release_column,
        )
        return array, (presence, memory, buffers)


def _encode_items(kind: bytes, values: list[Any]) -> list[bytes]:
    """Return the bytes of each value of a column; no bytes for a missing one."""
    if kind == _BYTES:
        return [value or b"" for value in values]
    # Many columns of sorted rows have one value.
    if values.count(values[0]) == len(values):
        return [(values[0] or "").encode()] * len(values)
    return [(value or "").encode() for value in values]


def _make_callback(structure: type[ctypes.Structure], field_name: str, function: Any) -> Any:
    """Return a Python function as a value of a structure's field for functions."""
    function_type = next(field[1] for field in structure._fields_ if field[0] == field_name)
    return function_type(function)


def _make_pointers(structures: Sequence[Any]) -> Any:
    """Return an array of pointers to structures of one type."""
    pointers = [ctypes.pointer(one) for one in structures]
    return (type(pointers[0]) * len(pointers))(*pointers)


def _mark_released(pointer: Any) -> None:
    """Mark a structure as released: its field ``release`` is then empty."""
    pointer.contents.release = type(pointer.contents.release)()
