# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's own workbook in a package: its words, forms and looks against the workbook made again, and against the report.

Made again where version, build, profile, standard and layers are those that made it; else the states of indicators and the
sheet on the data are compared with the report, and a finding says that the rest was not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.indicator import Indicator
from ...model.rule import Severity
from ...render import figures as shown
from ...render.tables.model import Table, sheet_name
from ...render.words import Words
from ...tabulate import TIME_FORM, make_about_table
from ..inspection.facts import PackageFacts
from ..problems import NAMED
from ..tables.compare import find_differences
from ..tables.known_tables import KnownTables
from ..tables.model import Cell, Sheet, Workbook
from ..tables.own_workbook import CellChange, SheetChanges, compare_sheet, find_foreign_formats, find_misleading_formats
from ..tables.read import read_workbook
from ._package import explain_not_rebuilt
from ._tables import column_letters

if TYPE_CHECKING:
    from ...engine.context import Context

#: Letters of a cell that a message repeats, and parts of a workbook that it names.
_LONGEST, _PARTS = 60, 5
#: What may pass between check and export on clocks that differ.
_SLACK = timedelta(minutes=2)
_DAY = timedelta(days=1)
_EMPTY = Cell("")
#: Errors from records of a report that lack an item or hold one of another type.
_BROKEN = (LookupError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True)
class InspectedWorkbook:
    """``book``: the workbook; ``tables``: those that the layers give, in its language; ``printed``: the report as data, empty where
    it cannot be read (DOC013 reports that)."""

    book: Workbook
    tables: list[Table]
    told: dict[str, Any]
    package: PackageFacts
    ctx: Context
    lang: str

    @property
    def texts(self) -> Texts:
        return Texts(self.ctx.lang)

    @property
    def provenance(self) -> dict[str, Any]:
        said = self.told.get("provenance")
        return said if isinstance(said, dict) else {}


def compare_own_tables(own: InspectedWorkbook) -> Iterator[Finding]:
    """Findings on the cells of our own workbook that hold no figures, and on how all are written."""
    yield from _parts(own)
    reason = _why_not(own)
    made = {} if reason else _made_again(own)
    about = sheet_name(Table("about", []), Texts(own.lang))
    for sheet in own.book.sheets:
        if sheet.name == about:
            yield from _about(sheet, own)
        elif sheet.name in made:
            yield from _changed(sheet, compare_sheet(sheet, made[sheet.name], _names(own)), own)
        else:
            yield from _forms(own.book, sheet, find_foreign_formats(sheet), own.texts, Severity.ERROR)
            yield from _states(sheet, own)
        if sheet.conditions:
            detail = own.texts.get("hidden", "conditions")
            yield _on(own.book, sheet, "look", count=1, cells=detail)
    if not reason:
        yield from _counts(own)
    else:
        yield Finding(
            "",
            key=own.book.file,
            case="unbuilt",
            severity=Severity.WARNING if reason in ("version", "templates") else Severity.INFO,
            params={"file": own.book.file, "reason": own.texts.get("not_rebuilt", reason)},
        )


def _counts(own: InspectedWorkbook) -> Iterator[Finding]:
    """Compare the rows and figures of each sheet with those that the manifest counts."""
    known = KnownTables(own.tables, own.lang)
    sheets = {sheet.name: sheet for sheet in own.book.sheets}
    rows = (own.package.manifest or {}).get("tables")
    for table in rows if isinstance(rows, list) else ():
        listed = table.get("sheets") if isinstance(table, dict) and table.get("file") == own.book.file else None
        for row in listed if isinstance(listed, list) else ():
            sheet = sheets.get(str(row.get("sheet"))) if isinstance(row, dict) else None
            blocks = known.blocks(sheet) if sheet is not None else []
            if sheet is None or not blocks or not {"rows", "figures"} <= row.keys():
                continue
            told, found = (row["rows"], row["figures"]), (len(blocks[0].rows), find_differences(blocks[0])[1])
            if told != found:
                params = {
                    "rows": found[0],
                    "figures": found[1],
                    "told_rows": str(told[0]),
                    "told_figures": str(told[1]),
                }
                yield _on(own.book, sheet, "counts", None, **params)


def check_foreign_tables(book: Workbook, texts: Texts) -> Iterator[Finding]:
    """Findings on cells of any workbook that show other than they hold: misleading number formats, cells under pictures."""
    for sheet in book.sheets:
        yield from _forms(book, sheet, find_misleading_formats(sheet), texts, Severity.WARNING)
        if sheet.covered:
            names = [_cell(*place) for place in sheet.covered]
            yield _on(book, sheet, "covered", Severity.WARNING, count=len(names), cells=_some(names, texts))


def _on(book: Workbook, sheet: Sheet, case: str, severity: Severity | None = None, **params: Any) -> Finding:
    params = {"file": book.file, "sheet": sheet.name, **params}
    return Finding("", key=f"{book.file}/{sheet.name}", case=case, severity=severity, params=params)


def _parts(own: InspectedWorkbook) -> Iterator[Finding]:
    """Pictures, shapes and whatever else our tables do not have."""
    if own.book.parts:
        params = {"file": own.book.file, "parts": ", ".join(own.book.parts[:_PARTS])}
        if len(own.book.parts) > _PARTS:
            params["parts"] += " …"
        yield Finding("", key=own.book.file, case="drawn", params=params)
    for sheet in own.book.sheets:
        if sheet.covered:
            names = [_cell(*place) for place in sheet.covered]
            yield _on(own.book, sheet, "covered", count=len(names), cells=_some(names, own.texts))


def _why_not(own: InspectedWorkbook) -> str:
    """Why the workbook cannot be made again (key of texts ``explain_not_rebuilt``); empty where it can."""
    said, norm = own.provenance, own.ctx.norm
    if not said:
        return "data"
    try:
        if reason := explain_not_rebuilt(own.package, str(said["versions"]["sanxian"])):
            return reason
        if said["profile"]["id"] != norm.profile.id:
            return "profile"
        if (said["standard"]["id"], said["standard"]["edition"]) != (norm.standard.id, norm.standard.edition):
            return "standard"
        roles = {str(row["role"]) for row in said["layers"]}
    except _BROKEN:
        return "data"
    return "" if roles == own.ctx.plan.layers.keys() else "layers"


def _made_again(own: InspectedWorkbook) -> dict[str, Sheet]:
    """The sheets of the workbook as this version makes it of the package's layers."""
    # Rules load with the toolbox, which does without the reading of files until something runs.
    from ...engine.provenance import area_name
    from ...render.tables.workbook import put_workbook

    texts = Texts(own.lang)
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "a.xlsx"
        put_workbook(path, own.tables, area_name(own.ctx.plan), texts, "")
        return {sheet.name: sheet for sheet in read_workbook(path, path.name).sheets}


def _names(own: InspectedWorkbook) -> dict[str, str]:
    """What the report calls each layer → what it is called in the package."""
    layers = own.ctx.plan.layers
    rows = own.provenance.get("layers", ())
    return {str(row["name"]): layers[row["role"]].name for row in rows if row.get("role") in layers}


def _changed(sheet: Sheet, changed: SheetChanges, own: InspectedWorkbook) -> Iterator[Finding]:
    texts = own.texts
    if changed.words:
        yield _words(sheet, changed.words, own)
    yield from _forms(own.book, sheet, changed.number_formats, texts, None)
    names = [_cell(one.row, one.column) for one in changed.styles]
    names += [texts.get("words", "line_or_column", name=key) for key in changed.sizes]
    if names:
        yield _on(own.book, sheet, "look", count=len(names), cells=_some(names, texts))


def _words(sheet: Sheet, words: list[CellChange], own: InspectedWorkbook) -> Finding:
    texts = own.texts
    blank = texts.get("words", "blank")
    named = [
        texts.get(
            "words",
            "told_and_given",
            cell=_cell(o.row, o.column),
            told=_cut(o.printed) or blank,
            given=_cut(o.expected) or blank,
        )
        for o in words[:NAMED]
    ]
    cells = texts.get("words", "between_cells").join(named) + (" …" if len(words) > NAMED else "")
    return _on(own.book, sheet, "words", count=len(words), cells=cells)


def _forms(
    book: Workbook, sheet: Sheet, forms: list[CellChange], texts: Texts, severity: Severity | None
) -> Iterator[Finding]:
    if forms:
        named = [
            texts.get(
                "words",
                "in_form",
                cell=_cell(o.row, o.column),
                form=_cut(o.printed),
                held=_cut(sheet.text(o.row, o.column)),
            )
            for o in forms[:NAMED]
        ]
        cells = texts.get("words", "between_cells").join(named) + (" …" if len(forms) > NAMED else "")
        yield _on(book, sheet, "format", severity, count=len(forms), cells=cells)


def _about(sheet: Sheet, own: InspectedWorkbook) -> Iterator[Finding]:
    """The sheet on the data against the report's own account of them."""
    said = own.provenance
    try:
        findings = own.told.get("findings") or ()
        unread = [str(f["message"]) for f in findings if f.get("code") == "RUN905"]
        notes = [*map(str, said["notices"]), *unread]
        table = make_about_table(said, Texts(own.lang), "", [])
        begun = datetime.fromisoformat(str(said["started"]))
    except _BROKEN:
        # DOC013 reports that the report cannot be read.
        return
    head = 3
    given = {(head + n, c): str(v or "") for n, row in enumerate(table.rows, 1) for c, v in enumerate(row.values, 1)}
    time = next(head + n for n, row in enumerate(table.rows, 1) if row.code == "time")
    last = head + len(table.rows)
    wrong = [
        CellChange(*place, sheet.text(*place), text)
        for place, text in given.items()
        if place != (time, 2)
        and sheet.cells.get(place, _EMPTY).state != "merged"
        and sheet.text(*place).strip() != text.strip()
    ]
    told = sheet.text(time, 2)
    if not _in_time(told, begun, own.package):
        wrong.append(CellChange(time, 2, told, begun.strftime(TIME_FORM)))
    kept = {note.strip() for note in notes}
    for (row, column), cell in sorted(sheet.cells.items()):
        foreign = cell.text not in kept if row > last else column > 2
        if foreign and cell.state != "merged":
            wrong.append(CellChange(row, column, cell.text, ""))
    if wrong:
        yield _words(sheet, wrong, own)


def _in_time(told: str, begun: datetime, package: PackageFacts) -> bool:
    """Was the workbook made after the check began, and within a day of the manifest?"""
    try:
        made = datetime.strptime(told, TIME_FORM)
        end = datetime.fromisoformat(str((package.manifest or {}).get("made")))
    except ValueError:
        return False
    return begun.replace(tzinfo=None) - _SLACK <= made <= end.replace(tzinfo=None) + _DAY


def _states(sheet: Sheet, own: InspectedWorkbook) -> Iterator[Finding]:
    """States, targets and confirmation of indicators against the report: what a workbook of any version says."""
    known = KnownTables(own.tables, own.lang)
    words = Words(own.lang)
    texts = Texts(own.lang)
    rows: dict[str, list[Indicator]] = {}
    try:
        for row in own.told.get("indicators") or ():
            one = Indicator.from_dict(row)
            rows.setdefault(one.id, []).append(one)
    except _BROKEN:
        return
    wrong = []
    for block in known.blocks(sheet):
        if block.table.id != "indicators":
            continue
        for line, row in block.rows.items():
            for place in block.places:
                allowed = {_said(place.known.id, one, words, texts) for one in rows.get(row.code, ())}
                told = sheet.text(line, place.column)
                if None not in allowed and allowed and told not in allowed:
                    given = "/".join(sorted(str(text) for text in allowed))
                    wrong.append(CellChange(line, place.column, told, given))
    if wrong:
        yield _words(sheet, wrong, own)


def _said(column: str, one: Indicator, words: Words, texts: Texts) -> str | None:
    """What a column of the table of indicators has for one; None for a column that is not compared."""
    if column == "state":
        return shown.format_state(one, words)
    if column == "target":
        return shown.format_target(one, words).replace("\u202f", " ")
    if column == "confirmed":
        return texts.get("tables", "yes" if one.confirmed else "no")
    return None


def _cell(row: int, column: int) -> str:
    return f"{column_letters(column)}{row}"


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[:_LONGEST] + "…"


def _some(names: list[str], texts: Texts) -> str:
    return texts.get("words", "between_names").join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
