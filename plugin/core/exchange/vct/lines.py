# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the text of a VCT file line by line, with line numbers for errors.

Blank lines are ignored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Progress = Callable[[float, str], None]
#: Number of coordinates read at once: a wrong count is found at the next word, not at the end of the file.
_BLOCK = 20_000
_LINE_FEED = ord("\n")
#: A superset of GBK and GB2312.
_CODEC = "gb18030"
#: Largest coordinate in any unit; geometry operations fail beyond it and with NaN.
FARTHEST = 1e12
#: Integers are stored in 64 bits.
_MOST = 2**63 - 1
#: Number of characters of a wrong value in a message.
_SHOWN = 40
#: Bytes that may follow the text: NUL of an interrupted copy, and the end mark of DOS.
_FILL = b"\0\x1a"
#: A line that begins or ends a section; a table may have a name such as LEGEND.
_MARK = re.compile(
    "(?:Head|FeatureCode|TableStructure|Point|Line|Polygon|Solid|Image|Annotation|Topology|Attribute|VarChar|Style|StyleData|"
    "Comment)(?:Begin|End)",
    re.I,
)
_CONTROL = dict.fromkeys((*range(32), 127), "·")
#: Number of bytes at the beginning that show encoding and line ends.
_BEGINNING = 65_536


class Lines:
    """The lines of a file; errors name ``source``, ``section`` and the last ``number``.

    `report_progress` calls ``progress(share, section)``.
    """

    def __init__(self, handle: BinaryIO, source: str, progress: Progress = lambda share, section: None):
        self._file = handle
        self._progress = progress
        self._handle: Iterator[bytes] = iter(handle)
        self._size = max(handle.seek(0, 2), 1)
        handle.seek(0)
        self.source = Path(source).name
        self.section = "Head"
        self.number = 0
        #: Number of a last line without a line end: the file was cut off in it.
        self._torn = 0
        #: Number of the line with NUL or Ctrl-Z after the text, 0 without one.
        self.filled = 0
        self.separator = ","
        #: The coarsest last digit of coordinates in E notation, the line of the first of them, and their number.
        self.coarsest, self.coarse_line, self.coarse_count = 0.0, 0, 0

    def report_progress(self) -> None:
        """Report the share of the file already read, 0…1, and the section."""
        self._progress(self._file.tell() / self._size, self.section)

    def verify_text(self) -> None:
        """Raise InputError for UTF-16 and for other line ends, before reading."""
        start = self._file.read(_BEGINNING)
        self._file.seek(0)
        self.number = 1
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or (start.strip(b"\0") and b"\0" in start[:2]):
            raise self.error("vct_utf16")
        if b"\r" in start[:-1] and b"\n" not in start:
            raise self.error("vct_line_ends")
        self.number = 0

    @property
    def torn(self) -> bool:
        """True if the last line, which has no line end, was read."""
        return self._torn > 0

    def complete(self) -> None:
        """Mark the text as complete: later errors concern its content."""
        self._torn = 0

    def _without_fill(self, line: bytes) -> bytes:
        """Return the last line, which has no line end, without NUL and Ctrl-Z after it."""
        stripped = line.rstrip(_FILL)
        if len(stripped) < len(line):
            self.filled = self.number
        if stripped.strip():
            self._torn = self.number
        return stripped

    def find(self, word: str) -> int:
        """Return the number of the next line with this word, ignoring case; 0 if not found."""
        wanted = word.lower().encode()
        while (line := self.raw()) is not None:
            if line.strip().lower() == wanted:
                return self.number
        return 0

    def raw(self) -> bytes | None:
        """Return the next line that is not blank, without its end; ``None`` after the last."""
        for line in self._handle:
            self.number += 1
            if not line.endswith(b"\n"):
                line = self._without_fill(line)
            elif line[:1] in (b"\0", b"\x1a") and not line.strip(_FILL + b"\r\n"):
                self.filled = self.filled or self.number
                continue
            line = line.rstrip(b"\r\n")
            if line.strip():
                return line
        return None

    def line(self) -> bytes:
        """Return the next line that is not blank; InputError at the end of the file."""
        # Repeats the code of `raw` to save a call per line: files have a million lines and more.
        for line in self._handle:
            self.number += 1
            if line[-1] != _LINE_FEED:
                line = self._without_fill(line)
            line = line.rstrip(b"\r\n")
            if line and not line.isspace():
                return line
        raise self.error("vct_cut_off")

    def text(self) -> str:
        """Return the next line decoded, including outer spaces; InputError unless it is GBK."""
        return self.decoded(self.line())

    def text_or_blank(self) -> str:
        """Return the immediately next line decoded; here a blank one is an empty text."""
        line = next(self._handle, None)
        if line is None:
            raise self.error("vct_cut_off")
        self.number += 1
        if not line.endswith(b"\n"):
            line = self._without_fill(line)
        return self.decoded(line.rstrip(b"\r\n"))

    def decoded(self, line: bytes) -> str:
        """Decode a line; InputError unless it is GBK."""
        try:
            return line.decode(_CODEC)
        except UnicodeDecodeError as error:
            raise self.error("vct_encoding") from error

    def word(self) -> str:
        """Return the next line without outer spaces."""
        return self.text().strip()

    def whole(self) -> int:
        """Return the next line as an integer."""
        line = self.line()
        try:
            number = int(line)
        except ValueError:
            # Raises the error.
            return self.number_of(line)
        return number if -_MOST <= number <= _MOST and b"_" not in line else self.number_of(line)

    def number_of(self, text: bytes | str) -> int:
        """Return a text as an integer of 64 bits."""
        word = text if isinstance(text, str) else self.decoded(text)
        try:
            number = int(word)
        except ValueError as error:
            self.refuse_mark(word)
            # Python refuses to convert more than a few thousand digits.
            large = word.strip().lstrip("+-").isdecimal()
            raise self.error("vct_number_large" if large else "vct_number", value=_cut(text)) from error
        # Python accepts 1_000 as a number.
        if "_" in word:
            raise self.error("vct_number", value=_cut(text))
        if not -_MOST <= number <= _MOST:
            raise self.error("vct_number_large", value=_cut(text))
        return number

    def refuse_mark(self, word: str) -> None:
        """Raise InputError for the begin or end of another section: this one has no end."""
        word = word.strip()
        if _MARK.fullmatch(word) and word.lower() != f"{self.section}end".lower():
            raise self.error("vct_section_open", value=word)

    def wholes(self) -> list[int]:
        """Return the next line as integers between separators."""
        return [self.number_of(part) for part in self._split(self.line()) if part.strip()]

    def count(self) -> int:
        """Return the next line as a count, 0 or more."""
        number = self.whole()
        if number < 0:
            raise self.error("vct_count_value", value=number)
        return number

    def end_of_record(self, ident: int) -> None:
        """Read the 0 that closes a record; anything else means a wrong count before it."""
        line = self.line()
        if line.strip() != b"0":
            raise self.error("vct_count", id=ident, value=shorten_line(line))

    def coordinates(self, count: int, dim: int) -> NDArray:
        """Return (count, 2) the next lines as x, y; a third number is left out.

        InputError names the line of an invalid position.
        """
        parts = []
        while count > 0:
            rows, numbers, whole = self._take(min(count, _BLOCK))
            if not whole and rows and not _is_position(rows[-1], dim, self.separator):
                # The file is cut off in the middle of a line.
                del rows[-1]
            parts.append(self._parse(rows, numbers, dim))
            if not whole:
                raise self.error("vct_cut_off")
            count -= len(rows)
        return np.concatenate(parts) if parts else np.zeros((0, 2))

    def _take(self, count: int) -> tuple[list[bytes], list[int] | range, bool]:
        """Return the next lines that are not blank, their numbers, and True if complete."""
        first = self.number + 1
        rows = list(islice(self._handle, count))
        self.number += len(rows)
        if rows and not rows[-1].endswith(b"\n"):
            rows[-1] = self._without_fill(rows[-1])
        if len(rows) == count and all(map(bytes.strip, rows)):
            return rows, range(first, first + count), True
        numbers = [n for n, row in enumerate(rows, first) if row.strip()]
        rows = [row for row in rows if row.strip()]
        while len(rows) < count:
            line = self.raw()
            if line is None:
                return rows, numbers, False
            rows.append(line)
            numbers.append(self.number)
        return rows, numbers, True

    def _parse(self, rows: list[bytes], numbers: Sequence[int], dim: int) -> NDArray:
        if not rows:
            return np.zeros((0, 2))
        commas = dim - 1
        if self.separator != ",":
            rows = [b",".join(self._split(row)) for row in rows]
        try:
            if all(row.count(b",") == commas for row in rows):
                text = b",".join(rows)
                found = np.array(list(map(float, text.split(b",")))).reshape(-1, dim)[:, :2]
                if b"_" not in text and (np.abs(found) <= FARTHEST).all():
                    if b"E" in text or b"e" in text:
                        self._note_exponents(rows, numbers)
                    return found
        except ValueError:
            # The loop below finds the invalid line.
            pass
        for row, number in zip(rows, numbers, strict=False):
            if not _is_position(row, dim):
                self.number = number
                if b"\0" in row:
                    raise self.error("vct_nul_line")
                half = unicodedata.normalize("NFKC", self.decoded(row)).encode(_CODEC)
                if half != row and _is_position(half, dim):
                    raise self.error("vct_full_comma", value=shorten_line(row))
                if (count := _numbers_in(row)) > 1 and count != dim:
                    raise self.error("vct_dimension", value=shorten_line(row), dim=dim, found=count)
                # With as many parts as numbers expected, the line is a position, whatever the number of points.
                key = "vct_position_value" if row.count(b",") == commas else "vct_position"
                raise self.error(key, value=shorten_line(row))
        raise self.error("vct_position", value="")

    def _note_exponents(self, rows: list[bytes], numbers: Sequence[int]) -> None:
        for row, number in zip(rows, numbers, strict=True):
            steps = [_last_digit(part.decode()) for part in row.split(b",")[:2] if b"e" in part.lower()]
            if steps:
                self.coarsest, self.coarse_line = max(self.coarsest, *steps), self.coarse_line or number
                self.coarse_count += 1

    def _split(self, line: bytes) -> list[bytes]:
        return line.split(self.separator.encode(_CODEC))

    def error(self, key: str, /, **params: Any) -> InputError:
        """Return an InputError on the last line, or on the cut end of the file."""
        number = self.number
        if self._torn and key != "vct_cut_between":
            key, params, number = "vct_cut_off", {}, self._torn
        if key == "vct_cut_off" and self.filled:
            key, number = "vct_cut_off_tail", self.filled
        return InputError(key, source=self.source, line=number, section=self.section, **params)


def _last_digit(number: str) -> float:
    """Return the unit of the last digit of a number in E notation."""
    mantissa, _, exponent = number.strip().lower().partition("e")
    return 10.0 ** (int(exponent) - len(mantissa.partition(".")[2]))


def _is_position(row: bytes, dim: int, separator: str = ",") -> bool:
    parts = row.split(separator.encode(_CODEC))
    try:
        return len(parts) == dim and b"_" not in row and all(abs(float(part)) <= FARTHEST for part in parts)
    except ValueError:
        return False


def _numbers_in(row: bytes) -> int:
    """Return the number of numbers in a row; 0 if it has anything else."""
    parts = row.split(b",")
    try:
        return len(parts) if all(abs(float(part)) <= FARTHEST for part in parts) else 0
    except ValueError:
        # Not a position of any dimension.
        return 0


def _cut(text: bytes | str) -> str:
    return shorten_line(text if isinstance(text, bytes) else text.encode(_CODEC, errors="replace"))


def shorten_line(line: bytes) -> str:
    """Return a line shortened and without control characters, for a message."""
    text = line.decode(_CODEC, errors="replace").strip().translate(_CONTROL)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
