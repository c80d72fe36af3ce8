# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables, sentences, maps, document and layer of compared drafts (方案对比): figures side by side, never a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import shapely
from numpy.typing import NDArray

from ....metadata import read_plugin_version
from ...render.document.blocks import Block, Document, Heading, Paragraph, PictureGrid
from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    TableColumn,
    make_table,
    make_table_number,
)
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts, format_number
from ..projects.page import Rasterise, make_picture
from .compare_drafts import DraftsResult, Edition
from .draft_figures import RAN, SECTION, FigureKind, list_figures
from .draft_map import LEGEND_MM, WHOLE_MM, DraftMapper
from .proposal_tables import ProposalTables

#: Most places with a map of each draft, and width of such a map (mm) by the number of drafts, which are in a row: the
#: tables of three drafts and more need pages in landscape.
_MAX_PLACES, _DRAFT_MM = 4, {2: 84.0, 3: 80.0, 4: 60.0, 5: 48.0}


class DraftTables(ProposalTables):
    """Makes sentences, tables, maps and layer of a result in the language of ``texts``."""

    result: DraftsResult
    layer_name = "draft_differences"

    def __init__(self, result: DraftsResult, texts: Texts):
        super().__init__(result, texts, SECTION, "drafts")
        self.line, self.comma = texts.get_concept_name(result.line), texts.get("words", "between_names")

    # --- sentences
    def summarise(self) -> list[str]:
        """Return a sentence on each draft: its change, or which edition it equals; then on the differences."""
        disputed = self.result.land.areas_m2[self.result.land.is_disputed]
        params = {"count": len(disputed), "area": format_number(float(disputed.sum()), 2), "line": self.line}
        differences = self.get("differences" if len(disputed) else "no_differences", **params)
        return [*map(self._describe_draft, self.result.editions[1:]), differences]

    def _describe_draft(self, draft: Edition) -> str:
        head = self.get("draft_file", draft=self.name_edition(draft), file=draft.name)
        if equal := self._describe_equals(draft):
            return self.get("draft_equal", draft=head, equal=equal)
        known = {name: draft.figures[name].value for name in ("area", "out", "in")}
        areas = {k: self.get("unknown") if v is None else f"{format_number(v, 2)} m²" for k, v in known.items()}
        return self.get("draft_changes", draft=head, line=self.line, **areas)

    def _describe_equals(self, draft: Edition) -> str:
        """Return which earlier editions a draft equals; empty for none."""
        editions = self.result.list_equals(draft)
        return self.comma.join(self.get("equal", edition=self.name_edition(one)) for one in editions)

    def name_edition(self, edition: Edition) -> str:
        """Return the short name of an edition."""
        return self.get("draft", number=edition.number) if edition.number else edition.name

    def list_notes(self) -> list[str]:
        """Return sentences on unknown figures, missing data, settings, and what was not compared."""
        result, kinds = self.result, list_figures(self.result.line)
        notes = [
            self.get("undetermined", edition=self.name_edition(edition), figure=self._name(kind), reason=figure.reason)
            for kind in kinds
            for edition in result.editions
            if (figure := edition.figures[kind.id]).reason
        ]
        is_open = {kind: not all(one.figures[kind.id].is_confirmed for one in result.editions) for kind in kinds}
        if any(is_open.values()):
            notes.append(
                self.get("unconfirmed", figures=self.comma.join(self._name(one) for one in kinds if is_open[one]))
            )
        if round(result.land.sliver_m2, 2):
            notes.append(self.get("slivers", area=format_number(result.land.sliver_m2, 2)))
        notes_by_draft = {
            self.name_edition(one): [*map(self.render, one.notes), *one.plan.describe_gaps(self.texts)]
            for one in result.editions[1:]
        }
        common = set.intersection(*map(set, notes_by_draft.values()))
        for name, texts in notes_by_draft.items():
            notes += [text if text in common else self.get("of_draft", draft=name, note=text) for text in texts]
        return list(dict.fromkeys([*notes, self.get("survey_kept"), self.get("no_verdict")]))

    def _name(self, kind: FigureKind) -> str:
        return self.get(f"figure_{kind.id}", line=self.line)

    # --- tables
    def make_tables(self) -> list[ReportTable]:
        """Return the tables in order: drafts, figures, differences, rules."""
        land, (positions, _) = self.make_land_columns(), self.list_land()
        return [
            self._make_draft_table(),
            self._make_figure_table(),
            make_table("drafts_differences", land, positions, str, "m2", [self.get("land_note")]),
            self._make_rule_table(),
        ]

    def _make_draft_table(self) -> ReportTable:
        """Return the drafts with their files, the layers taken from them, and what they equal."""
        templates = self.result.plan.norm.standard.templates
        columns = [
            self.make_column("draft", 10, self.name_edition),
            self.make_column("file", 30, lambda one: one.name),
            self.make_column(
                "layers",
                34,
                lambda one: self.comma.join(self.texts.make_layer_label(layer.role, templates) for layer in one.layers),
            ),
            self.make_column("relation", 26, lambda one: self._describe_equals(one) or self.get("differs")),
        ]
        return make_table("drafts_list", columns, self.result.editions[1:], lambda one: str(one.number))

    def _make_edition_columns(self, show: Callable[[Edition, Any], CellValue]) -> list[TableColumn]:
        """Return a column for each edition; ``show`` returns the cell of an edition and an item."""
        return [
            TableColumn(f"edition_{one.number}", "", self.name_edition(one), 17, value=partial(show, one))
            for one in self.result.editions
        ]

    def _make_figure_table(self) -> ReportTable:
        """Return the figures, an edition a column."""
        columns = [
            self.make_column("number", 6, lambda kind: str(kind.number)),
            self.make_column("figure", 30, self._name),
            self.make_column("unit", 8, lambda kind: self.texts.get("unit_names", kind.unit) if kind.unit else ""),
            *self._make_edition_columns(self._show_figure),
        ]
        items, notes = list_figures(self.result.line), [*self.summarise(), *self.list_notes()]
        return make_table("drafts_figures", columns, items, lambda one: one.id, notes=notes)

    def _show_figure(self, edition: Edition, kind: FigureKind) -> CellValue:
        figure = edition.figures[kind.id]
        if figure.reason or figure.text:
            return self.get("unknown") if figure.reason else figure.text
        return make_table_number(figure.value, kind.unit, kind.decimals)

    def make_land_columns(self) -> list[TableColumn]:
        """Return the columns of the land on which editions differ, of sheet and layer; an item is a position."""
        result, words = self.result, [self.get(one) for one in ("outside", "inside", "kind_alike", "kind_disputed")]
        disputed = result.land.is_disputed
        return [
            self.make_column("number", 6, lambda n: n + 1, "count"),
            self.make_column("kind", 16, lambda n: words[2 + disputed[n]]),
            self.make_column(
                "township", 16, lambda n: self.comma.join(result.land.townships[n]) if result.land.townships else ""
            ),
            self.make_column("area_m2", 16, lambda n: round(float(result.land.areas_m2[n]), 2), "m2"),
            *[
                TableColumn(
                    name := f"draft_{one.number}" if one.number else "present",
                    title=self.name_edition(one),
                    width_in_characters=10,
                    key=name,
                    value=[words[is_inside] for is_inside in result.land.inside[:, one.number].tolist()].__getitem__,
                )
                for one in result.editions
            ],
        ]

    def _make_rule_table(self) -> ReportTable:
        """Return the rules on the line: findings of each edition, or why a rule gives none."""

        def show(edition: Edition, place: int) -> CellValue:
            outcome = edition.outcomes[place]
            if outcome.outcome not in RAN:
                return self.texts.get("outcomes", str(outcome.outcome))
            partly = format_number(outcome.findings, 0) + self.get("partly")
            return partly if outcome.incomplete else make_table_number(outcome.findings, "count")

        rules = self.result.editions[0].outcomes
        columns = [
            self.make_column("rule", 44, lambda place: f"{rules[place].code} {rules[place].title}"),
            *self._make_edition_columns(show),
        ]
        outcomes = [outcome for edition in self.result.editions for outcome in edition.outcomes]
        reasons = {
            one.reason: self.get("rule_open", rule=one.code, reason=one.reason) for one in outcomes if one.reason
        }
        notes = [self.get("rules_note"), *reasons.values()]
        return make_table("drafts_rules", columns, range(len(rules)), lambda place: rules[place].code, notes=notes)

    # --- outputs
    def make_document(self, rasterise: Rasterise | None = None) -> Document:
        """Return tables and maps as a document to be signed; ``rasterise``: draws maps as pixels, only QGIS can."""
        document = super().make_document()
        headings = [n for n, block in enumerate(document.blocks) if isinstance(block, Heading)]
        # The maps come before the land that they number.
        place = headings[2]
        return replace(
            document, blocks=(*document.blocks[:place], *self._make_maps(rasterise), *document.blocks[place:])
        )

    def _make_maps(self, rasterise: Rasterise | None) -> list[Block]:
        """Return the maps with their legend; a sentence if no land differs."""
        drafts, heading = self.result.editions[1:], Heading(self.get("map_title"))
        if not len(self.result.land.shapes):
            return [heading, Paragraph(self.get("no_map"))]
        mapper = DraftMapper(self.result, ReportTexts(self.texts.lang))
        overview = make_picture(mapper.draw_differences(), WHOLE_MM[0], rasterise)
        legend = make_picture(mapper.draw_legend(lambda symbol: self.get(f"map_{symbol}")), LEGEND_MM, rasterise)
        # In a grid the map stays on the page of heading and legend.
        blocks: list[Block] = [heading, PictureGrid((overview,), 1), legend]
        places, width = mapper.list_places(), _DRAFT_MM[len(drafts)]
        for number, place in enumerate(places[:_MAX_PLACES], 1):
            pictures = [
                make_picture(
                    mapper.draw_draft(one.number, place, width),
                    width,
                    rasterise,
                    self.get("map_draft", number=number, draft=self.name_edition(one), file=one.name),
                )
                for one in drafts
            ]
            blocks.append(PictureGrid(tuple(pictures), len(drafts)))
        rest = len(places) - _MAX_PLACES
        notes = [self.get("more_places", count=rest)] if rest > 0 else []
        notes += [self.texts.get("evaluation", "vector_note")] if rasterise is None else []
        return [*blocks, *(Paragraph(note, is_small=True) for note in notes)]

    def list_land(self) -> tuple[range, NDArray]:
        """Return the land on which editions differ."""
        return range(len(self.result.land.shapes)), self.result.land.shapes

    def make_json(self) -> dict[str, Any]:
        """Return the result as plain data; geometries are in the CRS ``crs``."""
        result = self.result
        shapes = shapely.to_wkt(self.reproject(self.result.land.shapes), rounding_precision=-1)
        return {
            "schema": "sanxian-drafts/1",
            "version": read_plugin_version(),
            "lang": self.texts.lang,
            "line": result.line,
            "crs": result.plan.crs.to_string(),
            "editions": [
                {
                    "number": one.number,
                    "name": one.name,
                    "layers": [layer.role for layer in one.layers],
                    "equals": [equal.number for equal in result.list_equals(one)],
                    "figures": {
                        kind.id: {"unit": kind.unit, **one.figures[kind.id]._asdict()}
                        for kind in list_figures(result.line)
                    },
                }
                for one in result.editions
            ],
            "rules": [rule.code for rule in result.editions[0].outcomes],
            "differences": [
                {**record, "geometry": shape} for record, shape in zip(self.make_records(), shapes, strict=True)
            ],
            "notes": self.list_notes(),
        }
