# SPDX-License-Identifier: GPL-2.0-or-later
"""Fonts of a PDF: codes, widths and texts of their characters (ISO 32000-1, 9.2.4, 9.6, 9.7 and 9.10)."""

from __future__ import annotations

import re
import sys
from math import isfinite
from typing import Any, NamedTuple

from .pdf_objects import PdfObject, PdfObjects, unpack_stream

#: Width of a character without a known width, as a share of the font's size: of one byte, and of two bytes.
_SIMPLE_WIDTH, _WIDE_WIDTH = 0.5, 1.0
_GLYPH_UNIT = 0.001


class Font(NamedTuple):
    """How strings of a font become characters.

    ``code_bytes``: bytes of a code, 0 if codes have one or two. ``width_by_code`` and ``default_width`` are shares of
    the font's size. ``text_by_code`` is stored in the file; ``codec`` decodes all other codes, and is empty if unknown.
    """

    code_bytes: int
    width_by_code: dict[int, float]
    default_width: float
    text_by_code: dict[int, str]
    codec: str

    def list_codes(self, string: bytes) -> list[int]:
        """Return the character codes in a string."""
        codes, position = [], 0
        while position < len(string):
            byte_count = self.code_bytes or (1 if string[position] < _FIRST_LEADING_BYTE else 2)
            codes.append(int.from_bytes(string[position : position + byte_count], "big"))
            position += byte_count
        return codes

    def decode(self, code: int) -> str:
        """Return the text of a character code, empty if it is unknown."""
        if code in self.text_by_code or not self.codec:
            return self.text_by_code.get(code, "")
        byte_count = self.code_bytes or (1 if code < _FIRST_LEADING_BYTE else 2)
        return code.to_bytes(byte_count, "big").decode(self.codec, "ignore")


#: The first byte of the two bytes of a Chinese character in GBK.
_FIRST_LEADING_BYTE = 0x80
_UNICODE_CODEC, _CHINESE_CODEC, _LATIN_CODEC = "utf-16-be", "gb18030", "cp1252"
#: Beginnings of names of predefined encodings of Chinese fonts (9.7.5.2) → codec.
_CODEC_BY_ENCODING = {
    "UniGB-": _UNICODE_CODEC,
    "UniCNS-": _UNICODE_CODEC,
    "GBK": _CHINESE_CODEC,
    "GB-EUC": _CHINESE_CODEC,
    "GBpc-EUC": _CHINESE_CODEC,
}
#: Limits: bytes read of a ToUnicode map, entries of one range.
_MAX_MAP_BYTES, _MAX_RANGE = 4 * 2**20, 0x10000
_MAP_SECTION_PATTERN = re.compile(rb"begin(bfchar|bfrange)(.*?)endbf", re.DOTALL)
_SINGLE_ENTRY_PATTERN = re.compile(rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]*)>")
_RANGE_ENTRY_PATTERN = re.compile(
    rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]+)>\s*(?:<([0-9A-Fa-f\s]*)>|\[((?:\s*<[0-9A-Fa-f\s]*>)*)\s*\])"
)
_HEX_STRING_PATTERN = re.compile(rb"<([0-9A-Fa-f\s]*)>")
UNKNOWN_FONT = Font(1, {}, _SIMPLE_WIDTH, {}, _LATIN_CODEC)


def read_numbers(objects: PdfObjects, item: Any, count: int) -> tuple[float, ...] | None:
    """Return an array of ``count`` numbers; None if ``item`` is another value."""
    numbers = [objects.resolve_value(one) for one in objects.resolve_list(item)]
    return tuple(numbers) if len(numbers) == count and all(isinstance(one, float) for one in numbers) else None


class PdfFonts:
    """The fonts of a PDF; each is read once."""

    def __init__(self, objects: PdfObjects) -> None:
        self.objects = objects
        #: Keyed by id(): inline fonts have no number, and `PdfObjects` keeps the values alive.
        self._font_by_key: dict[int, Font] = {}

    def get_font(self, font: PdfObject | None) -> Font:
        """Return the codes, widths and texts of a font object; `UNKNOWN_FONT` for None."""
        if font is None:
            return UNKNOWN_FONT
        key = id(font.value)
        if key not in self._font_by_key:
            self._font_by_key[key] = _read_font(self.objects, font)
        return self._font_by_key[key]


def _read_font(objects: PdfObjects, font: PdfObject) -> Font:
    """Return the codes, widths and texts of a font object.

    Codes of a composite font have two bytes, or one or two in GBK.
    """
    entries = font.dictionary
    kind = objects.resolve_value(entries.get("Subtype"))
    text_by_code = _read_code_texts(objects, entries.get("ToUnicode"))
    if kind == "Type0":
        descendants = objects.resolve_list(entries.get("DescendantFonts"))
        descendant = objects.resolve_dictionary(descendants[0]) if descendants else {}
        default = objects.resolve_value(descendant.get("DW"))
        default_width = default * _GLYPH_UNIT if isinstance(default, float) else _WIDE_WIDTH
        encoding = str(objects.resolve_value(entries.get("Encoding")))
        codec = next((codec for start, codec in _CODEC_BY_ENCODING.items() if encoding.startswith(start)), "")
        wide_widths = _read_wide_widths(objects, descendant.get("W"))
        return Font(0 if codec == _CHINESE_CODEC else 2, wide_widths, default_width, text_by_code, codec)
    matrix = read_numbers(objects, entries.get("FontMatrix"), 6) if kind == "Type3" else None
    unit = matrix[0] if matrix is not None else _GLYPH_UNIT
    first_code = objects.resolve_value(entries.get("FirstChar"))
    start = int(first_code) if isinstance(first_code, float) and isfinite(first_code) else 0
    widths = [objects.resolve_value(one) for one in objects.resolve_list(entries.get("Widths"))]
    width_by_code = {start + n: w * unit for n, w in enumerate(widths) if isinstance(w, float)}
    return Font(1, width_by_code, _SIMPLE_WIDTH, text_by_code, _LATIN_CODEC)


def _read_code_texts(objects: PdfObjects, item: Any) -> dict[int, str]:
    """Return code → text from a font's table of Unicode texts (ToUnicode, 9.10.3)."""
    stream = objects.resolve_object(item)
    content = unpack_stream(stream, _MAX_MAP_BYTES) if stream is not None else None
    text_by_code: dict[int, str] = {}
    for kind, section in _MAP_SECTION_PATTERN.findall(content or b""):
        if kind == b"bfchar":
            text_by_code |= {
                _read_code(code): _read_text(text) for code, text in _SINGLE_ENTRY_PATTERN.findall(section)
            }
            continue
        for first, last, text, texts in _RANGE_ENTRY_PATTERN.findall(section):
            start, count = _read_code(first), min(_read_code(last) - _read_code(first) + 1, _MAX_RANGE)
            if text:
                first_text = _read_text(text)
                head, end = first_text[:-1], ord(first_text[-1]) if first_text else 0
                text_by_code |= {start + n: head + chr(min(end + n, sys.maxunicode)) for n in range(count)}
            else:
                text_by_code |= {
                    start + n: _read_text(one) for n, one in enumerate(_HEX_STRING_PATTERN.findall(texts)[:count])
                }
    return text_by_code


def _read_code(digits: bytes) -> int:
    """Return hexadecimal digits as a number; white space between digits is ignored."""
    return int(b"".join(digits.split()) or b"0", 16)


def _read_text(digits: bytes) -> str:
    """Return hexadecimal digits as the UTF-16 text that they encode."""
    packed = b"".join(digits.split())
    return bytes.fromhex((packed + b"0" * (len(packed) % 2)).decode("ascii")).decode(_UNICODE_CODEC, "ignore")


def _read_wide_widths(objects: PdfObjects, item: Any) -> dict[int, float]:
    """Return code → width from the array of widths of a composite font.

    Its entries are ``c [w …]`` or ``first last w``.
    """
    width_by_code: dict[int, float] = {}
    found_values = [objects.resolve_value(one) for one in objects.resolve_list(item)]
    values = [0.0 if isinstance(one, float) and not isfinite(one) else one for one in found_values]
    n = 0
    while n + 1 < len(values):
        first, second = values[n], values[n + 1]
        if isinstance(first, float) and isinstance(second, list):
            widths = [objects.resolve_value(one) for one in second]
            width_by_code |= {int(first) + k: w * _GLYPH_UNIT for k, w in enumerate(widths) if isinstance(w, float)}
            n += 2
        elif n + 2 < len(values) and all(isinstance(one, float) for one in values[n : n + 3]):
            last = min(int(second), int(first) + 0xFFFF)
            width_by_code |= dict.fromkeys(range(int(first), last + 1), values[n + 2] * _GLYPH_UNIT)
            n += 3
        else:
            break
    return width_by_code
