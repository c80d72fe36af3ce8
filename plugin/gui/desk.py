# SPDX-License-Identifier: GPL-2.0-or-later
"""The desktop side: wires menu, toolbar, findings panel, map mark and the work in the background."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, Qt, QTimer
from qgis.PyQt.QtWidgets import QDialog

from ..bridge import county, findings_layer, recognise, sample, settings
from ..bridge.layers import snapshot
from ..bridge.tasks import Job, Runner, log_error
from ..bridge.texts import tr
from ..core.errors import SanxianError
from . import idle
from .actions import Actions
from .code_boxes import CodeBoxes
from .dressing import Dressing
from .editing import Editing
from .exports import Exports
from .figures import FiguresDialog
from .findings_dock import FindingsDock
from .map_marks import MapMark
from .maps import Maps
from .new_project import NewProject
from .result import Result
from .waiving import Waiving
from .watch import ProjectWatch

#: Layers come and go one by one while a project opens: look once they have settled.
_SETTLE_MS = 300
_SHOW_LAYER = "show_findings_layer"


class Desk(QObject):
    """Everything made here is taken away by `unload`."""

    def __init__(self, iface):
        super().__init__()
        self.iface = iface
        self.runner = Runner()
        self.mark = MapMark(iface.mapCanvas())
        self.dock = FindingsDock(iface.mainWindow())
        self.exports = Exports(iface, self.runner, lambda: self.dock.result)
        self.watch = ProjectWatch(self)
        self.boxes = CodeBoxes(self)
        self.dressing = Dressing(iface, self.runner)
        self.making = NewProject(iface, self.runner)
        self.maps = Maps(iface, self.runner)
        self.figures = FiguresDialog(iface)
        self.editing = Editing(self.runner, self)
        self.waiving = Waiving(self.dock, self._current, self)
        self._job: Job | None = None
        #: The projects of the run and of the result in view, as the watch counts them.
        self._run_in = self._result_in = self.watch.number
        #: The findings' rows for the map, by id() of the finding.
        self._rows: dict[int, Any] = {}
        self._layer_id = ""
        self._asked = 0
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._look_at_project)
        self.actions = Actions(
            iface,
            {
                "check": self.run,
                "previous": lambda: self.dock.step(-1),
                "next": lambda: self.dock.step(1),
                "layer": self._show_layer,
                "live": self.editing.set_on,
                "report": lambda: self.exports.ask("html"),
                "indicators": self.figures.show,
                "roles": self.choose_roles,
                "profile": self.choose_profile,
                "forms": self.dressing.forms,
                "symbols": self.dressing.symbols,
                "mapping": self.map_fields,
                "new": self.making.show,
                "layers": self.making.show_layers,
                "bookmarks": self.making.make_bookmarks,
                "layouts": self.maps.make_layouts,
                "maps": self.maps.export,
                "sample": self.open_sample,
                "dictionary": self.show_dictionary,
                "doctor": self.show_doctor,
                "help": lambda: self.show_help(""),
            },
        )
        self._connect()
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self._enable()
        self._settle.start()

    def _connect(self) -> None:
        dock = self.dock
        dock.setToggleVisibilityAction(self.actions["findings"])
        self.actions["layer"].setChecked(settings.get(_SHOW_LAYER, True))
        self.actions["live"].setChecked(self.editing.on)
        self.editing.rechecked.connect(self._edited)
        self.editing.outdated.connect(self._tell_stale)
        self.waiving.changed.connect(self._waived)
        dock.runRequested.connect(self.run)
        dock.cancelRequested.connect(self.cancel)
        dock.profileRequested.connect(self.choose_profile)
        dock.exportRequested.connect(self.exports.ask)
        dock.helpRequested.connect(self.show_help)
        dock.findingChosen.connect(self._go_to)
        dock.formRequested.connect(self._open_form)
        dock.stepped.connect(self._stepped)
        dock.visibilityChanged.connect(self._settle.start)
        self.watch.changed.connect(self._project_changed)
        self.watch.taken.connect(self._layers_taken)
        self.watch.touched.connect(self._settle.start)

    def unload(self) -> None:
        self.watch.stop()
        self.editing.stop()
        self.waiving.stop()
        self.boxes.stop()
        self.dock.visibilityChanged.disconnect(self._settle.start)
        self._settle.stop()
        for dialog in self.iface.mainWindow().findChildren(QDialog):
            # Those that stay open beside the work: none outlives the plugin's code.
            if dialog.objectName().startswith("Sanxian"):
                dialog.close()
        self.runner.stop_all()
        self.mark.clear()
        self.exports.close()
        self.making.close()
        self.actions.remove()
        self.iface.removeDockWidget(self.dock)
        self.dock.deleteLater()

    # --- the check
    def run(self) -> None:
        if self._job is not None:
            return
        self.dock.setUserVisible(True)
        project = QgsProject.instance()
        layers = recognise.plan_layers(project)
        if not layers:
            self._look_at_project()
            self.dock.say(idle.no_layer(self.making.show, self.open_sample).text if self.dock.result else "")
            return
        shots = [snapshot(layer) for layer in layers]
        options = county.options(project)
        source = project.title() or project.baseName() or tr("Layers of the project")

        def work(progress, cancelled):
            from ..bridge.check import check

            checked = check(shots, options, source=source, progress=progress, cancelled=cancelled)
            return checked, findings_layer.features(checked.report.findings)

        def done(answer):
            self._done(answer)
            self.editing.judge(answer[0], options, {shot.name: shot.layer_id for shot in shots})
            self._tell_stale()

        self.editing.begin(layers)
        self._job = Job(tr("Check All"), work, on_done=done, on_error=self._failed, on_cancelled=self._cancelled)
        self._job.step.connect(self._step)
        self._run_in = self.watch.number
        self.dock.start_run(idle.rule_count(options))
        self._enable()
        self.runner.start(self._job)

    def cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _step(self, share: float, text: str) -> None:
        if self._job is not None:
            self.dock.run_bar.step(share, idle.rule_code(text))

    def _done(self, answer: Any) -> None:
        checked, rows = answer
        self._job = None
        self.mark.clear()
        self.dock.end_run()
        result = Result.of(checked)
        self.dock.set_clean(*idle.clean_states(result, lambda: self.exports.ask("html"), self.dock.show_reasons))
        self.dock.set_result(result)
        self._rows = {id(f): row for f, row in zip(result.findings, rows, strict=True)}
        self._result_in = self._run_in
        self._tell_stale()
        if self.actions["layer"].isChecked():
            self._put_on_map()
        self._enable()

    def _edited(self, change: Any, rows: dict[int, Any]) -> None:
        """What was edited has been checked again."""
        if not self._current():
            return
        if self.dock.change(change):
            finding = self.dock.tree.current()
            if any(finding is now for _, now in change.renewed):
                self.mark.show(finding, self.dock.result.crs, zoom=False)
            else:
                self.mark.clear()
        self._renew_rows([*change.gone, *(old for old, _ in change.renewed)], rows)

    def _waived(self, findings: list[Any], change: Any) -> None:
        """Findings were accepted, or it was taken back."""
        self.dock.change_states(change)
        new = [*findings, *change.found]
        rows = dict(zip(map(id, new), findings_layer.features(new), strict=True))
        self._renew_rows([*findings, *change.gone], rows)

    def _renew_rows(self, former: list[Any], rows: dict[int, Any]) -> None:
        """Rows of the findings layer: those of some findings go, others come."""
        gone = [self._rows.pop(id(f)) for f in former]
        self._rows |= rows
        if not self._current():
            return
        layer = findings_layer.find(QgsProject.instance()) if self.actions["layer"].isChecked() else None
        if layer is not None and not findings_layer.change(layer, gone, list(rows.values())):
            self._put_on_map()

    def _cancelled(self) -> None:
        self._job = None
        self.editing.abandon()
        former = self.dock.result
        note = (
            tr("Cancelled, still showing the result of {time}").format(time=former.time) if former else tr("Cancelled")
        )
        self.dock.end_run(note)
        self._enable()
        # Layers may have come while nobody looked.
        self._settle.start()

    def _failed(self, error: Exception) -> None:
        self._job = None
        self.editing.abandon()
        self._enable()
        if idle.lacks_libraries(error):
            self.dock.end_run()
            self.dock.set_idle(idle.package_missing(self.show_doctor))
            return
        if not isinstance(error, SanxianError):
            log_error(error)
        self.dock.end_run(idle.explain(error))
        self._settle.start()

    # --- the map
    def _go_to(self, finding: Any) -> None:
        if finding is None or self.dock.result is None:
            self.mark.clear()
            return
        self.mark.show(finding, self.dock.result.crs)

    def _open_form(self, finding: Any) -> None:
        from .forms import open_form

        # A feature of the same number in the next project is another feature.
        if not self._current() or not open_form(self.iface, self.dock.result, finding):
            self.dock.say(tr("The feature is not in this project any more."))

    def _stepped(self, direction: int, moved: bool) -> None:
        if not moved:
            self.dock.say(
                tr("This is the last finding in view.") if direction > 0 else tr("This is the first finding in view.")
            )

    def _show_layer(self, on: bool) -> None:
        settings.put(_SHOW_LAYER, on)
        if on:
            self._put_on_map()
        else:
            findings_layer.remove(QgsProject.instance())

    def _put_on_map(self) -> None:
        """The result's layer, in the project it is of and in no other."""
        if not self._current():
            return
        self._layer_id = ""
        rows = [self._rows[id(f)] for f in self.dock.result.findings]
        crs = self.dock.result.checked.plan.crs
        layer = findings_layer.show(QgsProject.instance(), rows, crs, self._layer_lost)
        if layer is None:
            self._layer_lost()
        else:
            self._layer_id = layer.id()

    def _layer_lost(self) -> None:
        self.dock.say(
            tr("The findings could not be put on the map; the list is complete. Check again, or save it by Export.")
        )

    def _layers_taken(self, ids: list[str]) -> None:
        """The user took the findings layer off: as good as unticking the action."""
        if self._layer_id and self._layer_id in ids:
            self._layer_id = ""
            self.actions["layer"].setChecked(False)
            findings_layer.drop_empty_group(QgsProject.instance())

    # --- the project
    def _current(self) -> bool:
        """Is there a result, and is it of the project that is open?"""
        return self.dock.result is not None and self._result_in == self.watch.number

    def _project_changed(self) -> None:
        self.mark.clear()
        self.editing.end()
        self._layer_id = ""
        # A layer in memory is saved without its rows: it would come back empty, as if all were well.
        project = QgsProject.instance()
        dirty = project.isDirty()
        findings_layer.remove(project)
        project.setDirty(dirty)
        self._tell_stale()
        self._enable()

    def _tell_stale(self) -> None:
        result = self.dock.result
        if result is None:
            self.dock.set_stale("")
        elif not self._current():
            self.dock.set_stale(tr("Another project is open; this is the result of {time}.").format(time=result.time))
        elif self.editing.is_outdated:
            text = tr(
                "The layers have changed since {time} beyond what is followed while editing; the result is out of date."
            )
            self.dock.set_stale(text.format(time=result.time), again=True)
        else:
            self.dock.set_stale("")

    def _look_at_project(self) -> None:
        """What to say while nothing was checked: told by names and fields, off the main thread the first time."""
        project = QgsProject.instance()
        options = county.options(project)
        self.dock.set_county(idle.county_label(options))
        if self.dock.result is not None or self.dock.isHidden() or self._job is not None:
            return
        if not idle.libraries_there():
            self.dock.set_idle(idle.package_missing(self.show_doctor))
            return
        outlines = recognise.outlines(project)
        if not outlines:
            self._asked += 1
            self.dock.set_idle(idle.no_layer(self.making.show, self.open_sample))
            return
        self.dock.set_idle(idle.never_run(self.run))
        self._asked += 1
        asked = self._asked
        self.runner.start(
            Job(
                tr("Recognising layers"),
                lambda progress, cancelled: recognise.recognise(outlines, options),
                on_done=lambda found: self._recognised(found, asked),
                on_error=log_error,
            )
        )

    def _recognised(self, found: recognise.Recognised, asked: int) -> None:
        # Layers or project have changed since: a later answer is on its way.
        if asked != self._asked:
            return
        if not found.roles:
            self.dock.set_idle(idle.no_layer(self.making.show, self.open_sample))
        elif found.lacking:
            self.dock.set_idle(idle.roles_missing(found, self.choose_roles, self.run))
        else:
            self.dock.set_idle(idle.never_run(self.run))

    def open_sample(self) -> None:
        project = QgsProject.instance()
        if project.mapLayers():
            if not self.iface.newProject(True):
                return
        else:
            # Emptied by hand, it goes on as the same project; a result in view is not of what comes now.
            self.watch.renew()
        sample.load(project, sample.copy())
        self.iface.mapCanvas().setDestinationCrs(project.crs())
        self.iface.mapCanvas().zoomToFullExtent()
        self.dock.setUserVisible(True)
        self._settle.start()

    # --- dialogs, imported when they open
    def choose_roles(self) -> None:
        from .roles_dialog import RolesDialog

        if RolesDialog(QgsProject.instance(), self.iface.mainWindow()).exec():
            self._settle.start()

    def choose_profile(self) -> None:
        from .profile_dialog import ProfileDialog

        if ProfileDialog(QgsProject.instance(), self.iface.mainWindow()).exec():
            self._settle.start()

    def show_doctor(self) -> None:
        from .doctor_dialog import DoctorDialog

        DoctorDialog(self.iface.mainWindow()).exec()

    def map_fields(self) -> None:
        """The current layer into a template."""
        from .mapping_dialog import MappingDialog

        try:
            dialog = MappingDialog(
                QgsProject.instance(), self.runner, self.iface.activeLayer(), self.iface.mainWindow()
            )
        except (SanxianError, ImportError) as error:
            self.iface.messageBar().pushWarning(tr("Map Fields"), idle.explain(error))
            return
        dialog.show()

    def show_dictionary(self) -> None:
        """On the page of the current layer, beside the work."""
        from .dictionary_dialog import DictionaryDialog

        standard = county.of(QgsProject.instance()).standard
        DictionaryDialog(standard, self.iface.activeLayer(), self.iface.mainWindow()).show()

    def show_help(self, code: str) -> None:
        from .help_dialog import HelpDialog

        norm, outcome = idle.in_force(self.dock.result, county.options(QgsProject.instance()))
        HelpDialog(code, self.iface.mainWindow(), norm=norm, outcome=outcome).exec()

    def _enable(self) -> None:
        there, free = self.dock.result is not None, self._job is None
        self.actions["check"].setEnabled(free)
        for name in ("previous", "next", "report"):
            self.actions[name].setEnabled(there)
        # Without a result it is a wish for the next run.
        self.actions["layer"].setEnabled(self._current() or not there)
