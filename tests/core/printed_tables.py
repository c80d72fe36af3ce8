# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of written documents (docx, xlsx, HTML), read as grids of printed texts with no code of the plugin.

A cell over several columns or rows has its text at the first place, and empty texts at the others.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import openpyxl

from plugin.core.__main__ import main

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
Grid = list[list[str]]


def normalise(text: str) -> str:
    """Return a text without blanks, signs that only guide line breaks, and typographic minus signs."""
    return re.sub(r"[\s\u200b\u2060]+", "", text).replace("\u2212", "-")


def normalise_lines(text: str) -> str:
    """Return a normalised text that keeps its lines."""
    return "\n".join(filter(None, map(normalise, text.split("\n"))))


def read_tables(path: Path) -> list[Grid]:
    """Return all tables of a docx, xlsx or HTML file; in a cell, lines are separated by line feeds."""
    readers = {".docx": _read_docx_tables, ".xlsx": _read_xlsx_sheets, ".html": _read_html_tables}
    return readers[path.suffix](path)


def read_lines(path: Path) -> set[str]:
    """Return the texts of all paragraphs and cells of a docx, xlsx or HTML file, normalised."""
    if path.suffix == ".html":
        body = path.read_text(encoding="utf-8").partition("<body")[2]
        return {normalise(unescape(text)) for text in re.split(r"<[^>]+>", body)}
    if path.suffix == ".docx":
        return {normalise("".join(t.text or "" for t in p.iter(f"{W}t"))) for p in _read_docx(path).iter(f"{W}p")}
    return {normalise(text) for table in read_tables(path) for row in table for text in row}


def read_docx_rows(path: Path) -> Grid:
    """Return the rows of all tables of a docx."""
    return [row for table in _read_docx_tables(path) for row in table]


def _read_docx(path: Path) -> ET.Element:
    with zipfile.ZipFile(path) as file:
        return ET.fromstring(file.read("word/document.xml"))


def _read_docx_tables(path: Path) -> list[Grid]:
    return [[_read_docx_row(row) for row in table.findall(f"{W}tr")] for table in _read_docx(path).iter(f"{W}tbl")]


def _read_docx_row(row: ET.Element) -> list[str]:
    cells: list[str] = []
    for cell in row.findall(f"{W}tc"):
        lines = [
            "".join("\n" if one.tag == f"{W}br" else one.text or "" for one in paragraph.iter() if one.tag in _RUN_TAGS)
            for paragraph in cell.iter(f"{W}p")
        ]
        span = cell.find(f"{W}tcPr/{W}gridSpan")
        cells += ["\n".join(lines), *[""] * (int(span.get(f"{W}val", "1")) - 1 if span is not None else 0)]
    return cells


_RUN_TAGS = (f"{W}t", f"{W}br")


def _read_xlsx_sheets(path: Path) -> list[Grid]:
    return [[list(map(_show_cell, row)) for row in sheet.iter_rows()] for sheet in openpyxl.load_workbook(path)]


def _show_cell(cell: openpyxl.cell.Cell) -> str:
    """Return a cell as a spreadsheet shows it; a value below zero takes the second part of the format."""
    value = cell.value
    if value is None or isinstance(value, str):
        return value or ""
    if cell.number_format == "General":
        assert isinstance(value, int), (cell.coordinate, value)
        return str(value)
    first, _, second = cell.number_format.partition(";")
    if value >= 0 or not second:
        assert re.fullmatch(r"(#,##)?0(\.0+)?", first), (cell.coordinate, cell.number_format)
        return f"{value:.{len(first.partition('.')[2])}f}"
    assert re.fullmatch(r"\[Red\]-#,##0(\.0+)?", second), (cell.coordinate, cell.number_format)
    return f"-{-value:.{len(second.partition('.')[2])}f}"


class _TableParser(HTMLParser):
    """Collects the tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Grid] = []
        self._is_in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._is_in_cell = True
            # The text goes into the first cell; the others stay empty.
            self._span = int(dict(attrs).get("colspan") or 1)
            self.tables[-1][-1].append("")
        elif tag == "br" and self._is_in_cell:
            self.tables[-1][-1][-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._is_in_cell = False
            self.tables[-1][-1] += [""] * (self._span - 1)

    def handle_data(self, data: str) -> None:
        if self._is_in_cell:
            # A browser shows a line feed as a blank.
            self.tables[-1][-1][-1] += data.replace("\n", " ")


def _read_html_tables(path: Path) -> list[Grid]:
    parser = _TableParser()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.tables


class PrintedTable(NamedTuple):
    """A table of a document: heads of its columns, and the rows below them, normalised."""

    heads: list[str]
    rows: Grid

    def get(self, head: str, *labels: str) -> str:
        """Return the cell of a column in the only row that begins with these labels."""
        (row,) = [row for row in self.rows if row[: len(labels)] == list(labels)]
        return row[self.heads.index(head)]

    def select_below(self, heading: str) -> PrintedTable:
        """Return the part below a heading that is alone in its row, up to the next such heading."""
        alone = [n for n, row in enumerate(self.rows) if sum(map(bool, row)) == 1]
        (start,) = [n for n in alone if heading in self.rows[n]]
        end = next((n for n in alone if n > start), len(self.rows))
        return PrintedTable(self.heads, self.rows[start + 1 : end])


def find_table(tables: Sequence[Grid], first_heads: Sequence[str]) -> PrintedTable:
    """Return the only table with a row that begins with these heads."""
    (found,) = [
        (table, place)
        for table in tables
        for place, row in enumerate(table)
        if list(map(normalise, row[: len(first_heads)])) == list(first_heads)
    ]
    table, place = found
    return PrintedTable(list(map(normalise, table[place])), [list(map(normalise, row)) for row in table[place + 1 :]])


def run_in_both_languages(command: list[str], target: Path, forms: Sequence[str]) -> dict[str, SimpleNamespace]:
    """Run a command that finds something; return language → its JSON, and tables and lines by form of document.

    ``target``: path of the written files, without language and suffix.
    """
    written = {}
    for lang in ("zh", "en"):
        paths = {form: target.with_name(f"{target.name} {lang}.{form}") for form in ("json", *forms)}
        arguments = [argument for form, path in paths.items() for argument in (f"--{form}", str(path))]
        assert main([*command, "--lang", lang, *arguments]) == 1
        data = json.loads(paths["json"].read_text(encoding="utf-8"))
        tables, lines = ({form: read(paths[form]) for form in forms} for read in (read_tables, read_lines))
        written[lang] = SimpleNamespace(data=data, tables=tables, lines=lines)
    return written
