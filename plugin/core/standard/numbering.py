# SPDX-License-Identifier: GPL-2.0-or-later
"""Assign 标识码 (BSM): county (6) + ``0000`` + running number (8).

A number is unique in its layer and never assigned twice (rule A1). A number is free if it is above every number ever
used: those in the layer, those of unsaved edits, and the stored maximum, which outlives deleted
features. Gaps are normal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ..base.errors import InputError

BSM_LENGTH = 18
#: Digits of a division code; that of a city ends in two zeros, that of a province in four.
DIVISION_CODE_DIGITS = 6
BSM_FILL = "0000"
RUNNING_DIGITS = 8
MAX_RUNNING_NUMBER = 10**RUNNING_DIGITS - 1
_BSM_PATTERN = re.compile(rf"([0-9]{{{DIVISION_CODE_DIGITS}}}){BSM_FILL}([0-9]{{{RUNNING_DIGITS}}})")


def has_county_code_format(code: str) -> bool:
    """Return True for six digits, as in ``140225``.

    The list of divisions decides whether such a county exists.
    """
    return bool(re.fullmatch(rf"[0-9]{{{DIVISION_CODE_DIGITS}}}", code))


def make_bsm(county: str, number: int) -> str:
    """Return the 18 digits of a BSM for a county code and a running number.

    Raise InputError for a code that is not a county's, or if the 8 digits are exhausted.
    """
    if not has_county_code_format(county):
        raise InputError("bsm_county", value=county)
    if not 0 < number <= MAX_RUNNING_NUMBER:
        raise InputError("bsm_used_up", county=county)
    return f"{county}{BSM_FILL}{number:0{RUNNING_DIGITS}d}"


def split_bsm(bsm: object) -> tuple[str, int] | None:
    """Return county and running number, or None for a value of another scheme.

    Values of another scheme never collide.
    """
    match = _BSM_PATTERN.fullmatch("" if bsm is None else str(bsm).strip())
    return (match[1], int(match[2])) if match else None


def find_highest_number_by_county(values: Iterable[object]) -> dict[str, int]:
    """Return county → its highest running number among the values.

    Blanks and values of other schemes are ignored.
    """
    highest: dict[str, int] = {}
    for county, number in filter(None, map(split_bsm, values)):
        highest[county] = max(number, highest.get(county, 0))
    return highest


def find_highest_running_number(values: Iterable[object], county: str) -> int:
    """Return the highest running number of a county, whatever the middle four digits; 0 without one.

    It is in the last eight of eighteen digits; the four digits before them may be a layer's code.
    """
    texts = ("" if value is None else str(value).strip() for value in values)
    return max(
        (int(text[-RUNNING_DIGITS:]) for text in texts if re.fullmatch(rf"{county}[0-9]{{12}}", text)), default=0
    )


def find_most_frequent_county(values: Iterable[object]) -> str:
    """Return the county code of most BSM values; empty if none has the usual scheme."""
    votes = Counter(counties[0] for counties in map(split_bsm, values) if counties)
    return votes.most_common(1)[0][0] if votes else ""
