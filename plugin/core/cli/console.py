# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines for a console, whatever it can show."""

from __future__ import annotations

import sys
from typing import Any, TextIO

CLEAN, FOUND, NOT_RUN = 0, 1, 2
#: For consoles (cp936) that lack them.
_PLAIN = {"\u202f": " ", "\u00a0": " ", "²": "2", "³": "3", "⁴": "^4", "−": "-", "∑": "Σ", "↔": "<->"}


def progress(share: float, text: str) -> None:
    """One line on a terminal, written over and over; nothing in a log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{share:4.0%} {text}" if share < 1 else "\r\033[K")
        sys.stderr.flush()


def say(text: str, stream: TextIO | None = None) -> None:
    """A line in whatever the console can show."""
    out: Any = stream or sys.stdout
    encoding = getattr(out, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        for character, plain in _PLAIN.items():
            try:
                character.encode(encoding)
            except UnicodeEncodeError:
                text = text.replace(character, plain)
    print(text, file=out)
