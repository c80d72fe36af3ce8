# SPDX-License-Identifier: GPL-2.0-or-later
"""Requirements on a change of a control line, each with its source, figure and outcome (符合性核对).

The criteria of the comparison are among them. What no text that was read settles is 有条件 or 未能判定; whether a
change is one of the permitted cases is for the office to state, and is never judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...base.errors import InputError
from ...figures.indicators.compute import PlanIndicators
from ...model.indicator import MISSED_BY_ROUNDING, TARGET_MISSED, Indicator
from ...render.figures import format_indicator_value, format_state, format_target
from ...render.versions.edition_comparison import MOVED_IN_KIND
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts, format_number
from ..projects.reviewed_project import Outcome
from .adjustment_outputs import describe_reason, format_criterion_figure
from .adjustment_result import ADJUSTMENT_SECTION, AdjustmentResult, Criterion
from .compare_lines import overlay_parcels

#: Numbers of the tables of the statement: parcels, figures, townships, requirements.
PARCELS, FIGURES, TOWNSHIPS, REQUIREMENTS = 1, 2, 3, 4
RATIO = "expansion_ratio"


@dataclass(frozen=True)
class Requirement:
    """A requirement: ``title``, ``source`` with its ``mark`` (empty for a target), ``figure``, outcome and its reason.

    ``is_stated``: the office states it, and no data show it.
    """

    title: str
    source: str
    mark: str
    figure: str
    outcome: Outcome
    reason: str = ""
    is_stated: bool = False


class RequirementJudge:
    """Judges the requirements that the standard or the county lists (``adjustment.requirements``).

    ``after``: indicators of the later edition; ``figure_ids``: ids of those in the table of figures, the ratio as
    `RATIO`; ``filled``: numbers of parcels with and without a cause.
    """

    def __init__(
        self,
        result: AdjustmentResult,
        after: PlanIndicators,
        figure_ids: tuple[str, ...],
        filled: tuple[int, int],
        texts: Texts,
    ):
        self.result, self.after, self.figure_ids, self.filled = result, after, figure_ids, filled
        self.texts, self.report_texts, self.norm = texts, ReportTexts(texts.lang), result.plan.norm

    def get(self, key: str, /, **params: Any) -> str:
        """Return a text of the section."""
        return self.texts.get("statement", key, **params)

    def judge(self) -> list[Requirement]:
        """Return the listed requirements, then the criteria that the list does not name. Raise InputError."""
        found, named = [], set()
        for entry in self.norm.get(f"{ADJUSTMENT_SECTION}.requirements"):
            kind, name, citation, lines = [*entry.split(), "", "", "", ""][:4]
            judge = getattr(self, f"_judge_{kind}", None)
            if judge is None or not lines:
                raise InputError("adjustment_requirement", value=entry)
            if self.result.line in lines.split(","):
                found += judge(name, "" if citation == "-" else citation)
                named.add(name)
        return found + [self._show_criterion(one, "") for one in self.result.criteria if one.id not in named]

    def find_figure(self, name: str) -> Indicator | None:
        """Return the figure of the later edition, with its target; None if it cannot be computed."""
        return self.after.get_first_figure(self._name_indicator(name))

    def _name_indicator(self, name: str) -> str:
        return f"{RATIO}_{self.norm.get('ratio.form')}" if name == RATIO else name

    def _cite(self, citation: str) -> tuple[str, str]:
        """Return the text of a citation and its mark; empty without one."""
        if not citation:
            return "", ""
        found = self.norm.standard.citations[citation]
        return found.zh if self.texts.lang == "zh" else found.en, self.norm.get_source_mark(citation)

    def _refer(self, text: str, table: int) -> str:
        return self.get("in_table", text=text, number=table)

    def _judge_target(self, name: str, citation: str) -> list[Requirement]:
        """Judge that a figure of the later edition meets its target."""
        title = self.get("target_met", name=self.texts.get_indicator_name(self._name_indicator(name)))
        figure, mark = self.find_figure(name), self.norm.get_source_mark("ratio.limit") if name == RATIO else ""
        if figure is None or figure.value is None:
            reason = self.after.compute_indicator(self._name_indicator(name)).missing_reason
            return [Requirement(title, "—", mark, "—", Outcome.UNDETERMINED, reason)]
        shown = self._refer(format_indicator_value(figure, self.report_texts), FIGURES)
        if figure.target is None:
            return [Requirement(title, "—", mark, shown, Outcome.UNDETERMINED, self.get("no_target"))]
        source = self.get("target_of", source=figure.target_source, target=format_target(figure, self.report_texts))
        outcome, reason = _judge_figure(figure), ""
        if outcome is not Outcome.CONFORMS:
            reason = format_state(figure, self.report_texts).rstrip("*")
            reason += "" if figure.confirmed else self.get("figure_unconfirmed")
        return [Requirement(title, source, mark, shown, outcome, reason)]

    def _judge_binding(self, name: str, citation: str) -> list[Requirement]:
        """Judge that all figures of the table of figures meet their targets."""
        figures = [self.find_figure(one) for one in self.figure_ids]
        known = [one for one in figures if one is not None and one.target is not None and one.value is not None]
        outcomes = [_judge_figure(one) for one in known]
        missed, open_count = outcomes.count(Outcome.FAILS), len(figures) - len(known)
        shown = self.get("binding_figure", count=len(known) - missed, missed=missed, open=open_count)
        outcome = Outcome.FAILS if missed else Outcome.UNDETERMINED if open_count else Outcome.CONDITIONAL
        reason = "" if missed else self.get("binding_open" if open_count else "text_not_read")
        return [Requirement(self.get("binding"), *self._cite(citation), self._refer(shown, FIGURES), outcome, reason)]

    def _judge_criterion(self, name: str, citation: str) -> list[Requirement]:
        return [self._show_criterion(one, citation) for one in self.result.criteria if one.id == name]

    def _show_criterion(self, one: Criterion, citation: str) -> Requirement:
        """Return a criterion of the comparison; its source is the citation, else the setting of its threshold."""
        setting = self.get("setting", name=self.texts.get_setting_name(one.setting), origin=one.origin)
        source, mark = self._cite(citation) if citation else (setting, one.mark)
        limit = format_criterion_figure(one.limit, one.unit, self.texts)
        shown = self.get(
            "criterion_figure", value=format_criterion_figure(one.value, one.unit, self.texts), limit=limit
        )
        outcome, reason = one.outcome, describe_reason(one, self.texts)
        if outcome is Outcome.CONFORMS and mark != "A" and citation:
            outcome, reason = Outcome.CONDITIONAL, self.get("text_not_read")
        title = self.texts.get("adjustment_criteria", one.id)
        return Requirement(title, source, mark, shown, outcome, reason)

    def _judge_overlap(self, concept: str, citation: str) -> list[Requirement]:
        """Judge that the land moved in is not on a layer."""
        result, layer = self.result, self.result.plan.find_layer_of_concept(concept)
        name = self.texts.get_concept_name(concept)
        title, (source, mark) = self.get("kept_off", name=name), self._cite(citation)
        gaps = [one.render(self.texts) for one in result.plan.list_gaps(concept)]
        land = None
        if layer is not None and not layer.has_no_geometry and not gaps and result.parcels:
            land = overlay_parcels(result, layer, self.after.ctx)
        if land is None:
            reason = self.texts.join_sentences(gaps) or self.get(
                "no_layer" if result.parcels else "no_parcels", name=name
            )
            return [Requirement(title, source, mark, "—", Outcome.UNDETERMINED, reason)]
        areas = {
            one.number: float(land.area_m2[land.parcel == place].sum())
            for place, one in enumerate(result.parcels)
            if one.kind == MOVED_IN_KIND
        }
        total, touched = sum(areas.values()), [number for number, area in areas.items() if round(area, 2)]
        shown = self.get("area_on", area=format_number(total, 2))
        outcome, reason = Outcome.CONDITIONAL, self.get("text_not_read")
        if touched:
            reason = self.get("overlaps", name=name, numbers=self.report_texts.join_parts(map(str, touched)))
        elif mark == "A":
            outcome, reason = Outcome.CONFORMS, ""
        return [Requirement(title, source, mark, shown, outcome, reason)]

    def _judge_stated(self, name: str, citation: str) -> list[Requirement]:
        """Return a requirement that the office states."""
        filled, blank = self.filled
        shown = self.get("cause_figure", filled=filled, blank=blank) if name == "case" else "—"
        title, reason = self.get(f"stated_{name}"), self.get(f"stated_{name}_reason")
        return [Requirement(title, *self._cite(citation), shown, Outcome.UNDETERMINED, reason, is_stated=True)]


def _judge_figure(figure: Indicator) -> Outcome:
    """Return the outcome of a figure with a target: one that is not confirmed is 有条件 at best."""
    if figure.state == TARGET_MISSED:
        return Outcome.FAILS
    return Outcome.CONFORMS if figure.confirmed and figure.state != MISSED_BY_ROUNDING else Outcome.CONDITIONAL
