# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithms `apply_fixes` and `resolve_overlaps` write a copy and leave the data."""

import csv

import geopandas as gpd
import pytest
import shapely
from qgis.core import QgsProcessingException

from tests.qgis.helpers import run_algorithm

KEY = "1402250000{:08d}"


def make_box(x, y, width, height):
    return shapely.box(38_560_000 + x, 4_390_000 + y, 38_560_000 + x + width, 4_390_000 + y + height)


@pytest.fixture
def source_file(tmp_path):
    """Write a county with overlapping layers to a GeoPackage; return its path."""
    path = tmp_path / "county.gpkg"
    two_parts = shapely.multipolygons([make_box(0, 0, 30, 30), make_box(60, 0, 20, 30)])
    layers = {
        "YJJBNTBHTB": [make_box(0, 200, 100, 100)],
        "STBHHX": [make_box(0, 400, 100, 100)],
        "CZKFBJ": [two_parts, make_box(90, 200, 100, 100)],
    }
    for role, shapes in layers.items():
        keys = [KEY.format(n + 1) for n in range(len(shapes))]
        gpd.GeoDataFrame({"BSM": keys}, geometry=shapes, crs="EPSG:4526").to_file(path, layer=role)
    return path


def test_apply_fixes_applies_safe_fixes_only_by_default(provider, source_file, tmp_path):
    before, copy, table = source_file.read_bytes(), tmp_path / "copy.gpkg", tmp_path / "table.csv"
    results = run_algorithm(
        "apply_fixes", {"SOURCE": str(source_file), "OUTPUT": str(copy), "OUTPUT_TABLE": str(table)}
    )
    assert source_file.read_bytes() == before
    assert len(gpd.read_file(copy, layer="CZKFBJ")) == 2  # Dividing a feature is never safe.
    with table.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.reader(handle))
    assert len(rows) == results["FINDINGS"] + 1 and results["APPLIED"] == results["SAFE"] == 0
    assert results["CONFIRM"] >= 1 and results["OUTPUT"] == str(copy)


def test_apply_fixes_uses_only_chosen_fixes_and_applies_unsafe_ones_on_request(provider, source_file, tmp_path):
    copy = tmp_path / "copy.gpkg"
    parameters = {"SOURCE": str(source_file), "FIXES": "FIX010", "SAFE_ONLY": False, "OUTPUT": str(copy)}
    assert run_algorithm("apply_fixes", parameters)["APPLIED"] == 1
    boundary = gpd.read_file(copy, layer="CZKFBJ")
    assert len(boundary) == 2 and shapely.intersection(boundary.union_all(), make_box(0, 200, 100, 100)).area == 0


def test_resolve_overlaps_cuts_the_boundary_and_refuses_an_order_that_would_cut_farmland(
    provider, source_file, tmp_path
):
    copy = tmp_path / "copy.gpkg"
    assert run_algorithm("resolve_overlaps", {"SOURCE": str(source_file), "OUTPUT": str(copy)})["APPLIED"] == 1
    farmland = gpd.read_file(copy, layer="YJJBNTBHTB")
    assert farmland.geometry.iloc[0].equals(make_box(0, 200, 100, 100))
    assert shapely.intersection(gpd.read_file(copy, layer="CZKFBJ").union_all(), farmland.union_all()).area == 0
    reverse = {"SOURCE": str(source_file), "OUTPUT": str(copy), "ORDER": "boundary,red_line,farmland"}
    results = run_algorithm("resolve_overlaps", reverse)
    assert results["APPLIED"] == 0 and results["REFUSED"] == 1


@pytest.mark.parametrize("parameters", [{"OUTPUT": "{source}"}, {}, {"OUTPUT": "{copy}", "FIXES": "FIX999"}])
def test_apply_fixes_refuses_a_missing_output_its_source_as_output_and_an_unknown_fix(
    provider, source_file, tmp_path, parameters
):
    before = source_file.read_bytes()
    given = {name: text.format(source=source_file, copy=tmp_path / "copy.gpkg") for name, text in parameters.items()}
    with pytest.raises(QgsProcessingException):
        run_algorithm("apply_fixes", {"SOURCE": str(source_file), **given})
    assert source_file.read_bytes() == before
