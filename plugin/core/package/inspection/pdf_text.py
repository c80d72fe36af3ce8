# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the words of a PDF page by the codes of its fonts; nothing is rendered.

ISO 32000-1, 8.10, 9.4, 9.7 and 9.10.
"""

from __future__ import annotations

import re
import sys
from typing import Any, NamedTuple

from .pdf_content import CONTENT_TOKEN_PATTERN, TEXT_OPERATORS
from .pdf_objects import Name, PdfObject, PdfObjects, PdfSyntaxError, parse_value, unpack_stream

#: Limits: depth of nested forms, saved states, bytes of content per page.
_MAX_FORM_DEPTH, _MAX_STATES, _MAX_PAGE_BYTES = 8, 1000, 32 * 2**20
#: Bytes counted for each form, so that many short forms reach the limit.
_FORM_BYTES = 1000
_INLINE_PICTURE_END_PATTERN = re.compile(rb"[\s]EI(?=[\s]|$)")
#: Annotations that are not part of the page, or whose fields a reader fills in.
_OTHER_ANNOTATIONS = ("Popup", "Link", "Widget")


class Font(NamedTuple):
    """How strings of a font become text.

    ``code_bytes``: bytes of a code, 0 if codes have one or two. ``text_by_code`` is stored in the file; ``codec``
    decodes all other codes, and is empty if unknown.
    """

    code_bytes: int
    text_by_code: dict[int, str]
    codec: str

    def decode(self, string: bytes) -> str:
        """Return the text of a string, without characters whose code is unknown."""
        parts, position = [], 0
        while position < len(string):
            byte_count = self.code_bytes or (1 if string[position] < _FIRST_LEADING_BYTE else 2)
            packed = string[position : position + byte_count]
            code = int.from_bytes(packed, "big")
            known = code in self.text_by_code or not self.codec
            parts.append(self.text_by_code.get(code, "") if known else packed.decode(self.codec, "ignore"))
            position += byte_count
        return "".join(parts)


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
_UNKNOWN_FONT = Font(1, {}, _LATIN_CODEC)


def read_page_words(fonts: PdfFonts, content: bytes, entries: dict[str, Any]) -> str:
    """Return the words of a page's content in its order, then of its annotations.

    ``content`` are the unpacked streams of the page, ``entries`` its dictionary.
    """
    objects, reader = fonts.objects, _WordReader(fonts)
    reader.read_content(content, objects.resolve_dictionary(entries.get("Resources")), _UNKNOWN_FONT, 0)
    for item in objects.resolve_list(entries.get("Annots")):
        annotation = objects.resolve_dictionary(item)
        if objects.resolve_value(annotation.get("Subtype")) not in _OTHER_ANNOTATIONS:
            appearance = objects.resolve_dictionary(annotation.get("AP"))
            reader.read_form(objects.resolve_object(appearance.get("N")), {}, _UNKNOWN_FONT, 0)
    return "".join(reader.words)


class _WordReader:
    """Reads the content of a page with its forms, and collects the words."""

    def __init__(self, fonts: PdfFonts) -> None:
        self._objects, self._fonts = fonts.objects, fonts
        self._bytes_left = _MAX_PAGE_BYTES
        self.words: list[str] = []

    def read_content(self, content: bytes, resources: dict[str, Any], font: Font, depth: int) -> None:
        """Read a content stream.

        ``font``: font at its beginning, ``depth``: level of nested forms.
        """
        self._bytes_left -= len(content) + _FORM_BYTES
        if self._bytes_left < 0 or depth > _MAX_FORM_DEPTH:
            return
        saved_fonts: list[Font] = []
        operands: list[Any] = []
        position = 0
        while (token := CONTENT_TOKEN_PATTERN.search(content, position)) is not None:
            position = token.end()
            operator = token["operator"]
            if operator is None:
                operands += _read_operand(token)
                continue
            if operator == b"q" and len(saved_fonts) < _MAX_STATES:
                saved_fonts.append(font)
            elif operator == b"Q" and saved_fonts:
                font = saved_fonts.pop()
            elif operator == b"Tf":
                font = self._fonts.get_font(self._find_resource("Font", operands, resources))
            elif operator in TEXT_OPERATORS:
                self.words += [font.decode(one) for one in operands if isinstance(one, bytes)]
            elif operator == b"Do":
                self.read_form(self._find_resource("XObject", operands, resources), resources, font, depth + 1)
            elif operator == b"BI":
                end = _INLINE_PICTURE_END_PATTERN.search(content, position)
                position = end.end() if end is not None else len(content)
            operands = []

    def read_form(self, form: PdfObject | None, resources: dict[str, Any], font: Font, depth: int) -> None:
        """Read the content of a form; other objects have no words.

        ``resources``: those of the content that draws it, if the form has none.
        """
        if form is None or form.stream_span is None:
            return
        if self._objects.resolve_value(form.dictionary.get("Subtype")) == "Image":
            return
        content = unpack_stream(form, max(self._bytes_left, 0))
        if content is not None:
            own_resources = self._objects.resolve_dictionary(form.dictionary.get("Resources"))
            self.read_content(content, own_resources or resources, font, depth)

    def _find_resource(self, kind: str, operands: list[Any], resources: dict[str, Any]) -> PdfObject | None:
        """Return the resource of a kind that the last name among the operands names.

        None if it is missing.
        """
        names = [one for one in operands if isinstance(one, Name)]
        item = self._objects.resolve_dictionary(resources.get(kind)).get(names[-1]) if names else None
        if isinstance(item, dict):
            return PdfObject(-1, b"", 0, None, item, True)
        return self._objects.resolve_object(item)


def _read_operand(token: re.Match[bytes]) -> list[Any]:
    """Return a list with the name or string of a token; empty for other tokens."""
    if token.lastgroup not in ("name", "string"):
        return []
    try:
        return [parse_value(token.group(), 0)[0]]
    except PdfSyntaxError:
        return []


class PdfFonts:
    """The fonts of a PDF; each is read once."""

    def __init__(self, objects: PdfObjects) -> None:
        self.objects = objects
        #: Keyed by id(): inline fonts have no number, and `PdfObjects` keeps the values alive.
        self._font_by_key: dict[int, Font] = {}

    def get_font(self, font: PdfObject | None) -> Font:
        """Return the codes and texts of a font object; `_UNKNOWN_FONT` for None."""
        if font is None:
            return _UNKNOWN_FONT
        key = id(font.value)
        if key not in self._font_by_key:
            self._font_by_key[key] = _read_font(self.objects, font)
        return self._font_by_key[key]


def _read_font(objects: PdfObjects, font: PdfObject) -> Font:
    """Return the codes and texts of a font object.

    Codes of a composite font have two bytes, or one or two in GBK.
    """
    entries = font.dictionary
    text_by_code = _read_code_texts(objects, entries.get("ToUnicode"))
    if objects.resolve_value(entries.get("Subtype")) != "Type0":
        return Font(1, text_by_code, _LATIN_CODEC)
    encoding = str(objects.resolve_value(entries.get("Encoding")))
    codec = next((codec for start, codec in _CODEC_BY_ENCODING.items() if encoding.startswith(start)), "")
    return Font(0 if codec == _CHINESE_CODEC else 2, text_by_code, codec)


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
