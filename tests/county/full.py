# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole county plan: the sample's layers and those that the rest of the rule book looks at, without defects."""

from __future__ import annotations

import geopandas as gpd

from tests.county import blocks, divisions, protection, ranges
from tests.county.attributes import County
from tests.county.rows import Drawing


def complete(county: County) -> dict[str, gpd.GeoDataFrame]:
    """All layers by role: enough for the scope “county”, and for every rule to have something to look at."""
    drawing = Drawing(county)
    divisions.add(drawing)
    protection.add(drawing)
    ranges.add(drawing)
    blocks.add(drawing)
    county.parcels |= drawing.parcels
    # What is too steep was not taken for farmland, whatever the chance of the mountains.
    farm = county.layers["YJJBNTBHTB"]
    flat = farm.assign(GDPDJB=farm["GDPDJB"].replace("5", "4"))
    # A layer that is drawn anew keeps its place among those of the sample.
    return {**county.layers, "YJJBNTBHTB": flat, **drawing.layers}
