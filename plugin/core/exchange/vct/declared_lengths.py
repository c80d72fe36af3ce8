# SPDX-License-Identifier: GPL-2.0-or-later
"""Remarks on values of a VCT file that contradict their declaration or each other.

Such values are longer than declared, name a place in a wrong division, repeat a key or a shape, or are codes that lost
a leading zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from ...standard.divisions import COUNTY_LEVEL, find_place_outside_county
from .batch import KEY_FIELD, VctRowBatch
from .location_check import CountyCodes
from .settings import FileRemarks, load_settings
from .structure import VctColumn, VctTable

if TYPE_CHECKING:
    from ...standard.codes import CodeList

#: Rounding error of a double, as a share of the value.
_RELATIVE_ROUNDING = 1e-12
#: From here on a double cannot hold every integer: keys of 18 digits change.
MAX_EXACT_INTEGER = 2.0**53


def compare_with_declared_lengths(batch: VctRowBatch, remarks: FileRemarks) -> None:
    """Add a remark for each field whose values exceed its declaration, and remove times of day from its dates.

    Remarks are on texts that are too long, numbers with too many digits, and dates outside the valid years.
    """
    for column_index, column in enumerate(batch.table.columns):
        values = [row[column_index] for row in batch.row_values]
        if column.type == "text":
            _compare_texts(values, column, batch, remarks)
        elif column.type == "integer":
            _compare_integers(values, column, batch, remarks)
        elif column.type == "real":
            _compare_reals(values, column, batch, remarks)
        else:
            _compare_dates(values, column_index, column, batch, remarks)


def _add_remark(
    key: str, row_positions: list[int], column: VctColumn, batch: VctRowBatch, remarks: FileRemarks, declaration: str
) -> None:
    """Add one remark on the rows of a batch (``row_positions``) whose value in a column contradicts its declaration."""
    line = batch.line_numbers[row_positions[0]]
    remarks.add_remark(
        key, line, None, len(row_positions), layer=batch.table.name, field=column.name, declared=declaration
    )


def _compare_texts(values: list[Any], column: VctColumn, batch: VctRowBatch, remarks: FileRemarks) -> None:
    """Add a remark on the texts of a column that are longer than declared."""
    declared_length = column.length
    if column.is_unlimited or not declared_length or max(map(len, filter(None, values)), default=0) <= declared_length:
        return
    places = [k for k, value in enumerate(values) if value is not None and len(value) > declared_length]
    _add_remark("vct_note_too_long", places, column, batch, remarks, f"Char,{declared_length}")


def _compare_integers(values: list[Any], column: VctColumn, batch: VctRowBatch, remarks: FileRemarks) -> None:
    """Add a remark on the integers of a column that exceed the declared digits or bytes."""
    if column.integer_size_bytes:
        largest_integer, declaration = 2 ** (8 * column.integer_size_bytes - 1) - 1, f"Int{column.integer_size_bytes}"
        smallest_integer = -largest_integer - 1
    elif 0 < column.length < 19:
        # The sign may count as a digit or not.
        largest_integer, declaration = 10**column.length - 1, f"Int,{column.length}"
        smallest_integer = -largest_integer
    else:
        return
    integers = [value for value in values if value is not None]
    if integers and not smallest_integer <= min(integers) <= max(integers) <= largest_integer:
        places = [
            k
            for k, value in enumerate(values)
            if value is not None and not smallest_integer <= value <= largest_integer
        ]
        _add_remark("vct_note_too_long", places, column, batch, remarks, declaration)


def _compare_reals(values: list[Any], column: VctColumn, batch: VctRowBatch, remarks: FileRemarks) -> None:
    """Add remarks on real numbers with more digits or decimals than declared, or than a double stores."""
    numbers = np.abs(np.array([0.0 if value is None else value for value in values]))
    if (inexact := np.flatnonzero(numbers >= MAX_EXACT_INTEGER)).size:
        _add_remark("vct_note_digits", inexact.tolist(), column, batch, remarks, f"Float,{column.length}")
    if not 0 < column.length <= 300:
        return
    decimals = column.decimals
    too_long = numbers >= 10.0 ** max(column.length - (decimals + 1 if decimals else 0), 1)
    declaration = f"Float,{column.length},{decimals}"
    if too_long.any():
        _add_remark("vct_note_too_long", np.flatnonzero(too_long).tolist(), column, batch, remarks, declaration)
    too_precise = ~too_long & (
        np.abs(numbers - np.round(numbers, min(decimals, 15))) > _RELATIVE_ROUNDING * np.maximum(1.0, numbers)
    )
    if too_precise.any():
        _add_remark("vct_note_finer", np.flatnonzero(too_precise).tolist(), column, batch, remarks, declaration)


def _compare_dates(
    values: list[Any], column_index: int, column: VctColumn, batch: VctRowBatch, remarks: FileRemarks
) -> None:
    """Add remarks on the dates of a column outside the valid years or with a time of day.

    Remove the times in the batch.
    """
    years = load_settings().valid_years
    value_years = [value.year for value in values if value is not None]
    if value_years and not (min(value_years) in years and max(value_years) in years):
        places = [k for k, value in enumerate(values) if value is not None and value.year not in years]
        _add_remark("vct_note_date", places, column, batch, remarks, f"{years.start}–{years.stop - 1}")
    places = [k for k, value in enumerate(values) if isinstance(value, datetime)]
    if places:
        for k in places:
            batch.row_values[k][column_index] = values[k].date()
        _add_remark("vct_note_time", places, column, batch, remarks, "Date")


#: Number of digits of a county's code.
_COUNTY_DIGITS = 6


@dataclass
class _DivisionShapes:
    """Names and shapes (WKB) of the rows in one table of administrative divisions."""

    division_names: list[str] = field(default_factory=list)
    shapes: list[bytes] = field(default_factory=list)


class PlaceNameCheck:
    """Check whether the places named in all tables are in the division that their name states.

    `collect_names` collects divisions, annotation texts and name fields; `report_wrong_divisions` adds the remarks.
    """

    def __init__(self) -> None:
        settings = load_settings()
        self._tables = {name.upper() for name in settings.division_tables}
        self._name, self._fields_by_name = settings.division_name, {name.upper() for name in settings.place_names}
        self._code_fields = [name.upper() for name in reversed(settings.county_fields)]
        self._divisions: dict[str, _DivisionShapes] = {}
        #: Table, text, point (WKB) and line of each annotation.
        self._labels: list[tuple[str, str, bytes, int]] = []
        #: Table, field, name and the county's code in the row → line of the first row, rows.
        self._places: dict[tuple[str, str, str, str], list[int]] = {}

    def collect_names(self, batch: VctRowBatch) -> None:
        """Collect the division names, annotation texts and name fields of a batch."""
        columns = {column.name.upper(): k for k, column in enumerate(batch.table.columns)}
        name = batch.table.name.upper()
        if name in self._tables and batch.table.shape_kind == "polygon" and self._name in columns:
            self._add_divisions(name, columns[self._name], batch)
        if batch.table.shape_kind == "annotation":
            for (text, _), shape, line in zip(batch.annotation_texts, batch.shapes, batch.line_numbers, strict=True):
                if text.strip() and shape is not None:
                    self._labels.append((batch.table.name, text.strip(), shape, line))
        for name_field in self._fields_by_name & columns.keys():
            self._collect_place_names(name_field, columns, batch)

    def _add_divisions(self, table: str, column_index: int, batch: VctRowBatch) -> None:
        """Collect the names and shapes of the divisions in a batch.

        ``column_index`` is the column of names.
        """
        divisions = self._divisions.setdefault(table, _DivisionShapes())
        for row, shape in zip(batch.row_values, batch.shapes, strict=True):
            if row[column_index] and shape is not None:
                divisions.division_names.append(str(row[column_index]).strip())
                divisions.shapes.append(shape)

    def _collect_place_names(self, field_name: str, columns: dict[str, int], batch: VctRowBatch) -> None:
        """Collect the values of a name field in a batch, with the county code of each row.

        ``columns``: field name → column index.
        """
        code_at = [columns[name] for name in self._code_fields if name in columns]
        for row, line in zip(batch.row_values, batch.line_numbers, strict=True):
            if row[columns[field_name]]:
                code = next((str(row[k])[:_COUNTY_DIGITS] for k in code_at if row[k]), "")
                key = (
                    batch.table.name,
                    batch.table.columns[columns[field_name]].name,
                    str(row[columns[field_name]]),
                    code,
                )
                self._places.setdefault(key, [line, 0])[1] += 1

    def report_wrong_divisions(self, counties: CountyCodes, remarks: FileRemarks) -> None:
        """Add remarks on annotation texts and place names in a wrong division."""
        for table, divisions in self._divisions.items():
            self._report_labels(table, divisions, remarks)
        self._report_places(counties.find_most_frequent_code()[0], remarks)

    def _report_labels(self, table: str, divisions: _DivisionShapes, remarks: FileRemarks) -> None:
        """Add remarks on annotation texts that name one division of ``table`` but lie in another."""
        division_names = set(divisions.division_names)
        labels = [label for label in self._labels if label[1] in division_names]
        if not labels:
            return
        points = shapely.from_wkb(np.array([shape for _, _, shape, _ in labels], dtype=object))
        tree = shapely.STRtree(shapely.from_wkb(np.array(divisions.shapes, dtype=object)))
        inside: dict[int, set[str]] = {}
        for label, division in zip(*tree.query(points, predicate="intersects").tolist(), strict=True):
            inside.setdefault(label, set()).add(divisions.division_names[division])
        for n, enclosing_divisions in sorted(inside.items()):
            layer, text, _, line = labels[n]
            if text not in enclosing_divisions:
                params = {"table": layer, "divisions": table}
                remarks.add_example("vct_note_label_place", line, f"{text} → {min(enclosing_divisions)}", 1, **params)

    def _report_places(self, county: str, remarks: FileRemarks) -> None:
        """Add remarks on place names that begin with the name of another county or city.

        A place belongs to the county of its row's code; ``county`` is the code for rows without one.
        """
        settings = load_settings()
        code_by_county_name, upper_names = _load_county_and_upper_names(settings.shortest_county_name)
        longest, below_county_words = max(map(len, code_by_county_name), default=0), tuple(settings.below_county_words)
        divisions = _load_divisions()
        for (table, name_field, value, row_code), (line, count) in self._places.items():
            code = row_code or county
            place_name = _strip_upper_names(value, upper_names)
            other = next(
                (
                    n
                    for n in _iterate_prefixes(place_name, longest)
                    if n in code_by_county_name and not place_name[len(n) :].startswith(below_county_words)
                ),
                "",
            )
            if other and (
                code not in code_by_county_name.values()
                or code in (c for n, c in code_by_county_name.items() if n == other)
            ):
                continue
            other = other or (find_place_outside_county(value, code, divisions) if divisions is not None else "")
            if other:
                params = {"table": table, "field": name_field, "other": other, "code": code}
                remarks.add_example("vct_note_foreign_place", line, value, count, **params)


def _iterate_prefixes(text: str, max_length: int) -> Iterable[str]:
    """Yield the prefixes of a text from the longest (``max_length`` characters) to the shortest."""
    return (text[:n] for n in range(min(len(text), max_length), 0, -1))


def _strip_upper_names(text: str, upper_names: list[str]) -> str:
    """Return a text without the names of province and city (``upper_names``) at its start."""
    for name in upper_names:
        text = text.removeprefix(name)
    return text


def _load_county_and_upper_names(min_length: int) -> tuple[dict[str, str], list[str]]:
    """Return county name → code, and the names of all provinces and cities.

    County names shorter than ``min_length`` characters are omitted.
    """
    divisions = _load_divisions()
    codes = list(divisions.entry_by_code.values()) if divisions is not None else []
    code_by_county_name = {c.name: c.code for c in codes if c.level == COUNTY_LEVEL and len(c.name) >= min_length}
    return code_by_county_name, [c.name for c in sorted(codes, key=lambda c: c.level) if c.level < COUNTY_LEVEL]


def _load_divisions() -> CodeList | None:
    """Return the code list of administrative divisions; None if the standard has none."""
    from ...standard import load_standard

    return load_standard("county_db").code_lists.get("divisions")


#: Kind of table → remark on equal geometries: one feature drawn twice, or points at one place.
_DUPLICATE_REMARKS = {
    "polygon": "vct_note_shape_twice",
    "line": "vct_note_shape_twice",
    "point": "vct_note_place_twice",
}


class DuplicateCheck:
    """Search for keys (BSM) and shapes that occur twice in one table.

    ``are_parts_merged``: the parts of multipart features were merged before. Otherwise successive rows with equal
    values may be parts of one feature, and their key does not count as repeated.
    """

    def __init__(self, table: VctTable, remarks: FileRemarks, are_parts_merged: bool):
        self.table, self.remarks = table, remarks
        field_names = [column.name.upper() for column in table.columns]
        self._key = field_names.index(KEY_FIELD) if KEY_FIELD in field_names else None
        #: Rows of a table without shapes have no parts; points of one feature are not merged.
        self._may_have_parts = table.shape_kind == "point" or (bool(table.shape_kind) and not are_parts_merged)
        self._keys: dict[str, int] = {}
        self._shapes: dict[int, int] = {}
        self._last_row: list[Any] = []
        self._repeated: list[tuple[str, int]] = []

    def check_batch(self, batch: VctRowBatch) -> None:
        """Collect the keys of a batch, and add remarks on repeated shapes."""
        for row, shape, line in zip(batch.row_values, batch.shapes, batch.line_numbers, strict=True):
            if self.table.shape_kind in _DUPLICATE_REMARKS and shape is not None:
                earlier_line = self._shapes.setdefault(hash(shape), line)
                if earlier_line != line:
                    remark_key = _DUPLICATE_REMARKS[self.table.shape_kind]
                    self.remarks.add_example(remark_key, line, str(earlier_line), 1, table=self.table.name)
            if self._key is not None and row[self._key] is not None:
                value = str(row[self._key])
                is_part = self._may_have_parts and row == self._last_row
                if self._keys.setdefault(value, line) != line and not is_part:
                    self._repeated.append((value, line))
            self._last_row = row

    def report_repeated_keys(self) -> None:
        """Add a remark on the keys that occur in several rows of the table."""
        if not self._repeated or len(self._keys) == 1:
            # Another remark reports one key in all rows.
            return
        value, line = self._repeated[0]
        field = self.table.columns[self._key or 0].name
        self.remarks.add_example(
            "vct_note_key_twice", line, value, len(self._repeated), table=self.table.name, field=field
        )


class _CodeUse(NamedTuple):
    """Use of one code in one table: line of the first row, number of rows."""

    table_name: str
    first_line_number: int
    row_count: int


#: Codes in a remark.
_MAX_LISTED_CODES = 8


class LeadingZeroCheck:
    """Search for codes that lost their leading zero, probably in a spreadsheet.

    An example is the code 103 in a field that has the code 0103 in any table.
    """

    def __init__(self) -> None:
        self._fields_by_name: dict[str, dict[str, list[_CodeUse]]] = {}

    def collect_codes(self, batch: VctRowBatch) -> None:
        """Collect the codes in a batch of rows."""
        endings = tuple(load_settings().code_endings)
        for place, column in enumerate(batch.table.columns):
            name = column.name.upper()
            if column.type != "text" or not name.endswith(endings):
                continue
            line_and_count_by_code: dict[str, list[int]] = {}
            for row, line in zip(batch.row_values, batch.line_numbers, strict=True):
                if row[place]:
                    line_and_count_by_code.setdefault(row[place].strip(), [line, 0])[1] += 1
            uses_by_code = self._fields_by_name.setdefault(name, {})
            for value, (line, count) in line_and_count_by_code.items():
                uses_by_code.setdefault(value, []).append(_CodeUse(batch.table.name, line, count))

    def report_leading_zeros(self, remarks: FileRemarks) -> None:
        """Add a remark for each field of a table with codes that also occur with a leading zero."""
        for name, codes in self._fields_by_name.items():
            uses_by_table: dict[str, list[tuple[str, _CodeUse]]] = {}
            for value, places in codes.items():
                if f"0{value}" in codes:
                    for place in places:
                        uses_by_table.setdefault(place.table_name, []).append((value, place))
            for table_name, uses in uses_by_table.items():
                values = [value for value, _ in uses]
                more = " …" if len(values) > _MAX_LISTED_CODES else ""
                remarks.add_example(
                    "vct_note_zero_lost",
                    min(place.first_line_number for _, place in uses),
                    f"{', '.join(values[:_MAX_LISTED_CODES])}{more}",
                    sum(place.row_count for _, place in uses),
                    table=table_name,
                    field=name,
                    codes=len(values),
                )
