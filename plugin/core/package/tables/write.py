# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing of a package's tables: workbook, and .mdb with Access's driver.

Each is read again and compared; the manifest has the result.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError, InputError, OutputError
from ...messages.texts import CauseMessage, Texts
from ...render.tables.model import sheet_name
from ..export_context import ExportContext
from ..names import fill_placeholders
from ..problems import Level, Problem
from .compare import DIFFER, find_differences, find_lost_rows
from .database import AccessDriver, NotTheSame, compare_tables, find_access_driver, write_tables
from .known_tables import PROMISED, KnownTables
from .read import read_workbook

if TYPE_CHECKING:
    from ...tabulate import Tabulated

#: Differences that only a defect of this program can cause in its workbook.
_FAULTS = (*DIFFER, "target", "text", "formula", "error", "merged")


def write_workbooks(context: ExportContext) -> list[Problem]:
    """Write the report's indicators as tables; report tables that could not be made."""
    from ...tabulate import tabulate_plan, write_tables

    if context.package_spec.tables is None:
        return []
    if find_spec("openpyxl") is None:
        return [Problem(Level.NOTE, "tables_no_openpyxl")]
    try:
        made = tabulate_plan(context.plan, context.lang, side=context.checked.side, cancellation=context.cancellation)
    except (InputError, DataError) as error:
        # Not every edition has the lists that the tables need.
        return [Problem(Level.NOTE, "tables_not_made", params={"reason": CauseMessage(error)})]
    path = context.path(context.package_spec.tables, ".xlsx")
    write_tables(made, path)
    context.manifest["tables"] = [workbook_row(made, path, context)]
    return [*_report_missing_tables(made, context), *write_access_tables(made, context)]


def workbook_row(made: Tabulated, path: Path, context: ExportContext) -> dict[str, Any]:
    """Read the workbook again and compare every figure with the written one.

    Raises
    ------
    OutputError
        If a figure differs.
    """
    file = context.inside(path)
    texts = Texts(context.lang)
    known = KnownTables(made.tables, context.lang)
    book = read_workbook(path, file)
    written = {sheet_name(table, texts): table for table in made.tables}
    rows = []
    if book.problem or [sheet.name for sheet in book.sheets] != list(written):
        raise OutputError("package_table_not_the_same", file=path.name, place=book.problem or "—")
    for sheet in book.sheets:
        table = written[sheet.name]
        if table.id not in known.tables:
            continue
        blocks = known.blocks(sheet)
        if not blocks and not table.rows:
            continue
        if [b.table.id for b in blocks] != [table.id] or find_lost_rows(blocks[0]) or blocks[0].unknown:
            raise OutputError("package_table_not_the_same", file=path.name, place=sheet.name)
        found, compared = find_differences(blocks[0])
        wrong = [one for one in found if one.case in _FAULTS]
        if wrong:
            raise OutputError(
                "package_table_not_the_same", file=path.name, place=f"{sheet.name} {wrong[0].row} {wrong[0].head}"
            )
        rows.append({"id": table.id, "sheet": sheet.name, "rows": len(blocks[0].rows), "figures": compared})
    return {"file": file, "format": "xlsx", "sheets": rows, "read_back": {"library": "openpyxl", "same": True}}


def _report_missing_tables(made: Tabulated, context: ExportContext) -> list[Problem]:
    """Report tables that the specification promises and for which layers are missing."""
    texts = Texts(context.lang)
    there = {table.id for table in made.tables}
    gone = tuple(texts.get("sheets", name) for name in PROMISED if name not in there)
    return [Problem(Level.NOTE, "tables_wanting", count=len(gone), features=gone)] if gone else []


def write_access_tables(made: Tabulated, context: ExportContext, of: AccessDriver | str | None = None) -> list[Problem]:
    """Write the tables as .mdb for each unfilled slot with this suffix.

    ``of`` is the driver, or the reason for its absence.
    """
    problems = []
    for filled in context.filled:
        slot = filled.slot
        if slot.kind != "table" or filled.files or not slot.file.lower().endswith(".mdb"):
            continue
        driver = find_access_driver() if of is None else of
        path = context.place(slot.folder, fill_placeholders(slot.file, context.values))
        reason = driver if isinstance(driver, str) else _write_database(made, path, driver, context)
        if reason:
            path.unlink(missing_ok=True)
            problems.append(Problem(Level.NOTE, "mdb_not_made", params={"name": path.name, "detail": reason}))
    return problems


def _write_database(made: Tabulated, path: Path, driver: AccessDriver, context: ExportContext) -> str:
    """Write a database and read it again; return why it could not be written, or "".

    Raises
    ------
    OutputError
        If the data differ when they are read again.
    """
    texts = Texts(context.lang)
    try:
        driver.create(path)
        connection = driver.connect(path)
        try:
            rows = write_tables(connection, made.tables, texts)
            connection.commit()
        finally:
            connection.close()
        again = driver.connect(path)
        try:
            compared = compare_tables(again, made.tables, texts)
        finally:
            again.close()
    except NotTheSame as error:
        place = f"{error.table} {error.line} {error.column}"
        raise OutputError("package_table_not_the_same", file=path.name, place=place) from error
    except driver.errors as error:
        return str(error).replace(str(path), path.name)
    sheets = [{"id": t.id, "sheet": n, "rows": rows[n]} for t, n in zip(made.tables, rows, strict=True)]
    read = {"library": driver.driver, "same": True, "figures": compared}
    context.manifest["tables"].append(
        {"file": context.inside(path), "format": "mdb", "sheets": sheets, "read_back": read}
    )
    for slot in context.manifest.get("slots", ()):
        if slot["pattern"] == path.name:
            slot["files"].append(context.inside(path))
    return ""
