# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.indicators.townships import Township, get_plan_townships
from ...figures.target_allocation.levels import (
    PartsSum,
    RatioSetting,
    compare_limits_with_bases,
    compare_targets_with_bases,
    compare_targets_with_children,
    compare_targets_with_townships,
    find_changed_ratio_settings,
    find_child_profiles,
    find_omitted_townships,
    find_parts_exceeding_wholes,
    find_replaced_register_lines,
    find_targets_of_other_years,
    find_wrong_totals,
)
from ...model.findings import Finding
from ...model.indicator import (
    COMPARISON_SIGNS,
    MISSED_BY_ROUNDING,
    TARGET_MISSED,
    Indicator,
)
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import RATIO_FORMS
from ...standard.messages.texts import IndicatorName, Texts
from ...standard.profile import IndicatorTarget, Profile
from ...standard.profile.profile_data import RegisteredSite
from ...standard.profile.profile_figures import AllocatedTarget, AllocatedTargets, get_township_targets
from ...standard.template import Template
from .._attributes import read_setting_words
from .._places import EAST_TOWNSHIP, WEST_TOWNSHIP, find_role_of_figure

COUNTY_TARGETS = {"targets": [("farmland_area", ">=", "63.25", "wan_mu")]}
#: Areas whose targets are divided among the townships (mark C).
DIVIDED_INDICATORS_SETTING = "indicators.divided"
#: Pairs of areas: a part and its whole (mark C).
PART_INDICATORS_SETTING = "indicators.parts"
#: Names in a note on missing figures.
_MAX_LISTED_NAMES = 12


def _report_ratio_settings(one: Profile, limits: list[RatioSetting], ctx: RuleContext) -> Iterator[Finding]:
    """Report limits of the expansion ratio that are looser than those of a base, and other definitions of it."""
    role = find_role_of_figure("boundary_area", ctx)
    for limit in limits:
        if limit.value > limit.base_value:
            yield Finding(
                role,
                case="limit",
                params={
                    "county": one.name,
                    "value": limit.value,
                    "parent": limit.base_profile.name,
                    "target": limit.base_value,
                },
            )
    for measure in find_changed_ratio_settings(one, ctx.norm.standard.settings):
        own_text, base_text = (
            "、".join(map(str, each)) if isinstance(each, list) else str(each)
            for each in (measure.value, measure.base_value)
        )
        yield Finding(
            role,
            case="measure",
            severity=Severity.WARNING,
            params={
                "county": one.name,
                "parent": measure.base_profile.name,
                "setting": measure.setting_key,
                "value": own_text,
                "target": base_text,
            },
        )


def _report_figures_of_bases(profile: Profile, ctx: RuleContext) -> Iterator[Finding]:
    """Report figures of the area for which a base of the profile has others, or for other years only."""
    area = ctx.plan.area_code
    loosened_targets, other_targets = compare_targets_with_bases(profile)
    for case, severity, replaced_targets in (
        ("target", Severity.WARNING, loosened_targets),
        ("replaced", Severity.INFO, other_targets),
    ):
        for own_target, upper_target, parent in replaced_targets:
            if own_target.area_code == area:
                yield Finding(
                    find_role_of_figure(own_target.indicator, ctx),
                    case=case,
                    severity=severity,
                    field=own_target.indicator if case == "replaced" else "",
                    params={
                        **_describe_upper_target(upper_target, parent, profile),
                        "comparison": COMPARISON_SIGNS[own_target.comparison],
                        "value": own_target.value,
                        "unit": own_target.unit,
                        "source": own_target.source,
                    },
                )
    for own_site, upper_site, parent in find_replaced_register_lines(profile):
        if own_site.area_code == area:
            layer = ctx.plan.find_layer_of_concept("heritage")
            yield Finding(
                layer.role if layer is not None else ctx.plan.list_roles_of_concept("heritage")[0],
                field=" ".join(part for part in (own_site.kind, own_site.level, own_site.name) if part),
                case="register",
                severity=Severity.INFO,
                params={
                    "county": profile.name,
                    "site": own_site.name or own_site.term,
                    "value": _format_site_figures(own_site),
                    "source": own_site.source,
                    "target": _format_site_figures(upper_site),
                    "above_source": upper_site.source,
                    "parent": parent.name,
                    "shown": {
                        "value_of_site": _list_site_figures(own_site),
                        "target_of_site": _list_site_figures(upper_site),
                    },
                },
            )
    for missing_target, parent in find_targets_of_other_years(profile):
        if missing_target.area_code == area:
            yield Finding(
                find_role_of_figure(missing_target.indicator, ctx),
                field=missing_target.indicator,
                case="absent",
                severity=Severity.WARNING,
                params=_describe_upper_target(missing_target, parent, profile),
            )


def _describe_register_figures(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return both figures of a line of the heritage register (sites, or areas of one), and both forms of the ratio."""
    shown, figures = finding.params.get("shown", {}), {}
    for name in ("value", "target"):
        site = shown.get(f"{name}_of_site")
        if site is None:
            figures[f"{name}_figures"] = str(finding.params.get(name, ""))
        elif "count" in site:
            figures[f"{name}_figures"] = texts.get("words", "site_count", count=site["count"])
        else:
            areas = [
                texts.get("words", f"site_{key}", area=area, unit=texts.get("units", site["unit"]))
                for key, area in site["areas"].items()
            ]
            figures[f"{name}_figures"] = texts.get("words", "between_names").join(areas)
    for name, placeholder in (("value", "own_measure"), ("target", "above_measure")):
        measure = str(finding.params.get(name, ""))
        figures[placeholder] = (
            texts.get("words", "ratio_form", form=measure.upper(), formula=texts.get("words", f"ratio_{measure}"))
            if measure.upper() in RATIO_FORMS
            else measure
        )
    return figures


@rule(
    "LAW005",
    "handed-down",
    problem="Targets of two levels do not agree, or targets contradict each other",
    basis=["handed-down"],
    needs={"townships": LayerNeed("townships", optional=True)},
    uses=[PART_INDICATORS_SETTING],
    may_use=[DIVIDED_INDICATORS_SETTING],
    clauses=_describe_register_figures,
    messages={
        "sum": "{indicator}: the tasks of the {parts} parts of {county} sum to {value} {unit}, the county's own "
        "figure is {comparison} {target} {unit}: difference {miss} {unit}. First compare the county's figure with "
        "the approval document, and correct it if it was entered wrongly; if it is right, correct the allocated "
        "tasks by the allocation document, so that they sum to it.",
        "rounding": "{indicator}: the tasks of the {parts} parts of {county} sum to {value} {unit}, the county's own "
        "figure is {comparison} {target} {unit}: difference {miss} {unit}, within half of its last digit (rounding). "
        "Adjust the allocated tasks so that their sum agrees with the county's figure.",
        "limit": "The limit of the expansion ratio of {county} is {value}, that of {parent} is {target}: a lower plan "
        "must not relax it. Set the limit in the county profile to at most {target}, as approved by {parent}.",
        "measure": "{county} defines the expansion ratio ({setting}) by {own_measure}, {parent} by {above_measure}: "
        "the limits cannot be compared. Use the definition of {parent} in the county profile; if another definition "
        "was approved, waive the finding and give the approval document.",
        "target": "{indicator} of {county} in {year}: the profile in use has the target {comparison} {value} {unit} "
        "(“{source}”), but the profile that it is based on ({parent}, of the upper level or shipped with the plugin) "
        "has {above_comparison} {target} {above_unit} (“{above_source}”). A target of the county must not be looser. "
        "Set a target at least as strict in the profile in use; if the other target was changed by an approval "
        "document, correct it in that profile. Until then both targets are checked.",
        "replaced": "{indicator} of {county} in {year}: the profile in use has the target {comparison} {value} "
        "{unit} (“{source}”) in place of {above_comparison} {target} {above_unit} (“{above_source}”) of the profile "
        "that it is based on ({parent}, of the upper level or shipped with the plugin). The check uses the former. "
        "Compare it with its document: correct the profile in use if it was entered wrongly; if it is right, waive "
        "the finding and give the document.",
        "register": "“{site}” in the heritage register of {county}: the profile in use has {value_figures} (“{source}”) in "
        "place of {target_figures} (“{above_source}”) in the profile that it is based on ({parent}, of the upper level or "
        "shipped with the plugin). The check uses the former. Compare it with the published register and its "
        "document: correct the profile in use if it was entered wrongly; if it is right, waive the finding and give "
        "the document.",
        "absent": "{indicator} of {county} in {year}: the profile in use has this target for other years only, but the profile {parent} of the "
        "plugin for the same area has {above_comparison} {target} {above_unit} (“{above_source}”). Correct the year "
        "of the target, or add the missing one; if it was repealed, waive the finding and give the document.",
        "omitted": "{file} lacks townships of {layer}: {count} ({names}). Add their targets; list a township without a target with an empty figure.",
        "undivided": "{file} has no {indicator}, for which {area} has a target of {comparison} {target} {unit} in {year}: it was not allocated to any township. Add the townships' targets.",
        "unallocated": "{county}: the townships of “{file}” have {value} {unit} of {indicator}, the county's own figure is "
        "{comparison} {target} {unit}: {miss} {unit} not allocated to any township. Townships without a figure: "
        "{count} ({names}). Add their figures; if the approved table has none, waive the finding and give the document.",
        "part": "Table of tasks “{file}”, row {line}: {indicator} of {town} is {comparison} {value} {unit}, but {whole}, of which it is a "
        "part, is {whole_comparison} {target} {above_unit}. Compare both with the allocation document, and correct the wrong figure.",
        "part_target": "{indicator} of {county} in {year} has the target {comparison} {value} {unit} (“{source}”), but {whole}, of which "
        "it is a part, has {whole_comparison} {target} {above_unit} (“{whole_source}”). Compare both with their documents, "
        "and correct the wrong target in the profile.",
        "total": "Table of tasks “{file}”, row {line}: the total of {indicator} is {target} {unit}, but the townships "
        "sum to {value} {unit}. Compare it with the allocation document, and correct the total or the wrong township.",
    },
    approval_cases=("replaced", "register", "unallocated"),
    fails=[
        RuleExample("townships add up to less than the county's task", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, settings=COUNTY_TARGETS,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "40.00", "wan_mu"),
                                  ("140225101", "乙乡", "farmland_area", ">=", "23.24", "wan_mu")]}),
        RuleExample("a listed township has no figure, and the others less than the county's task", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, settings=COUNTY_TARGETS,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "40.00", "wan_mu"), ("140225101", "乙乡", "boundary_area", "<=", "5", "km2")]}),
        RuleExample("a township is not listed", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, settings=COUNTY_TARGETS,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "40.00", "wan_mu")]}),
        RuleExample("a task that no township has a part of", {"townships": [WEST_TOWNSHIP]}, finds=1, settings=COUNTY_TARGETS,
                side={"targets": [("140225100", "甲镇", "cultivated_area", ">=", "40.00", "wan_mu")]}),
        RuleExample("more basic farmland than cultivated land", {"townships": [WEST_TOWNSHIP]}, finds=1,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "5.00", "wan_mu"), ("140225100", "甲镇", "cultivated_area", ">=", "3.10", "wan_mu")]}),
        RuleExample("the same in the county's targets", {"townships": [WEST_TOWNSHIP]}, finds=1, settings={"targets": [
                ("farmland_area", ">=", "63.25", "wan_mu"), ("cultivated_area", ">=", "36.25", "wan_mu")]}),
    ],
    passes=[
        RuleExample("the same figure in two units", {"townships": [WEST_TOWNSHIP]},
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "3.10", "wan_mu"), ("140225100", "甲镇", "cultivated_area", ">=", "2066.67", "ha")]}),
        RuleExample("they add up to it exactly", {"townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, settings=COUNTY_TARGETS,
                side={"targets": [("140225100", "甲镇", "farmland_area", ">=", "40.00", "wan_mu"),
                                  ("140225101", "乙乡", "farmland_area", ">=", "23.25", "wan_mu")]}),
    ],
)  # fmt: skip
def handed_down(townships: Layer | None, *, ctx: RuleContext) -> RuleResult:
    """Allocated targets sum up, and no lower plan is looser.

    What it checks
        The sum of the townships' targets (TARGETS), compared with the county's figure; whether that table lists every
        township, and every target divided among them (`indicators.divided`, mark C); the amount not allocated because
        listed townships have no figure (INFO); the sum of the plans below a profile (those based on it), compared with
        its figure; the limit of the expansion ratio, and its definition (`ratio.form`, `ratio.classes`), compared with
        the profile above; and a profile's target, compared with the target of a lower or a shipped profile for the same
        area and year; other targets and lines of the heritage register that the profile replaces (INFO); a target of
        the shipped profile for the same area that the profile has for other years only; and tasks or targets that
        exceed those of the area of which they are a part (`indicators.parts`, C: 永久基本农田 of 耕地).
    Why
        Targets are allocated level by level; an amount lost between two levels is allocated to no area.
    How to fix
        Correct the table of tasks or the profile; if the upper figure is wrong, correct it with its document. If
        the profile replaces a figure as approved, or the approved table has no figure for a township, waive the finding
        and give the document.
    Limits
        Sums are compared for the same year if every part has its figure; parts without one are named. A sum that
        already exceeds an upper limit is always reported. Figures of the profiles are compared as printed.
    """
    profile, area = ctx.norm.profile, ctx.plan.area_code
    result = RuleResult(is_applicable=False)
    for one in profile.list_base_profiles():
        limits = compare_limits_with_bases(one)
        result.is_applicable |= bool(limits)
        result.findings += _report_ratio_settings(one, limits, ctx)
    result.findings += _report_figures_of_bases(profile, ctx)
    # Rules load with the toolbox, before any file reader is imported.
    from ...engine.provenance import find_county_name

    county_name = find_county_name(ctx.plan)
    township_layer = get_plan_townships(ctx)
    allocated_targets = get_township_targets(ctx.side_inputs)
    if allocated_targets.targets:
        result.unconfirmed.append(DIVIDED_INDICATORS_SETTING)
        result.findings += _report_omissions(allocated_targets, township_layer, county_name, ctx)
    _report_sums(
        result,
        compare_targets_with_townships(
            allocated_targets, ctx.norm.find_targets(area), township_layer[1] if township_layer else ()
        ),
        county_name,
        ctx,
        # The amount not allocated follows only from a table that lists all townships.
        "" if any(finding.case == "omitted" for finding in result.findings) else allocated_targets.file_name,
    )
    for total, value in find_wrong_totals(allocated_targets):
        result.findings.append(
            Finding(
                find_role_of_figure(total.indicator, ctx),
                case="total",
                severity=Severity.WARNING,
                params={
                    "file": allocated_targets.file_name,
                    "line": total.line_number,
                    "target": total.value,
                    "unit": total.unit,
                    "indicator": IndicatorName(total.indicator),
                    "value": round(value, total.printed_decimals + 4),
                },
            )
        )
    result.findings += _report_parts_exceeding_wholes(allocated_targets, county_name, ctx)
    divisions = ctx.norm.standard.code_lists.get("divisions")
    for one in profile.list_base_profiles():
        if one.targets and one.covers(area):
            children, unread = find_child_profiles(one)
            _report_sums(result, compare_targets_with_children(one, children, divisions), one.name, ctx)
            if unread:
                result.notes.append(("parts_unread", {"files": "、".join(unread)}))
    result.is_applicable |= bool(result.findings)
    if not allocated_targets.targets and not result.is_applicable:
        result.notes.insert(0, ("tasks_not_given", {}))
    return result


def _report_omissions(
    allocated_targets: AllocatedTargets,
    township_layer: tuple[Layer, list[Township], NDArray] | None,
    county_name: str,
    ctx: RuleContext,
) -> Iterator[Finding]:
    """Yield warnings on townships and county targets missing in the table of tasks.

    ``township_layer`` has the layer, its townships, and the township of each row; None without a layer.
    """
    if township_layer is not None and (omitted_names := find_omitted_townships(allocated_targets, township_layer[1])):
        listed_names = [*omitted_names[:_MAX_LISTED_NAMES], *(["…"] if len(omitted_names) > _MAX_LISTED_NAMES else [])]
        params = {"file": allocated_targets.file_name, "count": len(omitted_names), "names": "、".join(listed_names)}
        yield Finding(township_layer[0].role, case="omitted", severity=Severity.WARNING, params=params)
    undivided_indicators = set(ctx.norm.get(DIVIDED_INDICATORS_SETTING)).difference(allocated_targets.indicators)
    undivided_targets = {
        target.indicator: target
        for target in ctx.norm.find_targets(ctx.plan.area_code)
        if target.must_be_met and target.indicator in undivided_indicators
    }
    for target in undivided_targets.values():
        yield Finding(
            find_role_of_figure(target.indicator, ctx),
            case="undivided",
            severity=Severity.WARNING,
            field=target.indicator,
            params={
                "file": allocated_targets.file_name,
                "indicator": IndicatorName(target.indicator),
                "area": county_name,
                "year": target.year,
                "comparison": COMPARISON_SIGNS[target.comparison],
                "target": target.value,
                "unit": target.unit,
            },
        )


def _report_parts_exceeding_wholes(
    allocated_targets: AllocatedTargets, county_name: str, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield warnings on tasks and targets of a part that exceed those of its whole."""
    pairs = [(part, whole) for part, whole in read_setting_words(ctx.norm, PART_INDICATORS_SETTING, 2, 2)]
    for allocated, whole in find_parts_exceeding_wholes(allocated_targets.targets, pairs):
        yield Finding(
            find_role_of_figure(allocated.indicator, ctx),
            case="part",
            severity=Severity.WARNING,
            field=allocated.indicator,
            township=allocated.name,
            params={
                "file": allocated_targets.file_name,
                "line": allocated.line_number,
                "town": allocated.name or allocated.code,
                **_describe_part(allocated, whole),
            },
        )
    for target, whole_target in find_parts_exceeding_wholes(ctx.norm.find_targets(ctx.plan.area_code), pairs):
        yield Finding(
            find_role_of_figure(target.indicator, ctx),
            case="part_target",
            severity=Severity.WARNING,
            field=target.indicator,
            params={
                "county": county_name,
                "year": target.year,
                "source": target.source,
                "whole_source": whole_target.source,
                **_describe_part(target, whole_target),
            },
        )


def _describe_part(
    part_target: IndicatorTarget | AllocatedTarget, whole_target: IndicatorTarget | AllocatedTarget
) -> dict[str, Any]:
    """Return the message parameters of a figure and of the figure of which it is a part."""
    return {
        "indicator": IndicatorName(part_target.indicator),
        "comparison": COMPARISON_SIGNS[part_target.comparison],
        "value": part_target.value,
        "unit": part_target.unit,
        "whole": IndicatorName(whole_target.indicator),
        "whole_comparison": COMPARISON_SIGNS[whole_target.comparison],
        "target": whole_target.value,
        "above_unit": whole_target.unit,
    }


def _report_sums(result: RuleResult, sums: list[PartsSum], area: str, ctx: RuleContext, table: str = "") -> None:
    """Add to the result the sums of the targets of an area's parts, and findings on sums that miss the area's target.

    Parts are townships (``table``: the file of their tasks), or areas with a lower profile; a note names parts without
    a figure.
    """
    for parts_sum in sums:
        if table and parts_sum.unallocated > 0:
            field, names = parts_sum.target.indicator, parts_sum.missing_parts
            params = _describe_sum(parts_sum, area) | {
                "file": table,
                "count": len(names),
                "names": "、".join(names[:_MAX_LISTED_NAMES]) + ("…" if len(names) > _MAX_LISTED_NAMES else ""),
            }
            result.add_applicable(
                [
                    Finding(
                        find_role_of_figure(field, ctx),
                        field=field,
                        case="unallocated",
                        severity=Severity.INFO,
                        params=params,
                    )
                ]
            )
        if parts_sum.state:
            result.is_applicable = True
            target, rounding = parts_sum.target, parts_sum.state == MISSED_BY_ROUNDING
            result.indicators.append(
                Indicator(
                    f"handed_down_{target.indicator}",
                    parts_sum.sum_value,
                    target.unit,
                    "",
                    target.comparison,
                    target.numeric_value,
                    target.printed_decimals,
                    target.source,
                    {"parts": parts_sum.part_count, "year": target.year},
                    parts_sum.state,
                    place=area,
                )
            )
            if rounding or parts_sum.state == TARGET_MISSED:
                result.findings.append(
                    Finding(
                        find_role_of_figure(target.indicator, ctx),
                        case="rounding" if rounding else "sum",
                        severity=Severity.WARNING if rounding else None,
                        params=_describe_sum(parts_sum, area),
                    )
                )
    # Indicators that lack the same parts share one sentence.
    for year, missing_parts in dict.fromkeys(
        (parts_sum.target.year, parts_sum.missing_parts) for parts_sum in sums if parts_sum.missing_parts
    ):
        missing_names = list(missing_parts[:_MAX_LISTED_NAMES])
        if len(missing_parts) > _MAX_LISTED_NAMES:
            missing_names[-1] += "…"
        indicators = [
            parts_sum.target.indicator
            for parts_sum in sums
            if (parts_sum.target.year, parts_sum.missing_parts) == (year, missing_parts)
        ]
        params = {"area": area, "year": year, "indicators": indicators, "count": len(missing_parts)}
        result.notes.append(("parts_lacking", {**params, "names": missing_names}))


def _describe_sum(parts_sum: PartsSum, area: str) -> dict[str, Any]:
    """Return the message parameters of a sum and of the figure with which it is compared."""
    target = parts_sum.target
    return {
        "county": area,
        "indicator": IndicatorName(target.indicator),
        "parts": parts_sum.part_count,
        "value": round(parts_sum.sum_value, target.printed_decimals + 4),
        "comparison": COMPARISON_SIGNS[target.comparison],
        "target": target.value,
        "unit": target.unit,
        "miss": round(abs(target.numeric_value - parts_sum.sum_value), target.printed_decimals + 4),
    }


def _list_site_figures(site: RegisteredSite) -> dict[str, Any]:
    """Return the number of sites of a register's line, or the stated areas of one site, for the message."""
    if site.count is not None:
        return {"count": site.count}
    areas = {"area": site.area, "core_area": site.core_area, "control_area": site.control_area}
    return {"areas": {key: area for key, area in areas.items() if area}, "unit": site.unit}


def _format_site_figures(site: RegisteredSite) -> str:
    """Return the number of sites of a register's line, or the areas of one site."""
    if site.count is not None:
        return str(site.count)
    areas = [area or "—" for area in (site.area, site.core_area, site.control_area)]
    return f"{'/'.join(areas)} {site.unit}".strip()


def _describe_upper_target(upper_target: IndicatorTarget, parent: Profile, profile: Profile) -> dict[str, Any]:
    """Return the message parameters of a target that the upper profile has for the county."""
    return {
        "county": profile.name,
        "year": upper_target.year,
        "indicator": IndicatorName(upper_target.indicator),
        "above_comparison": COMPARISON_SIGNS[upper_target.comparison],
        "target": upper_target.value,
        "above_unit": upper_target.unit,
        "above_source": upper_target.source,
        "parent": parent.name,
    }
