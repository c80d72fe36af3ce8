# SPDX-License-Identifier: GPL-2.0-or-later
from collections import defaultdict
from itertools import combinations
from typing import Any

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...geometry.validity import mask_missing_shapes
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import make_row_list_params

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
FIRST_VILLAGE, SECOND_VILLAGE = "1402251002000000000", "1402251002010000000"
#: Digits of a county's code, at the beginning of places and of some numbers.
COUNTY_DIGITS = 6
#: Numbers named in the message on a whole layer.
MAX_LISTED_NUMBERS = 5
#: Rows with one number whose shapes are compared in pairs, and the shared part from which two shapes are the same.
MAX_COMPARED_ROWS, SAME_PLACE_SHARE = 20, 0.999
#: Ends of the names of a field with a code, and of the field with its name: ZLDWDM and ZLDWMC.
CODE_SUFFIX, NAME_SUFFIX = "DM", "MC"


def _make_plan_with_parcels(*parcels: tuple[str, str]) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: one parcel for each pair of village code and parcel number."""
    return {"layer": [{"wkt": SQUARE_WKT, "ZLDWDM": village, "TBBH": number} for village, number in parcels]}


def _make_plan_with_units(*unit_names: str) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: one detailed-planning unit for each name."""
    return {"layer": [{"wkt": SQUARE_WKT, "feature_name": name} for name in unit_names]}


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
        RuleExample("two units of one number", _make_plan_with_units("HY-01", "HY-01", "HY-02"), finds=1, roles=UNITS),
        RuleExample("reported once for a whole layer",
                _make_plan_with_parcels(*[(village, "7") for village in (FIRST_VILLAGE, SECOND_VILLAGE) for _ in range(2)]),
                finds=1, parameters={"listed_count": 1}, roles=PARCELS),
    ],
    passes=[
        RuleExample("one number in two villages", _make_plan_with_parcels((FIRST_VILLAGE, "7"), (SECOND_VILLAGE, "7")), roles=PARCELS),
        RuleExample("blank numbers", _make_plan_with_parcels((FIRST_VILLAGE, ""), (FIRST_VILLAGE, "")), roles=PARCELS),
        RuleExample("blank villages", _make_plan_with_parcels(("", "7"), ("", "7")), roles=PARCELS),
        RuleExample("units of different numbers", _make_plan_with_units("HY-01", "HY-02"), roles=UNITS),
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
            dots = " …" if len(distinct_numbers) > MAX_LISTED_NUMBERS else ""
            params = {"count": len(repeated_numbers), "numbers": distinct_numbers[:MAX_LISTED_NUMBERS], "more": dots}
            of_places = [
                numbers for numbers in repeated_numbers if len(numbers) > 1 and not _is_county_number(*numbers[:2])
            ]
            if len(of_places) == len(repeated_numbers):
                places = {numbers[1] for numbers in of_places}
                params["shown"] = {"noted": {"places_fact": {"count": len(places)}}}
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
        params["location"] = numbers[1]
    shapes = shapely.get_parts(layer.plane_shapes[rows][~mask_missing_shapes(layer.plane_shapes[rows])])
    polygons = shapes[shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON]
    finding = ctx.finding_maker.make_row_finding(
        layer,
        rows[0],
        case="" if is_of_place else "layer",
        field=field,
        params=params,
        geometry=shapely.multipolygons(polygons),
        related_role=layer.role,
        related_keys=[layer.keys[row] for row in rows[1:]],
    )
    if is_of_place:
        village_code = numbers[1]
        shown: dict[str, Any] = {}
        name_field = f"{layer.get_field_name('location_code').removesuffix(CODE_SUFFIX)}{NAME_SUFFIX}"
        if layer.get_column_by_name(name_field) is not None and (name := layer.get_texts_by_name(name_field)[rows[0]]):
            shown["location"] = f"{village_code} {name}"
        village_numbers = [
            int(number)
            for number, code in zip(layer.get_texts_by_name(field), layer.text("location_code"), strict=True)
            if code == village_code and number.isascii() and number.isdecimal()
        ]
        if village_numbers:
            shown["noted"] = {"free_fact": {"largest": max(village_numbers)}}
        finding.params["shown"] |= shown
    if variant := _compare_places(layer, rows, ctx):
        finding.params["shown"]["variant"] = variant
    return finding


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
