# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages on findings that edits have added: while editing, with undo, and after saving (保存后提示)."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import Any

from qgis.PyQt.QtCore import QObject, QPoint, QSize, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QMenu, QPushButton, QToolButton

from ...bridge.editing.listener import EditStep
from ...bridge.texts import tr
from ...core.checks.new_errors import NewErrors, match_moved_findings
from ..editing.live_switch import LiveCheckSwitch
from ..widgets import FittedWidget, MessageBarMessages, show_menu, theme
from .dock import FindingsDock
from .groups import format_hectares_in_list, get_finding_kind, get_listed_rule, sum_finding_areas
from .result import ChangeQueue, CheckView
from .selection import FindingSelection

#: Maximum numbers of rules and townships named in a message.
_MAX_NAMED_RULES, _MAX_NAMED_TOWNSHIPS = 3, 3
#: How often the notice asks whether the re-check of the last edits has ended.
_POLL_MS = 80


def find_new_findings(result: CheckView) -> list[Any]:
    """Return findings that the last full check did not have, most severe first."""
    former_counts = Counter(f.fingerprint for f in result.report.findings)
    new_findings = []
    for finding in result.findings:
        if former_counts[finding.fingerprint]:
            former_counts[finding.fingerprint] -= 1
        else:
            new_findings.append(finding)
    return sort_by_severity(new_findings)


def sort_by_severity(findings: list[Any]) -> list[Any]:
    """Return the findings sorted by severity, then by area."""
    return sorted(findings, key=lambda f: (theme.FINDING_KINDS.index(get_finding_kind(f)), -(f.area_m2 or 0.0)))


def list_current_findings(result: CheckView, findings: list[Any]) -> list[Any]:
    """Return those of the findings that still exist, in their present version, most severe first."""
    fingerprints = {finding.fingerprint for finding in findings}
    return sort_by_severity([finding for finding in result.findings if finding.fingerprint in fingerprints])


def describe_findings(result: CheckView, findings: list[Any]) -> str:
    """Return a message on findings that an edit added, by rule: title, number, area and townships."""
    return tr("The edit added {count} findings: {rules}.").format(
        count=len(findings), rules=describe_rules(result, findings)
    )


def describe_rules(result: CheckView, findings: list[Any]) -> str:
    """Return a text on findings by rule: title, number, area and townships."""
    by_rule: dict[str, list[Any]] = {}
    for finding in sort_by_severity(findings):
        by_rule.setdefault(get_listed_rule(finding), []).append(finding)
    texts = []
    for code, rule_findings in list(by_rule.items())[:_MAX_NAMED_RULES]:
        outcome = result.find_rule_outcome(code)
        parts = [f"{code} {outcome.problem or outcome.heading}" if outcome is not None else code]
        if len(rule_findings) > 1:
            parts.append(tr("{count} places").format(count=len(rule_findings)))
        area = sum_finding_areas(rule_findings)
        if area is not None:
            parts.append(format_hectares_in_list(area))
        townships = list(dict.fromkeys(f.township for f in rule_findings if f.township))
        if townships:
            names = tr(", ").join(townships[:_MAX_NAMED_TOWNSHIPS])
            is_shortened = len(townships) > _MAX_NAMED_TOWNSHIPS
            parts.append(tr("{names} and others").format(names=names) if is_shortened else names)
        texts.append(reduce(lambda first, second: tr("{first}, {second}").format(first=first, second=second), parts))
    if len(by_rule) > _MAX_NAMED_RULES:
        texts.append(tr("and {count} more rules").format(count=len(by_rule) - _MAX_NAMED_RULES))
    return tr("; ").join(texts)


class UndoButton(QPushButton):
    """Button 撤销这步编辑, which undoes the last edit command of a layer."""

    def __init__(self, step: EditStep | None):
        super().__init__(tr("Undo This Edit"), objectName="SanxianUndoEdit")
        self._step = step
        self.clicked.connect(self._undo_edit)
        for layer in () if step is None else (step.layer, *(other for other, _top in step.others)):
            layer.undoStack().indexChanged.connect(self.update_state)
            layer.editingStopped.connect(self.update_state)
        self.update_state()

    def update_state(self, _index: int = 0) -> None:
        """Enable the button if the step can be undone alone; explain it in the tool tip."""
        can_undo = self._step is not None and self._step.is_last
        self.setEnabled(can_undo)
        if self._step is None:
            tip = tr("Several edits were checked together, so one of them cannot be undone alone. Use Undo of QGIS.")
        elif not can_undo:
            tip = tr("A later edit exists, or this edit was already undone or saved; it cannot be undone alone.")
        else:
            tip = tr("Undo the last edit of the layer “{layer}”").format(layer=self._step.layer.name())
        self.setToolTip(theme.make_plain_tip(tip))

    def _undo_edit(self) -> None:
        if self._step is not None and not self._step.undo():
            self.update_state()


class _CounterButton(FittedWidget, QToolButton):
    """A button that shows a short text, or none, if it is too narrow for its full text."""

    def __init__(self, **properties: Any):
        super().__init__(**properties)
        self.full_text = self._short_text = ""

    def set_texts(self, full_text: str, short_text: str) -> None:
        """Set the full text, and the short text that is shown if the button is too narrow."""
        self.full_text, self._short_text = full_text, short_text
        # The icon remains; QGIS's status bar needs the width of a screen at 200 %.
        self.setMinimumWidth(self._compute_width(""))
        self.fit_contents()
        self.updateGeometry()

    def sizeHint(self):
        # Qt computes the hint from the text in view; the whole one must get its room back.
        return QSize(self._compute_width(self.full_text), super().sizeHint().height())

    def _compute_width(self, text: str) -> int:
        """Return the width that the button needs for a text."""
        measure = self.fontMetrics().horizontalAdvance
        # Between icon and text is a gap.
        gap = measure(" ") * (bool(text) - bool(self.text()))
        return super().sizeHint().width() + measure(text) - measure(self.text()) + gap

    def fit_contents(self) -> None:
        # Elided, the numbers would be wrong: “+…1” for “+2 / +1”.
        texts = (self.full_text, self._short_text)
        self.setText(next((text for text in texts if self.width() >= self._compute_width(text)), ""))


class EditNotices(QObject):
    """Shows a message on new findings after each re-check, and how the number of findings has changed.

    Call `show_new_findings` after each re-check and `stop` to disconnect. Signal ``fixRequested(findings)``: the user
    wants to fix these findings.
    """

    fixRequested = pyqtSignal(list)

    def __init__(
        self, iface: Any, dock: FindingsDock, editing: LiveCheckSwitch, selection: FindingSelection, parent: QObject
    ):
        super().__init__(parent)
        self._iface, self._dock, self._editing, self._selection = iface, dock, editing, selection
        self._messages = MessageBarMessages(iface, tr("Live Check"))
        #: The findings that the message names.
        self._named_findings: list[Any] = []
        #: Number of findings by kind in the last full check, and the difference since.
        self._finding_counts_before: Counter[str] = Counter()
        self._finding_count_change: dict[str, int] = {}
        self.counter = _CounterButton(
            objectName="SanxianLiveCounter",
            autoRaise=True,
            toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
            clicked=self._show_menu,
        )
        iface.statusBarIface().addPermanentWidget(self.counter)
        editing.changed.connect(self.update_counter)
        editing.changed.connect(self._close_unfollowed_message)
        theme.set_icon(self.counter, "live")
        self.reset_finding_count_change()

    def stop(self) -> None:
        self._editing.changed.disconnect(self.update_counter)
        self._editing.changed.disconnect(self._close_unfollowed_message)
        self._messages.close()
        self._iface.statusBarIface().removeWidget(self.counter)
        self.counter.deleteLater()

    # --- the message
    def show_new_findings(self, change: Any, step: EditStep | None, *, is_of_fix: bool = False) -> None:
        """Show a message on the findings that an edit added, unless it is a fix or its undo, whose message stays.

        The message closes when edits have resolved all findings named in it. Undone and discarded edits (``step`` is
        None) bring findings of the full check back, which are not new.
        """
        self._compute_finding_count_change()
        new_findings = [f for f, former in match_moved_findings(change) if former is None and f.state != "waived"]
        if step is None:
            ids = {id(f) for f in find_new_findings(self._dock.result)}
            new_findings = [f for f in new_findings if id(f) in ids]
        if new_findings and not is_of_fix:
            self._named_findings = new_findings
            zoom = (tr("Zoom"), lambda: self._zoom_to_finding(sort_by_severity(new_findings)[0]))
            fix = (tr("Fix…"), lambda: self._request_fixes(new_findings))
            self._messages.show_message(describe_findings(self._dock.result, new_findings), "warning", zoom, fix)
            self._messages.add_button(UndoButton(step))
            return
        ended_ids = {id(f) for f in change.ended_findings}
        new_version_by_id = {id(old): new for old, new in change.changed_findings}
        self._named_findings = [new_version_by_id.get(id(f), f) for f in self._named_findings if id(f) not in ended_ids]
        if not self._named_findings:
            self._messages.close()

    def _close_unfollowed_message(self) -> None:
        """Close the message if the live check no longer follows edits.

        The message could name findings that further edits have resolved.
        """
        if self._named_findings and (self._editing.is_outdated or not self._editing.is_on):
            self._named_findings = []
            self._messages.close()

    def close_message(self) -> None:
        """Close the message, which belongs to the former result."""
        self._named_findings = []
        self._messages.close()
        self.reset_finding_count_change()

    def _request_fixes(self, findings: list[Any]) -> None:
        """Emit ``fixRequested`` with the findings that still exist."""
        if current_findings := self._list_current(findings):
            self.fixRequested.emit(current_findings)

    def _zoom_to_finding(self, finding: Any) -> None:
        """Zoom to the current version of a finding; a later edit may have changed it."""
        if current_findings := self._list_current([finding]):
            self._selection.select_finding(current_findings[0], zoom=True)

    def _list_current(self, findings: list[Any]) -> list[Any]:
        """Return the present versions of findings, most severe first; report it if later edits corrected them all."""
        current_findings = list_current_findings(self._dock.result, findings)
        if not current_findings:
            self._dock.show_note(tr("A later edit has corrected this finding."))
        return current_findings

    # --- the counter
    def reset_finding_count_change(self) -> None:
        """Compute again how the number of findings has changed since the last full check.

        Called after a change of the result or of waivers.
        """
        result = self._dock.result
        self._finding_counts_before = (
            Counter() if result is None else Counter(map(get_finding_kind, result.report.findings))
        )
        self._compute_finding_count_change()

    def _compute_finding_count_change(self) -> None:
        result = self._dock.result
        current_counts = {} if result is None else result.count_findings()
        self._finding_count_change = {
            kind: current_counts.get(kind, 0) - self._finding_counts_before[kind] for kind in ("ERROR", "WARNING")
        }
        self.update_counter()

    def update_counter(self) -> None:
        """Update the counter button: state of the live check, and how the numbers of findings have changed."""
        editing, result = self._editing, self._dock.result
        self.counter.setVisible(result is not None and (editing.live is not None or editing.is_outdated))
        if result is None:
            return
        if editing.is_outdated:
            parts, short_text = [tr("Live Check"), tr("stopped: check all again")], tr("stopped")
        elif not editing.is_on:
            parts, short_text = [tr("Live Check"), tr("off")], tr("off")
        else:
            counts = [
                f"{theme.get_kind_word(kind)} {_format_signed(count)}"
                for kind, count in self._finding_count_change.items()
            ]
            # Short in English: on a screen of 1280 pixels a longer text cuts the labels of QGIS beside it.
            parts = [tr("Edits: {counts}").format(counts=tr("  ").join(counts))]
            short_text = " / ".join(map(_format_signed, self._finding_count_change.values()))
        if editing.waiting_feature_count:
            parts.append(tr("to re-check {count}").format(count=editing.waiting_feature_count))
        self.counter.set_texts(tr("  ").join(parts), short_text)
        tip = tr("Findings since the full check at {time}; click to list the new ones.")
        # The text is shorter on a small screen.
        self.counter.setToolTip(f"{self.counter.full_text}\n{tip.format(time=result.time_text)}")

    def make_menu(self) -> QMenu:
        """Return a menu of the findings that the last full check did not have."""
        new = find_new_findings(self._dock.result)
        menu = self._selection.make_menu(new, zoom=True)
        if not new:
            menu.addAction(tr("No new findings since the full check")).setEnabled(False)
        return menu

    def _show_menu(self) -> None:
        menu = self.make_menu()
        show_menu(menu, self.counter.mapToGlobal(QPoint(0, -menu.sizeHint().height())))


def _format_signed(count: int) -> str:
    return f"+{count}" if count > 0 else str(count).replace("-", "−")


class SavingNotices(QObject):
    """Names new errors in the message bar after edits were saved, in every transaction mode; nothing is blocked.

    Call `record_result` for each displayed result, `follow` for each re-check, `forget` after a change of project.
    """

    def __init__(
        self,
        iface: Any,
        dock: FindingsDock,
        editing: LiveCheckSwitch,
        selection: FindingSelection,
        change_queue: ChangeQueue,
        parent: QObject,
    ):
        super().__init__(parent)
        self._dock, self._editing, self._selection, self._change_queue = dock, editing, selection, change_queue
        self._messages = MessageBarMessages(iface, tr("Saved with New Errors"))
        self._new_errors = NewErrors()
        self._saved_roles: set[str] = set()
        #: A group of layers is saved layer by layer, and the last edits may not be re-checked yet.
        self._timer = QTimer(self, singleShot=True, interval=_POLL_MS, timeout=self._report_when_rechecked)
        editing.saved.connect(self._on_saved)

    def stop(self) -> None:
        self._editing.saved.disconnect(self._on_saved)
        self._timer.stop()
        self._messages.close()

    def record_result(self, findings: list[Any]) -> None:
        """Take the findings of a check as those before the edits, unless the check was made between edits."""
        live = self._editing.live
        if self._new_errors.known_fingerprints is None or live is None or not live.has_unsaved_edits:
            self._new_errors.begin(findings)

    def forget(self) -> None:
        """Forget the findings before the edits, and close the message."""
        self._new_errors.known_fingerprints = None
        self._saved_roles.clear()
        self._timer.stop()
        self._messages.close()

    def follow(self, change: Any) -> None:
        """Follow the changes of a re-check (`core.checks.live.session.FindingsChange`)."""
        self._new_errors.follow(change)

    def _on_saved(self, role: str) -> None:
        self._saved_roles.add(role)
        self._timer.start()

    def _report_when_rechecked(self) -> None:
        live = self._editing.live
        if live is None or not self._editing.is_on or self._dock.result is None:
            # The panel shows that edits are not followed; what they caused is unknown.
            self._saved_roles.clear()
            return
        if not (live.is_idle and self._change_queue.is_empty):
            self._timer.start()
            return
        roles, self._saved_roles = self._saved_roles, set()
        errors = self._new_errors.list_new(self._dock.result.findings, roles)
        self._new_errors.accept(errors)
        if errors:
            errors = sort_by_severity(errors)
            first = errors[0]
            role, key = first.role, first.key
            if role not in roles and first.related_keys:
                role, key = first.related_role, first.related_keys[0]
            self._messages.show_message(
                tr(
                    "Saved. Since editing began, {count} new errors: {rules}. First: layer “{layer}”, feature {key}."
                ).format(
                    count=len(errors),
                    rules=describe_rules(self._dock.result, errors),
                    layer=self._dock.tree.findings.layer_names.get(role) or role,
                    key=key or tr("without BSM"),
                ),
                "warning",
                (tr("List New Errors"), lambda: self._list_errors(errors)),
            )

    def _list_errors(self, errors: list[Any]) -> None:
        """List those of the errors that still exist, in their present version, and select the first one."""
        present = list_current_findings(self._dock.result, errors)
        if not present:
            self._dock.show_note(tr("Later edits have corrected these errors."))
            return
        self._dock.show_only(present)
        self._selection.select_finding(present[0], zoom=True)
