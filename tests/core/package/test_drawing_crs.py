# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans drawn in metres and delivered in degrees have the same overlap areas."""

import numpy as np
import pytest
import shapely

from plugin.core.check import RunOptions
from plugin.core.geometry import crs as crs_care
from plugin.core.loading.assembly import assemble_plan
from plugin.core.package.inspection.facts import PackageFacts
from plugin.core.package.package_spec.load import load_package_spec
from tests.core.package_fixtures import PARCEL_VALUES
from tests.core.small_plan import X, Y, convert_to_source_layers, make_table

ZONE_38, CGCS2000_DEGREES = "EPSG:4526", "EPSG:4490"
#: Long edges, none of them along a meridian or a parallel.
WHOLE_POLYGON = shapely.Polygon([(X, Y), (X + 9000, Y + 700), (X + 9500, Y + 6000), (X + 300, Y + 6400)])
HALF_POLYGON = shapely.Polygon([(X - 100, Y - 900), (X + 9900, Y - 200), (X + 9700, Y + 3300), (X - 200, Y + 2800)])


def make_plan_of_two_layers(crs, drawn_in=None):
    """Return a plan of a parcel and a red line over half of it, stored in a CRS and perhaps drawn in another."""
    frames = {
        "DLTB": make_table([WHOLE_POLYGON], **{k: [v] for k, v in PARCEL_VALUES.items()}),
        "STBHHX": make_table([HALF_POLYGON]),
    }
    read = convert_to_source_layers({name: frame.to_crs(crs) for name, frame in frames.items()})
    return assemble_plan(read, RunOptions().resolve_norm(), source="x", original_crs=crs_care.parse_crs(drawn_in))


def measure_overlap(plan):
    """Return the planar area (m²) that the two polygons of a plan share."""
    return shapely.area(shapely.intersection(*(plan.layers[role].plane_shapes[0] for role in ("DLTB", "STBHHX"))))


def test_overlap_of_a_plan_delivered_in_degrees_equals_the_overlap_in_its_drawing_crs():
    drawn = shapely.area(shapely.intersection(WHOLE_POLYGON, HALF_POLYGON))
    assert measure_overlap(make_plan_of_two_layers(ZONE_38)) == pytest.approx(drawn, abs=1e-3)
    plan = make_plan_of_two_layers(CGCS2000_DEGREES, ZONE_38)
    assert plan.plane_crs == plan.crs == crs_care.parse_crs(ZONE_38)
    assert measure_overlap(plan) == pytest.approx(drawn, abs=1e-3)
    assert not any(len(layer.added_vertices) for layer in plan.layers.values())
    # Without the original CRS, edges are straight in degrees and the intersection differs.
    other = make_plan_of_two_layers(CGCS2000_DEGREES)
    one, two = (other.layers[role].plane_shapes[0] for role in ("DLTB", "STBHHX"))
    part = crs_care.reproject_geometries(
        np.array([shapely.segmentize(shapely.intersection(one, two), 20)]), other.plane_crs, plan.crs
    )
    assert abs(shapely.area(part[0]) - drawn) > 100


def test_overlaps_of_a_plan_drawn_in_degrees_are_equal_when_it_is_delivered_in_degrees_or_metres():
    """Store the plan in a metric CRS that names degrees as its drawing CRS."""
    one, two = make_plan_of_two_layers(CGCS2000_DEGREES), make_plan_of_two_layers(ZONE_38, CGCS2000_DEGREES)
    assert two.plane_crs == one.plane_crs != two.crs == one.crs
    assert measure_overlap(two) == pytest.approx(measure_overlap(one), abs=1e-2)


def test_drawing_crs_that_distorts_areas_is_not_used_as_the_plane_of_a_plan():
    assert make_plan_of_two_layers(CGCS2000_DEGREES, "EPSG:3857").plane_crs == crs_care.parse_crs(ZONE_38)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([ZONE_38, ZONE_38], ZONE_38),
        ([ZONE_38, "EPSG:4547"], ""),
        ([], ""),
        (["+proj=pipeline +step +proj=utm"], ""),
        (["EPSG:999999"], ""),
        ([""], ""),
        ([None], ""),
    ],
)
def test_drawing_crs_of_a_package_is_read_from_its_manifest(labels, found):
    rows = [{"layer": str(n), "source_crs": label} for n, label in enumerate(labels)]
    facts = PackageFacts("x", load_package_spec("county"), manifest={"layers": rows})
    assert crs_care.make_crs_label(facts.original_crs) == found
    assert PackageFacts("x", load_package_spec("county")).original_crs is None


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (b'{"provenance": {"crs": "EPSG:4526"}}', ZONE_38),
        (b'{"provenance": {"crs": null}}', ""),
        (b'{"provenance": []}', ""),
        (b"[]", ""),
        (b"{", ""),
    ],
)
def test_drawing_crs_of_a_package_without_a_manifest_is_read_from_its_report(document, found):
    spec = load_package_spec("county")
    path = PackageFacts("x", spec).report_path
    facts = PackageFacts("x", spec, document_contents={path: document})
    assert crs_care.make_crs_label(facts.original_crs) == found
