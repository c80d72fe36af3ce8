# SPDX-License-Identifier: GPL-2.0-or-later
"""The data that projects are reviewed against, with the edits since the check, and the report on the projects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge import settings
from ...bridge.checking.drawn_projects import ProjectShape, ReviewData, write_review
from ...bridge.layers.properties import convert_to_qgis_crs
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.base.files.writing import OutputPaths
from ..editing.live_switch import LiveCheckSwitch
from ..findings.result import CheckView
from ..widgets import messages
from ..widgets.messages import MessageBarMessages
from ..widgets.paths import choose_save_path, make_open_buttons

#: Suffix of a file → field of `OutputPaths`. A further format needs an entry, and a filter in the dialog for the file.
OUTPUT_BY_SUFFIX = {".docx": "docx", ".pdf": "pdf", ".xlsx": "xlsx", ".gpkg": "findings"}
_FOLDER_KEY = "export_folder"


class PlanState(QObject):
    """Provides the plan of the displayed check with its edits.

    ``get_result``: returns the displayed result of the open project, else None. Signal ``edited``: rows have changed.
    """

    edited = pyqtSignal()

    def __init__(
        self, editing: LiveCheckSwitch, get_result: Callable[[], CheckView | None], parent: QObject | None = None
    ):
        super().__init__(parent)
        self._editing, self._get_result = editing, get_result
        self._data: ReviewData | None = None
        #: Edits were re-checked since the rows were copied.
        self._are_rows_old = False
        self._plane: tuple[Any, QgsCoordinateReferenceSystem] | None = None
        self._signal_connections = ((editing.rechecked, self._on_rechecked), (editing.outdated, self.edited))
        for signal, slot in self._signal_connections:
            signal.connect(slot)

    def stop(self) -> None:
        """Disconnect from the live check, and free the data."""
        for signal, slot in self._signal_connections:
            signal.disconnect(slot)
        self._signal_connections = ()
        self.forget()

    def forget(self) -> None:
        """Free the data of a check that is no longer displayed."""
        self._data = self._plane = None
        self._are_rows_old = False

    def _on_rechecked(self, *_change: Any) -> None:
        self._are_rows_old = True
        self.edited.emit()

    def _find_result(self) -> CheckView | None:
        """Return the displayed result if it has the rows of its layers; None for a result read from a file."""
        result = self._get_result()
        return None if result is None or result.is_restored else result

    def get_data(self) -> ReviewData | None:
        """Return what projects are reviewed against; None before a check."""
        result = self._find_result()
        if result is None:
            self.forget()
            return None
        if self._data is None or self._data.check_result is not result.check_result:
            self._data = ReviewData(result.check_result)
        live = self._editing.live
        if self._are_rows_old and live is not None and (rows := live.copy_edited_rows()) is not None:
            self._data, self._are_rows_old = ReviewData(result.check_result, rows), False
        return self._data

    def get_plane(self) -> QgsCoordinateReferenceSystem:
        """Return the CRS of the shapes of a review."""
        data = self.get_data()
        if data is None:
            return QgsCoordinateReferenceSystem()
        plan = data.check_result.plan
        if self._plane is None or self._plane[0] is not plan:
            self._plane = plan, convert_to_qgis_crs(plan.plane_crs)
        return self._plane[1]

    def describe(self) -> str:
        """Return of which state of the data the figures are; empty before a check."""
        result = self._find_result()
        if result is None:
            return ""
        waiting = self._editing.waiting_feature_count
        if self._editing.is_outdated or (waiting and not self._editing.is_on):
            text = tr("Figures of the check at {time}; later changes of the layers do not count. Check again.")
        elif result.edited_features:
            text = tr("Figures of the check at {time} with the edits since.")
        else:
            text = tr("Figures of the check at {time}.")
        return text.format(time=result.time_text)


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
            tr("Opinion, Word (*.docx);;Opinion, PDF (*.pdf);;Excel (*.xlsx);;GeoPackage (*.gpkg)"),
            tuple(OUTPUT_BY_SUFFIX),
        )
        return self.write(data, projects, path) if path else None

    def write(
        self,
        data: ReviewData,
        projects: Sequence[ProjectShape],
        path: str,
    ) -> BackgroundJob:
        """Write the review of projects; the suffix of the path gives the format. Return the job."""
        settings.store_setting(_FOLDER_KEY, str(Path(path).parent))
        outputs = OutputPaths(**{OUTPUT_BY_SUFFIX[Path(path).suffix.lower()]: path})
        lang = settings.get_report_language()

        def write_in_background(_progress, cancellation) -> str:
            write_review(data, projects, tr("Project Conformity"), lang, outputs, cancellation)
            return path

        def report_written(written: str) -> None:
            self._bar.show_message(tr("Saved: {path}").format(path=written), "success", *make_open_buttons(written))

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
