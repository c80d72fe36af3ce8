# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import Context
from ...heritage.protection import core_rows, site_names
from ...indicators.areas import is_reserve_part
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"


@rule(
    "REL036",
    "reserves-in-red-line",
    problem="A reserve is outside the red line",
    severity=Severity.INFO,
    basis=["shanxi-plan-3", "reserve-checks"],
    needs={"reserves": Need("reserves", reads=("feature_name",)), "red_line": Need("red_line")},
    uses=["tolerance", "reserves.core_words", "reserves.part_words"],
    messages={
        "": "{layer} ({key}, “{site}”) lies with {area} outside {related_layer} (width {width} m). Nature reserves are drawn into the red "
        "line: see that what stays outside is what the approved line left out.",
        "core": "The core of a reserve, {layer} ({key}, “{site}”), lies with {area} outside {related_layer} (width {width} m). A core belongs "
        "into the red line: correct the edge that differs from the approved one.",
    },
    fails=[
        Example("a park reaches beyond", {"reserves": [{"wkt": WIDER, "feature_name": "某森林公园"}], "red_line": [SQUARE]}, finds=1,
                areas=(1000.0,)),
        Example("in whole and in parts: told once", {"reserves": [{"wkt": WIDER, "feature_name": "某保护区"},
                {"wkt": SQUARE, "feature_name": "某保护区核心保护区"},
                {"wkt": "POLYGON ((100 0, 110 0, 110 100, 100 100, 100 0))", "feature_name": "某保护区一般控制区"}], "red_line": [SQUARE]},
                finds=1, areas=(1000.0,)),
        Example("a core outside", {"reserves": [{"wkt": WIDER, "feature_name": "某保护区核心保护区"}], "red_line": [SQUARE]}, finds=1,
                areas=(1000.0,)),
    ],
    passes=[
        Example("within", {"reserves": [{"wkt": SQUARE, "feature_name": "某保护区"}], "red_line": [WIDER]}),
        Example("within two pieces of the line", {"reserves": [WIDER], "red_line": [SQUARE,
                "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
    ],
)  # fmt: skip
def reserves_in_red_line(reserves: Layer, red_line: Layer, *, ctx: Context) -> RuleResult:
    """Nature reserves lie in the ecological red line.

    What it checks
        Connected parts of 自然保护地 outside 生态保护红线: a hint; of a core (核心保护区) a warning.
    Why
        The reserves, put in order, are drawn into the red line; a core that is not would lose its strictest protection.
    How to fix
        Take the reserve's edge from the approved result. What the approved red line left out on purpose may stay: accept it with
        that document.
    Limits
        Parks and scenic areas are often not wholly in the line. Of a reserve that is there whole and in parts, the parts are
        told. Cores and parts are told by words at the end of the name (MC, `[reserves]`, C). Runs for a
        whole county, by name or with its group.
    """
    called = site_names(reserves)
    core = core_rows(reserves, ctx.norm)
    part, site = is_reserve_part(reserves, ctx)
    # Where a reserve is there in parts too, these are told, and not the whole a second time.
    once = part | ~np.isin(site, site[part])
    parts = ctx.geometry.uncovered(reserves, red_line, rows=once)
    result = RuleResult()
    for finding, row in zip(ctx.make.pairs(reserves, red_line, parts), parts.left.tolist(), strict=True):
        finding.params["site"] = called[row]
        if core[row]:
            finding.case, finding.severity = "core", Severity.WARNING
        result.findings.append(finding)
    ctx.make.by_place(result.findings)
    return result
