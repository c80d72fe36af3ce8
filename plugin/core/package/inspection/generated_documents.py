# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of generated pages (HTML) and documents (docx, PDF) with their data.

A page or document is made again from its data. Verdict, counts, figures and rows are compared, which pages of every
version of the plugin have.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from ...base.files.digests import MANIFEST_PAGE_FILE_NAME
from ...model.report import Report
from ...render.words import ReportTexts
from ...standard.messages.numbers import drop_final_zeros
from ...standard.messages.texts import TEXT_LANGUAGES, Texts
from ...standard.profile import Norm
from ..metadata import UnreadableXml, read_xml
from .pdf import DAMAGE_ERRORS, import_pypdf

#: Texts of a page that are digests.
_SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")
_WHITE_SPACE_PATTERN = re.compile(r"\s+")
_VERDICT_CLASSES = ("fail", "incomplete", "conditional", "pass")
_LANG_OF_ATTRIBUTE = {"zh-cn": "zh", "zh": "zh", "en": "en"}
#: The part of a docx with its body, the namespace of its elements, and the greatest size of the part.
_BODY_PART = "word/document.xml"
_WORD_NAMESPACE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAX_BODY_BYTES = 64 * 2**20
#: Errors of a damaged docx, or of one with a password.
_DOCX_ERRORS = (UnreadableXml, zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError)
#: A group of digits of a figure: a line of a PDF may end between two groups.
_FIGURE_PATTERN = re.compile(r"\d+(?:\.\d+)?")


@dataclass
class PageContent:
    """Content of a page.

    Attributes
    ----------
    lang
        Language, empty if unknown.
    verdict
        Word in the box with the verdict.
    verdict_lines
        Texts of the paragraphs with a verdict in a manifest's page.
    count_texts
        Texts of the numbers next to the verdict.
    finding_row_counts
        (code, severity, printed count) → number of rows of findings.
    figure_cells
        (id of an indicator, texts of its cells) of each indicator.
    code_texts
        Texts of elements ``code``.
    table_rows
        Texts of the cells of every table row.
    """

    lang: str = ""
    verdict: str = ""
    verdict_lines: list[str] = field(default_factory=list)
    count_texts: list[str] = field(default_factory=list)
    finding_row_counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    figure_cells: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    code_texts: list[str] = field(default_factory=list)
    table_rows: list[tuple[str, ...]] = field(default_factory=list)


class _PageParser(HTMLParser):
    """HTML parser that fills a `PageContent`; nothing is loaded or executed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = PageContent()
        self.texts: list[str] = []
        self.open_elements: list[tuple[str, dict[str, str], int]] = []
        self.row: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element (called by HTMLParser)."""
        attributes = {name: value or "" for name, value in attrs}
        page = self.page
        if tag == "html":
            page.lang = page.lang or _LANG_OF_ATTRIBUTE.get(attributes.get("lang", "").lower(), "")
        if tag == "tr" and "data-code" in attributes:
            page.finding_row_counts[
                attributes["data-code"], attributes.get("data-severity", ""), attributes.get("data-count", "")
            ] += 1
        if tag == "tr":
            self.row = []
        if tag not in ("br", "img", "meta", "link", "input", "base", "col"):
            self.open_elements.append((tag, attributes, len(self.texts)))

    def handle_endtag(self, tag: str) -> None:
        """Close an element and the unclosed elements in it (called by HTMLParser)."""
        while any(one == tag for one, *_ in self.open_elements):
            closed_tag, attributes, begin = self.open_elements.pop()
            text = " ".join("".join(self.texts[begin:]).split())
            page, kind = self.page, attributes.get("class", "")
            outer_classes = (outer["class"] for _, outer, _ in reversed(self.open_elements) if outer.get("class"))
            if closed_tag == "div" and kind.split()[:1] == ["vb"]:
                page.verdict = text
            elif closed_tag == "span" and next(outer_classes, "") == "vt":
                page.count_texts.append(text)
            elif closed_tag == "p" and kind in ("verdict", "forced"):
                page.verdict_lines.append(text)
            elif closed_tag == "code":
                page.code_texts.append(text)
            elif closed_tag in ("td", "th") and self.row is not None:
                self.row.append(text)
            elif closed_tag == "tr" and self.row is not None:
                page.table_rows.append(tuple(self.row))
                if "data-indicator" in attributes:
                    page.figure_cells.append((attributes["data-indicator"], tuple(self.row)))
                self.row = None
            if closed_tag == "style":
                del self.texts[begin:]
            if closed_tag == tag:
                break

    def handle_data(self, data: str) -> None:
        """Record a text between elements (called by HTMLParser)."""
        self.texts.append(data)


def read_page(text: str) -> PageContent:
    """Return the content of a page's HTML."""
    reader = _PageParser()
    reader.feed(text)
    reader.close()
    while reader.open_elements:
        reader.handle_endtag(reader.open_elements[-1][0])
    return reader.page


def find_verdicts(text: str) -> list[str]:
    """Return the ids of the verdicts that a text names in Chinese or English.

    The longest word is matched first, because 有条件通过 contains 通过.
    """
    verdict_ids = []
    for lang in ("zh", "en"):
        verdict_words = Texts(lang).get_section("verdicts")
        id_of_word = {verdict_words[v].lower(): v for v in _VERDICT_CLASSES}
        pattern = "|".join(map(re.escape, sorted(id_of_word, key=len, reverse=True)))
        verdict_ids += [id_of_word[m.group().lower()] for m in re.finditer(pattern, text, re.IGNORECASE)]
    return verdict_ids


class PartDifference(NamedTuple):
    """A part of a page or document that differs from the data, such as its verdict.

    ``part_key`` names the part (section ``parts`` of the texts); ``printed_value`` is printed, ``data_value`` is
    expected.
    """

    part_key: str
    printed_value: str
    data_value: str


def compare_report_page(page: PageContent, report: Report, norm: Norm | None) -> list[PartDifference]:
    """Return differences of a report's page from its data.

    ``norm``: standard and profile of the report, None if unknown.
    """
    from ...render.html import render_report

    remade_page = read_page(render_report(report, norm))
    differences = []
    if find_verdicts(page.verdict) != find_verdicts(remade_page.verdict):
        differences.append(PartDifference("verdict", page.verdict, remade_page.verdict))
    if _extract_numbers(page.count_texts) != _extract_numbers(remade_page.count_texts):
        differences.append(PartDifference("counts", " ".join(page.count_texts), " ".join(remade_page.count_texts)))
    counts, remade_counts = page.finding_row_counts, remade_page.finding_row_counts
    if counts != remade_counts:
        only_here = (sorted(more.elements())[:1] for more in (counts - remade_counts, remade_counts - counts))
        differences.append(PartDifference("findings", *(" ".join(rows[0]) if rows else "" for rows in only_here)))
    missed_words = [
        ReportTexts(lang).get("signed", key, amount="").strip() for lang in TEXT_LANGUAGES for key in ("above", "short")
    ]
    # Compare name, target, value and margin; other cells are words.
    rows = [
        [
            ((n, _extract_numbers(cells[1:3]), _extract_margins(cells[3:4], missed_words)), cells)
            for n, cells in one.figure_cells
        ]
        for one in (page, remade_page)
    ]
    return differences + _find_first_row_difference(rows)


def compare_manifest_page(page: PageContent, manifest: dict[str, Any]) -> list[PartDifference]:
    """Return differences of a manifest's page from the manifest."""
    from ..manifest import render_manifest_page

    # The page was made before it was listed itself.
    files = [row for row in manifest["files"] if row["path"] != MANIFEST_PAGE_FILE_NAME]
    remade_page = read_page(render_manifest_page({**manifest, "files": files}, page.lang or "zh"))
    differences = []
    verdicts = [verdict for line in page.verdict_lines for verdict in find_verdicts(line)]
    numbers, remade_numbers = (_extract_numbers(one.verdict_lines) for one in (page, remade_page))
    if verdicts[:1] != [manifest["check"].get("verdict")] or numbers != remade_numbers:
        differences.append(PartDifference("verdict", " ".join(page.verdict_lines), " ".join(remade_page.verdict_lines)))
    digests = {code for code in page.code_texts if _SHA256_PATTERN.fullmatch(code)}
    manifest_digests = {row["sha256"] for row in files}
    if digests != manifest_digests:
        only_here = (" ".join(sorted(more)) for more in (digests - manifest_digests, manifest_digests - digests))
        differences.append(PartDifference("files", *only_here))
    layer_names = {row["layer"] for row in manifest["layers"]}
    rows = [
        sorted(
            (_extract_numbers(cells[1:-1]), cells)
            for cells in one.table_rows
            if cells and cells[0].rpartition(" ")[2] in layer_names
        )
        for one in (page, remade_page)
    ]
    return differences + _find_first_row_difference(rows)


def _find_first_row_difference(
    rows_of_both_pages: Sequence[Sequence[tuple[Any, tuple[str, ...]]]],
) -> list[PartDifference]:
    """Return the first pair of unequal rows as a difference of figures, in a list; empty if all rows are equal.

    ``rows_of_both_pages``: for each page its rows as (value to compare, cells).
    """
    for on_page, expected in zip_longest(*rows_of_both_pages):
        if on_page is None or expected is None or on_page[0] != expected[0]:
            rows = [row[1] if row else () for row in (on_page, expected)]
            # Rows of equal lengths are reduced to the first cell and the cells that differ.
            columns = [n for n, cells in enumerate(zip(*rows, strict=False)) if n == 0 or cells[0] != cells[1]]
            if len(rows[0]) == len(rows[1]):
                rows = [tuple(row[n] for n in columns) for row in rows]
            return [PartDifference("figures", *map(" ".join, rows))]
    return []


def _extract_numbers(texts: Iterable[str]) -> list[str]:
    """Return the numbers in texts, without separators of thousands, words, and zeros at the end of decimals."""
    return [
        figure
        for text in texts
        for figure in re.findall(r"[−+-]?\d+(?:\.\d+)?", drop_final_zeros(_WHITE_SPACE_PATTERN.sub("", text)))
    ]


def _extract_margins(texts: Iterable[str], missed_words: Iterable[str]) -> list[str]:
    """Return the margins in texts, with a minus if the target is missed.

    Pages have one of ``missed_words`` for it (超出, 缺), those of version 0.1.0 the sign alone.
    """
    return [
        ("−" if figure[0] in "−-" or any(word in text for word in missed_words) else "") + figure.lstrip("−+-")
        for text in texts
        for figure in _extract_numbers([text])
    ]


def read_document_texts(path: Path) -> list[str] | str:
    """Return the texts of a docx (its paragraphs) or PDF (its pages) in reading order.

    If the file is damaged, or a library is missing, return the reason as a key of texts (section ``not_rebuilt``).

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    if path.suffix.lower() != ".pdf":
        try:
            with zipfile.ZipFile(path) as archive, archive.open(_BODY_PART) as part:
                body = read_xml(part.read(_MAX_BODY_BYTES))
        except _DOCX_ERRORS:
            return "damaged"
        paragraphs = (paragraph.iter(f"{_WORD_NAMESPACE}t") for paragraph in body.iter(f"{_WORD_NAMESPACE}p"))
        return list(filter(None, ("".join(text.text or "" for text in texts) for texts in paragraphs)))
    try:
        pypdf = import_pypdf()
    except ImportError:
        return "no_pypdf"
    try:
        return [page.extract_text() for page in pypdf.PdfReader(path, strict=False).pages]
    except (pypdf.errors.PyPdfError, *DAMAGE_ERRORS):
        return "damaged"


def compare_document(texts: list[str], report: Report, norm: Norm | None, kind: str) -> list[PartDifference]:
    """Return differences between the texts of a document and those that the report's data make.

    The document must have every figure of the data, as often as expected, and the first verdict must be that of the
    report. ``kind``: which document (`GENERATED_DOCUMENTS`).
    """
    from ...render.document.blocks import list_document_texts
    from ...render.document.check_report import CHECK_DOCUMENT_MAKERS

    document = CHECK_DOCUMENT_MAKERS[kind](report, norm, None)
    # Each group of digits (of 17 434 765.13) is one figure.
    expected_figures, printed_figures = (
        Counter(figure for text in one for figure in _FIGURE_PATTERN.findall(drop_final_zeros(text)))
        for one in (list_document_texts(document), texts)
    )
    differences = []
    verdict = report.summary["verdict"]
    # Fonts of a PDF may write variants of characters.
    printed_text = unicodedata.normalize("NFKC", _WHITE_SPACE_PATTERN.sub("", "".join(texts)))
    printed_verdicts = find_verdicts(printed_text)[:1]
    if printed_verdicts != [verdict]:
        verdict_words = Texts(report.lang).get_section("verdicts")
        words = (" ".join(verdict_words.get(v, v) for v in one) for one in (printed_verdicts, [verdict]))
        differences.append(PartDifference("verdict", *words))
    if missing_figures := expected_figures - printed_figures:
        differences.append(
            PartDifference("figures", next(iter(printed_figures - expected_figures), ""), next(iter(missing_figures)))
        )
    return differences
