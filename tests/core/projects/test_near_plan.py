# SPDX-License-Identifier: GPL-2.0-or-later
"""A review on the rows near projects equals the review on the whole plan, and shortcuts equal the full computation."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from plugin.core.loading.reading import read_plan
from plugin.core.messages.texts import Message, Texts
from plugin.core.options import RunOptions
from plugin.core.plan.layer import SourceLayer
from plugin.core.projects import near_plan
from plugin.core.projects.admission import load_admission
from plugin.core.projects.lines import is_rest_sliver
from plugin.core.projects.model import ClassItem, TownshipItem
from plugin.core.projects.near_plan import make_plan_near, needs_field
from plugin.core.projects.occupied import ProjectPieces
from plugin.core.projects.prepared import DrawnProject, PreparedReview, read_drawn_projects
from plugin.core.projects.read_projects import read_projects
from plugin.core.projects.review import ProjectReview
from plugin.core.projects.settings import load_review_settings
from plugin.paths import RESOURCES_FOLDER
from tests.core.projects.test_prepared_review import summarise

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
    monkeypatch.setattr(near_plan, "_MAX_SMALL_LAYER_ROWS", 0)
    monkeypatch.setattr(near_plan, "_FIRST_SEARCH_M", first_search_m)
    near = make_plan_near(plan, np.array([one.shape for one in projects], dtype=object), settings)
    assert len(near.layers["DLTB"]) < len(plan.layers["DLTB"])
    reviewed = ProjectReview(near, projects, settings, load_admission(plan.norm, settings), plan.norm.make_tolerance())
    compare(reviewed.review(), whole)


def test_reviews_one_by_one_in_kept_surroundings_equal_the_review_of_all(plan, settings, projects, whole):
    review = PreparedReview(plan, settings, load_admission(plan.norm, settings), plan.norm.make_tolerance())
    review.prepare()
    by_row = {one.project.row: one for one in whole.results}
    kept_count = 0
    for number, project in enumerate(projects):
        for one in review.review([project]).results:
            assert_same(summarise(one), summarise(by_row[project.row]))
        # A second position within the surroundings uses what was computed for the first.
        kept = dict(review._surroundings)
        shifted = read_stars(plan, settings, [shapely.transform(project.shape, lambda xy: xy + 7.0)])
        again = review.review(shifted).results
        kept_count += all(review._surroundings[role] is one for role, one in kept.items())
        if number % 6 == 0:
            fresh = ProjectReview(plan, shifted, settings, review.table, review.tolerance).review().results
            assert_same([summarise(one) for one in again], [summarise(one) for one in fresh])
    assert kept_count == len(projects)


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
