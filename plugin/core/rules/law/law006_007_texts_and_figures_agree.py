# SPDX-License-Identifier: GPL-2.0-or-later

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...engine.context import RuleContext
from ...figures.indicators.area_backing import AREA_FIELDS_SETTING, ROW_ALLOWANCE_SETTING, SUM_ALLOWANCE_SETTING
from ...figures.indicators.compute import ComputedIndicator, PlanIndicators
from ...figures.indicators.survey_deductions import DEDUCTION_ALLOWANCE_SETTING
from ...figures.supplied_tables import PrintedFigure
from ...model.findings import Finding
from ...model.indicator import COMPARISON_SIGNS, SQUARE_METRES, Indicator
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...standard.indicator_catalogue import find_indicator_name
from ...standard.messages.clauses import OWN_PLAN
from ...standard.messages.numbers import choose_figure_decimals
from ...standard.messages.texts import TEXT_LANGUAGES, IndicatorName, Texts, format_number
from ...standard.profile import IndicatorTarget, OtherSource, StatedFigure
from ...standard.template import Template
from .._places import SQUARE_KM_WKT, SQUARE_WKT, find_role_of_figure


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
        return {"advice": texts.get("words", "documents_used", places=texts.get("words", "between_names").join(used))}
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
    fails=[RuleExample("two plans, two figures", {"red_line": [SQUARE_WKT]}, finds=1, settings={"targets": [("red_line_area", ">=", "2.00", "ha", ("2.10", "另一份规划"))]})],
    passes=[
        RuleExample("the same figure with more digits", {"red_line": [SQUARE_WKT]}, settings={"targets": [("red_line_area", ">=", "2.0", "ha", ("2.00", "另一份规划"))]}),
        RuleExample("one document only", {"red_line": [SQUARE_WKT]}, settings={"targets": [("red_line_area", ">=", "2.00", "ha")]}),
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
            is_own_plan = figure.area_code == area
            params: dict[str, Any] = {
                "area": name_by_area_code.get(figure.area_code, area),
                "year": str(source.year or figure.year),
                "source": figure.source,
                "value": figure.value,
                "other": source.source,
                "said": source.value,
                "shown": {
                    "used": OWN_PLAN if is_own_plan else _find_uses(figure, source, ctx),
                    "has_printed_figures": bool(ctx.side_inputs.get_input("figures", tuple)),
                },
            }
            severity = None if is_own_plan else Severity.INFO
            if isinstance(figure, StatedFigure):
                # The unit is as printed, because no layer has the figure.
                result.findings.append(
                    Finding(
                        "",
                        field=f"{figure.name} {params['year']}",
                        case="stated",
                        severity=severity,
                        params={**params, "figure": figure.name, "unit": figure.unit},
                    )
                )
            else:
                result.findings.append(
                    Finding(
                        find_role_of_figure(figure.indicator, ctx),
                        severity=severity,
                        params={**params, "indicator": IndicatorName(figure.indicator), "unit": figure.unit},
                    )
                )
    return result


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
        for printed in (ctx.side_inputs.get_input("figures", tuple) or ())
        if printed.value in numbers and printed.name in names
    ]
    return list(dict.fromkeys(uses))


def _get_subject(figure: IndicatorTarget | StatedFigure) -> str:
    """Return what a figure is about: its name, or the id of its indicator."""
    return figure.name if isinstance(figure, StatedFigure) else figure.indicator


TASK_WORDS_SETTING = "indicators.task_words"


@rule(
    "LAW007",
    "figures-agree",
    problem="Map, tables and text disagree",
    sum_cases=("map", "bound"),
    basis=["T3", "plan-review"],
    needs={
        "farmland": LayerNeed("farmland", optional=True),
        "cultivated": LayerNeed("cultivated", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "boundary": LayerNeed("boundary", optional=True),
        "base_parcels": LayerNeed("base_parcels", optional=True),
    },
    uses=["ratio.form", SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING, DEDUCTION_ALLOWANCE_SETTING, TASK_WORDS_SETTING],
    messages={
        "map": "{place}: {indicator} is {typed}; the map ({layer_basis}) gives {value}: {miss}. Text, table and map must "
        "agree with the approved result. {repeated}If the layer agrees with it, correct the text or the table; "
        "otherwise correct the layer. If the figure is a task, put ≥ or ≤ before it in the table “Figures of text and "
        "tables” and check again; the text itself stays.",
        "bound": "{place}: {indicator} is {comparison} {typed}; the map ({layer_basis}) gives {value}, which exceeds the "
        "bound by {miss}. {repeated}First check the figure in the text or table: if it is wrong, correct it by the "
        "approval document. If it is right, compare {layer} with the approved result and adjust it until it meets "
        "the figure. {same_problem}",
        "looser": "{place}: {indicator} is {comparison} {typed}, but the target is {comparison} {target}: looser by "
        "{miss}. Correct the text to the target; if the target was changed by an approval document, correct it in the "
        "profile.",
        "text": "{place}: {indicator} is {typed}, {other_place}: {other}; difference {miss}. The map gives {value}. "
        "Determine from the approval documents which figure is right, and use it in all places.",
        "text_only": "{place}: {indicator} is {typed}, {other_place}: {other}; difference {miss}. No layer gives this "
        "figure. Determine from the approval documents which figure is right, and use it in all places.",
        "two_values": "{place}: {indicator} is {typed}, which equals the target; {other_place}: {other}, difference {miss}. "
        "Neither place states which is the task. If {typed} is the task, write “at least” or “at most” there; otherwise use one "
        "figure in all places.",
        "unknown": "{place}: “{name}” (line {row} of the table of figures) names no indicator that the plugin can compare, and was not compared. "
        "For the county's own indicator no action is needed; for a standard indicator, use its standard name, such as {known}.",
        "unreadable": "{place}: “{text}” is not a number ({name}, line {row} of the table of figures) and was not compared. Write the number, and its unit in the next column.",
        "unit": "{place}: {name} cannot be in “{unit_text}” (line {row} of the table of figures) and was not compared. Its usual unit is {known}.",
    },
    fails=[
        RuleExample("text and map", {"red_line": [SQUARE_KM_WKT]}, finds=1, side={"figures": [("生态保护红线面积", "1.05", "平方千米", "文本第12条")]}),
        RuleExample("text and table", {"red_line": [SQUARE_KM_WKT]}, finds=2, side={"figures": [
            ("生态保护红线面积", "1.00", "平方千米", "文本第12条"), ("红线面积", "104.00", "公顷", "附表1")]}),
        RuleExample("a bound that the map breaks", {"boundary": [SQUARE_KM_WKT]}, finds=1, side={"figures": [
            ("城镇开发边界面积", "不超过0.95平方千米", "", "文本第8条")]}),
        RuleExample("a bound that is looser than the task", {"red_line": [SQUARE_KM_WKT]}, finds=1, settings={"targets": [("red_line_area", ">=", "95.00", "ha")]},
                side={"figures": [("红线面积", "不低于0.90", "平方千米", "文本第12条")]}),
        RuleExample("a name of no indicator, a word for a number, a unit of another kind", {"red_line": [SQUARE_KM_WKT]}, finds=3, side={"figures": [
            ("红线总长", "12.5", "公里", "附表2"), ("红线面积", "若干", "公顷", "文本第9条"), ("红线面积", "1.00", "%", "附表3")]}),
        RuleExample("the task in one place, the drawn area in another", {"red_line": [SQUARE_KM_WKT]}, finds=1, settings={"targets": [("red_line_area", ">=", "95.00", "ha")]},
                side={"figures": [("生态保护红线面积", "1.00", "平方千米", "文本第12条"), ("红线面积", "95.00", "公顷", "附表1")]}),
        RuleExample("no map, but two texts", {"red_line": [SQUARE_WKT]}, finds=1, side={"figures": [
            ("森林覆盖率", "14.17", "%", "文本第5条"), ("森林覆盖率", "15.17", "%", "附表1")]}),
    ],
    passes=[
        RuleExample("agree as printed", {"red_line": [SQUARE_KM_WKT]}, side={"figures": [
            ("生态保护红线面积", "1.00", "平方千米", "文本第12条"), ("红线面积", "0.15", "万亩", "附表1"), ("红线面积", "≥0.9", "km²", "图03")]}),
        RuleExample("half a hectare apart", {"red_line": [SQUARE_KM_WKT]}, side={"figures": [("红线面积", "99.50", "公顷", "文本第12条")]}),
        RuleExample("one place says that it is the task", {"red_line": [SQUARE_KM_WKT]}, settings={"targets": [("red_line_area", ">=", "95.00", "ha")]},
                side={"figures": [("红线面积", "1.00", "平方千米", "文本第12条"), ("红线面积", "95.00", "公顷", "附表1 下达任务"), ("红线面积", "≥95.00", "公顷", "文本第3条")]}),
        RuleExample("no table given", {"red_line": [SQUARE_KM_WKT]}),
    ],
)  # fmt: skip
def figures_agree(*layers: object, ctx: RuleContext, allowance_m2: float = 10_000.0) -> RuleResult:
    """Text, tables and map show the same figures.

    What it checks
        Every figure of the table FIGURES (indicator, value, unit, place), compared with that of the map, and the places
        of one indicator with each other: areas within 1 ha, or within half of the last printed digit if that is more;
        other figures within half of the last printed digit. A bound (≥, 不低于 …) must be met, and may not be looser than
        the county's target; a figure that equals the county's target is a bound. If another place prints another
        figure, and no place marks the task by a sign or a word of `indicators.task_words`, that is information, once
        for an indicator.
    Why
        Review requires that text, table and map agree within 1 ha; a figure that differs between two pages is
        ambiguous.
    How to fix
        Correct the text or the table; if the map is wrong, correct the layer.
    Limits
        Only figures in the table are compared. Unknown names and units of indicators are findings. Figures that no
        layer gives (population) are compared with each other only.
    """
    typed_list = ctx.side_inputs.get_input("figures", tuple) or ()
    if not typed_list:
        return RuleResult(is_applicable=False, notes=[("figures_not_given", {})])
    texts = Texts(ctx.lang)
    figures = PlanIndicators(ctx, texts)
    result = RuleResult()
    ratio_definition = str(ctx.norm.get("ratio.form"))
    by_indicator: dict[str, list[PrintedFigure]] = defaultdict(list)
    for typed_figure in typed_list:
        entry = figures.catalogue.find_indicator(typed_figure.name, ratio_definition)
        problem = _explain_incomparable_figure(typed_figure, entry.unit if entry else None)
        if problem:
            figure_entry = figures.catalogue.find_indicator(typed_figure.name)
            accepted_wording = (
                figures.texts.get("units", figure_entry.unit)
                if problem == "unit" and figure_entry is not None
                else "、".join(
                    e.get_name(figures.texts.lang) for e in [*figures.catalogue.indicator_by_id.values()][:4]
                )
            )
            result.findings.append(
                Finding(
                    "",
                    case=problem,
                    severity=Severity.WARNING,
                    field=f"{typed_figure.name} {typed_figure.printed_at}".strip(),
                    params={
                        "place": typed_figure.printed_at,
                        "name": typed_figure.name,
                        "text": typed_figure.printed_text,
                        "unit_text": typed_figure.unit_text,
                        "known": accepted_wording,
                        "row": typed_figure.line_number,
                    },
                )
            )
        elif entry is not None:
            by_indicator[entry.id].append(replace(typed_figure, unit=typed_figure.unit or entry.unit))
    for name, typed_places in by_indicator.items():
        computed_indicator = figures.compute_indicator(name)
        map_figure = _MapFigure.make_from_computed_indicator(computed_indicator, ctx)
        result.findings += _find_disagreements(map_figure, typed_places, allowance_m2, texts)
        result.findings += _find_targets_printed_like_results(
            map_figure, typed_places, list(ctx.norm.get(TASK_WORDS_SETTING)), allowance_m2, texts
        )
        if not all(figure.backed for figure in computed_indicator.figures):
            # Agreement of text and map on such a sum proves nothing.
            result.doubts.append(AREA_FIELDS_SETTING)
        if not computed_indicator.figures:
            params = {
                "name": computed_indicator.definition.get_name(texts.lang),
                "reason": computed_indicator.missing_reason,
            }
            # A figure that no layer can give does not limit the result; a missing layer does.
            target = result.notes if computed_indicator.definition.method == "none" else result.not_checked
            target.append(("figures_no_map", params))
    return result


@dataclass(frozen=True)
class _MapFigure:
    """The value of an indicator that the layers give, to be compared with texts.

    Attributes
    ----------
    id, role
        The indicator, and the code of its first layer.
    basis
        The area that the value is the sum of (net, survey, statutory), empty for other values.
    value
        In m² for an area, else in the indicator's unit; None if the layers give no value.
    targets
        The profile's targets as (comparison, value).
    """

    id: str
    role: str
    value: float | None
    basis: str = ""
    targets: tuple[tuple[str, float], ...] = ()

    @classmethod
    def make_from_computed_indicator(cls, computed_indicator: ComputedIndicator, ctx: RuleContext) -> "_MapFigure":
        """Return the figure from the indicator computed from the layers."""
        figure: Indicator | None = next(iter(computed_indicator.figures), None)
        concept = next(iter(computed_indicator.definition.inputs), "")
        layer = ctx.plan.find_layer_of_concept(concept) if concept else None
        if figure is None or figure.value is None:
            return cls(computed_indicator.definition.id, "", None)
        factor = SQUARE_METRES.get(figure.unit, 1.0)
        targets = tuple((i.comparison, i.target * factor) for i in computed_indicator.figures if i.target is not None)
        return cls(
            computed_indicator.definition.id, layer.role if layer else "", figure.value * factor, figure.basis, targets
        )

    def resolve_bound(self, printed_figure: PrintedFigure) -> PrintedFigure:
        """Return a plain figure of a text as a bound if it equals a target of the profile.

        A text may print the target 63.25 without “≥”.
        """
        for comparison, task in self.targets:
            if (
                printed_figure.comparison == "="
                and abs(printed_figure.comparable_value - task)
                <= printed_figure.rounding_half * printed_figure.unit_m2 * 1e-3
            ):
                return replace(printed_figure, comparison=comparison)
        return printed_figure

    def find_looser_targets(self, printed_figure: PrintedFigure, value: float) -> Iterator[float]:
        """Yield the targets that a bound in a text is looser than.

        ``value`` is the bound, in m² for an area. Differences within half of its last printed digit are ignored.
        """
        allowed_difference = printed_figure.rounding_half * printed_figure.unit_m2 + 1e-9 * abs(value)
        for comparison, task in self.targets:
            looseness = task - value if comparison == ">=" else value - task
            if printed_figure.comparison == comparison != "=" and looseness > allowed_difference:
                yield task


def _explain_incomparable_figure(printed_figure: PrintedFigure, usual_unit: str | None) -> str:
    """Return why a figure of the table cannot be compared.

    It is ``unknown`` (indicator), ``unreadable`` (number) or ``unit``; empty for a usable figure.
    """
    if usual_unit is None:
        return "unknown"
    if printed_figure.value is None:
        return "unreadable"
    areas = usual_unit in SQUARE_METRES
    if (
        printed_figure.unit is None
        or (printed_figure.unit in SQUARE_METRES) != areas
        or (not areas and printed_figure.unit not in ("", usual_unit))
    ):
        return "unit"
    return ""


def _find_disagreements(
    map_figure: _MapFigure, places: list[PrintedFigure], allowance_m2: float, texts: Texts
) -> Iterator[Finding]:
    """Yield findings on places in documents that contradict layers or each other.

    ``places`` are the places that print this indicator.
    """
    first_by_comparison: dict[str, PrintedFigure] = {}
    for raw_figure in places:
        printed_figure = map_figure.resolve_bound(raw_figure)
        value = printed_figure.comparable_value
        if map_figure.value is not None and (
            case := _compare_with_map(printed_figure, value, map_figure.value, allowance_m2)
        ):
            yield _make_disagreement_finding(case, map_figure, printed_figure, abs(value - map_figure.value), texts)
        for task in map_figure.find_looser_targets(printed_figure, value):
            finding = _make_disagreement_finding("looser", map_figure, printed_figure, abs(value - task), texts)
            stored_figures, displayed_figures = _format_figures(
                {"target": task}, abs(value - task), printed_figure, texts
            )
            shown = finding.params["shown"] | displayed_figures
            yield replace(
                finding, severity=Severity.WARNING, params={**finding.params, **stored_figures, "shown": shown}
            )
        # A bound and a drawn area may differ.
        first_figure = first_by_comparison.setdefault(printed_figure.comparison, printed_figure)
        difference = abs(value - first_figure.comparable_value)
        if difference > max(
            _compute_allowed_difference(printed_figure, allowance_m2),
            _compute_allowed_difference(first_figure, allowance_m2),
        ):
            case = "text_only" if map_figure.value is None else "text"
            yield _make_disagreement_finding(case, map_figure, printed_figure, difference, texts, first_figure)


def _find_targets_printed_like_results(
    map_figure: _MapFigure, places: list[PrintedFigure], task_words: list[str], allowance_m2: float, texts: Texts
) -> Iterator[Finding]:
    """Yield at most one finding on a target that is printed like a result.

    An indicator then has two plain figures, of which one equals a target: a reader cannot distinguish them.
    ``task_words``: words (任务) that mark a figure as target.
    """

    def is_marked(printed_figure: PrintedFigure) -> bool:
        return any(
            word in text.lower() for word in task_words for text in (printed_figure.printed_at, printed_figure.name)
        )

    plain_figures = [printed_figure for printed_figure in places if printed_figure.comparison == "="]
    tasks = [
        printed_figure for printed_figure in plain_figures if map_figure.resolve_bound(printed_figure).comparison != "="
    ]
    results = [
        printed_figure
        for printed_figure in plain_figures
        if printed_figure not in tasks and not is_marked(printed_figure)
    ]
    marked = [
        printed_figure.comparable_value
        for printed_figure in places
        if printed_figure.comparison != "=" or is_marked(printed_figure)
    ]
    for task in tasks:
        if any(abs(task.comparable_value - value) <= task.rounding_half * task.unit_m2 for value in marked):
            continue
        for other in results:
            difference = abs(task.comparable_value - other.comparable_value)
            if difference > max(
                _compute_allowed_difference(printed_figure, allowance_m2) for printed_figure in (task, other)
            ):
                finding = _make_disagreement_finding("two_values", map_figure, task, difference, texts, other)
                yield replace(finding, severity=Severity.INFO)
                return


def _compare_with_map(printed_figure: PrintedFigure, value: float, map_value: float, allowance_m2: float) -> str:
    """Return the kind of difference from the layers' value, empty without one.

    ``value`` and ``map_value`` are in m² for areas.
    """
    allowed_difference = _compute_allowed_difference(printed_figure, allowance_m2)
    if printed_figure.comparison == "=":
        return "map" if abs(value - map_value) > allowed_difference else ""
    bound_excess = value - map_value if printed_figure.comparison == ">=" else map_value - value
    return "bound" if bound_excess > allowed_difference else ""


def _compute_allowed_difference(printed_figure: PrintedFigure, allowance_m2: float) -> float:
    """Return the allowed difference of a printed figure from another value.

    For areas it is at least ``allowance_m2``; for all at least half of the last printed digit, and the precision of a
    double.
    """
    least = allowance_m2 if printed_figure.unit in SQUARE_METRES else 0.0
    return float(
        max(least, printed_figure.rounding_half * printed_figure.unit_m2) + 1e-9 * abs(printed_figure.comparable_value)
    )


def _make_disagreement_finding(
    case: str,
    map_figure: _MapFigure,
    printed_figure: PrintedFigure,
    difference: float,
    texts: Texts,
    other_typed: PrintedFigure | None = None,
) -> Finding:
    """Return the finding that a printed figure differs from the layers, a target or another printed figure.

    ``difference``: in m² for an area; ``other_typed``: the other printed figure.
    """
    stored_figures, displayed_figures = _format_figures(
        {"value": map_figure.value, "miss": difference}, difference, printed_figure, texts
    )
    params: dict[str, Any] = {
        "place": printed_figure.printed_at,
        "indicator": IndicatorName(map_figure.id),
        "typed": _format_as_printed(printed_figure),
        "comparison": COMPARISON_SIGNS[printed_figure.comparison],
        "value": stored_figures["value"],
        "unit": printed_figure.unit,
        "miss": stored_figures["miss"],
        "row": printed_figure.line_number,
        "shown": {"basis": map_figure.basis, **displayed_figures},
    }
    if case == "map" and map_figure.value is not None:
        params["shown"]["direction"] = "more" if map_figure.value > printed_figure.comparable_value else "less"
    if other_typed is not None:
        params |= {
            "other_place": other_typed.printed_at,
            "other": _format_as_printed(other_typed),
            "other_row": other_typed.line_number,
        }
    return Finding(
        map_figure.role, case=case, field=f"{printed_figure.name} {printed_figure.printed_at}".strip(), params=params
    )


def _format_figures(
    values_m2: dict[str, float | None], difference: float, printed_figure: PrintedFigure, texts: Texts
) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return figures in the unit of a printed one: with the decimals that waivers compare, and as messages show them.

    An area has fewer decimals in messages; the second dict has areas only.
    """
    unit, is_area = texts.get("units", printed_figure.unit or ""), printed_figure.unit in SQUARE_METRES
    decimals = printed_figure.decimals + (4 if is_area else 2)
    stored_figures: dict[str, str | None] = dict.fromkeys(values_m2)
    displayed_figures: dict[str, str] = {}
    for name, value_m2 in values_m2.items():
        if value_m2 is None:
            continue
        value = value_m2 / printed_figure.unit_m2
        stored_figures[name] = f"{format_number(value, decimals)} {unit}".strip()
        if is_area:
            fewer = choose_figure_decimals(
                printed_figure.unit or "", printed_figure.decimals, difference / printed_figure.unit_m2, value
            )
            displayed_figures[name] = f"{format_number(value, fewer)} {unit}".strip()
    return stored_figures, displayed_figures


def _format_as_printed(printed_figure: PrintedFigure) -> str:
    """Return a printed figure with its decimals and the unit as printed."""
    return f"{printed_figure.value:.{printed_figure.decimals}f} {printed_figure.unit_text}".strip()
