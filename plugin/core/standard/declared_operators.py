# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a declared check, the operators of its conditions, and the rows that break it.

The set of operators is closed: no operator evaluates an expression. Values are texts as a layer has them. Numbers are
compared as numbers, dates as dates, all else as text. No operator but ``empty`` and ``filled`` is called with an empty
value.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from ..base.errors import DataError
from ..base.files.cells import parse_date
from ..base.files.toml_text import TomlPath, find_line
from ..model.rule import Severity
from .template import CodeList, TemplateField

#: Name of the array of declared checks in a standard and a profile.
CHECK_SECTION = "check"
#: Values of a row by field name, as text; an empty text is a missing value.
Row = dict[str, str]


@dataclass(frozen=True)
class Condition:
    """A statement on one field of a row: ``field`` ``operator`` ``values``.

    ``template_field``: the field in the layer's template. ``other_field``: the field of the same row that the value is
    compared with, in place of ``values``. ``code_list``: id of the code list that the operator uses; ``values`` are
    then codes of this list. ``layer`` and ``key_field``: where a foreign key must occur. ``layers``: further layers in
    which a unique value must not occur.
    """

    template_field: TemplateField
    operator: str
    values: tuple[str | float | date, ...] = ()
    other_field: str = ""
    code_list: str = ""
    layer: str = ""
    key_field: str = ""
    layers: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        """Return the name of the field."""
        return self.template_field.name

    @property
    def case(self) -> str:
        """Return the key of the message on rows that break this condition; unique within a check."""
        return f"{self.field} {self.operator}"


@dataclass(frozen=True)
class CheckTexts:
    """The texts of a check in one language, by its author.

    ``name`` states the requirement, ``problem`` what is wrong where it is broken; ``why`` and ``remedy`` are sentences.
    """

    name: str
    problem: str
    why: str
    remedy: str


@dataclass(frozen=True)
class CheckExamples:
    """Rows that the check must find, rows that it must not find, and the rows of other layers for both."""

    found: tuple[Row, ...]
    passed: tuple[Row, ...]
    other_layers: dict[str, tuple[Row, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class DeclaredCheck:
    """A check that a standard or a profile declares as data.

    A row of ``layer`` (layer code) for which all conditions of ``when`` hold must fulfil all of ``must``. ``mark``: A,
    B or C, how well ``source`` (document and clause) supports the check. ``texts``: language → texts.
    """

    code: str
    layer: str
    when: tuple[Condition, ...]
    must: tuple[Condition, ...]
    severity: Severity
    mark: str
    source: str
    texts: dict[str, CheckTexts]
    examples: CheckExamples

    def list_fields(self) -> list[str]:
        """Return the names of the fields of its layer that the check reads, each once."""
        conditions = (*self.when, *self.must)
        return list(dict.fromkeys(name for one in conditions for name in (one.field, one.other_field) if name))

    def iterate_foreign_fields(self) -> Iterator[tuple[str, str, bool]]:
        """Yield layer code and field of each other layer that the check reads; True if it cannot do without it."""
        for condition in self.must:
            if condition.layer:
                yield condition.layer, condition.key_field, True
            for layer in condition.layers:
                yield layer, condition.field, False

    @property
    def is_local(self) -> bool:
        """Return True if the check judges each row without other rows of its layer.

        A foreign key counts as local: the values that it may have are known while a row is edited.
        """
        return all(condition.operator != "unique" for condition in self.must)


@dataclass(frozen=True)
class CheckPlace:
    """A check, or a part of it, in the file that declares it.

    ``keys``: path of the part, such as ``("check", 0, "must", 1)``. ``label``: code of the check, else its number.
    """

    path: Path
    keys: TomlPath
    label: str

    def enter(self, *keys: str | int) -> CheckPlace:
        """Return the place of a part of this part."""
        return CheckPlace(self.path, (*self.keys, *keys), self.label)

    def find_line(self) -> int:
        """Return the line of the part in the file, or of the table around it; 0 if the file cannot be read."""
        try:
            return find_line(self.path.read_text(encoding="utf-8-sig"), self.keys)
        except (OSError, ValueError):
            return 0

    def make_error(self, problem: str, **params: Any) -> DataError:
        """Return the error of this part. ``problem``: key of a text under ``[check_errors]`` with its parameters."""
        return DataError(
            "data_check",
            file=str(self.path),
            line=self.find_line() or "—",
            check=self.label,
            check_problem=problem,
            **params,
        )

    def require(self, is_valid: bool, problem: str, **params: Any) -> None:
        """Raise the error of this part (`make_error`) unless it is valid."""
        if not is_valid:
            raise self.make_error(problem, **params)

    def check_keys(self, table: dict[str, Any], required: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Raise DataError if a table of this place lacks a required key or has an unknown one."""
        required, optional = tuple(required), tuple(optional)
        known = (*required, *optional)
        for key in table:
            self.enter(key).require(key in known, "key_unknown", key=key, known=", ".join(known))
        for key in required:
            self.require(key in table, "key_missing", key=key, known=", ".join(known))

    def check_type(self, value: Any, kind: type, expected: str) -> Any:
        """Return a value of the type ``kind``; raise DataError for another one.

        ``expected``: key of the expected type under ``[check_types]``.
        """
        is_valid = isinstance(value, kind)
        self.require(is_valid, "kind", key=str(self.keys[-1]), value=repr(value), check_type=expected)
        return value

    def read_text(self, value: Any) -> str:
        """Return a text that is not blank; raise DataError for another value."""
        text = str(self.check_type(value, str, "text")).strip()
        self.require(bool(text), "blank", key=str(self.keys[-1]))
        return text


#: Operators that judge an empty value; for all others `when` does not hold and `must` is fulfilled.
OPERATORS_ON_EMPTY = ("empty", "filled")


class ValueKind(StrEnum):
    """What an operator is given after the field."""

    NOTHING = "nothing"
    ONE = "one"
    SEVERAL = "several"
    LIMIT = "limit"
    RANGE = "range"
    PATTERN = "pattern"
    BEGINNINGS = "beginnings"
    CODES = "codes"
    CODE_LIST = "code_list"
    FOREIGN_KEY = "foreign_key"
    LAYERS = "layers"


#: The key that a condition of each kind needs, and those that it may have. ``value`` may be replaced by ``other``.
KEYS_BY_KIND: dict[ValueKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ValueKind.NOTHING: ((), ()),
    ValueKind.ONE: (("value",), ("other",)),
    ValueKind.SEVERAL: (("value",), ()),
    ValueKind.LIMIT: (("value",), ("other",)),
    ValueKind.RANGE: (("value",), ()),
    ValueKind.PATTERN: (("value",), ()),
    ValueKind.BEGINNINGS: (("value",), ()),
    ValueKind.CODES: (("value",), ("list",)),
    ValueKind.CODE_LIST: ((), ("list",)),
    ValueKind.FOREIGN_KEY: (("layer",), ("key",)),
    ValueKind.LAYERS: ((), ("layers",)),
}


class ValueTest(NamedTuple):
    """What an operator knows when it judges a value.

    ``text``: the value, not empty; ``values``: those of the condition, or of the other field of the row. ``codes``: the
    codes that the value means (`CodeResolver`). ``code_list``: None without a list. ``known_values``: those of a
    foreign key's layer.
    """

    text: str
    values: tuple[Any, ...] = ()
    codes: frozenset[str] = frozenset()
    code_list: CodeList | None = None
    known_values: Collection[str] = ()


@dataclass(frozen=True)
class Operator:
    """An operator: the kind of its values, and the function that decides whether it holds."""

    kind: ValueKind
    holds: Callable[[ValueTest], bool]
    is_for_must_only: bool = False


def parse_number(text: str) -> float | None:
    """Return a text as a finite number; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _convert_like(text: str, value: Any) -> Any:
    """Return a text as the type of ``value`` (number, date or text); None if it cannot be converted."""
    if isinstance(value, date):
        return parse_date(text)
    return text if isinstance(value, str) else parse_number(text)


def _equals_any(test: ValueTest) -> bool:
    return any(_convert_like(test.text, value) == value for value in test.values)


def _make_comparison(is_fulfilled: Callable[[Any, Any], bool]) -> Callable[[ValueTest], bool]:
    """Return a function that compares a value with the first of the test; False for a value of another type."""

    def compare(test: ValueTest) -> bool:
        value = _convert_like(test.text, test.values[0])
        return value is not None and is_fulfilled(value, test.values[0])

    return compare


def _is_between(test: ValueTest) -> bool:
    value = _convert_like(test.text, test.values[0])
    return value is not None and test.values[0] <= value <= test.values[1]


def _is_under(test: ValueTest) -> bool:
    return test.code_list is not None and any(test.code_list.is_code_within(code, test.values) for code in test.codes)


#: Name of each operator in ``operator = "…"``; the names are public and never change.
OPERATORS: dict[str, Operator] = {
    "empty": Operator(ValueKind.NOTHING, lambda test: not test.text),
    "filled": Operator(ValueKind.NOTHING, lambda test: bool(test.text)),
    "equals": Operator(ValueKind.ONE, _equals_any),
    "differs": Operator(ValueKind.ONE, lambda test: not _equals_any(test)),
    "one_of": Operator(ValueKind.SEVERAL, _equals_any),
    "none_of": Operator(ValueKind.SEVERAL, lambda test: not _equals_any(test)),
    "at_least": Operator(ValueKind.LIMIT, _make_comparison(lambda value, limit: value >= limit)),
    "at_most": Operator(ValueKind.LIMIT, _make_comparison(lambda value, limit: value <= limit)),
    "above": Operator(ValueKind.LIMIT, _make_comparison(lambda value, limit: value > limit)),
    "below": Operator(ValueKind.LIMIT, _make_comparison(lambda value, limit: value < limit)),
    "between": Operator(ValueKind.RANGE, _is_between),
    "matches": Operator(ValueKind.PATTERN, lambda test: bool(re.fullmatch(test.values[0], test.text))),
    "begins_with": Operator(ValueKind.BEGINNINGS, lambda test: test.text.startswith(test.values)),
    "under": Operator(ValueKind.CODES, _is_under),
    "not_under": Operator(ValueKind.CODES, lambda test: not _is_under(test)),
    "in_list": Operator(ValueKind.CODE_LIST, lambda test: bool(test.codes)),
    "in_layer": Operator(ValueKind.FOREIGN_KEY, lambda test: test.text in test.known_values, is_for_must_only=True),
    # Other rows decide: `evaluation` counts the values.
    "unique": Operator(ValueKind.LAYERS, lambda test: test.text not in test.known_values, is_for_must_only=True),
}


class CodeResolver:
    """Finds the codes that a value of a field means: a code as it is written in the field, or its name.

    ``pad``: digits that codes of the field are padded to; ``codes_by_text``: code, padded and not, and name → codes.
    """

    def __init__(self, code_list: CodeList, pad: int = 0):
        self.code_list = code_list
        codes: dict[str, list[str]] = {}
        for entry in code_list.entry_by_code.values():
            codes.setdefault(entry.name, []).append(entry.code)
        self.codes_by_text = {name: frozenset(same_name) for name, same_name in codes.items()}
        # A code is never taken for the name of another one.
        for code in code_list.entry_by_code:
            padded_code = code.ljust(pad, "0") if pad and code.isdigit() else code
            self.codes_by_text |= {padded_code: frozenset([code]), code: frozenset([code])}

    def find_codes(self, text: str) -> frozenset[str]:
        """Return the codes for a code or a name; several if codes share a name, empty for an unknown text."""
        return self.codes_by_text.get(text, frozenset())


class CheckEvaluation:
    """Judges rows by one declared check.

    ``code_lists``: those of the standard, by id; ``find_values``: the values of other layers that foreign keys may
    have, called with layer and field once for each condition.
    """

    def __init__(
        self,
        check: DeclaredCheck,
        code_lists: Mapping[str, CodeList],
        find_values: Callable[[str, str], Collection[str]],
    ):
        self._check = check
        conditions = (*check.when, *check.must)
        self._resolvers = {
            id(one): CodeResolver(code_lists[one.code_list], one.template_field.code_pad)
            for one in conditions
            if one.code_list
        }
        self._known_values = {id(one): find_values(one.layer, one.key_field) for one in conditions if one.layer}
        self._find_values = find_values

    def find_broken_conditions(self, columns: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, Condition]]:
        """Yield position and condition for each condition that a row breaks.

        ``columns``: the values of all rows, by field name. Each distinct combination of values is judged once.
        """
        fields = self._check.list_fields()
        rows = list(zip(*(columns[name] for name in fields), strict=True))
        row_by_values = {values: dict(zip(fields, values, strict=True)) for values in rows}
        concerned_rows = {
            values: row
            for values, row in row_by_values.items()
            if all(self._holds(condition, row, is_must=False) for condition in self._check.when)
        }
        for condition in self._check.must:
            if condition.operator == "unique":
                counts = Counter(concerned_rows[values][condition.field] for values in rows if values in concerned_rows)
                elsewhere = {value for layer in condition.layers for value in self._find_values(layer, condition.field)}
                self._known_values[id(condition)] = frozenset(
                    value for value, count in counts.items() if value and (count > 1 or value in elsewhere)
                )
        broken_by_values = {
            values: broken_conditions
            for values, row in concerned_rows.items()
            if (broken_conditions := [one for one in self._check.must if not self._holds(one, row, is_must=True)])
        }
        for position, values in enumerate(rows):
            yield from ((position, condition) for condition in broken_by_values.get(values, ()))

    def _holds(self, condition: Condition, row: Mapping[str, str], *, is_must: bool) -> bool:
        """Return True if a condition holds for a row.

        For an empty value, a condition of the array `when` does not hold, and one of `must` does: whether a field must
        have a value is a separate condition (`filled`).
        """
        text, other_text = row[condition.field], row.get(condition.other_field, "")
        is_empty = not text or (bool(condition.other_field) and not other_text)
        if is_empty and condition.operator not in OPERATORS_ON_EMPTY:
            return is_must
        values: tuple[Any, ...] = condition.values
        if condition.other_field:
            # By the type of the compared field; a text that cannot be converted stays, so that equal texts are equal.
            other_value: Any = None
            if condition.template_field.type == "date":
                other_value = parse_date(other_text)
            elif condition.template_field.type != "text" or OPERATORS[condition.operator].kind is ValueKind.LIMIT:
                other_value = parse_number(other_text)
            values = (other_text if other_value is None else other_value,)
        resolver = self._resolvers.get(id(condition))
        codes = resolver.find_codes(text) if resolver is not None else frozenset()
        code_list = resolver.code_list if resolver is not None else None
        test = ValueTest(text, values, codes, code_list, self._known_values.get(id(condition), ()))
        return OPERATORS[condition.operator].holds(test)
