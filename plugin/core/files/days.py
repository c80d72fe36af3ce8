# SPDX-License-Identifier: GPL-2.0-or-later
"""Days as people and programs write them in tables."""

from __future__ import annotations

import re
from datetime import date

#: With marks between the parts, or eight digits: 2025111 may be of November or of January, and 202511 is a month.
_DAY = re.compile(
    r"(\d{4})(?:\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})|\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?|(\d{2})(\d{2}))"
    r"(?:(?:T|\s+)\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?"
)


def read_day(text: str) -> date | None:
    """The day that a text tells: 2025-10-01, 2025/10/1, 2025.10.1, 2025年10月1日, 20251001, with or without a time of day behind
    it. None when it tells none, or one that there is not (30 February)."""
    match = _DAY.fullmatch(text.strip())
    if match is None:
        return None
    year, *rest = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, *rest)
    except ValueError:
        return None
