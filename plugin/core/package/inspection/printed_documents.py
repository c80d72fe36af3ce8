# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of the documents that the plugin made for a package (docx, PDF), and their comparison with the report's data.

pypdf reads the texts of a PDF.
"""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ElementTree  # nosec B405 # parts that declare entities are refused first
import xml.parsers.expat as expat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ...model.report import Report
from ...profile import Norm
from ...render.report_settings import load_report_settings
from ..package_spec.model import RECORD_DOCUMENT
from .pages import find_verdicts
from .pdf import DAMAGE_ERRORS, import_pypdf

#: The parts of a docx with its body and its styles, the namespace of their elements, and the greatest size of a part.
_BODY_PART, _STYLES_PART = "word/document.xml", "word/styles.xml"
_WORD_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MAX_BODY_BYTES = 64 * 2**20
#: A group of digits of a figure: a line of a PDF may end between two groups.
_FIGURE_PATTERN = re.compile(r"\d+(?:\.\d+)?")
_WHITE_SPACE_PATTERN = re.compile(r"\s+")
#: A picture of one dot, in place of those of the office.
_DOT_IMAGE_DATA_URL = "data:image/png;base64,iVBORw0KGgo="


class UnreadableDocument(Exception):
    """A document whose texts cannot be read; ``reason`` is a key of texts (section ``not_rebuilt``)."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class DocumentTexts(NamedTuple):
    """The texts of a docx (its paragraphs) or PDF (its pages) in reading order.

    ``verdict``: the paragraph in the style of the verdict of a docx, None if the document has no such style.
    """

    texts: list[str]
    verdict: str | None = None


def read_document_texts(path: Path) -> DocumentTexts:
    """Return the texts of a docx or PDF.

    Raises
    ------
    UnreadableDocument
        If the file is damaged, or a library is missing.
    OSError
        If the file cannot be read.
    """
    return DocumentTexts(_read_pdf_texts(path)) if path.suffix.lower() == ".pdf" else _read_docx_texts(path)


def _read_pdf_texts(path: Path) -> list[str]:
    """Return the text of each page of a PDF.

    Raise UnreadableDocument if it is damaged or pypdf is missing.
    """
    try:
        pypdf = import_pypdf()
    except ImportError as error:
        raise UnreadableDocument("no_pypdf") from error
    try:
        return [page.extract_text() for page in pypdf.PdfReader(path, strict=False).pages]
    except (pypdf.errors.PyPdfError, *DAMAGE_ERRORS) as error:
        raise UnreadableDocument("damaged") from error


def _read_docx_texts(path: Path) -> DocumentTexts:
    """Return the texts of a docx; raise UnreadableDocument if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            body, styles = (_parse_part(archive, name) for name in (_BODY_PART, _STYLES_PART))
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UnreadableDocument("damaged") from error
    rows = [style for style in styles if style.tag == _qualify_xml_name("style")]
    verdict_name = load_report_settings().docx_styles["verdict"]
    verdict_styles = {_get_value(style, "styleId") for style in rows if _get_child_value(style, "name") == verdict_name}
    verdict = None if not verdict_styles else ""
    texts = []
    for paragraph in body.iter(_qualify_xml_name("p")):
        text = _join_texts(paragraph)
        if text:
            texts.append(text)
        properties = paragraph.find(_qualify_xml_name("pPr"))
        style = "" if properties is None else _get_child_value(properties, "pStyle")
        if style in verdict_styles and not verdict:
            verdict = text
    return DocumentTexts(texts, verdict)


def _qualify_xml_name(name: str) -> str:
    """Return a name with the namespace of Word's XML, as ElementTree writes it."""
    return f"{{{_WORD_NAMESPACE}}}{name}"


def _get_value(element: ElementTree.Element, name: str) -> str:
    """Return the value of an attribute in Word's namespace; empty if it is missing."""
    return element.get(_qualify_xml_name(name), "")


def _get_child_value(element: ElementTree.Element, name: str) -> str:
    """Return the attribute ``val`` of a child element; empty if the child is missing."""
    child = element.find(_qualify_xml_name(name))
    return "" if child is None else _get_value(child, "val")


def _join_texts(element: ElementTree.Element) -> str:
    """Return all texts in an element of a docx as one text."""
    return "".join(part.text or "" for part in element.iter(_qualify_xml_name("t")))


def _parse_part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Return the root element of an XML file in a docx.

    Entities are refused, because they can fill the memory.
    """

    def refuse_entities(*_: object) -> int:
        raise UnreadableDocument("damaged")

    with archive.open(name) as part:
        data = part.read(_MAX_BODY_BYTES)
    checking_parser = expat.ParserCreate()
    checking_parser.StartDoctypeDeclHandler = checking_parser.EntityDeclHandler = refuse_entities
    checking_parser.ExternalEntityRefHandler = refuse_entities
    try:
        checking_parser.Parse(data, True)
        return ElementTree.fromstring(data)  # nosec B314 # entities are refused above
    except (expat.ExpatError, ElementTree.ParseError) as error:
        raise UnreadableDocument("damaged") from error


class DocumentDifference(NamedTuple):
    """A figure or verdict of a document that differs from the package's data.

    ``key`` names the part of the document, such as its figures; the section ``parts`` of resources/texts has its
    title. ``in_document`` and ``in_data``: the printed and the expected value.
    """

    key: str
    in_document: str
    in_data: str


class _ExpectedDocument(NamedTuple):
    """What a document should contain, made from the report's data.

    ``figures``: figures that must be in the document; ``permitted``: all figures that may be in it, also those of
    captions and margins; ``verdict``: word in the box of the verdict, empty without one.
    """

    figures: list[str]
    permitted: set[str]
    verdict: str


def compare_document(document: DocumentTexts, report: Report, norm: Norm | None, kind: str) -> list[DocumentDifference]:
    """Return differences between the texts of a document and those that the report's data make.

    The document must have every figure of the data, as often as expected, and no other figure. The first verdict, and
    the word in the style of the verdict, must be that of the report. ``kind``: which document (`GENERATED_DOCUMENTS`).
    """
    texts = document.texts
    expected = _make_expected_document(report, norm, kind, len(texts))
    printed_figures = _list_figures(texts)
    missing_figures = Counter(expected.figures) - Counter(printed_figures)
    added_figures = [figure for figure in printed_figures if figure not in expected.permitted]
    differences = []
    verdict = report.summary["verdict"]
    printed_verdicts = find_verdicts(_normalise("".join(texts)))[:1]
    if printed_verdicts != [verdict]:
        differences.append(
            DocumentDifference(
                "verdict", *(_get_word_of_first_verdict(one, report) for one in (printed_verdicts, [verdict]))
            )
        )
    elif expected.verdict and document.verdict is not None and document.verdict.strip() != expected.verdict:
        differences.append(DocumentDifference("verdict", document.verdict, expected.verdict))
    if missing_figures or added_figures:
        in_data = next((figure for figure in expected.figures if figure in missing_figures), "")
        differences.append(DocumentDifference("figures", added_figures[0] if added_figures else "", in_data))
    return differences


def _make_expected_document(report: Report, norm: Norm | None, kind: str, pages: int) -> _ExpectedDocument:
    """Return what a document of this kind should contain; ``pages``: its number of pages."""
    from ...render.document.blocks import VerdictBox
    from ...render.document.check_record import make_check_record
    from ...render.document.check_report import make_check_report
    from ...render.document.texts import list_document_texts
    from ...render.pictures import MAX_PICTURES, LegendEntry, ReportPictures, list_mark_labels
    from ...render.words import ReportTexts

    if kind == RECORD_DOCUMENT:
        document = document_with_pictures = make_check_record(report, norm)
    else:
        document = make_check_report(report, norm)
        # Which pictures the export drew is unknown; their captions and labels may be there.
        labels = list_mark_labels(report, ReportTexts(report.lang))
        legend = [LegendEntry(label, _DOT_IMAGE_DATA_URL) for _, label in labels]
        document_with_pictures = make_check_report(
            report, norm, ReportPictures(_DOT_IMAGE_DATA_URL, [_DOT_IMAGE_DATA_URL] * MAX_PICTURES, legend)
        )
    margins = document.header_footer
    numbers = [margins.page_number_format.format(page=page, pages=pages) for page in range(1, pages + 1)]
    lines = [margins.header_left, margins.header_right, margins.footer_left, margins.footer_right, *numbers]
    return _ExpectedDocument(
        _list_figures(list_document_texts(document)),
        set(_list_figures([*list_document_texts(document), *list_document_texts(document_with_pictures), *lines])),
        next((block.word for block in document.blocks if isinstance(block, VerdictBox)), ""),
    )


def _list_figures(texts: Iterable[str]) -> list[str]:
    """Return the figures in texts in order; each group of digits (of 17 434 765.13) is one figure."""
    return [figure for text in texts for figure in _FIGURE_PATTERN.findall(text)]


def _normalise(text: str) -> str:
    """Return a text without white space, with variants of characters replaced, as fonts of a PDF may write them."""
    return unicodedata.normalize("NFKC", _WHITE_SPACE_PATTERN.sub("", text))


def _get_word_of_first_verdict(verdicts: list[str], report: Report) -> str:
    """Return the word for the first verdict (id), in the language of the report.

    Empty without verdicts.
    """
    from ...messages.texts import Texts

    verdict_words = Texts(report.lang).get_section("verdicts")
    return verdict_words.get(verdicts[0], verdicts[0]) if verdicts else ""
