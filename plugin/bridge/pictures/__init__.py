# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of the report: overview map of the county, and largest conflicts.

Everything is drawn from the plan's tables, so this works in the toolbox's thread, in a task and without a display.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.cancellation import NEVER_CANCELLED, Cancellation
from ...core.errors import Cancelled
from ...core.render.pictures import ReportPictures
from ...core.render.words import ReportTexts
from ..running.tasks import log_error
from .overview import choose_overview_frame, draw_overview, make_legend_entries
from .scene import PictureData, draw_close_up

if TYPE_CHECKING:
    from ...core.model.report import Report
    from ...core.plan.plan import Plan


def draw_pictures(plan: Plan, report: Report, *, cancellation: Cancellation = NEVER_CANCELLED) -> ReportPictures:
    """Return all pictures of a report: overview map and close-ups of conflicts.

    Only Cancelled is raised; after any other error the report has no pictures, which is better than no report.
    """
    report_texts = ReportTexts(report.lang)
    try:
        return _draw_pictures(PictureData(plan, report, report_texts, cancellation))
    except Cancelled:
        raise
    except Exception as error:
        log_error(error)
        return ReportPictures(problem=report_texts.get("text", "picture_failed", detail=type(error).__name__))


def _draw_pictures(picture_data: PictureData) -> ReportPictures:
    """Return all pictures of a report: the overview with its legend, and a close-up for each chosen finding."""
    sheet = choose_overview_frame(picture_data)
    if sheet is None:
        return ReportPictures()
    report_pictures = ReportPictures(
        overview=draw_overview(picture_data, sheet), legend=make_legend_entries(picture_data)
    )
    for finding in picture_data.close_up_findings:
        picture_data.cancellation.raise_if_cancelled()
        report_pictures.conflicts.append(draw_close_up(picture_data, finding))
    return report_pictures
