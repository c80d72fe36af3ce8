# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the checks that a standard or a profile declares (``[[check]]``).

Every error names file, line and check, and what is allowed. The examples of a check are judged when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base.files.data import SOURCE_MARKS, ErrorCollector
from ...model.rule import Severity
from ..declared_check import CHECK_SECTION, CheckExamples, CheckPlace, CheckTexts, Condition, DeclaredCheck, Row
from .conditions import StandardNames, read_condition
from .evaluation import CheckEvaluation

if TYPE_CHECKING:
    from ..edition import Standard

_REQUIRED_KEYS = ("code", "layer", "must", "mark", "source", "zh", "en", "found", "passed")
_OPTIONAL_KEYS = ("when", "severity", "others")
_TEXT_KEYS = ("name", "problem", "why", "remedy")
_LANGUAGES = ("zh", "en")
#: An id of a standard or profile that can be part of a code: letters, digits, Chinese, ``_`` and ``-``.
_ID_PATTERN = re.compile(r"[\w-]+")


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
    if "code" not in table:
        raise place.make_error("code_missing", form=form)
    code = table["code"]
    if not _ID_PATTERN.fullmatch(owner_id):
        raise place.enter("code").make_error("id_form", value=owner_id)
    if not isinstance(code, str) or not re.fullmatch(rf"X{re.escape(owner_id)}-[0-9]{{3}}", code):
        raise place.enter("code").make_error("code_form", value=str(code), form=form)
    return code


def _read_check(table: dict[str, Any], code: str, standard: Standard, place: CheckPlace) -> DeclaredCheck:
    """Return one check; raise DataError for its first error."""
    place.check_keys(table, _REQUIRED_KEYS, _OPTIONAL_KEYS)
    names = StandardNames(standard)
    layer = table["layer"]
    names.find_templates(layer, place.enter("layer"))
    mark = _choose(table["mark"], SOURCE_MARKS, place.enter("mark"))
    check = DeclaredCheck(
        code=code,
        layer=layer,
        when=_read_conditions(table, "when", layer, names, place),
        must=_read_conditions(table, "must", layer, names, place),
        severity=_read_severity(table, mark, place),
        mark=mark,
        source=place.enter("source").read_text(table["source"]),
        texts={lang: _read_texts(table[lang], place.enter(lang)) for lang in _LANGUAGES},
        examples=_read_examples(table, layer, names, place),
    )
    _judge_examples(check, standard, place)
    return check


def _choose(value: Any, known: Iterable[str], place: CheckPlace) -> str:
    """Return a value that is one of the known ones, else raise DataError."""
    if value not in tuple(known):
        raise place.make_error("choice", key=str(place.keys[-1]), value=str(value), known=", ".join(known))
    return str(value)


def _read_severity(table: dict[str, Any], mark: str, place: CheckPlace) -> Severity:
    """Return the severity, by default WARNING; raise DataError for ERROR without a source marked A or B."""
    severity = Severity(_choose(table.get("severity", Severity.WARNING), Severity, place.enter("severity")))
    if severity is Severity.ERROR and mark == "C":
        raise place.enter("severity").make_error("severity_without_source")
    return severity


def _read_conditions(
    table: dict[str, Any], key: str, layer: str, names: StandardNames, place: CheckPlace
) -> tuple[Condition, ...]:
    """Return the conditions of ``when`` or ``must``; raise DataError for an empty ``must`` and for doubled ones."""
    is_must = key == "must"
    rows = place.enter(key).check_type(table.get(key, []), list, "tables")
    conditions = [
        read_condition(row, layer, names, place.enter(key, number), is_must=is_must) for number, row in enumerate(rows)
    ]
    if is_must and not conditions:
        raise place.enter(key).make_error("blank", key=key)
    cases = [condition.case for condition in conditions]
    for number, case in enumerate(cases):
        # A finding names field and operator; two of them would have the same name.
        if is_must and case in cases[:number]:
            raise place.enter(key, number).make_error("condition_doubled", value=case)
    return tuple(conditions)


def _read_texts(table: Any, place: CheckPlace) -> CheckTexts:
    """Return the texts in one language."""
    place.check_type(table, dict, "table")
    place.check_keys(table, _TEXT_KEYS)
    return CheckTexts(*(place.enter(key).read_text(table[key]) for key in _TEXT_KEYS))


# --- examples
def _read_examples(table: dict[str, Any], layer: str, names: StandardNames, place: CheckPlace) -> CheckExamples:
    """Return the rows of ``found``, ``passed`` and ``others``; raise DataError for an unknown layer or field."""
    others = place.enter("others").check_type(table.get("others", {}), dict, "table")
    return CheckExamples(
        _read_rows(table["found"], layer, names, place.enter("found")),
        _read_rows(table["passed"], layer, names, place.enter("passed")),
        {role: _read_rows(rows, role, names, place.enter("others", role)) for role, rows in others.items()},
    )


def _read_rows(rows: Any, layer: str, names: StandardNames, place: CheckPlace) -> tuple[Row, ...]:
    """Return example rows as texts by field name; raise DataError unless there is one."""
    for row in place.check_type(rows, list, "tables"):
        for name in place.check_type(row, dict, "table"):
            names.find_field(layer, name, place)
    if not rows:
        raise place.make_error("blank", key=str(place.keys[-1]))
    return tuple({name: _format_value(value) for name, value in row.items()} for row in rows)


def _format_value(value: Any) -> str:
    """Return an example's value as a layer's column gives it: 5.0 becomes 5."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


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
        if position not in broken:
            raise place.enter("found").make_error("example_missed", number=position + 1)
    for position, condition in sorted(broken.items()):
        if position >= len(examples.found):
            if condition.layer and condition.layer not in examples.other_layers:
                raise place.make_error("others_missing", layer=condition.layer, key_field=condition.key_field)
            number = position - len(examples.found) + 1
            raise place.enter("passed").make_error("example_found", number=number, condition=condition.case)
