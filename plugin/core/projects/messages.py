# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences on a review of projects, for the toolbox and the command line."""

from __future__ import annotations

from typing import NamedTuple

from ..messages.numbers import format_number
from ..messages.texts import Texts
from .model import SECTION, ConformityResult, NoteLevel, Outcome, ProjectResult
from .parts import Area

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
        lines += [ReportLine(NoteLevel.INFO, describe_project(one, texts)) for one in result.results]
    if result.unread_note:
        lines.append(ReportLine(NoteLevel.INFO, result.unread_note.render(texts)))
    notes = sorted(result.notes, key=lambda note: (_LEVEL_ORDER.index(note.level), note.row))
    return [*lines, *(ReportLine(note.level, note.message.render(texts)) for note in notes)]


def describe_project(one: ProjectResult, texts: Texts) -> str:
    """Return name, verdict, area and first reason of a project."""
    return texts.get(
        SECTION,
        "project_line",
        project=one.project.label,
        verdict=get_outcome_name(one.verdict, texts),
        area=Area(one.project.statutory_m2).render(texts),
        reason=one.reasons[0].render(texts) if one.reasons else "",
    )
