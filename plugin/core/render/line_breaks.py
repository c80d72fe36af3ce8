# SPDX-License-Identifier: GPL-2.0-or-later
"""Spaces of a printed text at which no line may break."""

from __future__ import annotations

import re

_NO_BREAK_SPACE = "\u00a0"
#: The space between a figure and its unit, or between a sign such as ≤ and its figure.
_SPACE_IN_FIGURE_PATTERN = re.compile(
    r"(?<=\d) (?=(?:[kmc]?m[²³]?|ha|公顷|万亩|亩|10⁴ mu|mu|%)(?![A-Za-z]))|(?<=[≤≥<]) (?=\d)|(?<=10⁴) (?=mu)"
)


def keep_figures_whole(text: str) -> str:
    """Return a text with no-break spaces inside its figures, such as ≤ 16.46 km²."""
    return _SPACE_IN_FIGURE_PATTERN.sub(_NO_BREAK_SPACE, text)
