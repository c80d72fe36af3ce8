# SPDX-License-Identifier: GPL-2.0-or-later
"""Compute the three classes of each maintained layer from two editions.

As in other programs for such packages (S2): before = earlier parcels that lose land or change; after = land that moved
in, and the current land on those parcels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, require_value
from ...geometry import crs as crs_care
from ...geometry.overlay import ProgressCallback, find_shared_pieces, make_partial_progress
from ...geometry.polygons import Polygons
from ...geometry.statutory_area import measure_statutory_area
from ...geometry.tolerance import Tolerance
from ...plan.plan import Plan
from ...render.versions.baseline import get_township_polygons
from ...render.versions.compare import compare_layers_and_townships
from ...render.versions.edition_comparison import (
    CHANGED_KIND,
    MOVED_IN_KIND,
    VersionComparison,
    make_edition,
)
from ...render.versions.edition_pairing import make_shift_limits, snap_vertices
from ...render.versions.pieces import LandPieces, find_rows_around
from ...standard.maintenance import MaintainedLayerSpec
from .maintenance import KIND_CODES, LandChange, MaintainedLayer, ParcelAfterChange, YearlyUpdate
from .nodes import add_neighbour_vertices_to_edges

#: Slivers are separated from land later, from the remainder of a row.
_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Planar area (m², and as a share) by which a union may differ from its whole: GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-3, 1e-9


def find_slivers(shapes: NDArray, tolerance: Tolerance) -> NDArray:
    """Return (k,) bool: polygons below both minimums of the tolerance, area and width."""
    with np.errstate(invalid="ignore", divide="ignore"):
        area = shapely.area(shapes)
        is_below_minimums: NDArray = tolerance.is_sliver(area, 2 * area / shapely.length(shapes))
    return is_below_minimums


def compute_areas(comparison: VersionComparison, shapes: NDArray, cancellation: Cancellation) -> NDArray:
    """Return (k,) statutory areas (m²) of shapes in the plan's CRS."""
    return measure_statutory_area(
        shapes, crs_care.make_lonlat_transformer(comparison.later_edition.layer.plane_crs), cancellation
    )


def compute_area_share(area_m2: float, comparison: VersionComparison, row: int) -> float:
    """Return an area as a share of the area of a row of the later edition, 1 at most."""
    row_area = float(comparison.later_edition.layer.statutory[row])
    return min(area_m2 / row_area, 1.0) if row_area > 0 else 1.0


def find_land_after_change(
    comparison: VersionComparison, pieces: LandPieces, rows: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> list[ParcelAfterChange]:
    """Return the current land on rows of the earlier edition, split into single polygons.

    The current land of a row is complete: it includes land on several earlier parcels.

    Parameters
    ----------
    pieces
        The polygons into which the comparison cut both editions.
    rows
        (q,) positions of rows of the earlier edition.

    Raises
    ------
    InputError
        If a pair of rows cannot be computed.
    """
    if not len(rows):
        return []
    is_current_land = np.isin(pieces.before_row, rows) & (pieces.after_row >= 0)
    missed_rows, missed_shapes = _find_land_missed_by_comparison(comparison, pieces, rows, tolerance, cancellation)
    of, shapes = (
        np.concatenate([pieces.after_row[is_current_land], missed_rows]),
        np.concatenate([pieces.shape[is_current_land], missed_shapes]),
    )
    order = np.argsort(of, kind="stable")
    shapes = shapes[order]
    unique_owners, starts, counts = np.unique(of[order], return_index=True, return_counts=True)
    united_shapes = np.empty(len(unique_owners), dtype=object)
    is_whole_row = np.zeros(len(unique_owners), dtype=bool)
    for n, (row, first, count) in enumerate(zip(unique_owners.tolist(), starts.tolist(), counts.tolist(), strict=True)):
        cancellation.raise_if_cancelled()
        row_shape = comparison.later_edition.shapes[row]
        united = shapes[first] if count == 1 else shapely.union_all(shapes[first : first + count])
        row_area = shapely.area(row_shape)
        is_whole_row[n] = abs(shapely.area(united) - row_area) <= _ROUNDING_M2 + _ROUNDING_SHARE * row_area
        united_shapes[n] = row_shape if is_whole_row[n] else united
    parts, owner = shapely.get_parts(united_shapes, return_index=True)
    is_whole_row &= np.bincount(owner, minlength=len(united_shapes)) == 1
    land = ~find_slivers(parts, tolerance)
    parts, owner = parts[land], owner[land]
    return [
        ParcelAfterChange(row, shape, area_m2, 1.0 if is_whole_row[n] else compute_area_share(area_m2, comparison, row))
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
    """Return current land on ``rows`` of the earlier edition that the comparison did not cut out.

    The result is (k,) rows of the later edition and (k,) shapes. The comparison intersected a row that has an equal row
    only with that row. Such a row shares land with others only where features of one edition overlap.
    """
    rows_with_equal, equal_later_rows = pieces.before_row[pieces.is_whole_row], pieces.after_row[pieces.is_whole_row]
    is_unmoved = np.isin(rows_with_equal, rows)
    moved_rows = np.setdiff1d(rows, rows_with_equal)
    all_later_rows = np.arange(len(comparison.later_edition))
    # A row with an equal row has the same coordinates, to the last digit.
    overlay_inputs = (
        (comparison.later_edition.shapes[equal_later_rows[is_unmoved]], equal_later_rows[is_unmoved], all_later_rows),
        (comparison.earlier_edition.shapes[moved_rows], np.full(len(moved_rows), -1), equal_later_rows),
    )
    of, shapes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=object)]
    for filed_shapes, own_later_rows, others in overlay_inputs:
        nearby_rows = others[find_rows_around(comparison.later_edition.shapes[others], filed_shapes)]
        current = comparison.later_edition.shapes[nearby_rows]
        onto = snap_vertices(filed_shapes, current, tolerance.cluster_m, cancellation)
        shared_pieces = find_shared_pieces(
            Polygons(current), Polygons(onto), tolerance=_NO_TOLERANCE, cancellation=cancellation
        )
        if shared_pieces.fallback_log.failed_pairs:
            raise InputError(
                "yearly_geometry",
                layer=comparison.later_edition.layer.name,
                count=len(shared_pieces.fallback_log.failed_pairs),
            )
        other = nearby_rows[shared_pieces.left] != own_later_rows[shared_pieces.right]
        of.append(nearby_rows[shared_pieces.left][other])
        shapes.append(shared_pieces.geometry[other])
    return np.concatenate(of), np.concatenate(shapes)


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
        The earlier (filed) and the later edition, both in the plane of one of them (``assemble_plan(…,
        reference_plan=…)``).
    day
        The date that numbers of maintenance begin with, default today.
    progress
        Called with a share 0…1 (by the layers' rows) and the layer's name.

    Raises
    ------
    InputError
        If the year is invalid, or no layer remains.
    """
    check_year(year)
    rules = require_value(current.norm.standard.maintenance, "the norm of maintenance")
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
        name = current.layers[spec.role].template.name
        update.maintained_layers.append(
            _maintain_layer(
                spec,
                filed,
                current,
                cancellation,
                make_partial_progress(
                    lambda share, name=name: progress(share, name),  # type: ignore[misc]
                    rows_done / total,
                    (rows_done + size) / total,
                ),
            )
        )
        rows_done += size
    if not update.maintained_layers:
        for plan in (filed, current):
            for unusable_layer in plan.unusable_layers.values():
                raise InputError("versions_unusable", unusable=unusable_layer.problem_message)
        raise InputError("yearly_no_layer", known="、".join(layer.role for layer in rules.layers))
    return update


def check_year(year: int) -> None:
    """Raise InputError for a year of a package outside the valid range (2000 to 2099)."""
    if not 2000 <= year < 2100:
        raise InputError("yearly_year", value=year)


def _find_obstacle(spec: MaintainedLayerSpec, filed_plan: Plan, current_plan: Plan) -> str:
    """Return why a layer cannot be maintained, as a text key; empty if it can be."""
    for plan, word in ((filed_plan, "filed"), (current_plan, "current")):
        if spec.role in plan.unusable_layers:
            return f"unusable_{word}"
    is_present = spec.role in filed_plan.layers, spec.role in current_plan.layers
    if not any(is_present):
        return "in_neither"
    by_field = KIND_CODES[CHANGED_KIND] in spec.change_kinds
    if by_field and not spec.compared_field:
        return "compare_unknown"
    if not all(is_present):
        return "not_filed" if is_present[1] else "not_current"
    if not by_field:
        return ""
    template_field = filed_plan.norm.standard.templates[spec.role].find_field_by_name(spec.compared_field)
    has_compared_field = template_field and all(
        p.layers[spec.role].find_column_name(template_field) is not None for p in (filed_plan, current_plan)
    )
    return "" if has_compared_field else "compare_missing"


def _maintain_layer(
    spec: MaintainedLayerSpec,
    filed_plan: Plan,
    current_plan: Plan,
    cancellation: Cancellation,
    progress: ProgressCallback,
) -> MaintainedLayer:
    """Compare a layer of two editions and return its three classes."""
    earlier_edition = make_edition(filed_plan.layers[spec.role])
    cancellation.raise_if_cancelled()
    later_edition = make_edition(current_plan.layers[spec.role])
    cancellation.raise_if_cancelled()
    tolerance = current_plan.norm.make_tolerance()
    comparison, pieces, townships = compare_layers_and_townships(
        earlier_edition,
        later_edition,
        tolerance=tolerance,
        townships=get_township_polygons(current_plan, filed_plan),
        fields=(spec.compared_field,) if spec.compared_field else (),
        shift_limits=make_shift_limits(current_plan.norm),
        cancellation=cancellation,
        progress=make_partial_progress(progress, 0.0, 0.9),
    )
    if comparison.failed_pairs:
        raise InputError("yearly_geometry", layer=later_edition.layer.name, count=len(comparison.failed_pairs))
    maintained_layer = MaintainedLayer(spec, comparison, balance_by_township=townships)
    cancellation.raise_if_cancelled()
    # Changes are single polygons. If one of several is below the tolerance, it is recorded as a sliver instead.
    changed = [part for part in comparison.changed_pieces if KIND_CODES[part.kind] in spec.change_kinds]
    shapes, owner = shapely.get_parts(np.array([part.geometry for part in changed], dtype=object), return_index=True)
    areas_m2 = compute_areas(comparison, shapes, cancellation)
    thin = find_slivers(shapes, tolerance) & (np.bincount(owner, minlength=len(changed))[owner] > 1)
    comparison.slivers += shapes[thin].tolist()
    comparison.sliver_m2 += float(areas_m2[thin].sum())
    maintained_layer.changes = [
        LandChange(changed[n].kind, changed[n].before_row, changed[n].after_row, shape, area_m2)
        for n, shape, area_m2 in zip(owner[~thin].tolist(), shapes[~thin], areas_m2[~thin].tolist(), strict=True)
    ]
    maintained_layer.left_out = {
        kind: sum(part.area_m2 for part in parts)
        for kind, code in KIND_CODES.items()
        if code not in spec.change_kinds and (parts := comparison.list_pieces_of_kind(kind))
    }
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
    """Add to each class the vertices that the other two classes have on its edges.

    The areas of changed shapes are measured again.
    """
    earlier_edition = maintained_layer.comparison.earlier_edition
    filed_shapes = earlier_edition.shapes[maintained_layer.filed_rows]
    changes_and_parcels: list[LandChange | ParcelAfterChange] = [
        *maintained_layer.changes,
        *maintained_layer.parcels_after_change,
    ]
    shapes = np.array([*filed_shapes, *(one.shape for one in changes_and_parcels)], dtype=object)
    bends = not crs_care.preserves_straight_lines(crs_care.CGCS2000_DEGREES, earlier_edition.layer.plane_crs)
    shapes_with_nodes = add_neighbour_vertices_to_edges(shapes, tolerance, bends, cancellation)
    # Invalid shapes of the earlier edition are left unchanged.
    layer = earlier_edition.layer.select_rows(maintained_layer.filed_rows)
    with_nodes = shapes_with_nodes[: len(filed_shapes)]
    is_changed = shapely.get_num_coordinates(with_nodes) > shapely.get_num_coordinates(filed_shapes)
    is_changed &= ~layer.invalid_rows
    maintained_layer.filed_layer = layer
    if is_changed.any():
        polygons = layer.raw_shapes.copy()
        polygons[is_changed] = crs_care.reproject_geometries(with_nodes[is_changed], layer.plane_crs, layer.known_crs)
        geometry = type(layer.frame.geometry)(polygons, index=layer.frame.index, crs=layer.frame.crs)
        maintained_layer.filed_layer = layer.make_layer_of_source(
            replace(layer.source, frame=layer.frame.set_geometry(geometry))
        )
        maintained_layer.filed_layer.stray_rows = layer.stray_rows
    others = shapes_with_nodes[len(filed_shapes) :]
    changed_positions = np.flatnonzero(
        [one.shape is not shape for one, shape in zip(changes_and_parcels, others, strict=True)]
    )
    for n, area_m2 in zip(
        changed_positions.tolist(),
        compute_areas(maintained_layer.comparison, others[changed_positions], cancellation).tolist(),
        strict=True,
    ):
        changes_and_parcels[n] = changes_and_parcels[n]._replace(shape=others[n], area_m2=area_m2)
    maintained_layer.changes = [one for one in changes_and_parcels if isinstance(one, LandChange)]
    maintained_layer.parcels_after_change = [one for one in changes_and_parcels if isinstance(one, ParcelAfterChange)]
