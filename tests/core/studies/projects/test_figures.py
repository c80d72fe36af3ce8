# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of a review of the sample county equal those of plain shapely and of an independent area formula."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from plugin.core.studies.projects.read_projects import read_project_layer
from plugin.core.studies.projects.run_review import review_projects
from plugin.paths import RESOURCES_FOLDER
from tests.core.studies.projects.written_county import CRS, write_projects
from tests.county.measure import measure_drawn_area, statutory_area

SAMPLE = RESOURCES_FOLDER / "sample" / "county.gpkg"
#: Areas are as drawn, adjusted (平差) in proportion to the statutory area of the whole project.
TOLERANCE = {"rel": 1e-7, "abs": 0.02}
#: Largest adjustment, as a share of the area.
MAX_ADJUSTMENT = 2e-5
#: 耕地 are parcels of the survey.
CULTIVATED = "DLTB 01"
ROLE_BY_LINE = {
    "farmland": "YJJBNTBHTB",
    "cultivated": CULTIVATED,
    "cultivated_target": "GDBHMB",
    "red_line": "STBHHX",
    "boundary": "CZKFBJ",
    "heritage": "LSWHBHX",
}
NET_FIELD_BY_LINE = {"farmland": "YJJBNTMJ", "cultivated": "TBDLMJ", "cultivated_target": "TBDLMJ"}
PROJECT_COUNT = 40


@pytest.fixture(scope="module")
def layers():
    """Read the layers of the sample county; return layer code → frame."""
    roles = {*ROLE_BY_LINE.values(), "DLTB", "YDYHGHFQ", "XZQXZ"} - {CULTIVATED}
    frames = {role: gpd.read_file(SAMPLE, layer=role) for role in sorted(roles)}
    frames[CULTIVATED] = frames["DLTB"][frames["DLTB"]["DLBM"].isin(["0101", "0102", "0103"])]
    return {
        role: frame[~shapely.is_missing(frame.geometry.to_numpy()) & ~frame.is_empty] for role, frame in frames.items()
    }


def make_shapes(layers):
    """Return polygons near borders of the lines, some with holes or two parts, drawn with a fixed seed."""
    random = np.random.default_rng(20261126)
    frames = [layers[role] for role in ROLE_BY_LINE.values()]
    shapes = []
    for number in range(PROJECT_COUNT):
        frame = frames[number % len(frames)]
        corners = shapely.get_coordinates(frame.geometry.iloc[int(random.integers(len(frame)))])
        point = shapely.Point(corners[int(random.integers(len(corners)))] + random.uniform(-20, 20, 2))
        angles = np.sort(random.uniform(0, 2 * np.pi, 9))
        radii = random.uniform(60, 160, 9)
        ring = np.column_stack([point.x + radii * np.cos(angles), point.y + radii * np.sin(angles)])
        shape = shapely.make_valid(shapely.Polygon(ring))
        if number % 4 == 1:
            shape = shape.difference(point.buffer(25))
        if number % 4 == 2:
            shape = shapely.union(shape, shapely.box(point.x + 400, point.y, point.x + 450, point.y + 60))
        shapes.append(shape)
    return [shape for shape in shapes if shape.geom_type in ("Polygon", "MultiPolygon")]


def is_sound(shape, layers):
    """Return True if the sample has no planted defect at a shape: an invalid row, an overlap, a gap between parcels."""
    for role, frame in layers.items():
        near = frame[shapely.box(*shape.bounds).intersects(shapely.box(*frame.bounds.to_numpy().T))]
        if not near.is_valid.all():
            return False
        shared = shapely.intersection(near.geometry.to_numpy(), shape)
        total, union = shapely.area(shared).sum(), shapely.area(shapely.union_all(shared))
        whole = shapely.area(shape) if role in ("DLTB", "YDYHGHFQ", "XZQXZ") else union
        if abs(total - union) > 1e-3 or abs(union - whole) > 1e-3:
            return False
    return True


@pytest.fixture(scope="module")
def shapes(layers):
    """Return the projects' polygons inside the county."""
    county = gpd.read_file(SAMPLE, layer="XZQX").geometry.iloc[0]
    return [shape for shape in make_shapes(layers) if shape.within(county) and is_sound(shape, layers)]


@pytest.fixture(scope="module")
def results(shapes, tmp_path_factory):
    """Review the projects against the sample county."""
    rows = [{"项目名称": f"项目{n}", "用途": "0901", "geometry": shape} for n, shape in enumerate(shapes)]
    path = write_projects(tmp_path_factory.mktemp("projects") / "p.gpkg", rows, CRS)
    result = review_projects(read_project_layer(path), SAMPLE)
    assert len(result.results) == len(shapes) >= 25
    return result.results


def measure_adjustment(shape):
    """Return statutory area divided by drawn area of a project."""
    whole = np.array([shape], dtype=object)
    factor = statutory_area(whole)[0] / measure_drawn_area(whole)[0]
    assert abs(factor - 1) <= MAX_ADJUSTMENT
    return factor


def cut(shape, frame):
    """Return rows of a frame that share area with a shape, and the shared land."""
    near = frame[frame.intersects(shape)]
    shared = shapely.intersection(near.geometry.to_numpy(), shape)
    has_area = shapely.area(shared) > 0
    return near[has_area], shared[has_area]


def test_whole_area_is_that_of_the_independent_formula(results, shapes):
    expected = statutory_area(np.array(shapes, dtype=object))
    assert [one.project.statutory_m2 for one in results] == pytest.approx(expected, rel=1e-9)


def test_occupied_areas_of_lines_are_those_of_plain_overlays(results, shapes, layers):
    occupied = far = 0
    for one, shape in zip(results, shapes, strict=True):
        for line_id, role in ROLE_BY_LINE.items():
            line = one.find_line(line_id)
            _, shared = cut(shape, layers[role])
            expected = measure_drawn_area(shared).sum() * measure_adjustment(shape) if len(shared) else 0.0
            # With rows that could not be used, nothing is known of land that is not occupied.
            free = None if line.has_gaps else 0.0
            assert (line.area_m2 or free) == (pytest.approx(expected, **TOLERANCE) if expected else free), line_id
            occupied += bool(line.area_m2)
            if line.has_gaps:
                assert line.distance_m is None
                continue
            if not line.area_m2 and line_id not in ("boundary", "cultivated"):
                distances = shapely.distance(layers[role].geometry.to_numpy(), shape)
                # The nearest row may have a planted defect, and is then repaired.
                if layers[role].is_valid.to_numpy()[distances.argmin()]:
                    assert line.distance_m == pytest.approx(distances.min(), abs=1e-6)
                    far += 1
    assert occupied > len(shapes) and far > len(shapes) / 2


def test_net_areas_are_shares_of_the_rows(results, shapes, layers):
    compared = 0
    for one, shape in zip(results, shapes, strict=True):
        for line_id, field in NET_FIELD_BY_LINE.items():
            line = one.find_line(line_id)
            rows, shared = cut(shape, layers[ROLE_BY_LINE[line_id]])
            whole = measure_drawn_area(rows.geometry.to_numpy())
            expected = (measure_drawn_area(shared) / whole * rows[field].to_numpy()).sum() if len(rows) else 0.0
            if line.has_gaps and not expected:
                assert line.net_m2 is None
                continue
            assert line.net_m2 == pytest.approx(expected, **TOLERANCE)
            compared += bool(expected)
    assert compared > 20


def test_classes_zones_and_townships_are_those_of_plain_overlays_and_sum_to_the_project(results, shapes, layers):
    for one, shape in zip(results, shapes, strict=True):
        whole = one.project.statutory_m2
        for items, role, field in (
            (one.classes, "DLTB", "DLBM"),
            (one.zones, "YDYHGHFQ", "GHFQDM"),
            (one.townships, "XZQXZ", "XZQDM"),
        ):
            rows, shared = cut(shape, layers[role])
            areas = measure_drawn_area(shared) * measure_adjustment(shape)
            for code in {item.code for item in items}:
                expected = areas[(rows[field] == code).to_numpy()].sum()
                got = sum(item.area_m2 for item in items if item.code == code)
                assert got == pytest.approx(expected, **TOLERANCE), (role, code)
            assert sum(item.area_m2 for item in items) == pytest.approx(whole, rel=1e-8, abs=1e-3)
        boundary = one.find_line("boundary")
        assert boundary.area_m2 + boundary.outside_m2 == pytest.approx(whole, rel=1e-9)


def test_cultivated_land_of_classes_is_that_of_the_line(results):
    """In the sample county 耕地保护目标 is the cultivated parcels, so both figures are about the same land."""
    for one in results:
        fields = [item for item in one.classes if item.is_cultivated]
        supplement = next((item for item in one.supplements if item.id == "cultivated"), None)
        if fields:
            assert supplement.occupied_m2 == pytest.approx(sum(item.net_m2 for item in fields))
            assert supplement.statutory_m2 == pytest.approx(sum(item.area_m2 for item in fields))
        else:
            assert supplement is None


def test_project_that_is_exactly_a_parcel_has_its_areas(layers, tmp_path):
    parcels = layers["YJJBNTBHTB"]
    row = parcels.iloc[np.argsort(parcels.area.to_numpy())[len(parcels) // 2]]
    path = write_projects(tmp_path / "p.gpkg", [{"项目名称": "一", "用途": "0901", "geometry": row.geometry}], CRS)
    line = review_projects(read_project_layer(path), SAMPLE).results[0].find_line("farmland")
    assert line.net_m2 == pytest.approx(row.YJJBNTMJ, abs=1e-6)
    assert line.area_m2 == pytest.approx(statutory_area(np.array([row.geometry], dtype=object))[0], abs=1e-6)


def test_projects_in_degrees_or_another_zone_have_the_same_areas(shapes, results, tmp_path):
    frame = gpd.GeoDataFrame({"项目名称": [f"项目{n}" for n in range(len(shapes))]}, geometry=shapes, crs=CRS)
    for code in (4490, 4527):
        path = tmp_path / f"{code}.gpkg"
        frame.to_crs(code).to_file(path, layer="p")
        moved = review_projects(read_project_layer(path), SAMPLE).results
        for one, other in zip(results, moved, strict=True):
            assert other.project.statutory_m2 == pytest.approx(one.project.statutory_m2, rel=1e-6)
            got, expected = other.find_line("farmland").net_m2, one.find_line("farmland").net_m2
            assert got == pytest.approx(expected, rel=2e-5, abs=0.3)


def test_lines_and_points_are_widened_with_flat_ends(layers, tmp_path):
    x, y = layers["DLTB"].iloc[0].geometry.representative_point().coords[0]
    path_shape = shapely.LineString([(x, y), (x + 80, y), (x + 80, y + 60)])
    path = write_projects(tmp_path / "road.gpkg", [{"项目名称": "路", "用途": "1202", "geometry": path_shape}], CRS)
    one = review_projects(read_project_layer(path), SAMPLE, width_m=10.0).results[0]
    # The corner is mitred: 80 × 10 + 60 × 10 with the corner square counted once, and a square outside it.
    assert shapely.area(one.project.shape) == pytest.approx(1400.0, abs=1e-6)
    assert one.project.shape.equals_exact(path_shape.buffer(5, cap_style="flat", join_style="mitre"), 1e-6)
    path = write_projects(tmp_path / "mast.gpkg", [{"项目名称": "塔", "geometry": shapely.Point(x, y)}], CRS)
    mast = review_projects(read_project_layer(path), SAMPLE, width_m=10.0).results[0]
    assert shapely.area(mast.project.shape) == pytest.approx(np.pi * 25, rel=0.01)
