# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions shared by rules that find several places on one feature.

They also select layers for rules without needs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..engine.context import Context
from ..geometry.corners import Corners
from ..geometry.validity import is_missing
from ..model.findings import Finding
from ..model.rule import RuleResult
from ..plan.layer import Layer


def valid_polygons(layer: Layer) -> NDArray:
    """Return (n,) valid polygons in the plane as drawn; None for other shapes.

    GEO002 reports invalid polygons.
    """
    shapes = layer.plane.copy()
    shapes[layer.invalid | ~np.isin(shapely.get_type_id(shapes), (3, 6))] = None
    shapes[is_missing(shapes)] = None
    return shapes


def findings_by_row(
    layer: Layer, corners: Corners, name: str, ctx: Context, *, case: str, decimals: int = 2, **params: Any
) -> list[Finding]:
    """Return one finding for each row of corners; rows must be sorted.

    ``count``: number of places; the smallest measure is the parameter ``name``.
    """
    found = []
    rows, starts, counts = np.unique(corners.row, return_index=True, return_counts=True)
    for row, start, count in zip(rows.tolist(), starts.tolist(), counts.tolist(), strict=True):
        own = slice(start, start + count)
        places = shapely.multipoints(corners.point[own])
        values = {**params, "count": count, name: round(float(corners.measure[own].min()), decimals)}
        found.append(ctx.make.row(layer, row, case=case, params=values, geometry=places))
    return found


def is_reported_elsewhere(ctx: Context, code: str) -> bool:
    """Return True if another rule of this run reports the case.

    A case is reported once. A rule that lacks a layer, a field or a side input reports nothing and does not count.
    The outcome of the rule that leaves a case to another rule names that rule.
    """
    reported = any(rule.code == code and ctx.serves(rule) for rule in ctx.rules)
    if reported and code not in ctx.log.reported_by:
        ctx.log.reported_by.append(code)
    return reported


def is_in_setting(layer: Layer, setting: str, ctx: Context) -> bool:
    """Return True if a setting (a list of concepts) includes the layer."""
    return any(layer.role in ctx.plan.roles_of(concept) for concept in ctx.norm.get(setting))


def must_not_overlap(layer: Layer) -> bool:
    """Return True for a layer of polygons that must not overlap each other."""
    return layer.template.geometry == "polygon" and layer.template.overlap == "never"


def require_layer(what: str, ctx: Context, result: RuleResult) -> Layer | None:
    """Return the layer of a concept or layer code if it has usable features.

    ``result.not_checked_section`` receives a layer without usable coordinates or shapes; ``result.doubts`` receives a
    second layer of the same concept, which no rule reads.
    """
    layer = ctx.plan.concept(what)
    if layer is None:
        lost = ctx.plan.unusable_for(what)
        if lost is not None:
            _add_not_checked(result, "layer_unusable", {"layer": lost.name, "role": lost.role})
        return None
    if layer.has_no_geometry and not ctx.around_an_edit:
        if len(layer):
            _add_not_checked(result, "layer_bare", {"layer": layer.name, "role": layer.role})
        return None
    result.doubts += [f"roles.{role}" for role in ctx.plan.unread_roles(what)]
    return layer


def _add_not_checked(result: RuleResult, reason: str, params: dict) -> None:
    if (reason, params) not in result.not_checked:
        result.not_checked.append((reason, params))
