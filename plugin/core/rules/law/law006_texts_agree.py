# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

from ...engine.context import RuleContext
from ...figures.supplied_tables import get_printed_figures
from ...model.findings import Finding
from ...model.indicator import AREA_FIGURES, STATED_FIGURES
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...standard.indicator_catalogue import find_indicator_name
from ...standard.messages.clauses import OWN_PLAN
from ...standard.messages.texts import TEXT_LANGUAGES, IndicatorName, Texts
from ...standard.profile import IndicatorTarget, OtherSource, StatedFigure
from ...standard.template import Template

HECTARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EXAMPLE_CONTRADICTED_TARGETS = {"targets": [("red_line_area", ">=", "2.00", "ha", ("2.10", "另一份规划"))]}
EXAMPLE_AGREEING_TARGETS = {"targets": [("red_line_area", ">=", "2.0", "ha", ("2.00", "另一份规划"))]}


def _advise_on_documents(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause ``advice``, which states what to do about two documents with different figures.

    The advice depends on whether the county uses one of these figures.
    """
    shown = finding.params.get("shown", {})
    used = shown.get("used")
    if used is None:
        key = "documents_if_used"
    elif used == OWN_PLAN:
        key = "documents_of_county"
    elif used:
        places = texts.get("words", "between_names").join(used)
        return {"advice": texts.get("words", "documents_used", places=places)}
    else:
        key = "documents_unused" if shown.get("has_printed_figures") else "documents_unused_in_targets"
    return {"advice": texts.get("words", key)}


@rule(
    "LAW006",
    "texts-agree",
    problem="Documents state different figures",
    severity=Severity.WARNING,
    basis=["texts-agree", "plan-review"],
    needs={},
    clauses=_advise_on_documents,
    messages={
        "": "{indicator} of {area} for {year} differs between two documents: “{source}” has {value} {unit}, “{other}” "
        "has {said} {unit}. {advice}",
        "stated": "{figure} of {area} for {year} differs between two documents: “{source}” has {value} {unit}, “{other}” has "
        "{said} {unit}. {advice}",
    },
    fails=[RuleExample("two plans, two figures", {"red_line": [HECTARE_WKT]}, finds=1, settings=EXAMPLE_CONTRADICTED_TARGETS)],
    passes=[
        RuleExample("the same figure with more digits", {"red_line": [HECTARE_WKT]}, settings=EXAMPLE_AGREEING_TARGETS),
        RuleExample("one document only", {"red_line": [HECTARE_WKT]}, settings={"targets": [("red_line_area", ">=", "2.00", "ha")]}),
    ],
)  # fmt: skip
def texts_agree(*, ctx: RuleContext) -> RuleResult:
    """Documents state the same figure for the same subject.

    What it checks
        Figures of the profile, or of one above it, for which another document states another value (also_said): both
        values, each with its document.
    Why
        Text, table and map must show one number; if two approved texts differ, no plan can meet both.
    How to fix
        Determine which document is in force (usually the later or the higher one), and remove the other's figure from
        text and tables.
    Limits
        Only figures entered in a profile are compared. Contradictions of plans above this area are information, those
        of the area's own plan a warning. Does not run by default: select the rule or its group quotas.
    """
    result = RuleResult(is_applicable=False)
    area = ctx.plan.area_code
    name_by_area_code = {one.area_code: one.name for one in ctx.norm.profile.list_base_profiles() if one.covers(area)}
    figures: list[IndicatorTarget | StatedFigure] = [*ctx.norm.profile.targets, *ctx.norm.profile.stated_figures]
    for figure, source in ((one, source) for one in figures for source in one.other_sources):
        if figure.area_code not in name_by_area_code and figure.area_code != area:
            continue
        result.is_applicable = True
        if float(source.value) != figure.numeric_value:
            name = name_by_area_code.get(figure.area_code, area)
            result.findings.append(_make_difference_finding(figure, source, name, figure.area_code == area, ctx))
    return result


def _make_difference_finding(
    figure: IndicatorTarget | StatedFigure, source: OtherSource, area: str, is_own_plan: bool, ctx: RuleContext
) -> Finding:
    """Return the finding that two documents state different values of a figure.

    ``area``: name of the area; ``is_own_plan``: the figure is of the county's own plan.
    """
    params: dict[str, Any] = {
        "area": area,
        "year": str(source.year or figure.year),
        "source": figure.source,
        "value": figure.value,
        "other": source.source,
        "said": source.value,
        "shown": {
            "used": OWN_PLAN if is_own_plan else _find_uses(figure, source, ctx),
            "has_printed_figures": bool(get_printed_figures(ctx.side_inputs)),
        },
    }
    severity = None if is_own_plan else Severity.INFO
    if isinstance(figure, StatedFigure):
        # The unit is as printed, because no layer has the figure.
        stated_params = {**params, "figure": figure.name, "unit": figure.unit}
        return Finding(
            "", field=f"{figure.name} {params['year']}", case="stated", severity=severity, params=stated_params
        )
    concept, _ = {**AREA_FIGURES, **STATED_FIGURES}[figure.indicator]
    layer = ctx.plan.find_layer_of_concept(concept)
    role = layer.role if layer is not None else ctx.plan.list_roles_of_concept(concept)[0]
    return Finding(
        role, severity=severity, params={**params, "indicator": IndicatorName(figure.indicator), "unit": figure.unit}
    )


def _find_uses(figure: IndicatorTarget | StatedFigure, source: OtherSource, ctx: RuleContext) -> list[str]:
    """Return where the county states one of two differing figures of an upper level.

    These are documents of the county's own targets, and places in its text and tables.
    """
    numbers = {float(figure.numeric_value), float(source.value)}
    profile = ctx.norm.profile
    own_figures: list[IndicatorTarget | StatedFigure] = [*profile.targets, *profile.stated_figures]
    uses = [
        own.source
        for own in own_figures
        if own.area_code == ctx.plan.area_code
        and _get_subject(own) == _get_subject(figure)
        and own.unit == figure.unit
        and float(own.numeric_value) in numbers
    ]
    names = (
        {figure.name}
        if isinstance(figure, StatedFigure)
        else {find_indicator_name(figure.indicator, lang) for lang in TEXT_LANGUAGES}
    )
    uses += [
        printed.printed_at
        for printed in get_printed_figures(ctx.side_inputs)
        if printed.value in numbers and printed.name in names
    ]
    return list(dict.fromkeys(uses))


def _get_subject(figure: IndicatorTarget | StatedFigure) -> str:
    """Return what a figure is about: its name, or the id of its indicator."""
    return figure.name if isinstance(figure, StatedFigure) else figure.indicator
