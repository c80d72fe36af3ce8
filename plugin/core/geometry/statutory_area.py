# SPDX-License-Identifier: GPL-2.0-or-later
"""Statutory ellipsoidal area (图斑椭球面积).

Source: annex of 国土调查办发〔2008〕32号, kept by TD/T 1055-2019. Two measures are used. A whole feature has the
annex's area of
its stored vertices (`statutory_area`): that is the value in its area field. A part clipped by an overlay, a gap or a
difference has no such value: it has the area within its edges as drawn in its plane (`drawn_area`), on the same
ellipsoid.

Why they differ: the annex takes an edge as straight in the plane of L and F(B) (F: the integral of the annex's series,
equal areas). A line that is straight in a metric plane, or in degrees, is bent there: in its middle by L²·k/8 with k =
√2·tan φ / R at most. At 37.5° N that is 1.9 cm and 12 m² for an edge of a kilometre, 0.001 m² for one of fifty metres.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from ..cancellation import NEVER, Cancellation
from .linework import Rings, batches, ring_sums, rings

ToLonLat = Callable[[NDArray], NDArray]

#: CGCS2000.
SEMI_MAJOR_M = 6378137.0
INVERSE_FLATTENING = 298.257222101
_B = SEMI_MAJOR_M * (1 - 1 / INVERSE_FLATTENING)
_E2 = (SEMI_MAJOR_M**2 - _B**2) / SEMI_MAJOR_M**2
#: The series' coefficients A to E with their alternating signs; the k-th multiplies sin((2k+1)·ΔB/2)·cos((2k+1)·Bm).
COEFFICIENTS = (
    1 + 3 / 6 * _E2 + 30 / 80 * _E2**2 + 35 / 112 * _E2**3 + 630 / 2304 * _E2**4,
    -(1 / 6 * _E2 + 15 / 80 * _E2**2 + 21 / 112 * _E2**3 + 420 / 2304 * _E2**4),
    3 / 80 * _E2**2 + 7 / 112 * _E2**3 + 180 / 2304 * _E2**4,
    -(1 / 112 * _E2**3 + 45 / 2304 * _E2**4),
    5 / 2304 * _E2**4,
)

#: Maximum total deviation of a polygon's edges (m², and as a share of it) for the annex's area to be used.
_ALLOWED_M2, _ALLOWED_SHARE = 0.004, 0.001
#: The bend of an edge against the annex's is at most √2·tan φ / R, plus the bend of geodesics in a metric plane: in a
#: zone of 6° 0.02 of the radius' inverse, in a conic projection some tenths.
_BEND, _MORE_BENT = 2**0.5, 0.3
#: Pieces of this length (m) are accurate to a few millionths of a square metre after extrapolation.
_PIECE_M = 1000.0


def trapezoid(lon_width: NDArray, lat1: NDArray, lat2: NDArray) -> NDArray:
    """Return the signed area in m² between parallels ``lat1`` and ``lat2``; radians.

    S = 2·b²·ΔL·[A·sin(ΔB/2)·cos(Bm) − B·sin(3ΔB/2)·cos(3Bm) + C·… − D·… + E·…], ΔL = ``lon_width``, ΔB = B2−B1, Bm =
    (B1+B2)/2.
    """
    half, middle = (lat2 - lat1) / 2, (lat1 + lat2) / 2
    sines, cosines = np.sin(half), np.cos(middle)
    # sin 3x = 2 cos 2x sin x + sin x, cos 3x = 2 cos 2x cos x − cos x, and so on: the same values with two functions
    # instead of ten.
    twice_half, twice_middle = 2 - 4 * sines**2, 4 * cosines**2 - 2
    before_sines, before_cosines = -sines, cosines
    series = COEFFICIENTS[0] * sines * cosines
    for coefficient in COEFFICIENTS[1:]:
        sines, before_sines = twice_half * sines - before_sines, sines
        cosines, before_cosines = twice_middle * cosines - before_cosines, cosines
        series += coefficient * sines * cosines
    return 2 * _B**2 * lon_width * series


def statutory_area(shapes: NDArray, to_lonlat: ToLonLat | None = None, cancellation: Cancellation = NEVER) -> NDArray:
    """Return the statutory area of polygons and multipolygons, unrounded m².

    Only the stored vertices count: each edge is a trapezoid of its mean longitude, rings are |sum|, holes are
    subtracted, parts are added (procedure of the annex).

    Parameters
    ----------
    shapes : (n,) geometries
        Coordinates (longitude, latitude) in degrees, CGCS2000 (EPSG:4490).
    to_lonlat
        For shapes in another CRS: converts (v, 2) coordinates to such degrees.

    Returns
    -------
    (n,) float64; 0 for missing, empty, line and point geometries.

    Raises
    ------
    Cancelled
        Between batches.
    """
    return _sum_areas(shapes, to_lonlat, cancellation, drawn=False)


def drawn_area(shapes: NDArray, to_lonlat: ToLonLat | None = None, cancellation: Cancellation = NEVER) -> NDArray:
    """Return the area within polygons' edges as drawn; unrounded m².

    The edges are straight in the shapes' plane. Arguments as of `statutory_area`; without ``to_lonlat`` the plane is
    that of degrees. Accurate to 0.01 m². A polygon whose short edges cannot deviate by more than `_ALLOWED_M2` in total
    is measured by its vertices, as in the annex.
    """
    return _sum_areas(shapes, to_lonlat, cancellation, drawn=True)


def _sum_areas(shapes: NDArray, to_lonlat: ToLonLat | None, cancellation: Cancellation, drawn: bool) -> NDArray:
    shapes = np.atleast_1d(np.asarray(shapes, dtype=object))
    parts, owner = _extract_polygons(shapes)
    areas = np.zeros(len(shapes))
    for batch in batches(parts):
        cancellation.raise_if_cancelled()
        found = rings(parts[batch])
        lonlat = np.radians(to_lonlat(found.xy) if to_lonlat else found.xy)
        lat = lonlat[:, 1]
        # The reference meridian is arbitrary; near the ring, cancellation of digits is harmless.
        first = np.repeat(lonlat[found.at[:-1], 0], np.diff(found.at))
        lon = lonlat[:, 0] - first
        steps = np.zeros(len(lon))
        steps[:-1] = trapezoid((lon[:-1] + lon[1:]) / 2, lat[:-1], lat[1:])
        of_part = _sum_edges(steps, found)
        if drawn:
            edges, lengths = _find_bent_edges(found, lon, lat, of_part)
            if len(edges):
                steps[edges] = _measure_edges(found.xy, edges, lengths, first, lon, lat, to_lonlat)
                of_part = _sum_edges(steps, found)
        areas += np.bincount(owner[batch], weights=of_part, minlength=len(shapes))
    return areas


def _sum_edges(steps: NDArray, found: Rings) -> NDArray:
    """Return the area of each polygon from the contributions of its edges."""
    ring_area = np.abs(ring_sums(steps, found.at))
    signed = np.where(found.hole, -ring_area, ring_area)
    return np.bincount(found.shape, weights=signed)


def _find_bent_edges(found: Rings, lon: NDArray, lat: NDArray, areas: NDArray) -> tuple[NDArray, NDArray]:
    """Return the start vertices of relevant edges, and their lengths (m).

    Relevant are edges of polygons with long enough edges. An edge of length L encloses ⅔·L·s with its chord, s = L²/8 ·
    `_BEND`·(tan φ + `_MORE_BENT`)/R at most.
    """
    east, north = np.diff(lon) * np.cos(lat[:-1]), np.diff(lat)
    length = SEMI_MAJOR_M * np.hypot(east, north)
    length[found.at[1:-1] - 1] = 0.0
    off = length**3 * (_BEND / 12 / SEMI_MAJOR_M) * (np.abs(np.tan(lat[:-1])) + _MORE_BENT)
    shape = np.repeat(found.shape, np.diff(found.at))[:-1]
    many = np.bincount(shape, weights=off) > np.minimum(_ALLOWED_M2, _ALLOWED_SHARE * areas)
    edges = np.flatnonzero(many[shape] & (length > 0))
    return edges, length[edges]


def _measure_edges(
    xy: NDArray,
    edges: NDArray,
    lengths: NDArray,
    first: NDArray,
    lon: NDArray,
    lat: NDArray,
    to_lonlat: ToLonLat | None,
) -> NDArray:
    """Return (k,) an edge's contribution to its ring's area.

    In pieces of at most `_PIECE_M`, each measured with and without its middle. The deviation of a chord from the bent
    edge grows with the square of its length: (4 × finer sum − coarser sum) / 3 is the limit for ever more pieces
    (Richardson extrapolation).
    """
    if not len(edges):
        return np.zeros(0)
    count = 2 * np.ceil(lengths / _PIECE_M).astype(np.int64)
    # Point n of an edge of ``count`` half pieces: its start vertex first, the next edge's vertex last.
    of = np.repeat(np.arange(len(edges)), count + 1)
    begin = np.cumsum(count + 1) - (count + 1)
    n = np.arange(len(of)) - begin[of]
    share = (n / count[of])[:, None]
    a = edges[of]
    made = xy[a] + share * (xy[a + 1] - xy[a])
    inner = (n > 0) & (n < count[of])
    x, y = np.where(n == 0, lon[a], lon[a + 1]), np.where(n == 0, lat[a], lat[a + 1])
    put = np.radians(to_lonlat(made[inner]) if to_lonlat else made[inner])
    x[inner], y[inner] = put[:, 0] - first[a[inner]], put[:, 1]
    halves = np.flatnonzero(n < count[of])
    fine, coarse = (
        np.bincount(of[at], trapezoid((x[at] + x[at + step]) / 2, y[at], y[at + step]), len(edges))
        for at, step in ((halves, 1), (halves[n[halves] % 2 == 0], 2))
    )
    found: NDArray = (4 * fine - coarse) / 3
    return found


def _extract_polygons(geometries: NDArray) -> tuple[NDArray, NDArray]:
    """Return the areal parts of geometries, and the position of each part's geometry.

    Collections are searched too.
    """
    kind = shapely.get_type_id(geometries)
    plain = np.isin(kind, (3, 6)) & ~shapely.is_empty(geometries)
    parts, owner = geometries[plain], np.flatnonzero(plain)
    mixed = np.flatnonzero((kind == 7) & ~shapely.is_empty(geometries))
    if len(mixed):
        inner, of = shapely.get_parts(geometries[mixed], return_index=True)
        inner, inner_owner = _extract_polygons(inner)
        parts, owner = np.concatenate([parts, inner]), np.concatenate([owner, mixed[of[inner_owner]]])
    return parts, owner


GEOD = Geod(a=SEMI_MAJOR_M, rf=INVERSE_FLATTENING)


def geodesic_area(shapes: NDArray, to_lonlat: ToLonLat | None = None, cancellation: Cancellation = NEVER) -> NDArray:
    """Return (n,) m² of polygons and multipolygons on CGCS2000 with geodesic edges.

    0 for other types. Coordinates and ``to_lonlat`` as for `statutory_area`; raises Cancelled between batches.

    References
    ----------
    Karney 2013, as in PROJ.
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
