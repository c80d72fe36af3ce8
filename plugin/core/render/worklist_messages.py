# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences on updates and merges of a work list."""

from __future__ import annotations

from .words import ReportTexts
from .worklist.merge_files import MergedFile
from .worklist.update import WorklistUpdate

#: Largest number of rows that a message names; files have all.
_MAX_ROWS_NAMED = 30


def describe_update(update: WorklistUpdate, report_texts: ReportTexts) -> list[str]:
    """Return sentences on what an update (`WorklistUpdate`) did; one sentence if nothing changed."""
    counts, false_alarms = update.counts, update.false_alarms
    lines = [report_texts.get("worklist", str(transition), count=count) for transition, count in counts.items()]
    if false_alarms:
        lines.append(report_texts.get("worklist", "false_alarms", count=false_alarms))
    return lines or [report_texts.get("worklist", "unchanged")]


def describe_merge(merged: MergedFile, report_texts: ReportTexts) -> list[str]:
    """Return sentences on a merge: numbers, conflicts, and rows that were not taken."""

    def name_rows(key: str, fingerprints: list[str]) -> list[str]:
        names = report_texts.join_parts(fingerprints[:_MAX_ROWS_NAMED])
        ellipsis = " …" if len(fingerprints) > _MAX_ROWS_NAMED else ""
        return [report_texts.get("worklist", key, count=len(fingerprints), names=names + ellipsis)] * bool(fingerprints)

    counts = {"taken": merged.taken, "added": merged.added, "chosen": merged.chosen}
    lines = [report_texts.get("worklist", "merged", conflicts=len(merged.conflicts), **counts)]
    for conflict in merged.conflicts[:_MAX_ROWS_NAMED]:
        listed, other = (
            report_texts.join_parts(
                filter(None, (report_texts.get("state", item.state.name.lower()), item.assignee, item.note))
            )
            for item in (conflict.listed, conflict.other)
        )
        place = " ".join(filter(None, (conflict.listed.code, conflict.listed.township, conflict.listed.key)))
        params = {"listed": listed, "other": other, "source": conflict.source, "place": place}
        lines.append("  " + report_texts.get("worklist", "conflict", **params))
    return lines + name_rows("unknown", merged.unknown) + name_rows("refused", merged.refused)
