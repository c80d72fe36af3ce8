# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects of a PDF file (ISO 32000-1, 7.2 to 7.5), read without any PDF library.

Objects are found by their definitions, because the cross-reference table of a damaged or changed file may be wrong. If
an object is defined several times, the last definition is used, as in an incremental update. Nothing is executed.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

#: Maximum bytes of all unpacked streams, of nested values, and of objects.
_MAX_UNPACKED_BYTES, _MAX_DEPTH, _MAX_OBJECTS = 64 * 2**20, 40, 1_000_000
_OBJECT_START_PATTERN = re.compile(rb"(?<![0-9])(\d{1,10})\s+\d{1,5}\s+obj(?![A-Za-z])")
#: The end of an object's value: of a dictionary before a stream, or of the object.
_OBJECT_END_PATTERN = re.compile(rb">>\s*stream\r?\n|endobj")
_DIRECT_LENGTH_PATTERN = re.compile(rb"/Length\s+(\d+)(?!\s+\d+\s+R)")
_TRAILER_PATTERN = re.compile(rb"(?<![A-Za-z])trailer\s*(?=<<)")
_TOKEN_PATTERN = re.compile(
    rb"[\s\x00]*(?:%[^\r\n]*[\s\x00]*)*(?:"
    rb"(?P<open><<|\[)|(?P<close>>>|\])"
    rb"|(?P<name>/[^\x00\s()<>\[\]{}/%]*)"
    rb"|(?P<string>\()"
    rb"|<(?P<hex>[0-9A-Fa-f\s]*)>"
    rb"|(?P<reference>\d{1,10}\s+\d{1,5}\s+R(?![A-Za-z0-9]))"
    rb"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))"
    rb"|(?P<word>[A-Za-z]+[A-Za-z0-9]*)"
    rb"|(?P<other>[{}<>)]|[^\s]))"
)
_STRING_PART_PATTERN = re.compile(rb"\\([0-7]{1,3}|\r\n|.)|([()])|([^\\()]+)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NAME_ESCAPE_PATTERN = re.compile(rb"#([0-9A-Fa-f]{2})")
_FLATE_FILTERS = ("FlateDecode", "Fl")


class Name(str):
    """A name object, such as ``/Page``, without its slash."""

    __slots__ = ()


class Reference(NamedTuple):
    """A reference to an object by its number."""

    number: int


class PdfSyntaxError(Exception):
    """Raised if a text does not contain a PDF value."""


@dataclass
class PdfObject:
    """An object as it is in the file.

    Its value begins in ``source`` at ``start``. ``stream_span``: begin and end of the packed content of a stream in
    ``source``, None for other objects.
    """

    number: int
    source: bytes = field(repr=False)
    start: int
    stream_span: tuple[int, int] | None = None
    _value: Any = field(default=None, repr=False)
    _is_parsed: bool = field(default=False, repr=False)

    @property
    def stream(self) -> bytes | None:
        """Return the packed content of a stream, None for other objects."""
        return self.source[slice(*self.stream_span)] if self.stream_span is not None else None

    @property
    def value(self) -> Any:
        """Return the object's value, None if it cannot be parsed."""
        if not self._is_parsed:
            self._is_parsed = True
            try:
                self._value, _ = parse_value(self.source, self.start)
            except (PdfSyntaxError, RecursionError):
                self._value = None
        return self._value

    @property
    def dictionary(self) -> dict[str, Any]:
        """Return the object's dictionary, empty if it has none."""
        return self.value if isinstance(self.value, dict) else {}

    def has_type(self, name: str) -> bool:
        """Return True if the object's dictionary states this type."""
        return self.dictionary.get("Type") == name


def parse_value(source: bytes, start: int, depth: int = 0) -> tuple[Any, int]:
    """Return the value that begins at a position of ``source``, and the position behind it.

    Dictionaries become dict, arrays list, strings bytes; ``null`` and unknown words become None.

    Raises
    ------
    PdfSyntaxError
        If no value begins at the position.
    """
    token = _TOKEN_PATTERN.match(source, start)
    if token is None or depth > _MAX_DEPTH or token["close"] or token["other"]:
        raise PdfSyntaxError
    end = token.end()
    if token["open"]:
        return _parse_container(source, end, token["open"] == b"<<", depth)
    if token["name"] is not None:
        return _parse_name(token["name"]), end
    if token["string"]:
        return _parse_string(source, end)
    if token["hex"] is not None:
        digits = b"".join(token["hex"].split())
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii")), end
    if token["reference"]:
        return Reference(int(token["reference"].split()[0])), end
    if token["number"]:
        return float(token["number"]), end
    return {b"true": True, b"false": False}.get(token["word"]), end


def _parse_container(source: bytes, start: int, is_dictionary: bool, depth: int) -> tuple[Any, int]:
    """Return the dictionary or array that begins at a position, and the position behind it."""
    items: list[Any] = []
    position = start
    while True:
        token = _TOKEN_PATTERN.match(source, position)
        if token is None:
            raise PdfSyntaxError
        if token["close"]:
            break
        item, position = parse_value(source, position, depth + 1)
        items.append(item)
    if (token["close"] == b">>") != is_dictionary:
        raise PdfSyntaxError
    if not is_dictionary:
        return items, token.end()
    return {str(key): item for key, item in zip(items[::2], items[1::2], strict=False)}, token.end()


def _parse_name(escaped_name: bytes) -> Name:
    """Return a name object without its slash, with escapes (#20) replaced."""
    return Name(
        _NAME_ESCAPE_PATTERN.sub(lambda code: bytes.fromhex(code[1].decode("ascii")), escaped_name[1:]).decode(
            "latin-1"
        )
    )


def _parse_string(source: bytes, start: int) -> tuple[bytes, int]:
    """Return the string in brackets that begins at a position, and the position behind it."""
    parts: list[bytes] = []
    position, open_brackets = start, 1
    while open_brackets:
        part = _STRING_PART_PATTERN.match(source, position)
        if part is None:
            raise PdfSyntaxError
        position = part.end()
        escape, bracket, plain_bytes = part.groups()
        if bracket:
            open_brackets += 1 if bracket == b"(" else -1
            parts.append(bracket if open_brackets else b"")
        elif escape is not None:
            parts.append(
                bytes([int(escape, 8) & 255])
                if escape[:1].isdigit() and escape[:1] < b"8"
                else b""
                if escape in (b"\n", b"\r", b"\r\n")
                else _ESCAPES.get(escape, escape)
            )
        else:
            parts.append(plain_bytes)
    return b"".join(parts), position


def unpack_stream(pdf_object: PdfObject, max_bytes: int = _MAX_UNPACKED_BYTES) -> bytes | None:
    """Return the content of a stream, at most ``max_bytes`` bytes.

    None if it is packed by another method than deflate.
    """
    stream = pdf_object.stream
    if stream is None:
        return None
    filters = pdf_object.dictionary.get("Filter")
    filter_names = filters if isinstance(filters, list) else [] if filters is None else [filters]
    if not filter_names:
        return stream[:max_bytes]
    if len(filter_names) > 1 or filter_names[0] not in _FLATE_FILTERS:
        return None
    try:
        return zlib.decompressobj().decompress(stream, max_bytes)
    except zlib.error:
        return None


class PdfObjects:
    """The objects of a PDF file by number.

    ``definitions``: number → the object's last definition, which is in force.
    """

    def __init__(self, data: bytes):
        self.data = data
        self.definitions: dict[int, PdfObject] = {}
        self._bytes_left = _MAX_UNPACKED_BYTES
        self._read_objects()

    def _read_objects(self) -> None:
        """Find the definitions of all objects in the file."""
        position = 0
        for _ in range(_MAX_OBJECTS):
            start = _OBJECT_START_PATTERN.search(self.data, position)
            if start is None:
                return
            end = _OBJECT_END_PATTERN.search(self.data, start.end())
            if end is None:
                return
            number, position, span = int(start[1]), end.end(), None
            if end.group() != b"endobj":
                span = self._find_stream_span(self.data[start.end() : end.end()], end.end())
                position = span[1]
            one = PdfObject(number, self.data, start.end(), span)
            self.definitions[number] = one
            if span is not None and one.has_type("ObjStm"):
                self._read_packed_objects(one)

    def _find_stream_span(self, head: bytes, start: int) -> tuple[int, int]:
        """Return begin and end of a stream's packed content, which begins at ``start``.

        ``head``: the stream's dictionary.
        """
        if length := _DIRECT_LENGTH_PATTERN.search(head):
            end = start + int(length[1])
            if self.data[end : end + 12].lstrip().startswith(b"endstream"):
                return start, end
        end = self.data.find(b"endstream", start)
        return start, end if end >= 0 else len(self.data)

    def _read_packed_objects(self, container: PdfObject) -> None:
        """Read the objects in an object stream (7.5.7)."""
        content = unpack_stream(container, max(self._bytes_left, 0))
        first = container.dictionary.get("First")
        if not content or not isinstance(first, float):
            return
        self._bytes_left -= len(content)
        try:
            places = [int(part) for part in content[: int(first)].split()]
        except ValueError:
            return
        for number, offset in zip(places[::2], places[1::2], strict=False):
            self.definitions[number] = PdfObject(number, content, int(first) + offset)

    def resolve_value(self, item: Any) -> Any:
        """Return ``item``; if it is a reference, the value of the object, None if the object does not exist."""
        one = self.resolve_object(item)
        return one.value if one is not None else None if isinstance(item, Reference) else item

    def resolve_object(self, item: Any) -> PdfObject | None:
        """Return the object to which ``item`` refers; None for other values and missing objects."""
        seen_numbers = set()
        while isinstance(item, Reference):
            if item.number in seen_numbers or item.number not in self.definitions:
                return None
            seen_numbers.add(item.number)
            one = self.definitions[item.number]
            if not isinstance(one.value, Reference):
                return one
            item = one.value
        return None

    def resolve_dictionary(self, item: Any) -> dict[str, Any]:
        """Return the dictionary that ``item`` is or refers to; empty for other values."""
        value = self.resolve_value(item)
        return value if isinstance(value, dict) else {}

    def resolve_list(self, item: Any) -> list[Any]:
        """Return the array that ``item`` is or refers to; empty for other values."""
        value = self.resolve_value(item)
        return value if isinstance(value, list) else []

    @cached_property
    def trailer(self) -> dict[str, Any]:
        """Return the entries of all trailers as one dictionary.

        An entry of a later trailer replaces an earlier one.
        """
        entries: dict[str, Any] = {}
        for match in _TRAILER_PATTERN.finditer(self.data):
            try:
                value, _ = parse_value(self.data, match.end())
            except (PdfSyntaxError, RecursionError):
                continue
            entries |= value if isinstance(value, dict) else {}
        for one in self.definitions.values():
            if one.stream_span is not None and one.has_type("XRef"):
                entries |= {key: one.dictionary[key] for key in ("Root", "Info") if key in one.dictionary}
        return entries

    @cached_property
    def catalog(self) -> dict[str, Any]:
        """Return the document's catalogue, empty without one."""
        if catalog := self.resolve_dictionary(self.trailer.get("Root")):
            return catalog
        catalogs = [one.dictionary for one in self.definitions.values() if one.has_type("Catalog")]
        return catalogs[-1] if catalogs else {}
