# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines and layers that a review compares, and fields of projects, from ``conformity.toml`` of a standard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ....paths import STANDARDS_FOLDER
from ...base.files.data import SOURCE_MARKS, check_keys, check_known, read_toml
from ...standard.profile import Norm
from ...standard.profile.load import find_file_of_profile
from .reviewed_project import AreaBasis, Outcome, SupplyMode

FILE_NAME = "conformity.toml"
#: Settings of a profile: a file with further lines, and the lines that are switched off.
LINES_SETTING, OFF_SETTING = "projects.lines", "projects.lines_off"
#: How the rows of a line are distinguished.
PARTS_NONE, PARTS_BOUNDARY, PARTS_HERITAGE, PARTS_RESERVES, PARTS_USE, PARTS_WORDS = PART_KINDS = (
    "none", "boundary", "heritage", "reserves", "use", "words",
)  # fmt: skip
#: Rows of the layer that belong to a line: all, or those of 耕地 by their land-use code.
ROWS_ALL, ROWS_CULTIVATED = ROW_KINDS = ("all", "cultivated")
_ABSENT_OUTCOMES = (Outcome.UNDETERMINED, Outcome.CONDITIONAL, Outcome.LISTED)
#: Meanings of fields of projects.
FIELD_MEANINGS = (
    "name", "number", "applicant", "use", "supply", "width", "approval", "plan",
    "declared_m2", "declared_ha", "declared_mu",
)  # fmt: skip


@dataclass(frozen=True)
class LineSpec:
    """A control line of the review.

    ``concept``: a concept or a layer code; ``name``: (Chinese, English); ``parts``, ``rows``: of `PART_KINDS`,
    `ROW_KINDS`; ``absent``: how a missing layer counts for the whole, LISTED not at all; ``needs_approval``: occupied
    land is 不符合, with an approving document 有条件; ``unconfirmed``: outcome of a rule of mark C, None for the usual
    one; ``words``: part → words in kind or name of a row, for parts by words.
    """

    id: str
    concept: str
    name: tuple[str, str]
    basis: AreaBasis
    parts: str
    absent: Outcome
    needs_approval: bool
    unconfirmed: Outcome | None
    words: Mapping[str, tuple[str, ...]]
    rows: str = ROWS_ALL


@dataclass(frozen=True)
class ReviewSettings:
    """The content of ``conformity.toml``.

    ``lines_off``: lines that the county switches off, which rows of admission may name; ``fields``: meaning → names of
    fields, in capitals; ``supply_words``: mode of supply → words; ``approval``: matches a text that is an approval, and
    no other; ``archaeology_area``: concept of the areas where relics may lie under ground; ``archaeology_ranges``:
    concepts of ranges of heritage; ``archaeology_mark``: of the source of the notice.
    """

    lines: tuple[LineSpec, ...]
    fields: dict[str, tuple[str, ...]]
    supply_words: dict[SupplyMode, tuple[str, ...]]
    approval: re.Pattern[str]
    archaeology_area: str
    archaeology_ranges: tuple[str, ...]
    archaeology_mark: str
    lines_off: tuple[LineSpec, ...] = ()


def load_review_settings(norm: Norm) -> ReviewSettings:
    """Return the review settings of a standard.

    If it has none, they are those of the first included standard that has them. A profile adds lines, or replaces lines
    by their id, with a file; it can switch off those that do not count when their layer is missing. Raise DataError
    with file and key for an invalid value.
    """
    standard = norm.standard
    folders = [one.folder for one in standard.list_with_included_standards()]
    folder = next((one for one in folders if (one / FILE_NAME).exists()), STANDARDS_FOLDER / "common-2021")
    settings = _read_settings(folder / FILE_NAME)
    lines = {line.id: line for line in settings.lines}
    path = find_file_of_profile(norm, LINES_SETTING)
    if path is not None:
        table = read_toml(path)
        check_keys(table, required=("line",), allowed=(), file=path)
        for number, row in enumerate(table["line"], 1):
            line = _read_line(row, number, path)
            check_known(line.concept, (*standard.concepts, *standard.templates), path, f"line {number}.concept")
            lines[line.id] = line
    off = tuple(norm.get(OFF_SETTING))
    for line_id in off:
        known = tuple(one.id for one in lines.values() if one.absent is Outcome.LISTED)
        check_known(line_id, known, norm.profile.path or folder / FILE_NAME, OFF_SETTING)
    switched_off = tuple(lines.pop(line_id) for line_id in dict.fromkeys(off))
    return replace(settings, lines=tuple(lines.values()), lines_off=switched_off)


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
    check_known(archaeology["mark"], SOURCE_MARKS, path, "archaeology.mark")
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
    """Return the pattern of an approval: certain words, or numbers of documents.

    Raise DataError.
    """
    check_keys(table, required=("words", "number", "no_issuer"), allowed=(), file=path, where="approval")
    words, barred = ("|".join(map(re.escape, table[key])) for key in ("words", "no_issuer"))
    number = f"(?:(?!.*(?:{barred})){table['number']})"
    return re.compile(rf"(?:{words}|{number}(?:[、，,；;]{number})*)", re.IGNORECASE)


def _read_line(row: dict[str, Any], number: int, path: Path) -> LineSpec:
    """Return the line of a table ``[[line]]``. Raise DataError."""
    where = f"line {number}"
    required = ("id", "concept", "zh", "en", "basis", "parts", "absent")
    check_keys(row, required=required, allowed=("approval", "unconfirmed", "words", "rows"), file=path, where=where)
    check_known(row["basis"], tuple(map(str, AreaBasis)), path, f"{where}.basis")
    check_known(row["parts"], PART_KINDS, path, f"{where}.parts")
    check_known(row["absent"], tuple(map(str, _ABSENT_OUTCOMES)), path, f"{where}.absent")
    check_known(row.get("rows", ROWS_ALL), ROW_KINDS, path, f"{where}.rows")
    unconfirmed = row.get("unconfirmed", "")
    if unconfirmed:
        check_known(unconfirmed, tuple(map(str, _ABSENT_OUTCOMES)), path, f"{where}.unconfirmed")
    return LineSpec(
        row["id"],
        row["concept"],
        (row["zh"], row["en"]),
        AreaBasis(row["basis"]),
        row["parts"],
        Outcome(row["absent"]),
        bool(row.get("approval", False)),
        Outcome(unconfirmed) if unconfirmed else None,
        {part: tuple(words) for part, words in row.get("words", {}).items()},
        row.get("rows", ROWS_ALL),
    )
