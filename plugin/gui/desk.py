# SPDX-License-Identifier: GPL-2.0-or-later
"""The desktop side: wires menu, toolbar, findings panel, map mark and the work in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, Qt

from ..bridge import findings_layer, sample
from ..bridge.tasks import Runner
from ..bridge.texts import tr
from . import idle
from .actions import Actions
from .basis import Basis
from .checking import Checking
from .code_boxes import CodeBoxes
from .dialogs import Dialogs
from .dressing import Dressing
from .editing import Editing
from .exchange import Exchange
from .exports import Exports
from .figures import FiguresDialog
from .findings_dock import FindingsDock
from .findings_map import FindingsOnMap
from .map_marks import MapMark
from .maps import Maps
from .messages import Messages
from .new_project import NewProject
from .package.export import PackageExport
from .package.inspect import PackageInspection
from .package.look_ahead import Surroundings
from .project_look import ProjectLook
from .result import Result
from .vct_drop import VctDrop
from .waiving import Waiving
from .watch import ProjectWatch
from .whose import Whose


class Desk(QObject):
    """Everything made here is taken away by `unload`."""

    def __init__(self, iface):
        super().__init__()
        self.iface = iface
        self.runner = Runner()
        self.mark = MapMark(iface.mapCanvas())
        self.dock = dock = FindingsDock(iface.mainWindow())
        self.exports = Exports(iface, self.runner, lambda: dock.result)
        self.watch = ProjectWatch(self)
        self.boxes = CodeBoxes(self)
        self.dressing = Dressing(iface, self.runner)
        self.making = NewProject(iface, self.runner)
        self.maps = Maps(iface, self.runner)
        self.figures = FiguresDialog(iface)
        self.editing = Editing(self.runner, self)
        self.whose = Whose(dock, self.watch, self.editing)
        self.waiving = Waiving(dock, self.whose.current, self)
        self.dialogs = Dialogs(iface, self.runner, lambda: dock.result, self)
        self.checking = Checking(dock, self.editing, self.runner, self.dialogs.doctor, self)
        self.on_map = FindingsOnMap(dock, self.whose.current, self)
        self.exchange = Exchange(iface)
        self._broken = Messages(iface, tr("Check All"))
        around = Surroundings(
            self.whose.fresh, self.whose.latest, lambda: self.watch.number, lambda: dock.setUserVisible(True)
        )
        self.export = PackageExport(iface, self.runner, self.checking, around, self)
        self.inspection = PackageInspection(iface, self.runner, self.checking, lambda: self.exports.ask("html"), self)
        self.drop = VctDrop(self.exchange.import_vct)
        iface.registerCustomDropHandler(self.drop)
        deeds = self._deeds()
        self.look = ProjectLook(dock, self.runner, deeds, lambda: self.checking.busy, self)
        self.actions = Actions(iface, deeds)
        self._connect()
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self._enable()
        self.look.soon()

    def _deeds(self) -> dict[str, Any]:
        """Action → what it does."""
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
            "help": lambda: dialogs.help(""),
        }

    def _connect(self) -> None:
        dock = self.dock
        dock.setToggleVisibilityAction(self.actions["findings"])
        self.actions["layer"].setChecked(self.on_map.wanted)
        self.actions["live"].setChecked(self.editing.on)
        self.dialogs.changed.connect(self.look.soon)
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
        dock.findingChosen.connect(self._go_to)
        dock.formRequested.connect(self._open_form)
        dock.stepped.connect(self._stepped)
        dock.visibilityChanged.connect(self.look.soon)
        self.watch.changed.connect(self._project_changed)
        self.watch.taken.connect(self.on_map.layers_taken)
        self.watch.touched.connect(self.look.soon)

    def unload(self) -> None:
        self.watch.stop()
        self.editing.stop()
        self.waiving.stop()
        self.boxes.stop()
        self.dock.visibilityChanged.disconnect(self.look.soon)
        self.look.stop()
        self.iface.unregisterCustomDropHandler(self.drop)
        self.export.close()
        self.inspection.close()
        self.exchange.close()
        self.figures.close()
        self.dialogs.close()
        self.runner.stop_all()
        self.mark.clear()
        self._broken.close()
        self.exports.close()
        self.making.close()
        self.actions.remove()
        self.iface.removeDockWidget(self.dock)
        self.dock.deleteLater()

    # --- the check
    @property
    def busy(self) -> bool:
        """Is a check under way?"""
        return self.checking.busy

    def run(self) -> None:
        if self.busy:
            return
        self.dock.setUserVisible(True)
        if not self.checking.start():
            self.look.look()
            self.dock.say(self.look.no_layer() if self.dock.result else "")

    def _began(self) -> None:
        self._broken.close()
        self.whose.began()
        self._enable()

    def _done(self, result: Result, rows: list[Any], basis: Basis) -> None:
        self.whose.of_check(basis)
        self._show(result, rows)
        self.export.checked(result)

    def _inspected(self, result: Result, rows: list[Any], path: str) -> None:
        """A package was looked at: its findings take the place of the project's, in the panel and not on the map."""
        self.whose.of_package(path)
        self.editing.end()
        self.on_map.forget()
        self._show(result, rows)

    def _show(self, result: Result, rows: list[Any]) -> None:
        self.mark.clear()
        self.dock.set_clean(*idle.clean_states(result, lambda: self.exports.ask("html"), self.dock.show_reasons))
        self.dock.set_result(result)
        self.whose.tell()
        self.on_map.show_result(result.findings, rows)
        self._enable()

    def _failed(self, title: str, why: str) -> None:
        """Told in the message bar too: the former verdict still stands in the panel, above what the panel says of it."""
        self.whose.failed()
        self._broken.warn(why, title)

    def _stopped(self) -> None:
        self._enable()
        self.export.not_checked()
        # Layers may have come while nobody looked.
        self.look.soon()

    def _edited(self, change: Any, rows: dict[int, Any]) -> None:
        """What was edited has been checked again."""
        if not self.whose.current():
            return
        if self.dock.change(change):
            finding = self.dock.tree.current()
            if any(finding is now for _, now in change.renewed):
                self.mark.show(finding, self.dock.result.crs, zoom=False)
            else:
                self.mark.clear()
        self.on_map.renew([*change.gone, *(old for old, _ in change.renewed)], rows)

    def _waived(self, findings: list[Any], change: Any) -> None:
        """Findings were accepted, or it was taken back."""
        self.dock.change_states(change)
        new = [*findings, *change.found]
        rows = dict(zip(map(id, new), findings_layer.features(new), strict=True))
        self.on_map.renew([*findings, *change.gone], rows)

    # --- the map
    def _go_to(self, finding: Any) -> None:
        if finding is None or self.dock.result is None:
            self.mark.clear()
            return
        self.mark.show(finding, self.dock.result.crs)

    def _open_form(self, finding: Any) -> None:
        from .forms import open_form

        # A feature of the same number in the next project is another feature.
        if self.whose.package:
            self.dock.say(tr("The feature is one of the package. “Show Its Layers” puts those on the map."))
        elif not self.whose.current() or not open_form(self.iface, self.dock.result, finding):
            self.dock.say(tr("The feature is not in this project any more."))

    def _stepped(self, direction: int, moved: bool) -> None:
        if not moved:
            self.dock.say(
                tr("This is the last finding in view.") if direction > 0 else tr("This is the first finding in view.")
            )

    # --- the project
    def _project_changed(self) -> None:
        self.mark.clear()
        self.editing.end()
        self.on_map.forget()
        self.export.project_changed()
        self.inspection.project_changed()
        self.whose.tell()
        self._enable()

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
        self.look.soon()

    def _enable(self) -> None:
        there = self.dock.result is not None
        self.actions["check"].setEnabled(not self.busy)
        for name in ("previous", "next", "report"):
            self.actions[name].setEnabled(there)
        # Without a result it is a wish for the next run.
        self.actions["layer"].setEnabled(self.whose.current() or not there)
