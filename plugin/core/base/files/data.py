# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the plugin's data files in TOML and JSON strictly: an unknown key is an error; errors name file and key."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import DataError
from .writing import make_access_error

T = TypeVar("T")
#: Return origin and arguments of a type; files of a few types have thousands of values.
_divide_kind: Callable[[Any], tuple[Any, tuple[Any, ...]]] = cache(lambda kind: (get_origin(kind), get_args(kind)))
#: Reliability of a value's source: A verified in the document itself, B cited or implemented elsewhere, C unverified.
SOURCE_MARKS = ("A", "B", "C")
#: Metadata of a field that a table does not state: the name of the table (first field), or a value of the reader.
NOT_IN_FILE = MappingProxyType({"key": None})
#: Metadata of a field that a table may state in place of the reader.
MAY_BE_GIVEN = MappingProxyType({"given": True})
#: In ``Annotated[tuple[str, ...], ONE_OR_SEVERAL]``: the file may state a single value in place of a list.
ONE_OR_SEVERAL = "one or several"
#: In the type of a dict's keys, with `one_of`: the table must have every one of them.
EVERY_KEY = "every key"
#: Characters of a value in an error.
_MAX_VALUE_LENGTH = 100
#: Position in the parser's message.
_LINE_AND_COLUMN_PATTERN = re.compile(r"line (\d+), column (\d+)")


@dataclass
class ErrorCollector:
    """Collects the errors of a data file.

    With ``keep`` errors are added to the list ``found``; without ``keep`` the first error is raised.
    """

    keep: bool = False
    found: list[DataError] = field(default_factory=list)

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
    InputError
        The file may not be read.
    """
    try:
        text = _read_data_file(path).decode("utf-8-sig")
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
            _check_finite(part, path, join_key(key, name))
    elif isinstance(value, list):
        for number, part in enumerate(value, 1):
            _check_finite(part, path, f"{key}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise DataError("data_value_not_finite", file=str(path), key=key, value=str(value))


def list_data_ids(folder: Path) -> list[str]:
    """Return the ids of the data files in a folder, which are their names without .toml; settings have none."""
    return sorted(path.stem for path in folder.glob("*.toml") if path.name != "settings.toml")


def find_data_file(name: str | Path, folder: Path, error_key: str, *, other_names: Iterable[str] = ()) -> Path:
    """Return the file of an id in a folder, or of the path of a .toml file.

    Raise DataError with the key ``error_key`` for a missing file; it lists ``other_names`` and the ids.
    """
    ids = list_data_ids(folder)
    if str(name) in ids:
        return folder / f"{name}.toml"
    path = Path(name)
    if path.suffix.lower() != ".toml" or not path.is_file():
        raise DataError(error_key, value=str(name), known=", ".join([*other_names, *ids]))
    return path


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


def check_known(value: Any, known: Iterable[object], file: Path, key: str) -> None:
    """Raise DataError, which lists the allowed values, unless a value is one of them."""
    known_values = tuple(known)
    if value not in known_values:
        raise make_unknown_value_error(file, key, value, known_values)


def check_unique(values: Sequence[Any], file: Path, key: str) -> None:
    """Raise DataError for a value that occurs twice."""
    for value in values:
        if values.count(value) > 1:
            raise DataError("data_duplicate", file=str(file), key=key, value=value)


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
            "data_value_kind",
            file=str(file),
            key=key or "{}",
            value=repr(value)[:_MAX_VALUE_LENGTH],
            expected="/".join(k.__name__ for k in kinds),
        )
    return value


@dataclass(frozen=True, eq=False)
class Limit:
    """The values that an annotation allows beyond its type: ``Annotated[int, between(1990, 2100)]``.

    ``is_allowed``: decides on a value; ``known``: what is allowed, for errors; ``schema``: the same for editors, as
    keywords of JSON Schema.
    """

    is_allowed: Callable[[Any], bool]
    known: tuple[object, ...]
    schema: Mapping[str, Any]


def one_of(*values: object, known: Iterable[object] = ()) -> Limit:
    """Return the limit to certain values. ``known``: how errors list them, by default as they are."""
    return Limit(values.__contains__, tuple(known) or values, {"enum": list(values)})


def between(lowest: float, largest: float, known: str = "") -> Limit:
    """Return the limit to numbers from ``lowest`` to ``largest``. ``known``: how errors state it, else 1990–2100."""
    return Limit(
        lambda value: lowest <= value <= largest,
        (known or f"{lowest}–{largest}",),
        {"minimum": lowest, **({"maximum": largest} if math.isfinite(largest) else {})},
    )


def matching(pattern: str, *known: str) -> Limit:
    """Return the limit to texts that a pattern matches in whole. ``known``: examples, for errors."""
    return Limit(lambda text: re.fullmatch(pattern, text) is not None, known, {"pattern": f"^(?:{pattern})$"})


#: A mark of a value's source.
SourceMark = Annotated[str, one_of(*SOURCE_MARKS)]


@dataclass(frozen=True)
class BilingualName:
    """The name of a record in a data file, in Chinese and English."""

    zh: str
    en: str

    def get_name(self, lang: str) -> str:
        """Return the name in a language."""
        return self.zh if lang == "zh" else self.en


class RecordItem(NamedTuple):
    """A key of a dataclass's table: its field, its annotation, and whether a table must have it."""

    field_name: str
    kind: Any
    is_required: bool


@cache
def list_record_items(kind: type) -> dict[str, RecordItem]:
    """Return key → item of a dataclass's table. A field's metadata ``key`` is its key, if that is not its name."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        one.metadata.get("key", one.name): RecordItem(
            one.name,
            hints[one.name],
            one.default is MISSING and one.default_factory is MISSING and one.metadata != MAY_BE_GIVEN,
        )
        for one in fields(kind)
        if one.init and one.metadata.get("key", one.name) is not None
    }


def read_toml_record(kind: type[T], path: Path, given: Mapping[str, Any] | None = None) -> T:
    """Return a dataclass with the values of a TOML file, as `read_record`. Raise DataError with file and key."""
    return read_record(kind, read_toml(path), file=path, given=given)


def read_record(kind: type[T], table: Any, *, file: Path, where: str = "", given: Mapping[str, Any] | None = None) -> T:
    """Return a dataclass with the values of a table; its annotations state the keys and their types (`read_value`).

    A key with a default may be missing. ``where``: key of the table; ``given``: values of fields that the table does
    not state (`NOT_IN_FILE`). A method ``check_record`` of the dataclass gets file and ``where``, and may raise
    DataError. Raise DataError with file and key.
    """
    items = list_record_items(kind)  # type: ignore[arg-type]
    if isinstance(table, list) and len(table) == len(items):
        # Rows of which a file has many are lists.
        table = dict(zip(items, table, strict=True))
    check_keys(
        check_type(table, dict, file=file, key=where),
        required=(key for key, item in items.items() if item.is_required),
        allowed=items,
        file=file,
        where=where,
    )
    values = {
        items[key].field_name: value
        if type(value) is items[key].kind
        else read_value(value, items[key].kind, file=file, key=join_key(where, key))
        for key, value in table.items()
    }
    record = kind(**{**(given or {}), **values})
    if hasattr(record, "check_record"):
        record.check_record(file, where)
    return record


def join_key(where: str, key: str) -> str:
    """Return the place of a key in a file: ``targets[1].value``."""
    return f"{where}.{key}" if where else key


def _read_dict(value: Any, key_kind: Any, kind: Any, *, file: Path, key: str) -> dict[Any, Any]:
    """Return a table whose keys are not fixed.

    A record in it gets its key as its first field, if the table does not state that (`NOT_IN_FILE`).
    """
    table = check_type(value, dict, file=file, key=key)
    if known_keys := list_known_values(key_kind):
        required = known_keys if EVERY_KEY in get_args(key_kind) else ()
        check_keys(table, required=required, allowed=known_keys, file=file, where=key)
    first_field = fields(kind)[0] if is_dataclass(kind) else None
    if first_field is not None and first_field.metadata == NOT_IN_FILE:
        return {
            name: read_record(kind, one, file=file, where=join_key(key, name), given={first_field.name: name})
            for name, one in table.items()
        }
    return {name: read_value(one, kind, file=file, key=join_key(key, name)) for name, one in table.items()}


def list_known_values(kind: Any) -> list[Any]:
    """Return the values that an annotation lists; empty if it allows others."""
    if get_origin(kind) is Annotated:
        return next(
            (list(one.schema["enum"]) for one in get_args(kind) if isinstance(one, Limit) and "enum" in one.schema), []
        )
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [one.value for one in kind]
    return list(get_args(kind)) if get_origin(kind) is Literal else []


def _check_table(value: Any, kind: dict[str, Any] | list[Any] | tuple[Any, ...], *, file: Path, key: str) -> Any:
    """Return a value that stays as it is; raise DataError if it is not of its kind, as of `read_value`."""
    if isinstance(kind, dict):
        for name, part in kind.items():
            name, is_optional = name.removesuffix("?"), name.endswith("?")
            if name in check_type(value, dict, file=file, key=key):
                read_value(value[name], part, file=file, key=join_key(key, name))
            elif not is_optional:
                raise DataError("data_key_missing", file=str(file), key=join_key(key, name))
    elif isinstance(kind, list):
        for number, one in enumerate(check_type(value, list, file=file, key=key), 1):
            read_value(one, kind[0], file=file, key=f"{key}[{number}]")
    else:
        check_type(value, kind, file=file, key=key)
    return value


def read_value(value: Any, kind: Any, *, file: Path, key: str = "") -> Any:
    """Return a value of a file as its type requires. Raise DataError with file and key for any other value.

    Parameters
    ----------
    kind
        An annotation: plain types, enumerations, ``Literal``, unions, ``list``, ``tuple``, ``dict`` (the type of its
        keys may list the known ones), ``Annotated`` with `Limit` or `ONE_OR_SEVERAL`, and dataclasses, of which those
        with a method ``from_dict`` are read by it. Or, for a table that stays as it is and may have other keys: a dict
        of key → type, where ``key?`` may be missing; a list with the type of all elements; a tuple of plain types.
    """
    if type(value) is kind or kind is Any:
        return value
    if isinstance(kind, (dict, list, tuple)):
        return _check_table(value, kind, file=file, key=key)
    origin, arguments = _divide_kind(kind)
    if origin is Annotated:
        if ONE_OR_SEVERAL in arguments and not isinstance(value, list):
            value = [value]
        is_enum = isinstance(arguments[0], type) and issubclass(arguments[0], Enum)
        typed_value = value if is_enum else read_value(value, arguments[0], file=file, key=key)
        for limit in arguments[1:]:
            if isinstance(limit, Limit) and not limit.is_allowed(typed_value):
                raise make_unknown_value_error(file, key, value, limit.known)
        return arguments[0](value) if is_enum else typed_value
    if origin in (list, tuple):
        return _read_list(value, origin, arguments, file=file, key=key)
    if origin is dict:
        return _read_dict(value, *arguments, file=file, key=key)
    if origin in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        kinds = tuple(one for one in arguments if one is not NoneType)
        # An integer stays one, as it was written.
        kinds = (int, float) if kinds == (float,) else kinds
        return read_value(value, kinds if len(kinds) > 1 else kinds[0], file=file, key=key)
    if is_dataclass(kind):
        return (
            kind.from_dict(value, file, key)
            if hasattr(kind, "from_dict")
            else read_record(kind, value, file=file, where=key)  # type: ignore[arg-type]
        )
    return _read_plain(value, kind, file=file, key=key)


def _read_list(value: Any, kind: type, element_kinds: tuple[Any, ...], *, file: Path, key: str) -> Any:
    """Return a list, a tuple, or a tuple with a fixed number of elements."""
    values = check_type(value, list, file=file, key=key)
    if kind is list or element_kinds[-1] is ...:
        return kind(read_value(one, element_kinds[0], file=file, key=f"{key}[{n}]") for n, one in enumerate(values, 1))
    if len(values) != len(element_kinds):
        raise DataError(
            "data_value_kind", file=str(file), key=key, value=repr(value), expected=f"list × {len(element_kinds)}"
        )
    return tuple(read_value(one, part, file=file, key=key) for one, part in zip(values, element_kinds, strict=True))


def _read_plain(value: Any, kind: Any, *, file: Path, key: str) -> Any:
    """Return a value of a plain type, an enumeration, or a `Literal`."""
    if known_values := list_known_values(kind):
        if get_origin(kind) is Literal:
            check_type(value, type(known_values[0]), file=file, key=key)
        check_known(value, known_values, file, key)
        return value if get_origin(kind) is Literal else kind(value)
    return (
        float(check_type(value, (int, float), file=file, key=key))
        if kind is float
        else check_type(value, kind, file=file, key=key)
    )


def read_json(path: Path, kind: Any = Any) -> Any:
    """Return the value of a JSON file as its type requires (`read_value`).

    Raises
    ------
    DataError
        The file is missing, is not JSON (with line and column), has a name twice in one object or a number that is not
        finite, or a value has another type (with its key).
    InputError
        The file may not be read.
    """
    return parse_json(_read_data_file(path), kind, file=path)


def _read_data_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError("data_file_missing", file=str(path)) from error
    except OSError as error:
        raise make_access_error(path, error) from error


def parse_json(text: str | bytes, kind: Any = Any, *, file: Path) -> Any:
    """Return the value of a JSON text, as `read_json`; ``file``: for errors."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_make_table,
            parse_float=_parse_number,
            parse_int=_parse_number,
            parse_constant=_parse_number,
        )
    except json.JSONDecodeError as error:
        raise DataError("data_json_broken", file=str(file), line=error.lineno, column=error.colno) from error
    except (ValueError, RecursionError) as error:
        raise DataError("data_json_refused", file=str(file), detail=type(error).__name__) from error
    return read_value(value, kind, file=file)


def _make_table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of a JSON object as a dict.

    Raise ValueError for a repeated name: parsers differ in the value they use.
    """
    value_by_name = dict(pairs)
    if len(value_by_name) < len(pairs):
        raise ValueError("a name stands twice")
    return value_by_name


def _parse_number(text: str) -> float:
    """Return a number of JSON. Raise ValueError for one that is not finite."""
    if not math.isfinite(float(text)):
        raise ValueError(text)
    return int(text) if text.removeprefix("-").isdecimal() else float(text)
