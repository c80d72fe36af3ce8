# SPDX-License-Identifier: GPL-2.0-or-later
"""Heads of a table with several lines: which cells are merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class HeadCell(NamedTuple):
    """A cell of a head: position from 0, numbers of lines and columns that it covers, and its text."""

    line: int
    column: int
    line_count: int
    column_count: int
    text: str


def merge_heads(heads: Sequence[Sequence[str]]) -> list[HeadCell]:
    """Return the cells of a head, line by line; equal neighbours below the same cell are one cell.

    ``heads``: the words of each column from top to bottom. The last word of a column with fewer words than others
    covers the lines below it.
    """
    line_count = max(map(len, heads))
    cells = []
    for line in range(line_count):
        column = 0
        while column < len(heads):
            head = heads[column]
            if line >= len(head):
                column += 1
                continue
            is_last = line == len(head) - 1
            end = column + 1
            while (
                not is_last
                and end < len(heads)
                and len(heads[end]) > line + 1
                and heads[end][: line + 1] == head[: line + 1]
            ):
                end += 1
            cells.append(HeadCell(line, column, line_count - line if is_last else 1, end - column, head[line]))
            column = end
    return cells
