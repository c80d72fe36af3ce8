# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of two versions of a layer for the toolbox, with the changed areas as features."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QMetaType

from ...core.base.cancellation import NEVER_CANCELLED, Cancellation
from ...core.checks.check import RunOptions
from ...core.standard.messages.texts import Texts
from .. import health
from ..layers.properties import convert_to_qgis_crs
from ..layers.reading import read_snapshots
from ..layers.snapshots import LayerSnapshot, make_snapshot_names_unique
from ..layers.tables import OutputTable, make_record_table
from ..running.threads import run_in_python_thread

if TYPE_CHECKING:
    from ...core.render.versions.baseline import PlanComparison

ProgressCallback = Callable[[float, str], None]
#: Columns of the layer of parts in order; users rely on them.
CHANGED_AREA_COLUMNS = (
    *("kind", "kind_name", "township", "before_key", "after_key", "area_m2", "net_before_m2", "net_after_m2"),
    *("changes", "cause", "document"),
)
_NUMERIC_COLUMNS = ("area_m2", "net_before_m2", "net_after_m2")
#: Numbers of the kinds in yearly maintenance (维护类型).
CHANGE_KIND_CODES = {"in": "1", "changed": "2", "out": "3"}


@run_in_python_thread
def compare_versions(
    before: LayerSnapshot,
    after: LayerSnapshot,
    townships: LayerSnapshot | None,
    options: RunOptions,
    *,
    role: str = "",
    renumbered: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PlanComparison:
    """Compare two versions of a layer and return the changed areas.

    ``townships``: the layer of townships by which areas are summed, or None; ``role``: code of the plan layer, empty to
    recognise it; ``renumbered``: path of a table of old and new keys of features, or empty. May be called from any
    thread. Raises SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    from ...core.render.versions.baseline import compare_sources

    shots = make_snapshot_names_unique([shot for shot in (before, after, townships) if shot is not None])
    old, new, *township_layers = read_snapshots(
        shots, progress=lambda share, text: progress(0.5 * share, text), cancellation=cancellation
    )
    progress(0.5, Texts(options.lang).get("toolbox", "comparing"))
    norm, comparison_options = options.resolve_norm(), {"role": role, "renumbered": renumbered}
    return compare_sources(
        old,
        new,
        norm,
        townships=township_layers[0] if township_layers else None,
        cancellation=cancellation,
        **comparison_options,
    )


@run_in_python_thread
def make_changed_areas_table(comparison: PlanComparison, lang: str) -> OutputTable:
    """Return every changed area as a feature, in the CRS of the later layer version."""
    import numpy as np

    from ...core.render.versions.comparison_tables import format_changes, get_piece_keys

    texts = Texts(lang)
    parts = comparison.comparison.changed_pieces
    part_shapes = comparison.plan.reproject_for_findings(
        comparison.plan.remove_added_vertices(np.array([part.geometry for part in parts], dtype=object))
    )
    rows = []
    for part in parts:
        old_key, new_key = get_piece_keys(comparison, part)
        net = [value if value == value else None for value in (part.net_before_m2, part.net_after_m2)]
        kind, kind_name = CHANGE_KIND_CODES[part.kind], texts.get("versions", part.kind)
        values = [kind, kind_name, part.township, old_key, new_key, part.area_m2, *net, format_changes(part, texts)]
        # Cause and document are filled in by hand.
        rows.append(dict(zip(CHANGED_AREA_COLUMNS, values, strict=False)))
    types = {
        name: QMetaType.Type.Double if name in _NUMERIC_COLUMNS else QMetaType.Type.QString
        for name in CHANGED_AREA_COLUMNS
    }
    titles = {name: texts.get("version_columns", name) for name in CHANGED_AREA_COLUMNS}
    crs = convert_to_qgis_crs(comparison.plan.crs)
    return make_record_table("versions", types, rows, titles=titles, shapes=part_shapes, crs=crs)
