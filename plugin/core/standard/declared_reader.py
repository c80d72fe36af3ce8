# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the checks that a standard or a profile declares (``[[check]]``).

The names in conditions are compared with the standard: layers, fields, code lists. Every error names file, line and
check, and what is allowed. The examples of a check are judged when it is read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from ..base.files.cells import parse_date
from ..base.files.data import SOURCE_MARKS, ErrorCollector
from ..model.rule import Severity
from .declared_operators import (
    CHECK_SECTION,
    KEYS_BY_KIND,
    OPERATORS,
    CheckEvaluation,
    CheckExamples,
    CheckPlace,
    CheckTexts,
    CodeResolver,
    Condition,
    DeclaredCheck,
    Row,
    ValueKind,
)
from .edition import Standard
from .template import Template, TemplateField

_NUMBER_TYPES = ("integer", "real")
#: Names similar to an unknown one that an error lists first.
_SIMILAR_NAMES = 3
_REQUIRED_KEYS = ("code", "layer", "must", "mark", "source", "zh", "en", "found", "passed")
_OPTIONAL_KEYS = ("when", "severity", "others")
_TEXT_KEYS = ("name", "problem", "why", "remedy")
_LANGUAGES = ("zh", "en")
#: An id of a standard or profile that can be part of a code: letters, digits, Chinese, ``_`` and ``-``.
_ID_PATTERN = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class StandardNames:
    """The layers, fields and code lists of a standard that checks may name."""

    standard: Standard

    def find_templates(self, layer: Any, place: CheckPlace) -> list[Template]:
        """Return the templates of a layer code in all editions; raise DataError for an unknown one."""
        templates = self.standard.list_templates_of_role(layer) if isinstance(layer, str) else []
        if not templates:
            known = _put_similar_first(str(layer), self.standard.templates)
            raise place.make_error("layer_unknown", value=str(layer), known=", ".join(known))
        return templates

    def find_field(self, layer: str, name: Any, place: CheckPlace) -> TemplateField:
        """Return a field of a layer, from the first edition that has it; raise DataError if none has."""
        fields = [one for template in self.find_templates(layer, place) for one in template.fields]
        found = next((one for one in fields if one.name == name), None)
        if found is None:
            known = _put_similar_first(str(name), dict.fromkeys(one.name for one in fields))
            raise place.make_error("field_unknown", layer=layer, value=str(name), known=", ".join(known))
        return found

    def find_code_list(self, layer: str, template_field: TemplateField, name: Any, place: CheckPlace) -> str:
        """Return the id of the code list that a condition uses.

        It is the named one, else that of the field, also if the field has the names of the codes. Raise DataError for
        an unknown list, and for a field without one.
        """
        lists = self.standard.code_lists
        if name is not None:
            place.enter("list").require(name in lists, "list_unknown", value=str(name), known=", ".join(lists))
            return str(name)
        fields = [one for template in self.find_templates(layer, place) for one in template.fields]
        field_lists = [one.codes for one in fields if one.codes and template_field.name in (one.name, one.code_name)]
        place.require(bool(field_lists), "list_missing", field=template_field.name, known=", ".join(lists))
        return field_lists[0]

    def find_codes(self, code_list: str, texts: Iterable[str], place: CheckPlace) -> tuple[str, ...]:
        """Return codes for codes or names; raise DataError for an unknown text and for the name of several codes."""
        entries = self.standard.code_lists[code_list].entry_by_code
        resolver = CodeResolver(self.standard.code_lists[code_list])
        codes: list[str] = []
        for text in texts:
            found_codes = sorted(resolver.find_codes(text))
            problem, known = ("code_ambiguous", found_codes) if found_codes else ("code_unknown", list(entries))
            place.require(len(found_codes) == 1, problem, value=text, list=code_list, known=", ".join(known))
            codes += found_codes
        return tuple(codes)


def _put_similar_first(value: str, known: Iterable[str]) -> list[str]:
    """Return the known names, those most similar to ``value`` first."""
    similar = difflib.get_close_matches(value.upper(), known, n=_SIMILAR_NAMES)
    return [*similar, *(name for name in known if name not in similar)]


def read_condition(table: Any, layer: str, names: StandardNames, place: CheckPlace, *, is_must: bool) -> Condition:
    """Return the condition in a table of ``when`` or ``must``; raise DataError with line and what is allowed."""
    place.check_type(table, dict, "table")
    for key in ("field", "operator"):
        place.require(key in table, "key_missing", key=key, known="field, operator, …")
    name = table["operator"]
    operator_place = place.enter("operator")
    operator_place.require(name in OPERATORS, "operator_unknown", value=str(name), known=", ".join(OPERATORS))
    operator = OPERATORS[name]
    operator_place.require(is_must or not operator.is_for_must_only, "operator_only_in_must", value=name)
    template_field = names.find_field(layer, table["field"], place.enter("field"))
    required, optional = KEYS_BY_KIND[operator.kind]
    if "other" in optional and "other" in table:
        required, optional = ("other",), ()
    place.check_keys(table, ("field", "operator", *required), optional)
    return _OperandReader(table, layer, template_field, names, place).read(name, operator.kind)


@dataclass
class _OperandReader:
    """Reads what follows the operator of a condition."""

    table: dict[str, Any]
    layer: str
    field: TemplateField
    names: StandardNames
    place: CheckPlace

    def read(self, operator: str, kind: ValueKind) -> Condition:
        """Return the condition with what its operator takes."""
        if "other" in self.table:
            other = self.names.find_field(self.layer, self.table["other"], self.place.enter("other"))
            return Condition(self.field, operator, other_field=other.name)
        if kind in (ValueKind.CODES, ValueKind.CODE_LIST):
            code_list = self.names.find_code_list(self.layer, self.field, self.table.get("list"), self.place)
            texts = self._read_texts() if kind is ValueKind.CODES else ()
            codes = self.names.find_codes(code_list, texts, self.place.enter("value"))
            return Condition(self.field, operator, codes, code_list=code_list)
        if kind is ValueKind.FOREIGN_KEY:
            layer, key_name = self.table["layer"], self.table.get("key", self.field.name)
            self.names.find_templates(layer, self.place.enter("layer"))
            key_field = self.names.find_field(layer, key_name, self.place.enter("key"))
            return Condition(self.field, operator, layer=layer, key_field=key_field.name)
        if kind is ValueKind.LAYERS:
            place = self.place.enter("layers")
            layers = place.check_type(self.table.get("layers", []), list, "list")
            for layer in layers:
                self.names.find_field(layer, self.field.name, place)
                place.require(layer != self.layer, "layer_itself", value=layer)
            return Condition(self.field, operator, layers=tuple(layers))
        return Condition(self.field, operator, self._read_values(kind))

    def _read_values(self, kind: ValueKind) -> tuple[Any, ...]:
        """Return the values of an operator that compares with values."""
        if kind is ValueKind.NOTHING:
            return ()
        if kind is ValueKind.BEGINNINGS:
            return self._read_texts()
        value, place = self.table["value"], self.place.enter("value")
        if kind is ValueKind.PATTERN:
            pattern = place.read_text(value)
            try:
                re.compile(pattern)
            except re.error as error:
                raise place.make_error("pattern", value=pattern, reason=str(error)) from error
            return (pattern,)
        if kind is ValueKind.ONE:
            return (self._convert_value(value),)
        if kind is ValueKind.LIMIT:
            return (self._convert_limit(value),)
        values = place.check_type(value, list, "list")
        if kind is ValueKind.SEVERAL:
            place.require(bool(values), "blank", key="value")
            return tuple(self._convert_value(one) for one in values)
        limits: tuple[Any, ...] = tuple(self._convert_limit(one) for one in values)
        are_two = len(limits) == 2 and isinstance(limits[0], date) == isinstance(limits[1], date)
        place.require(are_two, "kind", key="value", value=repr(value), check_type="two_limits")
        place.require(limits[0] <= limits[1], "range_order", value=f"{limits[0]}, {limits[1]}")
        return limits

    def _read_texts(self) -> tuple[str, ...]:
        """Return a text or a list of texts as texts; raise DataError for other values and for an empty list."""
        value, place = self.table["value"], self.place.enter("value")
        texts = tuple(place.read_text(one) for one in (value if isinstance(value, list) else [value]))
        place.require(bool(texts), "blank", key="value")
        return texts

    def _convert_value(self, value: Any) -> str | float | date:
        """Return a value that a field's values may equal: a number, a date or a text, by the type of the field."""
        if self.field.type in (*_NUMBER_TYPES, "date"):
            return self._convert_limit(value)
        place = self.place.enter("value")
        params = {"field": self.field.name, "value": str(value), "quoted": f'"{value}"'}
        place.require(isinstance(value, str), "value_text", **params)
        text = str(value).strip()
        if self.field.codes:
            code_list = self.names.standard.code_lists[self.field.codes]
            codes = () if text in code_list.entry_by_code else sorted(CodeResolver(code_list).find_codes(text))
            # A field of codes never has the name of one.
            known = ", ".join(f'"{code}"' for code in codes)
            place.require(not codes, "code_name", field=self.field.name, value=text, known=known)
        return text

    def _convert_limit(self, value: Any) -> float | date:
        """Return a number or a date; a field of dates takes dates only, also as text."""
        place = self.place.enter("value")
        limit: Any = parse_date(value) if isinstance(value, str) and self.field.type == "date" else value
        if isinstance(limit, date) and self.field.type not in _NUMBER_TYPES:
            # A TOML time stamp is a date too.
            return date(limit.year, limit.month, limit.day)
        is_number = self.field.type != "date" and not isinstance(limit, bool) and isinstance(limit, int | float)
        problem = "value_date" if self.field.type == "date" else "value_number"
        place.require(is_number, problem, field=self.field.name, value=str(value))
        return float(limit)


def read_declared_checks(
    rows: Any,
    owner_id: str,
    standard: Standard,
    path: Path,
    errors: ErrorCollector,
    known_codes: Collection[str] = (),
) -> tuple[DeclaredCheck, ...]:
    """Return the checks under ``[[check]]`` of a file.

    Parameters
    ----------
    rows
        The parsed value of ``check``.
    owner_id
        Id of the standard or profile; the codes of its checks contain it.
    standard
        Has the layers, fields and code lists that the checks may name.
    path
        The file; errors name the line in it.
    errors
        Collects the errors, at most one of each check.
    known_codes
        Codes of checks that the file inherits.
    """
    checks: dict[str, DeclaredCheck] = {}
    place_by_code: dict[str, CheckPlace] = {}
    whole = CheckPlace(path, (CHECK_SECTION,), "—")
    with errors.collect_data_error():
        whole.check_type(rows, list, "tables")
        for number, table in enumerate(rows):
            with errors.collect_data_error():
                place = replace(whole, label=str(number + 1)).enter(number)
                code = _read_code(place.check_type(table, dict, "table"), owner_id, place)
                place = replace(place, label=code)
                if code in place_by_code or code in known_codes:
                    first = place_by_code[code].find_line() if code in place_by_code else "—"
                    raise place.enter("code").make_error("code_doubled", first=first)
                place_by_code[code] = place.enter("code")
                checks[code] = _read_check(table, code, standard, place)
    return tuple(checks.values())


def _read_code(table: dict[str, Any], owner_id: str, place: CheckPlace) -> str:
    """Return the code of a check: X, the id of the file, a hyphen and three digits."""
    form = f"X{owner_id}-001"
    place.require("code" in table, "code_missing", form=form)
    code, code_place = str(table["code"]), place.enter("code")
    code_place.require(_ID_PATTERN.fullmatch(owner_id) is not None, "id_form", value=owner_id)
    has_form = re.fullmatch(rf"X{re.escape(owner_id)}-[0-9]{{3}}", code) is not None
    code_place.require(has_form, "code_form", value=code, form=form)
    return code


def _read_check(table: dict[str, Any], code: str, standard: Standard, place: CheckPlace) -> DeclaredCheck:
    """Return one check; raise DataError for its first error."""
    place.check_keys(table, _REQUIRED_KEYS, _OPTIONAL_KEYS)
    names = StandardNames(standard)
    layer = table["layer"]
    names.find_templates(layer, place.enter("layer"))
    mark = _choose(table["mark"], SOURCE_MARKS, place.enter("mark"))
    severity = Severity(_choose(table.get("severity", Severity.WARNING), Severity, place.enter("severity")))
    place.enter("severity").require(severity is not Severity.ERROR or mark != "C", "severity_without_source")
    others = place.enter("others").check_type(table.get("others", {}), dict, "table")
    check = DeclaredCheck(
        code=code,
        layer=layer,
        when=_read_conditions(table, "when", layer, names, place),
        must=_read_conditions(table, "must", layer, names, place),
        severity=severity,
        mark=mark,
        source=place.enter("source").read_text(table["source"]),
        texts={lang: _read_texts(table[lang], place.enter(lang)) for lang in _LANGUAGES},
        examples=CheckExamples(
            _read_rows(table["found"], layer, names, place.enter("found")),
            _read_rows(table["passed"], layer, names, place.enter("passed")),
            {role: _read_rows(rows, role, names, place.enter("others", role)) for role, rows in others.items()},
        ),
    )
    _judge_examples(check, standard, place)
    return check


def _choose(value: Any, known: Iterable[str], place: CheckPlace) -> str:
    """Return a value that is one of the known ones, else raise DataError."""
    place.require(value in tuple(known), "choice", key=str(place.keys[-1]), value=str(value), known=", ".join(known))
    return str(value)


def _read_conditions(
    table: dict[str, Any], key: str, layer: str, names: StandardNames, place: CheckPlace
) -> tuple[Condition, ...]:
    """Return the conditions of ``when`` or ``must``; raise DataError for an empty ``must`` and for doubled ones."""
    is_must = key == "must"
    rows = place.enter(key).check_type(table.get(key, []), list, "tables")
    conditions = [
        read_condition(row, layer, names, place.enter(key, number), is_must=is_must) for number, row in enumerate(rows)
    ]
    place.enter(key).require(bool(conditions) or not is_must, "blank", key=key)
    cases = [condition.case for condition in conditions] if is_must else []
    for number, case in enumerate(cases):
        # A finding names field and operator; two of them would have the same name.
        place.enter(key, number).require(case not in cases[:number], "condition_doubled", value=case)
    return tuple(conditions)


def _read_texts(table: Any, place: CheckPlace) -> CheckTexts:
    """Return the texts in one language."""
    place.check_type(table, dict, "table")
    place.check_keys(table, _TEXT_KEYS)
    return CheckTexts(*(place.enter(key).read_text(table[key]) for key in _TEXT_KEYS))


# --- examples
def _read_rows(rows: Any, layer: str, names: StandardNames, place: CheckPlace) -> tuple[Row, ...]:
    """Return example rows as texts by field name; raise DataError unless there is one."""
    for row in place.check_type(rows, list, "tables"):
        for name in place.check_type(row, dict, "table"):
            names.find_field(layer, name, place)
    place.require(bool(rows), "blank", key=str(place.keys[-1]))
    return tuple(
        {
            name: (str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip())
            for name, value in row.items()
        }
        for row in rows
    )


def _judge_examples(check: DeclaredCheck, standard: Standard, place: CheckPlace) -> None:
    """Raise DataError if the check misses a row of ``found`` or finds one of ``passed``."""
    examples = check.examples
    rows = (*examples.found, *examples.passed)
    columns = {name: [row.get(name, "") for row in rows] for name in check.list_fields()}
    evaluation = CheckEvaluation(
        check,
        standard.code_lists if any(one.code_list for one in (*check.when, *check.must)) else {},
        lambda layer, field: {row.get(field, "") for row in examples.other_layers.get(layer, ())} - {""},
    )
    broken = dict(evaluation.find_broken_conditions(columns))
    for position in range(len(examples.found)):
        place.enter("found").require(position in broken, "example_missed", number=position + 1)
    for position, condition in sorted(broken.items()):
        if position >= len(examples.found):
            has_layer = not condition.layer or condition.layer in examples.other_layers
            place.require(has_layer, "others_missing", layer=condition.layer, key_field=condition.key_field)
            number = position - len(examples.found) + 1
            raise place.enter("passed").make_error("example_found", number=number, condition=condition.case)
