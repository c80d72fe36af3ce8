# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on areas of planning zones, shares inside the boundary, and reserved land."""

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext, cut_rows_at_coast
from ...figures.indicators.area_backing import (
    AREA_FIELDS_SETTING,
    ROW_ALLOWANCE_SETTING,
    SUM_ALLOWANCE_SETTING,
    is_sum_confirmed_by_geometry,
    read_area_field_m2,
)
from ...figures.indicators.areas import PART_WORDS_SETTING, find_countable_reserve_rows, find_reserve_parts_and_names
from ...figures.indicators.survey_deductions import DEDUCTION_ALLOWANCE_SETTING
from ...figures.three_zones import SETTINGS_USED, derive_from_layer, list_zone_codes, make_zone_indicators
from ...model.findings import Finding
from ...model.indicator import REFERENCE_ONLY, TARGET_MET, TARGET_MISSED, Indicator, convert_area
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import round_unlike_limit
from ...standard.messages.texts import Texts, format_number
from ...standard.profile.space_map import UNMAPPED_ZONE_CODE, load_space_map
from ...standard.template import Template
from .._places import EAST_SQUARE_WKT, SQUARE_KM_WKT, SQUARE_WKT, record_codes_of_pairs


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
    derived_areas = derive_from_layer(zones, spaces, ctx.plan, ctx.cancellation)
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


ZONE_KINDS = ("concentrated", "flexible", "special")
CONCENTRATED_ROW = {"wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "zone_code": "410"}
SMALL_FLEXIBLE_ROW = {"wkt": "POLYGON ((100 0, 110 0, 110 100, 100 100, 100 0))", "zone_code": "420"}
LARGE_FLEXIBLE_ROW = {"wkt": "POLYGON ((100 0, 120 0, 120 100, 100 100, 100 0))", "zone_code": "420"}
SPECIAL_ROW = {"wkt": "POLYGON ((120 0, 140 0, 140 100, 120 100, 120 0))", "zone_code": "430"}
USED_SETTINGS = ("ratio.concentrated", "ratio.flexible", "ratio.special", "zones.codes", "rules.LAW020")


@rule(
    "LAW020",
    "boundary-shares",
    problem="Shares or codes within the development boundary are wrong",
    severity=Severity.WARNING,
    basis=["boundary-guide"],
    needs={"boundary": LayerNeed("boundary", fields=("zone_code",)), "zones": LayerNeed("zones", reads=("zone_code",), optional=True)},
    uses=USED_SETTINGS,
    messages={
        "flexible": "The flexible development area of {layer} is {share} % of the concentrated construction area, "
        "above the limit of {limit} %. First compare the zone codes with the approved result, and correct wrong "
        "ones; if they are right, reduce the area by {excess} m²; if a larger share was approved, change the limit "
        "in the county profile by that document.",
        "zone": "{layer} ({key}): {field} = “{value}”, but {related_layer} ({related_key}) on the same land has "
        "“{related}” ({area}, width {width} m); the shares depend on this code. Compare both with the approved result, "
        "and correct the layer that differs from it: change the code if it is wrong for the whole feature; if it is "
        "wrong only here, change only the edge here (split the feature first if necessary).",
        "special": "The special-purpose area of {layer} is {share} % of the concentrated construction area, above "
        "the limit of {limit} %. First compare the zone codes with the approved result, and correct wrong ones; if "
        "they are right, reduce the area by {excess} m²; if a larger share was approved, change the limit in the "
        "county profile by that document.",
    },
    fails=[
        RuleExample("a fifth is flexible", {"boundary": [CONCENTRATED_ROW, LARGE_FLEXIBLE_ROW]}, finds=1),
        RuleExample("a limit for the special use zone", {"boundary": [CONCENTRATED_ROW, SPECIAL_ROW]}, finds=1, parameters={"max_special_share": 0.1}),
        RuleExample("a reserve in the zones only", {"boundary": [CONCENTRATED_ROW], "zones": [{**CONCENTRATED_ROW, "zone_code": "420"}]}, finds=1),
    ],
    passes=[
        RuleExample("zones and boundary agree", {"boundary": [CONCENTRATED_ROW, SMALL_FLEXIBLE_ROW], "zones": [{**CONCENTRATED_ROW, "zone_code": "411"}, SMALL_FLEXIBLE_ROW]}),
        RuleExample("a tenth is flexible", {"boundary": [CONCENTRATED_ROW, SMALL_FLEXIBLE_ROW]}),
        RuleExample("no limit is known for the special use zone", {"boundary": [CONCENTRATED_ROW, SPECIAL_ROW]}),
        RuleExample("a county allows more", {"boundary": [CONCENTRATED_ROW, LARGE_FLEXIBLE_ROW]}, settings={"rules.LAW020.max_flexible_share": 0.25}),
    ],
)  # fmt: skip
def boundary_shares(
    boundary: Layer,
    zones: Layer | None,
    *,
    ctx: RuleContext,
    max_flexible_share: float = 0.15,
    max_special_share: float = 0.0,
) -> RuleResult:
    """Shares of the three zones inside the boundary are within their limits.

    What it checks
        集中建设区 as a share of the boundary; 弹性发展区 and 特别用途区 as shares of 集中建设区, each compared with
        its limit if one is set (0: none). Statutory areas by the code in CZKFBJ; and land where 规划分区 has the code
        of another of the three zones.
    Why
        The flexible zone is a reserve of the concentrated zone, not a second town; provinces limit its size.
    How to fix
        Remove flexible or special land from the boundary, or set the limit of the approved plan, with its document.
        Where two layers have different codes, compare both with the approved result and correct the one that differs.
    Limits
        Limits and zone codes are not verified against a norm (mark C): information until the county confirms
        them, a warning afterwards. Features without a zone code are in no share and make the figures unconfirmed.
    """
    rows = {k: ctx.find_rows_with_code(boundary, "zone_code", ctx.norm.get(f"ratio.{k}")) for k in ZONE_KINDS}
    area = {k: float(boundary.statutory[r].sum()) for k, r in rows.items()}
    boundary_area = float(boundary.statutory.sum())
    uncoded = float(boundary.statutory[~(rows["concentrated"] | rows["flexible"] | rows["special"])].sum())
    result = RuleResult(doubts=["ratio.uncoded"] if uncoded > 0 else [], is_applicable=area["concentrated"] > 0)
    if not area["concentrated"]:
        return result
    confirmed = not result.doubts and all(ctx.norm.is_confirmed(u) for u in USED_SETTINGS)
    inputs = {**{f"{k}_m2": v for k, v in area.items()}, "uncoded_m2": uncoded}
    for kind, base, limit in (
        ("concentrated", boundary_area, 0.0),
        ("flexible", area["concentrated"], max_flexible_share),
        ("special", area["concentrated"], max_special_share),
    ):
        share = area[kind] / base
        is_exceeded = bool(limit) and share > limit
        result.indicators.append(
            Indicator(
                id=f"boundary_{kind}_share",
                value=100 * share,
                unit="share",
                basis="statutory",
                comparison="<=" if limit else "",
                target=100 * limit if limit else None,
                target_decimals=2,
                inputs=dict(inputs),
                state=(TARGET_MISSED if is_exceeded else TARGET_MET) if limit else REFERENCE_ONLY,
                confirmed=confirmed,
            )
        )
        if is_exceeded:
            percent_limit = round(100 * limit, 2)
            result.findings.append(
                Finding(
                    boundary.role,
                    case=kind,
                    params={
                        "share": round_unlike_limit(100 * share, percent_limit),
                        "limit": percent_limit,
                        "excess": round(area[kind] - limit * base, 2),
                    },
                    severity=None if confirmed else Severity.INFO,
                )
            )
    if zones is not None and zones.has_field("zone_code"):
        result.findings += _report_zone_contradictions(boundary, zones, rows, ctx)
    return result


def _report_zone_contradictions(
    boundary: Layer, zones: Layer, rows: dict[str, NDArray], ctx: RuleContext
) -> list[Finding]:
    """Return findings on parts of the boundary whose code differs from their zone's.

    Both codes are among those of the three zones (集中建设区, 弹性发展区, 特别用途区).
    """
    zone_rows = {k: ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get(f"ratio.{k}")) for k in ZONE_KINDS}
    # The position of each row's kind of zone in `ZONE_KINDS`, −1 for other codes.
    boundary_kinds, zone_kinds = (
        np.select([one[kind] for kind in ZONE_KINDS], range(len(ZONE_KINDS)), -1) for one in (rows, zone_rows)
    )
    pieces = ctx.geometry.find_shared_pieces(boundary, zones, left_rows=boundary_kinds >= 0, right_rows=zone_kinds >= 0)
    pieces = pieces.select(zone_kinds[pieces.right] != boundary_kinds[pieces.left])
    findings = ctx.make_pair_findings(boundary, zones, pieces, case="zone", field=boundary.get_field_name("zone_code"))
    record_codes_of_pairs(findings, pieces, boundary, zones, "zone_code", "related", ctx)
    return findings


COUNTY_ROW = {"wkt": "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))", "area": 1_000_000.0}
WEST_ZONE = {"wkt": "POLYGON ((0 0, 500 0, 500 1000, 0 1000, 0 0))", "area": 500_000.0}
EAST_ZONE = {"wkt": "POLYGON ((500 0, 1000 0, 1000 1000, 500 1000, 500 0))", "area": 500_000.0}
SEA_ZONE = {"wkt": "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 0))", "area": 1_000_000.0, "zone_code": "610"}
SEA_ROW = {"wkt": SEA_ZONE["wkt"], "area": 1_000_000.0}


def _describe_county_area(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses on the county's area: the field or drawn shape that gives it, and the allowed difference."""
    shown = finding.params.get("shown", {})
    field = shown.get("county_field")
    return {
        "county_basis": texts.get("words", "area_of_field", field=field) if field else texts.get("words", "area_drawn"),
        "allowed": texts.get("words", "allowed_difference", limit=shown["limit"]) if "limit" in shown else "",
    }


@rule(
    "LAW021",
    "zone-totals",
    problem="Planning zones sum to another area than the county",
    severity=Severity.WARNING,
    basis=["plan-review"],
    needs={
        "zones": LayerNeed("zones", fields=("area",)),
        "county": LayerNeed("county", reads=("area",)),
        "sea": LayerNeed("sea", optional=True, reads=("area",)),
    },
    uses=[SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING, DEDUCTION_ALLOWANCE_SETTING, "tolerance"],
    clauses=_describe_county_area,
    messages={
        "": "The values of {field} of {layer} sum to {total} m², the {county_basis} of {related_layer} is {county} m²: "
        "difference {difference} m²{allowed}. First remove overlaps (TOP001) and gaps (TOP002) of the zones, then "
        "compute {field} again from the shapes. If the difference is still too large, check the area of "
        "{related_layer}, then adjust the zones to it as the control area."
    },
    fails=[
        RuleExample("a zone with another's area", {"zones": [WEST_ZONE, {**EAST_ZONE, "area": 400_000.0}], "county": [COUNTY_ROW]}, finds=1),
        RuleExample("counted twice", {"zones": [WEST_ZONE, EAST_ZONE, WEST_ZONE], "county": [COUNTY_ROW]}, finds=1),
        RuleExample("too little sea", {"zones": [*({**zone, "zone_code": "300"} for zone in (WEST_ZONE, EAST_ZONE)), {**SEA_ZONE, "area": 900_000.0}],
                                       "county": [COUNTY_ROW], "sea": [SEA_ROW]}, finds=1),
    ],
    passes=[
        RuleExample("adds up", {"zones": [WEST_ZONE, EAST_ZONE], "county": [COUNTY_ROW]}),
        RuleExample("a zone at sea does not count", {"zones": [*({**zone, "zone_code": "300"} for zone in (WEST_ZONE, EAST_ZONE)), SEA_ZONE], "county": [COUNTY_ROW]}),
        RuleExample("land and sea add up", {"zones": [*({**zone, "zone_code": "300"} for zone in (WEST_ZONE, EAST_ZONE)), SEA_ZONE],
                                            "county": [COUNTY_ROW], "sea": [SEA_ROW]}),
        RuleExample("a zone that the coast cuts counts on both sides", {"zones": [{**WEST_ZONE, "zone_code": "300"}, {"wkt": "POLYGON ((500 0, 2000 0, 2000 1000, 500 1000, 500 0))", "zone_code": "100", "area": 1_500_000.0}],
                                                                         "county": [COUNTY_ROW], "sea": [SEA_ROW]}),
        RuleExample("half a hectare apart", {"zones": [WEST_ZONE, {**EAST_ZONE, "area": 495_000.0}], "county": [COUNTY_ROW]}),
        RuleExample("the county without a figure is measured", {"zones": [WEST_ZONE, EAST_ZONE], "county": [{**COUNTY_ROW, "area": None}]},
                parameters={"allowance_m2": 2000.0}),
    ],
)  # fmt: skip
def zone_totals(
    zones: Layer, county: Layer, sea: Layer | None, *, ctx: RuleContext, allowance_m2: float = 10_000.0
) -> RuleResult:
    """Zone areas sum to the county's area.

    What it checks
        The sum of the zones' area field (MJ), compared with that of the county; if the county has none, with its
        statutory area. Zones of sea classes likewise with the sea area, where the plan has its layer; zones that may be
        on both count on either side by their share of area.
    Why
        The plan's table of zones is this sum: it must equal the county's area in text, table and map (within 1 ha).
    How to fix
        Close overlaps (TOP001) and gaps (TOP002) of zones, then compute the area field again from the shapes. If the
        difference remains, check the county's area and adjust the zones to it.
    Limits
        Compares the figures, not the shapes: two errors that cancel out are not found. Without a layer of the sea, zones
        of sea classes (settings of the sea) do not count; a notice names them. Does not run by default: select the rule or its
        group quotas.
    """
    _, land_shares = cut_rows_at_coast(zones, ctx.plan)
    compared = [(county, land_shares)] if sea is None else [(county, land_shares), (sea, 1.0 - land_shares)]
    areas = read_area_field_m2(zones, "area")
    counted = np.logical_or.reduce([shares > 0 for _, shares in compared])
    if np.isnan(areas[counted]).any():
        params = {
            "layer": zones.name,
            "count": int(np.isnan(areas[counted]).sum()),
            "field": zones.get_field_name("area"),
        }
        return RuleResult(not_checked=[("area_missing", params)])
    # Sums with the same error agree too.
    is_confirmed = all(is_sum_confirmed_by_geometry(one, "area", ctx) for one in (zones, *(one for one, _ in compared)))
    result = RuleResult(doubts=[] if is_confirmed else [AREA_FIELDS_SETTING])
    for whole, shares in compared:
        whole_areas = read_area_field_m2(whole, "area")
        total, whole_area = (
            float((areas * shares)[shares > 0].sum()),
            float(np.where(np.isnan(whole_areas), whole.statutory, whole_areas).sum()),
        )
        if abs(total - whole_area) > allowance_m2:
            county_field = "" if np.isnan(whole_areas).any() else whole.get_field_name("area")
            params = {
                "total": round(total, 2),
                "county": round(whole_area, 2),
                "difference": round(total - whole_area, 2),
                "shown": {"county_field": county_field, "limit": format_number(allowance_m2, 2)},
            }
            result.findings.append(
                Finding(zones.role, related_role=whole.role, field=zones.get_field_name("area"), params=params)
            )
    return result


RED_LINE_SHARE_ID = "reserves_in_red_line_share"
CORE_ROW = {"wkt": "POLYGON ((0 0, 400 0, 400 1000, 0 1000, 0 0))", "feature_name": "某保护区核心保护区"}
CONTROL_ZONE_ROW = {
    "wkt": "POLYGON ((400 0, 1000 0, 1000 1000, 400 1000, 400 0))",
    "feature_name": "某保护区一般控制区",
}
WHOLE_RESERVE_ROW = {"wkt": SQUARE_KM_WKT, "feature_name": "某保护区"}


@rule(
    "LAW022",
    "reserves",
    problem="Parts of a reserve do not sum to its area",
    severity=Severity.WARNING,
    basis=["reserve-checks"],
    needs={"reserves": LayerNeed("reserves", reads=("feature_name",)), "red_line": LayerNeed("red_line", optional=True)},
    uses=["tolerance", "reserves.part_words"],
    messages={
        "": "The parts of the reserve “{site}” in {layer} sum to {parts} m², the whole to {whole} m²: difference "
        "{difference} m². Compare them with the approved zoning of the reserve, and correct the wrong part or the "
        "outer edge.",
        "share": "Only {share}% of the area of {layer} is in {related_layer}, less than the limit of "
        "{limit}%: {short} m² are missing. Compare the red line with the approved result, and draw the missing part; "
        "if a lower share was approved, change the limit in the county profile by that document.",
    },
    fails=[
        RuleExample("a part too small", {"reserves": [WHOLE_RESERVE_ROW, CORE_ROW, {**CONTROL_ZONE_ROW,
                "wkt": "POLYGON ((500 0, 1000 0, 1000 1000, 500 1000, 500 0))"}]}, finds=1),
        RuleExample("a part is missing", {"reserves": [WHOLE_RESERVE_ROW, CORE_ROW]}, finds=1),
        RuleExample("a part in brackets is one, too", {"reserves": [{**WHOLE_RESERVE_ROW, "feature_name": "恒山"}, {**CORE_ROW, "feature_name": "恒山(核心保护区)"}]}, finds=1),
        RuleExample("less in the red line than the county sets", {"reserves": [WHOLE_RESERVE_ROW], "red_line": [CORE_ROW["wkt"]]}, finds=1,
                settings={"rules.LAW022.min_red_line_share": 0.8}),
    ],
    passes=[
        RuleExample("parts are the whole", {"reserves": [WHOLE_RESERVE_ROW, CORE_ROW, CONTROL_ZONE_ROW], "red_line": [SQUARE_KM_WKT]}),
        RuleExample("no limit is set for the share in the red line", {"reserves": [WHOLE_RESERVE_ROW], "red_line": [CORE_ROW["wkt"]]}),
        RuleExample("parts only", {"reserves": [CORE_ROW]}),
        RuleExample("another reserve's part", {"reserves": [WHOLE_RESERVE_ROW, {**CORE_ROW, "feature_name": "另一保护区核心保护区"}]}),
    ],
)  # fmt: skip
def reserves(
    reserves: Layer,
    red_line: Layer | None,
    *,
    ctx: RuleContext,
    allowance_m2: float = 10_000.0,
    min_red_line_share: float = 0.0,
) -> RuleResult:
    """The parts of nature reserves sum to the whole.

    What it checks
        For each reserve with a row for the whole and rows for its parts (核心保护区, 一般控制区): statutory areas of
        the parts, compared with the whole. Also gives the area of all reserves and its share inside the red line,
        compared with its limit if one is set (0: none).
    Why
        The plan prints parts and totals next to each other; most of a reserve is in the red line, and reviewers ask
        for the share.
    How to fix
        Correct the part that differs from the approved division of the reserve. For a share below the limit, draw
        the missing part of the approved red line; if a lower share was approved, change the limit by that document.
    Limits
        Words at the end of the name (MC, `[reserves]`, mark C) identify parts. Reserves that overlap each other count
        twice. No text was read that limits the share in the red line. REL036 reports land outside it. Runs by default
        for a whole county (scope county), else if the rule or its group quotas is selected.
    """
    is_part, site = find_reserve_parts_and_names(reserves, ctx)
    result = RuleResult()
    is_whole = ~is_part & (site != "")
    for name in dict.fromkeys(site[is_part].tolist()):
        parts_m2, whole_m2 = (float(reserves.statutory[rows & (site == name)].sum()) for rows in (is_part, is_whole))
        if name and whole_m2 and abs(parts_m2 - whole_m2) > allowance_m2:
            params = {
                "site": name,
                "parts": round(parts_m2, 2),
                "whole": round(whole_m2, 2),
                "difference": round(parts_m2 - whole_m2, 2),
            }
            result.findings.append(
                Finding(reserves.role, case="", field=reserves.get_field_name("feature_name"), params=params)
            )
    rows = find_countable_reserve_rows(is_part, site)
    total = float(reserves.statutory[rows].sum())
    confirmed = ctx.norm.is_confirmed(PART_WORDS_SETTING)
    area_inputs = {"layer": reserves.role, "features": int(rows.sum())}
    if not any(t.indicator == "reserves_area" for t in ctx.norm.find_targets(ctx.plan.area_code)):
        # A figure of the plan is listed among the targets (LAW002).
        result.indicators.append(
            Indicator(
                "reserves_area", convert_area(total, "km2"), "km2", "statutory", inputs=area_inputs, confirmed=confirmed
            )
        )
    if red_line is not None and total > 0:
        shared = ctx.geometry.find_shared_areas(reserves, red_line, left_rows=rows)
        inside = float((shared.share * reserves.statutory[shared.left]).sum())
        figure = Indicator(
            RED_LINE_SHARE_ID,
            100 * inside / total,
            "share",
            "statutory",
            inputs={"reserves_m2": total, "in_red_line_m2": inside},
            confirmed=confirmed,
        )
        result.indicators.append(figure)
        if min_red_line_share:
            # Areas of pieces sum to that of the whole except for the last digits.
            shortfall = min_red_line_share * total - inside
            is_missed = shortfall > 1e-9 * total
            figure.comparison, figure.target, figure.target_decimals = ">=", 100 * min_red_line_share, 2
            figure.state = TARGET_MISSED if is_missed else TARGET_MET
            if is_missed:
                percent_limit = round(100 * min_red_line_share, 2)
                share = round_unlike_limit(100 * inside / total, percent_limit)
                params = {"share": share, "limit": percent_limit, "short": round(shortfall, 2)}
                result.findings.append(Finding(reserves.role, related_role=red_line.role, case="share", params=params))
    return result
