# SPDX-License-Identifier: GPL-2.0-or-later
"""The record of what a public edition took out, for the files themselves and for the result of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from ...base.files.document_text import make_document_text
from ...standard.messages.numbers import format_number
from ..document.blocks import Block, DocumentCell, DocumentColumn, DocumentTable, Heading, Paragraph
from ..document.page_html import render_page_blocks

if TYPE_CHECKING:
    from ..words import ReportTexts
    from .edition import HiddenKind, PublicEdition

#: Counted removals, in the order of the record.
COUNTED = (
    "coordinates",
    "geometries",
    "findings",
    "names",
    "grids",
    "crs_texts",
    "labels",
    "paths",
    "persons",
    "sources",
)
#: Beginning of an item for the typed texts of a field.
_TEXTS_OF_FIELD = "texts "
#: Remarks below the list: what a reader may not conclude from it.
REMARKS = ("figures_unchanged", "features_remain")


@dataclass
class RemovalRecord:
    """What was taken out of a public map or report.

    ``layer_names``: names of the layers by kind, which only the result of the run may show; ``counts``: of `COUNTED`,
    how many of each were taken out, and by field, how many typed texts.
    """

    layer_names: dict[HiddenKind, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))

    def count(self, item: str, number: int = 1) -> None:
        """Add to the number of removals of an item."""
        self.counts[item] += number

    def count_texts(self, field: str, number: int = 1) -> None:
        """Add to the number of typed texts of a field that were taken out."""
        self.counts[f"{_TEXTS_OF_FIELD}{field}"] += number

    def add_layer(self, kind: HiddenKind, name: str) -> None:
        """Record a layer that was taken out; one layer counts once."""
        names = self.layer_names.setdefault(kind, [])
        if name not in names:
            names.append(name)

    def add(self, other: RemovalRecord) -> None:
        """Add the removals of another record."""
        for kind, names in other.layer_names.items():
            for name in names:
                self.add_layer(kind, name)
        self.counts.update(other.counts)

    def merge(self, other: RemovalRecord) -> None:
        """Merge the record of another layout of the same map, which lacks the same; the larger numbers remain."""
        larger = self.counts | other.counts
        self.add(other)
        self.counts = larger

    @property
    def layer_count(self) -> int:
        """Return the number of layers that were taken out."""
        return sum(map(len, self.layer_names.values()))

    def to_dict(self, edition: PublicEdition, lang: str) -> dict[str, Any]:
        """Return the record as plain data for a public file, without names of layers."""
        return {
            "list_mark": edition.mark,
            "list_confirmed": edition.is_confirmed,
            "elements": sorted(edition.elements),
            "layers": [
                {"kind": kind.get_name(lang), "count": len(names)} for kind, names in self._list_by_kind(edition)
            ],
            "removed": dict(self.counts),
        }

    def _list_by_kind(self, edition: PublicEdition) -> list[tuple[HiddenKind, list[str]]]:
        return [(kind, self.layer_names[kind]) for kind in edition.kinds if kind in self.layer_names]

    def list_rows(self, edition: PublicEdition, report_texts: ReportTexts) -> list[tuple[str, str]]:
        """Return (what, how many) of all removals for a public page: layers by kind, then the counted items."""
        rows = [
            (
                report_texts.get("public", "layers_of_kind", kind=kind.get_name(report_texts.lang)),
                report_texts.get("public", "layer_count", count=format_number(len(names), 0)),
            )
            for kind, names in self._list_by_kind(edition)
        ] or [(report_texts.get("public", "layers"), report_texts.get("public", "no_layer"))]
        return rows + [(item, format_number(number, 0)) for item, number in self._list_counts(report_texts)]

    def _list_counts(self, report_texts: ReportTexts) -> list[tuple[str, int]]:
        """Return (what, how many) of the counted items and of the typed texts by field."""
        items = (*COUNTED, *sorted(self.counts.keys() - set(COUNTED)))
        return [
            (
                report_texts.get("public", item)
                if item in COUNTED
                else report_texts.get("public", "texts_of_field", field=item.removeprefix(_TEXTS_OF_FIELD)),
                self.counts[item],
            )
            for item in items
            if self.counts[item]
        ]

    def list_log_lines(self, edition: PublicEdition, report_texts: ReportTexts) -> list[str]:
        """Return lines for the result of the run, with the names of the layers."""
        lines = [
            report_texts.get(
                "public", "log_layers", kind=kind.get_name(report_texts.lang), names=report_texts.join_parts(names)
            )
            for kind, names in self._list_by_kind(edition)
        ]
        counted = [
            report_texts.get("public", "log_item", item=item, count=number)
            for item, number in self._list_counts(report_texts)
        ]
        lines.append(report_texts.get("public", "log_counts", items=report_texts.join_parts(counted) or "—"))
        if not edition.is_confirmed:
            lines.append(report_texts.get("public", "unconfirmed", file=edition.file_name))
        return lines

    def make_blocks(self, edition: PublicEdition, report_texts: ReportTexts) -> Iterator[Block]:
        """Yield the section of a document that lists what was taken out."""
        yield Heading(report_texts.get("public", "title"))
        yield Paragraph(report_texts.get("public", "introduction"))
        columns = (
            DocumentColumn(report_texts.get("public", "what"), 70),
            DocumentColumn(report_texts.get("public", "count"), 30, "right"),
        )
        rows = tuple((DocumentCell(what), DocumentCell(count)) for what, count in self.list_rows(edition, report_texts))
        yield DocumentTable(columns, rows)
        for key in REMARKS:
            yield Paragraph(report_texts.get("public", key), is_small=True)
        if not edition.is_confirmed:
            yield Paragraph(report_texts.get("public", "unconfirmed_public"), is_small=True)


_RECORD_STYLE = (
    "body{font:14px/1.6 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:900px;"
    "margin:24px auto;padding:0 12px}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:4px 8px;text-align:left;"
    "vertical-align:top}td.r,th.r{text-align:right}"
)


def make_record_page(title: str, blocks: Iterable[Block], lang: str) -> str:
    """Return a separate page (HTML) with the record of what was taken out of other files."""
    language = {"zh": "zh-CN"}.get(lang, lang)
    return make_document_text(
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_RECORD_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{render_page_blocks(blocks, {})}\n</body>\n</html>\n"
    )
