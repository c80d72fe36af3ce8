# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...engine.context import Context
from ...geometry.validity import is_missing
from ...indicators.area_backing import (
    ALLOWANCE_SHARE,
    GROSS,
    MEANINGS,
    NET,
    ROW_ALLOWANCE,
    LandBacking,
    compare_with_land,
    find_county_excess,
    square_metres,
)
from ...indicators.survey_deductions import DEDUCTION_ALLOWANCE, SurveyDeductions, survey_deductions
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
NEXT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
THIRD = "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"
#: Statutory area of each square at the place of the examples, in m²: 100 km from the meridian the plane shows 0.025 %
#: too much.
SQUARE_M2 = 9997.55
#: Places that are not townships; `Texts` has their names.
WHOLE, OUTSIDE = "whole_county", "outside_townships"
COUNTY = {"wkt": "POLYGON ((0 0, 300 0, 300 100, 0 100, 0 0))", "division_code": "140225", "division_name": "甲县"}
TOWNS = [
    {"wkt": SQUARE, "division_code": "140225100", "division_name": "甲镇"},
    {
        "wkt": "POLYGON ((100 0, 300 0, 300 100, 100 100, 100 0))",
        "division_code": "140225101",
        "division_name": "乙乡",
    },
]


def _field(wkt: str, gross: float | None, net: float | None = None) -> dict[str, object]:
    return {"wkt": wkt, "gross_area": gross, "net_area": net}


SURVEY = [
    {**_field(wkt, SQUARE_M2, 0.9 * SQUARE_M2), "land_use": "0103", "deduction_rate": 0.1} for wkt in (SQUARE, NEXT)
]


@rule(
    "ATT022",
    "area-field-sums",
    problem="Area fields sum to another area than the shapes",
    severity=Severity.WARNING,
    basis=["A10"],
    uses=[ALLOWANCE_SHARE, ROW_ALLOWANCE, DEDUCTION_ALLOWANCE],
    needs={
        # A layer without area fields has no sums; SCH002 reports missing fields.
        "layer": Need(EACH),
        "townships": Need("townships", optional=True),
        "county": Need("county", optional=True),
        "parcels": Need("parcels", optional=True),
    },
    messages={
        "": "{layer}, {place}: {field} sums to {actual} m², the statutory areas of the same features to {expected} m²: difference {difference} m² ({share} %), features that differ: {count}. {reason}Compute the field again from the shapes; figures summed from it are not confirmed.",
        "net": "{layer}, {place}: {field} exceeds the gross area by {difference} m² in total (net {actual} m², gross {expected} m²); features: {count}. {reason}Correct gross area, deduction and net area; figures summed from it are not confirmed.",
        "unit": "{layer}, {place}: {field} sums to {actual} m², the gross area to {expected} m². {reason}Enter the field in m²; figures summed from it are not confirmed.",
        "county": "{layer}: {field} sums to {actual} m², which exceeds the county's area ({related_layer}, {expected} m²) by {difference} m². Remove duplicate features and compute the field again; figures summed from it are not confirmed.",
        "deduction": "{layer}, {place}: {field} sums to {actual} m²; with the deductions of {related_layer} on the same land it would be {expected} m²: {difference} m² ({share} %) too much, features: {count}. Copy deduction rate and area from the survey's parcels and compute the net area again; figures summed from it are not confirmed.",
        "blank": "{layer}: {field} is empty on some features ({count} of {rows}) with a statutory area of {expected} m² in total; sums of the field omit that land. Compute the field from the shapes.",
    },
    fails=[
        Example("twelve times the land", {"layer": [_field(SQUARE, 12 * SQUARE_M2), _field(NEXT, 12 * SQUARE_M2)]}, finds=1,
                roles={"layer": "GDBHMB"}),
        Example("a tenth of the land", {"layer": [_field(SQUARE, SQUARE_M2 / 10)]}, finds=1, roles={"layer": "GDBHMB"}),
        Example("errors of two townships that cancel out", {"layer": [_field(SQUARE, SQUARE_M2 + 500),
                {**_field("POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", 5300)}, _field(NEXT, SQUARE_M2 - 500), _field(THIRD, SQUARE_M2 - 300)],
                "townships": TOWNS}, finds=2, roles={"layer": "GDBHMB"}),
        Example("net above gross", {"layer": [_field(SQUARE, SQUARE_M2, 1.5 * SQUARE_M2)]}, finds=1, roles={"layer": "GDBHMB"}),
        Example("net in 亩", {"layer": [_field(SQUARE, SQUARE_M2, 14.99), _field(NEXT, SQUARE_M2, 14.98)]}, finds=1,
                roles={"layer": "XZYDYH"}),
        Example("more than the county", {"layer": [_field(COUNTY["wkt"], 3 * SQUARE_M2), _field(SQUARE, SQUARE_M2)], "county": [COUNTY]},
                finds=1, roles={"layer": "GDBHMB"}),
        Example("deductions of the survey left out", {"layer": [_field(SQUARE, SQUARE_M2, SQUARE_M2), _field(NEXT, SQUARE_M2, SQUARE_M2)],
                "parcels": SURVEY}, finds=1, roles={"layer": "GDBHMB", "parcels": "DLTB"}),
        Example("a row without an area", {"layer": [{"wkt": SQUARE, "area": None}, {"wkt": NEXT, "area": SQUARE_M2}]}, finds=1,
                roles={"layer": "STBHHX"}),
        Example("no area at all", {"layer": [{"wkt": SQUARE, "area": None}]}, finds=1, roles={"layer": "STBHHX"}),
    ],
    passes=[
        Example("deductions as in the survey", {"layer": [_field(SQUARE, SQUARE_M2, 0.9 * SQUARE_M2), _field(NEXT, SQUARE_M2, 0.9 * SQUARE_M2)],
                "parcels": SURVEY}, roles={"layer": "GDBHMB", "parcels": "DLTB"}),
        Example("as drawn", {"layer": [_field(SQUARE, SQUARE_M2, 9000.0), _field(NEXT, SQUARE_M2, 9100.0)]}, roles={"layer": "GDBHMB"}),
        Example("one row of many: ATT013's", {"layer": [_field(SQUARE, SQUARE_M2 + 8), _field(NEXT, SQUARE_M2), _field(THIRD, SQUARE_M2)],
                "townships": TOWNS}, roles={"layer": "GDBHMB"}),
        Example("blank next to a net area is reported by ATT003", {"layer": [_field(SQUARE, None), _field(NEXT, SQUARE_M2)]}, roles={"layer": "GDBHMB"}),
        Example("no shape, no area", {"layer": [{"wkt": "POLYGON EMPTY", "area": None}]}, roles={"layer": "STBHHX"}),
        Example("a wider allowance", {"layer": [_field(SQUARE, 10_500.0)]}, roles={"layer": "GDBHMB"},
                settings={"rules.ATT022.allowance_share": 0.1}),
    ],
)  # fmt: skip
def area_field_sums(
    layer: Layer,
    townships: Layer | None,
    county: Layer | None,
    parcels: Layer | None,
    *,
    ctx: Context,
    allowance_share: float = 0.001,
    allowance_deduction_share: float = 0.001,
) -> RuleResult:
    """Sums of area fields equal the land.

    What it checks
        By layer, township and county: the sum of 面积, 图斑面积 and 调查面积, compared with the statutory area of the
        same shapes, within `allowance_share`; net area (图斑地类面积, 永久基本农田面积) never exceeds gross area; no
        layer sums to more than the county. Net area of 永久基本农田 and 耕地保护目标 is compared with the deductions
        of the survey (地类图斑) on the same land, within `allowance_deduction_share`. Polygons of a layer without net
        area have a value in the area field.
    Why
        Targets, indicators and tables are sums of these fields. Fields multiplied by the same factor agree with each
        other and show land that does not exist: such figures are not confirmed, and no target counts as met by them.
    How to fix
        Compute the field again from the shapes (“Statutory area”), then deduction and net area; check the unit of
        imported tables.
    Limits
        The allowance is a setting (C). ATT013 compares rows: one wrong row is a finding here only if it changes the
        layer's sum. Other rules report invalid shapes. ATT003 reports net areas that are too small, and blank gross
        areas of layers with a net area. A feature has the deduction of the cultivated parcel at a point on it. The
        county is compared with layers that never overlap and with the layers that targets are read from.
        DOC023 compares the classes of yearly maintenance feature by feature.
    """
    result = RuleResult(applicable=False)
    usable = ~(layer.invalid | is_missing(layer.plane))
    for meaning in MEANINGS:
        found = compare_with_land(layer, meaning, ctx, exact=False)
        rows = usable & found.there if found is not None else usable
        if found is None or not rows.any():
            continue
        result.applicable = True
        if found.within(allowance_share).clearly_agrees(rows):
            continue
        found = compare_with_land(layer, meaning, ctx)
        if found is not None:
            result.findings += _sums(layer, meaning, found.within(allowance_share), rows)
    blanks = list(_blanks(layer, usable, ctx))
    result.applicable |= bool(blanks)
    result.findings += blanks
    more = find_county_excess(layer, ctx)
    if more is not None and county is not None and not any(f.case == "" for f in result.findings):
        meaning, total, whole = more
        params = {"actual": round(total, 2), "expected": round(whole, 2), "difference": round(total - whole, 2)}
        finding = Finding(layer.role, case="county", field=layer.field_name(meaning), params=params)
        finding.related_role = county.role
        result.findings.append(finding)
    if not any(f.field == layer.field_name(NET) for f in result.findings):
        result.findings += _deductions(layer, allowance_deduction_share, ctx)
    return result


def _blanks(layer: Layer, usable: NDArray, ctx: Context) -> Iterator[Finding]:
    """Yield a finding where polygons have no value in the layer's gross fields.

    ATT003 reports blank gross fields of layers with net fields.
    """
    maintenance = ctx.norm.standard.maintenance
    if maintenance is not None and layer.role in maintenance.roles:
        # Their area fields are as filed, or computed on writing; DOC023 compares them feature by feature.
        return
    there = [meaning for meaning in GROSS if layer.has(meaning)]
    if layer.template.geometry != "polygon" or not there or (layer.has("gross_area") and layer.has(NET)):
        return
    blank = usable & np.logical_and.reduce([np.isnan(square_metres(layer, meaning)) for meaning in there])
    if not blank.any():
        return
    layer.measure(ctx.cancellation)
    params = {
        "count": int(blank.sum()),
        "rows": len(layer),
        "expected": round(float(np.nan_to_num(layer.statutory)[blank].sum()), 2),
    }
    yield Finding(layer.role, case="blank", field=layer.field_name(there[0]), params=params)


def _deductions(layer: Layer, share: float, ctx: Context) -> Iterator[Finding]:
    """Yield findings where the net area exceeds that of the survey.

    There is one finding on the layer if its total exceeds, else one on each township.
    """
    found = survey_deductions(layer, ctx)
    if found is None:
        return
    found = replace(found, share=share)
    if found.exceeds(lambda values: np.array([values.sum()])).any():
        yield _deduction(layer, found, found.there, WHOLE)
        return
    for town in np.flatnonzero(found.exceeds(found.by_town(found.there))).tolist():
        named = town < len(found.towns)
        rows = found.there & (found.town == (town if named else -1))
        yield _deduction(layer, found, rows, found.towns[town] if named else OUTSIDE)


def _deduction(layer: Layer, found: SurveyDeductions, rows: NDArray, place: str) -> Finding:
    actual, expected = float(found.net[rows].sum()), float(found.expected[rows].sum())
    params = {
        "place": place,
        "actual": round(actual, 2),
        "expected": round(expected, 2),
        "difference": round(actual - expected, 2),
        "share": round(100 * (actual - expected) / expected, 2) if expected else 0.0,
        "count": int(found.wrong[rows].sum()),
    }
    finding = Finding(layer.role, case="deduction", field=layer.field_name(NET), params=params)
    finding.related_role = found.parcels.role
    finding.township = "" if place in (WHOLE, OUTSIDE) else place
    return finding


def _sums(layer: Layer, meaning: str, found: LandBacking, rows: NDArray) -> Iterator[Finding]:
    """Yield findings where the sum of a field differs from the land.

    There is one finding on the layer if all townships differ, else one on each township.
    """
    if meaning == NET and found.unit:
        yield _finding(layer, "unit", found, rows)
        return
    which = 1 if meaning == NET else 0
    case = "net" if meaning == NET else ""
    whole = found.differs(lambda values: np.array([values[rows].sum()]))[which][0]
    add = found.by_town(rows)
    is_different = found.differs(add)[which]
    there = add(found.there.astype(float)) > 0
    if whole and (not is_different.any() or bool((is_different == there).all())):
        yield _finding(layer, case, found, rows)
        return
    bad = is_different if whole else found.differing_towns(rows)[which]
    for town in np.flatnonzero(bad).tolist():
        named = town < len(found.towns)
        own = rows & (found.town == (town if named else -1))
        yield _finding(layer, case, found, own, found.towns[town] if named else OUTSIDE)


def _finding(layer: Layer, case: str, found: LandBacking, rows: NDArray, place: str = WHOLE) -> Finding:
    gross = found.meaning in GROSS
    actual = float(found.written[rows].sum() if gross else found.values[rows].sum())
    expected = float((found.drawn if gross else found.written)[rows].sum())
    difference = actual - expected if case != "net" else float(found.beyond[rows].sum())
    params = {
        "place": place,
        "actual": round(actual, 2),
        "expected": round(expected, 2),
        "difference": round(difference, 2),
        "share": round(100 * difference / expected, 2) if expected else 0.0,
        "count": int(found.wrong[rows].sum()),
        "reason": f"area_unit_{found.unit}" if found.unit else "",
    }
    finding = Finding(layer.role, case=case, field=layer.field_name(found.meaning), params=params)
    finding.township = "" if place in (WHOLE, OUTSIDE) else place
    return finding
