# SPDX-License-Identifier: GPL-2.0-or-later
"""Parcels of boundary-point files as read: numbers in their cells, areas, and notes on what is wrong in them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from ...base.placeholders import join_first
from ...standard.messages.texts import Texts, format_number, render_params
from .forms import FileLayout, PointForm, load_settings, normalise_word

_NUMBER_PATTERN = re.compile(r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+")
#: With at least one separator; a point follows only after whole groups of three digits.
_SEPARATED_NUMBER_PATTERN = re.compile(r"[+-]?\d{1,3}(?:[,' \u2009\u00a0]\d{3})+(?:\.\d*)?")
_NUMBER_WITH_UNIT_PATTERN = re.compile(r"([+-]?[\d.,' ]*\d\.?)\s*(\D*)")
#: Degrees, with minutes and seconds or without; NFKC makes ″ two ′.
_MERIDIAN_PATTERN = re.compile(
    r"(?:东经|E)?(\d+(?:\.\d+)?)(?:[°º˚o度:-](?:(\d+(?:\.\d+)?)(?:[′'’分:-](?:(\d+(?:\.\d+)?)(?:′′|''|[\"”秒])?)?)?)?)?(?:东经|E)?",
    re.IGNORECASE,
)
#: Text section of the notes.
NOTES_SECTION = "boundary_notes"


def normalise_digits(text: str) -> str:
    """Return a text with half-width digits, letters and punctuation, without outer blanks."""
    return unicodedata.normalize("NFKC", text).strip()


def parse_number(text: str) -> tuple[str, bool]:
    """Return a number as plain text, and True if it had thousands separators.

    The digits are unchanged, so that nothing is rounded. The text is empty for anything but a number.
    """
    plain = normalise_digits(text)
    if _NUMBER_PATTERN.fullmatch(plain):
        return plain, False
    if _SEPARATED_NUMBER_PATTERN.fullmatch(plain):
        return re.sub(r"[,' \u2009\u00a0]", "", plain), True
    return "", False


def parse_area(text: str) -> tuple[str, str]:
    """Return the number and the unit of an area such as 0.7655公顷; empty texts for what is missing or no number."""
    match = _NUMBER_WITH_UNIT_PATTERN.fullmatch(normalise_digits(text))
    if match is None:
        return "", ""
    number, _ = parse_number(match[1])
    return number, match[2].strip() if number else ""


def find_integer(text: str) -> int | None:
    """Return the integer in a text such as 3度带, 六度带, 38 or 114.0; None without one or with several numbers."""
    plain = normalise_digits(text).translate(str.maketrans("三六", "36"))
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", plain)]
    return int(numbers[0]) if len(numbers) == 1 and numbers[0].is_integer() else None


def parse_meridian(text: str) -> float | None:
    """Return the degrees east of a meridian such as 114, 东经114度 or 113°17′30″; None for another text."""
    match = _MERIDIAN_PATTERN.fullmatch("".join(normalise_digits(text).split()))
    if match is None:
        return None
    degrees, minutes, seconds = (float(number or 0) for number in match.groups())
    return degrees + minutes / 60 + seconds / 3600 if minutes < 60 and seconds < 60 else None


def find_point_number(name: str) -> int | None:
    """Return the number in a point's name, 12 for J12; None without one, and for a name such as J12-1."""
    match = re.fullmatch(r"\D*(\d+)", name)
    return int(match[1]) if match else None


class NoteLevel(StrEnum):
    """What a note means: ``error`` a parcel is left out, ``warning`` it is read and to be checked, ``info``."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Place:
    """Where something is in a file: a line, from 1, or the cell of a sheet, by column letter and row.

    ``sheet``: title of the sheet, empty for a text file.
    """

    line: int
    cell: str = ""
    sheet: str = ""

    def render(self, texts: Texts) -> str:
        """Return the place as text."""
        if self.cell:
            return texts.get(NOTES_SECTION, "at_cell", sheet=self.sheet, cell=self.cell)
        return texts.get(NOTES_SECTION, "at_line", line=self.line)


@dataclass(frozen=True)
class PointNote:
    """A remark on a file, a parcel or a row.

    ``key``: text in the section `NOTES_SECTION`. ``place`` and ``parcel`` (its name, see `RawParcel.label`) are None
    and empty for a remark on the whole file. ``file_name``: empty until the file is read to its end.
    """

    key: str
    level: NoteLevel
    place: Place | None = None
    parcel: str = ""
    params: dict[str, Any] = field(default_factory=dict, hash=False)
    file_name: str = ""

    def render(self, texts: Texts) -> str:
        """Return the note as a sentence that begins with file, place and parcel."""
        places = [self.file_name] if self.file_name else []
        places += [self.place.render(texts)] if self.place else []
        places += [texts.get(NOTES_SECTION, "in_parcel", parcel=self.parcel)] if self.parcel else []
        text = texts.get(NOTES_SECTION, self.key, **render_params(self.params, texts))
        head = texts.get(NOTES_SECTION, "between_places").join(places)
        return texts.get(NOTES_SECTION, "note", places=head, text=text) if head else text


def make_note_on_parcels(key: str, labels: list[str]) -> PointNote:
    """Return a note that counts parcels and lists the first ones."""
    listed = join_first(labels, "、", limit=load_settings().most_listed)
    return PointNote(key, NoteLevel.INFO, params={"count": len(labels), "parcels": listed})


@dataclass(frozen=True)
class PointRow:
    """A point as written.

    ``cells``: the cells of its line, unchanged; for a table in the order point, ring, north, east. ``north``, ``east``:
    coordinates in metres as numbers; ``north_text``, ``east_text``: the same as text without blanks and separators.
    ``ring``: number of its ring, as text.
    """

    cells: tuple[str, ...]
    name: str
    ring: str
    north_text: str
    east_text: str
    place: Place

    @property
    def north(self) -> float:
        """Return the northing in metres."""
        return float(self.north_text)

    @property
    def east(self) -> float:
        """Return the easting in metres."""
        return float(self.east_text)

    @property
    def xy(self) -> tuple[float, float]:
        """Return easting and northing in metres."""
        return self.east, self.north


@dataclass(frozen=True)
class PointRing:
    """A ring of a parcel: its points without the closing one, and the closing one (None if it is missing)."""

    points: tuple[PointRow, ...]
    closing: PointRow | None

    @property
    def rows(self) -> tuple[PointRow, ...]:
        """Return all points, the closing one last."""
        return self.points if self.closing is None else (*self.points, self.closing)


@dataclass
class RawParcel:
    """A parcel as parsed, before its rings are built.

    ``position``: from 1, in the file. ``cells``: cells of its line, unchanged (text files), empty if it has none.
    ``values``: item (`PARCEL_ITEMS`) → text without blanks. ``rows``: its points in order. ``is_broken``: a row could
    not be read, so that the shape is unknown. ``area_unit``: unit of the declared area, empty for the unit of the form.
    """

    position: int
    place: Place
    cells: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)
    rows: list[PointRow] = field(default_factory=list)
    is_broken: bool = False
    area_unit: str = ""

    @property
    def label(self) -> str:
        """Return the parcel's name, else its number, else its position as ``#2``."""
        return self.values.get("name", "") or self.values.get("number", "") or f"#{self.position}"


@dataclass(frozen=True)
class HeaderValue:
    """A value of a header, and where it is."""

    text: str
    place: Place


@dataclass(frozen=True)
class ParsedFile:
    """A file as parsed: form, header, parcels and notes.

    ``header_values``: meaning (`PointSettings`) → value, for the keys that the file has. ``has_stray_points``: lines
    before the first parcel belong to a parcel that is not there.
    """

    path: Path
    form: PointForm
    layout: FileLayout
    header_values: dict[str, HeaderValue]
    parcels: tuple[RawParcel, ...]
    notes: tuple[PointNote, ...]
    has_stray_points: bool = False

    @property
    def parcel_count(self) -> int:
        """Return the number of parcels; stray points count as one."""
        return len(self.parcels) + self.has_stray_points

    @property
    def rows(self) -> list[PointRow]:
        """Return the points of all parcels."""
        return [row for parcel in self.parcels for row in parcel.rows]


@dataclass(frozen=True)
class PointParcel:
    """A parcel with its shape.

    ``shape``: a polygon or multipolygon in the CRS of the file. ``declared_m2``: None if no area is declared.
    ``plane_m2``: area in the plane of the CRS; ``statutory_m2``: 图斑椭球面积.
    """

    raw: RawParcel
    rings: tuple[PointRing, ...]
    shape: BaseGeometry
    declared_m2: float | None = None
    plane_m2: float = 0.0
    statutory_m2: float = 0.0


@dataclass(frozen=True)
class PointFile:
    """A boundary-point file with the shapes of its readable parcels.

    ``parcel_count``: number of parcels of the file, those that were left out included; stray points count as one.
    """

    path: Path
    form: PointForm
    layout: FileLayout
    crs: CRS
    parcels: tuple[PointParcel, ...]
    parcel_count: int
    notes: tuple[PointNote, ...]


def find_area_unit(raw: RawParcel, form: PointForm) -> tuple[str, float]:
    """Return the unit of a parcel's declared area, and its square metres.

    The unit is that in the cell, else that of the column, else that of the form. An unknown one has 0 m².
    """
    _, written = parse_area(raw.values.get("area", ""))
    unit = written or raw.area_unit or form.numbers.area_unit
    return unit, get_square_metres(unit)


def get_square_metres(unit: str) -> float:
    """Return the square metres of a unit of area; 0 for an unknown one."""
    units = {normalise_word(name): factor for name, factor in load_settings().area_units.items()}
    return units.get(normalise_word(unit), 0.0)


def parse_declared_area(raw: RawParcel, form: PointForm) -> float | None:
    """Return the declared area of a parcel in m²; None if none is declared or it cannot be read."""
    number, _ = parse_area(raw.values.get("area", ""))
    factor = find_area_unit(raw, form)[1]
    return float(number) * factor if number and factor else None


def format_area(area_m2: float, unit_m2: float, decimals: int) -> str:
    """Return an area in a unit, rounded half up to a number of decimals."""
    exact = Decimal(repr(area_m2)) / Decimal(repr(unit_m2))
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def format_hectares(area_m2: float) -> str:
    """Return an area in hectares, with four decimals."""
    return format_area(area_m2, 10_000.0, 4)


def compare_areas(parcel: PointParcel, form: PointForm) -> list[PointNote]:
    """Return a note if a parcel's declared area is not its plane area, to the decimals of the form.

    ``parcel``: with areas. An area declared in another unit than the form's is named as such.
    """
    text = parcel.raw.values.get("area", "")
    unit, factor = find_area_unit(parcel.raw, form)
    if not text:
        return []
    if parcel.declared_m2 is None:
        params = {"value": text, "unit": unit}
        return [PointNote("area_unreadable", NoteLevel.WARNING, parcel.raw.place, parcel.raw.label, params)]
    number = parse_area(text)[0]
    # A unit that is smaller than the form's has fewer decimals.
    decimals = form.numbers.area_decimals if unit == form.numbers.area_unit else 2
    if Decimal(format_area(parcel.plane_m2, factor, decimals)) == Decimal(format_area(float(number), 1.0, decimals)):
        return []
    for other, other_factor in load_settings().area_units.items():
        # The areas are equal in another unit, but for rounding.
        if abs(float(number) * other_factor - parcel.plane_m2) <= 0.001 * parcel.plane_m2 and (other_factor != factor):
            params = {"declared": text, "unit": unit, "other": other}
            return [PointNote("area_unit", NoteLevel.WARNING, parcel.raw.place, parcel.raw.label, params)]
    params = {
        "declared": number,
        "unit": unit,
        "computed": format_area(parcel.plane_m2, factor, decimals),
        "difference": format_number(abs(parcel.declared_m2 - parcel.plane_m2), 2),
    }
    return [PointNote("area", NoteLevel.WARNING, parcel.raw.place, parcel.raw.label, params)]


def measure_plane_areas(shapes: NDArray) -> list[float]:
    """Return the areas (m²) of (n,) polygons in their plane.

    Each is computed near the origin: with eastings of eight digits a product of coordinates has too few decimals.
    """
    return [
        float(shapely.area(shapely.transform(shape, lambda xy, shape=shape: xy - np.floor(shapely.bounds(shape)[:2]))))
        for shape in shapes
    ]
