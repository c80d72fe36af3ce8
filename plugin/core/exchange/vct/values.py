# SPDX-License-Identifier: GPL-2.0-or-later
"""Convert attribute values to the text of a VCT file, and back.

A field is declared longer than in the template if its values need it; values are not truncated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...base.errors import OutputError
from ...plan.layer import FieldInfo
from ...standard.template import Template
from .settings import VCT_ENCODING, VCT_SEPARATOR, VctSettings
from .structure import VctColumn

#: A line end would end the row, a comma the value, NUL the file.
_LINE_ENDS = {"\0": None, "\r": None, "\n": " ", "\x0b": " ", "\x0c": " ", "\x85": " "}
_CELL_REPLACEMENTS, LINE_REPLACEMENTS = str.maketrans({VCT_SEPARATOR: "，", **_LINE_ENDS}), str.maketrans(_LINE_ENDS)
_DATE_PATTERN = re.compile(
    r"(\d{4})[-/.年]?(\d{2})[-/.月]?(\d{2})日?(?:[T ]*(\d{2}):?(\d{2})(?::?(\d{2})(?:\.\d*)?)?Z?)?", re.ASCII
)
#: Decimals that a double of usual size can hold.
_MAX_DECIMALS = 12


@dataclass(frozen=True)
class ConvertedColumn:
    """A field converted for writing.

    ``column``: its declaration; ``value_texts``: its values; ``remark_counts``: text key of a remark → number of
    values.
    """

    column: VctColumn
    value_texts: list[str]
    remark_counts: dict[str, int]


def clean_text(text: str) -> str:
    """Return a text that can be a cell of a VCT row.

    Commas, which separate cells, become full-width commas; line ends become spaces.
    """
    return text.translate(_CELL_REPLACEMENTS)


def convert_column_to_texts(
    values: pd.Series,
    field_info: FieldInfo,
    template: Template | None,
    settings: VctSettings,
    layer: str,
    feature_names: NDArray,
) -> ConvertedColumn:
    """Convert one field of a layer to texts; the declared length grows to the longest text.

    ``field_info``: its type and length in the source; ``feature_names``: (n,) names for errors. OutputError names a
    character outside GBK or an invalid number.
    """
    template_field = template.find_field_by_name(field_info.name) if template else None
    length, decimals = (template_field.length, template_field.decimals) if template_field else (None, None)
    name, type_ = clean_text(field_info.name), field_info.type
    check_gbk([name], layer, name, np.array([""]))
    counts: dict[str, int] = {}
    try:
        if type_ == "text":
            originals = ["" if v is None or v is pd.NA or v != v else str(v) for v in values.tolist()]
            texts = [clean_text(text) for text in originals]
            counts["vct_note_commas"] = sum(a != b for a, b in zip(originals, texts, strict=True))
            length = length or field_info.length or settings.text_length
        elif type_ == "integer":
            is_missing = values.isna().tolist()
            texts = ["" if m else _format_integer(v) for m, v in zip(is_missing, values.tolist(), strict=True)]
            length = length or settings.integer_length
        elif type_ == "real":
            declared_decimals = settings.real_decimals if decimals is None else decimals
            texts, decimals, counts["vct_note_wider"] = _format_reals(values, declared_decimals)
            length = length or settings.real_width
        else:
            days = pd.to_datetime(values)
            texts = ["" if day is pd.NaT else f"{day:%Y%m%d}" for day in days.tolist()]
            counts["vct_note_times"] = int((days.dropna() != days.dropna().dt.normalize()).sum())
            length = 8
    except (ValueError, OverflowError, TypeError) as error:
        raise OutputError("vct_no_value", layer=layer, field=field_info.name, of_type=type_) from error
    if type_ in ("text", "integer"):
        counts["vct_note_wider"] = sum(len(text) > length for text in texts)
    check_gbk(texts, layer, field_info.name, feature_names)
    column = VctColumn(name, type_, max(length, *map(len, texts), 0), (decimals or 0) if type_ == "real" else 0)
    return ConvertedColumn(column, texts, {key: count for key, count in counts.items() if count})


def check_gbk(texts: list[str], layer: str, field: str, feature_names: NDArray) -> None:
    """Raise OutputError for the first character outside GBK; it names layer, feature and field.

    ``feature_names``: (n,) name of the feature of each text.
    """
    try:
        "\n".join(texts).encode(VCT_ENCODING)
    except UnicodeEncodeError:
        for text, name in zip(texts, feature_names, strict=True):
            for character in text:
                if not character.encode(VCT_ENCODING, errors="ignore"):
                    params = {"character": character, "code": f"U+{ord(character):04X}"}
                    raise OutputError("vct_character", layer=layer, feature=str(name), field=field, **params) from None


def _format_integer(value: Any) -> str:
    """Return a value as the text of an integer; ValueError for a fraction or a text that is not an integer."""
    number = int(value)
    if not isinstance(value, str) and number != value:
        raise ValueError(value)
    return str(number)


def _format_reals(values: pd.Series, declared_decimals: int) -> tuple[list[str], int, int]:
    """Return real numbers as texts, the number of their decimals, and how many numbers need more than declared.

    The decimals grow until no value is rounded. Raises ValueError for an infinite number.
    """
    numbers = pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(numbers).any():
        raise ValueError
    finite_numbers = numbers[~np.isnan(numbers)]
    # Differences below this are the inexactness of doubles.
    allowance = 1e-14 * np.maximum(1.0, np.abs(finite_numbers))

    def count_rounded(decimals: int) -> int:
        """Return how many numbers rounding to these decimals would change."""
        return int((np.abs(finite_numbers - np.round(finite_numbers, decimals)) > allowance).sum())

    decimals = declared_decimals
    while decimals < _MAX_DECIMALS and count_rounded(decimals):
        decimals += 1
    wider = count_rounded(declared_decimals) if decimals > declared_decimals else 0
    return ["" if v != v else f"{v:.{decimals}f}" for v in numbers.tolist()], decimals, wider


def _parse_finite(text: str) -> float:
    """Return a text as a finite number; ValueError for another text."""
    # Python accepts 1_000 as a number.
    number = float(text.replace("_", "?"))
    if not np.isfinite(number):
        raise ValueError(text)
    return number


def _parse_integer(text: str) -> int:
    """Return a text as a 64-bit integer; ValueError for another text."""
    number = int(text.replace("_", "?"))
    if abs(number) >= 2**63:
        raise ValueError(text)
    return number


def _parse_date(text: str) -> date:
    """Return a text as a date, or as a datetime if it has a time other than midnight.

    ValueError for another text.
    """
    date_match = _DATE_PATTERN.fullmatch(text.strip())
    if date_match is None:
        raise ValueError(text)
    year, month, day, *clock = (int(part or 0) for part in date_match.groups())
    if not any(clock):
        return date(year, month, day)
    hour, minute, second = clock
    return datetime(year, month, day, hour, minute, second)


#: Type → conversion from text; ValueError for an invalid, OverflowError for a large value.
VALUE_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "integer": _parse_integer,
    "real": _parse_finite,
    "date": _parse_date,
}
