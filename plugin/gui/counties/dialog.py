# SPDX-License-Identifier: GPL-2.0-or-later
"""Window 批量检查: form, list of counties with their states, progress, buttons to the results."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from ...bridge.texts import tr
from ...core.counties.county_record import SUMMARY_HTML, SUMMARY_LAYER
from ..help.help_dialog import make_help_button
from ..widgets import (
    ElidedLabel,
    FieldMessage,
    ManualStartDialog,
    WholeRows,
    WrappedLabel,
    fill_layout,
    make_row,
    resize_to_letters,
    theme,
)
from .form import CountiesForm
from .rows import DONE, KEPT, KIND_ICONS, KINDS, NO_VERDICT, CountyRow, describe_row
from .table import CountyModel, CountyTable

_PROGRESS_STEPS = 1000
#: Names of counties at work that the progress shows.
_MAX_SHOWN_NAMES = 3
#: The remaining time is estimated after this time (s), and from this share of the work.
_MIN_ELAPSED_SECONDS, _MIN_SHARE = 4.0, 0.08
_SECONDS_PER_MINUTE, _MIN_SECONDS_IN_MINUTES = 60, 90
_WIDTH_IN_DIGITS, _HEIGHT_IN_LINES = 150, 46
#: Lines of the list that a small screen shows, and of the text on the selected county.
_MIN_SHOWN_ROWS, _DETAIL_LINES = 4, 3


class KindButtons(QWidget):
    """Buttons with the number of counties of each verdict, which show or hide them. Signal ``changed``."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.by_kind = {
            kind: QToolButton(
                objectName=f"SanxianCounties{str(kind).capitalize()}",
                checkable=True,
                checked=True,
                toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
                toolTip=tr("Show or hide the counties with this verdict"),
                toggled=self.changed,
            )
            for kind in KINDS
        }
        fill_layout(QHBoxLayout(self), *self.by_kind.values(), has_margins=False)
        for kind, button in self.by_kind.items():
            theme.set_icon(button, KIND_ICONS[kind])
        self.show_counts(dict.fromkeys(KINDS, 0))

    def show_counts(self, counts: dict[str, int]) -> None:
        """Show the number of counties of each verdict."""
        for kind, button in self.by_kind.items():
            name = tr("No verdict") if kind == NO_VERDICT else theme.get_verdict_word(kind)
            button.setText(f"{name} {counts[kind]}")


class RunProgress(QWidget):
    """Progress of a run: counties at work, how many are done, about how long the rest takes."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = QProgressBar(
            objectName="SanxianCountiesProgress",
            accessibleName=tr("Progress of the batch check"),
            maximum=_PROGRESS_STEPS,
        )
        self.what = ElidedLabel(objectName="SanxianCountiesAtWork")
        self._start_time = 0.0
        fill_layout(QVBoxLayout(self), self.bar, self.what, has_margins=False)

    def begin(self, text: str) -> None:
        """Show that work begins."""
        self._start_time = time.monotonic()
        self.bar.setValue(0)
        self.bar.setFormat("%p%")
        self.what.setText(text)

    def show_share(self, share: float) -> None:
        self.bar.setValue(round(_PROGRESS_STEPS * share))

    def show_counties(self, share: float, done: int, total: int, names: list[str]) -> None:
        """Show the share of the work (0–1), the number of counties that are done, and those at work."""
        self.show_share(share)
        self.bar.setFormat(f"{done} / {total}")
        shown, more_count = tr(", ").join(names[:_MAX_SHOWN_NAMES]), len(names) - _MAX_SHOWN_NAMES
        if more_count > 0:
            shown = tr("{names} and {count} more").format(names=shown, count=more_count)
        parts = [tr("Checking {names}").format(names=shown)] if names else []
        elapsed = time.monotonic() - self._start_time
        if elapsed >= _MIN_ELAPSED_SECONDS and _MIN_SHARE <= share < 1:
            left = elapsed * (1 - share) / share
            text = tr("about {seconds} s left") if left < _MIN_SECONDS_IN_MINUTES else tr("about {minutes} min left")
            parts.append(text.format(seconds=round(left), minutes=round(left / _SECONDS_PER_MINUTE)))
        self.what.setText("  ".join(parts))


class CountiesDialog(ManualStartDialog):
    """Window 批量检查.

    Signals: ``inputsChanged``: the form has changed; ``refreshRequested``: read the counties again;
    ``startRequested``, ``cancelRequested``: of the run; ``openRequested(name)``: open the report of a county;
    ``resultRequested(name)``: open the ``page`` or the ``folder`` of the summary, or show it on the ``map``.
    """

    inputsChanged = pyqtSignal()
    refreshRequested = pyqtSignal()
    startRequested = pyqtSignal()
    cancelRequested = pyqtSignal()
    openRequested = pyqtSignal(str)
    resultRequested = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianCountiesDialog", windowTitle=tr("Check Many Counties"))
        self.is_running = False
        #: The folder of results of the last run.
        self._run_output: Path | None = None
        self.form, self.model = CountiesForm(), CountyModel(self)
        self.table = CountyTable(self.model)
        self._make_widgets()
        head = make_row(self.kinds, (None, 1), self.refresh)
        row_height = self.table.verticalHeader().defaultSectionSize()
        header_height = self.table.horizontalHeader().sizeHint().height()
        self.table.setMinimumHeight(header_height + _MIN_SHOWN_ROWS * row_height + 2 * self.table.frameWidth())
        row = make_row(
            make_help_button("counties"),
            self.page_button,
            self.map_button,
            self.folder_button,
            (None, 1),
            self.start,
            self.cancel,
            self.close_button,
        )
        fill_layout(
            QVBoxLayout(self),
            self.form,
            self.message,
            head,
            (WholeRows(self.table), 1),
            self.detail,
            self.progress,
            self.outcome,
            row,
        )
        for signal, slot in (
            (self.form.changed, self.inputsChanged),
            (self.form.changed, self.enable_buttons),
            (self.form.edited, self._enable_start),
            (self.table.opened, self.openRequested),
            (self.table.selectionModel().selectionChanged, lambda *_changes: self._show_detail()),
            (self.model.dataChanged, lambda *_changes: self._on_rows_changed()),
            (self.model.modelReset, self._on_rows_changed),
            (
                self.kinds.changed,
                lambda: self.table.filter.hide_kinds(
                    [kind for kind, button in self.kinds.by_kind.items() if not button.isChecked()]
                ),
            ),
        ):
            signal.connect(slot)
        theme.call_after_theme_change(self, self.model.refresh_icons)
        resize_to_letters(self, _WIDTH_IN_DIGITS, _HEIGHT_IN_LINES)
        self._show_detail()
        self.enable_buttons()

    def _make_widgets(self) -> None:
        self.message = FieldMessage(lines=2, objectName="SanxianCountiesMessage")
        self.kinds = KindButtons()
        self.refresh = QPushButton(
            tr("Refresh"),
            objectName="SanxianCountiesRefresh",
            toolTip=tr("Read the counties again, after data have changed"),
            clicked=self.refreshRequested,
        )
        self.detail = WrappedLabel(
            reserved_lines=_DETAIL_LINES,
            objectName="SanxianCountiesDetail",
            textFormat=Qt.TextFormat.PlainText,
            textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
        )
        theme.set_faint(self.detail)
        self.progress = RunProgress()
        self.progress.hide()
        self.outcome = FieldMessage(lines=0, objectName="SanxianCountiesOutcome")
        self.page_button, self.map_button, self.folder_button = (
            QPushButton(
                label,
                objectName=f"SanxianCounties{name.capitalize()}",
                toolTip=tip,
                clicked=partial(lambda name, _on=False: self.resultRequested.emit(name), name),
            )
            for name, label, tip in (
                ("page", tr("Open Summary"), tr("Opens the page with map, verdicts and figures of all counties")),
                ("map", tr("Show on the Map"), tr("Adds the counties with their verdicts to the map")),
                (
                    "folder",
                    tr("Open Folder"),
                    tr("Opens the folder with the summary and the reports of all counties"),
                ),
            )
        )
        self.start = QPushButton(tr("Start Check"), objectName="SanxianCountiesStart", clicked=self.startRequested)
        self.cancel = QPushButton(
            tr("Cancel"),
            objectName="SanxianCountiesCancel",
            toolTip=tr("Reports of counties that are complete remain; a later run continues"),
            clicked=self._on_cancel,
        )
        self.close_button = QPushButton(tr("Close"), objectName="SanxianCountiesClose", clicked=self.reject)

    # --- states
    def enable_buttons(self) -> None:
        """Enable the buttons that can be used, and name what is missing for a start."""
        running = self.is_running
        self.form.setEnabled(not running)
        self._enable_start()
        self.start.setVisible(not running)
        self.cancel.setVisible(running)
        self.close_button.setText(tr("Continue in Background") if running else tr("Close"))
        self._enable_result_buttons()

    def _enable_result_buttons(self) -> None:
        running, output = self.is_running, self.get_results_folder()
        for button, name in ((self.page_button, SUMMARY_HTML), (self.map_button, SUMMARY_LAYER)):
            button.setEnabled(not running and output is not None and (output / name).is_file())
        self.folder_button.setEnabled(output is not None and output.is_dir())

    @property
    def shows_results(self) -> bool:
        """Return True while the list shows the results of a run."""
        return any(row.stage in (DONE, KEPT) for row in self.model.rows)

    def get_results_folder(self) -> Path | None:
        """Return the folder of results that the buttons open, None without one.

        It is that of the run while the list shows its results, also if the form names another folder by now.
        """
        if self.shows_results and self._run_output:
            return self._run_output
        return Path(self.form.output.text()) if self.form.output.text() else None

    def _enable_start(self) -> None:
        hint = "" if self.form.is_complete else tr("Choose the data of the counties and the folder of the results.")
        self.refresh.setEnabled(not self.is_running and not hint)
        self.start.setEnabled(not hint)
        self.start.setToolTip(hint)

    def show_rows(self, rows: list[CountyRow]) -> None:
        """Show counties; the selected one stays selected."""
        selected = self.table.get_selected_row()
        self.model.set_rows(rows)
        if selected is not None:
            self.table.select_county(selected.name)

    def begin_run(self, output: Path) -> None:
        """Show that a run begins. ``output``: folder of its results."""
        self.is_running, self._run_output = True, output
        self.outcome.show_text("")
        self.message.show_hint()
        self.model.begin_run(self.form.resume.isChecked())
        self.progress.begin(tr("Comparing the data with the former results"))
        self.progress.show()
        self.cancel.setEnabled(True)
        self.enable_buttons()
        self.cancel.setFocus()

    def end_run(self, text: str, kind: str) -> None:
        """Show how a run ended; ``kind``: as of `FieldMessage.show_text`."""
        self.is_running = False
        self.progress.hide()
        self.outcome.show_text(text, kind)
        self.enable_buttons()
        (self.page_button if self.page_button.isEnabled() else self.start).setFocus()

    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.progress.what.setText(tr("Cancelling"))
        self.cancelRequested.emit()

    def _on_rows_changed(self) -> None:
        kinds = [row.kind for row in self.model.rows]
        self.kinds.show_counts({kind: kinds.count(kind) for kind in KINDS})
        self._show_detail()
        if not self.is_running:
            self._enable_result_buttons()

    def _show_detail(self) -> None:
        row = self.table.get_selected_row()
        self.detail.setText(
            describe_row(row) if row is not None else tr("Double click on a county, or Enter, opens its report.")
        )
