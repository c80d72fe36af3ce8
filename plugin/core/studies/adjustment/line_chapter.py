# SPDX-License-Identifier: GPL-2.0-or-later
"""The chapter 三条控制线 of a plan's explanation, from one edition: areas, overlaps, expansion ratio, townships."""

from __future__ import annotations

from ...engine.outcome import render_reasons
from ...engine.provenance import find_county_name
from ...figures.indicators.compute import PlanIndicators
from ...render.document.blocks import Block, Document, Paragraph
from ...render.figures import format_indicator_value, format_margin, format_target
from ...render.tables.by_land_use import M2_PER_HECTARE
from ...render.tables.by_place import make_line_table, make_township_table
from ...render.tables.indicator_tables import make_ratio_table
from ...render.tables.report_table import make_table, make_table_number
from ...render.words import load_report_settings
from ...standard.messages.texts import format_number
from .numbered_document import NumberedDocument

#: The lines in their statutory order.
_LINES = ("farmland", "red_line", "boundary")
#: Sections, each with a table, and columns that tables of the workbook have in addition.
_SECTIONS = ("lines", "overlaps", "ratio", "townships")
_WORKBOOK_COLUMNS = ("survey", "county_share", "room", "division_code")


class LineChapter(NumberedDocument):
    """The chapter of a plan.

    ``overlaps``: code of the rule on a pair of lines → number and area (m²) of the overlaps, None if they are unknown.
    ``reasons``: what is unknown, as sentences.
    """

    def __init__(self, figures: PlanIndicators):
        super().__init__(figures.texts, find_county_name(figures.ctx.plan))
        self.figures, plan = figures, figures.ctx.plan
        is_unknown = any(plan.list_gaps(one) for one in _LINES)
        self.overlaps: dict[str, tuple[int, float] | None] = {}
        self.reasons = plan.describe_gaps(self.texts)
        for code in load_report_settings().control_line_rules:
            result, reason = figures.run_rule_once(code)
            missing = [reason] if result is None else render_reasons(result.not_checked, self.texts)
            areas = [] if result is None else [one.area_m2 or 0.0 for one in result.findings]
            self.overlaps[code] = None if missing or is_unknown else (len(areas), sum(areas))
            self.reasons += missing
        columns = [
            self.make_column("pair", 40, lambda code: self.get(f"pair_{code}")),
            self.make_column("overlaps", 12, lambda code: (self.overlaps[code] or (None,))[0], "count"),
            self.make_column("overlap_area", 18, self._show_area, "ha"),
        ]
        overlaps = make_table("statement_overlaps", columns, self.overlaps, notes=[self.get("overlaps_note")])
        tables = make_line_table(figures), overlaps, make_ratio_table(figures), make_township_table(figures)
        for number, (key, table) in enumerate(zip(_SECTIONS, tables, strict=True), 1):
            if table is not None:
                self.tables[number] = self.get(f"chapter_{key}"), table
        self.is_open = bool(self.reasons) or any(one is None or one[0] for one in self.overlaps.values())

    def _show_area(self, code: str) -> object:
        found = self.overlaps[code]
        return self.get("unknown") if found is None else make_table_number(found[1] / M2_PER_HECTARE, "ha", 4)

    def list_sentences(self) -> list[str]:
        """Return the sentences of the chapter."""
        return [*self._describe_figures(*(f"{one}_area" for one in _LINES)), *self._describe_overlaps(), *self.reasons]

    def make_document(self, *pictures: object) -> Document:
        """Return the chapter as a document, which has no pictures."""
        ratio = f"expansion_ratio_{self.figures.ctx.norm.get('ratio.form')}"
        lines = self._describe_figures(*(f"{one}_area" for one in _LINES))
        blocks: list[Block] = []
        # A chapter on the lines states no zones, and an upright page has no room for their columns.
        zones = [one.id for _, table in self.tables.values() for one in table.columns if one.id.startswith("zone_")]
        left_out = [*_WORKBOOK_COLUMNS, *zones]
        overlaps, ratios = self._describe_overlaps(), self._describe_figures(ratio, table=3)
        for number, (key, texts) in enumerate(zip(_SECTIONS, (lines, overlaps, ratios, ()), strict=True), 1):
            blocks += self.make_section(number, f"chapter_{key}", texts)
            is_made = number in self.tables
            blocks += self.make_table(number, left_out) if is_made else [Paragraph(self.get(f"no_{key}"))]
        if self.reasons:
            blocks += [*self.make_section(5, "chapter_open"), *map(Paragraph, dict.fromkeys(self.reasons))]
        return self.finish(self.get("chapter"), blocks)

    def _describe_figures(self, *names: str, table: int = 1) -> list[str]:
        """Return a sentence on each figure with its target, or on why it is unknown."""
        sentences, words = [], self.report_texts
        for name in names:
            computed, title = self.figures.compute_indicator(name), self.texts.get_indicator_name(name)
            figure = next(iter(computed.figures), None)
            if figure is None or figure.value is None:
                sentences.append(self.get("line_unknown", line=title, reason=computed.missing_reason))
                continue
            value = format_indicator_value(figure, words) + ("" if figure.confirmed else self.get("unconfirmed"))
            params = {"target": format_target(figure, words), "margin": format_margin(figure, words)}
            key = "line_with_target" if figure.target is not None else "line_area"
            source = figure.target_source
            sentences.append(self.get(key, line=title, value=value, table=table, source=source, **params))
        return sentences

    def _describe_overlaps(self) -> list[str]:
        """Return a sentence on each pair of lines; unknown overlaps are named."""
        return [
            self.get(
                "overlap_unknown" if found is None else "overlap" if found[0] else "no_overlap",
                pair=self.get(f"pair_{code}"),
                count=found[0] if found else 0,
                area=format_number(found[1] / M2_PER_HECTARE if found else 0.0, 4),
                table=2,
            )
            for code, found in self.overlaps.items()
        ]
