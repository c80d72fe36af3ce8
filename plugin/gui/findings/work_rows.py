# SPDX-License-Identifier: GPL-2.0-or-later
"""The work list (工作清单) as the findings list shows it: state, assignee and note of each finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...bridge.texts import tr
from ...core.render.worklist.worklist_row import WorkItem, WorkState

#: Keys of the states that the list shows and filters by: those of the work list, and two of the present moment.
STALE, CONFLICT = "stale", "conflict"
_OPEN, _WAIVED = WorkState.OPEN.name, WorkState.WAIVED.name
STATE_KEYS = (*(state.name for state in WorkState), STALE, CONFLICT)
#: Keys in the order in which the list sorts states: what needs work comes first.
STATE_ORDER = (CONFLICT, WorkState.OPEN.name, STALE, "FALSE_ALARM", "FIXED", _WAIVED)


def get_work_state_word(key: str) -> str:
    """Return the translated name of a state by its key."""
    return {
        WorkState.OPEN.name: tr("To do"),
        WorkState.FIXED.name: tr("Fixed"),
        WorkState.FALSE_ALARM.name: tr("False alarm"),
        WorkState.WAIVED.name: tr("Waived"),
        STALE: tr("To re-check"),
        CONFLICT: tr("Conflict"),
    }[key]


class WorkRows:
    """The rows of a work list by fingerprint, and those about which two people disagree.

    ``items``: fingerprint → row; empty without a list. ``conflicts``: fingerprint → versions of the row from other
    people (`core.render.worklist.merge.WorkConflict`).
    """

    def __init__(self, items: Mapping[str, WorkItem] | None = None, conflicts: Mapping[str, list[Any]] | None = None):
        self.items: Mapping[str, WorkItem] = items or {}
        self.conflicts: Mapping[str, list[Any]] = conflicts or {}

    def get_item(self, finding: Any) -> WorkItem | None:
        """Return the row of a finding; None without one."""
        return self.items.get(finding.fingerprint)

    def find_state_key(self, finding: Any, is_stale: bool = False) -> str:
        """Return the key of the state of a finding: a waiver precedes a conflict, and this an edit since the check."""
        if finding.state == "waived":
            return _WAIVED
        if finding.fingerprint in self.conflicts:
            return CONFLICT
        if is_stale:
            return STALE
        item = self.items.get(finding.fingerprint)
        # The finding is open again as soon as its waiver is withdrawn; the list follows with the next check.
        return _OPEN if item is None or item.state is WorkState.WAIVED else item.state.name

    def is_open(self, finding: Any) -> bool:
        """Return True if a finding needs work: it is 待处理, or two people disagree about it."""
        if finding.state == "waived":
            return False
        item = self.items.get(finding.fingerprint)
        return item is None or item.state in (WorkState.OPEN, WorkState.WAIVED) or finding.fingerprint in self.conflicts

    def get_assignee(self, finding: Any) -> str:
        """Return the person to whom a finding is assigned; empty without one."""
        item = self.items.get(finding.fingerprint)
        return item.assignee if item is not None else ""

    def get_note(self, finding: Any) -> str:
        """Return the note on a finding; empty without one."""
        item = self.items.get(finding.fingerprint)
        return item.note if item is not None else ""

    def list_assignees(self) -> list[str]:
        """Return the persons to whom findings are assigned, sorted."""
        return sorted({item.assignee for item in self.items.values() if item.assignee})
