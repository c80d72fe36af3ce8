# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check's report has in addition or in its place.

An evaluation of earlier editions (体检评估) is a further chapter; a public edition replaces the report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ...model.report import Report
from ..tables.report_table import ReportTable
from .blocks import Block, Document, Paragraph


@dataclass(frozen=True)
class ReportChapter:
    """A chapter of the report of a check, for all its files.

    ``key``: of its entry in the JSON; ``title``: without number; ``make_blocks``: returns the blocks below the title,
    called only for a page or document, as charts take long; ``tables``: sheets of the ledger; ``data``: content of the
    JSON entry; ``reason_left_out``: why a public edition of the report does not have it; ``input_files``: files that
    were read for it.
    """

    key: str
    title: str
    make_blocks: Callable[[], tuple[Block, ...]]
    tables: tuple[ReportTable, ...]
    data: dict[str, Any]
    reason_left_out: str
    input_files: tuple[str, ...] = ()

    def leave_out(self) -> ReportChapter:
        """Return the chapter of a public edition: the reason in place of the content."""
        blocks = (Paragraph(self.reason_left_out),)
        return replace(self, make_blocks=lambda: blocks, tables=(), data={"left_out": self.reason_left_out})


class ReplacementReport(Protocol):
    """A report that replaces another one in all files, and changes pages and documents before they are written."""

    @property
    def report(self) -> Report:
        """Return the report to write."""

    def change_page(self, page: str) -> str:
        """Return a page (HTML) as it is to be written."""

    def change_document(self, document: Document) -> Document:
        """Return a document as it is to be written."""

    def list_sheet_rows(self) -> tuple[str, list[tuple[str, str]], list[str]]:
        """Return title, rows (the first is the head) and notes of an additional sheet of the ledger."""

    def verify_file(self, path: Path, author: str) -> None:
        """Raise OutputError for a written file that may not be published. ``author``: of office files."""
