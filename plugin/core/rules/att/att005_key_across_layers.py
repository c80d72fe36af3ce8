# SPDX-License-Identifier: GPL-2.0-or-later
from collections import defaultdict

import numpy as np

from ...base.files.cells import mask_texts
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import explain_missing_fields

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
FIRST_KEY, SECOND_KEY = "140225000000000001", "140225000000000002"
#: Numbers named in the message on a whole layer.
MAX_LISTED_KEYS = 5


def _make_plan_with_two_keys(first: str, second: str) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: a key in the red line and one in the boundary."""
    return {"red_line": [{"wkt": SQUARE_WKT, "key": first}], "boundary": [{"wkt": SQUARE_WKT, "key": second}]}


@rule(
    "ATT005",
    "key-across-layers",
    problem="A key is used in several layers",
    surroundings="keys",
    severity=Severity.WARNING,
    basis=["A1"],
    needs={},
    messages={
        "one": "{layer} ({key}): a feature of {related_layer} has the same {field} {value}, so the number does not "
        "identify one feature. Keep it in the layer that existed first, and assign a new number in the later one, "
        "which was copied from the other (function sanxian_next_bsm of the field calculator).",
        "many": "{layer} and {related_layer} share {count} numbers in {field} ({keys}{more}), so they do not "
        "identify one feature. Keep them in the layer that existed first, and number all features of the later one, "
        "which was copied from the other, again (function sanxian_next_bsm of the field calculator).",
    },
    fails=[
        RuleExample("one number in two layers", _make_plan_with_two_keys(FIRST_KEY, FIRST_KEY), finds=1),
        RuleExample("reported once for a whole layer",
                {"red_line": [{"wkt": SQUARE_WKT, "key": FIRST_KEY}, {"wkt": SQUARE_WKT, "key": SECOND_KEY}],
                 "boundary": [{"wkt": SQUARE_WKT, "key": FIRST_KEY}, {"wkt": SQUARE_WKT, "key": SECOND_KEY}]},
                finds=1, parameters={"listed_count": 1}),
    ],
    passes=[
        RuleExample("all different", _make_plan_with_two_keys(FIRST_KEY, SECOND_KEY)),
        RuleExample("twice in one layer is ATT001's", {
            "red_line": [{"wkt": SQUARE_WKT, "key": FIRST_KEY}, {"wkt": SQUARE_WKT, "key": FIRST_KEY}],
            "boundary": [{"wkt": SQUARE_WKT, "key": SECOND_KEY}]}),
    ],
)  # fmt: skip
def key_across_layers(*, ctx: RuleContext, listed_count: float = 100) -> RuleResult:
    """BSM is unique across layers.

    What it checks
        No 标识码 (BSM) of one layer is used in another. Two layers with more than `listed_count` common numbers get
        one finding for all of them.
    Why
        Findings, waivers and versions of all layers are stored by this number; the national system has one row for
        it.
    How to fix
        Assign new numbers to the features of one of the two layers, normally the later one. Layers copied from
        others (耕地保护目标 from parcels) often have the numbers of the source: number the whole layer again.
    Limits
        ATT001 reports repetitions within one layer. The classes of yearly maintenance have their layer's numbers on
        purpose and are not compared.
    """
    result = RuleResult()
    compared_layers = [
        layer for layer in ctx.plan.layers.values() if layer.template.find_field("key") and not layer.template.base
    ]
    result.is_applicable = sum(len(layer) > 0 for layer in compared_layers) > 1
    result.not_checked += [
        explain_missing_fields(layer, "key") for layer in compared_layers if not layer.has_field("key")
    ]
    shared_keys_by_roles = _find_shared_keys([layer for layer in compared_layers if layer.has_field("key")], ctx)
    for (owner_role, role), shared_keys in shared_keys_by_roles.items():
        layer, owner = ctx.plan.layers[role], ctx.plan.layers[owner_role]
        if len(shared_keys) > listed_count:
            result.findings.append(_make_summary_finding(layer, owner, shared_keys))
            continue
        for key, position in sorted(shared_keys, key=lambda pair: pair[1]):
            result.findings.append(
                ctx.finding_maker.make_row_finding(
                    layer,
                    position,
                    case="one",
                    field=layer.get_field_name("key"),
                    params={"value": key},
                    geometry=layer.plane_shapes[position],
                    related_role=owner_role,
                    related_keys=[key],
                )
            )
    return result


def _find_shared_keys(layers: list[Layer], ctx: RuleContext) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """Return the keys that two layers share, with their rows.

    The result maps (code of the first layer with the key, code of a later one) → pairs of the key and its first row
    in the later layer.
    """
    shared_keys: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    known_keys: set[str] = set()
    repeated_keys: set[str] = set()
    for layer in layers:
        ctx.cancellation.raise_if_cancelled()
        keys_of_layer = set(layer.keys)
        repeated_keys |= keys_of_layer & known_keys
        known_keys |= keys_of_layer
    repeated_keys.discard("")
    if not repeated_keys:
        return shared_keys
    owner_of_key: dict[str, str] = {}
    for layer in layers:
        ctx.cancellation.raise_if_cancelled()
        first_row_of_key: dict[str, int] = {}
        for row in np.flatnonzero(mask_texts(layer.keys, repeated_keys)).tolist():
            first_row_of_key.setdefault(layer.keys[row], row)
        for key, row in first_row_of_key.items():
            owner = owner_of_key.setdefault(key, layer.role)
            if owner != layer.role:
                shared_keys[owner, layer.role].append((key, row))
    return shared_keys


def _make_summary_finding(layer: Layer, owner: Layer, shared_keys: list[tuple[str, int]]) -> Finding:
    """Return one finding on all keys that two layers share."""
    keys = sorted(key for key, _ in shared_keys)
    dots = " …" if len(keys) > MAX_LISTED_KEYS else ""
    params = {"count": len(keys), "keys": keys[:MAX_LISTED_KEYS], "more": dots}
    return Finding(layer.role, related_role=owner.role, field=layer.get_field_name("key"), case="many", params=params)
