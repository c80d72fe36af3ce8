# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on keys: unique, composed as the standard states, used in one layer, composed in one way."""

from collections import defaultdict

import numpy as np
import shapely

from ...base.files.cells import mask_texts
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.numbering import BSM_FILL, BSM_LENGTH
from .._attributes import (
    ValueProblem,
    explain_missing_fields,
    find_plan_code_prefix,
    make_findings_of_wrong_values,
    make_row_list_params,
    read_setting_words,
)

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
OTHER_SQUARE_WKT = "POLYGON ((10 0, 19 0, 19 9, 10 9, 10 0))"


@rule(
    "ATT001",
    "duplicate-key",
    problem="Keys are missing or repeated, or numbers or grades are all alike",
    surroundings="keys",
    checks_one_layer=True,
    basis=["A1"],
    uses=["attributes.number_fields", "attributes.graded_fields"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("key",))},
    messages={
        "repeated": "{layer}: {field} {key} is repeated; features: {count} (ids {fids}{more}). Findings, waivers and "
        "versions cannot distinguish them. Keep the one that {authority} already had, and assign new numbers to the "
        "others (Fix…, or function sanxian_next_bsm of the field calculator); a used number is never assigned again.",
        "missing": "{layer} ({key}): {field} is empty, so the feature cannot be identified. Enter the key that "
        "{authority} has. If there is none, select the feature, and update {field} of selected features in the field "
        "calculator with sanxian_next_bsm().",
        "number": "{layer}: every feature has the same {field} “{value}” (features: {count}), but the field must "
        "number them one by one. Enter the numbers of {authority}; number the features again if it has none.",
        "grade": "{layer}: every feature has the same {field} “{value}” (features: {count}), but this layer divides "
        "the county into grades. Take the grade of each feature from the evaluation.",
    },
    fails=[
        RuleExample("same number twice", {"layer": [{"wkt": SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": "1"}]}, finds=1),
        RuleExample("one parcel number for all", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "YJJBNTTBBH": "7"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "YJJBNTTBBH": "7"}]},
                finds=1, roles={"layer": "YJJBNTBHTB"}),
        RuleExample("suited everywhere", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "feature_name": "适宜"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "feature_name": "适宜"}]},
                finds=1, roles={"layer": "CZJSSYXPJJG"}),
        RuleExample("no number", {"layer": [{"wkt": SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": None}]}, finds=1),
    ],
    passes=[
        RuleExample("two grades", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "feature_name": "适宜"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "feature_name": "不适宜"}]},
                roles={"layer": "CZJSSYXPJJG"}),
        RuleExample("all different, a gap", {"layer": [{"wkt": SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": "3"}]}),
        RuleExample("parcels have numbers of their own", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "YJJBNTTBBH": "7"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "YJJBNTTBBH": "8"}]},
                roles={"layer": "YJJBNTBHTB"}),
    ],
)  # fmt: skip
def duplicate_key(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """BSM is present and unique in its layer.

    What it checks
        标识码 (BSM) that are repeated within a layer, or missing; and, as a warning, a layer in which all rows have
        the same value in a numbering field (`attributes.number_fields`: 永久基本农田图斑编号) or a field of grades
        (`attributes.graded_fields`: evaluations).
    Why
        Findings, waivers, versions and the national system identify a feature by this number alone.
    How to fix
        Keep the number of one feature (normally the earlier one) and assign new numbers to the others and to
        features without one. A used number is never assigned again; gaps are normal.
    Limits
        Checks one layer at a time, and not the number's composition. Settings (mark C) list the fields of numbers and
        grades.
    """
    field = layer.get_field_name("key")
    if not layer.has_field("key"):
        return None
    rows: dict[str, list[int]] = defaultdict(list)
    for position in sorted(layer.repeated_keys):
        rows[layer.keys[position]].append(position)
    findings = []
    for key, positions in rows.items():
        if not key:
            findings += [
                ctx.finding_maker.make_row_finding(
                    layer, p, field=field, case="missing", geometry=layer.plane_shapes[p]
                )
                for p in positions
            ]
        elif len(positions) > 1:
            row_shapes = layer.plane_shapes[positions]
            shapes = shapely.get_parts(row_shapes[~shapely.is_missing(row_shapes)])
            findings.append(
                Finding(
                    layer.role,
                    key,
                    field=field,
                    case="repeated",
                    params=make_row_list_params(layer, positions),
                    geometry=shapely.multipolygons(shapes)
                    if len(shapes) and np.all(shapely.get_type_id(shapes) == 3)
                    else None,
                )
            )
    for name in ctx.norm.get("attributes.number_fields"):
        findings += _report_constant_value(layer, name, "number")
    for role, name in read_setting_words(ctx.norm, "attributes.graded_fields", 2, 2):
        if role == layer.role:
            findings += _report_constant_value(layer, name, "grade")
    return findings


def _report_constant_value(layer: Layer, name: str, case: str) -> list[Finding]:
    """Return a warning if all rows have the same value in a field.

    None is returned for a layer with fewer than two rows, without the field, or with blank values only.
    """
    template_field = layer.template.find_field_by_name(name)
    if template_field is None or layer.get_column_by_name(name) is None or len(layer) < 2:
        return []
    values = set(layer.get_texts_by_name(name))
    if len(values) != 1 or not (value := values.pop()):
        return []
    params = {"count": len(layer), "value": value}
    return [Finding(layer.role, field=template_field.name, case=case, severity=Severity.WARNING, params=params)]


#: Digits of the county with which a key begins; letters may follow.
_DIGIT_COUNT = 6


def _make_plan_with_key(key: str) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: one row with this key."""
    return {"layer": [{"wkt": SQUARE_WKT, "key": key, "division_code": "140225"}]}


@rule(
    "ATT004",
    "key-make-up",
    problem="A key is composed wrongly",
    local=True,
    severity=Severity.WARNING,
    basis=["A1"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("key",))},
    messages={
        "length": "{layer} ({key}): {field} “{value}” has {count} characters instead of {length}: county code (6), "
        "layer code or 0000, serial number. Number the feature again (function sanxian_next_bsm of the field "
        "calculator).",
        "signs": "{layer} ({key}): {field} “{value}” has characters other than digits and capital letters. Assign a "
        "new number with half-width digits only.",
        "county": "{layer} ({key}): {field} “{value}” begins with {head}, but codes of this plan begin with "
        "{county}. First see where the feature is: number it again if it is in the county (function sanxian_next_bsm "
        "of the field calculator), remove it if it is in the neighbour's.",
    },
    fails=[
        RuleExample("too short", _make_plan_with_key("1402250001"), finds=1),
        RuleExample("another county's", _make_plan_with_key("140226000000000001"), finds=1),
        RuleExample("full-width digits", _make_plan_with_key("１４０２２５000000000001"), finds=1),
    ],
    passes=[
        RuleExample("county, 0000, running number", _make_plan_with_key("140225000000000001")),
        RuleExample("county, layer code, running number", _make_plan_with_key("140225200500000001")),
        RuleExample(
            "another county of the city",
            _make_plan_with_key("140226000000000001"),
            settings={"attributes.area_digits": 4},
        ),
    ],
)
def key_make_up(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """BSM is composed as the standards require.

    What it checks
        标识码 (BSM) has 18 characters, digits or capital letters, and begins with the county's six digits. Both known
        schemes are valid: county + layer code + running number, and county + 0000 + running number of eight digits.
    Why
        The receiving side identifies counties and features by this number; another scheme is rejected or assigned to
        another county.
    How to fix
        Assign a new number; “next BSM” in the field calculator and the layer's form use the second scheme.
    Limits
        ATT001 reports missing and repeated numbers. The layer code in the number is not verified. The county is that
        of most rows; in a city's plan the first four digits are compared (`attributes.area_digits`).
    """
    if not layer.has_field("key"):
        return None
    county_digits = find_plan_code_prefix(ctx)

    def find_key_problem(key: str) -> ValueProblem | None:
        if not key:
            return None
        if len(key) != BSM_LENGTH:
            case = "length"
        elif not (
            key.isascii() and key[:_DIGIT_COUNT].isdigit() and key[_DIGIT_COUNT:].isalnum() and key == key.upper()
        ):
            case = "signs"
        elif not key.startswith(county_digits):
            case = "county"
        else:
            return None
        params = {
            "value": key,
            "count": len(key),
            "length": BSM_LENGTH,
            "head": key[: len(county_digits)],
            "county": county_digits,
        }
        return ValueProblem(case, params)

    return make_findings_of_wrong_values(ctx, layer, layer.get_field_name("key"), layer.keys, find_key_problem)


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
            keys = sorted(key for key, _ in shared_keys)
            dots = " …" if len(keys) > MAX_LISTED_KEYS else ""
            params = {"count": len(keys), "keys": keys[:MAX_LISTED_KEYS], "more": dots}
            result.findings.append(
                Finding(
                    layer.role, related_role=owner.role, field=layer.get_field_name("key"), case="many", params=params
                )
            )
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


#: Position after the county's code and before the running number of eight digits.
_DIGITS_7_TO_10 = slice(6, 10)


def _make_layer_with_two_keys(first: str, second: str) -> dict[str, list[dict[str, str]]]:
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
            "both ways in one layer", _make_layer_with_two_keys("140225000000000001", "140225200500000001"), finds=1
        )
    ],
    passes=[
        RuleExample("county + 0000", _make_layer_with_two_keys("140225000000000001", "140225000000000002")),
        RuleExample("county + layer code", _make_layer_with_two_keys("140225200500000001", "140225200500000002")),
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
