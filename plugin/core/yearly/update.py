# SPDX-License-Identifier: GPL-2.0-or-later
"""The three classes of each maintained layer, from the filed edition and the current one; as a program for such packages makes
them (S2): before = filed parcels that lose land or change; after = what moved in, and the current land on those parcels."""

from __future__ import annotations

from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from ..baseline import townships_of
from ..errors import InputError
from ..geometry import crs as crs_care
from ..geometry.overlay import shared_parts
from ..geometry.polygons import Check, Polygons, never
from ..geometry.statutory_area import statutory_area
from ..maintenance import Maintained
from ..plan import Plan
from ..tolerance import Tolerance
from ..versions import CHANGED, IN, Comparison, compare_layers, edition_of
from ..versions.equal import settled
from ..versions.model import Part
from .model import KIND_CODES, After, Change, MaintainedLayer, YearlyUpdate

#: Slivers are told from land later, by what is left of a row.
_ALL = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Years that a package can be of: four digits, and the plans it maintains run from 2021.
_YEARS = range(2000, 2100)
#: Planar area (m², and as a share) by which a union may miss its whole: GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-3, 1e-9


def yearly_update(
    filed: Plan, current: Plan, year: int, *, day: date | None = None, check: Check = never
) -> YearlyUpdate:
    """Compare each maintained layer of two plans in one plane (``assemble(…, beside=…)``); neither is changed.

    ``day``: what the numbers of maintenance begin with, default today. A layer that one of them lacks is passed over, and so
    is one of which nobody knows what is compared. InputError for a year that is none, a standard without maintenance, or when
    no layer is left.
    """
    rules = current.norm.standard.maintenance
    if year not in _YEARS:
        raise InputError("yearly_year", value=year)
    if rules is None:
        raise InputError("yearly_standard", standard=current.norm.standard.id)
    done = YearlyUpdate(filed, current, year, day or date.today())
    for one in rules.layers:
        check()
        if reason := _why_not(one, filed, current):
            done.passed_over[one.role] = reason
        else:
            done.layers.append(_maintain(one, filed, current, check))
    if not done.layers:
        raise InputError("yearly_no_layer", known="、".join(layer.role for layer in rules.layers))
    return done


def _why_not(one: Maintained, filed: Plan, current: Plan) -> str:
    """Why a layer cannot be maintained, as a key of texts; empty when it can."""
    for plan, word in ((filed, "filed"), (current, "current")):
        if one.role in plan.unusable:
            return f"unusable_{word}"
    there = one.role in filed.layers, one.role in current.layers
    if not any(there):
        return "in_neither"
    if not all(there):
        return "not_filed" if there[1] else "not_current"
    if KIND_CODES[CHANGED] not in one.kinds:
        return ""
    if not one.compare:
        return "compare_unknown"
    declared = filed.norm.standard.templates[one.role].field_named(one.compare)
    known = declared and all(p.layers[one.role].spelling(declared) is not None for p in (filed, current))
    return "" if known else "compare_missing"


def _maintain(one: Maintained, filed: Plan, current: Plan, check: Check) -> MaintainedLayer:
    before, after = edition_of(filed.layers[one.role]), edition_of(current.layers[one.role])
    tolerance = current.norm.tolerance()
    fields = (one.compare,) if one.compare else ()
    # Not cut by townships: borders of townships are none of the parcels'.
    found = compare_layers(before, after, tolerance=tolerance, fields=fields, check=check)
    if found.failed:
        raise InputError("yearly_geometry", layer=after.layer.name, count=len(found.failed))
    made = MaintainedLayer(one, found)
    single = KIND_CODES[CHANGED] not in one.kinds
    made.changes = [
        change for part in found.parts if KIND_CODES[part.kind] in one.kinds for change in _changes(found, part, single)
    ]
    for kind, code in KIND_CODES.items():
        parts = found.of_kind(kind)
        if code not in one.kinds and parts:
            made.left_out[kind] = sum(part.area_m2 for part in parts)
    made.before = np.unique([c.before for c in made.changes if c.kind != IN]).astype(int)
    made.after = [
        *(After(c.after, c.shape, c.area_m2, _share(c.area_m2, found, c.after)) for c in made.changes if c.kind == IN),
        *_land_after(found, made.before, tolerance, single, check),
    ]
    made.after.sort(key=lambda piece: piece.row)
    towns = townships_of(current)
    if towns.names:
        made.found = compare_layers(before, after, tolerance=tolerance, townships=towns, fields=fields, check=check)
    return made


def _changes(found: Comparison, part: Part, single: bool) -> list[Change]:
    shapes = shapely.get_parts(part.geometry) if single else [part.geometry]
    areas = _areas(found, np.array(shapes, dtype=object))
    return [Change(part.kind, part.before, part.after, s, a) for s, a in zip(shapes, areas, strict=True)]


def _areas(found: Comparison, shapes: NDArray) -> list[float]:
    measured: list[float] = statutory_area(shapes, crs_care.lonlat_of(found.after.layer.plane_crs)).tolist()
    return measured


def _share(area_m2: float, found: Comparison, row: int) -> float:
    own = float(found.after.layer.statutory[row])
    return min(area_m2 / own, 1.0) if own > 0 else 1.0


def _land_after(found: Comparison, rows: NDArray, tolerance: Tolerance, single: bool, check: Check) -> list[After]:
    """The current land on filed rows ((q,) positions): row by row, each shape once, whatever filed parcels it lies on."""
    if not len(rows):
        return []
    current = found.after.shapes
    filed = settled(found.before.shapes[rows], current[~shapely.is_missing(current)], tolerance.cluster_m)
    shared = shared_parts(Polygons(current), Polygons(filed), tolerance=_ALL, check=check)
    made = []
    for row in np.unique(shared.left).tolist():
        shape, whole = _one_shape(shared.geometry[shared.left == row], current[row])
        shapes = shapely.get_parts(shape) if single else np.array([shape], dtype=object)
        with np.errstate(invalid="ignore", divide="ignore"):
            area = shapely.area(shapes)
            shapes = shapes[~tolerance.is_sliver(area, 2 * area / shapely.length(shapes))]
        for piece, area_m2 in zip(shapes, _areas(found, shapes), strict=True):
            made.append(After(row, piece, area_m2, 1.0 if whole and len(shapes) == 1 else _share(area_m2, found, row)))
    return made


def _one_shape(pieces: NDArray, own: object) -> tuple[object, bool]:
    """The union of a row's pieces; the row's own shape where they make it up."""
    shape = pieces[0] if len(pieces) == 1 else shapely.union_all(pieces)
    whole = shapely.area(own)
    same = abs(shapely.area(shape) - whole) <= _ROUNDING_M2 + _ROUNDING_SHARE * whole
    return (own, True) if same else (shape, False)
