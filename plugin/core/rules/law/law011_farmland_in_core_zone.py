# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._excluded_places import CORE_SETTINGS, find_core_rows_or_note_reason

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
OVERLAPPING_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
CORE_NAME, CONTROL_ZONE_NAME = "恒山自然保护区核心保护区", "恒山自然保护区一般控制区"


@rule(
    "LAW011",
    "farmland-in-core-zone",
    problem="Permanent basic farmland is in a reserve's core zone",
    severity=Severity.WARNING,
    local=True,
    basis=["core-zone"],
    needs={"farmland": LayerNeed("farmland"), "reserves": LayerNeed("reserves", fields=("feature_name",))},
    uses=["tolerance", *CORE_SETTINGS],
    messages={
        "": "{layer} ({key}) has {area} ({net}, width {width} m) in the core zone “{site}” ({related_key}) of a nature "
        "reserve, from which permanent basic farmland must be withdrawn step by step. First compare both with the "
        "approved result and restore an edge that is drawn wrongly; if both are right, plan the withdrawal and "
        "supplement the land.",
    },
    fails=[
        RuleExample("half in the core zone", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": CORE_NAME}]}, finds=1, areas=(1000.0,)),
        RuleExample("the part in brackets", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": "恒山自然保护区（核心保护区）"}]},
                finds=1, areas=(1000.0,)),
        RuleExample("two plots", {"farmland": [SQUARE_WKT, EAST_SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": CORE_NAME}]}, finds=2,
                areas=(1000.0, 9000.0)),
    ],
    passes=[
        RuleExample("next to it", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": EAST_SQUARE_WKT, "feature_name": CORE_NAME}]}),
        RuleExample("in the general control zone", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": CONTROL_ZONE_NAME}]}),
        RuleExample("a reserve without parts", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": "恒山自然保护区"}]}),
    ],
)  # fmt: skip
def farmland_in_core_zone(farmland: Layer, reserves: Layer, *, ctx: RuleContext) -> RuleResult:
    """Permanent basic farmland is not in the core zone of a nature reserve.

    What it checks
        Every part of 永久基本农田 in the 核心保护区 of a 自然保护地, with its area and net area.
    Why
        Human activities are excluded from core zones; farmland there is withdrawn step by step and supplemented.
    How to fix
        If the farmland is real, plan its withdrawal and supplement equal net area and quality; otherwise correct the
        wrong line by its document.
    Limits
        Words at the end of the reserve's name (MC, [reserves] core_words) identify core zones. Ends of names that are
        missing in these words are listed; if one has a word of core_hints, the check is incomplete. The wording of the
        norm was not read (mark C), so this is a warning. REL010 reports farmland in other parts of a reserve. Runs by
        default for a whole county (scope county), else if the rule or its group farmland is selected.
    """
    result = RuleResult()
    core = find_core_rows_or_note_reason(reserves, ctx, result)
    result.is_applicable = bool(core.any())
    if not result.is_applicable:
        return result
    pieces = ctx.geometry.find_shared_pieces(farmland, reserves, right_rows=core)
    result.findings = ctx.finding_maker.make_pair_findings(farmland, reserves, pieces, with_net_area=True)
    site_names = reserves.text("feature_name")
    for finding, row in zip(result.findings, pieces.right.tolist(), strict=True):
        finding.params["site"] = site_names[row]
    return result
