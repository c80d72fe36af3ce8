# SPDX-License-Identifier: GPL-2.0-or-later
"""Base parcels of the expansion ratio whose 城镇村属性码 the land contradicts: by their own land use, or by the survey's parcels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..plan.layer import Layer

#: By code list of the land use: classes (and all below them) that are no urban construction land (C).
DOUBTFUL = "ratio.doubtful"
#: The share of the denominator from which contradicted parcels leave the ratio in doubt (C).
DOUBTFUL_SHARE = "ratio.doubtful_share"


def contradicted(base_parcels: Layer, urban: NDArray, classes: list[str], ctx: Context) -> NDArray:
    """(n,) share of each base parcel that is counted as urban (``urban``: (n,) bool) and that the land contradicts.

    1 where the parcel's own land use is no urban construction land; else the larger share of two: on parcels of the survey
    (DLTB) of such a land use, or of a 城镇村属性码 that is none of ``classes``; and inside 生态保护红线, which leaves towns out.
    """
    # Texts know the names of indicators: QGIS loads them where shapely is missing.
    from ..geometry.validity import missing

    own = urban & of_classes(base_parcels, DOUBTFUL, ctx)
    share = own.astype(float)
    red_line = ctx.plan.concept("red_line")
    if red_line is not None and not red_line.bare:
        share = np.maximum(share, _shares_on(red_line, base_parcels, urban & ~own, None, ctx))
    survey = ctx.plan.concept("parcels")
    if survey is None or survey is base_parcels or survey.bare:
        return share
    against = of_classes(survey, DOUBTFUL, ctx)
    if survey.tells("urban_code"):
        against |= ~np.isin(survey.text("urban_code"), classes)
    rows = urban & ~own & ~missing(base_parcels.plane)
    if rows.any() and against.any():
        share = np.maximum(share, _shares_on(survey, base_parcels, rows, against, ctx))
    return share


def _shares_on(other: Layer, parcels: Layer, rows: NDArray, other_rows: NDArray | None, ctx: Context) -> NDArray:
    """(n,) the share of each parcel in ``rows`` ((n,) bool) that lies on rows of another layer ((m,) bool, None: all)."""
    parts = ctx.geometry.shared(parcels, other, rows_a=rows, rows_b=other_rows, measured=True)
    shares: NDArray = np.bincount(parts.left, ctx.geometry.shares_of(parts, parcels), minlength=len(parcels))
    return np.minimum(shares, 1.0)


def of_classes(layer: Layer, setting: str, ctx: Context) -> NDArray:
    """(n,) bool: rows whose land use is of the classes that a setting names for its code list."""
    declared = layer.template.field("land_use")
    key = f"{setting}.{declared.codes}" if declared is not None else ""
    if not key or not ctx.norm.sets(key):
        return np.zeros(len(layer), dtype=bool)
    return ctx.coded(layer, "land_use", ctx.norm.get(key))
