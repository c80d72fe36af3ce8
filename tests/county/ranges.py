# SPDX-License-Identifier: GPL-2.0-or-later
"""Heritage layers: historic district, protection areas, monuments, buildings."""

from __future__ import annotations

import numpy as np
import shapely

from tests.county.heritage import make_round_polygon
from tests.county.rows import CountyLayers

DISTRICT_NAME = "浑源古城历史文化街区"
NATIONAL_SITES = ("永安寺", "圆觉寺塔", "悬空寺", "荆庄大云寺", "律吕神祠", "栗毓美墓")


def add_heritage_layers(drawing: CountyLayers) -> None:
    line = drawing.county.layers["LSWHBHX"]
    names = line["MC"].to_list()
    shapes = line.geometry.to_numpy()
    # A full plan has kind and level of each range, which are empty in the sample.
    sites = [name.removesuffix("保护范围") for name in names[2:]]
    levels = ["20" if one in NATIONAL_SITES else "30" for one in sites]
    line["LX"] = ["21", "22", *["61"] * len(sites)]
    line["JB"] = ["30", "30", *levels]
    drawing.add("LSWHJQ", [shapely.Polygon(shapes[1].exterior)], MC=[DISTRICT_NAME])
    drawing.add("WWBHDWM", shapes[2:], MC=sites)
    points = [shapely.Point(np.round(shapely.get_coordinates(shape.centroid)[0], 3)) for shape in shapes[2:]]
    drawing.add("WWBHDWD", points, MC=sites)
    middle = shapely.get_coordinates(shapes[0].centroid)[0]
    houses = [middle + np.array(step) for step in ((-180.0, -150.0), (170.0, 160.0))]
    called = ["穆家大院", "常家大院"]
    drawing.add(
        "LSJZM",
        [make_round_polygon(house, 20, drawing.fabric.land.seed, 31 + n) for n, house in enumerate(houses)],
        MC=called,
    )
    drawing.add("LSJZD", [shapely.Point(np.round(house, 3)) for house in houses], MC=called)
