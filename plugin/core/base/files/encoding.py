# SPDX-License-Identifier: GPL-2.0-or-later
"""Encodings of shapefile attributes and text files, and detection of garbled text.

The encoding of a shapefile is found from the .cpg, the bytes, and the header of the .dbf.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from encodings.aliases import aliases
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import InputError

#: Codecs by the language driver id (byte 29 of a .dbf), as ESRI and dBASE list them.
CODEC_BY_LANGUAGE_DRIVER_ID = {
    **dict.fromkeys((0x4D, 0x7A), "GB18030"),
    **dict.fromkeys((0x4F, 0x78), "CP950"),
    **dict.fromkeys((0x4E, 0x79), "CP949"),
    **dict.fromkeys((0x13, 0x7B), "CP932"),
    **dict.fromkeys((0x26, 0x65), "CP866"),
    **dict.fromkeys((0x03, 0x57), "CP1252"),
    0xC8: "CP1250",
    0xC9: "CP1251",
}
#: Numbers of Windows code pages that Python knows by another name.
_CODEC_BY_CODE_PAGE = {
    936: "gbk",
    950: "cp950",
    1361: "johab",
    10002: "big5",
    10008: "gb2312",
    20127: "ascii",
    20866: "koi8_r",
    20932: "euc_jp",
    20936: "gb2312",
    20949: "euc_kr",
    21866: "koi8_u",
    51932: "euc_jp",
    51936: "gb2312",
    51949: "euc_kr",
    51950: "cp950",
    52936: "hz",
    54936: "gb18030",
    65001: "utf_8",
}
#: The superset that programs write under a codec's name.
_CODEC_SUPERSETS = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "GB18030"),
    "big5": "CP950",
    "euc_kr": "CP949",
    "shift_jis": "CP932",
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
}
#: Codecs that attribute tables never use.
_NO_TEXT_CODECS = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "mbcs", "oem", "undefined")
#: Words before or after the name.
_CODEC_NAME_AFFIX_PATTERN = re.compile(r"^(ANSI|OEM|CODE ?PAGE|X[- ])[ :_-]*(?=\S)|[ (]+(WITH )?BOM\)?$")
_CODE_PAGE_NUMBER_PATTERN = re.compile(r"(?:CP|WINDOWS|WIN|IBM|MS|DOS)?[ _-]*(\d{3,5})")
_LATIN_CODE_PATTERN = re.compile(r"(?:ISO)?[ _-]*8859[ _-]*(\d{1,2})")
_LANGUAGE_DRIVER_PATTERN = re.compile(r"LDID[ /](\d{1,3})")
#: Lead bytes of the usual characters of a codec: hangul; kana and common kanji; common hanzi.
_COMMON_BYTE_RANGES = {
    "CP949": ((0xB0, 0xC8),),
    "JOHAB": ((0x84, 0xD3),),
    "CP950": ((0xA4, 0xC6),),
    "BIG5HKSCS": ((0xA4, 0xC6),),
    "EUC_JP": ((0xA4, 0xA5), (0xB0, 0xCF)),
    "CP932": ((0x82, 0x83), (0x88, 0x97), (0xA1, 0xDF)),
}
#: A text is natural in a codec from these shares of usual characters and letters on, and up to this share of capitals
#: after a small letter.
_MIN_SHARE_OF_COMMON_CHARACTERS, _MIN_SHARE_OF_LETTERS, _MAX_SHARE_OF_CAPITALS = 0.7, 0.9, 0.1
#: Cells inspected: enough for a decision, and fast on a table of a million rows.
_SAMPLE_BYTES = 20_000
#: Accepted share of broken characters: a text truncated at its width may end in half a character.
_MAX_BROKEN_SHARE = 0.02
#: What decoders and editors leave where characters were lost.
_GARBLED_TEXT_MARKS = ("\ufffd", "锟斤拷", "烫烫烫", "屯屯屯")
#: First bytes of an xlsx and an xls, whatever the file's name is.
WORKBOOK_SIGNATURE, OLD_WORKBOOK_SIGNATURE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
#: Words and characters that users write for an empty cell or field.
BLANK_WORDS = ("", "-", "—", "——", "–", "/", "无", "n/a")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_cpg_name(content: bytes) -> str:
    """Return the name of an encoding from the content of a .cpg file.

    It is the first line, without a byte order mark that an editor added.
    """
    is_utf16 = content.startswith(_UTF16_MARKS)
    text = content.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace").replace("\0", "").strip()
    return text.splitlines()[0].strip(" \"'?\ufeff\ufffd") if text else ""


@lru_cache(maxsize=64)
def find_known_codec(name: str) -> str:
    """Return Python's codec for the name of an encoding; empty if unknown.

    Names are like ``UTF-8``, ``936``, ``ANSI 936``, ``Big-5``, ``8859-1``. Programs often write characters of a larger
    set under the name of a smaller one. So the codec of the larger set is returned: GB18030 for GB2312 and GBK, CP950
    for Big5, CP949 for EUC-KR, CP932 for Shift-JIS.
    """
    text = _CODEC_NAME_AFFIX_PATTERN.sub("", _CODEC_NAME_AFFIX_PATTERN.sub("", name.strip().upper())).strip()
    if name_match := _LANGUAGE_DRIVER_PATTERN.fullmatch(text):
        return CODEC_BY_LANGUAGE_DRIVER_ID.get(int(name_match[1]), "")
    if name_match := _LATIN_CODE_PATTERN.fullmatch(text):
        return _find_codec(f"iso8859-{int(name_match[1])}")
    if name_match := _CODE_PAGE_NUMBER_PATTERN.fullmatch(text):
        number = int(name_match[1])
        if 28591 <= number <= 28606:
            return _find_codec(f"iso8859-{number - 28590}")
        return _find_codec(_CODEC_BY_CODE_PAGE.get(number, f"cp{number}"))
    return _find_codec(_CODEC_BY_ALIAS.get(_normalise_name(text), text))


def _find_codec(name: str) -> str:
    """Return Python's codec with this name, or the codec of its larger set; empty if unknown or no codec of texts."""
    try:
        codec_name = codecs.lookup(name).name
        "".encode(codec_name)
    except (LookupError, ValueError):
        return ""
    if codec_name in _NO_TEXT_CODECS or codec_name.startswith(("utf-16", "utf-32")):
        return ""
    return _CODEC_SUPERSETS.get(codec_name, codec_name.upper())


def _normalise_name(name: str) -> str:
    """Return the name of an encoding in capitals, with letters and digits only."""
    return "".join(c for c in name.upper() if c.isalnum())


#: Name or alias without punctuation, which programs write differently → Python's codec.
_CODEC_BY_ALIAS = {
    **{_normalise_name(name): codec for alias, codec in aliases.items() for name in (alias, codec)},
    "EUCCN": "gb2312",
    "UHC": "cp949",
    "WINDOWS31J": "cp932",
    "BIG5ETEN": "cp950",
    "GB23121980": "gb2312",
    "CNBIG5": "cp950",
}


def has_real_words(text: str, codec: str) -> bool:
    """Return True if text decoded by ``codec`` looks like real words.

    Chinese in GBK that another codec decodes does not: it has rare characters, symbols between letters, and capitals
    inside words.
    """
    foreign = [c for c in text if not c.isascii()]
    if not foreign:
        return True
    ranges = _COMMON_BYTE_RANGES.get(codec)
    if ranges is not None:
        leads = [encoded[0] for c in foreign if len(encoded := c.encode(codec, errors="ignore")) > 1]
        common_lead_count = sum(any(low <= lead <= high for low, high in ranges) for lead in leads)
        return bool(leads) and common_lead_count >= _MIN_SHARE_OF_COMMON_CHARACTERS * len(leads)
    letters = sum(unicodedata.category(c)[0] in "LM" for c in foreign)
    pairs = [(a, b) for a, b in pairwise(text) if a.isalpha() and b.isalpha()]
    capitals = sum(a.islower() and b.isupper() for a, b in pairs)
    return letters >= _MIN_SHARE_OF_LETTERS * len(foreign) and capitals <= _MAX_SHARE_OF_CAPITALS * max(len(pairs), 1)


@dataclass(frozen=True)
class ShapefileEncoding:
    """The encoding of a shapefile and how it was found.

    ``name``: Python's codec; ``source``: ``cpg``, ``content``, ``header``, or ``none`` where the text is ASCII;
    ``declared_codec``: the codec of the .cpg if the content contradicts it.
    """

    name: str
    source: str
    declared_codec: str = ""


def find_sibling_file(path: Path, suffix: str) -> Path | None:
    """Return the file beside a shapefile that has another suffix, such as .dbf; None if it is missing.

    The suffix may be in any case.
    """
    for name in (suffix, suffix.upper()):
        sibling_file = path.with_suffix(name)
        if sibling_file.exists():
            return sibling_file
    stem = path.stem.lower()
    return next((p for p in path.parent.iterdir() if p.stem.lower() == stem and p.suffix.lower() == suffix), None)


def find_shapefile_encoding(path: Path) -> ShapefileEncoding:
    """Return the encoding of a shapefile's attributes.

    The .cpg is used if the bytes are text in its codec, otherwise the content, otherwise the header. A text that is
    plainly UTF-8 or Chinese in GBK overrides a .cpg in whose codec it would not look like real words: every byte is a
    character of ISO-8859-1, so bytes alone do not exclude it.

    Raises
    ------
    InputError
        The .dbf is missing, or the bytes are neither UTF-8 nor GBK and neither .cpg nor header names another codec.
    """
    table = find_sibling_file(path, ".dbf")
    if table is None:
        raise InputError("shapefile_part_missing", source=str(path), part=path.with_suffix(".dbf").name)
    header, text = _read_non_ascii_dbf_texts(table)
    cpg = find_sibling_file(path, ".cpg")
    declared_encoding = read_cpg_name(cpg.read_bytes()) if cpg else ""
    codec = find_known_codec(declared_encoding)
    content = _detect_codec(text)
    if not text:
        return ShapefileEncoding(codec or "UTF-8", "cpg" if codec else "none")
    if codec and _fits_codec(text, codec, content):
        return ShapefileEncoding(codec, "cpg")
    by_header = CODEC_BY_LANGUAGE_DRIVER_ID.get(header, "")
    if (
        by_header
        and by_header != "CP1252"
        and not declared_encoding
        and content != "UTF-8"
        and _fits_codec(text, by_header, content)
    ):
        # Western programs declare their own code page whatever the text is.
        return ShapefileEncoding(by_header, "header")
    if content:
        return ShapefileEncoding(content, "content", declared_encoding)
    if by_header and by_header != "GB18030":
        return ShapefileEncoding(by_header, "header", declared_encoding)
    if declared_encoding and not codec:
        raise InputError("encoding_name", source=str(cpg), encoding=declared_encoding)
    raise InputError("encoding_unknown", source=str(path))


def _read_non_ascii_dbf_texts(table: Path) -> tuple[int, bytes]:
    """Return the language id in the header of a .dbf, and its texts beyond ASCII, one per line.

    The texts are names of fields and cells.
    """
    import numpy as np  # loads when a file is read, not with the command line

    data = np.fromfile(table, dtype=np.uint8)
    if len(data) < 33:
        return 0, b""
    start, size = (int.from_bytes(data[k : k + 2].tobytes(), "little") for k in (8, 10))
    columns, offset, lines = [], 1, []
    for k in range(32, max(start - 1, 32), 32):
        if k + 32 > len(data) or data[k] == 0x0D:
            break
        name = data[k : k + 11].tobytes().split(b"\0")[0]
        width = int(data[k + 16])
        if any(b > 127 for b in name):
            lines.append(name)
        if data[k + 11] == ord("C"):
            columns.append((offset, offset + width))
        offset += width
    rows = (len(data) - start) // size if size else 0
    cells = data[start : start + rows * size].reshape(rows, size) if rows > 0 else np.zeros((0, 1), dtype=np.uint8)
    for left, right in columns:
        non_ascii_rows = np.flatnonzero((cells[:, left:right] > 127).any(axis=1))[
            : _SAMPLE_BYTES // max(len(columns), 1) + 1
        ]
        lines += [cells[row, left:right].tobytes().rstrip(b" \0") for row in non_ascii_rows]
    return int(data[29]), b"\n".join(lines)


def _detect_codec(text: bytes) -> str:
    """Return UTF-8 or GB18030 if bytes are plainly in that encoding; empty otherwise."""
    if _compute_undecodable_share(text, "utf-8") < _MAX_BROKEN_SHARE:
        return "UTF-8"
    # Nearly any two bytes are a character of GBK; written Chinese stays within GB2312, where both bytes are high.
    foreign = [c for c in _decode_cells(text, "gb18030") if not c.isascii()]
    gb2312_count = sum(len(c.encode("gb2312", errors="ignore")) == 2 for c in foreign)
    return "GB18030" if foreign and gb2312_count / len(foreign) > 0.9 else ""


def _compute_undecodable_share(text: bytes, codec: str) -> float:
    """Return the share of characters beyond ASCII that the codec cannot decode."""
    decoded_text = _decode_cells(text, codec)
    foreign = sum(not c.isascii() for c in decoded_text)
    return decoded_text.count("\ufffd") / foreign if foreign else 1.0


def _decode_cells(text: bytes, codec: str) -> str:
    """Return bytes of cells as text; a partial character at the end of a cell is left out."""
    lines = (line.decode(codec, errors="replace").rstrip("\ufffd") for line in text.split(b"\n"))
    return "\n".join(lines)


def _fits_codec(text: bytes, codec: str, content: str) -> bool:
    """Return True if bytes are valid text in a codec.

    ``content``: the codec detected from the bytes, empty if none; the bytes may fit both.
    """
    if content == codec:
        return True
    if _compute_undecodable_share(text, codec) >= _MAX_BROKEN_SHARE:
        return False
    # A content that is plainly Chinese overrides a .cpg whose codec can decode the bytes too; a single word in GBK may
    # pass for UTF-8.
    foreign = [c for c in text.decode(content, errors="replace") if not c.isascii()] if content else []
    if not sum(map(_is_chinese, foreign)) > 0.8 * len(foreign):
        return True
    return content != "UTF-8" and has_real_words(_decode_cells(text, codec), codec)


def _is_chinese(character: str) -> bool:
    """Return True for a character of the Chinese, Japanese or Korean blocks of Unicode."""
    return "\u2e80" <= character <= "\uffef" and character != "\ufffd"


def decode_cell(value: Any, codec: str) -> Any:
    """Return a text that was read as ISO-8859-1, decoded with ``codec``.

    Half a character becomes U+FFFD. Values of other types are returned unchanged.
    """
    return value.encode("latin-1").decode(codec, errors="replace") if isinstance(value, str) else value


def is_garbled(text: str) -> bool:
    """Return True if a text lost characters or was saved in a wrong encoding."""
    if text.isascii():
        return False
    if any(mark in text for mark in _GARBLED_TEXT_MARKS):
        return True
    foreign = [c for c in text if not c.isascii()]
    if all(c <= "\xff" for c in foreign):
        # GBK read as Latin-1: ³ÇÕò for 城镇. All pairs are high bytes, a sequence that European words do not have.
        try:
            chinese = [c for c in text.encode("latin-1").decode("gb2312") if "\u4e00" <= c <= "\u9fff"]
        except UnicodeDecodeError:
            return False
        return len(foreign) >= 4 and len(chinese) >= 2
    # UTF-8 read as GBK: 鍩庨晣 for 城镇. A lost byte (an odd one at the end) cannot be recovered.
    back = [c for c in text.encode("gb18030").decode("utf-8", errors="replace") if not c.isascii()]
    return sum(map(_is_chinese, back)) >= 2 and sum(map(_is_chinese, back)) >= 0.6 * len(back)


@dataclass(eq=False)
class UndecodableTextError(Exception):
    """Raised for a text in an unknown encoding.

    ``line``: the first line that cannot be decoded, from 1.
    """

    line: int


def decode_file_text(data: bytes) -> str:
    """Return the text of a file in UTF-8, GBK or UTF-16.

    Spreadsheets on a Chinese Windows write GBK, and UTF-16 as “Unicode text”. Raises UndecodableTextError for other
    bytes.
    """
    if data.startswith(_UTF16_MARKS):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as first:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            text = ""
        # Nearly all UTF-8 decodes as GBK too, into other characters.
        if not text or is_garbled(text):
            raise UndecodableTextError(data.count(b"\n", 0, first.start) + 1) from first
        return text


def find_delimiter(text: str) -> str:
    """Return the delimiter of a table's cells: comma, semicolon or tab.

    It is taken from the first line that is not empty.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",\t;", key=first.count)
