# SPDX-License-Identifier: GPL-2.0-or-later
"""Projects that are drawn or selected: shapes with attributes, read as rows of a file of projects are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..plan.plan import Plan
from .model import ConformityResult
from .prepared import PreparedReview
from .read_projects import ProjectRows, ReadProjects, read_project_rows
from .run import make_result
from .settings import FIELD_MEANINGS, ReviewSettings

if TYPE_CHECKING:
    from pyproj import CRS


@dataclass(frozen=True)
class DrawnProject:
    """A project that is drawn, selected or read from a file.

    ``shape``: polygon, line or point in ``crs``; ``attributes``: meaning of a field (`FIELD_MEANINGS`) → text, and
    where several fields have that meaning also name of the field in capitals → text.
    """

    shape: Any
    crs: CRS
    attributes: Mapping[str, str] = field(default_factory=dict)


def read_drawn_projects(
    drawn: Sequence[DrawnProject],
    plan: Plan,
    settings: ReviewSettings,
    source: str,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ReadProjects:
    """Return projects as `read_projects` does for rows of a file; rows are numbered from 1 in the given order.

    ``source``: name of the source in notes. Raise InputError if the coordinates of a shape contradict its
    CRS, and Cancelled.
    """
    projects, notes = [], []
    for row, one in enumerate(drawn, 1):
        cancellation.raise_if_cancelled()
        read = read_project_rows(_make_rows(one, settings, source), plan.norm, settings, plan.plane_crs)
        projects += [replace(project, row=row) for project in read.projects]
        notes += [
            replace(note, row=row, message=replace(note.message, params={**note.message.params, "row": row}))
            for note in read.notes
        ]
    return ReadProjects(tuple(projects), tuple(notes), len(drawn), source)


def _make_rows(one: DrawnProject, settings: ReviewSettings, source: str) -> ProjectRows:
    """Return a project as a row of a file; making a table for each position of the mouse would take milliseconds."""
    columns = {}
    for meaning in FIELD_MEANINGS:
        names = [name for name in settings.fields[meaning] if name in one.attributes]
        texts = [(name, one.attributes[name]) for name in names] or [
            (settings.fields[meaning][0], one.attributes.get(meaning, ""))
        ]
        columns[meaning] = [(name, [text.strip()]) for name, text in texts]
    shapes = np.empty(1, dtype=object)
    shapes[0] = one.shape
    return ProjectRows(source, one.crs, shapes, columns)


def review_drawn_projects(
    drawn: Sequence[DrawnProject],
    review: PreparedReview,
    source: str,
    lang: str,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ConformityResult:
    """Return the review of drawn projects, as `run.review_projects` does for a file. Raise InputError and Cancelled."""
    read = read_drawn_projects(drawn, review.plan, review.settings, source, cancellation)
    reviewed = review.review(read.projects, cancellation)
    return make_result(review.plan, review.settings, read, reviewed, review.table, review.tolerance, lang)
