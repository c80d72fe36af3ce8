# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely

from ...engine.context import RuleContext
from ...geometry.corners import find_narrow_places as parts_narrower
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._places import select_valid_polygons

#: Settings ``quality.narrow_m.<role>``: a width for one layer; 0 excludes the layer.
WIDTH_SETTING = "quality.narrow_m"
SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
NECK_WKT = "POLYGON ((0 0, 100 0, 100 49.5, 200 49.5, 200 0, 300 0, 300 100, 200 100, 200 50.5, 100 50.5, 100 100, 0 100, 0 0))"


@rule(
    "GEO008",
    "narrow-parts",
    problem="A geometry has a narrow part",
    severity=Severity.WARNING,
    local=True,
    concurrent=True,
    basis=["usual-practice"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}) has places narrower than {limit} m: {count} ({area} in total), most likely left by a "
        "cut; such strips can be neither used nor bounded. Compare with {authority}: cut off a leftover and merge "
        "it with the neighbour; widen a neck that was drawn too narrow; if the shape is right, leave it, and waive "
        "the finding with the reason.",
    },
    fails=[
        RuleExample("a neck of one metre", {"layer": [NECK_WKT]}, finds=1),
        RuleExample("a strip all along", {"layer": ["POLYGON ((0 0, 200 0, 200 1, 0 1, 0 0))"]}, finds=1),
        RuleExample("two arms, one finding", {"layer": ["POLYGON ((0 0, 100 0, 100 100, 60 100, 60 200, 59 200, 59 100, 20 100, 20 200, "
                                                    "19 200, 19 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("a wider limit", {"layer": ["POLYGON ((0 0, 200 0, 200 8, 0 8, 0 0))"]}, finds=1, parameters={"narrow_m": 10.0}),
        RuleExample("a layer with a width of its own", {"layer": ["POLYGON ((0 0, 200 0, 200 8, 0 8, 0 0))"]}, finds=1,
                settings={"quality.narrow_m.STBHHX": 10.0}),
    ],
    passes=[
        RuleExample("a square: its corners are no arms", {"layer": [SQUARE_WKT]}),
        RuleExample("nor is a corner of fifteen degrees", {"layer": ["POLYGON ((0 0, 100 0, 100 26.8, 0 0))"]}),
        RuleExample("a layer that is narrow by nature", {"layer": ["POLYGON ((0 0, 200 0, 200 1, 0 1, 0 0))"]},
                settings={"quality.narrow_m.STBHHX": 0.0}),
        RuleExample("a strip of eight metres", {"layer": ["POLYGON ((0 0, 200 0, 200 8, 0 8, 0 0))"]}),
    ],
)  # fmt: skip
def narrow_parts(layer: Layer, *, ctx: RuleContext, narrow_m: float = 2.0) -> RuleResult | None:
    """Polygons have no narrow arms and necks.

    What it checks
        Parts of a polygon narrower than narrow_m, which a disc of that diameter cannot reach: necks, arms, strips.
        One finding for each feature, with the number of such places and their area. A profile sets a width for single
        layers by their code ([quality.narrow_m]); 0 excludes a layer.
    Why
        A strip is usually left over from a cut along the edge of another survey; it cannot be used or
        marked.
    How to fix
        Zoom to the marked parts; cut arms off and assign them to the neighbour, with identical vertices; widen a
        neck.
    Limits
        Not part of the default run: no text of a norm was read for it (mark C), and ditches and roads are narrow by
        nature. Parts thinner than a hundredth of half the width are not found (GEO005, GEO009). GEO002 reports
        invalid shapes.
    """
    width = float(ctx.norm.get_settings_section(WIDTH_SETTING).get(layer.role, narrow_m))
    if layer.template.geometry != "polygon" or width <= 0:
        return None
    rows, places = parts_narrower(select_valid_polygons(layer), width, cancellation=ctx.cancellation)
    area = ctx.geometry.measure_drawn_areas(places)
    findings = []
    for row in np.unique(rows).tolist():
        is_of_row = rows == row
        parts = places[is_of_row]
        shape = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
        params = {"limit": width, "count": len(parts)}
        findings.append(
            ctx.finding_maker.make_row_finding(
                layer, row, area_m2=float(area[is_of_row].sum()), params=params, geometry=shape
            )
        )
    # A county's width for this layer is as reliable as its source.
    county_setting = f"{WIDTH_SETTING}.{layer.role}"
    return RuleResult(
        findings=findings, unconfirmed=[county_setting] if county_setting in ctx.norm.profile.settings else []
    )
