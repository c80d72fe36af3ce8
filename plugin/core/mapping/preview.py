# SPDX-License-Identifier: GPL-2.0-or-later
"""What a mapping would do, field by field: values before and after, rows left empty, codes that a person must decide.

Works on the different values of a column, so that a change of one field is shown at once also for a large layer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ..engine.context import trim_padding
from ..files.cells import cell_text
from ..plan.layer import SourceLayer
from ..standard import Standard
from ..standard.template import Field, Template
from .apply_mapping import ValueConverter
from .model import Mapping, Translation, template_field
from .proposals import translation_column

#: Examples shown of a field.
SHOWN = 3


@dataclass(frozen=True)
class ValueSample:
    """One value: ``after`` empty and ``reason`` set when its cell stays empty; ``params`` fill the reason's text."""

    before: str
    after: str
    rows: int
    reason: str = ""
    params: dict[str, Any] | None = None


@dataclass(frozen=True)
class FieldPreview:
    """Of one target field: rows that get a value, rows whose value is lost, rows carried with a remark, examples."""

    filled: int
    lost: int
    remarked: int
    samples: tuple[ValueSample, ...]


@dataclass(frozen=True)
class UndecidedCode:
    """A source code without one answer: what it may become (codes of the target's list), and what was chosen."""

    code: str
    name: str
    rows: int
    candidates: tuple[str, ...]
    chosen: str = ""


class SourceColumns:
    """The different values of each column of a layer with their numbers, counted when first asked for."""

    def __init__(self, layer: SourceLayer):
        self.layer = layer
        self._counted: dict[str, list[tuple[Any, str, int]]] = {}

    @property
    def rows(self) -> int:
        return len(self.layer.frame)

    def of(self, name: str) -> list[tuple[Any, str, int]]:
        """(value, as text, rows), the commonest first; missing values are left out."""
        if name not in self._counted:
            first: dict[str, Any] = {}
            counts: Counter[str] = Counter()
            for value in self.layer.frame[name].tolist():
                text = cell_text(value)
                if text:
                    first.setdefault(text, value)
                    counts[text] += 1
            self._counted[name] = [(first[text], text, count) for text, count in counts.most_common()]
        return self._counted[name]


def preview_field(
    columns: SourceColumns, mapping: Mapping, target: Field, template: Template, standard: Standard
) -> FieldPreview:
    """What arrives in one field. A source field that the layer lacks counts as not mapped."""
    if target.name in mapping.constants:
        return _constant(columns, mapping.constants[target.name], target, standard)
    source = mapping.fields.get(target.name, "")
    if source and source in columns.layer.frame.columns:
        return _carried(columns.of(source), ValueConverter(target, standard, mapping.codes.get(target.name)))
    return _name_of_code(columns, mapping, target, template, standard)


def _constant(columns: SourceColumns, value: Any, target: Field, standard: Standard) -> FieldPreview:
    after, reason, params = ValueConverter(target, standard, None)(value)
    filled = columns.rows if after is not None else 0
    sample = ValueSample("", cell_text(after), columns.rows, reason, params)
    return FieldPreview(filled, 0 if filled else columns.rows, columns.rows if filled and reason else 0, (sample,))


def _carried(values: list[tuple[Any, str, int]], carrier: ValueConverter) -> FieldPreview:
    filled = lost = remarked = 0
    # The commonest that arrive as they are, that change, and that are lost: a key has as many values as rows.
    kept: list[ValueSample] = []
    altered: list[ValueSample] = []
    refused: list[ValueSample] = []
    for value, text, rows in values:
        after, reason, params = carrier(value)
        filled += rows if after is not None else 0
        lost += rows if after is None else 0
        remarked += rows if after is not None and reason else 0
        group = refused if reason else kept if cell_text(after) == text else altered
        if len(group) < SHOWN:
            group.append(ValueSample(text, cell_text(after), rows, reason, params))
    return FieldPreview(filled, lost, remarked, _telling(kept, altered, refused))


def _telling(
    kept: list[ValueSample], altered: list[ValueSample], refused: list[ValueSample]
) -> tuple[ValueSample, ...]:
    """The commonest value that arrives, then the commonest that changes and that is lost, then more."""
    arrived = sorted((*kept, *altered), key=lambda s: -s.rows)
    chosen: list[ValueSample] = []
    for sample in (*arrived[:1], *altered[:1], *refused[:1], *arrived, *refused):
        if sample not in chosen:
            chosen.append(sample)
    return tuple(chosen[:SHOWN])


def _name_of_code(
    columns: SourceColumns, mapping: Mapping, target: Field, template: Template, standard: Standard
) -> FieldPreview:
    """A name that nothing else fills comes from its code's list."""
    for coded in template.fields:
        if coded.code_name == target.name and coded.codes and coded.name in (*mapping.fields, *mapping.constants):
            codes = standard.code_lists[coded.codes].codes
            inner = preview_field(columns, mapping, coded, template, standard)
            named = [replace(s, after=_name(codes, s.after, coded)) for s in inner.samples if s.after]
            return FieldPreview(inner.filled, 0, 0, tuple(replace(s, reason="", params=None) for s in named))
    return FieldPreview(0, 0, 0, ())


def _name(codes: Any, code: str, field: Field) -> str:
    found = codes.get(trim_padding(code, field.code_pad))
    return found.name if found else ""


def find_undecided_codes(
    columns: SourceColumns, mapping: Mapping, target: Field, template: Template, standard: Standard
) -> list[UndecidedCode]:
    """The codes of a translated field that have several answers, none, or that the source's list does not know."""
    translation, source = mapping.codes.get(target.name), mapping.fields.get(target.name, "")
    if translation is None or source not in columns.layer.frame.columns:
        return []
    bare = ValueConverter(target, standard, replace(translation, choices={}))
    rows = standard.code_lists[translation.list].codes if translation.list else {}
    found = []
    for value, text, count in columns.of(source):
        _, reason, params = bare(value)
        if not reason.startswith("code_"):
            continue
        code = trim_padding(text, target.code_pad or 6)
        name = rows[code].name if code in rows else rows[text].name if text in rows else ""
        chosen = translation.choices.get(text) or translation.choices.get(code, "")
        found.append(UndecidedCode(text, name, count, tuple(str(params.get("codes", "")).split()), chosen))
    return found


def find_translations(target: Field, standard: Standard) -> list[Translation]:
    """The ways into a target's code list that the data know: lists with a column that holds its codes."""
    if not target.codes:
        return []
    own = standard.code_lists[target.codes]
    ways = {name: translation_column(codes, own) for name, codes in standard.code_lists.items() if name != target.codes}
    return [Translation(name, column) for name, column in ways.items() if column]


def change_mapping(
    mapping: Mapping, template: Template, target: str, *, source: str = "", constant: Any = None, way: Any = None
) -> Mapping:
    """The mapping with one field otherwise: from a source, with a constant, or with neither. Nothing else moves."""
    template_field(template, target)
    fields = {k: v for k, v in mapping.fields.items() if k != target}
    constants = {k: v for k, v in mapping.constants.items() if k != target}
    codes = {k: v for k, v in mapping.codes.items() if k != target}
    if constant is not None:
        constants[target] = constant
    elif source:
        fields[target] = source
        if way is not None:
            codes[target] = way
    return replace(mapping, fields=fields, constants=constants, codes=codes)
