# SPDX-License-Identifier: GPL-2.0-or-later
"""Image files: their size in pixels, and an empty picture in the place of a drawing."""

from __future__ import annotations

import struct
import zlib

_PNG_SIGNATURE, _JPEG_SIGNATURE = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
#: JPEG segments that begin with precision, height and width (SOF0–SOF15 without DHT, JPG and DAC; ITU-T T.81, B.1.1.3).
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_image_size(image: bytes) -> tuple[int, int]:
    """Return width and height in pixels of a PNG or JPEG file. Raise ValueError for another or a damaged file."""
    try:
        if image.startswith(_PNG_SIGNATURE):
            width, height = struct.unpack_from(">II", image, 16)
            return width, height
        if image.startswith(_JPEG_SIGNATURE):
            mark, kind, length = struct.unpack_from(">BBH", image, start := len(_JPEG_SIGNATURE))
            while mark == 0xFF and kind not in _JPEG_FRAMES:
                start += 2 + length
                mark, kind, length = struct.unpack_from(">BBH", image, start)
            if mark != 0xFF:
                raise ValueError("the image is damaged")
            height, width = struct.unpack_from(">HH", image, start + 5)
            return width, height
    except struct.error as error:
        raise ValueError("the image is incomplete") from error
    raise ValueError("the image is neither PNG nor JPEG")


def make_blank_png(width: int, height: int) -> bytes:
    """Return a white picture with a grey frame as a PNG file of one byte a pixel (PNG specification, 5 and 11)."""
    edge = b"\x00" + b"\xa0" * width
    pixels = edge + (b"\x00\xa0" + b"\xff" * (width - 2) + b"\xa0") * (height - 2) + edge
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(pixels, 9)),
        (b"IEND", b""),
    )
    return _PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
