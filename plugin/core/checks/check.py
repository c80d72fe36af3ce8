# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole check of a plan: read its sources, assemble the plan, run the rules and make the report.

Command line, toolbox and panel all use this module.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ..plan.loading.reading import make_plan_layer_selector, read_plan
from ..standard.options import RunOptions, parse_roles

if TYPE_CHECKING:
    from ..engine.rule_memory import RuleMemory
    from ..engine.waivers.waiver import Waivers
    from ..model.report import Report
    from ..model.side_inputs import SideInputs
    from ..plan.layer import SourceLayer
    from ..plan.plan import Plan

__all__ = ["CheckResult", "RunOptions", "check_plan", "make_plan_layer_selector", "parse_roles"]

#: Share of the progress for reading the sources.
_READING_SHARE = 0.1


@dataclass
class CheckResult:
    """A checked plan with its side inputs, its waivers and its report."""

    plan: Plan
    report: Report
    side: SideInputs
    waivers: Waivers


def check_plan(
    sources: str | Path | Iterable[SourceLayer],
    options: RunOptions | None = None,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
    memory: RuleMemory | None = None,
) -> CheckResult:
    """Read and check a file, a folder, or layers that are already read.

    ``source``: name of the origin of layers that are already read. ``memory``: results of earlier checks of this
    county; rules whose inputs are unchanged are not computed again.

    Raises InputError or DataError, before any rule starts, if the check cannot run, and Cancelled.
    """
    # GIS libraries load when something runs, not when a command line is parsed or a plugin starts.
    from ..engine.evaluate import choose_rules, find_additional_rules
    from ..standard.profile import resolve_document
    from ..standard.profile.document import add_document_info
    from .run_check import run_check
    from .side_tables import LIST_RULE, read_side_tables

    options = options or RunOptions()
    start_time = time.monotonic()
    norm = options.resolve_norm()
    rules = choose_rules(norm.rules, norm.expand_groups(options.rules), norm.declared_rules)
    options.get_role_choices()
    # Side inputs before layers: an error in them is reported before any large file is read.
    tables = read_side_tables(options, norm, sources if isinstance(sources, str | Path) else None)
    cancellation.raise_if_cancelled()
    progress(0.0, "")
    plan = read_plan(sources, norm, options, source=source, cancellation=cancellation)
    side = tables.make_side_inputs(plan, norm, cancellation)
    if not any(name.strip() for name in options.rules):
        # The layers determine the scope of the delivery, and the scope determines the rules.
        table_rules = (LIST_RULE,) if tables.register is not None else ()
        codes = (*norm.list_default_rules_of_scope(plan.scope), *table_rules, *options.additional_rules)
        rules = choose_rules(codes, declared_rules=norm.declared_rules)
    tables.note_registers(plan, norm, [rule.code for rule in rules])
    report = run_check(
        plan,
        rules,
        side_inputs=side,
        waivers=tables.waivers,
        parameters=options.parameters,
        tolerance=options.tolerance,
        lang=options.lang,
        progress=lambda share, text: progress(_READING_SHARE + (1 - _READING_SHARE) * share, text),
        cancellation=cancellation,
        reading_seconds=time.monotonic() - start_time,
        memory=memory,
    )
    run_codes = {rule.code for rule in rules}
    report.left_out = [code for code in norm.list_expected_rules_of_scope(plan.scope) if code not in run_codes]
    report.provenance["beyond"] = [r.code for r in find_additional_rules(plan, side) if r.code not in run_codes]
    return CheckResult(
        plan,
        add_document_info(report, resolve_document(options.document_info, plan.norm.profile)),
        side,
        tables.waivers,
    )
