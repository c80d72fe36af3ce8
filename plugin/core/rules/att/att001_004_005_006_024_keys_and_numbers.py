# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on keys: unique, composed as the standard states, used in one layer, composed in one way."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import shapely

from ...base.files.cells import mask_texts
from ...engine.context import RuleContext
from ...geometry.validity import mask_missing_shapes
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.numbering import BSM_FILL, BSM_LENGTH
from .._attributes import (
    CODE_SUFFIX,
    COUNTY_DIGITS,
    NAME_SUFFIX,
    SMALL_SQUARE_WKT,
    ValueProblem,
    explain_missing_fields,
    find_plan_code_prefix,
    make_example,
    make_findings_of_wrong_values,
    make_row_list_params,
    read_setting_words,
)

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
        RuleExample("same number twice", {"layer": [{"wkt": SMALL_SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": "1"}]}, finds=1),
        RuleExample("one parcel number for all", {"layer": [{"wkt": SMALL_SQUARE_WKT, "key": "1", "YJJBNTTBBH": "7"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "YJJBNTTBBH": "7"}]},
                finds=1, roles={"layer": "YJJBNTBHTB"}),
        RuleExample("suited everywhere", {"layer": [{"wkt": SMALL_SQUARE_WKT, "key": "1", "feature_name": "适宜"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "feature_name": "适宜"}]},
                finds=1, roles={"layer": "CZJSSYXPJJG"}),
        RuleExample("no number", {"layer": [{"wkt": SMALL_SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": None}]}, finds=1),
    ],
    passes=[
        RuleExample("two grades", {"layer": [{"wkt": SMALL_SQUARE_WKT, "key": "1", "feature_name": "适宜"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "feature_name": "不适宜"}]},
                roles={"layer": "CZJSSYXPJJG"}),
        RuleExample("all different, a gap", {"layer": [{"wkt": SMALL_SQUARE_WKT, "key": "1"}, {"wkt": OTHER_SQUARE_WKT, "key": "3"}]}),
        RuleExample("parcels have numbers of their own", {"layer": [{"wkt": SMALL_SQUARE_WKT, "key": "1", "YJJBNTTBBH": "7"}, {"wkt": OTHER_SQUARE_WKT, "key": "2", "YJJBNTTBBH": "8"}]},
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
                ctx.make_row_finding(layer, p, field=field, case="missing", geometry=layer.plane_shapes[p])
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


def _report_constant_value(layer: Layer, name: str, case: str) -> Iterator[Finding]:
    """Yield a warning if all rows have the same value in a field.

    It yields nothing for a layer with fewer than two rows, without the field, or with blank values only.
    """
    template_field = layer.template.find_field_by_name(name)
    values = set(layer.get_texts_by_name(name)) if template_field is not None else set()
    if template_field is not None and len(layer) > 1 and len(values) == 1 and values != {""}:
        yield Finding(
            layer.role,
            field=template_field.name,
            case=case,
            severity=Severity.WARNING,
            params={"count": len(layer), "value": values.pop()},
        )


#: Digits of the county with which a key begins; letters may follow.
_DIGIT_COUNT = 6


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
        RuleExample("too short", make_example(key="1402250001", division_code="140225"), finds=1),
        RuleExample("another county's", make_example(key="140226000000000001", division_code="140225"), finds=1),
        RuleExample("full-width digits", make_example(key="１４０２２５000000000001", division_code="140225"), finds=1),
    ],
    passes=[
        RuleExample("county, 0000, running number", make_example(key="140225000000000001", division_code="140225")),
        RuleExample(
            "county, layer code, running number", make_example(key="140225200500000001", division_code="140225")
        ),
        RuleExample(
            "another county of the city",
            make_example(key="140226000000000001", division_code="140225"),
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
        return ValueProblem(
            case,
            {
                "value": key,
                "count": len(key),
                "length": BSM_LENGTH,
                "head": key[: len(county_digits)],
                "county": county_digits,
            },
        )

    return list(make_findings_of_wrong_values(ctx, layer, layer.get_field_name("key"), layer.keys, find_key_problem))


FIRST_KEY, SECOND_KEY = "140225000000000001", "140225000000000002"
#: Numbers named in the message on a whole layer.
MAX_LISTED_KEYS = 5


def _make_plan_with_two_keys(first: str, second: str) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: a key in the red line and one in the boundary."""
    return {
        "red_line": [{"wkt": SMALL_SQUARE_WKT, "key": first}],
        "boundary": [{"wkt": SMALL_SQUARE_WKT, "key": second}],
    }


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
                {"red_line": [{"wkt": SMALL_SQUARE_WKT, "key": FIRST_KEY}, {"wkt": SMALL_SQUARE_WKT, "key": SECOND_KEY}],
                 "boundary": [{"wkt": SMALL_SQUARE_WKT, "key": FIRST_KEY}, {"wkt": SMALL_SQUARE_WKT, "key": SECOND_KEY}]},
                finds=1, parameters={"listed_count": 1}),
    ],
    passes=[
        RuleExample("all different", _make_plan_with_two_keys(FIRST_KEY, SECOND_KEY)),
        RuleExample("twice in one layer is ATT001's", {
            "red_line": [{"wkt": SMALL_SQUARE_WKT, "key": FIRST_KEY}, {"wkt": SMALL_SQUARE_WKT, "key": FIRST_KEY}],
            "boundary": [{"wkt": SMALL_SQUARE_WKT, "key": SECOND_KEY}]}),
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
            result.findings.append(
                Finding(
                    layer.role,
                    related_role=owner.role,
                    field=layer.get_field_name("key"),
                    case="many",
                    params={
                        "count": len(keys),
                        "keys": keys[:MAX_LISTED_KEYS],
                        "more": " …" if len(keys) > MAX_LISTED_KEYS else "",
                    },
                )
            )
            continue
        for key, position in sorted(shared_keys, key=lambda pair: pair[1]):
            result.findings.append(
                ctx.make_row_finding(
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
    layer_counts: Counter[str] = Counter()
    for layer in layers:
        ctx.cancellation.raise_if_cancelled()
        layer_counts.update(set(layer.keys))
    repeated_keys = {key for key, count in layer_counts.items() if key and count > 1}
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
            "both ways in one layer",
            make_example({"key": "140225000000000001"}, {"key": "140225200500000001"}),
            finds=1,
        )
    ],
    passes=[
        RuleExample("county + 0000", make_example({"key": "140225000000000001"}, {"key": "140225000000000002"})),
        RuleExample("county + layer code", make_example({"key": "140225200500000001"}, {"key": "140225200500000002"})),
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
    return [
        Finding(
            layer.role,
            field=layer.get_field_name("key"),
            params={
                "filled": len(zero_filled_keys),
                "filled_key": zero_filled_keys[0],
                "coded": len(layer_coded_keys),
                "coded_key": layer_coded_keys[0],
            },
        )
    ]


FIRST_VILLAGE, SECOND_VILLAGE = "1402251002000000000", "1402251002010000000"
#: Numbers named in the message on a whole layer.
MAX_LISTED_NUMBERS = 5
#: Rows with one number whose shapes are compared in pairs, and the shared part from which two shapes are the same.
MAX_COMPARED_ROWS, SAME_PLACE_SHARE = 20, 0.999


def _make_plan_with_parcels(*parcels: tuple[str, str]) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: one parcel for each pair of village code and parcel number."""
    return {"layer": [{"wkt": SMALL_SQUARE_WKT, "ZLDWDM": village, "TBBH": number} for village, number in parcels]}


PARCELS, UNITS = {"layer": "DLTB"}, {"layer": "ZXCQXXGHBZDY"}


@rule(
    "ATT024",
    "parcel-numbers",
    problem="A number is used several times",
    severity=Severity.WARNING,
    basis=["survey-2020"],
    uses=["attributes.unique_numbers"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer}: in {location}, {field} {value} is used for {count} parcels ({rows}{more}), so it does not "
        "identify one parcel. Delete parcels that repeat the same land; of the others, keep the number that agrees "
        "with {authority} and assign numbers that are free in the village to the rest{free_fact}.",
        "layer": "{layer}: {field} {value} is used for {count} features ({rows}{more}), so it does not identify one "
        "feature. Delete features that repeat the same land; of the others, keep the value that agrees with "
        "{authority} and assign unused values to the rest.",
        "many": "{layer}: {count} numbers in {field} are used several times ({numbers}{more}){places_fact}, so they do "
        "not identify one feature. Correct them from {authority}; where it has no number, assign an unused one.",
        "apart": "{layer}: in {location}, {field} {value} is used for {count} parcels ({rows}{more}) that do not "
        "overlap, so it does not identify one parcel. Keep the number that agrees with {authority}, and assign "
        "numbers that are free in the village to the rest{free_fact}.",
        "same_place": "{layer}: in {location}, {field} {value} is used for {count} parcels ({rows}{more}) with the "
        "same shape, which were entered twice. Compare with {authority}, keep the one with the right attributes, and "
        "delete the others.",
        "layer_apart": "{layer}: {field} {value} is used for {count} features ({rows}{more}) that do not overlap, so "
        "it does not identify one feature. Keep the value that agrees with {authority}, and assign unused values to "
        "the rest.",
        "layer_same_place": "{layer}: {field} {value} is used for {count} features ({rows}{more}) with the same "
        "shape, which were entered twice. Compare with {authority}, keep the one with the right attributes, and "
        "delete the others.",
    },
    fails=[
        RuleExample("one number twice in a village", _make_plan_with_parcels((FIRST_VILLAGE, "7"), (FIRST_VILLAGE, "7")), finds=1, roles=PARCELS),
        RuleExample("a number with the county's code in two villages", _make_plan_with_parcels((FIRST_VILLAGE, "14022500000001"), (SECOND_VILLAGE, "14022500000001")),
                finds=1, roles=PARCELS),
        RuleExample("two units of one number", make_example({"feature_name": "HY-01"}, {"feature_name": "HY-01"}, {"feature_name": "HY-02"}), finds=1, roles=UNITS),
        RuleExample("reported once for a whole layer",
                _make_plan_with_parcels(*[(village, "7") for village in (FIRST_VILLAGE, SECOND_VILLAGE) for _ in range(2)]),
                finds=1, parameters={"listed_count": 1}, roles=PARCELS),
    ],
    passes=[
        RuleExample("one number in two villages", _make_plan_with_parcels((FIRST_VILLAGE, "7"), (SECOND_VILLAGE, "7")), roles=PARCELS),
        RuleExample("blank numbers", _make_plan_with_parcels((FIRST_VILLAGE, ""), (FIRST_VILLAGE, "")), roles=PARCELS),
        RuleExample("blank villages", _make_plan_with_parcels(("", "7"), ("", "7")), roles=PARCELS),
        RuleExample("units of different numbers", make_example({"feature_name": "HY-01"}, {"feature_name": "HY-02"}), roles=UNITS),
    ],
)  # fmt: skip
def parcel_numbers(layer: Layer, *, ctx: RuleContext, listed_count: float = 100) -> RuleResult:
    """Numbers of parcels and units are used once.

    What it checks
        Fields of numbers (`attributes.unique_numbers`): 图斑编号 of the survey's parcels and of 永久基本农田 is used once in each
        坐落单位代码 (ZLDWDM), or once in the layer if it begins with the county's code; the name of a 详细规划编制单元 once in its
        layer. A layer with more than `listed_count` repeated numbers gets one finding for all of them.
    Why
        The survey numbers the parcels of each village from 1 on; tables, certificates and field records name a
        parcel by village and number.
    How to fix
        Keep the number for one feature and assign the next free number to the others.
    Limits
        Only the listed fields: 图斑编号 (TBBH) in farmland layers is that of the parcel that they are part of. The survey's
        regulations were not read (mark C). Blank numbers and villages are not compared. Runs by default for a whole
        county (scope county), else if the rule or its group attributes is selected.
    """
    import pandas as pd

    result = RuleResult(is_applicable=False)
    for line in ctx.norm.get("attributes.unique_numbers"):
        role, field, *within = line.split()
        field_names = [field, *within]
        if role != layer.role or any(layer.get_column_by_name(name) is None for name in field_names):
            continue
        result.is_applicable = True
        values = pd.DataFrame({name: layer.get_texts_by_name(name) for name in field_names})
        values = values[(values != "").all(axis=1)]
        if len(field_names) > 1:
            # A number that begins with the county's code is not counted village by village.
            has_county = [
                _is_county_number(number, place) for number, place in values[field_names[:2]].itertuples(index=False)
            ]
            values.loc[has_county, field_names[1]] = values.loc[has_county, field_names[1]].str[:COUNTY_DIGITS]
        rows_by_number: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for row, *numbers in values[values.duplicated(keep=False)].itertuples(name=None):
            rows_by_number[tuple(numbers)].append(row)
        rows_by_number = dict(sorted(rows_by_number.items(), key=lambda item: item[0][::-1]))
        if len(rows_by_number) > listed_count:
            repeated_numbers = list(rows_by_number)
            distinct_numbers = list(dict.fromkeys(numbers[0] for numbers in repeated_numbers))
            params = {
                "count": len(repeated_numbers),
                "numbers": distinct_numbers[:MAX_LISTED_NUMBERS],
                "more": " …" if len(distinct_numbers) > MAX_LISTED_NUMBERS else "",
            }
            of_places = [
                numbers for numbers in repeated_numbers if len(numbers) > 1 and not _is_county_number(*numbers[:2])
            ]
            if len(of_places) == len(repeated_numbers):
                params["shown"] = {"noted": {"places_fact": {"count": len({numbers[1] for numbers in of_places})}}}
            result.findings.append(Finding(layer.role, field=field, case="many", params=params))
        else:
            result.findings += [
                _make_number_finding(layer, field, numbers, layer.sort_rows(rows), ctx)
                for numbers, rows in rows_by_number.items()
            ]
    return result


def _is_county_number(number: str, division_code: str) -> bool:
    """Return True if a number begins with the code of its county, so that it is counted in the whole county."""
    return number.startswith(division_code[:COUNTY_DIGITS]) and len(number) > COUNTY_DIGITS


def _make_number_finding(
    layer: Layer, field: str, numbers: tuple[str, ...], rows: list[int], ctx: RuleContext
) -> Finding:
    """Return the finding on the rows that have one number.

    ``numbers``: the number and, if it is used once within a place only, the code of the place.
    """
    params = {"value": numbers[0], **make_row_list_params(layer, rows)}
    is_of_place = len(numbers) > 1 and not _is_county_number(*numbers[:2])
    if is_of_place:
        village_code = params["location"] = numbers[1]
        name_field = f"{layer.get_field_name('location_code').removesuffix(CODE_SUFFIX)}{NAME_SUFFIX}"
        if name := layer.get_texts_by_name(name_field)[rows[0]]:
            params["shown"]["location"] = f"{village_code} {name}"
        village_numbers = [
            int(number)
            for number, code in zip(layer.get_texts_by_name(field), layer.text("location_code"), strict=True)
            if code == village_code and number.isascii() and number.isdecimal()
        ]
        if village_numbers:
            params["shown"]["noted"] = {"free_fact": {"largest": max(village_numbers)}}
    if variant := _compare_places(layer, rows, ctx):
        params["shown"]["variant"] = variant
    shapes = shapely.get_parts(layer.plane_shapes[rows][~mask_missing_shapes(layer.plane_shapes[rows])])
    return ctx.make_row_finding(
        layer,
        rows[0],
        case="" if is_of_place else "layer",
        field=field,
        params=params,
        geometry=shapely.multipolygons(shapes[shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON]),
        related_role=layer.role,
        related_keys=[layer.keys[row] for row in rows[1:]],
    )


def _compare_places(layer: Layer, rows: list[int], ctx: RuleContext) -> str:
    """Return ``apart`` if no two rows share land, ``same_place`` if all cover the same land, else an empty text."""
    shapes = layer.plane_shapes[rows]
    if len(rows) > MAX_COMPARED_ROWS or layer.invalid_rows[rows].any() or mask_missing_shapes(shapes).any():
        return ""
    pairs = list(combinations(shapes.tolist(), 2))
    shared = np.array([first.intersection(second).area for first, second in pairs])
    if (shared <= ctx.tolerance.min_area_m2).all():
        return "apart"
    largest = np.array([max(first.area, second.area) for first, second in pairs])
    return "same_place" if (shared >= SAME_PLACE_SHARE * largest).all() else ""
