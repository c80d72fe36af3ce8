# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of quotas and thresholds (LAW)."""

from __future__ import annotations

from tests.county.workshop import FARM
from tests.mutations.frame import Draft, plants


@plants("LAW010")
def farmland_of_orchards(draft: Draft) -> None:
    parcel, _ = draft.choose(draft.farmland, around=False)
    draft.change(FARM, draft.row(FARM, parcel), DLBM="0201", DLMC="果园", GDLX=None, GDPDJB=None)
