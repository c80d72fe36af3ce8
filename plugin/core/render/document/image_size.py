# SPDX-License-Identifier: GPL-2.0-or-later
"""The size of an image in pixels, from the first bytes of its file."""

from __future__ import annotations

import struct

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
            start = len(_JPEG_SIGNATURE)
            while True:
                mark, kind, length = struct.unpack_from(">BBH", image, start)
                if mark != 0xFF:
                    raise ValueError("the image is damaged")
                if kind in _JPEG_FRAMES:
                    height, width = struct.unpack_from(">HH", image, start + 5)
                    return width, height
                start += 2 + length
    except struct.error as error:
        raise ValueError("the image is incomplete") from error
    raise ValueError("the image is neither PNG nor JPEG")
