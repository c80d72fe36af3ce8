# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a rule of each check that a standard or a profile declares as data.

The engine, the report, the panel and the live check treat such a rule as any other one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ...model.rule import DECLARED_FAMILY, LayerNeed, Rule, RuleExample, RuleResult, get_rule_position
from .. import Standard
from ..declared_operators import CheckEvaluation, Condition, DeclaredCheck, Row
from ..messages.texts import Texts

#: Squares of example rows, side by side (m).
_EXAMPLE_SIDE = 10
#: Longer values are cut in a message.
_MAX_VALUE_CHARACTERS = 20


def make_declared_rule(check: DeclaredCheck, standard: Standard) -> Rule:
    """Return the rule of a check."""
    description = CheckDescription(check, standard)
    english_texts = description.make_texts("en")
    foreign_layers: dict[str, bool] = {}
    for role, _, is_required in check.iterate_foreign_fields():
        foreign_layers[role] = foreign_layers.get(role, False) or is_required
    foreign_needs = {
        f"layer_{number}": LayerNeed(role, optional=not is_required)
        for number, (role, is_required) in enumerate(foreign_layers.items(), 2)
    }
    examples = check.examples
    foreign_rows = {
        name: _make_example_rows(examples.other_layers.get(need.concept, ())) for name, need in foreign_needs.items()
    }
    roles = {"layer": check.layer, **{name: need.concept for name, need in foreign_needs.items()}}
    all_rows = _make_example_rows((*examples.found, *examples.passed))
    return Rule(
        code=check.code,
        name=check.code.lower(),
        problem=check.texts["en"].problem,
        severity=check.severity,
        basis=(check.code,),
        needs={"layer": LayerNeed(check.layer), **foreign_needs},
        # The limits in the check are as well sourced as the check: one of mark C must be confirmed, by its code.
        uses=(check.code,),
        messages=english_texts["messages"],
        fails=(RuleExample("found", {"layer": all_rows, **foreign_rows}, finds=len(examples.found), roles=roles),),
        passes=(RuleExample("passed", {"layer": _make_example_rows(examples.passed), **foreign_rows}, roles=roles),),
        function=CheckFunction(check),
        parameters=(),
        order=get_rule_position(DECLARED_FAMILY),
        local=check.is_local,
        texts={"zh": description.make_texts("zh"), "en": english_texts},
    )


def _make_example_rows(rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    """Return rows for an example of a rule: values by field name, missing ones None, each with a square."""
    return [
        {
            "wkt": f"POLYGON (({x} 0, {x + _EXAMPLE_SIDE} 0, {x + _EXAMPLE_SIDE} 10, {x} 10, {x} 0))",
            **{name: value or None for name, value in row.items()},
        }
        for x, row in zip(range(0, len(rows) * _EXAMPLE_SIDE * 2, _EXAMPLE_SIDE * 2), rows, strict=True)
    ]


@dataclass(frozen=True)
class CheckFunction:
    """The function of a declared rule."""

    check: DeclaredCheck

    def __call__(self, layer: Any, *foreign_layers: Any, ctx: Any) -> RuleResult:
        """Return a finding for each row and condition that breaks the check.

        A layer without a field that the check reads is reported as not checked.
        """
        check, layers = self.check, [layer, *(one for one in foreign_layers if one is not None)]
        fields_by_role = {check.layer: check.list_fields()}
        for role, name, _ in check.iterate_foreign_fields():
            fields_by_role.setdefault(role, []).append(name)
        for one in layers:
            missing_fields = [name for name in fields_by_role[one.role] if one.get_column_by_name(name) is None]
            if missing_fields:
                params = {"layer": one.name, "role": one.role, "fields": ", ".join(missing_fields)}
                return RuleResult(not_checked=[("field_missing", params)])
        evaluation = CheckEvaluation(check, ctx.norm.standard.code_lists, ctx.plan.find_values_of_field)
        columns = {name: layer.get_texts_by_name(name) for name in fields_by_role[check.layer]}
        findings = []
        for position, condition in evaluation.find_broken_conditions(columns):
            value = columns[condition.field][position]
            if condition.template_field.personal:
                value = "…"
            elif len(value) > _MAX_VALUE_CHARACTERS:
                value = f"{value[:_MAX_VALUE_CHARACTERS]}…"
            findings.append(
                ctx.make_row_finding(
                    layer,
                    position,
                    field=condition.field,
                    case=condition.case,
                    params={"value": value},
                    geometry=layer.plane_shapes[position],
                )
            )
        return RuleResult(findings=findings)


@dataclass(frozen=True)
class CheckDescription:
    """Words a check in the user's language, from its conditions and its author's texts."""

    check: DeclaredCheck
    standard: Standard

    def make_texts(self, lang: str) -> dict[str, Any]:
        """Return the texts of the rule: title, problem, what, why, fix, limits, and messages by case."""
        texts, own = Texts(lang), self.check.texts[lang]
        phrases = [
            texts.get("check_words", "is", field=self._label_field(one, texts), phrase=self._describe(one, texts))
            for one in self.check.when
        ]
        when = texts.get("check_words", "between_conditions").join(phrases)
        clause, first_clause = (
            texts.get("check_words", key, conditions=when) if when else "" for key in ("when", "when_first")
        )
        requirements = [
            texts.get("check_words", "must_be", field=self._label_field(one, texts), phrase=self._describe(one, texts))
            for one in self.check.must
        ]
        limits = ["limits_empty"]
        if any(one.layer for one in self.check.must):
            limits.append("limits_foreign_key")
        if not self.check.is_local:
            limits.append("limits_unique")
        source = texts.get("check_words", "limits_source", source=self.check.source, mark=self.check.mark)
        messages = {
            condition.case: texts.get(
                "check_words",
                "message_filled" if condition.operator == "filled" else "message",
                problem=_escape_braces(own.problem.rstrip("。.")),
                when=_escape_braces(first_clause),
                phrase=_escape_braces(self._describe(condition, texts)),
                remedy=_escape_braces(own.remedy),
            )
            for condition in self.check.must
        }
        return {
            "title": own.name,
            "problem": own.problem,
            "what": texts.get(
                "check_words",
                "what",
                layer=self._label_layer(self.check.layer, texts),
                when=clause,
                must=texts.get("check_words", "between_conditions").join(requirements),
            ),
            "why": own.why,
            "fix": own.remedy,
            "limits": texts.join_sentences([*(texts.get("check_words", key) for key in limits), source]),
            "messages": messages,
        }

    def _describe(self, condition: Condition, texts: Texts) -> str:
        """Return the operator with its values as a phrase, such as “at least 5”."""
        values: Collection[str] = [(f"{one:.12g}" if isinstance(one, float) else str(one)) for one in condition.values]
        if condition.code_list and condition.values:
            entries = self.standard.code_lists[condition.code_list].entry_by_code
            values = [f"{code} {entries[code].name}" if code in entries else code for code in values]
        layers = [self._label_layer(role, texts) for role in (self.check.layer, *condition.layers)]
        separator = texts.get("words", "between_names")
        return texts.get(
            "check_operators",
            condition.operator,
            value=condition.other_field or separator.join(values),
            low=next(iter(values), ""),
            high=list(values)[-1] if values else "",
            list=texts.get_setting_name(f"codes.{condition.code_list}") if condition.code_list else "",
            layer=self._label_layer(condition.layer, texts) if condition.layer else "",
            key=condition.key_field,
            layers=separator.join(layers),
        )

    def _label_field(self, condition: Condition, texts: Texts) -> str:
        """Return a field by its name, in Chinese with its title."""
        return f"{condition.template_field.alias} {condition.field}" if texts.lang == "zh" else condition.field

    def _label_layer(self, role: str, texts: Texts) -> str:
        """Return a layer by its code, in Chinese with its name."""
        templates = self.standard.list_templates_of_role(role)
        return f"{templates[0].name} {role}" if templates and texts.lang == "zh" else role


def _escape_braces(text: str) -> str:
    """Return a text without placeholders, for a message with placeholders that are filled later."""
    return text.replace("{", "{{").replace("}", "}}")
