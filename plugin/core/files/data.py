# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the plugin's data files in TOML and JSON strictly: an unknown key is an error; errors name file and key."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ..errors import DataError

T = TypeVar("T")
#: Reliability of a value's source: A verified in the document itself, B cited or implemented elsewhere, C unverified.
SOURCE_MARKS = ("A", "B", "C")
#: Position in the parser's message.
_LINE_AND_COLUMN_PATTERN = re.compile(r"line (\d+), column (\d+)")


class ErrorCollector:
    """Collects the errors of a data file.

    With ``keep`` errors are added to the list ``found``; without ``keep`` the first error is raised.
    """

    def __init__(self, keep: bool = False):
        self.keep = keep
        self.found: list[DataError] = []

    @contextmanager
    def collect_data_error(self) -> Iterator[None]:
        """Return a context that collects a DataError of its block, so that the next block is read too."""
        try:
            yield
        except DataError as error:
            if not self.keep:
                raise
            self.found.append(error)


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file as a dict.

    Raises
    ------
    DataError
        The file is missing, not TOML (with line and column), not UTF-8, or has a number that is not finite. No value
        exceeds ``nan`` or ``inf``, so such a limit would switch its rule off.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError("data_file_missing", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise DataError("data_toml_encoding", file=str(path)) from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        position = _LINE_AND_COLUMN_PATTERN.search(str(error))
        # Otherwise the file ends too early.
        line, column = position.groups() if position else (str(text.count("\n") + 1), "1")
        raise DataError("data_file_broken", file=str(path), line=line, column=column) from error
    _check_finite(table, path, "")
    return table


def _check_finite(value: Any, path: Path, key: str) -> None:
    """Raise DataError if a value, or a value within it, is a number that is not finite."""
    if isinstance(value, dict):
        for name, part in value.items():
            _check_finite(part, path, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for number, part in enumerate(value, 1):
            _check_finite(part, path, f"{key}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise DataError("data_value_not_finite", file=str(path), key=key, value=str(value))


def check_keys(
    table: dict[str, Any], *, required: Iterable[str], allowed: Iterable[str], file: Path, where: str = ""
) -> None:
    """Raise DataError if a table lacks a required key or has an unknown key.

    ``allowed``: keys that may be there besides the required ones; ``where``: key of the table, for the message.
    """
    prefix = f"{where}." if where else ""
    for key in required:
        if key not in table:
            raise DataError("data_key_missing", file=str(file), key=prefix + key)
    known_keys = {*required, *allowed}
    for key in table:
        if key not in known_keys:
            raise DataError("data_key_unknown", file=str(file), key=prefix + key, known=", ".join(sorted(known_keys)))


def check_and_remove_marks(table: dict[str, Any], keys: Iterable[str], *, file: Path) -> None:
    """Check the table ``marks`` within a table of settings, and remove it, in place.

    A mark is A, B or C, the level of a setting's source. Raise DataError unless each of ``keys`` has a mark.
    """
    marks = table.pop("marks")
    check_keys(marks, required=keys, allowed=(), file=file)
    for key, mark in marks.items():
        check_known(mark, SOURCE_MARKS, file, f"marks.{key}")


def check_known(value: Any, known: Iterable[object], file: Path, key: str) -> None:
    """Raise DataError, which lists the allowed values, unless a value is one of them."""
    known_values = tuple(known)
    if value not in known_values:
        raise make_unknown_value_error(file, key, value, known_values)


def make_unknown_value_error(file: Path, key: str, value: Any, known: Iterable[object]) -> DataError:
    """Return the error for a value that is not allowed; it lists the allowed values.

    ``key``: the place in the file. ``known``: the allowed values, or an example of one.
    """
    return DataError("data_value_unknown", file=str(file), key=key, value=str(value), known=", ".join(map(str, known)))


def check_type(value: Any, kind: type | tuple[type, ...], *, file: Path, key: str) -> Any:
    """Return a value that has the type ``kind``.

    Raise DataError with file and key if it has another type.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, float, (int, float))):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        raise DataError(
            "data_value_kind", file=str(file), key=key, value=repr(value), expected="/".join(k.__name__ for k in kinds)
        )
    return value


def read_record(kind: type[T], table: Any, *, file: Path, where: str = "") -> T:
    """Return a dataclass with the values of a table; its annotations state the keys and their types.

    Annotations are plain types, ``Literal``, ``tuple``, ``dict`` of texts, and dataclasses. A key with a default may be
    missing. ``where``: key of the table. Raise DataError with file and key.
    """
    hints, prefix = get_type_hints(kind), f"{where}." if where else ""
    required = [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]  # type: ignore[arg-type]
    check_keys(check_type(table, dict, file=file, key=where), required=required, allowed=hints, file=file, where=where)
    return kind(**{name: _read_value(value, hints[name], file, prefix + name) for name, value in table.items()})


def _read_value(value: Any, kind: Any, file: Path, key: str) -> Any:
    """Return a value as an annotation states it. Raise DataError."""
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        values = check_type(value, list, file=file, key=key)
        if arguments[-1] is ...:
            return tuple(_read_value(one, arguments[0], file, f"{key}[{n}]") for n, one in enumerate(values, 1))
        if len(values) != len(arguments):
            raise DataError(
                "data_value_kind", file=str(file), key=key, value=repr(value), expected=f"list × {len(arguments)}"
            )
        return tuple(_read_value(one, part, file, key) for one, part in zip(values, arguments, strict=True))
    if get_origin(kind) is dict:
        table = check_type(value, dict, file=file, key=key)
        return {name: _read_value(one, arguments[1], file, f"{key}.{name}") for name, one in table.items()}
    if is_dataclass(kind):
        return read_record(kind, value, file=file, where=key)  # type: ignore[arg-type]
    if get_origin(kind) is Literal:
        check_known(check_type(value, str, file=file, key=key), arguments, file, key)
        return value
    return (
        float(check_type(value, (int, float), file=file, key=key))
        if kind is float
        else check_type(value, kind, file=file, key=key)
    )


def parse_strict_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raise ValueError for invalid JSON, and for a name that occurs twice in one object: parsers differ in the value they
    use.
    """

    def reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return the pairs of a JSON object as a dict. Raise ValueError for a repeated name."""
        value_by_name = dict(pairs)
        if len(value_by_name) < len(pairs):
            raise ValueError("a name stands twice")
        return value_by_name

    return json.loads(text, object_pairs_hook=reject_duplicates)
