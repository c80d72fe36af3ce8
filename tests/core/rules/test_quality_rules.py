# SPDX-License-Identifier: GPL-2.0-or-later
"""A defect in a plan without defects is found by its rule and no unrelated rule."""

import dataclasses

import pytest
import shapely
from pyproj import CRS

from plugin.core.engine.evaluate import choose_rules
from plugin.core.loading.assembly import assemble_plan
from plugin.core.results.run import run_check
from tests.core.examples import norm_of, plan_of, source_layer


def square(column, row, size=100):
    return shapely.box(column * size, row * size, (column + 1) * size, (row + 1) * size).wkt


def plan_without_defects():
    """Return nine parcels in a county of three towns; farmland, red line and boundary are a column each."""
    towns = [f"POLYGON (({x} 0, {x + 100} 0, {x + 100} 100, {x + 100} 200, {x + 100} 300, {x} 300, {x} 200, {x} 100, {x} 0))"
             for x in (0, 100, 200)]  # fmt: skip
    county = (
        "POLYGON ((0 0, 100 0, 200 0, 300 0, 300 100, 300 200, 300 300, 200 300, 100 300, 0 300, 0 200, 0 100, 0 0))"
    )
    return {
        "DLTB": [square(c, r) for c in range(3) for r in range(3)],
        "XZQXZ": towns,
        "XZQX": [county],
        "YJJBNTBHTB": [square(0, r) for r in range(3)],
        "STBHHX": [towns[1]],
        "CZKFBJ": [towns[2]],
        "LSWHBHX": [square(1, 1)],
        "BKYDWWD": ["POINT (150 150)"],
    }


def find_problems(layers, rules=("quality", "TOP006"), **settings):
    plan = plan_of(layers, settings=settings)
    report = run_check(plan, choose_rules((), plan.norm.named_rules(rules)))
    assert not [r for r in report.rules if str(r.outcome) == "crashed"]
    return sorted({(f.code, f.case) for f in report.findings})


def with_row(role, row, wkt):
    layers = plan_without_defects()
    layers[role][row] = wkt
    return layers


def with_added_row(role, wkt):
    layers = plan_without_defects()
    layers[role].append(wkt)
    return layers


def test_plan_without_defects_has_no_finding():
    assert find_problems(plan_without_defects()) == []


DEFECTS = {
    "an arc": (with_row("DLTB", 0, {"wkt": square(0, 0), "curve": True}), {("GEO004", "")}),
    "a spike": (
        with_row("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 149, 140 149.5, 200 150, 200 200, 100 200, 100 100))"),
        {("GEO005", "spike")},
    ),
    "an acute corner": (
        with_row("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 115, 100 100))"),
        {("GEO005", "acute")},
    ),
    "a hole in the red line": (
        with_row("STBHHX", 0, "POLYGON ((100 0, 200 0, 200 100, 200 200, 200 300, 100 300, 100 200, 100 100, 100 0), "
                              "(140 140, 160 140, 160 160, 140 160, 140 140))"),
        {("GEO006", "hole")},
    ),
    "a window": (
        {**with_row("CZKFBJ", 0, "POLYGON ((200 0, 300 0, 300 100, 300 200, 300 300, 200 300, 200 200, 200 100, 200 0), "
                                 "(240 140, 260 140, 260 160, 240 160, 240 140))"),
         "YJJBNTBHTB": [*plan_without_defects()["YJJBNTBHTB"], "POLYGON ((240 140, 260 140, 260 160, 240 160, 240 140))"]},
        {("TOP009", "window")},
    ),
    "a fragment": (with_added_row("YJJBNTBHTB", "POLYGON ((150 50, 160 50, 160 60, 150 60, 150 50))"), {("GEO007", "")}),
    "an arm": (
        with_row("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 200, 151 200, 151 260, 150 260, 150 200, 100 200, 100 100))"),
        {("GEO008", "")},
    ),
    "a vertex twice": (
        with_row("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 100, 200 200, 100 200, 100 100))"),
        {("GEO009", "repeated")},
    ),
    "two vertices that nearly meet": (
        with_row("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 100.004, 200 200, 100 200, 100 100))"),
        {("GEO009", "near")},
    ),
    "a point that was moved": (with_row("BKYDWWD", 0, "POINT (9000 150)"), {("GEO011", "")}),
    "a slit between two parcels": (
        with_row("DLTB", 4, "POLYGON ((100 100, 200 100, 200 200, 100 200, 100 190, 100.5 180, 100.5 120, 100 110, 100 100))"),
        # The gap is in the township; its neighbour lacks the vertices on the shared edge.
        {("TOP005", ""), ("TOP006", "")},
    ),
    "a vertex on one side only": (
        with_row("DLTB", 4, "POLYGON ((100 100, 200 100, 200 200, 100 200, 100 150, 100 100))"),
        {("TOP005", "")},
    ),
    "a parcel is missing": (
        {**plan_without_defects(), "DLTB": plan_without_defects()["DLTB"][:-1]},
        {("TOP006", "")},
    ),
    "a protected range twice": (with_added_row("LSWHBHX", square(1, 1)), {("TOP007", "")}),
    "a line that reaches into the other": (
        with_row("CZKFBJ", 0, "POLYGON ((199.5 0, 300 0, 300 100, 300 200, 300 300, 199.5 300, 199.5 0))"),
        # Edges of county and parcels lack a vertex at the crossing.
        {("TOP008", "overlaps"), ("TOP005", ""), ("TOP005", "layers")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_defect_is_found_only_by_its_rule(defect):
    layers, codes = DEFECTS[defect]
    assert set(find_problems(layers)) == codes


def test_problem_of_two_rules_is_reported_once():
    arc = with_row("DLTB", 0, {"wkt": square(0, 0), "curve": True})
    assert find_problems(arc, ("GEO002",)) == [("GEO002", "curve")]
    assert find_problems(arc, ("GEO002", "GEO004")) == [("GEO004", "")]
    twice = with_added_row("DLTB", square(0, 0))
    assert find_problems(twice, ("TOP001", "TOP007")) == [("TOP001", "duplicate")]
    assert find_problems(twice, ("TOP007",)) == [("TOP007", "")]
    off = with_row("LSWHBHX", 0, square(90, 0))
    assert find_problems(off, ("GEO011",)) == [("GEO011", "")]
    assert find_problems(off, ("GEO011", "TOP003")) == [("TOP003", "")]


def test_limits_are_read_from_settings():
    fragment, _ = DEFECTS["a fragment"]
    assert find_problems(fragment, **{"quality.min_area_m2.YJJBNTBHTB": 50.0}) == []
    reaching, _ = DEFECTS["a line that reaches into the other"]
    assert find_problems(reaching, **{"quality.edges_compared": [], "quality.lines": ["farmland"]}) == [("TOP005", "")]


def test_vertices_added_by_reprojection_need_no_match():
    """Vertices added to long edges of a line in another zone are not missing in its neighbour."""
    norm = norm_of()
    line = source_layer("STBHHX", ["POLYGON ((0 0, 30000 0, 30000 1000, 0 1000, 0 0))"], norm)
    neighbour = source_layer("CZKFBJ", ["POLYGON ((5000 1000, 25000 1000, 25000 2000, 5000 2000, 5000 1000))"], norm)
    moved = dataclasses.replace(neighbour, frame=neighbour.frame.to_crs(4525), crs=CRS.from_epsg(4525))
    plan = assemble_plan([line, moved], norm, scope="three_lines")
    assert len(plan.layers["CZKFBJ"].added)
    report = run_check(plan, choose_rules((), ["TOP005", "GEO010"]), parameters={"GEO010": {"vertices_count": 4}})
    (pair,) = [f for f in report.findings if f.code == "TOP005"]
    # Only the two corners on the long edge are missing there.
    assert pair.params["count"] == 2
    assert not [f for f in report.findings if f.code == "GEO010"]
