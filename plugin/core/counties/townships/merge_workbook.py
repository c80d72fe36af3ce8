# SPDX-License-Identifier: GPL-2.0-or-later
"""The workbook of a merge: packages, contradictions, changes, seams."""

from __future__ import annotations

from pathlib import Path

from ...model.rule import Severity
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, make_table_number
from ...render.tables.workbook import write_tables_workbook
from ...standard.messages.texts import Texts
from .decide import Outcome
from .log import LoggedContradiction, LoggedVersion, MergeLog
from .read_packages import EditedPackage
from .township_sentences import describe_note, get_layer_title

_LENGTH_DECIMALS = 2


def write_merge_workbook(log: MergeLog, path: Path, texts: Texts) -> None:
    """Write all tables of a merge to a new workbook. Raise OutputError."""
    tables = [make_package_table(log, texts), make_contradiction_table(log, texts), make_change_table(log, texts)]
    if log.has_seams:
        table = ReportTable(
            "township_seams",
            [
                TableColumn("number", width_in_characters=6),
                TableColumn("township_seam", width_in_characters=16),
                TableColumn("township_severity", width_in_characters=8),
                TableColumn("layer", width_in_characters=18),
                TableColumn("township_first", width_in_characters=34),
                TableColumn("township_second", width_in_characters=34),
                TableColumn("township_length", "m", width_in_characters=14),
                TableColumn("township_area", "m2", width_in_characters=16),
            ],
            notes=[
                texts.get("townships", "seams_note", count=log.former_seam_count),
                *(gap.render(texts) for gap in log.gaps),
            ],
        )
        for number, seam in enumerate(log.seams, 1):
            sides = [f"{name}\n{', '.join(keys)}".strip() for name, keys in seam.sides]
            cells: list[CellValue] = [
                str(number),
                texts.get("township_seams", seam.kind),
                texts.get("townships", "note" if seam.severity is Severity.INFO else "warning"),
                get_layer_title(seam.layer, texts),
                *sides,
                make_table_number(seam.length_m, "m", _LENGTH_DECIMALS),
                make_table_number(seam.area_m2, "m2"),
            ]
            table.rows.append(ReportTableRow(cells, "row", seam.kind))
        tables.append(table)
    write_tables_workbook(path, tables, "", texts)


def make_package_table(log: MergeLog, texts: Texts) -> ReportTable:
    """Return each package with the number of its changes and contradictions, and notes on its layers and fields."""
    table = ReportTable(
        "township_packages",
        [
            TableColumn("township_package", width_in_characters=24),
            TableColumn("township_person", width_in_characters=12),
            TableColumn("township_rows", width_in_characters=10),
            TableColumn("township_changed_count", width_in_characters=10),
            TableColumn("township_contradiction_count", width_in_characters=10),
            TableColumn("township_notes", width_in_characters=60),
        ],
    )
    for package in log.packages:
        applied = sum(one.package is package and one.outcome is Outcome.APPLIED for one in log.changes)
        contradictions = sum(any(version.package is package for version in one.versions) for one in log.contradictions)
        notes = [describe_note(note, texts) for note in log.notes if note.package is package]
        cells: list[CellValue] = [
            _name_package(package, texts),
            package.person,
            make_table_number(package.manifest.row_count, "count"),
            make_table_number(applied, "count"),
            make_table_number(contradictions, "count"),
            "\n".join(notes),
        ]
        table.rows.append(ReportTableRow(cells))
    return table


def make_contradiction_table(log: MergeLog, texts: Texts) -> ReportTable:
    """Return each version of each contradiction, one row each."""
    return ReportTable(
        "township_contradictions",
        [
            TableColumn("number", width_in_characters=6),
            TableColumn("township_contradiction", width_in_characters=26),
            TableColumn("layer", width_in_characters=16),
            TableColumn("township_key", width_in_characters=22),
            TableColumn("township_version", width_in_characters=24),
            TableColumn("township_person", width_in_characters=12),
            TableColumn("township_values", width_in_characters=50),
            TableColumn("township_area", "m2", width_in_characters=16),
            TableColumn("township_choice", width_in_characters=20),
        ],
        [
            ReportTableRow(
                [
                    str(one.number),
                    texts.get("township_contradictions", one.kind),
                    one.layer,
                    one.key,
                    _name_package(version.package, texts) if version.package else texts.get("townships", "county"),
                    version.package.person if version.package else "",
                    _describe_version(one, version, texts),
                    make_table_number(version.area_m2, "m2"),
                    texts.get("township_choices", one.choice),
                ],
                "row",
                one.kind,
            )
            for one in log.contradictions
            for version in one.versions
        ],
        notes=[texts.get("townships", "contradictions_note")],
    )


def _describe_version(one: LoggedContradiction, version: LoggedVersion, texts: Texts) -> str:
    """Return the differing values of a version, one on each line."""
    if version.is_deleted:
        return texts.get("townships", "deleted")
    empty = texts.get("versions", "empty")
    lines = [f"{name}: {empty if value is None else value}" for name, value in version.values]
    if one.has_other_shape:
        lines.append(texts.get("townships", "other_shape"))
    return "\n".join(lines)


def make_change_table(log: MergeLog, texts: Texts) -> ReportTable:
    """Return each change: package, person, row, kind, areas before and after, and what became of it."""
    return ReportTable(
        "township_changes",
        [
            TableColumn("township_package", width_in_characters=24),
            TableColumn("township_person", width_in_characters=12),
            TableColumn("layer", width_in_characters=16),
            TableColumn("township_key", width_in_characters=22),
            TableColumn("township_new_key", width_in_characters=22),
            TableColumn("township_change", width_in_characters=16),
            TableColumn("township_fields", width_in_characters=30),
            TableColumn("township_area_before", "m2", width_in_characters=16),
            TableColumn("township_area_after", "m2", width_in_characters=16),
            TableColumn("township_outcome", width_in_characters=20),
        ],
        [
            ReportTableRow(
                [
                    _name_package(one.package, texts),
                    one.package.person,
                    one.layer,
                    one.key,
                    one.new_key,
                    texts.get("township_changes", one.kind),
                    ", ".join(one.fields),
                    make_table_number(one.area_before_m2, "m2"),
                    make_table_number(one.area_after_m2, "m2"),
                    texts.get("township_outcomes", one.outcome),
                ],
                "row",
                one.kind,
            )
            for one in log.changes
        ],
    )


def _name_package(package: EditedPackage, texts: Texts) -> str:
    """Return code and name of the township of a package."""
    return package.label if package.manifest.code else texts.get("townships", "county_package")
