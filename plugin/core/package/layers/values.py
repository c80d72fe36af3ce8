# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of a column as a field of a template holds them. Nothing is cut, rounded or guessed: what does not fit is told."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...files.cells import stripped, texts
from ...standard.template import Field

if TYPE_CHECKING:
    import pandas as pd

#: A day and, after it, a time of day without a zone. Without separators all eight digits are needed: 2024111 is two days.
_DATE = re.compile(
    r"(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2}))(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?)?"
)


class Carried(NamedTuple):
    """``values`` (n,) objects: str, int, float, datetime or None; ``wrong``: why → positions of values that are lost."""

    values: NDArray
    wrong: dict[str, NDArray]


def carry(series: pd.Series, declared: Field) -> Carried:
    """A column's values in a field's type; blanks around texts go, blank texts are missing values.

    Reasons: ``number_unreadable``, ``not_whole``, ``date_unreadable``.
    """
    if declared.type == "text":
        return Carried(_or_none(np.array(texts(stripped(series)), dtype=object)), {})
    if declared.type == "date":
        return _dates(series)
    return _numbers(series, declared.type == "integer")


def _or_none(values: NDArray) -> NDArray:
    values[values == ""] = None
    return values


def _numbers(series: pd.Series, whole: bool) -> Carried:
    values = np.full(len(series), None, dtype=object)
    unreadable, broken = [], []
    if series.dtype.kind in "iu":
        values[:] = series.tolist() if whole else [float(v) for v in series.tolist()]
        return Carried(values, {})
    if series.dtype.kind == "f":
        numbers = series.to_numpy()
        there = ~np.isnan(numbers)
        if not whole:
            values[there] = numbers[there].tolist()
            unreadable = np.flatnonzero(np.isinf(numbers)).tolist()
            return _with(values, unreadable, [])
    for position, text in enumerate(texts(stripped(series))):
        if not text:
            continue
        number = _number(text)
        if number is None:
            unreadable.append(position)
        elif not whole:
            values[position] = float(number)
        elif float(number).is_integer():
            values[position] = int(number)
        else:
            broken.append(position)
    return _with(values, unreadable, broken)


def _with(values: NDArray, unreadable: list[int], broken: list[int]) -> Carried:
    wrong = {"number_unreadable": unreadable, "not_whole": broken}
    for positions in wrong.values():
        values[positions] = None
    return Carried(values, {key: np.array(rows) for key, rows in wrong.items() if rows})


def _number(text: str) -> int | float | None:
    if re.fullmatch(r"[+-]?\d+", text):
        # A double has no room for 18 digits.
        return int(text)
    try:
        # Python reads 1_000 as a thousand; nobody else does.
        number = float(text) if "_" not in text else None
    except ValueError:
        return None
    return number if number is not None and np.isfinite(number) else None


def _dates(series: pd.Series) -> Carried:
    values = np.full(len(series), None, dtype=object)
    wrong = []
    for position, value in enumerate(series.tolist()):
        found = _date(value)
        if found == "":
            wrong.append(position)
        else:
            values[position] = found
    return Carried(values, {"date_unreadable": np.array(wrong)} if wrong else {})


def _date(value: Any) -> datetime | str | None:
    """A moment without zone, None for a missing one, an empty text for one that cannot be read."""
    import pandas as pd

    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        found = _DATE.fullmatch(text)
        numbers = [int(part) for part in found.groups() if part] if found else []
        try:
            return datetime(*numbers) if numbers else ""  # type: ignore[arg-type]
        except ValueError:
            return ""
    if pd.isna(value):
        return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None, microsecond=0) if not isinstance(value, pd.Timestamp) else _stamp(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return ""


def _stamp(value: Any) -> datetime:
    return value.tz_localize(None).floor("s").to_pydatetime() if value.tzinfo else value.floor("s").to_pydatetime()
