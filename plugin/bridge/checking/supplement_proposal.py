# SPDX-License-Identifier: GPL-2.0-or-later
"""A proposal of supplements (补划选址) for the toolbox, with its parcels as features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ...core.checks.check import RunOptions
from .. import health
from ..layers.snapshots import LayerSnapshot
from ..layers.tables import OutputTable, make_parcel_table
from ..running.threads import run_in_python_thread
from .check import read_plan_snapshots

if TYPE_CHECKING:
    from ...core.studies.proposals.supplement_result import SupplementOrder, SupplementResult
    from ...core.studies.proposals.supplement_tables import SupplementTables


@run_in_python_thread
def propose_supplement(
    path_or_snapshots: str | list[LayerSnapshot],
    order: SupplementOrder,
    options: RunOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> SupplementResult:
    """Return a proposal for a county; the desktop runs on during the solve.

    ``path_or_snapshots``: path of the county, or snapshots of its layers. May be called from any thread. Raises
    SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    from ...core.studies.proposals.propose_supplement import propose_supplement as propose

    path_or_layers, run = read_plan_snapshots(
        path_or_snapshots, options, lambda share, text: progress(0.3 * share, text), cancellation
    )
    return propose(
        path_or_layers,
        order,
        run,
        source=source,
        keeps_lock_free=True,
        progress=progress,
        cancellation=cancellation,
    )


def make_supplement_table(tables: SupplementTables) -> OutputTable:
    """Return every proposed parcel as a feature, in the CRS of the county."""
    columns, rows = tables.make_parcel_columns(), tables.make_records()
    return make_parcel_table("supplement_draft", columns, rows, tables.reproject_shapes(), tables.result.plan.crs)
