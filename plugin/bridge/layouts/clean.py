# SPDX-License-Identifier: GPL-2.0-or-later
"""A pdf without traces: who was logged in, when, on what. QGIS writes the user's name also where no metadata are asked."""

from __future__ import annotations

import re

_PACKET = re.compile(rb"<\?xpacket begin=.*?<\?xpacket end='?\"?w'?\"?\?>", re.DOTALL)
_INFO = re.compile(rb"/Info\s+(\d+)\s+(\d+)\s+R")
_PRODUCER = b"QGIS"


def without_traces(data: bytes, title: str) -> bytes:
    """The file with its description blanked in place, so that every offset in it still holds; ``title`` where it fits.

    What is drawn is not touched. Both the Info dictionary and the XMP packet are replaced.
    """
    found = bytearray(data)
    for match in _PACKET.finditer(data):
        found[match.start() : match.end()] = _packet(title, match.end() - match.start())
    for number, generation in set(_INFO.findall(data)):
        start = re.compile(rb"(?<!\d)" + number + rb"\s+" + generation + rb"\s+obj\b")
        for match in start.finditer(data):
            end = data.index(b"endobj", match.end())
            found[match.end() : end] = _info(title, end - match.end())
    return bytes(found)


def _info(title: str, room: int) -> bytes:
    words = b"/Producer (" + _PRODUCER + b")"
    text = b"/Title <" + (b"\xfe\xff" + title.encode("utf-16-be")).hex().encode("ascii") + b">"
    for inside in (b"\n<<\n" + text + b"\n" + words + b"\n>>\n", b"\n<<" + words + b">>\n", b"\n<<>>\n"):
        if len(inside) <= room:
            return inside.ljust(room, b" ")
    return b" " * room


def _packet(title: str, room: int) -> bytes:
    head = b"<?xpacket begin='' ?>"
    tail = b"<?xpacket end='w'?>"
    escaped = title.replace("&", "&amp;").replace("<", "&lt;").encode("utf-8")
    body = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>'
        b'<rdf:li xml:lang="x-default">' + escaped + b"</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF>"
        b"</x:xmpmeta>"
    )
    if len(head) + len(body) + len(tail) > room:
        body = b""
    return head + body.ljust(room - len(head) - len(tail), b" ") + tail
