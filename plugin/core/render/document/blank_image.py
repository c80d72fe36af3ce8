# SPDX-License-Identifier: GPL-2.0-or-later
"""An empty picture, in the place of a drawing for programs that do not show vectors."""

from __future__ import annotations

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def make_blank_png(width: int, height: int) -> bytes:
    """Return a white picture with a grey frame as a PNG file of one byte a pixel (PNG specification, 5 and 11)."""
    edge = b"\x00" + b"\xa0" * width
    pixels = edge + (b"\x00\xa0" + b"\xff" * (width - 2) + b"\xa0") * (height - 2) + edge
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
