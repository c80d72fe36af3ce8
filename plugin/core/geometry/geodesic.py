# SPDX-License-Identifier: GPL-2.0-or-later
"""Area on the ellipsoid with geodesics as edges: what GIS programs call ellipsoidal, beside the statutory area."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from ..cancellation import NEVER, Cancellation
from .rings import batches, rings
from .statutory_area import INVERSE_FLATTENING, SEMI_MAJOR_M, ToLonLat

GEOD = Geod(a=SEMI_MAJOR_M, rf=INVERSE_FLATTENING)


def geodesic_area(shapes: NDArray, to_lonlat: ToLonLat | None = None, cancellation: Cancellation = NEVER) -> NDArray:
    """(n,) m² of polygons and multipolygons on CGCS2000, edges geodesics (Karney 2013, as in PROJ); 0 for all else.

    Coordinates and ``to_lonlat`` as for `statutory_area`; raises Cancelled between batches.
    """
    areas = np.zeros(len(shapes))
    kept = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes))
    for batch in batches(shapes[kept]):
        cancellation.raise_if_cancelled()
        rows = kept[batch]
        found = rings(shapes[rows])
        lonlat = to_lonlat(found.xy) if to_lonlat else found.xy
        ends = zip(found.at[:-1].tolist(), found.at[1:].tolist(), strict=True)
        ring_area = np.array([abs(GEOD.polygon_area_perimeter(*lonlat[a:b].T)[0]) for a, b in ends])
        np.add.at(areas, rows[found.shape], np.where(found.hole, -ring_area, ring_area))
    return areas
