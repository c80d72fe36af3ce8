# SPDX-License-Identifier: GPL-2.0-or-later
"""A proposed boundary (边界调优) for the toolbox: its features, and the land that leaves or comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QMetaType

from ...core.base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ...core.checks.check import RunOptions
from .. import health
from ..layers.properties import convert_to_qgis_crs
from ..layers.snapshots import LayerSnapshot
from ..layers.tables import OutputTable, make_parcel_table, make_record_table
from ..running.threads import run_in_python_thread
from .check import read_plan_snapshots

if TYPE_CHECKING:
    from ...core.studies.proposals.boundary_tables import BoundaryTables
    from ...core.studies.proposals.propose_boundary import BoundaryOrder, BoundaryResult


@run_in_python_thread
def propose_boundary(
    path_or_snapshots: str | list[LayerSnapshot],
    order: BoundaryOrder,
    options: RunOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> BoundaryResult:
    """Return a proposal for a county; arguments and errors as `propose_supplement`."""
    health.require_libraries(cancellation)
    from ...core.studies.proposals.propose_boundary import propose_boundary as propose

    path_or_layers, run = read_plan_snapshots(
        path_or_snapshots, options, lambda share, text: progress(0.3 * share, text), cancellation
    )
    return propose(
        path_or_layers, order, run, source=source, keeps_lock_free=True, progress=progress, cancellation=cancellation
    )


def make_changes_table(tables: BoundaryTables) -> OutputTable:
    """Return the land that leaves or comes as features, in the CRS of the county."""
    result = tables.result
    shapes = tables.reproject(result.land.shape[result.changed])
    columns, records = tables.make_change_columns(), tables.make_records()
    return make_parcel_table("boundary_changes", columns, records, shapes, result.plan.crs)


def make_draft_table(tables: BoundaryTables) -> OutputTable:
    """Return the boundary after the draft as features with the fields of its layer."""
    frame = tables.make_draft_frame()
    attributes = frame.drop(columns="geometry")
    types = {
        str(name): QMetaType.Type.Double if kind.kind in "fiu" else QMetaType.Type.QString
        for name, kind in attributes.dtypes.items()
    }
    rows = attributes.astype(object).where(attributes.notna(), None).to_dict("records")
    crs = convert_to_qgis_crs(tables.result.plan.crs)
    return make_record_table("boundary_draft", types, rows, shapes=frame.geometry.tolist(), crs=crs)
