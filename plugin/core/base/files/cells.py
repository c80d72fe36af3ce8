# SPDX-License-Identifier: GPL-2.0-or-later
"""Convert table cells to text and dates; each repeated text is converted once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import DTypeLike, NDArray

#: Either separators or eight digits: 2025111 is ambiguous (November or January), and 202511 is a month.
_DATE_PATTERN = re.compile(
    r"(\d{4})(?:\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})|\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?|(\d{2})(\d{2}))"
    r"(?:(?:T|\s+)\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?"
)


def format_cell(value: Any) -> str:
    """Return a cell as text: a missing one is empty, 2020.0 becomes 2020."""
    import numpy as np
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def strip_blanks(series: pd.Series) -> pd.Series:
    """Return a column without blanks around its texts; blank text becomes missing.

    Numbers and dates remain unchanged.
    """
    import pandas as pd

    if not (series.dtype == object or pd.api.types.is_string_dtype(series)):
        return series
    if are_stripped(find_distinct_texts(series)):
        # A copy of the same values would occupy memory as long as the plan does.
        return series
    # Objects in an array, not `map`: `map` converts integers with gaps to doubles, which keep 15 digits only.
    stripped = _apply_to_values(
        series,
        lambda value: (value.strip() or None) if isinstance(value, str) else value,
        lambda texts: [text.strip() or None for text in texts],
    )
    return pd.Series(stripped, index=series.index, dtype=object)


def find_distinct_texts(series: pd.Series) -> list[str] | None:
    """Return the distinct texts of a column; None if it has values other than texts and None."""
    import pandas as pd

    if series.dtype != object:
        return None
    distinct_values = [value for value in pd.unique(series.to_numpy()) if value is not None]
    return distinct_values if all(issubclass(kind, str) for kind in set(map(type, distinct_values))) else None


def are_stripped(texts: list[str] | None) -> bool:
    """Return True if no text is blank or has blanks around it; False if ``texts`` is None."""
    # Without a loop in Python: columns of keys have as many texts as rows.
    return texts is not None and "" not in texts and list(map(str.strip, texts)) == texts


def format_column(series: pd.Series) -> list[str]:
    """Return the values of a column as text.

    Missing values are empty, integers have no decimal point.
    """
    return _apply_to_values(
        series, format_cell, lambda texts: [text.strip() for text in texts], missing_result=""
    ).tolist()


def _apply_to_values(
    series: pd.Series,
    function: Callable[[Any], Any],
    function_of_texts: Callable[[Iterable[str]], list[Any]],
    missing_result: Any = None,
) -> np.ndarray:
    """Return (n,) objects: the result of a function for each value, ``missing_result`` for missing values.

    ``function``: called with one value; ``function_of_texts``: does the same for many texts at once.
    """
    import numpy as np
    import pandas as pd

    # Equal values of one type are written alike, and most columns have few. Objects are grouped by equality only if all
    # are texts: 1, 1.0 and True are equal, yet different values.
    are_texts = pd.api.types.infer_dtype(series, skipna=True) == "string"
    if are_texts or series.dtype != object:
        codes, distinct_values = pd.factorize(series, use_na_sentinel=True)
        results = np.empty(len(distinct_values) + 1, dtype=object)
        results[:-1] = (
            function_of_texts(distinct_values) if are_texts else [function(value) for value in distinct_values.tolist()]
        )
        results[-1] = missing_result
        return results[codes]
    results = np.empty(len(series), dtype=object)
    results[:] = [
        function(value) if is_present else missing_result
        for value, is_present in zip(series.tolist(), series.notna().tolist(), strict=True)
    ]
    return results


def parse_date(text: str) -> date | None:
    """Return the date in a text; a time of day after it is ignored.

    Formats: 2025-10-01, 2025/10/1, 2025.10.1, 2025年10月1日, 20251001. None for another format and for a date that does
    not exist (30 February).
    """
    match = _DATE_PATTERN.fullmatch(text.strip())
    if match is None:
        return None
    year, *month_and_day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, *month_and_day)
    except ValueError:
        return None


def map_texts(function: Callable[[str], Any], texts: Collection[str], dtype: DTypeLike) -> NDArray:
    """Return the (n,) results of a function for texts; the function is called once for each distinct text."""
    import numpy as np

    result_by_text = {text: function(text) for text in set(texts)}
    return np.fromiter(map(result_by_text.__getitem__, texts), dtype=dtype, count=len(texts))


def mask_texts(texts: Collection[str], accepted: Collection[str]) -> NDArray:
    """Return (n,) bool: texts that are one of the ``accepted`` texts."""
    import numpy as np

    return np.fromiter(map(frozenset(accepted).__contains__, texts), dtype=bool, count=len(texts))
