# SPDX-License-Identifier: GPL-2.0-or-later
"""A chapter that a check's report has in addition, such as an evaluation of earlier editions (体检评估)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .document.blocks import Block, Paragraph
from .tables.model import ReportTable


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
