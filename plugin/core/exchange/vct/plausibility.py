# SPDX-License-Identifier: GPL-2.0-or-later
"""Search a VCT file for implausible values: codes, names, areas, years.

Values are not changed. Each field has at most one remark of each kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.crs import make_lonlat_transformer
from ...geometry.statutory_area import measure_statutory_area
from ...profile.model import compute_division_prefix
from .batch import KEY_FIELD, VctRowBatch
from .declared_lengths import MAX_EXACT_INTEGER
from .settings import VCT_SEPARATOR, FileRemarks, load_settings
from .structure import NUMBER_TYPES, VctColumn, VctTable
from .text_patterns import BLANK_ENDS_PATTERN, UNSEEN_PATTERN_BY_NOTE, shorten_value

if TYPE_CHECKING:
    from pyproj import CRS

#: Rows from which their common ratio of area value to shape is known.
_MIN_EXACT_ROWS = 5
#: The field with the 要素代码 of a row.
_CLASS_FIELD = "YSDM"
#: Ending of fields with names.
_NAME_ENDING = "MC"
#: Endings of the field with the code of a name (ZLDWMC: ZLDWDM, DLMC: DLBM).
_CODE_ENDINGS = ("DM", "BM")
#: The field whose first six digits are the county's code.
_COUNTY_FIELD = "XZQDM"
#: The field with the village of a parcel: parcel numbers are unique within a village only.
_VILLAGE_FIELD = "ZLDWDM"
#: Damaged codes, by remark.
_WRONG_CODE_PATTERN_BY_NOTE = {
    "vct_note_full_width": re.compile("[０-９]"),
    "vct_note_number_code": re.compile(r"^(?:\d{3,}\.0+|\d+(?:\.\d+)?[Ee]\+\d+)$", re.M),
}
#: A code of digits with a letter among them.
_LETTER_IN_CODE_PATTERN_BY_NOTE = {
    "vct_note_code_letters": re.compile(r"^(?=\d*[A-Za-z])(?=[A-Za-z]*\d)[0-9A-Za-z]+$", re.M)
}
#: Quotation marks.
_QUOTATION_MARKS = "\"'"
#: Chinese words in a field of codes; there are also codes of letters (LS, XG).
_WORD_PATTERN_BY_NOTE = {"vct_note_no_code": re.compile(r"^[^\d\n]*[\u4e00-\u9fff][^\d\n]*$", re.M)}
#: A code in a field of names; a name may be a number of fewer digits.
_CODE_PATTERN_BY_NOTE = {"vct_note_digits_name": re.compile(r"^\d{4,}$", re.M)}
#: Remarks that list the first rows.
_NOTES_WITH_LINES = ("vct_note_no_code", "vct_note_digits_name")
#: Number of fields in a remark.
_MAX_NAMED_FIELDS = 8


@cache
def _load_placeholder_patterns() -> dict[str, re.Pattern[str]]:
    """Return text key of a remark → pattern of a text in place of a missing value, such as “null”.

    Each pattern is for one line of text.
    """
    settings = load_settings()
    nulls = "|".join(map(re.escape, settings.null_words))
    lost_character_pattern = "|".join(map(re.escape, settings.lost_characters))
    return {
        # Quotation marks around a text, or at one of its ends.
        "vct_note_quoted": re.compile(r"^(?:\".*\"|'.*'|[\"'][^\"'\n]*|[^\"'\n]*[\"'])$", re.M),
        "vct_note_null": re.compile(f"^(?:{nulls})$", re.M),
        "vct_note_lost": re.compile(rf"{lost_character_pattern}|^[?？]{{2,}}$", re.M),
        "vct_note_entities": re.compile("&#(?:[0-9]+|x[0-9A-Fa-f]+);|&(?:amp|lt|gt|quot|nbsp);"),
        **UNSEEN_PATTERN_BY_NOTE,
    }


@cache
def _load_name_patterns() -> dict[str, re.Pattern[str]]:
    """Return text key of a remark → pattern of names with characters that other layers write otherwise.

    Such are traditional characters.
    """
    return {"vct_note_traditional": re.compile("[" + "".join(load_settings().traditional_characters) + "]")}


class PlausibilityCheck:
    """Search one table for implausible values.

    `check_batch` takes the rows in batches; `report_column_problems` adds remarks on whole columns.
    """

    def __init__(self, table: VctTable, codes: Iterable[str], crs: CRS | None, remarks: FileRemarks):
        """Prepare the search. ``crs``: CRS of the shapes, None if they are in degrees and cannot be measured."""
        self.table, self.remarks, self.crs = table, remarks, crs
        self.codes = frozenset(codes)
        self._columns = [(k, c, _ColumnSummary(c)) for k, c in enumerate(table.columns)]
        places = {c.name.upper(): k for k, c in enumerate(table.columns)}
        pair = [places[name] for name in load_settings().date_pair if name in places]
        self._key_and_county_columns = [places[name] for name in (KEY_FIELD, _COUNTY_FIELD) if name in places]
        self._key_and_county_columns = self._key_and_county_columns if len(self._key_and_county_columns) == 2 else []
        self._village = places.get(_VILLAGE_FIELD, -1)
        self._villages: set[Any] = set()
        self._date_columns = pair if len(pair) == 2 and all(table.columns[k].type == "date" for k in pair) else []
        self._count, self._different_rows, self._line = 0, 0, 0
        self._last_row: list[Any] = []
        #: Values with blanks at their ends, in fields of codes and in others.
        self._blanks = {True: _FieldsWithOuterBlanks(), False: _FieldsWithOuterBlanks()}

    def check_batch(self, batch: VctRowBatch) -> None:
        """Check the values of a batch, and collect the properties of its columns."""
        if not batch.row_values:
            return
        self._line = self._line or batch.line_numbers[0]
        self._count += len(batch.row_values)
        self._different_rows += sum(
            a != b for a, b in zip([self._last_row, *batch.row_values], batch.row_values, strict=False)
        )
        self._last_row = batch.row_values[-1]
        if self._village >= 0:
            self._villages.update(row[self._village] for row in batch.row_values)
        for place, column, summary in self._columns:
            lines = [
                line for row, line in zip(batch.row_values, batch.line_numbers, strict=True) if row[place] is not None
            ]
            values = [row[place] for row in batch.row_values if row[place] is not None]
            if values:
                self._check_column_values(column, summary, values, lines)
                self._compare_measures_with_shapes(place, column, summary, batch)
        if self._date_columns:
            self._check_date_order(batch)
        if self._key_and_county_columns:
            self._compare_keys_with_county_codes(batch)

    def _check_column_values(
        self, column: VctColumn, summary: _ColumnSummary, values: list[Any], line_numbers: list[int]
    ) -> None:
        """Check the values of a column that suit its type and name, and add the values to its summary."""
        name = column.name.upper()
        if column.type == "text":
            self._check_texts_for_patterns(column, values, line_numbers)
        elif column.type == "integer" and name in load_settings().year_fields:
            self._check_years(column, values, line_numbers)
        if name == _COUNTY_FIELD and column.type == "text":
            summary.count_code_lengths(values, line_numbers)
        if name == _CLASS_FIELD:
            self._check_feature_class_codes(column, values, line_numbers)
        summary.add_values(values, line_numbers)

    def _compare_measures_with_shapes(
        self, column_index: int, column: VctColumn, summary: _ColumnSummary, batch: VctRowBatch
    ) -> None:
        """Compare a column of areas or lengths with the shapes of its rows; nothing for other columns."""
        name = column.name.upper()
        if column.type not in NUMBER_TYPES or self.crs is None:
            return
        if name in load_settings().area_fields and self.table.shape_kind == "polygon":
            self._compare_areas(column_index, summary, batch)
        if name in load_settings().length_fields and self.table.shape_kind == "line":
            self._compare_lengths(column_index, batch)

    def _compare_areas(self, column_index: int, summary: _ColumnSummary, batch: VctRowBatch) -> None:
        """Add the ratio of area value to area of the shape to the summary, for each row of a batch.

        Rows whose feature has several parts are skipped.
        """
        rows, values, shapes = _find_measured_rows(column_index, batch)
        shape_areas = shapely.area(shapes)
        rows_with_area = np.flatnonzero(shape_areas > 0)
        ratios, areas = values[rows_with_area] / shape_areas[rows_with_area], shape_areas[rows_with_area]
        summary.ratios.append(ratios)
        if self.crs is not None:
            # Not the scale at a centre: it ignores that edges of some km have another area in degrees.
            statutory_areas = measure_statutory_area(shapes[rows_with_area], make_lonlat_transformer(self.crs))
            summary.scales.append(areas / np.where(statutory_areas > 0, statutory_areas, areas))
        # Skip the area of an invalid shape; another remark reports the shape.
        deviating = np.flatnonzero(np.abs(ratios - 1) > load_settings().area_row_differs / 2)
        areas[deviating[~shapely.is_valid(shapes[rows_with_area[deviating]])]] = np.nan
        summary.drawn.append(areas)
        summary.lines.append(np.array([batch.line_numbers[rows[k]] for k in rows_with_area.tolist()], dtype=np.int64))
        differing_rows = rows_with_area[
            np.abs(values[rows_with_area] / shape_areas[rows_with_area] - 1) > load_settings().area_differs
        ]
        if len(differing_rows) and not summary.first_other[0]:
            k = int(differing_rows[0])
            summary.first_other = batch.line_numbers[rows[k]], float(values[k]), float(shape_areas[k])

    def _compare_lengths(self, column_index: int, batch: VctRowBatch) -> None:
        """Add a remark on rows whose length value differs from the length of their shape (m).

        Rows whose feature has several parts are skipped.
        """
        rows, values, shapes = _find_measured_rows(column_index, batch)
        shape_lengths = shapely.length(shapes)
        differing_rows = np.flatnonzero(np.abs(shape_lengths - values) > load_settings().length_differs * values)
        if len(differing_rows):
            first, column = int(differing_rows[0]), self.table.columns[column_index]
            drawn_m = f"{shape_lengths[first]:.2f}"
            line = batch.line_numbers[rows[first]]
            self._add_column_remark(
                "vct_note_length_differs", column, len(differing_rows), line, values[first], drawn=drawn_m
            )

    def _compare_keys_with_county_codes(self, batch: VctRowBatch) -> None:
        """Add a remark on rows whose key begins with the code of another county.

        A key may begin with the code of the city (140200).
        """
        key, place = self._key_and_county_columns
        foreign_rows = []
        for k, row in enumerate(batch.row_values):
            named_code, keyed = str(row[place] or "").strip()[:6], str(row[key] or "").strip()[:6]
            if (
                len(named_code) == len(keyed) == 6
                and named_code.isdecimal()
                and keyed.isdecimal()
                and not _are_division_codes_nested(named_code, keyed)
            ):
                foreign_rows.append(k)
        field = self.table.columns[place].name
        self._add_remark(
            "vct_note_other_county",
            foreign_rows,
            [row[place] for row in batch.row_values],
            batch.line_numbers,
            field=field,
        )

    def _check_texts_for_patterns(self, column: VctColumn, values: list[str], line_numbers: list[int]) -> None:
        # One search of all values, one on each line, is faster than one search of each value.
        """Add remarks on implausible texts of a column, such as placeholders and codes with letters."""
        joined_values = "\n".join(values)
        patterns = _load_placeholder_patterns() | (_WRONG_CODE_PATTERN_BY_NOTE if _is_code_column(column) else {})
        patterns |= _WORD_PATTERN_BY_NOTE if _is_code_column(column) else {}
        is_name_column = column.name.upper().endswith(_NAME_ENDING)
        patterns |= _load_name_patterns() | _CODE_PATTERN_BY_NOTE if is_name_column else {}
        patterns |= _LETTER_IN_CODE_PATTERN_BY_NOTE if column.name.upper() in load_settings().digit_fields else {}
        for key, pattern in patterns.items():
            if not pattern.search(joined_values):
                continue
            matching_rows = [k for k, value in enumerate(values) if pattern.search(value)]
            if key == "vct_note_no_code":
                # Words for a missing value and lost characters have remarks of their kind.
                placeholders = _load_placeholder_patterns().values()
                matching_rows = [k for k in matching_rows if not any(p.search(values[k]) for p in placeholders)]
            # Quotation marks around texts usually affect many fields.
            group = {} if key == "vct_note_quoted" else {"field": column.name}
            self._add_remark(key, matching_rows, values, line_numbers, **group)
        if BLANK_ENDS_PATTERN.search(joined_values):
            blank_rows = [k for k, value in enumerate(values) if BLANK_ENDS_PATTERN.search(value)]
            is_code = _is_code_column(column) or column.name.upper() in load_settings().digit_fields
            self._blanks[is_code].add_values(column.name, blank_rows, values, line_numbers)

    def _check_years(self, column: VctColumn, values: list[int], line_numbers: list[int]) -> None:
        """Add a remark on years of data outside the valid range."""
        years = load_settings().valid_data_years
        implausible_rows = [k for k, value in enumerate(values) if value not in years]
        self._add_remark(
            "vct_note_year",
            implausible_rows,
            values,
            line_numbers,
            field=column.name,
            declared=f"{years.start}–{years.stop - 1}",
        )

    def _check_feature_class_codes(self, column: VctColumn, values: list[Any], line_numbers: list[int]) -> None:
        """Add a remark on rows with a feature class code of another table."""
        codes = [str(value).strip().strip(_QUOTATION_MARKS) for value in values]
        if self.codes.issuperset(codes) or not self.codes:
            return
        foreign_rows = [k for k, code in enumerate(codes) if code not in self.codes]
        declared_codes = ", ".join(sorted(self.codes))
        self._add_remark(
            "vct_note_class_code", foreign_rows, codes, line_numbers, field=column.name, declared=declared_codes
        )

    def _check_date_order(self, batch: VctRowBatch) -> None:
        """Add a remark on rows in which the last of two dates is before the first."""
        first, last = self._date_columns
        lines = [
            line
            for row, line in zip(batch.row_values, batch.line_numbers, strict=True)
            if row[first] is not None and row[last] is not None and _parse_day(row[last]) < _parse_day(row[first])
        ]
        if lines:
            field_params = {"field": self.table.columns[first].name, "last": self.table.columns[last].name}
            self.remarks.add_remark(
                "vct_note_dates_order", lines[0], None, len(lines), table=self.table.name, **field_params
            )

    def _add_remark(
        self, key: str, faulty_rows: list[int], values: Sequence[Any], line_numbers: list[int], **group: str
    ) -> None:
        """Add a remark on rows of a batch, if any.

        ``faulty_rows`` are their positions in ``values`` and ``line_numbers``.
        """
        if faulty_rows:
            example = shorten_value(values[faulty_rows[0]])
            if key in _NOTES_WITH_LINES:
                self.remarks.add_lines(
                    key, [line_numbers[k] for k in faulty_rows], example, table=self.table.name, **group
                )
                return
            self.remarks.add_example(
                key, line_numbers[faulty_rows[0]], example, len(faulty_rows), table=self.table.name, **group
            )

    def report_column_problems(self) -> None:
        """Add remarks on problems of whole columns, and on blanks at the ends of values."""
        settings = load_settings()
        for is_code, blanks in self._blanks.items():
            if blanks.count:
                key = "vct_note_code_blanks" if is_code else "vct_note_blanks"
                names = blanks.format_fields()
                self.remarks.add_example(
                    key, blanks.line, blanks.example, blanks.count, table=self.table.name, fields=names
                )
        value_count_by_field = {column.name.upper(): summary.count for _, column, summary in self._columns}
        for _, column, summary in self._columns:
            name = column.name.upper()
            if summary.count:
                self._report_column(column, summary)
                codes = [
                    code
                    for ending in _CODE_ENDINGS
                    if (code := _replace_name_ending(name, ending)) in value_count_by_field
                ]
                if name.endswith(_NAME_ENDING) and codes and not any(value_count_by_field[code] for code in codes):
                    self._add_column_remark(
                        "vct_note_name_only", column, summary.count, summary.line, summary.first, code=codes[0]
                    )
                if name in settings.area_fields and summary.zeros == summary.count > 1:
                    self._add_column_remark("vct_note_area_zero", column, summary.zeros, summary.line)
            elif self._count and name in settings.required_fields:
                self._add_column_remark("vct_note_all_empty", column, self._count, self._line)

    def _report_column(self, column: VctColumn, summary: _ColumnSummary) -> None:
        """Add a remark on the first problem that concerns all values of a column."""
        settings, name = load_settings(), column.name.upper()
        if name in (*settings.area_fields, *settings.length_fields) and column.type not in NUMBER_TYPES:
            declaration = column.format_declaration().partition(VCT_SEPARATOR)[2]
            self._add_column_remark(
                "vct_note_no_number", column, summary.count, summary.line, summary.first, declared=declaration
            )
        elif len(summary.levels) > 1:
            rare = min(summary.levels, key=lambda digits: (summary.levels[digits][0], -summary.levels[digits][1]))
            usual_code_length = max(summary.levels, key=lambda digits: summary.levels[digits][0])
            self._add_column_remark(
                "vct_note_division_levels", column, *summary.levels[rare], digits=str(usual_code_length)
            )
        elif name == KEY_FIELD and summary.are_all_alike and self._different_rows > 1 and summary.count == self._count:
            self._add_column_remark("vct_note_one_key", column, summary.count, summary.line, summary.first)
        elif name in settings.number_fields and self._has_one_number_everywhere(summary):
            self._add_column_remark("vct_note_one_number", column, summary.count, summary.line, summary.first)
        elif name in settings.area_fields and summary.negative:
            self._add_column_remark("vct_note_area", column, summary.negative, *summary.first_negative)
        elif name in settings.area_fields and summary.ratios:
            self._report_areas(column, summary)

    def _has_one_number_everywhere(self, summary: _ColumnSummary) -> bool:
        """Return True if all rows have the same number although they should differ.

        They should differ if several rows belong to one village, or if the table lacks a village field.
        """
        is_variation_expected = self._village < 0 or len(self._villages) < self._count
        return (
            summary.are_all_alike
            and is_variation_expected
            and self._different_rows > 1
            and summary.count == self._count
        )

    def _report_areas(self, column: VctColumn, summary: _ColumnSummary) -> None:
        """Add a remark if most area values of a column differ from the areas of their shapes."""
        settings = load_settings()
        ratios = np.concatenate(summary.ratios)
        if not len(ratios):
            return
        other = int((np.abs(ratios - 1) > settings.area_differs).sum())
        if other < 2 or other <= settings.area_rows_differ * len(ratios):
            self._report_single_areas(column, summary, ratios)
            return
        line, value, shape_area = summary.first_other
        for size in settings.area_units:
            fits = int((np.abs(ratios * size - 1) <= settings.area_differs).sum())
            if fits > settings.area_rows_differ * len(ratios):
                self._add_column_remark("vct_note_area_unit", column, fits, line, value, factor=f"{size:g}")
                return
        self._add_column_remark("vct_note_area_differs", column, other, line, value, drawn=f"{shape_area:.2f}")

    def _report_single_areas(self, column: VctColumn, summary: _ColumnSummary, ratios: NDArray) -> None:
        """Add a remark on rows whose area deviates from the column's usual ratio.

        The ratio is area value ÷ area of the shape, in the plane or on the ellipsoid. If nearly all rows fit one of the
        two exactly, a small deviation of a row is reported.
        """
        settings = load_settings()
        shape_areas, limit = np.concatenate(summary.drawn), settings.area_row_differs
        usual_ratio = float(np.median(ratios))
        deviation = np.abs(ratios - usual_ratio)
        for fitted in (ratios * np.concatenate(summary.scales), ratios):
            from_usual = np.abs(fitted - np.median(fitted))
            fits = from_usual <= settings.area_row_differs_exactly
            if len(fits) >= _MIN_EXACT_ROWS and fits.mean() >= settings.area_rows_fit:
                deviation, limit = from_usual, settings.area_row_differs_exactly
                break
        # Numbers beyond a double's integers have a separate remark (`declared_lengths`).
        is_ratio_deviating = (deviation > limit) & (ratios * shape_areas < MAX_EXACT_INTEGER)
        deviating_rows = np.flatnonzero(is_ratio_deviating & (deviation * shape_areas > settings.area_row_differs_m2))
        if len(deviating_rows) and abs(usual_ratio - 1) <= settings.area_row_differs:
            k = int(deviating_rows[0])
            line = int(np.concatenate(summary.lines)[k])
            value, area_params = f"{ratios[k] * shape_areas[k]:.2f}", {"drawn": f"{shape_areas[k]:.2f}"}
            self._add_column_remark("vct_note_area_rows", column, len(deviating_rows), line, value, **area_params)

    def _add_column_remark(
        self, key: str, column: VctColumn, count: int, line: int, value: object = "", **other_params: str
    ) -> None:
        """Add a remark on ``count`` values of a whole column.

        ``line`` and ``value`` are those of the first one.
        """
        self.remarks.add_example(
            key, line, shorten_value(value), count, table=self.table.name, field=column.name, **other_params
        )


class _FieldsWithOuterBlanks:
    """Fields of a table with values that begin or end with blanks, the number of such values, and the first one."""

    def __init__(self) -> None:
        self.fields: list[str] = []
        self.count, self.line, self.example = 0, 0, ""

    def add_values(self, field: str, rows: list[int], values: list[str], line_numbers: list[int]) -> None:
        """Add the values of a field at positions ``rows``, which begin or end with blanks."""
        if field not in self.fields:
            self.fields.append(field)
        if not self.count or line_numbers[rows[0]] < self.line:
            self.line, self.example = line_numbers[rows[0]], shorten_value(values[rows[0]])
        self.count += len(rows)

    def format_fields(self) -> str:
        """Return the first names of the fields as text, with “…” if there are more."""
        more = " …" if len(self.fields) > _MAX_NAMED_FIELDS else ""
        return f"{', '.join(self.fields[:_MAX_NAMED_FIELDS])}{more}"


class _ColumnSummary:
    """Properties of all values of a column: their number, zeros, negative numbers, and whether all are equal."""

    def __init__(self, column: VctColumn):
        self.type = column.type
        self.first: Any = None
        self.line = 0
        self.first_negative: tuple[int, Any] = (0, None)
        self.count = self.negative = self.zeros = 0
        self.are_all_alike = True
        #: Areas as shares of those of their shapes; line, value and shape's area of the first deviation.
        self.ratios: list[NDArray] = []
        #: Area in the plane as share of that on the ellipsoid, at each of those shapes.
        self.scales: list[NDArray] = []
        #: The areas of those shapes in the plane (NaN for an invalid one), and the lines of the rows.
        self.drawn: list[NDArray] = []
        self.lines: list[NDArray] = []
        self.first_other = 0, 0.0, 0.0
        #: Number of digits of a division code → number of rows, line of the first row, its code.
        self.levels: dict[int, tuple[int, int, str]] = {}

    def add_values(self, values: list[Any], line_numbers: list[int]) -> None:
        """Add the values of a batch that are not missing."""
        if not self.count:
            self.first, self.line = values[0], line_numbers[0]
        self.count += len(values)
        self.are_all_alike = self.are_all_alike and all(value == self.first for value in values)
        if self.type in NUMBER_TYPES:
            self.zeros += sum(value == 0 for value in values)
            negative_positions = [k for k, value in enumerate(values) if value < 0]
            if negative_positions and not self.negative:
                self.first_negative = line_numbers[negative_positions[0]], values[negative_positions[0]]
            self.negative += len(negative_positions)

    def count_code_lengths(self, values: list[str], line_numbers: list[int]) -> None:
        """Count the codes of a batch by their number of digits."""
        for value, line in zip(values, line_numbers, strict=True):
            if value.isdecimal():
                count, first, example_value = self.levels.get(len(value), (0, line, value))
                self.levels[len(value)] = count + 1, first, example_value


def _find_measured_rows(column_index: int, batch: VctRowBatch) -> tuple[list[int], NDArray, NDArray]:
    """Return the rows with a shape of one part and a positive value in a column.

    The result is their positions in the batch, and (n,) values and (n,) shapes.
    """
    rows = [
        k
        for k, (row, shape) in enumerate(zip(batch.row_values, batch.shapes, strict=True))
        if shape is not None
        and k not in batch.further_parts
        and row[column_index] is not None
        and row[column_index] > 0
    ]
    values = np.array([float(batch.row_values[k][column_index]) for k in rows])
    return rows, values, shapely.from_wkb(np.array([batch.shapes[k] for k in rows], dtype=object))


def _is_code_column(column: VctColumn) -> bool:
    """Return True if the name of a column ends like that of a field of codes."""
    return column.name.upper().endswith(tuple(load_settings().code_endings))


def _replace_name_ending(name: str, ending: str) -> str:
    """Return the name of the field that has the codes for the names in field ``name``.

    ``ending``: the ending of such fields.
    """
    return name.removesuffix(_NAME_ENDING) + ending


def _are_division_codes_nested(code: str, other_code: str) -> bool:
    """Return True if two division codes are equal or one is within the other's area."""
    short, long = sorted((compute_division_prefix(code), compute_division_prefix(other_code)), key=len)
    return long.startswith(short)


def _parse_day(value: Any) -> tuple[int, int, int]:
    """Return year, month and day of a date, which may have a time of day."""
    return value.year, value.month, value.day
