# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of attributes (ATT)."""

from __future__ import annotations

from tests.county.workshop import FIELD, PARCEL
from tests.mutations.frame import Draft, plants


@plants("ATT001")
def one_number_for_two_parcels(draft: Draft) -> None:
    rows = [draft.row(PARCEL, draft.choose(draft.wild, around=False)[0]) for _ in range(2)]
    draft.change(PARCEL, rows[1], BSM=draft.key(PARCEL, rows[0]))


@plants("ATT003")
def a_deduction_that_is_not_gross_times_rate(draft: Draft) -> None:
    parcel, _ = draft.choose(draft.fields & (draft.lines.rate > 0), around=False)
    row = draft.row(FIELD, parcel)
    values = {name: draft.value(FIELD, row, name) for name in ("KCMJ", "TBDLMJ")}
    draft.change(FIELD, row, KCMJ=round(values["KCMJ"] + 100, 2), TBDLMJ=round(values["TBDLMJ"] - 100, 2))
