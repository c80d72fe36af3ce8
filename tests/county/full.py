# SPDX-License-Identifier: GPL-2.0-or-later
"""All layers that any rule checks, added to the clean generated county."""

from __future__ import annotations

import geopandas as gpd

from tests.county import blocks, divisions, protection, ranges
from tests.county.attributes import County
from tests.county.rows import CountyLayers


def add_remaining_layers(county: County) -> dict[str, gpd.GeoDataFrame]:
    """Return all layers by code, enough for the county scope and for every rule."""
    drawing = CountyLayers(county)
    divisions.add_base_layers(drawing)
    protection.add_protection_layers(drawing)
    ranges.add_heritage_layers(drawing)
    blocks.add_centre_layers(drawing)
    county.parcels |= drawing.parcels
    # The survey must agree that farmland is not too steep, independent of the random relief.
    farm, survey = county.layers["YJJBNTBHTB"], county.layers["DLTB"]
    below = survey["GDPDJB"].where(
        ~survey.geometry.to_wkb().isin(farm.geometry.to_wkb()) | (survey["GDPDJB"] != "5"), "4"
    )
    flat = {"YJJBNTBHTB": farm.assign(GDPDJB=farm["GDPDJB"].replace("5", "4")), "DLTB": survey.assign(GDPDJB=below)}
    # A redrawn layer keeps its place among those of the sample.
    return {**county.layers, **flat, **drawing.layers}
