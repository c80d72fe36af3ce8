# SPDX-License-Identifier: GPL-2.0-or-later
"""Update a work list after a check: add new findings, close those that ended, reopen those that are back.

Sentences describe updates and merges.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
import shapely

from ...base.errors import InputError
from ...base.files.data import read_json
from ...base.placeholders import join_first
from ...geometry.crs import is_northing_first
from ...model.findings import Finding, set_fingerprints
from ...model.report import REPORT_SCHEMA, Outcome, Report
from ...model.rule import Rule
from ...plan.loading.key_table import get_other_key
from ..words import ReportTexts
from .merge import WorklistMerge
from .worklist_row import WorkItem, Worklist, WorkState, clean_text, format_time

#: Begins the codes of findings about the run itself, and those of findings on a package.
_RUN_PREFIX, _PACKAGE_PREFIX = "RUN", "DOC"
#: Entry of the column ``by`` for a change that a check made.
CHECK_AUTHOR = "检查"
#: Largest number of rows that a message on a merge names, and one on an update, which the panel shows; files have all.
_MAX_ROWS_NAMED, _MAX_UPDATED_ROWS_NAMED = 30, 3


class Transition(StrEnum):
    """What an update does with a row.

    ``added``: a new finding; ``fixed``: no longer found; ``reopened``: found again; ``waived``: a waiver now accepts
    it; ``unwaived``: its waiver ended; ``withdrawn``: came with edits that were undone; ``not_checked``: not found, but
    its rule did not run, or did not read its layer.
    """

    ADDED = "added"
    FIXED = "fixed"
    REOPENED = "reopened"
    WAIVED = "waived"
    UNWAIVED = "unwaived"
    WITHDRAWN = "withdrawn"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True)
class WorklistUpdate:
    """An updated work list.

    ``names``: transition → names of the rows; ``false_alarms``: rows with the state 误报 that are found again. The
    fingerprint alone decides: they keep the state, even if their figures changed.
    """

    worklist: Worklist
    names: Mapping[Transition, list[str]]
    false_alarms: int

    @property
    def counts(self) -> dict[Transition, int]:
        """Return transition → number of rows."""
        return {transition: len(names) for transition, names in self.names.items()}


def _find_new_fingerprints(findings: list[Finding], new_key_by_old: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Return old → new fingerprint of the findings on features that were numbered again.

    The old fingerprint is that which the finding would have with the former keys.
    """
    old_key_by_new = {(role, new): old for (role, old), new in new_key_by_old.items()}
    # All findings: where several agree in everything but the place, the fingerprint has the place.
    former_findings = [
        replace(
            finding,
            key=get_other_key(finding.role, finding.key, old_key_by_new),
            related_keys=[get_other_key(finding.related_role, key, old_key_by_new) for key in finding.related_keys],
        )
        for finding in findings
    ]
    set_fingerprints(former_findings)
    return {
        former.fingerprint: present.fingerprint
        for former, present in zip(former_findings, findings, strict=True)
        if present.fingerprint and (former.key, former.related_keys) != (present.key, present.related_keys)
    }


class CheckedPart:
    """The part of a plan that a check covered: which rules ran completely, on which layers.

    A finding that such a check does not find has ended; all others are unknown.
    """

    def __init__(self, report: Report, rules: Mapping[str, Rule]):
        """Read the rules and layers of a report; ``rules``: code → rule, of all rules."""
        run_outcomes = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED)
        self._codes = {r.code for r in report.rules if r.outcome in run_outcomes and not r.incomplete}
        self._roles = {str(layer.get("role", "")) for layer in report.provenance.get("layers", ())}
        self._rules = rules
        # Findings about the run belong to no rule: only a run of all default rules finds all of them.
        self._is_whole_run = bool(report.rules) and not report.left_out

    def covers(self, item: WorkItem) -> bool:
        """Return True if the check would have found the finding of a row."""
        if item.code.startswith(_RUN_PREFIX):
            return self._is_whole_run
        if item.code not in self._codes:
            return False
        rule = self._rules.get(item.code)
        # A rule without needs, such as that on missing layers, also reports layers that the plan lacks.
        return (rule is not None and not rule.needs) or {item.role, item.related_role} - {""} <= self._roles


def update_worklist(
    worklist: Worklist,
    report: Report,
    rules: Mapping[str, Rule],
    now: datetime,
    new_key_by_old: Mapping[tuple[str, str], str] | None = None,
) -> WorklistUpdate:
    """Return the work list after a check.

    A new finding is 待处理; one that is no longer found becomes 已改, and 待处理 when it is found again; its assignee
    and note stay. One that came with edits that were undone leaves the list (`_find_withdrawn`). 豁免 mirrors the
    waivers of the report. Findings on packages are not listed.

    Parameters
    ----------
    report
        Of a whole check, or of some rules.
    rules
        Code → rule, of all rules (`load_all_rules`).
    new_key_by_old
        (layer code or empty, old key) → new key of features that were numbered again since the list was written: their
        findings have other fingerprints, and keep their rows.
    """
    if new_key_by_old:
        worklist = worklist.replace_fingerprints(_find_new_fingerprints(report.findings, new_key_by_old))
    checked_part, time = CheckedPart(report, rules), format_time(now)
    names: defaultdict[Transition, list[str]] = defaultdict(list)
    changed_items: list[WorkItem] = []
    found: dict[str, Finding] = {
        f.fingerprint: f for f in report.findings if f.fingerprint and not f.code.startswith(_PACKAGE_PREFIX)
    }
    false_alarms = 0
    places = _list_places(found.values(), str(report.provenance.get("crs", "")))
    for (fingerprint, finding), (first, second) in zip(found.items(), places, strict=True):
        item = worklist.items.get(fingerprint)
        is_false_alarm = item is not None and item.state is WorkState.FALSE_ALARM
        open_state = WorkState.FALSE_ALARM if is_false_alarm else WorkState.OPEN
        state = WorkState.WAIVED if finding.state == "waived" else open_state
        false_alarms += state is WorkState.FALSE_ALARM
        former = item or WorkItem(fingerprint)
        # A value that is now unknown stays.
        new_item = replace(
            former,
            code=finding.code or former.code,
            role=finding.role or former.role,
            key=finding.key or former.key,
            township=finding.township or former.township,
            related_role=finding.related_role or former.related_role,
            severity=str(finding.severity or former.severity),
            description=clean_text(finding.message) or former.description,
            area_m2=former.area_m2 if finding.area_m2 is None else f"{finding.area_m2:.2f}",
            place=former.place if math.isnan(first) else f"{first:.2f},{second:.2f}",
        )
        if item is None or state is not item.state:
            names[_name_transition(item, state)].append(new_item.name)
            new_item = replace(new_item, state=state, updated=time, by=CHECK_AUTHOR)
        if new_item != item:
            changed_items.append(new_item)
    withdrawn = {name for name in _find_withdrawn(worklist, found) if checked_part.covers(worklist.items[name])}
    for fingerprint, item in worklist.items.items():
        if fingerprint in found or item.state is WorkState.FIXED or item.code.startswith(_PACKAGE_PREFIX):
            continue
        if fingerprint in withdrawn:
            names[Transition.WITHDRAWN].append(item.name)
        elif checked_part.covers(item):
            names[Transition.FIXED].append(item.name)
            changed_items.append(replace(item, state=WorkState.FIXED, updated=time, by=CHECK_AUTHOR))
        else:
            names[Transition.NOT_CHECKED].append(item.name)
    worklist = worklist.replace_items(changed_items).remove_items(withdrawn)
    return WorklistUpdate(worklist, names, false_alarms)


def _list_places(findings: Iterable[Finding], crs_label: str) -> list[list[float]]:
    """Return a point in each finding, in the order in which the box of coordinates in QGIS takes them; nan without."""
    points = shapely.point_on_surface(np.array([finding.geometry for finding in findings], dtype=object))
    axes = [shapely.get_x(points), shapely.get_y(points)]
    return np.column_stack(axes[::-1] if is_northing_first(crs_label) else axes).tolist()


def _find_withdrawn(worklist: Worklist, found: Mapping[str, Finding]) -> set[str]:
    """Return the fingerprints of untouched rows that are no longer found because edits were undone.

    Such edits bring most findings back that ended with them, in the check that added the rows.
    """
    time_by_added: dict[str, str] = {}
    returned: Counter[str] = Counter()
    for fingerprint, item in worklist.items.items():
        if item.by != CHECK_AUTHOR:
            continue
        if item.state is WorkState.FIXED:
            returned[item.updated] += 1 if fingerprint in found else -1
        elif fingerprint not in found and item == replace(
            item, state=WorkState.OPEN, assignee="", note="", split="", other_cells=()
        ):
            time_by_added[fingerprint] = item.updated
    return {fingerprint for fingerprint, time in time_by_added.items() if returned[time] > 0}


def _name_transition(item: WorkItem | None, state: WorkState) -> Transition:
    """Return the transition of a found row to another state; None for a new row."""
    if item is None:
        return Transition.ADDED
    if state is WorkState.WAIVED:
        return Transition.WAIVED
    return Transition.UNWAIVED if item.state is WorkState.WAIVED else Transition.REOPENED


def read_report(path: str | Path) -> Report:
    """Return the report in a JSON file.

    Raise InputError for another file, DataError with its place for a value of another type.
    """
    path = Path(path)
    data = read_json(path)
    if not isinstance(data, dict) or data.get("schema") != REPORT_SCHEMA:
        raise InputError("worklist_report", file=path.name)
    return Report.from_dict(data, path)


def describe_update(update: WorklistUpdate, report_texts: ReportTexts) -> list[str]:
    """Return sentences on what an update (`WorklistUpdate`) did; one sentence if nothing changed."""
    separator = report_texts.get("page", "separator")
    lines = []
    for transition, names in update.names.items():
        first_names = join_first(names, separator, limit=_MAX_UPDATED_ROWS_NAMED)
        lines.append(report_texts.get("worklist", str(transition), count=len(names), names=first_names))
    if update.false_alarms:
        lines.append(report_texts.get("worklist", "false_alarms", count=update.false_alarms))
    return lines or [report_texts.get("worklist", "unchanged")]


def describe_merge(merged: WorklistMerge, report_texts: ReportTexts) -> list[str]:
    """Return sentences on a merge: numbers, conflicts, and rows that were not taken."""
    counts = {"taken": merged.taken, "added": merged.added, "chosen": merged.chosen}
    lines = [report_texts.get("worklist", "merged", conflicts=len(merged.conflicts), **counts)]
    for conflict in merged.conflicts[:_MAX_ROWS_NAMED]:
        listed, other = (
            report_texts.join_parts(
                filter(None, (report_texts.get("state", item.state.name.lower()), item.assignee, item.note))
            )
            for item in (conflict.listed, conflict.other)
        )
        params = {"listed": listed, "other": other, "source": conflict.source, "place": conflict.listed.name}
        lines.append("  " + report_texts.get("worklist", "conflict", **params))
    not_taken = {
        "unknown": merged.unknown,
        "refused": merged.refused,
        "unread": merged.unread,
        "unread_states": merged.unread_states,
    }
    separator = report_texts.get("page", "separator")
    for key, fingerprints in not_taken.items():
        if fingerprints:
            names = join_first(fingerprints, separator, limit=_MAX_ROWS_NAMED)
            lines.append(report_texts.get("worklist", key, count=len(fingerprints), names=names))
    return lines
