# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing of a package's tables: a workbook, and an mdb file with the driver of Access.

Each file is read again and compared; the manifest has the result.
"""

from __future__ import annotations

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...base.errors import DataError, InputError, OutputError
from ...checks.tabulate import TabulatedPlan, tabulate_plan, write_new_figures_workbook
from ...standard.messages.texts import CauseMessage, Texts
from ..export_order import ExportContext
from ..names import fill_placeholders
from ..problems import ExportProblem, ProblemLevel
from .access_database import (
    AccessDriver,
    find_access_driver,
    verify_written_tables,
    write_database_tables,
)
from .compare import DIFFERENCE_CASES, find_differences, find_lost_rows
from .known_tables import REQUIRED_TABLES, KnownTables
from .sheets import read_workbook

#: Differences that only a defect of this program can cause in its workbook.
_WRITING_FAULTS = (*DIFFERENCE_CASES, "target", "text", "formula", "error", "merged")


def write_workbooks(context: ExportContext) -> list[ExportProblem]:
    """Write the plan's figures as tables of the package.

    Return the problems of tables that could not be made.
    """
    if context.package_spec.tables is None:
        return []
    if find_spec("openpyxl") is None:
        return [ExportProblem(ProblemLevel.NOTE, "tables_no_openpyxl")]
    try:
        tabulated_plan = tabulate_plan(
            context.plan, context.lang, side_inputs=context.check_result.side, cancellation=context.cancellation
        )
    except (InputError, DataError) as error:
        # Not every edition has the lists that the tables need.
        return [ExportProblem(ProblemLevel.NOTE, "tables_not_made", params={"reason": CauseMessage(error)})]
    path = context.prepare_generated_path(context.package_spec.tables, ".xlsx")
    write_new_figures_workbook(tabulated_plan, path)
    context.manifest["tables"] = [verify_workbook(tabulated_plan, path, context)]
    texts = Texts(context.lang)
    made_ids = {table.id for table in tabulated_plan.tables}
    missing_titles = tuple(texts.get("sheets", name) for name in REQUIRED_TABLES if name not in made_ids)
    wanting = ExportProblem(ProblemLevel.NOTE, "tables_wanting", count=len(missing_titles), features=missing_titles)
    return [*([wanting] if missing_titles else []), *write_access_tables(tabulated_plan, context)]


def verify_workbook(tabulated_plan: TabulatedPlan, path: Path, context: ExportContext) -> dict[str, Any]:
    """Compare every figure of the written workbook; return its entry for the manifest.

    Raises
    ------
    OutputError
        If a figure differs.
    """
    file = context.get_path_in_package(path)
    texts = Texts(context.lang)
    known_tables = KnownTables(tabulated_plan.tables, context.lang)
    book = read_workbook(path, file)
    table_of_sheet = {texts.get("sheets", table.id): table for table in tabulated_plan.tables}
    rows = []
    if book.unreadable_reason or [sheet.name for sheet in book.sheets] != list(table_of_sheet):
        raise OutputError("package_table_not_the_same", file=path.name, place=book.unreadable_reason or "—")
    for sheet in book.sheets:
        table = table_of_sheet[sheet.name]
        if table.id not in known_tables.tables:
            continue
        blocks = known_tables.find_sheet_tables(sheet)
        if not blocks and not table.rows:
            continue
        if [b.table.id for b in blocks] != [table.id] or find_lost_rows(blocks[0]) or blocks[0].unknown_figure_lines:
            raise OutputError("package_table_not_the_same", file=path.name, place=sheet.name)
        differences, compared_count = find_differences(blocks[0])
        faults = [one for one in differences if one.case in _WRITING_FAULTS]
        if faults:
            raise OutputError(
                "package_table_not_the_same",
                file=path.name,
                place=f"{sheet.name} {faults[0].row_name} {faults[0].column_heading}",
            )
        rows.append(
            {"id": table.id, "sheet": sheet.name, "rows": len(blocks[0].row_by_line), "figures": compared_count}
        )
    return {"file": file, "format": "xlsx", "sheets": rows, "read_back": {"library": "openpyxl", "same": True}}


def write_access_tables(
    tabulated_plan: TabulatedPlan, context: ExportContext, driver: AccessDriver | str | None = None
) -> list[ExportProblem]:
    """Write the tables as each .mdb of the specification that the planner does not supply.

    ``driver`` is the Access driver, or the reason for its absence. Return the problems of files that were not written.
    """
    problems = []
    empty_table_slots = (one.slot for one in context.filled_slots if one.slot.kind == "table" and not one.file_paths)
    for slot in (one for one in empty_table_slots if one.file.lower().endswith(".mdb")):
        driver = find_access_driver() if driver is None else driver
        path = context.prepare_file_path(slot.folder, fill_placeholders(slot.file, context.placeholders))
        reason = driver if isinstance(driver, str) else _write_mdb(tabulated_plan, path, driver, context)
        if reason:
            path.unlink(missing_ok=True)
            problems.append(
                ExportProblem(ProblemLevel.NOTE, "mdb_not_made", params={"name": path.name, "detail": reason})
            )
    return problems


def _write_mdb(tabulated_plan: TabulatedPlan, path: Path, driver: AccessDriver, context: ExportContext) -> str:
    """Write the tables as an mdb file and read it again.

    Return the driver's message if the file could not be written; empty if it was.

    Raises
    ------
    OutputError
        If the data differ when they are read again.
    """
    texts = Texts(context.lang)
    try:
        driver.create_database(path)
        with closing(driver.open_connection(path)) as connection:
            rows = write_database_tables(connection, tabulated_plan.tables, texts)
            connection.commit()
        with closing(driver.open_connection(path)) as connection:
            compared_count = verify_written_tables(connection, tabulated_plan.tables, texts, path.name)
    except driver.error_types as error:
        return str(error).replace(str(path), path.name)
    context.manifest["tables"].append(
        {
            "file": context.get_path_in_package(path),
            "format": "mdb",
            "sheets": [
                {"id": t.id, "sheet": n, "rows": rows[n]} for t, n in zip(tabulated_plan.tables, rows, strict=True)
            ],
            "read_back": {"library": driver.odbc_name, "same": True, "figures": compared_count},
        }
    )
    for slot in context.manifest.get("slots", ()):
        if slot["pattern"] == path.name:
            slot["files"].append(context.get_path_in_package(path))
    return ""
