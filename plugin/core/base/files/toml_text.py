# SPDX-License-Identifier: GPL-2.0-or-later
"""Change single values in the text of a TOML file with tomlkit, and leave the rest as it is.

Comments, order and unknown keys are preserved. A change is accepted only if its text parses to exactly what was asked.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ..errors import DataError
from .zipped_libraries import import_zipped_library

#: Path of a value: keys, and positions in arrays of tables, such as ``("targets", 0, "value")``.
TomlPath = tuple[str | int, ...]
_STRING_PATTERN = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)


class TomlText:
    """The text of one TOML file. Raises tomllib.TOMLDecodeError for invalid TOML.

    ``path``: names the file in errors. The changes raise DataError if they would lose content; the object cannot be
    used any more then.
    """

    def __init__(self, text: str, path: Path):
        self.text, self._path = text, path
        self.table: dict[str, Any] = tomllib.loads(text)
        self._tomlkit = import_zipped_library("tomlkit")
        self._document = self._tomlkit.parse(text.replace("\r\n", "\n"))
        # Move blank lines and comments above a heading from the table before it to the heading, so that new keys come
        # before them, and a table that is removed does not take those of the next one along. Those at the end of the
        # file are moved behind the last table.
        above: list[tuple[list[Any], int]] = []
        for entry, entries, position in self._iterate_entries(self._document):
            if self._is_table(entry):
                texts = [body[number][1].as_string() for body, number in above]
                entry.trivia.indent = "".join(texts) + entry.trivia.indent
                for body, number in above:
                    body[number] = (None, self._tomlkit.items.Null())
            above = [*above, (entries, position)] if entries[position][0] is None else []
        for body, number in above:
            if body is not self._document.body:
                self._document.body.append(body[number])
                body[number] = (None, self._tomlkit.items.Null())

    # --- changes
    def set_value(self, key_path: TomlPath, value: Any) -> None:
        """Set the value of a key; an equal value keeps its spelling."""
        node, table = self._document, cast(Any, self.table)
        for depth, key in enumerate(key_path[:-1], 2):
            if isinstance(key, str) and key not in table:
                table[key], node[key] = {}, self._tomlkit.table(is_super_table=depth < len(key_path))
            node, table = node[key], table[key]
        key = key_path[-1]
        if key in table:
            if table[key] == value and type(table[key]) is type(value):
                return
            if "#" in _STRING_PATTERN.sub('""', self._tomlkit.item(node[key]).as_string()):
                # Comments inside the value would be lost.
                raise self._make_error(key_path)
        table[key], node[key] = value, self._make_item(value)
        self._accept_if_equal(key_path)

    def remove_key(self, key_path: TomlPath) -> None:
        """Remove a key with its line; ignore an absent key."""
        if not _has_value(self.table, key_path):
            return
        node, table = self._document, cast(Any, self.table)
        for key in key_path[:-1]:
            node, table = node[key], table[key]
        del node[key_path[-1]], table[key_path[-1]]
        self._accept_if_equal(key_path)

    def append_row(self, name: str, row: dict[str, Any]) -> None:
        """Add a table at the end of an array of tables (``[[name]]``)."""
        self.table.setdefault(name, []).append(row)
        if name not in self._document:
            self._document[name] = self._tomlkit.aot()
        rows, item = self._document[name], self._make_item(row)
        if isinstance(rows, self._tomlkit.items.AoT):
            table = self._tomlkit.table()
            table.update(item)
            rows.append(table)
            rows[-1].trivia.indent = "\n" if self.text else ""
        else:
            rows.append(item)
        self._accept_if_equal((name,))

    def remove_row(self, name: str, position: int) -> None:
        """Remove the table at a position of an array of tables; the first is 0. Comments above it stay."""
        rows = self._document[name]
        if isinstance(rows, self._tomlkit.items.AoT):
            row = rows[position]
            headings = [heading for heading, _, _ in self._iterate_entries(self._document) if self._is_table(heading)]
            inner_count = sum(self._is_table(heading) for heading, _, _ in self._iterate_entries(row.value))
            after = headings[[heading is row for heading in headings].index(True) + 1 + inner_count :]
            if after:
                after[0].trivia.indent = row.trivia.indent + after[0].trivia.indent.lstrip("\n")
            else:
                self._document.body.append((None, self._tomlkit.ws(row.trivia.indent)))
        del rows[position], self.table[name][position]
        if not self.table[name]:
            del self._document[name], self.table[name]
        self._accept_if_equal((name,))

    # --- parts
    def _is_table(self, item: Any) -> bool:
        """Return True for a table with a heading or dotted keys."""
        return isinstance(item, self._tomlkit.items.Table)

    def _iterate_entries(self, container: Any) -> Iterator[tuple[Any, list[Any], int]]:
        """Yield tables with a heading, values, comments and blank lines in order, each with its list and position."""
        for position, (key, item) in enumerate(container.body):
            for entry in item.body if isinstance(item, self._tomlkit.items.AoT) else [item]:
                is_table = self._is_table(entry)
                if not is_table or not (entry.is_super_table() or key.is_dotted()):
                    yield entry, container.body, position
                if is_table:
                    yield from self._iterate_entries(entry.value)

    def _make_item(self, value: Any) -> Any:
        """Return a value on one line."""
        if isinstance(value, dict):
            table = self._tomlkit.inline_table()
            for key, member in value.items():
                table[key] = self._make_item(member)
            return table
        if isinstance(value, list | tuple):
            array = self._tomlkit.array()
            array.extend(map(self._make_item, value))
            return array
        return self._tomlkit.item(value)

    def _accept_if_equal(self, key_path: TomlPath) -> None:
        """Accept the new text if it parses to the wanted table, else raise DataError."""
        text = self._document.as_string().replace("\n", "\r\n" if "\r\n" in self.text else "\n")
        try:
            parsed_table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._make_error(key_path) from error
        if parsed_table != self.table:
            raise self._make_error(key_path)
        self.text = text

    def _make_error(self, key_path: TomlPath) -> DataError:
        """Return the error of a change that would lose content."""
        return DataError("profile_form", file=str(self._path), key=".".join(map(str, key_path)))


def parse_key(key: str) -> TomlPath:
    """Return the path of a key as errors name it: ``columns[2].head`` becomes ``("columns", 1, "head")``."""
    return tuple(
        int(position) - 1 if position else name for position, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", key)
    )


def find_line(text: str, key_path: TomlPath) -> int:
    """Return the line where a value begins, or the table around it. Lines are counted from 1.

    ``text``: valid TOML; the result is 1 if it has nothing of the path.
    """
    table, lines, start = tomllib.loads(text), text.split("\n"), 1
    while not _has_value(table, key_path):
        key_path = key_path[:-1]
    for end in range(len(lines)) if key_path else ():
        try:
            table = tomllib.loads("\n".join(lines[: end + 1]))
        except tomllib.TOMLDecodeError:
            # The line is within a value.
            continue
        if _has_value(table, key_path):
            return start
        start = end + 2
    return 1


def _has_value(table: Any, key_path: TomlPath) -> bool:
    """Return True if a path exists."""
    for key in key_path:
        keys = range(len(table)) if isinstance(table, list) else table if isinstance(table, dict) else ()
        if key not in keys:
            return False
        table = table[key]
    return True
