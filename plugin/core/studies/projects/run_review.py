# SPDX-License-Identifier: GPL-2.0-or-later
"""A review of projects: read the plan and the projects, review them, write the results.

Command line and toolbox use this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import name_source
from ...base.errors import InputError
from ...geometry.crs import make_crs_label
from ...geometry.tolerance import Tolerance
from ...plan.layer import SourceLayer
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...standard.divisions import label_division
from ...standard.options import MIN_WIDTH_M, RunOptions
from ...standard.profile import DocumentInfo
from .admission import AdmissionTable, load_admission
from .near_plan import list_unread_layers, make_plan_near, needs_field
from .read_projects import ReadProjects, read_projects
from .review import ProjectReview, ReviewedProjects
from .review_settings import ReviewSettings, load_review_settings
from .reviewed_project import ConformityResult

ProgressCallback = Callable[[float, str], None]
_READING_SHARE = 0.4


def review_projects(
    projects: SourceLayer,
    data: str | Path | Iterable[SourceLayer],
    options: RunOptions | None = None,
    *,
    width_m: float | None = None,
    use: str = "",
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ConformityResult:
    """Return the review of all projects of a layer against the plan of a county.

    The plan is read once. A project that cannot be reviewed is left out, with a note; the others are reviewed.

    Parameters
    ----------
    projects
        Polygons, lines or points; `read_project_layer` reads them from a file.
    data
        File or folder of the plan, or layers that are already read; ``source`` names the origin of those.
    width_m, use
        For rows without a width or a use: width of lines and diameter of points (m), code or name of the use.

    Raises
    ------
    InputError, DataError
        The plan or the projects cannot be read, or the admission table is wrong; the error names the remedy.
    Cancelled
        Between layers and projects.
    """
    options = options or RunOptions()
    if width_m is not None and not MIN_WIDTH_M <= width_m < float("inf"):
        raise InputError("projects_width", value=str(width_m), limit=str(MIN_WIDTH_M))
    norm = options.resolve_norm()
    settings = load_review_settings(norm)
    table = load_admission(norm, settings)
    progress(0.0, "")
    plan = read_plan(data, norm, options, source=source, needs_field=needs_field, cancellation=cancellation)
    progress(_READING_SHARE, "")
    read = read_projects(projects, norm, settings, plan.plane_crs, width_m=width_m, use=use, cancellation=cancellation)
    tolerance = options.tolerance or norm.make_tolerance()
    shapes = np.array([project.extent for project in read.projects], dtype=object)
    review = ProjectReview(
        make_plan_near(plan, shapes, settings, cancellation),
        read.projects,
        settings,
        table,
        tolerance,
        progress=lambda share: progress(_READING_SHARE + (1 - _READING_SHARE) * share, ""),
        cancellation=cancellation,
    )
    reviewed = review.review()
    progress(1.0, "")
    return make_result(plan, settings, read, reviewed, table, tolerance, options.lang, options.document_info)


def make_result(
    plan: Plan,
    settings: ReviewSettings,
    read: ReadProjects,
    reviewed: ReviewedProjects,
    table: AdmissionTable,
    tolerance: Tolerance,
    lang: str,
    document_info: DocumentInfo | None = None,
) -> ConformityResult:
    """Return the result of a review, with the notes on rows of the projects before those of the review."""
    return ConformityResult(
        tuple(
            replace(one, notes=(*(note for note in read.notes if note.row == one.project.row), *one.notes))
            for one in reviewed.results
        ),
        tuple(sorted((*read.notes, *reviewed.notes), key=lambda note: note.row)),
        read.row_count,
        read.source,
        name_source(plan.source),
        plan.area_code,
        find_area_name(plan),
        make_crs_label(plan.plane_crs),
        table.file_name,
        tolerance,
        lang,
        datetime.now().astimezone(),
        plan,
        plan.base_year,
        plan.input_files,
        list_unread_layers(plan, settings),
        document_info,
    )


def find_area_name(plan: Plan) -> str:
    """Return the name of the county: by its profile, its outline, else the list of divisions."""
    profile = plan.norm.profile
    if profile.name and profile.area_code == plan.area_code:
        return profile.name
    county = plan.find_layer_of_concept("county")
    if county is not None and len(county) == 1 and county.text("division_name")[0]:
        return county.text("division_name")[0]
    return label_division(plan.area_code, plan.norm.standard.code_lists.get("divisions"))
