# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole run of fixes: check a source, fix its findings, and write a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from ..base.cancellation import NEVER_CANCELLED, Cancellation
from ..base.errors import InputError
from ..base.files.writing import check_writable
from ..checks.check import CheckResult, RunOptions, check_plan
from ..model.findings import Finding
from ..model.rule import Severity
from .batch import BatchResult, choose_fixes, run_batch
from .batch_csv import make_table_rows, write_table
from .change_log import LogAction, append_step, get_user_name, make_default_log_path
from .fix_declaration import Fix
from .fix_texts import FixTexts
from .state import EditingState

ProgressCallback = Callable[[float, str], None]
#: Shares of the progress that the check and the fixes take.
_CHECK_SHARE, _FIX_SHARE = 0.4, 0.9


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
    from ..exchange.edited_copy import check_copy_is_writable

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
    from ..exchange.edited_copy import write_copy
    from .apply import collect_changes

    fixes = check_fix_run_options(order, source)
    check_result = check_plan(
        source, options, progress=lambda share, text: progress(_CHECK_SHARE * share, text), cancellation=cancellation
    )
    state = EditingState(check_result, options, documents=order.documents)
    batch = run_batch(
        state,
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
        run.written.append(str(write_copy(collect_changes(batch.state), source, order.output, cancellation)))
        if batch.applied:
            log = make_default_log_path(order.output)
            fix_time, user = datetime.now(), get_user_name()
            step = uuid4().hex[:8]
            paths = append_step(log, batch.applied, LogAction.APPLIED, texts=texts, step=step, who=user, when=fix_time)
            run.written += map(str, paths)
    if order.table:
        write_table(order.table, make_table_rows(batch, texts))
        run.written.append(order.table)
    progress(1.0, "")
    return run
