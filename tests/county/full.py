# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole county plan: the sample's layers and those that the rest of the rule book looks at, without defects."""

from __future__ import annotations

import geopandas as gpd

from tests.county import blocks, divisions, protection, ranges
from tests.county.attributes import County
from tests.county.rows import CountyLayers


def complete(county: County) -> dict[str, gpd.GeoDataFrame]:
    """All layers by role: enough for the scope “county”, and for every rule to have something to look at."""
    drawing = CountyLayers(county)
    divisions.add(drawing)
    protection.add(drawing)
    ranges.add(drawing)
    blocks.add(drawing)
    county.parcels |= drawing.parcels
    # What is too steep was not taken for farmland, whatever the chance of the mountains: so the survey says of the same land.
    farm, survey = county.layers["YJJBNTBHTB"], county.layers["DLTB"]
    below = survey["GDPDJB"].where(
        ~survey.geometry.to_wkb().isin(farm.geometry.to_wkb()) | (survey["GDPDJB"] != "5"), "4"
    )
    flat = {"YJJBNTBHTB": farm.assign(GDPDJB=farm["GDPDJB"].replace("5", "4")), "DLTB": survey.assign(GDPDJB=below)}
    # A layer that is drawn anew keeps its place among those of the sample.
    return {**county.layers, **flat, **drawing.layers}
