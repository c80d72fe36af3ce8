# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 环境自检: state of the machine with remedies, and the examples of rules, run in the background.

It works without the libraries.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...bridge.doctor import list_qgis_facts, run_qgis_doctor
from ...bridge.project import saved_paths
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.settings import get_interface_language
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.cli.doctor.examine import (
    OUTPUT_SUFFIXES,
    DoctorReport,
    format_fact,
    make_cancelled_report,
    write_report,
)
from ...core.cli.doctor.libraries import FactState, MachineFact
from ..widgets import (
    CopyButton,
    WholeRows,
    choose_save_path,
    explain_and_log,
    explain_error,
    fill_layout,
    make_close_button,
    theme,
)
from .help_dialog import add_help_button

_STATE_ICONS = {
    FactState.OK: "ok",
    FactState.WARNING: "warning",
    FactState.MISSING: "error",
    FactState.FAILED: "error",
    FactState.NOT_RUN: "skipped",
}
_PROGRESS_STEPS = 1000


class DoctorDialog(QDialog):
    """Dialog 环境自检, with a conclusion, one line per fact, and a button that saves them to send.

    ``report``: the result; None while the check runs.
    """

    def __init__(self, runner: JobRunner, parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianDoctorDialog", windowTitle=tr("Environment Check"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.report: DoctorReport | None = None
        self._lang = get_interface_language()
        #: Facts that the job has found; it appends, the dialog shows them at the next step of the job.
        self._facts: list[MachineFact] = []
        self.list = QListWidget(wordWrap=True)
        # The first line summarises the others, with the remedy.
        self._conclusion = QListWidgetItem(theme.load_icon("info"), tr("Examining the machine…"))
        self.list.addItem(self._conclusion)
        self.progress = QProgressBar(maximum=_PROGRESS_STEPS)
        self.cancel_button = QPushButton(tr("Cancel"), autoDefault=False)
        self.save_button = QPushButton(tr("Save Result…"), autoDefault=False, enabled=False, clicked=self._save)
        buttons = add_help_button(make_close_button(self), "doctor")
        buttons.addButton(CopyButton(tr("Copy"), self.text), QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.save_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.note = QLabel(wordWrap=True, visible=False)
        self._progress_row = QWidget()
        fill_layout(QHBoxLayout(self._progress_row), (self.progress, 1), self.cancel_button, has_margins=False)
        fill_layout(QVBoxLayout(self), WholeRows(self.list), self._progress_row, self.note, buttons)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        self.resize(self.fontMetrics().horizontalAdvance("0") * 90, self.fontMetrics().lineSpacing() * 30)
        qgis_facts, lang, facts = list_qgis_facts(self._lang), self._lang, self._facts
        failed = tr("The check was not completed ({error}). Details are in the log, tab Sanxian.")
        job = BackgroundJob(
            tr("Environment Check"),
            lambda progress, cancellation: run_qgis_doctor(
                qgis_facts, lang, True, facts.append, progress, cancellation
            ),
            on_done=self._show_report,
            on_error=lambda error: self._end(explain_and_log(error, failed), "error"),
            on_cancelled=lambda: self._show_report(make_cancelled_report(tuple(facts), lang)),
        )
        job.step.connect(self._on_step)
        self._job = runner.start(job)
        self.cancel_button.clicked.connect(self._job.cancel)

    def _on_step(self, share: float, name: str) -> None:
        self.progress.setValue(round(_PROGRESS_STEPS * share))
        self._show_facts(self._facts)

    def _show_facts(self, facts: list[MachineFact] | tuple[MachineFact, ...]) -> None:
        """Add the lines of facts that the list does not have yet."""
        for fact in facts[self.list.count() - 1 :]:
            self.list.addItem(QListWidgetItem(theme.load_icon(_STATE_ICONS[fact.state]), format_fact(fact, self._lang)))

    def _show_report(self, report: DoctorReport) -> None:
        self._show_facts(report.facts)
        self.report = report
        self._end(report.conclusion, "ok" if report.is_healthy else "error")
        self.save_button.setEnabled(True)

    def _end(self, conclusion: str, icon: str) -> None:
        self._conclusion.setText(conclusion)
        self._conclusion.setIcon(theme.load_icon(icon))
        self._progress_row.hide()
        self.list.scrollToTop()

    def text(self) -> str:
        return "\n".join(self.list.item(n).text() for n in range(self.list.count()))

    def _save(self) -> None:
        start = str(Path(saved_paths.get_start_folder()) / f"{tr('environment')}_{date.today():%Y%m%d}")
        path = choose_save_path(self, tr("Save Result"), start, tr("Text (*.txt);;JSON (*.json)"), OUTPUT_SUFFIXES)
        if not path or self.report is None:
            return
        text = tr("Saved: {path}").format(path=path)
        try:
            write_report(self.report, path)
        except SanxianError as error:
            text = explain_error(error)
        self.note.setText(text)
        self.note.show()

    def done(self, result: int) -> None:
        self._job.cancel_and_disconnect()
        super().done(result)
