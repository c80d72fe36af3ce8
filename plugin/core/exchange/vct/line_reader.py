# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the text of a VCT file line by line, with line numbers for error messages.

Blank lines are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...base.errors import InputError, ProgressCallback

#: Number of coordinates read at once: a wrong count is found at the next word, not at the end of the file.
_LINES_PER_BLOCK = 20_000
#: A superset of GBK and GB2312.
_VCT_CODEC = "gb18030"
#: Largest coordinate in any unit; geometry operations fail beyond it and with NaN.
MAX_COORDINATE = 1e12
#: Integers are stored in 64 bits.
_MAX_INTEGER = 2**63 - 1
#: Number of characters of a wrong value in a message.
_MAX_SHOWN_CHARACTERS = 40
#: Bytes that may follow the text: NUL of an interrupted copy, and the end mark of DOS.
_FILL_BYTES = b"\0\x1a"
_END_OF_FILE = b"\x1a"
#: A line that begins or ends a section; a table may have a name such as LEGEND.
_SECTION_MARK_PATTERN = re.compile(
    "(?:Head|FeatureCode|TableStructure|Point|Line|Polygon|Solid|Image|Annotation|Topology|Attribute|VarChar|Style|StyleData|"
    "Comment)(?:Begin|End)",
    re.I,
)
#: Number of bytes at the beginning that show encoding and line ends.
_INSPECTED_BYTE_COUNT = 65_536


class LineReader:
    """Reader of a text file that counts lines.

    Errors name the file ``source``, the ``section`` and the line ``number``, which is the last line read.
    `report_progress` calls ``progress(share, section)``.
    """

    def __init__(self, handle: BinaryIO, source: str, progress: ProgressCallback = lambda share, section: None):
        self._file = handle
        self._progress = progress
        self._handle: Iterator[bytes] = iter(handle)
        self._size = max(handle.seek(0, 2), 1)
        handle.seek(0)
        self.source = Path(source).name
        self.section = "Head"
        self.number = 0
        #: Number of a last line without a line end: the file was cut off in it, unless a reader sets it to 0.
        self.torn_line = 0
        self.separator = ","

    def report_progress(self) -> None:
        """Report the share of the file read so far (0…1) and the section."""
        self._progress(self._file.tell() / self._size, self.section)

    def verify_encoding_and_line_ends(self) -> None:
        """Raise InputError for UTF-16 and for unsupported line ends.

        Called before any line is read.
        """
        start = self._file.read(_INSPECTED_BYTE_COUNT)
        self._file.seek(0)
        self.number = 1
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or (start.strip(b"\0") and b"\0" in start[:2]):
            raise self.make_error("vct_utf16")
        if b"\r" in start[:-1] and b"\n" not in start:
            raise self.make_error("vct_line_ends")
        self.number = 0

    def _strip_fill_bytes(self, line: bytes) -> bytes:
        """Return the file's last line without NUL and Ctrl-Z at its end."""
        stripped = line.rstrip(_FILL_BYTES)
        if stripped.strip():
            self.torn_line = self.number
        return stripped

    def read_raw_line_or_none(self) -> bytes | None:
        """Return the next line that is not blank, as bytes; ``None`` at the file's end."""
        for line in self._handle:
            self.number += 1
            if not line.endswith(b"\n"):
                line = self._strip_fill_bytes(line)
            elif line.startswith(_END_OF_FILE) and not line.strip(_FILL_BYTES + b"\r\n"):
                continue
            line = line.rstrip(b"\r\n")
            if line.strip():
                return line
        return None

    def read_line(self) -> bytes:
        """Return the next line that is not blank, as bytes.

        Raises InputError at the end of the file.
        """
        line = self.read_raw_line_or_none()
        if line is None:
            raise self.make_error("vct_cut_off")
        return line

    def read_text(self) -> str:
        """Return the next line that is not blank as text, outer spaces included.

        Raises InputError unless it is GBK.
        """
        return self.decode_line(self.read_line())

    def read_text_or_blank_line(self) -> str:
        """Return the very next line as text; a blank line is an empty text."""
        line = next(self._handle, None)
        if line is None:
            raise self.make_error("vct_cut_off")
        self.number += 1
        if not line.endswith(b"\n"):
            line = self._strip_fill_bytes(line)
        return self.decode_line(line.rstrip(b"\r\n"))

    def decode_line(self, line: bytes) -> str:
        """Return a line as text. Raises InputError unless it is GBK."""
        try:
            return line.decode(_VCT_CODEC)
        except UnicodeDecodeError as error:
            raise self.make_error("vct_encoding") from error

    def read_stripped_line(self) -> str:
        """Return the next line that is not blank as text without outer spaces."""
        return self.read_text().strip()

    def read_integer(self) -> int:
        """Return the next line as an integer; InputError if it is something else."""
        return self.parse_integer(self.read_line())

    def parse_integer(self, text: bytes | str) -> int:
        """Return a text as a 64-bit integer; InputError if it is something else."""
        word = text if isinstance(text, str) else self.decode_line(text)
        try:
            number = int(word)
        except ValueError as error:
            self.refuse_section_mark(word)
            raise self.make_error("vct_number", value=shorten_line(text)) from error
        # Python accepts 1_000 as a number.
        if "_" in word or not -_MAX_INTEGER <= number <= _MAX_INTEGER:
            raise self.make_error("vct_number", value=shorten_line(text))
        return number

    def refuse_section_mark(self, word: str) -> None:
        """Raise InputError if a word is the mark at the beginning or end of another section.

        The current section is then incomplete.
        """
        word = word.strip()
        if _SECTION_MARK_PATTERN.fullmatch(word) and word.lower() != f"{self.section}end".lower():
            raise self.make_error("vct_section_open", value=word)

    def read_count(self) -> int:
        """Return the next line as a count: an integer of at least 0."""
        number = self.read_integer()
        if number < 0:
            raise self.make_error("vct_count_value", value=number)
        return number

    def expect_record_end(self, record_id: int) -> None:
        """Read the line 0 that closes a record.

        Raises InputError for anything else: a count before it was wrong.
        """
        line = self.read_line()
        if line.strip() != b"0":
            raise self.make_error("vct_count", id=record_id, value=shorten_line(line))

    def read_positions(self, count: int, numbers_per_line: int) -> NDArray:
        """Return the next ``count`` lines as positions (count, 2).

        ``numbers_per_line``: 2 or 3; a third number is ignored. InputError names the line of an invalid position.
        """
        parts = []
        while count > 0:
            rows, numbers, is_block_complete = self._read_nonblank_lines(min(count, _LINES_PER_BLOCK))
            if not is_block_complete and rows and not _is_valid_position(rows[-1], numbers_per_line, self.separator):
                # The file is cut off in the middle of a line.
                del rows[-1]
            parts.append(self._parse_positions(rows, numbers, numbers_per_line))
            if not is_block_complete:
                raise self.make_error("vct_cut_off")
            count -= len(rows)
        return np.concatenate(parts) if parts else np.zeros((0, 2))

    def _read_nonblank_lines(self, count: int) -> tuple[list[bytes], list[int] | range, bool]:
        """Return the next ``count`` lines that are not blank and their line numbers.

        The third value is True if the file had that many lines.
        """
        first = self.number + 1
        rows = list(islice(self._handle, count))
        self.number += len(rows)
        if rows and not rows[-1].endswith(b"\n"):
            rows[-1] = self._strip_fill_bytes(rows[-1])
        if len(rows) == count and all(map(bytes.strip, rows)):
            return rows, range(first, first + count), True
        numbers = [n for n, row in enumerate(rows, first) if row.strip()]
        rows = [row for row in rows if row.strip()]
        while len(rows) < count:
            line = self.read_raw_line_or_none()
            if line is None:
                return rows, numbers, False
            rows.append(line)
            numbers.append(self.number)
        return rows, numbers, True

    def _parse_positions(self, rows: list[bytes], line_numbers: Sequence[int], numbers_per_line: int) -> NDArray:
        """Return lines of numbers as positions (n, 2).

        Raise InputError with the line number of an invalid one.
        """
        if not rows:
            return np.zeros((0, 2))
        commas = numbers_per_line - 1
        if self.separator != ",":
            rows = [b",".join(self.split_numbers(row)) for row in rows]
        try:
            if all(row.count(b",") == commas for row in rows):
                text = b",".join(rows)
                positions = np.array(list(map(float, text.split(b",")))).reshape(-1, numbers_per_line)[:, :2]
                if b"_" not in text and (np.abs(positions) <= MAX_COORDINATE).all():
                    return positions
        except ValueError:
            # The loop below finds the invalid line.
            pass
        for row, number in zip(rows, line_numbers, strict=False):
            if not _is_valid_position(row, numbers_per_line):
                self.number = number
                # With as many parts as numbers expected, the line is a position, whatever the number of points.
                key = "vct_position_value" if row.count(b",") == commas else "vct_position"
                raise self.make_error(key, value=shorten_line(row))
        raise self.make_error("vct_position", value="")

    def split_numbers(self, line: bytes) -> list[bytes]:
        """Return the numbers of a line, as bytes between separators."""
        return line.split(self.separator.encode(_VCT_CODEC))

    def make_error(self, key: str, /, **params: Any) -> InputError:
        """Return an InputError about the last line, or about a file that is cut off."""
        number = self.number
        if self.torn_line and key != "vct_cut_between":
            key, params, number = "vct_cut_off", {}, self.torn_line
        return InputError(key, source=self.source, line=number, section=self.section, **params)


def _is_valid_position(row: bytes, numbers_per_line: int, separator: str = ",") -> bool:
    """Return True if a line has exactly ``numbers_per_line`` valid coordinates."""
    parts = row.split(separator.encode(_VCT_CODEC))
    try:
        return (
            len(parts) == numbers_per_line
            and b"_" not in row
            and all(abs(float(part)) <= MAX_COORDINATE for part in parts)
        )
    except ValueError:
        return False


def shorten_line(line: bytes | str) -> str:
    """Return a line for a message: shortened, without control characters."""
    text = line if isinstance(line, str) else line.decode(_VCT_CODEC, errors="replace")
    text = text.strip().translate(dict.fromkeys((*range(32), 127), "·"))
    return text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}…"
