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
        "kind": "{layer} ({key}): {field} is {kind}, but this layer knows only {known}. Correct the kind.",
        "not_before": "{layer} ({key}): {area} of a change of kind {kind} is no land of {related_layer}. Correct its shape or kind, or make the geodatabase anew.",
        "not_after": "{layer} ({key}): {area} of a change of kind {kind} is no land of {related_layer}. Correct its shape or kind, or make the geodatabase anew.",
        "already": "{layer} ({key}): {area} is told to have moved in, but {related_layer} had it already. Correct its shape or kind, or make the geodatabase anew.",
        "still": "{layer} ({key}): {area} is told to have moved out, but {related_layer} still has it. Correct its shape or kind, or make the geodatabase anew.",
        "same": "{layer} ({key}): {area} is told to have changed, but has the same code ({field} = {code}) before and after. Correct its shape or the code.",
        "untold": "{layer} ({key}): {area} is not in {related_layer}, and no change tells so. Add the change, or make the geodatabase anew.",
        "lost": "{layer} ({key}): {area} is nowhere in {related_layer}, and this layer knows no moving out. Let the current edition cover it "
        "again, and make the geodatabase anew.",
        "untold_code": "{layer} ({key}): {area} has another code ({field}) in {related_layer}, and no change tells so. Add the change, or make the geodatabase anew.",
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
    """Each change of yearly maintenance is the difference of what was before and what is after, and of its kind.

    What it checks
        Of each maintained layer: 维护类型 (WHLX) is one that the layer knows; land moved out (3) is in 维护前 (WHQ) and not in
        维护后 (WHH), land moved in (1) is in WHH and not in WHQ, land whose code changed (2) is in both, with another code; and
        whatever differs between WHQ and WHH is told by a change (WHC).
    Why
        Who fills in the causes may move a vertex, split a change or paste a parcel; then shapes, kinds and the balance no longer agree.
    How to fix
        Take the edit back, correct kind or shape, or make the geodatabase anew from the two editions.
    Limits
        Parts below both minimums of the tolerance do not count. What is before and after is compared with each other only, not with the two editions.
        Where a vertex on a long edge is in one class only (other programs leave it so), degrees bend the edge: that is found as a sliver.
        Renewed by the next whole check, not while editing.
    """
    return check_each_layer(
        ctx, lambda one: ctx.make.by_place([*_kinds(one, ctx), *_places(one, ctx), *_untold(one, ctx)])
    )


def _kinds(one: Classes, ctx: Context) -> Iterator[Finding]:
    field = one.change.field_name("maintenance_kind")
    for row, kind in enumerate(one.kinds):
        # What is blank or of no list at all is ATT002's.
        if kind in KIND_CODES.values() and kind not in one.maintained.kinds:
            known = ", ".join(one.maintained.kinds)
            yield ctx.make.row(one.change, row, field=field, case="kind", params={"kind": kind, "known": known})


def _places(one: Classes, ctx: Context) -> Iterator[Finding]:
    """Each change of a kind that the layer knows, against the classes before and after."""
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
            yield _found(one.change, row, shape, ctx, lacking, other, kind=kinds[row])
        if side is not None:
            parts = ctx.geometry.shared(one.change, side, rows_a=kinds == outside)
            for row, shape in zip(parts.left.tolist(), parts.geometry, strict=True):
                yield _found(one.change, row, shape, ctx, doubled, other)
    yield from _same(one, kinds == OTHER, ctx)


def _same(one: Classes, rows: NDArray, ctx: Context) -> Iterator[Finding]:
    """Land of a change of attributes that has one code before and after."""
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
                yield _found(one.change, row, both, ctx, "same", one.after.role, field, code=codes[0][old])


def _untold(one: Classes, ctx: Context) -> Iterator[Finding]:
    """What differs before and after, and no change tells."""
    kinds = np.array(one.kinds, dtype=object)
    for side, other, stage, kind in ((one.before, one.after, AFTER, GONE), (one.after, one.before, BEFORE, COME)):
        if side is None:
            continue
        shapes = [other.polygons.shapes] if other is not None else []
        told = one.change.polygons.shapes[kinds == kind]
        parts = ctx.geometry.uncovered(side, other or one.change, Polygons(np.concatenate([*shapes, told])))
        for row, shape in zip(parts.left.tolist(), parts.geometry, strict=True):
            # Land that left a layer which knows no moving out: nothing can tell of it, and making it anew does not help.
            lost = side is one.before and kind not in one.maintained.kinds
            found = _found(
                side, row, shape, ctx, "lost" if lost else "untold", _prefix(stage, ctx) + one.maintained.role
            )
            found.severity = Severity.WARNING if lost else None
            yield found
    field = one.maintained.compare
    if one.before is None or one.after is None or not field:
        return
    codes = [np.array(side.named_text(field), dtype=object) for side in (one.before, one.after)]
    pairs = ctx.geometry.shared(one.before, one.after, pairs=lambda i, j: codes[0][i] != codes[1][j])
    told = Polygons(one.change.polygons.shapes[kinds == OTHER])
    rest = ctx.geometry.uncovered_in(one.before, pairs.left, pairs.geometry, one.change, told)
    for n, shape in zip(rest.left.tolist(), rest.geometry, strict=True):
        yield _found(one.before, int(pairs.left[n]), shape, ctx, "untold_code", one.after.role, field)


def _prefix(stage: str, ctx: Context) -> str:
    rules = require_value(ctx.norm.standard.maintenance, "the norm of maintenance")
    return rules.stage(stage).prefix


def _found(
    layer: Layer, row: int, shape: Any, ctx: Context, case: str, other: str, field: str = "", **params: Any
) -> Finding:
    (area,) = ctx.geometry.areas_of(make_part(row, shape), layer)
    more = {"area_m2": float(area), "geometry": shape, "params": params}
    return ctx.make.row(layer, row, case=case, related_role=other, field=field, **more)
