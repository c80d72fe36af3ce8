# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import Context
from ...geometry.parts import Slivers, make_part
from ...geometry.polygons import Polygons
from ...invariants import require_value
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.maintenance import AFTER, BEFORE
from ...versions.model import CHANGED, IN, OUT
from ..model import KIND_CODES
from ._maintenance import Classes, check_each_layer

COME, OTHER, GONE = KIND_CODES[IN], KIND_CODES[CHANGED], KIND_CODES[OUT]


def _box(west: int, east: int) -> str:
    return f"POLYGON (({west} 0, {east} 0, {east} 90, {west} 90, {west} 0))"


def _line(before: str, change: list[tuple[str, str]], *after: str) -> dict[str, list[Any]]:
    rows = [{"wkt": wkt, "WHLX": kind} for wkt, kind in change]
    return {"WHQZXCQCSLX": [before], "WHCZXCQCSLX": rows, "WHHZXCQCSLX": list(after)}


def _zones(before: str, change: str, *after: tuple[str, str]) -> dict[str, list[Any]]:
    return {
        "WHQGHFQ": [{"wkt": before, "GHFQDM": "200"}],
        "WHCGHFQ": [{"wkt": change, "WHLX": OTHER}],
        "WHHGHFQ": [{"wkt": wkt, "GHFQDM": code} for wkt, code in after],
    }


@rule(
    "DOC022",
    "maintenance-changes",
    problem="Changes disagree with the land before or after",
    severity=Severity.ERROR,
    basis=["maintenance"],
    needs={},
    uses=["tolerance"],
    messages={
        "kind": "{layer} ({key}): {field} is {kind}, but this layer allows only {known}. Correct the kind.",
        "not_before": "{layer} ({key}): {area} of a change of kind {kind} is not land of {related_layer}. Correct its shape or kind, "
        "or make the geodatabase again.",
        "not_after": "{layer} ({key}): {area} of a change of kind {kind} is not land of {related_layer}. Correct its shape or kind, "
        "or make the geodatabase again.",
        "already": "{layer} ({key}): {area} is recorded as moved in, but was in {related_layer} before. Correct its shape or kind, "
        "or make the geodatabase again.",
        "still": "{layer} ({key}): {area} is recorded as moved out, but is still in {related_layer}. Correct its shape or kind, "
        "or make the geodatabase again.",
        "same": "{layer} ({key}): {area} is recorded as changed, but has the same code ({field} = {code}) before and after. "
        "Correct its shape or the code.",
        "untold": "{layer} ({key}): {area} is not in {related_layer}, and no change records it. Add the change, or make the "
        "geodatabase again.",
        "lost": "{layer} ({key}): {area} is missing in {related_layer}, and this layer does not allow land to move out. Let the "
        "current edition cover it again, and make the geodatabase again.",
        "untold_code": "{layer} ({key}): {area} has another code ({field}) in {related_layer}, and no change records it. Add the "
        "change, or make the geodatabase again.",
    },
    fails=[
        Example(
            "a line is told to have another code", _line(_box(0, 90), [(_box(0, 40), OTHER)], _box(40, 90)), finds=2
        ),
        Example(
            "moved out of what never was there",
            _line(_box(0, 90), [(_box(0, 40), GONE), (_box(90, 120), GONE)], _box(40, 90)),
            finds=1,
        ),
        Example("moved in, but nobody has it now", _line(_box(0, 90), [(_box(90, 120), COME)], _box(0, 90)), finds=1),
        Example("moved in where it was before", _line(_box(0, 90), [(_box(0, 40), COME)], _box(0, 90)), finds=1),
        Example("moved out and still there", _line(_box(0, 90), [(_box(0, 40), GONE)], _box(0, 90)), finds=1),
        Example("the same zone before and after", _zones(_box(0, 90), _box(0, 90), (_box(0, 90), "200")), finds=1),
        Example("the change was drawn smaller", _line(_box(0, 90), [(_box(0, 20), GONE)], _box(40, 90)), finds=1),
        Example(
            "another zone that no change tells of", _zones(_box(0, 90), _box(0, 40), (_box(0, 90), "300")), finds=1
        ),
        Example(
            "part of a zone was lost",
            _zones(_box(0, 90), _box(0, 40), (_box(0, 40), "300"), (_box(40, 80), "200")),
            finds=1,
        ),
    ],
    passes=[
        Example("moved", _line(_box(0, 90), [(_box(0, 40), GONE), (_box(90, 120), COME)], _box(40, 90), _box(90, 120))),
        Example("part of a zone", _zones(_box(0, 90), _box(0, 40), (_box(0, 40), "300"), (_box(40, 90), "200"))),
        Example("no maintenance", {"zones": [_box(0, 9)]}),
    ],
)
def maintenance_changes(*, ctx: Context) -> RuleResult:
    """Each change of yearly maintenance equals the difference before and after.

    What it checks
        Each maintained layer: the layer has the 维护类型 (WHLX) of each change. Land moved out (3) is in 维护前 (WHQ) and
        not in 维护后 (WHH). Land moved in (1) is in WHH and not in WHQ. Land whose code changed (2) is in both, with
        another code. Each difference between WHQ and WHH is in a change (WHC).
    Why
        A person who fills in the causes may move a vertex, split a change or paste a parcel. Then shapes, kinds and
        the balance no longer agree.
    How to fix
        Undo the edit, correct the kind or the shape, or make the geodatabase again from the two editions.
    Limits
        Parts below both minimums of the tolerance do not count. The classes are compared with each other, not with
        the two editions. A vertex on a long edge that only one class has (other programs leave such vertices) is
        found as a sliver, because the edge bends in degrees. The rule runs in the full check, not while editing.
    """
    return check_each_layer(
        ctx,
        lambda one: ctx.make.by_place(
            [*_find_wrong_kinds(one, ctx), *_find_wrong_places(one, ctx), *_find_unrecorded(one, ctx)]
        ),
    )


def _find_wrong_kinds(one: Classes, ctx: Context) -> Iterator[Finding]:
    field = one.change.field_name("maintenance_kind")
    for row, kind in enumerate(one.kinds):
        # ATT002 reports blank kinds and kinds that are not in the list.
        if kind in KIND_CODES.values() and kind not in one.maintained.kinds:
            known = ", ".join(one.maintained.kinds)
            yield ctx.make.row(one.change, row, field=field, case="kind", params={"kind": kind, "known": known})


def _find_wrong_places(one: Classes, ctx: Context) -> Iterator[Finding]:
    """Compare each change of a valid kind with the classes before and after."""
    kinds = np.array([kind if kind in one.maintained.kinds else "" for kind in one.kinds], dtype=object)
    prefixes = {"not_before": _prefix(BEFORE, ctx), "not_after": _prefix(AFTER, ctx)}
    sides = (
        (one.before, (OTHER, GONE), "not_before", COME, "already"),
        (one.after, (OTHER, COME), "not_after", GONE, "still"),
    )
    for side, within, lacking, outside, doubled in sides:
        cover = side.polygons if side is not None else Polygons(np.zeros(0, dtype=object))
        other = prefixes[lacking] + one.maintained.role
        parts = ctx.geometry.uncovered(one.change, side or one.change, cover, rows=np.isin(kinds, within))
        for row, shape in zip(parts.left.tolist(), parts.geometry, strict=True):
            yield _make_finding(one.change, row, shape, ctx, lacking, other, kind=kinds[row])
        if side is not None:
            parts = ctx.geometry.shared(one.change, side, rows_a=kinds == outside)
            for row, shape in zip(parts.left.tolist(), parts.geometry, strict=True):
                yield _make_finding(one.change, row, shape, ctx, doubled, other)
    yield from _find_same_codes(one, kinds == OTHER, ctx)


def _find_same_codes(one: Classes, rows: NDArray, ctx: Context) -> Iterator[Finding]:
    """Find land of a change of attributes that has one code before and after."""
    if one.before is None or one.after is None or not one.maintained.compare:
        return
    field = one.maintained.compare
    codes = [side.named_text(field) for side in (one.before, one.after)]
    sides = [ctx.geometry.shared(one.change, side, rows_a=rows, measured=True) for side in (one.before, one.after)]
    after: dict[int, list[tuple[int, Any]]] = {}
    for row, other, shape in zip(sides[1].left.tolist(), sides[1].right.tolist(), sides[1].geometry, strict=True):
        after.setdefault(row, []).append((other, shape))
    for row, old, shape in zip(sides[0].left.tolist(), sides[0].right.tolist(), sides[0].geometry, strict=True):
        for new, other_shape in after.get(row, ()):
            if codes[0][old] != codes[1][new]:
                continue
            both = shapely.intersection(shape, other_shape)
            area = shapely.area(both)
            if area <= 0:
                continue
            if ctx.tolerance.is_sliver(area, 2 * area / shapely.length(both)):
                ctx.log.ignore(Slivers([both], np.array([row]), np.array([new])), one.change, one.after)
            else:
                yield _make_finding(one.change, row, both, ctx, "same", one.after.role, field, code=codes[0][old])


def _find_unrecorded(one: Classes, ctx: Context) -> Iterator[Finding]:
    """Find differences between before and after that are in no change."""
    kinds = np.array(one.kinds, dtype=object)
    for side, other, stage, kind in ((one.before, one.after, AFTER, GONE), (one.after, one.before, BEFORE, COME)):
        if side is None:
            continue
        shapes = [other.polygons.shapes] if other is not None else []
        recorded = one.change.polygons.shapes[kinds == kind]
        parts = ctx.geometry.uncovered(side, other or one.change, Polygons(np.concatenate([*shapes, recorded])))
        for row, shape in zip(parts.left.tolist(), parts.geometry, strict=True):
            # The layer has no kind for land that moved out, so a change cannot record it.
            lost = side is one.before and kind not in one.maintained.kinds
            found = _make_finding(
                side, row, shape, ctx, "lost" if lost else "untold", _prefix(stage, ctx) + one.maintained.role
            )
            found.severity = Severity.WARNING if lost else None
            yield found
    field = one.maintained.compare
    if one.before is None or one.after is None or not field:
        return
    codes = [np.array(side.named_text(field), dtype=object) for side in (one.before, one.after)]
    pairs = ctx.geometry.shared(one.before, one.after, pairs=lambda i, j: codes[0][i] != codes[1][j])
    recorded = Polygons(one.change.polygons.shapes[kinds == OTHER])
    rest = ctx.geometry.uncovered_in(one.before, pairs.left, pairs.geometry, one.change, recorded)
    for n, shape in zip(rest.left.tolist(), rest.geometry, strict=True):
        yield _make_finding(one.before, int(pairs.left[n]), shape, ctx, "untold_code", one.after.role, field)


def _prefix(stage: str, ctx: Context) -> str:
    rules = require_value(ctx.norm.standard.maintenance, "the norm of maintenance")
    return rules.stage(stage).prefix


def _make_finding(
    layer: Layer, row: int, shape: Any, ctx: Context, case: str, other: str, field: str = "", **params: Any
) -> Finding:
    (area,) = ctx.geometry.areas_of(make_part(row, shape), layer)
    more = {"area_m2": float(area), "geometry": shape, "params": params}
    return ctx.make.row(layer, row, case=case, related_role=other, field=field, **more)
