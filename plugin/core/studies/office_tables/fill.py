# SPDX-License-Identifier: GPL-2.0-or-later
"""Fill the layout of a table with the figures of a plan; figures that the data lack are a dash with a note."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...model.indicator import SQUARE_METRES
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableNumber, make_column_title
from ...standard.messages.numbers import DECIMALS_BY_UNIT
from ...standard.messages.texts import Texts
from .feature_tables import NET
from .figure_tables import FIGURE_TABLES, WILDCARD, PlanFigures
from .office_table import (
    NAME_CONTENT,
    NO_FIGURE,
    NUMBER_CONTENT,
    FilledColumn,
    FilledRow,
    FilledTable,
    LayoutColumn,
    LayoutRows,
    TableLayout,
)
from .rounding import BlockRounder, list_adjusted_cells, round_row_sums

#: At the end of a state that rests on unconfirmed data.
_UNCONFIRMED_SIGN = "*"
#: Adjusted figures that a note names.
_MAX_NAMED = 3


@dataclass(frozen=True)
class _Place:
    """Where a column of the table gets its figures: layout column, table id (empty: that of the row), column id."""

    column: LayoutColumn
    table_id: str
    column_id: str


class LayoutFiller:
    """Fills a layout with the figures of a plan.

    ``area``: name of the county, for the title; ``case``: form of the balance of cultivated land (``separate``,
    ``unified``): blocks of rows for another form are left out.
    """

    def __init__(self, layout: TableLayout, figures: PlanFigures, area: str, case: str):
        self._layout, self._figures, self._area = layout, figures, area
        self._texts: Texts = figures.indicators.texts
        self._blocks = [block for block in layout.blocks if block.case in ("", case)]
        self._places: list[_Place] = []

    def fill(self) -> FilledTable:
        """Return the filled table."""
        self._table = FilledTable(self._layout, self._layout.title.replace("{area}", self._area), [])
        for layout_column in self._layout.columns:
            self._add_columns(layout_column)
        for block in self._blocks:
            if block.title:
                cells: list[CellValue] = [block.title, *[None] * (len(self._places) - 1)]
                self._table.rows.append(FilledRow(cells, "head", "", block.title))
            table = self._figures.get_table(block.figures)
            if table is None:
                self._table.missing[self._figures.explain_missing(block.figures)] = None
            rows = [self._make_row(block, row) for row in self._list_rows(block, table)]
            # Rounded so that parts sum to totals.
            for key, name, difference in BlockRounder(
                rows, self._table.columns, [place.column for place in self._places]
            ).round():
                self._table.notes.append(self._texts.get("office_tables", key, column=name, difference=difference))
            self._table.rows += rows
        round_row_sums(self._table.rows, self._table.columns, self._layout.sums)
        self._adjusted = [
            self._texts.get("office_tables", "adjusted_cell", **params)
            for params in list_adjusted_cells(
                self._table.rows,
                self._table.columns,
                {n for n, place in enumerate(self._places) if place.column.difference_of},
            )
        ]
        self._table.adjusted_count = len(self._adjusted)
        # Differences of two columns, numbers of rows, and dashes for missing figures.
        number, contents = 0, [place.column.content for place in self._places]
        for row in (one for one in self._table.rows if one.kind != "head"):
            number += row.kind == "row"
            for position, place in enumerate(self._places):
                column = self._table.columns[position]
                # A row whose columns are not comparable has no difference.
                if place.column.difference_of and row.values[position] is not None:
                    first, second = (row.values[contents.index(content)] for content in place.column.difference_of)
                    if isinstance(first, TableNumber) and isinstance(second, TableNumber):
                        row.values[position] = TableNumber(
                            round(first.value - second.value, column.decimals), column.decimals
                        )
                if place.column.content == NUMBER_CONTENT:
                    row.values[position] = str(number) if row.kind == "row" else ""
                elif row.values[position] in (None, ""):
                    row.values[position] = NO_FIGURE if column.unit else ""
        self._add_notes()
        return self._table

    # --- columns
    def _add_columns(self, column: LayoutColumn) -> None:
        """Add a column of the layout; one with a wildcard becomes all columns that the figure tables have."""
        table_id, _, column_id = column.content.rpartition(".")
        if not column_id.endswith(WILDCARD):
            self._add_column(column, table_id, column_id)
            return
        found: dict[str, str] = {}
        for one in [table_id] if table_id else dict.fromkeys(block.figures for block in self._blocks):
            table = self._figures.get_table(one)
            for source in table.columns if table is not None else ():
                if source.id.startswith(column_id[:-1]):
                    found.setdefault(source.id, make_column_title(source, self._texts))
        for one, title in found.items():
            head = tuple(title if word == WILDCARD else word for word in column.head)
            self._add_column(replace(column, head=head, word=column.word or title), table_id, one)
        if not found:
            head = tuple(word for word in column.head if word != WILDCARD) or (NO_FIGURE,)
            self._add_column(replace(column, head=head), table_id, column_id)

    def _add_column(self, column: LayoutColumn, table_id: str, column_id: str) -> None:
        """Add one column with its unit."""
        self._places.append(_Place(column, table_id, column_id))
        unit = column.unit or self._find_unit(table_id, column_id)
        is_text = column.content in (NUMBER_CONTENT, NAME_CONTENT)
        decimals = DECIMALS_BY_UNIT.get(unit, 2) if column.decimals is None else column.decimals
        self._table.columns.append(
            FilledColumn(
                column.head,
                f"{table_id}.{column_id}" if table_id else column_id,
                "" if is_text else unit,
                decimals,
                column.width or LayoutColumn.width,
                column.word or column.head[-1],
            )
        )

    def _find_unit(self, table_id: str, column_id: str) -> str:
        """Return the unit of a column of the figure tables; empty for texts and missing columns."""
        for one in [table_id] if table_id else [block.figures for block in self._blocks]:
            table = self._figures.get_table(one)
            for source in table.columns if table is not None else ():
                if source.id == column_id:
                    return source.unit
            if table is None:
                return self._layout.unit
        return self._layout.unit if column_id.endswith(WILDCARD) else ""

    # --- rows

    def _list_rows(self, block: LayoutRows, table: ReportTable | None) -> list[ReportTableRow]:
        """Return the rows of a figure table that a block prints; a missing row has no values."""
        if not block.names:
            rows = [row for row in table.rows if row.kind in block.kinds] if table is not None else []
            return rows or [ReportTableRow([], "row", "")]
        found = {row.code: row for row in table.rows} if table is not None else {}
        rows = []
        for code in block.names:
            row = found.get(code)
            if row is None and table is not None and code in self._figures.indicators.ctx.norm.standard.concepts:
                self._table.missing[self._figures.indicators.format_missing_layers((code,))] = None
            # A part of a layer has the code of the layer before a colon: boundary:special.
            missing_kind = "part" if ":" in code else "row"
            rows.append(row if row is not None else ReportTableRow([], missing_kind, code))
        return rows

    def _make_row(self, block: LayoutRows, row: ReportTableRow) -> FilledRow:
        """Return a row with exact figures in the printed units."""
        values = [
            self._get_value(place, column, block, row)
            for place, column in zip(self._places, self._table.columns, strict=True)
        ]
        name = block.names.get(row.code)
        if not name and row.values and (table := self._figures.get_table(block.figures)) is not None:
            position = [column.id for column in table.columns].index(FIGURE_TABLES[block.figures].name_column)
            name = str(row.values[position] or "")
        # A feature may have no name.
        filled = FilledRow(values, row.kind, row.code, name or ("" if row.values else NO_FIGURE))
        contents = [place.column.content for place in self._places]
        if NAME_CONTENT in contents:
            filled.values[contents.index(NAME_CONTENT)] = filled.name
        elif row.kind == "sum":
            # A list without names of rows has the word for the sum in its first column of texts.
            texts = (n for n, one in enumerate(contents) if one != NUMBER_CONTENT and not self._table.columns[n].unit)
            first = next(texts, None)
            if first is not None:
                filled.values[first] = filled.name
        return filled

    def _get_value(self, place: _Place, column: FilledColumn, block: LayoutRows, row: ReportTableRow) -> CellValue:
        """Return the exact figure or the text of a cell; None without one."""
        if place.column.content in (NUMBER_CONTENT, NAME_CONTENT):
            return None
        table = self._figures.get_table(place.table_id or block.figures)
        source_row: ReportTableRow | None = row
        if place.table_id and place.table_id != block.figures:
            source_row = next((one for one in table.rows if one.code == row.code), None) if table is not None else None
        position = (
            next((n for n, one in enumerate(table.columns) if one.id == place.column_id), None) if table else None
        )
        value: CellValue = None
        source_unit = ""
        if table is not None and source_row is not None and position is not None and source_row.values:
            value, source_unit = source_row.values[position], table.columns[position].unit
        if value is None and place.column.layer:
            layer = self._figures.indicators.ctx.plan.find_layer_of_concept(place.column.layer)
            if layer is None or layer.has_no_geometry:
                self._table.missing[self._figures.indicators.format_missing_layers((place.column.layer,))] = None
        if isinstance(value, TableNumber):
            factor = 1.0
            if source_unit != column.unit and {source_unit, column.unit} <= SQUARE_METRES.keys():
                factor = SQUARE_METRES[source_unit] / SQUARE_METRES[column.unit]
            return TableNumber(value.value * factor, column.decimals)
        return value

    # --- notes
    def _describe_net_excess(self) -> list[str]:
        """Return sentences on rows with more net than gross area, if the table prints net areas of their layers."""
        columns = [n for n, one in enumerate(self._table.columns) if one.content.endswith(NET)]
        if not any(isinstance(row.values[n], TableNumber) for row in self._table.rows for n in columns):
            return []
        concepts = {self._table.columns[n].content.rpartition("_")[0] for n in columns}
        for block in self._blocks:
            concepts |= {*FIGURE_TABLES[block.figures].layers, *block.layers, *block.names}
        plan = self._figures.indicators.ctx.plan
        layers = (plan.find_layer_of_concept(one) for one in sorted(concepts))
        return plan.describe_net_excess(self._texts, roles={one.role for one in layers if one is not None})

    def _add_notes(self) -> None:
        """Add the notes below the table: fixed ones, those of the figures, missing data, rounding, source."""
        texts, table = self._texts, self._table
        notes = list(self._layout.notes)
        tables = dict.fromkeys(
            [block.figures for block in self._blocks] + [p.table_id for p in self._places if p.table_id]
        )
        for one in tables:
            source = self._figures.get_table(one)
            notes += [note for note in source.notes if note not in table.missing] if source is not None else []
        indicators, separator = self._figures.indicators, texts.get("words", "between_names")
        if unknown := [indicators.make_layer_label(one) for one in indicators.ctx.plan.layers.values() if one.gaps]:
            notes.append(texts.get("office_tables", "unknown_land", layers=separator.join(unknown)))
        notes += self._describe_net_excess()
        if table.missing:
            notes.append(texts.get("office_tables", "missing", reasons="".join(table.missing)))
        elif any(NO_FIGURE in row.values for row in table.rows):
            notes.append(texts.get("office_tables", "dash"))
        if any(
            isinstance(value, str) and value.endswith(_UNCONFIRMED_SIGN) for row in table.rows for value in row.values
        ):
            notes.append(texts.get("office_tables", "unconfirmed"))
        if self._adjusted:
            named = texts.get("words", "between_names").join(self._adjusted[:_MAX_NAMED])
            key = "rounded_more" if len(self._adjusted) > _MAX_NAMED else "rounded"
            notes.append(texts.get("office_tables", key, count=str(len(self._adjusted)), cells=named))
        notes += [
            *table.notes,
            texts.get("office_tables", f"layout_{self._layout.mark}", source=self._layout.source),
        ]
        table.notes = list(dict.fromkeys(notes))
