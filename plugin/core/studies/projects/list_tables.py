# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a list of projects: its rows, what the projects occupy by line and township, and their overlaps."""

from __future__ import annotations

from ...model.indicator import SQUARE_METRES
from ...render.tables.report_table import ReportTable, TableColumn, TableNumber, make_row, make_table, make_table_number
from ...standard.messages.texts import Texts
from .reviewed_project import COUNTED_STATES, SECTION, ProjectList, ProjectState

_HA_DECIMALS = 4


def make_list_tables(listed: ProjectList, texts: Texts) -> list[ReportTable]:
    """Return the tables of a list."""
    overlaps = make_table(
        "conformity_overlaps",
        [
            TableColumn("list_first_row", key="first_row"),
            TableColumn("list_first", width_in_characters=26, key="first_name"),
            TableColumn("list_second_row", key="second_row"),
            TableColumn("list_second", width_in_characters=26, key="second_name"),
            TableColumn(
                "project_gross", "ha", width_in_characters=14, value=lambda one: make_hectare_cell(one.area_m2)
            ),
        ],
        listed.overlaps,
        lambda one: f"{one.first_row}/{one.second_row}",
        unit="ha",
    )
    return [_make_row_table(listed, texts), _make_sum_table(listed, texts), overlaps]


def _make_row_table(listed: ProjectList, texts: Texts) -> ReportTable:
    """Return a row for each row of the list, with whether it counts."""
    separator = texts.get("words", "between_names")
    counted = {answer: texts.get(SECTION, f"counted_{'yes' if answer else 'no'}") for answer in (True, False)}
    return make_table(
        "conformity_list",
        [
            TableColumn("project_row", width_in_characters=6, value=lambda one: one.project.row),
            TableColumn("project_name", width_in_characters=26, value=lambda one: one.project.name),
            TableColumn("project_number", width_in_characters=16, value=lambda one: one.project.number),
            TableColumn("list_plot", width_in_characters=10, value=lambda one: one.project.plot),
            TableColumn(
                "list_state", width_in_characters=10, value=lambda one: texts.get(SECTION, f"list_{one.state}")
            ),
            TableColumn("list_date", width_in_characters=12, key="date"),
            TableColumn(
                "project_statutory",
                "ha",
                width_in_characters=14,
                value=lambda one: make_hectare_cell(one.project.statutory_m2),
            ),
            TableColumn("list_counted", width_in_characters=8, value=lambda one: counted[one.is_counted]),
            TableColumn("list_same", width_in_characters=14, value=lambda one: separator.join(map(str, one.same_rows))),
        ],
        listed.rows,
        lambda one: str(one.project.row),
        unit="ha",
    )


def _make_sum_table(listed: ProjectList, texts: Texts) -> ReportTable:
    """Return the sums of each line, of the county and then of its townships, with the margin of a target."""
    notes = [texts.get(SECTION, "sums_note")]
    if not all(one.is_room_confirmed for one in listed.occupations):
        notes.append(texts.get(SECTION, "room_unconfirmed"))
    approved, reviewed = COUNTED_STATES
    totals = {True: texts.get(SECTION, "total"), False: texts.get(SECTION, "outside_townships")}

    def make_area(state: ProjectState) -> TableColumn:
        return TableColumn(
            f"list_{state}",
            "ha",
            width_in_characters=14,
            value=lambda one: make_hectare_cell(one.get_leading_m2(state)),
        )

    table = make_table(
        "conformity_sums",
        [
            TableColumn("project_line", width_in_characters=18, value=lambda one: one.name.render(texts)),
            TableColumn("project_township_code", width_in_characters=14, value=lambda one: one.township_code or ""),
            TableColumn(
                "project_township_name",
                width_in_characters=18,
                value=lambda one: one.township_name or totals[one.township_code is None],
            ),
            TableColumn(
                "project_basis", width_in_characters=14, value=lambda one: texts.get(SECTION, f"basis_{one.basis}")
            ),
            make_area(approved),
            make_area(reviewed),
            TableColumn("list_room", "ha", width_in_characters=14, value=lambda one: make_hectare_cell(one.room_m2)),
            TableColumn("list_left", "ha", width_in_characters=14, value=lambda one: make_hectare_cell(one.left_m2)),
        ],
        unit="ha",
        notes=notes,
    )
    for one in listed.occupations:
        kind, place = ("sum", "total") if one.township_code is None else ("row", one.township_code)
        table.rows.append(make_row(table.columns, one, kind, f"{one.line_id}/{place}"))
    return table


def make_hectare_cell(area_m2: float | None) -> TableNumber | None:
    """Return an area (m²) as a cell in hectares."""
    return make_table_number(None if area_m2 is None else area_m2 / SQUARE_METRES["ha"], "ha", _HA_DECIMALS)
