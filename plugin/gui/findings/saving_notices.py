# SPDX-License-Identifier: GPL-2.0-or-later
"""Message after saving: the errors that appeared since editing began (保存后提示)."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QObject, QTimer

from ...bridge.texts import tr
from ...core.checks.new_errors import NewErrors
from ..editing.live_switch import LiveCheckSwitch
from ..widgets.messages import MessageBarMessages
from .change_queue import ChangeQueue
from .dock import FindingsDock
from .edit_notices import describe_rules, sort_by_severity
from .selection import FindingSelection

#: How often the notice asks whether the re-check of the last edits has ended.
_POLL_MS = 80


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
        if not self._new_errors.has_begun or live is None or not live.has_unsaved_edits:
            self._new_errors.begin(findings)

    def forget(self) -> None:
        """Forget the findings before the edits, and close the message."""
        self._new_errors.forget()
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
            layer = self._dock.tree.findings.layer_names.get(role) or role
            text = tr("Saved. Since editing began, {count} new errors: {rules}. First: layer “{layer}”, feature {key}.")
            self._messages.show_message(
                text.format(
                    count=len(errors),
                    rules=describe_rules(self._dock.result, errors),
                    layer=layer,
                    key=key or tr("without BSM"),
                ),
                "warning",
                (tr("List New Errors"), lambda: self._list_errors(errors)),
            )

    def _list_errors(self, errors: list[Any]) -> None:
        """List those of the errors that still exist, in their present version, and select the first one."""
        fingerprints = {finding.fingerprint for finding in errors}
        present = [finding for finding in self._dock.result.findings if finding.fingerprint in fingerprints]
        if not present:
            self._dock.show_note(tr("Later edits have corrected these errors."))
            return
        self._dock.show_only(present)
        self._selection.select_finding(sort_by_severity(present)[0], zoom=True)
