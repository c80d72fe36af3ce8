# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from numpy.typing import NDArray

from ...engine.context import Context
from ...indicators.townships import Township, townships_of
from ...messages.texts import IndicatorName
from ...model.findings import Finding
from ...model.indicator import AREA_FIGURES, BROKEN, CLOSE, SIGNS, STATED_FIGURES, Indicator
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...profile import Profile, Target
from ...profile.figures import TownshipTasks, township_tasks
from ...target_allocation.levels import (
    ChangedMeasure,
    InheritedLimit,
    PartsSum,
    find_children,
    find_limits,
    find_loosened_targets,
    find_measures,
    find_omitted_townships,
    find_undivided_tasks,
    find_wrong_totals,
    sums_of_children,
    sums_of_townships,
)

TOWN = {"wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "division_code": "140225100", "division_name": "甲镇"}
NEXT = {
    "wkt": "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))",
    "division_code": "140225101",
    "division_name": "乙乡",
}
COUNTY = {"targets": [("farmland_area", ">=", "63.25", "wan_mu")]}
#: Areas whose targets are divided among the townships (C).
DIVIDED = "indicators.divided"
#: Names in a note on missing figures.
_NAMED = 12


@rule(
    "LAW005",
    "handed-down",
    problem="Targets of two levels do not agree",
    basis=["handed-down"],
    needs={"townships": Need("townships", optional=True)},
    messages={
        "sum": "{indicator}: the parts of {county} ({parts}) sum to {value} {unit}, the county's own figure is {comparison} {target} {unit}: difference {miss} {unit}. Correct the allocated targets, or the figure with its document.",
        "rounding": "{indicator}: the parts of {county} ({parts}) sum to {value} {unit}, the county's own figure is {comparison} {target} {unit}: difference {miss} {unit}, within half of the last printed digit. Make them agree.",
        "limit": "The limit of the expansion ratio of {county} is {value}, that of {parent} is {target}: a lower plan may not be looser. Correct the county profile, or use the limit approved by {parent}.",
        "measure": "{county} defines the expansion ratio by {setting} {value}, {parent} by {target}: the limits cannot be compared. Use the definition of {parent}, or give the document that allows another one.",
        "target": "{indicator} of {county} in {year} is {comparison} {value} {unit} in {source}, but {above_comparison} {target} {above_unit} in {above_source} ({parent}): a lower profile may only be stricter. Both are checked; correct the county profile, or enter the document that changed the target in the profile of {parent}.",
        "omitted": "{file} lacks townships of {layer}: {count} ({names}). Add their targets; list a township without a target with an empty figure.",
        "undivided": "{file} has no {indicator}, for which {area} has a target of {comparison} {target} {unit} in {year}: it was not allocated to any township. Add the townships' targets.",
        "total": "{indicator} in {file}, row {line}: the total is {target} {unit}, the townships sum to {value} {unit}. Correct the total or the townships.",
    },
    fails=[
        Example("townships add up to less than the county's task", {"townships": [TOWN, NEXT]}, finds=1, settings=COUNTY,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "40.00", "wan_mu"),
                                  ("140225101", "乙乡", "farmland_area", ">=", "23.24", "wan_mu")]}),
        Example("a township is not listed", {"townships": [TOWN, NEXT]}, finds=1, settings=COUNTY,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "40.00", "wan_mu")]}),
        Example("a task that no township has a part of", {"townships": [TOWN]}, finds=1, settings=COUNTY,
                side={"targets": [("140225100", "甲镇", "cultivated_area", ">=", "40.00", "wan_mu")]}),
    ],
    passes=[
        Example("they add up to it exactly", {"townships": [TOWN, NEXT]}, settings=COUNTY,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "40.00", "wan_mu"),
                                  ("140225101", "乙乡", "farmland_area", ">=", "23.25", "wan_mu")]}),
    ],
)  # fmt: skip
def handed_down(townships: Layer | None, *, ctx: Context) -> RuleResult:
    """Allocated targets sum up, and no lower plan is looser.

    What it checks
        The sum of the townships' targets (TARGETS), compared with the county's figure; whether that table lists every
        township, and every target divided among them (`indicators.divided`, C); the sum of the plans below a profile
        (those based on it), compared with its figure; the limit of the expansion ratio, and its definition
        (`ratio.form`, `ratio.classes`), compared with the profile above; and a profile's target, compared with the
        target of a lower or a shipped profile for the same area and year.
    Why
        Targets are allocated level by level; an amount lost between two levels is allocated to no area.
    How to fix
        Correct the table of tasks or the profile; if the upper figure is wrong, correct it with its document.
    Limits
        Sums are compared for the same year if every part has its figure; parts without one are named. A sum that
        already exceeds an upper limit is always reported. Figures of the profiles are compared as printed.
    """
    profile, area = ctx.norm.profile, ctx.plan.area_code
    result = RuleResult(applicable=False)
    for one in profile.chain():
        for limit in find_limits(one):
            result.applicable = True
            if limit.broken:
                result.findings.append(_looser(one, limit, ctx))
        for measure in find_measures(one, ctx.norm.standard.settings):
            result.applicable = True
            result.findings.append(_otherwise(one, measure, ctx))
    for own, above, parent in find_loosened_targets(profile):
        if own.area_code == area:
            result.applicable = True
            result.findings.append(_loosened(own, above, parent, profile, ctx))
    # Rules load with the toolbox, before any file reader is imported.
    from ...engine.provenance import area_name

    given = townships_of(ctx)
    tasks = township_tasks(ctx.side)
    if tasks.tasks:
        result.unconfirmed.append(DIVIDED)
        result.findings += _left_out(tasks, given, ctx)
        result.applicable |= bool(result.findings)
    _report_sums(
        result, sums_of_townships(tasks, ctx.norm.targets(area), given[1] if given else ()), area_name(ctx.plan), ctx
    )
    for total, value in find_wrong_totals(tasks):
        result.applicable = True
        params = {"file": tasks.file, "line": total.line, "target": total.value, "unit": total.unit}
        params = {**params, "indicator": IndicatorName(total.indicator), "value": round(value, total.decimals + 4)}
        result.findings.append(
            Finding(_role(total.indicator, ctx), case="total", severity=Severity.WARNING, params=params)
        )
    divisions = ctx.norm.standard.code_lists.get("divisions")
    for one in profile.chain():
        if one.targets and one.covers(area):
            children, unread = find_children(one)
            _report_sums(result, sums_of_children(one, children, divisions), one.name, ctx)
            if unread:
                result.notes.append(("parts_unread", {"files": "、".join(unread)}))
    if not tasks.tasks and not result.applicable:
        result.notes.insert(0, ("tasks_not_given", {}))
    return result


def _left_out(
    tasks: TownshipTasks, given: tuple[Layer, list[Township], NDArray] | None, ctx: Context
) -> Iterator[Finding]:
    """Yield warnings on townships and county targets missing in the table of tasks."""
    if given is not None and (names := find_omitted_townships(tasks, given[1])):
        shown = [*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])]
        params = {"file": tasks.file, "count": len(names), "names": "、".join(shown)}
        yield Finding(given[0].role, case="omitted", severity=Severity.WARNING, params=params)
    from ...engine.provenance import area_name

    for target in find_undivided_tasks(tasks, ctx.norm.targets(ctx.plan.area_code), ctx.norm.get(DIVIDED)):
        params = {
            "file": tasks.file,
            "indicator": IndicatorName(target.indicator),
            "area": area_name(ctx.plan),
            "year": target.year,
        }
        params |= {"comparison": SIGNS[target.comparison], "target": target.value, "unit": target.unit}
        role = _role(target.indicator, ctx)
        yield Finding(role, case="undivided", severity=Severity.WARNING, field=target.indicator, params=params)


def _report_sums(result: RuleResult, sums: list[PartsSum], area: str, ctx: Context) -> None:
    for one in sums:
        if one.state:
            result.applicable = True
            result.indicators.append(_figure(one, area))
            if one.state in (BROKEN, CLOSE):
                result.findings.append(_missed(one, area, ctx))
    # Indicators that lack the same parts share one sentence.
    for year, lacking in dict.fromkeys((one.target.year, one.missing_parts) for one in sums if one.missing_parts):
        names = "、".join(lacking[:_NAMED]) + ("…" if len(lacking) > _NAMED else "")
        alike = [one.target for one in sums if (one.target.year, one.missing_parts) == (year, lacking)]
        indicators = [target.indicator for target in alike]
        params = {"area": area, "year": year, "indicators": indicators, "count": len(lacking), "names": names}
        result.notes.append(("parts_lacking", params))


def _figure(one: PartsSum, area: str) -> Indicator:
    target = one.target
    made = Indicator(f"handed_down_{target.indicator}", one.value, target.unit, "", place=area)
    made.comparison, made.target, made.target_decimals = target.comparison, target.number, target.decimals
    made.target_source, made.state = target.source, one.state
    made.inputs = {"parts": one.parts, "year": target.year}
    return made


def _missed(one: PartsSum, area: str, ctx: Context) -> Finding:
    target, rounding = one.target, one.state == CLOSE
    return Finding(
        _role(target.indicator, ctx),
        case="rounding" if rounding else "sum",
        severity=Severity.WARNING if rounding else None,
        params={
            "county": area,
            "indicator": IndicatorName(target.indicator),
            "parts": one.parts,
            "value": round(one.value, target.decimals + 4),
            "comparison": SIGNS[target.comparison],
            "target": target.value,
            "unit": target.unit,
            "miss": round(abs(target.number - one.value), target.decimals + 4),
        },
    )


def _looser(profile: Profile, limit: InheritedLimit, ctx: Context) -> Finding:
    params = {"county": profile.name, "value": limit.value, "parent": limit.parent.name, "target": limit.above}
    return Finding(_role("boundary_area", ctx), case="limit", params=params)


def _otherwise(profile: Profile, measure: ChangedMeasure, ctx: Context) -> Finding:
    value, above = (
        "、".join(map(str, one)) if isinstance(one, list) else str(one) for one in (measure.value, measure.above)
    )
    params = {
        "county": profile.name,
        "parent": measure.parent.name,
        "setting": measure.key,
        "value": value,
        "target": above,
    }
    return Finding(_role("boundary_area", ctx), case="measure", severity=Severity.WARNING, params=params)


def _loosened(own: Target, above: Target, parent: Profile, profile: Profile, ctx: Context) -> Finding:
    params = {
        "county": profile.name,
        "year": own.year,
        "indicator": IndicatorName(own.indicator),
        "comparison": SIGNS[own.comparison],
        "value": own.value,
        "unit": own.unit,
        "source": own.source,
        "above_comparison": SIGNS[above.comparison],
        "target": above.value,
        "above_unit": above.unit,
        "above_source": above.source,
        "parent": parent.name,
    }
    return Finding(_role(own.indicator, ctx), case="target", severity=Severity.WARNING, params=params)


def _role(indicator: str, ctx: Context) -> str:
    """Return the layer that a figure is read from, or would be."""
    concept, _ = {**AREA_FIGURES, **STATED_FIGURES}[indicator]
    layer = ctx.plan.concept(concept)
    return layer.role if layer is not None else ctx.plan.roles_of(concept)[0]
