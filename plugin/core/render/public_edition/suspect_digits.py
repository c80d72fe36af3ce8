# SPDX-License-Identifier: GPL-2.0-or-later
"""A crude search for coordinates in written files: runs of digits of the county's extent.

It shares no pattern with the finder that takes coordinates out (`coordinates`), so that both do not miss the same form.
"""

import re
import unicodedata
from functools import lru_cache

#: Dates with times, and digests: their digits mean no place.
_OTHER_DIGITS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?|\b[0-9a-f]{20}\b|\b[0-9a-f]{64}\b")
_UNSEEN = re.compile(r"[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u20d0-\u20f0\ufe00-\ufe0f\ufeff]")
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
#: A unit behind a run makes it a figure.
_FIGURE = r"[\d.]*\s*(?:m|k|h|平|公|万|亩|米|元|个|处|条|块|项|人|%)"
_Range = tuple[float, float] | None


def find_suspect_digits(
    text: str, eastings: _Range, northings: _Range, longitudes: _Range, latitudes: _Range
) -> list[str]:
    """Return the runs of digits of a text that may be coordinates within an extent.

    ``eastings``, ``northings``: in m, eastings without the number of the zone; ``longitudes``, ``latitudes``: in
    degrees; None is not searched.
    """
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    plain = _FOREIGN_DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), plain)
    pattern = _make_pattern(eastings, northings, longitudes, latitudes)
    return [match[0] for match in pattern.finditer(_OTHER_DIGITS.sub(" ", plain))]


@lru_cache(maxsize=8)
def _make_pattern(eastings: _Range, northings: _Range, longitudes: _Range, latitudes: _Range) -> re.Pattern[str]:
    """Return a pattern of the whole kilometres and degrees of an extent, with digits or signs around them."""
    east, north, lon, lat = (
        "|".join(
            f"{number // 1000 or ''}[ ,'_]?{number % 1000:03d}" if unit > 1 else str(number)
            for number in range(int(limits[0] // unit), int(limits[1] // unit) + 1)
        )
        if limits
        else "(?!)"
        for limits, unit in ((eastings, 1000), (northings, 1000), (longitudes, 1), (latitudes, 1))
    )
    start, mark = r"(?<![\d.])", r"(?:[^\w\n]|[dEN经纬度]){1,3}"
    kilometres, degrees = f"(?:(?:1[3-9]|[23]\\d|4[0-5])(?:{east})|{north})", f"(?:{lon}|{lat})"
    points = (
        rf"{start}(?:{one}){mark}\d[^%²\n公亩处个]{{0,16}}?{start}(?:{other}){mark}\d+(?!{_FIGURE})"
        for one, other in ((lon, lat), (lat, lon))
    )
    return re.compile(
        rf"{start}{kilometres}(?:\.\d{{3}}\d*\s?(?:km|公里|千米)|[ ,'_]?\d{{3}}(?!\d|{_FIGURE}))|{'|'.join(points)}"
        rf"|{start}{degrees}(?:\.\d+\s?°|\s?[°d度-]\s?\d\d?\s?['′m分-])"
        rf"|[EN]\s?{degrees}\d{{4}}(?!\d)|(?<!\d){degrees}\d{{4}}\s?[EN]"
    )
