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
        "": "{layer} ({key}) reaches {area} beyond {related_layer} (width {width} m), though both are {concept}. Find out which of "
        "the two is in force, and correct the other by it.",
        "code": "{layer} ({key}): {field} = “{value}”, but {related_layer} ({related_key}) has “{related}” on the same land ({area}, width {width} m). "
        "Find out which of the two is in force, and correct the other by it.",
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
    """Two layers of one thing cover the same land.

    What it checks
        Where the data holds two layers that answer one concept (YJJBNTBHTB and YJJBNTTB for 永久基本农田, YDYHGHFQ and GHFQ for
        规划分区): the parts of each that the other does not cover. Of zones, the parts whose codes are of different classes as well,
        also between the county's zones and those of the centre.
    Why
        All other rules ask one of the two only. Where they differ, a figure of the plan is right in one layer and wrong in the other.
    How to fix
        Find out which of the two is in force (the sealed one, the later one), correct the other, or leave it out of the data.
    Limits
        Apart from the codes of zones, compares the land covered, not the attributes; how it is cut into features does not
        matter. Of three layers, each is compared with the one that is used. A code and one below it agree.
        Runs for a whole county, by name or with its group.
    """
    result = RuleResult(applicable=False)
    seen: set[tuple[str, str]] = set()
    for concept in ctx.norm.standard.concepts:
        used = ctx.plan.concept(concept)
        if ctx.norm.standard.is_maintenance(concept):
            # Each class of changes is of another layer.
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
    """Findings on the parts that two layers of zones put into different classes."""
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
    """Return True if one code is the other or below it. A blank says nothing; a code that is not in the list is ATT002's."""
    above, beside = codes.lineage(one), codes.lineage(other)
    return not above or not beside or one in beside or other in above


def _divided(concept: str, other: Layer) -> bool:
    """Classes of yearly changes are each of another layer: they need not cover the same land."""
    return concept == "maintenance" or other.template.geometry != "polygon"


def _beyond(a: Layer, b: Layer, concept: str, ctx: Context) -> list[Finding]:
    parts = ctx.geometry.uncovered(a, b, rows=a.polygons.may_be_uncovered(b.polygons, ctx.cancellation))
    return ctx.make.by_place(ctx.make.pairs(a, b, parts, params={"concept": ConceptName(concept)}))
