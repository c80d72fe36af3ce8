# SPDX-License-Identifier: GPL-2.0-or-later
"""导出成果包 on the desktop: looks ahead while the form is filled in, checks where the last check is not of these data, writes
in the background, and says how it ended. One export at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject

from ...bridge import settings
from ...bridge.layers import recognise
from ...bridge.package.preview import Against
from ...bridge.running.tasks import Job, Runner
from ...bridge.texts import tr
from ...core.errors import OutputError, SanxianError
from ..checking.run import Checking
from ..findings.result import Result
from ..widgets import messages
from ..widgets.messages import Messages, open_path
from .export_dialog import CHECK, WRITE, End
from .look_ahead import LookAhead, Surroundings

#: Errors of the core that say why the gate is shut, a reason a line.
_SHUT = ("package_gate", "package_stopped")


class PackageExport(QObject):
    """`close` ends it all."""

    def __init__(self, iface: Any, runner: Runner, checking: Checking, around: Surroundings, parent: QObject):
        super().__init__(parent)
        self._iface, self._runner, self._checking, self._around = iface, runner, checking, around
        self._messages = Messages(iface, tr("Submission Package"))
        self._ahead = LookAhead(runner, around)
        self.dialog: Any = None
        self._order: Any = None
        self._job: Job | None = None
        self._project = 0
        self._waits = False

    @property
    def busy(self) -> bool:
        return self._job is not None or self._waits

    def close(self) -> None:
        self._waits = False
        self._messages.close()
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.close()
            dialog.deleteLater()

    # --- the window
    def show(self) -> None:
        """Open the window, or bring the one there is to the front: with the export that is under way, if one is."""
        if self.dialog is None:
            from .export_dialog import ExportDialog

            try:
                self.dialog = ExportDialog(QgsProject.instance(), self._iface.mainWindow())
            except (SanxianError, ImportError) as error:
                self._messages.warn(messages.explain(error))
                return
            self.dialog.wanted.connect(self.start)
            self.dialog.stopped.connect(self.cancel)
            self.dialog.lookWished.connect(self.look)
            self.dialog.findingsWished.connect(self._around.findings)
            self.dialog.opened.connect(self._open)
            self.look()
        elif not self.dialog.isVisible() and not self.busy:
            self.dialog.show_form()
        self._bring()

    def _bring(self) -> None:
        """To the front, with what the message bar said of it."""
        self._messages.close()
        if self.dialog is not None:
            self.dialog.show()
            self.dialog.raise_()
            self.dialog.activateWindow()

    def look(self) -> None:
        """What the form comes to now, as soon as it is known."""
        dialog = self.dialog
        if dialog is not None and not self.busy:
            self._ahead.look(dialog, lambda: self.dialog is dialog and not self.busy)

    def project_changed(self) -> None:
        """The form was of another project; what is being written is of layers that were read already, and goes on."""
        self._ahead.forget()
        if self.dialog is not None and not self.busy:
            dialog, self.dialog = self.dialog, None
            dialog.close()
            dialog.deleteLater()

    # --- the work
    def start(self) -> None:
        if self.busy or self.dialog.order() is None or not self.dialog.ask_until_exportable():
            return
        order = self.dialog.order()
        self.dialog.form.keep()
        self._order, self._project = order, self._around.number()
        result = self._around.fresh(order.form)
        if result is not None:
            self._write(result.checked, checks=False)
            return
        self._waits = True
        if self._checking.busy or self._checking.start(order.form.standard):
            self._checking.job.step.connect(self._step)
            self.dialog.show_run(CHECK, True)
            return
        self._waits = False
        if recognise.plan_layers(QgsProject.instance()):
            self._end(End("info", tr("No file was written, because no group of layers was chosen to check.")))
            return
        self._end(End("error", tr("Nothing was made: the project has no layer of a plan.")))

    def checked(self, result: Result) -> None:
        """A check has ended, and its result is in view: ours, or one that somebody else wanted."""
        if not self._waits:
            if self.dialog is not None and not self.busy:
                self.dialog.form.soon()
            return
        self._waits = False
        if self._project != self._around.number():
            self._end(End("info", tr("Another project was opened meanwhile. Nothing was made.")))
            return
        # A check that somebody else had begun may have gone by another standard, or by data of before.
        if self._around.fresh(self._order.form) is not result:
            text = tr("The data were changed while they were checked. Nothing was made; export again.")
            self._end(End("warning", text))
            return
        self._write(result.checked, checks=True)

    def not_checked(self) -> None:
        if self._waits:
            self._waits = False
            self._end(End("info", tr("The check did not come to its end. Nothing was made, nothing was changed.")))

    def _write(self, checked: Any, checks: bool) -> None:
        from ...bridge.package.making import export

        order = self._order

        def work(progress, cancellation):
            return export(checked, order, progress=progress, cancellation=cancellation)

        self._job = Job(
            tr("Export Submission Package"),
            work,
            on_done=self._done,
            on_error=self._failed,
            on_cancelled=self._cancelled,
        )
        self._job.step.connect(self._step)
        if self.dialog is not None:
            self.dialog.show_run(WRITE, checks)
        self._runner.start(self._job)

    def cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
        elif self._waits:
            self._checking.cancel()

    def _step(self, share: float, text: str) -> None:
        if self.dialog is not None and self.busy:
            self.dialog.run.step(share, text)

    # --- the end
    def _done(self, done: Any) -> None:
        self._job = None
        from ...core.messages.texts import Texts

        texts = Texts(settings.interface_language())
        forced = done.manifest["check"]["forced"]
        text = tr("The package is made, read back and compared with the plan.")
        if forced:
            text = tr("The package is made, but forced: its manifest, metadata and page say so, with the reasons.")
        told: dict[str, list[str]] = {"gate": [], "note": []}
        for problem in done.problems:
            told["note" if problem.level == "note" else "gate"].append(problem.sentence(texts))
        against = Against(gates=tuple(told["gate"]), notes=tuple(told["note"]))
        self._end(End("warning" if forced else "ok", text, against, done))

    def _cancelled(self) -> None:
        self._job = None
        self._end(End("info", tr("Cancelled. Nothing was made; what stood at its place stands as it was.")))

    def _failed(self, error: Exception) -> None:
        self._job = None
        if isinstance(error, OutputError) and error.key in _SHUT:
            from ...core.messages.texts import Texts

            reasons = tuple(error.params["reasons"].lines(Texts(settings.interface_language())))
            if error.key == "package_gate":
                text = tr("Not made: the package does not pass. Mend what is listed, or go back and force it.")
            else:
                text = tr("Not made: something would be lost in writing. Mend what is listed; forcing does not help.")
            self._end(End("error", text, Against(gates=reasons), findings=self._around.latest() is not None))
            return
        text = tr("Not made ({error}). What stood at its place stands as it was. Details are in the log, tab Sanxian.")
        self._end(End("error", messages.told(error, text)))

    def _end(self, end: End) -> None:
        if self.dialog is None:
            return
        self.dialog.show_end(end)
        if self.dialog.isVisible():
            return
        if end.done is not None:
            where = (
                (tr("Open Folder"), lambda: self._open("folder")),
                (tr("Open Manifest"), lambda: self._open("manifest")),
            )
            self._messages.tell(end.text, "success", *where)
        else:
            self._messages.tell(end.text, "warning", (tr("Show"), self._bring))

    def _open(self, what: str) -> None:
        from ...core.files.digests import PAGE

        done = self.dialog.end.end.done if self.dialog is not None else None
        if done is not None:
            open_path(str(Path(done.path) / PAGE if what == "manifest" else done.path))
