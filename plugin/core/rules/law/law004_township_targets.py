# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base.errors import require_value
from ...engine.context import RuleContext
from ...figures.indicators.area_backing import ROW_ALLOWANCE_SETTING, SUM_ALLOWANCE_SETTING
from ...figures.indicators.areas import (
    LAND_AREA_INPUT_KEY,
    WARNING_SHARE_SETTING,
    is_met_only_by_field,
    mark_indicator_met_only_by_field,
)
from ...figures.indicators.survey_deductions import (
    DEDUCTION_ALLOWANCE_SETTING,
    find_containing_rows,
    take_containing_values,
)
from ...figures.indicators.townships import get_plan_townships
from ...figures.target_allocation.by_township import (
    LEAST_SHARE_SETTING,
    AreasByTownship,
    RowTownships,
    compute_area_by_township,
    find_townships_named_by_rows,
    match_targets_with_townships,
)
from ...model.findings import Finding
from ...model.indicator import (
    COMPARISON_SIGNS,
    MISSED_BY_ROUNDING,
    TARGET_MISSED,
    Indicator,
    compare_area_with_target,
    convert_area,
)
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.divisions import label_division
from ...standard.messages.texts import IndicatorName, Texts, format_number
from ...standard.profile.profile_figures import AllocatedTarget, get_township_targets
from ...standard.template import Template
from .._attributes import COUNTY_DIGITS, TOWNSHIP_DIGITS
from .._places import EAST_TOWNSHIP, WEST_TOWNSHIP, is_reported_elsewhere

#: Nine tenths of its area are net: a field in both townships, with the larger part in the first.
FARMLAND_ROW = {"wkt": "POLYGON ((25 0, 125 0, 125 100, 25 100, 25 0))", "gross_area": 10000.0, "net_area": 9000.0}
FARMLAND_ROW_WITH_CODE = {**FARMLAND_ROW, "location_code": "1402251012000000000"}
#: Place outside all townships; `Texts` has its name. Places and keys that a message names.
AREA_OUTSIDE_TOWNSHIPS, _MAX_LISTED = "outside_townships", 3


def _describe_misplaced_rows(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses on rows that lie outside the township named in their field.

    They give the code in the field, the codes of the townships where the rows lie, and the share in the named township.
    """
    shown, separator = finding.params.get("shown", {}), texts.get("words", "between_names")
    share_text = format_number(100 * float(shown.get("named_share", 0.0)), 2)
    return {
        "named_code": texts.get("words", "in_brackets", text=shown["named_code"]) if shown.get("named_code") else "",
        "place_codes": texts.get("words", "in_brackets", text=separator.join(shown["place_codes"]))
        if shown.get("place_codes")
        else "",
        "named_share": texts.get("words", "share_in_named", share=share_text)
        if share_text.strip("0.")
        else texts.get("words", "none_in_named"),
    }


@rule(
    "LAW004",
    "township-targets",
    problem="A township misses its target, or parcels belong elsewhere",
    sum_cases=("broken", "rounding", "field"),
    basis=["handed-down", "plan-review"],
    needs={
        "townships": LayerNeed("townships", optional=True),
        "farmland": LayerNeed("farmland", optional=True),
        "cultivated": LayerNeed("cultivated", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "boundary": LayerNeed("boundary", optional=True),
        "parcels": LayerNeed("parcels", optional=True),
    },
    uses=["rules.ATT003", SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING, DEDUCTION_ALLOWANCE_SETTING, LEAST_SHARE_SETTING],
    clauses=_describe_misplaced_rows,
    messages={
        "broken": "{indicator} of {town} is {value} {unit}, its target is {comparison} {target} {unit}{limit_source}: "
        "difference {miss} {unit}. {repeated}First check the target: if the table of tasks has it wrong, correct it "
        "by its document. If it is right, compare {layer} in this township with the approved result and adjust it "
        "until it meets the target.",
        "rounding": "{indicator} of {town} is {value} {unit}, its target is {comparison} {target} {unit}{limit_source}: "
        "difference {miss} {unit}{miss_area}, within half of the target's last digit, perhaps by rounding only. "
        "{repeated}Find the unrounded number in the document: if {layer} meets it, enter it in the table of tasks "
        "and change no shape; otherwise correct {layer} in this township.",
        "field": "{indicator} of {town} is {value} {unit} by {field}, but {land} {unit} by the shapes of the same features; "
        "its target is {comparison} {target} {unit}{limit_source}: difference {miss} {unit}. The target is met only "
        "within the allowance for area sums (ATT022) and is not confirmed. {repeated}Compute {field} again from the "
        "shapes; if the target is still missed, compare {layer} in this township with the approved result and "
        "adjust it.",
        "misplaced": "{layer}: {field} names {town}{named_code}; {named_share}, and the features are located in "
        "{place}{place_codes}; features: {count} ({area}), {which_keys}. Township figures use the location. Compare "
        "the shapes with the approved result: move back a shape that was displaced; if the shapes are right, give "
        "{field} the code of the village around them (its first 9 digits are the township), and correct its name.",
        "code_twice": "{layer}: townships with different names have the same {field} {code}: {count} ({names}). Assign a separate code to each township.",
        "name_twice": "{layer}: townships with different codes have the same {field} “{name}”: {count} ({codes}). "
        "Compare codes and names with the published list of divisions, and correct the wrong one.",
        "exchanged": "{layer}: in township {town} ({code}), features of {related_layer} name {other} ({other_code}) "
        "in {field}; features: {count}. First compare code and name of the township with the published list of "
        "divisions, and correct them if they are wrong; if they are right, correct {field} by the approved result.",
        "foreign": "{layer}: {field} names another county ({codes}), but the features are in this county and count there "
        "({area_code}); features: {count} ({area}), {which_keys}. Compare the shapes with the approved result: move "
        "back a shape that was displaced; if the shapes are right, correct {field}; remove features of another "
        "county.",
    },
    fails=[
        RuleExample("a township short of net farmland", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP], "farmland": [FARMLAND_ROW]}, finds=1,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "0.70", "ha")]}),
        RuleExample("the row's own code comes before its place", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP], "farmland": [FARMLAND_ROW_WITH_CODE]}, finds=1,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "0.60", "ha")]}),
        RuleExample("one task missed, one of a township that the map has not", {"townships": [WEST_TOWNSHIP], "red_line": [FARMLAND_ROW["wkt"]]}, finds=1,
                side={"targets": [("", "甲镇", "red_line_area", ">=", "0.80", "ha"), ("", "丙镇", "red_line_area", ">=", "0.10", "ha")]}),
        RuleExample("a row in one township with the code of the next", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP], "farmland": [{**FARMLAND_ROW_WITH_CODE, "wkt": WEST_TOWNSHIP["wkt"]}]}, finds=1,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "0.60", "ha")]}),
        RuleExample("a row with the code of another county", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP], "farmland": [{**FARMLAND_ROW, "location_code": "1402231002010000000"}]},
                finds=1),
        RuleExample("two townships with one code", {"townships": [WEST_TOWNSHIP, {**EAST_TOWNSHIP, "division_code": "140225100"}]}, finds=1),
        RuleExample("two townships with one name", {"townships": [WEST_TOWNSHIP, {**EAST_TOWNSHIP, "division_name": "甲镇"}]}, finds=1),
        RuleExample("codes of two townships exchanged", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP], "farmland": [{**FARMLAND_ROW_WITH_CODE, "wkt": WEST_TOWNSHIP["wkt"]},
                {**FARMLAND_ROW_WITH_CODE, "wkt": EAST_TOWNSHIP["wkt"], "location_code": "1402251002000000000"}]}, finds=2),
    ],
    passes=[
        RuleExample("one name in two counties of a city", {"townships": [WEST_TOWNSHIP, {**EAST_TOWNSHIP, "division_code": "140226100", "division_name": "甲镇"}]},
                settings={"attributes.area_digits": 4}),
        RuleExample("met by the net area of its part", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP], "farmland": [FARMLAND_ROW]},
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "0.60", "ha"),
                                    ("140225101", "乙乡", "farmland_area", ">=", "0.20", "ha")]}),
        RuleExample("no table of tasks", {"townships": [WEST_TOWNSHIP], "farmland": [FARMLAND_ROW]}),
        RuleExample("a township in two parts", {"townships": [WEST_TOWNSHIP, {**WEST_TOWNSHIP, "wkt": EAST_TOWNSHIP["wkt"]}], "farmland": [FARMLAND_ROW]}),
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
    ctx: RuleContext,
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
        Correct the layer in that township (“Propose the Boundary…” and “Propose Supplements…” give drafts); if the
        target is wrong, correct the table with its document; correct wrong codes and names of townships and locations.
    Limits
        Farmland counts in the township that its row names (ZLDWDM, else XZQDM); without a name, and for the other two
        layers, the geometry decides: shared ÷ row × net area. A row of which less than
        `indicators.least_township_share` (mark C) is in the named township counts where it is located, and is reported;
        if most rows of two townships name the other one, the townships are reported. Without a table, LAW010 reports
        rows on parcels that are not cultivated; TOP003 reports rows outside all townships. A shortfall within half of
        the last printed digit is a rounding difference (取整差).
    """
    allocated_targets = get_township_targets(ctx.side_inputs)
    result = RuleResult(
        [*_report_repeated_divisions(townships, ctx), *_check_row_codes((farmland, cultivated, parcels), ctx)]
    )
    if not allocated_targets.targets:
        result.is_applicable = bool(result.findings)
        result.notes.append(("tasks_not_given", {}))
        return result
    plan_townships = get_plan_townships(ctx)
    if plan_townships is None:
        result.not_checked.append(("tasks_no_townships", {"file": allocated_targets.file_name}))
        return result
    township_layer, township_list, township_of_row = plan_townships
    # The key of the first row of each township.
    keys = [township_layer.keys[list(township_of_row).index(n)] for n in range(len(township_list))]
    position_by_row_number, unmatched = match_targets_with_townships(
        allocated_targets, township_list, township_layer.name
    )
    result.not_checked += unmatched
    for indicator in allocated_targets.indicators:
        by_township = compute_area_by_township(indicator, ctx)
        if by_township is None:
            result.not_checked.append(("tasks_no_layer", {"indicator": indicator, "file": allocated_targets.file_name}))
            continue
        if not (by_township.plan_figure.is_confirmed and by_township.is_confirmed_by_geometry.all()):
            result.doubts.append(f"figures.{indicator}")
        result.notes += _note_assignment(indicator, by_township)
        figures = []
        for allocated in allocated_targets.targets:
            if allocated.indicator != indicator:
                continue
            if allocated.line_number in position_by_row_number:
                position = position_by_row_number[allocated.line_number]
                indicator_row = _make_township_indicator(allocated, by_township, position, ctx)
                figures.append(indicator_row)
                if not indicator_row.backed and f"figures.{indicator}" not in result.doubts:
                    result.doubts.append(f"figures.{indicator}")
                if indicator_row.state in (TARGET_MISSED, MISSED_BY_ROUNDING) or is_met_only_by_field(indicator_row):
                    result.findings.append(
                        _make_missed_target_finding(
                            allocated, indicator_row, by_township, township_layer, keys[position]
                        )
                    )
        result.indicators += figures
        # Land that two townships claim is in the figures of both: a target met only by that land may be missed.
        twice_claimed = -float(by_township.areas_m2[-1])
        if twice_claimed >= 1.0:
            is_doubtful = any(
                one.comparison != "<="
                and one.margin is not None
                and 0 <= one.margin < convert_area(twice_claimed, one.unit)
                for one in figures
            )
            reasons = result.not_checked if is_doubtful else result.notes
            reasons.append(("tasks_twice_claimed", {"indicator": indicator, "area": format_number(twice_claimed, 2)}))
    return result


def _note_assignment(indicator: str, by_township: AreasByTownship) -> Iterable[tuple[str, dict]]:
    """Yield notes (text key, parameters) on how rows were assigned to townships, and on land outside them."""
    layer = require_value(by_township.plan_figure.layer, "the layer of a figure by township").name
    if by_township.named_row_count:
        params = {
            "layer": layer,
            "field": by_township.field_name,
            "told": by_township.named_row_count,
            "shared": by_township.divided_row_count,
        }
        yield "tasks_assigned", {"indicator": indicator, **params}
    else:
        yield "tasks_by_place", {"indicator": indicator, "layer": layer, "count": by_township.divided_row_count}
    outside = float(by_township.areas_m2[-2])
    if outside >= 1.0:
        yield "tasks_outside", {"indicator": indicator, "area": format_number(outside, 2)}


def _check_row_codes(layers: Iterable[Layer | None], ctx: RuleContext) -> Iterable[Finding]:
    """Yield warnings on rows whose code names another township or county.

    A layer that is given several times is checked once.
    """
    exchanged: dict[int, int] = {}
    for layer in dict.fromkeys(one for one in layers if one is not None):
        row_codes = find_townships_named_by_rows(layer, ctx)
        if row_codes is None:
            continue
        for township, other in row_codes.find_exchanged_codes().items():
            if township not in exchanged:
                exchanged[township] = other
                township_layer, _, township_of_row = require_value(get_plan_townships(ctx), "the layer of townships")
                located_township, named_township = row_codes.townships[township], row_codes.townships[other]
                is_exchanged = (row_codes.township_of_centre == township) & (row_codes.named_township == other)
                yield ctx.make_row_finding(
                    township_layer,
                    int(np.flatnonzero(township_of_row == township)[0]),
                    case="exchanged",
                    severity=Severity.WARNING,
                    field=row_codes.field_name,
                    params={
                        "town": located_township.name,
                        "code": located_township.code,
                        "other": named_township.name,
                        "other_code": named_township.code,
                        "count": int(is_exchanged.sum()),
                    },
                    related_role=row_codes.layer.role,
                    township=located_township.name,
                )
        # Rows in a township with a doubtful code are reported with the township.
        exchanged_with = np.full(len(layer), -1)
        for township, other in exchanged.items():
            exchanged_with[row_codes.township_of_centre == township] = other
        misplaced = np.where(
            (row_codes.misplaced_township >= 0) & (exchanged_with == row_codes.named_township),
            -1,
            row_codes.misplaced_township,
        )
        misplaced[_find_rows_reported_by_other_rules(layer, row_codes.township_of_centre, ctx)] = -1
        yield from _report_misplaced_rows(row_codes, misplaced, ctx)
        if row_codes.is_of_other_county.any():
            yield _make_foreign_code_finding(row_codes, ctx)


def _report_repeated_divisions(townships: Layer | None, ctx: RuleContext) -> Iterable[Finding]:
    """Yield findings on a code or a name that different townships share."""
    if townships is None or not (townships.has_field("division_code") and townships.has_field("division_name")):
        return
    pairs = list(zip(townships.text("division_code"), townships.text("division_name"), strict=True))
    has_several_counties = int(ctx.norm.get("attributes.area_digits")) < COUNTY_DIGITS
    row_of_division = {
        (code, name): row for row, (code, name) in enumerate(pairs) if len(code) == TOWNSHIP_DIGITS and name
    }
    for position, (case, key, others) in enumerate((("code_twice", "code", "names"), ("name_twice", "name", "codes"))):
        rows: dict[tuple[str, str], dict[str, int]] = {}
        for pair, row in row_of_division.items():
            # Townships of different counties, in the plan of a city or province, may have the same name.
            county = pair[0][:COUNTY_DIGITS] if case == "name_twice" and has_several_counties else ""
            rows.setdefault((pair[position], county), {})[pair[1 - position]] = row
        for (value, _), sharing in rows.items():
            if len(sharing) > 1:
                yield ctx.make_row_finding(
                    townships,
                    next(iter(sharing.values())),
                    case=case,
                    severity=Severity.WARNING,
                    field=townships.get_field_name("division_code" if case == "code_twice" else "division_name"),
                    params={key: value, "count": len(sharing), others: list(sharing)},
                )


def _find_rows_reported_by_other_rules(layer: Layer, centres: NDArray, ctx: RuleContext) -> NDArray:
    """Return (n,) bool: rows of a layer that other rules of this run report.

    TOP003 reports rows outside all townships. Without a table of tasks, LAW010 reports rows on a parcel that is not
    cultivated. ``centres`` (n,): the township at the centre of each row, −1 without one.
    """
    is_reported = centres < 0
    if not is_reported.any() or not is_reported_elsewhere(ctx, "TOP003"):
        is_reported = np.zeros(len(layer), dtype=bool)
    parcels = ctx.plan.find_layer_of_concept("parcels")
    has_survey = parcels is not None and parcels is not layer and parcels.has_field("land_use")
    if parcels is not None and has_survey and not get_township_targets(ctx.side_inputs).targets:
        is_uncultivated = take_containing_values(
            ~ctx.find_cultivated_rows(parcels), find_containing_rows(layer, parcels, ctx), False
        )
        if is_uncultivated.any() and is_reported_elsewhere(ctx, "LAW010"):
            is_reported |= is_uncultivated
    return is_reported


def _report_misplaced_rows(row_codes: RowTownships, misplaced_township: NDArray, ctx: RuleContext) -> Iterable[Finding]:
    """Yield one finding for each township that rows name although they are elsewhere.

    ``misplaced_township`` is (n,): the position of the township that a row names wrongly, −1 for the other rows.
    """
    layer = row_codes.layer
    for township in np.unique(misplaced_township[misplaced_township >= 0]).tolist():
        rows = np.flatnonzero(misplaced_township == township)
        places = [
            row_codes.townships[centre]
            for centre in np.unique(row_codes.township_of_centre[rows]).tolist()
            if centre >= 0
        ]
        place_names = [place.name for place in places[:_MAX_LISTED]]
        if len(places) > _MAX_LISTED:
            place_names.append("…")
        yield Finding(
            layer.role,
            case="misplaced",
            severity=Severity.WARNING,
            field=row_codes.field_name,
            township=row_codes.townships[township].name,
            area_m2=float(np.nansum(layer.statutory[rows])),
            geometry=ctx.geometry.unite_shapes(layer.plane_shapes[rows]),
            params={
                "town": row_codes.townships[township].name,
                "count": len(rows),
                "place": place_names or AREA_OUTSIDE_TOWNSHIPS,
                "keys": [layer.keys[row] for row in rows[:_MAX_LISTED].tolist()],
                "shown": {
                    "named_code": row_codes.townships[township].code,
                    "place_codes": [place.code for place in places[:_MAX_LISTED]],
                    "named_share": float(row_codes.share_in_named_township[rows].max()),
                },
            },
        )


def _make_foreign_code_finding(row_codes: RowTownships, ctx: RuleContext) -> Finding:
    """Return the finding on rows whose code names another county."""
    layer, rows = row_codes.layer, np.flatnonzero(row_codes.is_of_other_county)
    counties = sorted({code[:6] for code in np.array(layer.text("location_code"), dtype=object)[rows]})
    params: dict[str, Any] = {
        "count": len(rows),
        "codes": [*counties[:_MAX_LISTED], *(["…"] if len(counties) > _MAX_LISTED else [])],
        "keys": [layer.keys[row] for row in rows[:_MAX_LISTED].tolist()],
        "area_code": ctx.plan.area_code[:6],
    }
    divisions = ctx.norm.standard.code_lists.get("divisions")
    params["shown"] = {
        "codes": [label_division(code, divisions) for code in params["codes"]],
        "area_code": label_division(params["area_code"], divisions),
    }
    return Finding(
        layer.role,
        case="foreign",
        severity=Severity.WARNING,
        field=layer.get_field_name("location_code"),
        area_m2=float(np.nansum(layer.statutory[rows])),
        params=params,
    )


def _make_township_indicator(
    allocated: AllocatedTarget, by_township: AreasByTownship, position: int, ctx: RuleContext
) -> Indicator:
    """Return the area of a township as an indicator, compared with its target.

    ``by_township``: the area in all townships; ``position``: position of the township among them.
    """
    figure, township = by_township.plan_figure, by_township.townships[position]
    value = convert_area(float(by_township.areas_m2[position]), allocated.unit)
    share = float(ctx.norm.get(WARNING_SHARE_SETTING))
    indicator = Indicator(
        f"township_{allocated.indicator}",
        value,
        allocated.unit,
        figure.basis,
        allocated.comparison,
        allocated.numeric_value,
        allocated.printed_decimals,
        allocated.source or get_township_targets(ctx.side_inputs).file_name,
        {
            "layer": require_value(figure.layer, "the layer of a figure by township").role,
            "township": township.code,
            "rows_told": by_township.named_row_count,
            "rows_shared": by_township.divided_row_count,
        },
        confirmed=figure.is_confirmed,
        place=township.name,
        backed=bool(by_township.is_confirmed_by_geometry[position]),
    )
    if indicator.backed and by_township.geometry_areas_m2 is not None and by_township.rounding_m2 is not None:
        mark_indicator_met_only_by_field(
            indicator, float(by_township.geometry_areas_m2[position]), float(by_township.rounding_m2[position])
        )
    indicator.set_state(
        compare_area_with_target(
            value, allocated.comparison, allocated.numeric_value, allocated.printed_decimals, share
        )
    )
    return indicator


def _make_missed_target_finding(
    allocated: AllocatedTarget, indicator: Indicator, by_township: AreasByTownship, township_layer: Layer, key: str
) -> Finding:
    """Return the finding on a township that misses its target."""
    layer = require_value(by_township.plan_figure.layer, "the layer of a figure by township")
    by_field, rounding = is_met_only_by_field(indicator), indicator.state == MISSED_BY_ROUNDING
    computed_value = require_value(indicator.value, "the value of a missed task")
    value = convert_area(indicator.inputs[LAND_AREA_INPUT_KEY], indicator.unit) if by_field else computed_value
    return Finding(
        layer.role,
        case="field" if by_field else "rounding" if rounding else "broken",
        severity=Severity.WARNING if rounding or by_field else None,
        field=layer.get_field_name("net_area") if by_township.plan_figure.basis == "net" else "",
        related_role=township_layer.role,
        related_keys=[key],
        township=indicator.place,
        params={
            "indicator": IndicatorName(allocated.indicator),
            "town": indicator.place,
            "value": round(computed_value, allocated.printed_decimals + 4),
            "comparison": COMPARISON_SIGNS[allocated.comparison],
            "target": allocated.value,
            "unit": allocated.unit,
            "miss": round(abs(allocated.numeric_value - value), allocated.printed_decimals + 4),
            "shown": {"limit_source": allocated.source},
            **({"land": round(value, allocated.printed_decimals + 4)} if by_field else {}),
        },
    )
