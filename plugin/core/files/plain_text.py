# SPDX-License-Identifier: GPL-2.0-or-later
"""Text files that planners keep in spreadsheets and editors: whatever they were saved as, as text."""

from __future__ import annotations

from .encoding import garbled

#: How an xlsx and an old xls begin: no text, whatever the file's name says.
WORKBOOK, OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
#: Words and signs that users write for an empty cell or field.
BLANK_WORDS = ("", "-", "—", "——", "–", "/", "无", "n/a")
_UNICODE_TEXT = (b"\xff\xfe", b"\xfe\xff")


class Undecodable(Exception):
    """Text of no encoding that is known here; ``line`` where the first such sign stands, from 1."""

    def __init__(self, line: int):
        super().__init__(line)
        self.line = line


def decoded(data: bytes) -> str:
    """UTF-8, GBK as a spreadsheet on a Chinese Windows may save it, or what it calls “Unicode text” (UTF-16)."""
    if data.startswith(_UNICODE_TEXT):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as first:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            text = ""
        # Nearly all UTF-8 decodes as GBK too, into other signs.
        if not text or garbled(text):
            raise Undecodable(data.count(b"\n", 0, first.start) + 1) from first
        return text


def delimiter(text: str) -> str:
    """What stands between the cells of a table, by its first line that is not empty."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",\t;", key=first.count)
