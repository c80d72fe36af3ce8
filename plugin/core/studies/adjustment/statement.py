# SPDX-License-Identifier: GPL-2.0-or-later
"""The statement of a change of a control line (局部优化说明), from two editions, a ledger, or both.

Causes and documents are those of the ledger, as the office filled them in. Every figure of a sentence names the table
that has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from ...base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ...engine.context import RuleContext
from ...engine.provenance import find_county_name
from ...figures.indicators.compute import PlanIndicators
from ...model.indicator import SQUARE_METRES, Indicator
from ...plan.plan import Plan
from ...render.document.blocks import Document, DocumentCell, FactTable, Legend, Paragraph, Picture, PictureGrid
from ...render.document.check_report import format_digest, make_described_table
from ...render.figures import choose_decimals, format_target
from ...render.outputs import compute_data_digest
from ...render.sections import format_crs_label
from ...render.tables.report_table import (
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_row,
    make_table,
    make_table_number,
    write_tables_workbook,
)
from ...render.versions.edition_comparison import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND, STATUTORY_BASIS
from ...standard.messages.texts import Texts, format_number
from ...standard.options import RunOptions
from ..projects.page_tables import ICON_BY_OUTCOME
from ..projects.reviewed_project import VERDICTS, Outcome
from .adjustment_outputs import list_missing_sentences, make_township_table
from .adjustment_result import LINES, AdjustmentOptions, AdjustmentParcel, AdjustmentResult
from .compare_lines import compare_line
from .ledger import LedgerRow, assign_rows, compare_with_ledger, read_ledger
from .line_chapter import LineChapter, make_line_chapter
from .numbered_document import NumberedDocument
from .requirements import FIGURES, PARCELS, RATIO, REQUIREMENTS, TOWNSHIPS, Requirement, RequirementJudge

#: Where the office has filled in nothing.
BLANK = "__________"
#: Figures of the table before and after.
_FIGURE_IDS = ("farmland_area", "red_line_area", "boundary_area", RATIO, "cultivated_area")
#: Kinds of parcels in the order of the table.
_KINDS = (MOVED_OUT_KIND, MOVED_IN_KIND, CHANGED_KIND)
_FIRST_SENTENCE = re.compile(r"。|\.(?:\s|$)")
#: Decimals of hectares that add up to the square metre.
_HECTARE_DECIMALS = 4


@dataclass(frozen=True)
class StatementOrder:
    """What a statement is made from: ``before`` and ``after`` or ``ledger``, paths; ``line``: concept of the line."""

    before: str
    after: str = ""
    ledger: str = ""
    line: str = LINES[0]

    @property
    def inputs(self) -> list[str]:
        """Return the paths that are given."""
        return [one for one in (self.before, self.after, self.ledger) if one]


@dataclass(frozen=True)
class Figure:
    """A figure before and after, in m² or as a ratio, None if unknown; ``after``: with unit, target and state."""

    id: str
    before: float | None
    after: Indicator | None

    @property
    def after_value(self) -> float | None:
        """Return the value after, in m² or as a ratio."""
        if self.after is None or self.after.value is None:
            return None
        return self.after.value * SQUARE_METRES.get(self.after.unit, 1.0)


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
    if len(order.inputs) == 1:
        return make_line_chapter(order.before, options, progress=progress, cancellation=cancellation)
    adjustment = AdjustmentOptions(order.before, order.line, options)
    if order.after:
        result = compare_line(order.after, adjustment, progress=progress, cancellation=cancellation)
        ctx = RuleContext(result.plan, result.plan.norm, result.plan.norm.make_tolerance(), cancellation=cancellation)
        rows = read_ledger(order.ledger, ctx) if order.ledger else None
    else:
        result, rows = compare_with_ledger(
            order.before, order.ledger, adjustment, progress=progress, cancellation=cancellation
        )
    name = Path(order.ledger).name
    return Statement(result, {} if rows is None else assign_rows(rows, result.parcels, name), name, cancellation)


class Statement:
    """The statement of a comparison. ``rows_by_parcel``: rows of the ledger by the parcel's number."""

    def __init__(
        self,
        result: AdjustmentResult,
        rows_by_parcel: dict[int, list[LedgerRow]],
        ledger_name: str,
        cancellation: Cancellation,
    ):
        self.result, self.rows_by_parcel, self.ledger_name = result, rows_by_parcel, ledger_name
        self.texts, self.county = Texts(result.lang), find_county_name(result.plan)
        self.digest = compute_data_digest(result.plan, cancellation)
        before, after = (self._make_indicators(one, cancellation) for one in (result.before, result.plan))
        blank = sum(not self._is_filled(one) for one in result.parcels)
        judge = RequirementJudge(result, after, _FIGURE_IDS, (len(result.parcels) - blank, blank), self.texts)
        self.requirements: list[Requirement] = judge.judge()
        self.blank_count = blank
        self.figures = [Figure(one, self._find_before(one, before), judge.find_figure(one)) for one in _FIGURE_IDS]
        #: All land of the line is known in both editions.
        self.is_whole = not result.comparison.failed_pairs and not result.list_gaps(result.line)

    def _make_indicators(self, plan: Plan, cancellation: Cancellation) -> PlanIndicators:
        tolerance = plan.norm.make_tolerance()
        ctx = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation, lang=self.texts.lang)
        return PlanIndicators(ctx, self.texts)

    def _find_before(self, name: str, before: PlanIndicators) -> float | None:
        """Return a figure of the earlier edition; the ratio has the base parcels of the later one."""
        if name == RATIO:
            return next((c.params.get("before") for c in self.result.criteria if c.id == "ratio_not_increased"), None)
        return Figure(name, None, before.get_first_figure(name)).after_value

    def _is_filled(self, parcel: AdjustmentParcel) -> bool:
        rows = self.rows_by_parcel.get(parcel.number, [])
        return bool(rows) and all(one.cause for one in rows)

    def count(self, outcome: Outcome) -> int:
        """Return the number of requirements with an outcome."""
        return sum(one.outcome is outcome for one in self.requirements)

    @property
    def is_open(self) -> bool:
        """Return True if a requirement is not met or not judged, or a cause is blank; the office states the case."""
        outcomes = {one.outcome for one in self.requirements if not one.is_stated}
        return bool(outcomes & {Outcome.FAILS, Outcome.UNDETERMINED}) or self.blank_count > 0

    def list_sentences(self) -> list[str]:
        """Return sentences on the result: outcomes of the requirements, blank causes."""
        document = NumberedDocument(self.texts, self.county)
        blank = document.get("blank_count", count=self.blank_count) if self.blank_count else ""
        return [one for one in (self._count_requirements(document), blank) if one]

    def make_document(self, map_picture: Picture | None = None, legend: Legend | None = None) -> Document:
        """Return the document; only QGIS draws the map."""
        out = NumberedDocument(self.texts, self.county)
        line = self.texts.get_concept_name(self.result.line)
        parcels = self._make_parcel_table(is_ledger=False)
        pictures: list[Any] = []
        if map_picture is not None:
            caption = Paragraph(out.get("map_caption", line=line), is_caption=True)
            pictures = [PictureGrid((map_picture,), 1), *([legend] if legend else []), caption]
        blocks = [
            FactTable(self._list_facts(out, line)),
            out.make_heading("causes"),
            *[Paragraph(one) for one in self._describe_causes(out)],
            out.make_heading("parcels"),
            *out.make_paragraphs(self._describe_parcels(out)),
            *out.make_table(PARCELS, parcels, out.get("title_parcels", line=line)),
            *pictures,
            out.make_heading("comparison"),
            *out.make_paragraphs(self._describe_figures(out, line)),
            *out.make_table(FIGURES, self._make_figure_table(out)),
            *out.make_table(TOWNSHIPS, self._make_township_table(), out.get("title_townships", line=line)),
            out.make_heading("conformity"),
            *out.make_paragraphs([self._count_requirements(out), self._list_undetermined(out)]),
            out.make_caption(REQUIREMENTS, out.get("title_requirements")),
            self._make_requirement_table(out),
            *[Paragraph(one, is_small=True) for one in self._list_notes(out)],
        ]
        return out.finish(out.get("title", line=line), blocks)

    def write_workbook(self, path: Path) -> None:
        """Write the tables to a new workbook; the first is a ledger to fill in. Raise OutputError."""
        out = NumberedDocument(self.texts, self.county)
        tables = [self._make_parcel_table(is_ledger=True), self._make_figure_table(out), self._make_township_table()]
        write_tables_workbook(path, tables, self.county, self.texts)

    # --- sentences
    def _list_facts(self, out: NumberedDocument, line: str) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Return the facts at the head; the office numbers its documents by hand."""
        result, words = self.result, out.report_texts
        editions = self.texts.get(
            "adjustment", "editions", before=result.before_name, after=Path(result.plan.source).name
        )
        crs = format_crs_label(result.plan.plane_crs.to_string(), words)
        ledger = self.ledger_name or out.get("no_ledger")
        return (
            ((out.get("number"), ""), (out.get("date"), f"{date.today():%Y-%m-%d}")),
            ((out.get("kind"), out.get("kind_of", line=line)), (words.get("head", "crs"), crs)),
            ((out.get("ledger"), ledger), (words.get("signed", "digest"), format_digest(self.digest))),
            ((out.get("editions"), editions),),
        )

    def _group_causes(self) -> list[tuple[str, str, list[AdjustmentParcel]]]:
        """Return cause, document and parcels of each cause, in the order of the table, parcels without one last."""
        separator = self.texts.get("words", "between_cells")
        groups: dict[str, tuple[list[str], list[AdjustmentParcel]]] = {}
        for parcel in self._list_parcels():
            rows = self.rows_by_parcel.get(parcel.number, [])
            cause = separator.join(dict.fromkeys(one.cause or BLANK for one in rows)) or BLANK
            documents, members = groups.setdefault(cause, ([], []))
            documents += [one.document or BLANK for one in rows] or [BLANK]
            members.append(parcel)
        return [
            (cause, separator.join(dict.fromkeys(documents)), members)
            for cause, (documents, members) in sorted(groups.items(), key=lambda item: BLANK in item[0])
        ]

    def _describe_causes(self, out: NumberedDocument) -> Iterable[str]:
        """Yield a paragraph for each cause, with its parcels; one on those without a cause ends the list."""
        for number, (cause, document, parcels) in enumerate(self._group_causes(), 1):
            yield out.get(
                "cause_blank" if BLANK in cause else "cause",
                number=self._number_cause(out, number),
                cause=cause,
                document=document,
                parcels=self._sum_parcels(out, parcels),
                numbers=out.report_texts.join_parts(str(one.number) for one in parcels),
                table=PARCELS,
            )

    @staticmethod
    def _number_cause(out: NumberedDocument, number: int) -> str:
        numerals = dict(enumerate(out.report_texts.get("signed", "numerals").split(), 1))
        return out.report_texts.put_in_brackets(numerals.get(number, str(number)))

    def _list_parcels(self) -> list[AdjustmentParcel]:
        """Return the parcels in the order of the table."""
        return [one for kind in _KINDS for one in self.result.list_parcels(kind)]

    def _sum_parcels(self, out: NumberedDocument, parcels: Iterable[AdjustmentParcel]) -> str:
        """Return number and area of parcels by kind, as a part of a sentence."""
        by_kind = {kind: [one.area_m2 for one in parcels if one.kind == kind] for kind in _KINDS}
        return out.get("between_sums").join(
            out.get(f"sum_{kind}", count=len(areas), area=_format_hectares(sum(areas)))
            for kind, areas in by_kind.items()
            if areas
        )

    def _describe_parcels(self, out: NumberedDocument) -> list[str]:
        """Return the sentences on all parcels: townships, sums, cultivated land, balance."""
        result = self.result
        townships = {name for one in result.parcels for name in one.area_by_township}
        counts = {"count": len(result.parcels), "table": PARCELS}
        is_located = not any(key == "no_townships" for key, _ in result.missing)
        sentences = [
            out.make_sentence("parcels_in_townships", townships=len(townships - {""}), **counts)
            if is_located and "" not in townships
            else out.make_sentence("parcels_count", **counts)
        ]
        for kind in (MOVED_OUT_KIND, MOVED_IN_KIND):
            if parcels := result.list_parcels(kind):
                cultivated_m2 = self._sum_cultivated(kind)
                known = None if cultivated_m2 is None else _format_hectares(cultivated_m2)
                sentences.append(out.get("parcels_of_kind", parcels=self._sum_parcels(out, parcels), table=PARCELS))
                sentences.append(out.make_sentence(f"cultivated_{kind}", area=known, table=PARCELS))
        return sentences if result.parcels else [out.get("no_moves")]

    def _has_unknown_survey(self) -> bool:
        """Return True if land of parcels is on no survey parcel, or not all of the survey is known."""
        is_incomplete = any(key in ("survey_gaps", "no_survey") for key, _ in self.result.missing)
        return is_incomplete or bool(self.result.list_gaps("parcels", "base_parcels"))

    def _describe_figures(self, out: NumberedDocument, line: str) -> list[str]:
        """Return the sentences on the line, the ratio, the other lines and the townships."""
        balance, figures = self.result.comparison.balance_by_basis[STATUTORY_BASIS], {f.id: f for f in self.figures}
        sentences = []
        if self.is_whole:
            change = balance.after - balance.before
            sentences.append(
                out.get(
                    "line_changed" if round(change) else "line_equal",
                    line=line,
                    before=_format_hectares(balance.before),
                    after=_format_hectares(balance.after),
                    verb=out.get("more" if change > 0 else "less"),
                    change=_format_hectares(abs(change)),
                    table=TOWNSHIPS,
                )
            )
        ratio = figures[RATIO]
        if self.is_whole and self.result.line == "boundary":
            values = {
                key: None if value is None else format_number(value, 4)
                for key, value in (("before", ratio.before), ("after", ratio.after_value))
            }
            sentences.append(out.make_sentence("ratio_changed", **values, table=FIGURES))
        for concept in (one for one in LINES if one != self.result.line):
            figure = figures[f"{concept}_area"]
            if figure.before is None or figure.after_value is None or self.result.list_gaps(concept):
                continue
            change = figure.after_value - figure.before
            key, area = "other_equal" if round(change, 2) == 0 else "other_changed", format_number(abs(change), 2)
            verb = out.get("more" if change > 0 else "less")
            name = self.texts.get_indicator_name(figure.id)
            sentences.append(out.get(key, line=name, verb=verb, area=area, table=FIGURES))
        every = self.result.comparison.balance_by_township.get(STATUTORY_BASIS, {})
        balances = {name: one for name, one in every.items() if one.before or one.after}
        if self.is_whole and balances and "" not in balances:
            changed = [name for name, one in balances.items() if round(one.after - one.before, 2)]
            listed = {"names": out.report_texts.join_parts(changed) or None, "line": line, "table": TOWNSHIPS}
            sentences.append(out.make_sentence("townships_changed", rest=len(balances) - len(changed), **listed))
        return sentences

    def _count_requirements(self, out: NumberedDocument) -> str:
        counts = {str(one): self.count(one) for one in VERDICTS}
        return out.get("requirement_count", count=len(self.requirements), table=REQUIREMENTS, **counts)

    def _list_undetermined(self, out: NumberedDocument) -> str:
        """Return the requirements that could not be judged, with what lacks."""
        open_ones = [one for one in self.requirements if one.outcome is Outcome.UNDETERMINED]
        # The first sentence of a reason has what lacks; the table has the whole reason.
        firsts = [_FIRST_SENTENCE.split(one.reason, maxsplit=1)[0] for one in open_ones]
        parts = [
            out.get("undetermined_one", title=one.title, reason=first)
            for one, first in zip(open_ones, firsts, strict=True)
        ]
        parts += [out.get("undetermined_causes", count=self.blank_count, table=PARCELS)] if self.blank_count else []
        return out.get("undetermined", parts=out.get("between_parts").join(parts)) if parts else ""

    def _list_notes(self, out: NumberedDocument) -> list[str]:
        """Return notes below the last table: marks, data that lack."""
        source = self.ledger_name or out.get("two_editions")
        return [out.get("marks"), *list_missing_sentences(self.result, self.texts), out.get("made_from", source=source)]

    # --- tables
    def _make_parcel_table(self, *, is_ledger: bool) -> ReportTable:
        """Return the parcels with sums by kind; ``is_ledger``: with causes and documents in full, to be filled in."""
        out = NumberedDocument(self.texts, self.county)
        columns = self._make_parcel_columns(out, is_ledger)
        table = make_table("statement_parcels", columns, notes=[out.get("parcels_note")])

        def add_sum(kind: str, name: str, area_m2: float, cultivated_m2: float | None, row_kind: str) -> None:
            cells: dict[str, Any] = {"kind": self.texts.get("versions", kind), "township": name}
            cells |= {"hectares": _make_hectares(area_m2), "area": make_table_number(area_m2, "m2")}
            cells["cultivated"] = None if cultivated_m2 is None else _make_hectares(cultivated_m2)
            values = [cells.get(one.key) for one in columns]
            table.rows.append(ReportTableRow(values, row_kind, f"{row_kind}_{kind}"))

        for kind in _KINDS:
            if parcels := self.result.list_parcels(kind):
                table.rows += [make_row(columns, one, code=str(one.number)) for one in parcels]
                total = sum(one.area_m2 for one in parcels)
                add_sum(kind, out.get("sum", count=len(parcels)), total, self._sum_cultivated(kind), "sum")
            count, area_m2 = self.result.count_slivers(kind)
            if count:
                add_sum(kind, out.get("slivers", count=count), area_m2, None, "part")
        return table

    def _make_parcel_columns(self, out: NumberedDocument, is_ledger: bool) -> list[TableColumn]:
        """Return the columns of the table of parcels."""
        comma, outside = self.texts.get("words", "between_names"), self.texts.get("versions", "no_township")
        number_of = {
            parcel.number: BLANK if BLANK in cause else self._number_cause(out, n)
            for n, (cause, _, parcels) in enumerate(self._group_causes(), 1)
            for parcel in parcels
        }
        is_unknown = self._has_unknown_survey()

        def column(key: str, width: int, value: Callable[[AdjustmentParcel], Any], unit: str = "") -> TableColumn:
            return TableColumn(key, unit, out.get(f"column_{key}"), width, key, value)

        def join(name: str) -> Callable[[AdjustmentParcel], str]:
            between = self.texts.get("words", "between_cells")
            rows = self.rows_by_parcel
            return lambda one: between.join(
                dict.fromkeys(filter(None, (getattr(r, name) for r in rows.get(one.number, []))))
            )

        columns = [
            column("number", 6, lambda one: str(one.number)),
            column("kind", 10, lambda one: self.texts.get("versions", one.kind)),
            column("township", 16, lambda one: comma.join(name or outside for name in one.area_by_township)),
            column("land_use", 20, lambda one: comma.join(share.name for share in one.land_uses[:2])),
            column("hectares", 14, lambda one: _make_hectares(one.area_m2)),
            column("area", 16, lambda one: one.area_m2, "m2"),
            column(
                "cultivated",
                14,
                lambda one: None if is_unknown or not one.cultivated else _make_hectares(one.cultivated.area_m2),
            ),
        ]
        if not is_ledger:
            return [*columns, column("cause", 10, lambda one: number_of[one.number])]
        columns.insert(3, column("location", 16, lambda one: one.location))
        return [*columns, column("cause", 24, join("cause")), column("document", 24, join("document"))]

    def _sum_cultivated(self, kind: str) -> float | None:
        """Return the cultivated land (m²) in the parcels of a kind; None if it is unknown."""
        land = None if self._has_unknown_survey() else self.result.sum_land("cultivated", kind)
        return None if land is None else land.area_m2

    def _make_figure_table(self, out: NumberedDocument) -> ReportTable:
        """Return the figures before and after with their targets; changes of areas are in hectares."""
        adjusted = f"{self.result.line}_area"

        def show(figure: Figure, value: float | None) -> TableNumber | None:
            unit = self._choose_unit(figure)
            decimals = (
                _HECTARE_DECIMALS if figure.id == adjusted or figure.after is None else choose_decimals(figure.after)
            )
            return make_table_number(None if value is None else value / SQUARE_METRES.get(unit, 1.0), unit, decimals)

        def show_change(figure: Figure) -> TableNumber | None:
            if figure.before is None or figure.after_value is None:
                return None
            change = figure.after_value - figure.before
            return make_table_number(change, "ratio", 4) if figure.id == RATIO else _make_hectares(change)

        def show_unit(figure: Figure) -> str:
            return self.texts.get("unit_names", "ratio" if figure.id == RATIO else self._choose_unit(figure))

        def show_target(figure: Figure) -> str:
            shown = format_target(figure.after, out.report_texts) if figure.after else ""
            if figure.after is None or figure.after.target is None or figure.after.unit == self._choose_unit(figure):
                return shown
            hectares = figure.after.target * SQUARE_METRES[figure.after.unit] / SQUARE_METRES["ha"]
            text = f"{format_number(hectares, 2)} {self.texts.get('unit_names', 'ha')}"
            return shown + out.report_texts.put_in_brackets(text)

        def column(key: str, width: int, value: Callable[[Figure], Any]) -> TableColumn:
            return TableColumn(key, "", out.get(f"column_{key}"), width, key, value)

        form = self.result.plan.norm.get("ratio.form")
        columns = [
            column(
                "figure",
                26,
                lambda one: self.texts.get_indicator_name(f"{RATIO}_{form}" if one.id == RATIO else one.id),
            ),
            column("unit", 8, show_unit),
            column("before", 16, lambda one: show(one, one.before)),
            column("after", 16, lambda one: show(one, one.after_value)),
            column("change", 16, show_change),
            column("target", 22, show_target),
            column("confirmed", 12, lambda one: out.get("yes" if one.after and one.after.confirmed else "no")),
        ]
        ratio = next(one.after for one in self.figures if one.id == RATIO)
        notes = [out.get("figures_note")]
        if ratio is not None:
            inputs = {key: _format_hectares(ratio.inputs[f"{key}_m2"]) for key in ("numerator", "denominator")}
            notes.append(out.get("ratio_note", form=str(form).upper(), **inputs))
        return make_table("statement_figures", columns, self.figures, lambda one: one.id, notes=notes)

    def _choose_unit(self, figure: Figure) -> str:
        """Return the unit of a figure: hectares for the line that changes."""
        return "ha" if figure.id == f"{self.result.line}_area" or figure.after is None else figure.after.unit

    def _make_township_table(self) -> ReportTable:
        """Return the balance of each township in hectares, with the change; land that gained no area is left out."""
        table = make_township_table(self.result, self.texts)
        titles = {one: self.texts.get("statement", f"column_{one}") for one in ("before", "after")}
        columns = [
            replace(one, unit="ha" if one.unit else "", title=titles.get(one.id, one.title)) for one in table.columns
        ]
        columns.append(TableColumn("change", "ha", self.texts.get("statement", "column_change_ha"), 16))
        rows = []
        for row in table.rows:
            values = [_make_hectares(one.value) if isinstance(one, TableNumber) else one for one in row.values]
            first, last = (one.value for one in (row.values[1], row.values[-1]) if isinstance(one, TableNumber))
            rows.append(ReportTableRow([*values, _make_hectares(last - first)], row.kind, row.code))
        kept = [
            n
            for n, one in enumerate(columns)
            if one.id != "revalued" or any(getattr(row.values[n], "value", 0.0) for row in rows)
        ]
        rows = [replace(row, values=[row.values[n] for n in kept]) for row in rows]
        return ReportTable("statement_townships", [columns[n] for n in kept], rows, unit="ha")

    def _make_requirement_table(self, out: NumberedDocument) -> Any:
        """Return the requirements with source, mark, figure and outcome."""

        def conclude(one: Requirement) -> DocumentCell:
            name = self.texts.get("adjustment_outcomes", str(one.outcome))
            return DocumentCell(name, is_bold=True, icon=ICON_BY_OUTCOME[one.outcome], second_line=one.reason)

        return make_described_table(
            out.report_texts,
            [
                ("number", 5.0, "center", lambda item: str(item[0])),
                ("requirement", 19.0, "left", lambda item: item[1].title),
                ("source", 24.0, "left", lambda item: item[1].source),
                ("mark", 6.0, "center", lambda item: DocumentCell(item[1].mark, is_mark=True)),
                ("figure", 22.0, "left", lambda item: item[1].figure),
                ("outcome", 24.0, "left", lambda item: conclude(item[1])),
            ],
            list(enumerate(self.requirements, 1)),
            section="statement_column",
        )


def _make_hectares(area_m2: float) -> TableNumber | None:
    return make_table_number(area_m2 / SQUARE_METRES["ha"], "ha", _HECTARE_DECIMALS)


def _format_hectares(area_m2: float) -> str:
    return format_number(area_m2 / SQUARE_METRES["ha"], _HECTARE_DECIMALS)
