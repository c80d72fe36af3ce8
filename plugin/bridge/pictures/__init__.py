# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of the report: overview map of the county, and largest conflicts.

Everything is drawn from the plan's tables, so this works in the toolbox's thread, in a task and without a display.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.cancellation import NEVER_CANCELLED, Cancellation
from ...core.errors import Cancelled
from ...core.render.pictures import ReportPictures
from ...core.render.words import ReportTexts
from ..running.tasks import log_error
from .overview import choose_overview_frame, draw_overview, make_legend_entries
from .scene import PictureData, choose_close_up_frame, draw_close_up

if TYPE_CHECKING:
    from ...core.model.report import Report
    from ...core.plan.plan import Plan
    from ...core.public_edition.redaction import PublicReport
    from ..layers.painting import ImageFrame


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


def draw_public_pictures(public: PublicReport, *, cancellation: Cancellation = NEVER_CANCELLED) -> ReportPictures:
    """Return the pictures of a public report, drawn without hidden layers.

    Pictures at a larger scale than the public edition allows are left out. Raise Cancelled.
    """
    report_pictures = draw_pictures(public.picture_plan, public.picture_report, cancellation=cancellation)
    if not public.edition.largest_scale or not report_pictures.overview:
        return report_pictures
    picture_data = PictureData(
        public.picture_plan, public.picture_report, ReportTexts(public.report.lang), cancellation
    )
    sheet = choose_overview_frame(picture_data)
    if sheet is None or _is_too_large(sheet, public):
        return ReportPictures(problem=public.redactor.texts.get("public", "picture_scale"))
    close_ups = zip(picture_data.close_up_findings, report_pictures.conflicts, strict=True)
    conflicts = ["" if _is_too_large(choose_close_up_frame(finding), public) else image for finding, image in close_ups]
    return replace(report_pictures, conflicts=conflicts)


def _is_too_large(sheet: ImageFrame, public: PublicReport) -> bool:
    """Return True if a picture has a larger scale than the public edition allows."""
    return (sheet.extent[2] - sheet.extent[0]) / (sheet.width_mm / 1000) < public.edition.largest_scale


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
