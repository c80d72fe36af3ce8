# SPDX-License-Identifier: GPL-2.0-or-later
from collections import defaultdict

from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import missing_field_reason

SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
FIRST, SECOND = "140225000000000001", "140225000000000002"
#: Numbers named in the message on a whole layer.
SHOWN_KEYS = 5


def _layers(first: str, second: str) -> dict[str, list[dict[str, str]]]:
    return {"red_line": [{"wkt": SQUARE, "key": first}], "boundary": [{"wkt": SQUARE, "key": second}]}


@rule(
    "ATT005",
    "key-across-layers",
    problem="A key is used in several layers",
    severity=Severity.WARNING,
    basis=["A1"],
    needs={},
    messages={
        "one": "{layer} ({key}): {field} {value} is also used in {related_layer}. Assign a new number to one of the two features.",
        "many": "{layer} and {related_layer} have common numbers in {field}: {count} ({keys}{more}). Number all features of one of the two layers again.",
    },
    fails=[
        Example("one number in two layers", _layers(FIRST, FIRST), finds=1),
        Example("reported once for a whole layer",
                {"red_line": [{"wkt": SQUARE, "key": FIRST}, {"wkt": SQUARE, "key": SECOND}],
                 "boundary": [{"wkt": SQUARE, "key": FIRST}, {"wkt": SQUARE, "key": SECOND}]},
                finds=1, parameters={"listed_count": 1}),
    ],
    passes=[
        Example("all different", _layers(FIRST, SECOND)),
        Example("twice in one layer is ATT001's", {
            "red_line": [{"wkt": SQUARE, "key": FIRST}, {"wkt": SQUARE, "key": FIRST}],
            "boundary": [{"wkt": SQUARE, "key": SECOND}]}),
    ],
)  # fmt: skip
def key_across_layers(*, ctx: Context, listed_count: float = 100) -> RuleResult:
    """BSM is unique across layers.

    What it checks
        No 标识码 (BSM) of one layer is used in another. Two layers with more than `listed_count` common numbers get
        one finding for all of them.
    Why
        Findings, waivers and versions of all layers are stored by this number; the national system has one row for
        it.
    How to fix
        Assign a new number to the feature of the later layer. Layers copied from others (耕地保护目标 from parcels)
        often have the numbers of the source: number the whole layer again.
    Limits
        ATT001 reports repetitions within one layer. The classes of yearly maintenance have their layer's numbers on
        purpose and are not compared.
    """
    result = RuleResult()
    compared = [layer for layer in ctx.plan.layers.values() if layer.template.field("key") and not layer.template.base]
    result.applicable = sum(len(layer) > 0 for layer in compared) > 1
    result.not_checked += [missing_field_reason(layer, "key") for layer in compared if not layer.has("key")]
    common = _common([layer for layer in compared if layer.has("key")], ctx)
    for (owner_role, role), shared in common.items():
        layer, owner = ctx.plan.layers[role], ctx.plan.layers[owner_role]
        if len(shared) > listed_count:
            result.findings.append(_all_of(layer, owner, shared))
            continue
        for key, position in sorted(shared, key=lambda pair: pair[1]):
            finding = ctx.make.row(layer, position, case="one", field=layer.field_name("key"), params={"value": key})
            finding.related_role, finding.related_keys = owner_role, [key]
            finding.geometry = layer.plane[position]
            result.findings.append(finding)
    return result


def _common(layers: list[Layer], ctx: Context) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """Return the common keys of each pair of layers.

    The pair is (role of the first layer with a key, role of another); each key has its first row in the other layer.
    """
    import pandas as pd

    tables = []
    for number, layer in enumerate(layers):
        ctx.cancellation.raise_if_cancelled()
        tables.append(pd.DataFrame({"key": layer.keys, "layer": number, "row": range(len(layer))}))
    found: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    if len(tables) < 2:
        return found
    rows = pd.concat(tables, ignore_index=True)
    rows = rows[rows["key"] != ""].drop_duplicates(["layer", "key"])
    rows = rows[rows.duplicated("key", keep=False)]
    rows["owner"] = rows.groupby("key", sort=False)["layer"].transform("first")
    for key, number, row, owner in rows[rows["layer"] != rows["owner"]].itertuples(index=False):
        found[layers[owner].role, layers[number].role].append((key, int(row)))
    return found


def _all_of(layer: Layer, owner: Layer, shared: list[tuple[str, int]]) -> Finding:
    keys = sorted(key for key, _ in shared)
    more = " …" if len(keys) > SHOWN_KEYS else ""
    params = {"count": len(keys), "keys": keys[:SHOWN_KEYS], "more": more}
    return Finding(layer.role, related_role=owner.role, field=layer.field_name("key"), case="many", params=params)
