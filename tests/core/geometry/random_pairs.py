"""Random pairs of polygons whose boundaries nearly or exactly coincide, and their shared area by rational arithmetic.

`python -m tests.core.geometry.random_pairs COUNT` compares the areas of COUNT pairs with plain intersections of shapely;
where the two differ, rational arithmetic decides.
"""

import sys
from fractions import Fraction
from itertools import pairwise

import numpy as np
import shapely

from plugin.core.geometry.intersection_areas import compute_intersection_areas

#: Areas (m²) that differ by more are decided by rational arithmetic.
DIFFERENCE_M2 = 0.01
#: Places of layers: near the origin, and as far as coordinates of counties with and without the number of the zone.
CORNERS = (
    (0.0, 0.0),
    (487_000.3, 4_390_000.7),
    (38_484_000.3, 4_390_000.7),
    (-38_500_000.0, 2_100_000.1),
)
#: Sizes of polygons (m).
SIZES_M = (1.0, 30.0, 1000.0, 20_000.0)
#: Digits after the point of coordinates; None: not rounded.
DIGITS = (None, None, 4, 0)


def make_ring(random, count):
    """Return the vertices of a ring around (0, 0), at distances of 0.4 to 1.5.

    It is a star with ``count`` vertices, or a quadrangle with two edges parallel to the axes.
    """
    if random.random() < 0.5:
        corners = np.array([(1, -1), (1, 1), (-1, 1), (-1, -1)]) * (0.5 + 0.5 * random.random((4, 2)))
        corners[1:3, 1] = corners[1, 1]
        corners[[0, 1], 0] = corners[0, 0]
        return np.roll(corners, random.integers(4), axis=0)
    angles = np.sort(random.random(count) + np.arange(count)) * (2 * np.pi / count)
    return (0.4 + 0.6 * random.random(count))[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])


def put_on_edges(random, ring, per_edge, keeps_vertices):
    """Return the points of a ring at ``per_edge`` random places of each edge, with its vertices or without."""
    points = []
    for begin, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if keeps_vertices:
            points.append(begin)
        points += [begin + share * (end - begin) for share in np.sort(random.random(per_edge))]
    return np.array(points)


def make_inscribed(random, place):
    """Return a polygon with vertices on the edges of another one."""
    outer = place(make_ring(random, random.integers(3, 9)))
    return shapely.Polygon(outer), shapely.Polygon(place.round(put_on_edges(random, outer, 1, False)))


def make_densified(random, place):
    """Return a polygon, and the same one with further vertices."""
    ring = place(make_ring(random, random.integers(3, 9)))
    dense = place.round(put_on_edges(random, ring, random.integers(1, 4), True))
    return shapely.Polygon(ring), shapely.Polygon(np.roll(dense, random.integers(len(dense)), axis=0))


def make_halves(random, place):
    """Return two polygons along one border, which has further vertices on one side."""
    ring = place(make_ring(random, random.integers(4, 10)))
    count = len(ring)
    border = ring[[0, count // 2]]
    inner = place.round(border[0] + np.sort(random.random(random.integers(1, 5)))[:, None] * (border[1] - border[0]))
    return (
        shapely.Polygon(ring[: count // 2 + 1]),
        shapely.Polygon(np.concatenate([ring[count // 2 :], ring[:1], inner])),
    )


def make_part(random, place):
    """Return a polygon and a part of it with one separate border that ends on its edges."""
    ring = place(make_ring(random, random.integers(5, 10)))
    dense = place.round(put_on_edges(random, ring, 1, True))
    part = np.roll(dense, random.integers(len(dense)), axis=0)[: random.integers(3, len(dense))]
    return shapely.Polygon(ring), shapely.Polygon(part)


def make_holes(random, place):
    """Return a polygon with a hole, and one with vertices on the edges of the hole."""
    ring = make_ring(random, random.integers(3, 8))
    hole = place(ring * 0.35)
    outer = shapely.Polygon(place(make_ring(random, 7) * 2.5), [hole])
    filled = put_on_edges(random, hole, random.integers(1, 3), random.random() < 0.5)
    other = shapely.Polygon(place.round(filled))
    if random.random() < 0.3:
        other = shapely.Polygon(place(make_ring(random, 5) * 1.5), [shapely.get_coordinates(other)[:-1]])
    return outer, other


def make_crossing(random, place):
    """Return two polygons that cross, some of them with vertices in common."""
    left, right = make_ring(random, random.integers(3, 12)), make_ring(random, random.integers(3, 12))
    common = min(len(left), len(right), random.integers(0, 4))
    right[:common] = left[:common]
    return shapely.Polygon(place(left)), shapely.Polygon(place(right + random.choice([0.0, 0.2])))


def make_thin(random, place):
    """Return a polygon, and the same one moved by a hair."""
    ring = make_ring(random, random.integers(3, 9))
    moved = ring + random.normal(size=ring.shape) * 10.0 ** random.integers(-14, -5)
    return shapely.Polygon(place(ring)), shapely.Polygon(place(moved))


def make_fine(random, place):
    """Return a star of many vertices, and one with vertices near its edges."""
    count = random.integers(150, 400)
    angles = np.sort(random.random(count) + np.arange(count)) * (2 * np.pi / count)
    ring = place((0.4 + 0.6 * random.random(count))[:, None] * np.column_stack([np.cos(angles), np.sin(angles)]))
    near = put_on_edges(random, ring, 2, False)
    return shapely.Polygon(ring), shapely.Polygon(
        near + random.normal(size=near.shape) * random.choice([1e-9, 1e-8, 1e-7])
    )


MAKERS = (make_inscribed, make_densified, make_halves, make_part, make_holes, make_crossing, make_thin)


class Place:
    """Puts a figure of the size 1 at a place: turned, enlarged, moved and rounded."""

    def __init__(self, random, centre, size, digits):
        angle = random.choice([0.0, random.random() * 2 * np.pi])
        self._turn = size * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        self._centre, self._digits = centre, digits

    def __call__(self, xy):
        return self.round(xy @ self._turn + self._centre)

    def round(self, xy):
        """Return coordinates rounded to the digits of the layer."""
        return xy if self._digits is None else np.round(xy, self._digits)


def make_pairs(seed, count, makers=MAKERS):
    """Return two (k,) layers of polygons with k ≤ ``count``; rows meet only the row of the same number.

    One layer has one size and one number of digits. Pairs with a polygon made invalid by rounding are left out.
    """
    random = np.random.default_rng(seed)
    corner, size, digits = (values[random.integers(len(values))] for values in (CORNERS, SIZES_M, DIGITS))
    columns = int(np.ceil(np.sqrt(count)))
    pairs = []
    for n in range(count):
        centre = np.array(corner) + size * 8 * (np.array(divmod(n, columns)) - columns / 2) + random.random(2)
        pairs.append(makers[random.integers(len(makers))](random, Place(random, centre, size, digits)))
    left, right = np.array(pairs, dtype=object).T
    valid = np.flatnonzero(shapely.is_valid(left) & shapely.is_valid(right) & (shapely.area(left) > 0))
    left, right = left[valid], right[valid]
    return (left, right) if seed % 2 else (right, left)


def compute_areas_of_pairs(left, right):
    """Return the (k,) areas that rows of the same number share, by `compute_intersection_areas`."""
    shared = compute_intersection_areas(left, right)
    assert (shared.left == shared.right).all()
    areas = np.zeros(len(left))
    areas[shared.left] = shared.area
    return areas


def compute_exact_area(left, right):
    """Return the area (m²) that two polygons share, by rational arithmetic.

    Each polygon is a sum of triangles, one for each edge, with a sign and one common corner. Triangles are convex, so
    what two of them share is found by clipping.
    """
    apex = [Fraction(float(value)) for value in shapely.get_coordinates(shapely.point_on_surface(left))[0]]
    triangles, others = (_divide_into_triangles(shape, apex) for shape in (left, right))
    meeting = zip(*np.nonzero(_mask_meeting_wedges(triangles, others)), strict=True)
    return float(
        sum(triangles[n][1] * others[m][1] * _measure_common_area(triangles[n][0], others[m][0]) for n, m in meeting)
    )


def _mask_meeting_wedges(triangles, others):
    """Return (n, m) bool: triangles with one corner in common that may share area, by their angles there."""
    (begins, widths), (other_begins, other_widths) = (
        np.array([_measure_wedge(*triangle[1:]) for triangle, _ in some]).T.reshape(2, -1)
        for some in (triangles, others)
    )
    turn, margin = 2 * np.pi, 1e-9
    after = np.mod(other_begins[None] - begins[:, None] + margin, turn)
    before = np.mod(begins[:, None] - other_begins[None] + margin, turn)
    return (after <= widths[:, None] + 2 * margin) | (before <= other_widths[None] + 2 * margin)


def _measure_wedge(first, second):
    """Return the angle at which a triangle begins, seen from its corner (0, 0), and its width there."""
    begin, end = (np.arctan2(float(y), float(x)) for x, y in (first, second))
    return begin, np.mod(end - begin, 2 * np.pi)


def _divide_into_triangles(shape, apex):
    """Return triangles from a point to each edge of a polygon, counter-clockwise, and their signs."""
    triangles = []
    shape = shapely.orient_polygons(shape)
    for ring in (shape.exterior, *shape.interiors):
        xy = [tuple(Fraction(float(v)) - a for v, a in zip(point, apex, strict=True)) for point in ring.coords]
        for begin, end in pairwise(xy):
            twice_area = begin[0] * end[1] - begin[1] * end[0]
            if twice_area:
                corners = (begin, end) if twice_area > 0 else (end, begin)
                triangles.append((((Fraction(0), Fraction(0)), *corners), 1 if twice_area > 0 else -1))
    return triangles


def _measure_common_area(triangle, other):
    """Return the area that two triangles share (Sutherland and Hodgman 1974)."""
    corners = list(triangle)
    for (x1, y1), (x2, y2) in zip(other, (*other[1:], other[0]), strict=True):
        sides = [(x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) for x, y in corners]
        clipped = []
        for n, (corner, side) in enumerate(zip(corners, sides, strict=True)):
            before, side_before = corners[n - 1], sides[n - 1]
            if side * side_before < 0:
                share = side_before / (side_before - side)
                clipped.append(tuple(a + share * (b - a) for a, b in zip(before, corner, strict=True)))
            if side >= 0:
                clipped.append(corner)
        corners = clipped
        if len(corners) < 3:
            return Fraction(0)
    return sum(a[0] * b[1] - a[1] * b[0] for a, b in pairwise([*corners, corners[0]])) / 2


def compare_pairs(seed, count, makers=MAKERS):
    """Compare the pairs of a seed with plain shapely.

    Returns the number of pairs, how many differ by more than `DIFFERENCE_M2`, and in how many of these the area of
    ``compute_intersection_areas`` and of shapely differ from the exact one by more than that.
    """
    left, right = make_pairs(seed, count, makers)
    areas, plain = compute_areas_of_pairs(left, right), shapely.area(shapely.intersection(left, right))
    differing = np.flatnonzero(np.abs(areas - plain) > DIFFERENCE_M2)
    exact = np.array([compute_exact_area(left[n], right[n]) for n in differing])
    wrong = np.abs(areas[differing] - exact) > DIFFERENCE_M2
    for n in differing[wrong]:
        print(f"seed {seed}, pair {n}: {areas[n]} m², shapely {plain[n]} m²")
    return (
        len(left),
        len(differing),
        int(wrong.sum()),
        int((np.abs(plain[differing] - exact) > DIFFERENCE_M2).sum()),
    )


if __name__ == "__main__":
    figures, next_seed = np.zeros(4, dtype=int), 0
    while figures[0] < int(sys.argv[1]):
        figures += compare_pairs(next_seed, 2000)
        next_seed += 1
        if next_seed % 20 == 0:
            print(next_seed, *figures, flush=True)
    print("pairs {}, differing {}, wrong {}, shapely wrong {}".format(*figures))
