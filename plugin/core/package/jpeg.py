# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of jpg files, from their headers and by decoding them."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..base.errors import InputError
from ..exchange.gdal_setup import load_gdal, set_gdal_option

_START_MARKER, _END_MARKER = b"\xff\xd8", b"\xff\xd9"
_JFIF_MARKER, _EXIF_MARKER, _SCAN_MARKER, _COMMENT_MARKER = 0xE0, 0xE1, 0xDA, 0xFE
#: Frame headers of any coding; the other three of the range are tables.
_FRAME_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF_SIGNATURE = b"Exif\0\0"
_X_RESOLUTION_TAG, _UNIT_TAG = 0x011A, 0x0128
_LONG_KIND = 4
_CM_PER_INCH = 2.54
#: A marker in a scan that is not part of the data: not an escaped byte 0xFF and not a restart marker.
_NEXT_MARKER_IN_SCAN_PATTERN = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
#: Beginning of the comment in which this plugin describes its maps.
_MAP_DESCRIPTION_PREFIX = b"sanxian map: "
#: Segments of applications.
_APPLICATION_MARKERS = range(0xE0, 0xF0)
#: Makes GDAL fail where libjpeg only warns, for example of damaged or missing data.
_STRICT_DECODING_OPTION = "GDAL_ERROR_ON_LIBJPEG_WARNING"
#: Divisor of width and height for decoding; libjpeg does this step without extra work.
_DECODED_SCALE_DIVISOR = 8


@dataclass(frozen=True)
class JpegProperties:
    """Properties of a jpg file.

    Attributes
    ----------
    width_px, height_px
        Pixels, 0 without a frame header.
    dpi
        Dots per inch, None if unknown.
    is_complete
        Whether the file has a picture and an end marker.
    map_description
        Code, number and title of the map as this plugin writes them into its maps (`write_map_description`); empty in
        other pictures.
    """

    width_px: int = 0
    height_px: int = 0
    dpi: float | None = None
    is_complete: bool = False
    map_description: str = ""


def has_jpeg_suffix(name: str) -> bool:
    """Return True if a file name has the suffix of a jpg."""
    return name.lower().endswith((".jpg", ".jpeg"))


def inspect_jpeg(path: Path) -> JpegProperties:
    """Return the properties of a jpg file; an empty `JpegProperties` if the file is not a jpg.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as handle:
        return read_jpeg(handle)


def read_jpeg(handle: BinaryIO) -> JpegProperties:
    """Return the properties of an open, seekable jpg file; an empty `JpegProperties` for another file."""
    if handle.read(2) != _START_MARKER:
        return JpegProperties()
    size, jfif_dpi, exif_dpi = (0, 0), None, None
    map_description = ""
    while (marker := _read_next_marker(handle)) not in (None, _SCAN_MARKER):
        head = handle.read(2)
        length = struct.unpack(">H", head)[0] - 2 if len(head) == 2 else -1
        body = handle.read(length) if length >= 0 else b""
        if len(body) != length:
            # The file ends within the segment.
            break
        if marker in _FRAME_MARKERS and len(body) >= 5:
            height, width = struct.unpack(">HH", body[1:5])
            size = (width, height)
        elif marker == _JFIF_MARKER and body.startswith(b"JFIF\0") and len(body) >= 12:
            unit, horizontal, vertical = struct.unpack(">BHH", body[7:12])
            dots = float(min(horizontal, vertical))
            jfif_dpi = {1: dots, 2: dots * _CM_PER_INCH}.get(unit) if dots else None
        elif marker == _EXIF_MARKER and body.startswith(_EXIF_SIGNATURE):
            exif_dpi = _read_exif_dpi(body[len(_EXIF_SIGNATURE) :])
        elif marker == _COMMENT_MARKER and body.startswith(_MAP_DESCRIPTION_PREFIX):
            map_description = body[len(_MAP_DESCRIPTION_PREFIX) :].decode("utf-8", "replace")
    scans = handle.read() if marker == _SCAN_MARKER and all(size) else b""
    return JpegProperties(*size, jfif_dpi if jfif_dpi is not None else exif_dpi, _has_end_mark(scans), map_description)


def write_map_description(path: Path, code: str, number: str, title: str) -> None:
    """Write a map's description into a jpg as a comment before its picture: code of the county, number and title.

    Nothing else changes; a file that is not a jpg is left as it is.
    """
    data = path.read_bytes()
    if not data.startswith(_START_MARKER):
        return
    # JFIF must be the first segment.
    position = len(_START_MARKER)
    while data[position : position + 1] == b"\xff" and data[position + 1] in _APPLICATION_MARKERS:
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    body = _MAP_DESCRIPTION_PREFIX + f"{code} {number} {title}".encode()
    segment = bytes([0xFF, _COMMENT_MARKER]) + (len(body) + 2).to_bytes(2, "big") + body
    path.write_bytes(data[:position] + segment + data[position:])


def _read_next_marker(handle: BinaryIO) -> int | None:
    """Return the next marker of a jpg; None if no marker follows.

    Bytes of 0xFF before the marker are padding.
    """
    byte = handle.read(1)
    if byte != b"\xff":
        return None
    while byte == b"\xff":
        byte = handle.read(1)
    return byte[0] if byte else None


def _has_end_mark(data: bytes) -> bool:
    """Return True if picture data, from the first scan on, have an end marker."""
    position = 0
    while (marker := _NEXT_MARKER_IN_SCAN_PATTERN.search(data, position)) is not None:
        if marker[1] == _END_MARKER[1:]:
            return True
        # The next of several scans, or tables between them, state their length.
        position = marker.end() + max(int.from_bytes(data[marker.end() : marker.end() + 2], "big"), 2)
    return False


def _read_exif_dpi(body: bytes) -> float | None:
    """Return the resolution that Exif states, in dots per inch; None if unknown or damaged.

    ``body`` begins with the byte order, "II" or "MM". The unit of the stored value is 2 (inch, the default) or 3
    (centimetre).
    """
    byte_order = {b"II": "<", b"MM": ">"}.get(body[:2])
    if byte_order is None:
        return None
    unit, numerator, denominator = 2, 0, 0
    try:
        (directory_offset,) = struct.unpack_from(f"{byte_order}I", body, 4)
        (count,) = struct.unpack_from(f"{byte_order}H", body, directory_offset)
        for offset in range(directory_offset + 2, directory_offset + 2 + 12 * count, 12):
            tag, kind, _, value_offset = struct.unpack_from(f"{byte_order}HHII", body, offset)
            if tag == _UNIT_TAG:
                # Usually two bytes; some programs write four.
                (unit,) = struct.unpack_from(f"{byte_order}{'I' if kind == _LONG_KIND else 'H'}", body, offset + 8)
            elif tag == _X_RESOLUTION_TAG:
                numerator, denominator = struct.unpack_from(f"{byte_order}II", body, value_offset)
    except struct.error:
        return None
    dots = numerator / denominator if denominator else 0
    return None if not dots else dots * _CM_PER_INCH if unit == 3 else dots


def make_world_file_name(name: str) -> str:
    """Return the name of the world file (.jgw) of a picture."""
    return f"{name.rpartition('.')[0]}.jgw"


@dataclass(frozen=True)
class DecodedJpeg:
    """Result of decoding a jpg with GDAL at a reduced size.

    ``is_sound``: whether the data could be decoded to the end; ``max_difference``: largest difference between two
    pixels in any band, 0 to 255, None without decoding.
    """

    is_sound: bool = True
    max_difference: int | None = None


def decode_jpeg(path: Path) -> DecodedJpeg:
    """Return the result of decoding a jpg; damaged content raises no error.

    Without GDAL or its jpg driver nothing is decoded.
    """
    import numpy as np

    try:
        with load_gdal() as gdal, set_gdal_option(gdal, _STRICT_DECODING_OPTION, "TRUE"):
            if gdal.GetDriverByName("JPEG") is None:
                return DecodedJpeg()
            messages: list[str] = []
            gdal.PushErrorHandler(lambda level, number, message: messages.append(message) if level >= 3 else None)
            try:
                picture = gdal.OpenEx(str(path), gdal.OF_RASTER, ["JPEG"])
                if picture is None:
                    return DecodedJpeg(False)
                sizes = (picture.RasterXSize, picture.RasterYSize)
                reduced = [max(one // _DECODED_SCALE_DIVISOR, 1) for one in sizes]
                data = picture.ReadRaster(0, 0, *sizes, *reduced)
                if not data or messages:
                    return DecodedJpeg(False)
                bands = np.frombuffer(data, dtype=np.uint8).reshape(picture.RasterCount, reduced[0] * reduced[1])
                return DecodedJpeg(max_difference=int(np.ptp(bands, axis=1).max()))
            except (RuntimeError, ValueError):
                # QGIS may have configured GDAL to raise, or the bands do not have bytes.
                return DecodedJpeg(False)
            finally:
                gdal.PopErrorHandler()
    except InputError:
        return DecodedJpeg()
