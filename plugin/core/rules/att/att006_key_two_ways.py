# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from ...standard.numbering import BSM_FILL, BSM_LENGTH

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
#: Position after the county's code and before the running number of eight digits.
_DIGITS_7_TO_10 = slice(6, 10)


def _make_plan_with_two_keys(first: str, second: str) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: two rows of one layer with these keys."""
    return {"layer": [{"wkt": SQUARE_WKT, "key": first}, {"wkt": SQUARE_WKT, "key": second}]}


@rule(
    "ATT006",
    "key-two-ways",
    problem="Keys of one layer are composed in two ways",
    severity=Severity.INFO,
    basis=["A1"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("key",))},
    messages={
        "": "{layer} numbers its features in two ways in {field}: county + 0000 + running number (features: "
        "{filled}, such as {filled_key}), county + layer code + running number (features: {coded}, such as "
        "{coded_key}). Both are valid, but a layer must use one of them. Keep the one of most features (or the one "
        "that the receiving side requires), and number the other features again with unused numbers.",
    },
    fails=[
        RuleExample(
            "both ways in one layer", _make_plan_with_two_keys("140225000000000001", "140225200500000001"), finds=1
        )
    ],
    passes=[
        RuleExample("county + 0000", _make_plan_with_two_keys("140225000000000001", "140225000000000002")),
        RuleExample("county + layer code", _make_plan_with_two_keys("140225200500000001", "140225200500000002")),
    ],
)
def key_two_ways(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """BSM has one scheme throughout a layer.

    What it checks
        A layer's 标识码 (BSM) are either county + 0000 + running number (yearly maintenance) or county + layer code +
        running number (permanent basic farmland database). A layer with both schemes is reported, with the count of
        each.
    Why
        Two schemes in one layer come from merging two sources; later numbers may then collide.
    How to fix
        Choose one scheme for the layer and number the other features again, never with a used number.
    Limits
        Neither scheme is an error; the county chooses. ATT004 reports numbers of another length. Does not run by
        default: select the rule or its group attributes.
    """
    if not layer.has_field("key"):
        return None
    keys = sorted({key for key in layer.keys if len(key) == BSM_LENGTH})
    zero_filled_keys = [key for key in keys if key[_DIGITS_7_TO_10] == BSM_FILL]
    layer_coded_keys = [key for key in keys if key[_DIGITS_7_TO_10] != BSM_FILL]
    if not zero_filled_keys or not layer_coded_keys:
        return []
    params = {
        "filled": len(zero_filled_keys),
        "filled_key": zero_filled_keys[0],
        "coded": len(layer_coded_keys),
        "coded_key": layer_coded_keys[0],
    }
    return [Finding(layer.role, field=layer.get_field_name("key"), params=params)]
