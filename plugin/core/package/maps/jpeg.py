# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps as jpg: headers, and a decoded copy that shows whether the data are intact."""

from __future__ import annotations

import re
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import InputError
from ...exchange.gdal_setup import load_gdal

_START, _END = b"\xff\xd8", b"\xff\xd9"
_APP0, _APP1, _SCAN, _REMARK = 0xE0, 0xE1, 0xDA, 0xFE
#: Frame headers of any coding; the other three of the range are tables.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF = b"Exif\0\0"
_X_RESOLUTION, _UNIT = 0x011A, 0x0128
_CM = 2.54
#: A marker in a scan that is not part of the data: not an escaped byte 0xFF and not a restart marker.
_NEXT = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
#: Bytes after the end that only fill up a file.
_FILLING = b"\x00\xff \r\n\t"
#: Scripts and pages in a picture's metadata, which a program that shows them could run.
_RUNS = re.compile(rb"<\s*(?:script|iframe|html|svg|object|embed)\b|javascript:|<\?php|powershell", re.IGNORECASE)
#: Segments for texts: those of applications, and comments.
_WORDS = {*range(0xE0, 0xF0), _REMARK}


@dataclass(frozen=True)
class Picture:
    """Properties of a jpg file.

    ``width`` and ``height`` in pixels are 0 without a frame header, ``dpi`` None if unknown. ``whole`` means that
    the file has a picture and an end marker, ``behind`` counts bytes after it other than filling, ``runs`` means that
    it carries a script or a page.
    """

    width: int = 0
    height: int = 0
    dpi: float | None = None
    whole: bool = False
    behind: int = 0
    runs: bool = False


def is_jpeg(name: str) -> bool:
    """Return True if a file name has the suffix of a jpg."""
    return name.lower().endswith((".jpg", ".jpeg"))


def inspect_jpeg(path: Path) -> Picture:
    """Return the properties of a file; an empty `Picture` unless it is a jpg.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as handle:
        return read_jpeg(handle)


def read_jpeg(handle: BinaryIO) -> Picture:
    """Return the properties of an open, seekable file, as `inspect_jpeg`."""
    if handle.read(2) != _START:
        return Picture()
    size, dpi, exif, scan, runs = (0, 0), None, None, False, False
    while (marker := _marker(handle)) is not None:
        if marker == _SCAN:
            scan = True
            break
        body = _body(handle)
        if body is None:
            break
        runs = runs or (marker in _WORDS and _RUNS.search(body) is not None)
        if marker in _FRAMES and len(body) >= 5:
            height, width = struct.unpack(">HH", body[1:5])
            size = (width, height)
        elif marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 12:
            dpi = _jfif_dpi(body)
        elif marker == _APP1 and body.startswith(_EXIF):
            exif = _exif_dpi(body[len(_EXIF) :])
    ends, behind = _end(handle.read()) if scan and all(size) else (False, 0)
    return Picture(*size, dpi if dpi is not None else exif, ends, behind, runs)


def _marker(handle: BinaryIO) -> int | None:
    """Return the next marker, None without one; bytes of 0xFF before it are padding."""
    byte = handle.read(1)
    if byte != b"\xff":
        return None
    while byte == b"\xff":
        byte = handle.read(1)
    return byte[0] if byte else None


def _body(handle: BinaryIO) -> bytes | None:
    """Return the body of a segment; None if the file ends within it."""
    head = handle.read(2)
    length = struct.unpack(">H", head)[0] - 2 if len(head) == 2 else -1
    body = handle.read(length) if length >= 0 else b""
    return body if len(body) == length else None


def _end(data: bytes) -> tuple[bool, int]:
    """Return whether data from the first scan have an end, and the bytes after it.

    Filling bytes are not counted.
    """
    place = 0
    while (found := _NEXT.search(data, place)) is not None:
        place = found.end()
        if found[1] == _END[1:]:
            return True, len(data[place:].strip(_FILLING))
        # The next of several scans, or tables between them, state their length.
        length = int.from_bytes(data[place : place + 2], "big")
        place += max(length, 2)
    return False, 0


def _jfif_dpi(body: bytes) -> float | None:
    unit, across, down = struct.unpack(">BHH", body[7:12])
    dots = float(min(across, down))
    return {1: dots, 2: dots * _CM}.get(unit) if dots else None


def _exif_dpi(body: bytes) -> float | None:
    """Return the resolution from the first directory of Exif, in dots per inch.

    Its unit is 2 (inch, the default) or 3 (centimetre).
    """
    order = {b"II": "<", b"MM": ">"}.get(body[:2])
    try:
        if order is None:
            return None
        (start,) = struct.unpack_from(order + "I", body, 4)
        (count,) = struct.unpack_from(order + "H", body, start)
        unit, dots = 2, None
        for n in range(count):
            place = start + 2 + 12 * n
            (tag,) = struct.unpack_from(order + "H", body, place)
            if tag == _UNIT:
                (unit,) = struct.unpack_from(order + "H", body, place + 8)
            elif tag == _X_RESOLUTION:
                (where,) = struct.unpack_from(order + "I", body, place + 8)
                above, below = struct.unpack_from(order + "II", body, where)
                dots = above / below if below else None
    except struct.error:
        return None
    return None if not dots else dots * _CM if unit == 3 else dots


def world_file_of(name: str) -> str:
    """Return the name of a picture's world file."""
    return f"{name.rpartition('.')[0]}.jgw"


# Decode a jpg at an eighth of its size to verify that its data are intact and not of one colour. GDAL reports damage
# within the data, Pillow (without GDAL) only truncated pictures. Without both the report notes that the picture was not
# decoded.

#: The decoder in a report; UNREAD: no decoder is installed.
GDAL, PILLOW, UNREAD = "gdal", "pillow", "unread"
#: Makes GDAL fail where libjpeg only warns, for example of damaged or missing data.
_STRICT = "GDAL_ERROR_ON_LIBJPEG_WARNING"
#: Divisor of width and height for decoding; libjpeg does this step without extra work.
_SHARE = 8


@dataclass(frozen=True)
class DecodedJpeg:
    """Result of decoding a jpg.

    ``by`` is the decoder; ``sound`` means that the data could be decoded to the end. ``levels`` is the largest
    difference between two pixels in any band, 0 to 255; ``plain`` is the share of pixels with the commonest colour
    (bands in steps of 16). Without decoding, both have the value None.
    """

    by: str = UNREAD
    sound: bool = True
    levels: int | None = None
    plain: float | None = None


def decode_jpeg(path: Path) -> DecodedJpeg:
    """Return the result of decoding a jpg; contents of the file raise nothing."""
    return _by_gdal(path) or _by_pillow(path) or DecodedJpeg()


def _by_gdal(path: Path) -> DecodedJpeg | None:
    """Decode with GDAL; return None without GDAL or its jpg driver."""
    try:
        with load_gdal() as gdal:
            if gdal.GetDriverByName("JPEG") is None:
                return None
            before = gdal.GetThreadLocalConfigOption(_STRICT)
            gdal.SetThreadLocalConfigOption(_STRICT, "TRUE")
            try:
                return _read(gdal, path)
            finally:
                gdal.SetThreadLocalConfigOption(_STRICT, before)
    except InputError:
        return None


def _read(gdal: Any, path: Path) -> DecodedJpeg:
    import numpy as np

    messages: list[str] = []
    gdal.PushErrorHandler(lambda level, number, message: messages.append(message) if level >= 3 else None)
    try:
        picture = gdal.OpenEx(str(path), gdal.OF_RASTER, ["JPEG"])
        if picture is None:
            return DecodedJpeg(GDAL, False)
        width, height = picture.RasterXSize, picture.RasterYSize
        size = (max(width // _SHARE, 1), max(height // _SHARE, 1))
        data = picture.ReadRaster(0, 0, width, height, *size)
        if not data or messages:
            return DecodedJpeg(GDAL, False)
        bands = np.frombuffer(data, dtype=np.uint8).reshape(picture.RasterCount, -1)
        return DecodedJpeg(GDAL, True, int(np.ptp(bands, axis=1).max()), _measure_commonest_colour(bands))
    except (RuntimeError, ValueError):
        # QGIS may have configured GDAL to raise, or the bands do not have bytes.
        return DecodedJpeg(GDAL, False)
    finally:
        gdal.PopErrorHandler()


def _by_pillow(path: Path) -> DecodedJpeg | None:
    """Decode with Pillow; return None without it or for a picture that is too large."""
    import numpy as np

    try:
        from PIL import Image  # type: ignore[import-untyped]
    except ImportError:
        return None
    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore")
            picture.draft(None, (max(picture.width // _SHARE, 1), max(picture.height // _SHARE, 1)))
            picture.load()
            extrema = picture.getextrema()
            data = np.asarray(picture)
    except Image.DecompressionBombError:
        return None
    except (OSError, SyntaxError, ValueError):
        return DecodedJpeg(PILLOW, False)
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    bands = data.reshape(-1, len(pairs)).T
    return DecodedJpeg(PILLOW, True, int(max(high - low for low, high in pairs)), _measure_commonest_colour(bands))


def _measure_commonest_colour(bands: Any) -> float:
    """Return the share of the commonest colour among pixels.

    Each band (a row) is rounded to steps of 16, because jpg changes a single colour slightly.
    """
    import numpy as np

    steps = (bands[:3].astype(np.uint32) + 8) // 16
    colours = np.zeros(steps.shape[1], np.uint32)
    for band in steps:
        colours = colours * 32 + band
    return float(np.unique(colours, return_counts=True)[1].max() / colours.size)
