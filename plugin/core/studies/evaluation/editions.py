# SPDX-License-Identifier: GPL-2.0-or-later
"""The editions of an evaluation: from a list that a user wrote, or from texts ``YEAR=SOURCE``."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...base.connection_text import is_connection, mask_source, name_source
from ...base.errors import InputError
from ...base.files.tables import SearchedColumn, read_table
from ...base.files.writing import is_same_file
from .evaluated_editions import Edition

#: Suffixes of lists; a text without a year and with one of these is the path of a list.
LIST_SUFFIXES = (".csv", ".txt", ".xlsx", ".xlsm")
_YEAR_PATTERN = re.compile(r"((?:19|20)\d\d)\s*年?度?")
#: A cell that was filled from Word may have a soft line break (\x0b), which no workbook or XML accepts.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_COLUMNS = (
    SearchedColumn("year", ("年份", "年度", "年", "year")),
    SearchedColumn("source", ("数据", "数据源", "路径", "成果", "source", "data", "path")),
    SearchedColumn("profile", ("县配置", "配置", "profile"), is_required=False),
    SearchedColumn("name", ("版本", "版次", "名称", "edition", "name"), is_required=False),
)


def parse_year(text: str) -> int | None:
    """Return the year in a text such as 2021 or 2021年; None for another text."""
    match = _YEAR_PATTERN.fullmatch(text.strip())
    return int(match[1]) if match else None


def split_editions(text: str) -> list[str]:
    """Return the editions of a text: parts between line breaks and semicolons, also full-width ones."""
    return [part.strip() for part in re.split(r"[\n;；]", text) if part.strip()]


def split_editions_or_list(text: str) -> list[str]:
    """Return the editions of a text; the path of an existing list is one part, also with a semicolon in its name."""
    return [text.strip()] if os.path.isfile(text.strip()) else split_editions(text)


def read_editions(texts: Iterable[str], *, has_checked_plan: bool = False) -> list[Edition]:
    """Return the editions that texts give, in their order: ``YEAR=SOURCE``, or the path of a list (csv, xlsx).

    Paths in a list begin in its folder. ``has_checked_plan``: an edition without a source is the plan that a check
    reads. Raise InputError for a text without year or source, for an unusable row of a list with its line, and without
    any edition.
    """
    editions: list[Edition] = []
    for text in filter(None, (one.strip() for one in texts)):
        edition = _parse_edition(text, has_checked_plan=has_checked_plan)
        if edition is not None:
            editions.append(edition)
        elif Path(text).suffix.lower() in LIST_SUFFIXES:
            editions += _read_list(Path(text), has_checked_plan=has_checked_plan)
        else:
            raise InputError("evaluation_edition", text=mask_source(text))
    if not editions:
        raise InputError("evaluation_no_editions")
    return editions


def _parse_edition(text: str, *, has_checked_plan: bool = False) -> Edition | None:
    """Return the edition of a text ``YEAR=SOURCE``; None for another text."""
    year_text, equals, source = text.replace("＝", "=", 1).partition("=")
    year = parse_year(year_text)
    is_complete = bool(equals and year is not None and (source.strip() or has_checked_plan))
    return Edition(year, source.strip()) if is_complete and year is not None else None


def list_files_of_editions(texts: Iterable[str], editions: Iterable[Edition]) -> list[str]:
    """Return the lists and sources that no output may replace; connections to databases are left out."""
    lists = [text for text in texts if _parse_edition(text, has_checked_plan=True) is None]
    return [*lists, *(one.source for one in editions if one.source and not is_connection(one.source))]


def _read_list(path: Path, *, has_checked_plan: bool) -> list[Edition]:
    """Return the editions of a list; control characters in cells are blanks."""
    table = read_table(path, _COLUMNS)
    editions = []
    for row in table.rows:
        values = {name: _CONTROL_CHARACTERS.sub(" ", text).strip() for name, text in row.text_by_column.items()}
        year = parse_year(values["year"])
        if year is None:
            raise table.make_cell_error(row, _COLUMNS[0].possible_headings[0], values["year"], ("2021", "2021年"))
        if not values["source"] and not has_checked_plan:
            raise table.make_cell_error(row, _COLUMNS[1].possible_headings[0], "")
        source, profile = values["source"], values["profile"]
        if source and not is_connection(source):
            source = str(path.parent / source)
        if profile.lower().endswith(".toml"):
            profile = str(path.parent / profile)
        editions.append(Edition(year, source, profile, values["name"]))
    return editions


def sort_editions(editions: list[Edition]) -> tuple[list[Edition], list[tuple[str, dict[str, Any]]]]:
    """Return the editions by year, each once, with notes (text key, parameters) on repeated and missing years.

    An edition that repeats year and source of another one is left out. Editions of one year keep their order.
    """
    kept: list[Edition] = []
    notes: list[tuple[str, dict[str, Any]]] = []
    for one in editions:
        if any(one.year == other.year and is_same_source(one.source, other.source) for other in kept):
            notes.append(("repeated_edition", {"year": one.year, "source": name_source(one.source)}))
            continue
        kept.append(one)
    kept.sort(key=lambda one: one.year)
    notes += [
        (("repeated_year", {"year": year, "count": count}))
        for year, count in Counter(one.year for one in kept).items()
        if count > 1
    ]
    for n, one in enumerate(kept):
        for other in kept[:n]:
            if one.year != other.year and is_same_source(one.source, other.source):
                params = {"first": other.year, "second": one.year, "source": name_source(one.source)}
                notes.append(("same_source", params))
    years = {one.year for one in kept}
    missing = [year for year in range(min(years), max(years)) if year not in years]
    if missing:
        notes.append(("missing_years", {"years": missing}))
    return kept, notes


def is_same_source(first: str, second: str) -> bool:
    """Return True if two sources are the same file, folder or connection."""
    return first == second if is_connection(first) or is_connection(second) else is_same_file(first, second)


def make_labels(editions: list[Edition], lang: str = "zh") -> list[str]:
    """Return the labels of the columns: the year, with the name of the edition or a number if the year repeats."""
    counts = Counter(one.year for one in editions)
    numbers: Counter[int] = Counter()
    labels = []
    for one in editions:
        numbers[one.year] += 1
        mark = one.name or (str(numbers[one.year]) if counts[one.year] > 1 else "")
        bracketed = f"（{mark}）" if lang == "zh" else f" ({mark})"
        labels.append(f"{one.year}{bracketed}" if mark else str(one.year))
    return labels
