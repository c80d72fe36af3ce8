# SPDX-License-Identifier: GPL-2.0-or-later
"""The three classes of each maintained layer, made from the two editions.

As in other programs for such packages (S2): before = filed parcels that lose land or change; after = land that moved
in, and the current land on those parcels.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..geometry import crs as crs_care
from ..geometry.overlay import Progress, find_shared_parts, sub_progress
from ..geometry.polygons import Polygons
from ..geometry.statutory_area import statutory_area
from ..geometry.tolerance import Tolerance
from ..plan.plan import Plan
from ..standard.maintenance import MaintainedLayerSpec
from ..versions.baseline import townships_of
from ..versions.compare import compare_also_by_township
from ..versions.equal_shapes import snap_vertices
from ..versions.model import CHANGED, IN, ChangedPart, Comparison, make_edition
from ..versions.pieces import Pieces, find_rows_around
from .model import KIND_CODES, After, Change, MaintainedLayer, YearlyUpdate
from .nodes import add_nodes, add_nodes_to_filed

#: Slivers are separated from land later, from the remainder of a row.
_ALL = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Planar area (m², and as a share) by which a union may differ from its whole: GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-3, 1e-9


def is_sliver(shapes: NDArray, tolerance: Tolerance) -> NDArray:
    """Return a (k,) bool: polygons below both minimums."""
    with np.errstate(invalid="ignore", divide="ignore"):
        area = shapely.area(shapes)
        found: NDArray = tolerance.is_sliver(area, 2 * area / shapely.length(shapes))
    return found


def compute_areas(found: Comparison, shapes: NDArray, cancellation: Cancellation) -> NDArray:
    """Return (k,) statutory m² of shapes of the plane, one for each written feature."""
    return statutory_area(shapes, crs_care.make_lonlat_transformer(found.after.layer.plane_crs), cancellation)


def area_share(area_m2: float, found: Comparison, row: int) -> float:
    """Return the share of a current row that an area is, 1 at most."""
    own = float(found.after.layer.statutory[row])
    return min(area_m2 / own, 1.0) if own > 0 else 1.0


def find_land_after(
    found: Comparison, pieces: Pieces, rows: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> list[After]:
    """Return the current land on filed rows, row by row, in single parts.

    The current land of a row is complete, on whichever filed parcels it is.

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
    there = np.isin(pieces.before, rows) & (pieces.after >= 0)
    more_of, more = _find_overlapping_land(found, pieces, rows, tolerance, cancellation)
    of, shapes = np.concatenate([pieces.after[there], more_of]), np.concatenate([pieces.shape[there], more])
    order = np.argsort(of, kind="stable")
    shapes = shapes[order]
    own, starts, counts = np.unique(of[order], return_index=True, return_counts=True)
    joined = np.empty(len(own), dtype=object)
    whole = np.zeros(len(own), dtype=bool)
    for n, (row, first, count) in enumerate(zip(own.tolist(), starts.tolist(), counts.tolist(), strict=True)):
        cancellation.raise_if_cancelled()
        joined[n], whole[n] = _unite_pieces(shapes[first : first + count], found.after.shapes[row])
    parts, owner = shapely.get_parts(joined, return_index=True)
    whole &= np.bincount(owner, minlength=len(joined)) == 1
    kept = ~is_sliver(parts, tolerance)
    parts, owner = parts[kept], owner[kept]
    return [
        After(row, shape, area_m2, 1.0 if whole[n] else area_share(area_m2, found, row))
        for n, row, shape, area_m2 in zip(
            owner.tolist(), own[owner].tolist(), parts, compute_areas(found, parts, cancellation).tolist(), strict=True
        )
    ]


def _find_overlapping_land(
    found: Comparison, pieces: Pieces, rows: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Find the land of current rows on filed ``rows`` that is not in the pieces.

    The comparison intersected rows that have an equal row only with that row. They share land with others only where
    features of one edition overlap.
    """
    equal, its = pieces.before[pieces.whole], pieces.after[pieces.whole]
    stayed = np.isin(equal, rows)
    moved = np.setdiff1d(rows, equal)
    every = np.arange(len(found.after))
    # A row with an equal row has the same coordinates, to the last digit.
    asked = (
        (found.after.shapes[its[stayed]], its[stayed], every),
        (found.before.shapes[moved], np.full(len(moved), -1), its),
    )
    of, shapes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=object)]
    for filed, own, others in asked:
        near = others[find_rows_around(found.after.shapes[others], filed)]
        current = found.after.shapes[near]
        onto = snap_vertices(filed, current, tolerance.cluster_m, cancellation)
        shared = find_shared_parts(Polygons(current), Polygons(onto), tolerance=_ALL, cancellation=cancellation)
        if shared.fallback_log.failed:
            raise InputError("yearly_geometry", layer=found.after.layer.name, count=len(shared.fallback_log.failed))
        other = near[shared.left] != own[shared.right]
        of.append(near[shared.left][other])
        shapes.append(shared.geometry[other])
    return np.concatenate(of), np.concatenate(shapes)


def _unite_pieces(pieces: NDArray, own: object) -> tuple[object, bool]:
    """Return the union of a row's pieces; the row's shape if the pieces cover it."""
    shape = pieces[0] if len(pieces) == 1 else shapely.union_all(pieces)
    whole = shapely.area(own)
    same = abs(shapely.area(shape) - whole) <= _ROUNDING_M2 + _ROUNDING_SHARE * whole
    return (own, True) if same else (shape, False)


#: Valid years of a package: four digits; the maintained plans run from 2021.
_YEARS = range(2000, 2100)


def yearly_update(
    filed: Plan,
    current: Plan,
    year: int,
    *,
    day: date | None = None,
    cancellation: Cancellation = NEVER,
    progress: Callable[[float, str], None] = lambda share, layer: None,
) -> YearlyUpdate:
    """Compare each maintained layer of two plans in one plane; change neither plan.

    A layer that one plan lacks is skipped, and so is a layer whose compared field is unknown.

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
    done = YearlyUpdate(filed, current, year, day or date.today())
    sizes = {}
    for one in rules.layers:
        if reason := _find_obstacle(one, filed, current):
            done.skipped[one.role] = reason
        else:
            sizes[one] = 1 + len(filed.layers[one.role]) + len(current.layers[one.role])
    begun, total = 0, sum(sizes.values())
    for one, size in sizes.items():
        cancellation.raise_if_cancelled()
        part = sub_progress(
            _with_name(progress, current.layers[one.role].template.name), begun / total, (begun + size) / total
        )
        done.layers.append(_maintain(one, filed, current, cancellation, part))
        begun += size
    if not done.layers:
        for plan in (filed, current):
            for lost in plan.unusable.values():
                raise InputError("versions_unusable", unusable=lost.why)
        raise InputError("yearly_no_layer", known="、".join(layer.role for layer in rules.layers))
    return done


def check_year(year: int) -> None:
    """Raise InputError for a year outside the valid range."""
    if year not in _YEARS:
        raise InputError("yearly_year", value=year)


def _find_obstacle(one: MaintainedLayerSpec, filed: Plan, current: Plan) -> str:
    """Return why a layer cannot be maintained, as a key of texts; empty if it can."""
    for plan, word in ((filed, "filed"), (current, "current")):
        if one.role in plan.unusable:
            return f"unusable_{word}"
    there = one.role in filed.layers, one.role in current.layers
    if not any(there):
        return "in_neither"
    by_field = KIND_CODES[CHANGED] in one.kinds
    if by_field and not one.compare:
        return "compare_unknown"
    if not all(there):
        return "not_filed" if there[1] else "not_current"
    if not by_field:
        return ""
    declared = filed.norm.standard.templates[one.role].field_named(one.compare)
    known = declared and all(p.layers[one.role].spelling(declared) is not None for p in (filed, current))
    return "" if known else "compare_missing"


def _with_name(progress: Callable[[float, str], None], name: str) -> Progress:
    return lambda share: progress(share, name)


def _maintain(
    one: MaintainedLayerSpec, filed: Plan, current: Plan, cancellation: Cancellation, progress: Progress
) -> MaintainedLayer:
    before = make_edition(filed.layers[one.role])
    cancellation.raise_if_cancelled()
    after = make_edition(current.layers[one.role])
    cancellation.raise_if_cancelled()
    tolerance = current.norm.tolerance()
    fields = (one.compare,) if one.compare else ()
    found, pieces, townships = compare_also_by_township(
        before,
        after,
        tolerance=tolerance,
        townships=townships_of(current, filed),
        fields=fields,
        cancellation=cancellation,
        progress=sub_progress(progress, 0.0, 0.9),
    )
    if found.failed:
        raise InputError("yearly_geometry", layer=after.layer.name, count=len(found.failed))
    made = MaintainedLayer(one, found, townships=townships)
    cancellation.raise_if_cancelled()
    made.changes = _make_changes(
        made, [part for part in found.parts if KIND_CODES[part.kind] in one.kinds], tolerance, cancellation
    )
    for kind, code in KIND_CODES.items():
        parts = found.of_kind(kind)
        if code not in one.kinds and parts:
            made.left_out[kind] = sum(part.area_m2 for part in parts)
    made.before = np.unique([c.before for c in made.changes if c.kind != IN]).astype(int)
    made.after = [
        *(
            After(c.after, c.shape, c.area_m2, area_share(c.area_m2, found, c.after))
            for c in made.changes
            if c.kind == IN
        ),
        *find_land_after(found, pieces, made.before, tolerance, cancellation),
    ]
    made.after.sort(key=lambda piece: piece.row)
    _share_nodes(made, tolerance, cancellation)
    return made


def _share_nodes(made: MaintainedLayer, tolerance: Tolerance, cancellation: Cancellation) -> None:
    """Give each class the vertices of the others; measure the changed shapes again."""
    before = made.found.before
    filed = before.shapes[made.before]
    rest: list[Change | After] = [*made.changes, *made.after]
    shapes = np.empty(len(filed) + len(rest), dtype=object)
    shapes[: len(filed)] = filed
    shapes[len(filed) :] = [one.shape for one in rest]
    bends = not crs_care.preserves_straight_lines(crs_care.GEODETIC, before.layer.plane_crs)
    full = add_nodes(shapes, tolerance, bends, cancellation)
    made.filed = add_nodes_to_filed(before, made.before, full[: len(filed)])
    others = full[len(filed) :]
    more = np.flatnonzero([one.shape is not shape for one, shape in zip(rest, others, strict=True)])
    for n, area_m2 in zip(more.tolist(), compute_areas(made.found, others[more], cancellation).tolist(), strict=True):
        rest[n] = rest[n]._replace(shape=others[n], area_m2=area_m2)
    made.changes = [one for one in rest if isinstance(one, Change)]
    made.after = [one for one in rest if isinstance(one, After)]


def _make_changes(
    made: MaintainedLayer, parts: list[ChangedPart], tolerance: Tolerance, cancellation: Cancellation
) -> list[Change]:
    """Return the changes in single parts; sliver parts join the layer's slivers."""
    shapes, owner = shapely.get_parts(np.array([part.geometry for part in parts], dtype=object), return_index=True)
    measured = compute_areas(made.found, shapes, cancellation)
    thin = is_sliver(shapes, tolerance) & (np.bincount(owner, minlength=len(parts))[owner] > 1)
    made.found.slivers += shapes[thin].tolist()
    made.found.sliver_m2 += float(measured[thin].sum())
    return [
        Change(parts[n].kind, parts[n].before, parts[n].after, shape, area_m2)
        for n, shape, area_m2 in zip(owner[~thin].tolist(), shapes[~thin], measured[~thin].tolist(), strict=True)
    ]
