# SPDX-License-Identifier: GPL-2.0-or-later
"""The header: written in one form, read in both (LANDUSE-VCT of land survey, CNSDTF-VCT of the standard's text)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyproj import CRS
from pyproj.exceptions import CRSError

from ...errors import InputError, OutputError
from ...geometry.crs import GEODETIC, describe, label
from .lines import FARTHEST, Lines, shown
from .settings import SEPARATOR, Settings

SPHEROID = "CGCS2000,6378137.0,298.257222101"
PROJECTION = "高斯-克吕格投影"
#: The heights that a header names, and their code.
DATUM, VERTICAL = "1985国家高程基准", "EPSG:5737"
#: Lines looked at for HeadBegin: comments may come first.
_FIRST_LINES = 200


@dataclass(frozen=True)
class Head:
    """What reading needs: ``swapped``: the first number of a position runs north; ``offset`` is added to positions.
    ``heights``: what the file calls its heights."""

    crs: CRS
    dim: int = 2
    swapped: bool = False
    offset: tuple[float, float] = (0.0, 0.0)
    datamark: str = ""
    heights: str = ""


def check_crs(crs: CRS | None, layer: str) -> None:
    """OutputError when a header cannot name this CRS: it takes CGCS2000, in degrees or in a zone of 3° or 6°."""
    frame = describe(crs) if crs is not None else None
    if frame is None or not frame.cgcs2000 or not (frame.geographic or _width(frame.zone, frame.meridian)):
        raise OutputError("vct_crs", layer=layer, crs=label(crs))


def _width(zone: int | None, meridian: float | None) -> int:
    """3 or 6 degrees, 0 for neither. A zone with no prefix is taken for one of 3°."""
    if zone is None or meridian is None:
        return 0
    return {zone * 3.0: 3, zone * 6.0 - 3: 6}.get(meridian, 0)


def head_lines(crs: CRS, low: list[str], high: list[str], settings: Settings, today: date) -> list[str]:
    """The header; ``low`` and ``high`` the extent's corners as they are printed."""
    frame = describe(crs)
    pairs = {
        "Datamark": settings.datamark,
        "Version": settings.version,
        "CoordinateSystemType": "D" if frame.geographic else "P",
        "Dim": "2",
        "XAxisDirection": "E",
        "YAxisDirection": "N",
        "XYUnit": "D" if frame.geographic else "M",
        "ZUnit": "M",
        "Spheroid": SPHEROID,
        "PrimeMeridian": "Greenwich",
        "Projection": "" if frame.geographic else PROJECTION,
        "Parameters": "" if frame.geographic else _parameters(crs, settings.parameters),
        "VerticalDatum": DATUM,
        "TemporalReferenceSystem": "北京时间",
        "ExtentMin": SEPARATOR.join(low),
        "ExtentMax": SEPARATOR.join(high),
        "MapScale": str(settings.map_scale),
        "Offset": "0,0",
        "Date": f"{today:%Y%m%d}",
        "Separator": SEPARATOR,
    }
    return ["HeadBegin", *(f"{key}:{value}" for key, value in pairs.items()), "HeadEnd"]


def _parameters(crs: CRS, form: str) -> str:
    frame = describe(crs)
    meridian, easting, width = f"{frame.meridian:g}", frame.false_easting, _width(frame.zone, frame.meridian)
    if form == "long":
        return f"{meridian},,,,1.0,{easting:.1f},0.0,{width},{frame.zone}"
    return f"{meridian},1,{easting:.0f},0,{width},{frame.zone}"


def read_head(lines: Lines) -> Head:
    """Read up to HeadEnd. InputError when this is no VCT file, or its coordinate system cannot be told."""
    _find_head(lines)
    pairs: dict[str, tuple[str, int, str]] = {}
    while (line := lines.word()).lower() != "headend":
        key, colon, value = line.replace("：", ":", 1).partition(":")
        if not colon:
            raise lines.error("vct_head_line", value=shown(line.encode()))
        pairs[key.strip().lower()] = (value.strip(), lines.number, key.strip())
    reading = _Pairs(lines, pairs)
    # A separator may be a space or a tab, which stripping took.
    lines.separator = pairs.get("separator", (",", 0, ""))[0] or ","
    dim = reading.number("dim", 2.0)
    if dim not in (2, 3):
        raise reading.error("dim")
    offset = reading.numbers("offset")
    return Head(
        crs=_crs(reading),
        dim=int(dim),
        swapped=reading.get("xaxisdirection").upper() == "N",
        offset=(offset[0], offset[1]) if len(offset) == 2 else (0.0, 0.0),
        datamark=reading.get("datamark"),
        heights=reading.get("verticaldatum"),
    )


def _find_head(lines: Lines) -> None:
    for _ in range(_FIRST_LINES):
        line = lines.raw()
        if line is None:
            break
        if line.strip().removeprefix(b"\xef\xbb\xbf").lower() == b"headbegin":
            return
    raise lines.error("vct_no_head")


class _Pairs:
    """The header's values, with the lines that they stand in and their keys as written there."""

    def __init__(self, lines: Lines, pairs: dict[str, tuple[str, int, str]]):
        self.lines, self.pairs = lines, pairs

    def get(self, key: str) -> str:
        return self.pairs.get(key, ("", 0, ""))[0]

    def error(self, key: str, problem: str = "vct_head_value", **told: str) -> InputError:
        value, number, written = self.pairs.get(key, ("", self.lines.number, key))
        self.lines.number = number
        return self.lines.error(problem, key=written, value=value, **told)

    def numbers(self, key: str) -> list[float]:
        """The numbers of a value; empty places are left out."""
        try:
            parts = self.get(key).replace(self.lines.separator, ",").split(",")
            found = [float(part) for part in parts if part.strip()]
        except ValueError as error:
            raise self.error(key) from error
        if not all(abs(number) <= FARTHEST for number in found):
            raise self.error(key)
        return found

    def number(self, key: str, default: float) -> float:
        found = self.numbers(key)
        return found[0] if found else default


def _crs(head: _Pairs) -> CRS:
    """CGCS2000 in degrees, or the zone that the last number of Parameters names, with a prefix or without."""
    spheroid = head.get("spheroid").upper()
    if "2000" not in spheroid and "298.2572221" not in spheroid:
        raise head.error("spheroid")
    if head.get("coordinatesystemtype").upper() == "D":
        return GEODETIC
    numbers = head.numbers("parameters")
    if len(numbers) < 4:
        raise head.error("parameters")
    # From the end the two forms agree: false easting, false northing, zone width, zone number.
    easting, _, width, zone = numbers[-4:]
    base = {(3, True): 4513 - 25, (3, False): 4534 - 25, (6, True): 4491 - 13, (6, False): 4502 - 13}
    first = base.get((int(width), easting >= 1e6))
    limits = {3: (25, 45), 6: (13, 23)}.get(int(width), (0, 0))
    if first is None or zone != int(zone) or not limits[0] <= zone <= limits[1]:
        raise head.error("parameters")
    try:
        crs = CRS.from_epsg(first + int(zone))
    except CRSError as error:
        raise head.error("parameters") from error
    # The first number is the central meridian: a zone that contradicts it may be off by hundreds of kilometres.
    meridian = describe(crs).meridian
    if meridian != numbers[0]:
        told = {"meridian": f"{numbers[0]:g}", "zone": f"{zone:g}", "right": f"{meridian:g}"}
        raise head.error("parameters", "vct_meridian", **told)
    return crs
