# SPDX-License-Identifier: GPL-2.0-or-later
"""Parcels and zones of a county written to VCT and read back.

Each edge is written once, values are equal, vertices agree within 0.0001 m.
"""

import numpy as np
import pytest
import shapely

from plugin.core.exchange.vct.read import read_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.io import read_source
from plugin.core.standard import load_standard
from tests.core.vct_verification import assert_every_edge_once, count_differing_values, list_polygon_edges
from tests.county import make_county
from tests.county.write import write_geopackage

pytestmark = pytest.mark.slow  # a whole county


@pytest.fixture(scope="module")
def county_layers(tmp_path_factory):
    path = tmp_path_factory.mktemp("county") / "county.gpkg"
    write_geopackage(path, make_county(2000, defects=False, vertices_per_edge=3)[0])
    return {layer.name: layer for layer in read_source(path)}


@pytest.mark.parametrize("name", ["DLTB", "YDYHGHFQ", "STBHHX"])
def test_county_layers_written_to_vct_read_back_equal(tmp_path, county_layers, name):
    layer, path = county_layers[name], tmp_path / "a.vct"
    write_vct(path, [layer], templates=load_standard().templates)
    shapes = layer.frame.geometry.to_numpy()
    once = assert_every_edge_once(shapes, path)
    drawn = len(list_polygon_edges(shapes))
    assert once < drawn if name != "STBHHX" else once <= drawn
    (found,) = read_vct(path, merges_parts=True)
    assert count_differing_values(layer.frame, found.frame) == 0
    back = found.frame.geometry.to_numpy()
    assert (shapely.hausdorff_distance(back, shapes) <= 1e-4).all()
    # Topology after reading: the same edges with the same multiplicity.
    mine, theirs = (np.sort(list_polygon_edges(s).view([("", float)] * 4).ravel()) for s in (back, shapes))
    assert (mine == theirs).all()
