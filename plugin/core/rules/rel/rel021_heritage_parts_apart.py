# SPDX-License-Identifier: GPL-2.0-or-later
from dataclasses import replace

import numpy as np

from ...engine.context import RuleContext
from ...figures.heritage_sites import CONTROL_PART, CORE_PART, PART_SETTINGS, classify_heritage_parts
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
INNER_SQUARE_WKT = "POLYGON ((20 20, 80 20, 80 80, 20 80, 20 20))"
RING_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (20 20, 80 20, 80 80, 20 80, 20 20))"


@rule(
    "REL021",
    "heritage-parts-apart",
    problem="A construction control zone overlaps a core protection range",
    severity=Severity.WARNING,
    local=True,
    basis=["heritage-protection", "heritage-checks"],
    needs={"heritage": LayerNeed("heritage", reads=("feature_kind", "feature_name"))},
    uses=PART_SETTINGS,
    messages={
        "own": "{layer} ({key}, control zone) overlaps the core of the same site “{site}” by {area} ({related_key}; "
        "width {width} m). Compare both edges with the approved protection plan, and correct a wrong one; if both "
        "are right, cut the core out of the control zone.",
        "stricter": "{layer} ({key}, control zone of “{site}”) overlaps the core of “{other}” by {area} "
        "({related_key}; width {width} m). The shapes stay as they are: the core's stricter requirements apply "
        "there. State this in the plan's text; if it is stated, waive the finding and give the section.",
    },
    fails=[
        RuleExample("control zone not cut out", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_name": "某街区核心保护范围"},
                {"wkt": SQUARE_WKT, "feature_name": "某街区建设控制地带"}]}, finds=1, areas=(3600.0,)),
        RuleExample("another site's core: the stricter applies", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_name": "某寺保护范围"},
                {"wkt": SQUARE_WKT, "feature_name": "某街区建设控制地带"}]}, finds=1, areas=(3600.0,)),
        RuleExample("identified by the kind", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_kind": "21"}, {"wkt": SQUARE_WKT, "feature_kind": "22"}]},
                finds=1, areas=(3600.0,)),
    ],
    passes=[
        RuleExample("a ring around the core", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_name": "某街区核心保护范围"},
                {"wkt": RING_WKT, "feature_name": "某街区建设控制地带"}]}),
        RuleExample("two cores", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_name": "某寺保护范围"},
                {"wkt": SQUARE_WKT, "feature_name": "某街区核心保护范围"}]}),
    ],
)  # fmt: skip
def heritage_parts_overlap(heritage: Layer, *, ctx: RuleContext) -> RuleResult:
    """A construction control zone does not overlap a core protection range.

    What it checks
        Control zones (建设控制地带) that share area with a core (核心保护范围, 文物保护范围). Within one site it is a
        warning; between two sites it is information, because the stricter requirements apply there.
    Why
        Core and control zone compose the range without overlap; where the ranges of several sites overlap, the
        stricter requirements apply.
    How to fix
        Cut the core out of its control zone. For two sites, keep both lines as approved and record which requirements
        apply.
    Limits
        The kind (LX, list marked C) identifies the parts, else words at the end of the name (MC, `[heritage]`, mark C);
        rows without a name count as one site. Does not run by default: select the rule or its group heritage.
    """
    parts = classify_heritage_parts(heritage, ctx)
    core, control = parts.find_rows_of_part(CORE_PART), parts.find_rows_of_part(CONTROL_PART)
    result = RuleResult(is_applicable=bool(core.any() and control.any()))
    # The query is within the layer, so that either row of a pair may be the edited one.
    shared_pieces = ctx.geometry.find_shared_pieces(
        heritage, left_rows=core | control, is_pair_selected=lambda i, j: parts.part_of_row[i] != parts.part_of_row[j]
    )
    is_core_left = core[shared_pieces.left]
    shared_pieces = replace(
        shared_pieces,
        left=np.where(is_core_left, shared_pieces.right, shared_pieces.left),
        right=np.where(is_core_left, shared_pieces.left, shared_pieces.right),
    )
    for finding, i, j in zip(
        ctx.finding_maker.make_pair_findings(heritage, heritage, shared_pieces),
        shared_pieces.left,
        shared_pieces.right,
        strict=True,
    ):
        site, other = parts.site_of_row[i], parts.site_of_row[j]
        finding.params |= {"site": site, "other": other}
        finding.case = "own" if site == other else "stricter"
        if site != other:
            finding.severity = Severity.INFO
        result.findings.append(finding)
    return result
