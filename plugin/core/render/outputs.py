# SPDX-License-Identifier: GPL-2.0-or-later
"""All results of a run to files, or none: each is made beside its target, and all move once every one is whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..cancellation import NEVER, Cancellation
from ..files.writing import Outputs, beside, check_not_input
from .findings_file import put_findings
from .html import render
from .json import to_json

if TYPE_CHECKING:
    from ..model.report import Report
    from ..plan.plan import Plan
    from .pictures import Pictures


def write_outputs(
    report: Report,
    plan: Plan,
    outputs: Outputs,
    draw: Callable[[], Pictures | None] = lambda: None,
    *,
    cancellation: Cancellation = NEVER,
) -> None:
    """Raises OutputError, also for a target that was an input of the check; then every target stands as it was.

    ``draw`` makes the pictures of the page, asked only when there is one. Raises Cancelled, up to the end.
    """

    def page() -> str:
        return render(report, plan.norm, draw())

    for target in outputs.paths():
        check_not_input(target, list(plan.inputs))
    with ExitStack() as stack:
        for target, make in ((outputs.json, lambda: to_json(report)), (outputs.html, page)):
            if target:
                path = stack.enter_context(beside(target))
                path.write_text(make(), encoding="utf-8", newline="\n")
                cancellation.raise_if_cancelled()
        if outputs.findings:
            # Last, so that it moves first: of the three it is the one that another program may hold open.
            path = stack.enter_context(beside(outputs.findings))
            put_findings(path, report.findings, plan.crs)
        cancellation.raise_if_cancelled()
