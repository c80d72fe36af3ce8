# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of a batch of fixes, as a CSV that spreadsheets open."""

from __future__ import annotations

from pathlib import Path

from ..base.files.writing import write_atomically
from ..model.rule import load_all_rules
from ..standard.messages.texts import Texts
from .append_only import format_csv
from .batch import BatchEntry, BatchResult
from .fix_texts import FixTexts

#: Columns of the table: keys of the texts (``column_…``). Where fixes were applied, ``state`` follows.
TABLE_COLUMNS = (
    "rule", "problem", "layer", "key", "related_layer", "related_keys", "township", "group", "fix", "what", "moved_out",
    "moved_in", "new", "untried", "reason",
)  # fmt: skip


def get_entry_group(entry: BatchEntry) -> str:
    """Return the group of an entry of a batch: safe, confirm, refused or ended (keys of the texts)."""
    if entry.proposal is not None:
        return "safe" if entry.proposal.is_safe else "confirm"
    return "ended" if entry.ended_by is not None else "refused"


def count_groups(result: BatchResult) -> dict[str, int]:
    """Return name → number of all findings, of the findings in each group, and of applied proposals."""
    counts = dict.fromkeys(("safe", "confirm", "refused", "ended"), 0)
    for entry in result.entries:
        counts[get_entry_group(entry)] += 1
    return {"findings": len(result.entries), **counts, "applied": len(result.applied)}


def make_table_rows(result: BatchResult, texts: FixTexts, *, is_trial: bool = False) -> list[list[str]]:
    """Return the heading and one row for each finding of a batch.

    ``is_trial``: fixes were applied to a copy only, so the table has no column about applied fixes.
    """
    rows = [[texts.get(f"column_{name}") for name in TABLE_COLUMNS]]
    rows += [_make_table_row(entry, texts) for entry in result.entries]
    if not is_trial:
        states = [texts.get("applied" if entry.is_applied else "not_applied") for entry in result.entries]
        for row, state in zip(rows, [texts.get("column_state"), *states], strict=True):
            row.append(state)
    return rows


def _make_table_row(entry: BatchEntry, texts: FixTexts) -> list[str]:
    """Return the cells of the table for one entry of a batch."""
    finding, proposal = entry.finding, entry.proposal
    rules_by_code = load_all_rules()
    problem = (
        Texts(texts.lang).get_rule_problem(rules_by_code[finding.code])
        if finding.code in rules_by_code
        else finding.message
    )
    fix = what = area_out = into = new = untried = ""
    if proposal is not None:
        fix, what = f"{proposal.fix.code} {texts.get_title(proposal.fix)}", texts.make_sentence(proposal)
        area_out = f"{sum(one.ellipsoid_out_m2 for one in proposal.areas):.2f}"
        into = f"{sum(one.ellipsoid_in_m2 for one in proposal.areas):.2f}"
        new = str(len(proposal.new_findings))
        untried = ";".join(proposal.untried_rules)
    return [
        finding.code,
        problem,
        texts.get_layer_name(finding.role) if finding.role else "",
        finding.key,
        texts.get_layer_name(finding.related_role) if finding.related_role else "",
        ";".join(finding.related_keys),
        finding.township,
        texts.get(get_entry_group(entry)),
        fix,
        what,
        area_out,
        into,
        new,
        untried,
        _explain(entry, texts),
    ]


def _explain(entry: BatchEntry, texts: FixTexts) -> str:
    """Return why an entry's proposal is not safe, which proposal ended its finding, or why it has none."""
    if entry.proposal is not None:
        return "; ".join(texts.list_doubts(entry.proposal))
    if entry.ended_by is not None:
        return f"{entry.ended_by.fix.code} {texts.make_sentence(entry.ended_by)}"
    return texts.explain_refusal(entry.refusal) if entry.refusal is not None else ""


def write_table(path: str | Path, rows: list[list[str]]) -> None:
    """Write rows to a CSV file that spreadsheets open as UTF-8, atomically."""
    with write_atomically(path) as target:
        target.write_bytes(format_csv(rows).encode("utf-8-sig"))
