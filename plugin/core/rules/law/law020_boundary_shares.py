# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.indicator import REFERENCE_ONLY, TARGET_MET, TARGET_MISSED, Indicator
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import round_unlike_limit
from .._attributes import format_code_with_name

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
            excess_area = area[kind] - limit * base
            percent_limit = round(100 * limit, 2)
            percent = round_unlike_limit(100 * share, percent_limit)
            params = {"share": percent, "limit": percent_limit, "excess": round(excess_area, 2)}
            severity = None if confirmed else Severity.INFO
            result.findings.append(Finding(boundary.role, case=kind, params=params, severity=severity))
    if zones is not None and zones.has_field("zone_code"):
        result.findings += _report_zone_contradictions(boundary, zones, rows, ctx)
    return result


def _report_zone_contradictions(
    boundary: Layer, zones: Layer, rows: dict[str, NDArray], ctx: RuleContext
) -> list[Finding]:
    """Return findings on parts of the boundary whose code differs from their zone's.

    Both codes are among those of the three zones (集中建设区, 弹性发展区, 特别用途区).
    """
    boundary_kinds, zone_kinds = (
        _classify_rows(rows),
        _classify_rows(
            {k: ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get(f"ratio.{k}")) for k in ZONE_KINDS}
        ),
    )
    pieces = ctx.geometry.find_shared_pieces(boundary, zones, left_rows=boundary_kinds >= 0, right_rows=zone_kinds >= 0)
    pieces = pieces.select_pieces(zone_kinds[pieces.right] != boundary_kinds[pieces.left])
    findings = ctx.finding_maker.make_pair_findings(
        boundary, zones, pieces, case="zone", field=boundary.get_field_name("zone_code")
    )
    codes, related_codes = boundary.text("zone_code"), zones.text("zone_code")
    for finding, i, j in zip(findings, pieces.left.tolist(), pieces.right.tolist(), strict=True):
        finding.params |= {
            "value": codes[i],
            "related": related_codes[j],
            "shown": {
                "value": format_code_with_name(boundary, "zone_code", codes[i], ctx),
                "related": format_code_with_name(zones, "zone_code", related_codes[j], ctx),
            },
        }
    return findings


def _classify_rows(rows: dict[str, NDArray]) -> NDArray:
    """Return (n,) the position of each row's kind of zone in `ZONE_KINDS`, −1 for other codes.

    ``rows``: kind of zone → (n,) bool, the rows of this kind.
    """
    return np.select([rows[kind] for kind in ZONE_KINDS], range(len(ZONE_KINDS)), -1)
