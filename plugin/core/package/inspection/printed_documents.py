# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of the documents that the plugin made for a package (docx, PDF), and their comparison with the report's data.

pypdf reads the texts of a PDF.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ...model.report import Report
from ...standard.profile import Norm
from ..metadata import UnreadableXml, read_xml
from ..package_spec.spec import RECORD_DOCUMENT
from .pages import find_verdicts
from .pdf import DAMAGE_ERRORS, import_pypdf

#: The part of a docx with its body, the namespace of its elements, and the greatest size of the part.
_BODY_PART = "word/document.xml"
_WORD_NAMESPACE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAX_BODY_BYTES = 64 * 2**20
#: Errors of a damaged docx, or of one with a password.
_DOCX_ERRORS = (UnreadableXml, zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError)
#: A group of digits of a figure: a line of a PDF may end between two groups.
_FIGURE_PATTERN = re.compile(r"\d+(?:\.\d+)?")
_WHITE_SPACE_PATTERN = re.compile(r"\s+")


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


def _read_docx_texts(path: Path) -> list[str]:
    """Return the texts of a docx; raise UnreadableDocument if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_BODY_PART) as part:
            body = read_xml(part.read(_MAX_BODY_BYTES))
    except _DOCX_ERRORS as error:
        raise UnreadableDocument("damaged") from error
    paragraphs = (
        "".join(text.text or "" for text in paragraph.iter(f"{_WORD_NAMESPACE}t"))
        for paragraph in body.iter(f"{_WORD_NAMESPACE}p")
    )
    return list(filter(None, paragraphs))


class DocumentDifference(NamedTuple):
    """A figure or verdict of a document that differs from the package's data.

    ``key`` names the part of the document, such as its figures; the section ``parts`` of resources/texts has its
    title. ``in_document`` and ``in_data``: the printed and the expected value.
    """

    key: str
    in_document: str
    in_data: str


def compare_document(texts: list[str], report: Report, norm: Norm | None, kind: str) -> list[DocumentDifference]:
    """Return differences between the texts of a document and those that the report's data make.

    The document must have every figure of the data, as often as expected, and the first verdict must be that of the
    report. ``kind``: which document (`GENERATED_DOCUMENTS`).
    """
    from ...render.document.blocks import list_document_texts
    from ...render.document.check_report import make_check_record, make_check_report

    make_document = make_check_record if kind == RECORD_DOCUMENT else make_check_report
    expected_figures = Counter(_list_figures(list_document_texts(make_document(report, norm))))
    printed_figures = Counter(_list_figures(texts))
    differences = []
    verdict = report.summary["verdict"]
    # Fonts of a PDF may write variants of characters.
    printed_text = unicodedata.normalize("NFKC", _WHITE_SPACE_PATTERN.sub("", "".join(texts)))
    printed_verdicts = find_verdicts(printed_text)[:1]
    if printed_verdicts != [verdict]:
        differences.append(
            DocumentDifference(
                "verdict", *(_get_word_of_first_verdict(one, report) for one in (printed_verdicts, [verdict]))
            )
        )
    if missing_figures := expected_figures - printed_figures:
        added_figures = printed_figures - expected_figures
        differences.append(DocumentDifference("figures", next(iter(added_figures), ""), next(iter(missing_figures))))
    return differences


def _list_figures(texts: Iterable[str]) -> list[str]:
    """Return the figures in texts in order; each group of digits (of 17 434 765.13) is one figure."""
    return [figure for text in texts for figure in _FIGURE_PATTERN.findall(text)]


def _get_word_of_first_verdict(verdicts: list[str], report: Report) -> str:
    """Return the word for the first verdict (id), in the language of the report.

    Empty without verdicts.
    """
    from ...standard.messages.texts import Texts

    verdict_words = Texts(report.lang).get_section("verdicts")
    return verdict_words.get(verdicts[0], verdicts[0]) if verdicts else ""
