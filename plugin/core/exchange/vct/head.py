# SPDX-License-Identifier: GPL-2.0-or-later
"""Header of a VCT file: spheroid, zone, meridian, units, axes, extent.

It is written in one form. Two forms are read: LANDUSE-VCT and CNSDTF-VCT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import InputError, OutputError
from ...geometry.crs import CGCS2000_DEGREES, describe_crs, make_crs_label, make_gauss_kruger_crs
from .line_reader import MAX_COORDINATE, LineReader, shorten_line
from .settings import VCT_SEPARATOR, FileRemarks, VctSettings, load_settings

#: The vertical datum in headers, and its code.
VERTICAL_DATUM_NAME, VERTICAL_CRS = "1985国家高程基准", "EPSG:5737"
SPHEROID_VALUE = "CGCS2000,6378137.0,298.257222101"
#: Keys that a header should have, by their small letters; a CRS in degrees needs no projection.
_KEYS_BY_LOWER_CASE = {key.lower(): key for key in (
    "Datamark", "Version", "CoordinateSystemType", "Dim", "XAxisDirection", "YAxisDirection", "XYUnit", "ZUnit", "Spheroid",  # noqa: E501 - a table
    "PrimeMeridian", "Projection", "Parameters", "VerticalDatum", "TemporalReferenceSystem", "ExtentMin", "ExtentMax",
    "MapScale", "Offset", "Date", "Separator",
)}  # fmt: skip
#: Keys required for reading, with an example value for the message.
_EXAMPLE_VALUES = {"spheroid": SPHEROID_VALUE, "parameters": "114,1,38500000,0,3,38"}
#: Semi-major axis, inverse flattening and semi-minor axis of CGCS2000.
_SEMI_MAJOR_AXIS, _INVERSE_FLATTENING, _SEMI_MINOR_AXIS = 6_378_137.0, 298.257222101, 6_356_752.314
#: Names under which files declare CGCS2000's ellipsoid.
_CGCS2000_SPHEROID_NAMES = ("2000", "GRS80", "GRS 80", "GRS1980", "GRS 1980")
_EAST_WORDS, _NORTH_WORDS = ("E", "EAST", "东"), ("N", "NORTH", "北")
_UNIT_WORDS = {False: ("M", "METER", "METERS", "METRE", "METRES", "米"), True: ("D", "DEGREE", "DEGREES", "度")}
#: The extent in its earlier spelling.
_EXTENT_KEYS = ("minx", "miny", "maxx", "maxy")
#: Keys of earlier versions.
_EARLIER_KEYS = ("unit", "scalem", "scale", *_EXTENT_KEYS)


@dataclass(frozen=True)
class VctHeader:
    """Values of a VCT header that reading needs.

    ``is_northing_first``: positions have the northing first; ``position_offset``: (x, y) to add to positions;
    ``vertical_datum``: name of the vertical datum; ``declared_extent``: declared corners (2, 2), lower first, and their
    line; ``numbers_per_position``: numbers per position, 2 or 3.
    """

    crs: CRS
    numbers_per_position: int = 2
    is_northing_first: bool = False
    position_offset: tuple[float, float] = (0.0, 0.0)
    vertical_datum: str = ""
    declared_extent: tuple[NDArray, int] | None = None


def check_supported_crs(crs: CRS | None, layer: str) -> None:
    """Raise OutputError for a CRS that a VCT header cannot name.

    Supported are CGCS2000 in degrees and its 3° and 6° Gauss–Krüger zones.
    """
    # The header names a zone by number and width: another central meridian or datum has no place in it.
    frame = describe_crs(crs) if crs is not None else None
    if (
        frame is None
        or not frame.is_cgcs2000
        or not (frame.is_geographic or _compute_zone_width(frame.zone_number, frame.central_meridian))
    ):
        raise OutputError("vct_crs", layer=layer, crs=make_crs_label(crs))


def _compute_zone_width(zone: int | None, meridian: float | None) -> int:
    """Return the width (3 or 6 degrees) of a Gauss–Krüger zone, given by number and central meridian.

    Return 0 if they fit neither width, or if one of them is unknown.
    """
    if zone is None or meridian is None:
        return 0
    return {zone * 3.0: 3, zone * 6.0 - 3: 6}.get(meridian, 0)


def make_header_lines(
    crs: CRS, lower_corner: list[str], upper_corner: list[str], settings: VctSettings, today: date
) -> list[str]:
    """Return the header to write, as lines of text.

    ``lower_corner`` and ``upper_corner``: x and y of the extent's corners, as texts to print.
    """
    crs_facts = describe_crs(crs)
    meridian, zone = f"{crs_facts.central_meridian:g}" if not crs_facts.is_geographic else "", crs_facts.zone_number
    width = _compute_zone_width(zone, crs_facts.central_meridian)
    parameters = f"{meridian},1,{crs_facts.false_easting:.0f},0,{width},{zone}"
    if settings.parameters == "long":
        # One of the two known notations has further empty values.
        parameters = f"{meridian},,,,1.0,{crs_facts.false_easting:.1f},0.0,{width},{zone}"
    pairs = {
        "Datamark": settings.datamark,
        "Version": settings.version,
        "CoordinateSystemType": "D" if crs_facts.is_geographic else "P",
        "Dim": "2",
        "XAxisDirection": "E",
        "YAxisDirection": "N",
        "XYUnit": "D" if crs_facts.is_geographic else "M",
        "ZUnit": "M",
        "Spheroid": SPHEROID_VALUE,
        "PrimeMeridian": "Greenwich",
        "Projection": "" if crs_facts.is_geographic else "高斯-克吕格投影",
        "Parameters": "" if crs_facts.is_geographic else parameters,
        "VerticalDatum": VERTICAL_DATUM_NAME,
        "TemporalReferenceSystem": "北京时间",
        "ExtentMin": VCT_SEPARATOR.join(lower_corner),
        "ExtentMax": VCT_SEPARATOR.join(upper_corner),
        "MapScale": str(settings.map_scale),
        "Offset": "0,0",
        "Date": f"{today:%Y%m%d}",
        "Separator": VCT_SEPARATOR,
    }
    return ["HeadBegin", *(f"{key}:{value}" for key, value in pairs.items()), "HeadEnd"]


def read_header(line_reader: LineReader, remarks: FileRemarks) -> VctHeader:
    """Read the header up to HeadEnd.

    Each key is used, verified, or reported in a remark. Raises InputError for another file format and for an
    unsupported CRS.
    """
    _skip_to_head(line_reader, remarks)
    pairs: dict[str, tuple[str, int, str]] = {}
    while (line := line_reader.read_text()).strip().lower() != "headend":
        key, colon, value = line.replace("：", ":", 1).partition(":")
        if not colon:
            line_reader.refuse_section_mark(line)
            raise line_reader.make_error("vct_head_line", value=shorten_line(line))
        # A separator may be a tab, which stripping would remove.
        value = value.strip() or ("\t" if "\t" in value and key.strip().lower() == "separator" else "")
        key = key.strip()
        # Some programs repeat a key; only another value for it is a contradiction.
        other, first, _ = pairs.setdefault(key.lower(), (value, line_reader.number, key))
        if other != value:
            raise line_reader.make_error("vct_head_twice", key=key, value=value, first=first, other=other)
    header = HeaderPairs(line_reader, pairs, remarks)
    separator = header.get_value("separator")
    header.refuse_unless(
        len(separator) <= 1 and not (separator.isalnum() or separator in tuple('+-._"')),
        "separator",
        VCT_SEPARATOR,
        "vct_head_form",
    )
    # All values after the header are split by it, so it must be known before the first of them.
    line_reader.separator = separator or VCT_SEPARATOR
    (dim,) = header.read_numbers("dim", (1,), "vct_head_dim") or [2.0]
    if dim not in (2, 3):
        raise header.make_error("dim", "vct_head_dim")
    crs = read_crs(header)
    offset = header.read_numbers("offset", (2, 3), "vct_head_offset")
    # After the CRS, so that a wrong one is reported first, and the keys that it used are not reported as unused.
    # A raster or another content is refused; another version and unknown keys give a remark.
    version = header.get_value("version").strip().upper().removeprefix("V")
    if version and version not in ("3", "3.0", "3.00") and "17798" not in version:
        header.add_remark("version", "vct_note_version")
    for key, (value, *_) in header.pairs.items():
        if value and key not in _KEYS_BY_LOWER_CASE and key not in _EARLIER_KEYS:
            header.add_remark(key, "vct_note_head_unused")
    header.refuse_unless(
        not header.get_value("datamark").upper().endswith(("-RAS", "-DEM", "-TIN", "-IMG")),
        "datamark",
        "LANDUSE-VCT / CNSDTF-VCT",
        "vct_head_form",
    )
    return VctHeader(
        crs=crs,
        numbers_per_position=int(dim),
        is_northing_first=read_whether_northing_is_first(header),
        position_offset=(offset[0], offset[1]) if offset else (0.0, 0.0),
        vertical_datum=header.get_value("verticaldatum"),
        declared_extent=read_extent(header),
    )


def _skip_to_head(line_reader: LineReader, remarks: FileRemarks) -> None:
    """Read lines up to HeadBegin; add a remark on earlier lines.

    Raise InputError without HeadBegin.
    """
    line_reader.verify_encoding_and_line_ends()
    first = 0, ""
    # Number of lines searched for HeadBegin: comments may come first.
    for _ in range(200):
        line = line_reader.read_raw_line_or_none()
        if line is None:
            break
        word = line.strip().removeprefix(b"\xef\xbb\xbf")
        if word.lower() == b"headbegin":
            if first[0]:
                remarks.add_remark("vct_note_before_head", line_reader.number)
            return
        first = first if first[0] else (line_reader.number, shorten_line(word))
    # Report the wrong first line rather than the end of the file.
    line_reader.torn_line = 0
    line_reader.number = first[0] or 1
    raise line_reader.make_error("vct_no_head" if first[0] else "vct_empty", value=first[1])


@dataclass
class HeaderPairs:
    """Keys and values of a VCT header, with their line numbers."""

    lines: LineReader
    pairs: dict[str, tuple[str, int, str]]
    remarks: FileRemarks

    def get_value(self, key: str) -> str:
        """Return the value of a key, empty if missing."""
        return self.pairs.get(key, ("", 0, ""))[0]

    def get_line_number(self, key: str) -> int:
        """Return the line number of a key."""
        return self.pairs.get(key, ("", self.lines.number, key))[1]

    def make_error(self, key: str, problem: str = "vct_head_value", **params: str) -> InputError:
        """Return an InputError about the value of a key."""
        value, number, written_key = self.pairs.get(key, ("", self.lines.number, _KEYS_BY_LOWER_CASE.get(key, key)))
        self.lines.number = number
        if problem == "vct_head_value":
            problem, params = problem if value else "vct_head_absent", {"wanted": _EXAMPLE_VALUES[key]}
        return self.lines.make_error(problem, key=written_key, value=value, **params)

    def refuse_unless(self, is_valid: bool, key: str, expected: str, problem: str = "vct_head_wanted") -> None:
        """Raise InputError about the value of a header key if ``is_valid`` is False.

        ``expected``: the expected value for the message; ``problem``: text key of the message.
        """
        if not is_valid:
            raise self.make_error(key, problem, wanted=expected)

    def add_remark(self, key: str, problem: str) -> None:
        """Add a remark (text key ``problem``) that the value of a header key was ignored."""
        value, number, written_key = self.pairs[key]
        self.remarks.add_remark(problem, number, key=written_key, value=value)

    def split_numbers(self, key: str, problem: str = "vct_head_value") -> list[float | None]:
        """Return the comma-separated numbers in the value of a header key, ``None`` for an empty position.

        Empty positions at the end are left out. Raises InputError with the text key ``problem`` for a part that is not
        numeric.
        """
        texts = [t.strip() for t in self.get_value(key).replace(self.lines.separator, ",").split(",")]
        while texts and not texts[-1]:
            texts.pop()
        try:
            numbers = [float(text) if text else None for text in texts]
        except ValueError as error:
            raise self.make_error(key, problem) from error
        if not all(number is None or abs(number) <= MAX_COORDINATE for number in numbers) or "_" in self.get_value(key):
            raise self.make_error(key, problem)
        return numbers

    def read_numbers(self, key: str, counts: tuple[int, ...], problem: str) -> list[float]:
        """Return the numbers in the value of a header key; an empty list if the key is missing.

        Raises InputError with the text key ``problem`` unless the value has as many numbers as ``counts`` permits.
        """
        numbers = self.split_numbers(key, problem)
        if self.get_value(key) and (len(numbers) not in counts or None in numbers):
            raise self.make_error(key, problem)
        return [number for number in numbers if number is not None]


def read_crs(header_pairs: HeaderPairs) -> CRS:
    """Return the CRS of a header: CGCS2000 in degrees or a Gauss–Krüger zone.

    The zone comes from the key Parameters, with a zone number in the eastings or without. Raises InputError for any
    other CRS.
    """
    _check_spheroid(header_pairs)
    kind = header_pairs.get_value("coordinatesystemtype").upper()
    header_pairs.refuse_unless(kind in ("P", "D", ""), "coordinatesystemtype", "P / D")
    geographic = kind == "D"
    unit = "xyunit" if "xyunit" in header_pairs.pairs else "unit"
    unit_name = header_pairs.get_value(unit).upper()
    if not kind and unit_name in _UNIT_WORDS[True]:
        raise header_pairs.make_error(unit, "vct_head_no_type")
    header_pairs.refuse_unless(not unit_name or unit_name in _UNIT_WORDS[geographic], unit, _UNIT_WORDS[geographic][0])
    prime = header_pairs.get_value("primemeridian").upper()
    header_pairs.refuse_unless(
        prime in ("", "GREENWICH", "格林尼治", "格林威治", "0", "0.0"), "primemeridian", "Greenwich"
    )
    if geographic:
        return CGCS2000_DEGREES
    projection = header_pairs.get_value("projection")
    is_gauss = bool(re.search("高斯|GAUSS|TRANSVERSE.?MERCATOR", projection, re.I))
    header_pairs.refuse_unless(not projection or is_gauss, "projection", "高斯-克吕格投影")
    # Parameters begin with the central meridian and end with scale, false easting, false northing, width and zone.
    slots = header_pairs.split_numbers("parameters")
    if len(slots) < 5 or any(slots[k] is None for k in (0, -1, -2, -4)):
        raise header_pairs.make_error("parameters")
    meridian, easting, northing, width, zone = (slots[k] or 0.0 for k in (0, -4, -3, -2, -1))
    _check_zone_width(header_pairs, zone, meridian, width)
    prefixed = easting >= 1e6
    crs = make_gauss_kruger_crs(int(zone), int(width), has_number=prefixed)
    # A zone that contradicts the central meridian may shift positions by hundreds of kilometres.
    right = describe_crs(crs).central_meridian
    if right != meridian:
        params = {"meridian": f"{meridian:g}", "zone": f"{zone:g}", "right": f"{right:g}"}
        raise header_pairs.make_error("parameters", "vct_meridian", **params)
    expected_easting = zone * 1e6 + 500_000 if prefixed else 500_000.0
    scale = slots[-5] if len(slots) > 5 and slots[-5] is not None else 1.0
    # The long form has empty places between central meridian and scale: latitudes of other projections.
    valid = easting == expected_easting and northing == 0 and scale == 1 and not any(slots[1:-5])
    header_pairs.refuse_unless(valid, "parameters", f"{right:g},1,{expected_easting:.0f},0,{width:g},{zone:g}")
    for key in ("meridian", "meridinan"):
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", header_pairs.get_value(key))]
        header_pairs.refuse_unless(numbers[:1] in ([], [meridian]) and not any(numbers[1:]), key, f"{meridian:g}")
        if numbers:
            # Verified: `read_header` reports the keys that remain.
            del header_pairs.pairs[key]
    return crs


def _check_spheroid(header_pairs: HeaderPairs) -> None:
    """Raise InputError unless the header's spheroid is that of CGCS2000."""
    text = header_pairs.get_value("spheroid").upper()
    if not text:
        raise header_pairs.make_error("spheroid")
    name, *parameter_texts = [part.strip() for part in text.replace(header_pairs.lines.separator, ",").split(",")]
    try:
        numbers = [float(part) for part in parameter_texts if part]
    except ValueError as error:
        raise header_pairs.make_error("spheroid") from error
    is_cgcs2000_spheroid = any(word in name for word in _CGCS2000_SPHEROID_NAMES) or "298.2572221" in text
    settings = load_settings()
    slacks = ((_INVERSE_FLATTENING, settings.flattening_differs), (_SEMI_MINOR_AXIS, settings.axis_differs_m))
    axis = not numbers or abs(numbers[0] - _SEMI_MAJOR_AXIS) <= settings.axis_differs_m
    second = len(numbers) < 2 or any(abs(numbers[1] - value) <= slack for value, slack in slacks)
    header_pairs.refuse_unless(
        is_cgcs2000_spheroid and axis and second and len(numbers) <= 2, "spheroid", SPHEROID_VALUE, "vct_spheroid"
    )


def _check_zone_width(header_pairs: HeaderPairs, zone: float, meridian: float, width: float) -> None:
    """Raise InputError if the zone number does not fit the zone's width (degrees).

    The number is outside the range of zones of this width, or number and central meridian are those of the other width.
    """
    for degrees, zone_meridian in ((3, 3 * zone), (6, 6 * zone - 3)):
        numbers = load_settings().zones_3 if degrees == 3 else load_settings().zones_6
        if width in (3, 6) and width != degrees and meridian == zone_meridian and numbers[0] <= zone <= numbers[1]:
            params = {"zone": f"{zone:g}", "meridian": f"{meridian:g}", "right": f"{degrees:g}", "width": f"{width:g}"}
            raise header_pairs.make_error("parameters", "vct_zone_width", **params)
    limits = {3.0: load_settings().zones_3, 6.0: load_settings().zones_6}.get(width, (1.0, 0.0))
    if zone != int(zone) or not limits[0] <= zone <= limits[1]:
        raise header_pairs.make_error("parameters")


def read_whether_northing_is_first(header_pairs: HeaderPairs) -> bool:
    """Return True if positions have the northing first.

    Raises InputError unless one axis points east and the other north.
    """
    first, second = header_pairs.get_value("xaxisdirection").upper(), header_pairs.get_value("yaxisdirection").upper()
    if (first in _EAST_WORDS or not first) and (second in _NORTH_WORDS or not second):
        return False
    header_pairs.refuse_unless(not first or first in (*_EAST_WORDS, *_NORTH_WORDS), "xaxisdirection", "E / N")
    # The second axis must be the other one of the two.
    expected_words = _EAST_WORDS if first in _NORTH_WORDS else _NORTH_WORDS
    header_pairs.refuse_unless(
        not second or second in (*_EAST_WORDS, *_NORTH_WORDS), "yaxisdirection", expected_words[0]
    )
    if not first:
        raise header_pairs.make_error("yaxisdirection", "vct_axis_missing")
    if second and second not in expected_words:
        raise header_pairs.make_error(
            "yaxisdirection",
            "vct_axes",
            first=header_pairs.get_value("xaxisdirection"),
            at=str(header_pairs.get_line_number("xaxisdirection")),
        )
    header_pairs.remarks.add_remark("vct_note_axes", header_pairs.get_line_number("xaxisdirection"))
    return True


def read_extent(header_pairs: HeaderPairs) -> tuple[NDArray, int] | None:
    """Return the corners (2, 2) of the declared extent and their line; ``None`` if it is missing or invalid.

    It may be given as ExtentMin and ExtentMax, or as MinX, MinY, MaxX, MaxY. An invalid one gets a remark only,
    because nothing but a comparison depends on it.
    """
    keys = [key for key in ("extentmin", "extentmax", *_EXTENT_KEYS) if header_pairs.get_value(key)]
    if not keys:
        return None
    values = (header_pairs.get_value(key).replace(header_pairs.lines.separator, ",") for key in keys)
    try:
        corners = np.array([value.split(",")[:2] for value in values], dtype=float).reshape(2, 2)
    except ValueError:
        corners = np.full((2, 2), np.nan)
    if np.isfinite(corners).all() and (corners[0] <= corners[1]).all():
        return corners, header_pairs.get_line_number(keys[-1])
    header_pairs.add_remark(keys[0], "vct_note_head_value")
    return None
