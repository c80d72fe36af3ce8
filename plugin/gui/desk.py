# SPDX-License-Identifier: GPL-2.0-or-later
"""Connect menu, toolbar, findings panel, map marks and background work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, Qt

from ..bridge.checking import findings_layer
from ..bridge.editing.listener import EditStep
from ..bridge.layers import layer_groups, recognise
from ..bridge.new_project import sample
from ..bridge.project import document
from ..bridge.running.tasks import Runner
from ..bridge.texts import tr
from ..core.profile import DocumentInfo
from .actions import Actions
from .checking.exports import Exports
from .checking.kept_results import KeptResults
from .checking.project_look import ProjectLook
from .checking.run import Checking, Run
from .dialogs import Dialogs
from .editing.code_boxes import CodeBoxes
from .editing.live_switch import LiveCheckSwitch
from .editing.warnings import EditWarnings
from .findings import idle
from .findings.dock import FindingsDock
from .findings.edit_notices import EditNotices
from .findings.map_layer import FindingsOnMap
from .findings.result import Result
from .findings.selection import Selection
from .findings.waiving import Waiving
from .findings.whose import Whose
from .maps.layouts import Maps
from .package.export import PackageExport
from .package.inspect import PackageInspection
from .package.look_ahead import Surroundings
from .project.dressing import Dressing
from .project.watch import ProjectWatch
from .toolbox.exchange import Exchange, FiguresDialog
from .toolbox.vct_drop import VctDrop
from .widgets.messages import Messages
from .wizard.new_project import NewProject


class Desk(QObject):
    """The desktop side of the plugin; `unload` removes everything that it adds."""

    def __init__(self, iface):
        super().__init__()
        self.iface = iface
        self.runner = Runner()
        self.dock = dock = FindingsDock(iface.mainWindow())
        self.exports = Exports(iface, self.runner, lambda: dock.result, self._read_document)
        self.watch = ProjectWatch(self)
        self.boxes = CodeBoxes(self)
        self.edit_warnings = EditWarnings(iface, self)
        self.dressing = Dressing(iface, self.runner)
        self.making = NewProject(iface, self.runner)
        self.maps = Maps(iface, self.runner)
        self.figures = FiguresDialog(iface)
        self.editing = LiveCheckSwitch(self.runner, self)
        self.whose = Whose(dock, self.watch, self.editing)
        self.waiving = Waiving(dock, self.whose.current, self)
        self.dialogs = Dialogs(iface, self.runner, lambda: dock.result, self)
        self.checking = Checking(dock, self.editing, self.runner, self.dialogs.doctor, self.dialogs.choose_group, self)
        self.kept = KeptResults(self.runner, self.watch, self)
        self.on_map = FindingsOnMap(dock, iface.mapCanvas(), self.whose.current, self)
        self.selection = Selection(iface, dock, self.whose, self.on_map, self)
        self.mark = self.selection.mark
        self.notices = EditNotices(iface, dock, self.editing, self.selection, self)
        self.exchange = Exchange(iface)
        self._broken = Messages(iface, tr("Check All"))
        around = Surroundings(
            self.whose.fresh, self.whose.latest, lambda: self.watch.number, lambda: dock.setUserVisible(True)
        )
        self.export = PackageExport(iface, self.runner, self.checking, around, self)
        self.inspection = PackageInspection(iface, self.runner, self.checking, lambda: self.exports.ask("html"), self)
        self.drop = VctDrop(self.exchange.import_vct)
        iface.registerCustomDropHandler(self.drop)
        handlers = self._handlers()
        self.look = ProjectLook(
            dock,
            self.runner,
            handlers,
            lambda: self.checking.busy,
            lambda: self.kept.reading,
            self.dressing.may_offer,
            self,
        )
        self.actions = Actions(iface, handlers)
        self._connect()
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self._enable()
        self.kept.open()
        self.look.soon()

    def _handlers(self) -> dict[str, Any]:
        """Return the function of each action."""
        dialogs = self.dialogs
        return {
            "check": self.run,
            "previous": lambda: self.dock.step(-1),
            "next": lambda: self.dock.step(1),
            "layer": self.on_map.set_wanted,
            "live": self.editing.set_on,
            "report": lambda: self.exports.ask("html"),
            "indicators": self.figures.show,
            "roles": dialogs.roles,
            "profile": dialogs.profile,
            "document": dialogs.document,
            "forms": self.dressing.forms,
            "symbols": self.dressing.symbols,
            "mapping": dialogs.map_fields,
            "new": self.making.show,
            "layers": self.making.show_layers,
            "bookmarks": self.making.make_bookmarks,
            "layouts": self.maps.make_layouts,
            "maps": self.maps.export,
            "package": self.export.show,
            "inspect": lambda: self.inspection.ask(""),
            "vct_in": lambda: self.exchange.import_vct(""),
            "vct_out": self.exchange.export_vct,
            "yearly": self.exchange.yearly,
            "compare": self.exchange.compare,
            "sample": self.open_sample,
            "dictionary": dialogs.dictionary,
            "doctor": dialogs.doctor,
            "manual": dialogs.manual,
            "help": lambda: dialogs.help(""),
        }

    def _read_document(self) -> DocumentInfo | None:
        """Return the project's document information (成果信息); None for other data."""
        return document.of(QgsProject.instance()) if self.whose.current() else None

    def _connect(self) -> None:
        dock = self.dock
        dock.setToggleVisibilityAction(self.actions["findings"])
        self.actions["layer"].setChecked(self.on_map.wanted)
        self.actions["live"].setChecked(self.editing.on)
        self.dialogs.changed.connect(self.look.soon)
        self.dialogs.changed.connect(self.kept.settings_changed)
        self.look.recognised.connect(self.dressing.offer)
        self.kept.restored.connect(self._restored)
        self.kept.ended.connect(self.look.soon)
        self.kept.changed.connect(self._changed_since)
        self.kept.failed.connect(dock.say)
        self.checking.began.connect(self._began)
        self.checking.done.connect(self._done)
        self.checking.failed.connect(self._failed)
        self.checking.stopped.connect(self._stopped)
        self.inspection.began.connect(lambda path: self.whose.began(Path(path).name))
        self.inspection.done.connect(self._inspected)
        self.on_map.taken.connect(lambda: self.actions["layer"].setChecked(False))
        self.editing.rechecked.connect(self._edited)
        self.editing.outdated.connect(self.whose.tell)
        self.waiving.changed.connect(self._waived)
        dock.runRequested.connect(self.run)
        dock.cancelRequested.connect(self.checking.cancel)
        dock.profileRequested.connect(self.dialogs.profile)
        dock.exportRequested.connect(self.exports.ask)
        dock.helpRequested.connect(self.dialogs.help)
        dock.stepped.connect(self._stepped)
        dock.visibilityChanged.connect(self.look.soon)
        self.watch.changed.connect(self._project_changed)
        self.watch.taken.connect(self.on_map.layers_taken)
        self.watch.taken.connect(lambda _ids: layer_groups.include_layers(QgsProject.instance(), only_orphans=True))
        self.watch.touched.connect(self._layers_changed)

    def unload(self) -> None:
        self.kept.stop()
        self.watch.stop()
        self.notices.stop()
        self.editing.stop()
        self.waiving.stop()
        self.boxes.stop()
        self.edit_warnings.stop()
        self.dock.visibilityChanged.disconnect(self.look.soon)
        self.look.stop()
        self.iface.unregisterCustomDropHandler(self.drop)
        self.export.close()
        self.inspection.close()
        self.exchange.close()
        self.figures.close()
        self.dialogs.close()
        self.runner.stop_all()
        self.selection.stop()
        self._broken.close()
        self.exports.close()
        self.dressing.close()
        self.making.close()
        self.actions.remove()
        self.iface.removeDockWidget(self.dock)
        self.dock.deleteLater()

    # --- the check
    @property
    def busy(self) -> bool:
        """Return True while a check is running."""
        return self.checking.busy

    def run(self) -> None:
        if self.busy:
            return
        self.dock.setUserVisible(True)
        if not self.checking.start():
            self.look.look()
            has_no_layers = not recognise.plan_layers(QgsProject.instance())
            self.dock.say(self.look.no_layer() if self.dock.result and has_no_layers else "")

    def _began(self) -> None:
        self._broken.close()
        self.whose.began()
        self._enable()

    def _done(self, result: Result, rows: list[Any], run: Run) -> None:
        self.whose.of_check(run.basis)
        self.kept.keep(result, run.state, run.names)
        self._show(result, rows)
        self.export.checked(result)

    def _restored(self, result: Result, rows: list[Any]) -> None:
        """Show the saved result of the opened project."""
        if self.busy or self.dock.result is not None:
            # A result that the user requested meanwhile has priority.
            self.kept.forget()
            return
        self.whose.of_kept()
        project = QgsProject.instance()
        dirty = project.isDirty()
        self._show(result, rows)
        # The findings layer is not saved, so the project has no changes to save.
        project.setDirty(dirty)

    def _changed_since(self) -> None:
        """Show further changes of the data behind a restored result."""
        self.dock.show_changes()
        self.whose.tell()

    def _inspected(self, result: Result, rows: list[Any], path: str) -> None:
        """Show the findings of an inspected package in the panel, but not on the map."""
        self.whose.of_package(path)
        self.editing.end()
        self.kept.forget()
        self.on_map.forget()
        self._show(result, rows)

    def _show(self, result: Result, rows: list[Any]) -> None:
        self.mark.clear()
        self.dock.set_clean(*idle.clean_states(result, lambda: self.exports.ask("html"), self.dock.show_reasons))
        self.dock.set_result(result)
        self.notices.forget()
        self.whose.tell()
        self.on_map.show_result(result.findings, rows)
        self._enable()

    def _failed(self, title: str, why: str) -> None:
        """Report a failed check in the message bar; the panel shows the former verdict."""
        self.whose.failed()
        self._broken.warn(why, title)

    def _stopped(self) -> None:
        self._enable()
        self.export.not_checked()
        # Layers may have been added in the meantime.
        self.look.soon()

    def _edited(self, change: Any, rows: dict[int, Any], step: EditStep | None) -> None:
        """Show the changes of a re-check after edits."""
        if not self.whose.current():
            return
        if self.dock.change(change):
            finding = self.dock.tree.current()
            if any(finding is now for _, now in change.renewed):
                self.selection.show(finding, zoom=False)
            else:
                self.mark.clear()
        self.on_map.renew([*change.gone, *(old for old, _ in change.renewed)], rows)
        self.notices.report(change, step)

    def _waived(self, findings: list[Any], change: Any) -> None:
        """Show findings that were waived, or whose waivers were removed."""
        self.dock.change_states(change)
        new = [*findings, *change.found]
        rows = dict(zip(map(id, new), findings_layer.features(new), strict=True))
        self.on_map.renew([*findings, *change.gone], rows)
        self.notices.recount()
        self.kept.waived(self.dock.result.checked.waivers.path)

    # --- the map
    def _stepped(self, direction: int, moved: bool) -> None:
        if not moved:
            self.dock.say(
                tr("This is the last finding in view.") if direction > 0 else tr("This is the first finding in view.")
            )

    # --- the project
    def _project_changed(self) -> None:
        """Clear the result of the former project and read the saved result of this one."""
        self._clear()
        self.checking.project_changed()
        self.dressing.project_changed()
        self.export.project_changed()
        self.inspection.project_changed()
        self.kept.open()
        self._enable()

    def _clear(self) -> None:
        """Remove the result from the panel and the map."""
        self.mark.clear()
        self.editing.end()
        self.notices.forget()
        self.kept.forget()
        self.on_map.forget()
        self.whose.forget()
        self.dock.clear_result()

    def _layers_changed(self) -> None:
        """Clear the result if the project no longer has a plan layer."""
        if self.whose.current() and not self.watch.going and not recognise.plan_layers(QgsProject.instance()):
            self._clear()
            self._enable()
        self.look.soon()

    def open_sample(self) -> None:
        project = QgsProject.instance()
        if project.mapLayers():
            if not self.iface.newProject(True):
                return
        else:
            # The project without layers is the same for QGIS; the displayed result does not belong to the sample.
            self.watch.renew()
        loaded = sample.load(project, sample.copy())
        canvas = self.iface.mapCanvas()
        canvas.setDestinationCrs(project.crs())
        canvas.setReferencedExtent(sample.view_of(loaded, project))
        self.dock.setUserVisible(True)
        self.look.soon()

    def _enable(self) -> None:
        has_result = self.dock.result is not None
        self.actions["check"].setEnabled(not self.busy)
        for name in ("previous", "next", "report"):
            self.actions[name].setEnabled(has_result)
        # Without a result the action applies to the next check.
        self.actions["layer"].setEnabled(self.whose.current() or not has_result)
