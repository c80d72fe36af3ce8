# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...figures.three_zones import SETTINGS_USED, derive_from_layer, list_zone_codes, make_zone_indicators
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.profile.space_map import UNMAPPED_ZONE_CODE, load_space_map

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


@rule(
    "LAW003",
    "three-zones",
    problem="Planning zones belong to none of the three spaces",
    severity=Severity.WARNING,
    basis=["zoning-guide"],
    needs={"zones": LayerNeed("zones", fields=("zone_code",)), "county": LayerNeed("county", optional=True)},
    uses=SETTINGS_USED,
    messages={
        "": "{layer}: features with the zone code “{code}” belong to none of the three zones, because [three_zones] "
        "of the county profile has no entry for that code; features: {count} ({area}). First compare the code with "
        "the approved result, and correct it if it is wrong; if it is right, enter its space (agricultural, "
        "ecological, urban or none) in the profile.",
        "blank": "{layer}: features without a zone code belong to none of the three zones; features: {count} "
        "({area}). Fill in the code of the approved zones.",
    },
    fails=[
        RuleExample("code of no space", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "300"}, {"wkt": EAST_SQUARE_WKT, "zone_code": "700"}]}, finds=1,
                areas=(10000.0,), settings={"three_zones.700": "未对应"}),
        RuleExample("no code", {"zones": [{"wkt": SQUARE_WKT, "zone_code": ""}]}, finds=1, areas=(10000.0,)),
    ],
    passes=[
        RuleExample("all placed", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "300"}, {"wkt": EAST_SQUARE_WKT, "zone_code": "411"}]}),
        RuleExample("outside the three by decision", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "700"}]}),
        RuleExample("a code of no list is another rule's", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "999"}]}),
    ],
)  # fmt: skip
def three_zones(zones: Layer, county: Layer | None, *, ctx: RuleContext) -> RuleResult:
    """Every planning zone belongs to one of the three zones.

    What it checks
        The areas of 农业空间, 生态空间 and 城镇空间: planning zones grouped by the mapping `[three_zones]` of
        standard and profile. Zone codes without an entry, and zones without a code, are reported.
    Why
        The three areas are published with the plan; land in none of the three is missing in their sum.
    How to fix
        Fill in the zone's code; or assign it to one of the three zones, or to 不划入三区, in the county's profile.
    Limits
        The mapping is marked C. ATT002 reports codes outside the list of zones; this rule reports their area as well.
        Land that zones of one of the three claim twice counts once, land claimed by two of them counts in both: the
        figures are then not confirmed.
    """
    spaces = load_space_map(ctx.norm)
    derived_areas = derive_from_layer(zones, spaces, ctx.cancellation)
    result = RuleResult(indicators=make_zone_indicators(derived_areas, zones, county, ctx.norm))
    if derived_areas.unmapped_zones or not derived_areas.do_areas_add_up:
        result.doubts.append("figures.three_zones")
    codes = np.array(list_zone_codes(zones), dtype=object)
    for code, (count, area) in derived_areas.unmapped_zones.items():
        if not code or code in spaces.zones.entry_by_code:
            result.findings.append(
                Finding(
                    zones.role,
                    case="" if code else "blank",
                    field=zones.get_field_name("zone_code"),
                    params={"code": code, "count": count, "space": UNMAPPED_ZONE_CODE},
                    area_m2=area,
                    geometry=ctx.geometry.unite_shapes(zones.plane_shapes[codes == code]),
                )
            )
    return result
