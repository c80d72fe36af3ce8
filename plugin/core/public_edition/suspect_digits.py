# SPDX-License-Identifier: GPL-2.0-or-later
"""A crude search for coordinates in written files: runs of digits of the county's extent.

It shares no pattern with the finder that takes coordinates out (`coordinates`), so that both do not miss the same form.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator

#: Dates with times, and digests: their digits mean no place.
_OTHER_DIGITS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?|\b[0-9a-f]{20}\b|\b[0-9a-f]{64}\b")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ ,'_](?=\d{3}(?!\d))")
#: Seven digits without a zone, eight with one, also of kilometres; a unit behind them makes them a figure.
_METRES = re.compile(
    r"(?<![\d.])(?:(\d{4,5}\.\d{3})\d*\s?(?:km|公里|千米)|(\d{7,8})(?!\d|[\d.]*\s*(?:m|k|h|平|公|万|亩|米|元|个|处|条|块|项|人|%)))"
)
_UNSEEN = re.compile(r"[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u20d0-\u20f0\ufe00-\ufe0f\ufeff]")
_DIGIT = re.compile(r"(?![0-9])\d")
_ZONE_FACTOR, _FIRST_ZONE = 1_000_000, 13


def find_suspect_digits(
    text: str,
    eastings: tuple[float, float] | None,
    northings: tuple[float, float] | None,
    longitudes: tuple[float, float] | None,
    latitudes: tuple[float, float] | None,
) -> Iterator[str]:
    """Yield the runs of digits of a text that may be coordinates within an extent.

    ``eastings``, ``northings``: in m, eastings without the number of the zone; ``longitudes``, ``latitudes``: in
    degrees; None is not searched. A run with a unit behind it is a figure.
    """
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    plain = _OTHER_DIGITS.sub(" ", _DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), plain))
    if eastings and northings:
        for match in _METRES.finditer(_BETWEEN_DIGITS.sub("", plain)):
            metres = int(match[1].replace(".", "")) if match[1] else int(match[2])
            low, high = eastings if metres >= _ZONE_FACTOR * _FIRST_ZONE else northings
            if low <= (metres % _ZONE_FACTOR if metres >= _ZONE_FACTOR * _FIRST_ZONE else metres) <= high:
                yield match[0]
    if longitudes and latitudes:
        east, north = (
            f"(?:{'|'.join(map(str, range(math.floor(low), math.floor(high) + 1)))})"
            for low, high in (longitudes, latitudes)
        )
        start, mark, figure = r"(?<![\d.])", r"(?:[^\w\n]|[dEN经纬度]){1,3}", r"\d*\s*(?:m|h|公|万|亩|%)"
        for one, other in ((east, north), (north, east)):
            point = rf"{start}{one}{mark}\d[^%²\n公亩处个]{{0,16}}?{start}{other}{mark}\d+(?!{figure})"
            yield from re.findall(point, plain)
        degrees = f"(?:{east}|{north})"
        yield from re.findall(rf"{start}{degrees}(?:\.\d+\s?°|\s?[°d度-]\s?\d\d?\s?['′m分-])", plain)
        yield from re.findall(rf"[EN]\s?{degrees}\d{{4}}(?!\d)|(?<!\d){degrees}\d{{4}}\s?[EN]", plain)
