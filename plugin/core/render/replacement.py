# SPDX-License-Identifier: GPL-2.0-or-later
"""What writers need of a report that is written in place of a check's report, such as its public edition."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..model.report import Report
from .document.blocks import Document


class ReplacementReport(Protocol):
    """A report that replaces another one in all files, and changes pages and documents before they are written."""

    @property
    def report(self) -> Report:
        """Return the report to write."""
        ...

    def change_page(self, page: str) -> str:
        """Return a page (HTML) as it is to be written."""
        ...

    def change_document(self, document: Document) -> Document:
        """Return a document as it is to be written."""
        ...

    def list_sheet_rows(self) -> tuple[str, list[tuple[str, str]], list[str]]:
        """Return title, rows (the first is the head) and notes of an additional sheet of the ledger."""
        ...

    def verify_file(self, path: Path, author: str) -> None:
        """Raise OutputError for a written file that may not be published. ``author``: of office files."""
        ...
