# SPDX-License-Identifier: GPL-2.0-or-later
"""Choices of supplements against the enumeration of all subsets, judged by shapely on unions of shapes."""

import itertools
import random
import sys

import numpy as np
import pytest
import shapely

from plugin.core.base.choices import SUPPLEMENT_PREFERENCES
from plugin.core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled, InputError
from plugin.core.studies.proposals import choose_supplement as flow, mixed_integer_solver as solver, solver_process
from plugin.core.studies.proposals.choose_supplement import choose_supplement
from plugin.core.studies.proposals.mixed_integer_program import LinearRow, MixedIntegerProgram
from plugin.core.studies.proposals.mixed_integer_solver import SolverLimits, StageState
from plugin.core.studies.proposals.solver_process import SolverProcess, open_solver
from plugin.core.studies.proposals.supplement_model import (
    SupplementCandidates,
    SupplementDemand,
    SupplementModel,
    SupplementRules,
)

WORST = {"yield_grade": 15.0, "quality_grade": 10.0, "slope_class": 5.0}
TOWNS = ("甲镇", "乙镇", "丙镇")
#: No gap is accepted, so that values equal those of the enumeration.
EXACT = {"seconds": 60.0, "gap": 0.0}
#: Values nearer than this are equal (m², m or m³).
SAME = 0.01


def make_county(seed):
    """Return shapes, farmland, candidates, demand of a random county of up to 12 fields in a grid of uneven lines."""
    rng = random.Random(seed)
    xs, ys = ([0, *itertools.accumulate(rng.randint(20, 90) for _ in range(count))] for count in (4, 3))
    cells = [shapely.box(xs[i], ys[j], xs[i + 1], ys[j + 1]) for i in range(4) for j in range(3)]
    shapes = sorted(rng.sample(cells, rng.randint(6, 12)), key=lambda one: one.wkb)
    farmland = shapely.box(-50, -60, xs[-1] + 50, 0)
    pairs = [
        (i, j, shapely.intersection(a, b).length)
        for (i, a), (j, b) in itertools.combinations(enumerate(shapes), 2)
        if shapely.intersection(a, b).length > 0
    ]
    left, right, shared = (np.array(column) for column in zip(*pairs, strict=True)) if pairs else ([], [], [])
    count = len(shapes)

    def make_grades(low, high):
        return np.array([rng.choice([*range(low, high + 1)] * 3 + [np.nan]) for _ in range(count)], float)

    candidates = SupplementCandidates(
        keys=tuple(f"{n:03d}" for n in range(count)),
        net_m2=np.array([round(one.area * rng.uniform(0.8, 0.95)) for one in shapes], float),
        perimeter_m=shapely.length(shapes),
        farmland_edge_m=shapely.length(shapely.intersection(np.array(shapes), farmland)),
        townships=tuple(rng.choice(TOWNS) for _ in range(count)),
        class_rank=np.array([rng.randint(0, 2) for _ in range(count)]),
        grades={"yield_grade": make_grades(6, 11), "slope_class": make_grades(1, 4)},
        distance_m=np.array([rng.randint(50, 3000) for _ in range(count)], float),
        is_in_reserve=np.array([rng.random() < 0.7 for _ in range(count)]),
        is_refused=np.array([rng.random() < 0.1 for _ in range(count)]),
        left=np.asarray(left, int),
        right=np.asarray(right, int),
        shared_m=np.asarray(shared, float),
    )
    needed = float(round(candidates.net_m2.sum() * rng.uniform(0.2, 0.55)))
    parts = [rng.random() for _ in range(3)]
    demand = SupplementDemand(
        needed,
        {town: round(needed * part / sum(parts)) for town, part in zip(TOWNS, parts, strict=True) if part > 0.3},
        tuple(needed * share for share in rng.choice([(0.2, 0.3, 0.5), (0.5, 0.25, 0.25), (0.0, 0.4, 0.6)])),
        {"yield_grade": rng.choice([None, 8.0, 9.3]), "slope_class": rng.choice([2.4, 3.1])},
    )
    return shapes, farmland, candidates, demand


def get_grade(one, name, i):
    """Return the grade of a candidate, the worst of the scale where it is missing."""
    value = one.grades[name][i]
    return WORST[name] if np.isnan(value) else value


def sum_net(one, chosen):
    return sum(one.net_m2[i] for i in chosen)


def measure_shortages(chosen, one, demand):
    """Return the net area (m²) that each township lacks."""
    return {
        town: max(least - sum_net(one, [i for i in chosen if one.townships[i] == town]), 0.0)
        for town, least in demand.township_m2.items()
    }


def list_broken_groups(chosen, one, demand, rules, others=()):
    """Return the names of the constraints that a subset breaks, the upper bound of the area left out."""
    broken = {"quantity"} if sum_net(one, chosen) < demand.net_m2 else set()
    if any(one.is_refused[i] for i in chosen):
        broken.add("refused")
    for other in others:
        least = min(sum_net(one, other), sum_net(one, chosen))
        if sum_net(one, [i for i in other if i in chosen]) > 0.7 * least + 1e-6:
            broken.add("others")
    for rank in (0, 1):
        good = sum_net(one, [i for i in chosen if one.class_rank[i] <= rank])
        if demand.class_m2[rank] > 0 and good < sum(demand.class_m2[: rank + 1]) - 1e-6:
            broken.add(f"class:{rank}")
    for name, mean in demand.means.items():
        if mean is not None and sum(one.net_m2[i] * (get_grade(one, name, i) - mean) for i in chosen) > 1e-6:
            broken.add(f"quality:{name}")
    if rules.townships_required:
        broken |= {f"township:{town}" for town, lack in measure_shortages(chosen, one, demand).items() if lack > 0}
    return broken


def measure(chosen, shapes, farmland, one, demand, rules):
    """Return the values of all stages for a subset."""
    total = sum_net(one, chosen)
    if rules.preference == "contiguous":
        union = shapely.union_all([shapes[i] for i in chosen])
        preference = union.length - shapely.intersection(union, farmland).length
    elif rules.preference == "quality":
        name = "yield_grade" if demand.means["yield_grade"] is not None else "slope_class"
        preference = sum(one.net_m2[i] * get_grade(one, name, i) for i in chosen) / total
    else:
        preference = sum(one.net_m2[i] * one.distance_m[i] for i in chosen)
    outside = sum_net(one, [i for i in chosen if not one.is_in_reserve[i]])
    shortage = sum(measure_shortages(chosen, one, demand).values())
    return shortage, outside, preference, total, len(chosen), sum(i + 1 for i in chosen)


def list_subsets(count):
    return [chosen for size in range(count + 1) for chosen in itertools.combinations(range(count), size)]


def enumerate_best(shapes, farmland, candidates, demand, rules, others):
    """Return the values of the best subset and ω by the same stages; None if no subset keeps the constraints."""
    found = [
        (measure(chosen, shapes, farmland, candidates, demand, rules), chosen)
        for chosen in list_subsets(len(candidates))
        if not list_broken_groups(chosen, candidates, demand, rules, others)
    ]
    if not found:
        return None
    excess = max(rules.excess_share, min(values[3] for values, _ in found) / demand.net_m2 - 1)
    found = [one for one in found if one[0][3] <= (1 + excess) * demand.net_m2 + SAME / 2]
    for stage in range(6):
        best = min(values[stage] for values, _ in found)
        found = [one for one in found if one[0][stage] <= best + SAME / (2 if stage != 2 else 1e4)]
    return found, excess


def compare_with_enumeration(seed, others=()):
    """Compare a choice with the enumeration; return what was found, and the choice.

    ``others``: choices to which this one is an alternative.
    """
    shapes, farmland, candidates, demand = make_county(seed)
    rules = SupplementRules(SUPPLEMENT_PREFERENCES[seed % 3], 0.1, WORST, townships_required=seed % 4 == 0)
    model = SupplementModel(candidates, demand, rules, [np.isin(np.arange(len(candidates)), one) for one in others])
    choice = choose_supplement(model, SolverLimits(**EXACT))
    best = enumerate_best(shapes, farmland, candidates, demand, rules, others)
    if best is None:
        assert choice.chosen is None
        named = set(choice.contradiction)
        broken = [
            named & list_broken_groups(chosen, candidates, demand, rules, others)
            for chosen in list_subsets(len(candidates))
        ]
        # No subset keeps all that is named; with one of them less, a subset does.
        assert all(broken) and all({group} in broken for group in named)
        return "infeasible", None
    found, excess = best
    assert choice.chosen is not None and not choice.is_stopped
    assert choice.excess_share == pytest.approx(excess, abs=1e-6)
    chosen = tuple(np.flatnonzero(choice.chosen).tolist())
    assert chosen in [subset for _, subset in found], (seed, chosen, found)
    return "raised" if excess > 0.1 else "solved", chosen


@pytest.mark.parametrize("kernel_size", [100, 3])
def test_choices_equal_the_best_of_all_subsets(kernel_size, monkeypatch):
    # With three variables the first kernel holds, candidates are fixed by their prices.
    monkeypatch.setattr(solver, "_KERNEL_SIZE", kernel_size)
    results = [compare_with_enumeration(seed)[0] for seed in range(20)]
    # The counties show each kind of result.
    assert {*results} == {"infeasible", "raised", "solved"}


def test_alternatives_equal_the_best_of_the_subsets_that_share_less():
    results = []
    for seed in range(20):
        chosen = compare_with_enumeration(seed)[1]
        results += [compare_with_enumeration(seed, [chosen])[0]] if chosen else []
    assert {*results} == {"infeasible", "raised", "solved"}


@pytest.mark.exhaustive
def test_many_choices_equal_the_best_of_all_subsets(monkeypatch):
    for seed in range(20, 320):
        monkeypatch.setattr(solver, "_KERNEL_SIZE", 100 if seed % 2 else 3)
        compare_with_enumeration(seed)


def test_two_thousand_candidates_are_solved_within_the_gap():
    """The preference near is compared with a bound: land taken from the nearest on, the last parcel divided."""
    rng, count, needed = np.random.default_rng(0), 2000, 500_000.0
    net, distance = np.round(rng.uniform(500, 15_000, count), 2), rng.uniform(50, 20_000, count)
    candidates = make_row_of_fields(
        keys=tuple(f"{n:04d}" for n in range(count)),
        net_m2=net,
        perimeter_m=np.full(count, 400.0),
        farmland_edge_m=np.full(count, 100.0),
        townships=("甲镇", "乙镇") * (count // 2),
        class_rank=np.arange(count) % 3,
        grades={"yield_grade": np.full(count, 9.0)},
        distance_m=distance,
        is_in_reserve=np.ones(count, bool),
        is_refused=np.zeros(count, bool),
    )
    model = SupplementModel(candidates, SupplementDemand(needed), SupplementRules("near", 0.1, WORST))
    choice = choose_supplement(model, SolverLimits())
    order = np.argsort(distance)
    share = np.clip((needed - np.cumsum(net[order]) + net[order]) / net[order], 0, 1)
    bound = float(share @ (net * distance)[order])
    assert not choice.is_stopped and needed <= net[choice.chosen].sum() <= 1.1 * needed + SAME
    assert bound <= float((net * distance)[choice.chosen].sum()) <= bound / 0.99 + SAME
    again = choose_supplement(model, SolverLimits())
    assert again.chosen.tolist() == choice.chosen.tolist()


def make_row_of_fields(**changes):
    """Return five fields of 100 m × 100 m in a row; only the first touches remaining farmland."""
    columns = {
        "keys": ("A", "B", "C", "D", "E"),
        "net_m2": np.array([9000.0, 8000.0, 9500.0, 8500.0, 9000.0]),
        "perimeter_m": np.full(5, 400.0),
        "farmland_edge_m": np.array([100.0, 0.0, 0.0, 0.0, 0.0]),
        "townships": ("甲镇", "甲镇", "乙镇", "乙镇", "乙镇"),
        "class_rank": np.array([2, 0, 2, 1, 2]),
        "grades": {"yield_grade": np.array([9.0, 8.0, 10.0, 7.0, 9.0])},
        "distance_m": np.array([100.0, 200.0, 300.0, 400.0, 500.0]),
        "is_in_reserve": np.array([True, True, True, True, False]),
        "is_refused": np.zeros(5, bool),
        "left": np.array([0, 1, 2, 3]),
        "right": np.array([1, 2, 3, 4]),
        "shared_m": np.full(4, 100.0),
    }
    return SupplementCandidates(**{**columns, **changes})


def choose(candidates, demand, preference="near", **changes):
    rules = SupplementRules(preference, 0.1, WORST, **changes)
    return choose_supplement(SupplementModel(candidates, demand, rules), SolverLimits(**EXACT))


@pytest.mark.parametrize(
    ("preference", "expected", "value"),
    [
        # Worked by hand for 16 500 m², 5 000 m² of them 水田, mean grade 9. From 16 500 to 18 150 m² of the reserve, two
        # fields with 水田 (B): AB 17 000, BC 17 500, BD 16 500.
        # AB: 400 − 100 + 400 − 2 · 100 = 500 m; BC: 600 m; BD: 800 m.
        ("contiguous", "AB", 500.0),
        # Means: AB (9·9000 + 8·8000) ÷ 17 000 = 8.53; BC 9.09 > 9 is excluded; BD (8·8000 + 7·8500) ÷ 16 500.
        ("quality", "BD", (64000 + 59500) / 16500),
        # AB: 9000·100 + 8000·200 = 2.5 million m³; BD: 1.6 + 3.4 = 5.0 million.
        ("near", "AB", 2.5e6),
    ],
)
def test_five_fields_worked_by_hand(preference, expected, value):
    demand = SupplementDemand(16500.0, {}, (5000.0, 0.0, 11500.0), {"yield_grade": 9.0})
    choice = choose(make_row_of_fields(), demand, preference)
    assert "".join(np.array(list("ABCDE"))[choice.chosen]) == expected
    assert choice.stages["preference"].value == pytest.approx(value)


def test_equal_candidates_are_taken_by_key():
    candidates = make_row_of_fields(net_m2=np.full(5, 9000.0), distance_m=np.full(5, 100.0))
    choice = choose(candidates, SupplementDemand(18000.0))
    assert np.flatnonzero(choice.chosen).tolist() == [0, 1]


def test_a_missing_grade_counts_as_the_worst():
    grades = {"yield_grade": np.array([9.0, np.nan, 10.0, 7.0, 9.0])}
    demand = SupplementDemand(16500.0, {}, (5000.0, 0.0, 11500.0), {"yield_grade": 9.0})
    # With 15 for B: AB (81 000 + 120 000) ÷ 17 000 = 11.8, BD (120 000 + 59 500) ÷ 16 500 = 10.9.
    choice = choose(make_row_of_fields(grades=grades), demand)
    assert choice.chosen is None
    assert {*choice.contradiction} == {"class:0", "quality:yield_grade"}


def test_too_little_land_is_named_as_the_contradiction():
    choice = choose(make_row_of_fields(), SupplementDemand(50000.0))
    assert choice.contradiction == ("quantity",)


def test_a_required_township_takes_land_outside_the_reserve():
    demand = SupplementDemand(18000.0, {"乙镇": 18000.0})
    assert np.flatnonzero(choose(make_row_of_fields(), demand, townships_required=True).chosen).tolist() == [2, 3]
    demand = SupplementDemand(18400.0, {"乙镇": 18400.0})
    choice = choose(make_row_of_fields(), demand, townships_required=True)
    # C and E (18 500 m²): D alone with either has less.
    assert np.flatnonzero(choice.chosen).tolist() == [2, 4]
    assert choice.stages["outside"].value == 9000.0


def test_the_upper_bound_is_raised_to_the_least_feasible():
    choice = choose(make_row_of_fields(), SupplementDemand(1000.0))
    assert np.flatnonzero(choice.chosen).tolist() == [1]
    assert choice.excess_share == pytest.approx(7.0)


def test_without_scipy_a_choice_keeps_the_constraints_or_names_them(monkeypatch):
    monkeypatch.setattr(flow, "find_scipy_version", lambda: None)
    kept = 0
    for seed in range(40):
        shapes, farmland, candidates, demand = make_county(seed)
        rules = SupplementRules(SUPPLEMENT_PREFERENCES[seed % 3], 0.1, WORST)
        choice = choose_supplement(SupplementModel(candidates, demand, rules), SolverLimits(**EXACT))
        stage = choice.stages["preference"]
        assert stage.state is StageState.HEURISTIC
        chosen = np.flatnonzero(choice.chosen).tolist()
        broken = list_broken_groups(chosen, candidates, demand, SupplementRules("near", 0.1, WORST, True))
        if sum_net(candidates, chosen) > 1.1 * demand.net_m2:
            broken.add("excess")
        assert {*choice.unmet} == broken
        kept += not broken
        if chosen:
            value = measure(chosen, shapes, farmland, candidates, demand, rules)[2]
            assert stage.value == pytest.approx(value)
        feasible = [one for one in list_subsets(len(candidates)) if sum_net(candidates, one) >= demand.net_m2]
        least = min(measure(one, shapes, farmland, candidates, demand, rules)[2] for one in feasible)
        # The bound holds for every subset with enough land; none is given for connected land.
        assert np.isnan(stage.bound) == (rules.preference == "contiguous")
        assert not stage.bound > least + SAME
    assert kept > 0


def test_a_cancelled_solve_ends():
    limits = SolverLimits(**EXACT, cancellation=Cancellation(lambda: True))
    model = SupplementModel(make_row_of_fields(), SupplementDemand(1000.0), SupplementRules("near", 0.1, WORST))
    with pytest.raises(Cancelled):
        choose_supplement(model, limits)


@pytest.fixture
def old_scipy(monkeypatch):
    monkeypatch.setattr(solver_process, "does_solve_release_lock", lambda: False)


def test_a_choice_in_another_process_is_the_same(old_scipy, monkeypatch):
    monkeypatch.setattr(solver, "_KERNEL_SIZE", 3)
    with open_solver(True, NEVER_CANCELLED) as other:
        assert other is not None and other is not solver.run_milp
        for seed in (0, 3, 5):
            _, _, candidates, demand = make_county(seed)
            model = SupplementModel(candidates, demand, SupplementRules("contiguous", 0.1, WORST, seed % 4 == 0))
            here, there = (
                choose_supplement(model, SolverLimits(**EXACT, solver=one)) for one in (solver.run_milp, other)
            )
            assert here.contradiction == there.contradiction and here.excess_share == there.excess_share
            assert (here.chosen is None) == (there.chosen is None)
            if here.chosen is not None:
                assert here.chosen.tolist() == there.chosen.tolist()
                assert here.stages["preference"].value == there.stages["preference"].value


def test_a_cancelled_process_is_ended():
    cancelled = Cancellation(lambda: True)
    model = SupplementModel(make_row_of_fields(), SupplementDemand(1000.0), SupplementRules("near", 0.1, WORST))
    process = SolverProcess(sys.executable, cancelled)
    with pytest.raises(Cancelled):
        choose_supplement(model, SolverLimits(**EXACT, cancellation=cancelled, solver=process.run_milp))
    process.close()
    assert process._process.poll() is not None and not process._path.exists()


def test_an_old_scipy_is_not_used_on_the_desktop(old_scipy, monkeypatch):
    monkeypatch.setattr(solver_process, "find_python_program", lambda *args: "")
    with open_solver(True, NEVER_CANCELLED) as other:
        assert other is None
    with open_solver(False, NEVER_CANCELLED) as own:
        assert own is solver.run_milp


def test_a_process_that_ends_early_is_named():
    process = SolverProcess(sys.executable, NEVER_CANCELLED)
    process._process.kill()
    model = SupplementModel(make_row_of_fields(), SupplementDemand(1000.0), SupplementRules("near", 0.1, WORST))
    with pytest.raises(InputError):
        choose_supplement(model, SolverLimits(**EXACT, solver=process.run_milp))
    process.close()


def test_a_run_without_time_is_marked(monkeypatch):
    monkeypatch.setattr(solver.SolverLimits, "seconds_left", 0.0)
    choice = choose(make_row_of_fields(), SupplementDemand(16500.0))
    assert choice.is_stopped and choice.chosen.any()


def test_an_upper_bound_that_no_solve_proves_is_not_the_least():
    def solve(arrays, options):
        found = solver.run_milp(arrays, options)
        return found if found.x is None else found._replace(status=1, bound=np.nan)

    model = SupplementModel(make_row_of_fields(), SupplementDemand(1000.0), SupplementRules("near", 0.1, WORST))
    choice = choose_supplement(model, SolverLimits(**EXACT, solver=solve))
    assert choice.is_stopped and not choice.is_excess_least and choice.excess_share >= 7.0
    assert choose(make_row_of_fields(), SupplementDemand(1000.0)).is_excess_least


def test_a_coefficient_that_is_a_rounding_error_fixes_no_variable():
    """The first parcel has the mean grade; their difference is rounded."""
    grade = LinearRow("grade", np.arange(2), np.array([1e-12, 500.0]), -np.inf, 0.0)
    quantity = LinearRow("quantity", np.arange(2), np.array([900.0, 800.0]), 800.0, np.inf)
    program = MixedIntegerProgram(np.ones(2), np.ones(2, dtype=bool), [quantity, grade])
    result = solver.minimise(program, np.ones(2), SolverLimits())
    assert result.state is StageState.OPTIMAL and result.values.tolist() == [1.0, 0.0]
