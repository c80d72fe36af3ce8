# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a declared check: its conditions, texts and examples; its place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ..base.errors import DataError
from ..base.files.toml_text import TomlPath, find_line
from ..model.rule import Severity
from .template import TemplateField

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

    def check_keys(self, table: dict[str, Any], required: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Raise DataError if a table of this place lacks a required key or has an unknown one."""
        required, optional = tuple(required), tuple(optional)
        for key in table:
            if key not in (*required, *optional):
                raise self.enter(key).make_error("key_unknown", key=key, known=", ".join((*required, *optional)))
        for key in required:
            if key not in table:
                raise self.make_error("key_missing", key=key, known=", ".join((*required, *optional)))

    def check_type(self, value: Any, kind: type, expected: str) -> Any:
        """Return a value of the type ``kind``; raise DataError for another one.

        ``expected``: key of the expected type under ``[check_types]``.
        """
        if not isinstance(value, kind):
            raise self.make_error("kind", key=str(self.keys[-1]), value=repr(value), check_type=expected)
        return value

    def read_text(self, value: Any) -> str:
        """Return a text that is not blank; raise DataError for another value."""
        text = str(self.check_type(value, str, "text")).strip()
        if not text:
            raise self.make_error("blank", key=str(self.keys[-1]))
        return text
