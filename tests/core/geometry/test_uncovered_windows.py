# SPDX-License-Identifier: GPL-2.0-or-later
"""Large polygons under a fine cover: land that windows around edges find, compared with differences of shapely."""

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, strategies as st

from plugin.core.geometry import overlay, polygons
from plugin.core.geometry.cover_subtraction import find_windows_of_rows
from plugin.core.geometry.overlay import find_uncovered_pieces
from plugin.core.geometry.polygons import ClipCache, ClippedPolygons, Polygons
from plugin.core.geometry.tolerance import Tolerance

TOLERANCE = Tolerance(cluster_m=0.0001, edge_match_m=0.0, min_area_m2=0.0, min_width_m=0.0)
#: Cells of the cover in each direction, and the width of a cell (m).
SIZE, CELL_M = 24, 10.0
#: Below this area, rounding of GEOS decides whether a part exists.
NOISE_M2 = 1e-6
#: Corner of the grid, at the coordinates of a county.
CORNER = np.array([38_450_000.0, 4_380_000.0])


@pytest.fixture(autouse=True)
def use_windows_for_small_covers(monkeypatch):
    """Let covers of few vertices be compared in windows too."""
    monkeypatch.setattr(overlay, "_MIN_VERTICES_FOR_WINDOWS", 0)


def make_vertices():
    """Return the (SIZE + 1, SIZE + 1, 2) vertices of an irregular grid."""
    shift = np.random.default_rng(7).uniform(-3.0, 3.0, (SIZE + 1, SIZE + 1, 2))
    columns, rows = np.meshgrid(np.arange(SIZE + 1), np.arange(SIZE + 1), indexing="ij")
    return np.round(CORNER + CELL_M * np.stack([columns, rows], axis=2) + shift, 3)


def make_block(vertices, columns, rows):
    """Return the polygon of a block of cells, with a vertex at the corner of every cell on its edge."""
    (first_column, last_column), (first_row, last_row) = columns, rows
    ring = [
        *vertices[first_column:last_column, first_row],
        *vertices[last_column, first_row:last_row],
        *vertices[last_column:first_column:-1, last_row],
        *vertices[first_column, last_row:first_row:-1],
    ]
    return shapely.Polygon(ring)


def make_cells(vertices):
    """Return the (SIZE²,) cells."""
    cells = [make_block(vertices, (i, i + 1), (j, j + 1)) for i in range(SIZE) for j in range(SIZE)]
    return np.array(cells, dtype=object)


VERTICES = make_vertices()
CELLS = make_cells(VERTICES)
HALF = SIZE // 2
#: The whole, two halves with a common edge, a block that overlaps both, and one beyond the cells' corner.
OUTLINES = np.array(
    [
        make_block(VERTICES, (0, SIZE), (0, SIZE)),
        make_block(VERTICES, (0, HALF), (0, SIZE)),
        make_block(VERTICES, (HALF, SIZE), (0, SIZE)),
        make_block(VERTICES, (5, 20), (4, 19)),
        shapely.box(*(CORNER - 40), *(CORNER + 33)),
    ],
    dtype=object,
)


@st.composite
def draw_defective_cells(draw):
    """Draw the cells with some missing, grown, shrunk, moved, doubled or without a vertex."""
    cells = CELLS.copy()
    count = st.lists(st.integers(0, SIZE**2 - 1), max_size=5)
    for n in draw(count):
        cells[n] = None
    for change in (0.4, -0.4, -5e-5):
        for n in draw(count):
            cells[n] = None if cells[n] is None else shapely.buffer(cells[n], change, join_style="mitre")
    for n in draw(count):
        cells[n] = None if cells[n] is None else shapely.affinity.translate(cells[n], 0.37, -0.21)
    for n in draw(count):
        cells[n] = None if cells[n] is None else shapely.Polygon(shapely.get_coordinates(cells[n])[:3])
    return np.append(cells, cells[draw(count)])


def sum_uncovered_land(shapes, cover):
    """Return the number of uncovered pieces above the noise and the uncovered area (m²) of each polygon."""
    pieces = find_uncovered_pieces(shapes, cover, tolerance=TOLERANCE)
    is_real = pieces.area > NOISE_M2
    count = np.bincount(pieces.left[is_real], minlength=len(shapes))
    return count, np.bincount(pieces.left, weights=pieces.area, minlength=len(shapes))


def sum_uncovered_land_by_shapely(shapes, cover):
    """Return the same as `sum_uncovered_land`, from one difference for each polygon; hairs connect no parts."""
    moved_cover = shapely.transform(cover[~shapely.is_missing(cover)], lambda xy: xy - CORNER)
    moved_shapes = shapely.transform(shapes, lambda xy: xy - CORNER)
    remainders = shapely.difference(moved_shapes, shapely.union_all(moved_cover))
    parts, owner = shapely.get_parts(remainders, return_index=True)
    parts, owner = parts[shapely.area(parts) > NOISE_M2], owner[shapely.area(parts) > NOISE_M2]
    cores, part = shapely.get_parts(
        shapely.buffer(parts, -TOLERANCE.cluster_m / 2, join_style="mitre"), return_index=True
    )
    core_count = np.bincount(part[shapely.area(cores) > NOISE_M2], minlength=len(parts))
    return np.bincount(owner, np.maximum(core_count, 1), minlength=len(shapes)), shapely.area(remainders)


def test_gap_that_touches_covered_land_in_a_vertex_is_found():
    cover = CELLS.copy()
    cover[551] = shapely.affinity.translate(cover[551], 0.37, -0.21)
    count, area = sum_uncovered_land(OUTLINES, cover)
    assert count.tolist() == [1, 0, 1, 0, 1]
    assert np.abs(area - sum_uncovered_land_by_shapely(OUTLINES, cover)[1]).max() < 1e-4


@pytest.fixture(params=[polygons.MAX_UNCLIPPED_VERTICES, 3], ids=["whole", "clipped"])
def vertices_before_clipping(monkeypatch, request):
    """Let polygons of more vertices be clipped to windows: no polygon here, or every polygon."""
    monkeypatch.setattr(polygons, "MAX_UNCLIPPED_VERTICES", request.param)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("vertices_before_clipping")
@given(draw_defective_cells())
def test_land_found_in_windows_equals_the_difference_of_polygon_and_union(cover):
    count, area = sum_uncovered_land(OUTLINES, cover)
    expected_count, expected_area = sum_uncovered_land_by_shapely(OUTLINES, cover)
    assert count.tolist() == expected_count.tolist()
    assert np.abs(area - expected_area).max() < 1e-4


def test_polygon_that_its_cover_tiles_has_windows_only_where_outer_edges_touch_it():
    windows = find_windows_of_rows(Polygons(OUTLINES), np.arange(3), Polygons(CELLS))
    # The outer edge of the cover goes on at both ends of the common edge of the halves.
    assert [len(w.bounds) for w in windows] == [0, 2, 2]
    assert max(np.ptp(w.bounds[:, [0, 2]], axis=1).max() for w in windows[1:]) < 2 * CELL_M


def test_polygon_with_other_edges_than_its_cover_has_no_windows():
    other = np.array([shapely.box(*(CORNER + 7.5), *(CORNER + 200.3))], dtype=object)
    assert find_windows_of_rows(Polygons(other), np.arange(1), Polygons(CELLS)) == [None]


def test_clip_does_not_depend_on_the_clips_that_were_made_before():
    """A second check clips for few rows only, and must have the same vertices as a check of all rows."""
    angles = np.linspace(0.0, 2 * np.pi, 2000, endpoint=False)
    radii = 5000.0 + np.random.default_rng(3).uniform(-300.0, 300.0, len(angles))
    ring = CORNER + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    shapes = np.array([shapely.Polygon(ring)], dtype=object)
    boxes = [
        np.array([*xy, *(xy + width)]) for xy, width in zip(ring[::70] - 9.0, [20.0, 70.0, 300.0] * 9, strict=False)
    ]
    former, shared = ClippedPolygons(shapes), ClippedPolygons(shapes, ClipCache())
    for bounds in boxes:
        clip = ClippedPolygons(shapes).clip_around(0, bounds)
        box = shapely.box(*bounds)
        assert (clip & box).area == pytest.approx((shapes[0] & box).area, abs=1e-6)
        assert shapely.get_num_coordinates(clip) < 2000
        assert shapely.equals_identical(former.clip_around(0, bounds), clip)
        assert shapely.equals_identical(shared.clip_around(0, bounds), clip)
