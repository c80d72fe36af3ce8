# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the place of features: near the county, within the projection zone."""

import numpy as np
import shapely

from ...engine.context import RuleContext, find_rows_of_land_only
from ...geometry import crs as crs_care
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import SQUARE_WKT, is_reported_elsewhere


@rule(
    "GEO011",
    "far-from-county",
    problem="A feature is far from the county",
    severity=Severity.WARNING,
    local=True,
    basis=["G12"],
    needs={
        "layer": LayerNeed(EVERY_LAYER),
        "county": LayerNeed("county"),
        "sea": LayerNeed("sea", optional=True),
    },
    messages={
        "": "{layer} ({key}) is {distance} m beyond the county: a vertex or the whole feature was moved by mistake, "
        "or its coordinates are wrong. Compare with {authority}: move it back, correct its coordinates, or delete it "
        "if it does not belong to the county.",
    },
    fails=[
        RuleExample("a feature ten kilometres off", {"layer": ["POLYGON ((10000 0, 10010 0, 10010 10, 10000 0))"], "county": [SQUARE_WKT]},
                finds=1),
        RuleExample("one vertex ran away", {"layer": ["POLYGON ((0 0, 10 0, 5 -9000, 0 0))"], "county": [SQUARE_WKT]}, finds=1),
        RuleExample("a zone far from the sea", {"layer": [{"wkt": "POLYGON ((10000 0, 10010 0, 10010 10, 10000 0))", "zone_code": "660"}],
                                                "county": [SQUARE_WKT], "sea": ["POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}, finds=1, roles={"layer": "GHFQ"}),
        RuleExample("a point", {"layer": ["POINT (20000 0)"], "county": [SQUARE_WKT]}, finds=1, roles={"layer": "BKYDWWD"}),
        RuleExample("a nearer limit", {"layer": ["POLYGON ((150 0, 160 0, 160 10, 150 0))"], "county": [SQUARE_WKT]}, finds=1,
                parameters={"far_m": 50.0}),
    ],
    passes=[
        RuleExample("a zone at sea", {"layer": [{"wkt": "POLYGON ((10000 0, 10010 0, 10010 10, 10000 0))", "zone_code": "660"}],
                                      "county": [SQUARE_WKT]}, roles={"layer": "GHFQ"}),
        RuleExample("a red line in the sea", {"layer": ["POLYGON ((50 0, 10000 0, 10000 10, 50 10, 50 0))"], "county": [SQUARE_WKT],
                                              "sea": ["POLYGON ((100 0, 12000 0, 12000 100, 100 100, 100 0))"]}, roles={"layer": "STBHHX"}),
        RuleExample("across the edge is another rule's", {"layer": ["POLYGON ((90 0, 110 0, 110 10, 90 0))"], "county": [SQUARE_WKT]}),
        RuleExample("reported already where the area outside is checked",
                {"layer": ["POLYGON ((10000 0, 10010 0, 10010 10, 10000 0))"], "county": [SQUARE_WKT]}, parameters={"rules": ["TOP003"]}),
    ],
)  # fmt: skip
def far_from_county(
    layer: Layer, county: Layer, sea: Layer | None, *, ctx: RuleContext, far_m: float = 5000.0
) -> list[Finding] | None:
    """No feature is far from the county.

    What it checks
        Features of any geometry type whose extent reaches more than far_m beyond the county's extent.
    Why
        Such a distance is not caused by a line across the county's edge, but by wrong coordinates.
    How to fix
        Zoom to the feature; restore the vertex or the feature from the source.
    Limits
        Not part of the default run: the limit is that of the plugin (mark C). When TOP003 also runs, only TOP003
        reports features outside the county. Extents are compared, not outlines. What may be at sea (setting sea, points,
        lines) is compared with the extent of land and sea; zones and uses of sea classes not without a layer of the
        sea; a notice names them.
    """
    extent = ctx.geometry.get_county_outline()
    if extent is None or layer in (county, sea) or is_reported_elsewhere(ctx, "TOP003"):
        return None
    is_land, both = find_rows_of_land_only(layer, ctx.plan), ctx.plan.compute_extent_of_land_and_sea()
    bounds = shapely.bounds(layer.plane_shapes).reshape(-1, 4)
    limits = np.tile(shapely.bounds(extent[1].shapes[0]), (len(layer), 1))
    limits[~is_land] = bounds[~is_land] if both is None else shapely.bounds(both)
    # Rows without a shape have no bounds and are not far from the county.
    distances = np.nan_to_num(np.hstack([limits[:, :2] - bounds[:, :2], bounds[:, 2:] - limits[:, 2:]]), nan=0.0)
    farthest_m = distances.max(axis=1, initial=0.0)
    return [
        ctx.make_row_finding(
            layer, row, params={"distance": round(float(farthest_m[row]))}, geometry=layer.plane_shapes[row]
        )
        for row in np.flatnonzero(farthest_m > far_m).tolist()
    ]


def _make_square_wkt(easting: float) -> str:
    """Return a square with 100 m sides whose west edge has this easting (m)."""
    return shapely.box(easting, 4_380_000, easting + 100, 4_380_100).wkt


@rule(
    "GEO012",
    "outside-zone",
    problem="Coordinates are outside their projection zone",
    severity=Severity.WARNING,
    basis=["cgcs2000"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} has features up to {distance}° from the central meridian {meridian}°E of {crs}, whose zone ends "
        "at {half}°; features: {count}. Areas and lengths are distorted there. If these are all or most features, "
        "reproject the layer to zone {zone}; if they are single ones, check and correct their coordinates; the layer "
        "was not changed."
    },
    fails=[
        RuleExample("three degrees east of the meridian", {"layer": [_make_square_wkt(38_790_000)]}, finds=1),
        RuleExample(
            "one layer, one finding",
            {"layer": [_make_square_wkt(38_790_000), _make_square_wkt(38_500_000), _make_square_wkt(38_210_000)]},
            finds=1,
        ),
        RuleExample(
            "no margin", {"layer": [_make_square_wkt(38_650_000)]}, finds=1, parameters={"margin_degrees": 0.0}
        ),
    ],
    passes=[
        RuleExample("near the meridian", {"layer": [_make_square_wkt(38_500_000)]}),
        RuleExample("a county across the edge of its zone", {"layer": [_make_square_wkt(38_650_000)]}),
    ],
)
def outside_zone(layer: Layer, *, ctx: RuleContext, margin_degrees: float = 0.5) -> list[Finding] | None:
    """Coordinates are within their projection zone.

    What it checks
        The longitude of each feature's centre, in a layer of a CGCS2000 3° or 6° zone, compared with half the zone's
        width plus margin_degrees, because a county may cross the zone's edge. One finding for each layer.
    Why
        Far from the meridian the projection distorts: lengths and planar areas are wrong, and the package is
        rejected.
    How to fix
        Reproject the layer to the named zone; if only some features are outside, check their coordinates.
    Limits
        Not part of the default run. SCH003 reports a whole layer in another zone than the others, GEO002 coordinates
        outside the CRS. Zones without prefix are read as 3° zones; the margin is that of the plugin (mark C).
    """
    if layer.crs is None:
        return None
    frame = crs_care.describe_crs(layer.crs)
    if frame.is_geographic or frame.central_meridian is None or frame.zone_number is None:
        return None
    half_width = 3.0 if frame.has_zone_prefix and frame.zone_number <= 23 else 1.5
    bounds = layer.row_bounds[layer.has_shape]
    centres = (bounds[:, :2] + bounds[:, 2:]) / 2
    longitude = crs_care.make_lonlat_transformer(layer.plane_crs)(centres)[:, 0]
    degrees_off = np.abs(longitude - frame.central_meridian)
    is_outside = degrees_off > half_width + margin_degrees
    if not is_outside.any():
        return []
    farthest = int(np.argmax(degrees_off))
    return [
        Finding(
            layer.role,
            params={
                "count": int(is_outside.sum()),
                "distance": round(float(degrees_off[farthest]), 2),
                "half": half_width,
                "meridian": frame.central_meridian,
                "crs": crs_care.make_crs_label(layer.crs),
                "zone": crs_care.make_crs_label(crs_care.find_three_degree_zone(float(longitude[farthest]))),
            },
            geometry=shapely.multipoints(centres[is_outside]),
        )
    ]
