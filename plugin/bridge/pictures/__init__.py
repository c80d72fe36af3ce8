# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of the report: overview map of the county, and largest conflicts.

Everything is drawn from the plan's tables, so this works in the toolbox's thread, in a task and without a display.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled
from ...core.render.finding_lists import ReportPictures
from ...core.render.words import ReportTexts
from ..running.tasks import log_error
from .overview import (
    PictureData,
    choose_close_up_frame,
    choose_overview_frame,
    draw_close_up,
    draw_overview,
    make_legend_entries,
)

if TYPE_CHECKING:
    from ...core.model.report import Report
    from ...core.plan.plan import Plan
    from ..layers.painting import ImageFrame


def draw_pictures(
    plan: Plan, report: Report, *, largest_scale: float = 0.0, cancellation: Cancellation = NEVER_CANCELLED
) -> ReportPictures:
    """Return all pictures of a report: overview map and close-ups of conflicts.

    ``largest_scale``: denominator of the largest scale; pictures at a larger scale are not drawn; 0 without a limit.
    Only Cancelled is raised; after any other error the report has no pictures, which is better than no report.
    """
    report_texts = ReportTexts(report.lang)
    try:
        picture_data = PictureData(plan, report, report_texts, cancellation)
        if (sheet := choose_overview_frame(picture_data)) is None:
            return ReportPictures()
        if _is_too_large(sheet, largest_scale):
            return ReportPictures(problem=picture_data.words.get("public", "picture_scale"))
        report_pictures = ReportPictures(
            overview=draw_overview(picture_data, sheet), legend=make_legend_entries(picture_data)
        )
        for finding in picture_data.close_up_findings:
            picture_data.cancellation.raise_if_cancelled()
            is_drawn = not largest_scale or not _is_too_large(choose_close_up_frame(finding), largest_scale)
            report_pictures.conflicts.append(draw_close_up(picture_data, finding) if is_drawn else "")
        return report_pictures
    except Cancelled:
        raise
    except Exception as error:
        log_error(error)
        return ReportPictures(problem=report_texts.get("text", "picture_failed", detail=type(error).__name__))


def _is_too_large(sheet: ImageFrame, largest_scale: float) -> bool:
    """Return True if a picture has a larger scale than allowed."""
    return (sheet.extent[2] - sheet.extent[0]) / (sheet.width_mm / 1000) < largest_scale
