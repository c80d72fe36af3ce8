# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges keep their location in degrees, in another zone, and between two CRSs."""

import numpy as np
import pytest
import shapely
from pyproj import CRS, Geod

from plugin.core.checks.live.checker import IncrementalChecker
from plugin.core.geometry import crs as crs_care
from plugin.core.geometry.edge_densification import (
    hash_added_vertices,
    remove_added_vertices,
    reproject_densified,
)
from plugin.core.model.rule import load_all_rules
from tests.core.small_plan import check_data, convert_to_source_layers, join_notices, list_findings_of_rules, make_table
from tests.county.measure import statutory_area

#: Across 112.5° E, where zones 37 and 38 meet; two kilometres are some 0.0233° of longitude there.
WEST, EAST, SOUTH, NORTH = 112.49, 112.5133, 39.60, 39.61
MIDDLE_LONGITUDE = (WEST + EAST) / 2
OVERLAP_RULES = ("REL001", "REL002", "REL003", "TOP001", "TOP003")


def make_southern_polygon(*between):
    """Return a polygon with a northern edge from (WEST, 39.605) to (EAST, 39.6055).

    Arguments are further vertices on that edge, in degrees.
    """
    return shapely.Polygon([(WEST, SOUTH), (EAST, SOUTH), (EAST, 39.6055), *between, (WEST, 39.605)])


def make_northern_polygon(*between):
    """Return the polygon north of `make_southern_polygon`, with further vertices on the common edge, in degrees."""
    return shapely.Polygon([(WEST, NORTH), (WEST, 39.605), *between, (EAST, 39.6055), (EAST, NORTH)])


#: On the slanted edge of two kilometres: a quarter, half and most of the way along, east to west.
POINTS_ON_EDGE = [(EAST + (WEST - EAST) * s, 39.6055 - 0.0005 * s) for s in (0.25, 0.5, 0.8)]


def make_layers(crs=4490, **shapes):
    """Return layers of one polygon each, drawn in degrees, stored in ``crs``.

    ``crs`` is one EPSG code for all, or a code by layer.
    """
    codes = crs if isinstance(crs, dict) else dict.fromkeys(shapes, crs)
    return {
        role: make_table([shape] if shape.geom_type == "Polygon" else list(shape.geoms), crs=4490).to_crs(codes[role])
        for role, shape in shapes.items()
    }


def list_overlap_findings(tables, **options):
    """Return rule, layer, area (m²) and width (m) of each overlap found, and the report."""
    report = check_data(convert_to_source_layers(tables), **options).report
    return [(f.code, f.role, f.area_m2, f.width_m) for f in list_findings_of_rules(report, *OVERLAP_RULES)], report


# -- degrees ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", ["default", "none"])
def test_vertex_on_one_side_of_a_long_edge_in_degrees_makes_no_overlap(limits, tmp_path):
    """Check an edge that would bend by 6 cm if only its end points were projected.

    That would create a false overlap of 65 m².
    """
    tables = make_layers(
        STBHHX=make_southern_polygon(),
        CZKFBJ=make_northern_polygon(*POINTS_ON_EDGE[::-1]),
        XZQX=shapely.box(WEST, SOUTH, EAST, NORTH),
    )
    options = {}
    if limits == "none":
        profile = tmp_path / "x.toml"
        profile.write_text(
            'id = "x"\nname = "某县"\narea_code = "140225"\n[tolerance]\nmin_area_m2 = 0.001\nmin_width_m = 0.0001\n',
            encoding="utf-8",
        )
        options["profile"] = str(profile)
    findings, _ = list_overlap_findings(tables, **options)
    assert findings == []


def test_overlap_of_layers_in_degrees_has_the_area_inside_its_drawn_edges():
    part = shapely.Polygon([(WEST, 39.604), (EAST, 39.604), (EAST, 39.6055), (WEST, 39.605)])
    tables = make_layers(STBHHX=make_southern_polygon(), CZKFBJ=make_northern_polygon().union(part))
    ((code, role, area, width),) = list_overlap_findings(tables)[0]
    assert (code, role) == ("REL003", "STBHHX")
    # Vertices every metre on lines that are straight in degrees.
    assert area == pytest.approx(statutory_area([shapely.segmentize(part, 1e-5)], 4490)[0], abs=0.01)
    plane = shapely.from_wkt(make_table([part], crs=4490).to_crs(4525).geometry[0].wkt)
    # The width is measured in the plane, which is exact enough for slivers.
    assert width == pytest.approx(2 * plane.area / plane.length, rel=5e-3)


def test_findings_of_layers_in_degrees_have_coordinates_in_the_crs_zone_of_the_county():
    tables = make_layers(
        STBHHX=make_southern_polygon(), CZKFBJ=make_northern_polygon().union(shapely.box(WEST, 39.604, EAST, 39.6056))
    )
    checked = check_data(convert_to_source_layers(tables))
    (finding,) = list_findings_of_rules(checked.report, "REL003")
    assert checked.plan.crs.to_epsg() == 4526 and checked.report.provenance["crs"] == "EPSG:4526"
    lonlat = crs_care.reproject_to_lonlat(np.array([finding.geometry], dtype=object), checked.plan.crs)[0]
    assert lonlat.bounds == pytest.approx((WEST, 39.604, EAST, 39.6055), abs=1e-9)
    assert "全部图层均为 EPSG:4490" in join_notices(checked.report) and "换算到 EPSG:4526 的副本" not in join_notices(
        checked.report
    )


def test_empty_layer_in_a_projected_crs_causes_no_overlap_finding_between_layers_in_degrees():
    tables = make_layers(STBHHX=make_southern_polygon(), CZKFBJ=make_northern_polygon(*POINTS_ON_EDGE[::-1])) | {
        "DLTB": make_table([], crs=4525)
    }
    findings, report = list_overlap_findings(tables)
    assert (
        findings == [] and "全部图层均为 EPSG:4490" in join_notices(report) and report.provenance["crs"] == "EPSG:4525"
    )


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(112.5, 39.6), (75.0, 38.2), (134.7, 53.5), (109.5, 18.2), (113.0, 3.0)]
)
def test_lines_straight_in_degrees_stay_straight_and_true_to_length_in_the_local_plane(longitude, latitude):
    plane = crs_care.make_local_plane(longitude, latitude)
    chance = np.random.default_rng(0)
    ends = np.array([longitude, latitude]) + chance.uniform(-0.4, 0.4, (2, 200, 2))
    share = chance.uniform(0, 1, (200, 1))
    between = ends[0] + share * (ends[1] - ends[0])

    def transform_points(xy):
        return shapely.get_coordinates(
            crs_care.reproject_geometries(shapely.points(xy), crs_care.CGCS2000_DEGREES, plane)
        )

    a, b, c = transform_points(ends[0]), transform_points(ends[1]), transform_points(between)
    # A vertex on an edge stays on it, to a fraction of a micrometre.
    assert np.abs(c - (a + share * (b - a))).max() < 1e-7
    back = crs_care.make_lonlat_transformer(plane)(np.concatenate([a, b]))
    assert np.abs(back - np.concatenate(ends)).max() < 1e-12
    # The scale is 1 in the middle and within 1 % over a county.
    small = np.array([[longitude, latitude], [longitude + 1e-4, latitude], [longitude, latitude + 1e-4]])
    geod = Geod(a=6378137.0, rf=298.257222101)
    x = transform_points(small)
    for n in (1, 2):
        true = geod.inv(*small[0], *small[n])[2]
        assert np.hypot(*(x[n] - x[0])) == pytest.approx(true, rel=2e-3 if latitude > 6.7 else 1e-2)


# -- another zone -----------------------------------------------------------------------------------------------------


def make_thin_triangle(crs, a, b):
    """Return a thin triangle on the edge from a to b (degrees), stored in ``crs``."""
    a, b = crs_care.reproject_coordinates(np.array([a, b]), crs_care.CGCS2000_DEGREES, CRS.from_epsg(crs))
    return shapely.Polygon([a, b, (b[0] - 0.1 * (b[1] - a[1]), b[1] + 0.1 * (b[0] - a[0]))])


def measure_largest_deviation(shape, source, plane):
    """Return the largest distance (m) of reprojected edges from the true edges."""
    source, plane = CRS.from_epsg(source), CRS.from_epsg(plane)
    fine = shapely.segmentize(shape, 1e-5 if source.is_geographic else 1.0)
    true = crs_care.reproject_geometries(np.array([fine], dtype=object), source, plane)[0]
    made = reproject_densified(np.array([shape], dtype=object), source, plane)
    plain = crs_care.reproject_geometries(np.array([shape], dtype=object), source, plane)[0]
    return (
        max(p.distance(made.shapes[0].exterior) for p in shapely.points(true.exterior.coords)),
        max(p.distance(plain.exterior) for p in shapely.points(true.exterior.coords)),
        len(made.added_vertices),
    )


#: Half a degree on either side of 112.5° E; edges of 1 km, north, east and slanting.
@pytest.mark.parametrize("source", [4525, 4546, 4490])
@pytest.mark.parametrize(("dx", "dy"), [(0.0117, 0.0), (0.0, 0.009), (0.008, 0.006), (-0.008, 0.006)])
@pytest.mark.parametrize("longitude", [112.0, 112.5, 113.0])
def test_densified_edges_move_by_at_most_a_tenth_of_a_millimetre_when_reprojected(source, longitude, dx, dy):
    shape = make_thin_triangle(source, (longitude, 39.6), (longitude + dx, 39.6 + dy))
    off, before, added = measure_largest_deviation(shape, source, 4526)
    assert off <= 1e-4 and (added > 0) == (before > 1e-4)
    # Without densification: up to 0.9 mm per kilometre between zones, 17 mm from degrees.
    assert before < (2e-2 if source == 4490 else 1e-3)


def test_densified_edge_gets_equal_vertices_in_both_directions_and_alone_as_in_a_batch():
    a, b = make_thin_triangle(4525, (112.5, 39.6), (112.52, 39.62)), None
    corner = list(a.exterior.coords)
    b = shapely.Polygon([corner[1], corner[0], (corner[0][0] + 500, corner[0][1] - 500)])
    holed = shapely.Polygon(a.buffer(5000).exterior.coords, [a.exterior.coords])
    many = np.array(
        [a, b, holed, shapely.multipolygons([shapely.box(37.5e6, 4.3e6, 37.51e6, 4.31e6), b]), None, shapely.Point()],
        dtype=object,
    )
    zone, plane = CRS.from_epsg(4525), CRS.from_epsg(4526)
    together = reproject_densified(many, zone, plane)
    edge = set(together.shapes[0].exterior.coords)
    for other in (together.shapes[1].exterior, together.shapes[2].interiors[0]):
        # The long edge and its vertices, bit for bit.
        assert len(edge & set(other.coords)) >= 3
    assert set(together.shapes[1].exterior.coords) <= {
        c for p in shapely.get_parts(together.shapes[3]) for c in p.exterior.coords
    }
    for n in range(4):
        alone = reproject_densified(many[n : n + 1], zone, plane).shapes[0]
        assert shapely.equals_exact(alone, together.shapes[n], 0) and alone.is_valid
        assert shapely.equals_exact(remove_added_vertices(together.shapes[n : n + 1], hash_added_vertices(together.added_vertices))[0],
                                    crs_care.reproject_geometries(many[n : n + 1], zone, plane)[0], 0)  # fmt: skip
    assert together.shapes[4] is None and together.shapes[5].is_empty
    # Short edges stay as they are.
    parcel = np.array([shapely.box(37.6e6, 4.39e6, 37.6e6 + 300, 4.39e6 + 300)], dtype=object)
    assert not len(reproject_densified(parcel, zone, plane).added_vertices)


def make_shapes_straight_in_zone(zone, **shapes):
    """Return polygons in degrees with edges that are straight lines in a zone."""
    ends = crs_care.reproject_coordinates(
        np.array([(WEST, 39.605), (EAST, 39.6055)]), crs_care.CGCS2000_DEGREES, CRS.from_epsg(zone)
    )
    on = [tuple(ends[1] + (ends[0] - ends[1]) * s) for s in (0.25, 0.5, 0.8)]
    made = make_layers(zone, STBHHX=make_southern_polygon(), CZKFBJ=make_northern_polygon())
    corners = list(made["CZKFBJ"].geometry[0].exterior.coords)
    made["CZKFBJ"] = made["CZKFBJ"].set_geometry([shapely.Polygon([*corners[:2], *on[::-1], *corners[2:]])], crs=zone)
    return made


def test_layers_of_another_crs_zone_with_a_vertex_on_one_side_do_not_overlap():
    """Check two layers stored in zone 37 in a plan of zone 38.

    One has one edge where the other has three edges on the same line.
    """
    tables = make_shapes_straight_in_zone(4525)
    tables["DLTB"] = make_table([shapely.box(WEST, SOUTH - 0.02, EAST, SOUTH - 0.01)] * 9, crs=4490).to_crs(4526)
    findings, report = list_overlap_findings(tables)
    assert report.provenance["crs"] == "EPSG:4526" and [f for f in findings if f[0] != "TOP001"] == []
    notes = "\n".join(report.provenance["notices"])
    assert (
        "2 个图层（STBHHX、CZKFBJ）的坐标系不是 EPSG:4526" in notes
        or "2 个图层（CZKFBJ、STBHHX）的坐标系不是 EPSG:4526" in notes
    )
    assert "不超过 0.0001 米" in notes


@pytest.mark.parametrize(("one", "two"), [(4526, 4525), (4525, 4526), (4526, 4490), (4490, 4525)])
def test_boundary_line_stored_in_two_crs_zones_gives_no_overlap_or_gap(one, two):
    """Store two neighbours in two zones; their common edge must stay common."""
    findings, _ = list_overlap_findings(
        make_layers({"STBHHX": one, "CZKFBJ": two}, STBHHX=make_southern_polygon(), CZKFBJ=make_northern_polygon())
    )
    assert findings == []


def test_statutory_area_of_a_reprojected_layer_is_that_of_its_stored_vertices_without_added_ones():
    tables = make_layers(
        {"STBHHX": 4525, "CZKFBJ": 4526, "XZQX": 4526},
        STBHHX=make_southern_polygon(),
        CZKFBJ=make_southern_polygon(),
        XZQX=make_southern_polygon().buffer(0.01),
    )
    tables["CZKFBJ"] = tables["CZKFBJ"].set_geometry(tables["CZKFBJ"].buffer(50), crs=4526)
    checked = check_data(convert_to_source_layers(tables))
    layer = checked.plan.layers["STBHHX"]
    assert len(layer.added_vertices)
    (expected,) = statutory_area(layer.raw_shapes, 4525)
    assert layer.statutory[0] == pytest.approx(expected, abs=1e-4)
    # The whole row is inside the other: the shared area is its area, without new vertices.
    (finding,) = list_findings_of_rules(checked.report, "REL003")
    assert shapely.get_num_coordinates(finding.geometry) == shapely.get_num_coordinates(layer.raw_shapes[0])
    assert finding.area_m2 == pytest.approx(expected, abs=0.01)


def test_invalid_polygon_of_another_crs_zone_is_repaired_in_its_original_crs():
    bow_tie = shapely.Polygon([(WEST, SOUTH), (EAST, NORTH), (EAST, SOUTH), (WEST, NORTH)])
    middle = (MIDDLE_LONGITUDE, (SOUTH + NORTH) / 2)
    wings = [shapely.Polygon([(x, SOUTH), middle, (x, NORTH)]) for x in (WEST, EAST)]
    checked = check_data(
        convert_to_source_layers(
            make_layers({"STBHHX": 4525, "CZKFBJ": 4526}, STBHHX=bow_tie, CZKFBJ=make_northern_polygon())
        )
    )
    layer = checked.plan.layers["STBHHX"]
    assert layer.invalid_rows.all() and layer.statutory[0] == pytest.approx(statutory_area(wings, 4490).sum(), rel=1e-5)


def test_layers_stored_in_two_crs_zones_share_identical_vertices_on_their_common_edge():
    tables = make_layers(
        {"STBHHX": 4526, "CZKFBJ": 4525},
        STBHHX=make_southern_polygon(*POINTS_ON_EDGE),
        CZKFBJ=make_northern_polygon(*POINTS_ON_EDGE[::-1]),
    )
    checked = check_data(convert_to_source_layers(tables))
    one, two = (
        set(shapely.get_coordinates(checked.plan.layers[r].plane_shapes[0]).view(complex).ravel()) for r in tables
    )
    assert len(one & two) == 5
    assert (
        list_findings_of_rules(checked.report, *OVERLAP_RULES) == []
        and checked.report.tolerance["ignored_slivers"] == 0
    )


def test_edit_of_a_layer_in_another_crs_zone_gives_the_findings_of_a_full_check():
    tables = make_layers(
        {"STBHHX": 4525, "CZKFBJ": 4526}, STBHHX=make_southern_polygon(), CZKFBJ=make_northern_polygon()
    )
    checked = check_data(convert_to_source_layers(tables))
    live = IncrementalChecker(checked.plan, load_all_rules().values())
    moved = shapely.transform(tables["STBHHX"].geometry[0], lambda c: c - np.array([0.0, 50.0]))
    assert list_overlap_rules_found(live.recheck_change(live.edit_row("STBHHX", 0, moved))) == []
    assert list_overlap_rules_found(live.recheck_change(live.edit_row("STBHHX", 0, tables["STBHHX"].geometry[0]))) == []
    over = shapely.transform(tables["STBHHX"].geometry[0], lambda c: c + np.array([0.0, 1.0]))
    assert "REL003" in list_overlap_rules_found(live.recheck_change(live.edit_row("STBHHX", 0, over)))


def list_overlap_rules_found(edit_result):
    """Return the codes of the overlap rules with new findings after an edit."""
    return sorted({f.code for f in edit_result.new_findings} & set(OVERLAP_RULES))


def test_a_hole_without_vertices_is_dropped_where_edges_get_vertices():
    outline = "POLYGON ((113 39, 113.2 39, 113.2 39.2, 113 39.2, 113 39){})"
    shapes = shapely.from_wkt([outline.format(""), outline.format(", EMPTY")])
    whole, holed = reproject_densified(shapes, CRS(4490), CRS(4526)).shapes
    assert shapely.get_num_coordinates(whole) > 5 and holed.wkt == whole.wkt
