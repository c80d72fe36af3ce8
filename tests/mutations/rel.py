# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects between layers (REL)."""

from __future__ import annotations

import numpy as np
import shapely

from tests.county.workshop import RED
from tests.mutations.frame import Draft, plants


@plants("REL001", follows=["REL004", "REL010"])
def a_speck_of_red_line_in_a_field(draft: Draft) -> None:
    parcel, _ = draft.choose(draft.farmland)
    x, y = np.round(draft.fabric.sites[parcel], 3)
    draft.add(RED, shapely.box(x, y, x + 30, y + 30))
