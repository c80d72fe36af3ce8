# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings that all forms of boundary points share: words of headers, limits of coordinates."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from ....paths import BOUNDARY_POINTS_FOLDER
from ...base.files.data import read_toml

SETTINGS_FILE = BOUNDARY_POINTS_FOLDER / "settings.toml"


@dataclass(frozen=True)
class PointSettings:
    """The settings of settings.toml, which has a comment on each.

    ``cgcs2000`` to ``written``: words of the datum. ``header_keys``: meaning → keys of a header. ``area_units``: name →
    square metres. ``northings_m``, ``zones_3``, ``zones_6``: smallest and largest value.
    """

    cgcs2000: list[str]
    before_cgcs2000: list[str]
    local: list[str]
    refused: list[str]
    written: str
    header_keys: dict[str, list[str]]
    projection_words: list[str]
    unit_words: list[str]
    area_units: dict[str, float]
    northings_m: list[float]
    zones_3: list[int]
    zones_6: list[int]
    heading_lines: int
    most_listed: int

    def find_header_meaning(self, key: str) -> str:
        """Return what a key of a header states, such as ``zone`` for 带号; empty if unknown."""
        word = normalise_word(key)
        return next((meaning for meaning, keys in self.header_keys.items() if word in map(normalise_word, keys)), "")

    def classify_datum(self, value: str) -> str:
        """Return ``cgcs2000``, ``refused`` (西安80, 北京54, WGS 84) or ``unknown`` for a value of 坐标系."""
        text = normalise_word(value)
        begins = [text.index(word) for word in map(normalise_word, self.cgcs2000) if word in text]
        is_refused, is_local = (
            any(normalise_word(word) in text for word in words) for words in (self.refused, self.local)
        )
        if not begins:
            return "refused" if is_refused else "unknown"
        before = text[: min(begins)]
        for word in self.before_cgcs2000:
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
def load_settings() -> PointSettings:
    """Read the settings."""
    table = read_toml(SETTINGS_FILE)
    return PointSettings(
        **table["datums"],
        header_keys=table["header_keys"],
        projection_words=table["words"]["projection"],
        unit_words=table["words"]["unit"],
        area_units=table["area_units"],
        **table["limits"],
    )
