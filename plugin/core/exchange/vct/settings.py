# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of VCT files, and remarks collected while reading one.

The settings (mark C, lowest level of source) are in `resources/standards/common-2021/vct.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from ....paths import VCT_SETTINGS
from ...errors import DataError
from ...files.data import check_and_remove_marks, check_keys, check_type, read_toml

#: Encoding for writing; files are read as GB18030, which contains it.
VCT_ENCODING = "gbk"
VCT_SEPARATOR = ","
_TYPES_BY_ANNOTATION: dict[str, type] = {"int": int, "str": str, "float": float, "list[float]": list}
#: Number of values in each list of limits.
_LIST_LENGTHS = {"zones_3": 2, "zones_6": 2}
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
    zones_3: list[float]
    zones_6: list[float]
    axis_differs_m: float
    flattening_differs: float
    extent_differs_m: float
    packed_minutes: int
    packed_seconds: int

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
    if table["parameters"] not in PARAMETER_FORMS:
        known_forms = ", ".join(PARAMETER_FORMS)
        raise DataError(
            "data_value_unknown", file=str(path), key="parameters", value=table["parameters"], known=known_forms
        )
    return VctSettings(**table)


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

    def make_notes(self) -> list[FileNote]:
        """Return the remarks as text keys with parameters, which include the count and the first line."""
        return [(key, dict(params)) for (key, _), params in self._found.items()]
