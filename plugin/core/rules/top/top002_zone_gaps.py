# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, rule
from ...plan.layer import Layer

COUNTY_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "TOP002",
    "zone-gaps",
    problem="Planning zones leave gaps",
    surroundings="gaps",
    basis=["G8"],
    needs={"zones": LayerNeed("zones"), "county": LayerNeed("county")},
    uses=["tolerance"],
    messages={"": "No zone of {layer} covers {area} of the county (width {width} m); zones must cover the whole "
              "county. Compare the place with the plan: extend the neighbouring zone that it belongs to, or draw the missing zone.",
              "narrow_place": "No zone of {layer} covers {area} (width {width} m); zones must cover the whole county. "
              "The place is narrow: between two zones, snap their edges to one line; inside one zone, it is a hole that this zone must fill."},
    fails=[
        RuleExample("half the county", {"zones": ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"], "county": [COUNTY_WKT]}, finds=1, areas=(5000.0,)),
        RuleExample("two gaps", {"zones": ["POLYGON ((0 10, 100 10, 100 90, 0 90, 0 10))"], "county": [COUNTY_WKT]}, finds=2, areas=(1000.0, 1000.0)),
        RuleExample("a hole inside", {"zones": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"],
                                  "county": [COUNTY_WKT]}, finds=1, areas=(400.0,)),
    ],
    passes=[
        RuleExample("two zones tile it", {"zones": ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"],
                                      "county": [COUNTY_WKT]}),
    ],
)  # fmt: skip
def zone_gaps(zones: Layer, county: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Planning zones cover the whole county.

    What it checks
        Every connected part of the county that is in no 规划分区.
    Why
        Zones tile the county: each piece of land has one purpose, and zone totals sum to the county's area.
    How to fix
        Extend the right zone, with vertices identical to those of its neighbours.
    Limits
        Needs the county's outline; TOP001 reports overlaps of zones. Gaps below both minimums are counted as slivers.
    """
    county_extent = ctx.geometry.get_county_outline()
    if county_extent is None:
        return []
    gap_pieces = ctx.geometry.find_uncovered_pieces_of_outline(county, county_extent[1], zones)
    areas = ctx.geometry.measure_drawn_areas(gap_pieces.geometry)
    return [
        Finding(
            zones.role,
            related_role=county.role,
            area_m2=float(areas[n]),
            width_m=float(gap_pieces.width[n]),
            geometry=gap_pieces.geometry[n],
            by_place=True,
        )
        for n in range(len(gap_pieces))
    ]
