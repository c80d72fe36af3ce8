# SPDX-License-Identifier: GPL-2.0-or-later
"""The operators of conditions: what each takes and when it holds for a value; the rows that break a check.

The set is closed: no operator evaluates an expression. Values are texts as a layer has them. Numbers are compared as
numbers, dates as dates, all else as text. No operator but ``empty`` and ``filled`` is called with an empty value.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from ..base.files.cells import parse_date
from .codes import CodeList
from .declared_check import Condition, DeclaredCheck

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

    ``pad``: digits that codes of the field are padded to.
    """

    def __init__(self, code_list: CodeList, pad: int = 0):
        self.code_list = code_list
        codes: dict[str, list[str]] = {}
        for entry in code_list.entry_by_code.values():
            codes.setdefault(entry.name, []).append(entry.code)
        self._codes_by_text = {name: frozenset(same_name) for name, same_name in codes.items()}
        # A code is never taken for the name of another one.
        for code in code_list.entry_by_code:
            padded_code = code.ljust(pad, "0") if pad and code.isdigit() else code
            self._codes_by_text |= {padded_code: frozenset([code]), code: frozenset([code])}

    def list_texts(self) -> Collection[str]:
        """Return the codes, padded and not, and their names."""
        return self._codes_by_text.keys()

    def find_codes(self, text: str) -> frozenset[str]:
        """Return the codes for a code or a name; several if codes share a name, empty for an unknown text."""
        return self._codes_by_text.get(text, frozenset())


def _convert_other_value(text: str, condition: Condition) -> Any:
    """Return the value of the other field as number, date or text, by the type of the field that is compared.

    A text that cannot be converted remains a text, so that two equal texts are equal.
    """
    is_ordered = OPERATORS[condition.operator].kind is ValueKind.LIMIT
    if condition.template_field.type == "date":
        return parse_date(text) or text
    if is_ordered or condition.template_field.type in ("integer", "real"):
        number = parse_number(text)
        return text if number is None else number
    return text


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
                texts = [concerned_rows[values][condition.field] for values in rows if values in concerned_rows]
                counts = Counter(texts)
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
            for condition in broken_by_values.get(values, ()):
                yield position, condition

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
            values = (_convert_other_value(other_text, condition),)
        resolver = self._resolvers.get(id(condition))
        codes = resolver.find_codes(text) if resolver is not None else frozenset()
        code_list = resolver.code_list if resolver is not None else None
        test = ValueTest(text, values, codes, code_list, self._known_values.get(id(condition), ()))
        return OPERATORS[condition.operator].holds(test)
