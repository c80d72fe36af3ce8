# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..context import Context
from ..findings import Finding
from ..rule import Example, RuleResult, Severity, rule
from ..texts import Texts, number
from ..yearly.record import Record
from ._maintenance import classes

SQUARE = "POLYGON ((0 0, 90 0, 90 90, 0 90, 0 0))"
LINE: dict[str, list[Any]] = {"WHQZXCQCSLX": [SQUARE], "WHCZXCQCSLX": [{"wkt": SQUARE, "WHLX": "3"}]}
#: How far an area may be from the recorded one, in m² a polygon.
AREA_M2 = 0.01


@rule(
    "DOC023",
    "maintenance-balance",
    severity=Severity.WARNING,
    basis=["maintenance"],
    needs={},
    messages={
        "count": "{layer}{kind} has {found} polygons; when the balance was made it had {expected}. Take the edit back, or make the "
        "geodatabase and its balance anew.",
        "area": "{layer}{kind} has {found} m²; when the balance was made it had {expected} m². Take the edit back, or make the "
        "geodatabase and its balance anew.",
    },
    fails=[
        Example("a change more than recorded", LINE, finds=1, side={"record": {("WHCZXCQCSLX", "3"): (0, 0.0)}}),
        Example("another area than recorded", LINE, finds=1, side={"record": {("WHQZXCQCSLX", ""): (1, 1000.0)}}),
        Example("a class that is gone", LINE, finds=1, side={"record": {("WHHZXCQCSLX", ""): (1, 8100.0)}}),
    ],
    passes=[
        Example("as many as recorded", LINE, side={"record": {("WHCZXCQCSLX", "1"): (0, 0.0)}}),
        Example("nothing recorded", LINE),
        Example("no maintenance", {"zones": [SQUARE]}),
    ],
)
def maintenance_balance(*, ctx: Context) -> RuleResult:
    """The classes of yearly maintenance are those that the balance was made of.

    What it checks
        Number and statutory area of the polygons of each class, of changes by 维护类型 (WHLX), against the balance (JSON) that
        yearly_update writes beside the geodatabase.
    Why
        The balance is handed in with the geodatabase; what was edited afterwards no longer agrees with it.
    How to fix
        Take the edit back, or make the geodatabase and its balance anew with yearly_update and carry the causes over.
    Limits
        Areas are compared to 0.01 m² a polygon. Without the balance beside the geodatabase nothing is compared. The workbook is not read.
        Renewed by the next whole check, not while editing.
    """
    if not classes(ctx):
        return RuleResult(applicable=False, notes=[("maintenance_not_there", {})])
    record = ctx.plan.record
    if record is None:
        return RuleResult(applicable=False, notes=[("maintenance_no_record", {})])
    return RuleResult(findings=list(_look(record, ctx)))


def _look(record: Record, ctx: Context) -> Iterator[Finding]:
    for (role, kind), (count, area_m2) in record.classes.items():
        layer = ctx.plan.layers.get(role)
        there = 0 if layer is None else len(layer)
        rows = np.ones(there, dtype=bool)
        if kind and layer is not None:
            rows = np.array([k == kind for k in layer.text("maintenance_kind")], dtype=bool)
        named = {"kind": kind and Texts(ctx.lang).get("words", "in_brackets", text=f"WHLX {kind}")}
        if int(rows.sum()) != count:
            params = {**named, "found": int(rows.sum()), "expected": count}
            yield Finding(role, key=kind, case="count", params=params)
            continue
        measured = float(np.nansum(layer.statutory[rows])) if layer is not None else 0.0
        if abs(measured - area_m2) > AREA_M2 * max(count, 1):
            params = {**named, "found": number(measured, 2), "expected": number(area_m2, 2)}
            yield Finding(role, key=kind, case="area", params=params)
