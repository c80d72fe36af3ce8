# SPDX-License-Identifier: GPL-2.0-or-later
"""A copy with changed rows has these changes and no other, in every format that can be edited."""

import random

import geopandas as gpd
import pyogrio
import pytest
import shapely

from plugin.core.exchange.edited_copy import write_copy
from plugin.core.exchange.layer_changes import UNCHANGED, LayerChanges
from plugin.core.io import read_source

ROWS = 400


def make_shape(source, corners):
    """Return a polygon with this number of corners at a random place."""
    centre = shapely.Point(38_500_000 + source.random() * 1e5, 4_400_000 + source.random() * 1e5)
    return shapely.multipolygons([centre.buffer(100, quad_segs=corners)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("suffix", "driver"), [("gpkg", "GPKG"), ("gdb", "OpenFileGDB"), ("shp", "ESRI Shapefile")])
def test_rows_that_grow_leave_all_others_as_they_were(tmp_path, suffix, driver, seed):
    source = random.Random(seed)
    path, copy = tmp_path / f"CZKFBJ.{suffix}", tmp_path / f"copy.{suffix}"
    texts = ["字" * source.randint(1, 9) for _ in range(ROWS)]
    shapes = [make_shape(source, source.randint(1, 8)) for _ in range(ROWS)]
    frame = gpd.GeoDataFrame({"BZ": texts, "BH": range(ROWS)}, geometry=shapes, crs=4526)
    frame.to_file(path, layer="CZKFBJ", driver=driver, encoding="UTF-8")
    (layer,) = read_source(path)
    before = pyogrio.read_dataframe(path, fid_as_index=True)
    fids = source.sample([int(fid) for fid in before.index], ROWS // 2)
    new_texts = {fid: "新" * source.randint(1, 25) for fid in fids}
    new_shapes = {fid: make_shape(source, source.randint(1, 20)) for fid in fids[::2]}
    changed = {fid: (new_shapes.get(fid, UNCHANGED), {"BZ": new_texts[fid]}) for fid in fids}
    write_copy([LayerChanges("CZKFBJ", layer, changed=changed)], path, copy)
    after = pyogrio.read_dataframe(copy, fid_as_index=True)
    assert list(after.index) == list(before.index) and after["BH"].tolist() == before["BH"].tolist()
    assert after["BZ"].to_dict() == before["BZ"].to_dict() | new_texts
    # A FileGDB rounds to its grid of 0.1 mm, and a shapefile makes polygons of multipolygons with one part.
    expected = [new_shapes.get(fid, shape) for fid, shape in before.geometry.items()]
    assert shapely.area(shapely.symmetric_difference(after.geometry.array, expected)).max() < 0.2
