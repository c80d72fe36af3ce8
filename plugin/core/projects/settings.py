# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines and layers that a review compares, and fields of projects, from ``conformity.toml`` of a standard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...paths import STANDARDS_FOLDER
from ..errors import DataError
from ..files.data import SOURCE_MARKS, check_keys, read_toml
from ..standard.model import Standard
from .model import AreaBasis, Outcome, SupplyMode

FILE_NAME = "conformity.toml"
#: How the rows of a line are distinguished.
PARTS_NONE, PARTS_BOUNDARY, PARTS_HERITAGE, PARTS_RESERVES = PART_KINDS = ("none", "boundary", "heritage", "reserves")
_ABSENT_OUTCOMES = (Outcome.UNDETERMINED, Outcome.CONDITIONAL)
#: Meanings of fields of projects.
FIELD_MEANINGS = (
    "name", "number", "applicant", "use", "supply", "width", "approval", "plan",
    "declared_m2", "declared_ha", "declared_mu",
)  # fmt: skip
#: Smallest width (m) of the land of a line, and diameter of that of a point.
MIN_WIDTH_M = 0.1


@dataclass(frozen=True)
class LineSpec:
    """A control line of the review.

    ``concept``: a concept or a layer code; ``name``: (Chinese, English); ``parts``: of `PART_KINDS`;
    ``absent_decides``: without its layer the whole is 未能判定, otherwise 有条件; ``needs_approval``: occupied land is
    不符合, with an approving document 有条件; ``unconfirmed``: outcome of a rule of mark C, None for the usual one.
    """

    id: str
    concept: str
    name: tuple[str, str]
    basis: AreaBasis
    parts: str
    absent_decides: bool
    needs_approval: bool
    unconfirmed: Outcome | None


@dataclass(frozen=True)
class ReviewSettings:
    """The content of ``conformity.toml``.

    ``fields``: meaning → names of fields, in capitals; ``supply_words``: mode of supply → words; ``approval``: matches
    a text that is an approval, and no other;
    ``archaeology_area``: concept of the areas where relics may lie under ground; ``archaeology_ranges``: concepts of
    ranges of heritage; ``archaeology_mark``: of the source of the notice.
    """

    lines: tuple[LineSpec, ...]
    fields: dict[str, tuple[str, ...]]
    supply_words: dict[SupplyMode, tuple[str, ...]]
    approval: re.Pattern[str]
    archaeology_area: str
    archaeology_ranges: tuple[str, ...]
    archaeology_mark: str


def load_review_settings(standard: Standard) -> ReviewSettings:
    """Return the settings of a standard, of the first of it and the standards that it includes that has them.

    Raise DataError with file and key for an invalid value.
    """
    for one in standard.list_with_included_standards():
        if (one.folder / FILE_NAME).exists():
            return _read_settings(one.folder / FILE_NAME)
    return _read_settings(STANDARDS_FOLDER / "common-2021" / FILE_NAME)


@cache
def _read_settings(path: Path) -> ReviewSettings:
    """Return the settings of a file. Raise DataError."""
    table = read_toml(path)
    check_keys(table, required=("line", "fields", "supply", "approval", "archaeology"), allowed=(), file=path)
    fields = table["fields"]
    check_keys(fields, required=FIELD_MEANINGS, allowed=(), file=path, where="fields")
    supply = table["supply"]
    modes = (SupplyMode.GRANT, SupplyMode.ALLOCATION)
    check_keys(supply, required=tuple(map(str, modes)), allowed=(), file=path, where="supply")
    archaeology = table["archaeology"]
    check_keys(archaeology, required=("mark", "area", "ranges"), allowed=(), file=path, where="archaeology")
    _check_known(archaeology["mark"], SOURCE_MARKS, path, "archaeology.mark")
    return ReviewSettings(
        tuple(_read_line(row, number, path) for number, row in enumerate(table["line"], 1)),
        {meaning: tuple(name.upper() for name in fields[meaning]) for meaning in FIELD_MEANINGS},
        {mode: tuple(supply[mode]) for mode in modes},
        _read_approval(table["approval"], path),
        archaeology["area"],
        tuple(archaeology["ranges"]),
        archaeology["mark"],
    )


def _read_approval(table: dict[str, Any], path: Path) -> re.Pattern[str]:
    """Return the pattern of an approval: one of some words, or numbers of documents. Raise DataError."""
    check_keys(table, required=("words", "number", "no_issuer"), allowed=(), file=path, where="approval")
    words, barred = ("|".join(map(re.escape, table[key])) for key in ("words", "no_issuer"))
    number = f"(?:(?!.*(?:{barred})){table['number']})"
    return re.compile(rf"(?:{words}|{number}(?:[、，,；;]{number})*)", re.IGNORECASE)


def _read_line(row: dict[str, Any], number: int, path: Path) -> LineSpec:
    """Return the line of a table ``[[line]]``. Raise DataError."""
    where = f"line {number}"
    required = ("id", "concept", "zh", "en", "basis", "parts", "absent")
    check_keys(row, required=required, allowed=("approval", "unconfirmed"), file=path, where=where)
    _check_known(row["basis"], tuple(map(str, AreaBasis)), path, f"{where}.basis")
    _check_known(row["parts"], PART_KINDS, path, f"{where}.parts")
    _check_known(row["absent"], tuple(map(str, _ABSENT_OUTCOMES)), path, f"{where}.absent")
    unconfirmed = row.get("unconfirmed", "")
    if unconfirmed:
        _check_known(unconfirmed, tuple(map(str, _ABSENT_OUTCOMES)), path, f"{where}.unconfirmed")
    return LineSpec(
        row["id"],
        row["concept"],
        (row["zh"], row["en"]),
        AreaBasis(row["basis"]),
        row["parts"],
        row["absent"] == Outcome.UNDETERMINED,
        bool(row.get("approval", False)),
        Outcome(unconfirmed) if unconfirmed else None,
    )


def _check_known(value: Any, known: tuple[str, ...], path: Path, key: str) -> None:
    """Raise DataError unless a value is one of the known values."""
    if value not in known:
        raise DataError("data_value_unknown", file=str(path), key=key, value=str(value), known=", ".join(known))
