# SPDX-License-Identifier: GPL-2.0-or-later
"""Values compared with what their field is for: codes, names, areas, years. Nothing is changed; each field has one remark
of a kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from .batch import Batch
from .parts import KEY
from .remarks import Remarks
from .settings import load_settings
from .structure import Column, Table

#: The field with the 要素代码 of a row.
_CLASS = "YSDM"
#: What a name's field ends in.
_NAME_ENDING = "MC"
#: What a code may have become, by the remark.
_OF_CODES = {
    "vct_note_full_width": re.compile("[０-９]"),
    "vct_note_number_code": re.compile(r"^(?:\d{3,}\.0+|\d+(?:\.\d+)?[Ee]\+\d+)$", re.M),
}
#: Quotation marks.
_MARKS = "\"'"
_DIGIT, _HAN = re.compile(r"\d"), re.compile("[\u4e00-\u9fff]")
#: Digits of a name that is a code; a name may be a number of fewer.
_CODE_DIGITS = 4
#: Characters of a value in a message.
_SHOWN = 20


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """What a text may be instead of its value, by the remark; each pattern fits a line."""
    settings = load_settings()
    nulls = "|".join(map(re.escape, settings.null_words))
    lost = "|".join(map(re.escape, settings.lost_characters))
    return {
        "vct_note_quoted": re.compile(r"^(?:\".*\"|'.*')$", re.M),
        "vct_note_null": re.compile(f"^(?:{nulls})$", re.M),
        "vct_note_lost": re.compile(rf"{lost}|^[?？]{{2,}}$", re.M),
        "vct_note_entities": re.compile("&#(?:[0-9]+|x[0-9A-Fa-f]+);|&(?:amp|lt|gt|quot|nbsp);"),
    }


class Plausible:
    """The values of one table. `add` takes its rows, `close` says what only the whole table shows."""

    def __init__(self, table: Table, codes: Iterable[str], remarks: Remarks):
        self.table, self.remarks = table, remarks
        self.codes = frozenset(codes)
        self._columns = [(k, c, _Column(c)) for k, c in enumerate(table.columns)]
        places = {c.name.upper(): k for k, c in enumerate(table.columns)}
        pair = [places[name] for name in load_settings().date_pair if name in places]
        self._pair = pair if len(pair) == 2 and all(table.columns[k].type == "date" for k in pair) else []
        self._count, self._apart, self._line = 0, 0, 0
        self._last: list[Any] = []

    def add(self, batch: Batch) -> None:
        if not batch.rows:
            return
        self._line = self._line or batch.lines[0]
        self._count += len(batch.rows)
        self._apart += sum(a != b for a, b in zip([self._last, *batch.rows], batch.rows, strict=False))
        self._last = batch.rows[-1]
        for place, column, seen in self._columns:
            lines = [line for row, line in zip(batch.rows, batch.lines, strict=True) if row[place] is not None]
            values = [row[place] for row in batch.rows if row[place] is not None]
            if not values:
                continue
            if column.type == "text":
                self._texts(column, values, lines)
            elif column.type == "integer" and column.name.upper() in load_settings().year_fields:
                self._years(column, values, lines)
            if column.name.upper() == _CLASS:
                self._classes(column, values, lines)
            seen.add(values, lines)
        if self._pair:
            self._dates(batch)

    def _texts(self, column: Column, values: list[str], lines: list[int]) -> None:
        whole = "\n".join(values)
        patterns = _patterns() | (_OF_CODES if _is_code(column) else {})
        for key, pattern in patterns.items():
            if not pattern.search(whole):
                continue
            wrong = [k for k, value in enumerate(values) if pattern.search(value)]
            # Marks that a program put around texts are around those of many fields.
            group = {} if key == "vct_note_quoted" else {"field": column.name}
            self._add(key, wrong, values, lines, **group)

    def _years(self, column: Column, values: list[int], lines: list[int]) -> None:
        years = load_settings().years
        wrong = [k for k, value in enumerate(values) if value not in years]
        self._add("vct_note_year", wrong, values, lines, field=column.name, declared=f"{years.start}–{years.stop - 1}")

    def _classes(self, column: Column, values: list[Any], lines: list[int]) -> None:
        """Rows under a class that is not one of their table."""
        codes = [str(value).strip().strip(_MARKS) for value in values]
        if self.codes.issuperset(codes) or not self.codes:
            return
        wrong = [k for k, code in enumerate(codes) if code not in self.codes]
        declared = ", ".join(sorted(self.codes))
        self._add("vct_note_class_code", wrong, codes, lines, field=column.name, declared=declared)

    def _dates(self, batch: Batch) -> None:
        first, last = self._pair
        lines = [
            line
            for row, line in zip(batch.rows, batch.lines, strict=True)
            if row[first] is not None and row[last] is not None and _day(row[last]) < _day(row[first])
        ]
        if lines:
            names = {"field": self.table.columns[first].name, "last": self.table.columns[last].name}
            self.remarks.add("vct_note_dates_order", lines[0], None, len(lines), table=self.table.name, **names)

    def _add(self, key: str, wrong: list[int], values: Sequence[Any], lines: list[int], **group: str) -> None:
        if wrong:
            example = _shown(values[wrong[0]])
            self.remarks.add_example(key, lines[wrong[0]], example, len(wrong), table=self.table.name, **group)

    def close(self) -> None:
        settings = load_settings()
        for _, column, seen in self._columns:
            name = column.name.upper()
            if not seen.count:
                if self._count and name in settings.required_fields:
                    self._whole("vct_note_all_empty", column, self._count, self._line)
                continue
            if column.type == "text" and _is_code(column) and seen.all_words:
                self._whole("vct_note_no_code", column, seen.count, seen.line, seen.first)
            elif column.type == "text" and name.endswith(_NAME_ENDING) and seen.all_digits:
                self._whole("vct_note_digits_name", column, seen.count, seen.line, seen.first)
            elif name == KEY and seen.alike and self._apart > 1 and seen.count == self._count:
                self._whole("vct_note_one_key", column, seen.count, seen.line, seen.first)
            elif name in settings.area_fields and seen.negative:
                self._whole("vct_note_area", column, seen.negative, *seen.first_negative)
            elif name in settings.area_fields and seen.zeros == seen.count > 1:
                self._whole("vct_note_area_zero", column, seen.zeros, seen.line)

    def _whole(self, key: str, column: Column, count: int, line: int, value: object = "") -> None:
        self.remarks.add_example(key, line, _shown(value), count, table=self.table.name, field=column.name)


class _Column:
    """What all values of a field have in common, with the first of them and its line."""

    def __init__(self, column: Column):
        self.type = column.type
        self.first: Any = None
        self.line = 0
        self.first_negative: tuple[int, Any] = (0, None)
        self.count = self.negative = self.zeros = 0
        self.alike = True
        self.all_words = self.all_digits = column.type == "text"

    def add(self, values: list[Any], lines: list[int]) -> None:
        if not self.count:
            self.first, self.line = values[0], lines[0]
        self.count += len(values)
        self.alike = self.alike and all(value == self.first for value in values)
        self.all_words = self.all_words and all(_HAN.search(v) and not _DIGIT.search(v) for v in values)
        self.all_digits = self.all_digits and all(v.isdecimal() and len(v) >= _CODE_DIGITS for v in values)
        if self.type in ("real", "integer"):
            self.zeros += sum(value == 0 for value in values)
            below = [k for k, value in enumerate(values) if value < 0]
            if below and not self.negative:
                self.first_negative = lines[below[0]], values[below[0]]
            self.negative += len(below)


def _is_code(column: Column) -> bool:
    return column.name.upper().endswith(tuple(load_settings().code_endings))


def _day(value: Any) -> tuple[int, int, int]:
    """A date may have a time of day."""
    return value.year, value.month, value.day


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
