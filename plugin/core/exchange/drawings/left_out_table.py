# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of what was not taken from a drawing: handle, layer, kind, place, gap, reason, remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...files.csv_records import format_rows
from ...files.writing import write_atomically
from ...messages.texts import Texts
from ...render.tables.model import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_column_title,
    make_table_number,
)
from ...render.tables.workbook import write_tables_workbook
from .model import LeftOut

TABLE_SUFFIXES = (".csv", ".xlsx")
_DECIMALS = 3


def write_left_out_table(left_out: Sequence[LeftOut], target: Path, lang: str) -> None:
    """Write the table as CSV or Excel, by the suffix. Raise OutputError."""
    table = make_left_out_table(left_out, lang)
    texts = Texts(lang)
    with write_atomically(target) as new:
        if target.suffix.lower() == ".xlsx":
            write_tables_workbook(new, [table], "", texts)
            return
        head = [make_column_title(column, texts) for column in table.columns]
        rows = [[_format_cell(value) for value in row.values] for row in table.rows]
        new.write_bytes(format_rows([head, *rows]))


def make_left_out_table(left_out: Sequence[LeftOut], lang: str) -> ReportTable:
    """Return what was not taken as a table."""
    texts = Texts(lang)
    table = ReportTable(
        "drawing_left_out",
        [
            TableColumn("drawing_handle", width_in_characters=20),
            TableColumn("drawing_layer", width_in_characters=20),
            TableColumn("drawing_kind", width_in_characters=14),
            TableColumn("drawing_x", "m", width_in_characters=16),
            TableColumn("drawing_y", "m", width_in_characters=16),
            TableColumn("drawing_gap", "m", width_in_characters=12),
            TableColumn("drawing_reason", width_in_characters=50),
            TableColumn("drawing_remedy", width_in_characters=60),
        ],
    )
    for one in left_out:
        x, y = one.place or (None, None)
        table.rows.append(
            ReportTableRow(
                [
                    " ".join(one.handles),
                    one.layer,
                    one.kind,
                    make_table_number(x, "m", _DECIMALS),
                    make_table_number(y, "m", _DECIMALS),
                    make_table_number(one.gap_m, "m", _DECIMALS),
                    one.get_reason(texts),
                    one.get_remedy(texts),
                ]
            )
        )
    return table


def _format_cell(value: CellValue) -> str:
    """Return a cell as text."""
    return f"{value.value:.{value.decimals}f}" if isinstance(value, TableNumber) else value or ""
