# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely

from ...engine.context import RuleContext
from ...figures.heritage_sites import find_core_rows, read_site_names
from ...figures.indicators.areas import find_reserve_parts_and_names
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._excluded_places import join_site_names
from .._places import find_usable_layers

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"


@rule(
    "REL036",
    "reserves-in-red-line",
    problem="A reserve is outside the red line",
    severity=Severity.INFO,
    basis=["shanxi-plan-3", "reserve-checks"],
    needs={"reserves": LayerNeed("reserves", reads=("feature_name",)), "red_line": LayerNeed("red_line")},
    uses=["tolerance", "reserves.core_words", "reserves.part_words", "reserves.present_layers", "reserves.min_lost_m2"],
    messages={
        "": "{layer} ({key}, “{site}”) has {area} outside {related_layer} (width {width} m); nature reserves are "
        "normally in the ecological protection red line. Compare this land with the approved red line: if the "
        "approved line includes the land, correct the wrong edge; if the approved line excludes the land, waive the "
        "finding and give the document.",
        "core": "The core of a reserve in {layer} ({key}, “{site}”) has {area} outside {related_layer} (width "
        "{width} m); the ecological protection red line must include all cores. Compare both edges with the approved "
        "red line and the approved reserve, and correct the wrong edge; if the approved line excludes the land, "
        "waive the finding and give the document.",
        "lost": "{layer}: {area} of “{site}” is outside {related_layer} (parts: {count}), so the plan reduces "
        "present reserves. Compare both with the approved reorganisation of the reserves: add what is missing; if it "
        "was approved to leave, waive the finding and give the document.",
    },
    approval_cases=("", "lost"),
    fails=[
        RuleExample("a park reaches beyond", {"reserves": [{"wkt": WIDER_WKT, "feature_name": "某森林公园"}], "red_line": [SQUARE_WKT]}, finds=1,
                areas=(1000.0,)),
        RuleExample("in whole and in parts: reported once", {"reserves": [{"wkt": WIDER_WKT, "feature_name": "某保护区"},
                {"wkt": SQUARE_WKT, "feature_name": "某保护区核心保护区"},
                {"wkt": "POLYGON ((100 0, 110 0, 110 100, 100 100, 100 0))", "feature_name": "某保护区一般控制区"}], "red_line": [SQUARE_WKT]},
                finds=1, areas=(1000.0,)),
        RuleExample("a present reserve that the plan reduces", {"XZZRBHDFB": [{"wkt": "POLYGON ((0 0, 400 0, 400 100, 0 100, 0 0))", "feature_name": "某保护区"}],
                "reserves": [{"wkt": SQUARE_WKT, "feature_name": "某保护区"}], "red_line": [SQUARE_WKT]}, finds=1, areas=(30000.0,)),
        RuleExample("a core outside", {"reserves": [{"wkt": WIDER_WKT, "feature_name": "某保护区核心保护区"}], "red_line": [SQUARE_WKT]}, finds=1,
                areas=(1000.0,)),
    ],
    passes=[
        RuleExample("within", {"reserves": [{"wkt": SQUARE_WKT, "feature_name": "某保护区"}], "red_line": [WIDER_WKT]}),
        RuleExample("a present reserve drawn a little wider", {"XZZRBHDFB": [{"wkt": WIDER_WKT, "feature_name": "某保护区"}], "reserves": [SQUARE_WKT], "red_line": [SQUARE_WKT]}),
        RuleExample("within two pieces of the line", {"reserves": [WIDER_WKT], "red_line": [SQUARE_WKT,
                "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
    ],
)  # fmt: skip
def reserves_in_red_line(reserves: Layer, red_line: Layer, *, ctx: RuleContext) -> RuleResult:
    """Nature reserves are in the ecological red line.

    What it checks
        Connected parts of 自然保护地 outside 生态保护红线: a note; parts of a core (核心保护区): a warning. Also a
        note: parts of 现状自然保护地 (`reserves.present_layers`) outside 自然保护地, from `reserves.min_lost_m2` on, one
        finding for each layer.
    Why
        The reorganised reserves are included in the red line; a core outside it would lose its strictest protection.
    How to fix
        Copy the reserve's edge from the approved result. If the approved red line excludes the land, or the land was
        approved to leave the reserves, waive the finding and give the document.
    Limits
        Parks and scenic areas are often not completely in the line. Of a reserve with a row for the whole and rows for
        its parts, the parts are reported. Words at the end of the name (MC, `[reserves]`, mark C) identify cores and
        parts. Runs by default for a whole county (scope county), else if the rule or its group control_lines is
        selected.
    """
    reserve_names = read_site_names(reserves)
    is_core = find_core_rows(reserves, ctx.norm)
    is_part, site = find_reserve_parts_and_names(reserves, ctx)
    # If a reserve has rows for its parts, they are reported, and the whole is not reported again.
    is_compared = is_part | ~np.isin(site, site[is_part])
    pieces = ctx.geometry.find_uncovered_pieces(reserves, red_line, rows=is_compared)
    result = RuleResult()
    for finding, row in zip(
        ctx.finding_maker.make_pair_findings(reserves, red_line, pieces), pieces.left.tolist(), strict=True
    ):
        finding.params["site"] = reserve_names[row]
        if is_core[row]:
            finding.case, finding.severity = "core", Severity.WARNING
        result.findings.append(finding)
    ctx.finding_maker.mark_findings_by_location(result.findings)
    _report_lost_reserves(reserves, result, ctx)
    return result


def _report_lost_reserves(reserves: Layer, result: RuleResult, ctx: RuleContext) -> None:
    """Add a finding for each layer of present reserves of which the planned reserves lack large parts."""
    for present_reserves in find_usable_layers(ctx.norm.get("reserves.present_layers"), ctx, result):
        if present_reserves.template.geometry != "polygon":
            continue
        pieces = ctx.geometry.find_uncovered_pieces(present_reserves, reserves, keep_slivers=True)
        pieces = pieces.select_pieces(pieces.area >= float(ctx.norm.get("reserves.min_lost_m2")))
        if not len(pieces):
            continue
        lost_land = ctx.geometry.unite_shapes(pieces.geometry)
        params = {
            "site": join_site_names(present_reserves, pieces.left) or "—",
            "count": int(shapely.get_num_geometries(lost_land)),
        }
        area = float(ctx.geometry.measure_drawn_areas([lost_land]).sum())
        result.findings.append(
            Finding(
                present_reserves.role,
                related_role=reserves.role,
                case="lost",
                severity=Severity.INFO,
                params=params,
                area_m2=area,
                geometry=lost_land,
            )
        )
