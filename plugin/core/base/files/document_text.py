# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of the data where they enter a document (docx, xlsx, HTML, SVG, XML) or a table (CSV)."""

from __future__ import annotations

import re

#: Characters that XML forbids (XML 1.0, 2.2 Characters): control characters, halves of surrogate pairs, U+FFFE, U+FFFF.
_FORBIDDEN_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Characters that end a text for most readers, and halves of surrogate pairs, which UTF-8 lacks.
_UNREADABLE_CHARACTERS = re.compile("[\x00\ud800-\udfff]")


def make_document_text(text: str) -> str:
    """Return a text without characters that XML forbids; the rule ATT015 finds them in the data."""
    return text if text.isprintable() else _FORBIDDEN_CHARACTERS.sub("", text)


def make_readable_text(text: str) -> str:
    """Return a text without characters with which a CSV could not be written, or not be read again."""
    return text if text.isprintable() else _UNREADABLE_CHARACTERS.sub("", text)
