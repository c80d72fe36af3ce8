# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps as jpg: the head of the file as it is written and read, and a decoded copy that shows whether its data is sound."""

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
#: A marker within a scan, which is none of the data's own: neither a byte 0xFF of theirs, nor one by which they restart.
_NEXT = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
#: What fills up a file behind its end and means nothing.
_FILLING = b"\x00\xff \r\n\t"
#: What a program that shows a picture's remarks would run, or a page in them.
_RUNS = re.compile(rb"<\s*(?:script|iframe|html|svg|object|embed)\b|javascript:|<\?php|powershell", re.IGNORECASE)
#: Segments in which programs and hands write words: those of applications, and remarks.
_WORDS = {*range(0xE0, 0xF0), _REMARK}


@dataclass(frozen=True)
class Picture:
    """Width and height in pixels, 0 where no frame tells; ``dpi`` None where the file does not tell; ``whole``: it has a
    picture and an end; ``behind``: bytes behind that end which are no filling; ``runs``: it carries a script or a page."""

    width: int = 0
    height: int = 0
    dpi: float | None = None
    whole: bool = False
    behind: int = 0
    runs: bool = False


def is_jpeg(name: str) -> bool:
    """Does a file's name say that it is one?"""
    return name.lower().endswith((".jpg", ".jpeg"))


def inspect_jpeg(path: Path) -> Picture:
    """What a file says; an empty `Picture` for one that is no jpg. OSError when it cannot be read."""
    with path.open("rb") as handle:
        return read_jpeg(handle)


def read_jpeg(handle: BinaryIO) -> Picture:
    """As `inspect_jpeg`, of an open file that can be searched."""
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
    """The next marker; None where there is none. Bytes of 0xFF before it are padding."""
    byte = handle.read(1)
    if byte != b"\xff":
        return None
    while byte == b"\xff":
        byte = handle.read(1)
    return byte[0] if byte else None


def _body(handle: BinaryIO) -> bytes | None:
    """What a marker brings; None where the file ends before it does."""
    head = handle.read(2)
    length = struct.unpack(">H", head)[0] - 2 if len(head) == 2 else -1
    body = handle.read(length) if length >= 0 else b""
    return body if len(body) == length else None


def _end(data: bytes) -> tuple[bool, int]:
    """Does a picture, from its first scan on, come to its end, and how many bytes lie behind it? What only fills up is none."""
    place = 0
    while (found := _NEXT.search(data, place)) is not None:
        place = found.end()
        if found[1] == _END[1:]:
            return True, len(data[place:].strip(_FILLING))
        # The next scan of several, or tables between them, tells its own length.
        length = int.from_bytes(data[place : place + 2], "big")
        place += max(length, 2)
    return False, 0


def _jfif_dpi(body: bytes) -> float | None:
    unit, across, down = struct.unpack(">BHH", body[7:12])
    dots = float(min(across, down))
    return {1: dots, 2: dots * _CM}.get(unit) if dots else None


def _exif_dpi(body: bytes) -> float | None:
    """From the first directory of Exif: resolution across and its unit (2 inch, 3 centimetre; inch where it is not said)."""
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
    """How the world file of a picture is called."""
    return f"{name.rpartition('.')[0]}.jgw"


# Decode a jpg once, at an eighth of its size, to verify that its data is sound and shows something. GDAL reports damage in
# between; Pillow, without GDAL, only a picture that breaks off; without both the report notes that nothing was decoded.

#: How a picture was opened, as a report calls it; UNREAD: nothing here opens one.
GDAL, PILLOW, UNREAD = "gdal", "pillow", "unread"
#: Makes GDAL fail where libjpeg only warns, as it does of data that are damaged or gone.
_STRICT = "GDAL_ERROR_ON_LIBJPEG_WARNING"
#: The share of its width and height at which a picture is decoded: what libjpeg does without effort.
_SHARE = 8


@dataclass(frozen=True)
class DecodedJpeg:
    """``by``: what opened it; ``sound``: its data could be decoded to the end; ``levels``: the largest difference between two
    pixels in any band, 0 to 255; ``plain``: the share of pixels of the commonest colour (bands by steps of 16). Both None where
    it was not decoded."""

    by: str = UNREAD
    sound: bool = True
    levels: int | None = None
    plain: float | None = None


def decode_jpeg(path: Path) -> DecodedJpeg:
    """Return the result of decoding a jpg. Content of the file raises nothing."""
    return _by_gdal(path) or _by_pillow(path) or DecodedJpeg()


def _by_gdal(path: Path) -> DecodedJpeg | None:
    """None where GDAL, or its driver of jpg, is not here."""
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

    said: list[str] = []
    gdal.PushErrorHandler(lambda level, number, message: said.append(message) if level >= 3 else None)
    try:
        picture = gdal.OpenEx(str(path), gdal.OF_RASTER, ["JPEG"])
        if picture is None:
            return DecodedJpeg(GDAL, False)
        width, height = picture.RasterXSize, picture.RasterYSize
        size = (max(width // _SHARE, 1), max(height // _SHARE, 1))
        data = picture.ReadRaster(0, 0, width, height, *size)
        if not data or said:
            return DecodedJpeg(GDAL, False)
        bands = np.frombuffer(data, dtype=np.uint8).reshape(picture.RasterCount, -1)
        return DecodedJpeg(GDAL, True, int(np.ptp(bands, axis=1).max()), _plain(bands))
    except (RuntimeError, ValueError):
        # QGIS may have set GDAL to raise; or the bands are not of bytes.
        return DecodedJpeg(GDAL, False)
    finally:
        gdal.PopErrorHandler()


def _by_pillow(path: Path) -> DecodedJpeg | None:
    """None where Pillow is not here, or the picture is larger than it opens."""
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
    return DecodedJpeg(PILLOW, True, int(max(high - low for low, high in pairs)), _plain(bands))


def _plain(bands: Any) -> float:
    """The share of the commonest colour among pixels, each band (a row) by steps of 16: what a jpg makes of one colour is one."""
    import numpy as np

    steps = (bands[:3].astype(np.uint32) + 8) // 16
    colours = np.zeros(steps.shape[1], np.uint32)
    for band in steps:
        colours = colours * 32 + band
    return float(np.unique(colours, return_counts=True)[1].max() / colours.size)
