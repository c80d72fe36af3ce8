# SPDX-License-Identifier: GPL-2.0-or-later
"""The chapter 三条控制线 of a plan's explanation, from one edition: areas, overlaps, expansion ratio, townships."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ...engine.context import RuleContext
from ...engine.outcome import render_reasons
from ...engine.provenance import find_county_name
from ...figures.indicators.compute import PlanIndicators
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...render.document.blocks import Block, Document, Paragraph
from ...render.figures import format_indicator_value, format_margin, format_target
from ...render.tables.by_place import make_line_table, make_township_table
from ...render.tables.indicator_tables import make_ratio_table
from ...render.tables.report_table import (
    ReportTable,
    ReportTableRow,
    TableColumn,
    make_table_number,
    write_tables_workbook,
)
from ...render.words import load_report_settings
from ...standard.messages.texts import Texts, format_number
from ...standard.options import RunOptions
from .adjustment_result import LINES
from .numbered_document import NumberedDocument

#: Beginnings of the ids of the columns that the chapter prints of the tables of lines and of townships.
_LINE_COLUMNS = ("line", "layer", "features", "statutory", "net", "target", "state")
_TOWNSHIP_COLUMNS = ("township", "land", "farmland", "red_line", "boundary")
#: The lines in their statutory order.
_ORDER = ("farmland", "red_line", "boundary")
#: Numbers of the tables.
_LINES, _OVERLAPS, _RATIO, _TOWNSHIPS = 1, 2, 3, 4


def make_line_chapter(
    source: str,
    options: RunOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> LineChapter:
    """Return the chapter of a county; raise InputError, also without a control line, DataError and Cancelled."""
    norm = options.resolve_norm()
    progress(0.0, "")
    plan = read_plan(source, norm, options, cancellation=cancellation)
    if all(plan.find_layer_of_concept(one) is None for one in LINES):
        roles = ", ".join(role for one in LINES for role in plan.list_roles_of_concept(one))
        raise InputError("adjustment_no_line", source=plan.source, roles=roles)
    tolerance = options.tolerance or plan.norm.make_tolerance()
    ctx = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation, lang=options.lang)
    chapter = LineChapter(plan, PlanIndicators(ctx, Texts(options.lang)))
    progress(1.0, "")
    return chapter


class LineChapter:
    """The chapter of a plan.

    ``overlaps``: code of the rule on a pair of lines → number and area (m²) of the overlaps, None if they are unknown.
    ``reasons``: what is unknown, as sentences.
    """

    def __init__(self, plan: Plan, figures: PlanIndicators):
        self.plan, self.figures, self.texts, self.county = plan, figures, figures.texts, find_county_name(plan)
        self.overlaps: dict[str, tuple[int, float] | None] = {}
        self.reasons: list[str] = []
        for code in load_report_settings().control_line_rules:
            result, reason = figures.run_rule_once(code)
            missing = [reason] if result is None else render_reasons(result.not_checked, self.texts)
            self.reasons += missing
            areas = [] if result is None else [one.area_m2 or 0.0 for one in result.findings]
            self.overlaps[code] = None if missing else (len(areas), sum(areas))
        self.reasons += plan.describe_gaps(self.texts)
        if any(plan.list_gaps(one) for one in LINES):
            self.overlaps = dict.fromkeys(self.overlaps)
        self.is_open = bool(self.reasons) or any(one is None or one[0] > 0 for one in self.overlaps.values())

    def list_sentences(self) -> list[str]:
        """Return the sentences of the chapter, without their tables."""
        out = NumberedDocument(self.texts, self.county)
        return [*self._describe_lines(out), *self._describe_overlaps(out), *self.reasons]

    def make_document(self, *pictures: object) -> Document:
        """Return the chapter as a document, which has no pictures."""
        out = NumberedDocument(self.texts, self.county)
        blocks: list[Block] = []
        sections: tuple[tuple[str, list[str], int, ReportTable | None], ...] = (
            ("lines", self._describe_lines(out), _LINES, _select_columns(make_line_table(self.figures), _LINE_COLUMNS)),
            ("overlaps", self._describe_overlaps(out), _OVERLAPS, self._make_overlap_table(out)),
            ("ratio", self._describe_ratio(out), _RATIO, make_ratio_table(self.figures)),
            ("townships", [], _TOWNSHIPS, _select_columns(make_township_table(self.figures), _TOWNSHIP_COLUMNS)),
        )
        for key, sentences, number, table in sections:
            title = out.get(f"chapter_{key}")
            blocks += [out.make_heading(f"chapter_{key}"), *out.make_paragraphs(sentences)]
            blocks += [Paragraph(out.get(f"no_{key}"))] if table is None else out.make_table(number, table, title)
        if self.reasons:
            blocks += [out.make_heading("chapter_open"), *(Paragraph(one) for one in dict.fromkeys(self.reasons))]
        return out.finish(out.get("chapter"), blocks)

    def write_workbook(self, path: Path) -> None:
        """Write the tables to a new workbook. Raise OutputError."""
        out = NumberedDocument(self.texts, self.county)
        tables = (
            make_line_table(self.figures),
            self._make_overlap_table(out),
            make_ratio_table(self.figures),
            make_township_table(self.figures),
        )
        write_tables_workbook(path, [one for one in tables if one is not None], self.county, self.texts)

    def _describe_lines(self, out: NumberedDocument) -> list[str]:
        """Return a sentence on each line that the plan has, with its target, and one on each that it lacks."""
        sentences = []
        for concept in _ORDER:
            computed = self.figures.compute_indicator(f"{concept}_area")
            figure = next(iter(computed.figures), None)
            name = self.texts.get_indicator_name(f"{concept}_area")
            if figure is None or figure.value is None:
                sentences.append(out.get("line_unknown", line=name, reason=computed.missing_reason))
                continue
            star = "" if figure.confirmed else out.get("figure_unconfirmed")
            value = format_indicator_value(figure, out.report_texts) + star
            target, margin = format_target(figure, out.report_texts), format_margin(figure, out.report_texts)
            key = "line_with_target" if target else "line_area"
            params = {"target": target, "margin": margin, "source": figure.target_source} if target else {}
            sentences.append(out.get(key, line=name, value=value, table=_LINES, **params))
        return sentences

    def _describe_overlaps(self, out: NumberedDocument) -> list[str]:
        """Return a sentence on each pair of lines whose overlaps are known, and one on the others."""
        names = {code: out.get(f"pair_{code}") for code in self.overlaps}
        sentences = [
            out.get("overlap" if found[0] else "no_overlap", pair=names[code], table=_OVERLAPS, **_show_overlap(found))
            for code, found in self.overlaps.items()
            if found is not None
        ]
        unknown = [names[code] for code, found in self.overlaps.items() if found is None]
        return sentences + ([out.get("overlap_unknown", pairs=out.report_texts.join_parts(unknown))] if unknown else [])

    def _describe_ratio(self, out: NumberedDocument) -> list[str]:
        """Return the sentence on the ratio in the form that is limited."""
        form = self.plan.norm.get("ratio.form")
        figure = self.figures.get_first_figure(f"expansion_ratio_{form}")
        if figure is None or figure.value is None:
            return []
        hectares = {key: format_number(figure.inputs[f"{key}_m2"] / 1e4, 2) for key in ("numerator", "denominator")}
        star = "" if figure.confirmed else out.get("figure_unconfirmed")
        value = format_indicator_value(figure, out.report_texts) + star
        target = format_target(figure, out.report_texts)
        return [out.get("ratio", form=form.upper(), value=value, target=target, table=_RATIO, **hectares)]

    def _make_overlap_table(self, out: NumberedDocument) -> ReportTable:
        """Return the overlaps of each pair of lines; unknown ones are named."""
        columns = [
            TableColumn("pair", "", out.get("column_pair"), 40),
            TableColumn("overlaps", "count", out.get("column_overlaps"), 12),
            TableColumn("area", "ha", out.get("column_overlap_area"), 18),
            TableColumn("state", "", out.get("column_state"), 14),
        ]
        table = ReportTable("statement_overlaps", columns, notes=[out.get("overlaps_note")])
        for code, found in self.overlaps.items():
            count, area = found or (None, None)
            numbers = (
                make_table_number(count, "count"),
                make_table_number(None if area is None else area / 1e4, "ha", 4),
            )
            state = out.get("unknown" if found is None else "overlapping" if count else "apart")
            table.rows.append(ReportTableRow([out.get(f"pair_{code}"), *numbers, state], "row", code))
        return table


def _show_overlap(found: tuple[int, float]) -> dict[str, str]:
    return {"count": format_number(found[0], 0), "area": format_number(found[1] / 1e4, 4)}


def _select_columns(table: ReportTable | None, beginnings: Sequence[str]) -> ReportTable | None:
    """Return a table with the columns whose ids begin with one of some words; None without the table."""
    if table is None:
        return None
    kept = [n for n, one in enumerate(table.columns) if one.id.startswith(tuple(beginnings))]
    rows = [ReportTableRow([row.values[n] for n in kept], row.kind, row.code) for row in table.rows]
    return ReportTable(table.id, [table.columns[n] for n in kept], rows, table.unit, table.notes)
