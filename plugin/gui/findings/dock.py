# SPDX-License-Identifier: GPL-2.0-or-later
"""Panel 检查结果 with findings; it requests actions by signals and knows no layer."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from qgis.PyQt.QtCore import QEvent, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QMenu

from ...bridge.running.portions import WAITING, PortionedWork, Waiting, run_to_end
from ...bridge.texts import tr
from ..widgets import EmptyPage, add_menu_entry, show_menu, theme
from .features import FeatureRef, is_switched_off, list_feature_refs
from .findings_form import DETAIL_TAB, LIST_TAB, LIST_TO_DETAIL_RATIO, FindingsForm
from .groups import NOT_RUN_OUTCOMES, STALE, FindingGroup, Grouping, WorkRows, get_listed_rule
from .model import FilterSettings
from .result import CheckView

#: A longer list is prepared in portions (`FindingsModel.prepare_groups`).
MAX_FINDINGS_LISTED_AT_ONCE = 5_000


class FindingsDock(FindingsForm):
    """The findings panel.

    Signals: ``formRequested(feature_ref)``: open the attribute form of a feature; ``featureChosen(feature_ref,
    all_refs)``: select a feature, ``all_refs`` are all features of its finding; ``exportRequested(kind)``: save the
    result as ``layer``, ``html`` or ``json``; ``stepped(direction, has_moved)``: the user pressed next or previous;
    ``listFiltered``: the list shows other findings of the same result, or a long list follows its result;
    ``contextMenuOpened(menu)``: further actions can be added to the context menu of the list.
    """

    runRequested = pyqtSignal()
    cancelRequested = pyqtSignal()
    profileRequested = pyqtSignal()
    exportRequested = pyqtSignal(str)
    helpRequested = pyqtSignal(str)
    findingChosen = pyqtSignal(object)
    formRequested = pyqtSignal(object)
    featureChosen = pyqtSignal(object, list)
    stepped = pyqtSignal(int, bool)
    listFiltered = pyqtSignal()
    contextMenuOpened = pyqtSignal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        #: Returns the layers of a finding that are switched off or covered; set by the owner of the map.
        self.hidden_layer_finder: Callable[[Any], list[Any]] = lambda finding: []
        #: Each hidden layer of the selected finding, with True if it is switched off, False if others cover it.
        self._hidden_layers: list[tuple[Any, bool]] = []
        #: Prepares a long list in portions; None if the list is up to date.
        self._filling: PortionedWork | None = None
        self._idle = EmptyPage("")
        self._reasons_shown = self._shows_explanation = False
        for grouping, action in self.groupings.items():
            action.triggered.connect(lambda _on=False, grouping=grouping: self.group_by(grouping))
        for kind, action in self.exports.items():
            action.triggered.connect(lambda _on=False, kind=kind: self.exportRequested.emit(kind))
        for signal, slot in (
            (self.run_button.clicked, self.runRequested),
            (self.stale_button.clicked, self.runRequested),
            (self.navigation.openRequested, self.step_to_open),
            (self.tree.nextOpenRequested, self.step_to_open),
            (self.tree.findings.sortRequested, self._list_findings),
            (self.county.clicked, self.profileRequested),
            (self.run_bar.cancelled, self.cancelRequested),
            (self.verdict.reasons_button.clicked, self._show_explanation),
            (self.verdict.kindsChanged, self._apply_filters),
            (self.filters.changed, self._apply_filters),
            (self.filters.clear_button.clicked, self.clear_filters),
            (self.tree.chosen, self._on_finding_chosen),
            (self.tree.zoomRequested, self.findingChosen),
            (self.tree.clicked, self._end_explanation),
            (self.tree.formRequested, self._open_form_of_first_feature),
            (self.detail.formRequested, self.formRequested),
            (self.detail.featureChosen, self.featureChosen),
            (self.tree.menuRequested, lambda position: show_menu(self.make_context_menu(), position)),
            (self.tree.waiveRequested, self.navigation.waive.waive_selected),
            (self.tree.fixRequested, self._request_fix),
            (self.tree.selectionSettled, self._pass_selection_to_buttons),
            (self.detail.helpRequested, self.helpRequested),
            (self.navigation.zoomRequested, lambda: self.findingChosen.emit(self.tree.get_selected_finding())),
            (self.navigation.stepped, self.step_selection),
        ):
            signal.connect(slot)
        self.navigation.fix.can_be_fixed = self.can_be_fixed
        theme.call_after_theme_change(self, self._refresh_icons)
        self._update_visible_page()

    def event(self, event):
        # F1 is a shortcut of QGIS; wherever the focus is in the panel, it opens the help of the selected rule.
        is_key = event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        group, finding = self.tree.get_selected_group(), self.tree.get_selected_finding()
        if not is_key or event.key() != Qt.Key.Key_F1 or group is None:
            return super().event(event)
        if event.type() == QEvent.Type.KeyPress:
            self.helpRequested.emit(group.code if finding is None else get_listed_rule(finding))
        event.accept()
        return True

    def _show_explanation(self) -> None:
        """Show what the verdict depends on in the details, where it hides nothing; without a list, above the page."""
        if self.stack.currentWidget() is not self.tree_page:
            self.verdict.show_explanation()
            return
        self._shows_explanation = True
        self.detail.show_explanation(self.verdict.explanation)
        self.tabs.setCurrentIndex(DETAIL_TAB)

    def _end_explanation(self, _index: Any) -> None:
        """Show the details of a row again that was selected before the explanation."""
        if self._shows_explanation:
            self._show_selected_details()

    # --- calls of the desktop side
    def set_empty_page(self, page: EmptyPage) -> None:
        """Set the page that the panel shows without a result."""
        self._idle = page
        if self.result is None:
            self._update_visible_page()

    def show_check_started(self, rule_count: int, is_of_package: bool = False) -> None:
        """Show the progress of a check that begins.

        ``rule_count``: number of rules to check; ``is_of_package``: a package is inspected. A check of the project is
        called a re-check if the displayed result is of the project as well.
        """
        self.note.hide()
        self.run_button.setEnabled(False)
        # Its buttons begin a check, too.
        self.empty.setEnabled(False)
        self.run_bar.start(rule_count, not is_of_package and self.result is not None and not self.result.is_of_package)

    def hide_progress(self, note: str = "") -> None:
        """Hide the progress after a check ended.

        ``note``: message to show if the check gave no new result.
        """
        self.run_bar.hide()
        self.run_button.setEnabled(True)
        self.empty.setEnabled(True)
        self.show_note(note)

    def show_note(self, note: str) -> None:
        """Show a message below the list until the next selection or check."""
        self.note.setText(note)
        self.note.setVisible(bool(note))

    def show_outdated_state(self, text: str, offers_check: bool = False, is_alarm: bool = False) -> None:
        """Show why the displayed result is outdated or of other data.

        An empty text hides the notice. ``offers_check``: show a button for another check; ``is_alarm``: the result is
        not the one that was requested last.
        """
        self.stale_icon.setVisible(is_alarm)
        self.stale.setText(text)
        self.stale.setVisible(bool(text))
        self.stale_button.setVisible(bool(text) and offers_check)

    def set_result(self, result: CheckView) -> None:
        """Show a result in all parts of the panel, in place of the former result."""
        if self.result is not None and self.result.is_of_package != result.is_of_package:
            # Filters for the findings of a project would hide those of a package, and the reverse.
            self.filters.clear()
            self.verdict.show_kinds()
        self.result = result
        self._reasons_shown = self._shows_explanation = False
        report = result.report
        self.tree.findings.outdated = result.outdated_findings
        package_only = self.filters.package_only
        package_only.setVisible(result.is_of_package)
        package_only.setChecked(result.is_of_package and package_only.isChecked())
        self.filters.offer_new_only(frozenset())
        self.verdict.show_report(result, report.summary)
        self._offer_filter_choices()
        self.tree.findings.layer_names = {
            str(layer.get("role", "")): str(layer.get("title", "")) for layer in report.provenance.get("layers", ())
        }
        self._list_findings()
        self.run_button.setText(tr("Check Project") if result.is_of_package else tr("Re-check"))
        first = self.detail.isHidden()
        self._update_page_and_selection()
        if self.tree.get_selected_group() is None:
            # The details of nothing would hide the result.
            self.tabs.setCurrentIndex(LIST_TAB)
        if first:
            self.splitter.setSizes([share * self.height() for share in LIST_TO_DETAIL_RATIO])

    def clear_result(self) -> None:
        """Clear the former result after a change of project."""
        self.result = None
        self._reasons_shown = False
        self._stop_filling()
        self.tree.findings.defers_sorting = False
        self.tree.show_report(None, self._read_filters())
        self.filters.clear()
        self.run_button.setText(tr("Check All"))
        self.show_note("")
        self.show_outdated_state("")
        self._update_page_and_selection()

    def refresh_outdated_findings(self) -> None:
        """Update the display of findings that may be outdated by edits."""
        self.tree.findings.outdated = self.result.outdated_findings
        self.tree.findings.refresh_rows()
        self.verdict.show_report(self.result)

    def apply_changes_in_steps(self, change: Any, *, moves_on: bool = False) -> Generator[Waiting, None, bool]:
        """Apply the changes of a re-check, each part in a turn of the event loop.

        The generator returns True if the selected finding changed. ``change``:
        `core.checks.live.session.FindingsChange`;
        ``moves_on``: select the next finding if the selected one was resolved.
        """
        # Result and list change in one step: whatever the user does between the steps finds both alike.
        self.result.apply_changes(change)
        has_changed_list = bool(change.ended_findings or change.new_findings or change.changed_findings)
        is_listed_anew, is_other_selected = self._filling is not None, False
        selected_finding = None
        if has_changed_list and is_listed_anew:
            # The list in preparation is of the former findings.
            self._list_findings()
        elif has_changed_list:
            # A long change is drawn in a later turn than the one in which the list changes.
            self.tree.setUpdatesEnabled(False)
            try:
                is_other_selected = self.tree.apply_changes(change, moves_on=moves_on)
                selected_finding = self.tree.get_selected_finding()
                yield WAITING
            finally:
                self.tree.setUpdatesEnabled(True)
            if is_other_selected and not moves_on and self.tree.get_selected_finding() is None:
                self.show_note(tr("The selected finding is corrected. “Next” goes on from its place."))
            self._pass_selection_to_buttons()
            yield WAITING
        self.verdict.show_edits(self.result)
        if not has_changed_list:
            return False
        yield WAITING
        self._offer_filter_choices()
        if is_listed_anew:
            return False
        yield WAITING
        self._update_visible_page()
        if self.tree.get_selected_finding() is not selected_finding:
            # The user has selected another finding since: its details and its mark are shown.
            return False
        if is_other_selected:
            self._show_selected_details()
        else:
            self.navigation.show_position(self.tree.get_selected_position())
        return is_other_selected

    def apply_waiver_change(self, findings: list[Any], change: Any) -> None:
        """Update ``findings`` that were waived or reopened, and show a change of the findings about waivers."""
        self.result.apply_changes(change)
        self.verdict.show_report(self.result)
        self._offer_filter_choices()
        if self._filling is not None:
            self._list_findings()
            return
        # The same findings have another state.
        change = replace(change, changed_findings=[*change.changed_findings, *zip(findings, findings, strict=True)])
        if self.tree.apply_changes(change, moves_on=True):
            # The map follows to the neighbour.
            self.findingChosen.emit(self.tree.get_selected_finding())
        self._update_page_and_selection()

    def make_context_menu(self) -> QMenu:
        """Return the context menu of the list: the actions of the buttons below it, and those of the work list."""
        # A right click may have selected another row in the same turn of the event loop.
        self._pass_selection_to_buttons()
        menu = QMenu(self)
        for button in (self.navigation.fix, self.navigation.waive):
            entry = add_menu_entry(menu, button.text(), button.perform_action, is_enabled=button.isEnabled())
            entry.setToolTip(button.toolTip())
        self.contextMenuOpened.emit(menu)
        return menu

    def _pass_selection_to_buttons(self) -> None:
        self.navigation.set_selected_findings(self.tree.list_selected_findings())

    def _offer_filter_choices(self) -> None:
        findings, rules = self.result.findings, self.result.report.rules
        codes_with_findings = {f.code for f in findings}
        self.filters.set_choices(
            sorted({f.township for f in findings}),
            [(r.code, r.heading) for r in rules if r.code in codes_with_findings or r.reason],
        )

    def set_pages_without_findings(self, passed_page: EmptyPage, skipped_page: EmptyPage) -> None:
        """Set the pages for a result without findings.

        ``passed_page``: all rules were checked; ``skipped_page``: some rules were skipped.
        """
        self._clean, self._only_skipped = passed_page, skipped_page
        self._update_visible_page()

    def show_skipped_rules(self) -> None:
        """List the skipped rules of a result without findings (查看原因)."""
        self._reasons_shown = True
        self._update_visible_page()
        self.tree.expandAll()

    def clear_filters(self) -> None:
        """Clear all filters and show all kinds of findings."""
        self.filters.clear()
        self.verdict.show_kinds(frozenset(self.verdict.buttons))
        self._apply_filters()

    def show_only(self, findings: list[Any]) -> None:
        """Open the panel and list only these findings; the user ends the filter in the filter bar."""
        self.setUserVisible(True)
        self.filters.clear()
        self.verdict.show_kinds()
        self.filters.offer_new_only(frozenset(finding.fingerprint for finding in findings))
        self._apply_filters()
        self.tree.expandAll()

    def step_selection(self, direction: int) -> None:
        """Select the next (1) or previous (−1) finding; emit ``stepped``."""
        self.stepped.emit(direction, self.tree.step_selection(direction))

    def can_be_fixed(self, finding: Any) -> bool:
        """Return True if a fix may change a finding of the displayed result."""
        return self.result is not None and self.result.can_be_fixed(finding)

    # --- state
    def _read_filters(self) -> FilterSettings:
        filters = self.filters
        return FilterSettings(
            self.verdict.kinds,
            filters.search.text(),
            filters.chosen_townships,
            frozenset(filters.rules.checkedItemsData()),
            filters.package_only.isChecked(),
            frozenset(filters.states.checkedItemsData()),
            frozenset(filters.assignees.checkedItemsData()),
            filters.chosen_fingerprints,
            filters.fixable_only.isChecked(),
            self.can_be_fixed,
        )

    def _apply_filters(self) -> None:
        self.filters.clear_button.setEnabled(self._read_filters().hides_findings)
        if self.result is not None and self._is_long:
            # `listFiltered` follows.
            self._list_findings()
        elif self.result is not None:
            former_selection = self.tree.get_selected_finding()
            self.tree.set_filters(self._read_filters())
            self._show_listed_findings(former_selection)

    # --- long lists
    @property
    def _is_long(self) -> bool:
        """Return True if the list is prepared in portions, so that QGIS does not pause."""
        return len(self.result.findings) > MAX_FINDINGS_LISTED_AT_ONCE

    def _list_findings(self) -> None:
        """List the present findings, grouped, sorted and filtered anew; a long list follows in turns of the event loop.

        Until then the former list is shown.
        """
        self._stop_filling()
        self.tree.findings.filters = self._read_filters()
        self.tree.findings.defers_sorting = self._is_long
        steps = self.tree.findings.prepare_groups(self.result.report, self.result.findings)
        if self._is_long:
            self._filling = PortionedWork(steps, self._show_long_list, lambda _error: self._stop_filling(), self)
        else:
            self.tree.show_groups(run_to_end(steps))

    def _stop_filling(self) -> None:
        if self._filling is not None:
            self._filling.cancel()
            self._filling = None

    def _show_long_list(self, groups: dict[str, FindingGroup]) -> None:
        former_selection = self.tree.get_selected_finding()
        self._stop_filling()
        self.tree.show_groups(groups)
        self._show_listed_findings(former_selection)

    def _show_listed_findings(self, former_selection: Any) -> None:
        """Update what depends on the list, in which other findings are shown."""
        self._update_page_and_selection()
        if former_selection is not None and self.tree.get_selected_finding() is None:
            self.findingChosen.emit(None)
        self.listFiltered.emit()

    # --- the work list
    def group_by(self, grouping: Grouping) -> None:
        """Group the list by rule, layer, township, severity or person."""
        self.groupings[grouping].setChecked(True)
        self.grouping_button.setText(self.groupings[grouping].text())
        self.tree.findings.grouping = grouping
        if self.result is not None:
            self._list_findings()
            if self._filling is None:
                self._update_visible_page()
                self._show_selected_details()

    def set_work(self, work: WorkRows) -> None:
        """Show the rows of a work list; without rows the panel is as without a list."""
        had_work = bool(self.tree.findings.work.items)
        self.tree.set_work(work)
        has_work = bool(work.items)
        self.navigation.offer_next_open(has_work)
        if self.result is None:
            self.filters.offer_work(False, [])
            return
        groups_move = self.tree.findings.grouping is Grouping.ASSIGNEE or self._read_filters().hides_by_rule_or_work
        if groups_move or had_work != has_work or self._filling is not None:
            self._list_findings()
            if self._filling is None:
                self._update_visible_page()
        # Rows that are no longer found count, too.
        model = self.tree.findings
        for group in model.groups:
            group.update_open_count(work)
        self.tree.viewport().update()
        done = sum(item.is_done and item.fingerprint not in work.conflicts for item in work.items.values())
        assignees = {item.assignee for item in work.items.values()} - {""}
        findings = self.result.findings if model.outdated is not None else ()
        stale = sum(model.find_state_key(finding) == STALE for finding in findings)
        self.filters.offer_work(bool(work.items), sorted(assignees))
        if work.items:
            self.work_progress.show_counts(done, len(work.items), stale, len(work.conflicts))
        else:
            self.work_progress.hide()
        if self._filling is None:
            self._refresh_details()

    def _request_fix(self) -> None:
        """Preview the fixes of the selected findings (key F), or show why they have no fix."""
        if self.navigation.fix.isEnabled():
            self.navigation.fix.click()
        else:
            self.show_note(self.navigation.fix.toolTip())

    def step_to_open(self) -> None:
        """Select the next finding that needs work; report the end of the list."""
        if self.result is None or self._filling is not None:
            return
        finding = self.tree.find_next_open()
        if finding is None:
            self.show_note(tr("This was the last finding to do in the list."))
        else:
            self.tree.select_finding(finding)

    def _choose_page(self) -> EmptyPage | None:
        """Return the page to show in place of the list; None if the list is shown."""
        if self.result is None:
            return self._idle
        if self._filling is not None:
            return None
        if not self.result.findings:
            if self.result.report.findings and not self._reasons_shown:
                text = tr(
                    "No findings remain after the edits. Run a full check to determine whether the county passes."
                )
                return EmptyPage(text, [(tr("Re-check"), self.runRequested.emit)])
            if not any(rule.incomplete or str(rule.outcome) in NOT_RUN_OUTCOMES for rule in self.result.report.rules):
                return self._clean
            return None if self._reasons_shown else self._only_skipped
        if self.tree.findings.rowCount() == 0:
            text = tr("No finding matches the filter ({count} in all).").format(count=len(self.result.findings))
            return EmptyPage(text, [(tr("Clear Filter"), self.clear_filters)])
        return None

    def _update_page_and_selection(self) -> None:
        self._update_visible_page()
        self._refresh_details()
        self._pass_selection_to_buttons()

    def _update_visible_page(self) -> None:
        empty = self._choose_page()
        if empty is not None:
            self.empty.show_empty_page(empty)
        if self.result is not None and self._filling is None:
            self.verdict.set_matching_counts(self.tree.findings.count_matching_by_kind())
        self.stack.setCurrentWidget(self.tree_page if empty is None else self.empty)
        has_result = self.result is not None
        for widget in (self.verdict, self.navigation):
            widget.setVisible(has_result)
        self.work_progress.setVisible(has_result and bool(self.tree.findings.work.items))
        self.export_button.setEnabled(has_result)
        self.fit_contents()

    def _on_finding_chosen(self, finding: Any) -> None:
        self.show_note("")
        self._show_selected_details()
        self.findingChosen.emit(finding)

    def _open_form_of_first_feature(self, finding: Any) -> None:
        self.formRequested.emit(next(iter(list_feature_refs(finding)), FeatureRef(finding.role, finding.key)))

    def _refresh_details(self) -> None:
        """Show the details again after a change that is not one of the selection: the explanation stays."""
        if self._shows_explanation and self.result is not None:
            self.detail.show_explanation(self.verdict.explanation)
        else:
            self._show_selected_details()

    def _show_selected_details(self) -> None:
        self._shows_explanation = False
        group, finding = self.tree.get_selected_group(), self.tree.get_selected_finding()
        if self.result is None or group is None:
            self.detail.clear()
        elif finding is None:
            self.detail.show_group(self.result, group)
        else:
            hidden_layers = self.hidden_layer_finder(finding)
            self._hidden_layers = [(layer, is_switched_off(layer)) for layer in hidden_layers]
            item = self.tree.findings.work.get_item(finding)
            self.detail.show_finding(self.result, group, finding, hidden_layers, item)
        self.navigation.zoom.setEnabled(finding is not None and finding.geom_kind != "none")
        self.navigation.show_position(self.tree.get_selected_position())

    def refresh_hidden_layers(self) -> None:
        """Show the details again if a layer of the selected finding was switched on or off, or moved."""
        finding = self.tree.get_selected_finding()
        if finding is None:
            return
        hidden_layers = [(layer, is_switched_off(layer)) for layer in self.hidden_layer_finder(finding)]
        if hidden_layers != self._hidden_layers:
            self._refresh_details()

    def _refresh_icons(self) -> None:
        self.tree.findings.refresh_icons()
        # The labels of the details contain colours and a picture.
        self._refresh_details()
