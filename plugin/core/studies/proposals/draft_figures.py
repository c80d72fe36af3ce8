# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures by which drafts of a control line are compared (方案对比), from indicators, rules and overlays."""

from __future__ import annotations

from collections import Counter
from functools import partial
from operator import methodcaller
from typing import NamedTuple

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...engine.evaluate import Evaluation
from ...engine.outcome import render_reasons
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.ratio import find_windows
from ...figures.indicators.repeated_land import RepeatedLand
from ...geometry.polygons import union_polygon_rows
from ...model.report import Outcome
from ...model.rule import Severity, load_all_rules
from ...plan.layer import Layer
from ...render.figures import format_margin
from ...render.words import ReportTexts, load_report_settings
from ...rules.law.law015_016_017_sealed_lines import compute_area_weighted_average
from ...standard.messages.texts import Texts, format_number
from .draft_differences import Differences
from .supplement_model import GRADES

SECTION = "drafts"
#: Outcomes of rules that compared data.
RAN = (Outcome.PASSED, Outcome.FAILED)
#: Text of a figure that an edition does not have, such as the change of the plan as it is.
NOT_APPLICABLE = "—"


class FigureKind(NamedTuple):
    """A figure: its number among the twelve, unit, decimals; ``lines``: the lines that have it, empty for all."""

    id: str
    number: int
    unit: str
    decimals: int
    lines: tuple[str, ...] = ()


class Figure(NamedTuple):
    """A figure of an edition. ``reason``: why the value is unknown; ``text``: shown in place of the value."""

    value: float | None = None
    reason: str = ""
    text: str = ""
    is_confirmed: bool = True


FIGURES = (
    FigureKind("area", 1, "m2", 2),
    FigureKind("repeated", 1, "m2", 2),
    FigureKind("out", 2, "m2", 2),
    FigureKind("in", 2, "m2", 2),
    FigureKind("margin", 3, "", 2),
    *(FigureKind(f"expansion_ratio_{form}", 4, "ratio", 4, ("boundary",)) for form in ("n1", "n2", "n3")),
    FigureKind("farmland_net", 4, "m2", 2, ("farmland",)),
    *(FigureKind(grade, 4, "", 2, ("farmland",)) for grade in GRADES),
    FigureKind("overlap_farmland", 5, "m2", 2, ("boundary", "red_line")),
    FigureKind("overlap_boundary", 5, "m2", 2, ("farmland",)),
    FigureKind("overlap_red_line", 6, "m2", 2, ("boundary", "farmland")),
    FigureKind("overlap_boundary", 6, "m2", 2, ("red_line",)),
    FigureKind("cultivated_out", 7, "m2", 2),
    FigureKind("cultivated_in", 7, "m2", 2),
    FigureKind("townships", 8, "count", 0),
    FigureKind("pieces", 9, "count", 0),
    FigureKind("smallest", 9, "m2", 2),
    FigureKind("holes", 10, "count", 0),
    FigureKind("outline", 11, "", 3),
    *(FigureKind(f"findings_{severity.lower()}", 12, "count", 0) for severity in Severity),
)


def list_figures(line: str) -> list[FigureKind]:
    """Return the figures of a line."""
    return [one for one in FIGURES if not one.lines or line in one.lines]


def measure_figures(
    layer: Layer, line: str, change: tuple[int, Differences], evaluation: Evaluation, ctx: RuleContext
) -> dict[str, Figure]:
    """Return the figures of an edition by id; what cannot be had has its reason.

    ``layer``: of the line; ``change``: number of the edition, and the land on which editions differ; ``ctx``: of its
    plan.
    """
    measure = _Measure(layer, line, ctx, evaluation)
    figures = {
        **measure.measure_change(*change),
        **measure.measure_shape(),
        **measure.take_indicators(),
        **measure.measure_overlaps(),
    }
    if gaps := ctx.plan.list_gaps(line):
        reason = measure.texts.join_sentences(map(measure.render, gaps))
        figures = {name: Figure(reason=reason) for name in figures}
    figures |= measure.count_findings()
    return {one.id: figures[one.id] for one in list_figures(line)}


class _Measure:
    """Measures the figures of one edition."""

    def __init__(self, layer: Layer, line: str, ctx: RuleContext, evaluation: Evaluation):
        self.layer, self.line, self.ctx, self.evaluation = layer, line, ctx, evaluation
        self.texts = Texts(ctx.lang)
        self.get = partial(self.texts.get, SECTION)
        self.render = methodcaller("render", self.texts)
        self.indicators = PlanIndicators(ctx, self.texts, evaluation.indicators)

    def measure_change(self, number: int, land: Differences) -> dict[str, Figure]:
        """Return land out and in, cultivated land in it, and the townships that have it."""
        names = ("out", "in", "cultivated_out", "cultivated_in", "townships")
        if not number:
            return dict.fromkeys(names, Figure(text=NOT_APPLICABLE))
        if land.gaps:
            return dict.fromkeys(names, Figure(reason=self.texts.join_sentences(map(self.render, land.gaps))))
        figures, moved = {}, land.find_moved(number)
        for kind, rows in moved.items():
            figures[kind] = Figure(float(land.areas_m2[rows].sum()))
            cultivated = float(land.cultivated_m2[rows].sum())
            is_known, no_survey = np.isfinite(cultivated), Figure(reason=self.get("no_cultivated"))
            figures[f"cultivated_{kind}"] = Figure(cultivated) if is_known else no_survey
        places = np.flatnonzero(moved["out"] | moved["in"])
        names_of = None if land.townships is None else {one for n in places for one in land.townships[n]}
        no_townships = Figure(reason=self.get("no_townships"))
        return figures | {"townships": no_townships if names_of is None else Figure(len(names_of))}

    def measure_shape(self) -> dict[str, Figure]:
        """Return area, land counted twice in it, pieces, holes and outline ÷ √area; slivers do not count.

        The outline has the edges of holes, as the compactness of proposed boundaries.
        """
        layer, tolerance = self.layer, self.ctx.tolerance
        repeated = RepeatedLand(self.ctx.plan, tolerance, self.ctx.cancellation)
        figures = {
            "area": Figure(float(layer.statutory.sum())),
            "repeated": Figure(repeated.measure_overlap_area(layer.role, "")),
        }
        parts = shapely.get_parts(union_polygon_rows(layer.polygons, tolerance=tolerance))
        area = shapely.area(parts)
        parts = parts[~tolerance.is_sliver(area, 2 * area / shapely.length(parts))]
        if not len(parts):
            names = ("pieces", "smallest", "holes", "outline")
            return figures | dict.fromkeys(names, Figure(reason=self.get("no_union", layer=layer.name)))
        holes, areas = find_windows(layer, self.ctx), self.ctx.geometry.measure_drawn_areas(parts)
        length = float(shapely.length(shapely.get_exterior_ring(parts)).sum() + shapely.length(holes).sum())
        return figures | {
            "pieces": Figure(len(parts)),
            "smallest": Figure(float(areas.min())),
            "holes": Figure(len(holes)),
            "outline": Figure(length / float(areas.sum()) ** 0.5),
        }

    def take_indicators(self) -> dict[str, Figure]:
        """Return the figures that are indicators, the distance from the target, and the grades of farmland."""
        figures = {"margin": self._take_margin()}
        if self.line == "boundary":
            figures |= {f"expansion_ratio_{form}": self._take_ratio(form) for form in ("n1", "n2", "n3")}
        if self.line == "farmland":
            layer, net = self.layer, self.layer.numbers("net_area")
            has_net = layer.has_values("net_area") and bool(np.isfinite(net).all())
            unknown = Figure(reason=self.get("no_net_area", layer=layer.name))
            figures["farmland_net"] = Figure(float(net.sum())) if has_net else unknown
            for grade in GRADES:
                mean = compute_area_weighted_average(layer, grade, list(range(len(layer))), net) if has_net else None
                no_grade = self.get("no_grade", layer=layer.name, field=layer.get_field_name(grade) or grade)
                figures[grade] = Figure(reason=no_grade) if mean is None else Figure(mean)
        return figures

    def _take_ratio(self, form: str) -> Figure:
        """Return a form of the expansion ratio; only N1 is known where land of the boundary has no kind of zone."""
        computed = self.indicators.compute_indicator(f"expansion_ratio_{form}")
        figure = next(iter(computed.figures), None)
        if figure is None:
            return Figure(reason=computed.missing_reason)
        if form != "n1" and figure.inputs.get("uncoded_m2"):
            area = format_number(figure.inputs["uncoded_m2"], 2)
            return Figure(reason=self.get("uncoded", layer=self.layer.name, area=area))
        return Figure(figure.value, is_confirmed=figure.confirmed)

    def _take_margin(self) -> Figure:
        """Return how far the area of the line is from its target; the text names excess or shortage."""
        computed = self.indicators.compute_indicator(f"{self.line}_area")
        figure = next((one for one in computed.figures if one.target is not None), None)
        if figure is None:
            return Figure(reason=computed.missing_reason or self.get("no_target"))
        text = format_margin(figure, ReportTexts(self.texts.lang))
        return Figure(figure.margin, text=text, is_confirmed=figure.confirmed)

    def measure_overlaps(self) -> dict[str, Figure]:
        """Return the land that the line shares with each other line, as REL001 to REL003 find it."""
        figures = {}
        for code in load_report_settings().control_line_rules:
            concepts = [need.concept for need in load_all_rules()[code].needs.values()]
            if self.line in concepts:
                result, reason = self.indicators.run_rule_once(code)
                missing = [reason] if result is None else render_reasons(result.not_checked, self.texts)
                missing += map(self.render, self.ctx.plan.list_gaps(*concepts))
                shared = sum(one.area_m2 or 0.0 for one in result.findings) if result is not None else None
                (other,) = (one for one in concepts if one != self.line)
                unknown = Figure(reason=self.texts.join_sentences(missing))
                figures[f"overlap_{other}"] = unknown if missing else Figure(shared)
        return figures

    def count_findings(self) -> dict[str, Figure]:
        """Return the findings of the rules on the line by severity; unknown if no rule was evaluated."""
        ran = {one.code for one in self.evaluation.outcomes if one.outcome in RAN}
        counts = Counter(one.severity for one in self.evaluation.findings if one.code in ran)
        unknown = Figure(reason=self.get("no_rules"))
        return {f"findings_{one.lower()}": Figure(counts[one]) if ran else unknown for one in Severity}
