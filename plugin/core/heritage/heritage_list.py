# SPDX-License-Identifier: GPL-2.0-or-later
"""The register of heritage (保护名录) that people keep as a table: names, kinds and levels, read from CSV or xlsx."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..files.plain_text import BLANK_WORDS
from ..files.tables import Column, Row, Table, read_table
from .heritage_sites import LEVELS
from .protection import KINDS

if TYPE_CHECKING:
    from ..model.side_inputs import SideInputs
    from ..profile import Norm

COLUMNS = (
    Column("name", ("名称", "保护对象", "保护对象名称", "单位名称", "文物名称", "name")),
    Column("kind", ("类型", "类别", "保护类型", "kind"), needed=False),
    Column("level", ("级别", "等级", "保护级别", "level"), needed=False),
)


@dataclass(frozen=True)
class Listed:
    """One line: ``kind`` and ``level`` as the names of their lists, empty where the table has none."""

    name: str
    kind: str
    level: str
    line: int


@dataclass(frozen=True)
class HeritageList:
    """``file`` without its folders, and the sheet."""

    file: str
    rows: tuple[Listed, ...]


def register_of(side: SideInputs) -> HeritageList | None:
    """Return the register that was given for the check, if any."""
    return side.get("register", HeritageList)


def read_heritage_list(path: str | Path, norm: Norm) -> HeritageList:
    """The table's rows. InputError: no table, no column of names, or a kind or level that is none, with file and row.

    A level may be read from the term (全国重点文物保护单位 is 国家级), as ``[heritage] level_words`` says, and so may a kind.
    """
    table = read_table(path, COLUMNS)
    rows = [row for row in table.rows if row.cells["name"]]
    return HeritageList(table.place, tuple(listed(row, table, norm) for row in rows))


def listed(row: Row, table: Table, norm: Norm) -> Listed:
    kinds = {code.name: code.name for code in norm.standard.code_lists[KINDS].codes.values()}
    levels = {code.name: code.name for code in norm.standard.code_lists[LEVELS].codes.values()}
    words = dict(line.split() for line in norm.get("heritage.level_words"))
    kind = _found(row, "kind", kinds, table)
    level = _found(row, "level", words | levels, table)
    # 省级文物保护单位 in one column says both.
    return Listed(
        row.cells["name"],
        kind or _first(row.cells["level"], kinds),
        level or _first(row.cells["kind"], words | levels),
        row.line,
    )


def _found(row: Row, column: str, words: Mapping[str, str], table: Table) -> str:
    text = row.cells[column].strip()
    if text in BLANK_WORDS:
        return ""
    found = _first(text, words)
    if not found:
        label = next(c.heads[0] for c in COLUMNS if c.name == column)
        raise table.error(row, label, text, dict.fromkeys(words.values()))
    return found


def _first(text: str, words: Mapping[str, str]) -> str:
    """What the longest word in a text stands for."""
    inside = sorted((word for word in words if word in text), key=len, reverse=True)
    return words[inside[0]] if inside else ""
