# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of a work list: one finding with its state, assignee and note."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ...base.errors import InputError


class WorkState(StrEnum):
    """State of a finding in the work list, as it is written to the file."""

    OPEN = "待处理"
    FIXED = "已改"
    FALSE_ALARM = "误报"
    WAIVED = "豁免"


#: States that end the work on a finding.
DONE_STATES = frozenset((WorkState.FIXED, WorkState.FALSE_ALARM, WorkState.WAIVED))
#: Other words for the states, in lower case, that a file may have.
_STATE_BY_WORD = {
    "": WorkState.OPEN,
    "to do": WorkState.OPEN,
    "open": WorkState.OPEN,
    "fixed": WorkState.FIXED,
    "已改正": WorkState.FIXED,
    "false alarm": WorkState.FALSE_ALARM,
    "false_alarm": WorkState.FALSE_ALARM,
    "waived": WorkState.WAIVED,
} | {str(state): state for state in WorkState}
#: Format of the column ``updated``.
_TIME_FORMAT = "%Y-%m-%d %H:%M"
_DIGEST_LENGTH = 10


def parse_state(text: str) -> WorkState:
    """Return the state of a cell; an empty cell is 待处理. Raise ValueError for another word."""
    try:
        return _STATE_BY_WORD[text.strip().lower()]
    except KeyError as error:
        raise ValueError(text) from error


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A row of the work list.

    ``fingerprint`` identifies the finding (`Finding.fingerprint`); ``code``, ``role``, ``key``, ``related_role``,
    ``township`` describe it. ``updated``: time of the last change, ``by``: who made it. ``split``: where the row was
    last split off or merged (`merge.SplitMark`); ``other_cells``: heading → text of columns of other programs.
    """

    fingerprint: str
    code: str = ""
    role: str = ""
    key: str = ""
    township: str = ""
    state: WorkState = WorkState.OPEN
    assignee: str = ""
    note: str = ""
    updated: str = ""
    by: str = ""
    related_role: str = ""
    split: str = ""
    other_cells: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> tuple[WorkState, str, str]:
        """Return what people enter: state, assignee and note."""
        return self.state, self.assignee, self.note

    @property
    def is_done(self) -> bool:
        """Return True if the finding needs no more work: 已改, 误报 or 豁免."""
        return self.state in DONE_STATES

    def compute_content_digest(self) -> str:
        """Return a short digest of state, assignee and note."""
        return compute_digest(self.content)


def compute_digest(texts: Iterable[str]) -> str:
    """Return a short digest of texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:_DIGEST_LENGTH]


@dataclass(frozen=True)
class Worklist:
    """The rows of a work list by fingerprint, in the order of the file.

    ``other_headings``: headings of columns of other programs. ``unidentified_count``: rows without a fingerprint, which
    stay in the file. ``former_fingerprints``: fingerprint → that of the row in the file, where a change replaced it.
    """

    items: Mapping[str, WorkItem] = field(default_factory=dict)
    other_headings: tuple[str, ...] = ()
    unidentified_count: int = 0
    former_fingerprints: Mapping[str, str] = field(default_factory=dict)

    def replace_fingerprints(self, new_fingerprint_by_old: Mapping[str, str]) -> Worklist:
        """Return the list in which rows have other fingerprints.

        A new fingerprint that another row has and keeps is ignored.
        """
        renamed = {old: new for old, new in new_fingerprint_by_old.items() if old in self.items}
        while kept := [old for old, new in renamed.items() if new in self.items and new not in renamed]:
            for old in kept:
                del renamed[old]
        if not renamed:
            return self
        items = {
            renamed.get(name, name): replace(item, fingerprint=renamed[name]) if name in renamed else item
            for name, item in self.items.items()
        }
        former = {new: self.former_fingerprints.get(old, old) for old, new in renamed.items()}
        return replace(self, items=items, former_fingerprints={**self.former_fingerprints, **former})

    def replace_items(self, items: Iterable[WorkItem]) -> Worklist:
        """Return the list with these items in place of those with the same fingerprint, or at the end."""
        changed = {item.fingerprint: item for item in items}
        return replace(self, items={**self.items, **changed}) if changed else self


@dataclass(frozen=True)
class WorkEdit:
    """A change of rows by a person; None leaves a value as it is."""

    state: WorkState | None = None
    assignee: str | None = None
    note: str | None = None


def edit_items(items: Iterable[WorkItem], edit: WorkEdit, by: str, when: datetime) -> list[WorkItem]:
    """Return the items that an edit changes, in their new version.

    Raise InputError for the state 豁免, which only a waiver sets and its withdrawal ends.
    """
    if edit.state is WorkState.WAIVED:
        raise InputError("worklist_waived")
    changed_items = []
    for item in items:
        if edit.state is not None and item.state is WorkState.WAIVED:
            raise InputError("worklist_waived")
        changed_item = replace(
            item,
            state=item.state if edit.state is None else edit.state,
            assignee=item.assignee if edit.assignee is None else clean_text(edit.assignee),
            note=item.note if edit.note is None else clean_text(edit.note),
        )
        if changed_item.content != item.content:
            changed_items.append(replace(changed_item, updated=format_time(when), by=by))
    return changed_items


def format_time(when: datetime) -> str:
    """Return a time as the column ``updated`` has it."""
    return when.strftime(_TIME_FORMAT)


def clean_text(text: str) -> str:
    r"""Return a text as cells keep it: without outer blanks, with ``\n`` as line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


def count_states(items: Iterable[WorkItem]) -> dict[WorkState, int]:
    """Return state → number of rows, for all states."""
    counts = dict.fromkeys(WorkState, 0)
    for item in items:
        counts[item.state] += 1
    return counts
