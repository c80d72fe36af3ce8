# SPDX-License-Identifier: GPL-2.0-or-later
"""A document as docx, for Word and WPS, in the plugin's template or an office's own.

A template has the report's styles by name and a bookmark where the report goes (resources/reports/signed_report.toml).
"""

from __future__ import annotations

import importlib
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ....paths import DOCX_TEMPLATE_FOLDER
from ...base.errors import InputError, OutputError
from ...base.files.document_text import make_document_text
from ...base.files.workbooks import READING_ERRORS
from ...base.files.zipped_libraries import import_zipped_library
from ...standard.messages.texts import Texts
from ..words import keep_figures_whole, load_report_settings
from .blocks import (
    BOX_SIGNS,
    FACT_LABEL_PERCENT,
    ICON_SIGNS,
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
    change_texts,
    merge_heads,
    split_at_page_numbers,
)

_LEGEND_HEIGHT_MM = 3.2
#: Space between a column of figures and the texts at its right, beside the cells' margins.
_GAP_MM = 1.8
#: The comma between codes such as ATT022、TOP001.
_COMMA_BETWEEN_CODES_PATTERN = re.compile(r"(?<=[0-9A-Za-z])、(?=[0-9A-Za-z])")
_WHITE, _BLACK, _LABEL_FILL, _NOTICE_FILL = "FFFFFF", "000000", "F1F1F1", "444444"
#: The extension of a picture by which Word and WPS show its vectors instead of its pixels.
_SVG_EXTENSION = (
    '<a:extLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<a:ext uri="{96DAC541-7B7A-43D3-8B79-37D633B846F1}"><asvg:svgBlip '
    'xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:embed="%s"/></a:ext></a:extLst>'
)
_WORD_FIELD_BY_PLACEHOLDER = {"{page}": "PAGE", "{pages}": "NUMPAGES"}
#: A chart in place of a picture (ECMA-376 part 1, 21.2).
_CHART_NAMESPACE = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_CHART_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_CHART_REFERENCE = (
    f'<c:chart xmlns:c="{_CHART_NAMESPACE}" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="%s"/>'
)
_WRITE_METHOD_BY_BLOCK = {
    Heading: "_write_heading",
    Paragraph: "_write_paragraph",
    FactTable: "_write_facts",
    VerdictBox: "_write_verdict",
    NoticeBox: "_write_notice",
    DocumentTable: "_write_table",
    Picture: "_write_picture",
    PictureGrid: "_write_grid",
    Legend: "_write_legend",
    PictureWithText: "_write_picture_with_text",
    Signature: "_write_signature",
}


def write_docx(document: Document, path: Path, template: Path | None = None) -> None:
    """Write a document as docx to a new file.

    `write_atomically` provides the path.

    Parameters
    ----------
    document : Document
        The blocks.
    path : Path
        The file.
    template : Path, optional
        An office's own template.

    Raises
    ------
    OutputError
        python-docx or lxml is missing, which it needs.
    InputError
        The template cannot be read, or lacks the bookmark or a style; the error names all that it lacks.
    """
    _DocxWriter(import_docx_library(path.name), template).write(change_texts(document, make_document_text), path)


def import_docx_library(output_name: str) -> Any:
    """Return the package docx.

    ``output_name``: name of the file to be written, for the OutputError that is raised without docx or lxml.
    """
    try:
        importlib.import_module("lxml.etree")
        return import_zipped_library("docx")
    except ImportError as error:
        raise OutputError("output_docx_library", target=output_name) from error


def _make_template() -> io.BytesIO:
    """Return the plugin's template as a docx file: its parts are text files, so that changes can be read."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(path for path in DOCX_TEMPLATE_FOLDER.rglob("*") if path.is_file()):
            # The file of this part has another name, because the plugin's zip has no hidden files.
            name = part.relative_to(DOCX_TEMPLATE_FOLDER).as_posix().replace("_rels/package.rels", "_rels/.rels")
            # One date, so that equal reports give equal files.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), part.read_bytes(), zipfile.ZIP_DEFLATED)
    buffer.seek(0)
    return buffer


def _set_line_breaks(text: str) -> str:
    """Return a text in which a line may end after each comma of a list of codes, and not inside a figure.

    LibreOffice takes such a list for one word of Latin letters, and breaks inside its codes.
    """
    return _COMMA_BETWEEN_CODES_PATTERN.sub("、\u200b", keep_figures_whole(text))


class _DocxWriter:
    """Writes blocks into a template, before its bookmark."""

    def __init__(self, docx: Any, template: Path | None):
        settings = load_report_settings().docx
        #: Key of a style → its name in the template.
        self._styles = settings.styles
        self._docx = docx
        #: Gives a name such as ``w:p`` its XML namespace.
        self._qualify_name = docx.oxml.ns.qn
        #: The next paragraph begins a page.
        self._begins_page = False
        try:
            self._file = docx.Document(_make_template() if template is None else str(template))
        except (*READING_ERRORS, docx.opc.exceptions.PackageNotFoundError) as error:
            raise InputError("docx_template_unreadable", path=str(template)) from error
        starts = self._file.element.body.iter(self._qualify_name("w:bookmarkStart"))
        bookmarks = [one for one in starts if one.get(self._qualify_name("w:name")) == settings.bookmark]
        #: The paragraph of the bookmark, where the report goes.
        self._anchor: Any = next(bookmarks[0].iterancestors(self._qualify_name("w:p")), None) if bookmarks else None
        style_names = {style.name for style in self._file.styles}
        missing_names = [name for name in self._styles.values() if name not in style_names]
        if self._anchor is None:
            missing_names.append(settings.bookmark)
        if missing_names:
            raise InputError("docx_template_lacks", path=str(template), names="、".join(missing_names))

    def write(self, document: Document, path: Path) -> None:
        """Write the document and save it."""
        section, margins = self._file.sections[-1], document.header_footer
        if document.landscape:
            size = sorted((section.page_width, section.page_height))
            section.orientation = self._docx.enum.section.WD_ORIENT.LANDSCAPE
            section.page_height, section.page_width = size
        self._width = section.page_width - section.left_margin - section.right_margin
        self._add_paragraph(document.title, "title")
        if document.subtitle:
            self._add_paragraph(document.subtitle, "subtitle")
        for block in document.blocks:
            if isinstance(block, PageBreak):
                # A paragraph with the break would make an empty page after a page that is full.
                self._begins_page = True
                continue
            getattr(self, _WRITE_METHOD_BY_BLOCK[type(block)])(block)
        self._anchor.getparent().remove(self._anchor)
        page_number = split_at_page_numbers(margins.page_number_format)
        for place, pieces in (
            (section.header, [margins.header_left, "\t", margins.header_right]),
            (section.footer, [margins.footer_left, "\t", *page_number, "\t", margins.footer_right]),
        ):
            # An office's template may have texts or a table there.
            if not (place.tables or any(paragraph.text.strip() for paragraph in place.paragraphs)):
                self._write_margin_line(place.paragraphs[0], pieces)
        properties = self._file.core_properties
        properties.title = " ".join(filter(None, (document.title, document.subtitle)))
        properties.author = properties.last_modified_by = Texts(document.lang).program
        buffer = io.BytesIO()
        self._file.save(buffer)
        path.write_bytes(buffer.getvalue())

    # --- pieces
    def _move_to_report_place(self, item: Any) -> Any:
        """Move a new paragraph or table from the end of the file to the report's place."""
        self._anchor.addprevious(item._element)
        return item

    def _add_paragraph(self, text: str, style: str) -> Any:
        """Add a paragraph at the report's place; return it. ``style``: key of a style in the settings."""
        paragraph = self._move_to_report_place(self._file.add_paragraph(_set_line_breaks(text), self._styles[style]))
        if self._begins_page:
            paragraph.paragraph_format.page_break_before = True
            self._begins_page = False
        return paragraph

    def _add_table(self, rows: int, columns: int, style: str) -> Any:
        """Add an empty table at the report's place; return it. ``style``: key of a style in the settings."""
        if self._begins_page:
            self._add_paragraph("", "note")
        table = self._move_to_report_place(self._file.add_table(rows, columns, self._styles[style]))
        table.autofit = False
        return table

    def _fill_cell(self, cell: Any, text: str, style: str = "cell", *, bold: bool = False, align: str = "left") -> Any:
        """Fill the first paragraph of a table's cell; return the paragraph."""
        paragraph = cell.paragraphs[0]
        paragraph.style = self._styles[style]
        run = paragraph.add_run(_set_line_breaks(text))
        if bold:
            run.bold = True
        alignments = self._docx.enum.text.WD_ALIGN_PARAGRAPH
        paragraph.alignment = {"left": alignments.LEFT, "center": alignments.CENTER, "right": alignments.RIGHT}[align]
        return paragraph

    def _shade(self, properties: Any, fill: str) -> None:
        """Add a background of one colour (RRGGBB) to the properties of a cell or text."""
        properties.append(self._make_element("w:shd", {"w:val": "clear", "w:color": "auto", "w:fill": fill}))

    def _make_element(self, tag: str, attributes: dict[str, str]) -> Any:
        """Return a new element of XML such as ``w:shd``."""
        element = self._docx.oxml.OxmlElement(tag)
        for name, value in attributes.items():
            element.set(self._qualify_name(name), value)
        return element

    def _set_widths(self, table: Any, shares: list[float]) -> None:
        """Set the widths of columns as shares (percent) of the text's width, in each cell as Word wants it."""
        widths = [int(self._width * share / 100) for share in shares]
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        for row in table.rows:
            for cell, width in zip(row.cells, widths, strict=True):
                cell.width = width

    # --- blocks
    def _write_heading(self, block: Heading) -> None:
        """Write a heading with its note."""
        paragraph = self._add_paragraph(block.text, ("title", "heading", "subheading")[block.level])
        if block.note:
            run = paragraph.add_run(f"　{block.note}")
            run.bold = False
            run.font.size = self._docx.shared.Pt(7.5)

    def _write_paragraph(self, block: Paragraph) -> None:
        """Write a paragraph of text."""
        style = "note" if block.is_small else "cell" if block.is_caption else "body"
        paragraph = self._add_paragraph(block.text, style)
        if block.is_bold or block.is_caption:
            paragraph.runs[0].bold = True
        if block.is_caption:
            paragraph.alignment = self._docx.enum.text.WD_ALIGN_PARAGRAPH.CENTER
            paragraph.paragraph_format.space_before = self._docx.shared.Pt(6)
            paragraph.paragraph_format.keep_with_next = True

    def _write_facts(self, block: FactTable) -> None:
        """Write facts as a table of labels and values."""
        pairs = block.pair_count
        table = self._add_table(len(block.rows), 2 * pairs, "grid")
        self._set_widths(table, [FACT_LABEL_PERCENT, 100 / pairs - FACT_LABEL_PERCENT] * pairs)
        for row, facts in zip(table.rows, block.list_cells(), strict=True):
            cells, column = row.cells, 0
            for label, value, count in facts:
                self._fill_cell(cells[column], label)
                self._shade(cells[column]._element.get_or_add_tcPr(), _LABEL_FILL)
                cell = cells[column + 1] if count == 1 else cells[column + 1].merge(cells[column + count])
                self._fill_cell(cell, value)
                column += 1 + count

    def _write_verdict(self, block: VerdictBox) -> None:
        """Write the verdict beside its statement and counts; the word is white on black unless the check passed."""
        texts = self._add_word_box(block.word, "verdict", "" if block.is_passed else _BLACK, 23.0).cells[1]
        if block.options:
            paragraph = texts.paragraphs[0]
            paragraph.style = self._styles["body"]
            for place, (option, is_chosen) in enumerate(block.options):
                gap = "\u3000\u3000" if place else ""
                paragraph.add_run(f"{gap}{BOX_SIGNS[is_chosen]} {option}").bold = is_chosen
            texts.add_paragraph(_set_line_breaks(block.statement), self._styles["statement"])
        else:
            self._fill_cell(texts, block.statement, "statement")
        texts.add_paragraph(block.counts, self._styles["body"])

    def _add_word_box(self, text: str, style: str, fill: str, share: float) -> Any:
        """Add a row of two cells, the left one with a word on a colour; return the row.

        ``fill``: RRGGBB, under a white word; empty for none. ``share``: width of the left cell in percent.
        """
        self._add_paragraph("", "note")
        table = self._add_table(1, 2, "grid")
        word = table.cell(0, 0)
        paragraph = self._fill_cell(word, text, style, align="center")
        word.vertical_alignment = self._docx.enum.table.WD_ALIGN_VERTICAL.CENTER
        if fill:
            self._shade(word._element.get_or_add_tcPr(), fill)
            paragraph.runs[0].font.color.rgb = self._docx.shared.RGBColor.from_string(_WHITE)
        self._set_widths(table, [share, 100 - share])
        return table.rows[0]

    def _write_notice(self, block: NoticeBox) -> None:
        """Write a notice beside its word, which is white on grey."""
        row = self._add_word_box(block.word, "statement", _NOTICE_FILL, 16.0)
        texts = row.cells[1]
        self._fill_cell(texts, block.title, "subheading")
        text = texts.add_paragraph(_set_line_breaks(block.text), self._styles["body"])
        if block.mark:
            text.add_run(" ")
            self._add_mark(text, block.mark)
        self._keep_row_together(row)

    def _add_mark(self, paragraph: Any, mark: str) -> None:
        """Add the mark of a source in its frame; a mark A is white on black."""
        run = paragraph.add_run(f"\u00a0{mark}\u00a0")
        run.bold = True
        properties = run._r.get_or_add_rPr()
        # Frames of the marks: white on black (A), a line (B), dashes (C).
        frame = {"w:val": "dashed" if mark == "C" else "single", "w:sz": "4", "w:space": "0", "w:color": _BLACK}
        if mark == "A":
            run.font.color.rgb = self._docx.shared.RGBColor.from_string(_WHITE)
        properties.append(self._make_element("w:bdr", frame))
        if mark == "A":
            self._shade(properties, _BLACK)

    def _fill_table_cell(self, cell: Any, value: DocumentCell, align: str) -> None:
        """Write the texts of a table's cell, with its icon or mark."""
        if value.is_mark and value.text.isalpha():
            self._add_mark(self._fill_cell(cell, "", align=align), value.text)
        elif value.icon:
            sign, colour = ICON_SIGNS[value.icon]
            paragraph = self._fill_cell(cell, f"{sign}\u00a0", bold=True, align=align)
            paragraph.runs[0].font.color.rgb = self._docx.shared.RGBColor.from_string(colour.lstrip("#"))
            paragraph.add_run(_set_line_breaks(value.text)).bold = value.is_bold or None
        else:
            self._fill_cell(cell, value.text, bold=value.is_bold, align=align)
        if value.second_line:
            note = cell.add_paragraph(_set_line_breaks(value.second_line), self._styles["note"])
            note.alignment = cell.paragraphs[0].alignment

    def _write_table(self, block: DocumentTable) -> None:
        """Write a table, or its text for no rows."""
        if not block.rows:
            self._add_paragraph(block.text_without_rows, "body")
            return
        head_count = max(map(len, block.heads), default=1)
        table = self._add_table(head_count + len(block.rows), len(block.columns), "grid" if block.heads else "table")
        rows = list(table.rows)
        if not block.heads:
            for cell, column in zip(rows[0].cells, block.columns, strict=True):
                self._fill_cell(cell, column.title, bold=True, align=column.align)
        for row in rows[:head_count]:
            row._tr.get_or_add_trPr().append(self._docx.oxml.OxmlElement("w:tblHeader"))
            self._keep_row_together(row)
        for row, values in zip(rows[head_count:], block.rows, strict=True):
            for cell, column, value in zip(row.cells, block.columns, values, strict=True):
                self._fill_table_cell(cell, value, column.align)
            self._keep_row_together(row)
        for place in (*range(head_count), *(place + head_count for place in block.list_rows_kept_with_next())):
            self._keep_with_next(rows[place].cells)
        for place in filter(block.needs_gap_before, range(len(block.columns))):
            for row in rows:
                for paragraph in row.cells[place].paragraphs:
                    paragraph.paragraph_format.left_indent = self._docx.shared.Mm(_GAP_MM)
        self._set_widths(table, [column.width_percent for column in block.columns])
        # Merged cells have the sum of widths, so they are merged after all widths are set.
        if block.heads:
            self._merge_heads(rows, block)

    def _merge_heads(self, rows: list[Any], block: DocumentTable) -> None:
        """Write a head of several lines, and merge its cells and the headings of groups of rows."""
        for line, column, line_count, column_count, text in merge_heads(block.heads):
            last = rows[line + line_count - 1].cells[column + column_count - 1]
            cell = self._merge_cells(rows[line].cells[column], last)
            cell.vertical_alignment = self._docx.enum.table.WD_ALIGN_VERTICAL.CENTER
            self._shade(cell._element.get_or_add_tcPr(), _LABEL_FILL)
            self._fill_cell(cell, text, bold=True, align="center")
            self._keep_with_next([cell])
        head_count = max(map(len, block.heads))
        for place in block.group_heads:
            cells = rows[head_count + place].cells
            cell = self._merge_cells(cells[0], cells[-1])
            cell.paragraphs[0].alignment = self._docx.enum.text.WD_ALIGN_PARAGRAPH.LEFT

    def _merge_cells(self, first: Any, last: Any) -> Any:
        """Return the cell of all cells from the first to the last, with the first paragraph alone."""
        cell = first.merge(last)
        # A merged cell keeps the empty paragraphs of the others.
        for paragraph in cell.paragraphs[1:]:
            paragraph._element.getparent().remove(paragraph._element)
        return cell

    def _keep_row_together(self, row: Any) -> None:
        """Prevent a page break inside a row of a table."""
        row._tr.get_or_add_trPr().append(self._docx.oxml.OxmlElement("w:cantSplit"))

    def _keep_with_next(self, cells: Iterable[Any]) -> None:
        """Prevent a page break after the paragraphs of cells."""
        for paragraph in (one for cell in cells for one in cell.paragraphs):
            paragraph.paragraph_format.keep_with_next = True

    def _add_image(self, paragraph: Any, picture: Picture) -> None:
        """Add a picture to a paragraph, at most as wide as the text."""
        width = min(self._docx.shared.Mm(picture.width_mm), self._width)
        shape = paragraph.add_run().add_picture(io.BytesIO(picture.image), width=width)
        package, kinds = self._file.part.package, self._docx.opc.constants.RELATIONSHIP_TYPE
        name, content_type, content, kind = (
            ("/word/charts/chart%d.xml", _CHART_CONTENT_TYPE, picture.chart, kinds.CHART)
            if picture.chart
            else ("/word/media/vectors%d.svg", "image/svg+xml", picture.svg.encode("utf-8"), kinds.IMAGE)
        )
        if not content:
            return
        part = self._docx.opc.part.Part(package.next_partname(name), content_type, content, package)
        relation = self._file.part.relate_to(part, kind)
        if picture.chart:
            data = next(shape._inline.iter(self._qualify_name("a:graphicData")))
            for child in list(data):
                data.remove(child)
            data.set("uri", _CHART_NAMESPACE)
            data.append(self._docx.oxml.parse_xml(_CHART_REFERENCE % relation))
        else:
            blip = next(shape._inline.iter(self._qualify_name("a:blip")))
            blip.append(self._docx.oxml.parse_xml(_SVG_EXTENSION % relation))

    def _write_picture(self, block: Picture) -> None:
        """Write a picture with its caption."""
        self._add_image(self._add_paragraph("", "body"), block)
        if block.caption:
            self._add_paragraph(block.caption, "note")

    def _write_grid(self, block: PictureGrid) -> None:
        """Write pictures side by side with their captions."""
        table = self._move_to_report_place(
            self._file.add_table(-(-len(block.pictures) // block.column_count), block.column_count)
        )
        for n, picture in enumerate(block.pictures):
            cell = table.rows[n // block.column_count].cells[n % block.column_count]
            self._add_image(cell.paragraphs[0], picture)
            cell.add_paragraph(picture.caption, self._styles["note"])
            # A single picture stays with its legend and caption below.
            if len(block.pictures) == 1:
                self._keep_with_next([cell])

    def _write_legend(self, block: Legend) -> None:
        """Write a legend over the whole width of the text."""
        paragraph = self._add_paragraph("", "note")
        paragraph.paragraph_format.keep_with_next = True
        self._fill_legend(paragraph, block, self._width)

    def _fill_legend(self, paragraph: Any, block: Legend, width: int) -> None:
        """Write a legend in two columns, so that no line break divides a label."""
        paragraph.paragraph_format.tab_stops.add_tab_stop(width // 2)
        for number, (image, label) in enumerate(block.entries):
            run = paragraph.add_run()
            if number % 2:
                run.add_tab()
            elif number:
                run.add_break()
            run.add_picture(io.BytesIO(image), height=self._docx.shared.Mm(_LEGEND_HEIGHT_MM))
            paragraph.add_run(f" {label}")

    def _write_picture_with_text(self, block: PictureWithText) -> None:
        """Write a picture with blocks of text at its right."""
        table = self._move_to_report_place(self._file.add_table(1, 2))
        table.autofit = False
        left, right = table.rows[0].cells
        self._add_image(left.paragraphs[0], block.picture)
        left_width = self._docx.shared.Mm(block.picture.width_mm + 4)
        for one in block.blocks:
            if isinstance(one, Picture):
                self._add_image(right.add_paragraph("", self._styles["note"]), one)
            elif isinstance(one, Legend):
                self._fill_legend(right.add_paragraph("", self._styles["note"]), one, self._width - left_width)
            else:
                style = "subheading" if isinstance(one, Heading) else "note" if one.is_small else "body"
                paragraph = right.add_paragraph(_set_line_breaks(one.text), self._styles[style])
                if isinstance(one, Paragraph) and one.is_bold:
                    paragraph.runs[0].bold = True
        right._element.remove(right.paragraphs[0]._element)
        share = left_width / self._width * 100
        self._set_widths(table, [share, 100 - share])

    def _write_signature(self, block: Signature) -> None:
        """Write the fields to be signed side by side, on the page of the text before them."""
        gap = self._add_paragraph("", "note")
        gap.paragraph_format.keep_with_next = True
        # No page may end after the paragraph before it, or after the last row of the table before it.
        if (before := gap._element.getprevious()) is not None:
            paragraphs = [before] if before.tag == self._qualify_name("w:p") else []
            for row in list(before.iter(self._qualify_name("w:tr")))[-1:]:
                paragraphs += row.iter(self._qualify_name("w:p"))
            for paragraph in paragraphs:
                paragraph.get_or_add_pPr().get_or_add_keepNext()
        places = ["opinion"] * bool(block.opinion_mm) + ["labels"] + ["note"] * bool(block.note)
        table = self._add_table(len(places), len(block.labels), "grid")
        row_by_place = dict(zip(places, table.rows, strict=True))
        for cell, label in zip(row_by_place["labels"].cells, block.labels, strict=True):
            self._fill_cell(cell, label)
            for text in ("", "", block.date_line):
                cell.add_paragraph(text, self._styles["cell"])
        for place, row in row_by_place.items():
            if place != "labels":
                self._fill_cell(row.cells[0].merge(row.cells[-1]), block.note if place == "note" else "", "note")
            if place == "opinion":
                row.height = self._docx.shared.Mm(block.opinion_mm)
            self._keep_row_together(row)
            if place != places[-1]:
                self._keep_with_next(row.cells)

    # --- margins
    def _write_margin_line(self, paragraph: Any, pieces: list[str]) -> None:
        """Write pieces of text and page numbers into a header or footer, with a tab stop for each tab (1 or 2)."""
        paragraph.style = self._styles["note"]
        stops = paragraph.paragraph_format.tab_stops
        if pieces.count("\t") == 2:
            stops.add_tab_stop(self._width // 2, self._docx.enum.text.WD_TAB_ALIGNMENT.CENTER)
        stops.add_tab_stop(self._width, self._docx.enum.text.WD_TAB_ALIGNMENT.RIGHT)
        for piece in pieces:
            if piece in _WORD_FIELD_BY_PLACEHOLDER:
                # A field that Word computes.
                for kind in ("begin", "", "end"):
                    element = self._docx.oxml.OxmlElement("w:fldChar" if kind else "w:instrText")
                    if kind:
                        element.set(self._qualify_name("w:fldCharType"), kind)
                    else:
                        element.text = _WORD_FIELD_BY_PLACEHOLDER[piece]
                    paragraph.add_run()._r.append(element)
            else:
                paragraph.add_run(piece)
