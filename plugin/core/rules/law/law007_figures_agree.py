# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...engine.context import Context
from ...indicators.area_backing import ALLOWANCE_SHARE, DOUBT, ROW_ALLOWANCE
from ...indicators.compute import Computed, Figures
from ...indicators.survey_deductions import DEDUCTION_ALLOWANCE
from ...indicators.typed_figures import TypedFigure, typed_figures
from ...messages.texts import IndicatorName, Texts, format_number
from ...model.findings import Finding
from ...model.indicator import SIGNS, SQUARE_METRES, Indicator
from ...model.rule import Example, Need, RuleResult, Severity, rule

HECTARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
SQUARE = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"


@rule(
    "LAW007",
    "figures-agree",
    problem="Map, tables and text disagree",
    basis=["T3", "plan-review"],
    needs={
        "farmland": Need("farmland", optional=True),
        "cultivated": Need("cultivated", optional=True),
        "red_line": Need("red_line", optional=True),
        "boundary": Need("boundary", optional=True),
        "base_parcels": Need("base_parcels", optional=True),
    },
    uses=["ratio.form", ALLOWANCE_SHARE, ROW_ALLOWANCE, DEDUCTION_ALLOWANCE],
    messages={
        "map": "{place}: {indicator} is {typed}; the map ({layer}) gives {value}: difference {miss}. Make text, table and map agree.",
        "bound": "{place}: {indicator} is {comparison} {typed}; the map ({layer}) gives {value}, which exceeds the bound by {miss}. Correct the layer, or the figure with its document.",
        "looser": "{place}: {indicator} is {comparison} {typed}, but the target is {comparison} {target}: looser by {miss}. Print the target, or enter the document that changed it in the profile.",
        "text": "{place}: {indicator} is {typed}, {other_place}: {other}; difference {miss}. The map gives {value}. Print one figure in all places.",
        "text_only": "{place}: {indicator} is {typed}, {other_place}: {other}; difference {miss}. The map has no figure. Print one figure in all places.",
        "unknown": "{place}: the indicator “{name}” (line {row} of the table) is unknown and was not compared. Use a name of the list of indicators, such as {known}.",
        "unreadable": "{place}: “{text}” is not a number ({name}, line {row} of the table) and was not compared. Write the number, and its unit in the next column.",
        "unit": "{place}: {name} cannot be in “{unit_text}” (line {row} of the table) and was not compared. Its usual unit is {known}.",
    },
    fails=[
        Example("text and map", {"red_line": [SQUARE]}, finds=1, side={"figures": [("生态保护红线面积", "1.05", "平方千米", "文本第12条")]}),
        Example("text and table", {"red_line": [SQUARE]}, finds=2, side={"figures": [
            ("生态保护红线面积", "1.00", "平方千米", "文本第12条"), ("红线面积", "104.00", "公顷", "附表1")]}),
        Example("a bound that the map breaks", {"boundary": [SQUARE]}, finds=1, side={"figures": [
            ("城镇开发边界面积", "不超过0.95平方千米", "", "文本第8条")]}),
        Example("a bound that is looser than the task", {"red_line": [SQUARE]}, finds=1, settings={"targets": [("red_line_area", ">=", "95.00", "ha")]},
                side={"figures": [("红线面积", "不低于0.90", "平方千米", "文本第12条")]}),
        Example("a name of no indicator, a word for a number, a unit of another kind", {"red_line": [SQUARE]}, finds=3, side={"figures": [
            ("红线总长", "12.5", "公里", "附表2"), ("红线面积", "若干", "公顷", "文本第9条"), ("红线面积", "1.00", "%", "附表3")]}),
        Example("no map, but two texts", {"red_line": [HECTARE]}, finds=1, side={"figures": [
            ("森林覆盖率", "14.17", "%", "文本第5条"), ("森林覆盖率", "15.17", "%", "附表1")]}),
    ],
    passes=[
        Example("agree as printed", {"red_line": [SQUARE]}, side={"figures": [
            ("生态保护红线面积", "1.00", "平方千米", "文本第12条"), ("红线面积", "0.15", "万亩", "附表1"), ("红线面积", "≥0.9", "km²", "图03")]}),
        Example("half a hectare apart", {"red_line": [SQUARE]}, side={"figures": [("红线面积", "99.50", "公顷", "文本第12条")]}),
        Example("no table given", {"red_line": [SQUARE]}),
    ],
)  # fmt: skip
def figures_agree(*layers: object, ctx: Context, allowance_m2: float = 10_000.0) -> RuleResult:
    """Text, tables and map show the same figures.

    What it checks
        Every figure of the table FIGURES (indicator, value, unit, place), compared with that of the map, and the
        places of one indicator with each other: areas within 1 ha, or within half of the last printed digit if that
        is more; other figures within half of the last printed digit. A bound (≥, 不低于 …) must be met, and may not
        be looser than the county's target; a figure that equals the county's target is a bound.
    Why
        Review requires that text, table and map agree within 1 ha; a figure that differs between two pages is
        ambiguous.
    How to fix
        Correct the text or the table; if the map is wrong, correct the layer.
    Limits
        Only figures in the table are compared. Unknown names and units of indicators are findings. Figures that no
        layer gives (population) are compared with each other only.
    """
    typed = typed_figures(ctx.side)
    if not typed:
        return RuleResult(applicable=False, notes=[("figures_not_given", {})])
    texts = Texts(ctx.lang)
    figures = Figures(ctx, texts)
    result = RuleResult()
    form = str(ctx.norm.get("ratio.form"))
    by_indicator: dict[str, list[TypedFigure]] = {}
    for one in typed:
        entry = figures.catalogue.find(one.name, form)
        problem = _problem(one, entry.unit if entry else None)
        if problem:
            result.findings.append(_not_compared(one, problem, figures))
        elif entry is not None:
            by_indicator.setdefault(entry.id, []).append(replace(one, unit=one.unit or entry.unit))
    for name, places in by_indicator.items():
        computed = figures.get(name)
        result.findings += _disagreements(_Map.of(computed, ctx), places, allowance_m2, texts)
        if not all(figure.backed for figure in computed.figures):
            # Agreement of text and map on such a sum proves nothing.
            result.doubts.append(DOUBT)
        if not computed.figures:
            params = {"name": computed.entry.name(texts.lang), "reason": computed.reason}
            # A figure that no layer can give does not limit the result; a missing layer does.
            target = result.notes if computed.entry.method == "none" else result.not_checked
            target.append(("figures_no_map", params))
    return result


@dataclass(frozen=True)
class _Map:
    """Figures of the map for an indicator.

    ``value``: in m² for an area, else in its unit; None if the map has no figure. ``tasks``: the profile's targets,
    as comparison and value.
    """

    id: str
    role: str
    value: float | None
    tasks: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, computed: Computed, ctx: Context) -> "_Map":
        figure: Indicator | None = next(iter(computed.figures), None)
        concept = next(iter(computed.entry.inputs), "")
        layer = ctx.plan.concept(concept) if concept else None
        if figure is None or figure.value is None:
            return cls(computed.entry.id, "", None)
        factor = SQUARE_METRES.get(figure.unit, 1.0)
        tasks = tuple((i.comparison, i.target * factor) for i in computed.figures if i.target is not None)
        return cls(computed.entry.id, layer.role if layer else "", figure.value * factor, tasks)

    def meant(self, one: TypedFigure) -> TypedFigure:
        """Return a plain figure as a bound if it equals a target of the profile.

        An example is 63.25 in the table of indicators.
        """
        for comparison, task in self.tasks:
            if one.comparison == "=" and abs(one.comparable - task) <= one.rounding_half * one.factor * 1e-3:
                return replace(one, comparison=comparison)
        return one

    def met_by(self, one: TypedFigure, value: float) -> Iterator[float]:
        """Yield the targets that a bound (of ``value``) is looser than.

        Differences within half of its last printed digit are ignored.
        """
        allowed = one.rounding_half * one.factor + 1e-9 * abs(value)
        for comparison, task in self.tasks:
            beyond = task - value if comparison == ">=" else value - task
            if one.comparison == comparison != "=" and beyond > allowed:
                yield task


def _problem(one: TypedFigure, usual_unit: str | None) -> str:
    if usual_unit is None:
        return "unknown"
    if one.value is None:
        return "unreadable"
    areas = usual_unit in SQUARE_METRES
    if one.unit is None or (one.unit in SQUARE_METRES) != areas or (not areas and one.unit not in ("", usual_unit)):
        return "unit"
    return ""


def _not_compared(one: TypedFigure, problem: str, figures: Figures) -> Finding:
    entries = figures.catalogue.entries
    entry = figures.catalogue.find(one.name)
    known = "、".join(e.name(figures.texts.lang) for e in list(entries.values())[:4])
    if problem == "unit" and entry is not None:
        known = figures.texts.get("units", entry.unit)
    params = {
        "place": one.place,
        "name": one.name,
        "text": one.text,
        "unit_text": one.unit_text,
        "known": known,
        "row": one.row,
    }
    return Finding("", case=problem, severity=Severity.WARNING, field=f"{one.name} {one.place}".strip(), params=params)


def _disagreements(on_map: _Map, places: list[TypedFigure], allowance_m2: float, texts: Texts) -> Iterator[Finding]:
    first: dict[str, TypedFigure] = {}
    for typed in places:
        one = on_map.meant(typed)
        value = one.comparable
        if on_map.value is not None and (case := _against_map(one, value, on_map.value, allowance_m2)):
            yield _finding(case, on_map, one, abs(value - on_map.value), texts)
        for task in on_map.met_by(one, value):
            finding = _finding("looser", on_map, one, abs(value - task), texts)
            digits = one.decimals + 4 if one.unit in SQUARE_METRES else one.decimals + 2
            finding.params["target"] = _with_unit(task / one.factor, digits, texts.get("units", one.unit or ""))
            finding.severity = Severity.WARNING
            yield finding
        # A bound and a drawn area may differ.
        other = first.setdefault(one.comparison, one)
        difference = abs(value - other.comparable)
        if difference > max(_allowed(one, allowance_m2), _allowed(other, allowance_m2)):
            case = "text_only" if on_map.value is None else "text"
            yield _finding(case, on_map, one, difference, texts, other)


def _against_map(one: TypedFigure, value: float, on_map: float, allowance_m2: float) -> str:
    allowed = _allowed(one, allowance_m2)
    if one.comparison == "=":
        return "map" if abs(value - on_map) > allowed else ""
    beyond = value - on_map if one.comparison == ">=" else on_map - value
    return "bound" if beyond > allowed else ""


def _allowed(one: TypedFigure, allowance_m2: float) -> float:
    """Return the allowed difference: 1 ha or the rounding of the printed digits.

    The precision of a double is included.
    """
    least = allowance_m2 if one.unit in SQUARE_METRES else 0.0
    return float(max(least, one.rounding_half * one.factor) + 1e-9 * abs(one.comparable))


def _finding(
    case: str, on_map: _Map, one: TypedFigure, difference: float, texts: Texts, other: TypedFigure | None = None
) -> Finding:
    unit = texts.get("units", one.unit or "")
    digits = one.decimals + 4 if one.unit in SQUARE_METRES else one.decimals + 2
    params = {
        "place": one.place,
        "indicator": IndicatorName(on_map.id),
        "typed": _printed(one),
        "comparison": SIGNS[one.comparison],
        "value": None if on_map.value is None else _with_unit(on_map.value / one.factor, digits, unit),
        "unit": one.unit,
        "miss": _with_unit(difference / one.factor, digits, unit),
        "row": one.row,
    }
    if other is not None:
        params |= {"other_place": other.place, "other": _printed(other), "other_row": other.row}
    return Finding(on_map.role, case=case, field=f"{one.name} {one.place}".strip(), params=params)


def _with_unit(value: float, digits: int, unit: str) -> str:
    return f"{format_number(value, digits)} {unit}".strip()


def _printed(one: TypedFigure) -> str:
    return f"{one.value:.{one.decimals}f} {one.unit_text}".strip()
