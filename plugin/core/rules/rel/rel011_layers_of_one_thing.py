# SPDX-License-Identifier: GPL-2.0-or-later
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...engine.context import Context
from ...invariants import require_value
from ...messages.texts import ConceptName
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.codes import CodeList

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"
HALVES = ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]


@rule(
    "REL011",
    "layers-of-one-thing",
    problem="Two layers of one subject differ",
    severity=Severity.WARNING,
    basis=["roles-agree"],
    needs={},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) reaches {area} beyond {related_layer} (width {width} m), although both are {concept}. Determine which of the two is in force, and correct the other.",
        "code": "{layer} ({key}): {field} = “{value}”, but {related_layer} ({related_key}) has “{related}” on the same land ({area}, width {width} m). Determine which of the two is in force, and correct the other.",
    },
    fails=[
        Example("plots beyond the protection line", {"YJJBNTBHTB": [SQUARE], "YJJBNTTB": [WIDER]}, finds=1, areas=(1000.0,)),
        Example("both ways", {"YDYHGHFQ": [SQUARE], "GHFQ": ["POLYGON ((10 0, 110 0, 110 100, 10 100, 10 0))"]}, finds=2,
                areas=(1000.0, 1000.0)),
        Example("zones of two layers", {"YDYHGHFQ": [{"wkt": SQUARE, "zone_code": "300"}], "GHFQ": [{"wkt": SQUARE, "zone_code": "510"}]},
                finds=1, areas=(10000.0,)),
        Example("zones of the centre", {"YDYHGHFQ": [{"wkt": WIDER, "zone_code": "300"}], "ZXCQGHFQ": [{"wkt": SQUARE, "zone_code": "411"}]},
                finds=1, areas=(10000.0,)),
        Example("the second is compared with the first, the third too",
                {"YJJBNTBHTB": [SQUARE], "YJJBNTTB": [SQUARE], "YJJBNTBHHX": [WIDER]}, finds=1, areas=(1000.0,)),
    ],
    passes=[
        Example("a finer zone of the same class", {"YDYHGHFQ": [{"wkt": WIDER, "zone_code": "410"}],
                "ZXCQGHFQ": [{"wkt": SQUARE, "zone_code": "411"}]}),
        Example("cut otherwise, the same land", {"YJJBNTBHTB": [SQUARE], "YJJBNTTB": HALVES}),
        Example("changes of two layers are no one thing", {"WHCGHFQ": [SQUARE], "WHCZXCQCSLX": [WIDER]}),
        Example("one layer only", {"YJJBNTBHTB": [SQUARE], "STBHHX": [WIDER]}),
    ],
)  # fmt: skip
def layers_of_one_thing(*, ctx: Context) -> RuleResult:
    """Two layers of one subject cover the same land.

    What it checks
        If the data has two layers of one concept (YJJBNTBHTB and YJJBNTTB for 永久基本农田, YDYHGHFQ and GHFQ for
        规划分区): the parts of each that the other does not cover. Of zones, also the parts whose codes are of
        different classes, and these between the county's zones and those of the centre.
    Why
        All other rules read only one of the two layers. Where they differ, a figure of the plan is right in one layer
        and wrong in the other.
    How to fix
        Determine which of the two is in force (the sealed one, the later one). Correct the other, or remove it from
        the data.
    Limits
        Except for the codes of zones, compares the covered land, not the attributes; the division into features does
        not matter. Of three layers, each is compared with the one in use. A code agrees with a code below it. Runs
        for a whole county, by name or with its group.
    """
    result = RuleResult(applicable=False)
    seen: set[tuple[str, str]] = set()
    for concept in ctx.norm.standard.concepts:
        used = ctx.plan.concept(concept)
        if ctx.norm.standard.is_maintenance(concept):
            # Each class of changes belongs to another layer.
            continue
        if used is None or used.has_no_geometry or used.template.geometry != "polygon":
            continue
        for role in ctx.plan.roles_of(concept):
            other = ctx.plan.layers.get(role)
            if (
                other is None
                or other is used
                or other.has_no_geometry
                or (used.role, role) in seen
                or _divided(concept, other)
            ):
                continue
            seen |= {(used.role, role), (role, used.role)}
            result.applicable = True
            result.findings += _beyond(used, other, concept, ctx) + _beyond(other, used, concept, ctx)
            result.findings += _other_codes(used, other, ctx)
    zones, centre = ctx.plan.concept("zones"), ctx.plan.concept("centre_zones")
    if zones is not None and centre is not None and not (zones.has_no_geometry or centre.has_no_geometry):
        result.applicable = True
        result.findings += _other_codes(zones, centre, ctx)
    return result


def _other_codes(a: Layer, b: Layer, ctx: Context) -> list[Finding]:
    """Return findings on parts that two layers of zones assign to different classes."""
    if not (a.has_values("zone_code") and b.has_values("zone_code")):
        return []
    own, others = a.text("zone_code"), b.text("zone_code")
    declared = require_value(a.template.field("zone_code"), "the field of the zone codes")
    codes = ctx.codes(declared.codes)
    agree = cache(lambda one, other: _agree(one, other, codes))

    def differ(left: NDArray, right: NDArray) -> NDArray:
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([not agree(own[i], others[j]) for i, j in pairs], dtype=bool)

    parts = ctx.geometry.shared(a, b, pairs=differ)
    found = ctx.make.pairs(a, b, parts, case="code", field=a.field_name("zone_code"))
    for finding, i, j in zip(found, parts.left.tolist(), parts.right.tolist(), strict=True):
        finding.params |= {"value": own[i], "related": others[j]}
    return found


def _agree(one: str, other: str, codes: CodeList) -> bool:
    """Return True if one code equals the other or is below it.

    A blank agrees with every code; ATT002 reports a code outside the list.
    """
    above, other_lineage = codes.lineage(one), codes.lineage(other)
    return not above or not other_lineage or one in other_lineage or other in above


def _divided(concept: str, other: Layer) -> bool:
    """Return True for classes of yearly changes, which belong to different layers.

    They need not cover the same land.
    """
    return concept == "maintenance" or other.template.geometry != "polygon"


def _beyond(a: Layer, b: Layer, concept: str, ctx: Context) -> list[Finding]:
    parts = ctx.geometry.uncovered(a, b, rows=a.polygons.may_be_uncovered(b.polygons, ctx.cancellation))
    return ctx.make.by_place(ctx.make.pairs(a, b, parts, params={"concept": ConceptName(concept)}))
