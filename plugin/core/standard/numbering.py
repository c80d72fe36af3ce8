# SPDX-License-Identifier: GPL-2.0-or-later
"""标识码 (BSM): county (6) + ``0000`` + running number (8), unique in its layer and never given twice (rule A1).

A number is free when it is above every number ever used: those in the layer now, those of edits not saved yet, and the
remembered highest (``high_water``), which outlives the features that bore it. Gaps are normal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ..errors import InputError

LENGTH = 18
FILL = "0000"
RUNNING_DIGITS = 8
HIGHEST = 10**RUNNING_DIGITS - 1
_BSM = re.compile(rf"([0-9]{{6}}){FILL}([0-9]{{{RUNNING_DIGITS}}})")


def is_county(code: str) -> bool:
    """Six digits, as in ``140225``. Whether there is such a county, the division list says."""
    return bool(re.fullmatch(r"[0-9]{6}", code))


def make_bsm(county: str, number: int) -> str:
    """The 18 characters of a running number. InputError for no county's code, or when 8 digits are used up."""
    if not is_county(county):
        raise InputError("bsm_county", value=county)
    if not 0 < number <= HIGHEST:
        raise InputError("bsm_used_up", county=county)
    return f"{county}{FILL}{number:0{RUNNING_DIGITS}d}"


def split_bsm(bsm: object) -> tuple[str, int] | None:
    """County and running number, or None where the value is not of this scheme (another's numbers never collide)."""
    found = _BSM.fullmatch("" if bsm is None else str(bsm).strip())
    return (found[1], int(found[2])) if found else None


def find_highest(values: Iterable[object]) -> dict[str, int]:
    """County → its highest running number among the values; blanks and other schemes are passed over."""
    found: dict[str, int] = {}
    for value in values:
        parts = split_bsm(value)
        if parts:
            found[parts[0]] = max(parts[1], found.get(parts[0], 0))
    return found


def highest_running(values: Iterable[object], county: str) -> int:
    """The highest running number of a county, whichever way its numbers are made: the last eight of their eighteen digits (the
    four before them may be a layer's code). 0 when there is none."""
    texts = ("" if value is None else str(value).strip() for value in values)
    return max((int(t[-RUNNING_DIGITS:]) for t in texts if re.fullmatch(rf"{county}[0-9]{{12}}", t)), default=0)


def usual_county(values: Iterable[object]) -> str:
    """The county that most of the values begin with; empty when none is of this scheme."""
    votes = Counter(parts[0] for parts in map(split_bsm, values) if parts)
    return votes.most_common(1)[0][0] if votes else ""


def next_bsm(county: str, used: Iterable[object], high_water: int = 0) -> str:
    """The next free number of a county: one above the highest of those used and of the remembered one."""
    return make_bsm(county, max(find_highest(used).get(county, 0), high_water) + 1)
