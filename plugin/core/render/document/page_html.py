# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of a document as parts of a page (HTML), laid out by its style sheet; the writers of a document's files.

No element has a style attribute: inspection of a package reports such attributes as hidden content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from ...base.errors import OutputError
from ...base.files.writing import OutputPaths, write_text
from ..words import fill_template
from .blocks import (
    BOX_SIGNS,
    Block,
    Document,
    DocumentCell,
    DocumentTable,
    FactTable,
    Heading,
    Legend,
    NoticeBox,
    PageBreak,
    Paragraph,
    Picture,
    PictureGrid,
    PictureWithText,
    Signature,
    VerdictBox,
    split_at_page_numbers,
)
from .docx_writer import import_docx_library, write_docx
from .print_html import make_data_uri

#: Symbol of the page by the icon of a cell.
_SYMBOL_BY_ICON = {"ok": "ok", "warning": "WARNING", "error": "ERROR", "unknown": "unknown", "none": "none"}


def render_page_blocks(
    blocks: Iterable[Block],
    uris: Mapping[bytes, str],
    verdict: str = "",
    separator: str = "",
    *,
    keeps_widths: bool = False,
) -> str:
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
    keeps_widths
        Columns of tables have the widths of the document; False: the browser chooses them.
    """
    return "\n".join(map(_PageRenderer(uris, verdict, separator, keeps_widths).render, blocks))


@dataclass
class _PageRenderer:
    """Renders one block after the other."""

    uris: Mapping[bytes, str]
    verdict: str
    separator: str
    keeps_widths: bool

    def render(self, block: Block) -> str:
        """Return one block as HTML."""
        match block:
            case Heading(level=0, text=text):
                return f"<h1>{escape(text)}</h1>"
            case Heading(text=text, note=note):
                note = f' <span class="hn">{escape(note)}</span>' if note else ""
                return f"<h2>{escape(text)}{note}</h2>"
            case Paragraph(text=text):
                style = ' class="nt"' if block.is_small else ' class="cp"' if block.is_caption else ""
                text = f"<strong>{escape(text)}</strong>" if block.is_bold else escape(text)
                return f"<p{style}>{text}</p>"
            case PageBreak():
                return '<div class="pb"></div>'
            case NoticeBox(word=word, title=title, text=text):
                mark = f" {_render_mark(block.mark)}" if block.mark else ""
                texts = f"<b>{escape(title)}</b><p>{escape(text)}{mark}</p>"
                lines = escape(word).replace("\n", "<br>")
                return f'<div class="tip"><div class="tb">{lines}</div><div>{texts}</div></div>'
            case Legend(entries=entries):
                symbols = "".join(
                    f'<span class="lgi"><img src="{self._get_uri(image)}" alt="">{escape(label)}</span>'
                    for image, label in entries
                )
                return f'<div class="leg">{symbols}</div>'
            case PictureGrid(pictures=pictures):
                grid = "".join(f"<div>{self._render_overview(one)}</div>" for one in pictures)
                return f'<div class="pics n{block.column_count}">{grid}</div>'
            case PictureWithText(picture=picture):
                texts = "\n".join(map(self.render, block.blocks))
                return f'<div class="mapz"><div>{self._render_overview(picture)}</div><div>{texts}</div></div>'
        renderers: dict[type, Callable[[Any], str]] = {
            FactTable: self._render_facts,
            VerdictBox: self._render_verdict,
            Signature: self._render_signature,
            DocumentTable: self._render_table,
            Picture: self._render_overview,
        }
        return renderers[type(block)](block)

    def _render_facts(self, block: FactTable) -> str:
        """Return facts as an HTML table of labels and values."""
        rows = []
        for row in block.list_cells():
            cells = []
            for label, value, count in row:
                span = f' colspan="{count}"' if count > 1 else ""
                cells.append(f"<th>{escape(label)}</th><td{span}>{escape(value)}</td>")
            rows.append("".join(cells))
        return f'<table class="tbk">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'

    def _render_verdict(self, block: VerdictBox) -> str:
        """Return the verdict with its statement and counts as HTML."""
        if block.options:
            options = "".join(
                f'<span class="op{" on" if is_chosen else ""}">{BOX_SIGNS[is_chosen]} {escape(option)}</span>'
                for option, is_chosen in block.options
            )
            style = "pass" if block.is_passed else "fail"
            return (
                f'<div class="vd"><div class="vb {style}">{escape(block.word)}</div><div class="vt">'
                f'<div class="ops">{options}</div><strong>{escape(block.statement)}</strong>'
                f"<p>{escape(block.counts)}</p></div></div>"
            )
        counts = block.counts.split(self.separator)
        numbers = "".join(f"<span>{escape(count)}</span>" for count in counts[:-1])
        word = f'<div class="vb {self.verdict}">{escape(block.word)}</div>'
        texts = f"<strong>{escape(block.statement)}</strong><br>{numbers}<em>{escape(counts[-1])}</em>"
        return f'<div class="vd" data-verdict="{self.verdict}">{word}<div class="vt">{texts}</div></div>'

    def _render_signature(self, block: Signature) -> str:
        """Return the fields to be signed as HTML."""
        cells = "".join(
            f'<td>{escape(label)}<span class="dt">{escape(block.date_line)}</span></td>' for label in block.labels
        )
        span = f'colspan="{len(block.labels)}"'
        opinion = f'<tr><td class="opinion" {span}></td></tr>' if block.opinion_mm else ""
        note = f'<tr><td class="note" {span}>{escape(block.note)}</td></tr>' if block.note else ""
        return f'<table class="sg">{opinion}<tr>{cells}</tr>{note}</table>'

    def _render_table(self, block: DocumentTable) -> str:
        """Return a table as HTML, or its text for no rows."""
        if not block.rows:
            return f"<p>{escape(block.text_without_rows)}</p>"
        class_by_alignment = {"left": "", "center": ' class="c"', "right": ' class="r"'}
        classes = [class_by_alignment[column.align] for column in block.columns]
        head = "".join(f"<th{c}>{escape(column.title)}</th>" for c, column in zip(classes, block.columns, strict=True))
        kept = block.list_rows_kept_with_next()
        rows = [
            ('<tr class="kn">' if place in kept else "<tr>")
            + "".join(f"<td{c}>{_render_cell(cell)}</td>" for c, cell in zip(classes, row, strict=True))
            + "</tr>"
            for place, row in enumerate(block.rows)
        ]
        columns = "".join(f'<col width="{column.width_percent:g}%">' for column in block.columns)
        widths = f"<colgroup>{columns}</colgroup>" if self.keeps_widths else ""
        return f'<table class="g fp">{widths}<thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'

    def _get_uri(self, image: bytes) -> str:
        """Return the data URI of an image, as the page embeds it."""
        return escape(self.uris.get(image) or make_data_uri(image))

    def _render_overview(self, block: Picture) -> str:
        """Return the overview map as HTML."""
        uri = make_data_uri(block.svg.encode("utf-8")) if block.svg else self._get_uri(block.image)
        return f'<span class="mapb"><img src="{uri}" alt="{escape(block.caption)}"></span>'


def _render_cell(cell: DocumentCell) -> str:
    """Return the text of a table's cell as HTML."""
    if cell.is_mark and cell.text.isalpha():
        return _render_mark(cell.text)
    lines = escape(cell.text).replace("\n", "<br>")
    text = f"<b>{lines}</b>" if cell.is_bold else lines
    if cell.icon:
        text = f'<span class="nw"><svg class="ic"><use href="#i-{_SYMBOL_BY_ICON[cell.icon]}"/></svg> {text}</span>'
    return f'{text}<br><span class="sub">{escape(cell.second_line)}</span>' if cell.second_line else text


def _render_mark(mark: str) -> str:
    """Return the mark of a source as HTML."""
    return f'<span class="mark {escape(mark)}">{escape(mark)}</span>'


def check_document_outputs(outputs: OutputPaths) -> None:
    """Raise OutputError before a long run for a file with another suffix than its form, or a missing library."""
    forms = ((outputs.html, ".html"), (outputs.docx, ".docx"), (outputs.pdf, ".pdf"), (outputs.json, ".json"))
    for target, suffix in forms:
        if target and Path(target).suffix.lower() != suffix:
            raise OutputError("output_format", target=target, known=suffix)
    if outputs.docx:
        import_docx_library(Path(outputs.docx).name)


def iterate_document_writers(
    outputs: OutputPaths,
    make_document: Callable[[], Document],
    print_pdf: Callable[[Document, Path], object] | None,
) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """Yield target and writer of each form of a document, for `write_files`.

    ``make_document``: called once for each form; ``print_pdf``: writes a document as PDF, which only QGIS can. The
    writers raise OutputError and Cancelled.
    """
    yield outputs.html, lambda path: write_text(path, render_document_page(make_document()))
    yield outputs.docx, lambda path: write_docx(make_document(), path)
    yield outputs.pdf, partial(print_document, make_document, print_pdf)


def print_document(
    make_document: Callable[[], Document], print_pdf: Callable[[Document, Path], object] | None, path: Path
) -> None:
    """Write a document as PDF. Raise OutputError outside QGIS, which alone prints (``print_pdf``)."""
    if print_pdf is None:
        raise OutputError("output_pdf_without_qgis", target=path.name)
    print_pdf(make_document(), path)


def render_document_page(document: Document) -> str:
    """Return the document as one page without external resources; all texts are escaped."""
    margins = document.header_footer
    pieces: list[Any] = [
        {"counter": piece[1:-1]} if piece in ("{page}", "{pages}") else piece
        for piece in split_at_page_numbers(margins.page_number_format)
    ]
    return fill_template(
        "document.html.j2",
        {
            "lang": {"zh": "zh-CN"}.get(document.lang, document.lang),
            "title": document.title,
            "landscape": document.landscape,
            "body": render_page_blocks(document.blocks, {}, keeps_widths=True),
            "running": {
                "left": margins.header_left,
                "right": margins.header_right,
                "product": margins.footer_left,
                "page": pieces,
                "number": margins.footer_right,
            },
        },
    )
