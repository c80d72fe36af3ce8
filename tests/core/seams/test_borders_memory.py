# SPDX-License-Identifier: GPL-2.0-or-later
"""Borders of a county do not keep its plan in memory: a province has more than a hundred counties."""

import gc
import weakref

from plugin.core.cancellation import NEVER_CANCELLED
from plugin.core.counties.model import County
from plugin.core.geometry.polygons import ClipCache
from plugin.core.geometry.vertex_index import make_plane_vertex_index
from plugin.core.options import RunOptions
from plugin.core.seams.model import SeamSettings
from plugin.core.seams.read_borders import extract_borders
from tests.core.package_fixtures import make_package_plan
from tests.core.small_plan import make_county_box, make_table

SETTINGS = SeamSettings.from_norm(RunOptions().resolve_norm())


def test_borders_share_nothing_with_the_layers_of_the_plan():
    county = make_table([make_county_box(0, 0, 9000, 9000)], XZQDM=["140223"], XZQMC=[""], BSM=["1"])
    shapes = [make_county_box(100, 4000, 500, 500), make_county_box(4000, 4000, 500, 500)]
    plan = make_package_plan(XZQX=county, STBHHX=make_table(shapes, BSM=["1", "2"]))
    for layer in plan.layers.values():
        # What layers of one plan share: the vertices and edges of other layers, and parts of large polygons.
        layer.vertex_index = make_plane_vertex_index(layer.plane_shapes)
        layer.clip_cache = ClipCache()
        layer.undensified_edges = frozenset({(0.0, 0.0, 1.0, 1.0)})
        layer.source.curve_texts.update({0: "near", 1: "far"})
    shared = [
        weakref.ref(value)
        for layer in plan.layers.values()
        for value in (layer, layer.frame, layer.vertex_index, layer.clip_cache, layer.undensified_edges)
    ]
    red_line_shapes = plan.layers["STBHHX"].plane_shapes[:1].copy()
    borders = extract_borders(County("甲", "甲"), plan, SETTINGS, False, "zh", NEVER_CANCELLED)
    del plan, layer, county
    gc.collect()
    assert [one() for one in shared if one() is not None] == []
    (kept,) = borders.layers.values()
    assert kept.keys == ["1"] and list(kept.plane_shapes) == list(red_line_shapes)
    assert kept.source.curve_texts == {0: "near"}
