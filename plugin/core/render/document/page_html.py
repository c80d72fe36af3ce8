# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of a document as parts of the report's page (HTML), laid out by the page's style sheet.

No element has a style attribute: inspection of a package reports such attributes as hidden content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from .blocks import (
    Block,
    DocumentCell,
    DocumentTable,
    FactTable,
    Heading,
    Legend,
    Paragraph,
    Picture,
    PictureWithText,
    VerdictBox,
)
from .print_html import make_data_uri

#: Class of a column's cells by its alignment.
_ALIGNMENT_CLASSES = {"left": "", "center": ' class="c"', "right": ' class="r"'}


def render_page_blocks(blocks: Iterable[Block], uris: Mapping[bytes, str], verdict: str, separator: str) -> str:
    """Return blocks as HTML. All texts are escaped.

    Parameters
    ----------
    blocks
        Blocks of a first page, as `check_report` makes them.
    uris
        The bytes of an image → its data URI, for images that the page embeds as they are.
    verdict
        Id of the verdict, which decides the colour of its box.
    separator
        Text between the numbers of a verdict box.
    """
    return "\n".join(_PageRenderer(uris, verdict, separator).render(block) for block in blocks)


class _PageRenderer:
    """Renders one block after the other."""

    def __init__(self, uris: Mapping[bytes, str], verdict: str, separator: str):
        self._uris, self._verdict, self._separator = uris, verdict, separator

    def render(self, block: Block) -> str:
        """Return one block as HTML."""
        renderers: dict[type, Callable[[Any], str]] = {
            Heading: self._render_heading,
            Paragraph: self._render_paragraph,
            FactTable: self._render_facts,
            VerdictBox: self._render_verdict,
            DocumentTable: self._render_table,
            Picture: self._render_overview,
            Legend: self._render_legend,
            PictureWithText: self._render_picture_with_text,
        }
        return renderers[type(block)](block)

    def _render_heading(self, block: Heading) -> str:
        """Return a heading with its note as HTML."""
        note = f' <span class="hn">{escape(block.note)}</span>' if block.note else ""
        return f"<h2>{escape(block.text)}{note}</h2>"

    def _render_paragraph(self, block: Paragraph) -> str:
        """Return a paragraph as HTML."""
        style = ' class="nt"' if block.is_small else ""
        text = f"<strong>{escape(block.text)}</strong>" if block.is_bold else escape(block.text)
        return f"<p{style}>{text}</p>"

    def _render_facts(self, block: FactTable) -> str:
        """Return facts as an HTML table of labels and values."""
        rows = [
            "".join(f"<th>{escape(label)}</th><td>{escape(value)}</td>" for label, value in row) for row in block.rows
        ]
        return f'<table class="tbk">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'

    def _render_verdict(self, block: VerdictBox) -> str:
        """Return the verdict with its statement and counts as HTML."""
        counts = block.counts.split(self._separator)
        numbers = "".join(f"<span>{escape(count)}</span>" for count in counts[:-1])
        word = f'<div class="vb {self._verdict}">{escape(block.word)}</div>'
        texts = f"<strong>{escape(block.statement)}</strong><br>{numbers}<em>{escape(counts[-1])}</em>"
        return f'<div class="vd" data-verdict="{self._verdict}">{word}<div class="vt">{texts}</div></div>'

    def _render_table(self, block: DocumentTable) -> str:
        """Return a table as HTML, or its text for no rows."""
        if not block.rows:
            return f"<p>{escape(block.text_without_rows)}</p>"
        classes = [_ALIGNMENT_CLASSES[column.align] for column in block.columns]
        head = "".join(f"<th{c}>{escape(column.title)}</th>" for c, column in zip(classes, block.columns, strict=True))
        rows = [
            "<tr>"
            + "".join(f"<td{c}>{_render_cell(cell)}</td>" for c, cell in zip(classes, row, strict=True))
            + "</tr>"
            for row in block.rows
        ]
        return f'<table class="g fp"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'

    def _get_uri(self, image: bytes) -> str:
        """Return the data URI of an image, as the page embeds it."""
        return escape(self._uris.get(image) or make_data_uri(image))

    def _render_overview(self, block: Picture) -> str:
        """Return the overview map as HTML."""
        return f'<span class="mapb"><img src="{self._get_uri(block.image)}" alt="{escape(block.caption)}"></span>'

    def _render_legend(self, block: Legend) -> str:
        """Return a legend as HTML: each symbol with its label."""
        entries = [
            f'<span class="lgi"><img src="{self._get_uri(image)}" alt="">{escape(label)}</span>'
            for image, label in block.entries
        ]
        return f'<div class="leg">{"".join(entries)}</div>'

    def _render_picture_with_text(self, block: PictureWithText) -> str:
        """Return a picture with blocks of text at its right as HTML."""
        texts = "\n".join(self.render(one) for one in block.blocks)
        return f'<div class="mapz"><div>{self._render_overview(block.picture)}</div><div>{texts}</div></div>'


def _render_cell(cell: DocumentCell) -> str:
    """Return the text of a table's cell as HTML."""
    text = f"<b>{escape(cell.text)}</b>" if cell.is_bold else escape(cell.text)
    return f'{text}<br><span class="sub">{escape(cell.second_line)}</span>' if cell.second_line else text
