# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposals (补划选址, 边界调优) and compared drafts (方案对比) for the toolbox, with their land as features."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
    from ...core.studies.proposals.proposal_tables import ProposalTables


@run_in_python_thread
def run_study(
    study: Callable[..., Any],
    path_or_snapshots: str | list[LayerSnapshot],
    order: Any,
    options: RunOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
    **more: Any,
) -> Any:
    """Return what a study of the core returns for a county and an order.

    ``path_or_snapshots``: path of the county, or snapshots of its layers; ``more``: further arguments of the study. May
    be called from any thread. Raises SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    path_or_layers, run = read_plan_snapshots(
        path_or_snapshots, options, lambda share, text: progress(0.3 * share, text), cancellation
    )
    return study(path_or_layers, order, run, source=source, progress=progress, cancellation=cancellation, **more)


def make_land_table(tables: ProposalTables) -> OutputTable:
    """Return the land of a study as features, in the CRS of the county."""
    shapes = tables.reproject(tables.list_land()[1])
    return make_parcel_table(
        tables.layer_name, tables.make_land_columns(), tables.make_records(), shapes, tables.result.plan.crs
    )


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
