# SPDX-License-Identifier: GPL-2.0-or-later
"""Take coordinates, names of hidden layers and persons, paths and CRS out of texts, data, documents and pages.

The crude search for coordinates in written files (runs of digits of the county's extent) shares no pattern with the
finder that takes coordinates out (`coordinates`), so that both do not miss the same form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape, unescape
from typing import Any, TypeVar

from ...base.connection_text import FOLDER
from ...base.files.encoding import BLANK_WORDS
from ...model.report import Report
from ...plan.plan import Plan
from ..words import ReportTexts
from .coordinates import CRS_TEXT, CoordinateFinder
from .edition import CRS_TEXTS, PublicEdition, RemovalRecord

#: Dates with times, and digests: their digits mean no place.
_OTHER_DIGITS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?|\b[0-9a-f]{20}\b|\b[0-9a-f]{64}\b")
_UNSEEN = re.compile(r"[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u20d0-\u20f0\ufe00-\ufe0f\ufeff]")
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
#: A unit behind a run makes it a figure.
_FIGURE = r"[\d.]*\s*(?:m|k|h|平|公|万|亩|米|元|个|处|条|块|项|人|%)"
_Range = tuple[float, float] | None
#: Embedded pictures of a page, style sheets and tags: they have no text.
_PAGE_PARTS = re.compile(r"(<style\b.*?</style>|<[^>]*>)", re.DOTALL | re.IGNORECASE)
#: Attributes of tags that are read or shown.
_TEXT_ATTRIBUTES = re.compile(
    r"(?<=\s)((?:title|alt|placeholder|summary|label|content|aria-[a-z]+)\s*=\s*)(\"[^\"]*\"|'[^']*')", re.IGNORECASE
)
#: Shorter names of files are words of the language.
_MIN_FILE_NAME_CHARACTERS = 4
_MIN_CRS_CHARACTERS = 4
_ROW_NUMBER_KEYS = ("fid", "related_fid", "related_fids")
_ROLE_KEYS = ("role", "related_role", "roles", "related_roles", "layer_role")
_FILE_KEY = "attachment"
#: Keys of persons and files in waivers and confirmations.
PERSON_KEYS = frozenset(("author", "by", _FILE_KEY))
#: A shorter name occurs in other words.
_MIN_NAME_CHARACTERS = 2
_BETWEEN_NAMES = re.compile(r"[、,，;；/|()（）]+")
_BETWEEN_CHINESE_NAMES = re.compile(r"[、,，;；/|()（）\s]+")
T = TypeVar("T")


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


class Redactor:
    """Takes out of texts what a public edition may not show, and counts it in ``record``.

    ``layer_names``: names of the hidden layers in the data; ``file_names``: names of the files that were read or
    attached; ``persons``: names of persons; ``crs_labels``: labels of the CRS of the data; ``hidden_roles``: codes of
    layers that their names hide, further to those of the edition.
    """

    def __init__(
        self,
        edition: PublicEdition,
        finder: CoordinateFinder,
        lang: str,
        layer_names: Iterable[str] = (),
        file_names: Iterable[str] = (),
        *,
        persons: Iterable[str] = (),
        crs_labels: Iterable[str] = (),
        hidden_roles: Iterable[str] = (),
    ):
        self.edition, self.finder, self.record = edition, finder, RemovalRecord()
        self.texts = ReportTexts(lang)
        self.hidden_roles = edition.hidden_roles | frozenset(hidden_roles)

        def make_entry(names: Iterable[str], key: str, item: str) -> list[tuple[re.Pattern[str], str, str]]:
            """Return the pattern of names, the word instead of them, and the item of the record; nothing without."""
            pattern = make_name_pattern(sorted(set(names), key=len, reverse=True))
            return [(pattern, self.texts.get("public", f"{key}_left_out"), item)] if pattern else []

        self._coordinate_word = self.texts.get("public", "coordinate_left_out")
        crs_patterns = [
            *make_entry((one for one in crs_labels if len(one) >= _MIN_CRS_CHARACTERS), "crs", "crs_texts"),
            (CRS_TEXT, self.texts.get("public", "crs_left_out"), "crs_texts"),
        ]
        self._crs_patterns = crs_patterns if CRS_TEXTS in edition.elements else []
        self._patterns = [
            (FOLDER, "", "paths"),
            *make_entry((one for one in file_names if len(one) >= _MIN_FILE_NAME_CHARACTERS), "file", "sources"),
            *make_entry(edition.list_hidden_names(layer_names), "layer", "names"),
            *make_entry(persons, "person", "persons"),
        ]
        self.withheld = self.texts.get("public", "row_left_out")

    # -- what is found

    def find_leaks(self, text: str) -> list[str]:
        """Return the parts of a text that a public edition may not show."""
        leaks = self.find_coordinates(text)
        for pattern, _, _ in (*self._crs_patterns, *self._patterns):
            leaks += [match.group() for match in pattern.finditer(text)]
        return leaks

    def find_coordinates(self, text: str) -> list[str]:
        """Return the coordinates in a text, by both searches."""
        found = [text[start:end] for start, end, _ in self.finder.find_spans(text)]
        return found + find_suspect_digits(text, **vars(self.finder))

    # -- texts

    def redact_text(self, text: str) -> str:
        """Return a text without coordinates, names of hidden layers, persons and source files, folders and CRS."""
        # The central meridian of a CRS is also a longitude.
        text = self._replace(self._crs_patterns, text)
        for start, end, count in reversed(self.finder.find_spans(text)):
            text = text[:start] + self._coordinate_word + text[end:]
            self.record.count("coordinates", count)
        return self._replace(self._patterns, text)

    def _replace(self, patterns: list[tuple[re.Pattern[str], str, str]], text: str) -> str:
        """Return a text with a word for each match of patterns; the matches are counted."""
        for pattern, word, item in patterns:
            text, number = pattern.subn(word, text)
            self.record.count(item, number)
        return text

    # -- data

    def redact_value(self, value: Any, *, withholds: bool = False) -> Any:
        """Return plain data without what a public edition may not show; numbers remain, except coordinates.

        ``withholds``: the data are about a hidden layer, so all their texts are taken out.
        """
        if isinstance(value, str):
            return (self.withheld if value else value) if withholds else self.redact_text(value)
        if isinstance(value, list | tuple):
            if self.finder.is_coordinate_pair(value):
                self.record.count("coordinates")
                return None
            return [self.redact_value(one, withholds=withholds) for one in value]
        if isinstance(value, dict):
            withholds = withholds or self._is_about_hidden_layer(value)
            return {
                self.redact_text(key) if isinstance(key, str) else key: self._redact_entry(key, one, withholds)
                for key, one in value.items()
                if not (withholds and key in _ROW_NUMBER_KEYS)
            }
        return value

    def _redact_entry(self, key: Any, value: Any, withholds: bool) -> Any:
        if self.finder.is_coordinate_entry(str(key), value):
            self.record.count("coordinates")
            return None
        if key in PERSON_KEYS and isinstance(value, str):
            self.record.count("persons", int(bool(value)))
            return ""
        return self.redact_value(value, withholds=withholds)

    def _is_about_hidden_layer(self, row: dict[Any, Any]) -> bool:
        """Return True if a row of data names a hidden layer by its role."""
        values = (row.get(key) for key in _ROLE_KEYS)
        roles = (role for one in values for role in (one if isinstance(one, list | tuple) else [one]))
        return any(isinstance(role, str) and role in self.hidden_roles for role in roles)

    # -- documents and pages

    def redact_page(self, page: str) -> str:
        """Return a page (HTML) with its texts and titles redacted; other attributes and pictures are unchanged."""

        def redact_escaped(text: str, *, quote: bool) -> str:
            plain = unescape(text)
            changed = self.redact_text(plain)
            return text if changed == plain else escape(changed, quote=quote)

        def redact_attribute(match: re.Match[str]) -> str:
            changed = redact_escaped(match[2][1:-1], quote=True)
            return match[0] if changed == match[2][1:-1] else f'{match[1]}"{changed}"'

        return "".join(
            _TEXT_ATTRIBUTES.sub(redact_attribute, part) if place % 2 else redact_escaped(part, quote=False)
            for place, part in enumerate(_PAGE_PARTS.split(page))
        )


def list_page_texts(page: str) -> list[str]:
    """Return the texts of a page (HTML): between the tags, and in attributes that are read or shown."""
    parts = _PAGE_PARTS.split(page)
    attributes = [match[2][1:-1] for tag in parts[1::2] for match in _TEXT_ATTRIBUTES.finditer(tag)]
    return [unescape(text) for text in (*parts[::2], *attributes)]


def make_name_pattern(names: list[str]) -> re.Pattern[str] | None:
    """Return a pattern of names as whole words; Chinese names also within words. None without names."""
    if not names:
        return None
    parts = [
        rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])" if name.isascii() else re.escape(name) for name in names
    ]
    return re.compile("|".join(parts))


def list_persons(report: Report, plan: Plan) -> tuple[list[str], list[str]]:
    """Return (names of persons, names of attachments) in findings, provenance and profile.

    An entry may name several persons, and their office. The office that the document names as its author is public.
    """
    profiles = [
        confirmed_by
        for profile in plan.norm.profile.list_base_profiles()
        for confirmed_by in (profile.confirmed_by, *profile.confirmed_singly.values())
    ]
    names: set[str] = set()
    files: set[str] = set()
    for source in (*(finding.params for finding in report.findings), report.provenance, *profiles):
        for key, text in _iterate_entries(source):
            if key == _FILE_KEY:
                files.add(text)
            else:
                # The words of a Latin name stay together.
                pattern = _BETWEEN_NAMES if text.isascii() else _BETWEEN_CHINESE_NAMES
                names |= {text, *(part.strip() for part in pattern.split(text))}
    public = {str(value).strip() for value in (report.provenance.get("document") or {}).values()}
    chosen = [
        name
        for name in names
        if len(name) >= _MIN_NAME_CHARACTERS and name.lower() not in BLANK_WORDS and name not in public
    ]
    return sorted(chosen, key=lambda name: (-len(name), name)), sorted(files)


def _iterate_entries(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (key, text) of the persons and attachments in plain data."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in PERSON_KEYS and isinstance(one, str) and one.strip():
                yield key, one.strip()
            else:
                yield from _iterate_entries(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _iterate_entries(one)
