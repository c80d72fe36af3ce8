# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of VCT files, and remarks collected while reading one.

The settings (mark C, lowest level of source) are in `resources/standards/common-2021/vct.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ....paths import VCT_SETTINGS
from ...errors import DataError
from ...files.data import check_and_remove_marks, check_keys, check_type, read_toml

#: Encoding for writing; files are read as GB18030, which contains it.
VCT_ENCODING = "gbk"
VCT_SEPARATOR = ","
_TYPES_BY_ANNOTATION: dict[str, type] = {"int": int, "str": str, "float": float, "list[str]": list, "list[float]": list}
#: Number of values in each list of limits.
_LIST_LENGTHS = {"china_degrees": 4, "northings_m": 2, "zones_3": 2, "zones_6": 2, "area_units": 3, "angles": 2}
#: Number of texts in each list.
_TEXT_LIST_LENGTHS = {"date_pair": 2}
#: The forms of the header's Parameters.
PARAMETER_FORMS = ("short", "long")


@dataclass(frozen=True)
class VctSettings:
    """The settings of vct.toml, which has a comment on each."""

    datamark: str
    version: str
    parameters: str
    map_scale: int
    decimals_metres: int
    decimals_degrees: int
    bounding_code: str
    style: str
    spare_code: str
    text_length: int
    integer_length: int
    real_width: int
    real_decimals: int
    china_degrees: list[float]
    northings_m: list[float]
    zones_3: list[float]
    zones_6: list[float]
    axis_differs_m: float
    flattening_differs: float
    smallest_scale: int
    largest_scale: int
    extent_least_m: float
    extent_least_degrees: float
    extent_far_m: int
    county_near: float
    county_far: float
    county_fields: list[str]
    packed_minutes: int
    packed_seconds: int
    packed_seconds_likely: int
    packed_extent_degrees: float
    earliest_year: int
    latest_year: int
    code_endings: list[str]
    required_fields: list[str]
    area_fields: list[str]
    area_differs: float
    area_rows_differ: float
    area_row_differs: float
    area_row_differs_m2: float
    area_rows_fit: float
    area_row_differs_exactly: float
    area_units: list[float]
    length_fields: list[str]
    length_differs: float
    year_fields: list[str]
    earliest_data_year: int
    date_pair: list[str]
    null_words: list[str]
    lost_characters: list[str]
    traditional_characters: list[str]
    digit_fields: list[str]
    number_fields: list[str]
    division_tables: list[str]
    division_name: str
    place_names: list[str]
    shortest_county_name: int
    below_county_words: list[str]
    angles: list[float]
    coarse_m: float
    coarse_degrees: float

    @property
    def valid_years(self) -> range:
        """The valid years of a date, as a range."""
        return range(self.earliest_year, self.latest_year + 1)

    @property
    def valid_data_years(self) -> range:
        """The valid years of data, as a range that ends this year."""
        return range(self.earliest_data_year, date.today().year + 1)

    def get_coordinate_decimals(self, is_geographic: bool) -> int:
        """Return the number of decimals of coordinates, in degrees or metres."""
        return self.decimals_degrees if is_geographic else self.decimals_metres


@cache
def load_settings(path: Path = VCT_SETTINGS) -> VctSettings:
    """Read the settings of vct.toml.

    DataError names file and key of a missing or wrong value, or of a value without a mark (level of its source).
    """
    table = read_toml(path)
    kinds = {f.name: _TYPES_BY_ANNOTATION[str(f.type)] for f in fields(VctSettings)}
    check_keys(table, required=[*kinds, "marks"], allowed=(), file=path)
    check_and_remove_marks(table, kinds, file=path)
    for key, kind in kinds.items():
        check_type(table[key], kind, file=path, key=key)
    for key, count in _LIST_LENGTHS.items():
        numbers = [check_type(value, (int, float), file=path, key=key) for value in table[key]]
        if len(numbers) != count:
            raise DataError(
                "data_value_kind", file=str(path), key=key, value=repr(numbers), expected=f"list[float] × {count}"
            )
    for key, count in _TEXT_LIST_LENGTHS.items():
        if len(table[key]) != count:
            expected = f"list[str] × {count}"
            raise DataError("data_value_kind", file=str(path), key=key, value=repr(table[key]), expected=expected)
    if table["parameters"] not in PARAMETER_FORMS:
        known_forms = ", ".join(PARAMETER_FORMS)
        raise DataError(
            "data_value_unknown", file=str(path), key="parameters", value=table["parameters"], known=known_forms
        )
    return VctSettings(**table)


#: Number of lines that a remark lists.
_MAX_LISTED_LINES = 5

FileNote = tuple[str, dict[str, Any]]


class FileRemarks:
    """Remarks on a file, one for each text key and group, with a count."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[tuple[str, Any], ...]], dict[str, Any]] = {}

    def add_remark(
        self, key: str, line_number: int, record_id: int | None = None, count: int = 1, /, **group: Any
    ) -> None:
        """Add an occurrence of a remark; the message gives the line of the first one.

        ``line_number`` and ``record_id``: where the occurrence is; ``count``: number of occurrences; ``group``:
        parameters. Remarks of one text key that differ in these parameters are counted separately.
        """
        place = (key, tuple(group.items()))
        remark_params = self._found.get(place)
        if remark_params is not None:
            remark_params["count"] += count
            return
        remark_params = self._found[place] = {**group, "count": count, "line": line_number}
        if record_id is not None:
            remark_params["id"] = record_id

    def add_example(self, key: str, line_number: int, value: str, count: int, /, **group: Any) -> None:
        """Add ``count`` occurrences as `add_remark` does.

        ``value`` is the value in ``line_number``, shown as an example.
        """
        self.add_remark(key, line_number, None, count, **group)
        self._found[key, tuple(group.items())].setdefault("value", value)

    def add_lines(self, key: str, line_numbers: list[int], value: str, /, **group: Any) -> None:
        """Add an occurrence for each line; the message lists the first lines.

        ``value``: the value in the first line.
        """
        self.add_example(key, line_numbers[0], value, len(line_numbers), **group)
        listed_lines = self._found[key, tuple(group.items())].setdefault("lines", [])
        listed_lines += line_numbers[: _MAX_LISTED_LINES - len(listed_lines)]

    def make_notes(self) -> list[FileNote]:
        """Return the remarks as text keys with parameters, which include the count and the lines."""
        return [(key, _format_lines(params)) for (key, _), params in self._found.items()]


def _format_lines(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a remark with the list of its lines as text."""
    if "lines" not in params:
        return dict(params)
    more = " …" if params["count"] > len(params["lines"]) else ""
    return {**params, "lines": f"{', '.join(map(str, params['lines']))}{more}"}
