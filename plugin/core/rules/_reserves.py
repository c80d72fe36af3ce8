# SPDX-License-Identifier: GPL-2.0-or-later
"""Core zones of nature reserves for rules on them."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..engine.context import RuleContext
from ..heritage.protection import find_core_rows, find_unknown_part_words
from ..model.rule import RuleResult
from ..plan.layer import Layer
from ._attributes import explain_missing_fields

#: Settings that a rule uses to recognise core zones.
CORE_SETTINGS = ("reserves.core_words", "reserves.part_words", "reserves.core_hints")
#: Names of core zones that a message lists.
_MAX_NAMED_SITES = 3


def find_core_rows_or_note_reason(reserves: Layer, ctx: RuleContext, result: RuleResult) -> NDArray:
    """Return (n,) bool: rows of a reserve layer that are a 核心保护区, by their name.

    Add to ``result`` the reasons that make the result uncertain: unknown words at the end of names, which may mean a
    part of a reserve, and a missing field of names.
    """
    if not reserves.has_field("feature_name"):
        result.not_checked.append(explain_missing_fields(reserves, "feature_name"))
    unknown_words = [] if ctx.is_edit_check else find_unknown_part_words(reserves, ctx.norm)
    if unknown_words:
        may_be_core = any(hint in word for word in unknown_words for hint in ctx.norm.get("reserves.core_hints"))
        reasons = result.not_checked if may_be_core else result.notes
        reasons.append(("reserve_parts_unknown", {"layer": reserves.name, "words": ", ".join(unknown_words)}))
    return find_core_rows(reserves, ctx.norm)


def subtract_parts_in_core(rows: NDArray, shapes: NDArray, core_rows: NDArray, core_shapes: NDArray) -> NDArray:
    """Return (k,) parts of features in a line without the parts of the same features in core zones.

    ``rows`` (k,) and ``core_rows`` (c,): the feature of each part; ``shapes`` (k,) and ``core_shapes`` (c,): their
    polygons. A part that is completely in core zones becomes empty.
    """
    remainders = shapes.copy()
    core_by_row = {
        row: shapely.union_all(core_shapes[core_rows == row]) for row in np.intersect1d(rows, core_rows).tolist()
    }
    for n in np.flatnonzero(np.isin(rows, core_rows)).tolist():
        remainders[n] = shapely.difference(shapes[n], core_by_row[int(rows[n])])
    return remainders


def join_site_names(reserves: Layer, rows: NDArray) -> str:
    """Return the first names of some rows ((k,) positions) joined by 、, with dots if there are more."""
    feature_names = reserves.text("feature_name")
    distinct_names = list(dict.fromkeys(feature_names[row] for row in np.unique(rows).tolist()))
    return "、".join(distinct_names[:_MAX_NAMED_SITES]) + (" …" if len(distinct_names) > _MAX_NAMED_SITES else "")
