# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of one shape (GEO)."""

from __future__ import annotations

import shapely

from tests.county.workshop import FIELD
from tests.mutations.frame import Draft, plants


@plants("GEO001")
def a_row_without_a_shape(draft: Draft) -> None:
    parcel, _ = draft.choose(draft.fields, around=False)
    draft.reshape(FIELD, draft.row(FIELD, parcel), None)


@plants("GEO002")
def a_bow_tie(draft: Draft) -> None:
    parcel, ring = draft.choose(draft.fields, lambda p: len(ring := draft.core(p)) >= 4 and [ring], around=False)
    draft.reshape(FIELD, draft.row(FIELD, parcel), shapely.Polygon(ring[0][[0, 2, 1, 3]]))


@plants("GEO003")
def two_fields_under_one_number(draft: Draft) -> None:
    first, _ = draft.choose(draft.fields & (draft.lines.rate == 0), around=False)
    apart = draft.fields & (draft.lines.rate == 0)
    apart[[n for n in draft.fabric.neighbours(first) if n < len(apart)]] = False
    second, _ = draft.choose(apart, around=False)
    row, other = draft.row(FIELD, first), draft.row(FIELD, second)
    draft.reshape(FIELD, row, shapely.multipolygons([draft.shape(FIELD, row), draft.shape(FIELD, other)]))
    for name in ("TBMJ", "TBDLMJ"):
        draft.change(FIELD, row, **{name: round(draft.value(FIELD, row, name) + draft.value(FIELD, other, name), 2)})
    draft.drop(FIELD, other)
