# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparisons for the toolbox as features: versions of a layer, adjustments (局部优化), cultivated land of surveys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from qgis.PyQt.QtCore import QMetaType

from ...core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled, ProgressCallback
from ...core.checks.check import RunOptions
from ...core.standard.messages.texts import Texts
from .. import health
from ..layers.properties import convert_to_qgis_crs
from ..layers.reading import read_snapshots
from ..layers.snapshots import LayerSnapshot, make_snapshot_names_unique
from ..layers.tables import OutputTable, make_parcel_table, make_record_table
from ..running.tasks import log_error
from ..running.threads import run_in_python_thread
from .check import read_plan_snapshots
from .figures import replace_nan

if TYPE_CHECKING:
    from ...core.render.document.blocks import Document, Legend, Picture
    from ...core.render.versions.baseline import PlanComparison
    from ...core.studies.adjustment.adjustment_result import AdjustmentOptions, AdjustmentResult
    from ...core.studies.adjustment.line_chapter import LineChapter
    from ...core.studies.adjustment.statement import Statement, StatementOrder
    from ...core.studies.yearly.cultivated_tables import CultivatedTables


#: Columns of the layer of parts in order; users rely on them.
CHANGED_AREA_COLUMNS = (
    *("kind", "kind_name", "township", "before_key", "after_key", "area_m2", "net_before_m2", "net_after_m2"),
    *("changes", "cause", "document"),
)
_NUMERIC_COLUMNS = ("area_m2", "net_before_m2", "net_after_m2")
#: Numbers of the kinds in yearly maintenance (维护类型).
CHANGE_KIND_CODES = {"in": "1", "changed": "2", "out": "3"}
#: Columns of the layer of parcels in order; users rely on them.
PARCEL_COLUMNS = (
    *("number", "kind", "kind_name", "township", "location", "area_m2", "land_use", "ownership"),
    *("farmland_m2", "farmland_net_m2", "red_line_m2", "boundary_m2", "cultivated_m2", "cultivated_net_m2"),
    *("zones_before", "zones_after", "cause", "document"),
)


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
    from ...core.render.versions.comparison_tables import format_changes, get_piece_keys

    texts = Texts(lang)
    parts = comparison.comparison.changed_pieces
    part_shapes = comparison.plan.reproject_for_findings(
        comparison.plan.remove_added_vertices(np.array([part.geometry for part in parts], dtype=object))
    )
    rows = []
    for part in parts:
        old_key, new_key = get_piece_keys(comparison, part)
        net = replace_nan([part.net_before_m2, part.net_after_m2])
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


@run_in_python_thread
def compare_line(
    path_or_snapshots: str | list[LayerSnapshot],
    options: AdjustmentOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> AdjustmentResult:
    """Compare a line of an earlier edition with that of a county.

    ``path_or_snapshots``: path of the later county, or snapshots of its layers. May be called from any thread. Raises
    SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    from ...core.studies.adjustment.compare_lines import compare_line as core_compare_line

    path_or_layers, run = read_plan_snapshots(
        path_or_snapshots, options.run, lambda share, text: progress(0.3 * share, text), cancellation
    )
    return core_compare_line(
        path_or_layers, replace(options, run=run), source=source, progress=progress, cancellation=cancellation
    )


@run_in_python_thread
def make_dossier(result: AdjustmentResult, cancellation: Cancellation = NEVER_CANCELLED) -> Document:
    """Return the dossier with its map; if the map cannot be drawn, the error is logged and the dossier has none."""
    from ...core.studies.adjustment.adjustment_outputs import make_adjustment_document

    return make_adjustment_document(result, Texts(result.lang), *_draw_map(result, cancellation))


def _draw_map(result: AdjustmentResult, cancellation: Cancellation) -> tuple[Picture, Legend] | tuple[()]:
    """Return the map and its legend; nothing without parcels, or if it cannot be drawn, which is logged."""
    from ..pictures.adjustment import draw_adjustment_map

    try:
        return draw_adjustment_map(result, cancellation) or ()
    except Cancelled:
        raise
    except Exception as error:
        log_error(error)
        return ()


@run_in_python_thread
def make_statement(
    order: StatementOrder,
    options: RunOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Statement | LineChapter:
    """Return the statement of a change of a control line, or the chapter on the lines of one edition.

    May be called from any thread. Raises SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    from ...core.studies.adjustment.statement import make_statement as core_make_statement

    return core_make_statement(order, options, progress=progress, cancellation=cancellation)


@run_in_python_thread
def make_statement_document(
    statement: Statement | LineChapter, cancellation: Cancellation = NEVER_CANCELLED
) -> Document:
    """Return the document of a statement with its map, or that of a chapter."""
    result: AdjustmentResult | None = getattr(statement, "result", None)
    return statement.make_document(*(_draw_map(result, cancellation) if result is not None else ()))


@run_in_python_thread
def make_parcels_table(result: AdjustmentResult) -> OutputTable:
    """Return every parcel as a feature, in the CRS of the later county."""
    texts, plan = Texts(result.lang), result.plan
    shapes = np.array([one.geometry for one in result.parcels], dtype=object)
    shapes = plan.reproject_for_findings(plan.remove_added_vertices(shapes))
    separator = texts.get("words", "between_names")
    rows = []
    for parcel in result.parcels:
        taken = {concept: parcel.taken.get(concept) for concept in ("farmland", "red_line", "boundary")}
        rows.append(
            {
                "number": parcel.number,
                "kind": parcel.kind,
                "kind_name": texts.get("versions", parcel.kind),
                "township": separator.join(one for one in parcel.area_by_township if one),
                "location": parcel.location,
                "area_m2": parcel.area_m2,
                "land_use": separator.join(one.name for one in parcel.land_uses),
                "ownership": separator.join(one.name for one in parcel.ownership),
                **{f"{concept}_m2": land.area_m2 if land else None for concept, land in taken.items()},
                "farmland_net_m2": farmland.net_m2 if (farmland := taken["farmland"]) else None,
                "cultivated_m2": parcel.cultivated.area_m2 if parcel.cultivated else None,
                "cultivated_net_m2": parcel.cultivated.net_m2 if parcel.cultivated else None,
                "zones_before": separator.join(parcel.zones_before),
                "zones_after": separator.join(parcel.zones_after),
            }
        )
    types = {name: QMetaType.Type.Double if name.endswith("_m2") else QMetaType.Type.QString for name in PARCEL_COLUMNS}
    types["number"] = QMetaType.Type.Int
    titles = {name: texts.get("adjustment_columns", name) for name in PARCEL_COLUMNS}
    return make_record_table("adjustment", types, rows, titles=titles, shapes=shapes, crs=convert_to_qgis_crs(plan.crs))


@run_in_python_thread
def make_cultivated_table(tables: CultivatedTables) -> OutputTable:
    """Return every parcel of changed cultivated land as a feature, in the CRS of the later survey."""
    columns, rows = tables.make_parcel_columns(), tables.make_records()
    return make_parcel_table("cultivated_changes", columns, rows, tables.reproject_shapes(), tables.result.after.crs)
