# SPDX-License-Identifier: GPL-2.0-or-later
"""Forms of boundary-point files as data: one TOML file for each layout, which an office can copy and change."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from ....paths import BOUNDARY_POINTS_FOLDER
from ...base.errors import DataError
from ...base.files.data import (
    NOT_IN_FILE,
    check_keys,
    check_known,
    find_data_file,
    list_data_ids,
    read_toml,
    read_toml_record,
)

SETTINGS_FILE = BOUNDARY_POINTS_FOLDER / "settings.toml"
#: Chooses the form from the content of a file, or the form that a layer was imported with.
AUTOMATIC = "auto"
TEXT_KIND, TABLE_KIND = "text", "table"
#: Items of a parcel by the names that forms use.
PARCEL_ITEMS = (
    "count", "area", "number", "name", "kind", "sheet", "use", "land_class", "parcel_type", "land_type",
    "quality_before", "quality_after", "remark",
)  # fmt: skip
POINT_ITEMS = ("point", "ring", "north", "east")


@dataclass(frozen=True)
class Numbering:
    """How the points of a parcel are numbered that is not as imported.

    ``prefix``: before the number. ``closing``: the closing point is named as the ``first`` point, has the ``next``
    number, or there is ``none``. ``counts_closing``: 界址点数 includes closing points. ``restarts``: each ring begins
    with number 1. ``start``: ``north-west``, or ``stored`` for the first vertex. ``direction`` of outer rings; holes
    run in the other direction.
    """

    prefix: str
    closing: Literal["first", "next", "none"]
    counts_closing: bool
    restarts: bool
    start: Literal["north-west", "stored"]
    direction: Literal["clockwise", "anticlockwise", "stored"]


@dataclass(frozen=True)
class _Sections:
    """Headings of the two parts of a file, empty for a form without parts."""

    header: str = ""
    parcels: str = ""


@dataclass(frozen=True)
class _HeaderLine:
    key: str
    value: str


@dataclass(frozen=True)
class _Line:
    """The items of a line (of a row, for tables) in order."""

    items: tuple[str, ...]
    end_mark: str = ""


@dataclass(frozen=True)
class _Numbers:
    """How numbers are written. ``zone_number``: eastings have it, lack it, or are as ``stored``."""

    coordinate_decimals: int
    area_decimals: int
    area_unit: str
    zone_number: Literal["with", "without", "stored"]


@dataclass(frozen=True)
class _Crs:
    """What holds for all files of a form; empty and 0 if the files state it."""

    datum: str = ""
    zone: int = 0


@dataclass(frozen=True)
class PointForm:
    """A layout of boundary-point files.

    ``id``: stem of the form's file; ``automatic``: may be chosen by the content of a file; ``header``: lines that are
    written for a layer without a stored header, whose values may have placeholders. ``headings``: item of a table →
    possible headings of its column, of which the first is written.
    """

    id: str = field(metadata=NOT_IN_FILE)
    name: str
    kind: Literal["text", "table"]
    mark: Literal["A", "B", "C"]
    source: str
    encoding: Literal["GBK", "UTF-8"]
    line_end: Literal["crlf", "lf"]
    separator: str
    point: _Line
    numbering: Numbering
    numbers: _Numbers
    name_en: str = ""
    automatic: bool = True
    sections: _Sections = _Sections()
    header: tuple[_HeaderLine, ...] = ()
    parcel: _Line = _Line(())
    headings: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    crs: _Crs = _Crs()

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for an unknown or repeated item, an unknown unit, and what the kind of the form requires."""
        check_known(self.numbers.area_unit, load_settings().area_units, file, "numbers.area_unit")
        check_keys(self.headings, required=(), allowed=(*PARCEL_ITEMS, *POINT_ITEMS), file=file, where="headings")
        for key, line, known in (("parcel", self.parcel, PARCEL_ITEMS), ("point", self.point, POINT_ITEMS)):
            for position, item in enumerate(line.items):
                # A repeated item is an error too.
                check_known(item, [one for one in known if one not in line.items[:position]], file, f"{key}.items")
        missing = [f"point.items: {item}" for item in ("point", "north", "east") if item not in self.point.items]
        if self.kind == TABLE_KIND:
            items = (*self.parcel.items, *self.point.items)
            missing += [f"headings.{item}" for item in items if not self.headings.get(item)]
        elif len(self.separator) != 1:
            missing.append("separator")
        elif self.parcel.items and not (self.parcel.end_mark and self.sections.parcels):
            missing.append("sections.parcels, parcel.end_mark")
        if missing:
            raise DataError("data_key_missing", file=str(file), key=missing[0])

    def get_title(self, lang: str) -> str:
        """Return the name of the form in a language."""
        return self.name_en if lang == "en" and self.name_en else self.name


def load_form(name: str) -> PointForm:
    """Return a form by its id, or by the path of a .toml file.

    Raises
    ------
    DataError
        The form does not exist (the error lists the ids), or its file has an error (with file and key).
    """
    path = find_data_file(name, BOUNDARY_POINTS_FOLDER, "boundary_form_unknown", other_names=[AUTOMATIC])
    return _read_form(path, path.stat().st_mtime_ns)


def load_automatic_forms(kind: str) -> list[PointForm]:
    """Return the forms of a kind that may be chosen by the content of a file, the most usual one first (by its id)."""
    forms = [load_form(name) for name in list_data_ids(BOUNDARY_POINTS_FOLDER)]
    return [form for form in forms if form.kind == kind and form.automatic]


@lru_cache(maxsize=32)
def _read_form(path: Path, modified_ns: int) -> PointForm:
    """Read a form from its file; cached until the file is modified."""
    return read_toml_record(PointForm, path, given={"id": path.stem})


def make_layout(form: PointForm) -> FileLayout:
    """Return the layout of a file in a form: a table in UTF-8 has a byte order mark, without which Excel garbles it."""
    has_mark = form.encoding == "UTF-8" and form.kind == TABLE_KIND
    return FileLayout(form.encoding.lower(), has_mark, "\r\n" if form.line_end == "crlf" else "\n")


@dataclass(frozen=True)
class FileLayout:
    """How a text file was written, which an export repeats.

    ``codec``: Python's name of the encoding; ``has_mark``: it begins with a byte order mark; ``line_end``: of its first
    line; ``ends_with_line_end``: its last line has one too. ``header``: all lines before the parcels, unchanged.
    """

    codec: str
    has_mark: bool = False
    line_end: str = "\n"
    ends_with_line_end: bool = True
    header: tuple[str, ...] = ()

    @property
    def encoding_name(self) -> str:
        """Return the name of the encoding for users: GBK for its superset too."""
        return "GBK" if self.codec in ("gbk", "gb18030") else self.codec.upper()


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
        ranges = {3: self.zones_3, 6: self.zones_6}
        return next((width for width, (first, last) in ranges.items() if first <= zone <= last), 0)


def normalise_word(text: str) -> str:
    """Return a text in capitals, with half-width characters and without blanks, for comparisons."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def find_meaning(text: str, words_by_meaning: Mapping[str, Iterable[str]]) -> str:
    """Return what a heading of a column or a key of a header states, such as ``zone`` for 带号; empty if unknown."""
    word = normalise_word(text)
    return next((meaning for meaning, words in words_by_meaning.items() if word in map(normalise_word, words)), "")


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
