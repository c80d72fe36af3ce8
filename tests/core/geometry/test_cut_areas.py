# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of parts cut out by overlays follow their drawn edges.

Areas of whole features follow the formula of the standard.
"""

import math
from datetime import date

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, strategies as st
from pyproj import CRS, Geod, Proj, Transformer

from plugin.core.base.files import make_path_next_to_data
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.engine.waivers import WAIVER_SUFFIX
from plugin.core.engine.waivers.file import change_waivers, read_waivers
from plugin.core.engine.waivers.waiver import WaiverEntry, make_waivers
from plugin.core.geometry import crs as crs_care
from plugin.core.geometry.statutory_area import compute_drawn_area
from plugin.core.standard import load_standard
from tests.core.small_plan import check_data, convert_to_source_layers, list_findings_of_rules, make_table, write_gpkg
from tests.county.measure import statutory_area as measured

CGCS2000_ELLIPSOID = Geod(a=6378137.0, rf=298.257222101)
EAST, NORTH = 38_612_000.0, 4_395_000.0
ZONE_TEMPLATE = load_standard("county_db").templates["YDYHGHFQ"]


def measure_geodesic_area(shape, crs=4526, step=1.0):
    """Return the ellipsoidal area (m²) inside edges that are straight in a CRS.

    Edges are split into geodesics of one metre.
    """
    to_degrees = Transformer.from_crs(crs, 4490, always_xy=True).transform
    total = 0.0
    for part in shapely.get_parts([shapely.segmentize(shape, step)]):
        for n, ring in enumerate([part.exterior, *part.interiors]):
            area = abs(CGCS2000_ELLIPSOID.polygon_area_perimeter(*to_degrees(*ring.xy))[0])
            total += area if n == 0 else -area
    return total


def make_rotated_polygon(*points, angle=35.0, shift=(0.0, 0.0)):
    """Return a polygon drawn near 0, 0, rotated and moved into the county."""
    shape = shapely.affinity.rotate(shapely.Polygon(points), angle, origin=(0, 0))
    return shapely.affinity.translate(shape, EAST + shift[0], NORTH + shift[1])


def make_neighbours_with_gap(width, length=940.0, angle=35.0):
    """Return two polygons with a common edge and a gap in its middle.

    The edge is ``length`` metres long, the gap up to ``width`` metres wide.
    """
    ends = -50, length + 50
    below = make_rotated_polygon(
        (ends[0], 0), (0, 0), (length, 0), (ends[1], 0), (ends[1], -400), (ends[0], -400), angle=angle
    )
    edge = (ends[0], 0), (0, 0), (length / 2, width), (length, 0), (ends[1], 0)
    return [below, make_rotated_polygon(*edge, (ends[1], 400), (ends[0], 400), angle=angle)]


def make_gap(width, length=940.0, angle=35.0):
    """Return the triangle that `make_neighbours_with_gap` leaves open."""
    return make_rotated_polygon((0, 0), (length / 2, width), (length, 0), angle=angle)


def list_reported_problems(tables, *rules, **options):
    """Return the findings of some rules in a check of tables."""
    return list_findings_of_rules(check_data(convert_to_source_layers(tables), rules, **options).report, *rules)


# -- the measure ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "by_nodes"), [(0.4325, 8.0), (0.0042, 1.0)], ids=["203 m²", "2 m²"])
def test_gap_between_long_edges_has_its_ellipsoidal_area(width, by_nodes):
    """Compare gap areas with geodesics: 203.13 and 1.96 m².

    Version 0.1.0 measured 212.02 and 3.80 m², because it took each edge as a chord.
    """
    (finding,) = (
        list_reported_problems({"YDYHGHFQ": make_table(make_neighbours_with_gap(width))}, "TOP004")
        if width > 0.1
        else [None]
    )
    shape = make_gap(width)
    area = compute_drawn_area(np.array([shape]), crs_care.make_lonlat_transformer(CRS.from_epsg(4526)))[0]
    # Two independent figures: geodesics of one metre, and the planar area divided by the areal scale.
    scale = Proj(4526).get_factors(
        *Transformer.from_crs(4526, 4490, always_xy=True).transform(*shape.centroid.coords[0])
    )
    assert area == pytest.approx(measure_geodesic_area(shape), abs=1e-3)
    assert area == pytest.approx(shape.area / scale.areal_scale, abs=1e-2)
    assert abs(measured([shape])[0] - area) > by_nodes
    if finding is not None:
        assert finding.area_m2 == pytest.approx(measure_geodesic_area(shape), abs=0.01)


@given(
    zone=st.sampled_from([4513, 4526, 4533, 4499, 4490]),
    off=st.floats(-1.6, 1.6),
    latitude=st.floats(3.5, 53.5),
    corners=st.lists(st.floats(0.3, 1.0), min_size=4, max_size=4),
    size=st.sampled_from([15.0, 60.0, 300.0, 1200.0, 3500.0]),
    turn=st.floats(0.0, 90.0),
)
def test_drawn_area_of_a_quadrilateral_equals_the_statutory_area_of_its_densified_copy(
    zone, off, latitude, corners, size, turn
):
    """Draw edges up to 5 km in 3° zones, 6° zones and degrees; areas agree to 0.01 m²."""
    crs = CRS.from_epsg(zone)
    meridian = crs_care.describe_crs(crs).central_meridian or 112.5
    middle = Transformer.from_crs(4490, crs, always_xy=True).transform(meridian + off, latitude)
    unit = size if zone != 4490 else size / 111_000
    angles = np.radians(turn + np.arange(4) * 90.0)
    shape = shapely.Polygon(
        np.array(middle) + unit * np.array(corners)[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    )
    fine = shapely.segmentize(shape, max(0.1 if zone != 4490 else 1e-6, shape.length / 100_000))
    (found_m2,) = compute_drawn_area(np.array([shape]), crs_care.make_lonlat_transformer(crs) if zone != 4490 else None)
    assert found_m2 == pytest.approx(measured([fine], zone)[0], abs=0.01)


def test_area_errors_of_many_edges_on_a_long_bow_do_not_add_up():
    """Measure a bow of 3 000 edges of 25 m that all bend to one side."""
    xs = np.linspace(0, 75_000, 3001)
    bow = np.column_stack([xs, 8000 * np.sin(xs / 75_000 * math.pi)])
    shape = shapely.Polygon(bow + np.array((EAST - 30_000, NORTH)))
    assert shape.is_valid
    to_degrees = crs_care.make_lonlat_transformer(CRS.from_epsg(4526))
    fine = shapely.segmentize(shape, 1.0)
    assert compute_drawn_area(np.array([shape]), to_degrees)[0] == pytest.approx(measured([fine])[0], abs=0.01)


def test_drawn_area_subtracts_holes_and_adds_parts():
    ring = make_rotated_polygon((0, 0), (3000, 0), (3000, 2000), (0, 2000))
    hole = make_rotated_polygon((500, 500), (2500, 500), (2500, 1500), (500, 1500))
    with_hole = shapely.Polygon(ring.exterior, [hole.exterior.reverse()])
    far = shapely.affinity.translate(hole, 9000, 0)
    shapes = np.array(
        [with_hole, shapely.MultiPolygon([with_hole, far]), None, shapely.Point(EAST, NORTH), shapely.Polygon()]
    )
    areas = compute_drawn_area(shapes, crs_care.make_lonlat_transformer(CRS.from_epsg(4526)))
    assert areas[:2] == pytest.approx(
        [measure_geodesic_area(with_hole), measure_geodesic_area(with_hole) + measure_geodesic_area(far)], abs=0.01
    )
    assert areas[2:].tolist() == [0, 0, 0]


# -- whole features and shares ----------------------------------------------------------------------------------------

#: A polygon without parallel sides, whose errors would cancel out.
FIELD_OUTLINE = ((0, 0), (1300, 0), (900, 700), (100, 500))


def make_field_layer(net=800_000.0, shift=(0.0, 0.0)):
    """Return a table of one field with a net area (m²), shifted by metres."""
    return make_table([make_rotated_polygon(*FIELD_OUTLINE, shift=shift)]).assign(YJJBNTMJ=[net])


def test_farmland_row_completely_covered_by_a_control_line_has_its_whole_net_area_as_overlap():
    """Cover a field by a line with extra vertices on the field's edges.

    The overlap is 100 % of the net area.
    """
    line = make_rotated_polygon((-100, -100), (1400, -100), (1400, 800), (-100, 800))
    along = make_rotated_polygon((0, 0), (400, 0), (1300, 0), (1100, 350), (900, 700), (500, 600), (100, 500))
    assert (
        abs(
            measured([make_rotated_polygon(*FIELD_OUTLINE)])[0]
            - measure_geodesic_area(make_rotated_polygon(*FIELD_OUTLINE))
        )
        > 1
    )
    for cover in (line, along):
        (finding,) = list_reported_problems({"YJJBNTBHTB": make_field_layer(), "STBHHX": make_table([cover])}, "REL001")
        assert finding.area_m2 == pytest.approx(measured(make_field_layer().geometry)[0], abs=1e-6)
        assert finding.net_area_m2 == pytest.approx(800_000.0, abs=1e-6)


def test_control_line_completely_inside_a_farmland_row_has_its_whole_statutory_area_as_overlap():
    inner = make_rotated_polygon((200, 100), (1000, 150), (800, 550), (250, 400))
    (finding,) = list_reported_problems({"YJJBNTBHTB": make_field_layer(), "STBHHX": make_table([inner])}, "REL001")
    assert finding.area_m2 == pytest.approx(measured([inner])[0], abs=1e-6)
    share = inner.area / make_field_layer().geometry[0].area
    assert finding.net_area_m2 == pytest.approx(800_000.0 * share, rel=1e-6)


def test_overlaps_of_a_farmland_row_with_two_control_lines_that_cover_it_add_up_to_its_net_area():
    halves = [
        make_rotated_polygon((-50, -50), (613, -50), (641, 750), (-50, 750)),
        make_rotated_polygon((613, -50), (1400, -50), (1400, 750), (641, 750)),
    ]
    findings = list_reported_problems({"YJJBNTBHTB": make_field_layer(), "STBHHX": make_table(halves)}, "REL001")
    assert len(findings) == 2
    assert sum(f.net_area_m2 for f in findings) == pytest.approx(800_000.0, abs=1e-3)
    whole = make_rotated_polygon(*FIELD_OUTLINE)
    for finding, half in zip(findings, halves, strict=True):
        assert finding.area_m2 == pytest.approx(measure_geodesic_area(shapely.intersection(whole, half)), abs=0.01)
    # Parts are measured along their edges, the field only by its corners; the figures differ by this amount.
    assert sum(f.area_m2 for f in findings) == pytest.approx(measure_geodesic_area(whole), abs=0.01)
    assert abs(measured([whole])[0] - measure_geodesic_area(whole)) > 1


def test_parts_of_a_layer_by_township_add_up_to_the_area_of_its_rows():
    townships = [
        make_rotated_polygon((-50, -50), (613, -50), (641, 750), (-50, 750)),
        make_rotated_polygon((613, -50), (1400, -50), (1400, 750), (641, 750)),
    ]
    tables = {
        "XZQXZ": make_table(townships).assign(XZQDM=["140225100", "140225101"], XZQMC=["甲镇", "乙镇"]),
        "YJJBNTBHTB": make_field_layer(),
    }
    checked = check_plan(convert_to_source_layers(tables), RunOptions(rules=("LAW002",)))
    from plugin.core.engine.context import RuleContext
    from plugin.core.figures.indicators.townships import split_by_township

    layer = checked.plan.layers["YJJBNTBHTB"]
    shared = split_by_township(layer, RuleContext(checked.plan, checked.plan.norm, checked.plan.norm.make_tolerance()))
    sums = shared.sum_by_township(layer.statutory)
    assert sums.sum() == pytest.approx(layer.statutory.sum(), abs=1e-6) and sums[2:].tolist() == [0, 0]
    for found_m2, township in zip(sums, townships, strict=False):
        part = measure_geodesic_area(
            shapely.intersection(make_rotated_polygon(*FIELD_OUTLINE), township)
        ) / measure_geodesic_area(make_rotated_polygon(*FIELD_OUTLINE))
        assert found_m2 == pytest.approx(layer.statutory.sum() * part, abs=0.02)


def test_gap_with_the_planar_area_of_a_distant_row_gets_its_geodesic_area_not_the_area_of_that_row():
    """Compare a gap with a row of equal planar area somewhere else."""
    tall = make_rotated_polygon((0, 0), (1000, 0), (1000, 1000), (0, 1000), angle=35)
    frame = shapely.Polygon(
        make_rotated_polygon((-500, -500), (1500, -500), (1500, 1500), (-500, 1500)).exterior, [tall.exterior]
    )
    neighbour = shapely.affinity.translate(tall, 5000, 0)
    (finding,) = list_reported_problems(
        {"YDYHGHFQ": make_table([frame, neighbour])}, "TOP004", parameters={"TOP004": {"widest_m": 9e9}}
    )
    assert finding.area_m2 == pytest.approx(measure_geodesic_area(tall), abs=0.01)


# -- waivers ----------------------------------------------------------------------------------------------------------

#: Written by 0.1.0 of `make_county_with_two_gaps`: areas by vertices alone.
WAIVERS_OF_0_1_0 = """编号,规则,问题,理由,文号,附件,登记人,登记日期,有效期至,图层和标识码,另一图层和标识码,字段,经度,纬度,位置允许差m,面积m2,面积允许差m2,情形,数值
W20261120-20ee2ed4,TOP004,用地用海规划分区的 …000001 与 …000002 之间有 212.39 m² 的空隙（宽 0.22 m）。,已现场核实,晋自然资函〔2026〕12号,,王工,2026-11-20,,YDYHGHFQ 140225000000000001,YDYHGHFQ 140225000000000002,,115.3100383,39.6840554,5.00,212.39,2.12,,
W20261120-22514160,TOP004,用地用海规划分区的 …000003 与 …000004 之间有 11.15 m² 的空隙（宽 0.00 m）。,已现场核实,晋自然资函〔2026〕12号,,王工,2026-11-20,,YDYHGHFQ 140225000000000003,YDYHGHFQ 140225000000000004,,115.3333468,39.6837890,5.00,11.15,1.00,,
"""
#: Fingerprints of the same two by 0.1.0.
FINGERPRINTS_OF_0_1_0 = {"eab685becd63fddd06d6", "a3b72cb9c608e30c3792"}


def make_county_with_two_gaps(wide=0.4325, thin=0.0042):
    """Return a county of four zones with a wide and a thin gap (widths in metres)."""
    return {
        "YDYHGHFQ": make_table(
            [
                *make_neighbours_with_gap(wide),
                *(shapely.affinity.translate(s, 2000, 0) for s in make_neighbours_with_gap(thin)),
            ]
        )
    }


def write_with_waivers(folder, tables, text=WAIVERS_OF_0_1_0):
    """Write tables to a GeoPackage with a waiver file next to it; return the path of the data."""
    source = write_gpkg(folder / "county.gpkg", tables)
    make_path_next_to_data(source, WAIVER_SUFFIX).write_text(text, encoding="utf-8-sig")
    return source


def test_waivers_written_by_version_0_1_0_apply_to_unchanged_shapes(tmp_path):
    report = check_data(write_with_waivers(tmp_path, make_county_with_two_gaps()), ["TOP004"]).report
    gaps = list_findings_of_rules(report, "TOP004")
    assert {f.fingerprint for f in gaps} == FINGERPRINTS_OF_0_1_0
    assert [f.state for f in gaps] == ["waived", "waived"] and not list_findings_of_rules(report, "RUN903")
    areas = [
        measure_geodesic_area(make_gap(0.4325)),
        measure_geodesic_area(shapely.affinity.translate(make_gap(0.0042), 2000, 0)),
    ]
    assert [f.area_m2 for f in gaps] == pytest.approx(areas, abs=0.01)


def test_waiver_of_version_0_1_0_does_not_apply_to_another_gap_of_the_same_area(tmp_path):
    """Read a waiver of the area 212.02 m² for a gap that now has 212.39 m²."""
    width = 0.4325 * 212.39 / measure_geodesic_area(make_gap(0.4325))
    report = check_data(write_with_waivers(tmp_path, make_county_with_two_gaps(wide=width)), ["TOP004"]).report
    wide = max(list_findings_of_rules(report, "TOP004"), key=lambda f: f.area_m2)
    assert wide.area_m2 == pytest.approx(212.39, abs=0.01) and wide.state == "open"
    (finding,) = list_findings_of_rules(report, "RUN903")
    assert finding.case == "changed" and finding.params["now_m2"] - finding.params["before_m2"] == pytest.approx(
        9.3, abs=0.3
    )


def test_waiver_by_drawn_area_matches_its_gap_after_vertices_were_added_to_straight_edges(tmp_path):
    source = write_gpkg(tmp_path / "county.gpkg", make_county_with_two_gaps())
    checked = check_data(source, ["TOP004"])
    words = WaiverEntry("已现场核实", "晋自然资函〔2026〕12号", "王工", date(2026, 11, 20))
    made = make_waivers(list_findings_of_rules(checked.report, "TOP004"), words, checked.waivers.limits)
    kept = change_waivers(checked.waivers.path, added_waivers=made)
    assert all(waiver.as_drawn for waiver in kept) and read_waivers(checked.waivers.path) == kept
    text = checked.waivers.path.read_text(encoding="utf-8-sig")
    assert {f.state for f in list_findings_of_rules(check_data(source, ["TOP004"]).report, "TOP004")} == {"waived"}
    # More vertices on straight edges do not change the area.
    (tmp_path / "more").mkdir()
    more = {"YDYHGHFQ": make_county_with_two_gaps()["YDYHGHFQ"]}
    more["YDYHGHFQ"].geometry = shapely.segmentize(more["YDYHGHFQ"].geometry.to_numpy(), 100.0)
    report = check_data(write_with_waivers(tmp_path / "more", more, text), ["TOP004"]).report
    assert {f.state for f in list_findings_of_rules(report, "TOP004")} == {"waived"}
    # A gap with the former area by its vertices is smaller.
    width = (
        0.4325
        * (2 * measure_geodesic_area(make_gap(0.4325)) - measured([make_gap(0.4325)])[0])
        / measure_geodesic_area(make_gap(0.4325))
    )
    assert measured([make_gap(width)])[0] == pytest.approx(measure_geodesic_area(make_gap(0.4325)), abs=0.1)
    (tmp_path / "other").mkdir()
    report = check_data(
        write_with_waivers(tmp_path / "other", make_county_with_two_gaps(wide=width), text), ["TOP004"]
    ).report
    assert [f.state for f in sorted(list_findings_of_rules(report, "TOP004"), key=lambda f: f.area_m2)] == [
        "waived",
        "open",
    ]


# -- degrees ----------------------------------------------------------------------------------------------------------


def make_long_neighbours(*between):
    """Return two polygons with a common edge of 2 000 m.

    Only the second one has vertices on that edge, at the given distances in metres.
    """
    below = make_rotated_polygon((-50, 0), (0, 0), (2000, 0), (2050, 0), (2050, -800), (-50, -800), angle=20)
    edge = [(-50, 0), (0, 0), *((x, 0) for x in between), (2000, 0), (2050, 0)]
    return [below, make_rotated_polygon(*edge, (2050, 800), (-50, 800), angle=20)]


def make_zones_in_degrees(shapes):
    """Return a zone layer of the shapes, reprojected to degrees."""
    return {"YDYHGHFQ": make_table(shapes).to_crs(4490)}


def test_vertex_off_a_long_edge_in_degrees_is_reported_as_edge_mismatch():
    drawn = {"YDYHGHFQ": make_table(make_long_neighbours(700, 1500))}
    assert [(f.case, f.params["count"]) for f in list_reported_problems(drawn, "TOP005")] == [("", 2)]
    tables = make_zones_in_degrees(make_long_neighbours(700, 1500))
    findings = list_reported_problems(tables, "TOP005", "TOP004", "TOP001")
    (named,) = [f for f in findings if f.code == "TOP005"]
    assert named.case == "parted" and named.params["count"] == 2
    # Distance of the vertices from the edge: densify it in degrees and measure in the plane.
    low, high = (np.array(tables["YDYHGHFQ"].geometry[0].exterior.coords[n]) for n in (1, 2))
    edge = low + np.linspace(0, 1, 20_001)[:, None] * (high - low)
    line = shapely.LineString(np.column_stack(Transformer.from_crs(4490, 4526, always_xy=True).transform(*edge.T)))
    places = [make_rotated_polygon((x, 0), (x, 1), (x + 1, 0), angle=20).exterior.coords[0] for x in (700, 1500)]
    away = max(line.distance(shapely.Point(place)) for place in places)
    assert away > 0.02 and named.params["distance"] == pytest.approx(away, abs=2e-3)
    assert shapely.hausdorff_distance(named.geometry, shapely.MultiPoint(places)) < 0.01
    # The gap is a separate finding.
    assert any(f.code in ("TOP001", "TOP004") for f in findings)


def test_edges_in_degrees_with_the_same_vertices_give_no_edge_mismatch():
    shapes = make_long_neighbours(700, 1500)
    shapes[0] = make_rotated_polygon(
        *((x, 0) for x in (-50, 0, 700, 1500, 2000, 2050)), (2050, -800), (-50, -800), angle=20
    )
    assert list_reported_problems(make_zones_in_degrees(shapes), "TOP005") == []
    # The vertex is on the line that is straight in degrees: it is missing on one side, without a gap.
    (left, right) = make_zones_in_degrees(make_long_neighbours())["YDYHGHFQ"].geometry
    low, high = (np.array(left.exterior.coords[n]) for n in (1, 2))
    with_vertex = shapely.Polygon([*right.exterior.coords[:2], tuple((low + high) / 2), *right.exterior.coords[2:]])
    findings = list_reported_problems({"YDYHGHFQ": make_table([left, with_vertex], crs=4490)}, "TOP005")
    assert [(f.case, f.params["count"]) for f in findings] == [("", 1)]
