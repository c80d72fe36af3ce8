# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithms `renumber_bsm` and `change_crs_zone` write a converted copy and leave the data."""

import hashlib

import geopandas as gpd
import pyogrio
import pytest
import shapely
from qgis.core import QgsProcessingException

from plugin.core.base.files import make_path_next_to_data
from plugin.core.plan.loading.key_table import KEY_TABLE_SUFFIX, read_renumbered_keys
from tests.qgis.helpers import run_algorithm

KEY = "1402250000{:08d}"


@pytest.fixture
def source_file(tmp_path):
    """Write a boundary and a sealed red line to a GeoPackage; return its path."""
    path = tmp_path / "县.gpkg"
    for role, keys in (("CZKFBJ", (2, 5)), ("STBHHX", (9,))):
        shapes = [shapely.box(38_560_000 + 200 * n, 4_390_000, 38_560_100 + 200 * n, 4_390_100) for n in keys]
        gpd.GeoDataFrame({"BSM": [KEY.format(n) for n in keys]}, geometry=shapes, crs="EPSG:4526").to_file(
            path, layer=role
        )
    return path


def read_keys(path, layer):
    return pyogrio.read_dataframe(path, layer=layer, read_geometry=False)["BSM"].tolist()


def test_renumber_bsm_writes_copy_table_and_gaps(provider, source_file, tmp_path):
    before, copy, gaps = hashlib.sha256(source_file.read_bytes()).hexdigest(), tmp_path / "b.gpkg", tmp_path / "g.csv"
    results = run_algorithm("renumber_bsm", {"SOURCE": str(source_file), "OUTPUT": str(copy), "OUTPUT_GAPS": str(gaps)})
    assert hashlib.sha256(source_file.read_bytes()).hexdigest() == before
    assert results["ROWS"] == 2 and results["GAPS"] == 1 and gaps.is_file()
    assert results["OUTPUT_TABLE"] == str(make_path_next_to_data(copy, KEY_TABLE_SUFFIX))
    assert read_keys(copy, "CZKFBJ") == [KEY.format(10), KEY.format(11)] and read_keys(copy, "STBHHX") == [
        KEY.format(9)
    ]
    table = read_renumbered_keys(results["OUTPUT_TABLE"])
    assert table == {("CZKFBJ", KEY.format(2)): KEY.format(10), ("CZKFBJ", KEY.format(5)): KEY.format(11)}


def test_change_crs_zone_writes_copy_and_proof(provider, source_file, tmp_path):
    copy, table = tmp_path / "b.gpkg", tmp_path / "proof.csv"
    parameters = {"SOURCE": str(source_file), "NUMBER": 2, "OUTPUT": str(copy), "OUTPUT_TABLE": str(table)}
    results = run_algorithm("change_crs_zone", parameters)
    assert results["LAYERS"] == 2 and results["MOVE"] <= 1e-6 and table.is_file()
    layer = pyogrio.read_dataframe(copy, layer="CZKFBJ")
    assert layer.crs.to_epsg() == 4547 and layer.total_bounds[0] == pytest.approx(560_400)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [("renumber_bsm", {"LAYERS": "STBHHX"}, "STBHHX"), ("change_crs_zone", {}, None)],
    ids=["a sealed layer", "nothing to change"],
)
def test_conversion_is_refused_before_it_writes(provider, source_file, tmp_path, name, given, message):
    with pytest.raises(QgsProcessingException, match=message):
        run_algorithm(name, {"SOURCE": str(source_file), **given, "OUTPUT": str(tmp_path / "b.gpkg")})
    assert [path.name for path in tmp_path.iterdir()] == [source_file.name]
