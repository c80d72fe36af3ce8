# SPDX-License-Identifier: GPL-2.0-or-later
"""Change single values in the text of a TOML file.

Comments, order and unknown keys are preserved. The standard library reads TOML but does not write it, and QGIS
bundles no library that preserves comments. `TomlText` locates each value, replaces that span of text, and accepts the
result only if it parses to exactly the requested change.
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
Place = tuple[str | int, ...]
_UNQUOTED_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)


@dataclass(frozen=True)
class _Statement:
    """``key = value``: path, and character spans of the statement and of the value."""

    place: Place
    start: int
    value_start: int
    value_end: int
    end: int


@dataclass(frozen=True)
class _Header:
    """``[table]`` or ``[[table]]``: path and character span of the line."""

    place: Place
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
    def set(self, place: Place, value: Any) -> None:
        """Set the value of a key; an equal value keeps its spelling."""
        if _find(self.table, place) == (True, value) and type(_find(self.table, place)[1]) is type(value):
            return
        wanted = _copy_with(self.table, place, value)
        statements, headers = _scan(self.text)
        exact = next((s for s in statements if s.place == place), None)
        around = next((s for s in statements if len(s.place) < len(place) and s.place == place[: len(s.place)]), None)
        found = exact or around
        if found is not None:
            new = value if exact else _find(wanted, found.place)[1]
            self._check_comments(found)
            changed = self.text[: found.value_start] + render_toml(new) + self.text[found.value_end :]
        else:
            changed = self._insert_key(place, value, statements, headers)
        self._accept(changed, wanted, place)

    def remove(self, place: Place) -> None:
        """Remove a key with its line; ignore an absent key."""
        if not _find(self.table, place)[0]:
            return
        wanted = _copy_without(self.table, place)
        statements, _ = _scan(self.text)
        exact = next((s for s in statements if s.place == place), None)
        if exact is not None:
            changed = self.text[: exact.start] + self.text[exact.end :]
        else:
            around = next((s for s in statements if s.place == place[: len(s.place)]), None)
            if around is None:
                raise DataError("profile_form", file=str(self._path), key=_join_keys(place))
            self._check_comments(around)
            rest = render_toml(_find(wanted, around.place)[1])
            changed = self.text[: around.value_start] + rest + self.text[around.value_end :]
        self._accept(changed, wanted, place)

    def append_row(self, name: str, row: dict[str, Any]) -> None:
        """Add a table at the end of an array of tables (``[[name]]``)."""
        wanted = copy.deepcopy(self.table)
        wanted.setdefault(name, []).append(row)
        statements, headers = _scan(self.text)
        inline = next((s for s in statements if s.place == (name,)), None)
        if inline is not None:
            self._check_comments(inline)
            changed = self.text[: inline.value_start] + render_toml(wanted[name]) + self.text[inline.value_end :]
        else:
            lines = [f"[[{_quote_key(name)}]]", *(f"{_quote_key(k)} = {render_toml(v)}" for k, v in row.items())]
            rows = [number for number, h in enumerate(headers) if h.place[0] == name]
            # After the last row's own lines; comments before the next heading belong to that heading.
            end = self._find_table_end(headers[rows[-1]], statements, headers) if rows else len(self.text)
            changed = self._insert(end, ["", *lines])
        self._accept(changed, wanted, (name,))

    def remove_row(self, name: str, position: int) -> None:
        """Remove a table from an array of tables."""
        wanted = copy.deepcopy(self.table)
        del wanted[name][position]
        statements, headers = _scan(self.text)
        inline = next((s for s in statements if s.place == (name,)), None)
        if inline is not None:
            self._check_comments(inline)
            changed = self.text[: inline.value_start] + render_toml(wanted[name]) + self.text[inline.value_end :]
        else:
            own = [h for h in headers if h.place[:2] == (name, position)]
            if not own:
                raise DataError("profile_form", file=str(self._path), key=name)
            end = self._find_table_end(own[-1], statements, headers)
            changed = self.text[: own[0].start] + self.text[end:].lstrip("\r\n")
            if not wanted[name]:
                # Removing the last row removes the array itself.
                del wanted[name]
        self._accept(changed, wanted, (name,))

    # --- text edits
    def _accept(self, changed: str, wanted: dict[str, Any], place: Place) -> None:
        """Accept the new text if it parses to the wanted table.

        Otherwise raise DataError and change nothing.
        """
        try:
            found = tomllib.loads(changed)
        except tomllib.TOMLDecodeError as error:
            raise DataError("profile_form", file=str(self._path), key=_join_keys(place)) from error
        if found != wanted:
            raise DataError("profile_form", file=str(self._path), key=_join_keys(place))
        self.text, self.table = changed, found

    def _check_comments(self, statement: _Statement) -> None:
        """Raise DataError for a value with comments inside.

        Rewriting the value would lose them.
        """
        value = _STRINGS.sub('""', self.text[statement.value_start : statement.value_end])
        if "#" in value:
            raise DataError("profile_form", file=str(self._path), key=_join_keys(statement.place))

    def _insert_key(self, place: Place, value: Any, statements: list[_Statement], headers: list[_Header]) -> str:
        line = f"{_quote_key(place[-1])} = {render_toml(value)}"
        table = next((h for h in headers if h.place == place[:-1]), None)
        if table is not None:
            return self._insert(self._find_table_end(table, statements, headers), [line])
        if len(place) == 1:
            first = headers[0].start if headers else len(self.text)
            end = max((s.end for s in statements if s.end <= first), default=0)
            return self._insert(end, [line])
        dotted = [s for s in statements if s.place[:-1] == place[:-1]]
        if dotted:
            # The table is written as dotted keys: the new key joins them.
            keys = self.text[dotted[-1].start : dotted[-1].value_start].rpartition("=")[0].rpartition(".")[0]
            return self._insert(dotted[-1].end, [f"{keys.strip()}.{line}"])
        heading = ".".join(_quote_key(part) for part in place[:-1] if isinstance(part, str))
        return self._insert(len(self.text), ["", f"[{heading}]", line])

    def _find_table_end(self, header: _Header, statements: list[_Statement], headers: list[_Header]) -> int:
        """Return the end of the last line of a table.

        Comments after it belong to the next table.
        """
        following = min((h.start for h in headers if h.start > header.start), default=len(self.text))
        return max((s.end for s in statements if header.end <= s.start < following), default=header.end)

    def _insert(self, position: int, lines: list[str]) -> str:
        before, after = self.text[:position], self.text[position:]
        if not before:
            lines = lines[1:] if lines and not lines[0] else lines
        elif not before.endswith("\n"):
            before += self._newline
        added = self._newline.join(lines) + self._newline
        return before + added + after


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
        inside = ", ".join(f"{_quote_key(k)} = {render_toml(v)}" for k, v in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _quote_key(name: str | int) -> str:
    text = str(name)
    return text if _UNQUOTED_KEY.fullmatch(text) else render_toml(text)


def _join_keys(place: Place) -> str:
    return ".".join(map(str, place))


def _find(table: Any, place: Place) -> tuple[bool, Any]:
    """Return whether a path exists, and its value."""
    for part in place:
        if isinstance(table, dict) and part in table:
            table = table[part]
        elif isinstance(table, list) and isinstance(part, int) and part < len(table):
            table = table[part]
        else:
            return False, None
    return True, table


def _copy_with(table: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(table)
    inner: Any = made
    for part in place[:-1]:
        inner = inner[part] if isinstance(part, int) else inner.setdefault(part, {})
    inner[place[-1]] = value
    return made


def _copy_without(table: dict[str, Any], place: Place) -> dict[str, Any]:
    made = copy.deepcopy(table)
    inner = _find(made, place[:-1])[1]
    del inner[place[-1]]
    return made


def _scan(text: str) -> tuple[list[_Statement], list[_Header]]:
    """Return the statements and headings of a valid TOML text, in order."""
    statements: list[_Statement] = []
    headers: list[_Header] = []
    counts: dict[Place, int] = {}
    table: Place = ()
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
            table = _resolve(parts, counts, array)
            position = _find_line_end(text, position)
            headers.append(_Header(table, start, position))
            continue
        parts, position = _read_keys(text, position)
        value_start = _skip_blanks(text, position + 1)
        value_end = _find_value_end(text, value_start)
        position = _find_line_end(text, value_end)
        statements.append(_Statement((*table, *parts), start, value_start, value_end, position))
    return statements, headers


def _resolve(parts: tuple[str, ...], counts: dict[Place, int], array: bool) -> Place:
    """Return the path that a heading opens.

    Within an array of tables, that of the last table.
    """
    place: Place = ()
    for number, part in enumerate(parts, 1):
        place = (*place, part)
        if array and number == len(parts):
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t":
        position += 1
    return position


def _find_line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def _read_keys(text: str, position: int) -> tuple[tuple[str, ...], int]:
    """Read dotted keys from a position on.

    Return them and the position of the following ``=`` or ``]``.
    """
    parts: list[str] = []
    while True:
        position = _skip_blanks(text, position)
        quoted = _STRINGS.match(text, position) if text[position] in "\"'" else None
        found = quoted or _UNQUOTED_KEY.match(text, position)
        if found is None:
            raise ValueError(f"no key at {position}")
        parts.append(tomllib.loads(f"k = {found[0]}")["k"] if quoted else found[0])
        position = _skip_blanks(text, found.end())
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
        sign = text[position]
        if sign in "\"'":
            found = _STRINGS.match(text, position)
            if found is None:
                raise ValueError(f"no string at {position}")
            position = last = found.end()
            continue
        if sign == "#":
            if not depth:
                return last
            position = _find_line_end(text, position)
            continue
        if sign == "\n" and not depth:
            return last
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(sign, 0)
        position += 1
        if not sign.isspace():
            last = position
    return last
