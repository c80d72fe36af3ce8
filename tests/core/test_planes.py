# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges stay where they were drawn: in degrees, in another zone, and where layers of two coordinate systems meet."""

import numpy as np
import pytest
import shapely

from plugin.core.geometry import crs as crs_care
from tests.core.small import as_read, found, look, notices, table
from tests.county.measure import statutory_area

#: Across 112.5° E, where zones 37 and 38 meet; two kilometres are some 0.0233° of longitude there.
WEST, EAST, SOUTH, NORTH = 112.49, 112.5133, 39.60, 39.61
MIDDLE = (WEST + EAST) / 2
RELATIONS = ("REL001", "REL002", "REL003", "TOP001", "TOP003")


def below(*between):
    """A rectangle whose northern edge runs from (WEST, 39.605) to (EAST, 39.6055), with vertices put on it."""
    return shapely.Polygon([(WEST, SOUTH), (EAST, SOUTH), (EAST, 39.6055), *between, (WEST, 39.605)])


def above(*between):
    return shapely.Polygon([(WEST, NORTH), (WEST, 39.605), *between, (EAST, 39.6055), (EAST, NORTH)])


#: On the slanted edge of two kilometres: a quarter, half and most of the way along, east to west.
ON_EDGE = [(EAST + (WEST - EAST) * s, 39.6055 - 0.0005 * s) for s in (0.25, 0.5, 0.8)]


def plan(crs=4490, **shapes):
    """Layers of one polygon each, drawn in degrees and stored in ``crs`` (one code, or by role)."""
    codes = crs if isinstance(crs, dict) else dict.fromkeys(shapes, crs)
    return {
        role: table([shape] if shape.geom_type == "Polygon" else list(shape.geoms), crs=4490).to_crs(codes[role])
        for role, shape in shapes.items()
    }


def told(tables, **options):
    report = look(as_read(tables), **options).report
    return [(f.code, f.role, f.area_m2, f.width_m) for f in found(report, *RELATIONS)], report


# -- degrees ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", ["default", "none"])
def test_a_vertex_on_one_side_of_a_long_edge_in_degrees_is_no_overlap(limits, tmp_path):
    """In a projection the edge would bend by 6 cm: 65 m² of overlap that nobody drew."""
    tables = plan(STBHHX=below(), CZKFBJ=above(*ON_EDGE[::-1]), XZQX=shapely.box(WEST, SOUTH, EAST, NORTH))
    options = {}
    if limits == "none":
        profile = tmp_path / "x.toml"
        profile.write_text(
            'id = "x"\nname = "某县"\narea_code = "140225"\n[tolerance]\nmin_area_m2 = 0.001\nmin_width_m = 0.0001\n',
            encoding="utf-8",
        )
        options["profile"] = str(profile)
    findings, _ = told(tables, **options)
    assert findings == []


def test_in_degrees_shared_parts_are_still_found_with_their_statutory_area():
    part = shapely.Polygon([(WEST, 39.604), (EAST, 39.604), (EAST, 39.6055), (WEST, 39.605)])
    tables = plan(STBHHX=below(), CZKFBJ=above().union(part))
    ((code, role, area, width),) = told(tables)[0]
    assert (code, role) == ("REL003", "STBHHX")
    assert area == pytest.approx(statutory_area([part], 4490)[0], abs=0.01)
    plane = shapely.from_wkt(table([part], crs=4490).to_crs(4525).geometry[0].wkt)
    # The width is one of the plane: near enough to tell slivers by.
    assert width == pytest.approx(2 * plane.area / plane.length, rel=5e-3)


def test_findings_in_degrees_are_given_in_the_zone_of_the_county():
    tables = plan(STBHHX=below(), CZKFBJ=above().union(shapely.box(WEST, 39.604, EAST, 39.6056)))
    checked = look(as_read(tables))
    (finding,) = found(checked.report, "REL003")
    assert checked.plan.crs.to_epsg() == 4526 and checked.report.provenance["crs"] == "EPSG:4526"
    lonlat = crs_care.to_lonlat(np.array([finding.geometry], dtype=object), checked.plan.crs)[0]
    assert lonlat.bounds == pytest.approx((WEST, 39.604, EAST, 39.6055), abs=1e-9)
    assert "全部图层都是 EPSG:4490" in notices(checked.report) and "换算到 EPSG:4526 的副本" not in notices(
        checked.report
    )


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(112.5, 39.6), (75.0, 38.2), (134.7, 53.5), (109.5, 18.2), (113.0, 3.0)]
)
def test_the_plane_of_degrees_keeps_straight_lines_and_lengths(longitude, latitude):
    plane = crs_care.plane_of_degrees(longitude, latitude)
    chance = np.random.default_rng(0)
    ends = np.array([longitude, latitude]) + chance.uniform(-0.4, 0.4, (2, 200, 2))
    share = chance.uniform(0, 1, (200, 1))
    between = ends[0] + share * (ends[1] - ends[0])

    def put(xy):
        return shapely.get_coordinates(crs_care.reproject(shapely.points(xy), crs_care.GEODETIC, plane))

    a, b, c = put(ends[0]), put(ends[1]), put(between)
    # A vertex on an edge stays on it, to a fraction of a micrometre.
    assert np.abs(c - (a + share * (b - a))).max() < 1e-7
    back = crs_care.lonlat_of(plane)(np.concatenate([a, b]))
    assert np.abs(back - np.concatenate(ends)).max() < 1e-12
    # One metre is a metre in the middle, and within a hundredth over a county.
    small = np.array([[longitude, latitude], [longitude + 1e-4, latitude], [longitude, latitude + 1e-4]])
    from pyproj import Geod

    geod = Geod(a=6378137.0, rf=298.257222101)
    x = put(small)
    for n in (1, 2):
        true = geod.inv(*small[0], *small[n])[2]
        assert np.hypot(*(x[n] - x[0])) == pytest.approx(true, rel=2e-3 if latitude > 6.7 else 1e-2)
