# SPDX-License-Identifier: GPL-2.0-or-later
"""Quality rules: a defect planted in a plan without defects is found."""

import dataclasses

import pytest
import shapely
from pyproj import CRS

from plugin.core.engine.evaluate import choose_rules
from plugin.core.examples.plans import make_example_layer, make_example_norm, make_example_plan
from plugin.core.loading.assembly import assemble_plan
from plugin.core.results.run import run_check


def make_grid_square(column, row, size=100):
    return shapely.box(column * size, row * size, (column + 1) * size, (row + 1) * size).wkt


def make_plan_without_defects():
    """Return nine parcels in three townships.

    Farmland, red line and urban boundary cover one column of three parcels each.
    """
    townships = [f"POLYGON (({x} 0, {x + 100} 0, {x + 100} 100, {x + 100} 200, {x + 100} 300, {x} 300, {x} 200, {x} 100, {x} 0))"
             for x in (0, 100, 200)]  # fmt: skip
    county = (
        "POLYGON ((0 0, 100 0, 200 0, 300 0, 300 100, 300 200, 300 300, 200 300, 100 300, 0 300, 0 200, 0 100, 0 0))"
    )
    return {
        "DLTB": [make_grid_square(c, r) for c in range(3) for r in range(3)],
        "XZQXZ": townships,
        "XZQX": [county],
        "YJJBNTBHTB": [make_grid_square(0, r) for r in range(3)],
        "STBHHX": [townships[1]],
        "CZKFBJ": [townships[2]],
        "LSWHBHX": [make_grid_square(1, 1)],
        "BKYDWWD": ["POINT (150 150)"],
    }


def find_problems(layers, rules=("quality", "TOP006"), **settings):
    plan = make_example_plan(layers, settings=settings)
    report = run_check(plan, choose_rules((), plan.norm.expand_groups(rules)))
    assert not [r for r in report.rules if str(r.outcome) == "crashed"]
    return sorted({(f.code, f.case) for f in report.findings})


def replace_row_values(role, row, wkt):
    layers = make_plan_without_defects()
    layers[role][row] = wkt
    return layers


def add_row(role, wkt):
    layers = make_plan_without_defects()
    layers[role].append(wkt)
    return layers


def test_plan_without_defects_has_no_quality_finding():
    assert find_problems(make_plan_without_defects()) == []


QUALITY_DEFECTS = {
    "an arc": (replace_row_values("DLTB", 0, {"wkt": make_grid_square(0, 0), "curve": True}), {("GEO004", "")}),
    "a spike": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 149, 140 149.5, 200 150, 200 200, 100 200, 100 100))"),
        {("GEO005", "spike")},
    ),
    "an acute corner": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 115, 100 100))"),
        {("GEO005", "acute")},
    ),
    "a hole in the red line": (
        replace_row_values("STBHHX", 0, "POLYGON ((100 0, 200 0, 200 100, 200 200, 200 300, 100 300, 100 200, 100 100, 100 0), "
                              "(140 140, 160 140, 160 160, 140 160, 140 140))"),
        {("GEO006", "hole")},
    ),
    "a window": (
        {**replace_row_values("CZKFBJ", 0, "POLYGON ((200 0, 300 0, 300 100, 300 200, 300 300, 200 300, 200 200, 200 100, 200 0), "
                                 "(240 140, 260 140, 260 160, 240 160, 240 140))"),
         "YJJBNTBHTB": [*make_plan_without_defects()["YJJBNTBHTB"], "POLYGON ((240 140, 260 140, 260 160, 240 160, 240 140))"]},
        {("TOP009", "window")},
    ),
    "a fragment": (add_row("YJJBNTBHTB", "POLYGON ((150 50, 160 50, 160 60, 150 60, 150 50))"), {("GEO007", "")}),
    "an arm": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 200, 151 200, 151 260, 150 260, 150 200, 100 200, 100 100))"),
        {("GEO008", "")},
    ),
    "a vertex twice": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 100, 200 200, 100 200, 100 100))"),
        {("GEO009", "repeated")},
    ),
    "two vertices that nearly meet": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 100.004, 200 200, 100 200, 100 100))"),
        {("GEO009", "near")},
    ),
    "a point that was moved": (replace_row_values("BKYDWWD", 0, "POINT (9000 150)"), {("GEO011", "")}),
    "a slit between two parcels": (
        replace_row_values("DLTB", 4, "POLYGON ((100 100, 200 100, 200 200, 100 200, 100 190, 100.5 180, 100.5 120, 100 110, 100 100))"),
        # The gap is in the township; its neighbour lacks the vertices on the shared edge.
        {("TOP005", ""), ("TOP006", "")},
    ),
    "a vertex on one side only": (
        replace_row_values("DLTB", 4, "POLYGON ((100 100, 200 100, 200 200, 100 200, 100 150, 100 100))"),
        {("TOP005", "")},
    ),
    "a parcel is missing": (
        {**make_plan_without_defects(), "DLTB": make_plan_without_defects()["DLTB"][:-1]},
        {("TOP006", "")},
    ),
    "a protected range twice": (add_row("LSWHBHX", make_grid_square(1, 1)), {("TOP007", "")}),
    "a line that reaches into the other": (
        replace_row_values("CZKFBJ", 0, "POLYGON ((199.5 0, 300 0, 300 100, 300 200, 300 300, 199.5 300, 199.5 0))"),
        # Edges of county and parcels lack a vertex at the crossing.
        {("TOP008", "overlaps"), ("TOP005", ""), ("TOP005", "layers")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", QUALITY_DEFECTS)
def test_planted_quality_defect_is_found_only_by_its_rules(defect):
    layers, codes = QUALITY_DEFECTS[defect]
    assert set(find_problems(layers)) == codes


def test_problem_that_two_running_rules_would_find_is_reported_by_only_one_of_them():
    arc = replace_row_values("DLTB", 0, {"wkt": make_grid_square(0, 0), "curve": True})
    assert find_problems(arc, ("GEO002",)) == [("GEO002", "curve")]
    assert find_problems(arc, ("GEO002", "GEO004")) == [("GEO004", "")]
    twice = add_row("DLTB", make_grid_square(0, 0))
    assert find_problems(twice, ("TOP001", "TOP007")) == [("TOP001", "duplicate")]
    assert find_problems(twice, ("TOP007",)) == [("TOP007", "")]
    off = replace_row_values("LSWHBHX", 0, make_grid_square(90, 0))
    assert find_problems(off, ("GEO011",)) == [("GEO011", "")]
    assert find_problems(off, ("GEO011", "TOP003")) == [("TOP003", "")]


def test_limits_of_quality_rules_are_read_from_settings():
    fragment, _ = QUALITY_DEFECTS["a fragment"]
    assert find_problems(fragment, **{"quality.min_area_m2.YJJBNTBHTB": 50.0}) == []
    reaching, _ = QUALITY_DEFECTS["a line that reaches into the other"]
    assert find_problems(reaching, **{"quality.edges_compared": [], "quality.lines": ["farmland"]}) == [("TOP005", "")]


def test_vertices_that_reprojection_adds_to_a_polygon_are_not_reported_as_missing_in_its_neighbour():
    """Check neighbours in two zones; reprojection adds vertices to only one of them."""
    norm = make_example_norm()
    line = make_example_layer("STBHHX", ["POLYGON ((0 0, 30000 0, 30000 1000, 0 1000, 0 0))"], norm)
    neighbour = make_example_layer(
        "CZKFBJ", ["POLYGON ((5000 1000, 25000 1000, 25000 2000, 5000 2000, 5000 1000))"], norm
    )
    moved = dataclasses.replace(neighbour, frame=neighbour.frame.to_crs(4525), crs=CRS.from_epsg(4525))
    plan = assemble_plan([line, moved], norm, scope="three_lines")
    assert len(plan.layers["CZKFBJ"].added_vertices)
    report = run_check(plan, choose_rules((), ["TOP005", "GEO010"]), parameters={"GEO010": {"vertices_count": 4}})
    (pair,) = [f for f in report.findings if f.code == "TOP005"]
    # Only the two corners on the long edge are missing there.
    assert pair.params["count"] == 2
    assert not [f for f in report.findings if f.code == "GEO010"]
