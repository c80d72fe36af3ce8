# SPDX-License-Identifier: GPL-2.0-or-later
"""Change single values in the text of a TOML file, and leave the rest as it is.

Comments, order and unknown keys are preserved. The standard library reads TOML but does not write it, and QGIS bundles
no library that preserves comments. `TomlText` locates each value and replaces that span of text. It accepts the result
only if it parses to exactly the requested change.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ..errors import DataError

#: Path of a value: keys, and positions in arrays of tables, such as ``("targets", 0, "value")``.
TomlPath = tuple[str | int, ...]
_UNQUOTED_KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]+")
_STRING_PATTERN = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)


@dataclass(frozen=True)
class _TomlStatement:
    """A statement ``key = value`` with its full key path.

    ``start`` and ``end`` are character positions of the whole line, ``value_start`` and ``value_end`` those of the
    value.
    """

    key_path: TomlPath
    start: int
    value_start: int
    value_end: int
    end: int


@dataclass(frozen=True)
class _TomlHeader:
    """``[table]`` or ``[[table]]``: path and character span of the line."""

    key_path: TomlPath
    start: int
    end: int


class TomlText:
    """The text of one TOML file. Raises tomllib.TOMLDecodeError for invalid TOML.

    ``path``: names the file in errors. The changes raise DataError if they would lose content.
    """

    def __init__(self, text: str, path: Path):
        self.text, self._path = text, path
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self.table: dict[str, Any] = tomllib.loads(text)

    # --- changes
    def set_value(self, key_path: TomlPath, value: Any) -> None:
        """Set the value of a key; an equal value keeps its spelling."""
        if _find_value(self.table, key_path) == (True, value) and type(_find_value(self.table, key_path)[1]) is type(
            value
        ):
            return
        wanted_table = _copy_table_with_value(self.table, key_path, value)
        statements, headers = _parse_statements(self.text)
        same_place = next((statement for statement in statements if statement.key_path == key_path), None)
        enclosing = next(
            (
                statement
                for statement in statements
                if len(statement.key_path) < len(key_path) and statement.key_path == key_path[: len(statement.key_path)]
            ),
            None,
        )
        target = same_place or enclosing
        if target is not None:
            new_value = value if same_place else _find_value(wanted_table, target.key_path)[1]
            self._check_comments(target)
            new_text = self.text[: target.value_start] + render_toml(new_value) + self.text[target.value_end :]
        else:
            new_text = self._insert_key(key_path, value, statements, headers)
        self._accept_if_equal(new_text, wanted_table, key_path)

    def remove_key(self, key_path: TomlPath) -> None:
        """Remove a key with its line; ignore an absent key."""
        if not _find_value(self.table, key_path)[0]:
            return
        wanted_table = _copy_table_without_key(self.table, key_path)
        statements, _ = _parse_statements(self.text)
        same_place = next((statement for statement in statements if statement.key_path == key_path), None)
        if same_place is not None:
            new_text = self.text[: same_place.start] + self.text[same_place.end :]
        else:
            enclosing = next(
                (statement for statement in statements if statement.key_path == key_path[: len(statement.key_path)]),
                None,
            )
            if enclosing is None:
                raise DataError("profile_form", file=str(self._path), key=_join_keys(key_path))
            self._check_comments(enclosing)
            new_value = render_toml(_find_value(wanted_table, enclosing.key_path)[1])
            new_text = self.text[: enclosing.value_start] + new_value + self.text[enclosing.value_end :]
        self._accept_if_equal(new_text, wanted_table, key_path)

    def append_row(self, name: str, row: dict[str, Any]) -> None:
        """Add a table at the end of an array of tables (``[[name]]``)."""
        wanted_table = copy.deepcopy(self.table)
        wanted_table.setdefault(name, []).append(row)
        statements, headers = _parse_statements(self.text)
        inline = next((statement for statement in statements if statement.key_path == (name,)), None)
        if inline is not None:
            self._check_comments(inline)
            changed_text = (
                self.text[: inline.value_start] + render_toml(wanted_table[name]) + self.text[inline.value_end :]
            )
        else:
            lines = [
                f"[[{_quote_key(name)}]]",
                *(f"{_quote_key(k)} = {render_toml(value)}" for k, value in row.items()),
            ]
            rows = [number for number, header in enumerate(headers) if header.key_path[0] == name]
            # After the last row's own lines; comments before the next heading belong to that heading.
            end = self._find_table_end(headers[rows[-1]], statements, headers) if rows else len(self.text)
            changed_text = self._insert_lines(end, ["", *lines])
        self._accept_if_equal(changed_text, wanted_table, (name,))

    def remove_row(self, name: str, position: int) -> None:
        """Remove the table at a position of an array of tables; the first is 0."""
        wanted_table = copy.deepcopy(self.table)
        del wanted_table[name][position]
        statements, headers = _parse_statements(self.text)
        inline = next((statement for statement in statements if statement.key_path == (name,)), None)
        if inline is not None:
            self._check_comments(inline)
            changed_text = (
                self.text[: inline.value_start] + render_toml(wanted_table[name]) + self.text[inline.value_end :]
            )
        else:
            row_headers = [header for header in headers if header.key_path[:2] == (name, position)]
            if not row_headers:
                raise DataError("profile_form", file=str(self._path), key=name)
            end = self._find_table_end(row_headers[-1], statements, headers)
            changed_text = self.text[: row_headers[0].start] + self.text[end:].lstrip("\r\n")
            if not wanted_table[name]:
                # Removing the last row removes the array itself.
                del wanted_table[name]
        self._accept_if_equal(changed_text, wanted_table, (name,))

    # --- text edits
    def _accept_if_equal(self, new_text: str, wanted_table: dict[str, Any], key_path: TomlPath) -> None:
        """Accept the new text if it parses to the wanted table, else raise DataError."""
        try:
            parsed_table = tomllib.loads(new_text)
        except tomllib.TOMLDecodeError as error:
            raise DataError("profile_form", file=str(self._path), key=_join_keys(key_path)) from error
        if parsed_table != wanted_table:
            raise DataError("profile_form", file=str(self._path), key=_join_keys(key_path))
        self.text, self.table = new_text, parsed_table

    def _check_comments(self, statement: _TomlStatement) -> None:
        """Raise DataError for a value with comments inside.

        Rewriting the value would lose them.
        """
        value = _STRING_PATTERN.sub('""', self.text[statement.value_start : statement.value_end])
        if "#" in value:
            raise DataError("profile_form", file=str(self._path), key=_join_keys(statement.key_path))

    def _insert_key(
        self, key_path: TomlPath, value: Any, statements: list[_TomlStatement], headers: list[_TomlHeader]
    ) -> str:
        """Return the text with a new key at the end of its table; the table is added if it is missing."""
        line = f"{_quote_key(key_path[-1])} = {render_toml(value)}"
        table = next((header for header in headers if header.key_path == key_path[:-1]), None)
        if table is not None:
            return self._insert_lines(self._find_table_end(table, statements, headers), [line])
        if len(key_path) == 1:
            first = headers[0].start if headers else len(self.text)
            end = max((statement.end for statement in statements if statement.end <= first), default=0)
            return self._insert_lines(end, [line])
        dotted = [statement for statement in statements if statement.key_path[:-1] == key_path[:-1]]
        if dotted:
            # The table is written as dotted keys: the new key joins them.
            keys = self.text[dotted[-1].start : dotted[-1].value_start].rpartition("=")[0].rpartition(".")[0]
            return self._insert_lines(dotted[-1].end, [f"{keys.strip()}.{line}"])
        heading = ".".join(_quote_key(key) for key in key_path[:-1] if isinstance(key, str))
        return self._insert_lines(len(self.text), ["", f"[{heading}]", line])

    def _find_table_end(self, header: _TomlHeader, statements: list[_TomlStatement], headers: list[_TomlHeader]) -> int:
        """Return the end of the last line of a table.

        Comments after it belong to the next table.
        """
        next_header_start = min(
            (other_header.start for other_header in headers if other_header.start > header.start),
            default=len(self.text),
        )
        return max(
            (statement.end for statement in statements if header.end <= statement.start < next_header_start),
            default=header.end,
        )

    def _insert_lines(self, position: int, lines: list[str]) -> str:
        """Return the text with lines inserted at a character position."""
        text_before, text_after = self.text[:position], self.text[position:]
        if not text_before:
            lines = lines[1:] if lines and not lines[0] else lines
        elif not text_before.endswith("\n"):
            text_before += self._newline
        added_text = self._newline.join(lines) + self._newline
        return text_before + added_text + text_after


def find_line(text: str, key_path: TomlPath) -> int:
    """Return the line that sets a value, else the line of the heading of the table that it belongs to.

    Lines are counted from 1. ``text``: valid TOML; the result is 1 if it has nothing of the path.
    """
    statements, headers = _parse_statements(text)
    places = [(heading.key_path, heading.start) for heading in headers]
    places += [(statement.key_path, statement.start) for statement in statements]
    enclosing = [(len(path), start) for path, start in places if path == key_path[: len(path)]]
    start = max(enclosing, default=(0, 0))[1]
    return text.count("\n", 0, start) + 1


def render_toml(value: Any) -> str:
    """Return a value as TOML on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        # JSON escapes as TOML does, apart from DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(render_toml, value))}]"
    if isinstance(value, dict):
        members = ", ".join(f"{_quote_key(k)} = {render_toml(member)}" for k, member in value.items())
        return f"{{ {members} }}" if members else "{}"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _quote_key(name: str | int) -> str:
    """Return a key as TOML writes it, in quotation marks if needed."""
    text = str(name)
    return text if _UNQUOTED_KEY_PATTERN.fullmatch(text) else render_toml(text)


def _join_keys(key_path: TomlPath) -> str:
    """Return a path as dotted text, for errors."""
    return ".".join(map(str, key_path))


def _find_value(table: Any, key_path: TomlPath) -> tuple[bool, Any]:
    """Return (True, value) for a path that exists, else (False, None)."""
    for key in key_path:
        if isinstance(table, dict) and key in table:
            table = table[key]
        elif isinstance(table, list) and isinstance(key, int) and key < len(table):
            table = table[key]
        else:
            return False, None
    return True, table


def _copy_table_with_value(table: dict[str, Any], key_path: TomlPath, value: Any) -> dict[str, Any]:
    """Return a copy of a table in which the value at a path is set."""
    table_copy = copy.deepcopy(table)
    subtable: Any = table_copy
    for key in key_path[:-1]:
        subtable = subtable[key] if isinstance(key, int) else subtable.setdefault(key, {})
    subtable[key_path[-1]] = value
    return table_copy


def _copy_table_without_key(table: dict[str, Any], key_path: TomlPath) -> dict[str, Any]:
    """Return a copy of a table without the key at a path."""
    table_copy = copy.deepcopy(table)
    subtable = _find_value(table_copy, key_path[:-1])[1]
    del subtable[key_path[-1]]
    return table_copy


def _parse_statements(text: str) -> tuple[list[_TomlStatement], list[_TomlHeader]]:
    """Return the statements and headings of a valid TOML text, in order."""
    statements: list[_TomlStatement] = []
    headers: list[_TomlHeader] = []
    counts: dict[TomlPath, int] = {}
    table: TomlPath = ()
    position = 0
    while position < len(text):
        start = position
        position = _skip_blanks(text, position)
        if position >= len(text) or text[position] in "#\r\n":
            position = _find_line_end(text, position)
            continue
        if text[position] == "[":
            array = text.startswith("[[", position)
            parts, position = _read_keys(text, position + (2 if array else 1))
            table = _resolve_heading(parts, counts, array)
            position = _find_line_end(text, position)
            headers.append(_TomlHeader(table, start, position))
            continue
        parts, position = _read_keys(text, position)
        value_start = _skip_blanks(text, position + 1)
        value_end = _find_value_end(text, value_start)
        position = _find_line_end(text, value_end)
        statements.append(_TomlStatement((*table, *parts), start, value_start, value_end, position))
    return statements, headers


def _resolve_heading(heading_keys: tuple[str, ...], counts: dict[TomlPath, int], is_array: bool) -> TomlPath:
    """Return the full path of a heading such as ``[targets.source]``.

    Inside an array of tables it refers to the last table so far. ``counts``: path of an array → position of its last
    table, updated here. ``is_array``: True for a heading ``[[…]]``.
    """
    key_path: TomlPath = ()
    for number, key in enumerate(heading_keys, 1):
        key_path = (*key_path, key)
        if is_array and number == len(heading_keys):
            counts[key_path] = counts.get(key_path, -1) + 1
        if key_path in counts:
            key_path = (*key_path, counts[key_path])
    return key_path


def _skip_blanks(text: str, position: int) -> int:
    """Return the position of the first character from ``position`` on that is not a space or tab."""
    while position < len(text) and text[position] in " \t":
        position += 1
    return position


def _find_line_end(text: str, position: int) -> int:
    """Return the position after the line break that follows ``position``."""
    line_end = text.find("\n", position)
    return len(text) if line_end < 0 else line_end + 1


def _read_keys(text: str, position: int) -> tuple[tuple[str, ...], int]:
    """Read dotted keys from a position on.

    Return them and the position of the following ``=`` or ``]``.
    """
    parts: list[str] = []
    while True:
        position = _skip_blanks(text, position)
        quoted = _STRING_PATTERN.match(text, position) if text[position] in "\"'" else None
        match = quoted or _UNQUOTED_KEY_PATTERN.match(text, position)
        if match is None:
            raise ValueError(f"no key at {position}")
        parts.append(tomllib.loads(f"k = {match[0]}")["k"] if quoted else match[0])
        position = _skip_blanks(text, match.end())
        if text[position] != ".":
            return tuple(parts), position
        position += 1


def _find_value_end(text: str, position: int) -> int:
    """Return the end of a value.

    It is before a comment or the line end, outside strings and brackets.
    """
    depth = 0
    last = position
    while position < len(text):
        character = text[position]
        if character in "\"'":
            match = _STRING_PATTERN.match(text, position)
            if match is None:
                raise ValueError(f"no string at {position}")
            position = last = match.end()
            continue
        if character == "#":
            if not depth:
                return last
            position = _find_line_end(text, position)
            continue
        if character == "\n" and not depth:
            return last
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0)
        position += 1
        if not character.isspace():
            last = position
    return last
