# SPDX-License-Identifier: GPL-2.0-or-later
"""Generator of a realistic fictitious county plan for samples and tests.

The county is clean, or has planted defects with known findings.
"""

from __future__ import annotations

import geopandas as gpd

from tests.county import attributes, county_fabric, defects as planting, lines, truth
from tests.county.attributes import County
from tests.county.defect_editor import DefectEditor
from tests.county.full import add_remaining_layers

SEED = 140225


def make_county(
    parcels: int = 5000,
    seed: int = SEED,
    defects: bool = True,
    *,
    terraced: bool = False,
    vertices_per_edge: int = 1,
    full: bool = False,
) -> tuple[dict[str, gpd.GeoDataFrame], dict]:
    """Return the layers of a fictitious county by code, and its expected results.

    The expected results are findings and figures. The same arguments give the same county. `terraced`: make all
    farmland terraced, so that the farmland target is met by gross area and missed by net area. `full`: add all layers
    that any rule checks, down to the central urban area. With `vertices_per_edge=7`, 150 000 parcels have about 7
    million vertices.
    """
    county = make_clean_county(parcels, seed, terraced=terraced, vertices_per_edge=vertices_per_edge, full=full)
    shop = None
    if defects:
        shop = DefectEditor(county)
        planting.plant_defects(shop)
    expected = truth.describe_truth(county, shop, seed, terraced)
    return {role: frame.reset_index(drop=True) for role, frame in county.layers.items()}, expected


def make_clean_county(
    parcels: int, seed: int = SEED, *, terraced: bool = False, vertices_per_edge: int = 1, full: bool = False
) -> County:
    """Return a county without defects, with the parcels of which its rows consist."""
    fabric = county_fabric.build_fabric(parcels, seed, vertices_per_edge)
    county = attributes.make_layers(fabric, lines.assign_parcels_to_lines(fabric, terraced))
    if full:
        county.layers = add_remaining_layers(county)
    return county
