# SPDX-License-Identifier: GPL-2.0-or-later
"""Constraints of attribute forms made of the checks that standard and profile declare as data.

A constraint is an expression of QGIS, saved with the project. An empty value satisfies it as it satisfies the check.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from qgis.core import QgsExpression, QgsVectorLayer

from ...core.model.rule import Severity
from ...core.standard.declared_operators import (
    OPERATORS,
    OPERATORS_ON_EMPTY,
    CodeResolver,
    Condition,
    DeclaredCheck,
    ValueKind,
)

if TYPE_CHECKING:
    from ...core.standard.messages.texts import Texts
    from ...core.standard.profile import Norm

#: Comparison signs of the operators that compare with a limit.
_SIGN_BY_OPERATOR = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}
#: Operators that hold where another one does not.
_DENIED_OPERATORS = {"differs": "equals", "none_of": "one_of", "not_under": "under"}


@dataclass(frozen=True)
class CheckConstraint:
    """A constraint of a field: expression, what it requires with the remedy, and whether it prevents saving."""

    expression: str
    description: str
    is_hard: bool


def make_date_expression(column: str) -> str:
    """Return the expression of a column's date, which may be text with eight digits."""
    return f"coalesce(try(to_date({column})), try(to_date({column}, 'yyyyMMdd')))"


def make_check_constraints(
    layer: QgsVectorLayer, role: str, field: str, norm: Norm, texts: Texts
) -> list[CheckConstraint]:
    """Return the constraints of a field from the declared checks that run by default, one for each condition.

    ``role``: code of the plan layer; ``field``: name in its template. Checks of fields that the layer lacks are left
    out, and unique values, which need all layers.
    """
    constraints = []
    running_codes = set(norm.rules) if norm.declared_checks else set()
    for check in norm.declared_checks:
        has_fields = all(layer.fields().lookupField(name) >= 0 for name in check.list_fields())
        if check.layer != role or check.code not in running_codes or not has_fields:
            continue
        rule = norm.declared_rules[check.code]
        requirement = texts.get_rule_help(rule)[texts.get_section("headings")["what"]]
        remedy = check.texts[texts.lang].remedy
        description = texts.get("forms", "declared_check", what=requirement, remedy=remedy, code=check.code)
        is_hard = norm.get_severity(rule) is Severity.ERROR
        for condition in check.must:
            if condition.field == field and condition.operator != "unique":
                expression = _ConstraintWriter(layer, norm).write(check, condition)
                constraints.append(CheckConstraint(expression, description, is_hard))
    return constraints


@dataclass
class _ConstraintWriter:
    """Writes conditions as expressions on the columns of a layer."""

    layer: QgsVectorLayer
    norm: Norm

    def write(self, check: DeclaredCheck, condition: Condition) -> str:
        """Return the expression that a feature fulfils unless it breaks a condition of a check."""
        parts = [f"({self._write_condition(condition, is_must=True)})"]
        parts += [f"NOT ({self._write_condition(one, is_must=False)})" for one in check.when]
        return " OR ".join(parts)

    def _write_condition(self, condition: Condition, *, is_must: bool) -> str:
        """Return a condition: for an empty value false in ``when``, true in ``must``."""
        text = self._write_text(condition.field)
        if condition.operator in OPERATORS_ON_EMPTY:
            return f"{text} = ''" if condition.operator == "empty" else f"{text} <> ''"
        denied_operator = _DENIED_OPERATORS.get(condition.operator)
        holds = self._write_operator(condition, denied_operator or condition.operator, text)
        if denied_operator:
            holds = f"NOT ({holds})"
        texts = [text, *([self._write_text(condition.other_field)] if condition.other_field else [])]
        if is_must:
            return " OR ".join([*(f"{one} = ''" for one in texts), f"({holds})"])
        return " AND ".join([*(f"{one} <> ''" for one in texts), f"({holds})"])

    def _write_operator(self, condition: Condition, operator: str, text: str) -> str:
        """Return the expression of an operator that denies nothing, never NULL, for a value that is not empty."""
        kind = OPERATORS[operator].kind
        if kind in (ValueKind.CODES, ValueKind.CODE_LIST):
            # Codes as written, and names.
            code_list = self.norm.standard.code_lists[condition.code_list]
            resolver = CodeResolver(code_list, condition.template_field.code_pad)
            accepted = list(resolver.codes_by_text)
            if condition.values:
                members = code_list.collect_members([str(one) for one in condition.values])
                accepted = [one for one in accepted if resolver.find_codes(one) & members]
            return f"{text} IN ({_quote_all(accepted)})"
        if kind is ValueKind.FOREIGN_KEY:
            arguments = _quote_all((condition.layer, condition.key_field))
            return f"sanxian_in_layer({text}, {arguments})"
        if kind is ValueKind.PATTERN:
            pattern = QgsExpression.quotedString(f"^(?:{condition.values[0]})$")
            return f"regexp_match({text}, {pattern}) > 0"
        if kind is ValueKind.BEGINNINGS:
            return " OR ".join(
                f"left({text}, {len(str(one))}) = {QgsExpression.quotedString(str(one))}" for one in condition.values
            )
        if kind is ValueKind.RANGE:
            low, high = condition.values
            value = self._write_value(condition.field, low)
            return f"coalesce({value} BETWEEN {_write_literal(low)} AND {_write_literal(high)}, false)"
        sign = _SIGN_BY_OPERATOR.get(operator, "=")
        return " OR ".join(
            f"coalesce({left} {sign} {right}, false)" for left, right in self._iterate_compared_values(condition)
        )

    def _iterate_compared_values(self, condition: Condition) -> Iterator[tuple[str, str]]:
        """Yield both sides of each comparison, of the same type."""
        if condition.other_field:
            kind: Any = 0.0
            if condition.template_field.type == "date":
                kind = date.min
            elif condition.template_field.type == "text" and condition.operator not in _SIGN_BY_OPERATOR:
                kind = ""
            yield self._write_value(condition.field, kind), self._write_value(condition.other_field, kind)
        for value in condition.values:
            yield self._write_value(condition.field, value), _write_literal(value)

    def _write_value(self, field: str, like: Any) -> str:
        """Return the value of a field as the type of ``like``; NULL if it cannot be converted."""
        if isinstance(like, date):
            return make_date_expression(self._write_column(field))
        return self._write_text(field) if isinstance(like, str) else f"try(to_real({self._write_text(field)}))"

    def _write_text(self, field: str) -> str:
        return f"trim(coalesce(to_string({self._write_column(field)}), ''))"

    def _write_column(self, field: str) -> str:
        return QgsExpression.quotedColumnRef(self.layer.fields().at(self.layer.fields().lookupField(field)).name())


def _write_literal(value: Any) -> str:
    """Return a value of a condition as an expression: a number, a date or a text."""
    if isinstance(value, date):
        return f"to_date('{value.isoformat()}')"
    return QgsExpression.quotedString(value) if isinstance(value, str) else repr(value)


def _quote_all(texts: Iterable[str]) -> str:
    return ", ".join(QgsExpression.quotedString(text) for text in texts)
