# SPDX-License-Identifier: GPL-2.0-or-later
"""A row that could not be used may have its land under a project: nothing is certainly free, and nothing conforms."""

import numpy as np
import pytest
import shapely

from plugin.core.loading.reading import read_plan
from plugin.core.messages.texts import Texts
from plugin.core.options import RunOptions
from plugin.core.projects.admission import load_admission
from plugin.core.projects.messages import describe_result
from plugin.core.projects.model import Outcome
from plugin.core.projects.near_plan import make_plan_near
from plugin.core.projects.prepared import DrawnProject, PreparedReview, read_drawn_projects
from plugin.core.projects.read_projects import read_project_layer
from plugin.core.projects.review import ProjectReview
from plugin.core.projects.run import review_projects
from plugin.core.projects.settings import load_review_settings
from tests.core.projects.written_county import (
    EAST,
    NORTH,
    ROWS_BY_ROLE,
    box,
    write_county,
    write_profile,
    write_projects,
)
from tests.parametrize import first_daily

TEXTS = Texts("zh")
#: A project that conforms in the clean county: commerce inside the boundary.
PROJECT = box(2200, 750, 2300, 850)
STRAY = shapely.box(0, 0, 10, 10)


def swap_axes(shape):
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


def shift(shape, dx, dy=0.0):
    return shapely.transform(shape, lambda xy: xy + np.array([dx, dy]))


def set_vertex(shape, x, y):
    xy = shapely.get_coordinates(shape)
    xy[1] = x, y
    return shapely.Polygon(xy)


#: Shapes that cannot be used, or only in part, of a row whose land is that of the project.
SHAPES = {
    "no shape": None,
    "empty": shapely.Polygon(),
    "line": PROJECT.exterior,
    "point": PROJECT.centroid,
    "collection of a line": shapely.GeometryCollection([PROJECT.exterior]),
    "empty collection": shapely.GeometryCollection(),
    "not a number": set_vertex(PROJECT, np.nan, np.nan),
    "infinite": set_vertex(PROJECT, np.inf, NORTH),
    "no area": shapely.Polygon([(EAST, NORTH), (EAST + 9, NORTH), (EAST + 18, NORTH), (EAST, NORTH)]),
    "swapped axes": swap_axes(PROJECT),
    "no zone prefix": shift(PROJECT, -38e6),
    "another zone prefix": shift(PROJECT, 1e6),
    "degrees": shapely.box(113.7, 39.7, 113.71, 39.71),
    "outside every frame": shift(PROJECT, 5e8, 5e8),
    "far, in the same zone": shift(PROJECT, 0, -4.39e6),
    "southern hemisphere": shapely.transform(PROJECT, lambda xy: xy * np.array([1, -1])),
}
PARTIAL = {
    "part at the origin": shapely.MultiPolygon([box(3900, 2900, 3910, 2910), STRAY]),
    "part on the equator": shapely.MultiPolygon([box(3900, 2900, 3910, 2910), shift(PROJECT, 0, -4.39e6)]),
    "collection with a line": shapely.GeometryCollection([box(3900, 2900, 3910, 2910), PROJECT.exterior]),
}
ROLES = ["YJJBNTBHTB", "GDBHMB", "STBHHX", "CZKFBJ", "YDYHGHFQ", "LSWHBHX", "ZRBHD", "XZQX", "XZQXZ", "DLTB"]


def write_bad_county(folder, role, shape, **more):
    """Write the clean county with another row of a layer; return the path of the county."""
    row = {**ROWS_BY_ROLE[role][0], **more, "geometry": shape}
    return write_county(folder / "county.gpkg", changed={role: [*ROWS_BY_ROLE[role], row]})


def read_county(folder, county):
    profile = write_profile(folder)
    text = profile.read_text(encoding="utf-8")
    absent = '[absent]\nconcepts = ["hazards", "mineral_line", "flood_line"]\n'
    profile.write_text(text.replace("[projects]", absent + "\n[projects]"), encoding="utf-8")
    options = RunOptions(profile=str(profile))
    return read_plan(county, options.resolve_norm(), options)


def review(plan, shape=PROJECT, use="09"):
    """Return the result of a project on the rows near it, after comparing it with that on the whole plan."""
    settings = load_review_settings(plan.norm)
    table, tolerance = load_admission(plan.norm, settings), plan.norm.make_tolerance()
    drawn = [DrawnProject(shape, plan.plane_crs, {"name": "项目", "use": use})]
    read = read_drawn_projects(drawn, plan, settings, "图")
    near = make_plan_near(plan, np.array([shape], dtype=object), settings)
    (result,) = ProjectReview(near, read.projects, settings, table, tolerance).review().results
    prepared = PreparedReview(plan, settings, table, tolerance)
    prepared.prepare()
    (quick,) = prepared.review(read.projects).results
    assert quick.verdict is result.verdict
    assert [one.render(TEXTS) for one in quick.reasons] == [one.render(TEXTS) for one in result.reasons]
    return result


def test_project_conforms_where_every_row_was_used(tmp_path):
    result = review(read_county(tmp_path, write_county(tmp_path / "county.gpkg")))
    assert result.verdict is Outcome.CONFORMS, [one.render(TEXTS) for one in result.reasons]


@pytest.mark.parametrize("role", first_daily(ROLES))
def test_row_without_usable_shape_leaves_the_project_undetermined(tmp_path, role):
    for name, shape in (SHAPES if role == "YJJBNTBHTB" else {"no shape": None, "line": PROJECT.exterior}).items():
        county = write_bad_county(tmp_path, role, shape, BSM="140225999999999999")
        result = review(read_county(tmp_path, county))
        county.unlink()
        assert result.verdict is Outcome.UNDETERMINED, name
        texts = " ".join(one.render(TEXTS) for one in (*result.reasons, *(one.missing for one in result.missing)))
        assert "140225999999999999" in texts and role in texts, name
        line = next((line for line in result.lines if line.role == role), None)
        if line is not None and role != "CZKFBJ":
            assert line.outcome is Outcome.UNDETERMINED and line.distance_m is None and line.area_m2 is None, name
            assert "未占用" not in line.reason.render(TEXTS)


@pytest.mark.parametrize("name", PARTIAL)
def test_row_with_a_stray_part_is_used_for_occupied_land_only(tmp_path, name):
    plan = read_county(tmp_path, write_bad_county(tmp_path, "YJJBNTBHTB", PARTIAL[name]))
    assert review(plan).verdict is Outcome.UNDETERMINED
    result = review(plan, box(3880, 2880, 3930, 2930))
    line = result.find_line("farmland")
    assert line.outcome is Outcome.FAILS and result.verdict is Outcome.FAILS
    assert line.area_m2 == pytest.approx(100.0, rel=1e-3)


def test_invalid_polygon_that_was_repaired_counts_as_used(tmp_path):
    bow_tie = shapely.Polygon([(EAST + x, NORTH + y) for x, y in ((100, 0), (200, 100), (200, 0), (100, 100))])
    plan = read_county(tmp_path, write_bad_county(tmp_path, "YJJBNTBHTB", bow_tie))
    assert not plan.layers["YJJBNTBHTB"].gaps
    assert review(plan).verdict is Outcome.CONFORMS


def test_one_row_among_many_is_named_though_it_is_far_from_the_project(tmp_path):
    rows = [{**ROWS_BY_ROLE["YJJBNTBHTB"][0], "geometry": box(n, 0, n + 1, 1)} for n in range(600)]
    rows.append({**rows[0], "geometry": None})
    plan = read_county(tmp_path, write_county(tmp_path / "county.gpkg", changed={"YJJBNTBHTB": rows}))
    result = review(plan)
    assert result.verdict is Outcome.UNDETERMINED
    assert "140225000000000601（无图形）" in result.find_line("farmland").reason.render(TEXTS)


def test_layer_in_other_coordinates_leaves_the_project_undetermined(tmp_path):
    rows = [{**row, "geometry": swap_axes(row["geometry"])} for row in ROWS_BY_ROLE["LSWHBHX"]]
    plan = read_county(tmp_path, write_county(tmp_path / "county.gpkg", changed={"LSWHBHX": rows}))
    assert "LSWHBHX" in plan.unusable_layers
    assert review(plan).verdict is Outcome.UNDETERMINED


def test_command_names_the_row_and_prints_no_distance(tmp_path):
    county = write_bad_county(tmp_path, "STBHHX", None, BSM="140225999999999999")
    projects = write_projects(tmp_path / "p.gpkg", [{"XMMC": "甲", "YDYHFLDM": "0901", "geometry": PROJECT}])
    options = RunOptions(profile=str(write_profile(tmp_path)))
    result = review_projects(read_project_layer(projects, ""), county, options)
    assert result.has_problems
    text = "\n".join(text for _, text in describe_result(result, "zh"))
    line = result.results[0].find_line("red_line")
    assert line.distance_m is None and "140225999999999999" in line.reason.render(TEXTS), text


def test_filtered_layer_leaves_the_project_undetermined(tmp_path):
    from plugin.core.io import read_source

    layers = list(read_source(write_county(tmp_path / "county.gpkg")))
    next(layer for layer in layers if layer.name == "YJJBNTBHTB").row_filter = "fid > 1"
    result = review(read_county(tmp_path, layers))
    assert result.verdict is Outcome.UNDETERMINED
    assert "fid > 1" in result.find_line("farmland").reason.render(TEXTS)
