# SPDX-License-Identifier: GPL-2.0-or-later
"""What in an office file (docx, xlsx, pptx: ECMA-376) runs or leads elsewhere: its parts and their relationships. Nothing is run."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

SUFFIXES = (".docx", ".docm", ".dotm", ".xlsx", ".xlsm", ".xlsb", ".pptx", ".pptm")
#: What it is → parts of the file that have it.
_PARTS = {
    "macros": re.compile(r"vbaProject\.bin$|/macrosheets/|/activeX/", re.IGNORECASE),
    "embedded": re.compile(r"/embeddings/", re.IGNORECASE),
    "external": re.compile(r"/externalLinks/|/connections\.xml$|/queryTables/", re.IGNORECASE),
}
#: A relationship to a place outside the file, and one of its kinds that only a click follows.
_OUTSIDE = re.compile(rb"<Relationship\b[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>")
_CLICKED = re.compile(rb"/relationships/hyperlink[\"']")
#: Parts and bytes of relationships that are read at most.
_MOST_PARTS, _MOST_BYTES = 5000, 2**20


def is_office(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def active_parts(path: Path) -> tuple[str, ...]:
    """Keys of texts (``active``) of what runs or leads elsewhere; none of a file that is no archive, which others report."""
    found: dict[str, None] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()[:_MOST_PARTS]
            for info in infos:
                found |= {key: None for key, pattern in _PARTS.items() if pattern.search(f"/{info.filename}")}
                if info.filename.lower().endswith(".rels"):
                    with archive.open(info) as part:
                        text = part.read(_MOST_BYTES)
                    if any(not _CLICKED.search(one) for one in _OUTSIDE.findall(text)):
                        found["external"] = None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):
        return ()
    return tuple(found)
