# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...figures.indicators.areas import PART_WORDS_SETTING, find_countable_reserve_rows, find_reserve_parts_and_names
from ...model.findings import Finding
from ...model.indicator import TARGET_MET, TARGET_MISSED, Indicator, convert_area
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import round_unlike_limit

RED_LINE_SHARE_ID = "reserves_in_red_line_share"
SQUARE_KM_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
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
    result.indicators = _make_reserve_indicators(reserves, find_countable_reserve_rows(is_part, site), red_line, ctx)
    for figure in result.indicators:
        if figure.id == RED_LINE_SHARE_ID and red_line is not None and min_red_line_share:
            result.findings += _apply_share_limit(figure, min_red_line_share, reserves, red_line)
    return result


def _apply_share_limit(figure: Indicator, limit: float, reserves: Layer, red_line: Layer) -> list[Finding]:
    """Set the limit of the share in the red line as the figure's target; return a finding for a shortfall."""
    total, inside = figure.inputs["reserves_m2"], figure.inputs["in_red_line_m2"]
    # Areas of pieces sum to that of the whole except for the last digits.
    shortfall = limit * total - inside
    is_missed = shortfall > 1e-9 * total
    figure.comparison, figure.target, figure.target_decimals = ">=", 100 * limit, 2
    figure.state = TARGET_MISSED if is_missed else TARGET_MET
    percent_limit = round(100 * limit, 2)
    share = round_unlike_limit(100 * inside / total, percent_limit)
    params = {"share": share, "limit": percent_limit, "short": round(shortfall, 2)}
    return [Finding(reserves.role, related_role=red_line.role, case="share", params=params)] if is_missed else []


def _make_reserve_indicators(
    reserves: Layer, rows: np.ndarray, red_line: Layer | None, ctx: RuleContext
) -> list[Indicator]:
    """Return the area of all reserves and its share in the red line as figures."""
    total = float(reserves.statutory[rows].sum())
    confirmed = ctx.norm.is_confirmed(PART_WORDS_SETTING)
    count = int(rows.sum())
    area_inputs = {"layer": reserves.role, "features": count}
    indicators = []
    if not any(t.indicator == "reserves_area" for t in ctx.norm.find_targets(ctx.plan.area_code)):
        # A figure of the plan is listed among the targets (LAW002).
        indicators.append(
            Indicator(
                "reserves_area", convert_area(total, "km2"), "km2", "statutory", inputs=area_inputs, confirmed=confirmed
            )
        )
    if red_line is not None and total > 0:
        shared = ctx.geometry.find_shared_areas(reserves, red_line, left_rows=rows)
        inside = float((shared.share * reserves.statutory[shared.left]).sum())
        inputs = {"reserves_m2": total, "in_red_line_m2": inside}
        indicators.append(
            Indicator(RED_LINE_SHARE_ID, 100 * inside / total, "share", "statutory", inputs=inputs, confirmed=confirmed)
        )
    return indicators
