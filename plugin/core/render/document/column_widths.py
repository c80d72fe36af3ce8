# SPDX-License-Identifier: GPL-2.0-or-later
"""Widths of the columns of a printed table, from its texts.

All widths of texts are in letters; a Chinese character is two letters wide, a capital is wider than other letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Space between the texts of two columns.
_PADDING = 3
#: A word counts up to this width: longer ones are codes that may be broken.
_MAX_WORD_WIDTH = 28
#: A line counts up to this width: longer ones are sentences, which need several lines anyway.
_MAX_LINE_WIDTH = 64
#: A text of up to this width stays on one line.
_SHORT_TEXT_WIDTH = 19
#: A Chinese heading of more characters has several lines: few, unless the table has too many columns.
_SHORT_HEADING, _HEADING_LINES = 4, (2, 3, 4)
#: Bold headings are wider than other texts.
_BOLD_FACTOR = 1.1
_FIRST_WIDE_CHARACTER, _CAPITAL_WIDTH = "\u2e80", 1.3
#: A line may be broken at these spaces, not at the thin spaces of figures.
_BREAKS = re.compile(r"[ \t\n]+")
_WORDS = re.compile(r"[\u2e80-\U0003ffff]|[^\u2e80-\U0003ffff]+")


def compute_text_width(text: str) -> float:
    """Return the width of a text in letters."""
    return sum(
        2.0 if character >= _FIRST_WIDE_CHARACTER else _CAPITAL_WIDTH if "A" <= character <= "Z" else 1.0
        for character in text
    )


def compute_column_shares(
    headings: Sequence[str], rows: Sequence[Sequence[str]], width_in_letters: float
) -> list[float]:
    """Return the widths of columns in percent: no word is broken, and long texts have the most room.

    Parameters
    ----------
    headings, rows : sequences of text
        The texts of the table: one heading, and one cell a row, for each column.
    width_in_letters : float
        Width of the table.
    """
    columns = [[row[n] for row in rows] for n in range(len(headings))]
    low_widths: list[float] = []
    for lines in _HEADING_LINES:
        low_widths = [
            max(_compute_heading_width(heading, lines), *map(_compute_unbroken_width, cells), 1) + _PADDING
            for heading, cells in zip(headings, columns, strict=True)
        ]
        if sum(low_widths) <= width_in_letters:
            break
    demands = [
        max(min(max(map(compute_text_width, [heading, *cells])), _MAX_LINE_WIDTH) + _PADDING - low, 0)
        for heading, cells, low in zip(headings, columns, low_widths, strict=True)
    ]
    rest = max(width_in_letters - sum(low_widths), 0)
    met_share = min(rest / sum(demands), 1) if any(demands) else 0
    widths = [low + met_share * demand for low, demand in zip(low_widths, demands, strict=True)]
    return [100 * width / sum(widths) for width in widths]


def _compute_heading_width(heading: str, lines: int) -> float:
    """Return the width that a heading needs; a long Chinese word of it may have several lines."""
    widths = []
    for word in _BREAKS.split(heading):
        width = compute_text_width(word)
        can_be_broken = word[-1:] >= _FIRST_WIDE_CHARACTER and len(word) > _SHORT_HEADING
        widths.append(max(-(-width // lines), 2 * _SHORT_HEADING) if can_be_broken else width)
    return _BOLD_FACTOR * max(widths)


def _compute_unbroken_width(text: str) -> float:
    """Return the width that a text needs so that no word of it, and no short text, is broken."""
    width = compute_text_width(text)
    if width <= _SHORT_TEXT_WIDTH:
        return width
    words = [word for part in _BREAKS.split(text) for word in _WORDS.findall(part)]
    return min(max(map(compute_text_width, words), default=0), _MAX_WORD_WIDTH)
