# SPDX-License-Identifier: GPL-2.0-or-later
"""Projects that are drawn or selected: shapes with attributes, read as rows of a file of projects are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..geometry.crs import make_crs_label
from ..plan.layer import SourceLayer
from ..plan.plan import Plan
from .model import ConformityResult, ProjectResult
from .prepared import PreparedReview
from .read_projects import ReadProjects, read_projects
from .run import find_area_name
from .settings import FIELD_MEANINGS, ReviewSettings

if TYPE_CHECKING:
    from pyproj import CRS


@dataclass(frozen=True)
class DrawnProject:
    """A project that is drawn, selected or read from a file.

    ``shape``: polygon, line or point in ``crs``; ``attributes``: meaning of a field (`FIELD_MEANINGS`) → text.
    """

    shape: Any
    crs: CRS
    attributes: Mapping[str, str] = field(default_factory=dict)


def read_drawn_projects(
    drawn: Sequence[DrawnProject], plan: Plan, settings: ReviewSettings, source: str
) -> ReadProjects:
    """Return projects as `read_projects` does for rows of a file; rows are numbered from 1 in the given order.

    ``source``: name of the source in notes. Raise InputError if the coordinates of a shape contradict its CRS.
    """
    projects, notes = [], []
    for row, one in enumerate(drawn, 1):
        read = read_projects(_make_layer(one, settings, source), plan.norm, settings, plan.plane_crs)
        projects += [replace(project, row=row) for project in read.projects]
        notes += [
            replace(note, row=row, message=replace(note.message, params={**note.message.params, "row": row}))
            for note in read.notes
        ]
    return ReadProjects(tuple(projects), tuple(notes), len(drawn), source)


def _make_layer(one: DrawnProject, settings: ReviewSettings, source: str) -> SourceLayer:
    """Return a project as a layer of one row."""
    import geopandas as gpd

    columns = {
        settings.fields[meaning][0]: [one.attributes[meaning]]
        for meaning in FIELD_MEANINGS
        if one.attributes.get(meaning)
    }
    return SourceLayer(source, gpd.GeoDataFrame(columns, geometry=[one.shape], crs=one.crs), (), one.crs)


def review_drawn_projects(
    drawn: Sequence[DrawnProject], review: PreparedReview, source: str, lang: str
) -> ConformityResult:
    """Return the review of drawn projects with notes, as `run.review_projects` does for a file. Raise InputError."""
    plan = review.plan
    read = read_drawn_projects(drawn, plan, review.settings, source)
    reviewed = review.review(read.projects)
    return ConformityResult(
        tuple(_add_notes(one, read) for one in reviewed.results),
        tuple(sorted((*read.notes, *reviewed.notes), key=lambda note: note.row)),
        read.row_count,
        source,
        Path(plan.source).name,
        plan.area_code,
        find_area_name(plan),
        make_crs_label(plan.plane_crs),
        review.table.file_name,
        review.tolerance,
        lang,
        datetime.now().astimezone(),
        plan,
        plan.base_year,
        plan.input_files,
    )


def _add_notes(result: ProjectResult, read: ReadProjects) -> ProjectResult:
    """Return a result with the notes on its row before those of the review."""
    of_row = tuple(note for note in read.notes if note.row == result.project.row)
    return replace(result, notes=(*of_row, *result.notes)) if of_row else result
