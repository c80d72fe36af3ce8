# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole run of fixes: check a source, fix its findings, write a copy, and a table of the batch (CSV)."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ..base.files import make_path_next_to_data
from ..base.files.writing import check_writable, write_atomically
from ..checks.check import CheckResult, RunOptions, check_plan
from ..exchange.edited_copy import check_copy_is_writable, write_copy
from ..model.findings import Finding
from ..model.rule import Severity, load_all_rules
from ..standard.messages.texts import Texts
from .batch import BatchEntry, BatchResult, choose_fixes, run_batch
from .change_log import CHANGE_LOG_SUFFIX, LogAction, append_rows, format_csv, get_user_name, make_rows_of_step
from .fix_declaration import Fix
from .proposal import FixTexts
from .state import EditingState

#: Shares of the progress that the check and the fixes take.
_CHECK_SHARE, _FIX_SHARE = 0.4, 0.9
# --- table of a batch
#: Columns of the table: keys of the texts (``column_…``). Where fixes were applied, ``state`` follows.
TABLE_COLUMNS = (
    "rule", "problem", "layer", "key", "related_layer", "related_keys", "township", "group", "fix", "what", "moved_out",
    "moved_in", "new", "untried", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class FixRunOptions:
    """What a run of fixes does.

    ``requested_fixes``: codes or names of fixes, empty for all; ``safe_only``: apply only safe proposals; ``output``:
    path of the copy, empty for none; ``table``: path of the table (CSV), empty for none; ``documents``: layer code →
    number of the document that allows a change of a sealed layer.
    """

    requested_fixes: tuple[str, ...] = ()
    safe_only: bool = True
    output: str = ""
    table: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)
    #: Code of a fix → keyword arguments.
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass
class FixRun:
    """The result of a run: the check before the fixes, the batch, and the paths of the written files."""

    checked: CheckResult
    batch: BatchResult
    written: list[str]

    def make_texts(self, lang: str) -> FixTexts:
        """Return the texts of fixes in a language, with the layers' names."""
        return FixTexts(lang, self.checked.plan.norm.standard.templates)


def check_fix_run_options(order: FixRunOptions, source: str) -> list[Fix]:
    """Return the fixes that a run requests; raise InputError or OutputError if it cannot be carried out.

    Called before a long run. ``order``: the options of the run.
    """
    fixes = choose_fixes(order.requested_fixes)
    if not order.output and not order.table:
        raise InputError("fix_no_output")
    if order.output:
        check_copy_is_writable(source, order.output)
    if order.table:
        check_writable(order.table, [source, order.output] if order.output else [source])
    return fixes


def list_findings_to_fix(findings: list[Finding], fixes: list[Fix]) -> list[Finding]:
    """Return the findings for which fixes are proposed: errors and warnings, and infos that a fix can end.

    Waived findings, and findings about the run itself, are left out.
    """
    return [
        finding
        for finding in findings
        if finding.state == "open"
        and not finding.code.startswith("RUN")
        and (finding.severity is not Severity.INFO or any(fix.is_for_finding(finding) for fix in fixes))
    ]


def run_fixes(
    source: str,
    options: RunOptions,
    order: FixRunOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> FixRun:
    """Check a source, propose and apply fixes, and write a copy of the source and lists of what changed.

    The source is never changed.

    Raises
    ------
    InputError, DataError, OutputError
        The run cannot be carried out; then nothing is written.
    Cancelled
        The user cancelled; nothing is written.
    """
    from .applied_edits import collect_changes

    fixes = check_fix_run_options(order, source)
    check_result = check_plan(
        source, options, progress=lambda share, text: progress(_CHECK_SHARE * share, text), cancellation=cancellation
    )
    batch = run_batch(
        EditingState(check_result, options, documents=order.documents),
        list_findings_to_fix(check_result.report.findings, fixes),
        fixes,
        safe_only=order.safe_only,
        parameters=order.parameters,
        progress=lambda share, text: progress(_CHECK_SHARE + (_FIX_SHARE - _CHECK_SHARE) * share, text),
        cancellation=cancellation,
    )
    run = FixRun(check_result, batch, [])
    texts = run.make_texts(options.lang)
    if order.output:

        def write_log(copy: Path) -> None:
            """Append the fixes to the tables beside the copy."""
            tables = make_rows_of_step(
                make_path_next_to_data(copy, CHANGE_LOG_SUFFIX),
                batch.applied,
                LogAction.APPLIED,
                texts=texts,
                step=uuid4().hex[:8],
                who=get_user_name(),
                when=datetime.now(),
            )
            target = Path(order.output)
            for table in tables:
                place = target.parent / table.path.relative_to(copy.parent)
                if place.exists():
                    shutil.copyfile(place, table.path)
                run.written.append(str(place))
            append_rows(tables)

        run.written.append(order.output)
        write_copy(
            collect_changes(batch.state),
            source,
            order.output,
            cancellation,
            write_sibling_files=write_log if batch.applied else lambda copy: None,
        )
    if order.table:
        write_table(order.table, make_table_rows(batch, texts))
        run.written.append(order.table)
    progress(1.0, "")
    return run


def get_entry_group(entry: BatchEntry) -> str:
    """Return the group of an entry of a batch: safe, confirm, refused or ended (keys of the texts)."""
    if entry.proposal is not None:
        return "safe" if entry.proposal.is_safe else "confirm"
    return "ended" if entry.ended_by is not None else "refused"


def count_groups(result: BatchResult) -> dict[str, int]:
    """Return name → number of all findings, of the findings in each group, and of applied proposals."""
    groups = [get_entry_group(entry) for entry in result.entries]
    counts = {name: groups.count(name) for name in ("safe", "confirm", "refused", "ended")}
    return {"findings": len(groups), **counts, "applied": len(result.applied)}


def make_table_rows(result: BatchResult, texts: FixTexts, *, is_trial: bool = False) -> list[list[str]]:
    """Return the heading and one row for each finding of a batch.

    ``is_trial``: fixes were applied to a copy only, so the table has no column about applied fixes.
    """
    rows = [[texts.get(f"column_{name}") for name in TABLE_COLUMNS]]
    rules_by_code, rule_texts = load_all_rules(), Texts(texts.lang)
    for entry in result.entries:
        finding, proposal = entry.finding, entry.proposal
        rule = rules_by_code.get(finding.code)
        fix_cells = [""] * 6
        # Why the proposal is not safe, which proposal ended the finding, or why it has none.
        reason = ""
        if proposal is not None:
            fix_cells = [
                f"{proposal.fix.code} {texts.get_title(proposal.fix)}",
                texts.make_sentence(proposal),
                f"{sum(one.ellipsoid_out_m2 for one in proposal.areas):.2f}",
                f"{sum(one.ellipsoid_in_m2 for one in proposal.areas):.2f}",
                str(len(proposal.added_findings)),
                ";".join(proposal.untried_rules),
            ]
            reason = "; ".join(texts.list_doubts(proposal))
        elif entry.ended_by is not None:
            reason = f"{entry.ended_by.fix.code} {texts.make_sentence(entry.ended_by)}"
        elif entry.refusal is not None:
            reason = texts.explain_refusal(entry.refusal)
        rows.append(
            [
                finding.code,
                finding.message if rule is None else rule_texts.get_rule_problem(rule),
                texts.get_layer_name(finding.role) if finding.role else "",
                finding.key,
                texts.get_layer_name(finding.related_role) if finding.related_role else "",
                ";".join(finding.related_keys),
                finding.township,
                texts.get(get_entry_group(entry)),
                *fix_cells,
                reason,
            ]
        )
    if not is_trial:
        states = [texts.get("applied" if entry.is_applied else "not_applied") for entry in result.entries]
        for row, state in zip(rows, [texts.get("column_state"), *states], strict=True):
            row.append(state)
    return rows


def write_table(path: str | Path, rows: list[list[str]]) -> None:
    """Write rows to a CSV file that spreadsheets open as UTF-8, atomically."""
    with write_atomically(path) as target:
        target.write_bytes(format_csv(rows).encode("utf-8-sig"))
