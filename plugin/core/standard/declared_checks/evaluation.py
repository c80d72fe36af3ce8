# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the rows of a table that break a declared check.

Values are texts, so that no table library is needed: examples are judged when a file is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ..codes import CodeList
from ..declared_check import Condition, DeclaredCheck
from .operators import OPERATORS, OPERATORS_ON_EMPTY, CodeResolver, make_value_test

#: Returns the values of a field in a layer, both by name.
ValueSource = Callable[[str, str], Collection[str]]


class CheckEvaluation:
    """Judges rows by one declared check.

    ``code_lists``: those of the standard, by id; ``find_values``: the values of other layers that foreign keys may
    have, called once for each condition.
    """

    def __init__(self, check: DeclaredCheck, code_lists: Mapping[str, CodeList], find_values: ValueSource):
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
                self._known_values[id(condition)] = self._find_repeated_values(condition, texts)
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
        known_values = self._known_values.get(id(condition), ())
        test = make_value_test(condition, text, other_text, self._resolvers.get(id(condition)), known_values)
        return OPERATORS[condition.operator].holds(test)

    def _find_repeated_values(self, condition: Condition, texts: Sequence[str]) -> frozenset[str]:
        """Return the values that occur twice in the layer, or also in one of the condition's layers.

        ``texts``: those of the rows for which ``when`` holds.
        """
        counts = Counter(texts)
        elsewhere = {value for layer in condition.layers for value in self._find_values(layer, condition.field)}
        return frozenset(value for value, count in counts.items() if value and (count > 1 or value in elsewhere))
