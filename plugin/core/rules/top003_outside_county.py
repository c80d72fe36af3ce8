# SPDX-License-Identifier: GPL-2.0-or-later
from ..context import Context
from ..findings import Finding
from ..layer import Layer
from ..rule import EACH, Example, Need, rule

COUNTY = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "TOP003",
    "outside-county",
    local=True,
    basis=["G12"],
    needs={"layer": Need(EACH), "county": Need("county")},
    uses=["tolerance"],
    messages={"": "{layer} ({key}) reaches {area} outside the county (width {width} m). Cut it back to the county's edge."},
    fails=[
        Example("across the edge", {"layer": ["POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"], "county": [COUNTY]}, finds=1, areas=(100.0,)),
        Example("two parts outside", {"layer": ["POLYGON ((-10 0, 110 0, 110 10, -10 10, -10 0))"], "county": [COUNTY]}, finds=2,
                areas=(100.0, 100.0)),
        Example("wholly outside", {"layer": ["POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))", COUNTY], "county": [COUNTY]}, finds=1,
                areas=(100.0,)),
    ],
    passes=[Example("inside, at the edge", {"layer": ["POLYGON ((90 0, 100 0, 100 10, 90 10, 90 0))"], "county": [COUNTY]})],
)  # fmt: skip
def outside_county(layer: Layer, county: Layer, *, ctx: Context) -> list[Finding] | None:
    """Everything lies inside the county.

    What it checks
        The connected parts of every feature that lie outside the county's outline.
    Why
        Land of a neighbour counts for the neighbour; the packages of two counties must fit at their edge.
    How to fix
        Cut the feature back to the county's outline, vertex on vertex.
    Limits
        Needs a county layer; where it comes from dissolved townships, gaps between them count as outside.
    """
    extent = ctx.county()
    if extent is None or layer is county or layer.template.geometry != "polygon":
        return None
    return ctx.by_place(ctx.pairs(layer, county, ctx.uncovered(layer, county, extent[1])))
