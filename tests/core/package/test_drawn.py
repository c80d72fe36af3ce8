# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans drawn in a plane and delivered in degrees: intersections keep the areas of the original CRS."""

import numpy as np
import pytest
import shapely

from plugin.core.check import Options
from plugin.core.geometry import crs as crs_care
from plugin.core.loading.assembly import assemble_plan
from plugin.core.package.inspection.facts import PackageFacts
from plugin.core.package.package_spec.load import load_package_spec
from tests.core.package_fixtures import PARCELS
from tests.core.small_plan import X, Y, as_read_layers, table

ZONE, DEGREES = "EPSG:4526", "EPSG:4490"
#: Long edges, none of them along a meridian or a parallel.
WHOLE = shapely.Polygon([(X, Y), (X + 9000, Y + 700), (X + 9500, Y + 6000), (X + 300, Y + 6400)])
HALF = shapely.Polygon([(X - 100, Y - 900), (X + 9900, Y - 200), (X + 9700, Y + 3300), (X - 200, Y + 2800)])


def make_plan(crs, drawn_in=None):
    frames = {"DLTB": table([WHOLE], **{k: [v] for k, v in PARCELS.items()}), "STBHHX": table([HALF])}
    read = as_read_layers({name: frame.to_crs(crs) for name, frame in frames.items()})
    return assemble_plan(read, Options().norm(), source="x", original_crs=crs_care.parse_crs(drawn_in))


def shared_area(plan):
    return shapely.area(shapely.intersection(*(plan.layers[role].plane[0] for role in ("DLTB", "STBHHX"))))


def test_edges_are_straight_in_the_original_crs():
    drawn = shapely.area(shapely.intersection(WHOLE, HALF))
    assert shared_area(make_plan(ZONE)) == pytest.approx(drawn, abs=1e-3)
    plan = make_plan(DEGREES, ZONE)
    assert plan.plane == plan.crs == crs_care.parse_crs(ZONE)
    assert shared_area(plan) == pytest.approx(drawn, abs=1e-3)
    assert not any(len(layer.added) for layer in plan.layers.values())
    # Without the original CRS, edges are straight in degrees and the intersection differs.
    other = make_plan(DEGREES)
    one, two = (other.layers[role].plane[0] for role in ("DLTB", "STBHHX"))
    part = crs_care.reproject(np.array([shapely.segmentize(shapely.intersection(one, two), 20)]), other.plane, plan.crs)
    assert abs(shapely.area(part[0]) - drawn) > 100


def test_plan_drawn_in_degrees_and_delivered_in_a_plane_is_equivalent():
    """Draw in degrees and deliver in a plane."""
    one, two = make_plan(DEGREES), make_plan(ZONE, DEGREES)
    assert two.plane == one.plane != two.crs == one.crs
    assert shared_area(two) == pytest.approx(shared_area(one), abs=1e-2)


def test_original_crs_that_distorts_areas_is_ignored():
    assert make_plan(DEGREES, "EPSG:3857").plane == crs_care.parse_crs(ZONE)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([ZONE, ZONE], ZONE),
        ([ZONE, "EPSG:4547"], ""),
        ([], ""),
        (["+proj=pipeline +step +proj=utm"], ""),
        (["EPSG:999999"], ""),
        ([""], ""),
        ([None], ""),
    ],
)
def test_original_crs_is_read_from_the_manifest(labels, found):
    rows = [{"layer": str(n), "source_crs": label} for n, label in enumerate(labels)]
    facts = PackageFacts("x", load_package_spec("county"), manifest={"layers": rows})
    assert crs_care.crs_label(facts.original_crs) == found
    assert PackageFacts("x", load_package_spec("county")).original_crs is None
