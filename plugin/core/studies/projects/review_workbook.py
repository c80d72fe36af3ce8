# SPDX-License-Identifier: GPL-2.0-or-later
"""The workbook of a review: a row for each project, and its lines, planning zones, land classes and notes."""

from __future__ import annotations

from pathlib import Path

from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_table_number,
)
from ...render.tables.workbook import write_tables_workbook
from ...standard.messages.texts import Texts
from .review_sentences import get_outcome_name
from .reviewed_project import SECTION, AdmissionRule, ConformityResult, ProjectResult

_M2_PER_HA, _HA_DECIMALS = 10_000.0, 4
#: Lines whose area has a column in the table of projects.
_LEADING_LINES = ("farmland", "cultivated", "red_line", "boundary", "heritage")


def write_conformity_workbook(result: ConformityResult, path: Path) -> None:
    """Write all tables to a new workbook. Raise OutputError."""
    texts = Texts(result.lang)
    table = ReportTable(
        "conformity_notes",
        [
            TableColumn("project_row", width_in_characters=8),
            TableColumn("project_name", width_in_characters=26),
            TableColumn("project_level", width_in_characters=10),
            TableColumn("project_note", width_in_characters=90),
        ],
        [
            ReportTableRow(
                [
                    make_table_number(note.row, "count") if note.row else None,
                    note.project,
                    texts.get(SECTION, f"level_{note.level}"),
                    note.message.render(texts),
                ],
                code=str(note.row),
            )
            for note in result.notes
        ],
    )
    if not table.rows:
        table.notes.append(texts.get(SECTION, "no_notes"))
    tables = [
        make_project_table(result, texts),
        make_line_table(result, texts),
        make_zone_table(result, texts),
        make_class_table(result, texts),
        make_township_table(result, texts),
        table,
    ]
    write_tables_workbook(path, tables, result.area_name, texts)


def make_project_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each project: areas in hectares, verdict and reasons."""
    table = ReportTable(
        "conformity_projects",
        [
            TableColumn("project_row", width_in_characters=6),
            TableColumn("project_name", width_in_characters=26),
            TableColumn("project_number", width_in_characters=16),
            TableColumn("project_use", width_in_characters=20),
            TableColumn("project_township", width_in_characters=18),
            TableColumn("project_statutory", "ha", width_in_characters=12),
            TableColumn("project_declared", "ha", width_in_characters=12),
            *(TableColumn(f"project_{line}", "ha", width_in_characters=12) for line in _LEADING_LINES),
            TableColumn("project_supplement", "ha", width_in_characters=12),
            TableColumn("project_compensation", "ha", width_in_characters=12),
            TableColumn("project_verdict", width_in_characters=10),
            TableColumn("project_reasons", width_in_characters=70),
            TableColumn("project_missing", width_in_characters=40),
        ],
        unit="ha",
    )
    for one in result.results:
        project = one.project
        supplements = {item.id: item.occupied_m2 for item in one.supplements}
        cells: list[CellValue] = [
            make_table_number(project.row, "count"),
            project.name,
            project.number,
            _describe_use(one),
            texts.get("words", "between_names").join(item.name for item in one.named_townships),
            _hectares(project.statutory_m2),
            _hectares(project.declared_m2),
            *(_hectares(line.leading_m2 if line else None) for line in map(one.find_line, _LEADING_LINES)),
            _hectares(supplements.get("farmland")),
            _hectares(supplements.get("cultivated")),
            get_outcome_name(one.verdict, texts),
            "\n".join(reason.render(texts) for reason in one.reasons),
            texts.get("words", "between_names").join(item.get_name(texts.lang) for item in one.missing),
        ]
        table.rows.append(ReportTableRow(cells, code=str(project.row)))
    table.notes.append(texts.get(SECTION, "table_note", table=result.admission_file))
    if result.unread_note:
        table.notes.append(result.unread_note.render(texts))
    return table


def make_line_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each control line of each project, with rule, source and outcome."""
    return ReportTable(
        "conformity_lines",
        [
            *_make_project_columns(),
            TableColumn("project_line", width_in_characters=18),
            TableColumn("project_role", width_in_characters=14),
            TableColumn("project_occupied", "m2", width_in_characters=14),
            TableColumn("project_basis", width_in_characters=14),
            TableColumn("project_gross", "m2", width_in_characters=14),
            TableColumn("project_outside", "m2", width_in_characters=14),
            TableColumn("project_distance", "m", width_in_characters=12),
            *_make_rule_columns(),
        ],
        [
            ReportTableRow(
                [
                    *_make_project_cells(one),
                    line.get_name(texts.lang),
                    line.role,
                    make_table_number(line.leading_m2, "m2"),
                    texts.get(SECTION, f"basis_{line.basis}"),
                    make_table_number(line.area_m2, "m2"),
                    make_table_number(line.outside_m2, "m2"),
                    make_table_number(line.distance_m, "m", 2),
                    get_outcome_name(line.outcome, texts),
                    line.reason.render(texts),
                    *_make_rule_cells(line.rule, texts),
                ],
                code=f"{one.project.row}/{line.id}",
            )
            for one in result.results
            for line in one.lines
        ],
    )


def make_zone_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each planning zone of each project, with its admission."""
    return ReportTable(
        "conformity_zones",
        [
            *_make_project_columns(),
            TableColumn("project_zone_code", width_in_characters=10),
            TableColumn("project_zone", width_in_characters=18),
            TableColumn("project_area", "m2", width_in_characters=14),
            TableColumn("project_use", width_in_characters=20),
            TableColumn("project_admission", width_in_characters=10),
            *_make_rule_columns(),
        ],
        [
            ReportTableRow(
                [
                    *_make_project_cells(one),
                    zone.code,
                    zone.name,
                    make_table_number(zone.area_m2, "m2"),
                    _describe_use(one),
                    texts.get(SECTION, f"admission_{zone.admission}"),
                    get_outcome_name(zone.outcome, texts),
                    zone.reason.render(texts),
                    *_make_rule_cells(zone.rule, texts),
                ],
                code=f"{one.project.row}/{zone.code}",
            )
            for one in result.results
            for zone in one.zones
        ],
    )


def make_class_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each land class and ownership of each project, and its sum."""
    table = ReportTable(
        "conformity_classes",
        [
            *_make_project_columns(),
            TableColumn("project_class_code", width_in_characters=10),
            TableColumn("project_class", width_in_characters=18),
            TableColumn("project_major_class", width_in_characters=12),
            TableColumn("project_ownership", width_in_characters=10),
            TableColumn("project_area", "m2", width_in_characters=14),
            TableColumn("project_net", "m2", width_in_characters=14),
        ],
        unit="m2",
    )
    for one in result.results:
        for item in one.classes:
            cells: list[CellValue] = [
                *_make_project_cells(one),
                item.code,
                item.name,
                item.major_class,
                item.ownership,
                make_table_number(item.area_m2, "m2"),
                make_table_number(item.net_m2, "m2"),
            ]
            table.rows.append(ReportTableRow(cells, code=f"{one.project.row}/{item.code}"))
        if one.unclassified_m2:
            cells = [
                *_make_project_cells(one),
                "",
                texts.get(SECTION, "unclassified"),
                "",
                "",
                make_table_number(one.unclassified_m2, "m2"),
                None,
            ]
            table.rows.append(ReportTableRow(cells, code=f"{one.project.row}/"))
        if one.classes:
            total = sum(item.area_m2 for item in one.classes) + one.unclassified_m2
            cells = [*_make_project_cells(one), "", texts.get(SECTION, "total"), "", "", None, None]
            cells[-2] = make_table_number(total, "m2")
            table.rows.append(ReportTableRow(cells, "sum", f"{one.project.row}/total"))
    return table


def make_township_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each township of each project, and the project's sum."""
    table = ReportTable(
        "conformity_townships",
        [
            *_make_project_columns(),
            TableColumn("project_township_code", width_in_characters=14),
            TableColumn("project_township_name", width_in_characters=18),
            TableColumn("project_area", "m2", width_in_characters=14),
        ],
        unit="m2",
    )
    for one in result.results:
        rows = [(item.code, item.name, item.area_m2) for item in one.townships]
        if rows and one.outside_townships_m2:
            rows.append(("", texts.get(SECTION, "outside_townships"), one.outside_townships_m2))
        for code, name, area in rows:
            cells: list[CellValue] = [*_make_project_cells(one), code, name, make_table_number(area, "m2")]
            table.rows.append(ReportTableRow(cells, code=f"{one.project.row}/{code}"))
        if rows:
            total = make_table_number(sum(area for _, _, area in rows), "m2")
            cells = [*_make_project_cells(one), "", texts.get(SECTION, "total"), total]
            table.rows.append(ReportTableRow(cells, "sum", f"{one.project.row}/total"))
    return table


def _hectares(area_m2: float | None) -> TableNumber | None:
    """Return an area (m²) as a cell in hectares."""
    return make_table_number(None if area_m2 is None else area_m2 / _M2_PER_HA, "ha", _HA_DECIMALS)


def _describe_use(one: ProjectResult) -> str:
    """Return code and name of the use, else its text."""
    project = one.project
    return f"{project.use_code} {project.use_name}" if project.use_code else project.use_text


def _make_project_columns() -> list[TableColumn]:
    """Return the first columns of a table with several rows for each project."""
    return [TableColumn("project_row", width_in_characters=6), TableColumn("project_name", width_in_characters=24)]


def _make_project_cells(one: ProjectResult) -> list[CellValue]:
    """Return the first cells of a row on a project."""
    return [make_table_number(one.project.row, "count"), one.project.label]


def _make_rule_columns() -> list[TableColumn]:
    """Return the columns on outcome, reason and source."""
    return [
        TableColumn("project_outcome", width_in_characters=10),
        TableColumn("project_reason", width_in_characters=60),
        TableColumn("project_source", width_in_characters=36),
        TableColumn("project_mark", width_in_characters=10),
    ]


def _make_rule_cells(rule: AdmissionRule | None, texts: Texts) -> list[CellValue]:
    """Return the cells on source and mark; a default that the county has not confirmed is marked as such."""
    if rule is None:
        return ["", ""]
    mark = f"C {texts.get(SECTION, 'unconfirmed_mark')}" if rule.mark == "C" else rule.mark
    return [rule.get_source(texts.lang), mark]
