# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines and layers that a review compares, and fields of projects, from ``conformity.toml`` of a standard."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated

from ....paths import STANDARDS_FOLDER
from ...base.files.data import EVERY_KEY, SourceMark, check_known, one_of, read_record, read_toml
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
_AbsentOutcome = Annotated[Outcome, one_of(Outcome.UNDETERMINED, Outcome.CONDITIONAL, Outcome.LISTED)]
#: Meanings of fields of projects.
FIELD_MEANINGS = (
    "name", "number", "applicant", "use", "supply", "width", "approval", "plan",
    "declared_m2", "declared_ha", "declared_mu",
)  # fmt: skip


@dataclass(frozen=True)
class LineSpec:
    """A control line of the review.

    ``concept``: a concept or a layer code; ``zh``, ``en``: its name; ``parts``, ``rows``: of `PART_KINDS`, `ROW_KINDS`;
    ``absent``: how a missing layer counts for the whole, LISTED not at all; ``needs_approval``: occupied land is
    不符合, with an approving document 有条件; ``unconfirmed``: outcome of a rule of mark C, None for the usual one;
    ``words``: part → words in kind or name of a row, for parts by words.
    """

    id: str
    concept: str
    zh: str
    en: str
    basis: AreaBasis
    parts: Annotated[str, one_of(*PART_KINDS)]
    absent: _AbsentOutcome
    needs_approval: bool = field(default=False, metadata={"key": "approval"})
    unconfirmed: _AbsentOutcome | None = None
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Annotated[str, one_of(*ROW_KINDS)] = ROWS_ALL

    @property
    def name(self) -> tuple[str, str]:
        """Return the name in Chinese and in English."""
        return self.zh, self.en


@dataclass(frozen=True)
class LinesFile:
    """The content of a profile's file with further lines."""

    line: tuple[LineSpec, ...]


@dataclass(frozen=True)
class ApprovalWords:
    """What makes a text an approval: words, or a ``number`` of a document (pattern) without ``no_issuer``."""

    words: tuple[str, ...]
    number: str
    no_issuer: tuple[str, ...]


@dataclass(frozen=True)
class ArchaeologySettings:
    """Where relics may lie under ground, and the mark of the notice on it."""

    mark: SourceMark
    area: str
    ranges: tuple[str, ...]


@dataclass(frozen=True)
class ReviewFile(LinesFile):
    """The content of ``conformity.toml``."""

    fields: dict[Annotated[str, one_of(*FIELD_MEANINGS), EVERY_KEY], tuple[str, ...]]
    supply: dict[Annotated[str, one_of(SupplyMode.GRANT, SupplyMode.ALLOCATION), EVERY_KEY], tuple[str, ...]]
    approval: ApprovalWords
    archaeology: ArchaeologySettings


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
        for number, line in enumerate(read_record(LinesFile, read_toml(path), file=path).line, 1):
            check_known(line.concept, (*standard.concepts, *standard.templates), path, f"line[{number}].concept")
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
    file = read_record(ReviewFile, read_toml(path), file=path)
    words, barred = ("|".join(map(re.escape, texts)) for texts in (file.approval.words, file.approval.no_issuer))
    number = f"(?:(?!.*(?:{barred})){file.approval.number})"
    return ReviewSettings(
        file.line,
        {meaning: tuple(name.upper() for name in file.fields[meaning]) for meaning in FIELD_MEANINGS},
        {SupplyMode(mode): words_of_mode for mode, words_of_mode in file.supply.items()},
        re.compile(rf"(?:{words}|{number}(?:[、，,；;]{number})*)", re.IGNORECASE),
        file.archaeology.area,
        file.archaeology.ranges,
        file.archaeology.mark,
    )
