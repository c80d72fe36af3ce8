# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of overlaps for every rule that compares areas, with areas computed by hand.

Containment, duplicates, touching, slivers, holes, several parts, bow-ties, coordinates far to the east.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import shapely

from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome
from plugin.core.model.rule import all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.results.run import run_check
from tests.core.examples import ORIGIN, plan_of
from tests.parametrize import for_each


def box(x: float, y: float, width: float, height: float) -> str:
    return shapely.box(x, y, x + width, y + height).wkt


def ring(outer: tuple[float, ...], *holes: tuple[float, ...]) -> str:
    made = [shapely.box(x, y, x + w, y + h).exterior for x, y, w, h in holes]
    x, y, w, h = outer
    return shapely.Polygon(shapely.box(x, y, x + w, y + h).exterior, made).wkt


def multi(*parts: tuple[float, ...]) -> str:
    return shapely.MultiPolygon([shapely.box(x, y, x + w, y + h) for x, y, w, h in parts]).wkt


@dataclass(frozen=True)
class Case:
    """Two layers with their expected areas, m², each sorted.

    ``shared``: area of each overlapping pair; ``uncovered_a``, ``uncovered_b``: connected parts of one side that the other
    does not cover. Rows of one layer do not overlap.
    """

    a: tuple[str, ...]
    b: tuple[str, ...]
    shared: tuple[float, ...] = ()
    uncovered_a: tuple[float, ...] = ()
    uncovered_b: tuple[float, ...] = ()


SQUARE = box(0, 0, 100, 100)
BOW_TIE = "POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"
CASES = {
    "separate": Case((SQUARE,), (box(300, 0, 100, 100),), (), (10000,), (10000,)),
    "touching along an edge": Case((SQUARE,), (box(100, 0, 100, 100),), (), (10000,), (10000,)),
    "touching along part of an edge": Case((SQUARE,), (box(100, 20, 50, 50),), (), (10000,), (2500,)),
    "touching in a point": Case((SQUARE,), (box(100, 100, 50, 50),), (), (10000,), (2500,)),
    "a corner on an edge": Case((SQUARE,), ("POLYGON ((100 50, 150 0, 150 100, 100 50))",), (), (10000,), (2500,)),
    "crossing": Case((SQUARE,), (box(90, 0, 100, 100),), (1000,), (9000,), (9000,)),
    "crossing right through": Case((SQUARE,), (box(40, -50, 20, 200),), (2000,), (4000, 4000), (1000, 1000)),
    "b within a": Case((SQUARE,), (box(10, 10, 20, 20),), (400,), (9600,)),
    "a within b": Case((box(10, 10, 20, 20),), (SQUARE,), (400,), (), (9600,)),
    "b within a, on its edge": Case((SQUARE,), (box(0, 0, 20, 20),), (400,), (9600,)),
    "the same shape": Case((SQUARE,), (SQUARE,), (10000,)),
    "the same shape with other vertices": Case((SQUARE,), ("POLYGON ((100 100, 100 0, 50 0, 0 0, 0 100, 100 100))",), (10000,)),
    "a sliver shared, below both minimums": Case((SQUARE,), (box(99.996, 0, 100, 100),), (), (9999.6,), (9999.6,)),
    "an uncovered sliver, below both minimums": Case((SQUARE,), (box(0, 0, 99.996, 100),), (9999.6,)),
    "a long strip shared, thinner than the minimum": Case((SQUARE,), (box(99.98, 0, 100, 100),), (2,), (9998,), (9998,)),
    "a small square shared, below the minimum area": Case((SQUARE,), (box(99.5, 99.5, 0.5, 0.5),), (0.25,), (9999.75,)),
    "in a hole": Case((box(40, 40, 20, 20),), (ring((0, 0, 100, 100), (40, 40, 20, 20)),), (), (400,), (9600,)),
    "smaller than the hole around it": Case((box(45, 45, 10, 10),), (ring((0, 0, 100, 100), (40, 40, 20, 20)),), (), (100,), (9600,)),
    "reaching out of a hole": Case((box(40, 40, 30, 20),), (ring((0, 0, 100, 100), (40, 40, 20, 20)),), (200,), (400,), (9400,)),
    "two holes, one crossed": Case((box(0, 0, 30, 100),), (ring((0, 0, 100, 100), (10, 10, 10, 10), (60, 60, 10, 10)),), (2900,), (100,),
                                   (6900,)),
    "several parts, two of them shared": Case((multi((0, 0, 10, 10), (50, 0, 10, 10), (200, 0, 10, 10)),), (SQUARE,), (200,), (100,), (9800,)),
    "parts on both sides": Case((multi((0, 0, 10, 10), (50, 0, 10, 10)),), (multi((5, 0, 10, 10), (55, 0, 10, 10)),), (100,), (50, 50),
                                (50, 50)),
    "one meets two": Case((SQUARE,), (box(-50, 0, 60, 10), box(90, 0, 60, 10)), (100, 100), (9800,), (500, 500)),
    "two meet one": Case((box(-50, 0, 60, 10), box(90, 0, 60, 10)), (SQUARE,), (100, 100), (500, 500), (9800,)),
    "a bow-tie": Case((BOW_TIE,), (SQUARE,), (5000,), (), (2500, 2500)),
    "half of a bow-tie": Case((BOW_TIE,), (box(0, 0, 50, 100),), (2500,), (2500,), (1250, 1250)),
    "under a bow-tie": Case((SQUARE,), (BOW_TIE,), (5000,), (2500, 2500)),
    "missing shapes next to a shape": Case((None, SQUARE), (box(90, 0, 100, 100), "POLYGON EMPTY"), (1000,), (9000,), (9000,)),  # type: ignore[arg-type]
}  # fmt: skip
#: Metres added to every coordinate: none; the eastern edge of the widest zone; near the equator of the grid.
FAR_EAST, LOW = (145_678.912, 512_345.678), (-99_999.999, -3_999_999.999)
PLACES = {
    "at the place of the examples": (0.0, 0.0),
    "far to the east and north": FAR_EAST,
    "far to the west and south": LOW,
}


@dataclass(frozen=True)
class RuleSetup:
    """Input and expected result of a rule.

    ``layers`` of the two sides of a case, ``expected`` areas of findings, and ``cases`` of messages to count (empty: all).
    """

    layers: Callable[[list[Any], list[Any]], dict[str, list[Any]]]
    expected: Callable[[Case], tuple[float, ...]]
    cases: tuple[str, ...] = ()
    standard: str = "county_db"


def shared(case: Case) -> tuple[float, ...]:
    return case.shared


def uncovered_a(case: Case) -> tuple[float, ...]:
    return case.uncovered_a


def uncovered_b(case: Case) -> tuple[float, ...]:
    return case.uncovered_b


def both(case: Case) -> tuple[float, ...]:
    return (*case.uncovered_a, *case.uncovered_b)


def between(left: str, right: str) -> Callable[[list[Any], list[Any]], dict[str, list[Any]]]:
    return lambda a, b: {left: a, right: b}


def with_values(rows: list[Any], **values: Any) -> list[Any]:
    return [{"wkt": row, **values} for row in rows]


FARM, RED, EDGE, ZONE = "YJJBNTBHTB", "STBHHX", "CZKFBJ", "YDYHGHFQ"
#: Before the role of a layer of the sealed edition.
SEALED = "sealed "
#: A township outside all cases, with a known code.
ELSEWHERE = {"wkt": box(-900, -900, 10, 10), "division_code": "140225100"}
SETUPS = {
    "TOP001": RuleSetup(lambda a, b: {RED: a + b}, shared),
    "TOP002": RuleSetup(between("XZQX", ZONE), uncovered_a),
    "TOP003": RuleSetup(between(RED, "XZQX"), uncovered_a),
    "TOP006": RuleSetup(between("XZQXZ", "DLTB"), uncovered_a),
    "REL001": RuleSetup(between(FARM, RED), shared),
    "REL002": RuleSetup(between(FARM, EDGE), shared),
    "REL003": RuleSetup(between(RED, EDGE), shared),
    "REL004": RuleSetup(lambda a, b: {ZONE: with_values(a, zone_code="100"), RED: b}, both),
    "REL005": RuleSetup(lambda a, b: {ZONE: with_values(a, zone_code="410"), EDGE: b}, both),
    "REL006": RuleSetup(lambda a, b: {FARM: a, ZONE: with_values(b, zone_code="410")}, shared, ("urban",)),
    "REL010": RuleSetup(between(EDGE, "HLFXKZX"), shared),
    "REL011": RuleSetup(between(FARM, "YJJBNTTB"), both),
    "REL020": RuleSetup(
        lambda a, b: {"LSWHBHX": with_values(a, feature_name="某街区核心保护范围"), "LSWHJQ": with_values(b, feature_name="某街区")}, uncovered_a
    ),
    "REL021": RuleSetup(
        lambda a, b: {"LSWHBHX": with_values(a, feature_name="某寺建设控制地带") + with_values(b, feature_name="某寺保护范围")}, shared
    ),
    "REL023": RuleSetup(between("ZXCQCSZX", "LSWHBHX"), uncovered_a),
    "REL024": RuleSetup(between("LSWHJQ", "LSWHBHX"), uncovered_a),
    "REL030": RuleSetup(between("ZXCQGHFQ", "ZXCQFW"), both),
    "REL031": RuleSetup(
        lambda a, b: {"ZXCQXXGHBZDY": a, EDGE: b, "ZXCQFW": [box(-900, -900, 1800, 1800)]}, uncovered_b, ("gap",)
    ),
    "REL032": RuleSetup(lambda a, b: {ZONE: with_values(a, zone_code="510"), "CZJSBJ": b}, uncovered_a, standard="township_db"),
    "REL033": RuleSetup(between("ZXCQCSLVX", "ZXCQFW"), uncovered_a),
    "REL034": RuleSetup(
        lambda a, b: {
            "XZQC": with_values(a, division_code="140225100201"),
            "XZQXZ": [ELSEWHERE, *with_values(b, division_code="140225101")],
        },
        shared,
        ("other",),
    ),
    "REL036": RuleSetup(between("ZRBHD", RED), uncovered_a),
    "REL037": RuleSetup(
        lambda a, b: {"XZQXZ": a, "XZZTGNDW": with_values(b, feature_kind="农产品主产区"), ZONE: with_values([box(-900, -900, 10, 10)], zone_code="300")},
        uncovered_a,
        ("bare",),
    ),
    "LAW011": RuleSetup(lambda a, b: {FARM: a, "ZRBHD": with_values(b, feature_name="某保护区核心保护区")}, shared),
    "LAW014": RuleSetup(lambda a, b: {FARM: a, "DLTB": with_values(b, land_use="0702")}, shared),
    "LAW017": RuleSetup(between(RED, SEALED + RED), both, ("added", "removed")),
    "LAW010": RuleSetup(
        lambda a, b: {FARM: with_values(a, land_use="0103"), "DLTB": with_values(b, land_use="0301")}, shared, ("parcel",)
    ),
}  # fmt: skip
#: Rules that use the same operations but are not overlap rules; other tests cover them.
OTHERS = {
    "GEO006": "asks what fills a hole",
    "TOP009": "asks what fills a window",
    "TOP008": "lists what all these leave out",
    "LAW001": "sums what is new land",
    "LAW016": "asks of what LAW017 tells",
    "LAW020": "gives shares, and compares codes of zones where they overlap: test_control_lines.py",
    "LAW022": "gives a share, and no finding for it",
    "DOC022": "three classes of one layer against each other: tests/core/yearly",
}
#: Metres between two cases of one plan.
DISTANCE = 2000.0
VERBS = (
    "ctx.geometry.shared(",
    "ctx.geometry.uncovered(",
    "ctx.geometry.uncovered_in(",
    "ctx.geometry.uncovered_shape(",
    "disagreement(",
)


def layers_of(rule: RuleSetup, case: Case) -> dict[str, list[Any]]:
    return rule.layers(list(case.a), list(case.b))


def move_layers(place: tuple[float, float], layers: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the layers moved to a place."""

    def moved(row: Any) -> Any:
        if isinstance(row, dict):
            return {**row, "wkt": moved(row["wkt"])}
        return row if row is None else shapely.transform(shapely.from_wkt(row), lambda xy: xy + place).wkt

    return {role: [moved(row) for row in rows] for role, rows in layers.items()}


def findings(code: str, layers: dict[str, list[Any]]) -> list[Finding]:
    asked = SETUPS[code]
    sealed = {role.removeprefix(SEALED): rows for role, rows in layers.items() if role.startswith(SEALED)}
    plan = plan_of(
        {role: rows for role, rows in layers.items() if not role.startswith(SEALED)}, standard=asked.standard
    )
    side = SideInputs(baseline=plan_of(sealed) if sealed else None)
    report = run_check(plan, [all_rules()[code]], side=side)
    (outcome,) = report.rules
    assert outcome.outcome is not Outcome.CRASHED and not outcome.incomplete, outcome
    found = [f for f in report.findings if not asked.cases or f.case in asked.cases]
    assert all(f.geometry.is_valid and f.area_m2 > 0 and f.width_m > 0 for f in found)
    return found


def expect(code: str, name: str, found: list[Finding]) -> None:
    areas = sorted(float(shapely.area(f.geometry)) for f in found)
    expected = sorted(SETUPS[code].expected(CASES[name]))
    assert areas == pytest.approx(expected, rel=1e-4, abs=1e-3), (name, [f.message for f in found])


@pytest.mark.parametrize("code", SETUPS)
def test_every_overlap_rule_finds_the_expected_areas(code):
    """Check all cases in one plan, far enough from each other."""
    layers: dict[str, list[Any]] = {}
    for n, case in enumerate(CASES.values()):
        for role, rows in move_layers((n * DISTANCE, 0.0), layers_of(SETUPS[code], case)).items():
            layers.setdefault(role, []).extend(rows)
    by_case: dict[int, list[Finding]] = {n: [] for n in range(len(CASES))}
    for finding in findings(code, layers):
        by_case[round((shapely.centroid(finding.geometry).x - ORIGIN[0]) / DISTANCE)].append(finding)
    for n, name in enumerate(CASES):
        expect(code, name, by_case[n])


@pytest.mark.slow
@pytest.mark.parametrize("code", SETUPS)
@for_each("place", PLACES.values(), ids=PLACES)
@for_each("name", CASES)
def test_single_case_is_found_at_each_place(code, name, place):
    expect(code, name, findings(code, move_layers(place, layers_of(SETUPS[code], CASES[name]))))


@for_each("case", CASES.values(), ids=CASES)
def test_figures_by_hand_equal_those_of_shapely(case):
    """Compare the expected areas with shapely."""
    a, b = ([shapely.make_valid(shapely.from_wkt(w)) for w in side if w] for side in (case.a, case.b))
    sliver = lambda s: s.area < 0.5 and 2 * s.area / max(s.length, 1e-9) < 0.1  # noqa: E731
    pairs = [shapely.intersection(one, other) for one in a for other in b]
    assert sorted(p.area for p in pairs if p.area and not sliver(p)) == pytest.approx(sorted(case.shared), rel=1e-6)
    for own, others, uncovered in ((a, b, case.uncovered_a), (b, a, case.uncovered_b)):
        rest = [part for one in own for part in shapely.get_parts([shapely.difference(one, shapely.union_all(others))])]
        parts = [p.area for shape in rest for p in shapely.get_parts([shape]) if p.area and not sliver(p)]
        assert sorted(parts) == pytest.approx(sorted(uncovered), rel=1e-6)


def test_every_rule_that_compares_areas_is_tested():
    using = {
        c
        for c, r in all_rules().items()
        if any(v in inspect.getsource(sys.modules[r.function.__module__]) for v in VERBS)
    }
    assert using <= SETUPS.keys() | OTHERS.keys(), (
        "put the rule on the board, or say in OTHERS why it is no overlap rule"
    )
    assert not SETUPS.keys() & OTHERS.keys() and SETUPS.keys() <= all_rules().keys()
