# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of the documents that the plugin made for a package (docx, PDF), and their comparison with the report's data.

pypdf reads the texts of a PDF; without it a PDF is not compared.
"""

from __future__ import annotations

import logging
import re
import unicodedata
import xml.parsers.expat as expat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ...model.report import Report
from ...profile import Norm
from ..package_spec.model import RECORD_DOCUMENT
from .pages import find_verdicts

#: The part of a docx with its body, the namespace of its elements, and the greatest size of the part.
_BODY_PART, _WORD_NAMESPACE = "word/document.xml", "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MAX_BODY_BYTES = 64 * 2**20
#: A group of digits of a figure: a line of a PDF may end between two groups.
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_WHITE_SPACE = re.compile(r"\s+")
#: A picture of one dot, in place of those of the office.
_DOT_IMAGE_DATA_URL = "data:image/png;base64,iVBORw0KGgo="


class UnreadableDocument(Exception):
    """A document whose texts cannot be read; ``reason`` is a key of texts (section ``not_rebuilt``)."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def read_document_texts(path: Path) -> list[str]:
    """Return the texts of a docx (its paragraphs) or PDF (its pages) in reading order.

    Raises
    ------
    UnreadableDocument
        If the file is damaged, or a library is missing.
    OSError
        If the file cannot be read.
    """
    return _read_pdf_texts(path) if path.suffix.lower() == ".pdf" else _read_docx_texts(path)


def _read_pdf_texts(path: Path) -> list[str]:
    try:
        import pypdf
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise UnreadableDocument("no_pypdf") from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        return [page.extract_text() for page in pypdf.PdfReader(path, strict=False).pages]
    except (PyPdfError, ImportError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise UnreadableDocument("damaged") from error


def _read_docx_texts(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_BODY_PART) as part:
            data = part.read(_MAX_BODY_BYTES)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UnreadableDocument("damaged") from error
    return list(_parse_paragraphs(data))


def _parse_paragraphs(data: bytes) -> Iterator[str]:
    """Yield the texts of a docx body's paragraphs. Entities are refused, because they can fill the memory."""
    paragraphs: list[list[str]] = []
    open_elements: list[str] = []

    def start_element(name: str, _: dict[str, str]) -> None:
        open_elements.append(name)
        if name == f"{_WORD_NAMESPACE} p":
            paragraphs.append([])

    def add_text(text: str) -> None:
        if open_elements[-1:] == [f"{_WORD_NAMESPACE} t"] and paragraphs:
            paragraphs[-1].append(text)

    def refuse_entities(*_: object) -> int:
        raise UnreadableDocument("damaged")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start_element
    parser.EndElementHandler = lambda _: open_elements.pop()
    parser.CharacterDataHandler = add_text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = refuse_entities
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise UnreadableDocument("damaged") from error
    yield from ("".join(parts) for parts in paragraphs if parts)


class DocumentDifference(NamedTuple):
    """A figure or verdict of a document that differs from its data; ``key`` names the part (section ``parts``)."""

    key: str
    in_document: str
    in_data: str


class _ExpectedDocument(NamedTuple):
    """What the data make of a document.

    ``figures`` must be in it; no other than ``permitted`` may be, which has captions and margins, too. ``first`` are
    the figures of the first page, in order.
    """

    figures: list[str]
    first: list[str]
    permitted: set[str]


def compare_document(texts: list[str], report: Report, norm: Norm | None, kind: str) -> list[DocumentDifference]:
    """Return differences between the texts of a document and the one that the report's data make.

    Every figure of the data is in the document, as often as it should be, and no other; those of the first page are in
    order; the first verdict is that of the report. ``kind``: which document (`GENERATED_DOCUMENTS`).
    """
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
    if missing_figures or added_figures:
        in_data = next((figure for figure in expected.figures if figure in missing_figures), "")
        differences.append(DocumentDifference("figures", added_figures[0] if added_figures else "", in_data))
    elif place := _find_first_figure_out_of_order(expected.first, printed_figures):
        differences.append(DocumentDifference("figures", *place))
    return differences


def _make_expected_document(report: Report, norm: Norm | None, kind: str, pages: int) -> _ExpectedDocument:
    from ...render.document.check_record import make_check_record
    from ...render.document.check_report import make_check_report
    from ...render.document.texts import list_document_texts, list_first_page_texts
    from ...render.pictures import MAX_PICTURES, ReportPictures

    if kind == RECORD_DOCUMENT:
        document = document_with_pictures = make_check_record(report, norm)
    else:
        document = make_check_report(report, norm)
        # Which pictures the export drew is unknown; their captions may be there.
        document_with_pictures = make_check_report(
            report, norm, ReportPictures(_DOT_IMAGE_DATA_URL, [_DOT_IMAGE_DATA_URL] * MAX_PICTURES)
        )
    margins = document.header_footer
    numbers = [margins.page_number_format.format(page=page, pages=pages) for page in range(1, pages + 1)]
    lines = [margins.header_left, margins.header_right, margins.footer_left, margins.footer_right, *numbers]
    return _ExpectedDocument(
        _list_figures(list_document_texts(document)),
        _list_figures(list_first_page_texts(document)),
        set(_list_figures([*list_document_texts(document), *list_document_texts(document_with_pictures), *lines])),
    )


def _list_figures(texts: Iterable[str]) -> list[str]:
    """Return the figures in texts in order, each group of digits (17 434 765.13) apart."""
    return [figure for text in texts for figure in _FIGURE.findall(text)]


def _find_first_figure_out_of_order(
    first_page_figures: list[str], printed_figures: list[str]
) -> tuple[str, str] | None:
    """Return the figures (in the document, in the data) where the first page's order is broken; None if it is not."""
    place = 0
    for figure in first_page_figures:
        try:
            place = printed_figures.index(figure, place) + 1
        except ValueError:
            return printed_figures[place] if place < len(printed_figures) else "", figure
    return None


def _normalise(text: str) -> str:
    """Return a text without white space and variants of characters, as fonts of a PDF have them."""
    return unicodedata.normalize("NFKC", _WHITE_SPACE.sub("", text))


def _get_word_of_first_verdict(verdicts: list[str], report: Report) -> str:
    from ...messages.texts import Texts

    verdict_words = Texts(report.lang).get_section("verdicts")
    return verdict_words.get(verdicts[0], verdicts[0]) if verdicts else ""
