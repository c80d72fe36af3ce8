# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of one layer's coverage (TOP)."""

from __future__ import annotations

from tests.county.workshop import PARCEL, ZONE
from tests.mutations.frame import Draft, plants


@plants("TOP001")
def one_parcel_reaches_into_the_next(draft: Draft) -> None:
    parcel, edges = draft.choose(draft.wild, lambda p: list(draft.near(p, draft.wild).items()))
    other, edge = edges[0]
    row = draft.row(PARCEL, parcel)
    draft.redraw(PARCEL, row, draft.grown(PARCEL, row, draft.fabric.wedge(edge, other)))


@plants("TOP002", follows=["LAW021"])
def a_parcel_in_no_zone(draft: Draft) -> None:
    parcel, shrunk = draft.choose(
        draft.open_land, lambda p: draft.shrunk(ZONE, draft.row(ZONE, p), draft.fabric.polygons[p])
    )
    draft.reshape(ZONE, draft.row(ZONE, parcel), shrunk)
