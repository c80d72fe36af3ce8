# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of geometry queries that a second check updates where rows have changed equal those of a fresh check."""

from __future__ import annotations

import os

import numpy as np
import pytest
import shapely

from plugin.core.engine import geometry_queries
from plugin.core.engine.changed_rows import (
    HashedRows,
    match_rows,
)
from plugin.core.engine.context import RuleContext
from plugin.core.engine.input_digest import get_layer_digest
from plugin.core.engine.kept_results import KeptResults
from plugin.core.examples.plans import make_example_plan
from plugin.core.geometry import overlay as overlay_module
from plugin.core.geometry.polygons import Polygons
from plugin.core.indicators.survey_deductions import find_containing_rows
from plugin.core.indicators.townships import locate_row_centres
from tests.parametrize import first_daily

#: Roles of two layers of polygons, and of one of points.
PARCELS, ZONES, POINTS = "DLTB", "XZQXZ", "FZJZSSD"
#: Two layers of boxes: hash of a geometry → box.
BOXES = {1: (0, 0, 9, 9), 2: (9, 0, 18, 9), 3: (0, 9, 9, 18), 4: (9, 9, 18, 18), 5: (50, 50, 59, 59)}


def keep_shapes(*hashes, conversion=b"same"):
    """Return what is kept of a layer of the boxes with these hashes; hash 0 is a row without a geometry."""
    bounds = [BOXES.get(one, (np.nan,) * 4) for one in hashes]
    return HashedRows(np.array(hashes, dtype=np.uint64), np.array(bounds, dtype=float).reshape(-1, 4), conversion)


@pytest.mark.parametrize(
    ("former", "present", "former_row_of_row", "changed"),
    [
        ([1, 2, 3], [1, 2, 3], [0, 1, 2], []),
        ([1, 2, 3], [1, 4, 3], [0, -1, 2], [2, 4]),
        ([1, 2, 3], [1, 3], [0, 2], [2]),
        ([1, 3], [1, 2, 3], [0, -1, 1], [2]),
        ([1, 2], [1, 1, 2], [0, -1, 1], [1]),
        ([1, 1, 2], [1, 2], [0, 2], [1]),
        ([1, 0, 2, 0], [1, 0, 0, 2], None, None),
        ([1, 0, 2], [0, 0, 2], [1, -1, 2], [1]),
        ([], [1], [-1], [1]),
        ([1], [], [], [1]),
        ([], [], [], []),
        ([1, 2], [2, 1], None, None),
    ],
    ids=[
        "nothing", "changed", "removed", "inserted", "repeated", "repetition removed", "missing ones in another order",
        "shape removed", "first row", "last row removed", "no rows", "another order",
    ],
)  # fmt: skip
def test_rows_are_matched_by_their_geometries_and_all_others_have_changed(former, present, former_row_of_row, changed):
    match = match_rows(keep_shapes(*former), keep_shapes(*present))
    if former_row_of_row is None:
        assert match is None
        return
    assert match.former_row_of_row.tolist() == former_row_of_row
    row_of_former_row = np.full(len(former), -1)
    for row, former_row in enumerate(former_row_of_row):
        if former_row >= 0:
            row_of_former_row[former_row] = row
    assert match.row_of_former_row.tolist() == row_of_former_row.tolist()
    assert [tuple(bounds) for bounds in match.changed_bounds.tolist()] == [BOXES[one] for one in changed]
    assert match.count_changed_rows() == former_row_of_row.count(-1)


def test_rows_brought_into_the_plane_in_another_way_do_not_match():
    assert match_rows(keep_shapes(1, 2), keep_shapes(1, 2, conversion=b"another")) is None


def test_rows_selected_in_one_check_only_count_as_changed():
    match = match_rows(keep_shapes(1, 2, 3), keep_shapes(1, 2, 4, 3))
    assert match.add_changed_selection(None, None, None) is match
    bounds = keep_shapes(1, 2, 4, 3).bounds
    former_selection, selection = np.array([True, False, True]), np.array([True, True, False, True])
    selected = match.add_changed_selection(former_selection, selection, bounds)
    assert selected.former_row_of_row.tolist() == [0, -1, -1, 2] and selected.row_of_former_row.tolist() == [0, -1, 3]
    assert selected.changed_bounds.tolist() == [list(BOXES[4]), list(BOXES[2])]
    # None selects all rows.
    assert match.add_changed_selection(None, selection, None).former_row_of_row.tolist() == [0, 1, -1, 2]
    assert match.add_changed_selection(former_selection, None, None).former_row_of_row.tolist() == [0, -1, -1, 2]
    assert match.add_changed_selection(former_selection, None, None).changed_bounds.tolist() == [list(BOXES[4])]
    assert match.former_row_of_row.tolist() == [0, 1, -1, 2]


# A random county of two layers of polygons and one of points, and random edits of it.


def make_grid(chance, count, side, shift):
    """Return the cells of a grid as rings of common vertices, moved at random; a few have holes or are missing."""
    vertices = np.stack(np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij"), axis=-1) * float(side)
    vertices += shift
    is_moved = chance.random(vertices.shape[:2]) < 0.6
    vertices[is_moved] += chance.uniform(-0.2 * side, 0.2 * side, (np.count_nonzero(is_moved), 2))
    shapes = []
    for i in range(count):
        for j in range(count):
            ring = vertices[[i, i + 1, i + 1, i], [j, j, j + 1, j + 1]]
            hole = ring.mean(axis=0) + (ring - ring.mean(axis=0)) / 4
            shapes.append(shapely.Polygon(ring, [hole] if chance.random() < 0.1 else None))
    return [shape if chance.random() > 0.05 else None for shape in shapes]


def make_large_polygon(chance, centre, radius):
    """Return a polygon of more vertices than those that are overlaid whole."""
    angles = np.linspace(0, 2 * np.pi, 650, endpoint=False)
    radii = radius * (1 + 0.2 * np.sin(5 * angles) + chance.uniform(-0.01, 0.01, len(angles)))
    return shapely.Polygon(np.column_stack([np.cos(angles), np.sin(angles)]) * radii[:, None] + centre)


def make_random_layers(chance):
    """Return the shapes of parcels, zones and points."""
    parcels = make_grid(chance, 11, 20.0, 0.0)
    zones = make_grid(chance, 7, 30.0, chance.uniform(-5, 20, 2))
    # Copies of parcels, a multipolygon, a large polygon, slivers of 0.5 mm to 5 mm, and a copy of the large polygon.
    zones += [parcels[int(n)] for n in chance.integers(0, len(parcels), 4)]
    present = [one for one in parcels if one is not None]
    zones.append(shapely.MultiPolygon([present[0], present[-1]]))
    large = make_large_polygon(chance, chance.uniform(60, 160, 2), 35.0)
    zones += [large, *(shapely.box(x, 0, x + 5e-4 * 10 ** chance.random(), 70) for x in chance.uniform(0, 220, 2))]
    if chance.random() < 0.5:
        parcels.insert(int(chance.integers(len(parcels))), large)
    points = [shapely.Point(*xy) for xy in chance.uniform(0, 220, (40, 2))]
    return {PARCELS: parcels, ZONES: zones, POINTS: points}


def edit_at_random(chance, shapes):
    """Return the shapes of a layer with one of them changed, removed, inserted, repeated or exchanged."""
    shapes, row = list(shapes), int(chance.integers(len(shapes)))
    kind, shape = chance.choice(["vertex", "move", "remove", "insert", "repeat", "shape", "exchange"]), shapes[row]
    if kind == "remove":
        del shapes[row]
    elif kind == "insert":
        x, y = chance.uniform(0, 200, 2)
        is_point = shape is not None and shape.geom_type == "Point"
        shapes.insert(row, shapely.Point(x, y) if is_point else shapely.box(x, y, x + 15, y + 25))
    elif kind == "repeat":
        shapes.insert(int(chance.integers(len(shapes))), shape)
    elif kind == "shape":
        shapes[row] = None
    elif kind == "exchange" and chance.random() < 0.2:
        shapes[row - 1], shapes[row] = shapes[row], shapes[row - 1]
    elif shape is not None:
        shift = chance.normal(0.0, chance.choice([1e-3, 3.0]), 2)
        moved = slice(1, 2) if kind == "vertex" and shape.geom_type != "Point" else slice(None)

        def move(xy):
            xy[moved] += shift
            return xy

        shapes[row] = shapely.transform(shape, move)
    return shapes


class Selections:
    """Selections of rows by a random value of each geometry, so that unchanged rows mostly stay selected."""

    def __init__(self, chance):
        self.shares = {PARCELS: 1.0, ZONES: 1.0}
        self._chance = chance

    def change(self):
        """Select other rows of one layer."""
        self.shares[PARCELS if self._chance.random() < 0.5 else ZONES] = float(self._chance.choice([0.8, 0.85, 1.0]))

    def select(self, layer):
        """Return (n,) bool."""
        share = np.nan_to_num(layer.plane_areas * 7919.0 % 1.0)
        return share <= self.shares[layer.role]


def make_context(layers, kept_results):
    """Return what a rule of a check receives of a new plan of these layers."""
    plan = make_example_plan(
        {role: [shape and {"wkt": shape.wkt} for shape in shapes] for role, shapes in layers.items()}
    )
    for layer in plan.layers.values():
        # As at the start of a check with a memory.
        get_layer_digest(layer)
    context = RuleContext(plan, plan.norm, plan.norm.make_tolerance())
    context.geometry.kept_results = kept_results
    return context


def run_queries(context, selections):
    """Return the results of all queries by name, and the slivers that they logged."""
    queries = context.geometry
    parcels, zones, points = (queries.plan.layers[role] for role in (PARCELS, ZONES, POINTS))
    parcel_rows, zone_rows = selections.select(parcels), selections.select(zones)
    outline = Polygons(np.array([shapely.box(*shapely.total_bounds(zones.plane_shapes[:40])).buffer(-5.0)]))
    results = {
        "within parcels": queries.find_shared_pieces(parcels),
        "within selected zones": queries.find_shared_pieces(zones, left_rows=zone_rows, splits_connected=True),
        "parcels and zones": queries.find_shared_pieces(parcels, zones),
        "zones and parcels": queries.find_shared_pieces(zones, parcels, splits_connected=True, keep_slivers=True),
        "selected parcels and zones": queries.find_shared_pieces(
            parcels, zones, left_rows=parcel_rows, right_rows=zone_rows
        ),
        "uncovered parcels": queries.find_uncovered_pieces(parcels, zones),
        "uncovered zones": queries.find_uncovered_pieces(zones, parcels, keep_slivers=True),
        "uncovered selected zones": queries.find_uncovered_pieces(
            zones, parcels, rows=zone_rows, cover_rows=parcel_rows
        ),
        "outside the outline": queries.find_uncovered_pieces(parcels, zones, outline),
        "candidates": queries.find_uncovered_candidates(parcels, zones),
        "containing rows": find_containing_rows(parcels, zones, context),
        "zones of points": find_containing_rows(points, zones, context),
        "zones at centres": locate_row_centres(parcels, context)[0],
    }
    return results, [one.slivers for one in queries.run_log.ignored_slivers]


def assert_equal_pieces(pieces, expected, name):
    """Compare pieces, whose vertices may begin elsewhere in a ring."""
    assert pieces.left.tolist() == expected.left.tolist(), name
    assert pieces.right.tolist() == expected.right.tolist(), name
    assert pieces.area == pytest.approx(expected.area, rel=1e-9), name
    assert pieces.width == pytest.approx(expected.width, rel=1e-9), name
    assert_equal_shapes(pieces.geometry, expected.geometry, name)
    assert_equal_slivers(pieces.slivers, expected.slivers, name)


def assert_equal_slivers(slivers, expected, name):
    assert slivers.left_row.tolist() == expected.left_row.tolist(), name
    assert slivers.right_row.tolist() == expected.right_row.tolist(), name
    assert_equal_shapes(slivers.polygons, expected.polygons, name)


def assert_equal_shapes(shapes, expected, name):
    pairs = zip(shapely.normalize(shapes), shapely.normalize(expected), strict=True)
    assert all(shapely.equals_exact(one, other, 1e-9) for one, other in pairs), name


def count_overlaid_rows(monkeypatch):
    """Return a list to which each overlay of a query adds the number of rows that its layers have."""
    counts = []
    for name in ("find_shared_pieces", "find_uncovered_pieces"):
        overlay = getattr(geometry_queries, name)

        def record(left, right=None, overlay=overlay, **others):
            counts.append(len(left) + (0 if right is None else len(right)))
            return overlay(left, right, **others) if right is not None else overlay(left, **others)

        monkeypatch.setattr(geometry_queries, name, record)
    return counts


@pytest.mark.parametrize("seed", first_daily(range(int(os.environ.get("SANXIAN_MEMORY_SEEDS", "3")))))
def test_queries_after_random_edits_have_the_results_of_queries_without_kept_ones(seed, monkeypatch):
    chance, kept_results = np.random.default_rng(seed), KeptResults()
    if seed % 2:
        # As for fine covers: a few rows are compared with them through windows.
        monkeypatch.setattr(overlay_module, "_MIN_VERTICES_FOR_WINDOWS", 0)
        monkeypatch.setattr(overlay_module, "VERTICES_PER_OVERLAY", 1)
    layers, selections = make_random_layers(chance), Selections(chance)
    counts = count_overlaid_rows(monkeypatch)
    updated_counts, computed_counts = [], []
    for number in range(6):
        context = make_context(layers, kept_results)
        counts.clear()
        results, slivers = run_queries(context, selections)
        updated_counts.append(sum(counts))
        kept_results.keep_hashed_rows(context.plan.layers.values())
        counts.clear()
        expected_results, expected_slivers = run_queries(make_context(layers, None), selections)
        computed_counts.append(sum(counts))
        for name, expected in expected_results.items():
            if isinstance(expected, np.ndarray):
                assert results[name].tolist() == expected.tolist(), (name, number)
            else:
                assert_equal_pieces(results[name], expected, (name, number))
        for one, other in zip(slivers, expected_slivers, strict=True):
            assert_equal_slivers(one, other, number)
        for _ in range(int(chance.integers(1, 4))):
            role = str(chance.choice([PARCELS, ZONES, POINTS]))
            layers = {**layers, role: edit_at_random(chance, layers[role])}
        if chance.random() < 0.3:
            selections.change()
    # Checks after the first one do not overlay all rows.
    assert sum(updated_counts[1:]) < 0.8 * sum(computed_counts[1:])


@pytest.mark.parametrize("rows", [[], [None] * 4], ids=["no rows", "no shapes"])
@pytest.mark.parametrize("role", [PARCELS, ZONES])
def test_queries_of_a_layer_that_lost_its_shapes_have_the_results_of_queries_without_kept_ones(role, rows):
    kept_results = KeptResults()
    layers = {PARCELS: [shapely.box(0, 0, 9, 9)] * 4, ZONES: [shapely.box(0, 0, 5, 9), shapely.box(5, 0, 9, 9)]}
    for _ in range(2):
        context, fresh_context = make_context(layers, kept_results), make_context(layers, None)
        results, expected_results = (
            (
                one.geometry.find_shared_pieces(parcels, zones),
                one.geometry.find_shared_pieces(parcels),
                one.geometry.find_uncovered_pieces(parcels, zones),
                one.geometry.find_uncovered_pieces(zones, parcels),
            )
            for one in (context, fresh_context)
            for parcels, zones in [[one.plan.layers[name] for name in (PARCELS, ZONES)]]
        )
        for number, (pieces, expected) in enumerate(zip(results, expected_results, strict=True)):
            assert_equal_pieces(pieces, expected, number)
        kept_results.keep_hashed_rows(context.plan.layers.values())
        layers[role] = rows


def test_empty_cover_in_place_of_that_of_a_layer_covers_nothing():
    layers = {PARCELS: [shapely.box(0, 0, 9, 9)], ZONES: [shapely.box(0, 0, 9, 9)]}
    parcels, zones = (make_context(layers, None).plan.layers[role] for role in (PARCELS, ZONES))
    queries = make_context(layers, None).geometry
    assert len(queries.find_uncovered_pieces(parcels, zones)) == 0
    empty_cover = Polygons(np.zeros(0, dtype=object))
    assert queries.find_uncovered_pieces(parcels, zones, empty_cover).area.tolist() == [81.0]


def test_pieces_found_by_the_method_for_a_former_cover_are_not_kept_for_one_that_needs_another(monkeypatch):
    """A polygon that touches its cover keeps its first vertex only if boundaries decide that it is uncovered."""
    zones = [shapely.box(x, 0, x + 10, 10) for x in range(0, 100, 10)]
    layers = {PARCELS: [shapely.box(-10, 0, 0, 10), shapely.box(100, 0, 110, 10)], ZONES: zones}
    # The second cover has more vertices than are compared for ten zones.
    monkeypatch.setattr(overlay_module, "VERTICES_PER_OVERLAY", 1)
    edited_layers = {**layers, PARCELS: [*layers[PARCELS], shapely.box(300, 0, 310, 10)]}
    kept_results = KeptResults()
    for later_layers in (layers, edited_layers):
        pieces, expected = (
            context.geometry.find_uncovered_pieces(context.plan.layers[ZONES], context.plan.layers[PARCELS])
            for context in (make_context(later_layers, kept_results), make_context(later_layers, None))
        )
        assert [one.wkt for one in pieces.geometry] == [one.wkt for one in expected.geometry]
        kept_results.keep_hashed_rows(make_context(later_layers, None).plan.layers.values())


def test_pieces_below_a_whole_cover_are_not_updated_through_windows_for_a_selection_of_it(monkeypatch):
    monkeypatch.setattr(overlay_module, "_MIN_VERTICES_FOR_WINDOWS", 0)
    monkeypatch.setattr(overlay_module, "VERTICES_PER_OVERLAY", 1)
    cells = [shapely.box(x, y, x + 10, y + 10) for x in range(0, 100, 10) for y in range(0, 100, 10)]
    context = make_context({PARCELS: cells, ZONES: [shapely.box(0, 0, 50, 100), shapely.box(50, 0, 100, 100)]}, None)
    parcels, zones = (context.plan.layers[role] for role in (PARCELS, ZONES))
    context.geometry.kept_results = KeptResults()
    assert len(context.geometry.find_uncovered_pieces(zones, parcels)) == 0
    is_cover = np.arange(100) >= 7
    assert context.geometry.find_uncovered_pieces(zones, parcels, cover_rows=is_cover).area.sum() == 700.0
