# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the sample county in other coordinate systems.

Findings, areas and ignored slivers must stay the same.
"""

from dataclasses import replace

import pytest
from pyproj import CRS

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.plan.io import read_source
from plugin.paths import SAMPLE_FOLDER
from tests.parametrize import first_daily

OPTIONS = RunOptions(profile="hunyuan")
#: Tolerated share of the area of a part, for long edges that are straight in another CRS.
EDGE_AREA_TOLERANCE = 2e-4


@pytest.fixture(scope="module")
def sample_layers():
    return list(read_source(SAMPLE_FOLDER / "county.gpkg"))


@pytest.fixture(scope="module")
def expected_report(sample_layers):
    return check_plan(sample_layers, OPTIONS).report


def reproject_layer(layer, code):
    if code is None or layer.crs is None:
        return layer
    frame = layer.frame.set_geometry(layer.frame.geometry.to_crs(code))
    return replace(layer, frame=frame, crs=CRS.from_epsg(code))


@pytest.mark.parametrize(
    ("codes", "others"),
    first_daily(
        [
            pytest.param(
                {"STBHHX": 4525, "YJJBNTBHTB": 4525, "XZQX": 4525}, ["SCH003"] * 3, id="three layers in zone 37"
            ),
            pytest.param({"STBHHX": 4490, "YJJBNTBHTB": 4490, "YDYHGHFQ": 4490}, [], id="three layers in degrees"),
            # A shape whose vertices are on one line is valid in degrees, but still encloses no area.
            pytest.param({"": 4490}, ["GEO002"], id="all in degrees"),
        ]
    ),
)
def test_sample_county_reprojected_to_another_crs_gives_the_findings_and_areas_of_the_original(
    sample_layers, expected_report, codes, others
):
    report = check_plan(
        [reproject_layer(layer, codes.get(layer.name, codes.get(""))) for layer in sample_layers], OPTIONS
    ).report
    found, known = ({f.fingerprint: f for f in r.findings} for r in (report, expected_report))
    # A tiny self-intersection depends on the stored coordinates: one is absent in degrees, and reported as no area.
    lost = [known[name].code for name in known.keys() - found.keys()]
    assert lost == (["GEO002"] if codes.get("") else [])
    assert [found[name].code for name in found.keys() - known.keys()] == others
    for name in known.keys() & found.keys():
        # Areas by vertices are the same in each CRS; in degrees an intersection with an edge of some hundred metres moves
        # by millimetres.
        if known[name].area_m2 is None:
            assert found[name].area_m2 is None
            continue
        assert found[name].area_by_vertices_m2 == pytest.approx(
            known[name].area_by_vertices_m2, abs=0.3 if codes.get("") else 0.01
        )
        # Edges straight in degrees differ from edges straight in a zone by 17 mm per kilometre.
        assert found[name].area_m2 == pytest.approx(known[name].area_m2, abs=0.02, rel=EDGE_AREA_TOLERANCE)
    assert report.tolerance["ignored_slivers"] == expected_report.tolerance["ignored_slivers"]
    assert report.tolerance["ignored_area_m2"] == pytest.approx(expected_report.tolerance["ignored_area_m2"], abs=1e-3)
