# SPDX-License-Identifier: GPL-2.0-or-later
"""Connect menu, toolbar, findings panel, map marks and background work."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject
from qgis.gui import QgsMapTool
from qgis.PyQt.QtCore import QObject, Qt, QTimer

from ..bridge.checking import findings_layer
from ..bridge.editing.listener import EditStep
from ..bridge.layers import role_recognition
from ..bridge.new_project import sample
from ..bridge.project import county
from ..bridge.project.own_changes import keep_unchanged
from ..bridge.running.portions import WAITING, Waiting
from ..bridge.running.tasks import JobRunner
from ..bridge.texts import tr
from ..core.standard.profile import DocumentInfo
from .actions import DialogOpener, MenuActions
from .checking.exports import ResultExporter, collect_edits_since_check
from .checking.run import CheckInputs, CheckRunner, LayerRecognition
from .checking.saved_results import SavedResults
from .conformity.controller import ConformityController
from .counties.controller import CountiesController
from .editing.filegdb_warning import FileGdbWarning
from .editing.live_switch import LiveCheckSwitch
from .editing.open_forms import SearchableCodeLists
from .findings import panel_pages
from .findings.dock import FindingsDock
from .findings.edit_notices import EditNotices, SavingNotices
from .findings.result import ChangeQueue, CheckView
from .findings.result_owner import ResultOwner
from .findings.selection import FindingSelection, FindingsOnMap
from .findings.waiving import WaiverActions
from .fixing.actions import FixActions
from .help.help_dialog import open_manual
from .indicators.dock import IndicatorDock
from .layouts_dialog import MapActions
from .locator_filters import FeatureLocatorFilter, LocatorTargets, PlanLocatorFilter
from .options_page import OptionsFactory
from .package.export import PackageExport
from .package.export_preview import ExportEnvironment
from .package.inspect import PackageInspection
from .project.roles_dialog import ask_layer_group
from .project.styling_actions import StylingActions
from .project.watch import ProjectWatcher
from .sample_tour import SampleTour
from .toolbox.exchange import ExchangeActions, PlanDataDropHandler
from .widgets import MessageBarMessages
from .widgets.messages import push_message
from .wizard.new_project import ProjectSetupController
from .worklist.actions import WorklistActions
from .worklist.recheck import RecheckMenu

if TYPE_CHECKING:
    from ..core.model.report import EditsSinceCheck


#: Features of findings made in one step of a portion.
_FEATURES_PER_STEP = 10


class DesktopController(QObject):
    """Connects the plugin's menu, panel, map marks and background work in QGIS.

    `unload` removes everything that it added.
    """

    def __init__(self, iface):
        super().__init__()
        self.iface = iface
        self.runner = JobRunner()
        self.dock = dock = FindingsDock(iface.mainWindow())
        self.indicators = IndicatorDock(iface.mainWindow())
        self.change_queue = ChangeQueue(self)
        self.exports = ResultExporter(
            iface,
            self.runner,
            lambda: dock.result,
            self._read_document,
            self._find_edits,
            lambda: dock.tree.findings.work.items,
            lambda: dock.tree.findings.filters.hides_findings,
        )
        self.watch = ProjectWatcher(self)
        self.boxes = SearchableCodeLists(self)
        self.filegdb_warning = FileGdbWarning(iface, self)
        self.editing = LiveCheckSwitch(self.runner, self)
        self.result_owner = ResultOwner(dock, self.watch, self.editing)
        self.waiving = WaiverActions(dock, self.result_owner.has_current_result, self)
        self.dialogs = DialogOpener(iface, self.runner, lambda: dock.result, self)
        choose_group = partial(ask_layer_group, QgsProject.instance(), iface.mainWindow())
        self.checking = CheckRunner(dock, self.editing, self.runner, self.dialogs.open_doctor, choose_group, self)
        self.saved_results = SavedResults(self.runner, self.watch, self)
        self.on_map = FindingsOnMap(dock, iface.mapCanvas(), self.result_owner.has_current_result, self)
        self.selection = FindingSelection(iface, dock, self.result_owner, self.on_map, self)
        self.mark = self.selection.mark
        self.notices = EditNotices(iface, dock, self.editing, self.selection, self)
        self.saving_notices = SavingNotices(iface, dock, self.editing, self.selection, self.change_queue, self)
        self.fixes = FixActions(
            iface, self.runner, dock, self.editing, self.notices, self.watch, self.result_owner.has_current_result, self
        )
        self.worklist = WorklistActions(dock, self.runner, self.result_owner.has_current_result, self)
        self.recheck = RecheckMenu(iface, dock, self.start_check, self.result_owner.has_current_result, self)
        dock.contextMenuOpened.connect(self.worklist.add_to_context_menu)
        self._make_other_tools()
        handlers = self._get_action_handlers()
        self.recognition = LayerRecognition(
            dock,
            self.runner,
            handlers,
            lambda: self.checking.is_running,
            lambda: self.saved_results.is_reading,
            self.styling.may_offer_styling,
            self,
        )
        self.actions = MenuActions(iface, handlers)
        self.tour = SampleTour(iface, self.actions, dock, self)
        self._connect_signals()
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.indicators)
        self.indicators.hide()
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.conformity.dock)
        self.conformity.dock.hide()
        self.conformity.place_as_tab_of(dock)
        self._enable_actions()
        self.saved_results.read_result()
        self.recognition.schedule_update()

    def _make_other_tools(self) -> None:
        """Make styling, exchange, conformity and export, and add drop handlers, locator and options to QGIS."""
        iface = self.iface
        # With the progress of a task the status bar would make the window wider than a screen at 200 %.
        iface.mainWindow().statusBar().setMinimumWidth(1)
        self.styling = StylingActions(iface, self.runner)
        self.new_project = ProjectSetupController(iface, self.runner)
        self.maps = MapActions(iface, self.runner)
        self.exchange = ExchangeActions(
            iface,
            get_provenance=lambda: self.dock.result.report.provenance if self.dock.result is not None else {},
        )
        self.conformity = ConformityController(
            iface,
            self.runner,
            self.editing,
            self.watch,
            self.result_owner.get_displayed_result,
            self.start_check,
            self.dialogs.open_roles_dialog,
            self.exchange.import_boundary_points,
            self,
        )
        self._broken = MessageBarMessages(iface, tr("Check All"))
        self.inspection = PackageInspection(
            iface, self.runner, self.checking, lambda: self.exports.ask_and_save("html"), self
        )
        self.counties = CountiesController(iface, self.runner, self)
        export_environment = ExportEnvironment(
            self.result_owner.get_result_for_export,
            self.result_owner.get_displayed_result,
            lambda: self.watch.number,
            lambda: self.dock.setUserVisible(True),
            self.inspection.ask_for_package,
            lambda name: self._get_action_handlers()[name](),
            lambda page: self.dialogs.open_profile_dialog(page=page),
        )
        self.export = PackageExport(iface, self.runner, self.checking, export_environment, self)
        self.drop_handler = PlanDataDropHandler(
            iface,
            self.exchange.check_source,
            self.inspection.ask_for_package,
            self.exchange.import_boundary_points,
            self.exchange.import_drawing,
            self.exchange.import_vct,
            self.dialogs.use_profile,
            self.dialogs.open_profile_dialog,
        )
        iface.registerCustomDropHandler(self.drop_handler)
        targets = LocatorTargets(
            lambda: self.actions.by_name,
            lambda: self.dock.result,
            lambda finding: self.selection.select_finding(finding, zoom=True),
            self.dialogs.open_help,
            iface.setActiveLayer,
        )
        self.locator_filters = (PlanLocatorFilter(targets), FeatureLocatorFilter(iface))
        for locator_filter in self.locator_filters:
            iface.registerLocatorFilter(locator_filter)
        self.options = OptionsFactory(lambda name, is_on: self.actions[name].setChecked(is_on))
        iface.registerOptionsWidgetFactory(self.options)

    def _get_action_handlers(self) -> dict[str, Any]:
        """Return action name → function of the menu and the toolbar."""
        dialogs = self.dialogs
        return {
            "check": self.start_check,
            "previous": partial(self._step_with_keys, partial(self.dock.step_selection, -1)),
            "next": partial(self._step_with_keys, partial(self.dock.step_selection, 1)),
            "next_open": partial(self._step_with_keys, self.dock.step_to_open),
            "layer": self.on_map.set_shown,
            "live": self.editing.set_enabled,
            "report": lambda: self.exports.ask_and_save("html"),
            "indicator_panel": self.indicators.setVisible,
            "indicators": self.exchange.open_indicator_dialog,
            "align": self.fixes.align_selected,
            "boundary": self.fixes.draft_boundary,
            "supplement": self.fixes.draft_supplement,
            "fix_all": self.fixes.preview_all,
            "points_in": lambda: self.exchange.import_boundary_points(""),
            **{
                name: partial(self.exchange.open_tool, name)
                for name in ("adjustment", "cultivated", "split", "merge", "tables")
            },
            "roles": dialogs.open_roles_dialog,
            "profile": dialogs.open_profile_dialog,
            "document": dialogs.open_document_dialog,
            "forms": self.styling.apply_forms,
            "symbols": self.styling.apply_symbols,
            "mapping": dialogs.open_field_mapping,
            "new": self.new_project.open_wizard,
            "layers": self.new_project.open_create_layers_dialog,
            "bookmarks": self.new_project.make_bookmarks,
            "layouts": self.maps.open_layouts_dialog,
            "maps": self.maps.open_export_dialog,
            "package": self.export.show,
            "inspect": lambda: self.inspection.ask_for_package(""),
            "counties": self.counties.show,
            "vct_in": lambda: self.exchange.import_vct(""),
            "vct_out": self.exchange.export_vct,
            "yearly": self.exchange.update_yearly,
            "compare": self.exchange.open_comparison_dialog,
            "sample": self.open_sample,
            "dictionary": dialogs.open_dictionary,
            "doctor": dialogs.open_doctor,
            "manual": lambda: open_manual("start", self.iface.mainWindow()),
            "help": lambda: dialogs.open_help(""),
        }

    def _read_document(self) -> DocumentInfo | None:
        """Return the project's document information (成果信息); None for other data."""
        return county.read_document_info(QgsProject.instance()) if self.result_owner.has_current_result() else None

    def _find_edits(self, result: CheckView) -> EditsSinceCheck | None:
        """Return the edits since the check of the open project; None for a result of other data."""
        return collect_edits_since_check(result, self.editing) if self.result_owner.has_current_result() else None

    def _connect_signals(self) -> None:
        dock = self.dock
        dock.setToggleVisibilityAction(self.actions["findings"])
        self.conformity.dock.setToggleVisibilityAction(self.actions["conformity"])
        self.indicators.toggleViewAction().toggled.connect(self.actions["indicator_panel"].setChecked)
        self.actions["layer"].setChecked(self.on_map.is_requested)
        self.actions["live"].setChecked(self.editing.is_on)
        connections = (
            (self.dialogs.changed, self.recognition.schedule_update),
            (self.dialogs.changed, self.saved_results.mark_settings_changes),
            (self.recognition.recognised, self.styling.offer_styling),
            (self.saved_results.restored, self._on_result_restored),
            (self.saved_results.ended, self.recognition.schedule_update),
            (self.saved_results.changed, self._show_changes_since_check),
            (self.saved_results.failed, dock.show_note),
            (self.checking.check_began, self._on_check_began),
            (self.checking.done, self._on_check_done),
            (self.checking.check_failed, self._on_check_failed),
            (self.checking.check_stopped, self._on_check_stopped),
            (self.inspection.inspection_began, lambda path: self.result_owner.record_check_start(Path(path).name)),
            (self.inspection.done, self._on_package_inspected),
            (self.inspection.layers_shown, self.selection.show_selection_in_new_layers),
            (self.on_map.taken, lambda: self.actions["layer"].setChecked(False)),
            (self.editing.indicators_changed, self._show_edited_indicators),
            (self.editing.rechecked, self._on_rechecked),
            (self.editing.outdated, self._on_outdated),
            (
                self.fixes.changed,
                lambda change: self.change_queue.add(change, partial(self._show_fixes_in_steps, change)),
            ),
            (self.fixes.checkNeeded, self.start_check),
            (self.waiving.changed, self._on_waivers_changed),
            (dock.runRequested, self.start_check),
            (dock.cancelRequested, self.checking.cancel),
            # The label of a finding would hide the land where a project is drawn.
            (self.conformity.dock.opened, self.mark.clear),
            (self.conformity.drawing_begun, self.mark.clear),
            (dock.profileRequested, self.dialogs.open_profile_dialog),
            (self.indicators.profile_requested, self.dialogs.open_profile_dialog),
            (dock.exportRequested, self.exports.ask_and_save),
            (dock.helpRequested, self.dialogs.open_help),
            (dock.stepped, self._on_selection_stepped),
            (dock.visibilityChanged, self.recognition.schedule_update),
            (self.watch.changed, self._on_project_changed),
            (self.watch.layers_removed, self.on_map.on_layers_removed),
            (
                self.watch.layers_removed,
                lambda _ids: role_recognition.include_excluded_layers(QgsProject.instance(), only_orphans=True),
            ),
            (self.watch.project_touched, self._on_layers_changed),
        )
        for signal, slot in connections:
            signal.connect(slot)

    def unload(self) -> None:
        """Stop all work of the plugin, and remove its panel, menu and connections from QGIS."""
        self.tour.end()
        self.saved_results.stop()
        self.change_queue.cancel()
        for part in (self.fixes, self.watch, self.notices, self.saving_notices, self.editing):
            part.stop()
        # A pending change of the selection is ignored before the panel is deleted.
        self.dock.tree.block_selection_signal()
        for part in (self.worklist, self.boxes, self.filegdb_warning):
            part.stop()
        for part in (self.recheck, self.exchange, self.exports, self.drop_handler):
            part.messages.close()
        self.dock.visibilityChanged.disconnect(self.recognition.schedule_update)
        self.recognition.stop()
        self.iface.unregisterCustomDropHandler(self.drop_handler)
        for locator_filter in self.locator_filters:
            # QGIS deletes the filter.
            self.iface.deregisterLocatorFilter(locator_filter)
        self.locator_filters = ()
        self.iface.unregisterOptionsWidgetFactory(self.options)
        for window in (self.export, self.inspection, self.counties):
            window.close()
        self.conformity.stop()
        self.iface.mainWindow().statusBar().setMinimumWidth(0)
        self.dialogs.close()
        self.runner.stop_all()
        self.selection.stop()
        for window in (self._broken, self.styling.messages, self.new_project):
            window.close()
        self.actions.remove()
        for dock in (self.dock, self.indicators, self.conformity.dock):
            self.iface.removeDockWidget(dock)
            dock.deleteLater()

    # --- the check
    @property
    def is_check_running(self) -> bool:
        """Return True while a check is running."""
        return self.checking.is_running

    def start_check(self) -> None:
        """Check the plan layers of the open project; show in the panel why none can be checked."""
        if self.is_check_running:
            return
        self.dock.setUserVisible(True)
        if not self.checking.start_check():
            self.recognition.update_panel()
            has_no_layers = not role_recognition.list_plan_layers(QgsProject.instance())
            page = panel_pages.make_no_layer_page(self.new_project.open_wizard, self.open_sample)
            self.dock.show_note(page.text if self.dock.result and has_no_layers else "")

    def _on_check_began(self) -> None:
        self._broken.close()
        self.inspection.messages.close()
        self.result_owner.record_check_start()
        self._enable_actions()

    def _on_check_done(self, result: CheckView, rows: list[Any], inputs: CheckInputs) -> None:
        self.result_owner.record_result(inputs.fingerprint)
        self.saved_results.save_result(result, inputs.fingerprint.state, inputs.layer_id_by_name)
        self._show_result(result, rows)
        self.worklist.open_for_result(updates=True)
        self.recheck.report_after_check(result.findings)
        if note := self.fixes.many.describe_after_check(result.findings):
            self.dock.show_note(note)
        self.export.continue_after_check(result)
        self.tour.go_on_after_check()

    def _on_result_restored(self, result: CheckView, rows: list[Any]) -> None:
        """Show the saved result of the opened project."""
        if self.is_check_running or self.dock.result is not None:
            # A result that the user requested meanwhile has priority.
            self.saved_results.drop_result()
            return
        self.result_owner.record_restored_result()
        # The findings layer is not saved.
        with keep_unchanged(QgsProject.instance()):
            self._show_result(result, rows)
            self.worklist.open_for_result(updates=False)

    def _on_package_inspected(self, result: CheckView, rows: list[Any], path: str) -> None:
        """Show the findings of an inspected package in the panel, but not on the map."""
        self.result_owner.record_result(package=Path(path).name)
        self.editing.stop_observation()
        self.saved_results.drop_result()
        self.on_map.remove_layer()
        self._show_result(result, rows)
        self.worklist.open_for_result(updates=False)
        self.dock.setUserVisible(True)

    def _show_result(self, result: CheckView, rows: list[Any]) -> None:
        self.change_queue.cancel()
        self.fixes.forget_result()
        self.mark.clear()
        self.dock.set_pages_without_findings(
            *panel_pages.make_pages_without_findings(
                result, lambda: self.exports.ask_and_save("html"), self.dock.show_skipped_rules
            )
        )
        self.dock.set_result(result)
        self.saving_notices.record_result(result.findings)
        self.indicators.show_result(result)
        self.conformity.refresh()
        self.notices.close_message()
        self.result_owner.update_panel()
        self.on_map.show_result(result.findings, rows)
        if (finding := self.dock.tree.get_selected_finding()) is not None:
            # The list keeps a finding selected that the new result has too.
            self.selection.show_on_map(finding, zoom=False)
        self._enable_actions()

    def _on_check_failed(self, title: str, why: str) -> None:
        """Report a failed check in the message bar; the panel shows the former verdict."""
        self.result_owner.record_check_failure()
        self._broken.show_warning(why, title)

    def _on_check_stopped(self) -> None:
        self._enable_actions()
        self.recheck.forget()
        self.export.end_export_without_check()
        # Layers may have been added in the meantime.
        self.recognition.schedule_update()

    def _show_changes_since_check(self) -> None:
        self.dock.refresh_outdated_findings()
        self.result_owner.update_panel()
        if self.dock.result.changes_since_check.have_settings_changed:
            self.indicators.note_changed_settings()

    def _show_edited_indicators(self, indicators: tuple[Any, ...], stale_ids: frozenset[str]) -> None:
        if self.result_owner.has_current_result():
            self.indicators.show_edited(indicators, stale_ids)

    def _on_outdated(self) -> None:
        """Show that the result is outdated; after fixes that the live check could not follow, check all again."""
        self.result_owner.update_panel()
        if self.fixes.has_just_fixed or self.fixes.has_just_reverted:
            self.fixes.has_just_fixed = self.fixes.has_just_reverted = False
            # The edit that stopped the live check may be the first of a step that is being undone.
            QTimer.singleShot(0, self.start_check)

    def _on_rechecked(self, change: Any, rows: dict[int, Any], step: EditStep | None) -> None:
        """Show the changes of a re-check after edits."""
        if self.result_owner.has_current_result():
            self.change_queue.add(change, partial(self._show_recheck_in_steps, change, rows, step))

    def _show_recheck_in_steps(
        self, change: Any, rows: dict[int, Any], step: EditStep | None
    ) -> Generator[Waiting, None, None]:
        is_of_fix = self.fixes.has_just_fixed or self.fixes.has_just_reverted
        yield from self._show_findings_change(change, rows)
        self.fixes.has_just_fixed = self.fixes.has_just_reverted = False
        yield WAITING
        self.notices.show_new_findings(change, step, is_of_fix=is_of_fix)
        self.saving_notices.follow(change)

    def _show_findings_change(self, change: Any, rows: dict[int, Any]) -> Generator[Waiting, None, None]:
        """Show a change in list and map, each in a turn of the event loop."""
        self.dock.tree.leaves_undo_to_qgis = True
        # After a fix, the list goes on to the next finding. During an edit it stays where the user is.
        moves_on = self.fixes.has_just_fixed
        is_other_selected = yield from self.dock.apply_changes_in_steps(change, moves_on=moves_on)
        if is_other_selected:
            finding = self.dock.tree.get_selected_finding()
            is_kept = any(finding is new_finding for _, new_finding in change.changed_findings)
            if finding is not None and (is_kept or moves_on):
                # The map stays where the result of the fix is.
                self.selection.show_on_map(finding, zoom=False)
            else:
                self.mark.clear()
        restored = [one for one in change.new_findings if one.fingerprint in self.fixes.reverted_fingerprints]
        if self.fixes.has_just_reverted and len(restored) == 1 == len(self.fixes.reverted_fingerprints):
            # The map is where it was. The findings of a batch are anywhere: list and map stay.
            self.selection.select_finding(restored[0], zoom=False)
        yield WAITING
        self.on_map.replace_rows([*change.ended_findings, *(old for old, _ in change.changed_findings)], rows)

    def _show_fixes_in_steps(self, change: Any) -> Generator[Waiting | None, None, None]:
        """Show how a fix or its undo changed findings of rules that the live check does not run."""
        rows: dict[int, Any] = {}
        for start in range(0, len(change.new_findings), _FEATURES_PER_STEP):
            findings = change.new_findings[start : start + _FEATURES_PER_STEP]
            rows |= zip(map(id, findings), findings_layer.make_finding_features(findings), strict=True)
            yield None
        yield from self._show_findings_change(change, rows)

    def _on_waivers_changed(self, findings: list[Any], change: Any) -> None:
        """Show findings that were waived, or whose waivers were removed."""
        self.change_queue.finish()
        self.dock.apply_waiver_change(findings, change)
        new = [*findings, *change.new_findings]
        rows = dict(zip(map(id, new), findings_layer.make_finding_features(new), strict=True))
        self.on_map.replace_rows([*findings, *change.ended_findings], rows)
        selected = self.dock.tree.get_selected_finding()
        if any(selected is one for one in findings):
            # The colour and the icon of the mark depend on the waiver.
            self.selection.show_on_map(selected, zoom=False)
        self.notices.reset_finding_count_change()
        self.saved_results.save_with_waivers(self.dock.result.check_result.waivers.path)

    # --- the map
    def _step_with_keys(self, step: Callable[[], None]) -> None:
        """Select another finding; the list gets the keys, unless features or a project are being drawn."""
        step()
        tool = self.iface.mapCanvas().mapTool()
        is_editing = tool is not None and bool(tool.flags() & QgsMapTool.Flag.EditTool)
        if not is_editing and self.conformity.projects.drawing is None:
            self.dock.tree.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_selection_stepped(self, direction: int, has_moved: bool) -> None:
        if not has_moved:
            self.dock.show_note(
                tr("This is the last listed finding.") if direction > 0 else tr("This is the first listed finding.")
            )

    # --- the project
    def _on_project_changed(self) -> None:
        """Clear the result of the former project and read the saved result of this one."""
        self._clear_result()
        for part in (self.checking, self.styling, self.export, self.inspection):
            part.project_changed()
        self.saved_results.read_result()
        self._enable_actions()

    def _clear_result(self) -> None:
        """Remove the result from the panel and the map."""
        self.change_queue.cancel()
        self.fixes.forget_result()
        self.mark.clear()
        self.editing.stop_observation()
        self.notices.close_message()
        self.saving_notices.forget()
        self.saved_results.drop_result()
        self.on_map.remove_layer(is_reading=self.watch.is_reading)
        self.result_owner.record_result()
        self.dock.clear_result()
        self.indicators.clear()
        self.conformity.refresh()
        self.worklist.open_for_result(updates=False)

    def _on_layers_changed(self) -> None:
        """Clear the result if the project no longer has a plan layer."""
        if (
            self.result_owner.has_current_result()
            and not self.watch.is_closing
            and not role_recognition.list_plan_layers(QgsProject.instance())
        ):
            self._clear_result()
            self._enable_actions()
        self.recognition.schedule_update()

    def open_sample(self) -> None:
        """Open a copy of the sample county in a new project, or in the open one if it has no layer."""
        project = QgsProject.instance()
        if project.mapLayers():
            if not self.iface.newProject(True):
                return
        else:
            # The project without layers is the same for QGIS; the displayed result does not belong to the sample.
            self.watch.count_as_new_project()
        path = sample.copy_sample()
        if text := sample.explain_new_copy(path):
            push_message(self.iface.messageBar(), "info", tr("Open Sample County"), text)
        sample_layers = sample.load_sample(project, path)
        canvas = self.iface.mapCanvas()
        canvas.setDestinationCrs(project.crs())
        canvas.setReferencedExtent(sample.compute_sample_view(sample_layers, project))
        self.dock.setUserVisible(True)
        self.recognition.schedule_update()
        self.tour.offer()

    def _enable_actions(self) -> None:
        has_result = self.dock.result is not None
        self.actions["check"].setEnabled(not self.is_check_running)
        for name in ("previous", "next", "next_open", "report"):
            self.actions[name].setEnabled(has_result)
        # Without a result the action applies to the next check.
        self.actions["layer"].setEnabled(self.result_owner.has_current_result() or not has_result)
