# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes from the findings panel and from the message on edits, and findings of rules that are not local."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge.fixes.apply import FixOrder
from ...bridge.running.tasks import JobRunner
from ...bridge.texts import tr
from ..editing.live_switch import LiveCheckSwitch
from ..findings.dock import FindingsDock
from ..findings.edit_notices import EditNotices
from ..project.watch import ProjectWatcher
from .applying import FixApplier
from .boundary_draft import BoundaryDrafter
from .many_findings import BatchFixer
from .one_fix import FeatureAligner, FindingFixer
from .supplement_draft import SupplementDrafter
from .trial_runner import find_trial_obstacle


@dataclass
class NonLocalFindingChanges:
    """The changes that applied fixes make to findings of rules that are not local.

    A rule is local if its findings depend only on a row and the rows that it meets. The changes were found when the
    fixes were tried on a copy of the layers.
    """

    ended: list[Any]
    added: list[Any]

    @classmethod
    def compare(cls, proposals: list[Any], findings: list[Any], report: Any = None) -> NonLocalFindingChanges:
        """Compare the proposals with the displayed ``findings``, before or after they are applied.

        ``report``: of a check of the layers with the proposals, which knows more than they do; None if it was not run.
        """
        if report is not None:
            displayed, present = (
                {(one.fingerprint, one.message): one for one in filter(_is_of_non_local_rule, some)}
                for some in (findings, report.findings)
            )
            return cls(
                [one for name, one in displayed.items() if name not in present],
                [one for name, one in present.items() if name not in displayed],
            )
        remaining = _FindingsByProblem(filter(_is_of_non_local_rule, findings))
        added = _FindingsByProblem(())
        ended: list[Any] = []
        for proposal in proposals:
            for ended_finding in filter(_is_of_non_local_rule, proposal.ended_findings):
                if added.take_same_problem(ended_finding) is not None:
                    continue
                match = remaining.take_same_problem(ended_finding)
                if match is not None:
                    ended.append(match)
            unknown_findings = [
                one
                for one in filter(_is_of_non_local_rule, proposal.new_findings)
                if remaining.find_same_problem(one) is None and added.find_same_problem(one) is None
            ]
            added.add(unknown_findings)
        return cls(ended, list(added.findings.values()))

    def get_change_of_fixes(self) -> Any:
        """Return what the fixes end and add (`core.checks.live.session.FindingsChange`); None without any."""
        return _make_change(self.ended, self.added)

    def get_change_of_undo(self, findings: list[Any]) -> Any:
        """Return the findings that an undo of the fixes ends and adds (`core.checks.live.session.FindingsChange`).

        None without any. ``findings``: the displayed findings, of which only these can end.
        """
        displayed_ids = {id(finding) for finding in findings}
        return _make_change([one for one in self.added if id(one) in displayed_ids], self.ended)


class _FindingsByProblem:
    """Findings in the order in which they were added, to be searched by the problem that they state."""

    def __init__(self, findings: Iterable[Any]):
        self._candidates: dict[tuple[Any, ...], dict[int, Any]] = {}
        #: id() of a finding → the finding, in the order in which they were added.
        self.findings: dict[int, Any] = {}
        self.add(findings)

    def add(self, findings: Iterable[Any]) -> None:
        for finding in findings:
            self._candidates.setdefault(finding.problem_name, {})[id(finding)] = finding
            self.findings[id(finding)] = finding

    def find_same_problem(self, finding: Any) -> Any:
        """Return the first finding on the same problem; None without one."""
        from ...core.fixes.differences import is_same_problem

        candidates = self._candidates.get(finding.problem_name, {}).values()
        return next((one for one in candidates if is_same_problem(one, finding)), None)

    def take_same_problem(self, finding: Any) -> Any:
        """Remove and return the first finding on the same problem; None without one."""
        found = self.find_same_problem(finding)
        if found is not None:
            del self._candidates[found.problem_name][id(found)], self.findings[id(found)]
        return found


def _is_of_non_local_rule(finding: Any) -> bool:
    from ...core.model.rule import load_all_rules

    rule = load_all_rules().get(finding.code)
    return rule is not None and not rule.local


def _make_change(ended_findings: list[Any], new_findings: list[Any]) -> Any:
    """Return a `core.checks.live.session.FindingsChange` with these findings; None without any."""
    from ...core.checks.live.session import FindingsChange

    return (
        FindingsChange(ended_findings=list(ended_findings), new_findings=list(new_findings))
        if ended_findings or new_findings
        else None
    )


class FixActions(QObject):
    """Opens the preview of the fixes of one finding, or the batch for several findings.

    ``has_current_result``: returns True if the displayed result is of the open project; otherwise no dialog opens.
    Signal ``changed(change)``: a fix or its undo changed findings of rules that are not local
    (`core.checks.live.session.FindingsChange`). Signal ``checkNeeded``: the live check cannot follow a fix or its undo.
    """

    changed = pyqtSignal(object)
    checkNeeded = pyqtSignal()

    def __init__(
        self,
        iface: Any,
        runner: JobRunner,
        dock: FindingsDock,
        editing: LiveCheckSwitch,
        notices: EditNotices,
        watch: ProjectWatcher,
        has_current_result: Callable[[], bool],
        parent: QObject,
    ):
        super().__init__(parent)
        self._dock, self._editing, self._has_current_result = dock, editing, has_current_result
        self.applier = FixApplier(iface, self)
        self.one = FindingFixer(iface, dock, editing, has_current_result, self.applier, self)
        self.many = BatchFixer(iface, dock, editing, has_current_result, self.applier, self)
        self.alignment = FeatureAligner(iface, dock, editing, has_current_result, self.applier, self)
        self.boundary = BoundaryDrafter(runner, iface, dock, editing, has_current_result, self.applier, self)
        self.supplement = SupplementDrafter(runner, iface, dock, editing, has_current_result, self.applier, self)
        self._iface = iface
        #: True from the application of a fix, or from its undo, to the re-check of its edits.
        self.has_just_fixed = self.has_just_reverted = False
        #: Fingerprints of the findings whose fixes were undone last.
        self.reverted_fingerprints: set[str] = set()
        #: Number of an applied order → its changes to findings of rules that are not local.
        self._non_local_changes: dict[str, NonLocalFindingChanges] = {}
        for signal, slot in (
            (self.applier.applied, self._on_applied),
            (self.applier.reverted, self._on_reverted),
            (self.many.previewRequested, self.preview_fixes),
            (self.one.closed, self.many.return_from_preview),
            (dock.navigation.fix.fix, self._preview_one_or_many),
            (notices.fixRequested, self._preview_one_or_many),
            (watch.changed, self._on_project_changed),
            (watch.layers_removed, lambda _ids: self._on_layers_removed()),
        ):
            signal.connect(slot)

    def preview_fixes(self, finding: Any) -> None:
        """Open the preview of the fixes of one finding."""
        if self._is_trial_possible():
            self.one.open(finding)

    def preview_batch(self, findings: list[Any]) -> None:
        """Open the batch, which lists what fixes of several findings would change."""
        if self._is_trial_possible():
            self.many.open(findings)

    def preview_all(self) -> None:
        """Open the batch for the listed findings that need work; show in the panel why it cannot be opened."""
        self._dock.setUserVisible(True)
        listed = self._dock.tree.findings
        visible = listed.list_visible_findings()
        findings = [one for one in visible if self._dock.can_be_fixed(one) and listed.work.is_open(one)]
        if self._dock.result is None:
            self._dock.show_note(tr("Check all first: fixes are tried on the findings of a check."))
        elif not findings:
            self._dock.show_note(tr("No listed finding is left to fix."))
        else:
            self.preview_batch(findings)

    def align_selected(self) -> None:
        """Preview how the selected features of the active layer can be aligned with another layer."""
        self._open_or_explain(lambda: self.alignment.open(self._iface.activeLayer()))

    def draft_boundary(self) -> None:
        """Preview drafts of the boundary."""
        self._open_or_explain(self.boundary.open)

    def draft_supplement(self) -> None:
        """Preview drafts of supplements for farmland that is taken."""
        self._open_or_explain(self.supplement.open)

    def _open_or_explain(self, open_dialog: Callable[[], str]) -> None:
        """Open a dialog whose edits the rules judge; show in the panel why it cannot be opened."""
        if self._dock.result is None:
            self._dock.setUserVisible(True)
            self._dock.show_note(tr("Check all first: the rules judge what is changed."))
        elif self._is_trial_possible() and (reason := open_dialog()):
            self._dock.setUserVisible(True)
            self._dock.show_note(reason)

    def _preview_one_or_many(self, findings: list[Any]) -> None:
        if len(findings) == 1:
            self.preview_fixes(findings[0])
        else:
            self.preview_batch(findings)

    def _increase_change_limit_for_step(self, order: FixOrder) -> None:
        """Let the live check re-check the step, even if it changed very many features."""
        if self._editing.live is not None:
            self._editing.live.increase_change_limit_by(len(order.edits.rows))

    def _on_applied(self, order: FixOrder) -> None:
        self.many.expect_nothing()
        if not self._has_current_result():
            return
        if self._editing.is_outdated:
            # A field was added, or rows were written in other ways than edits that are observed.
            self.checkNeeded.emit()
            return
        self.has_just_fixed, self.has_just_reverted = True, False
        self._increase_change_limit_for_step(order)
        changes = NonLocalFindingChanges.compare(order.proposals, self._dock.result.findings, order.report)
        self._non_local_changes[order.number] = changes
        self._emit_change(changes.get_change_of_fixes())

    def _on_reverted(self, order: FixOrder) -> None:
        self.many.expect_nothing()
        self.reverted_fingerprints = {proposal.finding.fingerprint for proposal in order.proposals}
        self._increase_change_limit_for_step(order)
        changes = self._non_local_changes.pop(order.number, None)
        if not self._has_current_result():
            return
        if self._editing.is_outdated:
            self.checkNeeded.emit()
            return
        self.has_just_fixed, self.has_just_reverted = False, True
        findings = self._dock.result.findings
        if changes is not None:
            self._emit_change(changes.get_change_of_undo(findings))
        else:
            # The layers were checked again since the fix.
            codes = {outcome.code for outcome in self._dock.result.report.rules}
            reverted = [
                replace(
                    proposal,
                    ended_findings=proposal.new_findings,
                    new_findings=[one for one in proposal.ended_findings if one.code in codes],
                )
                for proposal in reversed(order.proposals)
            ]
            self._emit_change(NonLocalFindingChanges.compare(reverted, findings).get_change_of_fixes())

    def _emit_change(self, change: Any) -> None:
        if change is not None:
            self.changed.emit(change)

    def forget_result(self) -> None:
        """Close the dialogs of fixes, and discard what was recorded for the former result."""
        self.close_dialogs()
        self._non_local_changes.clear()
        self.has_just_fixed = self.has_just_reverted = False

    def _is_trial_possible(self) -> bool:
        """Return True if fixes can be tried; else show the reason in the panel."""
        reason = find_trial_obstacle(self._editing, self._has_current_result())
        if reason:
            self._dock.show_note(reason)
        return not reason

    def _on_layers_removed(self) -> None:
        if self.close_dialogs():
            self.applier.messages.show_warning(
                tr("A layer was removed, so the fix window was closed. No fix was applied.")
            )

    def _on_project_changed(self) -> None:
        had_dialog = self.close_dialogs()
        self.close()
        if had_dialog:
            self.applier.messages.show_warning(
                tr("The project was closed, and the fix window with it. No fix was applied.")
            )

    def close_dialogs(self) -> bool:
        """Close preview and batch without applying anything; return True if one was open."""
        open_controllers = [
            one
            for one in (self.one, self.many, self.alignment, self.boundary, self.supplement)
            if one.dialog is not None
        ]
        for controller in open_controllers:
            controller.close()
        return bool(open_controllers)

    def close(self) -> None:
        """Close the dialogs and discard everything recorded about the project."""
        self.forget_result()
        self.many.forget_choices()
        self.applier.stop()

    stop = close
