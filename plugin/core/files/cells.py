# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells of a table as the rules read them, days among them. What many rows say alike is looked at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def cell_text(value: Any) -> str:
    """A cell as text: missing → empty, 2020.0 → 2020."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def strip_blanks(series: pd.Series) -> pd.Series:
    """The values without blanks around them, blank text as missing; numbers and dates as they are."""
    import pandas as pd

    if not (series.dtype == object or pd.api.types.is_string_dtype(series)):
        return series
    if _clean(series):
        # Another array of the same values would be held beside the first for as long as the plan is.
        return series
    # Objects in an array, not `map`: that would put whole numbers with gaps into doubles, which hold 15 digits.
    return pd.Series(_each(series, _strip, _strip_texts), index=series.index, dtype=object)


def _clean(series: pd.Series) -> bool:
    """Is every value a text without blanks around it, or None? Then there is nothing to strip."""
    import pandas as pd

    if series.dtype != object or pd.api.types.infer_dtype(series, skipna=True) != "string":
        return False
    codes, distinct = pd.factorize(series, use_na_sentinel=True)
    if any(not value or value != value.strip() for value in distinct):
        return False
    return all(value is None for value in series.to_numpy()[codes < 0])


def _strip(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else value


def _strip_texts(values: Iterable[str]) -> list[str | None]:
    return [value.strip() or None for value in values]


def texts(series: pd.Series) -> list[str]:
    """The values as text, missing ones empty; whole numbers without a decimal point."""
    return _each(series, cell_text, _trim_texts, missing="").tolist()


def _trim_texts(values: Iterable[str]) -> list[str]:
    return [value.strip() for value in values]


def _each(
    series: pd.Series,
    function: Callable[[Any], Any],
    of_texts: Callable[[Iterable[str]], list[Any]],
    missing: Any = None,
) -> np.ndarray:
    """(n,) objects: the function of every value, ``missing`` for missing ones. ``of_texts``: the same of many texts."""
    import pandas as pd

    # Only among texts are equal values the same value: 1, 1.0 and True are not.
    if pd.api.types.infer_dtype(series, skipna=True) == "string":
        codes, distinct = pd.factorize(series, use_na_sentinel=True)
        answers = np.empty(len(distinct) + 1, dtype=object)
        answers[:-1] = of_texts(distinct)
        answers[-1] = missing
        return answers[codes]
    answers = np.empty(len(series), dtype=object)
    there = series.notna().tolist()
    answers[:] = [function(v) if t else missing for v, t in zip(series.tolist(), there, strict=True)]
    return answers


#: With marks between the parts, or eight digits: 2025111 may be of November or of January, and 202511 is a month.
_DAY = re.compile(
    r"(\d{4})(?:\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})|\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?|(\d{2})(\d{2}))"
    r"(?:(?:T|\s+)\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?"
)


def parse_date(text: str) -> date | None:
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
