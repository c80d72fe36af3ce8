# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the report on the panel's projects in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qgis.core import QgsProject

from ...bridge import settings
from ...bridge.checking.drawn_projects import ProjectShape, ReviewData, write_review
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.base.files.writing import OutputPaths
from ..widgets import messages
from ..widgets.messages import MessageBarMessages
from ..widgets.paths import choose_save_path, make_opener

#: Suffix of a file → field of `OutputPaths`. A further format is a further entry, and a filter in `ReportWriter`.
OUTPUT_BY_SUFFIX = {".xlsx": "xlsx", ".gpkg": "findings"}
_FOLDER_KEY = "export_folder"


class ReportWriter:
    """Asks for a file and writes the review of projects there."""

    def __init__(self, iface: Any, runner: JobRunner, bar: MessageBarMessages):
        self._iface, self._runner, self._bar = iface, runner, bar

    def ask_and_write(self, data: ReviewData, projects: Sequence[ProjectShape], name: str) -> BackgroundJob | None:
        """Ask for the file, then write; None if the user cancels. ``name``: offered name of the file."""
        folder = settings.read_setting(_FOLDER_KEY, "") or QgsProject.instance().homePath() or str(Path.home())
        start = str(Path(folder) / f"{tr('Conformity report')} {name}")
        path = choose_save_path(
            self._iface.mainWindow(),
            tr("Conformity Report"),
            start,
            tr("Excel (*.xlsx);;GeoPackage (*.gpkg)"),
            tuple(OUTPUT_BY_SUFFIX),
        )
        return self.write(data, projects, path) if path else None

    def write(
        self,
        data: ReviewData,
        projects: Sequence[ProjectShape],
        path: str,
        on_written: Callable[[str], None] = lambda path: None,
    ) -> BackgroundJob:
        """Write the review of projects; the suffix of the path gives the format. Return the job."""
        settings.store_setting(_FOLDER_KEY, str(Path(path).parent))
        outputs = OutputPaths(**{OUTPUT_BY_SUFFIX[Path(path).suffix.lower()]: path})
        lang = settings.get_report_language()

        def write_in_background(_progress, cancellation) -> str:
            write_review(data, projects, tr("Project Conformity"), lang, outputs, cancellation)
            return path

        def report_written(written: str) -> None:
            folder = str(Path(written).parent)
            self._bar.show_message(
                tr("Saved: {path}").format(path=written),
                "success",
                (tr("Open"), make_opener(written)),
                (tr("Open Folder"), make_opener(folder)),
            )
            on_written(written)

        def report_failed(error: Exception) -> None:
            text = tr("Nothing was saved ({error}). Details are in the log, tab Sanxian.")
            self._bar.show_warning(messages.explain_and_log(error, text))

        return self._runner.start(
            BackgroundJob(
                tr("Saving {name}").format(name=Path(path).name),
                write_in_background,
                on_done=report_written,
                on_error=report_failed,
            )
        )
