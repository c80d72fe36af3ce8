# SPDX-License-Identifier: GPL-2.0-or-later
"""Choices of boundaries against the enumeration of all subsets, judged by shapely on the union of the cells."""

import itertools
import random
from dataclasses import dataclass, replace

import numpy as np
import pytest
import shapely

from plugin.core.base.choices import BOUNDARY_PREFERENCES
from plugin.core.base.errors import Cancellation, Cancelled
from plugin.core.studies.proposals import choose_boundary as flow, mixed_integer_solver as solver
from plugin.core.studies.proposals.boundary_model import (
    COMPACTNESS,
    ORDER,
    PREFERENCE,
    RETREAT,
    TAKEN_IN,
    AreaLimit,
    BoundaryCells,
    BoundaryModel,
    BoundaryRules,
)
from plugin.core.studies.proposals.choose_boundary import PREFERENCE_SLACK, choose_boundary
from plugin.core.studies.proposals.mixed_integer_solver import SolverLimits

#: No gap is accepted, so that values equal those of the enumeration.
EXACT = {"seconds": 60.0, "gap": 0.0}
#: Values nearer than this are equal (m², m).
SAME = 0.01


@dataclass
class Town:
    """A random boundary in a grid of uneven lines with up to 12 cells: model and shapes."""

    model: BoundaryModel
    shapes: np.ndarray

    def unite(self, inside):
        return shapely.union_all(self.shapes[inside])


def make_town(seed, **changes):
    rng = random.Random(seed)
    xs, ys = ([0, *itertools.accumulate(rng.randint(40, 120) for _ in range(count))] for count in (4, 3))
    boxes = [shapely.box(xs[i], ys[j], xs[i + 1], ys[j + 1]) for i in range(4) for j in range(3)]
    shapes = np.array(sorted(rng.sample(boxes, rng.randint(8, 12)), key=lambda one: one.wkb))
    count, is_swap = len(shapes), rng.random() < 0.4
    pairs = [
        (i, j, shapely.intersection(a, b).length)
        for (i, a), (j, b) in itertools.combinations(enumerate(shapes), 2)
        if shapely.intersection(a, b).length > 0
    ]
    left, right, shared = (np.array(column) for column in zip(*pairs, strict=True))
    inner = np.bincount(left, shared, count) + np.bincount(right, shared, count)
    area = np.round(shapely.area(shapes) * rng.uniform(0.98, 1.0), 2)
    is_inside = np.array([not is_swap or rng.random() < 0.75 for _ in range(count)])
    cells = BoundaryCells(
        area_m2=area,
        weight=np.array([rng.choice([0.5, 0.8, 1.0]) for _ in range(count)]),
        is_inside=is_inside,
        must_leave=np.array([rng.random() < 0.15 for _ in range(count)]) & is_inside,
        must_stay=np.array([rng.random() < 0.15 for _ in range(count)]) & is_inside,
        parcel=np.array([rng.randint(0, 4) for _ in range(count)]),
        outer_m=shapely.length(shapes) - inner,
        left=left,
        right=right,
        shared_m=shared,
    )
    total = float(area[is_inside].sum())
    half = np.where(np.arange(count) % 2, area, 0.0)
    limits = [
        AreaLimit("area", area, round(total * rng.uniform(0.6, 1.05), 2)),
        AreaLimit("township:甲镇", half, round(float(half.sum()) * rng.uniform(0.5, 1.1), 2)),
    ]
    rules = BoundaryRules(
        rng.choice(BOUNDARY_PREFERENCES),
        is_swap,
        rng.choice([0.0, 6_000.0, 12_000.0]),
        rng.choice([None, None, 0.0, 0.1]),
    )
    necks = make_corner_finder(shapes, is_inside) if rng.random() < 0.5 else lambda _: ()
    model = BoundaryModel(cells, limits, BoundaryRules(**{**vars(rules), **changes}), necks)
    return Town(model, shapes)


def make_corner_finder(shapes, is_inside):
    """Return a finder of necks: new corners where two cells meet and no others."""
    corners = shapely.points(np.unique(shapely.get_coordinates(shapes), axis=0))
    around = [np.flatnonzero(shapely.intersects(shapes, corner)) for corner in corners]

    def is_neck(inside, near):
        both = shapes[near[inside[near]]]
        return len(both) == 2 and shapely.intersection(*both).length == 0

    return lambda inside: [near for near in around if is_neck(inside, near) and not is_neck(is_inside, near)]


def measure_outline(town, inside):
    return shapely.boundary(town.unite(inside)).length


def measure_compactness(town, inside):
    return measure_outline(town, inside) / np.sqrt(town.model.cells.area_m2[inside].sum())


def list_small_parts(town, inside):
    """Yield (kind, cells) below the least area: parts of the union, and enclosed parts of what is around it."""
    parts = shapely.get_parts(town.unite(inside))
    frame = shapely.box(-100, -100, 1000, 1000)
    around = shapely.get_parts(shapely.difference(frame, shapely.union_all(parts)))
    # A corner joins no land: a hole that touches the outside at corners only is a hole.
    holes = [one for one in around if not shapely.intersects(one, frame.boundary)]
    points = shapely.point_on_surface(town.shapes)
    for kind, places in (("part", parts), ("hole", holes)):
        for place in places:
            cells = np.flatnonzero(shapely.contains(place, points) & (inside if kind == "part" else ~inside))
            if town.model.cells.area_m2[cells].sum() < town.model.rules.min_part_m2:
                yield kind, set(cells.tolist())


def is_allowed(town, inside):
    """Return True if a subset keeps all constraints, judged by shapes."""
    model, cells = town.model, town.model.cells
    if (
        (inside & model.leaves).any()
        or (model.stays & ~inside).any()
        or (inside & ~cells.is_inside).any() > (model.rules.is_swap)
    ):
        return False
    if any(float(one.coefficients[inside].sum()) > one.upper + 0.005 for one in model.limits):
        return False
    old = list(list_small_parts(town, cells.is_inside))
    old_islands = set().union(*(part for kind, part in old if kind == "part"))
    old_holes = set().union(*(part for kind, part in old if kind == "hole")) | set(np.flatnonzero(model.leaves))
    for kind, part in list_small_parts(town, inside):
        if kind == "part" and not part <= old_islands and not model.stays[list(part)].any():
            return False
        if kind == "hole" and not part <= old_holes:
            return False
    if model.neck_finder(inside):
        return False
    if model.rules.outline_growth is None or not inside.any():
        return True
    former = [one for one in (cells.is_inside, cells.is_inside & ~model.leaves) if one.any()]
    limit = max(measure_compactness(town, one) for one in former)
    return measure_compactness(town, inside) <= (1 + model.rules.outline_growth) * limit + 1e-5


def measure(town, inside, stage):
    cells = town.model.cells
    changed = inside != cells.is_inside
    if stage == RETREAT:
        return float((cells.weight * cells.area_m2)[cells.is_inside & ~inside].sum())
    if stage == TAKEN_IN:
        return -float(cells.area_m2[inside & ~cells.is_inside].sum())
    if stage == ORDER:
        return float(np.flatnonzero(changed).sum() + changed.sum())
    if town.model.rules.preference == "compact":
        return measure_outline(town, inside)
    return float(len({int(one) for one in cells.parcel[changed & ~town.model.leaves]}))


def enumerate_best(town):
    """Return values of the stages and the best subset; None without an allowed one."""
    model = town.model
    subsets = (np.array(one) for one in itertools.product([False, True], repeat=len(model.cells)))
    allowed = [one for one in subsets if is_allowed(town, one)]
    if not allowed:
        return None
    preference, values, kept = model.rules.preference, {}, {RETREAT: 0.0}
    for stage in (
        *([RETREAT, TAKEN_IN] if model.rules.is_swap else [RETREAT]),
        *([PREFERENCE] if preference != "area" else []),
        ORDER,
    ):
        if stage == PREFERENCE:
            kept[RETREAT] = PREFERENCE_SLACK[preference]
        left = [one for one in allowed if all(_keeps(town, one, done, values[done], kept) for done in values)]
        values[stage] = min(measure(town, one, stage) for one in left)
    return values, next(one for one in left if measure(town, one, ORDER) <= values[ORDER] + SAME)


def _keeps(town, inside, stage, value, kept):
    return measure(town, inside, stage) <= value + kept.get(stage, 0.0) * abs(value) + SAME


def test_choices_equal_the_best_of_all_subsets(monkeypatch):
    # With three variables the first kernel holds, most cells are fixed by their prices.
    monkeypatch.setattr(solver, "_KERNEL_SIZE", 3)
    results = [check_town(seed) for seed in range(20)]
    # The towns show solutions with and without cuts, and contradictions.
    assert {*results} == {"infeasible", "cut", "solved"}


@pytest.mark.exhaustive
@pytest.mark.parametrize("first", range(20, 320, 50))
def test_many_choices_equal_the_best_of_all_subsets(monkeypatch, first):
    for seed in range(first, first + 50):
        monkeypatch.setattr(solver, "_KERNEL_SIZE", 100 if seed % 2 else 3)
        check_town(seed)


def check_town(seed):
    town = make_town(seed)
    choice, best = choose_boundary(town.model, SolverLimits(**EXACT)), enumerate_best(town)
    if best is None:
        assert choice.inside is None and not choice.unfinished and choice.contradiction
        return "infeasible"
    values, subset = best
    assert choice.inside is not None, choice.contradiction
    final = {stage: measure(town, choice.inside, stage) for stage in values if stage != ORDER}
    assert is_allowed(town, choice.inside)
    assert choice.inside.tolist() == subset.tolist() or final == pytest.approx(
        {stage: measure(town, subset, stage) for stage in final}, abs=SAME
    )
    assert choice.stages[RETREAT].value == pytest.approx(values[RETREAT], abs=SAME)
    assert town.model.compute_divisible_retreat() <= values[RETREAT] + SAME or town.model.rules.is_swap
    return "cut" if choice.cut_count else "solved"


def make_row_of_cells(count=4, **changes):
    """Return a model of cells of 100 m × 100 m in a row, all inside; all but 10 000 m² may stay."""
    values = {
        "area_m2": np.full(count, 10_000.0),
        "weight": np.ones(count),
        "is_inside": np.ones(count, dtype=bool),
        "must_leave": np.zeros(count, dtype=bool),
        "must_stay": np.zeros(count, dtype=bool),
        "parcel": np.arange(count),
        "outer_m": np.array([300.0, *[200.0] * (count - 2), 300.0]),
        "left": np.arange(count - 1),
        "right": np.arange(1, count),
        "shared_m": np.full(count - 1, 100.0),
    }
    cells = BoundaryCells(**{**values, **{name: one for name, one in changes.items() if name in values}})
    rules = BoundaryRules("area", False, changes.get("min_part_m2", 0.0), changes.get("growth"))
    return BoundaryModel(
        cells, [AreaLimit("area", cells.area_m2, 10_000.0 * (count - 1))], rules, changes.get("necks", lambda _: ())
    )


def test_a_stage_that_finds_nothing_keeps_the_last_choice():
    def solve(arrays, options):
        is_preference = arrays["cost"][model.first_parcel : -1].any()
        return solver.MilpResult(1, None) if is_preference else solver.run_milp(arrays, options)

    model = make_row_of_cells(weight=np.array([1.0, 0.6, 0.8, 1.0]))
    model.rules = replace(model.rules, preference="parcels")
    choice = choose_boundary(model, SolverLimits(solver=solve))
    assert choice.inside.tolist() == [True, False, True, True] and choice.is_stopped
    assert choice.stages[PREFERENCE].value == 1.0 and choice.stages[ORDER].state is solver.StageState.OPTIMAL


def test_weights_decide_which_land_is_given_back():
    choice = choose_boundary(make_row_of_cells(weight=np.array([1.0, 0.6, 0.8, 1.0])), SolverLimits())
    assert choice.inside.tolist() == [True, False, True, True] and choice.stages[RETREAT].value == 6_000.0


@pytest.mark.parametrize(
    ("changes", "given_back", "retreat_m2"),
    [({}, 1, 6_000.0), ({"min_part_m2": 11_000.0}, 2, 8_000.0), ({"growth": 0.0}, 0, 10_000.0)],
    ids=["area", "no small part", "no longer outline"],
)
def test_worked_example_of_the_manual(changes, given_back, retreat_m2):
    model = make_row_of_cells(5, weight=np.array([1.0, 0.6, 0.8, 1.0, 1.0]), **changes)
    choice = choose_boundary(model, SolverLimits())
    assert np.flatnonzero(~choice.inside).tolist() == [given_back]
    assert choice.stages[RETREAT].value == pytest.approx(retreat_m2)


def test_an_island_below_the_least_area_is_given_back_or_avoided():
    """Without the second cell the first is an island of 1 ha; the third and fourth cost less than two cells."""
    model = make_row_of_cells(weight=np.array([1.0, 0.6, 0.8, 1.0]), min_part_m2=10_001.0)
    choice = choose_boundary(model, SolverLimits())
    assert choice.inside.tolist() == [False, True, True, True] and choice.cut_count > 0


def test_built_land_on_an_island_stays_and_is_listed():
    must_leave, must_stay = np.array([0, 1, 0, 0], bool), np.array([1, 0, 0, 0], bool)
    model = make_row_of_cells(must_leave=must_leave, must_stay=must_stay, min_part_m2=10_001.0)
    choice = choose_boundary(model, SolverLimits())
    assert choice.inside.tolist() == [True, False, True, True]
    assert [one.tolist() for one in model.list_islands(choice.inside)] == [[0]]


def test_a_neck_is_avoided_and_named_where_no_time_is_left():
    def list_necks(inside):
        return [np.array([0, 1])] if inside.tolist() == [False, True, True, True] else []

    model = make_row_of_cells(weight=np.array([0.5, 1.0, 1.0, 0.7]), necks=list_necks)
    choice = choose_boundary(model, SolverLimits())
    assert choice.inside.tolist() == [True, True, True, False]
    always = make_row_of_cells(necks=lambda inside: [np.array([0, 1])])
    stopped = choose_boundary(always, SolverLimits(seconds=0.5))
    assert stopped.inside is None or stopped.inside.sum() < 3
    greedy = flow.choose_greedily(model)
    assert greedy.inside.tolist() == [False, True, True, True] and greedy.unmet == ("neck",)


def test_all_that_must_stay_contradicts_the_limit():
    choice = choose_boundary(make_row_of_cells(must_stay=np.ones(4, dtype=bool)), SolverLimits())
    assert choice.inside is None and choice.contradiction == ("area", "stay")


def test_a_less_compact_boundary_is_not_proposed():
    """4 ha in a row with an outline of 1 000 m: 3 ha may have 866 m, and 800 m are needed; a hole costs more."""
    weight = np.array([1.0, 0.1, 1.0, 1.0])
    choice = choose_boundary(make_row_of_cells(weight=weight, growth=0.0), SolverLimits())
    assert choice.inside.sum() == 3 and choice.inside.tolist() != [True, False, True, True]
    assert COMPACTNESS in {
        row.group for row in [make_row_of_cells(growth=0.0).make_compactness_cut(np.array([True, False, True, True]))]
    }


def test_a_cancelled_choice_ends_at_once():
    cancellation = Cancellation(lambda: True)
    with pytest.raises(Cancelled):
        choose_boundary(make_row_of_cells(), SolverLimits(cancellation=cancellation))


def test_the_greedy_choice_keeps_limits_and_states_its_bound(monkeypatch):
    monkeypatch.setattr(flow, "find_scipy_version", lambda: None)
    model = make_row_of_cells(weight=np.array([1.0, 0.6, 0.8, 1.0]))
    choice = choose_boundary(model, SolverLimits())
    assert choice.inside.sum() == 3 and not choice.unmet
    assert (choice.stages[RETREAT].value, choice.stages[RETREAT].bound) == (6_000.0, 6_000.0)
