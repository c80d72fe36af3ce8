# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rule on the tables of a package finds in one sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...messages.texts import LANGUAGES, Texts
from ...model.findings import Finding
from ...model.indicator import COUNT
from ...model.rule import Severity
from ..problems import NAMED
from ..tables.compare import DIFFER, Difference, differences, lost_rows, other_names
from ..tables.known import KEYS, Block, Known, has_figures
from ..tables.looks import load_looks
from ..tables.model import Sheet, Workbook
from ..tables.words import word
from ._cells import groups, name_of, params_of

#: Signs of a name out of a sheet that a message repeats.
_LONGEST = 40


@dataclass
class Seen:
    """What one sheet holds: the tables recognised by id, and findings."""

    tables: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def language_of(books: Iterable[Workbook]) -> str:
    """The language that most sheets are called in; their own names decide, Chinese where none is known."""
    names = [word(sheet.name) for book in books for sheet in book.sheets]
    known = {lang: {word(text) for text in Texts(lang).section("sheets").values()} for lang in LANGUAGES}
    return max(LANGUAGES, key=lambda lang: sum(name in known[lang] for name in names))


def table_name(table: str, texts: Texts) -> str:
    return texts.get("sheets", table)


def look_at_sheet(file: str, sheet: Sheet, known: Known, texts: Texts, *, elsewhere: bool = False) -> Seen:
    """Findings on one sheet: figures that differ by row or column, what was not compared in one sentence of a kind."""
    seen = Seen()
    say = _Say(file, sheet, texts)
    if sheet.cut:
        seen.findings.append(say("cut"))
    blocks = known.blocks(sheet)
    if not blocks:
        about = {word(Texts(lang).get("sheets", "about")) for lang in LANGUAGES}
        if has_figures(sheet) and word(sheet.name) not in about:
            name = next((t for t in KEYS if t not in known.tables and _titled(sheet, t)), "")
            found = say("no_layers", table=table_name(name, texts)) if name else say("sheet")
            seen.findings.append(found)
        return seen
    for block in blocks:
        seen.tables.add(block.table.id)
        seen.findings += _look(block, say, texts, elsewhere)
    return seen


def _titled(sheet: Sheet, table: str) -> bool:
    """Is the sheet called like a table that the layers here do not give, or headed by its whole title?"""
    heads = [word(sheet.text(1, column)) for column in range(1, min(sheet.last_column, 12) + 1)]
    for texts in map(Texts, LANGUAGES):
        title = word(texts.get("sheet_titles", table, area=""))
        if word(texts.get("sheets", table)) == word(sheet.name) or any(title in head for head in heads if head):
            return True
    return False


@dataclass(frozen=True)
class _Say:
    """Makes findings on a sheet; their key names the place, so that they are known again."""

    file: str
    sheet: Sheet
    texts: Texts

    def __call__(
        self, case: str, place: str = "", severity: Severity | None = Severity.WARNING, **params: Any
    ) -> Finding:
        params = {"file": self.file, "sheet": self.sheet.name, **params}
        if "table" in params:
            # A sheet that has the table's own name is called once.
            same = word(params["table"]) == word(self.sheet.name)
            params["called"] = "" if same else self.texts.get("words", "in_brackets", text=params["table"])
        key = f"{self.file}/{self.sheet.name}" + (f"/{place}" if place else "")
        return Finding("", key=key, case=case, severity=severity, params=params)


def _look(block: Block, say: _Say, texts: Texts, elsewhere: bool) -> Iterator[Finding]:
    table: dict[str, Any] = {"table": table_name(block.table.id, texts)}
    found, _ = differences(block)
    for group in groups(one for one in found if one.case in DIFFER):
        slight = elsewhere and all(_is_slight(cell) for cell in group.cells)
        more = {} if group.case.startswith("blank") else {"other": texts.get("words", "slight") if slight else ""}
        yield say(group.case, group.place, Severity.WARNING if slight else None, **params_of(group, texts), **more)
    if renamed := other_names(block):
        names = [texts.get("words", "told_and_own", line=line, told=told, own=own) for line, told, own in renamed]
        yield say("names", block.table.id, count=len(names), names=_some(names, texts), **table)
    lost = lost_rows(block)
    if lost:
        yield say("lost", block.table.id, count=len(lost), rows=_some(lost, texts), **table)
    if block.unknown:
        rows = [_row_words(block, line) for line in block.unknown]
        yield say("rows", block.table.id, count=len(rows), rows=_some(rows, texts), **table)
    if block.strange:
        yield say("columns", block.table.id, columns=_some(list(block.strange.values()), texts), **table)
    for case in ("text", "formula", "error", "merged"):
        cells = [name_of(one) for one in found if one.case == case]
        if cells:
            detail = texts.get("causes", f"cell_{case}")
            yield say("text", f"{block.table.id}/{case}", count=len(cells), cells=_some(cells, texts), detail=detail)
    cells = [name_of(one) for one in found if one.case == "target"]
    if cells:
        yield say("target", block.table.id, count=len(cells), cells=_some(cells, texts), **table)
    cells = [name_of(one) for one in found if one.case in ("no_figure", "words")]
    if cells:
        yield say("no_figure", block.table.id, Severity.INFO, count=len(cells), cells=_some(cells, texts), **table)


def _is_slight(one: Difference) -> bool:
    """May another version have measured it so? What is counted is the same in all."""
    return bool(one.given) and one.unit != COUNT and one.apart <= load_looks().slight_share * abs(one.given or 0.0)


def _some(names: list[str], texts: Texts) -> str:
    return texts.get("words", "between_names").join(name[:_LONGEST] for name in names[:NAMED]) + (
        " …" if len(names) > NAMED else ""
    )


def _row_words(block: Block, line: int) -> str:
    for column in range(1, block.sheet.last_column + 1):
        text = block.sheet.text(line, column)
        if text and not text.isdigit():
            return text
    return str(line)
