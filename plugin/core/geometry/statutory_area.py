# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas on the CGCS2000 ellipsoid: statutory area (图斑椭球面积) and drawn area.

Source: annex of 国土调查办发〔2008〕32号, kept by TD/T 1055-2019. Two measures are used. A whole feature has the
annex's area of its stored vertices (`measure_statutory_area`): that is the value in its area field. A part clipped by
an overlay, a gap or a difference has no such value: it has the area within its edges as drawn in its plane
(`compute_drawn_area`), on the same ellipsoid.

Why they differ: the annex takes an edge as straight in the plane of longitude L and F(B), where F is the integral of
the annex's series over latitude (an equal-area plane). A line that is straight in a metric plane, or in degrees, is
bent there: in its middle by at most L²·k/8 for length L, with k = √2·tan φ / R. At 37.5° N that is 1.9 cm and 12 m²
for an edge of a kilometre, 0.001 m² for one of fifty metres.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from ..cancellation import NEVER_CANCELLED, Cancellation
from .linework import PolygonRings, extract_rings, iterate_batches, sum_values_by_ring

LonLatTransform = Callable[[NDArray], NDArray]

#: CGCS2000.
SEMI_MAJOR_M = 6378137.0
INVERSE_FLATTENING = 298.257222101
_SEMI_MINOR_M = SEMI_MAJOR_M * (1 - 1 / INVERSE_FLATTENING)
_ECCENTRICITY_SQUARED = (SEMI_MAJOR_M**2 - _SEMI_MINOR_M**2) / SEMI_MAJOR_M**2
#: The series' coefficients A to E with their alternating signs; the k-th multiplies sin((2k+1)·ΔB/2)·cos((2k+1)·Bm).
AREA_SERIES_COEFFICIENTS = (
    1
    + 3 / 6 * _ECCENTRICITY_SQUARED
    + 30 / 80 * _ECCENTRICITY_SQUARED**2
    + 35 / 112 * _ECCENTRICITY_SQUARED**3
    + 630 / 2304 * _ECCENTRICITY_SQUARED**4,
    -(
        1 / 6 * _ECCENTRICITY_SQUARED
        + 15 / 80 * _ECCENTRICITY_SQUARED**2
        + 21 / 112 * _ECCENTRICITY_SQUARED**3
        + 420 / 2304 * _ECCENTRICITY_SQUARED**4
    ),
    3 / 80 * _ECCENTRICITY_SQUARED**2 + 7 / 112 * _ECCENTRICITY_SQUARED**3 + 180 / 2304 * _ECCENTRICITY_SQUARED**4,
    -(1 / 112 * _ECCENTRICITY_SQUARED**3 + 45 / 2304 * _ECCENTRICITY_SQUARED**4),
    5 / 2304 * _ECCENTRICITY_SQUARED**4,
)

#: Maximum total deviation of a polygon's edges (m², and as a share of it) for the annex's area to be used.
_MAX_DEVIATION_M2, _MAX_DEVIATION_SHARE = 0.004, 0.001
#: The bend of an edge against the annex's is at most √2·tan φ / R, plus the bend of geodesics in a metric plane: in a
#: zone of 6° 0.02 of the radius' inverse, in a conic projection some tenths.
_ANNEX_BEND, _GEODESIC_BEND = 2**0.5, 0.3
#: Pieces of this length (m) are accurate to a few millionths of a square metre after extrapolation.
_MAX_PIECE_M = 1000.0


def compute_trapezoid_area(lon_width: NDArray, lat1: NDArray, lat2: NDArray) -> NDArray:
    """Return the signed area in m² between two parallels over a width of longitude.

    ``lon_width``, ``lat1``, ``lat2`` in radians. S = 2·b²·ΔL·[A·sin(ΔB/2)·cos(Bm) − B·sin(3ΔB/2)·cos(3Bm) + C·… − D·…
    + E·…], with ΔL = ``lon_width``, ΔB = B2−B1, Bm = (B1+B2)/2 for latitudes B1 and B2.
    """
    half_width, middle = (lat2 - lat1) / 2, (lat1 + lat2) / 2
    sines, cosines = np.sin(half_width), np.cos(middle)
    # sin 3x = 2 cos 2x sin x + sin x, cos 3x = 2 cos 2x cos x − cos x, and so on: the same values with two functions
    # instead of ten.
    twice_half, twice_middle = 2 - 4 * sines**2, 4 * cosines**2 - 2
    previous_sines, previous_cosines = -sines, cosines
    series = AREA_SERIES_COEFFICIENTS[0] * sines * cosines
    for coefficient in AREA_SERIES_COEFFICIENTS[1:]:
        sines, previous_sines = twice_half * sines - previous_sines, sines
        cosines, previous_cosines = twice_middle * cosines - previous_cosines, cosines
        series += coefficient * sines * cosines
    return 2 * _SEMI_MINOR_M**2 * lon_width * series


def measure_statutory_area(
    shapes: NDArray, to_lonlat: LonLatTransform | None = None, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
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
    return _sum_polygon_areas(shapes, to_lonlat, cancellation, as_drawn=False)


def compute_drawn_area(
    shapes: NDArray, to_lonlat: LonLatTransform | None = None, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return (n,) the area in m² within polygons' edges as drawn, unrounded.

    Edges are straight in the shapes' own plane. Arguments as of `measure_statutory_area`; without ``to_lonlat`` the
    plane is that of degrees. Accurate to 0.01 m². A polygon whose edges are too short to deviate by more than
    `_MAX_DEVIATION_M2` in total is measured by its vertices, as in the annex.
    """
    return _sum_polygon_areas(shapes, to_lonlat, cancellation, as_drawn=True)


def _sum_polygon_areas(
    shapes: NDArray, to_lonlat: LonLatTransform | None, cancellation: Cancellation, as_drawn: bool
) -> NDArray:
    shapes = np.atleast_1d(np.asarray(shapes, dtype=object))
    parts, owner = _extract_polygons(shapes)
    areas = np.zeros(len(shapes))
    for batch in iterate_batches(parts):
        cancellation.raise_if_cancelled()
        part_rings = extract_rings(parts[batch])
        lonlat = np.radians(to_lonlat(part_rings.xy) if to_lonlat else part_rings.xy)
        lat = lonlat[:, 1]
        # The reference meridian is arbitrary; near the ring, cancellation of digits is harmless.
        reference_lon = np.repeat(lonlat[part_rings.ring_starts[:-1], 0], np.diff(part_rings.ring_starts))
        lon = lonlat[:, 0] - reference_lon
        edge_areas = np.zeros(len(lon))
        edge_areas[:-1] = compute_trapezoid_area((lon[:-1] + lon[1:]) / 2, lat[:-1], lat[1:])
        part_areas = _sum_edge_areas(edge_areas, part_rings)
        if as_drawn:
            edges, lengths = _find_bent_edges(part_rings, lon, lat, part_areas)
            if len(edges):
                edge_areas[edges] = _measure_edges(part_rings.xy, edges, lengths, reference_lon, lon, lat, to_lonlat)
                part_areas = _sum_edge_areas(edge_areas, part_rings)
        areas += np.bincount(owner[batch], weights=part_areas, minlength=len(shapes))
    return areas


def _sum_edge_areas(edge_areas: NDArray, part_rings: PolygonRings) -> NDArray:
    """Return the area of each polygon from the contributions of its edges."""
    ring_area = np.abs(sum_values_by_ring(edge_areas, part_rings.ring_starts))
    signed_areas = np.where(part_rings.is_hole, -ring_area, ring_area)
    return np.bincount(part_rings.polygon_of_ring, weights=signed_areas)


def _find_bent_edges(part_rings: PolygonRings, lon: NDArray, lat: NDArray, areas: NDArray) -> tuple[NDArray, NDArray]:
    """Return start vertices and lengths (m) of edges that must be measured as drawn.

    They are all edges of polygons whose edges may deviate by more than the limit in total. An edge of length L
    encloses at most ⅔·L·s with its chord, s = L²/8 · `_ANNEX_BEND`·(tan φ + `_GEODESIC_BEND`)/R.
    """
    east, north = np.diff(lon) * np.cos(lat[:-1]), np.diff(lat)
    length = SEMI_MAJOR_M * np.hypot(east, north)
    length[part_rings.ring_starts[1:-1] - 1] = 0.0
    max_deviation = length**3 * (_ANNEX_BEND / 12 / SEMI_MAJOR_M) * (np.abs(np.tan(lat[:-1])) + _GEODESIC_BEND)
    shape = np.repeat(part_rings.polygon_of_ring, np.diff(part_rings.ring_starts))[:-1]
    exceeds_limit = np.bincount(shape, weights=max_deviation) > np.minimum(
        _MAX_DEVIATION_M2, _MAX_DEVIATION_SHARE * areas
    )
    edges = np.flatnonzero(exceeds_limit[shape] & (length > 0))
    return edges, length[edges]


def _measure_edges(
    xy: NDArray,
    edges: NDArray,
    lengths: NDArray,
    reference_lon: NDArray,
    lon: NDArray,
    lat: NDArray,
    to_lonlat: LonLatTransform | None,
) -> NDArray:
    """Return (k,) the contribution (m²) of each edge, as drawn, to its ring's area.

    An edge is divided into pieces of at most `_MAX_PIECE_M`, each measured with and without its middle. The deviation
    of a chord from the bent edge grows with the square of its length, so (4 × finer sum − coarser sum) / 3 is the
    limit for ever smaller pieces (Richardson extrapolation).
    """
    if not len(edges):
        return np.zeros(0)
    count = 2 * np.ceil(lengths / _MAX_PIECE_M).astype(np.int64)
    # Point n of an edge of ``count`` half pieces: its start vertex first, the next edge's vertex last.
    edge_of_point = np.repeat(np.arange(len(edges)), count + 1)
    first_point = np.cumsum(count + 1) - (count + 1)
    n = np.arange(len(edge_of_point)) - first_point[edge_of_point]
    share = (n / count[edge_of_point])[:, None]
    start_vertex = edges[edge_of_point]
    points = xy[start_vertex] + share * (xy[start_vertex + 1] - xy[start_vertex])
    is_inner = (n > 0) & (n < count[edge_of_point])
    x, y = (
        np.where(n == 0, lon[start_vertex], lon[start_vertex + 1]),
        np.where(n == 0, lat[start_vertex], lat[start_vertex + 1]),
    )
    inner_lonlat = np.radians(to_lonlat(points[is_inner]) if to_lonlat else points[is_inner])
    x[is_inner], y[is_inner] = inner_lonlat[:, 0] - reference_lon[start_vertex[is_inner]], inner_lonlat[:, 1]
    halves = np.flatnonzero(n < count[edge_of_point])
    fine, coarse = (
        np.bincount(
            edge_of_point[half_start],
            compute_trapezoid_area((x[half_start] + x[half_start + step]) / 2, y[half_start], y[half_start + step]),
            len(edges),
        )
        for half_start, step in ((halves, 1), (halves[n[halves] % 2 == 0], 2))
    )
    edge_areas: NDArray = (4 * fine - coarse) / 3
    return edge_areas


def _extract_polygons(geometries: NDArray) -> tuple[NDArray, NDArray]:
    """Return the polygons in geometries, and the position of the geometry of each.

    Geometry collections are searched too.
    """
    geometry_types = shapely.get_type_id(geometries)
    is_areal = np.isin(geometry_types, (3, 6)) & ~shapely.is_empty(geometries)
    parts, owner = geometries[is_areal], np.flatnonzero(is_areal)
    mixed = np.flatnonzero((geometry_types == 7) & ~shapely.is_empty(geometries))
    if len(mixed):
        members, collection_of_member = shapely.get_parts(geometries[mixed], return_index=True)
        members, member_owner = _extract_polygons(members)
        parts, owner = (
            np.concatenate([parts, members]),
            np.concatenate([owner, mixed[collection_of_member[member_owner]]]),
        )
    return parts, owner


CGCS2000_GEOD = Geod(a=SEMI_MAJOR_M, rf=INVERSE_FLATTENING)


def compute_geodesic_area(
    shapes: NDArray, to_lonlat: LonLatTransform | None = None, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return (n,) m² of polygons and multipolygons on CGCS2000 with geodesic edges.

    0 for other types. Coordinates and ``to_lonlat`` as for `measure_statutory_area`. Raise Cancelled between batches.

    References
    ----------
    Karney 2013, as in PROJ.
    """
    areas = np.zeros(len(shapes))
    areal_positions = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes))
    for batch in iterate_batches(shapes[areal_positions]):
        cancellation.raise_if_cancelled()
        rows = areal_positions[batch]
        batch_rings = extract_rings(shapes[rows])
        lonlat = to_lonlat(batch_rings.xy) if to_lonlat else batch_rings.xy
        ends = zip(batch_rings.ring_starts[:-1].tolist(), batch_rings.ring_starts[1:].tolist(), strict=True)
        ring_area = np.array(
            [abs(CGCS2000_GEOD.polygon_area_perimeter(*lonlat[begin:end].T)[0]) for begin, end in ends]
        )
        np.add.at(areas, rows[batch_rings.polygon_of_ring], np.where(batch_rings.is_hole, -ring_area, ring_area))
    return areas
