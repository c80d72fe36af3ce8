# SPDX-License-Identifier: GPL-2.0-or-later
"""Requirements on a change of a control line, each with its source, figure and outcome (符合性核对).

The criteria of the comparison are among them. What no text that was read settles is 有条件 or 未能判定; whether a
change is one of the permitted cases is for the office to state, and is never judged.
"""

from __future__ import annotations

from typing import NamedTuple

from ...base.errors import InputError
from ...figures.indicators.compute import PlanIndicators
from ...model.indicator import MISSED_BY_ROUNDING, TARGET_MISSED, Indicator
from ...render.figures import format_indicator_value, format_state, format_target
from ...render.versions.edition_comparison import MOVED_IN_KIND
from ...standard.messages.texts import format_number
from ..projects.reviewed_project import Outcome
from .adjustment_outputs import describe_reason, format_criterion_figure
from .adjustment_result import ADJUSTMENT_SECTION, AdjustmentResult, Criterion
from .compare_lines import overlay_parcels
from .numbered_document import NumberedDocument

#: Numbers of the tables of the statement.
PARCELS, FIGURES, TOWNSHIPS, REQUIREMENTS = 1, 2, 3, 4
#: Figures before and after; the ratio in the form that is limited.
RATIO = "expansion_ratio"
FIGURE_IDS = ("farmland_area", "red_line_area", "boundary_area", RATIO, "cultivated_area")
_NOTHING = "—"


class Requirement(NamedTuple):
    """A requirement: ``source`` with its ``mark`` (empty for a target); ``is_stated``: for the office to state."""

    title: str
    source: str
    mark: str
    figure: str
    outcome: Outcome
    reason: str = ""
    is_stated: bool = False


class RequirementJudge:
    """Judges the requirements that the standard or the county lists (``adjustment.requirements``).

    ``indicators``: of the later edition; ``filled``: numbers of parcels with and without a cause.
    """

    def __init__(
        self, result: AdjustmentResult, indicators: PlanIndicators, filled: tuple[int, int], document: NumberedDocument
    ):
        self.result, self.indicators, self.filled = result, indicators, filled
        self.get, self.texts, self.words = document.get, document.texts, document.report_texts
        self.norm = result.plan.norm

    def judge(self) -> list[Requirement]:
        """Return the listed requirements, then the criteria that the list does not name. Raise InputError."""
        found, named = [], set()
        for entry in self.norm.get(f"{ADJUSTMENT_SECTION}.requirements"):
            kind, name, citation, lines = [*entry.split(), "", "", "", ""][:4]
            judge = getattr(self, f"_judge_{kind}", None)
            if judge is None or not lines:
                raise InputError("adjustment_requirement", value=entry)
            if self.result.line in lines.split(","):
                found += judge(name, citation)
                named.add(name)
        return found + [self._show_criterion(one, "-") for one in self.result.criteria if one.id not in named]

    def name_figure(self, name: str) -> str:
        """Return the id of an indicator."""
        return f"{RATIO}_{self.norm.get('ratio.form')}" if name == RATIO else name

    def find_figure(self, name: str) -> Indicator | None:
        """Return a figure of the later edition, with its target; None if it cannot be computed."""
        return self.indicators.get_first_figure(self.name_figure(name))

    def _cite(self, citation: str) -> tuple[str, str]:
        """Return the text of a citation and its mark."""
        return getattr(self.norm.standard.citations[citation], self.texts.lang), self.norm.get_source_mark(citation)

    def _judge_target(self, name: str, citation: str) -> list[Requirement]:
        """Judge that a figure of the later edition meets its target."""
        title = self.get("target_met", name=self.texts.get_indicator_name(self.name_figure(name)))
        figure, mark = self.find_figure(name), self.norm.get_source_mark("ratio.limit") if name == RATIO else ""
        if figure is None or figure.value is None or figure.target is None:
            reason = self.indicators.compute_indicator(self.name_figure(name)).missing_reason or self.get("no_target")
            return [Requirement(title, _NOTHING, mark, _NOTHING, Outcome.UNDETERMINED, reason)]
        value = self.get("in_table", text=format_indicator_value(figure, self.words), number=FIGURES)
        source = self.get("target_of", source=figure.target_source, target=format_target(figure, self.words))
        outcome = judge_figure(figure)
        reason = "" if outcome is Outcome.CONFORMS else format_state(figure, self.words).rstrip("*")
        reason += "" if figure.confirmed else self.get("unconfirmed")
        return [Requirement(title, source, mark, value, outcome, reason)]

    def _judge_binding(self, name: str, citation: str) -> list[Requirement]:
        """Judge that all figures before and after meet their targets."""
        outcomes = [judge_figure(self.find_figure(one)) for one in FIGURE_IDS]
        missed, unknown = (outcomes.count(one) for one in (Outcome.FAILS, Outcome.UNDETERMINED))
        counts = self.get("binding_figure", count=len(outcomes) - missed - unknown, missed=missed, open=unknown)
        value = self.get("in_table", text=counts, number=FIGURES)
        outcome = Outcome.FAILS if missed else Outcome.UNDETERMINED if unknown else Outcome.CONDITIONAL
        reason = "" if missed else self.get("binding_open" if unknown else "text_not_read")
        return [Requirement(self.get("binding"), *self._cite(citation), value, outcome, reason)]

    def _judge_criterion(self, name: str, citation: str) -> list[Requirement]:
        return [self._show_criterion(one, citation) for one in self.result.criteria if one.id == name]

    def _show_criterion(self, one: Criterion, citation: str) -> Requirement:
        """Return a criterion of the comparison; its source is the citation, else the setting of its threshold."""
        setting = self.get("setting", name=self.texts.get_setting_name(one.setting), origin=one.origin)
        source, mark = (setting, one.mark) if citation == "-" else self._cite(citation)
        value, limit = (format_criterion_figure(number, one.unit, self.texts) for number in (one.value, one.limit))
        outcome, reason = one.outcome, describe_reason(one, self.texts)
        if outcome is Outcome.CONFORMS and citation != "-" and mark != "A":
            outcome, reason = Outcome.CONDITIONAL, self.get("text_not_read")
        title = self.texts.get("adjustment_criteria", one.id)
        return Requirement(title, source, mark, self.get("criterion_figure", value=value, limit=limit), outcome, reason)

    def _judge_overlap(self, concept: str, citation: str) -> list[Requirement]:
        """Judge that the land moved in is not on a layer."""
        result, layer = self.result, self.result.plan.find_layer_of_concept(concept)
        name, source = self.texts.get_concept_name(concept), self._cite(citation)
        title = self.get("kept_off", name=name)
        reason = self.texts.join_sentences(one.render(self.texts) for one in result.plan.list_gaps(concept))
        usable = layer is not None and not layer.has_no_geometry and not reason and result.parcels
        land = overlay_parcels(result, layer, self.indicators.ctx) if layer is not None and usable else None
        if land is None:
            reason = reason or self.get("no_layer" if result.parcels else "no_parcels", name=name)
            return [Requirement(title, *source, _NOTHING, Outcome.UNDETERMINED, reason)]
        areas = {
            one.number: float(land.area_m2[land.parcel == place].sum())
            for place, one in enumerate(result.parcels)
            if one.kind == MOVED_IN_KIND
        }
        touched = self.words.join_parts(str(number) for number, area in areas.items() if round(area, 2))
        outcome = Outcome.CONFORMS if source[1] == "A" and not touched else Outcome.CONDITIONAL
        reason = "" if outcome is Outcome.CONFORMS else self.get("text_not_read")
        reason = self.get("overlaps", name=name, numbers=touched) if touched else reason
        value = self.get("area_on", area=format_number(sum(areas.values()), 2))
        return [Requirement(title, *source, value, outcome, reason)]

    def _judge_stated(self, name: str, citation: str) -> list[Requirement]:
        """Return a requirement that the office states."""
        filled, blank = self.filled
        value = self.get("cause_figure", filled=filled, blank=blank) if name == "case" else _NOTHING
        title, reason = self.get(f"stated_{name}"), self.get(f"stated_{name}_reason")
        return [Requirement(title, *self._cite(citation), value, Outcome.UNDETERMINED, reason, is_stated=True)]


def judge_figure(figure: Indicator | None) -> Outcome:
    """Return the outcome of a figure with a target: one that is not confirmed is 有条件 at best."""
    if figure is None or figure.value is None or figure.target is None:
        return Outcome.UNDETERMINED
    if figure.state == TARGET_MISSED:
        return Outcome.FAILS
    return Outcome.CONFORMS if figure.confirmed and figure.state != MISSED_BY_ROUNDING else Outcome.CONDITIONAL
