# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ...engine.context import Context
from ...indicators.area_backing import ALLOWANCE_SHARE, ROW_ALLOWANCE
from ...indicators.areas import LAND, WARNING_SHARE, mark_unbacked, only_by_field
from ...indicators.survey_deductions import DEDUCTION_ALLOWANCE, find_rows_below
from ...indicators.townships import townships_of
from ...invariants import require_value
from ...messages.texts import IndicatorName, format_number
from ...model.findings import Finding
from ...model.indicator import BROKEN, CLOSE, SIGNS, Indicator, compare_area_with_target, convert_area
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...profile.figures import TownshipTask, township_tasks
from ...target_allocation.by_township import (
    LEAST_SHARE,
    ByTownship,
    RowCodes,
    check_row_codes,
    compute_by_township,
    match_townships,
)
from .._places import is_reported_elsewhere

TOWN = {"wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "division_code": "140225100", "division_name": "甲镇"}
NEXT = {
    "wkt": "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))",
    "division_code": "140225101",
    "division_name": "乙乡",
}
#: Nine tenths of its area are net: a field in both townships, with the larger part in the first.
FIELD = {"wkt": "POLYGON ((25 0, 125 0, 125 100, 25 100, 25 0))", "gross_area": 10000.0, "net_area": 9000.0}
WITH_CODE = {**FIELD, "location_code": "1402251012000000000"}
#: Place outside all townships; `Texts` has its name. Places and keys that a message names.
OUTSIDE, _NAMED = "outside_townships", 3
#: Digits of a township's code; villages have more digits, and may share a name.
_TOWN_DIGITS = 9


@rule(
    "LAW004",
    "township-targets",
    problem="A township misses its target, or parcels belong elsewhere",
    basis=["handed-down", "plan-review"],
    needs={
        "townships": Need("townships", optional=True),
        "farmland": Need("farmland", optional=True),
        "cultivated": Need("cultivated", optional=True),
        "red_line": Need("red_line", optional=True),
        "boundary": Need("boundary", optional=True),
        "parcels": Need("parcels", optional=True),
    },
    uses=["rules.ATT003", ALLOWANCE_SHARE, ROW_ALLOWANCE, DEDUCTION_ALLOWANCE, LEAST_SHARE],
    messages={
        "broken": "{indicator} of {town} is {value} {unit}, its target is {comparison} {target} {unit}: difference {miss} {unit}. Correct {layer} there, or the target with its document.",
        "rounding": "{indicator} of {town} is {value} {unit}, its target is {comparison} {target} {unit}: difference {miss} {unit}, within half of the last printed digit. Make {layer} and the target agree.",
        "field": "{indicator} of {town} is {value} {unit} by {field}, but {land} {unit} by the shapes of the same features; its target is {comparison} {target} {unit}: difference {miss} {unit}. The target is met only within the allowance for area sums (ATT022) and is not confirmed. Compute {field} again from the shapes, or correct the layer.",
        "misplaced": "{layer}: {field} names {town}, but the features are located elsewhere ({place}); features: {count} ({area}), for example {keys}. They count in the township where they are located. Correct {field}, or the shapes.",
        "code_twice": "{layer}: townships with different names have the same {field} {code}: {count} ({names}). Assign a separate code to each township.",
        "name_twice": "{layer}: townships with different codes have the same {field} “{name}”: {count} ({codes}). Correct {field}, or the codes.",
        "exchanged": "{layer}: in township {town} ({code}), features of {related_layer} name {other} ({other_code}) in {field}; features: {count}. Correct code and name of the township, or {field}.",
        "foreign": "{layer}: {field} names another county ({codes}); features: {count} ({area}), for example {keys}. They count in this county ({area_code}). Correct {field}, or remove them.",
    },
    fails=[
        Example("a township short of net farmland", {"townships": [TOWN, NEXT], "farmland": [FIELD]}, finds=1,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "0.70", "ha")]}),
        Example("the row's own code comes before its place", {"townships": [TOWN, NEXT], "farmland": [WITH_CODE]}, finds=1,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "0.60", "ha")]}),
        Example("one task missed, one of a township that the map has not", {"townships": [TOWN], "red_line": [FIELD["wkt"]]}, finds=1,
                side={"targets": [("", "甲镇", "red_line_area", ">=", "0.80", "ha"), ("", "丙镇", "red_line_area", ">=", "0.10", "ha")]}),
        Example("a row in one township with the code of the next", {"townships": [TOWN, NEXT], "farmland": [{**WITH_CODE, "wkt": TOWN["wkt"]}]}, finds=1,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "0.60", "ha")]}),
        Example("a row with the code of another county", {"townships": [TOWN, NEXT], "farmland": [{**FIELD, "location_code": "1402231002010000000"}]},
                finds=1),
        Example("two townships with one code", {"townships": [TOWN, {**NEXT, "division_code": "140225100"}]}, finds=1),
        Example("two townships with one name", {"townships": [TOWN, {**NEXT, "division_name": "甲镇"}]}, finds=1),
        Example("codes of two townships exchanged", {"townships": [TOWN, NEXT], "farmland": [{**WITH_CODE, "wkt": TOWN["wkt"]},
                {**WITH_CODE, "wkt": NEXT["wkt"], "location_code": "1402251002000000000"}]}, finds=2),
    ],
    passes=[
        Example("met by the net area of its part", {"townships": [TOWN, NEXT], "farmland": [FIELD]},
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "0.60", "ha"),
                                    ("140225101", "乙乡", "farmland_area", ">=", "0.20", "ha")]}),
        Example("no table of tasks", {"townships": [TOWN], "farmland": [FIELD]}),
        Example("a township in two parts", {"townships": [TOWN, {**TOWN, "wkt": NEXT["wkt"]}], "farmland": [FIELD]}),
    ],
)  # fmt: skip
def township_targets(
    townships: Layer | None,
    farmland: Layer | None,
    cultivated: Layer | None,
    red_line: Layer | None,
    boundary: Layer | None,
    parcels: Layer | None,
    *,
    ctx: Context,
) -> RuleResult:
    """Townships meet the targets allocated to them.

    What it checks
        永久基本农田 and 耕地 (net area), 生态保护红线 and 城镇开发边界 (statutory area) of each township, compared
        with the table of township tasks (TARGETS). With or without that table: townships have unique codes and names,
        and 永久基本农田, 耕地保护目标 and 地类图斑 are in the township and county that their rows name.
    Why
        A county allocates its targets to the townships with their places; each must meet its own target, not only
        their sum.
    How to fix
        Correct the layer in that township; if the target is wrong, correct the table with its document.
    Limits
        Farmland counts in the township that its row names (ZLDWDM, else XZQDM); without a name, and for the other two
        layers, the geometry decides: shared ÷ row × net area. A row of which less than
        `indicators.least_township_share` (C) is in the named township counts where it is located, and is reported; if
        most rows of two townships name the other one, the townships are reported. Without a table, LAW010 reports
        rows on parcels that are not cultivated; TOP003 reports rows outside all townships. A shortfall within half of
        the last printed digit is a rounding difference (取整差).
    """
    tasks = township_tasks(ctx.side)
    if not tasks.tasks:
        codes = [*_not_unique(townships, ctx), *_codes((farmland, cultivated, parcels), ctx)]
        return RuleResult(codes, applicable=bool(codes), notes=[("tasks_not_given", {})])
    given = townships_of(ctx)
    result = RuleResult([*_not_unique(townships, ctx), *_codes((farmland, cultivated, parcels), ctx)])
    if given is None:
        result.not_checked.append(("tasks_no_townships", {"file": tasks.file}))
        return result
    towns, keys = given[0], [given[0].keys[list(given[2]).index(n)] for n in range(len(given[1]))]
    place, unknown = match_townships(tasks, given[1], towns.name)
    result.not_checked += unknown
    for indicator in tasks.indicators:
        found = compute_by_township(indicator, ctx)
        if found is None:
            result.not_checked.append(("tasks_no_layer", {"indicator": indicator, "file": tasks.file}))
            continue
        if not (found.figure.confirmed and found.backed.all()):
            result.doubts.append(f"figures.{indicator}")
        result.notes += _how(indicator, found)
        figures = []
        for task in tasks.of(indicator):
            if task.line in place:
                at = place[task.line]
                shown = _figure(task, found, at, ctx)
                figures.append(shown)
                if not shown.backed and f"figures.{indicator}" not in result.doubts:
                    result.doubts.append(f"figures.{indicator}")
                if shown.state in (BROKEN, CLOSE) or only_by_field(shown):
                    result.findings.append(_missed(task, shown, found, towns, keys[at]))
        result.indicators += figures
        # Land that two townships claim is in the figures of both: a target met only by that land may be missed.
        target = result.not_checked if any(_leans_on(one, found) for one in figures) else result.notes
        target += _twice(indicator, found)
    return result


def _how(indicator: str, found: ByTownship) -> Iterable[tuple[str, dict]]:
    """Yield notes on how rows were assigned to townships, and on land outside them."""
    layer = require_value(found.figure.layer, "the layer of a figure by township").name
    if found.stated:
        params = {"layer": layer, "field": found.field, "told": found.stated, "shared": found.shared}
        yield "tasks_assigned", {"indicator": indicator, **params}
    else:
        yield "tasks_by_place", {"indicator": indicator, "layer": layer, "count": found.shared}
    outside = float(found.areas[-2])
    if outside >= 1.0:
        yield "tasks_outside", {"indicator": indicator, "area": format_number(outside, 2)}


def _codes(layers: Iterable[Layer | None], ctx: Context) -> list[Finding]:
    """Return warnings on rows whose code names another township or county.

    Each layer is checked once.
    """
    found: list[Finding] = []
    exchanged: dict[int, int] = {}
    for layer in dict.fromkeys(one for one in layers if one is not None):
        codes = check_row_codes(layer, ctx)
        if codes is None:
            continue
        for town, other in codes.exchanged().items():
            if town not in exchanged:
                exchanged[town] = other
                found.append(_exchanged(codes, town, other, ctx))
        # Rows in a township with a doubtful code are reported with the township.
        of_town = np.array([exchanged.get(at, -1) for at in codes.centres.tolist()], dtype=int)
        misplaced = np.where((codes.misplaced >= 0) & (of_town == codes.named), -1, codes.misplaced)
        misplaced[_reported(layer, codes.centres, ctx)] = -1
        found += _misplaced(codes, misplaced)
        if codes.foreign.any():
            found.append(_foreign(codes, ctx))
    return found


def _not_unique(townships: Layer | None, ctx: Context) -> Iterable[Finding]:
    """Yield findings on codes or names that different townships share."""
    if townships is None or not (townships.has("division_code") and townships.has("division_name")):
        return
    pairs = list(zip(townships.text("division_code"), townships.text("division_name"), strict=True))
    named = {(code, name): row for row, (code, name) in enumerate(pairs) if len(code) == _TOWN_DIGITS and name}
    for position, (case, key, others) in enumerate((("code_twice", "code", "names"), ("name_twice", "name", "codes"))):
        rows: dict[str, dict[str, int]] = {}
        for pair, row in named.items():
            rows.setdefault(pair[position], {})[pair[1 - position]] = row
        for value, sharing in rows.items():
            if len(sharing) > 1:
                field = townships.field_name("division_code" if case == "code_twice" else "division_name")
                params = {key: value, "count": len(sharing), others: list(sharing)}
                row = next(iter(sharing.values()))
                yield ctx.make.row(townships, row, case=case, severity=Severity.WARNING, field=field, params=params)


def _reported(layer: Layer, centres: NDArray, ctx: Context) -> NDArray:
    """Return (n,) bool: rows that other rules report when they run.

    TOP003 reports rows outside all townships; without a table of tasks, LAW010 reports rows on a parcel of other
    land.
    """
    outside = centres < 0
    found = outside if outside.any() and is_reported_elsewhere(ctx, "TOP003") else np.zeros(len(layer), dtype=bool)
    parcels = ctx.plan.concept("parcels")
    if township_tasks(ctx.side).tasks or parcels is None or parcels is layer or not parcels.has("land_use"):
        return found
    below = find_rows_below(layer, parcels, ctx)
    other = (below >= 0) & ~ctx.cultivated_rows(parcels)[below]
    return found | other if other.any() and is_reported_elsewhere(ctx, "LAW010") else found


def _misplaced(codes: RowCodes, misplaced: NDArray) -> Iterable[Finding]:
    """Yield a finding for each township named by rows that are located elsewhere."""
    layer = codes.layer
    for town in np.unique(misplaced[misplaced >= 0]).tolist():
        rows = np.flatnonzero(misplaced == town)
        places = [codes.towns[at].name for at in np.unique(codes.centres[rows]).tolist() if at >= 0]
        params = {
            "town": codes.towns[town].name,
            "count": len(rows),
            "place": [*places[:_NAMED], *(["…"] if len(places) > _NAMED else [])] if places else OUTSIDE,
            "keys": [layer.keys[row] for row in rows[:_NAMED].tolist()],
        }
        yield Finding(
            layer.role,
            case="misplaced",
            severity=Severity.WARNING,
            field=codes.field,
            township=codes.towns[town].name,
            area_m2=float(np.nansum(layer.statutory[rows])),
            params=params,
        )


def _exchanged(codes: RowCodes, town: int, other: int, ctx: Context) -> Finding:
    towns, _, town_of = require_value(townships_of(ctx), "the layer of townships")
    own, named = codes.towns[town], codes.towns[other]
    count = int(((codes.centres == town) & (codes.named == other)).sum())
    params = {"town": own.name, "code": own.code, "other": named.name, "other_code": named.code, "count": count}
    row = int(np.flatnonzero(town_of == town)[0])
    finding = ctx.make.row(towns, row, case="exchanged", severity=Severity.WARNING, field=codes.field, params=params)
    finding.related_role, finding.township = codes.layer.role, own.name
    return finding


def _foreign(codes: RowCodes, ctx: Context) -> Finding:
    layer, rows = codes.layer, np.flatnonzero(codes.foreign)
    field = layer.field_name("location_code")
    counties = sorted({code[:6] for code in np.array(layer.text("location_code"), dtype=object)[rows]})
    params = {
        "count": len(rows),
        "codes": [*counties[:_NAMED], *(["…"] if len(counties) > _NAMED else [])],
        "keys": [layer.keys[row] for row in rows[:_NAMED].tolist()],
        "area_code": ctx.plan.area_code[:6],
    }
    area = float(np.nansum(layer.statutory[rows]))
    return Finding(layer.role, case="foreign", severity=Severity.WARNING, field=field, area_m2=area, params=params)


def _leans_on(figure: Indicator, found: ByTownship) -> bool:
    """Return True if a target is met only with land that is claimed twice.

    Less land cannot break an upper limit.
    """
    room = figure.margin
    return (
        figure.comparison != "<="
        and room is not None
        and 0 <= room < convert_area(-float(found.areas[-1]), figure.unit)
    )


def _twice(indicator: str, found: ByTownship) -> Iterable[tuple[str, dict]]:
    twice = float(found.areas[-1])
    if twice <= -1.0:
        yield "tasks_twice_claimed", {"indicator": indicator, "area": format_number(-twice, 2)}


def _figure(task: TownshipTask, found: ByTownship, at: int, ctx: Context) -> Indicator:
    figure, town = found.figure, found.towns[at]
    value = convert_area(float(found.areas[at]), task.unit)
    share = float(ctx.norm.get(WARNING_SHARE))
    layer = require_value(figure.layer, "the layer of a figure by township")
    made = Indicator(
        f"township_{task.indicator}",
        value,
        task.unit,
        figure.basis,
        task.comparison,
        task.number,
        task.decimals,
        task.source or township_tasks(ctx.side).file,
        {"layer": layer.role, "township": town.code, "rows_told": found.stated, "rows_shared": found.shared},
        confirmed=figure.confirmed,
        place=town.name,
        backed=bool(found.backed[at]),
    )
    if made.backed and found.land is not None and found.rounding is not None:
        mark_unbacked(made, float(found.land[at]), float(found.rounding[at]))
    made.judge(compare_area_with_target(value, task.comparison, task.number, task.decimals, share))
    return made


def _missed(task: TownshipTask, shown: Indicator, found: ByTownship, towns: Layer, key: str) -> Finding:
    layer, rounding = require_value(found.figure.layer, "the layer of a figure by township"), shown.state == CLOSE
    by_field, computed = only_by_field(shown), require_value(shown.value, "the value of a missed task")
    value = convert_area(shown.inputs[LAND], shown.unit) if by_field else computed
    return Finding(
        layer.role,
        case="field" if by_field else "rounding" if rounding else "broken",
        severity=Severity.WARNING if rounding or by_field else None,
        field=layer.field_name("net_area") if found.figure.basis == "net" else "",
        related_role=towns.role,
        related_keys=[key],
        township=shown.place,
        params={
            "indicator": IndicatorName(task.indicator),
            "town": shown.place,
            "value": round(computed, task.decimals + 4),
            "comparison": SIGNS[task.comparison],
            "target": task.value,
            "unit": task.unit,
            "miss": round(abs(task.number - value), task.decimals + 4),
            **({"land": round(value, task.decimals + 4)} if by_field else {}),
        },
    )
