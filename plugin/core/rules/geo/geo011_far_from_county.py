# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import is_reported_elsewhere

COUNTY_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "GEO011",
    "far-from-county",
    problem="A feature is far from the county",
    severity=Severity.WARNING,
    local=True,
    basis=["G12"],
    needs={"layer": LayerNeed(EVERY_LAYER), "county": LayerNeed("county")},
    messages={
        "": "{layer} ({key}) is {distance} m beyond the county: a vertex or the whole feature was moved by mistake, "
        "or its coordinates are wrong. Compare with {authority}: move it back, correct its coordinates, or delete it "
        "if it does not belong to the county.",
    },
    fails=[
        RuleExample("a feature ten kilometres off", {"layer": ["POLYGON ((10000 0, 10010 0, 10010 10, 10000 0))"], "county": [COUNTY_WKT]},
                finds=1),
        RuleExample("one vertex ran away", {"layer": ["POLYGON ((0 0, 10 0, 5 -9000, 0 0))"], "county": [COUNTY_WKT]}, finds=1),
        RuleExample("a point", {"layer": ["POINT (20000 0)"], "county": [COUNTY_WKT]}, finds=1, roles={"layer": "BKYDWWD"}),
        RuleExample("a nearer limit", {"layer": ["POLYGON ((150 0, 160 0, 160 10, 150 0))"], "county": [COUNTY_WKT]}, finds=1,
                parameters={"far_m": 50.0}),
    ],
    passes=[
        RuleExample("a zone at sea", {"layer": [{"wkt": "POLYGON ((10000 0, 10010 0, 10010 10, 10000 0))", "zone_code": "660"}],
                                      "county": [COUNTY_WKT]}, roles={"layer": "GHFQ"}),
        RuleExample("across the edge is another rule's", {"layer": ["POLYGON ((90 0, 110 0, 110 10, 90 0))"], "county": [COUNTY_WKT]}),
        RuleExample("reported already where the area outside is checked",
                {"layer": ["POLYGON ((10000 0, 10010 0, 10010 10, 10000 0))"], "county": [COUNTY_WKT]}, parameters={"rules": ["TOP003"]}),
    ],
)  # fmt: skip
def far_from_county(layer: Layer, county: Layer, *, ctx: RuleContext, far_m: float = 5000.0) -> list[Finding] | None:
    """No feature is far from the county.

    What it checks
        Features of any geometry type whose extent reaches more than far_m beyond the county's extent.
    Why
        Such a distance is not caused by a line across the county's edge, but by wrong coordinates.
    How to fix
        Zoom to the feature; restore the vertex or the feature from the source.
    Limits
        Not part of the default run: the limit is that of the plugin (mark C). When TOP003 also runs, only TOP003
        reports features outside the county. Extents are compared, not outlines. Zones and uses of sea classes (setting
        sea) are not compared; a notice names them.
    """
    extent = ctx.geometry.get_county_outline()
    if extent is None or layer is county or is_reported_elsewhere(ctx, "TOP003"):
        return None
    west, south, east, north = extent[1].shapes[0].bounds
    bounds = shapely.bounds(layer.plane_shapes).reshape(-1, 4)
    distances = np.column_stack([west - bounds[:, 0], south - bounds[:, 1], bounds[:, 2] - east, bounds[:, 3] - north])
    # Rows without a shape have no bounds and are not far from the county.
    farthest_m = np.nan_to_num(distances, nan=0.0).max(axis=1, initial=0.0)
    return [
        ctx.finding_maker.make_row_finding(
            layer, row, params={"distance": round(float(farthest_m[row]))}, geometry=layer.plane_shapes[row]
        )
        for row in np.flatnonzero((farthest_m > far_m) & ctx.find_land_rows(layer)).tolist()
    ]
