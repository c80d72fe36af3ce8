# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas on the CGCS2000 ellipsoid: statutory area (图斑椭球面积) and drawn area.

Source: annex of 国土调查办发〔2008〕32号, kept by TD/T 1055-2019. Two measures are used. A whole feature has the
annex's area of its stored vertices (`measure_statutory_area`): that is the value in its area field. A piece cut out by
an overlay, a gap or a difference has no such value: it has the area within its edges as drawn in its plane
(`compute_drawn_area`), on the same ellipsoid.

Why they differ: the annex takes an edge as straight in the plane of longitude L and F(B), where F is the integral of
the annex's series over latitude (an equal-area plane). A line that is straight in a metric plane, or in degrees, is
bent there: in its middle by at most L²·k/8 for length L, with k = √2·tan φ / R. At 37.5° N that is 1.9 cm and 12 m² for
an edge of a kilometre, 0.001 m² for an edge of fifty metres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from ..base.errors import NEVER_CANCELLED, Cancellation
from .polygon_rings import PolygonRings, extract_rings, iterate_batches, sum_values_by_ring

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
_MAX_SECTION_M = 1000.0
CGCS2000_GEOD = Geod(a=SEMI_MAJOR_M, rf=INVERSE_FLATTENING)


def compute_trapezoid_area(lon_width: NDArray, lat1: NDArray, lat2: NDArray) -> NDArray:
    """Return the signed area (m², on the ellipsoid) between two parallels over a width of longitude.

    ``lon_width``, ``lat1``, ``lat2`` in radians. S = 2·b²·ΔL·[A·sin(ΔB/2)·cos(Bm) − B·sin(3ΔB/2)·cos(3Bm) + C·… − D·… +
    E·…], with ΔL = ``lon_width``, ΔB = B2−B1, Bm = (B1+B2)/2 for latitudes B1 and B2.
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
    """Return the (n,) areas (m², on the ellipsoid, unrounded) within the edges of polygons as drawn.

    Edges are straight in the shapes' own plane. ``shapes``, ``to_lonlat``: as for `measure_statutory_area`; without
    ``to_lonlat`` the plane is that of degrees. Accurate to 0.01 m². A polygon whose edges are too short to deviate by
    more than `_MAX_DEVIATION_M2` in total is measured by its vertices, as in the annex. Raise Cancelled.
    """
    return _sum_polygon_areas(shapes, to_lonlat, cancellation, as_drawn=True)


def _sum_polygon_areas(
    shapes: NDArray, to_lonlat: LonLatTransform | None, cancellation: Cancellation, as_drawn: bool
) -> NDArray:
    """Return (n,) areas in m²: within edges as drawn, or with ``as_drawn`` False by stored vertices."""
    shapes = np.atleast_1d(np.asarray(shapes, dtype=object))
    parts, owner = _extract_polygons(shapes)
    areas = np.zeros(len(shapes))
    for batch in cancellation.watch(iterate_batches(parts)):
        batch_rings = extract_rings(parts[batch])
        lonlat = np.radians(to_lonlat(batch_rings.xy) if to_lonlat else batch_rings.xy)
        lat = lonlat[:, 1]
        # The reference meridian is arbitrary; near the ring, cancellation of digits is harmless.
        reference_lon = np.repeat(lonlat[batch_rings.ring_starts[:-1], 0], np.diff(batch_rings.ring_starts))
        lon = lonlat[:, 0] - reference_lon
        edge_areas = np.zeros(len(lon))
        edge_areas[:-1] = compute_trapezoid_area((lon[:-1] + lon[1:]) / 2, lat[:-1], lat[1:])
        part_areas = _sum_edge_areas(edge_areas, batch_rings)
        if as_drawn:
            # All edges of the polygons whose edges may deviate by more than the limit in total.
            east, north = np.diff(lon) * np.cos(lat[:-1]), np.diff(lat)
            length = SEMI_MAJOR_M * np.hypot(east, north)
            length[batch_rings.ring_starts[1:-1] - 1] = 0.0
            shape = np.repeat(batch_rings.polygon_of_ring, np.diff(batch_rings.ring_starts))[:-1]
            edges = np.flatnonzero(find_bent_polygons(length, lat[:-1], shape, part_areas)[shape] & (length > 0))
            lengths = length[edges]
            if len(edges):
                xy, end = batch_rings.xy, edges + 1
                edge_areas[edges] += measure_bends(xy[edges], xy[end], lonlat[edges], lonlat[end], lengths, to_lonlat)
                part_areas = _sum_edge_areas(edge_areas, batch_rings)
        areas += np.bincount(owner[batch], weights=part_areas, minlength=len(shapes))
    return areas


def _sum_edge_areas(edge_areas: NDArray, batch_rings: PolygonRings) -> NDArray:
    """Return the area (m²) of each polygon: |sum| over each ring's edges, holes subtracted."""
    ring_area = np.abs(sum_values_by_ring(edge_areas, batch_rings.ring_starts))
    return np.bincount(batch_rings.polygon_of_ring, weights=np.where(batch_rings.is_hole, -ring_area, ring_area))


def find_bent_polygons(lengths: NDArray, lat: NDArray, polygon: NDArray, areas: NDArray) -> NDArray:
    """Return (n,) bool: polygons whose edges may deviate from the annex's edges by more than the limit in total.

    ``lengths``, ``lat``, ``polygon``: (k,) length (m), latitude (radians) and polygon of each edge; ``areas``: (n,) m².
    An edge of length L encloses at most ⅔·L·s with its chord, s = L²/8 · `_ANNEX_BEND`·(tan φ + `_GEODESIC_BEND`)/R.
    """
    max_deviation = lengths**3 * (_ANNEX_BEND / 12 / SEMI_MAJOR_M) * (np.abs(np.tan(lat)) + _GEODESIC_BEND)
    return np.bincount(polygon, max_deviation, len(areas)) > np.minimum(_MAX_DEVIATION_M2, _MAX_DEVIATION_SHARE * areas)


def measure_bends(
    begin: NDArray,
    end: NDArray,
    begin_lonlat: NDArray,
    end_lonlat: NDArray,
    lengths: NDArray,
    to_lonlat: LonLatTransform | None,
) -> NDArray:
    """Return (k,) by how much (m²) the area left of an edge as drawn exceeds the area left of the annex's edge.

    An edge is divided into sections of at most `_MAX_SECTION_M`, each measured with and without its middle. The
    deviation of a chord from the bent edge grows with the square of its length. So (4 × finer sum − coarser sum) / 3 is
    the limit for ever smaller sections (Richardson extrapolation).

    Parameters
    ----------
    begin, end
        (k, 2) ends of each edge, in the plane in which it is straight.
    begin_lonlat, end_lonlat
        (k, 2) longitude and latitude of the ends in radians.
    lengths
        (k,) lengths in m.
    to_lonlat
        Converts (v, 2) coordinates of the plane to degrees; None if the plane is that of degrees.
    """
    if not len(begin):
        return np.zeros(0)
    count = 2 * np.maximum(np.ceil(lengths / _MAX_SECTION_M), 1).astype(np.int64)
    # Point n of an edge of ``count`` half pieces: its begin first, its end last.
    edge = np.repeat(np.arange(len(begin)), count + 1)
    first_point = np.cumsum(count + 1) - (count + 1)
    n = np.arange(len(edge)) - first_point[edge]
    is_inner = (n > 0) & (n < count[edge])
    inner_edge = edge[is_inner]
    share = (n[is_inner] / count[inner_edge])[:, None]
    inner = begin[inner_edge] + share * (end[inner_edge] - begin[inner_edge])
    lonlat = np.where((n == 0)[:, None], begin_lonlat[edge], end_lonlat[edge])
    lonlat[is_inner] = np.radians(to_lonlat(inner) if to_lonlat else inner)
    # About the begin of each edge: x in radians, y in m² for each of them.
    x = lonlat[:, 0] - begin_lonlat[edge, 0]
    y = compute_trapezoid_area(np.ones(len(edge)), begin_lonlat[edge, 1], lonlat[:, 1])
    points = np.flatnonzero(n < count[edge])
    fine, coarse = (
        np.bincount(
            edge[first],
            (x[first] * y[first + step] - x[first + step] * y[first]) / 2,
            len(begin),
        )
        for first, step in ((points, 1), (points[n[points] % 2 == 0], 2))
    )
    return (4 * fine - coarse) / 3


@dataclass(eq=False)
class EqualAreaPlane:
    """A plane (m) in which areas are those on the ellipsoid: x = R·L and y = F(B) / R, with F as in the module.

    Edges that are straight in the plane of a layer are bent in this plane (`measure_bends`).

    Parameters
    ----------
    to_lonlat
        Converts (v, 2) coordinates of the layers' plane to degrees, CGCS2000.
    """

    to_lonlat: LonLatTransform

    def convert_to_radians(self, xy: NDArray) -> NDArray:
        """Return (v, 2) longitude and latitude in radians of (v, 2) points of the layers' plane."""
        return np.radians(self.to_lonlat(xy))

    def project(self, lonlat: NDArray) -> NDArray:
        """Return (v, 2) coordinates (m) in this plane of (v, 2) longitudes and latitudes in radians."""
        lon, lat = lonlat.T
        from_equator = compute_trapezoid_area(np.ones(len(lat)), np.zeros(len(lat)), lat)
        return np.column_stack([SEMI_MAJOR_M * lon, from_equator / SEMI_MAJOR_M])


def _extract_polygons(geometries: NDArray) -> tuple[NDArray, NDArray]:
    """Return all polygons in geometries, and for each the position of its geometry.

    Multipolygons and geometry collections are searched too.
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


def compute_geodesic_area(
    shapes: NDArray, to_lonlat: LonLatTransform | None = None, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return (n,) areas (m²) of polygons and multipolygons on CGCS2000 with geodesic edges.

    0 for other types. ``shapes``, ``to_lonlat``: as for `measure_statutory_area`. Raise Cancelled between batches.

    References
    ----------
    Karney 2013, as in PROJ.
    """
    areas = np.zeros(len(shapes))
    areal_positions = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes))
    for batch in cancellation.watch(iterate_batches(shapes[areal_positions])):
        rows = areal_positions[batch]
        batch_rings = extract_rings(shapes[rows])
        lonlat = to_lonlat(batch_rings.xy) if to_lonlat else batch_rings.xy
        ends = zip(batch_rings.ring_starts[:-1].tolist(), batch_rings.ring_starts[1:].tolist(), strict=True)
        ring_area = np.array(
            [abs(CGCS2000_GEOD.polygon_area_perimeter(*lonlat[begin:end].T)[0]) for begin, end in ends]
        )
        np.add.at(areas, rows[batch_rings.polygon_of_ring], np.where(batch_rings.is_hole, -ring_area, ring_area))
    return areas
