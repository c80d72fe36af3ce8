# SPDX-License-Identifier: GPL-2.0-or-later
"""The statement of a change of a control line (局部优化说明), from two editions, a ledger, or both.

Causes and documents are those of the ledger, as the office filled them in. Every figure of a sentence names the table
that has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from ...base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ...engine.context import RuleContext
from ...engine.provenance import find_county_name
from ...figures.indicators.compute import PlanIndicators
from ...model.indicator import SQUARE_METRES, Indicator
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...render.document.blocks import Document, DocumentCell, FactTable, Legend, Paragraph, Picture, PictureGrid
from ...render.document.check_report import format_digest, make_described_table
from ...render.figures import choose_decimals, format_target
from ...render.outputs import compute_data_digest
from ...render.sections import format_crs_label
from ...render.tables.report_table import ReportTable, ReportTableRow, TableNumber, make_table, make_table_number
from ...render.versions.comparison_tables import BALANCE_TERMS
from ...render.versions.edition_comparison import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND, STATUTORY_BASIS
from ...standard.messages.texts import Texts, format_number
from ...standard.options import RunOptions
from ..projects.page_tables import ICON_BY_OUTCOME
from ..projects.reviewed_project import VERDICTS, Outcome
from .adjustment_outputs import list_missing_sentences
from .adjustment_result import LINES, AdjustmentOptions, AdjustmentParcel, AdjustmentResult
from .compare_lines import compare_line
from .ledger import LedgerRow, assign_rows, compare_with_ledger, read_ledger
from .line_chapter import LineChapter
from .numbered_document import NumberedDocument
from .requirements import FIGURE_IDS, FIGURES, PARCELS, RATIO, REQUIREMENTS, TOWNSHIPS, RequirementJudge

#: Where the office has filled in nothing.
BLANK = "__________"
#: Kinds of parcels in the order of the table.
_KINDS = (MOVED_OUT_KIND, MOVED_IN_KIND, CHANGED_KIND)
#: Columns of parcels that only the workbook has, which is the ledger, and that only the document has.
_LEDGER_COLUMNS, _DOCUMENT_COLUMNS = ("location", "cause", "document"), ("cause_number",)
#: Decimals of hectares that add up to the square metre; smaller changes (m²) are in square metres.
_HECTARE_DECIMALS, _LEAST_IN_HECTARES_M2 = 4, 0.5
_FIRST_SENTENCE = re.compile(r"。|\.(?:\s|$)")


class Figure(NamedTuple):
    """A figure before and after, in m² or as a ratio, None if unknown. ``indicator``: after, with target and state."""

    id: str
    before: float | None
    after: float | None
    indicator: Indicator | None

    @property
    def change(self) -> float | None:
        """Return after − before."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class StatementOrder:
    """What a statement is made from: paths of editions and ledger, and the concept of the line that changes."""

    before: str
    after: str = ""
    ledger: str = ""
    line: str = LINES[0]


def make_statement(
    order: StatementOrder,
    options: RunOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Statement | LineChapter:
    """Return the statement of an order, or the chapter on the lines of its only edition.

    A ledger beside two editions must fit their difference. Raise InputError, DataError and Cancelled.
    """
    adjustment = AdjustmentOptions(order.before, order.line, options)
    rows = None
    if not order.after and not order.ledger:
        plan = read_plan(order.before, options.resolve_norm(), options, cancellation=cancellation)
        return LineChapter(_make_indicators(plan, Texts(options.lang), cancellation))
    if order.after:
        result = compare_line(order.after, adjustment, progress=progress, cancellation=cancellation)
        if order.ledger:
            ctx = RuleContext(result.plan, result.plan.norm, result.plan.norm.make_tolerance())
            rows = read_ledger(order.ledger, ctx)
    else:
        result, rows = compare_with_ledger(
            order.before, order.ledger, adjustment, progress=progress, cancellation=cancellation
        )
    name = Path(order.ledger).name
    return Statement(result, {} if rows is None else assign_rows(rows, result.parcels, name), name, cancellation)


def _make_indicators(plan: Plan, texts: Texts, cancellation: Cancellation) -> PlanIndicators:
    tolerance = plan.norm.make_tolerance()
    return PlanIndicators(RuleContext(plan, plan.norm, tolerance, cancellation=cancellation, lang=texts.lang), texts)


class Statement(NumberedDocument):
    """The statement of a comparison. ``rows_by_parcel``: rows of the ledger by the parcel's number."""

    def __init__(
        self,
        result: AdjustmentResult,
        rows_by_parcel: dict[int, list[LedgerRow]],
        ledger_name: str,
        cancellation: Cancellation,
    ):
        super().__init__(Texts(result.lang), find_county_name(result.plan))
        self.result, self.rows_by_parcel, self.ledger_name = result, rows_by_parcel, ledger_name
        self.line = self.texts.get_concept_name(result.line)
        self.digest = compute_data_digest(result.plan, cancellation)
        before, after = (_make_indicators(one, self.texts, cancellation) for one in (result.before, result.plan))
        self.causes = self._group_causes()
        self.blank_count = sum(len(parcels) for cause, _, parcels in self.causes if BLANK in cause)
        filled = len(result.parcels) - self.blank_count, self.blank_count
        judge = RequirementJudge(result, after, filled, self)
        self.requirements = judge.judge()
        self.figures = [self._make_figure(one, before, judge.find_figure(one)) for one in FIGURE_IDS]
        #: All land of the line, of the survey, is known in both editions.
        self.is_whole = not result.comparison.failed_pairs and not result.list_gaps(result.line)
        unknown_survey = {"survey_gaps", "no_survey"} & {key for key, _ in result.missing}
        self.has_survey = not unknown_survey and not result.list_gaps("parcels", "base_parcels")
        titles = (self.get("title_parcels", line=self.line), self.get("title_figures"))
        self.tables = {
            PARCELS: (titles[0], self._make_parcel_table()),
            FIGURES: (titles[1], self._make_figure_table(judge.name_figure)),
            TOWNSHIPS: (self.get("title_townships", line=self.line), self._make_township_table()),
        }

    def _make_figure(self, name: str, before: PlanIndicators, indicator: Indicator | None) -> Figure:
        """Return a figure of both editions; the ratio before has the base parcels of the later edition."""
        known = [
            None if one is None or one.value is None else one.value * SQUARE_METRES.get(one.unit, 1.0)
            for one in (before.get_first_figure(name) if name != RATIO else None, indicator)
        ]
        if name == RATIO:
            ratios = (one.params.get("before") for one in self.result.criteria if one.id == "ratio_not_increased")
            known[0] = next(ratios, None)
        return Figure(name, known[0], known[1], indicator)

    def _group_causes(self) -> list[tuple[str, str, list[AdjustmentParcel]]]:
        """Return cause, document and parcels of each cause, in the order of the table, parcels without one last."""
        groups: dict[str, tuple[list[str], list[AdjustmentParcel]]] = {}
        for parcel in (one for kind in _KINDS for one in self.result.list_parcels(kind)):
            rows = self.rows_by_parcel.get(parcel.number, [])
            documents, parcels = groups.setdefault(self._join([one.cause for one in rows]), ([], []))
            documents += [one.document for one in rows]
            parcels.append(parcel)
        ordered = sorted(groups.items(), key=lambda item: BLANK in item[0])
        return [(cause, self._join(documents), parcels) for cause, (documents, parcels) in ordered]

    def _join(self, filled_in: list[str]) -> str:
        """Return what the office filled in, without repetition, with a line for what it left blank."""
        return self.texts.get("words", "between_cells").join(dict.fromkeys(one or BLANK for one in filled_in or [""]))

    @property
    def is_open(self) -> bool:
        """Return True if a requirement is not met or not judged, or a cause is blank; the office states the case."""
        outcomes = {one.outcome for one in self.requirements if not one.is_stated}
        return bool(outcomes & {Outcome.FAILS, Outcome.UNDETERMINED}) or self.blank_count > 0

    def list_sentences(self) -> list[str]:
        """Return sentences on the result: outcomes of the requirements, what lacks."""
        outcomes = [one.outcome for one in self.requirements]
        counts = {str(one): outcomes.count(one) for one in VERDICTS}
        parts = [
            # The first sentence of a reason has what lacks; the table has the whole reason.
            self.get("undetermined_one", title=one.title, reason=_FIRST_SENTENCE.split(one.reason, maxsplit=1)[0])
            for one in self.requirements
            if one.outcome is Outcome.UNDETERMINED
        ]
        parts += [self.get("undetermined_causes", count=self.blank_count, table=PARCELS)] if self.blank_count else []
        return [
            self.get("requirement_count", count=len(outcomes), table=REQUIREMENTS, **counts),
            self.get("undetermined", parts=self.get("between_parts").join(parts) or None),
        ]

    def write_workbook(self, path: Path, left_out: Any = _DOCUMENT_COLUMNS) -> None:
        """Write the tables to a new workbook; the first is a ledger to fill in. Raise OutputError."""
        super().write_workbook(path, left_out)

    def make_document(self, map_picture: Picture | None = None, legend: Legend | None = None) -> Document:
        """Return the document; only QGIS draws the map."""
        pictures: list[Any] = []
        if map_picture is not None:
            caption = Paragraph(self.get("map_caption", line=self.line), is_caption=True)
            pictures = [PictureGrid((map_picture,), 1), *([legend] if legend else []), caption]
        made_from = self.get("made_from", source=self.ledger_name or self.get("two_editions"))
        notes = [self.get("marks"), *list_missing_sentences(self.result, self.texts), made_from]
        blocks = [
            FactTable(self._list_facts()),
            *self.make_section(1, "causes"),
            *[Paragraph(self._describe_cause(n, *one)) for n, one in enumerate(self.causes, 1)],
            *self.make_section(2, "parcels", self._describe_parcels()),
            *self.make_table(PARCELS, _LEDGER_COLUMNS),
            *pictures,
            *self.make_section(3, "comparison", self._describe_figures()),
            *self.make_table(FIGURES),
            *self.make_table(TOWNSHIPS),
            *self.make_section(4, "conformity", self.list_sentences()),
            self.make_caption(REQUIREMENTS, self.get("title_requirements")),
            self._make_requirement_table(),
            *[Paragraph(one, is_small=True) for one in notes],
        ]
        return self.finish(self.get("title", line=self.line), blocks)

    # --- sentences
    def _list_facts(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Return the facts at the head; the office numbers its documents by hand."""
        result, words = self.result, self.report_texts
        names = {"before": result.before_name, "after": Path(result.plan.source).name}
        crs = format_crs_label(result.plan.plane_crs.to_string(), words)
        return (
            ((self.get("number"), ""), (self.get("date"), f"{date.today():%Y-%m-%d}")),
            ((self.get("kind"), self.get("kind_of", line=self.line)), (words.get("head", "crs"), crs)),
            (
                (self.get("ledger"), self.ledger_name or self.get("no_ledger")),
                (words.get("signed", "digest"), format_digest(self.digest)),
            ),
            ((self.get("editions"), self.texts.get("adjustment", "editions", **names)),),
        )

    def _describe_cause(self, number: int, cause: str, document: str, parcels: list[AdjustmentParcel]) -> str:
        """Return the paragraph of a cause, with its parcels."""
        return self.get(
            "cause_blank" if BLANK in cause else "cause",
            number=self.report_texts.put_in_brackets(self.number(number)),
            cause=cause,
            document=document,
            parcels=self._sum_parcels(parcels),
            numbers=self.report_texts.join_parts(str(one.number) for one in parcels),
            table=PARCELS,
        )

    def _sum_parcels(self, parcels: list[AdjustmentParcel]) -> str:
        """Return number and area of parcels by kind, as a part of a sentence."""
        by_kind = {kind: [one.area_m2 for one in parcels if one.kind == kind] for kind in _KINDS}
        return self.get("between_sums").join(
            self.get(f"sum_{kind}", count=len(areas), area=_format_hectares(sum(areas)))
            for kind, areas in by_kind.items()
            if areas
        )

    def _sum_cultivated(self, kind: str) -> float | None:
        """Return the cultivated land (m²) in the parcels of a kind; None if it is unknown."""
        land = self.result.sum_land("cultivated", kind) if self.has_survey else None
        return None if land is None else land.area_m2

    def _describe_parcels(self) -> list[str]:
        """Return the sentences on all parcels: townships, sums, cultivated land."""
        parcels = self.result.parcels
        if not parcels:
            return [self.get("no_moves")]
        townships = {name for one in parcels for name in one.area_by_township}
        counts = {"count": len(parcels), "sums": self._sum_parcels(parcels), "table": PARCELS}
        cultivated = [
            self.get(f"cultivated_{kind}", area=_format_hectares(self._sum_cultivated(kind)), table=PARCELS)
            for kind in (MOVED_OUT_KIND, MOVED_IN_KIND)
            if self.result.list_parcels(kind)
        ]
        # Without townships, or with land outside all of them, their number is unknown.
        key = "parcels_count" if "" in townships else "parcels_in_townships"
        return [self.get(key, townships=len(townships), **counts), *cultivated]

    def _describe_figures(self) -> list[str]:
        """Return the sentences on the line, the ratio, the other lines and the townships."""
        balance = self.result.comparison.balance_by_basis[STATUTORY_BASIS]
        figures = {one.id: one for one in self.figures}
        sentences = []
        if self.is_whole:
            areas = {key: _format_hectares(getattr(balance, key)) for key in ("before", "after")}
            change = self._describe_change(balance.after - balance.before)
            sentences.append(self.get("line_changed", line=self.line, change=change, table=TOWNSHIPS, **areas))
            if self.result.line == LINES[0]:
                before, after = (None if one is None else format_number(one, 4) for one in figures[RATIO][1:3])
                sentences.append(self.get("ratio_changed", before=before, after=after, table=FIGURES))
        for concept in (one for one in LINES if one != self.result.line and not self.result.list_gaps(one)):
            figure = figures[f"{concept}_area"]
            name, known = self.texts.get_indicator_name(figure.id), figure.change
            change_of_other = None if known is None else self._describe_change(known)
            sentences.append(self.get("other_changed", line=name, change=change_of_other, table=FIGURES))
        balances = {
            name: one.after - one.before
            for name, one in self.result.comparison.balance_by_township.get(STATUTORY_BASIS, {}).items()
            if one.before or one.after
        }
        changed = [name for name, change_m2 in balances.items() if round(change_m2, 2)]
        if self.is_whole and "" not in balances and changed:
            names, rest = self.report_texts.join_parts(changed), len(balances) - len(changed)
            sentences.append(self.get("townships_changed", names=names, line=self.line, rest=rest, table=TOWNSHIPS))
        return sentences

    def _describe_change(self, change_m2: float) -> str:
        """Return the change of an area as a part of a sentence."""
        size, sign = abs(change_m2), "more" if change_m2 > 0 else "less"
        if round(size, 2) == 0:
            return self.get("unchanged")
        if size < _LEAST_IN_HECTARES_M2:
            return self.get(f"{sign}_m2", area=format_number(size, 2))
        return self.get(sign, area=_format_hectares(size))

    # --- tables
    def _make_parcel_table(self) -> ReportTable:
        """Return the parcels with sums by kind, slivers apart."""
        comma, outside = self.texts.get("words", "between_names"), self.texts.get("versions", "no_township")
        group = {one.number: (n, *rest) for n, rest in enumerate(self.causes, 1) for one in rest[2]}
        columns = [
            self.make_column("number", 6, lambda one: str(one.number)),
            self.make_column("kind", 10, lambda one: self.texts.get("versions", one.kind)),
            self.make_column("township", 16, lambda one: comma.join(name or outside for name in one.area_by_township)),
            self.make_column("location", 16, lambda one: one.location),
            self.make_column("land_use", 20, lambda one: comma.join(share.name for share in one.land_uses[:2])),
            self.make_column("hectares", 14, lambda one: _make_hectares(one.area_m2)),
            self.make_column("area", 16, lambda one: one.area_m2, "m2"),
            self.make_column(
                "cultivated",
                14,
                lambda one: _make_hectares(one.cultivated.area_m2) if self.has_survey and one.cultivated else None,
            ),
            self.make_column(
                "cause_number",
                10,
                lambda one: (
                    BLANK
                    if BLANK in group[one.number][1]
                    else self.report_texts.put_in_brackets(self.number(group[one.number][0]))
                ),
            ),
            self.make_column("cause", 24, lambda one: self._show_filled(one, "cause")),
            self.make_column("document", 24, lambda one: self._show_filled(one, "document")),
        ]
        table = make_table("statement_parcels", columns, notes=[self.get("parcels_note")])
        for kind in _KINDS:
            parcels, (slivers, sliver_m2) = self.result.list_parcels(kind), self.result.count_slivers(kind)
            table.rows += make_table(table.id, columns, parcels, lambda one: str(one.number)).rows
            total, cultivated = sum(one.area_m2 for one in parcels), self._sum_cultivated(kind)
            sums = (
                (len(parcels), self.get("sum", count=len(parcels)), total, cultivated, "sum"),
                (slivers, self.get("slivers", count=slivers), sliver_m2, None, "part"),
            )
            for count, name, area_m2, cultivated_m2, row_kind in sums:
                cells: dict[str, Any] = {"kind": self.texts.get("versions", kind), "township": name}
                cells |= {"hectares": _make_hectares(area_m2), "area": make_table_number(area_m2, "m2")}
                cells["cultivated"] = _make_hectares(cultivated_m2)
                values = [cells.get(one.id) for one in columns]
                table.rows += [ReportTableRow(values, row_kind, f"{row_kind}_{kind}")] if count else []
        return table

    def _show_filled(self, parcel: AdjustmentParcel, name: str) -> str:
        """Return what the ledger has for a parcel; empty if it is blank."""
        texts = [getattr(one, name) for one in self.rows_by_parcel.get(parcel.number, [])]
        return self._join(texts) if any(texts) else ""

    def _make_figure_table(self, name_figure: Callable[[str], str]) -> ReportTable:
        """Return the figures before and after with their targets; changes of areas are in hectares."""

        def find_unit(figure: Figure) -> str:
            is_plain = figure.indicator is None or figure.id == f"{self.result.line}_area"
            return "ha" if is_plain or figure.indicator is None else figure.indicator.unit

        def show(figure: Figure, value: float | None) -> TableNumber | None:
            unit = find_unit(figure)
            decimals = 4 if unit == "ha" or figure.indicator is None else choose_decimals(figure.indicator)
            return make_table_number(None if value is None else value / SQUARE_METRES.get(unit, 1.0), unit, decimals)

        columns = [
            self.make_column("figure", 26, lambda one: self.texts.get_indicator_name(name_figure(one.id))),
            self.make_column("unit", 8, lambda one: self.texts.get("unit_names", find_unit(one))),
            self.make_column("before", 16, lambda one: show(one, one.before)),
            self.make_column("after", 16, lambda one: show(one, one.after)),
            self.make_column(
                "change",
                16,
                lambda one: make_table_number(one.change, "", 4) if one.id == RATIO else _make_hectares(one.change),
            ),
            self.make_column("target", 18, lambda one: format_target(one[3], self.report_texts) if one[3] else ""),
            self.make_column("confirmed", 12, lambda one: self.get("yes" if one[3] and one[3].confirmed else "no")),
        ]
        notes = [self.get("figures_note")]
        for one in self.figures:
            if one.id == RATIO and one.indicator is not None:
                areas = {k: _format_hectares(one.indicator.inputs[f"{k}_m2"]) for k in ("numerator", "denominator")}
                name = self.texts.get_indicator_name(name_figure(RATIO))
                notes.append(self.get("ratio_note", form=name, **areas))
        return make_table("statement_figures", columns, self.figures, lambda one: one.id, notes=notes)

    def _make_township_table(self) -> ReportTable:
        """Return the balance of each township with land of the line, in hectares; rare terms only if they are shown."""
        balances = self.result.comparison.balance_by_township.get(STATUTORY_BASIS, {})
        items = [(name, one) for name, one in balances.items() if one.before or one.after]
        total = self.result.comparison.balance_by_basis[STATUTORY_BASIS]
        terms = [
            term
            for term in BALANCE_TERMS
            if term != CHANGED_KIND
            and (
                term not in ("revalued", "doubled")
                or any(abs(getattr(one, term)) >= _LEAST_IN_HECTARES_M2 for one in (total, *balances.values()))
            )
        ]
        outside = self.texts.get("versions", "no_township")

        def show(term: str) -> Callable[[Any], TableNumber | None]:
            return lambda item: _make_hectares(getattr(item[1], term))

        columns = [
            self.make_column("township", 20, lambda item: item[0] or outside),
            *[self.make_column(term, 16, show(term), "ha") for term in terms],
            self.make_column("balance", 16, lambda item: _make_hectares(item[1].after - item[1].before), "ha"),
        ]
        table = make_table("statement_townships", columns, items, lambda item: item[0], "ha")
        (row,) = make_table(table.id, columns, [(self.texts.get("tables", "sum"), total)]).rows
        table.rows.append(ReportTableRow(row.values, "sum", "sum"))
        return table

    def _make_requirement_table(self) -> Any:
        """Return the requirements with source, mark, figure and outcome."""
        columns = (
            ("number", 5.0, "center", lambda item: str(item[0])),
            ("requirement", 19.0, "left", lambda item: item[1].title),
            ("source", 24.0, "left", lambda item: item[1].source),
            ("mark", 6.0, "center", lambda item: DocumentCell(item[1].mark, is_mark=True)),
            ("figure", 22.0, "left", lambda item: item[1].figure),
            (
                "outcome",
                24.0,
                "left",
                lambda item: DocumentCell(
                    self.texts.get("adjustment_outcomes", str(item[1].outcome)),
                    is_bold=True,
                    icon=ICON_BY_OUTCOME[item[1].outcome],
                    second_line=item[1].reason,
                ),
            ),
        )
        items = enumerate(self.requirements, 1)
        return make_described_table(self.report_texts, columns, items, section="statement_column")


def _make_hectares(area_m2: float | None) -> TableNumber | None:
    return make_table_number(None if area_m2 is None else area_m2 / SQUARE_METRES["ha"], "ha", _HECTARE_DECIMALS)


def _format_hectares(area_m2: float | None) -> str | None:
    number = _make_hectares(area_m2)
    return None if number is None else format_number(*number)
