# SPDX-License-Identifier: GPL-2.0-or-later
"""The names that programs give code pages, and whether text is natural in the one that was declared."""

from __future__ import annotations

import codecs
import re
import unicodedata
from encodings.aliases import aliases
from functools import lru_cache
from itertools import pairwise

#: Codecs by the language driver id (byte 29 of a .dbf), as ESRI and dBASE list them.
DRIVER_IDS = {
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
_PAGES = {
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
#: The larger set of characters that programs write under a codec's name.
_LARGER = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "GB18030"),
    "big5": "CP950",
    "euc_kr": "CP949",
    "shift_jis": "CP932",
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
}
#: Codecs that no table of attributes is written in.
_NO_TEXT = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "mbcs", "oem", "undefined")
#: Words before or after the name itself.
_AROUND = re.compile(r"^(ANSI|OEM|CODE ?PAGE|X[- ])[ :_-]*(?=\S)|[ (]+(WITH )?BOM\)?$")
_NUMBER = re.compile(r"(?:CP|WINDOWS|WIN|IBM|MS|DOS)?[ _-]*(\d{3,5})")
_LATIN = re.compile(r"(?:ISO)?[ _-]*8859[ _-]*(\d{1,2})")
_DRIVER = re.compile(r"LDID[ /](\d{1,3})")
#: Lead bytes of the characters that texts of a codec mostly consist of: hangul, kana and common kanji, common hanzi.
_USUAL = {
    "CP949": ((0xB0, 0xC8),),
    "JOHAB": ((0x84, 0xD3),),
    "CP950": ((0xA4, 0xC6),),
    "BIG5HKSCS": ((0xA4, 0xC6),),
    "EUC_JP": ((0xA4, 0xA5), (0xB0, 0xCF)),
    "CP932": ((0x82, 0x83), (0x88, 0x97), (0xA1, 0xDF)),
}
#: Shares of characters from which on a text is natural in a codec, and of capitals right behind a small letter that are too many.
_MOST, _LETTERS, _CAPITALS = 0.7, 0.9, 0.1


def declared_name(content: bytes) -> str:
    """The name in a .cpg file: its first line, whatever the editor put before it."""
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = content.decode("utf-16" if wide else "utf-8-sig", errors="replace").replace("\0", "").strip()
    return text.splitlines()[0].strip(" \"'?\ufeff\ufffd") if text else ""


@lru_cache(maxsize=64)
def known_codec(name: str) -> str:
    """Python's codec for the name of a code page (``UTF-8``, ``936``, ``ANSI 936``, ``Big-5``, ``8859-1``), or empty.

    Where programs write more characters under a name than it has, the larger codec: GB18030 for GB2312 and GBK, CP950 for
    Big5, CP949 for EUC-KR, CP932 for Shift-JIS.
    """
    text = _AROUND.sub("", _AROUND.sub("", name.strip().upper())).strip()
    if found := _DRIVER.fullmatch(text):
        return DRIVER_IDS.get(int(found[1]), "")
    if found := _LATIN.fullmatch(text):
        return _codec(f"iso8859-{int(found[1])}")
    if found := _NUMBER.fullmatch(text):
        number = int(found[1])
        if 28591 <= number <= 28606:
            return _codec(f"iso8859-{number - 28590}")
        return _codec(_PAGES.get(number, f"cp{number}"))
    return _codec(_by_letters().get(_letters(text), text))


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except (LookupError, ValueError):
        return ""
    if found in _NO_TEXT or found.startswith(("utf-16", "utf-32")):
        return ""
    return _LARGER.get(found, found.upper())


@lru_cache(maxsize=1)
def _by_letters() -> dict[str, str]:
    """Python's codecs by their names and aliases without the marks in between, which every program sets in its own way."""
    own = {
        "EUCCN": "gb2312",
        "UHC": "cp949",
        "WINDOWS31J": "cp932",
        "BIG5ETEN": "cp950",
        "GB23121980": "gb2312",
        "CNBIG5": "cp950",
    }
    return {_letters(alias): codec for alias, codec in (*aliases.items(), *((c, c) for c in aliases.values()))} | own


def _letters(name: str) -> str:
    return "".join(c for c in name.upper() if c.isalnum())


def natural(text: str, codec: str) -> bool:
    """Return True if text decoded by ``codec`` reads naturally. Chinese of GBK decoded by another codec is not: rare characters, signs
    between letters, capitals in the middle of words."""
    foreign = [c for c in text if not c.isascii()]
    if not foreign:
        return True
    ranges = _USUAL.get(codec)
    if ranges is not None:
        leads = [encoded[0] for c in foreign if len(encoded := c.encode(codec, errors="ignore")) > 1]
        usual = sum(any(low <= lead <= high for low, high in ranges) for lead in leads)
        return bool(leads) and usual >= _MOST * len(leads)
    letters = sum(unicodedata.category(c)[0] in "LM" for c in foreign)
    pairs = [(a, b) for a, b in pairwise(text) if a.isalpha() and b.isalpha()]
    capitals = sum(a.islower() and b.isupper() for a, b in pairs)
    return letters >= _LETTERS * len(foreign) and capitals <= _CAPITALS * max(len(pairs), 1)
