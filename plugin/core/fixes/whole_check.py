# SPDX-License-Identifier: GPL-2.0-or-later
"""Check a whole plan as fixes would leave it, before they are applied to the layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ..checks.run_check import run_check
from ..engine.evaluate import choose_rules
from .edits import Edits
from .state import EditingState

if TYPE_CHECKING:
    from ..checks.check import CheckResult, RunOptions
    from ..checks.live.session import IncrementalSession
    from ..model.report import Report


def check_with_edits(
    checked: CheckResult,
    options: RunOptions,
    session: IncrementalSession,
    edits: Edits,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Report:
    """Return the report of a check of the whole plan with the rows of a session and further edits.

    It has the rules, tables and waivers of ``checked``, from which the session started; the session does not change.
    Raise FixRefused if the session does not have the rows of the edits, and Cancelled.
    """
    state = EditingState(checked, options, session=session)
    state.record_new_rows_and_fields(edits)
    batch = state.make_batch(edits.select_checked_edits(state.new_fields))
    for feature, feature_state in batch.states_by_feature.items():
        state.session.set_feature(*feature, feature_state)
    layers = dict(checked.plan.layers)
    for role, layer in checked.plan.layers.items():
        edited_rows = state.session.checker.rows.list_edited_rows(role)
        if edited_rows or role in state.new_fields:
            layers[role] = state.make_layer(role, {*range(len(layer)), *edited_rows})
    plan = replace(checked.plan, layers=layers, _computed={})
    return run_check(
        plan,
        choose_rules([one.code for one in checked.report.rules], declared_rules=plan.norm.declared_rules),
        side_inputs=checked.side,
        waivers=checked.waivers,
        parameters=options.parameters,
        tolerance=options.tolerance,
        lang=options.lang,
        progress=progress,
        cancellation=cancellation,
    )
