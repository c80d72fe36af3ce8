# SPDX-License-Identifier: GPL-2.0-or-later
"""A review on the rows near projects equals the review on the whole plan, and shortcuts equal the full computation."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from plugin.core.checks.live.checker import IncrementalChecker
from plugin.core.plan.layer import SourceLayer
from plugin.core.plan.loading.reading import read_plan
from plugin.core.standard.messages.texts import Message, Texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.projects import run_review
from plugin.core.studies.projects.lines_and_zones import is_rest_sliver
from plugin.core.studies.projects.occupied import ProjectPieces
from plugin.core.studies.projects.prepared import (
    DrawnProject,
    PreparedReview,
    read_drawn_projects,
    review_drawn_projects,
)
from plugin.core.studies.projects.read_projects import read_projects
from plugin.core.studies.projects.review import ProjectReview
from plugin.core.studies.projects.review_settings import load_admission, load_review_settings
from plugin.core.studies.projects.reviewed_project import ClassItem, TownshipItem
from plugin.core.studies.projects.run_review import make_plan_near, needs_field
from plugin.paths import RESOURCES_FOLDER

SAMPLE = RESOURCES_FOLDER / "sample" / "county.gpkg"
TEXTS = Texts("zh")


@pytest.fixture(scope="module")
def plan():
    options = RunOptions(profile="hunyuan")
    return read_plan(SAMPLE, options.resolve_norm(), options)


@pytest.fixture(scope="module")
def settings(plan):
    return load_review_settings(plan.norm)


def assert_same(value, expected):
    """Compare nested figures and texts; areas may differ by a tenth of a mm², as overlays of GEOS round differently."""
    if isinstance(value, float):
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-7)
    elif isinstance(value, list | tuple):
        assert len(value) == len(expected)
        for one, other in zip(value, expected, strict=True):
            assert_same(one, other)
    elif isinstance(value, ClassItem | TownshipItem):
        assert_same(list(vars(value).values()), list(vars(expected).values()))
    elif isinstance(value, Message):
        assert value.render(TEXTS) == expected.render(TEXTS)
    else:
        assert value == expected


def make_stars(plan, seed, count):
    """Return polygons of 0.01 to 60 ha in all parts of the county, and a few outside it."""
    random = np.random.default_rng(seed)
    xmin, ymin, xmax, ymax = shapely.total_bounds(plan.layers["DLTB"].plane_shapes)
    stars = []
    for _ in range(count):
        angles, radii = (
            np.sort(random.uniform(0, 2 * np.pi, 7)),
            random.uniform(0.6, 1.2, 7) * 10 ** random.uniform(0.7, 2.6),
        )
        x, y = random.uniform(xmin - 200, xmax + 200), random.uniform(ymin - 200, ymax + 200)
        ring = np.column_stack([x + radii * np.cos(angles), y + radii * np.sin(angles)])
        stars.append(shapely.convex_hull(shapely.Polygon(ring)))
    return stars


def read_stars(plan, settings, stars):
    """Return polygons of the plane as projects."""
    drawn = [DrawnProject(star, plan.plane_crs, {"name": f"项目{n}", "use": "0901"}) for n, star in enumerate(stars)]
    return read_drawn_projects(drawn, plan, settings, "图").projects


@pytest.fixture(scope="module")
def projects(plan, settings):
    return read_stars(plan, settings, make_stars(plan, 20, 60))


@pytest.fixture(scope="module")
def whole(plan, settings, projects):
    """Review the projects on the whole plan."""
    table = load_admission(plan.norm, settings)
    return ProjectReview(plan, projects, settings, table, plan.norm.make_tolerance()).review()


def compare(reviewed, whole):
    """Compare figures, outcomes, reasons and shapes of two reviews."""
    assert len(whole.results) > 40 and whole.notes == reviewed.notes
    for one, other in zip(reviewed.results, whole.results, strict=True):
        assert_same(summarise(one), summarise(other))
        for line, expected in zip(one.lines, other.lines, strict=True):
            assert (line.shape is None) == (expected.shape is None)
            assert line.shape is None or shapely.area(shapely.symmetric_difference(line.shape, expected.shape)) < 1e-6


@pytest.mark.parametrize("first_search_m", [1.0, 500.0])
def test_review_on_the_rows_near_projects_equals_that_on_the_whole_plan(
    plan, settings, projects, whole, first_search_m, monkeypatch
):
    monkeypatch.setattr(run_review, "_MAX_SMALL_LAYER_ROWS", 0)
    monkeypatch.setattr(run_review, "_FIRST_SEARCH_M", first_search_m)
    near = make_plan_near(plan, np.array([one.shape for one in projects], dtype=object), settings)
    assert len(near.layers["DLTB"]) < len(plan.layers["DLTB"])
    reviewed = ProjectReview(near, projects, settings, load_admission(plan.norm, settings), plan.norm.make_tolerance())
    compare(reviewed.review(), whole)


def test_reviews_one_by_one_in_kept_surroundings_equal_the_review_of_all(plan, settings, projects, whole):
    review = PreparedReview(plan, settings, load_admission(plan.norm, settings), plan.norm.make_tolerance())
    review.prepare()
    by_row = {one.project.row: one for one in whole.results}
    kept_count = 0
    for number, project in enumerate(projects[::3]):
        for one in review.review([project]).results:
            assert_same(summarise(one), summarise(by_row[project.row]))
        # A second position within the surroundings uses what was computed for the first.
        kept = dict(review._surroundings)
        shifted = read_stars(plan, settings, [shapely.transform(project.shape, lambda xy: xy + 7.0)])
        again = review.review(shifted).results
        kept_count += all(review._surroundings[role] is one for role, one in kept.items())
        if number % 3 == 0:
            fresh = ProjectReview(plan, shifted, settings, review.table, review.tolerance).review().results
            assert_same([summarise(one) for one in again], [summarise(one) for one in fresh])
    assert kept_count == len(projects[::3])


def is_rest_sliver_by_difference(pieces, project, tolerance):
    """Return the answer of the whole computation: union, difference, area and width of the rest."""
    rest = shapely.difference(project.shape, shapely.union_all(pieces.shapes))
    area, length = shapely.area(rest), shapely.length(rest)
    return bool(tolerance.is_sliver(area, 2 * area / length if length else 0.0))


def test_small_rest_is_a_sliver_by_its_area_alone(plan, projects):
    tolerance = plan.norm.make_tolerance()
    random = np.random.default_rng(3)
    outcomes = []
    for project in projects[:30]:
        # A disc is the widest shape of its area; a strip along an edge the narrowest.
        for radius in (0.005, 0.05, 0.069, 0.0708, 0.09, 0.12, 0.3, random.uniform(0.01, 0.5)):
            disc = shapely.Point(shapely.point_on_surface(project.shape)).buffer(radius, quad_segs=64)
            cover = shapely.difference(project.shape, disc)
            middle = shapely.centroid(project.shape).x
            xmin, ymin, xmax, ymax = project.shape.bounds
            halves = [shapely.box(xmin, ymin, middle, ymax), shapely.box(middle, ymin, xmax, ymax)]
            shapes = np.array([shapely.intersection(cover, half) for half in halves], dtype=object)
            pieces = ProjectPieces(np.arange(2), shapes, shapely.area(shapes), np.ones(2))
            outcomes.append(is_rest_sliver(pieces, project, tolerance))
            assert outcomes[-1] == is_rest_sliver_by_difference(pieces, project, tolerance), radius
    assert {True, False} == set(outcomes)


def test_review_reads_only_fields_that_it_needs(plan, settings, projects, whole):
    options = RunOptions(profile="hunyuan")
    lean = read_plan(SAMPLE, options.resolve_norm(), options, needs_field=needs_field)
    assert len(lean.layers["DLTB"].frame.columns) < len(plan.layers["DLTB"].frame.columns) / 2
    reviewed = ProjectReview(lean, projects, settings, load_admission(plan.norm, settings), plan.norm.make_tolerance())
    compare(reviewed.review(), whole)
    assert lean.area_code == plan.area_code and lean.plane_crs == plan.plane_crs


@pytest.mark.parametrize("code", [4526, 4490, 4527])
def test_drawn_projects_are_read_like_rows_of_a_layer(plan, settings, code):
    crs = gpd.GeoSeries([], crs=code).crs
    stars = gpd.GeoSeries(make_stars(plan, code, 12), crs=plan.plane_crs).to_crs(crs).to_list()
    bow = shapely.Polygon(shapely.get_coordinates(stars[0])[[0, 2, 1, 3]])
    shapes = [*stars, stars[0].exterior, shapely.centroid(stars[1]), bow, shapely.Polygon()]
    attributes = {
        "name": " 项目 ",
        "use": "1202",
        "width": "12",
        "supply": "出让",
        "declared_ha": "1,234.5",
        "approval": "无",
    }
    for shape in shapes:
        quick = read_drawn_projects([DrawnProject(shape, crs, attributes)], plan, settings, "图")
        columns = {settings.fields[meaning][0]: [text] for meaning, text in attributes.items()}
        layer = SourceLayer("图", gpd.GeoDataFrame(columns, geometry=[shape], crs=crs), (), crs)
        whole = read_projects(layer, plan.norm, settings, plan.plane_crs)
        assert quick == whole


#: A place of the sample county where farmland, the red line and the urban boundary meet (EPSG:4526).
X, Y = 38_471_100.0, 4_385_450.0


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
    checker.remove_row("YJJBNTBHTB", row)
    removed = review_drawn_projects([draw(plan, shape)], review.use_rows(checker.rows.fork()), "图", "zh")
    others = farmland.plane_shapes[np.arange(len(farmland)) != row]
    near = others[shapely.intersects(others, shape)]
    expected = shapely.area(shapely.intersection(shape, shapely.union_all(near)))
    area = removed.results[0].find_line("farmland").area_m2
    assert area < before.area_m2 and area == pytest.approx(expected, rel=2e-4), (
        "drawn on the ellipsoid, not in the plane"
    )
    checker.add_row("YJJBNTBHTB", 10**6, make_hexagon(X, Y, 150.0), BSM="140225000000009999", YJJBNTMJ=1.0)
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
    checker.remove_row("STBHHX", int(order[0]))
    result = review_drawn_projects([draw(plan, shape)], review.use_rows(checker.rows.fork()), "图", "zh").results[0]
    assert result.find_line("red_line").distance_m == pytest.approx(
        float(shapely.distance(line.plane_shapes[order[1]], shape))
    )


def test_row_without_shape_is_named_until_it_is_removed(plan, review):
    shape = make_hexagon(X + 3000.0, Y + 3000.0, 30.0)
    checker = IncrementalChecker(plan, [])
    checker.remove_row("LSWHBHX", int(np.flatnonzero(plan.layers["LSWHBHX"].empty_rows)[0]))
    checker.add_row("STBHHX", 10**6, None, BSM="140225000000009999")
    checker.add_row("CZKFBJ", 10**6 + 1, make_hexagon(X, Y, 5.0), BSM="140225000000009998")
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
