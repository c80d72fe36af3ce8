# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of VCT files, and remarks collected while reading one.

The settings (mark C, lowest level of source) are in `resources/standards/common-2021/vct.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ....paths import VCT_SETTINGS
from ...base.files.data import SourceMark, check_keys, read_toml_record

#: Encoding for writing; files are read as GB18030, which contains it.
VCT_ENCODING = "gbk"
VCT_SEPARATOR = ","


@dataclass(frozen=True)
class VctSettings:
    """The settings of vct.toml, which has a comment on each."""

    datamark: str
    version: str
    parameters: Literal["short", "long"]
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
    zones_3: tuple[float, float]
    zones_6: tuple[float, float]
    axis_differs_m: float
    flattening_differs: float
    extent_differs_m: float
    packed_minutes: int
    packed_seconds: int
    marks: dict[str, SourceMark] = field(hash=False)

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for a setting without a mark, and for a mark of no setting."""
        settings = [name for name in self.__dataclass_fields__ if name != "marks"]
        check_keys(self.marks, required=settings, allowed=(), file=file)

    def get_coordinate_decimals(self, is_geographic: bool) -> int:
        """Return the number of decimals of coordinates, in degrees or metres."""
        return self.decimals_degrees if is_geographic else self.decimals_metres


@cache
def load_settings(path: Path = VCT_SETTINGS) -> VctSettings:
    """Read the settings of vct.toml.

    DataError names file and key of a missing or wrong value, or of a value without a mark (level of its source).
    """
    return read_toml_record(VctSettings, path)


#: Remarks as text keys with parameters.
NoticeList = list[tuple[str, dict[str, Any]]]


@dataclass
class FileRemarks:
    """Remarks on a file, one for each text key and group, with a count."""

    #: Text key and group → parameters, which include the count and the first line.
    found: dict[tuple[str, tuple[tuple[str, Any], ...]], dict[str, Any]] = field(default_factory=dict)

    def add_remark(
        self, key: str, line_number: int, record_id: int | None = None, count: int = 1, /, **group: Any
    ) -> None:
        """Add an occurrence of a remark; the message gives the line of the first one.

        ``line_number`` and ``record_id``: where the occurrence is; ``count``: number of occurrences; ``group``:
        parameters. Remarks of one text key that differ in these parameters are counted separately.
        """
        record = {} if record_id is None else {"id": record_id}
        first_params = {**group, "count": 0, "line": line_number, **record}
        self.found.setdefault((key, tuple(group.items())), first_params)["count"] += count
