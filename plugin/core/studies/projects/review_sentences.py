# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences on a review of projects, and their parameters that depend on the language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import shapely
from numpy.typing import NDArray

from ...standard.messages.numbers import format_hectare_number, format_number, format_small_square_metres
from ...standard.messages.texts import Texts
from .reviewed_project import SECTION, AdmissionRule, ConformityResult, NoteLevel, Outcome

#: More projects are only counted.
_MAX_LISTED_PROJECTS = 30
_LEVEL_ORDER = (NoteLevel.ERROR, NoteLevel.WARNING, NoteLevel.INFO)


class ReportLine(NamedTuple):
    """A sentence with its level."""

    level: NoteLevel
    text: str


def get_outcome_name(outcome: Outcome, texts: Texts) -> str:
    """Return an outcome in words."""
    return texts.get(SECTION, f"outcome_{outcome}")


def describe_result(result: ConformityResult, lang: str) -> list[ReportLine]:
    """Return a summary, the verdicts of few projects with the reason, and the notes, those on errors first."""
    texts = Texts(lang)
    counts = {
        str(verdict): format_number(result.count(verdict), 0)
        for verdict in (Outcome.CONFORMS, Outcome.CONDITIONAL, Outcome.FAILS, Outcome.UNDETERMINED)
    }
    summary = texts.get(
        SECTION,
        "done",
        count=format_number(len(result.results), 0),
        left_out=format_number(result.left_out_count, 0),
        table=result.admission_file,
        **counts,
    )
    lines = [ReportLine(NoteLevel.WARNING if result.has_problems else NoteLevel.INFO, summary)]
    if len(result.results) <= _MAX_LISTED_PROJECTS:
        for one in result.results:
            text = texts.get(
                SECTION,
                "project_line",
                project=one.project.label,
                verdict=get_outcome_name(one.verdict, texts),
                area=Area(one.project.statutory_m2).render(texts),
                reason=one.reasons[0].render(texts) if one.reasons else "",
            )
            lines.append(ReportLine(NoteLevel.INFO, text))
    if result.unread_note:
        lines.append(ReportLine(NoteLevel.INFO, result.unread_note.render(texts)))
    notes = sorted(result.notes, key=lambda note: (_LEVEL_ORDER.index(note.level), note.row))
    return [*lines, *(ReportLine(note.level, note.message.render(texts)) for note in notes)]


#: Parts of lines: core and control zone, inside, outside and partly inside the boundary.
CORE, CONTROL, INSIDE, OUTSIDE, PARTLY = "core", "control", "inside", "outside", "partly"
#: Parts of planned land use: the project's use is of its class, or is not.
SAME_USE, OTHER_USE = "same", "other"
_MIN_HECTARES_M2 = 100.0


def count_loose_parts(parts: NDArray) -> dict[str, int]:
    """Return the numbers of (n,) lines and points as parameters of a sentence."""
    is_line = shapely.get_dimensions(parts) == 1
    return {"lines": int(is_line.sum()), "points": int((~is_line).sum())}


def describe_part(part: str, texts: Texts) -> str:
    """Return the name of a part; a part by words has its own."""
    return texts.get(SECTION, f"part_{part}") if part in (CORE, CONTROL, INSIDE, OUTSIDE) else part


@dataclass(frozen=True)
class BilingualName:
    """A name as a parameter of a sentence: (Chinese, English)."""

    name: tuple[str, str]

    def render(self, texts: Texts) -> str:
        """Return the name in the language of the texts."""
        return self.name[texts.lang == "en"]


@dataclass(frozen=True)
class Area:
    """An area (m²) as a parameter of a sentence: in hectares, below 0.01 ha in m²."""

    area_m2: float

    def render(self, texts: Texts) -> str:
        """Return the area with its unit."""
        return (
            format_small_square_metres(self.area_m2)
            if self.area_m2 < _MIN_HECTARES_M2
            else texts.get(SECTION, "hectares", amount=format_hectare_number(self.area_m2))
        )


@dataclass(frozen=True)
class Length:
    """A length (m) as a parameter of a sentence; whole metres from 10 m on."""

    length_m: float

    def render(self, texts: Texts) -> str:
        """Return the length without a unit."""
        return format_number(self.length_m, 0 if self.length_m >= 10 else 2)


@dataclass(frozen=True)
class Condition:
    """The condition of a row of the admission table as a parameter of a sentence."""

    rule: AdmissionRule

    def render(self, texts: Texts) -> str:
        """Return the condition in the language of the texts, without its full stop."""
        return self.rule.get_condition(texts.lang).rstrip("。. ")
