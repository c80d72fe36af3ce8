# SPDX-License-Identifier: GPL-2.0-or-later
"""Places of a printed text at which a line may or may not break."""

from __future__ import annotations

import re

_NO_BREAK_SPACE = "\u00a0"
_BREAK_OPPORTUNITY, _WORD_JOINER = "\u200b", "\u2060"
#: The comma between codes such as ATT022、TOP001.
_COMMA_BETWEEN_CODES_PATTERN = re.compile(r"(?<=[0-9A-Za-z])、(?=[0-9A-Za-z])")
#: The space between a figure and its unit, or between a sign such as ≤ and its figure.
_SPACE_IN_FIGURE_PATTERN = re.compile(
    r"(?<=\d) (?=(?:[kmc]?m[²³]?|ha|公顷|万亩|亩|10⁴ mu|mu|%)(?![A-Za-z]))|(?<=[≤≥<]) (?=\d)|(?<=10⁴) (?=mu)"
)
#: Places inside a shortened key such as …000005, a version such as 0.2.0-dev and a Chinese unit after a figure.
_INSIDE_TOKEN_PATTERN = re.compile(r"(?<=…)(?=[0-9A-Za-z])|(?<=\d-)(?=[a-z])|(?<=\d[ \u00a0][公万])(?=[顷亩])")


def keep_figures_whole(text: str) -> str:
    """Return a text with no-break spaces inside its figures, such as ≤ 16.46 km²."""
    return _SPACE_IN_FIGURE_PATTERN.sub(_NO_BREAK_SPACE, text)


def join_keys_and_units(text: str) -> str:
    """Return a text with word joiners inside shortened keys, versions and Chinese units, where Qt breaks lines."""
    return _INSIDE_TOKEN_PATTERN.sub(_WORD_JOINER, text)


def allow_breaks_between_codes(text: str) -> str:
    """Return a text in which a line may end after each comma of a list of codes.

    LibreOffice takes such a list for one word of Latin letters, and breaks inside its codes.
    """
    return _COMMA_BETWEEN_CODES_PATTERN.sub(f"、{_BREAK_OPPORTUNITY}", text)
