# SPDX-License-Identifier: GPL-2.0-or-later
"""The ledger of an adjustment (调整台账): causes and documents as the office filled them in, by parcel.

A ledger is a table, whose rows name parcels by number and area, or a layer, whose polygons are the land of parcels.
From a layer and the edition before the change, the edition after it can be made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ...base.files.tables import SearchedColumn, read_table
from ...engine.context import RuleContext
from ...plan.layer import Layer, SourceLayer
from ...plan.loading.assembly import assemble_plan
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...render.versions.edition_comparison import MOVED_IN_KIND, MOVED_OUT_KIND
from ...standard.declared_operators import parse_number
from ...standard.messages.texts import THIN_SPACE
from ..yearly.certificates import TABLE_SUFFIXES, read_layer_by_fields
from .adjustment_result import ADJUSTMENT_SECTION, AdjustmentOptions, AdjustmentParcel, AdjustmentResult
from .compare_lines import compare_plans

#: Land of a row outside its parcels, or of a parcel outside its rows, up to this area (m²) is an inaccuracy of edges.
_LEAST_M2 = 1.0
#: What counts as the land of a row of a table and of its parcel.
_WHOLE_M2 = 2 * _LEAST_M2
#: Half of the last digit of an area in m² with two decimals, and the error of a double.
_ROUNDING_M2 = 0.00501


@dataclass(frozen=True)
class LedgerRow:
    """A row of a ledger.

    ``line``: number of the row, from 1; ``kind``: in, out or changed, empty for an unknown word; ``cause``,
    ``document``: as the office filled them in, empty if not; ``number``, ``area_m2``: of the parcel, in a table;
    ``shape``: in the plan's plane, in a layer.
    """

    line: int
    kind: str
    cause: str
    document: str
    number: str = ""
    area_m2: float | None = None
    shape: Any = None


def read_ledger(path: str, ctx: RuleContext) -> list[LedgerRow]:
    """Return the rows of a ledger: a table (csv, xlsx) or a layer of polygons. Raise InputError.

    Rows of a table with neither a number nor a cause nor a document are headings and sums.
    """
    fields, kinds = (
        {words[0]: words[1:] for words in (text.split() for text in ctx.norm.get(f"{ADJUSTMENT_SECTION}.{name}"))}
        for name in ("ledger_fields", "ledger_kinds")
    )
    kind_by_word = {word: kind for kind, words in kinds.items() for word in words}
    if Path(path).suffix.lower() in TABLE_SUFFIXES:
        # A table without the area would fit the parcels of other editions too.
        columns = [
            SearchedColumn(name, tuple(words), name in ("number", "kind", "m2")) for name, words in fields.items()
        ]
        found = read_table(path, columns).rows
        lines, rows = [one.line_number for one in found], [one.text_by_column for one in found]
        shapes = np.full(len(rows), None, dtype=object)
    else:
        rows, shapes = read_layer_by_fields(path, "", fields, ctx)
        lines = list(range(1, len(rows) + 1))
    return [
        LedgerRow(
            line,
            kind_by_word.get(row["kind"], ""),
            row["cause"],
            row["document"],
            row["number"],
            parse_number(row["m2"].replace(",", "").replace(THIN_SPACE, "")),
            shape,
        )
        for line, row, shape in zip(lines, rows, shapes, strict=True)
        if shape is not None or row["number"].isdecimal() or row["cause"] or row["document"]
    ]


def assign_rows(
    rows: Sequence[LedgerRow], parcels: Sequence[AdjustmentParcel], file: str
) -> dict[int, list[LedgerRow]]:
    """Return number of each parcel → its rows of the ledger.

    Raise InputError, with the rows and parcels concerned, if a row has land or a number that no parcel of its kind has,
    or a parcel has land without a row.
    """
    # Land (m²) that row and parcel share; in a table, each is one whole.
    shared = np.array([[_share_land(row, one) for one in parcels] for row in rows]).reshape(len(rows), len(parcels))
    is_table = bool(rows) and rows[0].shape is None
    row_m2, parcel_m2 = (
        np.array([_WHOLE_M2 if is_table else one.area for one in shapes])
        for shapes in ([one.shape for one in rows], [one.geometry for one in parcels])
    )
    stray = [row.line for row, rest in zip(rows, row_m2 - shared.sum(axis=1), strict=True) if rest > _LEAST_M2]
    rests = zip(parcels, parcel_m2 - shared.sum(axis=0), strict=True)
    missing = [parcel.number for parcel, rest in rests if rest > _LEAST_M2]
    if stray or missing:
        listed = ["、".join(map(str, one[:20])) + "…" * (len(one) > 20) or "—" for one in (stray, missing)]
        raise InputError("ledger_mismatch", file=file, rows=listed[0], parcels=listed[1])
    return {
        parcel.number: [rows[n] for n in np.flatnonzero(shared[:, place] > _LEAST_M2).tolist()]
        for place, parcel in enumerate(parcels)
    }


def _share_land(row: LedgerRow, parcel: AdjustmentParcel) -> float:
    """Return the land (m²) that a row of a ledger has in a parcel of its kind."""
    if row.kind != parcel.kind:
        return 0.0
    if row.shape is not None:
        return float(shapely.intersection(row.shape, parcel.geometry).area)
    has_area = row.area_m2 is not None and abs(row.area_m2 - parcel.area_m2) <= _ROUNDING_M2
    return _WHOLE_M2 if has_area and row.number == str(parcel.number) else 0.0


def compare_with_ledger(
    path: str,
    ledger: str,
    options: AdjustmentOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[AdjustmentResult, list[LedgerRow]]:
    """Compare a county before a change with the county after the moves of a ledger; return also the ledger's rows.

    Raise InputError, DataError and Cancelled.
    """
    norm, run = options.run.resolve_norm(), options.run
    before = read_plan(path, norm, run, cancellation=cancellation)
    rows = read_ledger(ledger, RuleContext(before, before.norm, norm.make_tolerance(), cancellation=cancellation))
    if not rows or rows[0].shape is None:
        raise InputError("ledger_without_shapes", file=Path(ledger).name)
    layer = before.find_layer_of_concept(options.line)
    if layer is None or layer.has_no_geometry:
        roles = ", ".join(before.list_roles_of_concept(options.line))
        raise InputError("adjustment_no_line", source=before.source, roles=roles)
    after = assemble_plan(
        [_move_land(rows, layer, before) if one is layer else one.source for one in before.layers.values()],
        norm,
        roles=run.get_role_choices(),
        scope=run.scope,
        base_year=run.base_year,
        source=ledger,
        reference_plan=before,
        cancellation=cancellation,
    )
    return compare_plans(after, before, options, progress=progress, cancellation=cancellation), rows


def _move_land(rows: Sequence[LedgerRow], layer: Layer, plan: Plan) -> SourceLayer:
    """Return the layer of a line after the moves of a ledger: land moved in is a new row without attributes."""
    import geopandas as gpd
    import pandas as pd

    crs, name = plan.plane_crs, layer.frame.geometry.name
    moved_in, moved_out = (
        gpd.GeoDataFrame({name: [one.shape for one in rows if one.kind == kind]}, geometry=name, crs=crs)
        for kind in (MOVED_IN_KIND, MOVED_OUT_KIND)
    )
    shapes = gpd.GeoSeries(layer.plane_shapes, index=layer.frame.index, crs=crs)
    frame = layer.frame.set_geometry(shapes)[shapes.notna()].overlay(moved_out, how="difference")
    moved = pd.concat([frame, moved_in], ignore_index=True)
    return replace(layer.source, frame=moved, crs=crs, curve_texts={}, broken_fids=(), declared_row_count=None)
