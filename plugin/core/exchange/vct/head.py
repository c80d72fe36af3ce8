# SPDX-License-Identifier: GPL-2.0-or-later
"""Header of a VCT file, and whether the coordinates agree with it.

It is written in one form. Two forms are read: LANDUSE-VCT and CNSDTF-VCT.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import OutputError
from ...geometry.crs import describe_crs, find_coordinate_problem, make_crs_label
from .header_values import (
    SPHEROID_VALUE,
    HeaderPairs,
    check_format,
    read_crs,
    read_extent,
    read_whether_northing_is_first,
)
from .line_reader import LineReader, shorten_line
from .settings import VCT_SEPARATOR, FileRemarks, VctSettings, load_settings
from .stored_shapes import ShapeStore

PROJECTION_NAME = "高斯-克吕格投影"
#: The vertical datum in headers, and its code.
VERTICAL_DATUM_NAME, VERTICAL_CRS = "1985国家高程基准", "EPSG:5737"
TIME_REFERENCE = "北京时间"
#: Number of lines searched for HeadBegin: comments may come first.
_LINES_SEARCHED_FOR_HEAD = 200
#: Length of a degree of latitude in metres.
_DEGREE_M = 111_320.0
#: Largest northing in China, in metres.
_MAX_NORTHING_M = 6_700_000.0
#: Largest rounding error of a printed decimal number, as a share of a minute.
_MINUTE_ROUNDING = 1e-7
#: Seconds that rounding in print turns into sixty.
_MAX_SECONDS = 60.0001


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
        "Projection": "" if crs_facts.is_geographic else PROJECTION_NAME,
        "Parameters": "" if crs_facts.is_geographic else parameters,
        "VerticalDatum": VERTICAL_DATUM_NAME,
        "TemporalReferenceSystem": TIME_REFERENCE,
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
            raise line_reader.make_error("vct_head_line", value=shorten_line(line.encode()))
        # A separator may be a tab, which stripping would remove.
        value = value.strip() or ("\t" if "\t" in value and key.strip().lower() == "separator" else "")
        key = key.strip()
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
    line_reader.separator = separator or VCT_SEPARATOR
    (dim,) = header.read_numbers("dim", (1,), "vct_head_dim") or [2.0]
    if dim not in (2, 3):
        raise header.make_error("dim", "vct_head_dim")
    crs = read_crs(header)
    offset = header.read_numbers("offset", (2, 3), "vct_head_offset")
    check_format(header)
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
    for _ in range(_LINES_SEARCHED_FOR_HEAD):
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
    line_reader.mark_as_complete()
    line_reader.number = first[0] or 1
    raise line_reader.make_error("vct_no_head" if first[0] else "vct_empty", value=first[1])


def verify_positions(
    header: VctHeader, stores: list[ShapeStore], line_reader: LineReader, remarks: FileRemarks
) -> None:
    """Raise InputError for positions outside the zone of the header, and for degrees written as DD.MMSS.

    A declared extent that differs from the data gets a remark.
    """
    corners = [(xy.min(axis=0), xy.max(axis=0)) for store in stores for xy in store.iterate_position_blocks()]
    if not corners:
        return
    lows, highs = np.array(corners).swapaxes(0, 1)
    bounds = np.array([lows.min(axis=0), highs.max(axis=0)])
    if _find_problem(header, bounds):
        count, key = 0, ""
        frame = describe_crs(header.crs)
        params: dict[str, str | int] = {
            "crs": make_crs_label(header.crs),
            "meridian": f"{frame.central_meridian or 0:g}",
        }
        for store in stores:
            for record in range(len(store)):
                xy = store.read_positions(record)
                if not _find_problem(header, xy):
                    continue
                count += 1
                if key:
                    continue
                problems = ((x, y, _find_problem(header, np.array([[x, y]]))) for x, y in xy.tolist())
                x, y, kind = next((x, y, problem) for x, y, problem in problems if problem)
                key = f"vct_place_{kind}" + ("_degrees" if kind == "beyond" and frame.is_geographic else "")
                params |= {"x": f"{x:.10g}", "y": f"{y:.10g}", "id": store.get_record_id(record)}
                line_reader.number = store.get_line_number(record)
        raise line_reader.make_error(key, count=count, **params)
    if describe_crs(header.crs).is_geographic and not any(header.position_offset):
        for store in stores:
            _refuse_packed_degrees(store, line_reader)
    if header.declared_extent is not None:
        _compare_with_extent(header, *header.declared_extent, bounds, remarks)


def _find_problem(header: VctHeader, xy: NDArray) -> str:
    """Return the kind of problem (`find_coordinate_problem`) of positions (n, 2) outside the zone, empty without one.

    Both corners are judged by themselves: a position beyond one side is found, however far the others reach.
    """
    for x, y in (xy.min(axis=0), xy.max(axis=0)):
        if problem := find_coordinate_problem(header.crs, (x, y, x, y)):
            return problem[0]
        if not 0 <= y <= _MAX_NORTHING_M:
            return "beyond"
    return ""


def _refuse_packed_degrees(store: ShapeStore, line_reader: LineReader) -> None:
    """Raise InputError if all minutes and seconds of many positions are below 60: degrees written as DD.MMSS.

    Points, lines and polygons are judged separately, because a file may have only its points in this notation.
    """
    minutes: set[int] = set()
    seconds: set[int] = set()
    for xy in store.iterate_position_blocks():
        hundredths = xy % 1 * 100
        minute = np.floor(hundredths + _MINUTE_ROUNDING)
        second = (hundredths - minute) * 100
        if (minute >= 60).any() or (second > _MAX_SECONDS).any():
            return
        # The sign keeps the full minutes of both axes distinct.
        minutes.update(np.unique((np.floor(xy) * 100 + minute + 1) * (1, -1)).tolist())
        seconds.update(np.unique(np.floor(second)).tolist())
    settings = load_settings()
    if len(minutes) >= settings.packed_minutes and len(seconds) >= settings.packed_seconds:
        x, y = (f"{value:.10g}" for value in store.read_positions(0)[0].tolist())
        line_reader.number = store.get_line_number(0)
        raise line_reader.make_error("vct_place_packed", id=store.get_record_id(0), x=x, y=y)


def _compare_with_extent(
    header: VctHeader, extent: NDArray, line_number: int, bounds: NDArray, remarks: FileRemarks
) -> None:
    """Add a remark if the declared extent differs from the bounds of the data; both are corners (2, 2).

    The extent may have the northing first, as the positions may, and may be given before the offset is added.
    """
    extents = [extent, extent[:, ::-1]] if header.is_northing_first else [extent]
    extents += [corners + header.position_offset for corners in extents]
    differences = [float(np.abs(corners - bounds).max()) for corners in extents]
    distance = min(differences) * (_DEGREE_M if describe_crs(header.crs).is_geographic else 1.0)
    if distance > load_settings().extent_differs_m:
        texts = {"extent": _format_corners(extents[int(np.argmin(differences))]), "data": _format_corners(bounds)}
        remarks.add_remark("vct_note_extent", line_number, distance=f"{distance:.0f}", **texts)


def _format_corners(corners: NDArray) -> str:
    """Return corners (2, 2) as text for a message."""
    return " – ".join(", ".join(f"{value:.10g}" for value in corner) for corner in corners.tolist())
