# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases that every overlap must get right, put through every rule that compares areas: containment, duplicates,
touching, slivers, holes, several parts, bow-ties, coordinates far to the east. Areas by hand."""

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
    """Two layers; ``shared``: area of each pair that shares some; ``bare_a``, ``bare_b``: connected parts of one side that
    the other does not cover. In m², each sorted. No row shares area with another of its own layer."""

    a: tuple[str, ...]
    b: tuple[str, ...]
    shared: tuple[float, ...] = ()
    bare_a: tuple[float, ...] = ()
    bare_b: tuple[float, ...] = ()


SQUARE = box(0, 0, 100, 100)
BOW_TIE = "POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"
CASES = {
    "apart": Case((SQUARE,), (box(300, 0, 100, 100),), (), (10000,), (10000,)),
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
    "the same shape, drawn otherwise": Case((SQUARE,), ("POLYGON ((100 100, 100 0, 50 0, 0 0, 0 100, 100 100))",), (10000,)),
    "a sliver shared, below both minimums": Case((SQUARE,), (box(99.996, 0, 100, 100),), (), (9999.6,), (9999.6,)),
    "a sliver left bare, below both minimums": Case((SQUARE,), (box(0, 0, 99.996, 100),), (9999.6,)),
    "a long strip shared, thinner than the minimum": Case((SQUARE,), (box(99.98, 0, 100, 100),), (2,), (9998,), (9998,)),
    "a small square shared, below the minimum area": Case((SQUARE,), (box(99.5, 99.5, 0.5, 0.5),), (0.25,), (9999.75,)),
    "in a hole": Case((box(40, 40, 20, 20),), (ring((0, 0, 100, 100), (40, 40, 20, 20)),), (), (400,), (9600,)),
    "smaller than the hole it lies in": Case((box(45, 45, 10, 10),), (ring((0, 0, 100, 100), (40, 40, 20, 20)),), (), (100,), (9600,)),
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
    "nothing beside something": Case((None, SQUARE), (box(90, 0, 100, 100), "POLYGON EMPTY"), (1000,), (9000,), (9000,)),  # type: ignore[arg-type]
}  # fmt: skip
#: Metres added to every coordinate: as examples stand; the eastern edge of the widest zone; near the equator of the grid.
FAR_EAST, LOW = (145_678.912, 512_345.678), (-99_999.999, -3_999_999.999)
PLACES = {"as examples stand": (0.0, 0.0), "far to the east and north": FAR_EAST, "far to the west and south": LOW}


@dataclass(frozen=True)
class OnBoard:
    """How a rule is asked: ``layers`` of a case's two sides, ``expected`` areas of its findings, and ``cases`` of the
    sentences that count (empty: all)."""

    layers: Callable[[list[Any], list[Any]], dict[str, list[Any]]]
    expected: Callable[[Case], tuple[float, ...]]
    cases: tuple[str, ...] = ()
    standard: str = "county_db"


def shared(case: Case) -> tuple[float, ...]:
    return case.shared


def bare_a(case: Case) -> tuple[float, ...]:
    return case.bare_a


def bare_b(case: Case) -> tuple[float, ...]:
    return case.bare_b


def both(case: Case) -> tuple[float, ...]:
    return (*case.bare_a, *case.bare_b)


def between(left: str, right: str) -> Callable[[list[Any], list[Any]], dict[str, list[Any]]]:
    return lambda a, b: {left: a, right: b}


def saying(rows: list[Any], **values: Any) -> list[Any]:
    return [{"wkt": row, **values} for row in rows]


FARM, RED, EDGE, ZONE = "YJJBNTBHTB", "STBHHX", "CZKFBJ", "YDYHGHFQ"
#: Before the role of a layer of the sealed edition.
SEALED = "sealed "
#: A township that holds nothing of any case: its code is known.
ELSEWHERE = {"wkt": box(-900, -900, 10, 10), "division_code": "140225100"}
BOARD = {
    "TOP001": OnBoard(lambda a, b: {RED: a + b}, shared),
    "TOP002": OnBoard(between("XZQX", ZONE), bare_a),
    "TOP003": OnBoard(between(RED, "XZQX"), bare_a),
    "TOP006": OnBoard(between("XZQXZ", "DLTB"), bare_a),
    "REL001": OnBoard(between(FARM, RED), shared),
    "REL002": OnBoard(between(FARM, EDGE), shared),
    "REL003": OnBoard(between(RED, EDGE), shared),
    "REL004": OnBoard(lambda a, b: {ZONE: saying(a, zone_code="100"), RED: b}, both),
    "REL005": OnBoard(lambda a, b: {ZONE: saying(a, zone_code="410"), EDGE: b}, both),
    "REL006": OnBoard(lambda a, b: {FARM: a, ZONE: saying(b, zone_code="410")}, shared, ("urban",)),
    "REL010": OnBoard(between(EDGE, "HLFXKZX"), shared),
    "REL011": OnBoard(between(FARM, "YJJBNTTB"), both),
    "REL020": OnBoard(
        lambda a, b: {"LSWHBHX": saying(a, feature_name="某街区核心保护范围"), "LSWHJQ": saying(b, feature_name="某街区")}, bare_a
    ),
    "REL021": OnBoard(
        lambda a, b: {"LSWHBHX": saying(a, feature_name="某寺建设控制地带") + saying(b, feature_name="某寺保护范围")}, shared
    ),
    "REL023": OnBoard(between("ZXCQCSZX", "LSWHBHX"), bare_a),
    "REL024": OnBoard(between("LSWHJQ", "LSWHBHX"), bare_a),
    "REL030": OnBoard(between("ZXCQGHFQ", "ZXCQFW"), both),
    "REL031": OnBoard(
        lambda a, b: {"ZXCQXXGHBZDY": a, EDGE: b, "ZXCQFW": [box(-900, -900, 1800, 1800)]}, bare_b, ("gap",)
    ),
    "REL032": OnBoard(lambda a, b: {ZONE: saying(a, zone_code="510"), "CZJSBJ": b}, bare_a, standard="township_db"),
    "REL033": OnBoard(between("ZXCQCSLVX", "ZXCQFW"), bare_a),
    "REL034": OnBoard(
        lambda a, b: {
            "XZQC": saying(a, division_code="140225100201"),
            "XZQXZ": [ELSEWHERE, *saying(b, division_code="140225101")],
        },
        shared,
    ),
    "REL036": OnBoard(between("ZRBHD", RED), bare_a),
    "REL037": OnBoard(
        lambda a, b: {"XZQXZ": a, "XZZTGNDW": saying(b, feature_kind="农产品主产区"), ZONE: saying([box(-900, -900, 10, 10)], zone_code="300")},
        bare_a,
        ("bare",),
    ),
    "LAW011": OnBoard(lambda a, b: {FARM: a, "ZRBHD": saying(b, feature_name="某保护区核心保护区")}, shared),
    "LAW014": OnBoard(lambda a, b: {FARM: a, "DLTB": saying(b, land_use="0702")}, shared),
    "LAW017": OnBoard(between(RED, SEALED + RED), both, ("added", "removed")),
    "LAW010": OnBoard(
        lambda a, b: {FARM: saying(a, land_use="0103"), "DLTB": saying(b, land_use="0301")}, shared, ("parcel",)
    ),
}  # fmt: skip
#: Rules that use the same verbs and are no overlap rules; what they do is tested elsewhere.
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
APART = 2000.0
VERBS = (
    "ctx.geometry.shared(",
    "ctx.geometry.uncovered(",
    "ctx.geometry.uncovered_in(",
    "ctx.geometry.uncovered_shape(",
    "disagreement(",
)


def layers_of(rule: OnBoard, case: Case) -> dict[str, list[Any]]:
    return rule.layers(list(case.a), list(case.b))


def at(place: tuple[float, float], layers: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The layers moved."""

    def moved(row: Any) -> Any:
        if isinstance(row, dict):
            return {**row, "wkt": moved(row["wkt"])}
        return row if row is None else shapely.transform(shapely.from_wkt(row), lambda xy: xy + place).wkt

    return {role: [moved(row) for row in rows] for role, rows in layers.items()}


def findings(code: str, layers: dict[str, list[Any]]) -> list[Finding]:
    asked = BOARD[code]
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
    expected = sorted(BOARD[code].expected(CASES[name]))
    assert areas == pytest.approx(expected, rel=1e-4, abs=1e-3), (name, [f.message for f in found])


@pytest.mark.parametrize("code", BOARD)
def test_every_overlap_rule_gets_every_case_right(code):
    """All cases side by side in one plan, so far apart that none meets another."""
    layers: dict[str, list[Any]] = {}
    for n, case in enumerate(CASES.values()):
        for role, rows in at((n * APART, 0.0), layers_of(BOARD[code], case)).items():
            layers.setdefault(role, []).extend(rows)
    by_case: dict[int, list[Finding]] = {n: [] for n in range(len(CASES))}
    for finding in findings(code, layers):
        by_case[round((shapely.centroid(finding.geometry).x - ORIGIN[0]) / APART)].append(finding)
    for n, name in enumerate(CASES):
        expect(code, name, by_case[n])


@pytest.mark.slow
@pytest.mark.parametrize("code", BOARD)
@for_each("place", PLACES.values(), ids=PLACES)
@for_each("name", CASES)
def test_one_case_alone_wherever_it_lies(code, name, place):
    expect(code, name, findings(code, at(place, layers_of(BOARD[code], CASES[name]))))


@for_each("case", CASES.values(), ids=CASES)
def test_the_figures_by_hand_are_those_of_a_plain_overlay(case):
    """The board itself, against shapely alone."""
    a, b = ([shapely.make_valid(shapely.from_wkt(w)) for w in side if w] for side in (case.a, case.b))
    sliver = lambda s: s.area < 0.5 and 2 * s.area / max(s.length, 1e-9) < 0.1  # noqa: E731
    pairs = [shapely.intersection(one, other) for one in a for other in b]
    assert sorted(p.area for p in pairs if p.area and not sliver(p)) == pytest.approx(sorted(case.shared), rel=1e-6)
    for own, others, bare in ((a, b, case.bare_a), (b, a, case.bare_b)):
        rest = [part for one in own for part in shapely.get_parts([shapely.difference(one, shapely.union_all(others))])]
        parts = [p.area for shape in rest for p in shapely.get_parts([shape]) if p.area and not sliver(p)]
        assert sorted(parts) == pytest.approx(sorted(bare), rel=1e-6)


def test_no_rule_that_compares_areas_is_left_out():
    using = {
        c
        for c, r in all_rules().items()
        if any(v in inspect.getsource(sys.modules[r.function.__module__]) for v in VERBS)
    }
    assert using <= BOARD.keys() | OTHERS.keys(), (
        "put the rule on the board, or say in OTHERS why it is no overlap rule"
    )
    assert not BOARD.keys() & OTHERS.keys() and BOARD.keys() <= all_rules().keys()
