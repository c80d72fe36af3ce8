# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a declared check: its conditions, texts and examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from ...model.rule import Severity
from ..template import TemplateField

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
