# SPDX-License-Identifier: GPL-2.0-or-later
"""Find invisible characters in texts of a VCT file, and characters that are shown as boxes."""

from __future__ import annotations

import re

from .settings import FileRemarks

#: Blanks: of a space bar, full-width, not breaking.
_BLANKS = " \u3000\xa0"
#: A text with blanks at one of its ends.
BLANK_ENDS_PATTERN = re.compile(f"^[{_BLANKS}]|[{_BLANKS}]$", re.M)
#: Characters that GBK leaves to its users: each computer shows another sign, or a box.
_PRIVATE_CHARACTERS = "\ue000-\uf8ff"
#: Line separators and control characters beyond ASCII (those of ASCII have a separate remark).
_INVISIBLE_CHARACTERS = "\x80-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
#: Remark → pattern of texts with such characters.
UNSEEN_PATTERN_BY_NOTE = {
    "vct_note_private": re.compile(f"[{_PRIVATE_CHARACTERS}]"),
    "vct_note_invisible": re.compile(f"[{_INVISIBLE_CHARACTERS}]"),
}
_UNSEEN_CHARACTER_PATTERN = re.compile(f"[{_PRIVATE_CHARACTERS}{_INVISIBLE_CHARACTERS}]")
#: Number of characters of a value in a message.
_MAX_SHOWN_CHARACTERS = 20


def shorten_value(value: object) -> str:
    """Return a value as a short text for a message.

    Invisible characters are shown by number, as in <U+2028>.
    """
    text = str(value)
    text = text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}…"
    return _UNSEEN_CHARACTER_PATTERN.sub(lambda found: f"<U+{ord(found.group()):04X}>", text)


def check_annotation_text(text: str, line: int, table: str, field: str, remarks: FileRemarks) -> None:
    """Add a remark on blanks around the text of an annotation, and on invisible characters in it.

    ``line``, ``table`` and ``field``: where the text is.
    """
    for key, pattern in UNSEEN_PATTERN_BY_NOTE.items():
        if pattern.search(text):
            remarks.add_example(key, line, shorten_value(text), 1, table=table, field=field)
    if text.strip() and BLANK_ENDS_PATTERN.search(text):
        remarks.add_example("vct_note_blanks", line, shorten_value(text), 1, table=table, fields=field)
