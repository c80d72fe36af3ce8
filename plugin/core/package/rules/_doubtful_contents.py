# SPDX-License-Identifier: GPL-2.0-or-later
"""Search for documents and maps that can be opened, but are doubtful: repeated, exchanged, incomplete (for DOC005)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

from ...messages.texts import Texts, format_number
from ...model.findings import Finding
from ...model.rule import Severity
from ..inspection.facts import FileFact, PackageFacts
from ..inspection.pdf_pages import PdfFact
from ..maps.jpeg import measure_thumbnail_difference
from ..package_spec.model import FileSlot
from ..slot_files import has_valid_end
from ._package import make_file_finding

#: Equal pages of two documents below this number are a coincidence, such as a cover.
_LEAST_SHARED_PAGES = 2
#: Page numbers and characters of a title that a message names.
_MAX_NAMED_PAGES, _MAX_TITLE_CHARACTERS = 10, 60
#: Shorter names of documents, such as 说明, are part of other words.
_LEAST_NAME_CHARACTERS = 4
#: The kind of a document is the end of its name: 文本, 报告, 记录.
_KIND_CHARACTERS = 2
_PLACEHOLDER_PATTERN = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class DocumentLimits:
    """Limits beyond which a document is doubtful.

    ``repeated_share``: share of repeated pages in a document, above which the finding is a warning; ``shared_share``:
    share of pages that two documents share, likewise; ``blank_share``: share of pages without content;
    ``blank_in_row``: greatest number of successive pages without content; ``min_pages``: number of pages that a
    mandatory document must have.
    """

    repeated_share: float
    shared_share: float
    blank_share: float
    blank_in_row: int
    min_pages: int


def find_doubtful_documents(package: PackageFacts, limits: DocumentLimits, texts: Texts) -> Iterator[Finding]:
    """Yield findings on doubtful PDF documents.

    They have too few pages, blank or repeated pages, pages of another document, or the title of another one.
    """
    slots = [slot for slot in package.package_spec.files if slot.kind == "document"]
    slot_by_path = {file.path: slot for slot in slots for file in package.list_files_of_slot(slot)}
    generated_documents = package.get_kinds_of_generated_documents()
    documents: list[tuple[FileFact, PdfFact]] = []
    for file in package.files_outside_data_sets:
        pdf = file.pdf_fact
        if pdf is None or pdf.page_count <= 0 or pdf.is_blank or pdf.is_encrypted:
            continue
        if not has_valid_end(file.name, file.last_bytes):
            # A truncated file has another finding; its pages are those that are left.
            continue
        yield from _find_blank_pages(file.path, pdf, limits, texts)
        yield from _find_repeated_pages(file.path, pdf, limits, texts)
        if (slot := slot_by_path.get(file.path)) is None:
            continue
        documents.append((file, pdf))
        if slot.need == "M" and file.path not in generated_documents and pdf.page_count < limits.min_pages:
            params = {"pages": pdf.page_count, "least": limits.min_pages}
            yield make_file_finding(file.path, "short", Severity.INFO, **params)
        yield from _find_title_of_other_document(file.path, pdf, slot, slots)
    yield from _find_shared_pages(documents, limits)


def _find_blank_pages(path: str, pdf: PdfFact, limits: DocumentLimits, texts: Texts) -> Iterator[Finding]:
    """Yield a finding on blank pages if they are many, or several in a row.

    Single blank pages separate chapters.
    """
    blank_pages = pdf.blank_pages
    runs = groupby(enumerate(blank_pages), lambda numbered: numbered[1] - numbered[0])
    longest = max((len(list(run)) for _, run in runs), default=0)
    is_large_share = len(blank_pages) > limits.blank_share * pdf.page_count
    if longest > limits.blank_in_row or (is_large_share and len(blank_pages) > 1):
        params = {"count": len(blank_pages), "pages": pdf.page_count, "numbers": _join_numbers(blank_pages, texts)}
        yield make_file_finding(path, "gaps", Severity.WARNING if is_large_share else Severity.INFO, **params)


def _find_repeated_pages(path: str, pdf: PdfFact, limits: DocumentLimits, texts: Texts) -> Iterator[Finding]:
    """Yield a finding on pages of a PDF that draw the same."""
    numbers_by_digest: dict[str, list[int]] = {}
    for number, digest in enumerate(pdf.page_digests, 1):
        if digest:
            numbers_by_digest.setdefault(digest, []).append(number)
    count = sum(len(numbers) - 1 for numbers in numbers_by_digest.values())
    if not count:
        return
    most_numbers = max(numbers_by_digest.values(), key=len)
    severity = Severity.WARNING if count > limits.repeated_share * pdf.page_count else Severity.INFO
    params = {"count": count, "pages": pdf.page_count, "numbers": _join_numbers(most_numbers, texts)}
    yield make_file_finding(path, "repeated", severity, **params)


def _find_shared_pages(documents: list[tuple[FileFact, PdfFact]], limits: DocumentLimits) -> Iterator[Finding]:
    """Yield findings on pairs of documents that have equal pages.

    Equal files are left out, because another finding reports them.
    """
    for (first, first_pdf), (file, pdf) in combinations(documents, 2):
        if first_pdf.content_digest and first_pdf.content_digest == pdf.content_digest:
            continue
        # A page that a document repeats is counted once.
        pages, first_pages = set(pdf.page_digests) - {""}, set(first_pdf.page_digests) - {""}
        shared_digests = pages & first_pages
        if len(shared_digests) < _LEAST_SHARED_PAGES:
            continue
        if pdf.page_digests == first_pdf.page_digests and "" not in pdf.page_digests:
            yield make_file_finding(file.path, "alike", Severity.WARNING, other=first.path)
            continue
        share = len(shared_digests) / min(len(pages), len(first_pages))
        page = min(pdf.page_digests.index(digest) for digest in shared_digests)
        params = {
            "other": first.path,
            "count": len(shared_digests),
            "share": format_number(100 * share, 0),
            "page": page + 1,
            "other_page": first_pdf.page_digests.index(pdf.page_digests[page]) + 1,
        }
        severity = Severity.WARNING if share > limits.shared_share else Severity.INFO
        yield make_file_finding(file.path, "shared", severity, **params)


def _find_title_of_other_document(
    path: str, pdf: PdfFact, slot: FileSlot, slots: Sequence[FileSlot]
) -> Iterator[Finding]:
    """Yield a finding if a PDF's properties name another document of the specification and not its own.

    ``slot``: the document's entry in the specification; ``slots``: the entries of all documents.
    """
    own_names = _list_slot_names(slot)
    if any(name in title for title in pdf.titles for name in own_names):
        return
    for title in pdf.titles:
        for other in slots:
            matching_names = [name for name in _list_slot_names(other) if name in title] if other is not slot else []
            # 规划文本及说明书 names two documents.
            title_remainder = title.replace(max(matching_names, key=len), " ") if matching_names else ""
            if matching_names and not any(name[-_KIND_CHARACTERS:] in title_remainder for name in own_names):
                params = {"text": title[:_MAX_TITLE_CHARACTERS], "other": other.title, "own": slot.title}
                yield make_file_finding(path, "title", Severity.WARNING, **params)
                return


def _list_slot_names(slot: FileSlot) -> list[str]:
    """Return the names of a document in the specification: its title, and its file name without county and suffix."""
    slot_names = (slot.title, _PLACEHOLDER_PATTERN.sub("", slot.file).rpartition(".")[0])
    return [name for name in slot_names if len(name) >= _LEAST_NAME_CHARACTERS]


def find_nearly_equal_maps(files: list[FileFact], min_difference: float) -> Iterator[Finding]:
    """Yield findings on maps that show nearly the same picture, though they differ as files.

    Maps of a series share frame and legend, but differ in title and theme.
    """
    reported_paths: set[str] = set()
    for first, file in combinations(files, 2):
        if file.path in reported_paths or first.decoded_jpeg is None or file.decoded_jpeg is None:
            continue
        if _is_same_picture(first, file):
            continue
        difference = measure_thumbnail_difference(first.decoded_jpeg.thumbnail, file.decoded_jpeg.thumbnail)
        if difference is not None and difference < min_difference:
            reported_paths.add(file.path)
            levels = {"levels": format_number(difference, 0), "least": format_number(min_difference, 0)}
            yield make_file_finding(file.path, "near", Severity.WARNING, other=first.path, **levels)


def _is_same_picture(file: FileFact, other_file: FileFact) -> bool:
    """Return True if two maps are equal, as files or apart from their properties.

    Another finding reports these.
    """
    if file.sha256 and file.sha256 == other_file.sha256:
        return True
    pictures = (file.jpeg_properties, other_file.jpeg_properties)
    digests = Counter(picture.content_digest for picture in pictures if picture is not None and picture.content_digest)
    return 2 in digests.values()


def _join_numbers(numbers: Sequence[int], texts: Texts) -> str:
    """Return page numbers as a message shows them."""
    listed_numbers = texts.get("words", "between_names").join(str(number) for number in numbers[:_MAX_NAMED_PAGES])
    return listed_numbers + (" …" if len(numbers) > _MAX_NAMED_PAGES else "")
