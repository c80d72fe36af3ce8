# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of a small complete package: pictures and documents made in memory."""

from __future__ import annotations

import struct
from functools import cache

#: Pixels of an A4 page at 300 dpi.
A4_PIXELS = (2480, 3508)
FEATURE_COUNTS_BY_LAYER = {
    "XZQX": 1,
    "XZQXZ": 16,
    "YJJBNTBHTB": 90,
    "STBHHX": 3,
    "CZKFBJ": 18,
    "YDYHGHFQ": 56,
    "DLTB": 324,
    "LSWHBHX": 3,
}
TABLES_PATH_STEM = "3-规划表格/140225浑源县国土空间规划表格"
DATABASE = "1-空间数据/140225浑源县国土空间规划矢量数据.gdb"
SHAPEFILE_FOLDER = DATABASE.removesuffix(".gdb")


@cache
def make_jpeg(dpi: int = 300, size: tuple[int, int] = A4_PIXELS, drawn: bool = True, properties: bytes = b"") -> bytes:
    """Return the bytes of a small JPEG of this resolution and size (pixels).

    ``drawn``: blocks of two colours, else one grey; ``properties``: segments of metadata.
    """
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01" + struct.pack(">HH", dpi, dpi) + b"\x00\x00" + properties
    # One step of quantisation; codes 0 (no change) and 10 (a change of eight bits) for the level, 0 (end) for the rest.
    head += b"\xff\xdb\x00\x43\x00" + b"\x08" * 64
    head += b"\xff\xc4\x00\x15\x00" + bytes([1, 1, *[0] * 14]) + b"\x00\x08"
    head += b"\xff\xc4\x00\x14\x10" + bytes([1, *[0] * 15]) + b"\x00"
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", size[1], size[0]) + b"\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"
    blocks = -(-size[0] // 8) * -(-size[1] // 8)
    # If drawn, yellow and grey blocks alternate: a change of the level, then the end of the block, for each component.
    rise, fall, same = "10" + "10000000" + "0", "10" + "01111111" + "0", "00"
    turn = rise + fall + same + fall + rise + same
    bits = turn * (blocks // 2) + "000000" * (blocks % 2) if drawn else "000000" * blocks
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    return head + frame + scan + data + b"\xff\xd9"


def make_pdf(words: str = "", pages: int = 2, more: bytes = b"", trailer: bytes = b"", drawn: bool = True) -> bytes:
    """Return the bytes of a small complete PDF with a line on each of ``pages``.

    ``words``: a line on each page; ``more``: entries of the catalogue.
    """
    parts = [b"%%PDF-1.4\n%%%s\n" % words.encode(), b"1 0 obj<</Type/Catalog/Pages 2 0 R%s>>endobj\n" % more]
    kids = b" ".join(b"%d 0 R" % (3 + n) for n in range(pages))
    parts.append(b"2 0 obj<</Type/Pages/Kids[%s]/Count %d>>endobj\n" % (kids, pages))
    page = b"%d 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R>>endobj\n"
    parts += [page % (3 + n, 3 + pages) for n in range(pages)]
    line = b"72 72 m 500 72 l S BT (%s) Tj ET" % words.encode() if drawn else b"q Q"
    parts += [b"%d 0 obj<</Length %d>>stream\n%s\nendstream\nendobj\n" % (3 + pages, len(line), line)] if pages else []
    places = [len(b"".join(parts[:n])) for n in range(1, len(parts))]
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(b"".join(parts))
    size = len(places) + 1
    parts.append(
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R%s>>\n" % (size, table, size, trailer)
    )
    return b"".join(parts) + b"startxref\n%d\n%%%%EOF\n" % start


#: A package by the county specification: path → content; of the database only one file.
COMPLETE_PACKAGE_FILES = {
    "1-空间数据/140225浑源县国土空间规划矢量数据.gdb/a00000001.gdbtable": b"x",
    "1-空间数据/140225浑源县国土空间规划矢量数据.gdb/gdb": b"x",
    "2-规划文档/140225浑源县国土空间总体规划文本.pdf": make_pdf("text"),
    "2-规划文档/140225浑源县数据库建设报告.pdf": make_pdf("made"),
    "2-规划文档/140225浑源县质量检查报告.pdf": make_pdf("checked"),
    "2-规划文档/140225浑源县质量检查记录.pdf": make_pdf("record"),
    "3-规划表格/140225浑源县国土空间规划表格.mdb": b"mdb",
    "4-规划图件/140225浑源县01三条控制线图.jpg": make_jpeg(),
}
