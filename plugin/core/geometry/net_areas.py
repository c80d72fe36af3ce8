# SPDX-License-Identifier: GPL-2.0-or-later
"""Net areas (净面积) of parts of rows, which cannot exceed the area of the part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Largest excess over the area, as a share of it, that comes from two measures of one part (edges drawn straight in
#: the plane or between degrees, attributes with two decimals), not from a wrong attribute.
_MEASURE_SHARE, _MEASURE_M2 = 1e-4, 0.02


def limit_net_areas(net_areas: NDArray, areas: NDArray) -> NDArray:
    """Return (k,) net areas (m²) of parts, equal to the area (k,) where they exceed it by the measure only.

    A larger excess is a wrong attribute of the data: it stays, and so it is seen.
    """
    excess = net_areas - areas
    is_by_measure = (excess > 0) & (excess <= _MEASURE_SHARE * areas + _MEASURE_M2)
    return np.where(is_by_measure, areas, net_areas)
