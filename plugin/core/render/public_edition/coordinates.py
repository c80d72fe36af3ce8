# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinates in texts, found by their form and by the extent of a plan, and texts that name a CRS.

Texts are read with plain digits, blanks, dashes and degree signs, however they are typed.

Figures are not coordinates: reports group the digits of large figures, or write a unit behind them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from ...geometry import crs as crs_care
from ...plan.plan import Plan

#: Share of the plan's width and height by which its extent is widened: findings may be beside the county.
_MARGIN_SHARE = 0.25
#: Share of rows at each side that may be misplaced.
_OUTLIER_PERCENT = 1
_ZONE_FACTOR, _METRES_PER_KILOMETRE, _SIXTY = 1_000_000, 1000, 60
#: Lengths in kilometres have fewer decimals than places.
_PLACE_DECIMALS = 3
#: Numbers of the 6° and 3° zones in China.
_ZONE_NUMBERS = range(13, 46)
#: Northings of China in metres, and eastings without the number of the zone.
_NORTHINGS, _EASTINGS = (1_900_000.0, 6_000_000.0), (200_000.0, 800_000.0)
#: Signs that coordinates are typed with → the plain ones.
_SIGNS = (("º˚゜∘⁰", "°"), ("′’‘ʹʼ´`", "'"), ("″“”〃ʺ", '"'), ("·・•。｡", "."), ("−～〜~ー", "-"))
#: A number: grouped, spaced digit by digit, with an exponent, or plain. Letters and Chinese characters may touch it.
_NUMBER = re.compile(
    r"(?<![\d.])(?:\d{1,3}([ ,'])\d{3}(?:\1\d{3})*|\d(?: \d){5,}"
    r"|\d\.\d+[eE][+-]?\d{1,2}(?!\.?\d)|\d+)(?:\.\d+)?(?!\.?\d)"
)
_SEPARATORS = re.compile(r"[ ,']")
_BLANK_AT_POINT = re.compile(r"(?<=\d) (?=\. ?\d)|(?<=\d\.) (?=\d)|(?<=\d \.) (?=\d)")
_KILOMETRES = re.compile(r" ?(?:km(?![²2])|㎞|公里|千米)")
_UNIT = re.compile(
    r"\s*(?:m²|m2|㎡|㎞|km|ha(?![A-Za-z])|hm|m(?![A-Za-z\d_])|平方|公顷|公里|万|亩|米|元|个|处|条|块|项|人|%|％|sq|hectare"
    r"|mu(?![A-Za-z]))"
)
#: Text between the two numbers of a point.
_BETWEEN = re.compile(
    r"(?:km|[\s,、;/|()\[\]:=_*+'\"°度东西南北经纬坐标横纵为和及与米公里mXYxyEWNSenwslatLonBL-]){1,16}"
)
_WKT = re.compile(
    r"(?:MULTI)?(?:POINT|LINESTRING|POLYGON|CURVE|SURFACE)\s*[ZM]{0,2}\s*\(+[-\d.,\s()eE+]*\)+", re.IGNORECASE
)
_DEGREE_WORD = r"(?:[东西]经|[南北]纬|[经纬]度|(?<![A-Za-z])(?:lon|lat)(?:gitude|itude)?)[\s:=为是约]{0,3}"
_NUMERAL = "[〇○零一二三四五六七八九十百两]"
#: Degrees, military grids and Chinese numerals, which are coordinates by their form.
_DEGREES = re.compile(
    r"\d{1,3}\s*[°度]\s*\d{1,2}(?:\.\d+)?\s*['分](?:\s*\d{1,2}(?:\.\d+)?\s*(?:[\"秒]|'')?)?"
    rf"|{_DEGREE_WORD}\d{{1,3}}(?:\.\d+)?\s?[°度]?(?:\s*[-至]\s*(?:东经|北纬)?\d{{1,3}}(?:\.\d+)?[°度]?|\s?\d{{1,2}}\s?[分'])?"
    r"|(?<![A-Za-z\d_])[EN]\s?\d{1,3}(?:\.\d+)?\s?°(?!\s*\d)"
    r"|(?:\d{1,3}(?:\.\d+)?\s?°?\s?[EN]?\s*[-至]\s*)?\d{1,3}(?:\.\d+)?\s?°\s?[EN](?![A-Za-z\d_])"
    r"|(?<![A-Za-z\d])(?:4[3-9]|5[0-3])\s?[Q-U]\s?[A-HJ-NP-Z]{2}\s?\d{2,5}\s?\d{2,5}"
    rf"|{_DEGREE_WORD}{_NUMERAL}+(?:点{_NUMERAL}+)?(?:[°度](?:{_NUMERAL}+分(?:{_NUMERAL}+秒)?)?)?"
    rf"|{_NUMERAL}{{2,}}点{_NUMERAL}{{2,}}[°度]|{_NUMERAL}*百{_NUMERAL}+[°度](?:{_NUMERAL}+分(?:{_NUMERAL}+秒)?)?"
    rf"|{_NUMERAL}+[°度]{_NUMERAL}+分(?:{_NUMERAL}+秒)?|[〇○零一二三四五六七八九]{{7,}}",
    re.IGNORECASE,
)
#: Degrees, minutes and seconds with other signs between them, and without any; not the time after a date.
_SEXAGESIMAL = re.compile(
    r"(?<![\d.-])(?<!\d-\d\d[ T])(\d{2,3})(?:([-:])|\s?[d°]\s?| (?=\d{1,2} \d{1,2}(?:\.\d| ?[EN])))(\d{1,2})"
    r"(?(2)\2|[ m'])\s?(\d{1,2})(?:\.\d+)?(?![\d:])(?:\s?[\"s])?"
    r"|(?<![\d.])(?:(?<=[EN])|(?<=[EN] )|(?=\d{6,7}(?:\.\d+)?\s?[EN]))(\d{2,3})(\d\d)(\d\d)(?:\.\d+)?(?!\d)"
)
#: Degrees with decimals beside the letter of an axis or a degree sign, or two with decimal commas.
_AXIS = re.compile(r"[EN]\s?(\d{2,3}\.\d+)|(?<![\d.])(\d{2,3}\.\d+)\s?[EN°]")
_DECIMAL_COMMAS = re.compile(r"(?<![\d.,])(\d{2,3}),(\d{2,})[^\d.]{1,4}(\d{2,3}),(\d{2,})(?![\d.,])")
#: Digests and fingerprints of a report.
_DIGEST = re.compile(r"(?<![0-9A-Za-z])(?=[0-9e]*[a-df])(?:[0-9a-f]{20}|[0-9a-f]{64})(?![0-9A-Za-z])")
#: Parameters and columns that hold coordinates.
COORDINATE_KEYS = frozenset(
    "x y lon lat longitude latitude east west north south easting northing xmin ymin xmax ymax min_x min_y max_x max_y "
    "place geometry point points bounds extent bbox coordinates centre center centroid".split()
)
#: Keys of numbers that are coordinates; single numbers of other keys may count something.
_NUMBER_KEYS = COORDINATE_KEYS - set(
    "point points place geometry bounds extent bbox coordinates centre center centroid".split()
)
_NUMERIC_TEXT = re.compile(r"\s*[-+]?\d+(?:\.\d+)?\s*[°º度]?\s*[EN]?\s*")
_ZONE = r"(?:1[3-9]|2\d|3\d|4[0-5])"
_MERIDIAN = r"\d{2,3}(?:\.\d+)?\s?[°º度]?\s?E?"
_GAUSS = r"(?:Gauss(?:[\s_–-]*Kr(?:u|ü|ue)ger)?|高斯(?:[\s–—-]*克吕格)?(?:投影)?|\bGK\b|(?<=_)GK(?=_))"
#: The datum alone is not found: all plans are in CGCS2000.
CRS_TEXT = re.compile(
    r"EPSG\s?[:：]{1,2}\s?\d{4,6}(?:[\s\u3000]*[（(]?\d{2}\s?(?:带|zone)[）)]?)?"
    rf"|(?:CGCS[\s_]?2000[\s_/]*)?(?:[36][\s_-]?(?:degree|度|°)[\s_-]*(?:带|分带)?[\s_]*)?{_GAUSS}"
    rf"(?:[\s_,，]*(?:zone|CM|第|带号)?[\s_:：]*\d{{1,3}}\s?[EN°带]*)?"
    rf"|CGCS[\s_]?2000[\s_/]+(?:[36][\s_-]?degree[\w\s-]*|zone[\s_]*\d+|{_ZONE}\s?带)"
    rf"|[36]\s?(?:度|°)\s?(?:分带|带)(?:[\s第]*{_ZONE}\s?带)?|第\s?{_ZONE}\s?(?:号)?带|(?<![\d.]){_ZONE}\s?带(?![宽状有来动头领回入出走])"
    rf"|带号[\s:：为]*{_ZONE}(?!\d)|(?<![A-Za-z])zone[\s:]*{_ZONE}(?!\d)"
    rf"|(?:中央经线|中央子午线|central\s+meridian)[\s:：=为是of]*(?:东经)?\s?{_MERIDIAN}"
    r"|(?<![A-Za-z])TM\s?\d{2,3}(?:\.\d+)?\s?°?\s?E",
    re.IGNORECASE,
)
_UNNAMED = ("", "unknown", "unnamed", "undefined")


@dataclass(frozen=True)
class CoordinateFinder:
    """Finds coordinates in texts and data.

    ``eastings``, ``northings`` (m, eastings without the number of the zone), ``longitudes``, ``latitudes`` (degrees):
    ranges of the plan as (lowest, highest); None without layers.
    """

    eastings: tuple[float, float] | None = None
    northings: tuple[float, float] | None = None
    longitudes: tuple[float, float] | None = None
    latitudes: tuple[float, float] | None = None

    def find_spans(self, text: str) -> list[tuple[int, int, int]]:
        """Return (start, end, number of coordinates) of all coordinates in a text, sorted, without overlaps."""
        # A decimal point has no blanks around it.
        plain = text.translate(_PLAIN_CHARACTERS)
        places: Sequence[int] = range(len(text))
        if len(plain) != len(text):
            places = [place for place, char in enumerate(text) if _PLAIN_CHARACTERS[ord(char)] is not None]
        if blanks := {match.start() for match in _BLANK_AT_POINT.finditer(plain)}:
            places = [place for number, place in enumerate(places) if number not in blanks]
            plain = _BLANK_AT_POINT.sub("", plain)
        plain = _DIGEST.sub(lambda match: "x" * len(match[0]), plain)
        spans = [
            (match.start(), match.end(), max(len(_NUMBER.findall(match.group())) // 2, 1))
            for match in _WKT.finditer(plain)
        ]
        for pattern, is_found in (
            (_DEGREES, bool),
            (_SEXAGESIMAL, self._is_sexagesimal),
            (_AXIS, lambda match: self._is_degrees(float(match[1] or match[2]))),
            (_DECIMAL_COMMAS, lambda match: self._is_point(f"{match[1]}.{match[2]}", f"{match[3]}.{match[4]}")),
        ):
            spans += [(match.start(), match.end(), 1) for match in pattern.finditer(plain) if is_found(match)]
        numbers = list(_NUMBER.finditer(plain))
        texts = [_read_metres(match) for match in numbers]
        for first, second in pairwise(range(len(numbers))):
            start, end = numbers[first].end(), numbers[second].start()
            # Two lengths of a thousand kilometres are not a point of another county.
            northings = self.northings if _KILOMETRES.match(plain, start) else _NORTHINGS
            if _BETWEEN.fullmatch(plain, start, end) and self._is_point(
                texts[first], texts[second], northings=northings
            ):
                spans.append((numbers[first].start(), numbers[second].end(), 1))
        for match, number in zip(numbers, texts, strict=True):
            is_length = bool(_UNIT.match(plain, match.end())) and not _KILOMETRES.match(plain, match.end())
            if not is_length and self._is_single(number) and not (match[1] and float(number) < _ZONE_FACTOR):
                spans.append((match.start(), match.end(), 1))
        return [(places[start], places[end - 1] + 1, count) for start, end, count in _join_spans(spans)]

    def _is_degrees(self, value: float) -> bool:
        return _is_in(value, self.longitudes) or _is_in(value, self.latitudes)

    def _is_sexagesimal(self, match: re.Match[str]) -> bool:
        """Return True for degrees of the plan with minutes and seconds."""
        degrees, minutes, seconds = (int(one) for one in match.groups() if one and one.isdigit())
        return minutes < _SIXTY and seconds < _SIXTY and self._is_degrees(degrees + minutes / _SIXTY)

    def _is_point(self, first: str, second: str, *, northings: tuple[float, float] | None = _NORTHINGS) -> bool:
        """Return True if two numbers are easting and northing, or longitude and latitude, in any order."""
        for east, north in ((first, second), (second, first)):
            if _is_in(_strip_zone(float(east)), _EASTINGS) and _is_in(float(north), northings):
                return True
            are_decimal = "." in east and "." in north
            if are_decimal and _is_in(float(east), self.longitudes) and _is_in(float(north), self.latitudes):
                return True
        return False

    def _is_single(self, number: str) -> bool:
        """Return True if a number alone is an easting or a northing of the plan."""
        value = float(number)
        if value >= _ZONE_FACTOR * _ZONE_NUMBERS[0]:
            return _strip_zone(value) != value and _is_in(_strip_zone(value), self.eastings)
        if value >= _ZONE_FACTOR:
            return _is_in(value, self.northings)
        # Six digits are also codes and keys.
        return "." in number and len(number.partition(".")[0]) == 6 and _is_in(value, self.eastings)

    def is_coordinate_pair(self, values: Any) -> bool:
        """Return True if a list begins with two numbers that are a point, or is a box or a line of two points."""
        if not isinstance(values, list | tuple) or not all(map(is_number, values)):
            return False
        first, second = ([repr(float(one)) for one in values[place : place + 2]] for place in (0, 2))
        if len(values) in (2, 3):
            return self._is_point(*first)
        return len(values) == 4 and self._is_point(*first) and self._is_point(*second)

    def is_coordinate_entry(self, key: str, value: Any) -> bool:
        """Return True if an entry of data is coordinates by its key: numbers, also as texts or in lists."""
        keys = _NUMBER_KEYS if is_number(value) else COORDINATE_KEYS
        return key.lower() in keys and _is_numeric(value)

    def is_coordinate_number(self, value: Any) -> bool:
        """Return True if a number has the size of an easting with its zone, or of a northing, of the plan."""
        # A digest such as 123e456 reads as an infinite number.
        return bool(is_number(value) and _ZONE_FACTOR <= abs(value) < 1e18 and self._is_single(repr(float(value))))


class _PlainCharacters(dict[int, str | None]):
    """Character → its plain form: digit, blank, dash, sign; None for one that is not seen."""

    def __missing__(self, code: int) -> str | None:
        plain = unicodedata.normalize("NFKC", chr(code))
        known = plain if len(plain) == 1 else chr(code)
        digit, kind = unicodedata.digit(known, known), unicodedata.category(chr(code))
        self[code] = {"Cf": None, "Mn": None, "Me": None, "Zs": " ", "Pd": "-"}.get(kind, str(digit))
        return self[code]


_PLAIN_CHARACTERS = _PlainCharacters({ord(sign): plain for signs, plain in _SIGNS for sign in signs})


def _read_metres(match: re.Match[str]) -> str:
    """Return a number as digits without separators; one of kilometres with three decimals in metres."""
    text = _SEPARATORS.sub("", match[0])
    is_place = len(text.partition(".")[2]) >= _PLACE_DECIMALS and _KILOMETRES.match(match.string, match.end())
    factor = _METRES_PER_KILOMETRE if is_place else 1
    return f"{float(text) * factor:.3f}" if is_place or "e" in text.lower() else text


def is_number(value: Any) -> bool:
    """Return True for a number that is not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_numeric(value: Any) -> bool:
    """Return True for a number, also as text, and for lists of numbers; False for an empty one."""
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_numeric, value))
    return is_number(value) or (isinstance(value, str) and _NUMERIC_TEXT.fullmatch(value) is not None)


def make_coordinate_finder(plan: Plan) -> CoordinateFinder:
    """Return a finder for the extent of a plan's layers, widened by a quarter.

    It is that of the county or its townships, else of most rows of all layers: a misplaced row of another layer would
    make it as large as the zone.
    """
    divisions = [plan.find_layer_of_concept(concept) for concept in ("county", "townships")]
    known = [layer for layer in divisions if layer is not None and len(layer)]
    layers = known[:1] or [layer for layer in dict.values(plan.layers) if len(layer)]
    shapes = np.concatenate([np.empty(0, dtype=object), *(layer.plane_shapes for layer in layers)])
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return CoordinateFinder()
    outliers = 0 if known else _OUTLIER_PERCENT
    west, south = np.percentile(bounds[:, :2], outliers, axis=0).tolist()
    east, north = np.percentile(bounds[:, 2:], 100 - outliers, axis=0).tolist()
    corners = np.array([[west, south], [west, north], [east, south], [east, north]])
    degrees = np.asarray(crs_care.make_lonlat_transformer(plan.plane_crs)(corners))
    return make_finder_of_extent(
        (west, south, east, north), (*degrees.min(axis=0).tolist(), *degrees.max(axis=0).tolist())
    )


def make_finder_of_extent(
    metres: tuple[float, float, float, float], degrees: tuple[float, float, float, float]
) -> CoordinateFinder:
    """Return a finder for an extent (west, south, east, north), given in metres and in degrees."""
    west, south, east, north = metres
    return CoordinateFinder(
        _widen(_strip_zone(west), _strip_zone(east)),
        _widen(south, north),
        _widen(degrees[0], degrees[2]),
        _widen(degrees[1], degrees[3]),
    )


def _widen(low: float, high: float) -> tuple[float, float]:
    """Return a range widened by the margin."""
    margin = (high - low) * _MARGIN_SHARE
    return float(low - margin), float(high + margin)


def _strip_zone(easting: float) -> float:
    """Return an easting (m) without the number of its zone; another number unchanged."""
    return easting % _ZONE_FACTOR if int(easting // _ZONE_FACTOR) in _ZONE_NUMBERS else easting


def _is_in(value: float, limits: tuple[float, float] | None) -> bool:
    return limits is not None and limits[0] <= value <= limits[1]


def _join_spans(spans: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return spans sorted, with overlapping ones joined; the larger number of coordinates counts."""
    joined: list[tuple[int, int, int]] = []
    for start, end, count in sorted(spans):
        if joined and start < joined[-1][1]:
            first, last, former = joined[-1]
            joined[-1] = (first, max(last, end), max(former, count))
        else:
            joined.append((start, end, count))
    return joined


def list_crs_labels(plan: Plan) -> list[str]:
    """Return the labels of all CRS of a plan, as messages and provenance write them."""
    layers = list(dict.values(plan.layers))
    known = {plan.crs, plan.plane_crs, *(layer.crs for layer in layers), *(layer.known_crs for layer in layers)}
    labels = {label for crs in known if crs is not None for label in (crs_care.make_crs_label(crs), crs.name)}
    labels.update(label for one in layers for label in (one.source.described_crs, *one.source.shape_crs))
    return sorted(label for label in labels if label.strip().lower() not in _UNNAMED)
