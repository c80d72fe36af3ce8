# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that offices hand in, from a path or from layers of the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.cancellation import NEVER_CANCELLED, Cancellation
from ...core.check import RunOptions
from .. import health
from ..layers.snapshots import LayerSnapshot
from ..running.threads import run_in_python_thread
from .check import read_plan_snapshots

if TYPE_CHECKING:
    from ...core.office_tables.run import OfficeTables, TableOrder

ProgressCallback = Callable[[float, str], None]
_READING_SHARE = 0.3


@run_in_python_thread
def make_tables(
    path_or_snapshots: str | list[LayerSnapshot],
    order: TableOrder,
    options: RunOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> OfficeTables:
    """Make the ordered tables of a plan and write them.

    ``path_or_snapshots``: path of a file or a folder, or snapshots of layers; ``source``: origin of the layers. May be
    called from any thread. Raises SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    from ...core.office_tables.run import make_office_tables

    if isinstance(path_or_snapshots, str):
        return make_office_tables(
            path_or_snapshots, order, options, source=source, progress=progress, cancellation=cancellation
        )
    layers, options = read_plan_snapshots(
        path_or_snapshots, options, lambda share, text: progress(_READING_SHARE * share, text), cancellation
    )
    return make_office_tables(
        layers,
        order,
        options,
        source=source,
        progress=lambda share, text: progress(_READING_SHARE + (1 - _READING_SHARE) * share, text),
        cancellation=cancellation,
    )
