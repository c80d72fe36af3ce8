# SPDX-License-Identifier: GPL-2.0-or-later
"""Test quick reviews against a prepared plan: they equal reviews against the whole plan, also after edits."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from plugin.core.live import IncrementalChecker
from plugin.core.loading.reading import read_plan
from plugin.core.messages.texts import Texts
from plugin.core.options import RunOptions
from plugin.core.projects.admission import load_admission
from plugin.core.projects.prepared import DrawnProject, PreparedReview, read_drawn_projects, review_drawn_projects
from plugin.core.projects.review import ProjectReview
from plugin.core.projects.settings import load_review_settings
from plugin.paths import RESOURCES_FOLDER

SAMPLE = RESOURCES_FOLDER / "sample" / "county.gpkg"
#: A place of the sample county where farmland, the red line and the urban boundary meet (EPSG:4526).
X, Y = 38_471_100.0, 4_385_450.0


@pytest.fixture(scope="module")
def plan():
    options = RunOptions(profile="hunyuan")
    return read_plan(SAMPLE, options.resolve_norm(), options)


@pytest.fixture(scope="module")
def review(plan):
    settings = load_review_settings(plan.norm)
    prepared = PreparedReview(plan, settings, load_admission(plan.norm, settings), plan.norm.make_tolerance())
    prepared.prepare()
    return prepared


def make_hexagon(x, y, radius):
    angles = np.linspace(0, 2 * np.pi, 7)[:-1]
    return shapely.polygons(np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)]))


def draw(plan, shape, use="13"):
    return DrawnProject(shape, plan.plane_crs, {"name": "项目", "use": use})


def summarise(result):
    """Return the figures, outcomes and texts of a result, without shapes."""
    lines = [(one.id, one.area_m2, one.net_m2, one.outside_m2, one.outcome, one.reason, one.distance_m, one.touched_m2)
             for one in result.lines]  # fmt: skip
    zones = [(one.code, one.area_m2, one.outcome, one.reason) for one in result.zones]
    return lines, zones, result.classes, result.townships, result.verdict, result.unclassified_m2


@pytest.mark.parametrize(
    ("x", "y", "radius"),
    [
        pytest.param(X, Y, 150.0, id="farmland, red line and boundary meet"),
        pytest.param(X, Y, 1500.0, id="many parcels"),
        pytest.param(X + 3000.0, Y + 3000.0, 30.0, id="one parcel, lines far away"),
    ],
)
def test_quick_review_equals_the_review_on_the_whole_plan(plan, review, x, y, radius):
    read = read_drawn_projects([draw(plan, make_hexagon(x, y, radius))], plan, review.settings, "图")
    quick = review.review(read.projects)
    whole = ProjectReview(plan, read.projects, review.settings, review.table, review.tolerance).review()
    assert len(quick.results) == 1
    assert summarise(quick.results[0]) == summarise(whole.results[0])


def test_quick_reviews_of_moving_outlines_are_independent_of_former_positions(plan, review):
    shapes = [make_hexagon(X + 40.0 * step, Y, 150.0) for step in range(12)]
    fresh = PreparedReview(plan, review.settings, review.table, review.tolerance)
    fresh.prepare()
    for shape in shapes:
        read = read_drawn_projects([draw(plan, shape)], plan, review.settings, "图")
        review.review(read.projects)
    read = read_drawn_projects([draw(plan, shapes[3])], plan, review.settings, "图")
    assert summarise(review.review(read.projects).results[0]) == summarise(fresh.review(read.projects).results[0])


def test_removed_and_added_farmland_counts_after_edits(plan, review):
    checker = IncrementalChecker(plan, [])
    checker.prepare()
    shape = make_hexagon(X, Y, 150.0)
    farmland = plan.layers["YJJBNTBHTB"]
    shared = shapely.area(shapely.intersection(farmland.plane_shapes, shape))
    row = int(np.nanargmax(shared))
    before = review_drawn_projects([draw(plan, shape)], review, "图", "zh").results[0].find_line("farmland")
    checker.remove_row_without_recheck("YJJBNTBHTB", row)
    removed = review_drawn_projects([draw(plan, shape)], review.use_rows(checker.rows.fork()), "图", "zh")
    others = farmland.plane_shapes[np.arange(len(farmland)) != row]
    near = others[shapely.intersects(others, shape)]
    expected = shapely.area(shapely.intersection(shape, shapely.union_all(near)))
    area = removed.results[0].find_line("farmland").area_m2
    assert area < before.area_m2 and area == pytest.approx(expected, rel=2e-4), (
        "drawn on the ellipsoid, not in the plane"
    )
    far = make_hexagon(X, Y, 150.0)
    checker.add_row_without_recheck("YJJBNTBHTB", 10**6, far, BSM="140225000000009999", YJJBNTMJ=1.0)
    added = review_drawn_projects([draw(plan, shape)], review.use_rows(checker.rows.fork()), "图", "zh")
    line = added.results[0].find_line("farmland")
    assert line.area_m2 == pytest.approx(added.results[0].project.statutory_m2, abs=0.01)
    again = review_drawn_projects([draw(plan, shape)], review.use_rows(None), "图", "zh").results[0]
    assert again.find_line("farmland").area_m2 == before.area_m2


def test_nearest_row_is_another_one_after_the_nearest_was_removed(plan, review):
    line = plan.layers["STBHHX"]
    shape = make_hexagon(X + 3000.0, Y + 3000.0, 30.0)
    order = np.argsort(shapely.distance(line.plane_shapes, shape))
    checker = IncrementalChecker(plan, [])
    checker.remove_row_without_recheck("STBHHX", int(order[0]))
    result = review_drawn_projects([draw(plan, shape)], review.use_rows(checker.rows.fork()), "图", "zh").results[0]
    assert result.find_line("red_line").distance_m == pytest.approx(
        float(shapely.distance(line.plane_shapes[order[1]], shape))
    )


def test_row_without_shape_is_named_until_it_is_removed(plan, review):
    shape = make_hexagon(X + 3000.0, Y + 3000.0, 30.0)
    checker = IncrementalChecker(plan, [])
    heritage = plan.layers["LSWHBHX"]
    checker.remove_row_without_recheck("LSWHBHX", int(np.flatnonzero(heritage.empty_rows)[0]))
    checker.add_row_without_recheck("STBHHX", 10**6, None, BSM="140225000000009999")
    checker.add_row_without_recheck("CZKFBJ", 10**6 + 1, make_hexagon(X, Y, 5.0), BSM="140225000000009998")
    before, after = (
        review_drawn_projects([draw(plan, shape)], review.use_rows(rows), "图", "zh").results[0]
        for rows in (None, checker.rows.fork())
    )
    assert before.find_line("heritage").has_gaps and not after.find_line("heritage").has_gaps
    assert not before.find_line("red_line").has_gaps and after.find_line("red_line").has_gaps
    assert not after.find_line("boundary").has_gaps
    assert "140225000000009999" in after.find_line("red_line").reason.render(Texts("zh"))


def test_outline_that_crosses_itself_has_a_note_and_no_result(plan, review):
    bow = shapely.polygons([(X, Y), (X + 100, Y + 100), (X + 100, Y), (X, Y + 100)])
    result = review_drawn_projects([draw(plan, bow), draw(plan, make_hexagon(X, Y, 50.0))], review, "图", "zh")
    assert [one.project.row for one in result.results] == [2]
    assert [(note.row, note.message.key) for note in result.notes if note.level == "error"] == [(1, "note_invalid")]


def test_project_in_degrees_has_the_same_area_as_in_the_plane(plan, review):
    shape = make_hexagon(X, Y, 150.0)
    degrees = gpd.GeoSeries([shape], crs=plan.plane_crs).to_crs(4490)
    projects = [draw(plan, shape), DrawnProject(degrees.iloc[0], degrees.crs, {"name": "度", "use": "13"})]
    in_plane, in_degrees = review_drawn_projects(projects, review, "图", "zh").results
    assert in_degrees.project.statutory_m2 == pytest.approx(in_plane.project.statutory_m2, abs=0.01)
    # Edges that are straight in degrees bend in the plane by millimetres.
    assert in_degrees.find_line("farmland").area_m2 == pytest.approx(in_plane.find_line("farmland").area_m2, abs=0.1)
