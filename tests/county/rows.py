# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of additional plan layers: common fields and given values.

Common fields are feature number, county, area and length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from tests.county import attributes, templates
from tests.county.attributes import County
from tests.county.landscape import AREA_CODE, AREA_NAME
from tests.county.measure import statutory_area


class CountyLayers:
    """Additional layers of a county by code, with the parcels of each row.

    The parcels of a row are None if it was drawn freely.
    """

    def __init__(self, county: County) -> None:
        self.county, self.fabric, self.lines = county, county.fabric, county.lines
        self.layers: dict[str, gpd.GeoDataFrame] = {}
        self.parcels: dict[str, list[np.ndarray]] = {}

    def add(self, role: str, shapes: Sequence[Any] | np.ndarray, **values: Any) -> gpd.GeoDataFrame:
        """Add a layer of free shapes; a value that is not a list applies to every row."""
        fields, count = templates.read_fields(role), len(shapes)
        given: dict[str, Any] = {"XZQDM": AREA_CODE, "XZQMC": AREA_NAME}
        if "MJ" in fields:
            given["MJ"] = np.round(statutory_area(shapes), 2)
        if "CD" in fields:
            given["CD"] = np.round(shapely.length(shapes), 1)
        given = {name: value for name, value in given.items() if name in fields} | values
        listed = {
            name: value if isinstance(value, list | np.ndarray) else [value] * count for name, value in given.items()
        }
        self.layers[role] = attributes.make_layer_table(role, list(shapes), listed)
        return self.layers[role]

    def add_parcels(self, role: str, groups: list[np.ndarray], **values: Any) -> gpd.GeoDataFrame:
        """Add a layer whose rows are joined parcels; a row may have several parts."""
        self.parcels[role] = groups
        return self.add(role, attributes.join_parcels(self.fabric, groups), **values)

    def pieces(self, chosen: np.ndarray) -> list[np.ndarray]:
        """Return the connected groups of chosen parcels ((n,) bool)."""
        if not chosen.any():
            return []
        return attributes.group_connected_parcels(self.fabric, chosen.astype(int))[2]

    def without_holes(self, piece: np.ndarray) -> list[np.ndarray]:
        """Split connected parcels from north to south until no part has a hole."""
        if not len(attributes.join_parcels(self.fabric, [piece])[0].interiors):
            return [piece]
        label = np.zeros(len(self.fabric), int)
        label[piece] = 1 + (self.fabric.sites[piece, 0] > np.median(self.fabric.sites[piece, 0]))
        return [part for half in (1, 2) for one in self.pieces(label == half) for part in self.without_holes(one)]
