# SPDX-License-Identifier: GPL-2.0-or-later
"""Compute the three classes of each maintained layer from two editions.

As in other programs for such packages (S2): before = earlier parcels that lose land or change; after = land that moved
in, and the current land on those parcels.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..errors import InputError
from ..geometry import crs as crs_care
from ..geometry.overlay import ProgressCallback, find_shared_parts, make_partial_progress
from ..geometry.polygons import Polygons
from ..geometry.statutory_area import measure_statutory_area
from ..geometry.tolerance import Tolerance
from ..plan.plan import Plan
from ..standard.maintenance import MaintainedLayerSpec
from ..versions.baseline import get_township_polygons
from ..versions.compare import compare_layers_and_townships
from ..versions.equal_shapes import snap_vertices
from ..versions.model import CHANGED_KIND, MOVED_IN_KIND, ChangedPart, VersionComparison, make_edition
from ..versions.pieces import LandPieces, find_rows_around
from .model import KIND_CODES, LandChange, MaintainedLayer, ParcelAfterChange, YearlyUpdate
from .nodes import add_neighbour_vertices_to_edges, make_filed_layer_with_added_nodes

#: Slivers are separated from land later, from the remainder of a row.
_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Planar area (m², and as a share) by which a union may differ from its whole: GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-3, 1e-9


def is_sliver(shapes: NDArray, tolerance: Tolerance) -> NDArray:
    """Return (k,) bool: polygons below both minimums of the tolerance, area and width."""
    with np.errstate(invalid="ignore", divide="ignore"):
        area = shapely.area(shapes)
        found: NDArray = tolerance.is_sliver(area, 2 * area / shapely.length(shapes))
    return found


def compute_areas(comparison: VersionComparison, shapes: NDArray, cancellation: Cancellation) -> NDArray:
    """Return (k,) statutory areas (m²) of shapes in the plan's CRS."""
    return measure_statutory_area(
        shapes, crs_care.make_lonlat_transformer(comparison.later_edition.layer.plane_crs), cancellation
    )


def compute_area_share(area_m2: float, comparison: VersionComparison, row: int) -> float:
    """Return an area as a share of the later edition's row, 1 at most."""
    row_area = float(comparison.later_edition.layer.statutory[row])
    return min(area_m2 / row_area, 1.0) if row_area > 0 else 1.0


def find_land_after_change(
    comparison: VersionComparison, pieces: LandPieces, rows: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> list[ParcelAfterChange]:
    """Return the current land on rows of the earlier edition, in single parts.

    The current land of a row is complete, on whichever earlier parcels it is.

    Parameters
    ----------
    pieces
        The parts into which the comparison cut both editions.
    rows
        (q,) positions of filed rows.

    Raises
    ------
    InputError
        If a pair of rows cannot be computed.
    """
    if not len(rows):
        return []
    there = np.isin(pieces.before_row, rows) & (pieces.after_row >= 0)
    more_of, more = _find_land_missed_by_comparison(comparison, pieces, rows, tolerance, cancellation)
    of, shapes = np.concatenate([pieces.after_row[there], more_of]), np.concatenate([pieces.shape[there], more])
    order = np.argsort(of, kind="stable")
    shapes = shapes[order]
    unique_owners, starts, counts = np.unique(of[order], return_index=True, return_counts=True)
    joined = np.empty(len(unique_owners), dtype=object)
    whole = np.zeros(len(unique_owners), dtype=bool)
    for n, (row, first, count) in enumerate(zip(unique_owners.tolist(), starts.tolist(), counts.tolist(), strict=True)):
        cancellation.raise_if_cancelled()
        joined[n], whole[n] = _unite_row(shapes[first : first + count], comparison.later_edition.shapes[row])
    parts, owner = shapely.get_parts(joined, return_index=True)
    whole &= np.bincount(owner, minlength=len(joined)) == 1
    land = ~is_sliver(parts, tolerance)
    parts, owner = parts[land], owner[land]
    return [
        ParcelAfterChange(row, shape, area_m2, 1.0 if whole[n] else compute_area_share(area_m2, comparison, row))
        for n, row, shape, area_m2 in zip(
            owner.tolist(),
            unique_owners[owner].tolist(),
            parts,
            compute_areas(comparison, parts, cancellation).tolist(),
            strict=True,
        )
    ]


def _find_land_missed_by_comparison(
    comparison: VersionComparison, pieces: LandPieces, rows: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Find current land on earlier ``rows`` that the comparison did not cut.

    The comparison intersected rows that have an equal row only with that row. They share land with others only where
    features of one edition overlap. Returns rows and shapes.
    """
    equal, its = pieces.before_row[pieces.is_whole_row], pieces.after_row[pieces.is_whole_row]
    stayed = np.isin(equal, rows)
    moved = np.setdiff1d(rows, equal)
    every = np.arange(len(comparison.later_edition))
    # A row with an equal row has the same coordinates, to the last digit.
    asked = (
        (comparison.later_edition.shapes[its[stayed]], its[stayed], every),
        (comparison.earlier_edition.shapes[moved], np.full(len(moved), -1), its),
    )
    of, shapes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=object)]
    for filed, own, others in asked:
        near = others[find_rows_around(comparison.later_edition.shapes[others], filed)]
        current = comparison.later_edition.shapes[near]
        onto = snap_vertices(filed, current, tolerance.cluster_m, cancellation)
        shared = find_shared_parts(
            Polygons(current), Polygons(onto), tolerance=_NO_TOLERANCE, cancellation=cancellation
        )
        if shared.fallback_log.failed_pairs:
            raise InputError(
                "yearly_geometry",
                layer=comparison.later_edition.layer.name,
                count=len(shared.fallback_log.failed_pairs),
            )
        other = near[shared.left] != own[shared.right]
        of.append(near[shared.left][other])
        shapes.append(shared.geometry[other])
    return np.concatenate(of), np.concatenate(shapes)


def _unite_row(pieces: NDArray, own_pieces: object) -> tuple[object, bool]:
    """Return the union of a row's pieces, and True if they cover the row.

    Then the union is the row's own shape.
    """
    shape = pieces[0] if len(pieces) == 1 else shapely.union_all(pieces)
    whole = shapely.area(own_pieces)
    same = abs(shapely.area(shape) - whole) <= _ROUNDING_M2 + _ROUNDING_SHARE * whole
    return (own_pieces, True) if same else (shape, False)


#: Valid years of a package: four digits; the maintained plans run from 2021.
_VALID_YEARS = range(2000, 2100)


def compute_yearly_update(
    filed: Plan,
    current: Plan,
    year: int,
    *,
    day: date | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: Callable[[float, str], None] = lambda share, layer: None,
) -> YearlyUpdate:
    """Compute the year's maintenance from two editions in one CRS in metres.

    A layer that one edition lacks is skipped, and so is a layer whose compared field is unknown. Neither edition is
    changed.

    Parameters
    ----------
    filed, current
        The two editions (``assemble_plan(…, reference_plan=…)``).
    day
        The date that numbers of maintenance begin with, default today.
    progress
        Called with a share 0…1 (by the layers' rows) and the layer's name.

    Raises
    ------
    InputError
        If the year is invalid, the standard has no maintenance, or no layer remains.
    """
    rules = current.norm.standard.maintenance
    check_year(year)
    if rules is None:
        raise InputError("yearly_standard", standard=current.norm.standard.id)
    update = YearlyUpdate(filed, current, year, day or date.today())
    sizes = {}
    for spec in rules.layers:
        if reason := _find_obstacle(spec, filed, current):
            update.skip_reason_by_role[spec.role] = reason
        else:
            sizes[spec] = 1 + len(filed.layers[spec.role]) + len(current.layers[spec.role])
    rows_done, total = 0, sum(sizes.values())
    for spec, size in sizes.items():
        cancellation.raise_if_cancelled()
        part = make_partial_progress(
            _make_named_progress(progress, current.layers[spec.role].template.name),
            rows_done / total,
            (rows_done + size) / total,
        )
        update.maintained_layers.append(_maintain_layer(spec, filed, current, cancellation, part))
        rows_done += size
    if not update.maintained_layers:
        for plan in (filed, current):
            for lost in plan.unusable_layers.values():
                raise InputError("versions_unusable", unusable=lost.problem_message)
        raise InputError("yearly_no_layer", known="、".join(layer.role for layer in rules.layers))
    return update


def check_year(year: int) -> None:
    """Raise InputError for a year outside the valid range (2000 to 2099)."""
    if year not in _VALID_YEARS:
        raise InputError("yearly_year", value=year)


def _find_obstacle(spec: MaintainedLayerSpec, filed: Plan, current: Plan) -> str:
    """Return a text key: why a layer cannot be maintained; empty if it can."""
    for plan, word in ((filed, "filed"), (current, "current")):
        if spec.role in plan.unusable_layers:
            return f"unusable_{word}"
    present = spec.role in filed.layers, spec.role in current.layers
    if not any(present):
        return "in_neither"
    by_field = KIND_CODES[CHANGED_KIND] in spec.change_kinds
    if by_field and not spec.compared_field:
        return "compare_unknown"
    if not all(present):
        return "not_filed" if present[1] else "not_current"
    if not by_field:
        return ""
    declared = filed.norm.standard.templates[spec.role].find_field_by_name(spec.compared_field)
    known = declared and all(p.layers[spec.role].find_column_name(declared) is not None for p in (filed, current))
    return "" if known else "compare_missing"


def _make_named_progress(progress: Callable[[float, str], None], name: str) -> ProgressCallback:
    return lambda share: progress(share, name)


def _maintain_layer(
    spec: MaintainedLayerSpec, filed: Plan, current: Plan, cancellation: Cancellation, progress: ProgressCallback
) -> MaintainedLayer:
    before = make_edition(filed.layers[spec.role])
    cancellation.raise_if_cancelled()
    after = make_edition(current.layers[spec.role])
    cancellation.raise_if_cancelled()
    tolerance = current.norm.make_tolerance()
    fields = (spec.compared_field,) if spec.compared_field else ()
    comparison, pieces, townships = compare_layers_and_townships(
        before,
        after,
        tolerance=tolerance,
        townships=get_township_polygons(current, filed),
        fields=fields,
        cancellation=cancellation,
        progress=make_partial_progress(progress, 0.0, 0.9),
    )
    if comparison.failed_pairs:
        raise InputError("yearly_geometry", layer=after.layer.name, count=len(comparison.failed_pairs))
    maintained_layer = MaintainedLayer(spec, comparison, balance_by_township=townships)
    cancellation.raise_if_cancelled()
    maintained_layer.changes = _make_changes(
        maintained_layer,
        [part for part in comparison.changed_parts if KIND_CODES[part.kind] in spec.change_kinds],
        tolerance,
        cancellation,
    )
    for kind, code in KIND_CODES.items():
        parts = comparison.list_parts_of_kind(kind)
        if code not in spec.change_kinds and parts:
            maintained_layer.left_out[kind] = sum(part.area_m2 for part in parts)
    maintained_layer.filed_rows = np.unique(
        [c.before_row for c in maintained_layer.changes if c.kind != MOVED_IN_KIND]
    ).astype(int)
    maintained_layer.parcels_after_change = [
        *(
            ParcelAfterChange(c.after_row, c.shape, c.area_m2, compute_area_share(c.area_m2, comparison, c.after_row))
            for c in maintained_layer.changes
            if c.kind == MOVED_IN_KIND
        ),
        *find_land_after_change(comparison, pieces, maintained_layer.filed_rows, tolerance, cancellation),
    ]
    maintained_layer.parcels_after_change.sort(key=lambda piece: piece.current_row)
    _add_vertices_of_other_classes(maintained_layer, tolerance, cancellation)
    return maintained_layer


def _add_vertices_of_other_classes(
    maintained_layer: MaintainedLayer, tolerance: Tolerance, cancellation: Cancellation
) -> None:
    """Give each class the vertices of the others on its edges.

    The areas of changed shapes are measured again.
    """
    before = maintained_layer.comparison.earlier_edition
    filed = before.shapes[maintained_layer.filed_rows]
    rest: list[LandChange | ParcelAfterChange] = [*maintained_layer.changes, *maintained_layer.parcels_after_change]
    shapes = np.empty(len(filed) + len(rest), dtype=object)
    shapes[: len(filed)] = filed
    shapes[len(filed) :] = [one.shape for one in rest]
    bends = not crs_care.preserves_straight_lines(crs_care.CGCS2000_DEGREES, before.layer.plane_crs)
    full = add_neighbour_vertices_to_edges(shapes, tolerance, bends, cancellation)
    maintained_layer.filed_layer = make_filed_layer_with_added_nodes(
        before, maintained_layer.filed_rows, full[: len(filed)]
    )
    others = full[len(filed) :]
    more = np.flatnonzero([one.shape is not shape for one, shape in zip(rest, others, strict=True)])
    for n, area_m2 in zip(
        more.tolist(), compute_areas(maintained_layer.comparison, others[more], cancellation).tolist(), strict=True
    ):
        rest[n] = rest[n]._replace(shape=others[n], area_m2=area_m2)
    maintained_layer.changes = [one for one in rest if isinstance(one, LandChange)]
    maintained_layer.parcels_after_change = [one for one in rest if isinstance(one, ParcelAfterChange)]


def _make_changes(
    maintained_layer: MaintainedLayer, parts: list[ChangedPart], tolerance: Tolerance, cancellation: Cancellation
) -> list[LandChange]:
    """Return the changes in single parts; parts below the tolerance become slivers."""
    shapes, owner = shapely.get_parts(np.array([part.geometry for part in parts], dtype=object), return_index=True)
    measured = compute_areas(maintained_layer.comparison, shapes, cancellation)
    thin = is_sliver(shapes, tolerance) & (np.bincount(owner, minlength=len(parts))[owner] > 1)
    maintained_layer.comparison.slivers += shapes[thin].tolist()
    maintained_layer.comparison.sliver_m2 += float(measured[thin].sum())
    return [
        LandChange(parts[n].kind, parts[n].before_row, parts[n].after_row, shape, area_m2)
        for n, shape, area_m2 in zip(owner[~thin].tolist(), shapes[~thin], measured[~thin].tolist(), strict=True)
    ]
