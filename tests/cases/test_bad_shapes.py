# SPDX-License-Identifier: GPL-2.0-or-later
"""Check files that contain unusual geometries next to valid ones.

Each unusual geometry must be read or reported, and all other rows must still be checked.
"""

import struct
import time

import numpy as np
import pytest
import shapely

from tests.cases.shapes import gear
from tests.core.small_plan import (
    BOW_TIE,
    X,
    Y,
    check_data,
    convert_to_source_layers,
    hash_files,
    list_findings_of_rules,
    make_county_box,
    make_ring_wkb,
    make_table,
    move_wkt_to_county,
    write_gpkg,
    write_wkb_shapes,
)

EMPTY_PART = "MULTIPOLYGON (((0 0, 100 0, 100 100, 0 100, 0 0)), EMPTY)"
#: Well-known binary codes of kinds that shapely does not write.
TRIANGLE, TIN, POLYHEDRAL, CURVE_POLYGON, COMPOUND, CIRCULAR, MULTI_SURFACE = 17, 16, 15, 10, 9, 8, 12


def encode_wkt_as_wkb(wkt, **more):
    """Return the WKB of a WKT drawn near 0, 0 and moved into the county; options are those of `shapely.to_wkb`."""
    return shapely.to_wkb(move_wkt_to_county(wkt), flavor="iso", output_dimension=4, **more)


def encode_wkb(code, *parts):
    """Return the WKB of a type code with the given encoded parts."""
    return struct.pack("<BII", 1, code, len(parts)) + b"".join(parts)


def encode_ring_points(*points):
    """Return a WKB ring: the number of points, then their coordinates."""
    return struct.pack("<I", len(points)) + b"".join(struct.pack("<dd", X + x, Y + y) for x, y in points)


def encode_triangle(*points):
    """Return the WKB of a TRIANGLE."""
    return struct.pack("<BII", 1, TRIANGLE, 1) + encode_ring_points(*points, points[0])


def encode_polygon(*points):
    """Return the WKB of a polygon of one ring, which is closed here."""
    return struct.pack("<BII", 1, 3, 1) + encode_ring_points(*points, points[0])


def encode_arc(*points):
    """Return the WKB of a CIRCULARSTRING."""
    return struct.pack("<BI", 1, CIRCULAR) + encode_ring_points(*points)


SQUARE_CORNERS = [(0, 0), (100, 0), (100, 100), (0, 100)]
TRIANGLE_HALVES = SQUARE_CORNERS[:3], [SQUARE_CORNERS[0], *SQUARE_CORNERS[2:]]
HALF_ROUND = encode_wkb(
    CURVE_POLYGON,
    encode_wkb(
        COMPOUND, encode_arc((0, 0), (50, -50), (100, 0)), shapely.to_wkb(move_wkt_to_county("LINESTRING (100 0, 0 0)"))
    ),
)

#: No library in use reads surfaces of 3D models: they are reported as broken and not checked.
#: Name → WKB, code of its finding (empty for a valid polygon), planar area checked (m²).
UNUSUAL_SHAPES = {
    "with heights": (encode_wkt_as_wkb("POLYGON Z ((0 0 5, 100 0 6, 100 100 7, 0 100 8, 0 0 5))"), "", 10_000),
    "with measures": (encode_wkt_as_wkb("POLYGON M ((0 0 5, 100 0 6, 100 100 7, 0 100 8, 0 0 5))"), "", 10_000),
    "with heights and measures": (encode_wkt_as_wkb("POLYGON ZM ((0 0 5 1, 100 0 6 2, 100 100 7 3, 0 100 8 4, 0 0 5 1))"), "", 10_000),
    "with heights that are no numbers": (encode_wkt_as_wkb("POLYGON Z ((0 0 NaN, 100 0 NaN, 100 100 NaN, 0 100 NaN, 0 0 NaN))"), "", 10_000),
    "with old codes for heights": (
        shapely.to_wkb(move_wkt_to_county("POLYGON Z ((0 0 5, 100 0 6, 100 100 7, 0 100 8, 0 0 5))"), flavor="extended"), "", 10_000),
    "with an empty part": (encode_wkt_as_wkb(EMPTY_PART), "", 10_000),
    "of empty parts only": (encode_wkt_as_wkb("MULTIPOLYGON (EMPTY, EMPTY)"), "GEO001", 0),
    "a ring that touches itself": (encode_wkt_as_wkb("POLYGON ((0 0, 100 0, 50 50, 100 100, 0 100, 50 50, 0 0))"), "GEO002", 5_000),
    "a ring drawn twice": (encode_wkt_as_wkb("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0, 100 0, 100 100, 0 100, 0 0))"), "GEO002", 10_000),
    "every vertex three times": (
        make_ring_wkb(*[(X + x, Y + y) for x, y in [*SQUARE_CORNERS, SQUARE_CORNERS[0]] for _ in range(3)]), "", 10_000),
    "there and back": (encode_wkt_as_wkb("POLYGON ((0 0, 100 0, 50 0, 0 0))"), "GEO002", 0),
    "a ring that is not closed": (make_ring_wkb(*[(X + x, Y + y) for x, y in SQUARE_CORNERS]), "GEO002", 0),
    "two points": (make_ring_wkb((X, Y), (X + 100, Y)), "GEO002", 0),
    "a spike of a kilometre": (encode_wkt_as_wkb("POLYGON ((0 0, 100 0, 100 100, 50 100, 50 600, 50 100, 0 100, 0 0))"), "GEO002", 10_000),
    "parts upon each other": (
        encode_wkt_as_wkb("MULTIPOLYGON (((0 0, 60 0, 60 100, 0 100, 0 0)), ((40 0, 100 0, 100 100, 40 100, 40 0)))"), "GEO002", 10_000),
    "a collection of polygons": (
        encode_wkt_as_wkb("GEOMETRYCOLLECTION (POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0)), POLYGON ((60 0, 100 0, 100 100, 60 100, 60 0)))"),
        "GEO002", 9_000),
    "collections in a collection": (
        encode_wkt_as_wkb("GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))), POINT (1 1))"), "GEO002", 5_000),
    "an empty collection": (encode_wkt_as_wkb("GEOMETRYCOLLECTION EMPTY"), "GEO001", 0),
    "lines": (encode_wkt_as_wkb("MULTILINESTRING ((0 0, 100 0), (100 100, 0 100))"), "GEO002", 0),
    "a line that encloses something": (encode_wkt_as_wkb("LINESTRING (0 0, 100 0, 100 100, 0 100, 0 0)"), "GEO002", 0),
    "points": (encode_wkt_as_wkb("MULTIPOINT (0 0, 100 0, 100 100)"), "GEO002", 0),
    "a triangle of a surface model": (encode_triangle(*SQUARE_CORNERS[:3]), "GEO002", 0),
    "a triangulated surface": (encode_wkb(TIN, *(encode_triangle(*half) for half in TRIANGLE_HALVES)), "GEO002", 0),
    "a polyhedral surface": (encode_wkb(POLYHEDRAL, *(encode_polygon(*half) for half in TRIANGLE_HALVES)), "GEO002", 0),
    "arcs": (HALF_ROUND, "GEO002", 3_927),
    "arcs among several surfaces": (encode_wkb(MULTI_SURFACE, HALF_ROUND, encode_polygon(*SQUARE_CORNERS)), "GEO002", 13_927),
    "with east and north exchanged": (
        shapely.to_wkb(shapely.transform(make_county_box(0, 0), lambda xy: xy[:, ::-1])), "GEO002", 0),
    "in degrees": (shapely.to_wkb(shapely.box(113.4, 39.6, 113.5, 39.7)), "GEO002", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSUAL_SHAPES)
def test_unusual_shape_gets_only_its_expected_geometry_finding_and_other_rows_are_still_checked(tmp_path, name):
    shape, code, area = UNUSUAL_SHAPES[name]
    tables = {
        "CZKFBJ": make_table([make_county_box(500, 500), make_county_box(0, 0), make_county_box(550, 500)]),
        "STBHHX": make_table([make_county_box(-100, -100, 300, 300)]),
    }
    path = write_wkb_shapes(write_gpkg(tmp_path / "a.gpkg", tables), "CZKFBJ", {2: shape})
    before = hash_files(tmp_path)
    checked = check_data(path)
    report = checked.report
    assert not [f for f in report.findings if f.code.startswith("RUN")]
    findings = [f for f in list_findings_of_rules(report, "GEO001", "GEO002") if f.key.endswith("0002")]
    assert sorted({f.code for f in findings}) == ([code] if code else []), [f.message for f in findings]
    assert all("请" in f.message for f in findings)
    # The two others overlap by half; the rest of the unusual shape is on the red line.
    (overlap,) = list_findings_of_rules(report, "TOP001")
    assert shapely.area(overlap.geometry) == pytest.approx(5000)
    shared = [
        f
        for f in list_findings_of_rules(report, "REL003")
        if f.related_keys[0].endswith("0002") or f.key.endswith("0002")
    ]
    assert sum(shapely.area(f.geometry) for f in shared) == pytest.approx(area, rel=0.01)
    assert np.isfinite(checked.plan.layers["CZKFBJ"].statutory).all()
    assert hash_files(tmp_path) == before


def test_each_of_many_unusual_shapes_in_one_file_is_reported_by_its_row_if_it_is_a_defect(tmp_path):
    tables = {
        "CZKFBJ": make_table([make_county_box(500, 500)] * (len(UNUSUAL_SHAPES) + 1)),
        "STBHHX": make_table([make_county_box(-100, -100, 300, 300)]),
    }
    path = write_gpkg(tmp_path / "a.gpkg", tables)
    write_wkb_shapes(path, "CZKFBJ", {n + 2: shape for n, (shape, *_) in enumerate(UNUSUAL_SHAPES.values())})
    report = check_data(path).report
    assert not [f for f in report.findings if f.code.startswith("RUN")]
    rows = {int(f.key[-4:]) for f in list_findings_of_rules(report, "GEO001", "GEO002")}
    assert rows == {n + 2 for n, (_, code, _) in enumerate(UNUSUAL_SHAPES.values()) if code}
    assert len({k for f in list_findings_of_rules(report, "REL003") for k in (f.key, *f.related_keys)}) - 1 == sum(
        area > 0 for *_, area in UNUSUAL_SHAPES.values()
    )


@pytest.mark.parametrize(
    "parts", ["((0 0, 900 0, 900 900, 0 900, 0 0)), EMPTY", "EMPTY, ((0 0, 900 0, 900 900, 0 900, 0 0)), EMPTY"]
)
def test_overlap_check_ignores_empty_multipolygon_parts_after_reprojection(parts):
    """Reproject multipolygons with empty parts and check them for overlaps.

    The edges are long enough that reprojection adds vertices to them.
    """
    line = make_table([move_wkt_to_county(f"MULTIPOLYGON ({parts})"), make_county_box(100, 100)]).to_crs(4547)
    assert [p.is_empty for p in shapely.get_parts(line.geometry[0])].count(True) == parts.count("EMPTY")
    checked = check_data(
        convert_to_source_layers(
            {"CZKFBJ": line, "STBHHX": make_table([make_county_box(0, 0, 50, 50), make_county_box(800, 800, 200, 200)])}
        )
    )
    assert not [f for f in checked.report.findings if f.code.startswith("RUN")]
    assert (
        len(list_findings_of_rules(checked.report, "REL003")) == 2
        and len(list_findings_of_rules(checked.report, "TOP001")) == 1
    )
    assert checked.plan.layers["CZKFBJ"].statutory[0] == pytest.approx(810_000, rel=1e-3)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_check_finds_overlaps_of_a_polygon_with_a_million_vertices(tmp_path):
    """Check a valid and a self-intersecting polygon of a million vertices each."""
    wheel = shapely.transform(gear(1_000_000, 400.0, 399.99), lambda xy: xy + np.array([X + 500, Y + 500]))
    xy = shapely.get_coordinates(wheel)
    crossed = xy.copy()
    crossed[[10, 300_000]] = crossed[[300_000, 10]]
    tables = {
        "CZKFBJ": make_table([make_county_box(450, 450), make_county_box(0, 0), move_wkt_to_county(BOW_TIE)]),
        "STBHHX": make_table([wheel]),
        "YDYHGHFQ": make_table([shapely.Polygon(crossed)], GHFQDM=["410"], GHFQMC=["城镇发展区"]),
    }
    path = write_gpkg(tmp_path / "a.gpkg", tables)
    started = time.process_time()
    report = check_data(path, ["GEO002", "REL003", "REL005", "TOP001"]).report
    assert time.process_time() - started < 120
    assert not [f for f in report.findings if f.code.startswith("RUN")]
    assert {f.role for f in list_findings_of_rules(report, "GEO002")} == {"CZKFBJ", "YDYHGHFQ"}
    held = [shapely.area(f.geometry) for f in list_findings_of_rules(report, "REL003")]
    assert any(area == pytest.approx(10_000) for area in held)
