# SPDX-License-Identifier: GPL-2.0-or-later
from dataclasses import replace

import numpy as np

from ...engine.context import Context
from ...heritage.protection import CONTROL, CORE, USES, classify_heritage_parts
from ...model.findings import Finding
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
INNER = "POLYGON ((20 20, 80 20, 80 80, 20 80, 20 20))"
RING = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (20 20, 80 20, 80 80, 20 80, 20 20))"


@rule(
    "REL021",
    "heritage-parts-apart",
    problem="A construction control zone overlaps a core protection range",
    severity=Severity.WARNING,
    local=True,
    basis=["heritage-protection", "heritage-checks"],
    needs={"heritage": Need("heritage", reads=("feature_kind", "feature_name"))},
    uses=USES,
    messages={
        "own": "The control zone {layer} ({key}) lies with {area} on the core of its own site “{site}” ({related_key}; width {width} m). "
        "Cut the core out of the control zone.",
        "stricter": "The control zone {layer} ({key}, “{site}”) lies with {area} on the core of “{other}” ({related_key}; width {width} m). "
        "There the core's requirements apply, the stricter ones: say so in the plan's text.",
    },
    fails=[
        Example("control zone not cut out", {"heritage": [{"wkt": INNER, "feature_name": "某街区核心保护范围"},
                {"wkt": SQUARE, "feature_name": "某街区建设控制地带"}]}, finds=1, areas=(3600.0,)),
        Example("another site's core: the stricter applies", {"heritage": [{"wkt": INNER, "feature_name": "某寺保护范围"},
                {"wkt": SQUARE, "feature_name": "某街区建设控制地带"}]}, finds=1, areas=(3600.0,)),
        Example("told by the kind", {"heritage": [{"wkt": INNER, "feature_kind": "21"}, {"wkt": SQUARE, "feature_kind": "22"}]},
                finds=1, areas=(3600.0,)),
    ],
    passes=[
        Example("a ring around the core", {"heritage": [{"wkt": INNER, "feature_name": "某街区核心保护范围"},
                {"wkt": RING, "feature_name": "某街区建设控制地带"}]}),
        Example("two cores", {"heritage": [{"wkt": INNER, "feature_name": "某寺保护范围"},
                {"wkt": SQUARE, "feature_name": "某街区核心保护范围"}]}),
    ],
)  # fmt: skip
def heritage_parts_apart(heritage: Layer, *, ctx: Context) -> RuleResult:
    """A heritage control zone does not lie on a core.

    What it checks
        Control zones (建设控制地带) that share area with a core (核心保护范围, 文物保护范围). Of one site that is a warning; of two
        sites a hint, for the stricter requirements apply there.
    Why
        Core and control zone make up the range without overlap; where the ranges of several sites overlap, the stricter applies.
    How to fix
        Cut the core out of its control zone. For two sites, leave both lines as approved and write down which applies.
    Limits
        Parts are told by the kind (LX, list marked C), else by words at the end of the name (MC, `[heritage]`, C); rows without
        a name are taken for one site. Runs by name or with its group.
    """
    parts = classify_heritage_parts(heritage, ctx)
    core, control = parts.rows(CORE), parts.rows(CONTROL)
    result = RuleResult(applicable=bool(core.any() and control.any()))
    # Asked within the layer, so that either of a pair may be the one that was edited.
    shared = ctx.geometry.shared(heritage, rows_a=core | control, pairs=lambda i, j: parts.part[i] != parts.part[j])
    turned = core[shared.left]
    shared = replace(
        shared,
        left=np.where(turned, shared.right, shared.left),
        right=np.where(turned, shared.left, shared.right),
    )
    for finding, i, j in zip(ctx.make.pairs(heritage, heritage, shared), shared.left, shared.right, strict=True):
        result.findings.append(_told(finding, parts.site[i], parts.site[j]))
    return result


def _told(finding: Finding, site: str, other: str) -> Finding:
    finding.params |= {"site": site, "other": other}
    finding.case = "own" if site == other else "stricter"
    if site != other:
        finding.severity = Severity.INFO
    return finding
