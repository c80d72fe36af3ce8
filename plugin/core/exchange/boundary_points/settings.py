# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings that all forms of boundary points share: words of headers, limits of coordinates."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ....paths import BOUNDARY_POINTS_FOLDER
from ...errors import DataError
from ...files.data import check_keys, check_type, read_toml

SETTINGS_FILE = BOUNDARY_POINTS_FOLDER / "settings.toml"
#: What a line of a header may state.
HEADER_MEANINGS = ("datum", "zone_width", "projection", "unit", "zone", "meridian", "parameters")


@dataclass(frozen=True)
class PointSettings:
    """The settings of settings.toml, which has a comment on each.

    ``header_keys``: meaning → keys of a header. ``area_units``: name → square metres. ``northings_m``, ``zones_3``,
    ``zones_6``: smallest and largest value.
    """

    cgcs2000_words: tuple[str, ...]
    words_before_cgcs2000: tuple[str, ...]
    local_datum_words: tuple[str, ...]
    refused_datum_words: tuple[str, ...]
    written_datum: str
    header_keys: dict[str, tuple[str, ...]]
    projection_words: tuple[str, ...]
    unit_words: tuple[str, ...]
    area_units: dict[str, float]
    northings_m: tuple[float, float]
    zones_3: tuple[int, int]
    zones_6: tuple[int, int]
    heading_lines: int
    most_listed: int

    def find_header_meaning(self, key: str) -> str:
        """Return what a key of a header states, such as ``zone`` for 带号; empty if unknown."""
        word = normalise_word(key)
        return next((meaning for meaning, keys in self.header_keys.items() if word in map(normalise_word, keys)), "")

    def classify_datum(self, value: str) -> str:
        """Return ``cgcs2000``, ``refused`` (西安80, 北京54, WGS 84) or ``unknown`` for a value of 坐标系."""
        text = normalise_word(value)
        begins = [text.index(word) for word in map(normalise_word, self.cgcs2000_words) if word in text]
        is_refused, is_local = (
            any(normalise_word(word) in text for word in words)
            for words in (self.refused_datum_words, self.local_datum_words)
        )
        if not begins:
            return "refused" if is_refused else "unknown"
        before = text[: min(begins)]
        for word in self.words_before_cgcs2000:
            before = before.replace(normalise_word(word), "")
        # 西安80转2000 does not state which of the two the coordinates are in.
        return "unknown" if is_refused or is_local or any(map(str.isalnum, before)) else "cgcs2000"

    def get_zone_width(self, zone: int) -> int:
        """Return the width in degrees (3, 6) of the zone with a number; 0 if China has no zone with this number."""
        for width, (first, last) in ((3, self.zones_3), (6, self.zones_6)):
            if first <= zone <= last:
                return width
        return 0


def normalise_word(text: str) -> str:
    """Return a text in capitals, with half-width characters and without blanks, for comparisons."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


@cache
def load_settings(path: Path = SETTINGS_FILE) -> PointSettings:
    """Read the settings. Raise DataError with file and key for a missing, unknown or wrong value."""
    table = read_toml(path)
    sections = {
        "datums": ("cgcs2000", "before_cgcs2000", "local", "refused", "written"),
        "header_keys": HEADER_MEANINGS,
        "words": ("projection", "unit"),
        "limits": ("northings_m", "zones_3", "zones_6", "heading_lines", "most_listed"),
    }
    check_keys(table, required=(*sections, "area_units"), allowed=(), file=path)
    for name, keys in sections.items():
        check_keys(check_type(table[name], dict, file=path, key=name), required=keys, allowed=(), file=path, where=name)
    datums, limits = table["datums"], table["limits"]

    def read_texts(section: str, key: str) -> tuple[str, ...]:
        """Return a list of texts; raise DataError for anything else."""
        texts = check_type(table[section][key], list, file=path, key=f"{section}.{key}")
        return tuple(str(check_type(text, str, file=path, key=f"{section}.{key}")) for text in texts)

    def read_range(key: str) -> tuple[float, float]:
        """Return the smallest and the largest value of a range; raise DataError unless there are two numbers."""
        values = check_type(limits[key], list, file=path, key=f"limits.{key}")
        if len(values) != 2:
            raise DataError("data_value_kind", file=str(path), key=f"limits.{key}", value=repr(values), expected="2")
        low, high = (float(check_type(value, (int, float), file=path, key=f"limits.{key}")) for value in values)
        return low, high

    zones_3, zones_6 = (tuple(map(int, read_range(key))) for key in ("zones_3", "zones_6"))
    units = check_type(table["area_units"], dict, file=path, key="area_units")
    return PointSettings(
        read_texts("datums", "cgcs2000"),
        read_texts("datums", "before_cgcs2000"),
        read_texts("datums", "local"),
        read_texts("datums", "refused"),
        check_type(datums["written"], str, file=path, key="datums.written"),
        {meaning: read_texts("header_keys", meaning) for meaning in HEADER_MEANINGS},
        read_texts("words", "projection"),
        read_texts("words", "unit"),
        {
            name: float(check_type(factor, (int, float), file=path, key=f"area_units.{name}"))
            for name, factor in units.items()
        },
        read_range("northings_m"),
        (zones_3[0], zones_3[1]),
        (zones_6[0], zones_6[1]),
        check_type(limits["heading_lines"], int, file=path, key="limits.heading_lines"),
        check_type(limits["most_listed"], int, file=path, key="limits.most_listed"),
    )
